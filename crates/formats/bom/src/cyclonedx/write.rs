//! An inventory as CycloneDX.

use std::collections::BTreeSet;

use lw_inventory::{self as inventory, Completeness, Contact, Distribution, Kind};
use lw_model::lists::{distinct, sort};

use super::licences;
use super::model::{
    Bom, Component, Composition, Dependency, Diff, Evidence, ExternalReference, Hash, Lifecycle, Metadata,
    Occurrence, Organisation, Patch, Pedigree, Person, Property, Tools,
};
use crate::address::{address, relative};
use crate::canonical::{Canonical, Entry};
use crate::{Document, Format, Tool, WriteError, names, own, uuid};

/// Writes a document as CycloneDX.
pub(crate) fn write(document: &Document, format: Format) -> Result<String, WriteError> {
    let canonical = Canonical::of(document)?;
    let about = &document.about;
    let mut bom = Bom {
        bom_format: Some("CycloneDX".to_owned()),
        spec_version: format.version().to_owned(),
        serial_number: None,
        version: Some(about.version.unwrap_or(1).max(1)),
        metadata: metadata(document, &canonical.root, format)?,
        components: canonical.others.iter().map(|entry| component(entry, format)).collect(),
        dependencies: canonical.all().map(dependency).collect(),
        compositions: compositions(&canonical),
    };
    let serial = match &about.serial {
        Some(serial) if is_serial(serial) => serial.clone(),
        // The namespace of an SPDX document is a URL, and a version 5 UUID is made for those.
        Some(serial) => format!("urn:uuid:{}", uuid::of_url(serial)),
        None => {
            let uuid = uuid::of_json(&bom).map_err(|error| WriteError::Json(error.to_string()))?;
            format!("urn:uuid:{uuid}")
        }
    };
    bom.serial_number = Some(serial);
    let mut text = serde_json::to_string_pretty(&bom).map_err(|error| WriteError::Json(error.to_string()))?;
    text.push('\n');
    Ok(text)
}

/// Whether it is `urn:uuid:` and a UUID in lower case, which is what the schemas ask for.
pub(crate) fn is_serial(text: &str) -> bool {
    text.strip_prefix("urn:uuid:").is_some_and(|uuid| {
        uuid.len() == 36
            && uuid.bytes().enumerate().all(|(index, byte)| match index {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            })
    })
}

fn metadata(document: &Document, root: &Entry<'_>, format: Format) -> Result<Metadata, WriteError> {
    let about = &document.about;
    let timestamp = match &about.timestamp {
        Some(found) => Some(
            lw_inventory::whole_seconds(found)
                .ok_or_else(|| WriteError::NoTimestamp { format, found: Some(found.clone()) })?,
        ),
        None => None,
    };
    let unknowns = own::unknowns(&document.inventory);
    let properties = distinct(about.properties.iter().chain(&unknowns).map(property));
    let manufacturer = about.manufacturer.as_ref().and_then(organisation);
    let (manufacture, manufacturer) =
        if format == Format::CycloneDx15 { (manufacturer, None) } else { (None, manufacturer) };
    let mut root = component(root, format);
    root.scope = None;
    Ok(Metadata {
        timestamp,
        lifecycles: distinct(&about.lifecycles)
            .into_iter()
            .map(|phase| Lifecycle { phase: Some(names::lifecycle(*phase).to_owned()) })
            .collect(),
        tools: Tools {
            components: first_of_each(about.tools.iter().map(tool), |tool| {
                (tool.publisher.clone(), tool.name.clone(), tool.version.clone())
            }),
        },
        authors: people(&about.authors),
        component: Some(root),
        manufacture,
        manufacturer,
        supplier: about.supplier.as_ref().and_then(organisation),
        licenses: licences::of_document(about.licence.as_ref()),
        properties,
    })
}

/// The items without those whose key was there already, in their order.
fn first_of_each<T, K: Ord>(items: impl Iterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut seen = BTreeSet::new();
    items.filter(|item| seen.insert(key(item))).collect()
}

fn tool(tool: &Tool) -> Component {
    Component {
        kind: Some(names::kind(Kind::Application).to_owned()),
        publisher: tool.vendor.clone(),
        name: tool.name.clone(),
        version: tool.version.clone(),
        ..Component::default()
    }
}

