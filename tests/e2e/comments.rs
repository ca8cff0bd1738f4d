//! The comment that the actions `…-with-baseline` keep on a pull request, as a repository lives: one for all gates of a workflow,
//! whoever of them is the last, whatever fails on the way. In the scenarios that begin with `started_judged` GitHub's own description of
//! its API judges all that is asked and answered ([`crate::prism`]).

use std::thread;
use std::time::Duration;

use lw_testkit::github::{Fault, Injection, PullSpec, RunSpec, Seen, When};
use lw_testkit::http::Fault as Way;
use lw_testkit::runner::upload::Files;
use lw_testkit::runner::{Access, Outcome};
use serde_json::json;

use crate::repository::{BOARDS, Event, FORK, MAIN, Project, REPOSITORY, zipped};

/// A repository with one commit on main, whose image has 1,000 bytes, and that commit.
fn started() -> (Project, String) {
    of(Project::new())
}

/// The same, held to GitHub's description of its API.
fn started_judged() -> (Project, String) {
    of(Project::judged())
}

fn of(project: Project) -> (Project, String) {
    let first = project.commit(1000);
    assert!(project.run(&project.push(""), &[]).kept());
    (project, first)
}

/// The rows of the table in a comment, without its marks of code.
fn rows(body: &str) -> Vec<String> {
    let rows = body.lines().skip_while(|line| !line.starts_with("| :--")).skip(1);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|line| line.trim_matches(['|', ' ']).replace('`', "")).collect()
}

#[test]
fn one_comment_from_the_first_pull_request_on() {
    let (project, first) = started_judged();
    let pull = project.pull_request(1, 1050, &first);
    let run = project.run(&pull, &[]);
    assert_eq!(run.step.outcome, Outcome::Success, "{}", run.step.log);
    let body = project.comment(1);
    assert!(body.starts_with("## ✅ Passed: 1 limit met"), "{body}");
    let row = &rows(&body)[0];
    assert!(row.contains("image.bytes | 1,000 B | 1,050 B | +50 B (+5.00 %) | 50 B left"), "{body}");
    assert!(
        body.contains(&format!("key=ci commit={} run={} attempt=1 -->", pull.head(), pull.run)),
        "{body}"
    );
    assert_eq!(run.step.outputs["comment-url"], project.url(1), "{}", run.step.log);

    // Its author pushes more: too much.
    let changed = project.pull_request(1, 1200, &first);
    let run = project.run(&changed, &[]);
    assert_eq!(run.step.outcome, Outcome::Failure);
    let body = project.comment(1);
    assert!(body.starts_with("## ❌ Failed: image.bytes "), "{body}");
    assert!(rows(&body)[0].contains("1,000 B | 1,200 B | +200 B"), "{body}");
    // The run before is started again, when nobody looks at its commit any more.
    project.github.world(|world| world.rerun(REPOSITORY, pull.run));
    let run = project.run(&Event { attempt: "2", ..pull }, &[]);
    assert_eq!((run.step.outcome, project.comment(1)), (Outcome::Success, body));
    assert!(run.step.log.contains("has moved on"), "{}", run.step.log);

    // It is merged all the same. A push has nobody to tell, and the next pull request starts from what is there.
    let push = project.main(1200);
    let asked = project.github.answered();
    assert_eq!(project.run(&push, &[]).step.outcome, Outcome::Failure);
    assert_eq!(project.github.answered(), asked, "a push asks nobody");
    project.run(&project.pull_request(2, 1210, &first), &[]);
    let body = project.comment(2);
    assert!(body.starts_with("## ✅ Passed"), "{body}");
    assert!(rows(&body)[0].contains("1,200 B | 1,210 B | +10 B"), "{body}");
    assert!(project.comment(1).contains("+200 B"));
    project.is_github_s();
}

