//! Reports of the suite: found, held to the commit that is tested, and to what has to be there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use lw_cli::{Context, Error, ResultExt};
use lw_hashed::HashMap;
use lw_model::lists::filled;
use lw_model::{
    Align, Cell, Finding, Level, Limit, Measure, Outcome, Reason, Report, Table, Verdict, counted,
};
use lw_report::Commit;
use sha2::{Digest, Sha256};

use crate::args::Check;
use crate::jobs::Jobs;
use crate::policy::Policy;
use crate::settings::{Absent, ReportTable};

/// Names that a finding lists.
const LISTED: usize = 5;

/// A report that was read.
pub(crate) struct Found {
    file: String,
    /// As the user named it, or the pattern found it.
    given: PathBuf,
    digest: [u8; 32],
    told: Report,
}

/// Numbers that conditions may be about.
pub(crate) struct Supply {
    /// What a condition may call it: names of the policy, and that of the tool.
    pub(crate) names: Vec<String>,
    /// The file.
    pub(crate) file: String,
    pub(crate) values: Vec<Value>,
    /// What is no number, with the reason.
    pub(crate) unusable: Vec<lw_figures::Unusable>,
    /// Whether another program wrote it, which does not say what a negative number means.
    pub(crate) is_foreign: bool,
}

/// One number.
pub(crate) struct Value {
    pub(crate) measure: Measure,
    /// Whether its unit was told by who wrote it.
    pub(crate) has_unit: bool,
}

/// The commit the reports have to be of, where it is known.
///
/// # Errors
/// When the user gave something that is no full id.
pub(crate) fn commit(args: &Check, cx: &Context) -> Result<Option<Commit>, Error> {
    if args.any_commit {
        return Ok(None);
    }
    if let Some(given) = &args.commit {
        if !lw_history::is_full_id(given) {
            return Err(Error::usage(format!("`{given}` is no commit"))
                .hint("give all 40 digits, as `git rev-parse HEAD` prints them"));
        }
        return Ok(Some(Commit::new(given, None)));
    }
    let ci = cx.ci_context();
    Ok(ci.commit.as_ref().map(|tested| Commit::new(tested, ci.head_commit.as_deref())))
}

/// Reads the reports that are given, and those the policy names. One that cannot be read is recorded as an error, and does
/// not hide the others.
pub(crate) fn read(args: &Check, policy: &Policy, cx: &Context, report: &mut Report) -> Vec<Found> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut seen: BTreeSet<PathBuf> = BTreeSet::new();
    let mut add =
        |found: Vec<PathBuf>| paths.extend(found.into_iter().filter(|path| seen.insert(cx.resolve(path))));
    for pattern in &args.reports {
        match cx.expand(std::slice::from_ref(pattern), report) {
            Ok(found) => add(found),
            Err(error) => cx.record_error(report, &error),
        }
    }
    for table in policy.reports.values() {
        let Some(pattern) = &table.file else { continue };
        // What is not there is told once for the report as a whole.
        let mut aside = Report::new("quality-gate", "");
        if let Ok(found) = cx.expand(std::slice::from_ref(pattern), &mut aside) {
            add(found);
        }
    }
    let mut all = Vec::new();
    for path in paths {
        match read_one(path, cx) {
            Ok(found) => all.push(found),
            Err(error) => cx.record_error(report, &error),
        }
    }
    all
}

fn read_one(path: PathBuf, cx: &Context) -> Result<Found, Error> {
    let bytes = cx.open(&path)?;
    let file = cx.display_path(&path);
    let mut told = lw_report::read(&bytes).context(file.clone())?;
    // What a person reads of it has made its verdict: of hundreds of reports only the numbers are kept.
    (told.tables, told.trees, told.series, told.findings) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    Ok(Found { file, given: path, digest: Sha256::digest(&bytes[..]).into(), told })
}

