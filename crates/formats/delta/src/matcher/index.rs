//! Where in the base a few bytes occur.

/// How many bytes are looked up.
pub(super) const SEED: usize = 6;

/// A base of at least this size has only every fourth place in its index. What the base and the target share is still
/// found when it is nine bytes long, and for less a step is seldom worth it.
const LARGE: usize = 1 << 20;

/// An index of the places of [`SEED`] bytes of the base.
pub(super) struct Index {
    /// The last place for each hash, and for every place the one before with the same hash; as the number of the place
    /// plus one, so that zero is none.
    heads: Vec<u32>,
    chain: Vec<u32>,
    shift: u32,
    /// Every how many bytes a place is.
    stride: usize,
}

impl Index {
    pub(super) fn new(base: &[u8]) -> Self {
        let stride = if base.len() < LARGE { 1 } else { 4 };
        let places = base.len() / stride + 1;
        let bits = (usize::BITS - places.leading_zeros()).clamp(8, 22);
        let shift = u64::BITS - bits;
        let mut heads = vec![0; 1 << bits];
        let mut chain = vec![0; places];
        for (number, before) in chain.iter_mut().enumerate() {
            let Some(bytes) = seed(base, number * stride, stride) else { continue };
            if let Some(head) = heads.get_mut(hash(bytes, shift)) {
                // A base holds less than 2^31 bytes.
                *before = std::mem::replace(head, number as u32 + 1);
            }
        }
        Self { heads, chain, shift, stride }
    }

    /// The places that may have the bytes at a place of the target, the last ones of the base first.
    pub(super) fn places(&self, target: &[u8], at: usize) -> impl Iterator<Item = usize> {
        let bytes = seed(target, at, self.stride);
        let head = bytes.and_then(|bytes| self.heads.get(hash(bytes, self.shift)));
        let mut next = head.copied().unwrap_or(0);
        std::iter::from_fn(move || {
            let number = (next as usize).checked_sub(1)?;
            next = self.chain.get(number).copied().unwrap_or(0);
            Some(number * self.stride)
        })
    }
}

/// The bytes at a place, unless they lie inside a run: a run would fill its chain with places that all say the same, so
/// only those near its beginning and its end are kept.
fn seed(data: &[u8], at: usize, stride: usize) -> Option<u64> {
    let word = u64::from_le_bytes(*data.get(at..)?.first_chunk()?);
    // Each byte against the next.
    let run = (word ^ word >> 8) << (64 - 8 * (SEED - 1)) == 0;
    (!run || !inside_run(data, at, stride)).then_some(word << (64 - 8 * SEED))
}

fn inside_run(data: &[u8], at: usize, stride: usize) -> bool {
    let around = at.checked_sub(stride).and_then(|start| data.get(start..at + SEED + stride));
    around.is_some_and(|around| around.iter().all(|byte| Some(byte) == around.first()))
}

fn hash(bytes: u64, shift: u32) -> usize {
    (bytes.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> shift) as usize
}
