//! Bills of CycloneDX, merged as they stand.

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{Component, Contact};
use serde_json::{Map, Value, json};

use super::refs::{self, OWN};
use super::unite::{add, identity, title, unite};
use super::{Apart, Bill, Lost, MergeError, MergeOptions, Merged, MergedRoot};
use crate::json::{self, Header};
use crate::{Document, Format, ReadError, names, uuid};

type Object = Map<String, Value>;

/// A bill, parsed.
#[derive(Debug)]
pub(super) struct Part {
    name: String,
    format: Format,
    members: Object,
}

impl Part {
    pub(super) fn parse(bill: &Bill<'_>) -> Result<Self, MergeError> {
        let read = |problem| MergeError::Read { bill: bill.name.to_owned(), problem };
        let (bytes, header) = json::header(bill.bytes).map_err(read)?;
        let version = |format, version| read(ReadError::Version { format, version });
        let format = match header {
            // Each version is a superset of those before it.
            Header::CycloneDx { version: text } => match text.as_str() {
                "1.2" | "1.3" | "1.4" | "1.5" => Format::CycloneDx15,
                "1.6" => Format::CycloneDx16,
                "1.7" => Format::CycloneDx17,
                _ => return Err(version("CycloneDX", text)),
            },
            Header::Spdx2 { .. } => Format::Spdx23,
            Header::Spdx3 => Format::Spdx301,
        };
        let Value::Object(members) = json::value(bytes).map_err(read)? else {
            return Err(read(ReadError::NotABom));
        };
        Ok(Self { name: bill.name.to_owned(), format, members })
    }

    pub(super) fn format(&self) -> Format {
        self.format
    }

    pub(super) fn members(&self) -> &Object {
        &self.members
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Takes a member out that has to be an object.
    fn take_object(&mut self, name: &str) -> Result<Object, MergeError> {
        match self.members.shift_remove(name) {
            None | Some(Value::Null) => Ok(Object::new()),
            Some(Value::Object(object)) => Ok(object),
            Some(_) => Err(self.shape(name, "object")),
        }
    }

    /// Takes a member out that has to be a list of objects.
    fn take_objects(&mut self, name: &str) -> Result<Vec<Object>, MergeError> {
        let items = match self.members.shift_remove(name) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(self.shape(name, "list")),
        };
        let object = |(index, item)| match item {
            Value::Object(object) => Ok(object),
            _ => Err(self.shape(&format!("{name}[{index}]"), "object")),
        };
        items.into_iter().enumerate().map(object).collect()
    }

    fn shape(&self, path: &str, expected: &'static str) -> MergeError {
        MergeError::Shape { bill: self.name.clone(), path: path.to_owned(), expected }
    }
}

/// Members that stand in the head, or are merged in a way of their own.
const HEAD: &[&str] = &["$schema", "bomFormat", "specVersion", "serialNumber", "version"];

/// What the result has of several.
#[derive(Debug, Default)]
struct Union {
    /// Things of `components` and `services`, by list. The root stands in neither.
    lists: [Items; 2],
    /// References that are taken.
    taken: BTreeSet<String>,
    /// The next number of a reference that is taken.
    numbers: BTreeMap<String, u32>,
    dependencies: Dependencies,
    /// All other members, in the order they were met.
    others: Object,
    united: usize,
    renamed: usize,
    apart: Vec<Apart>,
    lost: Vec<Lost>,
}

/// Things that are compared with those of other bills.
#[derive(Debug, Default)]
struct Items {
    items: Vec<Object>,
    /// Where those of one identity stand.
    by_identity: BTreeMap<String, Vec<usize>>,
}

