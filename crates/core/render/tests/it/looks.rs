//! What a person sees, in little room: nothing too wide, no broken words, nothing twice.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

use std::collections::BTreeSet;
use std::path::Path;

use lw_model::{Align, Cell, Limit, Measure, Report, Table, Unit};
use lw_render::{Format, Options, render};
use proptest::prelude::*;
use quick_xml::events::Event;
use unicode_width::UnicodeWidthStr;

const CASES: [&str; 6] = ["empty", "fail", "hostile", "matrix", "pass", "wide"];

fn case(name: &str) -> Report {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name).join("report.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn rendered(report: &Report, format: Format, options: &Options) -> String {
    let mut out = Vec::new();
    render(report, format, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn text(report: &Report, width: usize) -> String {
    rendered(report, Format::Text, &Options { width, ..Options::default() })
}

/// Letters and digits that belong together, but for those beside an ellipsis, which are what is left of a word.
fn words(text: &str) -> BTreeSet<String> {
    let is_letter = |c: char| c.is_alphanumeric();
    let mut found = BTreeSet::new();
    let mut word = String::new();
    let mut before = ' ';
    for c in text.chars().chain([' ']) {
        if is_letter(c) {
            word.push(c);
            continue;
        }
        if !word.is_empty() && before != '…' && c != '…' {
            found.insert(word.clone());
        }
        word.clear();
        before = c;
    }
    found
}

/// What a page in text says of a column that has left.
const LEFT_OUT: [&str; 6] = ["Left", "out", "for", "want", "of", "room"];

/// Words of the page at this width that are none at any width.
fn broken(report: &Report, width: usize) -> Vec<String> {
    let (narrow, wide) = (words(&text(report, width)), words(&text(report, 4000)));
    narrow.difference(&wide).filter(|word| !LEFT_OUT.contains(&word.as_str())).cloned().collect()
}

/// Whether a line ends between a number and its unit.
fn is_torn(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    lines.windows(2).find_map(|pair| {
        let [first, second] = pair else { return None };
        let number = first.trim_end().rsplit(' ').next().unwrap_or_default();
        let unit = second.trim_start().split(' ').next().unwrap_or_default();
        let is_number = number.trim_start_matches(['(', '+', '-']).starts_with(|c: char| c.is_ascii_digit())
            && number.ends_with(|c: char| c.is_ascii_digit());
        let is_unit = ["B", "KiB", "MiB", "%", "points", "bytes"]
            .contains(&unit.trim_end_matches([')', ';', ',', '.']));
        (is_number && is_unit).then(|| format!("{first}\n{second}"))
    })
}

fn assert_fits(report: &Report, width: usize) {
    let narrow = text(report, width);
    for line in narrow.lines() {
        assert!(line.width() <= width, "{} > {width}: {line}", line.width());
    }
    assert_eq!(is_torn(&narrow), None, "at {width}");
}

#[test]
fn text_is_never_wider_than_the_terminal() {
    for name in CASES {
        for width in (40..140).step_by(5) {
            assert_fits(&case(name), width);
        }
    }
}

#[test]
fn no_word_is_broken_at_eighty_columns() {
    for name in ["fail", "matrix", "pass", "wide"] {
        let report = case(name);
        let broken = broken(&report, 80);
        assert!(broken.is_empty(), "{name}: {broken:?}\n{}", text(&report, 80));
    }
}

#[test]
fn a_column_that_has_left_is_named() {
    let text = text(&case("wide"), 80);
    let (_, memory) = text.split_once("\n  Memory\n").unwrap();
    let heading = memory.lines().next().unwrap();
    for kept in ["Region", "Used", "Share", "Change"] {
        assert!(heading.contains(kept), "{heading}");
    }
    let (table, _) = memory.split_once("\n\n").unwrap();
    assert!(!heading.contains("Content"), "{heading}");
    assert!(table.contains("Left out for want of room: Size, Content."), "{table}");
}

#[test]
fn before_now_and_change_stand_first() {
    let report = case("wide");
    let text = text(&report, 80);
    let markdown = rendered(&report, Format::Markdown, &Options::default());
    let html = rendered(&report, Format::Html, &Options::default());
    for (page, first, second) in [
        (&text, "Breached limits\n     Measure", "\n  Memory\n"),
        (
            &markdown,
            "| | Subject | Measure | Before | Now | Change | Beyond | Limit | Set by |",
            "#### Memory",
        ),
        (
            &html,
            ">Before</th><th scope=\"col\" align=\"right\">Now</th><th scope=\"col\" align=\"right\">Change</th>",
            ">Memory</h3>",
        ),
    ] {
        let (first, second) = (page.find(first).unwrap(), page.find(second).unwrap());
        assert!(first < second);
    }
    // 45 632 bytes more.
    assert!(text.contains("887,552 B  933,184 B  +45,632 B"), "{text}");
}

/// The tables of a page in text: everything between two titles that has the same lines as something else.
#[test]
fn no_table_is_there_twice() {
    for name in ["fail", "matrix", "pass", "wide"] {
        let report = case(name);
        let markdown = rendered(&report, Format::Markdown, &Options::default());
        let tables: Vec<Vec<&str>> = markdown
            .split("\n\n")
            .filter(|block| block.starts_with('|'))
            .map(|block| block.lines().skip(2).collect())
            .collect();
        let named: Vec<BTreeSet<&str>> =
            tables.iter().map(|rows| rows.iter().filter_map(|row| row.split('`').nth(1)).collect()).collect();
        for (index, (rows, names)) in tables.iter().zip(&named).enumerate() {
            for (other, other_names) in tables.iter().zip(&named).skip(index + 1) {
                assert_ne!(rows, other, "{name}");
                // Two lists of all subjects are one too many.
                let subjects = names.iter().filter(|name| report.subjects().contains(&Some(**name))).count();
                assert!(subjects < 2 || names != other_names, "{name}: {names:?}");
            }
        }
    }
}

/// A page that is whole in 400 pixels: see also `tests/e2e/looks.rs`, which asks a browser.
#[test]
fn every_table_of_a_page_can_scroll_and_fold() {
    let html = rendered(&case("wide"), Format::Html, &Options::default());
    assert_eq!(html.matches("<table").count(), html.matches("<div class=\"scroll\"><table").count());
    assert_eq!(
        html.matches("<svg viewBox=\"0 0 1120").count(),
        html.matches("<div class=\"scroll picture\"><svg").count()
    );
    let (style, _) = html.split_once("</style>").unwrap();
    assert!(style.contains(".scroll {\n  overflow-x: auto;"));
    assert!(style.contains("content: attr(data-title)"));
    // Every value says what it is of, once the headings are gone.
    let mut reader = quick_xml::Reader::from_str(html.strip_prefix("<!DOCTYPE html>\n").unwrap());
    let mut titled = 0;
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => break,
            Event::Start(tag) if tag.name().as_ref() == b"td" => {
                titled += usize::from(tag.try_get_attribute("data-title").unwrap().is_some());
            }
            _ => {}
        }
    }
    assert!(titled > 400, "{titled}");
}

