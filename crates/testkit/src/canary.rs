//! A secret whose every trace is looked for: in what a tool prints and writes, in the command lines of all it starts, in
//! the environments of its children.
//!
//! ```text
//! let canary = Canary::new(key);
//! let mut command = tool.command(folder);
//! command.args(["--key=env:KEY"]).env("KEY", canary.text());
//! canary.watch(command).folder(folder).run().assert_kept();
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use lw_secret::{Form, Secret, forms};

/// A secret to look for.
#[derive(Debug)]
pub struct Canary {
    secret: Secret,
    forms: Vec<Form>,
}

impl Canary {
    /// A secret and all its forms ([`lw_secret::forms`]).
    #[must_use]
    pub fn new(secret: impl Into<Vec<u8>>) -> Self {
        let secret = Secret::new(secret.into());
        let forms = forms(&secret);
        Self { secret, forms }
    }

    /// Looks for these bytes, too, and all their forms: the number inside a key, which no decoding of the file shows alone;
    /// a passphrase.
    #[must_use]
    pub fn and(mut self, name: &str, secret: impl Into<Vec<u8>>) -> Self {
        let more = forms(&Secret::new(secret.into()));
        self.forms
            .extend(more.into_iter().map(|form| Form { name: format!("{name}: {}", form.name), ..form }));
        self
    }

    /// The secret, for the place the tool is to read it from.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.secret.expose()
    }

    /// The secret as text.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    #[allow(clippy::unwrap_used, reason = "a panic here is a failing test")]
    pub fn text(&self) -> &str {
        self.secret.expose_text().unwrap()
    }

    /// The name of the first form that stands in some bytes, wherever these have line breaks and other white space.
    #[must_use]
    pub fn find(&self, bytes: &[u8]) -> Option<&str> {
        let squeezed: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let stands =
            |form: &&Form| contains(bytes, form.bytes.expose()) || contains(&squeezed, form.bytes.expose());
        self.forms.iter().find(stands).map(|form| form.name.as_str())
    }

    /// A command to watch. Its standard streams are taken, and its temporary files go to a folder that is searched.
    #[must_use]
    pub fn watch(&self, command: Command) -> Watch<'_> {
        Watch { canary: self, command, stdin: Vec::new(), folders: Vec::new(), allowed: BTreeSet::new() }
    }
}

fn contains(bytes: &[u8], form: &[u8]) -> bool {
    !form.is_empty() && memchr::memmem::find(bytes, form).is_some()
}

/// A run that is watched.
#[derive(Debug)]
pub struct Watch<'c> {
    canary: &'c Canary,
    command: Command,
    stdin: Vec<u8>,
    folders: Vec<PathBuf>,
    allowed: BTreeSet<PathBuf>,
}

/// Where the secret was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leak {
    /// `standard error`, `the file report.json`, `the command line of process 7 (sh)`.
    pub place: String,
    /// The form it had there.
    pub form: String,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} holds {}", self.place, self.form)
    }
}

/// What a watched run left.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it said besides.
    pub stderr: Vec<u8>,
    /// Where the secret was found.
    pub leaks: BTreeSet<Leak>,
    /// How many processes were looked at: the tool, and what it had started.
    pub processes: usize,
    /// How many files were searched.
    pub files: usize,
}

impl Watched {
    /// Fails where the secret was found anywhere.
    ///
    /// # Panics
    /// Then; the message does not repeat it.
    pub fn assert_kept(&self) {
        let leaks: Vec<String> = self.leaks.iter().map(Leak::to_string).collect();
        assert!(leaks.is_empty(), "the secret was let out:\n  {}", leaks.join("\n  "));
    }
}

