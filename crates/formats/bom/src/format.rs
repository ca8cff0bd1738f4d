//! The formats a bill of materials is written in.

use std::fmt::{self, Display};
use std::str::FromStr;

/// A format, with its version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// CycloneDX 1.5, JSON.
    CycloneDx15,
    /// CycloneDX 1.6 (ECMA-424, first edition), JSON.
    #[default]
    CycloneDx16,
    /// CycloneDX 1.7 (ECMA-424, second edition), JSON.
    CycloneDx17,
    /// SPDX 2.3, JSON.
    Spdx23,
    /// SPDX 3.0.1, JSON-LD.
    Spdx301,
}

impl Format {
    /// All of them, oldest first.
    pub const ALL: [Self; 5] =
        [Self::CycloneDx15, Self::CycloneDx16, Self::CycloneDx17, Self::Spdx23, Self::Spdx301];

    /// Its name: `cyclonedx-1.6`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CycloneDx15 => "cyclonedx-1.5",
            Self::CycloneDx16 => "cyclonedx-1.6",
            Self::CycloneDx17 => "cyclonedx-1.7",
            Self::Spdx23 => "spdx-2.3",
            Self::Spdx301 => "spdx-3.0.1",
        }
    }

    /// Whether it is one of CycloneDX.
    #[must_use]
    pub fn is_cyclonedx(self) -> bool {
        matches!(self, Self::CycloneDx15 | Self::CycloneDx16 | Self::CycloneDx17)
    }

    /// The version alone: `1.6`.
    #[must_use]
    pub fn version(self) -> &'static str {
        self.name().rsplit_once('-').map_or("", |(_, version)| version)
    }
}

impl Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// What is no name of a [`Format`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no format that is written here: expected one of cyclonedx-1.5, cyclonedx-1.6, cyclonedx-1.7, spdx-2.3, spdx-3.0.1"
)]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}
