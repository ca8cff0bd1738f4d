//! `show` and `export`: how it stands, and how it went on.

use lw_cli::{Context, Error};
use lw_model::{Align, Cell, Fact, Finding, Level, Measure, Number, Report, Table, counted};
use lw_trend::{Trend, TrendPoint, csv, jsonl, moment, openmetrics};

use crate::args::Which;
use crate::look::{Looked, series, short};

/// Commits that are listed.
const LISTED: usize = 20;
/// The formats of `export`.
const FORMATS: [&str; 3] = ["csv", "jsonl", "timeline"];

/// Tells it, or hands it to other programs.
///
/// # Errors
/// When the history cannot be read.
pub(crate) fn run(
    which: &Which,
    is_export: bool,
    cx: &mut Context,
    report: &mut Report,
) -> Result<(), Error> {
    if is_export && !FORMATS.iter().any(|format| cx.wants(format)) {
        return Err(Error::usage("there is no format to export to").hint(
            "add --format csv, jsonl or timeline (OpenMetrics with times), or --write csv=history.csv",
        ));
    }
    let Some(looked) = Looked::at(which, cx, report)? else { return Ok(()) };
    tell(&looked, cx, report)
}

/// Puts what is looked at into the report.
///
/// # Errors
/// None that a history that was read can cause.
pub(crate) fn tell(looked: &Looked, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    for format in FORMATS {
        if !cx.wants(format) {
            continue;
        }
        let text = match format {
            "csv" => csv(&looked.lines, &looked.filter),
            "jsonl" => jsonl(&looked.lines, &looked.filter)?,
            _ => openmetrics(&looked.lines, &looked.filter),
        };
        cx.set_format(format, text);
    }
    let commits = looked.lines.len();
    report.measures.push(Measure::count("commits", commits as u64).higher_is_better());
    report.measures.push(Measure::count("figures", looked.trends.len() as u64).higher_is_better());
    cx.figure(format!("{} over {}", counted(looked.trends.len(), "figure"), counted(commits, "commit")));
    if let (Some(first), Some(last)) = (looked.lines.first(), looked.lines.last()) {
        let value = format!("{} to {}", day(first.time), day(last.time));
        report.facts.push(Fact { name: "time".into(), subject: None, value });
    }
    report.tables.push(figures(&looked.trends));
    report.tables.push(commits_of(looked));
    for trend in &looked.trends {
        if trend.points.len() < 2 {
            let name = trend.full_name();
            let message = format!("{name} has one commit: there is nothing to compare");
            let key = format!("{name}:{}", trend.subject.as_deref().unwrap_or_default());
            let finding = Finding::new("history/no-trend", Level::Note, &key, message);
            report.add_finding(finding.about(trend.subject.as_deref()));
        }
        report.series.push(series(trend));
    }
    Ok(())
}

fn day(time: u64) -> String {
    moment(time).chars().take(10).collect()
}

fn extreme(trend: &Trend, is_better: impl Fn(Number, Number) -> bool) -> Option<&TrendPoint> {
    trend.points.iter().reduce(|best, point| if is_better(point.value, best.value) { point } else { best })
}

/// Each figure as it is now, and between what it has moved.
fn figures(trends: &[Trend]) -> Table {
    let columns = [
        ("Measure", Align::Left),
        ("Subject", Align::Left),
        ("Now", Align::Right),
        ("Lowest", Align::Right),
        ("Highest", Align::Right),
        ("Limit", Align::Left),
        ("Stands", Align::Left),
    ];
    let mut table = Table::new("figures", "Figures", &columns);
    for trend in trends {
        let Some(last) = trend.last() else { continue };
        let brief = |point: Option<&TrendPoint>| {
            Cell::Text(point.map(|point| trend.unit.brief(point.value)).unwrap_or_default())
        };
        table.rows.push(vec![
            Cell::Code(trend.full_name()),
            trend.subject.clone().map_or(Cell::Empty, Cell::Code),
            brief(Some(last)),
            brief(extreme(trend, |a, b| a < b)),
            brief(extreme(trend, |a, b| a > b)),
            Cell::Text(last.limits.join(", ")),
            stands(last),
        ]);
    }
    table
}

fn stands(point: &TrendPoint) -> Cell {
    match point.standing.verdict() {
        Some(verdict) => Cell::Verdict(verdict),
        None => Cell::Text("not judged".into()),
    }
}

/// The newest commits, newest first.
fn commits_of(looked: &Looked) -> Table {
    let columns =
        [("Day", Align::Left), ("Commit", Align::Left), ("Figures", Align::Right), ("Stands", Align::Left)];
    let mut table = Table::new("commits", "Commits", &columns);
    for line in looked.lines.iter().rev().take(LISTED) {
        let figures = line.figures.iter().filter(|figure| looked.filter.takes(figure));
        let worst = figures.clone().map(|figure| figure.verdict).max();
        table.rows.push(vec![
            Cell::Text(day(line.time)),
            Cell::Code(short(&line.commit)),
            Cell::Count(i64::try_from(figures.count()).unwrap_or(i64::MAX)),
            match worst.map(lw_trend::Standing::verdict) {
                Some(Some(verdict)) => Cell::Verdict(verdict),
                Some(None) => Cell::Text("not judged".into()),
                None => Cell::Empty,
            },
        ]);
    }
    if looked.lines.len() > LISTED {
        table.note = Some(format!("The newest {LISTED} of {}.", looked.lines.len()));
    }
    table.folded = true;
    table
}
