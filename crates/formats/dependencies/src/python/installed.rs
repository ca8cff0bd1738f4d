//! What is installed in a virtual environment: `*.dist-info` and `*.egg-info`.
//!
//! <https://packaging.python.org/en/latest/specifications/recording-installed-packages/>,
//! <https://packaging.python.org/en/latest/specifications/core-metadata/>,
//! <https://packaging.python.org/en/latest/specifications/direct-url/>.
//!
//! A package's own requirements are edges where what they name is installed, where the interpreter's version does not exclude
//! them, and, of an extra, where something installed asks for it.

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{
    Completeness, Component, ComponentId, Distribution, Inventory, LicenceText, Place, Source, Unknown,
};
use lw_model::lists::filled;
use serde::Deserialize;

use super::marker::{Asked, Interpreter, holds};
use super::pyproject::{contact, reference};
use super::requirement::Requirement;
use super::{add_root, git, hash, hash_of, nameless, normal, of_url, package};
use crate::text::Input;
use crate::{EntryKind, Error, Options, Places, Problem, Tree, address};

/// The longest `License` field that is a name or an expression rather than the text of a licence.
const MAX_LICENCE: usize = 128;

/// The most packages one environment may have.
const MAX_PACKAGES: usize = 20_000;

/// The most extras of one package that may be asked for.
const MAX_EXTRAS: usize = 256;

/// A package that is installed.
struct Installed {
    component: Component,
    requires: Vec<Requirement>,
    /// Somebody asked for it by its name.
    requested: bool,
}

/// An interpreter's environment.
struct Environment {
    version: Option<String>,
    windows: bool,
    packages: Vec<Installed>,
    unknowns: BTreeSet<Unknown>,
}

/// Reads the environment whose `pyvenv.cfg` this is.
pub(crate) fn read(places: &Places<'_>, file: &str, _: &Options) -> Result<Inventory, Error> {
    let folder = address::folder_of(file);
    let environment = Environment::read(places.project, folder)?;
    if environment.packages.is_empty() {
        let reason = "no package is installed in it".to_owned();
        let problem = Problem::Malformed { format: "virtual environment", reason };
        return Err(Error::new(file, None, problem));
    }
    Ok(environment.inventory(folder))
}

/// Adds to the packages of a project what those of its own environment say of themselves: licence, authors, addresses.
pub(crate) fn describe(tree: &dyn Tree, folder: &str, inventory: &mut Inventory) -> Result<(), Error> {
    for name in [".venv", "venv"] {
        let folder = address::join(folder, name);
        if tree.read(&address::join(&folder, "pyvenv.cfg"))?.is_none() {
            continue;
        }
        let packages = Environment::read(tree, &folder)?.packages;
        let mut known: BTreeMap<_, _> = filled(packages.into_iter().map(|package| {
            ((package.component.name.clone(), package.component.version.clone()), package.component)
        }));
        let ids: Vec<_> = inventory.iter().map(|(id, _)| id).collect();
        for component in ids.into_iter().skip(1) {
            let Some(component) =
                inventory.get_mut(component).filter(|component| component.ecosystem == "pypi")
            else {
                continue;
            };
            let Some(said) = known.remove(&(component.name.clone(), component.version.clone())) else {
                continue;
            };
            component.declared_licence = component.declared_licence.take().or(said.declared_licence);
            component.description = component.description.take().or(said.description);
            component.references.extend(said.references);
            if component.authors.is_empty() {
                component.authors = said.authors;
            }
        }
    }
    Ok(())
}

impl Environment {
    fn read(tree: &dyn Tree, folder: &str) -> Result<Self, Error> {
        let config = address::join(folder, "pyvenv.cfg");
        let text = Input::find(tree, &config, "pyvenv.cfg")?;
        let version = text.as_ref().and_then(|text| {
            let mut pairs = text.text.lines().filter_map(|line| line.split_once('='));
            let found = pairs.find(|(key, _)| ["version", "version_info"].contains(&key.trim()));
            found.map(|(_, version)| version.trim().splitn(4, '.').take(3).collect::<Vec<_>>().join("."))
        });
        let mut environment =
            Self { version, windows: false, packages: Vec::new(), unknowns: BTreeSet::new() };
        let windows = address::join(folder, "Lib/site-packages");
        let mut sites = Vec::new();
        if !tree.list(&windows)?.is_empty() {
            environment.windows = true;
            sites.push(windows);
        }
        for lib in ["lib", "lib64"] {
            let lib = address::join(folder, lib);
            for entry in tree.list(&lib)? {
                let is_python = entry.name.starts_with("python") || entry.name.starts_with("pypy");
                if entry.kind == EntryKind::Folder && is_python {
                    sites.push(format!("{lib}/{}/site-packages", entry.name));
                }
            }
        }
        for site in sites {
            environment.site(tree, &site)?;
        }
        Ok(environment)
    }

