//! What a person reads: what failed, what it printed last, what is slow, and which files there were.

use std::time::Duration;

use lw_cli::Context;
use lw_model::{Align, Cell, Report, Table};
use lw_results::{Case, State};

use crate::inputs::{self, Input};
use crate::judge::message;

/// Last lines of each failed test.
const LAST_LINES: usize = 6;

fn cases(inputs: &[Input]) -> impl Iterator<Item = (&Input, &Case)> {
    inputs.iter().flat_map(|input| input.run.cases().map(move |(_, case)| (input, case)))
}

fn time(duration: Option<Duration>) -> Cell {
    duration.map_or(Cell::Empty, |time| Cell::Text(format!("{:.3} s", time.as_secs_f64())))
}

fn note(shown: usize, all: usize) -> Option<String> {
    (all > shown).then(|| format!("{} more are not shown.", all - shown))
}

fn count(number: u64) -> Cell {
    Cell::Count(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Adds every table that has rows.
pub(crate) fn add(inputs: &[Input], most: usize, cx: &Context, report: &mut Report) {
    let several = inputs.len() > 1;
    let bad: Vec<(&Input, &Case)> = cases(inputs).filter(|(_, case)| case.state().is_bad()).collect();
    if !bad.is_empty() {
        let mut columns = vec![
            ("test", Align::Left),
            ("state", Align::Left),
            ("message", Align::Left),
            ("place", Align::Left),
        ];
        if several {
            columns.push(("file", Align::Left));
        }
        let mut table = Table::new("failures", "Failed tests", &columns);
        for (input, case) in bad.iter().take(most) {
            let place = case.file.as_deref().map(|file| match inputs::place(file, case.line, cx) {
                Some(place) => place.to_string(),
                None => case.line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}")),
            });
            let mut row = vec![
                Cell::Code(case.id()),
                Cell::Text(case.state().as_str().into()),
                Cell::Text(message(case)),
                place.map_or(Cell::Empty, Cell::Code),
            ];
            if several {
                row.push(Cell::Code(input.name().to_owned()));
            }
            table.rows.push(row);
        }
        table.note = note(table.rows.len(), bad.len());
        report.tables.push(table);
        last_lines(&bad, most, report);
    }
    let flaky: Vec<(&Input, &Case)> = cases(inputs).filter(|(_, case)| case.is_flaky()).collect();
    if !flaky.is_empty() {
        let columns = [("test", Align::Left), ("attempts", Align::Right), ("first failure", Align::Left)];
        let mut table = Table::new("flaky", "Flaky tests", &columns);
        for (_, case) in flaky.iter().take(most) {
            let first = case.earlier.iter().find(|attempt| attempt.state.is_bad());
            let why = first
                .and_then(|attempt| attempt.evidence.as_ref())
                .map(|evidence| evidence.message.lines().next().unwrap_or_default().to_owned());
            table.rows.push(vec![
                Cell::Code(case.id()),
                count(case.earlier.len() as u64 + 1),
                why.filter(|why| !why.is_empty()).map_or(Cell::Empty, Cell::Text),
            ]);
        }
        table.note = note(table.rows.len(), flaky.len());
        report.tables.push(table);
    }
    slowest(inputs, most, report);
    if several {
        files(inputs, most, report);
    }
}

/// The last lines that failed tests printed, a row for each line.
fn last_lines(bad: &[(&Input, &Case)], most: usize, report: &mut Report) {
    let mut table =
        Table::new("output", "Last lines of failed tests", &[("test", Align::Left), ("line", Align::Left)]);
    for (_, case) in bad.iter().take(most).filter(|(_, case)| case.state() != State::NotRun) {
        let Some(evidence) = &case.last.evidence else { continue };
        let text = if evidence.output.is_empty() { &evidence.detail } else { &evidence.output };
        let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        for (at, line) in lines.iter().skip(lines.len().saturating_sub(LAST_LINES)).enumerate() {
            let test = if at == 0 { Cell::Code(case.id()) } else { Cell::Empty };
            table.rows.push(vec![test, Cell::Code((*line).to_owned())]);
        }
    }
    if !table.rows.is_empty() {
        table.folded = true;
        report.tables.push(table);
    }
}

fn slowest(inputs: &[Input], most: usize, report: &mut Report) {
    let mut timed: Vec<(Duration, &Case)> = cases(inputs)
        .filter_map(|(_, case)| Some((case.duration()?, case)))
        .filter(|(time, _)| !time.is_zero())
        .collect();
    if timed.is_empty() {
        return;
    }
    timed.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.id().cmp(&b.1.id())));
    let mut table = Table::new("slowest", "Slowest tests", &[("test", Align::Left), ("time", Align::Right)]);
    table.rows = timed
        .iter()
        .take(most)
        .map(|(duration, case)| vec![Cell::Code(case.id()), time(Some(*duration))])
        .collect();
    table.folded = true;
    report.tables.push(table);
}

fn files(inputs: &[Input], most: usize, report: &mut Report) {
    let is_sharded = inputs.iter().any(|input| input.shard.is_some());
    let mut table = Table::new(
        "files",
        if is_sharded { "Shards" } else { "Result files" },
        &[
            (if is_sharded { "shard" } else { "file" }, Align::Left),
            ("format", Align::Left),
            ("attempt", Align::Right),
            ("tests", Align::Right),
            ("failed", Align::Right),
            ("skipped", Align::Right),
            ("time", Align::Right),
        ],
    );
    for input in inputs.iter().take(most) {
        let counts = input.run.counts();
        let times = input.run.cases().filter_map(|(_, case)| case.duration());
        let sum = times
            .fold(None, |sum: Option<Duration>, time| Some(sum.unwrap_or_default().saturating_add(time)));
        table.rows.push(vec![
            Cell::Code(input.name().to_owned()),
            Cell::Text(input.run.format.name().into()),
            input.attempt.map_or(Cell::Empty, count),
            count(counts.total()),
            count(counts.failed + counts.errors + counts.not_run + input.run.troubles.len() as u64),
            count(counts.skipped),
            time(sum),
        ]);
    }
    table.note = note(table.rows.len(), inputs.len());
    table.folded = true;
    report.tables.push(table);
}
