//! Lines of a large text, on their way to the output.

use std::io::{self, Write};

/// Enough that writing costs nothing beside making the text.
const FULL: usize = 1 << 16;

/// Digits of the largest number of 32 bits.
const DIGITS: usize = 10;

/// Collects lines and passes them on in large pieces.
///
/// `write!` would take several times as long: most of a tracefile is numbers, and few of them need the padding, signs
/// and precisions it looks for.
#[derive(Debug)]
pub struct Lines<W> {
    /// The text, and zeros up to what there is room for.
    text: Vec<u8>,
    length: usize,
    out: W,
}

impl<W: Write> Lines<W> {
    /// No line yet.
    pub fn new(out: W) -> Self {
        Self { text: vec![0; FULL + FULL / 8], length: 0, out }
    }

    /// Adds a text to the line.
    ///
    /// Inlined however small code is made, so that the constant parts of records are stores and no calls of `memcpy`, which in musl
    /// takes longer than all the rest for a few bytes.
    #[inline(always)]
    pub fn push(&mut self, text: &str) -> &mut Self {
        let end = self.length + text.len();
        if let Some(room) = self.text.get_mut(self.length..end) {
            room.copy_from_slice(text.as_bytes());
            self.length = end;
        } else {
            self.push_beyond(text.as_bytes());
        }
        self
    }

    /// Adds the first `length` bytes of a few. All of them are stored, which takes less than to copy as many as count; those beyond
    /// are overwritten by what comes next.
    #[inline(always)]
    pub fn push_first<const N: usize>(&mut self, bytes: [u8; N], length: usize) {
        let length = length.min(N);
        match self.text.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut) {
            Some(room) => {
                *room = bytes;
                self.length += length;
            }
            None => self.push_beyond(bytes.get(..length).unwrap_or_default()),
        }
    }

    /// A text that there is no room for: names are as long as their authors like.
    #[cold]
    #[inline(never)]
    fn push_beyond(&mut self, text: &[u8]) {
        self.text.truncate(self.length);
        self.text.extend_from_slice(text);
        self.length = self.text.len();
        self.text.resize(self.length + FULL, 0);
    }

    /// Adds the digits of a number.
    #[inline]
    pub fn number(&mut self, number: impl Into<u64>) -> &mut Self {
        let number = number.into();
        match (u8::try_from(number), u32::try_from(number)) {
            // Most hits, and nearly all numbers of blocks and branches.
            (Ok(digit @ 0..=9), _) => self.digit(b'0' + digit),
            (_, Ok(number)) => self.short(number),
            (_, Err(_)) => self.long(number),
        }
        self
    }

    #[inline(always)]
    fn digit(&mut self, digit: u8) {
        match self.text.get_mut(self.length) {
            Some(room) => {
                *room = digit;
                self.length += 1;
            }
            None => self.long(u64::from(digit - b'0')),
        }
    }

    /// The numbers of lines: dividing 32 bits takes less.
    #[inline]
    fn short(&mut self, number: u32) {
        let length = number.checked_ilog10().map_or(1, |log| log as usize + 1);
        let Some(room) = self.text.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut::<DIGITS>) else {
            return self.long(u64::from(number));
        };
        let mut rest = number;
        for digit in room.iter_mut().take(length).rev() {
            // A remainder by ten.
            #[allow(clippy::cast_possible_truncation)]
            let last = (rest % 10) as u8;
            *digit = b'0' + last;
            rest /= 10;
        }
        self.length += length;
    }

    /// What no line and hardly a hit has.
    #[cold]
    #[inline(never)]
    fn long(&mut self, number: u64) {
        self.push_beyond(number.to_string().as_bytes());
    }

    /// Ends the line.
    ///
    /// # Errors
    /// Those of the output.
    #[inline]
    pub fn end(&mut self) -> io::Result<()> {
        self.push("\n");
        if self.length >= FULL { self.flush() } else { Ok(()) }
    }

    /// Passes on what is left.
    ///
    /// # Errors
    /// Those of the output.
    pub fn flush(&mut self) -> io::Result<()> {
        let text = self.text.get(..self.length).unwrap_or_default();
        self.length = 0;
        self.out.write_all(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_are_displayed() {
        let edges = (0..20).map(|power| 10_u64.pow(power)).flat_map(|edge| [edge - 1, edge, edge + 1]);
        for number in edges.chain([u64::from(u32::MAX), u64::MAX - 1, u64::MAX]) {
            let mut out = Vec::new();
            let mut lines = Lines::new(&mut out);
            lines.push("<").number(number).push(">").end().unwrap();
            lines.flush().unwrap();
            drop(lines);
            assert_eq!(String::from_utf8(out).unwrap(), format!("<{number}>\n"));
        }
    }

    #[test]
    fn the_first_of_a_few_bytes_are_added() {
        let (mut out, mut expected) = (Vec::new(), Vec::<u8>::new());
        let mut lines = Lines::new(&mut out);
        // Beyond the room, which is all of it here, as well as within.
        for length in (0..=9).cycle().take(FULL) {
            lines.push_first(*b"01234567", length);
            expected.extend(b"01234567".iter().take(length));
        }
        lines.flush().unwrap();
        drop(lines);
        assert!(out == expected);
    }

    #[test]
    fn texts_are_as_long_as_they_like() {
        for long in [FULL, FULL + FULL / 8 - 3, FULL + FULL / 8, 3 * FULL] {
            let (mut out, mut expected) = (Vec::new(), String::new());
            let mut lines = Lines::new(&mut out);
            for part in 0..4_u64 {
                let name = "n".repeat(long + usize::try_from(part).unwrap());
                lines.push(&name).number(part).number(part + 4_000_000_000).push(",").end().unwrap();
                lines.push("short").end().unwrap();
                expected.push_str(&format!("{name}{part}{},\nshort\n", part + 4_000_000_000));
            }
            lines.flush().unwrap();
            drop(lines);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{long}");
        }
    }
}
