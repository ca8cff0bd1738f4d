//! The same under `act`, with a real engine.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::case::Workspace;
use crate::engine::engine;
use crate::support::{env, program, say};

/// Runs a job of these steps on a platform (an image, or `-self-hosted`), with a folder in front of PATH; its log, one
/// value per line.
pub(crate) fn job(
    tree: &Path,
    workspace: &Workspace,
    steps: &Value,
    platform: &str,
    path: &str,
) -> Option<Vec<Value>> {
    let act = program("act")?;
    engine()?;
    let workflow = json!({
        "on": "push",
        "permissions": {},
        "jobs": {"test": {"runs-on": "ubuntu-latest", "steps": steps}},
    });
    let folder = workspace.path().join(".github/workflows");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("test.yml"), workflow.to_string()).expect("written");
    workspace.commit();
    let home = tempfile::tempdir().expect("a folder");
    let said = say(Command::new(act)
        .args(["push", "--json", "--pull=false", "--platform", &format!("ubuntu-latest={platform}")])
        .arg("--local-repository")
        .arg(format!("https://github.com/org/lw-actions@v1={}", tree.display()))
        .current_dir(workspace.path())
        .env("HOME", home.path())
        .env("XDG_CACHE_HOME", home.path().join("cache"))
        .env("XDG_CONFIG_HOME", home.path().join("config"))
        .env("PATH", format!("{path}:{}", env("PATH").unwrap_or_default()))
        .env_remove("GITHUB_TOKEN"));
    let log: Vec<Value> = said
        .stdout
        .lines()
        .chain(said.stderr.lines())
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    assert_eq!(said.code, 0, "{}\n{}", said.stdout, said.stderr);
    Some(log)
}
