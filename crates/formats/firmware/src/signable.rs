//! Whether an image may be signed: that it is what it claims to be, that the device verifies what it is signed with, and
//! that it still fits.
//!
//! A signature vouches for the bytes it is over. espsecure signs anything, a script or an image that is signed already;
//! here a file that is no image never gets this far ([`crate::image::Error`] says what it is), and an image is refused for
//! whatever would make the device refuse it, signed or not.

use std::borrow::Cow;

use lw_model::{Class, Diagnose};

use crate::esp_image::{AppImage, ChipId, Format, ImageError, Problem, SignatureScheme, Trailing};
use crate::image::{Image, Kind};
use crate::mcuboot;

/// Bytes of a sector of flash, and of the signature sector.
const SECTOR: u64 = 0x1000;
/// Bytes of a Secure Boot V1 signature.
const SIGNATURE_V1: u64 = 68;

/// What is done with signatures that are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// An image that has one is refused.
    #[default]
    Refuse,
    /// They stay, and others are added.
    Append,
    /// They are dropped.
    Replace,
}

/// Where the signature of an ESP image goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Bytes of the file that stay.
    pub keep: u64,
    /// Bytes of 0xFF between them and the signature.
    pub padding: u64,
    /// Bytes of the signed file.
    pub total: u64,
    /// What deserves a look, although nothing is wrong with it.
    pub warnings: Vec<Problem>,
}

/// What the unprotected TLVs of a MCUboot image are put between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relaid {
    /// Bytes of the file that stay, in front of the TLVs.
    pub keep: u64,
    /// Bytes of erased flash after the TLVs.
    pub fill: u64,
    /// The value of erased flash.
    pub erased: u8,
    /// Where the end of the slot starts in the file as it is, which is copied after that.
    pub tail: Option<u64>,
    /// Bytes of the signed image, up to the end of its TLVs.
    pub image_len: u64,
}

/// Why an image is not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Something is wrong with the image that the device would refuse as well.
    #[error("the image is not signed, because it would not be started: {0}")]
    Broken(Box<Problem>),
    /// Something is wrong with the image for MCUboot.
    #[error("the image is not signed, because it would not be started: {0}")]
    Mcuboot(Box<mcuboot::Error>),
    /// A file of another format.
    #[error("{} is not signed with {scheme}; expected {expected}", .found.phrase())]
    Format {
        /// What the file is.
        found: Kind,
        /// The scheme that was asked for.
        scheme: &'static str,
        /// What it is for.
        expected: &'static str,
    },
    /// An image of a chip without secure boot.
    #[error("an image of an ESP8266 is not signed: the chip verifies nothing when it starts")]
    Esp8266,
    /// There is a signature.
    #[error("the image is signed already, with {with}")]
    Signed {
        /// The scheme of that signature.
        with: &'static str,
    },
    /// There is a signature of another scheme.
    #[error("the image is signed already, with {with}, which {asked} does not replace")]
    OtherSigned {
        /// The scheme of that signature.
        with: &'static str,
        /// The scheme that was asked for.
        asked: &'static str,
    },
    /// Secure Boot V1 has one signature only.
    #[error("a Secure Boot V1 image has one signature; another cannot be appended")]
    One,
    /// The chip does not verify such signatures.
    #[error("{chip}{} does not verify signatures made with {}", Before(.since), .scheme.name())]
    Scheme {
        /// The chip.
        chip: ChipId,
        /// What would sign.
        scheme: SignatureScheme,
        /// The lowest revision that verifies it, higher than any the image runs on; `None` when no revision does.
        since: Option<u16>,
    },
    /// The chip has no Secure Boot V1.
    #[error("{chip} has no Secure Boot V1: the ESP32 alone has")]
    SchemeV1 {
        /// The chip.
        chip: ChipId,
    },
    /// More signatures than the chip looks at.
    #[error("the image would have {count} signatures; {chip} looks at {most}")]
    TooMany {
        /// Number of signatures.
        count: usize,
        /// Number the chip looks at.
        most: usize,
        /// The chip.
        chip: ChipId,
    },
    /// Bytes after the image, behind which the device would not find the signature.
    #[error(
        "there are {length} bytes after the image, at offset {offset:#x}; the device looks for the signature at \
         {expected:#x}"
    )]
    Trailing {
        /// Where they start.
        offset: u64,
        /// Their number.
        length: u64,
        /// Where the signature has to be.
        expected: u64,
    },
    /// The signed image is too long.
    #[error("the signed image has {needed} bytes; the slot has {slot}")]
    Slot {
        /// Its bytes.
        needed: u64,
        /// Bytes of the slot.
        slot: u64,
    },
    /// The payload is encrypted.
    #[error("the image is encrypted: its hash, which is what is signed, is that of the plain payload")]
    Encrypted,
    /// The payload is an image itself.
    #[error(
        "the payload is an image for MCUboot itself: it was given a second header, and would not be started"
    )]
    Nested,
    /// The bootloader has worked with the slot.
    #[error(
        "the slot is in use: at offset {offset:#x} are notes of the bootloader, which belong to the image as it is"
    )]
    SlotInUse {
        /// Where they start.
        offset: u64,
    },
    /// There is no room in the slot's padding.
    #[error("the TLVs reach {end:#x}, and the end of the slot starts at {start:#x}")]
    Tail {
        /// Where the TLVs would end.
        end: u64,
        /// Where the end of the slot starts.
        start: u64,
    },
}

