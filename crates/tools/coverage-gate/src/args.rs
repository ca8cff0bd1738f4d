//! The arguments of coverage-gate; their doc comments are what users read.

use std::path::PathBuf;

use lw_cli::KeyedLimit;
use lw_model::Percent;

/// Arguments of coverage-gate.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// Coverage reports of any format (lcov, Cobertura, JaCoCo, Clover, Go coverprofile, llvm-cov, gcov and coverage.py JSON); globs such as `build/**/*.info` are merged
    #[arg(long, value_name = "FILE", help_heading = "Inputs")]
    pub coverage: Vec<String>,

    /// Files that count, as globs of repository paths such as `src/**`; without it all do
    #[arg(long, value_name = "GLOB", help_heading = "Inputs")]
    pub include: Vec<String>,

    /// Files that do not count, such as `**/test/**` or `/usr/**`
    #[arg(long, value_name = "GLOB", help_heading = "Inputs")]
    pub exclude: Vec<String>,

    /// Folder of the repository that paths of the reports are relative to, such as `src/main/java`; as REPORT=FOLDER for the reports of one path or glob only
    #[arg(long, value_name = "FOLDER", help_heading = "Inputs")]
    pub source_root: Vec<String>,

    /// Prefix to remove from the paths of the reports: the checkout's folder on the build machine, or the module path of go.mod
    #[arg(long, value_name = "PREFIX", help_heading = "Inputs")]
    pub strip_prefix: Vec<String>,

    /// Accept reports without any executable line
    #[arg(long, help_heading = "Inputs")]
    pub allow_empty: bool,

    /// How many reports with executable lines there have to be: a shard whose report is lost is a failure then
    #[arg(long, value_name = "N", help_heading = "Inputs")]
    pub expect_reports: Option<usize>,

    /// Minimum line coverage in percent: 80%, or warn:85%,fail:80%
    #[arg(long, value_name = "PERCENT", help_heading = "Limits")]
    pub min_line: Option<String>,

    /// Minimum branch coverage in percent
    #[arg(long, value_name = "PERCENT", help_heading = "Limits")]
    pub min_branch: Option<String>,

    /// Minimum function coverage in percent
    #[arg(long, value_name = "PERCENT", help_heading = "Limits")]
    pub min_function: Option<String>,

    /// Minimum statement coverage in percent, where the reports count statements: the figure `go tool cover` prints
    #[arg(long, value_name = "PERCENT", help_heading = "Limits")]
    pub min_statement: Option<String>,

    /// Minimum line coverage of every single file, in percent
    #[arg(long, value_name = "PERCENT", help_heading = "Limits")]
    pub min_file: Option<String>,

    /// Part of the code with a minimum of its own, as NAME=GLOB such as core=src/core/**; one per line, or repeated
    #[arg(long, value_name = "NAME=GLOB", help_heading = "Limits")]
    pub group: Vec<String>,

    /// Minimum line coverage of a group: core=90%
    #[arg(long, value_name = "NAME=PERCENT", help_heading = "Limits")]
    pub min_group: Vec<KeyedLimit>,

    /// Ready-made limits: `coverage-70`, `coverage-80` and `coverage-85` are minimums of line coverage
    #[arg(long, value_enum, value_name = "NAME", help_heading = "Limits")]
    pub preset: Vec<Preset>,

    /// Refuse coverage that is lower than in the baseline while more is uncovered: in `total`, or in every `file` as well
    #[arg(long, value_enum, value_name = "total|file", help_heading = "Limits")]
    pub ratchet: Option<Ratchet>,

    /// Coverage reports of the base of the change: lines that ran there and run no longer, though the change does not touch them, are named
    #[arg(long, value_name = "FILE", help_heading = "Changed lines")]
    pub baseline_coverage: Vec<String>,

    /// How many percentage points coverage may fall before the ratchet fails
    #[arg(long, value_name = "PERCENT", default_value = "0", help_heading = "Limits")]
    pub allow_drop: Percent,

    /// Minimum coverage of the changed lines, in percent
    #[arg(long, value_name = "PERCENT", help_heading = "Changed lines")]
    pub min_patch: Option<String>,

    /// Minimum coverage of the changed lines of every changed file, in percent
    #[arg(long, value_name = "PERCENT", help_heading = "Changed lines")]
    pub min_patch_file: Option<String>,

    /// What the change is against: a branch, tag or commit; without it what the CI says of the pull request, merge queue or push, else origin/HEAD, origin/main, origin/master, main or master
    #[arg(long, value_name = "REVISION", help_heading = "Changed lines")]
    pub base: Option<String>,

    /// The commit that was measured
    #[arg(long, value_name = "REVISION", default_value = "HEAD", help_heading = "Changed lines")]
    pub head: String,

    /// Compare with the base itself instead of where the change left it (two dots instead of three)
    #[arg(long, help_heading = "Changed lines")]
    pub two_dot: bool,

    /// The change as a unified diff (git diff -U0 BASE...HEAD), where there is no repository; base, head and two-dot are ignored then
    #[arg(long, value_name = "FILE", help_heading = "Changed lines")]
    pub diff_file: Option<PathBuf>,

    /// When a changed line counts as covered
    #[arg(
        long,
        value_enum,
        value_name = "RULE",
        default_value = "diff-cover",
        help_heading = "Changed lines"
    )]
    pub patch_rule: PatchRule,

    /// What to do about changed source files that are in no report, though other files of their kind are, and about changed statements that no report knows; without it a failure where changed lines have a floor, else a note
    #[arg(long, value_enum, value_name = "WORD", help_heading = "Changed lines")]
    pub unreported: Option<Unreported>,

    /// Do not judge the coverage of changed lines when fewer executable lines than this changed; the report says so
    #[arg(long, value_name = "LINES", default_value_t = 0, help_heading = "Changed lines")]
    pub small_diff: u64,

    /// Folder for an HTML report with the sources: a page for each file, and an index
    #[arg(long, value_name = "FOLDER", help_heading = "Report")]
    pub html: Option<PathBuf>,

    /// Write the merged coverage as an lcov tracefile, with paths of the repository
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub lcov_out: Option<PathBuf>,

    /// Write the merged coverage as Cobertura XML
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub cobertura_out: Option<PathBuf>,

    /// Write a badge with the line coverage as SVG
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub badge: Option<PathBuf>,

    /// Write a badge for shields.io (its endpoint JSON)
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub badge_json: Option<PathBuf>,

    /// Rows of the tables of files
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Report")]
    pub top: usize,

    /// Uncovered changed places that become findings, and so annotations; the tables have them all
    #[arg(long, value_name = "N", default_value_t = 20, help_heading = "Report")]
    pub annotations: usize,
}

