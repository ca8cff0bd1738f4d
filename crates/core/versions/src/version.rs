//! A version, strictly parsed.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use lw_model::{Class, Diagnose};
use semver::{BuildMetadata, Prerelease};

/// How versions are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Semantic Versioning 2.0: `1.2.3`, `1.2.3-rc.1`, `1.2.3+build`.
    #[default]
    Semver,
    /// Two numbers, otherwise as Semantic Versioning: `1.2`, `1.2-rc.1`.
    TwoPart,
    /// Dates: a year of two or four digits, a month, and up to two numbers more: `2024.1`, `24.04.2`, `2024.01.31`. Leading zeros
    /// are kept as they are written.
    Calendar,
}

/// Why a text is no version.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is no version: {reason}")]
pub struct VersionError {
    /// The text, shortened.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
    /// What was expected.
    pub scheme: Scheme,
}

impl Diagnose for VersionError {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self.scheme {
            Scheme::Semver => "write it as semver.org has it, such as 1.2.3 or 1.2.3-rc.1".into(),
            Scheme::TwoPart => "write it with two numbers, such as 1.2 or 1.2-rc.1".into(),
            Scheme::Calendar => "write it as year and month, such as 2024.1 or 24.04.2".into(),
        })
    }
}

/// A version. It is shown as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    scheme: Scheme,
    numbers: Vec<u64>,
    /// How many digits each number was written with, of calendar versions.
    widths: Vec<usize>,
    pre: Prerelease,
    build: BuildMetadata,
}

/// A version that is longer than this is somebody's joke.
const MAX_LENGTH: usize = 256;

