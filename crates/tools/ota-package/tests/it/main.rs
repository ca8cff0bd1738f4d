//! ota-package as its users meet it: the binary, on images made here and on the example firmware.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod action;
mod atomic;
mod checks;
mod common;
mod deltas;
mod files;
mod given;
mod hostile;
mod identity;
mod images;
mod inspect;
#[cfg(unix)]
mod memory;
mod package;
mod policy;
mod rules;
mod seed;
mod slots;
mod transcripts;