#[test]
fn what_could_not_be_compared_or_built_is_told() {
    let (project, first) = started();
    // Main does not build, and leaves no report.
    project.run(&project.main(0), &[]);
    let pull = project.pull_request(1, 1500, &first);
    project.run(&pull, &[]);
    let body = project.comment(1);
    assert!(body.starts_with("## ⚠️ Passed with warnings"), "{body}");
    assert!(rows(&body)[0].starts_with("❔") && body.contains("no baseline"), "{body}");
    // The pull request does not build, and then its gate dies without a word.
    let broken = project.pull_request(1, 0, &first);
    assert_eq!(project.run(&broken, &[]).step.outcome, Outcome::Failure);
    assert!(project.comment(1).starts_with("## 💥 Not everything could be judged"), "{}", project.comment(1));
    let dead = project.pull_request(1, 1100, &first);
    let run = project.run(&dead, &[("max-growth", "image.bytes=ten")]);
    assert_eq!(run.step.outcome, Outcome::Failure);
    assert!(project.comment(1).contains("Not everything could be judged"), "{}", project.comment(1));
}

#[test]
fn twelve_boards_and_two_gates_are_one_comment() {
    let (project, first) = started_judged();
    for board in BOARDS {
        project.run(&project.push("").on(board), &[]);
    }
    let pull = project.pull_request(1, 1007, &first);
    for board in BOARDS {
        project.run(&pull.clone().on(board), &[]);
    }
    // Another job of the workflow.
    let workspace = project.checkout(&pull);
    let results =
        "<testsuite name=\"s\" tests=\"1\"><testcase classname=\"c\" name=\"a\" time=\"1\"/></testsuite>";
    std::fs::write(workspace.path().join("results.xml"), results).unwrap();
    let with = [("command", "check"), ("results", "results.xml"), ("min", "tests.total=1")];
    let tests = pull.clone().of_job("tests");
    project.step(&tests, workspace.path(), "test-report-with-baseline", &with);

    let body = project.comment(1);
    assert!(body.contains("Reports of size-gate ×12, test-report"), "{body}");
    let rows = rows(&body);
    for board in BOARDS {
        let bytes = 1007 + board.len();
        let of = rows.iter().find(|row| row.contains(&format!("| {board} |")));
        let of = of.unwrap_or_else(|| panic!("{board}: {body}"));
        assert!(of.contains(&format!("1,0{:02} B | +7 B", bytes - 1000)), "{board}: {of}");
    }
    assert_eq!(rows.iter().filter(|row| row.contains("| image.bytes |")).count(), BOARDS.len(), "{body}");
    project.is_github_s();
}

/// Jobs that end at the same time, really and to the request.
#[test]
fn no_job_s_report_is_lost_whoever_writes_last() {
    let (project, first) = started();
    let pull = project.pull_request(1, 1050, &first);
    let boards = &BOARDS[..4];
    thread::scope(|scope| {
        for board in boards {
            scope.spawn(|| project.run(&pull.clone().on(board), &[]));
        }
    });
    let body = project.comment(1);
    assert!(boards.iter().all(|board| body.contains(&format!("`{board}`"))), "{body}");

    // The other job uploads after this one has looked, and its comment is there before this one writes.
    let (project, first) = started();
    let pull = project.pull_request(1, 1050, &first);
    project.run(&pull.clone().on("esp32"), &[]);
    let other = project.github.world(|world| world.artifact(REPOSITORY, pull.run, 0));
    for target in ["/comments", "/issues/comments/"] {
        let pull = project.pull_request(1, 1050, &first);
        let report = String::from_utf8(unzipped(&other)).unwrap();
        let report = report.replace(&field(&report, "head_commit"), &pull.head());
        let report = report.replace(&field(&report, "commit"), &pull.commit);
        let method = if target == "/comments" { "POST" } else { "PATCH" };
        if method == "POST" {
            let id = project.comments(1)[0].id;
            project.github.world(|world| world.remove_comment(REPOSITORY, id));
        }
        let marker =
            format!("<!-- lw-pr-comment key=ci commit={} run={} attempt=1 -->", pull.head(), pull.run);
        let run = pull.run;
        project.github.meanwhile(When::at(method, target), move |world| {
            let files = Files::from([("size/other/size-gate.json".to_owned(), report.into_bytes())]);
            world.add_artifact(REPOSITORY, run, "lw-report-other", &zipped(&files));
            let body = format!("both\n\n{marker}\n");
            match world.comments(REPOSITORY, 1).first() {
                Some(there) => world.change_comment(REPOSITORY, there.id, &body),
                None => drop(world.add_comment(REPOSITORY, 1, "github-actions[bot]", &body)),
            }
        });
        project.run(&pull.on("esp32-s3"), &[]);
        let body = project.comment(1);
        assert!(body.contains("`other`") && body.contains("`esp32-s3`"), "{method}: {body}");
    }
}

