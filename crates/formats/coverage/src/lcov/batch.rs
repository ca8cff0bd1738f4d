//! Cuts a tracefile into pieces of whole sections.

use std::io::{self, Read};

use memchr::memmem;

use crate::error::CoverageError;

/// Large enough that cutting costs nothing, small enough that the pieces do not count in memory.
const SIZE: usize = 1 << 20;
const END: &[u8] = b"end_of_record";

/// A piece of a tracefile that ends where a section ends.
pub(super) struct Batch<'a> {
    bytes: Bytes<'a>,
    /// Number of its first line in the tracefile.
    pub(super) first_line: u64,
    /// Whether it is the last one.
    pub(super) last: bool,
}

enum Bytes<'a> {
    Slice(&'a [u8]),
    /// So many bytes of a buffer.
    Read(Vec<u8>, usize),
}

impl Batch<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Slice(bytes) => bytes,
            Bytes::Read(buffer, length) => buffer.get(..*length).unwrap_or_default(),
        }
    }
}

/// Where the pieces come from.
pub(super) struct Source<'a, R> {
    input: Input<'a, R>,
    line: u64,
    done: bool,
}

enum Input<'a, R> {
    Slice(&'a [u8]),
    Stream(Stream<R>),
}

struct Stream<R> {
    /// What of the next piece was read already.
    pending: Vec<u8>,
    reader: R,
    /// Buffers of pieces that are done with. New memory for each would be cleared by the system and again for the reader.
    spare: Vec<Vec<u8>>,
}

impl<'a> Source<'a, io::Empty> {
    pub(super) fn slice(bytes: &'a [u8]) -> Self {
        Self { input: Input::Slice(bytes), line: 1, done: false }
    }
}

impl<R: Read> Source<'_, R> {
    pub(super) fn stream(pending: Vec<u8>, reader: R) -> Self {
        Self { input: Input::Stream(Stream { pending, reader, spare: Vec::new() }), line: 1, done: false }
    }
}

impl<'a, R: Read> Source<'a, R> {
    /// The next piece; `None` after the last one.
    pub(super) fn next(&mut self) -> Result<Option<Batch<'a>>, CoverageError> {
        if self.done {
            return Ok(None);
        }
        let (bytes, last) = match &mut self.input {
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
                (Bytes::Slice(piece), after.is_empty())
            }
            Input::Stream(stream) => stream.next()?,
        };
        let first_line = self.line;
        self.done = last;
        let batch = Batch { bytes, first_line, last };
        self.line += memchr::memchr_iter(b'\n', batch.bytes()).count() as u64;
        Ok(Some(batch))
    }

    /// Takes back what a piece was read into.
    pub(super) fn reuse(&mut self, batch: Batch<'a>) {
        if let (Input::Stream(stream), Bytes::Read(buffer, _)) = (&mut self.input, batch.bytes) {
            stream.spare.push(buffer);
        }
    }
}

impl<R: Read> Stream<R> {
    fn next(&mut self) -> Result<(Bytes<'static>, bool), CoverageError> {
        let mut buffer = self.spare.pop().unwrap_or_default();
        let mut length = self.pending.len();
        let mut size = SIZE.max(length);
        if buffer.len() < size {
            buffer.resize(size, 0);
        }
        if let Some(start) = buffer.get_mut(..length) {
            start.copy_from_slice(&self.pending);
        }
        self.pending.clear();
        loop {
            while let Some(free) = buffer.get_mut(length..size).filter(|free| !free.is_empty()) {
                match self.reader.read(free) {
                    Ok(0) => return Ok((Bytes::Read(buffer, length), true)),
                    Ok(count) => length += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(CoverageError::Io(error.to_string())),
                }
            }
            let read = buffer.get(..length).unwrap_or_default();
            if let Some(at) = cut(read) {
                self.pending.extend_from_slice(read.get(at..).unwrap_or_default());
                return Ok((Bytes::Read(buffer, at), false));
            }
            size = size.saturating_mul(2);
            buffer.resize(size, 0);
        }
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
            // What only begins like it ends no section, and what is before it would be lost.
            && after.get(END.len()..newline).is_some_and(|rest| rest.trim_ascii().is_empty())
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
        assert_eq!(cut(b"SF:a\nend_of_record \nSF:b\nend_of_records\nSF:c\n"), Some(20));
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
            slices.push((batch.bytes().to_vec(), batch.first_line));
        }
        let mut streamed = Vec::new();
        let (start, rest) = text.split_at(100);
        let mut source = Source::stream(start.to_vec(), rest);
        while let Some(batch) = source.next().unwrap() {
            streamed.push((batch.bytes().to_vec(), batch.first_line));
            source.reuse(batch);
        }
        assert!(slices.len() > 2);
        let (slices, streamed) = (collect(slices), collect(streamed));
        assert_eq!(slices.0, text);
        assert_eq!(slices, streamed);
    }
}