impl Watch<'_> {
    /// What the tool reads on standard input.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Searches all files below a folder that the run has made or changed, also those that are gone in the end, as far as
    /// they are there for a moment.
    #[must_use]
    pub fn folder(mut self, folder: &Path) -> Self {
        self.folders.push(folder.to_owned());
        self
    }

    /// A file that may hold the secret: the key that a tool is asked to make.
    #[must_use]
    pub fn allow(mut self, file: &Path) -> Self {
        self.allowed.insert(file.to_owned());
        self
    }

    /// Runs the command to its end.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    #[allow(clippy::unwrap_used, reason = "a panic here is a failing test")]
    pub fn run(mut self) -> Watched {
        let temporary = tempfile::tempdir().unwrap();
        self.folders.push(temporary.path().to_owned());
        self.command
            .env("TMPDIR", temporary.path())
            .env("TEMP", temporary.path())
            .env("TMP", temporary.path());
        let mut search = Search {
            canary: self.canary,
            allowed: &self.allowed,
            seen: BTreeMap::new(),
            leaks: BTreeSet::new(),
        };
        search.seen = self.folders.iter().flat_map(|folder| files_below(folder)).collect();
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        let input = std::mem::take(&mut self.stdin);
        let mut pipe = child.stdin.take().unwrap();
        // A tool that does not read has no need of it.
        let writer = thread::spawn(move || pipe.write_all(&input).is_ok());
        let (stdout, stderr) = (all_of(child.stdout.take()), all_of(child.stderr.take()));
        let mut processes = BTreeSet::new();
        let mut files = 0;
        let status = loop {
            processes.extend(search.processes(child.id()));
            files += search.files(&self.folders);
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            thread::sleep(Duration::from_micros(500));
        };
        files += search.files(&self.folders);
        let (stdout, stderr) = (stdout.join().unwrap_or_default(), stderr.join().unwrap_or_default());
        let _ = writer.join();
        search.look("standard output", &stdout);
        search.look("standard error", &stderr);
        Watched {
            code: status.code(),
            stdout,
            stderr,
            leaks: search.leaks,
            processes: processes.len(),
            files,
        }
    }
}

fn all_of<R: Read + Send + 'static>(pipe: Option<R>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read so far is what there is.
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

/// What tells a file from what it was before.
type Stamp = (u64, Option<SystemTime>);

struct Search<'c> {
    canary: &'c Canary,
    allowed: &'c BTreeSet<PathBuf>,
    seen: BTreeMap<PathBuf, Stamp>,
    leaks: BTreeSet<Leak>,
}

impl Search<'_> {
    fn look(&mut self, place: &str, bytes: &[u8]) {
        if let Some(form) = self.canary.find(bytes) {
            self.leaks.insert(Leak { place: place.to_owned(), form: form.to_owned() });
        }
    }

    /// Searches the files that are new or changed, and their names; how many these were.
    fn files(&mut self, folders: &[PathBuf]) -> usize {
        let mut searched = 0;
        for (path, stamp) in folders.iter().flat_map(|folder| files_below(folder)) {
            if self.seen.insert(path.clone(), stamp) == Some(stamp) || self.allowed.contains(&path) {
                continue;
            }
            searched += 1;
            let place = path.display().to_string();
            self.look("the name of a file", place.as_bytes());
            // One that is gone again cannot be read.
            if let Ok(bytes) = fs::read(&path) {
                self.look(&format!("the file {place}"), &bytes);
            }
        }
        searched
    }

    /// Searches the command lines of a process and of all below it, and the environments of those below.
    fn processes(&mut self, tool: u32) -> Vec<u32> {
        let all = family(tool);
        for id in &all {
            let folder = PathBuf::from(format!("/proc/{id}"));
            let name = fs::read_to_string(folder.join("comm")).unwrap_or_default();
            let name = name.trim();
            if let Ok(line) = fs::read(folder.join("cmdline")) {
                self.look(&format!("the command line of process {id} ({name})"), &line);
            }
            // The tool may be given the secret there; nobody else is.
            // Asked before they are read: a fork may become another program between the two, with an environment of its own.
            if *id != tool
                && !is_fork_of(*id, tool)
                && let Ok(variables) = fs::read(folder.join("environ"))
            {
                self.look(&format!("the environment of process {id} ({name})"), &variables);
            }
        }
        all
    }
}

