//! The binary, and what it makes.

use std::fs;
use std::path::Path;
use std::process::Command;

use lw_testkit::tool::ToolBinary;
pub(crate) use lw_testkit::tool::{Run, example};

pub(crate) const OTA_PACKAGE: ToolBinary = ToolBinary::new(env!("CARGO_BIN_EXE_ota-package"));

/// The binary, with nothing of this process's environment.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = OTA_PACKAGE.command(folder);
    command.args(arguments).args(["--config", "none"]);
    command
}

/// Runs the binary in a folder, as a step of a workflow.
pub(crate) fn ota(folder: &Path, arguments: &[&str]) -> Run {
    OTA_PACKAGE.run_as_step(folder, arguments, &[])
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
