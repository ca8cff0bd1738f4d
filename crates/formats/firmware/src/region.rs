//! Memory regions: a name, a place, a length, and what kind of memory they are.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use lw_model::{ByteSize, Diagnose, QuantityError};

/// One region of memory, as a linker script's `MEMORY` block declares it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Region {
    /// Name in the linker script: `FLASH`, `dram0_0_seg`.
    pub name: String,
    /// First address.
    pub origin: u64,
    /// Bytes in it; 0 when nobody said how long it is (see [`crate::memory::RegionUse::size`]).
    pub length: u64,
    /// Attributes as the linker prints them (`xrw`, `rw !x`); empty when there are none.
    pub attributes: String,
}

impl Region {
    /// A region without attributes.
    pub fn new(name: impl Into<String>, origin: u64, length: u64) -> Self {
        Self { name: name.into(), origin, length, attributes: String::new() }
    }

    /// The first address after the region, saturating at the end of the address space.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.origin.saturating_add(self.length)
    }

    /// Whether an address lies in the region.
    #[must_use]
    pub fn contains(&self, address: u64) -> bool {
        address >= self.origin && address - self.origin < self.length
    }
}

impl fmt::Display for Region {
    /// The form that [`FromStr`] reads: `FLASH=0x8000000+65536`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={:#x}+{}", self.name, self.origin, self.length)
    }
}

/// Why a region could not be read from `NAME=ORIGIN+LENGTH`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegionError {
    /// No `=`, no `+`, or no name.
    #[error("`{0}` is not of the form NAME=ORIGIN+LENGTH")]
    Form(String),
    /// The origin is not a number.
    #[error("the origin of region `{name}`: {source}")]
    Origin {
        /// Name of the region.
        name: String,
        /// What is wrong with it.
        source: QuantityError,
    },
    /// The length is not a number of bytes.
    #[error("the length of region `{name}`: {source}")]
    Length {
        /// Name of the region.
        name: String,
        /// What is wrong with it.
        source: QuantityError,
    },
}

impl Diagnose for RegionError {
    fn class(&self) -> lw_model::Class {
        lw_model::Class::Usage
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some("Write a region as in FLASH=0x08000000+64K.".into())
    }
}

impl FromStr for Region {
    type Err = RegionError;

    /// `FLASH=0x08000000+64K`: the origin in hexadecimal or decimal, the length as a [`ByteSize`].
    fn from_str(text: &str) -> Result<Self, RegionError> {
        let form = || RegionError::Form(text.into());
        let (name, place) = text.split_once('=').ok_or_else(form)?;
        let (origin, length) = place.split_once('+').ok_or_else(form)?;
        let name = name.trim();
        if name.is_empty() {
            return Err(form());
        }
        let length = length.parse::<ByteSize>();
        let length = length.map_err(|source| RegionError::Length { name: name.into(), source })?.0;
        Ok(Self::new(name, address(name, origin)?, length))
    }
}

/// An address: unlike a size it may use all 64 bits.
fn address(region: &str, text: &str) -> Result<u64, RegionError> {
    let text = text.trim();
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))
        && let Ok(address) = u64::from_str_radix(&hex.replace('_', ""), 16)
    {
        return Ok(address);
    }
    let size = text.parse::<ByteSize>().map_err(|source| RegionError::Origin { name: region.into(), source });
    Ok(size?.0)
}

/// What kind of memory a region is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RegionClass {
    /// Keeps its content without power: flash, ROM, the program memory of an AVR.
    Flash,
    /// On-chip RAM of data or code, tightly coupled memory included.
    Ram,
    /// External RAM: PSRAM, SDRAM.
    Psram,
    /// Memory that lives through deep sleep or on a battery: RTC and LP memory, backup SRAM.
    Rtc,
    /// EEPROM, fuses, lock bits and signatures: neither flash nor RAM.
    Eeprom,
    /// None of these.
    Other,
}

impl RegionClass {
    /// Every class under the name that [`FromStr`] reads.
    pub const ALL: [(&'static str, Self); 6] = [
        ("flash", Self::Flash),
        ("ram", Self::Ram),
        ("psram", Self::Psram),
        ("rtc", Self::Rtc),
        ("eeprom", Self::Eeprom),
        ("other", Self::Other),
    ];

    /// The word of `--region-kind`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, class)| *class == self).map_or("other", |(name, _)| name)
    }
}

impl fmt::Display for RegionClass {
    /// What a person calls it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flash => "flash",
            Self::Ram => "RAM",
            Self::Psram => "external RAM",
            Self::Rtc => "retained RAM",
            Self::Eeprom => "EEPROM",
            Self::Other => "other",
        })
    }
}

/// What kind of memory a region is, as a person says it: `DTCM=ram`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionKind {
    /// Name of the region.
    pub name: String,
    /// Its kind.
    pub class: RegionClass,
}

/// Why the kind of a region could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegionKindError {
    /// No `=`, or no name.
    #[error("`{0}` is not of the form NAME=KIND")]
    Form(String),
    /// Another word.
    #[error("the kind of region `{name}`: `{kind}` is not a kind of memory")]
    Kind {
        /// Name of the region.
        name: String,
        /// The word.
        kind: String,
    },
}

impl Diagnose for RegionKindError {
    fn class(&self) -> lw_model::Class {
        lw_model::Class::Usage
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        let words: Vec<&str> = RegionClass::ALL.iter().map(|(name, _)| *name).collect();
        Some(format!("Write NAME=KIND, as in DTCM=ram; the kinds are {}.", words.join(", ")).into())
    }
}

impl FromStr for RegionKind {
    type Err = RegionKindError;

    fn from_str(text: &str) -> Result<Self, RegionKindError> {
        let (name, kind) = text.split_once('=').ok_or_else(|| RegionKindError::Form(text.into()))?;
        let (name, kind) = (name.trim(), kind.trim());
        if name.is_empty() {
            return Err(RegionKindError::Form(text.into()));
        }
        let class = RegionClass::ALL.iter().find(|(word, _)| kind.eq_ignore_ascii_case(word));
        let class = class.ok_or_else(|| RegionKindError::Kind { name: name.into(), kind: kind.into() })?.1;
        Ok(Self { name: name.into(), class })
    }
}
