//! Several reports on one page: chapters of runs, each with its command, its verdict, and what of its report is worth a look
//! there. The whole of a report is on the page of its own tool, which is linked.

use std::io::{self, Write};

use lw_model::{Report, Verdict};

use super::markup::{code, plain, prose};
use super::{Page, STYLE, badge, mark};
use crate::{escape, kit, view};

/// The page as a whole.
#[derive(Clone, Debug)]
pub struct Tour<'a> {
    /// What it is about, in a few words.
    pub title: &'a str,
    /// Whether everything went as it should.
    pub verdict: Verdict,
    /// The outcome in one line.
    pub summary: &'a str,
    /// Its parts, in the order of reading.
    pub chapters: Vec<Chapter<'a>>,
}

/// Some runs that belong together.
#[derive(Clone, Debug)]
pub struct Chapter<'a> {
    /// Its heading.
    pub title: &'a str,
    /// The runs, in order.
    pub runs: Vec<Run<'a>>,
}

/// A run of a tool.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// What it shows, in one sentence.
    pub says: &'a str,
    /// The command that made the report, to be typed as it stands.
    pub command: &'a str,
    /// The report, as it was read back from its file.
    pub report: &'a Report,
    /// The tool's own page of it and other files it wrote, by their paths from this page.
    pub files: Vec<&'a str>,
    /// Ids of the tables that are shown, in the order of the report.
    pub tables: &'a [&'a str],
    /// Whether the breakdowns are shown.
    pub trees: bool,
    /// Markup after that, of [`kit`] and [`graph`](super::graph::figure).
    pub more: String,
}

/// What this page has beside the style of all pages.
const OWN_STYLE: &str = include_str!("tour.css");

/// Rows of a table that is not folded; the others are on the tool's own page.
const ROWS: usize = 20;

/// Writes the page.
///
/// # Errors
/// When `out` fails.
pub fn write(tour: &Tour<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, link: None, pictures: 0 };
    let title = format!("{} {}", mark(tour.verdict), escape::prose(tour.title));
    write!(page.out, "{}", kit::head(&title, kit::Style::Inline(&[STYLE, OWN_STYLE].concat())))?;
    write!(page.out, "{}", kit::banner(tour.verdict, &prose(tour.title), &prose(tour.summary), ""))?;
    page.contents(tour)?;
    let mut number = 0;
    for chapter in &tour.chapters {
        writeln!(page.out, "<section>\n<h2>{}</h2>", prose(chapter.title))?;
        for run in &chapter.runs {
            number += 1;
            page.run(run, number)?;
        }
        writeln!(page.out, "</section>")?;
    }
    let footer = format!("lw-actions · <code>{}</code>", lw_model::SCHEMA);
    write!(page.out, "{}", kit::foot(&footer))
}

impl Page<'_> {
    /// Every chapter, with the outcome of each of its runs.
    fn contents(&mut self, tour: &Tour<'_>) -> io::Result<()> {
        let left = lw_model::Align::Left;
        writeln!(self.out, "<nav class=\"contents\">\n<h2>Contents</h2>")?;
        let columns = self.open_table(&[("", left), ("Run", left), ("Outcome", left)])?;
        let mut number = 0;
        for chapter in &tour.chapters {
            for run in &chapter.runs {
                number += 1;
                let link = format!("<a href=\"#run-{number}\">{}</a>", prose(chapter.title));
                let row = [badge(run.report.worst()), link, prose(&run.report.summary)];
                self.row(&columns, &row)?;
            }
        }
        self.close_table()?;
        writeln!(self.out, "</nav>")
    }

    fn run(&mut self, run: &Run<'_>, number: usize) -> io::Result<()> {
        let report = shown(run);
        writeln!(
            self.out,
            "<article class=\"run\" id=\"run-{number}\">\n<h3>{}</h3>\n<pre class=\"command\"><code>$ {}</code></pre>\n\
             <p class=\"outcome\">{} {}</p>",
            prose(run.says),
            words(run.command),
            badge(run.report.worst()),
            prose(&run.report.summary),
        )?;
        let sections = view::sections(&report);
        self.breaches(&sections, "h4")?;
        for (index, section) in sections.iter().enumerate() {
            self.section(section, &format!("run-{number}-{index}"), false)?;
        }
        self.out.write_all(run.more.as_bytes())?;
        if !run.files.is_empty() {
            let link = |path: &&str| match escape::repository_uri(path) {
                Some(address) => format!("<a href=\"{}\">{}</a>", kit::text(&address), code(path)),
                // What lies elsewhere is not to be followed from here.
                None => code(path),
            };
            let links: Vec<String> = run.files.iter().map(link).collect();
            writeln!(self.out, "<p class=\"files\">All of it: {}</p>", links.join(" · "))?;
        }
        writeln!(self.out, "</article>")
    }
}

/// A command whose lines end between its words, and not inside of a flag.
fn words(command: &str) -> String {
    let words = command.split(' ').map(|word| format!("<span>{}</span>", kit::text(&escape::prose(word))));
    words.collect::<Vec<_>>().join(" ")
}

/// What of the report is on this page: what was decided, and the tables and breakdowns that were asked for.
fn shown(run: &Run<'_>) -> Report {
    let mut report = run.report.clone();
    report.facts.clear();
    report.series.clear();
    report.measures.retain(|measure| !measure.limits.is_empty());
    report.tables.retain(|table| run.tables.contains(&table.id.as_str()));
    if !run.trees {
        report.trees.clear();
    }
    for table in report.tables.iter_mut().filter(|table| !table.folded) {
        let more = table.rows.len().saturating_sub(ROWS);
        if more > 0 {
            table.rows.truncate(ROWS);
            let more = "More of it stands on its own page.";
            table.note = Some(table.note.take().map_or(more.to_owned(), |note| format!("{note} {more}")));
        }
    }
    report
}

/// A document that stands on the page as its readers see it. `markup` is not looked at: it is the caller's.
#[must_use]
pub fn rendered(title: &str, markup: &str) -> String {
    format!("<div class=\"rendered\" role=\"group\" aria-label=\"{}\">\n{markup}</div>\n", plain(title))
}
