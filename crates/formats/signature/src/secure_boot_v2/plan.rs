//! Where signatures go, and what is written there.

use crate::secure_boot_v2::{
    BLOCK_LENGTH, Block, Covered, Limits, MOST_BLOCKS, MakeError, SECTOR_LENGTH, Sector,
};

/// Where the signature sector of a file goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Bytes of 0xFF that follow the file; the signature covers them.
    pub padding: usize,
    /// Where the sector starts.
    pub sector: u64,
    /// Bytes of the signed file.
    pub total: u64,
}

impl Plan {
    /// The plan for a file of this length that is not signed yet; `None` when no file can be that long.
    #[must_use]
    pub fn of(length: u64) -> Option<Self> {
        let sector = length.checked_next_multiple_of(SECTOR_LENGTH as u64)?;
        let total = sector.checked_add(SECTOR_LENGTH as u64)?;
        Some(Self { padding: usize::try_from(sector - length).ok()?, sector, total })
    }
}

/// A sector of these blocks.
///
/// # Errors
/// When there is none or there are more than the chip looks at, it does not verify one, or two are of the same key.
pub fn assemble(
    blocks: &[[u8; BLOCK_LENGTH]],
    covered: &Covered,
    limits: &Limits<'_>,
) -> Result<Box<[u8; SECTOR_LENGTH]>, MakeError> {
    if blocks.is_empty() {
        return Err(MakeError::NoKey);
    }
    let most = limits.blocks.min(MOST_BLOCKS);
    if blocks.len() > most {
        return Err(MakeError::TooMany { count: blocks.len(), most, chip: limits.chip.into() });
    }
    let mut sector = Box::new([0xFF; SECTOR_LENGTH]);
    for (to, from) in sector.chunks_exact_mut(BLOCK_LENGTH).zip(blocks) {
        to.copy_from_slice(from);
    }
    let read = Sector::read(&sector[..], covered, limits).map_err(MakeError::Existing)?;
    let found: Vec<&Block> = read.blocks.iter().filter_map(|found| found.block.as_ref()).collect();
    if let Some(block) = found.iter().find(|block| !limits.schemes.contains(&block.scheme)) {
        return Err(MakeError::Scheme { scheme: block.scheme, chip: limits.chip.into() });
    }
    for (index, block) in found.iter().enumerate() {
        if found.iter().take(index).any(|other| other.key == block.key) {
            return Err(MakeError::SameKey { key: block.key });
        }
    }
    read.check().map_err(MakeError::Existing)?;
    Ok(sector)
}

/// A sector of the blocks of another one and these; the blocks that are there have to be sound, and of this image.
///
/// # Errors
/// When the sector does not hold, and as [`assemble`].
pub fn append(
    sector: &[u8],
    blocks: &[[u8; BLOCK_LENGTH]],
    covered: &Covered,
    limits: &Limits<'_>,
) -> Result<Box<[u8; SECTOR_LENGTH]>, MakeError> {
    let count = Sector::read(sector, covered, limits)
        .and_then(|read| read.check().map(|blocks| blocks.len()))
        .map_err(MakeError::Existing)?;
    let (existing, _) = sector.as_chunks::<BLOCK_LENGTH>();
    let all: Vec<_> = existing.iter().take(count).chain(blocks).copied().collect();
    if blocks.is_empty() {
        return Err(MakeError::NoKey);
    }
    assemble(&all, covered, limits)
}
