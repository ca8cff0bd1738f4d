//! Holding a report's measures to their limits.

use crate::finding::{Finding, Level};
use crate::lists::sort;
use crate::measure::{Bound, Limit, Measure, Outcome, Reason, Threshold};
use crate::quantity::{Number, Percent};
use crate::report::{Override, Report};
use crate::unit::Unit;
use crate::verdict::Verdict;

/// What decides besides the measures and their limits.
#[derive(Clone, Copy, Debug, Default)]
pub struct JudgeOptions<'a> {
    /// Why breached limits are let through, and where that was said: they are recorded as overridden.
    pub permission: Option<(&'a str, &'a str)>,
    /// Whether a limit that is not judged for want of a baseline fails.
    pub require_baseline: bool,
}

impl Report {
    /// Judges every measure, adds a finding for every breached limit and every one that could not be judged, and raises
    /// the verdict.
    ///
    /// With a permission breached limits no longer fail: they are recorded as overridden. What a tool found by itself,
    /// such as a region that overflows, is not up to permission; neither is a limit that could not be judged.
    pub fn judge(&mut self, judging: &JudgeOptions<'_>) {
        let tool = self.tool.name.clone();
        let mut findings = Vec::new();
        let mut allowed = Vec::new();
        for measure in &mut self.measures {
            measure.judge();
            let sentences: Vec<String> = measure.limits.iter().map(|limit| measure.sentence(limit)).collect();
            let (name, subject) = (measure.name.clone(), measure.subject.clone());
            for (limit, sentence) in measure.limits.iter_mut().zip(sentences) {
                if limit.outcome == Outcome::NotJudged {
                    findings.extend(unjudged(&tool, &name, subject.as_deref(), limit, judging));
                }
                if limit.outcome != Outcome::Breached {
                    continue;
                }
                let (level, suffix) = match (judging.permission, limit.on_breach) {
                    (Some(_), _) => {
                        limit.outcome = Outcome::Overridden;
                        if !allowed.contains(&name) {
                            allowed.push(name.clone());
                        }
                        (Level::Note, " (overridden)")
                    }
                    (None, Verdict::Warn) => (Level::Warning, ""),
                    (None, _) => (Level::Error, ""),
                };
                let rule = format!("{tool}/{}", limit.bound);
                let mut finding = Finding::new(rule, level, &name, format!("{sentence}{suffix}"))
                    .at(limit.location.clone())
                    .about(subject.as_deref());
                finding.measure = Some(name.clone());
                findings.push(finding);
            }
        }
        for item in &mut self.unmatched_limits {
            item.limit.outcome = Outcome::NotJudged;
            item.limit.reason.get_or_insert(Reason::NothingMatched);
            findings.extend(unjudged(&tool, &item.measure, item.subject.as_deref(), &item.limit, judging));
        }
        for finding in findings {
            self.add_finding(finding);
        }
        self.note_unjudged_growth();
        if let (Some((reason, origin)), false) = (judging.permission, allowed.is_empty()) {
            self.overrides.push(Override { reason: reason.into(), origin: origin.into(), measures: allowed });
        }
    }
}

impl Report {
    /// Says which limits on growth could not be judged, once per run; not where a baseline was named and is not there,
    /// which has been said.
    fn note_unjudged_growth(&mut self) {
        let rule = format!("{}/not-judged", self.tool.name);
        let told = [rule.clone(), format!("{}/no-baseline", self.tool.name)];
        if self.findings.iter().any(|finding| told.contains(&finding.rule)) {
            return;
        }
        let mut names: Vec<&str> = self
            .limits()
            .filter(|(_, _, limit)| limit.reason == Some(Reason::NoBaseline))
            .map(|(name, _, _)| name)
            .collect();
        sort(&mut names);
        names.dedup();
        if names.is_empty() {
            return;
        }
        let message = format!("without a baseline value the growth of {} was not judged", names.join(", "));
        self.add_finding(
            Finding::new(rule, Level::Note, "growth", message)
                .help("give the report of the base branch with --baseline"),
        );
    }
}

