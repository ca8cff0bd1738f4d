//! All that speaks against starting an image, and what only deserves a look.
//!
//! What the second-stage bootloader refuses: ESP-IDF `components/bootloader_support/src/esp_image_format.c`
//! (`process_image_header`, `process_segment`, `verify_load_addresses`, `process_checksum`, `verify_simple_hash`);
//! chip and revisions: `bootloader_common_loader.c`. Anti-rollback: `components/bootloader/Kconfig.app_rollback`.

use std::fmt;

use crate::esp_image::{AppImage, ChipId, Format, ImageError, LayoutProblem, Trailing};

/// Flash is erased and signatures are placed in sectors of this size.
const SECTOR: u64 = 0x1000;
/// Where ESP-IDF puts the description of an application, and where bootloader and updater look for it: behind the
/// header of the image and that of its first segment.
const DESCRIPTOR: u64 = 32;

/// What an image is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An application: it describes itself as one, or has code that is executed from flash.
    Application,
    /// A second-stage bootloader: it describes itself as one, or lies in RAM entirely.
    Bootloader,
}

/// How the image is signed when it is flashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// The file is flashed as it is.
    None,
    /// A Secure Boot V1 signature is still to be appended, unless the file has one.
    V1,
    /// A Secure Boot V2 signature sector is still to be appended, unless the file has one.
    V2,
}

/// Something an image is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A check of the file fails.
    Check(ImageError),
    /// A rule of placement is broken.
    Layout(LayoutProblem),
    /// Lowest and highest chip revision leave no chip.
    Revisions {
        /// Lowest revision, major * 100 + minor.
        min: u16,
        /// Highest revision, major * 100 + minor.
        max: u16,
    },
    /// The counter against rollback exceeds what the eFuses of the chip count.
    SecureVersion {
        /// The counter.
        value: u32,
        /// Bits, and so the highest value.
        bits: u32,
    },
    /// The SHA-256 of a bootloader is an old one: esptool changes the header when it flashes, and without secure
    /// boot nothing looks at it.
    StaleDigest {
        /// Where the digest is.
        offset: u64,
    },
    /// No SHA-256 is appended, so that the chip notices damage by one byte of checksum only.
    NoDigest,
    /// The chip is not known here, or the header says that it stands for none.
    UnknownChip(ChipId),
    /// An application that does not say its version: updates and anti-rollback have nothing to go by.
    NoDescriptor,
    /// The description is not where bootloader and updater look for it.
    DescriptorPlace {
        /// Where it is.
        offset: u64,
    },
    /// Bytes behind the image that mean nothing.
    Trailing {
        /// Where they start.
        offset: u64,
        /// Number of bytes.
        length: u64,
    },
    /// Bytes behind the signature: the file was signed again as if it were not.
    SignedTwice {
        /// Where the first signature sector is.
        offset: u64,
    },
    /// More signature blocks than the chip looks at.
    SignatureBlocks {
        /// Number of blocks.
        count: usize,
        /// The chip, which looks at the first one.
        chip: ChipId,
    },
}

impl Problem {
    /// Whether the chip would not start the image, or not accept it as an update.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::Check(_) | Self::Layout(_) | Self::Revisions { .. } | Self::SecureVersion { .. } => true,
            Self::UnknownChip(chip) => *chip == ChipId::INVALID,
            _ => false,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let revision = |full: u16| format!("v{}.{}", full / 100, full % 100);
        match self {
            Self::Check(error) => error.fmt(f),
            Self::Layout(problem) => problem.fmt(f),
            Self::Revisions { min, max } => write!(
                f,
                "no chip is good for it: the lowest revision at offset 0xf is {}, the highest at offset 0x11 is {}",
                revision(*min),
                revision(*max)
            ),
            Self::SecureVersion { value, bits } => write!(
                f,
                "the secure version is {value}, but the eFuses of the chip count to {bits}: it could never be started \
                 with anti-rollback"
            ),
            Self::StaleDigest { offset } => write!(
                f,
                "SHA-256 at offset {offset:#x} is not that of the bootloader; only secure boot checks it"
            ),
            Self::NoDigest => {
                f.write_str("no SHA-256 is appended: one byte of checksum is all that protects the image")
            }
            Self::UnknownChip(chip) => write!(f, "the chip id {} at offset 0xc is not known", chip.0),
            Self::NoDescriptor => {
                f.write_str("no application description: version and secure version are not known")
            }
            Self::DescriptorPlace { offset } => write!(
                f,
                "the application description is at offset {offset:#x}, bootloader and updater look for it at {DESCRIPTOR:#x}"
            ),
            Self::Trailing { offset, length } => {
                write!(f, "{length} bytes behind the image at offset {offset:#x} mean nothing")
            }
            Self::SignedTwice { offset } => write!(
                f,
                "there are bytes behind the signature sector at offset {offset:#x}: the file was signed twice"
            ),
            Self::SignatureBlocks { count, chip } => {
                write!(f, "{count} signature blocks, of which {chip} looks at the first only")
            }
        }
    }
}

