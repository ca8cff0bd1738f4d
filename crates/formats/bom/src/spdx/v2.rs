//! SPDX 2.3 in JSON (<https://spdx.github.io/spdx-spec/v2.3/>); 2.2 is read as well.

use std::collections::btree_map;
use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{
    Completeness, Component, ComponentId, Hash, Inventory, Property, Purl, Reference, ReferenceKind, Scope,
    Source, Unknown,
};
use lw_model::lists::{distinct, filled, sort, sort_by};
use serde::{Deserialize, Serialize};

use super::licences::{self, Extracted};
use super::{
    PURPOSES, actor, algorithm, algorithm_of, contact, download_location, idstring, kind_of, main_file,
};
use crate::address::{address, url};
use crate::canonical::{Canonical, Entry};
use crate::cyclonedx::is_serial;
use crate::own::{self, CONCLUDED, DECLARED};
use crate::{
    About, DEFAULT_LICENCE, Document, Format, Lifecycle, ReadError, Tool, WriteError, json, names, uuid,
};

const NOASSERTION: &str = "NOASSERTION";
const NONE: &str = "NONE";
const DOCUMENT: &str = "SPDXRef-DOCUMENT";

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default)]
    spdx_version: String,
    #[serde(default)]
    data_license: String,
    #[serde(rename = "SPDXID", default)]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    document_namespace: String,
    #[serde(default)]
    creation_info: CreationInfo,
    #[serde(default, skip_serializing)]
    document_describes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<Annotation>,
    #[serde(default)]
    packages: Vec<Package>,
    #[serde(default, skip_serializing)]
    files: Vec<Identified>,
    #[serde(default, skip_serializing)]
    snippets: Vec<Identified>,
    #[serde(default)]
    relationships: Vec<Relationship>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    has_extracted_licensing_infos: Vec<ExtractedText>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Identified {
    #[serde(rename = "SPDXID", default)]
    id: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct CreationInfo {
    #[serde(default)]
    created: String,
    #[serde(default)]
    creators: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Annotation {
    #[serde(default)]
    annotation_date: String,
    #[serde(default)]
    annotation_type: String,
    #[serde(default)]
    annotator: String,
    #[serde(default)]
    comment: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(rename = "SPDXID", default)]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version_info: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    release_date: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    package_file_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    primary_package_purpose: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    supplier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    originator: Option<String>,
    #[serde(default)]
    download_location: String,
    #[serde(default)]
    files_analyzed: Option<bool>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    homepage: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    license_concluded: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    license_declared: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    copyright_text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<Annotation>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    #[serde(default)]
    algorithm: String,
    #[serde(default)]
    checksum_value: String,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    #[serde(default)]
    reference_category: String,
    #[serde(default)]
    reference_type: String,
    #[serde(default)]
    reference_locator: String,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    #[serde(default)]
    spdx_element_id: String,
    #[serde(default)]
    relationship_type: String,
    #[serde(default)]
    related_spdx_element: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExtractedText {
    #[serde(default)]
    license_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default)]
    extracted_text: String,
}

/// The namespace of a document of a name and a UUID, in the form the specification suggests.
pub(super) fn namespace(name: &str, uuid: &str) -> String {
    format!("https://spdx.org/spdxdocs/{}-{uuid}", idstring(name))
}

pub(super) fn title(root: &Component) -> String {
    let name = full_name(root);
    root.version.as_ref().map_or_else(|| name.clone(), |version| format!("{name}-{version}"))
}

pub(super) fn full_name(component: &Component) -> String {
    match &component.namespace {
        Some(namespace) => format!("{namespace}/{}", component.name),
        None => component.name.clone(),
    }
}