impl Version {
    /// Parses a version, without any prefix.
    ///
    /// # Errors
    /// When the scheme does not allow it, with the reason.
    pub fn parse(text: &str, scheme: Scheme) -> Result<Self, VersionError> {
        let wrong = |reason: String| {
            let text = text.chars().take(60).collect();
            VersionError { text, reason, scheme }
        };
        if text.len() > MAX_LENGTH {
            return Err(wrong(format!("it is longer than {MAX_LENGTH} characters")));
        }
        if scheme == Scheme::Semver {
            let version = semver::Version::parse(text).map_err(|error| wrong(error.to_string()))?;
            return Ok(Self {
                scheme,
                numbers: vec![version.major, version.minor, version.patch],
                widths: Vec::new(),
                pre: version.pre,
                build: version.build,
            });
        }
        let (rest, build) = text.split_once('+').map_or((text, None), |(rest, build)| (rest, Some(build)));
        let (core, pre) = rest.split_once('-').map_or((rest, None), |(core, pre)| (core, Some(pre)));
        if pre == Some("") || build == Some("") {
            return Err(wrong("nothing follows the `-` or `+`".to_owned()));
        }
        let pre = Prerelease::new(pre.unwrap_or_default()).map_err(|error| wrong(error.to_string()))?;
        let build =
            BuildMetadata::new(build.unwrap_or_default()).map_err(|error| wrong(error.to_string()))?;
        let (mut numbers, mut widths) = (Vec::new(), Vec::new());
        for part in core.split('.') {
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(wrong(format!("`{}` is no number", part.chars().take(20).collect::<String>())));
            }
            if scheme == Scheme::TwoPart && part.len() > 1 && part.starts_with('0') {
                return Err(wrong(format!("`{part}` has a leading zero")));
            }
            numbers.push(part.parse().map_err(|_| wrong(format!("`{part}` is too large")))?);
            widths.push(part.len());
        }
        match (scheme, numbers.as_slice(), widths.as_slice()) {
            (Scheme::TwoPart, [_, _], _) => {}
            (Scheme::TwoPart, ..) => return Err(wrong("it has not two numbers".to_owned())),
            (_, [_, month, ..], [year, width, ..]) if numbers.len() <= 4 => {
                if !matches!(year, 2 | 4) {
                    return Err(wrong("a year has two or four digits".to_owned()));
                }
                if !(1..=12).contains(month) || *width > 2 {
                    return Err(wrong(format!("there is no month {month}")));
                }
            }
            _ => return Err(wrong("it has not two to four numbers".to_owned())),
        }
        Ok(Self { scheme, numbers, widths, pre, build })
    }

    pub(crate) fn of(scheme: Scheme, numbers: Vec<u64>, pre: Prerelease) -> Self {
        Self { scheme, numbers, widths: Vec::new(), pre, build: BuildMetadata::EMPTY }
    }

    /// How it is written.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Its numbers: major, minor and patch, or fewer.
    #[must_use]
    pub fn numbers(&self) -> &[u64] {
        &self.numbers
    }

    /// Number at a place; 0 where there is none.
    #[must_use]
    pub fn number(&self, place: usize) -> u64 {
        self.numbers.get(place).copied().unwrap_or(0)
    }

    /// What follows the `-`; empty when it is a final release.
    #[must_use]
    pub fn prerelease(&self) -> &str {
        self.pre.as_str()
    }

    /// What follows the `+`, which says nothing of the order.
    #[must_use]
    pub fn build(&self) -> &str {
        self.build.as_str()
    }

    /// Whether it is a final release.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.pre.is_empty()
    }

    /// The final release that a pre-release leads to; itself without build metadata when it is one.
    #[must_use]
    pub fn to_final(&self) -> Self {
        Self { pre: Prerelease::EMPTY, build: BuildMetadata::EMPTY, ..self.clone() }
    }

    /// The order of Semantic Versioning, §11. Versions that differ by their build metadata only are equal in it.
    #[must_use]
    pub fn precedence(&self, other: &Self) -> Ordering {
        let longest = self.numbers.len().max(other.numbers.len());
        (0..longest)
            .map(|place| self.number(place).cmp(&other.number(place)))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
            .then_with(|| self.pre.cmp(&other.pre))
    }

    /// What is valid and yet hardly meant: `rc10` is lower than `rc2`, because numbers count as such only after a dot.
    #[must_use]
    pub fn suspicion(&self) -> Option<String> {
        let odd = self.pre.split('.').find(|field| {
            let digits = field.trim_start_matches(|first: char| first.is_ascii_alphabetic());
            digits.len() < field.len()
                && !digits.is_empty()
                && digits.bytes().all(|byte| byte.is_ascii_digit())
        })?;
        let letters = odd.trim_end_matches(|last: char| last.is_ascii_digit());
        Some(format!(
            "`{odd}` is compared as text, so that {letters}10 is lower than {letters}2: write `{letters}.N`"
        ))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, number) in self.numbers.iter().enumerate() {
            if place > 0 {
                f.write_str(".")?;
            }
            let width = self.widths.get(place).copied().unwrap_or(0);
            write!(f, "{number:0width$}")?;
        }
        if !self.pre.is_empty() {
            write!(f, "-{}", self.pre)?;
        }
        if !self.build.is_empty() {
            write!(f, "+{}", self.build)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn semver(text: &str) -> Version {
        Version::parse(text, Scheme::Semver).unwrap()
    }

    #[test]
    fn the_order_is_that_of_the_standard() {
        // semver.org §11, and what node-semver says of rc10.
        let order = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0-rc10",
            "1.0.0-rc2",
            "1.0.0",
            "1.0.1",
            "1.10.0",
            "2.0.0",
        ];
        for pair in order.windows(2) {
            assert_eq!(semver(pair[0]).precedence(&semver(pair[1])), Ordering::Less, "{pair:?}");
        }
        assert_eq!(semver("1.0.0+a").precedence(&semver("1.0.0+b")), Ordering::Equal);
        assert!(semver("1.0.0-rc10").suspicion().unwrap().contains("rc2"));
        assert!(semver("1.0.0-rc.10").suspicion().is_none() && semver("1.0.0-alpha").suspicion().is_none());
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in [
            "1.2",
            "v1.2.3",
            "1.2.3.4",
            "01.2.3",
            "1.2.3-01",
            "1.2.3-",
            "1.2.3+",
            "V1.2.3",
            "",
            "1.2.x",
            " 1.2.3",
            "1.2.3 ",
            "1.2.99999999999999999999",
            "1.2.3-a..b",
            "1.2.3-ä",
        ] {
            assert!(Version::parse(text, Scheme::Semver).is_err(), "{text}");
        }
        for text in ["1", "1.2.3", "01.2", "1.2-", "1.x", "-1.2"] {
            assert!(Version::parse(text, Scheme::TwoPart).is_err(), "{text}");
        }
        for text in ["2024", "2024.13", "2024.0", "202.1", "2024.1.2.3.4", "2024.001", "2024.1-"] {
            assert!(Version::parse(text, Scheme::Calendar).is_err(), "{text}");
        }
        assert!(Version::parse(&"1".repeat(300), Scheme::Semver).is_err());
    }

    #[test]
    fn a_length_is_bounded_and_says_so() {
        let of = |length: usize| format!("1.2.3-{}", "a".repeat(length - 6));
        assert_eq!(semver(&of(MAX_LENGTH)).to_string(), of(MAX_LENGTH));
        let error = Version::parse(&of(MAX_LENGTH + 1), Scheme::Semver).unwrap_err();
        assert!(error.reason.contains("longer") && error.text.len() == 60, "{error}");
    }

    #[test]
    fn an_error_says_how_versions_are_written() {
        for (scheme, example) in
            [(Scheme::Semver, "1.2.3"), (Scheme::TwoPart, "1.2 or"), (Scheme::Calendar, "2024.1")]
        {
            let error = Version::parse("x", scheme).unwrap_err();
            assert_eq!((error.class(), error.scheme), (Class::Usage, scheme));
            assert!(error.hint().unwrap().contains(example), "{scheme:?}");
        }
    }

    #[test]
    fn an_error_says_what_is_wrong() {
        for (text, scheme, reason) in [
            ("1.x", Scheme::TwoPart, "`x` is no number"),
            ("1.", Scheme::TwoPart, "`` is no number"),
            ("1.99999999999999999999", Scheme::TwoPart, "`99999999999999999999` is too large"),
            ("01.2", Scheme::TwoPart, "`01` has a leading zero"),
            ("1.2.3", Scheme::TwoPart, "it has not two numbers"),
            ("1", Scheme::TwoPart, "it has not two numbers"),
            ("1.2-", Scheme::TwoPart, "nothing follows the `-` or `+`"),
            ("1.2+", Scheme::TwoPart, "nothing follows the `-` or `+`"),
            ("2024", Scheme::Calendar, "it has not two to four numbers"),
            ("2024.1.2.3.4", Scheme::Calendar, "it has not two to four numbers"),
            ("202.1", Scheme::Calendar, "a year has two or four digits"),
            ("2024.13", Scheme::Calendar, "there is no month 13"),
            ("2024.0", Scheme::Calendar, "there is no month 0"),
            ("2024.001", Scheme::Calendar, "there is no month 1"),
        ] {
            assert_eq!(Version::parse(text, scheme).unwrap_err().reason, reason, "{text}");
        }
    }

    #[test]
    fn what_sorts_otherwise_than_it_looks_is_said() {
        for (text, said) in [
            ("1.0.0-rc10", Some("`rc10` is compared as text, so that rc10 is lower than rc2: write `rc.N`")),
            (
                "1.0.0-x.beta3",
                Some("`beta3` is compared as text, so that beta10 is lower than beta2: write `beta.N`"),
            ),
            ("1.0.0-10", None),
            ("1.0.0-rc", None),
            ("1.0.0-rc1a", None),
            ("1.0.0-rc.1", None),
            ("1.0.0", None),
        ] {
            assert_eq!(semver(text).suspicion().as_deref(), said, "{text}");
        }
    }

    #[test]
    fn parts_are_what_they_are_called() {
        let version = semver("1.2.3-rc.4+b.5");
        assert_eq!((version.scheme(), version.numbers()), (Scheme::Semver, &[1, 2, 3][..]));
        assert_eq!((version.number(0), version.number(2), version.number(3)), (1, 3, 0));
        assert_eq!((version.prerelease(), version.build(), version.is_final()), ("rc.4", "b.5", false));
        assert_eq!(version.to_final(), semver("1.2.3"));
        assert!(version.to_final().is_final() && semver("1.2.3+b").is_final());
        let calendar = |text: &str| Version::parse(text, Scheme::Calendar).unwrap();
        assert_eq!(calendar("2024.1").precedence(&calendar("2024.1.0")), Ordering::Equal);
        assert_eq!(calendar("2024.1").precedence(&calendar("2024.1.1")), Ordering::Less);
    }

    #[test]
    fn other_schemes_keep_what_is_written() {
        for text in ["0.1", "1.0", "0.0", "10.20", "1.2-rc.1+b"] {
            assert_eq!(Version::parse(text, Scheme::TwoPart).unwrap().to_string(), text);
        }
        for text in ["24.1", "2024.12", "2024.1.2.3", "2024.09"] {
            assert_eq!(Version::parse(text, Scheme::Calendar).unwrap().to_string(), text);
        }
        for text in ["2024.1", "24.04", "2024.01.31", "24.04.2-rc.1+x", "2024.12.01.7"] {
            assert_eq!(Version::parse(text, Scheme::Calendar).unwrap().to_string(), text);
        }
        let two = |text| Version::parse(text, Scheme::TwoPart).unwrap();
        assert_eq!(two("1.9").precedence(&two("1.10")), Ordering::Less);
        assert_eq!(two("1.9-rc.1").precedence(&two("1.9")), Ordering::Less);
        assert_eq!(two("1.9-rc.1").to_final().to_string(), "1.9");
    }

    proptest! {
        #[test]
        fn any_text_is_a_version_or_an_error(text in ".{0,24}") {
            for scheme in [Scheme::Semver, Scheme::TwoPart, Scheme::Calendar] {
                if let Ok(version) = Version::parse(&text, scheme) {
                    prop_assert_eq!(version.to_string(), text.clone());
                }
            }
        }
    }
}
