//! Inputs made of others, as fuzzers make them: a bit here, a piece of another input there.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Numbers at the edges of what a field can hold.
const EDGES: [u64; 12] = [
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
    0x7FFF_FFFF_FFFF_FFFF,
    u64::MAX,
];

/// Text that means something to many formats.
const WORDS: [&str; 24] = [
    "0",
    "-1",
    "1e999",
    "18446744073709551616",
    "99999999999999999999999999",
    "NaN",
    "null",
    "\"",
    "'",
    "<",
    ">",
    "{",
    "}",
    "[",
    "]",
    "\n",
    "\r\n",
    "\t",
    "\u{feff}",
    "\u{fffd}",
    "../",
    "&amp;",
    "\\u0000",
    "é",
];

/// Larger inputs are cut: see `BYTES`.
const MAX: usize = 32 << 10;

/// The changed inputs of a target, always the same ones of a seed.
pub(crate) struct Changes<'a> {
    seeds: &'a [Vec<u8>],
    random: fastrand::Rng,
}

/// Another number for other bytes, the same in every run.
pub(crate) fn hash(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

impl<'a> Changes<'a> {
    pub(crate) fn new(name: &str, seeds: &'a [Vec<u8>], seed: u64) -> Self {
        Self { seeds, random: fastrand::Rng::with_seed(hash((name, seed))) }
    }

    /// The next one.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let seed = self.random.choice(self.seeds).cloned();
        let mut input = match seed {
            // Now and then bytes that come from nowhere.
            Some(seed) if self.random.u8(..) > 8 => self.piece(&seed, MAX).to_vec(),
            _ => (0..self.random.usize(..256)).map(|_| self.random.u8(..)).collect(),
        };
        for _ in 0..=self.random.u32(..5) {
            self.change(&mut input);
        }
        input
    }

    /// All of it, or of a large one what fits from the beginning or from somewhere.
    fn piece<'b>(&mut self, bytes: &'b [u8], most: usize) -> &'b [u8] {
        if bytes.len() <= most {
            return bytes;
        }
        let from = if self.random.bool() { 0 } else { self.random.usize(..=bytes.len() - most) };
        bytes.get(from..from + most).unwrap_or(bytes)
    }

    /// A place and what follows it, some bytes.
    fn range(&mut self, bytes: &[u8], most: usize) -> std::ops::Range<usize> {
        let from = self.random.usize(..=bytes.len());
        let length = self.random.usize(..=most.min(bytes.len() - from));
        from..from + length
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.random.usize(..=input.len());
        match self.random.u8(..11) {
            0 | 1 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << self.random.u32(..8);
                }
            }
            2 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = self.random.u8(..);
                }
            }
            3 => input.truncate(at),
            4 => drop(input.drain(self.range(input, 64))),
            5 => {
                let again = self.range(input, 256);
                let again: Vec<u8> = input.get(again).unwrap_or_default().to_vec();
                input.splice(at..at, again);
            }
            6 => {
                let number = EDGES[self.random.usize(..EDGES.len())];
                let width = [1, 2, 4, 8][self.random.usize(..4)];
                let bytes = if self.random.bool() {
                    number.to_le_bytes()[..width].to_vec()
                } else {
                    number.to_be_bytes()[8 - width..].to_vec()
                };
                let end = (at + width).min(input.len());
                input.splice(at..end, bytes);
            }
            7 => {
                let word = WORDS[self.random.usize(..WORDS.len())];
                input.splice(at..at, word.bytes());
            }
            // A number of digits becomes another.
            8 => {
                let digits = input.get(at..).unwrap_or_default().iter().position(u8::is_ascii_digit);
                if let Some(from) = digits.map(|digits| at + digits) {
                    let length = input[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                    let number = EDGES[self.random.usize(..EDGES.len())].to_string();
                    input.splice(from..from + length, number.into_bytes());
                }
            }
            // Lines change places.
            9 => {
                let mut lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
                let (one, other) = (self.random.usize(..lines.len()), self.random.usize(..lines.len()));
                lines.swap(one, other);
                *input = lines.join(&b'\n');
            }
            _ => {
                let Some(other) = self.random.choice(self.seeds).cloned() else { return };
                let piece = self.range(&other, 1024);
                let end = if self.random.bool() { at } else { self.range(&input[at..], 1024).end + at };
                input.splice(at..end, other.get(piece).unwrap_or_default().to_vec());
            }
        }
        input.truncate(2 * MAX);
    }
}
