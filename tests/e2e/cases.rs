//! Each case of `tests/cases/<tool>/` in each way its action runs, a test by itself: `size-gate/pass/act`. All ways see
//! the same outputs, annotations and summary.
//!
//! ```sh
//! cargo test --package lw-e2e --test cases -- size-gate/pass          # these
//! cargo test --package lw-e2e --test cases -- --exact size-gate/pass/act
//! ```
//!
//! What a machine lacks (act, docker) makes a test ignored, with the reason; with `LW_REQUIRE_E2E=1` it fails.

#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]
// Helpers of tests are tests: a panic there is a failing test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
// The modules are those of the other target as well.
#![allow(dead_code, unused_imports)]

#[cfg(target_os = "linux")]
mod act;
#[cfg(target_os = "linux")]
mod case;
#[cfg(target_os = "linux")]
mod each;
#[cfg(target_os = "linux")]
mod engine;
#[cfg(target_os = "linux")]
mod support;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    each::run()
}

/// The tests of other systems are jobs of the workflows.
#[cfg(not(target_os = "linux"))]
fn main() {}
