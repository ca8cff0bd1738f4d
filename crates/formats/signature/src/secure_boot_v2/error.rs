//! Why a signature sector is not accepted or not written.

use std::borrow::Cow;
use std::fmt;

use lw_model::{Class, Diagnose};

use crate::error::{KeyError, SignError, VerifyError};
use crate::key::KeyKind;
use crate::secure_boot_v2::{BLOCK_LENGTH, KeyDigest, Scheme};

/// Why a block is not sound. Offsets are in bytes from the start of the block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockProblem {
    /// It is cut off.
    #[error("it has {found} bytes; expected {BLOCK_LENGTH}")]
    Length {
        /// Bytes there are.
        found: usize,
    },
    /// It starts with another byte.
    #[error("it starts with {found:#04x}; expected 0xe7")]
    Magic {
        /// The byte.
        found: u8,
    },
    /// Its CRC-32 does not hold: it was damaged, not signed anew.
    #[error("its CRC-32 at offset 0x4ac is {stored:#010x}; expected {computed:#010x}")]
    Crc {
        /// The CRC in the block.
        stored: u32,
        /// The CRC of the bytes before it.
        computed: u32,
    },
    /// A version that no chip knows.
    #[error("its version at offset 0x1 is {found}; expected 2 (RSA) or 3 (ECDSA)")]
    Version {
        /// The version.
        found: u8,
    },
    /// A hash function that no chip knows.
    #[error("its hash function at offset 0x2 is {found}; expected 0 (SHA-256) or 1 (SHA-384)")]
    Hash {
        /// The code.
        found: u8,
    },
    /// A curve that does not go with the hash function, or that no chip knows.
    #[error("its curve is {found}; expected {expected}")]
    Curve {
        /// The code.
        found: u8,
        /// What there should be.
        expected: &'static str,
    },
    /// A byte that says nothing is not what it is in every block that is written.
    #[error("its byte at offset {offset:#x} is {found:#04x}; expected 0x00, it has no meaning")]
    Reserved {
        /// Where it is.
        offset: usize,
        /// The byte.
        found: u8,
    },
    /// The key in it is none.
    #[error("the public key in it is not valid: {0}")]
    Key(KeyError),
    /// The numbers beside an RSA modulus are not those of that modulus.
    #[error("the public key in it was changed: R and M' beside it are not those of its modulus")]
    Constants,
    /// Its digest is not that of the bytes before the sector.
    #[error("it is for another image: its digest is not that of the bytes before it")]
    OtherImage,
    /// It is of a scheme whose digest was not computed.
    #[error(
        "the SHA-384 it is over was not computed, because the chip does not verify {}",
        Scheme::EcdsaP384
    )]
    NoDigest,
    /// Its signature is not one of the key in it.
    #[error("it is forged: its signature does not verify with the public key in it ({0})")]
    Forged(VerifyError),
    /// The sector goes on after its last block.
    #[error("the byte after it, at offset {offset:#x} of the sector, is {found:#04x}; expected 0xff")]
    NotErased {
        /// Where it is in the sector.
        offset: usize,
        /// The byte.
        found: u8,
    },
}

/// Why a signature sector does not pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SectorError {
    /// It is no sector.
    #[error("the signature sector has {found} bytes; expected 4096")]
    Length {
        /// Its bytes.
        found: usize,
    },
    /// It holds no block at all.
    #[error("the image is not signed: its signature sector is empty")]
    Empty,
    /// A block is not sound: somebody or something changed it or the image.
    #[error("signature block {block} is not sound: {problem}")]
    Forged {
        /// Number of the block, from 0.
        block: usize,
        /// Why it is not.
        problem: BlockProblem,
    },
    /// A block cannot be verified by this program.
    #[error("signature block {block} is made with {scheme}, which cannot be verified here")]
    Unverifiable {
        /// Number of the block, from 0.
        block: usize,
        /// What it was made with.
        scheme: Scheme,
    },
    /// A block of a scheme the chip does not verify.
    #[error("signature block {block} is made with {scheme}, which {chip} does not verify")]
    Scheme {
        /// Number of the block, from 0.
        block: usize,
        /// What it was made with.
        scheme: Scheme,
        /// The chip.
        chip: String,
    },
    /// More blocks than the chip looks at.
    #[error("there are {count} signature blocks; {chip} looks at {most}")]
    TooMany {
        /// Number of blocks.
        count: usize,
        /// Number the chip looks at.
        most: usize,
        /// The chip.
        chip: String,
    },
    /// All blocks are sound, and none is of a key that is trusted.
    #[error("the signature is sound, but not trusted: it was made with {}", Keys(.found))]
    Untrusted {
        /// The keys that signed.
        found: Vec<KeyDigest>,
    },
}

