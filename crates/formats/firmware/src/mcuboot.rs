//! Images for the MCUboot bootloader: what `imgtool sign` writes.
//!
//! Layout: MCUboot `boot/bootutil/include/bootutil/image.h` and `docs/design.md`. A header, the payload, an
//! optional protected area of TLVs (type, length, value) and an unprotected one; in a padded image erased flash
//! and the trailer of the slot follow. What is refused is what `boot_check_header_valid`
//! (`bootutil_loader.c`), `bootutil_tlv_iter_*` (`tlv.c`) and `bootutil_img_validate` (`image_validate.c`)
//! refuse. Signatures are named and measured, not verified: that takes a key.

mod error;
mod slot;
mod stream;
mod tlv;
mod trailer;

use std::fmt;
use std::io::Read;

pub use error::{Area, Error, Part};
pub use slot::{Encryption, FitError, Room, Slots, Upgrade};
pub use tlv::{Algorithm, Covered, Dependency, Tlv, TlvKind};
pub use trailer::{Flag, Trailer, Trailing};

pub(crate) use stream::Stream;

use crate::stream::{ReadError, Running, pour};

/// `IMAGE_MAGIC`, the first word of an image.
pub(crate) const MAGIC: u32 = 0x96F3_B83D;

/// A MCUboot image and what follows it in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The header.
    pub header: Header,
    /// TLVs the image hash covers, in file order.
    pub protected: Vec<Tlv>,
    /// TLVs it does not cover, in file order: the hash itself, keys and signatures.
    pub unprotected: Vec<Tlv>,
    /// The image hashes, usually one.
    pub digests: Vec<ImageDigest>,
    /// The hashes of what signatures cover, whichever of them the image has.
    pub covered: Covered,
    /// Whether the payload is an image of its own: a signed image that was signed again.
    pub is_nested: bool,
    /// Length in bytes of the image itself, TLVs included: what the bootloader compares with the slot.
    pub image_len: u64,
    /// What follows the image.
    pub trailing: Trailing,
    /// The value of erased flash in what follows; 0xFF when nothing tells another.
    pub erased: u8,
    /// Length in bytes of the whole file.
    pub total_len: u64,
}

/// `struct image_header`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Where it is loaded to (flag `RAM_LOAD`) or was linked for (flag `ROM_FIXED`).
    pub load_addr: u32,
    /// Length of the header with its padding, in bytes: where the payload starts.
    pub header_size: u16,
    /// Length of the protected TLV area in bytes, 0 without one.
    pub protected_size: u16,
    /// Length of the payload in bytes.
    pub image_size: u32,
    /// The flags.
    pub flags: Flags,
    /// The version.
    pub version: Version,
}

/// `struct image_version`; compares numerically, build number last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Version {
    pub major: u8,
    pub minor: u8,
    pub revision: u16,
    pub build: u32,
}

impl fmt::Display for Version {
    /// `1.2.3+4`, as imgtool takes and prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}+{}", self.major, self.minor, self.revision, self.build)
    }
}

/// `ih_flags`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u32);

impl Flags {
    const NAMES: [(u32, &'static str); 9] = [
        (0x001, "PIC"),
        (Self::ENCRYPTED_AES128, "ENCRYPTED_AES128"),
        (Self::ENCRYPTED_AES256, "ENCRYPTED_AES256"),
        (0x010, "NON_BOOTABLE"),
        (0x020, "RAM_LOAD"),
        (0x100, "ROM_FIXED"),
        (Self::COMPRESSED_LZMA1, "COMPRESSED_LZMA1"),
        (Self::COMPRESSED_LZMA2, "COMPRESSED_LZMA2"),
        (0x800, "COMPRESSED_ARM_THUMB_FLT"),
    ];
    const ENCRYPTED_AES128: u32 = 0x004;
    const ENCRYPTED_AES256: u32 = 0x008;
    const COMPRESSED_LZMA1: u32 = 0x200;
    const COMPRESSED_LZMA2: u32 = 0x400;

    /// Names of the flags that are set, without `IMAGE_F_`; a bit no flag is defined for is not among them.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(bit, _)| self.0 & bit != 0).map(|(_, name)| name)
    }

