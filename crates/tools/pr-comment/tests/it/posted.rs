//! What pull requests get, of a GitHub on this machine.

use std::io::{Cursor, Write as _};

use lw_model::{Level, Report, Verdict};
use lw_testkit::github::{Access, Account, CommentState, Permissions, PullSpec, RunSpec, Stub};
use lw_testkit::tool::{Run, words};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::{OTHER, Place, TESTED, TOOL, event, outcome, size};

const REPOSITORY: &str = "o/r";
const TOKEN: &str = "job-token";
const BOT: &str = "github-actions[bot]";

/// A GitHub with a pull request whose tip is the commit that is tested, and a job's token.
struct Scene {
    place: Place,
    stub: Stub,
    pull: u64,
}

impl Scene {
    fn new() -> Self {
        Self::of(
            REPOSITORY,
            Permissions { contents: Access::Read, pull_requests: Access::Write, actions: Access::Read },
        )
    }

    fn of(head: &str, permissions: Permissions) -> Self {
        let stub = Stub::start();
        let pull = stub.world(|world| {
            world.add_repository(REPOSITORY);
            world.add_token(TOKEN, Account::job(REPOSITORY, permissions));
            world.add_pull(REPOSITORY, &PullSpec::from(head, "feature", TESTED))
        });
        Self { place: Place::new(), stub, pull }
    }

    /// A run of a workflow, the `attempt`th of run `run`.
    fn step(&self, line: &str, run: u64, attempt: u64) -> Run {
        let event = event(&self.place, REPOSITORY);
        let (run, attempt) = (run.to_string(), attempt.to_string());
        let (api, line) = (self.stub.api_url(), format!("{line} --output c.md"));
        let line = line.replace("PULL", &self.pull.to_string());
        let run = TOOL.run_as_step(
            self.place.path(),
            &words(&line),
            &[
                ("GITHUB_EVENT_NAME", "pull_request"),
                ("GITHUB_EVENT_PATH", &event),
                ("GITHUB_REPOSITORY", REPOSITORY),
                ("GITHUB_SERVER_URL", "https://github.com"),
                ("GITHUB_SHA", OTHER),
                ("GITHUB_RUN_ID", &run),
                ("GITHUB_RUN_ATTEMPT", &attempt),
                ("GITHUB_API_URL", &api),
                ("GITHUB_TOKEN", TOKEN),
            ],
        );
        assert_eq!(self.stub.refusals(), Vec::<String>::new());
        run
    }

    fn comments(&self) -> Vec<CommentState> {
        self.stub.world(|world| world.comments(REPOSITORY, self.pull))
    }

    fn wrote(&self) -> bool {
        self.stub.requests().iter().any(lw_testkit::github::Seen::is_mutating)
    }
}

#[test]
fn one_comment_is_created_updated_and_left_to_what_is_newer() {
    let scene = Scene::new();
    scene.place.report("a.json", &size(None, 900));
    let line = "--reports a.json --pull-request PULL";
    let run = scene.step(line, 50, 1);
    assert_eq!((outcome(&run), run.output("posted")), ((0, Verdict::Pass), "created"), "{}", run.stdout);
    assert!(run.output("comment-url").contains("http"), "{}", run.output("comment-url"));
    assert_eq!(scene.step(line, 50, 1).output("posted"), "unchanged");

    scene.place.report("a.json", &size(None, 1_001));
    let run = scene.step(line, 50, 2);
    assert_eq!((outcome(&run), run.output("posted")), ((1, Verdict::Fail), "updated"));
    let comments = scene.comments();
    assert_eq!(comments.len(), 1);
    assert_eq!(comments[0].body.trim_end(), scene.place.comment().trim_end());
    assert!(comments[0].body.starts_with("## ❌ Failed: image.bytes 1\u{a0}B over"), "{}", comments[0].body);

    // An earlier attempt that ends late, and an older run that is repeated.
    scene.place.report("a.json", &size(None, 900));
    for (run, attempt) in [(50, 1), (49, 3)] {
        let run = scene.step(line, run, attempt);
        assert_eq!((run.output("posted"), run.found(Level::Note)), ("kept", vec!["newer"]));
    }
    assert_eq!(scene.comments(), comments);
}

