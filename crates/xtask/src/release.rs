//! The commit a release's tags point at.
//!
//! It holds the release tree alone, with the SHA-256 of every binary and the digest of the image in it, and has the
//! commit it was made from as its parent. Nothing of this machine or of the moment goes into it, so the same source and
//! the same binaries give the same commit: anybody can make it again and compare.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};

use crate::dist;

/// Every binary of a release is `lw-<target>`; the launchers look for these.
pub(crate) const TARGETS: [&str; 5] = [
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
];

/// What is known only once the binaries are built.
#[derive(clap::Args)]
pub(crate) struct Release {
    /// What `sha256sum lw-*` printed in the folder of the binaries
    #[arg(long, value_name = "FILE")]
    checksums: PathBuf,
    /// The image with its digest: ghcr.io/org/lw@sha256:…
    #[arg(long, value_name = "IMAGE")]
    image: String,
    /// The commit the binaries were built from
    #[arg(long, value_name = "COMMIT", default_value = "HEAD")]
    source: String,
    /// The commit of the release before, so that the branch of the releases only goes forward
    #[arg(long, value_name = "COMMIT")]
    previous: Option<String>,
    /// Repository the commit is made in
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    repository: PathBuf,
}

/// Makes the commit and prints its id; tags and branches are the caller's.
#[allow(clippy::print_stdout)]
pub(crate) fn run(root: &Path, release: &Release) -> anyhow::Result<()> {
    let id = commit(root, release)?;
    println!("{id}");
    Ok(())
}

fn commit(root: &Path, release: &Release) -> anyhow::Result<String> {
    let path = &release.checksums;
    let checksums = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let checksums = table(&checksums).with_context(|| path.display().to_string())?;
    let digest = release.image.rsplit_once("@sha256:").map(|(_, digest)| digest).unwrap_or_default();
    ensure!(is_sha256(digest), "{}: an image is pinned by its digest, NAME@sha256:…", release.image);

    let mut files = dist::files(root)?;
    files.insert("dist/launcher/checksums.txt".into(), checksums);
    files.insert("dist/launcher/image".into(), format!("{}\n", release.image));

    let git = Git { repository: &release.repository, index: tempfile::tempdir()? };
    let source = git.run(&["rev-parse", "--verify", &format!("{}^{{commit}}", release.source)], "")?;
    for (path, text) in &files {
        let name = path.strip_prefix("dist")?.to_string_lossy().replace('\\', "/");
        let blob = git.run(&["hash-object", "-w", "--no-filters", "--stdin"], text)?;
        let mode = if dist::PROGRAMS.contains(&name.as_str()) { "100755" } else { "100644" };
        git.run(&["update-index", "--add", "--cacheinfo", &format!("{mode},{blob},{name}")], "")?;
    }
    let tree = git.run(&["write-tree"], "")?;
    let mut args = vec!["commit-tree", tree.as_str(), "-p", source.as_str()];
    if let Some(previous) = &release.previous {
        args.extend(["-p", previous.as_str()]);
    }
    let date = git.run(&["show", "--no-patch", "--format=%ct +0000", &source], "")?;
    let message = format!("release v{}\n\nBuilt from {source}.\n", lw_cli::VERSION);
    git.commit(&args, &message, &date)
}

/// The table as the launchers read it, sorted, with every target in it.
fn table(text: &str) -> anyhow::Result<String> {
    let mut lines = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        // `sha256sum` writes `*` before the name of a file it read as binary.
        let (sum, name) = line.split_once(' ').context("a line is no `SHA-256  NAME`")?;
        let name = name.trim_start_matches([' ', '*']);
        ensure!(is_sha256(sum), "{name}: `{sum}` is no SHA-256");
        let known = |target: &&str| name == format!("lw-{target}") || name == format!("lw-{target}.exe");
        ensure!(TARGETS.iter().any(known), "{name}: not the name of a released binary");
        lines.push(format!("{sum}  {name}\n"));
    }
    lines.sort_by(|one, other| one.get(64..).cmp(&other.get(64..)));
    for target in TARGETS {
        ensure!(lines.iter().any(|line| line.contains(&format!("lw-{target}"))), "no binary for {target}");
    }
    ensure!(lines.len() == TARGETS.len(), "a binary is listed twice");
    Ok(lines.concat())
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Git in a repository, with an index of its own: that of the checkout is not touched.
struct Git<'a> {
    repository: &'a Path,
    index: tempfile::TempDir,
}

impl Git<'_> {
    fn run(&self, args: &[&str], stdin: &str) -> anyhow::Result<String> {
        self.output(Command::new("git").args(args), stdin)
    }

    fn commit(&self, args: &[&str], message: &str, date: &str) -> anyhow::Result<String> {
        let mut command = Command::new("git");
        command.args(["-c", "commit.gpgsign=false"]).args(args);
        for role in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{role}_NAME"), "lw-actions release")
                .env(format!("GIT_{role}_EMAIL"), "lw-actions@users.noreply.github.com")
                .env(format!("GIT_{role}_DATE"), date);
        }
        self.output(&mut command, message)
    }

    fn output(&self, command: &mut Command, stdin: &str) -> anyhow::Result<String> {
        let mut child = command
            .current_dir(self.repository)
            .env("GIT_INDEX_FILE", self.index.path().join("index"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("git")?;
        if let Some(mut pipe) = child.stdin.take() {
            pipe.write_all(stdin.as_bytes())?;
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("git failed: {command:?}");
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::house::root;

    fn sums(targets: &[&str]) -> String {
        let line = |target: &&str| format!("{}  lw-{target}\n", "0a".repeat(32));
        targets.iter().map(line).collect()
    }

    #[test]
    fn the_table_has_every_target_once_and_nothing_else() {
        let whole = sums(&TARGETS);
        let read = table(&whole.replace("windows-msvc", "windows-msvc.exe").replace("  lw", " *lw")).unwrap();
        assert_eq!(read.lines().count(), TARGETS.len());
        assert!(read.contains("  lw-x86_64-pc-windows-msvc.exe\n"));
        for (text, message) in [
            (sums(&TARGETS[1..]), "no binary for x86_64-unknown-linux-musl"),
            (format!("{whole}{whole}"), "listed twice"),
            (whole.replace("0a0a", "zz"), "is no SHA-256"),
            (format!("{whole}{}  other\n", "0a".repeat(32)), "not the name of a released binary"),
        ] {
            let error = table(&text).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn the_same_source_gives_the_same_commit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sums");
        fs::write(&path, sums(&TARGETS)).unwrap();
        let git = |args: &str| {
            let status =
                Command::new("git").args(args.split(' ')).current_dir(folder.path()).status().unwrap();
            assert!(status.success(), "{args}");
        };
        git("init --quiet");
        git("-c user.name=x -c user.email=x@example.org commit --quiet --allow-empty --message source");
        let mut release = Release {
            checksums: path,
            image: format!("ghcr.io/org/lw@sha256:{}", "0b".repeat(32)),
            source: "HEAD".into(),
            previous: None,
            repository: folder.path().to_owned(),
        };
        let first = commit(&root(), &release).unwrap();
        assert_eq!(commit(&root(), &release).unwrap(), first);
        release.previous = Some(first.clone());
        assert_ne!(commit(&root(), &release).unwrap(), first);
        release.image = "ghcr.io/org/lw:v1".into();
        assert!(commit(&root(), &release).unwrap_err().to_string().contains("pinned by its digest"));
    }
}
