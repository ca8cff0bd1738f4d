//! Running the binary as a user does, and reading its report.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lw_model::{Level, Report};

/// A folder of `examples/firmware`.
pub(crate) fn example(name: &str) -> PathBuf {
    lw_testkit::root().join("examples/firmware").join(name)
}

/// What a run left after.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stderr: String,
    report: Option<Report>,
    outputs: BTreeMap<String, String>,
}

impl Run {
    /// The report, which a run that could judge has written.
    pub(crate) fn report(&self) -> &Report {
        self.report.as_ref().unwrap_or_else(|| panic!("no report was written: {}", self.stderr))
    }

    /// The rules of the findings of one level.
    pub(crate) fn found(&self, level: Level) -> Vec<&str> {
        let findings = self.report().findings.iter().filter(|finding| finding.level == level);
        findings.map(|finding| finding.rule.strip_prefix("ota-package/").unwrap()).collect()
    }

    /// A value for later steps.
    pub(crate) fn output(&self, name: &str) -> &str {
        self.outputs.get(name).unwrap_or_else(|| panic!("no output {name}: {:?}", self.outputs))
    }
}

/// The binary, with nothing of this process's environment.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ota-package"));
    command.args(arguments).args(["--config", "none"]).current_dir(folder).env_clear();
    command
}

/// Runs the binary in a folder, as a step of a workflow.
pub(crate) fn ota(folder: &Path, arguments: &[&str]) -> Run {
    let scratch = tempfile::tempdir().unwrap();
    let (report, outputs) = (scratch.path().join("report.json"), scratch.path().join("outputs"));
    fs::write(&outputs, "").unwrap();
    let Output { status, stdout, stderr } = command(folder, arguments)
        .args(["--summary", "off", "--report"])
        .arg(&report)
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_OUTPUT", &outputs)
        .output()
        .unwrap();
    let report = fs::read(&report).ok().map(|json| serde_json::from_slice(&json).unwrap());
    let code = status.code().unwrap_or_else(|| panic!("{status}: {}", String::from_utf8_lossy(&stderr)));
    assert_ne!(code, 5, "{}", String::from_utf8_lossy(&stderr));
    let _ = stdout;
    Run {
        code,
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
        report,
        outputs: read_outputs(&fs::read_to_string(&outputs).unwrap()),
    }
}

/// The file of outputs: `name<<delimiter`, the value, the delimiter.
fn read_outputs(text: &str) -> BTreeMap<String, String> {
    let mut outputs = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let (name, delimiter) = line.split_once("<<").unwrap();
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        outputs.insert(name.to_owned(), value.join("\n"));
    }
    outputs
}

/// Names of the files in a folder, sorted, those below as well.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, prefix: &str, names: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            match entry.file_type().unwrap().is_dir() {
                true => walk(&entry.path(), &format!("{name}/"), names),
                false => names.push(name),
            }
        }
    }
    let mut names = Vec::new();
    walk(folder, "", &mut names);
    names.sort();
    names
}

/// Members of a tar, by name and in order.
pub(crate) fn members(tar: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut members = Vec::new();
    let mut rest = tar;
    while rest.len() >= 512 && rest[0] != 0 {
        let text = |from: usize, to: usize| {
            let field = rest[from..to].split(|byte| *byte == 0).next().unwrap();
            String::from_utf8(field.to_vec()).unwrap()
        };
        let size = usize::from_str_radix(text(124, 136).trim(), 8).unwrap();
        members.push((text(0, 100), rest[512..512 + size].to_vec()));
        rest = &rest[512 + size.next_multiple_of(512)..];
    }
    members
}

/// The manifest of an lw package.
pub(crate) fn manifest(package: &Path) -> serde_json::Value {
    let members = members(&fs::read(package).unwrap());
    assert_eq!(members[0].0, "manifest.json");
    serde_json::from_slice(&members[0].1).unwrap()
}
