//! vcpkg: `vcpkg.json`, and what is installed by it.
//!
//! <https://learn.microsoft.com/vcpkg/reference/vcpkg-json>, <https://learn.microsoft.com/vcpkg/reference/vcpkg-configuration-json>.
//! A manifest asks for ports and names few versions: a baseline, a commit of a registry, decides them. What was installed
//! stands in `vcpkg_installed/vcpkg/status`, with versions and edges.

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{
    Completeness, Component, Inventory, Kind, LicenceText, Place, Purl, Scope, Source, Unknown,
};
use lw_model::lists::filled;
use serde::Deserialize;
use serde_json::Value;

use crate::text::Input;
use crate::{Error, Options, Places, Reader, address};

/// `vcpkg.json`.
pub(crate) const READER: Reader = Reader { name: "vcpkg", files: &["vcpkg.json"], read };

/// Where the status of what is installed lies, beside the manifest.
const STATUS: &str = "vcpkg_installed/vcpkg/status";

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Manifest {
    name: Option<String>,
    version: Option<String>,
    version_string: Option<String>,
    version_semver: Option<String>,
    version_date: Option<String>,
    #[serde(default)]
    port_version: u64,
    description: Option<Value>,
    license: Option<String>,
    #[serde(default)]
    dependencies: Vec<Value>,
    #[serde(default)]
    features: BTreeMap<String, Feature>,
    #[serde(default)]
    overrides: Vec<Override>,
    builtin_baseline: Option<String>,
    #[serde(alias = "configuration")]
    vcpkg_configuration: Option<Configuration>,
}

