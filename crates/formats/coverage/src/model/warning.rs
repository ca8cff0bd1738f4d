//! What a reader passed over or had to interpret, counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Examples kept of each kind.
const MAX_EXAMPLES: usize = 8;
/// Characters kept of a text.
const MAX_TEXT: usize = 60;

/// What was odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WarningKind {
    /// A line or element that is part of no version of the format; it was passed over.
    UnknownRecord,
    /// A negative number of executions, taken as zero. Threads that count without
    /// `-fprofile-update=atomic` leave such.
    NegativeCount,
    /// A number of executions with a fraction or an exponent; the fraction was dropped.
    FractionalCount,
    /// A number of executions above 2^64 - 1, taken as that.
    HugeCount,
    /// Text that is no UTF-8; what is wrong in it was replaced.
    InvalidText,
    /// A record of one file that ends where the next begins, without `end_of_record`.
    UnclosedRecord,
    /// Hits of a function whose line the report does not tell, or that is no line.
    FunctionWithoutLine,
    /// A line 0, which no file has; it was left out.
    LineZero,
    /// A line with branches of which the report does not tell how many there are; they are not counted.
    BranchesNotTold,
    /// A class that was compiled without debug information; its lines are not counted.
    ClassWithoutLines,
    /// The report's own total of branches differs from the branches it lists; those listed are counted.
    SummaryDiffers,
}

impl WarningKind {
    /// What happened, as a sentence without its end.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::UnknownRecord => "unknown record passed over",
            Self::NegativeCount => "negative count taken as 0",
            Self::FractionalCount => "fraction of a count dropped",
            Self::HugeCount => "count above 2^64 - 1 taken as that",
            Self::InvalidText => "text is not UTF-8",
            Self::UnclosedRecord => "record without `end_of_record`",
            Self::FunctionWithoutLine => "hits of a function whose line is not told",
            Self::LineZero => "line 0, which no file has, left out",
            Self::BranchesNotTold => "branches not counted: their number is not told",
            Self::ClassWithoutLines => "class without line numbers not counted",
            Self::SummaryDiffers => "the report's own total differs from what it lists",
        }
    }
}

/// One oddity, where it was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// Line of the report, from 1; 0 when the format has no lines to speak of.
    pub line: u64,
    /// What was odd.
    pub kind: WarningKind,
    /// The text in question, shortened.
    pub text: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        f.write_str(self.kind.text())?;
        if self.text.is_empty() { Ok(()) } else { write!(f, ": {}", self.text) }
    }
}

/// All oddities of a report: how many of each kind, and the first few of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Warnings(BTreeMap<WarningKind, KindOfWarning>);

/// The oddities of one kind: how many, and the first few with their lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct KindOfWarning {
    count: u64,
    examples: BTreeSet<(u64, String)>,
}

impl Warnings {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.values().fold(0, |sum, kept| sum.saturating_add(kept.count))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are of each kind that occurred.
    pub fn counts(&self) -> impl Iterator<Item = (WarningKind, u64)> {
        self.0.iter().map(|(kind, kept)| (*kind, kept.count))
    }

    /// How many there are of one kind.
    #[must_use]
    pub fn count(&self, kind: WarningKind) -> u64 {
        self.0.get(&kind).map_or(0, |kept| kept.count)
    }

    /// The first few of each kind, in the order of their kinds and lines.
    pub fn examples(&self) -> impl Iterator<Item = Warning> {
        self.0.iter().flat_map(|(kind, kept)| {
            kept.examples.iter().map(|(line, text)| Warning { line: *line, kind: *kind, text: text.clone() })
        })
    }

    pub(crate) fn add(&mut self, kind: WarningKind, line: u64, text: &[u8]) {
        let kept = self.0.entry(kind).or_default();
        kept.count = kept.count.saturating_add(1);
        // Lines come in their order, so the first ones are the lowest.
        if kept.examples.len() < MAX_EXAMPLES {
            kept.examples.insert((line, shorten(text)));
        }
    }

    /// Adds those of another report. The lowest lines stay, so that the order of merging does not matter.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (kind, theirs) in &other.0 {
            let ours = self.0.entry(*kind).or_default();
            ours.count = ours.count.saturating_add(theirs.count);
            ours.examples.extend(theirs.examples.iter().cloned());
            while ours.examples.len() > MAX_EXAMPLES {
                ours.examples.pop_last();
            }
        }
    }
}

/// The beginning of a text, for messages.
pub(crate) fn shorten(text: &[u8]) -> String {
    // Four bytes make a character at most.
    let start = text.get(..MAX_TEXT * 4).unwrap_or(text);
    let lossy = String::from_utf8_lossy(start);
    let mut short: String = lossy.chars().take(MAX_TEXT).collect();
    if short.len() < text.len() && lossy.chars().count() > MAX_TEXT {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_of_many_are_kept_but_all_are_counted() {
        let mut a = Warnings::default();
        let mut b = Warnings::default();
        for line in 1..=100 {
            let into = if line % 2 == 0 { &mut a } else { &mut b };
            into.add(WarningKind::UnknownRecord, line, b"junk");
        }
        let mut ab = a.clone();
        ab.merge(&b);
        b.merge(&a);
        assert_eq!(ab, b);
        assert_eq!(ab.len(), 100);
        assert_eq!(ab.examples().map(|warning| warning.line).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn a_long_text_is_shortened_between_characters() {
        assert_eq!(shorten("é".repeat(200).as_bytes()), format!("{}…", "é".repeat(60)));
        assert_eq!(shorten(b"\xff short"), "\u{fffd} short");
    }
}
