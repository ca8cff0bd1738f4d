//! `package-lock.json` and `npm-shrinkwrap.json`, versions 1 to 3.
//!
//! <https://docs.npmjs.com/cli/configuring-npm/package-lock-json>. Versions 2 and 3 list what lies where in `node_modules`; a
//! need is resolved as Node.js does it, from the folder of the package upwards. Version 1 nests packages in each other.

use std::collections::BTreeMap;

use lw_hashed::HashMap;
use lw_inventory::{Completeness, Inventory, Kind, Place, Scope, Source};
use lw_model::lists::filled;
use lw_syntax::json;
use lw_syntax::tree::Node;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::package::{
    Manifest, PeerMeta, Ranges, component, integrity, licence, set_distribution, set_source, source_of,
    workspaces,
};
use crate::graph::{Graph, Need};
use crate::origin::{MAX_PACKAGES, folder_of, inside, join, relative_path};
use crate::text::{Lines, fault, malformed, project_text};
use crate::{Error, Options, Places, Problem};

const FORMAT: &str = "package-lock.json";
/// Longer paths do not exist in any `node_modules`.
const MAX_PATH: usize = 4096;

#[derive(Deserialize)]
struct File {
    name: Option<String>,
    version: Option<String>,
    #[serde(rename = "lockfileVersion")]
    lockfile_version: Option<u32>,
    /// Of version 2 with the same as `dependencies`, so that one of them is read.
    #[serde(rename = "packages")]
    _packages: Option<IgnoredAny>,
    #[serde(rename = "dependencies")]
    _dependencies: Option<IgnoredAny>,
}

/// An entry of `packages`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    name: Option<String>,
    version: Option<String>,
    resolved: Option<String>,
    integrity: Option<String>,
    link: bool,
    #[serde(rename = "inBundle")]
    in_bundle: bool,
    license: Value,
    dependencies: Ranges,
    #[serde(rename = "devDependencies")]
    development: Ranges,
    #[serde(rename = "optionalDependencies")]
    optional: Ranges,
    #[serde(rename = "peerDependencies")]
    peer: Ranges,
    #[serde(rename = "peerDependenciesMeta")]
    peer_meta: BTreeMap<String, PeerMeta>,
    workspaces: Value,
}

/// An entry of version 1's `dependencies`.
#[derive(Deserialize)]
struct Nested {
    version: Option<String>,
    resolved: Option<String>,
    integrity: Option<String>,
    #[serde(default)]
    dev: bool,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    bundled: bool,
    #[serde(default)]
    requires: Value,
    /// Packages below this one, however deep.
    #[serde(rename = "dependencies")]
    _dependencies: Option<IgnoredAny>,
}

/// The text of a lock file.
struct Lock<'t> {
    path: &'t str,
    text: &'t str,
    lines: Lines,
}

impl Lock<'_> {
    fn read<'t, T: Deserialize<'t>>(&self, node: Node<'t>) -> Result<T, Error> {
        node.read().map_err(|error| fault(self.path, self.text, FORMAT, &error))
    }

    /// The members of an object in an object by their names, in whose order they are read; `None` where there is none.
    fn members<'t>(&self, of: Node<'t>, name: &str) -> Result<Option<BTreeMap<&'t str, Node<'t>>>, Error> {
        let Some(node) = of.get(name).filter(|node| !node.is_null()) else { return Ok(None) };
        let pairs = node.pairs().ok_or_else(|| {
            malformed(self.path, self.lines.at(node.at()), FORMAT, format!("{name:?} is no object"))
        })?;
        Ok(Some(filled(pairs.filter_map(|(name, node)| Some((name.text()?, node))))))
    }
}

/// A package where it lies.
struct Placed {
    entry: Entry,
    line: u32,
    most: Scope,
}

