//! Reading heatshrink.

use crate::error::{Problem, Rest};
use crate::heatshrink::Parameters;
use crate::stream::Stream;

/// Decompresses.
pub(crate) struct Reader<'a> {
    data: &'a [u8],
    start: u64,
    at: usize,
    /// Bits that were read and not used, at the low end.
    bits: u32,
    count: u32,
    parameters: Parameters,
    /// The last bytes of the output, as many as the window holds.
    window: Vec<u8>,
    position: usize,
    /// The copy that is under way.
    distance: usize,
    left: usize,
}

impl<'a> Reader<'a> {
    /// Of data that lies at `start` of the patch.
    pub(crate) fn new(data: &'a [u8], start: u64, parameters: Parameters) -> Self {
        Self {
            data,
            start,
            at: 0,
            bits: 0,
            count: 0,
            parameters,
            window: vec![0; 1 << parameters.window],
            position: 0,
            distance: 0,
            left: 0,
        }
    }

    /// Makes sure of that many bits, at most 24.
    fn need(&mut self, count: u32) -> bool {
        while self.count < count {
            let Some(byte) = self.data.get(self.at) else { return false };
            self.bits = self.bits << 8 | u32::from(*byte);
            self.count += 8;
            self.at += 1;
        }
        true
    }

    fn take(&mut self, count: u32) -> usize {
        self.count -= count;
        (self.bits >> self.count & ((1 << count) - 1)) as usize
    }

    /// Fills the next bytes of a buffer, of which so many are filled, from the bytes before them.
    fn copy(&self, buffer: &mut [u8], filled: usize, count: usize) {
        let mask = self.window.len() - 1;
        let mut at = filled;
        let end = filled + count;
        // From before the buffer.
        while at < end.min(self.distance) {
            let from = self.position.wrapping_add(at).wrapping_sub(self.distance) & mask;
            if let (Some(place), Some(byte)) = (buffer.get_mut(at), self.window.get(from)) {
                *place = *byte;
            }
            at += 1;
        }
        let from = filled.max(self.distance) - self.distance;
        if self.distance == 1
            && let Some(byte) = buffer.get(from).copied()
            && let Some(run) = buffer.get_mut(at..end)
        {
            run.fill(byte);
            return;
        }
        // No more at once than what is there: a copy may overlap what it writes.
        while at < end {
            let piece = (end - at).min(at - from);
            buffer.copy_within(from..from + piece, at);
            at += piece;
        }
    }

    /// Keeps what later copies may be of.
    fn keep(&mut self, bytes: &[u8]) {
        let mask = self.window.len() - 1;
        self.position = self.position.wrapping_add(bytes.len());
        let kept = bytes.len().min(self.window.len());
        for (back, byte) in (1..=kept).zip(bytes.iter().rev()) {
            if let Some(place) = self.window.get_mut(self.position.wrapping_sub(back) & mask) {
                *place = *byte;
            }
        }
    }
}

impl Stream for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Problem> {
        let (window, lookahead) = (u32::from(self.parameters.window), u32::from(self.parameters.lookahead));
        let mut filled = 0;
        while let Some(place) = buffer.get_mut(filled) {
            if self.left == 0 {
                if !self.need(1) {
                    break;
                }
                let literal = self.bits >> (self.count - 1) & 1 == 1;
                // What does not hold a whole token is padding; `finish` looks at it.
                if !self.need(if literal { 9 } else { 1 + window }) {
                    break;
                }
                if literal {
                    *place = (self.take(9) & 0xFF) as u8;
                    filled += 1;
                    continue;
                }
                let before = (self.bits, self.count, self.at);
                let distance = self.take(1 + window) + 1;
                if !self.need(lookahead) {
                    (self.bits, self.count, self.at) = before;
                    break;
                }
                self.distance = distance;
                self.left = self.take(lookahead) + 1;
            }
            let count = self.left.min(buffer.len() - filled);
            self.copy(buffer, filled, count);
            self.left -= count;
            filled += count;
        }
        self.keep(buffer.get(..filled).unwrap_or_default());
        Ok(filled)
    }

    fn offset(&self) -> u64 {
        self.start + self.at as u64
    }

    fn finish(&mut self) -> Result<(), Problem> {
        let mut more = [0];
        if self.read(&mut more)? > 0 {
            return Err(Problem::Trailing(Rest::Bytes(1 + (self.data.len() - self.at) as u64)));
        }
        // The beginning of a token that is cut off has been read into `bits`, at most some bytes of it.
        let padding = self.bits & ((1 << self.count) - 1);
        match (self.count + 8 * (self.data.len() - self.at).min(4) as u32, padding) {
            (0..8, 0) => Ok(()),
            (0..8, _) => Err(Problem::Trailing(Rest::Bits)),
            (bits, _) => Err(Problem::Trailing(Rest::Bytes(u64::from(bits / 8)))),
        }
    }
}
