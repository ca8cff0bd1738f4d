//! Sonar's quality gate.
//!
//! `api/qualitygates/project_status` answers `{"projectStatus": {"status", "conditions": [{"status", "metricKey",
//! "comparator", "errorThreshold", "actualValue"}]}}`; a webhook sends `{"qualityGate": {"status", "conditions": [{"metric",
//! "operator", "value", "status", "errorThreshold"}]}}`. Numbers are text in both
//! (<https://docs.sonarsource.com/sonarqube-server/latest/project-administration/webhooks/>).

use serde_json::Value;

use crate::error::Problem;
use crate::json::{document, shape};
use crate::pick::plain;
use crate::{Figure, Figures, MAX_FIGURES, Stated, Unusable};

pub(crate) fn read(text: &str) -> Result<Figures, Problem> {
    let document = document(text)?;
    let (place, gate) = ["projectStatus", "qualityGate"]
        .into_iter()
        .find_map(|name| Some((name, document.get(name)?)))
        .ok_or_else(|| Problem::Nothing("/projectStatus".to_owned()))?;
    let status = gate.get("status").unwrap_or(&Value::Null);
    let Some(word) = status.as_str() else {
        return Err(shape(format!("/{place}/status"), "a word", status));
    };
    let mut stated = stated(word, &format!("/{place}/status"))?;
    let none = Vec::new();
    let conditions = match gate.get("conditions") {
        None => &none,
        Some(Value::Array(conditions)) => conditions,
        Some(other) => return Err(shape(format!("/{place}/conditions"), "a list", other)),
    };
    if conditions.len() > MAX_FIGURES {
        return Err(Problem::TooMany(MAX_FIGURES));
    }
    let mut all = Figures::default();
    for (index, condition) in conditions.iter().enumerate() {
        let at = format!("/{place}/conditions/{index}");
        let name = ["metricKey", "metric"].iter().find_map(|name| condition.get(name)?.as_str());
        let name = name.ok_or_else(|| Problem::Nothing(format!("{at}/metricKey")))?.to_owned();
        if let Some(word) = condition.get("status").and_then(Value::as_str) {
            // A gate cannot have passed with a condition that did not.
            let own = self::stated(word, &format!("{at}/status"))?;
            stated = match (stated, own) {
                (_, Stated::Failed) => Stated::Failed,
                (Stated::Passed, Stated::Warned) => Stated::Warned,
                _ => stated,
            };
        }
        let value = ["actualValue", "value"].iter().find_map(|name| condition.get(name));
        match value {
            None | Some(Value::Null) => all.unusable.push(Unusable { name, why: "without a value" }),
            Some(Value::String(text)) => match plain(text.trim()) {
                Some(value) => all.figures.push(Figure { name, value, whole: None, unit: None }),
                None => all.unusable.push(Unusable { name, why: "text" }),
            },
            Some(other) => match crate::json::number(other) {
                Ok(value) => all.figures.push(Figure { name, value, whole: None, unit: None }),
                Err(why) => all.unusable.push(Unusable { name, why }),
            },
        }
    }
    all.stated = Some(stated);
    Ok(all)
}

fn stated(word: &str, place: &str) -> Result<Stated, Problem> {
    match word {
        "OK" => Ok(Stated::Passed),
        "WARN" => Ok(Stated::Warned),
        "ERROR" => Ok(Stated::Failed),
        "NONE" | "NO_VALUE" => Ok(Stated::NotJudged),
        other => Err(Problem::Shape {
            place: place.to_owned(),
            expected: "OK, WARN, ERROR, NONE or NO_VALUE",
            found: format!("`{}`", other.chars().take(40).collect::<String>()),
        }),
    }
}
