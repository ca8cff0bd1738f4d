//! Public and private keys: what every file format of keys is read into.

use std::fmt;

use crypto_bigint::BoxedUint;
use der::asn1::{BitStringRef, ObjectIdentifier, OctetStringRef, UintRef};
use der::{AnyRef, Decode as _, Encode as _, SecretDocument};
use getrandom::SysRng;
use p256::ecdsa::signature::hazmat::{PrehashSigner as _, PrehashVerifier as _};
use pkcs1::EncodeRsaPrivateKey as _;
use pkcs8::{EncodePrivateKey as _, PrivateKeyInfoRef};
use rsa::{Pkcs1v15Sign, Pss};
use sha2::{Sha256, Sha512};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use zeroize::Zeroizing;

use crate::algorithm::Algorithm;
use crate::error::{KeyError, SignError, VerifyError};
use crate::hash::{Digest, Hash};
use crate::signer::Signer;

/// `rsaEncryption`, RFC 8017 appendix C.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// `id-ecPublicKey`, RFC 5480 2.1.1.
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// `secp256r1`, RFC 5480 2.1.1.1.
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// `secp384r1`, RFC 5480 2.1.1.1.
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// `id-Ed25519`, RFC 8410 3.
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The kind of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA.
    Rsa {
        /// Bits of the modulus.
        bits: usize,
    },
    /// ECDSA on NIST P-256.
    EcdsaP256,
    /// ECDSA on NIST P-384.
    EcdsaP384,
    /// Ed25519.
    Ed25519,
}

impl fmt::Display for KeyKind {
    /// `RSA-3072`, `ECDSA P-256`, `Ed25519`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA-{bits}"),
            Self::EcdsaP256 => f.write_str("ECDSA P-256"),
            Self::EcdsaP384 => f.write_str("ECDSA P-384"),
            Self::Ed25519 => f.write_str("Ed25519"),
        }
    }
}

/// A public key of a kind that is supported, checked: an RSA modulus of 2048 to 8192 bits, a point on its curve.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(Public);

