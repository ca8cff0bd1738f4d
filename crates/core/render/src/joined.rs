//! The reports of a pipeline in one comment on a pull request.
//!
//! What decides stands first: the verdict in the first line, then the numbers that are held to something or have changed, what
//! pushed them over, and each report folded. The text never grows beyond what is asked for: what matters least is left out
//! first, and the text says how much it is.
//!
//! Every word of a report is foreign here, more than elsewhere: the author of a pull request writes it, and it is shown in the
//! name of the project.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::str::FromStr;

use lw_model::lists::{filled, sort_by_cached_key, sort_by_key};
use lw_model::{Cell, Finding, Limit, Measure, Outcome, Report, Unit, Verdict, counted};

use crate::markdown::inline::{code, figures, plain, prose};
use crate::markdown::mark;
use crate::options::{self, LinkBase, LinkBaseError};
use crate::{limit, show};

/// Rows of the table, as long as there is room for them.
const ROWS: usize = 100;
/// Rows of it of measures that nothing limits: what changed most. The others are in the folded reports.
const CHANGED: usize = 12;
/// Measures of one report that may be shown at all; see [`keep`].
const MEASURES: usize = 200;
/// Findings of one report.
const FINDINGS: usize = 20;
/// Rows of measures of one folded report.
const DETAILS: usize = 60;
/// Parts that a breached report is said to have grown by.
const PARTS: usize = 5;
/// Breached reports of which the parts are told.
const GROWN: usize = 10;
/// Problems that are named.
const PROBLEMS: usize = 20;
/// Tables of one report from which parts are taken.
const TABLES: usize = 4;

/// The address of a page of the CI: `https://github.com/o/r/actions/runs/1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageLink(String);

impl FromStr for PageLink {
    type Err = LinkBaseError;

    /// Takes `http` and `https` addresses only, without what could end a link or begin another.
    fn from_str(text: &str) -> Result<Self, LinkBaseError> {
        if options::is_plain_address(text) { Ok(Self(text.into())) } else { Err(LinkBaseError(text.into())) }
    }
}

impl PageLink {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A report among others.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The report, as [`keep`] left it or as a whole.
    pub report: &'a Report,
    /// What tells it from the others that are of the same tool and subject; empty where nothing has to.
    pub name: &'a str,
    /// The page of the run that made it, where that is another one than the comment's.
    pub run: Option<&'a PageLink>,
    /// How many measures with limits or changes [`keep`] has dropped.
    pub dropped: usize,
}

/// What the caller decides about the comment.
#[derive(Clone, Copy, Debug)]
pub struct JoinOptions<'a> {
    /// What the comment is called in its first line; empty for nothing.
    pub title: &'a str,
    /// Full id of the commit that the reports are of.
    pub commit: Option<&'a str>,
    /// The page of the run.
    pub run: Option<&'a PageLink>,
    /// Where the files of the commit can be read.
    pub link: Option<&'a LinkBase>,
    /// What could not be read or joined: it makes the verdict `error`.
    pub problems: &'a [String],
    /// What is missing, and may be.
    pub notes: &'a [String],
    /// How measures have gone so far: those of the table show it.
    pub courses: &'a [Course],
    /// The most the text may have; see [`units`].
    pub most: usize,
}

/// How a measure has gone over the commits of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// The tool that measured it.
    pub tool: String,
    /// The title of its reports.
    pub title: Option<String>,
    /// Which of several subjects it is about.
    pub subject: Option<String>,
    /// The measure.
    pub name: String,
    /// Of what the values are; of counted parts of a whole they are its share, in percent.
    pub unit: Unit,
    /// The oldest first.
    pub values: Vec<f64>,
}

impl Course {
    /// As small bars, with the value of now as the last one; `None` for another measure.
    fn bars(&self, report: &Report, measure: &Measure) -> Option<String> {
        let (now, unit) = match (measure.unit, measure.share()) {
            (Unit::Count, Some(share)) => (share.as_f64(), Unit::Percent),
            (unit, _) => (measure.value.as_f64(), unit),
        };
        let is_it = self.name == measure.name
            && self.unit == unit
            && self.subject == measure.subject
            && self.tool == report.tool.name
            && self.title == report.title;
        is_it.then(|| bars(self.values.iter().copied().chain([now])))
    }
}