/// Makes one bill of several.
pub(super) fn merge(parts: Vec<Part>, format: Format, options: &MergeOptions) -> Result<Merged, MergeError> {
    let mut result = Union::default();
    let mut about = About::default();
    let mut roots: Vec<Vec<String>> = Vec::with_capacity(parts.len());
    // Whatever a bill gives a reference to keeps it, as far as no earlier bill has it: a made one must be none of these.
    let mut all = BTreeSet::new();
    for part in &parts {
        part.members.values().for_each(|member| refs::given(member, &mut all));
    }
    let has_schema = parts.iter().any(|part| part.members.contains_key("$schema"));
    for (index, part) in parts.into_iter().enumerate() {
        roots.push(result.take(part, index, &all, &mut about)?);
    }
    let first_root = roots.first().and_then(|roots| roots.first()).cloned();
    let (root, root_ref) = match (&options.root, first_root) {
        (MergedRoot::First, Some(first)) if about.first_has_root => {
            let at = result.lists[0].items.iter().position(|item| is_named(item, &first));
            let root = at.map(|at| result.lists[0].items.remove(at)).unwrap_or_default();
            (root, first)
        }
        (MergedRoot::First, _) => {
            return Err(MergeError::NoProduct { bill: about.names.first().cloned().unwrap_or_default() });
        }
        (MergedRoot::New(component), _) => result.new_root(component, format, options)?,
    };
    let needs = roots.into_iter().flatten().filter(|reference| *reference != root_ref);
    result.dependencies.add(&root_ref, "dependsOn", needs);
    if matches!(options.root, MergedRoot::New(_)) {
        // Whoever merges says what the product is made of, and not that it is made of nothing else.
        let composition = json!({ "aggregate": "unknown", "dependencies": [root_ref] });
        result.append("compositions", vec![composition]);
    }
    Ok(result.write(root, &root_ref, about, format, has_schema, options))
}

impl Union {
    /// Takes over a bill. Returns what its product is called in the result, or of a bill without one, what nothing in it needs.
    fn take(
        &mut self,
        mut part: Part,
        index: usize,
        all: &BTreeSet<String>,
        about: &mut About,
    ) -> Result<Vec<String>, MergeError> {
        let mut own = BTreeSet::new();
        part.members.values().for_each(|member| refs::given(member, &mut own));
        let mut metadata = part.take_object("metadata")?;
        let root = match metadata.shift_remove("component") {
            None | Some(Value::Null) => None,
            Some(Value::Object(root)) => Some(root),
            Some(_) => return Err(part.shape("metadata.component", "object")),
        };
        let has_root = root.is_some();
        let components: Vec<Object> = root.into_iter().chain(part.take_objects("components")?).collect();
        let services = part.take_objects("services")?;
        let mut new: BTreeMap<String, String> = BTreeMap::new();
        let lists = [components, services];
        // First what is the same as in an earlier bill, since that decides what everything else is called.
        let mut added: [Vec<(usize, Object)>; 2] = Default::default();
        let mut root_is = None;
        for (list, (things, added)) in lists.into_iter().zip(&mut added).enumerate() {
            // What of the same bill is there twice stays twice.
            let mut matched = BTreeSet::new();
            for (position, thing) in things.into_iter().enumerate() {
                match self.find(list, &thing, &mut matched, &part.name) {
                    Some(at) => {
                        let is_root = list == 0 && position == 0 && has_root;
                        let reference = self.reference_of(list, at, &thing, all);
                        if is_root {
                            root_is = Some(reference.clone());
                        }
                        if let Some(old) = thing.get(OWN).and_then(Value::as_str) {
                            new.insert(old.to_owned(), reference);
                        }
                        self.united += 1;
                    }
                    None => added.push((position, thing)),
                }
            }
        }
        for reference in &own {
            if new.contains_key(reference) || self.taken.insert(reference.clone()) {
                continue;
            }
            let name = self.free(reference, all);
            self.renamed += 1;
            new.insert(reference.clone(), name);
        }
        new.retain(|old, name| old != name);
        let mut own_refs = Vec::new();
        for (list, added) in added.into_iter().enumerate() {
            for (position, thing) in added {
                let mut thing = Value::Object(thing);
                refs::rename(&mut thing, &new);
                let Value::Object(mut thing) = thing else { continue };
                if list == 0 {
                    let reference = self.named(&mut thing, all);
                    if position == 0 && has_root {
                        root_is = Some(reference);
                    } else {
                        own_refs.push(reference);
                    }
                }
                self.lists[list].push(thing);
            }
        }
        let mut dependencies =
            Value::Array(part.take_objects("dependencies")?.into_iter().map(Value::Object).collect());
        refs::rename(&mut dependencies, &new);
        let mut needed = BTreeSet::new();
        for entry in dependencies.as_array().into_iter().flatten().filter_map(Value::as_object) {
            let dropped = self.dependencies.take(entry, &mut needed);
            let bill = || part.name.clone();
            self.lost.extend(dropped.into_iter().map(|(path, why)| Lost { bill: bill(), path, why }));
        }
        let mut metadata = Value::Object(metadata);
        refs::rename(&mut metadata, &new);
        if let Value::Object(metadata) = metadata {
            about.take(metadata, &part, index, has_root);
        }
        self.take_others(part, &new);
        Ok(match root_is {
            Some(root) => vec![root],
            None => {
                let tops: Vec<_> =
                    own_refs.iter().filter(|reference| !needed.contains(*reference)).cloned().collect();
                if tops.is_empty() { own_refs } else { tops }
            }
        })
    }

