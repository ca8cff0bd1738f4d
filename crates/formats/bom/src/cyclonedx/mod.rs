//! CycloneDX (ECMA-424), in JSON.

mod licences;
mod model;
mod read;
mod write;

pub(crate) use read::read;
pub(crate) use write::{is_serial, write};
