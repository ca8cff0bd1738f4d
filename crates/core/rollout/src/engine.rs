//! What to do next.

use std::sync::Arc;
use std::time::Duration;

use lw_retry::{Attempt, Decision, Failure, Policy, Repeatable, Stop};

use crate::journal::Event;
use crate::outcome::Outcome;
use crate::plan::{Plan, Refusal};
use crate::strategy::{Check, Reaction, Strategy};
use crate::target::{Answer, Batches, Call, CallError, Lease, Observed, Phase, Record, Stored, Verb, Wish};
use crate::verdict::{CheckOutcome, Standing};
use crate::words::{MemberId, ReleaseId, RolloutId, Time};

/// What a process is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Begin the rollout, or go on with it where it is under way. One that was rolled back or aborted is not begun again
    /// unless [`Request::again`] says so, one that a person paused not continued.
    Apply,
    /// Go on, also after a pause.
    Resume,
    /// Go on to the next wave, whatever the verdict on this one.
    Promote,
    /// Stop, to be resumed.
    Pause,
    /// Stop for good, and leave everything as it is.
    Abort,
    /// Go back to what was before.
    Rollback,
}

impl Command {
    fn verb(self) -> Option<Verb> {
        match self {
            Self::Apply | Self::Resume => None,
            Self::Promote => Some(Verb::Promote),
            Self::Pause => Some(Verb::Pause),
            Self::Abort => Some(Verb::Abort),
            Self::Rollback => Some(Verb::Rollback),
        }
    }
}

/// What is asked of a process.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to do.
    pub command: Command,
    /// The fleet's name.
    pub fleet: String,
    /// What is rolled out.
    pub release: ReleaseId,
    /// The name of this process, which no other has.
    pub holder: String,
    /// How.
    pub strategy: Strategy,
    /// There need not be anything to go back to.
    pub first: bool,
    /// What was rolled back or aborted is begun again.
    pub again: bool,
    /// What [`Command::Rollback`] makes the default again: needed where no rollout of the release is known, because it was made the
    /// default by other means, and else what a person wants instead of what the rollout found.
    pub back_to: Option<ReleaseId>,
    /// Members have an order of their own, as the parts of a router's traffic have; else it is drawn.
    pub in_order: bool,
    /// When to leave instead of waiting for members; [`Time::ZERO`] to never wait for them.
    pub leave_at: Option<Time>,
    /// How many members one call may name.
    pub batches: Batches,
    /// How a call that failed is repeated.
    pub retry: Policy,
    /// Where jitter comes from.
    pub seed: u64,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Make this call, and tell what came of it.
    Call {
        /// The token of the lease, 0 before there is one.
        token: u64,
        /// The call.
        call: Call,
    },
    /// Ask again at this time, or sooner.
    Wait {
        /// When.
        until: Time,
        /// What for.
        why: String,
    },
    /// The end.
    End(Outcome),
}

/// What has gone wrong since something went well.
#[derive(Clone, Debug)]
struct Trouble {
    kind: Kind,
    /// The call it began with.
    call: Call,
    count: u32,
    since: Time,
    said: String,
}

/// What ends a trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A look failed: the next one that does not ends it.
    Look,
    /// A call failed: the next one that does not ends it.
    Call,
    /// A call was answered with "done", and the next look showed that it was not: only a look that shows it ends it.
    NoEffect,
}

/// What is known of the target now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// Not enough: a call failed, or time has passed.
    Too,
    /// The last look, and what was done since, which is not read back.
    Believed,
    /// What the last look shows.
    Seen,
}

/// What was heard of a check.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) check: Check,
    pub(crate) last: Option<(Time, CheckOutcome, String)>,
    pub(crate) in_a_row: u32,
    pub(crate) due: Time,
}