    /// Where the same thing of an earlier bill stands, which then says what both say.
    fn find(
        &mut self,
        list: usize,
        thing: &Object,
        matched: &mut BTreeSet<usize>,
        bill: &str,
    ) -> Option<usize> {
        let items = &mut self.lists[list];
        let candidates = items.by_identity.get(&identity(thing))?;
        let mut apart = None;
        for &at in candidates {
            let Some(candidate) = items.items.get_mut(at) else { continue };
            if matched.contains(&at) {
                continue;
            }
            match unite(candidate, thing) {
                Ok(united) => {
                    *candidate = united;
                    matched.insert(at);
                    return Some(at);
                }
                Err(member) => apart = apart.or(Some(member)),
            }
        }
        let bill = bill.to_owned();
        self.apart.extend(apart.map(|member| Apart { bill, component: title(thing), member }));
        None
    }

    /// What a thing of an earlier bill is called; one that had no name gets that of the later bill, or a new one.
    fn reference_of(&mut self, list: usize, at: usize, thing: &Object, all: &BTreeSet<String>) -> String {
        let mut item = self.lists[list].items.get(at).cloned().unwrap_or_default();
        if item.get(OWN).and_then(Value::as_str).is_none() {
            let theirs =
                thing.get(OWN).and_then(Value::as_str).filter(|theirs| !self.taken.contains(*theirs));
            if let Some(theirs) = theirs.map(str::to_owned) {
                self.taken.insert(theirs.clone());
                item.insert(OWN.to_owned(), Value::from(theirs));
            }
        }
        let reference = self.named(&mut item, all);
        if let Some(place) = self.lists[list].items.get_mut(at) {
            *place = item;
        }
        reference
    }

    /// The reference of a thing; one without gets one.
    fn named(&mut self, thing: &mut Object, all: &BTreeSet<String>) -> String {
        if let Some(reference) = thing.get(OWN).and_then(Value::as_str) {
            return reference.to_owned();
        }
        let wish = match title(thing) {
            title if title.is_empty() => "component".to_owned(),
            title => title.replace(' ', "@"),
        };
        let is_free = !all.contains(&wish) && self.taken.insert(wish.clone());
        let reference = if is_free { wish } else { self.free(&wish, all) };
        thing.insert(OWN.to_owned(), Value::from(reference.clone()));
        reference
    }

    /// A reference nobody has: `wish#2`.
    fn free(&mut self, wish: &str, all: &BTreeSet<String>) -> String {
        let number = self.numbers.entry(wish.to_owned()).or_insert(2);
        loop {
            let reference = format!("{wish}#{number}");
            *number = number.saturating_add(1);
            if !all.contains(&reference) && self.taken.insert(reference.clone()) {
                return reference;
            }
        }
    }

    /// Members that are lists are joined, those that are objects member by member.
    fn take_others(&mut self, mut part: Part, new: &BTreeMap<String, String>) {
        let members = std::mem::take(&mut part.members);
        for (name, mut member) in members {
            if HEAD.contains(&name.as_str()) {
                continue;
            }
            if name == "signature" {
                let why = "what it signed is another document now";
                self.lost.push(Lost { bill: part.name.clone(), path: name, why });
                continue;
            }
            refs::rename(&mut member, new);
            let mut lost = Vec::new();
            join(&mut self.others, name.clone(), member, &name, &mut lost);
            let why = "an earlier bill says something else there, and there is room for one";
            self.lost.extend(lost.into_iter().map(|path| Lost { bill: part.name.clone(), path, why }));
        }
    }

    fn append(&mut self, name: &str, items: Vec<Value>) {
        join(&mut self.others, name.to_owned(), Value::Array(items), name, &mut Vec::new());
    }

