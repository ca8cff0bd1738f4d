//! What follows an image in its file.
//!
//! Signature layouts: esptool `espsecure/__init__.py`; ESP-IDF `components/bootloader_support` (`secure_boot_v1`,
//! `secure_boot_v2`).

use sha2::{Digest as _, Sha256, Sha384};

use crate::esp_image::bytes::u32_at;
use crate::esp_image::error::{ImageError, Part};
use crate::esp_image::header::Format;

/// Sectors of flash, the unit of erasing and of signature placement.
const SECTOR: usize = 0x1000;

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

    /// The block at `offset`, when there is one with a sound CRC.
    fn read(bytes: &[u8], sector: usize, offset: usize) -> Option<Self> {
        let block = bytes.get(offset..)?.get(..Self::LENGTH)?;
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
        let signed = bytes.get(..sector)?;
        let covers_image = match scheme {
            SignatureScheme::EcdsaP384 => Sha384::digest(signed).as_slice() == block.get(4..52)?,
            _ => Sha256::digest(signed).as_slice() == block.get(4..36)?,
        };
        Some(Self { offset: offset as u64, scheme, key_digest: Sha256::digest(key).into(), covers_image })
    }
}

impl Trailing {
    /// Looks at what follows an image that ends at `end`.
    pub(super) fn read(bytes: &[u8], end: usize, format: Format) -> Result<Self, ImageError> {
        let rest = bytes.get(end..).unwrap_or_default();
        let offset = end as u64;
        if rest.is_empty() {
            return Ok(Self::None);
        }
        if let Some(table) = partition_table(bytes, end) {
            return Ok(Self::FlashContents { table });
        }
        if format == Format::Esp32 {
            if let Some(signed) = signature_v2(bytes, end)? {
                return Ok(signed);
            }
            if is_signature_v1(rest, bytes.len()) {
                return Ok(Self::SignatureV1 { offset });
            }
        }
        if rest.iter().all(|byte| *byte == 0xFF) {
            return Ok(Self::Padding { offset });
        }
        // The Arduino core for ESP8266 joins its boot loader, which fills one sector, and the application.
        if format == Format::Esp8266V1 && end <= SECTOR && matches!(bytes.get(SECTOR), Some(0xE9 | 0xEA)) {
            return Ok(Self::Image { offset: SECTOR as u64 });
        }
        Ok(Self::Other { offset, length: rest.len() as u64 })
    }
}

/// A sector behind the image that starts like a partition table: an entry of a known type with a readable name.
pub(super) fn partition_table(bytes: &[u8], end: usize) -> Option<u64> {
    (end.next_multiple_of(SECTOR)..bytes.len()).step_by(SECTOR).find_map(|sector| {
        let entry = bytes.get(sector..)?.get(..32)?;
        let name = entry.get(12..28)?;
        let (label, fill) = name.split_at(name.iter().position(|byte| *byte == 0).unwrap_or(name.len()));
        let found = entry.starts_with(&[0xAA, 0x50])
            && !label.is_empty()
            && label.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
            && fill.iter().all(|byte| *byte == 0);
        found.then_some(sector as u64)
    })
}

/// A signature sector lies at the first sector boundary behind the image, with 0xFF between.
fn signature_v2(bytes: &[u8], end: usize) -> Result<Option<Trailing>, ImageError> {
    let sector = end.next_multiple_of(SECTOR);
    let (Some(gap), Some(rest)) = (bytes.get(end..sector), bytes.get(sector..)) else { return Ok(None) };
    let starts = matches!(rest, [SignatureBlock::MAGIC, 2 | 3, 0 | 1, 0, ..]);
    if !starts || gap.iter().any(|byte| *byte != 0xFF) {
        return Ok(None);
    }
    if rest.len() < SECTOR {
        return Err(ImageError::Truncated {
            part: Part::SignatureSector,
            offset: sector as u64,
            needed: SECTOR as u64,
            available: rest.len() as u64,
        });
    }
    // Blocks follow each other; the chip stops at the first that is none.
    let blocks: Vec<_> = (0..SECTOR / SignatureBlock::LENGTH)
        .map_while(|index| SignatureBlock::read(bytes, sector, sector + index * SignatureBlock::LENGTH))
        .collect();
    if blocks.is_empty() {
        return Ok(None);
    }
    let behind = rest.get(SECTOR..).unwrap_or_default();
    let extra = if behind.iter().all(|byte| *byte == 0xFF) { 0 } else { behind.len() as u64 };
    Ok(Some(Trailing::SignatureV2 { offset: sector as u64, blocks, extra }))
}

/// Version 0 and 64 bytes of signature; `elf2image --secure-pad` leaves 12 more bytes up to a 64 KiB boundary.
fn is_signature_v1(rest: &[u8], file: usize) -> bool {
    let [0, 0, 0, 0, signature @ ..] = rest else { return false };
    let fits = rest.len() == 68 || (rest.len() == 80 && file.is_multiple_of(0x1_0000));
    fits && signature.iter().any(|byte| !matches!(byte, 0x00 | 0xFF))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_is_told_apart() {
        let read = |rest: &[u8]| {
            let mut file = vec![0xE9; 16];
            file.extend_from_slice(rest);
            Trailing::read(&file, 16, Format::Esp32).unwrap()
        };
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
        let mut file = vec![0xFF; 4096];
        file.extend_from_slice(&[0xE7, 2, 0, 0, 9]);
        let error = Trailing::read(&file, 16, Format::Esp32).unwrap_err();
        assert_eq!(
            error,
            ImageError::Truncated { part: Part::SignatureSector, offset: 4096, needed: 4096, available: 5 }
        );
    }
}
