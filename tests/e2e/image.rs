//! The images: their size, and that they do what the binary does, as any user, in a workspace of somebody else.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use lw_testkit::{root, skip};
use serde_json::json;

use crate::act;
use crate::case::{Case, EPOCH, Workspace};
use crate::engine::{TAG, built, docker};
use crate::support::{Tree, must, program, say, static_binary, target, which};

const SHELL_TAG: &str = "lw-e2e:shell";

/// Bytes an image may have: what the suite in one binary may have, the image holds nothing else. The shell comes on top
/// of it in its image.
const LARGEST: u64 = 21_000_000;
/// Bytes a static busybox may have.
const LARGEST_SHELL: u64 = 3_000_000;

fn shell_built() -> Option<()> {
    static BUILT: OnceLock<Option<()>> = OnceLock::new();
    *BUILT.get_or_init(|| {
        built()?;
        let busybox = ["/bin/busybox", "/usr/bin/busybox"].iter().map(Path::new).find(|path| is_static(path));
        let Some(busybox) = busybox else {
            return skip("there is no static busybox; .ci/e2e-setup installs it");
        };
        let tree = Tree::with(&static_binary()?);
        std::fs::copy(busybox, tree.path().join("bin").join(target()).join("busybox")).unwrap();
        let file = tree.path().join("Dockerfile.shell");
        must(docker(&["build", "--quiet", "--tag", SHELL_TAG, "--file"]).arg(file).arg(tree.path()));
        Some(())
    })
}

