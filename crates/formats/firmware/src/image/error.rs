//! Why a file is no image to send over the air.

use std::borrow::Cow;
use std::fmt;

use lw_model::Diagnose;

use crate::esp_image::ImageError;
use crate::image::Kind;
use crate::sniff::{is_srec, is_text};
use crate::{intel_hex, mcuboot, uf2};

/// Why a file is no sound image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is surely no image.
    #[error("no image for an update: {0}")]
    Foreign(Foreign),
    /// It is of no format that can be recognised.
    #[error("{}: {looks_like}", Expected(.expected))]
    Unknown {
        /// The format that was asked for.
        expected: Option<Kind>,
        /// What it looks like: `binary data that starts with 00 04 00 20`.
        looks_like: String,
        /// The bundle or archive it is, when it is one that updates come in.
        container: Option<Container>,
    },
    /// What a UF2 or Intel HEX file writes to flash is a damaged image.
    #[error("the image at the address {address:#010x}: {error}")]
    Nested {
        /// The address it is written to.
        address: u32,
        /// What is wrong with it.
        error: Box<Error>,
    },
    /// It is an image of another format.
    #[error("expected {}, found {}", .expected.phrase(), .found.phrase())]
    Kind {
        /// The format that was asked for.
        expected: Kind,
        /// The format it has.
        found: Kind,
    },
    /// It is a damaged ESP image.
    #[error(transparent)]
    Esp(ImageError),
    /// It is a damaged MCUboot image.
    #[error(transparent)]
    Mcuboot(mcuboot::Error),
    /// It is a damaged UF2 file.
    #[error(transparent)]
    Uf2(uf2::Error),
    /// It is a damaged Intel HEX file.
    #[error(transparent)]
    IntelHex(intel_hex::Error),
}

struct Expected<'a>(&'a Option<Kind>);

impl fmt::Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(kind) => write!(f, "no {} image", kind.as_str()),
            None => f.write_str("no image format that can be recognised"),
        }
    }
}

/// A file that is no image for an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// No bytes at all.
    Empty,
    /// Nothing but this byte, 0x00 or 0xFF.
    Blank(u8),
    /// An ELF file.
    Elf,
    /// What Git LFS leaves when the file itself is not checked out.
    LfsPointer,
    /// Bootloader, partition table and application in one file.
    MergedFlash {
        /// Where the partition table is.
        table: u64,
    },
    /// A binary partition table of ESP chips.
    PartitionTable,
    /// Motorola S-records.
    SRecord,
    /// An HTML page, such as an error of a server.
    Html,
    /// An image for MCUboot with its numbers in big-endian order.
    BigEndianMcuboot,
    /// Some other text.
    Text,
}

impl Foreign {
    /// What a file is that starts with `head` and, if `blank` says so, holds nothing but that byte.
    pub(super) fn guess(head: &[u8], blank: Option<u8>) -> Option<Self> {
        if let Some(byte @ (0x00 | 0xFF)) = blank {
            return Some(Self::Blank(byte));
        }
        let head_is = |prefix: &str| {
            head.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
        };
        match head {
            [] => Some(Self::Empty),
            [0x7F, b'E', b'L', b'F', ..] => Some(Self::Elf),
            [0xAA, 0x50, ..] => Some(Self::PartitionTable),
            [0x96, 0xF3, 0xB8, 0x3D, ..] => Some(Self::BigEndianMcuboot),
            _ if head_is("version https://git-lfs") => Some(Self::LfsPointer),
            _ if head_is("<!doctype html") || head_is("<html") => Some(Self::Html),
            _ if is_srec(head) => Some(Self::SRecord),
            _ => is_text(head).then_some(Self::Text),
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the file is empty"),
            Self::Blank(byte) => write!(f, "the file holds only the byte {byte:#04x}"),
            Self::Elf => f.write_str("the file is an ELF file"),
            Self::LfsPointer => f.write_str("the file is a Git LFS pointer"),
            Self::MergedFlash { table } => {
                write!(
                    f,
                    "the file is a merged flash image, with a partition table at offset {table:#x}, not an application"
                )
            }
            Self::PartitionTable => f.write_str("the file is a binary partition table"),
            Self::SRecord => f.write_str("the file is a Motorola S-record file"),
            Self::Html => f.write_str("the file is an HTML page"),
            Self::BigEndianMcuboot => f.write_str("the file is a MCUboot image in big-endian byte order"),
            Self::Text => f.write_str("the file is text"),
        }
    }
}

