//! Foreign text inside the page.

use crate::escape;
pub(super) use crate::kit::text as escaped;

/// A sentence on one line; a name in backticks is set as code.
pub(super) fn prose(text: &str) -> String {
    let text = escape::prose(text);
    let mut html = String::with_capacity(text.len() + 16);
    for (is_code, piece) in escape::pieces(&text) {
        let piece = escaped(piece);
        if is_code {
            html.push_str("<code class=\"long\">");
            html.push_str(&piece);
            html.push_str("</code>");
        } else {
            html.push_str(&piece);
        }
    }
    html
}

/// A sentence without any element, for a title.
pub(super) fn plain(text: &str) -> String {
    escaped(&escape::prose(text))
}

/// A name as it is.
pub(super) fn name(text: &str) -> String {
    escaped(&escape::name(text))
}

/// A name in a fixed-width font. A short one is not broken across lines.
pub(super) fn code(text: &str) -> String {
    const SHORT: usize = 44;
    let class = if text.len() > SHORT { " class=\"long\"" } else { "" };
    let name = name(text);
    if name.is_empty() { name } else { format!("<code{class}>{name}</code>") }
}
