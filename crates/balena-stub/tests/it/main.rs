//! The stub against what was recorded of the real API, and against a client that is not ours.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "tests run other programs, and measure what is slow")]

mod builder;
mod client;
mod devices;
mod faults;
mod queries;
mod recorded;
mod sdk;
