//! Elements and relationships as an inventory.

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{
    Completeness, Component, ComponentId, Contact, Distribution, Hash, Inventory, Kind, Property, Purl,
    Reference, ReferenceKind, Scope, Unknown,
};
use lw_model::lists::{filled, sort};
use serde_json::Value;

use super::{NONE, PURPOSES, REFERENCES, SOURCE, STAGES, check_version};
use crate::address::url;
use crate::cyclonedx::is_serial;
use crate::json::{list, text};
use crate::own;
use crate::spdx::{algorithm_of, licences, main_file, v2};
use crate::{About, Document, Format, ReadError, json as input, names};

/// Texts of a field that is one text or a list of them.
fn texts<'a>(of: &'a Value, key: &str) -> Vec<&'a str> {
    match of.get(key) {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Elements by their identifiers.
type Elements<'a> = BTreeMap<&'a str, &'a Value>;

pub(crate) fn read(bytes: &[u8]) -> Result<(Format, Document), ReadError> {
    let file = input::value(bytes)?;
    check_version(&file)?;
    let graph = list(&file, "@graph");
    let elements: Elements<'_> = filled(graph.iter().filter_map(|element| Some((id_of(element)?, element))));
    let kind = |element: &Value| text(element, "type").unwrap_or_default().to_owned();
    let custom = graph.iter().flat_map(|element| list(element, "simplelicensing_customIdToUri"));
    let licence_names: BTreeMap<String, String> = filled(custom.filter_map(|entry| {
        let name = text(elements.get(text(entry, "value")?)?, "name")?;
        Some((text(entry, "key")?.to_owned(), name.to_owned()))
    }));
    let mut inventory = Inventory::new();
    let mut known: BTreeMap<&str, ComponentId> = BTreeMap::new();
    let mut licences_of: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let mut files_of: BTreeMap<&str, Vec<Distribution>> = BTreeMap::new();
    for relationship in graph.iter().filter(|element| kind(element).ends_with("Relationship")) {
        let word = text(relationship, "relationshipType").unwrap_or_default();
        if let (Some(from), "hasDeclaredLicense" | "hasConcludedLicense") = (text(relationship, "from"), word)
            && let Some(to) = texts(relationship, "to").first().and_then(|to| elements.get(to))
            && let Some(expression) = text(to, "simplelicensing_licenseExpression")
        {
            licences_of.insert((from, word), expression);
        }
        if let (Some(from), "hasDistributionArtifact") = (text(relationship, "from"), word) {
            let files = texts(relationship, "to").into_iter().filter_map(|to| elements.get(to));
            files_of.entry(from).or_default().extend(files.map(|element| distribution(element)));
        }
    }
    for package in graph.iter().filter(|element| is_package(&kind(element))) {
        let id = id_of(package).unwrap_or_default();
        let files = files_of.remove(id);
        let mut component = component(package, &elements);
        let licence = |word| licences::read(licences_of.get(&(id, word)).copied(), &licence_names);
        component.declared_licence = licence("hasDeclaredLicense");
        component.concluded_licence = licence("hasConcludedLicense");
        let properties = properties(package);
        let has_own = properties.iter().any(|property| property.name == own::DISTRIBUTION);
        let all = hashes(package);
        component.properties = filled(own::absorb(&mut component, properties));
        let has_files = files.is_some();
        if let Some(files) = files {
            if !has_own {
                // The address of the package is that of one of its files.
                component.distributions.clear();
            }
            component.distributions.extend(files);
            sort(&mut component.distributions);
            component.distributions.dedup();
        }
        if has_own || has_files {
            let of_file =
                main_file(&component.distributions).map(|file| file.hashes.clone()).unwrap_or_default();
            component.hashes = filled(all.difference(&of_file).cloned());
        }
        let new = inventory.add(component);
        known.insert(id, new);
    }
    for relationship in graph.iter().filter(|element| kind(element).ends_with("Relationship")) {
        relate(relationship, &elements, &known, &mut inventory);
    }
    let mut about = About::default();
    let document = graph.iter().find(|element| kind(element) == "SpdxDocument");
    if let Some(document) = document {
        if let Some(root) = root(document, &elements, &known, 0) {
            inventory.set_root(root);
        }
        about = self::about(document, graph, &elements);
        let root = inventory.root().and_then(|id| inventory.get(id));
        about.serial = text(document, "spdxId").map(|id| {
            let namespace = id.split('#').next().unwrap_or(id);
            let uuid = namespace.get(namespace.len().saturating_sub(36)..).unwrap_or_default();
            let serial = format!("urn:uuid:{uuid}");
            let is_ours = is_serial(&serial)
                && root.is_some_and(|root| namespace == v2::namespace(&v2::title(root), uuid));
            if is_ours { serial } else { namespace.to_owned() }
        });
        about.licence = text(document, "dataLicense")
            .and_then(|id| elements.get(id))
            .and_then(|licence| text(licence, "simplelicensing_licenseExpression"))
            .or_else(|| {
                text(document, "dataLicense").and_then(|id| id.strip_prefix("https://spdx.org/licenses/"))
            })
            .and_then(lw_inventory::LicenceText::parse);
        for property in properties(document) {
            match own::unknown(&property) {
                Some(unknown) => drop(inventory.unknowns.insert(unknown)),
                None => about.properties.push(property),
            }
        }
        own::absorb_about(&mut about);
    }
    Ok((Format::Spdx301, Document { about, inventory }))
}

fn id_of(element: &Value) -> Option<&str> {
    text(element, "spdxId").or_else(|| text(element, "@id"))
}

fn is_package(kind: &str) -> bool {
    ["software_Package", "ai_AIPackage", "dataset_DatasetPackage"].contains(&kind)
}

/// The product: what the document is rooted in, where that is one thing; a bill it holds is looked into.
fn root<'a>(
    of: &'a Value,
    elements: &Elements<'a>,
    known: &BTreeMap<&str, ComponentId>,
    depth: usize,
) -> Option<ComponentId> {
    let roots = texts(of, "rootElement");
    let [only] = roots.as_slice() else { return None };
    if let Some(id) = known.get(only) {
        return Some(*id);
    }
    // A document has a bill, and a bill a product; nothing real is deeper.
    (depth < 4)
        .then(|| elements.get(only))
        .flatten()
        .and_then(|inner| root(inner, elements, known, depth + 1))
}

