//! coverage-gate as its users meet it: the binary, on a small project and on repositories.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod diff_cover;
mod files;
mod html;
#[cfg(unix)]
mod memory;
mod pull_request;
mod reported;
mod rules;
mod transcripts;