/// Values as bars between the lowest and the highest of them; those that are all the same are of half the height.
fn bars(values: impl Iterator<Item = f64> + Clone) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let lowest = values.clone().fold(f64::INFINITY, f64::min);
    let span = values.clone().fold(f64::NEG_INFINITY, f64::max) - lowest;
    let bar = |value: f64| {
        if span <= 0.0 || !span.is_finite() {
            return '▄';
        }
        let height = (value - lowest) / span * 7.0;
        let reached = BARS.iter().zip(0_u8..).take_while(|(_, place)| height + 0.5 >= f64::from(*place));
        reached.last().map_or('▁', |(bar, _)| *bar)
    };
    values.map(bar).collect()
}

/// The comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The Markdown; ends with a line feed.
    pub text: String,
    /// The worst of the reports, or `error` where something could not be joined.
    pub verdict: Verdict,
    /// Whether there is more to tell than that all is as it was: a verdict, a limit that was not judged, a number that changed.
    pub is_news: bool,
    /// Rows of the table that are left out.
    pub rows_left_out: usize,
    /// Reports whose folded part is left out or shortened.
    pub reports_left_out: usize,
}

/// How long GitHub, GitLab and browsers take a text to be: in UTF-16 code units, as `String.length` of JavaScript.
///
/// GitHub says `maximum is 65536 characters`. A code unit is never less than a character, and 65,536 of them have at most
/// 196,608 bytes of UTF-8, which is less than the 262,144 bytes that its database takes.
#[must_use]
pub fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// How much a row matters; the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    Fails,
    Warns,
    Overridden,
    NotJudged,
    HeldAndChanged,
    Held,
    Changed,
    Nothing,
}

fn worth_of_limit(measure: &Measure, limit: &Limit) -> Worth {
    match (limit.outcome, limit.on_breach) {
        (Outcome::Breached, Verdict::Warn) => Worth::Warns,
        (Outcome::Breached, _) => Worth::Fails,
        (Outcome::Overridden, _) => Worth::Overridden,
        (Outcome::NotJudged, _) => Worth::NotJudged,
        (Outcome::Met, _) if has_changed(measure) => Worth::HeldAndChanged,
        (Outcome::Met, _) => Worth::Held,
    }
}

fn has_changed(measure: &Measure) -> bool {
    // Of counted parts of a whole the share is what is shown.
    if let (Unit::Count, Some(now), Some(before)) = (measure.unit, measure.share(), measure.baseline_share())
    {
        return now.points_below(before) != 0.0;
    }
    measure.growth().is_some_and(|growth| growth.as_f64() != 0.0)
}

/// How large the change is, by what it began with.
fn extent(measure: &Measure) -> Extent {
    let (Some(growth), Some(before)) = (measure.growth(), measure.baseline) else { return Extent(0.0) };
    Extent(growth.as_f64().abs() / before.as_f64().abs().max(1.0))
}

/// A number that sorts.
#[derive(Clone, Copy, Debug)]
struct Extent(f64);

