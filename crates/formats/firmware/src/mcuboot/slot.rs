//! Whether an image fits its slots, by the bootloader's own arithmetic.
//!
//! imgtool compares the image with the slot less the trailer and does not know sectors, so an image can pass
//! imgtool and be refused on the device. The figures here are those of `app_max_size` in MCUboot's
//! `boot/bootutil/src/swap_scratch.c`, `swap_move.c` and `swap_offset.c`, of `bootutil_max_image_size` in
//! `bootutil_misc.c`, and of `boot_trailer_sz` in `bootutil_area.c`.

use std::borrow::Cow;

use lw_model::{Class, Diagnose};

/// How the bootloader is built to bring in an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upgrade {
    /// Sectors change places through a scratch area (`MCUBOOT_SWAP_USING_SCRATCH`, the default).
    SwapScratch {
        /// Size of the scratch area in bytes.
        scratch: u32,
    },
    /// Sectors of the primary slot move up by one (`MCUBOOT_SWAP_USING_MOVE`).
    SwapMove,
    /// The update lies one sector into the secondary slot (`MCUBOOT_SWAP_USING_OFFSET`).
    SwapOffset,
    /// The update replaces the image (`MCUBOOT_OVERWRITE_ONLY`), is run where it is (`MCUBOOT_DIRECT_XIP`) or
    /// copied to RAM (`MCUBOOT_RAM_LOAD`).
    NoSwap,
    /// There is one slot (`MCUBOOT_SINGLE_APPLICATION_SLOT`).
    SingleSlot,
}

/// What the trailer keeps of the keys of encrypted images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// The bootloader is built without `MCUBOOT_ENC_IMAGES`.
    #[default]
    None,
    /// Two keys of this length in bytes: 16 of AES-128, 32 of AES-256.
    Keys(u32),
    /// Two encrypted TLVs of this length in bytes (`MCUBOOT_SWAP_SAVE_ENCTLV`).
    Tlvs(u32),
}

/// The slots of a device, whose sectors are all of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    /// How the update is brought in.
    pub upgrade: Upgrade,
    /// Size of the primary slot in bytes.
    pub primary: u32,
    /// Size of the secondary slot in bytes.
    pub secondary: u32,
    /// Size of a sector in bytes.
    pub sector: u32,
    /// Smallest write of the flash in bytes: 1 to 32.
    pub write: u32,
    /// Largest write in bytes (`MCUBOOT_BOOT_MAX_ALIGN`): 8, 16 or 32.
    pub align: u32,
    /// Most sectors a slot may have (`MCUBOOT_MAX_IMG_SECTORS`); imgtool takes 128.
    pub max_sectors: u32,
    /// What the trailer keeps of keys.
    pub encryption: Encryption,
}

/// What is left of slots for an image, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Of the primary slot.
    pub primary: u64,
    /// Of the secondary slot, where there is one.
    pub secondary: Option<u64>,
}

impl Room {
    /// Length in bytes of the longest image that fits both slots.
    #[must_use]
    pub fn max_image_size(self) -> u64 {
        self.secondary.map_or(self.primary, |secondary| secondary.min(self.primary))
    }
}

/// Why no image, or not this one, fits the slots.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// A figure that no flash has.
    #[error("{what} of {value} bytes: expected {expected}")]
    Value {
        /// Which figure.
        what: &'static str,
        /// Its value.
        value: u32,
        /// What is possible.
        expected: &'static str,
    },
    /// A slot is no whole number of sectors.
    #[error("the {slot} slot of {size:#x} bytes is no whole number of sectors of {sector:#x} bytes")]
    Sectors {
        /// `primary` or `secondary`.
        slot: &'static str,
        /// Its size in bytes.
        size: u32,
        /// Size of a sector in bytes.
        sector: u32,
    },
    /// A slot has more sectors than the bootloader has room for.
    #[error("the {slot} slot has {sectors} sectors, the bootloader is built for {max} at most")]
    TooManySectors {
        /// `primary` or `secondary`.
        slot: &'static str,
        /// Number of its sectors.
        sectors: u32,
        /// `MCUBOOT_MAX_IMG_SECTORS`.
        max: u32,
    },
    /// A sector does not fit the scratch area.
    #[error("the scratch area of {scratch:#x} bytes holds no sector of {sector:#x} bytes")]
    Scratch {
        /// Size of the scratch area in bytes.
        scratch: u32,
        /// Size of a sector in bytes.
        sector: u32,
    },
    /// Trailer and padding leave nothing of a slot.
    #[error("the trailer leaves no room for an image in slots of {primary:#x} and {secondary:#x} bytes")]
    NoRoom {
        /// Size of the primary slot in bytes.
        primary: u32,
        /// Size of the secondary slot in bytes.
        secondary: u32,
    },
    /// The image is too long.
    #[error("the image has {image} bytes with its TLVs, the bootloader accepts {max} at most in these slots")]
    TooLong {
        /// Length of the image in bytes.
        image: u64,
        /// Length of the longest image that fits.
        max: u64,
    },
}

