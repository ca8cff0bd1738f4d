//! What happens when the system gives no more memory.
//!
//! Where a length that a file declares decides, the readers ask with `try_reserve` or hold it to a bound, and answer with
//! an error. Any other allocation that fails, of whatever library, makes the standard library say `memory allocation of N
//! bytes failed` and abort: a shell sees 134, which no exit code of ours is. Only the signal is left to act on.

use crate::exit::Exit;

/// Makes an abort end the process with the exit code for what the system refused.
///
/// A panic does not come here, even where panics abort: its hook has ended the process before. What is left is memory, of
/// the heap or of a stack, and the standard library has said which.
#[cfg(unix)]
pub(crate) fn end_aborts_with_an_exit_code() {
    use std::sync::atomic::AtomicBool;
    use std::sync::{Arc, Once};

    static ONCE: Once = Once::new();
    let code = i32::from(Exit::Remote.code());
    ONCE.call_once(|| {
        // Without it, which only a system that refuses signal handlers gives, aborts stay what they were.
        let always = Arc::new(AtomicBool::new(true));
        let _ = signal_hook::flag::register_conditional_shutdown(libc::SIGABRT, code, always);
    });
}

/// Whether the system gives no more memory, not even a little. Some libraries panic then instead of aborting: zlib-rs,
/// and the standard library where a thread gets no stack for its signals.
pub(crate) fn is_exhausted() -> bool {
    /// More than any of these ask for.
    const LITTLE: usize = 8 << 20;
    Vec::<u8>::new().try_reserve_exact(LITTLE).is_err()
}

#[cfg(not(unix))]
pub(crate) fn end_aborts_with_an_exit_code() {}
