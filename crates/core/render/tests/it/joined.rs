//! Many reports in one comment: what stands first, what is left out, and that no word of a report becomes anything but text.
//!
//! What becomes of a comment is asked of comrak, which reads GitHub-flavoured Markdown as GitHub does.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail as tests do")]

use comrak::nodes::NodeValue;
use comrak::{Arena, Options as MarkdownOptions, parse_document};
use lw_model::{Align, Bound, Cell, JudgeOptions, Limit, Measure, Report, Table, Unit, Verdict};
use lw_render::joined::{Comment, JoinOptions, PageLink, Told, join, keep, units};
use proptest::prelude::*;

use crate::hostile;

const RUN: &str = "https://example.org/o/r/actions/runs/7";
const FILES: &str = "https://example.org/o/r/blob/main/";

/// A report with a limit on the image and a number without one.
fn size(subject: Option<&str>, image: u64, before: Option<u64>, max: &str) -> Report {
    let mut report = Report::new("size-gate", "1.2.3");
    for (name, value, limit) in [("image.bytes", image, Some(max)), ("ram.bytes", 50_000, None)] {
        let mut measure = Measure::bytes(name, value);
        measure.subject = subject.map(str::to_owned);
        measure.baseline = before.filter(|_| limit.is_some()).map(Into::into);
        if let Some(limit) = limit {
            let text = format!("{name}={limit}");
            let (_, limits) = Limit::parse(Bound::Max, &text, Unit::Bytes, "--max").unwrap();
            measure.limits = limits;
        }
        report.measures.push(measure);
    }
    report.judge(&JudgeOptions::default());
    report.summary = report.headline(&[]);
    report
}

fn told<'a>(report: &'a Report, name: &'a str) -> Told<'a> {
    Told { report, name, run: None, dropped: 0 }
}

