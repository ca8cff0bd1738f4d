//! The arguments of pr-comment; their doc comments are what users read.

use std::path::PathBuf;

use lw_secret::SecretSource;

/// Arguments of pr-comment.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// Report of a tool of the suite (`--report FILE` writes it); globs such as `reports/**/*.json` are allowed; one per line, or repeated
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub reports: Vec<String>,

    /// Take the reports from an artifact of another run, by the run's number: for a workflow on `workflow_run`
    #[arg(long, value_name = "RUN", help_heading = "Inputs")]
    pub from_artifact: Option<u64>,

    /// Name of the artifact, or how the names of several begin, with `*` at the end
    #[arg(long, value_name = "NAME", default_value = DEFAULT_ARTIFACT, help_heading = "Inputs")]
    pub artifact: String,

    /// History of the base, as `history export --format jsonl` writes it: the table shows how its measures have gone over the newest 20 commits
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub history: Option<PathBuf>,

    /// Commit the reports have to be of; without it what the CI has checked out
    #[arg(long, value_name = "COMMIT", help_heading = "Inputs")]
    pub commit: Option<String>,

    /// Accept reports of any commit, and those that name none
    #[arg(long, help_heading = "Inputs")]
    pub any_commit: bool,

    /// When there is a comment: `auto` on every pull request, `always` with a warning where it cannot be posted, `on-change` from the first one on that has something to tell, `required` with an error where it cannot be posted, `off` never
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", help_heading = "Comment")]
    pub comment: When,

    /// What tells this comment from others of the same pull request: letters, digits, `.`, `_` and `-`; without it `reports`, and with --from-artifact the name of that run's workflow file
    #[arg(long, value_name = "KEY", help_heading = "Comment")]
    pub key: Option<String>,

    /// Write the comment to this file as well
    #[arg(long, value_name = "FILE", help_heading = "Comment")]
    pub output: Option<PathBuf>,

    /// Post nothing and talk to nobody
    #[arg(long, help_heading = "Comment")]
    pub dry_run: bool,

    /// Number of the pull request; without it the one the run is of
    #[arg(long, value_name = "NUMBER", help_heading = "Comment")]
    pub pull_request: Option<u64>,

    /// Where the token is: env:NAME, fd:N, `-` or a file; without it env:GITHUB_TOKEN
    #[arg(long, value_name = "SOURCE", help_heading = "Comment")]
    pub token: Option<SecretSource>,
}

/// The artifacts of the actions `…-with-baseline`, which are `lw-report-` and a hash, and `lw-reports`.
pub(crate) const DEFAULT_ARTIFACT: &str = "lw-report*";

/// The key of a comment that nobody named.
pub(crate) const DEFAULT_KEY: &str = "reports";

/// When there is a comment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum When {
    /// On every pull request; what prevents it is a note
    #[default]
    Auto,
    /// On every pull request; what prevents it is a warning
    Always,
    /// From the first run on that has something to tell
    OnChange,
    /// On every pull request; what prevents it is an error
    Required,
    /// Never
    Off,
}
