//! Typed values as short text: numbers with their unit, differences, bars, sparklines, verdicts.

use lw_model::{
    Cell, Limit, Location, Measure, Number, Outcome, Percent, Report, Series, Unit, Verdict, grouped,
};

use crate::escape;

/// `1,048,576 B`.
pub(crate) fn bytes(bytes: i64) -> String {
    format!("{} B", grouped(bytes.into()))
}

/// A number of bytes in three digits, for where there is little room: `12.5 KiB`.
pub(crate) fn compact(unit: Unit, value: u64) -> String {
    if unit != Unit::Bytes {
        return grouped(value.into());
    }
    for (factor, name) in [(1u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
        if value >= factor {
            let tenths = u128::from(value) * 10 / u128::from(factor);
            return if tenths >= 1000 {
                format!("{} {name}", tenths / 10)
            } else {
                format!("{}.{} {name}", tenths / 10, tenths % 10)
            };
        }
    }
    format!("{value} B")
}

/// A difference, always with its sign.
pub(crate) fn delta(unit: Unit, difference: Number) -> String {
    let text = unit.brief(difference);
    if difference.as_f64() > 0.0 { format!("+{text}") } else { text }
}

/// A difference and its share of what it started from: `+1,312 B (+0.12 %)`.
pub(crate) fn growth(unit: Unit, difference: Number, baseline: Number) -> String {
    let text = delta(unit, difference);
    let share = match (difference, baseline) {
        (Number::Integer(part), Number::Integer(whole)) if part != 0 => Percent::of(part.abs(), whole),
        _ => None,
    };
    match share {
        Some(share) => format!("{text} ({}{share})", if difference.as_f64() < 0.0 { '-' } else { '+' }),
        None => text,
    }
}

/// How a trend went on: of percentages in points.
pub(crate) fn went(series: &Series, (first, last): (Number, Number)) -> String {
    let difference = last.minus(first);
    if series.unit == Unit::Percent {
        // Percentages have four decimals, which their difference in binary has only nearly.
        let points = (difference.as_f64() * 10_000.0).round() / 10_000.0;
        return delta(Unit::Points, Number::Decimal(points));
    }
    growth(series.unit, difference, first)
}

/// A measure before and now, and the change between: what a person wants to see first of it.
pub(crate) struct Figures {
    /// In the baseline; empty without one.
    pub(crate) before: String,
    pub(crate) now: String,
    /// Without its share, for where there is no room for both; empty without a baseline.
    pub(crate) change: String,
    /// With its share: `+1,312 B (+0.12 %)`, `unchanged`.
    pub(crate) growth: String,
}

/// The figures of a measure. Of counted things that are a part of a whole the shares are told, and their change in points:
/// more lines may be covered, and yet less of all lines.
pub(crate) fn figures(measure: &Measure) -> Figures {
    let by_share =
        measure.unit == Unit::Count && (measure.baseline.is_none() || measure.baseline_whole.is_some());
    if let Some(now) = measure.share().filter(|_| by_share) {
        let before = measure.baseline_share();
        let points = before.map(|before| Number::Decimal(0.0 - now.points_below(before)));
        let change = points.map(|points| delta(Unit::Points, points)).unwrap_or_default();
        let still = points.is_some_and(|points| points.as_f64() == 0.0);
        return Figures {
            before: before.map(|before| before.to_string()).unwrap_or_default(),
            now: now.to_string(),
            growth: if still { "unchanged".to_owned() } else { change.clone() },
            change,
        };
    }
    Figures {
        before: measure.baseline.map(|baseline| measure.unit.brief(baseline)).unwrap_or_default(),
        now: measure.unit.brief(measure.value),
        change: measure.growth().map(|growth| delta(measure.unit, growth)).unwrap_or_default(),
        growth: match (measure.growth(), measure.baseline) {
            (Some(difference), Some(_)) if difference.as_f64() == 0.0 => "unchanged".to_owned(),
            (Some(difference), Some(baseline)) => growth(measure.unit, difference, baseline),
            _ => String::new(),
        },
    }
}

/// One line of the list of measures.
pub(crate) struct MeasureRow<'a> {
    pub(crate) measure: &'a Measure,
    pub(crate) limit: Option<&'a Limit>,
}

