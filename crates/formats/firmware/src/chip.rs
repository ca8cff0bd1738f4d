//! Espressif chips: their memory windows, and the regions their default linker scripts declare.
//!
//! Windows: `esp_idf_size/chip_info/*.yaml` of espressif/esp-idf-size. Default regions: the
//! `Memory Configuration` of maps that ESP-IDF 5 and 6 wrote, and of the ESP8266 SDK's linker script.
//! Image chip ids: `esptool/targets/*.py` of espressif/esptool.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use lw_model::Diagnose;

use crate::region::{Region, RegionClass};

/// A chip whose memory layout is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Chip {
    Esp32,
    Esp32S2,
    Esp32S3,
    Esp32C2,
    Esp32C3,
    Esp32C5,
    Esp32C6,
    Esp32H2,
    Esp32P4,
    Esp32C61,
    Esp32H21,
    Esp32H4,
    Esp32S31,
    Esp8266,
}

/// A range of addresses on one bus of a chip.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) start: u64,
    pub(crate) length: u64,
    pub(crate) class: RegionClass,
    /// Reached by instruction fetch only, so that no data of C or Rust lies there.
    pub(crate) code_only: bool,
}

impl Window {
    pub(crate) fn contains(&self, address: u64) -> bool {
        address >= self.start && address - self.start < self.length
    }
}

const fn window(start: u64, length: u64, class: RegionClass) -> Window {
    Window { start, length, class, code_only: false }
}

const fn code(start: u64, length: u64, class: RegionClass) -> Window {
    Window { start, length, class, code_only: true }
}

/// A bank of SRAM that instruction bus and data bus see at different addresses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bank {
    /// Where the bank lies in one address space without aliases: its data bus address, or for a
    /// bank that only the instruction bus sees the place below its neighbour.
    pub(crate) physical: u64,
    /// Bytes in the bank.
    pub(crate) length: u64,
    /// First address of the bank on each bus.
    pub(crate) views: &'static [u64],
}

struct Layout {
    name: &'static str,
    image_chip_id: Option<u16>,
    machine: u16,
    windows: &'static [Window],
    regions: &'static [(&'static str, u64, u64, &'static str)],
    /// Empty where instruction and data RAM are separate memories.
    banks: &'static [Bank],
}

/// `e_machine` of Xtensa.
pub(crate) const EM_XTENSA: u16 = 94;
/// `e_machine` of RISC-V.
pub(crate) const EM_RISCV: u16 = 243;

use RegionClass::{Flash, Other, Psram, Ram, Rtc};

static ESP32: Layout = Layout {
    name: "esp32",
    image_chip_id: Some(0),
    machine: EM_XTENSA,
    windows: &[
        code(0x4007_0000, 0x5_0000, Ram),
        window(0x3FFA_E000, 0x5_2000, Ram),
        code(0x400C_2000, 0xB3_E000, Flash),
        window(0x3F40_0000, 0x40_0000, Flash),
        window(0x3FF8_0000, 0x2000, Rtc),
        code(0x400C_0000, 0x2000, Rtc),
        window(0x5000_0000, 0x2000, Rtc),
        window(0x3F80_0000, 0x40_0000, Psram),
    ],
    regions: &[
        ("iram0_0_seg", 0x4008_0000, 0x2_0000, "xr"),
        ("iram0_2_seg", 0x400D_0020, 0x32_FFE0, "xr"),
        ("dram0_0_seg", 0x3FFB_0000, 0x2_C200, "rw"),
        ("drom0_0_seg", 0x3F40_0020, 0x3F_FFE0, "r"),
        ("rtc_iram_seg", 0x400C_0000, 0x2000, "xrw"),
        ("rtc_data_seg", 0x3FF8_0000, 0x2000, "rw"),
        ("rtc_fast_reserved_seg", 0x3FF8_2000, 0, "rw"),
        ("rtc_slow_seg", 0x5000_0000, 0x1FE8, "rw"),
        ("rtc_slow_reserved_seg", 0x5000_1FE8, 0x18, "rw"),
        ("extern_ram_seg", 0x3F80_0000, 0x40_0000, "xrw"),
    ],
    banks: &[],
};

