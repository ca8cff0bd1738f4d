//! The crate from outside: patches of others, hostile patches, and what others make of ours.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic here is a failing test")]
#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]

mod common;
mod fixtures;
mod hostile;
mod judges;
mod round_trips;
