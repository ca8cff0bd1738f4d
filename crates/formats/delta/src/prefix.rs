//! How far two pieces of data are the same.

/// Length of the common beginning, at most `limit`.
pub(crate) fn common_prefix(one: &[u8], other: &[u8], limit: usize) -> usize {
    let limit = limit.min(one.len()).min(other.len());
    let (one, other) = (one.get(..limit).unwrap_or(one), other.get(..limit).unwrap_or(other));
    let mut length = 0;
    let (words, _) = one.as_chunks::<8>();
    let (others, _) = other.as_chunks::<8>();
    for (word, other) in words.iter().zip(others) {
        let different = u64::from_le_bytes(*word) ^ u64::from_le_bytes(*other);
        if different != 0 {
            return length + (different.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    let tail = one.get(length..).unwrap_or_default().iter().zip(other.get(length..).unwrap_or_default());
    length + tail.take_while(|(one, other)| one == other).count()
}
