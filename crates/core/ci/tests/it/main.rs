//! The providers on recorded environments, foreign text under every one of them, and whom they trust.

#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]

mod hostile;
mod providers;
mod trust;
mod variables;