#[derive(Clone, PartialEq, Eq)]
enum Public {
    /// Both numbers big-endian, without leading zeros.
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    Ed25519(ed25519_dalek::VerifyingKey),
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo` (RFC 5280, 4.1.2.7), which a PEM of `PUBLIC KEY` holds.
    ///
    /// # Errors
    /// When it is malformed, of another kind, or no key.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        let what = "the public key (SubjectPublicKeyInfo)";
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|error| malformed(what, error))?;
        let bits = info
            .subject_public_key
            .as_bytes()
            .ok_or_else(|| malformed(what, "the key is no whole number of bytes"))?;
        match info.algorithm.oid {
            RSA => Self::from_pkcs1_der(bits),
            EC => Self::from_ec_point(curve(what, info.algorithm.parameters)?, bits),
            ED25519 => Self::from_ed25519(bits),
            other => Err(unsupported(other)),
        }
    }

    /// Reads an `RSAPublicKey` (RFC 8017, A.1.1), which a PEM of `RSA PUBLIC KEY` holds.
    ///
    /// # Errors
    /// When it is malformed or no RSA key of 2048 to 8192 bits.
    pub fn from_pkcs1_der(der: &[u8]) -> Result<Self, KeyError> {
        let key = pkcs1::RsaPublicKeyRef::from_der(der)
            .map_err(|error| malformed("the RSA public key (PKCS#1)", error))?;
        Self::from_rsa(key.modulus.as_bytes(), key.public_exponent.as_bytes())
    }

    /// The RSA key of these two numbers, big-endian.
    ///
    /// # Errors
    /// When the modulus has fewer than 2048 or more than 8192 bits or is even, or the exponent is even, 1 or longer than
    /// 33 bits.
    pub fn from_rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let (modulus, exponent) = (without_zeros(modulus), without_zeros(exponent));
        let bits = bits(modulus);
        if !(2048..=8192).contains(&bits) {
            return Err(KeyError::Bits { bits });
        }
        let is_even = |number: &[u8]| number.last().is_none_or(|low| low % 2 == 0);
        let reason = if is_even(modulus) {
            "its modulus is even"
        } else if is_even(exponent) || exponent == [1] || self::bits(exponent) > 33 {
            "its public exponent is even, 1 or longer than 33 bits"
        } else {
            return Ok(Self(Public::Rsa { modulus: modulus.to_vec(), exponent: exponent.to_vec() }));
        };
        Err(KeyError::Invalid { kind: "RSA", reason: reason.into() })
    }

    /// The ECDSA key of a point in the encoding of SEC 1, 2.3.3, compressed or not.
    ///
    /// # Errors
    /// When it is no point of the curve, or `kind` is no curve.
    pub fn from_ec_point(kind: KeyKind, point: &[u8]) -> Result<Self, KeyError> {
        let invalid = |kind| KeyError::Invalid { kind, reason: "its bytes are no point of the curve".into() };
        match kind {
            KeyKind::EcdsaP256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(point)
                .map(|key| Self(Public::P256(key)))
                .map_err(|_| invalid("ECDSA P-256")),
            KeyKind::EcdsaP384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(point)
                .map(|key| Self(Public::P384(key)))
                .map_err(|_| invalid("ECDSA P-384")),
            KeyKind::Rsa { .. } | KeyKind::Ed25519 => Err(invalid("ECDSA")),
        }
    }

    /// The Ed25519 key of these 32 bytes (RFC 8032, 5.1.5).
    ///
    /// # Errors
    /// When it has another length, is no point of the curve, or is one of the few weak ones that verify anything.
    pub fn from_ed25519(bytes: &[u8]) -> Result<Self, KeyError> {
        let invalid = |reason: &str| KeyError::Invalid { kind: "Ed25519", reason: reason.into() };
        let bytes = bytes.try_into().map_err(|_| invalid("it has not 32 bytes"))?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes)
            .map_err(|_| invalid("its bytes are no point of the curve"))?;
        if key.is_weak() {
            return Err(invalid("it is of small order: signatures could be made without a private key"));
        }
        Ok(Self(Public::Ed25519(key)))
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        match &self.0 {
            Public::Rsa { modulus, .. } => KeyKind::Rsa { bits: bits(modulus) },
            Public::P256(_) => KeyKind::EcdsaP256,
            Public::P384(_) => KeyKind::EcdsaP384,
            Public::Ed25519(_) => KeyKind::Ed25519,
        }
    }

    /// Modulus and public exponent of an RSA key, big-endian and without leading zeros.
    #[must_use]
    pub fn rsa(&self) -> Option<(&[u8], &[u8])> {
        match &self.0 {
            Public::Rsa { modulus, exponent } => Some((modulus, exponent)),
            _ => None,
        }
    }

    /// The point of an ECDSA key without compression: 4, X and Y, both big-endian.
    #[must_use]
    pub fn ec_point(&self) -> Option<Vec<u8>> {
        match &self.0 {
            Public::P256(key) => Some(key.to_sec1_point(false).as_bytes().to_vec()),
            Public::P384(key) => Some(key.to_sec1_point(false).as_bytes().to_vec()),
            _ => None,
        }
    }

    /// The bytes of an Ed25519 key.
    #[must_use]
    pub fn ed25519(&self) -> Option<[u8; 32]> {
        match &self.0 {
            Public::Ed25519(key) => Some(key.to_bytes()),
            _ => None,
        }
    }

    /// The Ed25519 key itself, for verification of streams.
    pub(crate) fn as_ed25519(&self) -> Option<&ed25519_dalek::VerifyingKey> {
        match &self.0 {
            Public::Ed25519(key) => Some(key),
            _ => None,
        }
    }

    /// The `RSAPublicKey` of an RSA key.
    #[must_use]
    pub fn to_pkcs1_der(&self) -> Option<Vec<u8>> {
        let (modulus, exponent) = self.rsa()?;
        let key = pkcs1::RsaPublicKeyRef {
            modulus: UintRef::new(modulus).ok()?,
            public_exponent: UintRef::new(exponent).ok()?,
        };
        key.to_der().ok()
    }

    /// The `SubjectPublicKeyInfo`, as `openssl pkey -pubout -outform DER` writes it.
    #[must_use]
    pub fn to_spki_der(&self) -> Vec<u8> {
        let (algorithm, key) = match &self.0 {
            Public::Rsa { .. } => (rsa_identifier(), self.to_pkcs1_der()),
            Public::P256(_) => (ec_identifier(&P256), self.ec_point()),
            Public::P384(_) => (ec_identifier(&P384), self.ec_point()),
            Public::Ed25519(key) => (ed25519_identifier(), Some(key.to_bytes().to_vec())),
        };
        let key = key.unwrap_or_default();
        // The lengths are those of a key that was read: neither step can fail.
        let info = BitStringRef::from_bytes(&key).and_then(|subject_public_key| {
            SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der()
        });
        info.unwrap_or_default()
    }

    /// SHA-256 of the `SubjectPublicKeyInfo`: what names a key everywhere in the suite.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        Hash::Sha256.of(&self.to_spki_der())
    }

    /// Verifies a signature of RSA or ECDSA over a digest. ECDSA signatures are in strict DER; one with a high S is valid.
    ///
    /// # Errors
    /// Why it does not hold.
    pub fn verify_digest(
        &self,
        algorithm: Algorithm,
        digest: &Digest,
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        if !algorithm.takes(self.kind()) {
            return Err(VerifyError::Kind { algorithm, kind: self.kind() });
        }
        if algorithm.hash() != Some(digest.hash()) {
            return Err(VerifyError::Digest { algorithm, given: digest.hash() });
        }
        match &self.0 {
            Public::Rsa { modulus, .. } => {
                if signature.len() != modulus.len() {
                    let (found, expected) = (signature.len(), modulus.len());
                    return Err(VerifyError::Length { algorithm, found, expected });
                }
                let key = self.as_rsa().ok_or(VerifyError::Mismatch)?;
                let holds = |padding| holds(&key, padding, digest, signature);
                if algorithm == Algorithm::RsaPkcs1v15Sha512 {
                    return if holds(Padding::Pkcs1v15) { Ok(()) } else { Err(VerifyError::Mismatch) };
                }
                let is_pss = algorithm == Algorithm::RsaPssSha256;
                let pss = Padding::Pss { salt: SALT };
                let (wanted, other) =
                    if is_pss { (pss, Padding::Pkcs1v15) } else { (Padding::Pkcs1v15, pss) };
                if holds(wanted) {
                    return Ok(());
                }
                // RFC 8017, 9.1.1: beside the salt an encoded message holds a digest, 0x01 and 0xbc.
                let longest = (bits(modulus) - 1).div_ceil(8) - Hash::Sha256.length() - 2;
                let salted = || {
                    let salts = OTHER_SALTS.into_iter().chain([(longest, "the longest salt that fits")]);
                    let salt = salts.into_iter().find(|(salt, _)| holds(Padding::Pss { salt: *salt }));
                    salt.map(|(_, name)| format!("RSA-PSS with SHA-256 and {name} (32 bytes are asked for)"))
                };
                let found = if holds(other) {
                    let name = if is_pss { "RSA PKCS#1 v1.5 with SHA-256" } else { "RSA-PSS with SHA-256" };
                    Some(name.to_owned())
                } else {
                    salted()
                };
                Err(found
                    .map_or(VerifyError::Mismatch, |found| VerifyError::Other { found, expected: algorithm }))
            }
            Public::P256(key) => {
                let signature = p256::ecdsa::Signature::from_der(signature).map_err(not_der)?;
                key.verify_prehash(digest.as_bytes(), &signature).map_err(|_| VerifyError::Mismatch)
            }
            Public::P384(key) => {
                let signature = p384::ecdsa::Signature::from_der(signature).map_err(not_der)?;
                key.verify_prehash(digest.as_bytes(), &signature).map_err(|_| VerifyError::Mismatch)
            }
            Public::Ed25519(_) => Err(VerifyError::Kind { algorithm, kind: self.kind() }),
        }
    }

    /// The RSA key itself, of which the library asks no more than [`Self::from_rsa`] did.
    pub(crate) fn as_rsa(&self) -> Option<rsa::PublicKey> {
        let number =
            |bytes: &[u8]| BoxedUint::from_be_slice(bytes, u32::try_from(bytes.len() * 8).ok()?).ok();
        let (modulus, exponent) = self.rsa()?;
        rsa::PublicKey::new(number(modulus)?, number(exponent)?).ok()
    }

    /// Verifies an Ed25519 signature over a message in memory, strictly: no small orders, no second form of a number.
    ///
    /// # Errors
    /// Why it does not hold.
    pub fn verify_message(&self, message: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
        let algorithm = Algorithm::Ed25519;
        let Public::Ed25519(key) = &self.0 else {
            return Err(VerifyError::Kind { algorithm, kind: self.kind() });
        };
        let (found, expected) = (signature.len(), ed25519_dalek::SIGNATURE_LENGTH);
        let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| VerifyError::Length {
            algorithm,
            found,
            expected,
        })?;
        key.verify_strict(message, &signature).map_err(|_| VerifyError::Mismatch)
    }
}

/// How a digest is padded before it is signed with RSA.
#[derive(Clone, Copy)]
enum Padding {
    /// RSASSA-PKCS1-v1_5, with the digest's own hash function: SHA-256 or SHA-512.
    Pkcs1v15,
    /// RSASSA-PSS with SHA-256, twice, and as many bytes of salt.
    Pss { salt: usize },
}

/// Bytes of salt that are asked for: as many as a digest has.
const SALT: usize = 32;

/// The lengths of salt other programs use, to name a signature that was made with one: none, SHA-1's and longer digests'.
const OTHER_SALTS: [(usize, &str); 4] =
    [(0, "no salt"), (20, "a salt of 20 bytes"), (48, "a salt of 48 bytes"), (64, "a salt of 64 bytes")];

/// Whether this is the key's signature of the digest.
fn holds(key: &rsa::PublicKey, padding: Padding, digest: &Digest, signature: &[u8]) -> bool {
    let bytes = digest.as_bytes();
    let verified = match (padding, digest.hash()) {
        (Padding::Pss { salt }, Hash::Sha256) => {
            key.verify(Pss::<Sha256>::new_with_salt(salt), bytes, signature)
        }
        (Padding::Pkcs1v15, Hash::Sha256) => key.verify(Pkcs1v15Sign::new::<Sha256>(), bytes, signature),
        (Padding::Pkcs1v15, Hash::Sha512) => key.verify(Pkcs1v15Sign::new::<Sha512>(), bytes, signature),
        _ => return false,
    };
    verified.is_ok()
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {:?})", self.kind(), self.fingerprint())
    }
}

/// A private key and its public one. Its numbers are wiped when it is dropped, and `Debug` shows the public key alone.
pub struct PrivateKey {
    private: Private,
    public: PublicKey,
}

enum Private {
    Rsa(Box<rsa::PrivateKey>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

impl PrivateKey {
    /// Reads a `PrivateKeyInfo` (PKCS#8, RFC 5958), which a PEM of `PRIVATE KEY` holds.
    ///
    /// # Errors
    /// When it is malformed, of another kind, or its numbers do not belong together.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyError> {
        let what = "the private key (PKCS#8)";
        let info = PrivateKeyInfoRef::try_from(der).map_err(|error| malformed(what, error))?;
        let key = info.private_key.as_bytes();
        match info.algorithm.oid {
            RSA => Self::from_pkcs1_der(key),
            EC => Self::from_sec1(key, Some(curve(what, info.algorithm.parameters)?)),
            ED25519 => {
                let seed = <&OctetStringRef>::from_der(key).map_err(|error| malformed(what, error))?;
                let private = Self::from_ed25519_seed(seed.as_bytes())?;
                let public = info.public_key.map(|public| public.raw_bytes().to_vec());
                let own = private.public.ed25519();
                private.matches(public.as_deref(), own.as_ref().map(<[u8; 32]>::as_slice))
            }
            other => Err(unsupported(other)),
        }
    }

    /// Reads an `RSAPrivateKey` (RFC 8017, A.1.2), which a PEM of `RSA PRIVATE KEY` holds.
    ///
    /// # Errors
    /// When it is malformed or no RSA key of 2048 to 8192 bits.
    pub fn from_pkcs1_der(der: &[u8]) -> Result<Self, KeyError> {
        let read = pkcs1::RsaPrivateKeyRef::from_der(der)
            .map_err(|error| malformed("the RSA private key (PKCS#1)", error))?;
        // Says by name what the library only refuses.
        let public = PublicKey::from_rsa(read.modulus.as_bytes(), read.public_exponent.as_bytes())?;
        let invalid = |reason: &dyn fmt::Display| KeyError::Invalid {
            kind: "RSA",
            reason: format!("its numbers do not belong together ({reason})"),
        };
        let private = rsa::PrivateKey::try_from(read).map_err(|error| invalid(&error))?;
        // The library computes the exponents of the primes and the coefficient itself, whatever the file says.
        let own = private.to_pkcs1_der().map_err(|error| invalid(&error))?;
        if own.as_bytes() != der {
            return Err(invalid(&"an exponent of a prime, or the coefficient"));
        }
        Ok(Self { private: Private::Rsa(Box::new(private)), public })
    }

    /// Reads an `ECPrivateKey` (RFC 5915), which a PEM of `EC PRIVATE KEY` holds and which names its curve.
    ///
    /// # Errors
    /// When it is malformed, of another curve, or its public key is another one's.
    pub fn from_sec1_der(der: &[u8]) -> Result<Self, KeyError> {
        Self::from_sec1(der, None)
    }

    fn from_sec1(der: &[u8], curve: Option<KeyKind>) -> Result<Self, KeyError> {
        let what = "the EC private key (SEC 1)";
        let read = sec1::EcPrivateKey::from_der(der).map_err(|error| malformed(what, error))?;
        let named = read.parameters.and_then(sec1::EcParameters::named_curve).map(curve_of).transpose()?;
        let kind = match (curve, named) {
            (Some(outer), Some(inner)) if outer != inner => {
                return Err(malformed(
                    what,
                    format!("it names the curve {inner} inside and {outer} outside"),
                ));
            }
            (Some(kind), _) | (None, Some(kind)) => kind,
            (None, None) => return Err(malformed(what, "it does not name its curve")),
        };
        Self::from_scalar(kind, read.private_key)?.checked_point(read.public_key)
    }

    /// The ECDSA key of a private number, big-endian and of the curve's length.
    ///
    /// # Errors
    /// When it is 0, too large, of another length, or `kind` is no curve.
    pub fn from_scalar(kind: KeyKind, scalar: &[u8]) -> Result<Self, KeyError> {
        let invalid = |kind| KeyError::Invalid { kind, reason: "its number is not one of the curve".into() };
        let (private, public) = match kind {
            KeyKind::EcdsaP256 => {
                let key = p256::ecdsa::SigningKey::from_slice(scalar).map_err(|_| invalid("ECDSA P-256"))?;
                let public = Public::P256(*key.verifying_key());
                (Private::P256(key), public)
            }
            KeyKind::EcdsaP384 => {
                let key = p384::ecdsa::SigningKey::from_slice(scalar).map_err(|_| invalid("ECDSA P-384"))?;
                let public = Public::P384(*key.verifying_key());
                (Private::P384(key), public)
            }
            KeyKind::Rsa { .. } | KeyKind::Ed25519 => return Err(invalid("ECDSA")),
        };
        Ok(Self { private, public: PublicKey(public) })
    }

    /// Holds the key to the public key its file has, compressed or not.
    fn checked_point(self, point: Option<&[u8]>) -> Result<Self, KeyError> {
        let given = point.map(|point| PublicKey::from_ec_point(self.public.kind(), point)).transpose()?;
        let given = given.and_then(|key| key.ec_point());
        let own = self.public.ec_point();
        self.matches(given.as_deref(), own.as_deref())
    }

    fn matches(self, given: Option<&[u8]>, own: Option<&[u8]>) -> Result<Self, KeyError> {
        if given.is_some() && given != own {
            let kind = if self.public.kind() == KeyKind::Ed25519 { "Ed25519" } else { "ECDSA" };
            return Err(KeyError::Invalid {
                kind,
                reason: "the public key in the file belongs to another private key".into(),
            });
        }
        Ok(self)
    }

    /// The Ed25519 key of a seed of 32 bytes (RFC 8032, 5.1.5).
    ///
    /// # Errors
    /// When it has another length.
    pub fn from_ed25519_seed(seed: &[u8]) -> Result<Self, KeyError> {
        let seed: &[u8; 32] = seed.try_into().map_err(|_| KeyError::Invalid {
            kind: "Ed25519",
            reason: format!("its seed has {} bytes; expected 32", seed.len()),
        })?;
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let public = PublicKey(Public::Ed25519(key.verifying_key()));
        Ok(Self { private: Private::Ed25519(key), public })
    }

    /// Makes a new key with the random numbers of the operating system. RSA keys have 2048, 3072 or 4096 bits.
    ///
    /// # Errors
    /// When there are no random numbers, or the length is another.
    pub fn generate(kind: KeyKind) -> Result<Self, KeyError> {
        let failed = |error: &dyn fmt::Display| KeyError::Invalid {
            kind: "new",
            reason: format!("the operating system gives no random numbers ({error})"),
        };
        match kind {
            KeyKind::Rsa { bits } => {
                if ![2048, 3072, 4096].contains(&bits) {
                    return Err(KeyError::Bits { bits });
                }
                let private = rsa::PrivateKey::new(&mut SysRng, bits).map_err(|error| failed(&error))?;
                Self::from_pkcs1_der(private.to_pkcs1_der().map_err(|error| failed(&error))?.as_bytes())
            }
            KeyKind::Ed25519 => {
                let mut seed = Zeroizing::new([0; 32]);
                getrandom::fill(seed.as_mut()).map_err(|error| failed(&error))?;
                Self::from_ed25519_seed(seed.as_ref())
            }
            KeyKind::EcdsaP256 | KeyKind::EcdsaP384 => {
                let length = if kind == KeyKind::EcdsaP256 { 32 } else { 48 };
                let mut scalar = Zeroizing::new(vec![0; length]);
                loop {
                    getrandom::fill(&mut scalar).map_err(|error| failed(&error))?;
                    // All but a few of 2^32 numbers are of the curve.
                    if let Ok(key) = Self::from_scalar(kind, &scalar) {
                        return Ok(key);
                    }
                }
            }
        }
    }

    /// The `PrivateKeyInfo` (PKCS#8), as `openssl pkcs8 -topk8 -nocrypt` writes it. Wiped when it is dropped.
    ///
    /// # Errors
    /// When it cannot be written, which a key that was read does not do.
    pub fn to_pkcs8_der(&self) -> Result<SecretDocument, KeyError> {
        let failed = |reason: &dyn fmt::Display| KeyError::Invalid {
            kind: "private",
            reason: format!("it cannot be written ({reason})"),
        };
        let point = self.public.ec_point().unwrap_or_default();
        let sec1 = |scalar: &[u8]| {
            let key = sec1::EcPrivateKey { private_key: scalar, parameters: None, public_key: Some(&point) };
            let document = SecretDocument::encode_msg(&key).map_err(|error| failed(&error))?;
            Ok(document.to_bytes())
        };
        let (algorithm, key) = match &self.private {
            Private::Rsa(key) => return key.to_pkcs8_der().map_err(|error| failed(&error)),
            Private::P256(key) => (ec_identifier(&P256), sec1(&Zeroizing::new(key.to_bytes()))?),
            Private::P384(key) => (ec_identifier(&P384), sec1(&Zeroizing::new(key.to_bytes()))?),
            Private::Ed25519(key) => {
                // `CurvePrivateKey` (RFC 8410, 7): an octet string, which is no structure a document could hold.
                let seed = Zeroizing::new(key.to_bytes());
                let mut octets = Zeroizing::new(vec![0x04, 32]);
                octets.reserve_exact(seed.len());
                octets.extend(seed.iter());
                (ed25519_identifier(), octets)
            }
        };
        let octets = OctetStringRef::new(&key).map_err(|error| failed(&error))?;
        SecretDocument::encode_msg(&PrivateKeyInfoRef::new(algorithm, octets)).map_err(|error| failed(&error))
    }

    /// The Ed25519 key itself, for signatures in two passes.
    pub(crate) fn ed25519(&self) -> Option<&ed25519_dalek::SigningKey> {
        match &self.private {
            Private::Ed25519(key) => Some(key),
            _ => None,
        }
    }
}

impl Signer for PrivateKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign_digest_unchecked(&self, algorithm: Algorithm, digest: &Digest) -> Result<Vec<u8>, SignError> {
        let failed = |error: &dyn fmt::Display| SignError::Signer { reason: error.to_string() };
        match &self.private {
            // Both blind the key, and verify what they made.
            Private::Rsa(key) => match algorithm {
                Algorithm::RsaPssSha256 => key.sign(Pss::<Sha256>::new_with_salt(SALT), digest.as_bytes()),
                Algorithm::RsaPkcs1v15Sha512 => key.sign(Pkcs1v15Sign::new::<Sha512>(), digest.as_bytes()),
                _ => key.sign(Pkcs1v15Sign::new::<Sha256>(), digest.as_bytes()),
            }
            .map_err(|error| failed(&error)),
            Private::P256(key) => {
                let signature: p256::ecdsa::Signature =
                    key.sign_prehash(digest.as_bytes()).map_err(|error| failed(&error))?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Private::P384(key) => {
                let signature: p384::ecdsa::Signature =
                    key.sign_prehash(digest.as_bytes()).map_err(|error| failed(&error))?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Private::Ed25519(_) => Err(SignError::Kind { algorithm, kind: KeyKind::Ed25519 }),
        }
    }

    fn sign_message_unchecked(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        use ed25519_dalek::Signer as _;
        match &self.private {
            Private::Ed25519(key) => Ok(key.sign(message).to_bytes().to_vec()),
            _ => Err(SignError::Kind { algorithm: Algorithm::Ed25519, kind: self.public.kind() }),
        }
    }

    fn private_key(&self) -> Option<&PrivateKey> {
        Some(self)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("public", &self.public).finish_non_exhaustive()
    }
}

fn rsa_identifier() -> AlgorithmIdentifierRef<'static> {
    AlgorithmIdentifierRef { oid: RSA, parameters: Some(AnyRef::NULL) }
}

fn ec_identifier(curve: &'static ObjectIdentifier) -> AlgorithmIdentifierRef<'static> {
    AlgorithmIdentifierRef { oid: EC, parameters: Some(curve.into()) }
}

fn ed25519_identifier() -> AlgorithmIdentifierRef<'static> {
    AlgorithmIdentifierRef { oid: ED25519, parameters: None }
}

fn curve(what: &'static str, parameters: Option<AnyRef<'_>>) -> Result<KeyKind, KeyError> {
    let parameters = parameters.ok_or_else(|| malformed(what, "it does not name its curve"))?;
    curve_of(parameters.decode_as().map_err(|error| malformed(what, error))?)
}

fn curve_of(curve: ObjectIdentifier) -> Result<KeyKind, KeyError> {
    match curve {
        P256 => Ok(KeyKind::EcdsaP256),
        P384 => Ok(KeyKind::EcdsaP384),
        other => Err(unsupported(other)),
    }
}

/// Kinds of key that exist and are not supported, by name.
fn unsupported(oid: ObjectIdentifier) -> KeyError {
    let name = match oid.to_string().as_str() {
        "1.2.840.113549.1.1.10" => "RSA restricted to PSS".into(),
        "1.2.840.10040.4.1" => "DSA".into(),
        "1.2.840.10045.3.1.1" => "ECDSA P-192".into(),
        "1.3.132.0.33" => "ECDSA P-224".into(),
        "1.3.132.0.35" => "ECDSA P-521".into(),
        "1.3.132.0.10" => "ECDSA secp256k1".into(),
        "1.3.101.110" => "X25519".into(),
        "1.3.101.113" => "Ed448".into(),
        other => other.to_owned(),
    };
    KeyError::Unsupported { found: name }
}

fn malformed(what: &'static str, reason: impl fmt::Display) -> KeyError {
    KeyError::Malformed { what, reason: reason.to_string() }
}

fn not_der(error: impl fmt::Display) -> VerifyError {
    VerifyError::Der { reason: error.to_string() }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// Bits of a big-endian number without leading zeros.
fn bits(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}
