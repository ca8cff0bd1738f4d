//! Sources and builds that go wrong.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::Duration;

use lw_testkit::balena::{Build, Ends};

use crate::World;

const DRAFT: [&str; 4] = ["deploy", "--draft", "--source", "source"];

#[test]
fn a_wrong_token_is_told_before_anything_is_sent() {
    let world = World::new(1);
    let run = world.run_with_token(&DRAFT, "another");
    assert!(run.code == 2 && run.stderr.contains("Balena does not know this token"), "{}", run.stderr);
    assert!(world.stub.uploads().is_empty());
}

#[test]
fn a_build_whose_answer_is_cut_is_judged_by_its_release() {
    let world = World::new(1);
    world.stub.next_build(Build::cut(2, Ends::After(Duration::from_secs(120))));
    let run = world.run(&DRAFT);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("is not whole"), "{}", run.stderr);
    let state = world.stub.state();
    let release = state.releases.values().find(|release| release.id != world.old).unwrap();
    assert_eq!(release.status, "success");
    assert!(!release.is_final);
    // It is live nowhere and tagged all the same: the next run takes it up.
    assert!(release.tags.contains_key("balena-ci-commit-sha"));
    assert_eq!(world.run(&DRAFT).code, 0);
    assert_eq!(world.stub.uploads().len(), 1);
    world.assert_known();
}

#[test]
fn a_build_that_fails_is_an_error_whatever_the_stream_says() {
    let world = World::new(1);
    world.stub.next_build(Build::failing("\u{1b}[31mno space left\u{1b}[0m"));
    let run = world.run(&DRAFT);
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("is failed"), "{}", run.stderr);
    assert!(run.stderr.contains("no space left") && !run.stderr.contains('\u{1b}'), "{}", run.stderr);
    let refused = Build { refused: Some((401, "nope".to_owned())), ..Build::default() };
    world.stub.next_build(refused);
    let run = world.run(&DRAFT);
    assert!(run.code == 4 && run.stderr.contains("401"), "{}", run.stderr);
}

#[test]
fn links_bits_and_services_are_sent_as_they_are() {
    let world = World::new(1);
    let source = world.path().join("source");
    fs::write(source.join("run.sh"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(source.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("app/main.py", source.join("main")).unwrap();
    fs::write(source.join("docker-compose.yml"), "services:\n  app:\n    build: ./app\n").unwrap();
    fs::write(source.join("app/.dockerignore"), "main.py\n").unwrap();
    fs::create_dir(source.join(".git")).unwrap();
    fs::write(source.join(".git/config"), "[core]").unwrap();
    fs::write(world.path().join("registry"), "{\"ghcr.io\":{}}").unwrap();
    fs::set_permissions(world.path().join("registry"), fs::Permissions::from_mode(0o600)).unwrap();
    let run = world.run(&[&DRAFT[..], &["--multi-dockerignore", "--registry-secrets", "registry"]].concat());
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let upload = &world.stub.uploads()[0];
    assert_eq!(upload.error, None);
    let shown: Vec<_> =
        upload.entries.iter().map(|entry| (entry.path.as_str(), entry.kind, entry.mode)).collect();
    assert_eq!(
        shown,
        [
            (".balena/registry-secrets.json", 'f', 0o644),
            (".dockerignore", 'f', 0o644),
            ("Dockerfile", 'f', 0o644),
            ("app/.dockerignore", 'f', 0o644),
            // The rules of the source do not hold in a service that has its own.
            ("app/secret.key", 'f', 0o644),
            ("docker-compose.yml", 'f', 0o644),
            ("main", 'l', 0o777),
            ("run.sh", 'f', 0o755),
        ]
    );
    assert_eq!(upload.entry("main").unwrap().link.as_deref(), Some("app/main.py"));
}

#[test]
fn what_cannot_be_sent_is_named() {
    let world = World::new(1);
    let source = world.path().join("source");
    symlink("/etc/passwd", source.join("passwd")).unwrap();
    let run = world.run(&DRAFT);
    assert!(
        run.code == 3 && run.stderr.contains("source/passwd: the symbolic link leads out"),
        "{}",
        run.stderr
    );
    fs::write(source.join(".dockerignore"), "passwd\n[").unwrap();
    let run = world.run(&DRAFT);
    assert!(run.code == 3 && run.stderr.contains("source/.dockerignore: line 2"), "{}", run.stderr);
    fs::create_dir(world.path().join("empty")).unwrap();
    let run = world.run(&["deploy", "--draft", "--source", "empty"]);
    assert!(run.code == 3 && run.stderr.contains("neither a Dockerfile"), "{}", run.stderr);
    fs::write(world.path().join("none.tar"), "no tarball").unwrap();
    let run = world.run(&["deploy", "--draft", "--source", "none.tar"]);
    assert!(run.code == 3 && run.stderr.contains("it is no tarball"), "{}", run.stderr);
    assert!(world.stub.uploads().is_empty());
}

#[test]
fn a_version_that_balena_does_not_take_is_told_before_anything_is_sent() {
    let world = World::new(1);
    for version in ["1.2.3-rc.1", "1.2", "v1.2.3+5", "01.2.3"] {
        let run = world.run(&["deploy", "--draft", "--source", "source", "--version", version]);
        assert!(
            run.code == 2 && run.stderr.contains("is no version of the form 1.2.3"),
            "{version}: {}",
            run.stderr
        );
    }
    assert!(world.stub.uploads().is_empty());
}