    /// The component of a product that none of the bills has.
    fn new_root(
        &mut self,
        component: &Component,
        format: Format,
        options: &MergeOptions,
    ) -> Result<(Object, String), MergeError> {
        // The writer knows how a component is written.
        let mut document = Document::default();
        let id = document.inventory.add(Component { reference: None, ..component.clone() });
        document.inventory.set_root(id);
        document.about.timestamp.clone_from(&options.timestamp);
        let text = crate::write(&document, format)?;
        let written: Value = serde_json::from_str(&text).unwrap_or_default();
        let mut root = match written.pointer("/metadata/component") {
            Some(Value::Object(root)) => root.clone(),
            _ => Object::new(),
        };
        let wish = root.shift_remove(OWN).and_then(|own| own.as_str().map(str::to_owned)).unwrap_or_default();
        let reference =
            if self.taken.insert(wish.clone()) { wish } else { self.free(&wish, &BTreeSet::new()) };
        root.insert(OWN.to_owned(), Value::from(reference.clone()));
        Ok((root, reference))
    }

    fn write(
        self,
        root: Object,
        root_ref: &str,
        about: About,
        format: Format,
        has_schema: bool,
        options: &MergeOptions,
    ) -> Merged {
        let Self {
            lists: [components, services], dependencies, others, united, renamed, apart, lost, ..
        } = self;
        let count = components.items.len();
        let list = |items: Items| Value::Array(items.items.into_iter().map(Value::Object).collect());
        let mut body = Object::new();
        body.insert("metadata".to_owned(), Value::Object(about.written(root, options)));
        body.insert("components".to_owned(), list(components));
        if !services.items.is_empty() {
            body.insert("services".to_owned(), list(services));
        }
        body.insert("dependencies".to_owned(), dependencies.written(root_ref));
        body.extend(others);
        let mut bill = Object::new();
        bill.insert("bomFormat".to_owned(), Value::from("CycloneDX"));
        bill.insert("specVersion".to_owned(), Value::from(format.version()));
        let content = Value::Object(body);
        bill.insert(
            "serialNumber".to_owned(),
            Value::from(format!("urn:uuid:{}", uuid::of_content(&content.to_string()))),
        );
        bill.insert("version".to_owned(), Value::from(1));
        if has_schema {
            let schema = format!("http://cyclonedx.org/schema/bom-{}.schema.json", format.version());
            bill.insert("$schema".to_owned(), Value::from(schema));
        }
        if let Value::Object(body) = content {
            bill.extend(body);
        }
        // The pretty form of a value cannot fail.
        let mut text = format!("{:#}", Value::Object(bill));
        text.push('\n');
        Merged { text, format, components: count, united, renamed, apart, lost, faults: Vec::new() }
    }
}

impl Items {
    fn push(&mut self, thing: Object) {
        self.by_identity.entry(identity(&thing)).or_default().push(self.items.len());
        self.items.push(thing);
    }
}

fn is_named(thing: &Object, reference: &str) -> bool {
    thing.get(OWN).and_then(Value::as_str) == Some(reference)
}

/// Joins a member with what stands under its name; `lost` gets the paths of what there is no room for.
fn join(members: &mut Object, name: String, theirs: Value, path: &str, lost: &mut Vec<String>) {
    match (members.get_mut(&name), theirs) {
        (None, theirs) => {
            members.insert(name, theirs);
        }
        (Some(Value::Array(mine)), Value::Array(theirs)) => {
            add(mine, &theirs);
        }
        (Some(Value::Object(mine)), Value::Object(theirs)) => {
            for (name, theirs) in theirs {
                let path = format!("{path}.{name}");
                join(mine, name, theirs, &path, lost);
            }
        }
        (Some(mine), theirs) => {
            if *mine != theirs {
                lost.push(path.to_owned());
            }
        }
    }
}

/// Which thing needs and provides which.
#[derive(Debug, Default)]
struct Dependencies {
    entries: Vec<Entry>,
    by_reference: BTreeMap<String, usize>,
}

#[derive(Debug, Default)]
struct Entry {
    reference: String,
    /// `dependsOn` and `provides`: what they name, and whether the member was there at all.
    lists: [(BTreeSet<String>, bool); 2],
    /// Whatever else stands there.
    others: Object,
}

