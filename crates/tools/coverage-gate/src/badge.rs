//! Badges: the line coverage in a few pixels.

use lw_model::Percent;
use serde_json::json;

use crate::grade::Grade;

/// What stands on the left.
const LABEL: &str = "coverage";

/// The percentage without decimals, floored like everything: `100%` is all lines. `unknown` when there are none.
fn message(percent: Option<Percent>) -> String {
    percent.map_or_else(
        || "unknown".to_owned(),
        |percent| format!("{}%", percent.to_string().split('.').next().unwrap_or_default()),
    )
}

/// A name of a colour that shields.io knows, and its value: as the limits of the user say, or else by steps.
fn colour(percent: Option<Percent>, grade: Option<Grade>) -> (&'static str, &'static str) {
    let Some(percent) = percent else { return ("lightgrey", "#9f9f9f") };
    match grade {
        Some(Grade::High) => return ("brightgreen", "#4c1"),
        Some(Grade::Medium) => return ("yellow", "#dfb317"),
        Some(Grade::Low) => return ("red", "#e05d44"),
        Some(Grade::None) | None => {}
    }
    // The steps people know from other badges of coverage.
    let steps = [
        (90, "brightgreen", "#4c1"),
        (80, "green", "#97ca00"),
        (70, "yellowgreen", "#a4a61d"),
        (60, "yellow", "#dfb317"),
        (50, "orange", "#fe7d37"),
    ];
    let reached = steps.into_iter().find(|(least, _, _)| percent.as_f64() >= f64::from(*least));
    reached.map_or(("red", "#e05d44"), |(_, name, value)| (name, value))
}

/// The JSON of a shields.io endpoint badge (shields.io/badges/endpoint-badge, schema 1).
pub(crate) fn json(percent: Option<Percent>, grade: Option<Grade>) -> String {
    let badge = json!({
        "schemaVersion": 1,
        "label": LABEL,
        "message": message(percent),
        "color": colour(percent, grade).0,
    });
    format!("{badge}\n")
}

/// A picture of 20 pixels height.
pub(crate) fn svg(percent: Option<Percent>, grade: Option<Grade>) -> String {
    let message = message(percent);
    let (left, right) = (width(LABEL), width(&message));
    let (total, colour) = (left + right, colour(percent, grade).1);
    let (label_at, message_at) = (left / 2, left + right / 2);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{total}\" height=\"20\" role=\"img\" \
         aria-label=\"{LABEL}: {message}\"><title>{LABEL}: {message}</title>\
         <clipPath id=\"r\"><rect width=\"{total}\" height=\"20\" rx=\"4\"/></clipPath>\
         <g clip-path=\"url(#r)\"><rect width=\"{left}\" height=\"20\" fill=\"#444d56\"/>\
         <rect x=\"{left}\" width=\"{right}\" height=\"20\" fill=\"{colour}\"/></g>\
         <g fill=\"#fff\" text-anchor=\"middle\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">\
         <text x=\"{label_at}\" y=\"14\">{LABEL}</text>\
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

    fn percent(text: &str) -> Option<Percent> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn a_badge_never_rounds_up() {
        for (text, message, colour) in [
            ("99.9999", "99%", "brightgreen"),
            ("100", "100%", "brightgreen"),
            ("79.99", "79%", "yellowgreen"),
            ("80", "80%", "green"),
            ("0", "0%", "red"),
        ] {
            let expected = format!(
                "{{\"schemaVersion\":1,\"label\":\"coverage\",\"message\":\"{message}\",\"color\":\"{colour}\"}}\n"
            );
            assert_eq!(json(percent(text), None), expected);
            assert!(svg(percent(text), None).contains(&format!(">{message}</text>")));
        }
        assert!(json(None, None).contains("\"unknown\""));
        // The user's own floor is what is good enough.
        assert!(json(percent("95"), Some(Grade::Low)).contains("\"red\""));
        assert!(json(percent("55"), Some(Grade::High)).contains("\"brightgreen\""));
    }
}
