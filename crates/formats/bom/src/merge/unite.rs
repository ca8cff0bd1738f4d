//! Whether two components are one, and what both say of it together.

use std::collections::BTreeSet;

use lw_model::lists::{distinct, filled};
use serde_json::{Map, Value};

use super::refs::{OWN, has_inner};

/// Lists whose order means nothing, so that two of them have what either has.
const SETS: &[&str] = &["externalReferences", "properties", "tags", "hashes"];

/// What two entries have to have in common to be taken for one component: type, group, name, version, package URL, and where
/// there is none, where it comes from. It is a text that no other component has.
pub(super) fn identity(component: &Map<String, Value>) -> String {
    let mut parts: Vec<String> = ["type", "group", "name", "version", "purl", "cpe"]
        .iter()
        .map(|name| component.get(*name).map(Value::to_string).unwrap_or_default())
        .collect();
    if component.get("purl").is_none() {
        let references = component.get("externalReferences").and_then(Value::as_array);
        let origins = references
            .into_iter()
            .flatten()
            .filter(|reference| {
                let kind = reference.get("type").and_then(Value::as_str).unwrap_or_default();
                ["vcs", "distribution", "source-distribution"].contains(&kind)
            })
            .map(|reference| reference.get("url").map(Value::to_string).unwrap_or_default());
        parts.extend(distinct(origins));
    }
    // Each part is JSON, which has no line break.
    parts.join("\n")
}

/// What a person finds a component by.
pub(super) fn title(component: &Map<String, Value>) -> String {
    let text = |name: &str| component.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("purl") {
        "" => format!("{} {}", text("name"), text("version")).trim_end().to_owned(),
        purl => purl.to_owned(),
    }
}

/// Both entries as one, or the member that keeps them apart.
///
/// What one has and the other has not is taken; lists whose order means nothing are united; whether it is needed is the
/// stronger of both, since either product is a part of the result. Everything else has to be equal.
pub(super) fn unite(
    first: &Map<String, Value>,
    second: &Map<String, Value>,
) -> Result<Map<String, Value>, String> {
    if [first, second].into_iter().any(has_inner) {
        let equal = |name: &String| first.get(name) == second.get(name);
        let differs = first.keys().chain(second.keys()).find(|name| *name != OWN && !equal(name));
        // What it names may be another thing in each bill.
        return Err(differs.cloned().unwrap_or_else(|| "references of its own".to_owned()));
    }
    let mut united = first.clone();
    for (name, theirs) in second {
        let Some(mine) = united.get_mut(name) else {
            united.insert(name.clone(), theirs.clone());
            continue;
        };
        if name == OWN || name == "scope" || mine == theirs {
            continue;
        }
        let merged = match (name.as_str(), &mut *mine, theirs) {
            ("hashes", Value::Array(mine), Value::Array(theirs)) => agree(mine, theirs) && add(mine, theirs),
            (name, Value::Array(mine), Value::Array(theirs)) if SETS.contains(&name) => add(mine, theirs),
            ("evidence", Value::Object(mine), Value::Object(theirs)) => evidence(mine, theirs),
            _ => false,
        };
        if !merged {
            return Err(name.clone());
        }
    }
    let (mine, theirs) = (scope(first), scope(second));
    if mine != theirs {
        let word = match mine.max(theirs) {
            Scope::Excluded => "excluded",
            Scope::Optional => "optional",
            Scope::Unsaid | Scope::Required => "required",
        };
        united.insert("scope".to_owned(), Value::from(word));
    }
    Ok(united)
}

/// In the order of their strength.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    Excluded,
    Optional,
    /// Which means that it is needed.
    Unsaid,
    Required,
}

fn scope(component: &Map<String, Value>) -> Scope {
    match component.get("scope").and_then(Value::as_str) {
        Some("excluded") => Scope::Excluded,
        Some("optional") => Scope::Optional,
        Some(_) => Scope::Required,
        None => Scope::Unsaid,
    }
}

/// Adds the items that are not there yet. Two objects are the same whatever the order of their members.
pub(super) fn add(mine: &mut Vec<Value>, theirs: &[Value]) -> bool {
    let mut known: BTreeSet<String> = filled(mine.iter().map(sorted));
    mine.extend(theirs.iter().filter(|item| known.insert(sorted(item))).cloned());
    true
}

/// The text of a value with the members of its objects in order.
fn sorted(value: &Value) -> String {
    let mut value = value.clone();
    value.sort_all_objects();
    value.to_string()
}

/// Whether two lists of hashes have the same one of each algorithm that both have.
fn agree(mine: &[Value], theirs: &[Value]) -> bool {
    let of = |hashes: &[Value]| -> BTreeSet<(String, String)> {
        let text = |hash: &Value, name: &str| hash.get(name).map(Value::to_string).unwrap_or_default();
        filled(hashes.iter().map(|hash| (text(hash, "alg"), text(hash, "content").to_ascii_lowercase())))
    };
    let (mine, theirs) = (of(mine), of(theirs));
    let algorithms = |hashes: &BTreeSet<(String, String)>| -> BTreeSet<String> {
        filled(hashes.iter().map(|(algorithm, _)| algorithm.clone()))
    };
    let both: BTreeSet<String> = filled(algorithms(&mine).intersection(&algorithms(&theirs)).cloned());
    let shared = |hashes: &BTreeSet<(String, String)>| -> BTreeSet<(String, String)> {
        filled(hashes.iter().filter(|(algorithm, _)| both.contains(algorithm)).cloned())
    };
    shared(&mine) == shared(&theirs)
}

/// Where a component was seen is a list of places, and so is who says so.
fn evidence(mine: &mut Map<String, Value>, theirs: &Map<String, Value>) -> bool {
    theirs.iter().all(|(name, theirs)| match (mine.get_mut(name), theirs) {
        (None, _) => {
            mine.insert(name.clone(), theirs.clone());
            true
        }
        (Some(mine), theirs) if mine == theirs => true,
        (Some(Value::Array(mine)), Value::Array(theirs)) => add(mine, theirs),
        _ => false,
    })
}
