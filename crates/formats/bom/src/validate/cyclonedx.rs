//! What CycloneDX means, past its schemas.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use lw_inventory::{Licence, LicenceText};
use lw_model::lists::filled;
use serde_json::Value;

use super::checks::{self, is_no_assertion, list, quoted, text};
use super::graph::Graph;
use super::schema::{self, Which};
use super::{Faults, Rule};
use crate::cyclonedx::is_serial;
use crate::{ReadError, names};

/// A component, and where it stands.
struct Found<'a> {
    value: &'a Value,
    pointer: String,
    title: String,
    part_of: Option<&'a str>,
    is_root: bool,
}

pub(super) fn check(
    document: &Value,
    version: &str,
    faults: &mut Faults,
) -> Result<(String, usize), ReadError> {
    let which = match version {
        "1.5" => Some(Which::CycloneDx15),
        "1.6" => Some(Which::CycloneDx16),
        "1.7" => Some(Which::CycloneDx17),
        "1.2" | "1.3" | "1.4" => None,
        _ => return Err(ReadError::Version { format: "CycloneDX", version: version.to_owned() }),
    };
    if let Some(which) = which {
        schema::check(document, which, faults);
    } else {
        older(document, faults);
    }
    header(document, faults);
    let metadata = document.get("metadata").unwrap_or(&Value::Null);
    match text(metadata, "timestamp") {
        None => {
            let message = "nothing says when the document was made";
            faults.add(
                Rule::Timestamp,
                "/metadata",
                None,
                message,
                "add metadata.timestamp, as 2026-01-31T12:00:00Z",
            );
        }
        Some(written) if lw_inventory::whole_seconds(written).is_none() => {
            let message = format!("{} is no time", quoted(written));
            faults.add(
                Rule::Timestamp,
                "/metadata/timestamp",
                None,
                &message,
                "write it as 2026-01-31T12:00:00Z",
            );
        }
        Some(_) => {}
    }
    licences(metadata, "/metadata", None, faults);
    let mut components = Vec::new();
    match metadata.get("component") {
        Some(root) => collect(root, "/metadata/component", None, true, &mut components),
        None => faults.add(
            Rule::Root,
            "/metadata",
            None,
            "nothing says which product this is a bill of materials of",
            "add metadata.component with its name and version",
        ),
    }
    for (index, component) in list(document, "components").iter().enumerate() {
        collect(component, &format!("/components/{index}"), None, false, &mut components);
    }
    if components.iter().all(|component| component.is_root) {
        faults.add(
            Rule::Empty,
            "",
            None,
            "the document has no component: nothing says what the product is made of",
            "see whether what made it found the lock files",
        );
    }
    for component in &components {
        one(component, faults);
    }
    twins(&components, faults);
    references(document, &components, faults);
    Ok((format!("CycloneDX {version}"), components.len()))
}

/// Of the versions whose schemas are not linked, what they all have in common.
fn older(document: &Value, faults: &mut Faults) {
    for (key, is_list) in [("components", true), ("dependencies", true), ("metadata", false)] {
        let wrong = document.get(key).is_some_and(|value| value.is_array() != is_list);
        if wrong {
            let message = if is_list { "this has to be a list" } else { "this has to be an object" };
            faults.add(Rule::Schema, &format!("/{key}"), None, message, "write a value of that type");
        }
    }
}

/// The first fields: some readers find out from them what a file is, and refuse it otherwise.
fn header(document: &Value, faults: &mut Faults) {
    let first: Vec<_> = document
        .as_object()
        .into_iter()
        .flat_map(|map| map.keys())
        .filter(|key| *key != "$schema")
        .take(2)
        .collect();
    if !first.iter().all(|key| ["bomFormat", "specVersion"].contains(&key.as_str())) {
        let message = "bomFormat and specVersion do not stand first; Dependency-Track refuses such a file";
        faults.add(
            Rule::Order,
            "",
            None,
            message,
            "write bomFormat, specVersion, serialNumber and version first",
        );
    }
    match document.get("serialNumber") {
        None => {
            let message = "the document has no serialNumber: nothing can refer to it";
            faults.add(Rule::Serial, "", None, message, "add one: urn:uuid: and a UUID");
        }
        Some(serial) if !serial.as_str().is_some_and(is_serial) => {
            let message = "the serialNumber is no urn:uuid: with a UUID in small letters";
            faults.add(Rule::Serial, "/serialNumber", None, message, "write urn:uuid: and a UUID");
        }
        Some(_) => {}
    }
}

fn collect<'a>(
    value: &'a Value,
    pointer: &str,
    part_of: Option<&'a str>,
    is_root: bool,
    into: &mut Vec<Found<'a>>,
) {
    // The depth of a document that was parsed is bounded.
    let title =
        [text(value, "group"), text(value, "name")].into_iter().flatten().collect::<Vec<_>>().join("/");
    let title = text(value, "version").map_or_else(|| title.clone(), |version| format!("{title}@{version}"));
    into.push(Found { value, pointer: pointer.to_owned(), title, part_of, is_root });
    let reference = text(value, "bom-ref").or(part_of);
    for (index, part) in list(value, "components").iter().enumerate() {
        collect(part, &format!("{pointer}/components/{index}"), reference, false, into);
    }
}

