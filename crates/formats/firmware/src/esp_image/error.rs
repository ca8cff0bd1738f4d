//! Why an ESP image is refused.

use std::borrow::Cow;
use std::fmt;

use base16ct::HexDisplay;
use lw_model::Diagnose;

use crate::esp_image::{BlockProblem, ChipId, SignatureScheme};

/// Why bytes are no sound ESP image. Offsets are in bytes from the start of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// A header starts with neither 0xE9 nor 0xEA.
    #[error("no ESP image: expected the magic byte 0xE9 at offset {offset:#x}, found {found}")]
    Magic {
        /// Where the header is: 0, or after the mapped code of an ESP8266 version 2 image.
        offset: u64,
        /// What the first bytes are instead.
        found: Foreign,
    },
    /// The file ends inside something the header promises.
    #[error("truncated: {part} at offset {offset:#x} needs {needed} bytes, the file has {available} left")]
    Truncated {
        /// What is cut off.
        part: Part,
        /// Where it starts.
        offset: u64,
        /// How many bytes it has.
        needed: u64,
        /// How many bytes are left from its start.
        available: u64,
    },
    /// No segment, or more than the 16 the ROM accepts.
    #[error("the header at offset 0x1 counts {count} segments, expected 1 to 16")]
    SegmentCount {
        /// The count.
        count: u8,
    },
    /// A length that no loader accepts.
    #[error(
        "segment {index} at offset {offset:#x} has the length {length:#x}, expected a multiple of 4 below 16 MiB"
    )]
    SegmentLength {
        /// Number of the segment, from 0.
        index: u8,
        /// Where its header starts.
        offset: u64,
        /// The length it claims.
        length: u32,
    },
    /// `hash_appended` is neither 0 nor 1.
    #[error("the header at offset 0x17 has the hash flag {value:#04x}, expected 0 or 1")]
    HashFlag {
        /// The value.
        value: u8,
    },
    /// The XOR over the segments' data is not the checksum byte.
    #[error("checksum at offset {offset:#x} is {stored:#04x}, expected {computed:#04x}")]
    Checksum {
        /// Where the byte is.
        offset: u64,
        /// The byte in the file.
        stored: u8,
        /// The XOR of the data.
        computed: u8,
    },
    /// The appended SHA-256 is not that of the image.
    #[error("SHA-256 at offset {offset:#x} is {:x}, expected {:x}", HexDisplay(.stored), HexDisplay(.computed))]
    Digest {
        /// Where the digest is.
        offset: u64,
        /// The digest in the file.
        stored: [u8; 32],
        /// The digest of everything before it.
        computed: [u8; 32],
    },
    /// The CRC-32 of an ESP8266 version 2 image is wrong.
    #[error("CRC-32 at offset {offset:#x} is {stored:#010x}, expected {computed:#010x}")]
    Crc {
        /// Where the CRC is.
        offset: u64,
        /// The CRC in the file.
        stored: u32,
        /// The CRC of everything before it.
        computed: u32,
    },
    /// A Secure Boot V2 signature block was made for another image.
    #[error(
        "signature block {block} at offset {offset:#x} is for another image: its digest is not that of the bytes before it"
    )]
    Signature {
        /// Number of the block, from 0.
        block: usize,
        /// Where the block starts.
        offset: u64,
    },
    /// The public key in a Secure Boot V2 signature block was changed after it was written.
    #[error(
        "the public key in signature block {block} at offset {offset:#x} was changed: R and M' beside it are not those of its modulus"
    )]
    SignatureKey {
        /// Number of the block, from 0.
        block: usize,
        /// Where the block starts.
        offset: u64,
    },
    /// A Secure Boot V2 signature block was damaged after it was written.
    #[error("signature block {block} at offset {offset:#x} is damaged: {problem}")]
    SignatureBlock {
        /// Number of the block, from 0.
        block: usize,
        /// Where the block starts.
        offset: u64,
        /// What is wrong with it.
        problem: BlockProblem,
    },
    /// A Secure Boot V1 signature, for a chip that knows none.
    #[error("the signature at offset {offset:#x} is one of Secure Boot V1, which {chip} cannot verify")]
    SignatureV1 {
        /// Where it starts.
        offset: u64,
        /// The chip the image is for.
        chip: ChipId,
    },
    /// A signature the chip has no means to verify.
    #[error("signature block {block} at offset {offset:#x} is made with {}, which {chip}{} cannot verify", .scheme.name(), Before(.since))]
    SignatureScheme {
        /// Number of the block, from 0.
        block: usize,
        /// Where the block starts.
        offset: u64,
        /// What signed it.
        scheme: SignatureScheme,
        /// The chip the image is for.
        chip: ChipId,
        /// The lowest revision of the chip that verifies it (major * 100 + minor), higher than any the image runs on;
        /// `None` when no revision does.
        since: Option<u16>,
    },
    /// The length the Arduino core for ESP8266 wrote into the file is not that of the file.
    #[error("the word at offset {offset:#x} says the file has {stored} bytes, it has {found}")]
    CoreLength {
        /// Where the word is.
        offset: u64,
        /// The length in the file.
        stored: u32,
        /// The length of the file.
        found: u64,
    },
    /// The second image of an ESP8266 file is no sound image.
    #[error("the application after the boot loader: {0}")]
    Second(Box<ImageError>),
    /// A whole flash content: bootloader, partition table and application in one file.
    #[error("a merged flash image, not an application: there is a partition table at offset {table:#x}")]
    Merged {
        /// Where the partition table is.
        table: u64,
    },
}

