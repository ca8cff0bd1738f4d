//! What the name of a tag says.

use crate::version::{Scheme, Version};

/// A family of tags: what stands before the version. `v`, `pkg@`, `sub/v`, or nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Family(pub String);

/// What the name of a tag is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagName {
    /// A release.
    Release(Family, Version),
    /// One that moves with the releases: `v1`, `v1.2`.
    Floating(Family),
    /// Nearly a release, and why it is none.
    NearMiss(String),
    /// None of these: `nightly`.
    Other,
}

/// What the name of a tag is, in a scheme.
///
/// A release is a prefix and a version. The prefix is empty, `v`, or ends in one of `@ / - _`, perhaps with a `v` after that: so
/// `pkg@1.2.3`, Go's `sub/v1.2.3` and `release-1.2.3` are releases of three families, and `foo1.2.3` is none.
#[must_use]
pub fn classify(name: &str, scheme: Scheme) -> TagName {
    let mut near = None;
    for (place, first) in name.char_indices() {
        let before = name.get(..place).unwrap_or_default();
        if !first.is_ascii_digit() || before.ends_with(|last: char| last.is_ascii_digit() || last == '.') {
            continue;
        }
        let rest = name.get(place..).unwrap_or_default();
        let parsed = Version::parse(rest, scheme);
        match (is_prefix(before), parsed) {
            (true, Ok(version)) => return TagName::Release(Family(before.to_owned()), version),
            (false, Ok(_)) => {
                let what = if before.ends_with('V') {
                    "write `v` in lower case"
                } else {
                    "a prefix ends in one of @ / - _ or is `v`"
                };
                near = near.or(Some(format!("`{before}` is no prefix of a version: {what}")));
            }
            (true, Err(error)) if is_floating(rest, scheme) => {
                let _ = error;
                return TagName::Floating(Family(before.to_owned()));
            }
            (true, Err(error)) if looks_like_one(rest) => near = near.or(Some(error.to_string())),
            _ => {}
        }
    }
    match near {
        Some(why) => TagName::NearMiss(why),
        None => TagName::Other,
    }
}

fn is_prefix(before: &str) -> bool {
    let bare = before.strip_suffix('v').unwrap_or(before);
    bare.is_empty() || bare.ends_with(['@', '/', '-', '_'])
}

/// One or two numbers where a version has three, one where it has two.
fn is_floating(text: &str, scheme: Scheme) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let most = match scheme {
        Scheme::Semver => 2,
        Scheme::TwoPart | Scheme::Calendar => 1,
    };
    parts.len() <= most
        && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Two numbers with a dot between them at least.
fn looks_like_one(text: &str) -> bool {
    let digits = text.trim_start_matches(|first: char| first.is_ascii_digit());
    digits.strip_prefix('.').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_told_apart() {
        let release = |family: &str, version: &str| {
            TagName::Release(Family(family.into()), Version::parse(version, Scheme::Semver).unwrap())
        };
        for (name, expected) in [
            ("v1.2.3", release("v", "1.2.3")),
            ("1.2.3-rc.1", release("", "1.2.3-rc.1")),
            ("plugin-react@1.1.0", release("plugin-react@", "1.1.0")),
            ("@lw/cli@1.1.0", release("@lw/cli@", "1.1.0")),
            ("sub/v1.2.3", release("sub/v", "1.2.3")),
            ("lib2-1.0.0", release("lib2-", "1.0.0")),
            ("release_1.0.0+b", release("release_", "1.0.0+b")),
            ("v1", TagName::Floating(Family("v".into()))),
            ("pkg@1.2", TagName::Floating(Family("pkg@".into()))),
            ("nightly", TagName::Other),
            ("build-77x", TagName::Other),
            // What begins in the middle of a number or behind a dot is no version of its own.
            ("x1.2.3.4", TagName::Other),
            ("x", TagName::Other),
            ("v", TagName::Other),
            ("v1-", TagName::Other),
            ("2", TagName::Floating(Family(String::new()))),
            ("1.2", TagName::Floating(Family(String::new()))),
            ("sub/v1", TagName::Floating(Family("sub/v".into()))),
            ("", TagName::Other),
        ] {
            assert_eq!(classify(name, Scheme::Semver), expected, "{name}");
        }
        for name in ["V1.2.3", "v1.2.3.4", "v01.2.3", "v1.2.3-", "foo1.2.3", "v1.2-rc.1", "vv1.2.3"] {
            assert!(matches!(classify(name, Scheme::Semver), TagName::NearMiss(_)), "{name}");
        }
        for (name, why) in [
            ("V1.2.3", "write `v` in lower case"),
            ("foo1.2.3", "a prefix ends in one of @ / - _ or is `v`"),
            ("v1.2.3.4", "unexpected character '.'"),
        ] {
            match classify(name, Scheme::Semver) {
                TagName::NearMiss(found) => assert!(found.contains(why), "{name}: {found}"),
                other => panic!("{name}: {other:?}"),
            }
        }
        for scheme in [Scheme::TwoPart, Scheme::Calendar] {
            // One number moves, two are a version, and three of them are none of two.
            assert_eq!(classify("v24", scheme), TagName::Floating(Family("v".into())));
            assert!(matches!(classify("v24.1", scheme), TagName::Release(..)));
        }
        assert!(matches!(classify("v1.2.3", Scheme::TwoPart), TagName::NearMiss(_)));
        assert!(matches!(classify("v1.2", Scheme::TwoPart), TagName::Release(..)));
        assert!(matches!(classify("v1", Scheme::TwoPart), TagName::Floating(..)));
        assert!(matches!(classify("2024.01.31", Scheme::Calendar), TagName::Release(..)));
    }

    proptest! {
        #[test]
        fn any_name_is_classified(name in ".{0,40}") {
            if let TagName::Release(family, version) = classify(&name, Scheme::Semver) {
                prop_assert_eq!(format!("{}{version}", family.0), name);
            }
        }
    }
}
