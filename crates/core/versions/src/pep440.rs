//! Versions of Python packages, as PEP 440 has them (packaging.python.org/en/latest/specifications/version-specifiers).

use std::cmp::Ordering;
use std::fmt;

/// A version of PEP 440. It is shown in its normal form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pep440 {
    /// What stands before the `!`; 0 without one.
    pub epoch: u64,
    /// The numbers of the release.
    pub release: Vec<u64>,
    /// The phase of a pre-release and its number.
    pub pre: Option<(Pre, u64)>,
    /// Number of the post-release.
    pub post: Option<u64>,
    /// Number of the development release.
    pub dev: Option<u64>,
    /// What follows the `+`, in its parts.
    pub local: Vec<String>,
}

/// The phase of a pre-release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pre {
    /// `a`
    Alpha,
    /// `b`
    Beta,
    /// `rc`
    Candidate,
}

/// A version that is longer than this is somebody's joke.
const MAX_LENGTH: usize = 256;

impl Pep440 {
    /// Parses a version in any of the forms PEP 440 allows, with a `v` before it or without; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let lower = text.to_ascii_lowercase();
        let mut rest = Rest(lower.strip_prefix('v').unwrap_or(&lower));
        let mut first = rest.number()?;
        let epoch = if rest.eat("!") { std::mem::replace(&mut first, rest.number()?) } else { 0 };
        let mut release = vec![first];
        while rest
            .0
            .strip_prefix('.')
            .is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()))
        {
            rest.eat(".");
            release.push(rest.number()?);
        }
        let phases = [
            ("alpha", Pre::Alpha),
            ("beta", Pre::Beta),
            ("preview", Pre::Candidate),
            ("pre", Pre::Candidate),
            ("rc", Pre::Candidate),
            ("a", Pre::Alpha),
            ("b", Pre::Beta),
            ("c", Pre::Candidate),
        ];
        let pre = rest.lettered(&phases)?;
        let implicit =
            rest.0.strip_prefix('-').filter(|rest| rest.starts_with(|next: char| next.is_ascii_digit()));
        let post = match implicit {
            Some(after) => {
                rest = Rest(after);
                Some(rest.number()?)
            }
            None => rest.lettered(&[("post", ()), ("rev", ()), ("r", ())])?.map(|(_, number)| number),
        };
        let dev = rest.lettered(&[("dev", ())])?.map(|(_, number)| number);
        let mut local = Vec::new();
        if rest.eat("+") {
            for part in rest.0.split(['-', '_', '.']) {
                if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                    return None;
                }
                let number = part.parse::<u64>().ok();
                local.push(number.map_or_else(|| part.to_owned(), |number| number.to_string()));
            }
            rest = Rest("");
        }
        rest.0.is_empty().then_some(Self { epoch, release, pre, post, dev, local })
    }

    /// Whether it is neither a pre-release, nor a post-release, nor one of development.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.pre.is_none() && self.post.is_none() && self.dev.is_none()
    }

    /// A number of the release by its place; 0 where there is none.
    #[must_use]
    pub fn number(&self, place: usize) -> u64 {
        self.release.get(place).copied().unwrap_or(0)
    }

    /// The release alone, without what makes it another one than the final.
    #[must_use]
    pub fn to_final(&self) -> Self {
        Self { pre: None, post: None, dev: None, local: Vec::new(), ..self.clone() }
    }

    /// The order of PEP 440. Versions that differ by zeros at the end of the release are equal in it, and so are those that differ
    /// by what follows the `+`.
    #[must_use]
    pub fn precedence(&self, other: &Self) -> Ordering {
        let longest = self.release.len().max(other.release.len());
        let release = || {
            (0..longest)
                .map(|place| self.number(place).cmp(&other.number(place)))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        };
        self.epoch
            .cmp(&other.epoch)
            .then_with(release)
            .then_with(|| self.phase().cmp(&other.phase()))
            .then_with(|| self.post.cmp(&other.post))
            .then_with(|| self.dev.unwrap_or(u64::MAX).cmp(&other.dev.unwrap_or(u64::MAX)))
    }

    /// A development release comes before the first alpha, and a final release after the last candidate.
    fn phase(&self) -> (u8, Option<(Pre, u64)>) {
        match self.pre {
            None if self.post.is_none() && self.dev.is_some() => (0, None),
            None => (2, None),
            pre => (1, pre),
        }
    }
}

