//! sbom as its users meet it: the binary, on files made here.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod bills;
mod generate;

use lw_testkit::tool::{ToolBinary, transcripts};

const SBOM: ToolBinary = ToolBinary::new(env!("CARGO_BIN_EXE_sbom"));

#[test]
fn every_call_prints_what_it_did() {
    transcripts();
}
