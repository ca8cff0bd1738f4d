//! The report of an earlier run, to compare with.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lw_model::{Bound, Fact, Finding, JudgeOptions, Level, Measure, Reason, Report, Verdict};
use sha2::{Digest, Sha256};

use crate::config::source::short;
use crate::context::Context;
use crate::error::{Error, ResultExt};
use crate::files::Bytes;
use crate::store::{Choice, Keeps, Located, MOST_BYTES};

/// The rule of a run that has nothing to compare with.
const NO_BASELINE: &str = "no-baseline";

impl Context {
    /// The report to compare with, if it is there: the file `--baseline` names, or with `auto` what the store has of the commit
    /// that this run is compared with.
    ///
    /// # Errors
    /// When a file cannot be read, or is missing and `--require-baseline` is set.
    pub fn baseline(&self, report: &mut Report) -> Result<Option<(PathBuf, Bytes)>, Error> {
        let required = self.common().require_baseline;
        let path = match &self.baselines.choice {
            Choice::File(path) => path,
            Choice::Auto => return Ok(self.baseline_of_store(report)),
            Choice::Nothing if required => {
                return Err(Error::usage("--require-baseline is set but no baseline is named")
                    .hint("add --baseline FILE"));
            }
            Choice::Nothing => return Ok(None),
        };
        let is_missing = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
        match self.files.open_replaceable(path) {
            Ok(bytes) => Ok(Some((path.clone(), bytes))),
            Err(error) if is_missing(&error) && !required => {
                let why = format!("the baseline {} does not exist", path.display());
                self.no_baseline(&why, Level::Note, report);
                Ok(None)
            }
            Err(error) => Err(self.unreadable(path, &error)),
        }
    }

    /// Whether somebody asked for a comparison, whatever there is to compare with.
    #[must_use]
    pub fn compares(&self) -> bool {
        self.baselines.choice != Choice::Nothing
    }

    /// Whether there is something at the place where the baseline should be.
    #[must_use]
    pub fn has_baseline(&self) -> bool {
        match &self.baselines.choice {
            Choice::Nothing => false,
            Choice::File(path) => self.resolve(path).exists(),
            Choice::Auto => self.located().is_ok(),
        }
    }

    /// Whether the baseline is named by a file, which may be in a format of another program; what a store has is always a
    /// report.
    #[must_use]
    pub fn baseline_is_named(&self) -> bool {
        self.baselines.file().is_some()
    }

    /// The files the report of this run is written to: that of `--report`, and that of a store where it is kept. What a tool
    /// keeps beside its report belongs beside each.
    #[must_use]
    pub fn report_files(&self) -> Vec<PathBuf> {
        let kept = self.keeps().as_ref().and_then(|keeps| keeps.as_ref().ok());
        self.common().report.clone().into_iter().chain(kept.map(|(path, _)| path.clone())).collect()
    }

    pub(crate) fn keeps(&self) -> &Keeps {
        self.keeps.get_or_init(|| self.baselines.keeps(self.ci_context(), self.root()))
    }

    fn located(&self) -> &Result<Located, String> {
        self.located.get_or_init(|| self.baselines.locate(self.ci_context(), self.root(), &self.files))
    }

    fn baseline_of_store(&self, report: &mut Report) -> Option<(PathBuf, Bytes)> {
        let located = match self.located() {
            Ok(located) => located,
            Err(why) => {
                self.no_baseline(why, Level::Note, report);
                return None;
            }
        };
        let refused = match self.files.open_replaceable(&located.path) {
            Ok(bytes) if bytes.len() <= MOST_BYTES => return Some((located.path.clone(), bytes)),
            Ok(bytes) => format!("it has {} bytes, and a report has at most {MOST_BYTES}", bytes.len()),
            Err(error) => error.to_string(),
        };
        self.no_baseline(&format!("{}: {refused}", located.path.display()), Level::Warning, report);
        None
    }

    /// Reads a baseline as a report of this tool. One that was not completed counts as none, and that is said; so does
    /// whatever else is wrong with one that a store has, which no change can mend.
    ///
    /// # Errors
    /// When a file that is named is no `lw-report/1`, one of another tool, or says what cannot be; or is not completed and
    /// `--require-baseline` is set.
    pub fn read_baseline(
        &self,
        path: &Path,
        bytes: &[u8],
        report: &mut Report,
    ) -> Result<Option<Report>, Error> {
        let shown = path.display();
        let read = read(&shown.to_string(), bytes, &report.tool.name);
        if let (Choice::Auto, Ok(located)) = (&self.baselines.choice, self.located()) {
            let read = read.map_err(|error| error.message());
            return Ok(match read.and_then(|earlier| self.is_of(located, earlier)) {
                Ok(earlier) => {
                    self.tell_of(located, &earlier, report);
                    Some(earlier)
                }
                Err(why) => {
                    self.no_baseline(&why, Level::Warning, report);
                    None
                }
            });
        }
        let earlier = read?;
        if earlier.is_baseline() {
            return Ok(Some(earlier));
        }
        let why = format!("the baseline {shown} is the report of a run that was not completed");
        if self.common().require_baseline {
            return Err(Error::input(why).hint("give the report of a run that ended without an error"));
        }
        self.no_baseline(&why, Level::Note, report);
        Ok(None)
    }

