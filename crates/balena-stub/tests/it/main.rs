//! The stub against what was recorded of the real API, and against a client that is not ours.

mod builder;
mod client;
mod devices;
mod faults;
mod queries;
mod recorded;
mod sdk;
