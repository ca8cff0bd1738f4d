//! For tests only: where fixtures lie, whether a test that needs something may be skipped, repositories to compare ([`git`]),
//! other programs ([`program`]) and signals for them ([`signal`]), a tool's binary run as its users do ([`tool`]), a strict runner
//! for composite actions ([`runner`]), a server that fails as told ([`http`]), Balena with a fleet of devices ([`balena`]),
//! GitHub ([`github`]), a secret whose every trace is looked for ([`canary`]), and checkers of bills of materials ([`bills`]).

#![allow(clippy::disallowed_methods, reason = "it runs tools and other programs, and waits for them")]

pub mod bills;
pub mod canary;
pub mod git;
mod programs;
pub mod runner;
pub mod tool;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

pub use lw_balena_stub as balena;
pub use lw_github_stub as github;
pub use lw_loopback as http;
pub use programs::{e2e_cache, env, ignores, program, signal, which};

/// Whether a missing peer, engine or fixture is a failure instead of a skip (`LW_REQUIRE_E2E=1`).
#[must_use]
pub fn required() -> bool {
    #[allow(clippy::disallowed_methods)]
    std::env::var_os("LW_REQUIRE_E2E").is_some_and(|value| value == "1")
}

/// Says why a test is skipped and returns `None`, or panics where skipping is not allowed.
///
/// # Panics
/// When `LW_REQUIRE_E2E=1`.
pub fn skip<T>(why: &str) -> Option<T> {
    assert!(!required(), "required by LW_REQUIRE_E2E=1 but {why}");
    #[allow(clippy::print_stderr)]
    {
        eprintln!("skipped: {why}");
    }
    None
}

/// Does the same with each of many things, with four times as many of them at once as there are processors, since most wait for servers
/// and for time: a test that goes through them one by one still runs when all others have ended. Tests of crates below `lw-cli` cannot
/// call its `parallel::map`.
pub fn for_each_at_once<T: Sync>(things: &[T], what: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 * std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(thing) = things.get(next.fetch_add(1, Ordering::Relaxed)) {
                    what(thing);
                }
            });
        }
    });
}

/// The root of the checkout.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// A third-party fixture, looked for in `shared/fixtures` beside the checkout.
#[must_use]
pub fn shared_fixture(path: &str) -> Option<PathBuf> {
    shared(&format!("fixtures/{path}"))
}

/// A third-party file, looked for in `shared` beside the checkout; none where `LW_WITHOUT_SHARED` is set, as where programs for another
/// platform run that cannot unpack them.
#[must_use]
pub fn shared(path: &str) -> Option<PathBuf> {
    let file = root().join("../shared").join(path);
    let is_there = file.exists() && env("LW_WITHOUT_SHARED").is_none();
    if is_there { Some(file) } else { skip(&format!("{} is not there", file.display())) }
}
