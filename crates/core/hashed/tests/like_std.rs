//! What maps and sets do, judged by those of the standard library, and their order, judged by a list.
#![allow(clippy::disallowed_types, reason = "the judge")]

use std::collections::{HashMap as StdMap, HashSet as StdSet};
use std::hash::{Hash, Hasher};

use lw_hashed::{HashMap, HashSet};
use proptest::prelude::*;

/// A key whose hash is that of many others: they are told apart by what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Alike(u8);

impl Hash for Alike {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0 % 3).hash(state);
    }
}

/// What is done with a map.
#[derive(Clone, Debug)]
enum Step {
    Insert(u8, u32),
    OrInsert(u8, u32),
    AndModify(u8, u32),
    GetMut(u8, u32),
    Remove(u8),
    Clone,
    Clear,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = || 0_u8..20;
    let step = prop_oneof![
        8 => (key(), any::<u32>()).prop_map(|(key, value)| Step::Insert(key, value)),
        4 => (key(), any::<u32>()).prop_map(|(key, value)| Step::OrInsert(key, value)),
        2 => (key(), any::<u32>()).prop_map(|(key, value)| Step::AndModify(key, value)),
        2 => (key(), any::<u32>()).prop_map(|(key, value)| Step::GetMut(key, value)),
        6 => key().prop_map(Step::Remove),
        1 => Just(Step::Clone),
        1 => Just(Step::Clear),
    ];
    proptest::collection::vec(step, 0..100)
}

/// Does the same with a map of keys made of numbers, with the judge, and with a list of the keys in their order.
fn same<K: Clone + std::fmt::Debug + Eq + Hash>(steps: Vec<Step>, key: fn(u8) -> K) {
    let (mut map, mut judge, mut order) = (HashMap::new(), StdMap::new(), Vec::<K>::new());
    let appear = |order: &mut Vec<K>, key: &K| {
        if !order.contains(key) {
            order.push(key.clone());
        }
    };
    for step in steps {
        match step {
            Step::Insert(number, value) => {
                let key = key(number);
                appear(&mut order, &key);
                assert_eq!(map.insert(key.clone(), value), judge.insert(key, value));
            }
            Step::OrInsert(number, value) => {
                let key = key(number);
                appear(&mut order, &key);
                let (ours, theirs) =
                    (map.entry(key.clone()).or_insert(value), judge.entry(key).or_insert(value));
                assert_eq!(ours, theirs);
                *ours = ours.wrapping_add(1);
                *theirs = theirs.wrapping_add(1);
            }
            Step::AndModify(number, value) => {
                let key = key(number);
                appear(&mut order, &key);
                let ours = *map.entry(key.clone()).and_modify(|now| *now /= 2).or_insert_with(|| value);
                assert_eq!(ours, *judge.entry(key).and_modify(|now| *now /= 2).or_insert_with(|| value));
            }
            Step::GetMut(number, value) => {
                let (ours, theirs) = (map.get_mut(&key(number)), judge.get_mut(&key(number)));
                assert_eq!(ours, theirs);
                if let (Some(ours), Some(theirs)) = (ours, theirs) {
                    (*ours, *theirs) = (value, value);
                }
            }
            Step::Remove(number) => {
                let key = key(number);
                if let Some(place) = order.iter().position(|other| *other == key) {
                    order.swap_remove(place);
                }
                assert_eq!(map.remove(&key), judge.remove(&key));
            }
            Step::Clone => {
                let copy = map.clone();
                assert_eq!(copy, map);
                map.clear();
                map = copy;
            }
            Step::Clear => {
                map.clear();
                judge.clear();
                order.clear();
            }
        }
        for number in 0..20 {
            let key = key(number);
            assert_eq!(map.get(&key), judge.get(&key));
            assert_eq!(map.contains_key(&key), judge.contains_key(&key));
            assert_eq!(map.get_key_value(&key), judge.get_key_value(&key));
        }
        assert_eq!((map.len(), map.is_empty()), (judge.len(), judge.is_empty()));
        assert!(map.keys().eq(&order), "{map:?} is not in the order of {order:?}");
    }
    let expected: Vec<(K, u32)> = order.iter().map(|key| (key.clone(), judge[key])).collect();
    assert!(map.iter().eq(expected.iter().map(|(key, value)| (key, value))));
    assert!(map.iter_mut().map(|(key, value)| (key.clone(), *value)).eq(expected.clone()));
    assert!(map.values().eq(expected.iter().map(|(_, value)| value)));
    assert!(map.clone().into_keys().eq(order));
    assert!(map.clone().into_values().eq(expected.iter().map(|(_, value)| *value)));
    assert!(map.clone().into_iter().eq(expected.clone()));
    assert_eq!(map, expected.into_iter().rev().collect(), "equality knows no order");
    for value in map.values_mut() {
        *value = 0;
    }
    assert!(map.values().all(|value| *value == 0));
}

