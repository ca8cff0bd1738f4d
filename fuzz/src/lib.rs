//! The fuzz targets: every parser that reads foreign bytes, held to its invariants.
//!
//! Each file of `fuzz_targets` is a target. `tests/it` runs them all in every run of the tests, with the [`seeds`] and a bounded number
//! of changes of these; `run.sh` lets libFuzzer look for new inputs, which takes a build of its own.

// A target that panics has found something.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

extern crate self as lw_fuzz;

mod held;
mod seeds;

pub use held::*;
pub use seeds::seeds;

/// What a file of `fuzz_targets` holds: a function of its input, which is bytes or what `Arbitrary` makes of them.
macro_rules! fuzz_target {
    (|$input:ident: $type:ty| $body:expr) => {
        // In the trace of a crash by the name of its target.
        #[inline(never)]
        pub(crate) fn run(bytes: &[u8]) {
            use arbitrary::{Arbitrary, Unstructured};
            if let Ok(input) = <$type>::arbitrary_take_rest(Unstructured::new(bytes)) {
                let target = |$input: $type| $body;
                target(input);
            }
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/targets.rs"));
