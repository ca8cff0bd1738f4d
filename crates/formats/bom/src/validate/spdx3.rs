//! What SPDX 3.0.1 means, past its schema (<https://spdx.github.io/spdx-spec/v3.0.1/>).

use std::collections::{BTreeMap, BTreeSet};

use lw_model::lists::filled;
use serde_json::Value;

use super::checks::{self, is_no_assertion, list, quoted, text};
use super::graph::Graph;
use super::schema::{self, Which};
use super::{Faults, Rule};
use crate::ReadError;
use crate::spdx::{algorithm_of, check_version};

/// Fields whose values are identifiers of other elements.
const REFERENCES: [&str; 13] = [
    "creationInfo",
    "createdBy",
    "createdUsing",
    "dataLicense",
    "element",
    "from",
    "originatedBy",
    "rootElement",
    "subject",
    "suppliedBy",
    "to",
    "snippetFromFile",
    "assessedElement",
];

/// Elements that every document knows without holding them.
const INDIVIDUALS: [&str; 5] = [
    "NoneElement",
    "NoAssertionElement",
    "SpdxOrganization",
    "expandedlicensing_NoneLicense",
    "expandedlicensing_NoAssertionLicense",
];

pub(super) fn check(document: &Value, faults: &mut Faults) -> Result<(String, usize), ReadError> {
    check_version(document)?;
    schema::check(document, Which::Spdx301, faults);
    let graph = list(document, "@graph");
    let mut known: BTreeMap<&str, (usize, &Value)> = BTreeMap::new();
    for (index, element) in graph.iter().enumerate() {
        let Some((id, key)) =
            ["spdxId", "@id"].into_iter().find_map(|key| text(element, key).map(|id| (id, key)))
        else {
            continue;
        };
        if let Some((first, _)) = known.insert(id, (index, element)) {
            let message = format!("the identifier {} is that of element {first} as well", quoted(id));
            let fix = "give each its own identifier, and correct what refers to it";
            faults.add(
                Rule::DuplicateReference,
                &format!("/@graph/{index}/{key}"),
                text(element, "name"),
                &message,
                fix,
            );
        }
    }
    let imports = graph.iter().flat_map(|element| list(element, "import"));
    let imported: BTreeSet<&str> = filled(imports.filter_map(|import| text(import, "externalSpdxId")));
    let is_known = |id: &str| {
        known.contains_key(id)
            || imported.contains(id)
            || INDIVIDUALS
                .iter()
                .any(|name| id == *name || id.strip_suffix(name).is_some_and(|rest| rest.ends_with('/')))
            || id.starts_with("https://spdx.org/licenses/")
    };
    for (index, element) in graph.iter().enumerate() {
        for key in REFERENCES {
            let values = match element.get(key) {
                Some(Value::Array(items)) => items.as_slice(),
                Some(value) => std::slice::from_ref(value),
                None => &[],
            };
            for (item, id) in values.iter().enumerate() {
                let Some(id) = id.as_str().filter(|id| !is_known(id)) else { continue };
                let message = format!("no element of the document has the identifier {}", quoted(id));
                let fix = "add the element it means, or take the reference away";
                let is_list = element.get(key).is_some_and(Value::is_array);
                let pointer = if is_list {
                    format!("/@graph/{index}/{key}/{item}")
                } else {
                    format!("/@graph/{index}/{key}")
                };
                faults.add(Rule::DanglingReference, &pointer, text(element, "name"), &message, fix);
            }
        }
        one(element, &format!("/@graph/{index}"), faults);
    }
    let packages: Vec<_> = graph
        .iter()
        .enumerate()
        .filter(|(_, element)| text(element, "type") == Some("software_Package"))
        .collect();
    // One alone is the product, and the files it is distributed as are no parts of it.
    let distributing =
        graph.iter().filter(|element| text(element, "relationshipType") == Some("hasDistributionArtifact"));
    let distributed: BTreeSet<&str> =
        filled(distributing.flat_map(|element| list(element, "to")).filter_map(Value::as_str));
    let mut files = graph.iter().filter(|element| text(element, "type") == Some("software_File"));
    let has_parts = files.any(|file| text(file, "spdxId").is_some_and(|id| !distributed.contains(id)));
    if packages.len() < 2 && !has_parts {
        let message = "the document has no package but the product: nothing says what that is made of";
        faults.add(Rule::Empty, "", None, message, "see whether what made it found the lock files");
    }
    reach(graph, &known, &packages, faults);
    Ok(("SPDX 3.0.1".to_owned(), packages.len()))
}

