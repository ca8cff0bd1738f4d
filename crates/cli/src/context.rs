//! What a tool sees of the outside.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use lw_ci::{CiContext, Provider};
use lw_model::{Bound, Judging, Limit, Location, Report, Unit};

use crate::args::Common;
use crate::error::{Error, ResultExt};
use crate::files::{Bytes, Files};
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
    pub(crate) files: Arc<Files>,
    root: PathBuf,
    ci: Box<dyn Provider>,
    ci_context: CiContext,
    common: Common,
    origins: Origins,
    formats: Vec<String>,
    own_formats: BTreeMap<&'static str, String>,
    outputs: Vec<(&'static str, String)>,
}

impl Context {
    pub(crate) fn new(
        host: Host,
        files: Arc<Files>,
        ci: Box<dyn Provider>,
        common: Common,
        origins: Origins,
        formats: Vec<String>,
    ) -> Self {
        let root = host.root();
        let ci_context = learn(ci.context(), &files);
        Self {
            host,
            files,
            root,
            ci,
            ci_context,
            common,
            origins,
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
        match self.files.open_replaceable(path) {
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
        specs: &[String],
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
                let (name, mut limits) = Limit::parse(bound, spec, unit, &origin.text).map_err(|error| {
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
}

/// Adds what the event file says of a pull request; a file that is gone or broken is only less to know.
fn learn(known: &CiContext, files: &Files) -> CiContext {
    let mut context = known.clone();
    let Some(path) = &known.event_path else { return context };
    let learned = files.open_of_ci(path).map_err(|error| error.to_string());
    let learned =
        learned.and_then(|event| context.learn_from_event(&event).map_err(|error| error.to_string()));
    if let Err(error) = learned {
        let text =
            format!("warning: {}: {error}; what it says of the pull request is not known\n", path.display());
        host::stderr(&lw_ci::neutralise(&text));
    }
    context
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
