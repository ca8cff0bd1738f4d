//! Repositories for tests: scratch ones, and random ones with everything that makes a diff hard to read.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A repository in a temporary folder, with nothing of this machine's configuration.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Scratch {
    /// An empty repository whose branch is `main`.
    ///
    /// # Panics
    /// When git is not there, like every method of this type.
    #[must_use]
    #[allow(clippy::expect_used)]
    pub fn new() -> Self {
        let scratch = Self { folder: tempfile::tempdir().expect("no temporary folder") };
        scratch.git(&["init", "--quiet", "--initial-branch=main"]);
        scratch
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs git in it and returns what it printed.
    pub fn git(&self, arguments: &[&str]) -> Vec<u8> {
        self.git_with(arguments, b"")
    }

    /// Writes files and commits all there is.
    #[allow(clippy::expect_used)]
    pub fn commit(&self, files: &[(&str, &str)]) {
        for (path, content) in files {
            let path = self.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a file")).expect("no folder");
            std::fs::write(path, content).expect("cannot write");
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message=change"]);
    }

    #[allow(clippy::expect_used)]
    fn git_with(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut child = command(self.path())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("git is not on PATH");
        child.stdin.take().expect("piped").write_all(input).expect("git does not read");
        let output = child.wait_with_output().expect("git does not end");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {complaint}");
        output.stdout
    }
}

/// git in a folder, with nothing of this machine's configuration.
#[must_use]
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder);
    for (name, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "test"),
        ("GIT_AUTHOR_EMAIL", "test@localhost"),
        ("GIT_COMMITTER_NAME", "test"),
        ("GIT_COMMITTER_EMAIL", "test@localhost"),
        ("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z"),
        ("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z"),
    ] {
        command.env(name, value);
    }
    command
}

/// An empty repository in a folder that keeps its references as a reftable, which git can since 2.45.
pub fn init_reftable(folder: &Path) -> Option<()> {
    let made =
        command(folder).args(["init", "--quiet", "--ref-format=reftable"]).stderr(Stdio::null()).status();
    if made.is_ok_and(|status| status.success()) {
        Some(())
    } else {
        crate::skip("git knows no reftable before 2.45")
    }
}

