//! Software bills of materials: CycloneDX and SPDX, written, read, checked, scored, merged and compared.

mod address;
mod canonical;
mod cyclonedx;
mod document;
mod error;
mod format;
mod names;
mod own;
mod score;
mod time;
mod uuid;

pub use document::{About, DEFAULT_LICENCE, Document, Lifecycle, Tool};
pub use error::WriteError;
pub use format::{Format, UnknownFormat};
pub use score::{
    Class, ComponentScore, Field, FieldScore, Gap, Scope, Score, Standard, StandardError, score, title_of,
};
pub use time::whole_seconds;

/// Writes a document, and ends it with a line break.
///
/// The same content gives the same bytes, whatever order it was put together in. Lists are sorted, a reference is made where a
/// component has none, and where the document has no serial number it gets one that follows from its content, its time
/// included. Addresses are made fit for any reader: no user name or password, no place of the machine it was made on.
///
/// CycloneDX 1.6 and 1.7 and SPDX 3.0.1 hold the whole of an inventory; earlier versions have no place for a few of its fields
/// (the line a component was read at, for one).
///
/// # Errors
/// An inventory without root, a component without name; for SPDX a document without time.
pub fn write(document: &Document, format: Format) -> Result<String, WriteError> {
    match format {
        Format::CycloneDx15 | Format::CycloneDx16 | Format::CycloneDx17 => cyclonedx::write(document, format),
        Format::Spdx23 | Format::Spdx301 => Err(WriteError::NoRoot),
    }
}
