//! `bump` and `check`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lw_model::{Level, Verdict};
use lw_testkit::tool::words;

use crate::VERSION;

const BUMP: &str = "bump --config none";
const CHECK: &str = "check --config none";

/// A project with a file of every kind, each with what a tool may be tempted to tidy.
const PROJECT: &[(&str, &str)] = &[
    ("version.txt", "1.2.3"),
    (
        "Cargo.toml",
        "\u{feff}[workspace]\r\nmembers = [\"crates/*\"] # all\r\n\r\n[workspace.package]\r\nversion   =   '1.2.3'\r\n\r\n[workspace.dependencies]\r\na = { path = \"crates/a\", version = \"=1.2.3\" }\r\nother = { version = \"=1.2.3\" }\r\n",
    ),
    (
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.2.3\"\n\n[[package]]\nname = \"b\"\nversion = \"1.2.3\"\ndependencies = [\n \"a 1.2.3\",\n \"own\",\n]\n\n[[package]]\nname = \"own\"\nversion = \"1.2.3\"\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\nsource = \"registry+https://x\"\n",
    ),
    ("crates/a/Cargo.toml", "[package]\nname = \"a\"\nversion.workspace = true\n"),
    (
        "crates/b/Cargo.toml",
        "[package]\nname = \"b\"\nversion = { workspace = true }\n[dependencies]\na = { path = \"../a\", version = \"= 1.2.3\" }\nown = { path = \"../own\", version = \"=1.2.3\" }\n",
    ),
    ("crates/own/Cargo.toml", "[package]\nname = \"own\"\nversion = \"1.2.3\"\n"),
    ("pyproject.toml", "[project]\nname='p'\nversion = \"1.2.3\"   # keep\n"),
    ("package.json", "{\n\t\"name\": \"p\",\n\t\"version\" : \"1.2.3\"\n}"),
    (
        "package-lock.json",
        "{\"name\":\"p\",\"version\":\"1.2.3\",\"packages\":{\"\":{\"version\":\"1.2.3\"},\"node_modules/x\":{\"version\":\"1.2.3\"}}}",
    ),
    ("CMakeLists.txt", "cmake_minimum_required(VERSION 3.20)\nproject(app\n  VERSION 1.2.3 # here\n)\n"),
    ("idf_component.yml", "dependencies:\n  x:\n    version: \"1.2.3\"\nversion: \"1.2.3\"\n"),
    ("library.json", "{\"version\": \"1.2.3\", \"dependencies\": {\"x\": \"1.2.3\"}}\r\n"),
    ("library.properties", "name=P\r\nversion=1.2.3\r\n"),
    ("platformio.ini", "[env:a]\ncustom_version = 1.2.3\nlib_deps = x@1.2.3\n"),
    (
        "include/version.h",
        "/* 1.2.3 */\n#define APP_VERSION \"1.2.3\"\n#define APP_VERSION_MAJOR 1\n#define APP_VERSION_MINOR 2\n#define APP_VERSION_PATCH 3\n",
    ),
];

/// The files that say nothing of the project's version.
const UNTOUCHED: [&str; 2] = ["crates/a/Cargo.toml", "crates/own/Cargo.toml"];

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let full = folder.path().join(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(full, text).unwrap();
    }
    folder
}

fn state(folder: &Path) -> BTreeMap<String, String> {
    let mut state = BTreeMap::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(here) = todo.pop() {
        for entry in fs::read_dir(here).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
                // What the tests themselves make.
                if !name.starts_with("lw-") && !name.ends_with("report.json") {
                    state.insert(name, fs::read_to_string(&path).unwrap());
                }
            }
        }
    }
    state
}

/// All of them: headers are never looked for.
fn everything() -> String {
    let named = PROJECT.iter().filter(|(path, _)| !path.starts_with("crates/") && !path.contains("lock"));
    named.map(|(path, _)| format!(" --file {path}")).collect()
}

