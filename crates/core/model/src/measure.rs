//! A measured value, its baseline and its limits.

use std::cmp::Ordering;
use std::fmt;

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
    /// What people call it, where that says more than the name: `line coverage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
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
    /// The whole in the baseline, where shares are compared and not values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_whole: Option<Number>,
    /// Which way it gets better.
    pub direction: Direction,
    /// The limits it is held to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
}

impl Measure {
    /// A value in a unit, of which less is better.
    pub fn new(name: impl Into<String>, value: impl Into<Number>, unit: Unit) -> Self {
        Self {
            name: name.into(),
            label: None,
            subject: None,
            value: value.into(),
            unit,
            whole: None,
            baseline: None,
            baseline_whole: None,
            direction: Direction::Lower,
            limits: Vec::new(),
        }
    }

    /// A number of bytes of which fewer are better.
    pub fn bytes(name: impl Into<String>, bytes: u64) -> Self {
        Self::new(name, bytes, Unit::Bytes)
    }

    /// A number of things of which fewer are better.
    pub fn count(name: impl Into<String>, count: u64) -> Self {
        Self::new(name, count, Unit::Count)
    }

    /// The same measure under the name people know it by: `line coverage`.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
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

    /// What people call it: the label, or else the name.
    #[must_use]
    pub fn title(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.name)
    }

    /// Share of the whole in the baseline.
    #[must_use]
    pub fn baseline_share(&self) -> Option<Percent> {
        match (self.baseline, self.baseline_whole) {
            (Some(Number::Integer(part)), Some(Number::Integer(whole))) => Percent::of(part, whole),
            _ => None,
        }
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
        let judged = JudgedValues {
            value: self.value,
            whole: self.whole,
            baseline: self.baseline,
            baseline_whole: self.baseline_whole,
        };
        self.limits.iter_mut().map(|limit| limit.judge(&judged)).max().unwrap_or(Verdict::Pass)
    }
}

/// What of a measure a limit looks at.
struct JudgedValues {
    value: Number,
    whole: Option<Number>,
    baseline: Option<Number>,
    baseline_whole: Option<Number>,
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
    /// The share of the whole may not have fallen by more than the threshold. A percentage is in points: from 80 % to
    /// 78.5 % are 1.5.
    MaxDrop,
}

impl Bound {
    /// `max`, `min`, `max-growth` or `max-drop`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::Min => "min",
            Self::MaxGrowth => "max-growth",
            Self::MaxDrop => "max-drop",
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
    /// As a share of the whole, of the baseline for growth, and in points for a drop.
    Percent(Percent),
}

impl Threshold {
    /// The threshold for a person, in the measure's unit.
    #[must_use]
    pub fn show(self, unit: Unit) -> String {
        match self {
            Self::Amount(amount) => unit.brief(amount),
            Self::Percent(percent) => percent.brief(),
        }
    }
}

impl Threshold {
    /// Reads a threshold in a measure's unit, or as a percentage: `150000`, `64KiB`, `90%`, `1.5s`.
    ///
    /// # Errors
    /// When it is no quantity of this unit, or could mean two.
    pub fn parse(text: &str, unit: Unit) -> Result<Self, QuantityError> {
        let text = text.trim();
        if text.ends_with('%') && unit != Unit::Points {
            return Ok(Self::Percent(text.parse()?));
        }
        Ok(Self::Amount(match unit {
            Unit::Bytes => text.parse::<ByteSize>()?.0.into(),
            Unit::Count => Number::whole(text)?,
            Unit::Seconds => Number::seconds(text)?,
            Unit::Percent => Number::Decimal(Percent::of_limit(text)?.as_f64()),
            Unit::Points => Number::points(text)?,
            Unit::Score => Number::decimal(text)?,
        }))
    }

    /// Reads a share of the whole, with or without `%`: `80`, `85.5%`.
    ///
    /// # Errors
    /// When it is no percentage, or lies between 0 and 1 without `%`: half of the field means 80 % by `0.8`.
    pub fn share(text: &str) -> Result<Self, QuantityError> {
        Percent::of_limit(text).map(Self::Percent)
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
    /// Nothing can be said; [`Limit::reason`] says why. Never the same as met.
    #[serde(alias = "unknown")]
    NotJudged,
}

/// Why a limit could not be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// There is no baseline, or this measure is not in it.
    NoBaseline,
    /// The baseline was made by a version of the tool that counted this measure in another way.
    MeaningChanged,
    /// A percentage, and nothing it is a part of.
    NoWhole,
    /// The subject, measure or file it names is gone.
    Gone,
    /// Nothing that was given could be matched.
    NothingMatched,
    /// Its input is missing, and the run was told to go on without it.
    Skipped,
    /// There is nothing it applies to: the change has no line of code.
    NothingToJudge,
    /// Too little changed to be held to it.
    SmallChange,
    /// The run ended before it was judged.
    RunFailed,
}

