//! Files that are read piece by piece, however large they are, and signed or verified.
//!
//! Most schemes sign a digest and read a file once. Ed25519 reads it twice to sign (RFC 8032, 5.1.6: once for the secret
//! number, once for the challenge). If another file is read the second time, two signatures with one secret number come
//! into being, from which the private key can be computed
//! ([RustCrypto/traits#2011](https://github.com/RustCrypto/traits/issues/2011)); checking the signature afterwards does not
//! undo that once it is out. So both passes are hashed, and what would give the key away is not even computed when they
//! differ.

use std::cell::{Cell, RefCell};
use std::io::{self, Read};

use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign_byupdate};
use ed25519_dalek::{SignatureError, VerifyingKey};
use sha2::{Digest as _, Sha512};
use zeroize::Zeroizing;

use crate::algorithm::Algorithm;
use crate::error::{SignError, SignFileError, VerifyError, VerifyFileError};
use crate::hash::{Digest, Hash, Hasher};
use crate::key::PublicKey;
use crate::signer::{Signer, sign_digest};

/// How much is read at once.
const CHUNK: usize = 64 << 10;

/// Gives `sink` everything `source` has.
pub(crate) fn feed(mut source: impl Read, mut sink: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => sink(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The digest of everything a source has.
///
/// # Errors
/// When it cannot be read.
pub fn digest_of(hash: Hash, source: impl Read) -> io::Result<Digest> {
    let mut hasher = Hasher::new(hash);
    feed(source, |bytes| hasher.update(bytes))?;
    Ok(hasher.finish())
}

/// Signs a file with any algorithm, and returns the signature only when it verifies.
///
/// `open` starts a new pass over the file: one for RSA and ECDSA, three for Ed25519 (two to sign, one to verify).
///
/// # Errors
/// As [`sign_digest`]; when the file cannot be read, or its passes were not over the same bytes; and with Ed25519, when the
/// signer is no key in memory.
pub fn sign_file<R: Read>(
    signer: &dyn Signer,
    algorithm: Algorithm,
    mut open: impl FnMut() -> io::Result<R>,
) -> Result<Vec<u8>, SignFileError> {
    let kind = signer.public_key().kind();
    if !algorithm.takes(kind) {
        return Err(SignError::Kind { algorithm, kind }.into());
    }
    match algorithm.hash() {
        Some(hash) => Ok(sign_digest(signer, algorithm, &digest_of(hash, open()?)?)?),
        None => Ok(sign_ed25519(signer, open)?.to_vec()),
    }
}

/// Verifies a signature over a file. Ed25519 is verified as [`PublicKey::verify_message`] does it.
///
/// This takes bytes as they are; [`detached::verify`](crate::detached::verify) also says what other things they might be.
///
/// # Errors
/// Why it does not hold, or when the file cannot be read.
pub fn verify_file(
    key: &PublicKey,
    algorithm: Algorithm,
    source: impl Read,
    signature: &[u8],
) -> Result<(), VerifyFileError> {
    if !algorithm.takes(key.kind()) {
        return Err(VerifyError::Kind { algorithm, kind: key.kind() }.into());
    }
    match algorithm.hash() {
        Some(hash) => Ok(key.verify_digest(algorithm, &digest_of(hash, source)?, signature)?),
        None => verify_ed25519(key, source, signature, |_| ()),
    }
}

/// Signs a file with Ed25519 in two passes, and verifies it in a third.
pub(crate) fn sign_ed25519<R: Read>(
    signer: &dyn Signer,
    open: impl FnMut() -> io::Result<R>,
) -> Result<[u8; 64], SignFileError> {
    let kind = signer.public_key().kind();
    let algorithm = Algorithm::Ed25519;
    if !algorithm.takes(kind) {
        return Err(SignError::Kind { algorithm, kind }.into());
    }
    let key = signer.private_key().and_then(|key| key.ed25519()).ok_or(SignError::NotInMemory)?;
    let expanded = ExpandedSecretKey::from(key.as_bytes());

    let open = RefCell::new(open);
    // The digest of the first pass, and why the second did not end well.
    let first = Cell::new(None);
    let failed = RefCell::new(None);
    let pass = |challenge: &mut Sha512| {
        let mut hasher = Hasher::new(Hash::Sha256);
        let read = (open.borrow_mut())().and_then(|source| {
            feed(source, |bytes| {
                challenge.update(bytes);
                hasher.update(bytes);
            })
        });
        let digest = hasher.finish();
        let error = match (read, first.get()) {
            (Err(error), _) => SignFileError::Read(error),
            (Ok(()), Some(first)) if first != digest => SignFileError::Changed,
            (Ok(()), _) => {
                first.set(Some(digest));
                return Ok(());
            }
        };
        failed.replace(Some(error));
        // Ends the computation: the number that depends on the private key is never made.
        Err(SignatureError::new())
    };
    let signature = raw_sign_byupdate::<Sha512, _>(&expanded, pass, &key.verifying_key());
    let signature = match (signature, failed.into_inner()) {
        (Ok(signature), None) => Zeroizing::new(signature.to_bytes()),
        (_, Some(error)) => return Err(error),
        (Err(_), None) => return Err(SignFileError::Changed),
    };

    let mut hasher = Hasher::new(Hash::Sha256);
    let source = (open.borrow_mut())()?;
    let verified =
        verify_ed25519(signer.public_key(), source, signature.as_ref(), |bytes| hasher.update(bytes));
    if let Err(VerifyFileError::Read(error)) = verified {
        return Err(SignFileError::Read(error));
    }
    if first.get() != Some(hasher.finish()) {
        return Err(SignFileError::Changed);
    }
    match verified {
        Ok(()) => Ok(*signature),
        Err(VerifyFileError::Verify(source)) => Err(SignError::Unsound { source }.into()),
        Err(_) => Err(SignError::Unsound { source: VerifyError::Mismatch }.into()),
    }
}

/// Verifies Ed25519 over a stream, as strictly as `verify_strict` of ed25519-dalek does it in memory: no number in a second
/// form, and neither key nor commitment of small order. `seen` gets what is read.
pub(crate) fn verify_ed25519(
    key: &PublicKey,
    source: impl Read,
    signature: &[u8],
    mut seen: impl FnMut(&[u8]),
) -> Result<(), VerifyFileError> {
    let algorithm = Algorithm::Ed25519;
    let Some(key) = key.as_ed25519() else {
        return Err(VerifyError::Kind { algorithm, kind: key.kind() }.into());
    };
    let (found, expected) = (signature.len(), ed25519_dalek::SIGNATURE_LENGTH);
    let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| VerifyError::Length {
        algorithm,
        found,
        expected,
    })?;
    // The whole file is read in any case: what hashes it on the way relies on it.
    let mut verifier = key.verify_stream(&signature).ok();
    feed(source, |bytes| {
        seen(bytes);
        if let Some(verifier) = &mut verifier {
            verifier.update(bytes);
        }
    })?;
    let is_sound_point =
        |point: &[u8; 32]| VerifyingKey::from_bytes(point).is_ok_and(|point| !point.is_weak());
    let holds = verifier.is_some_and(|verifier| verifier.finalize_and_verify().is_ok());
    if holds && is_sound_point(signature.r_bytes()) && !key.is_weak() {
        return Ok(());
    }
    Err(VerifyError::Mismatch.into())
}
