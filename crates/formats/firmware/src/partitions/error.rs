//! Why a partition table is refused.

use std::borrow::Cow;
use std::fmt;

use lw_model::Diagnose;

/// Why bytes or text are no sound partition table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Neither a binary table nor text.
    #[error("no partition table: expected the magic bytes AA 50 or CSV text, found {found}")]
    NotATable {
        /// What the first bytes are instead.
        found: String,
    },
    /// There is no partition in it.
    #[error("the partition table has no partition")]
    Empty,
    /// The file ends inside an entry.
    #[error("truncated: the entry at offset {offset:#x} needs 32 bytes, the file has {available} left")]
    Truncated {
        /// Where the entry starts.
        offset: usize,
        /// How many bytes are left.
        available: usize,
    },
    /// An entry that starts with neither AA 50, EB EB nor FF.
    #[error("entry at offset {offset:#x} starts with {first:02X} {second:02X}, expected AA 50")]
    Magic {
        /// Where the entry starts.
        offset: usize,
        /// Its first byte.
        first: u8,
        /// Its second byte.
        second: u8,
    },
    /// The MD5 entry is not the MD5 of the entries before it.
    #[error("MD5 at offset {offset:#x} is {stored}, expected {computed}")]
    Md5 {
        /// Where the MD5 entry starts.
        offset: usize,
        /// The digest in the file, in hexadecimal.
        stored: String,
        /// The digest of the entries, in hexadecimal.
        computed: String,
    },
    /// There is no MD5 entry.
    #[error("the partition table has no MD5 entry")]
    MissingMd5,
    /// The table goes on after its MD5 entry.
    #[error("entry at offset {offset:#x} follows the MD5 entry, which must be the last")]
    AfterMd5 {
        /// Where the entry starts.
        offset: usize,
    },
    /// No end marker within the 3072 bytes a table may have.
    #[error("the partition table has no end marker (32 bytes of FF) up to offset {offset:#x}")]
    MissingEnd {
        /// Where it was expected at the latest.
        offset: usize,
    },
    /// A name that is not UTF-8.
    #[error("the name of the entry at offset {offset:#x} is no valid UTF-8")]
    Name {
        /// Where the entry starts.
        offset: usize,
    },
    /// More partitions than a table holds.
    #[error("{count} partitions are more than the {max} a partition table holds")]
    TooMany {
        /// How many there are.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// A line of a CSV table is wrong.
    #[error("line {line}: {problem}")]
    Line {
        /// Number of the line, from 1.
        line: u32,
        /// What is wrong with it.
        problem: LineError,
    },
    /// The partitions do not go together.
    #[error("{}{problem}", At(*.line))]
    Rule {
        /// Number of the line of the partition that is wrong, from 1, in a CSV table.
        line: Option<u32>,
        /// The rule that is broken.
        problem: RuleError,
    },
}

/// What is wrong with a line of a CSV table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// A line without a comma.
    #[error("expected `Name, Type, SubType, Offset, Size, Flags`, found `{0}`")]
    NotCsv(String),
    /// A field that must be there is not.
    #[error("the field {0} is empty")]
    EmptyField(&'static str),
    /// A name that the binary form would end early.
    #[error("the name holds a NUL, which would end it")]
    NulInName,
    /// A variable that has no value.
    #[error("the variable `${0}` has no value")]
    UnknownVariable(String),
    /// Neither a number nor a known name.
    #[error("`{value}` is no {field}: write a number or one of {known}")]
    UnknownName {
        /// The field.
        field: &'static str,
        /// What stands there.
        value: String,
        /// The names it may have.
        known: String,
    },
    /// Text where a number belongs.
    #[error("`{value}` is no {field}: write a number such as 0x10000, 64K or 1M")]
    NotANumber {
        /// The field.
        field: &'static str,
        /// What stands there.
        value: String,
    },
    /// A number outside its range.
    #[error("the {field} `{value}` is out of range")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// What stands there.
        value: String,
    },
    /// A flag that does not exist.
    #[error("unknown flag `{0}`: write encrypted, readonly or both with a colon")]
    UnknownFlag(String),
    /// A partition of type `bootloader` whose place is not known.
    #[error("a partition of type bootloader needs the {0} bootloader's offset, which is not given")]
    BootloaderOffset(&'static str),
    /// A bootloader or table that, by its line, lies where the chip has none.
    #[error("the offset is {told:#x}, and the chip has it at {place:#x}: it is the table of another chip")]
    Elsewhere {
        /// What the line says.
        told: u64,
        /// Where the build puts it, whatever the line says.
        place: u64,
    },
    /// A partition that starts where the partition table is.
    #[error("offset {offset:#x} is below {free:#x}: the partition table occupies the sector at {table:#x}")]
    BelowTable {
        /// Offset of the partition.
        offset: u64,
        /// Offset of the partition table.
        table: u64,
        /// First free offset.
        free: u64,
    },
    /// A partition that starts before the previous one ends.
    #[error("offset {offset:#x} is below {end:#x}, where the previous partition ends")]
    Overlap {
        /// Offset of the partition.
        offset: u64,
        /// End of the previous one.
        end: u64,
    },
    /// A negative size, that is an end, at or before the start.
    #[error("the partition would end at {end:#x}, which is not after its start at {offset:#x}")]
    EndBeforeStart {
        /// Offset of the partition.
        offset: u64,
        /// The end it asks for.
        end: u64,
    },
    /// A partition beyond the 4 GiB a table can address.
    #[error("the partition ends at {end:#x}, beyond the 4 GiB a partition table can address")]
    BeyondAddressSpace {
        /// The end.
        end: u64,
    },
}

