//! Why a source cannot be sent, or a build is none.

use std::borrow::Cow;
use std::io;

use lw_model::{Class, Diagnose};

/// A source that cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// There is nothing to build from in it.
    #[error("{0}: there is neither a Dockerfile nor a docker-compose.yml")]
    NothingToBuild(String),
    /// Something in it cannot be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// What.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// A link leads out of it.
    #[error("{path}: the symbolic link leads out of the source, to {target}")]
    LeadsOut {
        /// The link.
        path: String,
        /// Where it leads.
        target: String,
    },
    /// Something in it is no file.
    #[error("{path}: it is {what}, and no file")]
    Special {
        /// What.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// A name cannot be sent.
    #[error("{0}: it went away while the source was read, or its name is not UTF-8")]
    Name(String),
    /// A file of rules is no text.
    #[error("{0}: it is not UTF-8")]
    NotUtf8(String),
    /// There is too much in it.
    #[error("{0}: it holds more than a million files")]
    TooMany(String),
    /// What was named as a tarball is none.
    #[error("the source: {0}")]
    Tarball(io::Error),
}

impl Diagnose for SourceError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::NothingToBuild(_) => "name the folder with --source, or the Dockerfile with --dockerfile".into(),
            Self::Unreadable { .. } | Self::Special { .. } | Self::Name(_) | Self::TooMany(_) => {
                "leave it out with a rule in .dockerignore".into()
            }
            Self::LeadsOut { .. } => {
                "have it lead to something in the source by a relative path, or leave it out with a rule in .dockerignore".into()
            }
            Self::NotUtf8(_) => "write it as UTF-8".into(),
            Self::Tarball(_) => "give a folder, or a tarball as `tar` writes it, gzipped or not".into(),
        })
    }
}

/// A build that gave no release to roll out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    /// The builder did not begin it.
    #[error("the builder did not begin a build: {0}")]
    NotBegun(String),
    /// It gave no release.
    #[error("the builder's answer ended before it named a release{0}")]
    NoRelease(String),
    /// It has failed.
    #[error("the build of release {release} is {status}{why}")]
    Failed {
        /// The release.
        release: u64,
        /// Its status.
        status: String,
        /// What the builder said.
        why: String,
    },
    /// It took too long.
    #[error("release {release} was still built after {seconds} seconds")]
    TooLong {
        /// The release.
        release: u64,
        /// How long was waited.
        seconds: u64,
    },
    /// Somebody wanted the run to stop.
    #[error("the run was cancelled while release {0} was built")]
    Cancelled(u64),
}

impl Diagnose for BuildError {
    fn class(&self) -> Class {
        match self {
            Self::Failed { .. } => Class::Input,
            _ => Class::Remote,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::NotBegun(_) => "try again later".into(),
            Self::NoRelease(_) => {
                "whether one was begun all the same stands in the dashboard; a run of the same commit takes up one that is tagged".into()
            }
            Self::Failed { .. } => "what the builder said stands in the log above, and on the release's page".into(),
            Self::TooLong { .. } => "raise --build-timeout; a run of the same commit takes the release up".into(),
            Self::Cancelled(_) => "the build goes on; a run of the same commit takes the release up".into(),
        })
    }
}
