//! A document in the order and with the names it is written with, whatever order it was made in.

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{Completeness, Component, ComponentId, Identity};
use lw_model::lists::{filled, sort};

use crate::{Document, WriteError};

/// A component with its reference and what it needs.
pub(crate) struct Entry<'a> {
    pub(crate) component: &'a Component,
    /// Unique in the document.
    pub(crate) reference: String,
    /// References of what it needs, sorted.
    pub(crate) needs: Vec<String>,
    /// Whether that is all of it. The product's own is never complete while something is known to be missing.
    pub(crate) completeness: Completeness,
}

/// The root, and all other components in the order of their references.
pub(crate) struct Canonical<'a> {
    pub(crate) root: Entry<'a>,
    pub(crate) others: Vec<Entry<'a>>,
}

impl<'a> Canonical<'a> {
    pub(crate) fn of(document: &'a Document) -> Result<Self, WriteError> {
        let inventory = &document.inventory;
        let root = inventory.root().ok_or(WriteError::NoRoot)?;
        let references = references(document)?;
        let reference = |id: ComponentId| references.get(&id).cloned().unwrap_or_default();
        let mut entries: BTreeMap<String, Entry<'a>> = BTreeMap::new();
        for (id, component) in inventory.iter() {
            let mut needs: Vec<_> = inventory.dependencies(id).map(reference).collect();
            sort(&mut needs);
            let completeness = if id == root && !inventory.unknowns.is_empty() {
                Completeness::Incomplete
            } else {
                component.dependencies_known
            };
            let reference = reference(id);
            entries.insert(reference.clone(), Entry { component, reference, needs, completeness });
        }
        let root = entries.remove(&reference(root)).ok_or(WriteError::NoRoot)?;
        Ok(Self { root, others: entries.into_values().collect() })
    }

    /// All entries, the root first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Entry<'a>> {
        std::iter::once(&self.root).chain(&self.others)
    }
}

/// The reference a component would like to have: the one it was read with, its package URL, or its name and version.
fn wish(component: &Component) -> String {
    // What begins like this would be taken for the address of another bill.
    let given =
        component.reference.as_ref().filter(|given| !given.is_empty() && !given.starts_with("urn:cdx:"));
    if let Some(given) = given {
        return given.clone();
    }
    if let Some(purl) = &component.purl {
        // Not percent-encoded: some readers look references up in that form, and it is easier to read.
        let purl = purl.to_string();
        return percent_encoding::percent_decode_str(&purl).decode_utf8_lossy().into_owned();
    }
    let mut wish = String::new();
    for part in [component.ecosystem.as_str(), component.namespace.as_deref().unwrap_or_default()] {
        if !part.is_empty() {
            wish.push_str(part);
            wish.push('/');
        }
    }
    wish.push_str(&component.name);
    if let Some(version) = &component.version {
        wish.push('@');
        wish.push_str(version);
    }
    wish
}

/// A reference for every component, which depends on nothing but the set of components.
fn references(document: &Document) -> Result<BTreeMap<ComponentId, String>, WriteError> {
    let mut wishes: BTreeMap<String, Vec<(Identity, ComponentId)>> = BTreeMap::new();
    for (id, component) in document.inventory.iter() {
        if component.name.trim().is_empty() {
            let reference = component.purl.as_ref().map(ToString::to_string);
            return Err(WriteError::NoName { reference: reference.or_else(|| component.reference.clone()) });
        }
        wishes.entry(wish(component)).or_default().push((component.identity(), id));
    }
    let mut taken: BTreeSet<String> = filled(wishes.keys().cloned());
    let mut references = BTreeMap::new();
    for (wish, mut wishers) in wishes {
        sort(&mut wishers);
        let mut number = 1u32;
        for (_, id) in wishers {
            if number == 1 {
                references.insert(id, wish.clone());
                number += 1;
                continue;
            }
            let reference = loop {
                let reference = format!("{wish}#{number}");
                number = number.saturating_add(1);
                if taken.insert(reference.clone()) {
                    break reference;
                }
            };
            references.insert(id, reference);
        }
    }
    Ok(references)
}
