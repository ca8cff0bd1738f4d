//! A signature sector and the verdict on it.

use crate::secure_boot_v2::{
    BLOCK_LENGTH, Block, BlockProblem, Covered, KeyDigest, Limits, MOST_BLOCKS, SECTOR_LENGTH, Scheme,
    SectorError,
};

/// A signature sector whose blocks have been looked at, each by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sector {
    /// What is in the place of each block, up to the last that is not empty.
    pub blocks: Vec<Found>,
    chip: String,
    most: usize,
    schemes: Vec<Scheme>,
}

/// What is in the place of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The block; `None` when it could not be taken apart.
    pub block: Option<Block>,
    /// Why it is not sound. Without one its digest is that of the image and its signature one of the key in it, unless it
    /// is of a scheme that is not verified here ([`Scheme::EcdsaP192`]).
    pub problem: Option<BlockProblem>,
}

/// A sector that passed: every block is sound, one at least is trusted, and the chip verifies all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The blocks in their order.
    pub blocks: Vec<VerifiedBlock>,
}

/// A block of a sector that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedBlock {
    /// What it was made with.
    pub scheme: Scheme,
    /// The key that signed.
    pub key: KeyDigest,
    /// Whether the key is one of those that were asked for; a foreign one is sound, and nothing more is known of it.
    pub is_trusted: bool,
}

impl Sector {
    /// Looks at every block of a sector.
    ///
    /// # Errors
    /// When there are not 4096 bytes.
    pub fn read(sector: &[u8], covered: &Covered, limits: &Limits<'_>) -> Result<Self, SectorError> {
        if sector.len() != SECTOR_LENGTH {
            return Err(SectorError::Length { found: sector.len() });
        }
        let mut blocks = Vec::new();
        let mut rest = sector;
        while let (Some((bytes, after)), true) =
            (rest.split_at_checked(BLOCK_LENGTH), rest.iter().any(|byte| *byte != 0xFF))
        {
            let (block, problem) = match Block::parse(bytes) {
                Ok(block) => {
                    let problem = block.verify(covered).err();
                    (Some(block), problem)
                }
                Err(problem) => (None, Some(problem)),
            };
            blocks.push(Found { block, problem });
            rest = after;
        }
        // Nothing has a place after the third block.
        let after = MOST_BLOCKS * BLOCK_LENGTH;
        let foreign = sector.iter().enumerate().skip(after).find(|(_, byte)| **byte != 0xFF);
        if let (Some((offset, found)), Some(last)) = (foreign, blocks.last_mut())
            && last.problem.is_none()
        {
            last.problem = Some(BlockProblem::NotErased { offset, found: *found });
        }
        Ok(Self { blocks, chip: limits.chip.into(), most: limits.blocks, schemes: limits.schemes.to_vec() })
    }

    /// Whether every block is sound and the chip verifies all of them.
    ///
    /// # Errors
    /// What does not hold; that something was forged comes before that a chip does not verify it.
    pub fn check(&self) -> Result<Vec<&Block>, SectorError> {
        if self.blocks.is_empty() {
            return Err(SectorError::Empty);
        }
        let mut sound = Vec::new();
        let mut unverifiable = None;
        for (index, Found { block, problem }) in self.blocks.iter().enumerate() {
            match (block, problem) {
                // The digest of a scheme the chip does not verify is not computed.
                (Some(block), None | Some(BlockProblem::NoDigest)) => {
                    if block.public_key().is_none() || problem.is_some() {
                        unverifiable = unverifiable.or(Some((index, block.scheme)));
                    }
                    sound.push(block);
                }
                (_, problem) => {
                    let problem = problem.clone().unwrap_or(BlockProblem::Length { found: 0 });
                    return Err(SectorError::Forged { block: index, problem });
                }
            }
        }
        let chip = || self.chip.clone();
        if let Some((block, found)) =
            sound.iter().enumerate().find(|(_, block)| !self.schemes.contains(&block.scheme))
        {
            return Err(SectorError::Scheme { block, scheme: found.scheme, chip: chip() });
        }
        if let Some((block, scheme)) = unverifiable {
            return Err(SectorError::Unverifiable { block, scheme });
        }
        if sound.len() > self.most {
            return Err(SectorError::TooMany { count: sound.len(), most: self.most, chip: chip() });
        }
        Ok(sound)
    }

    /// The verdict: every block is sound, the chip verifies all of them, and one is of a trusted key.
    ///
    /// The digest of a key is over everything the chip uses of it, so a block whose key has a trusted digest holds that
    /// very key.
    ///
    /// # Errors
    /// Why it does not pass: something is *forged*, or everything is sound and *not trusted*, or the chip does not verify
    /// it.
    pub fn verify(&self, trusted: &[KeyDigest]) -> Result<Verified, SectorError> {
        let blocks: Vec<_> = self
            .check()?
            .into_iter()
            .map(|block| VerifiedBlock {
                scheme: block.scheme,
                key: block.key,
                is_trusted: trusted.contains(&block.key),
            })
            .collect();
        if !blocks.iter().any(|block| block.is_trusted) {
            return Err(SectorError::Untrusted {
                found: blocks.into_iter().map(|block| block.key).collect(),
            });
        }
        Ok(Verified { blocks })
    }
}
