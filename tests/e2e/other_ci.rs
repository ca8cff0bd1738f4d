//! `docs/other-ci.md` and the GitLab components: what they say is run, in each CI's recorded environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use lw_testkit::root;
use saphyr::{LoadableYamlNode, Yaml};

use crate::case::{Case, Workspace};
use crate::support::{Said, Tree, binary, say, which, write_program};

/// A complete example of one CI.
struct Snippet {
    environment: String,
    language: String,
    text: String,
    /// The section it stands in.
    section: String,
}

fn snippets() -> Vec<Snippet> {
    let page = std::fs::read_to_string(root().join("docs/other-ci.md")).unwrap();
    let mut found = Vec::new();
    for section in page.split("\n## ").skip(1) {
        let Some((_, rest)) = section.split_once("<!-- environment: ") else { continue };
        let (environment, rest) = rest.split_once(" -->\n```").unwrap();
        let (language, rest) = rest.split_once('\n').unwrap();
        let (text, _) = rest.split_once("\n```").unwrap();
        found.push(Snippet {
            environment: environment.to_owned(),
            language: language.to_owned(),
            text: text.to_owned(),
            section: section.to_owned(),
        });
    }
    found
}

impl Snippet {
    /// The commands of it that have to do with us, without the syntax of the CI around them.
    fn commands(&self) -> Vec<String> {
        let starts = ["git clone ", "sh .lw/launcher/lw.sh ", "lw size-gate "];
        self.text
            .lines()
            .filter_map(|line| {
                let at = starts.iter().filter_map(|start| line.find(start)).min()?;
                Some(line.get(at..)?.trim_end_matches('\'').to_owned())
            })
            .collect()
    }
}

/// A step of a CI: its workspace, its variables, and the programs it calls.
struct Step {
    folder: tempfile::TempDir,
    workspace: Workspace,
    env: BTreeMap<String, String>,
}

impl Step {
    fn of(environment: &str, case: &Case) -> Self {
        let workspace = Workspace::of(&[case]);
        let folder = tempfile::tempdir().unwrap();
        let recorded = root().join("crates/core/ci/tests/providers").join(environment).join("env");
        let recorded = std::fs::read_to_string(&recorded).unwrap();
        let recorded: BTreeMap<String, String> = recorded
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        // The folders of the recorded machine are folders of this test.
        let places = [
            "CI_PROJECT_DIR",
            "WORKSPACE",
            "BUILD_SOURCESDIRECTORY",
            "BUILDKITE_BUILD_CHECKOUT_PATH",
            "CIRCLE_WORKING_DIRECTORY",
            "BITBUCKET_CLONE_DIR",
        ];
        let place = places.iter().find_map(|name| recorded.get(*name)).cloned();
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let mut env: BTreeMap<String, String> = recorded
            .into_iter()
            .map(|(name, value)| {
                let inside = place.as_ref().and_then(|place| value.strip_prefix(place.as_str()));
                let value = match inside {
                    Some(rest) => format!("{}{rest}", text(workspace.path())),
                    None if value.starts_with('/') => text(&folder.path().join(&name)),
                    None => value,
                };
                (name, value)
            })
            .collect();
        let bin = folder.path().join("bin");
        let tree = Tree::with(&binary());
        let copy = folder.path().join("tree");
        crate::support::copy_tree(tree.path(), &copy, &[]);
        // Stands in for the network: the last argument is where the tree goes.
        write_program(
            &bin.join("git"),
            &format!(
                "#!/bin/sh\n[ \"$1\" = clone ] || exec {} \"$@\"\nfor last; do :; done\ncp -R '{}' \"$last\"\n",
                text(&which("git").unwrap()),
                text(&copy)
            ),
        );
        let record = |name: &str| {
            format!(
                "#!/bin/sh\n{{ printf '{name}'; printf ' %s' \"$@\"; echo; cat; echo; }} >>'{}'\n",
                text(&folder.path().join("calls"))
            )
        };
        write_program(&bin.join("buildkite-agent"), &record("buildkite-agent"));
        write_program(&bin.join("curl"), &record("curl"));
        std::fs::copy(binary(), bin.join("lw")).unwrap();
        env.insert("PATH".into(), format!("{}:/usr/bin:/bin", text(&bin)));
        env.entry("HOME".into()).or_insert_with(|| text(folder.path()));
        Self { folder, workspace, env }
    }

