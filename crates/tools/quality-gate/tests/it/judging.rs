//! Conditions: four answers, and what each rests on.

use lw_model::{Level, Measure, Number, Unit, Verdict};

use crate::common::{Place, TESTED, answers, coverage, outcome, report};

fn run(place: &Place, policy: &str) -> lw_testkit::tool::Run {
    place.file("lw.toml", policy);
    place.check(&format!("--commit {TESTED} r/*.json"))
}

#[test]
fn the_four_answers() {
    let place = Place::new();
    place.report("r/c.json", &coverage(810));
    let policy =
        |rest: &str| format!("[quality-gate.condition.c]\nmeasure = \"coverage.line.covered\"\n{rest}\n");
    for (rest, expected, answer) in [
        ("min = \"81%\"", (0, Verdict::Pass), "c: met"),
        ("min = \"81.0001%\"", (1, Verdict::Fail), "c: breached"),
        ("min = { warn = \"85%\", fail = \"80%\" }", (0, Verdict::Warn), "c: warned"),
        ("max = 810", (0, Verdict::Pass), "c: met"),
        ("max = 809", (1, Verdict::Fail), "c: breached"),
        (
            "min = \"80%\"\nsubject = \"none\"",
            (1, Verdict::Fail),
            "c: not judged: nothing that was given matches it",
        ),
        (
            "min = \"80%\"\nsubject = \"none\"\nmissing = \"warn\"",
            (0, Verdict::Warn),
            "c: not judged: nothing that was given matches it",
        ),
        (
            "min = \"80%\"\nsubject = \"none\"\nmissing = \"skip\"",
            (0, Verdict::Pass),
            "c: not judged: its input is missing",
        ),
        ("max-drop = \"1%\"", (1, Verdict::Fail), "c: not judged: no baseline"),
        ("max-drop = \"1%\"\nmissing = \"skip\"", (0, Verdict::Pass), "c: not judged: no baseline"),
    ] {
        let run = run(&place, &policy(rest));
        assert_eq!(outcome(&run), expected, "{rest}\n{}{}", run.stdout, run.stderr);
        assert!(answers(&run).contains(&answer.to_owned()), "{rest}: {:?}", answers(&run));
    }
}

#[test]
fn a_slip_of_the_pen_is_an_error_with_its_line() {
    let place = Place::new();
    place.report("r/c.json", &coverage(810));
    for (policy, message) in [
        ("[quality-gate.condition.c]\nmeasure = \"x\"\n", "lw.toml:2: the condition `c` has no threshold"),
        (
            "[quality-gate.condition.c]\nmin = \"80%\"\nsmall-change = 20\n",
            "lw.toml:3: only a condition on new code",
        ),
        ("[quality-gate.condition.c]\nmni = 1\n", "lw.toml:2: condition: unknown field `mni`"),
        ("[quality-gate.condition.c]\nmin = { wran = 1 }\n", "unknown field `wran`"),
        ("[quality-gate.condition.c]\nmeasure = \"coverage.line.covered\"\nmin = \"8x\"\n", "lw.toml:3"),
        ("[quality-gate.condition.\"coverage.line.covered\"]\nmin = \"0.8\"\n", "lw.toml:2"),
        (
            "[quality-gate.number.n]\nfile = \"a\"\nformat = \"json\"\n",
            "lw.toml:3: the source `n` does not say which number",
        ),
        ("[quality-gate.expected.n]\ncount = 0\n", "lw.toml:2: `count` of the report `n` is 0"),
    ] {
        let run = run(&place, policy);
        assert_eq!(run.code, 2, "{policy}\n{}", run.stdout);
        assert!(run.stderr.contains(message), "{policy}\n{}", run.stderr);
    }
    let nothing = Place::new().check("");
    assert_eq!(nothing.code, 2, "{}", nothing.stderr);
}

#[test]
fn a_name_near_by_is_proposed() {
    let place = Place::new();
    place.report("r/c.json", &coverage(810));
    let run = run(&place, "[quality-gate.condition.c]\nmeasure = \"coverage.lines.covered\"\nmin = 1\n");
    assert_eq!(outcome(&run), (1, Verdict::Fail));
    let text = "c: nothing that was read has `coverage.lines.covered`; there is `coverage.line.covered`";
    assert!(run.stdout.contains(text), "{}", run.stdout);
}

