//! What follows an image in its file: in a padded image, the end of the slot.
//!
//! Layout: the drawing in MCUboot `boot/bootutil/src/bootutil_priv.h` and the offsets in
//! `bootutil_public.c` and `bootutil_area.c`; the magic of other alignments than 8 starts with the alignment.

use crate::bytes::{array_at, u16_at, u32_at};

/// `boot_img_magic` where the largest write is 8 bytes.
const MAGIC: [u8; 16] =
    [0x77, 0xC2, 0x95, 0xF3, 0x60, 0xD2, 0xEF, 0x7F, 0x35, 0x52, 0x50, 0x0F, 0x2C, 0xB6, 0x79, 0x80];
/// `boot_img_magic` of other alignments, after two bytes that give the alignment.
const MAGIC_ALIGNED: [u8; 14] =
    [0x2D, 0xE1, 0x5D, 0x29, 0x41, 0x0B, 0x8D, 0x77, 0x67, 0x9C, 0x11, 0x0F, 0x1F, 0x8A];
/// The fields in front of the magic at the largest alignment, 32.
const LONGEST: usize = 5 * 32;
/// Bytes kept of what has passed; more than needed, so that few have to be moved.
const KEPT: usize = 4096;

/// What follows the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trailing {
    /// Nothing: the file ends with the image.
    None,
    /// Erased flash up to the end.
    Padding {
        /// Where it starts.
        offset: u64,
    },
    /// The rest of the slot, down to the trailer the bootloader keeps there.
    Slot(Trailer),
    /// Something else.
    Other {
        /// Where it starts.
        offset: u64,
        /// Number of bytes up to the end of the file.
        length: u64,
    },
}

/// The end of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// Where the swap size is, the first of the fields below.
    pub offset: u64,
    /// Largest write of the flash in bytes: the distance of the fields.
    pub align: u16,
    /// Whether the image is confirmed.
    pub image_ok: Flag,
    /// Whether a swap was completed.
    pub copy_done: Flag,
    /// Kind of swap in the low nibble and number of the image in the high one, when one was noted.
    pub swap_info: Option<u8>,
    /// Number of bytes the swap moves, when it was noted.
    pub swap_size: Option<u32>,
    /// Where the first byte after the image is that is not erased flash, if that is before the fields: the
    /// status of a swap, or keys.
    pub used_from: Option<u64>,
}

impl Trailer {
    /// `test`, `perm`, `revert` and so on: the kind of swap that was noted.
    #[must_use]
    pub fn swap_name(&self) -> Option<&'static str> {
        match self.swap_info? & 0x0F {
            1 => Some("none"),
            2 => Some("test"),
            3 => Some("perm"),
            4 => Some("revert"),
            5 => Some("fail"),
            _ => None,
        }
    }
}

/// A byte of the trailer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// 1.
    Set,
    /// Erased flash.
    Unset,
    /// Anything else, which the bootloader takes for a damaged trailer.
    Bad(u8),
}

/// What follows an image, while it is read.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    /// Where the image ends.
    end: u64,
    position: u64,
    /// The value of erased flash: that of the first byte, when it is one erased flash can have.
    erased: Option<u8>,
    /// Where the first other byte is.
    used_from: Option<u64>,
    /// The last bytes.
    tail: Vec<u8>,
}

impl Rest {
    pub(super) fn new(end: u64) -> Self {
        Self { end, position: end, erased: None, used_from: None, tail: Vec::new() }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The value of erased flash.
    pub(super) fn erased(&self) -> u8 {
        self.erased.unwrap_or(0xFF)
    }

    pub(super) fn take(&mut self, piece: &[u8]) {
        if self.position == self.end {
            self.erased = piece.first().copied().filter(|byte| matches!(byte, 0x00 | 0xFF));
        }
        if self.used_from.is_none() {
            let used = piece.iter().position(|byte| Some(*byte) != self.erased);
            self.used_from = used.map(|at| self.position + at as u64);
        }
        self.position += piece.len() as u64;
        // Whole pieces replace what is kept; small ones are collected.
        let last = piece.get(piece.len().saturating_sub(LONGEST)..).unwrap_or(piece);
        if self.tail.len() + last.len() > KEPT {
            let surplus = self.tail.len().saturating_sub(LONGEST);
            self.tail.drain(..surplus);
        }
        self.tail.extend_from_slice(last);
    }

    pub(super) fn trailing(&self) -> Trailing {
        let (offset, length) = (self.end, self.position - self.end);
        if length == 0 {
            return Trailing::None;
        }
        match (self.trailer(), self.used_from) {
            (Some(trailer), _) => Trailing::Slot(trailer),
            (None, None) => Trailing::Padding { offset },
            (None, Some(_)) => Trailing::Other { offset, length },
        }
    }

    fn trailer(&self) -> Option<Trailer> {
        let magic: [u8; 16] = array_at(&self.tail, self.tail.len().checked_sub(16)?)?;
        let align = if magic == MAGIC {
            8
        } else if magic.get(2..) == Some(&MAGIC_ALIGNED) {
            u16_at(&magic, 0)?
        } else {
            return None;
        };
        // `_Static_assert` of `bootutil_public.h`.
        if !(8..=32).contains(&align) || !align.is_power_of_two() {
            return None;
        }
        let step = usize::from(align);
        // The fields lie below the magic, which fills one or two steps.
        let field = |index: usize| self.tail.len().checked_sub(16usize.next_multiple_of(step) + index * step);
        let byte = |index| self.tail.get(field(index)?).copied();
        let erased = self.erased();
        let flag = |byte| match byte {
            1 => Flag::Set,
            byte if byte == erased => Flag::Unset,
            byte => Flag::Bad(byte),
        };
        let start = field(4)?;
        let offset = self.position - (self.tail.len() - start) as u64;
        if offset < self.end {
            return None;
        }
        Some(Trailer {
            offset,
            align,
            image_ok: flag(byte(1)?),
            copy_done: flag(byte(2)?),
            swap_info: byte(3).filter(|byte| *byte != erased),
            swap_size: u32_at(&self.tail, start).filter(|size| *size != u32::from_ne_bytes([erased; 4])),
            used_from: self.used_from.filter(|used| *used < offset),
        })
    }
}
