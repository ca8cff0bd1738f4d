//! The records of a tracefile.

use std::borrow::Cow;

use super::functions::Functions;
use crate::count::{Count, number};
use crate::error::{CoverageError, Position, Problem};
use crate::files::Files;
use crate::model::{
    Arm, Branch, BranchKind, Condition, FileBuilder, Format, Sense, WarningKind, Warnings, shorten,
};

/// Reads the records of one piece of a tracefile.
pub(super) struct Parser<'a, 'b> {
    files: &'b mut Files,
    warnings: &'b mut Warnings,
    file: &'b mut FileBuilder,
    functions: Functions<'a>,
    path: Option<Cow<'a, str>>,
    line: u64,
}

impl<'a, 'b> Parser<'a, 'b> {
    /// Reads into the files. The builder, which is empty before and after each section, is reused from piece to piece.
    pub(super) fn new(
        files: &'b mut Files,
        warnings: &'b mut Warnings,
        file: &'b mut FileBuilder,
        first_line: u64,
    ) -> Self {
        Self { files, warnings, file, functions: Functions::default(), path: None, line: first_line }
    }

    pub(super) fn read(mut self, bytes: &'a [u8], last: bool) -> Result<(), CoverageError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if let Some(after) = self.plain(rest) {
                rest = after;
                self.line += 1;
                continue;
            }
            let (line, after) = match memchr::memchr(b'\n', rest) {
                Some(at) => (rest.get(..at).unwrap_or_default(), rest.get(at + 1..).unwrap_or_default()),
                None => (rest, &[][..]),
            };
            rest = after;
            self.record(line.strip_suffix(b"\r").unwrap_or(line)).map_err(|problem| self.error(problem))?;
            self.line += 1;
        }
        if self.path.is_some() {
            self.line = self.line.saturating_sub(1);
            if last {
                return Err(self.error(Problem::Truncated("`end_of_record`")));
            }
        }
        Ok(())
    }

    fn error(&self, problem: Problem) -> CoverageError {
        CoverageError::Malformed { format: Format::Lcov, at: Position::line(self.line), problem }
    }

    /// Reads a `DA` or `BRDA` that has nothing but small numbers, up to the end of its line, and returns what follows.
    ///
    /// Nearly all lines are like this, and looking for their ends and commas first takes half as long again. Whatever is
    /// not is for [`record`](Self::record), which gives the same for these.
    fn plain(&mut self, text: &'a [u8]) -> Option<&'a [u8]> {
        self.path.as_ref()?;
        if let Some(fields) = text.strip_prefix(b"DA:") {
            let (line, fields) = small(fields)?;
            let (hits, fields) = small(fields.strip_prefix(b",")?)?;
            let after = fields.strip_prefix(b"\n")?;
            self.file.line(line, hits.into());
            return Some(after);
        }
        let (line, fields) = small(text.strip_prefix(b"BRDA:")?)?;
        let (block, fields) = small(fields.strip_prefix(b",")?)?;
        let (index, fields) = small(fields.strip_prefix(b",")?)?;
        let fields = fields.strip_prefix(b",")?;
        let (taken, fields) = match fields.strip_prefix(b"-") {
            Some(fields) => (None, fields),
            None => small(fields).map(|(taken, fields)| (Some(taken.into()), fields))?,
        };
        let after = fields.strip_prefix(b"\n")?;
        let (arm, kind) = (Arm::Index(index), BranchKind::Ordinary);
        self.file.branch(Branch { line, block, arm, kind, taken });
        Some(after)
    }

    fn record(&mut self, line: &'a [u8]) -> Result<(), Problem> {
        if let Some(fields) = line.strip_prefix(b"DA:") {
            return self.line_data(fields);
        }
        if let Some(fields) = line.strip_prefix(b"BRDA:") {
            return self.branch(fields);
        }
        if line.starts_with(b"#") || line.trim_ascii().is_empty() {
            return Ok(());
        }
        if line.trim_ascii() == b"end_of_record" {
            if self.path.is_none() {
                self.warn(WarningKind::UnknownRecord, line);
            }
            return self.close();
        }
        // Only the first colon separates: `SF:C:\src\main.c`.
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let (kind, fields) = line.split_at(colon);
        let fields = fields.strip_prefix(b":").unwrap_or_default();
        match kind {
            b"SF" => self.open(fields),
            b"FN" => self.function(fields),
            b"FNDA" => {
                let (hits, name) = split(fields, "the name of FNDA")?;
                let hits = self.count(hits, "the count of FNDA")?;
                self.inside("FNDA")?.hits(hits, name);
                Ok(())
            }
            b"FNL" => {
                let (index, places) = split(fields, "the line of FNL")?;
                let (start, end) = places.split_at(memchr::memchr(b',', places).unwrap_or(places.len()));
                let index = wide(index, "the index of FNL")?;
                let start = self.line_of_function(start, fields)?;
                let end = match end.strip_prefix(b",") {
                    Some(end) => narrow(end, "the last line of FNL")?,
                    None => 0,
                };
                self.inside("FNL")?.located(index, start, end);
                Ok(())
            }
            b"FNA" => {
                let (index, rest) = split(fields, "the count of FNA")?;
                let (hits, name) = split(rest, "the name of FNA")?;
                let index = wide(index, "the index of FNA")?;
                let hits = self.count(hits, "the count of FNA")?;
                self.inside("FNA")?.alias(index, hits, name);
                Ok(())
            }
            b"MCDC" => self.condition(fields),
            b"TN" | b"VER" | b"LF" | b"LH" | b"FNF" | b"FNH" | b"BRF" | b"BRH" | b"MCF" | b"MCH" => Ok(()),
            _ => {
                self.warn(WarningKind::UnknownRecord, line);
                Ok(())
            }
        }
    }

    fn open(&mut self, path: &'a [u8]) -> Result<(), Problem> {
        if self.path.is_some() {
            self.warn(WarningKind::UnclosedRecord, path);
            self.close()?;
        }
        if path.is_empty() {
            return Err(Problem::Missing("the path of SF"));
        }
        let text = String::from_utf8_lossy(path);
        if matches!(text, Cow::Owned(_)) {
            self.warn(WarningKind::InvalidText, path);
        }
        self.path = Some(text);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Problem> {
        let Some(path) = self.path.take() else { return Ok(()) };
        self.functions.resolve(self.file, self.warnings, self.line);
        self.file.part_repeated_branches();
        self.files.push(path.into_owned(), self.file.take(Format::Lcov))
    }

    /// `DA:line,count[,checksum]`
    fn line_data(&mut self, fields: &[u8]) -> Result<(), Problem> {
        let (line, rest) = split(fields, "the count of DA")?;
        let hits = rest.split_at(memchr::memchr(b',', rest).unwrap_or(rest.len())).0;
        let line = narrow(line, "the line of DA")?;
        let hits = self.count(hits, "the count of DA")?;
        self.inside("DA")?;
        self.file.line(line, hits);
        Ok(())
    }

    /// `FN:line[,last line],name`; names may have commas.
    fn function(&mut self, fields: &'a [u8]) -> Result<(), Problem> {
        let (start, rest) = split(fields, "the name of FN")?;
        let start = self.line_of_function(start, fields)?;
        let comma = memchr::memchr(b',', rest);
        let end = comma.and_then(|comma| Some((number(rest.get(..comma)?)?, rest.get(comma + 1..)?)));
        let (end, name) = end.unwrap_or((0, rest));
        self.inside("FN")?.named(start, end, name);
        Ok(())
    }

    /// The first line of a function; 0 for one that stands nowhere in the source: that is a defect of one function, and
    /// none of the report.
    fn line_of_function(&mut self, text: &[u8], record: &[u8]) -> Result<u32, Problem> {
        if let Some(line) = number(text) {
            return Ok(line);
        }
        let is_negative = text.trim_ascii().strip_prefix(b"-").is_some_and(|text| number(text).is_some());
        if !is_negative {
            return Err(not_a_number("the line of a function", text));
        }
        self.warn(WarningKind::FunctionWithoutLine, record);
        Ok(0)
    }

    /// `BRDA:line,[e|f][U]block,branch,taken`; the branch may be an expression with commas. What lcov 2.5 marks as
    /// unreachable (`U`) is not counted.
    fn branch(&mut self, fields: &[u8]) -> Result<(), Problem> {
        let (line, rest) = split(fields, "the block of BRDA")?;
        let (block, rest) = split(rest, "the branch of BRDA")?;
        let comma = memchr::memrchr(b',', rest).ok_or(Problem::Missing("the count of BRDA"))?;
        let (arm, taken) = rest.split_at(comma);
        let line = narrow(line, "the line of BRDA")?;
        let (kind, block) = match block.split_first() {
            Some((b'e', block)) => (BranchKind::Exception, block),
            Some((b'f', block)) => (BranchKind::Fallthrough, block),
            _ => (BranchKind::Ordinary, block),
        };
        let is_unreachable = block.first() == Some(&b'U');
        let block = block.strip_prefix(b"U").unwrap_or(block);
        // lcov 1 writes the block -1 of gcov as unsigned.
        let block = u32::try_from(wide(block, "the block of BRDA")?).unwrap_or(u32::MAX);
        let taken = match taken.strip_prefix(b",").unwrap_or_default().trim_ascii() {
            b"-" => None,
            taken => Some(self.count(taken, "the count of BRDA")?),
        };
        self.inside("BRDA")?;
        if is_unreachable {
            return Ok(());
        }
        let text;
        let arm = match number(arm) {
            Some(index) => Arm::Index(index),
            None => {
                text = String::from_utf8_lossy(arm);
                Arm::Text(&text)
            }
        };
        self.file.branch(Branch { line, block, arm, kind, taken });
        Ok(())
    }

    /// `MCDC:line,size of the decision,sense,taken,index,expression`
    fn condition(&mut self, fields: &[u8]) -> Result<(), Problem> {
        let (line, rest) = split(fields, "the size of MCDC")?;
        let (size, rest) = split(rest, "the sense of MCDC")?;
        let (sense, rest) = split(rest, "the count of MCDC")?;
        let (taken, rest) = split(rest, "the index of MCDC")?;
        let (index, expression) = split(rest, "the expression of MCDC")?;
        let line = narrow(line, "the line of MCDC")?;
        let size = narrow(size, "the size of MCDC")?;
        let place = narrow(index, "the index of MCDC")?;
        let sense = match sense {
            b"t" => Sense::True,
            b"f" => Sense::False,
            _ => return Err(not_a_number("the sense of MCDC", sense)),
        };
        let taken = match taken {
            b"-" => None,
            taken => Some(self.count(taken, "the count of MCDC")?),
        };
        self.inside("MCDC")?;
        // Further decisions of the same size on the line go on counting, as our writer does.
        let (decision, index) = match (place.checked_div(size), place.checked_rem(size)) {
            (Some(decision), Some(index)) => (decision, index),
            _ => (0, place),
        };
        let expression = String::from_utf8_lossy(expression).into();
        self.file.condition(Condition { line, size, decision, index, sense, taken, expression });
        Ok(())
    }

    fn inside(&mut self, kind: &str) -> Result<&mut Functions<'a>, Problem> {
        if self.path.is_some() { Ok(&mut self.functions) } else { Err(Problem::OutsideFile(kind.into())) }
    }

    fn count(&mut self, text: &[u8], what: &'static str) -> Result<u64, Problem> {
        let count = Count::parse(text).ok_or_else(|| not_a_number(what, text))?;
        Ok(self.warnings.take_count(count, self.line, text))
    }

    fn warn(&mut self, kind: WarningKind, text: &[u8]) {
        self.warnings.add(kind, self.line, text);
    }
}

/// A number of one to nine digits, and what is after it.
fn small(text: &[u8]) -> Option<(u32, &[u8])> {
    let mut value = 0;
    for (place, byte) in text.iter().enumerate().take(10) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return if place > 0 { Some((value, text.get(place..)?)) } else { None };
        }
        if place == 9 {
            return None;
        }
        value = value * 10 + u32::from(digit);
    }
    None
}

/// What is before and after the first comma.
fn split<'a>(fields: &'a [u8], missing: &'static str) -> Result<(&'a [u8], &'a [u8]), Problem> {
    let comma = fields.iter().position(|byte| *byte == b',').ok_or(Problem::Missing(missing))?;
    Ok((fields.get(..comma).unwrap_or_default(), fields.get(comma + 1..).unwrap_or_default()))
}

fn narrow(text: &[u8], what: &'static str) -> Result<u32, Problem> {
    number(text).ok_or_else(|| not_a_number(what, text))
}

fn wide(text: &[u8], what: &'static str) -> Result<u64, Problem> {
    crate::count::digits(text.trim_ascii()).ok_or_else(|| not_a_number(what, text))
}

fn not_a_number(what: &'static str, found: &[u8]) -> Problem {
    Problem::NotANumber { what, found: shorten(found) }
}
