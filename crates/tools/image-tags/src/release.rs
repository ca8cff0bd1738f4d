//! What release a tag is, as a rule sees it.

use std::cmp::Ordering;

use lw_tag_rules::{Entry, Kind, Pattern};
use lw_versions::{Pep440, Scheme, TagName, Version, classify};

/// How a rule finds a version in a tag.
#[derive(Clone, Copy, Debug)]
pub(crate) enum How<'a> {
    /// Semantic Versioning, perhaps in a part of the tag.
    Semver(Option<&'a Pattern>),
    /// PEP 440, likewise.
    Python(Option<&'a Pattern>),
    /// A prefix and a version, as the house reads tags.
    Tag(Scheme),
}

impl<'a> How<'a> {
    pub(crate) fn of(entry: &'a Entry, scheme: Scheme) -> Self {
        match entry.kind {
            Kind::Semver => Self::Semver(entry.regex.as_ref()),
            Kind::Pep440 => Self::Python(entry.regex.as_ref()),
            _ => Self::Tag(scheme),
        }
    }
}

/// A version of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    Plain(Version),
    Python(Pep440),
}

impl Number {
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Plain(version) => version.is_final(),
            Self::Python(version) => version.is_final(),
        }
    }

    pub(crate) fn precedence(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Plain(a), Self::Plain(b)) => a.precedence(b),
            (Self::Python(a), Self::Python(b)) => a.precedence(b),
            // One rule reads versions of one kind.
            _ => Ordering::Equal,
        }
    }

    fn numbers(&self) -> &[u64] {
        match self {
            Self::Plain(version) => version.numbers(),
            Self::Python(version) => &version.release,
        }
    }

    /// Whether it is before 1.0.0, where there is such a thing.
    pub(crate) fn is_zero(&self) -> bool {
        let has_majors = match self {
            Self::Plain(version) => version.scheme() == Scheme::Semver,
            Self::Python(_) => true,
        };
        has_majors && self.numbers().first() == Some(&0)
    }

    /// As it is written, without build metadata.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Plain(version) => {
                let text = version.to_string();
                text.split('+').next().unwrap_or_default().to_owned()
            }
            Self::Python(version) => Pep440 { local: Vec::new(), ..version.clone() }.to_string(),
        }
    }

    /// The final release of the same numbers.
    pub(crate) fn to_final(&self) -> Self {
        match self {
            Self::Plain(version) => Self::Plain(version.to_final()),
            Self::Python(version) => Self::Python(version.to_final()),
        }
    }

    /// What follows the numbers: `-rc.1`, `rc1`.
    fn rest(&self) -> String {
        let numbers = self.to_final().text();
        self.text().strip_prefix(&numbers).unwrap_or_default().to_owned()
    }

    /// Other versions that differ in the number at a place and those after it, and are alike before it; and, for the last place of a
    /// pre-release, those that differ in what follows the numbers.
    pub(crate) fn neighbours(&self, place: usize) -> Vec<String> {
        let numbers = self.numbers();
        let Some(number) = numbers.get(place).copied() else { return Vec::new() };
        let others = [number.saturating_add(1), 0, 1, 2].into_iter().filter(|other| *other != number);
        let rest = self.rest();
        let mut found: Vec<String> = others
            .map(|other| {
                let parts = numbers.iter().enumerate().map(|(at, old)| match at.cmp(&place) {
                    Ordering::Less => old.to_string(),
                    Ordering::Equal => other.to_string(),
                    Ordering::Greater => "0".to_owned(),
                });
                parts.collect::<Vec<_>>().join(".") + &rest
            })
            .collect();
        if place + 1 == numbers.len() && !rest.is_empty() {
            let bare = rest.trim_end_matches(|last: char| last.is_ascii_digit());
            found.push(format!("{}{bare}9876", self.to_final().text()));
        }
        found
    }

    pub(crate) fn places(&self) -> usize {
        self.numbers().len()
    }
}

/// A release that a tag is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    /// What stands around the version, without a `v` before it: releases of one image have the same.
    pub(crate) family: (String, String),
    /// Its version.
    pub(crate) number: Number,
    /// Where in the tag it stands.
    place: (usize, usize),
}

impl Release {
    /// The tag with another version in it.
    pub(crate) fn renamed(&self, tag: &str, version: &str) -> String {
        let before = tag.get(..self.place.0).unwrap_or_default();
        let after = tag.get(self.place.1..).unwrap_or_default();
        format!("{before}{version}{after}")
    }
}

