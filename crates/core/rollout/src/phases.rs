//! What each phase asks for.

use crate::engine::{Engine, Next, Step};
use crate::outcome::{Left, Outcome};
use crate::strategy::{Missing, OnFail, Reaction};
use crate::target::{Call, Change, Mark, Member, Observed, Phase, Presence, Record};
use crate::verdict::{CheckOutcome, Standing, Tally, Verdict, standing};
use crate::words::{MemberId, Time};

/// The members of a rollout, with their marks.
fn cohort<'a>(
    view: &'a Observed,
    record: &'a Record,
) -> impl Iterator<Item = (&'a MemberId, &'a Member, &'a Mark)> {
    let of = |(id, member): (&'a MemberId, &'a Member)| member.mark.as_ref().map(|mark| (id, member, mark));
    view.members.iter().filter_map(of).filter(|(_, _, mark)| mark.rollout == record.rollout)
}

/// Whether a member is assigned what it is not to keep when the rollout goes back, by this rollout or one that was given up.
fn is_to_go_back(member: &Member, mark: &Mark, record: &Record) -> bool {
    let is_ours = member.assigned.as_ref() == Some(&record.release) || member.assigned == mark.found;
    is_ours && member.assigned != mark.previous
}

/// Whether a member may have had the release, by this rollout or that of one that was given up.
fn is_touched(mark: &Mark, record: &Record) -> bool {
    mark.wave <= record.wave || mark.found != mark.previous
}

/// Whether a bake may end, as far as the checks are concerned.
enum Gate {
    Open,
    Wait,
    Stop(Reaction, String),
}

impl Engine {
    /// What the phase asks for that the rollout is in.
    pub(crate) fn act(&mut self, record: &Record, view: &Observed, now: Time) -> Next {
        match record.phase {
            Phase::Preparing => self.prepare(record, view),
            Phase::Applying | Phase::Baking => self.wave(record, view, now),
            Phase::Finalizing => self.finalize(record, view, now),
            Phase::Cleaning => Ok(self.clean(record, view)),
            Phase::RollingBack => Ok(self.roll_back(record, view, now)),
            _ => {
                if let Some(look) = self.look_first() {
                    return Ok(look);
                }
                let outcome = self.outcome(record, view).unwrap_or(Outcome::Aborted);
                Ok(self.finish(outcome, now))
            }
        }
    }

    fn call(&self, call: Call) -> Step {
        Step::Call { token: self.token(), call }
    }

    fn prepare(&mut self, record: &Record, view: &Observed) -> Next {
        let batch = self.request.batches.mark.max(1);
        if self.plan.is_none()
            && let Some(look) = self.look_first()
        {
            return Ok(look);
        }
        let plan = self.planned(view)?.clone();
        let missing = plan.marks.iter().filter(|(id, mark)| {
            view.members.get(*id).is_some_and(|member| member.mark.as_ref() != Some(*mark))
        });
        let marks: Vec<_> = missing.take(batch).map(|(id, mark)| (id.clone(), mark.clone())).collect();
        if !marks.is_empty() {
            return Ok(self.call(Call::Mark(marks)));
        }
        // Of a process that was lost while it marked, and planned with members that are not to be had any more.
        let stale = cohort(view, record).filter(|(id, _, _)| !plan.marks.contains_key(*id));
        let stale: Vec<_> = stale.take(batch).map(|(id, _, _)| id.clone()).collect();
        if !stale.is_empty() {
            return Ok(self.call(Call::Unmark(stale)));
        }
        if let Some(look) = self.look_first() {
            return Ok(look);
        }
        let first = plan.waves.first().map_or(1, |wave| wave.number);
        let mut record = record.at(Phase::Applying, self.token());
        (record.wave, record.since, record.members) = (first, view.at, plan.marks.len());
        Ok(self.write(record))
    }

    /// The next wave, or the end of them.
    pub(crate) fn advance(&self, record: &Record, view: &Observed) -> Step {
        let next =
            cohort(view, record).map(|(_, _, mark)| mark.wave).filter(|wave| *wave > record.wave).min();
        let phase = if next.is_some() { Phase::Applying } else { Phase::Finalizing };
        let mut record = record.at(phase, self.token());
        (record.wave, record.since, record.baking, record.why) =
            (next.unwrap_or(record.wave), view.at, None, None);
        self.write(record)
    }

    /// What to think of each member of the waves so far.
    pub(crate) fn standings(&self, record: &Record, view: &Observed) -> Vec<(MemberId, u32, Standing)> {
        let of = |(id, member, mark): (&MemberId, &Member, &Mark)| {
            let strategy = &self.request.strategy;
            let is_given_up = self.is_assigned_as_can_be && mark.wave == record.wave;
            (id.clone(), mark.wave, standing(member, mark, record, strategy, view.at, is_given_up))
        };
        cohort(view, record).filter(|(_, _, mark)| mark.wave <= record.wave).map(of).collect()
    }

