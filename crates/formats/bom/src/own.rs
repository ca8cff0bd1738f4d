//! What no format has a field for, as properties of the suite's own (`lw:…`): a bill that was written here is read again
//! without loss.

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{
    Completeness, Component, Contact, Distribution, Hash, Inventory, Kind, LicenceText, Patch, Place,
    Property, Purl, Scope, Source, Unknown,
};
use lw_model::lists::{distinct, filled, sort};
use lw_syntax::json;
use serde::{Deserialize, Serialize};

use crate::address::{address, relative};
use crate::{About, Lifecycle, Tool, names};

/// The beginning of every name of the suite's own.
const PREFIX: &str = "lw:";
const ECOSYSTEM: &str = "lw:ecosystem";
const SOURCE: &str = "lw:source";
const SOURCE_URL: &str = "lw:source:url";
const SOURCE_REVISION: &str = "lw:source:revision";
const SOURCE_FOLDER: &str = "lw:source:folder";
const NAMESPACE: &str = "lw:namespace";
const SCOPE: &str = "lw:scope";
const DEPENDENCIES: &str = "lw:dependencies";
const ABOUT_MANUFACTURER: &str = "lw:about:manufacturer";
const ABOUT_SUPPLIER: &str = "lw:about:supplier";
const ABOUT_AUTHORS: &str = "lw:about:authors";
const ABOUT_TOOLS: &str = "lw:about:tools";
const ABOUT_LIFECYCLES: &str = "lw:about:lifecycles";
const ABOUT_VERSION: &str = "lw:about:version";
/// A file that a component is distributed as.
pub(crate) const DISTRIBUTION: &str = "lw:distribution";
/// When a version was published, in CycloneDX, which has no field for it.
pub(crate) const RELEASED: &str = "lw:released";
const PLACE: &str = "lw:place";
const AUTHORS: &str = "lw:authors";
const SUPPLIER: &str = "lw:supplier";
const MANUFACTURER: &str = "lw:manufacturer";
const KIND: &str = "lw:kind";
const MANUFACTURER_NAME: &str = "lw:manufacturer:name";
const MANUFACTURER_EMAIL: &str = "lw:manufacturer:email";
const MANUFACTURER_URL: &str = "lw:manufacturer:url";
const PATCH: &str = "lw:patch";
/// The licence that its author names, as it was written.
pub(crate) const DECLARED: &str = "lw:licence:declared";
/// The licence that somebody concluded it has, as it was written.
pub(crate) const CONCLUDED: &str = "lw:licence:concluded";
/// A package URL that is none.
pub(crate) const UNREAD_PURL: &str = "lw:unread:purl";
/// A hash of an algorithm that is not known, or of a wrong length.
pub(crate) const UNREAD_HASH: &str = "lw:unread:hash";
/// Something that is known to be missing.
pub(crate) const UNKNOWN: &str = "lw:unknown";

/// What a package URL alone says about where a component comes from.
pub(crate) fn implied_source(purl: Option<&Purl>) -> Source {
    let Some(purl) = purl else { return Source::Unknown };
    let qualifier = |key: &str| purl.qualifiers().get(key).filter(|value| !value.is_empty());
    if let Some(vcs) = qualifier("vcs_url") {
        let vcs = vcs.strip_prefix("git+").unwrap_or(vcs);
        let (url, revision) = match vcs.rsplit_once('@') {
            // An `@` before the last slash belongs to a user name.
            Some((url, revision)) if !revision.contains('/') && !revision.is_empty() => {
                (url, Some(revision.to_owned()))
            }
            _ => (vcs, None),
        };
        return Source::Git { url: url.to_owned(), revision, folder: purl.subpath() };
    }
    if let Some(url) = qualifier("repository_url") {
        return Source::Registry(url.clone());
    }
    if let Some(url) = qualifier("download_url") {
        return Source::Url(url.clone());
    }
    let host = match purl.kind() {
        "github" => "https://github.com",
        "bitbucket" => "https://bitbucket.org",
        "cargo" | "npm" | "pypi" | "golang" | "gem" | "nuget" | "maven" | "hex" | "pub" | "composer"
        | "cran" | "hackage" | "conda" | "cpan" | "cocoapods" | "conan" | "vcpkg" => {
            return Source::PublicRegistry;
        }
        _ => return Source::Unknown,
    };
    let Some(owner) = purl.namespace() else { return Source::Unknown };
    Source::Git {
        url: format!("{host}/{owner}/{}", purl.name()),
        revision: purl.version().map(str::to_owned),
        folder: purl.subpath(),
    }
}

