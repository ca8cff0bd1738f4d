//! Foreign text inside the page.

use crate::escape;

/// `text` with everything escaped that could be markup, in elements and in quoted attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A sentence on one line.
pub(super) fn prose(text: &str) -> String {
    escaped(&escape::prose(text))
}

/// A name as it is.
pub(super) fn name(text: &str) -> String {
    escaped(&escape::name(text))
}

/// A name in a fixed-width font, and apart from the direction of the text around it.
pub(super) fn code(text: &str) -> String {
    let name = name(text);
    if name.is_empty() { name } else { format!("<code>{name}</code>") }
}
