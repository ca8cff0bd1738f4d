//! A gate that keeps its baselines in the cache, as a repository lives.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lw_testkit::github::{Access as May, Account, Permissions};
use lw_testkit::root;
use lw_testkit::runner::{Access, Outcome, RunError};
use serde_json::json;

use crate::repository::{BOARDS, Event, MAIN, Project, REPOSITORY, Ran, TOKEN, size_gate};

const BASELINE: &str = "refs/lw/baseline";

#[test]
fn one_repository_from_its_first_commit_on() {
    let project = Project::new();
    let first = project.commit(1000);
    let run = project.run(&project.push(""), &[]);
    assert_eq!((run.verdict(), run.image(), run.kept()), ("pass", (1000, None), true), "{}", run.step.log);
    assert_eq!(project.cache.keys(MAIN).len(), 1);

    let pull = project.pull_request(1, 1050, &first);
    let run = project.run(&pull, &[]);
    assert_eq!(
        (run.verdict(), run.image(), run.kept()),
        ("pass", (1050, Some(50)), false),
        "{}",
        run.step.log
    );
    assert_eq!(run.compared_with(), first);
    assert!(run.says("first parent of the merge commit that was checked out") && run.says("complete"));
    // Its author pushes more: too much.
    let changed = project.pull_request(1, 1200, &first);
    let run = project.run(&changed, &[]);
    assert_eq!((run.step.outcome, run.image()), (Outcome::Failure, (1200, Some(200))));
    assert_eq!((run.verdict(), run.compared_with()), ("fail", first.as_str()));
    assert_eq!(project.cache.len(), 1, "a pull request keeps nothing");

    // It is merged all the same, and blocks nobody: what is on main is what the next change is compared with.
    let push = project.main(1200);
    let breach = project.run(&push, &[]);
    assert_eq!((breach.step.outcome, breach.image()), (Outcome::Failure, (1200, Some(200))));
    assert_eq!((breach.compared_with(), breach.kept()), (first.as_str(), true));
    let second = push.commit.clone();
    // The event of the next pull request is older than that merge.
    let run = project.run(&project.pull_request(2, 1210, &first), &[]);
    assert_eq!((run.verdict(), run.image()), ("pass", (1210, Some(10))), "{}", run.step.log);
    assert_eq!(run.compared_with(), second);

    // The run of main is started again: compared with the commit before, as it was, and never with itself.
    let again = project.run(&Event { attempt: "2", ..project.push(&first) }, &[]);
    assert_eq!((again.step.outcome, again.image()), (Outcome::Failure, (1200, Some(200))));
    assert_eq!(project.cache.keys(MAIN).len(), 2, "an entry is never changed");
}

#[test]
fn without_the_report_of_the_base_nothing_is_guessed() {
    let project = Project::new();
    let first = project.commit(1000);
    project.run(&project.push(""), &[]);
    // What does not build leaves no report.
    let failed = project.run(&project.main(0), &[]);
    assert_eq!((failed.verdict(), failed.kept()), ("error", false), "{}", failed.step.log);
    assert_eq!(project.cache.len(), 1);

    let pull = project.pull_request(3, 1500, &first);
    let run = project.run(&pull, &[]);
    // The newest of main is of some other commit, and one commit alone does not show of which.
    assert_eq!(
        (run.verdict(), run.image(), run.compared_with()),
        ("warn", (1500, None), ""),
        "{}",
        run.step.log
    );
    assert!(run.says("fetch-depth: 0"));
    let run = project.run(&pull, &[("require-baseline", "true")]);
    assert_eq!((run.step.outcome, run.verdict()), (Outcome::Failure, "fail"));
    // With its history it is known to come before, and how far.
    let run = project.run(&project.pull_request(3, 1500, &first).whole(), &[]);
    assert_eq!(
        (run.verdict(), run.image(), run.compared_with()),
        ("fail", (1500, Some(500)), first.as_str())
    );
    assert!(run.says("the commit before"));

    // Nothing is there any more.
    project.cache.evict(|_| true);
    let run = project.run(&pull, &[]);
    assert_eq!((run.verdict(), run.image()), ("warn", (1500, None)));
    assert!(run.says("there is no report of"));
}

