//! Runs that somebody else decides.

use lw_model::Level;
use lw_signature::{KeyKind, PrivateKey, Signer as _};
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
        // What a run says of itself is worth less still.
        let attest = "attest --input app.bin --key key.pem --output out";
        let run = SIGN.run_as_step(desk.path(), &words(attest), &env);
        assert_eq!((run.code, run.output("signed")), (3, "false"), "{event}: {}", run.stderr);
        assert!(!desk.has("out"), "{event}");
        let skip = "attest --input app.bin --key env:NOT_THERE --output out --on-fork skip";
        let run = SIGN.run_as_step(desk.path(), &words(skip), &env);
        assert_eq!((run.code, run.output("signed")), (0, "false"), "{event}: {}", run.stderr);
        assert!(run.found(Level::Warning) == ["fork"] && !desk.has("out"), "{event}");
    }
}

/// A pull request that puts into `lw.toml` whom to trust, what for, and that nothing counts.
#[test]
fn a_change_does_not_make_a_forged_signature_pass() {
    let repository = lw_testkit::git::Scratch::new();
    let (ours, theirs) =
        (PrivateKey::generate(KeyKind::Ed25519).unwrap(), PrivateKey::generate(KeyKind::Ed25519).unwrap());
    let pem = |key: &PrivateKey| key.public_key().to_spki_pem();
    let base = "[sign]\nexpect-key = [\"prod=prod.pem\"]\n";
    repository.commit(&[("prod.pem", &pem(&ours)), ("lw.toml", base), ("app.bin", "app")]);
    repository.git(&["checkout", "--quiet", "-b", "change"]);
    let signature = |key: &PrivateKey| {
        let sealed = tempfile::tempdir().unwrap();
        let at = |name: &str| sealed.path().join(name);
        std::fs::write(at("key"), key.to_pem().unwrap().as_bytes()).unwrap();
        std::fs::write(at("app.bin"), "app").unwrap();
        let line = "sign --input app.bin --key key --scheme sshsig --namespace lw-ota --output out";
        assert_eq!(SIGN.run(sealed.path(), &words(line), &[]).code, 0);
        std::fs::read_to_string(at("out")).unwrap()
    };
    let with = |change: &str, key: &PrivateKey| {
        let change = format!("[sign]\n{change}");
        let (mallory, signature) = (pem(&theirs), signature(key));
        let files = [("lw.toml", &*change), ("mallory.pem", &mallory), ("app.bin.sig", &signature)];
        repository.commit(&files);
        let env = [
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("GITHUB_REF", "refs/pull/7/merge"),
            ("GITHUB_BASE_REF", "main"),
        ];
        // `--config` as it is without one: the files of the repository.
        SIGN.run_as_step(repository.path(), &words("verify --input app.bin --config lw.toml"), &env)
    };
    for change in [
        "expect-key = [\"prod=mallory.pem\"]",
        "key = [\"mallory.pem\"]",
        "fail-on = \"never\"",
        "expect-key = [\"prod=mallory.pem\"]\nfail-on = \"never\"\nmissing = \"skip\"",
    ] {
        let run = with(change, &theirs);
        assert_eq!((run.code, run.found(Level::Error)), (1, vec!["untrusted"]), "{change}: {}", run.stderr);
    }
    // The namespace a signature was made for.
    let run = with("namespace = \"git\"", &ours);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let run = with("", &ours);
    assert_eq!((run.code, run.output("verified")), (0, "1"), "{}", run.stderr);
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
