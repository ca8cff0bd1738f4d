//! A case: what a workspace holds, the inputs of one action, and what comes of it under any runner.
//!
//! A case is a folder `tests/cases/<tool>/<name>` with `case.toml` and `expected.txt`:
//!
//! ```toml
//! [files]                      # path in the workspace = file of this repository
//! "build/app.elf" = "examples/firmware/esp32c3/firmware.elf"
//! [text]                       # path in the workspace = its content
//! "lw.toml" = "[size-gate]"
//! [with]                       # the inputs, as in a workflow
//! elf = "build/app.elf"
//! [env]                        # `env:` of the step
//! PASSPHRASE = "secret"
//! [secrets]                    # the same, but the value is a file of this repository in Base64, as keys are kept in a CI
//! SIGNING_KEY = "crates/formats/signature/tests/data/keys/p256-sec1.pem"
//! [balena]                     # a Balena on this machine, a new one for each run, with the fleet `admin/fleet1`, or `user/fleet`, and
//! release = "1.0.0"            # final, and what its devices run
//! before = "0.9.0"             # final, and what they ran before that
//! draft = "1.1.0"
//! devices = "3"
//! offline-seconds = "9000"     # how long the first of them is offline
//! outcome = "rejects"          # what becomes of each newer release on each device
//! ```

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use lw_testkit::balena::{Config, Device, Flow, Outcome, Release, Stub};
use lw_testkit::root;
use lw_testkit::runner::manifest::Manifest;
use lw_testkit::runner::{Job, Kind, StepResult};

use crate::support::{Tree, must};

/// The step that reads what the action said, the same script under every runner.
pub(crate) const READ: &str = r#"n=0
printf 'outcome=%s\n' "$OUTCOME"
for name in $NAMES; do
  n=$((n + 1))
  eval "value=\$OUT_$n"
  printf '%s<<END\n%s\nEND\n' "$name" "$value"
done
"#;

/// What all runs are told, so that they can be repeated.
pub(crate) const EPOCH: (&str, &str) = ("SOURCE_DATE_EPOCH", "1700000000");

pub(crate) struct Case {
    pub(crate) tool: &'static str,
    pub(crate) name: String,
    files: BTreeMap<String, String>,
    text: BTreeMap<String, String>,
    pub(crate) with: BTreeMap<String, String>,
    /// Variables of the step.
    pub(crate) env: BTreeMap<String, String>,
    /// The Balena it deploys to.
    balena: Option<BTreeMap<String, String>>,
}

impl Case {
    /// The names of a tool's cases.
    pub(crate) fn names(tool: &str) -> Vec<String> {
        let folder = root().join("tests/cases").join(tool);
        let mut names: Vec<String> = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}; every tool has cases", folder.display()))
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The cases of a tool.
    pub(crate) fn of(tool: &'static str) -> Vec<Self> {
        Self::names(tool).iter().map(|name| Self::named(tool, name)).collect()
    }

    /// One of them.
    pub(crate) fn named(tool: &'static str, name: &str) -> Self {
        let folder = root().join("tests/cases").join(tool).join(name);
        Self::load(tool, &folder)
    }

    /// Whether the case is there to set every input, of the tool or of one of its commands.
    pub(crate) fn sets_all(&self) -> bool {
        self.name.starts_with("all-inputs")
    }

    /// The case to try an input in: the one that passes, or that of the command the input belongs to.
    pub(crate) fn with_input(tool: &'static str, input: &str) -> Self {
        let pass = Self::named(tool, "pass");
        if pass.with.contains_key(input) || !pass.with.contains_key("command") {
            return pass;
        }
        Self::of(tool)
            .into_iter()
            .find(|case| case.sets_all() && case.with.contains_key(input))
            .unwrap_or(pass)
    }

