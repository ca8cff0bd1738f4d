//! Why a bill of materials cannot be written or read.

use std::borrow::Cow;

use lw_model::{Class, Diagnose};

use crate::Format;

/// Why a bill of materials cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Nothing says what the product is.
    #[error("the inventory has no root: nothing says which product this is a bill of materials of")]
    NoRoot,
    /// A component without a name.
    #[error("a component has no name{}", .reference.as_ref().map(|reference| format!(": {reference:?}")).unwrap_or_default())]
    NoName {
        /// What else is known of it: its package URL or reference.
        reference: Option<String>,
    },
    /// The format wants a time, and none is given, or one that is no time.
    #[error(
        "{format} wants the time the document was made, as 2026-01-31T12:00:00Z; found {}",
        .found.as_ref().map_or_else(|| "none".to_owned(), |found| format!("{found:?}"))
    )]
    NoTimestamp {
        /// The format.
        format: Format,
        /// What stands there instead.
        found: Option<String>,
    },
    /// It cannot be put into JSON, which is a defect of the suite.
    #[error("the document cannot be written as JSON: {0}")]
    Json(String),
}

impl Diagnose for WriteError {
    fn class(&self) -> Class {
        match self {
            Self::NoRoot | Self::NoName { .. } => Class::Input,
            Self::NoTimestamp { .. } | Self::Json(_) => Class::Internal,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::NoRoot => "say the product's name and version",
            Self::NoName { .. } => "give it a name where it is declared",
            Self::NoTimestamp { .. } => "give a time in UTC with whole seconds",
            Self::Json(_) => "please report this with the input",
        };
        Some(hint.into())
    }
}
