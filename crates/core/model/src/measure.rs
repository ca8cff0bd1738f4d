//! A measured value, its baseline and its limits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::finding::Location;
use crate::quantity::{ByteSize, Number, Percent, QuantityError};
use crate::unit::Unit;
use crate::verdict::Verdict;

/// Which way a measure gets better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Sizes, durations, failures.
    #[default]
    Lower,
    /// Coverage, free space.
    Higher,
}

/// One measured value under its contract name (`region.RAM.span`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Measure {
    /// Dotted path, stable across versions.
    pub name: String,
    /// Which of several subjects of a run it belongs to (a firmware of a build matrix).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The value.
    pub value: Number,
    /// What the value counts.
    pub unit: Unit,
    /// The whole this is a part of, in the same unit: the size of the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<Number>,
    /// The value in the baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Number>,
    /// Which way it gets better.
    pub direction: Direction,
    /// The limits it is held to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
}

impl Measure {
    /// A number of bytes of which fewer are better.
    pub fn bytes(name: impl Into<String>, bytes: u64) -> Self {
        Self {
            name: name.into(),
            subject: None,
            value: bytes.into(),
            unit: Unit::Bytes,
            whole: None,
            baseline: None,
            direction: Direction::Lower,
            limits: Vec::new(),
        }
    }

    /// The same measure as a part of `whole`.
    #[must_use]
    pub fn out_of(mut self, whole: u64) -> Self {
        self.whole = Some(whole.into());
        self
    }

    /// The same measure in the other direction.
    #[must_use]
    pub fn higher_is_better(mut self) -> Self {
        self.direction = Direction::Higher;
        self
    }

    /// Change since the baseline.
    #[must_use]
    pub fn growth(&self) -> Option<Number> {
        self.baseline.map(|baseline| self.value.minus(baseline))
    }

    /// Whether it breaks one of its limits.
    #[must_use]
    pub fn is_breached(&self) -> bool {
        self.limits.iter().any(|limit| limit.outcome == Outcome::Breached)
    }

    /// Share of the whole.
    #[must_use]
    pub fn share(&self) -> Option<Percent> {
        match (self.value, self.whole) {
            (Number::Integer(part), Some(Number::Integer(whole))) => Percent::of(part, whole),
            _ => None,
        }
    }

    /// Holds the value to every limit, writes each limit's outcome and returns the worst verdict.
    pub fn judge(&mut self) -> Verdict {
        let (value, whole, baseline) = (self.value, self.whole, self.baseline);
        self.limits.iter_mut().map(|limit| limit.judge(value, whole, baseline)).max().unwrap_or(Verdict::Pass)
    }
}

/// What a limit bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// The value may not be above the threshold. A percentage is of the whole.
    Max,
    /// The value may not be below the threshold. A percentage is of the whole.
    Min,
    /// The value may not have grown by more than the threshold. A percentage is of the baseline.
    MaxGrowth,
}

impl Bound {
    /// `max`, `min` or `max-growth`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::Min => "min",
            Self::MaxGrowth => "max-growth",
        }
    }
}

/// Where a limit lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Threshold {
    /// In the measure's own unit.
    Amount(Number),
    /// As a share of the whole, or of the baseline for growth.
    Percent(Percent),
}

impl Threshold {
    /// The threshold for a person, in the measure's unit.
    #[must_use]
    pub fn show(self, unit: Unit) -> String {
        match self {
            Self::Amount(amount) => unit.brief(amount),
            Self::Percent(percent) => percent.to_string(),
        }
    }
}

impl FromStr for Threshold {
    type Err = QuantityError;

    /// `150000`, `64KiB` or `90%`.
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        if text.trim_end().ends_with('%') {
            Ok(Self::Percent(text.parse()?))
        } else {
            Ok(Self::Amount(text.parse::<ByteSize>()?.0.into()))
        }
    }
}

/// How a measure stands against a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Within the limit.
    #[default]
    Met,
    /// Outside the limit.
    Breached,
    /// Outside the limit, and let through by an override that the report records.
    Overridden,
    /// Cannot be told: no baseline, or no whole to take a share of.
    Unknown,
}

/// One limit of a measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Limit {
    /// What it bounds.
    pub bound: Bound,
    /// Where it lies.
    pub threshold: Threshold,
    /// The verdict of a breach: `warn` or `fail`.
    pub on_breach: Verdict,
    /// How the measure stands.
    pub outcome: Outcome,
    /// Where the limit was set: `--max`, `lw.toml`.
    pub origin: String,
    /// The line that set it, when a file did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

impl Limit {
    fn judge(&mut self, value: Number, whole: Option<Number>, baseline: Option<Number>) -> Verdict {
        let breached = match self.bound {
            Bound::Max => self.threshold.exceeded_by(value, whole),
            Bound::Min => self.threshold.missed_by(value, whole),
            Bound::MaxGrowth => baseline.and_then(|base| {
                let growth = value.minus(base);
                // Nothing grew: no share of the baseline, not even of an empty one, is exceeded.
                if growth.as_f64() <= 0.0 {
                    Some(false)
                } else {
                    self.threshold.exceeded_by(growth, Some(base))
                }
            }),
        };
        self.outcome = match breached {
            None => Outcome::Unknown,
            Some(false) => Outcome::Met,
            Some(true) => Outcome::Breached,
        };
        if self.outcome == Outcome::Breached { self.on_breach } else { Verdict::Pass }
    }
}

impl Threshold {
    fn exceeded_by(self, value: Number, whole: Option<Number>) -> Option<bool> {
        match self {
            Self::Amount(amount) => Some(value > amount),
            Self::Percent(percent) => match (value, whole?) {
                (Number::Integer(part), Number::Integer(whole)) => Some(percent.exceeded_by(part, whole)),
                (part, whole) => Some(part.as_f64() * 100.0 > percent.as_f64() * whole.as_f64()),
            },
        }
    }

