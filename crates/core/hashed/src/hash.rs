//! The hash of a key.

use std::hash::{BuildHasher as _, Hash, Hasher, RandomState};
use std::sync::OnceLock;

use foldhash::SharedSeed;
use foldhash::quality::FoldHasher;

/// The hash of a key, as the index keeps it.
pub(crate) fn hash_of<K: Hash + ?Sized>(key: &K) -> u32 {
    let mut all = Keyed(0);
    key.hash(&mut all);
    low(all.0)
}

#[expect(clippy::cast_possible_truncation, reason = "all bits of a hash are as good")]
fn low(hash: u64) -> u32 {
    hash as u32
}

/// The hash of what has been read so far. Each type of key brings its own calls, so they are all of few instructions.
struct Keyed(u64);

impl Hasher for Keyed {
    fn finish(&self) -> u64 {
        self.0
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.0 = of_bytes(self.0, bytes);
    }

    /// What a text ends with. A hash that it changes is one already; keys of nothing but a few such bytes have other bits of it each.
    #[inline]
    fn write_u8(&mut self, byte: u8) {
        self.0 = self.0.rotate_left(8) ^ u64::from(byte);
    }

    #[inline]
    fn write_u16(&mut self, number: u16) {
        self.0 = of_number(self.0, number.into());
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.0 = of_number(self.0, number.into());
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.0 = of_number(self.0, number);
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.0 = of_number(self.0, number as u64);
    }
}

/// What nobody knows before.
struct Key {
    first: u64,
    shared: SharedSeed,
}

/// Hashes on from a hash.
#[inline(always)]
fn from(hash: u64) -> FoldHasher<'static> {
    static KEY: OnceLock<Key> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        // The operating system's, by the only way of the standard library.
        let random = RandomState::new();
        Key { first: random.hash_one(1), shared: SharedSeed::from_u64(random.hash_one(2)) }
    });
    FoldHasher::with_seed(hash ^ key.first, &key.shared)
}

#[inline(never)]
fn of_bytes(before: u64, bytes: &[u8]) -> u64 {
    let mut hasher = from(before);
    hasher.write(bytes);
    hasher.finish()
}

#[inline(never)]
fn of_number(before: u64, number: u64) -> u64 {
    let mut hasher = from(before);
    hasher.write_u64(number);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// How many hashes so many keys have.
    fn hashes<K: Hash>(keys: impl Iterator<Item = K>) -> usize {
        keys.map(|key| hash_of(&key)).collect::<BTreeSet<u32>>().len()
    }

    /// Of a hundred thousand random hashes one or two are equal, and hardly ever twenty.
    #[test]
    fn keys_have_hashes_of_their_own() {
        const KEYS: u32 = 100_000;
        const FEWER: usize = 99_980;
        assert!(hashes(0..KEYS) > FEWER);
        assert!(hashes((0..KEYS).map(|key| u64::from(key) << 40)) > FEWER);
        assert!(hashes((0..KEYS).map(|key| i64::from(key) - 50_000)) > FEWER);
        assert!(hashes((0..KEYS).map(|key| u128::from(key) << 90)) > FEWER);
        assert!(hashes((0..KEYS).map(|key| (key / 300, key % 300))) > FEWER);
        assert!(hashes((0..KEYS).map(|key| key.to_string())) > FEWER);
        assert!(
            hashes((0..KEYS).map(|key| format!("crates/formats/firmware/src/attribution/{key}.rs"))) > FEWER
        );
        assert!(hashes((0..KEYS).map(|key| ((key / 300).to_string(), (key % 300).to_string()))) > FEWER);
        assert!(hashes((0..KEYS).map(|key| [key.to_le_bytes(); 8])) > FEWER);
        assert_eq!(hashes(0..=u8::MAX), 256);
        assert_eq!(hashes([false, true].into_iter()), 2);
    }

    /// The table looks at the lowest bits and at the highest.
    #[test]
    fn all_bits_of_a_hash_are_of_the_key() {
        for shift in [0, 8, 16, 24] {
            let bytes: BTreeSet<u32> = (0..10_000_u32).map(|key| hash_of(&key) >> shift & 0xFF).collect();
            assert_eq!(bytes.len(), 256, "bits from {shift}");
            let bytes: BTreeSet<u32> =
                (0..10_000_u32).map(|key| hash_of(&key.to_string()) >> shift & 0xFF).collect();
            assert_eq!(bytes.len(), 256, "bits from {shift}");
        }
    }

    #[test]
    fn where_one_text_ends_counts() {
        assert_ne!(hash_of(&("ab", "c")), hash_of(&("a", "bc")));
        assert_ne!(hash_of(&("ab", "")), hash_of(&("", "ab")));
        assert_ne!(hash_of(&(Some("a"), "")), hash_of(&(None::<&str>, "a")));
    }

    #[test]
    fn what_is_borrowed_has_the_hash_of_what_is_owned() {
        assert_eq!(hash_of(&"name".to_owned()), hash_of("name"));
        assert_eq!(hash_of(&vec![1_u8, 2]), hash_of([1_u8, 2].as_slice()));
    }
}
