//! From conditions and numbers to measures with limits.

use lw_cli::{Context, Error, LimitSet, config, same_measure};
use lw_hashed::HashMap;
use lw_model::{Bound, Finding, Level, Limit, Measure, Number, Reason, Report, Threshold, Unit};

use crate::jobs::Jobs;
use crate::policy::{Condition, Policy};
use crate::reports::{Supply, Value, level};
use crate::settings::{Absent, Scope};

/// A measure of the report, and what it came from.
pub(crate) struct Row {
    /// Its place among the measures; `None` where there is no value.
    pub(crate) measure: Option<usize>,
    /// Name of the condition.
    pub(crate) name: String,
    pub(crate) scope: Scope,
    /// The file the value is of.
    pub(crate) file: String,
}

/// Makes a measure of every value that a condition is about, and holds it to its limits. What has no value is recorded.
///
/// # Errors
/// When a threshold is malformed, or in another unit than its measure.
pub(crate) fn conditions(
    policy: &Policy,
    jobs: &Jobs,
    supplies: &[Supply],
    earlier: Option<&Report>,
    cx: &Context,
    report: &mut Report,
) -> Result<Vec<Row>, Error> {
    let mut index: HashMap<&str, Vec<(usize, usize)>> = HashMap::new();
    for (supply, item) in supplies.iter().enumerate() {
        for (value, item) in item.values.iter().enumerate() {
            index.entry(item.measure.name.as_str()).or_default().push((supply, value));
        }
    }
    let mut rows: Vec<Row> = Vec::new();
    let mut made: HashMap<(String, usize, usize), usize> = HashMap::new();
    // Limits are attached when every measure is there, with what it was before.
    let mut attached: Vec<(usize, usize, &Condition)> = Vec::new();
    for condition in &policy.conditions {
        let found = of(condition, supplies, &index);
        let several = found.len() > 1;
        let mut judged = 0;
        for &(supply, value) in &found {
            let (from, item) =
                match supplies.get(supply).and_then(|from| Some((from, from.values.get(value)?))) {
                    Some(found) => found,
                    None => continue,
                };
            if from.is_foreign && item.measure.value.as_f64() < 0.0 && !condition.delta {
                let message = format!(
                    "{}: {} of {} is negative, and no difference is asked for",
                    condition.name, item.measure.name, from.file
                );
                no_value(condition, &message, absent(condition, policy), report)?;
                rows.push(unmatched(condition, &from.file));
                continue;
            }
            judged += 1;
            let key = (condition.name.clone(), supply, value);
            let place = *made.entry(key).or_insert_with(|| {
                report.measures.push(measure(condition, from, item, several));
                let place = report.measures.len() - 1;
                rows.push(Row {
                    measure: Some(place),
                    name: condition.name.clone(),
                    scope: condition.scope,
                    file: from.file.clone(),
                });
                place
            });
            attached.push((place, supply, condition));
        }
        if found.is_empty() && judged == 0 {
            let excused = condition.report.as_ref().is_some_and(|name| {
                let report = policy.reports.get(name).and_then(|table| table.job.as_ref());
                jobs.excuse(report.or_else(|| policy.sources.get(name)?.job.as_ref()))
            });
            let absent = if excused { Absent::Skip } else { absent(condition, policy) };
            no_value(condition, &looked_for(condition, supplies, &index), absent, report)?;
            rows.push(unmatched(condition, ""));
        }
    }
    compare(earlier, cx, report);
    for (place, supply, condition) in attached {
        let Some(measure) = report.measures.get_mut(place) else { continue };
        let from = supplies.get(supply);
        let findings = hold(measure, condition, from, absent(condition, policy), cx)?;
        findings.into_iter().for_each(|finding| report.add_finding(finding));
    }
    Ok(rows)
}

/// The limits that stand beside no measure, by the name of their condition.
pub(crate) fn without_value(report: &Report) -> impl Iterator<Item = (&str, &Limit)> {
    let on_measures = report.measures.iter().map(|measure| measure.limits.len()).sum();
    report.limits().skip(on_measures).map(|(name, _, limit)| (name, limit))
}

fn unmatched(condition: &Condition, file: &str) -> Row {
    Row { measure: None, name: condition.name.clone(), scope: condition.scope, file: file.to_owned() }
}

