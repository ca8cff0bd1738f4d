//! The outcome in one line, in the same words for every tool.

use crate::finding::{Finding, Level};
use crate::measure::{Outcome, Reason};
use crate::report::Report;
use crate::verdict::Verdict;

impl Report {
    /// The outcome in one line: what decides first, then the tool's own figures, then how the limits stand.
    ///
    /// `figures` are the few numbers a person wants to see whatever the outcome: `image 812,032 B`.
    #[must_use]
    pub fn headline(&self, figures: &[String]) -> String {
        let mut parts = self.problems();
        parts.extend(figures.iter().cloned());
        parts.extend(self.tally());
        if parts.is_empty() { "nothing to report".to_owned() } else { parts.join("; ") }
    }

    /// The worst problem, and how many more there are.
    fn problems(&self) -> Vec<String> {
        let problems: Vec<&Finding> =
            self.findings.iter().filter(|finding| finding.level > Level::Note && !finding.detail).collect();
        // What could not be done stands before what was found, and of equally bad ones the first.
        let Some(worst) = problems.iter().min_by_key(|finding| finding.order()) else { return Vec::new() };
        let mut parts = vec![worst.message.clone()];
        match problems.len() - 1 {
            0 => {}
            1 => parts.push("1 more problem".into()),
            more => parts.push(format!("{more} more problems")),
        }
        parts
    }

    /// `4 limits met, 1 not judged: no baseline`.
    fn tally(&self) -> Option<String> {
        let (mut met, mut breached, mut overridden) = (0_usize, 0_usize, 0_usize);
        let mut not_judged = 0_usize;
        let mut reasons: Vec<Reason> = Vec::new();
        for (_, _, limit) in self.limits() {
            match limit.outcome {
                Outcome::Met => met += 1,
                Outcome::Breached => breached += 1,
                Outcome::Overridden => overridden += 1,
                Outcome::NotJudged => {
                    not_judged += 1;
                    let reason = limit.reason.unwrap_or(Reason::NoBaseline);
                    if !reasons.contains(&reason) {
                        reasons.push(reason);
                    }
                }
            }
        }
        let mut parts: Vec<String> = Vec::new();
        for (count, word) in [(met, "met"), (breached, "breached"), (overridden, "overridden")] {
            if count > 0 {
                parts.push(counted(count, word, parts.is_empty()));
            }
        }
        if not_judged > 0 {
            let reasons: Vec<&str> = reasons.iter().map(|reason| reason.as_str()).collect();
            let text = counted(not_judged, "not judged", parts.is_empty());
            parts.push(format!("{text}: {}", reasons.join(", ")));
        }
        // An error has already said why nothing more is known.
        let text = (!parts.is_empty()).then(|| parts.join(", "));
        text.filter(|_| self.verdict != Verdict::Error || met + breached + overridden > 0)
    }
}

/// `4 limits met`; after the first of several only `1 breached`.
fn counted(count: usize, word: &str, first: bool) -> String {
    match (first, count) {
        (false, _) => format!("{count} {word}"),
        (true, 1) => format!("1 limit {word}"),
        (true, _) => format!("{count} limits {word}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Bound, Finding, JudgeOptions, Level, Limit, Measure, Report, Unit};

    fn report(specs: &[(Bound, &str)]) -> Report {
        let mut report = Report::new("size-gate", "0");
        for (index, (bound, spec)) in specs.iter().enumerate() {
            let (_, limits) = Limit::parse(*bound, &format!("m={spec}"), Unit::Bytes, "--max").unwrap();
            let mut measure = Measure::bytes(format!("m{index}"), 10);
            measure.limits = limits;
            report.measures.push(measure);
        }
        report.judge(&JudgeOptions::default());
        report
    }

    #[test]
    fn a_limit_that_was_not_judged_is_not_counted_as_met() {
        let some = [(Bound::Max, "10"), (Bound::Max, "10"), (Bound::MaxGrowth, "5")];
        assert_eq!(report(&some).headline(&[]), "2 limits met, 1 not judged: no baseline");
        assert_eq!(report(&some[2..]).headline(&[]), "1 limit not judged: no baseline");
    }

    #[test]
    fn what_decides_stands_first_and_the_figures_are_always_there() {
        let mut report = report(&[(Bound::Max, "9"), (Bound::Max, "warn:9,fail:20")]);
        report.add_finding(Finding::new("size-gate/place", Level::Warning, "a", "a place").as_detail());
        assert_eq!(
            report.headline(&["image 10 B".into()]),
            "m0 is 10 B, above the maximum of 9 B (1 B over; --max); 1 more problem; image 10 B; 1 limit met, 2 breached"
        );
        assert_eq!(Report::new("size-gate", "0").headline(&[]), "nothing to report");
    }

    #[test]
    fn an_error_stands_before_every_finding() {
        let mut report = report(&[(Bound::Max, "9")]);
        report.add_error(Finding::new("size-gate/error", Level::Error, "b.elf", "b.elf: cut off"));
        assert_eq!(report.headline(&[]), "b.elf: cut off; 1 more problem; 1 limit breached");
    }
}
