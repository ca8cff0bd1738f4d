//! Why an image for MCUboot does not pass, or is not signed.

use std::borrow::Cow;
use std::fmt;

use lw_model::{Class, Diagnose};

use crate::error::{SignError, VerifyError};
use crate::hash::{Digest, Hash};
use crate::key::KeyKind;

/// Why an image does not pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyImageError {
    /// The signature is over the image itself, which is not at hand.
    #[error(
        "the signature is over the image itself (TLV SIG_PURE, `imgtool sign --pure`), which takes the file of the image alone"
    )]
    Pure,
    /// The mark of such a signature is not the one bootloaders look for.
    #[error("the TLV SIG_PURE has another value than the one byte 1, and the bootloader refuses the image")]
    BadPure,
    /// A signature over the image itself of a key that makes none.
    #[error(
        "signature {index} would be over the image itself, which keys of Ed25519 alone sign; it is of {key}"
    )]
    PureKey {
        /// Number of the signature, from 0.
        index: usize,
        /// The key.
        key: KeyKind,
    },
    /// More signatures over the image itself than it is read for.
    #[error(
        "the image has more than {most} signatures over itself, for each of which it would be read once more"
    )]
    PureTooMany {
        /// How many are verified.
        most: usize,
    },
    /// The image could not be read again.
    #[error("the image could not be read a second time, as its signature asks for: {reason}")]
    Reread {
        /// Why.
        reason: String,
    },
    /// No image hash.
    #[error("the image has no hash among its TLVs (SHA256, SHA384 or SHA512)")]
    NoHash,
    /// Several of them.
    #[error(
        "the image has several hashes among its TLVs, of which bootloaders may look at either; expected one"
    )]
    SeveralHashes,
    /// The payload is encrypted, and the hash is that of the plain one.
    #[error(
        "the image is encrypted and cannot be verified: its hash and signature are over the plain payload"
    )]
    Encrypted,
    /// The hash is not that of the image.
    #[error("the image was changed after it was signed: its {hash} is another than the one among its TLVs")]
    Changed {
        /// The hash function.
        hash: Hash,
    },
    /// No signature.
    #[error("the image is not signed: it has a hash, but no signature among its TLVs")]
    Unsigned,
    /// A signature that names no key.
    #[error(
        "signature {index} names no key: there is no TLV KEYHASH or PUBKEY before it, and the bootloader skips it"
    )]
    NoKey {
        /// Number of the signature, from 0.
        index: usize,
    },
    /// A key without a signature.
    #[error("the key {key} is named, but no signature of it follows")]
    NoSignature {
        /// The key as the image names it.
        key: String,
    },
    /// A type of signature that is not the one of the key.
    #[error("signature {index} is of the type {}, which a key of the kind {key} does not make", Kind(*.found))]
    Kind {
        /// Number of the signature, from 0.
        index: usize,
        /// The type in the image.
        found: u16,
        /// The key.
        key: KeyKind,
    },
    /// An image hash of another function than the key signs.
    #[error(
        "signature {index} would be over a {hash}, which the bootloader does not combine with a key of the kind {key}"
    )]
    Hash {
        /// Number of the signature, from 0.
        index: usize,
        /// The hash function of the image.
        hash: Hash,
        /// The key.
        key: KeyKind,
    },
    /// A signature that is none of the key the image names.
    #[error(
        "signature {index} is forged: it does not verify with the key {key} that the image names ({source})"
    )]
    Forged {
        /// Number of the signature, from 0.
        index: usize,
        /// The key as the image names it.
        key: String,
        /// Why.
        source: VerifyError,
    },
    /// The key in the image is none.
    #[error("signature {index} names a public key (TLV PUBKEY) that cannot be read")]
    BadKey {
        /// Number of the signature, from 0.
        index: usize,
    },
    /// The signature is of a trusted key, but the image names another.
    #[error(
        "signature {index} is one of the trusted key {key:?}, but the image names the key {named} for it, and the \
         bootloader would refuse it"
    )]
    Misnamed {
        /// Number of the signature, from 0.
        index: usize,
        /// The key the image names.
        named: String,
        /// The fingerprint of the key that signed.
        key: Digest,
    },
    /// No signature is of a trusted key.
    #[error("the image is signed, but not by a trusted key: it names {}", .found.join(", "))]
    Untrusted {
        /// The keys the image names.
        found: Vec<String>,
    },
}

impl Diagnose for VerifyImageError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::Pure => "verify the file of the image itself: `lw sign verify`",
                Self::PureTooMany { .. } => "sign the image again, with the keys the bootloader has",
                Self::Reread { .. } => "was it changed while it was read? verify it again",
                Self::Encrypted => "verify the image before it is encrypted; nothing was checked here",
                Self::Unsigned => "sign the image with `lw sign sign --scheme mcuboot`",
                Self::Untrusted { .. } => {
                    "give the public key that is meant to sign; is this a development build?"
                }
                Self::Misnamed { .. } | Self::NoKey { .. } | Self::NoSignature { .. } | Self::BadPure => {
                    "sign the image again with --replace"
                }
                Self::Kind { .. } | Self::Hash { .. } | Self::PureKey { .. } => "sign the image again with the key the bootloader has",
                Self::NoHash
                | Self::SeveralHashes
                | Self::Changed { .. }
                | Self::Forged { .. }
                | Self::BadKey { .. } => {
                    "do not ship the image: sign the one the build made again, and find out what changed this one"
                }
            }
            .into(),
        )
    }
}

