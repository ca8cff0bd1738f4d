//! `poetry.lock`, versions 1.0 to 2.1: <https://python-poetry.org/docs/basic-usage/#installing-with-poetrylock>.
//!
//! Version 2.1 says which groups a package belongs to, 1.x says `category`; between them only `pyproject.toml` and the edges
//! tell. What the project itself asks for stands in `pyproject.toml` alone.

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{Completeness, Inventory, Scope, Source, Unknown};
use lw_model::lists::filled;
use lw_syntax::tree::Placed;
use serde::Deserialize;
use serde_json::Value;

use super::pyproject::{Pyproject, extras, several};
use super::requirement::Requirement;
use super::{
    MARKER, add_root, distribution, git, hash, index, nameless, normal, of_url, package, path, version,
};
use crate::address;
use crate::scopes::Needs;
use crate::text::Input;
use crate::{Error, Places};

#[derive(Deserialize)]
struct Lock {
    #[serde(default, rename = "package")]
    packages: Vec<Placed<Package>>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Metadata {
    lock_version: Option<String>,
    #[serde(default)]
    files: BTreeMap<String, Vec<File>>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    description: Option<String>,
    category: Option<String>,
    #[serde(default)]
    optional: bool,
    groups: Option<Vec<String>>,
    markers: Option<Value>,
    #[serde(default)]
    files: Vec<File>,
    #[serde(default)]
    dependencies: BTreeMap<String, Value>,
    #[serde(default)]
    extras: BTreeMap<String, Vec<String>>,
    source: Option<From>,
}

#[derive(Deserialize)]
struct File {
    file: String,
    hash: Option<String>,
    url: Option<String>,
}

#[derive(Deserialize)]
struct From {
    #[serde(rename = "type")]
    kind: Option<String>,
    url: Option<String>,
    reference: Option<String>,
    resolved_reference: Option<String>,
    subdirectory: Option<String>,
}

impl From {
    fn source(&self, folder: &str) -> Source {
        let url = self.url.as_deref().unwrap_or_default();
        match self.kind.as_deref().unwrap_or_default() {
            "legacy" => index(url),
            "git" => {
                let revision = self.resolved_reference.as_deref().or(self.reference.as_deref());
                git(folder, url, revision, self.subdirectory.as_deref())
            }
            "url" => of_url(folder, url),
            "directory" | "file" => path(folder, url),
            _ => Source::PublicRegistry,
        }
    }
}

/// Reads `poetry.lock`, and `pyproject.toml` beside it.
pub(super) fn read(places: &Places<'_>, file: &str) -> Result<Inventory, Error> {
    let source = Input::open(places.project, file, "poetry.lock")?;
    let lock: Lock = source.toml()?;
    let metadata = lock
        .metadata
        .as_ref()
        .ok_or_else(|| source.malformed(None, "it has no \"metadata\", with which it ends"))?;
    match metadata.lock_version.as_deref() {
        Some("1.0" | "1.1" | "2.0" | "2.1") => {}
        Some(version) => return Err(source.version(None, version)),
        None => return Err(source.version(None, "0")),
    }
    source.limit(lock.packages.len())?;
    let folder = address::folder_of(file);
    let project = Pyproject::find(places.project, folder)?;
    Reading { source: &source, folder, packages: &lock.packages, metadata }.inventory(project.as_ref())
}

struct Reading<'a> {
    source: &'a Input<'a>,
    folder: &'a str,
    packages: &'a [Placed<Package>],
    metadata: &'a Metadata,
}

/// Packages by their normal names, and the nodes of their extras.
struct Nodes {
    by_name: BTreeMap<String, Vec<usize>>,
    extras: BTreeMap<(usize, String), usize>,
    count: usize,
}