    fn load(tool: &'static str, folder: &Path) -> Self {
        let path = folder.join("case.toml");
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut tables: BTreeMap<String, BTreeMap<String, String>> =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let mut case = Self {
            tool,
            name,
            files: tables.remove("files").unwrap_or_default(),
            text: tables.remove("text").unwrap_or_default(),
            with: tables.remove("with").unwrap_or_default(),
            env: tables.remove("env").unwrap_or_default(),
            balena: tables.remove("balena"),
        };
        let secrets = tables.remove("secrets").unwrap_or_default();
        case.env.extend(secrets.into_iter().map(|(name, from)| (name, base64_of(&root().join(from)))));
        assert!(tables.is_empty(), "{}: unknown tables {:?}", path.display(), tables.keys());
        case
    }

    /// Puts the files of the case into a folder.
    pub(crate) fn fill(&self, workspace: &Path) {
        let files = self.files.iter().map(|(to, from)| {
            let from = root().join(from);
            (to, std::fs::read(&from).unwrap_or_else(|error| panic!("{}: {error}", from.display())))
        });
        let text = self.text.iter().map(|(to, text)| (to, text.clone().into_bytes()));
        for (to, bytes) in files.chain(text) {
            let path = workspace.join(to);
            if let Ok(there) = std::fs::read(&path) {
                assert!(there == bytes, "{to} of {}/{} is another case's as well", self.tool, self.name);
            }
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, bytes).expect("written");
        }
    }

    /// Starts what the case needs beside its files, and gives the variables of the step as they are then.
    pub(crate) fn serve(&self) -> (Option<Stub>, BTreeMap<String, String>) {
        let mut env = self.env.clone();
        let stub = self.balena.as_ref().map(|wanted| {
            let stub = balena(wanted);
            env.insert("BALENARC_API_URL".to_owned(), stub.api_url());
            env.insert("BALENARC_BUILDER_URL".to_owned(), stub.builder_url());
            env.entry("BALENA_TOKEN".to_owned()).or_insert_with(|| stub.token().to_owned());
            // The loopback of a container is its own, and plain HTTP goes nowhere else.
            env.insert("LW_NETWORK".to_owned(), "host".to_owned());
            stub
        });
        (stub, env)
    }

    /// Whether what the run says besides its outputs depends on how long the machine takes.
    pub(crate) fn is_timed(&self) -> bool {
        self.balena.is_some()
    }

    pub(crate) fn with(&self) -> Vec<(&str, &str)> {
        self.with.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// The inputs as a command line: the command, then a flag for each line of each input, or the line alone where the command
    /// has no flag for it.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let entry = lw::TOOLS.iter().find(|entry| entry.name == self.tool).expect("a tool of the suite");
        let whole = entry.command();
        let command = self.with.get("command");
        let own = command.and_then(|name| whole.find_subcommand(name)).unwrap_or(&whole);
        let is_bare =
            |name: &str| own.get_positionals().any(|arg| arg.get_id().as_str().replace('_', "-") == name);
        let given = self.with.iter().filter(|(name, _)| *name != "command");
        let given = given.flat_map(|(name, value)| {
            value
                .lines()
                .map(move |line| if is_bare(name) { line.to_owned() } else { format!("--{name}={line}") })
        });
        command.cloned().into_iter().chain(given).collect()
    }
}

/// A Balena whose time passes with each request, so that nobody waits for it, and whose devices are quick.
pub(crate) fn balena(wanted: &BTreeMap<String, String>) -> Stub {
    let value = |name: &str| wanted.get(name).map(String::as_str);
    let mut config = Config::default();
    if let Some(user) = value("user") {
        config.user = user.to_owned();
    }
    let stub = Stub::start(config);
    let fleet = stub.add_fleet(value("fleet").unwrap_or("fleet1"));
    let seconds = std::time::Duration::from_secs;
    if let Some(before) = value("before") {
        stub.add_release(fleet, &Release::last(before));
        stub.advance(seconds(60));
    }
    stub.add_release(fleet, &Release::last(value("release").expect("a release")));
    let device = Device { poll: seconds(30), download: seconds(5), apply: seconds(1), ..Device::default() };
    let count = value("devices").map_or(1, |count| count.parse().expect("a number of devices"));
    let devices = stub.add_devices(fleet, count, &device);
    stub.advance(seconds(120));
    let outcome = match value("outcome") {
        None => None,
        Some("rejects") => Some(Outcome::Rejects),
        Some("aborts") => Some(Outcome::Aborts),
        Some(other) => panic!("no outcome {other}"),
    };
    if let Some(draft) = value("draft") {
        let draft = stub.add_release(fleet, &Release::draft(draft));
        if let Some(outcome) = outcome {
            stub.set_release_rate(draft, 1.0, outcome);
        }
    }
    if let Some(outcome) = outcome {
        stub.set_rate_of_new_releases(1.0, outcome);
    }
    if let Some(span) = value("offline-seconds") {
        stub.set_online(devices[0], false);
        stub.advance(seconds(span.parse().expect("a number of seconds")));
    }
    stub.set_flow(Flow::PerRequest(seconds(2)));
    stub
}

