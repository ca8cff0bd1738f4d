//! Why a version cannot be read or replaced.

use std::borrow::Cow;

use lw_model::{Class, Diagnose};

/// Why a version cannot be read or replaced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VersionFileError {
    /// It is too large for a file of its kind.
    #[error("it has {bytes} bytes, expected at most {most}")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The most that is read.
        most: usize,
    },
    /// It is no text.
    #[error("offset {offset}: the bytes there are no UTF-8")]
    NotUtf8 {
        /// Where, from 0.
        offset: usize,
    },
    /// It is not what its name says.
    #[error("line {line}: {reason}")]
    Syntax {
        /// The line, from 1.
        line: u32,
        /// What is wrong.
        reason: String,
    },
    /// It has no version where one was expected.
    #[error("there is no version in it: {expected}")]
    Without {
        /// What was looked for.
        expected: String,
    },
    /// It has several versions where one was expected.
    #[error("line {line}: there is a second version: {what}")]
    Several {
        /// The line of the second, from 1.
        line: u32,
        /// What it is.
        what: String,
    },
    /// What stands there is no version.
    #[error("line {line}: {what} is `{text}`, which is no version that can be replaced")]
    NotAVersion {
        /// The line, from 1.
        line: u32,
        /// What it is.
        what: String,
        /// What stands there, shortened.
        text: String,
    },
    /// The place cannot hold the new version.
    #[error("line {line}: {what} cannot hold {version}: {reason}")]
    CannotHold {
        /// The line, from 1.
        line: u32,
        /// What it is.
        what: String,
        /// The new version.
        version: String,
        /// Why not.
        reason: &'static str,
    },
    /// The file is not the one that was read.
    #[error("the place of {what} is not in the file")]
    OutOfPlace {
        /// What it is.
        what: String,
    },
}

impl Diagnose for VersionFileError {
    fn class(&self) -> Class {
        match self {
            Self::OutOfPlace { .. } => Class::Internal,
            Self::CannotHold { .. } => Class::Usage,
            _ => Class::Input,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::TooLarge { .. } => "is it the file that is meant?".into(),
            Self::NotUtf8 { .. } => "save it as UTF-8".into(),
            Self::Syntax { .. } => "mend the file: what reads it would stumble over the same place".into(),
            Self::Without { .. } => "write a first version there by hand, or leave the file out".into(),
            Self::Several { .. } => "leave one of them, or say which is meant".into(),
            Self::NotAVersion { .. } => {
                "write a plain version such as 1.2.3 there; a variable or an expression is set where it is made".into()
            }
            Self::CannotHold { .. } => "choose a version that this file can hold, or leave the file out".into(),
            Self::OutOfPlace { .. } => "report this: it is an error of this program".into(),
        })
    }
}
