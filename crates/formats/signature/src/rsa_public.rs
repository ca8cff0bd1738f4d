//! What stands inside an RSA signature: only to say what is wrong with one that was refused already.

use crypto_bigint::BoxedUint;
use rsa::hazmat::rsa_encrypt;
use rsa::traits::PublicKeyParts;

use crate::hash::{Digest, Hash};
use crate::key::PublicKey;

/// The `DigestInfo` before a digest (RFC 8017, 9.2, note 1), by hash function. SHA-1 is there to be named.
const DIGEST_INFOS: [(&[u8], usize, &str); 5] = [
    (
        &[0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14],
        20,
        "SHA-1",
    ),
    (&digest_info(1, 32), 32, "SHA-256"),
    (&digest_info(2, 48), 48, "SHA-384"),
    (&digest_info(3, 64), 64, "SHA-512"),
    (&digest_info(4, 28), 28, "SHA-224"),
];

/// A digest in its `DigestInfo`; of BLAKE2b there is none.
pub(crate) fn framed(digest: &Digest) -> Option<Vec<u8>> {
    let frame = match digest.hash() {
        Hash::Sha256 => digest_info(1, 32),
        Hash::Sha384 => digest_info(2, 48),
        Hash::Sha512 => digest_info(3, 64),
        Hash::Blake2b512 => return None,
    };
    Some([&frame[..], digest.as_bytes()].concat())
}

/// That of SHA-2: the object identifiers differ in their last byte.
const fn digest_info(hash: u8, length: u8) -> [u8; 19] {
    [
        0x30,
        0x11 + length,
        0x30,
        0x0d,
        0x06,
        0x09,
        0x60,
        0x86,
        0x48,
        0x01,
        0x65,
        0x03,
        0x04,
        0x02,
        hash,
        0x05,
        0x00,
        0x04,
        length,
    ]
}

/// What a signature of PKCS#1 v1.5 holds after its padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// A digest, and the name of its hash function.
    Digest(&'static str, Vec<u8>),
    /// Bytes that say nothing about themselves.
    Bare(Vec<u8>),
}

impl Content {
    /// The hash function this is the bare digest of.
    pub(crate) fn bare_hash_of(&self, digest: &Digest) -> Option<Hash> {
        match self {
            Self::Bare(bytes) if bytes == digest.as_bytes() => Some(digest.hash()),
            _ => None,
        }
    }
}

/// Takes a signature apart with the public key. `None` when it is none of this key in PKCS#1 v1.5.
pub(crate) fn content(key: &PublicKey, signature: &[u8]) -> Option<Content> {
    let encoded = public_operation(key, signature)?;
    // RFC 8017, 9.2: 0, 1, at least eight times 0xFF, 0, then what is signed.
    let rest = encoded.strip_prefix(&[0, 1])?;
    let padding = rest.iter().take_while(|byte| **byte == 0xff).count();
    let content = rest.get(padding..)?.strip_prefix(&[0])?;
    if padding < 8 {
        return None;
    }
    let digest = DIGEST_INFOS.iter().find_map(|(info, length, name)| {
        let digest = content.strip_prefix(*info)?;
        (digest.len() == *length).then(|| Content::Digest(name, digest.to_vec()))
    });
    Some(digest.unwrap_or_else(|| Content::Bare(content.to_vec())))
}

/// RSAVP1 (RFC 8017, 5.2.2), with as many bytes as the modulus. Nothing here is secret.
fn public_operation(key: &PublicKey, signature: &[u8]) -> Option<Vec<u8>> {
    let (modulus, _) = key.rsa()?;
    let key = key.as_rsa()?;
    let n = key.n().as_ref();
    let number = BoxedUint::from_be_slice(signature, n.bits_precision()).ok().filter(|number| number < n)?;
    let bytes = rsa_encrypt(&key, &number).ok()?.to_be_bytes();
    bytes.get(bytes.len().checked_sub(modulus.len())?..).map(<[u8]>::to_vec)
}
