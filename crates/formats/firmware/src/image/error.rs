//! Why a file is no image to send over the air.

use std::borrow::Cow;

use lw_model::Diagnose;

use crate::esp_image::ImageError;
use crate::image::Kind;

/// Why a file is no sound image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is something else.
    #[error("no image for an update: {found}")]
    Foreign {
        /// What it looks like: `an ELF file`.
        found: String,
    },
    /// It is an image of another format.
    #[error("expected {expected}, found {found}")]
    Kind {
        /// The format that was asked for.
        expected: Kind,
        /// The format it has.
        found: Kind,
    },
    /// It is a damaged ESP image.
    #[error(transparent)]
    Esp(ImageError),
}

impl Diagnose for Error {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Foreign { .. } => Some("Give the image the device is flashed with.".into()),
            Self::Kind { .. } => Some("Give the right file, or another format.".into()),
            Self::Esp(error) => error.hint(),
        }
    }
}
