//! The CSV form: what a project keeps in its repository.
//!
//! Reading follows ESP-IDF's `gen_esp32part.py` (version 1.5), because its reading is what ends up in flash:
//! fields after the sixth are ignored, missing fields are empty, names of types are read in any case, an empty
//! offset is the next aligned one, and a negative size is the negated end of the partition.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;

use lw_model::{Class, Diagnose};

use crate::partitions::error::{LineError, TableError};
use crate::partitions::names::{self, APP, BOOTLOADER, PARTITION_TABLE, PRIMARY, RECOVERY, UNDEFINED};
use crate::partitions::{
    APP_ALIGNMENT, ENCRYPTED, MAX_NAME, MAX_PARTITIONS, Partition, READONLY, TABLE_SECTOR,
};

/// What a CSV table does not say itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvOptions {
    /// Offset of the partition table (`CONFIG_PARTITION_TABLE_OFFSET`).
    pub table_offset: u32,
    /// Offset of the bootloader, for a line of type `bootloader`.
    pub primary_bootloader_offset: Option<u32>,
    /// Offset of the recovery bootloader, for a line of type `bootloader`, subtype `recovery`.
    pub recovery_bootloader_offset: Option<u32>,
    /// What empty offsets of data partitions are rounded up to: 4096, or 4 before ESP-IDF 5.
    pub data_alignment: u32,
    /// Subtypes of the project's own (`gen_esp32part.py --extra-partition-subtypes`).
    pub extra_subtypes: Vec<ExtraSubtype>,
    /// Values of `$NAME` and `${NAME}`.
    pub variables: BTreeMap<String, String>,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            table_offset: 0x8000,
            primary_bootloader_offset: None,
            recovery_bootloader_offset: None,
            data_alignment: 0x1000,
            extra_subtypes: Vec::new(),
            variables: BTreeMap::new(),
        }
    }
}

/// A subtype of a project's own, as `EXTRA_PARTITION_SUBTYPES` declares it to ESP-IDF's build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraSubtype {
    /// The type it belongs to.
    pub kind: u8,
    /// Its name.
    pub name: String,
    /// Its number.
    pub subtype: u8,
}

/// A text that declares no subtype.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` declares no partition subtype")]
pub struct ExtraSubtypeError(String);

impl Diagnose for ExtraSubtypeError {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some("Write type, name and number as for gen_esp32part.py: `app, my_subtype, 0x40`.".into())
    }
}

impl FromStr for ExtraSubtype {
    type Err = ExtraSubtypeError;

    /// `app, my_subtype, 0x40`: the number is hexadecimal with or without `0x`, as `gen_esp32part.py` reads it.
    fn from_str(text: &str) -> Result<Self, ExtraSubtypeError> {
        let error = || ExtraSubtypeError(excerpt(text));
        let fields: Vec<&str> = text.split(',').map(str::trim).collect();
        let [kind, name, number] = fields[..] else { return Err(error()) };
        let digits = number.strip_prefix("0x").or_else(|| number.strip_prefix("0X")).unwrap_or(number);
        let (Some(kind), Ok(subtype)) = (names::kind(kind), u8::from_str_radix(digits, 16)) else {
            return Err(error());
        };
        let is_known = names::subtypes(kind).iter().any(|(_, known)| *known == subtype);
        if name.is_empty() || is_known {
            return Err(error());
        }
        Ok(Self { kind, name: name.to_owned(), subtype })
    }
}

/// A line before empty offsets and negative sizes are worked out.
struct Row {
    line: u32,
    name: String,
    kind: u8,
    subtype: u8,
    offset: Option<i64>,
    size: i64,
    flags: u32,
}

/// The partitions, and the line of each.
pub(super) fn parse(text: &str, options: &CsvOptions) -> Result<(Vec<Partition>, Vec<u32>), TableError> {
    // Spreadsheets put a byte order mark first.
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut rows = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        let content = content.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        rows.push(row(line, content, options).map_err(|problem| TableError::Line { line, problem })?);
    }
    if rows.len() > MAX_PARTITIONS {
        return Err(TableError::TooMany { count: rows.len(), max: MAX_PARTITIONS });
    }
    let mut end = i64::from(options.table_offset) + i64::from(TABLE_SECTOR);
    let lines = rows.iter().map(|row| row.line).collect();
    let mut partitions = Vec::new();
    for row in rows {
        let line = row.line;
        partitions.push(place(row, &mut end, options).map_err(|problem| TableError::Line { line, problem })?);
    }
    Ok((partitions, lines))
}

