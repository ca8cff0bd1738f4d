//! How good a share is, for its colour: as the user's own limits say, or else by the steps people know.

use lw_coverage::Counts;
use lw_model::{Bound, Limit, Percent, Report, Threshold, Verdict};

/// How good a share is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grade {
    /// There is nothing to cover.
    None,
    /// Below a floor that fails.
    Low,
    /// Below a floor that warns.
    Medium,
    /// Within all limits.
    High,
}

impl Grade {
    /// A class of the style sheet.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The floors of one metric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Floors {
    fail: Option<Percent>,
    warn: Option<Percent>,
}

impl Floors {
    /// The floors of the measure `coverage.NAME.covered`.
    pub(crate) fn of(report: &Report, name: &str) -> Self {
        let measure = report.measure(&format!("coverage.{name}.covered"), None);
        let limits = measure.map(|measure| measure.limits.as_slice()).unwrap_or_default();
        let highest = |verdict: Verdict| {
            let of = |limit: &Limit| match limit.threshold {
                Threshold::Percent(percent) if limit.bound == Bound::Min && limit.on_breach == verdict => {
                    Some(percent)
                }
                _ => None,
            };
            limits.iter().filter_map(of).max()
        };
        Self { fail: highest(Verdict::Fail), warn: highest(Verdict::Warn) }
    }

    /// Whether the user set any.
    pub(crate) fn is_set(self) -> bool {
        self.fail.is_some() || self.warn.is_some()
    }

    /// How good a share is. Without floors by the steps of genhtml: 90 % and 75 %.
    pub(crate) fn grade(self, counts: Counts) -> Grade {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let (part, whole) = (number(counts.covered), number(counts.total));
        if whole == 0 {
            return Grade::None;
        }
        let steps =
            if self.is_set() { (self.fail, self.warn) } else { (Percent::of(75, 100), Percent::of(90, 100)) };
        let is_below = |floor: Option<Percent>| floor.is_some_and(|floor| floor.missed_by(part, whole));
        match steps {
            (fail, _) if is_below(fail) => Grade::Low,
            (_, warn) if is_below(warn) => Grade::Medium,
            _ => Grade::High,
        }
    }
}

#[cfg(test)]
mod tests {
    use lw_model::{Measure, Unit};

    use super::*;

    fn floors(spec: &str) -> Floors {
        let mut report = Report::new("coverage-gate", "0");
        let mut measure = Measure::count("coverage.line.covered", 1).out_of(2);
        if !spec.is_empty() {
            measure.limits = Limit::parse(Bound::Min, spec, Unit::Count, "--min-line").unwrap().1;
        }
        report.measures.push(measure);
        Floors::of(&report, "line")
    }

    #[test]
    fn colours_follow_the_limits_that_were_set() {
        let grades = |spec: &str| [95, 85, 60].map(|covered| floors(spec).grade(Counts::new(covered, 100)));
        assert_eq!(grades(""), [Grade::High, Grade::Medium, Grade::Low]);
        assert_eq!(grades("l=50%"), [Grade::High; 3]);
        assert_eq!(grades("l=warn:90%,fail:60%"), [Grade::High, Grade::Medium, Grade::Medium]);
        assert_eq!(grades("l=96%"), [Grade::Low; 3]);
        assert_eq!(floors("l=96%").grade(Counts::default()), Grade::None);
        // Exactly the floor is within it.
        assert_eq!(floors("l=33.33%").grade(Counts::new(1, 3)), Grade::High);
    }
}
