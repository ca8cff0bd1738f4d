//! What a person reads: what failed, what it printed last, what is slow, and which files there were.

use std::time::Duration;

use lw_model::lists::sort_by;
use lw_model::{Align, Cell, Report, Table};
use lw_results::{Case, State};

use crate::changes::Before;
use crate::inputs::Input;
use crate::judge::message;
use crate::places::Places;
use crate::quarantine::Held;

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
pub(crate) fn add(
    inputs: &[Input],
    most: usize,
    (held, before, places): (&Held, &Before, &Places<'_>),
    report: &mut Report,
) {
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
            let as_written = || {
                let file = case.file.as_deref()?;
                Some(case.line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}")))
            };
            let place = places.of(case).map(|place| place.to_string()).or_else(as_written);
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
    quarantined(inputs, held, most, report);
    slowest(inputs, before, most, report);
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

/// Every test on the list, whatever it did: they run, and are shown.
fn quarantined(inputs: &[Input], held: &Held, most: usize, report: &mut Report) {
    let columns = ["test", "state", "owner", "until", "reason"].map(|title| (title, Align::Left));
    let mut table = Table::new("quarantine", "Tests in quarantine", &columns);
    let mut all = 0;
    for (suite, case) in inputs.iter().flat_map(|input| input.run.cases()) {
        let Some((entry, holds)) = held.entry(suite, case) else { continue };
        all += 1;
        if table.rows.len() < most {
            let state = case.state().as_str();
            table.rows.push(vec![
                Cell::Code(case.id()),
                Cell::Text(if holds { state.to_owned() } else { format!("{state}, not let through") }),
                Cell::Text(entry.owner.clone()),
                Cell::Text(entry.until_text()),
                entry.reason.clone().map_or(Cell::Empty, Cell::Text),
            ]);
        }
    }
    if all > 0 {
        table.note = note(table.rows.len(), all);
        report.tables.push(table);
    }
}

fn slowest(inputs: &[Input], before: &Before, most: usize, report: &mut Report) {
    let mut timed: Vec<(Duration, &Input, &Case)> = cases(inputs)
        .filter_map(|(input, case)| Some((case.duration()?, input, case)))
        .filter(|(time, ..)| !time.is_zero())
        .collect();
    if timed.is_empty() {
        return;
    }
    sort_by(&mut timed, |a, b| b.0.cmp(&a.0).then_with(|| a.2.id().cmp(&b.2.id())));
    let mut columns = vec![("test", Align::Left), ("time", Align::Right)];
    columns.extend(before.is_known().then_some(("before", Align::Right)));
    let mut table = Table::new("slowest", "Slowest tests", &columns);
    table.rows = timed
        .iter()
        .take(most)
        .map(|(duration, input, case)| {
            let mut row = vec![Cell::Code(case.id()), time(Some(*duration))];
            row.extend(before.is_known().then(|| time(before.duration(input, case))));
            row
        })
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
        table.rows.push(vec![
            Cell::Code(input.name().to_owned()),
            Cell::Text(input.run.format.name().into()),
            input.attempt.map_or(Cell::Empty, count),
            count(counts.total()),
            count(counts.failed + counts.errors + counts.not_run + input.run.troubles.len() as u64),
            count(counts.skipped),
            time(crate::shards::time(input)),
        ]);
    }
    table.note = note(table.rows.len(), inputs.len());
    table.folded = true;
    report.tables.push(table);
}
