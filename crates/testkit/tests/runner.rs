//! The strict runner against small actions, one per rule. The scripts are for a Unix shell.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use std::path::PathBuf;

use lw_testkit::runner::{Access, Annotation, Cache, Job, JobResult, Kind, Outcome, RunError, StepResult};

fn action(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/actions")).join(name)
}

fn run(job: impl FnOnce(Job) -> Job) -> JobResult {
    let workspace = tempfile::tempdir().unwrap();
    job(Job::new(workspace.path())).run().unwrap()
}

fn one(name: &str, with: &[(&str, &str)]) -> StepResult {
    run(|job| job.step(action(name), with, "it")).steps.remove(0)
}

fn messages(step: &StepResult, kind: Kind) -> Vec<&str> {
    let of_kind = step.annotations.iter().filter(|annotation| annotation.kind == kind);
    of_kind.map(|annotation| annotation.message.as_str()).collect()
}

#[test]
fn a_later_step_reads_what_an_earlier_one_wrote() {
    let job = run(|job| {
        job.step(action("hello"), &[("WHO", "wörld ${{ github.token }}$(id)")], "first")
            .step(
                action("hello"),
                &[("who", "${{ steps.first.outputs.text }}"), ("greeting", "Re")],
                "second",
            )
            .script("sh", "echo \"$GREETED|$PATH\"", "third")
    });
    assert_eq!(job.conclusion, Outcome::Success, "{job:#?}");
    let second = job.step("second").unwrap();
    assert_eq!(second.outputs["text"], "Re, Hello, wörld $(id)!!");
    assert_eq!(second.outputs["fixed"], "Linux-octo-org/app");
    assert_eq!(second.summary, "## Hello, wörld $(id)!\n");
    let notice = &second.annotations[0];
    assert_eq!((notice.kind, notice.file.as_deref(), notice.line), (Kind::Notice, Some("src/a.c"), Some(3)));
    assert!(job.step("third").unwrap().log.starts_with("Hello, wörld $(id)!|/opt/greet:"));
}

#[test]
fn required_is_not_enforced_and_unknown_inputs_are_warned_of() {
    let step = one("hello", &[("whom", "x"), ("old", "y")]);
    assert_eq!(step.outputs["text"], "Hello, !");
    assert_eq!(
        messages(&step, Kind::Warning),
        [
            "Input 'old' has been deprecated with message: use who",
            "Unexpected input(s) 'whom', valid inputs are ['who', 'greeting', 'old']"
        ]
    );
}

#[test]
fn steps_see_no_inputs_and_dash_drops_what_is_no_name() {
    let step = one("strict", &[]);
    let names: Vec<&str> = step.outputs["env"].lines().collect();
    let inputs: Vec<&&str> = names.iter().filter(|name| name.starts_with("INPUT_")).collect();
    assert!(inputs.contains(&&"INPUT_MAX_FLASH"), "{names:?}");
    if std::path::Path::new("/bin/dash").exists() {
        assert_eq!(inputs, [&"INPUT_MAX_FLASH"]);
    }
    assert!(names.contains(&"GITHUB_ACTION_PATH") && names.contains(&"RUNNER_TEMP"));
    assert!(!names.contains(&"GITHUB_TOKEN") && !names.contains(&"GITHUB_ACTION_REF"));
    assert!(
        !names.iter().any(|name| name.starts_with("CARGO")),
        "the test's own environment leaked: {names:?}"
    );
    assert_eq!(step.outputs["lost"], "");
}

#[test]
fn forged_commands_work_on_both_streams() {
    for stream in ["1", "2"] {
        let forged = |name: &str| one("forge", &[("name", name), ("stream", stream)]);

        let step = forged("::set-output name=secret::forged");
        assert_eq!(step.outputs["secret"], "forged");
        assert_eq!(messages(&step, Kind::Warning).len(), 1);

        let step = forged("ok ##[set-output name=verdict]pass");
        assert_eq!(step.outputs["verdict"], "fail", "the file is read after the step and wins");

        let step = forged("::add-mask::fail\nfail fails");
        assert_eq!(step.masks, ["fail"]);
        assert!(step.log.contains("*** ***s"), "{}", step.log);

        let step = forged("  ::error file=a.c,line=1,title=t::boom%0Ahere");
        assert_eq!(step.outcome, Outcome::Success);
        let expected = Annotation {
            kind: Kind::Error,
            message: "boom\nhere".into(),
            title: Some("t".into()),
            file: Some("a.c".into()),
            line: Some(1),
            end_line: None,
            column: None,
            end_column: None,
        };
        assert_eq!(step.annotations, [expected]);

        let step = forged("::set-env name=LD_PRELOAD::x");
        assert_eq!(step.outcome, Outcome::Failure);
        assert_eq!(messages(&step, Kind::Error)[1], "The `set-env` command is disabled.");

        let step = forged("::stop-commands::token\n::error::hidden\n::TOKEN::\n::error::seen");
        assert_eq!(messages(&step, Kind::Error), ["seen"]);
        assert!(step.log.contains("::error::hidden"));

        assert_eq!(forged("::stop-commands::error").outcome, Outcome::Failure);
        assert_eq!(forged("text ::error::x\n::std::fmt\n: :error::x").commands, []);
    }
}

