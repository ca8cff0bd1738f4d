//! `pnpm-lock.yaml`, formats 5 to 9.
//!
//! <https://github.com/pnpm/spec/tree/master/lockfile>. A package has a key for each set of peers it is installed with:
//! `/name/1.0.0_peer@2.0.0` in format 5, `/name@1.0.0(peer@2.0.0)` in 6, and in 9 `name@1.0.0` under `packages` and
//! `name@1.0.0(peer@2.0.0)` under `snapshots`. All keys of one package are one component.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use lw_hashed::HashMap;
use lw_inventory::{Completeness, Component, Hash, HashAlgorithm, Inventory, Patch, Place, Source};
use lw_syntax::tree::Placed;
use serde::Deserialize;

use super::package::{component, integrity, set_distribution, set_source, source_of};
use super::project::Project;
use super::yarn::split;
use crate::address::public_url;
use crate::graph::{Graph, Need};
use crate::origin::{MAX_PACKAGES, folder_of, join, relative_path, revision};
use crate::text::{Lines, malformed, optional_text, project_text};
use crate::yaml::{Text, documents};
use crate::{Error, Options, Places, Problem};

const FORMAT: &str = "pnpm-lock.yaml";

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct File {
    lockfile_version: Text,
    importers: BTreeMap<String, Placed<Importer>>,
    // Where there is one package only, formats 5 and 6 have its needs here.
    dependencies: BTreeMap<String, Wanted>,
    dev_dependencies: BTreeMap<String, Wanted>,
    optional_dependencies: BTreeMap<String, Wanted>,
    packages: BTreeMap<String, Placed<Package>>,
    snapshots: BTreeMap<String, Placed<Snapshot>>,
    patched_dependencies: BTreeMap<String, Patched>,
}