pub(crate) fn write(document: &Document) -> Result<String, WriteError> {
    let canonical = Canonical::of(document)?;
    let about = &document.about;
    let created =
        about.timestamp.as_deref().and_then(lw_inventory::whole_seconds).ok_or_else(|| {
            WriteError::NoTimestamp { format: Format::Spdx23, found: about.timestamp.clone() }
        })?;
    let annotate = |properties: &[Property]| -> Vec<Annotation> {
        let comments = distinct(properties.iter().map(comment_of));
        let annotation = |comment| Annotation {
            annotation_date: created.clone(),
            annotation_type: "OTHER".to_owned(),
            annotator: "Tool: lw-actions".to_owned(),
            comment,
        };
        comments.into_iter().map(annotation).collect()
    };
    let mut ids = BTreeMap::new();
    let mut taken: BTreeSet<String> = filled([DOCUMENT.to_owned()]);
    for entry in canonical.all() {
        let plain = entry.reference.strip_prefix("SPDXRef-").unwrap_or(&entry.reference);
        let base = format!("SPDXRef-{}", idstring(plain));
        let mut id = base.clone();
        let mut number = 2u32;
        while !taken.insert(id.clone()) {
            id = format!("{base}-{number}");
            number = number.saturating_add(1);
        }
        ids.insert(entry.reference.as_str(), id);
    }
    let id = |reference: &str| ids.get(reference).cloned().unwrap_or_default();
    let mut extracted = Extracted::default();
    // In the order of their identifiers here, so that what is read again is written in the same order.
    let mut others: Vec<_> = canonical.others.iter().map(|entry| (id(&entry.reference), entry)).collect();
    sort_by(&mut others, |one, other| one.0.cmp(&other.0));
    let root = (id(&canonical.root.reference), &canonical.root);
    let packages: Vec<_> = std::iter::once(root)
        .chain(others)
        .map(|(id, entry)| package(entry, id, &mut extracted, &annotate))
        .collect();
    let mut relationships = vec![relationship(DOCUMENT, "DESCRIBES", &id(&canonical.root.reference))];
    let scopes: BTreeMap<_, _> =
        filled(canonical.all().map(|entry| (entry.reference.as_str(), entry.component.scope)));
    for entry in canonical.all() {
        let from = id(&entry.reference);
        for needed in &entry.needs {
            let to = id(needed);
            // Few readers follow the relationships that say the same from the other end: the graph is in this one, and the
            // scope in those.
            match scopes.get(needed.as_str()) {
                Some(Scope::Excluded) => relationships.push(relationship(&to, "DEV_DEPENDENCY_OF", &from)),
                Some(Scope::Optional) => {
                    relationships.push(relationship(&to, "OPTIONAL_DEPENDENCY_OF", &from));
                }
                _ => {}
            }
            relationships.push(relationship(&from, "DEPENDS_ON", &to));
        }
        // Section 11.1: NONE says that there is nothing, NOASSERTION that there may be more.
        match entry.completeness {
            Completeness::Complete if entry.needs.is_empty() => {
                relationships.push(relationship(&from, "DEPENDS_ON", NONE));
            }
            Completeness::Complete => {}
            Completeness::Incomplete | Completeness::Unknown => {
                relationships.push(relationship(&from, "DEPENDS_ON", NOASSERTION));
            }
        }
    }
    if let Some((_, edges)) = relationships.split_first_mut() {
        sort(edges);
    }
    let mut properties = about.properties.clone();
    properties.extend(own::unknowns(&document.inventory));
    properties.extend(own::about(about));
    let mut file = File {
        spdx_version: "SPDX-2.3".to_owned(),
        // The format has no other (SPDX 2.3, 6.2).
        data_license: DEFAULT_LICENCE.to_owned(),
        id: DOCUMENT.to_owned(),
        name: title(canonical.root.component),
        document_namespace: String::new(),
        creation_info: creation_info(about, created.clone()),
        document_describes: Vec::new(),
        annotations: annotate(&properties),
        packages,
        files: Vec::new(),
        snippets: Vec::new(),
        relationships,
        has_extracted_licensing_infos: extracted
            .names()
            .iter()
            .map(|(id, name)| ExtractedText {
                license_id: id.clone(),
                name: Some(name.clone()),
                extracted_text: format!(
                    "The text of this licence is not in this document; it is called {name:?}."
                ),
            })
            .collect(),
    };
    file.document_namespace = match &about.serial {
        Some(serial) if is_serial(serial) => namespace(&file.name, serial.trim_start_matches("urn:uuid:")),
        Some(serial) if url(serial).as_deref() == Some(serial) && !serial.contains('#') => serial.clone(),
        Some(serial) => namespace(&file.name, &uuid::of_url(serial)),
        None => {
            let content =
                serde_json::to_string(&file).map_err(|error| WriteError::Json(error.to_string()))?;
            namespace(&file.name, &uuid::of_content(&content))
        }
    };
    let mut text =
        serde_json::to_string_pretty(&file).map_err(|error| WriteError::Json(error.to_string()))?;
    text.push('\n');
    Ok(text)
}