#[test]
fn new_code_and_its_size() {
    let patch = |covered: u64, total: u64| {
        report(
            "coverage-gate",
            vec![Measure::count("coverage.patch.covered", covered).out_of(total).higher_is_better()],
        )
    };
    let policy = "[quality-gate.condition.patch]\nmeasure = \"coverage.patch.covered\"\non = \"new-code\"\nmin = \"80%\"\nsmall-change = 20\n";
    for (covered, total, expected, answer) in [
        (16, 20, (0, Verdict::Pass), "patch: met"),
        (15, 20, (1, Verdict::Fail), "patch: breached"),
        (0, 19, (0, Verdict::Pass), "patch: not judged: the change is too small"),
        (0, 0, (0, Verdict::Pass), "patch: not judged: there is nothing to judge"),
    ] {
        let place = Place::new();
        place.report("r/c.json", &patch(covered, total));
        let run = run(&place, policy);
        assert_eq!((outcome(&run), answers(&run)), (expected, vec![answer.to_owned()]), "{}", run.stdout);
    }
    // Of all code, a share of nothing is no pass.
    let place = Place::new();
    place.report("r/c.json", &patch(0, 0));
    for bound in ["min = \"80%\"", "max = \"80%\""] {
        let run = run(
            &place,
            &format!("[quality-gate.condition.patch]\nmeasure = \"coverage.patch.covered\"\n{bound}\n"),
        );
        assert_eq!(outcome(&run), (1, Verdict::Fail), "{}", run.stdout);
    }
    // Where the size of the change is not known, it is held to it.
    let place = Place::new();
    place.report("r/c.json", &patch(0, 5));
    let run = run(&place, &format!("{policy}change-size = \"nothing\"\n"));
    assert_eq!(outcome(&run), (1, Verdict::Fail), "{}", run.stdout);
}

#[test]
fn growth_is_against_the_reports_own_baseline_or_the_gates() {
    let place = Place::new();
    let mut size = report("size-gate", vec![Measure::bytes("image.bytes", 1100)]);
    let policy = "[quality-gate.condition.image]\nmeasure = \"image.bytes\"\nmax-growth = \"10%\"\n";
    size.measures[0].baseline = Some(Number::Integer(1000));
    place.report("r/s.json", &size);
    assert_eq!(outcome(&run(&place, policy)), (0, Verdict::Pass));
    size.measures[0].value = Number::Integer(1101);
    place.report("r/s.json", &size);
    assert_eq!(outcome(&run(&place, policy)), (1, Verdict::Fail));
    // Without one of its own: an earlier report of the gate.
    size.measures[0].baseline = None;
    place.report("r/s.json", &size).file("lw.toml", policy);
    let line = format!("--commit {TESTED} r/s.json");
    let first = place.check(&line);
    assert_eq!(outcome(&first), (1, Verdict::Fail), "nothing to compare with");
    place.report("gate.json", first.report());
    assert_eq!(outcome(&place.check(&format!("{line} --baseline gate.json"))), (0, Verdict::Pass));
}

#[test]
fn one_report_of_several_may_be_meant() {
    let place = Place::new();
    place.report("r/a.json", &report("size-gate", vec![Measure::bytes("image.bytes", 10)]));
    place.report("r/b.json", &report("ota-package", vec![Measure::bytes("image.bytes", 99)]));
    let check = |line: &str| place.check(&format!("--commit {TESTED} r/*.json {line}"));
    assert_eq!(outcome(&check("--max image.bytes=10")), (1, Verdict::Fail));
    assert_eq!(outcome(&check("--max size-gate:image.bytes=10")), (0, Verdict::Pass));
    assert_eq!(outcome(&check("--max ota-package:image.bytes=10")), (1, Verdict::Fail));
    assert_eq!(outcome(&check("--max nobody:image.bytes=10")), (1, Verdict::Fail));
}

#[test]
fn machines_read_sonars_shape() {
    let place = Place::new();
    let score = Measure::new("grade", Number::Decimal(8.5), Unit::Score);
    place.report("r/c.json", &coverage(810)).report("r/g.json", &report("sbom", vec![score]));
    place.file("lw.toml", "[quality-gate.condition.coverage]\nmeasure = \"coverage.line.covered\"\nmin = \"82%\"\n[quality-gate.condition.grade]\nmin = { warn = \"9.0\" }\n[quality-gate.condition.gone]\nmax = 3\n");
    let run = place.check(&format!("--commit {TESTED} r/*.json --format sonar"));
    assert_eq!(run.code, 1);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let expected = serde_json::json!({"projectStatus": {"status": "ERROR", "conditions": [
        {"status": "ERROR", "metricKey": "coverage", "comparator": "LT", "errorThreshold": "82", "actualValue": "81"},
        {"status": "NO_VALUE", "metricKey": "gone", "comparator": "GT", "errorThreshold": "3"},
        {"status": "WARN", "metricKey": "grade", "comparator": "LT", "warningThreshold": "9", "actualValue": "8.5"},
    ], "ignoredConditions": false}});
    assert_eq!(json, expected);
    // And the gate reads what it writes.
    place.file("gate.json", &run.stdout).file("lw.toml", "");
    let again = place.check("--source gate=sonar:gate.json --min coverage=81");
    assert_eq!(again.found(Level::Error), ["report-failed"], "{}", again.stdout);
}

#[test]
fn the_page_loads_nothing_and_escapes_everything() {
    let place = Place::new();
    let mut bad = coverage(810);
    bad.summary = "<script>alert(1)</script>".into();
    place.report("r/c.json", &bad);
    let run = place.check(&format!(
        "--commit {TESTED} r/*.json --min coverage.line.covered=80% --write html=quality-report.html"
    ));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let page = std::fs::read_to_string(place.path().join("quality-report.html")).unwrap();
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script>alert(1)"));
    assert!(!page.contains("src=\"http") && !page.contains("href=\"http") && !page.contains("@import"));
}
