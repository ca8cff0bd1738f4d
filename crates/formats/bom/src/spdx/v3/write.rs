//! An inventory as elements and relationships.

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{Completeness, Component, Contact, Distribution, Hash, Property, ReferenceKind, Scope};
use lw_model::lists::{distinct, filled, sort, sort_by};
use serde_json::{Map, Value, json};

use super::{CONTEXT, PURPOSES, REFERENCES, SOURCE, STAGES};
use crate::address::{address, relative, url};
use crate::canonical::{Canonical, Entry};
use crate::cyclonedx::{file_of_url, is_serial};
use crate::own::{self, CONCLUDED, DECLARED};
use crate::spdx::licences::Extracted;
use crate::spdx::{algorithm, download_location, idstring, main_file, v2};
use crate::{Document, Format, WriteError, names, uuid};

/// An object of the graph; a field without value is left out.
fn element(kind: &str, fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let mut map = Map::new();
    map.insert("type".to_owned(), kind.into());
    let is_said = |value: &Value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        _ => true,
    };
    map.extend(
        fields.into_iter().filter(|(_, value)| is_said(value)).map(|(key, value)| (key.to_owned(), value)),
    );
    Value::Object(map)
}

/// What is put together, under the address that every identifier begins with.
struct Graph {
    base: String,
    elements: Vec<Value>,
    agents: BTreeMap<(bool, Contact), String>,
    expressions: BTreeMap<String, String>,
    relationships: usize,
    files: usize,
}

const CREATION: &str = "_:creation";

impl Graph {
    fn id(&self, local: &str) -> String {
        format!("{}{local}", self.base)
    }

    /// An organisation or a person.
    fn agent(&mut self, contact: &Contact, is_person: bool) -> String {
        if let Some(known) = self.agents.get(&(is_person, contact.clone())) {
            return known.clone();
        }
        let id = self.id(&format!("agent-{}", self.agents.len() + 1));
        self.agents.insert((is_person, contact.clone()), id.clone());
        let email = contact.email.as_ref().map(|email| ("email", email.clone()));
        let site = contact.url.as_deref().and_then(address).map(|site| ("urlScheme", site));
        let identifiers: Vec<_> = email
            .into_iter()
            .chain(site)
            .map(|(kind, text)| {
                element(
                    "ExternalIdentifier",
                    [("externalIdentifierType", kind.into()), ("identifier", text.into())],
                )
            })
            .collect();
        let name = contact.name.as_ref().or(contact.email.as_ref()).or(contact.url.as_ref());
        let kind = if is_person { "Person" } else { "Organization" };
        self.elements.push(element(
            kind,
            [
                ("spdxId", id.clone().into()),
                ("creationInfo", CREATION.into()),
                ("name", name.cloned().into()),
                ("externalIdentifier", identifiers.into()),
            ],
        ));
        id
    }

    fn relate(
        &mut self,
        from: &str,
        kind: &str,
        to: Vec<String>,
        scope: Option<&str>,
        completeness: Option<&str>,
    ) {
        self.relationships += 1;
        let id = self.id(&format!("relationship-{}", self.relationships));
        self.elements.push(element(
            if scope.is_some() { "LifecycleScopedRelationship" } else { "Relationship" },
            [
                ("spdxId", id.into()),
                ("creationInfo", CREATION.into()),
                ("from", from.into()),
                ("relationshipType", kind.into()),
                ("to", to.into()),
                ("completeness", completeness.into()),
                ("scope", scope.into()),
            ],
        ));
    }

    /// The element of a licence expression.
    fn expression(&mut self, expression: &str) -> String {
        if let Some(known) = self.expressions.get(expression) {
            return known.clone();
        }
        let id = self.id(&format!("licence-{}", self.expressions.len() + 1));
        self.expressions.insert(expression.to_owned(), id.clone());
        let own = expression.split([' ', '(', ')']).filter(|token| token.starts_with("LicenseRef-"));
        let own: Vec<_> = distinct(own)
            .into_iter()
            .map(|token| {
                element("DictionaryEntry", [("key", token.into()), ("value", self.id(token).into())])
            })
            .collect();
        self.elements.push(element(
            "simplelicensing_LicenseExpression",
            [
                ("spdxId", id.clone().into()),
                ("creationInfo", CREATION.into()),
                ("simplelicensing_licenseExpression", expression.into()),
                ("simplelicensing_customIdToUri", own.into()),
            ],
        ));
        id
    }
}