/// A rule the partitions of a table break together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Two partitions of one name.
    #[error("two partitions have the name `{0}` (names count up to 16 bytes)")]
    DuplicateName(String),
    /// Two partitions on the same flash.
    #[error("partition `{second}` at {offset:#x} overlaps `{first}`, which ends at {end:#x}")]
    Overlap {
        /// The partition that starts first.
        first: String,
        /// The other.
        second: String,
        /// Where the other starts.
        offset: u64,
        /// Where the first ends.
        end: u64,
    },
    /// A partition where the partition table is, or before it.
    #[error(
        "partition `{name}` at {offset:#x} is below {free:#x}, the first offset after the partition table"
    )]
    BelowTable {
        /// Name of the partition.
        name: String,
        /// Its offset.
        offset: u64,
        /// First free offset.
        free: u64,
    },
    /// An offset the MMU cannot map or the flash cannot erase.
    #[error("partition `{name}` has the offset {offset:#x}, which is not a multiple of {alignment:#x}")]
    Unaligned {
        /// Name of the partition.
        name: String,
        /// Its offset.
        offset: u64,
        /// What it must be a multiple of.
        alignment: u32,
    },
    /// More than one partition that says which slot is booted.
    #[error("partitions `{first}` and `{second}` are both data/{subtype}, and there can be only one")]
    DuplicateOtadata {
        /// Name of the first.
        first: String,
        /// Name of the second.
        second: String,
        /// `ota` or `tee_ota`.
        subtype: &'static str,
    },
    /// An otadata partition that is not two sectors.
    #[error("partition `{name}` is data/{subtype} of {size:#x} bytes, expected 0x2000")]
    OtadataSize {
        /// Name of the partition.
        name: String,
        /// `ota` or `tee_ota`.
        subtype: &'static str,
        /// Its size.
        size: u32,
    },
    /// A partition beyond the 4 GiB a table can address.
    #[error("partition `{name}` ends at {end:#x}, beyond the 4 GiB a partition table can address")]
    BeyondAddressSpace {
        /// Name of the partition.
        name: String,
        /// The end.
        end: u64,
    },
}

/// `line 3: ` before a message, where there are lines.
struct At(Option<u32>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(line) => write!(f, "line {line}: "),
            None => Ok(()),
        }
    }
}

impl Diagnose for TableError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::NotATable { .. } => {
                "Give the project's partitions.csv, or the partition-table.bin (partitions.bin) of its build."
            }
            Self::Empty => "Give the partition table of the project; erased flash reads as an empty table.",
            Self::Truncated { .. }
            | Self::Magic { .. }
            | Self::Md5 { .. }
            | Self::AfterMd5 { .. }
            | Self::Name { .. } => {
                "Build the partition table again: it was changed or damaged after the build."
            }
            Self::MissingMd5 => {
                "Build the table with a current gen_esp32part.py, or allow tables without MD5 (old ESP-IDF)."
            }
            Self::MissingEnd { .. } => {
                "Build the partition table again: the bootloader needs the end marker to accept it."
            }
            Self::TooMany { .. } => "Merge or remove partitions: a table is 3 KiB of 32-byte entries.",
            Self::Line { problem: LineError::UnknownVariable(_), .. } => "Give the variable a value.",
            Self::Line { problem: LineError::BelowTable { .. } | LineError::Overlap { .. }, .. } => {
                "Leave the offset empty to have it filled in, or move the partition; keep the lines in order of offset."
            }
            Self::Line { problem: LineError::BootloaderOffset(_), .. } => {
                "Say which chip the table is for, or where its bootloader lies: ESP-IDF gives gen_esp32part.py --primary-bootloader-offset."
            }
            Self::Line { problem: LineError::Elsewhere { .. }, .. } => {
                "Give the table that was written for this chip; where one is for several chips, leave the offset empty: gen_esp32part.py knows it."
            }
            Self::Line { problem: LineError::UnknownName { field: "subtype", .. }, .. } => {
                "Declare a subtype of your own as ESP-IDF's EXTRA_PARTITION_SUBTYPES does: `app, my_subtype, 0x40`."
            }
            Self::Line { .. } => "Correct the line; gen_esp32part.py would refuse it as well.",
            Self::Rule { problem: RuleError::DuplicateName(_), .. } => {
                "Give each partition its own name of at most 16 bytes."
            }
            Self::Rule { .. } => "Correct the partition's offset or size.",
        };
        Some(hint.into())
    }
}