static ESP32S2: Layout = Layout {
    name: "esp32s2",
    image_chip_id: Some(2),
    machine: EM_XTENSA,
    windows: &[
        window(0x3FFB_2000, 0x4_E000, Ram),
        code(0x4002_2000, 0x4_E000, Ram),
        code(0x4008_0000, 0x78_0000, Flash),
        window(0x3F00_0000, 0x40_0000, Flash),
        code(0x4007_0000, 0x2000, Rtc),
        window(0x3FF9_E000, 0x2000, Rtc),
        window(0x5000_0000, 0x2000, Rtc),
        window(0x3F50_0000, 0xA8_0000, Psram),
    ],
    regions: &[
        ("iram0_0_seg", 0x4002_4000, 0x2_A000, "xr"),
        ("iram0_2_seg", 0x4008_0020, 0x77_FFE0, "xr"),
        ("dram0_0_seg", 0x3FFB_4000, 0x2_A000, "rw"),
        ("drom0_0_seg", 0x3F00_0020, 0x3E_FFE0, "r"),
        ("rtc_iram_seg", 0x4007_0000, 0x1FE8, "xrw"),
        ("rtc_slow_seg", 0x5000_0000, 0x2000, "rw"),
        ("rtc_data_seg", 0x3FF9_E000, 0x1FE8, "rw"),
        ("rtc_reserved_seg", 0x3FF9_FFE8, 0x18, "rw"),
        ("extern_ram_seg", 0x3F80_0000, 0x78_0000, "xrw"),
    ],
    banks: &[Bank { physical: 0x3FFB_2000, length: 0x4_E000, views: &[0x3FFB_2000, 0x4002_2000] }],
};

static ESP32S3: Layout = Layout {
    name: "esp32s3",
    image_chip_id: Some(9),
    machine: EM_XTENSA,
    windows: &[
        code(0x4037_0000, 0x7_0000, Ram),
        window(0x3FC8_8000, 0x7_8000, Ram),
        code(0x4200_0000, 0x200_0000, Flash),
        window(0x3C00_0000, 0x200_0000, Flash),
        window(0x600F_E000, 0x2000, Rtc),
        window(0x3FF8_0000, 0x2000, Rtc),
        window(0x5000_0000, 0x2000, Rtc),
    ],
    regions: &[
        ("iram0_0_seg", 0x4037_4000, 0x5_7700, "xr"),
        ("iram0_2_seg", 0x4200_0020, 0x7F_FFE0, "xr"),
        ("dram0_0_seg", 0x3FC8_8000, 0x5_3700, "rw"),
        ("drom0_0_seg", 0x3C00_0020, 0x1FF_FFE0, "r"),
        ("rtc_iram_seg", 0x600F_E000, 0x1FE8, "xrw"),
        ("rtc_reserved_seg", 0x600F_FFE8, 0x18, "rw"),
        ("rtc_slow_seg", 0x5000_0000, 0x2000, "rw"),
        ("extern_ram_seg", 0x3C00_0020, 0x1FF_FFE0, "xrw"),
    ],
    banks: &[
        Bank { physical: 0x3FC8_0000, length: 0x8000, views: &[0x4037_0000] },
        Bank { physical: 0x3FC8_8000, length: 0x6_8000, views: &[0x3FC8_8000, 0x4037_8000] },
        Bank { physical: 0x3FCF_0000, length: 0x1_0000, views: &[0x3FCF_0000] },
    ],
};

static ESP32C2: Layout = Layout {
    name: "esp32c2",
    image_chip_id: Some(12),
    machine: EM_RISCV,
    windows: &[
        code(0x4037_C000, 0x4_4000, Ram),
        window(0x3FCA_0000, 0x4_0000, Ram),
        code(0x4200_0000, 0x40_0000, Flash),
        window(0x3C00_0000, 0x40_0000, Flash),
    ],
    regions: &[
        ("iram0_0_seg", 0x4038_0000, 0x2_EB70, "xr"),
        ("iram0_2_seg", 0x4200_0020, 0x3F_FFE0, "xr"),
        ("dram0_0_seg", 0x3FCA_0000, 0x2_EB70, "rw"),
        ("drom0_0_seg", 0x3C00_0020, 0x3F_FFE0, "r"),
    ],
    banks: &[
        Bank { physical: 0x3FC9_C000, length: 0x4000, views: &[0x4037_C000] },
        Bank { physical: 0x3FCA_0000, length: 0x4_0000, views: &[0x3FCA_0000, 0x4038_0000] },
    ],
};

