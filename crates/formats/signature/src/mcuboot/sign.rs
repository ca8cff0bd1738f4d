//! Makes the unprotected area of an image.

use crate::error::SignError;
use crate::hash::{Digest, Hash};
use crate::key::{KeyKind, PublicKey};
use crate::mcuboot::verify::image_digest;
use crate::mcuboot::{
    Covered, Image, SignImageError, Tlv, VerifyImageError, algorithm, encoded, hashes, kind, signature_kind,
    verify, verify_signature,
};
use crate::signer::{Signer, sign_digest, sign_message};

/// `IMAGE_TLV_INFO_MAGIC`.
const AREA_MAGIC: u16 = 0x6907;

/// How the image names the key of a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyFormat {
    /// By its hash, `KEYHASH`: for bootloaders that hold the key.
    #[default]
    Hash,
    /// The key itself, `PUBKEY`: for bootloaders that hold its hash (`MCUBOOT_HW_KEY`).
    Full,
}

/// What is done with the signatures an image has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// An image that has one is refused.
    #[default]
    Refuse,
    /// They stay, and others are added.
    Append,
    /// They are dropped.
    Replace,
}

/// How an image is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How the key is named.
    pub key_format: KeyFormat,
    /// The hash function of the image, where it is not the usual one of the key.
    pub hash: Option<Hash>,
    /// What is done with signatures that are there.
    pub existing: Existing,
}

/// The hash function an image is signed with by this key: what is wanted, or the usual one.
///
/// # Errors
/// When the bootloader has no signature for the key, or does not combine the two.
pub fn hash_for(key: &PublicKey, wanted: Option<Hash>) -> Result<Hash, SignImageError> {
    let kind = key.kind();
    let (Some(_), [usual, ..]) = (signature_kind(key), hashes(key)) else {
        return Err(SignImageError::Key { kind });
    };
    match wanted {
        Some(hash) if !hashes(key).contains(&hash) => {
            Err(SignImageError::Hash { hash, kind, expected: *usual })
        }
        wanted => Ok(wanted.unwrap_or(*usual)),
    }
}

/// The unprotected area of an image that is signed: hash, and for each key its name and its signature.
///
/// `image` is the image as it is, with the TLVs it has; a raw binary that only got its header has none. TLVs that are
/// neither hash, key nor signature stay. With [`Existing::Append`] the signatures that name their key by its hash cannot
/// be verified here: verify the image before, with the keys that signed it.
///
/// # Errors
/// When the image is not sound, encrypted or signed already, a key does not do, or nothing is signed.
pub fn sign(image: &Image<'_>, signers: &[&dyn Signer], options: Options) -> Result<Vec<u8>, SignImageError> {
    sign_with(
        image,
        signers.len(),
        options,
        |index, hash| {
            let signer = signers.get(index).ok_or(SignImageError::NoKey)?;
            let key = signer.public_key();
            hash_for(key, Some(hash))?;
            let digest = image.covered.digest(hash).ok_or(SignImageError::NoKey)?;
            let signature = match key.kind() {
                KeyKind::Ed25519 => sign_message(*signer, digest.as_bytes())?.to_vec(),
                _ => sign_digest(*signer, algorithm(key), &digest)?,
            };
            encode_signature(key, &digest, &signature, options.key_format)
        },
        signers.first().map(|signer| signer.public_key()),
    )
}

/// As [`sign`], of one signature that was made elsewhere: RSA-PSS, ECDSA in DER or Ed25519, over the digest of
/// [`hash_for`]. It is verified first.
///
/// # Errors
/// As [`sign`], and when the signature does not verify.
pub fn sign_area(
    image: &Image<'_>,
    key: &PublicKey,
    signature: &[u8],
    options: Options,
) -> Result<Vec<u8>, SignImageError> {
    sign_with(
        image,
        1,
        options,
        |_, hash| {
            hash_for(key, Some(hash))?;
            let digest = image.covered.digest(hash).ok_or(SignImageError::NoKey)?;
            encode_signature(key, &digest, signature, options.key_format)
        },
        Some(key),
    )
}

