//! For a terminal: the verdict first, then what decided it, then the tables.

mod grid;
mod paint;

use std::io::{self, Write};

use lw_model::{Align, Cell, Measure, Outcome, Override, Report, Verdict};
use unicode_width::UnicodeWidthStr;

use self::grid::{Grid, Text};
use self::paint::{Paint, Style};
use crate::view::{self, Section};
use crate::{Options, TextPart, escape, limit, show};

/// Rows of the list of measures: past that a person searches the JSON form.
const MEASURE_ROWS: usize = 40;
/// Columns of a bar.
const BAR: usize = 12;
/// Points of a sparkline.
const SPARK: usize = 32;
/// The narrowest layout; a terminal narrower than that wraps.
const MIN_WIDTH: usize = 40;

pub(crate) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    parts(report, options)?.iter().try_for_each(|part| out.write_all(&part.text))
}

/// The head, then each section, of which a subject has one.
pub(crate) fn parts(report: &Report, options: &Options) -> io::Result<Vec<TextPart>> {
    let width = options.width.max(MIN_WIDTH);
    let mut text = Vec::new();
    let mut page = Page { out: &mut text, paint: Paint(options.colour), width, unicode: options.unicode };
    page.headline(report)?;
    let mut sections = view::sections(report);
    if let Some(overview) = view::take_overview(&mut sections) {
        page.table(&overview)?;
    }
    let mut parts = vec![TextPart { subject: None, verdict: report.verdict, text }];
    for section in &sections {
        let mut text = Vec::new();
        let mut page = Page { out: &mut text, paint: Paint(options.colour), width, unicode: options.unicode };
        page.section(section)?;
        parts.push(TextPart { subject: section.subject.map(str::to_owned), verdict: section.verdict, text });
    }
    Ok(parts)
}

struct Page<'o> {
    out: &'o mut dyn Write,
    paint: Paint,
    width: usize,
    unicode: bool,
}

