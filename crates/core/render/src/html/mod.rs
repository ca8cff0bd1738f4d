//! One page for a browser: no script, no external resource, and nothing lost without its style sheet.
//!
//! Jenkins serves reports under a policy that drops every style (`default-src 'none'`), so the
//! order of the elements, tables with their own alignment, bars with figures and pictures made of presentation
//! attributes carry the whole content; the style sheet only makes it pleasant. The page is also
//! well-formed XML, which lets a test prove that nothing foreign became markup.

mod breakdown;
mod markup;
mod prune;
mod squarify;
mod treemap;
mod trend;

use std::io::{self, Write};

use lw_model::{Align, Cell, Finding, Limit, Location, Measure, Outcome, Report, Table, Verdict};

use self::markup::{code, prose};
use crate::view::{self, Section};
use crate::{LinkBase, Options, escape, kit, limit, show};

/// The style sheet: light and dark by the reader's preference, and fit for paper.
const STYLE: &str = include_str!("style.css");

pub(crate) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, link: options.link.as_ref(), pictures: 0 };
    let sections = view::sections(report);
    page.head(report)?;
    page.verdict(report)?;
    let matrix = view::is_matrix(&sections);
    if matrix {
        page.overview(&sections)?;
    } else {
        // Of a single subject the facts say what was judged, so they come before the judgement.
        for section in &sections {
            page.facts(section)?;
        }
    }
    page.breaches(&sections)?;
    for (index, section) in sections.iter().enumerate() {
        page.section(section, index, matrix)?;
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

    /// What pushed it over: of all subjects, before anything else.
    fn breaches(&mut self, sections: &[Section<'_>]) -> io::Result<()> {
        if sections.iter().all(|section| section.breaches().is_empty()) {
            return Ok(());
        }
        let matrix = view::is_matrix(sections);
        let grown =
            sections.iter().flat_map(Section::breaches).any(|(measure, _)| measure.baseline.is_some());
        writeln!(self.out, "<section>\n<h2>Breached limits</h2>")?;
        let mut columns = vec![("", Align::Left)];
        columns.extend(matrix.then_some(("Subject", Align::Left)));
        columns.extend([
            ("Measure", Align::Left),
            ("Value", Align::Right),
            ("Beyond", Align::Right),
            ("Limit", Align::Left),
        ]);
        columns.extend(grown.then_some(("Since the baseline", Align::Right)));
        columns.push(("Set by", Align::Left));
        self.open_table(&columns)?;
        for section in sections {
            for (measure, limit) in section.breaches() {
                write!(self.out, "<tr>{}", td(&badge_of(limit)))?;
                if matrix {
                    write!(self.out, "{}", td(&section.subject.map(code).unwrap_or_default()))?;
                }
                let origin = match &limit.location {
                    Some(location) => self.place(location),
                    None => code(&limit.origin),
                };
                write!(
                    self.out,
                    "{}{}{}{}",
                    td(&code(&measure.name)),
                    right(&measure.unit.brief(measure.value)),
                    right(&format!("<strong>{}</strong>", limit::standing(measure, limit))),
                    format_args!("<td nowrap=\"nowrap\">{}</td>", limit::terms(measure, limit)),
                )?;
                if grown {
                    write!(self.out, "{}", right(&show::measure_growth(measure)))?;
                }
                writeln!(self.out, "{}</tr>", td(&origin))?;
            }
        }
        self.close_table()?;
        writeln!(self.out, "</section>")
    }

    fn overview(&mut self, sections: &[Section<'_>]) -> io::Result<()> {
        writeln!(self.out, "<nav>\n<h2>Subjects</h2>\n<ul class=\"subjects\">")?;
        for (index, section) in sections.iter().enumerate() {
            if let Some(subject) = section.subject {
                let (badge, subject) = (badge(section.verdict), code(subject));
                writeln!(self.out, "<li>{badge} <a href=\"#subject-{index}\">{subject}</a></li>")?;
            }
        }
        writeln!(self.out, "</ul>\n</nav>")
    }

    fn section(&mut self, section: &Section<'_>, index: usize, matrix: bool) -> io::Result<()> {
        writeln!(self.out, "<section id=\"subject-{index}\">")?;
        if let Some(subject) = section.subject {
            writeln!(self.out, "<h2 class=\"subject\">{} {}</h2>", code(subject), badge(section.verdict))?;
        }
        if matrix {
            self.facts(section)?;
        }
        self.findings(section)?;
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
        self.measures(section)?;
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
            let rows = show::counted(table.rows.len(), "row");
            writeln!(self.out, "<details><summary>{title} <small>{rows}</small></summary>")?;
        } else {
            writeln!(self.out, "<h3>{title}</h3>")?;
        }
        if !table.columns.is_empty() {
            let titles: Vec<_> =
                table.columns.iter().map(|column| (prose(&column.title), column.align)).collect();
            self.open_table(
                &titles.iter().map(|(title, align)| (title.as_str(), *align)).collect::<Vec<_>>(),
            )?;
            for row in &table.rows {
                let mut cells = row.iter();
                write!(self.out, "<tr>")?;
                for column in &table.columns {
                    let text = cells.next().map(cell).unwrap_or_default();
                    write!(
                        self.out,
                        "{}",
                        if column.align == Align::Right { right(&text) } else { td(&text) }
                    )?;
                }
                writeln!(self.out, "</tr>")?;
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

    /// Everything measured, with its limits; what has none is folded.
    fn measures(&mut self, section: &Section<'_>) -> io::Result<()> {
        let (limited, free): (Vec<&Measure>, Vec<&Measure>) =
            section.measures.iter().copied().partition(|measure| !measure.limits.is_empty());
        if !limited.is_empty() {
            writeln!(self.out, "<h3>Limits</h3>")?;
            self.measure_table(&limited)?;
        }
        if !free.is_empty() {
            let count = show::counted(free.len(), "measure");
            writeln!(self.out, "<details><summary>Without a limit <small>{count}</small></summary>")?;
            self.measure_table(&free)?;
            writeln!(self.out, "</details>")?;
        }
        Ok(())
    }

    fn measure_table(&mut self, measures: &[&Measure]) -> io::Result<()> {
        let any = |has: fn(&Measure) -> bool| measures.iter().any(|measure| has(measure));
        let limits = any(|measure| !measure.limits.is_empty());
        let share = any(|measure| measure.whole.is_some());
        let baseline = any(|measure| measure.baseline.is_some());
        let mut columns = vec![("Measure", Align::Left), ("Value", Align::Right)];
        columns.extend(share.then_some(("Share", Align::Left)));
        columns.extend(baseline.then_some(("Baseline", Align::Right)));
        columns.extend(baseline.then_some(("Change", Align::Right)));
        columns.extend(limits.then_some(("Limits", Align::Left)));
        self.open_table(&columns)?;
        for measure in measures {
            write!(
                self.out,
                "<tr>{}{}",
                td(&code(&measure.name)),
                right(&measure.unit.brief(measure.value))
            )?;
            if share {
                let bar = match (measure.value, measure.whole) {
                    (lw_model::Number::Integer(used), Some(lw_model::Number::Integer(total))) => {
                        bar(used, total)
                    }
                    _ => String::new(),
                };
                write!(self.out, "{}", td(&bar))?;
            }
            if baseline {
                let base = measure.baseline.map(|value| measure.unit.brief(value));
                write!(
                    self.out,
                    "{}{}",
                    right(&base.unwrap_or_default()),
                    right(&show::measure_delta(measure))
                )?;
            }
            if limits {
                let lines: Vec<_> = measure.limits.iter().map(|limit| self.limit(measure, limit)).collect();
                write!(self.out, "<td class=\"limits\">{}</td>", lines.join("<br/>"))?;
            }
            writeln!(self.out, "</tr>")?;
        }
        self.close_table()
    }

    fn limit(&self, measure: &Measure, limit: &Limit) -> String {
        let origin = match &limit.location {
            Some(location) => self.place(location),
            None => code(&limit.origin),
        };
        let (terms, standing) = (limit::terms(measure, limit), limit::standing(measure, limit));
        format!("{} {terms}: {standing} <small>{origin}</small>", badge_of(limit))
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

    fn open_table(&mut self, columns: &[(&str, Align)]) -> io::Result<()> {
        write!(self.out, "<div class=\"scroll\"><table cellpadding=\"4\">\n<thead><tr>")?;
        for (title, align) in columns {
            let align = if *align == Align::Right { "right" } else { "left" };
            write!(self.out, "<th scope=\"col\" align=\"{align}\">{title}</th>")?;
        }
        writeln!(self.out, "</tr></thead>\n<tbody>")
    }

    fn close_table(&mut self) -> io::Result<()> {
        writeln!(self.out, "</tbody>\n</table></div>")
    }
}

fn mark(verdict: Verdict) -> &'static str {
    show::mark(verdict, true)
}

fn td(html: &str) -> String {
    format!("<td>{html}</td>")
}

/// Numbers are right-aligned by an attribute, so that they are without a style sheet too.
fn right(html: &str) -> String {
    format!("<td align=\"right\">{html}</td>")
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
    if let Some(number) = show::number(cell) {
        return number;
    }
    match cell {
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
        show::share(used, total)
    )
}

/// Text of a location or name inside an SVG tooltip: shortened harder than in a table, since there are many.
fn brief_name(text: &str) -> String {
    escape::shown(text, 72, "…")
}
