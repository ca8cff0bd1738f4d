//! What is to be thought of a member, of a wave, and of a check.

use std::fmt;

use crate::strategy::{Check, OnHeld, Strategy};
use crate::target::{CallError, Mark, Member, Presence, Record, Sample, Update};
use crate::words::{Share, Time};

/// Why a member has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// It has refused the release.
    Rejected,
    /// It is online and does not run the release in time.
    Late,
    /// It went offline with the update and did not come back in time.
    Lost,
    /// It runs the release and is not healthy.
    Unhealthy,
    /// It was healthy and was not for a while.
    Flapped,
    /// It holds the release and does not start it.
    Held,
    /// The target did not take the assignment.
    NotAssigned,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rejected => "refused the release",
            Self::Late => "did not run the release in time",
            Self::Lost => "went offline with the update",
            Self::Unhealthy => "runs the release and is not healthy",
            Self::Flapped => "was not healthy throughout",
            Self::Held => "has the release and does not start it",
            Self::NotAssigned => "could not be assigned the release",
        })
    }
}

/// What is to be thought of a member of a wave that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its time is not over.
    Waiting,
    /// It runs the release and is healthy, without a break since the bake began, if it has.
    Passed,
    /// It has failed.
    Failed(Failed),
    /// It has been offline since before the wave, or came late to it: it says nothing about the release.
    Unknown,
    /// It holds the release and does not start it, which the strategy only tells.
    Held,
    /// Somebody has assigned it something else meanwhile, or marked it for another rollout.
    Taken,
}

/// What to think of a member that has a mark of this rollout, at a look.
///
/// `not_assigned`: the target has been asked often enough to assign it the release.
#[must_use]
pub fn standing(
    member: &Member,
    mark: &Mark,
    record: &Record,
    strategy: &Strategy,
    at: Time,
    not_assigned: bool,
) -> Standing {
    let release = Some(&record.release);
    if member.assigned.as_ref() != release {
        // What was not assigned when its wave was done was taken back by a person, or given up.
        let is_in_time = record.baking.is_none() && mark.wave == record.wave;
        return match (member.assigned == mark.found, not_assigned) {
            (true, true) => Standing::Failed(Failed::NotAssigned),
            (true, false) if is_in_time => Standing::Waiting,
            _ => Standing::Taken,
        };
    }
    let allowed =
        strategy.member_timeout.max(member.poll.saturating_mul(2).saturating_add(strategy.download));
    let is_over = at >= record.since.plus(allowed);
    if member.running.as_ref() == release {
        return match (member.healthy_since, record.baking) {
            (Some(healthy), Some(baking)) if healthy > baking => {
                if member.running_since.is_some_and(|since| since > baking) {
                    Standing::Unknown
                } else {
                    Standing::Failed(Failed::Flapped)
                }
            }
            (Some(_), _) => Standing::Passed,
            (None, Some(_)) => Standing::Failed(Failed::Unhealthy),
            (None, None) if is_over => Standing::Failed(Failed::Unhealthy),
            (None, None) => Standing::Waiting,
        };
    }
    match (member.update, member.presence) {
        (Update::Rejected, _) => Standing::Failed(Failed::Rejected),
        (_, Presence::Offline(Some(since))) if since <= record.since => Standing::Unknown,
        _ if !is_over => Standing::Waiting,
        (_, Presence::Offline(_)) => Standing::Failed(Failed::Lost),
        (Update::Held, _) if strategy.on_held == OnHeld::Fail => Standing::Failed(Failed::Held),
        (Update::Held, _) => Standing::Held,
        (Update::None, _) => Standing::Failed(Failed::Late),
    }
}

/// How many of some members stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Run the release and are healthy.
    pub passed: usize,
    /// Have failed.
    pub failed: usize,
    /// May still do either.
    pub waiting: usize,
    /// Say nothing about the release, or were taken away: never counted.
    pub uncounted: usize,
}

/// What is to be thought of some members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All that count have passed or failed, and few enough have failed.
    Pass,
    /// Too many have failed, whatever becomes of those that are waited for.
    Fail,
    /// All that count have passed or failed, and they are too few for a verdict.
    NoData,
    /// Some are waited for.
    Open,
}

impl Tally {
    /// Counts one more.
    pub fn add(&mut self, standing: Standing) {
        let count = match standing {
            Standing::Passed => &mut self.passed,
            Standing::Failed(_) => &mut self.failed,
            Standing::Waiting => &mut self.waiting,
            Standing::Unknown | Standing::Held | Standing::Taken => &mut self.uncounted,
        };
        *count += 1;
    }

    /// How many count: those that passed, failed, or may still do either.
    #[must_use]
    pub fn counted(&self) -> usize {
        self.passed + self.failed + self.waiting
    }

