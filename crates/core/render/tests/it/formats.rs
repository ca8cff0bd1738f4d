//! What the readers of the formats ask for.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail as tests do")]

use std::path::Path;

use lw_model::{Node, Report, Tree, Unit};
use lw_render::{Format, Options, render, text_parts};

fn rendered(report: &Report, format: Format, options: &Options) -> String {
    let mut out = Vec::new();
    render(report, format, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn case(name: &str) -> Report {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name).join("report.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn sarif_is_valid_by_the_schema_of_oasis() {
    let Some(schema) = lw_testkit::shared_fixture("sbom/schemas/sarif-2.1.0.schema.json") else { return };
    let mut schema: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    // The pattern of a language has a bracket too many, which ECMAScript forgives and a stricter engine does not;
    // we write no language.
    for object in ["run", "toolComponent"] {
        schema["definitions"][object]["properties"]["language"].as_object_mut().unwrap().remove("pattern");
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    for name in ["pass", "fail", "matrix", "hostile", "empty"] {
        let log = serde_json::from_str(&rendered(&case(name), Format::Sarif, &Options::default())).unwrap();
        let errors: Vec<_> =
            validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

#[test]
fn the_parts_of_the_text_are_the_text() {
    for name in ["pass", "fail", "matrix", "hostile", "empty"] {
        let parts = text_parts(&case(name), &Options::default()).unwrap();
        let text: Vec<u8> = parts.iter().flat_map(|part| part.text.clone()).collect();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            rendered(&case(name), Format::Text, &Options::default())
        );
        for part in parts.iter().filter(|part| part.subject.is_some()) {
            let heading = part.text.splitn(3, |byte| *byte == b'\n').nth(1).unwrap();
            assert!(part.text.starts_with(b"\n") && !heading.is_empty(), "{name}: {part:?}");
        }
    }
}

#[test]
fn colours_are_only_added() {
    let report = case("fail");
    let plain = rendered(&report, Format::Text, &Options::default());
    let coloured = rendered(&report, Format::Text, &Options { colour: true, ..Options::default() });
    assert!(!plain.contains('\u{1b}'));
    let mut stripped = String::new();
    let mut pieces = coloured.split('\u{1b}');
    stripped.push_str(pieces.next().unwrap());
    for piece in pieces {
        stripped.push_str(piece.split_once('m').unwrap().1);
    }
    assert_eq!(stripped, plain);
}

#[test]
fn without_block_characters_the_text_is_ascii() {
    for name in ["pass", "fail", "matrix", "empty"] {
        let text = rendered(&case(name), Format::Text, &Options { unicode: false, ..Options::default() });
        assert!(text.is_ascii(), "{text}");
    }
}

#[test]
fn a_narrow_terminal_keeps_the_numbers() {
    let text = rendered(&case("fail"), Format::Text, &Options { width: 60, ..Options::default() });
    for number in ["1,051,216 B", "2,640 B over", "+47,696 B"] {
        assert!(text.contains(number), "{text}");
    }
}

#[test]
fn what_counts_as_failed_is_failed_for_the_test_view() {
    let junit = quick_junit::Report::deserialize_from_str(&rendered(
        &case("fail"),
        Format::Junit,
        &Options::default(),
    ));
    let junit = junit.unwrap();
    // Two breached limits that fail and two errors; the warning and what was overridden pass; no baseline is skipped.
    assert_eq!((junit.tests, junit.failures, junit.skipped), (12, 4, 1));
}

/// 50 archives of 20 objects of 95 symbols: the breakdown of a firmware of 12 MB.
fn large_tree() -> Tree {
    let symbols = |seed: u64| {
        (0..95)
            .map(|i| Node::leaf(format!("_ZN3app6module8function{i}Ev"), (seed * 7919 + i * 104_729) % 900))
            .collect()
    };
    let objects =
        |seed: u64| (0..20).map(|i| Node::sum(format!("object_{i}.c.obj"), symbols(seed * 20 + i))).collect();
    let archives = (0..50).map(|i| Node::sum(format!("libcomponent{i}.a"), objects(i))).collect();
    let region = Node::sum("FLASH", vec![Node::sum(".text", archives)]);
    Tree {
        name: "memory".into(),
        subject: None,
        unit: Unit::Bytes,
        levels: ["region", "section", "archive", "object", "symbol"].map(String::from).into(),
        root: Node::sum("all", vec![region]),
    }
}

#[test]
fn a_large_breakdown_is_a_small_page() {
    let mut report = Report::new("size-gate", "1.2.3");
    report.trees.push(large_tree());
    let started = std::time::Instant::now();
    let html = rendered(&report, Format::Html, &Options::default());
    println!("HTML of 96 000 nodes: {} bytes in {:?}", html.len(), started.elapsed());
    let (start, end) = (html.find("<svg viewBox").unwrap(), html.find("</svg></div>\n<ul").unwrap());
    assert!(end - start < 300_000, "{}", end - start);
    assert!(html.len() < 450_000, "{}", html.len());

    let started = std::time::Instant::now();
    let json = rendered(&report, Format::Json, &Options::default());
    println!("JSON of 96 000 nodes: {} bytes in {:?}", json.len(), started.elapsed());
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
}
