//! The fuzz targets in one binary. `FUZZ_TARGET` names the one to run; arguments are libFuzzer's.

#![no_main]

use std::sync::OnceLock;

/// What a file of `fuzz_targets` holds: a function of its input, which is bytes or what `Arbitrary` makes of them.
macro_rules! fuzz_target {
    (|$input:ident: $type:ty| $body:expr) => {
        // In the trace of a crash by the name of its target.
        #[inline(never)]
        pub(crate) fn run(bytes: &[u8]) {
            use libfuzzer_sys::arbitrary::{Arbitrary, Unstructured};
            if let Ok(input) = <$type>::arbitrary_take_rest(Unstructured::new(bytes)) {
                let target = |$input: $type| $body;
                target(input);
            }
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/targets.rs"));

/// The target that is run.
static TARGET: OnceLock<fn(&[u8])> = OnceLock::new();

fn target() -> fn(&[u8]) {
    *TARGET.get_or_init(|| {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        let Some((_, target)) = TARGETS.iter().find(|(target, _)| *target == name) else {
            let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
            eprintln!("FUZZ_TARGET is `{name}`, it has to be one of: {}", names.join(" "));
            std::process::exit(2);
        };
        *target
    })
}

libfuzzer_sys::fuzz_target!(init: { target(); }, |bytes: &[u8]| {
    target()(bytes)
});