impl fmt::Display for Pep440 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.epoch != 0 {
            write!(f, "{}!", self.epoch)?;
        }
        for (place, number) in self.release.iter().enumerate() {
            if place > 0 {
                f.write_str(".")?;
            }
            write!(f, "{number}")?;
        }
        if let Some((pre, number)) = self.pre {
            let letters = match pre {
                Pre::Alpha => "a",
                Pre::Beta => "b",
                Pre::Candidate => "rc",
            };
            write!(f, "{letters}{number}")?;
        }
        if let Some(number) = self.post {
            write!(f, ".post{number}")?;
        }
        if let Some(number) = self.dev {
            write!(f, ".dev{number}")?;
        }
        if !self.local.is_empty() {
            write!(f, "+{}", self.local.join("."))?;
        }
        Ok(())
    }
}

struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn eat(&mut self, text: &str) -> bool {
        match self.0.strip_prefix(text) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn number(&mut self) -> Option<u64> {
        let end = self.0.find(|next: char| !next.is_ascii_digit()).unwrap_or(self.0.len());
        let number = self.0.get(..end)?.parse().ok()?;
        self.0 = self.0.get(end..)?;
        Some(number)
    }

    fn separator(text: &str) -> &str {
        text.strip_prefix(['-', '_', '.']).unwrap_or(text)
    }

    /// One of some words, perhaps with a separator before it, and one between it and its number, which is 0 where there is none.
    /// `None` when the number is too large.
    fn lettered<T: Copy>(&mut self, words: &[(&str, T)]) -> Option<Option<(T, u64)>> {
        let begin = Self::separator(self.0);
        let found = words.iter().find_map(|(word, what)| Some((begin.strip_prefix(word)?, *what)));
        let Some((after, what)) = found else { return Some(None) };
        self.0 = Self::separator(after);
        let has_number = self.0.starts_with(|next: char| next.is_ascii_digit());
        let number = if has_number { self.number()? } else { 0 };
        Some(Some((what, number)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `str(packaging.version.Version(text))` gives.
    #[test]
    fn versions_have_a_normal_form() {
        for (text, expected) in [
            ("1.2", "1.2"),
            ("v1.1.1", "1.1.1"),
            ("1.1beta2", "1.1b2"),
            ("1.0dev4", "1.0.dev4"),
            ("1.2post1", "1.2.post1"),
            ("1.2.3rc2", "1.2.3rc2"),
            ("1.0-1", "1.0.post1"),
            ("1.0-alpha.1", "1.0a1"),
            ("1.0.PREVIEW_3", "1.0rc3"),
            ("1.0c", "1.0rc0"),
            ("1.0a.dev1", "1.0a0.dev1"),
            ("1.0a--1", "1.0a0.post1"),
            ("2!1.0.rev4", "2!1.0.post4"),
            ("1.0r", "1.0.post0"),
            ("01.020", "1.20"),
            ("1.0+Ubuntu-01", "1.0+ubuntu.1"),
            ("2020.01.10", "2020.1.10"),
        ] {
            assert_eq!(Pep440::parse(text).unwrap().to_string(), expected, "{text}");
        }
        for text in [
            "",
            "v",
            "1.",
            "a1",
            "1.0-",
            "1.0+",
            "1.0+a..b",
            "1.0x",
            "1.0-beta-x",
            "1!",
            " 1.0",
            "99999999999999999999",
        ] {
            assert!(Pep440::parse(text).is_none(), "{text}");
        }
        assert!(Pep440::parse(&"1".repeat(300)).is_none());
    }

    #[test]
    fn the_order_is_that_of_the_standard() {
        let order = [
            "1.0.dev4",
            "1.0a1.dev1",
            "1.0a1",
            "1.0a2",
            "1.0b1",
            "1.0rc1.dev2",
            "1.0rc1",
            "1.0rc1.post1",
            "1.0",
            "1.0.post1.dev1",
            "1.0.post1",
            "1.0.1",
            "1.10",
            "2.0.dev0",
            "2.0",
            "1!0.1",
        ];
        for pair in order.windows(2) {
            let [a, b] = [pair[0], pair[1]].map(|text| Pep440::parse(text).unwrap());
            assert_eq!(a.precedence(&b), Ordering::Less, "{pair:?}");
            assert_eq!(b.precedence(&a), Ordering::Greater, "{pair:?}");
        }
        let [a, b] = ["1.0", "1.0.0+x"].map(|text| Pep440::parse(text).unwrap());
        assert_eq!(a.precedence(&b), Ordering::Equal);
        let finals: Vec<bool> = order.iter().map(|text| Pep440::parse(text).unwrap().is_final()).collect();
        assert_eq!(finals.iter().filter(|is| **is).count(), 5);
    }

    proptest! {
        #[test]
        fn the_normal_form_stays_as_it_is(text in "[v0-9.!+abcdeiloprstvw_-]{0,20}") {
            if let Some(version) = Pep440::parse(&text) {
                let again = Pep440::parse(&version.to_string());
                prop_assert_eq!(again.as_ref(), Some(&version));
            }
        }
    }
}
