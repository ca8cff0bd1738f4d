//! Cuts a tracefile into pieces of whole sections.

use std::borrow::Cow;
use std::io::{self, Read};

use memchr::memmem;

use crate::error::CoverageError;

/// Large enough that cutting costs nothing, small enough that the pieces do not count in memory.
const SIZE: usize = 1 << 20;
const END: &[u8] = b"end_of_record";

/// A piece of a tracefile that ends where a section ends.
pub(super) struct Batch<'a> {
    pub(super) bytes: Cow<'a, [u8]>,
    /// Number of its first line in the tracefile.
    pub(super) first_line: u64,
    /// Whether it is the last one.
    pub(super) last: bool,
}

/// Where the pieces come from.
pub(super) struct Source<'a, R> {
    input: Input<'a, R>,
    line: u64,
    done: bool,
}

enum Input<'a, R> {
    Slice(&'a [u8]),
    Stream { pending: Vec<u8>, reader: R },
}

impl<'a> Source<'a, io::Empty> {
    pub(super) fn slice(bytes: &'a [u8]) -> Self {
        Self { input: Input::Slice(bytes), line: 1, done: false }
    }
}

impl<R: Read> Source<'_, R> {
    pub(super) fn stream(pending: Vec<u8>, reader: R) -> Self {
        Self { input: Input::Stream { pending, reader }, line: 1, done: false }
    }
}

impl<'a, R: Read> Source<'a, R> {
    /// The next piece; `None` after the last one.
    pub(super) fn next(&mut self) -> Result<Option<Batch<'a>>, CoverageError> {
        if self.done {
            return Ok(None);
        }
        let (bytes, last): (Cow<'a, [u8]>, bool) = match &mut self.input {
            Input::Slice(rest) => {
                let mut size = SIZE;
                let at = loop {
                    match rest.get(..size) {
                        None => break rest.len(),
                        Some(window) => match cut(window) {
                            Some(at) => break at,
                            None => size = size.saturating_mul(2),
                        },
                    }
                };
                let (piece, after) = rest.split_at(at);
                *rest = after;
                (piece.into(), after.is_empty())
            }
            Input::Stream { pending, reader } => {
                let mut size = SIZE;
                loop {
                    let wanted = size.saturating_sub(pending.len()) as u64;
                    let read = reader.by_ref().take(wanted).read_to_end(pending);
                    read.map_err(|error| CoverageError::Io(error.to_string()))?;
                    if pending.len() < size {
                        break (std::mem::take(pending).into(), true);
                    }
                    if let Some(at) = cut(pending) {
                        let mut after = Vec::with_capacity(SIZE);
                        after.extend_from_slice(pending.get(at..).unwrap_or_default());
                        let mut piece = std::mem::replace(pending, after);
                        piece.truncate(at);
                        break (piece.into(), false);
                    }
                    size = size.saturating_mul(2);
                }
            }
        };
        let first_line = self.line;
        self.line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
        self.done = last;
        Ok(Some(Batch { bytes, first_line, last }))
    }
}

/// Behind the last line that ends a section.
fn cut(window: &[u8]) -> Option<usize> {
    let mut window = window;
    loop {
        let at = memmem::rfind(window, END)?;
        let (before, after) = window.split_at(at);
        if before.last().is_none_or(|byte| *byte == b'\n')
            && let Some(newline) = memchr::memchr(b'\n', after)
        {
            return Some(at + newline + 1);
        }
        window = before;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_behind_a_section() {
        assert_eq!(cut(b"SF:a\nend_of_record\nSF:b\nDA:1,1\n"), Some(19));
        assert_eq!(cut(b"SF:a\nend_of_record\r\nSF:b\nend_of_record"), Some(20));
        assert_eq!(cut(b"SF:end_of_record\nDA:1,1\n"), None);
    }

    #[test]
    fn a_stream_and_a_slice_give_the_same_pieces_of_text() {
        let mut text = Vec::new();
        for file in 0..60_000 {
            text.extend_from_slice(format!("SF:src/file{file}.c\nDA:1,{file}\nend_of_record\n").as_bytes());
        }
        let collect = |mut pieces: Vec<(Vec<u8>, u64)>| {
            let lines: Vec<u64> = pieces.iter().map(|piece| piece.1).collect();
            (pieces.drain(..).flat_map(|piece| piece.0).collect::<Vec<u8>>(), lines)
        };
        let mut slices = Vec::new();
        let mut source = Source::slice(&text);
        while let Some(batch) = source.next().unwrap() {
            slices.push((batch.bytes.into_owned(), batch.first_line));
        }
        let mut streamed = Vec::new();
        let (start, rest) = text.split_at(100);
        let mut source = Source::stream(start.to_vec(), rest);
        while let Some(batch) = source.next().unwrap() {
            streamed.push((batch.bytes.into_owned(), batch.first_line));
        }
        assert!(slices.len() > 2);
        let (slices, streamed) = (collect(slices), collect(streamed));
        assert_eq!(slices.0, text);
        assert_eq!(slices, streamed);
    }
}