/// Whether a program (ELF, 64 bit, little-endian) asks for no interpreter, and so for no library.
fn is_static(program: &Path) -> bool {
    const PT_INTERP: u64 = 3;
    let bytes = std::fs::read(program).unwrap_or_default();
    let number = |at: usize, length: usize| -> Option<u64> {
        let field = bytes.get(at..at + length)?;
        Some(field.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    };
    let is_dynamic = || -> Option<bool> {
        let (offset, entry) = (number(0x20, 8)?, number(0x36, 2)?);
        let headers = (0..number(0x38, 2)?).map(|index| usize::try_from(offset + index * entry));
        Some(headers.filter_map(Result::ok).any(|at| number(at, 4) == Some(PT_INTERP)))
    };
    bytes.starts_with(b"\x7fELF\x02\x01") && is_dynamic() == Some(false)
}

fn size(tag: &str) -> u64 {
    must(&mut docker(&["image", "inspect", "--format", "{{.Size}}", tag])).trim().parse().unwrap()
}

#[test]
fn the_images_are_small() {
    if shell_built().is_none() {
        return;
    }
    for (tag, largest) in [(TAG, LARGEST), (SHELL_TAG, LARGEST + LARGEST_SHELL)] {
        let bytes = size(tag);
        println!("{tag}: {bytes} bytes");
        assert!(bytes < largest, "{tag} has {bytes} bytes");
    }
    let root_file = std::fs::read_to_string(root().join("Dockerfile")).unwrap();
    assert_eq!(root_file, std::fs::read_to_string(root().join("dist/Dockerfile")).unwrap());
}

/// A workspace that belongs to one user.
fn own(folder: &Path, uid: u32, gid: u32) {
    must(Command::new("chown").args(["-R", &format!("{uid}:{gid}")]).arg(folder));
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn is_root() -> Option<()> {
    if must(Command::new("id").arg("-u")).trim() == "0" {
        Some(())
    } else {
        skip("only root may give files away")
    }
}

/// What GitHub's runner does for `uses: docker://…` and for `image: Dockerfile`: names of inputs with `-`, the workspace
/// at `/github/workspace`, the files of commands at `/github/file_commands`.
#[test]
fn a_container_action_runs_as_any_user_and_names_files_from_the_repository() {
    if built().is_none() || is_root().is_none() {
        return;
    }
    for entry in lw::TOOLS {
        for name in ["pass", "fail"] {
            let case = Case::named(entry.name, name);
            let workspace = Workspace::of(&[&case]);
            workspace.commit();
            let commands = tempfile::tempdir().unwrap();
            std::fs::write(commands.path().join("output"), "").unwrap();
            std::fs::write(commands.path().join("summary"), "").unwrap();
            own(workspace.path(), 12345, 54321);
            own(commands.path(), 12345, 54321);
            let mut run = docker(&["run", "--rm", "--user", "12345:54321", "--workdir", "/github/workspace"]);
            run.arg("--volume").arg(format!("{}:/github/workspace", workspace.path().display()));
            run.arg("--volume").arg(format!("{}:/github/file_commands", commands.path().display()));
            for (name, value) in [
                ("LW_ACTION", entry.name),
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_WORKSPACE", "/github/workspace"),
                ("GITHUB_OUTPUT", "/github/file_commands/output"),
                ("GITHUB_STEP_SUMMARY", "/github/file_commands/summary"),
                ("HOME", "/github/home"),
                (EPOCH.0, EPOCH.1),
                ("INPUT_REPORT", "out/report.json"),
            ] {
                run.arg("--env").arg(format!("{name}={value}"));
            }
            for (name, value) in case.with().iter().filter(|(name, _)| *name != "report") {
                run.arg("--env").arg(format!("INPUT_{}={value}", name.to_uppercase()));
            }
            let said = say(run.args([TAG, entry.name]));
            assert_eq!(said.code, i32::from(name == "fail"), "{said:?}");
            let outputs = std::fs::read_to_string(commands.path().join("output")).unwrap();
            assert!(outputs.contains(&format!("\n{name}\n")), "{outputs}");
            assert!(outputs.contains("\nout/report.json\n"), "{outputs}");
            assert!(!std::fs::read_to_string(commands.path().join("summary")).unwrap().is_empty());
            for line in said.stdout.lines().filter(|line| line.starts_with("::")) {
                assert!(!line.contains("/github/"), "{line}");
            }
            let report = std::fs::metadata(workspace.path().join("out/report.json")).unwrap();
            assert_eq!((report.uid(), report.gid()), (12345, 54321));
            own(workspace.path(), 0, 0);
            own(commands.path(), 0, 0);
        }
    }
}

/// `runtime: docker` on a runner that is not root, in a workspace that is its own.
#[test]
fn the_launchers_container_writes_as_the_runners_user() {
    let Some(setpriv) = which("setpriv") else { return };
    if built().is_none() || is_root().is_none() {
        return;
    }
    let Ok(socket) = std::fs::metadata("/var/run/docker.sock") else {
        return skip("the engine has no socket at /var/run/docker.sock").unwrap_or_default();
    };
    let tree = Tree::with(Path::new("/bin/false"));
    for entry in lw::TOOLS {
        let case = Case::named(entry.name, "pass");
        let workspace = Workspace::of(&[&case]);
        let commands = tempfile::tempdir().unwrap();
        std::fs::write(commands.path().join("output"), "").unwrap();
        own(workspace.path(), 12345, 54321);
        own(commands.path(), 12345, 54321);
        let mut run = Command::new(setpriv.clone());
        run.args(["--reuid", "12345", "--regid", "54321", "--groups", &socket.gid().to_string(), "sh"]);
        run.arg(tree.path().join("launcher/lw.sh")).arg(entry.name);
        run.args(case.arguments()).args(["--report", "report.json"]);
        run.env("LW_RUNTIME", "docker").env("LW_IMAGE", TAG).env("LW_NETWORK", "none");
        run.env("GITHUB_ACTIONS", "true").env("GITHUB_WORKSPACE", workspace.path());
        run.env("GITHUB_OUTPUT", commands.path().join("output")).env("HOME", "/nonexistent");
        let said = say(run.current_dir(workspace.path()));
        assert_eq!(said.code, 0, "{said:?}");
        let outputs = std::fs::read_to_string(commands.path().join("output")).unwrap();
        assert!(outputs.contains("\nreport.json\n"), "{outputs}");
        let report = std::fs::metadata(workspace.path().join("report.json")).unwrap();
        assert_eq!((report.uid(), report.gid()), (12345, 54321));
        own(workspace.path(), 0, 0);
        own(commands.path(), 0, 0);
    }
}

/// Container actions of users, `docker://…` and `image: Dockerfile` beside a binary, and our own action in a job that
/// runs in a container itself, without bash and without anything but a shell.
#[test]
fn container_actions_and_container_jobs_run_under_act() {
    if shell_built().is_none() || program("act").is_none() {
        return;
    }
    let tree = Tree::with(&static_binary().unwrap());
    for entry in lw::TOOLS {
        let case = Case::named(entry.name, "pass");
        let workspace = Workspace::of(&[&case]);
        let own = workspace.path().join("own");
        crate::support::copy_tree(tree.path(), &own, &[]);
        let inputs: String =
            case.with.keys().map(|name| format!("  {name}:\n    description: x\n")).collect();
        let tool = entry.name;
        let action = format!(
            "name: own\ndescription: A user's own\ninputs:\n{inputs}runs:\n  using: docker\n  image: Dockerfile\n  args: [{tool}]\n  env:\n    LW_ACTION: {tool}\n"
        );
        std::fs::write(own.join("action.yml"), action).unwrap();
        // act splits them as a shell would.
        let quoted: Vec<_> = case.arguments().iter().map(|argument| format!("'{argument}'")).collect();
        let args = format!("{tool} {}", quoted.join(" "));
        let steps = json!([
            {"uses": "actions/checkout@v4"},
            {"id": "image", "uses": format!("docker://{TAG}"), "with": {"args": args}},
            {"id": "file", "uses": "./own", "with": case.with},
            {"id": "composite", "uses": format!("org/lw-actions/{tool}@v1"), "with": case.with},
            {
                "id": "read",
                "shell": "sh",
                "env": {
                    "VERDICTS": "${{ steps.image.outputs.verdict }} ${{ steps.file.outputs.verdict }} ${{ steps.composite.outputs.verdict }}",
                },
                "run": "test \"$VERDICTS\" = 'pass pass pass' || { echo \"$VERDICTS\"; exit 1; }",
            },
        ]);
        // It asserts that all steps succeed.
        act::job(tree.path(), &workspace, &steps, SHELL_TAG, "").expect("act and an engine");
    }
}

/// The flavour for CIs that run scripts inside the image.
#[test]
fn the_shell_flavour_runs_scripts_as_any_user() {
    if shell_built().is_none() {
        return;
    }
    let script =
        "set -eu; lw --version; id -u; echo x | sed s/x/y/ >/tmp/z; cat /tmp/z; lw list | cut -d ' ' -f 1";
    let said = must(&mut docker(&["run", "--rm", "--user", "12345:54321", SHELL_TAG, "sh", "-c", script]));
    let version = std::fs::read_to_string(root().join("launcher/version")).unwrap();
    let tools: String = lw::TOOLS.iter().map(|entry| format!("{}\n", entry.name)).collect();
    assert_eq!(said, format!("lw {version}12345\ny\n{tools}"));
}
