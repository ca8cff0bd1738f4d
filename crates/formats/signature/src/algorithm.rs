//! What is computed with a key.

use std::fmt;

use crate::hash::Hash;
use crate::key::KeyKind;

/// How a signature is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2); the signature has as many bytes as the modulus.
    RsaPkcs1v15Sha256,
    /// RSASSA-PKCS1-v1_5 with SHA-512: `rsa-sha2-512` of SSH (RFC 8332, 3).
    RsaPkcs1v15Sha512,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of exactly 32 bytes (RFC 8017, 8.1).
    RsaPssSha256,
    /// ECDSA with SHA-256, in DER (RFC 3279, 2.2.3).
    EcdsaSha256,
    /// ECDSA with SHA-384, in DER.
    EcdsaSha384,
    /// Ed25519 over the message itself (RFC 8032, 5.1), 64 bytes.
    Ed25519,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::RsaPkcs1v15Sha256,
        Self::RsaPkcs1v15Sha512,
        Self::RsaPssSha256,
        Self::EcdsaSha256,
        Self::EcdsaSha384,
        Self::Ed25519,
    ];

    /// `rsa-pss-sha256`, as `--scheme` takes it and files name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RsaPkcs1v15Sha256 => "rsa-pkcs1v15-sha256",
            Self::RsaPkcs1v15Sha512 => "rsa-pkcs1v15-sha512",
            Self::RsaPssSha256 => "rsa-pss-sha256",
            Self::EcdsaSha256 => "ecdsa-sha256",
            Self::EcdsaSha384 => "ecdsa-sha384",
            Self::Ed25519 => "ed25519",
        }
    }

    /// The one with this [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// What is hashed before it is signed; Ed25519 takes the message itself.
    #[must_use]
    pub fn hash(self) -> Option<Hash> {
        match self {
            Self::RsaPkcs1v15Sha256 | Self::RsaPssSha256 | Self::EcdsaSha256 => Some(Hash::Sha256),
            Self::EcdsaSha384 => Some(Hash::Sha384),
            Self::RsaPkcs1v15Sha512 => Some(Hash::Sha512),
            Self::Ed25519 => None,
        }
    }

    /// Whether a key of this kind can sign so.
    #[must_use]
    pub fn takes(self, kind: KeyKind) -> bool {
        match self {
            Self::RsaPkcs1v15Sha256 | Self::RsaPkcs1v15Sha512 | Self::RsaPssSha256 => {
                matches!(kind, KeyKind::Rsa { .. })
            }
            Self::EcdsaSha256 | Self::EcdsaSha384 => matches!(kind, KeyKind::EcdsaP256 | KeyKind::EcdsaP384),
            Self::Ed25519 => kind == KeyKind::Ed25519,
        }
    }

    /// What a key of this kind signs with when nothing else is said: what `openssl dgst -sha256 -sign` does with RSA and
    /// P-256, and the hash of its own size with P-384.
    #[must_use]
    pub fn of(kind: KeyKind) -> Self {
        match kind {
            KeyKind::Rsa { .. } => Self::RsaPkcs1v15Sha256,
            KeyKind::EcdsaP256 => Self::EcdsaSha256,
            KeyKind::EcdsaP384 => Self::EcdsaSha384,
            KeyKind::Ed25519 => Self::Ed25519,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
