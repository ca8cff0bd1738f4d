//! `lw doctor`: each finding has a place that lacks something.

use std::path::Path;
use std::process::Command;

struct Said {
    code: Option<i32>,
    text: String,
    report: serde_json::Value,
}

impl Said {
    fn finds(&self, rule: &str) -> bool {
        self.level(rule).is_some()
    }

    fn level(&self, rule: &str) -> Option<&str> {
        let findings = self.report["findings"].as_array()?;
        findings.iter().find(|finding| finding["rule"] == format!("doctor/{rule}"))?["level"].as_str()
    }
}

/// What is said in a folder, with an environment, to a person and to a program.
fn doctor(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
    let place = tempfile::tempdir().unwrap();
    let json = place.path().join("doctor.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lw"));
    command.arg("doctor").args(arguments).arg("--write").arg(format!("json={}", json.display()));
    command.current_dir(folder).env_clear().env("PATH", "/usr/bin:/bin").envs(environment.iter().copied());
    let said = command.output().unwrap();
    let text = String::from_utf8(said.stdout).unwrap();
    let report = std::fs::read(&json).unwrap_or_else(|error| panic!("{error}: {text}"));
    let report = serde_json::from_slice(&report).unwrap();
    Said { code: said.status.code(), text, report }
}

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=octocat", "-c", "user.email=octocat@example.org"];
    let mut command = Command::new("git");
    let status = command.args(identity).args(["-c", "protocol.file.allow=always"]).args(arguments);
    assert!(status.current_dir(folder).status().unwrap().success(), "{arguments:?}");
}

/// A repository of two commits and a tag, with an `lw.toml`.
fn repository(configuration: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet", "--initial-branch", "main"]);
    for number in ["1", "2"] {
        std::fs::write(folder.path().join("file"), number).unwrap();
        std::fs::write(folder.path().join("lw.toml"), configuration).unwrap();
        git(folder.path(), &["add", "--all"]);
        git(folder.path(), &["commit", "--quiet", "--message", "feat: a"]);
    }
    git(folder.path(), &["tag", "v1.0.0"]);
    folder
}

#[test]
fn a_whole_clone_with_all_it_names_lacks_nothing() {
    let folder = repository("[size-gate]\nelf = \"file\"\n\n[version]\ninitial-version = \"0.1.0\"\n");
    let said = doctor(folder.path(), &[], &[]);
    assert_eq!(said.code, Some(0), "{}", said.text);
    assert!(said.text.contains("nothing is missing") && said.report["verdict"] == "pass", "{}", said.text);
    assert_eq!(said.report["findings"], serde_json::json!([]));
}

#[test]
fn a_folder_that_is_no_repository_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let said = doctor(folder.path(), &[], &[("PATH", "/nonexistent")]);
    assert_eq!(said.code, Some(0), "{}", said.text);
    assert_eq!(said.level("no-repository"), Some("warning"));
    assert_eq!((said.level("no-configuration"), said.level("no-git")), (Some("note"), Some("note")));
    assert!(said.text.contains("`lw init` writes one"), "{}", said.text);
    // A tool that cannot do without makes it an error.
    std::fs::write(folder.path().join("lw.toml"), "[changelog]\n").unwrap();
    let said = doctor(folder.path(), &[], &[]);
    assert_eq!((said.code, said.level("no-repository")), (Some(1), Some("error")), "{}", said.text);
}

#[test]
fn a_shallow_clone_is_an_error_where_a_tool_needs_the_history() {
    for (configuration, level, code) in [("[size-gate]\n", "warning", 0), ("[image-tags]\n", "error", 1)] {
        let whole = repository(configuration);
        let folder = tempfile::tempdir().unwrap();
        let url = format!("file://{}", whole.path().display());
        git(folder.path(), &["clone", "--quiet", "--depth", "1", &url, "clone"]);
        let said = doctor(&folder.path().join("clone"), &[], &[]);
        assert_eq!((said.code, said.level("cut-history")), (Some(code), Some(level)), "{}", said.text);
        assert!(said.text.contains("fetch-depth: 0"), "{}", said.text);
    }
}

#[test]
fn every_fault_of_the_configuration_is_told_once_with_its_line() {
    for (configuration, expected) in [
        ("[size-gate]\nmax = [\n", "lw.toml:"),
        ("[size-gaet]\n", "lw.toml:1: unknown section `size-gaet`"),
        ("[size-gate]\nelfs = \"a\"\n", "lw.toml:2: unknown key `elfs`"),
        ("[sbom]\nrecursive = 3\n", "lw.toml:2: `recursive` must be true or false"),
        ("[test-report]\nmin-tests = \"many\"\n", "lw.toml:2: "),
    ] {
        let folder = repository(configuration);
        let said = doctor(folder.path(), &[], &[]);
        assert_eq!((said.code, said.level("configuration")), (Some(1), Some("error")), "{}", said.text);
        let findings = said.report["findings"].as_array().unwrap();
        assert_eq!(findings.len(), 1, "{findings:#?}");
        assert!(findings[0]["message"].as_str().unwrap().starts_with(expected), "{findings:#?}");
    }
}

