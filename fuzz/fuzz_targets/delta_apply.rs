//! Any bytes as a patch: it makes a target of the size it declares or an error, and describing it says the same.

use lw_delta::{ApplyError, Problem, apply, describe};

const LIMIT: u64 = 1 << 16;

/// The base that the seeds are made for: squares, without their lowest bits.
fn base() -> Vec<u8> {
    (0..2048u32).map(|place| ((place * place) >> 4) as u8).collect()
}

fuzz_target!(|bytes: &[u8]| {
    let base = base();
    let mut target = Vec::new();
    let described = describe(bytes, LIMIT);
    match apply(bytes, &base, LIMIT, &mut target) {
        Ok(info) => {
            assert_eq!(target.len() as u64, info.target_size);
            assert_eq!(info.diff_bytes + info.extra_bytes, info.target_size);
            assert!(info.changed_bytes <= info.diff_bytes);
            assert_eq!(described, Ok(info));
        }
        Err(ApplyError::Patch(error)) => {
            assert!(target.len() as u64 <= LIMIT);
            assert!(error.offset <= bytes.len() as u64, "{error}");
            // Only what is read of the base cannot be told without it.
            let of_the_base = matches!(error.problem, Problem::OutsideBase { .. });
            assert!(of_the_base || described == Err(error));
        }
        Err(ApplyError::Write(error)) => panic!("a vector takes everything: {error}"),
    }
});
