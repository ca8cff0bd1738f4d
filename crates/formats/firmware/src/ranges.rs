//! Addresses that a file writes.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::image::{ContentWatch, Nested};

/// Separate ranges that are kept; a linker makes a handful.
pub(crate) const MAX_RANGES: usize = 1 << 16;

/// Addresses that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first address.
    pub start: u32,
    /// Number of bytes.
    pub length: u64,
}

impl Range {
    /// The first address after it.
    #[must_use]
    pub fn end(&self) -> u64 {
        u64::from(self.start) + self.length
    }
}

/// What a file writes, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Bytes of data.
    pub size: u64,
    /// The addresses that are written, sorted, adjoining ones joined.
    pub ranges: Vec<Range>,
    /// SHA-256 over the data in the order of the addresses; what lies between ranges is left out, because tools
    /// disagree how to fill it. Of one range it is that of the binary the file was made from. `None` when the
    /// data does not come in that order.
    pub sha256: Option<[u8; 32]>,
    /// The images at the start of its ranges, in the order they were written; only those whose bytes come in the order
    /// of their addresses.
    pub nested: Vec<Nested>,
}

impl Content {
    /// From the lowest address to the highest, gaps included.
    #[must_use]
    pub fn span(&self) -> Option<Range> {
        let (first, last) = (self.ranges.first()?, self.ranges.last()?);
        Some(Range { start: first.start, length: last.end() - u64::from(first.start) })
    }

    /// The addresses inside [`span`](Self::span) that are not written.
    pub fn gaps(&self) -> impl Iterator<Item = Range> {
        self.ranges.windows(2).filter_map(|pair| match pair {
            [before, after] => {
                let start = u32::try_from(before.end()).ok()?;
                Some(Range { start, length: u64::from(after.start) - before.end() })
            }
            _ => None,
        })
    }
}

/// Why data cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// It ends after the address space of 32 bits.
    Address,
    /// Some of it is there already.
    Overlap,
    /// There are [`MAX_RANGES`] already.
    TooMany,
}

/// [`Content`] while it grows.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    /// Start and length; ranges that touch are joined.
    ranges: BTreeMap<u32, u64>,
    size: u64,
    /// The end of the last data, and the digest of all of it as long as the addresses rise.
    end: u64,
    sha256: Option<Sha256>,
    images: ContentWatch,
    /// Whether the data is for a chip of Espressif.
    is_esp: bool,
}

impl Writer {
    /// `is_esp` tells that the data is for a chip of Espressif.
    pub(crate) fn new(is_esp: bool) -> Self {
        Self {
            ranges: BTreeMap::new(),
            size: 0,
            end: 0,
            sha256: Some(Sha256::new()),
            images: ContentWatch::default(),
            is_esp,
        }
    }

    pub(crate) fn write(&mut self, address: u32, data: &[u8]) -> Result<(), Conflict> {
        let length = data.len() as u64;
        let end = u64::from(address) + length;
        if length == 0 {
            return Ok(());
        }
        if end > 1 << 32 {
            return Err(Conflict::Address);
        }
        let before = self.ranges.range(..=address).next_back().map(|(start, length)| (*start, *length));
        let after = self.ranges.range(address..).next().map(|(start, length)| (*start, *length));
        let before_end = before.map_or(0, |(start, length)| u64::from(start) + length);
        if (before.is_some() && before_end > address.into())
            || after.is_some_and(|(start, _)| u64::from(start) < end)
        {
            return Err(Conflict::Overlap);
        }
        let mut range = (address, length);
        if let Some((start, length)) = before
            && before_end == u64::from(address)
        {
            range = (start, length + range.1);
        }
        if let Some((start, length)) = after
            && u64::from(start) == end
        {
            self.ranges.remove(&start);
            range.1 += length;
        }
        if self.ranges.len() >= MAX_RANGES && !self.ranges.contains_key(&range.0) {
            return Err(Conflict::TooMany);
        }
        self.ranges.insert(range.0, range.1);
        match &mut self.sha256 {
            Some(sha256) if u64::from(address) >= self.end => sha256.update(data),
            _ => self.sha256 = None,
        }
        self.images.write(address, data, self.is_esp);
        self.end = end;
        self.size += length;
        Ok(())
    }

    pub(crate) fn finish(self) -> Content {
        Content {
            size: self.size,
            ranges: self.ranges.into_iter().map(|(start, length)| Range { start, length }).collect(),
            sha256: self.sha256.map(|sha256| sha256.finalize().into()),
            nested: self.images.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_join_and_their_gaps_are_known() {
        let mut writer = Writer::new(false);
        for (address, data) in [(0x100, "abcd"), (0x104, "ef"), (0x200, "gh")] {
            writer.write(address, data.as_bytes()).unwrap();
        }
        let content = writer.finish();
        assert_eq!(content.ranges, [Range { start: 0x100, length: 6 }, Range { start: 0x200, length: 2 }]);
        assert_eq!(content.span(), Some(Range { start: 0x100, length: 0x102 }));
        assert_eq!(content.gaps().collect::<Vec<_>>(), [Range { start: 0x106, length: 0xFA }]);
        assert_eq!(content.sha256, Some(Sha256::digest(b"abcdefgh").into()));
        assert_eq!(content.size, 8);
    }

    #[test]
    fn data_out_of_order_is_joined_but_not_hashed() {
        let mut writer = Writer::new(false);
        for address in [0x104, 0x100, 0x108] {
            writer.write(address, &[1; 4]).unwrap();
        }
        let content = writer.finish();
        assert_eq!(content.ranges, [Range { start: 0x100, length: 12 }]);
        assert_eq!(content.sha256, None);
    }

    #[test]
    fn what_is_there_is_not_written_again() {
        let mut writer = Writer::new(false);
        writer.write(0x100, &[1; 16]).unwrap();
        for (address, length) in [(0x100, 1), (0x10F, 1), (0xFF, 2), (0xF0, 64), (0x108, 4)] {
            assert_eq!(writer.write(address, &vec![0; length]), Err(Conflict::Overlap), "{address:#x}");
        }
        assert_eq!(writer.write(0xFFFF_FFFF, &[1; 2]), Err(Conflict::Address));
        writer.write(0xFFFF_FFFF, &[1]).unwrap();
        assert_eq!(writer.finish().span().map(|span| span.end()), Some(1 << 32));
    }
}
