//! One page for a browser: every test that is not green, with its message, its trace and what it printed last.
//!
//! Each test has an anchor made of its leg, class and name, which is the same in the next run: a link to it can be kept. The
//! page is well-formed XML without scripts, and what is in it is bounded, whatever the tests printed.

use std::fmt::Write as _;
use std::time::Duration;

use lw_cli::Context;
use lw_hashed::{HashMap, HashSet};
use lw_model::{Location, Report, grouped};
use lw_render::{LinkBase, kit};
use lw_results::{Attempt, Case, Counts, Evidence, State, Suite, TestKey};

use crate::inputs::Input;
use crate::places::Places;
use crate::quarantine::Held;

const STYLE: &str = include_str!("page.css");
/// Tests that are shown with all that is known of them, of each kind.
const MOST: usize = 500;
/// Rows of a table.
const ROWS: usize = 2_000;

type Found<'a> = (&'a Input, &'a Suite, &'a Case);

struct Page<'a> {
    out: String,
    link: Option<LinkBase>,
    places: &'a Places<'a>,
    held: &'a Held,
    /// Whether there is more than one file or shard.
    several: bool,
    anchors: HashSet<String>,
    /// The first anchor of each suite.
    of_suite: HashMap<(*const Input, *const Suite), String>,
}

pub(crate) fn render(
    inputs: &[Input],
    held: &Held,
    places: &Places<'_>,
    cx: &Context,
    report: &Report,
) -> String {
    let mut page = Page {
        out: kit::head(&format!("Tests: {}", report.verdict), kit::Style::Inline(STYLE)),
        link: cx.ci_context().blob_base.as_ref().and_then(|base| base.parse().ok()),
        places,
        held,
        several: inputs.len() > 1,
        anchors: HashSet::new(),
        of_suite: HashMap::new(),
    };
    let title = report.title.as_deref().map_or_else(String::new, |title| format!(" · {}", kit::text(title)));
    let summary = kit::sentence(&cx.headline(report));
    page.out.push_str(&kit::banner(report.verdict, &format!("test-report{title}"), &summary, ""));

    let cases =
        || inputs.iter().flat_map(|input| input.run.cases().map(move |(suite, case)| (input, suite, case)));
    let bad: Vec<Found<'_>> = cases().filter(|(.., case)| case.state().is_bad()).collect();
    let flaky: Vec<Found<'_>> = cases().filter(|(.., case)| case.is_flaky()).collect();
    let skipped: Vec<Found<'_>> = cases().filter(|(.., case)| case.state() == State::Skipped).collect();
    let troubles: usize = inputs.iter().map(|input| input.run.troubles.len()).sum();
    page.out.push_str("<nav>\n<ul>\n");
    for (anchor, label, count) in [
        ("outside", "outside tests", troubles),
        ("failed", "failed", bad.len()),
        ("flaky", "flaky", flaky.len()),
        ("skipped", "skipped", skipped.len()),
    ] {
        if count > 0 {
            let count = grouped(i128::try_from(count).unwrap_or(i128::MAX));
            let _ = writeln!(page.out, "<li><a href=\"#{anchor}\">{count} {label}</a></li>");
        }
    }
    page.out.push_str("<li><a href=\"#suites\">suites</a></li>\n</ul>\n</nav>\n");
    page.outside(inputs);
    page.tests("failed", "Failed tests", &bad);
    page.tests("flaky", "Flaky tests", &flaky);
    page.skipped(&skipped);
    page.suites(inputs);
    page.out + &kit::foot(concat!("test-report ", env!("CARGO_PKG_VERSION")))
}