impl Reason {
    /// The reason, to stand after `not judged: `.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoBaseline => "no baseline",
            Self::MeaningChanged => "the baseline counts it in another way",
            Self::NoWhole => "there is nothing it is a percentage of",
            Self::Gone => "what it names is gone",
            Self::NothingMatched => "nothing that was given matches it",
            Self::Skipped => "its input is missing",
            Self::NothingToJudge => "there is nothing to judge",
            Self::SmallChange => "the change is too small",
            Self::RunFailed => "the run ended with an error",
        }
    }

    /// Whether a limit that could not be judged for this reason fails the run.
    ///
    /// What compares with a baseline fails only where one is required; what is exempt or was knowingly left out never
    /// does; what names something that is not there always does.
    #[must_use]
    pub fn fails(self, require_baseline: bool) -> bool {
        match self {
            Self::NoBaseline => require_baseline,
            Self::NoWhole | Self::Gone | Self::NothingMatched => true,
            Self::MeaningChanged
            | Self::Skipped
            | Self::NothingToJudge
            | Self::SmallChange
            | Self::RunFailed => false,
        }
    }
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
    /// Why it was not judged. One that is set before judging keeps the limit from being judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Where the limit was set: `--max`, `lw.toml`.
    pub origin: String,
    /// The line that set it, when a file did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

impl Limit {
    fn judge(&mut self, judged: &JudgedValues) -> Verdict {
        let JudgedValues { value, whole, baseline, baseline_whole } = *judged;
        if matches!(self.reason, Some(Reason::NoBaseline | Reason::NoWhole)) {
            self.reason = None;
        }
        if self.reason.is_some() {
            self.outcome = Outcome::NotJudged;
            return Verdict::Pass;
        }
        let breached = match self.bound {
            Bound::Max => self.threshold.exceeded_by(value, whole).ok_or(Reason::NoWhole),
            Bound::Min => self.threshold.missed_by(value, whole).ok_or(Reason::NoWhole),
            Bound::MaxGrowth => baseline.ok_or(Reason::NoBaseline).and_then(|base| {
                let growth = value.minus(base);
                // Nothing grew: no share of the baseline, not even of an empty one, is exceeded.
                if growth.as_f64() <= 0.0 && !base.as_f64().is_nan() {
                    Ok(false)
                } else {
                    self.threshold.exceeded_by(growth, Some(base)).ok_or(Reason::NoBaseline)
                }
            }),
            Bound::MaxDrop => self.dropped(judged, baseline, baseline_whole),
        };
        match breached {
            Err(reason) => {
                self.outcome = Outcome::NotJudged;
                self.reason = Some(reason);
            }
            Ok(false) => self.outcome = Outcome::Met,
            Ok(true) => self.outcome = Outcome::Breached,
        }
        if self.outcome == Outcome::Breached { self.on_breach } else { Verdict::Pass }
    }

    /// Whether the value, or in points its share of the whole, has fallen by more than the threshold.
    fn dropped(
        &self,
        judged: &JudgedValues,
        baseline: Option<Number>,
        baseline_whole: Option<Number>,
    ) -> Result<bool, Reason> {
        let before = baseline.ok_or(Reason::NoBaseline)?;
        match self.threshold {
            Threshold::Amount(allowed) => Ok(before.minus(judged.value) > allowed),
            Threshold::Percent(allowed) => {
                let whole_before = baseline_whole.ok_or(Reason::NoBaseline)?;
                match (judged.value, judged.whole, before, whole_before) {
                    (
                        Number::Integer(now),
                        Some(Number::Integer(whole)),
                        Number::Integer(before),
                        Number::Integer(whole_before),
                    ) if whole > 0 && whole_before > 0 => {
                        Ok(allowed.exceeded_by_drop((before, whole_before), (now, whole)))
                    }
                    (_, _, _, Number::Integer(0)) => Err(Reason::NoBaseline),
                    _ => Err(Reason::NoWhole),
                }
            }
        }
    }
}

impl Threshold {
    /// Whether a value is above it. A value that is no number is above everything: it was not measured.
    fn exceeded_by(self, value: Number, whole: Option<Number>) -> Option<bool> {
        match self {
            Self::Amount(amount) => Some(value.partial_cmp(&amount).is_none_or(Ordering::is_gt)),
            Self::Percent(percent) => Some(percent.is_exceeded(value, whole?)),
        }
    }

    /// Whether a value is below it. Of an empty whole no share can be asked for.
    fn missed_by(self, value: Number, whole: Option<Number>) -> Option<bool> {
        match self {
            Self::Amount(amount) => Some(value.partial_cmp(&amount).is_none_or(Ordering::is_lt)),
            Self::Percent(percent) => match (value, whole.filter(|whole| whole.as_f64() > 0.0)?) {
                (Number::Integer(part), Number::Integer(whole)) => Some(percent.missed_by(part, whole)),
                (part, whole) => {
                    let (part, needed) = (part.as_f64() * 100.0, percent.as_f64() * whole.as_f64());
                    Some(part.partial_cmp(&needed).is_none_or(Ordering::is_lt))
                }
            },
        }
    }
}

