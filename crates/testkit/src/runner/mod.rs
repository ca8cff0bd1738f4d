//! A strict runner for composite actions: what GitHub's own runner does, where `act` does something else.
//!
//! - `run` steps get no `INPUT_*` variables, and none of the environment of the test but `PATH` and `HOME`.
//! - `shell: sh` is `dash` where that is installed, which drops variables whose names are no identifiers.
//! - Each step has fresh `GITHUB_OUTPUT`, `GITHUB_ENV`, `GITHUB_PATH`, `GITHUB_STATE` and
//!   `GITHUB_STEP_SUMMARY` files; one bad line fails it.
//! - Workflow commands are live on standard output and error, in both spellings; `set-output` works,
//!   `set-env` and `add-path` fail the step.
//! - Annotations are capped per action, summaries refused above 1 MiB, masks applied to the log.
//!
//! The rules are those of actions/runner 258d6c8 on Linux. Of the actions that an action uses, those of
//! [actions/cache](cache) and [actions/upload-artifact](upload) are stood in for; any other ends the job before its first step, as an action does on a runner
//! that may not use it. Container actions are not run.

pub mod cache;
pub mod command;
mod composite;
pub mod expression;
pub mod files;
mod issue;
pub mod manifest;
mod process;
mod reader;
mod said;
pub mod upload;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use cache::{Access, Cache};
pub use command::Command;
pub use issue::{Annotation, Kind, MAX_MESSAGE, MAX_PER_KIND};
pub use upload::Uploads;

/// Bytes of summary a step may write.
pub const MAX_SUMMARY: u64 = 1024 * 1024;

/// Why a job could not be run at all; a step that fails is no error.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The folder of a step holds no action.
    #[error("{} holds neither action.yml nor action.yaml", folder.display())]
    NoAction {
        /// The folder.
        folder: PathBuf,
    },
    /// The action is not one the runner would take.
    #[error("{}: {message}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// An action uses one that cannot be had. The runner looks for all of them before it asks any condition.
    #[error("an action is not allowed or not there: {uses}")]
    Unresolved {
        /// The action, as it is used.
        uses: String,
    },
    /// A file or process of the runner itself failed.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded.
    Success,
    /// It failed.
    Failure,
    /// Its condition did not hold.
    Skipped,
}

impl Outcome {
    /// `success`, `failure` or `skipped`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Skipped => "skipped",
        }
    }
}

/// What a step did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepResult {
    /// Its id in the job.
    pub id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// How it counts: a failure with `continue-on-error` counts as success.
    pub conclusion: Outcome,
    /// Its outputs. Those an action does not declare are not among them.
    pub outputs: BTreeMap<String, String>,
    /// The annotations GitHub shows: the first ten of each kind.
    pub annotations: Vec<Annotation>,
    /// Those that came too late to be shown.
    pub lost_annotations: Vec<Annotation>,
    /// The Markdown on the run's page.
    pub summary: String,
    /// The log, masked.
    pub log: String,
    /// The values masked by commands of this step.
    pub masks: Vec<String>,
    /// The workflow commands that were carried out, in order.
    pub commands: Vec<Command>,
}

/// What a job did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobResult {
    /// Its steps, in order.
    pub steps: Vec<StepResult>,
    /// Failure when a step counts as one.
    pub conclusion: Outcome,
    /// Variables set through `GITHUB_ENV`.
    pub env: BTreeMap<String, String>,
    /// Folders added through `GITHUB_PATH`, the last first.
    pub path: Vec<String>,
}

impl JobResult {
    /// The step of this id.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&StepResult> {
        self.steps.iter().find(|step| step.id == id)
    }
}

/// A job of steps that each use a local composite action or run a script.
#[derive(Clone, Debug)]
pub struct Job {
    workspace: PathBuf,
    env: BTreeMap<String, String>,
    github: BTreeMap<String, String>,
    runner: BTreeMap<String, String>,
    matrix: BTreeMap<String, String>,
    cache: Option<(Cache, Access)>,
    uploads: Option<Uploads>,
    steps: Vec<JobStep>,
    timeout: Duration,
}

/// A step of a job.
#[derive(Clone, Debug)]
struct JobStep {
    id: String,
    condition: String,
    continue_on_error: bool,
    env: Vec<(String, String)>,
    does: Does,
}

#[derive(Clone, Debug)]
enum Does {
    Uses { folder: PathBuf, with: Vec<(String, String)> },
    Run { shell: String, script: String },
}