/// Decides, for one process. Everything it needs of an earlier one is in the target.
#[derive(Debug)]
pub struct Engine {
    pub(crate) request: Request,
    pub(crate) look_every: Duration,
    /// The last look, with what was done since.
    view: Option<Arc<Observed>>,
    /// The last look as it was.
    seen: Option<Arc<Observed>>,
    known: Known,
    /// What the target says it has done since the last look.
    done: Vec<Call>,
    /// The token of the lease this process has taken.
    token: Option<u64>,
    /// The command was obeyed, and what is left is to go on.
    is_obeyed: bool,
    /// The wave that `promote` promotes.
    promoted: Option<u32>,
    pub(crate) plan: Option<Plan>,
    not_before: Time,
    trouble: Option<Trouble>,
    /// Assigning was given up: who is not assigned by now has failed.
    pub(crate) is_assigned_as_can_be: bool,
    /// Finalizing was given up, and why.
    pub(crate) not_finalized: Option<String>,
    pub(crate) checks: Vec<Heard>,
    cancelled: u32,
    /// Since when this process is going back, and why.
    pub(crate) going_back: Option<(Time, String)>,
    /// The look after the time for it is over was taken.
    has_looked_late: bool,
    /// Members that were offline when all others were back.
    pub(crate) pending: Vec<MemberId>,
    /// What it ends with, after these calls, which are made once.
    ending: Option<(Outcome, Vec<Call>)>,
}

/// Why something happens that a command asks for.
const ASKED: &str = "a person asked for it";

/// How often the release was rolled out: the number behind the last dot of a rollout's name.
fn attempts(view: &Observed) -> u32 {
    let Some(record) = &view.record else { return 0 };
    record.rollout.as_str().rsplit('.').next().and_then(|number| number.parse().ok()).unwrap_or(1)
}

/// The shortest wait.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// A decision, or why there is none.
pub(crate) type Next = Result<Step, Refusal>;

impl Engine {
    /// An engine for one process.
    #[must_use]
    pub fn new(request: Request) -> Self {
        let heard = |check: &Check| Heard { check: check.clone(), last: None, in_a_row: 0, due: Time::ZERO };
        Self {
            look_every: request.strategy.look_every,
            checks: request.strategy.checks.iter().map(heard).collect(),
            request,
            view: None,
            seen: None,
            known: Known::Too,
            done: Vec::new(),
            token: None,
            is_obeyed: false,
            promoted: None,
            plan: None,
            not_before: Time::ZERO,
            trouble: None,
            is_assigned_as_can_be: false,
            not_finalized: None,
            cancelled: 0,
            going_back: None,
            has_looked_late: false,
            pending: Vec::new(),
            ending: None,
        }
    }

    /// What the journal of this process begins with.
    #[must_use]
    pub fn begun(&self) -> Event {
        Event::Begun {
            command: format!("{:?}", self.request.command).to_lowercase(),
            release: self.request.release.clone(),
            strategy: self.request.strategy.digest(),
        }
    }

    /// What to think of each member of the waves so far, with its wave, by the last look.
    #[must_use]
    pub fn report(&self) -> Vec<(MemberId, u32, Standing)> {
        let seen = self.seen.as_deref().and_then(|seen| Some((seen.record.as_ref()?, seen)));
        seen.map(|(record, seen)| self.standings(record, seen)).unwrap_or_default()
    }

    /// Members of the plan that the last look does not show: they were removed, or moved to another fleet.
    #[must_use]
    pub fn vanished(&self) -> Vec<MemberId> {
        let (Some(plan), Some(seen)) = (&self.plan, &self.seen) else { return Vec::new() };
        plan.marks.keys().filter(|id| !seen.members.contains_key(*id)).cloned().collect()
    }

    /// The last look, with what was done since.
    #[must_use]
    pub fn view(&self) -> Option<&Observed> {
        self.view.as_deref()
    }

    /// The plan, when this process has made it.
    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// Hears how often somebody has cancelled: the first time, what the strategy says is done and the process leaves; the second
    /// time it leaves at once.
    pub fn cancel(&mut self, times: u32) {
        self.cancelled = times;
    }

    /// Looks only when something is due, for a model that changes by itself only at once.
    pub(crate) fn look_seldom(&mut self) {
        self.look_every = Duration::MAX;
    }

