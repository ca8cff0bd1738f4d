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
    let workflow = json!({
        "on": "push",
        "permissions": {},
        "jobs": {"test": {"runs-on": "ubuntu-latest", "steps": steps}},
    });
    let folder = workspace.path().join(".github/workflows");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("test.yml"), workflow.to_string()).expect("written");
    engine()?;
    workspace.commit();
    let local = format!("https://github.com/org/lw-actions@v1={}", tree.display());
    let (code, log) = run("push", &[], &[local], workspace.path(), platform, path)?;
    assert_eq!(code, 0, "{log:#?}");
    Some(log)
}

/// Runs the workflows of a checkout for an event, with more arguments of act, actions that lie on this machine, and a folder
/// in front of PATH; the exit code and the log, one value per line. `None` without act and an engine.
pub(crate) fn run(
    event: &str,
    arguments: &[String],
    locals: &[String],
    checkout: &Path,
    platform: &str,
    path: &str,
) -> Option<(i32, Vec<Value>)> {
    let act = program("act")?;
    engine()?;
    let home = tempfile::tempdir().expect("a folder");
    let host = env("DOCKER_HOST").map(|host| ("DOCKER_HOST", host));
    // On the host act gives steps the environment it has, as no runner does: that of whoever runs the tests is not for them.
    let said = say(Command::new(act)
        .env_clear()
        .envs(host)
        .args([event, "--json", "--pull=false", "--platform", &format!("ubuntu-latest={platform}")])
        .args(locals.iter().flat_map(|local| ["--local-repository", local]))
        .args(arguments)
        .current_dir(checkout)
        .env("HOME", home.path())
        .env("XDG_CACHE_HOME", home.path().join("cache"))
        .env("XDG_CONFIG_HOME", home.path().join("config"))
        .env("PATH", format!("{path}:{}", env("PATH").unwrap_or_default())));
    let log: Vec<Value> = said
        .stdout
        .lines()
        .chain(said.stderr.lines())
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    // Without a log nothing of the workflow was run.
    assert!(log.iter().any(|entry| entry["jobID"].is_string()), "{}\n{}", said.stdout, said.stderr);
    Some((said.code, log))
}
