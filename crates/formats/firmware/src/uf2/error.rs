//! Why a UF2 file is refused.

use std::borrow::Cow;

use base16ct::HexDisplay;
use lw_model::Diagnose;

use crate::uf2::Family;

/// A block that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("UF2 block {block} at offset {offset:#x}: {problem}")]
pub struct Error {
    /// Number of the block in the file, from 0.
    pub block: u64,
    /// Where it starts in the file.
    pub offset: u64,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file ends inside it.
    #[error("truncated: it needs 512 bytes, the file has {available} left")]
    Truncated {
        /// How many bytes there are.
        available: u64,
    },
    /// One of the three magic words is another.
    #[error("expected the magic {expected:#010x} in its byte {at:#x}, found {found:#010x}")]
    Magic {
        /// Where in the block.
        at: usize,
        /// The word that belongs there.
        expected: u32,
        /// The word in the file.
        found: u32,
    },
    /// No data, or more than there is room for.
    #[error("it says it holds {size} bytes of data, expected 1 to {most}")]
    PayloadSize {
        /// The size it claims.
        size: u32,
        /// The most it can hold.
        most: u32,
    },
    /// The data ends after the address space.
    #[error("its {size} bytes at the address {address:#010x} reach beyond 32 bits")]
    Address {
        /// The address.
        address: u32,
        /// Bytes of data.
        size: u32,
    },
    /// A number out of order: a block is missing or there twice.
    #[error("its number is {found}, expected {expected}")]
    Sequence {
        /// The number it should have.
        expected: u32,
        /// The number it has.
        found: u32,
    },
    /// A number of blocks that differs from that of the block before.
    #[error("it says there are {found} blocks, the blocks before it say {expected}")]
    Total {
        /// The number so far.
        expected: u32,
        /// The number it has.
        found: u32,
    },
    /// The file ends before the last block.
    #[error("it is the last of {} and has the number {}, expected {total} blocks", Named(.family), .found.saturating_sub(1))]
    Missing {
        /// The family the blocks are for.
        family: Option<Family>,
        /// Number of blocks in the file.
        found: u32,
        /// Number of blocks there should be.
        total: u32,
    },
    /// An address that an earlier block has written.
    #[error("its {size} bytes at the address {address:#010x} overlap those of an earlier block")]
    Overlap {
        /// The address.
        address: u32,
        /// Bytes of data.
        size: u32,
    },
    /// The MD5 in the block is not that of its data.
    #[error("its MD5 is {:x}, expected {:x}", HexDisplay(.stored), HexDisplay(.computed))]
    Md5 {
        /// The MD5 in the file.
        stored: [u8; 16],
        /// The MD5 of the data.
        computed: [u8; 16],
    },
    /// More pieces than any flash content has.
    #[error("the addresses so far make more than {most} separate ranges")]
    TooManyRanges {
        /// The most that are read.
        most: usize,
    },
    /// More families than any file has.
    #[error("the blocks so far are for more than {most} families")]
    TooManyFamilies {
        /// The most that are read.
        most: usize,
    },
}

struct Named<'a>(&'a Option<Family>);

impl std::fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(family) => write!(f, "the blocks for {family}"),
            None => f.write_str("the blocks"),
        }
    }
}

impl Diagnose for Error {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self.problem {
            Problem::Truncated { .. } | Problem::Missing { .. } => {
                "Build or download the file again: blocks are missing."
            }
            Problem::Sequence { .. } | Problem::Total { .. } | Problem::Overlap { .. } => {
                "Convert the firmware again; UF2 files of one family cannot be joined."
            }
            _ => {
                "Convert the firmware again: the file was changed or damaged, and a boot loader would pass over the block."
            }
        };
        Some(hint.into())
    }
}
