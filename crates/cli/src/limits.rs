//! Limits on their way from what the user wrote to the measures they are for. Every tool attaches them here, so that none
//! is lost, and each is in the unit of its measure and knows where it was set.

use lw_model::{Bound, Limit, Measure, Reason, Report, Threshold, Unit, UnmatchedLimit};

use crate::config::{did_you_mean, nearest};
use crate::context::{Context, Origin};
use crate::error::Error;

/// The limits that stand behind one name: one, or one that warns and one that fails. Which measures the name means is for
/// the tool to find; a set that is neither attached to any nor recorded as unmatched would be a silent pass.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "limits that are not attached are not judged"]
pub struct LimitSet {
    name: String,
    unit: Unit,
    limits: Vec<Limit>,
}

impl LimitSet {
    /// Limits that nobody wrote: of a preset, or a tool's own. `origin` says so: `preset ram-150k`.
    ///
    /// # Errors
    /// When `spec` is not of the form `NAME=LIMIT`.
    pub fn of_tool(bound: Bound, spec: &str, unit: Unit, origin: &str) -> Result<Self, Error> {
        let (name, limits) = Limit::parse(bound, spec, unit, origin).map_err(Error::usage)?;
        Ok(Self { name, unit, limits })
    }

    /// What the user called the measure.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the limits bound.
    #[must_use]
    pub fn bound(&self) -> Bound {
        self.limits.first().map_or(Bound::Max, |limit| limit.bound)
    }

    /// Where they were set, to begin an error with: `--max`, `lw.toml:3`.
    #[must_use]
    pub fn place(&self) -> String {
        self.limits.first().map(Limit::place).unwrap_or_default()
    }

    /// Where the thresholds lie, for a person: `80 %`, or `85 % and 80 %`.
    #[must_use]
    pub fn thresholds(&self) -> String {
        let shown: Vec<String> = self.limits.iter().map(|limit| limit.threshold.show(self.unit)).collect();
        shown.join(" and ")
    }

    /// The same limits for a measure of another name.
    pub fn renamed(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The same limits, which are not judged, and why. `None` has them judged.
    pub fn not_judged(mut self, reason: impl Into<Option<Reason>>) -> Self {
        let reason = reason.into();
        self.limits.iter_mut().for_each(|limit| limit.reason = reason);
        self
    }

    /// Attaches the limits to a measure.
    ///
    /// # Errors
    /// When they are in another unit, or are percentages of a whole that the measure does not have.
    pub fn attach(&self, measure: &mut Measure) -> Result<(), Error> {
        let at = match self.limits.first().and_then(|limit| limit.location.as_ref()) {
            Some(location) => format!("{location}: "),
            None => String::new(),
        };
        for limit in &self.limits {
            match limit.threshold {
                Threshold::Amount(_) if measure.unit != self.unit => {
                    return Err(Error::usage(format!(
                        "{at}the limit of `{}` has the unit {}, the measure has the unit {}",
                        measure.name,
                        self.unit.as_str(),
                        measure.unit.as_str()
                    ))
                    .hint("limit it in its own unit, or by a percentage"));
                }
                Threshold::Percent(_)
                    if matches!(limit.bound, Bound::Max | Bound::Min) && measure.whole.is_none() =>
                {
                    return Err(Error::usage(format!(
                        "{at}the limit of `{}` is a percentage, but there is nothing it is a part of",
                        measure.name
                    ))
                    .hint("limit it in its own unit, or limit something whose whole is known"));
                }
                _ => measure.limits.push(limit.clone()),
            }
        }
        Ok(())
    }

    /// Attaches the limits to every measure of this name, whatever its subject. Returns whether there is one.
    ///
    /// # Errors
    /// Those of [`attach`](Self::attach).
    pub fn attach_by_name(&self, name: &str, report: &mut Report) -> Result<bool, Error> {
        let mut found = false;
        for measure in report.measures.iter_mut().filter(|measure| measure.name == name) {
            self.attach(measure)?;
            found = true;
        }
        Ok(found)
    }

    /// Records that no measure is there for the limits, and why. What that means for the verdict is the judge's to say.
    pub fn record_unmatched(self, reason: Reason, report: &mut Report) {
        let Self { name, limits, .. } = self.not_judged(reason);
        let unmatched = |limit| UnmatchedLimit { measure: name.clone(), subject: None, limit };
        report.unmatched_limits.extend(limits.into_iter().map(unmatched));
    }

    /// The error of a name that means nothing, where that can only be a mistake: `there is no group`, `` `cor` ``. The
    /// nearest of the `known` names is proposed, and without one there is `otherwise`.
    #[must_use]
    pub fn names_nothing<'a>(
        &self,
        what: &str,
        known: impl IntoIterator<Item = &'a str>,
        otherwise: impl FnOnce() -> String,
    ) -> Error {
        let error = Error::usage(format!("{}: {what} `{}`", self.place(), self.name));
        match nearest(&self.name, known) {
            Some(near) => error.hint(did_you_mean(near)),
            None => error.hint(otherwise()),
        }
    }
}