#[test]
fn twelve_boards_are_each_compared_with_themselves() {
    let project = Project::new();
    let first = project.commit(1000);
    for board in BOARDS {
        assert!(project.run(&project.push("").on(board), &[]).kept());
    }
    assert_eq!(project.cache.keys(MAIN).len(), BOARDS.len());
    for board in BOARDS {
        let run = project.run(&project.pull_request(4, 1007, &first).on(board), &[]);
        let bytes = i64::try_from(1007 + board.len()).unwrap();
        assert_eq!((run.image(), run.verdict()), ((bytes, Some(7)), "pass"), "{board}: {}", run.step.log);
    }
    // That of one is gone: those whose names begin alike are no replacement.
    let of_esp32 = project.run(&project.push("").on("esp32"), &[]).step.outputs["baseline-key"].clone();
    project.cache.evict(|key| key == of_esp32);
    let pull = |board| project.run(&project.pull_request(4, 1007, &first).on(board), &[]);
    assert_eq!(pull("esp32").image().1, None);
    assert_eq!(pull("esp32-s3").image().1, Some(7));
    // The same by its title, where there is no matrix.
    let titled = |title: &str, event: &Event| project.run(event, &[("title", title)]);
    assert!(titled("esp32", &project.push("")).kept());
    assert_eq!(titled("esp32", &project.pull_request(5, 1001, &first)).image().1, Some(1));
    assert_eq!(titled("esp32-s3", &project.pull_request(5, 1001, &first)).image().1, None);
}

#[test]
fn a_fork_reads_and_a_queue_leaves_nothing() {
    let project = Project::new();
    let first = project.commit(1000);
    project.run(&project.push(""), &[]);
    let mut fork = project.pull_request(6, 1020, &first);
    fork.access = Access::ReadOnly;
    fork.payload["pull_request"]["head"]["repo"] = json!({"full_name": "someone/app", "fork": true});
    let run = project.run(&fork, &[]);
    assert_eq!((run.verdict(), run.image()), ("pass", (1020, Some(20))), "{}", run.step.log);
    assert_eq!(run.warnings(), Vec::<&str>::new());

    // A group in the queue, on main as it is.
    let pull = project.pull_request(7, 1040, &first);
    let reference = format!("refs/heads/gh-readonly-queue/main/pr-7-{first}");
    let queue = Event {
        name: "merge_group",
        base: "",
        payload: json!({
            "merge_group": {"base_ref": MAIN, "base_sha": first, "head_ref": reference, "head_sha": pull.commit},
            "repository": {"default_branch": "main"},
        }),
        reference,
        ..pull
    };
    let run = project.run(&queue, &[]);
    assert_eq!((run.verdict(), run.image()), ("pass", (1040, Some(40))), "{}", run.step.log);
    assert_eq!((run.compared_with(), run.kept()), (first.as_str(), false));
    assert!(run.says("base of the merge group") && run.says("a merge queue leaves none"));
    assert_eq!(project.cache.len(), 1);
}

#[test]
fn a_main_that_was_replaced_is_not_compared_with() {
    let project = Project::new();
    let first = project.commit(1000);
    project.run(&project.push(""), &[]);
    let push = project.main(5000);
    let replaced = push.commit.clone();
    project.run(&push, &[]);
    // Pushed back, and on another way.
    project.git(&["reset", "--quiet", "--hard", &first]);
    let third = project.commit(1010);
    let mut push = project.push(&replaced);
    push.payload["forced"] = json!(true);
    // What it was before is in no clone any more, and where main left it nobody can tell.
    for push in [push.clone(), push.whole()] {
        let run = project.run(&push, &[]);
        assert_eq!(
            (run.verdict(), run.image(), run.kept()),
            ("pass", (1010, None), true),
            "{}",
            run.step.log
        );
        assert!(run.says("not in this clone"), "{}", run.step.log);
    }
    let run = project.run(&project.pull_request(8, 1020, &replaced), &[]);
    assert_eq!((run.image(), run.compared_with()), ((1020, Some(10)), third.as_str()));
    // And where that of the new one is not there, the old one, which is newer, is none.
    let key = project.cache.keys(MAIN).pop().unwrap();
    project.cache.evict(|known| known == key);
    let run = project.run(&project.pull_request(8, 1020, &replaced), &[]);
    assert_eq!((run.verdict(), run.image().1), ("warn", None), "{}", run.step.log);
    let run = project.run(&project.pull_request(8, 1020, &replaced).whole(), &[]);
    assert_eq!((run.verdict(), run.image().1), ("warn", None), "{}", run.step.log);
}

