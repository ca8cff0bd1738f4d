//! Reads a file line by line.

use crate::intel_hex::error::{Error, Problem};
use crate::intel_hex::{Image, Start};
use crate::ranges::{Conflict, MAX_RANGES, Writer};

/// Characters of the longest record: a colon, and 255 bytes of data with 5 more, two digits each.
const LONGEST: usize = 1 + 2 * (255 + 5);
/// Characters of the longest line, for white space after a record.
const LONGEST_LINE: usize = LONGEST + 64;

/// A file that is being read.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    /// A line that is not complete yet, or so much of it that it is too long.
    held: Vec<u8>,
    line: u64,
    total_len: u64,
    /// Where the address of a record counts from.
    base: Base,
    content: Writer,
    records: u64,
    start: Option<Start>,
    /// The line of the end-of-file record.
    end: Option<u64>,
    failed: Option<Error>,
}

#[derive(Clone, Copy, Debug)]
enum Base {
    /// Record type 02, and what holds before any such record: addresses stay within 64 KiB.
    Segment(u32),
    /// Record type 04.
    Linear(u32),
}

impl Stream {
    pub(crate) fn new() -> Self {
        Self {
            held: Vec::new(),
            line: 1,
            total_len: 0,
            base: Base::Segment(0),
            content: Writer::new(false),
            records: 0,
            start: None,
            end: None,
            failed: None,
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.total_len += bytes.len() as u64;
        let mut rest = bytes;
        while self.failed.is_none() {
            let Some(at) = memchr::memchr(b'\n', rest) else {
                self.extend(rest);
                return;
            };
            let (line, after) = rest.split_at(at);
            if self.held.is_empty() {
                self.finish_line(line);
            } else {
                self.extend(line);
                let line = std::mem::take(&mut self.held);
                self.finish_line(&line);
            }
            self.line += 1;
            rest = after.get(1..).unwrap_or_default();
        }
    }

    /// Takes a part of a line; one character too many is enough to know.
    fn extend(&mut self, part: &[u8]) {
        let room = (LONGEST_LINE + 1).saturating_sub(self.held.len());
        self.held.extend_from_slice(part.get(..room).unwrap_or(part));
    }

    fn finish_line(&mut self, line: &[u8]) {
        let text = line.trim_ascii_end();
        if self.failed.is_some() || (text.is_empty() && line.len() <= LONGEST_LINE) {
            return;
        }
        let record = if line.len() > LONGEST_LINE { Err(Problem::TooLong) } else { self.record(text) };
        if let Err(problem) = record {
            self.failed = Some(Error { line: self.line, problem });
        }
    }

    fn record(&mut self, line: &[u8]) -> Result<(), Problem> {
        if let Some(end) = self.end {
            return Err(Problem::AfterEnd { end });
        }
        let mut bytes = [0; LONGEST / 2];
        let Record { offset, kind, data } = Record::read(line, &mut bytes)?;
        self.records += 1;
        let length = |expected: u8| {
            let found = u8::try_from(data.len()).unwrap_or(u8::MAX);
            if found == expected { Ok(()) } else { Err(Problem::KindLength { kind, expected, found }) }
        };
        let half = |at: usize| match data.get(at..) {
            Some([high, low, ..]) => u16::from_be_bytes([*high, *low]),
            _ => 0,
        };
        match kind {
            0 => return self.write(offset, data),
            1 => {
                length(0)?;
                self.end = Some(self.line);
            }
            2 => {
                length(2)?;
                self.base = Base::Segment(u32::from(half(0)) << 4);
            }
            3 => {
                length(4)?;
                self.start = Some(Start::Segment { cs: half(0), ip: half(2) });
            }
            4 => {
                length(2)?;
                self.base = Base::Linear(u32::from(half(0)) << 16);
            }
            5 => {
                length(4)?;
                self.start = Some(Start::Linear(u32::from(half(0)) << 16 | u32::from(half(2))));
            }
            found => return Err(Problem::Kind { found }),
        }
        Ok(())
    }

    fn write(&mut self, offset: u16, data: &[u8]) -> Result<(), Problem> {
        let size = u8::try_from(data.len()).unwrap_or(u8::MAX);
        let base = match self.base {
            Base::Segment(base) if usize::from(offset) + data.len() > 0x1_0000 => {
                return Err(Problem::Segment { base, offset, size });
            }
            Base::Segment(base) | Base::Linear(base) => base,
        };
        // The highest base is 0xFFFF0000.
        let address = base.saturating_add(offset.into());
        self.content.write(address, data).map_err(|conflict| match conflict {
            Conflict::Address => Problem::Address { address, size },
            Conflict::Overlap => Problem::Overlap { address, size },
            Conflict::TooMany => Problem::TooManyRanges { most: MAX_RANGES },
        })
    }

    /// The source has ended.
    pub(crate) fn finish(mut self) -> Result<Image, Error> {
        let line = std::mem::take(&mut self.held);
        self.finish_line(&line);
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.end.is_none() {
            return Err(Error { line: self.line, problem: Problem::NoEnd });
        }
        Ok(Image {
            content: self.content.finish(),
            records: self.records,
            start: self.start,
            total_len: self.total_len,
        })
    }
}

struct Record<'a> {
    offset: u16,
    kind: u8,
    data: &'a [u8],
}

impl<'a> Record<'a> {
    /// Reads a line into `bytes`, which has room for the longest.
    fn read(line: &[u8], bytes: &'a mut [u8; LONGEST / 2]) -> Result<Self, Problem> {
        let [b':', digits @ ..] = line else {
            return Err(Problem::Start { found: line.first().copied().unwrap_or_default() });
        };
        if line.len() > LONGEST {
            return Err(Problem::TooLong);
        }
        for (byte, (column, pair)) in bytes.iter_mut().zip(digits.chunks(2).enumerate()) {
            for (at, digit) in pair.iter().enumerate() {
                let value = char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
                // The first digit stands in column 2.
                let column = 2 + 2 * column + at;
                *byte = *byte << 4 | value.ok_or(Problem::Digit { column, found: *digit })?;
            }
        }
        let expected = match digits.len() {
            0..2 => 10,
            _ => 10 + 2 * usize::from(bytes[0]),
        };
        let found = digits.len();
        if found != expected {
            return Err(Problem::Length { expected, found });
        }
        let Some(([_, high, low, kind, data @ ..], check)) =
            bytes.get(..found / 2).and_then(|record| record.split_last()).map(|(check, rest)| (rest, *check))
        else {
            return Err(Problem::Length { expected, found });
        };
        let sum = bytes.iter().take(found / 2 - 1).fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        let expected = sum.wrapping_neg();
        if check != expected {
            return Err(Problem::Checksum { expected, found: check });
        }
        Ok(Self { offset: u16::from_be_bytes([*high, *low]), kind: *kind, data })
    }
}
