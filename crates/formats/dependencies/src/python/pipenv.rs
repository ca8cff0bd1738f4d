//! `Pipfile.lock`, specification 6: <https://pipenv.pypa.io/en/latest/pipfile.html#the-pipfile-lock-file>.
//!
//! Categories of packages and no edges: what a package needs itself stands nowhere.

use std::collections::BTreeMap;

use lw_inventory::{Completeness, Distribution, Inventory, Scope, Source, Unknown};
use lw_model::lists::filled;
use serde::Deserialize;
use serde_json::Value;

use super::pyproject::Pyproject;
use super::requirement::pin;
use super::{MARKER, REQUIREMENT, add_root, git, hash, index, nameless, normal, of_url, package, path};
use crate::text::Input;
use crate::{Error, Places, address};

/// The specification that is known, `_meta.pipfile-spec`.
const SPECIFICATION: i64 = 6;

#[derive(Deserialize)]
struct Lock {
    #[serde(rename = "_meta")]
    meta: Option<Meta>,
    #[serde(flatten)]
    categories: BTreeMap<String, BTreeMap<String, Entry>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Meta {
    pipfile_spec: Option<Value>,
    #[serde(default)]
    sources: Vec<Index>,
}

#[derive(Deserialize)]
struct Index {
    name: Option<String>,
    url: Option<String>,
}

#[derive(Default, Deserialize)]
struct Entry {
    version: Option<String>,
    #[serde(default)]
    hashes: Vec<String>,
    #[serde(default)]
    extras: Vec<String>,
    markers: Option<String>,
    index: Option<String>,
    editable: Option<bool>,
    path: Option<String>,
    file: Option<String>,
    git: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    subdirectory: Option<String>,
}

/// Reads `Pipfile.lock`.
pub(super) fn read(places: &Places<'_>, file: &str) -> Result<Inventory, Error> {
    let source = Input::open(places.project, file, "Pipfile.lock")?;
    let lock: Lock = source.json()?;
    let meta = lock.meta.ok_or_else(|| source.malformed(None, "it has no \"_meta\""))?;
    match meta.pipfile_spec {
        Some(Value::Number(number)) if number.as_i64() == Some(SPECIFICATION) => {}
        Some(version) => return Err(source.version(None, version.to_string())),
        None => return Err(source.malformed(None, "it has no \"pipfile-spec\"")),
    }
    source.limit(lock.categories.values().map(BTreeMap::len).sum())?;
    let folder = address::folder_of(file);
    let indexes: BTreeMap<_, _> = filled(
        meta.sources.iter().filter_map(|source| Some((source.name.as_deref()?, source.url.as_deref()?))),
    );
    // Without a word about it, a package comes from the first index.
    let first = meta.sources.first().and_then(|source| source.url.as_deref());

    let mut inventory = Inventory::new();
    let project = Pyproject::find(places.project, folder)?;
    let mut root = project.map_or_else(|| nameless(folder), |project| project.root(folder));
    root.dependencies_known = Completeness::Incomplete;
    let own = root.source.clone();
    let root = add_root(&mut inventory, root);
    let places = lines(&source);
    for (category, entries) in &lock.categories {
        let scope = match category.as_str() {
            "default" => Scope::Required,
            "develop" => Scope::Excluded,
            // Categories of a project's own are installed only when they are asked for.
            _ => Scope::Optional,
        };
        for (name, entry) in entries {
            let registry = || match entry.index.as_deref() {
                Some(named) => indexes.get(named).map_or(Source::Unknown, |url| index(url)),
                None => first.map_or(Source::PublicRegistry, index),
            };
            let from = entry.source(folder).unwrap_or_else(registry);
            if from == own {
                continue;
            }
            let version = entry.version.as_deref().and_then(|version| pin(version));
            let mut component = package(name, version, from);
            component.scope = scope;
            component.dependencies_known = Completeness::Incomplete;
            let place = lw_inventory::Place {
                file: file.to_owned(),
                line: places.get(&(category.as_str(), name.as_str())).copied(),
            };
            component.places.insert(place.clone());
            if let Some(marker) = &entry.markers {
                component.property(MARKER, marker.clone());
            }
            for extra in &entry.extras {
                component.property("lw:python:extra", normal(extra));
            }
            if entry.editable == Some(true) {
                component.property("lw:python:editable", "true");
            }
            if !["default", "develop"].contains(&category.as_str()) {
                component.property("lw:python:group", category.clone());
            }
            let files = entry.hashes.iter().filter_map(|text| hash(text));
            let files = files.map(|hash| Distribution { hashes: filled([hash]), ..Distribution::default() });
            component.distributions.extend(files);
            if version.is_none()
                && !matches!(component.source, Source::Path(_) | Source::Git { .. } | Source::Url(_))
            {
                // Pipenv writes "*" for what this machine's markers exclude.
                let asked = entry.version.clone().unwrap_or_default();
                component.property(REQUIREMENT, asked.clone());
                inventory.unknowns.insert(Unknown {
                    what: format!("{}{asked}", normal(name)),
                    why: "no exact version is chosen; lock it on a machine that its markers allow".to_owned(),
                    place: Some(place),
                });
            }
            let id = inventory.add(component);
            inventory.depend(root, id);
        }
    }
    Ok(inventory)
}

impl Entry {
    /// Where it comes from, when not from an index.
    fn source(&self, folder: &str) -> Option<Source> {
        if let Some(url) = &self.git {
            return Some(git(folder, url, self.reference.as_deref(), self.subdirectory.as_deref()));
        }
        if let Some(local) = &self.path {
            return Some(path(folder, local));
        }
        self.file.as_deref().map(|file| of_url(folder, file))
    }
}

/// The lines of the names in their categories, of a file as Pipenv writes it: categories at four blanks, names at eight.
fn lines<'a>(source: &'a Input<'_>) -> BTreeMap<(&'a str, &'a str), u32> {
    let mut lines = BTreeMap::new();
    let mut category = "";
    for (line, text) in (1u32..).zip(source.text.lines()) {
        let name = text.trim_start();
        let depth = text.len() - name.len();
        let Some((name, _)) = name.strip_prefix('"').and_then(|name| name.split_once("\": {")) else {
            continue;
        };
        match depth {
            4 => category = name,
            8 => {
                lines.insert((category, name), line);
            }
            _ => {}
        }
    }
    lines
}