impl Diagnose for FitError {
    fn class(&self) -> Class {
        match self {
            Self::TooLong { .. } => Class::Input,
            _ => Class::Usage,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::TooLong { .. } => {
                "Make the image smaller or the slots larger; imgtool's own check leaves out whole sectors the swap needs."
            }
            Self::TooManySectors { .. } => {
                "Raise MCUBOOT_MAX_IMG_SECTORS (Zephyr: CONFIG_BOOT_MAX_IMG_SECTORS)."
            }
            _ => "Give the sizes of the device's flash partitions and of its sectors.",
        };
        Some(hint.into())
    }
}

impl Slots {
    /// Length in bytes of the longest image the bootloader accepts, TLVs included.
    ///
    /// # Errors
    /// When the slots are impossible or hold no image at all.
    pub fn max_image_size(&self) -> Result<u64, FitError> {
        self.room().map(Room::max_image_size)
    }

    /// What trailer and swap leave of each slot for an image, TLVs included.
    ///
    /// # Errors
    /// When the slots are impossible or hold no image at all.
    pub fn room(&self) -> Result<Room, FitError> {
        self.check()?;
        let [primary, secondary] = self.kept();
        let room = |size: u32, kept| u64::from(size).checked_sub(kept).filter(|room| *room > 0);
        let none = FitError::NoRoom { primary: self.primary, secondary: self.secondary };
        let primary = room(self.primary, primary).ok_or(none.clone())?;
        let secondary = match self.upgrade {
            Upgrade::SingleSlot => None,
            _ => Some(room(self.secondary, secondary).ok_or(none)?),
        };
        Ok(Room { primary, secondary })
    }

    /// Bytes no image may take of the primary and the secondary slot, which are whole numbers of sectors.
    fn kept(&self) -> [u64; 2] {
        let sector = u64::from(self.sector);
        let trailer = self.trailer_size();
        // The swap works on whole sectors, and keeps one of them free.
        let in_sectors = trailer.next_multiple_of(sector);
        match self.upgrade {
            Upgrade::SwapScratch { .. } => {
                // The scratch area takes the first sector of the trailer with a small trailer of its own, which has
                // to fit after the image's end in that sector.
                let own = self.status_entry() + self.trailer_info();
                [trailer + own.saturating_sub(trailer + sector - in_sectors); 2]
            }
            Upgrade::SwapMove => [in_sectors + sector, in_sectors],
            Upgrade::SwapOffset => [in_sectors, in_sectors + sector],
            // `boot_swap_info_off`: the image may reach up to the trailer's `swap_info`.
            Upgrade::NoSwap => [self.magic() + 3 * u64::from(self.align); 2],
            Upgrade::SingleSlot => [self.trailer_info(), 0],
        }
    }

    /// Whether an image of this length (`image_len`) fits; the bytes that are left.
    ///
    /// # Errors
    /// When it does not, or the slots are impossible.
    pub fn fit(&self, image: u64) -> Result<u64, FitError> {
        let max = self.max_image_size()?;
        max.checked_sub(image).ok_or(FitError::TooLong { image, max })
    }

    /// Length in bytes of the trailer (`boot_trailer_sz`).
    #[must_use]
    pub fn trailer_size(&self) -> u64 {
        u64::from(self.max_sectors) * self.status_entry() + self.trailer_info()
    }

    /// `boot_status_entry_sz`: what is written of each sector that is swapped.
    fn status_entry(&self) -> u64 {
        let states = match self.upgrade {
            Upgrade::SingleSlot => 0,
            Upgrade::SwapOffset => 2,
            _ => 3,
        };
        states * u64::from(self.write)
    }

