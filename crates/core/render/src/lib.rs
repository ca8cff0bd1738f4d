//! A [`Report`] in the words of its reader: a terminal, a pull request, a browser, a test view, a
//! code scanner or another tool.
//!
//! Each format is one module over the same views and helpers. Nothing here knows a CI provider or a
//! tool: a provider's limits and a tool's wording are other crates' business. The same report and
//! options give the same bytes everywhere.
//!
//! Every text of a report is foreign: a symbol, a path or a message may hold anything. Each format
//! escapes it in its own way, and those a person reads make control and direction characters
//! visible and shorten what is longer than anybody reads.

mod escape;
mod format;
mod html;
pub mod joined;
mod json;
mod junit;
pub mod kit;
mod limit;
mod markdown;
mod openmetrics;
mod options;
mod sarif;
mod show;
mod text;
mod view;

use std::io::{self, Write};

use lw_model::{Class, Diagnose, Report, Verdict};

pub use format::{Format, UnknownFormat};
pub use html::{graph, tour};
pub use options::{LinkBase, LinkBaseError, Options};

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The writer refused the bytes; a broken pipe is one of these.
    #[error("the report could not be written: {0}")]
    Write(#[from] io::Error),
    /// JSON has no word for infinity and "not a number".
    #[error("`{name}` has the value {value}, which JSON cannot hold")]
    NotFinite {
        /// The measure or series.
        name: String,
        /// Its value.
        value: f64,
    },
}

impl Diagnose for RenderError {
    fn class(&self) -> Class {
        match self {
            Self::Write(_) => Class::Remote,
            Self::NotFinite { .. } => Class::Internal,
        }
    }
}

/// A part of the text of a report, for logs that can fold some of them: all parts together are what [`render`] writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextPart {
    /// The subject it is about; `None` for what is about the run as a whole.
    pub subject: Option<String>,
    /// How it came off.
    pub verdict: Verdict,
    /// The text; that of a subject begins with an empty line and the subject's heading.
    pub text: Vec<u8>,
}

/// The text of a report in its parts.
///
/// # Errors
/// None: what is written to is memory.
pub fn text_parts(report: &Report, options: &Options) -> Result<Vec<TextPart>, RenderError> {
    Ok(text::parts(report, options)?)
}

/// Writes `report` in `format` to `out`.
///
/// Time and memory are linear in the report; `out` gets many small writes and should be buffered.
///
/// # Errors
/// When `out` fails, or when a number has no JSON form.
pub fn render(
    report: &Report,
    format: Format,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), RenderError> {
    match format {
        Format::Text => text::write(report, options, out)?,
        Format::Markdown => markdown::write(report, options, out)?,
        Format::Html => html::write(report, options, out)?,
        Format::OpenMetrics => openmetrics::write(report, out)?,
        Format::Json => json::write(report, out)?,
        Format::Junit => junit::write(report, out)?,
        Format::Sarif => sarif::write(report, options, out)?,
    }
    out.flush()?;
    Ok(())
}