/// `pnpm-workspace.yaml`
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Settings {
    patched_dependencies: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Importer {
    dependencies: BTreeMap<String, Wanted>,
    dev_dependencies: BTreeMap<String, Wanted>,
    optional_dependencies: BTreeMap<String, Wanted>,
    /// What pnpm itself is set up with.
    config_dependencies: BTreeMap<String, Wanted>,
    package_manager_dependencies: BTreeMap<String, Wanted>,
}

/// A version, or since format 6 what was asked for and the version.
#[derive(Deserialize)]
#[serde(untagged)]
enum Wanted {
    Version(Text),
    Both { version: Text },
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Package {
    resolution: Resolution,
    name: Option<String>,
    version: Option<Text>,
    patched: bool,
    // Spelled out and not flattened, which would keep a copy of everything.
    dependencies: BTreeMap<String, Text>,
    optional_dependencies: BTreeMap<String, Text>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Snapshot {
    dependencies: BTreeMap<String, Text>,
    optional_dependencies: BTreeMap<String, Text>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Resolution {
    integrity: Option<String>,
    tarball: Option<String>,
    repo: Option<String>,
    commit: Option<Text>,
    path: Option<String>,
    directory: Option<String>,
    registry: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Patched {
    Hash(Text),
    Both { hash: Text, path: Option<String> },
}

impl Wanted {
    fn version(&self) -> &str {
        match self {
            Self::Version(version) | Self::Both { version } => &version.0,
        }
    }
}

/// Reads every document of the file: pnpm 11 has what it is set up with in one of its own.
pub(super) fn read(places: &Places<'_>, path: &str, _: &Options) -> Result<Inventory, Error> {
    let text = project_text(places, path, FORMAT)?;
    let files: Vec<File> = documents(&text, path, FORMAT)?;
    if files.is_empty() {
        return Err(malformed(path, None, FORMAT, "it is empty"));
    }
    let base = folder_of(path);
    let mut project = Project::read(places, base)?;
    let folders = files.iter().flat_map(|file| file.importers.keys());
    for folder in folders.map(|folder| normal(folder)).collect::<Vec<_>>() {
        project.add(places, &folder)?;
    }
    let settings = join(base, "pnpm-workspace.yaml");
    let settings: Vec<Settings> = match optional_text(places, &settings, "pnpm-workspace.yaml")? {
        Some(text) => documents(&text, &settings, "pnpm-workspace.yaml")?,
        None => Vec::new(),
    };
    let mut patches = settings.into_iter().next().unwrap_or_default().patched_dependencies;
    patches.extend(project.manifests.get("").map(|root| root.pnpm.patched.clone()).unwrap_or_default());
    let lines = Lines::of(&text);
    let mut graph = Graph::default();
    let mut own: BTreeMap<String, usize> = BTreeMap::new();
    let root = graph.add(project.component(""));
    graph.set_root(root);
    own.insert(String::new(), root);
    for folder in files.iter().flat_map(|file| file.importers.keys()) {
        let folder = normal(folder);
        if let Entry::Vacant(vacant) = own.entry(folder) {
            let index = graph.add(project.component(vacant.key()));
            graph.add_member(index);
            vacant.insert(index);
        }
    }
    for file in &files {
        let version = &file.lockfile_version.0;
        let layout = match version.split('.').next() {
            Some("5") => Layout::Slashes,
            Some("6" | "7") => Layout::SlashAndAt,
            Some("9") => Layout::Snapshots,
            _ => {
                let problem = Problem::Version { format: FORMAT, version: version.clone() };
                return Err(Error::new(path, None, problem));
            }
        };
        Document { file, layout, path, base, own: &own, patches: &patches, lines: &lines }
            .add_to(&mut graph)?;
    }
    Ok(graph.finish(path))
}

/// A folder as the graph calls it: "" for ".", and without `./` before it.
fn normal(folder: &str) -> String {
    relative_path("", folder).unwrap_or_else(|| "?".to_owned())
}

#[derive(Clone, Copy, PartialEq)]
enum Layout {
    /// `/name/1.0.0_peer@2.0.0`
    Slashes,
    /// `/name@1.0.0(peer@2.0.0)`
    SlashAndAt,
    /// `name@1.0.0(peer@2.0.0)`, apart from what all of them share.
    Snapshots,
}

impl Layout {
    /// A key without the peers it was installed with.
    fn without_peers(self, key: &str) -> &str {
        match self {
            Self::Slashes => match key.rsplit_once('/') {
                Some((before, version)) => {
                    let end = version.find('_').unwrap_or(version.len());
                    key.get(..before.len() + 1 + end).unwrap_or(key)
                }
                None => key.split('_').next().unwrap_or(key),
            },
            // A `(` stands in no version and in no name, and in addresses as `%28`.
            _ => key.split('(').next().unwrap_or(key),
        }
    }

    /// Name and version of a key, where it has them.
    fn parts(self, key: &str) -> Option<(&str, &str)> {
        let key = self.without_peers(key);
        match self {
            Self::Slashes => key.strip_prefix('/')?.rsplit_once('/'),
            Self::SlashAndAt => split(key.strip_prefix('/')?),
            Self::Snapshots => split(key),
        }
    }
}

struct Document<'a> {
    file: &'a File,
    layout: Layout,
    path: &'a str,
    base: &'a str,
    own: &'a BTreeMap<String, usize>,
    /// Files of patches by what they patch, where the lock file has only their hashes.
    patches: &'a BTreeMap<String, String>,
    lines: &'a Lines,
}

impl Document<'_> {
    fn add_to(&self, graph: &mut Graph) -> Result<(), Error> {
        let file = self.file;
        if file.packages.len().max(file.snapshots.len()) > MAX_PACKAGES {
            let problem = Problem::TooLarge("these are more packages than any project has".into());
            return Err(Error::new(self.path, None, problem));
        }
        let mut keys: HashMap<&str, usize> = HashMap::new();
        type Needs<'a> = (usize, u32, &'a BTreeMap<String, Text>, &'a BTreeMap<String, Text>);
        let mut needs: Vec<Needs<'_>> = Vec::new();
        if self.layout == Layout::Snapshots {
            for (key, snapshot) in &file.snapshots {
                let line = self.lines.at(snapshot.at);
                let package = file.packages.get(self.layout.without_peers(key));
                let Some(package) = package else {
                    let problem =
                        Problem::Inconsistent(format!("no package is {:?}", self.layout.without_peers(key)));
                    return Err(Error::new(self.path, Some(line), problem));
                };
                let index = graph.add(self.component(key, package, self.lines.at(package.at))?);
                keys.insert(key, index);
                needs.push((
                    index,
                    line,
                    &snapshot.value.dependencies,
                    &snapshot.value.optional_dependencies,
                ));
            }
        } else {
            for (key, package) in &file.packages {
                let line = self.lines.at(package.at);
                let index = graph.add(self.component(key, package, line)?);
                keys.insert(key, index);
                needs.push((index, line, &package.value.dependencies, &package.value.optional_dependencies));
            }
        }
        let find = |folder: &str, name: &str, version: &str| -> Option<usize> {
            if let Some(link) = version.strip_prefix("link:") {
                return self.own.get(&relative_path(folder, link)?).copied();
            }
            let key = match self.layout {
                Layout::Slashes => format!("/{name}/{version}"),
                Layout::SlashAndAt => format!("/{name}@{version}"),
                Layout::Snapshots => format!("{name}@{version}"),
            };
            // An alias, an archive and a repository have their whole key in the place of the version.
            keys.get(key.as_str()).or_else(|| keys.get(version)).copied()
        };
        let missing = "it is not in the lock file; run `pnpm install` and commit what it writes";
        for (from, line, required, optional) in needs {
            for (name, version) in required {
                match find("", name, &version.0) {
                    Some(to) => graph.depend(from, to, Need::Required),
                    None => self.outside(graph, from, name, &version.0, Need::Required, missing, line),
                }
            }
            for (name, version) in optional {
                if let Some(to) = find("", name, &version.0) {
                    graph.depend(from, to, Need::Optional);
                }
            }
        }
        let mut importer = |folder: &str, line: u32, all: &BTreeMap<String, Wanted>, need: Need| {
            let Some(&from) = self.own.get(folder) else { return };
            for (name, wanted) in all {
                match find(folder, name, wanted.version()) {
                    Some(to) => graph.depend(from, to, need),
                    None => self.outside(graph, from, name, wanted.version(), need, missing, line),
                }
            }
        };
        importer("", 1, &file.dependencies, Need::Required);
        importer("", 1, &file.optional_dependencies, Need::Optional);
        importer("", 1, &file.dev_dependencies, Need::Development);
        for (folder, spanned) in &file.importers {
            let (folder, value) = (normal(folder), &spanned.value);
            let line = self.lines.at(spanned.at);
            importer(&folder, line, &value.dependencies, Need::Required);
            importer(&folder, line, &value.optional_dependencies, Need::Optional);
            importer(&folder, line, &value.dev_dependencies, Need::Development);
            importer(&folder, line, &value.config_dependencies, Need::Development);
            importer(&folder, line, &value.package_manager_dependencies, Need::Development);
        }
        Ok(())
    }

    /// What is needed and has no entry: a folder that is no package of the workspace, or something that is missing.
    #[allow(clippy::too_many_arguments, reason = "two places that call it have all of these at hand")]
    fn outside(
        &self,
        graph: &mut Graph,
        from: usize,
        name: &str,
        version: &str,
        need: Need,
        missing: &str,
        line: u32,
    ) {
        if let Some(link) = version.strip_prefix("link:") {
            let mut linked = component(name, None);
            linked.source = relative_path(self.base, link).map_or(Source::Unknown, Source::Path);
            linked.places.insert(Place { file: self.path.to_owned(), line: Some(line) });
            let to = graph.add(linked);
            graph.depend(from, to, need);
            graph.unknown(
                name,
                "it is linked from outside of the workspace, so what it needs is not known",
                self.path,
                Some(line),
            );
        } else if need != Need::Optional {
            // The version may be an address with a password.
            let version =
                version.split('(').next().filter(|version| !version.contains(':')).unwrap_or_default();
            graph.unknown(format!("{name}@{version}"), missing, self.path, Some(line));
        }
    }

    fn component(&self, key: &str, package: &Placed<Package>, line: u32) -> Result<Component, Error> {
        let package = &package.value;
        let parts = self.layout.parts(key);
        let name = package.name.as_deref().or(parts.map(|(name, _)| name));
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return Err(malformed(
                self.path,
                line,
                FORMAT,
                format!("{:?} has no name", self.layout.without_peers(key)),
            ));
        };
        let in_key = parts.map(|(_, version)| version).filter(|version| !version.contains([':', '/']));
        let version = package.version.as_ref().map(|version| version.0.as_str()).or(in_key);
        let mut made = component(name, version);
        made.dependencies_known = Completeness::Complete;
        made.places.insert(Place { file: self.path.to_owned(), line: Some(line) });
        let resolution = &package.resolution;
        let source = match resolution {
            Resolution { repo: Some(repo), commit, path, .. } => {
                match public_url(repo.trim_start_matches("git+")) {
                    Some(url) => Source::Git {
                        url,
                        revision: commit.as_ref().and_then(|commit| revision(&commit.0)),
                        folder: path
                            .as_deref()
                            .and_then(|path| relative_path("", path.trim_start_matches('/'))),
                    },
                    None => Source::Unknown,
                }
            }
            Resolution { directory: Some(folder), .. } => {
                relative_path(self.base, folder).map_or(Source::Unknown, Source::Path)
            }
            Resolution { tarball: Some(url), .. } => source_of(name, url, self.base),
            Resolution { registry: Some(url), .. } => {
                source_of("x", &format!("{}/x/-/x-1.tgz", url.trim_end_matches('/')), self.base)
            }
            _ => Source::PublicRegistry,
        };
        let selector = format!("{name}@{}", version.unwrap_or_default());
        let patch = self
            .file
            .patched_dependencies
            .get(&selector)
            .or_else(|| self.file.patched_dependencies.get(name));
        if patch.is_some() || package.patched || key.contains("(patch_hash=") {
            // The patched thing is no registry's; what it was made of is named.
            let (hash, file) = match patch {
                Some(Patched::Both { hash, path }) => (Some(hash), path.as_ref()),
                Some(Patched::Hash(hash)) => (Some(hash), None),
                None => (None, None),
            };
            let file = file.or_else(|| self.patches.get(&selector)).or_else(|| self.patches.get(name));
            let file =
                file.and_then(|file| relative_path(self.base, file)).unwrap_or_else(|| selector.clone());
            made.property("lw:npm:patched", selector);
            let hash = hash.and_then(|hash| Hash::from_hex(HashAlgorithm::Sha256, &hash.0));
            made.patches.push(Patch { file, hash });
            return Ok(made);
        }
        set_source(&mut made, source);
        let hashes = resolution.integrity.as_deref().map(integrity).unwrap_or_default();
        set_distribution(&mut made, resolution.tarball.as_deref(), hashes);
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_names_and_versions() {
        let cases = [
            (Layout::Slashes, "/react-dom/18.3.1_react@18.3.1", "react-dom", "18.3.1"),
            (Layout::Slashes, "/@babel/core/7.0.0_@scope+peer@1.0.0", "@babel/core", "7.0.0"),
            (Layout::SlashAndAt, "/@babel/core@7.0.0(peer@1.0.0(deep@2.0.0))", "@babel/core", "7.0.0"),
            (Layout::Snapshots, "@babel/core@7.0.0(peer@1.0.0)", "@babel/core", "7.0.0"),
            (Layout::Snapshots, "x@https://example.org/x.tgz", "x", "https://example.org/x.tgz"),
        ];
        for (layout, key, name, version) in cases {
            assert_eq!(layout.parts(key), Some((name, version)), "{key}");
        }
    }
}