    fn site(&mut self, tree: &dyn Tree, site: &str) -> Result<(), Error> {
        for entry in tree.list(site)? {
            let folder = format!("{site}/{}", entry.name);
            let metadata = match entry.kind {
                EntryKind::Folder if entry.name.ends_with(".dist-info") => format!("{folder}/METADATA"),
                EntryKind::Folder if entry.name.ends_with(".egg-info") => format!("{folder}/PKG-INFO"),
                EntryKind::File if entry.name.ends_with(".egg-info") => folder.clone(),
                _ => continue,
            };
            if self.packages.len() >= MAX_PACKAGES {
                let problem = format!("it has more than {MAX_PACKAGES} packages");
                return Err(Error::new(site, None, Problem::TooLarge(problem)));
            }
            let Some(bytes) = tree.read(&metadata)? else {
                self.lost(
                    &metadata,
                    "it is not there: the package was not installed whole, or taken away in part",
                );
                continue;
            };
            let headers = headers(&String::from_utf8_lossy(&bytes));
            let Some(installed) = installed(tree, &folder, &metadata, &headers)? else {
                self.lost(&metadata, "it has no Name and Version");
                continue;
            };
            self.packages.push(installed);
        }
        Ok(())
    }

    fn lost(&mut self, file: &str, why: &str) {
        let place = Some(Place { file: file.to_owned(), line: None });
        self.unknowns.insert(Unknown { what: file.to_owned(), why: why.to_owned(), place });
    }

    fn inventory(self, folder: &str) -> Inventory {
        let mut inventory = Inventory::new();
        let mut root = nameless(folder);
        // What the project itself asks for stands nowhere in an environment.
        root.dependencies_known = Completeness::Incomplete;
        let root = add_root(&mut inventory, root);
        inventory.unknowns = self.unknowns;

        let by_name: BTreeMap<_, _> =
            filled(self.packages.iter().enumerate().map(|(index, one)| (one.component.name.clone(), index)));
        // Extras that are asked for ask for more: what a package with extras needs is looked at again for each new one.
        let mut extras: Vec<Vec<String>> = vec![Vec::new(); self.packages.len()];
        let mut edges: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); self.packages.len()];
        let mut waiting: BTreeSet<usize> = filled(0..self.packages.len());
        let version = self.version.as_deref();
        let interpreter = version.map(|version| Interpreter { version, windows: self.windows });
        while let Some(index) = waiting.pop_first() {
            let (Some(package), Some(asked)) = (self.packages.get(index), extras.get(index).cloned()) else {
                continue;
            };
            for requirement in &package.requires {
                let asked = Asked { extras: Some(&asked), groups: Some(&[]), interpreter };
                if requirement.marker.as_deref().is_some_and(|marker| holds(marker, asked) == Some(false)) {
                    continue;
                }
                let Some(&to) = by_name.get(&normal(&requirement.name)) else { continue };
                if let Some(edges) = edges.get_mut(index) {
                    edges.insert(to);
                }
                let Some(known) = extras.get_mut(to) else { continue };
                for extra in &requirement.extras {
                    if known.len() < MAX_EXTRAS && !known.contains(extra) {
                        known.push(extra.clone());
                        waiting.insert(to);
                    }
                }
            }
        }
        let mut requested = Vec::new();
        let ids: Vec<_> = self
            .packages
            .into_iter()
            .map(|package| {
                let id = inventory.add(package.component);
                requested.extend(package.requested.then_some(id));
                id
            })
            .collect();
        for (from, edges) in ids.iter().zip(&edges) {
            for to in edges.iter().filter_map(|to| ids.get(*to)) {
                inventory.depend(*from, *to);
            }
        }
        let needed: BTreeSet<ComponentId> = filled(inventory.edges().map(|(_, to)| to));
        for &id in ids.iter().filter(|id| !needed.contains(id)).chain(&requested) {
            inventory.depend(root, id);
        }
        let reached = inventory.reachable();
        for id in ids.into_iter().filter(|id| !reached.contains(id)) {
            inventory.depend(root, id);
        }
        inventory
    }
}

/// The headers of metadata, in their order and with lines that go on joined; the body is left out.
fn headers(text: &str) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in text.trim_start_matches('\u{FEFF}').lines() {
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                value.push('\n');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    headers
}

#[derive(Deserialize)]
struct DirectUrl {
    url: String,
    vcs_info: Option<Vcs>,
    archive_info: Option<Archive>,
    dir_info: Option<Folder>,
    subdirectory: Option<String>,
}