    fn wave(&mut self, record: &Record, view: &Observed, now: Time) -> Next {
        if record.phase == Phase::Applying && !self.is_assigned_as_can_be {
            let change = |(id, member, _): (&MemberId, &Member, &Mark)| Change {
                member: id.clone(),
                from: member.assigned.clone(),
                to: Some(record.release.clone()),
            };
            let outstanding = cohort(view, record).filter(|(_, member, mark)| {
                mark.wave == record.wave
                    && member.assigned == mark.found
                    && member.assigned.as_ref() != Some(&record.release)
            });
            let changes: Vec<_> = outstanding.take(self.request.batches.assign.max(1)).map(change).collect();
            if !changes.is_empty() {
                return Ok(self.superseded(record, view).unwrap_or_else(|| self.call(Call::Assign(changes))));
            }
        }
        if let Some(look) = self.look_first() {
            return Ok(look);
        }
        if let Some((reaction, why)) = self.alarm() {
            return self.fail(reaction, &why, record, view, now);
        }
        let strategy = self.request.strategy.clone();
        let (mut this, mut all) = (Tally::default(), Tally::default());
        let standings = self.standings(record, view);
        for (_, wave, standing) in &standings {
            all.add(*standing);
            if *wave == record.wave {
                this.add(*standing);
            }
        }
        for (tally, which) in [(this, "of the wave"), (all, "of all so far")] {
            if tally.verdict(strategy.max_failed, strategy.min_samples) == Verdict::Fail {
                let why = format!(
                    "wave {}: {} of {} {which} failed, and {} may: {}",
                    record.wave,
                    tally.failed,
                    tally.counted(),
                    strategy.max_failed,
                    reasons(&standings)
                );
                return self.fail(strategy.on_failure, &why, record, view, now);
            }
        }
        if let Some(due) = self.checks.iter().find(|heard| now >= heard.due) {
            return Ok(self.call(Call::Check(due.check.name.clone())));
        }
        let verdict = this.verdict(strategy.max_failed, strategy.min_samples);
        let no_data = verdict == Verdict::NoData;
        let (end, waits_for) = match record.baking {
            Some(baking) => (baking.plus(strategy.bake(record.wave)), "the bake"),
            None => (view.at, "its members"),
        };
        if verdict == Verdict::Open || view.at < end {
            let why = format!(
                "wave {}: {waits_for}; {} passed, {} failed, {} to come",
                record.wave, this.passed, this.failed, this.waiting
            );
            let until = if verdict == Verdict::Open { Time::from_millis(u64::MAX) } else { end };
            return Ok(self.pause_until(until, why, now));
        }
        if no_data {
            let why = format!(
                "wave {}: {} say something, and {} are needed",
                record.wave,
                this.counted(),
                strategy.min_samples
            );
            let patience = record.since.plus(strategy.member_timeout).plus(strategy.patience);
            match strategy.on_no_data {
                Missing::Pass => {}
                Missing::Fail => return self.fail(strategy.on_failure, &why, record, view, now),
                Missing::Wait if view.at < patience => return Ok(self.pause_until(patience, why, now)),
                Missing::Pause | Missing::Wait => return self.fail(Reaction::Pause, &why, record, view, now),
            }
        }
        let Some(baking) = record.baking else {
            let mut record = record.at(Phase::Baking, self.token());
            record.baking = Some(view.at);
            return Ok(self.write(record));
        };
        match self.gate(baking, end, now) {
            Gate::Open => {
                self.is_assigned_as_can_be = false;
                Ok(self.advance(record, view))
            }
            Gate::Wait => {
                let why = format!("wave {}: the checks", record.wave);
                Ok(self.pause_until(Time::from_millis(u64::MAX), why, now))
            }
            Gate::Stop(reaction, why) => self.fail(reaction, &why, record, view, now),
        }
    }

    /// Waits until then, or until something is due before.
    fn pause_until(&self, until: Time, why: String, now: Time) -> Step {
        let lease = self.request.strategy.lease / 2;
        let due = self.checks.iter().map(|heard| heard.due);
        let soonest = due.chain([now.plus(self.look_every), now.plus(lease)]).min().unwrap_or(until);
        Step::Wait { until: until.min(soonest), why }
    }

    fn superseded(&self, record: &Record, view: &Observed) -> Option<Step> {
        let newer = view.newer.as_ref()?;
        Some(self.write(record.at(Phase::Superseded, self.token()).because(newer.as_str())))
    }

    fn fail(&mut self, reaction: Reaction, why: &str, record: &Record, view: &Observed, now: Time) -> Next {
        match reaction {
            Reaction::RollBack => self.go_back(record, view, why, now),
            Reaction::Pause => Ok(self.write(record.at(Phase::Undecided, self.token()).because(why))),
        }
    }

