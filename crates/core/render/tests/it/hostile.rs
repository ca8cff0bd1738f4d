//! Whatever stands in a report, each format stays what it is.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail as tests do")]

use std::collections::BTreeSet;

use lw_model::{
    Align, Bound, Cell, Fact, Finding, Level, Limit, Location, Measure, Node, Override, Point, Report,
    Series, Table, Tree, Unit, Verdict,
};
use lw_render::graph::Graph;
use lw_render::tour::{self, Chapter, Run, Tour};
use lw_render::{Format, Options, render};
use proptest::prelude::*;
use quick_xml::events::Event;

/// What has broken such a format somewhere before.
const FRAGMENTS: [&str; 37] = [
    "::set-output name=a::b",
    "##[add-mask]x",
    "</script>",
    "</title></style>",
    "<img src=x onerror=alert(1)>",
    "]]>",
    "-->",
    "|",
    "\\|",
    "`",
    "```",
    "\u{202e}",
    "\0",
    "\r",
    "\n",
    "\u{1b}[2J",
    "\u{85}\u{2028}",
    "\u{fffe}\u{e0001}",
    "@octocat",
    "#1",
    "GH-1",
    "o/r#1",
    "https://evil.example/x",
    "www.evil.example",
    "me@evil.example",
    "![x](https://evil.example/x.png)",
    "<!-- lw pr-comment key=x -->",
    "\n\n## heading\n\n> [!WARNING]\n> x\n",
    "~~~",
    "</details>",
    "$x$ [^1]",
    "[x](javascript:alert(1))",
    "&amp;&#0;",
    "\"'",
    "/../..",
    "%0A",
    "日本🦀",
];

pub(crate) fn foreign() -> impl Strategy<Value = String> {
    let piece =
        prop_oneof![4 => proptest::sample::select(&FRAGMENTS[..]).prop_map(String::from), 1 => ".{0,6}"];
    proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

/// A report with these texts in all of its fields, again and again.
pub(crate) fn report(texts: &[String]) -> Report {
    let mut texts = texts.iter().cycle().cloned();
    let mut text = || texts.next().unwrap_or_default();
    let mut report = Report::new(text(), text());
    report.verdict = Verdict::Fail;
    report.summary = text();
    for subject in [None, Some(text())] {
        report.facts.push(Fact { name: text(), subject: subject.clone(), value: text() });
        for (bound, on_breach, value) in [
            (Bound::Max, Verdict::Fail, 9),
            (Bound::Min, Verdict::Warn, 1),
            (Bound::MaxGrowth, Verdict::Fail, 5),
        ] {
            let (_, mut limits) = Limit::parse(bound, "m=5", Unit::Bytes, &text()).unwrap();
            limits[0].on_breach = on_breach;
            limits[0].location = Some(Location::line(text(), 0));
            let mut measure = Measure::bytes(text(), value).out_of(8);
            measure.subject = subject.clone();
            measure.limits = limits;
            measure.judge();
            report.measures.push(measure);
        }
        for level in [Level::Note, Level::Error] {
            let mut finding = Finding::new(text(), level, &text(), text()).help(text());
            finding.subject = subject.clone();
            finding.location =
                Some(Location { path: text(), line: Some(0), end_line: Some(9), column: Some(0) });
            report.findings.push(finding);
        }
        let mut table = Table::new(text(), text(), &[(&text(), Align::Left), (&text(), Align::Right)]);
        table.subject = subject.clone();
        table.folded = subject.is_some();
        table.note = Some(text());
        table.rows.push(vec![Cell::Text(text()), Cell::Code(text())]);
        table.rows.push(vec![Cell::Code(text())]);
        table.rows.push(vec![Cell::Empty, Cell::Bar { used: 3, total: 2 }, Cell::Text(text())]);
        report.tables.push(table);
        let points = [1i64, 2].map(|value| Point { label: text(), value: value.into() });
        report.series.push(Series {
            name: text(),
            subject: subject.clone(),
            unit: Unit::Bytes,
            points: points.into(),
        });
        let mut leaf = Node::leaf(text(), 40).role(&text());
        leaf.label = Some(text().into());
        report.trees.push(Tree {
            name: text(),
            subject,
            unit: Unit::Bytes,
            levels: vec![text(), text()],
            root: Node::sum(
                text(),
                vec![Node::sum(text(), vec![leaf, Node::leaf(text(), 3)]), Node::leaf(text(), 9)],
            ),
        });
    }
    report.overrides.push(Override { reason: text(), origin: text(), measures: vec![text()] });
    report
}

fn rendered(report: &Report, format: Format) -> String {
    let options =
        Options { link: Some("https://example.org/blob/main".parse().unwrap()), ..Options::default() };
    let mut out = Vec::new();
    render(report, format, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Nothing moves the cursor, turns the direction of the text or hides.
pub(crate) fn assert_plain(text: &str) {
    let hidden = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}')
    };
    let found = text.chars().find(|c| hidden(*c));
    assert_eq!(found, None, "in {text}");
}

/// Well-formed XML; returns the names of its elements and attributes.
fn xml_names(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut reader = quick_xml::Reader::from_str(text);
    let mut depth = 0;
    loop {
        let event =
            reader.read_event().unwrap_or_else(|error| panic!("{error} at {}", reader.error_position()));
        match event {
            Event::Eof => break,
            Event::Start(tag) | Event::Empty(tag) if tag.attributes().any(|attribute| attribute.is_err()) => {
                panic!("attributes of {tag:?}")
            }
            Event::Start(tag) => {
                depth += 1;
                names.insert(String::from_utf8_lossy(tag.name().as_ref()).into_owned());
                names.extend(
                    tag.attributes()
                        .flatten()
                        .map(|a| format!("@{}", String::from_utf8_lossy(a.key.as_ref()))),
                );
            }
            Event::Empty(tag) => {
                names.insert(String::from_utf8_lossy(tag.name().as_ref()).into_owned());
                names.extend(
                    tag.attributes()
                        .flatten()
                        .map(|a| format!("@{}", String::from_utf8_lossy(a.key.as_ref()))),
                );
            }
            Event::End(_) => depth -= 1,
            Event::Comment(_) | Event::CData(_) | Event::PI(_) => panic!("{event:?} was never written by us"),
            Event::GeneralRef(name) => {
                let name = String::from_utf8_lossy(&name).into_owned();
                assert!(["amp", "lt", "gt", "quot", "#39", "apos"].contains(&name.as_str()), "&{name};");
            }
            _ => {}
        }
    }
    assert_eq!(depth, 0);
    names
}

/// Cells of a table row as GitHub counts them: a backslash takes the next character with it.
fn cells(line: &str) -> usize {
    let mut cells = 0;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '|' => cells += 1,
            _ => {}
        }
    }
    cells - 1
}

