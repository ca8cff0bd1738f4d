//! The other programs tests need: judges, engines, linters; and signals for those they have started.

use std::fmt::Display;
use std::path::PathBuf;
use std::process::{Child, Command};

use crate::skip;

/// A variable of the environment the tests run in, when it holds something.
#[must_use]
pub fn env(name: &str) -> Option<String> {
    #[allow(clippy::disallowed_methods)]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where `.ci/e2e-setup` puts what it installs: `LW_E2E_CACHE`, or a folder of the user's cache.
#[must_use]
pub fn e2e_cache() -> PathBuf {
    env("LW_E2E_CACHE")
        .map_or_else(|| PathBuf::from(env("HOME").unwrap_or_default()).join(".cache/lw-e2e"), PathBuf::from)
}

/// The program of this name on PATH.
#[must_use]
pub fn which(name: &str) -> Option<PathBuf> {
    let path = env("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A program the tests need, from where `.ci/e2e-setup` installs it or from PATH; links are followed, so that what lies
/// beside the program (its Python) lies beside the answer.
#[must_use]
pub fn program(name: &str) -> Option<PathBuf> {
    let installed = e2e_cache().join("bin").join(name);
    if installed.is_file() { installed.canonicalize().ok() } else { which(name) }
        .or_else(|| skip(&format!("`{name}` is not installed; .ci/e2e-setup installs it")))
}

/// Sends a signal, by its name without `SIG`, to a program the test has started. The shell does it: not every machine has a
/// program `kill`.
///
/// # Panics
/// When it cannot be sent.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -s {name} {}", child.id())]).status();
    assert!(sent.is_ok_and(|status| status.success()), "process {} was not sent {name}", child.id());
}

/// Whether a process (its number, or `self`) ignores a signal, as under `nohup`: what it starts then ignores it, too. Linux only.
///
/// # Panics
/// When `/proc` does not tell (proc_pid_status(5), `SigIgn`).
#[must_use]
pub fn ignores(process: impl Display, signal: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    assert!(mask.is_some(), "/proc/{process}/status has no signals");
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
