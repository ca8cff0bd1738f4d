//! The verdict on an image.

use std::fmt;
use std::io::{self, Read};

use crate::error::VerifyFileError;
use crate::hash::{Digest, Hash, Hasher};
use crate::key::{KeyKind, PublicKey};
use crate::mcuboot::sign::is_of_signature;
use crate::mcuboot::{Image, Tlv, VerifyImageError, encoded, hashes, kind, signature_kind, verify_signature};
use crate::stream::verify_ed25519;

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

/// Starts to read what the signatures of an image cover, header, payload and protected TLVs, from its first byte to its last.
pub type Reread<'a> = &'a mut dyn FnMut() -> io::Result<Box<dyn Read + 'a>>;

/// For how many signatures over the image itself it is read once more.
const MOST_PURE: usize = 8;

/// What the signatures of an image are over.
enum Signed<'a, 'b> {
    /// Its hash.
    Hash(Digest),
    /// Itself (`SIG_PURE`), as it is read again; and its hash, where it has one all the same, as imgtool writes it.
    Itself(&'a mut Reread<'b>, Option<Digest>),
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
/// Why the image does not pass. Something *forged* is another error than everything being right and *not trusted*. An image
/// that is signed itself, instead of its hash, takes [`verify_with`].
pub fn verify(image: &Image<'_>, trusted: &[PublicKey]) -> Result<Verified, VerifyImageError> {
    verdict(image, trusted, None)
}

/// As [`verify`], also of an image whose signatures are over itself (`SIG_PURE`, `imgtool sign --pure`): it is read once more
/// for each of them, and has to be what was walked.
///
/// # Errors
/// As [`verify`], and when it cannot be read again.
pub fn verify_with(
    image: &Image<'_>,
    trusted: &[PublicKey],
    mut reread: Reread<'_>,
) -> Result<Verified, VerifyImageError> {
    verdict(image, trusted, Some(&mut reread))
}

fn verdict(
    image: &Image<'_>,
    trusted: &[PublicKey],
    reread: Option<&mut Reread<'_>>,
) -> Result<Verified, VerifyImageError> {
    let mut marks = image.tlvs.iter().filter(|tlv| tlv.kind == kind::SIG_PURE);
    let mut signed = match (marks.next(), reread) {
        (None, _) => Signed::Hash(image_digest(image)?),
        (Some(_), None) => return Err(VerifyImageError::Pure),
        (Some(mark), Some(_)) if mark.data != [1] || marks.next().is_some() => {
            return Err(VerifyImageError::BadPure);
        }
        (Some(_), Some(reread)) => match image_digest(image) {
            Ok(digest) => Signed::Itself(reread, Some(digest)),
            Err(VerifyImageError::NoHash) if image.is_encrypted => return Err(VerifyImageError::Encrypted),
            // Bootloaders that verify the image itself need no hash. One whose type was changed is not taken for none.
            Err(VerifyImageError::NoHash) if image.tlvs.iter().all(|tlv| is_of_signature(tlv)) => {
                Signed::Itself(reread, None)
            }
            Err(error) => return Err(error),
        },
    };
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
                signatures.push(one(index, key, *tlv, image, &mut signed, trusted)?);
                continue;
            }
            other => {
                if tlv.hash().is_none() && other != kind::SIG_PURE {
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
    let digest = match signed {
        Signed::Hash(digest) | Signed::Itself(_, Some(digest)) => digest,
        Signed::Itself(_, None) => image.covered.digest(Hash::Sha512).ok_or(VerifyImageError::NoHash)?,
    };
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
    image: &Image<'_>,
    signed: &mut Signed<'_, '_>,
    trusted: &[PublicKey],
) -> Result<Signature, VerifyImageError> {
    let id = named.to_string();
    let mut holds = |key: &PublicKey| {
        if signature_kind(key) != Some(tlv.kind) {
            return Err(VerifyImageError::Kind { index, found: tlv.kind, key: key.kind() });
        }
        let held = match signed {
            Signed::Hash(digest) => {
                if !hashes(key).contains(&digest.hash()) {
                    return Err(VerifyImageError::Hash { index, hash: digest.hash(), key: key.kind() });
                }
                verify_signature(key, digest, tlv.data)
            }
            Signed::Itself(..) if key.kind() != KeyKind::Ed25519 => {
                return Err(VerifyImageError::PureKey { index, key: key.kind() });
            }
            Signed::Itself(..) if index >= MOST_PURE => {
                return Err(VerifyImageError::PureTooMany { most: MOST_PURE });
            }
            Signed::Itself(reread, _) => match verify_itself(key, reread, image, tlv.data) {
                Err(VerifyFileError::Read(error)) => {
                    return Err(VerifyImageError::Reread { reason: error.to_string() });
                }
                Err(VerifyFileError::Verify(error)) => Err(error),
                Err(other) => return Err(VerifyImageError::Reread { reason: other.to_string() }),
                Ok(()) => Ok(()),
            },
        };
        held.map_err(|source| VerifyImageError::Forged { index, key: id.clone(), source })
    };
    let hash = image.tlvs.iter().find_map(|tlv| tlv.hash());
    let is_named = |key: &PublicKey| match hash {
        Some(hash) => named.is(key, hash),
        None => [Hash::Sha256, Hash::Sha384, Hash::Sha512].iter().any(|hash| named.is(key, *hash)),
    };
    if let Some((signer, key)) = trusted.iter().enumerate().find(|(_, key)| is_named(key)) {
        holds(key)?;
        return Ok(Signature { key: named, signer: Ok(signer) });
    }
    // The bootloader would look for another key than the one that signed. An image that is signed itself would be read once
    // more for each key to find that out; it is not accepted either way.
    if !is_pure(image)
        && let Some(key) = trusted.iter().find(|key| holds(key).is_ok())
    {
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

/// Reads an image once more, and verifies a signature over it.
fn verify_itself(
    key: &PublicKey,
    reread: &mut Reread<'_>,
    image: &Image<'_>,
    signature: &[u8],
) -> Result<(), VerifyFileError> {
    let mut hasher = Hasher::new(Hash::Sha512);
    let held = verify_ed25519(key, reread()?, signature, |bytes| hasher.update(bytes));
    if let Err(VerifyFileError::Read(_)) = held {
        return held;
    }
    // What was walked is what is verified.
    if image.covered.digest(Hash::Sha512) != Some(hasher.finish()) {
        return Err(io::Error::other("it is not what it was before").into());
    }
    held
}

fn is_pure(image: &Image<'_>) -> bool {
    image.tlvs.iter().any(|tlv| tlv.kind == kind::SIG_PURE)
}