/// Reads either file.
pub(super) fn read(places: &Places<'_>, path: &str, _: &Options) -> Result<Inventory, Error> {
    let text = project_text(places, path, FORMAT)?;
    let tree = json::read(&text).map_err(|error| fault(path, &text, FORMAT, &error))?;
    let lock = Lock { path, text: &text, lines: Lines::of(&text) };
    let root = tree.document();
    let file: File = lock.read(root)?;
    let base = folder_of(path);
    let version = file.lockfile_version.unwrap_or(1);
    let mut placed = BTreeMap::new();
    let mut is_old = false;
    match version {
        2 | 3 => {
            let packages = lock.members(root, "packages")?;
            let packages = packages.ok_or_else(|| malformed(path, None, FORMAT, "it has no \"packages\""))?;
            for (location, node) in packages {
                let line = lock.lines.at(node.at());
                let entry: Entry = lock.read(node)?;
                check(path, line, location, placed.len())?;
                placed.insert(location.to_owned(), Placed { entry, line, most: Scope::Required });
            }
            if !placed.contains_key("") {
                return Err(malformed(
                    path,
                    None,
                    FORMAT,
                    "\"packages\" has no entry \"\" for the project itself",
                ));
            }
        }
        0 | 1 => {
            is_old = true;
            flatten(&lock, root, &mut placed)?;
            let manifest = Manifest::read(places, &join(base, "package.json"))?;
            complete_old(places, base, manifest, &mut placed)?;
        }
        version => {
            let problem = Problem::Version { format: FORMAT, version: version.to_string() };
            return Err(Error::new(path, None, problem));
        }
    }
    let root = placed.get_mut("").map(|root| &mut root.entry);
    if let Some(root) = root {
        root.name = root.name.take().or(file.name);
        root.version = root.version.take().or(file.version);
    }
    inventory(places, path, base, &placed, is_old)
}

fn check(path: &str, line: u32, location: &str, count: usize) -> Result<(), Error> {
    let too_large = |reason: String| Err(Error::new(path, Some(line), Problem::TooLarge(reason)));
    if location.len() > MAX_PATH {
        return too_large(format!("a path of {} characters is longer than any", location.len()));
    }
    if count >= MAX_PACKAGES {
        return too_large(format!("more than {MAX_PACKAGES} packages are more than any project has"));
    }
    Ok(())
}

/// Brings the nested packages of version 1 to the paths where they lie.
fn flatten(lock: &Lock<'_>, root: Node<'_>, placed: &mut BTreeMap<String, Placed>) -> Result<(), Error> {
    let mut next = vec![(String::new(), root)];
    while let Some((under, above)) = next.pop() {
        for (name, node) in lock.members(above, "dependencies")?.unwrap_or_default() {
            let line = lock.lines.at(node.at());
            let nested: Nested = lock.read(node)?;
            let location = join(&under, &format!("node_modules/{name}"));
            check(lock.path, line, &location, placed.len())?;
            let most = match (nested.dev, nested.optional) {
                (true, _) => Scope::Excluded,
                (false, true) => Scope::Optional,
                (false, false) => Scope::Required,
            };
            let requires = nested.requires.as_object().into_iter().flatten();
            let mut entry = Entry {
                integrity: nested.integrity,
                in_bundle: nested.bundled,
                dependencies: filled(
                    requires.map(|(name, range)| (name.clone(), range.as_str().unwrap_or_default().into())),
                ),
                ..Entry::default()
            };
            // `version` is a version, `npm:name@version` for an alias, or an address.
            let written = nested.version.unwrap_or_default();
            if let Some((name, version)) =
                written.strip_prefix("npm:").and_then(|alias| alias.rsplit_once('@'))
            {
                entry.name = Some(name.to_owned());
                entry.version = Some(version.to_owned());
                entry.resolved = nested.resolved;
            } else if let Some(folder) = written.strip_prefix("file:").filter(|file| !file.ends_with(".tgz"))
            {
                entry.link = true;
                entry.resolved = Some(folder.to_owned());
                // What the folder needs stands here, since it has no entry of its own.
                if let Some(folder) = relative_path("", folder) {
                    let target = Entry {
                        name: Some(name.to_owned()),
                        dependencies: std::mem::take(&mut entry.dependencies),
                        ..Entry::default()
                    };
                    placed.insert(folder, Placed { entry: target, line, most });
                }
            } else if written.contains(':') {
                entry.resolved = Some(written);
            } else {
                entry.version = Some(written);
                entry.resolved = nested.resolved;
            }
            // What lies below a link lies below what it leads to.
            let below = entry.resolved.as_deref().filter(|_| entry.link).and_then(|at| relative_path("", at));
            next.push((below.unwrap_or_else(|| location.clone()), node));
            placed.insert(location, Placed { entry, line, most });
        }
    }
    Ok(())
}

