//! Names of baselines on their ref.
//!
//! A file is named `<count>-<key>-<commit>.json`, and what a gate keeps beside its report `….json.tests`: the count rises with
//! each entry, so the names alone say which are the oldest, and one request lists them all.

use lw_history::is_full_id;
use lw_model::lists::sort_by;

/// Entries that are kept of one thing that is measured.
const OF_ONE: usize = 50;
/// Entries that are kept in all.
const OF_ALL: usize = 2_000;

/// What is measured, and of which commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// The hash of what is measured, 64 hexadecimal digits.
    pub(crate) of: String,
    /// Full id of the commit.
    pub(crate) commit: String,
}

impl Key {
    /// Reads the key that a gate gave.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (of, commit) = text.split_once('-')?;
        let is_small = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (of.len() == 64 && is_small(of) && is_full_id(commit) && is_small(commit))
            .then(|| Self { of: of.to_owned(), commit: commit.to_owned() })
    }
}

/// An entry of the ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) count: u64,
    pub(crate) key: Key,
}

impl Kept {
    /// The name of a report, or of what is kept beside it: `""`, `.tests`.
    pub(crate) fn file(&self, beside: &str) -> String {
        format!("{:010}-{}-{}.json{beside}", self.count, self.key.of, self.key.commit)
    }

    /// The entry that a file belongs to, and what stands behind `.json`.
    pub(crate) fn of_file(name: &str) -> Option<(Self, &str)> {
        let (count, rest) = name.split_once('-')?;
        let (key, beside) = rest.split_once(".json")?;
        if count.len() != 10 || !count.bytes().all(|byte| byte.is_ascii_digit()) || !is_beside(beside) {
            return None;
        }
        Some((Self { count: count.parse().ok()?, key: Key::parse(key)? }, beside))
    }
}

/// Whether it is the end of a name that a gate writes: nothing, or a dot and a few letters.
pub(crate) fn is_beside(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix('.').is_some_and(|word| {
            (1..=20).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase())
        })
}

/// The entries whose reports are there, the oldest first.
pub(crate) fn reports<'n>(names: impl Iterator<Item = &'n str>) -> Vec<Kept> {
    let mut all: Vec<Kept> = names
        .filter_map(Kept::of_file)
        .filter(|(_, beside)| beside.is_empty())
        .map(|(kept, _)| kept)
        .collect();
    sort_by(&mut all, |a, b| (a.count, &a.key.of, &a.key.commit).cmp(&(b.count, &b.key.of, &b.key.commit)));
    all
}

/// The counts that have to go, with all their files, when one more of `of` is to come: the oldest.
pub(crate) fn surplus(kept: &[Kept], of: &str) -> Vec<Kept> {
    let mut of_one =
        kept.iter().rev().filter(|kept| kept.key.of == of).skip(OF_ONE - 1).cloned().collect::<Vec<_>>();
    let rest = kept.len() - of_one.len();
    let too_many = (rest + 1).saturating_sub(OF_ALL);
    let others = kept.iter().filter(|one| !of_one.contains(one)).take(too_many).cloned().collect::<Vec<_>>();
    of_one.extend(others);
    of_one
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(count: u64, of: char) -> Kept {
        let key = Key { of: String::from(of).repeat(64), commit: format!("{count:040x}") };
        Kept { count, key }
    }

    #[test]
    fn a_name_reads_back_and_no_other_is_one() {
        let one = kept(12, 'a');
        for beside in ["", ".tests"] {
            assert_eq!(Kept::of_file(&one.file(beside)), Some((one.clone(), beside)));
        }
        let name = one.file("");
        for wrong in [
            name.replacen('0', "", 1),
            name.replacen("0000", "+000", 1),
            name.replace(".json", ""),
            name.replace(".json", ".json.."),
            name.replace(".json", ".json/../x"),
            name.replace('a', "g"),
            name.to_ascii_uppercase(),
            format!("x/{name}"),
            String::new(),
        ] {
            assert_eq!(Kept::of_file(&wrong), None, "{wrong}");
        }
        assert!(Key::parse("").is_none() && Key::parse(&"a".repeat(64)).is_none());
    }

    #[test]
    fn the_oldest_go_and_only_as_many_as_have_to() {
        let all: Vec<Kept> = (0..49).map(|count| kept(count, 'a')).collect();
        assert_eq!(surplus(&all, &"a".repeat(64)), []);
        let all: Vec<Kept> = (0..52).map(|count| kept(count, 'a')).collect();
        let gone: Vec<u64> = surplus(&all, &"a".repeat(64)).iter().map(|kept| kept.count).collect();
        assert_eq!(gone, [2, 1, 0]);
        assert_eq!(surplus(&all, &"b".repeat(64)), []);
        let digits = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'c', 'd', 'e', 'f'];
        let full: Vec<Kept> =
            (0..2_000_u64).map(|count| kept(count, digits[usize::try_from(count % 15).unwrap()])).collect();
        let gone: Vec<u64> = surplus(&full, &"b".repeat(64)).iter().map(|kept| kept.count).collect();
        assert_eq!(gone, [0]);
    }
}