    /// What to do now.
    pub fn next(&mut self, now: Time) -> Step {
        if self.ending.is_none() {
            let step = match self.decide(now) {
                Ok(step) => step,
                Err(refusal) => self.finish(Outcome::Refused(refusal), now),
            };
            match step {
                Step::Call { call, .. } if self.ending.is_none() => return self.send(call, now),
                Step::Wait { until, why } => return self.wait(until, why, now),
                Step::Call { .. } | Step::End(_) => {}
            }
        }
        self.end()
    }

    /// Makes a call, unless the target has said of just that one that it is done, and the look after it shows that it is not.
    fn send(&mut self, call: Call, now: Time) -> Step {
        if self.known == Known::Seen {
            let has_no_effect = call.changes() && self.done.iter().any(|done| done.is_same(&call));
            self.done.clear();
            if has_no_effect {
                let said = format!("the target says that it was done, and it was not: {}", call.name());
                let error =
                    CallError { failure: Failure::NotUnderstood, retry_after: None, message: said.clone() };
                self.failed(now, &call, &error, Kind::NoEffect);
                return self.wait(self.not_before, said, now);
            }
            self.trouble.take_if(|trouble| trouble.kind == Kind::NoEffect && !trouble.call.is_same(&call));
        }
        Step::Call { token: self.token.unwrap_or(0), call }
    }

    fn wait(&mut self, until: Time, why: String, now: Time) -> Step {
        // Who is not to wait for members still repeats what failed.
        let is_repeat = until == self.not_before;
        if self.known == Known::Seen && !is_repeat {
            self.done.clear();
            self.trouble = None;
        }
        let leave = self.request.leave_at.is_some_and(|at| now >= at && !(is_repeat && at == Time::ZERO));
        if self.ending.is_none() && (leave || self.cancelled > 0) {
            let _ = self.finish(Outcome::InProgress { why }, now);
            return self.end();
        }
        if self.ending.is_some() {
            return self.end();
        }
        self.known = Known::Too;
        let leave_at = self.request.leave_at.filter(|at| *at > now);
        let until = leave_at.map_or(until, |at| until.min(at));
        // Of two clocks that differ, a wait of nothing would be a loop.
        Step::Wait { until: until.max(now.plus(SHORTEST_WAIT)), why }
    }

    /// The calls before the end, each once, and the end.
    fn end(&mut self) -> Step {
        let token = self.token.unwrap_or(0);
        match &mut self.ending {
            Some((_, calls)) if !calls.is_empty() => Step::Call { token, call: calls.remove(0) },
            Some((outcome, _)) => Step::End(outcome.clone()),
            None => Step::End(Outcome::InProgress { why: String::new() }),
        }
    }

    /// Ends, and gives the lease back.
    pub(crate) fn finish(&mut self, outcome: Outcome, now: Time) -> Step {
        self.finish_after(Vec::new(), outcome, now)
    }

    fn finish_after(&mut self, mut calls: Vec<Call>, outcome: Outcome, now: Time) -> Step {
        let stored = self.view.as_ref().and_then(|view| view.lease.clone());
        if let (Some(token), Some(lease)) = (self.token, stored)
            && lease.token == token
        {
            let lease = Lease { holder: None, expires: now, ..lease };
            calls.push(Call::Lock { expect: Some(token), lease });
        }
        self.ending = Some((outcome.clone(), calls));
        Step::End(outcome)
    }

    /// Hears what came of a call.
    pub fn told(&mut self, now: Time, call: &Call, answer: Result<Answer, CallError>) {
        if let Call::Check(name) = call {
            self.heard(now, name, &answer);
            return;
        }
        if self.ending.is_some() {
            return;
        }
        match answer {
            Ok(Answer::Seen(look)) => {
                let look = Arc::new(*look);
                self.seen = Some(Arc::clone(&look));
                self.view = Some(look);
                self.known = Known::Seen;
                self.trouble.take_if(|trouble| trouble.kind == Kind::Look);
            }
            Ok(_) => {
                if let Some(view) = &mut self.view {
                    Arc::make_mut(view).take(call);
                }
                self.done.push(call.clone());
                self.known = Known::Believed;
                self.trouble.take_if(|trouble| trouble.kind != Kind::NoEffect);
            }
            Err(error) => {
                let kind = if *call == Call::Observe { Kind::Look } else { Kind::Call };
                self.failed(now, call, &error, kind);
            }
        }
    }

