//! The chips a block is for.

use std::fmt;

use crate::esp_image::ChipId;

/// A family id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Family(pub u32);

/// Ids and short names of `uf2families.json`, by id.
const FAMILIES: &[(u32, &str)] = &[
    (0x00FF_6919, "STM32L4"),
    (0x0424_0BDF, "STM32L5"),
    (0x06D1_097B, "STM32F411xC"),
    (0x11DE_784A, "M0SENSE"),
    (0x1657_3617, "ATMEGA32"),
    (0x1851_780A, "SAML21"),
    (0x1B57_745F, "NRF52"),
    (0x1C5F_21B0, "ESP32"),
    (0x1E1F_432D, "STM32L1"),
    (0x202E_3A91, "STM32L0"),
    (0x2146_0FF0, "STM32WL"),
    (0x22E0_D6FC, "RTL8710B"),
    (0x2ABC_77EC, "LPC55"),
    (0x2B88_D29C, "ESP32-C2"),
    (0x2DC3_09C5, "STM32F411xE"),
    (0x300F_5633, "STM32G0"),
    (0x3101_F7C1, "ESP32-S31"),
    (0x31D2_28C6, "GD32F350"),
    (0x3327_26F6, "ESP32-H2"),
    (0x3379_CFE2, "RTL8720D"),
    (0x3D30_8E94, "ESP32-P4"),
    (0x4B68_4D71, "MaixPlay-U4"),
    (0x4C71_240A, "STM32G4"),
    (0x4E8F_1C5D, "STM32H5"),
    (0x4F6A_CE52, "CSK4"),
    (0x4FB2_D5BD, "MIMXRT10XX"),
    (0x51E9_03A8, "XR809"),
    (0x53B8_0F00, "STM32F7"),
    (0x540D_DF62, "ESP32-C6"),
    (0x5511_4460, "SAMD51"),
    (0x5775_5A57, "STM32F4"),
    (0x5A18_069B, "FX2"),
    (0x5D1A_0A2E, "STM32F2"),
    (0x5EE2_1072, "STM32F1"),
    (0x621E_937A, "NRF52833"),
    (0x6478_24B6, "STM32F0"),
    (0x675A_40B0, "BK7231U"),
    (0x68ED_2B88, "SAMD21"),
    (0x699B_62EC, "CH32V"),
    (0x6A82_CC42, "BK7251"),
    (0x6B84_6188, "STM32F3"),
    (0x6D09_22FA, "STM32F407"),
    (0x6DB6_6082, "STM32H7"),
    (0x6E73_48A8, "CSK6"),
    (0x6F75_2678, "NRF52832xxAB"),
    (0x70D1_6653, "STM32WB"),
    (0x7272_1D4E, "NRF52832xxAA"),
    (0x7410_520A, "MAX32690"),
    (0x77D8_50C4, "ESP32-C61"),
    (0x7B3E_F230, "BK7231N"),
    (0x7BE8_976D, "RA4M1"),
    (0x7D7A_66EF, "PY32F071"),
    (0x7EAB_61ED, "ESP8266"),
    (0x7F83_E793, "KL32L2"),
    (0x820D_9A5F, "NRF52820"),
    (0x8FB0_60FE, "STM32F407VG"),
    (0x91D3_FD18, "MAX78002"),
    (0x9517_422F, "RZA1LU"),
    (0x9AF0_3E33, "GD32VF103"),
    (0x9E0B_AA8A, "ESP32-H4"),
    (0x9FFF_D543, "RTL8710A"),
    (0xA0C9_7B8E, "AT32F415"),
    (0xADA5_2840, "NRF52840"),
    (0xB6DD_00AF, "ESP32-H21"),
    (0xBFDD_4EEE, "ESP32-S2"),
    (0xC47E_5767, "ESP32-S3"),
    (0xD42B_A06C, "ESP32-C3"),
    (0xD63F_8632, "MAX32650"),
    (0xDE12_70B7, "BL602"),
    (0xE08F_7564, "RTL8720C"),
    (0xE48B_FF56, "RP2040"),
    (0xE48B_FF57, "RP2XXX_ABSOLUTE"),
    (0xE48B_FF58, "RP2XXX_DATA"),
    (0xE48B_FF59, "RP2350_ARM_S"),
    (0xE48B_FF5A, "RP2350_RISCV"),
    (0xE48B_FF5B, "RP2350_ARM_NS"),
    (0xF0C3_0D71, "MAX32666"),
    (0xF71C_0343, "ESP32-C5"),
];

impl Family {
    /// Addresses of RP2 chips that no partition table moves.
    pub(super) const RP2XXX_ABSOLUTE: Self = Self(0xE48B_FF57);

    /// Its name: `RP2040`.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        let at = FAMILIES.binary_search_by_key(&self.0, |(id, _)| *id).ok()?;
        FAMILIES.get(at).map(|(_, name)| *name)
    }

    /// Whether it is a chip of Espressif.
    pub(super) fn is_espressif(self) -> bool {
        self.name().is_some_and(|name| name.starts_with("ESP"))
    }

    /// The ESP chip it stands for.
    #[must_use]
    pub fn chip(self) -> Option<ChipId> {
        ChipId::from_name(self.name()?)
    }
}

impl fmt::Display for Family {
    /// `RP2040 (0xe48bff56)`, or `0x12345678` for an unknown one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({:#010x})", self.0),
            None => write!(f, "{:#010x}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_in_the_order_the_search_needs() {
        assert!(FAMILIES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(Family(0xE48B_FF56).to_string(), "RP2040 (0xe48bff56)");
        assert_eq!(Family(7).to_string(), "0x00000007");
        assert_eq!(Family(0xD42B_A06C).chip(), Some(ChipId(5)));
        assert_eq!(Family(0xADA5_2840).chip(), None);
    }
}