impl Ord for Extent {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Extent {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Extent {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Extent {}

fn worth(measure: &Measure) -> Worth {
    let limits = measure.limits.iter().map(|limit| worth_of_limit(measure, limit));
    let alone = if has_changed(measure) { Worth::Changed } else { Worth::Nothing };
    limits.min().unwrap_or(alone)
}

/// Takes out of a report what no comment shows, so that hundreds of reports fit into memory. Returns how many measures with a
/// limit or a change are dropped because there are too many of them.
pub fn keep(report: &mut Report) -> usize {
    report.series = Vec::new();
    report.trees = Vec::new();
    report.settings = Vec::new();
    report.artifacts = Vec::new();
    report.measures.retain(|measure| worth(measure) < Worth::Nothing);
    let all = report.measures.len();
    if all > MEASURES {
        // In its order, so that the same report gives the same comment.
        sort_by_cached_key(&mut report.measures, |measure| (worth(measure), Reverse(extent(measure))));
        report.measures.truncate(MEASURES);
    }
    report.measures.shrink_to_fit();
    let is_breached = report.limits().any(|(_, _, limit)| limit.outcome == Outcome::Breached);
    report.tables.retain(|table| is_breached && !grown(table).is_empty());
    report.tables.truncate(TABLES);
    for table in &mut report.tables {
        let rows = grown(table).into_iter().map(|(row, _)| row.clone()).collect();
        table.rows = rows;
    }
    sort_by_key(&mut report.findings, Finding::order);
    report.findings.truncate(FINDINGS * 4);
    report.findings.shrink_to_fit();
    all.saturating_sub(MEASURES)
}

/// The rows of a table that grew most, with how much.
fn grown(table: &lw_model::Table) -> Vec<(&Vec<Cell>, i64)> {
    let growth = |row: &Vec<Cell>| {
        row.iter().find_map(|cell| match cell {
            Cell::Delta(bytes) if *bytes > 0 => Some(*bytes),
            _ => None,
        })
    };
    let mut rows: Vec<_> = table.rows.iter().filter_map(|row| Some((row, growth(row)?))).collect();
    sort_by_key(&mut rows, |(_, growth)| Reverse(*growth));
    rows.truncate(PARTS);
    rows
}

/// A line of the table.
struct Row<'a> {
    told: &'a Told<'a>,
    measure: &'a Measure,
    limit: Option<&'a Limit>,
    worth: Worth,
    extent: Extent,
}

fn rows<'a>(told: &'a Told<'a>) -> impl Iterator<Item = Row<'a>> {
    told.report.measures.iter().flat_map(move |measure| {
        let extent = extent(measure);
        let alone = measure.limits.is_empty() && has_changed(measure);
        let alone = alone.then_some(Row { told, measure, limit: None, worth: Worth::Changed, extent });
        let held = measure.limits.iter().map(move |limit| Row {
            told,
            measure,
            limit: Some(limit),
            worth: worth_of_limit(measure, limit),
            extent,
        });
        held.chain(alone)
    })
}

/// Writes the comment.
#[must_use]
pub fn join(all: &[Told<'_>], options: &JoinOptions<'_>) -> Comment {
    let mut rows: Vec<Row<'_>> = all.iter().flat_map(rows).collect();
    // Stable: what is worth the same stays in the order of the reports.
    sort_by_key(&mut rows, |row| (row.worth, Reverse(row.extent)));
    let worst = all.iter().map(|told| told.report.worst()).max().unwrap_or_default();
    let verdict = match (options.problems.is_empty(), all.is_empty()) {
        (false, _) => Verdict::Error,
        // Nothing was seen, so nothing passed.
        (true, true) => Verdict::Warn,
        (true, false) => worst,
    };
    let unchanged = |row: &Row<'_>| row.worth == Worth::Held;
    let is_news = verdict != Verdict::Pass || !rows.iter().all(unchanged);

    let mut page = Page { text: String::new(), used: 0, most: options.most, link: options.link };
    let mut head = headline(verdict, all, &rows, options);
    head.push_str(&about(all, options));
    // One alone is in the first line.
    let listed = if options.problems.len() == 1 { 0 } else { PROBLEMS };
    for problem in options.problems.iter().take(listed) {
        let _ = writeln!(head, "- {} {}", mark(Verdict::Error), prose(problem));
    }
    let more = options.problems.len().saturating_sub(PROBLEMS);
    if more > 0 {
        let _ = writeln!(head, "- and {}", counted(more, "more problem"));
    }
    for note in options.notes.iter().take(PROBLEMS) {
        let _ = writeln!(head, "- ℹ️ {}", prose(note));
    }
    if !head.ends_with("\n\n") {
        // A table does not begin inside of a list.
        head.push('\n');
    }
    page.always(&head);
    let rows_left_out =
        page.table(&rows, all, options.courses) + all.iter().map(|told| told.dropped).sum::<usize>();
    page.parts(all);
    let reports_left_out = page.details(all);
    page.tail(rows_left_out, reports_left_out, options.run);
    Comment { text: page.text, verdict, is_news, rows_left_out, reports_left_out }
}

/// The first line: the verdict, and what decided it.
fn headline(verdict: Verdict, all: &[Told<'_>], rows: &[Row<'_>], options: &JoinOptions<'_>) -> String {
    let mut line = format!("## {} ", mark(verdict));
    if !options.title.is_empty() {
        let _ = write!(line, "{}: ", plain(options.title));
    }
    line.push_str(match verdict {
        _ if all.is_empty() && options.problems.is_empty() => "There is no report",
        Verdict::Pass => "Passed",
        Verdict::Warn => "Passed with warnings",
        Verdict::Fail => "Failed",
        Verdict::Error => "Not everything could be judged",
    });
    let breached: Vec<&Row<'_>> =
        rows.iter().filter(|row| matches!(row.worth, Worth::Fails | Worth::Warns)).collect();
    let failed = all.iter().filter(|told| told.report.worst() == verdict).count();
    let what = match (breached.first(), options.problems.first()) {
        (_, Some(problem)) => prose(problem),
        (Some(row), None) => {
            let standing = row.limit.map(|limit| limit::standing(row.measure, limit)).unwrap_or_default();
            let more = match breached.len() - 1 {
                0 => String::new(),
                more => format!(", and {}", counted(more, "more breached limit")),
            };
            let of = subject(row.told, row.measure.subject.as_deref());
            let of = if of.is_empty() { of } else { format!(" of {of}") };
            format!("{}{of} {}{more}", plain(row.measure.title()), figures(&standing))
        }
        (None, None) if verdict != Verdict::Pass => {
            let worst = all.iter().find(|told| told.report.worst() == verdict);
            worst.map(|told| prose(&told.report.summary)).unwrap_or_default()
        }
        (None, None) => {
            let met = rows.iter().filter(|row| row.limit.is_some_and(|limit| limit.outcome == Outcome::Met));
            let met = met.count();
            if met == 0 { String::new() } else { format!("{} met", counted(met, "limit")) }
        }
    };
    if all.len() > 1 && matches!(verdict, Verdict::Fail | Verdict::Warn) {
        let _ = write!(line, " ({failed} of {} reports)", all.len());
    }
    if !what.is_empty() {
        let _ = write!(line, ": {what}");
    }
    line.push_str("\n\n");
    line
}

/// Of what it is: the reports by tool, the commit, the run.
fn about(all: &[Told<'_>], options: &JoinOptions<'_>) -> String {
    const TOOLS: usize = 12;
    let mut tools: Vec<(&str, usize)> = Vec::new();
    for told in all {
        let name = told.report.tool.name.as_str();
        match tools.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => tools.push((name, 1)),
        }
    }
    let mut parts: Vec<String> = tools
        .iter()
        .take(TOOLS)
        .map(|(name, count)| if *count == 1 { plain(name) } else { format!("{} ×{count}", plain(name)) })
        .collect();
    if tools.len() > TOOLS {
        parts.push(format!("and {}", counted(tools.len() - TOOLS, "more tool")));
    }
    // Our word first: at the beginning of a line a foreign one could be a heading.
    let reports = if all.len() == 1 { "Report" } else { "Reports" };
    let mut line =
        if parts.is_empty() { String::new() } else { format!("{reports} of {}", parts.join(", ")) };
    if let Some(commit) = options.commit {
        let short: String = commit.chars().take(12).collect();
        let _ = write!(line, "{}commit {}", if line.is_empty() { "" } else { " · " }, code(&short));
    }
    if let Some(run) = options.run {
        let _ = write!(line, "{}[run]({})", if line.is_empty() { "" } else { " · " }, run.as_str());
    }
    if !line.is_empty() {
        line.push_str("\n\n");
    }
    line
}

/// What a row is about: the subject, and what tells its report apart.
fn subject(told: &Told<'_>, subject: Option<&str>) -> String {
    match (subject, told.name) {
        (Some(subject), "") => code(subject),
        (Some(subject), name) if subject == name => code(subject),
        (Some(subject), name) => format!("{} ({})", code(subject), code(name)),
        (None, "") => String::new(),
        (None, name) => code(name),
    }
}

struct Page<'a> {
    text: String,
    used: usize,
    most: usize,
    link: Option<&'a LinkBase>,
}

/// What is kept for the words that say what was left out.
const TAIL: usize = 800;

impl Page<'_> {
    fn room(&self) -> usize {
        self.most.saturating_sub(self.used + TAIL)
    }