#[test]
fn a_cache_that_holds_something_else_is_refused_and_that_is_said() {
    let project = Project::new();
    let first = project.commit(1000);
    project.run(&project.push(""), &[]);
    let pull = project.pull_request(9, 1050, &first);
    let tampered = |change: &dyn Fn(&mut Vec<u8>)| {
        project.cache.tamper(change);
        project.run(&pull, &[])
    };
    let replaced = |from: &'static str, to: &'static str| {
        move |bytes: &mut Vec<u8>| *bytes = String::from_utf8_lossy(bytes).replace(from, to).into_bytes()
    };
    let run = tampered(&replaced("\"verdict\": \"pass\"", "\"verdict\": \"error\""));
    assert_eq!((run.verdict(), run.image().1), ("warn", None), "{}", run.step.log);
    assert!(run.says("is partial"));
    let run = tampered(&|bytes| bytes.truncate(100));
    assert_eq!((run.verdict(), run.image().1), ("warn", None));

    // The change brings a report along, in the place where the cache would put it.
    project.cache.evict(|_| true);
    let key = project.run(&project.push(""), &[]).step.outputs["baseline-key"].clone();
    project.cache.evict(|_| true);
    let workspace = project.checkout(&pull);
    std::fs::write(workspace.path().join("app.bin"), vec![0x55; 1050]).unwrap();
    let brought: PathBuf = workspace.path().join(".lw-baseline").join(key.split_once('-').unwrap().0);
    std::fs::create_dir_all(&brought).unwrap();
    std::fs::copy(root().join("Cargo.toml"), brought.join("report.json")).unwrap();
    let step = project.step(&pull, workspace.path(), "size-gate-with-baseline", &size_gate());
    assert_eq!((step.outputs["verdict"].as_str(), step.outputs["baseline-commit"].as_str()), ("warn", ""));
    assert!(step.log.contains("there is no report of"), "{}", step.log);
}

/// What each test did lies beside the report, and comes and goes with it.
#[test]
fn test_report_keeps_its_store_beside_its_report() {
    let project = Project::new();
    let results = |failed: bool| {
        let body = if failed { "<failure message=\"no\"/>" } else { "" };
        format!(
            "<testsuite name=\"s\" tests=\"2\" failures=\"{}\"><testcase classname=\"c\" name=\"a\" time=\"1\"/><testcase classname=\"c\" name=\"b\" time=\"1\">{body}</testcase></testsuite>",
            u8::from(failed)
        )
    };
    let run = |event: &Event, failed: bool| {
        let workspace = project.checkout(event);
        std::fs::write(workspace.path().join("results.xml"), results(failed)).unwrap();
        let with = [("command", "check"), ("results", "results.xml"), ("max", "tests.newly-failing=0")];
        project.step(event, workspace.path(), "test-report-with-baseline", &with)
    };
    let first = project.commit(1);
    let main = run(&project.push(""), false);
    assert_eq!(main.outputs["verdict"], "pass", "{}", main.log);
    let pull = project.pull_request(10, 2, &first);
    let broken = run(&pull, true);
    assert_eq!(broken.outputs["baseline-commit"], first, "{}", broken.log);
    assert!(broken.outputs["breached"].contains("tests.newly-failing"), "{:?}", broken.outputs);
    assert_eq!(run(&pull, false).outputs["verdict"], "pass");
}