impl Found {
    fn fits(&self, table: &ReportTable) -> bool {
        let given = self.given.to_string_lossy();
        let is_file = |pattern: &String| {
            [&*given, &self.file].iter().any(|name| *name == pattern || fast_glob::glob_match(pattern, name))
        };
        table.file.as_ref().is_none_or(is_file)
            && table.tool.as_ref().is_none_or(|tool| *tool == self.told.tool.name)
            && table.title.as_ref().is_none_or(|title| self.told.title.as_ref() == Some(title))
    }

    /// What tells it from others, as far as it says.
    fn identity(&self) -> (String, Option<String>, Option<String>, BTreeSet<Option<String>>) {
        let job = self.told.provenance.as_ref().and_then(|provenance| provenance.job.clone());
        let subjects = filled(self.told.measures.iter().map(|measure| measure.subject.clone()));
        (self.told.tool.name.clone(), self.told.title.clone(), job, subjects)
    }

    fn limits(&self) -> impl Iterator<Item = &Limit> {
        self.told.limits().map(|(_, _, limit)| limit)
    }

    fn is_incomplete(&self) -> bool {
        let complete = self.told.provenance.as_ref().and_then(|provenance| provenance.complete);
        self.told.verdict == Verdict::Error || complete == Some(false)
    }

    /// How many of its limits were not judged, and why; not those there was nothing to hold to.
    fn unjudged(&self) -> Option<(usize, String)> {
        let mut reasons: Vec<&str> = Vec::new();
        let mut count = 0;
        for limit in self.limits().filter(|limit| limit.outcome == Outcome::NotJudged) {
            let reason = limit.reason.unwrap_or(Reason::RunFailed);
            if matches!(reason, Reason::SmallChange | Reason::NothingToJudge) {
                continue;
            }
            count += 1;
            if !reasons.contains(&reason.as_str()) {
                reasons.push(reason.as_str());
            }
        }
        (count > 0).then(|| (count, reasons.join(", ")))
    }
}

/// The level of what is absent.
pub(crate) fn level(absent: Absent) -> Level {
    match absent {
        Absent::Fail => Level::Error,
        Absent::Warn => Level::Warning,
        Absent::Skip => Level::Note,
    }
}