static ESP32C3: Layout = Layout {
    name: "esp32c3",
    image_chip_id: Some(5),
    machine: EM_RISCV,
    windows: &[
        code(0x4037_C000, 0x6_4000, Ram),
        window(0x3FC8_0000, 0x6_0000, Ram),
        code(0x4200_0000, 0x80_0000, Flash),
        window(0x3C00_0000, 0x80_0000, Flash),
        window(0x5000_0000, 0x2000, Rtc),
    ],
    regions: &[
        ("iram0_0_seg", 0x4038_0000, 0x4_E710, "xr"),
        ("iram0_2_seg", 0x4200_0020, 0x7F_FFE0, "xr"),
        ("dram0_0_seg", 0x3FC8_0000, 0x4_E710, "rw"),
        ("drom0_0_seg", 0x3C00_0020, 0x7F_FFE0, "r"),
        ("rtc_iram_seg", 0x5000_0000, 0x1FE8, "xrw"),
        ("rtc_reserved_seg", 0x5000_1FE8, 0x18, "rw"),
    ],
    banks: &[
        Bank { physical: 0x3FC7_C000, length: 0x4000, views: &[0x4037_C000] },
        Bank { physical: 0x3FC8_0000, length: 0x6_0000, views: &[0x3FC8_0000, 0x4038_0000] },
    ],
};

static ESP32C5: Layout = Layout {
    name: "esp32c5",
    image_chip_id: Some(23),
    machine: EM_RISCV,
    windows: &[
        window(0x4080_0000, 0x6_0000, Ram),
        window(0x4200_0000, 0x200_0000, Flash),
        window(0x5000_0000, 0x4000, Rtc),
    ],
    regions: &[
        ("irom_seg", 0x4200_0020, 0xFF_FFE0, "xr"),
        ("sram_seg", 0x4080_0000, 0x4_E9A0, "xrw"),
        ("drom_seg", 0x4200_0020, 0xFF_FFE0, "r"),
        ("lp_ram_seg", 0x5000_0000, 0x3FE8, "rw"),
        ("lp_reserved_seg", 0x5000_3FE8, 0x18, "rw"),
        ("extern_ram_seg", 0x4200_0020, 0xFF_FFE0, "xrw"),
    ],
    banks: &[Bank { physical: 0x4080_0000, length: 0x6_0000, views: &[0x4080_0000] }],
};

static ESP32C6: Layout = Layout {
    name: "esp32c6",
    image_chip_id: Some(13),
    machine: EM_RISCV,
    windows: &[
        window(0x4080_0000, 0x8_0000, Ram),
        window(0x4200_0000, 0x100_0000, Flash),
        window(0x5000_0000, 0x4000, Rtc),
    ],
    regions: &[
        ("irom_seg", 0x4200_0020, 0x7F_FFE0, "xr"),
        ("sram_seg", 0x4080_0000, 0x6_E610, "xrw"),
        ("drom_seg", 0x4200_0020, 0x7F_FFE0, "r"),
        ("lp_ram_seg", 0x5000_0000, 0x3FE8, "rw"),
        ("lp_reserved_seg", 0x5000_3FE8, 0x18, "rw"),
    ],
    banks: &[Bank { physical: 0x4080_0000, length: 0x8_0000, views: &[0x4080_0000] }],
};

static ESP32H2: Layout = Layout {
    name: "esp32h2",
    image_chip_id: Some(16),
    machine: EM_RISCV,
    windows: &[
        window(0x4080_0000, 0x5_0000, Ram),
        window(0x4200_0000, 0x100_0000, Flash),
        window(0x5000_0000, 0x1000, Rtc),
    ],
    regions: &[
        ("irom_seg", 0x4200_0020, 0x7F_FFE0, "xr"),
        ("sram_seg", 0x4080_0000, 0x3_EFD0, "xrw"),
        ("drom_seg", 0x4200_0020, 0x7F_FFE0, "r"),
        ("lp_ram_seg", 0x5000_0000, 0xFE8, "rw"),
        ("lp_reserved_seg", 0x5000_0FE8, 0x18, "rw"),
    ],
    banks: &[Bank { physical: 0x4080_0000, length: 0x5_0000, views: &[0x4080_0000] }],
};

