//! What others say of the same inputs.

#![allow(clippy::unwrap_used, reason = "a panic here is a failing test")]
#![allow(clippy::disallowed_methods, reason = "node is asked for its answers where they are written anew")]

mod patterns;