/// A row per limit, and one for each measure without limits that has changed.
///
/// Breached limits are left out: they are shown apart.
pub(crate) fn measure_rows<'a>(measures: &[&'a Measure]) -> impl Iterator<Item = MeasureRow<'a>> {
    measures.iter().flat_map(|measure| {
        let limits = measure
            .limits
            .iter()
            .filter(|limit| !matches!(limit.outcome, Outcome::Breached | Outcome::Overridden));
        let changed = measure.growth().is_some_and(|growth| growth.as_f64() != 0.0);
        let alone = (measure.limits.is_empty() && changed).then_some(MeasureRow { measure, limit: None });
        limits.map(|limit| MeasureRow { measure, limit: Some(limit) }).chain(alone)
    })
}

/// A location as compilers write it: `lw.toml:12`.
pub(crate) fn place(location: &Location) -> String {
    Location { path: escape::name(&location.path), ..location.clone() }.to_string()
}

/// What a bar is drawn with.
#[derive(Clone, Copy)]
pub(crate) struct Ink {
    full: char,
    empty: char,
    over: char,
    frame: &'static str,
}

/// Block characters.
pub(crate) const BLOCKS: Ink = Ink { full: '█', empty: '░', over: '▶', frame: "" };
/// `[####----]`.
pub(crate) const ASCII: Ink = Ink { full: '#', empty: '-', over: '>', frame: "[]" };

/// A bar of `width` cells, and the floored percentage after it; `None` when there is no whole.
///
/// The bar is floored like the percentage, so a full bar is a full region. Above 100 % its last cell points
/// beyond the end.
pub(crate) fn bar(used: i64, total: i64, width: usize, ink: Ink) -> Option<String> {
    let share = Percent::of(used, total)?;
    let cells = i128::from(used.max(0)) * i128::try_from(width).unwrap_or(0) / i128::from(total);
    let filled = usize::try_from(cells).unwrap_or(usize::MAX).min(width);
    let over = used > total && width > 0;
    let mut bar = String::with_capacity(width * 3 + 12);
    bar.extend(ink.frame.chars().next());
    for cell in 0..width {
        bar.push(if over && cell + 1 == width {
            ink.over
        } else if cell < filled {
            ink.full
        } else {
            ink.empty
        });
    }
    bar.extend(ink.frame.chars().nth(1));
    Some(format!("{bar} {share:>8}", share = share.to_string()))
}

/// The share of a bar cell in words: `81.25 %`, or a dash when there is no whole.
pub(crate) fn share(used: i64, total: i64) -> String {
    Percent::of(used, total).map_or_else(|| "–".to_owned(), |share| share.to_string())
}

/// Cells with plain text in every format; text, code, bars and verdicts differ.
pub(crate) fn number(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Bytes(value) => Some(bytes(*value)),
        Cell::Delta(value) => Some(delta(Unit::Bytes, Number::Integer(*value))),
        Cell::Count(value) => Some(grouped((*value).into())),
        Cell::Text(_) | Cell::Code(_) | Cell::Bar { .. } | Cell::Verdict(_) | Cell::Empty => None,
    }
}

/// A trend in one line, oldest first: `▁▂▄▇`. At most `width` points, the newest; empty below two points.
pub(crate) fn sparkline(series: &Series, width: usize, unicode: bool) -> String {
    let steps: &[char] = if unicode {
        &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
    } else {
        &['_', '.', '-', '=', '+', '*', '%', '#']
    };
    let start = series.points.len().saturating_sub(width);
    let values: Vec<f64> = series.points.iter().skip(start).map(|point| point.value.as_f64()).collect();
    if values.len() < 2 || values.iter().any(|value| !value.is_finite()) {
        return String::new();
    }
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let top = steps.len() - 1;
    values
        .iter()
        .map(|value| {
            // A flat trend is drawn in the middle: neither low nor high.
            let height = if high > low { (value - low) / (high - low) } else { 0.5 };
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let step = (height * top as f64).round() as usize;
            steps.get(step.min(top)).copied().unwrap_or(' ')
        })
        .collect()
}

/// First and last value of a trend, when it has at least two.
pub(crate) fn ends(series: &Series) -> Option<(Number, Number)> {
    match series.points.as_slice() {
        [first, .., last] => Some((first.value, last.value)),
        _ => None,
    }
}