/// The finding of a limit that could not be judged, where that is a failure. What is none is told by the headline and
/// beside the limit.
fn unjudged(
    tool: &str,
    name: &str,
    subject: Option<&str>,
    limit: &Limit,
    judging: &JudgeOptions<'_>,
) -> Option<Finding> {
    let reason = limit.reason.unwrap_or(Reason::NoBaseline);
    if !reason.fails(judging.require_baseline) {
        return None;
    }
    let bound = limit.bound;
    let message = format!("the {bound} of {name} was not judged: {} ({})", reason.as_str(), limit.origin);
    let help = match reason {
        Reason::NoBaseline => {
            "name the report of an earlier run with --baseline, or leave out --require-baseline"
        }
        Reason::NoWhole => "limit it in its own unit, or limit something whose whole is known",
        Reason::PartsMissing => {
            "give what is missing, or let what was left out on purpose become the baseline first"
        }
        _ => "correct the name, give what it names, or lift the limit with NAME=none",
    };
    let level = if limit.on_breach == Verdict::Warn { Level::Warning } else { Level::Error };
    let finding = Finding::new(format!("{tool}/not-judged"), level, &format!("{name}:{bound}"), message);
    Some(finding.help(help).at(limit.location.clone()).about(subject))
}

impl Measure {
    /// How it stands against a limit it breaks, as a sentence: `line coverage is 66.52 %, below the minimum of 80 %`, and
    /// in parentheses the numbers behind it and where the limit was set.
    fn sentence(&self, limit: &Limit) -> String {
        let (title, unit) = (self.title(), self.unit);
        let shown = limit.threshold.show(unit);
        let mut details = Vec::new();
        let sentence = match limit.bound {
            Bound::Max | Bound::Min => {
                let is_max = limit.bound == Bound::Max;
                let value = match limit.threshold {
                    Threshold::Amount(_) => unit.brief(self.value),
                    Threshold::Percent(_) => {
                        let whole = self.whole.unwrap_or(Number::Integer(0));
                        details.push(format!("{} of {}", unit.brief(self.value), unit.brief(whole)));
                        self.share_shown()
                    }
                };
                details.extend(limit.excess(self).map(|excess| {
                    let word = if is_max { "over" } else { "short" };
                    format!("{} {word}", unit.brief(excess))
                }));
                let place = if is_max { "above the maximum" } else { "below the minimum" };
                format!("{title} is {value}, {place} of {shown}")
            }
            Bound::MaxGrowth => {
                let before = self.baseline.unwrap_or(Number::Integer(0));
                let growth = self.value.minus(before);
                let share = match (limit.threshold, growth, before) {
                    (Threshold::Percent(_), Number::Integer(part), Number::Integer(whole)) => {
                        Percent::of(part, whole).map(|share| format!(" ({share})")).unwrap_or_default()
                    }
                    _ => String::new(),
                };
                details.push(format!("from {} to {}", unit.brief(before), unit.brief(self.value)));
                format!("{title} grew by {}{share}, more than the {shown} allowed", unit.brief(growth))
            }
            Bound::MaxDrop => self.drop_sentence(limit, &mut details),
        };
        details.push(limit.origin.clone());
        format!("{sentence} ({})", details.join("; "))
    }

    /// `line coverage fell by 12.23 points, from 78.75 % to 66.52 %`.
    fn drop_sentence(&self, limit: &Limit, details: &mut Vec<String>) -> String {
        let (title, unit) = (self.title(), self.unit);
        let (fell, from, to) = match limit.threshold {
            Threshold::Amount(_) => {
                let before = self.baseline.unwrap_or(Number::Integer(0));
                (unit.brief(before.minus(self.value)), unit.brief(before), unit.brief(self.value))
            }
            Threshold::Percent(_) => {
                let (before, now) =
                    (self.baseline_share().unwrap_or_default(), self.share().unwrap_or_default());
                let points = now.points_below(before);
                let fell = if points < 0.01 {
                    "less than 0.01 points".to_owned()
                } else {
                    Unit::Points.brief(Number::Decimal(points))
                };
                (fell, before.to_string(), now.to_string())
            }
        };
        let allowed = match limit.threshold {
            Threshold::Amount(amount) if amount.as_f64() > 0.0 => Some(unit.brief(amount)),
            Threshold::Percent(points) if points.as_f64() > 0.0 => {
                Some(Unit::Points.brief(Number::Decimal(points.as_f64())))
            }
            _ => None,
        };
        details.extend(allowed.map(|allowed| format!("{allowed} allowed")));
        format!("{title} fell by {fell}, from {from} to {to}")
    }

