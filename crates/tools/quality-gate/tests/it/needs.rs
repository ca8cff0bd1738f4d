//! How a job ended × what is known of its report: none is green that should not be.

use lw_model::{Bound, Level, Limit, Number, Outcome, Reason, Report, Threshold, UnmatchedLimit, Verdict};

use crate::common::{OTHER, Place, TESTED, coverage, outcome};

/// What is known of a report.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    There,
    Missing,
    OtherCommit,
    Error,
    NotJudged,
}

const STATES: [State; 5] = [State::There, State::Missing, State::OtherCommit, State::Error, State::NotJudged];

/// How a job ended; the last is skipped, as the policy allows.
const ENDED: [(&str, bool); 6] = [
    ("success", false),
    ("failure", false),
    ("cancelled", false),
    ("skipped", false),
    ("skipped", true),
    ("neutral", false),
];

fn put(place: &Place, state: State) {
    let mut report: Report = coverage(900);
    match state {
        State::Missing => return,
        State::There => {}
        State::OtherCommit => report.provenance.as_mut().unwrap().commit = Some(OTHER.into()),
        State::Error => report.verdict = Verdict::Error,
        State::NotJudged => {
            let mut limit = Limit::new(
                Bound::MaxDrop,
                Threshold::Amount(Number::Integer(1)),
                Verdict::Fail,
                "--max-drop",
            );
            (limit.outcome, limit.reason) = (Outcome::NotJudged, Some(Reason::NoBaseline));
            report.unmatched_limits.push(UnmatchedLimit { measure: "x".into(), subject: None, limit });
        }
    }
    place.report("reports/coverage.json", &report);
}

const POLICY: &str = "\
[quality-gate.expected.coverage]
file = \"reports/coverage.json\"
job = \"test\"
[quality-gate.condition.line-coverage]
measure = \"coverage.line.covered\"
report = \"coverage\"
min = \"80%\"
";

#[test]
fn every_cell_of_jobs_and_reports() {
    for (ended, allowed) in ENDED {
        for state in STATES {
            let place = Place::new();
            put(&place, state);
            let skip = if allowed { "[quality-gate.job.test]\nmay-skip-on = [\"push\"]\n" } else { "" };
            place.file("lw.toml", &format!("{POLICY}{skip}"));
            let needs = format!(r#"{{"test":{{"result":"{ended}","outputs":{{}}}}}}"#);
            let run = place.step(&["--commit", TESTED, "--needs", &needs], "push");
            let green = match (ended, allowed, state) {
                ("success", _, State::There) => true,
                // It did not run, and left nothing: so it says, and the condition is not judged.
                ("skipped", true, State::Missing) => true,
                _ => false,
            };
            let expected = if green { (0, Verdict::Pass) } else { (1, Verdict::Fail) };
            assert_eq!(outcome(&run), expected, "{ended} {allowed} {state:?}\n{}{}", run.stdout, run.stderr);
            let met = run.output("met") == "1";
            let judged = matches!(state, State::There | State::NotJudged) && ended != "skipped";
            assert_eq!(met, judged, "{ended} {allowed} {state:?}\n{}", run.stdout);
            let rules = run.found(Level::Error);
            let has = |rule: &str| rules.contains(&rule);
            assert_eq!(has("job-failed"), matches!(ended, "failure" | "cancelled" | "neutral"), "{rules:?}");
            assert_eq!(has("job-skipped"), ended == "skipped" && !allowed, "{rules:?}");
            match state {
                State::There => assert_eq!(has("report-refused"), ended == "skipped", "{rules:?}"),
                State::Missing => {
                    assert_eq!(has("report-missing"), !(ended == "skipped" && allowed), "{rules:?}");
                }
                State::OtherCommit => assert!(has("report-refused"), "{rules:?}"),
                State::Error => assert!(has("report-incomplete") || has("report-refused"), "{rules:?}"),
                State::NotJudged => assert!(has("report-not-judged") || has("report-refused"), "{rules:?}"),
            }
        }
    }
}

#[test]
fn a_job_may_be_skipped_on_its_event_only() {
    let place = Place::new();
    let needs = r#"{"hardware":{"result":"skipped","outputs":{}},"test":{"result":"success","outputs":{}}}"#;
    let skip = ["--needs", needs, "--may-skip", "hardware=pull_request"];
    assert_eq!(outcome(&place.step(&skip, "pull_request")), (0, Verdict::Pass));
    assert_eq!(outcome(&place.step(&skip, "push")), (1, Verdict::Fail));
    // An event that is not known is none that is listed.
    let run = place.check(&format!("--needs {} --may-skip hardware=pull_request", needs.replace(' ', "")));
    assert_eq!(outcome(&run), (1, Verdict::Fail), "{}", run.stdout);
    assert_eq!(
        outcome(&place.step(&["--needs", needs, "--may-skip", "other=push"], "push")),
        (1, Verdict::Fail)
    );
}

#[test]
fn jobs_have_to_be_there_and_to_be_told_of() {
    let place = Place::new();
    let needs = r#"{"test":{"result":"success","outputs":{}}}"#;
    let run = place.step(&["--needs", needs, "--require-job", "lint"], "push");
    assert_eq!((outcome(&run), run.found(Level::Error)), ((1, Verdict::Fail), vec!["job-missing"]));
    let run = place.step(&["--require-job", "test"], "push");
    assert_eq!((outcome(&run), run.found(Level::Error)), ((1, Verdict::Fail), vec!["job-missing"]));
    let run = place.step(&["--needs", "{}"], "push");
    assert_eq!((outcome(&run), run.found(Level::Error)), ((1, Verdict::Fail), vec!["job-missing"]));
    assert_eq!(
        outcome(&place.step(&["--needs", needs, "--require-job", "test"], "push")),
        (0, Verdict::Pass)
    );
    for bad in ["success", r#"{"test":{"result":"failure"},"test":{"result":"success"}}"#, r#"{"test":{}}"#] {
        let run = place.step(&["--needs", bad], "push");
        assert_eq!(run.code, 2, "{bad}\n{}", run.stderr);
    }
}

#[test]
fn a_job_that_is_foreign_text_stays_text() {
    let place = Place::new();
    let needs = "{\"a\\n::error::x\":{\"result\":\"<b>%0A\"}}";
    let run = place.step(&["--needs", needs], "push");
    assert_eq!(outcome(&run), (1, Verdict::Fail));
    assert!(!run.stdout.lines().any(|line| line.starts_with("::error::x")), "{}", run.stdout);
}
