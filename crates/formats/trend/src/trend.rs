//! Figures over commits.

use std::collections::BTreeMap;

use lw_model::lists::sort_by;
use lw_model::{Bound, Direction, Number, Percent, Threshold, Unit};

use crate::line::{Figure, Gate, Line, Standing};

/// Which figures are meant; nothing means all. Names may begin or end with `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Measures: `image.bytes`, `region.*`.
    pub measures: Vec<String>,
    /// Tools.
    pub tools: Vec<String>,
    /// Subjects.
    pub subjects: Vec<String>,
}

impl Filter {
    fn is(patterns: &[String], text: &str) -> bool {
        patterns.is_empty()
            || patterns.iter().any(|pattern| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
                (None, None) => pattern == text,
                (Some(end), None) => text.ends_with(end),
                (None, Some(start)) => text.starts_with(start),
                (Some(_), Some(_)) => text.contains(pattern.trim_matches('*')),
            })
    }

    /// Whether it means a figure.
    #[must_use]
    pub fn takes(&self, figure: &Figure) -> bool {
        Self::is(&self.measures, &figure.name)
            && Self::is(&self.tools, &figure.tool)
            && Self::is(&self.subjects, figure.subject.as_deref().unwrap_or_default())
    }
}

/// One figure over commits, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    /// The tool.
    pub tool: String,
    /// What tells two uses of the tool apart.
    pub title: Option<String>,
    /// Which of several subjects it is about.
    pub subject: Option<String>,
    /// The measure.
    pub name: String,
    /// What the values count. Of counted things that are a part of a whole it is percent: more lines may be covered, and yet
    /// less of all lines.
    pub unit: Unit,
    /// Which way it gets better.
    pub direction: Direction,
    /// One per commit that has it; never empty.
    pub points: Vec<TrendPoint>,
}

/// A figure of one commit.
#[derive(Clone, Debug, PartialEq)]
pub struct TrendPoint {
    /// The commit.
    pub commit: String,
    /// When it was made.
    pub time: u64,
    /// The value, in the unit of the trend.
    pub value: Number,
    /// How it stood.
    pub standing: Standing,
    /// What it was held to, in words.
    pub limits: Vec<String>,
    /// Where those of its limits lie that are the same for every value, in the unit of the trend.
    pub levels: Vec<(Number, String)>,
}

impl Trend {
    /// What it is called: `size-gate/image.bytes`, with a title `size-gate (debug)/image.bytes`.
    #[must_use]
    pub fn full_name(&self) -> String {
        match &self.title {
            Some(title) => format!("{} ({title})/{}", self.tool, self.name),
            None => format!("{}/{}", self.tool, self.name),
        }
    }

    /// The newest point.
    #[must_use]
    pub fn last(&self) -> Option<&TrendPoint> {
        self.points.last()
    }
}

/// The lines of the newest `most` commits, oldest first. Commits of the same second are in the order of their ids.
#[must_use]
pub fn newest(lines: impl IntoIterator<Item = Line>, most: usize) -> Vec<Line> {
    let mut all: Vec<Line> = lines.into_iter().collect();
    sort_by(&mut all, |a, b| (a.time, &a.commit).cmp(&(b.time, &b.commit)));
    let surplus = all.len().saturating_sub(most);
    all.drain(..surplus);
    all
}

/// The value as it is shown: counted things that are a part of a whole as their share.
fn shown(figure: &Figure) -> (Number, Unit) {
    if figure.unit == Unit::Count
        && let (Number::Integer(part), Some(Number::Integer(whole))) = (figure.value, figure.whole)
        && let Some(share) = Percent::of(part, whole)
    {
        return (Number::Decimal(share.as_f64()), Unit::Percent);
    }
    (figure.value, figure.unit)
}

fn level(figure: &Figure, gate: &Gate, unit: Unit) -> Option<Number> {
    let is_share = unit != figure.unit;
    match (gate.bound, gate.threshold) {
        (Bound::MaxGrowth | Bound::MaxDrop, _) => None,
        (_, Threshold::Percent(percent)) if is_share => Some(Number::Decimal(percent.as_f64())),
        (_, Threshold::Amount(_)) if is_share => None,
        (_, Threshold::Amount(amount)) => Some(amount),
        (_, Threshold::Percent(percent)) => match figure.whole? {
            Number::Integer(whole) => Some(Number::Integer(percent.share_of(whole))),
            Number::Decimal(whole) => Some(Number::Decimal(percent.as_f64() / 100.0 * whole)),
        },
    }
}

/// What tells figures apart over commits: tool, title, subject, name and unit.
type Series<'a> = (&'a str, Option<&'a str>, Option<&'a str>, &'a str, &'a str);

/// The figures of these lines that a filter means, each over its commits; in the order of tool, title, subject and name.
#[must_use]
pub fn trends(lines: &[Line], filter: &Filter) -> Vec<Trend> {
    // One whose unit has changed is another one: bytes do not go on as percents.
    let mut all: BTreeMap<Series<'_>, Trend> = BTreeMap::new();
    for line in lines {
        for figure in line.figures.iter().filter(|figure| filter.takes(figure)) {
            let (value, unit) = shown(figure);
            let (tool, title, subject, name) = figure.key();
            let trend = all.entry((tool, title, subject, name, unit.as_str())).or_insert_with(|| Trend {
                tool: figure.tool.clone(),
                title: figure.title.clone(),
                subject: figure.subject.clone(),
                name: figure.name.clone(),
                unit,
                direction: figure.direction,
                points: Vec::new(),
            });
            trend.direction = figure.direction;
            let levels = figure
                .limits
                .iter()
                .filter_map(|gate| Some((level(figure, gate, unit)?, gate.terms(figure.unit))));
            trend.points.push(TrendPoint {
                commit: line.commit.clone(),
                time: line.time,
                value,
                standing: figure.verdict,
                limits: figure.limits.iter().map(|gate| gate.terms(figure.unit)).collect(),
                levels: levels.collect(),
            });
        }
    }
    all.into_values().collect()
}
