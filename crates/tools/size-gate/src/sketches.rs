//! Reports of Arduino's compile-sketches action, as a baseline.
//!
//! Format: arduino/compile-sketches `compilesketches.py` (`get_sketches_report`, `get_size_report`). A number it could
//! not find in the compiler's output is the string `N/A`.

use std::borrow::Cow;

use lw_model::Diagnose;
use lw_syntax::{Position, json};
use serde::Deserialize;

/// A report: one or more boards, each with one or more sketches.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Sketches {
    /// The commit that was compiled.
    #[serde(default)]
    pub commit_hash: Option<String>,
    /// The boards; the action writes one per file.
    pub boards: Vec<Board>,
}

/// A board and the sketches compiled for it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Board {
    /// Its fully qualified name: `esp32:esp32:esp32c3`.
    pub board: String,
    /// The sketches.
    #[serde(default)]
    pub sketches: Vec<Sketch>,
}

/// A compiled sketch.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Sketch {
    /// Path of the sketch in its repository.
    pub name: String,
    /// Whether it compiled.
    #[serde(default)]
    pub compilation_success: Option<bool>,
    /// One entry per memory.
    #[serde(default)]
    sizes: Vec<Size>,
}

/// Use of one memory.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Size {
    name: String,
    maximum: Amount,
    current: Current,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Current {
    absolute: Amount,
}

/// A number of bytes, or `N/A`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Amount(Option<u64>);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw<'a> {
            Bytes(u64),
            Text(#[serde(borrow)] Cow<'a, str>),
        }
        match Raw::deserialize(deserializer) {
            Ok(Raw::Bytes(bytes)) => Ok(Self(Some(bytes))),
            Ok(Raw::Text(text)) if text == "N/A" => Ok(Self(None)),
            _ => Err(serde::de::Error::custom("expected a number of bytes or \"N/A\"")),
        }
    }
}

/// Bytes of one memory that a sketch takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes taken.
    pub current: u64,
    /// Bytes there are, when the board says so.
    pub maximum: Option<u64>,
}

/// Why a report cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SketchesError {
    /// Not JSON, or not this JSON.
    #[error("{0}: {1}")]
    Json(Position, String),
    /// Nothing in it that could be a baseline.
    #[error("the sketches report has no sketch with a size")]
    Empty,
}

impl Diagnose for SketchesError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Json(..) => {
                "Give a file that arduino/compile-sketches wrote into its sketches-report-path.".into()
            }
            Self::Empty => {
                "Give the report of a build in which a sketch compiled and the board's recipe prints sizes."
                    .into()
            }
        })
    }
}

impl Sketches {
    /// Whether a baseline is meant to be such a report, and not `lw-report/1`; it may still be malformed.
    #[must_use]
    pub fn looks_like(json: &[u8]) -> bool {
        let has = |text: &str| json.windows(text.len()).any(|window| window == text.as_bytes());
        has("\"boards\"") && !has("\"lw-report/")
    }

    /// Reads a report.
    ///
    /// # Errors
    /// When it is no sketches report, or no sketch in it has a size.
    pub fn parse(json: &[u8]) -> Result<Self, SketchesError> {
        let report: Self = json::from_slice(json)
            .map_err(|fault| SketchesError::Json(fault.position(json), fault.reason().to_owned()))?;
        if report.measured().next().is_none() {
            return Err(SketchesError::Empty);
        }
        Ok(report)
    }

    /// Bytes of flash of one firmware; see [`Sketches::sketch`] for its name.
    #[must_use]
    pub fn flash(&self, name: Option<&str>) -> Option<u64> {
        Some(self.sketch(name)?.flash()?.current)
    }

    /// Bytes of RAM for global variables of one firmware; see [`Sketches::sketch`] for its name.
    #[must_use]
    pub fn ram(&self, name: Option<&str>) -> Option<u64> {
        Some(self.sketch(name)?.ram()?.current)
    }

    /// The sketch a firmware is, when there is no doubt: the only one with this path, folder (`Blink` of
    /// `examples/Blink`) or board; without a name, the only one there is.
    #[must_use]
    pub fn sketch(&self, name: Option<&str>) -> Option<&Sketch> {
        let only = |matches: &dyn Fn(&Board, &Sketch) -> bool| {
            let mut found = self.measured().filter(|(board, sketch)| matches(board, sketch));
            let first = found.next()?;
            found.next().is_none().then_some(first.1)
        };
        let Some(name) = name else { return only(&|_, _| true) };
        only(&|_, sketch| sketch.name == name)
            .or_else(|| only(&|_, sketch| sketch.name.rsplit('/').next() == Some(name)))
            .or_else(|| only(&|board, _| board.board == name))
    }

