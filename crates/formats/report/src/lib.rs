//! `lw-report/1` read back: by a later run as its baseline, and by what joins the reports of a pipeline.
//!
//! A report that was kept somewhere is foreign, whoever wrote it first. So its length is bounded, another schema is refused by
//! its name, and so is what no tool of the suite can have written: a part of less than nothing, a limit that its own numbers
//! break and that is called met. That a report was forged with numbers that fit each other, nobody can see.

mod check;
mod commit;
mod error;
mod skim;

use lw_model::{Report, SCHEMA};
use lw_syntax::json_reason;
use serde::Deserialize;

pub use check::check;
pub use commit::Commit;
pub use error::{Impossible, ReportError};

/// The most bytes of a report: that of a large firmware with every symbol has 20 MB.
pub const MAX_BYTES: usize = 256 << 20;

/// Reads a report.
///
/// # Errors
/// When it is larger than [`MAX_BYTES`], no `lw-report/1`, or says what no tool can have written.
pub fn read(bytes: &[u8]) -> Result<Report, ReportError> {
    read_within(bytes, MAX_BYTES)
}

/// As [`read`], with a bound of the caller's own, for what anybody may have sent.
///
/// # Errors
/// As [`read`].
pub fn read_within(bytes: &[u8], most: usize) -> Result<Report, ReportError> {
    if bytes.len() > most {
        return Err(ReportError::TooLarge { most });
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ReportError::Empty);
    }
    let report: Report = serde_json::from_slice(bytes).map_err(|error| explained(bytes, &error))?;
    check(&report)?;
    Ok(report)
}

/// Reads a report, and lets go of measures that no limit holds and that are what they were in the baseline: they are checked as all
/// others are, and not kept. Takes a fraction of the time and the memory of [`read`]. Some that are of no interest may be kept.
///
/// # Errors
/// As [`read`].
pub fn read_what_matters(bytes: &[u8]) -> Result<Report, ReportError> {
    if bytes.len() > MAX_BYTES {
        return Err(ReportError::TooLarge { most: MAX_BYTES });
    }
    let Some(mut skimmed) = skim::skim(bytes) else { return read(bytes) };
    let report: Result<Report, _> = serde_json::from_slice(&skimmed.text);
    match report {
        Ok(report) if !skimmed.may_be_twice(&report.measures) && check::check_each(&report).is_ok() => {
            Ok(report)
        }
        // What is wrong is said in the one way, with its place; and names that seem to be one are looked at again.
        _ => read(bytes),
    }
}

/// Why it could not be read. What is JSON with another schema is that, whatever field of it was wrong first.
fn explained(bytes: &[u8], error: &serde_json::Error) -> ReportError {
    #[derive(Deserialize)]
    struct Head {
        schema: Option<serde_json::Value>,
    }
    let is_object = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if !is_object {
        return ReportError::NotJson;
    }
    if let Ok(head) = serde_json::from_slice::<Head>(bytes) {
        match head.schema {
            Some(serde_json::Value::String(schema)) if schema == SCHEMA => {}
            Some(serde_json::Value::String(schema)) => {
                return ReportError::Schema { found: shortened(&schema) };
            }
            _ => return ReportError::NoSchema,
        }
    }
    ReportError::Malformed {
        line: error.line(),
        column: error.column(),
        what: shortened(&json_reason(error)),
    }
}

/// As much of a foreign text as an error quotes.
fn shortened(text: &str) -> String {
    const MOST: usize = 200;
    let mut short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
