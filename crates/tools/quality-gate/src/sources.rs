//! Numbers of other tools.

use std::path::Path;

use lw_cli::{Context, Error, ResultExt};
use lw_figures::{Figures, Format, Stated, Take, csv_value, json_value};
use lw_model::{Finding, Level, Measure, Report, Unit};

use crate::jobs::Jobs;
use crate::policy::Policy;
use crate::reports::{Supply, Value, level};
use crate::settings::{SourceFormat, SourceTable, TakeName};

/// Reads every source. One that cannot be read is recorded as an error, and does not hide the others.
pub(crate) fn read(policy: &Policy, jobs: &Jobs, cx: &Context, report: &mut Report) -> Vec<Supply> {
    let mut all = Vec::new();
    for (name, table) in &policy.sources {
        let path = Path::new(&table.file);
        let mut missing = |level: Level, message: String| {
            report.add_finding(Finding::new("quality-gate/report-missing", level, name, message));
        };
        if !cx.resolve(path).exists() {
            if jobs.excuse(table.job.as_ref()) {
                let message =
                    format!("{} of {name} is not there: its job did not run, as it may", table.file);
                missing(Level::Note, message);
            } else {
                missing(level(table.missing), format!("{} of {name} is not there", table.file));
            }
            continue;
        }
        if jobs.did_not_run(table.job.as_ref()) {
            let message = format!("{}: the job, which writes it, did not run", table.file);
            report.add_finding(Finding::new("quality-gate/report-refused", Level::Error, name, message));
            continue;
        }
        match read_one(name, table, cx) {
            Ok(figures) => all.push(supply(name, table, figures, cx, report)),
            Err(error) => cx.record_error(report, &error),
        }
    }
    all
}

fn read_one(name: &str, table: &SourceTable, cx: &Context) -> Result<Figures, Error> {
    let path = Path::new(&table.file);
    let bytes = cx.open(path)?;
    let one = |value| {
        let figure = lw_figures::Figure { name: name.to_owned(), value, whole: None, unit: None };
        Figures { figures: vec![figure], ..Figures::default() }
    };
    let read = match table.format {
        SourceFormat::Json => json_value(&bytes, table.pointer.as_deref().unwrap_or_default()).map(one),
        SourceFormat::Csv => {
            let only = table.row.as_deref().and_then(|row| row.split_once('='));
            let only = only.map(|(column, value)| (column.trim(), value.trim()));
            let take = match table.take {
                TakeName::Only => Take::Only,
                TakeName::Max => Take::Max,
                TakeName::Min => Take::Min,
                TakeName::Sum => Take::Sum,
                TakeName::Mean => Take::Mean,
                TakeName::Last => Take::Last,
            };
            csv_value(&bytes, table.column.as_deref().unwrap_or_default(), only, take).map(one)
        }
        SourceFormat::Metrics => lw_figures::read(Format::Metrics, &bytes),
        SourceFormat::Sonar => lw_figures::read(Format::Sonar, &bytes),
        SourceFormat::Lizard => lw_figures::read(Format::Lizard, &bytes),
        SourceFormat::Radon => lw_figures::read(Format::Radon, &bytes),
        SourceFormat::Gocyclo => lw_figures::read(Format::Gocyclo, &bytes),
        SourceFormat::Jscpd => lw_figures::read(Format::Jscpd, &bytes),
        SourceFormat::Scc => lw_figures::read(Format::Scc, &bytes),
    };
    read.context(cx.display_path(path))
}

fn supply(name: &str, table: &SourceTable, figures: Figures, cx: &Context, report: &mut Report) -> Supply {
    let file = cx.display_path(Path::new(&table.file));
    let stated = match figures.stated {
        None | Some(Stated::Passed) => None,
        Some(Stated::Warned) => Some(("report-warned", Level::Warning, "warns")),
        Some(Stated::Failed) => Some(("report-failed", Level::Error, "failed")),
        Some(Stated::NotJudged) => Some(("report-not-judged", Level::Error, "was not judged")),
    };
    if let Some((rule, level, what)) = stated {
        let message = format!("{file}: the quality gate of Sonar {what}");
        report.add_finding(Finding::new(format!("quality-gate/{rule}"), level, name, message));
    }
    let unit = table.unit;
    let value = |figure: lw_figures::Figure| {
        let mut measure =
            Measure::new(figure.name, figure.value, figure.unit.or(unit).unwrap_or(Unit::Count));
        measure.whole = figure.whole;
        Value { measure, has_unit: figure.unit.is_some() || unit.is_some() }
    };
    Supply {
        names: vec![name.to_owned()],
        file,
        values: figures.figures.into_iter().map(value).collect(),
        unusable: figures.unusable,
        is_foreign: true,
    }
}
