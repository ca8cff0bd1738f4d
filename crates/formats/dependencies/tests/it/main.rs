//! Lock files of real projects, of the suite's own, and of nobody.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr
)]

mod agreement;
mod broken;
mod cargo;
mod common;
mod cpp;
mod embedded;
mod golang;
mod npm;
mod python;
mod python_common;
mod released;