fn properties_of(properties: Vec<Property>) -> Value {
    if properties.is_empty() {
        return Value::Null;
    }
    let entries: Vec<_> = distinct(properties)
        .into_iter()
        .map(|property| {
            element(
                "extension_CdxPropertyEntry",
                [
                    ("extension_cdxPropName", property.name.into()),
                    ("extension_cdxPropValue", property.value.into()),
                ],
            )
        })
        .collect();
    json!([element("extension_CdxPropertiesExtension", [("extension_cdxProperty", entries.into())])])
}

pub(crate) fn write(document: &Document) -> Result<String, WriteError> {
    let canonical = Canonical::of(document)?;
    let about = &document.about;
    let created =
        about.timestamp.as_deref().and_then(lw_inventory::whole_seconds).ok_or_else(|| {
            WriteError::NoTimestamp { format: Format::Spdx301, found: about.timestamp.clone() }
        })?;
    let title = v2::title(canonical.root.component);
    let text_of = |base: &str| text_of(document, &canonical, &title, &created, &format!("{base}#"));
    let namespace = match &about.serial {
        Some(serial) if is_serial(serial) => v2::namespace(&title, serial.trim_start_matches("urn:uuid:")),
        Some(serial) if url(serial).as_deref() == Some(serial) && !serial.contains('#') => serial.clone(),
        Some(serial) => v2::namespace(&title, &uuid::of_url(serial)),
        None => v2::namespace(&title, &uuid::of_content(&text_of("urn:lw-actions")?)),
    };
    text_of(&namespace)
}

