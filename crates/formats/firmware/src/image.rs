//! Images for updates over the air, whatever their format: one pass tells what a file is, checks it and hashes it.
//!
//! [`Scanner`] is fed the bytes a program copies anyway; [`read_from`] feeds one from a source. Memory does not
//! depend on the size of the file.
//!
//! The format is found by content, never by name. A raw binary has no mark of its own, so it is accepted only
//! when [`Options::expect`] is [`Kind::Plain`]; files that are surely no image (ELF, text, a Git LFS pointer,
//! blank memory, a merged flash image) are refused by name.

mod content;
mod error;
mod kind;
mod scanner;

pub use crate::stream::{Digests, ReadError};
pub use content::Nested;
pub use error::{Container, Error, Foreign};
pub use kind::{Kind, KindError};
pub use scanner::{Options, Scanned, Scanner, read_from};

pub(crate) use content::ContentWatch;

use crate::esp_image::{AppImage, ChipId};
use crate::{intel_hex, mcuboot, uf2};

/// An image of sound structure; [`verify`](Self::verify) tells whether its checks hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// An ESP image.
    Esp(Box<AppImage>),
    /// An image for MCUboot.
    Mcuboot(Box<mcuboot::Image>),
    /// A UF2 file.
    Uf2(uf2::Image),
    /// An Intel HEX file.
    IntelHex(intel_hex::Image),
    /// A raw binary.
    Plain(Plain),
}

/// What can be said of a raw binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    /// What its first bytes look like: `a gzip file`, `binary data that starts with 00 04 00 20`.
    pub looks_like: String,
}

/// A sound image and the digests of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// Size and digests of the whole file.
    pub digests: Digests,
    /// The image, which passed all its checks.
    pub image: Image,
}

impl Image {
    /// Which format it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Esp(_) => Kind::Esp,
            Self::Mcuboot(_) => Kind::Mcuboot,
            Self::Uf2(_) => Kind::Uf2,
            Self::IntelHex(_) => Kind::IntelHex,
            Self::Plain(_) => Kind::Plain,
        }
    }

    /// Holds the image to its own checks. UF2 and Intel HEX files are checked while they are read.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn verify(&self) -> Result<(), Error> {
        match self {
            Self::Esp(image) => image.verify().map_err(Error::Esp),
            Self::Mcuboot(image) => image.verify().map_err(Error::Mcuboot),
            Self::Uf2(_) | Self::IntelHex(_) => self.nested().try_for_each(|nested| {
                let image = nested.image.as_ref().map_err(Error::clone);
                image.and_then(Self::verify).map_err(|error| nested.error(error))
            }),
            Self::Plain(_) => Ok(()),
        }
    }

    /// The images in what a UF2 or Intel HEX file writes to flash; an image of any other format has none.
    pub fn nested(&self) -> impl Iterator<Item = &Nested> {
        let (parts, content) = match self {
            Self::Uf2(image) => (image.parts.as_slice(), None),
            Self::IntelHex(image) => (&[][..], Some(&image.content)),
            _ => (&[][..], None),
        };
        parts.iter().map(|part| &part.content).chain(content).flat_map(|content| &content.nested)
    }

    /// The image that is described: itself, or the only one in a UF2 or Intel HEX file.
    fn described(&self) -> &Self {
        let mut nested = self.nested();
        match (nested.next(), nested.next()) {
            (Some(Nested { image: Ok(image), .. }), None) => image,
            _ => self,
        }
    }

    /// The ESP chip it is for, when it names one; a UF2 file for several chips names none.
    #[must_use]
    pub fn chip(&self) -> Option<ChipId> {
        match self {
            Self::Esp(image) => image.chip(),
            Self::Uf2(image) => match &image.parts[..] {
                [part] if part.family.is_some() => part.family?.chip(),
                _ => self.described_chip(),
            },
            _ => self.described_chip(),
        }
    }

    fn described_chip(&self) -> Option<ChipId> {
        match self.described() {
            Self::Esp(image) => image.chip(),
            _ => None,
        }
    }

    /// The version the build left inside, as it is written there.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        match self.described() {
            Self::Esp(image) => image.app.as_ref().map(|app| app.version.clone()),
            Self::Mcuboot(image) => Some(image.header.version.to_string()),
            _ => None,
        }
    }

    /// The name of the project the build left inside.
    #[must_use]
    pub fn project(&self) -> Option<&str> {
        match self.described() {
            Self::Esp(image) => image.app.as_ref().map(|app| app.project_name.as_str()),
            _ => None,
        }
    }

    /// The counter against rollback: `secure_version` of an ESP application, `SEC_CNT` of a MCUboot image.
    #[must_use]
    pub fn secure_version(&self) -> Option<u32> {
        match self.described() {
            Self::Esp(image) => image.app.as_ref().map(|app| app.secure_version),
            Self::Mcuboot(image) => image.security_counter(),
            _ => None,
        }
    }

    /// The SHA-256 an ESP image ends with, which ESP-IDF's delta updates know their base by.
    #[must_use]
    pub fn validation_sha256(&self) -> Option<[u8; 32]> {
        match self {
            Self::Esp(image) => image.digest.map(|digest| digest.stored),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
