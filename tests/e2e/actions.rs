//! Actions under the strict runner: what every tool has, and what several steps of one job make of each other. Each case
//! by itself is a test of `cases.rs`.

use std::collections::BTreeSet;

use lw_testkit::runner::manifest::Manifest;
use lw_testkit::runner::{Job, Outcome};

use crate::case::{Case, EPOCH, READ, Seen, Workspace, assert_same, native, outputs_of, read_env, strict};
use crate::support::{Tree, binary};

#[test]
fn every_tool_has_its_cases() {
    for entry in lw::TOOLS {
        let cases = Case::of(entry.name);
        let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        for needed in ["pass", "fail", "bad-input"] {
            assert!(names.contains(needed), "{} has no case `{needed}`", entry.name);
        }
        let tree = lw_testkit::root().join("dist").join(entry.name);
        let declared: BTreeSet<String> =
            Manifest::load(&tree).unwrap().inputs.into_iter().map(|input| input.name).collect();
        // One case for a tool, or one for each of its commands: no command takes the inputs of another.
        let set: BTreeSet<&String> =
            cases.iter().filter(|case| case.sets_all()).flat_map(|case| case.with.keys()).collect();
        let missing: Vec<&String> =
            declared.iter().filter(|name| *name != "runtime" && !set.contains(name)).collect();
        assert!(missing.is_empty(), "the cases {}/all-inputs… leave out {missing:?}", entry.name);
        for case in &cases {
            let unknown: Vec<&String> = case.with.keys().filter(|name| !declared.contains(*name)).collect();
            assert!(unknown.is_empty(), "{}/{} sets {unknown:?}", entry.name, case.name);
        }
    }
}

#[test]
fn ten_actions_in_one_job_do_not_disturb_each_other() {
    let tree = Tree::with(&binary());
    let cases: Vec<Case> = (0..10)
        .map(|index| {
            let entry = &lw::TOOLS[index % lw::TOOLS.len()];
            Case::named(entry.name, if (index / lw::TOOLS.len()).is_multiple_of(2) { "pass" } else { "fail" })
        })
        .collect();
    let workspace = Workspace::of(&cases.iter().collect::<Vec<_>>());
    workspace.commit();
    let head = workspace.head();
    let mut job = Job::new(workspace.path()).github("sha", &head).env(EPOCH.0, EPOCH.1);
    for (index, case) in cases.iter().enumerate() {
        let action = tree.path().join(case.tool);
        let id = format!("tool{index}");
        job = job.step(&action, &case.with(), &id).continue_on_error();
        for (name, value) in &case.env {
            job = job.step_env(name, value);
        }
        job = job.script("sh", READ, &format!("read{index}"));
        for (name, value) in read_env(&id, &outputs_of(&action)) {
            job = job.step_env(&name, &value);
        }
    }
    let result = job.run().unwrap();
    assert_eq!(result.conclusion, Outcome::Success);
    let is_meant = |name: &String| cases.iter().any(|case| crate::injection::is_meant(case.tool, name));
    assert!(result.env.keys().all(is_meant) && result.path.is_empty(), "{:?} {:?}", result.env, result.path);
    for (index, case) in cases.iter().enumerate() {
        let step = result.step(&format!("tool{index}")).unwrap();
        let read = result.step(&format!("read{index}")).unwrap();
        let seen = Seen::strict(step, read, workspace.path(), &head);
        assert_same(case, "the strict runner, ten in one job", &seen, &native(&tree, case));
    }
}

/// A pull request from a fork: a token that may only read, no secrets, an event that says where it comes from.
#[test]
fn a_pull_request_from_a_fork_is_judged_like_any_other() {
    let tree = Tree::with(&binary());
    let event =
        lw_testkit::root().join("crates/core/ci/tests/providers/github-pull-request-from-fork/event.json");
    for entry in lw::TOOLS {
        for name in ["pass", "fail"] {
            let case = Case::named(entry.name, name);
            let workspace = Workspace::of(&[&case]);
            workspace.commit();
            let job = Job::new(workspace.path())
                .env(EPOCH.0, EPOCH.1)
                .env("GITHUB_TOKEN", "")
                .github("event_name", "pull_request")
                .github("event_path", &event.to_string_lossy())
                .github("ref", "refs/pull/7/merge")
                .github("head_ref", "feature/x")
                .github("base_ref", "main")
                .step(tree.path().join(entry.name), &case.with(), "tool")
                .continue_on_error();
            let result = job.run().unwrap();
            let step = result.step("tool").unwrap();
            let alone = strict(tree.path(), &case, &workspace, &[]);
            let verdict = format!("verdict<<END\n{}\nEND\n", step.outputs["verdict"]);
            assert!(alone.read.contains(&verdict), "{}: {verdict} {}", entry.name, alone.read);
            assert!(!step.log.contains("warning:"), "{}", step.log);
        }
    }
}

/// The action at the root: puts the binary on PATH for later steps, and runs a tool if asked to.
#[test]
fn the_root_action_installs_and_runs() {
    let tree = Tree::with(&binary());
    for entry in lw::TOOLS {
        let case = Case::named(entry.name, "pass");
        let workspace = Workspace::of(&[&case]);
        workspace.commit();
        let arguments = case.arguments().join("\n");
        let result = Job::new(workspace.path())
            .step(tree.path(), &[("tool", entry.name), ("arguments", &arguments)], "install")
            .script("sh", "lw --version && lw list", "later")
            .run()
            .unwrap();
        let (install, later) = (result.step("install").unwrap(), result.step("later").unwrap());
        assert_eq!(install.outcome, Outcome::Success, "{}", install.log);
        assert_eq!(install.outputs["verdict"], "pass");
        assert!(later.log.contains(entry.name), "{}", later.log);
    }
}
