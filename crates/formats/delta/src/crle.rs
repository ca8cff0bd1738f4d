//! Conditional run-length encoding, one of detools' compressions.
//!
//! Segments: a byte that is 0 (scattered) or 1 (repeated), a length in groups of seven bits, least significant first
//! (not the signed form the patch itself uses), then the bytes or the one byte that repeats. detools:
//! `detools/compression/crle.py`.

use crate::error::{Part, Problem, Rest};
use crate::stream::Stream;

const SCATTERED: u8 = 0;
const REPEATED: u8 = 1;

/// Shorter runs cost less inside a scattered segment.
const MIN_RUN: usize = 6;

/// Appends compressed data.
pub(crate) fn write(data: &[u8], out: &mut Vec<u8>) {
    let mut scattered = data;
    let mut at = 0;
    for run in data.chunk_by(|one, other| one == other) {
        at += run.len();
        let (Some(byte), true) = (run.first(), run.len() >= MIN_RUN) else { continue };
        let rest = data.get(at..).unwrap_or_default();
        let before = scattered.len() - rest.len() - run.len();
        write_scattered(scattered.get(..before).unwrap_or_default(), out);
        out.push(REPEATED);
        write_length(run.len(), out);
        out.push(*byte);
        scattered = rest;
    }
    write_scattered(scattered, out);
}

fn write_scattered(bytes: &[u8], out: &mut Vec<u8>) {
    if !bytes.is_empty() {
        out.push(SCATTERED);
        write_length(bytes.len(), out);
        out.extend_from_slice(bytes);
    }
}

fn write_length(mut length: usize, out: &mut Vec<u8>) {
    while length > 0x7F {
        out.push((length & 0x7F) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

/// Decompresses.
pub(crate) struct Reader<'a> {
    data: &'a [u8],
    start: u64,
    at: usize,
    /// What is left of the segment, and the byte that repeats.
    left: u64,
    repeated: Option<u8>,
}

impl<'a> Reader<'a> {
    /// Of data that lies at `start` of the patch.
    pub(crate) fn new(data: &'a [u8], start: u64) -> Self {
        Self { data, start, at: 0, left: 0, repeated: None }
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = self.data.get(self.at).copied()?;
        self.at += 1;
        Some(byte)
    }

    /// Reads the header of the next segment; `false` at the end of the data.
    fn segment(&mut self) -> Result<bool, Problem> {
        let Some(kind) = self.byte() else { return Ok(false) };
        let truncated = Problem::Truncated(Part::Segment);
        let mut length = 0;
        let mut shift = 0;
        loop {
            let byte = self.byte().ok_or_else(|| truncated.clone())?;
            let bits = u64::from(byte & 0x7F);
            // Nine groups of seven bits; detools writes lengths below 2^63.
            if shift > 56 {
                return Err(Problem::Overflow(Part::Segment));
            }
            length |= bits << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        self.left = length;
        self.repeated = match kind {
            SCATTERED => None,
            REPEATED => Some(self.byte().ok_or(truncated)?),
            other => return Err(Problem::CrleKind(other)),
        };
        Ok(true)
    }
}

impl Stream for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Problem> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            if self.left == 0 {
                if !self.segment()? {
                    break;
                }
                continue;
            }
            let count = usize::try_from(self.left).map_or(rest.len(), |left| left.min(rest.len()));
            let (now, _) = rest.split_at_mut(count);
            if let Some(byte) = self.repeated {
                now.fill(byte);
            } else {
                let bytes =
                    self.data.get(self.at..self.at + count).ok_or(Problem::Truncated(Part::Segment))?;
                now.copy_from_slice(bytes);
                self.at += count;
            }
            self.left -= count as u64;
            filled += count;
        }
        Ok(filled)
    }

    fn offset(&self) -> u64 {
        self.start + self.at as u64
    }

    fn finish(&mut self) -> Result<(), Problem> {
        match (self.left, self.data.len() - self.at) {
            (0, 0) => Ok(()),
            (0, left) => Err(Problem::Trailing(Rest::Bytes(left as u64))),
            _ => Err(Problem::Trailing(Rest::Data(Part::Segment))),
        }
    }
}
