//! The policy: what `lw.toml`, flags and presets say together, before anything is read.

use lw_cli::{Context, Error, KeyedLimit};
use lw_model::{Bound, Report, Unit};

use crate::args::Check;
use crate::presets::{coverage, of_preset, performance, security};
use crate::settings::{
    Absent, ConditionTable, Conditions, Jobs, Reports, Scope, SourceFormat, SourceTable, Sources, TakeName,
    Thresholds,
};

/// A condition with one bound.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    /// What people call it.
    pub(crate) name: String,
    /// Names of the measures it is about.
    pub(crate) measures: Vec<String>,
    pub(crate) report: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) bound: Bound,
    /// The thresholds, as they were written.
    pub(crate) spec: String,
    pub(crate) scope: Scope,
    /// `None`: what the report it names says.
    pub(crate) missing: Option<Absent>,
    pub(crate) small_change: Option<u64>,
    pub(crate) change_size: Option<String>,
    pub(crate) unit: Option<Unit>,
    pub(crate) delta: bool,
    /// Where it was set: `lw.toml:3`, `--max`.
    pub(crate) origin: String,
}

/// What there has to be, and what it is held to.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) reports: Reports,
    pub(crate) sources: Sources,
    pub(crate) jobs: Jobs,
}

/// Reads all of it.
///
/// # Errors
/// When something is malformed or contradicts itself, with its place.
pub(crate) fn read(args: &Check, cx: &Context, report: &Report) -> Result<Policy, Error> {
    let mut policy = Policy {
        conditions: Vec::new(),
        reports: cx.section("expected")?.unwrap_or_default(),
        sources: cx.section("number")?.unwrap_or_default(),
        jobs: cx.section("job")?.unwrap_or_default(),
    };
    for tool in &args.expect {
        let entry = policy.reports.entry(tool.clone()).or_default();
        if entry.file.is_none() && entry.tool.is_none() {
            entry.tool = Some(tool.clone());
        }
    }
    for (name, entry) in &mut policy.reports {
        if entry.file.is_none() && entry.tool.is_none() {
            entry.tool = Some(name.clone());
        }
        if entry.count == Some(0) {
            return Err(Error::usage(format!(
                "{}: `count` of the report `{name}` is 0",
                place(report, "expected", name, "count")
            ))
            .hint("a report that need not be there has `missing = \"skip\"`"));
        }
    }
    for (index, file) in args.metrics.iter().enumerate() {
        let name = if index == 0 { "metrics".to_owned() } else { format!("metrics-{}", index + 1) };
        add_source(&mut policy, name, metrics(file), &cx.origin("metrics", index).place())?;
    }
    for (index, text) in args.source.iter().enumerate() {
        let place = cx.origin("source", index).place();
        let (name, table) = source(text).ok_or_else(|| {
            Error::usage(format!("{place}: `{text}` is no source"))
                .hint("write NAME=FORMAT:FILE, NAME=json:FILE#/POINTER or NAME=csv:FILE#COLUMN; the formats are metrics, json, csv, sonar, lizard, radon, gocyclo, jscpd and scc")
        })?;
        add_source(&mut policy, name, table, &place)?;
    }
    for (name, table) in &policy.sources {
        check_source(name, table, &place(report, "number", name, "format"))?;
    }
    for job in &args.require_job {
        policy.jobs.entry(job.clone()).or_default();
    }
    for (index, text) in args.may_skip.iter().enumerate() {
        let Some((job, event)) = text.split_once('=').map(|(job, event)| (job.trim(), event.trim())) else {
            let place = cx.origin("may_skip", index).place();
            return Err(Error::usage(format!("{place}: `{text}` is not of the form JOB=EVENT")).hint(
                "write the id of the job and the event on which it may be skipped: hardware=pull_request",
            ));
        };
        policy.jobs.entry(job.to_owned()).or_default().may_skip_on.push(event.to_owned());
    }
    // A job that writes something has to be there as well.
    let writers = policy.reports.values().map(|table| &table.job);
    for job in writers.chain(policy.sources.values().map(|table| &table.job)).flatten() {
        policy.jobs.entry(job.clone()).or_default();
    }
    let tables: Conditions = cx.section("condition")?.unwrap_or_default();
    for (name, table) in tables {
        policy.of_table(&name, &table, report)?;
    }
    policy.of_flags(args, cx);
    for preset in &args.preset {
        policy.conditions.extend(of_preset(*preset));
    }
    Ok(policy)
}

