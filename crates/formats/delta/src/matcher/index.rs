//! Where in the base the bytes at a place of the target occur.

use std::sync::OnceLock;

/// The fewest bytes that are looked up.
pub(super) const SEED: usize = 6;

/// How many places are kept of those that share a row, the last ones of the base. A row is half a cache line.
const WAYS: usize = 8;

/// How many places a lookup gives at the most, of the two tables of a small base.
pub(super) const MAX_PLACES: usize = 2 * WAYS;

/// How many rows are read at once where one place after the other is looked up: each is a wait for memory, and these are
/// waited for together.
const AHEAD: usize = 8;

/// The size in bytes from which a base is large.
const LARGE: usize = 1 << 20;

/// One in how many bytes of a large base have been looked up when finer tables are worth their making.
const MUCH: usize = 1024;

/// No place. Not zero: memory that is zero would be mapped twice, first when it is read and again when it is written.
const NONE: u32 = u32::MAX;

/// What a table holds.
#[derive(Clone, Copy)]
struct Shape {
    /// How many bytes are looked up.
    length: usize,
    /// Every how many bytes of the base there is a place. As every byte of the target is looked up, what both share is
    /// found when it is this much less one longer than what is looked up.
    stride: usize,
}

/// For a small base. Few bytes that occur often would hide the one place where many are the same, so many are looked up
/// first.
const ALL: &[Shape] = &[Shape { length: 12, stride: 1 }, Shape { length: SEED, stride: 1 }];

/// For a large one, as long as little is looked up: more would take longer to make than everything else that is done for
/// two releases that differ little.
const COARSE: &[Shape] = &[Shape { length: 32, stride: 16 }];

/// For a large one. A step for less than eleven bytes is seldom worth it, and table and time would be twice as large.
const FINE: &[Shape] = &[Shape { length: 8, stride: 2 }];

/// An index of the places of a base, for several that search it. Tables are made when they are asked for.
pub(super) struct Index<'a> {
    base: &'a [u8],
    coarse: OnceLock<Vec<Table>>,
    fine: OnceLock<Vec<Table>>,
}

impl<'a> Index<'a> {
    pub(super) fn new(base: &'a [u8]) -> Self {
        Self { base, coarse: OnceLock::new(), fine: OnceLock::new() }
    }

    pub(super) fn base(&self) -> &'a [u8] {
        self.base
    }

    /// Tables for a search that looks up no more than so many places. There are none for a small base, where finer ones
    /// are cheap.
    pub(super) fn coarse(&self) -> Option<(&[Table], usize)> {
        let is_large = self.base.len() >= LARGE;
        is_large.then(|| (self.coarse.get_or_init(|| self.tables(COARSE)).as_slice(), self.base.len() / MUCH))
    }

    /// Tables for any search.
    pub(super) fn fine(&self) -> &[Table] {
        self.fine.get_or_init(|| self.tables(if self.base.len() < LARGE { ALL } else { FINE }))
    }

    fn tables(&self, shapes: &[Shape]) -> Vec<Table> {
        shapes.iter().map(|shape| Table::new(self.base, *shape)).collect()
    }
}

/// One who looks up places of the target, in their order.
pub(super) struct Lookup<'a> {
    tables: &'a [Table],
    target: &'a [u8],
    count: usize,
    last: usize,
    /// The rows that were read at once, and of which place and how many.
    rows: Vec<[Row; AHEAD]>,
    from: usize,
    filled: usize,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(tables: &'a [Table], target: &'a [u8]) -> Self {
        let rows = vec![[Row::EMPTY; AHEAD]; tables.len()];
        Self { tables, target, count: 0, last: usize::MAX - 1, rows, from: 0, filled: 0 }
    }

    /// How many places were looked up.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The places of the base that may have the bytes at a place of the target: for each table, those with most bytes
    /// first.
    pub(super) fn places(&mut self, at: usize) -> impl Iterator<Item = impl Iterator<Item = usize>> {
        self.count += 1;
        if !(self.from..self.from + self.filled).contains(&at) {
            self.from = at;
            self.filled = if at == self.last.wrapping_add(1) { AHEAD } else { 1 };
            for (rows, table) in self.rows.iter_mut().zip(self.tables) {
                for (row, place) in rows.iter_mut().zip(at..at + self.filled) {
                    *row = table.row(self.target, place);
                }
            }
        }
        self.last = at;
        let number = at - self.from;
        let row = move |rows: &[Row; AHEAD]| rows.get(number).copied().unwrap_or(Row::EMPTY);
        self.rows.iter().zip(self.tables).map(move |(rows, table)| table.places(row(rows)))
    }
}

/// The places of a number of bytes.
pub(super) struct Table {
    shape: Shape,
    /// For each hash the last places, the last first: the number of the place, and above it bits that tell apart hashes
    /// which share a row.
    rows: Vec<[u32; WAYS]>,
    /// How many bits of a hash are not of its row.
    shift: u32,
    /// How many bits a number has. None of them has all.
    bits: u32,
}

/// A row with the bits that its entries have to have.
#[derive(Clone, Copy)]
struct Row {
    entries: [u32; WAYS],
    tag: u32,
}

impl Row {
    const EMPTY: Self = Self { entries: [NONE; WAYS], tag: 0 };
}

