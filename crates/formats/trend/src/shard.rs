//! One file of a history: read within bounds, and written back with nothing lost.

use std::collections::BTreeSet;

use crate::error::{LineError, ShardError};
use crate::line::Line;
use crate::month::Month;
use crate::{MAX_LINE, MAX_LINES, MAX_SHARD};

/// The lines of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shard {
    rows: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq)]
struct Row {
    /// As it stands in the file, without its line feed.
    raw: Vec<u8>,
    read: Result<Line, LineError>,
}

/// A line that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which one, from 1.
    pub line: usize,
    /// Why.
    pub why: LineError,
}

/// What became of a line that was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// Its commit had none.
    Added,
    /// It stands in the place of the one that its commit had.
    Replaced,
    /// Its commit had the very same.
    Unchanged,
}

impl Shard {
    /// Reads a file; of one month, when it is one of several.
    ///
    /// # Errors
    /// When it has more bytes or lines than a history has. A line that is wrong is none of the errors: see
    /// [`problems`](Self::problems).
    pub fn read(bytes: &[u8], month: Option<Month>) -> Result<Self, ShardError> {
        if bytes.len() > MAX_SHARD {
            return Err(ShardError::TooLarge(bytes.len()));
        }
        let mut texts: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        // What stands after the last line feed is a line only when there is something.
        if texts.last().is_some_and(|last| last.is_empty()) {
            texts.pop();
        }
        if texts.len() > MAX_LINES {
            return Err(ShardError::TooManyLines);
        }
        let mut seen = BTreeSet::new();
        let mut rows = Vec::with_capacity(texts.len());
        for raw in texts {
            let read = Line::parse(raw).and_then(|line| {
                let found = Month::of(line.time);
                match (month, found) {
                    (Some(file), Some(found)) if file != found => {
                        Err(LineError::Month { found: found.to_string(), file: file.to_string() })
                    }
                    _ if !seen.insert(line.commit.clone()) => {
                        Err(LineError::Twice(line.commit.chars().take(12).collect()))
                    }
                    _ => Ok(line),
                }
            });
            rows.push(Row { raw: raw.to_vec(), read });
        }
        Ok(Self { rows })
    }

    /// The lines that can be used, in the order of the file.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.rows.iter().filter_map(|row| row.read.as_ref().ok())
    }

    /// The lines that are refused; white space is a line as well.
    pub fn problems(&self) -> impl Iterator<Item = Problem> {
        self.rows.iter().enumerate().filter_map(|(index, row)| {
            row.read.as_ref().err().map(|why| Problem { line: index + 1, why: why.clone() })
        })
    }

    /// Puts a line: in the place of the one of the same commit, or at the end. Figures of the same commit that are of
    /// another tool, title or subject stay, since another job has measured them.
    ///
    /// # Errors
    /// When the line, or the file with it, has more bytes than a history has.
    pub fn put(&mut self, line: &Line) -> Result<Put, ShardError> {
        let place =
            self.rows.iter_mut().find(|row| row.read.as_ref().is_ok_and(|known| known.commit == line.commit));
        let put = match place {
            Some(row) => {
                let merged = row.read.as_ref().map_or_else(|_| line.clone(), |known| known.merged(line));
                if row.read.as_ref() == Ok(&merged) {
                    return Ok(Put::Unchanged);
                }
                row.raw = merged.to_text()?.into_bytes();
                row.read = Ok(merged);
                Put::Replaced
            }
            None => {
                if self.rows.len() >= MAX_LINES {
                    return Err(ShardError::TooManyLines);
                }
                let raw = line.to_text()?.into_bytes();
                self.rows.push(Row { raw, read: Ok(line.clone()) });
                Put::Added
            }
        };
        let bytes: usize = self.rows.iter().map(|row| row.raw.len() + 1).sum();
        if bytes > MAX_SHARD { Err(ShardError::TooLarge(bytes)) } else { Ok(put) }
    }

    /// The file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for row in &self.rows {
            bytes.extend_from_slice(&row.raw);
            bytes.push(b'\n');
        }
        bytes
    }
}

const _: () = assert!(MAX_LINE < MAX_SHARD);
