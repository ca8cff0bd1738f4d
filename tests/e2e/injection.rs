//! Text that would be commands, in each input of each action: nothing runs, nothing is forged, and the tool sees the
//! text as it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lw_testkit::for_each_at_once;
use lw_testkit::runner::manifest::Manifest;
use lw_testkit::runner::{Command, Job, Kind, Outcome, StepResult};
use serde_json::json;

use crate::act;
use crate::case::{Case, EPOCH, Workspace};
use crate::support::{Tree, binary, write_program};

/// Short texts that a shell, the runner or a format would take for something else, and one that is long.
fn payloads() -> Vec<String> {
    let mut payloads: Vec<String> = [
        "\"; touch pwned; #",
        "'; touch pwned; #",
        "$(touch pwned)",
        "`touch pwned`",
        "::add-mask::x",
        "##[add-mask]pass ##[set-output name=verdict]pass",
    ]
    .map(str::to_owned)
    .to_vec();
    payloads.extend(joined_payloads());
    payloads
}

/// The same in fewer texts, for a tool that is run with each in each of its inputs: what can stand in one text together does.
fn joined_payloads() -> Vec<String> {
    let mut payloads: Vec<String> = [
        // For a shell, whether it stands in double quotes, in single ones or in none; for the runner, an expression and a command
        // in a line: it looks for the older form of one anywhere.
        "$(touch pwned)`touch pwned`\"; touch pwned; #'; touch pwned; # ${{ github.token }} %0A::error::forged ##[add-mask]pass ##[set-output name=verdict]pass",
        // At the beginning of a text and of a line.
        "::add-mask::x\n::add-mask::pass\n::set-output name=verdict::pass\n::stop-commands::y",
        // After a line that is none: outputs as they stand in the runner's file, and commands.
        "one\nverdict=pass\nghadelimiter_x\nverdict<<E\npass\nE\n::set-output name=verdict::pass\n\n  three",
        "\u{1b}[2J\r::error::forged",
        "--help",
        // An input that names a file to write is obeyed, so this must stay inside the test's own folder.
        "../outside",
    ]
    .map(str::to_owned)
    .to_vec();
    payloads.push("x".repeat(100 * 1024));
    payloads
}

/// Whether a command folds what a report says of one of its subjects, of which several cases have more than one.
fn is_group(command: &Command) -> bool {
    let verdicts = [": pass", ": warn", ": fail", ": error"];
    match command.name.as_str() {
        "group" => verdicts.iter().any(|verdict| command.data.ends_with(verdict)),
        "endgroup" => command.data.is_empty(),
        _ => false,
    }
}

/// Nothing ran and nothing was forged.
fn assert_harmless(step: &StepResult, workspace: &Path, declared: &BTreeSet<String>, what: &str) {
    assert!(!workspace.join("pwned").exists(), "{what}: it ran");
    assert_eq!(step.masks, Vec::<String>::new(), "{what}");
    let known = ["error", "warning", "notice"];
    for command in &step.commands {
        if is_group(command) {
            continue;
        }
        assert!(known.contains(&command.name.as_str()), "{what}: {command:?}");
        // Ours begin with the name of the tool, or are the launcher's; no payload does. The input `title` may stand after it.
        let is_tool =
            |title: &String| title == "lw" || lw::TOOLS.iter().any(|entry| title.starts_with(entry.name));
        let ours = command.properties.get("title").is_some_and(is_tool);
        assert!(ours, "{what}: {command:?}");
    }
    let outputs: BTreeSet<String> = step.outputs.keys().cloned().collect();
    assert_eq!(outputs, *declared, "{what}");
    let verdict = step.outputs["verdict"].as_str();
    let expected = if step.outcome == Outcome::Failure { ["fail", "error"] } else { ["pass", "warn"] };
    assert!(expected.contains(&verdict), "{what}: verdict {verdict} but {:?}", step.outcome);
    // A step that fails says why.
    if step.outcome == Outcome::Failure {
        let titled = |kind| step.annotations.iter().any(|item| item.kind == kind && item.title.is_some());
        assert!(titled(Kind::Error), "{what}: {:?}", step.annotations);
    }
}