    /// Whether what a store has is what it should be.
    fn is_of(&self, located: &Located, earlier: Report) -> Result<Report, String> {
        let wanted = short(&located.commit);
        let title = self.common().title.as_deref().map(str::trim).filter(|title| !title.is_empty());
        let provenance = earlier.provenance.as_ref();
        match provenance.and_then(|provenance| provenance.commit.as_deref()) {
            Some(commit) if commit == located.commit => {}
            Some(other) => {
                return Err(format!("the report kept of {wanted} is one of {}", printable(&short(other))));
            }
            None => return Err(format!("the report kept of {wanted} does not say of which commit it is")),
        }
        if earlier.title.as_deref() != title {
            return Err(format!("the report kept of {wanted} has another title"));
        }
        if !earlier.is_baseline() {
            return Err(format!("the report kept of {wanted} is partial: its run was not completed"));
        }
        Ok(earlier)
    }

    /// Says which report of the store this run is compared with.
    fn tell_of(&self, located: &Located, earlier: &Report, report: &mut Report) {
        let (commit, base) = (short(&located.commit), &located.base);
        let of = match located.distance {
            0 => format!("{commit}, {}", base.why),
            1 => format!("{commit}, the commit before {} ({})", shown_base(base), base.why),
            several => format!("{commit}, {several} commits before {} ({})", shown_base(base), base.why),
        };
        let provenance = earlier.provenance.as_ref();
        let time = provenance.and_then(|provenance| provenance.time);
        let age = time.map_or_else(|| "of unknown age".to_owned(), |time| age(time, self.now()));
        let whole = match provenance.and_then(|provenance| provenance.complete) {
            Some(_) => "complete",
            None => "not said to be complete",
        };
        let value = format!("{of}; its report is {age}, {whole}");
        report.facts.push(Fact { name: "compared with".into(), subject: None, value });
        let _ = self.baseline_commit.set(located.commit.clone());
        if located.distance > 0 {
            let rule = format!("{}/older-baseline", report.tool.name);
            let message = format!(
                "there is no report of {}: compared with {of}, so that the change holds what came in between as well",
                shown_base(base)
            );
            report.add_finding(Finding::new(rule, Level::Note, "baseline", message).help(
                "run the workflow once more on that commit, or take the changes of the main branch into this one",
            ));
        }
    }

    /// A file that a tool keeps beside the report of a run, such as `report.json.tests`, found beside the baseline; `None`
    /// when it is not there, which is said.
    ///
    /// An output of this run may replace it, as it may the baseline.
    ///
    /// # Errors
    /// When it cannot be read, is not the one that was written with this baseline, or is missing and `--require-baseline` is
    /// set.
    pub fn beside_baseline(
        &self,
        path: &Path,
        baseline: &Report,
        report: &mut Report,
    ) -> Result<Option<Bytes>, Error> {
        let shown = path.display();
        let is_auto = self.baselines.choice == Choice::Auto;
        let bytes = match self.files.open_replaceable(path) {
            Ok(bytes) => bytes,
            Err(error)
                if error.kind() == std::io::ErrorKind::NotFound
                    && (is_auto || !self.common().require_baseline) =>
            {
                let why = format!("{shown}, which belongs to the baseline, does not exist");
                self.no_baseline(&why, Level::Note, report);
                return Ok(None);
            }
            Err(error) => return Err(self.unreadable(path, &error)),
        };
        let sha256 = base16ct::lower::encode_string(&Sha256::digest(&bytes[..]));
        if baseline.artifacts.iter().all(|artifact| artifact.sha256 != sha256) {
            let why = format!("{shown}: it is not the file that was written with the baseline");
            if is_auto {
                self.no_baseline(&why, Level::Warning, report);
                return Ok(None);
            }
            return Err(
                Error::input(why).hint("keep both of one run, such as in one artifact or one cache entry")
            );
        }
        Ok(Some(bytes))
    }

    /// Says that there is nothing to compare with. With a store, `--require-baseline` makes that a failed gate and no error: the
    /// first run of the main branch has nothing to compare with and still has to leave something.
    fn no_baseline(&self, why: &str, level: Level, report: &mut Report) {
        let is_auto = self.baselines.choice == Choice::Auto;
        let level = if is_auto && self.common().require_baseline { Level::Error } else { level };
        let rule = format!("{}/{NO_BASELINE}", report.tool.name);
        let message = format!("{why}: growth is not judged in this run");
        let help = if is_auto {
            "a run of the main branch keeps its report for those that follow, whatever its verdict; `--require-baseline` makes this a failure"
        } else {
            "run once with `--report` on the base branch and keep that file; `--require-baseline` makes this an error"
        };
        report.add_finding(Finding::new(rule, level, "baseline", message).help(help));
    }