    /// The sketches that have a size.
    fn measured(&self) -> impl Iterator<Item = (&Board, &Sketch)> {
        let all =
            self.boards.iter().flat_map(|board| board.sketches.iter().map(move |sketch| (board, sketch)));
        all.filter(|(_, sketch)| sketch.flash().is_some() || sketch.ram().is_some())
    }
}

impl Sketch {
    /// Flash, as the board's recipe counts it.
    #[must_use]
    pub fn flash(&self) -> Option<Usage> {
        self.usage("flash")
    }

    /// RAM for global variables, as the board's recipe counts it.
    #[must_use]
    pub fn ram(&self) -> Option<Usage> {
        self.usage("RAM for global variables")
    }

    fn usage(&self, memory: &str) -> Option<Usage> {
        let size = self.sizes.iter().find(|size| size.name == memory)?;
        Some(Usage { current: size.current.absolute.0?, maximum: size.maximum.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written after the action's own fields: two sketches, one that did not compile.
    const REPORT: &str = r#"{
        "commit_hash": "0123456789abcdef0123456789abcdef01234567",
        "commit_url": "https://github.com/owner/repo/commit/0123456789abcdef0123456789abcdef01234567",
        "boards": [{
            "board": "esp32:esp32:esp32c3",
            "sketches": [
                {
                    "name": "examples/Blink",
                    "compilation_success": true,
                    "sizes": [
                        {
                            "name": "flash", "maximum": 1310720,
                            "current": {"absolute": 262144, "relative": 20.0},
                            "previous": {"absolute": "N/A", "relative": "N/A"},
                            "delta": {"absolute": "N/A", "relative": "N/A"}
                        },
                        {
                            "name": "RAM for global variables", "maximum": "N/A",
                            "current": {"absolute": 13000, "relative": "N/A"}
                        }
                    ],
                    "warnings": {"current": {"absolute": 3}}
                },
                {
                    "name": "examples/Broken",
                    "compilation_success": false,
                    "sizes": [
                        {"name": "flash", "maximum": "N/A", "current": {"absolute": "N/A", "relative": "N/A"}}
                    ]
                }
            ],
            "sizes": [{"name": "flash", "maximum": 1310720, "delta": {"absolute": {"minimum": 0, "maximum": 4}}}]
        }]
    }"#;

    #[test]
    fn numbers_and_what_was_not_measured_are_read() {
        let report = Sketches::parse(REPORT.as_bytes()).unwrap();
        let blink = report.sketch(Some("examples/Blink")).unwrap();
        assert_eq!(blink.flash(), Some(Usage { current: 262_144, maximum: Some(1_310_720) }));
        assert_eq!(blink.ram(), Some(Usage { current: 13_000, maximum: None }));
        let broken = &report.boards[0].sketches[1];
        assert_eq!((broken.flash(), broken.ram(), broken.compilation_success), (None, None, Some(false)));
        assert!(Sketches::looks_like(REPORT.as_bytes()));
        assert!(
            Sketches::looks_like(&REPORT.as_bytes()[..REPORT.len() - 9]),
            "malformed, but no lw-report/1 either"
        );
        assert!(!Sketches::looks_like(br#"{"schema": "lw-report/1", "summary": "the \"boards\" grew"}"#));
    }

    #[test]
    fn a_firmware_finds_its_sketch_only_without_doubt() {
        let one = Sketches::parse(REPORT.as_bytes()).unwrap();
        for name in [None, Some("examples/Blink"), Some("Blink"), Some("esp32:esp32:esp32c3")] {
            assert_eq!((one.flash(name), one.ram(name)), (Some(262_144), Some(13_000)), "{name:?}");
        }
        assert_eq!(one.flash(Some("Broken")), None);
        let two = REPORT.replace("\"absolute\": \"N/A\", \"relative\": \"N/A\"}}\n", "\"absolute\": 5}}\n");
        let two = Sketches::parse(two.as_bytes()).unwrap();
        assert_eq!((two.flash(None), two.flash(Some("esp32:esp32:esp32c3"))), (None, None));
        assert_eq!((two.flash(Some("Blink")), two.flash(Some("Broken"))), (Some(262_144), Some(5)));
    }

    #[test]
    fn what_is_no_report_says_where() {
        let error = |json: &str| Sketches::parse(json.as_bytes()).unwrap_err().to_string();
        assert_eq!(
            error("{\n  \"boards\": 3}"),
            "line 2, column 13: invalid type: integer `3`, expected a sequence"
        );
        assert_eq!(error(""), "line 1, column 1: EOF while parsing a value");
        assert_eq!(error("{\"boards\": []}"), "the sketches report has no sketch with a size");
        let wrong = REPORT.replace("262144", "\"many\"");
        assert!(error(&wrong).ends_with("expected a number of bytes or \"N/A\""), "{}", error(&wrong));
        let negative = REPORT.replace("262144", "-1");
        assert!(error(&negative).ends_with("expected a number of bytes or \"N/A\""));
    }
}