#[test]
fn the_tool_gets_every_input_as_it_was_written() {
    for entry in lw::TOOLS {
        let workspace = Workspace::of(&[]);
        let seen = workspace.path().join("seen");
        // Stands in for the tool and writes down what it was given.
        let recorder = workspace.path().join("recorder");
        write_program(
            &recorder,
            &format!("#!/bin/sh\nprintf '%s\\n' \"$#\" \"$1\" >'{0}.args'\nenv -0 >'{0}'\n", seen.display()),
        );
        let tree = Tree::with(&recorder);
        let action = tree.path().join(entry.name);
        let manifest = Manifest::load(&action).unwrap();
        for payload in payloads() {
            let with: Vec<(&str, &str)> = manifest
                .inputs
                .iter()
                .filter(|input| input.name != "runtime")
                // Expressions in `with` are evaluated; what comes out of one is not, so that is the way in. The
                // environment of a process holds 2 MiB or so: the long text goes into a few inputs at a time.
                .map(|input| (input.name.as_str(), "${{ env.PAYLOAD }}"))
                .take(if payload.len() > 1024 { 8 } else { usize::MAX })
                .collect();
            let result = Job::new(workspace.path())
                .env("PAYLOAD", &payload)
                .step(&action, &with, "tool")
                .run()
                .unwrap();
            assert_eq!(result.conclusion, Outcome::Success, "{:?}", result.step("tool"));
            let args = std::fs::read_to_string(format!("{}.args", seen.display())).unwrap();
            assert_eq!(args, format!("1\n{}\n", entry.name));
            let bytes = std::fs::read(&seen).unwrap();
            let env: Vec<&[u8]> = bytes.split(|byte| *byte == 0).collect();
            for (name, _) in &with {
                let described = manifest.inputs.iter().find(|input| input.name == *name);
                // Another name of an input is the same variable.
                let same = described.and_then(|input| input.description.strip_prefix("The same as `"));
                let meant = same.and_then(|rest| rest.split_once('`')).map_or(*name, |(meant, _)| meant);
                let variable = format!("INPUT_{}=", meant.replace('-', "_").to_uppercase());
                let value = env.iter().find_map(|item| item.strip_prefix(variable.as_bytes()));
                assert_eq!(value, Some(payload.as_bytes()), "{name}");
            }
            assert!(!workspace.path().join("pwned").exists());
        }
    }
}

#[test]
fn no_input_runs_anything_or_forges_anything() {
    let tree = Tree::with(&binary());
    let manifests: Vec<Manifest> =
        lw::TOOLS.iter().map(|entry| Manifest::load(&tree.path().join(entry.name)).unwrap()).collect();
    let payloads = joined_payloads();
    let mut inputs = Vec::new();
    let mut of_all = BTreeMap::<String, BTreeSet<&str>>::new();
    for (number, (entry, manifest)) in lw::TOOLS.iter().zip(&manifests).enumerate() {
        let declared: BTreeSet<String> = manifest.outputs.iter().map(|(name, _)| name.clone()).collect();
        for input in &manifest.inputs {
            let has_it = |manifest: &Manifest| manifest.inputs.iter().any(|other| other.name == input.name);
            let texts: Vec<&str> = if manifests.iter().all(has_it) {
                // One piece of code reads it for all tools: each text is tried in it with some of them.
                let some = (0..2).map(|next| &*payloads[(2 * number + next) % payloads.len()]).collect();
                of_all.entry(input.name.clone()).or_default().extend(&some);
                some
            } else {
                payloads.iter().map(String::as_str).collect()
            };
            inputs.push((entry.name, &input.name, declared.clone(), texts));
        }
    }
    assert!(inputs.len() > 500, "{}", inputs.len());
    assert!(of_all.len() > 9 && of_all.values().all(|texts| texts.len() == payloads.len()), "{of_all:?}");
    for_each_at_once(&inputs, |(tool, input, declared, texts)| {
        let case = Case::with_input(tool, input);
        let workspace = Workspace::of(&[&case]);
        for payload in texts {
            let mut with = case.with();
            with.retain(|(name, _)| name != input);
            with.push((input.as_str(), "${{ env.PAYLOAD }}"));
            let result = Job::new(workspace.path())
                .env("PAYLOAD", payload)
                .env("LW_IMAGE", "lw-e2e:none")
                .env(EPOCH.0, EPOCH.1)
                // As many workflows do.
                .env("FORCE_COLOR", "1")
                .step(tree.path().join(tool), &with, "tool")
                .continue_on_error()
                .run()
                .unwrap();
            let step = result.step("tool").unwrap();
            let shown: String = payload.chars().take(40).collect();
            let what = format!("{tool} {input}={shown:?}");
            if *input == "runtime" {
                assert_eq!(step.outputs["verdict"], "error", "{what}");
            }
            assert_harmless(step, workspace.path(), declared, &what);
            assert!(result.env.keys().all(|name| is_meant(tool, name)), "{what}: {:?}", result.env);
            assert!(result.path.is_empty(), "{what}");
        }
    });
}