impl Reading<'_> {
    fn get(&self, index: usize) -> Option<&Package> {
        self.packages.get(index).map(|package| &package.value)
    }

    fn nodes(&self) -> Nodes {
        let mut nodes =
            Nodes { by_name: BTreeMap::new(), extras: BTreeMap::new(), count: self.packages.len() };
        for (index, package) in self.packages.iter().enumerate() {
            nodes.by_name.entry(normal(&package.value.name)).or_default().push(index);
            for extra in package.value.extras.keys() {
                nodes.extras.insert((index, normal(extra)), nodes.count);
                nodes.count += 1;
            }
        }
        nodes
    }

    fn inventory(&self, project: Option<&Pyproject>) -> Result<Inventory, Error> {
        let nodes = self.nodes();
        let root = nodes.count;
        let mut needs = Needs::new(root + 1);
        for (index, spanned) in self.packages.iter().enumerate() {
            self.needs_of(index, spanned, &nodes, &mut needs)?;
        }

        let mut inventory = Inventory::new();
        let mut own = project.map_or_else(|| nameless(self.folder), |project| project.root(self.folder));
        own.dependencies_known =
            if project.is_some() { Completeness::Complete } else { Completeness::Incomplete };
        let own = add_root(&mut inventory, own);
        match project {
            Some(project) => {
                for direct in &project.direct {
                    let found = self.choose(&nodes, &direct.name, direct.versions.as_deref());
                    if found.is_empty() {
                        inventory.unknowns.insert(Unknown {
                            what: direct.name.clone(),
                            why: "pyproject.toml asks for it and poetry.lock has no entry for it: it may be needed on no \
                                  supported machine, or the lock is old; poetry lock writes it again"
                                .to_owned(),
                            place: Some(lw_inventory::Place { file: address::join(self.folder, "pyproject.toml"), line: None }),
                        });
                    }
                    for to in found {
                        needs.add(root, to, direct.scope);
                        for extra in &direct.extras {
                            if let Some(&node) = nodes.extras.get(&(to, extra.clone())) {
                                needs.add(root, node, direct.scope);
                            }
                        }
                    }
                }
            }
            None => {
                // What nothing else needs is what somebody asked for.
                let needed: BTreeSet<usize> =
                    filled((0..root).flat_map(|node| needs.of(node)).map(|&(to, _)| to));
                for index in (0..self.packages.len()).filter(|index| !needed.contains(index)) {
                    needs.add(root, index, Scope::Required);
                }
            }
        }

        let reached = needs.scopes([root]);
        let mut ids = Vec::with_capacity(self.packages.len());
        for (index, spanned) in self.packages.iter().enumerate() {
            let entry = &spanned.value;
            let mut component = self.component(entry);
            component.places.insert(self.source.place(spanned.at));
            component.scope = scope(entry, reached.get(index).copied().flatten(), project.is_some());
            ids.push(inventory.add(component));
        }
        for (index, &from) in ids.iter().enumerate() {
            let extras =
                nodes.extras.range((index, String::new())..(index + 1, String::new())).map(|(_, &node)| node);
            let asked = extras.filter(|&node| reached.get(node).copied().flatten().is_some());
            for node in std::iter::once(index).chain(asked) {
                for &(to, _) in needs.of(node) {
                    if let Some(&to) = ids.get(to) {
                        inventory.depend(from, to);
                    }
                }
            }
        }
        for &(to, _) in needs.of(root) {
            if let Some(&to) = ids.get(to) {
                inventory.depend(own, to);
            }
        }
        Ok(inventory)
    }

    /// Adds what a package needs, and what each of its extras adds.
    fn needs_of(
        &self,
        index: usize,
        spanned: &Placed<Package>,
        nodes: &Nodes,
        needs: &mut Needs,
    ) -> Result<(), Error> {
        let package = &spanned.value;
        let mut link = |from: usize, name: &str, value: &Value| -> Result<(), Error> {
            for one in several(value) {
                let versions = one.as_str().or_else(|| one.get("version").and_then(Value::as_str));
                let found = self.choose(nodes, name, versions);
                let bound =
                    ["markers", "python", "platform", "optional"].iter().any(|key| one.get(key).is_some());
                if found.is_empty() && !bound {
                    let what =
                        format!("{} {} needs {name}, which has no entry", package.name, package.version);
                    return Err(self.source.inconsistent(Some(self.source.line(spanned.at)), what));
                }
                for to in found {
                    needs.add(from, to, Scope::Required);
                    for extra in extras(one) {
                        if let Some(&node) = nodes.extras.get(&(to, extra)) {
                            needs.add(from, node, Scope::Required);
                        }
                    }
                }
            }
            Ok(())
        };
        let optional = |value: &Value| {
            several(value).iter().all(|one| one.get("optional").and_then(Value::as_bool) == Some(true))
        };
        let own = normal(&package.name);
        let dependencies: BTreeMap<_, _> =
            filled(package.dependencies.iter().map(|(name, value)| (normal(name), value)));
        for (name, value) in dependencies.iter().filter(|(_, value)| !optional(value)) {
            link(index, name, value)?;
        }
        let mut extra_of_itself = Vec::new();
        for (extra, requirements) in &package.extras {
            let Some(&node) = nodes.extras.get(&(index, normal(extra))) else { continue };
            for requirement in requirements {
                let Ok(requirement) = Requirement::parse(requirement) else { continue };
                let name = normal(&requirement.name);
                if name == own {
                    extra_of_itself.extend(requirement.extras.into_iter().map(|other| (node, other)));
                } else if let Some(value) = dependencies.get(&name).filter(|value| optional(value)) {
                    link(node, &name, value)?;
                }
            }
        }
        for (node, other) in extra_of_itself {
            if let Some(&other) = nodes.extras.get(&(index, other)) {
                needs.add(node, other, Scope::Required);
            }
        }
        Ok(())
    }

    /// The packages of a name that a constraint allows: all of them where that cannot be decided.
    fn choose(&self, nodes: &Nodes, name: &str, versions: Option<&str>) -> Vec<usize> {
        let named = nodes.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        if named.len() < 2 {
            return named.to_vec();
        }
        let allowed = |index: &usize| {
            let version = self.get(*index).map(|package| package.version.as_str());
            versions
                .zip(version)
                .is_none_or(|(versions, version)| version::allows(versions, version) != Some(false))
        };
        let chosen: Vec<_> = named.iter().copied().filter(allowed).collect();
        if chosen.is_empty() { named.to_vec() } else { chosen }
    }

    fn component(&self, entry: &Package) -> lw_inventory::Component {
        let from = entry.source.as_ref();
        let source = from.map_or(Source::PublicRegistry, |source| source.source(self.folder));
        let mut component = package(&entry.name, Some(&entry.version), source);
        component.description = entry.description.clone().filter(|text| !text.is_empty());
        component.dependencies_known = Completeness::Complete;
        match &entry.markers {
            Some(Value::String(marker)) => component.property(MARKER, marker.clone()),
            Some(Value::Object(by_group)) => {
                for (group, marker) in by_group {
                    component.property(MARKER, format!("{group}: {}", marker.as_str().unwrap_or_default()));
                }
            }
            _ => {}
        }
        for group in entry.groups.iter().flatten() {
            component.property("lw:python:group", group.clone());
        }
        let is_folder = from.is_some_and(|from| matches!(from.kind.as_deref(), Some("git" | "directory")));
        let elsewhere = self.metadata.files.get(&entry.name).into_iter().flatten();
        if !is_folder {
            for file in entry.files.iter().chain(elsewhere) {
                let hash = file.hash.as_deref().and_then(hash);
                component.distributions.push(distribution(file.url.as_deref(), Some(&file.file), hash));
            }
        }
        component
    }
}

/// Whether the project needs a package: what the lock says of it counts more than the way that leads there.
fn scope(entry: &Package, reached: Option<Scope>, has_project: bool) -> Scope {
    let wanted = if entry.optional { Scope::Optional } else { Scope::Required };
    match (&entry.groups, entry.category.as_deref()) {
        (Some(groups), _) if groups.iter().any(|group| group == "main") => wanted,
        (Some(_), _) => Scope::Excluded,
        (None, Some("main")) => wanted,
        (None, Some(_)) => Scope::Excluded,
        // What nothing leads to is not left out: nobody says that it is not needed.
        (None, None) if has_project => reached.unwrap_or(wanted),
        (None, None) => wanted,
    }
}
