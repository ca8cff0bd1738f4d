//! What a run leaves behind that is told to end: nothing.
//!
//! A CI that cancels a job sends SIGINT and SIGTERM. Their handlers may do next to nothing, so a thread waits for them: it
//! removes what is not finished, and ends the process as the signal would have. A signal that was ignored when the
//! process began, as `nohup` has it, stays ignored.

#[cfg(target_os = "linux")]
pub(crate) use linux::Unfinished;

/// Something unfinished. Elsewhere it is left, to be cleared another day.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub(crate) struct Unfinished;

#[cfg(not(target_os = "linux"))]
impl Unfinished {
    pub(crate) fn new(_: &std::path::Path) -> Self {
        Self
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeSet;
    use std::io::{self, Read};
    use std::os::unix::net::UnixStream;
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
    use std::thread::Builder;

    use signal_hook::{flag, low_level};

    use crate::clock::signals_are_caught;

    static PATHS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

    /// Something unfinished, which is removed when the process is told to end while this is there.
    #[derive(Debug)]
    pub(crate) struct Unfinished {
        path: PathBuf,
    }

    impl Unfinished {
        /// Has a file or folder removed. Where no thread or handler can be had, it is left to be cleared another day.
        pub(crate) fn new(path: &Path) -> Self {
            start();
            paths().insert(path.to_owned());
            Self { path: path.to_owned() }
        }
    }

    impl Drop for Unfinished {
        fn drop(&mut self) {
            paths().remove(&self.path);
        }
    }

    fn paths() -> MutexGuard<'static, BTreeSet<PathBuf>> {
        PATHS.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for signals from now on; once.
    fn start() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let _ = wait_for_signals();
        });
    }

    fn wait_for_signals() -> io::Result<()> {
        /// It removes files, and nothing more.
        const STACK: usize = 64 << 10;
        let (mut here, there) = UnixStream::pair()?;
        let which = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&which);
        // Before the handlers are there: a signal that nobody waits for would be lost.
        Builder::new().name("signals".into()).stack_size(STACK).spawn(move || {
            while here.read_exact(&mut [0]).is_ok() {
                let signal = i32::try_from(seen.load(Ordering::SeqCst)).unwrap_or(0);
                // A tool that catches these two ends as it sees fit, and drops what it has not finished.
                let is_caught = matches!(signal, libc::SIGINT | libc::SIGTERM) && signals_are_caught();
                if !is_caught {
                    end(signal);
                }
            }
        })?;
        let ignored = ignored();
        for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
            let bit = u32::try_from(signal).ok().and_then(|signal| signal.checked_sub(1));
            let Some(number) =
                usize::try_from(signal).ok().filter(|_| bit.is_some_and(|bit| ignored >> bit & 1 == 0))
            else {
                continue;
            };
            flag::register_usize(signal, Arc::clone(&which), number)?;
            low_level::pipe::register(signal, there.try_clone()?)?;
        }
        // Never closed: the thread waits as long as the process is there.
        std::mem::forget(there);
        Ok(())
    }

    /// Signals that are ignored, as a set of bits from the one with the number 1; all, where that is not known.
    fn ignored() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(u64::MAX)
    }

    fn end(signal: i32) {
        for path in std::mem::take(&mut *paths()) {
            if std::fs::remove_file(&path).is_err() {
                let _ = std::fs::remove_dir_all(&path);
            }
        }
        let _ = low_level::emulate_default_handler(signal);
    }
}
