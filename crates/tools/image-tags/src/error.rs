//! Why a file could not be measured.

use std::borrow::Cow;

use lw_model::Diagnose;

/// A file that is not what it should be. A format's crate has such a type of its own, with the position in the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// It has no content.
    #[error("{file}: the file is empty")]
    Empty {
        /// The file, as reports name it.
        file: String,
    },
}

impl Diagnose for FileError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Empty { .. } => "look at the step that makes the file: it may have ended early".into(),
        })
    }
}
