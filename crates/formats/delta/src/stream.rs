//! Bytes that come out of compressed data, and where in the patch that data lies.

use crate::error::{Problem, Rest};

/// Decompressed bytes, one after the other.
pub(crate) trait Stream {
    /// Fills as much of a buffer as there is data for and says how much that was.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Problem>;

    /// How many bytes of the patch have been consumed.
    fn offset(&self) -> u64;

    /// Checks that nothing is left.
    fn finish(&mut self) -> Result<(), Problem>;
}

/// Data that is not compressed.
pub(crate) struct Plain<'a> {
    rest: &'a [u8],
    offset: u64,
}

impl<'a> Plain<'a> {
    pub(crate) fn new(data: &'a [u8], offset: u64) -> Self {
        Self { rest: data, offset }
    }
}

impl Stream for Plain<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Problem> {
        let count = buffer.len().min(self.rest.len());
        let (now, rest) = self.rest.split_at(count);
        let (filled, _) = buffer.split_at_mut(count);
        filled.copy_from_slice(now);
        self.rest = rest;
        self.offset += count as u64;
        Ok(count)
    }

    fn offset(&self) -> u64 {
        self.offset
    }

    fn finish(&mut self) -> Result<(), Problem> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(Problem::Trailing(Rest::Bytes(left as u64))),
        }
    }
}