fn relationship(from: &str, kind: &str, to: &str) -> Relationship {
    Relationship {
        spdx_element_id: from.to_owned(),
        relationship_type: kind.to_owned(),
        related_spdx_element: to.to_owned(),
    }
}

/// Beginning of the comment that says when in the product's life the document was made.
const LIFECYCLE: &str = "Lifecycle: ";

fn creation_info(about: &About, created: String) -> CreationInfo {
    let tools = about.tools.iter().map(|tool| {
        let name = tool
            .version
            .as_ref()
            .map_or_else(|| tool.name.clone(), |version| format!("{}-{version}", tool.name));
        format!("Tool: {}", super::plain(&name))
    });
    let organisations = about.manufacturer.iter().chain(&about.supplier);
    let organisations = organisations.filter_map(|contact| actor("Organization", contact));
    let people = about.authors.iter().filter_map(|contact| actor("Person", contact));
    let mut seen = BTreeSet::new();
    let mut creators: Vec<_> =
        organisations.chain(people).chain(tools).filter(|creator| seen.insert(creator.clone())).collect();
    if creators.is_empty() {
        creators.push("Tool: lw-actions".to_owned());
    }
    let phases: Vec<_> =
        distinct(&about.lifecycles).into_iter().map(|phase| names::lifecycle(*phase)).collect();
    let comment = (!phases.is_empty()).then(|| format!("{LIFECYCLE}{}", phases.join(", ")));
    CreationInfo { created, creators, comment }
}

fn package(
    entry: &Entry<'_>,
    id: String,
    extracted: &mut Extracted,
    annotate: &impl Fn(&[Property]) -> Vec<Annotation>,
) -> Package {
    let from = entry.component;
    let hashes =
        from.hashes.iter().chain(main_file(&from.distributions).into_iter().flat_map(|file| &file.hashes));
    let checksums = distinct(hashes.map(|hash| Checksum {
        algorithm: algorithm(names::hash_algorithm(hash.algorithm())),
        checksum_value: hash.hex().to_owned(),
    }));
    let mut properties = own::spdx_properties(from, entry.completeness);
    properties.extend(from.distributions.iter().map(own::distribution));
    properties.extend(from.properties.iter().cloned());
    for (licence, name) in [(&from.declared_licence, DECLARED), (&from.concluded_licence, CONCLUDED)] {
        let Some(licence) = licence else { continue };
        if licence.expression() != Some(&licence.written) {
            properties.push(Property { name: name.to_owned(), value: licence.written.clone() });
        }
    }
    let mut references = BTreeSet::new();
    let mut refer = |category: &str, kind: &str, locator: String| {
        references.insert(ExternalRef {
            reference_category: category.to_owned(),
            reference_type: kind.to_owned(),
            reference_locator: locator,
        });
    };
    if let Some(purl) = &from.purl {
        refer("PACKAGE-MANAGER", "purl", purl.to_string());
    }
    if let Some(cpe) = from.cpe.as_ref().filter(|cpe| !cpe.contains(char::is_whitespace)) {
        refer("SECURITY", if cpe.starts_with("cpe:/") { "cpe22Type" } else { "cpe23Type" }, cpe.clone());
    }
    let mut homepage = None;
    for reference in &from.references {
        match (&reference.kind, url(&reference.url)) {
            (ReferenceKind::Website, Some(site)) if homepage.is_none() => homepage = Some(site),
            (kind, _) => {
                let kind: String = idstring(names::reference(kind));
                if let Some(locator) = address(&reference.url) {
                    refer("OTHER", &kind, locator);
                }
            }
        }
    }
    let purpose = PURPOSES.iter().find(|(kind, _)| *kind == from.kind).map_or("OTHER", |(_, word)| word);
    let maker = from.manufacturer.as_ref().and_then(|maker| actor("Organization", maker));
    let author = || from.authors.iter().find_map(|author| actor("Person", author));
    Package {
        id,
        name: full_name(from),
        version_info: from.version.clone(),
        release_date: from.released.as_deref().and_then(lw_inventory::whole_seconds),
        package_file_name: None,
        primary_package_purpose: Some(purpose.to_owned()),
        supplier: Some(
            from.supplier
                .as_ref()
                .and_then(|supplier| actor("Organization", supplier))
                .unwrap_or(NOASSERTION.to_owned()),
        ),
        originator: maker.or_else(author),
        download_location: download_location(from).unwrap_or_else(|| NOASSERTION.to_owned()),
        files_analyzed: Some(false),
        checksums,
        homepage,
        license_concluded: Some(extracted.expression(from.concluded_licence.as_ref())),
        license_declared: Some(extracted.expression(from.declared_licence.as_ref())),
        copyright_text: Some(from.copyright.clone().unwrap_or_else(|| NOASSERTION.to_owned())),
        summary: None,
        description: from.description.clone(),
        external_refs: references.into_iter().collect(),
        annotations: annotate(&properties),
    }
}

