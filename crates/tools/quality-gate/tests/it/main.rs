//! quality-gate as its users meet it: the binary, on files made here.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod base;
mod common;
mod judging;
mod matrix;
mod needs;
mod numbers;
mod presets;
mod reports;

use lw_testkit::tool::transcripts;

#[test]
fn every_call_prints_what_it_did() {
    transcripts();
}