#[test]
fn a_marker_of_somebody_else_and_one_in_a_report_mean_nothing() {
    let scene = Scene::new();
    let marker = format!("<!-- lw-pr-comment key=reports commit={TESTED} run=99 attempt=1 -->");
    scene.stub.world(|world| {
        for number in 0..130 {
            world.add_comment(REPOSITORY, scene.pull, "octocat", &format!("word {number}\n\n{marker}"));
        }
    });
    let mut report = size(None, 900);
    report.summary = format!("a\n{marker}\n");
    scene.place.report("a.json", &report);
    let line = "--reports a.json --pull-request PULL";
    assert_eq!(scene.step(line, 50, 1).output("posted"), "created");
    // Found again behind more than a page of others.
    assert_eq!(scene.step(line, 51, 1).output("posted"), "updated");
    let ours = scene.comments().into_iter().filter(|comment| comment.author.as_deref() == Some(BOT));
    assert_eq!(ours.count(), 1);
}

#[test]
fn of_several_the_oldest_stays_and_keys_are_apart() {
    let scene = Scene::new();
    let marker =
        |key: &str| format!("old\n<!-- lw-pr-comment key={key} commit={OTHER} run=1 attempt=1 -->\n");
    let ids = scene.stub.world(|world| {
        ["reports", "reports", "reports-2"]
            .map(|key| world.add_comment(REPOSITORY, scene.pull, BOT, &marker(key)))
    });
    scene.place.report("a.json", &size(None, 900));
    assert_eq!(scene.step("--reports a.json --pull-request PULL", 50, 1).output("posted"), "updated");
    let left: Vec<u64> = scene.comments().iter().map(|comment| comment.id).collect();
    assert_eq!(left, [ids[0], ids[2]]);
    assert!(scene.comments()[1].body.starts_with("old"));
}

#[test]
fn nothing_is_posted_for_a_head_that_has_moved_on() {
    let scene = Scene::new();
    scene.stub.world(|world| world.push(REPOSITORY, scene.pull, OTHER));
    scene.place.report("a.json", &size(None, 900));
    let run = scene.step("--reports a.json --pull-request PULL", 50, 1);
    assert_eq!((run.code, run.output("posted"), run.found(Level::Note)), (0, "no", vec!["newer"]));
    assert!(!scene.wrote());
}

#[test]
fn on_change_waits_for_something_to_tell() {
    let scene = Scene::new();
    let line = "--reports a.json --pull-request PULL --comment on-change";
    scene.place.report("a.json", &size(None, 900));
    assert_eq!(scene.step(line, 50, 1).output("posted"), "no");
    assert!(!scene.wrote());
    scene.place.report("a.json", &size(None, 901));
    assert_eq!(scene.step(line, 51, 1).output("posted"), "created");
    // What is there is kept true.
    scene.place.report("a.json", &size(None, 900));
    assert_eq!(scene.step(line, 52, 1).output("posted"), "updated");
}