#[derive(Deserialize)]
struct Vcs {
    commit_id: Option<String>,
    requested_revision: Option<String>,
}

#[derive(Deserialize)]
struct Archive {
    hash: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Folder {
    editable: Option<bool>,
}

fn installed(
    tree: &dyn Tree,
    folder: &str,
    metadata: &str,
    headers: &[(String, String)],
) -> Result<Option<Installed>, Error> {
    let all = |name: &'static str| {
        headers.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    };
    let one = |name: &'static str| all(name).find(|value| !["", "UNKNOWN"].contains(value));
    let (Some(name), Some(version)) = (one("name"), one("version")) else { return Ok(None) };

    let path = format!("{folder}/direct_url.json");
    let direct: Option<DirectUrl> = match Input::find(tree, &path, "direct_url.json")? {
        Some(source) => Some(source.json()?),
        None => None,
    };
    let source = direct.as_ref().map_or(Source::Unknown, |direct| match &direct.vcs_info {
        Some(vcs) => {
            let revision = vcs.commit_id.as_deref().or(vcs.requested_revision.as_deref());
            git("", &direct.url, revision, direct.subdirectory.as_deref())
        }
        None => of_url("", &direct.url),
    });
    let mut component = package(name, Some(version), source);
    component.places.insert(Place { file: metadata.to_owned(), line: None });
    component.description = one("summary").map(str::to_owned);
    component.declared_licence = licence(one("license-expression"), one("license"), all("classifier"));
    component.authors = ["author-email", "maintainer-email", "author", "maintainer"]
        .into_iter()
        .filter_map(one)
        .flat_map(|people| people.split(',').map(contact).collect::<Vec<_>>())
        .filter(|contact| !contact.is_empty())
        .take(1)
        .collect();
    component.references.extend(one("home-page").and_then(|url| reference("homepage", url)));
    for (label, url) in all("project-url").filter_map(|entry| entry.split_once(',')) {
        component.references.extend(reference(label, url));
    }
    if let Some(direct) = &direct {
        if direct.dir_info.as_ref().and_then(|folder| folder.editable) == Some(true) {
            component.property("lw:python:editable", "true");
        }
        if let Source::Url(url) = &component.source {
            let archive = direct.archive_info.as_ref();
            let hashes = archive.into_iter().flat_map(|archive| {
                let hashes = archive.hashes.iter().filter_map(|(algorithm, hex)| hash_of(algorithm, hex));
                hashes.chain(archive.hash.as_deref().and_then(hash))
            });
            let file = super::distribution(Some(url), None, hashes);
            component.distributions.push(Distribution { ..file });
        }
    }
    if let Some(record) = tree.read(&format!("{folder}/RECORD"))? {
        let files = record.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
        component.property("lw:python:installed-files", files.to_string());
    }
    let mut requires = Vec::new();
    let mut understood = true;
    for text in all("requires-dist") {
        match Requirement::parse(text) {
            Ok(requirement) => requires.push(requirement),
            // Old metadata has forms that were never allowed: the rest is still true.
            Err(_) => understood = false,
        }
    }
    let complete = understood && folder.ends_with(".dist-info");
    component.dependencies_known = if complete { Completeness::Complete } else { Completeness::Incomplete };
    let requested = tree.read(&format!("{folder}/REQUESTED"))?.is_some();
    Ok(Some(Installed { component, requires, requested }))
}

/// The licence: an expression, else what the old free field has when it is no text of a licence, else what classifiers say.
fn licence<'a>(
    expression: Option<&str>,
    free: Option<&str>,
    classifiers: impl Iterator<Item = &'a str>,
) -> Option<LicenceText> {
    if let Some(licence) = expression.and_then(LicenceText::parse) {
        return Some(licence);
    }
    let free =
        free.filter(|text| text.len() <= MAX_LICENCE && !text.contains('\n')).and_then(LicenceText::parse);
    if let Some(licence) = free.as_ref().filter(|licence| licence.expression().is_some()) {
        return Some(licence.clone());
    }
    let names: Vec<_> = classifiers
        .filter_map(|classifier| classifier.strip_prefix("License ::"))
        .filter_map(|classifier| classifier.rsplit("::").next().map(str::trim))
        .filter(|name| !["OSI Approved", ""].contains(name))
        .collect();
    // Several classifiers may mean a choice or all of them together; which, nobody says.
    let classified = LicenceText::parse(&names.join(" / ")).filter(|_| !names.is_empty());
    match (names.len(), &classified) {
        (1, Some(licence)) if licence.expression().is_some() => classified,
        _ => free.or(classified),
    }
}
