//! What pr-comment joins, refuses and tells.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail as tests do")]
#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]

mod posted;

use std::fs;
use std::path::Path;

use lw_model::{Bound, JudgeOptions};
use lw_model::{Level, Limit, Measure, Provenance, Report, Unit, Verdict};
use lw_testkit::tool::{Run, ToolBinary, words};
use tempfile::TempDir;

const TOOL: ToolBinary = ToolBinary::new(env!("CARGO_BIN_EXE_pr-comment"));

/// The commit that is tested.
const TESTED: &str = "1111111111111111111111111111111111111111";
const OTHER: &str = "2222222222222222222222222222222222222222";

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str, text: &str) -> &Self {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn report(&self, name: &str, report: &Report) -> &Self {
        self.file(name, &serde_json::to_string(report).unwrap())
    }

    /// Runs it on a laptop; the comment is in `c.md`.
    fn join(&self, line: &str) -> Run {
        TOOL.run(self.path(), &words(&format!("{line} --output c.md")), &[])
    }

    fn comment(&self) -> String {
        fs::read_to_string(self.path().join("c.md")).unwrap()
    }
}

/// A report of size-gate with a limit of 1,000 bytes.
fn size(subject: Option<&str>, bytes: u64) -> Report {
    let mut report = Report::new("size-gate", "1.0.0");
    let (_, limits) = Limit::parse(Bound::Max, "image.bytes=1000", Unit::Bytes, "--max").unwrap();
    let mut measure = Measure::bytes("image.bytes", bytes);
    measure.subject = subject.map(str::to_owned);
    measure.baseline = Some(900u64.into());
    measure.limits = limits;
    report.measures.push(measure);
    report.judge(&JudgeOptions::default());
    report.summary = report.headline(&[]);
    report.provenance =
        Some(Provenance { commit: Some(TESTED.into()), complete: Some(true), ..Provenance::default() });
    report
}

fn outcome(run: &Run) -> (i32, Verdict) {
    (run.code, run.report().verdict)
}

#[test]
fn transcripts() {
    lw_testkit::tool::transcripts();
}

#[test]
fn the_worst_report_is_the_verdict() {
    let place = Place::new();
    place.report("r/a.json", &size(Some("esp32"), 900)).report("r/b.json", &size(Some("esp32-s3"), 900));
    assert_eq!(outcome(&place.join("--reports r/*.json")), (0, Verdict::Pass));
    assert!(place.comment().starts_with("## ✅ Passed: 2 limits met\n"), "{}", place.comment());

    let mut warned = size(Some("rp2040"), 900);
    warned.verdict = Verdict::Warn;
    place.report("r/c.json", &warned);
    let run = place.join("--reports r/*.json");
    assert_eq!((outcome(&run), run.found(Level::Warning)), ((0, Verdict::Warn), vec!["report-warned"]));

    place.report("r/b.json", &size(Some("esp32-s3"), 1_001));
    let run = place.join("--reports r/*.json");
    assert_eq!((outcome(&run), run.found(Level::Error)), ((1, Verdict::Fail), vec!["report-failed"]));
    let comment = place.comment();
    assert!(
        comment.starts_with("## ❌ Failed (1 of 3 reports): image.bytes of `esp32-s3` 1\u{a0}B over\n"),
        "{comment}"
    );
    assert!(
        comment.lines().last().unwrap().starts_with("<!-- lw-pr-comment key=reports commit=none run=0"),
        "{comment}"
    );
    // Where another step fails already.
    assert_eq!(outcome(&place.join("--reports r/*.json --fail-on never")), (0, Verdict::Fail));
}

#[test]
fn a_report_that_says_it_is_not_complete_does_not_pass() {
    let place = Place::new();
    let mut report = size(None, 900);
    report.provenance.as_mut().unwrap().complete = Some(false);
    place.report("a.json", &report);
    let run = place.join("--reports a.json");
    assert_eq!((outcome(&run), run.found(Level::Error)), ((1, Verdict::Fail), vec!["report-incomplete"]));
    assert!(place.comment().starts_with("## 💥 Not everything could be judged"), "{}", place.comment());
}

