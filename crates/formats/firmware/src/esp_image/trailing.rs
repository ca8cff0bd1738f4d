//! What follows an image in its file.
//!
//! Signature layouts: esptool `espsecure/__init__.py`; ESP-IDF `components/bootloader_support` (`secure_boot_v1`,
//! `secure_boot_v2`).

use sha2::{Digest as _, Sha256};

use crate::bytes::u32_at;
use crate::esp_image::error::{ImageError, Part};
use crate::esp_image::header::Format;
use crate::esp_image::rsa;

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
    Image {
        /// Where it starts.
        offset: u64,
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

    /// The block with this number in a signature sector, when there is one with a sound CRC.
    fn read(sector: &[u8], index: usize, start: u64, covered: &Covered) -> Option<Self> {
        let at = index * Self::LENGTH;
        let block = sector.get(at..)?.get(..Self::LENGTH)?;
        let crc = crc32fast::hash(block.get(..Self::CRC_AT)?);
        if *block.first()? != Self::MAGIC || u32_at(block, Self::CRC_AT)? != crc {
            return None;
        }
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
        Some(Self { offset: start + at as u64, scheme, key_digest, covers_image, sound_key })
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
pub(super) struct Behind {
    format: Format,
    /// Where the image ends.
    end: u64,
    /// First sector boundary behind the image.
    sector: u64,
    position: u64,
    /// The first bytes behind the image.
    head: Vec<u8>,
    /// Whether everything behind the image, before the sector, and behind the sector is 0xFF.
    erased: [bool; 3],
    /// The first sector behind the image.
    first: Vec<u8>,
    /// Whether a second image starts in the second sector of the file.
    second_image: bool,
    table: TableWatch,
    pub(super) covered: Option<Covered>,
}

impl Behind {
    pub(super) fn new(end: u64, format: Format) -> Self {
        let sector = end.next_multiple_of(SECTOR as u64);
        Self {
            format,
            end,
            sector,
            position: end,
            head: Vec::new(),
            erased: [true; 3],
            first: Vec::new(),
            second_image: false,
            table: TableWatch::new(sector),
            covered: None,
        }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Whether the next byte is the first of the first sector behind the image.
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
        if self.position == SECTOR as u64 {
            self.second_image = matches!(piece.first(), Some(0xE9 | 0xEA));
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
    pub(super) fn trailing(&self) -> Result<Trailing, ImageError> {
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
        // The Arduino core for ESP8266 joins its boot loader, which fills one sector, and the application.
        if self.format == Format::Esp8266V1 && self.end <= SECTOR as u64 && self.second_image {
            return Ok(Trailing::Image { offset: SECTOR as u64 });
        }
        Ok(Trailing::Other { offset, length })
    }

    /// A signature sector lies at the first sector boundary behind the image, with 0xFF between.
    ///
    /// Whether there is something else between is no question once a block has a sound CRC: the signature covers it.
    fn signature_v2(&self) -> Result<Option<Trailing>, ImageError> {
        let [_, gap_erased, after_erased] = self.erased;
        let starts = matches!(self.first[..], [SignatureBlock::MAGIC, 2 | 3, 0 | 1, 0, ..]);
        let (true, Some(covered)) = (starts, &self.covered) else { return Ok(None) };
        if self.first.len() < SECTOR {
            if !gap_erased {
                return Ok(None);
            }
            return Err(ImageError::Truncated {
                part: Part::SignatureSector,
                offset: self.sector,
                needed: SECTOR as u64,
                available: self.first.len() as u64,
            });
        }
        // Blocks follow each other; the chip stops at the first that is none.
        let blocks: Vec<_> = (0..SECTOR / SignatureBlock::LENGTH)
            .map_while(|index| SignatureBlock::read(&self.first, index, self.sector, covered))
            .collect();
        if blocks.is_empty() {
            return Ok(None);
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
    fn behind(rest: &[u8]) -> Behind {
        let mut behind = Behind::new(16, Format::Esp32);
        let mut rest = rest;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(behind.until_boundary().min(rest.len()));
            behind.take(piece);
            if behind.is_at_sector() {
                behind.covered = Some(Covered { sha256: [0; 32], sha384: None });
            }
            rest = after;
        }
        behind
    }

    #[test]
    fn what_follows_is_told_apart() {
        let read = |rest: &[u8]| behind(rest).trailing().unwrap();
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
        let error = behind(&rest).trailing().unwrap_err();
        assert_eq!(
            error,
            ImageError::Truncated { part: Part::SignatureSector, offset: 4096, needed: 4096, available: 5 }
        );
    }
}
