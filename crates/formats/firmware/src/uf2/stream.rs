//! Reads a file block by block.

use md5::{Digest as _, Md5};

use crate::bytes::{array_at, u32_at};
use crate::ranges::{Conflict, MAX_RANGES, Writer};
use crate::uf2::error::{Error, Problem};
use crate::uf2::{BLOCK, Family, Image, ImagePart, MAGIC, MAGIC_END, MAGIC_SECOND, MAX_PAYLOAD};

const FLAG_NOT_MAIN_FLASH: u32 = 0x0001;
const FLAG_FILE: u32 = 0x1000;
const FLAG_FAMILY: u32 = 0x2000;
const FLAG_MD5: u32 = 0x4000;
const FLAG_TAGS: u32 = 0x8000;
/// Bytes at the end of the data that an MD5 takes.
const MD5_FIELD: u32 = 24;
/// Extension tag of a block of 0xEF that is to be ignored; picotool puts one in front because of erratum
/// RP2350-E10, and says there that it is the first of two.
const TAG_IGNORE_BLOCK: u32 = 0x9957_E304;
/// Families in a file; the format knows fewer than a hundred.
const MAX_FAMILIES: usize = 256;

/// A file that is being read.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    /// Bytes of a block that is not complete yet.
    held: Vec<u8>,
    position: u64,
    groups: Vec<Group>,
    skipped: u32,
    files: u32,
    failed: Option<Error>,
}

/// The blocks of one family, which are numbered by themselves: files for several families may be joined.
#[derive(Clone, Debug)]
struct Group {
    family: Option<Family>,
    is_esp: bool,
    total: u32,
    next: u32,
    /// Block in the file the last one was.
    last: u64,
    /// Files that were joined, each counted by itself.
    joined: u32,
    flash: u32,
    content: Writer,
}

impl Stream {
    pub(crate) fn new() -> Self {
        Self { held: Vec::new(), position: 0, groups: Vec::new(), skipped: 0, files: 0, failed: None }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.held.is_empty()
                && let Some((block, after)) = rest.split_first_chunk::<BLOCK>()
            {
                self.block(block);
                rest = after;
                continue;
            }
            let (piece, after) = rest.split_at((BLOCK - self.held.len()).min(rest.len()));
            self.held.extend_from_slice(piece);
            if self.held.len() == BLOCK {
                let block = std::mem::take(&mut self.held);
                self.block(&block);
            }
            rest = after;
        }
    }

    fn error(&self, problem: Problem) -> Error {
        Error { block: self.position / BLOCK as u64, offset: self.position, problem }
    }

    fn block(&mut self, block: &[u8]) {
        if self.failed.is_none() {
            self.failed = self.check(block).err().map(|problem| self.error(problem));
        }
        self.position += BLOCK as u64;
    }

    fn check(&mut self, block: &[u8]) -> Result<(), Problem> {
        let word = |at| u32_at(block, at).unwrap_or_default();
        for (at, expected) in [(0, MAGIC), (4, MAGIC_SECOND), (BLOCK - 4, MAGIC_END)] {
            if word(at) != expected {
                return Err(Problem::Magic { at, expected, found: word(at) });
            }
        }
        let [flags, address, size, number, total, family] = [8, 12, 16, 20, 24, 28].map(word);
        let is_file = flags & FLAG_FILE != 0;
        // The boot loader passes over these whatever they hold.
        let is_comment = !is_file && flags & FLAG_NOT_MAIN_FLASH != 0;
        let most = if flags & FLAG_MD5 != 0 { MAX_PAYLOAD - MD5_FIELD } else { MAX_PAYLOAD };
        if size > most || (size == 0 && !is_comment && !is_file) {
            return Err(Problem::PayloadSize { size, most });
        }
        let data = block.get(32..32 + size as usize).unwrap_or_default();
        let family = (flags & FLAG_FAMILY != 0 && !is_file).then_some(Family(family));
        if family == Some(Family::RP2XXX_ABSOLUTE)
            && data.iter().all(|byte| *byte == 0xEF)
            && (flags & FLAG_TAGS == 0 || word(32 + size as usize) == TAG_IGNORE_BLOCK)
        {
            self.skipped += 1;
            return Ok(());
        }
        if flags & FLAG_MD5 != 0 {
            check_md5(block, address, data)?;
        }
        let here = self.position / BLOCK as u64;
        let group = match self.groups.iter_mut().position(|group| group.family == family) {
            Some(at) => at,
            None if self.groups.len() == MAX_FAMILIES => {
                return Err(Problem::TooManyFamilies { most: MAX_FAMILIES });
            }
            None => {
                self.groups.push(Group::new(family, total));
                self.groups.len() - 1
            }
        };
        let Some(group) = self.groups.get_mut(group) else { return Ok(()) };
        group.count(number, total, here)?;
        if is_comment {
            self.skipped += 1;
        } else if is_file {
            self.files += 1;
        } else {
            group.write(address, data)?;
        }
        Ok(())
    }

    /// The source has ended.
    pub(crate) fn finish(self) -> Result<Image, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if !self.held.is_empty() || self.position == 0 {
            return Err(self.error(Problem::Truncated { available: self.held.len() as u64 }));
        }
        for Group { family, total, next: found, last, .. } in &self.groups {
            if found != total {
                let problem = Problem::Missing { family: *family, found: *found, total: *total };
                return Err(Error { block: *last, offset: last * BLOCK as u64, problem });
            }
        }
        Ok(Image {
            parts: self.groups.into_iter().filter(|group| group.flash > 0).map(Group::finish).collect(),
            blocks: u32::try_from(self.position / BLOCK as u64).unwrap_or(u32::MAX),
            skipped: self.skipped,
            files: self.files,
            total_len: self.position,
        })
    }
}

