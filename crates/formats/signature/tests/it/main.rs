//! Keys and signatures held to fixtures, to other programs, and to every change of a bit.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic here is a failing test")]
#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]

mod detached;
mod embedded;
mod key_file_bad;
mod key_file_good;
mod key_file_programs;
mod known_answers;
mod wycheproof;