/// A file in Base64, in one line, as people keep a key in the secrets of a CI.
fn base64_of(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    <base64ct::Base64 as base64ct::Encoding>::encode_string(&bytes)
}

/// A repository as a job has it checked out: some levels below the folder that is removed in the end, so that a path
/// with `..` in it still stays inside.
pub(crate) struct Workspace {
    checkout: PathBuf,
    _folder: tempfile::TempDir,
}

impl Workspace {
    /// With the files of these cases.
    pub(crate) fn of(cases: &[&Case]) -> Self {
        let folder = tempfile::Builder::new().prefix("lw-work-").tempdir().expect("a folder");
        // Containers and actions run as other users.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("readable");
        let workspace = Self { checkout: folder.path().join("work/app/app"), _folder: folder };
        std::fs::create_dir_all(workspace.path()).expect("a folder");
        for case in cases {
            case.fill(workspace.path());
        }
        workspace
    }

    pub(crate) fn path(&self) -> &Path {
        &self.checkout
    }

    /// Makes it a repository of one commit, the same one each time.
    pub(crate) fn commit(&self) {
        for args in [
            "init --quiet --initial-branch main",
            "remote add origin https://github.com/octo-org/app",
            "add --all --force",
            "commit --quiet --message start",
        ] {
            must(
                Command::new("git")
                    .args(["-c", "user.name=octocat", "-c", "user.email=octocat@example.org"])
                    .args(["-c", "core.autocrlf=false", "-c", "commit.gpgsign=false"])
                    .args(args.split(' '))
                    .env("GIT_AUTHOR_DATE", "1700000000 +0000")
                    .env("GIT_COMMITTER_DATE", "1700000000 +0000")
                    .current_dir(self.path()),
            );
        }
    }

    pub(crate) fn head(&self) -> String {
        must(Command::new("git").args(["rev-parse", "HEAD"]).current_dir(self.path())).trim().to_owned()
    }
}

/// The outputs an action declares, in order.
pub(crate) fn outputs_of(action: &Path) -> Vec<String> {
    Manifest::load(action).expect("an action").outputs.into_iter().map(|(name, _)| name).collect()
}

/// The environment of [`READ`], for the step of this id.
pub(crate) fn read_env(step: &str, outputs: &[String]) -> Vec<(String, String)> {
    let mut env = vec![
        ("OUTCOME".to_owned(), format!("${{{{ steps.{step}.outcome }}}}")),
        ("NAMES".to_owned(), outputs.join(" ")),
    ];
    env.extend(outputs.iter().enumerate().map(|(index, name)| {
        (format!("OUT_{}", index + 1), format!("${{{{ steps.{step}.outputs.{name} }}}}"))
    }));
    env
}

/// What a later step, the page of the run and the files' view see of an action's step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// What [`READ`] printed.
    pub(crate) read: String,
    /// `error title=…,file=…,line=…: message`.
    pub(crate) annotations: Vec<String>,
    /// The summary.
    pub(crate) summary: String,
    /// What is another one in each run, and the word it gets.
    hidden: Vec<(String, &'static str)>,
}

impl Seen {
    pub(crate) fn new(
        read: String,
        annotations: Vec<String>,
        summary: String,
        workspace: &Path,
        head: &str,
    ) -> Self {
        let folder = workspace.to_string_lossy().into_owned();
        Self {
            read,
            annotations,
            summary,
            hidden: vec![(folder, "[workspace]"), (head.to_owned(), "[commit]")],
        }
    }

