//! What a tool sees of the outside.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use lw_ci::{CiContext, Provider, Trust};
use lw_model::lists::sort_by;
use lw_model::{Artifact, Class, Finding, Level, Location, Report};

use crate::args::Common;
use crate::clock::Clock;
use crate::config::section::Sections;
use crate::error::Error;
use crate::files::Files;
use crate::host::{self, Host};
use crate::progress::{Display, Progress};
use crate::store::{Baselines, Keeps, Located};
use crate::tool::Entry;

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
    pub(crate) entry: Entry,
    host: Host,
    pub(crate) files: Arc<Files>,
    root: PathBuf,
    ci: Arc<dyn Provider>,
    ci_context: CiContext,
    common: Common,
    origins: Origins,
    sections: Sections,
    formats: Vec<String>,
    own_formats: BTreeMap<&'static str, String>,
    diagrams: Vec<(&'static str, String)>,
    outputs: Vec<(&'static str, String)>,
    /// For the environment of later steps.
    variables: Vec<lw_ci::Output>,
    figures: Vec<String>,
    exit: Option<u8>,
    /// Of each error that did not end the run, whose it is to mend.
    errors: Mutex<Vec<Class>>,
    artifacts: Mutex<Vec<Artifact>>,
    /// What the edge found out for the report, while the tool had it.
    findings: Mutex<Vec<Finding>>,
    /// What was read of sources that can be read only once, and as what.
    pub(crate) secrets_read: Mutex<BTreeMap<String, String>>,
    /// The file each subject was made from, where it lies in the repository.
    subject_files: Mutex<Vec<(Option<String>, String)>>,
    /// Measures the baseline counts in another way.
    pub(crate) changed_meanings: Mutex<BTreeSet<String>>,
    pub(crate) baselines: Baselines,
    /// What the store has to compare with, or why it has nothing: looked up once.
    pub(crate) located: OnceLock<Result<Located, String>>,
    /// Where the run's report is kept, or why it is not: worked out once.
    pub(crate) keeps: OnceLock<Keeps>,
    /// Commit of the report out of the store that was compared with.
    pub(crate) baseline_commit: OnceLock<String>,
    /// Name under which the run's report was kept.
    pub(crate) kept: OnceLock<String>,
}

impl Context {
    pub(crate) fn new(
        entry: Entry,
        host: Host,
        files: Arc<Files>,
        (ci, ci_context): (Box<dyn Provider>, CiContext),
        (common, baselines): (Common, Baselines),
        (origins, sections): (Origins, Sections),
        formats: Vec<String>,
    ) -> Self {
        let root = host.root();
        Self {
            entry,
            host,
            files,
            root,
            ci: ci.into(),
            ci_context,
            common,
            origins,
            sections,
            formats,
            own_formats: BTreeMap::new(),
            diagrams: Vec::new(),
            outputs: Vec::new(),
            variables: Vec::new(),
            figures: Vec::new(),
            exit: None,
            errors: Mutex::default(),
            artifacts: Mutex::default(),
            findings: Mutex::default(),
            secrets_read: Mutex::default(),
            subject_files: Mutex::default(),
            changed_meanings: Mutex::default(),
            baselines,
            located: OnceLock::new(),
            keeps: OnceLock::new(),
            baseline_commit: OnceLock::new(),
            kept: OnceLock::new(),
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

    /// Whether the run may be trusted with secrets: not when it is of a fork, of Dependabot, or of an event that anybody can
    /// cause. What signs or uploads does so on trusted runs only.
    #[must_use]
    pub fn trust(&self) -> &Trust {
        &self.ci_context.trust
    }

    /// When the run is, in seconds since 1970; `SOURCE_DATE_EPOCH` fixes it.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.host.now
    }

    /// The time that passes during the run: what a tool waits by, and is told to stop by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.host.clock
    }

    /// The time that stands for the run's where its outputs have to be the same on any day: `SOURCE_DATE_EPOCH`
    /// (<https://reproducible-builds.org/specs/source-date-epoch/>), in seconds since 1970.
    #[must_use]
    pub fn source_date(&self) -> Option<u64> {
        self.host.var("SOURCE_DATE_EPOCH")?.trim().parse().ok()
    }

    /// Tells of work that takes a while, at once and until the result is dropped: a bar on a terminal, a line every five
    /// seconds in the log of a CI, nothing where nobody watches or where the work is done sooner.
    ///
    /// `total` is how much there is to [`advance`](Progress::advance), where that is known.
    #[must_use]
    pub fn progress(&self, title: &str, total: Option<u64>) -> Progress {
        Progress::start(title, total, Display::real(&self.host, &*self.ci))
    }

    /// Says a line of a long run on standard error, at once: what a remote build says, what is done next. Any text may be given; what
    /// a CI would take for a command in it is made harmless.
    pub fn say(&self, line: &str) {
        let line = line.replace(|c: char| c.is_control(), " ");
        host::stderr(&lw_ci::neutralise(&format!("{line}\n")));
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

    /// Says in the report what could not be done, and lets the run go on: one bad file of three does not hide the two
    /// good ones. The verdict is `error` then, whatever else is found.
    pub fn record_error(&self, report: &mut Report, error: &Error) {
        if let Ok(mut errors) = self.errors.lock() {
            errors.push(error.class());
        }
        let unquoted = self.files.without_quotes(error);
        let error = unquoted.as_ref().unwrap_or(error);
        let _ = host::print_error(error);
        let message = error.message();
        let rule = format!("{}/error", report.tool.name);
        let finding = Finding::new(rule, Level::Error, &message, message.clone());
        report.add_error(match error.advice() {
            Some(advice) => finding.help(advice),
            None => finding,
        });
    }

    /// Notes a finding of the edge itself, for the report that the tool has at present.
    pub(crate) fn note(&self, finding: Finding) {
        if let Ok(mut findings) = self.findings.lock() {
            findings.push(finding);
        }
    }

    /// The findings that were noted.
    pub(crate) fn take_noted(&self) -> Vec<Finding> {
        self.findings.lock().map(|mut findings| std::mem::take(&mut *findings)).unwrap_or_default()
    }

    /// Who has to act on the first error of the run.
    pub(crate) fn first_error(&self) -> Option<Class> {
        self.errors.lock().ok()?.first().copied()
    }

    /// Adds a number everybody wants to see to the headline, whatever the outcome: `image 812,032 B`.
    pub fn figure(&mut self, text: impl Into<String>) {
        self.figures.push(text.into());
    }

    /// The outcome in one line, as the edge writes it at the end.
    #[must_use]
    pub fn headline(&self, report: &Report) -> String {
        report.headline(&self.figures)
    }

    /// Ends a run that did not fail, or one that could not be done, with a code of the tool's own: an outcome, or a reason, that
    /// a caller has to tell from all others; see [`Tool::EXIT_CODES`](crate::Tool::EXIT_CODES).
    pub fn exit_with(&mut self, code: u8) {
        self.exit = Some(code);
    }

    pub(crate) fn own_exit(&self) -> Option<u8> {
        self.exit
    }

    /// Says of a file the run made what it is; those of [`write`](Self::write) are known.
    pub fn add_artifact(&self, path: &Path, sha256: &[u8], bytes: u64) {
        let sha256 = base16ct::lower::encode_string(sha256);
        let artifact = Artifact { path: self.display_path(path), sha256, bytes };
        if let Ok(mut artifacts) = self.artifacts.lock() {
            artifacts.retain(|known| known.path != artifact.path);
            artifacts.push(artifact);
        }
    }

    /// Says which file a subject of the run was made from: the first that lies in the repository counts. A code scanner is
    /// shown the findings there that name no place.
    pub fn set_subject_file(&self, subject: Option<&str>, path: &Path) {
        let Ok(inside) = self.resolve(path).strip_prefix(&self.root).map(Path::to_path_buf) else { return };
        if inside.components().any(|part| matches!(part, Component::ParentDir)) {
            return;
        }
        if let Ok(mut files) = self.subject_files.lock()
            && files.iter().all(|(known, _)| known.as_deref() != subject)
        {
            files.push((subject.map(str::to_owned), self.display_path(path)));
        }
    }

    pub(crate) fn subject_files(&self) -> Vec<(Option<String>, String)> {
        self.subject_files.lock().map(|files| files.clone()).unwrap_or_default()
    }

    /// What the run made, in the order of paths.
    pub(crate) fn artifacts(&self) -> Vec<Artifact> {
        let mut artifacts = self.artifacts.lock().map(|all| all.clone()).unwrap_or_default();
        sort_by(&mut artifacts, |a, b| a.path.cmp(&b.path));
        artifacts
    }

    /// Names of the outputs that were set.
    pub(crate) fn set_outputs(&self) -> impl Iterator<Item = &'static str> {
        self.outputs.iter().map(|(name, _)| *name)
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
        summary || common || !self.report_files().is_empty()
    }

    /// Whether anybody reads which files the run made, and what their hashes are: a report as JSON lists them.
    pub(crate) fn lists_artifacts(&self) -> bool {
        !self.report_files().is_empty() || self.wants("json")
    }

    /// Hands over the report in a format of the tool's own; see [`Tool::FORMATS`](crate::Tool::FORMATS).
    pub fn set_format(&mut self, format: &'static str, text: String) {
        self.own_formats.insert(format, text);
    }

    /// Shows a picture below the job summary: the text of a Mermaid diagram (<https://mermaid.js.org>), which GitHub, GitLab and
    /// Forgejo draw. Every text from outside in it has to be escaped; it is drawn up to 50,000 characters and 500 edges.
    pub fn add_diagram(&mut self, title: &'static str, mermaid: String) {
        self.diagrams.push((title, mermaid));
    }

    pub(crate) fn diagrams(&self) -> &[(&'static str, String)] {
        &self.diagrams
    }

    pub(crate) fn own_format(&self, format: &str) -> Option<&str> {
        self.own_formats.get(format).map(String::as_str)
    }

    /// Sets one of the tool's own outputs; see [`Tool::OUTPUTS`](crate::Tool::OUTPUTS).
    pub fn output(&mut self, name: &'static str, value: impl Into<String>) {
        self.outputs.push((name, value.into()));
    }

    /// Whether the CI has a way to put variables into the environment of the steps that follow.
    #[must_use]
    pub fn can_set_variables(&self) -> bool {
        self.ci.sets_variables()
    }

    /// Puts a variable into the environment of the steps that follow in the same job, on a CI that can, when the run ends and
    /// could do its job.
    ///
    /// # Errors
    /// When the name is none, or one that decides more than a value: which programs run, what they load, whom they trust.
    pub fn set_variable(&mut self, name: impl Into<String>, value: impl Into<String>) -> Result<(), Error> {
        let (name, value) = (name.into(), value.into());
        if !lw_ci::may_be_set(&name) {
            return Err(Error::usage(format!("{name}: no variable of this name is set for later steps")).hint(
                "write capitals, digits and `_`, such as BUILD_VERSION; names that programs read (PATH, LD_…, GITHUB_…, …_OPTIONS) are refused",
            ));
        }
        self.variables.push(lw_ci::Output { name, value });
        Ok(())
    }

    pub(crate) fn variables(&self) -> &[lw_ci::Output] {
        &self.variables
    }

    /// One of the variables of another program that the tool declares ([`Tool::VARIABLES`](crate::Tool::VARIABLES)), or of the
    /// network where it talks to one, unless it is empty; `None` for any other.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        self.entry.all_variables().find(|variable| variable.name == name)?;
        self.host.var(name)
    }

    /// The folder of the runner for files of the job, which later steps see as well; `None` where there is none.
    #[must_use]
    pub fn job_folder(&self) -> Option<PathBuf> {
        self.host.var("RUNNER_TEMP").map(PathBuf::from)
    }

    pub(crate) fn output_value(&self, name: &str) -> &str {
        let of_store = match name {
            "baseline-commit" => self.baseline_commit.get(),
            "baseline-key" => self.kept.get(),
            _ => None,
        };
        if let Some(value) = of_store {
            return value;
        }
        self.outputs.iter().rev().find(|(known, _)| *known == name).map_or("", |(_, value)| value.as_str())
    }
}

/// Adds what the event file says of a pull request; a file that is gone or broken is only less to know.
pub(crate) fn learn(known: &CiContext, files: &Files) -> CiContext {
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
