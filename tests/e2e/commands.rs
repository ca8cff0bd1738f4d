//! The commands people are told to run, run: those of each page and of each tool's help, in a project that has what they speak
//! of, one after another as they stand.
//!
//! What a page needs is a file of its own, `tests/commands/docs-sign.toml` for `docs/sign.md`, `help-sign.toml` for the examples of
//! `lw help sign`:
//!
//! ```toml
//! setup = "…"                  # what a shell does before, in the folder of the project
//! [files]                      # path in the project = file of this repository
//! [text]                       # path in the project = its content
//! [firmware]                   # path in the project = version of the example firmware that it gets
//! [env]                        # variables
//! [secrets]                    # variable = file of the project that is its content, once the setup is done
//! [programs]                   # name = script of a program that stands in the place of another, or of one that reaches out
//! [balena]                     # a Balena on this machine, as in `case.rs`
//! [github]                     # a GitHub on this machine, and a run of its workflow: `event = "push"`, or "pull_request"
//! [[command]]                  # of a command what is not so by default: that it runs, ends with 0, and writes its files
//! begins = "lw size-gate a"
//! code = 1
//! says = "too large"
//! before = "…"                 # what somebody else does just before it
//! balena = {}                  # what of its Balena is another, for it and those behind it, which get a project anew
//! [[command]]
//! begins = "cargo build"
//! not-run = "why"              # no command is left out without a word
//! instead = "what is tested in its place"
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use lw_testkit::balena::Stub as Balena;
use lw_testkit::github::{Account, Permissions, PullSpec, RunSpec, Stub as GitHub};
use lw_testkit::{e2e_cache, for_each_at_once, required, root, skip};
use sha2::{Digest as _, Sha256};

use crate::case::balena;
use crate::docs::{commands, markdown_below};
use crate::readme::Project;
use crate::support::{Said, binary, must, say, write_program};

/// The README is run after each way to install, by `readme.rs`; what begins a page of an action is the help of its tool.
fn pages() -> Vec<(String, Vec<String>)> {
    let mut paths: Vec<PathBuf> = ["SECURITY.md", "CONTRIBUTING.md"].map(|name| root().join(name)).into();
    markdown_below(&root().join("docs"), &mut paths);
    markdown_below(&root().join("examples"), &mut paths);
    paths.sort();
    let mut pages: Vec<(String, Vec<String>)> = paths
        .iter()
        .map(|path| {
            let name = path.strip_prefix(root()).unwrap().with_extension("");
            let name = name.display().to_string().replace('/', "-");
            (name, fenced(&std::fs::read_to_string(path).unwrap()))
        })
        .collect();
    pages.extend(lw::TOOLS.iter().chain(lw::COMMANDS).map(|entry| {
        let examples = entry.guide.split_once("Examples:\n").map_or("", |(_, examples)| examples);
        (format!("help-{}", entry.name), examples.lines().map(|line| line.trim().to_owned()).collect())
    }));
    pages.retain(|(_, commands)| !commands.is_empty());
    pages
}

/// The commands of a page, those that go on in the next line as one.
fn fenced(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let (mut fence, mut goes_on) = (None, false);
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            fence = if fence.is_none() { Some(language.trim()) } else { None };
            continue;
        }
        let line = line.trim();
        if !fence.is_some_and(|language| matches!(language, "sh" | "bash" | "console" | "shell")) {
            continue;
        }
        if goes_on {
            found.last_mut().unwrap().push_str(line.trim_end_matches('\\'));
        } else if !line.is_empty() && !line.starts_with('#') {
            found.push(line.trim_start_matches("$ ").trim_end_matches('\\').to_owned());
        }
        goes_on = line.ends_with('\\');
    }
    found
}

/// What a command does that is not so by default.
#[derive(Default)]
struct Promise {
    begins: String,
    code: i32,
    says: String,
    before: String,
    /// What of its Balena is another, for it and those behind it, which get a project anew.
    anew: BTreeMap<String, String>,
    not_run: String,
}

/// What stands around the commands of a page.
#[derive(Default)]
struct Around {
    setup: String,
    tables: BTreeMap<String, BTreeMap<String, String>>,
    promises: Vec<Promise>,
}

