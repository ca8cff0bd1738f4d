//! ESP application and bootloader images: what `esptool elf2image` and `espflash save-image` write.
//!
//! Layout: ESP-IDF `components/bootloader_support/include/esp_app_format.h` and esptool `bin_image.py`.
//! [`AppImage::parse`] accepts what the chip would start; [`AppImage::read`] accepts a damaged image of sound
//! structure as well, so that it can be shown what is wrong with it.

mod chip;
mod descriptor;
mod error;
mod header;
mod layout;
mod problem;
mod second;
mod signing;
mod stream;
mod trailing;

use std::io::Read;

use sha2::{Digest as _, Sha256};

pub use chip::ChipId;
pub use descriptor::{AppDescriptor, BootloaderDescriptor};
pub use error::{Foreign, ImageError, Part};
pub use header::{ExtendedHeader, Format, Header};
pub use layout::LayoutProblem;
pub use problem::{Problem, Role, Signing};
pub use second::{CoreWords, SecondImage};
pub use trailing::{BlockProblem, Covered, SignatureBlock, SignatureInput, SignatureScheme, Trailing};

use crate::stream::{ReadError, Running, pour};

pub(crate) use stream::Stream;
pub(crate) use trailing::MergedWatch;

/// First byte of an image.
const MAGIC: u8 = 0xE9;
/// First byte of an ESP8266 version 2 image.
const MAGIC_V2: u8 = 0xEA;
/// Seed of the checksum.
const CHECKSUM_SEED: u8 = 0xEF;
/// More segments than this the ROM refuses.
const MAX_SEGMENTS: u8 = 16;
/// Longer segments the ROM refuses.
const MAX_SEGMENT_LENGTH: u32 = 0x100_0000;
/// Length of a segment's header.
const SEGMENT_HEADER: usize = 8;

/// An ESP image and what follows it in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppImage {
    /// Which generation of the format it is.
    pub format: Format,
    /// The header; of an ESP8266 version 2 image, the second one.
    pub header: Header,
    /// The segments in file order.
    pub segments: Vec<Segment>,
    /// The checksum byte.
    pub checksum: Checksum,
    /// The appended SHA-256.
    pub digest: Option<ImageDigest>,
    /// The CRC-32 at the end of an ESP8266 version 2 image.
    pub crc: Option<Crc>,
    /// What the application says of itself.
    pub app: Option<AppDescriptor>,
    /// What a bootloader says of itself.
    pub bootloader: Option<BootloaderDescriptor>,
    /// Length in bytes of the image itself, checksum and digest included.
    pub image_len: u64,
    /// What follows the image.
    pub trailing: Trailing,
    /// What verifies and makes signatures needs.
    pub signature_input: SignatureInput,
    /// Length in bytes of the whole file: what has to fit the partition.
    pub total_len: u64,
}

/// A piece of an image and where it is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Address it is loaded to or mapped at; 0 is padding on ESP32 and later.
    pub load_addr: u32,
    /// Where its data starts in the file.
    pub offset: u64,
    /// Length of its data in bytes.
    pub length: u32,
}

/// The XOR over the data of all segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// Where the byte is.
    pub offset: u64,
    /// The byte in the file.
    pub stored: u8,
    /// The XOR of the data.
    pub computed: u8,
}

/// The SHA-256 over everything before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageDigest {
    /// Where the digest is.
    pub offset: u64,
    /// The digest in the file.
    pub stored: [u8; 32],
    /// The digest of everything before it.
    pub computed: [u8; 32],
}

/// The CRC-32 over everything before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crc {
    /// Where the CRC is.
    pub offset: u64,
    /// The CRC in the file.
    pub stored: u32,
    /// The CRC of everything before it.
    pub computed: u32,
}

/// Whether an image was made from an ELF file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// It was.
    Match,
    /// It was made from another.
    Mismatch,
    /// The image does not say.
    NotRecorded,
}

impl AppImage {
    /// An image the chip would start: checksum, digest and signature digests hold.
    ///
    /// # Errors
    /// When the bytes are no image, are cut off, fail a check, or are a merged flash image.
    pub fn parse(bytes: &[u8]) -> Result<Self, ImageError> {
        let image = Self::read(bytes)?;
        image.verify()?;
        Ok(image)
    }

