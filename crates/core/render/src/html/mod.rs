//! One page for a browser: no script, no external resource, and nothing lost without its style sheet.
//!
//! Jenkins serves reports under a policy that drops every style (`default-src 'none'`), so the
//! order of the elements, tables with their own alignment, bars with figures and pictures made of presentation
//! attributes carry the whole content; the style sheet only makes it pleasant. The page is also
//! well-formed XML, which lets a test prove that nothing foreign became markup.

mod breakdown;
pub mod graph;
mod markup;
mod prune;
mod squarify;
mod timeline;
pub mod tour;
mod treemap;
pub(crate) mod trend;

use std::io::{self, Write};

use lw_model::{Align, Cell, Finding, Limit, Location, Measure, Outcome, Report, Table, Verdict};

use self::markup::{code, figures, prose};
use crate::view::{self, Section};
use crate::{LinkBase, Options, escape, kit, limit, show};

/// The style sheet: light and dark by the reader's preference, and fit for paper.
const STYLE: &str = include_str!("style.css");

pub(crate) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, link: options.link.as_ref(), pictures: 0 };
    let mut sections = view::sections(report);
    page.head(report)?;
    page.verdict(report)?;
    let overview = view::take_overview(&mut sections);
    let matrix = overview.is_some();
    if let Some(overview) = &overview {
        page.overview(overview, &sections)?;
    } else {
        // Of a single subject the facts say what was judged, so they come before the judgement.
        for section in &sections {
            page.facts(section)?;
        }
    }
    page.breaches(&sections, "h2")?;
    for (index, section) in sections.iter().enumerate() {
        page.section(section, &format!("subject-{index}"), matrix)?;
    }
    let footer = format!(
        "{} {} · <code>{}</code>",
        prose(&show::tool(report)),
        prose(&report.tool.version),
        lw_model::SCHEMA
    );
    write!(page.out, "{}", kit::foot(&footer))
}

struct Page<'o> {
    out: &'o mut dyn Write,
    link: Option<&'o LinkBase>,
    /// Pictures so far: each needs names of its own for what it refers to.
    pictures: usize,
}

