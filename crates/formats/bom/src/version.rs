//! Which of two versions is the later one, whatever ecosystem they are of.

use std::cmp::Ordering;

/// Words that stand before a release.
const BEFORE: &[&str] = &[
    "a",
    "alpha",
    "b",
    "beta",
    "c",
    "canary",
    "cr",
    "dev",
    "ea",
    "m",
    "milestone",
    "next",
    "nightly",
    "pre",
    "preview",
    "rc",
    "snapshot",
];

/// How the second version stands to the first; `None` where that cannot be told: commits, words, two spellings of one version.
///
/// Semantic versions are compared by their rules. Others part by part, numbers as numbers; what is longer is later, if it does
/// not go on with a word that stands before a release.
pub(crate) fn compare(first: &str, second: &str) -> Option<Ordering> {
    if first == second {
        return Some(Ordering::Equal);
    }
    let [first, second] = [first, second].map(|text| text.strip_prefix(['v', 'V']).unwrap_or(text));
    if is_commit(first) || is_commit(second) {
        return None;
    }
    let semantic = semver::Version::parse(first).ok().zip(semver::Version::parse(second).ok());
    let order = match semantic {
        Some((first, second)) => first.cmp_precedence(&second),
        None => by_parts(first, second)?,
    };
    (order != Ordering::Equal).then_some(order)
}

/// Whether it looks like the hash of a commit.
fn is_commit(text: &str) -> bool {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex && text.len() >= 7 && (text.len() >= 40 || text.bytes().any(|byte| byte.is_ascii_alphabetic()))
}

#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Number(&'a str),
    Word(&'a str),
}

/// The version apart: an epoch (`1!2.0`, `1:2.0`), and the rest without its build (`+…`).
fn parts(text: &str) -> (u64, Vec<Part<'_>>) {
    let (epoch, rest) = text
        .split_once(['!', ':'])
        .and_then(|(epoch, rest)| Some((epoch.parse().ok()?, rest)))
        .unwrap_or((0, text));
    let rest = rest.split('+').next().unwrap_or(rest);
    let mut parts = Vec::new();
    let mut start = 0;
    let kind = |c: char| if c.is_ascii_digit() { 1 } else { usize::from(c.is_alphabetic()) * 2 };
    let mut previous = 0;
    let ends = rest.char_indices().map(|(at, c)| (at, kind(c))).chain([(rest.len(), 0)]);
    for (at, kind) in ends {
        if kind == previous {
            continue;
        }
        if let (Some(part), 1..) = (rest.get(start..at), previous) {
            parts.push(if previous == 1 { Part::Number(part) } else { Part::Word(part) });
        }
        (start, previous) = (at, kind);
    }
    (epoch, parts)
}

fn by_parts(first: &str, second: &str) -> Option<Ordering> {
    let ((first_epoch, first), (second_epoch, second)) = (parts(first), parts(second));
    // Words without any number are names of branches.
    let has_number = |parts: &[Part<'_>]| parts.iter().any(|part| matches!(part, Part::Number(_)));
    if !has_number(&first) || !has_number(&second) {
        return None;
    }
    if first_epoch != second_epoch {
        return Some(first_epoch.cmp(&second_epoch));
    }
    for index in 0..first.len().max(second.len()) {
        let order = match (first.get(index), second.get(index)) {
            (Some(Part::Number(first)), Some(Part::Number(second))) => numbers(first, second),
            (Some(Part::Word(first)), Some(Part::Word(second))) => words(first, second),
            (Some(Part::Number(_)), Some(Part::Word(_))) => Ordering::Greater,
            (Some(Part::Word(_)), Some(Part::Number(_))) => Ordering::Less,
            (Some(rest), None) => after_the_end(rest),
            (None, Some(rest)) => after_the_end(rest).reverse(),
            (None, None) => Ordering::Equal,
        };
        if order != Ordering::Equal {
            return Some(order);
        }
    }
    Some(Ordering::Equal)
}

/// Of any length.
fn numbers(first: &str, second: &str) -> Ordering {
    let [first, second] = [first, second].map(|digits| digits.trim_start_matches('0'));
    first.len().cmp(&second.len()).then_with(|| first.cmp(second))
}

fn is_before(word: &str) -> bool {
    BEFORE.iter().any(|before| before.eq_ignore_ascii_case(word))
}

fn words(first: &str, second: &str) -> Ordering {
    let [first, second] = [first, second].map(str::to_ascii_lowercase);
    // Of the words before a release, the alphabet is their order, as it happens.
    is_before(&second).cmp(&is_before(&first)).then_with(|| first.cmp(&second))
}

/// How a version stands that goes on where the other ends.
fn after_the_end(rest: &Part<'_>) -> Ordering {
    match rest {
        Part::Word(word) if is_before(word) => Ordering::Less,
        // 1.0 and 1.0.0 are one.
        Part::Number(number) if number.bytes().all(|byte| byte == b'0') => Ordering::Equal,
        _ => Ordering::Greater,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn later_ones_are_told_from_earlier_ones() {
        for (earlier, later) in [
            ("1.2.3", "1.10.0"),
            ("v1.9", "1.10"),
            ("1.0.0-rc.1", "1.0.0"),
            ("1.0rc1", "1.0"),
            ("1.0a1", "1.0b1"),
            ("1.0.dev3", "1.0"),
            ("1.0", "1.0.post1"),
            ("9.9", "1!1.0"),
            ("1.7.19~1", "1.7.19~2"),
            ("2024.01", "2024.2"),
            ("0.0.0-20240101000000-abcdef123456", "0.0.0-20250101000000-abcdef123456"),
            ("1.1.1k", "1.1.1w"),
            ("1.0", "1.0.0.1"),
            ("99999999999999999999", "100000000000000000000"),
        ] {
            assert_eq!(compare(earlier, later), Some(Ordering::Less), "{earlier} {later}");
            assert_eq!(compare(later, earlier), Some(Ordering::Greater), "{later} {earlier}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_not() {
        for (first, second) in [
            ("1.0", "1.0.0"),
            ("1.0.0+a", "1.0.0+b"),
            ("0123abc", "4567def"),
            ("main", "develop"),
            ("1.0", "main"),
            ("", "1"),
        ] {
            assert_eq!(compare(first, second), None, "{first} {second}");
        }
        assert_eq!(compare("main", "main"), Some(Ordering::Equal));
    }

    proptest! {
        #[test]
        fn either_way_round_it_is_the_same(first in "v?[0-9a-c.!:+~-]{0,8}", second in "v?[0-9a-c.!:+~-]{0,8}") {
            prop_assert_eq!(compare(&first, &second), compare(&second, &first).map(Ordering::reverse));
        }
    }
}