proptest! {
    #[test]
    fn it_is_the_map_of_the_standard_library(steps in steps()) {
        same(steps, |number| format!("src/{number}/main.rs"));
    }

    #[test]
    fn numbers_are_keys(steps in steps()) {
        same(steps, |number| (usize::from(number), number % 2 == 0, Some(i64::from(number))));
    }

    #[test]
    fn keys_of_one_hash_are_told_apart(steps in steps()) {
        same(steps, Alike);
    }

    #[test]
    fn it_is_the_set_of_the_standard_library(items in proptest::collection::vec("[a-c]{0,3}", 0..80), gone in "[a-c]{0,3}") {
        let (mut set, mut judge) = (HashSet::new(), StdSet::new());
        let mut order = Vec::new();
        for item in &items {
            let is_new = judge.insert(item.clone());
            prop_assert_eq!(set.insert(item.clone()), is_new);
            order.extend(is_new.then(|| item.clone()));
        }
        prop_assert!(set.iter().eq(&order));
        prop_assert_eq!(set.contains(gone.as_str()), judge.contains(gone.as_str()));
        prop_assert_eq!(set.get(gone.as_str()), judge.get(gone.as_str()));
        prop_assert_eq!((set.len(), set.is_empty()), (judge.len(), judge.is_empty()));
        let mut again: HashSet<String> = items.iter().rev().cloned().collect();
        prop_assert_eq!(&again, &set);
        again.extend(["other".to_owned()]);
        prop_assert_ne!(&again, &set);
        prop_assert!(set.clone().into_iter().eq(order));
        prop_assert_eq!(set.remove(gone.as_str()), judge.remove(gone.as_str()));
        prop_assert!(!set.contains(gone.as_str()));
        prop_assert_eq!(set.into_iter().collect::<StdSet<_>>(), judge);
    }
}

#[test]
fn a_map_is_collected() {
    let map: HashMap<&str, u32> = [("b", 1), ("a", 2), ("b", 3)].into_iter().collect();
    assert!(map.iter().eq([(&"b", &3), (&"a", &2)]));
    assert_eq!(map["a"], 2);
    assert_eq!(format!("{map:?}"), r#"{"b": 3, "a": 2}"#);
    let other: HashMap<&str, u32> = [("b", 3), ("a", 1)].into_iter().collect();
    assert_ne!(map, other);
    assert_ne!(map, [("b", 3)].into_iter().collect());
    let set: HashSet<u8> = [3, 1, 3].into_iter().collect();
    assert_eq!(format!("{set:?}"), "{3, 1}");
}

#[test]
#[should_panic(expected = "index out of bounds")]
fn what_is_not_there_is_no_value() {
    let map: HashMap<&str, u32> = [("a", 1)].into_iter().collect();
    assert_eq!(map["b"], 1);
}

#[test]
fn a_key_that_is_there_is_kept() {
    /// One of those that are all equal.
    #[derive(Debug)]
    struct Key(u8);
    impl PartialEq for Key {
        fn eq(&self, _: &Self) -> bool {
            true
        }
    }
    impl Eq for Key {}
    impl Hash for Key {
        fn hash<H: Hasher>(&self, _: &mut H) {}
    }
    let mut map = HashMap::new();
    map.insert(Key(1), 'a');
    map.insert(Key(2), 'b');
    *map.entry(Key(3)).or_insert('c') = 'd';
    assert!(map.into_iter().map(|(key, value)| (key.0, value)).eq([(1, 'd')]));
}

#[test]
fn many_are_found() {
    let mut map = HashMap::with_capacity(10);
    for number in 0..100_000_u64 {
        map.insert(number << 32, number);
    }
    for number in (0..100_000_u64).step_by(3) {
        assert_eq!(map.remove(&(number << 32)), Some(number));
    }
    for number in 0..100_000_u64 {
        let expected = (number % 3 != 0).then_some(number);
        assert_eq!(map.get(&(number << 32)).copied(), expected);
    }
}

/// A value that is made is not there when making it fails, and neither is its key.
#[test]
fn a_value_that_cannot_be_made_leaves_no_key() {
    let mut map = HashMap::from_iter([("a", 1)]);
    let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        map.entry("b").or_insert_with(|| panic!("no value"));
    }));
    assert!(made.is_err());
    assert_eq!(map.get("b"), None);
    assert_eq!(map.insert("c", 3), None);
    assert!(map.iter().eq([(&"a", &1), (&"c", &3)]));
}
