//! The first page: the figures, and all files.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lw_coverage::{Counts, Coverage, FileCoverage, Metric};
use lw_model::{Measure, Report, Unit};
use lw_render::kit;

use super::markup::{bar, foot, head, name, number, sentence};
use super::{PAGES, page_name};
use crate::grade::Floors;
use crate::patch::Patch;

/// Metrics a column is worth when any file has one.
const COLUMNS: [(Metric, &str); 3] =
    [(Metric::Line, "Lines"), (Metric::Branch, "Branches"), (Metric::Function, "Functions")];

/// A metric with its title and its floors.
struct Column<'a> {
    metric: Metric,
    title: &'a str,
    floors: Floors,
}

const CLOSE: &str = "</tbody>\n</table></div>\n";

pub(super) fn page(coverage: &Coverage, patch: Option<&Patch>, report: &Report) -> String {
    let mut out = head("Coverage", "");
    verdict(report, &mut out);
    cards(coverage, report, &mut out);
    let columns: Vec<_> =
        COLUMNS.into_iter().filter(|(metric, _)| coverage.figure(*metric).counts.total > 0).collect();
    let columns: Vec<Column<'_>> = columns
        .into_iter()
        .map(|(metric, title)| Column { metric, title, floors: Floors::of(report, metric.name()) })
        .collect();
    let mut folders: BTreeMap<&str, Vec<(&str, &FileCoverage)>> = BTreeMap::new();
    for (path, file) in &coverage.files {
        let (folder, _) = path.rsplit_once('/').unwrap_or(("", path));
        folders.entry(folder).or_default().push((path, file));
    }
    if let Some(patch) = patch.filter(|patch| !patch.files.is_empty()) {
        changed(patch, Floors::of(report, "patch"), &mut out);
    }
    out.push_str("<h2>All files</h2>\n");
    if folders.len() > 1 {
        overview(&columns, &folders, coverage, &mut out);
    }
    for (index, (folder, files)) in folders.iter().enumerate() {
        let name = if folder.is_empty() { "/" } else { folder };
        let _ = writeln!(out, "<h3 id=\"folder-{index}\"><code>{}</code></h3>", self::name(name));
        let whole = (folders.len() == 1).then_some(coverage);
        table(&columns, files, whole, &mut out);
    }
    out + &foot()
}

fn verdict(report: &Report, out: &mut String) {
    let breached = report.measures.iter().filter(|measure| measure.is_breached());
    let items: Vec<String> =
        breached.map(|measure| format!("<code>{}</code>", name(&measure.name))).collect();
    let breached = if items.is_empty() {
        String::new()
    } else {
        format!("<p class=\"breached\">Breached: {}</p>\n", items.join(", "))
    };
    out.push_str(&kit::banner(report.verdict, "coverage-gate", &sentence(&report.summary), &breached));
}

/// The figures of all files, large.
fn cards(coverage: &Coverage, report: &Report, out: &mut String) {
    let figures = Metric::ALL.map(|metric| (metric.name(), metric.name(), coverage.figure(metric).counts));
    let patch = report.measure("coverage.patch.covered", None).and_then(|measure| {
        let whole = |number| match number {
            lw_model::Number::Integer(value) => u64::try_from(value).ok(),
            lw_model::Number::Decimal(_) => None,
        };
        Some(("patch", "changed line", Counts::new(whole(measure.value)?, whole(measure.whole?)?)))
    });
    out.push_str("<dl class=\"cards\">\n");
    for (measure, name, counts) in figures.into_iter().chain(patch).filter(|(.., counts)| counts.total > 0) {
        let percent = counts.percent().unwrap_or_default();
        let before = report.measure(&format!("coverage.{measure}.covered"), None);
        // The lines of another change are no earlier state of these.
        let before = before.and_then(Measure::baseline_share).filter(|_| measure != "patch");
        let change = before.map(|before| {
            let points = 0.0 - percent.points_below(before);
            let sign = if points > 0.0 { "+" } else { "" };
            sentence(&format!("{sign}{}, before {before}", Unit::Points.brief(points.into())))
        });
        let _ = writeln!(
            out,
            "<div class=\"{}\"><dt>{name} coverage</dt><dd>{}</dd>{}<dd class=\"of\">{} of {}</dd></div>",
            Floors::of(report, measure).grade(counts).class(),
            sentence(&percent.to_string()),
            change.map(|change| format!("<dd class=\"change\">{change}</dd>")).unwrap_or_default(),
            number(counts.covered),
            number(counts.total)
        );
    }
    out.push_str("</dl>\n");
}

