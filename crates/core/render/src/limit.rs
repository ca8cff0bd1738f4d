//! A limit in words: where it lies, and how far a value is from it.

use lw_model::{Bound, Limit, Measure, Number, Outcome, Threshold, Verdict};

use crate::{escape, show};

/// How far the value lies beyond the limit, in the measure's unit; not above zero when it is met.
///
/// `None` when the limit has nothing to be compared with: no baseline, or no whole to take a share of.
pub(crate) fn excess(measure: &Measure, limit: &Limit) -> Option<Number> {
    let (value, whole) = match limit.bound {
        Bound::Max | Bound::Min => (measure.value, measure.whole),
        Bound::MaxGrowth => (measure.growth()?, measure.baseline),
    };
    match (limit.threshold, limit.bound) {
        (Threshold::Amount(amount), Bound::Min) => Some(amount.minus(value)),
        (Threshold::Amount(amount), Bound::Max | Bound::MaxGrowth) => Some(value.minus(amount)),
        (Threshold::Percent(percent), bound) => match (value, whole?) {
            (Number::Integer(value), Number::Integer(whole)) => {
                let share = percent.share_of(whole);
                Some(Number::Integer(if bound == Bound::Min {
                    // The smallest value that meets a floor is the share rounded up.
                    let needed =
                        if percent.missed_by(share, whole) { share.saturating_add(1) } else { share };
                    needed.saturating_sub(value)
                } else {
                    value.saturating_sub(share)
                }))
            }
            (value, whole) => {
                let share = Number::Decimal(percent.as_f64() / 100.0 * whole.as_f64());
                Some(if bound == Bound::Min { share.minus(value) } else { value.minus(share) })
            }
        },
    }
}

/// Where the limit lies in the measure's own unit, to be drawn into a trend. Growth has no such place.
pub(crate) fn level(measure: &Measure, limit: &Limit) -> Option<Number> {
    match (limit.bound, limit.threshold) {
        (Bound::MaxGrowth, _) => None,
        (_, Threshold::Amount(amount)) => Some(amount),
        (_, Threshold::Percent(percent)) => match measure.whole? {
            Number::Integer(whole) => Some(Number::Integer(percent.share_of(whole))),
            Number::Decimal(whole) => Some(Number::Decimal(percent.as_f64() / 100.0 * whole)),
        },
    }
}

/// The limit as people write it: `max 1,048,576 B`, `min 10.00 %`, `max-growth 1.00 %`.
pub(crate) fn terms(measure: &Measure, limit: &Limit) -> String {
    match limit.threshold {
        Threshold::Amount(amount) => format!("{} {}", limit.bound, measure.unit.brief(amount)),
        Threshold::Percent(percent) => format!("{} {percent}", limit.bound),
    }
}

/// Where the limit was set: `lw.toml:12`, or else `--max`.
pub(crate) fn origin(limit: &Limit) -> String {
    limit.location.as_ref().map_or_else(|| escape::name(&limit.origin), show::place)
}

/// How the value stands: `1,312 B over`, `640 B left`, `not known: no baseline`.
pub(crate) fn standing(measure: &Measure, limit: &Limit) -> String {
    let excess = excess(measure, limit);
    let (word, distance) = match (limit.outcome, excess) {
        (Outcome::Unknown, _) | (_, None) => {
            let missing = if limit.bound == Bound::MaxGrowth { "baseline" } else { "whole" };
            return format!("not known: no {missing}");
        }
        (_, Some(excess)) if excess.as_f64() <= 0.0 => {
            let word = if limit.bound == Bound::Min { "to spare" } else { "left" };
            (word, Number::Integer(0).minus(excess))
        }
        (_, Some(excess)) => (if limit.bound == Bound::Min { "short" } else { "over" }, excess),
    };
    format!("{} {word}", measure.unit.brief(distance))
}

/// The verdict to show beside a limit; `None` when it could not be judged.
pub(crate) fn verdict(limit: &Limit) -> Option<Verdict> {
    match limit.outcome {
        Outcome::Met => Some(Verdict::Pass),
        Outcome::Breached => Some(limit.on_breach),
        // Let through: it changes no verdict, but must not look as if it were met.
        Outcome::Overridden => Some(Verdict::Warn),
        Outcome::Unknown => None,
    }
}

/// `pass`, `warn`, `fail`, `overridden` or `unknown`.
pub(crate) fn word(limit: &Limit) -> &'static str {
    match limit.outcome {
        Outcome::Met => "pass",
        Outcome::Breached => limit.on_breach.as_str(),
        Outcome::Overridden => "overridden",
        Outcome::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judged(bound: Bound, threshold: &str, value: u64, whole: u64, baseline: u64) -> Measure {
        let (_, limits) = Limit::parse(bound, &format!("m={threshold}"), "--test").unwrap();
        let mut measure = Measure::bytes("m", value).out_of(whole);
        measure.baseline = Some(baseline.into());
        measure.limits = limits;
        measure.judge();
        measure
    }

    #[test]
    fn the_distance_is_what_a_person_has_to_save() {
        for (bound, threshold, value, text) in [
            (Bound::Max, "1000", 1312, "312 B over"),
            (Bound::Max, "50%", 600, "100 B over"),
            (Bound::Max, "1000", 1000, "0 B left"),
            (Bound::Min, "100", 40, "60 B short"),
            (Bound::Min, "10%", 120, "20 B to spare"),
            (Bound::MaxGrowth, "10%", 900, "20 B over"),
            (Bound::MaxGrowth, "100", 850, "50 B left"),
        ] {
            let measure = judged(bound, threshold, value, 1000, 800);
            assert_eq!(standing(&measure, &measure.limits[0]), text);
        }
    }

    proptest! {
        #[test]
        fn the_distance_agrees_with_the_judge(
            value in 0u64..5000, whole in 1u64..5000, baseline in 1u64..5000,
            amount in 0u64..5000, percent in 0u32..2_000_000, as_percent: bool,
            bound in prop_oneof![Just(Bound::Max), Just(Bound::Min), Just(Bound::MaxGrowth)],
        ) {
            let threshold =
                if as_percent { format!("{}.{:04}%", percent / 10_000, percent % 10_000) } else { amount.to_string() };
            let measure = judged(bound, &threshold, value, whole, baseline);
            let beyond = excess(&measure, &measure.limits[0]).unwrap().as_f64() > 0.0;
            prop_assert_eq!(beyond, measure.limits[0].outcome == Outcome::Breached);
        }
    }
}