    /// A limit on growth that a pull request cannot be held to is more than a note: nobody would look for what did not happen.
    fn warn_of_unjudged_growth(&self, report: &mut Report) {
        let is_unjudged = report.limits().any(|(_, _, limit)| limit.reason == Some(Reason::NoBaseline));
        if self.baselines.choice != Choice::Auto || !self.is_pull_request() || !is_unjudged {
            return;
        }
        let rule = format!("{}/{NO_BASELINE}", report.tool.name);
        if let Some(finding) = report.findings.iter_mut().find(|finding| finding.rule == rule) {
            finding.level = finding.level.max(Level::Warning);
            report.verdict = report.verdict.max(Verdict::Warn);
        }
    }

    /// Gives every measure the value it had in an earlier report.
    ///
    /// `find` says which measure of that report is the same one. A measure that was counted in another way then gets no
    /// earlier value, once, and that is said.
    pub fn compare<'a>(
        &self,
        report: &mut Report,
        earlier: &'a Report,
        find: impl Fn(&Measure, &'a Report) -> Option<&'a Measure>,
    ) {
        let mut changed = BTreeSet::new();
        for measure in &mut report.measures {
            if self.meaning_changed(&measure.name, earlier.tool.revision) {
                if find(measure, earlier).is_some() {
                    changed.insert(measure.name.clone());
                }
                continue;
            }
            if let Some(before) = find(measure, earlier) {
                measure.baseline = Some(before.value);
                measure.baseline_whole = before.whole;
            }
        }
        if changed.is_empty() {
            return;
        }
        let names: Vec<&str> = changed.iter().map(String::as_str).collect();
        let message = format!(
            "the baseline was made by version {}, which counts {} in another way: growth is not judged this once",
            earlier.tool.version,
            names.join(", ")
        );
        let rule = format!("{}/meaning-changed", report.tool.name);
        report.add_finding(Finding::new(rule, Level::Note, "baseline", message));
        if let Ok(mut all) = self.changed_meanings.lock() {
            all.extend(changed);
        }
    }

    /// Whether a measure has another meaning now than in a report of this revision.
    fn meaning_changed(&self, name: &str, revision: u32) -> bool {
        let is = |pattern: &str| {
            pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
        };
        self.entry.changed_meanings.iter().any(|(pattern, since)| revision < *since && is(pattern))
    }

    /// Judges every measure of the report, as this run was told to: with `--require-baseline` a limit on growth that has
    /// no baseline fails. `permission` says why breached limits are let through, and where that was said.
    pub fn judge(&self, report: &mut Report, permission: Option<(&str, &str)>) {
        let changed = self.changed_meanings.lock().map(|all| all.clone()).unwrap_or_default();
        for measure in report.measures.iter_mut().filter(|measure| changed.contains(&measure.name)) {
            for limit in &mut measure.limits {
                if matches!(limit.bound, Bound::MaxGrowth | Bound::MaxDrop) && limit.reason.is_none() {
                    limit.reason = Some(Reason::MeaningChanged);
                }
            }
        }
        report.judge(&JudgeOptions { permission, require_baseline: self.common().require_baseline });
        self.warn_of_unjudged_growth(report);
    }
}

/// Reads a report that somebody else may have written.
fn read(shown: &str, bytes: &[u8], tool: &str) -> Result<Report, Error> {
    let earlier = lw_report::read_within(bytes, MOST_BYTES).context(shown.to_owned())?;
    if earlier.tool.name != tool {
        let other = printable(&earlier.tool.name);
        return Err(Error::input(format!("{shown}: it is a report of {other}, expected one of {tool}")));
    }
    Ok(earlier)
}

/// Some characters of foreign text, none of which ends a line.
fn printable(text: &str) -> String {
    text.chars().take(60).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn shown_base(base: &lw_history::Base) -> String {
    base.commit.as_deref().map(short).unwrap_or_default()
}

/// How old something is, in the largest unit that gives a whole number.
fn age(time: u64, now: u64) -> String {
    let Some(seconds) = now.checked_sub(time) else { return "dated later than this run".into() };
    let (count, unit) = match seconds {
        0..3600 => (seconds / 60, "minute"),
        3600..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{} old", if count == 1 { "" } else { "s" })
}

/// The measure of the same name about the same subject.
#[must_use]
pub fn same_measure<'a>(measure: &Measure, earlier: &'a Report) -> Option<&'a Measure> {
    earlier.measure(&measure.name, measure.subject.as_deref())
}
