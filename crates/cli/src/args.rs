//! The arguments every tool has.

use std::path::PathBuf;

use lw_model::Verdict;

/// Arguments that mean the same for every tool.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Common to every tool")]
pub struct Common {
    /// Write the report as `lw-report/1` JSON to this file; later runs read it as their baseline
    #[arg(long, value_name = "FILE", global = true)]
    pub report: Option<PathBuf>,

    /// What tells two uses of the tool in one job apart: stands in headings and annotations, and in what makes a finding the same in two runs
    #[arg(long, value_name = "TEXT", global = true)]
    pub title: Option<String>,

    /// Format of standard output: text, markdown, html, json, junit, sarif or openmetrics, or one of the tool's own
    #[arg(long, value_name = "FORMAT", default_value = "text", global = true)]
    pub format: String,

    /// Write the report in a format to a file, such as html=size.html; one per line, or repeated
    #[arg(long, value_name = "FORMAT=FILE", global = true)]
    pub write: Vec<String>,

    /// The job summary: `auto` (where the CI shows it), `off`, or a file to write the Markdown to
    #[arg(long, value_name = "auto|off|FILE", default_value = "auto", global = true)]
    pub summary: String,

    /// Configuration file; without it every `lw.toml` from the repository's root down to here counts, the nearest most. `none` reads no file
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,

    /// Whose lw.toml counts: `head` is the one of the checkout, `base` the one of the commit a pull request is compared with, which its author cannot edit
    #[arg(long, value_enum, value_name = "head|base", default_value = "head", global = true)]
    pub config_from: ConfigFrom,

    /// The verdict that makes the exit code 1
    #[arg(long, value_enum, default_value = "error", global = true)]
    pub fail_on: FailOn,

    /// What to do when an input file is missing
    #[arg(long, value_enum, default_value = "fail", global = true)]
    pub missing: Missing,

    /// What to compare with: a report of an earlier run of the same tool, `none`, or `auto`, which finds that of the commit a change is based on in the store of a gate that has one
    #[arg(long, value_name = "auto|none|FILE", global = true)]
    pub baseline: Option<PathBuf>,

    /// Fail when the baseline is missing instead of saying so
    #[arg(long, global = true)]
    pub require_baseline: bool,
}

/// Where a gate keeps what later runs are compared with; see [`Tool::COMPARES`](crate::Tool::COMPARES).
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Baselines")]
pub struct BaselineStore {
    /// Where reports are kept for later runs, and found again with `baseline: auto`: `file` is the folder `baseline-store`, which another step fills and saves; `cache` is the cache of GitHub Actions and `ref` the ref `refs/lw/baseline` of the repository, which the action `…-with-baseline` asks
    #[arg(long, value_enum, value_name = "cache|ref|file", global = true)]
    pub store: Option<StoreKind>,

    /// Folder of the store: one report for each thing that is measured and each commit; it has to be none that the build under test writes into
    #[arg(long, value_name = "FOLDER", global = true)]
    pub baseline_store: Option<PathBuf>,

    /// What tells two jobs apart that measure different things under one title, such as the legs of a matrix: a part of the name a report is kept by. The action `…-with-baseline` gives the leg by itself
    #[arg(long, value_name = "TEXT", global = true)]
    pub baseline_subject: Option<String>,
}

/// A kind of store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum StoreKind {
    /// The cache of GitHub Actions, read and written by the steps around the gate
    Cache,
    /// The ref refs/lw/baseline, read and written by the steps around the gate
    Ref,
    /// A folder
    File,
}

/// Whose `lw.toml` counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ConfigFrom {
    /// That of the checkout
    #[default]
    Head,
    /// That of the commit a pull request is compared with
    Base,
}

/// Which verdicts fail the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    /// Only `fail`
    #[default]
    Error,
    /// `warn` as well
    Warning,
    /// None: the verdict is only told
    Never,
}

impl FailOn {
    /// Whether a verdict fails the run.
    #[must_use]
    pub fn fails(self, verdict: Verdict) -> bool {
        match self {
            Self::Error => verdict >= Verdict::Fail,
            Self::Warning => verdict >= Verdict::Warn,
            // What could not be done is not for anybody to let pass.
            Self::Never => verdict == Verdict::Error,
        }
    }
}

/// What a missing input means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Missing {
    /// An error, exit code 3
    #[default]
    Fail,
    /// A warning in the report
    Warn,
    /// A note in the report
    Skip,
}
