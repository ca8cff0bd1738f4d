//! Tags: their grammar, and how any text becomes one.

use sha2::{Digest, Sha256};

/// The most characters of a tag (`TagRegexp` of github.com/distribution/reference).
pub const MAX_TAG: usize = 128;

/// Hexadecimal digits of the digest that a shortened tag ends in: two texts get the same one by chance once in 2^48.
const DIGEST: usize = 12;

fn is_plain(next: char) -> bool {
    next.is_ascii_alphanumeric() || matches!(next, '.' | '_' | '-')
}

/// Whether a text is a tag: `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`.
#[must_use]
pub fn is_valid(tag: &str) -> bool {
    tag.len() <= MAX_TAG && tag.chars().all(is_plain) && !tag.starts_with(['.', '-']) && !tag.is_empty()
}

/// The text with each run of characters that no tag has as one `-`. It may be too long, and begin with `.` or `-`.
#[must_use]
pub fn sanitise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_run = false;
    for next in text.chars() {
        if is_plain(next) {
            out.push(next);
        } else if !in_run {
            out.push('-');
        }
        in_run = !is_plain(next);
    }
    out
}

/// A tag for any text but the empty one. `_` goes before a `.` or `-` at the beginning. What is too long is cut, and ends in a
/// digest of the whole text, so that two long texts do not become one tag.
#[must_use]
pub fn mended(text: &str) -> String {
    let mut tag = sanitise(text);
    if tag.starts_with(['.', '-']) {
        tag.insert(0, '_');
    }
    if tag.len() > MAX_TAG {
        tag.truncate(MAX_TAG - DIGEST - 1);
        tag.push('-');
        tag.push_str(&digest(text));
    }
    tag
}

/// The text as a tag that no other text has: with a digest, wherever something had to be replaced, and where the text ends like one
/// that has a digest.
#[must_use]
pub fn distinct(text: &str) -> String {
    let tag = mended(text);
    if tag == text && !has_digest(text) {
        return tag;
    }
    let digest = digest(text);
    // What was cut ends in the digest already.
    if tag != text && tag.ends_with(&format!("-{digest}")) { tag } else { mended(&format!("{tag}-{digest}")) }
}

/// Whether a text ends as a tag with a digest does.
fn has_digest(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.rsplit_once('-').is_some_and(|(_, end)| end.len() == DIGEST && end.bytes().all(is_digit))
}

fn digest(text: &str) -> String {
    let mut hex = base16ct::lower::encode_string(&Sha256::digest(text.as_bytes()));
    hex.truncate(DIGEST);
    hex
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_become_tags() {
        for (text, expected) in [
            ("feature/x", "feature-x"),
            ("my/feature#1245", "my-feature-1245"),
            ("a///b", "a-b"),
            (".hidden", "_.hidden"),
            ("-x", "_-x"),
            ("/", "_-"),
            ("ünïcode", "_-n-code"),
            ("$(id)`\"'\n::add-mask::x", "_-id-add-mask-x"),
        ] {
            assert_eq!(mended(text), expected);
        }
        let (a, b) = ("a".repeat(200), format!("{}b", "a".repeat(199)));
        assert_ne!(mended(&a), mended(&b));
        assert_eq!(mended(&a).len(), MAX_TAG);
        assert_eq!(mended(&"a".repeat(128)), "a".repeat(128));
        assert_eq!(distinct("feature-x"), "feature-x");
        assert_ne!(distinct("feature/x"), "feature-x");
        assert_eq!(distinct("-x"), format!("_-x-{}", digest("-x")));
        // Nobody gets the tag of another branch by the name of that tag.
        for text in ["feature/x", &"a/".repeat(100), &"a".repeat(200), &format!("-{}", "a".repeat(120))] {
            let tag = distinct(text);
            assert!(is_valid(&tag) && is_valid(&distinct(&tag)), "{tag}");
            assert_ne!(distinct(&tag), tag);
        }
    }

    proptest! {
        #[test]
        fn any_text_becomes_a_tag(text in "(?s).{1,300}") {
            prop_assert!(is_valid(&mended(&text)), "{}", mended(&text));
            prop_assert!(is_valid(&distinct(&text)), "{}", distinct(&text));
        }

        #[test]
        fn distinct_texts_have_distinct_tags(a in "[a/.-]{1,140}", b in "[a/.-]{1,140}") {
            prop_assert_eq!(distinct(&a) == distinct(&b), a == b);
        }
    }
}