#[test]
fn bump_check_and_bump_back_leave_every_other_byte_as_it_was() {
    let folder = project(PROJECT);
    let before = state(folder.path());
    let files = everything();
    let run = VERSION.run_as_step(folder.path(), &words(&format!("{BUMP} minor {files}")), &[]);
    assert_eq!((run.code, run.report().verdict), (0, Verdict::Pass), "{}{}", run.stdout, run.stderr);
    assert_eq!((run.output("version"), run.output("previous"), run.output("minor")), ("1.3.0", "1.2.3", "3"));
    let bumped = state(folder.path());
    let changed: Vec<&str> =
        before.keys().filter(|name| before[*name] != bumped[*name]).map(String::as_str).collect();
    let mut expected: Vec<&str> =
        PROJECT.iter().map(|(name, _)| *name).filter(|name| !UNTOUCHED.contains(name)).collect();
    expected.sort_unstable();
    assert_eq!(changed, expected);
    let mut listed: Vec<&str> = run.output("files").lines().collect();
    listed.sort_unstable();
    assert_eq!(listed, expected);
    // What is another's version stays.
    for (name, kept) in [
        ("Cargo.toml", "other = { version = \"=1.2.3\" }"),
        ("Cargo.lock", "name = \"own\"\nversion = \"1.2.3\""),
        ("Cargo.lock", "version = \"0.1.0\""),
        ("crates/b/Cargo.toml", "own = { path = \"../own\", version = \"=1.2.3\" }"),
        ("package-lock.json", "\"node_modules/x\":{\"version\":\"1.2.3\"}"),
        ("idf_component.yml", "  x:\n    version: \"1.2.3\""),
        ("library.json", "{\"x\": \"1.2.3\"}"),
        ("platformio.ini", "x@1.2.3"),
        ("include/version.h", "/* 1.2.3 */"),
        ("CMakeLists.txt", "cmake_minimum_required(VERSION 3.20)"),
    ] {
        assert!(bumped[name].contains(kept), "{name}: {}", bumped[name]);
    }
    assert!(bumped["Cargo.lock"].contains("\"a 1.3.0\""), "{}", bumped["Cargo.lock"]);

    let run = VERSION.run_as_step(folder.path(), &words(&format!("{CHECK} --tag v1.3.0 {files}")), &[]);
    assert_eq!((run.code, run.output("version")), (0, "1.3.0"), "{}{}", run.stdout, run.stderr);
    assert_eq!(run.output("files").lines().count(), expected.len());
    // The same again changes nothing.
    let run = VERSION.run_as_step(folder.path(), &words(&format!("{BUMP} 1.3.0 {files}")), &[]);
    assert_eq!((run.code, run.output("files")), (0, ""), "{}", run.stderr);
    assert_eq!(state(folder.path()), bumped);

    let run = VERSION.run(folder.path(), &words(&format!("{BUMP} 1.2.3 {files}")), &[]);
    assert_eq!((run.code, run.found(Level::Warning)), (0, vec!["backwards"]), "{}", run.stderr);
    assert_eq!(state(folder.path()), before);
}

