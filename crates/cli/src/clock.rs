//! Time that passes during a run, waiting for it, and being told to stop meanwhile.
//!
//! A tool that waits does so by the [`Clock`] of its [`Context`](crate::Context) and no other way: tests give it one that jumps. SIGTERM and
//! SIGINT end a process as ever, until it says that it [catches](Clock::catch_signals) them; from then on they wake it, and it
//! has the seconds a CI leaves it to bring its work to a good end.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::error::Error;

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// Its time is over.
    Time,
    /// Somebody wants the process to stop.
    Signal,
}

/// The time of a run. Clones are one clock.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    Real(Real),
    Driven(Arc<Driven>),
}

impl Clock {
    /// The clock of the machine.
    #[must_use]
    pub fn real() -> Self {
        Self(Source::Real(Real::start()))
    }

    /// A clock that stands still but for the waits of whoever uses it, which take no time.
    #[must_use]
    pub fn driven(driven: &Arc<Driven>) -> Self {
        Self(Source::Driven(Arc::clone(driven)))
    }

    /// How long the run has taken so far. It never goes back, and what anybody does to the time of day does not change it.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Source::Real(real) => real.elapsed(),
            Source::Driven(driven) => driven.elapsed(),
        }
    }

    /// The time of day, since 1970. It may jump; it is for showing and for comparing with what others write, and no time that passes
    /// is measured by it. What goes into an output is [`Context::now`](crate::Context::now).
    #[must_use]
    pub fn since_1970(&self) -> Duration {
        match &self.0 {
            Source::Real(_) => Real::since_1970(),
            Source::Driven(driven) => driven.began.saturating_add(driven.elapsed()),
        }
    }

    /// Waits that long, or until somebody wants the process to stop, where that is caught.
    ///
    /// Every signal ends one wait: one that came before this wait ends it at once, unless [`signals`](Self::signals) has told of it.
    #[must_use]
    pub fn sleep(&self, span: Duration) -> Woken {
        match &self.0 {
            Source::Real(real) => real.sleep(span),
            Source::Driven(driven) => driven.sleep(span),
        }
    }

    /// From now on SIGTERM and SIGINT do not end the process, but wake it and are counted.
    ///
    /// # Errors
    /// When the system refuses it.
    pub fn catch_signals(&self) -> Result<(), Error> {
        match &self.0 {
            Source::Real(_) => {
                signals::catch().map_err(|error| Error::remote(format!("signals cannot be caught: {error}")))
            }
            Source::Driven(_) => Ok(()),
        }
    }

    /// How often somebody has wanted the process to stop, since that is caught.
    #[must_use]
    pub fn signals(&self) -> u32 {
        match &self.0 {
            Source::Real(_) => signals::count(),
            Source::Driven(driven) => driven.signals(),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.0 {
            Source::Real(_) => "real",
            Source::Driven(_) => "driven",
        };
        f.debug_tuple("Clock").field(&kind).finish()
    }
}

/// A clock for tests: it shows the sum of all waits.
#[derive(Debug, Default)]
pub struct Driven {
    /// The time of day at its beginning, since 1970.
    pub began: Duration,
    /// When somebody wants the process to stop, since the beginning, in order.
    pub stops: Vec<Duration>,
    waited: Mutex<Vec<Duration>>,
    told: AtomicU32,
}

impl Driven {
    /// The waits so far, each as long as it became.
    #[must_use]
    pub fn waits(&self) -> Vec<Duration> {
        self.waited.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn elapsed(&self) -> Duration {
        self.waits().into_iter().fold(Duration::ZERO, Duration::saturating_add)
    }

    fn signals(&self) -> u32 {
        let now = self.elapsed();
        let count = self.stops.iter().filter(|stop| **stop <= now).count();
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.told.store(count, Ordering::Relaxed);
        count
    }

    fn sleep(&self, span: Duration) -> Woken {
        let now = self.elapsed();
        let told = usize::try_from(self.told.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
        let stop = self.stops.get(told).map(|stop| stop.saturating_sub(now)).filter(|left| *left <= span);
        if stop.is_some() {
            self.told.fetch_add(1, Ordering::Relaxed);
        }
        self.waited.lock().unwrap_or_else(PoisonError::into_inner).push(stop.unwrap_or(span));
        if stop.is_some() { Woken::Signal } else { Woken::Time }
    }
}

/// The clock of the machine, from the moment it was made.
#[derive(Clone, Copy)]
struct Real {
    began: std::time::Instant,
}

#[allow(clippy::disallowed_methods, reason = "this is the clock that everything else has to use")]
impl Real {
    fn start() -> Self {
        Self { began: std::time::Instant::now() }
    }

    fn elapsed(self) -> Duration {
        self.began.elapsed()
    }

    fn since_1970() -> Duration {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
    }

    fn sleep(self, span: Duration) -> Woken {
        let until = self.elapsed().saturating_add(span);
        match signals::wait(&|| until.saturating_sub(self.elapsed())) {
            Some(woken) => woken,
            None => {
                std::thread::sleep(span);
                Woken::Time
            }
        }
    }
}

/// Whether SIGTERM and SIGINT are caught, so that the tool ends as it sees fit when one comes.
#[cfg(target_os = "linux")]
pub(crate) fn signals_are_caught() -> bool {
    signals::are_caught()
}

/// SIGTERM and SIGINT as bytes of a pipe: a handler of a signal may write one, and who reads with a limit of time can wait for it.
#[cfg(unix)]
mod signals {
    use std::io::{self, Read};
    use std::os::unix::net::UnixStream;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Mutex, OnceLock, PoisonError};
    use std::time::Duration;

    use super::Woken;

    struct Pipe {
        read: Mutex<UnixStream>,
        count: AtomicU32,
    }

    /// Signals are the process's, so there is one pipe however many clocks there are.
    static PIPE: OnceLock<Pipe> = OnceLock::new();

    pub(super) fn catch() -> io::Result<()> {
        static ONE: Mutex<()> = Mutex::new(());
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        if PIPE.get().is_some() {
            return Ok(());
        }
        let (read, write) = UnixStream::pair()?;
        for signal in [libc::SIGTERM, libc::SIGINT] {
            signal_hook::low_level::pipe::register(signal, write.try_clone()?)?;
        }
        let _ = PIPE.set(Pipe { read: Mutex::new(read), count: AtomicU32::new(0) });
        Ok(())
    }

    #[cfg(target_os = "linux")]
    pub(super) fn are_caught() -> bool {
        PIPE.get().is_some()
    }

    pub(super) fn count() -> u32 {
        let Some(pipe) = PIPE.get() else { return 0 };
        // Who waits at the moment counts what comes.
        if let Ok(mut read) = pipe.read.try_lock() {
            pipe.take(&mut read, Some(Duration::ZERO));
        }
        pipe.count.load(Ordering::Relaxed)
    }

    /// Waits for a signal as long as something is left; `None` where none is caught.
    pub(super) fn wait(left: &dyn Fn() -> Duration) -> Option<Woken> {
        let pipe = PIPE.get()?;
        let mut read = pipe.read.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let span = left();
            if pipe.take(&mut read, Some(span)) {
                return Some(Woken::Signal);
            }
            if left().is_zero() {
                return Some(Woken::Time);
            }
        }
    }