impl Args {
    /// Whether changed lines have a floor.
    pub(crate) fn limits_patch(&self) -> bool {
        self.min_patch.is_some() || self.min_patch_file.is_some()
    }

    /// What to do about changed source files that are in no report: where a minimum asks for their lines, not knowing them
    /// is a failure.
    pub(crate) fn unreported(&self) -> Unreported {
        let word = if self.limits_patch() { Unreported::Fail } else { Unreported::Note };
        self.unreported.unwrap_or(word)
    }
}

/// Ready-made limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Preset {
    /// 70 % of the lines
    #[value(name = "coverage-70")]
    Coverage70,
    /// 80 % of the lines
    #[value(name = "coverage-80")]
    Coverage80,
    /// 85 % of the lines
    #[value(name = "coverage-85")]
    Coverage85,
}

/// What may not get worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Ratchet {
    /// Lines, branches and functions of all files together
    Total,
    /// As `total`, and the lines of each file
    File,
}

/// When a changed line counts as covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum PatchRule {
    /// When it ran
    #[default]
    DiffCover,
    /// When it ran and all its branches were taken
    Codecov,
}

/// What to do about changed source files that are in no report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Unreported {
    /// A note
    Note,
    /// A warning
    Warn,
    /// A failure
    Fail,
    /// All their changed lines count as executable and not covered
    Missed,
}