    /// Of a step of the strict runner, and of the step that read its outputs.
    pub(crate) fn strict(step: &StepResult, read: &StepResult, workspace: &Path, head: &str) -> Self {
        assert_eq!(step.lost_annotations, [], "annotations nobody will see");
        let annotations = step
            .annotations
            .iter()
            // The runner's own word on a failed script, which act leaves out.
            .filter(|item| {
                item.title.is_some() || !item.message.starts_with("Process completed with exit code")
            })
            .map(|item| {
                let kind = match item.kind {
                    Kind::Error => "error",
                    Kind::Warning => "warning",
                    Kind::Notice => "notice",
                };
                let number = |value: Option<i32>| value.map(|value| value.to_string());
                line(
                    kind,
                    &[
                        ("title", item.title.clone()),
                        ("file", item.file.clone()),
                        ("line", number(item.line)),
                        ("endLine", number(item.end_line.filter(|end| Some(*end) != item.line))),
                        ("col", number(item.column)),
                        ("endColumn", number(item.end_column.filter(|end| Some(*end) != item.column))),
                    ],
                    &item.message,
                )
            })
            .collect();
        Self::new(read.log.clone(), annotations, step.summary.clone(), workspace, head)
    }
}

/// An annotation as one line.
pub(crate) fn line(kind: &str, properties: &[(&str, Option<String>)], message: &str) -> String {
    let properties: Vec<String> = properties
        .iter()
        .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={value}")))
        .collect();
    format!("{kind} {}: {message}", properties.join(","))
}

impl Seen {
    /// Everything, but of the summary only what stands above its tables.
    pub(crate) fn head(&self) -> String {
        let text = self.to_string();
        let folded = ["\n<details>", "\n#### "].iter().filter_map(|mark| text.find(mark)).min();
        let end = folded.unwrap_or(text.len());
        format!("{}\n", text.get(..end).unwrap_or(&text).trim_end())
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = format!("{}== annotations\n", self.read);
        for annotation in &self.annotations {
            text.push_str(annotation);
            text.push('\n');
        }
        text.push_str("== summary\n");
        text.push_str(self.summary.trim_end());
        text.push('\n');
        for (found, word) in &self.hidden {
            text = text.replace(found, word);
        }
        f.write_str(&text)
    }
}

/// A job of the strict runner that uses a tool's action once, and reads what it said.
pub(crate) fn strict(tree: &Path, case: &Case, workspace: &Workspace, more: &[(&str, &str)]) -> Seen {
    let head = workspace.head();
    let action = tree.join(case.tool);
    let mut with = case.with();
    with.extend(more);
    let (_served, env) = case.serve();
    let mut job = Job::new(workspace.path())
        .github("sha", &head)
        .env(EPOCH.0, EPOCH.1)
        .env("LW_IMAGE", crate::engine::TAG)
        .step(&action, &with, "tool")
        .continue_on_error();
    for (name, value) in &env {
        job = job.step_env(name, value);
    }
    job = job.script("sh", READ, "read");
    for (name, value) in read_env("tool", &outputs_of(&action)) {
        job = job.step_env(&name, &value);
    }
    let result = job.run().expect("the job runs");
    let (step, read) = (result.step("tool").expect("tool"), result.step("read").expect("read"));
    assert_eq!(step.masks, Vec::<String>::new());
    Seen::strict(step, read, workspace.path(), &head)
}

/// What the strict runner sees of a case with the native binary: the measure of all other ways.
pub(crate) fn native(tree: &Tree, case: &Case) -> Seen {
    let workspace = Workspace::of(&[case]);
    workspace.commit();
    strict(tree.path(), case, &workspace, &[("runtime", "native")])
}

pub(crate) fn assert_same(case: &Case, runner: &str, seen: &Seen, native: &Seen) {
    // When each thing happened stands in the tables.
    let shown = |seen: &Seen| if case.is_timed() { seen.head() } else { seen.to_string() };
    assert_eq!(shown(seen), shown(native), "{}/{} under {runner}", case.tool, case.name);
}
