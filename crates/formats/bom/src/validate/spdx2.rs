//! What SPDX 2.3 asks for past its schema (<https://spdx.github.io/spdx-spec/v2.3/>).

use std::collections::{BTreeMap, BTreeSet};

use lw_model::lists::filled;
use serde_json::Value;

use super::checks::{self, is_no_assertion, list, quoted, text};
use super::graph::Graph;
use super::schema::{self, Which};
use super::{Faults, Rule};
use crate::ReadError;
use crate::spdx::algorithm_of;

const NOTHING: [&str; 2] = ["NONE", "NOASSERTION"];

pub(super) fn check(
    document: &Value,
    version: &str,
    faults: &mut Faults,
) -> Result<(String, usize), ReadError> {
    match version {
        "SPDX-2.3" => schema::check(document, Which::Spdx23, faults),
        "SPDX-2.2" => {}
        _ => return Err(ReadError::Version { format: "SPDX", version: version.to_owned() }),
    }
    head(document, faults);
    let packages = list(document, "packages");
    // One alone is the product.
    if packages.len() < 2 && list(document, "files").is_empty() {
        let message = "the document has no package but the product: nothing says what that is made of";
        faults.add(Rule::Empty, "", None, message, "see whether what made it found the lock files");
    }
    let infos = list(document, "hasExtractedLicensingInfos");
    let own: BTreeSet<&str> = filled(infos.iter().filter_map(|info| text(info, "licenseId")));
    for (index, package) in packages.iter().enumerate() {
        one(package, &format!("/packages/{index}"), &own, faults);
    }
    elements(document, faults);
    Ok((version.replace("SPDX-", "SPDX "), packages.len()))
}

/// Section 6: the document itself.
fn head(document: &Value, faults: &mut Faults) {
    let mut wrong =
        |rule: Rule, pointer: &str, message: &str, fix: &str| faults.add(rule, pointer, None, message, fix);
    if text(document, "dataLicense").is_some_and(|licence| licence != "CC0-1.0") {
        wrong(
            Rule::Spdx,
            "/dataLicense",
            "the licence of the data of an SPDX document is CC0-1.0",
            "write CC0-1.0",
        );
    }
    if text(document, "SPDXID").is_some_and(|id| id != "SPDXRef-DOCUMENT") {
        wrong(
            Rule::Spdx,
            "/SPDXID",
            "the identifier of the document is SPDXRef-DOCUMENT",
            "write SPDXRef-DOCUMENT",
        );
    }
    if text(document, "name").is_none_or(|name| name.trim().is_empty()) {
        wrong(Rule::Name, "/name", "the document has no name", "name it after the product");
    }
    match text(document, "documentNamespace") {
        None => wrong(
            Rule::Serial,
            "",
            "the document has no documentNamespace: nothing can refer to it",
            "add a URL that no other document has",
        ),
        Some(namespace) => {
            let is_absolute = namespace.split_once(':').is_some_and(|(scheme, rest)| {
                scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && !rest.is_empty()
            });
            if !is_absolute || namespace.contains('#') || namespace.contains(char::is_whitespace) {
                let message =
                    format!("the documentNamespace {} is no absolute address without a #", quoted(namespace));
                wrong(Rule::Serial, "/documentNamespace", &message, "write a URL that no other document has");
            }
            checks::address(namespace, "/documentNamespace", None, faults);
        }
    }
    let info = document.get("creationInfo").unwrap_or(&Value::Null);
    match text(info, "created") {
        None => {
            let message = "nothing says when the document was made";
            faults.add(
                Rule::Timestamp,
                "/creationInfo",
                None,
                message,
                "add created, as 2026-01-31T12:00:00Z",
            );
        }
        Some(created) if !is_time(created) => {
            let message = format!("{} is no time of SPDX: UTC, with whole seconds", quoted(created));
            faults.add(
                Rule::Timestamp,
                "/creationInfo/created",
                None,
                &message,
                "write it as 2026-01-31T12:00:00Z",
            );
        }
        Some(_) => {}
    }
    let creators = list(info, "creators");
    if creators.is_empty() {
        let message = "nothing says who made the document";
        faults.add(
            Rule::Spdx,
            "/creationInfo",
            None,
            message,
            "add creators: Tool: NAME-VERSION and Organization: NAME",
        );
    }
    for (index, creator) in creators.iter().filter_map(Value::as_str).enumerate() {
        if !is_actor(creator, &["Tool", "Person", "Organization"]) {
            let message = format!("{} is no creator", quoted(creator));
            let fix = "begin it with Tool:, Person: or Organization:";
            faults.add(Rule::Spdx, &format!("/creationInfo/creators/{index}"), None, &message, fix);
        }
    }
}