#[test]
fn an_input_that_is_not_built_is_missing_unless_nothing_was_built_yet() {
    let folder = repository("[size-gate]\nelf = [\"file\", \"build/*/app.elf\"]\n");
    let said = doctor(folder.path(), &[], &[]);
    assert_eq!((said.code, said.level("input-missing")), (Some(1), Some("error")), "{}", said.text);
    assert!(said.text.contains("elf of size-gate is not there: build/*/app.elf"), "{}", said.text);
    let said = doctor(folder.path(), &["--before-build"], &[]);
    assert_eq!((said.code, said.level("input-missing")), (Some(0), Some("note")), "{}", said.text);
}

#[test]
fn a_folder_that_cannot_be_written_in_is_told() {
    let folder = repository("");
    let said = doctor(folder.path(), &[], &[("TMPDIR", "/nonexistent")]);
    assert_eq!((said.code, said.level("not-writable")), (Some(1), Some("error")), "{}", said.text);
    assert!(said.text.contains("/nonexistent"), "{}", said.text);
}

#[test]
fn a_container_engine_is_asked_for_only_when_it_is_needed() {
    let folder = repository("");
    let without = [("PATH", "/nonexistent")];
    assert!(!doctor(folder.path(), &[], &without).finds("no-engine"));
    let said = doctor(folder.path(), &["--engine"], &without);
    assert_eq!((said.code, said.level("no-engine")), (Some(1), Some("error")), "{}", said.text);
}

#[test]
fn a_ci_is_known_by_what_it_gives() {
    let folder = repository("");
    let said = doctor(folder.path(), &[], &[("CI", "true")]);
    assert_eq!(said.level("unknown-ci"), Some("warning"), "{}", said.text);

    let event = folder.path().join("event.json");
    std::fs::write(&event, "{}").unwrap();
    let out = folder.path().join("out");
    let (event, out) = (event.to_str().unwrap(), out.to_str().unwrap());
    let github = [
        ("CI", "true"),
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_OUTPUT", out),
        ("GITHUB_STEP_SUMMARY", out),
        ("GITHUB_EVENT_PATH", event),
        ("GITHUB_SHA", "0123456789012345678901234567890123456789"),
        ("GITHUB_REPOSITORY", "octo-org/app"),
    ];
    let said = doctor(folder.path(), &[], &github);
    assert_eq!(said.code, Some(0), "{}", said.text);
    let fact = |said: &Said, name: &str| {
        let facts = said.report["facts"].as_array().unwrap();
        facts.iter().find(|fact| fact["name"] == name).map(|fact| fact["value"].as_str().unwrap().to_owned())
    };
    assert_eq!(fact(&said, "ci").as_deref(), Some("github"));
    assert!(fact(&said, "id token").unwrap().contains("id-token: write"), "{}", said.text);

    let lost: Vec<_> = github.into_iter().filter(|(name, _)| *name != "GITHUB_OUTPUT").collect();
    let said = doctor(folder.path(), &[], &lost);
    assert_eq!((said.code, said.level("ci-variable")), (Some(1), Some("error")), "{}", said.text);
    assert!(said.text.contains("GITHUB_OUTPUT is not set"), "{}", said.text);
}

#[test]
fn a_base_that_is_not_in_the_clone_is_told_before_a_tool_needs_it() {
    let folder = repository("");
    let event = folder.path().join("event.json");
    let gone = "0123456789012345678901234567890123456789";
    let payload = serde_json::json!({
        "number": 7,
        "pull_request": {"number": 7, "base": {"ref": "main", "sha": gone}, "head": {"ref": "f", "sha": gone, "repo": {"full_name": "octo-org/app", "fork": false}}},
        "repository": {"full_name": "octo-org/app", "default_branch": "elsewhere"},
    });
    std::fs::write(&event, payload.to_string()).unwrap();
    git(folder.path(), &["branch", "--move", "feature"]);
    let out = folder.path().join("out");
    let (event, out) = (event.to_str().unwrap(), out.to_str().unwrap());
    let said = doctor(
        folder.path(),
        &[],
        &[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("GITHUB_BASE_REF", "main"),
            ("GITHUB_REF", "refs/pull/7/merge"),
            ("GITHUB_OUTPUT", out),
            ("GITHUB_STEP_SUMMARY", out),
            ("GITHUB_EVENT_PATH", event),
            ("GITHUB_SHA", gone),
            ("GITHUB_REPOSITORY", "octo-org/app"),
        ],
    );
    assert_eq!((said.code, said.level("no-base")), (Some(1), Some("error")), "{}", said.text);
}

/// A rule that is found is one that is explained.
#[test]
fn the_rules_of_the_commands_are_explained() {
    for command in lw::COMMANDS {
        for rule in command.rules {
            let name = format!("{}/{}", command.name, rule.id);
            let output = Command::new(env!("CARGO_BIN_EXE_lw")).args(["explain", &name]).env_clear().output();
            let text = String::from_utf8(output.unwrap().stdout).unwrap();
            assert!(text.starts_with(&format!("{name}: ")), "{text}");
        }
    }
}
