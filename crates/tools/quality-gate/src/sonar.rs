//! The conditions as Sonar's `api/qualitygates/project_status` has them, for what reads that.

use lw_cli::Error;
use lw_model::{Bound, Limit, Measure, Number, Outcome, Report, Threshold, Verdict};
use serde_json::{Map, Value, json};

use crate::judge::{Row, without_value};
use crate::settings::Scope;

/// Writes them, in Sonar's words: `GT` fails above its threshold and `LT` below, and every number is text.
///
/// # Errors
/// None that is not a defect.
pub(crate) fn write(rows: &[Row], report: &Report) -> Result<String, Error> {
    let mut conditions = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    let mut has_exempt = false;
    for row in rows {
        if let Some(measure) = row.measure.and_then(|place| report.measures.get(place)) {
            for limit in &measure.limits {
                has_exempt |= limit.reason == Some(lw_model::Reason::SmallChange);
                conditions.push(condition(row, Some(measure), limit));
            }
        } else if !told.contains(&row.name.as_str()) {
            told.push(&row.name);
            let limits = without_value(report).filter(|(name, _)| *name == row.name);
            conditions.extend(limits.map(|(_, limit)| condition(row, None, limit)));
        }
    }
    let status = match report.verdict {
        Verdict::Pass => "OK",
        Verdict::Warn => "WARN",
        Verdict::Fail | Verdict::Error => "ERROR",
    };
    let document = json!({
        "projectStatus": { "status": status, "conditions": conditions, "ignoredConditions": has_exempt }
    });
    serde_json::to_string_pretty(&document).map(|text| text + "\n").map_err(Error::internal)
}

fn condition(row: &Row, measure: Option<&Measure>, limit: &Limit) -> Value {
    let status = match (limit.outcome, limit.on_breach) {
        (Outcome::Met | Outcome::Overridden, _) => "OK",
        (Outcome::Breached, Verdict::Warn) => "WARN",
        (Outcome::Breached, _) => "ERROR",
        (Outcome::NotJudged, _) => "NO_VALUE",
    };
    let prefix = if row.scope == Scope::NewCode && !row.name.starts_with("new_") { "new_" } else { "" };
    let mut out = Map::new();
    let mut set = |name: &str, value: String| out.insert(name.to_owned(), Value::String(value));
    set("status", status.to_owned());
    set("metricKey", format!("{prefix}{}", row.name));
    set("comparator", if limit.bound == Bound::Min { "LT" } else { "GT" }.to_owned());
    let threshold = match limit.threshold {
        Threshold::Amount(amount) => plain(amount),
        Threshold::Percent(percent) => percent.as_f64().to_string(),
    };
    set(if limit.on_breach == Verdict::Warn { "warningThreshold" } else { "errorThreshold" }, threshold);
    if let Some(measure) = measure {
        let change = matches!(limit.bound, Bound::MaxGrowth | Bound::MaxDrop);
        let actual = match (limit.threshold, measure.share()) {
            _ if change => measure.growth().map(plain),
            (Threshold::Percent(_), Some(share)) => Some(share.as_f64().to_string()),
            _ => Some(plain(measure.value)),
        };
        if let Some(actual) = actual {
            set("actualValue", actual);
        }
    }
    Value::Object(out)
}

fn plain(number: Number) -> String {
    match number {
        Number::Integer(number) => number.to_string(),
        Number::Decimal(number) => number.to_string(),
    }
}
