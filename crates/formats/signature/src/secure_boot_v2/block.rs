//! One signature block.

use lw_rsa_constants::{Constants, LENGTH as MODULUS};

use crate::error::{SignError, VerifyError};
use crate::hash::{Digest, Hash};
use crate::key::{KeyKind, PublicKey};
use crate::raw_ecdsa;
use crate::secure_boot_v2::{BLOCK_LENGTH, BlockProblem, Covered, KeyDigest, MakeError, Scheme};
use crate::signer::{Signer, sign_digest};

const MAGIC: u8 = 0xE7;
const VERSION_RSA: u8 = 2;
const VERSION_ECDSA: u8 = 3;
/// The CRC-32 is over the bytes before it; 16 bytes of zeros follow.
const CRC_AT: usize = 1196;

/// Where the fields of a scheme are.
struct Fields {
    version: u8,
    /// The code of the hash function; reserved in a block of RSA.
    hash: u8,
    /// The digest starts at 4.
    digest_end: usize,
    /// The key, which the key digest is over, ends where the signature starts.
    signature: usize,
    signature_end: usize,
    curve: Option<u8>,
}

impl Fields {
    fn of(scheme: Scheme) -> Self {
        match scheme {
            Scheme::Rsa3072 => Self {
                version: VERSION_RSA,
                hash: 0,
                digest_end: 36,
                signature: 812,
                signature_end: CRC_AT,
                curve: None,
            },
            Scheme::EcdsaP192 | Scheme::EcdsaP256 => Self {
                version: VERSION_ECDSA,
                hash: 0,
                digest_end: 36,
                signature: 101,
                signature_end: 165,
                curve: Some(if scheme == Scheme::EcdsaP192 { 1 } else { 2 }),
            },
            Scheme::EcdsaP384 => Self {
                version: VERSION_ECDSA,
                hash: 1,
                digest_end: 52,
                signature: 149,
                signature_end: 245,
                curve: Some(3),
            },
        }
    }
}

/// A signature block that has been taken apart. Whether it holds is what [`verify`](Self::verify) tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What it was made with.
    pub scheme: Scheme,
    /// The digest of its public key.
    pub key: KeyDigest,
    digest: Vec<u8>,
    /// `None` of a scheme that is not verified here.
    public: Option<PublicKey>,
    /// As [`PublicKey::verify_digest`] takes it; `None` where the numbers are none of the curve.
    signature: Option<Vec<u8>>,
}

impl Block {
    /// Takes a block apart, and holds everything that is in it to itself but the signature: CRC, version, curve, the key
    /// and the numbers beside it, and that the bytes without a meaning are as they are always written.
    ///
    /// # Errors
    /// Why it is not sound.
    pub fn parse(bytes: &[u8]) -> Result<Self, BlockProblem> {
        let bytes: &[u8; BLOCK_LENGTH] =
            bytes.try_into().map_err(|_| BlockProblem::Length { found: bytes.len() })?;
        let [magic, version, hash, ..] = *bytes;
        if magic != MAGIC {
            return Err(BlockProblem::Magic { found: magic });
        }
        let computed = crc32fast::hash(at(bytes, 0, CRC_AT));
        let stored = u32_at(bytes, CRC_AT);
        if stored != computed {
            return Err(BlockProblem::Crc { stored, computed });
        }
        let scheme = scheme(bytes, version, hash)?;
        let fields = Fields::of(scheme);
        let key = at(bytes, fields.digest_end, fields.signature);
        reserved(bytes, 3, 4)?;
        if scheme == Scheme::Rsa3072 {
            reserved(bytes, 2, 3)?;
        }
        if scheme == Scheme::EcdsaP192 {
            // The numbers of this curve leave room.
            reserved(bytes, 85, 101)?;
            reserved(bytes, 149, 165)?;
        }
        reserved(bytes, fields.signature_end, CRC_AT)?;
        reserved(bytes, CRC_AT + 4, BLOCK_LENGTH)?;
        Ok(Self {
            scheme,
            key: digest_of(key),
            digest: at(bytes, 4, fields.digest_end).to_vec(),
            public: public_key(scheme, key)?,
            signature: signature(scheme, at(bytes, fields.signature, fields.signature_end)),
        })
    }

