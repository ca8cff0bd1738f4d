//! Each folder of `tests/providers` is a case: the environment a CI gives (`env`), what its event says
//! (`event.json`, if there is one), findings (`annotations.json`, or else those all cases share), and
//! everything the provider makes of them (`expected.txt`).
//!
//! A new case is a new folder; `SNAPSHOTS=overwrite` writes its `expected.txt`.

#![allow(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lw_ci::{Annotation, Effect, Output, Step, detect};
use lw_model::Finding;

const SUMMARY: &str = "## size-gate: fail\n\n| region | used |\n| --- | ---: |\n| `RAM` | 101 % |\n";

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/providers");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    cases
}

fn environment(case: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(case.join("env")).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn annotations(case: &Path) -> Vec<Annotation> {
    let own = case.join("annotations.json");
    let path = if own.exists() { own } else { case.with_file_name("annotations.json") };
    let findings: Vec<Finding> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    findings
        .into_iter()
        .map(|finding| Annotation {
            level: finding.level,
            title: finding.help.unwrap_or_default(),
            message: finding.message,
            location: finding.location,
            rule: finding.rule,
            fingerprint: finding.fingerprint,
        })
        .collect()
}

fn outputs() -> Vec<Output> {
    let output = |name: &str, value: &str| Output { name: name.into(), value: value.into() };
    vec![
        output("verdict", "fail"),
        output("summary", "RAM: 101 % of 320 KiB; it's 'ünder' $HOME\\ [x] | 50%"),
        output("report", ""),
        output("several-lines", "one\ntwo=2\n::set-output name=verdict::pass"),
        output("no name", "lost"),
    ]
}

fn show(out: &mut String, title: &str, effects: &[Effect]) {
    writeln!(out, "== {title}").unwrap();
    for effect in effects {
        match effect {
            Effect::Stdout(text) => lines(out, "stdout", text),
            Effect::Append { path, bytes } => {
                lines(out, &format!("append {}", path.display()), &String::from_utf8_lossy(bytes));
            }
            Effect::AppendOwn { path, bytes, prefixes } => {
                let head = format!("append to own lines {} ({})", path.display(), prefixes.join(", "));
                lines(out, &head, &String::from_utf8_lossy(bytes));
            }
            Effect::Write { path, bytes } => {
                lines(out, &format!("write {}", path.display()), &String::from_utf8_lossy(bytes));
            }
            Effect::Run { program, args, stdin } => {
                lines(out, &format!("run {program} {args:?}"), &String::from_utf8_lossy(stdin));
            }
            Effect::Warn(text) => writeln!(out, "warn {text}").unwrap(),
        }
    }
}

/// The text, each line with a margin and its control characters visible.
fn lines(out: &mut String, head: &str, text: &str) {
    writeln!(out, "{head}").unwrap();
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, "¬"), |line| (line, ""));
        let shown: String = line
            .chars()
            .map(|c| if c.is_control() { c.escape_default().to_string() } else { c.into() })
            .collect();
        writeln!(out, "  |{shown}{end}").unwrap();
    }
}

#[test]
fn every_recorded_environment_gives_what_is_expected() {
    let cases = cases();
    assert!(cases.len() >= 12, "only {} cases were found", cases.len());
    for case in cases {
        let env = environment(&case);
        let step = Step {
            tool: "size-gate".into(),
            suite: vec!["coverage-gate".into()],
            nonce: "5f0c2d9b7a6e4f13".into(),
        };
        let provider = detect(&|name: &str| env.get(name).cloned(), step);
        let mut context = provider.context().clone();
        if let Ok(event) = std::fs::read(case.join("event.json")) {
            context.learn_from_event(&event).unwrap();
        }
        let mut out = format!("{}\n{context:#?}\n", provider.id());
        show(&mut out, "outputs", &provider.outputs(&outputs()));
        show(&mut out, "annotations", &provider.annotations(&annotations(&case)));
        show(&mut out, "no annotations", &provider.annotations(&[]));
        show(&mut out, "summary", &provider.summary(SUMMARY));
        show(&mut out, "mask", &provider.mask("s3cr;et%\nline two\n"));
        show(&mut out, "no mask", &provider.mask(" \n"));
        let mut group = provider.group_start("size gate", "Size\u{1b}[31m ::error::x", 1_700_000_000);
        group.extend(provider.group_end("size gate", 1_700_000_007));
        show(&mut out, "group", &group);
        snapbox::Assert::new()
            .action_env(snapbox::assert::DEFAULT_ACTION_ENV)
            .eq(out, snapbox::Data::read_from(&case.join("expected.txt"), None).raw());
    }
}