impl Group {
    fn new(family: Option<Family>, total: u32) -> Self {
        let is_esp = family.is_some_and(Family::is_espressif);
        Self { family, is_esp, total, next: 0, last: 0, joined: 1, flash: 0, content: Writer::new(is_esp) }
    }

    fn count(&mut self, number: u32, total: u32, here: u64) -> Result<(), Problem> {
        // esptool's `merge-bin --format uf2` counts the blocks of each file it joins from 0, and Espressif's boot loaders
        // (ESP USB Bridge, tinyuf2) write them all.
        if self.is_esp && number == 0 && self.next == self.total {
            (self.total, self.next) = (total, 0);
            self.joined += 1;
        }
        if total != self.total {
            return Err(Problem::Total { expected: self.total, found: total });
        }
        if number != self.next || number >= total {
            return Err(Problem::Sequence { expected: self.next, found: number });
        }
        self.next += 1;
        self.last = here;
        Ok(())
    }

    fn write(&mut self, address: u32, data: &[u8]) -> Result<(), Problem> {
        let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
        self.content.write(address, data).map_err(|conflict| match conflict {
            Conflict::Address => Problem::Address { address, size },
            Conflict::Overlap => Problem::Overlap { address, size },
            Conflict::TooMany => Problem::TooManyRanges { most: MAX_RANGES },
        })?;
        self.flash += 1;
        Ok(())
    }

    fn finish(self) -> ImagePart {
        ImagePart {
            family: self.family,
            blocks: self.flash,
            joined: self.joined,
            content: self.content.finish(),
        }
    }
}

/// The MD5 is over a region of the flash; where that is this block alone, as esptool writes it, it can be checked.
fn check_md5(block: &[u8], address: u32, data: &[u8]) -> Result<(), Problem> {
    let at = 32 + (MAX_PAYLOAD - MD5_FIELD) as usize;
    let is_own = u32_at(block, at) == Some(address)
        && u32_at(block, at + 4).map(|length| length as usize) == Some(data.len());
    match array_at(block, at + 8) {
        Some(stored) if is_own => {
            let computed = <[u8; 16]>::from(Md5::digest(data));
            if stored == computed { Ok(()) } else { Err(Problem::Md5 { stored, computed }) }
        }
        _ => Ok(()),
    }
}
