//! Conan: `conan.lock` of Conan 1 (a graph) and 2 (lists), and `conanfile.txt`.
//!
//! <https://docs.conan.io/2/tutorial/versioning/lockfiles.html>, <https://docs.conan.io/1/versioning/lockfiles/introduction.html>,
//! <https://docs.conan.io/2/reference/conanfile_txt.html>.

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{
    Completeness, Component, ComponentId, Inventory, Kind, Place, Purl, Scope, Source, Unknown,
};
use lw_model::lists::filled;
use serde::Deserialize;

use crate::scopes::Needs;
use crate::text::Input;
use crate::{Error, Options, Places, Reader, address};

/// `conan.lock`, else `conanfile.txt`.
pub(crate) const READER: Reader = Reader { name: "conan", files: &["conan.lock", "conanfile.txt"], read };

#[derive(Deserialize)]
struct Lock {
    version: Option<String>,
    graph_lock: Option<Graph>,
    #[serde(default)]
    requires: Vec<String>,
    #[serde(default)]
    build_requires: Vec<String>,
    #[serde(default)]
    python_requires: Vec<String>,
    #[serde(default)]
    config_requires: Vec<String>,
}

#[derive(Deserialize)]
struct Graph {
    #[serde(default)]
    nodes: BTreeMap<String, Node>,
}

#[derive(Deserialize)]
struct Node {
    #[serde(rename = "ref")]
    reference: Option<String>,
    prev: Option<String>,
    /// The recipe, where it is a file of the project rather than a package.
    path: Option<String>,
    #[serde(default)]
    requires: Vec<String>,
    #[serde(default)]
    build_requires: Vec<String>,
    context: Option<String>,
}

/// `name/version@user/channel#revision:package#revision%time`.
#[derive(Debug, Default, PartialEq)]
struct Reference<'a> {
    name: &'a str,
    version: Option<&'a str>,
    user: Option<&'a str>,
    channel: Option<&'a str>,
    revision: Option<&'a str>,
}

impl<'a> Reference<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let (text, _time) = text.split_once('%').unwrap_or((text, ""));
        let (text, revision) =
            text.split_once('#').map_or((text, None), |(text, rest)| (text, rest.split(':').next()));
        let (text, _package) = text.split_once(':').unwrap_or((text, ""));
        let (name, owner) = text.split_once('@').map_or((text, None), |(name, owner)| (name, Some(owner)));
        let (name, version) =
            name.split_once('/').map_or((name, None), |(name, version)| (name, Some(version)));
        let (user, channel) = owner.map_or((None, None), |owner| {
            owner.split_once('/').map_or((Some(owner), None), |(user, channel)| (Some(user), Some(channel)))
        });
        let real = |part: &Option<&str>| part.is_none_or(|part| !part.chars().any(char::is_control));
        let is_name = !name.is_empty()
            && name.chars().all(|character| character.is_ascii_alphanumeric() || "_+.-".contains(character));
        // Conan writes `_` for what is not there.
        let some = |part: Option<&'a str>| part.filter(|part| !["", "_"].contains(part));
        let reference = Self {
            name,
            version: some(version),
            user: some(user),
            channel: some(channel),
            revision: revision.filter(|revision| !revision.is_empty()),
        };
        (is_name && [version, user, channel].iter().all(real)).then_some(reference)
    }

    fn component(&self, prev: Option<&str>) -> Component {
        // A range is what is asked for, and no version.
        let version = self.version.filter(|version| !version.starts_with('['));
        let mut component = Component::new("conan", self.name, version.map(str::to_owned));
        // The user is part of what a recipe is called; `namespace` of a package URL is a vendor, whom a lock does not know.
        component.namespace = self.user.map(|user| match self.channel {
            Some(channel) => format!("{user}/{channel}"),
            None => user.to_owned(),
        });
        component.purl = Purl::new("conan", None, self.name, version).ok().map(|purl| {
            let revision = self.revision.unwrap_or_default();
            purl.with("user", self.user.unwrap_or_default())
                .with("channel", self.channel.unwrap_or_default())
                .with("rrev", revision)
                .with("prev", prev.unwrap_or_default())
        });
        component.dependencies_known = Completeness::Incomplete;
        component
    }
}

