//! Why a file is not the ELF of a firmware.

use std::borrow::Cow;

use lw_model::Diagnose;

use super::MAX_SEGMENTS;

/// Why a file could not be read as the ELF of a firmware.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ElfError {
    /// Something else.
    #[error("offset 0: expected an ELF file, found {0}")]
    NotElf(String),
    /// The file ends too early.
    #[error("offset {offset:#x}: the {what} needs {needed} bytes, but the file ends at {length:#x}")]
    Truncated {
        /// What is cut off.
        what: String,
        /// Where it starts.
        offset: u64,
        /// How many bytes it has.
        needed: u64,
        /// Size of the file.
        length: u64,
    },
    /// A header field has a value that does not exist.
    #[error("offset {offset:#x}: {field} is {value}, expected {expected}")]
    Field {
        /// Where the field is.
        offset: u64,
        /// The field.
        field: &'static str,
        /// Its value.
        value: u64,
        /// What it may be.
        expected: &'static str,
    },
    /// An object file: not linked, so nothing has an address.
    #[error("offset 0x10: this is a relocatable object file, not a linked firmware")]
    Relocatable,
    /// A memory dump.
    #[error("offset 0x10: this is a core dump, not a linked firmware")]
    Core,
    /// A section that cannot be.
    #[error("offset {offset:#x}: section {index} `{name}`: {reason}")]
    Section {
        /// Where its header is.
        offset: u64,
        /// Its number.
        index: usize,
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// More segments than any linker writes.
    #[error("offset {offset:#x}: {count} program headers, at most {MAX_SEGMENTS} loadable ones are expected")]
    TooManySegments {
        /// Where the table is.
        offset: u64,
        /// How many there are.
        count: usize,
    },
    /// Neither sections nor segments.
    #[error("offset 0x20: the file has neither sections nor segments, so nothing in it has an address")]
    Empty,
}

impl Diagnose for ElfError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::NotElf(_) => {
                "Pass the .elf that the linker wrote, not the .bin or .hex that was made from it.".into()
            }
            Self::Truncated { .. } => "Copy or download the file again: its end is missing.".into(),
            Self::Relocatable => "Pass the linked .elf (or .map), not a .o of the compiler.".into(),
            Self::Core => "Pass the .elf of the firmware.".into(),
            Self::Field { .. } | Self::Section { .. } | Self::TooManySegments { .. } => {
                "The file is damaged or was not written by a linker: build the firmware again.".into()
            }
            Self::Empty => "Pass the .elf as the linker wrote it, before any stripping.".into(),
        })
    }
}