    /// The public key in it; `None` of a scheme that is not verified here.
    #[must_use]
    pub fn public_key(&self) -> Option<&PublicKey> {
        self.public.as_ref()
    }

    /// Whether its digest is that of the bytes before the sector, and its signature one of the key in it. That says
    /// nothing about who owns the key.
    ///
    /// # Errors
    /// Why it does not hold. A block of [`Scheme::EcdsaP192`] is not verified, and only its digest is looked at: ask
    /// [`public_key`](Self::public_key) first.
    pub fn verify(&self, covered: &Covered) -> Result<(), BlockProblem> {
        let digest = covered.digest(self.scheme).ok_or(BlockProblem::NoDigest)?;
        if digest.as_bytes() != self.digest {
            return Err(BlockProblem::OtherImage);
        }
        let Some(key) = &self.public else { return Ok(()) };
        let signature = self.signature.as_ref().ok_or(BlockProblem::Forged(VerifyError::Mismatch))?;
        key.verify_digest(self.scheme.algorithm(), &digest, signature).map_err(BlockProblem::Forged)
    }
}

/// The digest a key signs, for a signature that is made elsewhere.
///
/// # Errors
/// When Secure Boot V2 has no block for the key, or the digest was not computed.
pub fn to_be_signed(key: &PublicKey, covered: &Covered) -> Result<(Scheme, Digest), MakeError> {
    let scheme = Scheme::of(key).ok_or(MakeError::Key { kind: key.kind() })?;
    Ok((scheme, covered.digest(scheme).ok_or(MakeError::NoDigest)?))
}

/// Signs the digest and makes the block.
///
/// # Errors
/// When the key or what signs with it does not do.
pub fn sign_block(signer: &dyn Signer, covered: &Covered) -> Result<[u8; BLOCK_LENGTH], MakeError> {
    let (scheme, digest) = to_be_signed(signer.public_key(), covered)?;
    let signature = sign_digest(signer, scheme.algorithm(), &digest)?;
    make_block(signer.public_key(), covered, &signature)
}

/// Makes the block of a signature that was made elsewhere, RSA-PSS or ECDSA in DER, and which is verified first.
///
/// # Errors
/// When Secure Boot V2 has no block for the key, or the signature does not verify.
pub fn make_block(
    key: &PublicKey,
    covered: &Covered,
    signature: &[u8],
) -> Result<[u8; BLOCK_LENGTH], MakeError> {
    let (scheme, digest) = to_be_signed(key, covered)?;
    key.verify_digest(scheme.algorithm(), &digest, signature)
        .map_err(|source| MakeError::Sign(SignError::Unsound { source }))?;
    let fields = Fields::of(scheme);
    let signature = match scheme {
        Scheme::Rsa3072 => reversed(signature),
        _ => raw_ecdsa::from_der(key.kind(), signature).map(|raw| halves(&raw)).unwrap_or_default(),
    };
    let mut block = vec![MAGIC, fields.version, fields.hash, 0];
    block.extend(digest.as_bytes());
    block.extend(encoded(key, scheme).ok_or(MakeError::Key { kind: key.kind() })?);
    block.extend(signature);
    block.resize(CRC_AT, 0);
    block.extend(crc32fast::hash(&block).to_le_bytes());
    block.resize(BLOCK_LENGTH, 0);
    let made: [u8; BLOCK_LENGTH] = block.try_into().map_err(|_| MakeError::Key { kind: key.kind() })?;
    // What a chip will read is what was verified.
    let read = Block::parse(&made).and_then(|block| block.verify(covered));
    read.map(|()| made).map_err(|_| MakeError::Sign(SignError::Unsound { source: VerifyError::Mismatch }))
}

/// The eFuse digest of a public key, as `espsecure digest-sbv2-public-key` computes it.
///
/// # Errors
/// When Secure Boot V2 has no block for the key.
pub fn key_digest(key: &PublicKey) -> Result<KeyDigest, MakeError> {
    let encoded = Scheme::of(key).and_then(|scheme| encoded(key, scheme));
    encoded.map(|encoded| digest_of(&encoded)).ok_or(MakeError::Key { kind: key.kind() })
}

fn digest_of(key: &[u8]) -> KeyDigest {
    let digest = Hash::Sha256.of(key);
    KeyDigest(digest.as_bytes().try_into().unwrap_or_default())
}

