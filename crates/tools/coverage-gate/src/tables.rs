//! The tables a person reads.

use std::ops::RangeInclusive;

use lw_coverage::{Counts, Coverage, Metric};
use lw_model::{Align, Cell, Largest, Measure, Number, Percent, Report, Table, grouped};

use crate::lost::LostLines;
use crate::patch::{Patch, shown};
use crate::ratchet::Lost;

/// Ranges of uncovered lines that a row shows.
const RANGES: usize = 12;

/// Adds all tables, the most telling first.
pub(crate) fn add(
    report: &mut Report,
    coverage: &Coverage,
    patch: Option<&Patch>,
    (lost, lost_lines): (&[Lost], &[LostLines]),
    top: usize,
) {
    let mut tables = Vec::new();
    tables.extend(compared(report).or_else(|| totals(report)));
    tables.extend(patch.and_then(|patch| changed(patch, top)));
    tables.extend(patch.and_then(|patch| unreported(patch, top)));
    tables.extend(no_longer_run(lost_lines, top));
    tables.extend(fallen(lost, top));
    tables.extend(groups(report));
    tables.extend(worst(coverage, top));
    report.tables.extend(tables);
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn bar(counts: Counts) -> Cell {
    Cell::Bar { used: signed(counts.covered), total: signed(counts.total) }
}

fn row(name: Cell, counts: Counts) -> Vec<Cell> {
    vec![
        name,
        bar(counts),
        Cell::Count(signed(counts.covered)),
        Cell::Count(signed(counts.total)),
        Cell::Count(signed(counts.missed())),
    ]
}

const COLUMNS: [(&str, Align); 4] = [
    ("Coverage", Align::Left),
    ("Covered", Align::Right),
    ("Total", Align::Right),
    ("Uncovered", Align::Right),
];

fn table(id: &str, title: &str, first: &str) -> Table {
    let columns: Vec<_> = std::iter::once((first, Align::Left)).chain(COLUMNS).collect();
    Table::new(id, title, &columns)
}

fn counts(measure: &Measure) -> Option<Counts> {
    let whole = |number: Number| match number {
        Number::Integer(value) => u64::try_from(value).ok(),
        Number::Decimal(_) => None,
    };
    Some(Counts::new(whole(measure.value)?, whole(measure.whole?)?))
}

/// Every metric of the run, and the changed lines.
fn totals(report: &Report) -> Option<Table> {
    let mut table = table("coverage", "Coverage", "");
    let titles = Metric::ALL.map(|metric| (metric.name(), title(metric)));
    for (name, title) in titles.into_iter().chain([("patch", "Changed lines")]) {
        let measure = report.measure(&format!("coverage.{name}.covered"), None);
        if let Some(counts) = measure.and_then(counts).filter(|counts| counts.total > 0) {
            table.rows.push(row(Cell::Text(title.into()), counts));
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

/// Every metric before and now, with the change in points, when there is something to compare with.
fn compared(report: &Report) -> Option<Table> {
    let mut table = Table::new(
        "coverage",
        "Coverage",
        &[
            ("", Align::Left),
            ("Before", Align::Right),
            ("Now", Align::Left),
            ("Change", Align::Right),
            ("Covered", Align::Right),
            ("Total", Align::Right),
        ],
    );
    let mut any = false;
    let titles = Metric::ALL.map(|metric| (metric.name(), title(metric)));
    for (name, title) in titles.into_iter().chain([("patch", "Changed lines")]) {
        let Some(measure) = report.measure(&format!("coverage.{name}.covered"), None) else { continue };
        let Some(now) = counts(measure).filter(|now| now.total > 0) else { continue };
        // The lines of another change are no earlier state of these.
        let before = measure.baseline_share().filter(|_| name != "patch");
        any |= before.is_some();
        let cell = |text: Option<String>| text.map_or(Cell::Empty, Cell::Text);
        table.rows.push(vec![
            Cell::Text(title.into()),
            cell(before.map(|before| before.to_string())),
            bar(now),
            cell(before.zip(now.percent()).map(|(before, now)| points(before, now))),
            Cell::Count(signed(now.covered)),
            Cell::Count(signed(now.total)),
        ]);
    }
    any.then_some(table)
}

/// A difference of percentages in points, with its sign: `+1.20`.
fn points(before: Percent, now: Percent) -> String {
    let points = -now.points_below(before);
    if points == 0.0 { "0.00".to_owned() } else { format!("{points:+.2}") }
}

/// The counts of several files together.
fn total(counts: impl Iterator<Item = Counts>) -> Counts {
    counts.fold(Counts::default(), |sum, counts| sum + counts)
}

/// The first ranges of lines, and how many more there are.
fn ranges(lines: &[RangeInclusive<u32>]) -> String {
    let (first, rest) = lines.split_at(lines.len().min(RANGES));
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more places", rest.len()) };
    shown(first) + &more
}

/// The lines that lost their coverage though nobody touched them.
fn no_longer_run(lost: &[LostLines], top: usize) -> Option<Table> {
    if lost.is_empty() {
        return None;
    }
    let mut table = Table::new(
        "lost-lines",
        "Lines that lost coverage without being changed",
        &[("File", Align::Left), ("Lines", Align::Left)],
    );
    table.add_largest(
        &Largest::of_sorted(lost, top),
        |file| vec![Cell::Code(file.path.clone()), Cell::Text(ranges(&file.lines))],
        |name, rest| {
            let lines = rest.iter().flat_map(|file| &file.lines).map(|range| range.clone().count() as u64);
            vec![name, Cell::Text(format!("{} lines", grouped(lines.sum::<u64>().into())))]
        },
    );
    Some(table)
}

/// The files whose coverage fell since the baseline.
fn fallen(lost: &[Lost], top: usize) -> Option<Table> {
    if lost.is_empty() {
        return None;
    }
    let mut table = Table::new(
        "lost",
        "Files that lost coverage",
        &[
            ("File", Align::Left),
            ("Before", Align::Right),
            ("Now", Align::Left),
            ("Change", Align::Right),
            ("Uncovered", Align::Right),
            ("In this change", Align::Left),
        ],
    );
    let row = |name: Cell, before: Counts, now: Counts, changed: &str| {
        let share = |counts: Counts| counts.percent().unwrap_or_default();
        vec![
            name,
            Cell::Text(share(before).to_string()),
            bar(now),
            Cell::Text(points(share(before), share(now))),
            Cell::Count(signed(now.missed())),
            Cell::Text(changed.into()),
        ]
    };
    table.add_largest(
        &Largest::of_sorted(lost, top),
        |file| {
            let changed = match file.changed {
                Some(true) => "yes",
                Some(false) => "no",
                None => "",
            };
            row(Cell::Code(file.path.clone()), file.before, file.now, changed)
        },
        |name, rest| {
            row(name, total(rest.iter().map(|file| file.before)), total(rest.iter().map(|file| file.now)), "")
        },
    );
    Some(table)
}

fn title(metric: Metric) -> &'static str {
    match metric {
        Metric::Line => "Lines",
        Metric::Branch => "Branches",
        Metric::Function => "Functions",
        Metric::Condition => "Conditions",
        Metric::Statement => "Statements",
        Metric::Region => "Regions",
        Metric::Instantiation => "Instantiations",
        Metric::Instruction => "Instructions",
    }
}

/// The changed files with uncovered lines, and which lines those are.
fn changed(patch: &Patch, top: usize) -> Option<Table> {
    let files: Vec<_> = patch.files.iter().filter(|file| !file.missed.is_empty()).collect();
    if files.is_empty() {
        return None;
    }
    let mut table = Table::new(
        "changed",
        "Uncovered changed lines",
        &[
            ("File", Align::Left),
            ("Coverage", Align::Left),
            ("Changed", Align::Right),
            ("Uncovered", Align::Right),
            ("Lines", Align::Left),
        ],
    );
    let row = |name: Cell, counts: Counts, lines: Cell| {
        let (changed, missed) = (Cell::Count(signed(counts.total)), Cell::Count(signed(counts.missed())));
        vec![name, bar(counts), changed, missed, lines]
    };
    table.add_largest(
        &Largest::of(files, top, |file| file.counts.missed(), |a, b| a.path.cmp(&b.path)),
        |file| row(Cell::Code(file.path.clone()), file.counts, Cell::Text(ranges(&file.missed))),
        |name, rest| row(name, total(rest.iter().map(|file| file.counts)), Cell::Empty),
    );
    Some(table)
}

fn unreported(patch: &Patch, top: usize) -> Option<Table> {
    if patch.unreported.is_empty() {
        return None;
    }
    let mut table = Table::new(
        "unreported",
        "Changed files that no report mentions",
        &[("File", Align::Left), ("Changed lines", Align::Right)],
    );
    table.add_largest(
        &Largest::of_sorted(&patch.unreported, top),
        |(path, lines)| vec![Cell::Code(path.clone()), Cell::Count(signed(*lines))],
        |name, rest| vec![name, Cell::Count(signed(rest.iter().map(|(_, lines)| lines).sum()))],
    );
    Some(table)
}

fn groups(report: &Report) -> Option<Table> {
    let mut table = table("groups", "Groups", "Group");
    for measure in &report.measures {
        let name =
            measure.name.strip_prefix("coverage.group.").and_then(|name| name.strip_suffix(".line.covered"));
        if let (Some(name), Some(counts)) = (name, counts(measure)) {
            table.rows.push(row(Cell::Code(name.into()), counts));
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

/// The files with the most uncovered lines: where a test helps most.
fn worst(coverage: &Coverage, top: usize) -> Option<Table> {
    let files = coverage.files.iter().map(|(path, file)| (path, file.figure(Metric::Line).counts));
    let files: Vec<_> = files.filter(|(_, counts)| counts.missed() > 0).collect();
    if files.is_empty() {
        return None;
    }
    let mut table = table("worst", "Files with the most uncovered lines", "File");
    table.add_largest(
        &Largest::of(files, top, |(_, counts)| counts.missed(), |a, b| a.0.cmp(b.0)),
        |(path, counts)| row(Cell::Code((*path).clone()), *counts),
        |name, rest| row(name, total(rest.iter().map(|(_, counts)| *counts))),
    );
    Some(table)
}
