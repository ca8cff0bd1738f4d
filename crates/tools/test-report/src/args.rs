//! The arguments of test-report; their doc comments are what users read.
//!
//! An action has one flat list of inputs, so a name means the same in every command that has it.

use std::path::PathBuf;

use lw_cli::KeyedLimit;

/// Arguments of test-report.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Read result files, say what failed, and judge the run
    Check(Box<Check>),
    /// Write beside each result file which commit and which attempt it is of
    Stamp(Stamp),
}

/// The result files.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ResultArgs {
    /// Result file; globs such as `build/**/TEST-*.xml` are allowed
    #[arg(value_name = "FILE", help_heading = "Inputs")]
    pub results: Vec<String>,

    /// Commit the results are of; without it what the CI has checked out
    #[arg(long, value_name = "COMMIT", help_heading = "Inputs")]
    pub commit: Option<String>,
}

/// Arguments of `check`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Check {
    #[command(flatten)]
    pub files: ResultArgs,

    /// How the test step ended: its exit code, `success` or `failure`; as GLOB=CODE for some of the files only
    #[arg(long, value_name = "CODE", help_heading = "Inputs")]
    pub exit_code: Vec<String>,

    /// List of the tests there have to be: of pytest --collect-only -q, cargo nextest list, ctest -N, go test -list, or an earlier result file
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub expect: Vec<String>,

    /// How result files of shards and attempts are named, such as `results-{leg}-{shard}-a{attempt}.xml`: the highest attempt of each shard decides
    #[arg(long, value_name = "PATTERN", help_heading = "Inputs")]
    pub layout: Option<String>,

    /// How many shards there have to be, with --layout: one that is lost is a failure then
    #[arg(long, value_name = "N", help_heading = "Inputs")]
    pub expect_shards: Option<usize>,

    /// What tests of one name in one file are: `tests` of their own, or attempts of a `retry`, of which the last decides
    #[arg(long, value_enum, value_name = "WORD", default_value = "tests", help_heading = "Inputs")]
    pub repeats: Repeats,

    /// Accept result files without any test
    #[arg(long, help_heading = "Inputs")]
    pub allow_empty: bool,

    /// A suite, class or source file that tests have to have run of, as a name or glob: firmware.*, tests/test_boot.py
    #[arg(long, value_name = "GLOB", help_heading = "Inputs")]
    pub require_suite: Vec<String>,

    /// Tests whose failures are let through for a while, as TOML: [[test]] with test, owner and until. A change cannot let its own through: on a pull request only what the base has holds
    #[arg(long, value_name = "FILE", help_heading = "Limits")]
    pub quarantine: Option<PathBuf>,

    /// How many tests there have to be at least
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub min_tests: Option<u64>,

    /// Upper limit of a measure: tests.skipped=10, tests.flaky=warn:0,fail:5, tests.wall=10min, tests.removed=0; one per line, or repeated
    #[arg(long, value_name = "MEASURE=LIMIT", help_heading = "Limits")]
    pub max: Vec<KeyedLimit>,

    /// Lower limit of a measure: tests.passed=100, tests.passed=95%; one per line, or repeated
    #[arg(long, value_name = "MEASURE=LIMIT", help_heading = "Limits")]
    pub min: Vec<KeyedLimit>,

    /// How much a measure may grow against the baseline, as a number or in percent of it
    #[arg(long, value_name = "MEASURE=LIMIT", help_heading = "Limits")]
    pub max_growth: Vec<KeyedLimit>,

    /// Write one page for a browser with every test that is not green: its message, trace and last lines
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub html: Option<PathBuf>,

    /// Write all results as one JUnit file
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub junit_out: Option<PathBuf>,

    /// Rows of each table
    #[arg(long, value_name = "N", default_value_t = 20, help_heading = "Report")]
    pub top: usize,

    /// Failed tests that become findings of their own, and so annotations; the tables have more
    #[arg(long, value_name = "N", default_value_t = 9, help_heading = "Report")]
    pub annotations: usize,
}

/// What tests of one name in one file are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Repeats {
    /// Tests of their own: any that fails is a failure
    #[default]
    Tests,
    /// Attempts at one test: the last decides
    Retry,
}

/// Arguments of `stamp`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Stamp {
    #[command(flatten)]
    pub files: ResultArgs,

    /// Which attempt of the run it is, from 1; without it what the CI says
    #[arg(long, value_name = "N", help_heading = "Inputs")]
    pub attempt: Option<u64>,
}
