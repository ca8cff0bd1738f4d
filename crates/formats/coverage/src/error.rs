//! Why a report could not be read, and what to do about it.

use std::borrow::Cow;

use lw_model::Diagnose;
pub use lw_syntax::Position;
use thiserror::Error;

use crate::model::Format;

/// Why a report could not be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CoverageError {
    /// There is nothing in it.
    #[error("the report is empty")]
    Empty,
    /// It is in none of the formats.
    #[error("not a coverage report: it starts with `{start}`")]
    Unknown {
        /// How it starts.
        start: String,
        /// The format it seems to be in, when that is one this crate does not read.
        looks_like: Option<Foreign>,
    },
    /// It is not what its format allows.
    #[error("{format}, {at}: {problem}")]
    Malformed {
        /// The format.
        format: Format,
        /// Where.
        at: Position,
        /// What is wrong.
        problem: Problem,
    },
    /// It is compressed, and the compressed data is damaged.
    #[error("damaged gzip data: {0}")]
    Gzip(String),
    /// It is compressed and becomes too large.
    #[error("gzip data of more than {0} bytes")]
    GzipTooLarge(u64),
    /// It could not be read from where it lies.
    #[error("could not be read: {0}")]
    Io(String),
}

/// A format that is known, but not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// OpenCover XML.
    OpenCover,
    /// JUnit XML: test results.
    Junit,
    /// Istanbul's `coverage-final.json`.
    Istanbul,
    /// SimpleCov's `.resultset.json`.
    SimpleCov,
    /// JSON of gcovr (`--json`).
    Gcovr,
    /// Totals of gcovr (`--json-summary`).
    GcovrSummary,
    /// Totals of kcov (`coverage.json`).
    Kcov,
    /// Totals of Istanbul (`coverage-summary.json`).
    IstanbulSummary,
    /// Text in UTF-16.
    Utf16,
    /// An LLVM raw or indexed profile.
    LlvmProfile,
    /// Data of gcc's instrumentation (`.gcda`, `.gcno`).
    GcovData,
    /// coverage.py's `.coverage` database.
    CoveragePyData,
    /// JaCoCo's `.exec` file.
    JacocoExec,
}

impl Foreign {
    fn hint(self) -> &'static str {
        match self {
            Self::OpenCover => {
                "OpenCover is not read: convert it with `reportgenerator -reporttypes:Cobertura`"
            }
            Self::Junit => "this is a report of test results, not of coverage",
            Self::Istanbul => {
                "this is Istanbul's own format: write lcov with `nyc report --reporter=lcovonly`"
            }
            Self::SimpleCov => {
                "this is SimpleCov's own format: have it write lcov or Cobertura with the gem simplecov-lcov or simplecov-cobertura"
            }
            Self::Gcovr => {
                "this is gcovr's own format: write `gcovr --add-tracefile FILE --cobertura` or `--lcov` from it"
            }
            Self::GcovrSummary => {
                "these are only gcovr's totals: write the lines with `gcovr --cobertura` or `--lcov`"
            }
            Self::Kcov => "these are only kcov's totals: give the `cobertura.xml` that lies beside them",
            Self::IstanbulSummary => {
                "these are only Istanbul's totals: write lcov with `nyc report --reporter=lcovonly`"
            }
            Self::Utf16 => "this is UTF-16: write it as UTF-8",
            Self::LlvmProfile => {
                "this is a raw profile: run `llvm-profdata merge` and `llvm-cov export`, or `cargo llvm-cov --lcov`"
            }
            Self::GcovData => "this is gcc's own data: run `lcov --capture` or `gcov --json-format`",
            Self::CoveragePyData => {
                "this is coverage.py's own database: run `coverage lcov` or `coverage json`"
            }
            Self::JacocoExec => "this is JaCoCo's own data: write XML with its `report` goal or task",
        }
    }
}

/// What is wrong at a place of a report.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Problem {
    /// Something the format requires is not there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Something that is no number, or too large a number, where one is expected.
    #[error("{what} is `{found}`, which is not a number that is possible here")]
    NotANumber {
        /// What it is.
        what: &'static str,
        /// What is there.
        found: String,
    },
    /// A record that belongs to a file where no file has begun.
    #[error("`{0}` belongs to a file, but no file has begun")]
    OutsideFile(String),
    /// The report ends too early.
    #[error("the report ends before {0}")]
    Truncated(&'static str),
    /// More covered than there is.
    #[error("{covered} of {total} {what} are covered")]
    Inconsistent {
        /// What is counted.
        what: &'static str,
        /// How many are covered.
        covered: u64,
        /// How many there are.
        total: u64,
    },
    /// Neither well-formed XML nor JSON, or not of the shape the format has.
    #[error("{0}")]
    Syntax(String),
    /// Nested too deeply.
    #[error("elements are nested more than {0} deep")]
    TooDeep(usize),
    /// Ranges of lines that no source has.
    #[error("the ranges of the report span more than {0} lines")]
    TooManyLines(u64),
    /// A line of JaCoCo that does not tell whether it ran: the attributes are optional, and gcovr leaves them out.
    #[error("the line has neither `mi` nor `ci`, so it does not tell whether it ran")]
    LineWithoutInstructions,
    /// One file twice, of which no lines are known.
    #[error("`{0}` is there twice, without its lines: the figures cannot be merged")]
    SummaryTwice(String),
}

impl Diagnose for CoverageError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Empty => "did the tests run, and did they write the report where it is looked for?".into(),
            Self::Unknown { looks_like: Some(foreign), .. } => foreign.hint().into(),
            Self::Unknown { looks_like: None, .. } => {
                let names: Vec<_> = Format::ALL.into_iter().map(Format::name).collect();
                format!("formats that are read: {}", names.join(", ")).into()
            }
            Self::Malformed { problem: Problem::Truncated(_), .. } => {
                "was the tool that wrote it stopped, or the disk full? Write the report again".into()
            }
            Self::Malformed { problem: Problem::SummaryTwice(_), .. } => {
                "export without `-summary-only`".into()
            }
            Self::Malformed { problem: Problem::LineWithoutInstructions, .. } => {
                "gcovr writes such reports: use `gcovr --cobertura` or `--lcov` instead of `--jacoco`".into()
            }
            Self::Malformed { .. } => {
                "write the report again; if it is the same, the tool that wrote it is at fault".into()
            }
            Self::Gzip(_) => "write the report again, or decompress it before".into(),
            Self::GzipTooLarge(_) => "decompress it before".into(),
            Self::Io(_) => return None,
        })
    }
}

/// Why two coverages could not be merged.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MergeError {
    /// Of a file that both measured, one knows only how many lines are covered, but not which.
    #[error("`{path}` is in two reports, and one of them only tells how many of its lines are covered")]
    SummaryOnly {
        /// The file.
        path: String,
    },
}

impl Diagnose for MergeError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some("give reports with lines: for llvm-cov, export without `-summary-only`".into())
    }
}
