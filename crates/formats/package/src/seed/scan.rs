//! The tokens of a JSON package, from a stream.
//!
//! `serde_json` gives a string only as a whole, and the firmware is one string of up to a gigabyte. So the two levels
//! around it are read here, byte by byte, and every other value is handed to `serde_json`.

use std::io::{self, Read};

use lw_syntax::json;

use crate::error::{JsonProblem, ReadError};
use crate::hex;

/// How much is read at once.
const CHUNK: usize = 256 << 10;

/// The largest value that is held in memory.
const MAX_VALUE: usize = 1 << 20;

/// The bytes of a file, and where it stands.
pub(super) struct Scanner<R> {
    input: R,
    buffer: Vec<u8>,
    /// What of the buffer is read and not taken.
    start: usize,
    end: usize,
    /// Where the buffer starts in the file.
    offset: u64,
}

impl<R: Read> Scanner<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, buffer: vec![0; CHUNK], start: 0, end: 0, offset: 0 }
    }

    /// Where the next byte stands.
    pub(super) fn offset(&self) -> u64 {
        self.offset + self.start as u64
    }

    fn ready(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// What is read and not taken, at least one byte but at the end of the file.
    fn fill(&mut self) -> Result<&[u8], ReadError> {
        while self.start == self.end {
            match self.input.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(count) => {
                    self.offset += self.end as u64;
                    (self.start, self.end) = (0, count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(ReadError::Io { offset: self.offset(), source }),
            }
        }
        Ok(self.ready())
    }

    /// The next byte, which stays.
    fn peek(&mut self) -> Result<Option<u8>, ReadError> {
        Ok(self.fill()?.first().copied())
    }

    /// The next byte, inside something that must go on.
    fn byte(&mut self, inside: &'static str) -> Result<u8, ReadError> {
        match self.peek()? {
            Some(byte) => {
                self.start += 1;
                Ok(byte)
            }
            None => Err(ReadError::Truncated { offset: self.offset(), inside: inside.into() }),
        }
    }

    fn space(&mut self) -> Result<(), ReadError> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek()? {
            self.start += 1;
        }
        Ok(())
    }

    /// Skips a byte order mark.
    pub(super) fn byte_order_mark(&mut self) -> Result<(), ReadError> {
        if self.peek()? == Some(0xEF) {
            for mark in [0xEF, 0xBB, 0xBF] {
                self.exact(mark, "a JSON object")?;
            }
        }
        Ok(())
    }

    /// Takes one of two bytes, after any white space, and says whether it was the first.
    pub(super) fn either(&mut self, one: u8, other: u8, expected: &'static str) -> Result<bool, ReadError> {
        self.space()?;
        let offset = self.offset();
        match self.byte("the JSON object")? {
            byte if byte == one => Ok(true),
            byte if byte == other => Ok(false),
            found => Err(unexpected(offset, expected, found)),
        }
    }

    /// Takes a byte, after any white space.
    pub(super) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), ReadError> {
        self.space()?;
        self.exact(byte, expected)
    }

    fn exact(&mut self, byte: u8, expected: &'static str) -> Result<(), ReadError> {
        let offset = self.offset();
        match self.byte("the JSON object")? {
            found if found == byte => Ok(()),
            found => Err(unexpected(offset, expected, found)),
        }
    }

    /// Nothing but white space up to the end of the file.
    pub(super) fn end(&mut self) -> Result<(), ReadError> {
        self.space()?;
        match self.peek()? {
            Some(_) => Err(ReadError::Trailing { offset: self.offset() }),
            None => Ok(()),
        }
    }

    /// A key, which is small.
    pub(super) fn key(&mut self) -> Result<String, ReadError> {
        self.space()?;
        let offset = self.offset();
        if self.peek()? != Some(b'"') {
            let found = self.byte("the JSON object")?;
            return Err(unexpected(offset, "a key in quotes", found));
        }
        let text = self.value("a key")?;
        json::from_str(&text).map_err(|fault| {
            let problem = JsonProblem::Value(fault.placed(text.as_bytes()));
            ReadError::Json { offset, problem }
        })
    }

    /// The text of the next value of any kind, found by its brackets and quotes. It may still be no JSON.
    pub(super) fn value(&mut self, key: &str) -> Result<String, ReadError> {
        self.space()?;
        let offset = self.offset();
        let mut text = Vec::new();
        let mut depth = 0_usize;
        let mut quoted = false;
        let mut escaped = false;
        loop {
            let Some(next) = self.peek()? else {
                return Err(ReadError::Truncated { offset: self.offset(), inside: key.to_owned() });
            };
            // A number or a word ends before what comes after it.
            if depth == 0 && !quoted && matches!(next, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r') {
                break;
            }
            self.start += 1;
            text.push(next);
            if text.len() > MAX_VALUE {
                let problem = JsonProblem::TooLarge { key: key.to_owned(), limit: MAX_VALUE };
                return Err(ReadError::Json { offset, problem });
            }
            match next {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'{' | b'[' if !quoted => depth += 1,
                b'}' | b']' if !quoted => depth -= 1,
                _ => {}
            }
            if depth == 0 && !quoted && matches!(next, b'"' | b'}' | b']') {
                break;
            }
        }
        String::from_utf8(text)
            .map_err(|_| ReadError::Json { offset, problem: JsonProblem::NotUtf8(key.to_owned()) })
    }

    /// A string of hexadecimal digits, decoded as it comes. `sink` is given pieces of at most 64 KiB.
    pub(super) fn hex(
        &mut self,
        mut sink: impl FnMut(&[u8]) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        self.expect(b'"', "a string of hexadecimal digits")?;
        let mut bytes = vec![0; 64 << 10];
        loop {
            let text = self.fill()?;
            let count = hex::decode(text, &mut bytes);
            if count > 0 {
                self.start += 2 * count;
                sink(bytes.get(..count).unwrap_or_default())?;
                continue;
            }
            // The end, a pair across two buffers, an escape or no digit: one digit at a time.
            let Some(high) = self.digit()? else { return Ok(()) };
            let Some(low) = self.digit()? else {
                return Err(ReadError::Json { offset: self.offset() - 1, problem: JsonProblem::OddDigits });
            };
            sink(&[high << 4 | low])?;
        }
    }

    /// The value of one digit of a string, or nothing at its end.
    fn digit(&mut self) -> Result<Option<u8>, ReadError> {
        let offset = self.offset();
        let byte = match self.byte("the firmware")? {
            b'"' => return Ok(None),
            b'\\' => self.escape(offset)?,
            byte => byte,
        };
        match hex::value(byte) {
            hex::NO_DIGIT => Err(ReadError::Json { offset, problem: JsonProblem::NoDigit(shown(byte)) }),
            value => Ok(Some(value)),
        }
    }

    /// The rest of `\u0041`: JSON lets any character be written so.
    fn escape(&mut self, offset: u64) -> Result<u8, ReadError> {
        let mut unit = 0_u16;
        let refused = || ReadError::Json { offset, problem: JsonProblem::NoDigit('\\') };
        if self.byte("the firmware")? != b'u' {
            return Err(refused());
        }
        for _ in 0..4 {
            match hex::value(self.byte("the firmware")?) {
                hex::NO_DIGIT => return Err(refused()),
                value => unit = unit << 4 | u16::from(value),
            }
        }
        u8::try_from(unit).map_err(|_| refused())
    }
}

fn unexpected(offset: u64, expected: &'static str, found: u8) -> ReadError {
    ReadError::Json { offset, problem: JsonProblem::Unexpected { expected, found: shown(found) } }
}

/// A byte as an error shows it.
fn shown(byte: u8) -> char {
    if byte.is_ascii() { char::from(byte) } else { char::REPLACEMENT_CHARACTER }
}