/// The properties that hold what no field of any format has.
pub(crate) fn properties(component: &Component) -> Vec<Property> {
    let mut found = Vec::new();
    let mut add =
        |name: &str, value: &str| found.push(Property { name: name.to_owned(), value: value.to_owned() });
    if component.ecosystem != component.purl.as_ref().map_or("", Purl::kind) {
        add(ECOSYSTEM, &component.ecosystem);
    }
    if component.source != implied_source(component.purl.as_ref()) {
        match &component.source {
            Source::Unknown => add(SOURCE, "unknown"),
            Source::PublicRegistry => add(SOURCE, "public-registry"),
            Source::Registry(url) => {
                add(SOURCE, "registry");
                add(SOURCE_URL, &address(url).unwrap_or_default());
            }
            Source::Git { url, revision, folder } => {
                add(SOURCE, "git");
                add(SOURCE_URL, &address(url).unwrap_or_default());
                if let Some(revision) = revision {
                    add(SOURCE_REVISION, revision);
                }
                if let Some(folder) = folder {
                    add(SOURCE_FOLDER, &relative(folder));
                }
            }
            Source::Url(url) => {
                add(SOURCE, "url");
                add(SOURCE_URL, &address(url).unwrap_or_default());
            }
            Source::Path(path) => {
                add(SOURCE, "path");
                add(SOURCE_FOLDER, &relative(path));
            }
            Source::Bundled(with) => {
                add(SOURCE, "bundled");
                add(SOURCE_FOLDER, with);
            }
        }
    }
    for patch in &component.patches {
        if let Some(hash) = &patch.hash {
            let algorithm = names::hash_algorithm(hash.algorithm());
            add(PATCH, &format!("{algorithm} {} {}", hash.hex(), relative(&patch.file)));
        }
    }
    found
}

/// The properties that hold what SPDX has no field for, with those of [`properties`].
pub(crate) fn spdx_properties(component: &Component, completeness: Completeness) -> Vec<Property> {
    let mut found = properties(component);
    let mut add = |name: &str, value: String| found.push(Property { name: name.to_owned(), value });
    if let Some(namespace) = &component.namespace {
        add(NAMESPACE, namespace.clone());
    }
    if component.scope != Scope::Required {
        add(SCOPE, names::scope(component.scope).to_owned());
    }
    match completeness {
        Completeness::Complete => add(DEPENDENCIES, "complete".to_owned()),
        Completeness::Incomplete => add(DEPENDENCIES, "incomplete".to_owned()),
        Completeness::Unknown => {}
    }
    if component.distributions.is_empty() && matches!(component.source, Source::Url(_)) {
        // Its address stands where that of a file would.
        add(DISTRIBUTION, "none".to_owned());
    }
    for place in &component.places {
        let file = relative(&place.file);
        add(PLACE, place.line.map_or_else(|| file.clone(), |line| format!("{file}:{line}")));
    }
    for patch in component.patches.iter().filter(|patch| patch.hash.is_none()) {
        add(PATCH, format!("- - {}", relative(&patch.file)));
    }
    if !component.authors.is_empty() {
        add(AUTHORS, contacts(&component.authors));
    }
    for (name, who) in [(SUPPLIER, &component.supplier), (MANUFACTURER, &component.manufacturer)] {
        let Some(who) = who else { continue };
        if !crate::spdx::says(who) {
            add(name, contacts(std::slice::from_ref(who)));
        }
    }
    if !crate::spdx::has_purpose(component.kind) {
        found.push(kind(component.kind));
    }
    found
}