/// A bundle or archive that holds an update, which a device unpacks with a program of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// A zip archive of nRF Connect SDK: images and their manifest.
    NordicDfu,
    /// Any other zip archive.
    Zip,
    /// A gzip file.
    Gzip,
    /// An artifact of Mender.
    Mender,
    /// An archive of SWUpdate.
    Swupdate,
    /// A bundle of RAUC, or another SquashFS.
    Squashfs,
    /// Any other tar archive.
    Tar,
}

impl Container {
    /// What a file is that starts with these bytes.
    pub(crate) fn guess(head: &[u8]) -> Option<Self> {
        let has = |text: &str| crate::sniff::find(head, text.as_bytes()).is_some();
        match head {
            // The first name follows the header of its member.
            [b'P', b'K', 3, 4, ..] if has("manifest.json") || has("dfu_application") => Some(Self::NordicDfu),
            [b'P', b'K', 3, 4, ..] => Some(Self::Zip),
            [0x1F, 0x8B, ..] => Some(Self::Gzip),
            [b'h', b's', b'q', b's', ..] => Some(Self::Squashfs),
            [b'0', b'7', b'0', b'7', b'0', b'1' | b'2', ..]
                if head.get(110..).is_some_and(|name| name.starts_with(b"sw-description")) =>
            {
                Some(Self::Swupdate)
            }
            _ if head.get(257..262) == Some(b"ustar") => {
                // Mender's artifacts start with the file `version`, which names the format.
                let is_mender = head.starts_with(b"version\0") && has("mender");
                Some(if is_mender { Self::Mender } else { Self::Tar })
            }
            _ => None,
        }
    }

    /// What it is, with its article.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::NordicDfu => "a DFU zip archive of nRF Connect SDK (dfu_application.zip)",
            Self::Zip => "a zip archive",
            Self::Gzip => "a gzip file",
            Self::Mender => "a Mender artifact (.mender)",
            Self::Swupdate => "a SWUpdate archive (.swu)",
            Self::Squashfs => "a SquashFS, such as a RAUC bundle (.raucb)",
            Self::Tar => "a tar archive",
        }
    }

    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::NordicDfu => {
                "Give the image inside it, such as app_update.bin or zephyr.signed.bin of the build."
            }
            Self::Gzip => {
                "Give the image it was made from: what is compressed cannot be checked, and is packaged with `--kind binary` only."
            }
            Self::Zip | Self::Tar => "Take it apart and give the image inside it.",
            Self::Mender => {
                "Check it with `mender-artifact validate`; this tool reads images of microcontrollers."
            }
            Self::Swupdate => "Check it with `swupdate -c`; this tool reads images of microcontrollers.",
            Self::Squashfs => "Check it with `rauc info`; this tool reads images of microcontrollers.",
        }
    }
}

impl Diagnose for Error {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Foreign(foreign) => match foreign {
                Foreign::Empty => "Build or download the image again.",
                Foreign::Blank(_) => "Give the image of the application, not a dump of empty memory.",
                Foreign::Elf => {
                    "Give the image made of this ELF file (`esptool elf2image`, `imgtool sign`, `objcopy -O binary`)."
                }
                Foreign::LfsPointer => {
                    "Check out the file itself: `git lfs pull`, or `lfs: true` for actions/checkout."
                }
                Foreign::MergedFlash { .. } => {
                    "Give the application's own .bin; a merged image holds more than fits any partition."
                }
                Foreign::PartitionTable => {
                    "Give this file as the partition table, and the application's .bin here."
                }
                Foreign::SRecord => "Convert the file to a binary or to Intel HEX.",
                Foreign::BigEndianMcuboot => {
                    "Only little-endian images are read, which all chips of MCUboot's ports have: sign with `imgtool sign --endian little`."
                }
                Foreign::Html => "Download the image again: this is the page of a server.",
                Foreign::Text => "Give the image the build writes.",
            },
            Self::Unknown { container: Some(container), .. } => container.hint(),
            Self::Unknown { expected: None, .. } => {
                "Say that the image is a raw binary if that is what it is; nothing in it can be checked then."
            }
            Self::Unknown { .. } | Self::Kind { .. } => "Give another file, or another format.",
            Self::Nested { error, .. } => return error.hint(),
            Self::Esp(error) => return error.hint(),
            Self::Mcuboot(error) => return error.hint(),
            Self::Uf2(error) => return error.hint(),
            Self::IntelHex(error) => return error.hint(),
        };
        Some(hint.into())
    }
}