fn relate(
    relationship: &Value,
    elements: &Elements<'_>,
    known: &BTreeMap<&str, ComponentId>,
    inventory: &mut Inventory,
) {
    let word = text(relationship, "relationshipType").unwrap_or_default();
    let scope = match (word, text(relationship, "scope")) {
        ("hasOptionalDependency", _) => Scope::Optional,
        (_, Some("development" | "build" | "test" | "design")) => Scope::Excluded,
        (
            "dependsOn"
            | "contains"
            | "hasDynamicLink"
            | "hasStaticLink"
            | "hasPrerequisite"
            | "hasProvidedDependency",
            _,
        ) => Scope::Required,
        _ => return,
    };
    let from = text(relationship, "from").unwrap_or_default();
    let missing = |id: &str, inventory: &mut Inventory| {
        if !elements.contains_key(id) {
            let why =
                "the document's relationships name it, but no element of the document has this identifier";
            inventory.unknowns.insert(Unknown { what: id.to_owned(), why: why.to_owned(), place: None });
        }
    };
    let Some(&from_id) = known.get(from) else {
        missing(from, inventory);
        return;
    };
    for to in texts(relationship, "to") {
        if to == NONE || to.ends_with("/NoneElement") || to.ends_with("NoAssertionElement") {
            continue;
        }
        let Some(&to_id) = known.get(to) else {
            missing(to, inventory);
            continue;
        };
        inventory.depend(from_id, to_id);
        if let Some(component) = inventory.get_mut(to_id)
            && component.scope == Scope::Required
        {
            component.scope = scope;
        }
    }
    let completeness = match text(relationship, "completeness") {
        Some("complete") => Completeness::Complete,
        Some("incomplete") => Completeness::Incomplete,
        _ => return,
    };
    if let Some(component) = inventory.get_mut(from_id) {
        component.dependencies_known = completeness;
    }
}

fn properties(element: &Value) -> Vec<Property> {
    let entries =
        list(element, "extension").iter().flat_map(|extension| list(extension, "extension_cdxProperty"));
    let property = |entry: &Value| {
        let name = text(entry, "extension_cdxPropName")?.to_owned();
        Some(Property { name, value: text(entry, "extension_cdxPropValue").unwrap_or_default().to_owned() })
    };
    entries.filter_map(property).collect()
}

fn hashes(element: &Value) -> BTreeSet<Hash> {
    let hash =
        |hash: &Value| Hash::from_hex(algorithm_of(text(hash, "algorithm")?)?, text(hash, "hashValue")?);
    filled(list(element, "verifiedUsing").iter().filter_map(hash))
}

/// A file that a package is distributed as.
fn distribution(element: &Value) -> Distribution {
    let location = |kind: &str| {
        let reference =
            list(element, "externalRef").iter().find(|found| text(found, "externalRefType") == Some(kind))?;
        texts(reference, "locator").first().map(|locator| (*locator).to_owned())
    };
    let source = location("sourceArtifact");
    Distribution {
        is_source: text(element, "software_primaryPurpose") == Some(SOURCE) || source.is_some(),
        url: source.or_else(|| location("binaryArtifact")),
        file: text(element, "name").map(str::to_owned),
        hashes: hashes(element),
    }
}

