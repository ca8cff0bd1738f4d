//! image-tags as its users meet it: the binary, on repositories made here.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod clones;
mod hostile;
mod outputs;
mod scenarios;
mod upstream;

use lw_testkit::tool::{ToolBinary, transcripts};

const TOOL: ToolBinary = ToolBinary::new(env!("CARGO_BIN_EXE_image-tags"));

#[test]
fn every_call_prints_what_it_did() {
    transcripts();
}
