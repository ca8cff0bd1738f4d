//! The arguments of changelog; their doc comments are what users read.

use std::path::PathBuf;

use lw_releases::{CommitArgs, HistoryArgs};
use lw_secret::SecretSource;

/// Arguments of changelog.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Write a changelog, or the notes of a release
    Generate(Box<Generate>),
    /// Name every message that is nearly conventional, and what other programs make of it
    Lint(Box<Lint>),
}

/// Which history, and how it is read.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Source {
    #[command(flatten)]
    pub history: HistoryArgs,

    /// The release of this tag only
    #[arg(long, value_name = "TAG", help_heading = "History")]
    pub tag: Option<String>,

    /// Only what came after this tag
    #[arg(long, value_name = "TAG", help_heading = "History")]
    pub since: Option<String>,

    /// Only what no release has
    #[arg(long, help_heading = "History")]
    pub unreleased: bool,

    /// Releases of all lines, also those the commit does not contain
    #[arg(long, help_heading = "History")]
    pub all_lines: bool,

    /// Where the commits of pre-releases stand
    #[arg(long, value_enum, value_name = "auto|own|fold", default_value = "auto", help_heading = "History")]
    pub pre_releases: PreReleases,

    #[command(flatten)]
    pub commits: CommitArgs,
}

/// Where the commits of pre-releases stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum PreReleases {
    /// In sections of their own, and a final release alone spans from the final one before
    #[default]
    Auto,
    /// In sections of their own
    Own,
    /// In the final release they lead to
    Fold,
}

/// Arguments of `generate`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Generate {
    #[command(flatten)]
    pub source: Source,

    /// Take squashed messages apart: each conventional item of the list in the body is an entry
    #[arg(long, help_heading = "Messages")]
    pub expand_squash: bool,

    /// Pull requests as JSON, as `gh pr list --json number,title,author,labels,mergeCommit` or GitHub's REST API give them; or `github`, which asks GitHub for those merged since the oldest commit that is told. `(#12)` in a message needs none
    #[arg(long, value_name = "FILE|github", help_heading = "People")]
    pub pulls: Option<PathBuf>,

    /// Where the token for `--pulls github` is: env:NAME, fd:N, `-` or a file; without it env:GITHUB_TOKEN
    #[arg(long, value_name = "SOURCE", help_heading = "People")]
    pub token: Option<SecretSource>,

    /// Name who contributed for the first time: whose address no commit before the release has. Reads the whole history
    #[arg(long, help_heading = "People")]
    pub new_contributors: bool,

    /// What is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "markdown", help_heading = "Output")]
    pub changelog_format: ChangelogFormat,

    /// File to write; `--format notes` prints it
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,

    /// Changelog to put the releases into that it does not have, below its title; what is written there by hand stays
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub prepend: Option<PathBuf>,

    /// Template in the language of Jinja for --changelog-format markdown or github; all texts of commits are escaped in it
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub template: Option<PathBuf>,

    /// Address of the repository, such as https://github.com/org/app, for links to commits, pull requests and comparisons
    #[arg(long, value_name = "URL", help_heading = "Output")]
    pub repository_url: Option<String>,

    /// Most characters of the Markdown, as UTF-16 counts them; notes for GitHub never have more than 125000. What does not fit is left out by whole entries, and counted
    #[arg(long, value_name = "N", help_heading = "Output")]
    pub max_characters: Option<usize>,
}

/// What is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ChangelogFormat {
    /// A changelog, grouped by type
    #[default]
    Markdown,
    /// The releases with all their commits, as git-cliff's `--context` has them
    Json,
    /// A changelog as keepachangelog.com has it
    KeepAChangelog,
    /// The body of a release on GitHub
    Github,
}

/// Arguments of `lint`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Lint {
    #[command(flatten)]
    pub source: Source,

    /// A file with one message, as a commit-msg hook is given; the repository is not read then
    #[arg(long, value_name = "FILE", help_heading = "Messages")]
    pub message_file: Option<PathBuf>,

    /// Fail on messages that are not conventional; merges and reverts by git need not be
    #[arg(long, help_heading = "Messages")]
    pub require_conventional: bool,
}
