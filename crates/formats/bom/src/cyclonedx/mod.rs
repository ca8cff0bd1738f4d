//! CycloneDX (ECMA-424), in JSON.

mod licences;
mod model;
mod read;
mod write;

#[cfg(test)]
pub(crate) use licences::NOT_IN_SCHEMA;
pub(crate) use read::read;
pub(crate) use write::{file_of_url, is_serial, write};
