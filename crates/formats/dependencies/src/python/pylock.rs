//! `pylock.toml`, version 1.0: <https://packaging.python.org/en/latest/specifications/pylock-toml/>.
//!
//! Packages with their files; which of them the project asks for itself stands nowhere, and few tools write edges.

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{Completeness, Distribution, Inventory, Scope, Source, Unknown};
use lw_syntax::tree::Placed;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::marker::{Asked, holds};
use super::pyproject::Pyproject;
use super::requirements::named_by;
use super::{
    MARKER, add_root, distribution, first_of, git, hash_of, index, nameless, normal, of_url, package, path,
};
use crate::scopes::Needs;
use crate::text::Input;
use crate::{Error, Places, address};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Lock {
    lock_version: Option<String>,
    created_by: Option<String>,
    #[serde(default)]
    default_groups: Vec<String>,
    packages: Option<Vec<Placed<Package>>>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: Option<String>,
    marker: Option<String>,
    index: Option<String>,
    dependencies: Option<Vec<Map<String, Value>>>,
    vcs: Option<From>,
    directory: Option<From>,
    archive: Option<File>,
    sdist: Option<File>,
    #[serde(default)]
    wheels: Vec<File>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct From {
    url: Option<String>,
    path: Option<String>,
    commit_id: Option<String>,
    requested_revision: Option<String>,
    subdirectory: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    name: Option<String>,
    url: Option<String>,
    path: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    subdirectory: Option<String>,
    upload_time: Option<String>,
}

impl File {
    fn distribution(&self, is_source: bool) -> Distribution {
        let hashes = self.hashes.iter().filter_map(|(algorithm, hex)| hash_of(algorithm, hex));
        let file = self.name.as_deref().or(self.path.as_deref());
        Distribution { is_source, ..distribution(self.url.as_deref(), file, hashes) }
    }
}

impl Package {
    fn source(&self, folder: &str) -> Source {
        if let Some(vcs) = &self.vcs {
            let revision = vcs.commit_id.as_deref().or(vcs.requested_revision.as_deref());
            return match (&vcs.url, &vcs.path) {
                (Some(url), _) => git(folder, url, revision, vcs.subdirectory.as_deref()),
                (None, Some(local)) => path(folder, local),
                (None, None) => Source::Unknown,
            };
        }
        if let Some(directory) = &self.directory {
            let local = directory.path.as_deref().unwrap_or(".");
            return match &directory.subdirectory {
                Some(below) => path(folder, &format!("{local}/{below}")),
                None => path(folder, local),
            };
        }
        if let Some(archive) = &self.archive {
            return match (&archive.url, &archive.path) {
                (Some(url), _) => match (of_url(folder, url), &archive.subdirectory) {
                    (Source::Url(url), Some(below)) => Source::Url(format!("{url}#subdirectory={below}")),
                    (source, _) => source,
                },
                (None, Some(local)) => path(folder, local),
                (None, None) => Source::Unknown,
            };
        }
        match &self.index {
            Some(url) => index(url),
            None => {
                // Without an index its files say where they lie: those of PyPI on a host of their own.
                let mut urls =
                    self.sdist.iter().chain(&self.wheels).filter_map(|file| file.url.as_deref()).peekable();
                let of_pypi = urls.peek().is_some()
                    && urls.all(|url| address::clean(url).starts_with("https://files.pythonhosted.org/"));
                if of_pypi { Source::PublicRegistry } else { Source::Unknown }
            }
        }
    }

    /// The version that a file's name says, where none is written.
    fn version(&self) -> Option<String> {
        let files = self.wheels.iter().chain(&self.sdist).chain(&self.archive);
        let mut names = files.filter_map(|file| {
            let name = file
                .name
                .clone()
                .or_else(|| address::file_name(file.url.as_deref().or(file.path.as_deref())?))?;
            named_by(&name).map(|(_, version)| version)
        });
        self.version.clone().or_else(|| names.next())
    }
}

/// Reads `pylock.toml`.
pub(super) fn read(places: &Places<'_>, file: &str) -> Result<Inventory, Error> {
    let source = Input::open(places.project, file, "pylock.toml")?;
    let lock: Lock = source.toml()?;
    match lock.lock_version.as_deref() {
        Some("1.0") => {}
        Some(version) => return Err(source.version(None, version)),
        None => return Err(source.malformed(None, "it has no \"lock-version\"")),
    }
    let packages =
        lock.packages.as_deref().ok_or_else(|| source.malformed(None, "it has no \"packages\""))?;
    source.limit(packages.len())?;
    let folder = address::folder_of(file);

    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, package) in packages.iter().enumerate() {
        by_name.entry(normal(&package.value.name)).or_default().push(index);
    }
    let mut needs = Needs::new(packages.len());
    for (index, spanned) in packages.iter().enumerate() {
        for dependency in spanned.value.dependencies.iter().flatten() {
            let found = find(packages, &by_name, dependency);
            if found.is_empty() {
                let name = dependency.get("name").and_then(Value::as_str).unwrap_or_default();
                let what = format!("{} needs {name}, which has no entry", spanned.value.name);
                return Err(source.inconsistent(Some(source.line(spanned.at)), what));
            }
            for to in found {
                needs.add(index, to, Scope::Required);
            }
        }
    }

    let mut inventory = Inventory::new();
    let project = Pyproject::find(places.project, folder)?;
    let mut root = project.map_or_else(|| nameless(folder), |project| project.root(folder));
    root.dependencies_known = Completeness::Incomplete;
    if let Some(tool) = &lock.created_by {
        root.property("lw:python:locked-by", tool.clone());
    }
    let own = root.source.clone();
    let root = add_root(&mut inventory, root);
    let mut ids = Vec::with_capacity(packages.len());
    for spanned in packages {
        let entry = &spanned.value;
        let from = entry.source(folder);
        if from == own {
            ids.push(root);
            continue;
        }
        let version = entry.version();
        let mut component = package(&entry.name, version.as_deref(), from);
        let place = source.place(spanned.at);
        component.places.insert(place.clone());
        component.scope =
            entry.marker.as_deref().map_or(Scope::Required, |marker| scope(marker, &lock.default_groups));
        if let Some(marker) = &entry.marker {
            component.property(MARKER, marker.clone());
        }
        component.dependencies_known =
            if entry.dependencies.is_some() { Completeness::Complete } else { Completeness::Incomplete };
        let sources = entry.sdist.iter().map(|file| file.distribution(true));
        let wheels = entry.wheels.iter().map(|file| file.distribution(false));
        component.distributions.extend(sources.chain(wheels));
        let files = entry.sdist.iter().chain(&entry.wheels).chain(&entry.archive);
        let times = files.filter_map(|file| file.upload_time.clone());
        component.released = first_of(times);
        if let Some(archive) = entry.archive.as_ref().filter(|archive| archive.url.is_some()) {
            let is_wheel = archive
                .url
                .as_deref()
                .and_then(address::file_name)
                .is_some_and(|file| file.ends_with(".whl"));
            component.distributions.push(archive.distribution(!is_wheel));
        }
        let from_index =
            matches!(component.source, Source::PublicRegistry | Source::Registry(_) | Source::Unknown);
        if version.is_none() && from_index {
            inventory.unknowns.insert(Unknown {
                what: component.name.clone(),
                why: "its entry has no version; write the lock again with a tool that writes one".to_owned(),
                place: Some(place),
            });
        }
        ids.push(inventory.add(component));
    }
    link(&needs, &ids, root, &mut inventory);
    Ok(inventory)
}

