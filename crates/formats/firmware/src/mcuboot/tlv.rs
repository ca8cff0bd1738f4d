//! The entries of the TLV areas.
//!
//! Types: MCUboot `boot/bootutil/include/bootutil/image.h`. (`docs/design.md` gives the UUIDs the numbers 0x80
//! and 0x81; the header file and imgtool, which the bootloader is built from, have 0x74 and 0x75.)

use std::fmt;

use sha2::{Digest as _, Sha384, Sha512};

use crate::bytes::{array_at, u16_at, u32_at};
use crate::mcuboot::Version;
use crate::mcuboot::error::{Area, Error};

/// Length of a TLV's type and length.
pub(super) const TLV_HEADER: usize = 4;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tlv {
    /// Its type.
    pub kind: TlvKind,
    /// Where its value is in the file.
    pub offset: u64,
    /// Its value.
    pub data: Vec<u8>,
}

/// `it_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TlvKind(pub u16);

#[allow(missing_docs, reason = "the names are those of image.h")]
impl TlvKind {
    pub const KEYHASH: Self = Self(0x01);
    pub const PUBKEY: Self = Self(0x02);
    pub const SHA256: Self = Self(0x10);
    pub const SHA384: Self = Self(0x11);
    pub const SHA512: Self = Self(0x12);
    pub const RSA2048_PSS: Self = Self(0x20);
    pub const ECDSA224: Self = Self(0x21);
    pub const ECDSA_SIG: Self = Self(0x22);
    pub const RSA3072_PSS: Self = Self(0x23);
    pub const ED25519: Self = Self(0x24);
    pub const SIG_PURE: Self = Self(0x25);
    pub const ENC_RSA2048: Self = Self(0x30);
    pub const ENC_KW: Self = Self(0x31);
    pub const ENC_EC256: Self = Self(0x32);
    pub const ENC_X25519: Self = Self(0x33);
    pub const ENC_X25519_SHA512: Self = Self(0x34);
    pub const DEPENDENCY: Self = Self(0x40);
    pub const SEC_CNT: Self = Self(0x50);
    pub const BOOT_RECORD: Self = Self(0x60);
    pub const DECOMP_SIZE: Self = Self(0x70);
    pub const DECOMP_SHA: Self = Self(0x71);
    pub const DECOMP_SIGNATURE: Self = Self(0x72);
    pub const COMP_DEC_SIZE: Self = Self(0x73);
    pub const UUID_VID: Self = Self(0x74);
    pub const UUID_CID: Self = Self(0x75);
}

impl TlvKind {
    const NAMES: [(Self, &'static str); 25] = [
        (Self::KEYHASH, "KEYHASH"),
        (Self::PUBKEY, "PUBKEY"),
        (Self::SHA256, "SHA256"),
        (Self::SHA384, "SHA384"),
        (Self::SHA512, "SHA512"),
        (Self::RSA2048_PSS, "RSA2048_PSS"),
        (Self::ECDSA224, "ECDSA224"),
        (Self::ECDSA_SIG, "ECDSA_SIG"),
        (Self::RSA3072_PSS, "RSA3072_PSS"),
        (Self::ED25519, "ED25519"),
        (Self::SIG_PURE, "SIG_PURE"),
        (Self::ENC_RSA2048, "ENC_RSA2048"),
        (Self::ENC_KW, "ENC_KW"),
        (Self::ENC_EC256, "ENC_EC256"),
        (Self::ENC_X25519, "ENC_X25519"),
        (Self::ENC_X25519_SHA512, "ENC_X25519_SHA512"),
        (Self::DEPENDENCY, "DEPENDENCY"),
        (Self::SEC_CNT, "SEC_CNT"),
        (Self::BOOT_RECORD, "BOOT_RECORD"),
        (Self::DECOMP_SIZE, "DECOMP_SIZE"),
        (Self::DECOMP_SHA, "DECOMP_SHA"),
        (Self::DECOMP_SIGNATURE, "DECOMP_SIGNATURE"),
        (Self::COMP_DEC_SIZE, "COMP_DEC_SIZE"),
        (Self::UUID_VID, "UUID_VID"),
        (Self::UUID_CID, "UUID_CID"),
    ];

    /// The name in image.h without `IMAGE_TLV_`.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Self::NAMES.iter().find(|(kind, _)| *kind == self).map(|(_, name)| *name)
    }

