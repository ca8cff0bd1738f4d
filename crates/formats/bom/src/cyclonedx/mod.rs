//! CycloneDX (ECMA-424), in JSON.

mod licences;
mod model;
mod write;

pub(crate) use write::write;
