//! Limits, and what they are judged against.

use lw_cli::{Context, Error, same_measure};
use lw_model::{Bound, Reason, Report, Unit};

use crate::args::Check;
use crate::changes::Before;

/// A limit of nothing.
const EMPTY: &str = "=0";

/// Measures in seconds.
const TIMES: [&str; 4] = ["tests.duration", "tests.slowest", "tests.wall", "shards.imbalance"];

/// Compares with an earlier run, attaches every limit and judges them. A limit that names no measure fails.
///
/// # Errors
/// When a limit is malformed, or in another unit than its measure.
pub(crate) fn settle(
    args: &Check,
    baseline: Option<&Report>,
    before: &Before,
    cx: &Context,
    report: &mut Report,
) -> Result<(), Error> {
    if let Some(earlier) = baseline {
        cx.compare(report, earlier, same_measure);
    }
    let min_tests: Vec<String> = args.min_tests.iter().map(|count| format!("tests.total={count}")).collect();
    for limits in cx.limits(Bound::Min, Unit::Count, "min_tests", &min_tests)? {
        if !limits.attach_by_name("tests.total", report)? {
            limits.record_unmatched(Reason::NothingMatched, report);
        }
    }
    for (bound, id, specs) in [
        (Bound::Max, "max", &args.max),
        (Bound::Min, "min", &args.min),
        (Bound::MaxGrowth, "max_growth", &args.max_growth),
    ] {
        // Where each was set goes by its place in the list, so that what is of the other unit leaves a place empty.
        let of = |unit: Unit| {
            let is_time = |spec: &str| {
                let name = spec.split('=').next().unwrap_or_default();
                TIMES.contains(&name)
            };
            let mine: Vec<&str> = specs
                .iter()
                .map(|spec| if is_time(spec) == (unit == Unit::Seconds) { &**spec } else { EMPTY })
                .collect();
            cx.limits(bound, unit, id, &mine)
        };
        let limits = of(Unit::Count)?.into_iter().chain(of(Unit::Seconds)?);
        for limits in limits.filter(|limits| !limits.name().is_empty()) {
            if !limits.attach_by_name(limits.name(), report)? {
                let reason = match limits.name() {
                    name if !crate::changes::MEASURES.contains(&name) => Reason::NothingMatched,
                    // What was stopped says nothing of what is gone.
                    _ if before.is_known() => Reason::PartsMissing,
                    _ => Reason::NoBaseline,
                };
                limits.record_unmatched(reason, report);
            }
        }
    }
    cx.judge(report, None);
    Ok(())
}