/// The major and the minor version of git on PATH; zeros where it does not say them.
#[must_use]
pub fn version() -> (u32, u32) {
    let said = Command::new("git").arg("version").output().map(|output| output.stdout).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let mut numbers = said.split([' ', '.']).filter_map(|word| word.trim().parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Random numbers that are the same for the same seed (xorshift64*).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Numbers of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`; 0 when that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(value).unwrap_or(0).checked_rem(end).unwrap_or(0)
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items.get(self.below(items.len())).copied().unwrap_or_default()
    }
}

/// A file of a random tree.
#[derive(Clone, Debug, PartialEq, Eq)]
enum File {
    Text(Vec<u8>),
    Link(String),
    Submodule(u64),
}

type Tree = BTreeMap<String, File>;

/// Lines as programs have them: many are alike, which makes a diff ambiguous.
fn line(random: &mut Random) -> String {
    let indent = random.pick(&["", "    ", "        ", "\t", "\t\t"]);
    let text = random.pick(&["}", "{", "", "return;", "else", "end", "// ---", "i += 1;", "break;", "#"]);
    if random.once_in(3) {
        format!("{indent}call_{}();", random.below(40))
    } else {
        format!("{indent}{text}")
    }
}

fn text(random: &mut Random) -> Vec<u8> {
    let end = random.pick(&["\n", "\n", "\n", "\r\n"]);
    let most = if random.once_in(4) { 160 } else { 30 };
    let count = random.below(most);
    let mut text: String = (0..count).map(|_| line(random) + end).collect();
    if random.once_in(6) {
        text.push_str("last line without an end");
    }
    if random.once_in(12) {
        text.insert(0, '\0');
    }
    text.into_bytes()
}

/// Some lines changed, added, taken away, moved, repeated or with other line ends.
fn edit(random: &mut Random, content: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> =
        content.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    for _ in 0..=random.below(6) {
        let at = random.below(lines.len() + 1);
        match random.below(7) {
            0 | 1 => lines.insert(at, (line(random) + "\n").into_bytes()),
            2 if at < lines.len() => {
                lines.remove(at);
            }
            3 if at < lines.len() => {
                let count = 1 + random.below(4).min(lines.len() - at - 1);
                let copy: Vec<_> = lines.iter().skip(at).take(count).cloned().collect();
                let target = random.below(lines.len() + 1);
                lines.splice(target..target, copy);
            }
            4 if at < lines.len() => {
                let moved = lines.remove(at);
                let target = random.below(lines.len() + 1);
                lines.insert(target, moved);
            }
            5 if random.once_in(8) => {
                for line in &mut lines {
                    if let [text @ .., b'\r', b'\n'] = line.as_slice() {
                        *line = [text, b"\n"].concat();
                    } else if let [text @ .., b'\n'] = line.as_slice() {
                        *line = [text, b"\r\n"].concat();
                    }
                }
            }
            _ => {
                if let Some(old) = lines.get_mut(at) {
                    *old = (line(random) + "\n").into_bytes();
                }
            }
        }
    }
    lines.concat()
}

fn name(random: &mut Random) -> String {
    let folder = random.pick(&["", "src/", "src/deep/er/", "b/", "a/b/", "näh/", "with space/"]);
    let stem = random.pick(&[
        "main",
        "né w",
        "quo\"te",
        "back\\slash",
        "tab\there",
        "util",
        "日本",
        "-dash",
        "test_x",
    ]);
    let ending = random.pick(&[".c", ".py", ".rs", ""]);
    format!("{folder}{stem}{}{ending}", random.below(3))
}

fn evolve(random: &mut Random, tree: &mut Tree) {
    for _ in 0..=random.below(8) {
        let index = random.below(tree.len());
        let path = tree.keys().nth(index).cloned();
        match (random.below(10), path) {
            (0 | 1, _) | (_, None) => {
                let file = match random.below(10) {
                    0 => File::Link(format!("target{}", random.below(3))),
                    1 => File::Submodule(random.below(9) as u64),
                    _ => File::Text(text(random)),
                };
                put(tree, name(random), file);
            }
            (2, Some(path)) => {
                tree.remove(&path);
            }
            (3..=5, Some(path)) => {
                // A rename, with or without an edit.
                if let Some(file) = tree.remove(&path) {
                    let file = match file {
                        File::Text(content) if !random.once_in(3) => File::Text(edit(random, &content)),
                        other => other,
                    };
                    put(tree, name(random), file);
                }
            }
            (_, Some(path)) => {
                let changed = match tree.get(&path) {
                    Some(File::Text(content)) => File::Text(edit(random, content)),
                    Some(File::Submodule(id)) => File::Submodule(id + 1),
                    _ => File::Text(text(random)),
                };
                tree.insert(path, changed);
            }
        }
    }
}

/// Adds a file unless a folder is where it would stand, or a file where its folder would.
fn put(tree: &mut Tree, path: String, file: File) {
    let inside =
        |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    if !tree.keys().any(|other| inside(other, &path) || inside(&path, other)) {
        tree.insert(path, file);
    }
}

fn quoted(path: &str) -> String {
    let mut out = String::from("\"");
    for byte in path.bytes() {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            0x20..=0x7e => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\{byte:03o}");
            }
        }
    }
    out + "\""
}

fn commit(stream: &mut Vec<u8>, branch: &str, mark: usize, parent: Option<usize>, tree: &Tree) {
    let mut head = format!("commit refs/heads/{branch}\nmark :{mark}\n");
    let _ = writeln!(head, "committer test <test@localhost> {} +0000\ndata 6\nchange", 1_700_000_000 + mark);
    if let Some(parent) = parent {
        let _ = writeln!(head, "from :{parent}");
    }
    stream.extend_from_slice(head.as_bytes());
    stream.extend_from_slice(b"deleteall\n");
    for (path, file) in tree {
        let path = quoted(path);
        let (mode, content) = match file {
            File::Text(content) => ("100644", content.as_slice()),
            File::Link(target) => ("120000", target.as_bytes()),
            File::Submodule(id) => {
                stream.extend_from_slice(format!("M 160000 {id:040x} {path}\n", id = id + 1).as_bytes());
                continue;
            }
        };
        stream.extend_from_slice(format!("M {mode} inline {path}\ndata {}\n", content.len()).as_bytes());
        stream.extend_from_slice(content);
        stream.push(b'\n');
    }
}

impl Scratch {
    /// A repository with two branches, `main` and `topic`, that went apart: edits, renames, CRLF, names git quotes,
    /// submodules, links and binary files. Nothing is checked out.
    #[must_use]
    pub fn random(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut base = Tree::new();
        for _ in 0..3 {
            evolve(&mut random, &mut base);
        }
        let mut stream = Vec::new();
        commit(&mut stream, "main", 1, None, &base);
        let mut topic = base.clone();
        evolve(&mut random, &mut topic);
        commit(&mut stream, "topic", 2, Some(1), &topic);
        evolve(&mut random, &mut topic);
        commit(&mut stream, "topic", 3, Some(2), &topic);
        evolve(&mut random, &mut base);
        commit(&mut stream, "main", 4, Some(1), &base);
        let scratch = Self::new();
        scratch.git_with(&["fast-import", "--quiet"], &stream);
        scratch
    }
}
