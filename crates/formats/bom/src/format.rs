//! The formats of a bill of materials.

use std::fmt;
use std::str::FromStr;

/// A format and its version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// CycloneDX 1.5, JSON.
    CycloneDx15,
    /// CycloneDX 1.6 (ECMA-424), JSON.
    #[default]
    CycloneDx16,
    /// CycloneDX 1.7, JSON.
    CycloneDx17,
    /// SPDX 2.3, JSON.
    Spdx23,
    /// SPDX 3.0.1, JSON-LD.
    Spdx301,
}

/// A name that is no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no format of a bill of materials")]
pub struct FormatError(pub String);

impl Format {
    /// All of them, oldest first.
    pub const ALL: [Self; 5] =
        [Self::CycloneDx15, Self::CycloneDx16, Self::CycloneDx17, Self::Spdx23, Self::Spdx301];

    /// `cyclonedx-1.6`, `spdx-2.3`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CycloneDx15 => "cyclonedx-1.5",
            Self::CycloneDx16 => "cyclonedx-1.6",
            Self::CycloneDx17 => "cyclonedx-1.7",
            Self::Spdx23 => "spdx-2.3",
            Self::Spdx301 => "spdx-3.0.1",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        let found = Self::ALL.into_iter().find(|format| format.as_str() == text);
        found.ok_or_else(|| FormatError(text.to_owned()))
    }
}