/// The only file of an archive.
fn unzipped(archive: &[u8]) -> Vec<u8> {
    use std::io::Read as _;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(archive)).unwrap();
    let mut bytes = Vec::new();
    archive.by_index(0).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn field(report: &str, name: &str) -> String {
    let report: serde_json::Value = serde_json::from_str(report).unwrap();
    report["provenance"][name].as_str().unwrap().to_owned()
}

#[test]
fn the_comment_of_a_fork_is_written_by_the_run_after() {
    let (project, first) = started_judged();
    let mut fork = project.pull_request(1, 1050, &first);
    fork.access = Access::ReadOnly;
    fork.payload["pull_request"]["head"]["repo"] = json!({"full_name": FORK, "fork": true});
    let head = fork.head();
    fork.run = project.github.world(|world| {
        let spec = PullSpec::from(FORK, "feature1", &head);
        world.put_pull(REPOSITORY, 1, &spec);
        world.add_run(REPOSITORY, &RunSpec::of_pull(FORK, "feature1", &head))
    });
    let run = project.run(&fork.clone().of_job("one"), &[]);
    project.run(&fork.clone().of_job("two"), &[]);
    assert_eq!((run.step.outcome, run.warnings()), (Outcome::Success, vec![]), "{}", run.step.log);
    assert!(run.step.log.contains("workflow_run"), "{}", run.step.log);
    assert!(!project.github.requests().iter().any(Seen::is_mutating));
    assert_eq!(project.comments(1), []);
    let step = project.run_after(&fork);
    assert_eq!(step.outputs["posted"], "created", "{}", step.log);
    let body = project.comment(1);
    assert!(body.contains("`one`") && body.contains("`two`") && body.contains("+50 B"), "{body}");

    // In the repository itself the run after finds the comment there, and that it says the same.
    let own = project.pull_request(2, 1050, &first);
    project.run(&own, &[]);
    let body = project.comment(2);
    assert_eq!((project.run_after(&own).outputs["posted"].as_str(), project.comment(2)), ("unchanged", body));
    project.is_github_s();
}

#[test]
fn a_force_push_and_a_queue() {
    let (project, first) = started();
    let before = project.pull_request(1, 1050, &first);
    // The author has pushed over it before its run ends.
    let after = project.pull_request(1, 1080, &first);
    project.run(&after, &[]);
    project.run(&before, &[]);
    let body = project.comment(1);
    assert!(body.contains("+80 B") && body.contains(&after.head()), "{body}");

    let queue = Event {
        name: "merge_group",
        base: "",
        reference: format!("refs/heads/gh-readonly-queue/main/pr-1-{first}"),
        payload: json!({
            "merge_group": {"base_ref": MAIN, "base_sha": first, "head_ref": "refs/heads/gh-readonly-queue/main/pr-1", "head_sha": after.commit},
            "repository": {"default_branch": "main"},
        }),
        ..after
    };
    let asked = project.github.answered();
    let run = project.run(&queue, &[]);
    assert_eq!((run.step.outcome, project.github.answered()), (Outcome::Success, asked), "{}", run.step.log);
    assert_eq!(project.comment(1), body);
}

