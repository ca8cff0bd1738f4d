//! GitHub-flavoured Markdown for a job summary or a comment; GitLab and a plain reader show the same.
//!
//! A table row is one line whatever is in it, so a summary can be cut between rows. Trends are sparklines and
//! shares are block characters rather than pictures: they survive in a mail and in every renderer.

pub(crate) mod inline;

use std::io::{self, Write};

use lw_model::lists::sort_by_key;
use lw_model::{Align, Cell, Location, Node, Outcome, Report, Table, Tree, Unit, Verdict};

use self::inline::{code, figures, paragraph, plain, prose};
use crate::view::{self, Section};
use crate::{LinkBase, Options, limit, show};

const BAR: usize = 10;
const SPARK: usize = 32;
/// Parts shown of each node of a breakdown.
const PARTS: usize = 8;
/// Rows of the list of measures.
const MEASURE_ROWS: usize = 100;

pub(crate) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, link: options.link.as_ref() };
    writeln!(page.out, "## {} {}: {}", mark(report.verdict), plain(&show::tool(report)), report.verdict)?;
    if !report.summary.is_empty() {
        writeln!(page.out, "\n{}", paragraph(&report.summary))?;
    }
    for item in &report.overrides {
        let measures: Vec<_> = item.measures.iter().map(|name| code(name)).collect();
        writeln!(
            page.out,
            "\n> ⚠️ **Overridden** by {}: {} ({})",
            code(&item.origin),
            prose(&item.reason),
            measures.join(", ")
        )?;
    }
    let replaced = show::replaced(report, plain, code);
    if !replaced.is_empty() {
        writeln!(
            page.out,
            "\n{}",
            replaced.iter().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n")
        )?;
    }
    let mut sections = view::sections(report);
    let overview = view::take_overview(&mut sections);
    page.breaches(&sections)?;
    if let Some(overview) = overview {
        writeln!(page.out, "\n### {}\n", plain(&overview.title))?;
        page.table(&overview)?;
    }
    for section in &sections {
        page.section(section)?;
    }
    Ok(())
}

pub(crate) fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✅",
        Verdict::Warn => "⚠️",
        Verdict::Fail => "❌",
        Verdict::Error => "💥",
    }
}

struct Page<'o> {
    out: &'o mut dyn Write,
    link: Option<&'o LinkBase>,
}