pub(crate) fn assert_tables(markdown: &str) {
    let mut columns = None;
    for line in markdown.lines() {
        if line.starts_with('|') {
            let count = cells(line);
            assert_eq!(*columns.get_or_insert(count), count, "{line}");
        } else {
            columns = None;
        }
    }
}

fn assert_sarif(sarif: &str) {
    let log: serde_json::Value = serde_json::from_str(sarif).unwrap();
    for result in log["runs"][0]["results"].as_array().unwrap() {
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(
            !uri.is_empty() && !uri.starts_with('/') && !uri.split('/').any(|part| part == ".."),
            "{uri}"
        );
        assert!(uri.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%".contains(&b)), "{uri}");
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
        assert!(!result["message"]["text"].is_null());
        assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string());
    }
}

/// The report among others on one page, with all that a page of several reports can have.
fn toured(report: &Report) -> String {
    let tables: Vec<&str> = report.tables.iter().map(|table| table.id.as_str()).collect();
    let mut graph = Graph::default();
    graph.needs("the product", &report.summary);
    let run = || Run {
        says: &report.summary,
        command: &report.tool.name,
        report,
        files: vec![report.summary.as_str()],
        tables: &tables,
        trees: true,
        more: graph.figure("graph", &report.summary),
    };
    let chapters = vec![Chapter { title: &report.summary, runs: vec![run()] }];
    let tour = Tour { title: &report.tool.name, verdict: report.verdict, summary: &report.summary, chapters };
    let mut page = Vec::new();
    tour::write(&tour, &mut page).unwrap();
    String::from_utf8(page).unwrap()
}

/// Every format but JSON, which keeps all text as it is.
fn assert_every_format(report: &Report) {
    assert_plain(&rendered(report, Format::Text));

    let markdown = rendered(report, Format::Markdown);
    assert_plain(&markdown);
    assert_tables(&markdown);

    let html = rendered(report, Format::Html);
    assert_plain(&html);
    let benign = xml_names(&rendered(
        &self::report(&["words::of::some::length".to_owned(), "word `name`".to_owned()]),
        Format::Html,
    ));
    let names = xml_names(html.strip_prefix("<!DOCTYPE html>\n").unwrap());
    let foreign: Vec<_> = names.difference(&benign).collect();
    assert!(foreign.is_empty(), "became markup: {foreign:?}");

    let page = toured(report);
    assert_plain(&page);
    let benign = self::report(&["words::of::some::length".to_owned(), "word `name`".to_owned()]);
    let benign = xml_names(toured(&benign).strip_prefix("<!DOCTYPE html>\n").unwrap());
    let names = xml_names(page.strip_prefix("<!DOCTYPE html>\n").unwrap());
    let foreign: Vec<_> = names.difference(&benign).collect();
    assert!(foreign.is_empty(), "became markup: {foreign:?}");

    let junit = rendered(report, Format::Junit);
    assert_plain(&junit);
    xml_names(&junit);
    quick_junit::Report::deserialize_from_str(&junit).unwrap();

    assert_sarif(&rendered(report, Format::Sarif));
}

fn assert_reads_back(report: &Report) {
    let json = rendered(report, Format::Json);
    assert_eq!(&serde_json::from_str::<Report>(&json).unwrap(), report);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn each_format_stays_what_it_is(texts in proptest::collection::vec(foreign(), 1..24)) {
        let report = report(&texts);
        assert_every_format(&report);
        assert_reads_back(&report);
    }
}

#[test]
fn a_megabyte_in_every_field_is_shortened() {
    let texts = ["<|`\u{202e}\n", "a", "日", "\0"].map(|text| text.repeat(1_000_000 / text.len()));
    let report = report(&texts);
    assert_every_format(&report);
    for format in [Format::Text, Format::Markdown, Format::Html, Format::Junit, Format::Sarif] {
        let length = rendered(&report, format).len();
        assert!(length < 500_000, "{format}: {length}");
    }
}

#[test]
fn decimals_read_back_to_the_last_bit() {
    let mut report = Report::new("bench", "1.2.3");
    for value in [0.1 + 0.2, 5e-324, f64::MAX, 1.0 / 3.0, -0.0, 123_456_789.123_456_78] {
        let mut measure = Measure::bytes("x.duration", 0);
        measure.value = value.into();
        measure.unit = Unit::Seconds;
        report.measures.push(measure);
    }
    assert_eq!(serde_json::from_str::<Report>(&rendered(&report, Format::Json)).unwrap(), report);
    for format in Format::ALL {
        assert!(!rendered(&report, format).is_empty());
    }
}
