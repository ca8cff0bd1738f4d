//! The arguments of history; their doc comments are what users read.

use std::path::PathBuf;

use lw_secret::SecretSource;

/// Arguments of history.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Add what was measured of this commit to the history
    Record(Record),
    /// Tell how each measure stands, and how it has changed
    Show(Show),
    /// Hand the figures to other programs
    Export(Show),
    /// Draw the figures over the commits
    Chart(Chart),
    /// Make a small picture of the newest figure
    Badge(Badge),
    /// Fetch what a gate compares with from the ref of the baselines
    BaselineFetch(BaselineEntry),
    /// Keep the report of a gate on the ref of the baselines
    BaselineSave(BaselineEntry),
}

/// Which ref of which GitHub.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Remote {
    /// Ref that is read and written; without it refs/lw/history, and refs/lw/baseline of the baselines
    #[arg(long = "ref", value_name = "REF", help_heading = "History")]
    pub reference: Option<String>,

    /// Where the token is: env:NAME, fd:N, `-` or a file; without it env:GITHUB_TOKEN
    #[arg(long, value_name = "SOURCE", help_heading = "History")]
    pub token: Option<SecretSource>,
}

/// Where the history is.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Place {
    /// The history is in this file, and not on GitHub
    #[arg(long, value_name = "FILE", help_heading = "History")]
    pub file: Option<PathBuf>,

    /// The history is in this folder, in one file per month, and not on GitHub
    #[arg(long, value_name = "FOLDER", help_heading = "History")]
    pub folder: Option<PathBuf>,

    /// Which ref, and who asks.
    #[command(flatten)]
    pub remote: Remote,
}

/// Arguments of `record`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Record {
    /// Report of a tool of the suite (`--report FILE` writes it); globs such as `reports/**/*.json` are allowed; one per line, or repeated
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub reports: Vec<String>,

    /// The main branch, where the CI does not say which one that is
    #[arg(long, value_name = "NAME", help_heading = "Inputs")]
    pub branch: Option<String>,

    /// Where the history is.
    #[command(flatten)]
    pub place: Place,
}

/// What is looked at.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Which {
    /// Where the history is.
    #[command(flatten)]
    pub place: Place,

    /// Read the ref as this clone has it: `git fetch origin +refs/lw/history:refs/lw/history` brings it
    #[arg(long, help_heading = "History")]
    pub local: bool,

    /// How many commits are looked at, the newest
    #[arg(long, value_name = "NUMBER", default_value_t = 50, help_heading = "Figures")]
    pub last: usize,

    /// Measure that is looked at, such as `image.bytes` or `region.*`; one per line, or repeated; without it all
    #[arg(long, value_name = "NAME", help_heading = "Figures")]
    pub measure: Vec<String>,

    /// Tool whose measures are looked at; one per line, or repeated; without it all
    #[arg(long, value_name = "NAME", help_heading = "Figures")]
    pub tool: Vec<String>,

    /// Subject whose measures are looked at, as a whole or with `*` at an end; one per line, or repeated; without it all
    #[arg(long, value_name = "NAME", help_heading = "Figures")]
    pub subject: Vec<String>,
}

/// Arguments of `show` and `export`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Show {
    /// What is looked at.
    #[command(flatten)]
    pub which: Which,
}

/// Arguments of `chart`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Chart {
    /// What is looked at.
    #[command(flatten)]
    pub which: Which,

    /// What is made.
    #[command(flatten)]
    pub out: Out,
}

/// Files that are made.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Out {
    /// File to write, by what its name ends in: `.svg` a picture, `.json` the endpoint of a shields.io badge, `.mmd` a Mermaid diagram; one per line, or repeated
    #[arg(long, value_name = "FILE", help_heading = "Figures")]
    pub output: Vec<PathBuf>,
}

/// Arguments of `badge`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Badge {
    /// What is looked at.
    #[command(flatten)]
    pub which: Which,

    /// What is made.
    #[command(flatten)]
    pub out: Out,

    /// What stands on the left of the badge; without it the name of the measure
    #[arg(long, value_name = "TEXT", help_heading = "Figures")]
    pub label: Option<String>,
}

/// Arguments of the steps around a gate.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct BaselineEntry {
    /// Folder where the gate looks for the report, and leaves its own
    #[arg(long, value_name = "FOLDER", help_heading = "Baselines")]
    pub path: Option<PathBuf>,

    /// Name of the report: the hash of what is measured, and the commit
    #[arg(long, value_name = "KEY", help_heading = "Baselines")]
    pub key: Option<String>,

    /// Which ref, and who asks.
    #[command(flatten)]
    pub remote: Remote,
}