static ESP32P4: Layout = Layout {
    name: "esp32p4",
    image_chip_id: Some(18),
    machine: EM_RISCV,
    windows: &[
        window(0x4FF0_0000, 0xC_0000, Ram),
        window(0x4000_0000, 0x400_0000, Flash),
        window(0x3010_0000, 0x2000, Ram),
        window(0x5010_8000, 0x8000, Rtc),
        window(0x4800_0000, 0x400_0000, Psram),
    ],
    regions: &[
        ("tcm_idram_seg", 0x3010_0000, 0x2000, "xr"),
        ("irom_seg", 0x4000_0020, 0x3FF_FFE0, "xr"),
        ("sram_low", 0x4FF0_0000, 0x2_CBD0, "xrw"),
        ("sram_high", 0x4FF4_0000, 0x6_0000, "rw"),
        ("drom_seg", 0x4000_0020, 0x3FF_FFE0, "r"),
        ("lp_ram_seg", 0x5010_8018, 0x7FE8, "rw"),
        ("lp_reserved_seg", 0x5010_8000, 0x18, "rw"),
        ("extern_ram_seg", 0x4800_0000, 0x400_0000, "xrw"),
    ],
    banks: &[Bank { physical: 0x4FF0_0000, length: 0xC_0000, views: &[0x4FF0_0000] }],
};

static ESP32C61: Layout = Layout {
    name: "esp32c61",
    image_chip_id: Some(20),
    machine: EM_RISCV,
    windows: &[
        window(0x4080_0000, 0x5_0000, Ram),
        window(0x4200_0000, 0x200_0000, Flash),
        window(0x5000_0000, 0x4000, Rtc),
    ],
    regions: &[
        ("irom_seg", 0x4200_0020, 0xFF_FFE0, "xr"),
        ("sram_seg", 0x4080_0000, 0x4_E5F0, "xrw"),
        ("drom_seg", 0x4200_0020, 0xFF_FFE0, "r"),
        ("lp_ram_seg", 0x5000_0000, 0x3FE8, "rw"),
        ("lp_reserved_seg", 0x5000_3FE8, 0x18, "rw"),
    ],
    banks: &[Bank { physical: 0x4080_0000, length: 0x5_0000, views: &[0x4080_0000] }],
};

static ESP32H21: Layout = Layout {
    name: "esp32h21",
    image_chip_id: Some(25),
    machine: EM_RISCV,
    windows: &[
        window(0x4080_0000, 0x5_0000, Ram),
        window(0x4200_0000, 0x100_0000, Flash),
        window(0x5000_0000, 0x1000, Rtc),
    ],
    regions: &[
        ("irom_seg", 0x4200_0020, 0xFF_FFE0, "xr"),
        ("sram_seg", 0x4080_0000, 0x3_BA78, "xrw"),
        ("drom_seg", 0x4200_0020, 0xFF_FFE0, "r"),
        ("lp_ram_seg", 0x5000_0000, 0xFE8, "rw"),
        ("lp_reserved_seg", 0x5000_0FE8, 0x18, "rw"),
    ],
    banks: &[Bank { physical: 0x4080_0000, length: 0x5_0000, views: &[0x4080_0000] }],
};

// The lengths of the H4 and the S31 are those of the memory: their scripts still change.
static ESP32H4: Layout = Layout {
    name: "esp32h4",
    image_chip_id: Some(28),
    machine: EM_RISCV,
    windows: &[window(0x4080_8000, 0x6_0000, Ram), window(0x4200_0000, 0x200_0000, Flash)],
    regions: &[
        ("irom_seg", 0x4200_0020, 0xFF_FFE0, "xr"),
        ("sram_seg", 0x4080_8000, 0x6_0000, "xrw"),
        ("drom_seg", 0x4200_0020, 0xFF_FFE0, "r"),
    ],
    banks: &[Bank { physical: 0x4080_8000, length: 0x6_0000, views: &[0x4080_8000] }],
};

static ESP32S31: Layout = Layout {
    name: "esp32s31",
    image_chip_id: Some(32),
    machine: EM_RISCV,
    windows: &[
        window(0x2F00_0000, 0x8_0000, Ram),
        window(0x4000_0000, 0x400_0000, Flash),
        window(0x5000_0000, 0x400_0000, Psram),
        window(0x2E00_0000, 0x8000, Rtc),
    ],
    regions: &[
        ("irom_seg", 0x4000_0020, 0x3FF_FFE0, "xr"),
        ("sram_seg", 0x2F00_0000, 0x8_0000, "xrw"),
        ("drom_seg", 0x4000_0020, 0x3FF_FFE0, "r"),
        ("lp_ram_seg", 0x2E00_0000, 0x7FE8, "rw"),
        ("lp_reserved_seg", 0x2E00_7FE8, 0x18, "rw"),
        ("extern_ram_seg", 0x5000_0000, 0x400_0000, "xrw"),
    ],
    banks: &[Bank { physical: 0x2F00_0000, length: 0x8_0000, views: &[0x2F00_0000] }],
};