fn text_of(
    document: &Document,
    canonical: &Canonical<'_>,
    title: &str,
    created: &str,
    base: &str,
) -> Result<String, WriteError> {
    let about = &document.about;
    let mut graph = Graph {
        base: base.to_owned(),
        elements: Vec::new(),
        agents: BTreeMap::new(),
        expressions: BTreeMap::new(),
        relationships: 0,
        files: 0,
    };
    let makers: Vec<_> = about.manufacturer.iter().chain(&about.supplier).cloned().collect();
    let mut created_by: Vec<_> = makers.iter().map(|maker| graph.agent(maker, false)).collect();
    created_by.extend(about.authors.iter().map(|author| graph.agent(author, true)).collect::<Vec<_>>());
    let mut seen = BTreeSet::new();
    created_by.retain(|id| seen.insert(id.clone()));
    let mut tools = Vec::new();
    for (index, tool) in about.tools.iter().enumerate() {
        let id = graph.id(&format!("tool-{}", index + 1));
        let name = tool
            .version
            .as_ref()
            .map_or_else(|| tool.name.clone(), |version| format!("{}-{version}", tool.name));
        graph.elements.push(element(
            "Tool",
            [("spdxId", id.clone().into()), ("creationInfo", CREATION.into()), ("name", name.into())],
        ));
        tools.push(id);
    }
    if created_by.is_empty() {
        // The specification wants somebody; a program may be that.
        let id = graph.id("agent-0");
        graph.elements.push(element(
            "SoftwareAgent",
            [("spdxId", id.clone().into()), ("creationInfo", CREATION.into()), ("name", "lw-actions".into())],
        ));
        created_by.push(id);
    }
    let creation = element(
        "CreationInfo",
        [
            ("@id", CREATION.into()),
            ("specVersion", "3.0.1".into()),
            ("created", created.into()),
            ("createdBy", created_by.into()),
            ("createdUsing", tools.into()),
        ],
    );
    let ids = ids(canonical, &graph);
    let mut entries: Vec<_> = canonical
        .others
        .iter()
        .filter_map(|entry| Some((ids.get(entry.reference.as_str())?, entry)))
        .collect();
    sort_by(&mut entries, |one, other| one.0.cmp(other.0));
    let root = ids.get(canonical.root.reference.as_str()).cloned().unwrap_or_default();
    entries.insert(0, (&root, &canonical.root));
    let mut extracted = Extracted::default();
    for (id, entry) in &entries {
        package(entry, id, &mut graph, &mut extracted);
    }
    let scopes: BTreeMap<_, _> =
        filled(canonical.all().map(|entry| (entry.reference.as_str(), entry.component.scope)));
    for (id, entry) in &entries {
        depend(entry, id, &ids, &scopes, &mut graph);
    }
    for (reference, name) in extracted.names() {
        let id = graph.id(reference);
        graph.elements.push(element(
            "simplelicensing_SimpleLicensingText",
            [
                ("spdxId", id.into()),
                ("creationInfo", CREATION.into()),
                ("name", name.clone().into()),
                (
                    "simplelicensing_licenseText",
                    format!("The text of this licence is not in this document; it is called {name:?}.")
                        .into(),
                ),
            ],
        ));
    }
    // Optional here: nobody but its makers says under which licence a document is.
    let own_licence = about.licence.as_ref().and_then(lw_inventory::LicenceText::expression);
    let data_licence = own_licence.map(|expression| graph.expression(expression));
    let all: Vec<_> = graph.elements.iter().filter_map(|element| element.get("spdxId").cloned()).collect();
    let stages = distinct(
        about
            .lifecycles
            .iter()
            .filter_map(|phase| STAGES.iter().find(|(known, _)| known == phase).map(|(_, word)| *word)),
    );
    let mut properties = about.properties.clone();
    properties.extend(own::unknowns(&document.inventory));
    properties.extend(own::about(about));
    properties.extend(own::lifecycles(&about.lifecycles));
    let sbom = graph.id("sbom");
    let profiles = json!(["core", "software", "simpleLicensing", "extension"]);
    let bom = element(
        "software_Sbom",
        [
            ("spdxId", sbom.clone().into()),
            ("creationInfo", CREATION.into()),
            ("name", title.into()),
            ("profileConformance", profiles.clone()),
            ("rootElement", json!([root])),
            ("element", all.clone().into()),
            ("software_sbomType", stages.into()),
        ],
    );
    let mut in_document = all;
    in_document.push(sbom.clone().into());
    let head = element(
        "SpdxDocument",
        [
            ("spdxId", graph.id("document").into()),
            ("creationInfo", CREATION.into()),
            ("name", title.into()),
            ("profileConformance", profiles),
            ("dataLicense", data_licence.into()),
            ("rootElement", json!([sbom])),
            ("element", in_document.into()),
            ("extension", properties_of(properties)),
        ],
    );
    let mut elements = vec![creation, head, bom];
    elements.append(&mut graph.elements);
    let mut text = serde_json::to_string_pretty(&json!({ "@context": CONTEXT, "@graph": elements }))
        .map_err(|error| WriteError::Json(error.to_string()))?;
    text.push('\n');
    Ok(text)
}

/// The identifier of each reference.
fn ids<'a>(canonical: &'a Canonical<'_>, graph: &Graph) -> BTreeMap<&'a str, String> {
    let mut taken = BTreeSet::new();
    let mut ids = BTreeMap::new();
    for entry in canonical.all() {
        // One that was read from such a document is used again.
        let plain =
            entry.reference.rsplit_once("#package-").map_or(entry.reference.as_str(), |(_, local)| local);
        let base = format!("package-{}", idstring(plain));
        let mut id = base.clone();
        let mut number = 2u32;
        while !taken.insert(id.clone()) {
            id = format!("{base}-{number}");
            number = number.saturating_add(1);
        }
        ids.insert(entry.reference.as_str(), graph.id(&id));
    }
    ids
}