    fn failed(&mut self, now: Time, call: &Call, error: &CallError, kind: Kind) {
        self.known = Known::Too;
        let trouble = self.trouble.get_or_insert_with(|| Trouble {
            kind,
            call: call.clone(),
            count: 0,
            since: now,
            said: String::new(),
        });
        if trouble.kind != Kind::NoEffect {
            (trouble.kind, trouble.call) = (kind, call.clone());
        }
        trouble.count += 1;
        trouble.said.clone_from(&error.message);
        let since = trouble.since;
        // Somebody else was quicker to take a lease: the next look says who.
        let failure = if matches!(call, Call::Lock { .. }) { Failure::NotUnderstood } else { error.failure };
        let attempt = Attempt {
            number: trouble.count,
            failure,
            repeatable: Repeatable::Yes,
            retry_after: error.retry_after,
            elapsed: now.since(since),
        };
        let stop = match self.request.retry.next(&attempt, self.request.seed) {
            Decision::Again(wait) => {
                self.not_before = now.plus(wait);
                None
            }
            Decision::Stop(stop) => {
                self.not_before = now.plus(self.request.retry.cap.max(error.retry_after.unwrap_or_default()));
                Some(stop)
            }
        };
        if let Some(deadline) = self.rollback_deadline() {
            // Going back is tried until its time is over, also when the target says that it is of no use.
            self.not_before = self.not_before.min(deadline);
            return;
        }
        let Some(stop) = stop else { return };
        match call {
            Call::Assign(_) if self.is_in(Phase::Applying) => {
                self.is_assigned_as_can_be = true;
                self.trouble = None;
            }
            Call::Finalize(_) => {
                self.not_finalized = Some(error.message.clone());
                self.trouble = None;
            }
            _ if stop != Stop::Permanent && now < since.plus(self.request.strategy.patience) => {}
            _ => {
                let why = error.message.clone();
                self.ending = Some((Outcome::Unreachable { why }, Vec::new()));
            }
        }
    }

    fn heard(&mut self, now: Time, name: &str, answer: &Result<Answer, CallError>) {
        let Some(heard) = self.checks.iter_mut().find(|heard| heard.check.name == name) else { return };
        let (sample, said) = match answer {
            Ok(Answer::Sample(sample)) => (Ok(sample), sample.said.clone()),
            Ok(_) => return,
            Err(error) => (Err(error), error.message.clone()),
        };
        let outcome = CheckOutcome::of(&heard.check, sample);
        match outcome {
            CheckOutcome::Pass => heard.in_a_row = 0,
            CheckOutcome::Fail => heard.in_a_row = heard.in_a_row.saturating_add(1),
            CheckOutcome::NoData | CheckOutcome::Error => {}
        }
        heard.due = now.plus(heard.check.every);
        heard.last = Some((now, outcome, said));
    }

    /// Until when this process goes back, if it does.
    fn rollback_deadline(&self) -> Option<Time> {
        self.going_back.as_ref().map(|(from, _)| from.plus(self.request.strategy.rollback_within))
    }

    fn is_in(&self, phase: Phase) -> bool {
        let record = self.view.as_ref().and_then(|view| view.record.as_ref());
        record.is_some_and(|record| record.phase == phase)
    }

    /// Whether everything that was done since the last look is the removal of marks.
    pub(crate) fn has_only_unmarked(&self) -> bool {
        self.known == Known::Seen || self.done.iter().all(|call| matches!(call, Call::Unmark(_)))
    }

    /// `Some` when what is known is not from the last look.
    pub(crate) fn look_first(&self) -> Option<Step> {
        (self.known != Known::Seen)
            .then_some(Step::Call { token: self.token.unwrap_or(0), call: Call::Observe })
    }

