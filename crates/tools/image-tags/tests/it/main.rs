//! image-tags as its users meet it: the binary, on files made here.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;

use lw_model::{Level, Verdict};
use lw_testkit::tool::{ToolBinary, transcripts, words};

const NEW_TOOL: ToolBinary = ToolBinary::new(env!("CARGO_BIN_EXE_image-tags"));

#[test]
fn every_call_prints_what_it_did() {
    transcripts();
}

#[test]
fn one_bad_file_does_not_hide_a_good_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.bin"), "good").unwrap();
    fs::write(folder.path().join("b.bin"), "").unwrap();
    let run = NEW_TOOL.run_as_step(folder.path(), &words("--file *.bin --max file.bytes=1K"), &[]);
    assert_eq!((run.code, run.report().verdict), (3, Verdict::Error), "{}", run.stderr);
    assert_eq!(run.output("bytes"), "4");
    assert!(run.report().measure("file.bytes", Some("a.bin")).is_some());
    assert_eq!(run.found(Level::Error), ["error"]);
}

#[test]
fn a_limit_of_an_unknown_measure_fails() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.bin"), "good").unwrap();
    let run = NEW_TOOL.run(folder.path(), &words("--file a.bin --max file.size=1K"), &[]);
    assert_eq!((run.code, run.report().verdict), (1, Verdict::Fail), "{}", run.stderr);
}
