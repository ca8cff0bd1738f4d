//! Intel HEX files: records of data with addresses, as lines of text.
//!
//! Format: Intel, *Hexadecimal Object File Format Specification*, revision A (1988):
//! `:` length, address, type, data and checksum, all as hexadecimal digits.

mod error;
mod stream;

use std::io::Read;

pub use error::{Error, Problem};

pub use crate::ranges::{Content, Range};

pub(crate) use stream::Stream;

use crate::stream::{ReadError, pour};

/// An Intel HEX file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// What it writes.
    pub content: Content,
    /// Number of records, the last one included.
    pub records: u64,
    /// Where the program starts, when a record says so.
    pub start: Option<Start>,
    /// Length of the file in bytes.
    pub total_len: u64,
}

/// Where a program starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Record type 05: an address.
    Linear(u32),
    /// Record type 03: the registers CS and IP of an 80x86.
    Segment {
        /// CS.
        cs: u16,
        /// IP.
        ip: u16,
    },
}

impl Image {
    /// Reads and checks an Intel HEX file.
    ///
    /// # Errors
    /// The first line that is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut stream = Stream::new();
        stream.update(bytes);
        stream.finish()
    }

    /// What [`read`](Self::read) gives, from a source of any length.
    ///
    /// Memory grows with the number of separate ranges, which is bounded by the error
    /// [`Problem::TooManyRanges`].
    ///
    /// # Errors
    /// When the source fails, or the first line that is wrong.
    pub fn read_from(source: &mut impl Read) -> Result<Self, ReadError<Error>> {
        let mut stream = Stream::new();
        pour(source, |bytes| stream.update(bytes)).map_err(ReadError::Io)?;
        stream.finish().map_err(ReadError::Format)
    }
}

#[cfg(test)]
mod tests;