fn component(entry: &Entry<'_>, format: Format) -> Component {
    let from = entry.component;
    let (licences, mut extra) =
        licences::written(format, from.declared_licence.as_ref(), from.concluded_licence.as_ref());
    extra.extend(own::properties(from));
    let released = from.released.as_deref().and_then(lw_inventory::whole_seconds);
    extra.extend(released.map(|value| inventory::Property { name: own::RELEASED.to_owned(), value }));
    let mut kind = from.kind;
    let manufacturer = if format == Format::CycloneDx15 {
        if kind == Kind::CryptographicAsset {
            extra.push(own::kind(kind));
            kind = Kind::Data;
        }
        extra.extend(from.manufacturer.iter().flat_map(own::manufacturer));
        None
    } else {
        from.manufacturer.as_ref().and_then(organisation)
    };
    let properties = distinct(from.properties.iter().chain(&extra).map(property));
    let authors = people(&from.authors);
    let (author, authors) =
        if format == Format::CycloneDx15 { (joined(&authors), Vec::new()) } else { (None, authors) };
    Component {
        kind: Some(names::kind(kind).to_owned()),
        bom_ref: Some(entry.reference.clone()),
        supplier: from.supplier.as_ref().and_then(organisation),
        manufacturer,
        authors,
        author,
        group: from.namespace.clone().filter(|group| !group.is_empty()),
        name: from.name.clone(),
        version: from.version.clone(),
        description: from.description.clone(),
        scope: Some(names::scope(from.scope).to_owned()),
        hashes: own_hashes(from),
        licenses: licences,
        copyright: from.copyright.clone(),
        cpe: from.cpe.clone(),
        purl: from.purl.as_ref().map(ToString::to_string),
        pedigree: pedigree(from),
        external_references: references(from, format),
        evidence: evidence(from, format),
        properties,
        ..Component::default()
    }
}

/// The one file a component is distributed as, where it is one. Its hashes are written at the component as well, where most
/// readers look for them.
pub(crate) fn only_distribution(distributions: &[Distribution]) -> Option<&Distribution> {
    match distributions {
        [only] => Some(only),
        _ => None,
    }
}

/// Hashes of the component itself: with those of its only file, and of files that nothing names.
fn own_hashes(from: &inventory::Component) -> Vec<Hash> {
    let nameless = from.distributions.iter().filter(|file| file.url.is_none() && file.file.is_none());
    let files = only_distribution(&from.distributions).into_iter().chain(nameless);
    distinct(from.hashes.iter().chain(files.flat_map(|file| &file.hashes))).into_iter().map(hash).collect()
}

fn hash(from: &inventory::Hash) -> Hash {
    Hash { alg: names::hash_algorithm(from.algorithm()).to_owned(), content: from.hex().to_owned() }
}

fn property(from: &inventory::Property) -> Property {
    Property { name: from.name.clone(), value: from.value.clone() }
}

/// Whether a text can be an address of electronic mail at all: the schemas check that.
fn is_mail(text: &str) -> bool {
    text.split_once('@').is_some_and(|(user, host)| {
        let is_dotted = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.');
        is_dotted(user)
            && is_dotted(host)
            && !text.contains("..")
            && user
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte))
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
            && host
                .split('.')
                .all(|label| !label.starts_with('-') && !label.ends_with('-') && label.len() < 64)
    })
}

fn person(from: &Contact) -> Option<Person> {
    let email = from.email.clone().filter(|email| is_mail(email));
    let name = from.name.clone().or_else(|| from.email.clone().filter(|_| email.is_none()));
    (name.is_some() || email.is_some()).then_some(Person { name, email })
}

fn people(from: &[Contact]) -> Vec<Person> {
    first_of_each(from.iter().filter_map(person), Clone::clone)
}

