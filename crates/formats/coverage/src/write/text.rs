//! Lines of a report, on their way to the output.

use std::io::{self, Write};

/// Enough that writing costs nothing beside making the text.
const FULL: usize = 1 << 16;

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

    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.extend_from_slice(text.as_bytes());
        self
    }

    pub(super) fn number(&mut self, number: impl itoa::Integer) -> &mut Self {
        self.push(itoa::Buffer::new().format(number))
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
