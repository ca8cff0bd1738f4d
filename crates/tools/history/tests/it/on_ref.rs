//! The history on a ref of GitHub.

use std::collections::BTreeSet;

use lw_model::{Level, Verdict};
use lw_testkit::git::command;
use lw_testkit::github::{Access, Injection, Permissions, When};
use lw_testkit::http::Fault;
use lw_trend::{Line, Standing};

use crate::{Event, PUSH, REPOSITORY, Scene, outcome, size};

const HISTORY: &str = "refs/lw/history";
const RECORD: &str = "record --reports @/r/*.json";

impl Scene {
    /// The lines of the ref; all of them are good, and in files of their months.
    fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        for (name, text) in self.files(HISTORY) {
            let month = lw_trend::Month::of_file(&name).unwrap_or_else(|| panic!("{name}"));
            let shard = lw_trend::Shard::read(text.as_bytes(), Some(month)).unwrap();
            assert_eq!(shard.problems().count(), 0, "{text}");
            lines.extend(shard.lines().cloned());
        }
        lines
    }
}

#[test]
fn a_commit_has_one_line_and_the_next_one_another() {
    let scene = Scene::new();
    let first = scene.head();
    scene.report("r/a.json", size(Some("esp32"), 900));
    scene.report("r/b.json", size(Some("esp32-s3"), 1_001));
    let run = scene.step(&PUSH, RECORD);
    // A breach that was merged is recorded as what it is, and recording it is no failure.
    assert_eq!((outcome(&run), run.output("recorded")), ((0, Verdict::Pass), "added"), "{}", run.stdout);
    let lines = scene.lines();
    assert_eq!((lines.len(), lines[0].commit.as_str()), (1, first.as_str()));
    assert_eq!(lines[0].run.as_deref(), Some("https://github.com/o/r/actions/runs/7"));
    let figures: Vec<_> =
        lines[0].figures.iter().map(|one| (one.subject.as_deref().unwrap(), one.verdict)).collect();
    assert_eq!(figures, [("esp32", Standing::Pass), ("esp32-s3", Standing::Fail)]);
    assert!(!scene.files(HISTORY)[0].1.contains("without.limit"));

    // The same again moves nothing; other numbers of the same commit replace its line.
    assert_eq!(scene.step(&PUSH, RECORD).output("recorded"), "unchanged");
    assert_eq!(scene.stub.world(|world| world.history(REPOSITORY, HISTORY)).len(), 1);
    scene.report("r/b.json", size(Some("esp32-s3"), 1_000));
    assert_eq!(scene.step(&PUSH, RECORD).output("recorded"), "replaced");
    let lines = scene.lines();
    assert_eq!((lines.len(), lines[0].standing()), (1, Standing::Pass));

    scene.commit();
    scene.report("r/a.json", size(Some("esp32"), 910));
    scene.report("r/b.json", size(Some("esp32-s3"), 1_000));
    assert_eq!(scene.step(&PUSH, RECORD).output("recorded"), "added");
    assert_eq!(scene.lines().len(), 2);
    // The ref holds data only, and nothing of the code is behind it.
    let history = scene.stub.world(|world| world.history(REPOSITORY, HISTORY));
    assert_eq!(history.len(), 3);
    assert!(scene.files(HISTORY).iter().all(|(name, _)| name.ends_with(".jsonl")));

    // Read again through the API, by whoever may read.
    let run = scene.step(&PUSH, "show --format text");
    assert_eq!((outcome(&run), run.count("commits"), run.count("figures")), ((0, Verdict::Pass), 2, 2));
    assert!(run.stdout.contains("+10 B"), "{}", run.stdout);
}

#[test]
fn what_may_never_be_merged_is_not_recorded_and_that_is_no_failure() {
    let pull = r#"{"pull_request":{"number":3,"base":{"ref":"main","sha":"1111111111111111111111111111111111111111"},"head":{"sha":"2222222222222222222222222222222222222222","repo":{"full_name":"evil/r","fork":true}}},"repository":{"default_branch":"main","full_name":"o/r"}}"#;
    let queue = r#"{"merge_group":{"base_ref":"refs/heads/main","base_sha":"1111111111111111111111111111111111111111","head_ref":"refs/heads/gh-readonly-queue/main/pr-1","head_sha":"2222222222222222222222222222222222222222"},"repository":{"default_branch":"main","full_name":"o/r"}}"#;
    let fork = r#"{"workflow_run":{"event":"pull_request","head_repository":{"full_name":"evil/r"}},"repository":{"default_branch":"main","full_name":"o/r"}}"#;
    let plain = PUSH.payload;
    for (name, reference, payload, why) in [
        ("pull_request", "refs/pull/3/merge", pull, "a pull request leaves none"),
        ("merge_group", "refs/heads/gh-readonly-queue/main/pr-1", queue, "a merge queue leaves none"),
        ("push", "refs/heads/feature", plain, "only runs of main"),
        ("push", "refs/tags/v1", plain, "only runs of main"),
        ("workflow_run", "refs/heads/main", fork, "not trusted"),
        ("issue_comment", "refs/heads/main", plain, "not trusted"),
        ("push", "refs/heads/main", "{}", "does not say what the main branch is"),
    ] {
        let scene = Scene::new();
        scene.report("r/a.json", size(None, 900));
        let run = scene.step(&Event { name, reference, payload }, RECORD);
        assert_eq!((outcome(&run), run.output("recorded")), ((0, Verdict::Pass), "no"), "{name} {reference}");
        assert_eq!(run.found(Level::Note), ["not-recorded"]);
        assert!(run.stdout.contains(why), "{name} {reference}: {}", run.stdout);
        assert!(!scene.wrote(), "{name} {reference}");
    }
    // Where the CI does not say it, the user does.
    let scene = Scene::new();
    scene.report("r/a.json", size(None, 900));
    let silent = Event { name: "push", reference: "refs/heads/main", payload: "{}" };
    let run = scene.step(&silent, &format!("{RECORD} --branch main"));
    assert_eq!(run.output("recorded"), "added", "{}", run.stdout);
    // And is not believed where the CI knows better.
    let feature = Event { name: "push", reference: "refs/heads/feature", payload: PUSH.payload };
    assert_eq!(scene.step(&feature, &format!("{RECORD} --branch feature")).output("recorded"), "no");
}

