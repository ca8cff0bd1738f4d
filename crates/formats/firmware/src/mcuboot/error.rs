//! Why a MCUboot image is refused.

use std::borrow::Cow;
use std::fmt;

use base16ct::HexDisplay;
use lw_model::Diagnose;

use crate::mcuboot::{Algorithm, Flags, MAGIC, TlvKind};

/// Why bytes are no sound MCUboot image. Offsets are in bytes from the start of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The first word is another.
    #[error("no MCUboot image: expected the magic {MAGIC:#010x} at offset 0x0, found {found:#010x}")]
    Magic {
        /// The word in the file.
        found: u32,
    },
    /// The file ends inside something the header promises.
    #[error("truncated: {part} at offset {offset:#x} needs {needed} bytes, the file has {available} left")]
    Truncated {
        /// What is cut off.
        part: Part,
        /// Where it starts.
        offset: u64,
        /// How many bytes it has.
        needed: u64,
        /// How many bytes are left from its start.
        available: u64,
    },
    /// A header shorter than its own fields.
    #[error("the header at offset 0x8 gives itself {size} bytes, expected 32 at least")]
    HeaderSize {
        /// The size it claims.
        size: u16,
    },
    /// Header, payload and protected TLVs together exceed 32 bits.
    #[error(
        "the sizes in the header (header {header:#x}, payload {payload:#x}, protected TLVs {protected:#x}) add up to \
         more than 32 bits"
    )]
    Overflow {
        /// `ih_hdr_size`.
        header: u16,
        /// `ih_img_size`.
        payload: u32,
        /// `ih_protect_tlv_size`.
        protected: u16,
    },
    /// There is nothing to start.
    #[error("the payload is empty: the size of the image at offset 0xc is 0")]
    Empty,
    /// Flags of which the bootloader accepts one at most.
    #[error("the flags {:#x} at offset 0x10 contradict each other", .flags.0)]
    Flags {
        /// The flags.
        flags: Flags,
    },
    /// A flag asks for a TLV that is not there.
    #[error("the flags {:#x} at offset 0x10 ask for {what}, which is not among the TLVs", .flags.0)]
    Promised {
        /// The flags.
        flags: Flags,
        /// What is not there.
        what: &'static str,
    },
    /// A TLV area does not start with its magic.
    #[error("expected {area} with the magic {:#06x} at offset {offset:#x}, found {found:#06x}", .area.magic())]
    AreaMagic {
        /// Which area is expected there.
        area: Area,
        /// Where it should start.
        offset: u64,
        /// The half-word in the file.
        found: u16,
    },
    /// A TLV area shorter than its own header.
    #[error("{area} at offset {offset:#x} gives itself {size} bytes, expected 4 at least")]
    AreaSize {
        /// Which area.
        area: Area,
        /// Where it starts.
        offset: u64,
        /// The size it claims.
        size: u16,
    },
    /// Header and protected area disagree.
    #[error(
        "the header says the protected TLVs at offset {offset:#x} have {header} bytes, they say {area} themselves"
    )]
    ProtectedSize {
        /// Where the area starts.
        offset: u64,
        /// What the header says.
        header: u16,
        /// What the area says.
        area: u16,
    },
    /// A TLV that ends after its area.
    #[error("the TLV at offset {offset:#x} needs {needed} bytes, {area} has {available} left")]
    TlvOverrun {
        /// Which area.
        area: Area,
        /// Where the TLV starts.
        offset: u64,
        /// Bytes of the TLV, its header included.
        needed: u64,
        /// Bytes left in the area.
        available: u64,
    },
    /// A TLV whose value has another length than its type has.
    #[error("the TLV {kind} at offset {offset:#x} has {found} bytes, expected {expected}")]
    TlvLength {
        /// Its type.
        kind: TlvKind,
        /// Where its value is.
        offset: u64,
        /// Its length in bytes.
        found: u64,
        /// The length the bootloader expects.
        expected: &'static str,
    },
    /// There is neither an image hash nor a mark that the signature is over the image itself.
    #[error("no image hash (SHA256, SHA384 or SHA512) among the TLVs at offset {offset:#x}")]
    NoDigest {
        /// Where the unprotected area starts.
        offset: u64,
    },
    /// The image hash is not that of the image.
    #[error("{} at offset {offset:#x} is {:x}, expected {:x}", .algorithm.name(), HexDisplay(.stored), HexDisplay(.computed))]
    Digest {
        /// How the hash is made.
        algorithm: Algorithm,
        /// Where it is.
        offset: u64,
        /// The hash in the file.
        stored: Vec<u8>,
        /// The hash of header, payload and protected TLVs.
        computed: Vec<u8>,
    },
}

/// A part of an image that a file can end inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The header, with its padding.
    Header,
    /// The payload.
    Payload,
    /// The header of a TLV area.
    AreaHeader(Area),
    /// The TLVs of an area.
    Tlvs(Area),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("the header"),
            Self::Payload => f.write_str("the payload"),
            Self::AreaHeader(area) => write!(f, "the header of {area}"),
            Self::Tlvs(area) => area.fmt(f),
        }
    }
}

/// One of the two TLV areas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// The one the image hash covers.
    Protected,
    /// The one it does not cover.
    Unprotected,
}

impl Area {
    /// `IMAGE_TLV_PROT_INFO_MAGIC`, `IMAGE_TLV_INFO_MAGIC`.
    #[must_use]
    pub fn magic(self) -> u16 {
        match self {
            Self::Protected => 0x6908,
            Self::Unprotected => 0x6907,
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Protected => "the protected TLV area",
            Self::Unprotected => "the TLV area",
        })
    }
}

impl Diagnose for Error {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Magic { .. } => "Give the image `imgtool sign` wrote (Zephyr: `zephyr.signed.bin`).",
            Self::Truncated { .. } => "Build or download the image again: its end is missing.",
            Self::AreaMagic { .. } => {
                "Sign the image with imgtool; an image that was only given a header has no TLVs."
            }
            Self::NoDigest { .. } => "Sign the image again with imgtool: the bootloader needs its hash.",
            Self::Digest { .. } => {
                "Sign the image again: it was changed or damaged after it was signed, and the bootloader would refuse it."
            }
            Self::Empty => "Sign the application that was built; this image has only a header and its TLVs.",
            Self::Flags { .. } => "Sign the image with one key length and one compression.",
            Self::Promised { .. } => {
                "Sign the image again: the bootloader refuses it; the flag was changed, or the TLV was taken out."
            }
            Self::HeaderSize { .. }
            | Self::Overflow { .. }
            | Self::AreaSize { .. }
            | Self::ProtectedSize { .. }
            | Self::TlvOverrun { .. }
            | Self::TlvLength { .. } => {
                "Check that the file is a MCUboot image and was not changed after it was signed."
            }
        };
        Some(hint.into())
    }
}
