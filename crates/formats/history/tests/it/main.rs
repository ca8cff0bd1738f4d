//! Repositories and diffs, compared with what git itself says of them.

#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]
// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::type_complexity)]

mod base;
mod log;
mod repositories;
mod submodules;
mod tags;
mod texts;
mod work_tree;