    /// The verdict on them.
    #[must_use]
    pub fn verdict(&self, max_failed: Share, min_samples: usize) -> Verdict {
        let decided = self.passed + self.failed;
        if decided >= min_samples && max_failed.is_exceeded(self.failed, self.counted()) {
            Verdict::Fail
        } else if self.waiting > 0 {
            Verdict::Open
        } else if decided < min_samples {
            Verdict::NoData
        } else {
            Verdict::Pass
        }
    }
}

/// What came of asking a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckOutcome {
    /// As it should be.
    Pass,
    /// Not as it should be.
    Fail,
    /// No value, or too few samples.
    NoData,
    /// It could not be asked.
    Error,
}

impl CheckOutcome {
    /// The outcome of an answer.
    #[must_use]
    pub fn of(check: &Check, answer: Result<&Sample, &CallError>) -> Self {
        match answer {
            Err(_) => Self::Error,
            Ok(sample) if sample.samples < check.min_samples => Self::NoData,
            Ok(Sample { holds: None, .. }) => Self::NoData,
            Ok(Sample { holds: Some(true), .. }) => Self::Pass,
            Ok(Sample { holds: Some(false), .. }) => Self::Fail,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lw_retry::Failure;

    use super::*;
    use crate::strategy::{Missing, OnFail};
    use crate::target::Phase;
    use crate::words::{ReleaseId, RolloutId};

    const WAVE: Time = Time::from_millis(1_000_000);

    fn release(name: &str) -> Option<ReleaseId> {
        Some(ReleaseId::new(name))
    }

    fn record() -> Record {
        Record {
            rollout: RolloutId::new("2.1"),
            release: ReleaseId::new("2"),
            previous: release("1"),
            strategy: String::new(),
            members: 1,
            phase: Phase::Applying,
            wave: 1,
            since: WAVE,
            baking: None,
            token: 1,
            why: None,
            is_asked: false,
        }
    }

    fn member() -> Member {
        Member {
            assigned: release("2"),
            running: release("1"),
            running_since: None,
            healthy_since: Some(Time::ZERO),
            presence: Presence::Online,
            update: Update::None,
            locked: false,
            poll: Duration::from_secs(600),
            mark: None,
        }
    }

    fn at(member: &Member, seconds: u64) -> Standing {
        in_record(member, &record(), seconds)
    }

    fn in_record(member: &Member, record: &Record, seconds: u64) -> Standing {
        let mark = Mark {
            rollout: record.rollout.clone(),
            release: record.release.clone(),
            wave: 1,
            previous: None,
            found: None,
        };
        standing(member, &mark, record, &Strategy::default(), WAVE.plus(Duration::from_secs(seconds)), false)
    }

    #[test]
    fn a_member_gets_two_polls_and_a_download_or_the_timeout_if_that_is_more() {
        // 2 * 600 s + 600 s.
        assert_eq!(at(&member(), 1799), Standing::Waiting);
        assert_eq!(at(&member(), 1800), Standing::Failed(Failed::Late));
        let quick = Member { poll: Duration::from_secs(10), ..member() };
        assert_eq!(at(&quick, 1199), Standing::Waiting);
        assert_eq!(at(&quick, 1200), Standing::Failed(Failed::Late));
        let forever = Member { poll: Duration::MAX, ..member() };
        assert_eq!(at(&forever, 1_000_000), Standing::Waiting);
    }

    #[test]
    fn a_member_that_was_offline_before_says_nothing_and_one_that_went_with_the_update_failed() {
        let offline = |since| Member { presence: Presence::Offline(since), ..member() };
        assert_eq!(at(&offline(Some(WAVE)), 9999), Standing::Unknown);
        let went = offline(Some(WAVE.plus(Duration::from_millis(1))));
        assert_eq!(at(&went, 1799), Standing::Waiting);
        assert_eq!(at(&went, 1800), Standing::Failed(Failed::Lost));
        assert_eq!(at(&offline(None), 1800), Standing::Failed(Failed::Lost));
    }

    #[test]
    fn what_the_member_says_of_the_update_counts() {
        let says = |update| Member { update, ..member() };
        assert_eq!(at(&says(Update::Rejected), 0), Standing::Failed(Failed::Rejected));
        assert_eq!(at(&says(Update::Held), 1799), Standing::Waiting);
        assert_eq!(at(&says(Update::Held), 1800), Standing::Held);
        let strategy = Strategy { on_held: OnHeld::Fail, ..Strategy::default() };
        let mark = Mark {
            rollout: RolloutId::new("2.1"),
            release: ReleaseId::new("2"),
            wave: 1,
            previous: None,
            found: None,
        };
        let late = WAVE.plus(Duration::from_secs(1800));
        assert_eq!(
            standing(&says(Update::Held), &mark, &record(), &strategy, late, false),
            Standing::Failed(Failed::Held)
        );
    }

    #[test]
    fn an_assignment_of_somebody_else_is_left_alone() {
        let assigned = |assigned| Member { assigned, ..member() };
        assert_eq!(at(&assigned(release("3")), 9999), Standing::Taken);
        assert_eq!(at(&assigned(None), 9999), Standing::Waiting);
        let mark = Mark {
            rollout: RolloutId::new("2.1"),
            release: ReleaseId::new("2"),
            wave: 1,
            previous: None,
            found: None,
        };
        let failed = standing(&assigned(None), &mark, &record(), &Strategy::default(), WAVE, true);
        assert_eq!(failed, Standing::Failed(Failed::NotAssigned));
    }

    #[test]
    fn health_is_held_from_the_beginning_of_the_bake() {
        let baking = WAVE.plus(Duration::from_secs(100));
        let record = Record { baking: Some(baking), phase: Phase::Baking, ..record() };
        let healthy = |since| Member { running: release("2"), healthy_since: since, ..member() };
        let after = baking.plus(Duration::from_millis(1));
        assert_eq!(in_record(&healthy(Some(baking)), &record, 200), Standing::Passed);
        assert_eq!(in_record(&healthy(Some(after)), &record, 200), Standing::Failed(Failed::Flapped));
        assert_eq!(in_record(&healthy(None), &record, 101), Standing::Failed(Failed::Unhealthy));
        // It came back to the wave only now: nothing is known of it yet.
        let late = Member { running_since: Some(after), ..healthy(Some(after)) };
        assert_eq!(in_record(&late, &record, 200), Standing::Unknown);
        let early = Member { running_since: Some(baking), ..healthy(Some(after)) };
        assert_eq!(in_record(&early, &record, 200), Standing::Failed(Failed::Flapped));
        // Before the bake a release may take its time to become healthy.
        assert_eq!(at(&healthy(None), 1799), Standing::Waiting);
        assert_eq!(at(&healthy(None), 1800), Standing::Failed(Failed::Unhealthy));
        assert_eq!(at(&healthy(Some(after)), 200), Standing::Passed);
    }

    #[test]
    fn a_wave_fails_when_more_failed_than_may_and_no_sooner_than_there_are_samples() {
        let five = Share::percent(5).unwrap();
        let tally = |passed, failed, waiting| Tally { passed, failed, waiting, uncounted: 50 };
        for (counts, samples, verdict) in [
            (tally(38, 2, 0), 1, Verdict::Pass),
            (tally(37, 3, 0), 1, Verdict::Fail),
            // Two of forty may fail, so three have to be known before it has failed.
            (tally(0, 2, 38), 1, Verdict::Open),
            (tally(0, 3, 37), 1, Verdict::Fail),
            (tally(0, 3, 37), 3, Verdict::Fail),
            (tally(0, 3, 37), 4, Verdict::Open),
            (tally(1, 2, 0), 4, Verdict::NoData),
            (tally(4, 0, 0), 4, Verdict::Pass),
            (tally(3, 0, 0), 4, Verdict::NoData),
            (tally(0, 0, 0), 1, Verdict::NoData),
            (tally(0, 0, 1), 1, Verdict::Open),
            (tally(4, 0, 1), 4, Verdict::Open),
        ] {
            assert_eq!(counts.verdict(five, samples), verdict, "{counts:?}, {samples}");
        }
        assert_eq!(tally(0, 40, 0).verdict(Share::ALL, 1), Verdict::Pass);
        assert_eq!(tally(1000, 1, 0).verdict(Share::NONE, 1), Verdict::Fail);
    }

    #[test]
    fn only_those_that_say_something_are_counted() {
        let mut tally = Tally::default();
        for standing in [
            Standing::Passed,
            Standing::Passed,
            Standing::Failed(Failed::Late),
            Standing::Waiting,
            Standing::Unknown,
            Standing::Held,
            Standing::Taken,
        ] {
            tally.add(standing);
        }
        assert_eq!(tally, Tally { passed: 2, failed: 1, waiting: 1, uncounted: 3 });
        assert_eq!(tally.counted(), 4);
    }

    #[test]
    fn a_check_has_four_outcomes() {
        let check = Check {
            name: "errors".to_owned(),
            every: Duration::from_secs(60),
            in_a_row: 1,
            min_samples: 100,
            on_fail: OnFail::RollBack,
            on_no_data: Missing::Wait,
            on_error: Missing::Wait,
        };
        let outcome =
            |samples, holds| CheckOutcome::of(&check, Ok(&Sample { samples, holds, said: String::new() }));
        assert_eq!(outcome(100, Some(true)), CheckOutcome::Pass);
        assert_eq!(outcome(100, Some(false)), CheckOutcome::Fail);
        assert_eq!(outcome(99, Some(false)), CheckOutcome::NoData);
        assert_eq!(outcome(99, Some(true)), CheckOutcome::NoData);
        assert_eq!(outcome(100, None), CheckOutcome::NoData);
        let error = CallError { failure: Failure::NoAnswer, retry_after: None, message: String::new() };
        assert_eq!(CheckOutcome::of(&check, Err(&error)), CheckOutcome::Error);
    }
}