    fn always(&mut self, text: &str) {
        self.used += units(text);
        self.text.push_str(text);
    }

    /// Adds a piece that makes sense alone, when there is room for it.
    fn fits(&mut self, text: &str, reserve: usize) -> bool {
        let length = units(text);
        let fits = length + reserve <= self.room();
        if fits {
            self.used += length;
            self.text.push_str(text);
        }
        fits
    }

    /// The table of what is held to something or has changed. Returns how many rows it has not.
    fn table(&mut self, rows: &[Row<'_>], all: &[Told<'_>], courses: &[Course]) -> usize {
        if rows.is_empty() {
            return 0;
        }
        let tools: BTreeSet<&str> = filled(all.iter().map(|told| told.report.tool.name.as_str()));
        let named = rows.iter().any(|row| !subject(row.told, row.measure.subject.as_deref()).is_empty());
        let grown = rows.iter().any(|row| row.measure.baseline.is_some());
        let limited = rows.iter().any(|row| row.limit.is_some());
        let course =
            |row: &Row<'_>| courses.iter().find_map(|course| course.bars(row.told.report, row.measure));
        let has_gone = rows.iter().take(ROWS).any(|row| course(row).is_some());
        let mut head = String::new();
        let columns = [
            ("", ":--", limited),
            ("Subject", ":--", named),
            ("Measure", ":--", true),
            ("Before", "--:", grown),
            ("Now", "--:", true),
            ("Change", "--:", grown),
            ("Trend", ":--", has_gone),
            ("Limit", ":--", limited),
            // Last: where there is no room for all, this can be done without.
            ("Tool", ":--", tools.len() > 1),
        ];
        for text in [columns.map(|column| column.0), columns.map(|column| column.1)] {
            for (cell, (_, _, is_there)) in text.iter().zip(columns) {
                if is_there {
                    let _ = write!(head, "| {cell}{}", if cell.is_empty() { "" } else { " " });
                }
            }
            head.push_str("|\n");
        }
        // A third is for the folded reports, if they need it.
        let reserve = self.room() / 3;
        if !self.fits(&head, reserve) {
            return rows.len();
        }
        // They are the last ones.
        let changed = rows.iter().filter(|row| row.worth == Worth::Changed).count();
        let folded = changed.saturating_sub(CHANGED);
        let (rows, others) = rows.split_at(rows.len() - folded);
        for (index, row) in rows.iter().enumerate() {
            let of = show::figures(row.measure);
            let mark = row.limit.map(|limit| limit::verdict(limit).map_or("❔", mark)).unwrap_or_default();
            let cells = [
                mark.to_owned(),
                subject(row.told, row.measure.subject.as_deref()),
                code(&row.measure.name),
                figures(&of.before),
                figures(&of.now),
                figures(&of.growth),
                course(row).unwrap_or_default(),
                row.limit.map(|limit| self.limit(row.measure, limit)).unwrap_or_default(),
                plain(&row.told.report.tool.name),
            ];
            let mut line = String::new();
            for (cell, (_, _, is_there)) in cells.iter().zip(columns) {
                if is_there {
                    let _ = write!(line, "| {cell}{}", if cell.is_empty() { "" } else { " " });
                }
            }
            line.push_str("|\n");
            if index >= ROWS || !self.fits(&line, reserve) {
                let _ = self.fits("\n", 0);
                return rows.len() - index;
            }
        }
        if !others.is_empty() {
            let more = counted(others.len(), "more measure");
            let _ = self.fits(&format!("\n{more} changed less: they are in the reports below.\n"), reserve);
        }
        if has_gone {
            let _ = self.fits("\nTrend: the commits of the history, the oldest first, and now.\n", reserve);
        }
        self.always("\n");
        0
    }