/// The same on a ref: what the cache drops stays, the gate talks to nobody, and the token goes to the steps around it alone.
#[test]
fn the_ref_keeps_what_later_changes_are_compared_with() {
    let project = Project::new();
    let stub = &project.github;
    let may = |contents| {
        stub.world(|world| {
            let permissions = Permissions { contents, ..Permissions::none() };
            world.add_token(TOKEN, Account::job(REPOSITORY, permissions));
        });
    };
    may(May::Write);
    let kept = || stub.world(|world| world.files(REPOSITORY, BASELINE)).unwrap_or_default().len();
    let run = |event: &Event| {
        let run = project.run(event, &[("store", "ref"), ("comment", "off")]);
        assert!(!run.step.log.contains(TOKEN), "{}", run.step.log);
        run
    };
    let first = project.commit(1000);
    let push = run(&project.push(""));
    assert_eq!((push.verdict(), push.kept(), kept()), ("pass", true, 1), "{}", push.step.log);
    // Again: what is there stays.
    run(&Event { attempt: "2", ..project.push("") });
    assert_eq!((kept(), project.cache.len()), (1, 0), "the cache is not asked");

    let pull = run(&project.pull_request(1, 1050, &first));
    assert_eq!((pull.verdict(), pull.image()), ("pass", (1050, Some(50))), "{}", pull.step.log);
    assert_eq!((pull.compared_with(), kept()), (first.as_str(), 1));
    let breach = run(&project.pull_request(1, 1200, &first));
    assert_eq!((breach.step.outcome, breach.verdict()), (Outcome::Failure, "fail"));
    // Merged all the same, it is kept, and by the legs of a matrix at once.
    let merged = project.main(1200);
    assert_eq!(run(&merged).step.outcome, Outcome::Failure);
    assert_eq!(kept(), 2);
    let next = run(&project.pull_request(2, 1210, &first));
    assert_eq!((next.image(), next.compared_with()), ((1210, Some(10)), merged.commit.as_str()));

    // A token that only reads still finds; one that may nothing is told which line it lacks, and so is one that may not keep.
    may(May::Read);
    let fork = run(&project.pull_request(3, 1220, &first));
    assert_eq!((fork.verdict(), fork.image().1), ("pass", Some(20)), "{}", fork.step.log);
    let refused = run(&project.main(1201));
    assert_eq!((refused.verdict(), kept()), ("pass", 2));
    assert!(refused.step.log.contains("contents: write"), "{}", refused.step.log);
    may(May::None);
    stub.world(|world| world.make_private(REPOSITORY));
    let blind = run(&project.pull_request(4, 1220, &first));
    assert_eq!((blind.verdict(), blind.image().1), ("warn", None), "{}", blind.step.log);
    assert!(blind.step.log.contains("contents: "), "{}", blind.step.log);

    // The change brings along what the ref would have given.
    may(May::Read);
    let key = hash_of(&push);
    let event = project.pull_request(5, 1220, &first);
    let workspace = project.checkout(&event);
    std::fs::write(workspace.path().join("app.bin"), vec![0x55; 1220]).unwrap();
    let brought: PathBuf = workspace.path().join(".lw-baseline").join(key);
    std::fs::create_dir_all(&brought).unwrap();
    std::fs::copy(root().join("Cargo.toml"), brought.join("report.json")).unwrap();
    let with = [size_gate(), vec![("store", "ref"), ("comment", "off")]].concat();
    let step = project.step(&event, workspace.path(), "size-gate-with-baseline", &with);
    assert_eq!((step.outputs["verdict"].as_str(), step.outputs["baseline-commit"].as_str()), ("warn", ""));
    assert_eq!(stub.refusals(), Vec::<String>::new());
}

/// The hash that the reports of a thing are named by.
fn hash_of(run: &Ran) -> String {
    run.step.outputs["baseline-key"].split_once('-').unwrap().0.to_owned()
}

/// An organisation that allows no foreign action, or a server without actions/cache, ends the job that uses it before its
/// first step. The gate by itself uses none: it keeps its reports in a folder.
#[test]
fn where_the_cache_may_not_be_used_a_folder_does() {
    let project = Project::new();
    let first = project.commit(1000);
    let store = tempfile::tempdir().unwrap();
    let folder = store.path().to_string_lossy().into_owned();
    let run = |event: &Event, action: &str, bytes: usize| {
        let workspace = project.checkout(event);
        std::fs::write(workspace.path().join("app.bin"), vec![0x55; bytes]).unwrap();
        let with = [size_gate(), vec![("store", "file"), ("baseline-store", folder.as_str())]].concat();
        let (job, _around) = project.job(event, workspace.path());
        job.step(project.tree.path().join(action), &with, "size").run()
    };
    let push = project.push("");
    let error = run(&push, "size-gate-with-baseline", 1000).unwrap_err();
    assert!(matches!(error, RunError::Unresolved { .. }), "{error}");
    let job = run(&push, "size-gate", 1000).unwrap();
    let key = job.steps[0].outputs["baseline-key"].clone();
    assert!(store.path().join(format!("{key}.json")).is_file());
    let pull = project.pull_request(11, 1300, &first);
    let job = run(&pull, "size-gate", 1300).unwrap();
    assert_eq!(job.conclusion, Outcome::Failure);
    let found: BTreeMap<&str, &str> =
        job.steps[0].outputs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!((found["breached"], found["baseline-commit"]), ("image.bytes", first.as_str()));
}
