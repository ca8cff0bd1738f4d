//! Why there is nothing to tell of releases.

use std::borrow::Cow;

use lw_history::HistoryError;
use lw_model::{Class, Diagnose};
use lw_versions::VersionError;
use thiserror::Error;

/// Why there is nothing to tell of releases.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// The repository cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// There is no such version.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// The clone does not hold enough history to be sure.
    #[error("there is not enough history to tell what {what} holds: {why}")]
    NotEnoughHistory {
        /// The release.
        what: String,
        /// What is missing.
        why: String,
    },
    /// The tag that was asked for is none.
    #[error("there is no tag {tag}")]
    NoSuchTag {
        /// Its name.
        tag: String,
        /// Names that are much like it.
        like: Vec<String>,
    },
    /// The tag that was asked for is no release.
    #[error("the tag {tag} is no release: {why}")]
    NotARelease {
        /// Its name.
        tag: String,
        /// Why not.
        why: String,
    },
    /// Several families of tags, and nobody says which.
    #[error("there are releases of several kinds: {}", families.join(", "))]
    WhichFamily {
        /// What stands before the versions of each.
        families: Vec<String>,
    },
    /// The tag is not an ancestor of the commit.
    #[error("{tag} is not part of the history of {head}, so that nothing can be counted since then")]
    NotContained {
        /// The tag.
        tag: String,
        /// The newer side.
        head: String,
    },
    /// There is no release to start from.
    #[error("there is no release yet: no tag that {head} contains is one")]
    NoRelease {
        /// Where it was looked from.
        head: String,
    },
    /// The next version was released from somewhere else.
    #[error("the next version is {version}, which the tag {tag} has on another line already")]
    Taken {
        /// The version.
        version: String,
        /// Its tag.
        tag: String,
    },
}

impl Diagnose for ReleaseError {
    fn class(&self) -> Class {
        match self {
            Self::History(error) => error.class(),
            Self::NotEnoughHistory { .. } | Self::Taken { .. } => Class::Input,
            _ => Class::Usage,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::History(HistoryError::NotARepository { .. }) => {
                "name its folder with --repo; a workflow needs actions/checkout before this".into()
            }
            Self::History(error) => return error.hint(),
            Self::Version(error) => return error.hint(),
            Self::NotEnoughHistory { .. } => "fetch the whole history and all tags: actions/checkout does so with `fetch-depth: 0` (and is quick with `filter: blob:none`), GitLab with `GIT_DEPTH: 0`; in a clone, `git fetch --unshallow --tags --filter=blob:none origin`".into(),
            Self::NoSuchTag { like, .. } if !like.is_empty() => format!("did you mean {}?", like.join(" or ")).into(),
            Self::NoSuchTag { .. } => "fetch the tags first: `git fetch --tags origin`; actions/checkout does so with `fetch-depth: 0`".into(),
            Self::NotARelease { .. } => "name a tag that is a version with a prefix, or say with --scheme how versions are written".into(),
            Self::WhichFamily { families } => format!("say which with --tag-prefix, such as --tag-prefix '{}'", families.first().map_or("v", String::as_str)).into(),
            Self::NotContained { .. } => "name a tag of the same line, or the commit that contains it".into(),
            Self::NoRelease { .. } => "say what the first version is: --initial-version 0.1.0".into(),
            Self::Taken { .. } => "merge that line, or release from it".into(),
        })
    }
}
