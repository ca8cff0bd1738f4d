//! Which formats there are, and what each of them counts.

use std::fmt;

/// A format of coverage reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// lcov tracefile (`.info`), versions 1 and 2.
    Lcov,
    /// Cobertura XML.
    Cobertura,
    /// JaCoCo XML.
    Jacoco,
    /// Clover XML.
    Clover,
    /// Go coverprofile.
    GoCover,
    /// JSON of `llvm-cov export`.
    Llvm,
    /// JSON of `gcov --json-format`.
    Gcov,
    /// JSON of `coverage json` (coverage.py).
    CoveragePy,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 8] = [
        Self::Lcov,
        Self::Cobertura,
        Self::Jacoco,
        Self::Clover,
        Self::GoCover,
        Self::Llvm,
        Self::Gcov,
        Self::CoveragePy,
    ];

    /// The name people know it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lcov => "lcov",
            Self::Cobertura => "Cobertura",
            Self::Jacoco => "JaCoCo",
            Self::Clover => "Clover",
            Self::GoCover => "Go coverprofile",
            Self::Llvm => "llvm-cov JSON",
            Self::Gcov => "gcov JSON",
            Self::CoveragePy => "coverage.py JSON",
        }
    }

    /// What one line of its line coverage is.
    ///
    /// Two formats that disagree here give different totals for the same source, and both are right: gcov finds
    /// 12 lines where llvm-cov finds 15. So a change of format is not a change of coverage.
    #[must_use]
    pub fn line_rule(self) -> &'static str {
        match self {
            Self::Lcov | Self::Cobertura => "a line the report lists",
            Self::Jacoco => "a line with bytecode",
            Self::Clover => "a line with a statement or a condition",
            Self::GoCover => "a line with code inside a block of statements",
            Self::Llvm => "a line inside a code region",
            Self::Gcov => "a line with machine code",
            Self::CoveragePy => "the first line of a statement",
        }
    }

    /// Whether its hits say how often a line ran; otherwise a hit only says that it ran.
    #[must_use]
    pub fn counts_executions(self) -> bool {
        !matches!(self, Self::Jacoco | Self::CoveragePy)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of formats.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Formats(u8);

impl Formats {
    /// Adds one.
    pub fn insert(&mut self, format: Format) {
        self.0 |= bit(format);
    }

    /// Adds those of another set.
    pub fn extend(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether it is in the set.
    #[must_use]
    pub fn contains(self, format: Format) -> bool {
        self.0 & bit(format) != 0
    }

    /// How many there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The formats of the set, in the order of [`Format::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Format> {
        Format::ALL.into_iter().filter(move |format| self.contains(*format))
    }
}

impl From<Format> for Formats {
    fn from(format: Format) -> Self {
        Self(bit(format))
    }
}

impl fmt::Debug for Formats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

fn bit(format: Format) -> u8 {
    1 << format as u8
}
