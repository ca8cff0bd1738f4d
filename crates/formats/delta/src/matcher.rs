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
//! done with what it gives is bounded by constants. The parts of a large target are searched side by side; the parts, and
//! so the steps, are the same on every machine.

mod cost;
mod index;
mod path;

use std::ops::Range;
use std::thread::{self, Builder};

use crate::format::Format;
use crate::script::Step;
use cost::Weights;
use index::Index;
use path::{Stretch, stretches};

/// The size in bytes of the parts of a target. Each costs a step where it begins, if the base has moved there.
const PART: usize = 1 << 20;

/// How many parts there are at the most.
const MAX_PARTS: usize = 8;

/// The steps that make a target of a base.
pub(crate) fn steps(base: &[u8], target: &[u8], format: Format) -> Vec<Step> {
    let index = Index::new(base);
    let weights = Weights::of(format);
    let search = |part| stretches(&index, target, part, weights);
    let (first, others) = parts(target.len());
    let found = thread::scope(|scope| {
        let spawn = |part: Range<usize>| {
            let thread = Builder::new().spawn_scoped(scope, {
                let part = part.clone();
                || search(part)
            });
            (part, thread)
        };
        let others: Vec<_> = others.map(spawn).collect();
        let mut found = search(first);
        for (part, thread) in others {
            found.extend(match thread {
                Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                // Where there is no thread to be had, this one does the part as well.
                Err(_) => search(part),
            });
        }
        found
    });
    joined(&found, target.len())
}

/// The parts of a target of some length: the first, and the others.
fn parts(length: usize) -> (Range<usize>, impl Iterator<Item = Range<usize>>) {
    let count = length.div_ceil(PART).clamp(1, MAX_PARTS);
    let part = move |number: usize| length * number / count..length * (number + 1) / count;
    (part(0), (1..count).map(part))
}

/// The steps that stretches up to some end are.
fn joined(stretches: &[Stretch], end: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut position = 0;
    let mut step = Step { diff: 0, extra: 0, seek: 0 };
    let ends = stretches.iter().skip(1).map(|next| next.start).chain([end]);
    for (Stretch { start, offset }, end) in stretches.iter().zip(ends) {
        let length = end - start;
        match offset {
            None => step.extra += length,
            Some(_) if length == 0 => {}
            Some(offset) => {
                let wanted = *start as i64 + offset;
                if wanted != position || step.extra > 0 {
                    step.seek = wanted - position;
                    steps.push(step);
                    step = Step { diff: 0, extra: 0, seek: 0 };
                }
                step.diff += length;
                position = end as i64 + offset;
            }
        }
    }
    if step.diff > 0 || step.extra > 0 {
        steps.push(step);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_the_whole() {
        for length in [0, 1, PART - 1, PART, PART + 1, 2 * PART + 1, 100 * PART + 7] {
            let (first, others) = parts(length);
            let end = others.fold(first.end, |end, part| {
                assert!(part.start == end && part.len().abs_diff(first.len()) <= 1, "{length}: {part:?}");
                part.end
            });
            assert_eq!((first.start, end), (0, length));
        }
    }

    #[test]
    fn stretches_at_one_offset_are_one_step() {
        let stretch = |start, offset| Stretch { start, offset };
        let stretches = [
            stretch(0, Some(0)),
            // A part that begins at the offset the one before ends at.
            stretch(100, Some(0)),
            stretch(150, None),
            stretch(160, Some(-10)),
            stretch(170, Some(5)),
            // One that nothing came of.
            stretch(200, Some(9)),
            stretch(200, None),
        ];
        let step = |diff, extra, seek| Step { diff, extra, seek };
        assert_eq!(joined(&stretches, 204), [step(150, 10, 0), step(10, 0, 15), step(30, 4, 0)]);
        assert_eq!(joined(&[], 0), []);
    }
}