/// Where a key of a section was set.
fn place(report: &Report, section: &str, name: &str, key: &str) -> String {
    let prefix = format!("{name}.");
    let wanted = format!("{name}.{key}");
    let of = |key: &Option<String>, exactly: bool| {
        key.as_deref().is_some_and(|key| if exactly { key == wanted } else { key.starts_with(&prefix) })
    };
    let settings = || report.settings.iter().filter(|setting| setting.name == section);
    settings()
        .find(|setting| of(&setting.key, true))
        // A table of levels has a key for each.
        .or_else(|| {
            settings().find(|setting| setting.key.as_deref().is_some_and(|key| key.starts_with(&wanted)))
        })
        .or_else(|| settings().find(|setting| of(&setting.key, false)))
        .map_or_else(|| "lw.toml".to_owned(), |setting| setting.origin.clone())
}

impl Policy {
    fn of_table(&mut self, name: &str, table: &ConditionTable, report: &Report) -> Result<(), Error> {
        let at = |key: &str| place(report, "condition", name, key);
        let bounds = [
            (Bound::Max, "max", &table.max),
            (Bound::Min, "min", &table.min),
            (Bound::MaxGrowth, "max-growth", &table.max_growth),
            (Bound::MaxDrop, "max-drop", &table.max_drop),
        ];
        if bounds.iter().all(|(_, _, thresholds)| thresholds.is_none()) {
            return Err(Error::usage(format!("{}: the condition `{name}` has no threshold", at("measure")))
                .hint("give it max, min, max-growth or max-drop"));
        }
        if table.scope_only_keys() && table.on != Scope::NewCode {
            return Err(Error::usage(format!(
                "{}: only a condition on new code has a size of the change",
                at("small-change")
            ))
            .hint("add on = \"new-code\""));
        }
        for (bound, key, thresholds) in bounds {
            let Some(Thresholds(spec)) = thresholds else { continue };
            self.conditions.push(Condition {
                name: name.to_owned(),
                measures: vec![table.measure.clone().unwrap_or_else(|| name.to_owned())],
                report: table.report.clone(),
                subject: table.subject.clone(),
                bound,
                spec: spec.clone(),
                scope: table.on,
                missing: table.missing,
                small_change: table.small_change,
                change_size: table.change_size.clone(),
                unit: table.unit,
                delta: table.delta,
                origin: at(key),
            });
        }
        Ok(())
    }

    fn of_flags(&mut self, args: &Check, cx: &Context) {
        let all: [(Bound, &str, &Vec<KeyedLimit>); 4] = [
            (Bound::Max, "max", &args.max),
            (Bound::Min, "min", &args.min),
            (Bound::MaxGrowth, "max_growth", &args.max_growth),
            (Bound::MaxDrop, "max_drop", &args.max_drop),
        ];
        for (bound, id, limits) in all {
            for (index, limit) in limits.iter().enumerate() {
                let (name, spec) = limit.rsplit_once('=').unwrap_or((limit, ""));
                let (report, measure) = self.split_name(name.trim());
                let mut condition =
                    simple(name.trim(), &[&measure], bound, spec.trim(), &cx.origin(id, index).place());
                condition.report = report;
                self.conditions.push(condition);
            }
        }
        type Make = fn(&str, &str) -> Condition;
        let old: [(&str, &Option<String>, Make); 3] = [
            ("coverage_threshold", &args.coverage_threshold, coverage),
            ("security_issues_threshold", &args.security_issues_threshold, security),
            ("performance_regression_threshold", &args.performance_regression_threshold, performance),
        ];
        for (id, value, make) in old {
            self.conditions.extend(value.as_ref().map(|value| make(value, &cx.origin(id, 0).place())));
        }
    }

