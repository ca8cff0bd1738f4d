//! What readers of text formats share: [`Position`], a place in a text for a person, [`xml`], documents element by element
//! without document types, entities of their own, or depth without bound, and [`json_reason`], what is wrong with JSON.

mod position;
pub mod xml;

pub use position::Position;

/// What `serde_json` says is wrong, without the line and column it ends with: an error of ours tells its place by itself.
#[must_use]
pub fn json_reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_of_json_has_no_place_but_keeps_foreign_text() {
        let reason = |text: &str| json_reason(&serde_json::from_str::<u8>(text).unwrap_err());
        assert_eq!(reason("["), "invalid type: sequence, expected u8");
        assert_eq!(reason("\n\n{"), "invalid type: map, expected u8");
        assert_eq!(
            reason(r#"" at line 1 column 2""#),
            r#"invalid type: string " at line 1 column 2", expected u8"#
        );
        let error = serde::de::Error::custom("it stands at line 3 column 4 of another file");
        assert_eq!(json_reason(&error), "it stands at line 3 column 4 of another file");
    }
}
