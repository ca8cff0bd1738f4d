//! UF2 files: what boot loaders that show up as a USB drive are given.
//!
//! Format: <https://github.com/microsoft/uf2/blob/master/README.md>. A file is a row of 512-byte blocks, each
//! with its own address; boot loaders check a block by its three magic words and pass over one they do not
//! like, so a damaged block is a hole in the flash. Family ids: `utils/uf2families.json` of that repository.
//!
//! Blocks may come in any order and for several chips; what is held against a file here is what makes it
//! ambiguous or incomplete.

mod error;
mod family;
mod stream;

use std::io::Read;

pub use error::{Error, Problem};
pub use family::Family;

pub use crate::ranges::{Content, Range};

pub(crate) use stream::Stream;

use crate::stream::{ReadError, pour};

/// First word of a block: `UF2\n`.
pub(crate) const MAGIC: u32 = 0x0A32_4655;
/// Second word of a block.
const MAGIC_SECOND: u32 = 0x9E5D_5157;
/// Last word of a block.
const MAGIC_END: u32 = 0x0AB1_6F30;
/// Length of a block.
const BLOCK: usize = 512;
/// Most bytes of data in a block.
const MAX_PAYLOAD: u32 = 476;

/// A UF2 file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// What is in it for each family, in the order of their first blocks.
    pub parts: Vec<ImagePart>,
    /// Number of blocks in the file.
    pub blocks: u32,
    /// Blocks that are not meant for the main flash, such as comments: boot loaders pass over them.
    pub skipped: u32,
    /// Blocks that are files for a container, not flash content.
    pub files: u32,
    /// Length of the file in bytes.
    pub total_len: u64,
}

/// What a file holds for one family of chips.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImagePart {
    /// The family, when the blocks name one.
    pub family: Option<Family>,
    /// Number of blocks.
    pub blocks: u32,
    /// Number of files whose blocks are counted by themselves: 1, and more in what esptool joins for chips of Espressif.
    pub joined: u32,
    /// What they write.
    pub content: Content,
}

impl Image {
    /// Reads and checks a UF2 file.
    ///
    /// # Errors
    /// The first block that is wrong.
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
    /// When the source fails, or the first block that is wrong.
    pub fn read_from(source: &mut impl Read) -> Result<Self, ReadError<Error>> {
        let mut stream = Stream::new();
        pour(source, |bytes| stream.update(bytes)).map_err(ReadError::Io)?;
        stream.finish().map_err(ReadError::Format)
    }
}

#[cfg(test)]
mod tests;