/// ` before revision v3.0`, where later ones can.
struct Before<'a>(&'a Option<u16>);

impl fmt::Display for Before<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(since) => write!(f, " before revision v{}.{}", since / 100, since % 100),
            None => Ok(()),
        }
    }
}

/// A part of an image that a file can end inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The image header.
    Header,
    /// The header of a segment.
    SegmentHeader(u8),
    /// The data of a segment.
    SegmentData(u8),
    /// The checksum byte and the padding before it.
    Checksum,
    /// The appended SHA-256.
    Digest,
    /// The CRC-32 of an ESP8266 version 2 image.
    Crc,
    /// The Secure Boot V2 signature sector.
    SignatureSector,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("the image header"),
            Self::SegmentHeader(index) => write!(f, "the header of segment {index}"),
            Self::SegmentData(index) => write!(f, "the data of segment {index}"),
            Self::Checksum => f.write_str("the checksum"),
            Self::Digest => f.write_str("the appended SHA-256"),
            Self::Crc => f.write_str("the CRC-32"),
            Self::SignatureSector => f.write_str("the signature sector"),
        }
    }
}

/// What a file that is no ESP image looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// An ELF file.
    Elf,
    /// An Intel HEX file.
    IntelHex,
    /// A UF2 file.
    Uf2,
    /// A binary partition table.
    PartitionTable,
    /// Erased flash: 0xFF only at the start.
    Erased,
    /// Something else, starting with this byte.
    Byte(u8),
}

impl Foreign {
    pub(super) fn guess(bytes: &[u8]) -> Self {
        match bytes {
            [0x7F, b'E', b'L', b'F', ..] => Self::Elf,
            [b':', rest @ ..] if rest.iter().take(8).all(u8::is_ascii_hexdigit) => Self::IntelHex,
            [b'U', b'F', b'2', b'\n', ..] => Self::Uf2,
            [0xAA, 0x50, ..] => Self::PartitionTable,
            [0xFF, rest @ ..] if rest.iter().take(15).all(|byte| *byte == 0xFF) => Self::Erased,
            [first, ..] => Self::Byte(*first),
            [] => Self::Erased,
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elf => f.write_str("an ELF file"),
            Self::IntelHex => f.write_str("an Intel HEX file"),
            Self::Uf2 => f.write_str("a UF2 file"),
            Self::PartitionTable => f.write_str("a partition table"),
            Self::Erased => f.write_str("erased flash (0xFF)"),
            Self::Byte(byte) => write!(f, "{byte:#04x}"),
        }
    }
}

/// What to sign with instead.
fn usable(chip: ChipId) -> String {
    use SignatureScheme::{EcdsaP256, Rsa3072};
    let usable: Vec<&str> = [Rsa3072, EcdsaP256]
        .into_iter()
        .filter(|scheme| chip.verifies(*scheme).is_some())
        .map(SignatureScheme::name)
        .collect();
    format!("Sign the image with {}, which the chip verifies.", usable.join(" or "))
}

impl Diagnose for ImageError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Magic { found, .. } => match found {
                Foreign::Elf => {
                    "Give the image that `esptool elf2image` or `espflash save-image` makes of this ELF file."
                }
                Foreign::IntelHex | Foreign::Uf2 => "Give the raw .bin the build also writes.",
                Foreign::PartitionTable => {
                    "Give this file as the partition table, and the application's .bin here."
                }
                Foreign::Erased => "Give the application's .bin, not a dump of empty flash.",
                Foreign::Byte(_) => {
                    "Give the application's plain .bin; an image encrypted for flash encryption cannot be read."
                }
            },
            Self::Truncated { .. } => "Build or download the image again: its end is missing.",
            Self::SegmentCount { .. } | Self::SegmentLength { .. } | Self::HashFlag { .. } => {
                "Check that the file is an ESP application image and was not changed after the build."
            }
            Self::Checksum { .. } | Self::Digest { .. } | Self::Crc { .. } => {
                "Build the image again: it was changed or damaged after the build, and the chip would not start it."
            }
            Self::Signature { .. } => "Sign the image again: it was changed after it was signed.",
            Self::SignatureKey { .. } => {
                "Sign the image again: no chip trusts this key, whatever the tool says that signed it."
            }
            Self::SignatureBlock { .. } => {
                "Sign the image again: its signature was damaged afterwards, and no chip accepts it."
            }
            Self::SignatureScheme { chip, .. } => return Some(usable(*chip).into()),
            Self::SignatureV1 { .. } => "Sign the image for Secure Boot V2; only the ESP32 has V1.",
            Self::CoreLength { .. } => {
                "Build or download the image again: its end is missing or not its own."
            }
            Self::Second(error) => return error.hint(),
            Self::Merged { .. } => {
                "Give the application's own .bin; a merged image holds more than fits any partition."
            }
        };
        Some(hint.into())
    }
}
