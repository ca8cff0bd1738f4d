//! What an action costs a job, from the start of its step to its verdict, beside two common kinds of action. A
//! measurement, so it is only run when it is asked for:
//!
//! ```sh
//! LW_REQUIRE_E2E=1 cargo test --package lw-e2e -- --ignored --nocapture overhead
//! ```
//!
//! It writes its table into `docs/performance.md`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use lw_testkit::{root, skip};

use crate::case::{Case, Workspace};
use crate::engine;
use crate::launcher::sha256;
use crate::support::{Tree, e2e_cache, must, say, static_binary, target, which};

/// Runs of each, one after the other in turn.
const ROUNDS: usize = 31;

const TOOL: &str = "size-gate";

/// One kind of action: how a runner starts its step.
struct Kind {
    name: &'static str,
    start: Box<dyn Fn(&Path) -> Command>,
    milliseconds: Vec<f64>,
}

impl Kind {
    fn new(name: &'static str, start: impl Fn(&Path) -> Command + 'static) -> Self {
        Self { name, start: Box::new(start), milliseconds: Vec::new() }
    }

    fn run(&mut self, workspace: &Path, files: &Path) {
        let output = files.join("output");
        std::fs::write(&output, "").unwrap();
        let mut command = (self.start)(files);
        command
            .current_dir(workspace)
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_WORKSPACE", workspace)
            .env("GITHUB_OUTPUT", &output)
            .env("GITHUB_STEP_SUMMARY", files.join("summary"))
            .env("RUNNER_TEMP", files);
        let start = Instant::now();
        let said = say(&mut command);
        self.milliseconds.push(start.elapsed().as_secs_f64() * 1000.0);
        assert_eq!(said.code, 0, "{}: {said:?}", self.name);
        let text = std::fs::read_to_string(output).unwrap();
        assert!(text.contains("verdict") && text.contains("pass"), "{}: {text}", self.name);
    }

    fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.milliseconds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[((sorted.len() - 1) as f64 * share).round() as usize]
    }
}

/// Our composite action, as a runner starts it: the script of its step in a file, its inputs in the environment.
fn ours(tree: &Path, case: &Case, more: &[(&str, PathBuf)]) -> impl Fn(&Path) -> Command + use<> {
    let action = tree.join(TOOL);
    let inputs: Vec<(String, String)> = case
        .with
        .iter()
        .map(|(name, value)| (format!("INPUT_{}", name.replace('-', "_").to_uppercase()), value.clone()))
        .collect();
    let more: Vec<(String, PathBuf)> =
        more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    move |files| {
        let script = files.join("step.sh");
        std::fs::write(&script, "exec sh \"$GITHUB_ACTION_PATH/../launcher/lw.sh\" size-gate").unwrap();
        let mut command = Command::new("sh");
        command.arg("-e").arg(script).env("GITHUB_ACTION_PATH", &action);
        command.env("LW_ACTION", TOOL).env("LW_NETWORK", "none");
        command.envs(inputs.iter().cloned()).envs(more.iter().cloned());
        command
    }
}

