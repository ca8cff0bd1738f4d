//! Software bills of materials: CycloneDX and SPDX, written, read, checked, scored, merged and compared.

mod address;
mod canonical;
mod cyclonedx;
mod diff;
mod document;
mod error;
mod format;
mod json;
mod merge;
mod names;
mod own;
mod policy;
mod score;
mod spdx;
mod uuid;
mod validate;
mod version;

pub use diff::{Aspect, Change, Changed, Diff, Direction, diff};
pub use document::{About, DEFAULT_LICENCE, Document, Lifecycle, Tool};
pub use error::{ReadError, WriteError};
pub use format::{Format, UnknownFormat};
pub use json::MAX_BYTES;
pub use merge::{Apart, Bill, Lost, MergeError, MergeOptions, Merged, MergedRoot, merge, merge_documents};
pub use policy::{Policy, PolicyError, Ruling, copyleft, licence_of};
pub use score::{
    Class, ComponentScore, Field, FieldScore, Gap, Scope, Score, Standard, StandardError, score, title_of,
};
pub use validate::{Fault, Rule, Validation, first_error, validate};

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
        Format::Spdx23 => spdx::write_v2(document),
        Format::Spdx301 => spdx::write_v3(document),
    }
}

/// Reads a bill of materials in JSON: CycloneDX 1.2 to 1.7, SPDX 2.2, 2.3 and 3.0.1, as the suite and others write them.
///
/// The format is the one it has, or of those written here the nearest, where it is older. Reading is not checking: what is
/// missing or strange is taken as it is, and [`validate`] says what is wrong with it. A dependency on something the document
/// does not hold is among [`Inventory::unknowns`](lw_inventory::Inventory::unknowns).
///
/// # Errors
/// What is no such file, with line and column.
pub fn read(bytes: &[u8]) -> Result<(Format, Document), ReadError> {
    let (bytes, header) = json::header(bytes)?;
    match header {
        json::Header::CycloneDx { version } => cyclonedx::read(bytes, &version),
        json::Header::Spdx2 { version } => spdx::read_v2(bytes, &version),
        json::Header::Spdx3 => spdx::read_v3(bytes),
    }
}