    /// Whether the type is set aside for vendors: `xxA0` to `xxFF`.
    #[must_use]
    pub fn is_vendor(self) -> bool {
        self.0 & 0xFF >= 0xA0
    }

    /// Whether the value is a signature.
    #[must_use]
    pub fn is_signature(self) -> bool {
        matches!(
            self,
            Self::RSA2048_PSS | Self::ECDSA224 | Self::ECDSA_SIG | Self::RSA3072_PSS | Self::ED25519
        )
    }

    /// Whether the value is the key of an encrypted payload, itself encrypted.
    pub(super) fn is_wrapped_key(self) -> bool {
        matches!(self.0, 0x30..=0x34)
    }

    /// Length of the encrypted key of an AES-128 and of an AES-256 payload.
    ///
    /// `enc_key_public.h` (`TLV_ENC_*_SZ`, `BOOT_ENC_TLV_SIZE`): the public key (65 bytes on P-256, 32 on X25519), a tag
    /// of 32 bytes, or of 64 with SHA-512, and the key itself; RFC 3394 adds 8 bytes, and RSA-OAEP gives as many as the
    /// modulus has. `boot_enc_load` refuses any other length.
    pub(super) fn wrapped_key_lengths(self) -> Option<[(usize, &'static str); 2]> {
        Some(match self {
            Self::ENC_RSA2048 => [(256, "256"), (256, "256")],
            Self::ENC_KW => [(24, "24 for ENCRYPTED_AES128"), (40, "40 for ENCRYPTED_AES256")],
            Self::ENC_EC256 => [(113, "113 for ENCRYPTED_AES128"), (129, "129 for ENCRYPTED_AES256")],
            Self::ENC_X25519 => [(80, "80 for ENCRYPTED_AES128"), (96, "96 for ENCRYPTED_AES256")],
            Self::ENC_X25519_SHA512 => [(112, "112 for ENCRYPTED_AES128"), (128, "128 for ENCRYPTED_AES256")],
            _ => return None,
        })
    }

    /// `allowed_unprot_tlvs` of `image_validate.c`.
    pub(super) fn may_be_unprotected(self) -> bool {
        matches!(self.0, 0x01 | 0x02 | 0x10..=0x12 | 0x20..=0x25 | 0x30..=0x34)
    }

    /// The lengths `bootutil_img_validate`, `bootutil_get_img_security_cnt` and
    /// `boot_verify_slot_dependency` accept.
    fn lengths(self) -> Option<(&'static [usize], &'static str)> {
        Some(match self {
            Self::UUID_VID | Self::UUID_CID => (&[16], "16"),
            Self::SHA256 => (&[32], "32"),
            Self::SHA384 => (&[48], "48"),
            Self::SHA512 | Self::ED25519 => (&[64], "64"),
            Self::KEYHASH => (&[32, 48, 64], "32, 48 or 64"),
            Self::RSA2048_PSS => (&[256], "256"),
            Self::RSA3072_PSS => (&[384], "384"),
            Self::SIG_PURE => (&[1], "1"),
            Self::DEPENDENCY => (&[12], "12"),
            Self::SEC_CNT | Self::DECOMP_SIZE | Self::COMP_DEC_SIZE => (&[4], "4"),
            Self::ENC_RSA2048 => (&[256], "256"),
            Self::ENC_KW => (&[24, 40], "24 or 40"),
            Self::ENC_EC256 => (&[113, 129], "113 or 129"),
            Self::ENC_X25519 => (&[80, 96], "80 or 96"),
            Self::ENC_X25519_SHA512 => (&[112, 128], "112 or 128"),
            _ => return None,
        })
    }
}

impl fmt::Display for TlvKind {
    /// `SHA256 (0x10)`, or `0xa0` for an unknown one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({:#x})", self.0),
            None => write!(f, "{:#x}", self.0),
        }
    }
}

/// How an image hash is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    /// `SHA-256`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    pub(super) fn of(kind: TlvKind) -> Option<Self> {
        match kind {
            TlvKind::SHA256 => Some(Self::Sha256),
            TlvKind::SHA384 => Some(Self::Sha384),
            TlvKind::SHA512 => Some(Self::Sha512),
            _ => None,
        }
    }
}

/// Another image, and the version it needs to have at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// Number of the image, from 0.
    pub image: u8,
    /// Lowest version that will do.
    pub minimum: Version,
}