/// The mark of a verdict in a terminal.
pub(crate) fn mark(verdict: Verdict, unicode: bool) -> &'static str {
    match (verdict, unicode) {
        (Verdict::Pass, true) => "✓",
        (Verdict::Warn, true) => "▲",
        (Verdict::Fail, true) => "✗",
        (Verdict::Error, true) => "‼",
        (Verdict::Pass, false) => "+",
        (Verdict::Warn, false) => "!",
        (Verdict::Fail, false) => "x",
        (Verdict::Error, false) => "!!",
    }
}

/// Settings that are told of: past that a person searches the JSON form.
const SETTINGS: usize = 10;

/// One sentence per setting that took the place of another or lifted a limit, and of how many more there are. `name` and
/// `value` escape what comes from outside.
pub(crate) fn replaced(
    report: &Report,
    name: impl Fn(&str) -> String,
    value: impl Fn(&str) -> String,
) -> Vec<String> {
    let told = || report.settings.iter().filter(|setting| !setting.replaces.is_empty());
    let mut lines: Vec<String> = told()
        .take(SETTINGS)
        .map(|setting| {
            let key = setting.key.as_ref().map(|key| format!(" {}", value(key))).unwrap_or_default();
            let old: Vec<String> = setting
                .replaces
                .iter()
                .map(|old| format!("{} ({})", value(&old.value), name(&old.origin)))
                .collect();
            let (what, old, origin) = (name(&setting.name), old.join(", "), name(&setting.origin));
            if setting.value == "none" {
                format!("{what}{key} is lifted ({origin}): it was {old}")
            } else {
                format!("{what}{key} is {} ({origin}), which replaces {old}", value(&setting.value))
            }
        })
        .collect();
    let more = told().count().saturating_sub(SETTINGS);
    if more > 0 {
        lines.push(format!("{} more replaced: the JSON form lists them", lw_model::counted(more, "setting")));
    }
    lines
}

/// The tool, with what tells two uses of it in one job apart: `size-gate (nightly)`. Not escaped.
pub(crate) fn tool(report: &Report) -> String {
    let tool = &report.tool.name;
    report.title.as_ref().map_or_else(|| tool.clone(), |title| format!("{tool} ({title})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lw_model::Point;

    #[test]
    fn a_full_bar_is_a_full_region_and_one_byte_more_points_beyond() {
        assert_eq!(bar(999, 1000, 4, BLOCKS).unwrap(), "███░  99.90 %");
        assert_eq!(bar(1000, 1000, 4, BLOCKS).unwrap(), "████ 100.00 %");
        assert_eq!(bar(1001, 1000, 4, BLOCKS).unwrap(), "███▶ 100.10 %");
        assert_eq!(bar(50, 100, 4, ASCII).unwrap(), "[##--]  50.00 %");
        assert_eq!(bar(-5, 100, 2, ASCII).unwrap(), "[--]  -5.00 %");
        assert_eq!(bar(5, 0, 4, BLOCKS), None);
        assert_eq!(bar(i64::MAX, 1, 4, BLOCKS), None);
    }

    #[test]
    fn differences_carry_their_sign_and_share() {
        assert_eq!(growth(Unit::Bytes, 1312i64.into(), 100_000i64.into()), "+1,312 B (+1.31 %)");
        assert_eq!(growth(Unit::Bytes, (-1312i64).into(), 100_000i64.into()), "-1,312 B (-1.31 %)");
        assert_eq!(growth(Unit::Bytes, 5i64.into(), 0i64.into()), "+5 B");
        assert_eq!(growth(Unit::Bytes, 0i64.into(), 9i64.into()), "0 B");
    }

    #[test]
    fn compact_sizes_are_floored() {
        assert_eq!(compact(Unit::Bytes, 1023), "1023 B");
        assert_eq!(compact(Unit::Bytes, 1024), "1.0 KiB");
        assert_eq!(compact(Unit::Bytes, 1_048_575), "1023 KiB");
        assert_eq!(compact(Unit::Bytes, 1_048_576), "1.0 MiB");
    }

    #[test]
    fn a_sparkline_spans_its_own_range() {
        let point = |value: i64| Point { label: String::new(), value: value.into() };
        let mut series = Series {
            name: String::new(),
            subject: None,
            unit: Unit::Bytes,
            points: [1, 5, 9].map(point).into(),
        };
        assert_eq!(sparkline(&series, 10, true), "▁▅█");
        assert_eq!(sparkline(&series, 2, false), "_#");
        series.points.truncate(1);
        assert_eq!(sparkline(&series, 10, true), "");
    }
}
