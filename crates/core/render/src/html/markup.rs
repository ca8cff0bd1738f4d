//! Foreign text inside the page.

use std::fmt::Write as _;

pub(super) use crate::kit::text as escaped;
use crate::{escape, kit};

/// A sentence on one line; a name in backticks is set as code.
pub(super) fn prose(text: &str) -> String {
    let text = escape::prose(text);
    let mut html = String::with_capacity(text.len() + 16);
    for (is_code, piece) in escape::pieces(&text) {
        if is_code {
            html.push_str("<code>");
            html.push_str(&kit::name(piece));
            html.push_str("</code>");
        } else {
            flags(piece, &mut html);
        }
    }
    html
}

/// A sentence with its flags, such as `--max-growth`, set as code, so that no line ends inside of one.
fn flags(sentence: &str, html: &mut String) {
    let mut kept = 0;
    for (at, _) in sentence.match_indices("--") {
        let (before, from) = (sentence.get(kept..at), sentence.get(at..).unwrap_or_default());
        let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let flag = from.get(..from.find(|c| !is_letter(c)).unwrap_or(from.len())).unwrap_or_default();
        let named = flag.trim_start_matches("--").starts_with(|c: char| c.is_ascii_lowercase());
        let Some(before) = before.filter(|_| named && !flag.starts_with("---")) else { continue };
        if sentence.get(..at).is_some_and(|before| before.ends_with(char::is_alphanumeric)) {
            continue;
        }
        html.push_str(&kit::sentence(before));
        let _ = write!(html, "<code>{}</code>", escaped(flag));
        kept = at + flag.len();
    }
    html.push_str(&kit::sentence(sentence.get(kept..).unwrap_or_default()));
}

/// A sentence without any element, for a title.
pub(super) fn plain(text: &str) -> String {
    kit::sentence(&escape::prose(text))
}

/// Figures with their units, as [`crate::show`] and [`crate::limit`] write them.
pub(super) fn figures(text: &str) -> String {
    kit::sentence(text)
}

/// A name as it is.
pub(super) fn name(text: &str) -> String {
    escaped(&escape::name(text))
}

/// A name in a fixed-width font.
pub(super) fn code(text: &str) -> String {
    let name = kit::name(&escape::name(text));
    if name.is_empty() { name } else { format!("<code>{name}</code>") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_code() {
        assert_eq!(prose("grew (5 %; --max-growth), so"), "grew (5\u{a0}%; <code>--max-growth</code>), so");
        assert_eq!(prose("a--b -- --- --<b> --1"), "a--b -- --- --&lt;b&gt; --1");
        assert_eq!(prose("`--x` --y"), "<code>--x</code> <code>--y</code>");
    }
}
