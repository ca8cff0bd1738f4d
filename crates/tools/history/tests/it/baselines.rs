//! What gates compare with, on a ref.

use std::fs;

use lw_model::{Level, Verdict};
use lw_testkit::github::{Injection, Permissions, When};
use lw_testkit::http::Fault;

use crate::{Event, PUSH, REPOSITORY, Scene, outcome, size};

const BASELINE: &str = "refs/lw/baseline";
const OF: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

impl Scene {
    /// What a gate left of the commit that is checked out.
    fn left(&self, bytes: u64) -> String {
        self.report("left/report.json", size(None, bytes));
        fs::write(self.around.path().join("left/report.json.tests"), format!("tests of {bytes}")).unwrap();
        fs::write(self.around.path().join("left/other"), "x").unwrap();
        format!("baseline-save --path @/left --key {OF}-{}", self.head())
    }

    fn fetch(&self, commit: &str) -> lw_testkit::tool::Run {
        self.step(&PUSH, &format!("baseline-fetch --path @/there --key {OF}-{commit}"))
    }
}

#[test]
fn what_a_run_of_main_left_is_what_a_change_finds() {
    let scene = Scene::new();
    let first = scene.head();
    let run = scene.fetch(&first);
    assert_eq!((outcome(&run), run.output("matched-key")), ((0, Verdict::Pass), ""), "{}", run.stdout);
    let line = scene.left(900);
    let run = scene.step(&PUSH, &line);
    assert_eq!((outcome(&run), run.output("saved")), ((0, Verdict::Pass), "added"), "{}", run.stdout);
    // A second attempt: the first report stays, as in the cache.
    scene.left(901);
    assert_eq!(scene.step(&PUSH, &line).output("saved"), "unchanged");
    assert_eq!(scene.files(BASELINE).len(), 2, "{:?}", scene.files(BASELINE));

    let run = scene.fetch(&first);
    assert_eq!(run.output("matched-key"), format!("{OF}-{first}"));
    let there = |name: &str| fs::read_to_string(scene.around.path().join("there").join(name)).unwrap();
    assert!(there("report.json").contains("900"));
    assert_eq!(there("report.json.tests"), "tests of 900");
    // Of a commit that has none, the nearest one before it that has.
    let second = scene.commit();
    let third = scene.commit();
    assert_eq!(scene.fetch(&third).output("matched-key"), format!("{OF}-{first}"));
    scene.scratch.git(&["checkout", "--quiet", &second]);
    let line = scene.left(950);
    scene.step(&PUSH, &line);
    assert_eq!(scene.fetch(&third).output("matched-key"), format!("{OF}-{second}"));
    // What is measured under another name is something else.
    let other = OF.replace('0', "f");
    let run = scene.step(&PUSH, &format!("baseline-fetch --path @/other --key {other}-{third}"));
    assert_eq!(run.output("matched-key"), "");
    assert!(!scene.around.path().join("other").exists());
}

#[test]
fn nothing_is_kept_of_what_may_never_be_merged_nor_of_another_commit() {
    let scene = Scene::new();
    let line = scene.left(900);
    let pull = Event {
        name: "pull_request",
        reference: "refs/pull/3/merge",
        payload: r#"{"pull_request":{"number":3,"base":{"ref":"main"},"head":{"sha":"2222222222222222222222222222222222222222"}},"repository":{"default_branch":"main"}}"#,
    };
    let run = scene.step(&pull, &line);
    assert_eq!((outcome(&run), run.output("saved")), ((0, Verdict::Pass), "no"), "{}", run.stdout);
    assert!(!scene.wrote());
    let key = format!("baseline-save --path @/left --key {OF}-{}", "2".repeat(40));
    let run = scene.step(&PUSH, &key);
    assert_eq!((outcome(&run), run.found(Level::Warning)), ((0, Verdict::Warn), vec!["baseline"]));
    // The report is of the commit before.
    scene.commit();
    let run = scene.step(&PUSH, &format!("baseline-save --path @/left --key {OF}-{}", scene.head()));
    assert_eq!((outcome(&run), run.output("saved")), ((0, Verdict::Warn), "no"));
    fs::write(scene.around.path().join("left/report.json"), "## Passed").unwrap();
    let run = scene.step(&PUSH, &format!("baseline-save --path @/left --key {OF}-{}", scene.head()));
    assert_eq!((outcome(&run), run.output("saved")), ((0, Verdict::Warn), "no"));
    assert!(!scene.wrote());
    for wrong in ["", "--path @/left", "--path @/left --key abc", "--path @/left --key ../../x-y"] {
        assert_eq!(scene.step(&PUSH, &format!("baseline-fetch {wrong}")).code, 2, "{wrong}");
    }
}

#[test]
fn what_is_forbidden_or_broken_is_a_warning_with_the_line() {
    let scene = Scene::with(Permissions::read());
    let line = scene.left(900);
    let run = scene.step(&PUSH, &line);
    assert_eq!((outcome(&run), run.output("saved")), ((0, Verdict::Warn), "no"));
    assert!(run.stdout.contains("contents: write"), "{}", run.stdout);
    let run = scene.step_with(&PUSH, &line, &[("GITHUB_TOKEN", "")]);
    assert_eq!(outcome(&run), (0, Verdict::Warn));
    let scene = Scene::new();
    scene.stub.inject(Injection::once(When::Nth(scene.stub.answered() + 1), Fault::Status(410)));
    let run = scene.fetch(&scene.head());
    assert_eq!((outcome(&run), run.output("matched-key")), ((0, Verdict::Warn), ""));
}

#[test]
fn old_entries_go_when_new_ones_come() {
    let scene = Scene::new();
    let old: Vec<String> = (1..=50).map(|count| format!("{count:010}-{OF}-{count:040x}.json")).collect();
    let beside: Vec<String> = old.iter().map(|name| format!("{name}.tests")).collect();
    scene.stub.world(|world| {
        let files: Vec<(&str, &str)> = old
            .iter()
            .chain(&beside)
            .map(|name| (name.as_str(), "x"))
            .chain([("README.md", "mine")])
            .collect();
        world.commit_files(REPOSITORY, BASELINE, &files);
    });
    let line = scene.left(900);
    assert_eq!(scene.step(&PUSH, &line).output("saved"), "added");
    let names: Vec<String> = scene.files(BASELINE).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 101, "{names:?}");
    assert!(!names.contains(&old[0]) && !names.contains(&beside[0]) && names.contains(&old[1]));
    assert!(names.contains(&"README.md".to_owned()));
    assert!(names.iter().any(|name| name.starts_with("0000000051-")));
}

#[test]
fn legs_of_a_matrix_that_end_at_once_are_all_kept() {
    let scene = Scene::new();
    scene.left(900);
    std::thread::scope(|scope| {
        for leg in 0..4 {
            let scene = &scene;
            scope.spawn(move || {
                let of = OF.replace('0', &leg.to_string());
                let line = format!("baseline-save --path @/left --key {of}-{}", scene.head());
                let run = scene.step_with(&PUSH, &line, &[("GITHUB_JOB", &format!("leg{leg}"))]);
                assert_eq!(run.output("saved"), "added", "{}{}", run.stdout, run.stderr);
            });
        }
    });
    assert_eq!(scene.files(BASELINE).len(), 8);
}
