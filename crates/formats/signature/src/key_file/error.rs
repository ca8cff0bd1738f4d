//! Why a file of keys cannot be read.
//!
//! No message here holds any byte of the file but labels and names from fixed lists, numbers, and lengths.

use std::borrow::Cow;
use std::fmt;

use lw_model::{Class, Diagnose};

use super::KeyFormat;
use crate::error::KeyError;

/// What a file is asked to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A private key.
    Private,
    /// A public key, or a certificate, which has one.
    Public,
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Private => "a private key",
            Self::Public => "a public key",
        })
    }
}

/// Why a file of keys cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// There is nothing in it.
    #[error("it is empty; expected {wanted}")]
    Empty {
        /// What should be there.
        wanted: Wanted,
    },
    /// It is too long for a file of keys.
    #[error("it has {length} bytes, which no file of keys has (at most {max}); expected {wanted}")]
    TooLong {
        /// Its bytes.
        length: usize,
        /// The most that is read.
        max: usize,
        /// What should be there.
        wanted: Wanted,
    },
    /// It is something else, which has a name.
    #[error("it is {found}; expected {wanted}")]
    Other {
        /// What it is.
        found: Cow<'static, str>,
        /// What should be there.
        wanted: Wanted,
        /// What to do about it.
        hint: &'static str,
    },
    /// It is nothing that has a name here.
    #[error("it is in no known format of keys ({what}); expected {wanted}")]
    Unknown {
        /// What can be said: how long it is, whether it is text.
        what: String,
        /// What should be there.
        wanted: Wanted,
    },
    /// The frame of a PEM block, or its base64, is damaged.
    #[error("line {line}: {reason}")]
    Text {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong, and what was expected.
        reason: String,
    },
    /// The bytes are not the structure they should be.
    #[error("the {what} is malformed: {reason}")]
    Malformed {
        /// The structure.
        what: &'static str,
        /// What is wrong with it, and at which byte.
        reason: String,
    },
    /// It is encrypted, and no passphrase was given.
    #[error("the {format} is encrypted, and there is no passphrase")]
    NoPassphrase {
        /// The format of the key.
        format: KeyFormat,
    },
    /// It is encrypted with another passphrase.
    #[error("the passphrase does not open the {format}: it is another one, or the file is damaged")]
    WrongPassphrase {
        /// The format of the key.
        format: KeyFormat,
    },
    /// Deriving the key from the passphrase would cost more than is spent on it.
    #[error("the {format} asks for {asked}; at most {most} are spent on a passphrase")]
    Cost {
        /// The format of the key.
        format: KeyFormat,
        /// What it asks for.
        asked: String,
        /// The most that is spent.
        most: String,
    },
    /// It is encrypted in a way that is not read.
    #[error("the {format} is encrypted with {found}, which is not read")]
    Encryption {
        /// The format of the key.
        format: KeyFormat,
        /// The way it is encrypted.
        found: String,
        /// How to convert it.
        hint: &'static str,
    },
    /// It holds several keys.
    #[error("it holds {count} keys; expected one")]
    Several {
        /// How many.
        count: usize,
        /// What should be there.
        wanted: Wanted,
    },
    /// The key in it cannot be used.
    #[error("{source}")]
    Key {
        /// The format it is in.
        format: KeyFormat,
        /// Why.
        source: KeyError,
    },
}

impl Diagnose for KeyFileError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Empty { .. } => "give the key; a secret that is not set in this run is empty, as secrets are in runs of \
                                   forks and of Dependabot, without their environment, and in reusable workflows \
                                   without `secrets: inherit`"
                .into(),
            Self::TooLong { wanted, .. } | Self::Unknown { wanted, .. } => match wanted {
                Wanted::Private => "give a private key as PEM, DER, OpenSSH, minisign or signify key, or one of them in \
                                    base64"
                    .into(),
                Wanted::Public => "give a public key or a certificate as PEM or DER, or an OpenSSH, minisign or signify \
                                   public key"
                    .into(),
            },
            Self::Other { hint, .. } | Self::Encryption { hint, .. } => (*hint).into(),
            Self::Text { .. } => "give the file as it was made, from the line `-----BEGIN` to the line `-----END` with \
                                  nothing changed between them"
                .into(),
            Self::Malformed { .. } => "give the file as it was made; `openssl pkey -in KEY -noout` says whether it is whole"
                .into(),
            Self::NoPassphrase { .. } => "give its passphrase".into(),
            Self::WrongPassphrase { .. } => {
                "give the passphrase it was encrypted with, without a line break at its end".into()
            }
            Self::Cost { .. } => "encrypt the key anew with a usual cost".into(),
            Self::Several { wanted, .. } => match wanted {
                Wanted::Private => "give a file with one private key in it".into(),
                Wanted::Public => "give a file with one public key in it".into(),
            },
            Self::Key { source, .. } => return source.hint(),
        })
    }
}