impl Around {
    fn of(page: &str) -> Self {
        let path = root().join("tests/commands").join(format!("{page}.toml"));
        let Ok(text) = std::fs::read_to_string(&path) else { return Self::default() };
        let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut around = Self::default();
        for (key, value) in table {
            match (key.as_str(), value) {
                ("setup", toml::Value::String(script)) => around.setup = script,
                (
                    "files" | "text" | "firmware" | "env" | "secrets" | "programs" | "balena" | "github",
                    value,
                ) => {
                    around.tables.insert(key, value.try_into().unwrap());
                }
                ("command", toml::Value::Array(all)) => around.promises = all.iter().map(promise).collect(),
                _ => panic!("{}: what is {key}?", path.display()),
            }
        }
        around
    }

    fn table(&self, name: &str) -> impl Iterator<Item = (&String, &String)> {
        self.tables.get(name).into_iter().flatten()
    }
}

fn promise(table: &toml::Value) -> Promise {
    let mut promise = Promise::default();
    for (key, value) in table.as_table().unwrap() {
        let text = || value.as_str().unwrap().to_owned();
        match key.as_str() {
            "begins" => promise.begins = text(),
            "says" => promise.says = text(),
            "before" => promise.before = text(),
            "balena" => promise.anew = value.clone().try_into().unwrap(),
            "code" => promise.code = i32::try_from(value.as_integer().unwrap()).unwrap(),
            "not-run" => promise.not_run = text(),
            "instead" => assert!(!text().is_empty()),
            _ => panic!("what is {key}?"),
        }
    }
    assert!(
        promise.not_run.is_empty() || table.get("instead").is_some(),
        "{}: what is tested instead?",
        promise.begins
    );
    promise
}

/// A project with what a page speaks of.
struct Place {
    project: Project,
    lw: tempfile::TempDir,
    env: Vec<(String, String)>,
    /// The values of options of commands whose program is not installed: among them are the files they would have made.
    not_made: Vec<String>,
    _balena: Option<Balena>,
    _github: Option<GitHub>,
}