#[test]
fn annotations_are_capped_over_all_steps_of_an_action() {
    let step = one("caps", &[]);
    assert_eq!(step.outcome, Outcome::Failure);
    let errors = messages(&step, Kind::Error);
    assert_eq!((errors.len(), errors[0], errors[9]), (10, "first 1", "second 4"));
    let lost: Vec<&str> = step.lost_annotations.iter().map(|item| item.message.as_str()).collect();
    assert_eq!(lost, ["second 5", "second 6", "Process completed with exit code 3."]);
    assert_eq!(messages(&step, Kind::Warning).len(), 6);
    assert_eq!(messages(&step, Kind::Notice)[0].len(), 4096);
}

#[test]
fn a_summary_above_the_limit_is_refused_as_a_whole() {
    let step = one("caps", &[("summary-kib", "1024")]);
    assert_eq!(step.summary.len(), 1024 * 1024 + 1);
    let step = one("caps", &[("summary-kib", "1025")]);
    assert_eq!(step.summary, "");
    let all = step.annotations.iter().chain(&step.lost_annotations);
    assert!(
        all.into_iter()
            .any(|item| item.message.contains("supports content up to a size of 1024k, got 1025k"))
    );
}

#[test]
fn a_broken_file_fails_the_step_and_keeps_what_came_before() {
    let write = |file, content| one("files", &[("file", file), ("content", content)]);
    let step = write("GITHUB_OUTPUT", "a<<EOF\\nx\\n\\ny\\nEOF\\n");
    assert_eq!((step.outcome, step.outputs["a"].as_str()), (Outcome::Success, "x\n\ny"));
    for (file, content, error) in [
        ("GITHUB_OUTPUT", "a=kept\\nnonsense\\na=lost\\n", "Invalid format 'nonsense'"),
        ("GITHUB_OUTPUT", "a=kept\\nb<<EOF\\nx\\n", "Invalid value. Matching delimiter not found 'EOF'"),
        ("GITHUB_ENV", "nonsense", "Invalid format 'nonsense'"),
        ("GITHUB_STATE", "a<<E\\nx", "Invalid value. EOF marker missing new line."),
    ] {
        let step = write(file, content);
        assert_eq!(step.outcome, Outcome::Failure, "{file} {content}");
        assert_eq!(messages(&step, Kind::Error)[1], error);
        let kept = if file == "GITHUB_OUTPUT" { "kept" } else { "" };
        assert_eq!(step.outputs["a"], kept);
    }
    let step = write("GITHUB_ENV", "NODE_OPTIONS=--require x\\n");
    assert_eq!(step.outcome, Outcome::Success);
    assert_eq!(messages(&step, Kind::Error).len(), 1);
}

#[test]
fn conditions_see_failures_and_pardons() {
    assert_eq!(one("conditions", &[]).outputs["trace"], "failure/failure skipped success success [always]");
    let step = one("conditions", &[("forgive", "true")]);
    assert_eq!(step.outcome, Outcome::Success);
    assert_eq!(step.outputs["trace"], "failure/success success skipped success [always]");
}

#[test]
fn a_failure_skips_the_rest_of_the_job_unless_told_otherwise() {
    let job = run(|job| {
        job.script("sh", "exit 7", "bad")
            .script("sh", "true", "skipped")
            .script("sh", "echo ${{ steps.bad.outcome }}", "seen")
            .condition("failure()")
    });
    assert_eq!(job.conclusion, Outcome::Failure);
    let outcomes: Vec<Outcome> = job.steps.iter().map(|step| step.outcome).collect();
    assert_eq!(outcomes, [Outcome::Failure, Outcome::Skipped, Outcome::Success]);
    assert_eq!(job.steps[2].log, "failure\n");

    let job = run(|job| job.script("sh", "exit 7", "bad").continue_on_error().script("sh", "true", "next"));
    assert_eq!(job.conclusion, Outcome::Success);
    assert_eq!((job.steps[0].outcome, job.steps[0].conclusion), (Outcome::Failure, Outcome::Success));
}

#[test]
fn a_script_that_hangs_is_killed() {
    let job =
        run(|job| job.timeout(std::time::Duration::from_millis(300)).script("bash", "exec sleep 60", "slow"));
    assert_eq!(job.steps[0].annotations[0].message, "The action has timed out.");
}

#[test]
fn a_missing_action_is_found_before_the_first_step() {
    let error = Job::new("/").script("sh", "true", "a").step("/nowhere", &[], "b").run().unwrap_err();
    assert!(matches!(error, RunError::NoAction { .. }), "{error}");
}

