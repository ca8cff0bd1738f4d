//! What follows an image in its file.
//!
//! Signature layouts: esptool `espsecure/__init__.py`; ESP-IDF `components/bootloader_support` (`secure_boot_v1`,
//! `secure_boot_v2`).

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::bytes::u32_at;
use crate::esp_image::error::{ImageError, Part};
use crate::esp_image::header::Format;
use crate::esp_image::rsa;
use crate::esp_image::second::{self, CoreCrc, SecondImage, SecondStream};

/// What the Arduino core for ESP8266 fills the first sector with, after its boot loader.
const LOADER_FILL: u8 = 0xAA;
/// Sectors of flash, the unit of erasing and of signature placement.
const SECTOR: usize = 0x1000;
/// A Secure Boot V1 signature with the padding that can follow it.
const SIGNATURE_V1: usize = 80;

/// What follows the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trailing {
    /// Nothing: the file ends with the image.
    None,
    /// Erased flash (0xFF) up to the end.
    Padding {
        /// Where it starts.
        offset: u64,
    },
    /// A Secure Boot V1 signature: 4 bytes of version and 64 of an ECDSA P-256 signature.
    SignatureV1 {
        /// Where it starts.
        offset: u64,
    },
    /// A Secure Boot V2 signature sector of 4096 bytes.
    SignatureV2 {
        /// Where it starts; the signatures cover everything before it.
        offset: u64,
        /// The signature blocks, one to three.
        blocks: Vec<SignatureBlock>,
        /// Bytes after the sector that are not 0xFF: a file that was signed twice has them.
        extra: u64,
    },
    /// A partition table: the file is a whole flash content that starts with a bootloader.
    FlashContents {
        /// Where the partition table is.
        table: u64,
    },
    /// A second image: an ESP8266 file of boot loader and application.
    Second(SecondImage),
    /// Code of an ESP8266 version 1 image that is executed from flash, or data: nothing in the file covers it.
    Uncovered {
        /// Where it starts.
        offset: u64,
        /// Number of bytes up to the end of the file.
        length: u64,
    },
    /// Something else.
    Other {
        /// Where it starts.
        offset: u64,
        /// Number of bytes up to the end of the file.
        length: u64,
    },
}

/// One block of a Secure Boot V2 signature sector; its signature itself is not verified here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureBlock {
    /// Where the block starts.
    pub offset: u64,
    /// What signed it.
    pub scheme: SignatureScheme,
    /// SHA-256 of the public key in the block: what the chip's eFuses hold.
    pub key_digest: [u8; 32],
    /// Whether the digest in the block is that of the bytes before the sector.
    pub covers_image: bool,
    /// Whether the numbers kept beside an RSA key are those of that key; true of any other key.
    pub sound_key: bool,
}

/// The signature schemes of Secure Boot V2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureScheme {
    /// RSA-3072 with PSS.
    Rsa3072,
    /// ECDSA on NIST P-192.
    EcdsaP192,
    /// ECDSA on NIST P-256.
    EcdsaP256,
    /// ECDSA on NIST P-384.
    EcdsaP384,
}

impl SignatureScheme {
    /// `RSA-3072`, `ECDSA P-256`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa3072 => "RSA-3072",
            Self::EcdsaP192 => "ECDSA P-192",
            Self::EcdsaP256 => "ECDSA P-256",
            Self::EcdsaP384 => "ECDSA P-384",
        }
    }
}

impl SignatureBlock {
    const LENGTH: usize = 1216;
    const MAGIC: u8 = 0xE7;
    /// The CRC-32 at the end of a block is over the bytes before it.
    const CRC_AT: usize = 1196;

    /// The block with this number in a signature sector.
    ///
    /// # Errors
    /// Why the bytes there are no signature block.
    fn read(sector: &[u8], index: usize, start: u64, covered: &Covered) -> Result<Self, BlockProblem> {
        let at = index * Self::LENGTH;
        let block = sector.get(at..).and_then(|rest| rest.get(..Self::LENGTH)).unwrap_or_default();
        let [magic, version, ..] = *block else { return Err(BlockProblem::Magic { found: 0 }) };
        if magic != Self::MAGIC {
            return Err(BlockProblem::Magic { found: magic });
        }
        let computed = crc32fast::hash(block.get(..Self::CRC_AT).unwrap_or_default());
        let stored = u32_at(block, Self::CRC_AT).unwrap_or_default();
        if stored != computed {
            return Err(BlockProblem::Crc { stored, computed });
        }
        Self::fields(block, start + at as u64, covered).ok_or(BlockProblem::Version { found: version })
    }

