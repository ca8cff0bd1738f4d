//! CycloneDX 1.2 to 1.7 as an inventory, as the suite and others write it.

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{
    self as inventory, Completeness, ComponentId, Contact, Distribution, Inventory, Place, Purl, Reference,
    Scope, Unknown,
};
use lw_model::lists::{filled, sort};

use super::licences;
use super::model::{Bom, Component, Composition, ExternalReference, Hash, Organisation, Person};
use super::write::{FILE, SOURCE, only_distribution};
use crate::{About, Document, Format, ReadError, Tool, json, names, own};

/// Versions of the format in JSON, and the one among those written here that is nearest.
fn format(version: &str) -> Option<Format> {
    match version {
        "1.2" | "1.3" | "1.4" | "1.5" => Some(Format::CycloneDx15),
        "1.6" => Some(Format::CycloneDx16),
        "1.7" => Some(Format::CycloneDx17),
        _ => None,
    }
}

pub(crate) fn read(bytes: &[u8], version: &str) -> Result<(Format, Document), ReadError> {
    let format = format(version)
        .ok_or_else(|| ReadError::Version { format: "CycloneDX", version: version.to_owned() })?;
    let bom: Bom = json::typed(bytes)?;
    let mut reader = Reader::default();
    let metadata = bom.metadata;
    if let Some(root) = metadata.component {
        let id = reader.component(root, None);
        reader.inventory.set_root(id);
    }
    for component in bom.components {
        reader.component(component, None);
    }
    for dependency in bom.dependencies {
        let Some(from) = reader.resolve(&dependency.of) else { continue };
        for needed in &dependency.depends_on {
            if let Some(to) = reader.resolve(needed) {
                reader.inventory.depend(from, to);
            }
        }
    }
    reader.compositions(&bom.compositions);
    let mut inventory = reader.inventory;
    let mut about = About {
        serial: bom.serial_number,
        version: bom.version,
        timestamp: metadata.timestamp.as_deref().and_then(lw_inventory::whole_seconds),
        tools: metadata.tools.components.into_iter().filter_map(tool).collect(),
        authors: metadata.authors.into_iter().filter_map(person).collect(),
        manufacturer: metadata.manufacturer.or(metadata.manufacture).and_then(organisation),
        supplier: metadata.supplier.and_then(organisation),
        lifecycles: metadata
            .lifecycles
            .iter()
            .filter_map(|lifecycle| names::lifecycle_of(lifecycle.phase.as_deref()?))
            .collect(),
        licence: licences::read(&metadata.licenses).0,
        properties: Vec::new(),
    };
    for property in metadata.properties {
        let property = inventory::Property { name: property.name, value: property.value };
        match own::unknown(&property) {
            Some(unknown) => drop(inventory.unknowns.insert(unknown)),
            None => about.properties.push(property),
        }
    }
    Ok((format, Document { about, inventory }))
}

#[derive(Default)]
struct Reader {
    inventory: Inventory,
    /// What each reference of the document stands for.
    known: BTreeMap<String, ComponentId>,
}

impl Reader {
    /// Adds a component and its parts. A part is needed by what it is part of.
    fn component(&mut self, from: Component, part_of: Option<ComponentId>) -> ComponentId {
        let (component, parts) = component(from);
        let reference = component.reference.clone();
        let twice = reference.as_ref().filter(|reference| self.known.contains_key(*reference)).cloned();
        let mut component = component;
        if twice.is_some() {
            component.reference = None;
        }
        let id = self.inventory.add(component);
        match (twice, reference) {
            (Some(reference), _) => {
                if self.known.get(&reference) != Some(&id) {
                    let why = "two different components of the document have this reference; what needs it may \
                               mean either";
                    self.unknowns(reference, why);
                }
            }
            (None, Some(reference)) => drop(self.known.insert(reference, id)),
            (None, None) => {}
        }
        if let Some(whole) = part_of {
            self.inventory.depend(whole, id);
        }
        for part in parts {
            self.component(part, Some(id));
        }
        id
    }

    fn unknowns(&mut self, what: String, why: &str) {
        self.inventory.unknowns.insert(Unknown { what, why: why.to_owned(), place: None });
    }

    /// The component of a reference. One that no component has is kept as something that is missing.
    fn resolve(&mut self, reference: &str) -> Option<ComponentId> {
        let found = self.known.get(reference).copied();
        if found.is_none() {
            let why =
                "the document's dependencies name it, but no component of the document has this reference";
            self.unknowns(reference.to_owned(), why);
        }
        found
    }

    fn compositions(&mut self, compositions: &[Composition]) {
        let root = self.inventory.root();
        for composition in compositions {
            let completeness = match composition.aggregate.as_str() {
                "complete" => Completeness::Complete,
                incomplete if incomplete.starts_with("incomplete") => Completeness::Incomplete,
                _ => Completeness::Unknown,
            };
            let is_of_all = composition.dependencies.is_empty() && composition.assemblies.is_empty();
            let named =
                composition.dependencies.iter().filter_map(|reference| self.known.get(reference).copied());
            let ids: Vec<_> = named.chain(root.filter(|_| is_of_all)).collect();
            for id in ids {
                if let Some(component) = self.inventory.get_mut(id) {
                    component.dependencies_known = completeness;
                }
            }
        }
    }
}

fn text(from: Option<String>) -> Option<String> {
    from.filter(|text| !text.trim().is_empty())
}

fn tool(from: Component) -> Option<Tool> {
    let supplier = from.supplier.and_then(|supplier| supplier.name);
    let vendor = text(from.vendor).or(text(from.publisher)).or(supplier).or(text(from.group));
    (!from.name.is_empty()).then(|| Tool { vendor, name: from.name, version: text(from.version) })
}

