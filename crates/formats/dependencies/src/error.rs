//! Why a file of dependencies cannot be used.

use std::borrow::Cow;

use lw_model::{Class, Diagnose};

use crate::TreeError;

/// What is wrong, and where. One pointer, as every function of every reader may return one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {}", .0.file, .0.line.map(|line| format!(":{line}")).unwrap_or_default(), .0.problem)]
pub struct Error(Box<Details>);

/// What an [`Error`] points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// The file, as the project names it.
    pub file: String,
    /// The line, from 1, where the format has one.
    pub line: Option<u32>,
    /// What is wrong with it.
    pub problem: Problem,
}

impl std::ops::Deref for Error {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl Error {
    pub(crate) fn new(file: impl Into<String>, line: Option<u32>, problem: Problem) -> Self {
        Self(Box::new(Details { file: file.into(), line, problem }))
    }
}

/// What is wrong with a file of dependencies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It is not what its name says.
    #[error("this is no {format}: {reason}")]
    Malformed {
        /// What was expected.
        format: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Its version is one that is not known.
    #[error("version {version} of {format} is not known")]
    Version {
        /// The format.
        format: &'static str,
        /// Its version.
        version: String,
    },
    /// Something it names is not in it.
    #[error("{0}")]
    Inconsistent(String),
    /// It is larger, deeper or longer than anything real.
    #[error("{0}")]
    TooLarge(String),
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

impl From<TreeError> for Error {
    fn from(error: TreeError) -> Self {
        Self::new(error.path, None, Problem::Unreadable(error.reason))
    }
}

impl Diagnose for Error {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match &self.problem {
            Problem::Malformed { .. } | Problem::Inconsistent(_) => {
                "write it again with its package manager, and commit what that wrote"
            }
            Problem::Version { .. } => {
                "use a release of the package manager whose files are known, or a newer release of this tool"
            }
            Problem::TooLarge(_) => "it was not written by a package manager; leave it out with --exclude",
            Problem::Unreadable(_) => "see whether it is a file that this user may read",
        };
        Some(hint.into())
    }
}