fn read(places: &Places<'_>, file: &str, _: &Options) -> Result<Inventory, Error> {
    if file.ends_with(".txt") {
        return requirements(&Input::open(places.project, file, "conanfile.txt")?);
    }
    let source = Input::open(places.project, file, "conan.lock")?;
    let lock: Lock = source.json()?;
    match (lock.version.as_deref(), &lock.graph_lock) {
        (Some("0.4"), Some(graph)) => graph_lock(&source, graph),
        (Some("0.5"), None) => lists(&source, &lock),
        (Some(version), _) => Err(source.version(None, version)),
        (None, _) => Err(source.malformed(None, "it has no \"version\"")),
    }
}

/// A root that only the folder names.
fn nameless(file: &str) -> Component {
    let folder = address::folder_of(file);
    let mut root = Component::new("", folder.rsplit('/').next().unwrap_or_default(), None);
    root.kind = Kind::Application;
    root.source = Source::Path(folder.to_owned());
    root.dependencies_known = Completeness::Incomplete;
    root
}

/// The line of a text that a lock has in quotation marks.
fn lines_of<'a>(source: &'a Input<'_>) -> BTreeMap<&'a str, u32> {
    let mut lines = BTreeMap::new();
    for (number, line) in (1u32..).zip(source.text.lines()) {
        // Options come in one long text; references are short.
        if let Some(text) =
            line.trim().trim_end_matches(',').strip_suffix('"').filter(|text| text.len() < 512)
        {
            lines.entry(text.rsplit('"').next().unwrap_or(text)).or_insert(number);
        }
    }
    lines
}

/// Conan 1: nodes with edges.
fn graph_lock(source: &Input<'_>, graph: &Graph) -> Result<Inventory, Error> {
    source.limit(graph.nodes.len())?;
    let lines = lines_of(source);
    let mut inventory = Inventory::new();
    let mut components: BTreeMap<&str, Component> = BTreeMap::new();
    let mut project = None;
    for (id, node) in &graph.nodes {
        let text = node.reference.as_deref().unwrap_or_default();
        let line = lines.get(text).copied();
        if node.path.is_some() || text.is_empty() {
            // The project's own recipe, of which Conan may know no name.
            let folder = address::folder_of(source.file).to_owned();
            let mut own = nameless(source.file);
            if let Some(reference) = Reference::parse(text) {
                own = reference.component(None);
                own.kind = Kind::Application;
                own.purl = None;
                own.source = Source::Path(folder);
            }
            own.dependencies_known = Completeness::Complete;
            if project.replace(id.as_str()).is_some() {
                return Err(source.malformed(line, "it has more than one recipe of the project's own"));
            }
            components.insert(id, own);
            continue;
        }
        let reference = Reference::parse(text)
            .ok_or_else(|| source.malformed(line, format!("{text:?} is no name and version of a package")))?;
        let mut component = reference.component(node.prev.as_deref());
        component.dependencies_known = Completeness::Complete;
        component.places.insert(Place { file: source.file.to_owned(), line });
        components.insert(id, component);
    }
    let order: BTreeMap<&str, usize> = filled(components.keys().enumerate().map(|(index, id)| (*id, index)));
    let root = components.len();
    let mut needs = Needs::new(root + 1);
    for (id, node) in &graph.nodes {
        let from = order.get(id.as_str()).copied().unwrap_or(root);
        let build = node.context.as_deref() == Some("build");
        let edges = node.requires.iter().map(|to| (to, Scope::Required));
        for (to, scope) in edges.chain(node.build_requires.iter().map(|to| (to, Scope::Excluded))) {
            // Conan 1 may write `id#revision` in old locks.
            let to = to.split('#').next().unwrap_or(to);
            let to = order.get(to).copied().ok_or_else(|| {
                let line = node.reference.as_deref().and_then(|text| lines.get(text)).copied();
                source.inconsistent(line, format!("node {id:?} needs node {to:?}, which is not there"))
            })?;
            needs.add(from, to, if build { Scope::Excluded } else { scope });
        }
    }
    let start = project.and_then(|id| order.get(id)).copied();
    if start.is_none() {
        // The lock of a package: what nothing needs is what it was made for.
        let needed: BTreeSet<usize> = filled((0..root).flat_map(|node| needs.of(node)).map(|&(to, _)| to));
        for index in (0..root).filter(|index| !needed.contains(index)) {
            needs.add(root, index, Scope::Required);
        }
    }
    let start = start.unwrap_or(root);
    let reached = needs.scopes([start]);
    // What nothing leads to hangs on the root: nobody says that it is not needed.
    for index in (0..root).filter(|index| reached.get(*index).copied().flatten().is_none()) {
        needs.add(start, index, Scope::Required);
    }
    let scopes = needs.scopes([start]);
    let root_id = (start == root).then(|| {
        let id = inventory.add(nameless(source.file));
        inventory.set_root(id);
        id
    });
    let mut ids: Vec<ComponentId> = Vec::new();
    for (index, (_, mut component)) in components.into_iter().enumerate() {
        if index != start {
            component.scope = scopes.get(index).copied().flatten().unwrap_or(Scope::Excluded);
        }
        let id = inventory.add(component);
        if index == start {
            inventory.set_root(id);
        }
        ids.push(id);
    }
    ids.extend(root_id);
    for (index, &from) in ids.iter().enumerate() {
        for to in needs.of(index).iter().filter_map(|&(to, _)| ids.get(to)) {
            inventory.depend(from, *to);
        }
    }
    Ok(inventory)
}

