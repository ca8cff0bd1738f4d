//! Badges: the line coverage in a few pixels.

use lw_model::Percent;
use lw_render::badge::{self, Colour};

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

/// As the limits of the user say, or else by steps.
fn colour(percent: Option<Percent>, grade: Option<Grade>) -> Colour {
    let Some(percent) = percent else { return Colour::Grey };
    match grade {
        Some(Grade::High) => return Colour::BrightGreen,
        Some(Grade::Medium) => return Colour::Yellow,
        Some(Grade::Low) => return Colour::Red,
        Some(Grade::None) | None => {}
    }
    // The steps people know from other badges of coverage.
    let steps = [
        (90, Colour::BrightGreen),
        (80, Colour::Green),
        (70, Colour::YellowGreen),
        (60, Colour::Yellow),
        (50, Colour::Orange),
    ];
    let reached = steps.into_iter().find(|(least, _)| percent.as_f64() >= f64::from(*least));
    reached.map_or(Colour::Red, |(_, colour)| colour)
}

/// The JSON of a shields.io endpoint badge.
pub(crate) fn json(percent: Option<Percent>, grade: Option<Grade>) -> String {
    badge::json(LABEL, &message(percent), colour(percent, grade))
}

/// A picture of 20 pixels height.
pub(crate) fn svg(percent: Option<Percent>, grade: Option<Grade>) -> String {
    badge::svg(LABEL, &message(percent), colour(percent, grade))
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
