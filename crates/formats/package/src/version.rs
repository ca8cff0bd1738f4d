//! Which of two versions is the later one, as far as that can be said.
//!
//! Firmware has versions of all kinds: Semantic Versioning, with or without a `v`; shorter and longer rows of numbers;
//! what `git describe --tags --dirty` says, which looks like a pre-release and is the opposite; and free text. Numbers
//! compare as numbers, so 1.10 is later than 1.9. What cannot be compared has no order, and nothing here fails.

use std::cmp::Ordering;

use semver::Prerelease;

/// Compares two versions; `None` when neither is known to be the later one.
///
/// - Equal texts are equal, whatever they are; a `v` before a digit does not count.
/// - Rows of numbers compare number by number; missing ones are zero.
/// - Pre-releases follow Semantic Versioning 2.0.0, section 11: before the release, numbers before words.
/// - Build metadata (`+...`) does not count, as section 10 says.
/// - `1.2.3-4-gabcdef` is four commits after the tag 1.2.3, so later than it and earlier than 1.2.4. Two different
///   commits the same number after one tag cannot be compared.
/// - `-dirty` is later than the same without it; two dirty builds of one commit cannot be compared unless the texts are
///   equal.
#[must_use]
pub fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (bare(a), bare(b));
    if a == b {
        return Some(Ordering::Equal);
    }
    let (a, b) = (Version::parse(a)?, Version::parse(b)?);
    let tags = numbers(&a.release, &b.release).then_with(|| a.pre_release.cmp(&b.pre_release));
    if tags != Ordering::Equal {
        return Some(tags);
    }
    match (a.distance.cmp(&b.distance), a.commit == b.commit) {
        (Ordering::Equal, false) => None,
        (Ordering::Equal, true) => match (a.dirty, b.dirty) {
            (true, true) => None,
            (a, b) => Some(a.cmp(&b)),
        },
        (order, _) => Some(order),
    }
}

/// Whether a version someone states is the one an image says of itself, which had room for `room` bytes.
///
/// A `v` does not count. An image whose version fills all its room may have been cut there: ESP-IDF keeps 31 bytes.
#[must_use]
pub fn agree(stated: &str, inside: &str, room: usize) -> bool {
    bare(stated) == bare(inside) || inside.len() == room && (cut(stated, inside) || cut(bare(stated), inside))
}

fn cut(stated: &str, inside: &str) -> bool {
    stated.len() > inside.len() && stated.starts_with(inside)
}

/// A version without the `v` before its first digit.
fn bare(version: &str) -> &str {
    let version = version.trim();
    match version.strip_prefix(['v', 'V']) {
        Some(rest) if rest.starts_with(|character: char| character.is_ascii_digit()) => rest,
        _ => version,
    }
}