#[derive(Deserialize)]
struct Feature {
    #[serde(default)]
    dependencies: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Override {
    name: String,
    version: Option<String>,
    version_string: Option<String>,
    version_semver: Option<String>,
    version_date: Option<String>,
    #[serde(default)]
    port_version: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Configuration {
    default_registry: Option<Registry>,
    #[serde(default)]
    registries: Vec<Registry>,
}

#[derive(Deserialize)]
struct Registry {
    kind: Option<String>,
    repository: Option<String>,
    baseline: Option<String>,
    #[serde(default)]
    packages: Vec<String>,
}

impl Registry {
    fn source(&self) -> Source {
        match (self.kind.as_deref(), &self.repository) {
            (Some("builtin"), _) => Source::PublicRegistry,
            (_, Some(url)) => {
                let url = address::clean(url);
                let plain = url.trim_end_matches('/').trim_end_matches(".git");
                if plain == "https://github.com/microsoft/vcpkg" {
                    Source::PublicRegistry
                } else {
                    Source::Registry(url)
                }
            }
            // A folder of a machine, which is nobody's business.
            _ => Source::Registry("local registry".to_owned()),
        }
    }

    /// How well a pattern of its packages fits a name: the length of what it fixes; `boost*` fits `boost-asio`.
    fn fits(&self, name: &str) -> Option<usize> {
        let fit = |pattern: &String| match pattern.strip_suffix('*') {
            Some(begin) => name.starts_with(begin).then_some(begin.len()),
            None => (pattern == name).then_some(usize::MAX),
        };
        self.packages.iter().filter_map(fit).max()
    }
}

/// A version and its port version.
#[derive(Clone, Default)]
struct Chosen {
    version: Option<String>,
    port_version: u64,
    triplet: Option<String>,
}

/// What is installed: of each name its version and what it needs.
#[derive(Default)]
struct Installed {
    chosen: Chosen,
    needs: BTreeSet<String>,
}

fn read(places: &Places<'_>, file: &str, _: &Options) -> Result<Inventory, Error> {
    let folder = address::folder_of(file);
    let source = Input::open(places.project, file, "vcpkg.json")?;
    let manifest: Manifest = source.json()?;
    let beside_file = address::join(folder, "vcpkg-configuration.json");
    let beside: Option<Configuration> =
        match Input::find(places.project, &beside_file, "vcpkg-configuration.json")? {
            Some(source) => Some(source.json()?),
            None => None,
        };
    let configuration = manifest.vcpkg_configuration.as_ref().or(beside.as_ref());
    let status_file = address::join(folder, STATUS);
    let installed = match Input::find(places.project, &status_file, "status of vcpkg")? {
        Some(source) => status(&source)?,
        None => BTreeMap::new(),
    };

    let mut inventory = Inventory::new();
    let version =
        [&manifest.version, &manifest.version_semver, &manifest.version_date, &manifest.version_string];
    let version = version.into_iter().flatten().next().cloned();
    let name =
        manifest.name.clone().unwrap_or_else(|| folder.rsplit('/').next().unwrap_or_default().to_owned());
    let mut root = Component::new(if manifest.name.is_some() { "vcpkg" } else { "" }, name, version);
    root.kind = Kind::Application;
    root.source = Source::Path(folder.to_owned());
    root.description = manifest.description.as_ref().and_then(|text| match text {
        Value::String(text) => Some(text.clone()),
        lines => lines.as_array()?.first()?.as_str().map(str::to_owned),
    });
    root.declared_licence = manifest.license.as_deref().and_then(LicenceText::parse);
    root.places.insert(Place { file: file.to_owned(), line: None });
    if manifest.port_version > 0 {
        root.property("lw:vcpkg:port-version", manifest.port_version.to_string());
    }
    let of_registry =
        configuration.and_then(|configuration| configuration.default_registry.as_ref()?.baseline.clone());
    if let Some(baseline) = manifest.builtin_baseline.clone().or(of_registry) {
        root.property("lw:vcpkg:baseline", baseline);
    }
    root.dependencies_known = Completeness::Incomplete;
    let own = root.name.clone();
    let root = inventory.add(root);
    inventory.set_root(root);

    let overridden: BTreeMap<&str, Chosen> = filled(manifest.overrides.iter().map(|one| {
        let version = [&one.version, &one.version_semver, &one.version_date, &one.version_string];
        let version = version.into_iter().flatten().next();
        // `1.2#3` is version 1.2 in its third port.
        let split = version.and_then(|version| version.split_once('#'));
        let chosen = match split {
            Some((version, port)) => Chosen {
                version: Some(version.to_owned()),
                port_version: port.parse().unwrap_or(one.port_version),
                triplet: None,
            },
            None => Chosen { version: version.cloned(), port_version: one.port_version, triplet: None },
        };
        (one.name.as_str(), chosen)
    }));
    let registry = |name: &str| {
        let named = configuration.into_iter().flat_map(|configuration| &configuration.registries);
        let best =
            named.filter_map(|registry| Some((registry.fits(name)?, registry))).max_by_key(|(fit, _)| *fit);
        let best = best.map(|(_, registry)| registry);
        let default = configuration.and_then(|configuration| configuration.default_registry.as_ref());
        best.or(default).map_or(Source::PublicRegistry, Registry::source)
    };
    let component = |name: &str, scope: Scope| {
        let chosen = installed.get(name).map(|installed| &installed.chosen).or_else(|| overridden.get(name));
        let mut component = port(name, &chosen.cloned().unwrap_or_default(), registry(name));
        component.scope = scope;
        component.dependencies_known =
            if installed.contains_key(name) { Completeness::Complete } else { Completeness::Incomplete };
        component
    };

    let mut ids = BTreeMap::new();
    let features = manifest.features.values().flat_map(|feature| &feature.dependencies);
    let asked = manifest.dependencies.iter().map(|entry| (entry, Scope::Required));
    for (entry, scope) in asked.chain(features.map(|entry| (entry, Scope::Optional))) {
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        let name = entry.as_str().or_else(|| text("name")).filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| source.malformed(None, "a dependency has no name"))?;
        if name == own {
            // A feature may ask for another feature of the project itself.
            continue;
        }
        let is_host = entry.get("host").and_then(Value::as_bool) == Some(true);
        let mut component = component(name, if is_host { Scope::Excluded } else { scope });
        let place = Place { file: file.to_owned(), line: line_of(&source, name) };
        component.places.insert(place.clone());
        for (key, property) in [("platform", "lw:vcpkg:platform"), ("version>=", "lw:vcpkg:minimum")] {
            if let Some(value) = text(key) {
                component.property(property, value);
            }
        }
        for feature in entry.get("features").and_then(Value::as_array).into_iter().flatten() {
            if let Some(feature) = feature.as_str().or_else(|| feature.get("name").and_then(Value::as_str)) {
                component.property("lw:vcpkg:feature", feature);
            }
        }
        if component.version.is_none() {
            inventory.unknowns.insert(Unknown {
                what: name.to_owned(),
                why: "its version stands nowhere: the registry's baseline decides it; vcpkg install writes which one is taken, \
                      \"overrides\" choose one"
                    .to_owned(),
                place: Some(place),
            });
        }
        let id = inventory.add(component);
        inventory.depend(root, id);
        ids.insert(name.to_owned(), id);
        source.limit(ids.len())?;
    }
    // What is installed and not asked for is needed by something that is.
    let mut later = Vec::new();
    for name in installed.keys().filter(|name| !ids.contains_key(*name)) {
        let mut component = component(name, Scope::Required);
        component.places.insert(Place { file: status_file.clone(), line: None });
        later.push((name.clone(), inventory.add(component)));
    }
    ids.extend(later);
    for (name, installed) in &installed {
        let Some(&from) = ids.get(name) else { continue };
        for to in installed.needs.iter().filter_map(|name| ids.get(name)) {
            inventory.depend(from, *to);
        }
    }
    scope_of_the_rest(&mut inventory);
    if !installed.is_empty() {
        let reached = inventory.reachable();
        let lost: Vec<_> = inventory.iter().map(|(id, _)| id).filter(|id| !reached.contains(id)).collect();
        for id in lost {
            inventory.depend(root, id);
        }
        if let Some(root) = inventory.get_mut(root) {
            root.dependencies_known = Completeness::Complete;
        }
    }
    Ok(inventory)
}

/// Gives what nothing in the manifest names the scope of the best that needs it.
fn scope_of_the_rest(inventory: &mut Inventory) {
    let Some(root) = inventory.root() else { return };
    let mut best: BTreeMap<_, Scope> = BTreeMap::new();
    for scope in [Scope::Required, Scope::Optional, Scope::Excluded] {
        let direct = inventory
            .dependencies(root)
            .filter(|id| inventory.get(*id).is_some_and(|one| one.scope == scope));
        let mut next: Vec<_> = direct.collect();
        while let Some(id) = next.pop() {
            if best.contains_key(&id) {
                continue;
            }
            best.insert(id, scope);
            next.extend(inventory.dependencies(id));
        }
    }
    for (id, scope) in best {
        if let Some(component) = inventory.get_mut(id) {
            component.scope = scope;
        }
    }
}

fn port(name: &str, chosen: &Chosen, source: Source) -> Component {
    let mut component = Component::new("vcpkg", name, chosen.version.clone());
    component.purl = Purl::new("vcpkg", None, name, chosen.version.as_deref()).ok().map(|purl| {
        let port = if chosen.port_version > 0 { chosen.port_version.to_string() } else { String::new() };
        let purl =
            purl.with("port_version", &port).with("triplet", chosen.triplet.as_deref().unwrap_or_default());
        match &source {
            Source::Registry(url) if url.contains("://") => purl.with("repository_url", url),
            _ => purl,
        }
    });
    component.source = source;
    component
}

/// The first line that has a name in quotation marks.
fn line_of(source: &Input<'_>, name: &str) -> Option<u32> {
    source.text.find(&format!("\"{name}\"")).map(|at| source.line(at))
}

/// Paragraphs of `Key: value`, one for each port and one more for each of its features.
fn status(source: &Input<'_>) -> Result<BTreeMap<String, Installed>, Error> {
    let mut installed: BTreeMap<String, Installed> = BTreeMap::new();
    let mut fields: BTreeMap<&str, &str> = BTreeMap::new();
    let mut begin = 1;
    for (number, line) in (1u32..).zip(source.text.lines().chain([""])) {
        if !line.trim().is_empty() {
            if fields.is_empty() {
                begin = number;
            }
            if let Some((key, value)) = line.split_once(": ") {
                fields.insert(key, value.trim());
            } else if !line.starts_with(' ') && !line.ends_with(':') {
                return Err(source.malformed(Some(number), "a line is \"Key: value\""));
            }
            continue;
        }
        let fields = std::mem::take(&mut fields);
        // What was taken away keeps a paragraph that says so.
        if fields.is_empty() || fields.get("Status").is_some_and(|status| *status != "install ok installed") {
            continue;
        }
        let name = fields
            .get("Package")
            .ok_or_else(|| source.malformed(Some(begin), "a paragraph has no \"Package\""))?;
        source.limit(installed.len())?;
        let entry = installed.entry((*name).to_owned()).or_default();
        if !fields.contains_key("Feature") {
            entry.chosen = Chosen {
                version: fields.get("Version").map(|version| (*version).to_owned()),
                port_version: fields
                    .get("Port-Version")
                    .and_then(|port| port.parse().ok())
                    .unwrap_or_default(),
                triplet: fields.get("Architecture").map(|triplet| (*triplet).to_owned()),
            };
        }
        let needs = fields.get("Depends").into_iter().flat_map(|needs| needs.split(','));
        // `name[feature]:triplet`
        let needs = needs
            .filter_map(|need| need.trim().split(['[', ':', ' ']).next())
            .filter(|need| !need.is_empty());
        entry.needs.extend(needs.filter(|need| need != name).map(str::to_owned));
    }
    Ok(installed)
}