#[test]
fn a_pre_release_is_written_as_each_file_can_hold_it() {
    let folder = project(PROJECT);
    let before = state(folder.path());
    let files = everything();
    let run = VERSION.run(folder.path(), &words(&format!("{BUMP} preminor --pre-release rc {files}")), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let bumped = state(folder.path());
    assert!(bumped["CMakeLists.txt"].contains("VERSION 1.3.0 #"));
    assert!(bumped["pyproject.toml"].contains("\"1.3.0-rc.1\""));
    assert!(
        bumped["include/version.h"]
            .contains("\"1.3.0-rc.1\"\n#define APP_VERSION_MAJOR 1\n#define APP_VERSION_MINOR 3\n")
    );
    let run = VERSION.run(folder.path(), &words(&format!("{CHECK} --tag v1.3.0-rc.1 {files}")), &[]);
    assert_eq!(run.code, 0, "{}", run.stdout);
    let run = VERSION.run(
        folder.path(),
        &words(&format!("{BUMP} pre --pre-release rc --dry-run --format plain {files}")),
        &[],
    );
    assert_eq!((run.code, run.stdout.as_str()), (0, "1.3.0-rc.2\n"));
    assert_eq!(state(folder.path()), bumped, "a dry run changed something");
    // What Python has no name for is refused before anything is written.
    let run = VERSION.run(folder.path(), &words(&format!("{BUMP} 1.3.0-canary.1 {files}")), &[]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("pyproject.toml: line 3"), "{}", run.stderr);
    assert_eq!(state(folder.path()), bumped);
    let run = VERSION.run(folder.path(), &words(&format!("{BUMP} 1.2.3 {files}")), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(state(folder.path()), before);
}

#[test]
fn each_disagreement_has_its_file_and_line() {
    let mut files = PROJECT.to_vec();
    files.retain(|(name, _)| !name.starts_with("Cargo.lock") && !name.starts_with("library"));
    files.push(("Cargo.lock", "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.2.2\"\n"));
    files.push(("library.json", "{\n\"version\": \"1.2.4\"}"));
    let folder = project(&files);
    let run = VERSION.run(folder.path(), &words(CHECK), &[]);
    assert_eq!((run.code, run.report().verdict), (1, Verdict::Fail), "{}", run.stdout);
    let mut found: Vec<(String, u32, String)> = run
        .report()
        .findings
        .iter()
        .filter(|finding| finding.rule == "version/disagrees")
        .map(|finding| {
            let place = finding.location.clone().unwrap();
            (place.path, place.line.unwrap(), finding.message.clone())
        })
        .collect();
    found.sort();
    let of = "and version.txt:1 is 1.2.3";
    assert_eq!(
        found,
        [
            ("Cargo.lock".to_owned(), 4, format!("package a is 1.2.2, {of}")),
            ("library.json".to_owned(), 2, format!("version is 1.2.4, {of}")),
        ]
    );
    assert_eq!(run.count("version.disagreements"), 2);
    // With a tag, every file that disagrees with it.
    let run = VERSION.run(
        folder.path(),
        &words(&format!("{CHECK} --tag v2.0.0 --file version.txt --file package.json")),
        &[],
    );
    // Of package.json also the two places of its lock file.
    assert_eq!((run.code, run.count("version.disagreements")), (1, 4));
    // What comes next is seen from one version, or from none.
    let before = state(folder.path());
    let run = VERSION.run(folder.path(), &words(&format!("{BUMP} patch")), &[]);
    assert_eq!(run.code, 3, "{}", run.stdout);
    assert_eq!(state(folder.path()), before);
    let run = VERSION.run(folder.path(), &words(&format!("{BUMP} 3.0.0")), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(VERSION.run(folder.path(), &words(CHECK), &[]).code, 0);
}

/// Where there is one place and no tag, nothing can disagree: that is no good result.
#[test]
fn what_compares_nothing_is_never_good() {
    let lock = "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.2.3\"\n";
    let header = "#define V_VERSION_MAJOR 1\n#define V_VERSION_MINOR 2\n#define V_VERSION_PATCH 3\n";
    for (files, more, code) in [
        (&[("version.txt", "1.2.3\n")][..], "", 1),
        (&[("version.txt", "1.2.3\n")], "--tag none", 1),
        (&[("version.txt", "1.2.3\n")], "--tag v1.2.3", 0),
        (&[("version.txt", "1.2.3\n"), ("package.json", "{\"version\": \"1.2.3\"}")], "", 0),
        // The numbers of a header are one version, which a text beside them may contradict.
        (&[("v.h", header)], "--file v.h", 1),
        (&[("v.h", header), ("VERSION", "1.2.3")], "--file v.h --file VERSION", 0),
        (&[("v.h", &format!("{header}#define V_VERSION \"1.2.3\"\n"))], "--file v.h", 0),
        (&[("Cargo.toml", "[package]\nname = \"a\"\nversion = \"1.2.3\"\n")], "", 1),
        (&[("Cargo.toml", "[package]\nname = \"a\"\nversion = \"1.2.3\"\n"), ("Cargo.lock", lock)], "", 0),
    ] {
        let folder = project(files);
        let run = VERSION.run(folder.path(), &words(&format!("{CHECK} {more}")), &[]);
        assert_eq!(run.code, code, "{files:?} {more}: {}{}", run.stdout, run.stderr);
        assert_eq!(run.found(Level::Error).contains(&"nothing-compared"), code == 1, "{files:?} {more}");
    }
}

/// Members of a workspace of npm, which cannot take its version.
const NPM: &[(&str, &str)] = &[
    (
        "package.json",
        "{\n  \"name\": \"root\",\n  \"version\": \"1.2.3\",\n  \"private\": true,\n  \"workspaces\": [\"packages/*\", \"!packages/old\"]\n}\n",
    ),
    ("packages/a/package.json", "{\"name\": \"@s/a\", \"version\": \"1.2.3\"}\n"),
    (
        "packages/b/package.json",
        "{\"name\": \"b\", \"version\": \"1.2.3\", \"dependencies\": {\"@s/a\": \"1.2.3\"}}\n",
    ),
    ("packages/private/package.json", "{\"name\": \"c\", \"private\": true}\n"),
    ("packages/old/package.json", "{\"name\": \"old\", \"version\": \"0.1.0\"}\n"),
    // A crate of the name of a package.
    (
        "Cargo.toml",
        "[package]\nname = \"b\"\nversion = \"1.2.3\"\n[dependencies]\n\"@s/a\" = { path = \"x\", version = \"=1.2.3\" }\n",
    ),
];

#[test]
fn members_of_a_workspace_of_npm_are_kept_in_step() {
    let folder = project(NPM);
    let before = state(folder.path());
    let run = VERSION.run_as_step(folder.path(), &words(&format!("{BUMP} minor")), &[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let bumped = state(folder.path());
    assert!(bumped["packages/a/package.json"].contains("1.3.0"));
    assert!(bumped["packages/b/package.json"].contains("\"@s/a\": \"1.3.0\""), "{bumped:?}");
    assert!(!bumped["packages/b/package.json"].contains("1.2.3"), "{bumped:?}");
    // What is no package of npm is none of theirs.
    assert!(bumped["Cargo.toml"].contains("\"=1.2.3\""), "{bumped:?}");
    for name in ["packages/private/package.json", "packages/old/package.json"] {
        assert_eq!(before[name], bumped[name]);
    }
    assert_eq!(VERSION.run(folder.path(), &words(CHECK), &[]).code, 0);
    // One that lags behind is found.
    fs::write(folder.path().join("packages/a/package.json"), NPM[1].1).unwrap();
    let run = VERSION.run(folder.path(), &words(CHECK), &[]);
    assert_eq!(run.code, 1, "{}", run.stdout);
    let found: Vec<_> = run.report().findings.iter().filter_map(|one| one.location.clone()).collect();
    assert!(found.iter().any(|place| place.path == "packages/a/package.json"), "{found:?}");
    // Who names files means those.
    let line = format!("{CHECK} --file package.json --file Cargo.toml");
    assert_eq!(VERSION.run(folder.path(), &words(&line), &[]).code, 0);
    // A workspace without a version leaves its members to themselves.
    fs::write(folder.path().join("package.json"), "{\"workspaces\": [\"packages/*\"]}").unwrap();
    assert_eq!(VERSION.run(folder.path(), &words(&format!("{CHECK} --tag v1.3.0")), &[]).code, 0);
}

/// A workspace of pnpm, whose manifest lists no members; those of its own list ask for each other.
const PNPM: &[(&str, &str)] = &[
    ("package.json", "{\n  \"name\": \"root\",\n  \"version\": \"1.2.3\",\n  \"private\": true\n}\n"),
    (
        "pnpm-workspace.yaml",
        "# 1.2.3\ncatalog:\n  other: 1.2.3\npackages:\n  - .\n  - packages/*\n  - 'apps/**'\n  - '!**/test/**'\n",
    ),
    ("packages/a/package.json", "{\"name\": \"@s/a\", \"version\": \"1.2.3\"}\n"),
    (
        "packages/b/package.json",
        "{\"name\": \"b\", \"version\": \"1.2.3\", \"dependencies\": {\"@s/a\": \"workspace:1.2.3\", \"other\": \"1.2.3\", \"root\": \"workspace:*\"}}\n",
    ),
    ("apps/deep/down/package.json", "{\"name\": \"down\", \"version\": \"1.2.3\"}\n"),
    ("apps/deep/test/x/package.json", "{\"name\": \"x\", \"version\": \"1.2.3\"}\n"),
    ("apps/node_modules/y/package.json", "{\"name\": \"y\", \"version\": \"1.2.3\"}\n"),
    ("elsewhere/package.json", "{\"name\": \"z\", \"version\": \"1.2.3\"}\n"),
];

#[test]
fn members_of_a_workspace_of_pnpm_are_kept_in_step() {
    let folder = project(PNPM);
    let before = state(folder.path());
    let run = VERSION.run_as_step(folder.path(), &words(&format!("{BUMP} minor")), &[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let bumped = state(folder.path());
    let mut expected = before.clone();
    for name in
        ["package.json", "packages/a/package.json", "packages/b/package.json", "apps/deep/down/package.json"]
    {
        let text =
            before[name].replace("1.2.3", "1.3.0").replace("\"other\": \"1.3.0\"", "\"other\": \"1.2.3\"");
        expected.insert(name.to_owned(), text);
    }
    assert_eq!(bumped, expected);
    assert_eq!(run.output("files").lines().count(), 4, "{}", run.output("files"));
    assert_eq!(VERSION.run(folder.path(), &words(CHECK), &[]).code, 0);
    // One that lags behind is found, by its version and by what asks for it.
    fs::write(folder.path().join("packages/a/package.json"), PNPM[2].1).unwrap();
    fs::write(
        folder.path().join("packages/b/package.json"),
        bumped["packages/b/package.json"].replace("workspace:1.3.0", "workspace:1.2.3"),
    )
    .unwrap();
    let run = VERSION.run(folder.path(), &words(CHECK), &[]);
    assert_eq!((run.code, run.count("version.disagreements")), (1, 2), "{}", run.stdout);
    // Who names files means those, and members keep versions of their own where the root has none.
    assert_eq!(
        VERSION.run(folder.path(), &words(&format!("{CHECK} --file package.json --tag v1.3.0")), &[]).code,
        0
    );
    fs::write(folder.path().join("package.json"), "{\"name\": \"root\", \"private\": true}").unwrap();
    fs::write(folder.path().join("version.txt"), "1.3.0").unwrap();
    assert_eq!(VERSION.run(folder.path(), &words(&format!("{CHECK} --tag v1.3.0")), &[]).code, 0);
    // A list that cannot be read is an error with its line, and nothing is written.
    fs::write(folder.path().join("pnpm-workspace.yaml"), "catalog: {}\npackages: packages/*\n").unwrap();
    let before = state(folder.path());
    for line in [CHECK, "bump --config none 2.0.0"] {
        let run = VERSION.run(folder.path(), &words(line), &[]);
        assert_eq!(run.code, 3, "{line}: {}", run.stdout);
        assert!(run.stderr.contains("pnpm-workspace.yaml: line 2"), "{}", run.stderr);
    }
    assert_eq!(state(folder.path()), before);
}

/// npm, yarn and pnpm list members in three places; who has two of them has the members of both.
#[test]
fn members_may_be_listed_in_any_of_the_three_ways() {
    let manifest = |rest: &str| format!("{{\"name\": \"root\", \"version\": \"1.2.3\"{rest}}}");
    let pnpm = "packages: ['packages/b']\n";
    for (rest, list, members) in [
        (", \"workspaces\": [\"packages/*\"]", None, 2),
        (", \"workspaces\": {\"packages\": [\"packages/*\"], \"nohoist\": [\"**/x\"]}", None, 2),
        (", \"workspaces\": [\"packages/a\"]", Some(pnpm), 2),
        // What one list takes out another may name.
        (", \"workspaces\": [\"packages/*\", \"!packages/b\"]", Some(pnpm), 2),
        ("", Some(pnpm), 1),
        ("", Some("packages: []\n"), 0),
        ("", None, 0),
    ] {
        let root = manifest(rest);
        let mut files = vec![
            ("package.json", root.as_str()),
            ("packages/a/package.json", "{\"name\": \"a\", \"version\": \"1.2.3\"}"),
            ("packages/b/package.json", "{\"name\": \"b\", \"version\": \"1.2.3\"}"),
        ];
        files.extend(list.map(|list| ("pnpm-workspace.yaml", list)));
        let folder = project(&files);
        let run = VERSION.run_as_step(folder.path(), &words(&format!("{BUMP} minor")), &[]);
        assert_eq!(run.code, 0, "{files:?}: {}", run.stderr);
        assert_eq!(run.output("files").lines().count(), members + 1, "{files:?}: {}", run.output("files"));
    }
    // A folder that is listed and not there is said.
    let folder =
        project(&[("package.json", &manifest("")), ("pnpm-workspace.yaml", "packages: ['none/*']\n")]);
    let run = VERSION.run(folder.path(), &words(&format!("{BUMP} minor")), &[]);
    assert_eq!(run.code, 3, "{}", run.stdout);
    assert!(run.stderr.contains("none/*/package.json"), "{}", run.stderr);
    let run = VERSION.run(folder.path(), &words(&format!("{BUMP} minor --missing skip")), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

/// npm itself, which refuses a lock file that is not in step with the manifests.
#[test]
fn npm_finds_manifests_and_lock_file_in_step() {
    let Some(npm) = lw_testkit::which("npm") else {
        return lw_testkit::skip("npm is not installed").unwrap_or_default();
    };
    let folder = project(NPM);
    let npm = |arguments: &[&str]| {
        let home = folder.path().join("lw-home");
        std::process::Command::new(&npm)
            .args(arguments)
            .args(["--offline", "--no-audit", "--no-fund", "--ignore-scripts"])
            .current_dir(folder.path())
            .env("npm_config_cache", &home)
            .output()
            .unwrap()
    };
    let made = npm(&["install", "--package-lock-only"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let in_step = || npm(&["ci", "--dry-run"]).status.success();
    assert!(in_step());
    let before = fs::read_to_string(folder.path().join("package-lock.json")).unwrap();
    assert!(before.matches("1.2.3").count() >= 5, "{before}");
    let run = VERSION.run(folder.path(), &words(&format!("{BUMP} major")), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let after = fs::read_to_string(folder.path().join("package-lock.json")).unwrap();
    assert!(in_step(), "{after}");
    assert_eq!(after, before.replace("1.2.3", "2.0.0"));
    // npm writes the same.
    let made = npm(&["install", "--package-lock-only"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert_eq!(fs::read_to_string(folder.path().join("package-lock.json")).unwrap(), after);
    // A lock file that lags behind is found.
    fs::write(folder.path().join("package-lock.json"), before).unwrap();
    assert_eq!(VERSION.run(folder.path(), &words(CHECK), &[]).code, 1);
}

#[test]
fn the_tag_of_the_run_counts() {
    let folder = project(&[("version.txt", "1.2.3\n"), ("package.json", "{\"version\": \"1.2.3\"}")]);
    let run = |tag: &str, more: &str| {
        let reference = format!("refs/tags/{tag}");
        let variables = [("GITHUB_REF", reference.as_str())];
        VERSION.run_as_step(folder.path(), &words(&format!("{CHECK} {more}")), &variables)
    };
    for (tag, more, code) in [
        ("v1.2.3", "", 0),
        ("1.2.3", "", 0),
        ("pkg@1.2.3", "", 0),
        ("v1.2.4", "", 1),
        ("v1.2.4", "--tag none", 0),
        ("v1.2.4", "--tag v1.2.3", 0),
        ("nightly", "", 0),
        ("v1.2.3", "--tag nightly", 2),
    ] {
        let run = run(tag, more);
        assert_eq!(run.code, code, "{tag} {more}: {}{}", run.stdout, run.stderr);
        assert_eq!(
            run.code == 0 && run.found(Level::Warning).contains(&"not-compared"),
            tag == "nightly",
            "{tag}"
        );
    }
}

#[test]
fn nothing_found_is_never_good() {
    let folder = project(&[("README.md", "1.2.3"), ("package.json", "{\"private\": true}")]);
    for line in [CHECK, "bump --config none 1.0.0"] {
        let run = VERSION.run(folder.path(), &words(line), &[]);
        assert_eq!(run.code, 3, "{line}: {}", run.stdout);
        assert!(run.stderr.contains("no file with a version"), "{}", run.stderr);
        assert!(run.found(Level::Note).contains(&"no-version"), "{}", run.stdout);
    }
    for (file, code) in [("package.json", 3), ("none.json", 3), ("README.md", 2), ("*.toml", 3)] {
        let arguments = ["check", "--config", "none", "--file", file];
        let run = VERSION.run(folder.path(), &arguments, &[]);
        assert_eq!(run.code, code, "{file}: {}", run.stderr);
    }
    let run = VERSION.run(folder.path(), &words(BUMP), &[]);
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn one_bad_file_and_nothing_is_written() {
    let mut files = PROJECT.to_vec();
    files.push(("zz/CMakeLists.txt", "project(z VERSION ${V})\n"));
    let folder = project(&files);
    let before = state(folder.path());
    let line = format!("{BUMP} 2.0.0 {} --file zz/CMakeLists.txt", everything());
    let run = VERSION.run(folder.path(), &words(&line), &[]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("zz/CMakeLists.txt: line 1"), "{}", run.stderr);
    assert_eq!(state(folder.path()), before);
}

/// cargo itself, which refuses a lock file that is not in step with the manifests.
#[test]
fn cargo_finds_manifests_and_lock_file_in_step() {
    let files = [
        (
            "Cargo.toml",
            "[workspace]\nresolver = \"2\"\nmembers = [\"crates/*\"]\n[workspace.package]\nversion = \"1.2.3\"\n[workspace.dependencies]\na = { path = \"crates/a\", version = \"=1.2.3\" }\n",
        ),
        ("crates/a/Cargo.toml", "[package]\nname = \"a\"\nversion.workspace = true\n"),
        (
            "crates/b/Cargo.toml",
            "[package]\nname = \"b\"\nversion.workspace = true\n[dependencies]\na.workspace = true\nown = { path = \"../own\", version = \"=0.4.0\" }\n",
        ),
        ("crates/own/Cargo.toml", "[package]\nname = \"own\"\nversion = \"0.4.0\"\n"),
        ("crates/a/src/lib.rs", ""),
        ("crates/b/src/lib.rs", ""),
        ("crates/own/src/lib.rs", ""),
    ];
    let folder = project(&files);
    let cargo = |arguments: &[&str]| {
        std::process::Command::new(env!("CARGO"))
            .current_dir(folder.path())
            .args(arguments)
            .args(["--offline"])
            .output()
            .unwrap()
    };
    let made = cargo(&["generate-lockfile"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let in_step = || cargo(&["metadata", "--locked", "--format-version", "1"]).status.success();
    assert!(in_step());
    let run = VERSION.run(folder.path(), &words(&format!("{BUMP} major")), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(in_step(), "after all was bumped");
    // The one that has a version of its own, by its path: the lock file is in a folder above. Who asks for it is named as well.
    let line = format!("{BUMP} 0.5.0 --file crates/own/Cargo.toml");
    assert_eq!(VERSION.run(folder.path(), &words(&line), &[]).code, 0);
    assert!(!in_step(), "crates/b asks for another version");
    let lock = fs::read_to_string(folder.path().join("Cargo.lock")).unwrap();
    assert!(
        lock.contains("name = \"own\"\nversion = \"0.5.0\"") && lock.contains("version = \"2.0.0\""),
        "{lock}"
    );
}

#[test]
fn a_report_never_takes_the_place_of_a_file() {
    let folder = project(&[("version.txt", "1.2.3\n")]);
    for more in ["", "--file version.txt"] {
        let run = VERSION
            .command(folder.path())
            .args(words(&format!("{BUMP} minor --report version.txt {more}")))
            .output();
        assert_eq!(run.unwrap().status.code(), Some(2), "{more}");
        assert_eq!(fs::read_to_string(folder.path().join("version.txt")).unwrap(), "1.2.3\n");
    }
}

#[test]
fn a_header_with_two_families_has_to_be_told() {
    let folder = project(&[("v.h", "#define APP_VERSION \"1.0.0\"\n#define API_VERSION \"4.0.0\"\n")]);
    let line = format!("{BUMP} minor --file v.h");
    assert_eq!(VERSION.run(folder.path(), &words(&line), &[]).code, 3);
    let run = VERSION.run(folder.path(), &words(&format!("{line} --version-macro APP_VERSION")), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let text = fs::read_to_string(folder.path().join("v.h")).unwrap();
    assert_eq!(text, "#define APP_VERSION \"1.1.0\"\n#define API_VERSION \"4.0.0\"\n");
}

#[cfg(unix)]
#[test]
fn links_are_followed_inside_of_the_workspace_and_never_out_of_it() {
    use std::os::unix::fs::symlink;
    let folder = project(&[("real/version.txt", "1.2.3\n")]);
    symlink("real/version.txt", folder.path().join("version.txt")).unwrap();
    let run = VERSION.run(folder.path(), &words(&format!("{BUMP} minor --file version.txt")), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(fs::symlink_metadata(folder.path().join("version.txt")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(folder.path().join("real/version.txt")).unwrap(), "1.3.0\n");
    let outside = project(&[("version.txt", "1.2.3\n")]);
    fs::remove_file(folder.path().join("version.txt")).unwrap();
    symlink(outside.path().join("version.txt"), folder.path().join("version.txt")).unwrap();
    for more in ["", "--file version.txt"] {
        let run = VERSION.run(folder.path(), &words(&format!("{BUMP} 9.9.9 {more}")), &[]);
        assert_ne!(run.code, 0, "{}", run.stdout);
        assert_eq!(fs::read_to_string(outside.path().join("version.txt")).unwrap(), "1.2.3\n");
    }
}

#[test]
fn hostile_files_do_nothing_but_fail() {
    let lines = "::error::x\n::add-mask::1\n$(id)";
    let folder = project(&[
        ("version.txt", lines),
        ("package.json", "{\"version\": \"1.2.3\\n::error::x\"}"),
        ("idf_component.yml", "version: \"1.2.3::set-output\"\n"),
    ]);
    for file in ["version.txt", "package.json", "idf_component.yml"] {
        let run = VERSION.run_as_step(folder.path(), &words(&format!("{CHECK} --file {file}")), &[]);
        assert_eq!((run.code, run.output("version")), (3, ""), "{file}: {}", run.stdout);
        for text in [&run.stdout, &run.stderr] {
            assert!(
                !text.lines().any(|line| line.starts_with("::add-mask") || line == "::error::x"),
                "{text}"
            );
        }
    }
}
