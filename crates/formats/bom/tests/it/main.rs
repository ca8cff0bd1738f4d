//! Bills of materials, written and read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic here is a failing test")]
#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]

mod broken;
mod documents;
mod judges;
mod roundtrip;
mod written;
