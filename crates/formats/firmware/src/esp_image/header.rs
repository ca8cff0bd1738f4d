//! The header of an image.
//!
//! Layout: ESP-IDF `components/bootloader_support/include/esp_app_format.h`; the ESP8266 has the first
//! 8 bytes only (esptool `bin_image.py`, `ESP8266ROMFirmwareImage`).

use crate::bytes::{array_at, u16_at, u32_at};
use crate::esp_image::chip::ChipId;

/// Which generation of the format an image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// ESP32 and later: extended header, optional SHA-256.
    Esp32,
    /// ESP8266 "version 1": segments the ROM loads.
    Esp8266V1,
    /// ESP8266 "version 2": flash-mapped code first, then a version 1 image, then a CRC-32.
    Esp8266V2,
}

/// Header fields all generations share, and the extension of ESP32 and later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Where it is in the file: 0, or that of the second header of an ESP8266 file.
    pub offset: u64,
    /// Number of segments.
    pub segment_count: u8,
    /// `spi_mode`: 0 to 5.
    pub flash_mode: u8,
    /// Low nibble of byte 3: the clock divider of the flash.
    pub flash_speed: u8,
    /// High nibble of byte 3: the size of the flash.
    pub flash_size: u8,
    /// Address the loader jumps to.
    pub entry: u32,
    /// ESP32 and later.
    pub extended: Option<ExtendedHeader>,
}

/// Bytes 8 to 23 of an ESP32 image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendedHeader {
    /// GPIO of the write-protect pin; 0xEE when it is not used.
    pub wp_pin: u8,
    /// Drive strengths, one nibble each: clk, q, d, cs, hd, wp.
    pub pin_drive: [u8; 3],
    /// The chip the image is for.
    pub chip: ChipId,
    /// Lowest chip revision in the old numbering.
    pub min_revision_legacy: u8,
    /// Lowest chip revision, major * 100 + minor.
    pub min_revision: u16,
    /// Highest chip revision, major * 100 + minor; 0 in old images and 65535 both mean "any".
    pub max_revision: u16,
    /// Whether a SHA-256 follows the checksum: 0 or 1.
    pub hash_appended: u8,
}

impl Header {
    /// Length of the header of an ESP8266 image.
    pub(super) const SHORT: usize = 8;
    /// Length of the header of an ESP32 image.
    pub(super) const LONG: usize = 24;

    /// Reads the fields that all generations have; the header lies at `offset` of the file.
    pub(super) fn read_short(bytes: &[u8], offset: u64) -> Option<Self> {
        let [_, segment_count, flash_mode, size_and_speed] = array_at(bytes, 0)?;
        Some(Self {
            offset,
            segment_count,
            flash_mode,
            flash_speed: size_and_speed & 0x0F,
            flash_size: size_and_speed >> 4,
            entry: u32_at(bytes, 4)?,
            extended: None,
        })
    }

    pub(super) fn read_long(bytes: &[u8]) -> Option<Self> {
        let extended = ExtendedHeader {
            wp_pin: *bytes.get(8)?,
            pin_drive: array_at(bytes, 9)?,
            chip: ChipId(u16_at(bytes, 12)?),
            min_revision_legacy: *bytes.get(14)?,
            min_revision: u16_at(bytes, 15)?,
            max_revision: u16_at(bytes, 17)?,
            hash_appended: *bytes.get(23)?,
        };
        Some(Self { extended: Some(extended), ..Self::read_short(bytes, 0)? })
    }

    /// The chip, which an ESP8266 image does not name.
    #[must_use]
    pub fn chip(&self) -> Option<ChipId> {
        self.extended.as_ref().map(|extended| extended.chip)
    }

    /// `QIO`, `QOUT`, `DIO`, `DOUT`, `FAST_READ` or `SLOW_READ`.
    #[must_use]
    pub fn flash_mode_name(&self) -> Option<&'static str> {
        const NAMES: [&str; 6] = ["QIO", "QOUT", "DIO", "DOUT", "FAST_READ", "SLOW_READ"];
        NAMES.get(usize::from(self.flash_mode)).copied()
    }

    /// Flash clock in MHz; what a nibble means depends on the chip.
    #[must_use]
    pub fn flash_mhz(&self) -> Option<u8> {
        // The ESP8266 has the dividers of the ESP32.
        self.chip().unwrap_or(ChipId(0)).flash_mhz(self.flash_speed)
    }

    /// Size of the flash the image was built for, in bytes.
    #[must_use]
    pub fn flash_bytes(&self) -> Option<u32> {
        const KIB: u32 = 1 << 10;
        const MIB: u32 = 1 << 20;
        match (&self.extended, self.flash_size) {
            (Some(_), exponent @ 0..=7) => Some(MIB << exponent),
            (Some(_), _) => None,
            // The ESP8266's codes are in no order, and two of them differ only in the layout of the flash.
            (None, 0) => Some(512 * KIB),
            (None, 1) => Some(256 * KIB),
            (None, 2) => Some(MIB),
            (None, 3 | 5) => Some(2 * MIB),
            (None, 4 | 6) => Some(4 * MIB),
            (None, 8) => Some(8 * MIB),
            (None, 9) => Some(16 * MIB),
            (None, _) => None,
        }
    }
}