/// Who needs nothing gets no relationship to `NoneElement`: checkers look for such an element in the document, and call it
/// dangling. That it is known to need nothing is a property.
fn depend(
    entry: &Entry<'_>,
    id: &str,
    ids: &BTreeMap<&str, String>,
    scopes: &BTreeMap<&str, Scope>,
    graph: &mut Graph,
) {
    let completeness = match entry.completeness {
        Completeness::Complete => "complete",
        Completeness::Incomplete => "incomplete",
        Completeness::Unknown => "noAssertion",
    };
    let (mut shipped, mut built): (Vec<_>, Vec<_>) =
        entry.needs.iter().partition(|needed| scopes.get(needed.as_str()) != Some(&Scope::Excluded));
    let id_of = |references: &mut Vec<&String>| -> Vec<String> {
        let mut found: Vec<_> =
            references.iter().filter_map(|reference| ids.get(reference.as_str()).cloned()).collect();
        sort(&mut found);
        found
    };
    let (shipped, built) = (id_of(&mut shipped), id_of(&mut built));
    if !shipped.is_empty() {
        graph.relate(id, "dependsOn", shipped, None, Some(completeness));
    }
    if !built.is_empty() {
        graph.relate(id, "dependsOn", built, Some("development"), Some(completeness));
    }
}

fn verified<'h>(hashes: impl IntoIterator<Item = &'h Hash>) -> Value {
    let hash = |hash: &Hash| {
        let algorithm = algorithm(names::hash_algorithm(hash.algorithm())).to_ascii_lowercase();
        // `sha3_256`, but `blake2b256`.
        let algorithm = algorithm.replace("sha3-", "sha3_").replace('-', "");
        element("Hash", [("algorithm", algorithm.into()), ("hashValue", hash.hex().into())])
    };
    hashes.into_iter().map(hash).collect::<Vec<_>>().into()
}

/// The name of a file, which an element has to have: without one, the last part of its address.
fn file_name(file: &Distribution) -> Option<String> {
    let is_said = |name: &String| !name.trim().is_empty();
    let of_address = || Some(file_of_url(&address(file.url.as_deref()?)?).to_owned()).filter(is_said);
    file.file.as_deref().map(relative).filter(is_said).or_else(of_address)
}

/// What TR-03183-2 2.1 asks of a file, in the words it has for SPDX 3: an executable, an archive; what holds others is a
/// `container` where its parts can be taken out, and `firmware` where they cannot.
fn purposes(from: &Component, name: &str) -> Vec<&'static str> {
    let said = |property: &str, value: &str| {
        from.properties.iter().any(|found| found.name == property && found.value == value)
    };
    if said("bsi:component:filename", name) {
        let words = [
            ("bsi:component:archive", "archive", "archive"),
            ("bsi:component:structured", "structured", "container"),
            ("bsi:component:executable", "executable", "executable"),
            ("bsi:component:structured", "unstructured", "firmware"),
        ];
        return words
            .into_iter()
            .filter(|(key, value, _)| said(key, value))
            .map(|(_, _, word)| word)
            .collect();
    }
    // These endings are those of zip and of compressed tar, whose members keep their names.
    const ARCHIVES: [&str; 9] =
        [".crate", ".whl", ".egg", ".zip", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst"];
    let lower = name.to_ascii_lowercase();
    let is_archive = ARCHIVES.iter().any(|ending| lower.ends_with(ending));
    if is_archive { vec!["archive", "container"] } else { Vec::new() }
}

/// The files a package is distributed as.
fn files(from: &Component, id: &str, graph: &mut Graph) {
    let (mut all, mut sources) = (Vec::new(), Vec::new());
    for file in distinct(&from.distributions) {
        let Some(name) = file_name(file) else { continue };
        graph.files += 1;
        let file_id = graph.id(&format!("file-{}", graph.files));
        let location = file.url.as_deref().and_then(address).map(|location| {
            let kind = if file.is_source { "sourceArtifact" } else { "binaryArtifact" };
            element("ExternalRef", [("externalRefType", kind.into()), ("locator", json!([location]))])
        });
        graph.elements.push(element(
            "software_File",
            [
                ("spdxId", file_id.clone().into()),
                ("creationInfo", CREATION.into()),
                ("name", name.as_str().into()),
                ("software_primaryPurpose", file.is_source.then_some(SOURCE).into()),
                ("software_additionalPurpose", purposes(from, &name).into()),
                ("verifiedUsing", verified(&file.hashes)),
                ("externalRef", location.into_iter().collect::<Vec<_>>().into()),
            ],
        ));
        if file.is_source {
            sources.push(file_id.clone());
        }
        all.push(file_id);
    }
    if !all.is_empty() {
        graph.relate(id, "hasDistributionArtifact", all, None, None);
    }
    for source in sources {
        graph.relate(&source, "generates", vec![id.to_owned()], None, None);
    }
}