fn one(found: &Found<'_>, faults: &mut Faults) {
    let Found { value, pointer, title, .. } = found;
    let name = text(value, "name").unwrap_or_default();
    let at = |key: &str| format!("{pointer}/{key}");
    if name.trim().is_empty() {
        faults.add(Rule::Name, pointer, None, "a component has no name", "name it, or take it away");
    }
    let version = text(value, "version");
    for key in ["name", "version", "copyright", "publisher", "author"] {
        if text(value, key).is_some_and(is_no_assertion) {
            let message = format!("{key} says that nothing is known");
            faults.add(
                Rule::NoAssertion,
                &at(key),
                Some(title),
                &message,
                "find it out, or leave the field away",
            );
        }
    }
    let supplier = value.get("supplier").and_then(|supplier| text(supplier, "name"));
    if supplier.is_some_and(is_no_assertion) {
        let message = "the supplier says that nothing is known";
        faults.add(
            Rule::NoAssertion,
            &at("supplier/name"),
            Some(title),
            message,
            "find it out, or leave the field away",
        );
    }
    if let Some(purl) = text(value, "purl") {
        checks::purl(purl, version, &at("purl"), title, faults);
    }
    if let Some(cpe) = text(value, "cpe") {
        checks::cpe(cpe, &at("cpe"), title, faults);
    }
    licences(value, pointer, Some(title), faults);
    hashes(value, pointer, title, faults);
    for (index, reference) in list(value, "externalReferences").iter().enumerate() {
        let pointer = format!("{pointer}/externalReferences/{index}");
        if let Some(url) = text(reference, "url") {
            checks::address(url, &format!("{pointer}/url"), Some(title), faults);
        }
        hashes(reference, &pointer, title, faults);
    }
    let evidence = value.get("evidence").unwrap_or(&Value::Null);
    for (index, occurrence) in list(evidence, "occurrences").iter().enumerate() {
        if let Some(location) = text(occurrence, "location") {
            let pointer = format!("{pointer}/evidence/occurrences/{index}/location");
            checks::address(location, &pointer, Some(title), faults);
        }
    }
}

fn hashes(of: &Value, pointer: &str, title: &str, faults: &mut Faults) {
    for (index, hash) in list(of, "hashes").iter().enumerate() {
        if let (Some(algorithm), Some(hex)) = (text(hash, "alg"), text(hash, "content")) {
            let digits = names::hash_algorithm_of(algorithm).map(lw_inventory::HashAlgorithm::hex_digits);
            checks::hash(digits, algorithm, hex, &format!("{pointer}/hashes/{index}/content"), title, faults);
        }
    }
}

fn licences(of: &Value, pointer: &str, component: Option<&str>, faults: &mut Faults) {
    for (index, choice) in list(of, "licenses").iter().enumerate() {
        let pointer = format!("{pointer}/licenses/{index}");
        if let Some(expression) = text(choice, "expression") {
            checks::expression(expression, &format!("{pointer}/expression"), component, faults);
        }
        let Some(licence) = choice.get("license") else { continue };
        if let Some(id) = text(licence, "id") {
            let pointer = format!("{pointer}/license/id");
            match LicenceText::parse(id) {
                Some(LicenceText { licence: Licence::Id(_), .. }) => {
                    checks::expression(id, &pointer, component, faults);
                }
                _ => {
                    let message = format!("{} is no identifier of the SPDX list", quoted(id));
                    let fix = "write an expression as expression, and any other text as name";
                    faults.add(Rule::Licence, &pointer, component, &message, fix);
                }
            }
        }
        let Some(name) = text(licence, "name") else { continue };
        let pointer = format!("{pointer}/license/name");
        match LicenceText::parse(name) {
            None if !name.trim().is_empty() => {
                let message = format!("the licence is {}", name.trim());
                faults.add(
                    Rule::NoAssertion,
                    &pointer,
                    component,
                    &message,
                    "find out which it is, or leave it away",
                );
            }
            Some(licence) => {
                if let Some(meant) = licence.expression() {
                    let message =
                        format!("the licence {} is written as a name, which nothing can judge", quoted(name));
                    let fix = match &licence.licence {
                        Licence::Id(_) => format!("write it as id: {meant}"),
                        _ => format!("write it as expression: {}", quoted(meant)),
                    };
                    faults.add(Rule::LicenceForm, &pointer, component, &message, &fix);
                }
            }
            None => {}
        }
    }
}

