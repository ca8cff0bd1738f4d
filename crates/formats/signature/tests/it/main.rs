//! The tests of the crate, in one binary.

mod key_file_programs;
