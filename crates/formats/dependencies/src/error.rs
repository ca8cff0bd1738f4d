//! Why a file of dependencies cannot be used.

use std::borrow::Cow;

use lw_model::{Class, Diagnose};

use crate::TreeError;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {problem}", .line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct Error {
    /// The file, as the project names it.
    pub file: String,
    /// The line, from 1, where the format has one.
    pub line: Option<u32>,
    /// What is wrong with it.
    pub problem: Problem,
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
        Self { file: error.path, line: None, problem: Problem::Unreadable(error.reason) }
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
