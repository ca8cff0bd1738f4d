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

/// The text as a tag that no other text has: with a digest, wherever something had to be replaced.
#[must_use]
pub fn distinct(text: &str) -> String {
    let tag = mended(text);
    if tag == text || tag.len() + 1 + DIGEST > MAX_TAG {
        return if sanitise(text) == text { tag } else { mended(&format!("{tag}-{}", digest(text))) };
    }
    format!("{tag}-{}", digest(text))
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
