//! What an image header's `chip_id` says, and the facts about that chip an image is judged by.
//!
//! Identifiers: ESP-IDF `esp_app_format.h` (`esp_chip_id_t`) and esptool `targets/*.py`
//! (`IMAGE_CHIP_ID`); flash windows, page sizes and clock dividers: esptool `targets/*.py` and `bin_image.py`.

use std::fmt;

use crate::chip::Chip;

/// `chip_id` of an extended image header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChipId(pub u16);

/// What is known of one chip.
struct Facts {
    id: u16,
    /// As the vendor writes it.
    name: &'static str,
    /// Address windows in which the MMU maps flash: `[start, end)`.
    flash: &'static [(u32, u32)],
    /// MMU page sizes the chip can be built for, the largest last.
    pages: &'static [u32],
    /// Names of the clock nibbles that differ between chips, as `(nibble, MHz)`.
    clock: &'static [(u8, u8)],
    /// Where the second-stage bootloader lies in flash.
    bootloader: u32,
}

const PAGE_64K: &[u32] = &[0x1_0000];
const PAGES_16K_TO_64K: &[u32] = &[0x4000, 0x8000, 0x1_0000];
const PAGES_8K_TO_64K: &[u32] = &[0x2000, 0x4000, 0x8000, 0x1_0000];
const PAGES_32K_TO_256K: &[u32] = &[0x8000, 0x1_0000, 0x2_0000, 0x4_0000];

const CLOCK_80: &[(u8, u8)] = &[(0xF, 80), (0x0, 40), (0x1, 26), (0x2, 20)];
const CLOCK_80_40_20: &[(u8, u8)] = &[(0xF, 80), (0x0, 40), (0x2, 20)];
const CLOCK_60: &[(u8, u8)] = &[(0xF, 60), (0x0, 30), (0x1, 20), (0x2, 15)];
const CLOCK_48: &[(u8, u8)] = &[(0xF, 48), (0x0, 24), (0x1, 16), (0x2, 12)];
/// On the C6 the nibble 0 stands for both 80 and 40 MHz (a wrong divider in its ROM), so it names neither.
const CLOCK_C6: &[(u8, u8)] = &[(0xF, 80), (0x2, 20)];

const CHIPS: &[Facts] = &[
    Facts {
        id: 0,
        name: "ESP32",
        flash: &[(0x3F40_0000, 0x3F80_0000), (0x400D_0000, 0x4040_0000)],
        pages: PAGE_64K,
        clock: CLOCK_80,
        bootloader: 0x1000,
    },
    Facts {
        id: 2,
        name: "ESP32-S2",
        flash: &[(0x3F00_0000, 0x3F3F_0000), (0x4008_0000, 0x40B8_0000)],
        pages: PAGE_64K,
        clock: CLOCK_80,
        bootloader: 0x1000,
    },
    Facts {
        id: 5,
        name: "ESP32-C3",
        flash: &[(0x3C00_0000, 0x3C80_0000), (0x4200_0000, 0x4280_0000)],
        pages: PAGE_64K,
        clock: CLOCK_80,
        bootloader: 0x0,
    },
    Facts {
        id: 9,
        name: "ESP32-S3",
        flash: &[(0x3C00_0000, 0x3E00_0000), (0x4200_0000, 0x4400_0000)],
        pages: PAGE_64K,
        clock: CLOCK_80,
        bootloader: 0x0,
    },
    Facts {
        id: 12,
        name: "ESP32-C2",
        flash: &[(0x3C00_0000, 0x3C40_0000), (0x4200_0000, 0x4240_0000)],
        pages: PAGES_16K_TO_64K,
        clock: CLOCK_60,
        bootloader: 0x0,
    },
    Facts {
        id: 13,
        name: "ESP32-C6",
        flash: &[(0x4200_0000, 0x4300_0000)],
        pages: PAGES_8K_TO_64K,
        clock: CLOCK_C6,
        bootloader: 0x0,
    },
    Facts {
        id: 16,
        name: "ESP32-H2",
        flash: &[(0x4200_0000, 0x4300_0000)],
        pages: PAGES_8K_TO_64K,
        clock: CLOCK_48,
        bootloader: 0x0,
    },
    Facts {
        id: 18,
        name: "ESP32-P4",
        flash: &[(0x4000_0000, 0x4400_0000)],
        pages: PAGE_64K,
        clock: CLOCK_80,
        bootloader: 0x2000,
    },
    Facts {
        id: 20,
        name: "ESP32-C61",
        flash: &[(0x4200_0000, 0x4400_0000)],
        pages: PAGES_8K_TO_64K,
        clock: CLOCK_80_40_20,
        bootloader: 0x0,
    },
    Facts {
        id: 23,
        name: "ESP32-C5",
        flash: &[(0x4200_0000, 0x4400_0000)],
        pages: PAGES_8K_TO_64K,
        clock: CLOCK_80_40_20,
        bootloader: 0x2000,
    },
    Facts {
        id: 25,
        name: "ESP32-H21",
        flash: &[(0x4200_0000, 0x4300_0000)],
        pages: PAGES_8K_TO_64K,
        clock: &[(0xF, 48), (0x0, 24)],
        bootloader: 0x0,
    },
    Facts {
        id: 28,
        name: "ESP32-H4",
        flash: &[(0x4200_0000, 0x4400_0000)],
        pages: PAGES_8K_TO_64K,
        clock: &[(0xF, 48), (0x0, 24)],
        bootloader: 0x2000,
    },
    Facts {
        id: 31,
        name: "ESP32-E22",
        flash: &[(0x3C00_0000, 0x4000_0000)],
        pages: PAGE_64K,
        clock: CLOCK_80,
        bootloader: 0x0,
    },
    Facts {
        id: 32,
        name: "ESP32-S31",
        flash: &[(0x4000_0000, 0x5400_0000)],
        pages: PAGES_32K_TO_256K,
        clock: CLOCK_80_40_20,
        bootloader: 0x2000,
    },
];