#[test]
fn a_permission_that_is_missing_is_named_to_the_line() {
    for permissions in [Permissions::read(), Permissions::none()] {
        let scene = Scene::with(permissions);
        scene.report("r/a.json", size(None, 900));
        let run = scene.step(&PUSH, RECORD);
        assert_eq!((outcome(&run), run.output("recorded")), ((4, Verdict::Error), "no"), "{}", run.stderr);
        let line = if permissions.contents == Access::None { "contents: " } else { "contents: write" };
        assert!(run.stderr.contains("permissions:") && run.stderr.contains(line), "{}", run.stderr);
        assert!(scene.files(HISTORY).is_empty());
    }
    let scene = Scene::new();
    scene.report("r/a.json", size(None, 900));
    let run = scene.step_with(&PUSH, RECORD, &[("GITHUB_TOKEN", "")]);
    assert_ne!(run.code, 0);
    assert!(run.stderr.contains("contents: write"), "{}", run.stderr);
    // To look at it, reading is enough.
    let scene = Scene::with(Permissions::read());
    scene.stub.world(|world| world.commit_files(REPOSITORY, HISTORY, &[("2026-11.jsonl", "")]));
    let run = scene.step(&PUSH, "show");
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["no-history"]), "{}", run.stderr);
}

#[test]
fn nothing_of_somebody_else_is_lost_when_two_jobs_end_at_once() {
    let scene = Scene::new();
    scene.report("r/a.json", size(None, 900));
    scene.step(&PUSH, RECORD);
    let first = scene.files(HISTORY);
    scene.commit();
    scene.report("r/a.json", size(None, 910));
    // While this job makes its commit, another one moves the ref: twice.
    let other = first[0].1.replace(&scene.lines()[0].commit, &"b".repeat(40));
    let both = format!("{}{other}", first[0].1);
    let name = first[0].0.clone();
    for (round, text) in
        [both.clone(), format!("{both}{{\"schema\":\"lw-history/9\"}}\n")].into_iter().enumerate()
    {
        let name = name.clone();
        let seen = scene.stub.answered();
        let when = if round == 0 { When::at("PATCH", "/git/refs/") } else { When::Nth(seen + 17) };
        scene.stub.meanwhile(when, move |world| {
            world.commit_files(REPOSITORY, HISTORY, &[(name.as_str(), text.as_str()), ("note.txt", "x")]);
        });
    }
    let run = scene.step(&PUSH, RECORD);
    assert_eq!((run.code, run.output("recorded")), (0, "added"), "{}", run.stderr);
    let all: String = scene.files(HISTORY).into_iter().map(|(_, text)| text).collect();
    for text in [scene.head(), "b".repeat(40), "lw-history/9".to_owned()] {
        assert_eq!(all.matches(&text).count(), 1, "{text}: {all}");
    }
    assert!(scene.files(HISTORY).iter().any(|(name, _)| name == "note.txt"));
}

#[test]
fn jobs_that_race_for_real_all_win() {
    let scene = Scene::new();
    for leg in 0..4 {
        scene.report(&format!("leg{leg}/a.json"), size(Some(&format!("board-{leg}")), 900 + leg));
    }
    std::thread::scope(|scope| {
        for leg in 0..4 {
            let scene = &scene;
            scope.spawn(move || {
                let line = format!("record --reports @/leg{leg}/*.json");
                let run = scene.step_with(&PUSH, &line, &[("GITHUB_JOB", &format!("leg{leg}"))]);
                assert_eq!(run.code, 0, "{}", run.stderr);
            });
        }
    });
    let lines = scene.lines();
    assert_eq!(lines.len(), 1);
    let subjects: BTreeSet<_> = lines[0].figures.iter().map(|one| one.subject.clone().unwrap()).collect();
    assert_eq!(subjects.len(), 4);
}