/// A text that says something.
fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !["", NOASSERTION, NONE].contains(&text.trim()))
}

/// Beginning of an annotation that is a property.
const PROPERTY: &str = "property ";

fn comment_of(property: &Property) -> String {
    let name = property.name.replace('%', "%25").replace('=', "%3D");
    format!("{PROPERTY}{name}={}", property.value)
}

fn properties(annotations: Vec<Annotation>) -> Vec<Property> {
    let property = |annotation: Annotation| {
        let (name, value) = annotation.comment.strip_prefix(PROPERTY)?.split_once('=')?;
        let name = name.replace("%3D", "=").replace("%25", "%");
        Some(Property { name, value: value.to_owned() })
    };
    annotations.into_iter().filter_map(property).collect()
}

pub(crate) fn read(bytes: &[u8], version: &str) -> Result<(Format, Document), ReadError> {
    if !["SPDX-2.2", "SPDX-2.3"].contains(&version) {
        return Err(ReadError::Version { format: "SPDX", version: version.to_owned() });
    }
    let file: File = json::typed(bytes)?;
    let names: BTreeMap<String, String> = filled(
        file.has_extracted_licensing_infos.into_iter().filter_map(|text| Some((text.license_id, text.name?))),
    );
    let mut inventory = Inventory::new();
    let mut known: BTreeMap<String, ComponentId> = BTreeMap::new();
    for package in file.packages {
        let mut component = component(package, &names);
        let id = component.reference.clone().unwrap_or_default();
        match known.entry(id) {
            btree_map::Entry::Occupied(entry) => {
                component.reference = None;
                let why = "two packages of the document have this identifier; what needs it may mean either";
                inventory.unknowns.insert(Unknown {
                    what: entry.key().clone(),
                    why: why.to_owned(),
                    place: None,
                });
                inventory.add(component);
            }
            btree_map::Entry::Vacant(entry) => {
                entry.insert(inventory.add(component));
            }
        }
    }
    let others: BTreeSet<String> = filled(file.files.into_iter().chain(file.snippets).map(|other| other.id));
    let mut described: BTreeSet<ComponentId> =
        filled(file.document_describes.iter().filter_map(|id| known.get(id).copied()));
    for Relationship { spdx_element_id: one, relationship_type: kind, related_spdx_element: other } in
        file.relationships
    {
        if kind == "DESCRIBES" && one == file.id {
            described.extend(known.get(&other));
            continue;
        }
        if kind == "DESCRIBED_BY" && other == file.id {
            described.extend(known.get(&one));
            continue;
        }
        let (from, to) = match kind.as_str() {
            "DEPENDS_ON" | "CONTAINS" | "HAS_PREREQUISITE" | "STATIC_LINK" | "DYNAMIC_LINK" => (one, other),
            "CONTAINED_BY" | "PREREQUISITE_FOR" => (other, one),
            word if word.ends_with("DEPENDENCY_OF") => {
                let excluded =
                    ["DEV_DEPENDENCY_OF", "BUILD_DEPENDENCY_OF", "TEST_DEPENDENCY_OF"].contains(&word);
                let scope = if excluded {
                    Scope::Excluded
                } else if word == "OPTIONAL_DEPENDENCY_OF" {
                    Scope::Optional
                } else {
                    Scope::Required
                };
                if let Some(component) = known.get(&one).and_then(|id| inventory.get_mut(*id))
                    && scope != Scope::Required
                    && component.scope == Scope::Required
                {
                    component.scope = scope;
                }
                (other, one)
            }
            _ => continue,
        };
        let is_other = |id: &String| others.contains(id) || *id == file.id || id.starts_with("DocumentRef-");
        if [NONE, NOASSERTION].contains(&to.as_str()) || is_other(&from) || is_other(&to) {
            continue;
        }
        match (known.get(&from), known.get(&to)) {
            (Some(from), Some(to)) => inventory.depend(*from, *to),
            (from_known, _) => {
                let what = if from_known.is_none() { from } else { to };
                let why = "the document's relationships name it, but no element of the document has this identifier";
                inventory.unknowns.insert(Unknown { what, why: why.to_owned(), place: None });
            }
        }
    }
    let mut described = described.into_iter();
    if let (Some(root), None) = (described.next(), described.next()) {
        inventory.set_root(root);
    }
    let root = inventory.root().and_then(|id| inventory.get(id)).cloned();
    let mut about = about(file.creation_info);
    about.serial = said(Some(file.document_namespace)).map(|serial| match root {
        // A serial that became a namespace becomes a serial again.
        Some(root) => {
            let uuid = serial.get(serial.len().saturating_sub(36)..).unwrap_or_default().to_owned();
            let is_ours = is_serial(&format!("urn:uuid:{uuid}")) && serial == namespace(&title(&root), &uuid);
            if is_ours { format!("urn:uuid:{uuid}") } else { serial }
        }
        None => serial,
    });
    about.licence = licences::read(Some(&file.data_license), &names);
    for property in properties(file.annotations) {
        match own::unknown(&property) {
            Some(unknown) => drop(inventory.unknowns.insert(unknown)),
            None => about.properties.push(property),
        }
    }
    own::absorb_about(&mut about);
    Ok((Format::Spdx23, Document { about, inventory }))
}