/// Version 1 does not say what the project itself needs: its `package.json` does, and those of its folders.
fn complete_old(
    places: &Places<'_>,
    base: &str,
    manifest: Option<Manifest>,
    placed: &mut BTreeMap<String, Placed>,
) -> Result<(), Error> {
    let known = manifest.is_some();
    let manifest = manifest.unwrap_or_default();
    let mut root = Entry {
        workspaces: manifest.workspaces.clone(),
        name: manifest.name,
        version: manifest.version,
        dependencies: manifest.dependencies,
        development: manifest.development,
        optional: manifest.optional,
        peer: manifest.peer,
        peer_meta: manifest.peer_meta,
        ..Entry::default()
    };
    let folders: Vec<String> =
        placed.keys().filter(|at| !at.split('/').any(|part| part == "node_modules")).cloned().collect();
    for folder in folders {
        let manifest = match project_path(base, &folder) {
            Some(folder) => Manifest::read(places, &join(&folder, "package.json"))?,
            None => None,
        };
        if let (Some(manifest), Some(target)) = (manifest, placed.get_mut(&folder)) {
            target.entry.version = manifest.version;
            target.entry.name = manifest.name.or(target.entry.name.take());
            target.entry.dependencies = manifest.dependencies;
            target.entry.development = manifest.development;
            target.entry.optional = manifest.optional;
            target.entry.peer = manifest.peer;
            target.entry.peer_meta = manifest.peer_meta;
        }
    }
    if !known {
        // All of the top that nothing else needs.
        let needed: std::collections::BTreeSet<&str> =
            filled(placed.values().flat_map(|placed| placed.entry.dependencies.keys().map(String::as_str)));
        let top = placed.keys().filter_map(|at| at.strip_prefix("node_modules/"));
        let top = top.filter(|name| !name.contains("/node_modules/") && !needed.contains(name));
        root.dependencies = filled(top.map(|name| (name.to_owned(), String::new())));
    }
    placed.insert(String::new(), Placed { entry: root, line: 1, most: Scope::Required });
    Ok(())
}

/// The version in a registry's address of a package, `…/name/-/name-1.0.0.tgz`.
fn version_in<'a>(name: &str, resolved: &'a str) -> Option<&'a str> {
    let (_, file) = resolved.split_once("/-/")?;
    let own = name.rsplit('/').next()?;
    file.strip_suffix(".tgz")?.strip_prefix(own)?.strip_prefix('-')
}

/// A path that stands in the lock file, as one that the project may be asked for.
fn project_path(base: &str, location: &str) -> Option<String> {
    relative_path(base, location).filter(|path| inside(path).is_some())
}

/// The package's name: that of an alias' target, else the end of its path.
fn name_of<'a>(location: &'a str, entry: &'a Entry) -> &'a str {
    if let Some(name) = &entry.name {
        return name;
    }
    match location.rsplit_once("node_modules/") {
        Some((_, name)) => name,
        None => location.rsplit('/').next().unwrap_or_default(),
    }
}

/// The folder from which Node.js looks next: `a/node_modules/b` is followed by `a`.
fn above(location: &str) -> Option<&str> {
    if location.is_empty() {
        return None;
    }
    let up = match location.rsplit_once("node_modules/") {
        // A scope is no folder with modules of its own.
        Some((up, name)) if !name.contains('/') || name.starts_with('@') => up,
        _ => location.rsplit_once('/').map_or("", |(up, _)| up),
    };
    Some(up.trim_end_matches('/'))
}