const LISTS: [&str; 2] = ["dependsOn", "provides"];

impl Dependencies {
    fn entry(&mut self, reference: &str) -> Option<&mut Entry> {
        let next = self.entries.len();
        let at = *self.by_reference.entry(reference.to_owned()).or_insert(next);
        if at == next {
            self.entries.push(Entry { reference: reference.to_owned(), ..Entry::default() });
        }
        self.entries.get_mut(at)
    }

    fn add(&mut self, reference: &str, list: &str, needs: impl Iterator<Item = String>) {
        if let Some(entry) = self.entry(reference) {
            for ((known, is_there), name) in entry.lists.iter_mut().zip(LISTS) {
                if name == list {
                    *is_there = true;
                    known.extend(needs);
                    return;
                }
            }
        }
    }

    /// Takes over an entry, and notes what is needed. Returns what of it has no place.
    fn take(&mut self, from: &Object, needed: &mut BTreeSet<String>) -> Vec<(String, &'static str)> {
        let mut dropped = Vec::new();
        let Some(reference) = from.get("ref").and_then(Value::as_str) else {
            return vec![("dependencies[]".to_owned(), "it does not say of what it is")];
        };
        for list in LISTS {
            let Some(items) = from.get(list).and_then(Value::as_array) else { continue };
            let texts = items.iter().filter_map(Value::as_str).map(str::to_owned);
            if list == "dependsOn" {
                needed.extend(texts.clone().filter(|to| to != reference));
            }
            self.add(reference, list, texts);
        }
        if let Some(entry) = self.entry(reference) {
            for (name, member) in from {
                let is_list = LISTS.contains(&name.as_str()) && member.is_array();
                if name != "ref" && !is_list {
                    let mut lost = Vec::new();
                    let path = format!("dependencies[].{name}");
                    join(&mut entry.others, name.clone(), member.clone(), &path, &mut lost);
                    let why = "an earlier bill says something else there, and there is room for one";
                    dropped.extend(lost.into_iter().map(|path| (path, why)));
                }
            }
        }
        dropped
    }

    /// The entry of the root first.
    fn written(self, root: &str) -> Value {
        let (root, others): (Vec<_>, Vec<_>) =
            self.entries.into_iter().partition(|entry| entry.reference == root);
        let entry = |entry: Entry| {
            let mut object = Object::new();
            object.insert("ref".to_owned(), Value::from(entry.reference));
            for ((list, is_there), name) in entry.lists.into_iter().zip(LISTS) {
                if is_there {
                    object.insert(name.to_owned(), list.into_iter().collect());
                }
            }
            object.extend(entry.others);
            Value::Object(object)
        };
        root.into_iter().chain(others).map(entry).collect()
    }
}

/// The metadata of the result, as they come together.
#[derive(Debug, Default)]
struct About {
    names: Vec<String>,
    first_has_root: bool,
    tools: [Vec<Value>; 2],
    lists: BTreeMap<&'static str, Vec<Value>>,
    /// Values of the other members, with the number of the bill.
    others: Vec<(usize, String, Value)>,
}

/// Lists of `metadata` that several bills fill together.
const JOINED: [&str; 3] = ["lifecycles", "authors", "properties"];

impl About {
    fn take(&mut self, metadata: Object, part: &Part, index: usize, has_root: bool) {
        self.names.push(part.name.clone());
        self.first_has_root |= index == 0 && has_root;
        for name in ["serialNumber", "version"] {
            if let Some(value) = part.members.get(name) {
                self.others.push((index, name.to_owned(), value.clone()));
            }
        }
        for (name, value) in metadata {
            let joined = JOINED.into_iter().find(|joined| *joined == name);
            match (name.as_str(), joined, value) {
                (_, Some(joined), Value::Array(items)) => {
                    add(self.lists.entry(joined).or_default(), &items);
                }
                // Up to 1.4, and allowed since.
                ("tools", _, Value::Array(tools)) => {
                    let tools: Vec<_> = tools.into_iter().map(tool).collect();
                    add(&mut self.tools[0], &tools);
                }
                ("tools", _, Value::Object(mut tools)) => {
                    for (kind, list) in ["components", "services"].into_iter().zip(&mut self.tools) {
                        if let Some(Value::Array(tools)) = tools.shift_remove(kind) {
                            add(list, &tools);
                        }
                    }
                    for (kind, value) in tools {
                        self.others.push((index, format!("tools.{kind}"), value));
                    }
                }
                (_, _, value) => self.others.push((index, name, value)),
            }
        }
    }

