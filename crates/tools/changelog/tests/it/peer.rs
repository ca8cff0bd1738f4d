//! git-cliff on a history whose tags stand on one line: there both have to say the same, commit by commit.

#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use lw_testkit::git::{Random, Scratch, command};
use lw_testkit::tool::words;

use crate::CHANGELOG;

/// The version the test was written with, from PyPI.
const GIT_CLIFF: &str = "git-cliff 2.10.1";

/// Type, and heading here. `wip` is of a type that neither of the two knows.
const TYPES: [(&str, &str); 12] = [
    ("feat", "Features"),
    ("fix", "Bug fixes"),
    ("perf", "Performance"),
    ("revert", "Reverts"),
    ("docs", "Documentation"),
    ("refactor", "Refactoring"),
    ("test", "Tests"),
    ("build", "Build"),
    ("ci", "Continuous integration"),
    ("style", "Style"),
    ("chore", "Chores"),
    ("wip", "Other"),
];

/// What is told of a commit: heading, scope, whether it is breaking, what it says.
type Told = (String, Option<String>, bool, String);

/// What is told of each release, by the first line of the commit's message, which no other one has.
type Releases = BTreeMap<String, BTreeMap<String, Told>>;

/// A history of one line with branches that are merged before the next tag, and what is to be told of it.
fn history(scratch: &Scratch, commits: usize) -> Releases {
    let mut random = Random::new(13);
    let mut input = String::new();
    let (mut releases, mut section) = (Releases::new(), BTreeMap::new());
    let (mut last, mut fork, mut tags) = (0, 0, 0);
    for mark in 1..=commits {
        let (kind, heading) = TYPES[random.below(TYPES.len())];
        let scope = random.once_in(2).then(|| format!("part{}", random.below(7)));
        let form = random.below(12);
        let says = format!("change {mark} – naïve <b> of it");
        let bang = if form == 0 { "!" } else { "" };
        let within = scope.as_ref().map(|scope| format!("({scope})")).unwrap_or_default();
        let subject = format!("{kind}{within}{bang}: {says}");
        let (rest, is_told) = match form {
            1 => ("\n\nWhy.\n\nBREAKING CHANGE: gone\n", true),
            2 => ("\n\nBREAKING-CHANGE: gone\n\nSigned-off-by: A <a@b.example>\n", true),
            3 => ("\n\nthis is a BREAKING CHANGE: maybe\n", true),
            4 => ("\n\nReviewed-by: Z\nRefs: #123\n", true),
            5 => ("\r\n\r\nWith CR.\r\n\r\nBREAKING CHANGE: gone\r\n", true),
            6 => ("\n", false),
            _ => ("\n", true),
        };
        let is_breaking = matches!(form, 0 | 1 | 2 | 5);
        let message = if is_told { format!("{subject}{rest}") } else { format!("Say {mark} in words\n") };
        if is_told {
            section.insert(subject.clone(), (heading.to_owned(), scope, is_breaking, says));
        }
        let mut commit = |message: &str, from: usize, merged: Option<usize>, mark: usize| {
            let time = 1_600_000_000 + mark * 60;
            let length = message.len();
            let _ = writeln!(
                input,
                "commit refs/heads/main\nmark :{mark}\ncommitter Ä <a@b.example> {time} +0000\ndata {length}\n{message}"
            );
            if from > 0 {
                let _ = writeln!(input, "from :{from}");
            }
            if let Some(merged) = merged {
                let _ = writeln!(input, "merge :{merged}");
            }
            let _ = writeln!(input, "M 100644 inline f{mark}\ndata 1\nx");
        };
        // Every tenth goes from where the last release is, and is merged at once.
        if mark % 10 == 5 && fork > 0 && fork != last {
            commit(&message, fork, None, 2 * mark);
            commit("Merge branch 'side'\n", last, Some(2 * mark), 2 * mark + 1);
            last = 2 * mark + 1;
        } else {
            commit(&message, last, None, 2 * mark);
            last = 2 * mark;
        }
        if mark % 20 == 0 {
            tags += 1;
            let tag = format!("v0.{tags}.0");
            let _ = writeln!(input, "reset refs/tags/{tag}\nfrom :{last}\n");
            releases.insert(tag, std::mem::take(&mut section));
            fork = last;
        }
    }
    assert!(section.is_empty(), "the last commit has a tag");
    let mut import =
        command(scratch.path()).args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().unwrap();
    import.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    assert!(import.wait().unwrap().success());
    releases
}

