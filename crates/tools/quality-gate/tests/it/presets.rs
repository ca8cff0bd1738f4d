//! The policies of the five pipelines at, just below and just above each bound, and with one number missing.

use std::collections::BTreeMap;

use lw_model::Verdict;
use serde_json::{Value, json};

use crate::common::{Place, answers, coverage, outcome, report};
use lw_model::Measure;

type Metrics = BTreeMap<&'static str, Value>;

/// Metrics at every bound of a policy, and for each of them a value on its good and one on its bad side.
type Policy = (&'static str, &'static [(&'static str, f64, f64, f64)]);

const POLICIES: [Policy; 5] = [
    (
        "lightwave-os",
        &[
            ("coverage", 80.0, 80.01, 79.99),
            ("complexity", 10.0, 9.99, 10.01),
            ("duplication", 5.0, 4.99, 5.01),
            ("test_pass_rate", 100.0, 100.0, 99.99),
            ("binary_size", 1_048_576.0, 1_048_575.0, 1_048_577.0),
            ("ram_usage", 150_000.0, 149_999.0, 150_001.0),
        ],
    ),
    (
        "liquid-edge",
        &[
            ("coverage", 85.0, 85.01, 84.99),
            ("high_critical_vulnerabilities", 0.0, 0.0, 1.0),
            ("performance_regression", 5.0, -3.5, 5.01),
        ],
    ),
    (
        "tiny-llm-profiler",
        &[
            ("coverage", 80.0, 80.01, 79.99),
            ("security_issues", 0.0, 0.0, 1.0),
            ("performance_regression", 10.0, 9.99, 10.01),
        ],
    ),
    ("novacron", &[("coverage", 80.0, 80.01, 69.99), ("high_critical_vulnerabilities", 0.0, 0.0, 1.0)]),
    ("live-stt", &[("coverage", 80.0, 80.01, 79.99)]),
];

fn number(value: f64) -> Value {
    #[allow(clippy::cast_possible_truncation)]
    if value.fract() == 0.0 { json!(value as i64) } else { json!(value) }
}

fn check(preset: &str, metrics: &Metrics) -> lw_testkit::tool::Run {
    let place = Place::new();
    place.file("metrics.json", &serde_json::to_string(metrics).unwrap());
    place.check(&format!("--preset {preset} --metrics metrics.json"))
}

#[test]
fn at_each_bound_and_beside_it() {
    for (preset, bounds) in POLICIES {
        let at: Metrics = bounds.iter().map(|(name, at, _, _)| (*name, number(*at))).collect();
        let run = check(preset, &at);
        assert_eq!(outcome(&run), (0, Verdict::Pass), "{preset}: {}", run.stdout);
        assert_eq!(run.report().limits().count(), answers(&run).len());
        for (name, _, good, bad) in bounds {
            let with = |value: Value| Metrics::from_iter(at.clone().into_iter().chain([(*name, value)]));
            assert_eq!(
                outcome(&check(preset, &with(number(*good)))),
                (0, Verdict::Pass),
                "{preset} {name} {good}"
            );
            let run = check(preset, &with(number(*bad)));
            assert_eq!(outcome(&run), (1, Verdict::Fail), "{preset} {name} {bad}: {}", run.stdout);
            let breached = answers(&run).iter().filter(|answer| answer.ends_with("breached")).count();
            assert_eq!(breached, 1, "the others are still shown as met: {:?}", answers(&run));

            let mut without = at.clone();
            without.remove(name);
            let run = check(preset, &without);
            assert_eq!(outcome(&run), (1, Verdict::Fail), "{preset} without {name}: {}", run.stdout);
            for none in [json!(null), json!("99"), json!(true)] {
                let run = check(preset, &with(none.clone()));
                assert_eq!(outcome(&run), (1, Verdict::Fail), "{preset} {name} {none}: {}", run.stdout);
                assert!(answers(&run).iter().any(|answer| answer.contains("not judged")));
            }
        }
    }
}

#[test]
fn novacron_warns_between_its_floor_and_its_goal() {
    for (coverage, expected) in
        [(79.99, (0, Verdict::Warn)), (70.0, (0, Verdict::Warn)), (69.99, (1, Verdict::Fail))]
    {
        let metrics =
            Metrics::from([("coverage", json!(coverage)), ("high_critical_vulnerabilities", json!(0))]);
        assert_eq!(outcome(&check("novacron", &metrics)), expected, "{coverage}");
    }
}

/// Row by row, what the pipeline's own script gets wrong, and what comes of it here.
#[test]
fn the_script_of_the_first_pipeline() {
    let all = [
        ("coverage", json!(80)),
        ("complexity", json!(10)),
        ("duplication", json!(5)),
        ("test_pass_rate", json!(100)),
        ("binary_size", json!(1_048_576)),
        ("ram_usage", json!(150_000)),
    ];
    // After one failure it prints no pass any more: here every condition has its own answer.
    let run =
        check("lightwave-os", &Metrics::from_iter(all.clone().into_iter().chain([("coverage", json!(1))])));
    let met = answers(&run).iter().filter(|answer| answer.ends_with(": met")).count();
    assert_eq!((outcome(&run), met), ((1, Verdict::Fail), 5));
    // A missing metric is a traceback: here it is said, and the others are judged.
    let run = check(
        "lightwave-os",
        &Metrics::from_iter(all.clone().into_iter().filter(|(name, _)| *name != "complexity")),
    );
    assert!(answers(&run).contains(&"complexity: not judged: nothing that was given matches it".to_owned()));
    assert!(run.stdout.contains("has `complexity` or `complexity.max`"), "{}", run.stdout);
    // It says "< 1MB" and means "at most 1,048,576", without a unit: here the bound is what is printed.
    let run = check(
        "lightwave-os",
        &Metrics::from_iter(all.clone().into_iter().chain([("binary_size", json!(1_048_577))])),
    );
    assert!(run.stdout.contains("1,048,577 B, above the maximum of 1,048,576 B"), "{}", run.stdout);
    // Text compares as text there, or is a traceback; NaN, which Python writes, is neither above nor below anything.
    let place = Place::new();
    let text = r#"{"coverage": NaN, "complexity": 1, "duplication": 1, "test_pass_rate": 100, "binary_size": 1, "ram_usage": 1}"#;
    let run = place.file("metrics.json", text).check("--preset lightwave-os --metrics metrics.json");
    assert_eq!(outcome(&run), (3, Verdict::Error), "{}", run.stdout);
}

/// `quality_gate_check.py` of the third pipeline is called so; nothing ever gave it a number.
#[test]
fn the_options_of_the_third_pipeline() {
    let line = "--coverage-threshold 80 --security-issues-threshold 0 --performance-regression-threshold 10";
    let place = Place::new();
    let run = place.check(line);
    assert_eq!(outcome(&run), (1, Verdict::Fail), "without any number nothing passes: {}", run.stdout);
    place.file("m.json", r#"{"coverage": 80, "security_issues": 0, "performance_regression": 10}"#);
    assert_eq!(outcome(&place.check(&format!("{line} --metrics m.json"))), (0, Verdict::Pass));
    place.file("m.json", r#"{"coverage": 80, "security_issues": 0, "performance_regression": 10.5}"#);
    assert_eq!(outcome(&place.check(&format!("{line} --metrics m.json"))), (1, Verdict::Fail));
}

#[test]
fn reports_of_the_suite_stand_for_metrics() {
    let place = Place::new();
    place.report("r/c.json", &coverage(800));
    place.report("r/t.json", &report("test-report", vec![Measure::count("tests.passed", 7).out_of(7)]));
    let sizes = vec![Measure::bytes("image.bytes", 1_048_576), Measure::bytes("ram.span", 150_000)];
    place.report("r/s.json", &report("size-gate", sizes));
    place.file("m.json", r#"{"complexity": 10, "duplication": 5}"#);
    let run = place.check("--any-commit r/*.json --preset lightwave-os --metrics m.json");
    assert_eq!(outcome(&run), (0, Verdict::Pass), "{}", run.stdout);
    place.report("r/t.json", &report("test-report", vec![Measure::count("tests.passed", 6).out_of(7)]));
    assert_eq!(
        outcome(&place.check("--any-commit r/*.json --preset lightwave-os --metrics m.json")),
        (1, Verdict::Fail)
    );
}