/// A file that a component is distributed as, where the format has no place for it.
pub(crate) fn distribution(file: &Distribution) -> Property {
    let value = FileValue {
        url: file.url.as_deref().and_then(address),
        file: file.file.as_deref().map(relative),
        source: file.is_source,
        hashes: file
            .hashes
            .iter()
            .map(|hash| format!("{}:{}", names::hash_algorithm(hash.algorithm()), hash.hex()))
            .collect(),
    };
    // Texts in a structure cannot fail to be written.
    let value = serde_json::to_string(&value).unwrap_or_default();
    Property { name: DISTRIBUTION.to_owned(), value }
}

/// A [`Distribution`] as it stands in the value of a property.
#[derive(Serialize, Deserialize)]
struct FileValue {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    source: bool,
    #[serde(default)]
    hashes: Vec<String>,
}

impl FileValue {
    fn read(text: &str) -> Option<Distribution> {
        let Self { url, file, source, hashes } = json::from_str(text).ok()?;
        let hash = |text: String| {
            let (algorithm, hex) = text.split_once(':')?;
            Hash::from_hex(names::hash_algorithm_of(algorithm)?, hex)
        };
        let hashes = hashes.into_iter().map(hash).collect::<Option<Vec<_>>>()?;
        Some(Distribution { url, file, is_source: source, hashes: filled(hashes) })
    }
}

/// A [`Contact`] as it stands in the value of a property.
#[derive(Serialize, Deserialize)]
struct ContactValue {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// Contacts, in their order.
fn contacts(contacts: &[Contact]) -> String {
    let value = |contact: &Contact| ContactValue {
        name: contact.name.clone(),
        email: contact.email.clone(),
        url: contact.url.as_deref().and_then(address),
    };
    // Texts in a list cannot fail to be written.
    serde_json::to_string(&contacts.iter().map(value).collect::<Vec<_>>()).unwrap_or_default()
}

fn read_contacts(text: &str) -> Option<Vec<Contact>> {
    let values: Vec<ContactValue> = json::from_str(text).ok()?;
    let contact = |ContactValue { name, email, url }| Contact { name, email, url };
    Some(values.into_iter().map(contact).collect())
}

/// A [`Tool`] as it stands in the value of a property.
#[derive(Serialize, Deserialize)]
struct ToolValue {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vendor: Option<String>,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

/// When in the product's life a document was made, where SPDX 3 has fewer words for it.
pub(crate) fn lifecycles(phases: &[Lifecycle]) -> Option<Property> {
    let value = distinct(phases.iter().map(|phase| names::lifecycle(*phase))).join(" ");
    (!value.is_empty()).then(|| Property { name: ABOUT_LIFECYCLES.to_owned(), value })
}

/// What SPDX cannot say about a document: who of its creators is what, and how they are reached.
pub(crate) fn about(about: &About) -> Vec<Property> {
    let mut found = Vec::new();
    let mut add = |name: &str, value: String| found.push(Property { name: name.to_owned(), value });
    let parts = [
        (ABOUT_MANUFACTURER, about.manufacturer.as_slice()),
        (ABOUT_SUPPLIER, about.supplier.as_slice()),
        (ABOUT_AUTHORS, about.authors.as_slice()),
    ];
    for (name, list) in parts.into_iter().filter(|(_, list)| !list.is_empty()) {
        add(name, contacts(list));
    }
    let tool = |tool: &Tool| ToolValue {
        vendor: tool.vendor.clone(),
        name: tool.name.clone(),
        version: tool.version.clone(),
    };
    let tools: Vec<_> = about.tools.iter().map(tool).collect();
    if let Ok(value) = serde_json::to_string(&tools)
        && !tools.is_empty()
    {
        add(ABOUT_TOOLS, value);
    }
    if let Some(version) = about.version.filter(|version| *version > 1) {
        add(ABOUT_VERSION, version.to_string());
    }
    found
}

/// Takes what [`about`] wrote out of the properties of a document.
pub(crate) fn absorb_about(about: &mut About) {
    for property in std::mem::take(&mut about.properties) {
        let contacts = || read_contacts(&property.value);
        match property.name.as_str() {
            ABOUT_MANUFACTURER => about.manufacturer = contacts().and_then(|mut list| list.pop()),
            ABOUT_SUPPLIER => about.supplier = contacts().and_then(|mut list| list.pop()),
            ABOUT_AUTHORS => about.authors = contacts().unwrap_or_default(),
            ABOUT_TOOLS => {
                let tools: Vec<ToolValue> = json::from_str(&property.value).unwrap_or_default();
                let tool = |ToolValue { vendor, name, version }| Tool { vendor, name, version };
                about.tools = tools.into_iter().map(tool).collect();
            }
            ABOUT_LIFECYCLES => {
                about.lifecycles = property.value.split(' ').filter_map(names::lifecycle_of).collect();
            }
            ABOUT_VERSION => about.version = property.value.parse().ok(),
            _ => about.properties.push(property),
        }
    }
    about.version.get_or_insert(1);
}

/// `file:7` or `file`.
fn place(text: &str) -> Place {
    let parts = text.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?)));
    match parts {
        Some((file, line)) => Place { file: file.to_owned(), line: Some(line) },
        None => Place { file: text.to_owned(), line: None },
    }
}

