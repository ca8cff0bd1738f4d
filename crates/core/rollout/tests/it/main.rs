//! The engine against a fleet in virtual time: as it should go, killed anywhere, with faults anywhere, and with people who meddle.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod back;
mod decisions;
mod fleet;
mod killed;
mod members;
mod router;
