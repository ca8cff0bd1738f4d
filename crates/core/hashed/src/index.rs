//! The table of all types.

use hashbrown::HashTable;

/// Which entries have which hash. Nothing in it depends on what the entries are.
#[derive(Clone, Default)]
pub(crate) struct Index {
    slots: HashTable<Slot>,
}

#[derive(Clone, Copy)]
struct Slot {
    hash: u32,
    place: u32,
}

/// The hash as the table wants it, which looks at the lowest bits and at the seven highest.
fn wide(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

/// # Panics
/// Of more entries than fit into the memory of most machines.
fn narrow(place: usize) -> u32 {
    assert!(place < u32::MAX as usize, "a map holds no more than 4,294,967,295 entries");
    #[expect(clippy::cast_possible_truncation, reason = "it is smaller")]
    let place = place as u32;
    place
}

impl Index {
    /// The place of the entry with this hash that is the one.
    #[inline(never)]
    pub(crate) fn find(&self, hash: u32, is_it: &mut dyn FnMut(usize) -> bool) -> Option<usize> {
        let found = self.slots.find(wide(hash), |slot| slot.hash == hash && is_it(slot.place as usize))?;
        Some(found.place as usize)
    }

    /// Adds an entry that is not there yet.
    #[inline(never)]
    pub(crate) fn add(&mut self, hash: u32, place: usize) {
        self.slots.insert_unique(wide(hash), Slot { hash, place: narrow(place) }, |slot| wide(slot.hash));
    }

    /// Takes an entry away.
    #[inline(never)]
    pub(crate) fn remove(&mut self, hash: u32, place: usize) {
        if let Ok(found) = self.slots.find_entry(wide(hash), |slot| slot.place as usize == place) {
            found.remove();
        }
    }

    /// Tells of an entry that it lies elsewhere now.
    #[inline(never)]
    pub(crate) fn renumber(&mut self, hash: u32, from: usize, to: usize) {
        if let Some(found) = self.slots.find_mut(wide(hash), |slot| slot.place as usize == from) {
            found.place = narrow(to);
        }
    }

    /// Makes room for so many more.
    #[inline(never)]
    pub(crate) fn reserve(&mut self, more: usize) {
        self.slots.reserve(more, |slot| wide(slot.hash));
    }

    #[inline(never)]
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_fits_or_is_refused() {
        assert_eq!(narrow(0), 0);
        assert_eq!(narrow(u32::MAX as usize - 1), u32::MAX - 1);
        assert!(std::panic::catch_unwind(|| narrow(u32::MAX as usize)).is_err());
    }

    /// Whether an entry is the one is asked only of those with its hash.
    #[test]
    fn others_are_not_looked_at() {
        let mut index = Index::default();
        for place in 0..1000_u32 {
            index.add(place.wrapping_mul(0x9E37_79B9), place as usize);
        }
        index.add(0x9E37_79B9, 1000);
        let mut asked = Vec::new();
        let found = index.find(0x9E37_79B9, &mut |place| {
            asked.push(place);
            place == 1000
        });
        assert_eq!(found, Some(1000));
        assert!(asked.iter().all(|place| [1, 1000].contains(place)), "{asked:?}");
    }
}