    fn decide(&mut self, now: Time) -> Next {
        if let Some(deadline) = self.rollback_deadline()
            && now >= deadline
        {
            // Who looks seldom may have missed that all are back: one more look decides, where the target answers.
            let answers = self.trouble.is_none();
            if answers && !std::mem::replace(&mut self.has_looked_late, true) {
                return Ok(Step::Call { token: 0, call: Call::Observe });
            }
            let seen = self.seen.as_ref().filter(|_| answers);
            let is_back = |seen: &Arc<Observed>| {
                // What is stored then, and read back, comes after the deadline as well.
                let is_ending = self.is_in(Phase::RollingBack) && self.left(seen).is_empty();
                is_ending || self.is_in(Phase::RolledBack)
            };
            if !seen.is_some_and(is_back) {
                return Ok(self.give_up_going_back(now));
            }
        }
        if self.cancelled > 1 || (self.cancelled > 0 && self.token.is_none()) {
            return Ok(self.finish(Outcome::InProgress { why: "cancelled".to_owned() }, now));
        }
        if now < self.not_before {
            let why = self.trouble.as_ref().map_or_else(String::new, |trouble| trouble.said.clone());
            return Ok(Step::Wait { until: self.not_before, why });
        }
        let Some(view) = self.view.clone().filter(|_| self.known != Known::Too) else {
            return Ok(Step::Call { token: 0, call: Call::Observe });
        };
        if let Some(step) = self.hold(&view, now)? {
            return Ok(step);
        }
        // Nothing of a phase is done before the record of it is read back: a process that comes after has only that.
        if self.done.iter().any(|call| matches!(call, Call::Record(_)))
            && let Some(look) = self.look_first()
        {
            return Ok(look);
        }
        if let Some(step) = self.begin(&view, now)? {
            return Ok(step);
        }
        let Some(record) = &view.record else { return Err(Refusal::NothingThere) };
        if let Some((_, why)) = self.going_back.clone()
            && !matches!(record.phase, Phase::RollingBack | Phase::RolledBack)
        {
            return self.go_back(record, &view, &why, now);
        }
        if let Some(step) = self.listen(record, &view, now)? {
            return Ok(step);
        }
        self.act(record, &view, now)
    }

    /// What to do before this process may act: look, lock, or leave it to others. `None` when it holds the lease.
    fn hold(&mut self, view: &Observed, now: Time) -> Result<Option<Step>, Refusal> {
        let me = self.request.holder.clone();
        let span = self.request.strategy.lease;
        let lease = view.lease.as_ref();
        if let Some(token) = self.token {
            return Ok(match lease {
                Some(lease) if lease.token == token && lease.holder.as_ref() == Some(&me) => {
                    let keep = Lease { expires: now.plus(span), ..lease.clone() };
                    let is_due = lease.expires <= now.plus(span / 2);
                    is_due.then_some(Step::Call {
                        token,
                        call: Call::Lock { expect: Some(token), lease: keep },
                    })
                }
                _ => {
                    self.token = None;
                    let (holder, expires) = lease.map_or((String::new(), now), |lease| {
                        (lease.holder.clone().unwrap_or_default(), lease.expires)
                    });
                    Some(self.finish(Outcome::LockHeld { holder, expires }, now))
                }
            });
        }
        if let Some(look) = self.look_first() {
            return Ok(Some(look));
        }
        if let Some(lease) = lease.filter(|lease| lease.held_by(now) == Some(me.as_str())) {
            self.token = Some(lease.token);
            return Ok(None);
        }
        if let Some(outcome) = self.without_lease(view)? {
            return Ok(Some(self.finish(outcome, now)));
        }
        if let Some(lease) = lease
            && let Some(holder) = lease.held_by(now)
        {
            let (holder, expires) = (holder.to_owned(), lease.expires);
            let (Some(verb), Some(record)) = (self.request.command.verb(), &view.record) else {
                return Ok(Some(self.finish(Outcome::LockHeld { holder, expires }, now)));
            };
            let wish = Wish { rollout: record.rollout.clone(), verb, wave: record.wave };
            let is_asked = |call: &Call| matches!(call, Call::Wish(Some(asked)) if *asked == wish);
            if view.wish.as_ref() == Some(&wish) || self.done.iter().any(is_asked) {
                return Ok(Some(self.finish(Outcome::Asked, now)));
            }
            return Ok(Some(Step::Call { token: 0, call: Call::Wish(Some(wish)) }));
        }
        let rollout = match &view.record {
            _ if self.is_to_withdraw(view) => self.withdrawal(view),
            Some(record) if !self.is_to_begin(view) => record.rollout.clone(),
            _ => self.planned(view)?.rollout.clone(),
        };
        let stored = lease.map(|lease| lease.token);
        let token = stored.unwrap_or(0) + 1;
        let lease = Lease { token, rollout, holder: Some(me), expires: now.plus(span) };
        Ok(Some(Step::Call { token, call: Call::Lock { expect: stored, lease } }))
    }