    /// Where the limit lies, how far the value is from it, and who set it.
    fn limit(&self, measure: &Measure, limit: &Limit) -> String {
        let standing = figures(&limit::standing(measure, limit));
        let is_breach = matches!(limit.outcome, Outcome::Breached | Outcome::Overridden);
        let standing = if is_breach { format!("**{standing}**") } else { standing };
        let by = match (&limit.location, is_breach) {
            (Some(location), true) => {
                let text = code(&show::place(location));
                let href = self.link.and_then(|link| link.href(location));
                format!(" ({})", href.map_or_else(|| text.clone(), |href| format!("[{text}]({href})")))
            }
            (None, true) if !limit.origin.is_empty() => format!(" ({})", code(&limit.origin)),
            _ => String::new(),
        };
        let overridden = if limit.outcome == Outcome::Overridden { ", overridden" } else { "" };
        format!("{standing}, {}{by}{overridden}", figures(&limit::terms(measure, limit)))
    }

    /// What pushed the breached reports over: the parts that grew most.
    fn parts(&mut self, all: &[Told<'_>]) {
        let mut list = String::new();
        let mut told_of = 0;
        for told in all.iter().filter(|told| told.report.worst() >= Verdict::Warn) {
            for table in &told.report.tables {
                let rows = grown(table);
                if rows.is_empty() || told_of >= GROWN {
                    continue;
                }
                told_of += 1;
                let parts: Vec<String> = rows
                    .iter()
                    .map(|(row, growth)| {
                        let name = row.iter().find_map(|cell| match cell {
                            Cell::Code(name) => Some(code(name)),
                            Cell::Text(name) => Some(plain(name)),
                            _ => None,
                        });
                        let bytes = show::delta(Unit::Bytes, (*growth).into());
                        format!("{} {}", name.unwrap_or_default(), figures(&bytes))
                    })
                    .collect();
                let of = subject(told, table.subject.as_deref());
                let of = if of.is_empty() { of } else { format!(" of {of}") };
                let _ = writeln!(list, "- {}{of}: {}", plain(&table.title), parts.join(", "));
            }
        }
        if !list.is_empty() {
            let _ = self.fits(&format!("**What pushed it over**\n\n{list}\n"), self.room() / 3);
        }
    }

    /// Each report, folded; the worst first. Returns how many are left out or shortened.
    fn details(&mut self, all: &[Told<'_>]) -> usize {
        let mut order: Vec<&Told<'_>> = all.iter().collect();
        sort_by_key(&mut order, |told| Reverse(told.report.worst()));
        let mut left_out = 0;
        for told in order {
            let whole = self.folded(told, FINDINGS, DETAILS);
            if self.fits(&whole, 0) {
                continue;
            }
            left_out += 1;
            let short = self.folded(told, 3, 0);
            let _ = self.fits(&short, 0);
        }
        left_out
    }

    fn folded(&self, told: &Told<'_>, findings: usize, measures: usize) -> String {
        let report = told.report;
        let mut title = format!("{} {}", mark(report.worst()), plain(&show::tool(report)));
        if !told.name.is_empty() {
            let _ = write!(title, " · {}", plain(told.name));
        }
        if !report.summary.is_empty() {
            let _ = write!(title, ": {}", plain(&report.summary));
        }
        // Markdown holds in no `<summary>`, but character references do.
        let mut out = format!("<details><summary>{title}</summary>\n\n");
        let facts: Vec<String> = report
            .facts
            .iter()
            .take(FINDINGS)
            .map(|fact| {
                let of =
                    fact.subject.as_deref().map(|name| format!(" of {}", code(name))).unwrap_or_default();
                format!("**{}**{of} {}", plain(&fact.name), code(&fact.value))
            })
            .collect();
        if !facts.is_empty() && measures > 0 {
            let _ = writeln!(out, "{}\n", facts.join(" · "));
        }
        for item in &report.overrides {
            let _ = writeln!(out, "Overridden by {}: {}\n", code(&item.origin), prose(&item.reason));
        }
        for finding in report.findings.iter().take(findings) {
            let level = match Verdict::from(finding.level) {
                Verdict::Pass => "ℹ️",
                verdict => mark(verdict),
            };
            let _ = write!(out, "- {level} {}", prose(&finding.message));
            if let Some(help) = &finding.help {
                let _ = write!(out, " _{}_", prose(help));
            }
            if let Some(location) = &finding.location {
                let text = code(&show::place(location));
                let href = self.link.and_then(|link| link.href(location));
                let _ =
                    write!(out, " {}", href.map_or_else(|| text.clone(), |href| format!("[{text}]({href})")));
            }
            let _ = writeln!(out, " ({})", code(&finding.rule));
        }
        let more = report.findings.len().saturating_sub(findings);
        if more > 0 {
            let _ = writeln!(out, "- and {}", counted(more, "more finding"));
        }
        if !report.findings.is_empty() {
            out.push('\n');
        }
        self.measures(told, measures, &mut out);
        if let Some(run) = told.run {
            let _ = writeln!(out, "[run]({})\n", run.as_str());
        }
        out.push_str("</details>\n\n");
        out
    }

    fn measures(&self, told: &Told<'_>, most: usize, out: &mut String) {
        let mut rows: Vec<Row<'_>> = rows(told).collect();
        if rows.is_empty() || most == 0 {
            return;
        }
        sort_by_key(&mut rows, |row| row.worth);
        out.push_str("| | Subject | Measure | Before | Now | Change | Limit |\n| :-- | :-- | :-- | --: | --: | --: | :-- |\n");
        for row in rows.iter().take(most) {
            let of = show::figures(row.measure);
            let mark = row.limit.map(|limit| limit::verdict(limit).map_or("❔", mark)).unwrap_or_default();
            let _ = writeln!(
                out,
                "| {mark} | {} | {} | {} | {} | {} | {} |",
                row.measure.subject.as_deref().map(code).unwrap_or_default(),
                code(&row.measure.name),
                figures(&of.before),
                figures(&of.now),
                figures(&of.growth),
                row.limit.map(|limit| self.limit(row.measure, limit)).unwrap_or_default()
            );
        }
        let more = rows.len().saturating_sub(most) + told.dropped;
        if more > 0 {
            let _ = writeln!(out, "\nand {}", counted(more, "more row"));
        }
        out.push('\n');
    }

    /// What was left out.
    fn tail(&mut self, rows: usize, reports: usize, run: Option<&PageLink>) {
        let mut parts = Vec::new();
        if rows > 0 {
            parts.push(format!("{} of the table", counted(rows, "row")));
        }
        if reports > 0 {
            parts.push(format!("details of {}", counted(reports, "report")));
        }
        if parts.is_empty() {
            return;
        }
        let place = run.map(|run| format!("; they are on [the page of the run]({})", run.as_str()));
        let text = format!(
            "✂️ Left out, because a comment has an end: {}{}.\n",
            parts.join(" and "),
            place.unwrap_or_default()
        );
        self.always(&text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_between_the_lowest_and_the_highest() {
        let bars = |values: &[f64]| bars(values.iter().copied());
        assert_eq!(bars(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), "▁▂▃▄▅▆▇█");
        assert_eq!(bars(&[1000.0, 1010.0, 1005.0]), "▁█▅");
        assert_eq!(bars(&[-1.0, -3.0]), "█▁");
        assert_eq!(bars(&[5.0, 5.0]), "▄▄");
        assert_eq!(bars(&[f64::MIN, f64::MAX]), "▄▄");
        assert_eq!(bars(&[]), "");
    }
}