impl Page<'_> {
    fn headline(&mut self, report: &Report) -> io::Result<()> {
        let word = format!(
            "{} {}",
            show::mark(report.verdict, self.unicode),
            report.verdict.as_str().to_uppercase()
        );
        let lead = format!("{word}  {}: ", escape::name(&show::tool(report)));
        let summary = escape::prose(&report.summary);
        let summary = if summary.is_empty() { "nothing to report".to_owned() } else { summary };
        let indent = word.width() + 2;
        for (index, line) in self.wrap(&format!("{lead}{summary}"), indent).into_iter().enumerate() {
            match line.strip_prefix(word.as_str()).filter(|_| index == 0) {
                Some(rest) => {
                    let word = self.paint.with(Style::of(report.verdict).bold(), &word);
                    writeln!(self.out, "{word}{}", self.paint.with(Style::BOLD, rest))?;
                }
                None => writeln!(self.out, "{}", self.paint.with(Style::BOLD, &line))?,
            }
        }
        for item in &report.overrides {
            self.pardon(item)?;
        }
        for line in show::replaced(report, escape::name, escape::name) {
            for line in self.wrap(&format!("  {line}"), 4) {
                self.dim(&line)?;
            }
        }
        Ok(())
    }

    fn pardon(&mut self, item: &Override) -> io::Result<()> {
        let measures: Vec<_> = item.measures.iter().map(|name| escape::name(name)).collect();
        let text = format!(
            "  {} overridden by {}: {} ({})",
            show::mark(Verdict::Warn, self.unicode),
            escape::name(&item.origin),
            escape::prose(&item.reason),
            escape::prose(&measures.join(", ")),
        );
        for line in self.wrap(&text, 4) {
            writeln!(self.out, "{}", self.paint.with(Style::YELLOW, &line))?;
        }
        Ok(())
    }

    fn section(&mut self, section: &Section<'_>) -> io::Result<()> {
        if let Some(subject) = section.subject {
            let mark = self.paint.with(Style::of(section.verdict), show::mark(section.verdict, self.unicode));
            let subject = escape::shown(subject, self.width.saturating_sub(2), self.ellipsis());
            writeln!(self.out, "\n{mark} {}", self.paint.with(Style::BOLD, &subject))?;
        }
        self.facts(section)?;
        self.breaches(section)?;
        self.findings(section)?;
        let first = section.has_few_limits();
        if first {
            self.measures(section)?;
        }
        for table in section.tables.iter().filter(|table| !table.folded) {
            self.table(table)?;
        }
        if !first {
            self.measures(section)?;
        }
        self.trends(section)?;
        self.folded(section)
    }

    fn facts(&mut self, section: &Section<'_>) -> io::Result<()> {
        if section.facts.is_empty() {
            return Ok(());
        }
        let dot = if self.unicode { "  ·  " } else { "  |  " };
        let mut line = String::from("  ");
        for fact in &section.facts {
            let fact = format!("{} {}", escape::name(&fact.name), escape::name(&fact.value));
            if line.len() > 2 {
                // Lines break between facts only, and never begin with a dot.
                if line.width() + dot.width() + fact.width() > self.width {
                    self.dim(&std::mem::replace(&mut line, String::from("  ")))?;
                } else {
                    line.push_str(dot);
                }
            }
            line.push_str(&fact);
        }
        self.dim(&line)
    }

    /// A line of less weight, broken where it is too long.
    fn dim(&mut self, text: &str) -> io::Result<()> {
        for line in self.wrap(text, 2) {
            writeln!(self.out, "{}", self.paint.with(Style::DIM, &line))?;
        }
        Ok(())
    }

    fn breaches(&mut self, section: &Section<'_>) -> io::Result<()> {
        let breaches = section.breaches();
        if breaches.is_empty() {
            return Ok(());
        }
        let columns = [
            ("", Align::Left),
            ("Measure", Align::Left),
            ("Before", Align::Right),
            ("Now", Align::Right),
            ("Change", Align::Right),
            ("Beyond", Align::Right),
            ("Limit", Align::Left),
            ("Set by", Align::Left),
        ];
        let mut grid = Grid::new(&columns).leaving(&["Set by", "Limit", "Before", "Now", "Change"], 3);
        for (measure, limit) in breaches {
            let verdict = limit::verdict(limit).unwrap_or_default();
            let overridden = if limit.outcome == Outcome::Overridden { " (overridden)" } else { "" };
            let origin = format!("{}{overridden}", limit::origin(limit));
            let of = show::figures(measure);
            grid.push(vec![
                Text::styled(show::mark(verdict, self.unicode), Style::of(verdict)),
                Text::plain(escape::name(&measure.name)).name(),
                Text::plain(of.before),
                Text::plain(of.now),
                Text::plain(of.change),
                Text::styled(limit::standing(measure, limit), Style::of(verdict)),
                Text::plain(limit::terms(measure, limit)),
                Text::styled(origin, Style::DIM).name(),
            ]);
        }
        self.title("Breached limits")?;
        self.grid(&grid)
    }

    fn findings(&mut self, section: &Section<'_>) -> io::Result<()> {
        let findings = section.told();
        if findings.is_empty() {
            return Ok(());
        }
        self.title("Findings")?;
        for finding in findings {
            let verdict = Verdict::from(finding.level);
            let mark = if verdict == Verdict::Pass {
                if self.unicode { "·" } else { "-" }
            } else {
                show::mark(verdict, self.unicode)
            };
            let lead = format!("{mark} {}", finding.level.as_str());
            let lines = self.wrap(&format!("  {lead} {}", escape::prose(&finding.message)), 4);
            for (index, line) in lines.iter().enumerate() {
                match line.trim_start().strip_prefix(lead.as_str()).filter(|_| index == 0) {
                    Some(rest) => {
                        writeln!(self.out, "  {}{rest}", self.paint.with(Style::of(verdict), &lead))?;
                    }
                    None => writeln!(self.out, "{line}")?,
                }
            }
            if let Some(help) = &finding.help {
                for line in self.wrap(&format!("    help: {}", escape::prose(help)), 10) {
                    writeln!(self.out, "{line}")?;
                }
            }
            let place = finding.location.as_ref().map(|location| format!("{}  ", show::place(location)));
            let line = format!("    {}[{}]", place.unwrap_or_default(), escape::name(&finding.rule));
            for line in self.wrap(&line, 4) {
                writeln!(self.out, "{}", self.paint.with(Style::DIM, &line))?;
            }
        }
        Ok(())
    }

    fn table(&mut self, table: &lw_model::Table) -> io::Result<()> {
        let columns: Vec<_> =
            table.columns.iter().map(|column| (escape::name(&column.title), column.align)).collect();
        let mut grid =
            Grid::new(&columns.iter().map(|(title, align)| (title.as_str(), *align)).collect::<Vec<_>>());
        for row in &table.rows {
            grid.push(row.iter().map(|cell| self.cell(cell)).collect());
        }
        self.title(&escape::prose(&table.title))?;
        self.grid(&grid)?;
        if let Some(note) = &table.note {
            self.note(&escape::prose(note))?;
        }
        Ok(())
    }

    fn cell(&self, cell: &Cell) -> Text {
        if let Some(number) = show::number(cell) {
            return Text::plain(number);
        }
        match cell {
            Cell::Text(text) => Text::plain(escape::prose(text)).sentence(),
            Cell::Code(code) => Text::plain(escape::name(code)).name(),
            Cell::Bar { used, total } => {
                let ink = if self.unicode { show::BLOCKS } else { show::ASCII };
                let style = if used > total { Style::RED } else { Style::PLAIN };
                let bar = show::bar(*used, *total, BAR, ink).unwrap_or_default();
                Text::styled(bar, style).bar(format!("{:>8}", show::share(*used, *total)))
            }
            Cell::Verdict(verdict) => self.verdict_cell(*verdict),
            Cell::Bytes(_) | Cell::Delta(_) | Cell::Count(_) | Cell::Empty => Text::plain(String::new()),
        }
    }

    fn verdict_cell(&self, verdict: Verdict) -> Text {
        Text::styled(format!("{} {verdict}", show::mark(verdict, self.unicode)), Style::of(verdict))
    }

    /// What was judged and is within its limits, or could not be told; the breached ones stand above.
    fn measures(&mut self, section: &Section<'_>) -> io::Result<()> {
        // Why a limit was not judged stands where the room is told, and is worth more than that.
        let told = section.limits().any(|(_, limit)| limit.outcome == Outcome::NotJudged);
        let mut grid = Grid::new(&[
            ("", Align::Left),
            ("Measure", Align::Left),
            ("Before", Align::Right),
            ("Now", Align::Right),
            ("Change", Align::Right),
            ("Limit", Align::Left),
            ("Room", Align::Right),
        ])
        .leaving(
            if told { &["Before", "Change", "Room", "Now"] } else { &["Room", "Before", "Change", "Now"] },
            2,
        );
        let mut more = 0;
        let mut before: Option<&Measure> = None;
        for row in show::measure_rows(&section.measures).filter(|row| row.limit.is_some()) {
            if grid.len() == MEASURE_ROWS {
                more += 1;
                continue;
            }
            let measure = row.measure;
            let mark = match row.limit.map(limit::verdict) {
                Some(Some(verdict)) => Text::styled(show::mark(verdict, self.unicode), Style::of(verdict)),
                Some(None) => Text::styled("?", Style::DIM),
                None => Text::plain(""),
            };
            let mut cells = vec![mark];
            // The second limit of a measure does not repeat what the line above says.
            if before.is_some_and(|before| std::ptr::eq(before, measure)) {
                cells.extend(["", "", "", ""].map(Text::plain));
            } else {
                let of = show::figures(measure);
                cells.extend([
                    Text::plain(escape::name(&measure.name)).name(),
                    Text::plain(of.before),
                    Text::plain(of.now),
                    Text::plain(of.change),
                ]);
            }
            let limit =
                row.limit.map(|limit| (limit::terms(measure, limit), limit::standing(measure, limit)));
            let (terms, standing) = limit.unwrap_or_default();
            let is_judged = row.limit.is_some_and(|limit| limit.outcome != Outcome::NotJudged);
            let standing = Text::styled(standing, Style::DIM);
            cells.extend([Text::plain(terms), if is_judged { standing } else { standing.sentence() }]);
            grid.push(cells);
            before = Some(measure);
        }
        if grid.len() > 0 {
            self.title("Limits")?;
            self.grid(&grid)?;
        }
        if more > 0 {
            self.note(&format!("and {}", lw_model::counted(more, "more row")))?;
        }
        Ok(())
    }

    /// A terminal cannot unfold: it is told what there is.
    fn folded(&mut self, section: &Section<'_>) -> io::Result<()> {
        let titles: Vec<_> = section
            .tables
            .iter()
            .filter(|table| table.folded)
            .map(|table| escape::prose(&table.title))
            .collect();
        if titles.is_empty() {
            return Ok(());
        }
        writeln!(self.out)?;
        self.dim(&format!("  More in the Markdown and HTML reports: {}", titles.join(", ")))
    }

    fn trends(&mut self, section: &Section<'_>) -> io::Result<()> {
        let mut grid = Grid::new(&[
            ("Measure", Align::Left),
            ("", Align::Left),
            ("Latest", Align::Right),
            ("Change", Align::Right),
        ]);
        for series in &section.series {
            let Some((first, last)) = show::ends(series) else { continue };
            grid.push(vec![
                Text::plain(escape::name(&series.name)).name(),
                Text::plain(show::sparkline(series, SPARK, self.unicode)),
                Text::plain(series.unit.brief(last)),
                Text::plain(show::went(series, (first, last))),
            ]);
        }
        if grid.len() > 0 {
            self.title("Trend")?;
            self.grid(&grid)?;
        }
        Ok(())
    }

    fn title(&mut self, title: &str) -> io::Result<()> {
        let title = escape::elide(title, self.width.saturating_sub(2), self.ellipsis());
        writeln!(self.out, "\n  {}", self.paint.with(Style::BOLD, &title))
    }

    fn note(&mut self, note: &str) -> io::Result<()> {
        self.dim(&format!("  {note}"))
    }

    /// The table, and the headings of what there was no room for.
    fn grid(&mut self, grid: &Grid) -> io::Result<()> {
        let left = grid.write(2, self.width, self.ellipsis(), self.paint, self.out)?;
        let left: Vec<&str> = left.into_iter().filter(|title| !title.is_empty()).collect();
        if left.is_empty() {
            return Ok(());
        }
        self.note(&format!("Left out for want of room: {}.", left.join(", ")))
    }

    fn ellipsis(&self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    /// Breaks a line at spaces; the lines after the first are indented.
    fn wrap(&self, text: &str, indent: usize) -> Vec<String> {
        paint::wrap(text, self.width, indent)
    }
}
