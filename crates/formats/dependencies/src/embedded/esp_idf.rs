//! ESP-IDF: `dependencies.lock` of the component manager, and what the components say of themselves.
//!
//! <https://docs.espressif.com/projects/idf-component-manager/en/latest/reference/dependencies_lock.html>. Versions 1.0.0 (no
//! edges, no list of direct dependencies), 2.0.0 and 3.0.0. `component_hash` is made of the files of a component and their
//! names, so it is the hash of no file.

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{Completeness, Component, ComponentId, Inventory, Kind, Purl, Source, Unknown};
use lw_model::lists::filled;
use serde::Deserialize;

use super::idf_manifest::{self, IdfManifest, LongRequirement, Requirement};
use super::input::{is_inside, malformed, place, root, text, yaml};
use super::{git, idf_manifest::describe};
use crate::address::{self, folder_of, join};
use crate::graph::hang_what_nothing_leads_to;
use crate::{EntryKind, Error, Options, Places, Problem, Reader, Tree};

/// Projects and components of ESP-IDF.
pub(crate) const READER: Reader =
    Reader { name: "esp-idf", files: &["dependencies.lock", "idf_component.yml"], read };

const LOCK: &str = "dependencies.lock";
const ECOSYSTEM: &str = "generic";
/// The namespace of a name without one.
const NAMESPACE: &str = "espressif";
const REGISTRY: &str = "https://components.espressif.com";
/// The most components of one lock file.
const MOST: usize = 20_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Lock {
    version: Option<String>,
    dependencies: Option<BTreeMap<String, Locked>>,
    direct_dependencies: Option<Vec<String>>,
    target: Option<String>,
    manifest_hash: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Locked {
    version: Option<String>,
    component_hash: Option<String>,
    source: Option<Origin>,
    dependencies: Option<Vec<Needed>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Origin {
    r#type: Option<String>,
    git: Option<String>,
    path: Option<String>,
    registry_url: Option<String>,
    service_url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Needed {
    name: String,
}

fn read(places: &Places<'_>, file: &str, _: &Options) -> Result<Inventory, Error> {
    let folder = folder_of(file);
    let mut inventory = if super::input::name_of(file) == LOCK {
        locked(places.project, file, folder)?
    } else {
        unlocked(places.project, file, folder)?
    };
    hang_what_nothing_leads_to(&mut inventory);
    Ok(inventory)
}

/// Namespace and name: `espressif/led_strip`; without a namespace it is Espressif's.
fn parts(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, name),
    }
}

fn full(name: &str) -> String {
    if name.contains('/') || name == "idf" { name.to_owned() } else { format!("{NAMESPACE}/{name}") }
}

fn locked(tree: &dyn Tree, file: &str, folder: &str) -> Result<Inventory, Error> {
    let lock: Lock = yaml(tree, file, LOCK)?.ok_or_else(|| malformed(file, None, LOCK, "it is empty"))?;
    let version = lock.version.clone().unwrap_or_default();
    if !["1", "2", "3"].contains(&version.split('.').next().unwrap_or_default()) {
        let problem = Problem::Version { format: LOCK, version };
        return Err(Error::new(file, None, problem));
    }
    let dependencies = lock.dependencies.unwrap_or_default();
    if dependencies.len() > MOST {
        let problem = Problem::TooLarge(format!("it has more than {MOST} components"));
        return Err(Error::new(file, None, problem));
    }
    let lines = lines(tree, file)?;
    let mut inventory = Inventory::new();
    let (name, project_version) = project(tree, folder)?;
    let mut product = root(folder, name, project_version, Kind::Firmware);
    product.places.insert(place(file, None));
    if let Some(target) = &lock.target {
        product.property("lw:idf:target", target.clone());
    }
    if let Some(hash) = &lock.manifest_hash {
        product.property("lw:idf:manifest_hash", hash.clone());
    }
    let product = inventory.add(product);
    inventory.set_root(product);

    let mut ids: BTreeMap<&str, ComponentId> = BTreeMap::new();
    for (name, locked) in &dependencies {
        let (component, own) = component(tree, folder, name, locked)?;
        let mut component = component;
        component.places.insert(place(file, lines.get(name).copied()));
        let id = inventory.add(component);
        ids.insert(name, id);
        if let Some(own) = own {
            describe(tree, &own, id, &mut inventory, 0)?;
            if let Some(sbom) = idf_manifest::read(tree, &own)?.and_then(|manifest| manifest.sbom) {
                idf_manifest::parts(tree, &own, &sbom, id, &mut inventory, 0)?;
            }
        }
    }
    let find = |name: &str| ids.get(name).or_else(|| ids.get(full(name).as_str())).copied();
    // Only from version 2 on a lock file knows what needs what.
    let has_edges = !version.starts_with('1');
    for (name, locked) in &dependencies {
        let Some(id) = find(name) else { continue };
        let mut known = if has_edges { Completeness::Complete } else { Completeness::Incomplete };
        for needed in locked.dependencies.iter().flatten() {
            match find(&needed.name) {
                Some(to) => inventory.depend(id, to),
                // A condition may hold for another target or version of ESP-IDF only, and then it is not locked.
                None => known = Completeness::Incomplete,
            }
        }
        if let Some(component) = inventory.get_mut(id) {
            component.dependencies_known = known;
        }
    }
    let known = direct(tree, file, folder, lock.direct_dependencies, &find, product, &mut inventory)?;
    if let Some(component) = inventory.get_mut(product) {
        component.dependencies_known = known;
    }
    local_components(tree, folder, product, &find, &mut inventory)?;
    describe(tree, folder, product, &mut inventory, 0)?;
    Ok(inventory)
}

/// Hangs on the product what it needs itself: as the lock file says, else as the manifests of its components do.
fn direct(
    tree: &dyn Tree,
    file: &str,
    folder: &str,
    listed: Option<Vec<String>>,
    find: &dyn Fn(&str) -> Option<ComponentId>,
    product: ComponentId,
    inventory: &mut Inventory,
) -> Result<Completeness, Error> {
    let mut known = Completeness::Complete;
    let names = match listed {
        Some(names) => names,
        None => {
            let manifest = idf_manifest::read(tree, &join(folder, "main"))?;
            match manifest {
                Some(manifest) => manifest.dependencies.unwrap_or_default().into_keys().collect(),
                None => {
                    // Nothing tells them apart: everything that is locked hangs on the product.
                    known = Completeness::Incomplete;
                    let all: Vec<_> =
                        inventory.iter().map(|(id, _)| id).filter(|id| *id != product).collect();
                    for id in all {
                        inventory.depend(product, id);
                    }
                    return Ok(known);
                }
            }
        }
    };
    for name in names {
        match find(&name) {
            Some(id) => inventory.depend(product, id),
            None => {
                known = Completeness::Incomplete;
                inventory.unknowns.insert(Unknown {
                    what: name,
                    why: "it is a direct dependency and is not locked: reconfigure the project with idf.py"
                        .to_owned(),
                    place: Some(place(file, None)),
                });
            }
        }
    }
    Ok(known)
}

/// A component of the lock file, and the folder it lies in where it is there.
fn component(
    tree: &dyn Tree,
    folder: &str,
    name: &str,
    locked: &Locked,
) -> Result<(Component, Option<String>), Error> {
    let origin = locked.source.as_ref();
    let kind = origin.and_then(|origin| origin.r#type.as_deref()).unwrap_or_default();
    let version = locked.version.clone().filter(|version| version != "*" && !version.is_empty());
    if kind == "idf" || name == "idf" {
        return Ok((framework(version.as_deref()), None));
    }
    let (namespace, short) = parts(name);
    let mut component = Component::new(ECOSYSTEM, short, version.clone());
    component.namespace = namespace.map(str::to_owned);
    if let Some(hash) = &locked.component_hash {
        component.property("lw:idf:component_hash", hash.clone());
    }
    // Where the component manager puts them.
    let managed = join(folder, &format!("managed_components/{}", name.replace('/', "__")));
    let local = origin.and_then(|origin| origin.path.as_deref()).filter(|_| kind == "local");
    let own = match local {
        Some(path) => address::local(folder, path).filter(|path| is_inside(path)),
        None => Some(managed),
    };
    let manifest = match &own {
        Some(own) => idf_manifest::read(tree, own)?,
        None => None,
    };
    match kind {
        "git" => {
            let url = origin.and_then(|origin| origin.git.as_deref()).and_then(git::address);
            let path = origin.and_then(|origin| origin.path.as_deref());
            match url {
                Some(url) => git::set_origin(&mut component, &url, version.as_deref(), path),
                None => component.source = Source::Unknown,
            }
        }
        "local" => {
            component.version = manifest.as_ref().and_then(|manifest| manifest.version.clone()).or(version);
            component.source =
                local.and_then(|path| address::local(folder, path)).map_or(Source::Unknown, Source::Path);
        }
        _ => {
            let registry = origin
                .and_then(|origin| origin.registry_url.as_deref().or(origin.service_url.as_deref()))
                .and_then(git::address)
                .map(|url| url.trim_end_matches('/').to_owned());
            // The API of the registry, which older lock files name, is the registry.
            let is_public = registry.as_deref().is_none_or(|url| {
                url == REGISTRY
                    || url == "https://api.components.espressif.com"
                    || url.starts_with("https://components-file.espressif.com")
            });
            component.source = match registry {
                Some(url) if !is_public => Source::Registry(url),
                _ => Source::PublicRegistry,
            };
            component.purl = Purl::new(ECOSYSTEM, component.namespace.as_deref(), short, version.as_deref())
                .ok()
                .filter(|_| version.is_some());
            published(&mut component, manifest.as_ref());
        }
    }
    if let Some(manifest) = &manifest {
        let references = std::mem::take(&mut component.references);
        manifest.describe(&mut component);
        component.references.extend(references);
        if let Some(own) = &own {
            component.places.insert(place(&join(own, "idf_component.yml"), None));
        }
        if let Some(sbom) = &manifest.sbom {
            sbom.describe(&mut component);
        }
    }
    Ok((component, own))
}

/// A component of the registry whose manifest says which commit it was published from has the package URL of that.
fn published(component: &mut Component, manifest: Option<&IdfManifest>) {
    let Some(manifest) = manifest else { return };
    let url = manifest.repository.as_deref().and_then(git::address);
    let info = manifest.repository_info.as_ref();
    let commit = info.and_then(|info| info.commit_sha.as_deref()).filter(|commit| git::is_commit(commit));
    if let (Some(url), Some(commit)) = (url, commit)
        && url.contains("://github.com/")
    {
        let source = std::mem::take(&mut component.source);
        git::set_origin(component, &url, Some(commit), info.and_then(|info| info.path.as_deref()));
        component.source = source;
        component.property("lw:idf:commit", commit);
    }
}

/// ESP-IDF itself.
fn framework(version: Option<&str>) -> Component {
    let mut component = Component::new("github", "esp-idf", version.map(str::to_owned));
    component.namespace = Some(NAMESPACE.to_owned());
    component.kind = Kind::Framework;
    if let Some(version) = version {
        // Tags of ESP-IDF leave out a last zero: v5.3, v5.3.1.
        let is_release = version.split('.').count() == 3
            && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let tag = if is_release {
            format!("v{}", version.strip_suffix(".0").unwrap_or(version))
        } else {
            version.to_owned()
        };
        git::set_origin(&mut component, "https://github.com/espressif/esp-idf", Some(&tag), None);
        // The name that advisories about ESP-IDF have in the National Vulnerability Database.
        let cpe = "cpe:2.3:a:espressif:esp-idf:{}:*:*:*:*:*:*:*".to_owned();
        idf_manifest::set_cpe(&mut component, Some(version), vec![cpe]);
    }
    component
}

/// Components of the project's own that are not locked: the folders in `components`.
fn local_components(
    tree: &dyn Tree,
    folder: &str,
    product: ComponentId,
    find: &dyn Fn(&str) -> Option<ComponentId>,
    inventory: &mut Inventory,
) -> Result<(), Error> {
    let below = join(folder, "components");
    let locked: BTreeSet<String> = filled(inventory.iter().filter_map(|(_, known)| match &known.source {
        Source::Path(path) => Some(path.clone()),
        _ => None,
    }));
    for entry in tree.list(&below)?.into_iter().filter(|entry| entry.kind == EntryKind::Folder) {
        let path = join(&below, &entry.name);
        let is_component = tree.list(&path)?.iter().any(|entry| {
            ["CMakeLists.txt", "idf_component.yml", "sbom.yml", "component.mk"].contains(&entry.name.as_str())
        });
        if !is_component || locked.contains(&path) {
            continue;
        }
        let manifest = idf_manifest::read(tree, &path)?.unwrap_or_default();
        let mut component = Component::new(ECOSYSTEM, entry.name.clone(), manifest.version.clone());
        component.source = Source::Path(path.clone());
        component.places.insert(place(&path, None));
        manifest.describe(&mut component);
        if let Some(sbom) = &manifest.sbom {
            sbom.describe(&mut component);
        }
        let id = inventory.add(component);
        inventory.depend(product, id);
        for name in manifest.dependencies.iter().flat_map(BTreeMap::keys) {
            if let Some(to) = find(name) {
                inventory.depend(id, to);
            }
        }
        describe(tree, &path, id, inventory, 0)?;
    }
    Ok(())
}

/// A component by itself, which has ranges and no lock file.
fn unlocked(tree: &dyn Tree, file: &str, folder: &str) -> Result<Inventory, Error> {
    let manifest: IdfManifest = yaml(tree, file, "idf_component.yml")?.unwrap_or_default();
    let mut inventory = Inventory::new();
    let mut product = root(folder, None, manifest.version.clone(), Kind::Library);
    product.places.insert(place(file, None));
    manifest.describe(&mut product);
    if let Some(sbom) = &manifest.sbom {
        sbom.describe(&mut product);
    }
    product.dependencies_known = Completeness::Incomplete;
    let product = inventory.add(product);
    inventory.set_root(product);
    for (name, requirement) in manifest.dependencies.iter().flatten() {
        let requirement = match requirement {
            Some(Requirement::Range(range)) => {
                LongRequirement { version: Some(range.clone()), ..LongRequirement::default() }
            }
            Some(Requirement::Long(long)) => long.clone(),
            None => LongRequirement::default(),
        };
        let wanted = requirement.version.as_deref().unwrap_or("*").trim();
        // A version without an operator is that version.
        let exact = wanted.trim_start_matches("==").trim();
        let is_exact = exact.starts_with(|first: char| first.is_ascii_digit())
            && !exact.contains(['*', ',', ' ', '>', '<', '|']);
        let origin =
            match (&requirement.git, requirement.path.as_ref().or(requirement.override_path.as_ref())) {
                (Some(url), path) => Origin {
                    r#type: Some("git".into()),
                    git: Some(url.clone()),
                    path: path.cloned(),
                    ..Origin::default()
                },
                (None, Some(path)) => {
                    Origin { r#type: Some("local".into()), path: Some(path.clone()), ..Origin::default() }
                }
                (None, None) => Origin { r#type: Some("service".into()), ..Origin::default() },
            };
        let is_pinned = match origin.r#type.as_deref() {
            Some("git") => git::is_commit(wanted),
            Some("local") => true,
            _ => is_exact,
        };
        if !is_pinned {
            inventory.unknowns.insert(Unknown {
                what: name.clone(),
                why: format!("any of {wanted} may be taken: lock it with idf.py, and commit {LOCK}"),
                place: Some(place(file, None)),
            });
            continue;
        }
        let version = if is_exact { exact } else { wanted };
        let locked = Locked { version: Some(version.to_owned()), source: Some(origin), ..Locked::default() };
        let (mut component, _) = component(tree, folder, &full(name), &locked)?;
        component.places.insert(place(file, None));
        let id = inventory.add(component);
        inventory.depend(product, id);
    }
    describe(tree, folder, product, &mut inventory, 0)?;
    Ok(inventory)
}

/// Name and version of a project, as its `CMakeLists.txt` or `version.txt` says.
fn project(tree: &dyn Tree, folder: &str) -> Result<(Option<String>, Option<String>), Error> {
    let (mut name, mut version) = (None, None);
    if let Some(text) = text(tree, &join(folder, "CMakeLists.txt"), "CMakeLists.txt")? {
        for line in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
            let argument = |command: &str| {
                let start = line.get(..command.len())?.eq_ignore_ascii_case(command);
                let inner = line.get(command.len()..)?.trim_start().strip_prefix('(')?.split(')').next()?;
                start.then(|| inner.trim().to_owned())
            };
            let plain = |text: &str| {
                let text = text.trim().trim_matches('"');
                (!text.is_empty() && !text.contains(['$', '"'])).then(|| text.to_owned())
            };
            if let Some(inner) = argument("project") {
                name = name.or_else(|| plain(inner.split_whitespace().next().unwrap_or_default()));
            }
            if let Some(value) =
                argument("set").as_deref().and_then(|inner| inner.strip_prefix("PROJECT_VER "))
            {
                version = version.or_else(|| plain(value));
            }
        }
    }
    if version.is_none() {
        let text = text(tree, &join(folder, "version.txt"), "version.txt")?.unwrap_or_default();
        version = text.lines().next().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned);
    }
    Ok((name, version))
}

/// The line of each dependency of a lock file: its key has two blanks before it.
fn lines(tree: &dyn Tree, file: &str) -> Result<BTreeMap<String, u32>, Error> {
    let text = text(tree, file, LOCK)?.unwrap_or_default();
    let lines = text.lines().zip(1u32..).filter_map(|(line, number)| {
        let key = line.strip_prefix("  ").filter(|rest| !rest.starts_with([' ', '-']))?;
        Some((key.strip_suffix(':')?.trim_matches(['"', '\'']).to_owned(), number))
    });
    Ok(filled(lines))
}