    /// A check that has failed often enough; going back before pausing.
    fn alarm(&self) -> Option<(Reaction, String)> {
        let of = |wanted: OnFail| {
            let heard = self
                .checks
                .iter()
                .find(|heard| heard.check.on_fail == wanted && heard.in_a_row >= heard.check.in_a_row)?;
            let said = heard.last.as_ref().map_or("", |(_, _, said)| said.as_str());
            Some(format!("check {} failed {} times: {said}", heard.check.name, heard.in_a_row))
        };
        let back = of(OnFail::RollBack).map(|why| (Reaction::RollBack, why));
        back.or_else(|| of(OnFail::Pause).map(|why| (Reaction::Pause, why)))
    }

    /// Whether every check lets a bake end: each has answered since the bake began.
    fn gate(&mut self, baking: Time, end: Time, now: Time) -> Gate {
        let strategy = &self.request.strategy;
        let mut gate = Gate::Open;
        for heard in &mut self.checks {
            let policy = match &heard.last {
                Some((at, _, _)) if *at < baking => {
                    heard.due = now;
                    Missing::Wait
                }
                None => Missing::Wait,
                Some((_, CheckOutcome::Pass, _)) => continue,
                Some((_, CheckOutcome::Fail, _)) if heard.check.on_fail == OnFail::Report => continue,
                // Not often enough to have failed, and no pass: the next answers decide.
                Some((_, CheckOutcome::Fail, _)) => {
                    gate = Gate::Wait;
                    continue;
                }
                Some((_, CheckOutcome::NoData, _)) => heard.check.on_no_data,
                Some((_, CheckOutcome::Error, _)) => heard.check.on_error,
            };
            let why = || {
                let said = heard.last.as_ref().map_or("", |(_, _, said)| said.as_str());
                format!("check {} has no answer: {said}", heard.check.name)
            };
            match policy {
                Missing::Pass => {}
                Missing::Wait if now < end.plus(strategy.patience) => gate = Gate::Wait,
                Missing::Wait | Missing::Pause => return Gate::Stop(Reaction::Pause, why()),
                Missing::Fail => return Gate::Stop(strategy.on_failure, why()),
            }
        }
        gate
    }

    fn finalize(&mut self, record: &Record, view: &Observed, now: Time) -> Next {
        if view.default.as_ref() == Some(&record.release) {
            if let Some(look) = self.look_first() {
                return Ok(look);
            }
            return Ok(self.write(record.at(Phase::Cleaning, self.token())));
        }
        if let Some(said) = self.not_finalized.clone() {
            let why = format!("finalizing had no effect: {said}");
            return self.fail(self.request.strategy.on_failure, &why, record, view, now);
        }
        Ok(self.superseded(record, view).unwrap_or_else(|| self.call(Call::Finalize(record.release.clone()))))
    }

    /// Members that followed the default before follow it again; the marks go.
    fn clean(&mut self, record: &Record, view: &Observed) -> Step {
        let release = Some(&record.release);
        let pinned = cohort(view, record)
            .filter(|(_, member, mark)| mark.previous.is_none() && member.assigned.as_ref() == release);
        let changes: Vec<_> = pinned
            .take(self.request.batches.assign.max(1))
            .map(|(id, member, _)| Change { member: id.clone(), from: member.assigned.clone(), to: None })
            .collect();
        if !changes.is_empty() {
            return self.call(Call::Assign(changes));
        }
        self.unmark(record, view, Phase::Succeeded)
    }

    /// Removes the marks once all else is read back, then ends in this phase.
    fn unmark(&self, record: &Record, view: &Observed, then: Phase) -> Step {
        let marked: Vec<_> = cohort(view, record)
            .take(self.request.batches.mark.max(1))
            .map(|(id, _, _)| id.clone())
            .collect();
        // A mark holds what its member goes back to: it goes when nothing has to go back any more.
        if let Some(look) = self.look_first().filter(|_| marked.is_empty() || !self.has_only_unmarked()) {
            return look;
        }
        if marked.is_empty() {
            self.write(record.at(then, self.token()))
        } else {
            self.call(Call::Unmark(marked))
        }
    }