impl AppImage {
    /// What the image is for.
    #[must_use]
    pub fn role(&self) -> Role {
        let in_ram = self.format == Format::Esp32 && self.mapped().next().is_none();
        let application = self.app.is_some() || (self.bootloader.is_none() && !in_ram);
        if application { Role::Application } else { Role::Bootloader }
    }

    /// Everything that speaks against the image, what the chip refuses first.
    ///
    /// `secure_boot` tells whether the chip verifies its bootloader, and so the digest of it.
    #[must_use]
    pub fn problems(&self, secure_boot: bool) -> Vec<Problem> {
        let mut problems = Vec::new();
        for failure in self.failures() {
            problems.push(match failure {
                ImageError::Digest { offset, .. } if self.role() == Role::Bootloader && !secure_boot => {
                    Problem::StaleDigest { offset }
                }
                failure => Problem::Check(failure),
            });
        }
        problems.extend(self.layout_problems().into_iter().map(Problem::Layout));
        if let Some(extended) = &self.header.extended {
            let (min, max) = (extended.min_revision, extended.max_revision);
            // Old images have no highest revision.
            if max != 0 && min > max {
                problems.push(Problem::Revisions { min, max });
            }
            if extended.chip.name().is_none() {
                problems.push(Problem::UnknownChip(extended.chip));
            }
            if self.digest.is_none() {
                problems.push(Problem::NoDigest);
            }
            self.check_description(extended.chip, &mut problems);
        }
        self.check_trailing(&mut problems);
        problems.sort_by_key(|problem| !problem.is_fatal());
        problems
    }

    fn check_description(&self, chip: ChipId, problems: &mut Vec<Problem>) {
        let Some(app) = &self.app else {
            if self.role() == Role::Application {
                problems.push(Problem::NoDescriptor);
            }
            return;
        };
        if let Some(bits) = chip.secure_version_bits()
            && app.secure_version > bits
        {
            problems.push(Problem::SecureVersion { value: app.secure_version, bits });
        }
        if app.offset != DESCRIPTOR {
            problems.push(Problem::DescriptorPlace { offset: app.offset });
        }
    }

    fn check_trailing(&self, problems: &mut Vec<Problem>) {
        match &self.trailing {
            Trailing::Other { offset, length } => {
                problems.push(Problem::Trailing { offset: *offset, length: *length });
            }
            Trailing::SignatureV2 { offset, blocks, extra } => {
                if *extra > 0 {
                    problems.push(Problem::SignedTwice { offset: *offset });
                }
                if let Some(chip) = self.chip()
                    && blocks.len() > chip.signature_blocks()
                {
                    problems.push(Problem::SignatureBlocks { count: blocks.len(), chip });
                }
            }
            _ => {}
        }
    }

    /// Bytes of a partition the image takes when it is flashed, signature included.
    ///
    /// A Secure Boot V2 signature starts at the next sector of 4096 bytes and fills one; that of V1 follows the file
    /// directly. A file that is signed already is counted as it is.
    #[must_use]
    pub fn flashed_len(&self, signing: Signing) -> u64 {
        match (signing, &self.trailing) {
            (Signing::V2, Trailing::SignatureV2 { .. }) | (Signing::V1, Trailing::SignatureV1 { .. }) => {
                self.total_len
            }
            (Signing::None, _) => self.total_len,
            (Signing::V1, _) => self.total_len + 68,
            (Signing::V2, _) => self.total_len.next_multiple_of(SECTOR) + SECTOR,
        }
    }
}
