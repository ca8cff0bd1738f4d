//! Lines of a report, on their way to the output.

use std::io::{self, Write};

/// Enough that writing costs nothing beside making the text.
const FULL: usize = 1 << 16;

/// Digits of the largest number of 32 bits.
const DIGITS: usize = 10;

/// Collects lines and passes them on in large pieces.
///
/// `write!` would take several times as long: most of a report is numbers, and few of them need the padding, signs
/// and precisions it looks for.
#[derive(Debug)]
pub(super) struct Lines<W> {
    text: Vec<u8>,
    out: W,
}

impl<W: Write> Lines<W> {
    pub(super) fn new(out: W) -> Self {
        Self { text: Vec::with_capacity(FULL + FULL / 8), out }
    }

    /// Inlined, so that the constant parts of records are stores and no calls of `memcpy`, which in musl takes longer
    /// than all the rest for a few bytes.
    #[inline]
    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.extend_from_slice(text.as_bytes());
        self
    }

    #[inline]
    pub(super) fn number(&mut self, number: impl Into<u64>) -> &mut Self {
        let number = number.into();
        match (u8::try_from(number), u32::try_from(number)) {
            // Most hits, and nearly all numbers of blocks and branches.
            (Ok(digit @ 0..=9), _) => self.text.push(b'0' + digit),
            (_, Ok(number)) => self.short(number),
            (_, Err(_)) => self.long(number),
        }
        self
    }

    /// The numbers of lines: dividing 32 bits takes less.
    #[inline]
    fn short(&mut self, number: u32) {
        let length = number.checked_ilog10().map_or(1, |log| log as usize + 1);
        let mut digits = [b'0'; DIGITS];
        let mut rest = number;
        for digit in digits.iter_mut().take(length).rev() {
            // A remainder by ten.
            #[allow(clippy::cast_possible_truncation)]
            let last = (rest % 10) as u8;
            *digit += last;
            rest /= 10;
        }
        // All of them, whose number is a constant, and then as many as there are.
        let end = self.text.len() + length;
        self.text.extend_from_slice(&digits);
        self.text.truncate(end);
    }

    /// What no line and hardly a hit has.
    #[cold]
    fn long(&mut self, number: u64) {
        self.push(&number.to_string());
    }

    /// Ends the line.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.text.push(b'\n');
        if self.text.len() >= FULL { self.flush() } else { Ok(()) }
    }

    /// Passes on what is left.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.text)?;
        self.text.clear();
        Ok(())
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
}
