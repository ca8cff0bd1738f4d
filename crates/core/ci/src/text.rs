//! Cutting and cleaning the texts that go into commands.

use std::borrow::Cow;

/// At most `limit` UTF-16 code units of `text`, the last of them an ellipsis when something was cut.
///
/// GitHub's runner and Azure's agent are .NET programs, whose strings are counted in UTF-16 units.
pub(crate) fn cut_utf16(text: &str, limit: usize) -> Cow<'_, str> {
    let mut units = 0;
    let mut keep = 0;
    for (at, found) in text.char_indices() {
        // A whole text of exactly the limit stays; the place for the ellipsis counts only when it is needed.
        if units < limit {
            keep = at;
        }
        units += found.len_utf16();
        if units > limit {
            let kept = text.get(..keep).unwrap_or_default();
            return Cow::Owned(format!("{kept}…"));
        }
    }
    Cow::Borrowed(text)
}

/// A heading: one line without leading and trailing space.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text with each character that `replace` knows replaced.
pub(crate) fn escape(text: &str, replace: impl Fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for found in text.chars() {
        match replace(found) {
            Some(escaped) => out.push_str(escaped),
            None => out.push(found),
        }
    }
    out
}

/// The text as a name in capitals, digits and `_`: `size-gate` is `SIZE_GATE`.
pub(crate) fn shout(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// Whether a name is safe as the name of an output on every CI.
pub(crate) fn is_output_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        && name.len() <= 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_counts_as_dotnet_does() {
        assert_eq!(cut_utf16("abcd", 4), "abcd");
        assert_eq!(cut_utf16("abcde", 4), "abc…");
        assert_eq!(cut_utf16("𝄞𝄞", 4), "𝄞𝄞");
        assert_eq!(cut_utf16("𝄞𝄞a", 4), "𝄞…");
        assert_eq!(cut_utf16("a𝄞𝄞", 4), "a𝄞…");
        let long = cut_utf16(&"ü".repeat(5000), 4096).into_owned();
        assert_eq!(long.encode_utf16().count(), 4096);
    }

    #[test]
    fn output_names_are_identifiers_with_dashes() {
        for good in ["verdict", "_x", "app-size", "A1"] {
            assert!(is_output_name(good), "{good}");
        }
        for bad in ["", "1a", "a b", "a=b", "a<<b", "a\nb", "ä", "-a", "a.b"] {
            assert!(!is_output_name(bad), "{bad}");
        }
    }
}