    /// The metadata. What the bills do not agree on, and what is true of one of them only, stays as a property that names the
    /// bill by its number.
    fn written(mut self, root: Object, options: &MergeOptions) -> Object {
        let mut metadata = Object::new();
        if let Some(timestamp) = options.timestamp.as_deref().and_then(lw_inventory::whole_seconds) {
            metadata.insert("timestamp".to_owned(), Value::from(timestamp));
        }
        if let Some(lifecycles) = self.lists.remove("lifecycles") {
            metadata.insert("lifecycles".to_owned(), Value::Array(lifecycles));
        }
        if let Some(ours) = &options.tool {
            let mut object = json!({ "type": "application", "name": ours.name });
            let more = [("publisher", &ours.vendor), ("version", &ours.version)];
            for (name, value) in more {
                if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
                    object.insert(name.to_owned(), Value::from(value.clone()));
                }
            }
            add(&mut self.tools[0], &[object]);
        }
        let [components, services] = self.tools;
        let tools: Object = [("components", components), ("services", services)]
            .into_iter()
            .filter(|(_, list)| !list.is_empty())
            .map(|(name, list)| (name.to_owned(), Value::Array(list)))
            .collect();
        if !tools.is_empty() {
            metadata.insert("tools".to_owned(), Value::Object(tools));
        }
        if let Some(authors) = self.lists.remove("authors") {
            metadata.insert("authors".to_owned(), Value::Array(authors));
        }
        metadata.insert("component".to_owned(), Value::Object(root));
        let given = [("manufacturer", &options.manufacturer), ("supplier", &options.supplier)];
        for (name, contact) in given {
            if let Some(organisation) = contact.as_ref().and_then(organisation) {
                metadata.insert(name.to_owned(), organisation);
            }
        }
        let bills = self.names.len();
        let mut properties = self.lists.remove("properties").unwrap_or_default();
        let mut by_name: BTreeMap<String, Vec<(usize, Value)>> = BTreeMap::new();
        for (index, name, value) in self.others {
            by_name.entry(name).or_default().push((index, value));
        }
        for (name, values) in by_name {
            let is_own = ["timestamp", "serialNumber", "version"].contains(&name.as_str())
                || name.starts_with("tools.");
            let agreed = values
                .first()
                .filter(|(_, first)| values.len() == bills && values.iter().all(|(_, value)| value == first));
            match agreed {
                Some((_, value)) if !is_own && !metadata.contains_key(&name) => {
                    metadata.insert(name, value.clone());
                }
                Some((_, value)) if !is_own && metadata.get(&name) == Some(value) => {}
                _ => {
                    for (index, value) in values {
                        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                        properties
                            .push(json!({ "name": format!("{MERGED}{}:{name}", index + 1), "value": value }));
                    }
                }
            }
        }
        if !properties.is_empty() {
            metadata.insert("properties".to_owned(), Value::Array(properties));
        }
        metadata
    }
}

/// Beginning of the names of properties that keep what one of the merged bills said of itself.
pub(super) const MERGED: &str = "lw:merged:";

/// A tool in the form of 1.4, as the component it is since.
fn tool(tool: Value) -> Value {
    let Value::Object(tool) = tool else { return tool };
    let mut component = Object::new();
    component.insert("type".to_owned(), Value::from(names::kind(lw_inventory::Kind::Application)));
    for (name, value) in tool {
        let name = if name == "vendor" { "publisher".to_owned() } else { name };
        component.insert(name, value);
    }
    Value::Object(component)
}

fn organisation(contact: &Contact) -> Option<Value> {
    let mut object = Object::new();
    if let Some(name) = &contact.name {
        object.insert("name".to_owned(), Value::from(name.clone()));
    }
    if let Some(url) = &contact.url {
        object.insert("url".to_owned(), json!([url]));
    }
    if let Some(email) = &contact.email {
        object.insert("contact".to_owned(), json!([{ "email": email }]));
    }
    (!object.is_empty()).then_some(Value::Object(object))
}