impl Page<'_> {
    fn left_out(&mut self, all: usize, shown: usize) {
        if all > shown {
            let _ = writeln!(self.out, "<p class=\"note\">{} more are not shown.</p>", all - shown);
        }
    }

    fn outside(&mut self, inputs: &[Input]) {
        let all: Vec<_> =
            inputs.iter().flat_map(|input| input.run.troubles.iter().map(move |one| (input, one))).collect();
        if all.is_empty() {
            return;
        }
        self.out.push_str("<h2 id=\"outside\">Outside of tests</h2>\n");
        for (input, trouble) in all.iter().take(MOST) {
            let _ = writeln!(
                self.out,
                "<article>\n<h3>{} {}</h3>\n<p class=\"about\"><code>{}</code></p>",
                kit::text(trouble.kind.as_str()),
                kit::name(&trouble.place),
                kit::name(input.name())
            );
            self.evidence(&trouble.evidence);
            self.out.push_str("</article>\n");
        }
        self.left_out(all.len(), MOST);
    }

    fn tests(&mut self, anchor: &str, title: &str, found: &[Found<'_>]) {
        if found.is_empty() {
            return;
        }
        let _ = writeln!(self.out, "<h2 id=\"{anchor}\">{title}</h2>");
        let start = self.out.len();
        let mut index = String::from("<ul class=\"index\">\n");
        for test in found.iter().take(MOST) {
            let (anchor, name) = self.test(test, anchor == "flaky");
            let _ = writeln!(index, "<li><a href=\"#{anchor}\"><code>{name}</code></a></li>");
        }
        index.push_str("</ul>\n");
        if found.len() > 1 {
            self.out.insert_str(start, &index);
        }
        self.left_out(found.len(), MOST);
    }

    /// A test with all that is known of it; its anchor, and its name as markup.
    fn test(&mut self, &(input, suite, case): &Found<'_>, flaky: bool) -> (String, String) {
        let stem = format!("test-{}", TestKey::new(&input.leg, case).to_hex());
        let mut anchor = stem.clone();
        let mut next = 2_usize;
        while !self.anchors.insert(anchor.clone()) {
            anchor = format!("{stem}-{next}");
            next += 1;
        }
        self.of_suite.entry((input, suite)).or_insert_with(|| anchor.clone());
        let name = kit::name(&case.id());
        let entry = self.held.entry(suite, case).filter(|_| self.held.excuses(suite, case));
        let class = if flaky {
            " class=\"flaky\""
        } else if entry.is_some() {
            " class=\"quarantined\""
        } else {
            ""
        };
        let mut about = vec![kit::text(case.state().as_str())];
        if let Some((entry, _)) = entry {
            let text = format!("in quarantine until {}, owner {}", entry.until_text(), entry.owner);
            about.push(kit::text(&text));
        }
        let place = self.places.of(case).map(|place| self.place(&place));
        about.extend(
            place.or_else(|| case.file.as_deref().map(|file| format!("<code>{}</code>", kit::name(file)))),
        );
        about.extend(case.duration().map(seconds));
        if !suite.name.is_empty() {
            about.push(format!("<code>{}</code>", kit::name(&suite.name)));
        }
        if self.several {
            about.push(format!("<code>{}</code>", kit::name(input.name())));
        }
        let _ = writeln!(
            self.out,
            "<article id=\"{anchor}\"{class}>\n<h3><a href=\"#{anchor}\"><code>{name}</code></a></h3>\n<p class=\"about\">{}</p>",
            about.join(" · ")
        );
        if let Some(evidence) = &case.last.evidence {
            self.evidence(evidence);
        }
        for (index, attempt) in case.earlier.iter().enumerate().take(20) {
            self.attempt(index + 1, attempt);
        }
        self.out.push_str("</article>\n");
        (anchor, name)
    }

    fn attempt(&mut self, number: usize, attempt: &Attempt) {
        let time = attempt.duration.map_or_else(String::new, |time| format!(", {}", seconds(time)));
        let state = kit::text(attempt.state.as_str());
        let _ = writeln!(self.out, "<details><summary>attempt {number}: {state}{time}</summary>");
        if let Some(evidence) = &attempt.evidence {
            self.evidence(evidence);
        }
        self.out.push_str("</details>\n");
    }

    fn place(&self, place: &Location) -> String {
        let text = format!("<code>{}</code>", kit::name(&place.to_string()));
        match self.link.as_ref().and_then(|link| link.href(place)) {
            Some(href) => format!("<a href=\"{}\" rel=\"noopener noreferrer\">{text}</a>", kit::text(&href)),
            None => text,
        }
    }

    fn evidence(&mut self, evidence: &Evidence) {
        for (title, text) in
            [("", &evidence.message), ("trace", &evidence.detail), ("last lines of output", &evidence.output)]
        {
            if text.trim().is_empty() {
                continue;
            }
            if !title.is_empty() {
                let _ = writeln!(self.out, "<p class=\"about\">{title}</p>");
            }
            self.out.push_str("<pre>");
            for (index, line) in text.lines().enumerate() {
                if index > 0 {
                    self.out.push('\n');
                }
                kit::push_text(line, &mut self.out);
            }
            self.out.push_str("</pre>\n");
        }
    }

    fn skipped(&mut self, skipped: &[Found<'_>]) {
        if skipped.is_empty() {
            return;
        }
        self.out.push_str("<h2 id=\"skipped\">Skipped tests</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th align=\"left\">test</th><th align=\"left\">why</th></tr></thead>\n<tbody>\n");
        for (.., case) in skipped.iter().take(ROWS) {
            let why = case.last.evidence.as_deref().and_then(|evidence| evidence.message.lines().next());
            let _ = writeln!(
                self.out,
                "<tr><td><code>{}</code></td><td>{}</td></tr>",
                kit::name(&case.id()),
                kit::text(why.unwrap_or_default())
            );
        }
        self.out.push_str("</tbody>\n</table></div>\n");
        self.left_out(skipped.len(), ROWS);
    }

    fn suites(&mut self, inputs: &[Input]) {
        self.out.push_str("<h2 id=\"suites\">Suites</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th align=\"left\">suite</th>");
        const TITLES: [&str; 4] = ["tests", "passed", "failed", "skipped"];
        for title in TITLES.into_iter().chain(["time"]) {
            let _ = write!(self.out, "<th align=\"right\">{title}</th>");
        }
        self.out.push_str("</tr></thead>\n<tbody>\n");
        let all: Vec<(&Input, &Suite)> = inputs
            .iter()
            .flat_map(|input| input.run.suites.iter().map(move |suite| (input, suite)))
            .collect();
        for &(input, suite) in all.iter().take(ROWS) {
            let mut counts = Counts::default();
            suite.cases.iter().for_each(|case| counts.add(case));
            let time: Option<Duration> = suite
                .cases
                .iter()
                .filter_map(Case::duration)
                .fold(None, |sum, time| Some(sum.unwrap_or_default().saturating_add(time)));
            let plain = if suite.name.is_empty() { input.name() } else { &*suite.name };
            let mut name = format!("<code>{}</code>", kit::name(plain));
            if let Some(anchor) = self.of_suite.get(&(std::ptr::from_ref(input), std::ptr::from_ref(suite))) {
                name = format!("<a href=\"#{anchor}\">{name}</a>");
            }
            if self.several && !suite.name.is_empty() {
                let _ = write!(name, " <span class=\"about\">{}</span>", kit::name(input.name()));
            }
            let _ = write!(self.out, "<tr><td>{name}</td>");
            let failed = counts.failed + counts.errors + counts.not_run;
            let numbers = [counts.total(), counts.passed, failed, counts.skipped];
            for (title, number) in TITLES.iter().zip(numbers) {
                let _ = write!(self.out, "{}{}</td>", kit::cell(title, true), grouped(number.into()));
            }
            let time = time.map(seconds).unwrap_or_default();
            let _ = writeln!(self.out, "{}{time}</td></tr>", kit::cell("time", true));
        }
        self.out.push_str("</tbody>\n</table></div>\n");
        self.left_out(all.len(), ROWS);
    }
}

fn seconds(time: Duration) -> String {
    kit::sentence(&format!("{:.3} s", time.as_secs_f64()))
}