    /// The fields of a block with a sound CRC, when it is of a version that is known.
    fn fields(block: &[u8], offset: u64, covered: &Covered) -> Option<Self> {
        // The fields of the public key, which the key digest covers.
        let (scheme, key) = match (*block.get(1)?, *block.get(2)?) {
            (2, _) => (SignatureScheme::Rsa3072, block.get(36..812)?),
            (3, 1) => (SignatureScheme::EcdsaP384, block.get(52..149)?),
            (3, _) => match *block.get(36)? {
                1 => (SignatureScheme::EcdsaP192, block.get(36..101)?),
                _ => (SignatureScheme::EcdsaP256, block.get(36..101)?),
            },
            _ => return None,
        };
        let covers_image = match scheme {
            SignatureScheme::EcdsaP384 => {
                covered.sha384.is_some_and(|sha384| block.get(4..52) == Some(&sha384))
            }
            _ => block.get(4..36) == Some(&covered.sha256),
        };
        let sound_key = scheme != SignatureScheme::Rsa3072
            || rsa::constants_hold(block.get(36..420)?, block.get(424..808)?, u32_at(block, 808)?);
        let key_digest = Sha256::digest(key).into();
        Some(Self { offset, scheme, key_digest, covers_image, sound_key })
    }

    /// Whether a sector that holds no sound block was one before it was damaged: most of the first four bytes, the digest
    /// or the form of a block are still there.
    fn was_one(sector: &[u8], covered: &Covered) -> bool {
        let Some([magic, version, hash, reserved]) = sector.first_chunk::<4>() else { return false };
        let first = [*magic == Self::MAGIC, matches!(version, 2 | 3), matches!(hash, 0 | 1), *reserved == 0];
        let is_filled = |range: std::ops::Range<usize>, with: u8| {
            sector.get(range).is_some_and(|bytes| bytes.iter().all(|byte| *byte == with))
        };
        first.iter().filter(|holds| **holds).count() >= 3
            || sector.get(4..36) == Some(&covered.sha256)
            || (is_filled(Self::CRC_AT + 4..Self::LENGTH, 0)
                && is_filled(SECTOR / Self::LENGTH * Self::LENGTH..SECTOR, 0xFF))
    }
}

/// Why bytes in the place of a signature block are no signature block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockProblem {
    /// It starts with another byte.
    Magic {
        /// The byte in the file.
        found: u8,
    },
    /// Its CRC-32 does not hold.
    Crc {
        /// The CRC in the file.
        stored: u32,
        /// The CRC of the bytes before it.
        computed: u32,
    },
    /// It is of a version that no chip knows.
    Version {
        /// The version in the file.
        found: u8,
    },
}

impl fmt::Display for BlockProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic { found } => write!(f, "it starts with {found:#04x}, expected 0xe7"),
            Self::Crc { stored, computed } => {
                write!(f, "its CRC-32 is {stored:#010x}, expected {computed:#010x}")
            }
            Self::Version { found } => write!(f, "its version is {found}, expected 2 (RSA) or 3 (ECDSA)"),
        }
    }
}

/// Digests of everything before a signature sector.
#[derive(Clone, Debug)]
pub(super) struct Covered {
    pub(super) sha256: [u8; 32],
    /// Of a chip that can verify ECDSA with P-384.
    pub(super) sha384: Option<[u8; 48]>,
}

/// What follows an image, while it is read.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    format: Format,
    /// Where the image ends.
    end: u64,
    /// First sector boundary after the image.
    sector: u64,
    position: u64,
    /// The first bytes after the image.
    head: Vec<u8>,
    /// Whether everything after the image, before the sector, and after the sector is 0xFF.
    erased: [bool; 3],
    /// The first sector after the image.
    first: Vec<u8>,
    /// Whether a second image may start in the second sector of the file.
    may_have_second: bool,
    /// Whether all bytes between the image and that sector are those the Arduino core fills it with.
    filled: bool,
    second: Option<SecondStream>,
    table: TableWatch,
    pub(super) covered: Option<Covered>,
}

