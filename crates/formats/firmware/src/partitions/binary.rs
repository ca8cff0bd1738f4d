//! The binary form: what lies in flash.
//!
//! Layout: ESP-IDF `components/bootloader_support/include/esp_flash_partitions.h` (`esp_partition_info_t`):
//! magic AA 50, type, subtype, offset, size, name of 16 bytes, flags. An entry EB EB, 14 bytes FF and the MD5
//! of all entries before it is the last; 32 bytes FF end the table, which has 0xC00 bytes at most.

use base16ct::lower::encode_string as hex;
use md5::{Digest as _, Md5};

use crate::partitions::error::TableError;
use crate::partitions::{MAX_NAME, MAX_PARTITIONS, ParseOptions, Partition, Table};

const ENTRY: usize = 32;
const MAX_LENGTH: usize = 0xC00;
const MAGIC: [u8; 2] = [0xAA, 0x50];
const MD5_MAGIC: [u8; 2] = [0xEB, 0xEB];

/// Whether the bytes start like a binary table, an empty one included.
pub(super) fn starts(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
        || bytes.starts_with(&MD5_MAGIC)
        || bytes.first_chunk::<ENTRY>().is_some_and(|entry| entry.iter().all(|byte| *byte == 0xFF))
}

pub(super) fn parse(bytes: &[u8], options: ParseOptions) -> Result<Vec<Partition>, TableError> {
    let mut partitions = Vec::new();
    let mut hash = Md5::new();
    let mut md5_seen = false;
    let mut ended = false;
    let table = bytes.get(..MAX_LENGTH).unwrap_or(bytes);
    for (index, entry) in table.chunks(ENTRY).enumerate() {
        let offset = index * ENTRY;
        let Some(entry) = entry.first_chunk::<ENTRY>() else {
            return Err(TableError::Truncated { offset, available: entry.len() });
        };
        if entry.iter().all(|byte| *byte == 0xFF) {
            ended = true;
            break;
        }
        if md5_seen {
            return Err(TableError::AfterMd5 { offset });
        }
        match *entry {
            [0xEB, 0xEB, ref rest @ ..] => {
                let stored = rest.get(14..).unwrap_or_default();
                let computed = hash.clone().finalize();
                if stored != computed.as_slice() {
                    return Err(TableError::Md5 { offset, stored: hex(stored), computed: hex(&computed) });
                }
                md5_seen = true;
            }
            [0xAA, 0x50, ..] => {
                hash.update(entry);
                partitions.push(read(entry).ok_or(TableError::Name { offset })?);
            }
            [first, second, ..] => return Err(TableError::Magic { offset, first, second }),
        }
    }
    if !ended && !options.allow_missing_end {
        return Err(TableError::MissingEnd { offset: table.len() });
    }
    if !md5_seen && !partitions.is_empty() && !options.allow_missing_md5 {
        return Err(TableError::MissingMd5);
    }
    Ok(partitions)
}

/// `None` when the name is not UTF-8.
fn read(entry: &[u8; ENTRY]) -> Option<Partition> {
    let [_, _, kind, subtype, o0, o1, o2, o3, s0, s1, s2, s3, name @ .., f0, f1, f2, f3] = *entry;
    let name: &[u8; MAX_NAME] = &name;
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    Some(Partition {
        name: std::str::from_utf8(name.get(..end)?).ok()?.to_owned(),
        kind,
        subtype,
        offset: u32::from_le_bytes([o0, o1, o2, o3]),
        size: u32::from_le_bytes([s0, s1, s2, s3]),
        flags: u32::from_le_bytes([f0, f1, f2, f3]),
    })
}

pub(super) fn write(table: &Table) -> Result<Vec<u8>, TableError> {
    let count = table.partitions.len();
    if count > MAX_PARTITIONS {
        return Err(TableError::TooMany { count, max: MAX_PARTITIONS });
    }
    let mut bytes = Vec::with_capacity(MAX_LENGTH);
    for partition in &table.partitions {
        bytes.extend(MAGIC);
        bytes.extend([partition.kind, partition.subtype]);
        bytes.extend(partition.offset.to_le_bytes());
        bytes.extend(partition.size.to_le_bytes());
        bytes.extend(partition.name.bytes().chain(std::iter::repeat(0)).take(MAX_NAME));
        bytes.extend(partition.flags.to_le_bytes());
    }
    let digest = Md5::digest(&bytes);
    bytes.extend(MD5_MAGIC);
    bytes.extend([0xFF; 14]);
    bytes.extend(digest);
    bytes.resize(MAX_LENGTH, 0xFF);
    Ok(bytes)
}