fn joined(all: &[Told<'_>], most: usize, problems: &[String]) -> Comment {
    let (run, link) = (RUN.parse::<PageLink>().unwrap(), FILES.parse().unwrap());
    let options = JoinOptions {
        title: "",
        commit: Some("1234567890abcdef1234567890abcdef12345678"),
        run: Some(&run),
        link: Some(&link),
        problems,
        notes: &[],
        courses: &[],
        most,
    };
    let comment = join(all, &options);
    assert!(units(&comment.text) <= most, "{} > {most}", units(&comment.text));
    comment
}

#[test]
fn a_matrix_of_twelve_boards_is_one_comment_with_the_breach_first() {
    let boards = [
        "esp32", "esp32-s3", "esp32-s2", "esp32-c2", "esp32-c3", "esp32-c5", "esp32-c6", "esp32-h2",
        "esp32-p4", "esp8266", "rp2040", "nrf52840",
    ];
    let reports: Vec<Report> = (0u64..)
        .zip(boards)
        .map(|(at, board)| {
            size(Some(board), 900_000 + at, Some(900_000), if at == 1 { "900000" } else { "1MiB" })
        })
        .collect();
    let all: Vec<Told<'_>> = reports.iter().map(|report| told(report, "")).collect();
    let comment = joined(&all, 65_000, &[]);
    assert_eq!((comment.verdict, comment.is_news), (Verdict::Fail, true));
    let mut lines = comment.text.lines();
    assert_eq!(lines.next(), Some("## ❌ Failed (1 of 12 reports): image.bytes of `esp32-s3` 1\u{a0}B over"));
    let rows: Vec<&str> = comment
        .text
        .lines()
        .take_while(|line| !line.starts_with("<details"))
        .filter(|line| line.starts_with("| ✅") || line.starts_with("| ❌"))
        .collect();
    assert_eq!(rows.len(), 12, "{}", comment.text);
    assert_eq!(
        rows[0],
        "| ❌ | `esp32-s3` | `image.bytes` | 900,000\u{a0}B | 900,001\u{a0}B | +1\u{a0}B (+0.00\u{a0}%) | **1\u{a0}B over**, max 900,000\u{a0}B (`--max`) |"
    );
    // What changed stands before what did not.
    assert!(
        rows[11].contains("`esp32` | `image.bytes` | 900,000\u{a0}B | 900,000\u{a0}B | unchanged"),
        "{}",
        rows[11]
    );
    assert_eq!(comment.text.matches("<details>").count(), 12);
    assert_eq!((comment.rows_left_out, comment.reports_left_out), (0, 0));
}

#[test]
fn all_as_it_was_is_no_news() {
    let report = size(None, 5, Some(5), "9");
    let comment = joined(&[told(&report, "")], 65_000, &[]);
    assert_eq!((comment.verdict, comment.is_news), (Verdict::Pass, false));
    assert!(comment.text.starts_with("## ✅ Passed: 1 limit met\n"), "{}", comment.text);
    assert!(joined(&[told(&size(None, 6, Some(5), "9"), "")], 65_000, &[]).is_news);
    // A number that is compared with nothing is not news, a limit that nobody judged is.
    assert!(!joined(&[told(&size(None, 6, None, "9"), "")], 65_000, &[]).is_news);
    assert!(joined(&[told(&size(None, 6, None, "50%"), "")], 65_000, &[]).is_news);
}

#[test]
fn what_could_not_be_joined_makes_it_an_error() {
    let report = size(None, 5, Some(5), "9");
    let comment = joined(&[told(&report, "")], 65_000, &["a.json: line 1, column 1: EOF".into()]);
    assert_eq!(comment.verdict, Verdict::Error);
    assert!(
        comment.text.starts_with("## 💥 Not everything could be judged: a.json: line 1, column 1: EOF\n")
    );
    let comment = joined(&[], 65_000, &["nothing".into()]);
    assert_eq!(comment.verdict, Verdict::Error);
    // Nothing was seen, so nothing passed.
    let comment = joined(&[], 65_000, &[]);
    assert_eq!((comment.verdict, comment.is_news), (Verdict::Warn, true));
    assert!(comment.text.starts_with("## ⚠️ There is no report\n"), "{}", comment.text);
}

#[test]
fn what_matters_least_is_left_out_first_and_that_is_said() {
    let reports: Vec<Report> = (0..300u64)
        .map(|at| {
            size(
                Some(&format!("board-{at}")),
                900_000 + at,
                Some(900_000),
                if at == 250 { "5" } else { "1MiB" },
            )
        })
        .collect();
    let all: Vec<Told<'_>> = reports.iter().map(|report| told(report, "")).collect();
    for most in [1_500, 4_000, 65_000] {
        let comment = joined(&all, most, &[]);
        assert!(
            comment.text.starts_with("## ❌ Failed (1 of 300 reports): image.bytes of `board-250`"),
            "{}",
            comment.text
        );
        assert!(comment.rows_left_out >= 200, "{}", comment.rows_left_out);
        let said = comment.text.lines().last().unwrap();
        let rows = format!("{} rows of the table", comment.rows_left_out);
        assert!(said.contains(&rows) && said.contains(RUN), "{said}");
        if most > 3_000 {
            let first = comment.text.lines().find(|line| line.starts_with("| ❌")).unwrap();
            assert!(first.contains("`board-250`"));
            // The greatest change comes next.
            let next = comment.text.lines().find(|line| line.starts_with("| ✅")).unwrap();
            assert!(next.contains("`board-299`"), "{next}");
        }
    }
}

#[test]
fn what_pushed_it_over_is_told() {
    let mut report = size(None, 9, Some(5), "8");
    let mut table = Table::new("growers", "Grown most", &[("Symbol", Align::Left), ("Change", Align::Right)]);
    for (name, delta) in [("small", 1), ("shrunk", -50), ("wifi", 12_345), ("same", 0)] {
        table.rows.push(vec![Cell::Code(name.into()), Cell::Delta(delta)]);
    }
    report.tables.push(table);
    report.tables.push(Table::new("other", "Other", &[("A", Align::Left)]));
    assert_eq!(keep(&mut report), 0);
    let comment = joined(&[told(&report, "")], 65_000, &[]);
    assert!(
        comment.text.contains("- Grown most: `wifi` +12,345\u{a0}B, `small` +1\u{a0}B\n"),
        "{}",
        comment.text
    );
    assert!(!comment.text.contains("shrunk"));
}

#[test]
fn a_report_is_kept_to_what_matters_and_the_rest_is_counted() {
    let mut report = size(None, 9, Some(5), "8");
    for at in 0..5_000u64 {
        let mut measure = Measure::bytes(format!("symbol.{at}"), at);
        measure.baseline = Some(if at % 2 == 0 { at } else { at + 1 }.into());
        report.measures.push(measure);
    }
    let dropped = keep(&mut report);
    assert_eq!((report.measures.len(), dropped), (200, 2_301));
    assert_eq!(report.measures[0].name, "image.bytes");
    let told = Told { dropped, ..told(&report, "") };
    let comment = joined(&[told], 65_000, &[]);
    assert_eq!(comment.rows_left_out, 2_301);
    // What is limited, what changed most, and the rest where it is folded.
    let table = comment.text.lines().take_while(|line| !line.starts_with("<details>"));
    assert_eq!(table.filter(|line| line.contains("`symbol.")).count(), 12);
    assert!(comment.text.contains("\n187 more measures changed less: they are in the reports below.\n"));
}

#[test]
fn a_share_that_stays_is_no_change() {
    let count = |name: &str, now: u64, all: u64, before: u64, of: u64| {
        let mut measure = Measure::count(name, now).out_of(all);
        (measure.baseline, measure.baseline_whole) = (Some(before.into()), Some(of.into()));
        measure
    };
    let mut report = Report::new("test-report", "1.0.0");
    report.measures = vec![count("all", 7, 7, 6, 6), count("none", 0, 7, 0, 6), count("half", 3, 6, 3, 7)];
    assert_eq!(keep(&mut report), 0);
    let names: Vec<_> = report.measures.iter().map(|measure| &*measure.name).collect();
    assert_eq!(names, ["half"]);
}

#[test]
fn lengths_are_those_of_javascript() {
    assert_eq!(units("a日🦀"), 4);
    assert_eq!(units(&"🦀".repeat(32_500)), 65_000);
}

#[test]
fn only_web_addresses_become_links_to_runs() {
    for bad in
        ["javascript:alert(1)", "https://x/)[y](z", "https://x/ y", "data:text/html,x", "https://x/\u{202e}"]
    {
        assert!(bad.parse::<PageLink>().is_err(), "{bad}");
    }
}

/// What GitHub makes of Markdown.
fn github() -> MarkdownOptions<'static> {
    let mut options = MarkdownOptions::default();
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.math_dollars = true;
    options.extension.math_code = true;
    options.extension.alerts = true;
    options.render.r#unsafe = true;
    options
}

