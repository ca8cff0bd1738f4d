//! Runs a command several times and says what it took.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use wait4::Wait4 as _;

/// What of this process's environment a measured command sees. A CI's own variables would change what the tools do:
/// `sign`, for one, does less in a run of which it does not know who started it.
const ENVIRONMENT: [&str; 3] = ["PATH", "HOME", "TMPDIR"];

/// A command line to measure.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    words: Vec<OsString>,
    folder: Option<PathBuf>,
    /// Removed before each run, so that none finds what the last one wrote.
    output: Option<PathBuf>,
}

impl Line {
    pub(crate) fn new<T: AsRef<OsStr>>(words: impl IntoIterator<Item = T>) -> Self {
        Self {
            words: words.into_iter().map(|word| word.as_ref().to_owned()).collect(),
            folder: None,
            output: None,
        }
    }

    /// The same command line with more words.
    pub(crate) fn with<T: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = T>) -> Self {
        let mut line = self.clone();
        line.words.extend(words.into_iter().map(|word| word.as_ref().to_owned()));
        line
    }

    /// The same command line, run in a folder.
    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// The same command line, with a folder or file it makes anew.
    pub(crate) fn making(mut self, output: &Path) -> Self {
        self.output = Some(output.to_owned());
        self
    }

    fn command(&self) -> Result<Command> {
        let [program, words @ ..] = &self.words[..] else { bail!("an empty command line") };
        let mut command = Command::new(program);
        command.env_clear();
        command.envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command)
    }

    /// What the command prints, or nothing when it cannot be run.
    pub(crate) fn output(&self) -> Option<String> {
        let output = self.command().ok()?.stdout(Stdio::piped()).stderr(Stdio::piped()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.words.iter().map(|word| word.to_string_lossy()).collect();
        f.write_str(&words.join(" "))
    }
}

/// The command of a tool, by its own binary or the multi-call binary `lw`, which needs the name of the tool.
pub(crate) fn multicall(binary: &Path, tool: &str) -> Line {
    // Lines may run in another folder.
    let line = Line::new([std::path::absolute(binary).unwrap_or_else(|_| binary.to_owned())]);
    if binary.file_stem().is_some_and(|stem| stem == "lw") { line.with([tool]) } else { line }
}

/// What a command took, over several runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// Median wall time.
    pub(crate) median: Duration,
    /// Shortest wall time.
    pub(crate) min: Duration,
    /// User and system CPU time of the median run.
    pub(crate) cpu: Duration,
    /// Largest resident set over all runs, in bytes.
    pub(crate) peak: u64,
}

impl Cost {
    /// What some runs took together; `None` when there was no run.
    pub(crate) fn of(mut runs: Vec<Run>) -> Option<Self> {
        runs.sort_by_key(|run| run.wall);
        let peak = runs.iter().map(|run| run.peak).max()?;
        let (first, middle) = (runs.first()?, runs.get(runs.len() / 2)?);
        Some(Self { median: middle.wall, min: first.wall, cpu: middle.cpu, peak })
    }
}

/// Runs a command `runs` times.
///
/// # Errors
/// When it cannot be started or does not succeed: a failed run says nothing.
pub(crate) fn measure(line: &Line, runs: usize) -> Result<Cost> {
    let taken = (0..runs).map(|_| once(line)).collect::<Result<Vec<_>>>()?;
    Cost::of(taken).with_context(|| format!("no run of {line}"))
}

/// What one run took.
pub(crate) struct Run {
    pub(crate) wall: Duration,
    /// User and system time.
    pub(crate) cpu: Duration,
    /// The largest resident set, in bytes.
    pub(crate) peak: u64,
}

/// Runs a command once.
///
/// # Errors
/// When it cannot be started or does not succeed: a failed run says nothing.
///
/// The peak is the kernel's for this child. A child inherits the peak of its parent at the fork, so this process
/// must stay small: inputs are generated piece by piece, or in a process of their own.
pub(crate) fn once(line: &Line) -> Result<Run> {
    if let Some(output) = line.output.as_ref().filter(|output| output.exists()) {
        let removed = if output.is_dir() { fs::remove_dir_all(output) } else { fs::remove_file(output) };
        removed.with_context(|| format!("failed to remove {}", output.display()))?;
    }
    let start = Instant::now();
    let used = line.command()?.spawn().with_context(|| format!("failed to start {line}"))?.wait4()?;
    let wall = start.elapsed();
    if !used.status.success() {
        bail!("{line}: {}", used.status);
    }
    Ok(Run { wall, cpu: used.rusage.utime + used.rusage.stime, peak: used.rusage.maxrss })
}
