//! Partition tables of ESP chips, binary and CSV.
//!
//! Both forms come from ESP-IDF's `components/partition_table/gen_esp32part.py`; see [`Table::parse_bin`] and
//! [`Table::parse_csv`]. A table that is read obeys the rules the build and the bootloader hold it to;
//! [`Table::advice`] tells of rules that only newer ESP-IDF versions have.

mod binary;
mod csv;
mod error;
mod names;
mod rules;

use std::borrow::Cow;

pub use csv::{CsvOptions, ExtraSubtype, ExtraSubtypeError};
pub use error::{LineError, RuleError, TableError};
pub use names::{APP, BOOTLOADER, DATA, PARTITION_TABLE};
pub use rules::Advice;

use names::{FACTORY, FIRST_OTA, LAST_OTA, OTADATA, PRIMARY};

/// Length in bytes of a name.
const MAX_NAME: usize = 16;
/// Entries that leave room for the MD5 entry and the end marker in 3072 bytes.
const MAX_PARTITIONS: usize = 94;
/// Flash the partition table itself occupies.
const TABLE_SECTOR: u32 = 0x1000;
/// The MMU maps applications in pages of this size.
const APP_ALIGNMENT: u32 = 0x1_0000;
/// Flag bit 0.
const ENCRYPTED: u32 = 1;
/// Flag bit 1.
const READONLY: u32 = 2;

/// A partition table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The partitions in the order of the table.
    pub partitions: Vec<Partition>,
}

/// A piece of flash with a name and a use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its label, at most 16 bytes.
    pub name: String,
    /// Its type: [`APP`], [`DATA`], [`BOOTLOADER`], [`PARTITION_TABLE`] or a custom one.
    pub kind: u8,
    /// Its subtype, whose meaning depends on the type.
    pub subtype: u8,
    /// Where it starts in flash, in bytes.
    pub offset: u32,
    /// Its size in bytes.
    pub size: u32,
    /// Bit 0: encrypted; bit 1: read-only.
    pub flags: u32,
}

/// What a binary table may lack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParseOptions {
    /// Accept a table without MD5 entry, as ESP-IDF wrote before version 3.
    pub allow_missing_md5: bool,
    /// Accept a table without end marker.
    pub allow_missing_end: bool,
}

impl Table {
    /// Reads a binary or a CSV table with the usual options.
    ///
    /// # Errors
    /// When the bytes are neither, or break a rule.
    pub fn parse(bytes: &[u8]) -> Result<Self, TableError> {
        Self::parse_with(bytes, ParseOptions::default(), &CsvOptions::default())
    }

    /// Reads a binary or a CSV table.
    ///
    /// # Errors
    /// When the bytes are neither, or break a rule.
    pub fn parse_with(bytes: &[u8], binary: ParseOptions, csv: &CsvOptions) -> Result<Self, TableError> {
        if binary::starts(bytes) {
            return Self::parse_bin(bytes, binary);
        }
        match decode(bytes) {
            Some(text) => Self::parse_csv(&text, csv),
            None => Err(TableError::NotATable { found: first_bytes(bytes) }),
        }
    }

    /// Reads a binary table: 32-byte entries, an MD5 entry, an end marker.
    ///
    /// # Errors
    /// When an entry is malformed, the MD5 or the end marker is wrong or missing, or the partitions break a rule.
    pub fn parse_bin(bytes: &[u8], options: ParseOptions) -> Result<Self, TableError> {
        if !binary::starts(bytes) {
            return Err(TableError::NotATable { found: first_bytes(bytes) });
        }
        let partitions = binary::parse(bytes, options)?;
        // The binary form does not say where it lies, so no partition can be too low for it.
        rules::check(&partitions, None).map_err(|(_, problem)| TableError::Rule { line: None, problem })?;
        Self::non_empty(partitions)
    }

