//! Clones that do not hold all tags, and other places where the run is read from.

use lw_model::Level;
use lw_testkit::git::{Scratch, command};

use crate::TOOL;
use crate::scenarios::{commit, history};

fn lines(tags: &[&str]) -> Vec<String> {
    tags.iter().map(|tag| (*tag).to_owned()).collect()
}

fn clone(from: &Scratch, arguments: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file://{}", from.path().display());
    let status = command(folder.path())
        .args(["clone", "--quiet"])
        .args(arguments)
        .args([url.as_str(), "."])
        .status()
        .unwrap();
    assert!(status.success());
    folder
}

const SEMVER: [&str; 3] = [
    "--tags=type=semver,pattern={{version}}",
    "--tags=type=semver,pattern={{major}}",
    "--ref=refs/tags/v1.0.1",
];

#[test]
fn a_clone_without_all_tags_gives_no_tag_that_moves() {
    let scratch = history(&lines(&["v1.0.0", "v2.0.0", "v1.0.1 after v1.0.0"]));
    let sha = format!("--sha={}", commit(&scratch, "refs/tags/v1.0.1"));
    let mut arguments = SEMVER.map(str::to_owned).to_vec();
    arguments.push(sha);
    for (how, why) in [
        (&["--depth=1", "--branch=v1.0.1"][..], "the clone is shallow"),
        (&["--depth=1", "--no-single-branch"][..], "the clone is shallow"),
        (&["--no-tags"][..], "without tags"),
        (&["--single-branch"][..], "a single branch"),
    ] {
        let clone = clone(&scratch, how);
        let run = TOOL.run_as_step(clone.path(), &arguments, &[]);
        assert_eq!(run.code, 10, "{how:?}: {}", run.stderr);
        assert!(run.stderr.contains(why) && run.stderr.contains("fetch-depth: 0"), "{how:?}: {}", run.stderr);
        // The tag of the release alone is safe, and given all the same.
        assert_eq!(run.output("tag-names"), "1.0.1", "{how:?}");
        assert_eq!(run.report().verdict, lw_model::Verdict::Error);
    }
    let whole = clone(&scratch, &[]);
    let run = TOOL.run_as_step(whole.path(), &arguments, &[]);
    assert_eq!(
        (run.code, run.output("tag-names"), run.output("held")),
        (0, "1.0.1\n1", "latest"),
        "{}",
        run.stderr
    );
    // Nothing that moves is asked for: no repository is needed.
    let nowhere = tempfile::tempdir().unwrap();
    arguments.remove(1);
    arguments.push("--flavor=latest=false".to_owned());
    let run = TOOL.run_as_step(nowhere.path(), &arguments, &[]);
    assert_eq!((run.code, run.output("tag-names")), (0, "1.0.1"), "{}", run.stderr);
    arguments.pop();
    let run = TOOL.run_as_step(nowhere.path(), &arguments, &[]);
    assert_eq!(run.code, 10, "{}", run.stderr);
}

#[test]
fn a_tag_that_was_not_fetched_is_missed() {
    let scratch = history(&lines(&["v1.0.0", "v1.0.1"]));
    let sha = format!("--sha={}", commit(&scratch, "refs/tags/v1.0.1"));
    scratch.git(&["tag", "-d", "v1.0.1"]);
    let mut arguments = SEMVER.map(str::to_owned).to_vec();
    arguments.push(sha);
    let run = TOOL.run_as_step(scratch.path(), &arguments, &[]);
    assert_eq!(run.code, 10, "{}", run.stderr);
    assert!(run.stderr.contains("v1.0.1 itself is not in the clone"), "{}", run.stderr);
}

