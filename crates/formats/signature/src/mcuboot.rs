//! Signatures of images for the MCUboot bootloader.
//!
//! An image is a header, a payload, an optional area of protected TLVs (type, length, value) and an unprotected one. The
//! unprotected area holds the hash of everything before it, and then pairs: which key signed, and its signature. RSA and
//! ECDSA sign that hash as the digest of the image; Ed25519 signs the bytes of the hash as its message, or, where there is a
//! TLV `SIG_PURE`, everything before the area itself.
//!
//! Sources: MCUboot `boot/bootutil/include/bootutil/image.h`, `boot/bootutil/src/image_validate.c`,
//! `scripts/imgtool/image.py`. `imgtool verify` takes the first signature that the given key verifies and never looks at
//! `KEYHASH` or `PUBKEY`, by which the bootloader chooses the key; [`verify`] looks at both.

mod error;
mod header;
mod sign;
mod verify;

pub use error::{HeaderError, SignImageError, VerifyImageError};
pub use header::{Dependency, LoadAddress, Padding, Parameters, Prepared, Slot, Version, VersionError};
pub use sign::{Existing, KeyFormat, Options, encode_signature, hash_for, sign, sign_area};
pub use verify::{Foreign, Named, Reread, Signature, Verified, verify, verify_with};

use crate::algorithm::Algorithm;
use crate::error::VerifyError;
use crate::hash::{Digest, Hash};
use crate::key::{KeyKind, PublicKey};

/// Types of TLV, with the names of image.h.
pub(crate) mod kind {
    pub(crate) const KEYHASH: u16 = 0x01;
    pub(crate) const PUBKEY: u16 = 0x02;
    pub(crate) const SHA256: u16 = 0x10;
    pub(crate) const SHA384: u16 = 0x11;
    pub(crate) const SHA512: u16 = 0x12;
    pub(crate) const RSA2048_PSS: u16 = 0x20;
    pub(crate) const ECDSA224: u16 = 0x21;
    pub(crate) const ECDSA_SIG: u16 = 0x22;
    pub(crate) const RSA3072_PSS: u16 = 0x23;
    pub(crate) const ED25519: u16 = 0x24;
    pub(crate) const SIG_PURE: u16 = 0x25;
    pub(crate) const DEPENDENCY: u16 = 0x40;
    pub(crate) const SEC_CNT: u16 = 0x50;
}

/// An entry of the unprotected area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Its type.
    pub kind: u16,
    /// Its value.
    pub data: &'a [u8],
}

impl Tlv<'_> {
    /// The hash function of the image hash it holds.
    fn hash(self) -> Option<Hash> {
        match self.kind {
            kind::SHA256 => Some(Hash::Sha256),
            kind::SHA384 => Some(Hash::Sha384),
            kind::SHA512 => Some(Hash::Sha512),
            _ => None,
        }
    }

    fn is_signature(self) -> bool {
        matches!(
            self.kind,
            kind::RSA2048_PSS | kind::ECDSA224 | kind::ECDSA_SIG | kind::RSA3072_PSS | kind::ED25519
        )
    }
}

/// Digests of header, payload and protected TLVs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered {
    /// Their SHA-256.
    pub sha256: [u8; 32],
    /// Their SHA-384.
    pub sha384: [u8; 48],
    /// Their SHA-512.
    pub sha512: [u8; 64],
}

impl Covered {
    /// The digests of bytes in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::{Digest as _, Sha256, Sha384, Sha512};
        Self {
            sha256: Sha256::digest(bytes).into(),
            sha384: Sha384::digest(bytes).into(),
            sha512: Sha512::digest(bytes).into(),
        }
    }

    /// The digest of one hash function; no image has one of BLAKE2b.
    #[must_use]
    pub fn digest(&self, hash: Hash) -> Option<Digest> {
        match hash {
            Hash::Sha256 => Digest::new(hash, &self.sha256),
            Hash::Sha384 => Digest::new(hash, &self.sha384),
            Hash::Sha512 => Digest::new(hash, &self.sha512),
            Hash::Blake2b512 => None,
        }
    }
}

/// An image that has been walked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image<'a> {
    /// The TLVs of the unprotected area, in file order.
    pub tlvs: Vec<Tlv<'a>>,
    /// The digests of what comes before that area.
    pub covered: Covered,
    /// Whether the header says that the payload is encrypted: the image hash is that of the plain payload then.
    pub is_encrypted: bool,
}

/// The type of a key's signature TLV; `None` of keys the bootloader has none for.
fn signature_kind(key: &PublicKey) -> Option<u16> {
    match key.kind() {
        KeyKind::Rsa { bits: 2048 } => Some(kind::RSA2048_PSS),
        KeyKind::Rsa { bits: 3072 } => Some(kind::RSA3072_PSS),
        KeyKind::EcdsaP256 | KeyKind::EcdsaP384 => Some(kind::ECDSA_SIG),
        KeyKind::Ed25519 => Some(kind::ED25519),
        KeyKind::Rsa { .. } => None,
    }
}

/// The hash functions of images a key signs, the usual one first (`ALLOWED_KEY_SHA` of imgtool).
fn hashes(key: &PublicKey) -> &'static [Hash] {
    match key.kind() {
        KeyKind::Rsa { .. } | KeyKind::EcdsaP256 => &[Hash::Sha256],
        KeyKind::EcdsaP384 => &[Hash::Sha384],
        KeyKind::Ed25519 => &[Hash::Sha256, Hash::Sha512],
    }
}

/// A key as `PUBKEY` holds it and `KEYHASH` is over it: PKCS#1 of RSA, `SubjectPublicKeyInfo` of others.
fn encoded(key: &PublicKey) -> Vec<u8> {
    key.to_pkcs1_der().unwrap_or_else(|| key.to_spki_der())
}

fn algorithm(key: &PublicKey) -> Algorithm {
    match key.kind() {
        KeyKind::Rsa { .. } => Algorithm::RsaPssSha256,
        KeyKind::EcdsaP256 => Algorithm::EcdsaSha256,
        KeyKind::EcdsaP384 => Algorithm::EcdsaSha384,
        KeyKind::Ed25519 => Algorithm::Ed25519,
    }
}

/// Whether a signature is one of the key over an image of this digest.
fn verify_signature(key: &PublicKey, digest: &Digest, signature: &[u8]) -> Result<(), VerifyError> {
    match key.kind() {
        KeyKind::Ed25519 => key.verify_message(digest.as_bytes(), signature),
        _ => key.verify_digest(algorithm(key), digest, signature),
    }
}