struct Keys<'a>(&'a [KeyDigest]);

impl fmt::Display for Keys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.len() == 1 { "the key " } else { "the keys " })?;
        for (index, key) in self.0.iter().enumerate() {
            write!(f, "{}{key}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl Diagnose for SectorError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::Length { .. } => "build or download the image again: its end is missing",
                Self::Empty => "sign the image with `lw sign sign --scheme secure-boot-v2`",
                Self::Forged { .. } => {
                    "do not ship the image: sign the one the build made again, and find out what changed this one"
                }
                Self::Unverifiable { .. } => "sign the image with ECDSA P-256, or verify it with `espsecure`",
                Self::Scheme { .. } => "sign the image with a key of a kind the chip verifies",
                Self::TooMany { .. } => "sign the image again, with as many keys as the chip looks at",
                Self::Untrusted { .. } => {
                    "give the public key or the key digest that is meant to sign; is this a development build?"
                }
            }
            .into(),
        )
    }
}

/// Why no signature sector is made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MakeError {
    /// A key of another kind.
    #[error(
        "Secure Boot V2 has no signature block for a key of the kind {kind}; expected RSA-3072, ECDSA P-256 or P-384"
    )]
    Key {
        /// What was given.
        kind: KeyKind,
    },
    /// The SHA-384 is missing.
    #[error("the SHA-384 of the image is needed for {}, and was not computed", Scheme::EcdsaP384)]
    NoDigest,
    /// Nothing was signed, or what was signed does not verify.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The chip would not verify it.
    #[error("{chip} does not verify {scheme}")]
    Scheme {
        /// What would sign.
        scheme: Scheme,
        /// The chip.
        chip: String,
    },
    /// More blocks than the chip looks at.
    #[error("the sector would have {count} signature blocks; {chip} looks at {most}")]
    TooMany {
        /// Number of blocks.
        count: usize,
        /// Number the chip looks at.
        most: usize,
        /// The chip.
        chip: String,
    },
    /// No keys.
    #[error("no key was given to sign with")]
    NoKey,
    /// The same key twice.
    #[error("the image would have two signature blocks of the key {key}")]
    SameKey {
        /// The key.
        key: KeyDigest,
    },
    /// A signature is to be added to a sector that does not pass itself.
    #[error("no signature is added to one that is not sound: {0}")]
    Existing(SectorError),
}

impl Diagnose for MakeError {
    fn class(&self) -> Class {
        match self {
            Self::Sign(error) => error.class(),
            Self::Existing(_) => Class::Input,
            _ => Class::Usage,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::Sign(error) => return error.hint(),
                Self::Key { .. } => "make a key with `lw sign keys make --kind rsa-3072` or `ecdsa-p256`",
                Self::NoDigest | Self::Scheme { .. } => "use a key of a kind the chip verifies",
                Self::TooMany { .. } => "give fewer keys, or replace the signatures with --replace",
                Self::NoKey => "give a key with --key",
                Self::SameKey { .. } => "give each key once; the image has this signature already",
                Self::Existing(_) => {
                    "sign the image as the build made it, or replace the signatures with --replace"
                }
            }
            .into(),
        )
    }
}