impl Page<'_> {
    fn head(&mut self, report: &Report) -> io::Result<()> {
        let tool = escape::prose(&show::tool(report));
        let title = format!("{} {tool}: {}", mark(report.verdict), report.verdict);
        write!(self.out, "{}", kit::head(&title, kit::Style::Inline(STYLE)))
    }

    fn verdict(&mut self, report: &Report) -> io::Result<()> {
        let (tool, summary) = (prose(&show::tool(report)), prose(&report.summary));
        write!(self.out, "{}", kit::banner(report.verdict, &tool, &summary, ""))?;
        for item in &report.overrides {
            let measures: Vec<_> = item.measures.iter().map(|name| code(name)).collect();
            writeln!(
                self.out,
                "<aside class=\"override\"><p><strong>Overridden</strong> by {}: {}</p><p>{}</p></aside>",
                code(&item.origin),
                prose(&item.reason),
                measures.join(", "),
            )?;
        }
        Ok(())
    }

    /// What pushed it over: of all subjects, before anything else, under a heading of this level.
    fn breaches(&mut self, sections: &[Section<'_>], heading: &str) -> io::Result<()> {
        if sections.iter().all(|section| section.breaches().is_empty()) {
            return Ok(());
        }
        let matrix = view::is_matrix(sections);
        let grown =
            sections.iter().flat_map(Section::breaches).any(|(measure, _)| measure.baseline.is_some());
        writeln!(self.out, "<section>\n<{heading}>Breached limits</{heading}>")?;
        let mut columns = vec![("", Align::Left)];
        columns.extend(matrix.then_some(("Subject", Align::Left)));
        columns.push(("Measure", Align::Left));
        columns.extend(grown.then_some(("Before", Align::Right)));
        columns.push(("Now", Align::Right));
        columns.extend(grown.then_some(("Change", Align::Right)));
        columns.extend([("Beyond", Align::Right), ("Limit", Align::Left), ("Set by", Align::Left)]);
        let columns = self.open_table(&columns)?;
        for section in sections {
            for (measure, limit) in section.breaches() {
                let of = show::figures(measure);
                let mut row = vec![badge_of(limit)];
                row.extend(matrix.then(|| section.subject.map(code).unwrap_or_default()));
                row.push(code(&measure.name));
                row.extend(grown.then(|| figures(&of.before)));
                row.push(figures(&of.now));
                row.extend(grown.then(|| figures(&of.growth)));
                row.push(format!("<strong>{}</strong>", figures(&limit::standing(measure, limit))));
                row.push(figures(&limit::terms(measure, limit)));
                row.push(self.origin(limit));
                self.row(&columns, &row)?;
            }
        }
        self.close_table()?;
        writeln!(self.out, "</section>")
    }

    fn overview(&mut self, table: &Table, sections: &[Section<'_>]) -> io::Result<()> {
        writeln!(self.out, "<nav>\n<h2>{}</h2>", prose(&table.title))?;
        let titles: Vec<_> =
            table.columns.iter().map(|column| (column.title.as_str(), column.align)).collect();
        let columns = self.open_table(&titles)?;
        for row in &table.rows {
            let mut cells: Vec<_> = row.iter().map(cell).collect();
            if let (Some(Cell::Code(name) | Cell::Text(name)), Some(cell)) = (row.get(1), cells.get_mut(1)) {
                let index = sections.iter().position(|section| section.subject == Some(name.as_str()));
                *cell = format!("<a href=\"#subject-{}\">{}</a>", index.unwrap_or_default(), code(name));
            }
            self.row(&columns, &cells)?;
        }
        self.close_table()?;
        if let Some(note) = &table.note {
            writeln!(self.out, "<p class=\"note\">{}</p>", prose(note))?;
        }
        writeln!(self.out, "</nav>")
    }

    fn section(&mut self, section: &Section<'_>, id: &str, matrix: bool) -> io::Result<()> {
        writeln!(self.out, "<section id=\"{id}\">")?;
        if let Some(subject) = section.subject {
            writeln!(self.out, "<h2 class=\"subject\">{} {}</h2>", code(subject), badge(section.verdict))?;
        }
        if matrix {
            self.facts(section)?;
        }
        self.findings(section)?;
        let first = section.has_few_limits();
        if first {
            self.limits(section)?;
        }
        for table in &section.tables {
            self.table(table)?;
        }
        for series in &section.series {
            let measure = section.measure(&series.name);
            self.pictures += 1;
            self.out.write_all(trend::figure(series, measure, self.pictures).as_bytes())?;
        }
        for tree in &section.trees {
            self.pictures += 1;
            self.out.write_all(treemap::figure(tree, self.pictures).as_bytes())?;
            self.out.write_all(breakdown::list(tree).as_bytes())?;
        }
        if !first {
            self.limits(section)?;
        }
        self.unlimited(section)?;
        writeln!(self.out, "</section>")
    }

    fn facts(&mut self, section: &Section<'_>) -> io::Result<()> {
        if section.facts.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "<dl class=\"facts\">")?;
        for fact in &section.facts {
            writeln!(self.out, "<div><dt>{}</dt><dd>{}</dd></div>", prose(&fact.name), code(&fact.value))?;
        }
        writeln!(self.out, "</dl>")
    }

    fn findings(&mut self, section: &Section<'_>) -> io::Result<()> {
        let findings = section.told();
        if findings.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "<h3>Findings</h3>\n<ul class=\"findings\">")?;
        for finding in findings {
            self.finding(finding)?;
        }
        writeln!(self.out, "</ul>")
    }

    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let level = finding.level.as_str();
        write!(self.out, "<li class=\"{level}\"><p>{} {}</p>", pill(level, level), prose(&finding.message))?;
        if let Some(help) = &finding.help {
            write!(self.out, "<p class=\"help\">{}</p>", prose(help))?;
        }
        let place = finding.location.as_ref().map(|location| format!("{} · ", self.place(location)));
        writeln!(
            self.out,
            "<p class=\"origin\">{}<code>{}</code></p></li>",
            place.unwrap_or_default(),
            markup::name(&finding.rule)
        )
    }

    fn table(&mut self, table: &Table) -> io::Result<()> {
        let title = prose(&table.title);
        if table.folded {
            let rows = lw_model::counted(table.rows.len(), "row");
            writeln!(self.out, "<details><summary>{title} <small>{rows}</small></summary>")?;
        } else {
            writeln!(self.out, "<h3>{title}</h3>")?;
        }
        let drawn = timeline::figure(table, self.pictures + 1);
        if !drawn.is_empty() {
            self.pictures += 1;
            self.out.write_all(drawn.as_bytes())?;
        }
        if !table.columns.is_empty() {
            let titles: Vec<_> =
                table.columns.iter().map(|column| (column.title.as_str(), column.align)).collect();
            let columns = self.open_table(&titles)?;
            for row in &table.rows {
                self.row(&columns, &row.iter().map(cell).collect::<Vec<_>>())?;
            }
            self.close_table()?;
        }
        if let Some(note) = &table.note {
            writeln!(self.out, "<p class=\"note\">{}</p>", prose(note))?;
        }
        if table.folded {
            writeln!(self.out, "</details>")?;
        }
        Ok(())
    }

    /// What is held to a limit. A measure of which every limit is breached stands above already.
    fn limits(&mut self, section: &Section<'_>) -> io::Result<()> {
        let measures: Vec<&Measure> = section
            .measures
            .iter()
            .copied()
            .filter(|measure| measure.limits.iter().any(|limit| !view::is_breach(limit)))
            .collect();
        if measures.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "<h3>Limits</h3>")?;
        self.measure_table(&measures)
    }

    fn unlimited(&mut self, section: &Section<'_>) -> io::Result<()> {
        let measures: Vec<&Measure> =
            section.measures.iter().copied().filter(|measure| measure.limits.is_empty()).collect();
        if measures.is_empty() {
            return Ok(());
        }
        let count = lw_model::counted(measures.len(), "measure");
        writeln!(self.out, "<details><summary>Without a limit <small>{count}</small></summary>")?;
        self.measure_table(&measures)?;
        writeln!(self.out, "</details>")
    }

    fn measure_table(&mut self, measures: &[&Measure]) -> io::Result<()> {
        let any = |has: fn(&Measure) -> bool| measures.iter().any(|measure| has(measure));
        let limits = any(|measure| !measure.limits.is_empty());
        let share = any(|measure| measure.whole.is_some());
        let baseline = any(|measure| measure.baseline.is_some());
        let mut columns = vec![("Measure", Align::Left)];
        columns.extend(baseline.then_some(("Before", Align::Right)));
        columns.push(("Now", Align::Right));
        columns.extend(baseline.then_some(("Change", Align::Right)));
        columns.extend(limits.then_some(("Limits", Align::Left)));
        columns.extend(share.then_some(("Share", Align::Left)));
        let columns = self.open_table(&columns)?;
        for measure in measures {
            let of = show::figures(measure);
            let mut row = vec![code(&measure.name)];
            row.extend(baseline.then(|| figures(&of.before)));
            row.push(figures(&of.now));
            row.extend(baseline.then(|| figures(&of.change)));
            row.extend(limits.then(|| {
                let lines = measure.limits.iter().filter(|limit| !view::is_breach(limit));
                lines.map(|limit| self.limit(measure, limit)).collect::<Vec<_>>().join("<br/>")
            }));
            row.extend(share.then(|| match (measure.value, measure.whole) {
                (lw_model::Number::Integer(used), Some(lw_model::Number::Integer(total))) => bar(used, total),
                _ => String::new(),
            }));
            self.row(&columns, &row)?;
        }
        self.close_table()
    }

    fn limit(&self, measure: &Measure, limit: &Limit) -> String {
        let (terms, standing) = (limit::terms(measure, limit), limit::standing(measure, limit));
        format!(
            "<span class=\"limit\">{} {}: {} <small>{}</small></span>",
            badge_of(limit),
            figures(&terms),
            figures(&standing),
            self.origin(limit)
        )
    }

    /// Where a limit was set, with a link where there is a place to go to.
    fn origin(&self, limit: &Limit) -> String {
        limit.location.as_ref().map_or_else(|| code(&limit.origin), |location| self.place(location))
    }

    fn place(&self, location: &Location) -> String {
        let text = code(&show::place(location));
        match self.link.and_then(|link| link.href(location)) {
            Some(href) => {
                format!("<a href=\"{}\" rel=\"noopener noreferrer\">{text}</a>", markup::escaped(&href))
            }
            None => text,
        }
    }

    /// The beginning of a table up to its rows; returns the beginning of a cell of each column.
    fn open_table(&mut self, columns: &[(&str, Align)]) -> io::Result<Vec<String>> {
        write!(self.out, "<div class=\"scroll\"><table cellpadding=\"4\">\n<thead><tr>")?;
        for (title, align) in columns {
            let align = if *align == Align::Right { "right" } else { "left" };
            write!(self.out, "<th scope=\"col\" align=\"{align}\">{}</th>", prose(title))?;
        }
        writeln!(self.out, "</tr></thead>\n<tbody>")?;
        // Numbers are right-aligned by an attribute, so that they are without a style sheet too.
        Ok(columns
            .iter()
            .map(|(title, align)| kit::cell(&markup::plain(title), *align == Align::Right))
            .collect())
    }

    /// A row of cells; one that is missing is empty, one too many is left out. `cells` are markup.
    fn row(&mut self, columns: &[String], cells: &[String]) -> io::Result<()> {
        write!(self.out, "<tr>")?;
        for (index, open) in columns.iter().enumerate() {
            write!(self.out, "{open}{}</td>", cells.get(index).map(String::as_str).unwrap_or_default())?;
        }
        writeln!(self.out, "</tr>")
    }

    fn close_table(&mut self) -> io::Result<()> {
        writeln!(self.out, "</tbody>\n</table></div>")
    }
}