fn agent(id: Option<&str>, elements: &Elements<'_>) -> Option<(bool, Contact)> {
    let element = elements.get(id?)?;
    let mut contact = Contact { name: text(element, "name").map(str::to_owned), ..Contact::default() };
    for identifier in list(element, "externalIdentifier") {
        let value = text(identifier, "identifier").map(str::to_owned);
        match text(identifier, "externalIdentifierType") {
            Some("email") => contact.email = contact.email.or(value),
            Some("urlScheme") => contact.url = contact.url.or(value),
            _ => {}
        }
    }
    Some((text(element, "type") == Some("Person"), contact)).filter(|(_, contact)| !contact.is_empty())
}

fn component(package: &Value, elements: &Elements<'_>) -> Component {
    let said = |key: &str| text(package, key).filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let purpose = text(package, "software_primaryPurpose");
    let kind =
        PURPOSES.iter().find(|(_, word)| Some(*word) == purpose).map_or(Kind::Library, |(kind, _)| *kind);
    let mut component = Component {
        kind,
        name: said("name").unwrap_or_default(),
        version: said("software_packageVersion"),
        description: said("description").or_else(|| said("summary")),
        released: text(package, "releaseTime").and_then(lw_inventory::whole_seconds),
        copyright: said("software_copyrightText").filter(|text| text != "NOASSERTION"),
        supplier: agent(text(package, "suppliedBy"), elements).map(|(_, contact)| contact),
        reference: id_of(package).map(str::to_owned),
        ..Component::default()
    };
    for originator in texts(package, "originatedBy") {
        match agent(Some(originator), elements) {
            Some((true, author)) => component.authors.push(author),
            Some((false, maker)) => component.manufacturer = component.manufacturer.or(Some(maker)),
            None => {}
        }
    }
    let mut purl = said("software_packageUrl");
    for identifier in list(package, "externalIdentifier") {
        let value = text(identifier, "identifier").map(str::to_owned);
        match text(identifier, "externalIdentifierType") {
            Some("packageUrl" | "packageURL") => purl = purl.or(value),
            Some("cpe23" | "cpe22") => component.cpe = component.cpe.or(value),
            _ => {}
        }
    }
    if let Some(written) = purl {
        match written.parse::<Purl>() {
            Ok(purl) => component.purl = Some(purl),
            Err(_) => component.property(own::UNREAD_PURL, written),
        }
    }
    component.ecosystem = component.purl.as_ref().map_or_else(String::new, |purl| purl.kind().to_owned());
    component.source = own::implied_source(component.purl.as_ref());
    if let Some(site) = said("software_homePage") {
        component.references.insert(Reference { kind: ReferenceKind::Website, url: site });
    }
    for reference in list(package, "externalRef") {
        let kind = text(reference, "externalRefType").unwrap_or("other");
        let word = REFERENCES.iter().find(|(_, known)| *known == kind).map(|(word, _)| *word);
        let word = word.or_else(|| text(reference, "comment").filter(|_| kind == "other")).unwrap_or(kind);
        for locator in texts(reference, "locator") {
            component
                .references
                .insert(Reference { kind: names::reference_of(word), url: locator.to_owned() });
        }
    }
    let hashes = hashes(package);
    match said("software_downloadLocation")
        .filter(|location| url(location).is_some() && !location.starts_with("git"))
    {
        Some(location) => component.distributions.push(Distribution {
            url: Some(location),
            file: None,
            is_source: false,
            hashes,
        }),
        None => component.hashes = hashes,
    }
    component
}

fn about(document: &Value, graph: &[Value], elements: &Elements<'_>) -> About {
    let mut about = About::default();
    let info = match document.get("creationInfo") {
        Some(Value::String(id)) => elements.get(id.as_str()).copied(),
        inline => inline,
    };
    let Some(info) = info else { return about };
    about.timestamp = text(info, "created").and_then(lw_inventory::whole_seconds);
    for id in texts(info, "createdBy") {
        match agent(Some(id), elements) {
            Some((true, author)) => about.authors.push(author),
            Some((false, maker)) if about.manufacturer.is_none() => about.manufacturer = Some(maker),
            Some((false, maker)) => about.supplier = about.supplier.or(Some(maker)),
            None => {}
        }
    }
    for id in texts(info, "createdUsing") {
        if let Some(name) = elements.get(id).and_then(|tool| text(tool, "name")) {
            about.tools.push(v2::tool(name));
        }
    }
    let bom = graph.iter().find(|element| text(element, "type") == Some("software_Sbom"));
    let stages = bom.map(|bom| texts(bom, "software_sbomType")).unwrap_or_default();
    about.lifecycles = stages
        .into_iter()
        .filter_map(|stage| STAGES.iter().find(|(_, word)| *word == stage).map(|(phase, _)| *phase))
        .collect();
    about
}