    impl Pipe {
        /// Takes what has come or comes in that time; whether there was anything.
        fn take(&self, read: &mut UnixStream, span: Option<Duration>) -> bool {
            let mut bytes = [0; 64];
            // The system takes no limit of nothing.
            let span = span.map(|span| span.max(Duration::from_millis(1)));
            if read.set_read_timeout(span).is_err() {
                return false;
            }
            match read.read(&mut bytes) {
                Ok(some @ 1..) => {
                    self.count.fetch_add(u32::try_from(some).unwrap_or(u32::MAX), Ordering::Relaxed);
                    true
                }
                // Nothing yet, or the very signal has interrupted it: the next call takes its byte.
                Ok(0) | Err(_) => false,
            }
        }
    }
}

/// Elsewhere a console ends the process.
#[cfg(not(unix))]
mod signals {
    use std::io;
    use std::time::Duration;

    use super::Woken;

    pub(super) fn catch() -> io::Result<()> {
        Ok(())
    }

    pub(super) fn count() -> u32 {
        0
    }

    pub(super) fn wait(_left: &dyn Fn() -> Duration) -> Option<Woken> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_driven_clock_shows_the_sum_of_its_waits() {
        let driven = Arc::new(Driven { began: seconds(1_700_000_000), ..Driven::default() });
        let clock = Clock::driven(&driven);
        assert_eq!((clock.elapsed(), clock.since_1970()), (seconds(0), seconds(1_700_000_000)));
        assert_eq!(clock.sleep(seconds(30)), Woken::Time);
        assert_eq!(clock.clone().sleep(seconds(12)), Woken::Time);
        assert_eq!((clock.elapsed(), clock.since_1970()), (seconds(42), seconds(1_700_000_042)));
        assert_eq!(driven.waits(), [seconds(30), seconds(12)]);
    }

    #[test]
    fn a_stop_ends_one_wait_and_is_counted() {
        let driven = Arc::new(Driven { stops: vec![seconds(40), seconds(100)], ..Driven::default() });
        let clock = Clock::driven(&driven);
        assert_eq!((clock.sleep(seconds(30)), clock.signals()), (Woken::Time, 0));
        assert_eq!((clock.sleep(seconds(30)), clock.signals()), (Woken::Signal, 1));
        assert_eq!(clock.elapsed(), seconds(40));
        assert_eq!(clock.sleep(seconds(59)), Woken::Time);
        assert_eq!(clock.sleep(seconds(1)), Woken::Signal);
        assert_eq!((clock.sleep(seconds(1)), clock.signals()), (Woken::Time, 2));
    }

    /// The only test that sends this process a signal: they are counted for all of it.
    #[cfg(unix)]
    #[test]
    fn a_signal_wakes_who_waits_and_ends_nothing() {
        let clock = Clock::real();
        // Something unfinished is not what ends the process then.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("unfinished");
        std::fs::write(&path, "half").unwrap();
        let unfinished = crate::files::Unfinished::new(&path);
        clock.catch_signals().unwrap();
        clock.catch_signals().unwrap();
        assert_eq!((clock.sleep(Duration::from_millis(20)), clock.signals()), (Woken::Time, 0));
        assert!(clock.elapsed() >= Duration::from_millis(20));
        let me = rustix::process::getpid();
        rustix::process::kill_process(me, rustix::process::Signal::TERM).unwrap();
        assert_eq!(clock.sleep(seconds(60)), Woken::Signal);
        assert_eq!(clock.signals(), 1);
        let other = std::thread::spawn(move || {
            let _ = Clock::real().sleep(Duration::ZERO);
            rustix::process::kill_process(me, rustix::process::Signal::INT).unwrap();
        });
        let deadline = clock.elapsed() + seconds(30);
        while clock.signals() < 2 && clock.elapsed() < deadline {
            let _ = clock.sleep(seconds(1));
        }
        other.join().unwrap();
        assert_eq!(clock.signals(), 2);
        assert!(path.exists());
        drop(unfinished);
    }
}