static ESP8266: Layout = Layout {
    name: "esp8266",
    // Images of the ESP8266 have another header, without a chip id.
    image_chip_id: None,
    machine: EM_XTENSA,
    windows: &[
        code(0x4010_0000, 0x8000, Ram),
        window(0x3FFE_8000, 0x1_4000, Ram),
        code(0x4020_0000, 0x10_0000, Flash),
        window(0x6000_1200, 0x200, Rtc),
        window(0x3FF0_0000, 0x1_0000, Other),
    ],
    regions: &[
        ("dport0_0_seg", 0x3FF0_0000, 0x10, ""),
        ("dram0_0_seg", 0x3FFE_8000, 0x1_4000, ""),
        ("iram1_0_seg", 0x4010_0000, 0x8000, ""),
        ("irom0_0_seg", 0x4020_1010, 0xF_EFF0, ""),
    ],
    banks: &[],
};

impl Chip {
    /// Every chip whose layout is known.
    pub const ALL: [Self; 14] = [
        Self::Esp32,
        Self::Esp32S2,
        Self::Esp32S3,
        Self::Esp32C2,
        Self::Esp32C3,
        Self::Esp32C5,
        Self::Esp32C6,
        Self::Esp32H2,
        Self::Esp32P4,
        Self::Esp32C61,
        Self::Esp32H21,
        Self::Esp32H4,
        Self::Esp32S31,
        Self::Esp8266,
    ];

    fn layout(self) -> &'static Layout {
        match self {
            Self::Esp32 => &ESP32,
            Self::Esp32S2 => &ESP32S2,
            Self::Esp32S3 => &ESP32S3,
            Self::Esp32C2 => &ESP32C2,
            Self::Esp32C3 => &ESP32C3,
            Self::Esp32C5 => &ESP32C5,
            Self::Esp32C6 => &ESP32C6,
            Self::Esp32H2 => &ESP32H2,
            Self::Esp32P4 => &ESP32P4,
            Self::Esp32C61 => &ESP32C61,
            Self::Esp32H21 => &ESP32H21,
            Self::Esp32H4 => &ESP32H4,
            Self::Esp32S31 => &ESP32S31,
            Self::Esp8266 => &ESP8266,
        }
    }

    /// The name in `--chip`, in reports and of `idf.py set-target`: `esp32c3`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.layout().name
    }

    /// `chip_id` in the extended header of an app image; the ESP8266 has none.
    #[must_use]
    pub fn image_chip_id(self) -> Option<u16> {
        self.layout().image_chip_id
    }

    /// The chip an app image was built for.
    #[must_use]
    pub fn from_image_chip_id(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|chip| chip.image_chip_id() == Some(id))
    }

    /// `e_machine` of the chip's ELF files: 94 Xtensa, 243 RISC-V.
    #[must_use]
    pub fn machine(self) -> u16 {
        self.layout().machine
    }

    /// The regions of the chip's default linker script, for an ELF that comes without a map.
    ///
    /// Their lengths leave out what ROM and bootloader keep for themselves; options of a build move
    /// them, so a map or a region of the user is to be preferred.
    #[must_use]
    pub fn default_regions(self) -> Vec<Region> {
        let region = |(name, origin, length, attributes): &(&str, u64, u64, &str)| Region {
            attributes: (*attributes).into(),
            ..Region::new(*name, *origin, *length)
        };
        self.layout().regions.iter().map(region).collect()
    }

    /// What people call the memory at an address: `IRAM`, `Flash code`. `executable` tells code from data where both are
    /// seen at one address.
    #[must_use]
    pub fn memory_name(self, address: u64, executable: bool) -> Option<&'static str> {
        let window = self.window(address)?;
        Some(match window.class {
            Flash if executable || window.code_only => "Flash code",
            Flash => "Flash data",
            Ram if window.code_only => "IRAM",
            Ram if self.banks().iter().any(|bank| bank.views == [window.start]) => "D/IRAM",
            Ram => "DRAM",
            Psram => "External RAM",
            Rtc => "RTC memory",
            RegionClass::Eeprom | Other => return None,
        })
    }

    /// The window an address lies in.
    pub(crate) fn window(self, address: u64) -> Option<&'static Window> {
        self.layout().windows.iter().find(|window| window.contains(address))
    }

    /// The banks of a RAM that holds instructions and data alike; empty where these are apart.
    pub(crate) fn banks(self) -> &'static [Bank] {
        self.layout().banks
    }

    /// Where a byte of unified SRAM lies in one address space, whichever bus `address` belongs to.
    ///
    /// `None` outside unified SRAM, and for chips that have none.
    #[must_use]
    pub fn sram_address(self, address: u64) -> Option<u64> {
        self.banks().iter().find_map(|bank| {
            let view = bank.views.iter().find(|view| address >= **view && address - **view < bank.length)?;
            Some(bank.physical + (address - view))
        })
    }
}