fn row(line: u32, content: &str, options: &CsvOptions) -> Result<Row, LineError> {
    let content = expand(content, &options.variables)?;
    if !content.contains(',') {
        return Err(LineError::NotCsv(excerpt(&content)));
    }
    let mut fields = content.split(',').map(str::trim);
    let mut field = || fields.next().unwrap_or_default();
    let name = stored_name(field());
    if name.contains('\0') {
        return Err(LineError::NulInName);
    }
    let kind = match field() {
        "" => return Err(LineError::EmptyField("type")),
        value => match names::kind(value) {
            Some(kind) => kind,
            None => byte("type", value, &names::kinds().collect::<Vec<_>>())?,
        },
    };
    let subtype = match field() {
        "" if kind == APP => return Err(LineError::EmptyField("subtype")),
        "" => UNDEFINED,
        value => match names::subtype(kind, value).or_else(|| own(kind, value, &options.extra_subtypes)) {
            Some(subtype) => subtype,
            None => {
                let extra = options.extra_subtypes.iter().filter(|extra| extra.kind == kind);
                let known = names::subtypes(kind).iter().map(|(name, _)| *name);
                let known: Vec<_> = known.chain(extra.map(|extra| extra.name.as_str())).collect();
                byte("subtype", value, &known)?
            }
        },
    };
    let (offset, size) = (field(), field());
    let placed = match (kind, subtype) {
        (BOOTLOADER, PRIMARY) => Some(bootloader("primary", options.primary_bootloader_offset)?),
        (BOOTLOADER, RECOVERY) => Some(bootloader("recovery", options.recovery_bootloader_offset)?),
        (PARTITION_TABLE, PRIMARY) => Some(options.table_offset.into()),
        _ => None,
    };
    let offset = match placed {
        // The build takes no offset from such a line. One that says another (`N/A` says none) is of another chip.
        Some(place) => match number("offset", offset) {
            Ok(told) if told != place => {
                let (told, place) = (told.unsigned_abs(), place.unsigned_abs());
                return Err(LineError::Elsewhere { told, place });
            }
            _ => Some(place),
        },
        None if offset.is_empty() => None,
        None => match number("offset", offset)? {
            number @ 0.. => Some(number),
            _ => return Err(LineError::OutOfRange { field: "offset", value: excerpt(offset) }),
        },
    };
    let size = match kind {
        // The bootloader has the space up to the partition table.
        BOOTLOADER => match bootloader("primary", options.primary_bootloader_offset)? {
            start if start < options.table_offset.into() => i64::from(options.table_offset) - start,
            start => {
                return Err(LineError::OutOfRange {
                    field: "bootloader offset",
                    value: format!("{start:#x}"),
                });
            }
        },
        PARTITION_TABLE => TABLE_SECTOR.into(),
        _ if size.is_empty() => return Err(LineError::EmptyField("size")),
        _ => number("size", size)?,
    };
    let mut flags = 0;
    for flag in field().split(':').map(str::trim).filter(|flag| !flag.is_empty()) {
        flags |= match flag {
            "encrypted" => ENCRYPTED,
            "readonly" => READONLY,
            _ => return Err(LineError::UnknownFlag(excerpt(flag))),
        };
    }
    Ok(Row { line, name, kind, subtype, offset, size, flags })
}

/// Works out offset and size; `end` is where the previous partition ends.
fn place(row: Row, end: &mut i64, options: &CsvOptions) -> Result<Partition, LineError> {
    let fixed = matches!((row.kind, row.subtype), (BOOTLOADER | PARTITION_TABLE, PRIMARY));
    let free = i64::from(options.table_offset) + i64::from(TABLE_SECTOR);
    let offset = match row.offset {
        // The bootloader and the table lie before the first partition, and fill no gap.
        Some(offset) if fixed => offset,
        Some(offset) if offset < *end => {
            return Err(if offset < free {
                LineError::BelowTable {
                    offset: offset.unsigned_abs(),
                    table: options.table_offset.into(),
                    free: free.unsigned_abs(),
                }
            } else {
                LineError::Overlap { offset: offset.unsigned_abs(), end: end.unsigned_abs() }
            });
        }
        Some(offset) => offset,
        None => {
            let alignment = if row.kind == APP { APP_ALIGNMENT } else { options.data_alignment };
            let alignment = i64::from(alignment.max(1));
            (*end + alignment - 1) / alignment * alignment
        }
    };
    let size = if row.size < 0 { -row.size - offset } else { row.size };
    if row.size < 0 && size <= 0 {
        return Err(LineError::EndBeforeStart {
            offset: offset.unsigned_abs(),
            end: row.size.unsigned_abs(),
        });
    }
    let beyond = LineError::BeyondAddressSpace { end: (offset + size).max(0).unsigned_abs() };
    if offset + size > 1 << 32 {
        return Err(beyond);
    }
    if !fixed {
        *end = offset + size;
    }
    let (Ok(offset), Ok(size)) = (u32::try_from(offset), u32::try_from(size)) else { return Err(beyond) };
    Ok(Partition { name: row.name, kind: row.kind, subtype: row.subtype, offset, size, flags: row.flags })
}