impl Table {
    fn new(base: &[u8], shape: Shape) -> Self {
        let count = base.len() / shape.stride + 1;
        let bits = usize::BITS - count.leading_zeros();
        // Half of the entries, about, are taken.
        let row_bits = bits.saturating_sub(3).clamp(6, 22);
        let rows = vec![[NONE; WAYS]; 1 << row_bits];
        let mut table = Self { shape, rows, shift: u64::BITS - row_bits, bits };
        for (number, start) in (0..base.len()).step_by(shape.stride).enumerate() {
            let Some(hash) = hash(base, start, shape) else { continue };
            // A base holds less than 2^31 bytes.
            let entry = table.tag(hash) | number as u32;
            if let Some(row) = table.rows.get_mut((hash >> table.shift) as usize) {
                row.copy_within(..WAYS - 1, 1);
                row[0] = entry;
            }
        }
        table
    }

    /// What the entries of a hash have above the number.
    fn tag(&self, hash: u64) -> u32 {
        (hash as u32).checked_shl(self.bits).unwrap_or(0)
    }

    fn row(&self, target: &[u8], at: usize) -> Row {
        let Some(hash) = hash(target, at, self.shape) else { return Row::EMPTY };
        let entries = self.rows.get((hash >> self.shift) as usize).copied().unwrap_or([NONE; WAYS]);
        Row { entries, tag: self.tag(hash) }
    }

    fn places(&self, row: Row) -> impl Iterator<Item = usize> {
        let stride = self.shape.stride;
        let numbers = u32::MAX >> (u32::BITS - self.bits.min(u32::BITS));
        row.entries
            .into_iter()
            .take_while(|entry| *entry != NONE)
            .filter(move |entry| entry & !numbers == row.tag)
            .map(move |entry| (entry & numbers) as usize * stride)
    }
}

/// The hash of the bytes at a place, unless they lie inside a run: a run would fill its row with places that all say the
/// same, so only those near its beginning and its end are kept.
fn hash(data: &[u8], at: usize, shape: Shape) -> Option<u64> {
    let rest = data.get(at..)?;
    let word = u64::from_le_bytes(*rest.first_chunk()?);
    // Each byte against the next.
    let run = (word ^ word >> 8) << (64 - 8 * (SEED - 1)) == 0;
    if run && inside_run(data, at, shape) {
        return None;
    }
    if shape.length < 8 {
        return Some(mixed(word << (64 - 8 * shape.length)));
    }
    let bytes = rest.get(..shape.length)?;
    let mut hash = mixed(u64::from_le_bytes(*bytes.last_chunk()?));
    for word in bytes.as_chunks().0.iter().rev() {
        hash = mixed(hash.rotate_left(29) ^ u64::from_le_bytes(*word));
    }
    Some(hash)
}

/// A number of which the upper bits tell the row and the lower ones the tag.
fn mixed(word: u64) -> u64 {
    let product = word.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    product ^ product >> 29
}

fn inside_run(data: &[u8], at: usize, shape: Shape) -> bool {
    let around =
        at.checked_sub(shape.stride).and_then(|start| data.get(start..at + shape.length + shape.stride));
    around.is_some_and(|around| around.iter().all(|byte| Some(byte) == around.first()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that count up, so that no eight bytes are elsewhere.
    fn counted(count: u32) -> Vec<u8> {
        (0..count).flat_map(|number| number.wrapping_mul(0x9E37_79B1).to_le_bytes()).collect()
    }

    fn found(base: &[u8], target: &[u8], at: usize) -> Vec<Vec<usize>> {
        let index = Index::new(base);
        let mut lookup = Lookup::new(index.fine(), target);
        // The place before, so that rows are read ahead.
        let _ = lookup.places(at - 1).count();
        lookup.places(at).map(Iterator::collect).collect()
    }

    #[test]
    fn a_place_is_found_by_many_bytes_and_by_few() {
        let base = counted(1000);
        let mut target = base[2000..2100].to_vec();
        assert_eq!(found(&base, &target, 10), [[2010], [2010]]);
        target[18] ^= 1;
        assert_eq!(found(&base, &target, 10), [vec![], vec![2010]]);
        target[15] ^= 1;
        assert_eq!(found(&base, &target, 10), [[], []] as [[usize; 0]; 2]);
    }

    #[test]
    fn of_a_place_that_comes_often_the_last_ones_are_given() {
        let mut base = counted(1000);
        let piece = base[2000..2012].to_vec();
        for start in (2400..4000).step_by(100) {
            base[start..start + 12].copy_from_slice(&piece);
        }
        let target = [b"?", &piece[..], b"!"].concat();
        let found = found(&base, &target, 1).swap_remove(0);
        // Other hashes may share the row.
        assert!((WAYS / 2..=WAYS).contains(&found.len()), "{found:?}");
        assert!(
            found.iter().zip((2400..4000).step_by(100).rev()).all(|(one, other)| *one == other),
            "{found:?}"
        );
    }

    #[test]
    fn a_large_base_is_indexed_coarsely_and_finely() {
        let base = counted(u32::try_from(LARGE / 4).unwrap());
        let at = LARGE / 2;
        let index = Index::new(&base);
        let (coarse, _) = index.coarse().unwrap();
        let found = |tables, length| {
            let target = &base[at + 1..at + 1 + length];
            let mut lookup = Lookup::new(tables, target);
            (0..length).find_map(|place| lookup.places(place).flatten().next().map(|found| (place, found)))
        };
        assert_eq!(found(coarse, 40), None);
        assert_eq!(found(coarse, 47), Some((15, at + 16)));
        assert_eq!(found(index.fine(), 8), None);
        assert_eq!(found(index.fine(), 9), Some((1, at + 2)));
        assert!(Index::new(&base[1..]).coarse().is_none());
    }
}