impl Percent {
    fn is_exceeded(self, value: Number, whole: Number) -> bool {
        match (value, whole) {
            (Number::Integer(part), Number::Integer(whole)) => self.exceeded_by(part, whole),
            (part, whole) => {
                let (part, allowed) = (part.as_f64() * 100.0, self.as_f64() * whole.as_f64());
                part.partial_cmp(&allowed).is_none_or(Ordering::is_gt)
            }
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

/// A limit as a person wrote it, `NAME=LIMIT`, before it is known what the measure of that name counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitSpec {
    /// Name or pattern of the measure.
    pub name: String,
    /// Threshold of each level, as text: a threshold that fails, or `warn:LIMIT,fail:LIMIT`.
    levels: Vec<(Verdict, String)>,
}

impl LimitSpec {
    /// Takes `NAME=LIMIT` apart.
    ///
    /// # Errors
    /// When there is no `=`, or a level other than `warn` and `fail`.
    pub fn parse(text: &str) -> Result<Self, LimitError> {
        // A C++ symbol may hold an equals sign; the limit stands after the last one.
        let (name, spec) = text.rsplit_once('=').ok_or_else(|| LimitError::NoEquals(text.trim().into()))?;
        let name = name.trim().to_owned();
        let levels = spec.split(',').map(|part| {
            let (level, threshold) = part.split_once(':').unwrap_or(("fail", part));
            let level = match level.trim() {
                "warn" => Verdict::Warn,
                "fail" => Verdict::Fail,
                other => return Err(LimitError::Level { name: name.clone(), level: other.into() }),
            };
            Ok((level, threshold.trim().to_owned()))
        });
        Ok(Self { levels: levels.collect::<Result<_, _>>()?, name: name.clone() })
    }

    /// One limit per level, with the thresholds in the measure's unit.
    ///
    /// # Errors
    /// When a threshold is no quantity of this unit.
    pub fn limits(&self, bound: Bound, unit: Unit, origin: &str) -> Result<Vec<Limit>, LimitError> {
        let of = |(on_breach, text): &(Verdict, String)| {
            let threshold = Threshold::parse(text, unit)
                .map_err(|source| LimitError::Threshold { name: self.name.clone(), source })?;
            Ok(Limit::new(bound, threshold, *on_breach, origin))
        };
        self.levels.iter().map(of).collect()
    }
}

impl Limit {
    /// A limit that has not been judged.
    pub fn new(bound: Bound, threshold: Threshold, on_breach: Verdict, origin: impl Into<String>) -> Self {
        let outcome = Outcome::NotJudged;
        Self { bound, threshold, on_breach, outcome, reason: None, origin: origin.into(), location: None }
    }

    /// Where it was set, to begin an error with: `lw.toml:3`, or else its origin.
    #[must_use]
    pub fn place(&self) -> String {
        self.location.as_ref().map_or_else(|| self.origin.clone(), ToString::to_string)
    }

    /// Reads `NAME=LIMIT` for a measure of this unit: a threshold that fails, or `warn:LIMIT,fail:LIMIT`.
    ///
    /// Returns the name and one limit per level.
    ///
    /// # Errors
    /// When the text is of another form.
    pub fn parse(
        bound: Bound,
        text: &str,
        unit: Unit,
        origin: &str,
    ) -> Result<(String, Vec<Self>), LimitError> {
        let spec = LimitSpec::parse(text)?;
        let limits = spec.limits(bound, unit, origin)?;
        Ok((spec.name, limits))
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
        let (_, limits) = Limit::parse(bound, &format!("m={spec}"), Unit::Bytes, "--test").unwrap();
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
        assert_eq!(judged(Bound::MaxGrowth, "10", 100, None, None), (Verdict::Pass, Outcome::NotJudged));
        assert_eq!(judged(Bound::MaxGrowth, "10", 110, None, Some(100)).0, Verdict::Pass);
        assert_eq!(judged(Bound::MaxGrowth, "10%", 111, None, Some(100)).0, Verdict::Fail);
        assert_eq!(judged(Bound::MaxGrowth, "0", 90, None, Some(100)).0, Verdict::Pass);
        assert_eq!(judged(Bound::MaxGrowth, "5%", 1, None, Some(0)).0, Verdict::Fail);
        assert_eq!(judged(Bound::MaxGrowth, "0%", 0, None, Some(0)).0, Verdict::Pass);
    }

    #[test]
    fn a_share_without_a_whole_is_unknown_not_passed() {
        assert_eq!(judged(Bound::Max, "90%", 1, None, None).1, Outcome::NotJudged);
    }

    #[test]
    fn a_malformed_limit_names_the_measure_and_the_mend() {
        let error = Limit::parse(Bound::Max, "region.RAM.span=soft:3", Unit::Bytes, "--max").unwrap_err();
        assert!(error.to_string().contains("`region.RAM.span` has the unknown level `soft`"), "{error}");
        assert!(Limit::parse(Bound::Max, "region.RAM.span", Unit::Bytes, "--max").is_err());
        let (name, _) = Limit::parse(Bound::Max, "symbol.operator==(A, B)=64", Unit::Bytes, "--max").unwrap();
        assert_eq!(name, "symbol.operator==(A, B)");
    }
}
