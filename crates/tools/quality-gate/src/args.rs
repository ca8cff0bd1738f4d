//! The arguments of quality-gate; their doc comments are what users read.
//!
//! An action has one flat list of inputs, so a name means the same in every command that has it.

use lw_cli::KeyedLimit;

/// Arguments of quality-gate.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Hold reports, numbers of other tools and the jobs of the workflow to one policy
    Check(Box<Check>),
    /// Print the build matrix of a project as JSON
    Matrix(Matrix),
}

/// Arguments of `check`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Check {
    /// Report of a tool of the suite (`--report FILE` writes it); globs such as `reports/**/*.json` are allowed
    #[arg(value_name = "FILE", help_heading = "Inputs")]
    pub reports: Vec<String>,

    /// Report that has to be there, by the name of its tool; one per line, or repeated. `[quality-gate.expected.NAME]` of lw.toml says more of one
    #[arg(long, value_name = "TOOL", help_heading = "Inputs")]
    pub expect: Vec<String>,

    /// JSON file with an object of numbers, such as metrics.json
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub metrics: Vec<String>,

    /// Numbers of another tool as NAME=FORMAT:FILE, the format being metrics, sonar, lizard, radon, gocyclo, jscpd or scc; NAME=json:FILE#/POINTER and NAME=csv:FILE#COLUMN are one number
    #[arg(long, value_name = "NAME=FORMAT:FILE", help_heading = "Inputs")]
    pub source: Vec<String>,

    /// How the jobs ended that this one needs: what the expression `toJSON(needs)` gives. What failed, was cancelled or was skipped fails
    #[arg(long, value_name = "JSON", help_heading = "Inputs")]
    pub needs: Option<String>,

    /// Job that has to be among those of --needs; one per line, or repeated
    #[arg(long, value_name = "JOB", help_heading = "Inputs")]
    pub require_job: Vec<String>,

    /// Job that may be skipped, and on which event, such as hardware=pull_request
    #[arg(long, value_name = "JOB=EVENT", help_heading = "Inputs")]
    pub may_skip: Vec<String>,

    /// Commit the reports have to be of; without it what the CI has checked out
    #[arg(long, value_name = "COMMIT", help_heading = "Inputs")]
    pub commit: Option<String>,

    /// Accept reports of any commit, and those that name none
    #[arg(long, help_heading = "Inputs")]
    pub any_commit: bool,

    /// Policy of a pipeline; may be repeated
    #[arg(long, value_enum, help_heading = "Policy")]
    pub preset: Vec<Preset>,

    /// Upper limit of a measure of any report or source: complexity.max=10, image.bytes=1MiB, size-gate:ram.span=warn:80%,fail:90%; one per line, or repeated
    #[arg(long, value_name = "MEASURE=LIMIT", help_heading = "Policy")]
    pub max: Vec<KeyedLimit>,

    /// Lower limit of a measure: coverage.line.covered=80%; one per line, or repeated
    #[arg(long, value_name = "MEASURE=LIMIT", help_heading = "Policy")]
    pub min: Vec<KeyedLimit>,

    /// How much a measure may have grown against the baseline, as a number or in percent of it
    #[arg(long, value_name = "MEASURE=LIMIT", help_heading = "Policy")]
    pub max_growth: Vec<KeyedLimit>,

    /// How far a measure may have fallen against the baseline, as a number or in points of its share
    #[arg(long, value_name = "MEASURE=LIMIT", help_heading = "Policy")]
    pub max_drop: Vec<KeyedLimit>,

    /// Least coverage in percent
    #[arg(long, value_name = "PERCENT", help_heading = "Policy")]
    pub coverage_threshold: Option<String>,

    /// Most security issues
    #[arg(long, value_name = "N", help_heading = "Policy")]
    pub security_issues_threshold: Option<String>,

    /// Most percent by which the performance may have fallen
    #[arg(long, value_name = "PERCENT", help_heading = "Policy")]
    pub performance_regression_threshold: Option<String>,
}

/// Policies of whole pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Preset {
    /// Coverage 80 %, complexity 10, duplication 5 %, every test, 1 048 576 bytes of image, 150 000 of RAM
    #[value(name = "lightwave-os")]
    LightwaveOs,
    /// Coverage 85 %, no high or critical vulnerability, 5 % of performance
    #[value(name = "liquid-edge")]
    LiquidEdge,
    /// Coverage 80 %, no security issue, 10 % of performance
    #[value(name = "tiny-llm-profiler")]
    TinyLlmProfiler,
    /// Coverage 70 %, and a warning below its goal of 80 %; no high or critical vulnerability
    #[value(name = "novacron")]
    Novacron,
    /// Coverage 80 %
    #[value(name = "live-stt")]
    LiveStt,
}

/// Arguments of `matrix`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Matrix {
    /// File that says what there is to build: platformio.ini, tox.ini, tox.toml, pyproject.toml, setup.cfg, Cargo.toml, or what `nox --list --json` printed
    #[arg(long, value_name = "FILE", help_heading = "Matrix")]
    pub from: Vec<String>,

    /// Environments to keep, as a glob; one per line, or repeated
    #[arg(long, value_name = "GLOB", help_heading = "Matrix")]
    pub only: Vec<String>,

    /// Environments to leave out, as a glob; one per line, or repeated
    #[arg(long, value_name = "GLOB", help_heading = "Matrix")]
    pub without: Vec<String>,

    /// An axis of its own, such as os=ubuntu-latest,macos-latest, which every entry is combined with
    #[arg(long, value_name = "NAME=VALUE,…", help_heading = "Matrix")]
    pub axis: Vec<String>,
}
