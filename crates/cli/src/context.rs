//! What a tool sees of the outside.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use lw_ci::{CiContext, Provider};
use lw_model::{Bound, Judging, Limit, Location, Report, Unit};

use crate::args::{Common, Missing};
use crate::config::section::Sections;
use crate::error::{Error, ResultExt};
use crate::files::{self, Bytes, PendingFile, PendingFolder};
use crate::host::{self, Host};

/// Where a value was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `--max`, `input max` or `lw.toml`.
    pub text: String,
    /// The line, when a file set it.
    pub location: Option<Location>,
}

/// Where the values of each argument were set, by its identifier in clap.
pub(crate) type Origins = BTreeMap<String, Vec<Origin>>;

/// The outside of one run: files, configuration, baseline, CI.
pub struct Context {
    host: Host,
    root: PathBuf,
    ci: Box<dyn Provider>,
    ci_context: CiContext,
    common: Common,
    origins: Origins,
    sections: Sections,
    formats: Vec<String>,
    own_formats: BTreeMap<&'static str, String>,
    outputs: Vec<(&'static str, String)>,
}

impl Context {
    pub(crate) fn new(
        host: Host,
        (ci, ci_context): (Box<dyn Provider>, CiContext),
        common: Common,
        (origins, sections): (Origins, Sections),
        formats: Vec<String>,
    ) -> Self {
        let root = host.root();
        Self {
            host,
            root,
            ci,
            ci_context,
            common,
            origins,
            sections,
            formats,
            own_formats: BTreeMap::new(),
            outputs: Vec::new(),
        }
    }

    /// The arguments all tools share.
    #[must_use]
    pub fn common(&self) -> &Common {
        &self.common
    }

    pub(crate) fn ci(&self) -> &dyn Provider {
        &*self.ci
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// What the CI says of the run: commit, branch, pull request and its labels.
    #[must_use]
    pub fn ci_context(&self) -> &CiContext {
        &self.ci_context
    }

    /// When the run is, in seconds since 1970; `SOURCE_DATE_EPOCH` fixes it.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.host.now
    }

    /// Tells the person what takes a while. Nothing is said where nobody watches.
    pub fn progress(&self, text: &str) {
        if self.host.colour_stderr {
            host::stderr(&format!("{}\n", lw_ci::neutralise(text)));
        }
    }

    /// A path as reports name it: from the repository's root, with `/`.
    #[must_use]
    pub fn display_path(&self, path: &Path) -> String {
        let full = self.resolve(path);
        let inside = full.strip_prefix(&self.root).unwrap_or(path);
        let parts: Vec<_> = inside
            .components()
            .filter(|part| !matches!(part, Component::CurDir))
            .map(|part| part.as_os_str().to_string_lossy())
            .collect();
        parts.join("/").replacen("//", "/", 1)
    }

    /// The folder [`display_path`](Self::display_path) counts from: the root of the repository, or else where the run started.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path of the user's, seen from the folder the run started in.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.host.cwd.join(path)
    }

    /// Opens an input file.
    ///
    /// # Errors
    /// When it cannot be read, naming it.
    pub fn open(&self, path: &Path) -> Result<Bytes, Error> {
        Bytes::open(&self.resolve(path)).map_err(|error| self.unreadable(path, &error))
    }

    /// Opens an input file to be read piece by piece: the memory this takes does not depend on the file's size.
    ///
    /// # Errors
    /// When it cannot be opened, naming it.
    pub fn stream(&self, path: &Path) -> Result<File, Error> {
        let open = || {
            let file = File::open(self.resolve(path))?;
            if file.metadata()?.is_dir() {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
            }
            Ok(file)
        };
        open().map_err(|error| self.unreadable(path, &error))
    }

    /// An input file that could not be read, as an error that names it.
    #[must_use]
    pub fn unreadable(&self, path: &Path, error: &io::Error) -> Error {
        let folder = self.host.cwd.display();
        let failure = Error::input(format!("{}: {error}", path.display()));
        match error.kind() {
            io::ErrorKind::NotFound => {
                failure.hint(format!("paths are seen from {folder}; is it built, is it spelled like this?"))
            }
            _ => failure,
        }
    }

    /// The files that patterns name, in order and without repetition.
    ///
    /// A pattern with `*`, `?`, `[…]`, `{…}` or `**` may match any number of files; a plain path stands for itself.
    ///
    /// # Errors
    /// What `--missing` says of a pattern that names nothing: an error, or a note in `report`.
    pub fn expand(&self, patterns: &[String], report: &mut Report) -> Result<Vec<PathBuf>, Error> {
        let mut paths: Vec<PathBuf> = Vec::new();
        for pattern in patterns {
            let literal = PathBuf::from(pattern);
            let found = if self.resolve(&literal).exists() {
                vec![literal]
            } else if pattern.contains(['*', '?', '[', '{']) {
                self.glob(pattern)
            } else {
                Vec::new()
            };
            if found.is_empty() {
                self.missing_input(pattern, report)?;
            }
            for path in found {
                if !paths.contains(&path) {
                    paths.push(path);
                }
            }
        }
        Ok(paths)
    }

