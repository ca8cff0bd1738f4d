//! Every fuzz target with its seeds and with changes of them, a test by itself: no coverage guides them, and no other build is needed.
//!
//! ```sh
//! cargo test --package lw-fuzz -- coverage           # these
//! FUZZ_SEED=2 cargo test --package lw-fuzz           # other changes
//! FUZZ_RUNS=100000 cargo test --package lw-fuzz -- --exact elf
//! ```
//!
//! `FUZZ_SEED` and `FUZZ_RUNS` say where the changes begin and how many there are. An input that a target does not bear is kept in
//! `fuzz/artifacts`.

#![allow(clippy::disallowed_methods, reason = "a test, which watches how long each input takes")]
// Helpers of tests are tests: a panic there is a failing test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod change;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use lw_fuzz::{TARGETS, Target};

use change::Changes;

/// Changed inputs of a target, and how many bytes they may have together: large ones take longer and find no more.
const RUNS: u64 = 1000;
const BYTES: usize = 1_000_000;

/// How long one input may take: what is bounded takes milliseconds, even without optimisation and beside other work.
const PATIENCE: Duration = Duration::from_secs(20);

/// How much memory all of it may have: what a few bytes make larger than this ends the tests.
#[cfg(target_os = "linux")]
const MEMORY: u64 = 1 << 30;

type Seeds = BTreeMap<&'static str, Vec<Vec<u8>>>;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    bound_memory();
    let seeds = Arc::new(lw_fuzz::seeds().expect("the seeds"));
    let number = |name: &str, default: u64| {
        std::env::var(name)
            .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
    };
    let (seed, runs) = (number("FUZZ_SEED", 0), number("FUZZ_RUNS", RUNS));
    let mut trials = vec![Trial::test("every_file_is_a_target", every_file_is_a_target), {
        let seeds = Arc::clone(&seeds);
        Trial::test("every_target_has_seeds", move || every_target_has_seeds(&seeds))
    }];
    trials.extend(TARGETS.iter().map(|(name, run)| {
        let seeds = Arc::clone(&seeds);
        Trial::test(*name, move || {
            let own = seeds.get(name).map_or(&[][..], Vec::as_slice);
            fuzz(name, *run, own, seed, runs)
        })
    }));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

#[cfg(target_os = "linux")]
fn bound_memory() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::As).maximum;
    setrlimit(Resource::As, Rlimit { current: Some(MEMORY), maximum }).expect("a bound of the memory");
}

/// What is listed when this is built is what lies there when it runs: a target that is not run finds nothing.
fn every_file_is_a_target() -> Result<(), Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz_targets");
    let files: BTreeSet<String> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<std::io::Result<_>>()?;
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| format!("{name}.rs")).collect();
    if files == targets { Ok(()) } else { Err(format!("files {files:?}, targets {targets:?}").into()) }
}

/// Without any, changes never get far into a parser; and one that belongs to no target is lost.
fn every_target_has_seeds(seeds: &Seeds) -> Result<(), Failed> {
    let targets: BTreeSet<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    let seeded: BTreeSet<&str> = seeds.keys().copied().collect();
    if targets == seeded {
        return Ok(());
    }
    let without: Vec<_> = targets.difference(&seeded).collect();
    let lost: Vec<_> = seeded.difference(&targets).collect();
    Err(format!("fuzz/src/seeds.rs: targets without seeds {without:?}, seeds without a target {lost:?}")
        .into())
}

fn fuzz(name: &str, target: Target, seeds: &[Vec<u8>], seed: u64, runs: u64) -> Result<(), Failed> {
    for input in seeds {
        one(name, target, input)?;
    }
    let mut changes = Changes::new(name, seeds, seed);
    let mut bytes = BYTES;
    for _ in 0..runs {
        let input = changes.next();
        // The share of this run: where all inputs are large, there are fewer.
        if runs == RUNS {
            let Some(left) = bytes.checked_sub(input.len()) else { break };
            bytes = left;
        }
        one(name, target, &input)?;
    }
    Ok(())
}

/// Runs one input; one that is not borne is kept.
fn one(name: &str, target: Target, input: &[u8]) -> Result<(), Failed> {
    let start = Instant::now();
    let borne = catch_unwind(AssertUnwindSafe(|| target(input))).is_ok();
    let took = start.elapsed();
    if borne && took < PATIENCE {
        return Ok(());
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{name}-{:016x}", change::hash(input)));
    std::fs::write(&path, input)?;
    let what = if borne { format!("took {took:?}") } else { "panicked, as it says above".to_owned() };
    Err(format!("with {} it {what}", path.display()).into())
}