/// One job with the cache, on a reference; of a pull request that goes to `base`.
fn cached(
    cache: &Cache,
    (reference, base): (&str, &str),
    access: Access,
    with: &[(&str, &str)],
) -> StepResult {
    let job = |job: Job| {
        job.github("ref", reference).github("base_ref", base).cache(cache, access).step(
            action("cached"),
            with,
            "it",
        )
    };
    run(job).steps.remove(0)
}

const MAIN: (&str, &str) = ("refs/heads/main", "");
const PULL: (&str, &str) = ("refs/pull/7/merge", "main");

#[test]
fn the_cache_keeps_the_rules_of_the_real_one() {
    let cache = Cache::default();
    let save =
        |of, key: &str, text: &str| cached(&cache, of, Access::ReadWrite, &[("key", key), ("text", text)]);
    let restore = |of, key: &str, others: &str| {
        let step = cached(&cache, of, Access::ReadOnly, &[("key", key), ("others", others)]);
        assert_eq!(step.outcome, Outcome::Success, "{}", step.log);
        (step.outputs["was"].clone(), step.outputs["matched"].clone(), step.outputs["hit"].clone())
    };
    let found = |was: &str, key: &str, hit: &str| (was.to_owned(), key.to_owned(), hit.to_owned());
    assert_eq!(restore(MAIN, "a-1", ""), found("", "", ""));
    save(MAIN, "a-1", "one");
    save(MAIN, "a-12", "two");
    // The key itself is a beginning, and of several the newest wins; the very key wins over all.
    assert_eq!(restore(MAIN, "a-1", ""), found("one", "a-1", "true"));
    assert!(save(MAIN, "z-0", "first").log.contains("a stand-in for actions/cache"));
    assert_eq!(restore(MAIN, "a-", ""), found("two", "a-12", "false"));
    assert_eq!(restore(MAIN, "b", "c\na-1"), found("one", "a-1", "false"));
    // An entry is never changed, and that fails nobody.
    let again = save(MAIN, "a-1", "other");
    assert_eq!(
        (again.outcome, messages(&again, Kind::Warning)),
        (Outcome::Success, vec!["Cache save failed."])
    );
    assert_eq!(restore(MAIN, "a-1", "").0, "one");

    // A pull request sees its base and main; nobody else sees it, and a branch sees no other.
    assert_eq!(restore(PULL, "a-1", "").0, "one");
    save(PULL, "a-3", "three");
    assert_eq!(restore(PULL, "a-", ""), found("three", "a-3", "false"));
    for other in [MAIN, ("refs/pull/8/merge", "main"), ("refs/heads/gh-readonly-queue/main/pr-7", "")] {
        assert_eq!(restore(other, "a-3", "").0, "", "{other:?}");
    }
    save(("refs/heads/release", ""), "r-1", "release");
    assert_eq!(restore(("refs/pull/9/merge", "release"), "r-1", "").0, "release");
    assert_eq!(restore(("refs/heads/feature", ""), "r-1", "").0, "");

    // A token that may only read does.
    let step = cached(&cache, PULL, Access::ReadOnly, &[("key", "x"), ("text", "y")]);
    assert_eq!((step.outcome, messages(&step, Kind::Warning).len()), (Outcome::Success, 1));
    assert_eq!(restore(PULL, "x", "").0, "");
    // What was saved from one path is not found under another.
    let step = cached(&cache, MAIN, Access::ReadWrite, &[("key", "a-1"), ("path", "./kept")]);
    assert_eq!(step.outputs["was"], "");
    // A key that no service takes fails the step, which goes on because it says so.
    let long = "k".repeat(513);
    let step = cached(&cache, MAIN, Access::ReadWrite, &[("key", &long)]);
    assert!(messages(&step, Kind::Error)[0].starts_with("Key Validation Error"), "{}", step.log);
    cache.evict(|key| key == "a-1");
    assert_eq!(restore(MAIN, "a-1", "").1, "a-12");
    assert_eq!(cache.keys("refs/heads/main"), ["a-12", "z-0"]);
}

#[test]
fn an_action_that_may_not_use_another_ends_the_job_before_its_first_step() {
    let workspace = tempfile::tempdir().unwrap();
    let job = Job::new(workspace.path()).script("sh", "touch ran", "first").step(action("cached"), &[], "it");
    let error = job.condition("false").run().unwrap_err();
    assert!(
        matches!(&error, RunError::Unresolved { uses } if uses.starts_with("actions/cache/restore@")),
        "{error}"
    );
    assert!(!workspace.path().join("ran").exists());
}

#[test]
fn the_legs_of_a_matrix_are_told_apart() {
    let job = run(|job| {
        job.matrix("board", "esp32-\"s3\"")
            .script("sh", "printf '%s' \"$LEG\"", "leg")
            .step_env("LEG", "${{ toJSON(matrix) }}|${{ toJSON(github.none) }}|${{ matrix.board }}")
    });
    assert_eq!(job.steps[0].log, "{\n  \"board\": \"esp32-\\\"s3\\\"\"\n}|null|esp32-\"s3\"\n");
}
