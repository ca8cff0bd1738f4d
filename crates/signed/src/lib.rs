//! Which signatures inside images and packages hold, and whose they are: what every tool that is handed firmware asks.
//!
//! Formats are read by `lw-firmware` and `lw-package`, signatures are computed by `lw-signature`; here the two meet. A file
//! is accepted ([`Accepted`]) when a key that is trusted has signed it and nothing in it is forged. Why it is not is one of
//! a few things that call for different actions ([`Rejected`]): above all, *forged* is never said as *untrusted*.

mod chip;
mod image;
mod keys;
mod package;
mod read;

use std::borrow::Cow;

use lw_model::{Class, Diagnose, Finding, Level, Location};

pub use chip::{ChipLimits, firmware_scheme};
pub use image::{Chip, image, image_in_file, mcuboot_image};
pub use keys::{Keys, NamedKey};
pub use lw_signature::known_test_key_hash;
pub use package::package;
pub use read::{KeyReader, ReadKeys, Role, TrustError, refuse_test_key};

/// A file that a trusted key has signed and in which nothing is forged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The scheme: `Secure Boot V2`.
    pub scheme: &'static str,
    /// Its signatures, in the order of the file.
    pub signatures: Vec<Signature>,
}

/// A signature of a file that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// How it was computed: `RSA-3072`, `ecdsa-sha256`.
    pub algorithm: String,
    /// The key: its name, where it has one, and what the file names it by.
    pub signer: String,
    /// What is known of it.
    pub standing: Standing,
}

/// What is known of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It holds, and the key is trusted.
    Trusted,
    /// It holds, and the key is not one of those that are trusted.
    Foreign,
    /// The key is not there to verify it with.
    NotChecked,
}

impl Accepted {
    /// The trusted keys that signed, each once.
    #[must_use]
    pub fn signers(&self) -> Vec<&str> {
        let mut signers = Vec::new();
        for signature in self.signatures.iter().filter(|signature| signature.standing == Standing::Trusted) {
            if !signers.contains(&signature.signer.as_str()) {
                signers.push(signature.signer.as_str());
            }
        }
        signers
    }
}

impl Standing {
    /// In a table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Foreign => "sound, another key",
            Self::NotChecked => "not checked, an unknown key",
        }
    }
}

/// Why a file is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// It has no signature.
    #[error("it is not signed")]
    Unsigned,
    /// A signature does not belong to the file and the key it names.
    #[error("forged: {reason}")]
    Forged {
        /// Which, and how that shows.
        reason: String,
    },
    /// Everything holds, and no key that signed is trusted.
    #[error("not trusted: it is signed by {}, and not by {wanted}", .signers.join(" and "))]
    Untrusted {
        /// The keys that signed, by name where they have one.
        signers: Vec<String>,
        /// What was asked for.
        wanted: String,
    },
    /// Whether it holds could not be found out.
    #[error("not verified: {reason}")]
    NotVerifiable {
        /// Why.
        reason: String,
    },
    /// It holds, and the device would not accept it.
    #[error("the device would refuse it: {reason}")]
    Refused {
        /// Why.
        reason: String,
    },
}

impl Rejected {
    /// The end of the rule that findings of it have.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Forged { .. } => "forged",
            Self::Untrusted { .. } => "untrusted",
            Self::NotVerifiable { .. } | Self::Refused { .. } => "cannot-verify",
        }
    }

    /// In a table: `FORGED`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unsigned => "not signed",
            Self::Forged { .. } => "FORGED",
            Self::Untrusted { .. } => "not trusted",
            Self::NotVerifiable { .. } | Self::Refused { .. } => "not verified",
        }
    }

    /// The finding a tool reports of a file that was rejected.
    #[must_use]
    pub fn finding(&self, tool: &str, file: &str) -> Finding {
        let rule = format!("{tool}/{}", self.rule());
        Finding::new(rule, Level::Error, file, format!("{file}: {self}"))
            .at(Some(Location::file(file)))
            .help(self.hint().unwrap_or_default())
    }
}

impl Diagnose for Rejected {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::Unsigned => "see whether the signing step ran and had its key",
                Self::Forged { .. } => "do not use the file: it, or its signature, was changed; make it anew",
                Self::Untrusted { .. } => {
                    "sign with the expected key; or trust that one, if you know whose it is"
                }
                Self::NotVerifiable { .. } => {
                    "verify the file before it is encrypted, or with the key itself"
                }
                Self::Refused { .. } => "sign with a scheme the chip verifies",
            }
            .into(),
        )
    }
}
