//! The report of an earlier run, to compare with.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lw_model::{Bound, Finding, JudgeOptions, Level, Measure, Reason, Report};
use sha2::{Digest, Sha256};

use crate::context::Context;
use crate::error::{Error, ResultExt};
use crate::files::Bytes;

impl Context {
    /// The file `--baseline` names, if it is there.
    ///
    /// # Errors
    /// When it cannot be read, or is missing and `--require-baseline` is set.
    pub fn baseline(&self, report: &mut Report) -> Result<Option<(PathBuf, Bytes)>, Error> {
        let (path, required) = (self.common().baseline.as_ref(), self.common().require_baseline);
        let Some(path) = path else {
            if required {
                return Err(Error::usage("--require-baseline is set but no baseline is named")
                    .hint("add --baseline FILE"));
            }
            return Ok(None);
        };
        let is_missing = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
        match self.files.open_replaceable(path) {
            Ok(bytes) => Ok(Some((path.clone(), bytes))),
            Err(error) if is_missing(&error) && !required => {
                let why = format!("the baseline {} does not exist", path.display());
                self.no_baseline(&why, report);
                Ok(None)
            }
            Err(error) => Err(self.unreadable(path, &error)),
        }
    }

    /// Reads a baseline as a report of this tool. One that was not completed counts as none, and that is said.
    ///
    /// # Errors
    /// When it is no `lw-report/1`, one of another tool, or not completed and `--require-baseline` is set.
    pub fn read_baseline(
        &self,
        path: &Path,
        bytes: &[u8],
        report: &mut Report,
    ) -> Result<Option<Report>, Error> {
        let shown = path.display();
        let earlier: Report = serde_json::from_slice(bytes)
            .map_err(|error| {
                Error::input(error).hint("a baseline is what `--report` of the same tool wrote; was the file cut off or made by another program?")
            })
            .context(shown.to_string())?;
        if earlier.tool.name != report.tool.name {
            let (other, tool) = (&earlier.tool.name, &report.tool.name);
            return Err(Error::input(format!("{shown}: it is a report of {other}, expected one of {tool}")));
        }
        if earlier.is_baseline() {
            return Ok(Some(earlier));
        }
        let why = format!("the baseline {shown} is the report of a run that was not completed");
        if self.common().require_baseline {
            return Err(Error::input(why).hint("give the report of a run that ended without an error"));
        }
        self.no_baseline(&why, report);
        Ok(None)
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
        let bytes = match self.files.open_replaceable(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !self.common().require_baseline => {
                self.no_baseline(&format!("{shown}, which belongs to the baseline, does not exist"), report);
                return Ok(None);
            }
            Err(error) => return Err(self.unreadable(path, &error)),
        };
        let sha256 = base16ct::lower::encode_string(&Sha256::digest(&bytes[..]));
        if baseline.artifacts.iter().all(|artifact| artifact.sha256 != sha256) {
            return Err(Error::input(format!(
                "{shown}: it is not the file that was written with the baseline"
            ))
            .hint("keep both of one run, such as in one artifact or one cache entry"));
        }
        Ok(Some(bytes))
    }

    fn no_baseline(&self, why: &str, report: &mut Report) {
        let rule = format!("{}/no-baseline", report.tool.name);
        let message = format!("{why}: growth is not judged in this run");
        report.add_finding(
            Finding::new(rule, Level::Note, "baseline", message)
                .help("run once with `--report` on the base branch and keep that file; `--require-baseline` makes this an error"),
        );
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
    }
}

/// The measure of the same name about the same subject.
#[must_use]
pub fn same_measure<'a>(measure: &Measure, earlier: &'a Report) -> Option<&'a Measure> {
    earlier.measure(&measure.name, measure.subject.as_deref())
}
