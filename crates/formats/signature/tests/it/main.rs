//! The tests of the crate, in one binary.

mod embedded;
mod key_file_programs;
