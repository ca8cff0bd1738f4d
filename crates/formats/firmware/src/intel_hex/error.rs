//! Why an Intel HEX file is refused.

use std::borrow::Cow;

use lw_model::Diagnose;

/// A line that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Intel HEX line {line}: {problem}")]
pub struct Error {
    /// Number of the line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It does not start with a colon.
    #[error("expected a record that starts with `:`, found {}", Shown(*.found))]
    Start {
        /// Its first byte.
        found: u8,
    },
    /// A character that is no hexadecimal digit.
    #[error("expected a hexadecimal digit in column {column}, found {}", Shown(*.found))]
    Digit {
        /// Where in the line, from 1.
        column: usize,
        /// The byte there.
        found: u8,
    },
    /// Fewer or more digits than the record says it has.
    #[error("expected {expected} digits after the colon, found {found}")]
    Length {
        /// How many digits the record says there are; 10 at least.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Longer than any record can be.
    #[error("longer than any record, which has 521 characters at most")]
    TooLong,
    /// The checksum is wrong.
    #[error("the checksum is {found:#04x}, expected {expected:#04x}")]
    Checksum {
        /// The checksum of the record.
        expected: u8,
        /// The checksum in the file.
        found: u8,
    },
    /// A type the format does not have.
    #[error("unknown record type {found:#04x}, expected 0x00 to 0x05")]
    Kind {
        /// The type.
        found: u8,
    },
    /// A record whose type goes with another number of bytes.
    #[error("a record of type {kind:#04x} has {expected} bytes, found {found}")]
    KindLength {
        /// The type.
        kind: u8,
        /// Bytes it has.
        expected: u8,
        /// Bytes there are.
        found: u8,
    },
    /// Data beyond the 64 KiB an address of 16 bits reaches, which wraps around in some tools.
    #[error("its {size} bytes at {offset:#06x} reach beyond the segment of 64 KiB at {base:#x}")]
    Segment {
        /// Where the segment starts.
        base: u32,
        /// Address in the segment.
        offset: u16,
        /// Bytes of data.
        size: u8,
    },
    /// Data beyond the address space.
    #[error("its {size} bytes at the address {address:#010x} reach beyond 32 bits")]
    Address {
        /// The address.
        address: u32,
        /// Bytes of data.
        size: u8,
    },
    /// An address that an earlier record has written.
    #[error("its {size} bytes at the address {address:#010x} overlap those of an earlier record")]
    Overlap {
        /// The address.
        address: u32,
        /// Bytes of data.
        size: u8,
    },
    /// A record after the end-of-file record.
    #[error("it follows the end-of-file record in line {end}")]
    AfterEnd {
        /// The line of that record.
        end: u64,
    },
    /// The file ends without end-of-file record.
    #[error("the file ends here, without the end-of-file record `:00000001FF`")]
    NoEnd,
    /// More pieces than any memory content has.
    #[error("the addresses so far make more than {most} separate ranges")]
    TooManyRanges {
        /// The most that are read.
        most: usize,
    },
}

/// A byte as a character in quotes, or as a number.
struct Shown(u8);

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_ascii_graphic() {
            write!(f, "`{}`", char::from(self.0))
        } else {
            write!(f, "{:#04x}", self.0)
        }
    }
}

impl Diagnose for Error {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self.problem {
            Problem::NoEnd => "Build or download the file again: its end is missing.",
            Problem::AfterEnd { .. } | Problem::Overlap { .. } => {
                "Merge the files with a tool that knows the format (`hexmerge.py`, `srec_cat`), not by joining them."
            }
            _ => "Convert the firmware again: the file was changed or damaged.",
        };
        Some(hint.into())
    }
}