/// The name of a type of TLV.
struct Kind(u16);

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            0x20 => "RSA2048_PSS",
            0x21 => "ECDSA224",
            0x22 => "ECDSA_SIG",
            0x23 => "RSA3072_PSS",
            0x24 => "ED25519",
            other => return write!(f, "{other:#x}"),
        };
        write!(f, "{name} ({:#x})", self.0)
    }
}

/// Why an image is not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignImageError {
    /// A key the bootloader has no signature for.
    #[error(
        "MCUboot has no signature for a key of the kind {kind}; expected RSA-2048, RSA-3072, ECDSA P-256 or P-384, or \
         Ed25519"
    )]
    Key {
        /// What was given.
        kind: KeyKind,
    },
    /// A hash function the key does not go with.
    #[error("MCUboot does not combine {hash} with a key of the kind {kind}; expected {expected}")]
    Hash {
        /// What was asked for, or what the image has.
        hash: Hash,
        /// The key.
        kind: KeyKind,
        /// What would do.
        expected: Hash,
    },
    /// No keys.
    #[error("no key was given to sign with")]
    NoKey,
    /// There is a signature.
    #[error("the image is signed already")]
    Signed,
    /// The same key twice.
    #[error("the image would have two signatures of the key {key}")]
    SameKey {
        /// The key as the image names it.
        key: String,
    },
    /// The image does not hold by itself.
    #[error("the image is not signed: {0}")]
    Image(VerifyImageError),
    /// Nothing was signed, or what was signed does not verify.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The TLVs are too long.
    #[error("the TLVs would have {length} bytes; their area has room for 65535")]
    TooLong {
        /// Bytes they would have.
        length: usize,
    },
}

impl Diagnose for SignImageError {
    fn class(&self) -> Class {
        match self {
            Self::Key { .. } | Self::Hash { .. } | Self::NoKey | Self::SameKey { .. } => Class::Usage,
            Self::Signed | Self::TooLong { .. } => Class::Input,
            Self::Image(error) => error.class(),
            Self::Sign(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::Key { .. } => "make a key with `lw sign keys make --kind ecdsa-p256`",
                Self::Hash { .. } => {
                    "leave the hash out, and sign images with several signatures with keys of one kind"
                }
                Self::NoKey => "give a key with --key",
                Self::Signed => {
                    "give --append to keep the signatures that are there, or --replace to drop them"
                }
                Self::SameKey { .. } => "give each key once; the image has this signature already",
                Self::Image(error) => return error.hint(),
                Self::Sign(error) => return error.hint(),
                Self::TooLong { .. } => "sign with fewer keys",
            }
            .into(),
        )
    }
}

/// Why a raw binary gets no header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// A header without room for its fields, or longer than its own length can say.
    #[error("a header of {size} bytes; expected 32 to 65535")]
    Size {
        /// What was asked for.
        size: u32,
    },
    /// The binary leaves no room for a header.
    #[error(
        "the byte at offset {offset:#x} is {found:#04x}; expected {size} zero bytes for the header at the start"
    )]
    NoRoom {
        /// Where it is.
        offset: usize,
        /// The byte.
        found: u8,
        /// Bytes of the header.
        size: u16,
    },
    /// The binary is shorter than its own header.
    #[error("the binary has {length} bytes; expected {size} for the header and some for the payload")]
    Empty {
        /// Its bytes.
        length: u64,
        /// Bytes of the header.
        size: u16,
    },
    /// More than 32 bits.
    #[error("the payload has {length} bytes, which a header cannot say")]
    TooLong {
        /// Its bytes.
        length: u64,
    },
    /// More protected TLVs than fit.
    #[error("{count} dependencies do not fit the protected TLVs")]
    Dependencies {
        /// Their number.
        count: usize,
    },
    /// A figure that no flash has.
    #[error("{what} of {found} bytes; expected {expected}")]
    Align {
        /// Which.
        what: &'static str,
        /// What was given.
        found: u32,
        /// What is possible.
        expected: &'static str,
    },
    /// The image does not fit.
    #[error("the image has {image} bytes with its TLVs and the trailer {trailer}; the slot has {slot}")]
    Slot {
        /// Bytes of the image.
        image: u64,
        /// Bytes of the trailer.
        trailer: u64,
        /// Bytes of the slot.
        slot: u64,
    },
}

impl Diagnose for HeaderError {
    fn class(&self) -> Class {
        match self {
            Self::NoRoom { .. } | Self::Empty { .. } | Self::TooLong { .. } | Self::Slot { .. } => {
                Class::Input
            }
            _ => Class::Usage,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::Size { .. } => {
                    "give the size the application is linked for (Zephyr: CONFIG_ROM_START_OFFSET)"
                }
                Self::NoRoom { .. } | Self::Empty { .. } => {
                    "give --pad-header where the build leaves no room for the header, and its size otherwise"
                }
                Self::TooLong { .. } | Self::Slot { .. } => {
                    "make the application smaller, or the slot larger"
                }
                Self::Dependencies { .. } => "give each image it needs once",
                Self::Align { .. } => "give what the flash of the device has",
            }
            .into(),
        )
    }
}
