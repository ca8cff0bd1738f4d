//! What the parts of a patch cost.

use crate::format::Format;

/// How far back a difference is taken to be worth a copy: the window of heatshrink's usual parameters.
const NEAR: usize = 256;

/// What a byte and a step cost in a format, in sixteenths of a bit: found by trying on releases of real firmware, near what
/// the format says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights {
    /// Differences that are zero: the first, the second, and each further one of a run.
    zero: [u64; 3],
    /// A difference that is not zero.
    changed: u64,
    /// As the first two zeros and as `changed`, where this difference followed the one before it shortly before as well:
    /// tables of addresses move by the same few distances again and again, which is written as a copy.
    repeated_zero: u64,
    repeated: u64,
    /// A new byte.
    pub(super) extra: u64,
    /// A step, without its seek.
    step: u64,
    /// A byte of the seek.
    seek_byte: u64,
}

impl Weights {
    pub(super) fn of(format: Format) -> Self {
        match format {
            // A byte is nine bits and a copy of up to 128 bytes sixteen.
            Format::DetoolsNone | Format::DetoolsCrle | Format::DetoolsHeatshrink | Format::EspDelta => {
                Self {
                    zero: [96, 100, 1],
                    changed: 140,
                    repeated_zero: 30,
                    repeated: 30,
                    extra: 120,
                    step: 400,
                    seek_byte: 210,
                }
            }
            // bzip2 sorts what is alike together: zeros vanish, and so do differences that repeat.
            Format::Bsdiff40 => Self {
                zero: [10, 12, 2],
                changed: 152,
                repeated_zero: 10,
                repeated: 110,
                extra: 82,
                step: 456,
                seek_byte: 146,
            },
        }
    }

    /// A step that moves this far in the base.
    pub(super) fn step(&self, seek: i64) -> u64 {
        // Six bits in the first byte of detools' numbers, seven in the others.
        let bits = u64::from(64 - seek.unsigned_abs().leading_zeros());
        self.step + (1 + bits / 7) * self.seek_byte
    }

    /// The next of a run of so many zeros.
    pub(super) fn zero(&self, zeros: usize) -> u64 {
        let [first, second, more] = self.zero;
        match zeros {
            0 => first,
            1 => second,
            _ => more,
        }
    }

    /// A difference after others.
    pub(super) fn difference(&self, difference: u8, at: usize, tail: &mut Tail, recent: &Recent) -> u64 {
        let pair = [tail.last, difference];
        tail.last = difference;
        let zeros = std::mem::take(&mut tail.zeros);
        if difference == 0 {
            tail.zeros = (zeros + 1).min(2);
            return if zeros < 2 && recent.has(pair, at) { self.repeated_zero } else { self.zero(zeros) };
        }
        if recent.has(pair, at) { self.repeated } else { self.changed }
    }
}

/// How the differences at an offset end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tail {
    /// The last one.
    pub(super) last: u8,
    /// How many zeros, up to two.
    pub(super) zeros: usize,
}

impl Tail {
    /// Behind many zeros.
    pub(super) const ZEROS: Self = Self { last: 0, zeros: 2 };
}

/// Where in the target each pair of differences was last.
pub(super) struct Recent(Vec<u32>);

impl Recent {
    pub(super) fn new() -> Self {
        Self(vec![u32::MAX; 1 << 16])
    }

    fn has(&self, pair: [u8; 2], at: usize) -> bool {
        let last = self.0.get(usize::from(u16::from_le_bytes(pair)));
        // A target has less than 2^31 bytes, so that nothing is near to what a new table holds.
        last.is_some_and(|last| (*last as usize).abs_diff(at) <= NEAR)
    }

    pub(super) fn note(&mut self, pair: [u8; 2], at: usize) {
        if let Some(last) = self.0.get_mut(usize::from(u16::from_le_bytes(pair))) {
            *last = at as u32;
        }
    }
}
