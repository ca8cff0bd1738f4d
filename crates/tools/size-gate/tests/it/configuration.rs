//! Limits of `lw.toml`, with flags and in numbers.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use lw_model::Outcome;

use crate::common::{example, size_gate};

fn run(config: &str, flags: &[&str]) -> (crate::common::Run, Duration) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("limits.toml");
    fs::write(&path, config).unwrap();
    let mut arguments = vec!["--elf=firmware.elf".to_owned(), "--map=firmware.map".to_owned()];
    arguments.extend(flags.iter().map(|flag| (*flag).to_owned()));
    arguments.push(format!("--config={}", path.display()));
    let start = Instant::now();
    let run = size_gate(&example("esp32c3"), &arguments);
    (run, start.elapsed())
}

#[test]
fn a_flag_replaces_the_limit_of_its_measure_alone() {
    let config = "[size-gate.max]\n\"image.bytes\" = 1\nram = 1\n";
    let (both, _) = run(config, &["--max=image.bytes=1M"]);
    assert_eq!(both.code, 1, "the limit of ram still holds: {}", both.stderr);
    assert_eq!(both.report().breached(), ["ram.span"]);
    let (lifted, _) = run(config, &["--max=image.bytes=1M", "--max=ram=none"]);
    assert_eq!(lifted.code, 0, "{}", lifted.stderr);
}

/// Each limit once walked over all symbols and demangled them: for this it took more than a minute.
#[test]
fn the_time_of_many_limits_does_not_grow_with_the_symbols() {
    const MANY: usize = 20_000;
    let mut config = "[size-gate]\nmax = [\n".to_owned();
    for limit in 0..MANY {
        writeln!(config, "  \"symbol..L_MergedGlobals={}\",", 1_000_000 + limit).unwrap();
    }
    config.push_str("]\n");
    let (run, elapsed) = run(&config, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let met = run.report().limits().filter(|(_, _, limit)| limit.outcome == Outcome::Met).count();
    assert_eq!(met, MANY);
    assert!(elapsed < Duration::from_secs(30), "{elapsed:?}");
}
