//! Go coverprofile.
//!
//! `mode: set|count|atomic`, then one block a line: `name:line.column,line.column statements count` (cmd/cover and
//! golang.org/x/tools/cover). With `-coverpkg` each block comes once for every test binary, and profiles are
//! concatenated with their `mode` lines, so equal blocks are one.
//!
//! The figure Go itself tells is [`Metric::Statement`](crate::Metric::Statement). Lines are derived: all lines of a
//! block, blank ones and comments among them, with the hits of the block that ran most. The line of the end does
//! not belong to the block when nothing of it does (column 1 is the first one behind). Who has the source takes out what is
//! no code ([`source::go_code_lines`](crate::source::go_code_lines)).

use std::borrow::Cow;
use std::collections::BTreeMap;

use lw_model::lists::sort_by_key;

use crate::count::{Count, number};
use crate::error::{CoverageError, Position, Problem};
use crate::model::{Block, Coverage, FileBuilder, Format, WarningKind, shorten};
use crate::span::Budget;

pub(crate) fn read(bytes: &[u8]) -> Result<Coverage, CoverageError> {
    let mut coverage = Coverage { formats: Format::GoCover.into(), ..Coverage::default() };
    let mut files: BTreeMap<Cow<'_, str>, FileBuilder> = BTreeMap::new();
    let mut at = 0;
    for line in bytes.split(|byte| *byte == b'\n') {
        at += 1;
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"mode:") {
            continue;
        }
        let error =
            |problem| CoverageError::Malformed { format: Format::GoCover, at: Position::line(at), problem };
        let record = Record::parse(line).map_err(error)?;
        let hits = coverage.warnings.take_count(record.count, at, line);
        let name = String::from_utf8_lossy(record.name);
        if matches!(name, Cow::Owned(_)) {
            coverage.warnings.add(WarningKind::InvalidText, at, record.name);
        }
        files.entry(name).or_default().block(Block { hits, ..record.block });
    }
    let mut budget = Budget::of(bytes);
    for (name, mut file) in files {
        derive_lines(&mut file, &mut budget).map_err(|problem| CoverageError::Malformed {
            format: Format::GoCover,
            at: Position::line(at),
            problem,
        })?;
        coverage.files.insert(name.into_owned(), file.take(Format::GoCover));
    }
    Ok(coverage)
}

/// One line of a profile.
struct Record<'a> {
    name: &'a [u8],
    block: Block,
    count: Count,
}

impl<'a> Record<'a> {
    fn parse(line: &'a [u8]) -> Result<Self, Problem> {
        // The name may have colons and spaces; what follows it has not.
        let colon = memchr::memrchr(b':', line).ok_or(Problem::Missing("`:` after the name of the file"))?;
        let (name, rest) = line.split_at(colon);
        let mut fields =
            rest.get(1..).unwrap_or_default().split(|byte| *byte == b' ').filter(|field| !field.is_empty());
        let range = fields.next().ok_or(Problem::Missing("the range of the block"))?;
        let statements = fields.next().ok_or(Problem::Missing("the number of statements"))?;
        let count = fields.next().ok_or(Problem::Missing("the count"))?;
        if let Some(more) = fields.next() {
            return Err(not_a_number("what follows the count", more));
        }
        let (start, end) = split(range, b',').ok_or(Problem::Missing("the end of the block"))?;
        let block = Block {
            start: place(start)?,
            end: place(end)?,
            statements: number(statements)
                .ok_or_else(|| not_a_number("the number of statements", statements))?,
            hits: 0,
        };
        if block.end < block.start {
            return Err(not_a_number("the end of the block", end));
        }
        let count = Count::parse(count).ok_or_else(|| not_a_number("the count", count))?;
        if name.is_empty() {
            return Err(Problem::Missing("the name of the file"));
        }
        Ok(Self { name, block, count })
    }
}

fn place(text: &[u8]) -> Result<(u32, u32), Problem> {
    split(text, b'.')
        .and_then(|(line, column)| Some((number(line)?, number(column)?)))
        .ok_or_else(|| not_a_number("a line and column", text))
}

fn split(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(at, text)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

fn not_a_number(what: &'static str, found: &[u8]) -> Problem {
    Problem::NotANumber { what, found: shorten(found) }
}

fn derive_lines(file: &mut FileBuilder, budget: &mut Budget) -> Result<(), Problem> {
    let mut lines: Vec<(u32, u64)> = Vec::new();
    for block in file.joined_blocks() {
        let behind = block.end.1 <= 1 && block.end.0 > block.start.0;
        let last = if behind { block.end.0.saturating_sub(1) } else { block.end.0 };
        budget.take(block.start.0, last)?;
        lines.extend((block.start.0..=last).map(|line| (line, block.hits)));
    }
    sort_by_key(&mut lines, |line| line.0);
    lines.dedup_by(|again, kept| {
        let same = again.0 == kept.0;
        if same {
            kept.1 = kept.1.max(again.1);
        }
        same
    });
    lines.into_iter().for_each(|(line, hits)| file.line(line, hits));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Counts, Metric};

    #[test]
    fn blocks_of_several_test_binaries_are_one() {
        let coverage = read(
            b"mode: count\nC:\\m\\a.go:3.2,5.1 2 0\nC:\\m\\a.go:7.1,7.9 1 2\nmode: count\nC:\\m\\a.go:3.2,5.1 2 4\n",
        )
        .unwrap();
        let file = &coverage.files["C:\\m\\a.go"];
        assert_eq!(file.figure(Metric::Statement).counts, Counts::new(3, 3));
        assert_eq!(file.lines().iter().collect::<Vec<_>>(), [(3, 4), (4, 4), (7, 2)]);
    }

    #[test]
    fn a_range_cannot_claim_billions_of_lines() {
        let error = read(b"mode: set\na.go:1.1,4000000000.1 1 1\n").unwrap_err();
        assert!(matches!(error, CoverageError::Malformed { problem: Problem::TooManyLines(_), .. }));
    }

    #[test]
    fn a_line_that_is_no_block_is_an_error() {
        for line in
            ["a.go 1.1,2.2 1 1", "a.go:1.1,2.2 1", "a.go:2.1,1.2 1 1", "a.go:1,2 1 1", "a.go:1.1,2.2 1 1 1"]
        {
            let error = read(format!("mode: set\n{line}\n").as_bytes()).unwrap_err();
            assert!(error.to_string().starts_with("Go coverprofile, line 2: "), "{error}");
        }
    }
}