/// Numbers compare one by one; missing ones are zero.
fn numbers(a: &[u64], b: &[u64]) -> Ordering {
    let at = |numbers: &[u64], index: usize| numbers.get(index).copied().unwrap_or_default();
    (0..a.len().max(b.len()))
        .map(|index| at(a, index).cmp(&at(b, index)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// A version in its parts.
struct Version<'text> {
    release: Vec<u64>,
    pre_release: Prerelease,
    /// How many commits it is after its tag.
    distance: u64,
    /// The abbreviated commit, where it is not the tag's.
    commit: Option<&'text str>,
    /// Whether there were changes that were not committed.
    dirty: bool,
}

impl<'text> Version<'text> {
    fn parse(text: &'text str) -> Option<Self> {
        let (text, dirty) = match text.strip_suffix("-dirty") {
            Some(text) => (text, true),
            None => (text, false),
        };
        let (text, distance, commit) = described(text).unwrap_or((text, 0, None));
        let text = text.split_once('+').map_or(text, |(text, _)| text);
        let (release, pre_release) = text.split_once('-').unwrap_or((text, ""));
        let release = release.split('.').map(number).collect::<Option<_>>()?;
        let pre_release = Prerelease::new(pre_release).ok()?;
        Some(Self { release, pre_release, distance, commit, dirty })
    }
}

/// The tag, the commits since it and the commit in what `git describe` says: `<tag>-<commits>-g<commit>`.
fn described(text: &str) -> Option<(&str, u64, Option<&str>)> {
    let (text, commit) = text.rsplit_once("-g")?;
    let (tag, commits) = text.rsplit_once('-')?;
    let is_commit = commit.len() >= 4 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then_some((tag, number(commits)?, Some(commit)))
}

/// A number of digits only: `parse` alone would take a sign.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_versions_are_later() {
        for (earlier, later) in [
            ("1.9.0", "1.10.0"),
            ("v1.9", "1.10"),
            ("1.2", "1.2.0.1"),
            ("2024.6.1", "2024.10.0"),
            ("2024.06.1", "2024.6.2"),
            ("1.0.0-alpha", "1.0.0-alpha.1"),
            ("1.0.0-alpha.1", "1.0.0-alpha.beta"),
            ("1.0.0-alpha.beta", "1.0.0-beta"),
            ("1.0.0-beta", "1.0.0-beta.2"),
            ("1.0.0-beta.2", "1.0.0-beta.11"),
            ("1.0.0-beta.11", "1.0.0-rc.1"),
            ("1.0.0-rc.1", "1.0.0"),
            ("1.2.3", "v1.2.3-4-gabcdef"),
            ("v1.2.3-4-gabcdef", "1.2.4"),
            ("v1.2.3-4-gabcdef", "v1.2.3-12-g0123456"),
            ("v1.2.3-4-gabcdef", "v1.2.3-4-gabcdef-dirty"),
            ("v1.2.3-rc.1-4-gabcdef", "1.2.3"),
            ("1.2.3", "1.2.3-dirty"),
            ("1.2.3-dirty", "1.2.3-1-gabcdef"),
            ("1.2.3+9", "1.2.4+1"),
        ] {
            assert_eq!(compare(earlier, later), Some(Ordering::Less), "{earlier} < {later}");
            assert_eq!(compare(later, earlier), Some(Ordering::Greater), "{later} > {earlier}");
        }
    }

    #[test]
    fn the_same_version_in_other_words_is_equal() {
        for (a, b) in [
            ("v1.2.3", "1.2.3"),
            ("1.2", "1.2.0"),
            ("1.2.3+4", "1.2.3+5"),
            (" 1.2.3\n", "V1.2.3"),
            ("main", "main"),
            ("", ""),
        ] {
            assert_eq!(compare(a, b), Some(Ordering::Equal), "{a:?} {b:?}");
        }
    }

    #[test]
    fn what_cannot_be_compared_has_no_order() {
        for (a, b) in [
            ("main", "1.2.3"),
            ("", "1"),
            ("qa-test-v5.0-20220830-4-g4532e6", "5.0"),
            ("1.2.3-4-gabcdef", "1.2.3-4-g012345"),
            ("1.2.3-4-gabcdef-dirty", "v1.2.3-4-g012345"),
            ("1.2.3+a-dirty", "1.2.3-dirty"),
            ("99999999999999999999", "1"),
            ("1..2", "1.0.2"),
            ("+1.2", "1.2.1"),
            ("1.2.3-", "1.2.3-é"),
            ("vv1", "1"),
        ] {
            assert_eq!(compare(a, b), None, "{a:?} {b:?}");
            assert_eq!(compare(b, a), None, "{b:?} {a:?}");
        }
    }

    #[test]
    fn an_image_may_have_cut_its_version() {
        let long = "qa-test-v5.0-20220830-4-g4532e6f7a";
        assert!(agree("v1.2.3", "1.2.3", 31));
        assert!(agree(long, &long[..31], 31));
        assert!(!agree(long, &long[..30], 31), "there was room for more");
        assert!(!agree("1.2.3", "1.2.4", 31));
        assert!(agree("v1.2.3-4-gabcdef", "1.2.3-4-g", 9), "cut after the v was left out");
    }
}
