//! The verdict on an image.

use std::fmt;

use crate::hash::{Digest, Hash};
use crate::key::PublicKey;
use crate::mcuboot::{Image, Tlv, VerifyImageError, encoded, hashes, kind, signature_kind, verify_signature};

/// How an image names the key of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// By its hash (`KEYHASH`).
    Hash(Vec<u8>),
    /// The key itself (`PUBKEY`); these are its bytes.
    Key(Vec<u8>),
}

impl Named {
    /// Whether that is this key.
    fn is(&self, key: &PublicKey, hash: Hash) -> bool {
        match self {
            Self::Hash(named) => hash.of(&encoded(key)).as_bytes() == named,
            Self::Key(named) => encoded(key) == *named,
        }
    }

    /// The key, where the image holds one that can be read.
    fn key(&self) -> Option<PublicKey> {
        match self {
            Self::Hash(_) => None,
            Self::Key(der) => PublicKey::from_spki_der(der).or_else(|_| PublicKey::from_pkcs1_der(der)).ok(),
        }
    }
}

impl fmt::Display for Named {
    /// The hash of the key in hexadecimal digits: SHA-256 of a key that is there itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hex = |bytes: &[u8]| bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"));
        match self {
            Self::Hash(hash) => hex(hash),
            Self::Key(key) => hex(Hash::Sha256.of(key).as_bytes()),
        }
    }
}

/// An image that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The image hash, computed.
    pub digest: Digest,
    /// The signatures, in file order; one at least is of a trusted key.
    pub signatures: Vec<Signature>,
    /// Types of the other unprotected TLVs: no signature covers them, and anybody can change them.
    pub unprotected: Vec<u16>,
}

/// A signature of an image that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The key, as the image names it.
    pub key: Named,
    /// Which of the trusted keys it is, or what is known of a foreign one.
    pub signer: Result<usize, Foreign>,
}

/// What is known of the signature of a foreign key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// It verifies with the key the image holds.
    Sound,
    /// The image holds the hash of the key only, so that nothing can be verified.
    Unknown,
}

/// The verdict: the image hash is that of the image, and there is a signature of a trusted key that the image names.
///
/// A foreign signature beside it does not matter to the bootloader, which has no key for it; it is in the answer.
///
/// # Errors
/// Why the image does not pass. Something *forged* is another error than everything being right and *not trusted*.
pub fn verify(image: &Image<'_>, trusted: &[PublicKey]) -> Result<Verified, VerifyImageError> {
    if image.tlvs.iter().any(|tlv| tlv.kind == kind::SIG_PURE) {
        return Err(VerifyImageError::Pure);
    }
    let digest = image_digest(image)?;
    let mut named: Option<Named> = None;
    let mut signatures = Vec::new();
    let mut unprotected = Vec::new();
    for tlv in &image.tlvs {
        let next = match tlv.kind {
            kind::KEYHASH => Named::Hash(tlv.data.to_vec()),
            kind::PUBKEY => Named::Key(tlv.data.to_vec()),
            _ if tlv.is_signature() => {
                let index = signatures.len();
                let key = named.take().ok_or(VerifyImageError::NoKey { index })?;
                signatures.push(one(index, key, *tlv, &digest, trusted)?);
                continue;
            }
            other => {
                if tlv.hash().is_none() {
                    unprotected.push(other);
                }
                continue;
            }
        };
        if let Some(unused) = named.replace(next) {
            return Err(VerifyImageError::NoSignature { key: unused.to_string() });
        }
    }
    if let Some(unused) = named {
        return Err(VerifyImageError::NoSignature { key: unused.to_string() });
    }
    if signatures.is_empty() {
        return Err(VerifyImageError::Unsigned);
    }
    if !signatures.iter().any(|signature| signature.signer.is_ok()) {
        let found = signatures.iter().map(|signature| signature.key.to_string()).collect();
        return Err(VerifyImageError::Untrusted { found });
    }
    Ok(Verified { digest, signatures, unprotected })
}

/// The image hash, when there is exactly one and it is that of the image.
pub(super) fn image_digest(image: &Image<'_>) -> Result<Digest, VerifyImageError> {
    let mut stored = image.tlvs.iter().filter_map(|tlv| Some((tlv.hash()?, tlv.data)));
    let (hash, stored) = match (stored.next(), stored.next()) {
        (None, _) => return Err(VerifyImageError::NoHash),
        (Some(_), Some(_)) => return Err(VerifyImageError::SeveralHashes),
        (Some(one), None) => one,
    };
    let computed = image.covered.digest(hash).ok_or(VerifyImageError::NoHash)?;
    match (computed.as_bytes() == stored, image.is_encrypted) {
        (true, _) => Ok(computed),
        (false, true) => Err(VerifyImageError::Encrypted),
        (false, false) => Err(VerifyImageError::Changed { hash }),
    }
}

/// One signature and the key the image names for it.
fn one(
    index: usize,
    named: Named,
    tlv: Tlv<'_>,
    digest: &Digest,
    trusted: &[PublicKey],
) -> Result<Signature, VerifyImageError> {
    let holds = |key: &PublicKey| {
        if signature_kind(key) != Some(tlv.kind) {
            return Err(VerifyImageError::Kind { index, found: tlv.kind, key: key.kind() });
        }
        if !hashes(key).contains(&digest.hash()) {
            return Err(VerifyImageError::Hash { index, hash: digest.hash(), key: key.kind() });
        }
        verify_signature(key, digest, tlv.data).map_err(|source| VerifyImageError::Forged {
            index,
            key: named.to_string(),
            source,
        })
    };
    if let Some((signer, key)) = trusted.iter().enumerate().find(|(_, key)| named.is(key, digest.hash())) {
        holds(key)?;
        return Ok(Signature { key: named, signer: Ok(signer) });
    }
    // The bootloader would look for another key than the one that signed.
    if let Some(key) = trusted.iter().find(|key| holds(key).is_ok()) {
        return Err(VerifyImageError::Misnamed { index, named: named.to_string(), key: key.fingerprint() });
    }
    let foreign = match (&named, named.key()) {
        (Named::Hash(_), _) => Foreign::Unknown,
        (Named::Key(_), Some(key)) => {
            holds(&key)?;
            Foreign::Sound
        }
        (Named::Key(_), None) => return Err(VerifyImageError::BadKey { index }),
    };
    Ok(Signature { key: named, signer: Err(foreign) })
}