/// Conan 2: what is needed, and not by whom.
fn lists(source: &Input<'_>, lock: &Lock) -> Result<Inventory, Error> {
    let build = lock.build_requires.iter().chain(&lock.python_requires).chain(&lock.config_requires);
    let entries: Vec<_> = lock
        .requires
        .iter()
        .map(|text| (text, Scope::Required))
        .chain(build.map(|text| (text, Scope::Excluded)))
        .collect();
    source.limit(entries.len())?;
    let lines = lines_of(source);
    let mut inventory = Inventory::new();
    let root = inventory.add(nameless(source.file));
    inventory.set_root(root);
    for (text, scope) in entries {
        let line = lines.get(text.as_str()).copied();
        let reference = Reference::parse(text)
            .filter(|reference| reference.version.is_some())
            .ok_or_else(|| source.malformed(line, format!("{text:?} is no name and version of a package")))?;
        let mut component = reference.component(None);
        component.scope = scope;
        component.places.insert(Place { file: source.file.to_owned(), line });
        let id = inventory.add(component);
        inventory.depend(root, id);
    }
    Ok(inventory)
}

/// `conanfile.txt`: what the project asks for itself.
fn requirements(source: &Input<'_>) -> Result<Inventory, Error> {
    let mut inventory = Inventory::new();
    let root = inventory.add(nameless(source.file));
    inventory.set_root(root);
    let mut scope = None;
    for (number, line) in (1u32..).zip(source.text.lines()) {
        let line = line.split(" #").next().unwrap_or(line).trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            scope = match section {
                "requires" => Some(Scope::Required),
                "build_requires" | "tool_requires" | "test_requires" => Some(Scope::Excluded),
                "options" | "generators" | "imports" | "layout" => None,
                _ => {
                    return Err(
                        source.malformed(Some(number), format!("[{section}] is no section that is known"))
                    );
                }
            };
            continue;
        }
        let Some(scope) = scope else { continue };
        let reference =
            Reference::parse(line).filter(|reference| reference.version.is_some()).ok_or_else(|| {
                source.malformed(Some(number), format!("{line:?} is no name and version of a package"))
            })?;
        let mut component = reference.component(None);
        let place = Place { file: source.file.to_owned(), line: Some(number) };
        if component.version.is_none() {
            component.property("lw:conan:requirement", reference.version.unwrap_or_default());
            inventory.unknowns.insert(Unknown {
                what: line.to_owned(),
                why: "no exact version is chosen; conan lock create writes which one is taken".to_owned(),
                place: Some(place.clone()),
            });
        }
        component.scope = scope;
        component.places.insert(place);
        let id = inventory.add(component);
        inventory.depend(root, id);
        source.limit(inventory.len())?;
    }
    inventory.unknowns.insert(Unknown {
        what: "what these packages need themselves".to_owned(),
        why: "a conanfile.txt lists only what the project asks for; conan lock create writes the rest"
            .to_owned(),
        place: Some(Place { file: source.file.to_owned(), line: None }),
    });
    Ok(inventory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_in_every_form() {
        let read = |text| Reference::parse(text).unwrap();
        let full = Reference {
            name: "a",
            version: Some("1.0"),
            user: Some("u"),
            channel: Some("c"),
            revision: Some("r"),
        };
        assert_eq!(read("a/1.0@u/c#r%1600000000.5"), full);
        assert_eq!(read("a/1.0@u/c#r:package#p"), full);
        assert_eq!(read("a/1.0@_/_"), Reference { name: "a", version: Some("1.0"), ..Reference::default() });
        assert_eq!(read("a/[>=1 <2]").version, Some("[>=1 <2]"));
        assert_eq!(read("a").version, None);
        for wrong in ["", "/1", "a b/1", "a/1\u{7}"] {
            assert_eq!(Reference::parse(wrong), None, "{wrong:?}");
        }
    }
}