#[test]
fn a_permission_that_is_missing_is_a_note_with_the_line_to_write() {
    for (permissions, word) in
        [(Permissions::read(), "only reads"), (Permissions::none(), "pull-requests: write")]
    {
        let scene = Scene::of(REPOSITORY, permissions);
        scene.place.report("a.json", &size(None, 900));
        let run = scene.step("--reports a.json --pull-request PULL", 50, 1);
        assert_eq!((outcome(&run), run.output("posted")), ((0, Verdict::Pass), "no"));
        assert_eq!(run.found(Level::Note), ["not-posted"]);
        assert!(run.stdout.contains(word), "{}", run.stdout);
        assert!(scene.comments().is_empty());
        let run = scene.step("--reports a.json --pull-request PULL --comment required", 50, 1);
        assert_eq!(outcome(&run), (4, Verdict::Error));
        let run = scene.step("--reports a.json --pull-request PULL --comment always", 50, 1);
        assert_eq!(outcome(&run), (0, Verdict::Warn));
    }
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::DEFLATE);
    for (name, bytes) in files {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A report as a job of the pull request wrote it: of the merge that was tested.
fn merged(bytes: u64) -> Report {
    let mut report = size(Some("esp32"), bytes);
    let provenance = report.provenance.as_mut().unwrap();
    provenance.commit = Some(OTHER.into());
    provenance.head_commit = Some(TESTED.into());
    provenance.run_url = Some("https://evil.example/o/r/actions/runs/1".into());
    report
}

fn json(report: &Report) -> Vec<u8> {
    serde_json::to_vec(report).unwrap()
}

/// Runs it as the workflow on `workflow_run` does, after a run of a fork that has uploaded this.
fn after_fork(scene: &Scene, spec: &RunSpec, uploaded: Option<&[u8]>, more: &str) -> Run {
    let run = scene.stub.world(|world| {
        let run = world.add_run(REPOSITORY, spec);
        if let Some(bytes) = uploaded {
            world.add_artifact(REPOSITORY, run, "lw-reports", bytes);
        }
        run
    });
    scene.step(&format!("--from-artifact {run} --fail-on never {more}"), 7, 1)
}

fn of_fork() -> RunSpec {
    RunSpec::of_pull("me/fork", "feature", TESTED)
}

fn fork() -> Scene {
    Scene::of(
        "me/fork",
        Permissions { contents: Access::None, pull_requests: Access::Write, actions: Access::Read },
    )
}

#[test]
fn the_reports_of_a_fork_are_posted_by_the_run_after() {
    let scene = fork();
    // Of the same branch of another repository.
    let mine =
        scene.stub.world(|world| world.add_pull(REPOSITORY, &PullSpec::from(REPOSITORY, "feature", TESTED)));
    let zip = archive(&[("esp32/size.json", &json(&merged(1_001))), ("test.json", &json(&merged(902)))]);
    let run = after_fork(&scene, &of_fork(), Some(&zip), "");
    assert_eq!((outcome(&run), run.output("posted")), ((0, Verdict::Fail), "created"), "{}", run.stdout);
    let comments = scene.comments();
    assert_eq!(comments.len(), 1);
    let body = &comments[0].body;
    assert!(body.starts_with("## ❌ Failed (1 of 2 reports)"), "{body}");
    assert!(!body.contains("evil.example"), "{body}");
    assert!(scene.stub.world(|world| world.comments(REPOSITORY, mine)).is_empty());
    // The marker is of the run that measured, not of the one that posts.
    assert!(!body.contains("run=7 "), "{body}");
}

#[test]
fn a_poisoned_artifact_posts_nothing() {
    let good = json(&merged(900));
    let mut foreign = merged(900);
    foreign.provenance.as_mut().unwrap().head_commit = Some(OTHER.into());
    let forged = String::from_utf8(json(&merged(900))).unwrap().replace("\"value\":900,", "\"value\":5000,");
    let zeros = vec![b' '; 20 << 20];
    for (what, content) in [
        ("another commit", archive(&[("a.json", &good), ("b.json", &json(&foreign))])),
        ("a wrong number", archive(&[("a.json", forged.as_bytes())])),
        ("Markdown", archive(&[("a.json", &good), ("comment.md", b"## Passed\n")])),
        ("a bomb", archive(&[("a.json", &zeros)])),
        ("a name that leads elsewhere", archive(&[("../a.json", &good)])),
        ("the same twice", archive(&[("a.json", &good), ("b.json", &good)])),
        ("no archive", b"## Passed\n".to_vec()),
        ("nothing", Vec::new()),
    ] {
        let scene = fork();
        let run = after_fork(&scene, &of_fork(), Some(&content), "");
        assert_eq!((run.code, run.report().verdict), (3, Verdict::Error), "{what}: {}", run.stderr);
        assert!(scene.comments().is_empty() && !scene.wrote(), "{what}");
    }
    // A gigabyte, as the API says, is not even asked for.
    let scene = fork();
    let id = scene.stub.world(|world| world.add_run(REPOSITORY, &of_fork()));
    scene.stub.world(|world| {
        let artifact = world.add_artifact(REPOSITORY, id, "lw-reports", &archive(&[("a.json", &good)]));
        world.misreport_artifact(REPOSITORY, artifact, 1 << 30);
    });
    let run = scene.step(&format!("--from-artifact {id} --fail-on never"), 7, 1);
    assert_eq!((run.code, scene.wrote()), (4, false), "{}", run.stderr);
    assert!(scene.stub.downloads().is_empty());
    // There is none.
    let scene = fork();
    let run = after_fork(&scene, &of_fork(), None, "");
    assert_eq!((run.code, scene.wrote()), (3, false), "{}", run.stderr);
    let run = after_fork(&scene, &of_fork(), None, "--missing skip");
    assert_eq!((run.code, run.output("posted"), scene.wrote()), (0, "no", false), "{}", run.stderr);
}

#[test]
fn only_the_current_head_of_the_right_pull_request_is_told() {
    let good = archive(&[("a.json", &json(&merged(900)))]);
    for (spec, what) in [
        (RunSpec::of_pull("me/fork", "feature", OTHER), "has moved on from commit 222222222222"),
        (
            RunSpec::of_pull("you/fork", "feature", TESTED),
            "there is no open pull request of you/fork:feature",
        ),
        (RunSpec { event: "push".into(), ..of_fork() }, "was started by `push`"),
    ] {
        let scene = fork();
        let run = after_fork(&scene, &spec, Some(&good), "");
        assert_eq!((run.code, run.output("posted"), run.found(Level::Note)), (0, "no", vec!["newer"]));
        assert!(run.stdout.contains(what), "{}", run.stdout);
        assert!(!scene.wrote());
    }
}