    /// Reads a CSV table as `gen_esp32part.py` does.
    ///
    /// # Errors
    /// With the number of the line that is wrong, or when the partitions break a rule together.
    pub fn parse_csv(text: &str, options: &CsvOptions) -> Result<Self, TableError> {
        let (partitions, lines) = csv::parse(text, options)?;
        rules::check(&partitions, Some(options.table_offset))
            .map_err(|(index, problem)| TableError::Rule { line: lines.get(index).copied(), problem })?;
        Self::non_empty(partitions)
    }

    fn non_empty(partitions: Vec<Partition>) -> Result<Self, TableError> {
        if partitions.is_empty() { Err(TableError::Empty) } else { Ok(Self { partitions }) }
    }

    /// The binary form, padded to 3072 bytes, with MD5 entry.
    ///
    /// # Errors
    /// When there are more partitions than fit.
    pub fn to_bin(&self) -> Result<Vec<u8>, TableError> {
        binary::write(self)
    }

    /// Where an application update can land: `factory` and every `ota_*`, not `test` and `tee_*`.
    pub fn app_slots(&self) -> impl Iterator<Item = &Partition> {
        self.partitions.iter().filter(|partition| partition.is_app_slot())
    }

    /// The smallest of the [`app_slots`](Self::app_slots), the first of several: an image has to fit it,
    /// because updates alternate between the slots.
    #[must_use]
    pub fn smallest_app(&self) -> Option<&Partition> {
        self.app_slots().min_by_key(|partition| partition.size)
    }

    /// The partition of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Partition> {
        self.partitions.iter().find(|partition| partition.name == name)
    }

    /// Size of the flash the table needs, in bytes: where its last partition ends.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.partitions.iter().map(Partition::end).max().unwrap_or(0)
    }
}

impl Partition {
    /// `app`, `data`, `bootloader`, `partition_table`, or `0x40` for a custom type.
    #[must_use]
    pub fn kind_name(&self) -> Cow<'static, str> {
        names::kind_name(self.kind)
    }

    /// `factory`, `ota_0`, `nvs`, or `0x40` for a custom subtype.
    #[must_use]
    pub fn subtype_name(&self) -> Cow<'static, str> {
        names::subtype_name(self.kind, self.subtype)
    }

    /// Whether it holds an application, `test` and `tee_*` included.
    #[must_use]
    pub fn is_app(&self) -> bool {
        self.kind == APP
    }

    /// Whether it is `factory` or one of `ota_0` to `ota_15`.
    #[must_use]
    pub fn is_app_slot(&self) -> bool {
        self.is_app() && matches!(self.subtype, FACTORY | FIRST_OTA..=LAST_OTA)
    }

    /// Whether it says which slot is booted.
    #[must_use]
    pub fn is_otadata(&self) -> bool {
        self.kind == DATA && self.subtype == OTADATA
    }

    /// Whether flash encryption covers it.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.flags & ENCRYPTED != 0
    }

    /// Whether firmware may not write it.
    #[must_use]
    pub fn is_readonly(&self) -> bool {
        self.flags & READONLY != 0
    }

    /// First offset after it.
    #[must_use]
    pub fn end(&self) -> u64 {
        u64::from(self.offset) + u64::from(self.size)
    }

    /// The bootloader or the partition table the chip starts with, which lie before all other partitions.
    fn is_primary(&self) -> bool {
        matches!(self.kind, BOOTLOADER | PARTITION_TABLE) && self.subtype == PRIMARY
    }
}

/// Text in UTF-8 or, with a byte order mark, UTF-16; `None` when it is binary.
fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xFE, 0xFF, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        _ => Cow::Borrowed(std::str::from_utf8(bytes).ok()?),
    };
    (!text.contains('\0')).then_some(text)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    char::decode_utf16(units.iter().map(|pair| unit(*pair))).collect::<Result<_, _>>().ok()
}

fn first_bytes(bytes: &[u8]) -> String {
    match bytes {
        [] => "an empty file".to_owned(),
        [0xE9, ..] => "an application image (E9)".to_owned(),
        [0x7F, b'E', b'L', b'F', ..] => "an ELF file".to_owned(),
        [first] => format!("{first:02X}"),
        [first, second, ..] => format!("{first:02X} {second:02X}"),
    }
}

#[cfg(test)]
mod tests;
