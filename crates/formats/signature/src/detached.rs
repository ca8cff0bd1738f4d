//! Signatures in a file of their own without any form: RSA, ECDSA in DER, Ed25519.

use std::io::{self, Read};

use crate::algorithm::Algorithm;
use crate::error::{FormError, SignFileError, VerifyError, VerifyFileError};
use crate::hash::{Digest, Hash};
use crate::key::{KeyKind, PublicKey};
use crate::raw_ecdsa;
use crate::recognise::{SignatureFormat, recognise};
use crate::rsa_public::{Content, content, framed};
use crate::signer::Signer;
use crate::stream::{digest_of, sign_file, verify_ed25519};

/// Signs a file: the bytes of the signature file.
///
/// # Errors
/// As [`sign_file`].
pub fn sign<R: Read>(
    signer: &dyn Signer,
    algorithm: Algorithm,
    open: impl FnMut() -> io::Result<R>,
) -> Result<Vec<u8>, SignFileError> {
    sign_file(signer, algorithm, open)
}

/// Verifies a signature file over a file.
///
/// # Errors
/// Why it does not hold: what it is when it is of another format, what is wrong with it when it is not.
pub fn verify(
    key: &PublicKey,
    algorithm: Algorithm,
    source: impl Read,
    signature: &[u8],
) -> Result<(), VerifyFileError> {
    if !algorithm.takes(key.kind()) {
        return Err(VerifyError::Kind { algorithm, kind: key.kind() }.into());
    }
    check_form(key, algorithm, signature)?;
    match algorithm.hash() {
        Some(hash) => verify_digest(key, algorithm, &digest_of(hash, source)?, signature),
        None => verify_ed25519(key, source, signature, |_| ()),
    }
}

/// As [`verify`], over the digest of a file. For RSA and ECDSA.
///
/// # Errors
/// As [`verify`].
pub fn verify_digest(
    key: &PublicKey,
    algorithm: Algorithm,
    digest: &Digest,
    signature: &[u8],
) -> Result<(), VerifyFileError> {
    if !algorithm.takes(key.kind()) {
        return Err(VerifyError::Kind { algorithm, kind: key.kind() }.into());
    }
    check_form(key, algorithm, signature)?;
    match key.verify_digest(algorithm, digest, signature) {
        Err(VerifyError::Mismatch) => Err(why(key, algorithm, digest, signature)),
        other => Ok(other?),
    }
}

/// Refuses what is no signature of this kind before the file is read.
fn check_form(key: &PublicKey, algorithm: Algorithm, signature: &[u8]) -> Result<(), VerifyFileError> {
    let expected_length = match key.kind() {
        KeyKind::Rsa { .. } => key.rsa().map_or(0, |(modulus, _)| modulus.len()),
        KeyKind::Ed25519 => 64,
        KeyKind::EcdsaP256 | KeyKind::EcdsaP384 => {
            return match recognise(signature) {
                SignatureFormat::EcdsaDer => Ok(()),
                SignatureFormat::Raw { length } if Some(length) == raw_ecdsa::length(key.kind()) => {
                    Err(VerifyError::RawEcdsa { length, expected: algorithm }.into())
                }
                // DER that is not quite right: what is wrong is said when it is read.
                SignatureFormat::Raw { .. } if signature.first() == Some(&0x30) => Ok(()),
                found => Err(other(found, algorithm)),
            };
        }
    };
    if signature.len() == expected_length {
        return Ok(());
    }
    match recognise(signature) {
        SignatureFormat::Raw { length } => {
            Err(VerifyError::Length { algorithm, found: length, expected: expected_length }.into())
        }
        found => Err(other(found, algorithm)),
    }
}

fn other(found: SignatureFormat, algorithm: Algorithm) -> VerifyFileError {
    let expected = match algorithm {
        Algorithm::RsaPkcs1v15Sha256 | Algorithm::RsaPkcs1v15Sha512 => "the raw bytes of RSA (PKCS#1 v1.5)",
        Algorithm::RsaPssSha256 => "the raw bytes of RSA-PSS",
        Algorithm::EcdsaSha256 | Algorithm::EcdsaSha384 => "ECDSA in DER",
        Algorithm::Ed25519 => "the 64 raw bytes of Ed25519",
    };
    FormError::Other { found, expected }.into()
}

/// What is wrong with a signature of the right form.
fn why(key: &PublicKey, algorithm: Algorithm, digest: &Digest, signature: &[u8]) -> VerifyFileError {
    let found = recognise(signature);
    if !matches!(found, SignatureFormat::Raw { .. } | SignatureFormat::EcdsaDer) {
        return other(found, algorithm);
    }
    let Some(content) = content(key, signature) else { return VerifyError::Mismatch.into() };
    if let Some(hash) = content.bare_hash_of(digest) {
        return VerifyError::BareHash { hash }.into();
    }
    let own = digest.hash().name();
    let error = match content {
        Content::Digest(name, signed) if name == own && algorithm != Algorithm::RsaPssSha256 => {
            VerifyError::OtherFile { hash: digest.hash(), signed: hex(&signed) }
        }
        Content::Digest(name, _) => VerifyError::Other {
            found: format!("RSA PKCS#1 v1.5 with {name} of this key"),
            expected: algorithm,
        },
        Content::Bare(bytes) => VerifyError::Other {
            found: format!(
                "RSA PKCS#1 v1.5 of this key over {} bytes that are no digest of this file",
                bytes.len()
            ),
            expected: algorithm,
        },
    };
    error.into()
}

/// A signature somebody else has made, accepted for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// The signature file.
    pub signature: Vec<u8>,
    /// Whether it was r and s as raw bytes, and was put into DER. That is to be said.
    pub was_raw: bool,
}

/// Takes a signature of a card, a program or a cloud: as [`verify_digest`] does, and also ECDSA's r and s as raw bytes, which
/// become DER. Nothing is returned that does not verify.
///
/// # Errors
/// As [`verify_digest`].
pub fn attach(
    key: &PublicKey,
    algorithm: Algorithm,
    digest: &Digest,
    signature: &[u8],
) -> Result<Attached, VerifyFileError> {
    if let Some(der) = raw_ecdsa::to_der(key.kind(), signature)
        && key.verify_digest(algorithm, digest, &der).is_ok()
    {
        return Ok(Attached { signature: der, was_raw: true });
    }
    match verify_digest(key, algorithm, digest, signature) {
        // Raw bytes that do not verify are no matter of form.
        Err(VerifyFileError::Verify(VerifyError::RawEcdsa { .. })) => Err(VerifyError::Mismatch.into()),
        Err(error) => Err(error),
        Ok(()) => Ok(Attached { signature: signature.to_vec(), was_raw: false }),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A digest in the `DigestInfo` (RFC 8017, 9.2, note 1) that PKCS#11's `CKM_RSA_PKCS` takes; `None` of a hash function that
/// has none.
#[must_use]
pub fn digest_info(digest: &Digest) -> Option<Vec<u8>> {
    framed(digest)
}

/// The digest that has to be signed elsewhere for `attach`; none for Ed25519.
///
/// # Errors
/// When the file cannot be read.
pub fn digest(algorithm: Algorithm, source: impl Read) -> io::Result<Option<Digest>> {
    algorithm.hash().map(|hash: Hash| digest_of(hash, source)).transpose()
}