impl Place {
    fn new(around: &Around) -> Self {
        let project = Project::released();
        let lw = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(binary(), lw.path().join("lw")).unwrap();
        let write = |path: &str, bytes: &[u8]| {
            let path = project.work().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        for (to, from) in around.table("files") {
            write(to, &std::fs::read(root().join(from)).unwrap_or_else(|error| panic!("{from}: {error}")));
        }
        around.table("firmware").for_each(|(to, version)| write(to, &firmware(version)));
        around.table("text").for_each(|(to, text)| write(to, text.as_bytes()));
        for (name, script) in around.table("programs") {
            let script = script.replace("{root}", &root().display().to_string());
            write_program(&project.work().join("bin").join(name), &format!("#!/bin/sh\nset -eu\n{script}\n"));
        }
        let mut env: Vec<(String, String)> =
            around.table("env").map(|(name, value)| (name.clone(), value.clone())).collect();
        let mut set = |name: &str, value: String| env.push((name.to_owned(), value));
        let devices = around.tables.get("balena").map(|wanted| {
            let stub = balena(wanted);
            set("BALENARC_API_URL", stub.api_url());
            set("BALENARC_BUILDER_URL", stub.builder_url());
            set("BALENA_TOKEN", stub.token().to_owned());
            stub
        });
        let mut place = Self { project, lw, env, not_made: Vec::new(), _balena: devices, _github: None };
        if !around.setup.is_empty() {
            let script = around.setup.replace("{root}", &root().display().to_string());
            let said = place.run(&format!("set -x\n{script}"));
            assert_eq!(said.code, 0, "{}\n{}", said.stdout, said.stderr);
        }
        for (name, file) in around.table("secrets") {
            let secret = std::fs::read_to_string(place.project.work().join(file)).unwrap();
            place.env.push((name.clone(), secret));
        }
        if let Some(wanted) = around.tables.get("github") {
            let hub = GitHub::start();
            place.on_github(&hub, &wanted["event"]);
            place._github = Some(hub);
        }
        place
    }
}

/// The repository of a GitHub on this machine, and the token of its job.
const REPOSITORY: &str = "octo-org/app";
const TOKEN: &str = "token-of-the-job";

impl Place {
    /// A run of a workflow in a repository of which this is the commit, with a pull request and an earlier run that uploaded
    /// the project's `reports`.
    fn on_github(&mut self, hub: &GitHub, event: &str) {
        let head = must(Command::new("git").args(["rev-parse", "HEAD"]).current_dir(self.project.work()));
        let head = head.trim().to_owned();
        let reports = self.project.work().join("reports");
        let uploaded = zipped(&reports);
        let run = hub.world(|world| {
            world.add_repository(REPOSITORY);
            world.add_token(TOKEN, Account::job(REPOSITORY, Permissions::all()));
            world.add_pull(REPOSITORY, &PullSpec::from(REPOSITORY, "feature", &head));
            let run = world.add_run(REPOSITORY, &RunSpec::of_pull(REPOSITORY, "feature", &head));
            world.add_artifact(REPOSITORY, run, "lw-reports", &uploaded);
            run
        });
        let payload = self.project.work().join("home/event.json");
        let text = match event {
            "push" => format!(r#"{{"repository":{{"default_branch":"main","full_name":"{REPOSITORY}"}}}}"#),
            "pull_request" => format!(
                r#"{{"number":1,"pull_request":{{"number":1,"head":{{"sha":"{head}","ref":"feature","repo":{{"full_name":"{REPOSITORY}"}}}},"base":{{"sha":"{head}","ref":"main","repo":{{"full_name":"{REPOSITORY}"}}}}}},"repository":{{"default_branch":"main","full_name":"{REPOSITORY}"}}}}"#
            ),
            other => panic!("no event {other}"),
        };
        std::fs::write(&payload, text).unwrap();
        for (name, value) in [
            ("CI", "true"),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", event),
            ("GITHUB_EVENT_PATH", &payload.display().to_string()),
            ("GITHUB_REF", if event == "push" { "refs/heads/main" } else { "refs/pull/1/merge" }),
            ("GITHUB_SHA", &head),
            ("GITHUB_REPOSITORY", REPOSITORY),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_RUN_ID", "1000"),
            ("GITHUB_RUN_ATTEMPT", "1"),
            ("GITHUB_API_URL", &hub.api_url()),
            ("GITHUB_TOKEN", TOKEN),
            ("RUN_ID", &run.to_string()),
        ] {
            self.env.push((name.to_owned(), value.to_owned()));
        }
    }

    fn run(&self, command: &str) -> Said {
        let work = self.project.work();
        let own = e2e_cache().join("python/bin");
        let path: Vec<String> =
            [&work.join("bin"), self.lw.path(), Path::new("/usr/bin"), Path::new("/bin"), &own]
                .map(|path| path.display().to_string())
                .into();
        let mut shell = Command::new("sh");
        shell.args(["-euc", command]).current_dir(&work).env_clear().env("PATH", path.join(":"));
        shell.env("HOME", work.join("home")).envs(self.env.iter().map(|(name, value)| (name, value)));
        for role in ["AUTHOR", "COMMITTER"] {
            shell.env(format!("GIT_{role}_NAME"), "octocat");
            shell.env(format!("GIT_{role}_EMAIL"), "octocat@example.org");
        }
        say(&mut shell)
    }

    /// What is wrong with a command, if anything.
    fn try_it(&mut self, command: &str, promise: &Promise) -> Option<String> {
        if !promise.before.is_empty() {
            let said = self.run(&promise.before);
            assert_eq!(said.code, 0, "{}\n{}{}", promise.before, said.stdout, said.stderr);
        }
        let begun = SystemTime::now() - Duration::from_secs(1);
        let said = self.run(command);
        if said.code == 127 && !required() {
            self.not_made.extend(values(command));
            return skip(&format!("{command}: a program is not installed"));
        }
        let told = format!("{}{}", said.stdout, said.stderr);
        if said.code != promise.code {
            let is_there = |name: &String| self.project.work().join(name).exists();
            let missing =
                values(command).into_iter().find(|name| self.not_made.contains(name) && !is_there(name));
            if let Some(name) = missing {
                return skip(&format!("{command}: what makes {name} is not installed"));
            }
            return Some(format!("exit {} instead of {}\n{told}", said.code, promise.code));
        }
        if !told.contains(&promise.says) {
            return Some(format!("does not say {:?}\n{told}", promise.says));
        }
        if said.code != 0 {
            return None;
        }
        made_by(command).into_iter().find_map(|name| {
            let made = self
                .project
                .work()
                .join(&name)
                .metadata()
                .and_then(|made| Ok((made.len(), made.modified()?)));
            match made {
                Ok((1.., changed)) if changed >= begun => None,
                other => Some(format!("{name} was not written ({other:?})\n{told}")),
            }
        })
    }
}

/// The example firmware as its build would make it for another version: the version stands in the descriptor behind the headers
/// of the image and its first segment, and the checksum and the SHA-256 at the end are those of the changed bytes.
fn firmware(version: &str) -> Vec<u8> {
    let mut image = std::fs::read(root().join("examples/firmware/esp32c3/firmware.bin")).unwrap();
    let (descriptor, digest) = (24 + 8, image.len() - 32);
    assert_eq!(image[descriptor..descriptor + 4], 0xABCD_5432_u32.to_le_bytes());
    for index in 0..32 {
        let new = version.as_bytes().get(index).copied().unwrap_or(0);
        let old = std::mem::replace(&mut image[descriptor + 16 + index], new);
        image[digest - 1] ^= old ^ new;
    }
    let sum = Sha256::digest(&image[..digest]);
    image[digest..].copy_from_slice(&sum);
    image
}

/// A folder's JSON files as an archive.
fn zipped(folder: &Path) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut archive, &std::fs::read(&path).unwrap()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// What stands behind the options of a command.
fn values(command: &str) -> Vec<String> {
    let words = commands(command).into_iter();
    let pairs = words.flat_map(|words| words.windows(2).map(<[String]>::to_vec).collect::<Vec<_>>());
    pairs
        .filter(|pair| pair[0].starts_with('-') && !pair[1].starts_with('-'))
        .map(|mut pair| pair.swap_remove(1))
        .collect()
}

/// The files that a command says it writes.
fn made_by(command: &str) -> Vec<String> {
    let mut made = Vec::new();
    for words in commands(command) {
        for pair in words.windows(2) {
            match pair[0].as_str() {
                "--output" | "--html" | "--junit-out" | "--report" => made.push(pair[1].clone()),
                "--write" => made.push(pair[1].split_once('=').map_or("", |(_, path)| path).to_owned()),
                _ => {}
            }
        }
    }
    let redirected = command.split('>').skip(1).filter_map(|rest| rest.split_whitespace().next());
    made.extend(redirected.filter(|name| !name.contains(['\'', '"', '=', '&'])).map(str::to_owned));
    made
}

/// What is wrong with the commands of a page, and how many were run.
fn tried(page: &str, commands: &[String]) -> (usize, Vec<String>) {
    let mut around = Around::of(page);
    let mut faults: Vec<String> = around
        .promises
        .iter()
        .filter(|promise| !commands.iter().any(|command| command.starts_with(&promise.begins)))
        .map(|promise| format!("{page}: no command begins {:?}", promise.begins))
        .collect();
    let usual = Promise::default();
    let promises = std::mem::take(&mut around.promises);
    let promised = |command: &str| {
        promises.iter().find(|promise| command.starts_with(&promise.begins)).unwrap_or(&usual)
    };
    let (mut place, mut count) = (None, 0);
    for command in commands {
        let promise = promised(command);
        if !promise.not_run.is_empty() {
            continue;
        }
        if !promise.anew.is_empty() {
            around.tables.entry("balena".to_owned()).or_default().extend(promise.anew.clone());
            place = None;
        }
        let fault = place.get_or_insert_with(|| Place::new(&around)).try_it(command, promise);
        faults.extend(fault.map(|fault| format!("{page}: {command}\n    {}", fault.replace('\n', "\n    "))));
        count += 1;
    }
    (count, faults)
}

/// `LW_PAGE=docs-sign` tries one page alone.
#[test]
fn every_command_is_run_or_named_with_what_stands_in_for_it() {
    let only = crate::support::env("LW_PAGE");
    let pages: Vec<_> =
        pages().into_iter().filter(|(name, _)| only.as_ref().is_none_or(|only| only == name)).collect();
    let found = Mutex::new((0, Vec::new()));
    for_each_at_once(&pages, |(name, commands)| {
        let (count, faults) = tried(name, commands);
        let mut found = found.lock().unwrap();
        found.0 += count;
        found.1.extend(faults);
    });
    let (count, faults) = found.into_inner().unwrap();
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
    assert!(only.is_some() || count > 150, "only {count} commands were run");
}

/// A file of a page that is gone, or has no commands any more, would be read by nobody.
#[test]
fn every_file_of_commands_is_of_a_page() {
    let pages: Vec<String> = pages().into_iter().map(|(name, _)| format!("{name}.toml")).collect();
    for entry in std::fs::read_dir(root().join("tests/commands")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(pages.contains(&name), "tests/commands/{name}");
    }
}

#[test]
fn commands_and_what_they_write_are_found() {
    let text = "```sh\n# no\nlw a \\\n  --output b   # yes\n\n$ lw c > d\n```\n  ```console\n  lw e\n  ```\n```yaml\nlw f\n```\nlw g\n";
    assert_eq!(fenced(text), ["lw a --output b   # yes", "lw c > d", "lw e"]);
    assert_eq!(made_by("lw a --write html=a.html --report 'b c' 2>&1 > d"), ["a.html", "b c", "d"]);
}