impl Context {
    /// Reads limits of one kind on measures of one unit, each with where it was set.
    ///
    /// `id` is the argument's identifier in clap (`max_growth`).
    ///
    /// # Errors
    /// When one is malformed, naming its line or flag.
    pub fn limits(
        &self,
        bound: Bound,
        unit: Unit,
        id: &str,
        specs: &[impl AsRef<str>],
    ) -> Result<Vec<LimitSet>, Error> {
        self.limits_of(bound, &|_| unit, id, specs)
    }

    /// The same for measures of several units, each by its name.
    ///
    /// # Errors
    /// When one is malformed, naming its line or flag.
    pub fn limits_of(
        &self,
        bound: Bound,
        unit: &dyn Fn(&str) -> Unit,
        id: &str,
        specs: &[impl AsRef<str>],
    ) -> Result<Vec<LimitSet>, Error> {
        let sets = specs.iter().enumerate().map(|(index, spec)| {
            let named = spec.as_ref().rsplit_once('=').map_or("", |(name, _)| name.trim());
            let unit = unit(named);
            let origin = self.origin(id, index);
            let (name, mut limits) =
                Limit::parse(bound, spec.as_ref(), unit, &origin.text).map_err(|error| {
                    Error::usage(format!("{}: {error}", origin.place())).hint(
                        "a limit is a number of bytes (150000, 64KiB), a percentage (90%), or warn:LIMIT,fail:LIMIT",
                    )
                })?;
            limits.iter_mut().for_each(|limit| origin.mark(limit));
            Ok(LimitSet { name, unit, limits })
        });
        sets.collect()
    }

    /// A limit that an argument of another form stands for, such as `--ratchet`, which set it.
    pub fn limit(&self, name: &str, mut limit: Limit, unit: Unit, id: &str) -> LimitSet {
        self.origin(id, 0).mark(&mut limit);
        LimitSet { name: name.to_owned(), unit, limits: vec![limit] }
    }
}

impl Origin {
    /// The value's place, to begin an error with: `lw.toml:3`, or else `--max`.
    #[must_use]
    pub fn place(&self) -> String {
        self.location.as_ref().map_or_else(|| self.text.clone(), ToString::to_string)
    }

    /// Notes in a limit that it was set here.
    fn mark(&self, limit: &mut Limit) {
        limit.origin.clone_from(&self.text);
        limit.location.clone_from(&self.location);
    }
}

#[cfg(test)]
mod tests {
    use lw_model::{JudgeOptions, Location, Verdict};

    use super::*;

    fn set(bound: Bound, spec: &str, unit: Unit) -> LimitSet {
        let mut set = LimitSet::of_tool(bound, spec, unit, "lw.toml").unwrap();
        set.limits.iter_mut().for_each(|limit| limit.location = Some(Location::line("lw.toml", 3)));
        set
    }

    #[test]
    fn a_limit_is_in_the_unit_of_its_measure() {
        let bytes = set(Bound::Max, "m=warn:64KiB,fail:90%", Unit::Bytes);
        assert_eq!((bytes.thresholds().as_str(), bytes.place().as_str()), ("65,536 B and 90 %", "lw.toml:3"));
        let mut count = Measure::count("m", 1).out_of(2);
        assert_eq!(
            bytes.attach(&mut count).unwrap_err().message(),
            "lw.toml:3: the limit of `m` has the unit bytes, the measure has the unit count"
        );
        let share = set(Bound::Max, "m=90%", Unit::Bytes);
        share.attach(&mut count).unwrap();
        assert_eq!(count.limits.len(), 1, "a share has no unit");
        assert_eq!(
            share.attach(&mut Measure::bytes("m", 1)).unwrap_err().message(),
            "lw.toml:3: the limit of `m` is a percentage, but there is nothing it is a part of"
        );
        set(Bound::MaxGrowth, "m=5%", Unit::Bytes).attach(&mut Measure::bytes("m", 1)).unwrap();
    }

    #[test]
    fn limits_of_nothing_are_recorded_and_fail() {
        let mut report = Report::new("probe", "0");
        let limits = set(Bound::Max, "m=warn:1,fail:2", Unit::Bytes);
        assert!(!limits.attach_by_name("m", &mut report).unwrap());
        limits.record_unmatched(Reason::Gone, &mut report);
        report.judge(&JudgeOptions::default());
        assert_eq!(report.verdict, Verdict::Fail);
        let reasons: Vec<_> = report.limits().map(|(name, _, limit)| (name, limit.reason)).collect();
        assert_eq!(reasons, [("m", Some(Reason::Gone)); 2]);
    }

    #[test]
    fn a_name_that_means_nothing_is_told_with_the_nearest() {
        let limits = set(Bound::Min, "cor=80%", Unit::Count);
        let error = limits.names_nothing("there is no group", ["core"], String::new);
        assert_eq!(error.message(), "lw.toml:3: there is no group `cor`");
        assert_eq!(error.advice(), Some("did you mean `core`?"));
        let error = limits.names_nothing("there is no group", [], || "define it".into());
        assert_eq!(error.advice(), Some("define it"));
    }
}
