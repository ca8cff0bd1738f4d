//! Zip files of strangers, such as what a run of a fork's pull request has uploaded.
//!
//! Nothing is written anywhere: what the archive holds is read into memory, entry by entry and within [`Bounds`], whatever the
//! archive says of its own lengths. A name is only a name; one that leaves its folder, is hidden or is there twice is refused all
//! the same, because nobody who means well writes one.

mod error;

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};

use zip::{CompressionMethod, ZipArchive};

pub use error::ArchiveError;

/// How much an archive may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of the archive itself.
    pub archive: usize,
    /// Entries, folders among them.
    pub entries: usize,
    /// Bytes of one unpacked file.
    pub file: u64,
    /// Bytes of all unpacked files.
    pub total: u64,
    /// How many times as long as its packed form a file may be. Text is seldom packed to a hundredth.
    pub ratio: u64,
    /// Bytes of a name.
    pub name: usize,
}

/// A file of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, with `/` between its parts: never absolute, without `..`, control characters and `\`.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Files that are shorter than this may be packed as well as they like.
const SMALL: u64 = 64 << 10;

/// Reads all files of a zip archive, in its order, and hands each to `take`, one at a time.
///
/// # Errors
/// When it is none, is damaged or encrypted, holds something else than files and folders, goes beyond a bound, or `take` says so.
pub fn unzip<E: From<ArchiveError>>(
    bytes: &[u8],
    bounds: &Bounds,
    mut take: impl FnMut(File) -> Result<(), E>,
) -> Result<(), E> {
    if bytes.len() > bounds.archive {
        return Err(ArchiveError::TooLarge { most: bounds.archive }.into());
    }
    // Before anything is made of the directory: its length in entries, as its end says it. A larger one has a form of its own.
    let most = u16::try_from(bounds.entries).unwrap_or(u16::MAX - 1).min(u16::MAX - 1);
    if told_entries(bytes).is_none_or(|told| told > most) {
        let none = told_entries(bytes).is_none();
        let error = if none { ArchiveError::NotZip } else { ArchiveError::TooMany { most: bounds.entries } };
        return Err(error.into());
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes))
        .map_err(|error| ArchiveError::Damaged { entry: None, what: error.to_string() })?;
    if archive.len() > bounds.entries {
        return Err(ArchiveError::TooMany { most: bounds.entries }.into());
    }
    let mut names = BTreeSet::new();
    let mut total = 0_u64;
    for index in 0..archive.len() {
        let damaged =
            |name: Option<&str>, what: String| ArchiveError::Damaged { entry: name.map(str::to_owned), what };
        let entry = archive.by_index(index).map_err(|error| damaged(None, error.to_string()))?;
        let name = match std::str::from_utf8(entry.name_raw()) {
            Ok(name) if is_plain(name, bounds.name) => name.to_owned(),
            _ => return Err(ArchiveError::Name { shown: shown(entry.name_raw()) }.into()),
        };
        if entry.encrypted() {
            return Err(ArchiveError::Encrypted { name }.into());
        }
        if entry.is_dir() {
            continue;
        }
        if !entry.is_file() {
            return Err(ArchiveError::Kind { name }.into());
        }
        if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::DEFLATE) {
            return Err(ArchiveError::Method { name }.into());
        }
        let packed = entry.compressed_size();
        let room = bounds.file.min(bounds.total.saturating_sub(total));
        let by_ratio = packed.saturating_mul(bounds.ratio).max(SMALL);
        let most = room.min(by_ratio);
        let mut content = Vec::new();
        // One more than allowed, to see that there is more.
        entry
            .take(most.saturating_add(1))
            .read_to_end(&mut content)
            .map_err(|error| damaged(Some(&name), error.to_string()))?;
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        if length > most {
            let error = if most == by_ratio && by_ratio < room {
                ArchiveError::Bomb { name, ratio: bounds.ratio }
            } else {
                ArchiveError::TooLong { name, file: bounds.file, total: bounds.total }
            };
            return Err(error.into());
        }
        total += length;
        if !names.insert(name.clone()) {
            return Err(ArchiveError::Twice { name }.into());
        }
        take(File { name, bytes: content })?;
    }
    Ok(())
}

/// How many entries the end of the archive says there are (APPNOTE 4.3.16); `None` when there is no end.
fn told_entries(bytes: &[u8]) -> Option<u16> {
    const END: [u8; 4] = *b"PK\x05\x06";
    // The end has 22 bytes and a comment of at most 65,535.
    let start = bytes.len().saturating_sub(22 + 65_535);
    let tail = bytes.get(start..)?;
    let at = tail.windows(END.len()).rposition(|window| window == END)?;
    let count = tail.get(at + 10..at + 12)?;
    Some(u16::from_le_bytes(count.try_into().ok()?))
}

/// Whether a name is that of a file below a folder, and nothing else.
fn is_plain(name: &str, most: usize) -> bool {
    let inside = name.strip_suffix('/').unwrap_or(name);
    !inside.is_empty()
        && name.len() <= most
        && !name.chars().any(|c| c.is_control() || c == '\\' || c == ':')
        && inside.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

/// As much of a foreign name as an error shows.
fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).chars().take(80).flat_map(char::escape_debug).collect()
}
