//! size-gate as its users meet it: the binary, on the example firmwares.

#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]
// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bad_input;
mod common;
mod configuration;
mod figures;
mod files;
mod folds;
mod growth;
mod image_fit;
mod kinds;
#[allow(dead_code, reason = "shared with the tests of lw-firmware, which use all of it")]
#[path = "../../../../formats/firmware/tests/it/generated/layout.rs"]
mod layout;
mod linker_print;
mod meaning;
#[cfg(unix)]
mod memory;
mod rules;
mod transcripts;
#[allow(dead_code, reason = "shared with the tests of lw-firmware, which use all of it")]
#[path = "../../../../formats/firmware/tests/it/generated/writer.rs"]
mod writer;
