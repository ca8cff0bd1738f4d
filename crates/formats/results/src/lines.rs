//! Text line by line.

use lw_syntax::Position;

use crate::detect::Format;
use crate::error::{Problem, ResultsError};

/// The lines of a text.
pub(crate) struct Lines<'a> {
    rest: &'a [u8],
    /// The number of the line read last, from 1.
    pub(crate) number: u64,
    /// Whether the line read last ended with a line break.
    pub(crate) ended: bool,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, number: 0, ended: true }
    }

    /// An error in the line read last.
    pub(crate) fn error(&self, format: Format, problem: Problem) -> ResultsError {
        ResultsError::Malformed { format, at: Position::line(self.number.max(1)), problem }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        self.number += 1;
        let end = memchr::memchr(b'\n', self.rest);
        self.ended = end.is_some();
        let end = end.unwrap_or(self.rest.len());
        let line = self.rest.get(..end).unwrap_or_default();
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}
