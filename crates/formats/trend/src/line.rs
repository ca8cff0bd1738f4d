//! One line: what was measured of one commit and held to a limit.

use lw_model::lists::{distinct, sort_by};
use lw_model::{Bound, Direction, Limit, Measure, Number, Outcome, Report, Threshold, Unit, Verdict};
use lw_syntax::json;
use serde::{Deserialize, Serialize};

use crate::check;
use crate::error::{LineError, shortened};
use crate::{MAX_LINE, SCHEMA};

/// What was measured of one commit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub(crate) schema: String,
    /// Full id of the commit, in small letters.
    pub commit: String,
    /// When it was made, in seconds since 1970.
    pub time: u64,
    /// Address of the page of the run that measured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// What was measured, in the order of tool, title, subject and name.
    pub figures: Vec<Figure>,
}

/// A measure that was held to a limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The tool: `size-gate`.
    pub tool: String,
    /// What tells two uses of the tool apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Which of several subjects of the run it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The measure: `image.bytes`.
    pub name: String,
    /// The value.
    pub value: Number,
    /// What the value counts.
    pub unit: Unit,
    /// The whole it is a part of, in the same unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<Number>,
    /// Which way it gets better.
    pub direction: Direction,
    /// How it stood: the worst of its limits.
    pub verdict: Standing,
    /// What it was held to.
    pub limits: Vec<Gate>,
}

/// What a figure was held to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// What it bounds.
    pub bound: Bound,
    /// Where it lies.
    pub threshold: Threshold,
    /// The verdict of a breach: `warn` or `fail`.
    pub on_breach: Verdict,
    /// How the value stood.
    pub outcome: Outcome,
}

/// How a figure stood, from good to bad. What was not judged is no pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Within all its limits.
    Pass,
    /// Some limit could not be judged, and none was breached.
    NotJudged,
    /// Outside a limit, and let through.
    Overridden,
    /// Outside a soft limit.
    Warn,
    /// Outside a hard limit.
    Fail,
}

impl Standing {
    /// `pass`, `not-judged`, `overridden`, `warn` or `fail`, as in a line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::NotJudged => "not-judged",
            Self::Overridden => "overridden",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }

    /// The verdict to show; `None` where nothing was judged. What was let through must not look as if it were met.
    #[must_use]
    pub fn verdict(self) -> Option<Verdict> {
        match self {
            Self::Pass => Some(Verdict::Pass),
            Self::NotJudged => None,
            Self::Overridden | Self::Warn => Some(Verdict::Warn),
            Self::Fail => Some(Verdict::Fail),
        }
    }

    pub(crate) fn of(limits: &[Gate]) -> Self {
        let each = |gate: &Gate| match (gate.outcome, gate.on_breach) {
            (Outcome::Met, _) => Self::Pass,
            (Outcome::NotJudged, _) => Self::NotJudged,
            (Outcome::Overridden, _) => Self::Overridden,
            (Outcome::Breached, Verdict::Warn) => Self::Warn,
            (Outcome::Breached, _) => Self::Fail,
        };
        limits.iter().map(each).max().unwrap_or(Self::NotJudged)
    }
}

impl Gate {
    pub(crate) fn of(limit: &Limit) -> Self {
        Self {
            bound: limit.bound,
            threshold: limit.threshold,
            on_breach: limit.on_breach,
            outcome: limit.outcome,
        }
    }

    /// The limit in words: `max 900,000 B`, `max-drop 0.5 points`.
    #[must_use]
    pub fn terms(&self, unit: Unit) -> String {
        let threshold = match (self.bound, self.threshold) {
            (Bound::MaxDrop, Threshold::Percent(points)) => points.brief().replace('%', "points"),
            (_, threshold) => threshold.show(unit),
        };
        format!("{} {threshold}", self.bound)
    }
}

impl Figure {
    /// What a report says of a measure that it held to a limit; `None` of one without.
    #[must_use]
    pub fn of(report: &Report, measure: &Measure) -> Option<Self> {
        if measure.limits.is_empty() {
            return None;
        }
        let limits: Vec<Gate> = measure.limits.iter().map(Gate::of).collect();
        Some(Self {
            tool: report.tool.name.clone(),
            title: report.title.clone(),
            subject: measure.subject.clone(),
            name: measure.name.clone(),
            value: measure.value,
            unit: measure.unit,
            whole: measure.whole,
            direction: measure.direction,
            verdict: Standing::of(&limits),
            limits,
        })
    }

    /// What it is of: tool, title and subject. A later recording of the same commit replaces all figures of it.
    #[must_use]
    pub fn group(&self) -> (&str, Option<&str>, Option<&str>) {
        (&self.tool, self.title.as_deref(), self.subject.as_deref())
    }

    pub(crate) fn key(&self) -> (&str, Option<&str>, Option<&str>, &str) {
        (&self.tool, self.title.as_deref(), self.subject.as_deref(), &self.name)
    }
}

impl Line {
    /// A line, with its figures in order.
    ///
    /// # Errors
    /// When it is none that could be read back: a name that is too long, a figure that is there twice.
    pub fn new(
        commit: &str,
        time: u64,
        run: Option<String>,
        mut figures: Vec<Figure>,
    ) -> Result<Self, LineError> {
        sort_by(&mut figures, |a, b| a.key().cmp(&b.key()));
        let commit = commit.to_ascii_lowercase();
        let line = Self { schema: SCHEMA.to_owned(), commit, time, run, figures };
        check::line(&line)?;
        Ok(line)
    }

    /// Reads a line.
    ///
    /// # Errors
    /// When it is none, or says what no recording can have written.
    pub fn parse(text: &[u8]) -> Result<Self, LineError> {
        #[derive(Deserialize)]
        struct Head {
            schema: Option<serde_json::Value>,
        }
        if text.len() > MAX_LINE {
            return Err(LineError::TooLong(text.len()));
        }
        let line: Self = json::from_slice(text).map_err(|fault| {
            // Of another schema any field may be wrong first.
            match json::from_slice::<Head>(text).map(|head| head.schema) {
                Ok(Some(serde_json::Value::String(other))) if other != SCHEMA => {
                    LineError::Schema(shortened(&other))
                }
                _ => LineError::Malformed {
                    column: fault.position(text).column,
                    what: shortened(fault.reason()),
                },
            }
        })?;
        check::line(&line)?;
        Ok(line)
    }

    /// The line as it is written, without its line feed.
    ///
    /// # Errors
    /// When it has more bytes than a line may have.
    pub fn to_text(&self) -> Result<String, LineError> {
        let text = serde_json::to_string(self)
            .map_err(|error| LineError::Malformed { column: 1, what: shortened(&error.to_string()) })?;
        if text.len() > MAX_LINE { Err(LineError::TooLong(text.len())) } else { Ok(text) }
    }

    /// The worst of its figures.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.figures.iter().map(|figure| figure.verdict).max().unwrap_or(Standing::NotJudged)
    }

    /// This line after a recording of the same commit: figures of what the new one measured are its own, the others stay.
    pub(crate) fn merged(&self, newer: &Self) -> Self {
        let measured = distinct(newer.figures.iter().map(Figure::group));
        let kept =
            self.figures.iter().filter(|figure| measured.binary_search(&figure.group()).is_err()).cloned();
        let mut figures: Vec<Figure> = kept.chain(newer.figures.iter().cloned()).collect();
        sort_by(&mut figures, |a, b| a.key().cmp(&b.key()));
        Self { figures, ..newer.clone() }
    }
}