fn mark(verdict: Verdict) -> &'static str {
    show::mark(verdict, true)
}

fn pill(class: &str, text: &str) -> String {
    format!("<span class=\"pill {class}\">{text}</span>")
}

fn badge(verdict: Verdict) -> String {
    pill(verdict.as_str(), &format!("{} {verdict}", mark(verdict)))
}

fn badge_of(limit: &Limit) -> String {
    match limit.outcome {
        Outcome::Met | Outcome::Breached => badge(limit::verdict(limit).unwrap_or_default()),
        Outcome::Overridden => pill("warn", limit::word(limit)),
        Outcome::NotJudged => pill("note", limit::word(limit)),
    }
}

fn cell(cell: &Cell) -> String {
    const LONG: usize = 48;
    if let Some(number) = show::number(cell) {
        return figures(&number);
    }
    match cell {
        // An address is one word, and may not make the table wider than the page.
        Cell::Text(text) if text.len() > LONG && !text.contains(char::is_whitespace) => {
            kit::name(&escape::name(text))
        }
        Cell::Text(text) => prose(text),
        Cell::Code(name) => code(name),
        Cell::Bar { used, total } => bar(*used, *total),
        Cell::Verdict(verdict) => badge(*verdict),
        Cell::Bytes(_) | Cell::Delta(_) | Cell::Count(_) | Cell::Empty => String::new(),
    }
}

/// A bar with its figure after it: the figure is the content, the picture decoration.
fn bar(used: i64, total: i64) -> String {
    if total <= 0 {
        return show::share(used, total);
    }
    const WIDTH: i128 = 96;
    let filled = (i128::from(used.max(0)) * WIDTH / i128::from(total)).min(WIDTH);
    let (class, colour) = if used > total { ("over", "#cf222e") } else { ("full", "#4c8dd6") };
    format!(
        "<span class=\"bar\"><svg width=\"{WIDTH}\" height=\"8\" viewBox=\"0 0 {WIDTH} 8\" aria-hidden=\"true\">\
         <rect class=\"track\" width=\"{WIDTH}\" height=\"8\" rx=\"2\" fill=\"#d0d7de\"/>\
         <rect class=\"{class}\" width=\"{filled}\" height=\"8\" rx=\"2\" fill=\"{colour}\"/></svg> {}</span>",
        figures(&show::share(used, total))
    )
}

/// Text of a location or name inside an SVG tooltip: shortened harder than in a table, since there are many.
fn brief_name(text: &str) -> String {
    escape::shown(text, 72, "…")
}