    fn roll_back(&mut self, record: &Record, view: &Observed, now: Time) -> Step {
        let why = record.why.clone().unwrap_or_default();
        self.going_back.get_or_insert((now, why));
        let release = Some(&record.release);
        let withdraw = || {
            let (release, previous) = (record.release.clone(), record.previous.clone());
            self.call(Call::Withdraw { release, previous, is_exact: record.is_asked })
        };
        // One call for all that follow the default comes before one for each of the others.
        if view.default.as_ref() == release {
            return withdraw();
        }
        let back = cohort(view, record).filter(|(_, member, mark)| is_to_go_back(member, mark, record));
        let changes: Vec<_> = back
            .take(self.request.batches.assign.max(1))
            .map(|(id, member, mark)| Change {
                member: id.clone(),
                from: member.assigned.clone(),
                to: mark.previous.clone(),
            })
            .collect();
        if !changes.is_empty() {
            return self.call(Call::Assign(changes));
        }
        if !view.withdrawn {
            return withdraw();
        }
        let left = self.left(view);
        if !left.is_empty() {
            let why = format!("going back: {} are not there yet", left.len());
            return self
                .look_first()
                .unwrap_or_else(|| self.pause_until(Time::from_millis(u64::MAX), why, now));
        }
        self.pending = pending(record, view);
        self.unmark(record, view, Phase::RolledBack)
    }

    /// What a rollback has to do yet, in the order of the members.
    pub(crate) fn left(&self, view: &Observed) -> Vec<Left> {
        let Some(record) = &view.record else { return Vec::new() };
        let mut left = Vec::new();
        for (id, member, mark) in cohort(view, record).filter(|(_, _, mark)| is_touched(mark, record)) {
            if is_to_go_back(member, mark, record) {
                left.push(Left::Assign { member: id.clone(), to: mark.previous.clone() });
            } else if member.assigned == mark.previous {
                let expected = mark.previous.as_ref().or(view.default.as_ref());
                let is_back = expected.is_none() || member.running.as_ref() == expected;
                if !is_back && member.presence == Presence::Online {
                    left.push(Left::Runs { member: id.clone(), expected: expected.cloned() });
                }
            }
        }
        // Those without a mark follow the default: in no wave they got the release with finalizing, and after it nobody has one.
        let followers = followers(view, record).filter(|(_, member)| member.presence == Presence::Online);
        left.extend(
            followers.map(|(id, _)| Left::Runs { member: id.clone(), expected: view.default.clone() }),
        );
        let is_other = record.is_asked && view.default != record.previous;
        if view.default.as_ref() == Some(&record.release) || is_other {
            left.push(Left::Default(record.previous.clone()));
        }
        if !view.withdrawn {
            left.push(Left::Withdraw(record.release.clone()));
        }
        left
    }

    /// The outcome of a phase in which nothing is to be done; `None` of the others.
    pub(crate) fn outcome(&self, record: &Record, view: &Observed) -> Option<Outcome> {
        let why = record.why.clone().unwrap_or_default();
        match record.phase {
            Phase::Succeeded => Some(Outcome::Succeeded),
            Phase::Paused => Some(Outcome::Paused { why, decision: false }),
            Phase::Undecided => Some(Outcome::Paused { why, decision: true }),
            Phase::Aborted => Some(Outcome::Aborted),
            Phase::Superseded => Some(Outcome::Superseded { by: why }),
            Phase::RolledBack => Some(Outcome::RolledBack { why, pending: self.pending.clone() }),
            Phase::RollbackFailed => Some(Outcome::RollbackFailed { why, left: self.left(view) }),
            _ => None,
        }
    }
}

/// Members that no wave holds, and that still run the release though the default is another one.
fn followers<'a>(view: &'a Observed, record: &'a Record) -> impl Iterator<Item = (&'a MemberId, &'a Member)> {
    let is_back = view.default.is_some() && view.default.as_ref() != Some(&record.release);
    view.members.iter().filter(move |(_, member)| {
        let is_marked = member.mark.as_ref().is_some_and(|mark| mark.rollout == record.rollout);
        is_back && !is_marked && member.assigned.is_none() && member.running.as_ref() == Some(&record.release)
    })
}

/// Members that take up what they had when they are back.
fn pending(record: &Record, view: &Observed) -> Vec<MemberId> {
    let offline = cohort(view, record).filter(|(_, member, mark)| {
        let expected = mark.previous.as_ref().or(view.default.as_ref());
        is_touched(mark, record) && member.presence != Presence::Online && member.running.as_ref() != expected
    });
    let followers = followers(view, record).filter(|(_, member)| member.presence != Presence::Online);
    let offline = offline.map(|(id, _, _)| id.clone());
    offline.chain(followers.map(|(id, _)| id.clone())).collect()
}

/// Why members failed, with how many of each kind.
fn reasons(standings: &[(MemberId, u32, Standing)]) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for (_, _, standing) in standings {
        let Standing::Failed(why) = standing else { continue };
        let text = why.to_string();
        match counts.iter_mut().find(|(known, _)| *known == text) {
            Some((_, count)) => *count += 1,
            None => counts.push((text, 1)),
        }
    }
    let texts: Vec<_> = counts.iter().map(|(text, count)| format!("{count} {text}")).collect();
    texts.join(", ")
}