/// What it means that the condition has no value.
fn absent(condition: &Condition, policy: &Policy) -> Absent {
    let of_report = || {
        let name = condition.report.as_ref()?;
        let report = policy.reports.get(name).map(|table| table.missing);
        report.or_else(|| policy.sources.get(name).map(|table| table.missing))
    };
    condition.missing.or_else(of_report).unwrap_or_default()
}

/// Every value that a condition is about, in the order of what was read.
fn of(
    condition: &Condition,
    supplies: &[Supply],
    index: &HashMap<&str, Vec<(usize, usize)>>,
) -> Vec<(usize, usize)> {
    let names = condition.measures.iter().filter_map(|name| index.get(name.as_str())).flatten();
    let fits = |&&(supply, value): &&(usize, usize)| {
        let Some(from) = supplies.get(supply) else { return false };
        let subject = from.values.get(value).and_then(|value| value.measure.subject.as_ref());
        condition.report.as_ref().is_none_or(|name| from.names.contains(name))
            && condition.subject.as_ref().is_none_or(|wanted| subject == Some(wanted))
    };
    names.filter(fits).copied().collect()
}

/// Why there is no value.
fn looked_for(
    condition: &Condition,
    supplies: &[Supply],
    index: &HashMap<&str, Vec<(usize, usize)>>,
) -> String {
    let names: Vec<String> = condition.measures.iter().map(|name| format!("`{name}`")).collect();
    let names = names.join(" or ");
    let name = &condition.name;
    for supply in supplies {
        let none = supply.unusable.iter().find(|item| condition.measures.contains(&item.name));
        if let Some(item) = none {
            return format!("{name}: {} of {} is no number: it is {}", item.name, supply.file, item.why);
        }
    }
    if let Some(report) = &condition.report
        && !supplies.iter().any(|supply| supply.names.contains(report))
    {
        return format!(
            "{name}: there is no report or source {report} that could be judged, whose {names} it is about"
        );
    }
    let near = condition
        .measures
        .iter()
        .find_map(|name| config::nearest(name, index.keys().copied()))
        .map(|near| format!("; there is `{near}`"));
    let subject = condition.subject.as_ref().map(|subject| format!(" about {subject}")).unwrap_or_default();
    format!("{name}: nothing that was read has {names}{subject}{}", near.unwrap_or_default())
}

/// Records that a condition could not be judged.
fn no_value(condition: &Condition, why: &str, absent: Absent, report: &mut Report) -> Result<(), Error> {
    report.add_finding(Finding::new("quality-gate/no-value", Level::Note, &condition.name, why));
    let unit = condition.unit.unwrap_or_else(|| guessed(&condition.spec));
    let spec = if unit == Unit::Percent { bare(&condition.spec) } else { condition.spec.clone() };
    let spec = if absent == Absent::Warn { softened(&spec) } else { spec };
    let limits = limits(condition, &spec, unit)?;
    let reason = if absent == Absent::Skip { Reason::Skipped } else { Reason::NothingMatched };
    limits.record_unmatched(reason, report);
    Ok(())
}

fn limits(condition: &Condition, spec: &str, unit: Unit) -> Result<LimitSet, Error> {
    let text = format!("{}={spec}", condition.name);
    LimitSet::of_tool(condition.bound, &text, unit, &condition.origin).map_err(|error| {
        Error::usage(format!("{}: {}", condition.origin, error.message())).hint(
            "a limit is a number in the measure's unit (80, 64KiB, 1.5s), a percentage (90%), or warn:LIMIT,fail:LIMIT",
        )
    })
}

/// Each threshold without the level before it.
fn thresholds(spec: &str) -> impl Iterator<Item = &str> {
    spec.split(',').map(|part| part.split_once(':').map_or(part, |(_, text)| text).trim())
}

/// The unit a threshold is written in, where nothing else says so.
fn guessed(spec: &str) -> Unit {
    let all = |unit: Unit| thresholds(spec).all(|text| Threshold::parse(text, unit).is_ok());
    if thresholds(spec).any(|text| text.ends_with('%')) {
        return Unit::Percent;
    }
    [Unit::Count, Unit::Bytes, Unit::Score, Unit::Seconds]
        .into_iter()
        .find(|unit| all(*unit))
        .unwrap_or(Unit::Count)
}

/// The thresholds of a measure that is a percentage itself: their sign says nothing more.
fn bare(spec: &str) -> String {
    spec.split(',').map(|part| part.trim().trim_end_matches('%').trim_end()).collect::<Vec<_>>().join(",")
}

/// Thresholds that only warn.
fn softened(spec: &str) -> String {
    thresholds(spec).map(|text| format!("warn:{text}")).collect::<Vec<_>>().join(",")
}