/// ` before revision v3.0`, where later ones do.
struct Before<'a>(&'a Option<u16>);

impl std::fmt::Display for Before<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(since) => write!(f, " before revision v{}.{}", since / 100, since % 100),
            None => Ok(()),
        }
    }
}

impl Diagnose for Refusal {
    fn class(&self) -> Class {
        match self {
            Self::Scheme { .. } | Self::SchemeV1 { .. } | Self::TooMany { .. } | Self::One => Class::Usage,
            _ => Class::Input,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Broken(problem) => match &**problem {
                Problem::Check(error) => return error.hint(),
                _ => "Build the image again, for the chip it is meant for.",
            },
            Self::Mcuboot(error) => return error.hint(),
            Self::Format { .. } => {
                "Give the .bin the build writes, or sign the file as it is with a detached scheme."
            }
            Self::Esp8266 => {
                "Sign the file with a detached scheme, such as ecdsa-sha256, and verify that when updating."
            }
            Self::Signed { .. } => {
                "Give --append to add a signature, or --replace to drop the ones that are there."
            }
            Self::OtherSigned { .. } => "Sign the image as the build wrote it.",
            Self::One => "Give --replace, or sign for Secure Boot V2.",
            Self::Scheme { chip, .. } => {
                let usable: Vec<&str> = SignatureScheme::SIGNABLE
                    .into_iter()
                    .filter(|scheme| chip.verifies(*scheme).is_some())
                    .map(SignatureScheme::name)
                    .collect();
                return Some(
                    format!("Use a key for {}, which the chip verifies.", usable.join(" or ")).into(),
                );
            }
            Self::SchemeV1 { .. } => "Sign the image for Secure Boot V2.",
            Self::TooMany { .. } => "Give fewer keys, or replace the signatures with --replace.",
            Self::Trailing { .. } => {
                "Give the image as `esptool elf2image` wrote it, without padding or anything else after it."
            }
            Self::Slot { .. } | Self::Tail { .. } => "Make the application smaller, or the slot larger.",
            Self::Encrypted => {
                "Sign the image first, and encrypt it in the same step: `imgtool sign --encrypt`."
            }
            Self::Nested => "Sign the binary of the build, not one that is signed already.",
            Self::SlotInUse { .. } => "Give the image the build wrote, not a copy of the flash of a device.",
        };
        Some(hint.into())
    }
}