/// Components that differ in their reference only.
fn twins(components: &[Found<'_>], faults: &mut Faults) {
    let mut seen: BTreeMap<_, &str> = BTreeMap::new();
    for found in components {
        let Found { value, pointer, title, part_of, .. } = found;
        let key = ["type", "group", "name", "version", "purl"].map(|key| text(value, key));
        let hashes = value.get("hashes").map(ToString::to_string);
        if let Some(first) = seen.insert((key, hashes, *part_of), pointer) {
            let message = format!("this component is the same as the one at {first}");
            faults.add(Rule::DuplicateComponent, pointer, Some(title), &message, "write it once");
        }
    }
}

/// All references that something has, with where.
fn declared<'a>(value: &'a Value, pointer: &mut String, into: &mut Vec<(&'a str, String)>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let length = pointer.len();
                crate::json::push_step(pointer, key);
                match value {
                    Value::String(reference) if key == "bom-ref" => into.push((reference, pointer.clone())),
                    _ => declared(value, pointer, into),
                }
                pointer.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if item.is_object() || item.is_array() {
                    let length = pointer.len();
                    pointer.push('/');
                    // Writing into a string cannot fail.
                    let _ = write!(pointer, "{index}");
                    declared(item, pointer, into);
                    pointer.truncate(length);
                }
            }
        }
        _ => {}
    }
}

fn references(document: &Value, components: &[Found<'_>], faults: &mut Faults) {
    let mut all = Vec::new();
    declared(document, &mut String::new(), &mut all);
    let titles: BTreeMap<_, _> = filled(
        components.iter().filter_map(|found| Some((text(found.value, "bom-ref")?, found.title.as_str()))),
    );
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    for (reference, pointer) in &all {
        if let Some(first) = known.insert(reference, pointer) {
            let message =
                format!("the reference {} is that of the one at {first} as well", quoted(reference));
            let fix = "give each its own reference, and correct what refers to it";
            faults.add(Rule::DuplicateReference, pointer, titles.get(reference).copied(), &message, fix);
        }
    }
    let mut graph = Graph::default();
    let resolve = |reference: Option<&Value>, pointer: String, faults: &mut Faults| {
        let Some(reference) = reference.and_then(Value::as_str) else { return };
        if !known.contains_key(reference) && !reference.starts_with("urn:cdx:") {
            let message = format!("nothing in the document has the reference {}", quoted(reference));
            let fix = "add the component it means, or take the reference away";
            faults.add(Rule::DanglingReference, &pointer, None, &message, fix);
        }
    };
    let mut listed: BTreeSet<&str> = BTreeSet::new();
    for (index, dependency) in list(document, "dependencies").iter().enumerate() {
        let pointer = format!("/dependencies/{index}");
        resolve(dependency.get("ref"), format!("{pointer}/ref"), faults);
        let from = text(dependency, "ref").unwrap_or_default();
        if !listed.insert(from) {
            let message = format!("the dependencies of {} are listed twice", quoted(from));
            faults.add(
                Rule::DuplicateReference,
                &pointer,
                titles.get(from).copied(),
                &message,
                "write them in one entry",
            );
        }
        for key in ["dependsOn", "provides"] {
            let mut once = BTreeSet::new();
            for (needed, reference) in list(dependency, key).iter().enumerate() {
                let pointer = format!("{pointer}/{key}/{needed}");
                resolve(Some(reference), pointer.clone(), faults);
                let Some(to) = reference.as_str() else { continue };
                if to == from {
                    let message = format!("{} depends on itself", quoted(from));
                    faults.add(
                        Rule::DanglingReference,
                        &pointer,
                        titles.get(from).copied(),
                        &message,
                        "take it away",
                    );
                }
                if !once.insert(to) {
                    let message = format!("{} is named twice", quoted(to));
                    faults.add(
                        Rule::DuplicateReference,
                        &pointer,
                        titles.get(from).copied(),
                        &message,
                        "write it once",
                    );
                }
                graph.add(from, to);
            }
        }
    }
    for (index, composition) in list(document, "compositions").iter().enumerate() {
        for key in ["assemblies", "dependencies"] {
            for (item, reference) in list(composition, key).iter().enumerate() {
                resolve(Some(reference), format!("/compositions/{index}/{key}/{item}"), faults);
            }
        }
    }
    for (index, vulnerability) in list(document, "vulnerabilities").iter().enumerate() {
        for (item, affected) in list(vulnerability, "affects").iter().enumerate() {
            resolve(affected.get("ref"), format!("/vulnerabilities/{index}/affects/{item}/ref"), faults);
        }
    }
    for (index, annotation) in list(document, "annotations").iter().enumerate() {
        for (item, subject) in list(annotation, "subjects").iter().enumerate() {
            resolve(Some(subject), format!("/annotations/{index}/subjects/{item}"), faults);
        }
    }
    for found in components {
        if let (Some(whole), Some(part)) = (found.part_of, text(found.value, "bom-ref")) {
            graph.add(whole, part);
        }
    }
    let Some(root) = components.iter().find(|found| found.is_root) else { return };
    let reached = graph.reachable(text(root.value, "bom-ref"));
    for found in components.iter().filter(|found| !found.is_root) {
        let reference = text(found.value, "bom-ref");
        if !reference.is_some_and(|reference| reached.contains(reference)) {
            let message = "nothing says how the product comes to need this component";
            let fix = match reference {
                None => "give it a bom-ref, and name it in dependsOn of what needs it",
                Some(_) => {
                    "name it in dependsOn of what needs it, of the product where nothing else is known"
                }
            };
            faults.add(Rule::Unreachable, &found.pointer, Some(&found.title), message, fix);
        }
    }
}
