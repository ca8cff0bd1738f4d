//! `uv.lock`, version 1 in its revisions: <https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile>.
//!
//! The lock holds everything: the project and the members of its workspace as packages of their own, every package with its
//! source, files and hashes, and every edge with the extra that asks for it.

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{Completeness, ComponentId, Inventory, Scope, Source};
use lw_model::lists::filled;
use lw_syntax::tree::Placed;
use serde::Deserialize;
use serde_json::Value;

use super::pyproject::Pyproject;
use super::{MARKER, add_root, distribution, first_of, git, hash, index, nameless, normal, package, path};
use crate::address;
use crate::scopes::Needs;
use crate::text::Input;
use crate::{Error, Places};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Lock {
    version: Option<i64>,
    #[serde(default)]
    manifest: Manifest,
    #[serde(default, rename = "package")]
    packages: Vec<Placed<Package>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Manifest {
    #[serde(default)]
    members: Vec<String>,
    #[serde(default)]
    requirements: Vec<Value>,
    #[serde(default)]
    dependency_groups: BTreeMap<String, Vec<Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Package {
    name: String,
    version: Option<String>,
    source: From,
    #[serde(default)]
    resolution_markers: Vec<String>,
    #[serde(default)]
    dependencies: Vec<Dependency>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, Vec<Dependency>>,
    #[serde(default, alias = "dependency-groups")]
    dev_dependencies: BTreeMap<String, Vec<Dependency>>,
    sdist: Option<Archive>,
    #[serde(default)]
    wheels: Vec<Archive>,
}

#[derive(Clone, Default, Deserialize, PartialEq)]
struct From {
    registry: Option<String>,
    git: Option<String>,
    url: Option<String>,
    path: Option<String>,
    directory: Option<String>,
    editable: Option<String>,
    #[serde(rename = "virtual")]
    virtual_: Option<String>,
    subdirectory: Option<String>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    version: Option<String>,
    source: Option<From>,
    #[serde(default)]
    extra: Vec<String>,
    marker: Option<String>,
}

#[derive(Deserialize)]
struct Archive {
    url: Option<String>,
    path: Option<String>,
    filename: Option<String>,
    hash: Option<String>,
    #[serde(rename = "upload-time")]
    upload_time: Option<String>,
}

impl From {
    /// The folder, where it is one of the project's own.
    fn folder(&self) -> Option<&str> {
        self.editable.as_deref().or(self.virtual_.as_deref()).or(self.directory.as_deref())
    }

    fn source(&self, folder: &str) -> Source {
        if let Some(registry) = &self.registry {
            return index(registry);
        }
        if let Some(url) = &self.git {
            // `repository?rev=tag&subdirectory=folder#commit`, where uv's own parameters stand among the address's.
            let (url, commit) =
                url.rsplit_once('#').map_or((url.as_str(), None), |(url, id)| (url, Some(id)));
            let (url, query) = url.split_once('?').map_or((url, ""), |(url, query)| (url, query));
            let value = |key: &str| {
                query
                    .split('&')
                    .find_map(|part| part.strip_prefix(key)?.strip_prefix('='))
                    .map(address::unescape)
            };
            let named = value("rev").or_else(|| value("tag")).or_else(|| value("branch"));
            let revision = commit.filter(|commit| !commit.is_empty()).or(named.as_deref());
            return git(folder, url, revision, value("subdirectory").as_deref());
        }
        if let Some(url) = &self.url {
            return match super::of_url(folder, url) {
                Source::Url(url) => Source::Url(match &self.subdirectory {
                    Some(folder) => format!("{url}#subdirectory={folder}"),
                    None => url,
                }),
                other => other,
            };
        }
        match self.folder().or(self.path.as_deref()) {
            Some(local) => path(folder, local),
            None => Source::Unknown,
        }
    }
}

/// Reads `uv.lock`, and of `pyproject.toml` beside it what the project says of itself.
pub(super) fn read(places: &Places<'_>, file: &str) -> Result<Inventory, Error> {
    let source = Input::open(places.project, file, "uv.lock")?;
    let lock: Lock = source.toml()?;
    match lock.version {
        Some(1) => {}
        Some(version) => return Err(source.version(None, version.to_string())),
        None => return Err(source.malformed(None, "it has no \"version\"")),
    }
    source.limit(lock.packages.len())?;
    let folder = address::folder_of(file);
    let project = Pyproject::find(places.project, folder)?;
    Reading { source: &source, folder, lock: &lock }.inventory(project.as_ref())
}

struct Reading<'a> {
    source: &'a Input<'a>,
    folder: &'a str,
    lock: &'a Lock,
}

/// Packages by name, and the nodes of the graph: each package, then each extra of each package.
struct Nodes<'a> {
    by_name: BTreeMap<&'a str, Vec<usize>>,
    extras: BTreeMap<(usize, &'a str), usize>,
}

impl Reading<'_> {
    fn inventory(&self, project: Option<&Pyproject>) -> Result<Inventory, Error> {
        let packages = &self.lock.packages;
        let mut nodes = Nodes { by_name: BTreeMap::new(), extras: BTreeMap::new() };
        let mut count = packages.len();
        for (index, package) in packages.iter().enumerate() {
            let package = &package.value;
            nodes.by_name.entry(&package.name).or_default().push(index);
            for extra in package.optional_dependencies.keys() {
                nodes.extras.insert((index, extra), count);
                count += 1;
            }
        }

        let at_top = |package: &Package| {
            package.source.folder().is_some_and(|folder| [".", "", "./"].contains(&folder))
        };
        let root = packages.iter().position(|package| at_top(&package.value));
        let members = self.members(root);

        // The last node is the workspace, which needs its members.
        let workspace = count;
        let mut needs = Needs::new(count + 1);
        let mut lines = BTreeMap::new();
        for (index, spanned) in packages.iter().enumerate() {
            let package = &spanned.value;
            let line = self.source.line(spanned.at);
            lines.insert(index, line);
            let mut link = |from: usize, dependencies: &[Dependency], scope: Scope| -> Result<(), Error> {
                for dependency in dependencies {
                    for to in self.find(&nodes, dependency, line)? {
                        needs.add(from, to, scope);
                        for extra in &dependency.extra {
                            // An extra that a package does not have is only warned of by uv, and adds nothing.
                            if let Some(&node) = nodes.extras.get(&(to, extra.as_str())) {
                                needs.add(from, node, scope);
                            }
                        }
                    }
                }
                Ok(())
            };
            link(index, &package.dependencies, Scope::Required)?;
            for (extra, dependencies) in &package.optional_dependencies {
                if let Some(&node) = nodes.extras.get(&(index, extra.as_str())) {
                    link(node, dependencies, Scope::Required)?;
                }
            }
            if members.contains(&index) {
                for dependencies in package.dev_dependencies.values() {
                    link(index, dependencies, Scope::Excluded)?;
                }
            }
        }
        // What a member offers as an extra is the product's to choose.
        for &member in &members {
            needs.add(workspace, member, Scope::Required);
            for extra in packages
                .get(member)
                .into_iter()
                .flat_map(|package| package.value.optional_dependencies.keys())
            {
                if let Some(&node) = nodes.extras.get(&(member, extra.as_str())) {
                    needs.add(member, node, Scope::Optional);
                }
            }
        }
        for (value, scope) in self.asked_by_manifest() {
            for &to in nodes.by_name.get(value.as_str()).into_iter().flatten() {
                needs.add(workspace, to, scope);
            }
        }

        let scopes = needs.scopes([workspace]);
        let mut inventory = Inventory::new();
        let root_id = match root.and_then(|index| packages.get(index)) {
            Some(spanned) => {
                let package = &spanned.value;
                let known = project.and_then(|project| project.project.clone());
                let mut own =
                    super::package(&package.name, package.version.as_deref(), nameless(self.folder).source);
                if let Some(known) = known.filter(|known| known.name == own.name) {
                    own.version = own.version.or_else(|| known.version.clone());
                    own.absorb(known);
                }
                own.places.insert(self.source.place(spanned.at));
                own
            }
            None => project.map_or_else(|| nameless(self.folder), |project| project.root(self.folder)),
        };
        let mut root_component = root_id;
        root_component.dependencies_known = Completeness::Complete;
        let root_id = add_root(&mut inventory, root_component);

        let mut ids: Vec<ComponentId> = Vec::with_capacity(packages.len());
        for (index, spanned) in packages.iter().enumerate() {
            let id = if Some(index) == root {
                root_id
            } else {
                let mut component = self.component(&spanned.value);
                component.places.insert(self.source.place(spanned.at));
                // What nothing leads to is not left out: nobody says that it is not needed.
                component.scope = scopes.get(index).copied().flatten().unwrap_or(Scope::Required);
                inventory.add(component)
            };
            ids.push(id);
        }
        self.edges(&nodes, &needs, &scopes, &ids, &mut inventory);
        for &(to, _) in needs.of(workspace) {
            if let Some(&to) = ids.get(to) {
                inventory.depend(root_id, to);
            }
        }
        Ok(inventory)
    }

    /// The members of the workspace: those the manifest names, or else the project itself.
    fn members(&self, root: Option<usize>) -> BTreeSet<usize> {
        let named: BTreeSet<&str> = filled(self.lock.manifest.members.iter().map(String::as_str));
        let mut members: BTreeSet<usize> = filled(root);
        for (index, package) in self.lock.packages.iter().enumerate() {
            let package = &package.value;
            if package.source.folder().is_some() && named.contains(package.name.as_str()) {
                members.insert(index);
            }
        }
        members
    }

    /// What the manifest of a script or of a workspace without a project asks for.
    fn asked_by_manifest(&self) -> Vec<(String, Scope)> {
        let manifest = &self.lock.manifest;
        let name = |value: &Value| value.get("name").and_then(Value::as_str).map(normal);
        let requirements = manifest.requirements.iter().filter_map(name).map(|name| (name, Scope::Required));
        let groups = manifest.dependency_groups.values().flatten().filter_map(name);
        requirements.chain(groups.map(|name| (name, Scope::Excluded))).collect()
    }

    /// The packages that an entry of a list of dependencies means.
    fn find(&self, nodes: &Nodes<'_>, dependency: &Dependency, line: u32) -> Result<Vec<usize>, Error> {
        let named = nodes.by_name.get(dependency.name.as_str()).map(Vec::as_slice).unwrap_or_default();
        let fits = |index: &usize| {
            self.lock.packages.get(*index).is_some_and(|package| {
                let package = &package.value;
                let version = dependency.version.is_none() || dependency.version == package.version;
                version && dependency.source.as_ref().is_none_or(|source| *source == package.source)
            })
        };
        let found: Vec<_> = named.iter().copied().filter(fits).collect();
        if found.is_empty() {
            let version = dependency.version.as_deref().unwrap_or_default();
            let what = format!("{} {version} is needed and has no entry", dependency.name);
            return Err(self.source.inconsistent(Some(line), what.replace("  ", " ")));
        }
        Ok(found)
    }

    fn component(&self, entry: &Package) -> lw_inventory::Component {
        let source = entry.source.source(self.folder);
        let mut component = package(&entry.name, entry.version.as_deref(), source);
        component.dependencies_known = Completeness::Complete;
        for marker in &entry.resolution_markers {
            component.property("lw:python:resolution-marker", marker.clone());
        }
        // A folder is no file, so what uv may have hashed of it is nobody's download.
        if entry.source.folder().is_none() {
            for (archive, is_source) in entry
                .sdist
                .iter()
                .map(|archive| (archive, true))
                .chain(entry.wheels.iter().map(|wheel| (wheel, false)))
            {
                let file = archive.filename.as_deref().or(archive.path.as_deref());
                let mut file =
                    distribution(archive.url.as_deref(), file, archive.hash.as_deref().and_then(hash));
                file.is_source = is_source;
                component.distributions.push(file);
            }
            let files = entry.sdist.iter().chain(&entry.wheels);
            component.released = first_of(files.filter_map(|file| file.upload_time.clone()));
        }
        component
    }

    /// Draws the edges: those of a package, and those of its extras that something asks for.
    fn edges(
        &self,
        nodes: &Nodes<'_>,
        needs: &Needs,
        scopes: &[Option<Scope>],
        ids: &[ComponentId],
        inventory: &mut Inventory,
    ) {
        let mut markers: BTreeMap<ComponentId, Option<BTreeSet<&str>>> = BTreeMap::new();
        for (index, spanned) in self.lock.packages.iter().enumerate() {
            let package = &spanned.value;
            let Some(&from) = ids.get(index) else { continue };
            let extras = nodes.extras.range((index, "")..(index + 1, "")).map(|(_, &node)| node);
            let asked = extras.filter(|&node| scopes.get(node).copied().flatten().is_some());
            for node in std::iter::once(index).chain(asked) {
                for &(to, _) in needs.of(node) {
                    if let Some(&to) = ids.get(to) {
                        inventory.depend(from, to);
                    }
                }
            }
            let lists = package.optional_dependencies.values().chain(package.dev_dependencies.values());
            for dependency in lists.flatten().chain(&package.dependencies) {
                for to in self.find(nodes, dependency, 0).unwrap_or_default() {
                    let Some(&to) = ids.get(to) else { continue };
                    let entry = markers.entry(to).or_insert_with(|| Some(BTreeSet::new()));
                    match (&dependency.marker, entry.as_mut()) {
                        (Some(marker), Some(markers)) => {
                            markers.insert(marker);
                        }
                        // Something needs it always.
                        _ => *entry = None,
                    }
                }
            }
        }
        for (id, markers) in markers {
            let Some(component) = inventory.get_mut(id) else { continue };
            for marker in markers.into_iter().flatten() {
                component.property(MARKER, marker);
            }
        }
    }
}
