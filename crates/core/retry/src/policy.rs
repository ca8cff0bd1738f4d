//! Whether and when to try again.

use std::time::Duration;

/// How often and for how long something is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How often it is tried altogether; 1 is once.
    pub attempts: u32,
    /// The wait after the first failure; it doubles with each.
    pub base: Duration,
    /// The longest wait the doubling leads to.
    pub cap: Duration,
    /// How long after the first attempt the last one may begin, waits included.
    pub total: Duration,
}

impl Default for Policy {
    /// Five attempts within two minutes, 1 s, 2 s, 4 s and 8 s apart before jitter.
    fn default() -> Self {
        Self {
            attempts: 5,
            base: Duration::from_secs(1),
            cap: Duration::from_secs(30),
            total: Duration::from_secs(120),
        }
    }
}

/// What sending a request twice does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeatable {
    /// The same as sending it once: it reads, or it sets something to a value.
    Yes,
    /// Something else: it creates or counts. It is sent again only when the server is known not to have acted on it.
    No,
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It never reached the server: no address, no connection, no TLS.
    NotSent,
    /// It was sent, and no whole answer came: whether the server acted on it is not known.
    NoAnswer,
    /// The server answered with this status.
    Status(u16),
    /// The server answered with something that is no answer of its kind, such as a proxy's page.
    NotUnderstood,
}

impl Failure {
    /// Whether it may be gone by itself after a while.
    #[must_use]
    pub fn is_transient(self) -> bool {
        match self {
            Self::NotSent | Self::NoAnswer | Self::NotUnderstood => true,
            Self::Status(status) => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504),
        }
    }

    /// Whether the server is known not to have acted on the request: it never had it, or says that it was too early or too much.
    ///
    /// A 503 is not among them: gateways say it after they have passed a request on.
    #[must_use]
    pub fn was_not_acted_on(self) -> bool {
        matches!(self, Self::NotSent | Self::Status(425 | 429))
    }
}

/// An attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Which it was, from 1.
    pub number: u32,
    /// Why it failed.
    pub failure: Failure,
    /// What sending it again would do.
    pub repeatable: Repeatable,
    /// How long the server asked to wait; see [`retry_after`](crate::retry_after).
    pub retry_after: Option<Duration>,
    /// How long ago the first attempt began.
    pub elapsed: Duration,
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Try again after this long.
    Again(Duration),
    /// Do not.
    Stop(Stop),
}

/// Why there is no further attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The failure will not go away by itself.
    Permanent,
    /// The request may have been acted on, and twice would not be the same as once.
    NotRepeatable,
    /// It was tried often enough.
    Attempts,
    /// The next attempt would begin after the time for all of them is over.
    Total,
}

impl Policy {
    /// When the next attempt is, after one that failed. The order of the reasons is that of [`Stop`].
    ///
    /// The wait is `base` doubled for each failure up to `cap`, of which the seed chooses a point in the upper half: clients that failed
    /// together do not come back together. A server that asks for a longer wait gets it, uncapped: coming back
    /// sooner is what it forbade; one that asks for a shorter wait is not believed, since all others were told the same.
    #[must_use]
    pub fn next(&self, attempt: &Attempt, seed: u64) -> Decision {
        if !attempt.failure.is_transient() {
            return Decision::Stop(Stop::Permanent);
        }
        if attempt.repeatable == Repeatable::No && !attempt.failure.was_not_acted_on() {
            return Decision::Stop(Stop::NotRepeatable);
        }
        if attempt.number >= self.attempts {
            return Decision::Stop(Stop::Attempts);
        }
        let wait = self.wait(attempt.number, seed).max(attempt.retry_after.unwrap_or_default());
        if attempt.elapsed.saturating_add(wait) > self.total {
            return Decision::Stop(Stop::Total);
        }
        Decision::Again(wait)
    }

    /// The wait after the failure of attempt `number` (from 1), without what a server asks for.
    #[must_use]
    pub fn wait(&self, number: u32, seed: u64) -> Duration {
        let doubled = 2u32.checked_pow(number.saturating_sub(1)).unwrap_or(u32::MAX);
        let most = self.base.saturating_mul(doubled).min(self.cap);
        let half = most / 2;
        let nanos = u64::try_from((most - half).as_nanos()).unwrap_or(u64::MAX);
        // The remainder's bias is 2^-30 for waits of seconds, and nobody's concern.
        let share = mixed(seed ^ u64::from(number).rotate_left(32)) % nanos.saturating_add(1);
        half + Duration::from_nanos(share)
    }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): neighbouring seeds give unrelated numbers.
fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn failed(number: u32, failure: Failure) -> Attempt {
        Attempt { number, failure, repeatable: Repeatable::Yes, retry_after: None, elapsed: Duration::ZERO }
    }

    fn is_again(decision: Decision) -> bool {
        matches!(decision, Decision::Again(_))
    }

    #[test]
    fn what_passes_by_itself_is_tried_again_and_nothing_else() {
        let policy = Policy::default();
        for status in [408, 425, 429, 500, 502, 503, 504] {
            assert!(is_again(policy.next(&failed(1, Failure::Status(status)), 0)), "{status}");
        }
        for status in [200, 301, 400, 401, 403, 404, 405, 407, 409, 410, 412, 422, 451, 501, 505, 507] {
            let decision = policy.next(&failed(1, Failure::Status(status)), 0);
            assert_eq!(decision, Decision::Stop(Stop::Permanent), "{status}");
        }
        for failure in [Failure::NotSent, Failure::NoAnswer, Failure::NotUnderstood] {
            assert!(is_again(policy.next(&failed(1, failure), 0)), "{failure:?}");
        }
    }

    #[test]
    fn what_may_have_been_acted_on_is_not_sent_twice() {
        let policy = Policy::default();
        let once = |failure| policy.next(&Attempt { repeatable: Repeatable::No, ..failed(1, failure) }, 0);
        for failure in [Failure::NotSent, Failure::Status(429), Failure::Status(425)] {
            assert!(is_again(once(failure)), "{failure:?}");
        }
        for failure in [
            Failure::NoAnswer,
            Failure::NotUnderstood,
            Failure::Status(408),
            Failure::Status(500),
            Failure::Status(503),
        ] {
            assert_eq!(once(failure), Decision::Stop(Stop::NotRepeatable), "{failure:?}");
        }
    }

    #[test]
    fn attempts_are_counted_to_the_last() {
        let policy = Policy { attempts: 3, ..Policy::default() };
        assert!(is_again(policy.next(&failed(2, Failure::NotSent), 0)));
        assert_eq!(policy.next(&failed(3, Failure::NotSent), 0), Decision::Stop(Stop::Attempts));
        let once = Policy { attempts: 1, ..policy };
        assert_eq!(once.next(&failed(1, Failure::NotSent), 0), Decision::Stop(Stop::Attempts));
    }

    #[test]
    fn the_last_attempt_may_begin_when_the_time_ends_and_not_later() {
        let policy = Policy { total: Duration::from_secs(60), ..Policy::default() };
        let asked = |seconds, elapsed| Attempt {
            retry_after: Some(Duration::from_secs(seconds)),
            elapsed: Duration::from_secs(elapsed),
            ..failed(1, Failure::Status(429))
        };
        assert_eq!(policy.next(&asked(50, 10), 0), Decision::Again(Duration::from_secs(50)));
        assert_eq!(policy.next(&asked(51, 10), 0), Decision::Stop(Stop::Total));
        assert_eq!(policy.next(&asked(u64::MAX, u64::MAX), 0), Decision::Stop(Stop::Total));
    }

    #[test]
    fn a_server_makes_a_wait_longer_and_never_shorter() {
        let policy = Policy::default();
        let asked =
            |wait| policy.next(&Attempt { retry_after: Some(wait), ..failed(4, Failure::Status(503)) }, 7);
        assert_eq!(asked(Duration::from_secs(45)), Decision::Again(Duration::from_secs(45)));
        assert_eq!(asked(Duration::ZERO), Decision::Again(policy.wait(4, 7)));
    }

    #[test]
    fn waits_differ_by_seed_and_are_the_same_for_the_same_one() {
        let policy = Policy::default();
        assert_eq!(policy.wait(3, 42), policy.wait(3, 42));
        let different: std::collections::BTreeSet<_> = (0..100).map(|seed| policy.wait(3, seed)).collect();
        assert_eq!(different.len(), 100);
    }

    proptest! {
        #[test]
        fn a_wait_lies_in_the_upper_half_of_what_doubling_gives(number in 0u32..=u32::MAX, seed: u64, base in 0u64..100_000, cap in 0u64..100_000) {
            let policy = Policy { base: Duration::from_millis(base), cap: Duration::from_millis(cap), ..Policy::default() };
            let doublings = number.saturating_sub(1).min(40);
            let most = u128::from(base).saturating_mul(1 << doublings).min(u128::from(cap));
            let wait = policy.wait(number, seed).as_nanos();
            prop_assert!(wait <= most * 1_000_000);
            prop_assert!(wait >= most * 500_000);
        }
    }
}
