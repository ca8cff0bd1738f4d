//! Limits of every command, and what they are judged against.

use lw_cli::{Context, Error, same_measure};
use lw_model::{Bound, Reason, Report, Unit};

use crate::args::LimitArgs;

/// Compares the measures with an earlier run's, attaches the limits and judges them: the last a command does with its
/// measures.
///
/// # Errors
/// When a limit is malformed, or in another unit than its measure.
pub(crate) fn settle(
    args: &LimitArgs,
    baseline: Option<&Report>,
    cx: &Context,
    report: &mut Report,
) -> Result<(), Error> {
    if let Some(earlier) = baseline {
        cx.compare(report, earlier, same_measure);
    }
    attach(args, |_| Reason::NothingMatched, cx, report)?;
    cx.judge(report, None);
    Ok(())
}

/// The same, where the measures whose names begin like `prefix` could not be made, for a reason.
///
/// # Errors
/// Those of [`settle`].
pub(crate) fn settle_without(
    args: &LimitArgs,
    prefix: &str,
    reason: Reason,
    baseline: Option<&Report>,
    cx: &Context,
    report: &mut Report,
) -> Result<(), Error> {
    if let Some(earlier) = baseline {
        cx.compare(report, earlier, same_measure);
    }
    let reason = |name: &str| if name.starts_with(prefix) { reason } else { Reason::NothingMatched };
    attach(args, reason, cx, report)?;
    cx.judge(report, None);
    Ok(())
}

/// A limit of nothing.
const EMPTY: &str = "=0";

/// Attaches every limit to the measure it names. One that names none fails: a limit that is never judged is no limit.
fn attach(
    args: &LimitArgs,
    reason: impl Fn(&str) -> Reason,
    cx: &Context,
    report: &mut Report,
) -> Result<(), Error> {
    for (bound, id, specs) in [
        (Bound::Max, "max", &args.max),
        (Bound::Min, "min", &args.min),
        (Bound::MaxGrowth, "max_growth", &args.max_growth),
    ] {
        // Scores are shares, everything else is counted. Where each was set goes by its place in the list, so that what is
        // of the other unit leaves a place empty.
        let of = |unit: Unit| {
            let is_mine = |spec: &str| spec.starts_with("sbom.score.") == (unit == Unit::Percent);
            let mine: Vec<&str> =
                specs.iter().map(|spec| if is_mine(spec) { &**spec } else { EMPTY }).collect();
            cx.limits(bound, unit, id, &mine)
        };
        let limits = of(Unit::Count)?.into_iter().chain(of(Unit::Percent)?);
        for limits in limits.filter(|limits| !limits.name().is_empty()) {
            if !limits.attach_by_name(limits.name(), report)? {
                let reason = reason(limits.name());
                limits.record_unmatched(reason, report);
            }
        }
    }
    Ok(())
}
