//! Bills of different formats, merged in the model.

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{Component, ComponentId, Inventory, Property};
use lw_model::lists::filled;
use serde_json::Value;

use super::cyclonedx::{MERGED, Part};
use super::{Bill, Lost, MergeError, MergeOptions, Merged, MergedRoot};
use crate::{Document, Format};

/// Most paths that are told of one bill; more are counted.
const TOLD: usize = 40;

/// Reads the bills, merges what was read, and writes it.
pub(super) fn merge(
    bills: &[Bill<'_>],
    parsed: &[Part],
    format: Format,
    options: &MergeOptions,
) -> Result<Merged, MergeError> {
    let mut documents = Vec::with_capacity(bills.len());
    let mut lost = Vec::new();
    let mut before = 0;
    for (bill, part) in bills.iter().zip(parsed) {
        let read = |problem| MergeError::Read { bill: bill.name.to_owned(), problem };
        let (own_format, document) = crate::read(bill.bytes).map_err(read)?;
        lost.extend(lost_of(part, &document, own_format, format));
        before += document.inventory.iter().count();
        documents.push((bill.name.to_owned(), document));
    }
    if matches!(options.root, MergedRoot::First)
        && documents.first().is_some_and(|(_, document)| document.inventory.root().is_none())
    {
        return Err(MergeError::NoProduct {
            bill: bills.first().map(|bill| bill.name.to_owned()).unwrap_or_default(),
        });
    }
    let document = merged(documents, options);
    let after = document.inventory.iter().count() - usize::from(matches!(options.root, MergedRoot::New(_)));
    let text = crate::write(&document, format)?;
    Ok(Merged {
        text,
        format,
        components: document.inventory.len(),
        united: before.saturating_sub(after),
        renamed: 0,
        apart: Vec::new(),
        lost,
        faults: Vec::new(),
    })
}

/// What of a bill is not in the model, or has no place in the format: members that are fewer when the bill is written again in
/// its own format, found by doing so.
fn lost_of(part: &Part, document: &Document, own: Format, format: Format) -> Vec<Lost> {
    let again = |format| {
        let text = crate::write(document, format).ok()?;
        serde_json::from_str::<Value>(&text).ok()
    };
    let Some(written) = again(own) else { return Vec::new() };
    let mut lost = shrunk(
        &Value::Object(part.members().clone()),
        &written,
        part.name(),
        "the model has no place for it",
    );
    if own.is_cyclonedx()
        && format.is_cyclonedx()
        && own != format
        && let Some(other) = again(format)
    {
        lost.extend(shrunk(&written, &other, part.name(), "the format that is written has no place for it"));
    }
    lost
}

fn shrunk(before: &Value, after: &Value, bill: &str, why: &'static str) -> Vec<Lost> {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    count(before, String::new(), &mut old);
    count(after, String::new(), &mut new);
    let fewer = old.into_iter().filter(|(path, count)| new.get(path).is_none_or(|now| now < count));
    // Of a member that is gone, those inside it need not be told.
    let mut told: BTreeSet<String> = BTreeSet::new();
    let mut lost: Vec<Lost> = Vec::new();
    let mut more = 0;
    for (path, _) in fewer {
        let is_inside =
            path.char_indices().any(|(at, c)| (c == '.' || c == '[') && told.contains(&path[..at]));
        if !new.contains_key(&path) {
            told.insert(path.clone());
        }
        if is_inside {
            continue;
        }
        if lost.len() < TOLD {
            lost.push(Lost { bill: bill.to_owned(), path, why });
        } else {
            more += 1;
        }
    }
    if more > 0 {
        lost.push(Lost { bill: bill.to_owned(), path: format!("… and {more} more"), why });
    }
    lost
}

/// How often each path occurs; places in a list are not told apart.
fn count(value: &Value, path: String, counts: &mut BTreeMap<String, u64>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                count(member, path, counts);
            }
        }
        Value::Array(items) => {
            let path = format!("{path}[]");
            items.iter().for_each(|item| count(item, path.clone(), counts));
        }
        _ => *counts.entry(path).or_default() += 1,
    }
}