fn package(entry: &Entry<'_>, id: &str, graph: &mut Graph, extracted: &mut Extracted) {
    let from = entry.component;
    let supplier = from.supplier.as_ref().map(|supplier| graph.agent(supplier, false));
    let mut originators: Vec<_> = from.manufacturer.iter().map(|maker| graph.agent(maker, false)).collect();
    originators.extend(from.authors.iter().map(|author| graph.agent(author, true)).collect::<Vec<_>>());
    let mut seen = BTreeSet::new();
    originators.retain(|id| seen.insert(id.clone()));
    let of_file = main_file(&from.distributions).into_iter().flat_map(|file| &file.hashes);
    let hashes = verified(distinct(from.hashes.iter().chain(of_file)));
    let mut identifiers = Vec::new();
    if let Some(purl) = &from.purl {
        identifiers.push(("packageUrl", purl.to_string()));
    }
    if let Some(cpe) = &from.cpe {
        identifiers.push((if cpe.starts_with("cpe:/") { "cpe22" } else { "cpe23" }, cpe.clone()));
    }
    let identifiers: Vec<_> = identifiers
        .into_iter()
        .map(|(kind, text)| {
            element(
                "ExternalIdentifier",
                [("externalIdentifierType", kind.into()), ("identifier", text.into())],
            )
        })
        .collect();
    let mut home = None;
    let mut references = Vec::new();
    for reference in &from.references {
        let Some(location) = address(&reference.url) else { continue };
        if reference.kind == ReferenceKind::Website && home.is_none() && url(&location).is_some() {
            home = Some(location);
            continue;
        }
        let word = names::reference(&reference.kind);
        let kind = REFERENCES.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind);
        references.push(element(
            "ExternalRef",
            [
                ("externalRefType", kind.unwrap_or("other").into()),
                ("locator", json!([location])),
                ("comment", kind.is_none().then_some(word).into()),
            ],
        ));
    }
    let mut properties = own::spdx_properties(from, entry.completeness);
    properties
        .extend(from.distributions.iter().filter(|file| file_name(file).is_none()).map(own::distribution));
    properties.extend(from.properties.iter().cloned());
    let licences = [
        ("hasDeclaredLicense", &from.declared_licence, DECLARED),
        ("hasConcludedLicense", &from.concluded_licence, CONCLUDED),
    ];
    for (_, licence, name) in licences {
        let Some(licence) = licence else { continue };
        if licence.expression() != Some(&licence.written) {
            properties.push(Property { name: name.to_owned(), value: licence.written.clone() });
        }
    }
    let purpose = PURPOSES.iter().find(|(kind, _)| *kind == from.kind).map_or("other", |(_, word)| word);
    graph.elements.push(element(
        "software_Package",
        [
            ("spdxId", id.into()),
            ("creationInfo", CREATION.into()),
            ("name", v2::full_name(from).into()),
            ("description", from.description.clone().into()),
            ("software_packageVersion", from.version.clone().into()),
            ("releaseTime", from.released.as_deref().and_then(lw_inventory::whole_seconds).into()),
            ("software_primaryPurpose", purpose.into()),
            ("software_packageUrl", from.purl.as_ref().map(ToString::to_string).into()),
            ("software_downloadLocation", download_location(from).into()),
            ("software_homePage", home.into()),
            ("software_copyrightText", from.copyright.clone().into()),
            ("suppliedBy", supplier.into()),
            ("originatedBy", originators.into()),
            ("verifiedUsing", hashes),
            ("externalIdentifier", identifiers.into()),
            ("externalRef", references.into()),
            ("extension", properties_of(properties)),
        ],
    ));
    files(from, id, graph);
    for (kind, licence, _) in licences {
        if licence.is_some() {
            let expression = extracted.expression(licence.as_ref());
            let to = graph.expression(&expression);
            graph.relate(id, kind, vec![to], None, None);
        }
    }
}
