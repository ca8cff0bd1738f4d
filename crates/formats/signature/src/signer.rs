//! What signs, and the check of what it returns.

use std::cell::{Cell, RefCell};

use crate::algorithm::Algorithm;
use crate::detached;
use crate::error::{SignError, VerifyFileError};
use crate::hash::Digest;
use crate::key::{PrivateKey, PublicKey};

/// Something that signs: a private key in memory, a program that asks a card or a cloud.
///
/// Call [`sign_digest`] and [`sign_message`], never these methods: they verify what comes back.
pub trait Signer {
    /// The key its signatures verify with.
    fn public_key(&self) -> &PublicKey;

    /// Signs a digest with RSA or ECDSA; an ECDSA signature is returned in DER.
    ///
    /// # Errors
    /// When it cannot.
    fn sign_digest_unchecked(&self, algorithm: Algorithm, digest: &Digest) -> Result<Vec<u8>, SignError>;

    /// Signs a short message with Ed25519.
    ///
    /// # Errors
    /// When it cannot.
    fn sign_message_unchecked(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;

    /// The private key, when it is one in memory: Ed25519 over a file of any size needs it.
    fn private_key(&self) -> Option<&PrivateKey> {
        None
    }
}

/// A signature somebody else has made over what is about to be signed, in the place of a signer: so that it goes through the
/// same check and into the same formats. ECDSA is taken in DER, and as r and s in raw bytes.
#[derive(Debug)]
pub struct GivenSignature {
    key: PublicKey,
    signature: Vec<u8>,
    was_raw: Cell<bool>,
    refusal: RefCell<Option<VerifyFileError>>,
}

impl GivenSignature {
    /// The signature, and the key it is to verify with.
    #[must_use]
    pub fn new(key: PublicKey, signature: Vec<u8>) -> Self {
        Self { key, signature, was_raw: Cell::new(false), refusal: RefCell::new(None) }
    }

    /// Whether it was taken as r and s in raw bytes, and put into DER. That is to be said.
    #[must_use]
    pub fn was_raw(&self) -> bool {
        self.was_raw.get()
    }

    /// Why it is none of what was signed and this key, in more words than a [`SignError`] has.
    #[must_use]
    pub fn refusal(&self) -> Option<VerifyFileError> {
        self.refusal.take()
    }

    fn refuse(&self, error: VerifyFileError) -> SignError {
        let reason = error.to_string();
        self.refusal.replace(Some(error));
        SignError::Signer { reason }
    }
}

impl Signer for GivenSignature {
    fn public_key(&self) -> &PublicKey {
        &self.key
    }

    fn sign_digest_unchecked(&self, algorithm: Algorithm, digest: &Digest) -> Result<Vec<u8>, SignError> {
        let attached = detached::attach(&self.key, algorithm, digest, &self.signature);
        let attached = attached.map_err(|error| self.refuse(error))?;
        self.was_raw.set(attached.was_raw);
        Ok(attached.signature)
    }

    fn sign_message_unchecked(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.key.verify_message(message, &self.signature).map_err(|error| self.refuse(error.into()))?;
        Ok(self.signature.clone())
    }
}

/// Signs a digest, and returns the signature only when it verifies with the signer's public key.
///
/// # Errors
/// When the key does not sign with this algorithm, the digest is of another hash function, the signer fails, or what it
/// returned does not verify.
pub fn sign_digest(signer: &dyn Signer, algorithm: Algorithm, digest: &Digest) -> Result<Vec<u8>, SignError> {
    let key = signer.public_key();
    if !algorithm.takes(key.kind()) {
        return Err(SignError::Kind { algorithm, kind: key.kind() });
    }
    if algorithm.hash() != Some(digest.hash()) {
        return Err(SignError::Digest { algorithm, given: digest.hash() });
    }
    let signature = signer.sign_digest_unchecked(algorithm, digest)?;
    key.verify_digest(algorithm, digest, &signature).map_err(|source| SignError::Unsound { source })?;
    Ok(signature)
}

/// Signs a message that fits in memory with Ed25519, and returns the signature only when it verifies.
///
/// # Errors
/// As [`sign_digest`].
pub fn sign_message(signer: &dyn Signer, message: &[u8]) -> Result<[u8; 64], SignError> {
    let (algorithm, key) = (Algorithm::Ed25519, signer.public_key());
    if !algorithm.takes(key.kind()) {
        return Err(SignError::Kind { algorithm, kind: key.kind() });
    }
    let signature = signer.sign_message_unchecked(message)?;
    key.verify_message(message, &signature).map_err(|source| SignError::Unsound { source })?;
    signature.try_into().map_err(|signature: Vec<u8>| SignError::Length { length: signature.len() })
}
