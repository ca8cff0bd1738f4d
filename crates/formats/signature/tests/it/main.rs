//! The tests of the crate, in one binary.

mod key_file_bad;
mod key_file_good;
mod key_file_programs;
mod known_answers;
mod wycheproof;