    /// How it ends when there is nothing to do that needs a lease.
    fn without_lease(&self, view: &Observed) -> Result<Option<Outcome>, Refusal> {
        let command = self.request.command;
        if self.is_to_begin(view) {
            return Ok(None);
        }
        if self.is_to_withdraw(view) {
            // What another rollout has assigned is its to give back.
            let other = view.other.as_ref().filter(|other| !other.phase.is_over());
            return other.map_or(Ok(None), |other| Err(Refusal::UnderWay(other.rollout.clone())));
        }
        let Some(record) = &view.record else { return Err(Refusal::NothingThere) };
        let has_other_default = view.default.as_ref() != Some(&record.release);
        if self.request.back_to.is_some() && has_other_default && !record.is_asked {
            return Err(Refusal::NotLive);
        }
        if let Some(lease) = &view.lease
            && lease.rollout != record.rollout
            && !record.phase.is_over()
        {
            return Ok(Some(Outcome::Superseded { by: format!("the rollout {}", lease.rollout) }));
        }
        let is_forward = matches!(record.phase, Phase::Preparing | Phase::Applying | Phase::Baking);
        let is_still = matches!(record.phase, Phase::Paused | Phase::Undecided);
        let is_fit = match command {
            Command::Apply => record.phase.is_under_way(),
            Command::Resume => record.phase.is_under_way() || record.phase == Phase::Paused,
            Command::Promote => is_still || matches!(record.phase, Phase::Applying | Phase::Baking),
            Command::Pause => is_forward,
            Command::Abort => is_forward || is_still,
            Command::Rollback => record.phase != Phase::RolledBack,
        };
        if is_fit {
            let now = self.request.strategy.digest();
            let needs_strategy = matches!(command, Command::Apply | Command::Resume | Command::Promote);
            if needs_strategy && record.phase != Phase::RollingBack && now != record.strategy {
                return Err(Refusal::OtherStrategy { began: record.strategy.clone(), now });
            }
            return Ok(None);
        }
        let is_there = match command {
            Command::Apply | Command::Resume => true,
            Command::Promote => false,
            Command::Pause => record.phase == Phase::Paused,
            Command::Abort => record.phase == Phase::Aborted,
            Command::Rollback => record.phase == Phase::RolledBack,
        };
        let outcome = self.outcome(record, view).filter(|_| is_there);
        outcome.map(Some).ok_or(Refusal::Over(record.phase))
    }

    /// Whether a rollout is to be begun, and not continued.
    fn is_to_begin(&self, view: &Observed) -> bool {
        let may = |record: &Record| {
            self.request.again
                && matches!(record.phase, Phase::RolledBack | Phase::Aborted | Phase::Superseded)
        };
        self.request.command == Command::Apply && !self.is_obeyed && view.record.as_ref().is_none_or(may)
    }

    /// Whether the fleet is to go back from a release that no rollout has given it.
    fn is_to_withdraw(&self, view: &Observed) -> bool {
        let release = Some(&self.request.release);
        self.request.command == Command::Rollback
            && self.request.back_to.is_some()
            && view.default.as_ref() == release
            && view.record.as_ref().is_none_or(|record| record.phase == Phase::RolledBack)
    }

