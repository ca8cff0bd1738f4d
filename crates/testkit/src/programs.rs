//! The other programs tests need: judges, engines, linters.

use std::path::PathBuf;

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
