//! Why a key cannot be used, nothing was signed, or a signature is refused.

use std::borrow::Cow;

use lw_model::{Class, Diagnose};

use crate::algorithm::Algorithm;
use crate::hash::Hash;
use crate::key::KeyKind;

/// Why a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The structure is not what it should be.
    #[error("{what} is malformed: {reason}")]
    Malformed {
        /// The structure: `PKCS#8`.
        what: &'static str,
        /// What is wrong with it; never bytes of the key.
        reason: String,
    },
    /// A kind of key no scheme here signs or verifies with.
    #[error("a key of the kind {found} is not supported; expected RSA, ECDSA P-256 or P-384, or Ed25519")]
    Unsupported {
        /// The algorithm, as its object identifier or its name.
        found: String,
    },
    /// An RSA key that is too short to be safe or too long to be meant.
    #[error("the RSA key has {bits} bits; expected 2048 to 8192")]
    Bits {
        /// Bits of its modulus.
        bits: usize,
    },
    /// The numbers of the key do not belong together.
    #[error("the {kind} key is not valid: {reason}")]
    Invalid {
        /// `RSA`.
        kind: &'static str,
        /// Why.
        reason: String,
    },
}

impl Diagnose for KeyError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::Malformed { .. } => {
                    "make the key anew with `lw sign keys make`, or convert it with `openssl pkey -in KEY`"
                }
                Self::Unsupported { .. } => {
                    "use another key, such as one of `lw sign keys make --kind ecdsa-p256`"
                }
                Self::Bits { .. } => "use an RSA key of 3072 bits",
                Self::Invalid { .. } => {
                    "the file is damaged, or the key was made by a faulty program: use another key"
                }
            }
            .into(),
        )
    }
}

/// Why nothing was signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The key is of another kind.
    #[error("{algorithm} cannot be computed with a key of the kind {kind}")]
    Kind {
        /// What was asked for.
        algorithm: Algorithm,
        /// What was given.
        kind: KeyKind,
    },
    /// The digest is of another hash function.
    #[error("{algorithm} does not sign a digest of {given}")]
    Digest {
        /// What was asked for.
        algorithm: Algorithm,
        /// The hash function of the digest.
        given: Hash,
    },
    /// What signs has failed.
    #[error("nothing was signed: {reason}")]
    Signer {
        /// Why.
        reason: String,
    },
    /// What signs has returned something that does not verify with its public key.
    #[error("what was signed does not verify with the public key, so it is not written: {source}")]
    Unsound {
        /// Why it does not.
        source: VerifyError,
    },
    /// An Ed25519 signature of another length.
    #[error("the Ed25519 signature has {length} bytes; expected 64")]
    Length {
        /// Its bytes.
        length: usize,
    },
}

impl Diagnose for SignError {
    fn class(&self) -> Class {
        match self {
            Self::Kind { .. } | Self::Digest { .. } => Class::Usage,
            Self::Signer { .. } => Class::Remote,
            Self::Unsound { .. } | Self::Length { .. } => Class::Input,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::Kind { .. } => {
                    "leave --scheme out to sign with what the key is for, or give another key"
                }
                Self::Digest { .. } => "give the digest the scheme is defined over",
                Self::Signer { .. } => "see what the program or the key says above",
                Self::Unsound { .. } | Self::Length { .. } => {
                    "give the public key that belongs to what signs, and the scheme it signs with"
                }
            }
            .into(),
        )
    }
}

/// Why a signature does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The key is of another kind.
    #[error("{algorithm} is not verified with a key of the kind {kind}")]
    Kind {
        /// The algorithm of the signature.
        algorithm: Algorithm,
        /// The key that was given.
        kind: KeyKind,
    },
    /// The digest is of another hash function.
    #[error("{algorithm} is not over a digest of {given}")]
    Digest {
        /// The algorithm of the signature.
        algorithm: Algorithm,
        /// The hash function of the digest.
        given: Hash,
    },
    /// It has another length than signatures of this key have.
    #[error("the signature has {found} bytes; expected {expected} of {algorithm}")]
    Length {
        /// The algorithm of the signature.
        algorithm: Algorithm,
        /// Bytes it has.
        found: usize,
        /// Bytes it should have.
        expected: usize,
    },
    /// It is not written in strict DER.
    #[error("the signature is no ECDSA signature in DER: {reason}")]
    Der {
        /// What is wrong.
        reason: String,
    },
    /// It is another kind of signature of the same key over the same bytes.
    #[error("the signature is {found}; expected {expected}")]
    Other {
        /// What it is.
        found: String,
        /// What was asked for.
        expected: Algorithm,
    },
    /// It is not a signature of this key over these bytes.
    #[error(
        "the signature does not belong to this file and this key: either was changed, or another key signed"
    )]
    Mismatch,
}

impl Diagnose for VerifyError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::Kind { .. } => "give the public key that signed",
                Self::Digest { .. } => "give the digest the scheme is defined over",
                Self::Length { .. } | Self::Der { .. } => {
                    "give the signature file as it was made, without anything before or after it"
                }
                Self::Other { .. } => "name the scheme it was made with, with --scheme",
                Self::Mismatch => "verify the file as it was signed, with the public key that signed it",
            }
            .into(),
        )
    }
}
