//! Secure Boot V2 of ESP chips: the signature sector an image is followed by.
//!
//! The image is filled with 0xFF up to a multiple of 4096 bytes; the next 4096 bytes hold one to three blocks of 1216
//! bytes, and 0xFF after them. Each block holds the digest of everything before the sector, a public key and a signature
//! of that digest. The chip knows the SHA-256 of public keys ([`KeyDigest`], in its eFuses), and looks for a block whose
//! key has one of them.
//!
//! Layout: ESP-IDF `components/bootloader_support` (`ets_secure_boot_sig_block`,
//! `secure_boot_signatures_app.c`); esptool `espsecure/__init__.py`. espsecure verifies with the key it is given and never
//! looks at the one in the block, which is the one a chip uses; [`Sector::verify`] holds the two to each other.

mod block;
mod error;
mod plan;
mod sector;

use std::fmt;

pub use block::{Block, key_digest, make_block, sign_block, to_be_signed};
pub use error::{BlockProblem, MakeError, SectorError};
pub use plan::{Plan, append, assemble};
pub use sector::{Found, Sector, Verified, VerifiedBlock};

use crate::algorithm::Algorithm;
use crate::hash::{Digest, Hash};
use crate::key::{KeyKind, PublicKey};

/// Bytes of a signature sector.
pub const SECTOR_LENGTH: usize = 4096;
/// Bytes of a signature block.
pub const BLOCK_LENGTH: usize = 1216;
/// Blocks a sector has room for.
pub const MOST_BLOCKS: usize = 3;

/// What a block is signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// RSA-3072 with PSS, over SHA-256.
    Rsa3072,
    /// ECDSA on NIST P-192, over SHA-256. Known and named, but neither signed nor verified here.
    EcdsaP192,
    /// ECDSA on NIST P-256, over SHA-256.
    EcdsaP256,
    /// ECDSA on NIST P-384, over SHA-384.
    EcdsaP384,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rsa3072, Self::EcdsaP192, Self::EcdsaP256, Self::EcdsaP384];

    /// `RSA-3072`, `ECDSA P-256`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa3072 => "RSA-3072",
            Self::EcdsaP192 => "ECDSA P-192",
            Self::EcdsaP256 => "ECDSA P-256",
            Self::EcdsaP384 => "ECDSA P-384",
        }
    }

    /// The scheme a key signs with; `None` of keys Secure Boot V2 has no block for.
    #[must_use]
    pub fn of(key: &PublicKey) -> Option<Self> {
        match key.kind() {
            // The exponent has 32 bits in the block.
            KeyKind::Rsa { bits: 3072 } => key.rsa().filter(|(_, e)| e.len() <= 4).map(|_| Self::Rsa3072),
            KeyKind::EcdsaP256 => Some(Self::EcdsaP256),
            KeyKind::EcdsaP384 => Some(Self::EcdsaP384),
            KeyKind::Rsa { .. } | KeyKind::Ed25519 => None,
        }
    }

    /// How the digest is signed.
    #[must_use]
    pub fn algorithm(self) -> Algorithm {
        match self {
            Self::Rsa3072 => Algorithm::RsaPssSha256,
            Self::EcdsaP192 | Self::EcdsaP256 => Algorithm::EcdsaSha256,
            Self::EcdsaP384 => Algorithm::EcdsaSha384,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// SHA-256 of a public key as a block holds it: what `espsecure digest-sbv2-public-key` writes and eFuses hold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyDigest(pub [u8; 32]);

impl fmt::Display for KeyDigest {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Digests of everything before a signature sector, the padding included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered {
    /// Its SHA-256.
    pub sha256: [u8; 32],
    /// Its SHA-384, where a block with P-384 can be meant.
    pub sha384: Option<[u8; 48]>,
}

impl Covered {
    /// The digests of bytes in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::{Digest as _, Sha256, Sha384};
        Self { sha256: Sha256::digest(bytes).into(), sha384: Some(Sha384::digest(bytes).into()) }
    }

    /// The one a scheme signs.
    #[must_use]
    pub fn digest(&self, scheme: Scheme) -> Option<Digest> {
        match scheme {
            Scheme::EcdsaP384 => Digest::new(Hash::Sha384, &self.sha384?),
            Scheme::Rsa3072 | Scheme::EcdsaP192 | Scheme::EcdsaP256 => {
                Digest::new(Hash::Sha256, &self.sha256)
            }
        }
    }
}

/// What a chip verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits<'a> {
    /// Its name in messages: `ESP32-C3`.
    pub chip: &'a str,
    /// Blocks it looks at.
    pub blocks: usize,
    /// Schemes it verifies.
    pub schemes: &'a [Scheme],
}

impl Limits<'static> {
    /// Everything that some chip verifies, for a chip that is not known.
    pub const ANY: Self = Self { chip: "any chip", blocks: MOST_BLOCKS, schemes: &Scheme::ALL };
}