    /// An image of sound structure, whether or not its checks hold.
    ///
    /// # Errors
    /// When the bytes are no image or are cut off.
    pub fn read(bytes: &[u8]) -> Result<Self, ImageError> {
        let (mut stream, mut digests) = (Stream::new(), Running::new(false));
        stream.update(bytes, &mut digests);
        stream.finish(&digests)
    }

    /// What [`read`](Self::read) gives, from a source of any length, in memory that does not depend on it.
    ///
    /// # Errors
    /// When the source fails, or its bytes are no image or are cut off.
    pub fn read_from(source: &mut impl Read) -> Result<Self, ReadError<ImageError>> {
        let (mut stream, mut digests) = (Stream::new(), Running::new(false));
        pour(source, |bytes| stream.update(bytes, &mut digests)).map_err(ReadError::Io)?;
        stream.finish(&digests).map_err(ReadError::Format)
    }

    /// Holds the image to its own checks.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn verify(&self) -> Result<(), ImageError> {
        self.failures().into_iter().next().map_or(Ok(()), Err)
    }

    /// Every check that fails.
    fn failures(&self) -> Vec<ImageError> {
        // First of all and alone, because a tool that merges also changes the header the digest covers.
        if let Trailing::FlashContents { table } = self.trailing {
            return vec![ImageError::Merged { table }];
        }
        let mut failures = Vec::new();
        let Checksum { offset, stored, computed } = self.checksum;
        if stored != computed {
            failures.push(ImageError::Checksum { offset, stored, computed });
        }
        if let Some(ImageDigest { offset, stored, computed }) = self.digest
            && stored != computed
        {
            failures.push(ImageError::Digest { offset, stored, computed });
        }
        if let Some(Crc { offset, stored, computed }) = self.crc
            && stored != computed
        {
            failures.push(ImageError::Crc { offset, stored, computed });
        }
        let blocks = match &self.trailing {
            Trailing::SignatureV2 { blocks, .. } => blocks.as_slice(),
            _ => &[],
        };
        for (block, SignatureBlock { offset, scheme, covers_image, sound_key, .. }) in
            blocks.iter().enumerate()
        {
            if !sound_key {
                failures.push(ImageError::SignatureKey { block, offset: *offset });
            }
            let (offset, scheme) = (*offset, *scheme);
            let since = self.chip().map(|chip| (chip, chip.verifies(scheme)));
            match since {
                Some((chip, since)) if since.is_none_or(|since| since > self.highest_revision()) => {
                    failures.push(ImageError::SignatureScheme { block, offset, scheme, chip, since });
                }
                _ if !covers_image => failures.push(ImageError::Signature { block, offset }),
                _ => {}
            }
        }
        match (&self.trailing, self.chip()) {
            (Trailing::SignatureV1 { offset }, Some(chip)) if !chip.verifies_v1() => {
                failures.push(ImageError::SignatureV1 { offset: *offset, chip });
            }
            (Trailing::Second(second), _) => {
                let second = second.failures(self.total_len).into_iter();
                failures.extend(second.map(|error| ImageError::Second(Box::new(error))));
            }
            _ => {}
        }
        failures
    }

    /// The highest chip revision the image runs on, major * 100 + minor.
    #[must_use]
    pub fn highest_revision(&self) -> u16 {
        // Old images have none.
        self.header
            .extended
            .as_ref()
            .map(|extended| extended.max_revision)
            .filter(|max| *max != 0)
            .unwrap_or(u16::MAX)
    }

    /// The chip the image is for; an ESP8266 image does not name one.
    #[must_use]
    pub fn chip(&self) -> Option<ChipId> {
        self.header.chip()
    }

    /// The chip's name, the ESP8266 included: `ESP32-C3`.
    #[must_use]
    pub fn chip_name(&self) -> Option<&'static str> {
        self.chip().map_or(Some("ESP8266"), ChipId::name)
    }

    /// Whether the image was made from the ELF file of this SHA-256.
    #[must_use]
    pub fn pairs_with(&self, elf_sha256: &[u8; 32]) -> Pairing {
        match &self.app {
            Some(app) if app.app_elf_sha256 == [0; 32] => Pairing::NotRecorded,
            Some(app) if app.app_elf_sha256 == *elf_sha256 => Pairing::Match,
            Some(_) => Pairing::Mismatch,
            None => Pairing::NotRecorded,
        }
    }
}

/// SHA-256 of an ELF file, for [`AppImage::pairs_with`].
#[must_use]
pub fn digest(file: &[u8]) -> [u8; 32] {
    Sha256::digest(file).into()
}

#[cfg(test)]
mod tests;