/// What an array of releases tells, as git-cliff's `--context` has it and as JSON has it here.
fn told(bytes: &[u8]) -> Releases {
    let json: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let mut releases = Releases::new();
    for release in json.as_array().unwrap() {
        let mut section = BTreeMap::new();
        for commit in release["commits"].as_array().unwrap() {
            if commit.get("left_out").is_some_and(|why| !why.is_null()) {
                continue;
            }
            let first = commit["raw_message"].as_str().unwrap().lines().next().unwrap().to_owned();
            let told = (
                text(&commit["group"]).unwrap(),
                text(&commit["scope"]),
                commit["breaking"].as_bool().unwrap(),
                text(&commit["message"]).unwrap(),
            );
            assert_eq!(section.insert(first.clone(), told), None, "{first} is there twice");
        }
        let version = text(&release["version"]).unwrap_or_else(|| "unreleased".to_owned());
        assert!(releases.insert(version.clone(), section).is_none(), "{version} is there twice");
    }
    releases
}

/// git-cliff, without a network: it would ask for its newest version.
fn git_cliff(folder: &Path, program: &Path, config: &Path) -> Vec<u8> {
    let is_possible = Command::new("unshare").args(["-rn", "true"]).output();
    let mut line = if is_possible.is_ok_and(|output| output.status.success()) {
        let mut line = Command::new("unshare");
        line.arg("-rn").arg(program);
        line
    } else {
        Command::new(program)
    };
    let output = line.current_dir(folder).arg("--config").arg(config).arg("--context").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn releases_of_one_line_are_those_of_git_cliff() {
    let scratch = Scratch::new();
    let expected = history(&scratch, 600);
    let entries: usize = expected.values().map(BTreeMap::len).sum();
    let breaking = expected.values().flat_map(BTreeMap::values).filter(|told| told.2).count();
    // The history is what it is made out to be.
    assert_eq!(expected.len(), 30);
    assert!((500..600).contains(&entries) && (150..250).contains(&breaking), "{entries}, {breaking}");

    let line = "generate --config none --changelog-format json --output told.json";
    let run = CHANGELOG.run(scratch.path(), &words(line), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.count("changelog.entries"), i64::try_from(entries).unwrap());
    assert_eq!(run.count("changelog.breaking"), i64::try_from(breaking).unwrap());
    let ours = told(&fs::read(scratch.path().join("told.json")).unwrap());
    assert_eq!(ours, expected);

    let Some(program) = lw_testkit::program("git-cliff") else { return };
    let version = Command::new(&program).arg("--version").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&version.stdout).trim(), GIT_CLIFF);
    let mut parsers: String = TYPES
        .iter()
        .filter(|(_, heading)| *heading != "Other")
        .map(|(kind, heading)| format!("  {{ message = '^{kind}[(!:]', group = '{heading}' }},\n"))
        .collect();
    parsers += "  { message = '.*', group = 'Other' },\n";
    let config = scratch.path().join("cliff.toml");
    fs::write(&config, format!("[git]\nconventional_commits = true\nfilter_unconventional = true\ntag_pattern = 'v[0-9].*'\ncommit_parsers = [\n{parsers}]\n")).unwrap();
    let theirs = told(&git_cliff(scratch.path(), &program, &config));
    // What comes after the last tag is a release without anything for git-cliff, and none here.
    let theirs: Releases = theirs.into_iter().filter(|(_, section)| !section.is_empty()).collect();
    for (tag, section) in &expected {
        assert_eq!(theirs.get(tag), Some(section), "{tag}");
    }
    assert_eq!(theirs.len(), expected.len());
}
