//! The same under `act`, with a real engine.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use lw_testkit::skip;
use serde_json::{Value, json};

use crate::case::{Case, EPOCH, READ, Seen, Workspace, line, outputs_of, read_env};
use crate::support::{Tree, env, program, say, target, write_program};

/// Runs the action once in a job of its own; `None` without act and an engine.
pub(crate) fn run(tree: &Path, case: &Case, runtime: &str) -> Option<Seen> {
    let workspace = Workspace::of(&[case]);
    let action = tree.join(case.tool);
    let mut with: serde_json::Map<String, Value> =
        case.with.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    with.insert("runtime".into(), json!(runtime));
    let reading: serde_json::Map<String, Value> = read_env("tool", &outputs_of(&action))
        .into_iter()
        .map(|(name, value)| (name, json!(value)))
        .collect();
    let steps = json!([
        {"uses": "actions/checkout@v4"},
        {
            "uses": format!("org/lw-actions/{}@v1", case.tool),
            "id": "tool",
            "continue-on-error": true,
            "env": {"LW_IMAGE": crate::image::TAG, (EPOCH.0): EPOCH.1},
            "with": with,
        },
        {"id": "read", "env": reading, "shell": "sh", "run": READ},
        {"id": "where", "shell": "sh", "run": "echo \"$GITHUB_WORKSPACE\""},
    ]);
    // act empties the file of the summary before the next step, so it is copied as soon as the tool is done: by the
    // binary it calls, or by the `docker` it calls.
    let aside = tempfile::tempdir().expect("a folder");
    let copy = aside.path().join("summary");
    let (tool, docker) = (tree.join("bin").join(target()).join("lw"), program("docker")?);
    let shown = |program: &Path| program.to_string_lossy().into_owned();
    let wrap = |wrapped: &str| {
        format!(
            "#!/bin/sh\n{wrapped} \"$@\"\ncode=$?\n[ -s \"$GITHUB_STEP_SUMMARY\" ] && cp \"$GITHUB_STEP_SUMMARY\" {}\nexit $code\n",
            shown(&copy)
        )
    };
    let own = Tree::with(Path::new("/bin/false"));
    write_program(&own.path().join("bin").join(target()).join("lw"), &wrap(&shown(&tool)));
    write_program(&aside.path().join("bin/docker"), &wrap(&shown(&docker)));
    let log = job(own.path(), &workspace, &steps, "-self-hosted", &shown(&aside.path().join("bin")))?;
    let summary = std::fs::read_to_string(&copy).unwrap_or_default();
    let raw = |step: &str| -> String {
        log.iter()
            .filter(|entry| entry["raw_output"] == true && entry["stepID"] == json!([step]))
            .filter_map(|entry| entry["msg"].as_str())
            // What runs in a terminal ends its lines as one does.
            .map(|text| text.replace("\r\n", "\n"))
            .collect()
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let annotations = log
        .iter()
        .filter(|entry| entry["stepID"][0] == "tool")
        .filter_map(|entry| {
            let kind =
                entry["command"].as_str().filter(|kind| ["error", "warning", "notice"].contains(kind))?;
            let property = |name: &'static str| (name, text(&entry["kvPairs"][name]));
            let mut properties = ["title", "file", "line", "endLine", "col", "endColumn"].map(property);
            if properties[3] == ("endLine", properties[2].1.clone()) {
                properties[3].1 = None;
            }
            if properties[5] == ("endColumn", properties[4].1.clone()) {
                properties[5].1 = None;
            }
            Some(line(kind, &properties, entry["arg"].as_str()?.trim_end_matches(['\r', '\n'])))
        })
        .collect();
    let folder = raw("where");
    Some(Seen::new(raw("read"), annotations, summary, Path::new(folder.trim()), &workspace.head()))
}

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

/// Whether a container engine answers.
pub(crate) fn engine() -> Option<()> {
    static ANSWERS: OnceLock<bool> = OnceLock::new();
    let answers = *ANSWERS.get_or_init(|| {
        program("docker").is_some_and(|docker| say(Command::new(docker).arg("info")).code == 0)
    });
    if answers { Some(()) } else { skip("no container engine answers; .ci/e2e-setup starts one") }
}