/// Takes the suite's own properties out of `properties` into the component; what is left is returned.
pub(crate) fn absorb(component: &mut Component, properties: Vec<Property>) -> Vec<Property> {
    let (own, others): (Vec<_>, Vec<_>) =
        properties.into_iter().partition(|property| property.name.starts_with(PREFIX));
    let mut left = others;
    let mut hashed = Vec::new();
    let mut files = Vec::new();
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for property in own {
        match property.name.as_str() {
            ECOSYSTEM => component.ecosystem = property.value,
            RELEASED => match lw_inventory::whole_seconds(&property.value) {
                Some(time) => component.released = Some(time),
                None => left.push(property),
            },
            DECLARED => component.declared_licence = LicenceText::parse(&property.value),
            CONCLUDED => component.concluded_licence = LicenceText::parse(&property.value),
            KIND => component.kind = names::kind_of(&property.value).unwrap_or(component.kind),
            MANUFACTURER_NAME => maker(component).name = Some(property.value),
            MANUFACTURER_EMAIL => maker(component).email = Some(property.value),
            MANUFACTURER_URL => maker(component).url = Some(property.value),
            NAMESPACE => {
                let rest =
                    component.name.strip_prefix(&property.value).and_then(|rest| rest.strip_prefix('/'));
                if let Some(name) = rest.map(str::to_owned) {
                    component.name = name;
                }
                component.namespace = Some(property.value);
            }
            SCOPE => match property.value.as_str() {
                "optional" => component.scope = Scope::Optional,
                "excluded" => component.scope = Scope::Excluded,
                _ => {}
            },
            DEPENDENCIES => match property.value.as_str() {
                "complete" => component.dependencies_known = Completeness::Complete,
                "incomplete" => component.dependencies_known = Completeness::Incomplete,
                _ => {}
            },
            DISTRIBUTION if property.value == "none" => component.distributions.clear(),
            DISTRIBUTION => match FileValue::read(&property.value) {
                Some(file) => files.push(file),
                None => left.push(property),
            },
            PLACE => drop(component.places.insert(place(&property.value))),
            AUTHORS => match read_contacts(&property.value) {
                Some(authors) => component.authors = authors,
                None => left.push(property),
            },
            SUPPLIER => component.supplier = read_contacts(&property.value).and_then(|mut list| list.pop()),
            MANUFACTURER => {
                component.manufacturer = read_contacts(&property.value).and_then(|mut list| list.pop());
            }
            PATCH => match patch(&property.value) {
                Some(known) => hashed.push(known),
                None => left.push(property),
            },
            SOURCE | SOURCE_URL | SOURCE_REVISION | SOURCE_FOLDER => {
                values.insert(property.name, property.value);
            }
            _ => left.push(property),
        }
    }
    if !files.is_empty() {
        component.distributions = distinct(files);
    }
    let files: BTreeSet<String> = filled(hashed.iter().map(|patch| patch.file.clone()));
    component.patches.retain(|patch| !files.contains(&patch.file));
    component.patches.extend(hashed);
    sort(&mut component.patches);
    let folder = values.remove(SOURCE_FOLDER);
    let revision = values.remove(SOURCE_REVISION);
    let url = values.remove(SOURCE_URL).unwrap_or_default();
    match values.remove(SOURCE).as_deref() {
        Some("unknown") => component.source = Source::Unknown,
        Some("public-registry") => component.source = Source::PublicRegistry,
        Some("registry") => component.source = Source::Registry(url),
        Some("git") => component.source = Source::Git { url, revision, folder },
        Some("url") => component.source = Source::Url(url),
        Some("path") => component.source = Source::Path(folder.unwrap_or_default()),
        Some("bundled") => component.source = Source::Bundled(folder.unwrap_or_default()),
        _ => {}
    }
    left
}