/// Draws the edges. What the project asks for itself stands nowhere: it is what nothing else needs, and where that does not
/// lead to everything (without edges, or around a circle) what is left.
fn link(
    needs: &Needs,
    ids: &[lw_inventory::ComponentId],
    root: lw_inventory::ComponentId,
    inventory: &mut Inventory,
) {
    let mut needed = BTreeSet::new();
    for (index, &from) in ids.iter().enumerate() {
        for &(to, _) in needs.of(index) {
            needed.insert(to);
            if let Some(&to) = ids.get(to) {
                inventory.depend(from, to);
            }
        }
    }
    let mut starts: Vec<_> = (0..ids.len()).filter(|index| !needed.contains(index)).collect();
    let reached = needs.scopes(starts.iter().copied());
    starts.extend((0..ids.len()).filter(|index| reached.get(*index).copied().flatten().is_none()));
    for &to in starts.iter().filter_map(|index| ids.get(*index)) {
        inventory.depend(root, to);
    }
}

/// The packages whose entries have everything that an entry of `dependencies` says.
fn find(
    packages: &[Placed<Package>],
    by_name: &BTreeMap<String, Vec<usize>>,
    wanted: &Map<String, Value>,
) -> Vec<usize> {
    let text = |key: &str| wanted.get(key).and_then(Value::as_str);
    let named =
        text("name").and_then(|name| by_name.get(&normal(name))).map(Vec::as_slice).unwrap_or_default();
    let fits = |index: &usize| {
        packages.get(*index).map(|package| &package.value).is_some_and(|package| {
            let part = |key: &str, inner: &str| {
                wanted.get(key).and_then(|table| table.get(inner)).and_then(Value::as_str)
            };
            let same = |wanted: Option<&str>, is: Option<&str>| wanted.is_none() || wanted == is;
            same(text("version"), package.version.as_deref())
                && same(text("index"), package.index.as_deref())
                && same(text("marker"), package.marker.as_deref())
                && same(
                    part("vcs", "commit-id"),
                    package.vcs.as_ref().and_then(|vcs| vcs.commit_id.as_deref()),
                )
                && same(
                    part("directory", "path"),
                    package.directory.as_ref().and_then(|one| one.path.as_deref()),
                )
        })
    };
    named.iter().copied().filter(fits).collect()
}

/// Whether the project needs what has a marker: as it is installed without a word, with all extras, or with all groups.
fn scope(marker: &str, default_groups: &[String]) -> Scope {
    let defaults: Vec<_> = default_groups.iter().map(|group| normal(group)).collect();
    let groups = Some(defaults.as_slice());
    if holds(marker, Asked { extras: Some(&[]), groups, interpreter: None }) != Some(false) {
        Scope::Required
    } else if holds(marker, Asked { extras: None, groups, interpreter: None }) != Some(false) {
        Scope::Optional
    } else {
        Scope::Excluded
    }
}
