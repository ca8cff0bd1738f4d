//! Tests of the readers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic here is a failing test")]
#![allow(clippy::disallowed_methods, reason = "tests look at the clock, to find a reader that never ends")]

mod fixtures;
mod hostile;
mod quarantine;
mod shards;
mod store;
mod wall;

use lw_results::Run;

/// A run in one line: counts that are not zero, then kinds of trouble.
fn told(run: &Run) -> String {
    let counts = run.counts();
    let counted = [
        ("passed", counts.passed),
        ("failed", counts.failed),
        ("errors", counts.errors),
        ("skipped", counts.skipped),
        ("not run", counts.not_run),
        ("flaky", counts.flaky),
        ("warned", counts.warned),
    ];
    let mut words: Vec<String> = counted
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    words.extend(run.troubles.iter().map(|trouble| trouble.kind.as_str().to_owned()));
    words.join(", ")
}