impl Tlv {
    /// The entries of an area whose header ends at `offset`.
    pub(super) fn read_all(bytes: &[u8], offset: u64, area: Area) -> Result<Vec<Self>, Error> {
        let (mut tlvs, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let (start, available) = (offset + at as u64, (bytes.len() - at) as u64);
            let overrun =
                |needed: usize| Error::TlvOverrun { area, offset: start, needed: needed as u64, available };
            let (Some(kind), Some(length)) = (u16_at(bytes, at), u16_at(bytes, at + 2)) else {
                return Err(overrun(TLV_HEADER));
            };
            let (from, length) = (at + TLV_HEADER, usize::from(length));
            let data = bytes.get(from..from + length).ok_or_else(|| overrun(TLV_HEADER + length))?;
            tlvs.push(Self { kind: TlvKind(kind), offset: offset + from as u64, data: data.to_vec() });
            at = from + length;
        }
        Ok(tlvs)
    }

    pub(super) fn check_length(&self) -> Result<(), Error> {
        // A SEQUENCE of two INTEGERs in DER, for keys of 224 to 521 bits; older tools fill it up with zeros.
        let is_sequence = || self.data.first() == Some(&0x30) && (8..=255).contains(&self.data.len());
        if matches!(self.kind, TlvKind::ECDSA_SIG | TlvKind::ECDSA224) && !is_sequence() {
            return Err(Error::TlvLength {
                kind: self.kind,
                offset: self.offset,
                found: self.data.len() as u64,
                expected: "a signature in DER, which begins with 0x30 and has 8 to 255",
            });
        }
        match self.kind.lengths() {
            Some((lengths, expected)) if !lengths.contains(&self.data.len()) => Err(Error::TlvLength {
                kind: self.kind,
                offset: self.offset,
                found: self.data.len() as u64,
                expected,
            }),
            _ => Ok(()),
        }
    }

    pub(super) fn security_counter(&self) -> Option<u32> {
        (self.kind == TlvKind::SEC_CNT && self.data.len() == 4).then(|| u32_at(&self.data, 0))?
    }

    /// Holds an encrypted key to the length the flags of the image ask for.
    pub(super) fn check_wrapped_key(&self, is_aes_256: bool) -> Result<(), Error> {
        let Some([short, long]) = self.kind.wrapped_key_lengths() else { return Ok(()) };
        let (length, expected) = if is_aes_256 { long } else { short };
        let found = self.data.len();
        if found == length {
            return Ok(());
        }
        Err(Error::TlvLength { kind: self.kind, offset: self.offset, found: found as u64, expected })
    }

    /// `struct image_dependency`.
    pub(super) fn dependency(&self) -> Option<Dependency> {
        if self.kind != TlvKind::DEPENDENCY || self.data.len() != 12 {
            return None;
        }
        Some(Dependency { image: *self.data.first()?, minimum: Version::read(&self.data, 4)? })
    }
}

impl Version {
    pub(super) fn read(bytes: &[u8], offset: usize) -> Option<Self> {
        let [major, minor] = array_at(bytes, offset)?;
        let (revision, build) = (u16_at(bytes, offset + 2)?, u32_at(bytes, offset + 4)?);
        Some(Self { major, minor, revision, build })
    }
}

/// The hashes a TLV can ask for, over all bytes so far.
#[derive(Clone, Debug)]
pub(super) struct Wide {
    sha384: Sha384,
    sha512: Sha512,
}

impl Wide {
    pub(super) fn new() -> Self {
        Self { sha384: Sha384::new(), sha512: Sha512::new() }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.sha384.update(bytes);
        self.sha512.update(bytes);
    }
}

/// The hashes of header, payload and protected TLVs as they are in the file: what signatures are made over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// Their SHA-256.
    pub sha256: [u8; 32],
    /// Their SHA-384.
    pub sha384: [u8; 48],
    /// Their SHA-512.
    pub sha512: [u8; 64],
}

impl Covered {
    pub(super) fn new(sha256: [u8; 32], wide: Wide) -> Self {
        Self { sha256, sha384: wide.sha384.finalize().into(), sha512: wide.sha512.finalize().into() }
    }

    pub(super) fn get(&self, algorithm: Algorithm) -> Vec<u8> {
        match algorithm {
            Algorithm::Sha256 => self.sha256.to_vec(),
            Algorithm::Sha384 => self.sha384.to_vec(),
            Algorithm::Sha512 => self.sha512.to_vec(),
        }
    }
}