/// Letters after which GitHub would look for somebody or something, in a text that a reader sees.
fn refers(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let follows = |mark: char, is: fn(char) -> bool| {
        text.char_indices().any(|(at, c)| c == mark && text[at + c.len_utf8()..].starts_with(is))
    };
    follows('@', |c| c.is_ascii_alphanumeric())
        || follows('#', |c| c.is_ascii_digit())
        || lower.match_indices("gh-").any(|(at, _)| lower[at + 3..].starts_with(|c: char| c.is_ascii_digit()))
}

/// A text with its numeric character references as characters.
fn decoded(text: &str) -> String {
    let mut parts = text.split("&#");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let reference = part
            .split_once(';')
            .and_then(|(number, rest)| Some((char::from_u32(number.parse().ok()?)?, rest)));
        match reference {
            Some((c, rest)) => {
                out.push(c);
                out.push_str(rest);
            }
            None => {
                out.push_str("&#");
                out.push_str(part);
            }
        }
    }
    out
}

/// Nothing but the parts we write comes out of the comment.
fn assert_ours(text: &str) {
    let arena = Arena::new();
    let document = parse_document(&arena, text, &github());
    let mut headings = 0;
    let (mut open, mut closed) = (0, 0);
    for node in document.descendants() {
        let value = &node.data.borrow().value;
        match value {
            NodeValue::Heading(_) => headings += 1,
            NodeValue::Link(link) => {
                assert!(link.url == RUN || link.url.starts_with(FILES), "a link to {}: {text}", link.url);
                assert!(link.title.is_empty());
            }
            NodeValue::Text(words) => assert!(!refers(words), "{words}: {text}"),
            NodeValue::HtmlBlock(block) => {
                for line in block.literal.lines() {
                    match line {
                        "</details>" => closed += 1,
                        _ => {
                            let inside = line
                                .strip_prefix("<details><summary>")
                                .and_then(|rest| rest.strip_suffix("</summary>"))
                                .unwrap_or_else(|| panic!("HTML that is not ours: {line}"));
                            // A character reference is no reference to an issue.
                            let seen = decoded(inside);
                            assert!(!inside.contains(['<', '>']) && !refers(&seen), "{inside}");
                            open += 1;
                        }
                    }
                }
            }
            NodeValue::HtmlInline(tag) => {
                assert!(["<code>", "</code>"].contains(&tag.as_str()), "{tag}: {text}");
            }
            NodeValue::Document
            | NodeValue::Paragraph
            | NodeValue::List(_)
            | NodeValue::Item(_)
            | NodeValue::Table(_)
            | NodeValue::TableRow(_)
            | NodeValue::TableCell
            | NodeValue::Code(_)
            | NodeValue::Strong
            | NodeValue::Emph
            | NodeValue::SoftBreak => {}
            other => panic!("{other:?} came out of {text}"),
        }
    }
    assert_eq!((headings, open), (1, closed), "{text}");
    assert_eq!(open, text.matches("<details>").count());
    assert!(text.starts_with("## "));
    hostile::assert_plain(text);
    hostile::assert_tables(text);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_word_of_a_report_becomes_more_than_text(
        texts in proptest::collection::vec(hostile::foreign(), 1..24),
        most in prop_oneof![Just(65_000usize), 3_000usize..20_000],
        kept: bool,
    ) {
        let mut reports = [hostile::report(&texts), hostile::report(&texts[..1]), size(Some(&texts[0]), 9, Some(3), "5")];
        if kept {
            for report in &mut reports {
                keep(report);
            }
        }
        let name = texts.last().unwrap();
        let all: Vec<Told<'_>> = reports.iter().map(|report| told(report, name)).collect();
        let (run, link) = (RUN.parse::<PageLink>().unwrap(), FILES.parse().unwrap());
        let options = JoinOptions {
            title: &texts[0],
            commit: Some(name),
            run: Some(&run),
            link: Some(&link),
            problems: &texts,
            notes: &texts,
            courses: &[],
            most: most.max(60_000),
        };
        assert_ours(&join(&all, &options).text);
        assert_ours(&joined(&all, most, &[]).text);
    }
}

#[test]
fn a_megabyte_in_every_field_fits() {
    let texts = ["<|`\u{202e}\n", "a", "日", "🦀"].map(|text| text.repeat(1_000_000 / text.len()));
    let report = hostile::report(&texts);
    let all = vec![told(&report, &texts[1]); 5];
    assert_ours(&joined(&all, 65_000, &texts).text);
}
