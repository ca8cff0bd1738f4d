//! All that speaks against starting an image, and what only deserves a look.
//!
//! What the second-stage bootloader refuses: ESP-IDF `components/bootloader_support/src/esp_image_format.c`
//! (`process_image_header`, `process_segment`, `verify_load_addresses`, `process_checksum`, `verify_simple_hash`);
//! chip and revisions: `bootloader_common_loader.c`. Anti-rollback: `components/bootloader/Kconfig.app_rollback`.

use std::fmt;

use lw_model::lists::sort_by_key;

use crate::esp_image::{
    AppImage, ChipId, Format, ImageError, LayoutProblem, SignatureBlock, SignatureScheme, Trailing,
};

/// Flash is erased and signatures are placed in sectors of this size.
const SECTOR: u64 = 0x1000;
/// Where ESP-IDF puts the description of an application, and where bootloader and updater look for it: after the
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
    /// A flash mode that no chip has.
    FlashMode {
        /// The code in the header.
        code: u8,
        /// Where it is.
        offset: u64,
    },
    /// A flash size that no chip knows.
    FlashSize {
        /// The code in the header.
        code: u8,
        /// Where it is.
        offset: u64,
    },
    /// Bytes of the file that nothing in it covers: they were not checked.
    NotCovered {
        /// Where they start.
        offset: u64,
        /// Number of bytes.
        length: u64,
    },
    /// The memory of the chip is not known here: the addresses of the segments were not checked.
    NoMemoryMap(ChipId),
    /// A signature that some of the chips the image runs on cannot verify.
    SignatureRevision {
        /// What signed it.
        scheme: SignatureScheme,
        /// The chip.
        chip: ChipId,
        /// Its lowest revision that verifies it, major * 100 + minor.
        since: u16,
        /// The lowest revision the image runs on.
        min: u16,
    },
    /// Bytes after the image that mean nothing.
    Trailing {
        /// Where they start.
        offset: u64,
        /// Number of bytes.
        length: u64,
    },
    /// Bytes after the signature: the file was signed again as if it were not.
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

    /// Whether nothing is wrong: it only tells what was not checked.
    #[must_use]
    pub fn is_note(&self) -> bool {
        matches!(self, Self::NotCovered { .. } | Self::NoMemoryMap(_))
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
            Self::FlashMode { code, offset } => {
                write!(
                    f,
                    "the flash mode at offset {offset:#x} is {code:#04x}, which no chip has: expected 0 to 5"
                )
            }
            Self::FlashSize { code, offset } => {
                write!(f, "the flash size at offset {offset:#x} is the code {code:#x}, which stands for none")
            }
            Self::NotCovered { offset, length } => write!(
                f,
                "the {length} bytes from offset {offset:#x} on were not checked: they come after the ESP8266 image, and no \
                 checksum covers them"
            ),
            Self::NoMemoryMap(chip) => write!(
                f,
                "the memory map of {chip} is not known here: whether the segments are for addresses it has was not checked"
            ),
            Self::SignatureRevision { scheme, chip, since, min } => write!(
                f,
                "it runs on {chip} {} and later, which verifies signatures with {} from {} on only",
                revision(*min),
                scheme.name(),
                revision(*since)
            ),
            Self::Trailing { offset, length } => {
                write!(f, "the {length} bytes after the image, from offset {offset:#x} on, mean nothing")
            }
            Self::SignedTwice { offset } => write!(
                f,
                "there are bytes after the signature sector at offset {offset:#x}: the file was signed twice"
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
        self.check_flash(&mut problems);
        if let Some(extended) = &self.header.extended {
            let (min, max) = (extended.min_revision, extended.max_revision);
            // Old images have no highest revision.
            if max != 0 && min > max {
                problems.push(Problem::Revisions { min, max });
            }
            if extended.chip.name().is_none() {
                problems.push(Problem::UnknownChip(extended.chip));
            } else if extended.chip.chip().is_none() {
                problems.push(Problem::NoMemoryMap(extended.chip));
            }
            if self.digest.is_none() {
                problems.push(Problem::NoDigest);
            }
            self.check_description(extended.chip, &mut problems);
        }
        self.check_trailing(&mut problems);
        sort_by_key(&mut problems, |problem| !problem.is_fatal());
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

    /// Flash mode and size, which esptool and the boot ROM look up by their codes.
    fn check_flash(&self, problems: &mut Vec<Problem>) {
        let header = &self.header;
        if header.flash_mode_name().is_none() {
            problems.push(Problem::FlashMode { code: header.flash_mode, offset: header.offset + 2 });
        }
        if header.flash_bytes().is_none() {
            problems.push(Problem::FlashSize { code: header.flash_size, offset: header.offset + 3 });
        }
    }

    fn check_trailing(&self, problems: &mut Vec<Problem>) {
        match &self.trailing {
            Trailing::Uncovered { offset, length } => {
                problems.push(Problem::NotCovered { offset: *offset, length: *length });
            }
            Trailing::Second(second) => {
                problems.extend(second.image.layout_problems().into_iter().map(Problem::Layout));
                second.image.check_flash(problems);
                second.image.check_trailing(problems);
            }
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
                self.check_revisions(blocks, problems);
            }
            _ => {}
        }
    }

    /// Whether all the chips the image runs on can verify its signatures; that none can is a failed check.
    fn check_revisions(&self, blocks: &[SignatureBlock], problems: &mut Vec<Problem>) {
        let Some(extended) = &self.header.extended else { return };
        let (chip, min) = (extended.chip, extended.min_revision);
        let late = blocks.iter().find_map(|block| {
            let since = chip.verifies(block.scheme)?;
            (min < since && since <= self.highest_revision()).then_some((block.scheme, since))
        });
        if let Some((scheme, since)) = late {
            problems.push(Problem::SignatureRevision { scheme, chip, since, min });
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
