//! Where in the base the bytes at a place of the target occur.

/// The fewest bytes that are looked up.
pub(super) const SEED: usize = 6;

/// What a table holds.
#[derive(Clone, Copy)]
struct Shape {
    /// How many bytes are looked up.
    length: usize,
    /// How many places with them are given, the last ones of the base first.
    places: usize,
    /// Every how many bytes of the base there is a place. As every byte of the target is looked up, what both share is
    /// found when it is this much less one longer than what is looked up.
    stride: usize,
}

/// Few bytes that occur often would hide the one place where many are the same, so many are looked up first.
const SMALL: &[Shape] = &[
    Shape { length: 32, places: 4, stride: 1 },
    Shape { length: 12, places: 16, stride: 1 },
    Shape { length: SEED, places: 48, stride: 1 },
];

/// A table of every place of a large base takes longer than everything else that is done for two releases that differ
/// little, and a step for less than eleven bytes is seldom worth it.
const LARGE: &[Shape] =
    &[Shape { length: 32, places: 4, stride: 16 }, Shape { length: 8, places: 48, stride: 4 }];

/// Instead, where much is looked up.
const LARGE_AND_FINE: &[Shape] = &[
    Shape { length: 32, places: 4, stride: 16 },
    Shape { length: 12, places: 16, stride: 2 },
    Shape { length: SEED, places: 48, stride: 1 },
];

/// The size in bytes from which a base is large.
const LARGE_BASE: usize = 1 << 20;

/// One in how many bytes of the base have been looked up when that is much.
const MUCH: usize = 64;

/// An index of the places of a base.
pub(super) struct Index {
    tables: Vec<Table>,
    /// How many more lookups there are until the tables are made finer.
    until_finer: Option<usize>,
}

impl Index {
    pub(super) fn new(base: &[u8]) -> Self {
        let (shapes, until_finer) =
            if base.len() < LARGE_BASE { (SMALL, None) } else { (LARGE, Some(base.len() / MUCH)) };
        Self { tables: tables(base, shapes), until_finer }
    }

    /// The places that may have the bytes at a place of the target.
    pub(super) fn places<'a>(
        &'a mut self,
        base: &[u8],
        target: &'a [u8],
        at: usize,
    ) -> impl Iterator<Item = usize> + 'a {
        if let Some(left) = &mut self.until_finer {
            *left -= 1;
            if *left == 0 {
                self.until_finer = None;
                self.tables.clear();
                self.tables = tables(base, LARGE_AND_FINE);
            }
        }
        self.tables.iter().flat_map(move |table| table.places(target, at))
    }
}

fn tables(base: &[u8], shapes: &[Shape]) -> Vec<Table> {
    shapes.iter().map(|shape| Table::new(base, *shape)).collect()
}

/// The places of a number of bytes.
struct Table {
    shape: Shape,
    /// The last place for each hash, and for every place the one before with the same hash; as the number of the place
    /// plus one, so that zero is none.
    heads: Vec<u32>,
    chain: Vec<u32>,
    shift: u32,
}

impl Table {
    fn new(base: &[u8], shape: Shape) -> Self {
        let count = base.len() / shape.stride + 1;
        let bits = (usize::BITS - count.leading_zeros()).clamp(8, 22);
        let shift = u64::BITS - bits;
        let mut heads = vec![0; 1 << bits];
        let mut chain = vec![0; count];
        for (number, before) in chain.iter_mut().enumerate() {
            let Some(hash) = hash(base, number * shape.stride, shape) else { continue };
            if let Some(head) = heads.get_mut((hash >> shift) as usize) {
                // A base holds less than 2^31 bytes.
                *before = std::mem::replace(head, number as u32 + 1);
            }
        }
        Self { shape, heads, chain, shift }
    }

    fn places(&self, target: &[u8], at: usize) -> impl Iterator<Item = usize> {
        let hash = hash(target, at, self.shape);
        let head = hash.and_then(|hash| self.heads.get((hash >> self.shift) as usize));
        let mut next = head.copied().unwrap_or(0);
        std::iter::from_fn(move || {
            let number = (next as usize).checked_sub(1)?;
            next = self.chain.get(number).copied().unwrap_or(0);
            Some(number * self.shape.stride)
        })
        .take(self.shape.places)
    }
}

/// The hash of the bytes at a place, unless they lie inside a run: a run would fill its chain with places that all say the
/// same, so only those near its beginning and its end are kept.
fn hash(data: &[u8], at: usize, shape: Shape) -> Option<u64> {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let rest = data.get(at..)?;
    let word = u64::from_le_bytes(*rest.first_chunk()?);
    // Each byte against the next.
    let run = (word ^ word >> 8) << (64 - 8 * (SEED - 1)) == 0;
    if run && inside_run(data, at, shape) {
        return None;
    }
    if shape.length < 8 {
        return Some((word << (64 - 8 * shape.length)).wrapping_mul(ODD));
    }
    let bytes = rest.get(..shape.length)?;
    let mut hash = u64::from_le_bytes(*bytes.last_chunk()?).wrapping_mul(ODD);
    for word in bytes.as_chunks().0.iter().rev() {
        hash = (hash.rotate_left(29) ^ u64::from_le_bytes(*word)).wrapping_mul(ODD);
    }
    Some(hash)
}

fn inside_run(data: &[u8], at: usize, shape: Shape) -> bool {
    let around =
        at.checked_sub(shape.stride).and_then(|start| data.get(start..at + shape.length + shape.stride));
    around.is_some_and(|around| around.iter().all(|byte| Some(byte) == around.first()))
}