#[test]
#[ignore = "a measurement"]
fn overhead() {
    let core = e2e_cache().join("node/node_modules/@actions/core/lib/core.js");
    let (Some(node), Some(python), true) = (which("node"), which("python3"), core.is_file()) else {
        return skip("node, python3 or @actions/core is missing; .ci/e2e-setup installs them")
            .unwrap_or_default();
    };
    // A shim of a version manager would be measured as well.
    let python =
        must(Command::new(python).args(["-c", "import sys; print(sys.executable)"])).trim().to_owned();
    let (node_version, python_version) =
        (must(Command::new(&node).arg("--version")), must(Command::new(&python).arg("--version")));
    let package = std::fs::read(e2e_cache().join("node/node_modules/@actions/core/package.json")).unwrap();
    let core_version = serde_json::from_slice::<serde_json::Value>(&package).unwrap()["version"].clone();
    let Some(binary) = static_binary() else { return };
    let case = Case::named(TOOL, "pass");
    let workspace = Workspace::of(&[&case]);
    let files = tempfile::tempdir().unwrap();
    let peers = root().join("tests/peers");

    // A release as a runner has it from the second job on: the binary in the tool cache, its SHA-256 in the tree.
    let released = Tree::with(&binary);
    std::fs::remove_dir_all(released.path().join("bin")).unwrap();
    let bytes = std::fs::read(&binary).unwrap();
    let pinned = format!("{}  lw-{}\n", sha256(&bytes), target());
    std::fs::write(released.path().join("launcher/checksums.txt"), pinned).unwrap();
    let version = std::fs::read_to_string(root().join("launcher/version")).unwrap();
    let tools = files.path().join("tools");
    let cached = tools.join("lw").join(version.trim()).join(target());
    std::fs::create_dir_all(&cached).unwrap();
    std::fs::copy(&binary, cached.join("lw")).unwrap();

    let mut kinds = vec![
        Kind::new(
            "size-gate, binary on the runner (`LW_BIN`)",
            ours(released.path(), &case, &[("LW_BIN", binary.clone())]),
        ),
        Kind::new(
            "size-gate, binary in the tool cache, SHA-256 verified",
            ours(released.path(), &case, &[("RUNNER_TOOL_CACHE", tools)]),
        ),
        Kind::new("JavaScript action that prints one line with `@actions/core`", {
            let index = peers.join("javascript/index.mjs");
            move |_| {
                let mut command = Command::new(&node);
                command.arg(&index).env("ACTIONS_CORE", &core).env("INPUT_ELF", "build/firmware.elf");
                command
            }
        }),
        Kind::new("Python composite: `size`, sum, compare; no report", {
            let script = format!(
                "{python} {} --elf build/firmware.elf --limit 1048576",
                peers.join("python/main.py").display()
            );
            move |files: &Path| {
                let file = files.join("python.sh");
                std::fs::write(&file, &script).unwrap();
                let mut command = Command::new("bash");
                command.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(file);
                command
            }
        }),
    ];
    if engine::built().is_some() {
        let more = [("LW_RUNTIME", PathBuf::from("docker")), ("LW_IMAGE", PathBuf::from(engine::TAG))];
        kinds.push(Kind::new(
            "size-gate, `runtime: docker`, image present",
            ours(released.path(), &case, &more),
        ));
    }
    for _ in 0..=ROUNDS {
        for kind in &mut kinds {
            kind.run(workspace.path(), files.path());
        }
    }
    let mut table =
        "| Step | Median | 90 % of runs | Beside size-gate from the cache |\n|---|--:|--:|--:|\n".to_owned();
    for kind in &mut kinds {
        // The first round fills the caches.
        kind.milliseconds.remove(0);
    }
    let ours = kinds[1].quantile(0.5);
    for kind in &kinds {
        let (median, high) = (kind.quantile(0.5), kind.quantile(0.9));
        table.push_str(&format!(
            "| {} | {median:.0} ms | {high:.0} ms | {:.1} × |\n",
            kind.name,
            median / ours
        ));
    }
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    table.push_str(&format!(
        "\nnode {}, @actions/core {}, {}; {}, {cpus} CPUs.\n",
        node_version.trim(),
        core_version.as_str().unwrap(),
        python_version.trim(),
        std::env::consts::ARCH
    ));
    println!("{table}");
    write(&table);
}

/// Puts the table between its markers.
fn write(table: &str) {
    let path = root().join("docs/performance.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- action-overhead:begin -->\n", "<!-- action-overhead:end -->");
    let (head, rest) = text.split_once(begin).expect("the begin marker");
    let (_, tail) = rest.split_once(end).expect("the end marker");
    std::fs::write(path, format!("{head}{begin}{table}{end}{tail}")).unwrap();
}
