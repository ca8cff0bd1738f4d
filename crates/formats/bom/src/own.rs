//! What no format has a field for, as properties of the suite's own (`lw:…`): a bill that was written here is read again
//! without loss.

use std::collections::BTreeMap;

use lw_inventory::{
    Component, Contact, Hash, Inventory, Kind, LicenceText, Patch, Place, Property, Purl, Source, Unknown,
};
use serde::{Deserialize, Serialize};

use crate::address::{address, relative};
use crate::names;

/// The beginning of every name of the suite's own.
const PREFIX: &str = "lw:";
const ECOSYSTEM: &str = "lw:ecosystem";
const SOURCE: &str = "lw:source";
const SOURCE_URL: &str = "lw:source:url";
const SOURCE_REVISION: &str = "lw:source:revision";
const SOURCE_FOLDER: &str = "lw:source:folder";
const KIND: &str = "lw:kind";
const MANUFACTURER_NAME: &str = "lw:manufacturer:name";
const MANUFACTURER_EMAIL: &str = "lw:manufacturer:email";
const MANUFACTURER_URL: &str = "lw:manufacturer:url";
const PATCH: &str = "lw:patch";
/// The licence that its author names, as it was written.
pub(crate) const DECLARED: &str = "lw:licence:declared";
/// The licence that somebody concluded it has, as it was written.
pub(crate) const CONCLUDED: &str = "lw:licence:concluded";
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

/// Takes the suite's own properties out of `properties` into the component; what is left is returned.
pub(crate) fn absorb(component: &mut Component, properties: Vec<Property>) -> Vec<Property> {
    let (own, others): (Vec<_>, Vec<_>) =
        properties.into_iter().partition(|property| property.name.starts_with(PREFIX));
    let mut left = others;
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for property in own {
        match property.name.as_str() {
            ECOSYSTEM => component.ecosystem = property.value,
            DECLARED => component.declared_licence = LicenceText::parse(&property.value),
            CONCLUDED => component.concluded_licence = LicenceText::parse(&property.value),
            KIND => component.kind = names::kind_of(&property.value).unwrap_or(component.kind),
            MANUFACTURER_NAME => maker(component).name = Some(property.value),
            MANUFACTURER_EMAIL => maker(component).email = Some(property.value),
            MANUFACTURER_URL => maker(component).url = Some(property.value),
            PATCH => match patch(&property.value) {
                Some(known) => {
                    component.patches.retain(|patch| patch.file != known.file || patch.hash.is_some());
                    component.patches.push(known);
                }
                None => left.push(property),
            },
            SOURCE | SOURCE_URL | SOURCE_REVISION | SOURCE_FOLDER => {
                values.insert(property.name, property.value);
            }
            _ => left.push(property),
        }
    }
    component.patches.sort();
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
    let hash = Hash::from_hex(names::hash_algorithm_of(algorithm)?, hex)?;
    Some(Patch { file: file.to_owned(), hash: Some(hash) })
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
    let UnknownValue { what, why, file, line } = serde_json::from_str(&property.value).ok()?;
    Some(Unknown { what, why, place: file.map(|file| Place { file, line }) })
}
