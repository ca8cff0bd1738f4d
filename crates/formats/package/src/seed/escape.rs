//! Strings as Python's `json.dump` writes them with `ensure_ascii`, its default.

use std::fmt::Write as _;

/// Appends `text` in quotes.
///
/// Printable ASCII stays as it is but for quote and backslash. Everything else, DEL included, becomes an escape of UTF-16
/// code units in lower-case digits, and five control characters have a short one (CPython, `Lib/json/encoder.py`).
pub(super) fn quote(text: &str, json: &mut String) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            ' '..='~' => json.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a string does not fail.
                    let _ = write!(json, "\\u{unit:04x}");
                }
            }
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_as_python_does() {
        for (text, expected) in [
            ("", r#""""#),
            ("a/b~ '<&>", r#""a/b~ '<&>""#),
            ("\"\\", r#""\"\\""#),
            ("\u{8}\u{c}\n\r\t", r#""\b\f\n\r\t""#),
            ("\0\u{1f}\u{7f}\u{80}", r#""\u0000\u001f\u007f\u0080""#),
            ("é\u{2028}\u{FFFF}", r#""\u00e9\u2028\uffff""#),
            ("🚀\u{10FFFF}", r#""\ud83d\ude80\udbff\udfff""#),
        ] {
            let mut json = String::new();
            quote(text, &mut json);
            assert_eq!(json, expected);
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
