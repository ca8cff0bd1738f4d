//! SPDX 3.0.1 in JSON-LD (<https://spdx.github.io/spdx-spec/v3.0.1/>), in the compact form of its context.

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{
    Completeness, Component, ComponentId, Contact, Distribution, Hash, Inventory, Kind, Property, Purl,
    Reference, ReferenceKind, Scope, Unknown,
};
use serde_json::{Map, Value, json};

use super::licences::{self, Extracted};
use super::{algorithm, algorithm_of, download_location, idstring, main_file, v2};
use crate::address::{address, url};
use crate::canonical::{Canonical, Entry};
use crate::cyclonedx::is_serial;
use crate::json::{list, text};
use crate::own::{self, CONCLUDED, DECLARED};
use crate::{About, Document, Format, Lifecycle, ReadError, WriteError, json as input, names, time, uuid};

/// The context that gives the names of this form their meaning.
pub(crate) const CONTEXT: &str = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";

/// That there is nothing, as the end of a relationship.
const NONE: &str = "NoneElement";

const PURPOSES: [(Kind, &str); 12] = [
    (Kind::Application, "application"),
    (Kind::Framework, "framework"),
    (Kind::Library, "library"),
    (Kind::Firmware, "firmware"),
    (Kind::Platform, "platform"),
    (Kind::OperatingSystem, "operatingSystem"),
    (Kind::DeviceDriver, "deviceDriver"),
    (Kind::Device, "device"),
    (Kind::Container, "container"),
    (Kind::File, "file"),
    (Kind::Data, "data"),
    (Kind::MachineLearningModel, "model"),
];

const REFERENCES: [(&str, &str); 7] = [
    ("vcs", "vcs"),
    ("documentation", "documentation"),
    ("issue-tracker", "issueTracker"),
    ("security-contact", "securityPolicy"),
    ("license", "license"),
    ("release-notes", "releaseNotes"),
    ("website", "altWebPage"),
];

const STAGES: [(Lifecycle, &str); 7] = [
    (Lifecycle::Design, "design"),
    (Lifecycle::PreBuild, "source"),
    (Lifecycle::Build, "build"),
    (Lifecycle::PostBuild, "analyzed"),
    (Lifecycle::Operations, "runtime"),
    (Lifecycle::Discovery, "deployed"),
    (Lifecycle::Decommission, "deployed"),
];

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
        let own: BTreeSet<_> =
            expression.split([' ', '(', ')']).filter(|token| token.starts_with("LicenseRef-")).collect();
        let own: Vec<_> = own
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

fn properties_of(properties: &BTreeSet<Property>) -> Value {
    if properties.is_empty() {
        return Value::Null;
    }
    let entries: Vec<_> = properties
        .iter()
        .map(|property| {
            element(
                "extension_CdxPropertyEntry",
                [
                    ("extension_cdxPropName", property.name.clone().into()),
                    ("extension_cdxPropValue", property.value.clone().into()),
                ],
            )
        })
        .collect();
    json!([element("extension_CdxPropertiesExtension", [("extension_cdxProperty", entries.into())])])
}

