//! The time by Balena's clock.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use lw_rollout::Time;

/// How far one answer may move the time: the second that `Date` leaves out, and what two clocks drift apart.
const STEP: i64 = 2000;

/// The time by Balena's clock, as its answers say and as time passes here between them. It never goes back.
///
/// One server of several whose clock is ahead does not shorten a bake: a jump of more than two seconds is believed when the next answer
/// says the same. Neither does a clock here that runs fast: where answers say that the time was ahead, it stands still until they have come up.
pub struct ServerTime {
    elapsed: Box<dyn Fn() -> Duration + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The server's time less the time that has passed here, in milliseconds.
    offset: Option<i64>,
    /// A jump that one answer says, ahead or back.
    jump: Option<i64>,
    /// What was shown last.
    shown: u64,
}

impl std::fmt::Debug for ServerTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ServerTime").field(&self.now()).finish()
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

impl ServerTime {
    /// A time that passes as `elapsed` says; it is [`Time::ZERO`] until the first answer.
    pub fn new(elapsed: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self { elapsed: Box::new(elapsed), state: Mutex::default() }
    }

    /// An answer says that it is this late, in seconds since 1970.
    pub fn heard(&self, seconds: u64) {
        let said = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
        let sample = said.saturating_sub(millis((self.elapsed)()));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(offset) = state.offset else {
            state.offset = Some(sample);
            return;
        };
        if sample.saturating_sub(offset).abs() <= STEP {
            state.offset = Some(offset.max(sample));
            state.jump = None;
        } else if let Some(jump) = state.jump.filter(|jump| sample.saturating_sub(*jump).abs() <= STEP) {
            state.offset = Some(jump.max(sample));
            state.jump = None;
        } else {
            state.jump = Some(sample);
        }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Time {
        let elapsed = millis((self.elapsed)());
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = state.offset.map_or(0, |offset| offset.saturating_add(elapsed));
        state.shown = state.shown.max(u64::try_from(now).unwrap_or(0));
        Time::from_millis(state.shown)
    }
}

/// Reads a time of the API: `2026-11-21T08:17:07.030Z`, always in UTC.
///
/// `None` for anything else; a time that cannot be read is as one that is not known.
pub(crate) fn read(text: &str) -> Option<Time> {
    // The library takes other forms as well.
    let is_of_api = text.as_bytes().get(10) == Some(&b'T') && text.ends_with('Z');
    let time: Timestamp = text.parse().ok().filter(|_| is_of_api)?;
    u64::try_from(time.as_millisecond()).ok().map(Time::from_millis)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn times_of_the_api_are_read() {
        for (text, millis) in [
            ("1970-01-01T00:00:00.000Z", 0),
            ("2026-11-21T08:17:07.030Z", 1_795_249_027_030),
            ("2024-02-29T23:59:59Z", 1_709_251_199_000),
            ("2000-03-01T00:00:00.5Z", 951_868_800_500),
        ] {
            assert_eq!(read(text), Some(Time::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            "Z",
            "2026-11-21T08:17:07.030",
            "2026-11-21 08:17:07Z",
            "2026-13-21T08:17:07Z",
            "2026-11-21T24:17:07Z",
            "2026-11-21T08:17:07.Z",
            "2026-11-21T08:17:07.0x0Z",
            "2026-11-21T08:17:07+01:00",
            "1969-11-21T08:17:07Z",
            "2026-1-21T08:17:07Z",
            "2026-11-21T08:17:07:08Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn time_follows_the_server_and_one_server_ahead_is_not_believed() {
        let passed = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&passed);
        let time = ServerTime::new(move || Duration::from_millis(clock.load(Ordering::Relaxed)));
        assert_eq!(time.now(), Time::ZERO);
        time.heard(1000);
        assert_eq!(time.now(), Time::from_millis(1_000_000));
        passed.store(900, Ordering::Relaxed);
        time.heard(1001);
        assert_eq!(time.now(), Time::from_millis(1_001_000));
        // A server that is behind, and one that is ahead.
        time.heard(990);
        time.heard(5000);
        time.heard(1001);
        assert_eq!(time.now(), Time::from_millis(1_001_000));
        // This machine has slept: every answer says so.
        time.heard(5000);
        time.heard(5000);
        time.heard(5001);
        assert_eq!(time.now(), Time::from_millis(5_001_000));
        // A minute has passed here, and ten seconds there: the time stands still until it has come up.
        passed.store(60_900, Ordering::Relaxed);
        assert_eq!(time.now(), Time::from_millis(5_061_000));
        time.heard(5011);
        time.heard(5011);
        assert_eq!(time.now(), Time::from_millis(5_061_000));
        passed.store(100_900, Ordering::Relaxed);
        assert_eq!(time.now(), Time::from_millis(5_061_000));
        passed.store(112_900, Ordering::Relaxed);
        assert_eq!(time.now(), Time::from_millis(5_063_000));
    }
}