#[test]
fn a_second_attempt_replaces_what_it_measures_again_and_keeps_the_rest() {
    let (project, first) = started_judged();
    let pull = project.pull_request(1, 1050, &first);
    for board in ["esp32", "esp32-s3"] {
        project.run(&pull.clone().on(board), &[]);
    }
    project.github.advance(Duration::from_secs(60));
    project.github.world(|world| world.rerun(REPOSITORY, pull.run));
    let again = Event { attempt: "2", ..pull };
    let with = [("max", "image.bytes=1000")];
    project.run(&again.clone().on("esp32"), &with);
    let body = project.comment(1);
    assert!(body.starts_with("## ❌ Failed (1 of 2 reports)") && body.contains("attempt=2"), "{body}");
    assert!(body.contains("size-gate ×2"), "{body}");
    assert_eq!(project.github.world(|world| world.artifacts(REPOSITORY, again.run)).len(), 3);
    project.is_github_s();
}

#[test]
fn when_it_is_posted_is_the_workflow_s_word() {
    let (project, first) = started();
    let run = |bytes: usize, with: &[(&str, &str)]| {
        let pull = project.pull_request(1, bytes, &first);
        (project.run(&pull, with), pull)
    };
    let (off, pull) = run(1050, &[("comment", "off")]);
    assert_eq!((off.step.outcome, project.comments(1)), (Outcome::Success, vec![]));
    assert!(project.github.world(|world| world.artifacts(REPOSITORY, pull.run)).is_empty());
    run(1000, &[("comment", "on-change")]);
    assert_eq!(project.comments(1), []);
    run(1001, &[("comment", "on-change")]);
    assert!(project.comment(1).contains("+1 B"));
    // A word that is none is said.
    let (wrong, _) = run(1002, &[("comment", "sometimes")]);
    assert!(wrong.step.log.contains("sometimes"), "{}", wrong.step.log);
    // Without the permission it is a note, or an error where it has to be.
    let read_only = |when: &str| {
        let pull = Event { access: Access::ReadOnly, ..project.pull_request(1, 1003, &first) };
        project.run(&pull, &[("comment", when)]).step
    };
    let note = read_only("auto");
    assert_eq!(note.outcome, Outcome::Success);
    assert!(note.log.contains("pull-requests: write"), "{}", note.log);
    assert_eq!(read_only("required").outcome, Outcome::Failure);
}

/// Whichever answer is lost or is none, with or without effect: one comment that says the same.
#[test]
fn a_fault_at_any_answer_leaves_one_comment() {
    let one = |fault: Option<(usize, &Way, bool)>| {
        let (project, first) = started();
        let pull = project.pull_request(1, 1050, &first);
        let before = project.github.answered();
        if let Some((number, way, takes_effect)) = fault {
            let injection = Injection::once(When::Nth(before + number), Fault::from(way.clone()));
            project.github.inject(if takes_effect { injection.taking_effect() } else { injection });
        }
        let run = project.run(&pull, &[]);
        assert_eq!(run.step.outcome, Outcome::Success, "{fault:?}: {}", run.step.log);
        assert_eq!(project.comments(1).len(), 1, "{fault:?}: {}", run.step.log);
        let body = project.comment(1);
        assert!(body.starts_with("## ✅ Passed: 1 limit met") && body.contains("+50 B"), "{fault:?}: {body}");
        project.github.answered() - before
    };
    let requests = one(None);
    assert!((6..20).contains(&requests), "{requests}");
    let ways = [
        (Way::Drop, false),
        (Way::Drop, true),
        (Way::Later { status: 429, after: "1".to_owned() }, false),
        (Way::Status(500), true),
        (Way::Html(502), true),
        (Way::Truncated(3), true),
    ];
    thread::scope(|scope| {
        for (way, takes_effect) in &ways {
            let one = &one;
            scope.spawn(move || {
                for number in 1..=requests {
                    one(Some((number, way, *takes_effect)));
                }
            });
        }
    });
}
