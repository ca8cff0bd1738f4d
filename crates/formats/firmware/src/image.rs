//! Images for updates over the air, whatever their format: one pass tells what a file is, checks it and hashes it.
//!
//! [`Scanner`] is fed the bytes a program copies anyway; [`read_from`] feeds one from a source. Memory does not
//! depend on the size of the file.
//!
//! The format is found by content, never by name. A raw binary has no mark of its own, so it is accepted only
//! when [`Options::expect`] is [`Kind::Plain`]; files that are surely no image (ELF, text, a Git LFS pointer,
//! blank memory, a merged flash image) are refused by name.

mod error;

use std::fmt;
use std::io::Read;
use std::str::FromStr;

use lw_model::{Class, Diagnose};

pub use crate::stream::{Digests, ReadError};
pub use error::Error;

use crate::esp_image::{AppImage, ChipId};
use crate::sniff::looks_like;
use crate::stream::{Running, pour};

/// A format of image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An ESP image, of an application or a bootloader.
    Esp,
    /// A raw binary, about which nothing is known.
    Plain,
}

/// What is expected of a file and which digests are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The only format to accept; `None` takes every format that can be recognised, and so no raw binary.
    pub expect: Option<Kind>,
    /// Compute the MD5 of the file as well.
    pub md5: bool,
}

/// An image of sound structure; [`verify`](Self::verify) tells whether its checks hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// An ESP image.
    Esp(Box<AppImage>),
    /// A raw binary.
    Plain(Plain),
}

/// What can be said of a raw binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    /// What its first bytes look like: `a gzip file`, `binary data that starts with 00 04 00 20`.
    pub looks_like: String,
}

/// A file that was read to its end: digests, and the image or why it is none.
#[derive(Clone, Debug)]
pub struct Scanned {
    /// Size and digests of the whole file, whatever it is.
    pub digests: Digests,
    /// The image, whether or not its checks hold, or why the file is none.
    pub image: Result<Image, Error>,
}

/// A sound image and the digests of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// Size and digests of the whole file.
    pub digests: Digests,
    /// The image, which passed all its checks.
    pub image: Image,
}

/// Recognises, checks and hashes the bytes it is fed.
#[derive(Debug)]
pub struct Scanner {
    options: Options,
    digests: Running,
    bytes: Vec<u8>,
}

impl Scanner {
    /// A scanner that has seen nothing.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { options, digests: Running::new(options.md5), bytes: Vec::new() }
    }

    /// Takes the next bytes of the file, any number of them.
    pub fn update(&mut self, bytes: &[u8]) {
        self.digests.update(bytes);
        self.bytes.extend_from_slice(bytes);
    }

    /// Number of bytes so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.digests.size()
    }

    /// What the file was.
    #[must_use]
    pub fn finish(self) -> Scanned {
        let image = match self.options.expect {
            Some(Kind::Plain) => Ok(Image::Plain(Plain { looks_like: looks_like(&self.bytes) })),
            _ => AppImage::read(&self.bytes).map(|image| Image::Esp(Box::new(image))).map_err(Error::Esp),
        };
        Scanned { digests: self.digests.finish(), image }
    }
}

impl Scanned {
    /// The image, if it is one and all its checks hold.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verified(self) -> Result<Inspected, Error> {
        let image = self.image?;
        image.verify()?;
        Ok(Inspected { digests: self.digests, image })
    }
}

/// Reads a source to its end.
///
/// # Errors
/// When the source fails. That a file is no image, or damaged, is in [`Scanned`]; see [`Scanned::verified`].
pub fn read_from(source: &mut impl Read, options: Options) -> std::io::Result<Scanned> {
    let mut scanner = Scanner::new(options);
    pour(source, |bytes| scanner.update(bytes))?;
    Ok(scanner.finish())
}

impl Image {
    /// Which format it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Esp(_) => Kind::Esp,
            Self::Plain(_) => Kind::Plain,
        }
    }

    /// Holds the image to its own checks.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn verify(&self) -> Result<(), Error> {
        match self {
            Self::Esp(image) => image.verify().map_err(Error::Esp),
            Self::Plain(_) => Ok(()),
        }
    }

    /// The ESP chip it is for, when it names one.
    #[must_use]
    pub fn chip(&self) -> Option<ChipId> {
        match self {
            Self::Esp(image) => image.chip(),
            Self::Plain(_) => None,
        }
    }

    /// The version the build left inside, as it is written there.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        match self {
            Self::Esp(image) => image.app.as_ref().map(|app| app.version.clone()),
            Self::Plain(_) => None,
        }
    }

    /// The name of the project the build left inside.
    #[must_use]
    pub fn project(&self) -> Option<&str> {
        match self {
            Self::Esp(image) => image.app.as_ref().map(|app| app.project_name.as_str()),
            Self::Plain(_) => None,
        }
    }

    /// The counter against rollback: `secure_version` of an ESP application, `SEC_CNT` of a MCUboot image.
    #[must_use]
    pub fn secure_version(&self) -> Option<u32> {
        match self {
            Self::Esp(image) => image.app.as_ref().map(|app| app.secure_version),
            Self::Plain(_) => None,
        }
    }
}

impl Kind {
    /// Every format.
    pub const ALL: [Self; 2] = [Self::Esp, Self::Plain];

    /// Its name in manifests and on the command line: `esp-app`, `binary`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Esp => "esp-app",
            Self::Plain => "binary",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of a format that is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a known image format")]
pub struct KindError(pub String);

impl Diagnose for KindError {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hint(&self) -> Option<std::borrow::Cow<'static, str>> {
        Some(format!("Known formats are {}.", Kind::ALL.map(Kind::as_str).join(", ")).into())
    }
}

impl FromStr for Kind {
    type Err = KindError;

    fn from_str(text: &str) -> Result<Self, KindError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| KindError(text.into()))
    }
}