impl Rest {
    /// `may_have_second` tells whether the image is the first of its file, and an ESP8266 one.
    pub(super) fn new(end: u64, format: Format, may_have_second: bool) -> Self {
        let sector = end.next_multiple_of(SECTOR as u64);
        Self {
            format,
            end,
            sector,
            position: end,
            head: Vec::new(),
            erased: [true; 3],
            first: Vec::new(),
            may_have_second: may_have_second && end <= second::START,
            filled: true,
            second: None,
            table: TableWatch::new(sector),
            covered: None,
        }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Whether the next byte is the first of the first sector after the image.
    pub(super) fn is_at_sector(&self) -> bool {
        self.position == self.sector
    }

    /// Number of bytes up to the next sector boundary.
    pub(super) fn until_boundary(&self) -> usize {
        SECTOR - usize::try_from(self.position % SECTOR as u64).unwrap_or(0)
    }

    /// Takes bytes of one sector.
    pub(super) fn take(&mut self, piece: &[u8]) {
        let fill = |part: &mut Vec<u8>, length: usize| {
            let room = length.saturating_sub(part.len());
            part.extend_from_slice(piece.get(..room).unwrap_or(piece));
        };
        fill(&mut self.head, SIGNATURE_V1 + 1);
        if self.position < second::START {
            self.filled &= piece.iter().all(|byte| *byte == LOADER_FILL);
        } else if self.may_have_second {
            if self.position == second::START && (self.filled || matches!(piece.first(), Some(0xE9 | 0xEA))) {
                self.second = Some(SecondStream::new());
            }
            if let Some(second) = &mut self.second {
                second.take(piece);
            }
        }
        let erased = piece.iter().all(|byte| *byte == 0xFF);
        let [all, before, after] = &mut self.erased;
        *all &= erased;
        if self.position < self.sector {
            *before &= erased;
        } else if self.position < self.sector + SECTOR as u64 {
            fill(&mut self.first, SECTOR);
        } else {
            *after &= erased;
        }
        self.table.take(self.position, piece);
        self.position += piece.len() as u64;
    }

    /// What it was, now that the file has ended.
    pub(super) fn trailing(&self, core: Option<&CoreCrc>) -> Result<Trailing, ImageError> {
        let (offset, length) = (self.end, self.position - self.end);
        if length == 0 {
            return Ok(Trailing::None);
        }
        if let Some(table) = self.table.found {
            return Ok(Trailing::FlashContents { table });
        }
        if self.format == Format::Esp32 {
            if let Some(signed) = self.signature_v2()? {
                return Ok(signed);
            }
            if self.is_signature_v1() {
                return Ok(Trailing::SignatureV1 { offset });
            }
        }
        let [erased, ..] = self.erased;
        if erased {
            return Ok(Trailing::Padding { offset });
        }
        match (&self.second, core) {
            (Some(second), Some(core)) => Ok(Trailing::Second(second.finish(core.finish())?)),
            _ if self.format == Format::Esp8266V1 => Ok(Trailing::Uncovered { offset, length }),
            _ => Ok(Trailing::Other { offset, length }),
        }
    }

    /// A signature sector lies at the first sector boundary after the image, with 0xFF between.
    ///
    /// Whether there is something else between is no question once a block has a sound CRC: the signature covers it.
    ///
    /// # Errors
    /// When the sector is cut off, or was a signature sector before it was damaged.
    fn signature_v2(&self) -> Result<Option<Trailing>, ImageError> {
        let [_, gap_erased, after_erased] = self.erased;
        let starts = matches!(self.first[..], [SignatureBlock::MAGIC, 2 | 3, 0 | 1, 0, ..]);
        let Some(covered) = &self.covered else { return Ok(None) };
        if self.first.len() < SECTOR {
            if !starts || !gap_erased {
                return Ok(None);
            }
            return Err(ImageError::Truncated {
                part: Part::SignatureSector,
                offset: self.sector,
                needed: SECTOR as u64,
                available: self.first.len() as u64,
            });
        }
        // Blocks follow each other, and the rest of the sector is erased.
        let mut blocks = Vec::new();
        for block in 0..SECTOR / SignatureBlock::LENGTH {
            let at = block * SignatureBlock::LENGTH;
            match SignatureBlock::read(&self.first, block, self.sector, covered) {
                Ok(sound) => blocks.push(sound),
                Err(_) if block > 0 && self.first.iter().skip(at).all(|byte| *byte == 0xFF) => break,
                Err(_) if block == 0 && !(gap_erased && SignatureBlock::was_one(&self.first, covered)) => {
                    return Ok(None);
                }
                Err(problem) => {
                    let offset = self.sector + at as u64;
                    return Err(ImageError::SignatureBlock { block, offset, problem });
                }
            }
        }
        let extra = if after_erased { 0 } else { self.position - self.sector - SECTOR as u64 };
        Ok(Some(Trailing::SignatureV2 { offset: self.sector, blocks, extra }))
    }

    /// Version 0 and 64 bytes of signature; `elf2image --secure-pad` leaves 12 more bytes up to a 64 KiB boundary.
    fn is_signature_v1(&self) -> bool {
        let [0, 0, 0, 0, signature @ ..] = &self.head[..] else { return false };
        let fits = self.head.len() == 68
            || (self.head.len() == SIGNATURE_V1 && self.position.is_multiple_of(0x1_0000));
        fits && signature.iter().any(|byte| !matches!(byte, 0x00 | 0xFF))
    }
}

/// Looks for a sector that starts like a partition table: an entry of a known type with a readable name.
#[derive(Clone, Debug)]
struct TableWatch {
    /// First sector that counts.
    from: u64,
    /// The first bytes of the current sector.
    entry: Vec<u8>,
    found: Option<u64>,
}

impl TableWatch {
    const ENTRY: usize = 32;

