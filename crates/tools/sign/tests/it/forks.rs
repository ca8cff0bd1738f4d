//! Runs that somebody else decides.

use lw_model::Level;
use lw_signature::KeyKind;
use lw_testkit::tool::words;

use crate::{Desk, SIGN};

/// A pull request as GitHub describes it to a run.
fn pull(head: &str) -> String {
    format!(
        r#"{{"pull_request": {{"number": 7, "user": {{"login": "ann"}}, "head": {{"repo": {{"full_name": "{head}"}}}},
            "base": {{"repo": {{"full_name": "org/app"}}}}}}, "repository": {{"full_name": "org/app"}}}}"#
    )
}

fn workflow_run(head: &str) -> String {
    format!(
        r#"{{"workflow_run": {{"event": "pull_request", "actor": {{"login": "ann"}},
            "head_repository": {{"full_name": "{head}"}}}}, "repository": {{"full_name": "org/app"}}}}"#
    )
}

#[test]
fn a_run_for_a_fork_signs_nothing() {
    let desk = Desk::new();
    desk.key(KeyKind::EcdsaP256, "key");
    let line = "sign --input app.bin --key key.pem --scheme ecdsa-sha256 --output out";
    for (event, payload, trusted) in [
        ("pull_request", pull("mallory/app"), false),
        ("pull_request_target", pull("mallory/app"), false),
        // Whoever opens it decides what is built, wherever it comes from.
        ("pull_request_target", pull("org/app"), false),
        ("workflow_run", workflow_run("mallory/app"), false),
        ("pull_request", pull("org/app"), true),
        ("workflow_run", workflow_run("org/app"), true),
        ("push", r#"{"sender": {"login": "ann"}}"#.to_owned(), true),
    ] {
        desk.write("event.json", payload);
        let path = desk.path().join("event.json");
        let env = [("GITHUB_EVENT_NAME", event), ("GITHUB_EVENT_PATH", path.to_str().unwrap())];
        let run = SIGN.run_as_step(desk.path(), &words(line), &env);
        assert_eq!(run.output("signed"), if trusted { "true" } else { "false" }, "{event}: {}", run.stderr);
        assert_eq!(desk.has("out"), trusted, "{event}");
        if trusted {
            assert_eq!(run.code, 0, "{event}: {}", run.stderr);
            std::fs::remove_file(desk.path().join("out")).unwrap();
            continue;
        }
        assert_eq!(run.code, 3, "{event}: {}", run.stderr);
        assert!(
            run.report()
                .findings
                .iter()
                .any(|finding| finding.message.contains("nothing is signed in this run"))
        );
        // Skipped, on demand: it passes with a warning, and no key is read at all.
        let skip =
            "sign --input app.bin --key env:NOT_THERE --scheme ecdsa-sha256 --output out --on-fork skip";
        let run = SIGN.run_as_step(desk.path(), &words(skip), &env);
        assert_eq!(run.code, 0, "{event}: {}", run.stderr);
        assert_eq!((run.output("signed"), run.found(Level::Warning)), ("false", vec!["fork"]), "{event}");
        assert!(!desk.has("out"));
    }
}

#[test]
fn a_merge_request_of_a_fork_signs_nothing_on_gitlab_and_buildkite() {
    let desk = Desk::new();
    desk.key(KeyKind::EcdsaP256, "key");
    let line = words("sign --input app.bin --key key.pem --output out");
    for env in [
        &[
            ("GITLAB_CI", "true"),
            ("CI_PIPELINE_SOURCE", "merge_request_event"),
            ("CI_MERGE_REQUEST_IID", "7"),
            ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "12"),
            ("CI_MERGE_REQUEST_PROJECT_ID", "11"),
            ("CI_PROJECT_ID", "11"),
            ("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", "mallory/app"),
        ][..],
        &[
            ("BUILDKITE", "true"),
            ("BUILDKITE_REPO", "git@github.com:org/app.git"),
            ("BUILDKITE_PULL_REQUEST", "7"),
            ("BUILDKITE_PULL_REQUEST_REPO", "git://github.com/mallory/app.git"),
        ],
    ] {
        let run = SIGN.run(desk.path(), &line, env);
        assert_eq!(run.code, 3, "{env:?}: {}{}", run.stdout, run.stderr);
        assert!(!desk.has("out"), "{env:?}");
    }
}

#[test]
fn a_run_of_which_nothing_is_known_signs_when_that_is_wanted() {
    let desk = Desk::new();
    desk.key(KeyKind::EcdsaP256, "key");
    let line = words("sign --input app.bin --key key.pem --scheme ecdsa-sha256 --output out");
    // The event file, which says where the pull request comes from, is not there.
    let env = [("GITHUB_EVENT_NAME", "pull_request")];
    let run = SIGN.run_as_step(desk.path(), &line, &env);
    assert_eq!((run.code, run.output("signed")), (3, "false"), "{}", run.stderr);
    assert!(!desk.has("out"));
    let line = [&line[..], &words("--allow-unknown-run")].concat();
    let run = SIGN.run_as_step(desk.path(), &line, &env);
    assert_eq!((run.code, run.output("signed")), (0, "true"), "{}", run.stderr);
    assert!(run.found(Level::Warning).contains(&"unknown-trust"), "{:?}", run.report().findings);
}
