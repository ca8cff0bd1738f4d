//! The map.

use std::borrow::Borrow;
use std::fmt;
use std::hash::Hash;
use std::ops::Index as Indexing;

use crate::hash::hash_of;
use crate::index::Index;

/// A [`std::collections::HashMap`] that keeps the order of insertion.
#[derive(Clone)]
pub struct HashMap<K, V> {
    entries: Vec<(K, V)>,
    index: Index,
}

impl<K, V> Default for HashMap<K, V> {
    fn default() -> Self {
        Self { entries: Vec::new(), index: Index::default() }
    }
}

impl<K, V> HashMap<K, V> {
    /// A map of nothing, without an allocation.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A map with room for so many entries.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let mut index = Index::default();
        index.reserve(capacity);
        Self { entries: Vec::with_capacity(capacity), index }
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries, in the order of insertion.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter(self.entries.iter())
    }

    /// The entries, in the order of insertion.
    pub fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        IterMut(self.entries.iter_mut())
    }

    /// The keys, in the order of insertion.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + ExactSizeIterator {
        self.entries.iter().map(|entry| &entry.0)
    }

    /// The values, in the order of insertion of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator {
        self.entries.iter().map(|entry| &entry.1)
    }

    /// The values, in the order of insertion of their keys.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> + ExactSizeIterator {
        self.entries.iter_mut().map(|entry| &mut entry.1)
    }

    /// The keys, in the order of insertion.
    pub fn into_keys(self) -> impl DoubleEndedIterator<Item = K> + ExactSizeIterator {
        self.entries.into_iter().map(|entry| entry.0)
    }

    /// The values, in the order of insertion of their keys.
    pub fn into_values(self) -> impl DoubleEndedIterator<Item = V> + ExactSizeIterator {
        self.entries.into_iter().map(|entry| entry.1)
    }

    /// Takes all entries out.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.index.clear();
    }
}

impl<K: Eq + Hash, V> HashMap<K, V> {
    /// Where the entry of a key is.
    fn place<Q: Eq + Hash + ?Sized>(&self, hash: u32, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        let entries = self.entries.as_slice();
        self.index.find(hash, &mut |place| entries.get(place).is_some_and(|entry| entry.0.borrow() == key))
    }

    /// Adds an entry whose key is not there yet.
    fn add(&mut self, hash: u32, key: K, value: V) {
        self.index.add(hash, self.entries.len());
        self.entries.push((key, value));
    }

    /// The value of a key.
    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        Some(self.get_key_value(key)?.1)
    }

    /// A key and its value.
    pub fn get_key_value<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        // Many are asked for many times and have nothing.
        if self.entries.is_empty() {
            return None;
        }
        let (key, value) = self.entries.get(self.place(hash_of(key), key)?)?;
        Some((key, value))
    }

    /// The value of a key, to be changed.
    pub fn get_mut<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(hash_of(key), key)?;
        Some(&mut self.entries.get_mut(place)?.1)
    }

    /// Whether the map has a key.
    pub fn contains_key<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get_key_value(key).is_some()
    }

    /// Gives a key its value: the value it had before, or nothing where it is new. A key that is there already is kept.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let hash = hash_of(&key);
        let place = self.place(hash, &key);
        match place.and_then(|place| self.entries.get_mut(place)) {
            Some(entry) => Some(std::mem::replace(&mut entry.1, value)),
            None => {
                self.add(hash, key, value);
                None
            }
        }
    }

    /// The place of a key, to be filled or changed.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        let hash = hash_of(&key);
        let place = self.place(hash, &key);
        Entry { map: self, hash, key, place }
    }

    /// Takes the value of a key out. The last entry takes its place in the order.
    pub fn remove<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let hash = hash_of(key);
        let place = self.place(hash, key)?;
        self.index.remove(hash, place);
        let (_, value) = self.entries.swap_remove(place);
        if let Some((moved, _)) = self.entries.get(place) {
            self.index.renumber(hash_of(moved), self.entries.len(), place);
        }
        Some(value)
    }
}

/// The place of a key in a map, which has a value or not.
pub struct Entry<'m, K, V> {
    map: &'m mut HashMap<K, V>,
    hash: u32,
    key: K,
    place: Option<usize>,
}

impl<'m, K: Eq + Hash, V> Entry<'m, K, V> {
    /// The value that is there, or that is put there.
    pub fn or_insert(self, value: V) -> &'m mut V {
        self.or_insert_with(|| value)
    }

    /// The value that is there, or that is made and put there.
    pub fn or_insert_with(self, make: impl FnOnce() -> V) -> &'m mut V {
        let Self { map, hash, key, place } = self;
        let place = place.unwrap_or_else(|| {
            map.add(hash, key, make());
            map.entries.len() - 1
        });
        &mut map.entries[place].1
    }

    /// The value that is there, or that is made by [`Default`] and put there.
    pub fn or_default(self) -> &'m mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    /// Changes the value where there is one.
    #[must_use]
    pub fn and_modify(self, change: impl FnOnce(&mut V)) -> Self {
        if let Some(entry) = self.place.and_then(|place| self.map.entries.get_mut(place)) {
            change(&mut entry.1);
        }
        self
    }
}

impl<K: Eq + Hash, V> Extend<(K, V)> for HashMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Eq + Hash, V> FromIterator<(K, V)> for HashMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        let mut map = Self::with_capacity(entries.size_hint().0);
        map.extend(entries);
        map
    }
}

impl<K: Eq + Hash + Borrow<Q>, Q: Eq + Hash + ?Sized, V> Indexing<&Q> for HashMap<K, V> {
    type Output = V;

    /// # Panics
    /// Where the map does not have the key.
    fn index(&self, key: &Q) -> &V {
        &self.entries[self.place(hash_of(key), key).unwrap_or(usize::MAX)].1
    }
}

impl<K: Eq + Hash, V: PartialEq> PartialEq for HashMap<K, V> {
    /// Whether both have the same entries, in whatever order.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl<K: Eq + Hash, V: Eq> Eq for HashMap<K, V> {}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for HashMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Entries of a map, by reference.
#[derive(Debug)]
pub struct Iter<'m, K, V>(std::slice::Iter<'m, (K, V)>);

/// Entries of a map, with values that can be changed.
#[derive(Debug)]
pub struct IterMut<'m, K, V>(std::slice::IterMut<'m, (K, V)>);

/// What were the entries of a map.
pub type IntoIter<K, V> = std::vec::IntoIter<(K, V)>;

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<'m, K, V> Iterator for Iter<'m, K, V> {
    type Item = (&'m K, &'m V);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (key, value))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<'m, K, V> Iterator for IterMut<'m, K, V> {
    type Item = (&'m K, &'m mut V);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (&*key, value))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<K, V> ExactSizeIterator for Iter<'_, K, V> {}

impl<K, V> ExactSizeIterator for IterMut<'_, K, V> {}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(key, value)| (key, value))
    }
}

impl<'m, K, V> IntoIterator for &'m HashMap<K, V> {
    type Item = (&'m K, &'m V);
    type IntoIter = Iter<'m, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'m, K, V> IntoIterator for &'m mut HashMap<K, V> {
    type Item = (&'m K, &'m mut V);
    type IntoIter = IterMut<'m, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<K, V> IntoIterator for HashMap<K, V> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}