impl ChipId {
    /// `ESP_CHIP_ID_INVALID`: no chip at all.
    pub const INVALID: Self = Self(0xFFFF);

    fn facts(self) -> Option<&'static Facts> {
        CHIPS.iter().find(|facts| facts.id == self.0)
    }

    /// The chip of this name, which is compared without regard to case, `-` and `_`: `ESP32-C3`, `esp32c3`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let plain = |name: &str| {
            name.chars()
                .filter(|c| !matches!(c, '-' | '_'))
                .map(|c| c.to_ascii_lowercase())
                .collect::<String>()
        };
        CHIPS.iter().find(|facts| plain(facts.name) == plain(name)).map(|facts| Self(facts.id))
    }

    /// The vendor's name: `ESP32-C3`.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        self.facts().map(|facts| facts.name)
    }

    /// The chip whose memory layout this suite knows, when it is one of those.
    #[must_use]
    pub fn chip(self) -> Option<Chip> {
        Chip::from_image_chip_id(self.0)
    }

    /// Whether the MMU maps flash at this address.
    #[must_use]
    pub fn maps_flash(self, address: u32) -> bool {
        self.facts()
            .is_some_and(|facts| facts.flash.iter().any(|(start, end)| (*start..*end).contains(&address)))
    }

    /// MMU page sizes in bytes an application can be built for, smallest first; 64 KiB for an unknown chip.
    #[must_use]
    pub fn mmu_page_sizes(self) -> &'static [u32] {
        self.facts().map_or(PAGE_64K, |facts| facts.pages)
    }

    /// Secure Boot V2 signature blocks the chip looks at: one on the ESP32 and the ESP32-C2, three on others.
    #[must_use]
    pub fn signature_blocks(self) -> usize {
        if matches!(self.0, 0 | 12) { 1 } else { 3 }
    }

    /// Highest `secure_version` the chip's eFuses can count, one bit for each step; `None` for an unknown chip.
    ///
    /// An application beside a trusted execution environment that counts as well (`SECURE_TEE_ANTI_ROLLBACK`) has three
    /// fewer, which no image tells.
    ///
    /// Source: ESP-IDF `components/bootloader/Kconfig.app_rollback` (`BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD`).
    #[must_use]
    pub fn secure_version_bits(self) -> Option<u32> {
        self.facts().map(|facts| match facts.id {
            0 => 32,
            12 => 4,
            23 => 9,
            _ => 16,
        })
    }

    /// Whether a segment can be loaded to or mapped at an address; `None` for a chip whose RAM is not known here.
    #[must_use]
    pub fn has_memory_at(self, address: u32) -> Option<bool> {
        let chip = self.chip()?;
        Some(self.maps_flash(address) || chip.window(address.into()).is_some())
    }

    /// Flash clock in MHz for the low nibble of header byte 3.
    #[must_use]
    pub fn flash_mhz(self, nibble: u8) -> Option<u8> {
        self.facts()?.clock.iter().find(|(code, _)| *code == nibble).map(|(_, mhz)| *mhz)
    }

    /// Flash offset of the second-stage bootloader.
    #[must_use]
    pub fn bootloader_offset(self) -> Option<u32> {
        self.facts().map(|facts| facts.bootloader)
    }
}

impl fmt::Display for ChipId {
    /// `ESP32-C3`, or `chip 99` for an unknown one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "chip {}", self.0),
        }
    }
}
