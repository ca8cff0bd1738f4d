//! ESP application and bootloader images: what `esptool elf2image` and `espflash save-image` write.
//!
//! Layout: ESP-IDF `components/bootloader_support/include/esp_app_format.h` and esptool `bin_image.py`.
//! [`AppImage::parse`] accepts what the chip would start; [`AppImage::read`] accepts a damaged image of sound
//! structure as well, so that it can be shown what is wrong with it.

mod bytes;
mod chip;
mod descriptor;
mod error;
mod header;
mod layout;
mod trailing;

use std::ops::Range;

use sha2::{Digest as _, Sha256};

pub use chip::ChipId;
pub use descriptor::{AppDescriptor, BootloaderDescriptor};
pub use error::{Foreign, ImageError, Part};
pub use header::{ExtendedHeader, Format, Header};
pub use layout::LayoutProblem;
pub use trailing::{SignatureBlock, SignatureScheme, Trailing};

use bytes::{array_at, u32_at};

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
        match bytes.first() {
            Some(&MAGIC_V2) => Self::read_esp8266(bytes, Format::Esp8266V2),
            Some(&MAGIC) if looks_like_esp8266(bytes) => Self::read_esp8266(bytes, Format::Esp8266V1),
            Some(&MAGIC) => Self::read_esp32(bytes),
            // `merge-bin` fills the space before the bootloader of these chips with 0xFF.
            _ if matches!((bytes.get(0x1000), bytes.get(0x2000)), (Some(&MAGIC), _) | (_, Some(&MAGIC))) => {
                match trailing::partition_table(bytes, 0x2000) {
                    Some(table) => Err(ImageError::Merged { table }),
                    None => Err(ImageError::Magic { offset: 0, found: Foreign::guess(bytes) }),
                }
            }
            _ => Err(ImageError::Magic { offset: 0, found: Foreign::guess(bytes) }),
        }
    }

    fn read_esp32(bytes: &[u8]) -> Result<Self, ImageError> {
        let mut cursor = Cursor::new(bytes);
        let header = Header::read_long(bytes).ok_or_else(|| cursor.cut(Part::Header, Header::LONG))?;
        cursor.skip(Part::Header, Header::LONG)?;
        if let Some(value) = header.extended.as_ref().map(|extended| extended.hash_appended)
            && value > 1
        {
            return Err(ImageError::HashFlag { value });
        }
        let segments = cursor.segments(header.segment_count)?;
        let checksum = cursor.checksum(&segments)?;
        let digest = match &header.extended {
            Some(extended) if extended.hash_appended == 1 => Some(cursor.digest()?),
            _ => None,
        };
        let starts = || segments.iter().filter_map(|segment| usize::try_from(segment.offset).ok());
        let app = starts().find_map(|offset| AppDescriptor::read(bytes, offset));
        let bootloader = match &app {
            Some(_) => None,
            None => starts().next().and_then(|offset| BootloaderDescriptor::read(bytes, offset)),
        };
        Ok(Self {
            format: Format::Esp32,
            header,
            checksum,
            digest,
            crc: None,
            app,
            bootloader,
            image_len: cursor.position as u64,
            trailing: Trailing::read(bytes, cursor.position, Format::Esp32)?,
            total_len: bytes.len() as u64,
            segments,
        })
    }

    fn read_esp8266(bytes: &[u8], format: Format) -> Result<Self, ImageError> {
        let mut cursor = Cursor::new(bytes);
        let mut mapped = None;
        if format == Format::Esp8266V2 {
            // The first header and its one segment hold the code that is executed from flash.
            cursor.skip(Part::Header, Header::SHORT)?;
            mapped = Some(cursor.segment(0)?);
            if bytes.get(cursor.position).is_some_and(|byte| *byte != MAGIC) {
                let found = Foreign::guess(bytes.get(cursor.position..).unwrap_or_default());
                return Err(ImageError::Magic { offset: cursor.position as u64, found });
            }
        }
        let header = Header::read_short(bytes, cursor.position)
            .ok_or_else(|| cursor.cut(Part::Header, Header::SHORT))?;
        cursor.skip(Part::Header, Header::SHORT)?;
        let mut segments = cursor.segments(header.segment_count)?;
        // The checksum leaves out the flash-mapped code; the CRC covers it.
        let checksum = cursor.checksum(&segments)?;
        let crc = if format == Format::Esp8266V2 { Some(cursor.crc()?) } else { None };
        if let Some(mapped) = mapped {
            segments.insert(0, mapped);
        }
        Ok(Self {
            format,
            header,
            segments,
            checksum,
            digest: None,
            crc,
            app: None,
            bootloader: None,
            image_len: cursor.position as u64,
            trailing: Trailing::read(bytes, cursor.position, format)?,
            total_len: bytes.len() as u64,
        })
    }

    /// Holds the image to its own checks.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn verify(&self) -> Result<(), ImageError> {
        // First of all, because a tool that merges also changes the header the digest covers.
        if let Trailing::FlashContents { table } = self.trailing {
            return Err(ImageError::Merged { table });
        }
        let Checksum { offset, stored, computed } = self.checksum;
        if stored != computed {
            return Err(ImageError::Checksum { offset, stored, computed });
        }
        if let Some(ImageDigest { offset, stored, computed }) = self.digest
            && stored != computed
        {
            return Err(ImageError::Digest { offset, stored, computed });
        }
        if let Some(Crc { offset, stored, computed }) = self.crc
            && stored != computed
        {
            return Err(ImageError::Crc { offset, stored, computed });
        }
        if let Trailing::SignatureV2 { blocks, .. } = &self.trailing
            && let Some((block, foreign)) = blocks.iter().enumerate().find(|(_, block)| !block.covers_image)
        {
            return Err(ImageError::Signature { block, offset: foreign.offset });
        }
        Ok(())
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