    fn share_shown(&self) -> String {
        let of = |share: Percent| share.to_string();
        let decimal = || {
            let whole = self.whole.map_or(0.0, Number::as_f64);
            Unit::Percent.brief(Number::Decimal(self.value.as_f64() * 100.0 / whole))
        };
        self.share().map_or_else(decimal, of)
    }
}

impl Limit {
    /// How far the value lies beyond this limit, in the measure's unit; not above zero when it is met.
    ///
    /// `None` when there is nothing to compare with: no baseline, or no whole to take a share of.
    #[must_use]
    pub fn excess(&self, measure: &Measure) -> Option<Number> {
        let (value, whole) = match self.bound {
            Bound::Max | Bound::Min => (measure.value, measure.whole),
            Bound::MaxGrowth => (measure.growth()?, measure.baseline),
            Bound::MaxDrop => return self.excess_of_drop(measure),
        };
        match (self.threshold, self.bound) {
            (Threshold::Amount(amount), Bound::Min) => Some(amount.minus(value)),
            (Threshold::Amount(amount), _) => Some(value.minus(amount)),
            (Threshold::Percent(percent), bound) => match (value, whole?) {
                (Number::Integer(value), Number::Integer(whole)) => {
                    let share = percent.share_of(whole);
                    Some(Number::Integer(if bound == Bound::Min {
                        // The smallest value that meets a minimum is the share rounded up.
                        share.saturating_add(i64::from(percent.missed_by(share, whole))).saturating_sub(value)
                    } else {
                        value.saturating_sub(share)
                    }))
                }
                (value, whole) => {
                    let share = Number::Decimal(percent.as_f64() / 100.0 * whole.as_f64());
                    Some(if bound == Bound::Min { share.minus(value) } else { value.minus(share) })
                }
            },
        }
    }

