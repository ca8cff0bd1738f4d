//! The formats of patches, and telling them apart.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::bsdiff;
use crate::detools::{self, Compression};
use crate::error::{PatchError, Problem};
use crate::esp;
use crate::heatshrink::Parameters;

/// A format of patches by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// detools, sequential, uncompressed.
    DetoolsNone,
    /// detools, sequential, conditional run-length encoding.
    DetoolsCrle,
    /// detools, sequential, heatshrink.
    DetoolsHeatshrink,
    /// The 64-byte header of ESP-IDF's esp_delta_ota before a detools heatshrink patch.
    EspDelta,
    /// bsdiff 4.
    Bsdiff40,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 5] =
        [Self::DetoolsNone, Self::DetoolsCrle, Self::DetoolsHeatshrink, Self::EspDelta, Self::Bsdiff40];

    /// The name in options and manifests.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DetoolsNone => "detools-none",
            Self::DetoolsCrle => "detools-crle",
            Self::DetoolsHeatshrink => "detools-heatshrink",
            Self::EspDelta => "esp-delta",
            Self::Bsdiff40 => "bsdiff40",
        }
    }

    /// The usual ending of a file's name, without a dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::DetoolsNone | Self::DetoolsCrle | Self::DetoolsHeatshrink => "patch",
            Self::EspDelta => "espdelta",
            Self::Bsdiff40 => "bsdiff40",
        }
    }

    /// The format of a patch, by its header.
    ///
    /// BSDIFF40 and esp_delta_ota begin with a magic. detools does not, so a patch counts as one of detools when its
    /// header can be read.
    ///
    /// # Errors
    /// When it is in no known format, or in one that is known and not read; the error names it.
    pub fn detect(patch: &[u8]) -> Result<Self, PatchError> {
        if patch.is_empty() {
            return Err(PatchError { format: None, offset: 0, problem: Problem::Empty });
        }
        if patch.starts_with(bsdiff::MAGIC) {
            return Ok(Self::Bsdiff40);
        }
        if patch.starts_with(&esp::MAGIC.to_le_bytes()) {
            return Ok(Self::EspDelta);
        }
        match detools::Header::read(patch, 0) {
            Ok(header) => Ok(header.compression.format()),
            Err(error) if matches!(error.problem, Problem::Unsupported(_)) => Err(error),
            Err(_) => {
                let start = base16ct::lower::encode_string(patch.get(..8).unwrap_or(patch));
                Err(PatchError { format: None, offset: 0, problem: Problem::Unknown { start } })
            }
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name no format has.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "`{0}` is not a format of patches: they are detools-none, detools-crle, detools-heatshrink, esp-delta and bsdiff40"
)]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let named = Self::ALL.into_iter().find(|format| format.as_str() == text);
        named.ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

/// A format and what else its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// detools, sequential.
    Detools(Compression),
    /// The header of esp_delta_ota and a detools patch.
    EspDelta {
        /// The validation hash of the base image: the SHA-256 that esptool appends to an image, of the bytes before it.
        base_hash: [u8; 32],
        /// The compression of the patch after the header. esp_delta_ota reads heatshrink with the default parameters.
        compression: Compression,
    },
    /// bsdiff 4.
    Bsdiff40,
}

impl Encoding {
    /// What esp_delta_ota reads.
    #[must_use]
    pub fn esp_delta(base_hash: [u8; 32]) -> Self {
        Self::EspDelta { base_hash, compression: Compression::Heatshrink(Parameters::default()) }
    }

    /// The format's name.
    #[must_use]
    pub fn format(&self) -> Format {
        match self {
            Self::Detools(compression) => compression.format(),
            Self::EspDelta { .. } => Format::EspDelta,
            Self::Bsdiff40 => Format::Bsdiff40,
        }
    }
}