/// Merges documents in the model.
pub(super) fn merged(documents: Vec<(String, Document)>, options: &MergeOptions) -> Document {
    let mut result = Document::default();
    let mut root = match &options.root {
        MergedRoot::New(component) => {
            Some(result.inventory.add(Component { reference: None, ..(**component).clone() }))
        }
        MergedRoot::First => None,
    };
    let suppliers: Vec<_> = documents.iter().map(|(_, document)| document.about.supplier.clone()).collect();
    let makers: Vec<_> = documents.iter().map(|(_, document)| document.about.manufacturer.clone()).collect();
    let licences: Vec<_> = documents.iter().map(|(_, document)| document.about.licence.clone()).collect();
    for (index, (_, document)) in documents.into_iter().enumerate() {
        let Document { about, mut inventory } = document;
        separate(&result.inventory, &mut inventory);
        let tops = tops(&inventory);
        let tops: Vec<_> =
            tops.into_iter().filter_map(|id| inventory.get(id).map(Component::identity)).collect();
        result.inventory.absorb(inventory, None);
        let tops: Vec<_> = tops.iter().filter_map(|identity| result.inventory.find(identity)).collect();
        // The product of the first bill, where it stays the product.
        let root = *root.get_or_insert_with(|| {
            tops.first().copied().unwrap_or_else(|| result.inventory.add(Component::default()))
        });
        tops.into_iter().for_each(|top| result.inventory.depend(root, top));
        for tool in about.tools {
            if !result.about.tools.contains(&tool) {
                result.about.tools.push(tool);
            }
        }
        for author in about.authors {
            if !result.about.authors.contains(&author) {
                result.about.authors.push(author);
            }
        }
        for phase in about.lifecycles {
            if !result.about.lifecycles.contains(&phase) {
                result.about.lifecycles.push(phase);
            }
        }
        let own = [("serialNumber", about.serial), ("timestamp", about.timestamp)];
        let own = own.into_iter().filter_map(|(name, value)| {
            Some(Property { name: format!("{MERGED}{}:{name}", index + 1), value: value? })
        });
        for property in about.properties.into_iter().chain(own) {
            if !result.about.properties.contains(&property) {
                result.about.properties.push(property);
            }
        }
    }
    if let Some(root) = root {
        result.inventory.set_root(root);
    }
    if let Some(tool) = &options.tool
        && !result.about.tools.contains(tool)
    {
        result.about.tools.push(tool.clone());
    }
    result.about.timestamp.clone_from(&options.timestamp);
    result.about.supplier = options.supplier.clone().or_else(|| agreed(suppliers));
    result.about.manufacturer = options.manufacturer.clone().or_else(|| agreed(makers));
    result.about.licence = agreed(licences);
    result
}

/// What all say.
fn agreed<T: PartialEq>(said: Vec<Option<T>>) -> Option<T> {
    let mut said = said.into_iter();
    let first = said.next()??;
    said.all(|other| other.as_ref() == Some(&first)).then_some(first)
}

/// The product, or of an inventory without one, what nothing in it needs.
fn tops(inventory: &Inventory) -> Vec<ComponentId> {
    if let Some(root) = inventory.root() {
        return vec![root];
    }
    let needed: BTreeSet<ComponentId> = filled(inventory.edges().map(|(_, to)| to));
    let all: Vec<_> = inventory.iter().map(|(id, _)| id).collect();
    let tops: Vec<_> = all.iter().copied().filter(|id| !needed.contains(id)).collect();
    if tops.is_empty() { all } else { tops }
}

/// Takes the references away that the result has given to something else. The writer makes new ones.
fn separate(result: &Inventory, other: &mut Inventory) {
    let taken: BTreeMap<String, _> = filled(
        result.iter().filter_map(|(_, component)| Some((component.reference.clone()?, component.identity()))),
    );
    let clashing: Vec<_> = other
        .iter()
        .filter(|(_, component)| {
            let owner = component.reference.as_ref().and_then(|reference| taken.get(reference));
            owner.is_some_and(|owner| *owner != component.identity())
        })
        .map(|(id, _)| id)
        .collect();
    for id in clashing {
        if let Some(component) = other.get_mut(id) {
            component.reference = None;
        }
    }
}
