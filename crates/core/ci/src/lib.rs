//! Outputs, annotations, summaries, masks and log groups in the words of the CI a run is on.
//!
//! [`detect`] looks at an environment and returns the [`Provider`] that speaks its language. A provider
//! never does anything itself: it returns [`Effect`]s, which `lw-cli` carries out in order. So this
//! crate reads no environment, touches no file and prints nothing, and every provider can be tested
//! from a recorded environment.
//!
//! It knows no tool and no report. Foreign text inside an effect is escaped by the provider that made
//! it; everything else that is printed goes through [`neutralise`].

mod build;
mod context;
mod neutralise;
mod path;
mod providers;
mod summary;
mod text;
mod trust;
mod variables;

use std::path::PathBuf;

use lw_model::{Level, Location};

pub use build::BuildFacts;
pub use context::{CiContext, EventError};
pub use neutralise::neutralise;
pub use providers::detect;
pub use summary::fit_summary;
pub use trust::Trust;
pub use variables::may_be_set;

/// Looks up an environment variable. An empty value counts as unset, as on every CI.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What `lw-cli` has to do for a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The provider's own command lines, already escaped and ending with a line feed: printed as they
    /// are, not neutralised.
    Stdout(String),
    /// Bytes to append to a file, opened with `O_APPEND`, in one write.
    Append {
        /// The file; relative to the working directory when the CI names no folder.
        path: PathBuf,
        /// What to append.
        bytes: Vec<u8>,
    },
    /// Lines to append to a file that is ours by its name. A checkout may come with such a file, so what is in it is kept
    /// only where a line begins with one of the prefixes, and a symbolic link of its name is replaced.
    AppendOwn {
        /// The file; relative to the working directory when the CI names no folder.
        path: PathBuf,
        /// What to append.
        bytes: Vec<u8>,
        /// How the lines of this suite begin: `LW_SIZE_GATE_`.
        prefixes: Vec<String>,
    },
    /// A file of ours to replace atomically; a symbolic link of its name is replaced, not followed.
    Write {
        /// The file; relative to the working directory when the CI names no folder.
        path: PathBuf,
        /// Its whole content.
        bytes: Vec<u8>,
    },
    /// A program of the CI's own to run, found on `PATH`, never through a shell.
    Run {
        /// Name of the program.
        program: String,
        /// Its arguments.
        args: Vec<String>,
        /// What it reads on standard input.
        stdin: Vec<u8>,
    },
    /// Something that could not be done, and why; for the log, where it is neutralised.
    Warn(String),
}

/// What a provider has to know of the step it speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Name of the tool: `size-gate`. Tells the tools of one job apart where a CI has one name space.
    pub tool: String,
    /// Names of all tools of the suite, whose outputs of an earlier step are kept; the tool's own need not be among them.
    pub suite: Vec<String>,
    /// 128 random bits or more as hexadecimal digits, fresh for this process: the secret part of
    /// delimiters.
    pub nonce: String,
}

/// A finding for the CI to show beside the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// How much it matters.
    pub level: Level,
    /// Heading; the rule when empty.
    pub title: String,
    /// What is wrong; may have several lines.
    pub message: String,
    /// Where.
    pub location: Option<Location>,
    /// Stable identifier of the kind of finding.
    pub rule: String,
    /// The same for the same finding in another run.
    pub fingerprint: String,
}

/// A value for a later step or job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its name: a letter or `_`, then letters, digits, `_` and `-`.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// One CI system.
///
/// Every method but [`context`](Provider::context) and [`id`](Provider::id) returns what has to be
/// done. A CI that has no such thing returns nothing; one that has it but cannot do it here returns
/// [`Effect::Warn`].
pub trait Provider: Send + Sync {
    /// Name of the CI: `github`, `gitlab`, `terminal`.
    fn id(&self) -> &'static str;

    /// Makes values readable by later steps or jobs.
    fn outputs(&self, outputs: &[Output]) -> Vec<Effect>;

    /// Puts variables into the environment of the steps that follow in the same job. A name that [may not be set](may_be_set) is
    /// refused, on every CI; a CI without such a thing says so. Nothing for a plain terminal, whose shell is not ours.
    fn variables(&self, variables: &[Output]) -> Vec<Effect> {
        if variables.is_empty() {
            return Vec::new();
        }
        vec![Effect::Warn(
            "this CI has no way to set variables for later steps: read the outputs instead".into(),
        )]
    }

    /// Shows findings beside the code, the worst first. To be called once per step: the limits of a CI
    /// hold for the step as a whole.
    fn annotations(&self, annotations: &[Annotation]) -> Vec<Effect>;

    /// Shows Markdown on the page of the run.
    fn summary(&self, markdown: &str) -> Vec<Effect>;

    /// Has the CI hide a value in its logs. Nothing for an empty value, and on a CI that learns secrets
    /// only from its own settings.
    fn mask(&self, secret: &str) -> Vec<Effect>;

    /// Opens a fold of the log. `id` ties it to its end, `unix_time` is in seconds. Nothing where logs have no folds.
    fn group_start(&self, _id: &str, _title: &str, _unix_time: u64) -> Vec<Effect> {
        Vec::new()
    }

    /// Closes the fold opened with the same `id`.
    fn group_end(&self, _id: &str, _unix_time: u64) -> Vec<Effect> {
        Vec::new()
    }

    /// Where and for what the run happens.
    fn context(&self) -> &CiContext;
}
