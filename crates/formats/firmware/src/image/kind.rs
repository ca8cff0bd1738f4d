//! The formats and their names.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use lw_model::{Class, Diagnose};

/// A format of image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An ESP image, of an application or a bootloader.
    Esp,
    /// An image for MCUboot.
    Mcuboot,
    /// A UF2 file.
    Uf2,
    /// An Intel HEX file.
    IntelHex,
    /// A raw binary, about which nothing is known.
    Plain,
}

impl Kind {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Esp, Self::Mcuboot, Self::Uf2, Self::IntelHex, Self::Plain];

    /// Its name in manifests and on the command line: `esp-app`, `mcuboot`, `uf2`, `intel-hex`, `binary`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Esp => "esp-app",
            Self::Mcuboot => "mcuboot",
            Self::Uf2 => "uf2",
            Self::IntelHex => "intel-hex",
            Self::Plain => "binary",
        }
    }

    /// Its name in a sentence: `an ESP image`.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::Esp => "an ESP image",
            Self::Mcuboot => "a MCUboot image",
            Self::Uf2 => "a UF2 file",
            Self::IntelHex => "an Intel HEX file",
            Self::Plain => "a raw binary",
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

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(format!("Known formats are {}.", Kind::ALL.map(Kind::as_str).join(", ")).into())
    }
}

impl FromStr for Kind {
    type Err = KindError;

    fn from_str(text: &str) -> Result<Self, KindError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| KindError(text.into()))
    }
}
