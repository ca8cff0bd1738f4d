//! What a tool can have written.

use lw_hashed::HashSet;
use lw_model::{Direction, Limit, Measure, Number, Outcome, Provenance, Report, Unit, Verdict};

use crate::error::Impossible;
use crate::shortened;

/// Holds a report to what a tool of the suite can have written.
///
/// # Errors
/// The first thing that none can.
pub fn check(report: &Report) -> Result<(), Impossible> {
    let mut seen: HashSet<(Option<&str>, &str)> = HashSet::new();
    for measure in &report.measures {
        if !seen.insert((measure.subject.as_deref(), &measure.name)) {
            return Err(Impossible::Twice(shortened(&measure.name)));
        }
    }
    check_each(report)
}

/// [`check`] without a look at what is there twice.
pub(crate) fn check_each(report: &Report) -> Result<(), Impossible> {
    if report.tool.name.trim().is_empty() {
        return Err(Impossible::NoName { what: "tool", at: 1 });
    }
    for (index, measure) in report.measures.iter().enumerate() {
        if measure.name.trim().is_empty() {
            return Err(Impossible::NoName { what: "measure", at: index + 1 });
        }
        Numbers::of(measure).check(&measure.name)?;
        limits(measure)?;
    }
    for item in &report.unmatched_limits {
        on_breach(&item.measure, &item.limit)?;
        if item.limit.outcome != Outcome::NotJudged {
            return Err(outcome(&item.measure, &item.limit, Outcome::NotJudged));
        }
    }
    for artifact in &report.artifacts {
        if !is_hex(&artifact.sha256, &[64]) {
            return Err(Impossible::Digest(shortened(&artifact.path)));
        }
    }
    report.provenance.as_ref().map_or(Ok(()), provenance)
}

/// The numbers of a measure.
pub(crate) struct Numbers {
    pub(crate) value: Number,
    pub(crate) unit: Unit,
    pub(crate) whole: Option<Number>,
    pub(crate) baseline: Option<Number>,
    pub(crate) baseline_whole: Option<Number>,
    pub(crate) direction: Direction,
}

impl Numbers {
    fn of(measure: &Measure) -> Self {
        Self {
            value: measure.value,
            unit: measure.unit,
            whole: measure.whole,
            baseline: measure.baseline,
            baseline_whole: measure.baseline_whole,
            direction: measure.direction,
        }
    }

    /// Whether they can be.
    pub(crate) fn check(&self, name: &str) -> Result<(), Impossible> {
        let is_negative = |number: Option<Number>| number.is_some_and(|number| number.as_f64() < 0.0);
        // There may be less than none left, and of what another program counts, but nothing is smaller than nothing.
        let is_size = self.unit == Unit::Bytes && self.direction == Direction::Lower;
        let time = |number: Option<Number>| number.filter(|_| self.unit == Unit::Seconds);
        let size = |number: Option<Number>| number.filter(|_| is_size);
        for (what, number) in [
            ("the whole", self.whole),
            ("the whole in the baseline", self.baseline_whole),
            ("the value", size(Some(self.value))),
            ("the baseline", size(self.baseline)),
            ("the value", time(Some(self.value))),
        ] {
            if is_negative(number) {
                return Err(Impossible::Negative { measure: shortened(name), number: what });
            }
        }
        if self.unit == Unit::Count && self.whole.is_some_and(|whole| self.value > whole) {
            return Err(Impossible::MoreThanAll(shortened(name)));
        }
        Ok(())
    }
}

/// Judges the limits again: the numbers are all there.
fn limits(measure: &Measure) -> Result<(), Impossible> {
    if measure.limits.is_empty() {
        return Ok(());
    }
    let mut again = measure.clone();
    for limit in &mut again.limits {
        on_breach(&measure.name, limit)?;
        if limit.outcome != Outcome::NotJudged {
            limit.reason = None;
        }
    }
    again.judge();
    for (said, found) in measure.limits.iter().zip(&again.limits) {
        let agrees = match said.outcome {
            // Its reason may be one that the numbers do not tell.
            Outcome::NotJudged => true,
            Outcome::Met => found.outcome == Outcome::Met,
            Outcome::Breached | Outcome::Overridden => found.outcome == Outcome::Breached,
        };
        if !agrees {
            return Err(outcome(&measure.name, said, found.outcome));
        }
    }
    Ok(())
}

fn outcome(measure: &str, said: &Limit, found: Outcome) -> Impossible {
    let word = |outcome: Outcome| match outcome {
        Outcome::Met => "met",
        Outcome::Breached => "breached",
        Outcome::Overridden => "overridden",
        Outcome::NotJudged => "not to be judged",
    };
    Impossible::Outcome { measure: shortened(measure), said: word(said.outcome), found: word(found) }
}

fn on_breach(measure: &str, limit: &Limit) -> Result<(), Impossible> {
    match limit.on_breach {
        Verdict::Warn | Verdict::Fail => Ok(()),
        verdict @ (Verdict::Pass | Verdict::Error) => {
            Err(Impossible::OnBreach { measure: shortened(measure), verdict: verdict.as_str() })
        }
    }
}

fn provenance(provenance: &Provenance) -> Result<(), Impossible> {
    for commit in [&provenance.commit, &provenance.head_commit].into_iter().flatten() {
        // SHA-1 and SHA-256 repositories.
        if !is_hex(commit, &[40, 64]) {
            return Err(Impossible::Commit(shortened(commit)));
        }
    }
    for (name, number) in [("attempt", provenance.attempt), ("pull request", provenance.pull_request)] {
        if number == Some(0) {
            return Err(Impossible::Zero(name));
        }
    }
    Ok(())
}

fn is_hex(text: &str, lengths: &[usize]) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