    /// In the measure's unit for an amount, in points for a share.
    fn excess_of_drop(&self, measure: &Measure) -> Option<Number> {
        match self.threshold {
            Threshold::Amount(allowed) => Some(measure.baseline?.minus(measure.value).minus(allowed)),
            Threshold::Percent(allowed) => {
                let fell = measure.share()?.points_below(measure.baseline_share()?);
                Some(Number::Decimal(fell - allowed.as_f64()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(bound: Bound, spec: &str, mut measure: Measure) -> Report {
        let (_, limits) = Limit::parse(bound, &format!("m={spec}"), measure.unit, "--max").unwrap();
        measure.limits = limits;
        let mut report = Report::new("size-gate", "0");
        report.measures.push(measure);
        report
    }

    fn message(bound: Bound, spec: &str, measure: Measure) -> String {
        let mut report = report(bound, spec, measure);
        report.judge(&JudgeOptions::default());
        assert_eq!(report.verdict, Verdict::Fail);
        report.findings[0].message.clone()
    }

    #[test]
    fn a_breach_says_by_how_much_of_what_and_where_it_was_set() {
        let ram = Measure::bytes("region.RAM.span", 950).out_of(1000);
        assert_eq!(
            message(Bound::Max, "90%", ram),
            "region.RAM.span is 95.00 %, above the maximum of 90 % (950 B of 1,000 B; 50 B over; --max)"
        );
        assert_eq!(
            message(Bound::Max, "10", Measure::bytes("image.bytes", 11)),
            "image.bytes is 11 B, above the maximum of 10 B (1 B over; --max)"
        );
    }

    #[test]
    fn what_is_missing_to_a_minimum_is_what_it_takes_to_meet_it() {
        let lines = Measure::count("coverage.line.covered", 155).out_of(233).label("line coverage");
        assert_eq!(
            message(Bound::Min, "80%", lines),
            "line coverage is 66.52 %, below the minimum of 80 % (155 of 233; 32 short; --max)"
        );
    }

    #[test]
    fn a_drop_is_told_in_points_and_judged_without_rounding() {
        let mut lines = Measure::count("coverage.line.covered", 155).out_of(233).label("line coverage");
        lines.baseline = Some(63_u64.into());
        lines.baseline_whole = Some(80_u64.into());
        assert_eq!(
            message(Bound::MaxDrop, "0%", lines.clone()),
            "line coverage fell by 12.23 points, from 78.75 % to 66.52 % (--max)"
        );
        assert!(message(Bound::MaxDrop, "0.5%", lines).contains("(0.50 points allowed; --max)"));

        let mut third = Measure::count("m", 333_333).out_of(1_000_000);
        third.baseline = Some(1_u64.into());
        third.baseline_whole = Some(3_u64.into());
        assert!(message(Bound::MaxDrop, "0%", third).starts_with("m fell by less than 0.01 points"));
    }

    #[test]
    fn an_override_lets_limits_through_and_is_recorded() {
        let mut report = report(Bound::Max, "10", Measure::bytes("image.bytes", 11));
        report.judge(&JudgeOptions {
            permission: Some(("agreed in #12", "--override")),
            ..JudgeOptions::default()
        });
        assert_eq!(report.verdict, Verdict::Pass);
        assert_eq!(report.overrides[0].measures, ["image.bytes"]);
        assert_eq!(report.measures[0].limits[0].outcome, Outcome::Overridden);
        assert_eq!(report.breached(), ["image.bytes"]);
    }

    #[test]
    fn an_override_of_nothing_is_not_recorded() {
        let mut report = report(Bound::Max, "10", Measure::bytes("image.bytes", 10));
        report.judge(&JudgeOptions { permission: Some(("agreed", "--override")), ..JudgeOptions::default() });
        assert!(report.overrides.is_empty());
    }

    #[test]
    fn growth_names_both_numbers() {
        let mut measure = Measure::bytes("image.bytes", 1200);
        measure.baseline = Some(1000u64.into());
        assert_eq!(
            message(Bound::MaxGrowth, "10%", measure),
            "image.bytes grew by 200 B (20.00 %), more than the 10 % allowed (from 1,000 B to 1,200 B; --max)"
        );
    }

    #[test]
    fn what_was_not_judged_fails_where_something_was_asked_for_that_is_not_there() {
        let verdict = |bound, spec, measure, require_baseline| {
            let mut report = report(bound, spec, measure);
            report.judge(&JudgeOptions { permission: Some(("any", "--override")), require_baseline });
            (report.verdict, report.measures[0].limits[0].reason)
        };
        let grown = || Measure::bytes("m", 1);
        assert_eq!(verdict(Bound::MaxGrowth, "1", grown(), false), (Verdict::Pass, Some(Reason::NoBaseline)));
        assert_eq!(verdict(Bound::MaxGrowth, "1", grown(), true), (Verdict::Fail, Some(Reason::NoBaseline)));
        assert_eq!(verdict(Bound::Max, "90%", grown(), false), (Verdict::Fail, Some(Reason::NoWhole)));
        // Nothing of nothing is not enough of anything.
        let empty = Measure::count("m", 0).out_of(0);
        assert_eq!(verdict(Bound::Min, "80%", empty, false), (Verdict::Fail, Some(Reason::NoWhole)));
    }

    #[test]
    fn a_limit_on_what_is_not_there_fails_and_an_exempt_one_does_not() {
        for (reason, expected) in [
            (None, Verdict::Fail),
            (Some(Reason::Gone), Verdict::Fail),
            (Some(Reason::PartsMissing), Verdict::Fail),
            (Some(Reason::NothingToJudge), Verdict::Pass),
            (Some(Reason::MeaningChanged), Verdict::Pass),
        ] {
            let mut report = Report::new("size-gate", "0");
            let mut limit = Limit::new(Bound::Max, Threshold::Amount(1_u64.into()), Verdict::Fail, "--max");
            limit.reason = reason;
            let item = crate::UnmatchedLimit { measure: "region.X.span".into(), subject: None, limit };
            report.unmatched_limits.push(item);
            report.judge(&JudgeOptions { require_baseline: true, ..JudgeOptions::default() });
            assert_eq!(report.verdict, expected, "{reason:?}");
        }
    }

    #[test]
    fn a_number_that_is_none_meets_no_limit() {
        for bound in [Bound::Max, Bound::Min] {
            let measure = Measure::new("m", f64::NAN, Unit::Seconds);
            assert!(message(bound, "5", measure).contains("NaN"));
        }
    }
}
