//! Reports: of which commit, how many, and what they say of themselves.

use lw_model::{Bound, Level, Limit, Number, Outcome, Threshold, Verdict};

use crate::common::{OTHER, Place, TESTED, answers, coverage, outcome, report};

fn of_commit(line: &str) -> String {
    format!("--commit {TESTED} {line}")
}

#[test]
fn what_is_expected_is_never_taken_from_what_was_found() {
    let place = Place::new();
    place.report("r/coverage.json", &coverage(900));
    let run = place.check(&of_commit("r/*.json --expect coverage-gate --min coverage.line.covered=80%"));
    assert_eq!(
        (outcome(&run), answers(&run)),
        ((0, Verdict::Pass), vec!["coverage.line.covered: met".to_owned()])
    );
    let run = place.check(&of_commit("r/*.json --expect test-report"));
    assert_eq!((outcome(&run), run.found(Level::Error)), ((1, Verdict::Fail), vec!["report-missing"]));
    assert!(
        run.stdout.contains("the report test-report is not there; those that are there: r/coverage.json"),
        "{}",
        run.stdout
    );
}

#[test]
fn what_a_missing_report_means_is_said_by_the_policy() {
    for (missing, code, verdict, level) in [
        ("fail", 1, Verdict::Fail, Level::Error),
        ("warn", 0, Verdict::Warn, Level::Warning),
        ("skip", 0, Verdict::Pass, Level::Note),
    ] {
        let place = Place::new();
        place.file("lw.toml", &format!("[quality-gate.expected.coverage]\nfile = \"r/c.json\"\nmissing = \"{missing}\"\n[quality-gate.condition.c]\nmeasure = \"coverage.line.covered\"\nreport = \"coverage\"\nmin = \"80%\"\n"));
        let run = place.check("");
        assert_eq!(outcome(&run), (code, verdict), "{missing}: {}", run.stdout);
        assert!(run.found(level).contains(&"report-missing"), "{:?}", run.report().findings);
        // The condition says the same, and shows as not judged.
        assert!(answers(&run)[0].starts_with("c: not judged"), "{:?}", answers(&run));
    }
}

#[test]
fn a_pattern_that_matches_nothing_is_no_pass() {
    let place = Place::new();
    let run = place.check("r/*.json --min coverage.line.covered=80%");
    assert_eq!(outcome(&run), (3, Verdict::Error), "{}", run.stdout);
    // What else is known is told all the same.
    assert_eq!(answers(&run).len(), 1);
}

#[test]
fn so_many_of_a_matrix() {
    let place = Place::new();
    let policy =
        "[quality-gate.expected.coverage]\nfile = \"r/*.json\"\ntool = \"coverage-gate\"\ncount = 2\n";
    let mut other = coverage(901);
    other.title = Some("b".into());
    place.file("lw.toml", policy).report("r/a.json", &coverage(900)).report("r/b.json", &other);
    assert_eq!(outcome(&place.check(&of_commit(""))), (0, Verdict::Pass));
    // The same bytes twice are one report.
    place.report("r/b.json", &coverage(900));
    let run = place.check(&of_commit(""));
    assert_eq!((outcome(&run), run.found(Level::Error)), ((1, Verdict::Fail), vec!["report-missing"]));
    assert!(run.found(Level::Note).contains(&"same-report"));
    // One of another tool is none of them.
    place.report("r/b.json", &report("size-gate", vec![]));
    assert_eq!(outcome(&place.check(&of_commit(""))), (1, Verdict::Fail));
}

#[test]
fn reports_that_nothing_tells_apart_are_all_judged() {
    let place = Place::new();
    place.report("r/a.json", &coverage(900)).report("r/b.json", &coverage(700));
    let run = place.check(&of_commit("r/*.json --min coverage.line.covered=80%"));
    assert_eq!(outcome(&run), (1, Verdict::Fail), "{}", run.stdout);
    assert_eq!(run.found(Level::Warning), ["duplicate-report"]);
    assert_eq!(answers(&run), ["coverage.line.covered: met", "coverage.line.covered: breached"]);
}