fn joined(people: &[Person]) -> Option<String> {
    let names = people.iter().map(|person| match (&person.name, &person.email) {
        (Some(name), Some(email)) => format!("{name} <{email}>"),
        (Some(text), None) | (None, Some(text)) => text.clone(),
        (None, None) => String::new(),
    });
    let names: Vec<_> = names.collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn organisation(from: &Contact) -> Option<Organisation> {
    let email = from.email.clone().filter(|email| is_mail(email));
    let url = from.url.as_deref().and_then(address);
    let is_known = from.name.is_some() || email.is_some() || url.is_some();
    is_known.then(|| Organisation {
        name: from.name.clone(),
        url: url.into_iter().collect(),
        contact: email.map(|email| Person { name: None, email: Some(email) }).into_iter().collect(),
    })
}

fn pedigree(from: &inventory::Component) -> Option<Pedigree> {
    let files = from.patches.iter().filter_map(|patch| address(&relative(&patch.file)));
    let patches = distinct(files)
        .into_iter()
        .map(|file| Patch { kind: Some("unofficial".to_owned()), diff: Some(Diff { url: Some(file) }) });
    let patches: Vec<_> = patches.collect();
    (!patches.is_empty()).then_some(Pedigree { patches })
}

/// What a file is called by the last part of its address.
pub(crate) fn file_of_url(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    path.rsplit('/').next().unwrap_or(path)
}

/// Beginning of the comment that holds the name of a file whose address ends otherwise.
pub(crate) const FILE: &str = "file: ";

/// Beginning of the comment that says that a distribution holds source; 1.6 has a type for that.
pub(crate) const SOURCE: &str = "source";

fn distribution(from: &Distribution, format: Format) -> Option<ExternalReference> {
    let url = from.url.as_deref().and_then(address);
    let file = from.file.as_deref().map(relative);
    let named = url.as_deref().map(file_of_url).map(str::to_owned);
    // A file without an address is named by a relative one.
    let url = url.or_else(|| file.as_deref().and_then(address))?;
    let named = named.unwrap_or_else(|| url.clone());
    let mut comment = file.filter(|file| *file != named).map(|file| format!("{FILE}{file}"));
    let kind = match (from.is_source, format) {
        (false, _) => "distribution",
        (true, Format::CycloneDx15) => {
            comment = Some(comment.map_or_else(|| SOURCE.to_owned(), |file| format!("{SOURCE}, {file}")));
            "distribution"
        }
        (true, _) => "source-distribution",
    };
    let hashes = from.hashes.iter().map(hash).collect();
    Some(ExternalReference { kind: kind.to_owned(), url, comment, hashes })
}

/// The types of external references of 1.5; 1.6 added to them.
pub(super) const REFERENCES_1_6: [&str; 5] =
    ["source-distribution", "electronic-signature", "digital-signature", "rfc-9116", "patent"];

fn references(from: &inventory::Component, format: Format) -> Vec<ExternalReference> {
    let distributions = from.distributions.iter().filter_map(|file| distribution(file, format));
    let others = from.references.iter().filter_map(|reference| {
        let kind = names::reference(&reference.kind);
        let is_new = format == Format::CycloneDx15 && REFERENCES_1_6.contains(&kind);
        let (kind, comment) = if is_new { ("other", Some(kind.to_owned())) } else { (kind, None) };
        let url = address(&reference.url)?;
        Some(ExternalReference { kind: kind.to_owned(), url, comment, hashes: Vec::new() })
    });
    distinct(distributions.chain(others))
}

fn evidence(from: &inventory::Component, format: Format) -> Option<Evidence> {
    let occurrences = distinct(from.places.iter().map(|place| Occurrence {
        location: relative(&place.file),
        line: place.line.filter(|_| format != Format::CycloneDx15),
    }));
    (!occurrences.is_empty()).then_some(Evidence { occurrences })
}

fn dependency(entry: &Entry<'_>) -> Dependency {
    Dependency { of: entry.reference.clone(), depends_on: entry.needs.clone() }
}

fn compositions(canonical: &Canonical<'_>) -> Vec<Composition> {
    let words = [
        (Completeness::Complete, "complete"),
        (Completeness::Incomplete, "incomplete"),
        (Completeness::Unknown, "unknown"),
    ];
    let of = |completeness| {
        let mut references: Vec<_> = canonical
            .all()
            .filter(|entry| entry.completeness == completeness)
            .map(|entry| entry.reference.clone())
            .collect();
        sort(&mut references);
        references
    };
    words
        .into_iter()
        .map(|(completeness, word)| (of(completeness), word))
        .filter(|(references, _)| !references.is_empty())
        .map(|(dependencies, word)| Composition {
            aggregate: word.to_owned(),
            assemblies: Vec::new(),
            dependencies,
        })
        .collect()
}
