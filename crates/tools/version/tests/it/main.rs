//! version as its users meet it: the binary, on repositories made here.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]

mod files;
mod history;
#[cfg(unix)]
mod tag;

use lw_testkit::tool::{ToolBinary, transcripts};

const VERSION: ToolBinary = ToolBinary::new(env!("CARGO_BIN_EXE_version"));

#[test]
fn every_call_prints_what_it_did() {
    transcripts();
}