#[test]
fn a_report_of_another_commit_or_of_none_is_refused() {
    let place = Place::new();
    for commit in [Some(OTHER), None] {
        let mut report = coverage(900);
        report.provenance.as_mut().unwrap().commit = commit.map(str::to_owned);
        place.report("r.json", &report);
        let run = place.check(&of_commit("r.json --min coverage.line.covered=80%"));
        assert_eq!(outcome(&run), (1, Verdict::Fail), "{commit:?}");
        assert!(run.found(Level::Error).contains(&"report-refused"));
        assert!(answers(&run)[0].contains("not judged"));
        // Who says that any will do, or does not know which, is told so.
        assert_eq!(
            outcome(&place.check("--any-commit r.json --min coverage.line.covered=80%")),
            (0, Verdict::Pass)
        );
    }
    let run = place.check("--commit HEAD r.json");
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn what_a_report_says_of_itself_counts() {
    let place = Place::new();
    for (verdict, expected, rule) in [
        (Verdict::Warn, (0, Verdict::Warn), "report-warned"),
        (Verdict::Fail, (1, Verdict::Fail), "report-failed"),
        (Verdict::Error, (1, Verdict::Fail), "report-incomplete"),
    ] {
        let mut report = coverage(900);
        report.verdict = verdict;
        place.report("r.json", &report);
        let run = place.check(&of_commit("r.json --any-commit=false"));
        assert_eq!(outcome(&run), expected);
        assert!(run.report().findings.iter().any(|finding| finding.rule.ends_with(rule)), "{rule}");
    }
    // Neither is one complete that says it is not, nor does it pass beside a breached limit.
    let mut report = coverage(900);
    report.provenance.as_mut().unwrap().complete = Some(false);
    place.report("r.json", &report);
    assert_eq!(place.check(&of_commit("r.json")).found(Level::Error), ["report-incomplete"]);
    let mut report = coverage(100);
    let mut limit = Limit::new(Bound::Min, Threshold::Amount(Number::Integer(800)), Verdict::Fail, "--min");
    limit.outcome = Outcome::Breached;
    report.measures[0].limits.push(limit);
    place.report("r.json", &report);
    assert_eq!(place.check(&of_commit("r.json")).found(Level::Error), ["report-failed"]);
}

#[test]
fn what_is_no_report_is_an_error_and_does_not_hide_the_others() {
    let place = Place::new();
    place.report("r/a.json", &coverage(900)).file("r/b.json", "{\"schema\":\"lw-report/2\"}");
    let run = place.check(&of_commit("r/*.json --min coverage.line.covered=80%"));
    assert_eq!(outcome(&run), (3, Verdict::Error));
    assert!(run.stderr.contains("r/b.json"), "{}", run.stderr);
    assert_eq!(answers(&run), ["coverage.line.covered: met"]);
    // A number that is text is none.
    let text = serde_json::to_string(&coverage(900)).unwrap().replace("\"value\":900", "\"value\":\"900\"");
    let place = Place::new();
    place.file("r.json", &text);
    assert_eq!(place.check(&of_commit("r.json")).code, 3);
    // A verdict that is not known, and one that stands there twice.
    for (old, new) in [
        ("\"verdict\":\"pass\"", "\"verdict\":\"fine\""),
        ("\"verdict\":\"pass\"", "\"verdict\":\"fail\",\"verdict\":\"pass\""),
    ] {
        let text = serde_json::to_string(&coverage(900)).unwrap().replace(old, new);
        place.file("r.json", &text);
        assert_eq!(place.check(&of_commit("r.json")).code, 3, "{new}");
    }
}

#[test]
fn unjudged_limits_of_a_report_are_up_to_the_policy() {
    let place = Place::new();
    let mut report = coverage(900);
    let mut limit = Limit::new(Bound::MaxDrop, Threshold::Amount(Number::Integer(1)), Verdict::Fail, "x");
    limit.reason = Some(lw_model::Reason::NoBaseline);
    report.measures[0].limits.push(limit);
    place.report("r.json", &report);
    for (unjudged, expected) in
        [("fail", (1, Verdict::Fail)), ("warn", (0, Verdict::Warn)), ("skip", (0, Verdict::Pass))]
    {
        place.file(
            "lw.toml",
            &format!("[quality-gate.expected.c]\nfile = \"r.json\"\nunjudged = \"{unjudged}\"\n"),
        );
        assert_eq!(outcome(&place.check(&of_commit(""))), expected, "{unjudged}");
    }
    // What there is nothing to hold to is no gap.
    report.measures[0].limits[0].reason = Some(lw_model::Reason::SmallChange);
    place.report("r.json", &report).file("lw.toml", "");
    assert_eq!(outcome(&place.check(&of_commit("r.json"))), (0, Verdict::Pass));
}