impl SignatureScheme {
    /// The schemes images are signed with here.
    const SIGNABLE: [Self; 3] = [Self::Rsa3072, Self::EcdsaP256, Self::EcdsaP384];
}

impl AppImage {
    /// Whether the image may be signed for Secure Boot V2 with these schemes, one for each signature, and where they go.
    ///
    /// `slot` is the size of the partition the signed image has to fit, where it is known.
    ///
    /// # Errors
    /// Why it may not.
    pub fn signable_v2(
        &self,
        schemes: &[SignatureScheme],
        existing: Existing,
        slot: Option<u64>,
    ) -> Result<Placement, Refusal> {
        let chip = self.signable_chip()?;
        let mut count = schemes.len();
        match (&self.trailing, existing) {
            (Trailing::SignatureV1 { .. }, _) => {
                return Err(Refusal::OtherSigned { with: "Secure Boot V1", asked: "Secure Boot V2" });
            }
            (Trailing::SignatureV2 { .. }, Existing::Refuse) => {
                return Err(Refusal::Signed { with: "Secure Boot V2" });
            }
            (Trailing::SignatureV2 { blocks, .. }, Existing::Append) => count += blocks.len(),
            _ => {}
        }
        let replaces = existing == Existing::Replace;
        let warnings = self.check_content(replaces)?;
        for scheme in schemes {
            let since = chip.verifies(*scheme);
            if since.is_none_or(|since| since > self.highest_revision()) {
                return Err(Refusal::Scheme { chip, scheme: *scheme, since });
            }
        }
        let most = chip.signature_blocks();
        if count > most {
            return Err(Refusal::TooMany { count, most, chip });
        }
        let sector = self.image_len.next_multiple_of(SECTOR);
        let keep = match &self.trailing {
            Trailing::SignatureV2 { offset, .. } => *offset,
            _ => self.total_len,
        };
        if keep > sector {
            let (offset, length) = (self.image_len, self.total_len - self.image_len);
            return Err(Refusal::Trailing { offset, length, expected: sector });
        }
        placed(Placement { keep, padding: sector - keep, total: sector + SECTOR, warnings }, slot)
    }

    /// Whether the image may be signed for Secure Boot V1, and where the signature goes.
    ///
    /// # Errors
    /// Why it may not.
    pub fn signable_v1(&self, existing: Existing, slot: Option<u64>) -> Result<Placement, Refusal> {
        let chip = self.signable_chip()?;
        if !chip.verifies_v1() {
            return Err(Refusal::SchemeV1 { chip });
        }
        match (&self.trailing, existing) {
            (Trailing::SignatureV2 { .. }, _) => {
                return Err(Refusal::OtherSigned { with: "Secure Boot V2", asked: "Secure Boot V1" });
            }
            (Trailing::SignatureV1 { .. }, Existing::Refuse) => {
                return Err(Refusal::Signed { with: "Secure Boot V1" });
            }
            (Trailing::SignatureV1 { .. }, Existing::Append) => return Err(Refusal::One),
            _ => {}
        }
        let warnings = self.check_content(existing == Existing::Replace)?;
        let keep = self.image_len;
        if !matches!(self.trailing, Trailing::SignatureV1 { .. }) && self.total_len != keep {
            let length = self.total_len - keep;
            return Err(Refusal::Trailing { offset: keep, length, expected: keep });
        }
        placed(Placement { keep, padding: 0, total: keep + SIGNATURE_V1, warnings }, slot)
    }

    fn signable_chip(&self) -> Result<ChipId, Refusal> {
        match (self.format, self.chip()) {
            (Format::Esp32, Some(chip)) => Ok(chip),
            _ => Err(Refusal::Esp8266),
        }
    }

