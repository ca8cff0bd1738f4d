//! Software bills of materials: CycloneDX and SPDX, written, read, checked, scored, merged and compared.

mod document;
mod format;
mod score;

pub use document::{About, Document, Lifecycle, Tool};
pub use format::{Format, FormatError};
pub use score::{
    Class, ComponentScore, Field, FieldScore, Gap, Scope, Score, Standard, StandardError, score, title_of,
};
