//! What a person reads: a row for each condition.

use lw_model::{Align, Cell, Limit, Measure, Outcome, Report, Table, Threshold, Unit, Verdict};

use crate::judge::{Row, without_value};
use crate::settings::Scope;

/// How a limit stands, in the words of the gate.
pub(crate) fn answer(limit: &Limit) -> String {
    match (limit.outcome, limit.on_breach) {
        (Outcome::Met, _) => "met".to_owned(),
        (Outcome::Breached, Verdict::Warn) => "warned".to_owned(),
        (Outcome::Breached, _) => "breached".to_owned(),
        (Outcome::Overridden, _) => "overridden".to_owned(),
        (Outcome::NotJudged, _) => match limit.reason {
            Some(reason) => format!("not judged: {}", reason.as_str()),
            None => "not judged".to_owned(),
        },
    }
}

/// The value, as the threshold sees it.
fn value(measure: &Measure, limit: &Limit) -> String {
    match (limit.threshold, measure.share()) {
        (Threshold::Percent(_), Some(share)) => {
            let whole = measure.whole.map(|whole| measure.unit.brief(whole)).unwrap_or_default();
            format!("{share} ({} of {whole})", measure.unit.brief(measure.value))
        }
        _ => measure.unit.brief(measure.value),
    }
}

fn on(scope: Scope) -> &'static str {
    match scope {
        Scope::Overall => "overall",
        Scope::NewCode => "new code",
    }
}

/// Adds the table of all conditions, before those of reports and jobs.
pub(crate) fn add(rows: &[Row], report: &mut Report) {
    if rows.is_empty() {
        return;
    }
    let columns = [
        ("Condition", Align::Left),
        ("On", Align::Left),
        ("Value", Align::Right),
        ("Bound", Align::Left),
        ("Threshold", Align::Right),
        ("Answer", Align::Left),
        ("Of", Align::Left),
    ];
    let mut table = Table::new("conditions", "Conditions", &columns);
    let row = |item: &Row, value: String, limit: &Limit, unit: Unit| {
        vec![
            Cell::Code(item.name.clone()),
            Cell::Text(on(item.scope).into()),
            Cell::Text(value),
            Cell::Text(limit.bound.as_str().into()),
            Cell::Text(limit.threshold.show(unit)),
            Cell::Text(answer(limit)),
            Cell::Text(item.file.clone()),
        ]
    };
    let mut told: Vec<&str> = Vec::new();
    for item in rows {
        if let Some(measure) = item.measure.and_then(|place| report.measures.get(place)) {
            for limit in &measure.limits {
                table.rows.push(row(item, value(measure, limit), limit, measure.unit));
            }
        } else if !told.contains(&item.name.as_str()) {
            told.push(&item.name);
            for (_, limit) in without_value(report).filter(|(name, _)| *name == item.name) {
                table.rows.push(row(item, "no value".into(), limit, Unit::Count));
            }
        }
    }
    report.tables.insert(0, table);
}
