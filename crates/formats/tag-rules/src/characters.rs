//! Sets of characters as JavaScript's classes have them, and what its flag `i` adds to one.

use std::collections::BTreeSet;
use std::sync::OnceLock;

/// From one character to another, both included.
pub(crate) type Range = (char, char);

/// `\d`.
pub(crate) const DIGITS: &[Range] = &[('0', '9')];
/// `\w`.
pub(crate) const WORDS: &[Range] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
/// `\w` with the flags `i` and `u`: what is folded to `s` and `k`, too.
pub(crate) const FOLDED_WORDS: &[Range] =
    &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z'), ('\u{17f}', '\u{17f}'), ('\u{212a}', '\u{212a}')];
/// `\s`.
pub(crate) const SPACES: &[Range] = &[
    ('\t', '\r'),
    (' ', ' '),
    ('\u{a0}', '\u{a0}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{2000}', '\u{200a}'),
    ('\u{2028}', '\u{2029}'),
    ('\u{202f}', '\u{202f}'),
    ('\u{205f}', '\u{205f}'),
    ('\u{3000}', '\u{3000}'),
    ('\u{feff}', '\u{feff}'),
];
/// What `.` does not match.
pub(crate) const LINE_ENDS: &[Range] = &[('\n', '\n'), ('\r', '\r'), ('\u{2028}', '\u{2029}')];

/// All characters that are in none of these ranges, which are in order and apart.
pub(crate) fn others(ranges: &[Range]) -> Vec<Range> {
    let mut found = Vec::new();
    let mut from = Some('\0');
    for &(low, high) in ranges {
        let between = from.and_then(|from| Some((from, (from..low).next_back()?)));
        found.extend(between);
        from = (high..=char::MAX).nth(1);
    }
    found.extend(from.map(|from| (from, char::MAX)));
    found
}

/// Which characters are one to the flag `i` (`Canonicalize` of ECMA-262).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// Without `u`: those with the same capital, of one UTF-16 code unit; none outside of ASCII is one of ASCII.
    Capitals,
    /// With `u`: those of one simple folding in Unicode.
    Folded,
}

impl Case {
    /// What stands for a character and all that are one with it.
    fn canonical(self, of: char) -> char {
        fn single(mut all: impl Iterator<Item = char>) -> Option<char> {
            all.next().filter(|_| all.next().is_none())
        }
        match self {
            Self::Capitals => single(of.to_uppercase())
                .filter(|capital| of.len_utf16() == 1 && capital.len_utf16() == 1)
                .filter(|capital| of.is_ascii() || !capital.is_ascii())
                .unwrap_or(of),
            Self::Folded => match of {
                // Of Turkish only.
                '\u{130}' | '\u{131}' => of,
                // Their capitals have several characters and no small letter of their own.
                '\u{1fd3}' => '\u{390}',
                '\u{1fe3}' => '\u{3b0}',
                '\u{fb05}' => '\u{fb06}',
                _ => {
                    let capital = single(of.to_uppercase()).unwrap_or(of);
                    single(capital.to_lowercase()).unwrap_or(capital)
                }
            },
        }
    }

    /// Each character that another one stands for, behind that.
    fn pairs(self) -> &'static [(char, char)] {
        /// No letter behind it has a capital.
        const LAST: char = '\u{1ffff}';
        static CAPITALS: OnceLock<Vec<(char, char)>> = OnceLock::new();
        static FOLDED: OnceLock<Vec<(char, char)>> = OnceLock::new();
        let table = match self {
            Self::Capitals => &CAPITALS,
            Self::Folded => &FOLDED,
        };
        table.get_or_init(|| {
            let all = ('\0'..=LAST).map(|of| (self.canonical(of), of));
            all.filter(|(canonical, of)| canonical != of).collect()
        })
    }

    /// The characters of a set and all that are one with one of them.
    pub(crate) fn all(self, mut ranges: Vec<Range>) -> Vec<Range> {
        let has = |of: char| ranges.iter().any(|&(low, high)| (low..=high).contains(&of));
        let found: BTreeSet<char> = self
            .pairs()
            .iter()
            .filter(|(canonical, of)| has(*canonical) || has(*of))
            .map(|(canonical, _)| *canonical)
            .collect();
        let added = self.pairs().iter().filter(|(canonical, _)| found.contains(canonical));
        ranges.extend(added.map(|(_, of)| (*of, *of)));
        ranges.extend(found.into_iter().map(|canonical| (canonical, canonical)));
        lw_model::lists::sort(&mut ranges);
        ranges.dedup_by(|next, last| {
            let is_inside = next.0 <= last.1;
            if is_inside {
                last.1 = last.1.max(next.1);
            }
            is_inside
        });
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_others_are_all_that_are_not_in_a_set() {
        for set in [DIGITS, WORDS, FOLDED_WORDS, SPACES, LINE_ENDS, &[], &[('\0', 'a')], &[('a', char::MAX)]]
        {
            let others = others(set);
            let has = |set: &[Range], of| set.iter().any(|(low, high)| (*low..=*high).contains(&of));
            assert!(('\0'..=char::MAX).all(|of| has(set, of) != has(&others, of)), "{set:?}");
        }
        assert_eq!(others(&[('\0', char::MAX)]), []);
    }

    #[test]
    fn no_letter_is_behind_those_that_are_looked_at() {
        for case in [Case::Capitals, Case::Folded] {
            assert!(('\u{20000}'..=char::MAX).all(|of| case.canonical(of) == of), "{case:?}");
        }
    }

    #[test]
    fn ranges_are_joined_where_one_has_the_other() {
        let all = |ranges: &[Range]| Case::Capitals.all(ranges.to_vec());
        assert_eq!(
            all(&[('a', 'c'), ('b', 'd')]),
            [('A', 'A'), ('B', 'B'), ('C', 'C'), ('D', 'D'), ('a', 'd')]
        );
        assert_eq!(all(&[('1', '9'), ('2', '3')]), [('1', '9')]);
        assert_eq!(all(&[]), []);
    }
}
