//! Holding a report's measures to their limits.

use crate::finding::{Finding, Level};
use crate::measure::{Bound, Limit, Measure, Outcome, Threshold};
use crate::quantity::Number;
use crate::report::{Override, Report};
use crate::unit::Unit;
use crate::verdict::Verdict;

impl Report {
    /// Judges every measure, adds a finding for every breached limit and sets the verdict.
    ///
    /// With a `permission` (why, and from where) breached limits no longer fail: they are recorded as
    /// overridden. What a tool found by itself, such as a region that overflows, is not up to permission.
    pub fn judge(&mut self, permission: Option<(&str, &str)>) {
        let tool = self.tool.name.clone();
        let mut findings = Vec::new();
        let mut allowed = Vec::new();
        for measure in &mut self.measures {
            measure.judge();
            let (value, unit) = (measure.value, measure.unit);
            let described = measure.describe();
            let key = match &measure.subject {
                Some(subject) => format!("{subject}:{}", measure.name),
                None => measure.name.clone(),
            };
            for limit in measure.limits.iter_mut().filter(|limit| limit.outcome == Outcome::Breached) {
                let beyond = excess(limit, value, measure.whole, measure.baseline, unit);
                let (level, suffix) = match (permission, limit.on_breach) {
                    (Some(_), _) => {
                        limit.outcome = Outcome::Overridden;
                        if !allowed.contains(&key) {
                            allowed.push(key.clone());
                        }
                        (Level::Note, " (overridden)")
                    }
                    (None, Verdict::Fail) => (Level::Error, ""),
                    (None, _) => (Level::Warning, ""),
                };
                let rule = format!("{tool}/{}", limit.bound);
                let message = format!("{described}, {beyond}{suffix}");
                let mut finding = Finding::new(rule, level, &key, message).at(limit.location.clone());
                finding.subject.clone_from(&measure.subject);
                finding.measure = Some(measure.name.clone());
                findings.push(finding);
            }
        }
        for finding in findings {
            self.find(finding);
        }
        if let (Some((reason, origin)), false) = (permission, allowed.is_empty()) {
            self.overrides.push(Override { reason: reason.into(), origin: origin.into(), measures: allowed });
        }
    }
}

impl Measure {
    /// Name and value, with the share of the whole or the growth where they matter.
    fn describe(&self) -> String {
        let value = self.unit.show(self.value);
        match (self.share(), self.whole) {
            (Some(share), Some(whole)) => {
                format!("{} is {value}, {share} of {}", self.name, self.unit.brief(whole))
            }
            _ => format!("{} is {value}", self.name),
        }
    }
}

/// By how much a limit is breached, and where it was set.
fn excess(
    limit: &Limit,
    value: Number,
    whole: Option<Number>,
    baseline: Option<Number>,
    unit: Unit,
) -> String {
    let of = if limit.bound == Bound::MaxGrowth { baseline } else { whole };
    let threshold = match (limit.threshold, of) {
        (Threshold::Percent(percent), Some(Number::Integer(of))) => {
            let share = percent.share_of(of);
            // The smallest value that meets a floor is the share rounded up.
            let up = limit.bound == Bound::Min && percent.missed_by(share, of);
            Number::Integer(share.saturating_add(i64::from(up)))
        }
        (Threshold::Percent(percent), of) => {
            Number::Decimal(percent.as_f64() / 100.0 * of.map_or(0.0, Number::as_f64))
        }
        (Threshold::Amount(amount), _) => amount,
    };
    let shown = limit.threshold.show(unit);
    let origin = &limit.origin;
    match limit.bound {
        Bound::Max => format!("{} over the limit of {shown} ({origin})", unit.brief(value.minus(threshold))),
        Bound::Min => {
            let missing = threshold.minus(value);
            format!("{} under the minimum of {shown} ({origin})", unit.brief(missing))
        }
        Bound::MaxGrowth => {
            let growth = baseline.map_or(value, |baseline| value.minus(baseline));
            format!("{} more than in the baseline; allowed is {shown} ({origin})", unit.brief(growth))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(bound: Bound, spec: &str, mut measure: Measure) -> Report {
        let (_, limits) = Limit::parse(bound, &format!("m={spec}"), "--max").unwrap();
        measure.limits = limits;
        let mut report = Report::new("size-gate", "0");
        report.measures.push(measure);
        report
    }

    #[test]
    fn a_breach_says_by_how_much_of_what_and_where_it_was_set() {
        let mut failing = report(Bound::Max, "90%", Measure::bytes("region.RAM.span", 950).out_of(1000));
        failing.judge(None);
        assert_eq!(failing.verdict, Verdict::Fail);
        assert_eq!(
            failing.findings[0].message,
            "region.RAM.span is 950 B, 95.00 % of 1000 B, 50 B over the limit of 90.00 % (--max)"
                .replace("1000 B", "1,000 B")
        );
    }

    #[test]
    fn what_is_missing_to_a_floor_is_what_it_takes_to_meet_it() {
        let mut failing = report(Bound::Min, "80%", Measure::bytes("patch", 8).out_of(13));
        failing.judge(None);
        assert_eq!(
            failing.findings[0].message,
            "patch is 8 B, 61.53 % of 13 B, 3 B under the minimum of 80.00 % (--max)"
        );
    }

    #[test]
    fn an_override_lets_limits_through_and_is_recorded() {
        let mut report = report(Bound::Max, "10", Measure::bytes("image.bytes", 11));
        report.judge(Some(("agreed in #12", "--override")));
        assert_eq!(report.verdict, Verdict::Pass);
        assert_eq!(report.overrides[0].measures, ["image.bytes"]);
        assert_eq!(report.measures[0].limits[0].outcome, Outcome::Overridden);
    }

    #[test]
    fn an_override_of_nothing_is_not_recorded() {
        let mut report = report(Bound::Max, "10", Measure::bytes("image.bytes", 10));
        report.judge(Some(("agreed", "--override")));
        assert!(report.overrides.is_empty());
    }

    #[test]
    fn growth_names_both_numbers() {
        let mut measure = Measure::bytes("image.bytes", 1200);
        measure.baseline = Some(1000u64.into());
        let mut report = report(Bound::MaxGrowth, "10%", measure);
        report.judge(None);
        assert!(report.findings[0].message.contains("200 B more than in the baseline; allowed is 10.00 %"));
    }
}