/// The release a tag is; `None` when it is none that the rule knows.
pub(crate) fn release(tag: &str, how: How<'_>) -> Option<Release> {
    let (number, place) = match how {
        How::Tag(scheme) => {
            let TagName::Release(family, version) = classify(tag, scheme) else { return None };
            (Number::Plain(version), (family.0.len(), tag.len()))
        }
        How::Semver(pattern) => {
            let place = part(tag, pattern)?;
            let text = tag.get(place.0..place.1)?;
            let bare = text.trim().strip_prefix('v').unwrap_or(text.trim());
            let begin = place.0 + text.find(bare)?;
            let version = Version::parse(bare, Scheme::Semver).ok();
            match version {
                Some(version) => (Number::Plain(version), (begin, begin + bare.len())),
                // Of a tag without match= that has another prefix: upstream gives nothing for it.
                None => return None,
            }
        }
        How::Python(pattern) => {
            let place = part(tag, pattern)?;
            let text = tag.get(place.0..place.1)?;
            let version = Pep440::parse(text)?;
            let begin = place.0 + usize::from(text.starts_with(['v', 'V']));
            (Number::Python(version), (begin, place.1))
        }
    };
    let before = tag.get(..place.0)?;
    let before = before.strip_suffix(['v', 'V']).unwrap_or(before);
    let family = (before.to_owned(), tag.get(place.1..)?.to_owned());
    Some(Release { family, number, place })
}

/// The part of a tag in which its version stands.
fn part(tag: &str, pattern: Option<&Pattern>) -> Option<(usize, usize)> {
    let Some(found) = pattern.and_then(|pattern| pattern.find(tag)) else { return Some((0, tag.len())) };
    let text = found.get(1)?.as_deref()?;
    let whole = found.first()?.as_deref()?;
    // The group is within what was found.
    let begin = tag.find(whole)? + whole.find(text)?;
    Some((begin, begin + text.len()))
}

/// Whether a tag as a whole is a version that is not final, in any way of writing that is known.
pub(crate) fn is_unfinished(tag: &str) -> bool {
    let plain = matches!(classify(tag, Scheme::Semver), TagName::Release(_, version) if !version.is_final());
    plain || Pep440::parse(tag).is_some_and(|version| version.pre.is_some() || version.dev.is_some())
}

/// Whether a text is `latest` or like a version, so that a release may have it as its tag.
pub(crate) fn is_reserved(text: &str) -> bool {
    let bare = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.eq_ignore_ascii_case("latest")
        || bare.split('.').all(is_number)
        || Version::parse(bare, Scheme::Semver).is_ok()
        || (bare.contains('.') && Pep440::parse(bare).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_found_in_tags() {
        let pattern = Pattern::new(r"v(\d+\.\d+\.\d+)$", "").unwrap();
        let found = release("p1/v1.2.3", How::Semver(Some(&pattern))).unwrap();
        assert_eq!((found.family.0.as_str(), found.number.text().as_str()), ("p1/", "1.2.3"));
        assert_eq!(found.renamed("p1/v1.2.3", "1.3.0"), "p1/v1.3.0");
        assert_eq!(release("v1.2.3", How::Semver(None)).unwrap().family.0, "");
        assert_eq!(release("1.2rc1", How::Python(None)).unwrap().number.text(), "1.2rc1");
        assert!(release("nightly", How::Tag(Scheme::Semver)).is_none());
        assert!(release("pkg@1.0.0", How::Semver(None)).is_none());
        let number = release("v1.2.3-rc.1", How::Tag(Scheme::Semver)).unwrap().number;
        assert!(number.neighbours(2).contains(&"1.2.4-rc.1".to_owned()));
        assert!(number.neighbours(2).contains(&"1.2.3-rc.9876".to_owned()));
        assert!(number.neighbours(0).contains(&"2.0.0-rc.1".to_owned()));
    }

    #[test]
    fn names_that_belong_to_releases_are_known() {
        for name in ["latest", "Latest", "1", "v1", "1.2", "v1.2.3", "1.2.3-rc.1", "1.2rc1", "2024.01"] {
            assert!(is_reserved(name), "{name}");
        }
        for name in ["main", "v", "2fa", "1.x", "release-1.2", "feature", "pr-15", "latest-fix", "v1-fix"] {
            assert!(!is_reserved(name), "{name}");
        }
        assert!(is_unfinished("v1.2.3-rc.1") && is_unfinished("1.2.3rc2") && is_unfinished("p/v1.0.0-a"));
        assert!(!is_unfinished("v1.2.3") && !is_unfinished("1.2.post1") && !is_unfinished("rc-1"));
    }
}
