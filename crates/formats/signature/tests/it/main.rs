//! Keys as files: made by the real programs, handed on in odd ways, damaged, and something else; and known answers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic here is a failing test")]

mod key_file_bad;
mod key_file_good;
mod key_file_programs;
mod known_answers;
mod wycheproof;
