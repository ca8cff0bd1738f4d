//! Pieces of pages.

use std::fmt::Write as _;

use lw_coverage::Counts;
use lw_model::grouped;

use crate::grade::Floors;

/// Text inside an element or a quoted attribute. What a reader cannot see, and what turns the direction of text around
/// (CVE-2021-42574), is made visible.
pub(super) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    push_text(text, &mut out);
    out
}

/// As [`text`], at the end of what is there already.
pub(super) fn push_text(text: &str, out: &mut String) {
    let mut rest = text;
    // Most of a source is copied as it is; the end of such a run is the end of a character.
    while let Some((run, after)) = rest.bytes().position(is_special).and_then(|at| rest.split_at_checked(at))
    {
        out.push_str(run);
        let mut chars = after.chars();
        if let Some(c) = chars.next() {
            push_special(c, out);
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

/// Whether a byte, or the character that it begins, may have to be written in another way.
fn is_special(byte: u8) -> bool {
    matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'' | 0..=0x08 | 0x0a..=0x1f | 0x7f..)
}

fn push_special(c: char, out: &mut String) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        '\u{7f}'
        | '\0'..='\u{1f}'
        | '\u{80}'..='\u{9f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}'
        | '\u{fffe}'
        | '\u{ffff}' => {
            let _ = write!(out, "⟨U+{:04X}⟩", u32::from(c));
        }
        c => out.push(c),
    }
}

/// A number with its digits in groups.
pub(super) fn number(value: u64) -> String {
    grouped(value.into())
}

/// As [`number`], at the end of what is there already.
pub(super) fn push_number(value: u64, out: &mut String) {
    if value < 1000 {
        push_digits(itoa::Buffer::new().format(value), out);
    } else {
        out.push_str(&number(value));
    }
}

/// Adds a few digits one by one, which takes musl's `memcpy` longer.
pub(super) fn push_digits(digits: &str, out: &mut String) {
    digits.chars().for_each(|digit| out.push(digit));
}

/// A bar with its figure after it: the figure is the content, the picture decoration.
pub(super) fn bar(counts: Counts, floors: Floors) -> String {
    const WIDTH: u128 = 96;
    let Some(percent) = counts.percent() else { return "–".to_owned() };
    let filled = u128::from(counts.covered) * WIDTH / u128::from(counts.total.max(1));
    format!(
        "<span class=\"bar {}\"><svg width=\"{WIDTH}\" height=\"8\" viewBox=\"0 0 {WIDTH} 8\" aria-hidden=\"true\">\
         <rect class=\"track\" width=\"{WIDTH}\" height=\"8\" rx=\"2\" fill=\"#d0d7de\"/>\
         <rect class=\"full\" width=\"{filled}\" height=\"8\" rx=\"2\" fill=\"#4c8dd6\"/></svg> {percent}</span>",
        floors.grade(counts).class()
    )
}

/// The beginning of a page; `root` leads to the folder of the style sheet.
pub(super) fn head(title: &str, root: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<title>{}</title>\n\
         <link rel=\"stylesheet\" href=\"{root}style.css\"/>\n</head>\n<body>\n<main>\n",
        text(title)
    )
}

/// The end of a page.
pub(super) const FOOT: &str = concat!(
    "<footer><p>coverage-gate ",
    env!("CARGO_PKG_VERSION"),
    "</p></footer>\n</main>\n</body>\n</html>\n"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_special_is_written_in_another_way() {
        assert_eq!(text("a\tb <T> && 'c' \"d\""), "a\tb &lt;T&gt; &amp;&amp; &#39;c&#39; &quot;d&quot;");
        assert_eq!(text("né 日本 🦀<"), "né 日本 🦀&lt;");
        assert_eq!(text("\u{1}x\u{7f}\u{85}é\u{202e}"), "⟨U+0001⟩x⟨U+007F⟩⟨U+0085⟩é⟨U+202E⟩");
        assert_eq!(text(""), "");
    }

    #[test]
    fn numbers_are_grouped() {
        let pushed = |value| {
            let mut out = String::new();
            push_number(value, &mut out);
            out
        };
        for value in [0, 7, 999, 1000, 1_234_567, u64::MAX] {
            assert_eq!(pushed(value), number(value));
        }
    }
}
