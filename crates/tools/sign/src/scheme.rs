//! The schemes of signatures, and which one follows from key and file.

use lw_signature::{Algorithm, KeyKind};

/// How a file is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scheme {
    /// RSA PKCS#1 v1.5 with SHA-256, as `openssl dgst -sha256 -sign` makes it: the default of an RSA key
    #[value(name = "rsa-pkcs1v15-sha256")]
    RsaPkcs1v15Sha256,
    /// RSA-PSS with SHA-256 and a salt of 32 bytes
    #[value(name = "rsa-pss-sha256")]
    RsaPssSha256,
    /// ECDSA with SHA-256, in DER: the default of a P-256 key
    #[value(name = "ecdsa-sha256")]
    EcdsaSha256,
    /// ECDSA with SHA-384, in DER: the default of a P-384 key
    #[value(name = "ecdsa-sha384")]
    EcdsaSha384,
    /// Ed25519 over the file itself, 64 bytes: the default of an Ed25519 key
    Ed25519,
    /// A file for `minisign -V`: the default of a minisign key
    Minisign,
    /// A file for `signify -V`: the default of a signify key
    Signify,
    /// A file for `ssh-keygen -Y verify`: the default of an OpenSSH key
    Sshsig,
    /// ESP32 Secure Boot V1: 68 bytes after the image
    #[value(name = "secure-boot-v1")]
    SecureBootV1,
    /// ESP32 Secure Boot V2: a sector of signature blocks after the image
    #[value(name = "secure-boot-v2")]
    SecureBootV2,
    /// MCUboot: TLVs after the image
    Mcuboot,
    /// A package of ota-package: signed inside, over its manifest, which holds the digest of everything else
    #[value(name = "lw-package")]
    LwPackage,
}

impl Scheme {
    /// Its name, as `--scheme` takes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::RsaPkcs1v15Sha256 => "rsa-pkcs1v15-sha256",
            Self::RsaPssSha256 => "rsa-pss-sha256",
            Self::EcdsaSha256 => "ecdsa-sha256",
            Self::EcdsaSha384 => "ecdsa-sha384",
            Self::Ed25519 => "ed25519",
            Self::Minisign => "minisign",
            Self::Signify => "signify",
            Self::Sshsig => "sshsig",
            Self::SecureBootV1 => "secure-boot-v1",
            Self::SecureBootV2 => "secure-boot-v2",
            Self::Mcuboot => "mcuboot",
            Self::LwPackage => "lw-package",
        }
    }

    /// Whether the signature lies inside the file it is for, so that there is no second file.
    pub(crate) fn is_embedded(self) -> bool {
        matches!(self, Self::SecureBootV1 | Self::SecureBootV2 | Self::Mcuboot | Self::LwPackage)
    }

    /// Why the SHA-256 of a file is not enough to sign it; `None` where it is all that is signed.
    pub(crate) fn needs_file(self) -> Option<&'static str> {
        Some(match self {
            Self::RsaPkcs1v15Sha256 | Self::RsaPssSha256 | Self::EcdsaSha256 | Self::Sshsig => return None,
            Self::EcdsaSha384 => "it signs the SHA-384 of the file",
            Self::Ed25519 => "it signs the file itself",
            Self::Minisign => "it signs the BLAKE2b digest of the file, or the file itself",
            Self::Signify => "it signs the file itself",
            Self::SecureBootV1 | Self::SecureBootV2 | Self::Mcuboot | Self::LwPackage => {
                "its signature lies inside the file"
            }
        })
    }

    /// What a detached signature file is called by default: what is added to the name of the input.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Minisign => ".minisig",
            _ => ".sig",
        }
    }

    /// The algorithm of a raw signature; `None` for the formats that wrap one.
    pub(crate) fn algorithm(self) -> Option<Algorithm> {
        Some(match self {
            Self::RsaPkcs1v15Sha256 => Algorithm::RsaPkcs1v15Sha256,
            Self::RsaPssSha256 => Algorithm::RsaPssSha256,
            Self::EcdsaSha256 => Algorithm::EcdsaSha256,
            Self::EcdsaSha384 => Algorithm::EcdsaSha384,
            Self::Ed25519 => Algorithm::Ed25519,
            _ => return None,
        })
    }

    /// The scheme a key of this kind makes raw signatures with.
    pub(crate) fn of_key(kind: KeyKind) -> Self {
        match kind {
            KeyKind::Rsa { .. } => Self::RsaPkcs1v15Sha256,
            KeyKind::EcdsaP256 => Self::EcdsaSha256,
            KeyKind::EcdsaP384 => Self::EcdsaSha384,
            KeyKind::Ed25519 => Self::Ed25519,
        }
    }
}