impl fmt::Display for Chip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of a chip that is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a known chip: known are {list}", list = names())]
pub struct ChipError(pub String);

fn names() -> String {
    Chip::ALL.map(Chip::as_str).join(", ")
}

impl Diagnose for ChipError {
    fn class(&self) -> lw_model::Class {
        lw_model::Class::Usage
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some("Name the chip the firmware was built for.".into())
    }
}

impl FromStr for Chip {
    type Err = ChipError;

    /// `esp32c3`, also written `ESP32-C3`.
    fn from_str(text: &str) -> Result<Self, ChipError> {
        let plain: String =
            text.trim().chars().filter(|c| !matches!(c, '-' | '_')).collect::<String>().to_ascii_lowercase();
        Self::ALL.into_iter().find(|chip| chip.as_str() == plain).ok_or_else(|| ChipError(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for chip in Chip::ALL {
            assert_eq!(chip.to_string().parse(), Ok(chip));
            if let Some(id) = chip.image_chip_id() {
                assert_eq!(Chip::from_image_chip_id(id), Some(chip));
            }
        }
        assert_eq!("ESP32-C3".parse(), Ok(Chip::Esp32C3));
        // The command line shows the message and no hint.
        let error = "esp33".parse::<Chip>().unwrap_err();
        assert!(Chip::ALL.iter().all(|chip| error.to_string().contains(chip.as_str())), "{error}");
        assert!(error.hint().is_some());
    }

    #[test]
    fn memories_have_the_names_of_their_maker() {
        for (chip, address, executable, name) in [
            (Chip::Esp32, 0x400D_0020, true, "Flash code"),
            (Chip::Esp32, 0x3F40_0020, false, "Flash data"),
            (Chip::Esp32, 0x4008_0000, true, "IRAM"),
            (Chip::Esp32C61, 0x4080_0000, true, "D/IRAM"),
            (Chip::Esp32H4, 0x4200_0020, false, "Flash data"),
            (Chip::Esp32H21, 0x5000_0000, false, "RTC memory"),
            (Chip::Esp32S31, 0x5000_0020, false, "External RAM"),
        ] {
            assert_eq!(chip.memory_name(address, executable), Some(name), "{chip} {address:#x}");
        }
        assert_eq!(Chip::Esp32.memory_name(0, false), None);
    }

    #[test]
    fn both_buses_reach_the_same_byte() {
        assert_eq!(Chip::Esp32C3.sram_address(0x4038_0010), Chip::Esp32C3.sram_address(0x3FC8_0010));
        assert_eq!(Chip::Esp32C2.sram_address(0x4038_0010), Chip::Esp32C2.sram_address(0x3FCA_0010));
        assert_eq!(Chip::Esp32S2.sram_address(0x4002_4000), Some(0x3FFB_4000));
        assert_eq!(Chip::Esp32S3.sram_address(0x4037_8000), Some(0x3FC8_8000));
        // The first 16 KiB of the S3's region are seen by the instruction bus alone.
        assert_eq!(Chip::Esp32S3.sram_address(0x4037_4000), Some(0x3FC8_4000));
        assert_eq!(Chip::Esp32S3.sram_address(0x3FC8_4000), None);
        assert_eq!(Chip::Esp32.sram_address(0x4008_0000), None);
    }

    #[test]
    fn default_regions_lie_in_the_windows() {
        for chip in Chip::ALL {
            for region in chip.default_regions().iter().filter(|region| region.length > 0) {
                let window = chip.window(region.origin);
                assert!(window.is_some_and(|w| w.contains(region.end() - 1)), "{chip} {region}");
            }
        }
    }
}