    fn glob(&self, pattern: &str) -> Vec<PathBuf> {
        let pattern = pattern.replace('\\', "/");
        let fixed = pattern.find(['*', '?', '[', '{']).and_then(|magic| pattern.get(..magic)?.rfind('/'));
        let base = fixed.and_then(|slash| pattern.get(..=slash)).unwrap_or_default();
        let mut found: Vec<PathBuf> =
            walkdir::WalkDir::new(self.resolve(Path::new(if base.is_empty() { "." } else { base })))
                .sort_by_file_name()
                .into_iter()
                .filter_map(Result::ok)
                .filter(|entry| entry.file_type().is_file() || entry.file_type().is_symlink())
                .filter_map(|entry| {
                    let path = entry.path();
                    let name = path.strip_prefix(&self.host.cwd).unwrap_or(path);
                    let name = name.strip_prefix(".").unwrap_or(name).to_string_lossy().replace('\\', "/");
                    let wanted = pattern.strip_prefix("./").unwrap_or(&pattern);
                    fast_glob::glob_match(wanted, &name).then(|| PathBuf::from(name))
                })
                .collect();
        found.sort();
        found
    }

    /// What a missing input means for this run: an error, a warning or a note.
    ///
    /// # Errors
    /// With `--missing fail`.
    pub fn missing_input(&self, input: &str, report: &mut Report) -> Result<(), Error> {
        let level = match self.common.missing {
            Missing::Fail => {
                let folder = self.host.cwd.display();
                let error = Error::input(format!("{input}: no such file"));
                return Err(error.hint(format!(
                    "paths are seen from {folder}; `--missing warn` or `skip` lets a run go on without it"
                )));
            }
            Missing::Warn => lw_model::Level::Warning,
            Missing::Skip => lw_model::Level::Note,
        };
        let rule = format!("{}/missing-input", report.tool.name);
        report.add_finding(lw_model::Finding::new(
            rule,
            level,
            input,
            format!("{input} is missing: it was not looked at"),
        ));
        Ok(())
    }