    /// `boot_trailer_info_sz`: keys, the four fields, and the magic.
    fn trailer_info(&self) -> u64 {
        let align = u64::from(self.align);
        let keys = match self.encryption {
            Encryption::None => 0,
            Encryption::Keys(length) | Encryption::Tlvs(length) => {
                2 * u64::from(length).next_multiple_of(align)
            }
        };
        // Swap-offset keeps the size of the unprotected TLVs of both slots as well.
        let fields = if self.upgrade == Upgrade::SwapOffset { 5 } else { 4 };
        keys + fields * align + self.magic()
    }

    fn magic(&self) -> u64 {
        16u64.next_multiple_of(self.align.into())
    }

    fn check(&self) -> Result<(), FitError> {
        let power = |what, value: u32, least, most, expected| {
            let good = value.is_power_of_two() && (least..=most).contains(&value);
            if good { Ok(()) } else { Err(FitError::Value { what, value, expected }) }
        };
        power("a smallest write", self.write, 1, 32, "1, 2, 4, 8, 16 or 32")?;
        power("a largest write", self.align, 8, 32, "8, 16 or 32")?;
        if self.sector == 0 {
            return Err(FitError::Value { what: "a sector", value: 0, expected: "1 at least" });
        }
        let second = if self.upgrade == Upgrade::SingleSlot { self.primary } else { self.secondary };
        for (slot, size) in [("primary", self.primary), ("secondary", second)] {
            if size % self.sector != 0 {
                return Err(FitError::Sectors { slot, size, sector: self.sector });
            }
            let (sectors, max) = (size / self.sector, self.max_sectors);
            if sectors > max && !matches!(self.upgrade, Upgrade::NoSwap | Upgrade::SingleSlot) {
                return Err(FitError::TooManySectors { slot, sectors, max });
            }
        }
        match self.upgrade {
            Upgrade::SwapScratch { scratch } if scratch < self.sector => {
                Err(FitError::Scratch { scratch, sector: self.sector })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slots with writes of 4 bytes and the usual limits.
    fn slots(upgrade: Upgrade, primary: u32, secondary: u32, sector: u32) -> Slots {
        let (write, align, max_sectors) = (4, 8, 128);
        Slots { upgrade, primary, secondary, sector, write, align, max_sectors, encryption: Encryption::None }
    }

    #[test]
    fn the_longest_image_is_the_bootloaders() {
        // The figures come from a transcription of the C functions, loop by loop, which shares no code with this one.
        let scratch = |scratch| Upgrade::SwapScratch { scratch };
        let keys = Encryption::Keys;
        for (upgrade, primary, secondary, sector, write, align, max_sectors, encryption, expected) in [
            // An nRF52840 as Zephyr partitions it; a slot that is one sector larger for the swap gains one.
            (Upgrade::SwapMove, 0x7_6000, 0x7_6000, 0x1000, 4, 8, 128, keys(0), 0x7_4000),
            (Upgrade::SwapMove, 0x7_7000, 0x7_6000, 0x1000, 4, 8, 128, keys(0), 0x7_5000),
            (Upgrade::SwapOffset, 0x7_6000, 0x7_7000, 0x1000, 4, 8, 128, keys(0), 0x7_5000),
            (Upgrade::SwapOffset, 0x7_6000, 0x7_6000, 0x1000, 4, 8, 128, keys(0), 0x7_4000),
            (scratch(0x1000), 0x6_0000, 0x6_0000, 0x1000, 8, 8, 128, keys(0), 0x5_F3D0),
            (scratch(0x2_0000), 0x6_0000, 0x6_0000, 0x2_0000, 8, 8, 128, keys(0), 0x5_F3D0),
            (scratch(0x800), 0x2_0000, 0x2_0000, 0x800, 1, 8, 64, keys(0), 0x1_FF10),
            // The trailer begins near the end of a sector, where the scratch area's own trailer has no room.
            (scratch(0x100), 0x2_0000, 0x2_0000, 0x100, 1, 8, 512, keys(0), 0x1_F9CD),
            (Upgrade::SwapMove, 0x4_0000, 0x4_0000, 0x2000, 16, 16, 64, keys(16), 0x3_C000),
            (Upgrade::SwapMove, 0x4_0000, 0x4_0000, 0x2000, 32, 32, 64, keys(32), 0x3_C000),
            (scratch(0x200), 0x4_0000, 0x4_0000, 0x200, 4, 8, 512, keys(16), 0x3_E7A4),
        ] {
            let slots = Slots { upgrade, primary, secondary, sector, write, align, max_sectors, encryption };
            assert_eq!(slots.max_image_size(), Ok(expected), "{slots:?}");
            assert_eq!(slots.fit(expected), Ok(0));
            assert_eq!(
                slots.fit(expected + 1),
                Err(FitError::TooLong { image: expected + 1, max: expected })
            );
        }
    }

    #[test]
    fn imgtool_accepts_what_the_bootloader_does_not() {
        let slots = slots(Upgrade::SwapMove, 0x7_6000, 0x7_6000, 0x1000);
        // `Image._trailer_size` of imgtool 2.5.0: 128 sectors of three writes, four fields and the magic.
        let imgtool = 0x7_6000 - (128 * 3 * 4 + 4 * 8 + 16);
        assert_eq!(slots.trailer_size(), 128 * 3 * 4 + 4 * 8 + 16);
        assert!(slots.fit(imgtool).is_err());
    }

    #[test]
    fn without_a_swap_the_image_may_reach_up_to_the_fields() {
        let no_swap = slots(Upgrade::NoSwap, 0x2_0000, 0x2_0000, 0x1000);
        assert_eq!(no_swap.max_image_size(), Ok(0x2_0000 - 16 - 3 * 8));
        let single = slots(Upgrade::SingleSlot, 0x2_0000, 0, 0x1000);
        assert_eq!(single.max_image_size(), Ok(0x2_0000 - 16 - 4 * 8));
        let aligned = Slots { align: 32, write: 32, ..no_swap };
        assert_eq!(aligned.max_image_size(), Ok(0x2_0000 - 32 - 3 * 32));
    }

    #[test]
    fn each_slot_has_a_room_of_its_own() {
        let moved = slots(Upgrade::SwapMove, 0x7_6000, 0x7_6000, 0x1000);
        assert_eq!(moved.room(), Ok(Room { primary: 0x7_4000, secondary: Some(0x7_5000) }));
        let offset = Slots { upgrade: Upgrade::SwapOffset, ..moved };
        assert_eq!(offset.room(), Ok(Room { primary: 0x7_5000, secondary: Some(0x7_4000) }));
        let single = Slots { upgrade: Upgrade::SingleSlot, secondary: 0, ..moved };
        assert_eq!(single.room(), Ok(Room { primary: 0x7_6000 - 48, secondary: None }));
    }

    #[test]
    fn impossible_slots_are_told() {
        let good = slots(Upgrade::SwapMove, 0x8000, 0x8000, 0x1000);
        let error = |slots: Slots| slots.max_image_size().unwrap_err().to_string();
        assert_eq!(
            error(Slots { primary: 0x8100, ..good }),
            "the primary slot of 0x8100 bytes is no whole number of sectors of 0x1000 bytes"
        );
        assert_eq!(
            error(Slots { max_sectors: 7, ..good }),
            "the primary slot has 8 sectors, the bootloader is built for 7 at most"
        );
        assert_eq!(
            error(Slots { upgrade: Upgrade::SwapScratch { scratch: 0x800 }, ..good }),
            "the scratch area of 0x800 bytes holds no sector of 0x1000 bytes"
        );
        assert_eq!(
            error(Slots { primary: 0x2000, ..good }),
            "the trailer leaves no room for an image in slots of 0x2000 and 0x8000 bytes"
        );
        for broken in [
            Slots { write: 3, ..good },
            Slots { write: 64, ..good },
            Slots { align: 4, ..good },
            Slots { sector: 0, ..good },
        ] {
            assert!(matches!(broken.max_image_size(), Err(FitError::Value { .. })), "{broken:?}");
        }
        // No figure overflows.
        let all = u32::MAX;
        for upgrade in
            [Upgrade::SwapMove, Upgrade::SwapOffset, Upgrade::NoSwap, Upgrade::SwapScratch { scratch: all }]
        {
            let slots = Slots {
                upgrade,
                primary: all,
                secondary: all,
                sector: 1,
                write: 32,
                align: 32,
                max_sectors: all,
                encryption: Encryption::Tlvs(all),
            };
            let _ = slots.max_image_size();
        }
    }
}