pub(crate) fn write(document: &Document) -> Result<String, WriteError> {
    let canonical = Canonical::of(document)?;
    let about = &document.about;
    let created = about
        .timestamp
        .as_deref()
        .and_then(time::whole_seconds)
        .ok_or_else(|| WriteError::NoTimestamp { format: Format::Spdx301, found: about.timestamp.clone() })?;
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
    entries.sort_by(|one, other| one.0.cmp(other.0));
    let root = ids.get(canonical.root.reference.as_str()).cloned().unwrap_or_default();
    entries.insert(0, (&root, &canonical.root));
    let mut extracted = Extracted::default();
    for (id, entry) in &entries {
        package(entry, id, &mut graph, &mut extracted);
    }
    let scopes: BTreeMap<_, _> =
        canonical.all().map(|entry| (entry.reference.as_str(), entry.component.scope)).collect();
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
    let stages: BTreeSet<_> = about
        .lifecycles
        .iter()
        .filter_map(|phase| STAGES.iter().find(|(known, _)| known == phase).map(|(_, word)| *word))
        .collect();
    let mut properties: BTreeSet<_> = about.properties.iter().cloned().collect();
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
            ("software_sbomType", stages.into_iter().collect::<Vec<_>>().into()),
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
            ("extension", properties_of(&properties)),
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
        found.sort();
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

fn package(entry: &Entry<'_>, id: &str, graph: &mut Graph, extracted: &mut Extracted) {
    let from = entry.component;
    let supplier = from.supplier.as_ref().map(|supplier| graph.agent(supplier, false));
    let mut originators: Vec<_> = from.manufacturer.iter().map(|maker| graph.agent(maker, false)).collect();
    originators.extend(from.authors.iter().map(|author| graph.agent(author, true)).collect::<Vec<_>>());
    let mut seen = BTreeSet::new();
    originators.retain(|id| seen.insert(id.clone()));
    let hashes: BTreeSet<_> = from
        .hashes
        .iter()
        .chain(main_file(&from.distributions).into_iter().flat_map(|file| &file.hashes))
        .collect();
    let hashes: Vec<_> = hashes
        .into_iter()
        .map(|hash| {
            let algorithm = algorithm(names::hash_algorithm(hash.algorithm())).to_ascii_lowercase();
            // `sha3_256`, but `blake2b256`.
            let algorithm = algorithm.replace("sha3-", "sha3_").replace('-', "");
            element("Hash", [("algorithm", algorithm.into()), ("hashValue", hash.hex().into())])
        })
        .collect();
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
    let mut properties: BTreeSet<_> = own::spdx_properties(from, entry.completeness).into_iter().collect();
    properties.extend(from.properties.iter().cloned());
    let licences = [
        ("hasDeclaredLicense", &from.declared_licence, DECLARED),
        ("hasConcludedLicense", &from.concluded_licence, CONCLUDED),
    ];
    for (_, licence, name) in licences {
        let Some(licence) = licence else { continue };
        if licence.expression() != Some(&licence.written) {
            properties.insert(Property { name: name.to_owned(), value: licence.written.clone() });
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
            ("software_primaryPurpose", purpose.into()),
            ("software_packageUrl", from.purl.as_ref().map(ToString::to_string).into()),
            ("software_downloadLocation", download_location(from).into()),
            ("software_homePage", home.into()),
            ("software_copyrightText", from.copyright.clone().into()),
            ("suppliedBy", supplier.into()),
            ("originatedBy", originators.into()),
            ("verifiedUsing", hashes.into()),
            ("externalIdentifier", identifiers.into()),
            ("externalRef", references.into()),
            ("extension", properties_of(&properties)),
        ],
    ));
    for (kind, licence, _) in licences {
        if licence.is_some() {
            let expression = extracted.expression(licence.as_ref());
            let to = graph.expression(&expression);
            graph.relate(id, kind, vec![to], None, None);
        }
    }
}

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
    let elements: Elements<'_> =
        graph.iter().filter_map(|element| Some((id_of(element)?, element))).collect();
    let kind = |element: &Value| text(element, "type").unwrap_or_default().to_owned();
    let licence_names: BTreeMap<String, String> = graph
        .iter()
        .flat_map(|element| list(element, "simplelicensing_customIdToUri"))
        .filter_map(|entry| {
            let name = text(elements.get(text(entry, "value")?)?, "name")?;
            Some((text(entry, "key")?.to_owned(), name.to_owned()))
        })
        .collect();
    let mut inventory = Inventory::new();
    let mut known: BTreeMap<&str, ComponentId> = BTreeMap::new();
    let mut licences_of: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for relationship in graph.iter().filter(|element| kind(element).ends_with("Relationship")) {
        let word = text(relationship, "relationshipType").unwrap_or_default();
        if let (Some(from), "hasDeclaredLicense" | "hasConcludedLicense") = (text(relationship, "from"), word)
            && let Some(to) = texts(relationship, "to").first().and_then(|to| elements.get(to))
            && let Some(expression) = text(to, "simplelicensing_licenseExpression")
        {
            licences_of.insert((from, word), expression);
        }
    }
    for package in graph.iter().filter(|element| is_package(&kind(element))) {
        let id = id_of(package).unwrap_or_default();
        let mut component = component(package, &elements);
        let licence = |word| licences::read(licences_of.get(&(id, word)).copied(), &licence_names);
        component.declared_licence = licence("hasDeclaredLicense");
        component.concluded_licence = licence("hasConcludedLicense");
        let properties = properties(package);
        let has_own = properties.iter().any(|property| property.name == own::DISTRIBUTION);
        let all = hashes(package);
        component.properties = own::absorb(&mut component, properties).into_iter().collect();
        if has_own {
            let of_file =
                main_file(&component.distributions).map(|file| file.hashes.clone()).unwrap_or_default();
            component.hashes = all.difference(&of_file).cloned().collect();
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

/// The version that a document says it has: by its context, else by its creation.
pub(crate) fn check_version(file: &Value) -> Result<(), ReadError> {
    let context = text(file, "@context").unwrap_or_default();
    let of_creation = list(file, "@graph").iter().find_map(|element| text(element, "specVersion"));
    let is_context = context == CONTEXT || context == "https://spdx.org/rdf/3.0.0/spdx-context.jsonld";
    match of_creation {
        _ if !is_context => {
            Err(ReadError::Version { format: "SPDX", version: crate::json::shortened(context) })
        }
        Some(version) if !["3.0.0", "3.0.1"].contains(&version) => {
            Err(ReadError::Version { format: "SPDX", version: crate::json::shortened(version) })
        }
        _ => Ok(()),
    }
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
    list(element, "verifiedUsing").iter().filter_map(hash).collect()
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
    about.timestamp = text(info, "created").and_then(time::whole_seconds);
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