    /// The name of such a rollback, which is a rollout without waves.
    fn withdrawal(&self, view: &Observed) -> RolloutId {
        RolloutId::new(format!("{}.{}", self.request.release, attempts(view) + 1))
    }

    /// The plan, made now if it was not before.
    pub(crate) fn planned(&mut self, view: &Observed) -> Result<&Plan, Refusal> {
        let attempt = if self.is_to_begin(view) { attempts(view) } else { attempts(view).saturating_sub(1) };
        let plan = match self.plan.take() {
            Some(plan) => plan,
            None => Plan::new(&self.request, view, attempt)?,
        };
        Ok(self.plan.insert(plan))
    }

    /// Begins the rollout, where it is not begun.
    fn begin(&mut self, view: &Observed, now: Time) -> Result<Option<Step>, Refusal> {
        if self.is_to_withdraw(view) {
            if let Some(look) = self.look_first() {
                return Ok(Some(look));
            }
            let why = ASKED.to_owned();
            self.going_back.get_or_insert((now, why.clone()));
            return Ok(Some(self.write(Record {
                rollout: self.withdrawal(view),
                release: self.request.release.clone(),
                previous: self.request.back_to.clone(),
                strategy: self.request.strategy.digest(),
                members: 0,
                phase: Phase::RollingBack,
                wave: 0,
                since: view.at,
                baking: None,
                token: self.token(),
                why: Some(why),
                is_asked: true,
            })));
        }
        if !self.is_to_begin(view) {
            return Ok(None);
        }
        if let Some(look) = self.look_first() {
            return Ok(Some(look));
        }
        // Now that nobody else may act, what there is to plan with may be another than before.
        self.plan = None;
        let (token, strategy) = (self.token.unwrap_or(0), self.request.strategy.digest());
        let plan = self.planned(view)?;
        let record = Record {
            rollout: plan.rollout.clone(),
            release: plan.release.clone(),
            previous: plan.previous.clone(),
            strategy,
            members: plan.marks.len(),
            phase: Phase::Preparing,
            wave: 0,
            since: view.at,
            baking: None,
            token,
            why: None,
            is_asked: false,
        };
        // Everything that will be stored has to fit, before the first of it is.
        record.clone().because(&"x".repeat(1000)).to_text()?;
        for mark in plan.marks.values() {
            mark.to_text()?;
        }
        Ok(Some(self.write(record)))
    }

    /// Stores the record.
    pub(crate) fn write(&self, record: Record) -> Step {
        Step::Call { token: self.token.unwrap_or(0), call: Call::Record(record) }
    }

    pub(crate) fn token(&self) -> u64 {
        self.token.unwrap_or(0)
    }

    /// Obeys the command, what somebody wishes, and a cancellation. `None` when all is obeyed.
    fn listen(&mut self, record: &Record, view: &Observed, now: Time) -> Result<Option<Step>, Refusal> {
        if !self.is_obeyed {
            let verb = self.request.command.verb();
            if record.phase == Phase::Paused && self.request.command == Command::Resume {
                let phase = if record.wave == 0 { Phase::Preparing } else { Phase::Applying };
                let mut record = record.at(phase, self.token());
                (record.since, record.baking, record.why) = (view.at, None, None);
                return Ok(Some(self.write(record)));
            }
            if let Some(verb) = verb {
                let wave = *self.promoted.get_or_insert(record.wave);
                if let Some(step) = self.obey(verb, wave, record, view, now)? {
                    return Ok(Some(step));
                }
            }
            self.is_obeyed = true;
        }
        if let Some(wish) = view.wish.clone().filter(|wish| wish.rollout == record.rollout) {
            if let Some(look) = self.look_first() {
                return Ok(Some(look));
            }
            let step = self.obey(wish.verb, wish.wave, record, view, now)?;
            let taken_back = Step::Call { token: self.token(), call: Call::Wish(None) };
            return Ok(Some(step.unwrap_or(taken_back)));
        }
        let is_forward = matches!(record.phase, Phase::Preparing | Phase::Applying | Phase::Baking);
        if self.cancelled > 0 && is_forward {
            let why = "the run was cancelled";
            return match self.request.strategy.on_cancel {
                Reaction::RollBack => self.go_back(record, view, why, now).map(Some),
                Reaction::Pause => Ok(Some(self.write(record.at(Phase::Paused, self.token()).because(why)))),
            };
        }
        Ok(None)
    }