    fn run(&self, script: &str) -> Said {
        say(Command::new("sh")
            .args(["-euc", script])
            .current_dir(self.workspace.path())
            .env_clear()
            .envs(&self.env))
    }

    /// A file of the workspace, one a variable names, or what a program was called with.
    fn read(&self, name: &str) -> String {
        let path = match name {
            "calls" => self.folder.path().join("calls"),
            _ if name.starts_with('$') => PathBuf::from(&self.env[&name[1..]]),
            _ => self.workspace.path().join(name),
        };
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

/// Where each CI finds what the tool says: a file (or `stdout`, or `calls`), and text that has to be in it.
fn expected(environment: &str) -> Vec<(&'static str, &'static str)> {
    match environment {
        "terminal" => vec![("stdout", "PASS")],
        "gitlab-branch" => vec![
            ("lw.env", "LW_SIZE_GATE_VERDICT=pass\n"),
            ("gl-code-quality-size-gate.json", "["),
            ("lw-size-gate.md", "size-gate: pass"),
        ],
        "jenkins-freestyle" => vec![
            ("lw-size-gate.properties", "verdict=pass\n"),
            ("lw-size-gate-issues.json", "\"issues\""),
            ("lw-size-gate.md", "size-gate: pass"),
            ("size.xml", "<testsuites"),
        ],
        "azure-github" => vec![
            ("stdout", "##vso[task.setvariable variable=verdict;isOutput=true]pass\n"),
            ("stdout", "##vso[task.uploadsummary]"),
        ],
        "buildkite" => vec![
            ("calls", "buildkite-agent meta-data set lw:size-gate:verdict\npass"),
            ("calls", "--context lw-size-gate\n"),
        ],
        "circleci" => vec![
            ("$BASH_ENV", "export LW_SIZE_GATE_VERDICT='pass'\n"),
            ("results/size.xml", "<testsuites"),
            ("lw-size-gate.md", "size-gate: pass"),
        ],
        "teamcity" => vec![
            ("stdout", "##teamcity[setParameter name='env.LW_SIZE_GATE_VERDICT' value='pass']\n"),
            ("lw-size-gate.md", "size-gate: pass"),
        ],
        "bitbucket-pull-request" => vec![
            ("$BITBUCKET_PIPELINES_VARIABLES_PATH", "LW_SIZE_GATE_VERDICT=pass\n"),
            ("calls", "/reports/lw-size-gate"),
            ("test-results/size.xml", "<testsuites"),
            ("lw-size-gate.md", "size-gate: pass"),
        ],
        other => panic!("nobody knows what to expect of {other}"),
    }
}

#[test]
fn every_example_runs_and_is_understood() {
    let case = Case::named("size-gate", "pass");
    let snippets = snippets();
    assert_eq!(snippets.len(), 8);
    for snippet in snippets {
        let name = &snippet.environment;
        if snippet.language == "yaml" {
            assert_eq!(Yaml::load_from_str(&snippet.text).unwrap().len(), 1, "{name}");
        }
        let step = Step::of(name, &case);
        let commands = snippet.commands();
        assert!(!commands.is_empty(), "{name}");
        let said = step.run(&commands.join("\n"));
        assert_eq!(said.code, 0, "{name}: {commands:?}\n{said:?}");
        for (place, text) in expected(name) {
            let found = if place == "stdout" { said.stdout.clone() } else { step.read(place) };
            assert!(found.contains(text), "{name}: {place} has no {text:?}:\n{found}");
            if place.contains('.') && !place.starts_with('$') && place != "lw-size-gate.md" {
                let file = place.rsplit('/').next().unwrap();
                assert!(snippet.text.contains(file), "{name}: the example does not use {place}");
            }
        }
        // A gate that fails fails the step, in each of them.
        let failing = commands.join("\n").replace("ram.bytes=100K", "ram.bytes=1K");
        let said = Step::of(name, &case).run(&failing);
        assert_eq!(said.code, 1, "{name}: {said:?}");
        assert!(
            snippet.section.contains("LW_SIZE_GATE_VERDICT") || snippet.section.contains("verdict"),
            "{name}"
        );
    }
}

/// What GitLab makes of a component: text for text, JSON for what is no string, then YAML.
fn instantiate(template: &str, inputs: &BTreeMap<String, String>) -> String {
    let (_, body) = template.split_once("\n---\n").unwrap();
    inputs
        .iter()
        .fold(body.to_owned(), |body, (name, value)| body.replace(&format!("$[[ inputs.{name} ]]"), value))
}

#[test]
fn the_gitlab_components_are_yaml_whatever_the_values() {
    for entry in lw::TOOLS {
        let path = root().join("templates").join(format!("{}.yml", entry.name));
        let template = std::fs::read_to_string(path).unwrap();
        let header = Yaml::load_from_str(template.split("\n---\n").next().unwrap()).unwrap();
        let spec = header[0]["spec"]["inputs"].as_mapping().unwrap();
        let case = Case::named(entry.name, "pass");
        let hostile = "it's \"quoted\": [x] {y} #z $HOME $(touch pwned) %";
        let mut inputs = BTreeMap::new();
        let mut texts = Vec::new();
        for (name, input) in spec {
            let name = name.as_str().unwrap().to_owned();
            let kind = input.as_mapping_get("type").and_then(|kind| kind.as_str()).unwrap_or("string");
            let default = input.as_mapping_get("default").unwrap();
            let given = case.with.get(&name);
            let value = match kind {
                "array" => {
                    let items: Vec<&str> = given.map(|text| text.lines().collect()).unwrap_or_default();
                    serde_json::to_string(&items).unwrap()
                }
                // An input that is not set is empty, which GitLab's booleans and numbers cannot be.
                other => {
                    assert_eq!(other, "string", "{name}");
                    given.cloned().unwrap_or_else(|| default.as_str().unwrap().to_owned())
                }
            };
            if kind == "array" {
                texts.push((name.clone(), serde_json::to_string(&[hostile, "two\nlines"]).unwrap()));
            } else if kind == "string" && !["job", "stage", "image"].contains(&name.as_str()) {
                texts.push((name.clone(), hostile.to_owned()));
            }
            inputs.insert(name, value);
        }
        let variable = |body: &str, name: &str| -> String {
            let yaml = Yaml::load_from_str(body).unwrap();
            let job = &yaml[0][inputs["job"].as_str()];
            let variable =
                &job["variables"][format!("INPUT_{}", name.replace('-', "_").to_uppercase()).as_str()];
            assert_eq!(variable["expand"].as_bool(), Some(false));
            variable["value"].as_str().unwrap().to_owned()
        };
        for (name, text) in &texts {
            let mut hostile = inputs.clone();
            hostile.insert(name.clone(), text.clone());
            assert_eq!(variable(&instantiate(&template, &hostile), name), *text, "{name}");
        }

        // And the job does its work.
        let body = instantiate(&template, &inputs);
        let yaml = Yaml::load_from_str(&body).unwrap();
        let job = &yaml[0][inputs["job"].as_str()];
        let mut step = Step::of("gitlab-branch", &case);
        for (name, value) in job["variables"].as_mapping().unwrap() {
            let value = value.as_str().or_else(|| value["value"].as_str()).unwrap();
            step.env.insert(name.as_str().unwrap().to_owned(), value.to_owned());
        }
        let said = step.run(job["script"][0].as_str().unwrap());
        assert_eq!(said.code, 0, "{said:?}");
        let reports = &job["artifacts"]["reports"];
        let verdict = format!("LW_{}_VERDICT=pass\n", entry.name.replace('-', "_").to_uppercase());
        assert!(step.read(reports["dotenv"].as_str().unwrap()).contains(&verdict));
        assert!(step.read(reports["codequality"].as_str().unwrap()).starts_with('['));
        assert!(!step.read(job["artifacts"]["paths"][0].as_str().unwrap()).is_empty());
    }
}