/// `YYYY-MM-DDThh:mm:ssZ` and nothing else (section 6.9).
fn is_time(text: &str) -> bool {
    lw_inventory::whole_seconds(text).as_deref() == Some(text)
}

fn is_actor(text: &str, sorts: &[&str]) -> bool {
    text.split_once(':').is_some_and(|(sort, name)| sorts.contains(&sort) && !name.trim().is_empty())
}

/// Letters, digits, `.` and `-` after `SPDXRef-`.
fn is_id(id: &str) -> bool {
    id.strip_prefix("SPDXRef-").is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
    })
}

/// Section 7: a package.
fn one(package: &Value, pointer: &str, own_licences: &BTreeSet<&str>, faults: &mut Faults) {
    let name = text(package, "name").unwrap_or_default();
    let version = text(package, "versionInfo");
    let title = version.map_or_else(|| name.to_owned(), |version| format!("{name}@{version}"));
    let at = |key: &str| format!("{pointer}/{key}");
    if name.trim().is_empty() {
        faults.add(Rule::Name, pointer, None, "a package has no name", "name it, or take it away");
    }
    match text(package, "downloadLocation") {
        Some(location) if !is_location(location) => {
            let message = format!(
                "the downloadLocation {} is no URL, no VCS location, not NONE and not NOASSERTION",
                quoted(location)
            );
            let fix = "write NOASSERTION where nothing is known, NONE where there is none";
            faults.add(Rule::Spdx, &at("downloadLocation"), Some(&title), &message, fix);
        }
        Some(location) => checks::address(location, &at("downloadLocation"), Some(&title), faults),
        None => {}
    }
    let analyzed = package.get("filesAnalyzed").and_then(Value::as_bool).unwrap_or(true);
    if analyzed && package.get("packageVerificationCode").is_none() {
        let message = "its files were analyzed, and there is no packageVerificationCode";
        faults.add(Rule::Spdx, pointer, Some(&title), message, "write \"filesAnalyzed\": false");
    }
    if !analyzed && package.get("packageVerificationCode").is_some() {
        let message = "its files were not analyzed, and there is a packageVerificationCode";
        faults.add(Rule::Spdx, &at("packageVerificationCode"), Some(&title), message, "take it away");
    }
    for key in ["supplier", "originator"] {
        match text(package, key) {
            Some("NOASSERTION") => {
                let message = format!("{key} says that nothing is known");
                faults.add(
                    Rule::NoAssertion,
                    &at(key),
                    Some(&title),
                    &message,
                    "find it out, or leave the field away",
                );
            }
            Some(who) if !is_actor(who, &["Person", "Organization"]) => {
                let message =
                    format!("the {key} {} is no Person:, no Organization: and not NOASSERTION", quoted(who));
                faults.add(
                    Rule::Spdx,
                    &at(key),
                    Some(&title),
                    &message,
                    "begin it with Person: or Organization:",
                );
            }
            _ => {}
        }
    }
    if version.is_some_and(is_no_assertion) {
        let message = "versionInfo says that nothing is known";
        faults.add(
            Rule::NoAssertion,
            &at("versionInfo"),
            Some(&title),
            message,
            "find it out, or leave the field away",
        );
    }
    for key in ["licenseDeclared", "licenseConcluded"] {
        let Some(licence) = text(package, key) else { continue };
        checks::expression(licence, &at(key), Some(&title), faults);
        for reference in licence.split([' ', '(', ')']).filter(|token| token.starts_with("LicenseRef-")) {
            if !own_licences.contains(reference) {
                let message = format!("{} is not among hasExtractedLicensingInfos", quoted(reference));
                faults.add(
                    Rule::DanglingReference,
                    &at(key),
                    Some(&title),
                    &message,
                    "add its text and its name there",
                );
            }
        }
    }
    for (index, checksum) in list(package, "checksums").iter().enumerate() {
        if let (Some(algorithm), Some(hex)) = (text(checksum, "algorithm"), text(checksum, "checksumValue")) {
            let digits = algorithm_of(algorithm).map(lw_inventory::HashAlgorithm::hex_digits);
            checks::hash(
                digits,
                algorithm,
                hex,
                &at(&format!("checksums/{index}/checksumValue")),
                &title,
                faults,
            );
        }
    }
    for (index, reference) in list(package, "externalRefs").iter().enumerate() {
        let pointer = at(&format!("externalRefs/{index}/referenceLocator"));
        let Some(locator) = text(reference, "referenceLocator") else { continue };
        let kind = text(reference, "referenceType").unwrap_or_default();
        match kind.rsplit('/').next().unwrap_or_default() {
            "purl" => checks::purl(locator, version, &pointer, &title, faults),
            "cpe23Type" | "cpe22Type" => checks::cpe(locator, &pointer, &title, faults),
            _ if locator.contains(char::is_whitespace) => {
                let message = "a locator has a space in it";
                faults.add(Rule::Spdx, &pointer, Some(&title), message, "percent-encode it");
            }
            _ => checks::address(locator, &pointer, Some(&title), faults),
        }
    }
}

