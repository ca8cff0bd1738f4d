//! The cases of docker/metadata-action's own tests, in both modes.
//!
//! They are its recorded events and what its tests expect (Apache-2.0), kept beside the checkout and not in it.

use std::collections::BTreeMap;
use std::fs;

use lw_testkit::git::Scratch;
use lw_testkit::shared_fixture;
use lw_testkit::tool::Run;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::TOOL;

/// 2020-01-10T00:30:00Z, the clock of the cases.
const NOW: &str = "1578616200";

#[derive(Deserialize)]
struct Fixture {
    env: BTreeMap<String, BTreeMap<String, Value>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    group: String,
    name: String,
    env: String,
    inputs: BTreeMap<String, Vec<String>>,
    version: Value,
    tags: Vec<String>,
    labels: Vec<String>,
}

impl Case {
    fn key(&self) -> String {
        format!("{} {}", self.group, self.name)
    }

    /// Runs the case in a folder with a repository, perhaps as if its commit were another.
    fn run(&self, fixture: &Fixture, scratch: &Scratch, mode: &str, sha: Option<&str>) -> Run {
        let env = &fixture.env[&self.env];
        let text = |name: &str| env.get(name).and_then(Value::as_str).unwrap_or_default();
        let payload = env.get("payload").cloned().unwrap_or(Value::Null);
        let mut event = json!({
            "repository": {
                "name": "Hello-World",
                "description": "This your first repo!",
                "html_url": "https://github.com/octocat/Hello-World",
                "default_branch": "master",
                "license": {"spdx_id": "MIT"},
            },
            "base_ref": payload["base_ref"],
            "head_commit": {"id": text("GITHUB_SHA"), "timestamp": "2020-01-10T00:30:00.000Z"},
        });
        if text("GITHUB_EVENT_NAME").starts_with("pull_request") {
            event["number"] = json!(15);
            event["pull_request"] = json!({
                "number": 15,
                "head": {"sha": payload["pr_head_sha"], "ref": "test-pr", "repo": {"full_name": "octocat/Hello-World"}},
                "base": {"ref": payload["pr_base"], "repo": {"full_name": "octocat/Hello-World"}},
            });
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("event.json");
        fs::write(&path, event.to_string()).unwrap();
        let mut arguments =
            vec![format!("--latest={mode}"), "--context=workflow".into(), "--format=json".into()];
        for (input, items) in &self.inputs {
            arguments.extend(items.iter().map(|item| format!("--{input}={item}")));
        }
        if let Some(sha) = sha.filter(|_| !text("GITHUB_SHA").is_empty()) {
            arguments.push(format!("--sha={sha}"));
        }
        let path = path.to_string_lossy().into_owned();
        let mut variables = vec![("GITHUB_EVENT_PATH", path.as_str()), ("SOURCE_DATE_EPOCH", NOW)];
        for name in ["GITHUB_EVENT_NAME", "GITHUB_REF", "GITHUB_SHA", "GITHUB_HEAD_REF", "GITHUB_BASE_REF"] {
            variables.push((name, text(name)));
        }
        if self.group == "pr-head-sha" {
            variables.push(("DOCKER_METADATA_PR_HEAD_SHA", "true"));
        }
        TOOL.run_as_step(scratch.path(), &arguments, &variables)
    }
}

fn fixture() -> Option<Fixture> {
    let path = shared_fixture("changelog/metadata_action_cases.json")?;
    Some(serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

#[test]
fn every_case_is_equal_byte_for_byte() {
    let Some(fixture) = fixture() else { return };
    assert_eq!(fixture.cases.len(), 114);
    let scratch = Scratch::new();
    let mut wrong = Vec::new();
    for case in &fixture.cases {
        let run = case.run(&fixture, &scratch, "upstream", None);
        let names: Vec<&str> = case.version["main"].as_str().into_iter().collect();
        let found = (lines(run.output("tags")), lines(run.output("labels")), run.output("version"));
        let expected = (
            case.tags.iter().map(String::as_str).collect::<Vec<_>>(),
            case.labels.iter().map(String::as_str).collect::<Vec<_>>(),
            names.first().copied().unwrap_or_default(),
        );
        if run.code != 0 || found != expected {
            wrong.push(format!(
                "{}: {}\n  {found:?}\n  {expected:?}\n  {}",
                case.key(),
                run.code,
                run.stderr
            ));
        }
        let json: Value = serde_json::from_str(run.output("json")).unwrap();
        assert_eq!(json["tags"], json!(case.tags), "{}", case.key());
    }
    assert!(wrong.is_empty(), "{} of 114:\n{}", wrong.len(), wrong.join("\n"));
}

/// A repository in which the tag of a case, if it has one, is the only release.
fn repository(case: &Case, fixture: &Fixture) -> (Scratch, String) {
    let scratch = Scratch::new();
    scratch.commit(&[("a", "a")]);
    let reference = fixture.env[&case.env].get("GITHUB_REF").and_then(Value::as_str).unwrap_or_default();
    if let Some(tag) = reference.strip_prefix("refs/tags/") {
        scratch.git(&["tag", tag]);
    }
    let head = String::from_utf8(scratch.git(&["rev-parse", "HEAD"])).unwrap().trim().to_owned();
    (scratch, head)
}

/// What is different where nothing depends on other releases: the page lists each case of it.
#[test]
fn the_page_lists_what_is_different_by_default() {
    let Some(fixture) = fixture() else { return };
    let mut rows = String::new();
    let mut count = 0;
    for case in &fixture.cases {
        let (scratch, head) = repository(case, &fixture);
        let upstream = case.run(&fixture, &scratch, "upstream", Some(&head));
        let safe = case.run(&fixture, &scratch, "safe", Some(&head));
        let names = |run: &Run| run.output("tag-names").lines().map(str::to_owned).collect::<Vec<_>>();
        let (old, new) = (names(&upstream), if safe.code == 2 { Vec::new() } else { names(&safe) });
        if old == new && !(old.is_empty() && safe.code != 0) {
            assert_eq!(safe.code, 0, "{}: {}{}", case.key(), safe.stdout, safe.stderr);
            continue;
        }
        count += 1;
        let show = |names: &[String]| match names {
            [] => "none".to_owned(),
            names => format!("`{}`", names.join("` `").replace(&head[..7], "0123456")),
        };
        let mut said: Vec<String> = safe
            .code
            .ne(&2)
            .then(|| safe.report().findings.iter())
            .into_iter()
            .flatten()
            .filter(|finding| {
                ["held", "reserved-name", "cut-from-pre-release", "no-tag"]
                    .iter()
                    .any(|rule| finding.rule.ends_with(rule))
            })
            .map(|finding| finding.message.clone())
            .collect();
        if said.len() > 1 {
            said.retain(|text| !text.starts_with("no tag came out"));
        }
        if safe.code == 2 {
            said.push(
                safe.stderr.lines().find(|line| line.starts_with("error")).unwrap_or_default().to_owned(),
            );
        }
        rows.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            case.key(),
            show(&old),
            show(&new),
            said.join("; ").replace('|', "\\|")
        ));
    }
    let text = format!(
        "{count} of the 114 cases of docker/metadata-action's own tests, each in a repository whose only tag is the one of its run, come out \
         otherwise:\n\n| Case | `--latest upstream` | `--latest safe` | Why |\n|---|---|---|---|\n{rows}"
    );
    crate::scenarios::section("upstream-cases", &text);
}