    /// The bits no flag is defined for.
    #[must_use]
    pub fn unknown(self) -> u32 {
        Self::NAMES.iter().fold(self.0, |rest, (bit, _)| rest & !bit)
    }

    /// Whether the payload is encrypted.
    #[must_use]
    pub fn is_encrypted(self) -> bool {
        self.0 & (Self::ENCRYPTED_AES128 | Self::ENCRYPTED_AES256) != 0
    }

    /// Whether the payload is compressed.
    #[must_use]
    pub fn is_compressed(self) -> bool {
        self.0 & (Self::COMPRESSED_LZMA1 | Self::COMPRESSED_LZMA2 | 0x800) != 0
    }

    /// Whether the payload is compressed; a filter for Arm code alone is no compression.
    fn is_compressed_payload(self) -> bool {
        self.0 & (Self::COMPRESSED_LZMA1 | Self::COMPRESSED_LZMA2) != 0
    }

    /// Two flags of which the bootloader accepts one at most.
    fn contradiction(self) -> bool {
        [Self::ENCRYPTED_AES128 | Self::ENCRYPTED_AES256, Self::COMPRESSED_LZMA1 | Self::COMPRESSED_LZMA2]
            .into_iter()
            .any(|both| self.0 & both == both)
    }
}

/// A hash over header, payload and protected TLVs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageDigest {
    /// How it is made.
    pub algorithm: Algorithm,
    /// Where the hash is in the file.
    pub offset: u64,
    /// The hash in the file.
    pub stored: Vec<u8>,
    /// The hash of the bytes; `None` where it cannot be checked: the payload is encrypted, and the hash is that of the
    /// plain one. (`imgtool sign --encrypt KEY --clear` leaves the payload plain, and then it is checked.)
    pub computed: Option<Vec<u8>>,
}