fn about(info: CreationInfo) -> About {
    let mut about = About { timestamp: lw_inventory::whole_seconds(&info.created), ..About::default() };
    for creator in info.creators {
        if let Some(name) = creator.strip_prefix("Tool:") {
            about.tools.push(tool(name.trim()));
        } else if let Some(contact) = contact(&creator) {
            if creator.starts_with("Person") {
                about.authors.push(contact);
            } else if about.manufacturer.is_none() {
                about.manufacturer = Some(contact);
            } else if about.supplier.is_none() {
                about.supplier = Some(contact);
            }
        }
    }
    let phases =
        info.comment.as_deref().and_then(|comment| comment.strip_prefix(LIFECYCLE)).unwrap_or_default();
    about.lifecycles = phases.split(", ").filter_map(names::lifecycle_of).collect::<Vec<Lifecycle>>();
    about
}

fn component(package: Package, licence_names: &BTreeMap<String, String>) -> Component {
    let mut properties = properties(package.annotations);
    let mut component = Component {
        name: package.name,
        version: said(package.version_info),
        kind: package.primary_package_purpose.as_deref().map(kind_of).unwrap_or_default(),
        supplier: package.supplier.as_deref().and_then(contact),
        declared_licence: licences::read(package.license_declared.as_deref(), licence_names),
        concluded_licence: licences::read(package.license_concluded.as_deref(), licence_names),
        copyright: said(package.copyright_text),
        released: package.release_date.as_deref().and_then(lw_inventory::whole_seconds),
        description: said(package.description).or(said(package.summary)),
        reference: said(Some(package.id)),
        ..Component::default()
    };
    let mut maker = package.originator.as_deref().and_then(contact);
    if package.originator.as_deref().is_some_and(|originator| originator.starts_with("Person")) {
        component.authors.extend(maker.take());
    }
    component.manufacturer = maker;
    if let Some(site) = said(package.homepage) {
        component.references.insert(Reference { kind: ReferenceKind::Website, url: site });
    }
    for reference in package.external_refs {
        match (reference.reference_type.rsplit('/').next().unwrap_or_default(), reference.reference_locator) {
            ("purl", text) => match text.parse::<Purl>() {
                Ok(purl) if component.purl.is_none() => component.purl = Some(purl),
                _ => properties.push(Property { name: own::UNREAD_PURL.to_owned(), value: text }),
            },
            ("cpe23Type" | "cpe22Type", text) => {
                // Some list dozens of guesses; the first is the most likely.
                component.cpe.get_or_insert(text);
            }
            (kind, url) => {
                component.references.insert(Reference { kind: names::reference_of(kind), url });
            }
        }
    }
    component.ecosystem = component.purl.as_ref().map_or_else(String::new, |purl| purl.kind().to_owned());
    component.source = own::implied_source(component.purl.as_ref());
    let mut hashes = BTreeSet::new();
    for Checksum { algorithm, checksum_value } in package.checksums {
        match algorithm_of(&algorithm).and_then(|algorithm| Hash::from_hex(algorithm, &checksum_value)) {
            Some(hash) => drop(hashes.insert(hash)),
            None => properties.push(Property {
                name: own::UNREAD_HASH.to_owned(),
                value: format!("{algorithm} {checksum_value}"),
            }),
        }
    }
    let has_own = properties.iter().any(|property| property.name == own::DISTRIBUTION);
    let all = hashes.clone();
    let location = said(Some(package.download_location)).filter(|location| url(location).is_some());
    match location {
        Some(location) if location.starts_with("git") => {
            if component.source == Source::Unknown {
                component.source = git(&location);
            }
            component.hashes = hashes;
        }
        Some(location) => component.distributions.push(lw_inventory::Distribution {
            url: Some(location),
            file: said(package.package_file_name),
            is_source: false,
            hashes,
        }),
        None => component.hashes = hashes,
    }
    component.properties = filled(own::absorb(&mut component, properties));
    if has_own {
        // Those of the file whose address is the package's stand at the package.
        let of_file = main_file(&component.distributions).map(|file| file.hashes.clone()).unwrap_or_default();
        component.hashes = filled(all.difference(&of_file).cloned());
    }
    component
}

/// `git+https://host/path@revision#folder`.
fn git(location: &str) -> Source {
    let location = location.strip_prefix("git+").unwrap_or(location);
    let (location, folder) = match location.split_once('#') {
        Some((location, folder)) => (location, Some(folder.to_owned())),
        None => (location, None),
    };
    let (url, revision) = match location.rsplit_once('@') {
        Some((url, revision)) if !revision.contains('/') => (url, Some(revision.to_owned())),
        _ => (location, None),
    };
    Source::Git { url: url.to_owned(), revision, folder }
}

/// `NAME-VERSION` as a program.
pub(super) fn tool(text: &str) -> Tool {
    let (name, version) = match text.rsplit_once('-') {
        Some((name, version)) if version.starts_with(|first: char| first.is_ascii_digit()) => {
            (name, Some(version.to_owned()))
        }
        _ => (text, None),
    };
    Tool { vendor: None, name: name.to_owned(), version }
}