fn sign_with(
    image: &Image<'_>,
    count: usize,
    options: Options,
    entries: impl Fn(usize, Hash) -> Result<Vec<u8>, SignImageError>,
    first: Option<&PublicKey>,
) -> Result<Vec<u8>, SignImageError> {
    let first = first.ok_or(SignImageError::NoKey)?;
    // A hash that is there has to be right; without one there is nothing it could be held to but the walk of the image.
    let stored = match image_digest(image) {
        Ok(digest) => Some(digest.hash()),
        Err(VerifyImageError::NoHash) if image.tlvs.is_empty() && !image.is_encrypted => None,
        Err(error) => return Err(SignImageError::Image(error)),
    };
    // The flag alone says it too, where the payload was left plain on purpose.
    let is_signed = image.tlvs.iter().any(|tlv| tlv.is_signature() || tlv.kind == kind::SIG_PURE);
    let (mut kept, hash) = match options.existing {
        Existing::Refuse if is_signed => return Err(SignImageError::Signed),
        Existing::Append if is_signed => {
            // What can be verified without the keys is; that nobody is trusted is no matter here.
            match verify(image, &[]) {
                Err(VerifyImageError::Untrusted { .. }) | Ok(_) => {}
                Err(error) => return Err(SignImageError::Image(error)),
            }
            let stored = stored.ok_or(SignImageError::Image(VerifyImageError::NoHash))?;
            (image.tlvs.clone(), hash_for(first, options.hash.or(Some(stored)))?)
        }
        Existing::Refuse | Existing::Append | Existing::Replace => {
            let hash = match options.hash {
                Some(hash) => hash_for(first, Some(hash))?,
                // An image that has no signature yet keeps its hash when the key goes with it.
                None => match stored.filter(|_| !is_signed) {
                    Some(stored) if hash_for(first, Some(stored)).is_ok() => stored,
                    _ => hash_for(first, None)?,
                },
            };
            (Vec::new(), hash)
        }
    };
    let digest = image.covered.digest(hash).ok_or(SignImageError::NoKey)?;
    let mut area = Vec::new();
    if kept.is_empty() {
        push(&mut area, hash_kind(hash), digest.as_bytes())?;
        kept = image
            .tlvs
            .iter()
            .filter(|tlv| !(tlv.hash().is_some() || is_of_signature(tlv)))
            .copied()
            .collect();
        for index in 0..count {
            area.extend(entries(index, hash)?);
        }
        for tlv in kept {
            push(&mut area, tlv.kind, tlv.data)?;
        }
    } else {
        if stored != Some(hash) {
            let (kind, expected) = (first.kind(), stored.unwrap_or(hash));
            return Err(SignImageError::Hash { hash, kind, expected });
        }
        // New signatures follow the last one that is there.
        let last = kept.iter().rposition(|tlv| is_of_signature(tlv)).map_or(kept.len(), |at| at + 1);
        for tlv in kept.iter().take(last) {
            push(&mut area, tlv.kind, tlv.data)?;
        }
        for index in 0..count {
            area.extend(entries(index, hash)?);
        }
        for tlv in kept.iter().skip(last) {
            push(&mut area, tlv.kind, tlv.data)?;
        }
    }
    let length = area.len() + 4;
    let short = u16::try_from(length).map_err(|_| SignImageError::TooLong { length })?;
    let made = [&AREA_MAGIC.to_le_bytes()[..], &short.to_le_bytes(), &area].concat();
    no_key_twice(&made)?;
    Ok(made)
}

/// The entries of one signature: the name of its key, and itself, once it has been verified.
///
/// # Errors
/// When the bootloader has no signature for the key, or it does not verify.
pub fn encode_signature(
    key: &PublicKey,
    digest: &Digest,
    signature: &[u8],
    format: KeyFormat,
) -> Result<Vec<u8>, SignImageError> {
    let kind = signature_kind(key).ok_or(SignImageError::Key { kind: key.kind() })?;
    verify_signature(key, digest, signature).map_err(|source| SignError::Unsound { source })?;
    let mut entries = Vec::new();
    match format {
        KeyFormat::Hash => {
            push(&mut entries, kind::KEYHASH, digest.hash().of(&encoded(key)).as_bytes())?;
        }
        KeyFormat::Full => push(&mut entries, kind::PUBKEY, &encoded(key))?,
    }
    push(&mut entries, kind, signature)?;
    Ok(entries)
}

fn no_key_twice(area: &[u8]) -> Result<(), SignImageError> {
    let mut names: Vec<&[u8]> = Vec::new();
    let mut rest = area.get(4..).unwrap_or_default();
    while let [k0, k1, l0, l1, after @ ..] = rest {
        let length = usize::from(u16::from_le_bytes([*l0, *l1]));
        let (data, next) = after.split_at_checked(length).unwrap_or((after, &[]));
        if matches!(u16::from_le_bytes([*k0, *k1]), kind::KEYHASH | kind::PUBKEY) {
            if names.contains(&data) {
                let key = data.iter().map(|byte| format!("{byte:02x}")).collect();
                return Err(SignImageError::SameKey { key });
            }
            names.push(data);
        }
        rest = next;
    }
    Ok(())
}

/// Whether a TLV names a key, is a signature, or says what signatures are over.
pub(super) fn is_of_signature(tlv: &Tlv<'_>) -> bool {
    tlv.is_signature() || matches!(tlv.kind, kind::KEYHASH | kind::PUBKEY | kind::SIG_PURE)
}

fn hash_kind(hash: Hash) -> u16 {
    match hash {
        Hash::Sha384 => kind::SHA384,
        Hash::Sha512 | Hash::Blake2b512 => kind::SHA512,
        Hash::Sha256 => kind::SHA256,
    }
}

fn push(area: &mut Vec<u8>, kind: u16, data: &[u8]) -> Result<(), SignImageError> {
    let length = u16::try_from(data.len()).map_err(|_| SignImageError::TooLong { length: data.len() })?;
    area.extend(kind.to_le_bytes());
    area.extend(length.to_le_bytes());
    area.extend(data);
    Ok(())
}

impl Covered {
    /// What an image of these digests is that has no TLVs yet.
    #[must_use]
    pub fn without_tlvs(self) -> Image<'static> {
        Image { tlvs: Vec::new(), covered: self, is_encrypted: false }
    }
}