/// The subtype of this name among those of the project's own.
fn own(kind: u8, name: &str, extra: &[ExtraSubtype]) -> Option<u8> {
    let found = extra.iter().find(|extra| extra.kind == kind && extra.name.eq_ignore_ascii_case(name))?;
    Some(found.subtype)
}

fn bootloader(which: &'static str, offset: Option<u32>) -> Result<i64, LineError> {
    offset.map(i64::from).ok_or(LineError::BootloaderOffset(which))
}

/// The name as the table stores it: at most 16 bytes, cut between characters.
fn stored_name(name: &str) -> String {
    let end = (0..=name.len().min(MAX_NAME)).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
    name.get(..end).unwrap_or_default().to_owned()
}

/// `$NAME` and `${NAME}` replaced; a `$` that starts no name stays.
fn expand<'a>(content: &'a str, variables: &BTreeMap<String, String>) -> Result<Cow<'a, str>, LineError> {
    if !content.contains('$') {
        return Ok(Cow::Borrowed(content));
    }
    let mut out = String::new();
    let mut rest = content;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (name, rest_of_line) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((name, rest_of_line)) => (name, rest_of_line),
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                after.split_at(end)
            }
        };
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            out.push('$');
            rest = after;
            continue;
        }
        let value = variables.get(name).ok_or_else(|| LineError::UnknownVariable(excerpt(name)))?;
        out.push_str(value);
        rest = rest_of_line;
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

/// A type or subtype given as a number.
fn byte(field: &'static str, value: &str, known: &[&str]) -> Result<u8, LineError> {
    match number(field, value) {
        Ok(number) => {
            u8::try_from(number).map_err(|_| LineError::OutOfRange { field, value: excerpt(value) })
        }
        Err(LineError::NotANumber { .. }) if !known.is_empty() => {
            Err(LineError::UnknownName { field, value: excerpt(value), known: known.join(", ") })
        }
        Err(error) => Err(error),
    }
}

/// A number as `gen_esp32part.py` reads it: decimal, 0x, 0o or 0b, with an optional sign, and K or M after it.
fn number(field: &'static str, text: &str) -> Result<i64, LineError> {
    let not = || LineError::NotANumber { field, value: excerpt(text) };
    let (digits, factor) = match text.char_indices().next_back() {
        Some((at, 'k' | 'K')) => (text.get(..at).unwrap_or_default(), 1 << 10),
        Some((at, 'm' | 'M')) => (text.get(..at).unwrap_or_default(), 1 << 20),
        _ => (text, 1),
    };
    let digits = digits.trim_end();
    let (negative, digits) = match digits.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, digits.strip_prefix('+').unwrap_or(digits)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.get(..2) {
        Some("0x") => (16, lower.get(2..)),
        Some("0o") => (8, lower.get(2..)),
        Some("0b") => (2, lower.get(2..)),
        // Python refuses 010: it would be 8 in C and 10 to a person.
        Some(_) if lower.starts_with('0') && lower.bytes().any(|digit| digit != b'0') => return Err(not()),
        _ => (10, Some(lower.as_str())),
    };
    let digits = digits.unwrap_or_default().replace('_', "");
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(not());
    }
    // A size is the negated end of a partition, so it needs one bit more than an offset.
    i64::from_str_radix(&digits, radix)
        .ok()
        .and_then(|value| value.checked_mul(factor))
        .filter(|value| *value <= 1 << 32)
        .map(|value| if negative { -value } else { value })
        .ok_or_else(|| LineError::OutOfRange { field, value: excerpt(text) })
}

/// As much of foreign text as belongs in a message.
fn excerpt(text: &str) -> String {
    const LIMIT: usize = 60;
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