impl Image {
    /// An image the bootloader would accept, its signature aside: every check of the file holds.
    ///
    /// # Errors
    /// When the bytes are no image, are cut off, or fail a check.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let image = Self::read(bytes)?;
        image.verify()?;
        Ok(image)
    }

    /// An image of sound structure, whether or not its checks hold.
    ///
    /// # Errors
    /// When the bytes are no image or are cut off.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let (mut stream, mut digests) = (Stream::new(), Running::new(false));
        stream.update(bytes, &mut digests);
        stream.finish()
    }

    /// What [`read`](Self::read) gives, from a source of any length, in memory that does not depend on it.
    ///
    /// # Errors
    /// When the source fails, or its bytes are no image or are cut off.
    pub fn read_from(source: &mut impl Read) -> Result<Self, ReadError<Error>> {
        let (mut stream, mut digests) = (Stream::new(), Running::new(false));
        pour(source, |bytes| stream.update(bytes, &mut digests)).map_err(ReadError::Io)?;
        stream.finish().map_err(ReadError::Format)
    }

    /// Holds the image to its own checks.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn verify(&self) -> Result<(), Error> {
        if self.header.image_size == 0 {
            return Err(Error::Empty);
        }
        if self.header.flags.contradiction() {
            return Err(Error::Flags { flags: self.header.flags });
        }
        for tlv in self.protected.iter().chain(&self.unprotected) {
            tlv.check_length()?;
        }
        self.check_promised()?;
        for ImageDigest { algorithm, offset, stored, computed } in &self.digests {
            if let Some(computed) = computed
                && stored != computed
            {
                let (algorithm, offset) = (*algorithm, *offset);
                let (stored, computed) = (stored.clone(), computed.clone());
                return Err(Error::Digest { algorithm, offset, stored, computed });
            }
        }
        // Where the signature is over the image itself, the bootloader does not look at a hash.
        if self.digests.is_empty() && self.find(TlvKind::SIG_PURE).is_none() {
            return Err(Error::NoDigest { offset: self.covered_len() });
        }
        Ok(())
    }

    /// Holds the flags to the TLVs without which the bootloader cannot do what they ask for: `boot_enc_valid`
    /// (`encrypted.c`) looks for the wrapped key, whose length is that of the payload's key, `bootutil_img_validate` (`image_validate.c`) and `decompression.c` for
    /// size and hash of the decompressed image, which are protected.
    fn check_promised(&self) -> Result<(), Error> {
        let flags = self.header.flags;
        if flags.is_encrypted() && !self.unprotected.iter().any(|tlv| tlv.kind.is_wrapped_key()) {
            return Err(Error::Promised {
                flags,
                what: "the encrypted key (ENC_RSA2048, ENC_KW, ENC_EC256 or ENC_X25519)",
            });
        }
        if flags.is_encrypted() {
            for tlv in &self.unprotected {
                tlv.check_wrapped_key(flags.0 & Flags::ENCRYPTED_AES256 != 0)?;
            }
        }
        if flags.is_compressed_payload() {
            for (kind, what) in [
                (TlvKind::DECOMP_SIZE, "the size of the decompressed image (DECOMP_SIZE)"),
                (TlvKind::DECOMP_SHA, "the hash of the decompressed image (DECOMP_SHA)"),
            ] {
                if !self.protected.iter().any(|tlv| tlv.kind == kind) {
                    return Err(Error::Promised { flags, what });
                }
            }
        }
        Ok(())
    }

    /// Whether a hash of the image cannot be checked, because the payload is encrypted.
    #[must_use]
    pub fn is_unchecked(&self) -> bool {
        self.digests.iter().any(|digest| digest.computed.is_none())
    }

    /// The class of device the image is for: the UUIDs of vendor and class, where it has them.
    #[must_use]
    pub fn uuid(&self, kind: TlvKind) -> Option<[u8; 16]> {
        self.find(kind).and_then(|tlv| tlv.data.as_slice().try_into().ok())
    }

    /// Length in bytes of what signatures cover, and so where the unprotected area starts.
    #[must_use]
    pub fn covered_len(&self) -> u64 {
        self.image_len - self.unprotected_size()
    }

    /// Length of the unprotected area in bytes.
    fn unprotected_size(&self) -> u64 {
        4 + self.unprotected.iter().map(|tlv| 4 + tlv.data.len() as u64).sum::<u64>()
    }

    /// The first TLV of this type, protected ones first.
    #[must_use]
    pub fn find(&self, kind: TlvKind) -> Option<&Tlv> {
        self.protected.iter().chain(&self.unprotected).find(|tlv| tlv.kind == kind)
    }

    /// The counter against rollback (`SEC_CNT`); the bootloader looks for it among the protected TLVs only.
    #[must_use]
    pub fn security_counter(&self) -> Option<u32> {
        self.protected.iter().find(|tlv| tlv.kind == TlvKind::SEC_CNT).and_then(Tlv::security_counter)
    }

    /// The other images this one needs; the bootloader looks for them among the protected TLVs only.
    pub fn dependencies(&self) -> impl Iterator<Item = Dependency> {
        self.protected.iter().filter_map(Tlv::dependency)
    }

    /// The signatures, unverified.
    pub fn signatures(&self) -> impl Iterator<Item = &Tlv> {
        self.unprotected.iter().filter(|tlv| tlv.kind.is_signature())
    }

    /// The hash of the public key that signed the image.
    #[must_use]
    pub fn key_hash(&self) -> Option<&[u8]> {
        self.unprotected.iter().find(|tlv| tlv.kind == TlvKind::KEYHASH).map(|tlv| tlv.data.as_slice())
    }

    /// Unprotected TLVs a bootloader with `MCUBOOT_USE_TLV_ALLOW_LIST` (the default in Zephyr) refuses.
    pub fn not_allowed(&self) -> impl Iterator<Item = &Tlv> {
        self.unprotected.iter().filter(|tlv| !tlv.kind.may_be_unprotected())
    }
}

#[cfg(test)]
mod tests;