    /// What would make the device refuse the image; that of a signature which is replaced does not count.
    fn check_content(&self, replaces: bool) -> Result<Vec<Problem>, Refusal> {
        let (mut warnings, mut broken) = (Vec::new(), None);
        for problem in self.problems(true) {
            let of_signature = matches!(
                &problem,
                Problem::Check(
                    ImageError::Signature { .. }
                        | ImageError::SignatureKey { .. }
                        | ImageError::SignatureScheme { .. }
                        | ImageError::SignatureV1 { .. }
                ) | Problem::SignatureBlocks { .. }
                    | Problem::SignatureRevision { .. }
                    | Problem::SignedTwice { .. }
            );
            match problem {
                _ if of_signature && replaces => {}
                Problem::SignedTwice { offset } => {
                    let length = self.total_len - offset;
                    return Err(Refusal::Trailing { offset, length, expected: offset });
                }
                problem if problem.is_fatal() => broken = broken.or(Some(problem)),
                problem => warnings.push(problem),
            }
        }
        match broken {
            Some(problem) => Err(Refusal::Broken(Box::new(problem))),
            None => Ok(warnings),
        }
    }
}

fn placed(placement: Placement, slot: Option<u64>) -> Result<Placement, Refusal> {
    match slot {
        Some(slot) if placement.total > slot => Err(Refusal::Slot { needed: placement.total, slot }),
        _ => Ok(placement),
    }
}

impl mcuboot::Image {
    /// Whether the image may be signed.
    ///
    /// # Errors
    /// Why it may not.
    pub fn signable(&self, existing: Existing) -> Result<(), Refusal> {
        if self.header.flags.is_encrypted() && self.is_unchecked() {
            return Err(Refusal::Encrypted);
        }
        if self.is_nested {
            return Err(Refusal::Nested);
        }
        self.verify().map_err(|error| Refusal::Mcuboot(Box::new(error)))?;
        if existing == Existing::Refuse && self.signatures().next().is_some() {
            return Err(Refusal::Signed { with: "MCUboot's TLVs" });
        }
        Ok(())
    }

    /// What stays of the file when its unprotected area is replaced by one of `area` bytes: a padded image stays as long
    /// as its slot.
    ///
    /// # Errors
    /// When the area does not fit, or what follows the image has a meaning.
    pub fn relay(&self, area: u64, slot: Option<u64>) -> Result<Relaid, Refusal> {
        let keep = self.covered_len();
        let image_len = keep + area;
        let relaid = |fill, tail| Relaid { keep, fill, erased: self.erased, tail, image_len };
        let room = |start: u64| start.checked_sub(image_len).ok_or(Refusal::Tail { end: image_len, start });
        match &self.trailing {
            mcuboot::Trailing::None => match slot {
                Some(slot) if image_len > slot => Err(Refusal::Slot { needed: image_len, slot }),
                _ => Ok(relaid(0, None)),
            },
            mcuboot::Trailing::Padding { .. } => Ok(relaid(room(self.total_len)?, None)),
            mcuboot::Trailing::Slot(trailer) => match trailer.used_from {
                Some(offset) => Err(Refusal::SlotInUse { offset }),
                None => Ok(relaid(room(trailer.offset)?, Some(trailer.offset))),
            },
            mcuboot::Trailing::Other { offset, length } => {
                Err(Refusal::Trailing { offset: *offset, length: *length, expected: image_len })
            }
        }
    }
}

/// Whether a file may become the payload of an image for MCUboot: a raw binary, or an ESP image that is sound.
///
/// # Errors
/// Why it may not.
pub fn payload(image: &Image) -> Result<(), Refusal> {
    match image {
        Image::Plain(_) => Ok(()),
        Image::Esp(esp) => esp.check_content(false).map(|_| ()),
        Image::Mcuboot(_) => Err(Refusal::Nested),
        Image::Uf2(_) | Image::IntelHex(_) => {
            Err(Refusal::Format { found: image.kind(), scheme: "mcuboot", expected: "a raw binary" })
        }
    }
}