    fn new(from: u64) -> Self {
        Self { from, entry: Vec::new(), found: None }
    }

    /// Takes bytes that are all in one sector.
    fn take(&mut self, position: u64, piece: &[u8]) {
        if self.found.is_some() || position < self.from {
            return;
        }
        let sector = position - position % SECTOR as u64;
        if position == sector {
            self.entry.clear();
        }
        if self.entry.len() < Self::ENTRY {
            let room = Self::ENTRY - self.entry.len();
            self.entry.extend_from_slice(piece.get(..room).unwrap_or(piece));
            if self.entry.len() == Self::ENTRY && self.is_entry() {
                self.found = Some(sector);
            }
        }
    }

    fn is_entry(&self) -> bool {
        let Some(name) = self.entry.get(12..28) else { return false };
        let (label, fill) = name.split_at(name.iter().position(|byte| *byte == 0).unwrap_or(name.len()));
        self.entry.starts_with(&[0xAA, 0x50])
            && !label.is_empty()
            && label.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
            && fill.iter().all(|byte| *byte == 0)
    }
}

/// Looks for a flash content that does not start with an image: `merge-bin` fills the space before the bootloader,
/// or before the partition table if that is the first, with 0xFF.
#[derive(Clone, Debug)]
pub(crate) struct MergedWatch {
    position: u64,
    bootloader: bool,
    /// Whether there was nothing but 0xFF so far, and before the sector of the table or the current one.
    erased: bool,
    erased_before: bool,
    table: TableWatch,
}

impl MergedWatch {
    pub(crate) fn new() -> Self {
        Self {
            position: 0,
            bootloader: false,
            erased: true,
            erased_before: true,
            table: TableWatch::new(0x2000),
        }
    }

    pub(crate) fn take(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = SECTOR - usize::try_from(self.position % SECTOR as u64).unwrap_or(0);
            let (piece, after) = rest.split_at(room.min(rest.len()));
            if matches!(self.position, 0x1000 | 0x2000) {
                self.bootloader |= piece.first() == Some(&0xE9);
            }
            if self.table.found.is_none() {
                if self.position.is_multiple_of(SECTOR as u64) {
                    self.erased_before = self.erased;
                }
                self.erased = self.erased && piece.iter().all(|byte| *byte == 0xFF);
            }
            self.table.take(self.position, piece);
            self.position += piece.len() as u64;
            rest = after;
        }
    }

    /// Where the partition table is, when it is a flash content.
    pub(crate) fn table(&self) -> Option<u64> {
        self.table.found.filter(|_| self.bootloader || self.erased_before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What follows an image of 16 bytes.
    fn after_image(bytes: &[u8]) -> Rest {
        let mut rest = Rest::new(16, Format::Esp32, false);
        let mut bytes = bytes;
        while !bytes.is_empty() {
            let (piece, after) = bytes.split_at(rest.until_boundary().min(bytes.len()));
            rest.take(piece);
            if rest.is_at_sector() {
                rest.covered = Some(Covered { sha256: [0; 32], sha384: None });
            }
            bytes = after;
        }
        rest
    }

    #[test]
    fn what_follows_is_told_apart() {
        let read = |rest: &[u8]| after_image(rest).trailing(None).unwrap();
        assert_eq!(read(&[]), Trailing::None);
        assert_eq!(read(&[0xFF; 9]), Trailing::Padding { offset: 16 });
        assert_eq!(read(b"junk"), Trailing::Other { offset: 16, length: 4 });
        assert_eq!(read(&[0; 68]), Trailing::Other { offset: 16, length: 68 });
        let mut signature = [0; 68];
        signature[4..].fill(7);
        assert_eq!(read(&signature), Trailing::SignatureV1 { offset: 16 });
    }

    #[test]
    fn a_cut_signature_sector_is_no_padding() {
        let mut rest = vec![0xFF; 4096 - 16];
        rest.extend_from_slice(&[0xE7, 2, 0, 0, 9]);
        let error = after_image(&rest).trailing(None).unwrap_err();
        assert_eq!(
            error,
            ImageError::Truncated { part: Part::SignatureSector, offset: 4096, needed: 4096, available: 5 }
        );
    }
}