/// The measure of a value under the name of its condition.
fn measure(condition: &Condition, from: &Supply, value: &Value, several: bool) -> Measure {
    let mut measure = value.measure.clone();
    measure.limits.clear();
    if !value.has_unit {
        measure.unit = condition.unit.unwrap_or_else(|| guessed(&condition.spec));
    }
    if measure.name != condition.name && measure.label.is_none() {
        measure.label = Some(condition.name.clone());
    }
    measure.name.clone_from(&condition.name);
    if condition.bound == Bound::Min || condition.bound == Bound::MaxDrop {
        measure.direction = lw_model::Direction::Higher;
    }
    measure.subject = several.then(|| {
        let subject = measure.subject.as_ref().map(|subject| format!("/{subject}")).unwrap_or_default();
        format!("{}{subject}", from.file)
    });
    measure
}

/// Gives each measure the value it had in an earlier run of the gate, where its own report does not say.
fn compare(earlier: Option<&Report>, cx: &Context, report: &mut Report) {
    let Some(earlier) = earlier else { return };
    let own: Vec<(Option<Number>, Option<Number>)> =
        report.measures.iter().map(|measure| (measure.baseline, measure.baseline_whole)).collect();
    cx.compare(report, earlier, same_measure);
    for (measure, (baseline, whole)) in report.measures.iter_mut().zip(own) {
        if baseline.is_some() {
            (measure.baseline, measure.baseline_whole) = (baseline, whole);
        }
    }
}

/// Attaches the limits of a condition; what is to be said of those that cannot be judged.
fn hold(
    measure: &mut Measure,
    condition: &Condition,
    from: Option<&Supply>,
    absent: Absent,
    cx: &Context,
) -> Result<Vec<Finding>, Error> {
    let is_share = measure.unit == Unit::Percent && measure.whole.is_none();
    let spec = if is_share { bare(&condition.spec) } else { condition.spec.clone() };
    let mut set = limits(condition, &spec, measure.unit)?;
    let mut findings = Vec::new();
    let has_percent = thresholds(&spec).any(|text| text.ends_with('%'));
    let is_empty = measure.whole.is_some_and(|whole| whole.as_f64() <= 0.0);
    let reason = match condition.scope {
        Scope::NewCode if is_empty => Some(Reason::NothingToJudge),
        Scope::NewCode => small_change(measure, condition, from).then_some(Reason::SmallChange),
        Scope::Overall => None,
    };
    if let Some(reason) = reason {
        set = set.not_judged(reason);
    } else if has_percent && is_empty {
        // No share of nothing is met.
        let why =
            format!("{}: it is a share of nothing in {}", condition.name, from.map_or("", |from| &from.file));
        findings.push(Finding::new("quality-gate/no-value", Level::Note, &condition.name, why));
        let reason = if absent == Absent::Skip { Reason::Skipped } else { Reason::PartsMissing };
        let spec = if absent == Absent::Warn { softened(&spec) } else { spec };
        set = limits(condition, &spec, measure.unit)?.not_judged(reason);
    } else if matches!(condition.bound, Bound::MaxGrowth | Bound::MaxDrop)
        && measure.baseline.is_none()
        && !cx.common().require_baseline
    {
        let message = format!(
            "the {} of {} was not judged: {} ({})",
            condition.bound,
            condition.name,
            Reason::NoBaseline.as_str(),
            condition.origin
        );
        let key = format!("{}:{}", condition.name, condition.bound);
        findings.push(
            Finding::new("quality-gate/not-judged", level(absent), &key, message)
                .help("its report has no value of an earlier run: give that run a baseline, or this one with --baseline")
                .about(measure.subject.as_deref()),
        );
    }
    set.attach(measure)?;
    Ok(findings)
}

/// Whether the change is too small to be held to the condition. Where its size is not known, it is held to it.
fn small_change(measure: &Measure, condition: &Condition, from: Option<&Supply>) -> bool {
    let Some(least) = condition.small_change else { return false };
    let named = condition.change_size.as_ref().and_then(|name| {
        from?.values.iter().find(|value| value.measure.name == *name).map(|value| value.measure.value)
    });
    let size = if condition.change_size.is_some() { named } else { measure.whole };
    #[allow(clippy::cast_precision_loss)]
    let least = least as f64;
    size.is_some_and(|size| size.as_f64() >= 0.0 && size.as_f64() < least)
}
