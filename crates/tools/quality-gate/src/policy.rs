//! The policy: what `lw.toml`, flags and presets say together, before anything is read.

use std::collections::BTreeMap;
use std::fmt;

use lw_cli::{Context, Error, KeyedLimit};
use lw_model::{Bound, Report, Unit};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::args::{Check, Preset};

/// Conditions by their name.
pub(crate) type Conditions = BTreeMap<String, ConditionTable>;
/// Expected reports by their name.
pub(crate) type Reports = BTreeMap<String, ReportTable>;
/// Files of other tools by their name.
pub(crate) type Sources = BTreeMap<String, SourceTable>;
/// Jobs by their id.
pub(crate) type Jobs = BTreeMap<String, JobTable>;

/// What it means that something is not there, or could not be judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Absent {
    /// It fails.
    #[default]
    Fail,
    /// It warns.
    Warn,
    /// It is told.
    Skip,
}

/// What a condition looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scope {
    /// All code.
    #[default]
    Overall,
    /// What the change under test adds or edits.
    NewCode,
}

/// What a number counts, where its file does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum UnitName {
    Bytes,
    Count,
    Percent,
    Seconds,
    Points,
    Score,
}

impl UnitName {
    pub(crate) fn unit(self) -> Unit {
        match self {
            Self::Bytes => Unit::Bytes,
            Self::Count => Unit::Count,
            Self::Percent => Unit::Percent,
            Self::Seconds => Unit::Seconds,
            Self::Points => Unit::Points,
            Self::Score => Unit::Score,
        }
    }
}

/// A threshold as somebody wrote it, or one that warns and one that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Thresholds(pub(crate) String);

impl<'de> Deserialize<'de> for Thresholds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ThresholdsVisitor)
    }
}

struct ThresholdsVisitor;