    /// `REPORT:MEASURE`, where there is such a report, source or tool; a name of C++ has colons of its own.
    fn split_name(&self, name: &str) -> (Option<String>, String) {
        match name.split_once(':') {
            Some((report, measure))
                if !measure.starts_with(':')
                    && report.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) =>
            {
                (Some(report.to_owned()), measure.to_owned())
            }
            _ => (None, name.to_owned()),
        }
    }
}

fn metrics(file: &str) -> SourceTable {
    SourceTable {
        file: file.to_owned(),
        format: SourceFormat::Metrics,
        pointer: None,
        column: None,
        row: None,
        take: TakeName::Only,
        unit: None,
        job: None,
        missing: Absent::Fail,
    }
}

fn source(text: &str) -> Option<(String, SourceTable)> {
    let (name, rest) = text.split_once('=')?;
    let (format, file) = rest.split_once(':')?;
    let format = SourceFormat::named(format.trim())?;
    let mut table = metrics(file.trim());
    table.format = format;
    if matches!(format, SourceFormat::Json | SourceFormat::Csv) {
        let (file, place) = file.split_once('#')?;
        file.trim().clone_into(&mut table.file);
        let place = Some(place.trim().to_owned());
        if format == SourceFormat::Json { table.pointer = place } else { table.column = place }
    }
    (!name.trim().is_empty() && !table.file.is_empty()).then(|| (name.trim().to_owned(), table))
}

fn add_source(policy: &mut Policy, name: String, table: SourceTable, place: &str) -> Result<(), Error> {
    if policy.sources.contains_key(&name) || policy.reports.contains_key(&name) {
        return Err(Error::usage(format!("{place}: there is a source or report `{name}` already"))
            .hint("give each a name of its own"));
    }
    policy.sources.insert(name, table);
    Ok(())
}

fn check_source(name: &str, table: &SourceTable, place: &str) -> Result<(), Error> {
    let fail = |what: &str, hint: &'static str| {
        Err(Error::usage(format!("{place}: the source `{name}` {what}")).hint(hint))
    };
    match table.format {
        SourceFormat::Json if table.pointer.is_none() => {
            fail("does not say which number of its file counts", "add pointer = \"/totals/percent\"")
        }
        SourceFormat::Csv if table.column.is_none() => {
            fail("does not say which column of its file counts", "add column = \"NAME\"")
        }
        SourceFormat::Json => Ok(()),
        SourceFormat::Csv => match &table.row {
            Some(row) if !row.contains('=') => {
                fail("has a `row` that is not of the form COLUMN=VALUE", "write row = \"COLUMN=VALUE\"")
            }
            _ => Ok(()),
        },
        _ if table.pointer.is_some() || table.column.is_some() || table.row.is_some() => fail(
            "has a `pointer`, `column` or `row`, which its format does not have",
            "those are of json and csv",
        ),
        _ => Ok(()),
    }
}

/// A condition on all code, which fails where there is no value.
pub(crate) fn simple(name: &str, measures: &[&str], bound: Bound, spec: &str, origin: &str) -> Condition {
    Condition {
        name: name.to_owned(),
        measures: measures.iter().map(|name| (*name).to_owned()).collect(),
        report: None,
        subject: None,
        bound,
        spec: spec.to_owned(),
        scope: Scope::Overall,
        missing: Some(Absent::Fail),
        small_change: None,
        change_size: None,
        unit: None,
        delta: false,
        origin: origin.to_owned(),
    }
}
