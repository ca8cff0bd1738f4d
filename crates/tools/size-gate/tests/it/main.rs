//! size-gate as its users meet it: the binary, on the example firmwares.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bad_input;
mod common;
mod files;
mod growth;
mod image_fit;
mod linker_print;
mod rules;
mod transcripts;
