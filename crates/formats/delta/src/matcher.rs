//! Finding the steps that make a target of a base.
//!
//! A step can be taken at any offset between the two, so this is a search for the cheapest path: at each byte of the
//! target one is either at some offset, and pays for the difference to the base there, or in new data, and pays for the
//! byte; changing the offset costs a step. Offsets come from an index of the base: places with the same few bytes. Those
//! that fall behind the best path by more than a step costs can never be worth it again and are dropped, so only few are
//! alive at a time. bsdiff and detools take one offset at a time and switch by a rule of thumb; both need a suffix array
//! of the base, which takes longer than everything here.
//!
//! Time and memory are linear in the sizes: the index is looked up at most once for each byte of the target, and what is
//! done with what it gives is bounded by constants.

mod index;
mod path;

use crate::format::Format;
use crate::script::Step;

/// What a byte and a step cost in a format, in sixteenths of a bit: found by trying on releases of real firmware, near what
/// the format says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weights {
    /// Differences that are zero: the first, the second, and each further one of a run.
    zero: [u64; 3],
    /// A difference that is not zero.
    changed: u64,
    /// A new byte.
    extra: u64,
    /// A step, without its seek.
    step: u64,
    /// A byte of the seek.
    seek_byte: u64,
}

impl Weights {
    fn of(format: Format) -> Self {
        match format {
            // A byte is nine bits and a copy of up to 128 zeros sixteen.
            Format::DetoolsNone | Format::DetoolsCrle | Format::DetoolsHeatshrink | Format::EspDelta => {
                Self { zero: [96, 100, 1], changed: 140, extra: 120, step: 400, seek_byte: 210 }
            }
            // bzip2 sorts what is alike together: zeros vanish, and so do differences that repeat.
            Format::Bsdiff40 => {
                Self { zero: [10, 12, 2], changed: 152, extra: 82, step: 456, seek_byte: 146 }
            }
        }
    }
}

/// The steps that make a target of a base.
pub(crate) fn steps(base: &[u8], target: &[u8], format: Format) -> Vec<Step> {
    path::Search::new(base, target, Weights::of(format)).steps()
}