/// Whether a process is a fork of the tool that has not become another program yet, and still has its environment.
fn is_fork_of(id: u32, tool: u32) -> bool {
    let program = |id: u32| fs::read_link(format!("/proc/{id}/exe")).ok();
    program(id).is_none_or(|program_of_child| Some(program_of_child) == program(tool))
}

/// A process and all that it, and they, have started, where there is a `/proc`.
fn family(first: u32) -> Vec<u32> {
    let mut found = vec![first];
    let mut index = 0;
    while let Some(id) = found.get(index).copied() {
        index += 1;
        let Ok(tasks) = fs::read_dir(format!("/proc/{id}/task")) else { continue };
        for task in tasks.flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            found.extend(children.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
        }
    }
    found
}

fn files_below(folder: &Path) -> Vec<(PathBuf, Stamp)> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        if metadata.is_dir() {
            found.extend(files_below(&path));
        } else if metadata.is_file() {
            found.push((path, (metadata.len(), metadata.modified().ok())));
        }
    }
    found
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";

    /// Where a script lets the key in `$KEY` out.
    #[allow(clippy::unwrap_used, reason = "a panic here is a failing test")]
    fn leaks(script: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("key.pem"), KEY).unwrap();
        let canary = Canary::new(KEY).and("the passphrase", "correct horse");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).current_dir(folder.path()).env_clear();
        command.env("KEY", canary.text()).env("PATH", "/usr/bin:/bin").env("PASSPHRASE", "correct horse");
        let watched = canary.watch(command).folder(folder.path()).run();
        assert!(watched.processes > 0 && watched.code.is_some());
        let here = folder.path().display().to_string();
        let shown = |leak: &Leak| {
            // Numbers of processes and names of folders differ.
            let text = leak.to_string().replace(&here, "HERE");
            text.chars().filter(|c| !c.is_ascii_digit()).collect()
        };
        watched.leaks.iter().map(shown).collect()
    }

    #[test]
    fn a_tool_that_keeps_its_secret_is_clean() {
        let found = leaks(
            "unset KEY PASSPHRASE; cat key.pem >/dev/null; echo fine; echo fine >&2; echo fine >report; sleep 0.1",
        );
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn every_way_out_is_watched() {
        for (script, place) in [
            ("echo \"bad key: $KEY\"", "standard output"),
            ("echo \"$KEY\" | base64 >&2", "standard error"),
            ("echo \"$KEY\" >report", "the file HERE/report"),
            ("mkdir -p a/b; echo \"$KEY\" | tr -d '\\n' >a/b/c", "the file HERE/a/b/c"),
            ("echo \"$KEY\" >>key.pem", "the file HERE/key.pem"),
            ("echo \"$PASSPHRASE\" >pass", "the file HERE/pass"),
            // Gone in the end.
            ("echo \"$KEY\" >\"$TMPDIR/x\"; sleep 0.2; rm \"$TMPDIR/x\"", "the file"),
            ("sh -c 'sleep 0.2' \"$KEY\"; true", "the command line of process"),
            ("env -i A=\"$KEY\" sleep 0.2; true", "the environment of process"),
            // With the whole environment of the tool.
            ("sleep 0.2; true", "the environment of process"),
            ("touch \"$PASSPHRASE\"", "the name of a file"),
        ] {
            let found = leaks(script);
            assert!(found.iter().any(|leak| leak.starts_with(place)), "{script}: {found:?}");
            assert!(found.iter().all(|leak| !leak.contains("MC4C")), "{found:?}");
        }
    }

    #[test]
    fn a_file_may_be_allowed_to_hold_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let canary = Canary::new(KEY);
        let run = |allowed: &str| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", "cat >made"]).current_dir(folder.path());
            let watch = canary.watch(command).folder(folder.path()).stdin(canary.bytes());
            watch.allow(&folder.path().join(allowed)).run()
        };
        run("made").assert_kept();
        assert_eq!(run("other").leaks.len(), 1);
    }
}