/// The text of a page without its tags, names in code, pictures and titles, which are as they are.
fn sentences(html: &str) -> Vec<String> {
    let mut reader = quick_xml::Reader::from_str(html.strip_prefix("<!DOCTYPE html>\n").unwrap());
    let (mut hidden, mut found) = (0, Vec::new());
    let hides = |name: &[u8]| [&b"code"[..], b"svg", b"title", b"style"].contains(&name);
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return found,
            Event::Start(tag) => hidden += usize::from(hides(tag.name().as_ref())),
            Event::End(tag) => hidden -= usize::from(hides(tag.name().as_ref())),
            Event::Text(text) if hidden == 0 => found.push(String::from_utf8_lossy(&text).into_owned()),
            _ => {}
        }
    }
}

#[test]
fn numbers_and_units_are_bound_in_pages_and_summaries() {
    for name in ["fail", "matrix", "pass", "wide"] {
        let report = case(name);
        let html = sentences(&rendered(&report, Format::Html, &Options::default()));
        let markdown = rendered(&report, Format::Markdown, &Options::default());
        // Every second piece is code.
        let markdown = markdown.split('`').step_by(2).map(str::to_owned);
        let mut bound = 0;
        for text in html.into_iter().chain(markdown) {
            for unit in ["B", "KiB", "MiB", "%", "points"] {
                bound += text.matches(&format!("\u{a0}{unit}")).count();
                for (at, found) in text.match_indices(&format!(" {unit}")) {
                    let number = text[..at].ends_with(|c: char| c.is_ascii_digit());
                    let whole = !text[at + found.len()..].starts_with(char::is_alphanumeric);
                    assert!(!number || !whole, "{name}: {text}");
                }
            }
        }
        assert!(bound > 10, "{name}: {bound}");
    }
}

fn name() -> impl Strategy<Value = String> {
    let piece = "[a-z]{1,9}";
    proptest::collection::vec((piece, proptest::sample::select(&["::", "/", "_", "."][..])), 1..24)
        .prop_map(|pieces| pieces.into_iter().map(|(word, mark)| word + mark).collect::<String>())
}

fn cell() -> impl Strategy<Value = Cell> {
    prop_oneof![
        name().prop_map(Cell::Code),
        "([a-z]{1,9} |[0-9]{1,3} (KiB|B|%) ){0,12}".prop_map(Cell::Text),
        (0i64..100_000_000).prop_map(Cell::Bytes),
        (-1_000_000i64..1_000_000).prop_map(Cell::Delta),
        (0i64..1000, 1i64..1000).prop_map(|(used, total)| Cell::Bar { used, total }),
        Just(Cell::Empty),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_table_fits(
        titles in proptest::collection::vec("(|Before|Now|Change|[A-Z][a-z]{2,10})", 1..9),
        rows in proptest::collection::vec(proptest::collection::vec(cell(), 9), 0..6),
        limited in proptest::collection::vec((name(), 0u64..1_000_000_000), 0..3),
        width in 40usize..130,
    ) {
        let mut report = Report::new("size-gate", "1.2.3");
        let columns: Vec<(&str, Align)> = titles.iter().map(|title| (title.as_str(), Align::Left)).collect();
        let mut table = Table::new("t", "Table", &columns);
        table.rows = rows.into_iter().map(|row| row.into_iter().take(titles.len()).collect()).collect();
        report.tables.push(table);
        for (name, value) in limited {
            let mut measure = Measure::bytes(name, value);
            measure.baseline = Some((value / 2).into());
            measure.limits = Limit::parse(lw_model::Bound::Max, "m=1000", Unit::Bytes, "--max").unwrap().1;
            measure.judge();
            report.measures.push(measure);
        }
        assert_fits(&report, width);
        let broken = broken(&report, width);
        // Below that there may be no room for the longest word beside a number.
        prop_assert!(width < 60 || broken.is_empty(), "{broken:?} in\n{}", text(&report, width));
    }
}