fn maker(component: &mut Component) -> &mut Contact {
    component.manufacturer.get_or_insert_default()
}

fn patch(text: &str) -> Option<Patch> {
    let (algorithm, rest) = text.split_once(' ')?;
    let (hex, file) = rest.split_once(' ')?;
    let hash = match algorithm {
        "-" => None,
        algorithm => Some(Hash::from_hex(names::hash_algorithm_of(algorithm)?, hex)?),
    };
    Some(Patch { file: file.to_owned(), hash })
}

/// The kind of a component, for a version that has no word for it.
pub(crate) fn kind(kind: Kind) -> Property {
    Property { name: KIND.to_owned(), value: names::kind(kind).to_owned() }
}

/// Who made a component, for a version that has no field for it.
pub(crate) fn manufacturer(contact: &Contact) -> Vec<Property> {
    let parts = [
        (MANUFACTURER_NAME, contact.name.clone()),
        (MANUFACTURER_EMAIL, contact.email.clone()),
        (MANUFACTURER_URL, contact.url.as_deref().and_then(address)),
    ];
    let known = parts.into_iter().filter_map(|(name, value)| Some((name, value?)));
    known.map(|(name, value)| Property { name: name.to_owned(), value }).collect()
}

/// An [`Unknown`] as it stands in the value of a property.
#[derive(Serialize, Deserialize)]
struct UnknownValue {
    what: String,
    why: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

/// What is known to be missing.
pub(crate) fn unknowns(inventory: &Inventory) -> Vec<Property> {
    let value = |unknown: &Unknown| UnknownValue {
        what: unknown.what.clone(),
        why: unknown.why.clone(),
        file: unknown.place.as_ref().map(|place| relative(&place.file)),
        line: unknown.place.as_ref().and_then(|place| place.line),
    };
    let text = |unknown: &Unknown| serde_json::to_string(&value(unknown)).ok();
    let values = inventory.unknowns.iter().filter_map(text);
    values.map(|value| Property { name: UNKNOWN.to_owned(), value }).collect()
}

/// The other way round: `None` where a property is no such value.
pub(crate) fn unknown(property: &Property) -> Option<Unknown> {
    if property.name != UNKNOWN {
        return None;
    }
    let UnknownValue { what, why, file, line } = json::from_str(&property.value).ok()?;
    Some(Unknown { what, why, place: file.map(|file| Place { file, line }) })
}