#[test]
fn other_places_say_for_what_the_run_is() {
    let scratch = history(&lines(&["v1.0.0"]));
    // What is checked out.
    let run = TOOL.run(scratch.path(), &["--format=json"], &[]);
    assert!(run.stdout.contains("\"main\""), "{}{}", run.stdout, run.stderr);
    scratch.git(&["checkout", "--quiet", "v1.0.0"]);
    let run =
        TOOL.run_as_step(scratch.path(), &["--context=git", "--tags=type=semver,pattern={{version}}"], &[]);
    assert_eq!(run.output("tag-names"), "1.0.0\nlatest");
    scratch.git(&["tag", "v1.0.0-rc.1"]);
    let run = TOOL.run(scratch.path(), &["--context=git"], &[]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("several releases are on its commit: v1.0.0-rc.1, v1.0.0"), "{}", run.stderr);
    // GitLab.
    let sha = commit(&scratch, "refs/tags/v1.0.0");
    let gitlab = |more: &[(&'static str, &'static str)]| {
        let mut env = vec![
            ("GITLAB_CI", "true"),
            ("CI_COMMIT_SHA", sha.as_str()),
            ("CI_DEFAULT_BRANCH", "main"),
            ("CI_PROJECT_PATH", "group/app"),
            ("CI_PROJECT_URL", "https://gitlab.example/group/app"),
        ];
        env.extend_from_slice(more);
        let run = TOOL.run(
            scratch.path(),
            &[
                "--tags=type=edge",
                "--tags=type=ref,event=pr",
                "--tags=type=ref,event=tag",
                "--flavor=latest=false",
            ],
            &env,
        );
        let table = run.report().tables.iter().find(|table| table.id == "tags").cloned();
        table
            .map(|table| table.rows.into_iter().map(|row| format!("{:?}", row[0])).collect::<Vec<_>>())
            .unwrap_or_default()
    };
    assert_eq!(gitlab(&[("CI_COMMIT_BRANCH", "main")]), [r#"Code("edge")"#]);
    assert_eq!(gitlab(&[("CI_COMMIT_TAG", "v1.0.0")]), [r#"Code("v1.0.0")"#]);
    assert_eq!(
        gitlab(&[
            ("CI_MERGE_REQUEST_IID", "7"),
            ("CI_MERGE_REQUEST_REF_PATH", "refs/merge-requests/7/head"),
            ("CI_PIPELINE_SOURCE", "merge_request_event")
        ]),
        [r#"Code("pr-7")"#]
    );
    for (arguments, code, what) in [
        (&["--ref=main"][..], 2, "no full reference"),
        (&["--sha=abc"][..], 2, "no full id"),
        (
            &["--ref=refs/heads/x", "--tags=type=raw,value=a,enabled=false"][..],
            2,
            "there is no attribute `enabled`",
        ),
        (&["--ref=refs/heads/x", "--tags=type=raw,value={{branh}}"][..], 2, "there is no expression `branh`"),
        (&["--ref=refs/heads/x", "--tags=type=raw,value={{date YYYY}}"][..], 2, "quotation marks"),
        (
            &["--ref=refs/heads/x", "--tags=type=raw,value={{date 'YYYY' tz='Nowhere'}}"][..],
            2,
            "there is no time zone `Nowhere`",
        ),
        (&["--ref=refs/heads/x", "--tags=type=raw,value=a,enable=yes"][..], 2, "enable is `yes`"),
        (
            &["--ref=refs/tags/v1.0.0", "--tags=type=semver,pattern={{version}},match=v"][..],
            2,
            "has no group",
        ),
        (&["--ref=refs/heads/x", "--labels=novalue"][..], 2, "has no `=`"),
        (&["--ref=refs/heads/x", "--images=org/app:1"][..], 2, "a tag does not belong to it"),
        (&["--ref=refs/heads/x", "--tags=type=match,pattern=v(?=1)"][..], 2, "a look-ahead"),
    ] {
        let run = TOOL.run(scratch.path(), arguments, &[]);
        assert_eq!(run.code, code, "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(what), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains("hint:"), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn the_date_of_a_commit_is_the_repositorys() {
    let scratch = history(&lines(&["-"]));
    let sha = format!("--sha={}", commit(&scratch, "refs/heads/main"));
    let arguments = [
        "--ref=refs/heads/main",
        &sha,
        "--tags=type=raw,value={{commit_date 'YYYYMMDD-HHmmss' tz='Asia/Tokyo'}}",
    ];
    let run = TOOL.run_as_step(scratch.path(), &arguments, &[]);
    assert_eq!(run.output("version"), "20260102-120405", "{}", run.stderr);
    let nowhere = tempfile::tempdir().unwrap();
    let run = TOOL.run(nowhere.path(), &arguments, &[]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.found(Level::Error).contains(&"error"));
}