fn one(element: &Value, pointer: &str, faults: &mut Faults) {
    let at = |key: &str| format!("{pointer}/{key}");
    let name = text(element, "name").unwrap_or_default();
    let title = text(element, "software_packageVersion")
        .map_or_else(|| name.to_owned(), |version| format!("{name}@{version}"));
    match text(element, "type").unwrap_or_default() {
        "CreationInfo" => {
            if let Some(created) = text(element, "created")
                && lw_inventory::whole_seconds(created).as_deref() != Some(created)
            {
                let message = format!("{} is no time of SPDX: UTC, with whole seconds", quoted(created));
                faults.add(
                    Rule::Timestamp,
                    &at("created"),
                    None,
                    &message,
                    "write it as 2026-01-31T12:00:00Z",
                );
            }
        }
        "simplelicensing_LicenseExpression" => {
            let Some(expression) = text(element, "simplelicensing_licenseExpression") else { return };
            checks::expression(expression, &at("simplelicensing_licenseExpression"), None, faults);
            let own = list(element, "simplelicensing_customIdToUri");
            let own: BTreeSet<&str> = filled(own.iter().filter_map(|entry| text(entry, "key")));
            for reference in
                expression.split([' ', '(', ')']).filter(|token| token.starts_with("LicenseRef-"))
            {
                if !own.contains(reference) {
                    let message = format!("{} is not in simplelicensing_customIdToUri", quoted(reference));
                    let pointer = at("simplelicensing_licenseExpression");
                    faults.add(
                        Rule::DanglingReference,
                        &pointer,
                        None,
                        &message,
                        "say there which text it means",
                    );
                }
            }
        }
        "software_Package" | "software_File" => {
            if name.trim().is_empty() {
                faults.add(Rule::Name, pointer, None, "an element has no name", "name it, or take it away");
            }
            let version = text(element, "software_packageVersion");
            if version.is_some_and(is_no_assertion) {
                let message = "software_packageVersion says that nothing is known";
                let fix = "find it out, or leave the field away";
                faults.add(Rule::NoAssertion, &at("software_packageVersion"), Some(&title), message, fix);
            }
            if let Some(purl) = text(element, "software_packageUrl") {
                checks::purl(purl, version, &at("software_packageUrl"), &title, faults);
            }
            for key in ["software_downloadLocation", "software_homePage"] {
                if let Some(location) = text(element, key) {
                    checks::address(location, &at(key), Some(&title), faults);
                }
            }
            for (index, identifier) in list(element, "externalIdentifier").iter().enumerate() {
                let pointer = at(&format!("externalIdentifier/{index}/identifier"));
                let Some(value) = text(identifier, "identifier") else { continue };
                match text(identifier, "externalIdentifierType") {
                    Some("packageUrl") => checks::purl(value, version, &pointer, &title, faults),
                    Some("cpe23" | "cpe22") => checks::cpe(value, &pointer, &title, faults),
                    _ => {}
                }
            }
            for (index, hash) in list(element, "verifiedUsing").iter().enumerate() {
                if let (Some(algorithm), Some(hex)) = (text(hash, "algorithm"), text(hash, "hashValue")) {
                    let digits = algorithm_of(algorithm).map(lw_inventory::HashAlgorithm::hex_digits);
                    checks::hash(
                        digits,
                        algorithm,
                        hex,
                        &at(&format!("verifiedUsing/{index}/hashValue")),
                        &title,
                        faults,
                    );
                }
            }
        }
        _ => {}
    }
}

/// The product, and what can be reached from it.
fn reach<'a>(
    graph: &'a [Value],
    known: &BTreeMap<&'a str, (usize, &'a Value)>,
    packages: &[(usize, &'a Value)],
    faults: &mut Faults,
) {
    let documents: Vec<_> =
        graph.iter().filter(|element| text(element, "type") == Some("SpdxDocument")).collect();
    if documents.len() != 1 {
        let message =
            format!("there are {} elements of the type SpdxDocument instead of one", documents.len());
        faults.add(Rule::Root, "", None, &message, "write one, whose rootElement is the bill or the product");
        return;
    }
    let mut edges = Graph::default();
    for element in graph {
        if let Some(id) = text(element, "spdxId") {
            for root in list(element, "rootElement").iter().filter_map(Value::as_str) {
                edges.add(id, root);
            }
        }
        let Some(from) = text(element, "from") else { continue };
        for to in list(element, "to").iter().filter_map(Value::as_str) {
            edges.add(from, to);
        }
    }
    let roots: Vec<_> = documents
        .iter()
        .flat_map(|document| list(document, "rootElement"))
        .filter_map(Value::as_str)
        .collect();
    let reached = edges.reachable(roots);
    let is_reached = |element: &Value| text(element, "spdxId").is_some_and(|id| reached.contains(id));
    if !packages.is_empty() && !packages.iter().any(|(_, package)| is_reached(package)) {
        let message = "nothing says which product this is a bill of materials of";
        let index = documents
            .first()
            .and_then(|document| known.get(text(document, "spdxId")?))
            .map(|(index, _)| *index);
        let pointer = index.map(|index| format!("/@graph/{index}")).unwrap_or_default();
        faults.add(Rule::Root, &pointer, None, message, "name the product's package in rootElement");
        return;
    }
    for (index, package) in packages.iter().filter(|(_, package)| !is_reached(package)) {
        let message = "nothing says how the product comes to need this package";
        let fix = "add a relationship: what needs it dependsOn it; the product where nothing else is known";
        faults.add(Rule::Unreachable, &format!("/@graph/{index}"), text(package, "name"), message, fix);
    }
}
