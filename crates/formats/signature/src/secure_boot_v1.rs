//! Secure Boot V1 of the ESP32: 68 bytes after the image.
//!
//! A version of 4 bytes, 0, then r and s of an ECDSA signature on P-256 over the SHA-256 of everything before, both
//! big-endian (ESP-IDF `secure_boot_signatures.h`, `esp_secure_boot_sig_block_t`). espsecure signs as RFC 6979 says, and
//! so does a private key of this crate: the two write the same bytes.

use std::borrow::Cow;

use lw_model::{Class, Diagnose};

use crate::algorithm::Algorithm;
use crate::error::{SignError, VerifyError};
use crate::hash::{Digest, Hash};
use crate::key::{KeyKind, PublicKey};
use crate::raw_ecdsa;
use crate::signer::{Signer, sign_digest};

/// Bytes of a signature.
pub const LENGTH: usize = 68;
const VERSION: usize = 4;

/// Why a signature of Secure Boot V1 is not made or does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A key of another kind.
    #[error("Secure Boot V1 takes a key of the kind {}; this one is {kind}", KeyKind::EcdsaP256)]
    Key {
        /// What was given.
        kind: KeyKind,
    },
    /// Another length.
    #[error("the Secure Boot V1 signature has {found} bytes; expected {LENGTH}")]
    Length {
        /// Bytes there are.
        found: usize,
    },
    /// Another version.
    #[error("the Secure Boot V1 signature has the version {found}; expected 0")]
    Version {
        /// The version.
        found: u32,
    },
    /// Nothing was signed, or what was signed does not verify.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The signature is none of this key over these bytes. The format names no key, so nothing tells a forged signature
    /// from one of another key.
    #[error("the Secure Boot V1 signature does not verify with the key {key:?}: {source}")]
    Mismatch {
        /// The fingerprint of the key.
        key: Digest,
        /// Why.
        source: VerifyError,
    },
}

impl Diagnose for Error {
    fn class(&self) -> Class {
        match self {
            Self::Key { .. } => Class::Usage,
            Self::Sign(error) => error.class(),
            _ => Class::Input,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::Key { .. } => "make a key with `lw sign keys make --kind ecdsa-p256`",
                Self::Sign(error) => return error.hint(),
                Self::Length { .. } | Self::Version { .. } => {
                    "verify the image as it was signed, without anything after the signature"
                }
                Self::Mismatch { .. } => {
                    "the image was changed after it was signed, or another key signed it: this format does not say which"
                }
            }
            .into(),
        )
    }
}

/// The 68 bytes to append to a file of this SHA-256.
///
/// # Errors
/// When the key is none of P-256, or nothing is signed.
pub fn sign(signer: &dyn Signer, sha256: &[u8; 32]) -> Result<[u8; LENGTH], Error> {
    let key = signer.public_key();
    let digest = digest(key, sha256)?;
    encode(key, sha256, &sign_digest(signer, Algorithm::EcdsaSha256, &digest)?)
}

/// The 68 bytes of a signature in DER that was made elsewhere, and which is verified first.
///
/// # Errors
/// When the key is none of P-256, or the signature does not verify.
pub fn encode(key: &PublicKey, sha256: &[u8; 32], signature: &[u8]) -> Result<[u8; LENGTH], Error> {
    let unsound = |source| Error::Sign(SignError::Unsound { source });
    key.verify_digest(Algorithm::EcdsaSha256, &digest(key, sha256)?, signature).map_err(unsound)?;
    let raw = raw_ecdsa::from_der(key.kind(), signature).unwrap_or_default();
    let bytes = [&[0; VERSION], &raw[..]].concat();
    bytes.try_into().map_err(|_| unsound(VerifyError::Mismatch))
}

/// Verifies the 68 bytes after a file of this SHA-256.
///
/// # Errors
/// Why they do not hold.
pub fn verify(key: &PublicKey, sha256: &[u8; 32], signature: &[u8]) -> Result<(), Error> {
    let digest = digest(key, sha256)?;
    let bytes: &[u8; LENGTH] = signature.try_into().map_err(|_| Error::Length { found: signature.len() })?;
    let [v0, v1, v2, v3, raw @ ..] = bytes;
    let version = u32::from_le_bytes([*v0, *v1, *v2, *v3]);
    if version != 0 {
        return Err(Error::Version { found: version });
    }
    let verdict = raw_ecdsa::to_der(KeyKind::EcdsaP256, raw)
        .ok_or(VerifyError::Mismatch)
        .and_then(|der| key.verify_digest(Algorithm::EcdsaSha256, &digest, &der));
    verdict.map_err(|source| Error::Mismatch { key: key.fingerprint(), source })
}

fn digest(key: &PublicKey, sha256: &[u8; 32]) -> Result<Digest, Error> {
    let wrong = Error::Key { kind: key.kind() };
    if key.kind() != KeyKind::EcdsaP256 {
        return Err(wrong);
    }
    Digest::new(Hash::Sha256, sha256).ok_or(wrong)
}
