//! ota-package as its users meet it: the binary, on images made here and on the example firmware.

#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]
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
mod kinds;
#[cfg(unix)]
mod memory;
mod package;
mod policy;
mod rules;
mod seed;
mod slots;
mod transcripts;
mod trust;