#[test]
fn reports_of_another_commit_are_refused_and_said_so_in_the_comment() {
    let place = Place::new();
    let mut other = size(Some("b"), 900);
    other.provenance.as_mut().unwrap().commit = Some(OTHER.into());
    place.report("a.json", &size(Some("a"), 900)).report("b.json", &other);
    // Also where nobody says which commit is tested, two are one too many.
    for commit in ["", &format!("--commit {TESTED}")] {
        let run = place.join(&format!("--reports a.json --reports b.json {commit}"));
        assert_eq!((outcome(&run), run.found(Level::Error)), ((1, Verdict::Fail), vec!["report-refused"]));
        assert_eq!(run.count("reports"), 1);
        assert!(place.comment().contains("it is of commit 222222222222, and 111111111111 is tested"));
    }
    assert_eq!(outcome(&place.join("--reports a.json --reports b.json --any-commit")), (0, Verdict::Pass));
    let run = place.join("--reports a.json --commit HEAD");
    assert_eq!(run.code, 2, "{}", run.stderr);
    // The tip of the pull request is as good as the merge that was tested.
    let mut merged = size(Some("a"), 900);
    merged.provenance.as_mut().unwrap().commit = Some(OTHER.into());
    merged.provenance.as_mut().unwrap().head_commit = Some(TESTED.into());
    place.report("m.json", &merged);
    assert_eq!(outcome(&place.join(&format!("--reports m.json --commit {OTHER}"))), (0, Verdict::Pass));
}

#[test]
fn what_cannot_be_read_is_told_and_hides_nothing() {
    let place = Place::new();
    place.report("a.json", &size(Some("a"), 1_001)).file("b.json", "## Passed");
    let run = place.join("--reports a.json --reports b.json");
    assert_eq!(outcome(&run), (3, Verdict::Error));
    let comment = place.comment();
    assert!(
        comment.starts_with("## 💥 Not everything could be judged: b.json: it is no JSON object"),
        "{comment}"
    );
    assert!(comment.contains("1,001\u{a0}B"), "{comment}");
    let run = place.join("--reports a.json --reports none.json");
    assert_eq!(outcome(&run), (3, Verdict::Error));
    assert!(place.comment().contains("none.json: no such file"), "{}", place.comment());
}

#[test]
fn nothing_at_all_never_passes_in_the_comment() {
    let place = Place::new();
    assert_eq!(outcome(&place.join("--reports r/*.json")), (3, Verdict::Error));
    assert!(place.comment().starts_with("## 💥"), "{}", place.comment());
    for (missing, verdict) in [("warn", Verdict::Warn), ("skip", Verdict::Pass)] {
        let run = place.join(&format!("--reports r/*.json --missing {missing}"));
        assert_eq!(outcome(&run), (0, verdict));
        assert!(place.comment().starts_with("## ⚠️ There is no report\n"), "{}", place.comment());
    }
}

#[test]
fn twins_are_told_apart_by_file_and_the_same_bytes_are_an_error() {
    let place = Place::new();
    place.report("r/esp32/size.json", &size(None, 900)).report("r/esp32-s3/size.json", &size(None, 950));
    assert_eq!(outcome(&place.join("--reports r/*/size.json")), (0, Verdict::Pass));
    let comment = place.comment();
    assert!(
        comment.contains("| `esp32-s3` | `image.bytes` |") && comment.contains("| `esp32` | `image.bytes` |"),
        "{comment}"
    );
    place.report("r/esp32-s3/size.json", &size(None, 900));
    let run = place.join("--reports r/*/size.json");
    assert_eq!((outcome(&run), run.found(Level::Error)), ((1, Verdict::Fail), vec!["same-report"]));
    assert!(place.comment().starts_with("## 💥"), "{}", place.comment());
}

#[test]
fn a_comment_has_an_end_and_says_so() {
    let place = Place::new();
    for at in 0..700 {
        let mut report = size(Some(&format!("board-of-some-length-{at}")), 901 + at % 90);
        report.summary = "x".repeat(300);
        place.report(&format!("r/{at}.json"), &report);
    }
    let run = place.join("--reports r/*.json");
    assert_eq!(outcome(&run), (0, Verdict::Pass));
    assert_eq!(run.found(Level::Note), ["shortened"]);
    let comment = place.comment();
    let units = comment.encode_utf16().count();
    assert!((55_000..=65_000).contains(&units), "{units}");
    assert_eq!(run.count("comment.length"), i64::try_from(units).unwrap());
    assert!(comment.contains("600 rows of the table and details of "), "{comment}");
}