impl Job {
    /// A job without steps whose repository is checked out in `workspace`.
    #[must_use]
    pub fn new(workspace: impl Into<PathBuf>) -> Self {
        let workspace = workspace.into();
        let github = [
            ("actor", "octocat"),
            ("api_url", "https://api.github.com"),
            ("base_ref", ""),
            ("event_name", "push"),
            ("graphql_url", "https://api.github.com/graphql"),
            ("head_ref", ""),
            ("job", "test"),
            ("ref", "refs/heads/main"),
            ("ref_name", "main"),
            ("ref_type", "branch"),
            ("repository", "octo-org/app"),
            ("repository_owner", "octo-org"),
            ("run_attempt", "1"),
            ("run_id", "1658821493"),
            ("run_number", "3"),
            ("server_url", "https://github.com"),
            ("sha", "ffac537e6cbbf934b08745a378932722df287a53"),
            ("token", ""),
            ("workflow", "test"),
        ];
        let runner = [
            ("os", "Linux"),
            ("arch", if cfg!(target_arch = "aarch64") { "ARM64" } else { "X64" }),
            ("name", "strict"),
            ("environment", "self-hosted"),
        ];
        let own = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        Self {
            github: own(&github),
            runner: own(&runner),
            workspace,
            env: BTreeMap::new(),
            matrix: BTreeMap::new(),
            cache: None,
            uploads: None,
            steps: Vec::new(),
            timeout: Duration::from_secs(600),
        }
    }

    /// Sets a variable of the job's `env`.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets a property of the `github` context, and so its `GITHUB_*` variable: `github("base_ref", "main")`.
    #[must_use]
    pub fn github(mut self, name: &str, value: &str) -> Self {
        self.github.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets a property of the `runner` context, and so its `RUNNER_*` variable: `runner("os", "Windows")`.
    #[must_use]
    pub fn runner(mut self, name: &str, value: &str) -> Self {
        self.runner.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sets a property of the `matrix` context: the job is one of its legs.
    #[must_use]
    pub fn matrix(mut self, name: &str, value: &str) -> Self {
        self.matrix.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Lets actions use actions/cache, with a token that may do this.
    #[must_use]
    pub fn cache(mut self, cache: &Cache, access: Access) -> Self {
        self.cache = Some((cache.clone(), access));
        self
    }

    /// Lets actions use actions/upload-artifact, of which this takes what is uploaded.
    #[must_use]
    pub fn uploads(mut self, uploads: &Uploads) -> Self {
        self.uploads = Some(uploads.clone());
        self
    }

    /// Limits how long a script may run; ten minutes unless set.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Adds a step that uses the action in a folder. The values of `with` may hold expressions such as
    /// `${{ steps.size.outputs.verdict }}`.
    #[must_use]
    pub fn step(mut self, uses: impl Into<PathBuf>, with: &[(&str, &str)], id: &str) -> Self {
        let with = with.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.push(id, Does::Uses { folder: uses.into(), with });
        self
    }

    /// Adds a step that runs a script.
    #[must_use]
    pub fn script(mut self, shell: &str, script: &str, id: &str) -> Self {
        self.push(id, Does::Run { shell: shell.to_owned(), script: script.to_owned() });
        self
    }

    /// Gives the last step a condition.
    #[must_use]
    pub fn condition(mut self, condition: &str) -> Self {
        if let Some(step) = self.steps.last_mut() {
            condition.clone_into(&mut step.condition);
        }
        self
    }

    /// Lets the job go on when the last step fails.
    #[must_use]
    pub fn continue_on_error(mut self) -> Self {
        if let Some(step) = self.steps.last_mut() {
            step.continue_on_error = true;
        }
        self
    }

    /// Sets a variable of the last step's `env`; the value may hold expressions.
    #[must_use]
    pub fn step_env(mut self, name: &str, value: &str) -> Self {
        if let Some(step) = self.steps.last_mut() {
            step.env.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    fn push(&mut self, id: &str, does: Does) {
        self.steps.push(JobStep {
            id: id.to_owned(),
            condition: String::new(),
            continue_on_error: false,
            env: Vec::new(),
            does,
        });
    }

    /// Runs the steps.
    ///
    /// # Errors
    /// When an action is missing or malformed, which a runner finds before the first step, or when a file
    /// of the runner's own cannot be written.
    pub fn run(self) -> Result<JobResult, RunError> {
        composite::run(&self)
    }
}

/// Values that are hidden in the log, annotations and summaries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Masks {
    values: Vec<String>,
}

impl Masks {
    /// Adds a value as a whole and line by line, as `AddMaskCommandExtension` does.
    fn add(&mut self, value: &str) {
        self.values.push(value.to_owned());
        let lines = value.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty());
        self.values.extend(lines.map(str::to_owned));
        // The longest first, so that a part never hides before the whole.
        self.values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        self.values.dedup();
    }

    fn apply(&self, text: &str) -> String {
        self.values.iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), "***"))
    }
}

/// The environment of the test that a step may see.
fn host(name: &str) -> String {
    #[allow(clippy::disallowed_methods)]
    std::env::var(name).unwrap_or_default()
}

/// A failure with a file of the runner's own.
fn io_error<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> RunError + 'a {
    move |source| RunError::Io { what, path: path.to_owned(), source }
}
