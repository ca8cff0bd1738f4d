//! A limit in words: where it lies, and how far a value is from it.

use lw_model::{Bound, Limit, Measure, Number, Outcome, Reason, Threshold, Unit, Verdict};

use crate::{escape, show};

/// Where the limit lies in the measure's own unit, to be drawn into a trend. Growth has no such place.
pub(crate) fn level(measure: &Measure, limit: &Limit) -> Option<Number> {
    match (limit.bound, limit.threshold) {
        (Bound::MaxGrowth | Bound::MaxDrop, _) => None,
        (_, Threshold::Amount(amount)) => Some(amount),
        (_, Threshold::Percent(percent)) => match measure.whole? {
            Number::Integer(whole) => Some(Number::Integer(percent.share_of(whole))),
            Number::Decimal(whole) => Some(Number::Decimal(percent.as_f64() / 100.0 * whole)),
        },
    }
}

/// The limit as people write it: `max 1,048,576 B`, `min 10 %`, `max-growth 1 %`, `max-drop 0.5 points`.
pub(crate) fn terms(measure: &Measure, limit: &Limit) -> String {
    match (limit.bound, limit.threshold) {
        (Bound::MaxDrop, Threshold::Percent(points)) => {
            format!("{} {}", limit.bound, points.brief().replace('%', "points"))
        }
        _ => format!("{} {}", limit.bound, limit.threshold.show(measure.unit)),
    }
}

/// Where the limit was set: `lw.toml:12`, or else `--max`.
pub(crate) fn origin(limit: &Limit) -> String {
    limit.location.as_ref().map_or_else(|| escape::name(&limit.origin), show::place)
}

/// How the value stands: `1,312 B over`, `640 B left`, `not judged: no baseline`.
pub(crate) fn standing(measure: &Measure, limit: &Limit) -> String {
    let (Outcome::Met | Outcome::Breached | Outcome::Overridden, Some(excess)) =
        (limit.outcome, limit.excess(measure))
    else {
        return format!("not judged: {}", limit.reason.unwrap_or(Reason::NoBaseline).as_str());
    };
    let is_min = limit.bound == Bound::Min;
    let (word, distance) = match (limit.outcome, is_min) {
        (Outcome::Met, true) => ("to spare", Number::Integer(0).minus(excess)),
        (Outcome::Met, false) => ("left", Number::Integer(0).minus(excess)),
        (_, true) => ("short", excess),
        (_, false) => ("over", excess),
    };
    let unit = match (limit.bound, limit.threshold) {
        (Bound::MaxDrop, Threshold::Percent(_)) => Unit::Points,
        _ => measure.unit,
    };
    format!("{} {word}", unit.brief(distance))
}

/// The verdict to show beside a limit; `None` when it could not be judged.
pub(crate) fn verdict(limit: &Limit) -> Option<Verdict> {
    match limit.outcome {
        Outcome::Met => Some(Verdict::Pass),
        Outcome::Breached => Some(limit.on_breach),
        // Let through: it changes no verdict, but must not look as if it were met.
        Outcome::Overridden => Some(Verdict::Warn),
        Outcome::NotJudged => None,
    }
}

/// `pass`, `warn`, `fail`, `overridden` or `not-judged`.
pub(crate) fn word(limit: &Limit) -> &'static str {
    match limit.outcome {
        Outcome::Met => "pass",
        Outcome::Breached => limit.on_breach.as_str(),
        Outcome::Overridden => "overridden",
        Outcome::NotJudged => "not-judged",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judged(bound: Bound, threshold: &str, value: u64, whole: u64, baseline: u64) -> Measure {
        let (_, limits) = Limit::parse(bound, &format!("m={threshold}"), Unit::Bytes, "--test").unwrap();
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
            let beyond = measure.limits[0].excess(&measure).unwrap().as_f64() > 0.0;
            prop_assert_eq!(beyond, measure.limits[0].outcome == Outcome::Breached);
        }
    }
}
