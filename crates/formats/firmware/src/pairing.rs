//! Whether a plain binary holds what an ELF loads: the image of a microcontroller does not name its ELF.

use goblin::elf::header::EM_AVR;
use lw_hashed::HashMap;
use lw_model::lists::sort_by_key;
use memchr::memmem;

use crate::elf::{Elf, Section};

/// How a binary stands to an ELF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawPairing {
    /// It holds the content of every section that is loaded, but for a few bytes that a tool may have filled in.
    Match,
    /// It holds content of the ELF, and other content where more of it should be.
    Other {
        /// Bytes that differ or are not there.
        differing: u64,
        /// Bytes that the ELF loads.
        loaded: u64,
    },
    /// Nothing of the ELF is in it: of another firmware, or encrypted or compressed.
    Absent,
    /// The ELF has nothing that could be recognised, or the file is text or a container.
    Unknown,
}

/// Compares what an ELF loads with a binary, as `objcopy -O binary` makes it, also with a header before it.
#[must_use]
pub fn pair_raw(elf: &Elf<'_>, elf_bytes: &[u8], file: &[u8]) -> RawPairing {
    /// Checksums, keys and serial numbers that are filled in after the link.
    const FILLED_IN: u64 = 64;
    /// What lies further from the rest is in a file of its own: external flash.
    const OTHER_MEMORY: u64 = 16 << 20;
    /// Where avr-libc puts EEPROM and fuses, which are files of their own.
    const AVR_EEPROM: u64 = 0x81_0000;
    if is_container(file) {
        return RawPairing::Unknown;
    }
    let mut loaded: Vec<(&Section<'_>, &[u8])> = elf
        .sections
        .iter()
        .filter(|section| section.is_loaded() && !(elf.machine == EM_AVR && section.lma >= AVR_EEPROM))
        .filter_map(|section| Some((section, content(elf_bytes, section)?)))
        .filter(|(_, content)| !content.is_empty())
        .collect();
    sort_by_key(&mut loaded, |(_, content)| std::cmp::Reverse(content.len()));
    let Some((anchor, base)) = anchor(&loaded, file) else {
        if loaded.iter().any(|(_, content)| chunks(content).next().is_some()) {
            return RawPairing::Absent;
        }
        // At least it has room for what is loaded beside one another.
        let lowest = loaded.iter().map(|(section, _)| section.lma).min().unwrap_or_default();
        let near = loaded.iter().filter(|(section, _)| section.lma - lowest <= OTHER_MEMORY);
        let total = near.map(|(_, content)| content.len() as u64).fold(0, u64::saturating_add);
        return match total.checked_sub(file.len() as u64) {
            Some(differing) if differing > 0 => RawPairing::Other { differing, loaded: total },
            _ => RawPairing::Unknown,
        };
    };
    let (mut differing, mut total) = (0_u64, 0_u64);
    for (section, content) in &loaded {
        // Sections of a damaged ELF may all claim the same content.
        if total > elf_bytes.len() as u64 {
            return RawPairing::Unknown;
        }
        if section.lma.abs_diff(anchor) > OTHER_MEMORY {
            continue;
        }
        let size = content.len() as u64;
        total += size;
        let start = i128::from(section.lma) + base;
        let there = usize::try_from(start).ok().and_then(|start| file.get(start..)).unwrap_or_default();
        let same = there.iter().zip(*content).filter(|(a, b)| a == b).count() as u64;
        differing += size - same;
    }
    if differing > FILLED_IN { RawPairing::Other { differing, loaded: total } } else { RawPairing::Match }
}

fn content<'b>(elf_bytes: &'b [u8], section: &Section<'_>) -> Option<&'b [u8]> {
    let start = usize::try_from(section.offset).ok()?;
    let size = usize::try_from(section.size).ok()?;
    elf_bytes.get(start..start.checked_add(size)?)
}

/// Bytes that are looked for in one piece.
const CHUNK: usize = 32;

/// Pieces of a section, spread over it, that are no filling.
fn chunks(content: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    const PIECES: usize = 16;
    const DISTINCT: usize = 8;
    let room = content.len().saturating_sub(CHUNK);
    let starts = (0..PIECES).map(move |piece| room * piece / PIECES);
    starts.filter_map(|start| {
        let chunk = content.get(start..start + CHUNK)?;
        let mut seen = [false; 256];
        chunk.iter().for_each(|byte| {
            if let Some(seen) = seen.get_mut(usize::from(*byte)) {
                *seen = true;
            }
        });
        (seen.iter().filter(|seen| **seen).count() >= DISTINCT).then_some((start, chunk))
    })
}

/// The load address of a section that is in the file, and what added to a load address gives its place: what most pieces
/// agree on.
fn anchor(loaded: &[(&Section<'_>, &[u8])], file: &[u8]) -> Option<(u64, i128)> {
    /// Sections that are looked for, the largest first.
    const SECTIONS: usize = 8;
    for (section, content) in loaded.iter().take(SECTIONS) {
        let mut votes: HashMap<i128, usize> = HashMap::new();
        for (start, chunk) in chunks(content) {
            if let Some(found) = memmem::find(file, chunk) {
                let base = i128::from(found as u64) - i128::from(start as u64) - i128::from(section.lma);
                *votes.entry(base).or_default() += 1;
            }
        }
        // Of as many votes the first place, so that the answer is the same every time.
        if let Some((base, _)) =
            votes.into_iter().max_by_key(|(base, votes)| (*votes, std::cmp::Reverse(*base)))
        {
            return Some((section.lma, base));
        }
    }
    None
}

/// Whether a file holds its content in another form: UF2, Intel HEX, S-records, an ELF, archives.
fn is_container(file: &[u8]) -> bool {
    const MAGICS: [&[u8]; 9] =
        [b"UF2\n", b":", b"S0", b"S1", b"S3", b"\x7FELF", b"\x1F\x8B", b"PK\x03\x04", b"\xFD7zXZ"];
    MAGICS.iter().any(|magic| file.starts_with(magic))
}