/// Holds the reports to the policy; what is left of them may be judged by conditions.
pub(crate) fn judge(
    found: Vec<Found>,
    policy: &Policy,
    jobs: &Jobs,
    commit: Option<&Commit>,
    report: &mut Report,
) -> Vec<Supply> {
    let mut table = Table::new(
        "reports",
        "Reports",
        &[("Report", Align::Left), ("Tool", Align::Left), ("Answer", Align::Left), ("Says", Align::Left)],
    );
    let mut there: BTreeMap<&str, usize> = BTreeMap::new();
    let mut known: HashMap<[u8; 32], String> = HashMap::new();
    // In the order they were given, which the map does not keep.
    let mut listed: Vec<String> = Vec::new();
    let mut identities = HashMap::new();
    let mut supplies = Vec::new();
    for found in found {
        let mut add = |rule: &str, level: Level, message: String| {
            report.add_finding(Finding::new(format!("quality-gate/{rule}"), level, &found.file, message));
        };
        if let Some(first) = known.get(&found.digest) {
            add(
                "same-report",
                Level::Note,
                format!("{} has the same bytes as {first}, and counts once", found.file),
            );
            continue;
        }
        known.insert(found.digest, found.file.clone());
        if listed.len() < LISTED {
            listed.push(found.file.clone());
        }
        let entries: Vec<(&String, &ReportTable)> =
            policy.reports.iter().filter(|(_, table)| found.fits(table)).collect();
        let mut row = |verdict: Verdict, says: String| {
            table.rows.push(vec![
                Cell::Code(found.file.clone()),
                Cell::Text(found.told.tool.name.clone()),
                Cell::Verdict(verdict),
                Cell::Text(says),
            ]);
        };
        let stale = entries.iter().find(|(_, entry)| jobs.did_not_run(entry.job.as_ref()));
        let why = commit.and_then(|commit| commit.refusal(&found.told)).or_else(|| {
            let job = stale.and_then(|(_, entry)| entry.job.as_ref())?;
            Some(format!("the job {job}, which writes it, did not run"))
        });
        if let Some(why) = why {
            add("report-refused", Level::Error, format!("{}: {why}", found.file));
            row(Verdict::Fail, why);
            continue;
        }
        if let Some(first) = identities.insert(found.identity(), found.file.clone()) {
            let message = format!("nothing tells {} from {first}; both are judged", found.file);
            add("duplicate-report", Level::Warning, message);
        }
        for (name, _) in &entries {
            *there.entry(name.as_str()).or_default() += 1;
        }
        let says = found.told.summary.clone();
        if found.is_incomplete() {
            let message =
                format!("{}: {} could not do all of its job: {says}", found.file, found.told.tool.name);
            add("report-incomplete", Level::Error, message);
            row(Verdict::Error, says);
            continue;
        }
        let verdict = found.told.worst();
        match verdict {
            Verdict::Pass => {}
            Verdict::Warn => add(
                "report-warned",
                Level::Warning,
                format!("{}: {} warns: {says}", found.file, found.told.tool.name),
            ),
            Verdict::Fail | Verdict::Error => {
                add(
                    "report-failed",
                    Level::Error,
                    format!("{}: {} failed: {says}", found.file, found.told.tool.name),
                );
            }
        }
        let mut answer = verdict;
        if let Some((count, reasons)) = found.unjudged() {
            let absent = entries.iter().map(|(_, entry)| entry.unjudged).min_by_key(|absent| *absent as u8);
            let level = level(absent.unwrap_or_default());
            let were = if count == 1 { "was" } else { "were" };
            let message = format!("{}: {} {were} not judged: {reasons}", found.file, counted(count, "limit"));
            add("report-not-judged", level, message);
            answer = answer.max(level.into());
        }
        row(answer, says);
        let mut names: Vec<String> = entries.iter().map(|(name, _)| (*name).clone()).collect();
        names.push(found.told.tool.name);
        let values =
            found.told.measures.into_iter().map(|measure| Value { measure, has_unit: true }).collect();
        supplies.push(Supply { names, file: found.file, values, unusable: Vec::new(), is_foreign: false });
    }
    for (name, entry) in &policy.reports {
        let count = there.get(name.as_str()).copied().unwrap_or_default();
        if count >= entry.count.unwrap_or(1) {
            continue;
        }
        let (level, message) = missing(name, entry, count, jobs, &listed);
        report.add_finding(Finding::new("quality-gate/report-missing", level, name, message.clone()));
        table.rows.push(vec![
            Cell::Text(name.clone()),
            Cell::Text(entry.tool.clone().unwrap_or_default()),
            Cell::Verdict(level.into()),
            Cell::Text("missing".into()),
        ]);
    }
    if !table.rows.is_empty() {
        report.tables.push(table);
    }
    supplies
}

/// What it means that a report is not there.
fn missing(name: &str, entry: &ReportTable, count: usize, jobs: &Jobs, others: &[String]) -> (Level, String) {
    let what = match (&entry.file, &entry.tool) {
        (Some(file), _) => file.clone(),
        (None, Some(tool)) if tool != name => format!("one of {tool}"),
        _ => String::new(),
    };
    let what = if what.is_empty() { String::new() } else { format!(" ({what})") };
    if jobs.excuse(entry.job.as_ref()) {
        let job = entry.job.as_deref().unwrap_or_default();
        return (
            Level::Note,
            format!("the report {name}{what} is not there: its job {job} did not run, as it may"),
        );
    }
    let level = level(entry.missing);
    if let Some(wanted) = entry.count.filter(|_| count > 0) {
        return (
            level,
            format!("of the report {name}{what} there have to be {wanted}, and there are {count}"),
        );
    }
    let seen = if others.is_empty() {
        "no report could be read".to_owned()
    } else {
        format!("those that are there: {}", others.join(", "))
    };
    (level, format!("the report {name}{what} is not there; {seen}"))
}
