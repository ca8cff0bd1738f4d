//! Repositories and runs, a file each in `tests/scenarios`: what is given in both modes, and what is said. The page is made from
//! them.

use std::fs;
use std::path::Path;

use lw_testkit::git::Scratch;
use lw_testkit::root;
use serde::Deserialize;

use crate::TOOL;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    /// What it shows.
    title: String,
    /// Commits, the oldest first, each with its tags: `v1.0.0 v1`; `v1.0.1 after v1.0.0` is on a line of its own, `-` has none.
    history: Vec<String>,
    /// The reference of the run. Its commit is that of the tag, or the last.
    #[serde(rename = "ref")]
    reference: String,
    #[serde(default = "push")]
    event: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    flavor: Vec<String>,
    /// Other arguments.
    #[serde(default)]
    arguments: Vec<String>,
    /// Tags of `--latest upstream`.
    upstream: Vec<String>,
    /// Tags of `--latest safe`.
    safe: Vec<String>,
    /// What is said, in the order of the findings.
    #[serde(default)]
    said: Vec<String>,
    /// Exit code of `--latest safe`.
    #[serde(default)]
    code: i32,
}

fn push() -> String {
    "push".to_owned()
}

pub(crate) fn history(lines: &[String]) -> Scratch {
    let scratch = Scratch::new();
    for (number, line) in lines.iter().enumerate() {
        let (tags, after) = line.split_once(" after ").unwrap_or((line, ""));
        if !after.is_empty() {
            scratch.git(&["checkout", "--quiet", "--detach", after]);
        }
        scratch.commit(&[("number", &number.to_string())]);
        for tag in tags.split_whitespace().filter(|tag| *tag != "-") {
            scratch.git(&["tag", tag]);
        }
        if !after.is_empty() {
            scratch.git(&["checkout", "--quiet", "main"]);
        }
    }
    scratch
}

pub(crate) fn commit(scratch: &Scratch, reference: &str) -> String {
    let what =
        if reference.starts_with("refs/tags/") { format!("{reference}^{{commit}}") } else { "HEAD".into() };
    String::from_utf8(scratch.git(&["rev-parse", &what])).unwrap().trim().to_owned()
}

/// A part of the page, between two marks, is as it is made here; `SNAPSHOTS=overwrite` writes it.
pub(crate) fn section(name: &str, text: &str) {
    let path = root().join("docs/image-tags.md");
    let page = fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
    let from = page.find(&begin).unwrap_or_else(|| panic!("the page has no {begin}")) + begin.len();
    let to = page.find(&end).unwrap();
    let fresh = format!("{}{text}{}", &page[..from], &page[to..]);
    if fresh != page {
        #[allow(clippy::disallowed_methods)]
        let overwrite = std::env::var("SNAPSHOTS").is_ok_and(|value| value == "overwrite");
        assert!(overwrite, "docs/image-tags.md is stale, SNAPSHOTS=overwrite writes it: {text}");
        fs::write(&path, fresh).unwrap();
    }
}

#[test]
fn every_scenario_comes_out_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    lw_model::lists::sort(&mut files);
    let (mut rows, mut wrong) = (String::new(), Vec::new());
    for file in &files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let scenario: Scenario = toml::from_str(&fs::read_to_string(file).unwrap())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let scratch = history(&scenario.history);
        let sha = commit(&scratch, &scenario.reference);
        let run = |mode: &str| {
            let mut arguments = vec![
                format!("--latest={mode}"),
                format!("--ref={}", scenario.reference),
                format!("--event={}", scenario.event),
                format!("--sha={sha}"),
                "--default-branch=main".to_owned(),
            ];
            arguments.extend(scenario.tags.iter().map(|rule| format!("--tags={rule}")));
            arguments.extend(scenario.flavor.iter().map(|rule| format!("--flavor={rule}")));
            arguments.extend(scenario.arguments.iter().cloned());
            TOOL.run_as_step(scratch.path(), &arguments, &[])
        };
        let (upstream, safe) = (run("upstream"), run("safe"));
        let names = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let said: Vec<String> = safe
            .report()
            .findings
            .iter()
            .filter(|finding| !finding.rule.ends_with("/unknown-label") && !finding.rule.ends_with("/error"))
            .map(|finding| finding.message.clone())
            .collect();
        let found =
            (names(upstream.output("tag-names")), names(safe.output("tag-names")), said.clone(), safe.code);
        let expected =
            (scenario.upstream.clone(), scenario.safe.clone(), scenario.said.clone(), scenario.code);
        if found != expected {
            wrong.push(format!("{name}:\n  found    {found:?}\n  expected {expected:?}\n  {}", safe.stderr));
        }
        let show = |names: &[String]| match names {
            [] => "none".to_owned(),
            names => {
                format!("`{}`", names.join("` `").replace(&sha, "0123456789…").replace(&sha[..7], "0123456"))
            }
        };
        let said: Vec<String> = scenario.said.iter().map(|text| text.replace('|', "\\|")).collect();
        rows.push_str(&format!(
            "| {} | {} | {} | {} |\n",
            scenario.title,
            show(&scenario.upstream),
            show(&scenario.safe),
            said.join("; ")
        ));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(files.len() >= 25, "{}", files.len());
    let text =
        format!("| What | docker/metadata-action | `--latest safe` | Says |\n|---|---|---|---|\n{rows}");
    section("scenarios", &text);
}
