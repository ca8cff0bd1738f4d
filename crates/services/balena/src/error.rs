//! What goes wrong with Balena.

use std::borrow::Cow;

use lw_http::AddressError;
use lw_model::{Class, Diagnose};

/// Why something was not found, or not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address of Balena's is none.
    #[error("{what} of Balena, {address}: {error}")]
    Address {
        /// `the API`, `the builder`.
        what: &'static str,
        /// What it is.
        address: String,
        /// Why it is none.
        error: AddressError,
    },
    /// The token is not one.
    #[error("Balena does not know this token")]
    Token,
    /// A request failed.
    #[error(transparent)]
    Http(#[from] lw_http::Error),
    /// The answer is not what the API answers.
    #[error("{what}: the answer is not one of Balena's API: {why}")]
    NotUnderstood {
        /// What was asked.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is no fleet of this slug that the token may see.
    #[error("there is no fleet {0}, or the token may not see it")]
    NoFleet(String),
    /// There is no such release in the fleet.
    #[error("there is no release {release} in {fleet}")]
    NoRelease {
        /// What was asked for.
        release: String,
        /// The fleet's slug.
        fleet: String,
    },
    /// Several releases fit.
    #[error("{release} fits several releases of {fleet}: {found}")]
    Ambiguous {
        /// What was asked for.
        release: String,
        /// The fleet's slug.
        fleet: String,
        /// Those that fit.
        found: String,
    },
    /// There is no such device in the fleet.
    #[error("there is no device {device} in {fleet}")]
    NoDevice {
        /// What was asked for.
        device: String,
        /// The fleet's slug.
        fleet: String,
    },
    /// It was answered with success, and the next look shows something else.
    #[error("Balena answered that it was done, and it is not: {0}")]
    NoEffect(String),
    /// A tag of this key holds something else.
    #[error("release {release} has the tag {key} with another value: {found}")]
    OtherTag {
        /// The release.
        release: u64,
        /// The tag's key.
        key: String,
        /// What it holds.
        found: String,
    },
    /// The version is none that Balena takes.
    #[error("{0} is no version of the form 1.2.3")]
    Version(String),
}

impl Diagnose for Error {
    fn class(&self) -> Class {
        match self {
            Self::Http(error) => error.class(),
            Self::NotUnderstood { .. } | Self::NoEffect(_) => Class::Remote,
            _ => Class::Usage,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Http(error) => return error.hint(),
            Self::Address { error, .. } => return error.hint(),
            Self::Token => {
                "make one under Preferences, Access tokens; a token of another Balena (`environment`) is none of this one".into()
            }
            Self::NotUnderstood { .. } => {
                "is the address of the API right, and does a proxy answer in its place?".into()
            }
            Self::NoFleet(_) => {
                "a slug is organization/fleet, as in the dashboard's address of the fleet; a token sees the fleets of its user, or its own".into()
            }
            Self::NoRelease { .. } => {
                "name it by its id, its version, its commit, or the beginning of that with at least seven digits".into()
            }
            Self::Ambiguous { .. } => "give more of the commit, or the id".into(),
            Self::NoDevice { .. } => "name it by its uuid, or by the beginning of that with at least seven digits".into(),
            Self::NoEffect(_) => "somebody else may have changed it at the same moment; look, and try again".into(),
            Self::OtherTag { .. } => "remove the tag if it is wrong".into(),
            Self::Version(_) => "three numbers, perhaps with a `v` before them".into(),
        })
    }
}
