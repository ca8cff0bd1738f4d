//! Figures of other tools, as a gate reads them: a file of metrics, one value of any JSON or CSV, Sonar's quality gate, and
//! what lizard, radon, gocyclo, jscpd and scc write. Beside them: how the jobs of a workflow ended.
//!
//! What is no number is never read as one: text, `null`, `true` and NaN are [`Unusable`], with the reason, so that whoever
//! asks for them is told. Only Sonar writes its numbers as text, and only there they are read so.

mod complexity;
mod error;
mod json;
mod needs;
mod pick;
mod sonar;

use lw_model::{Number, Unit};

pub use error::{FiguresError, NeedsError, Problem};
pub use needs::{Ended, Job, needs};
pub use pick::{Take, csv_value, json_value};

/// The most bytes of a file that is read.
pub const MAX_BYTES: usize = 64 << 20;
/// The most figures of one file.
pub const MAX_FIGURES: usize = 100_000;

/// What wrote a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// An object of numbers, objects within it as `outer.inner`: the `metrics.json` of many pipelines.
    Metrics,
    /// Sonar's quality gate: `api/qualitygates/project_status`, or what its webhook sends.
    Sonar,
    /// `lizard --csv`, with or without the head that `--verbose` adds.
    Lizard,
    /// `radon cc --json`, `radon mi --json` or `radon raw --json`.
    Radon,
    /// What gocyclo prints, a line for each function.
    Gocyclo,
    /// `jscpd-report.json` of `jscpd --reporters json`.
    Jscpd,
    /// `scc --format json` or `json2`.
    Scc,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 7] =
        [Self::Metrics, Self::Sonar, Self::Lizard, Self::Radon, Self::Gocyclo, Self::Jscpd, Self::Scc];

    /// Its name: `lizard`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Sonar => "sonar",
            Self::Lizard => "lizard",
            Self::Radon => "radon",
            Self::Gocyclo => "gocyclo",
            Self::Jscpd => "jscpd",
            Self::Scc => "scc",
        }
    }
}

/// One number.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What it is: `complexity.max`.
    pub name: String,
    /// The number; finite.
    pub value: Number,
    /// What it is a part of.
    pub whole: Option<Number>,
    /// What it counts, where the format says so.
    pub unit: Option<Unit>,
}

impl Figure {
    fn new(name: &str, value: impl Into<Number>, unit: Unit) -> Self {
        Self { name: name.to_owned(), value: value.into(), whole: None, unit: Some(unit) }
    }
}

/// Something that stands where a number could, and is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// What it would be.
    pub name: String,
    /// Why it is none: `null`, `text`.
    pub why: &'static str,
}

/// What another gate says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stated {
    /// It passed.
    Passed,
    /// It warned.
    Warned,
    /// It failed.
    Failed,
    /// It was not judged: there is no gate, or nothing it could look at.
    NotJudged,
}

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// The numbers, in the order of the file.
    pub figures: Vec<Figure>,
    /// What is none.
    pub unusable: Vec<Unusable>,
    /// The verdict of the gate that wrote it, where one did.
    pub stated: Option<Stated>,
}

impl Figures {
    /// The figure of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.name == name)
    }
}

/// Reads a file.
///
/// # Errors
/// When it is not what its format allows, is empty or has nothing to read, or is larger than anything real.
pub fn read(format: Format, bytes: &[u8]) -> Result<Figures, FiguresError> {
    let name = format.as_str();
    let text = text_of(name, bytes)?;
    let figures = match format {
        Format::Metrics => json::metrics(text),
        Format::Sonar => sonar::read(text),
        Format::Lizard => complexity::lizard(text),
        Format::Radon => complexity::radon(text),
        Format::Gocyclo => complexity::gocyclo(text),
        Format::Jscpd => complexity::jscpd(text),
        Format::Scc => complexity::scc(text),
    };
    figures.map_err(|problem| problem.of(name))
}

/// The text of a file without its byte order mark.
fn text_of<'a>(format: &'static str, bytes: &'a [u8]) -> Result<&'a str, FiguresError> {
    let fail = |problem: Problem| problem.of(format);
    if bytes.len() > MAX_BYTES {
        return Err(fail(Problem::TooLarge(MAX_BYTES)));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| fail(Problem::NotUtf8(error.valid_up_to())))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(fail(Problem::Empty));
    }
    Ok(text)
}
