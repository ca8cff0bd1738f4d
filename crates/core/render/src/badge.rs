//! Badges: one figure in a few pixels.

use serde_json::json;

use crate::{escape, kit};

/// The colour of a badge, by what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// As good as can be.
    BrightGreen,
    /// Good.
    Green,
    /// Nearly good.
    YellowGreen,
    /// Neither good nor bad.
    Yellow,
    /// Nearly bad.
    Orange,
    /// Bad.
    Red,
    /// Not known.
    Grey,
}

impl Colour {
    /// Its name for shields.io.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BrightGreen => "brightgreen",
            Self::Green => "green",
            Self::YellowGreen => "yellowgreen",
            Self::Yellow => "yellow",
            Self::Orange => "orange",
            Self::Red => "red",
            Self::Grey => "lightgrey",
        }
    }

    /// Its value in a picture.
    fn value(self) -> &'static str {
        match self {
            Self::BrightGreen => "#4c1",
            Self::Green => "#97ca00",
            Self::YellowGreen => "#a4a61d",
            Self::Yellow => "#dfb317",
            Self::Orange => "#fe7d37",
            Self::Red => "#e05d44",
            Self::Grey => "#9f9f9f",
        }
    }
}

/// The longest text of one half of a badge, in characters.
const LONGEST: usize = 60;

fn shown(text: &str) -> String {
    escape::shown(text, LONGEST, "…")
}

/// The JSON of a shields.io endpoint badge (<https://shields.io/badges/endpoint-badge>, schema 1).
#[must_use]
pub fn json(label: &str, message: &str, colour: Colour) -> String {
    let badge = json!({
        "schemaVersion": 1,
        "label": shown(label),
        "message": shown(message),
        "color": colour.name(),
    });
    format!("{badge}\n")
}

/// A picture of 20 pixels height.
#[must_use]
pub fn svg(label: &str, message: &str, colour: Colour) -> String {
    let (label, message) = (shown(label), shown(message));
    let (left, right) = (width(&label), width(&message));
    let (total, colour) = (left + right, colour.value());
    let (label_at, message_at) = (left / 2, left + right / 2);
    let (label, message) = (kit::text(&label), kit::text(&message));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{total}\" height=\"20\" role=\"img\" \
         aria-label=\"{label}: {message}\"><title>{label}: {message}</title>\
         <clipPath id=\"r\"><rect width=\"{total}\" height=\"20\" rx=\"4\"/></clipPath>\
         <g clip-path=\"url(#r)\"><rect width=\"{left}\" height=\"20\" fill=\"#444d56\"/>\
         <rect x=\"{left}\" width=\"{right}\" height=\"20\" fill=\"{colour}\"/></g>\
         <g fill=\"#fff\" text-anchor=\"middle\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">\
         <text x=\"{label_at}\" y=\"14\">{label}</text>\
         <text x=\"{message_at}\" y=\"14\" font-weight=\"bold\">{message}</text></g></svg>\n"
    )
}

/// Pixels of a text of 11 pixels height with room on both sides; a letter of such fonts is about 7 wide.
fn width(text: &str) -> usize {
    text.chars().count() * 7 + 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_becomes_markup_and_a_badge_has_an_end() {
        let hostile = "<script>\"&'\u{202e}";
        let svg = svg(hostile, hostile, Colour::Red);
        assert_eq!(svg.matches('<').count(), svg.matches('>').count(), "{svg}");
        assert!(!svg.contains("<script") && !svg.contains('\u{202e}') && svg.contains("&lt;script&gt;"));
        let json = json(hostile, &"x".repeat(500), Colour::Grey);
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert!(read["message"].as_str().unwrap().chars().count() <= LONGEST + 1);
        assert_eq!((read["schemaVersion"].as_i64(), read["color"].as_str()), (Some(1), Some("lightgrey")));
    }
}
