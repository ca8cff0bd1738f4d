//! coverage-gate as its users meet it: the binary, on a small project and on repositories.

#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]
// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod diff_cover;
mod files;
mod html;
mod kinds;
#[cfg(unix)]
mod memory;
mod pull_request;
mod reported;
mod rules;
mod transcripts;