/// A key as the block holds it.
fn encoded(key: &PublicKey, scheme: Scheme) -> Option<Vec<u8>> {
    if let Some((modulus, exponent)) = key.rsa() {
        let modulus = reversed(modulus);
        let constants = Constants::of(&modulus)?;
        let mut e = reversed(exponent);
        e.resize(4, 0);
        return Some([&modulus[..], &e, &constants.r, &constants.m_prime.to_le_bytes()].concat());
    }
    let point = key.ec_point()?;
    let curve = Fields::of(scheme).curve?;
    Some([&[curve], &halves(point.get(1..)?)[..]].concat())
}

fn scheme(bytes: &[u8], version: u8, hash: u8) -> Result<Scheme, BlockProblem> {
    let curve = |at: usize| bytes.get(at).copied().unwrap_or_default();
    match (version, hash) {
        (VERSION_RSA, _) => Ok(Scheme::Rsa3072),
        (VERSION_ECDSA, 0) => match curve(36) {
            1 => Ok(Scheme::EcdsaP192),
            2 => Ok(Scheme::EcdsaP256),
            found => Err(BlockProblem::Curve { found, expected: "1 (P-192) or 2 (P-256) with SHA-256" }),
        },
        (VERSION_ECDSA, 1) => match curve(52) {
            3 => Ok(Scheme::EcdsaP384),
            found => Err(BlockProblem::Curve { found, expected: "3 (P-384) with SHA-384" }),
        },
        (VERSION_ECDSA, found) => Err(BlockProblem::Hash { found }),
        (found, _) => Err(BlockProblem::Version { found }),
    }
}

/// The public key of a block, from the bytes its digest is over.
fn public_key(scheme: Scheme, key: &[u8]) -> Result<Option<PublicKey>, BlockProblem> {
    let kind = match scheme {
        Scheme::Rsa3072 => {
            let (modulus, rest) = key.split_at_checked(MODULUS).unwrap_or((key, &[]));
            let constants = Constants::of(modulus).ok_or(BlockProblem::Constants)?;
            if rest.get(4..4 + MODULUS) != Some(&constants.r)
                || rest.get(4 + MODULUS..) != Some(&constants.m_prime.to_le_bytes())
            {
                return Err(BlockProblem::Constants);
            }
            let exponent = reversed(rest.get(..4).unwrap_or_default());
            return PublicKey::from_rsa(&reversed(modulus), &exponent).map(Some).map_err(BlockProblem::Key);
        }
        Scheme::EcdsaP192 => return Ok(None),
        Scheme::EcdsaP256 => KeyKind::EcdsaP256,
        Scheme::EcdsaP384 => KeyKind::EcdsaP384,
    };
    // 4 marks a point without compression.
    let point = [&[4], &halves(key.get(1..).unwrap_or_default())[..]].concat();
    PublicKey::from_ec_point(kind, &point).map(Some).map_err(BlockProblem::Key)
}

fn signature(scheme: Scheme, bytes: &[u8]) -> Option<Vec<u8>> {
    match scheme {
        Scheme::Rsa3072 => Some(reversed(bytes)),
        Scheme::EcdsaP192 => None,
        Scheme::EcdsaP256 => raw_ecdsa::to_der(KeyKind::EcdsaP256, &halves(bytes)),
        Scheme::EcdsaP384 => raw_ecdsa::to_der(KeyKind::EcdsaP384, &halves(bytes)),
    }
}

fn reserved(bytes: &[u8], from: usize, to: usize) -> Result<(), BlockProblem> {
    match at(bytes, from, to).iter().enumerate().find(|(_, byte)| **byte != 0) {
        Some((index, found)) => Err(BlockProblem::Reserved { offset: from + index, found: *found }),
        None => Ok(()),
    }
}

fn at(bytes: &[u8], from: usize, to: usize) -> &[u8] {
    bytes.get(from..to).unwrap_or_default()
}

fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    at(bytes, offset, offset + 4).try_into().map_or(0, u32::from_le_bytes)
}

/// From big-endian to little-endian, or back.
fn reversed(number: &[u8]) -> Vec<u8> {
    number.iter().rev().copied().collect()
}

/// Two numbers of the same length, each reversed.
fn halves(pair: &[u8]) -> Vec<u8> {
    let (first, second) = pair.split_at(pair.len() / 2);
    [reversed(first), reversed(second)].concat()
}
