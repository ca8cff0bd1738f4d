//! Generated firmwares: an ELF in each of the four formats and the map that GNU ld would write for it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic here is a failing test")]

mod hostile;
mod kinds;
mod layout;
mod model;
mod properties;
mod special;
mod writer;