    /// What is to be done that somebody asks; `None` when it is so, or cannot be.
    fn obey(
        &mut self,
        verb: Verb,
        wave: u32,
        record: &Record,
        view: &Observed,
        now: Time,
    ) -> Result<Option<Step>, Refusal> {
        let is_forward = matches!(record.phase, Phase::Preparing | Phase::Applying | Phase::Baking);
        let is_still = matches!(record.phase, Phase::Paused | Phase::Undecided);
        let asked = ASKED;
        Ok(match verb {
            Verb::Promote if record.wave == wave && (is_still || (is_forward && record.wave > 0)) => {
                for heard in &mut self.checks {
                    heard.in_a_row = 0;
                }
                self.not_finalized = None;
                Some(self.advance(record, view))
            }
            Verb::Pause if is_forward => {
                Some(self.write(record.at(Phase::Paused, self.token()).because(asked)))
            }
            Verb::Abort if is_forward || is_still => {
                Some(self.write(record.at(Phase::Aborted, self.token()).because(asked)))
            }
            Verb::Rollback if !matches!(record.phase, Phase::RollingBack | Phase::RolledBack) => {
                Some(self.go_back(record, view, asked, now)?)
            }
            Verb::Promote | Verb::Pause | Verb::Abort | Verb::Rollback => None,
        })
    }

    /// Goes back, from now on.
    pub(crate) fn go_back(&mut self, record: &Record, view: &Observed, why: &str, now: Time) -> Next {
        let (_, why) = self.going_back.get_or_insert((now, why.to_owned())).clone();
        let is_live = view.default.as_ref() == Some(&record.release);
        let mut record = record.at(Phase::RollingBack, self.token()).because(&why);
        (record.since, record.baking) = (view.at, None);
        if let Some(to) = self.request.back_to.as_ref().filter(|_| is_live) {
            (record.previous, record.is_asked) = (Some(to.clone()), true);
        }
        Ok(self.write(record))
    }

    fn give_up_going_back(&mut self, now: Time) -> Step {
        let why = self.going_back.as_ref().map_or_else(String::new, |(_, why)| why.clone());
        let seen = self.seen.clone();
        let left = seen.as_ref().map(|seen| self.left(seen)).unwrap_or_default();
        let record = seen.as_ref().and_then(|seen| seen.record.as_ref());
        let failed =
            record.map(|record| Call::Record(record.at(Phase::RollbackFailed, self.token()).because(&why)));
        let calls = failed.into_iter().filter(|_| self.token.is_some()).collect();
        self.finish_after(calls, Outcome::RollbackFailed { why, left }, now)
    }
}

impl Call {
    /// What it is, for people: without the members.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Observe => "look".to_owned(),
            Self::Check(name) => format!("check {name}"),
            Self::Lock { lease: Lease { holder: None, .. }, .. } => "give the lease back".to_owned(),
            Self::Lock { .. } => "take the lease".to_owned(),
            Self::Record(record) => format!("store that it is {}", record.phase),
            Self::Mark(marks) => format!("mark {} members", marks.len()),
            Self::Unmark(members) => format!("unmark {} members", members.len()),
            Self::Assign(changes) => format!("assign {} members", changes.len()),
            Self::Finalize(release) => format!("finalize {release}"),
            Self::Withdraw { release, .. } => format!("withdraw {release}"),
            Self::Wish(Some(wish)) => format!("ask for {:?}", wish.verb).to_lowercase(),
            Self::Wish(None) => "take back what was asked".to_owned(),
        }
    }
}
