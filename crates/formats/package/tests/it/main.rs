//! Packages as files: written, read back, damaged, forged, and shown to the tools of the field.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic here is a failing test")]
#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]

mod common;

mod lw_hostile;
mod lw_judges;
mod lw_roundtrip;
mod seed_hostile;
mod seed_judges;
mod seed_roundtrip;
mod signed;
