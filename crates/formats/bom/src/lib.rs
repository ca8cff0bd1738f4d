//! Software bills of materials: CycloneDX and SPDX, written, read, checked, scored, merged and compared.

mod document;

pub use document::{About, Document, Lifecycle, Tool};