/// An ESP8266 image has its first segment where an ESP32 image has pin settings.
///
/// The segment's address is in instruction RAM, data RAM or mapped flash; read as pin settings, its top byte
/// would be a drive strength no chip has (nibbles go up to 3).
fn looks_like_esp8266(bytes: &[u8]) -> bool {
    matches!(
        u32_at(bytes, 8),
        Some(0x3FFE_8000..=0x3FFF_FFFF | 0x4010_0000..=0x4010_FFFF | 0x4020_0000..=0x402F_FFFF)
    )
}

/// Reads an image from front to back.
struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    fn cut(&self, part: Part, needed: usize) -> ImageError {
        ImageError::Truncated {
            part,
            offset: self.position as u64,
            needed: needed as u64,
            available: self.bytes.len().saturating_sub(self.position) as u64,
        }
    }

    fn skip(&mut self, part: Part, length: usize) -> Result<Range<usize>, ImageError> {
        match self.position.checked_add(length) {
            Some(end) if end <= self.bytes.len() => {
                let range = self.position..end;
                self.position = end;
                Ok(range)
            }
            _ => Err(self.cut(part, length)),
        }
    }

    fn segments(&mut self, count: u8) -> Result<Vec<Segment>, ImageError> {
        if !(1..=MAX_SEGMENTS).contains(&count) {
            return Err(ImageError::SegmentCount { count });
        }
        (0..count).map(|index| self.segment(index)).collect()
    }

    fn segment(&mut self, index: u8) -> Result<Segment, ImageError> {
        let header = self.skip(Part::SegmentHeader(index), SEGMENT_HEADER)?;
        let (Some(load_addr), Some(length)) =
            (u32_at(self.bytes, header.start), u32_at(self.bytes, header.start + 4))
        else {
            return Err(self.cut(Part::SegmentHeader(index), SEGMENT_HEADER));
        };
        if length % 4 != 0 || length >= MAX_SEGMENT_LENGTH {
            return Err(ImageError::SegmentLength { index, offset: header.start as u64, length });
        }
        let data = self.skip(Part::SegmentData(index), length as usize)?;
        Ok(Segment { load_addr, offset: data.start as u64, length })
    }

    /// The checksum is the last byte of a block of 16.
    fn checksum(&mut self, segments: &[Segment]) -> Result<Checksum, ImageError> {
        let padded = self.skip(Part::Checksum, 16 - self.position % 16)?;
        let offset = padded.end - 1;
        let stored = *self.bytes.get(offset).ok_or_else(|| self.cut(Part::Checksum, 1))?;
        let computed = segments.iter().fold(CHECKSUM_SEED, |sum, segment| {
            let start = usize::try_from(segment.offset).unwrap_or(usize::MAX);
            let data = self.bytes.get(start..).and_then(|rest| rest.get(..segment.length as usize));
            data.unwrap_or_default().iter().fold(sum, |sum, byte| sum ^ byte)
        });
        Ok(Checksum { offset: offset as u64, stored, computed })
    }

    fn digest(&mut self) -> Result<ImageDigest, ImageError> {
        let range = self.skip(Part::Digest, 32)?;
        let stored = array_at(self.bytes, range.start).ok_or_else(|| self.cut(Part::Digest, 32))?;
        let computed = Sha256::digest(self.bytes.get(..range.start).unwrap_or_default()).into();
        Ok(ImageDigest { offset: range.start as u64, stored, computed })
    }

    /// The SDK's CRC: the usual one, inverted when its top bit is set and one more otherwise.
    fn crc(&mut self) -> Result<Crc, ImageError> {
        let range = self.skip(Part::Crc, 4)?;
        let stored = u32_at(self.bytes, range.start).ok_or_else(|| self.cut(Part::Crc, 4))?;
        let plain = crc32fast::hash(self.bytes.get(..range.start).unwrap_or_default());
        let computed = if plain & 0x8000_0000 != 0 { !plain } else { plain + 1 };
        Ok(Crc { offset: range.start as u64, stored, computed })
    }
}

#[cfg(test)]
mod tests;