    /// The file `--baseline` names, if it is there.
    ///
    /// # Errors
    /// When it cannot be read, or is missing and `--require-baseline` is set.
    pub fn baseline(&self, report: &mut Report) -> Result<Option<(PathBuf, Bytes)>, Error> {
        let (path, required) = (self.common.baseline.as_ref(), self.common.require_baseline);
        let Some(path) = path else {
            if required {
                return Err(Error::usage("--require-baseline is set but no baseline is named")
                    .hint("add --baseline FILE"));
            }
            return Ok(None);
        };
        match Bytes::open(&self.resolve(path)) {
            Ok(bytes) => Ok(Some((path.clone(), bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !required => {
                let name = path.display();
                let rule = format!("{}/no-baseline", report.tool.name);
                report.add_finding(
                    lw_model::Finding::new(
                        rule,
                        lw_model::Level::Note,
                        "baseline",
                        format!("the baseline {name} does not exist: growth is not judged in this run"),
                    )
                    .help("run once with `--report` on the base branch and keep that file; `--require-baseline` makes this an error"),
                );
                Ok(None)
            }
            Err(error) => Err(self.unreadable(path, &error)),
        }
    }

    /// Reads limits of one kind on measures of one unit, each with where it was set.
    ///
    /// `id` is the argument's identifier in clap (`max_growth`).
    ///
    /// # Errors
    /// When one is malformed, naming its line or flag.
    pub fn limits(
        &self,
        bound: Bound,
        unit: Unit,
        id: &str,
        specs: &[impl AsRef<str>],
    ) -> Result<Vec<(String, Vec<Limit>)>, Error> {
        specs
            .iter()
            .enumerate()
            .map(|(index, spec)| {
                let origin = self.origin(id, index);
                let place = origin.location.as_ref().map_or_else(
                    || origin.text.clone(),
                    |at| at.line.map_or_else(|| at.path.clone(), |line| format!("{}:{line}", at.path)),
                );
                let (name, mut limits) = Limit::parse(bound, spec.as_ref(), unit, &origin.text).map_err(|error| {
                    Error::usage(format!("{place}: {error}")).hint(
                        "a limit is a number of bytes (150000, 64KiB), a percentage (90%), or warn:LIMIT,fail:LIMIT",
                    )
                })?;
                for limit in &mut limits {
                    limit.location.clone_from(&origin.location);
                }
                Ok((name, limits))
            })
            .collect()
    }

    /// Judges every measure of the report, as this run was told to: with `--require-baseline` a limit on growth that has
    /// no baseline fails. `permission` says why breached limits are let through, and where that was said.
    pub fn judge(&self, report: &mut Report, permission: Option<(&str, &str)>) {
        report.judge(&Judging { permission, require_baseline: self.common.require_baseline });
    }

    /// Where the `index`-th value of an argument was set.
    #[must_use]
    pub fn origin(&self, id: &str, index: usize) -> Origin {
        let origins = self.origins.get(id);
        origins
            .and_then(|all| all.get(index))
            .cloned()
            .unwrap_or_else(|| Origin { text: format!("--{}", id.replace('_', "-")), location: None })
    }

    /// A table of the tool's own in `lw.toml`, with the environment that was asked for laid over it; see
    /// [`Tool::SECTIONS`](crate::Tool::SECTIONS). `None` when no file has it.
    ///
    /// # Errors
    /// When it does not fit the type, with the line.
    pub fn section<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        self.sections.get(name)
    }

    /// Whether somebody asked for this format, on standard output or in a file.
    #[must_use]
    pub fn wants(&self, format: &str) -> bool {
        self.formats.iter().any(|wanted| wanted == format)
    }

    /// Whether anybody reads the report itself, or only a format of the tool's own is asked for: then what only the report
    /// shows need not be made.
    #[must_use]
    pub fn report_is_read(&self) -> bool {
        let summary = self.common.summary != "off" && self.ci.id() != "terminal";
        let common = self.formats.iter().any(|format| format.parse::<lw_render::Format>().is_ok());
        summary || common || self.common.report.is_some()
    }

    /// Hands over the report in a format of the tool's own; see [`Tool::FORMATS`](crate::Tool::FORMATS).
    pub fn set_format(&mut self, format: &'static str, text: String) {
        self.own_formats.insert(format, text);
    }

    pub(crate) fn own_format(&self, format: &str) -> Option<&str> {
        self.own_formats.get(format).map(String::as_str)
    }

    /// Sets one of the tool's own outputs; see [`Tool::OUTPUTS`](crate::Tool::OUTPUTS).
    pub fn output(&mut self, name: &'static str, value: impl Into<String>) {
        self.outputs.push((name, value.into()));
    }

    pub(crate) fn output_value(&self, name: &str) -> &str {
        self.outputs.iter().rev().find(|(known, _)| *known == name).map_or("", |(_, value)| value.as_str())
    }

    /// Writes a file at once or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(
        &self,
        path: &Path,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Error> {
        files::replace(&self.resolve(path), fill).map_err(|error| unwritable(path, &error))
    }

    /// Starts a file that is written piece by piece, in any order, and is there at once or not at all.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(&self, path: &Path) -> Result<PendingFile, Error> {
        PendingFile::beside(&self.resolve(path)).map_err(|error| unwritable(path, &error))
    }

    /// Starts a folder whose files are all there at once or not at all.
    ///
    /// # Errors
    /// When it cannot be made, or when there is something at `path` already.
    pub fn create_folder(&self, path: &Path) -> Result<PendingFolder, Error> {
        PendingFolder::beside(&self.resolve(path)).map_err(|error| match error.kind() {
            io::ErrorKind::DirectoryNotEmpty => {
                Error::usage(format!("{}: the folder is there and not empty", path.display()))
                    .hint("name a folder that does not exist, or an empty one")
            }
            _ => unwritable(path, &error),
        })
    }

    /// An output file that could not be written, as an error that names it.
    #[must_use]
    pub fn unwritable(&self, path: &Path, error: &io::Error) -> Error {
        unwritable(path, error)
    }

    /// Adds a line to a file, in one write.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append_line(&self, path: &Path, line: &str) -> Result<(), Error> {
        files::append(&self.resolve(path), format!("{line}\n").as_bytes())
            .map_err(|error| unwritable(path, &error))
    }
}

/// Adds what the event file says of a pull request; a file that is gone or broken is only less to know.
pub(crate) fn learn(known: &CiContext) -> CiContext {
    let mut context = known.clone();
    let Some(path) = &known.event_path else { return context };
    let learned = std::fs::read(path).map_err(|error| error.to_string());
    let learned =
        learned.and_then(|event| context.learn_from_event(&event).map_err(|error| error.to_string()));
    if let Err(error) = learned {
        let text =
            format!("warning: {}: {error}; what it says of the pull request is not known\n", path.display());
        host::stderr(&lw_ci::neutralise(&text));
    }
    context
}

pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Error {
    Error::remote(format!("{}: {error}", path.display())).context("could not write")
}

/// Reads a baseline as a report of the same tool.
///
/// # Errors
/// When it is no `lw-report/1`, or one of another tool.
pub fn baseline_report(tool: &str, path: &Path, bytes: &[u8]) -> Result<Report, Error> {
    let report: Report = serde_json::from_slice(bytes)
        .map_err(|error| {
            Error::input(error).hint("a baseline is what `--report` of the same tool wrote; was the file cut off or made by another program?")
        })
        .context(format!("{}", path.display()))?;
    if report.tool.name != tool {
        let (path, other) = (path.display(), &report.tool.name);
        return Err(Error::input(format!("{path}: it is a report of {other}, expected one of {tool}")));
    }
    Ok(report)
}
