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

/// Why a file cannot be read as a bill of materials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It has more bytes than any real one.
    #[error("the file has {bytes} bytes; a bill of materials of more than {limit} is not read")]
    TooLarge {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        limit: usize,
    },
    /// It ends too early.
    #[error("line {line}, column {column}: the file ends in the middle of a value")]
    Truncated {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// It is no JSON, or its values are of the wrong type, or something stands in it twice.
    #[error("line {line}, column {column}: {reason}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// It is a bill of materials in a form that is not read.
    #[error("this is {form}, which is not read: bills of materials are read as JSON")]
    Form {
        /// The form.
        form: &'static str,
    },
    /// It is JSON, and nothing in it says that it is a bill of materials.
    #[error(
        "this is JSON, but no bill of materials: it has neither \"bomFormat\": \"CycloneDX\" nor \"spdxVersion\" nor \
         SPDX's \"@context\""
    )]
    NotABom,
    /// Its version is not one that is read.
    #[error("version {version:?} of {format} is not known")]
    Version {
        /// The format.
        format: &'static str,
        /// The version the file says it has.
        version: String,
    },
}

impl Diagnose for ReadError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Empty => "see whether the step that writes it failed",
            Self::TooLarge { .. } => "see whether it is a bill of materials at all",
            Self::Truncated { .. } => "write it again; a full disk or an interrupted run may have cut it off",
            Self::Malformed { .. } => {
                "correct it there, or write it again with a newer release of the program that made it"
            }
            Self::Form { .. } => "let the program that made it write CycloneDX or SPDX as JSON",
            Self::NotABom => "give a file of CycloneDX 1.2 to 1.7, SPDX 2.2, 2.3 or 3.0.1",
            Self::Version { .. } => "write it as CycloneDX 1.2 to 1.7, or as SPDX 2.2, 2.3 or 3.0.1",
        };
        Some(hint.into())
    }
}