#[test]
fn whichever_answer_is_lost_the_end_is_the_same() {
    let run_with = |injection: Option<(usize, Fault, bool)>| {
        let scene = Scene::new();
        scene.report("r/a.json", size(None, 900));
        assert_eq!(scene.step(&PUSH, RECORD).code, 0);
        scene.scratch.git(&["commit", "--quiet", "--allow-empty", "--message=more"]);
        scene.report("r/a.json", size(None, 910));
        let begun = scene.stub.answered();
        if let Some((number, fault, takes_effect)) = injection {
            let injection = Injection::once(When::Nth(begun + number), fault);
            scene.stub.inject(if takes_effect { injection.taking_effect() } else { injection });
        }
        let run = scene.step(&PUSH, RECORD);
        assert_eq!((run.code, run.output("recorded")), (0, "added"), "{}", run.stderr);
        let values: Vec<_> = scene.lines().iter().map(|line| line.figures[0].value).collect();
        let commits = scene.stub.world(|world| world.history(REPOSITORY, HISTORY)).len();
        (values, commits, scene.stub.answered() - begun)
    };
    let (values, commits, requests) = run_with(None);
    assert_eq!((values.len(), commits), (2, 2));
    assert!(requests >= 8, "{requests}");
    std::thread::scope(|scope| {
        for number in 1..=requests {
            for (fault, takes_effect) in [
                (Fault::Drop, true),
                (Fault::Drop, false),
                (Fault::Status(500), true),
                (Fault::Html(502), false),
            ] {
                let (values, run_with) = (&values, &run_with);
                scope.spawn(move || {
                    let what = format!("{fault:?}, effect {takes_effect}, at request {number}");
                    let (found, moved, _) = run_with(Some((number, fault, takes_effect)));
                    assert_eq!((&found, moved), (values, commits), "{what}");
                });
            }
        }
    });
}

#[test]
fn what_is_foreign_in_the_ref_is_told_and_bounded() {
    let scene = Scene::new();
    scene.report("r/a.json", size(None, 900));
    scene.step(&PUSH, RECORD);
    let (name, good) = scene.files(HISTORY).remove(0);
    let forged = good.replace("\"value\":900", "\"value\":5000").replace(&scene.head(), &"c".repeat(40));
    let text = format!("{good}{forged}## Passed\n");
    scene.stub.world(|world| world.commit_files(REPOSITORY, HISTORY, &[(name.as_str(), text.as_str())]));
    let run = scene.step(&PUSH, "show");
    assert_eq!((outcome(&run), run.count("commits")), ((0, Verdict::Warn), 1), "{}", run.stdout);
    assert_eq!(run.found(Level::Warning), ["line-refused", "line-refused"]);
    assert!(run.stdout.contains(&format!("{name}:2: ")), "{}", run.stdout);
    // What is recorded next hides none of it, and changes none of it.
    scene.commit();
    scene.report("r/a.json", size(None, 910));
    assert_eq!(scene.step(&PUSH, RECORD).output("recorded"), "added");
    let (_, after) = scene.files(HISTORY).remove(0);
    assert!(after.starts_with(&text), "{after}");
    // More than a month can be is not read.
    let huge = "x".repeat((16 << 20) + 1);
    scene.stub.world(|world| world.commit_files(REPOSITORY, HISTORY, &[(name.as_str(), huge.as_str())]));
    let run = scene.step(&PUSH, "show");
    assert_eq!(run.code, 4, "{}", run.stderr);
    let run = scene.step(&PUSH, RECORD);
    assert_eq!((run.code, run.output("recorded")), (4, "no"), "{}", run.stderr);
}

#[test]
fn the_ref_is_read_as_the_clone_has_it() {
    let scene = Scene::new();
    let run = scene.step(&PUSH, "show --local");
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("git fetch origin +refs/lw/history:refs/lw/history"), "{}", run.stderr);
    scene.report("r/a.json", size(None, 900));
    scene.step(&PUSH, "record --reports @/r/a.json --folder @/store");
    // The folder as a commit of its own, on the ref.
    let git = |arguments: &[&str]| {
        let output = command(scene.scratch.path()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let folder = scene.around.path().join("store");
    let name = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().file_name();
    let name = name.to_string_lossy().into_owned();
    let blob = git(&["hash-object", "-w", &folder.join(&name).to_string_lossy()]);
    git(&["update-index", "--add", "--cacheinfo", &format!("100644,{blob},{name}")]);
    let tree = git(&["write-tree"]);
    let commit = git(&["commit-tree", &tree, "-m", "x"]);
    git(&["update-ref", HISTORY, &commit]);
    let requests = scene.stub.answered();
    let run = scene.step(&PUSH, "show --local");
    assert_eq!((run.code, run.count("commits")), (0, 1), "{}", run.stderr);
    assert_eq!(scene.stub.answered(), requests, "nobody is asked");
}
