//! What is read, what is refused, and why.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail as tests do")]

use lw_model::{Bound, Diagnose as _, JudgeOptions, Limit, Measure, Report, Unit};
use lw_render::{Format, Options, render};
use lw_report::{Impossible, ReportError, read, read_what_matters, read_within};
use proptest::prelude::*;

/// A report with a limit that is met and one that is breached, as a tool writes it.
fn report(value: u64, baseline: u64, max: &str) -> Report {
    let mut report = Report::new("size-gate", "1.2.3");
    let mut measure = Measure::bytes("image.bytes", value).out_of(4_000_000);
    measure.baseline = Some(baseline.into());
    for (bound, limit) in [(Bound::Max, max), (Bound::MaxGrowth, "1%"), (Bound::Max, "50%")] {
        let (_, limits) = Limit::parse(bound, &format!("image.bytes={limit}"), Unit::Bytes, "--max").unwrap();
        measure.limits.extend(limits);
    }
    report.measures.push(measure);
    report.judge(&JudgeOptions::default());
    report
}

fn json(report: &Report) -> String {
    let mut out = Vec::new();
    render(report, Format::Json, &Options::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn refused(text: &str) -> String {
    let error = read(text.as_bytes()).unwrap_err();
    // Whoever reads only what matters is told the same.
    assert_eq!(read_what_matters(text.as_bytes()), Err(error.clone()));
    assert!(error.hint().is_some_and(|hint| !hint.is_empty()));
    error.to_string()
}

#[test]
fn what_a_tool_wrote_reads_back_equal() {
    let written = report(1_100_000, 1_000_000, "1MiB");
    assert_eq!(read(json(&written).as_bytes()).unwrap(), written);
}

#[test]
fn the_reports_that_the_suite_keeps_are_read() {
    let root = lw_testkit::root();
    for path in [
        "crates/core/model/tests/reports/first.json",
        "crates/core/render/tests/golden/fail/report.json",
        "crates/core/render/tests/golden/matrix/report.json",
        "crates/core/render/tests/golden/pass/report.json",
        "crates/tools/coverage-gate/tests/cmd/project/baseline.json",
        "crates/tools/quality-gate/tests/cmd/files/reports/coverage.json",
    ] {
        let bytes = std::fs::read(root.join(path)).unwrap();
        read(&bytes).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}

#[test]
fn what_is_no_report_is_called_by_its_name() {
    assert_eq!(refused(" \n"), "the file is empty");
    assert_eq!(refused("## ✅ passed\n"), "it is no JSON object, and a report is one");
    assert_eq!(refused("[1]"), "it is no JSON object, and a report is one");
    assert_eq!(refused("{}"), "it is JSON without a `schema`, and a report has `lw-report/1` there");
    assert_eq!(
        refused(r#"{"schema": "lw-report/2", "verdict": 5}"#),
        "expected the schema `lw-report/1`, found `lw-report/2`"
    );
    let text = json(&report(1, 1, "2"));
    let cut = refused(text.get(..text.len() / 2).unwrap());
    assert!(cut.starts_with("line "), "{cut}");
    assert_eq!(read_within(text.as_bytes(), 10), Err(ReportError::TooLarge { most: 10 }));
}

#[test]
fn what_no_tool_can_have_written_is_refused() {
    let text = json(&report(1_100_000, 1_000_000, "1MiB"));
    let changed = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        refused(&changed)
    };
    for (from, to, why) in [
        (
            "\"outcome\": \"breached\"",
            "\"outcome\": \"met\"",
            "is called met, and by its own numbers it is breached",
        ),
        (
            "\"outcome\": \"met\"",
            "\"outcome\": \"overridden\"",
            "is called overridden, and by its own numbers it is met",
        ),
        ("\"value\": 1100000", "\"value\": 900000", "is called breached, and by its own numbers it is met"),
        ("\"value\": 1100000", "\"value\": -5", "the value of `image.bytes` is negative"),
        ("\"whole\": 4000000", "\"whole\": -1", "the whole of `image.bytes` is negative"),
        ("\"baseline\": 1000000", "\"baseline\": -1", "the baseline of `image.bytes` is negative"),
        ("\"name\": \"image.bytes\"", "\"name\": \" \"", "measure 1 has no name"),
        ("\"on_breach\": \"fail\"", "\"on_breach\": \"pass\"", "makes the verdict `pass`"),
        ("\"name\": \"size-gate\"", "\"name\": \"\"", "tool 1 has no name"),
    ] {
        let error = changed(from, to);
        assert!(error.contains(why), "{to}: {error}");
    }
    assert!(changed("\"value\": 1100000", "\"value\": 1e999").starts_with("line "));
    assert!(changed("\"value\": 1100000", "\"value\": NaN").starts_with("line "));
    assert!(changed("\"value\": 1100000", "\"value\": \"1\"").starts_with("line "));
    assert!(changed("\"value\": 1100000", "\"value\": 1, \"value\": 2").starts_with("line "));
}

#[test]
fn numbers_that_no_run_can_have_found_are_refused() {
    let with = |measures: Vec<Measure>| Report { measures, ..Report::new("test-report", "1.2.3") };
    let count = |value: u64| Measure::count("tests.passed", value).out_of(10);
    let mut other = count(1);
    other.subject = Some("esp32".into());
    let good = vec![count(10), other, Measure::bytes("a", 0), Measure::new("b", -5_i64, Unit::Count)];
    assert_eq!(lw_report::check(&with(good)), Ok(()));
    for (measures, why) in [
        (vec![count(11)], "`tests.passed` is more than there are in all"),
        (vec![count(1), count(1)], "the measure `tests.passed` is there twice"),
        (vec![Measure::new("t", -0.5, Unit::Seconds)], "the value of `t` is negative"),
    ] {
        assert_eq!(lw_report::check(&with(measures)).unwrap_err().to_string(), why);
    }
}

#[test]
fn where_it_was_made_is_checked_too() {
    let mut report = report(1, 1, "2");
    let provenance = report.provenance.insert(lw_model::Provenance::default());
    provenance.commit = Some("c0ffee".into());
    assert_eq!(lw_report::check(&report), Err(Impossible::Commit("c0ffee".into())));
    let provenance = report.provenance.insert(lw_model::Provenance::default());
    provenance.attempt = Some(0);
    assert_eq!(lw_report::check(&report), Err(Impossible::Zero("attempt")));
    report.provenance = None;
    report.artifacts.push(lw_model::Artifact { path: "a".into(), sha256: "00".into(), bytes: 1 });
    assert_eq!(lw_report::check(&report), Err(Impossible::Digest("a".into())));
}

#[test]
fn a_deep_or_endless_text_ends_with_an_error() {
    let deep = format!("{{\"schema\":\"lw-report/1\",\"trees\":{}", "[".repeat(100_000));
    assert!(refused(&deep).contains("line 1"));
    let long = format!("{{\"schema\":\"{}\"}}", "x".repeat(1_000_000));
    assert!(refused(&long).len() < 1_000);
}

proptest! {
    #[test]
    fn every_judged_report_reads_back(value in 0u64..3_000_000, baseline in 0u64..3_000_000, max in 0u64..3_000_000) {
        let written = report(value, baseline, &max.to_string());
        prop_assert_eq!(read(json(&written).as_bytes()).unwrap(), written);
    }

    /// With what is let go the rest is what it would be, in any spelling.
    #[test]
    fn what_matters_is_read_as_it_is(
        numbers in proptest::collection::vec((0u64..3, proptest::option::of(0u64..3), proptest::option::of(3u64..5), any::<bool>()), 0..12),
        is_compact in any::<bool>(),
    ) {
        let mut written = report(5, 5, "9");
        for (index, (value, baseline, whole, is_held)) in numbers.iter().enumerate() {
            let mut measure = Measure::count(format!("m.{index}"), *value);
            measure.baseline = baseline.map(Into::into);
            measure.whole = whole.map(Into::into);
            if *is_held {
                let (_, limits) = Limit::parse(Bound::Max, "m=5", Unit::Count, "--max").unwrap();
                measure.limits.extend(limits);
            }
            written.measures.push(measure);
        }
        written.judge(&JudgeOptions::default());
        let text = json(&written);
        let text = if is_compact {
            serde_json::from_str::<serde_json::Value>(&text).unwrap().to_string()
        } else {
            text
        };
        let all = read(text.as_bytes()).unwrap();
        let mut expected = all;
        expected.measures.retain(|measure| {
            !measure.limits.is_empty() || measure.baseline.is_some_and(|baseline| baseline != measure.value)
        });
        prop_assert_eq!(read_what_matters(text.as_bytes()).unwrap(), expected);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(read_what_matters(&bytes).is_ok(), read(&bytes).is_ok());
    }

    #[test]
    fn no_beginning_of_a_report_is_one(at in 0usize..2000) {
        let text = json(&report(1_100_000, 1_000_000, "1MiB"));
        let end = text.trim_end().len();
        if at < end {
            prop_assert!(read(text.as_bytes().get(..at).unwrap()).is_err());
        }
    }
}

/// A report with these measures, as JSON.
fn of_measures(measures: &str) -> String {
    format!(
        r#"{{"schema":"lw-report/1","tool":{{"name":"size-gate","version":"1.0.0"}},"verdict":"pass","summary":"\"measures\":[","measures":[{measures}]}}"#
    )
}

#[test]
fn what_is_let_go_is_checked_like_the_rest() {
    const SAME: &str = r#"{"name":"a","value":5,"unit":"bytes","baseline":5,"direction":"lower"}"#;
    let names = |text: &str| -> Vec<String> {
        let report = read_what_matters(of_measures(text).as_bytes()).unwrap();
        report.measures.into_iter().map(|measure| measure.name).collect()
    };
    let with = |from: &str, to: &str| SAME.replace(from, to);
    // What is as it was goes, spaces or none, and what may be anything else stays.
    assert_eq!(names(SAME), [""; 0]);
    assert_eq!(names(&format!(" {SAME} ,\n{}", with("\"a\"", "\"b\"").replace(',', " ,\n\t"))), [""; 0]);
    for (from, to) in [
        ("\"baseline\":5", "\"baseline\":6"),
        ("\"value\":5", "\"value\":5.0"),
        ("\"baseline\":5", "\"baseline\":5,\"whole\":9,\"baseline_whole\":10"),
        (
            "}",
            ",\"limits\":[{\"bound\":\"max\",\"threshold\":{\"amount\":9},\"on_breach\":\"fail\",\"outcome\":\"met\",\"origin\":\"\"}]}",
        ),
    ] {
        let b = with("\"a\"", "\"b\"").replacen(from, to, 1);
        assert_eq!(names(&format!("{SAME},{b},{}", with("\"a\"", "\"c\""))), ["b"], "{to}");
    }
    // Wrong is wrong, wherever it stands, and in the same words.
    for text in [
        format!("{SAME},{SAME}"),
        format!("{SAME},{}", with("\"baseline\":5", "\"baseline\":6")),
        with("\"a\"", "\"\\u0061\"") + "," + SAME,
        format!("{SAME},"),
        format!(",{SAME}"),
        format!("{SAME}{SAME}"),
        with(":5", ":05"),
        with("\"value\":5", "\"value\":5,\"value\":5"),
        with("\"value\":5,", ""),
        with("bytes", "bites"),
        with("\"a\"", "\"a\u{1}\""),
        with("\"a\"", "\" \""),
        with("\"a\"", "\"\""),
        with("\"baseline\":5", "\"whole\":4").replace("bytes", "count"),
        format!("{SAME}]"),
        SAME.replace('}', "]"),
    ] {
        refused(&of_measures(&text));
    }
}

/// What a comment costs: `cargo test --release --package lw-report -- --ignored --nocapture`. One report is in memory at a time,
/// and of each only what the comment may show.
#[test]
#[ignore = "a measurement, of a release build"]
#[allow(clippy::disallowed_methods, reason = "it measures")]
fn five_hundred_reports_of_five_thousand_measures_are_joined() {
    use lw_render::joined::{JoinOptions, Told, join, keep};
    use std::fmt::Write as _;

    let text = |index: usize| {
        let mut text = String::from(
            "{\"schema\":\"lw-report/1\",\"tool\":{\"name\":\"size-gate\",\"version\":\"1.0.0\"},\"verdict\":\"pass\",\"summary\":\"limits met\",\"measures\":[",
        );
        for measure in 0..5_000 {
            let comma = if measure == 0 { "" } else { "," };
            let value = (index * 31 + measure * 7) % 900_000;
            let baseline = if measure % 10 == 0 { value + 1 } else { value };
            let limit = if measure % 100 == 0 {
                ",\"limits\":[{\"bound\":\"max\",\"threshold\":{\"amount\":1000000},\"on_breach\":\"fail\",\"outcome\":\"met\",\"origin\":\"--max\"}]"
            } else {
                ""
            };
            write!(text, "{comma}{{\"name\":\"symbol.of_some_length_{measure}\",\"subject\":\"board-{index}\",\"value\":{value},\"unit\":\"bytes\",\"baseline\":{baseline},\"direction\":\"lower\"{limit}}}").unwrap();
        }
        text + "]}"
    };
    let (mut bytes, mut spent) = (0, std::time::Duration::ZERO);
    let mut kept = Vec::new();
    for index in 0..500 {
        let text = text(index);
        bytes += text.len();
        let began = std::time::Instant::now();
        let mut report = read_what_matters(text.as_bytes()).unwrap();
        let dropped = keep(&mut report);
        spent += began.elapsed();
        kept.push((report, dropped));
    }
    let began = std::time::Instant::now();
    let told: Vec<Told<'_>> = kept
        .iter()
        .map(|(report, dropped)| Told { report, name: "", run: None, dropped: *dropped })
        .collect();
    let options = JoinOptions {
        title: "",
        commit: None,
        run: None,
        link: None,
        problems: &[],
        notes: &[],
        courses: &[],
        most: 65_000,
    };
    let comment = join(&told, &options);
    spent += began.elapsed();
    assert!(comment.text.len() > 50_000);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    println!("{bytes} bytes of JSON: {spent:?}; {peak}");
}