/// Titles of the columns; each has a share and, right of it, what is missing to it.
fn open<'a>(first: &str, titles: impl Iterator<Item = &'a str>, out: &mut String) {
    let _ = write!(
        out,
        "<div class=\"scroll\"><table cellpadding=\"4\">\n<thead><tr><th scope=\"col\" align=\"left\">{first}</th>"
    );
    for title in titles {
        let _ = write!(
            out,
            "<th scope=\"col\" align=\"left\">{title}</th><th scope=\"col\" align=\"right\">Uncovered</th>"
        );
    }
    out.push_str("</tr></thead>\n<tbody>\n");
}

/// The cells of a row; `columns` are the titles.
fn cells<'a>(counts: impl Iterator<Item = (Counts, Floors, &'a str)>, out: &mut String) {
    for (counts, floors, title) in counts {
        let (share, uncovered) = (kit::cell(title, false), kit::cell("Uncovered", true));
        if counts.total == 0 {
            let _ = write!(out, "{share}–</td>{uncovered}</td>");
        } else {
            let missed = counts.missed();
            let of = if missed == 0 {
                String::new()
            } else {
                format!("{} of {}", number(missed), number(counts.total))
            };
            let _ = write!(out, "{share}{}</td>{uncovered}{of}</td>", bar(counts, floors));
        }
    }
    out.push_str("</tr>\n");
}

/// The last row: all rows together.
fn total<'a>(counts: impl Iterator<Item = (Counts, Floors, &'a str)>, out: &mut String) {
    out.push_str("<tr class=\"total\"><th scope=\"row\" align=\"left\">Total</th>");
    cells(counts, out);
}

fn link(path: &str, shown: &str, out: &mut String) {
    let (page, name) = (page_name(path), name(shown));
    let _ = write!(out, "<tr><td><a href=\"{PAGES}/{page}\"><code>{name}</code></a></td>");
}

fn changed(patch: &Patch, floors: Floors, out: &mut String) {
    out.push_str("<h2>Changed files</h2>\n");
    open("File", std::iter::once("Changed lines"), out);
    for file in &patch.files {
        link(&file.path, &file.path, out);
        cells(std::iter::once((file.counts, floors, "Changed lines")), out);
    }
    if patch.files.len() > 1 {
        total(std::iter::once((patch.counts(), floors, "Changed lines")), out);
    }
    out.push_str(CLOSE);
}

fn overview(
    columns: &[Column<'_>],
    folders: &BTreeMap<&str, Vec<(&str, &FileCoverage)>>,
    coverage: &Coverage,
    out: &mut String,
) {
    open("Folder", columns.iter().map(|column| column.title), out);
    for (index, (folder, files)) in folders.iter().enumerate() {
        let name = if folder.is_empty() { "/" } else { folder };
        let _ = write!(out, "<tr><td><a href=\"#folder-{index}\"><code>{}</code></a></td>", self::name(name));
        let sum =
            |metric| files.iter().fold(Counts::default(), |sum, (_, file)| sum + file.figure(metric).counts);
        cells(columns.iter().map(|column| (sum(column.metric), column.floors, column.title)), out);
    }
    total(
        columns.iter().map(|column| (coverage.figure(column.metric).counts, column.floors, column.title)),
        out,
    );
    out.push_str(CLOSE);
}

/// The files of one folder; with the sums of all where there is no other folder.
fn table(
    columns: &[Column<'_>],
    files: &[(&str, &FileCoverage)],
    whole: Option<&Coverage>,
    out: &mut String,
) {
    open("File", columns.iter().map(|column| column.title), out);
    for (path, file) in files {
        link(path, path.rsplit('/').next().unwrap_or(path), out);
        cells(
            columns.iter().map(|column| (file.figure(column.metric).counts, column.floors, column.title)),
            out,
        );
    }
    if let Some(whole) = whole.filter(|_| files.len() > 1) {
        total(
            columns.iter().map(|column| (whole.figure(column.metric).counts, column.floors, column.title)),
            out,
        );
    }
    out.push_str(CLOSE);
}