    fn missed_by(self, value: Number, whole: Option<Number>) -> Option<bool> {
        match self {
            Self::Amount(amount) => Some(value < amount),
            Self::Percent(percent) => match (value, whole?) {
                (Number::Integer(part), Number::Integer(whole)) => Some(percent.missed_by(part, whole)),
                (part, whole) => Some(part.as_f64() * 100.0 < percent.as_f64() * whole.as_f64()),
            },
        }
    }
}

/// Why a limit could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// No `=` in `name=threshold`.
    #[error("`{0}` is not of the form NAME=LIMIT")]
    NoEquals(String),
    /// An unreadable threshold.
    #[error("the limit of `{name}`: {source}")]
    Threshold {
        /// Name of the measure.
        name: String,
        /// What is wrong with it.
        source: QuantityError,
    },
    /// A level other than `warn` and `fail`.
    #[error(
        "the limit of `{name}` has the unknown level `{level}`: write warn:LIMIT, fail:LIMIT or both with a comma"
    )]
    Level {
        /// Name of the measure.
        name: String,
        /// The unknown word.
        level: String,
    },
}

impl Limit {
    /// Reads `NAME=LIMIT`: a threshold that fails, or `warn:LIMIT,fail:LIMIT`.
    ///
    /// Returns the name and one limit per level.
    ///
    /// # Errors
    /// When the text is of another form.
    pub fn parse(bound: Bound, text: &str, origin: &str) -> Result<(String, Vec<Self>), LimitError> {
        let (name, spec) = text.rsplit_once('=').ok_or_else(|| LimitError::NoEquals(text.trim().into()))?;
        let name = name.trim().to_owned();
        let limits = spec
            .split(',')
            .map(|part| {
                let (level, threshold) = part.split_once(':').unwrap_or(("fail", part));
                let on_breach = match level.trim() {
                    "warn" => Verdict::Warn,
                    "fail" => Verdict::Fail,
                    other => return Err(LimitError::Level { name: name.clone(), level: other.into() }),
                };
                let threshold = threshold
                    .trim()
                    .parse()
                    .map_err(|source| LimitError::Threshold { name: name.clone(), source })?;
                Ok(Self {
                    bound,
                    threshold,
                    on_breach,
                    outcome: Outcome::Unknown,
                    origin: origin.into(),
                    location: None,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok((name, limits))
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(
        bound: Bound,
        spec: &str,
        value: u64,
        whole: Option<u64>,
        baseline: Option<u64>,
    ) -> (Verdict, Outcome) {
        let (_, limits) = Limit::parse(bound, &format!("m={spec}"), "--test").unwrap();
        let mut measure = Measure::bytes("m", value);
        measure.whole = whole.map(Into::into);
        measure.baseline = baseline.map(Into::into);
        measure.limits = limits;
        let verdict = measure.judge();
        (verdict, measure.limits[0].outcome)
    }

    #[test]
    fn exactly_the_limit_passes_and_one_more_fails() {
        assert_eq!(judged(Bound::Max, "1MiB", 1_048_576, None, None).0, Verdict::Pass);
        assert_eq!(judged(Bound::Max, "1MiB", 1_048_577, None, None).0, Verdict::Fail);
        assert_eq!(judged(Bound::Min, "1KiB", 1024, None, None).0, Verdict::Pass);
        assert_eq!(judged(Bound::Min, "1KiB", 1023, None, None).0, Verdict::Fail);
    }

    #[test]
    fn two_levels_give_the_worse_of_the_breached_ones() {
        let spec = "warn:80%,fail:90%";
        assert_eq!(judged(Bound::Max, spec, 800, Some(1000), None).0, Verdict::Pass);
        assert_eq!(judged(Bound::Max, spec, 801, Some(1000), None).0, Verdict::Warn);
        assert_eq!(judged(Bound::Max, spec, 901, Some(1000), None).0, Verdict::Fail);
    }

    #[test]
    fn growth_needs_a_baseline_and_shrinking_never_breaches() {
        assert_eq!(judged(Bound::MaxGrowth, "10", 100, None, None), (Verdict::Pass, Outcome::Unknown));
        assert_eq!(judged(Bound::MaxGrowth, "10", 110, None, Some(100)).0, Verdict::Pass);
        assert_eq!(judged(Bound::MaxGrowth, "10%", 111, None, Some(100)).0, Verdict::Fail);
        assert_eq!(judged(Bound::MaxGrowth, "0", 90, None, Some(100)).0, Verdict::Pass);
        assert_eq!(judged(Bound::MaxGrowth, "5%", 1, None, Some(0)).0, Verdict::Fail);
        assert_eq!(judged(Bound::MaxGrowth, "0%", 0, None, Some(0)).0, Verdict::Pass);
    }

    #[test]
    fn a_share_without_a_whole_is_unknown_not_passed() {
        assert_eq!(judged(Bound::Max, "90%", 1, None, None).1, Outcome::Unknown);
    }

    #[test]
    fn a_malformed_limit_names_the_measure_and_the_mend() {
        let error = Limit::parse(Bound::Max, "region.RAM.span=soft:3", "--max").unwrap_err();
        assert!(error.to_string().contains("`region.RAM.span` has the unknown level `soft`"), "{error}");
        assert!(Limit::parse(Bound::Max, "region.RAM.span", "--max").is_err());
        // A C++ symbol may hold an equals sign; the limit is behind the last one.
        let (name, _) = Limit::parse(Bound::Max, "symbol.operator==(A, B)=64", "--max").unwrap();
        assert_eq!(name, "symbol.operator==(A, B)");
    }
}
