//! How evenly the tests are spread over the shards.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::inputs::Input;

/// How long a shard took: on the clock where its tool says so, else its tests together.
pub(crate) fn time(input: &Input) -> Option<Duration> {
    let sum = || {
        let times = input.run.cases().filter_map(|(_, case)| case.duration());
        times.fold(None, |sum: Option<Duration>, time| Some(sum.unwrap_or_default().saturating_add(time)))
    };
    input.run.wall.or_else(sum)
}

/// By how much the slowest shard of a leg took longer than its shards did on average, of the worst leg: what another split
/// of the same tests could save at most. `None` where no leg has two shards that tell their times.
pub(crate) fn imbalance(inputs: &[Input]) -> Option<Duration> {
    let mut legs: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for input in inputs.iter().filter(|input| input.shard.is_some()) {
        legs.entry(&input.leg).or_default().push(time(input)?);
    }
    let of_leg = |times: Vec<Duration>| {
        let count = u32::try_from(times.len()).ok().filter(|count| *count > 1)?;
        let sum: Duration = times.iter().fold(Duration::ZERO, |sum, time| sum.saturating_add(*time));
        Some(times.iter().max()?.saturating_sub(sum / count))
    };
    legs.into_values().filter_map(of_leg).max()
}