impl Page<'_> {
    /// What pushed it over: of all subjects, before anything else.
    fn breaches(&mut self, sections: &[Section<'_>]) -> io::Result<()> {
        if sections.iter().all(|section| section.breaches().is_empty()) {
            return Ok(());
        }
        let named = view::is_matrix(sections);
        let grown =
            sections.iter().flat_map(Section::breaches).any(|(measure, _)| measure.baseline.is_some());
        writeln!(self.out, "\n### Breached limits\n")?;
        let mut columns = vec![("", Align::Left)];
        columns.extend(named.then_some(("Subject", Align::Left)));
        columns.push(("Measure", Align::Left));
        columns.extend(grown.then_some(("Before", Align::Right)));
        columns.push(("Now", Align::Right));
        columns.extend(grown.then_some(("Change", Align::Right)));
        columns.extend([("Beyond", Align::Right), ("Limit", Align::Left), ("Set by", Align::Left)]);
        self.head(&columns.iter().map(|(title, align)| ((*title).to_owned(), *align)).collect::<Vec<_>>())?;
        for section in sections {
            for (measure, breached) in section.breaches() {
                let verdict = limit::verdict(breached).unwrap_or_default();
                let of = show::figures(measure);
                let mut row = vec![mark(verdict).to_owned()];
                row.extend(named.then(|| section.subject.map(code).unwrap_or_default()));
                row.push(code(&measure.name));
                row.extend(grown.then(|| figures(&of.before)));
                row.push(figures(&of.now));
                row.extend(grown.then(|| figures(&of.growth)));
                row.extend([
                    format!("**{}**", figures(&limit::standing(measure, breached))),
                    figures(&limit::terms(measure, breached)),
                    format!(
                        "{}{}",
                        breached
                            .location
                            .as_ref()
                            .map_or_else(|| code(&breached.origin), |place| self.place(place)),
                        if breached.outcome == Outcome::Overridden { " (overridden)" } else { "" },
                    ),
                ]);
                self.row(&row)?;
            }
        }
        Ok(())
    }

    fn section(&mut self, section: &Section<'_>) -> io::Result<()> {
        if let Some(subject) = section.subject {
            writeln!(self.out, "\n### {} {}", mark(section.verdict), code(subject))?;
        }
        if !section.facts.is_empty() {
            let facts: Vec<_> = section
                .facts
                .iter()
                .map(|fact| format!("**{}** {}", plain(&fact.name), code(&fact.value)))
                .collect();
            writeln!(self.out, "\n{}", facts.join(" · "))?;
        }
        self.findings(section)?;
        let first = section.has_few_limits();
        if first {
            let rows: Vec<_> =
                show::measure_rows(&section.measures).filter(|row| row.limit.is_some()).collect();
            writeln!(self.out, "\n#### Limits\n")?;
            self.measures(&rows)?;
        }
        for table in section.tables.iter().filter(|table| !table.folded) {
            writeln!(self.out, "\n#### {}\n", plain(&table.title))?;
            self.table(table)?;
        }
        self.trends(section)?;
        for table in section.tables.iter().filter(|table| table.folded) {
            self.open(&format!("{} ({})", plain(&table.title), lw_model::counted(table.rows.len(), "row")))?;
            self.table(table)?;
            self.close()?;
        }
        let rows: Vec<_> =
            show::measure_rows(&section.measures).filter(|row| !first || row.limit.is_none()).collect();
        if !rows.is_empty() {
            let title = if rows.iter().all(|row| row.limit.is_none()) {
                "Other measures that changed"
            } else {
                "Measures and limits"
            };
            self.open(&format!("{title} ({})", lw_model::counted(rows.len(), "row")))?;
            self.measures(&rows)?;
            self.close()?;
        }
        for tree in &section.trees {
            self.tree(tree)?;
        }
        Ok(())
    }

    fn findings(&mut self, section: &Section<'_>) -> io::Result<()> {
        let findings = section.told();
        if findings.is_empty() {
            return Ok(());
        }
        writeln!(self.out)?;
        for finding in findings {
            let mark = match Verdict::from(finding.level) {
                Verdict::Pass => "ℹ️",
                verdict => mark(verdict),
            };
            write!(self.out, "- {mark} {}", prose(&finding.message))?;
            if let Some(help) = &finding.help {
                write!(self.out, " _{}_", prose(help))?;
            }
            if let Some(location) = &finding.location {
                write!(self.out, " {}", self.place(location))?;
            }
            writeln!(self.out, " ({})", code(&finding.rule))?;
        }
        Ok(())
    }

    fn table(&mut self, table: &Table) -> io::Result<()> {
        let columns: Vec<_> =
            table.columns.iter().map(|column| (plain(&column.title), column.align)).collect();
        if columns.is_empty() {
            return Ok(());
        }
        self.head(&columns)?;
        for row in &table.rows {
            let mut cells = row.iter().map(cell);
            self.row(&columns.iter().map(|_| cells.next().unwrap_or_default()).collect::<Vec<_>>())?;
        }
        if let Some(note) = &table.note {
            writeln!(self.out, "\n{}", paragraph(note))?;
        }
        Ok(())
    }

    fn trends(&mut self, section: &Section<'_>) -> io::Result<()> {
        let drawn: Vec<_> = section
            .series
            .iter()
            .filter_map(|series| show::ends(series).map(|ends| (series, ends)))
            .collect();
        if drawn.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n#### Trend\n")?;
        let columns = [
            ("Measure", Align::Left),
            ("Trend", Align::Left),
            ("Latest", Align::Right),
            ("Change", Align::Right),
        ];
        self.head(&columns.map(|(title, align)| (title.to_owned(), align)))?;
        for (series, (first, last)) in drawn {
            self.row(&[
                code(&series.name),
                show::sparkline(series, SPARK, true),
                figures(&series.unit.brief(last)),
                figures(&show::went(series, (first, last))),
            ])?;
        }
        Ok(())
    }

    /// Measures with their limits; a column that no row has anything in is left out.
    fn measures(&mut self, rows: &[show::MeasureRow<'_>]) -> io::Result<()> {
        let limits = rows.iter().any(|row| row.limit.is_some());
        let grown = rows.iter().any(|row| row.measure.baseline.is_some());
        let mut columns = Vec::new();
        columns.extend(limits.then_some(("", Align::Left)));
        columns.push(("Measure", Align::Left));
        columns.extend(grown.then_some(("Before", Align::Right)));
        columns.push(("Now", Align::Right));
        columns.extend(grown.then_some(("Change", Align::Right)));
        columns.extend([("Limit", Align::Left), ("Room", Align::Right)].into_iter().filter(|_| limits));
        self.head(&columns.iter().map(|(title, align)| ((*title).to_owned(), *align)).collect::<Vec<_>>())?;
        for row in rows.iter().take(MEASURE_ROWS) {
            let measure = row.measure;
            let of = show::figures(measure);
            let mut cells = Vec::new();
            let mark = row.limit.map(|limit| limit::verdict(limit).map_or("❔", mark));
            cells.extend(limits.then(|| mark.unwrap_or_default().to_owned()));
            cells.push(code(&measure.name));
            cells.extend(grown.then(|| figures(&of.before)));
            cells.push(figures(&of.now));
            cells.extend(grown.then(|| figures(&of.growth)));
            if limits {
                cells.push(row.limit.map(|limit| figures(&limit::terms(measure, limit))).unwrap_or_default());
                cells.push(
                    row.limit.map(|limit| figures(&limit::standing(measure, limit))).unwrap_or_default(),
                );
            }
            self.row(&cells)?;
        }
        let more = rows.len().saturating_sub(MEASURE_ROWS);
        if more > 0 {
            writeln!(self.out, "\nand {}", lw_model::counted(more, "more row"))?;
        }
        Ok(())
    }

    /// The two outer levels of a breakdown, the largest parts of each.
    fn tree(&mut self, tree: &Tree) -> io::Result<()> {
        if tree.root.children.is_empty() {
            return Ok(());
        }
        let total = figures(&show::compact(tree.unit, tree.root.value));
        self.open(&format!("{}: what it is made of ({total})", plain(&tree.name)))?;
        let level = tree.levels.first().map_or_else(|| "Part".to_owned(), |level| plain(level));
        self.head(&[
            (level, Align::Left),
            ("Size".to_owned(), Align::Right),
            ("Share".to_owned(), Align::Left),
        ])?;
        self.parts(&tree.root, tree.unit, "", 2)?;
        self.close()
    }

    fn parts(&mut self, whole: &Node, unit: Unit, lead: &str, levels: usize) -> io::Result<()> {
        let mut parts: Vec<_> = whole.children.iter().filter(|part| part.value > 0).collect();
        sort_by_key(&mut parts, |part| std::cmp::Reverse(part.value));
        let shown = if parts.len() > PARTS + 1 { PARTS } else { parts.len() };
        let (large, small) = parts.split_at(shown);
        for part in large {
            self.part(&format!("{lead}{}", code(part.shown())), part.value, whole.value, unit)?;
            if levels > 1 {
                self.parts(part, unit, &format!("{lead}└ "), levels - 1)?;
            }
        }
        if !small.is_empty() {
            let rest = small.iter().map(|part| part.value).fold(0, u64::saturating_add);
            self.part(&format!("{lead}{} smaller", small.len()), rest, whole.value, unit)?;
        }
        Ok(())
    }

    fn part(&mut self, name: &str, value: u64, whole: u64, unit: Unit) -> io::Result<()> {
        let signed = |value| i64::try_from(value).unwrap_or(i64::MAX);
        let bar = show::bar(signed(value), signed(whole), BAR, show::BLOCKS).unwrap_or_default();
        self.row(&[name.to_owned(), figures(&unit.brief(value.into())), figures(&bar)])
    }

    fn place(&self, location: &Location) -> String {
        let text = code(&show::place(location));
        match self.link.and_then(|link| link.href(location)) {
            Some(href) => format!("[{text}]({href})"),
            None => text,
        }
    }

    fn head(&mut self, columns: &[(String, Align)]) -> io::Result<()> {
        let titles: Vec<_> = columns.iter().map(|(title, _)| title.clone()).collect();
        self.row(&titles)?;
        for (_, align) in columns {
            self.out.write_all(if *align == Align::Right { b"| --: " } else { b"| :-- " })?;
        }
        writeln!(self.out, "|")
    }

    fn row(&mut self, cells: &[String]) -> io::Result<()> {
        for cell in cells {
            write!(self.out, "| {cell}{}", if cell.is_empty() { "" } else { " " })?;
        }
        writeln!(self.out, "|")
    }

    /// `summary` is Markdown; inside the HTML element it must not be, but entities and code hold there too.
    fn open(&mut self, summary: &str) -> io::Result<()> {
        writeln!(self.out, "\n<details><summary>{summary}</summary>\n")
    }

    fn close(&mut self) -> io::Result<()> {
        writeln!(self.out, "\n</details>")
    }
}

fn cell(cell: &Cell) -> String {
    if let Some(number) = show::number(cell) {
        return figures(&number);
    }
    match cell {
        Cell::Text(text) => prose(text),
        Cell::Code(name) => code(name),
        Cell::Bar { used, total } => {
            figures(&show::bar(*used, *total, BAR, show::BLOCKS).unwrap_or_default())
        }
        Cell::Verdict(verdict) => format!("{} {verdict}", mark(*verdict)),
        Cell::Bytes(_) | Cell::Delta(_) | Cell::Count(_) | Cell::Empty => String::new(),
    }
}
