//! What every writer of OpenMetrics needs.

/// The value of a label, ready to be put between its quotes. Backslash, quote and line feed are the only escapes there are (OpenMetrics
/// 1.0, section "ABNF"). Other control characters have no place in a name and are replaced.
#[must_use]
pub fn openmetrics_label(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            other if other.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_ends_only_where_it_ends() {
        assert_eq!(openmetrics_label("a\"} 1\n\\b\tc\u{7f}é"), "a\\\"} 1\\n\\\\b\u{fffd}c\u{fffd}é");
    }
}
