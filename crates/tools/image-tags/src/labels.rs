//! Labels and annotations, and the forms in which they are handed on.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use lw_model::lists::{filled, sort_by};
use lw_tag_rules::{RuleError, Template, format_time, joined, lines, zone};
use serde_json::{Map, Value, json};

use crate::error::TagError;
use crate::evaluate::Rules;
use crate::event::Event;

/// Keys and values in their order.
pub(crate) type Labels = Vec<(String, String)>;

/// Why labels cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LabelError {
    /// An item cannot be read.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// An expression means nothing.
    #[error(transparent)]
    Tag(#[from] TagError),
}

/// The labels of an image: what the Open Containers Initiative names (opencontainers/image-spec, annotations.md), then those the user
/// gives, which win; sorted by their keys. Also the keys of which nothing is known.
///
/// # Errors
/// When one of the user's is none.
pub(crate) fn labels(
    input: &'static str,
    own: &[String],
    version: &str,
    rules: Rules<'_>,
    event: &Event,
) -> Result<(Labels, Vec<&'static str>), LabelError> {
    let created = zone("UTC").and_then(|utc| format_time(event.now, &utc, "YYYY-MM-DDTHH:mm:ss.SSS[Z]"));
    let created = created.map_err(|source| TagError::Time { place: "created".to_owned(), source })?;
    let [title, description, url, licence] = event.about.clone().map(Option::unwrap_or_default);
    let standard = [
        ("org.opencontainers.image.title", title),
        ("org.opencontainers.image.description", description),
        ("org.opencontainers.image.url", url.clone()),
        ("org.opencontainers.image.source", url),
        ("org.opencontainers.image.version", version.to_owned()),
        ("org.opencontainers.image.created", created),
        ("org.opencontainers.image.revision", event.sha.clone()),
        ("org.opencontainers.image.licenses", licence),
    ];
    let mut all: BTreeMap<String, String> =
        filled(standard.iter().map(|(key, value)| ((*key).to_owned(), one_line(value))));
    for (number, item) in (1..).zip(lines(input, own)?) {
        let wrong = |problem| RuleError::new(input, number, &item, problem);
        let text = joined(&item).map_err(wrong)?;
        let template = Template::parse(&text).map_err(|error| wrong(error.into()))?;
        let place = format!("{input}, item {number}");
        let text = rules.text(&template, event, &place)?;
        let no_label = |what| TagError::Label { input, text: text.chars().take(120).collect(), what };
        let (key, value) = text.split_once('=').ok_or_else(|| no_label("has no `=`"))?;
        if key.is_empty() {
            return Err(no_label("has no key").into());
        }
        if text.contains(['\n', '\r']) {
            return Err(no_label("has more than one line").into());
        }
        all.insert(key.to_owned(), value.to_owned());
    }
    let unknown =
        standard.iter().map(|(key, _)| *key).filter(|key| all.get(*key).is_some_and(String::is_empty));
    let unknown = unknown.collect();
    let mut all: Labels = all.into_iter().collect();
    sort_by(&mut all, |a, b| collate(&a.0, &b.0));
    Ok((all, unknown))
}

/// What comes from elsewhere must not begin another label.
fn one_line(text: &str) -> String {
    text.split(['\n', '\r']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The order of `localeCompare` in English: marks, digits, letters; capitals count last.
fn collate(a: &str, b: &str) -> Ordering {
    const MARKS: &str = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";
    let weight = |next: char| match next {
        mark if MARKS.contains(mark) => (0, MARKS.find(mark).unwrap_or(0)),
        other if other.is_ascii_digit() => (1, other as usize),
        other => (2, other.to_ascii_lowercase() as usize),
    };
    a.chars()
        .map(weight)
        .cmp(b.chars().map(weight))
        .then_with(|| {
            let is_capital = |next: char| next.is_ascii_uppercase();
            a.chars().map(is_capital).cmp(b.chars().map(is_capital))
        })
        .then_with(|| a.cmp(b))
}

/// Labels as lines.
pub(crate) fn shown(labels: &Labels) -> Vec<String> {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect()
}

/// Annotations for each of several levels: `manifest:KEY=VALUE`.
pub(crate) fn leveled(annotations: &Labels, levels: &[String]) -> Vec<String> {
    levels
        .iter()
        .flat_map(|level| annotations.iter().map(move |(key, value)| format!("{level}:{key}={value}")))
        .collect()
}

/// Labels as an object.
pub(crate) fn object(labels: &Labels) -> Value {
    let pairs = labels.iter().map(|(key, value)| (key.clone(), Value::String(value.clone())));
    Value::Object(pairs.collect::<Map<_, _>>())
}

/// A bake file with one target (docs.docker.com/build/bake/reference).
pub(crate) fn bake(target: &str, what: &[(&str, Value)]) -> String {
    let inside: Map<String, Value> =
        what.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let mut targets = Map::new();
    targets.insert(target.to_owned(), Value::Object(inside));
    let file = json!({ "target": targets });
    serde_json::to_string_pretty(&file).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_javascript() {
        // Sorted by node with localeCompare.
        let sorted =
            ["_a", "-a", "a", "a_b", "a-b", "a.b", "a1", "aa", "Aa", "aB", "ab", "B", "maintainer", "org.a"];
        let mut own = sorted.to_vec();
        own.reverse();
        sort_by(&mut own, |a, b| collate(a, b));
        let expected =
            ["_a", "-a", "a", "a_b", "a-b", "a.b", "a1", "aa", "Aa", "ab", "aB", "B", "maintainer", "org.a"];
        assert_eq!(own, expected);
        assert_eq!(one_line("a\r\nb=c\n"), "a b=c");
    }
}