/// An event of a pull request, of the same repository or of a fork.
fn event(place: &Place, head: &str) -> String {
    let path = place.path().join("event.json");
    let text = format!(
        r#"{{"pull_request": {{"number": 7, "head": {{"sha": "{TESTED}", "ref": "feature", "repo": {{"full_name": "{head}"}}}},
            "base": {{"sha": "{OTHER}", "ref": "main", "repo": {{"full_name": "o/r"}}}}}}, "repository": {{"full_name": "o/r"}}}}"#
    );
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn step(place: &Place, line: &str, head: &str, more: &[(&str, &str)]) -> Run {
    let event = event(place, head);
    let mut env = vec![
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_EVENT_PATH", event.as_str()),
        ("GITHUB_REPOSITORY", "o/r"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_SHA", OTHER),
        ("GITHUB_RUN_ID", "42"),
        ("GITHUB_RUN_ATTEMPT", "2"),
    ];
    env.extend(more);
    TOOL.run_as_step(place.path(), &words(&format!("{line} --output c.md")), &env)
}

#[test]
fn a_fork_and_a_missing_token_are_notes_and_no_failures() {
    let place = Place::new();
    place.report("a.json", &size(None, 900));
    let run = step(&place, "--reports a.json", "me/fork", &[]);
    assert_eq!((outcome(&run), run.found(Level::Note)), ((0, Verdict::Pass), vec!["not-posted"]));
    assert!(run.stdout.contains("workflow_run"), "{}", run.stdout);
    assert_eq!(run.output("posted"), "no");

    for (when, code, level) in [
        ("auto", 0, Some(Level::Note)),
        ("on-change", 0, Some(Level::Note)),
        ("always", 0, Some(Level::Warning)),
        ("required", 4, None),
    ] {
        let run = step(&place, &format!("--reports a.json --comment {when}"), "o/r", &[]);
        assert_eq!(run.code, code, "{when}: {}", run.stderr);
        let text = format!("{}{}", run.stdout, run.stderr);
        assert!(text.contains("pull-requests: write"), "{when}: {text}");
        if let Some(level) = level {
            assert!(run.found(level).contains(&"not-posted"), "{when}");
        }
    }
    let marker =
        "<!-- lw-pr-comment key=reports commit=1111111111111111111111111111111111111111 run=42 attempt=2 -->";
    assert_eq!(place.comment().lines().last(), Some(marker));
    // Nothing is asked where nothing is to be posted.
    for quiet in ["--dry-run", "--comment off"] {
        let run = step(&place, &format!("--reports a.json {quiet}"), "o/r", &[("GITHUB_TOKEN", "t")]);
        assert_eq!((outcome(&run), run.found(Level::Note).is_empty()), ((0, Verdict::Pass), true));
        assert_eq!(run.output("posted"), "no");
    }
}

/// A line of a history: image.bytes of a board at a commit.
fn line(number: u64, board: &str, bytes: u64) -> String {
    format!(
        "{{\"schema\":\"lw-history/1\",\"commit\":\"{number:040x}\",\"time\":{},\"figures\":[{{\"tool\":\"size-gate\",\"subject\":\"{board}\",\"name\":\"image.bytes\",\"value\":{bytes},\"unit\":\"bytes\",\"direction\":\"lower\",\"verdict\":\"pass\",\"limits\":[{{\"bound\":\"max\",\"threshold\":{{\"amount\":1000}},\"on_breach\":\"fail\",\"outcome\":\"met\"}}]}}]}}\n",
        1_795_249_026 + number * 60
    )
}

#[test]
fn the_table_shows_how_a_measure_has_gone() {
    let place = Place::new();
    place.report("r/a.json", &size(Some("esp32"), 950));
    // Not in the order of time, with another board, and with the commit that is told of.
    let history =
        [line(3, "esp32", 920), line(1, "esp32", 900), line(2, "esp32", 940), line(4, "esp32-s3", 1)];
    let own = line(9, "esp32", 1).replace(&format!("{:040x}", 9), TESTED);
    place.file("history.jsonl", &(history.concat() + &own));
    let join = |history: &str| {
        let run = place.join(&format!("--reports r/*.json --commit {TESTED} --history {history}"));
        (run.code, place.comment())
    };
    let (code, comment) = join("history.jsonl");
    assert_eq!(code, 0, "{comment}");
    assert!(comment.contains("| Trend |") && comment.contains("| ▁▇▄█ |"), "{comment}");
    // Without one nothing is different.
    place.join(&format!("--reports r/*.json --commit {TESTED}"));
    assert!(!place.comment().contains("Trend"));
    // Whatever is wrong with it is told, and the comment is there.
    let many: String = (0..60).map(|number| line(number, "esp32", 900 + number)).collect();
    for (text, says) in [
        ("", "has none of the measures"),
        (line(1, "other", 5).as_str(), "has none of the measures"),
        ("<script>@octocat</script>\n", "1 line of the history cannot be read"),
        (&format!("{}[]\n", line(1, "esp32", 900)), "history.jsonl:2"),
    ] {
        place.file("history.jsonl", text);
        let (code, comment) = join("history.jsonl");
        assert!(code == 0 && comment.contains("| `image.bytes` |"), "{code} {text}: {comment}");
        assert!(comment.contains(says), "{says}: {comment}");
        assert!(!comment.contains("<script>") && !comment.contains("@octocat"), "{comment}");
    }
    assert!(join("none.jsonl").1.contains("the history is not shown"));
    place.file("history.jsonl", &many);
    let bars = |text: &str| text.chars().filter(|one| ('▁'..='█').contains(one)).count();
    assert_eq!(bars(&join("history.jsonl").1), 21);
    // Who wants it to be there says so.
    let line = format!("--reports r/*.json --commit {TESTED} --history none.jsonl --fail-on warning");
    assert_eq!(place.join(&line).code, 1);
}
