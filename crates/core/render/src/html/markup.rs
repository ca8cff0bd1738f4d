//! Foreign text inside the page.

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
            html.push_str(&kit::sentence(piece));
        }
    }
    html
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