fn inventory(
    places: &Places<'_>,
    path: &str,
    base: &str,
    placed: &BTreeMap<String, Placed>,
    is_old: bool,
) -> Result<Inventory, Error> {
    let mut graph = Graph::default();
    let has_modules = !places.project.list(&join(base, "node_modules"))?.is_empty();
    let has_manifest = places.project.read(&join(base, "package.json"))?.is_some();
    // Where each package is in the graph; links stand for what they lead to.
    let mut at: HashMap<&str, usize> = HashMap::with_capacity(placed.len());
    let mut links = Vec::new();
    for (location, package) in placed {
        if package.entry.link {
            links.push((location.as_str(), package));
            continue;
        }
        let index = graph.add(make(places, path, base, location, package, has_modules)?);
        graph.at_most(index, package.most);
        at.insert(location, index);
    }
    for (location, package) in links {
        let written = package.entry.resolved.as_deref().unwrap_or_default();
        let written = written.strip_prefix("file:").unwrap_or(written);
        // Links are relative to the lock file, and so are the paths of what they lead to.
        let target = relative_path("", written);
        let known = target.as_deref().and_then(|target| at.get(target).copied());
        let index = match known {
            Some(index) => index,
            None => {
                let mut linked =
                    component(name_of(location, &package.entry), package.entry.version.as_deref());
                set_source(
                    &mut linked,
                    target.and_then(|t| relative_path(base, &t)).map_or(Source::Unknown, Source::Path),
                );
                linked.purl = None;
                linked.places.insert(Place { file: path.to_owned(), line: Some(package.line) });
                let name = linked.name.clone();
                let index = graph.add(linked);
                let why = "it is linked from outside of the project, so what it needs is not known";
                graph.unknown(name, why, path, Some(package.line));
                index
            }
        };
        at.insert(location, index);
    }
    let find = |from: &str, name: &str| {
        let mut folder = Some(from);
        while let Some(here) = folder {
            if let Some(index) = at.get(join(here, &format!("node_modules/{name}")).as_str()) {
                return Some(*index);
            }
            folder = above(here);
        }
        None
    };
    let patterns = placed.get("").map(|root| workspaces(&root.entry.workspaces)).unwrap_or_default();
    for (location, package) in placed {
        let Some(&index) = at.get(location.as_str()).filter(|_| !package.entry.link) else { continue };
        let is_own = !location.split('/').any(|part| part == "node_modules");
        if location.is_empty() {
            graph.set_root(index);
        } else if is_own && patterns.iter().any(|pattern| is_workspace(pattern, location)) {
            graph.add_member(index);
        }
        let entry = &package.entry;
        let name = name_of(location, entry);
        let mut need = |wanted: &str, need: Need, may_miss: bool, why: &str| match find(location, wanted) {
            Some(to) => graph.depend(index, to, need),
            None if may_miss => {}
            None => {
                let what = format!("{wanted}, needed by {name}");
                graph.unknown(what, why, path, Some(package.line));
            }
        };
        let missing = "it is not in the lock file; run `npm install` and commit what it writes";
        for wanted in entry.dependencies.keys().filter(|wanted| !entry.optional.contains_key(*wanted)) {
            need(wanted, Need::Required, false, missing);
        }
        for wanted in entry.optional.keys() {
            need(wanted, Need::Optional, true, missing);
        }
        for wanted in entry.peer.keys() {
            let is_optional = entry.peer_meta.get(wanted).is_some_and(|meta| meta.optional);
            let sort = if is_optional { Need::Optional } else { Need::Required };
            let missing = "it is a peer that nobody installs, as with `legacy-peer-deps`";
            // Version 1 does not say what a peer is.
            need(wanted, sort, is_optional || (is_old && !is_own), missing);
        }
        if is_own {
            for wanted in entry.development.keys() {
                need(wanted, Need::Development, false, missing);
            }
        }
    }
    if is_old && !has_manifest {
        let why = "it says what version 1 of the lock file does not: which packages the project itself needs";
        graph.unknown(join(base, "package.json"), why, path, None);
        if let Some(root) = at.get("").and_then(|index| graph.component_mut(*index)) {
            root.dependencies_known = Completeness::Incomplete;
        }
    }
    Ok(graph.finish(path))
}

fn is_workspace(pattern: &str, folder: &str) -> bool {
    let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
    fast_glob::glob_match(pattern, folder)
}

fn make(
    places: &Places<'_>,
    path: &str,
    base: &str,
    location: &str,
    package: &Placed,
    has_modules: bool,
) -> Result<lw_inventory::Component, Error> {
    let entry = &package.entry;
    let name = name_of(location, entry);
    let is_own = !location.split('/').any(|part| part == "node_modules");
    let named = if name.is_empty() { base.rsplit('/').next().unwrap_or_default() } else { name };
    // Version 1 has an address in the place of the version where an address was asked for.
    let version = entry.version.as_deref().or_else(|| version_in(name, entry.resolved.as_deref()?));
    let mut made = component(named, version);
    made.dependencies_known = Completeness::Complete;
    made.places.insert(Place { file: path.to_owned(), line: Some(package.line) });
    made.declared_licence = licence(&entry.license);
    if is_own {
        if location.is_empty() {
            made.kind = Kind::Application;
        }
        set_source(&mut made, relative_path(base, location).map_or(Source::Unknown, Source::Path));
        made.purl = None;
        if let Some(folder) = project_path(base, location)
            && let Some(manifest) = Manifest::read(places, &join(&folder, "package.json"))?
        {
            manifest.describe(&mut made);
        }
        return Ok(made);
    }
    let resolved = entry.resolved.as_deref();
    // Without an address it comes from the registry that is set up, which is the public one unless somebody says so.
    let source = resolved.map_or(Source::PublicRegistry, |resolved| source_of(name, resolved, base));
    set_source(&mut made, source);
    set_distribution(&mut made, resolved, entry.integrity.as_deref().map(integrity).unwrap_or_default());
    let folder = project_path("", location);
    if let Some(folder) = &folder {
        made.property("cdx:npm:package:path", folder.clone());
    }
    if entry.in_bundle {
        made.property("cdx:npm:package:bundled", "true");
    }
    if has_modules
        && let Some(folder) = folder
        // What cannot be read of an installed package is nothing of the lock file's.
        && let Ok(Some(manifest)) = Manifest::read(places, &join(base, &format!("{folder}/package.json")))
        && (manifest.name.as_deref(), manifest.version.as_deref()) == (Some(name), entry.version.as_deref())
    {
        manifest.describe(&mut made);
    }
    Ok(made)
}