fn person(from: Person) -> Option<Contact> {
    let contact = Contact { name: text(from.name), email: text(from.email), url: None };
    (!contact.is_empty()).then_some(contact)
}

fn organisation(from: Organisation) -> Option<Contact> {
    let mut people = from.contact.into_iter();
    let first = people.next();
    let (name, email) = first.map_or((None, None), |person| (text(person.name), text(person.email)));
    let contact = Contact {
        name: text(from.name).or(name),
        email: email.or_else(|| people.find_map(|person| text(person.email))),
        url: from.url.into_iter().find(|url| !url.is_empty()),
    };
    (!contact.is_empty()).then_some(contact)
}

/// The property that keeps what the inventory has no place for.
const PUBLISHER: &str = "lw:publisher";

fn hashes(from: Vec<Hash>, unread: &mut Vec<inventory::Property>) -> BTreeSet<inventory::Hash> {
    let mut known = BTreeSet::new();
    for Hash { alg, content } in from {
        let algorithm = names::hash_algorithm_of(&alg);
        match algorithm.and_then(|algorithm| inventory::Hash::from_hex(algorithm, &content)) {
            Some(hash) => drop(known.insert(hash)),
            None => unread.push(inventory::Property {
                name: own::UNREAD_HASH.to_owned(),
                value: format!("{alg} {content}"),
            }),
        }
    }
    known
}

/// A component apart from its parts.
fn component(from: Component) -> (inventory::Component, Vec<Component>) {
    let mut properties: Vec<_> = from
        .properties
        .into_iter()
        .map(|property| inventory::Property { name: property.name, value: property.value })
        .collect();
    let mut keep = |name: &str, value: String| {
        properties.push(inventory::Property { name: name.to_owned(), value });
    };
    let mut purl = None;
    if let Some(written) = text(from.purl) {
        match written.parse::<Purl>() {
            Ok(parsed) => purl = Some(parsed),
            Err(_) => keep(own::UNREAD_PURL, written),
        }
    }
    if let Some(publisher) = text(from.publisher) {
        keep(PUBLISHER, publisher);
    }
    let own_hashes = hashes(from.hashes, &mut properties);
    let (declared_licence, concluded_licence) = licences::read(&from.licenses);
    let mut read = inventory::Component {
        kind: from.kind.as_deref().and_then(names::kind_of).unwrap_or_default(),
        ecosystem: purl.as_ref().map_or_else(String::new, |purl| purl.kind().to_owned()),
        namespace: text(from.group),
        name: from.name,
        version: text(from.version),
        source: own::implied_source(purl.as_ref()),
        purl,
        cpe: text(from.cpe),
        description: text(from.description),
        scope: match from.scope.as_deref() {
            Some("optional") => Scope::Optional,
            Some("excluded") => Scope::Excluded,
            _ => Scope::Required,
        },
        declared_licence,
        concluded_licence,
        copyright: text(from.copyright),
        authors: from.authors.into_iter().filter_map(person).collect(),
        supplier: from.supplier.and_then(organisation),
        manufacturer: from.manufacturer.and_then(organisation),
        reference: text(from.bom_ref),
        ..inventory::Component::default()
    };
    if let Some(name) = text(from.author).filter(|_| read.authors.is_empty()) {
        read.authors.push(Contact { name: Some(name), ..Contact::default() });
    }
    for reference in from.external_references {
        external(&mut read, reference, &mut properties);
    }
    sort(&mut read.distributions);
    read.distributions.dedup();
    // Those of its only file stand at the component as well.
    let of_file = only_distribution(&read.distributions).map(|file| file.hashes.clone()).unwrap_or_default();
    read.hashes = filled(own_hashes.difference(&of_file).cloned());
    for patch in from.pedigree.map(|pedigree| pedigree.patches).unwrap_or_default() {
        if let Some(file) = patch.diff.and_then(|diff| text(diff.url)) {
            read.patches.push(inventory::Patch { file, hash: None });
        }
    }
    for occurrence in from.evidence.map(|evidence| evidence.occurrences).unwrap_or_default() {
        if !occurrence.location.is_empty() {
            read.places.insert(Place { file: occurrence.location, line: occurrence.line });
        }
    }
    read.properties = filled(own::absorb(&mut read, properties));
    (read, from.components)
}

fn external(to: &mut inventory::Component, from: ExternalReference, unread: &mut Vec<inventory::Property>) {
    let is_source = from.kind == "source-distribution"
        || from.kind == "distribution"
            && from.comment.as_deref().is_some_and(|comment| {
                comment == SOURCE || comment.strip_prefix(SOURCE).is_some_and(|rest| rest.starts_with(", "))
            });
    if !is_source && from.kind != "distribution" {
        // What 1.5 has no type for.
        let kind = match from.comment.as_deref() {
            Some(kind) if from.kind == "other" && super::write::REFERENCES_1_6.contains(&kind) => kind,
            _ => &from.kind,
        };
        to.references.insert(Reference { kind: names::reference_of(kind), url: from.url });
        return;
    }
    let file =
        from.comment.as_deref().and_then(|comment| comment.split_once(FILE)).map(|(_, file)| file.to_owned());
    let is_address = from.url.contains(':');
    to.distributions.push(Distribution {
        file: file.or_else(|| (!is_address).then(|| from.url.clone())),
        url: is_address.then_some(from.url),
        is_source,
        hashes: hashes(from.hashes, unread),
    });
}