/// How the variables end that `version env` sets for the steps that follow.
const VARIABLES: [&str; 10] = [
    "VERSION",
    "VERSION_MAJOR",
    "VERSION_MINOR",
    "VERSION_PATCH",
    "COMMIT",
    "COMMIT_SHORT",
    "TIME",
    "TAG",
    "DESCRIBE",
    "PLATFORMIO_BUILD_FLAGS",
];

/// Whether a tool sets a variable of this name for the steps that follow, as its documents say. Most set none.
pub(crate) fn is_meant(tool: &str, name: &str) -> bool {
    let is_identifier = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_identifier
        && match tool {
            "version" => VARIABLES.iter().any(|end| name.ends_with(end)),
            "image-tags" => name.starts_with("DOCKER_METADATA_OUTPUT_"),
            _ => false,
        }
}

/// What a tool reads is foreign as well: names of files, and what stands in them.
#[test]
fn names_of_files_forge_nothing() {
    let tree = Tree::with(&binary());
    for entry in lw::TOOLS {
        let action = tree.path().join(entry.name);
        let manifest = Manifest::load(&action).unwrap();
        let declared: BTreeSet<String> = manifest.outputs.iter().map(|(name, _)| name.clone()).collect();
        let case = Case::named(entry.name, "pass");
        for payload in [
            "##[add-mask]pass",
            "a ::error::forged",
            "x,line=1::forged",
            "%0A::error::forged",
            "$(touch pwned)",
        ] {
            let workspace = Workspace::of(&[&case]);
            let folder = workspace.path().join(payload.replace('/', "_"));
            case.fill(&folder);
            let moved: Vec<(String, String)> = case
                .with()
                .iter()
                .map(|(name, value)| {
                    let inside = folder.join(value.trim());
                    let value =
                        if inside.is_file() { format!("{payload}/{value}") } else { (*value).to_owned() };
                    ((*name).to_owned(), value)
                })
                .collect();
            let with: Vec<(&str, &str)> =
                moved.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let result = Job::new(workspace.path())
                .env("FORCE_COLOR", "1")
                .step(&action, &with, "tool")
                .run()
                .unwrap();
            let step = result.step("tool").unwrap();
            assert_eq!(step.outputs["verdict"], "pass", "{payload}: {}", step.log);
            assert_harmless(step, workspace.path(), &declared, payload);
        }
    }
}

/// act evaluates inputs and runs steps in its own way; a few texts are enough to see that it is as harmless.
#[test]
fn no_input_runs_anything_under_act() {
    let tree = Tree::with(&binary());
    for entry in lw::TOOLS {
        let case = Case::named(entry.name, "pass");
        let workspace = Workspace::of(&[&case]);
        let mut steps = vec![json!({"uses": "actions/checkout@v4"})];
        let texts =
            ["\"; touch pwned; #", "$(touch pwned)", "x\n::set-output name=verdict::pass", "::add-mask::e"];
        // An input that names a file or folder: what names none is an error.
        let is_there =
            |value: &str| value.lines().next().is_some_and(|line| workspace.path().join(line).exists());
        let (first, _) = case.with.iter().find(|(_, value)| is_there(value)).unwrap();
        for (index, payload) in texts.iter().enumerate() {
            let mut with = json!(case.with);
            with[first] = json!(payload);
            steps.push(json!({
                "id": format!("tool{index}"),
                "uses": format!("org/lw-actions/{}@v1", entry.name),
                "continue-on-error": true,
                "with": with,
            }));
            steps.push(json!({
                "shell": "sh",
                "env": {"VERDICT": format!("${{{{ steps.tool{index}.outputs.verdict }}}}")},
                // quality-gate fails where a file is missing, as it does for every one that it expects.
                "run": "case \"$VERDICT\" in error | fail) test ! -e pwned ;; *) false ;; esac",
            }));
        }
        let Some(log) = act::job(tree.path(), &workspace, &json!(steps), "-self-hosted", "") else { return };
        for entry in log {
            assert!(entry["command"] != "add-mask", "{entry}");
        }
    }
}
