//! Rules the partitions of a table obey together.
//!
//! Source: `verify` in ESP-IDF's `gen_esp32part.py` (version 1.5).

use std::fmt;

use lw_hashed::HashSet;
use lw_model::lists::sort_by_key;

use crate::partitions::error::RuleError;
use crate::partitions::names::{COREDUMP, DATA, NVS, OTADATA, TEE_OTADATA};
use crate::partitions::{APP_ALIGNMENT, Partition, TABLE_SECTOR, Table};

/// Flash is written in words.
const WORD: u32 = 4;
/// Flash is erased in sectors.
const SECTOR: u32 = 0x1000;
const OTADATA_SIZE: u32 = 0x2000;
/// An NVS partition that is written needs three sectors.
const NVS_WRITABLE: u32 = 0x3000;

/// The first broken rule, and the index of the partition that breaks it.
pub(super) fn check(partitions: &[Partition], table_offset: Option<u32>) -> Result<(), (usize, RuleError)> {
    let mut names = HashSet::new();
    if let Some(twin) = partitions.iter().position(|partition| !names.insert(partition.name.as_str())) {
        return Err((
            twin,
            RuleError::DuplicateName(partitions.get(twin).map(|p| p.name.clone()).unwrap_or_default()),
        ));
    }
    for (index, partition) in partitions.iter().enumerate() {
        alone(partition, table_offset).map_err(|error| (index, error))?;
    }
    let mut sorted: Vec<(usize, &Partition)> = partitions.iter().enumerate().collect();
    sort_by_key(&mut sorted, |(_, partition)| partition.offset);
    for pair in sorted.windows(2) {
        if let [(_, first), (index, second)] = pair
            && u64::from(second.offset) < first.end()
        {
            let (first, end) = (first.name.clone(), first.end());
            let (second, offset) = (second.name.clone(), second.offset.into());
            return Err((*index, RuleError::Overlap { first, second, offset, end }));
        }
    }
    for (wanted, subtype) in [(OTADATA, "ota"), (TEE_OTADATA, "tee_ota")] {
        let mut found = partitions.iter().enumerate().filter(|(_, p)| (p.kind, p.subtype) == (DATA, wanted));
        let Some((index, first)) = found.next() else { continue };
        let name = first.name.clone();
        if let Some((index, second)) = found.next() {
            let error = RuleError::DuplicateOtadata { first: name, second: second.name.clone(), subtype };
            return Err((index, error));
        }
        if first.size != OTADATA_SIZE {
            return Err((index, RuleError::OtadataSize { name, subtype, size: first.size }));
        }
    }
    Ok(())
}

/// Rules a partition obeys by itself.
fn alone(partition: &Partition, table_offset: Option<u32>) -> Result<(), RuleError> {
    let (name, offset, end) = (partition.name.clone(), u64::from(partition.offset), partition.end());
    if end > 1 << 32 {
        return Err(RuleError::BeyondAddressSpace { name, end });
    }
    let alignment = if partition.is_app() { APP_ALIGNMENT } else { WORD };
    if !partition.offset.is_multiple_of(alignment) {
        return Err(RuleError::Unaligned { name, offset, alignment });
    }
    let free = table_offset.map_or(0, |table| u64::from(table) + u64::from(TABLE_SECTOR));
    if offset < free && !partition.is_primary() {
        return Err(RuleError::BelowTable { name, offset, free });
    }
    Ok(())
}

/// A rule that newer ESP-IDF versions refuse a table for, and older ones do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advice {
    /// A data partition that shares a sector, and so is erased with its neighbour (an error since ESP-IDF 5.0).
    DataUnaligned {
        /// Name of the partition.
        name: String,
        /// Its offset.
        offset: u32,
    },
    /// The size of an application partition is no whole number of sectors (an error since ESP-IDF 5.1).
    AppSizeUnaligned {
        /// Name of the partition.
        name: String,
        /// Its size.
        size: u32,
    },
    /// A writable NVS partition of fewer than three sectors (an error since ESP-IDF 5.2).
    NvsTooSmall {
        /// Name of the partition.
        name: String,
        /// Its size.
        size: u32,
    },
    /// `ota` and `coredump` data are written by the system and cannot be read-only (an error since ESP-IDF 5.2).
    AlwaysWritten {
        /// Name of the partition.
        name: String,
    },
    /// There are slots for updates and nothing that says which is booted.
    NoOtadata,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DataUnaligned { name, offset } => {
                write!(f, "partition `{name}` has the offset {offset:#x}, which is not a multiple of 0x1000")
            }
            Self::AppSizeUnaligned { name, size } => {
                write!(
                    f,
                    "application partition `{name}` has the size {size:#x}, which is not a multiple of 0x1000"
                )
            }
            Self::NvsTooSmall { name, size } => {
                write!(
                    f,
                    "NVS partition `{name}` of {size:#x} bytes must be readonly: writing needs 0x3000 at least"
                )
            }
            Self::AlwaysWritten { name } => {
                write!(f, "partition `{name}` is written by the system and cannot be readonly")
            }
            Self::NoOtadata => f.write_str("the table has ota_* slots but no otadata partition (data, ota)"),
        }
    }
}

impl Table {
    /// What newer ESP-IDF versions would refuse in this table.
    #[must_use]
    pub fn advice(&self) -> Vec<Advice> {
        let mut advice = Vec::new();
        for partition in &self.partitions {
            let Partition { kind, subtype, offset, size, .. } = *partition;
            let name = || partition.name.clone();
            if !partition.is_app() && offset % SECTOR != 0 {
                advice.push(Advice::DataUnaligned { name: name(), offset });
            }
            if partition.is_app() && size % SECTOR != 0 {
                advice.push(Advice::AppSizeUnaligned { name: name(), size });
            }
            if (kind, subtype) == (DATA, NVS) && size < NVS_WRITABLE && !partition.is_readonly() {
                advice.push(Advice::NvsTooSmall { name: name(), size });
            }
            if kind == DATA && matches!(subtype, OTADATA | COREDUMP) && partition.is_readonly() {
                advice.push(Advice::AlwaysWritten { name: name() });
            }
        }
        let slots = self.app_slots().filter(|partition| partition.subtype_name() != "factory").count();
        if slots > 0 && !self.partitions.iter().any(Partition::is_otadata) {
            advice.push(Advice::NoOtadata);
        }
        advice
    }
}