impl<'de> Visitor<'de> for ThresholdsVisitor {
    type Value = Thresholds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a limit, or a table of `warn` and `fail`")
    }

    fn visit_i64<E>(self, value: i64) -> Result<Thresholds, E> {
        Ok(Thresholds(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Thresholds, E> {
        Ok(Thresholds(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Thresholds, E> {
        Ok(Thresholds(value.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Thresholds, A::Error> {
        let mut levels = Vec::new();
        while let Some((level, Thresholds(text))) = map.next_entry::<String, Thresholds>()? {
            if !matches!(level.as_str(), "warn" | "fail") {
                return Err(serde::de::Error::unknown_field(&level, &["warn", "fail"]));
            }
            levels.push(format!("{level}:{text}"));
        }
        if levels.is_empty() {
            return Err(serde::de::Error::custom("expected `warn`, `fail` or both"));
        }
        // The lower level first, as people read it.
        levels.sort_unstable_by(|a, b| b.cmp(a));
        Ok(Thresholds(levels.join(",")))
    }
}

impl JsonSchema for Thresholds {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Thresholds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let limit = json_schema!({ "type": ["string", "number"] });
        json_schema!({
            "description": "A limit in the measure's unit or in percent, or one that warns and one that fails.",
            "anyOf": [
                limit,
                {
                    "type": "object",
                    "properties": { "warn": limit, "fail": limit },
                    "additionalProperties": false,
                    "minProperties": 1
                }
            ]
        })
    }
}

/// A condition.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct ConditionTable {
    /// Name of the measure it is about; without it the condition's own name. The value of every report and source that has
    /// it is judged.
    measure: Option<String>,
    /// The only report, source or tool whose measure it is about.
    report: Option<String>,
    /// The only subject it is about.
    subject: Option<String>,
    /// The most the measure may be (Sonar's `GT`).
    max: Option<Thresholds>,
    /// The least the measure may be (Sonar's `LT`).
    min: Option<Thresholds>,
    /// The most it may have grown against the baseline.
    max_growth: Option<Thresholds>,
    /// The most it may have fallen against the baseline.
    max_drop: Option<Thresholds>,
    /// Whether it is about all code or about what the change adds.
    on: Scope,
    /// What it means that there is no value; without it what the report it names says.
    missing: Option<Absent>,
    /// Changes smaller than this, in lines that can be executed, are not held to it; for `on = "new-code"`.
    small_change: Option<u64>,
    /// Name of the measure that has the size of the change; without it the whole that the measure is a part of.
    change_size: Option<String>,
    /// What the number counts, where its file does not say.
    unit: Option<UnitName>,
    /// The number is a difference, which may be negative.
    delta: bool,
}

/// A report that has to be there.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct ReportTable {
    /// The file; globs are allowed. Without it the reports the run is given.
    pub(crate) file: Option<String>,
    /// Which tool wrote it; without it and without `file` the name of the report.
    pub(crate) tool: Option<String>,
    /// The title it has.
    pub(crate) title: Option<String>,
    /// The job that writes it: where that was skipped and might be, it need not be there.
    pub(crate) job: Option<String>,
    /// How many there have to be, of a matrix; without it at least one.
    pub(crate) count: Option<usize>,
    /// What it means that it is not there.
    pub(crate) missing: Absent,
    /// What it means that it has limits that were not judged.
    pub(crate) unjudged: Absent,
}

/// What wrote a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SourceFormat {
    Metrics,
    Json,
    Csv,
    Sonar,
    Lizard,
    Radon,
    Gocyclo,
    Jscpd,
    Scc,
}

impl SourceFormat {
    pub(crate) const NAMES: [(&'static str, Self); 9] = [
        ("metrics", Self::Metrics),
        ("json", Self::Json),
        ("csv", Self::Csv),
        ("sonar", Self::Sonar),
        ("lizard", Self::Lizard),
        ("radon", Self::Radon),
        ("gocyclo", Self::Gocyclo),
        ("jscpd", Self::Jscpd),
        ("scc", Self::Scc),
    ];
}

/// Which of several values of a column counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TakeName {
    /// There has to be one only.
    #[default]
    Only,
    Max,
    Min,
    Sum,
    Mean,
    Last,
}

/// Numbers of another tool.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SourceTable {
    /// The file.
    pub(crate) file: String,
    /// What wrote it.
    pub(crate) format: SourceFormat,
    /// Where the number of a JSON file stands, as a JSON pointer: `/totals/percent`. The measure has the name of the source.
    #[serde(default)]
    pub(crate) pointer: Option<String>,
    /// The column of the number in a CSV file. The measure has the name of the source.
    #[serde(default)]
    pub(crate) column: Option<String>,
    /// The rows that count, as COLUMN=VALUE.
    #[serde(default)]
    pub(crate) row: Option<String>,
    /// Which of several rows counts.
    #[serde(default)]
    pub(crate) take: TakeName,
    /// What the numbers count, where the file does not say.
    #[serde(default)]
    pub(crate) unit: Option<UnitName>,
    /// The job that writes it: where that was skipped and might be, it need not be there.
    #[serde(default)]
    pub(crate) job: Option<String>,
    /// What it means that the file is not there.
    #[serde(default)]
    pub(crate) missing: Absent,
}

/// A job of the workflow that has to be among those the gate needs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct JobTable {
    /// The events on which it may be skipped.
    pub(crate) may_skip_on: Vec<String>,
}

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
                unit: table.unit.map(UnitName::unit),
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

impl ConditionTable {
    fn scope_only_keys(&self) -> bool {
        self.small_change.is_some() || self.change_size.is_some()
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
    let (_, format) = SourceFormat::NAMES.into_iter().find(|(known, _)| *known == format.trim())?;
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

fn simple(name: &str, measures: &[&str], bound: Bound, spec: &str, origin: &str) -> Condition {
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

/// A percentage as a limit: its sign is added where the words of the flag say what it is.
fn percent(text: &str) -> String {
    let level = |part: &str| {
        let part = part.trim();
        if part.ends_with('%') { part.to_owned() } else { format!("{part}%") }
    };
    text.split(',').map(level).collect::<Vec<_>>().join(",")
}

fn coverage(least: &str, origin: &str) -> Condition {
    let mut condition =
        simple("coverage", &["coverage", "coverage.line.covered"], Bound::Min, &percent(least), origin);
    condition.unit = Some(Unit::Percent);
    condition
}

fn security(most: &str, origin: &str) -> Condition {
    simple(
        "security-issues",
        &["security_issues", "security-issues", "vulnerabilities"],
        Bound::Max,
        most,
        origin,
    )
}

fn severe(origin: &str) -> Condition {
    simple(
        "high-or-critical",
        &["high_critical_vulnerabilities", "vulnerabilities.high-or-critical"],
        Bound::Max,
        "0",
        origin,
    )
}

fn performance(most: &str, origin: &str) -> Condition {
    let names = ["performance_regression", "performance-regression"];
    let mut condition = simple("performance-regression", &names, Bound::Max, &percent(most), origin);
    (condition.unit, condition.delta) = (Some(Unit::Percent), true);
    condition
}

fn of_preset(preset: Preset) -> Vec<Condition> {
    match preset {
        Preset::LightwaveOs => {
            let origin = "preset lightwave-os";
            let mut all = vec![
                coverage("80", origin),
                simple("complexity", &["complexity", "complexity.max"], Bound::Max, "10", origin),
                simple(
                    "duplication",
                    &["duplication", "duplication.lines", "duplicated_lines_density"],
                    Bound::Max,
                    "5%",
                    origin,
                ),
                simple("test-pass-rate", &["test_pass_rate", "tests.passed"], Bound::Min, "100%", origin),
                simple("binary-size", &["binary_size", "image.bytes"], Bound::Max, "1048576", origin),
                simple("ram-usage", &["ram_usage", "ram.span"], Bound::Max, "150000", origin),
            ];
            let units =
                [None, None, Some(Unit::Percent), Some(Unit::Percent), Some(Unit::Bytes), Some(Unit::Bytes)];
            for (condition, unit) in all.iter_mut().zip(units) {
                condition.unit = condition.unit.or(unit);
            }
            all
        }
        Preset::LiquidEdge => {
            let origin = "preset liquid-edge";
            vec![coverage("85", origin), severe(origin), performance("5", origin)]
        }
        Preset::TinyLlmProfiler => {
            let origin = "preset tiny-llm-profiler";
            vec![coverage("80", origin), security("0", origin), performance("10", origin)]
        }
        Preset::Novacron => {
            let origin = "preset novacron";
            vec![coverage("warn:80%,fail:70%", origin), severe(origin)]
        }
        Preset::LiveStt => vec![coverage("80", "preset live-stt")],
    }
}