/// Section 7.7.
fn is_location(text: &str) -> bool {
    let schemes = ["http", "https", "ftp", "sftp", "ssh", "git", "svn", "hg", "bzr"];
    NOTHING.contains(&text)
        || text.split_once("://").is_some_and(|(scheme, rest)| {
            let mut parts = scheme.split('+');
            parts.all(|part| schemes.contains(&part) || part == "file")
                && !rest.is_empty()
                && !text.contains(char::is_whitespace)
        })
        || text.strip_prefix("git+git@").is_some_and(|rest| rest.contains(':'))
}

/// Section 11: identifiers and relationships.
fn elements(document: &Value, faults: &mut Faults) {
    let mut known: BTreeMap<&str, String> = BTreeMap::new();
    let document_id = text(document, "SPDXID").unwrap_or("SPDXRef-DOCUMENT");
    known.insert(document_id, "/SPDXID".to_owned());
    let mut titles = BTreeMap::new();
    for key in ["packages", "files", "snippets"] {
        for (index, element) in list(document, key).iter().enumerate() {
            let Some(id) = text(element, "SPDXID") else { continue };
            let pointer = format!("/{key}/{index}/SPDXID");
            let name = text(element, "name").unwrap_or(id);
            if !is_id(id) {
                let message =
                    format!("the identifier {} is not SPDXRef- with letters, digits, . and -", quoted(id));
                faults.add(Rule::Spdx, &pointer, Some(name), &message, "replace every other character by -");
            }
            titles.insert(id, name);
            if let Some(first) = known.insert(id, pointer.clone()) {
                let message = format!("the identifier {} is that of the one at {first} as well", quoted(id));
                let fix = "give each its own identifier, and correct what refers to it";
                faults.add(Rule::DuplicateReference, &pointer, Some(name), &message, fix);
            }
        }
    }
    let others = list(document, "externalDocumentRefs");
    let others: BTreeSet<&str> = filled(others.iter().filter_map(|other| text(other, "externalDocumentId")));
    let is_known = |id: &str| {
        known.contains_key(id)
            || NOTHING.contains(&id)
            || id.split_once(':').is_some_and(|(document, _)| others.contains(document))
    };
    let mut graph = Graph::default();
    let mut described: BTreeSet<&str> =
        filled(list(document, "documentDescribes").iter().filter_map(Value::as_str));
    let mut resolve = |id: &str, pointer: String| {
        if !is_known(id) {
            let message = format!("nothing in the document has the identifier {}", quoted(id));
            let fix = "add the package it means, or take the relationship away";
            faults.add(Rule::DanglingReference, &pointer, None, &message, fix);
        }
    };
    for (index, id) in list(document, "documentDescribes").iter().enumerate() {
        if let Some(id) = id.as_str() {
            resolve(id, format!("/documentDescribes/{index}"));
        }
    }
    for (index, relationship) in list(document, "relationships").iter().enumerate() {
        let one = text(relationship, "spdxElementId").unwrap_or_default();
        let other = text(relationship, "relatedSpdxElement").unwrap_or_default();
        resolve(one, format!("/relationships/{index}/spdxElementId"));
        resolve(other, format!("/relationships/{index}/relatedSpdxElement"));
        match text(relationship, "relationshipType").unwrap_or_default() {
            "DESCRIBES" if one == document_id => drop(described.insert(other)),
            "DESCRIBED_BY" if other == document_id => drop(described.insert(one)),
            kind if kind.ends_with("_OF") || ["CONTAINED_BY", "PREREQUISITE_FOR"].contains(&kind) => {
                graph.add(other, one);
            }
            _ => graph.add(one, other),
        }
    }
    if described.is_empty() {
        let message = "nothing says which product this is a bill of materials of";
        let fix = "add a relationship: SPDXRef-DOCUMENT DESCRIBES the product's package";
        faults.add(Rule::Root, "", None, message, fix);
        return;
    }
    let reached = graph.reachable(described);
    for (index, package) in list(document, "packages").iter().enumerate() {
        let id = text(package, "SPDXID").unwrap_or_default();
        if !reached.contains(id) {
            let message = "nothing says how the product comes to need this package";
            let fix =
                "add a relationship: what needs it DEPENDS_ON it; the product where nothing else is known";
            let title = titles.get(id).copied();
            faults.add(Rule::Unreachable, &format!("/packages/{index}"), title, message, fix);
        }
    }
}
