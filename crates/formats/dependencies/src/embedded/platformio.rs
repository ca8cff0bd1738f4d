//! PlatformIO: what `platformio.ini` asks for, and what is installed in `.pio/libdeps` and in PlatformIO's home.
//!
//! A package that PlatformIO installed has a file `.piopm` (JSON: name, version and what was asked for), one that was cloned
//! has it in its `.git`. The version of a clone ends in the beginning of a commit, and where its manifest has none, in the
//! time of the installation: so a clone is known by the commit it has checked out. What was linked is a file
//! `NAME.pio-link`. Learned from what platformio 6.1.19 writes.

use std::collections::BTreeSet;

use lw_inventory::{
    Completeness, Component, ComponentId, Distribution, Inventory, Kind, Purl, Scope, Source, Unknown,
};
use serde_json::Value;

use super::git;
use super::ini::{Ini, Value as Option_};
use super::input::{is_inside, json, name_of, place, required, root, word};
use super::library::{self, Dependency, Manifest};
use crate::address::{folder_of, join, local};
use crate::{EntryKind, Error, Options, Places, Problem, Reader, Tree};

/// Projects of PlatformIO.
pub(crate) const READER: Reader = Reader { name: "platformio", files: &["platformio.ini"], read };

const INI: &str = "platformio.ini";
const ECOSYSTEM: &str = "generic";
/// The most packages of one environment.
const MOST: usize = 2_000;

/// An installed package.
struct Installed {
    /// The name of its folder or link.
    entry: String,
    /// The name it is known by, and who owns it.
    name: String,
    owner: Option<String>,
    /// What was asked for when it was installed.
    asked: Dependency,
    manifest: Option<Manifest>,
    component: Component,
    /// Why what it needs cannot be known.
    is_dark: bool,
}

impl Installed {
    fn is(&self, wanted: &Dependency) -> bool {
        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        let owners_agree = match (&self.owner, &wanted.owner) {
            (Some(mine), Some(theirs)) => same(mine, theirs),
            _ => true,
        };
        let named = same(&self.name, &wanted.name)
            || same(&self.asked.name, &wanted.name)
            || same(&self.entry, &wanted.name);
        let id =
            wanted.requirement.is_none() && self.asked.requirement.as_deref() == Some(wanted.name.as_str());
        let address = |of: &Dependency| {
            let text =
                of.requirement.as_deref().filter(|text| text.contains("://") || text.starts_with("git@"))?;
            Some(text.trim_start_matches("git+").to_owned())
        };
        let by_address = address(&self.asked).is_some_and(|mine| address(wanted) == Some(mine));
        by_address || id || (named && owners_agree)
    }
}

/// One run of the reader.
struct Run<'p> {
    places: &'p Places<'p>,
    /// The file, and the folder it lies in.
    file: &'p str,
    base: &'p str,
    inventory: Inventory,
    root: ComponentId,
}

fn read(places: &Places<'_>, file: &str, options: &Options) -> Result<Inventory, Error> {
    let base = folder_of(file);
    let tree = places.project;
    let mut ini = Ini::parse(file, &required(tree, file, INI)?)?;
    let mut unknowns = Vec::new();
    extra_configs(tree, base, &mut ini, &mut unknowns, file)?;

    let environments = environments(&ini, file, options)?;
    let name = ini.get("platformio", "name")?.map(|value| value.text).filter(|name| !name.is_empty());
    let mut product = root(base, name, None, Kind::Firmware);
    product.description = ini.get("platformio", "description")?.map(|value| value.text);
    product.places.insert(place(file, None));
    let mut inventory = Inventory::new();
    inventory.unknowns.extend(unknowns);
    let root = inventory.add(product);
    inventory.set_root(root);
    let mut run = Run { places, file, base, inventory, root };

    run.private_libraries(&ini)?;
    for environment in &environments {
        run.environment(&ini, environment)?;
    }
    let known =
        if run.inventory.unknowns.is_empty() { Completeness::Complete } else { Completeness::Incomplete };
    if let Some(root) = run.inventory.get_mut(root) {
        root.dependencies_known = known;
    }
    Ok(run.inventory)
}

/// The environments that are read: those that were asked for, else the default ones, else all.
fn environments(ini: &Ini, file: &str, options: &Options) -> Result<Vec<String>, Error> {
    let fail = |line, problem| Err(Error::new(file, line, Problem::Inconsistent(problem)));
    let all = ini.environments();
    if all.is_empty() {
        return fail(None, "it has no environment: no section [env:NAME]".to_owned());
    }
    let mut wanted: Vec<Option_> =
        options.environments.iter().map(|name| Option_ { text: name.clone(), line: 0 }).collect();
    if wanted.is_empty() {
        wanted = ini.list("platformio", "default_envs")?;
    }
    for name in &wanted {
        if !all.contains(&name.text) {
            let line = (name.line > 0).then_some(name.line);
            return fail(line, format!("there is no environment {}: it has {}", name.text, all.join(", ")));
        }
    }
    let names: Vec<String> = wanted.into_iter().map(|name| name.text).collect();
    Ok(if names.is_empty() { all.to_vec() } else { names })
}

/// Lays the files of `extra_configs` over the configuration.
fn extra_configs(
    tree: &dyn Tree,
    base: &str,
    ini: &mut Ini,
    unknowns: &mut Vec<Unknown>,
    file: &str,
) -> Result<(), Error> {
    for pattern in ini.list("platformio", "extra_configs")? {
        let path = local(base, &pattern.text).filter(|path| is_inside(path));
        let folder = path.as_deref().map(folder_of);
        let (Some(path), Some(folder)) = (&path, folder.filter(|folder| !folder.contains(['*', '?', '['])))
        else {
            unknowns.push(Unknown {
                what: format!("extra_configs {}", pattern.text),
                why: "only files and patterns of one folder of the project are read".to_owned(),
                place: Some(place(file, pattern.line)),
            });
            continue;
        };
        let name = name_of(path);
        for entry in tree.list(folder)? {
            if entry.kind == EntryKind::File && wildmatch::WildMatch::new(name).matches(&entry.name) {
                let path = join(folder, &entry.name);
                ini.overlay(Ini::parse(&path, &required(tree, &path, INI)?)?);
            }
        }
    }
    Ok(())
}

impl Run<'_> {
    fn unknown(&mut self, what: impl Into<String>, why: impl Into<String>, line: Option<u32>) {
        let place = Some(place(self.file, line));
        self.inventory.unknowns.insert(Unknown { what: what.into(), why: why.into(), place });
    }

    /// A folder that an option of `[platformio]` names, as a path of the project; `None` where it lies elsewhere.
    fn folder(&self, ini: &Ini, option: &str, default: &str) -> Result<Option<String>, Error> {
        let Some(value) = ini.get("platformio", option)? else { return Ok(Some(join(self.base, default))) };
        let workspace =
            ini.get("platformio", "workspace_dir")?.map_or_else(|| ".pio".to_owned(), |value| value.text);
        let text = value.text.replace("${platformio.workspace_dir}", &workspace);
        let text = ["${PROJECT_DIR}/", "$PROJECT_DIR/", "${platformio.project_dir}/"]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix))
            .map_or(text.clone(), str::to_owned);
        Ok(local(self.base, &text).filter(|path| is_inside(path)))
    }

    /// The libraries of the project itself: each folder in `lib`.
    fn private_libraries(&mut self, ini: &Ini) -> Result<(), Error> {
        let Some(folder) = self.folder(ini, "lib_dir", "lib")? else {
            self.unknown("lib_dir", "the project's libraries lie outside of the project", None);
            return Ok(());
        };
        let tree = self.places.project;
        let mut libraries = Vec::new();
        for entry in tree.list(&folder)?.into_iter().filter(|entry| entry.kind == EntryKind::Folder) {
            let path = join(&folder, &entry.name);
            let manifest = library::read(tree, &path)?;
            let of = |pick: fn(&Manifest) -> &Option<String>| {
                manifest.as_ref().and_then(|known| pick(known).clone())
            };
            let name = of(|manifest| &manifest.name).unwrap_or_else(|| entry.name.clone());
            let mut component = Component::new(ECOSYSTEM, name.clone(), of(|manifest| &manifest.version));
            component.source = Source::Path(path.clone());
            match &manifest {
                Some(manifest) => {
                    manifest.describe(&mut component);
                    component.places.insert(place(&manifest.file, None));
                }
                None => {
                    component.places.insert(place(&path, None));
                }
            }
            let is_dark = manifest.is_none();
            let asked = Dependency::default();
            libraries.push(Installed {
                entry: entry.name,
                name,
                owner: None,
                asked,
                manifest,
                component,
                is_dark,
            });
        }
        let ids: Vec<ComponentId> =
            libraries.iter().map(|library| self.inventory.add(library.component.clone())).collect();
        for id in &ids {
            self.inventory.depend(self.root, *id);
        }
        Ok(())
    }

    fn environment(&mut self, ini: &Ini, environment: &str) -> Result<(), Error> {
        let section = format!("env:{environment}");
        let frameworks: Vec<String> =
            ini.list(&section, "framework")?.into_iter().map(|framework| framework.text).collect();
        let platform = ini.get(&section, "platform")?.filter(|platform| !platform.text.is_empty());
        let platform_name = platform.as_ref().map(|platform| library::specification(&platform.text).name);
        let mut wanted = ini.list(&section, "lib_deps")?;
        // The name it had before.
        if wanted.is_empty() {
            wanted = ini.list(&section, "lib_use")?;
        }

        let Some(libdeps) = self.folder(ini, "libdeps_dir", ".pio/libdeps")? else {
            self.unknown("libdeps_dir", "the installed libraries lie outside of the project", None);
            return Ok(());
        };
        let folder = join(&libdeps, environment);
        let installed = self.installed(&folder, environment)?;
        let mut ids = Vec::with_capacity(installed.len());
        for library in &installed {
            ids.push(self.inventory.add(library.component.clone()));
        }
        for wanted in &wanted {
            let specification = library::specification(&wanted.text);
            match installed.iter().position(|library| library.is(&specification)) {
                Some(index) => {
                    if let Some(id) = ids.get(index) {
                        self.inventory.depend(self.root, *id);
                    }
                }
                None => {
                    let what = shown(&wanted.text);
                    let why = format!("it is not in {folder}: run `pio pkg install -e {environment}` first");
                    self.unknown(what, why, Some(wanted.line));
                }
            }
        }
        let mut needed = BTreeSet::new();
        for (library, id) in installed.iter().zip(&ids) {
            let mut known = if library.is_dark { Completeness::Incomplete } else { Completeness::Complete };
            let dependencies = library.manifest.iter().flat_map(|manifest| &manifest.dependencies);
            for dependency in
                dependencies.filter(|needs| needs.applies_to(platform_name.as_deref(), &frameworks))
            {
                match installed.iter().position(|other| other.is(dependency)) {
                    Some(index) => {
                        if let Some(to) = ids.get(index) {
                            self.inventory.depend(*id, *to);
                            needed.insert(*to);
                        }
                    }
                    None => {
                        known = Completeness::Incomplete;
                        let file = library.manifest.as_ref().map(|manifest| place(&manifest.file, None));
                        self.inventory.unknowns.insert(Unknown {
                            what: shown(&dependency.name),
                            why: format!(
                                "{} needs it, and it is not installed for {environment}: it may be a part of the framework",
                                library.name
                            ),
                            place: file,
                        });
                    }
                }
            }
            if let Some(component) = self.inventory.get_mut(*id) {
                component.dependencies_known = known;
            }
        }
        // PlatformIO keeps nothing in this folder that the environment does not need.
        let reached = self.inventory.reachable();
        for id in ids.iter().filter(|id| !reached.contains(id) && !needed.contains(id)) {
            self.inventory.depend(self.root, *id);
        }
        // Of libraries that need each other one is enough to lead to all.
        let mut reached = self.inventory.reachable();
        for id in &ids {
            if !reached.contains(id) {
                self.inventory.depend(self.root, *id);
                reached = self.inventory.reachable();
            }
        }
        self.platform(ini, environment, platform.as_ref(), &frameworks)
    }

    /// The libraries in a folder of `.pio/libdeps`.
    fn installed(&mut self, folder: &str, environment: &str) -> Result<Vec<Installed>, Error> {
        let tree = self.places.project;
        let mut found = Vec::new();
        for entry in tree.list(folder)? {
            if found.len() >= MOST {
                let problem = Problem::TooLarge(format!("it has more than {MOST} entries"));
                return Err(Error::new(folder, None, problem));
            }
            let path = join(folder, &entry.name);
            let mut library = match (entry.kind, entry.name.strip_suffix(".pio-link")) {
                (EntryKind::File, Some(name)) => self.linked(&path, name)?,
                (EntryKind::Folder, None) if !entry.name.starts_with('.') => {
                    self.package(tree, &path, &entry.name, false)?
                }
                _ => continue,
            };
            library.component.property("lw:platformio:environment", environment);
            found.push(library);
        }
        Ok(found)
    }

    /// A package in a folder.
    fn package(
        &mut self,
        tree: &dyn Tree,
        path: &str,
        entry: &str,
        in_home: bool,
    ) -> Result<Installed, Error> {
        let cloned = json(tree, &join(path, ".git/.piopm"), ".piopm")?;
        let is_clone = cloned.is_some();
        let metadata = match cloned {
            Some(metadata) => Some(metadata),
            None => json(tree, &join(path, ".piopm"), ".piopm")?,
        };
        let manifest = match in_home {
            false => library::read(tree, path)?,
            true => match library::read_json(tree, &join(path, "platform.json"), "platform.json")? {
                Some(manifest) => Some(manifest),
                None => library::read_json(tree, &join(path, "package.json"), "package.json")?,
            },
        };
        let metadata = metadata.unwrap_or(Value::Null);
        let asked = metadata.get("spec").map(spec).unwrap_or_default();
        let of =
            |pick: fn(&Manifest) -> &Option<String>| manifest.as_ref().and_then(|known| pick(known).clone());
        let name = word(&metadata, "name").map(str::to_owned).or_else(|| of(|manifest| &manifest.name));
        let name = name.unwrap_or_else(|| entry.to_owned());
        let uri = asked.requirement.clone().unwrap_or_default();
        let version =
            word(&metadata, "version").map(str::to_owned).or_else(|| of(|manifest| &manifest.version));

        let mut component = Component::new(ECOSYSTEM, name.clone(), version.clone());
        component.namespace.clone_from(&asked.owner);
        if let Some(manifest) = &manifest {
            manifest.describe(&mut component);
        }
        if is_clone || uri.starts_with("git+") {
            self.cloned(tree, path, &uri, version.as_deref(), in_home, &mut component)?;
        } else if uri.starts_with("http://") || uri.starts_with("https://") {
            archive(&uri, &mut component);
        } else if !uri.is_empty() && uri.contains("://") {
            // Copied from a folder of this machine.
            component.source = if in_home { Source::Unknown } else { Source::Path(path.to_owned()) };
        } else if metadata.is_null() {
            component.source = if in_home { Source::Unknown } else { Source::Path(path.to_owned()) };
        } else {
            component.source = Source::PublicRegistry;
            let purl = Purl::new(
                ECOSYSTEM,
                component.namespace.as_deref(),
                &component.name,
                component.version.as_deref(),
            );
            component.purl = purl.ok().filter(|_| component.version.is_some());
            if let Some(owner) = &asked.owner {
                component.property("lw:platformio:owner", owner.clone());
            }
        }
        if !in_home {
            let file = manifest.as_ref().map_or_else(|| path.to_owned(), |manifest| manifest.file.clone());
            component.places.insert(place(&file, None));
        }
        let is_dark = manifest.is_none();
        Ok(Installed {
            entry: entry.to_owned(),
            name,
            owner: asked.owner.clone(),
            asked,
            manifest,
            component,
            is_dark,
        })
    }

    /// What was cloned is known by its commit; the version its manifest has is a property.
    fn cloned(
        &mut self,
        tree: &dyn Tree,
        path: &str,
        uri: &str,
        version: Option<&str>,
        in_home: bool,
        component: &mut Component,
    ) -> Result<(), Error> {
        let commit = git::checked_out(tree, path)?;
        if let Some(version) = version {
            let (written, build) = version.split_once('+').unwrap_or((version, ""));
            if written != "0.0.0" {
                component.property("lw:platformio:version", written);
            }
            // `sha.66438af`, or `202511280930.sha.66438af`: the beginning of the commit is the last word.
            let short = build.rsplit_once("sha.").map(|(_, id)| id).filter(|id| !id.is_empty());
            component.version = commit.clone().or_else(|| short.map(str::to_owned));
        } else {
            component.version.clone_from(&commit);
        }
        match git::address(uri) {
            Some(url) => {
                let revision = component.version.clone();
                git::set_origin(component, &url, revision.as_deref(), None);
            }
            None => component.source = if in_home { Source::Unknown } else { Source::Path(path.to_owned()) },
        }
        if let Some(tag) = git::fragment(uri) {
            component.property("lw:platformio:revision", tag);
        }
        if component.version.is_none() {
            self.unknown(
                component.name.clone(),
                format!("the commit that {path} has checked out cannot be read"),
                None,
            );
        }
        Ok(())
    }

    /// A library that is a link to a folder.
    fn linked(&mut self, path: &str, name: &str) -> Result<Installed, Error> {
        let tree = self.places.project;
        let link = json(tree, path, ".pio-link")?.unwrap_or(Value::Null);
        let asked = link.get("spec").map(spec).unwrap_or_default();
        let target =
            asked.requirement.as_deref().and_then(|uri| uri.strip_prefix("symlink://")).unwrap_or_default();
        // The folder PlatformIO ran in is the project: what lies below or beside it can be told without naming the machine.
        let inside = match word(&link, "cwd") {
            Some(cwd) if target.starts_with('/') => between(cwd, target),
            _ => local("", target),
        };
        let folder = inside.and_then(|inside| local(self.base, &inside));
        let readable = folder.as_deref().filter(|folder| is_inside(folder));
        let manifest = match readable {
            Some(folder) => library::read(tree, folder)?,
            None => None,
        };
        let own = manifest.as_ref().and_then(|manifest| manifest.name.clone());
        let name =
            own.unwrap_or_else(|| if asked.name.is_empty() { name.to_owned() } else { asked.name.clone() });
        let version = manifest.as_ref().and_then(|manifest| manifest.version.clone());
        let mut component = Component::new(ECOSYSTEM, name.clone(), version);
        if let Some(manifest) = &manifest {
            manifest.describe(&mut component);
        }
        component.places.insert(place(path, None));
        component.source = folder.clone().map_or(Source::Unknown, Source::Path);
        if readable.is_none() {
            self.unknown(
                name.clone(),
                format!("{path} leads out of the project, where nothing is read"),
                None,
            );
        }
        let is_dark = manifest.is_none();
        Ok(Installed { entry: name.clone(), name, owner: None, asked, manifest, component, is_dark })
    }

    /// The platform of an environment, its framework and its tools, from PlatformIO's home.
    fn platform(
        &mut self,
        ini: &Ini,
        environment: &str,
        platform: Option<&Option_>,
        frameworks: &[String],
    ) -> Result<(), Error> {
        let Some(platform) = platform else { return Ok(()) };
        let line = Some(platform.line);
        let wanted = library::specification(&platform.text);
        let Some(home) = self.places.platformio_core else {
            return self.pinned(environment, &wanted, platform, frameworks);
        };
        let Some(found) = self.find(home, "platforms", &wanted)? else {
            let why = format!(
                "it is not installed for {environment}: run `pio pkg install -e {environment}` first"
            );
            self.unknown(shown(&platform.text), why, line);
            return Ok(());
        };
        let folder = join("platforms", &found.entry);
        let mut component = found.component;
        component.kind = Kind::Platform;
        // It says how to build, and is no part of what is built.
        component.scope = Scope::Excluded;
        component.property("lw:platformio:environment", environment);
        let id = self.inventory.add(component);
        self.inventory.depend(self.root, id);

        let description =
            json(home, &join(&folder, "platform.json"), "platform.json")?.unwrap_or(Value::Null);
        let mut packages: Vec<(String, Kind, Scope)> = Vec::new();
        for framework in frameworks {
            let known = description.get("frameworks").and_then(|all| all.get(framework));
            match known.and_then(|framework| word(framework, "package")) {
                Some(package) => packages.push((package.to_owned(), Kind::Framework, Scope::Required)),
                None => self.unknown(
                    format!("framework {framework}"),
                    format!("the platform {} does not say which package it is", found.name),
                    line,
                ),
            }
        }
        for (name, package) in description.get("packages").and_then(Value::as_object).into_iter().flatten() {
            let kind = word(package, "type").unwrap_or_default();
            let is_framework = kind == "framework" || name.starts_with("framework-");
            let is_optional = package.get("optional").and_then(Value::as_bool).unwrap_or_default();
            let is_known = packages.iter().any(|(known, ..)| known == name);
            if is_known || is_framework || is_optional {
                continue;
            }
            let is_toolchain = kind == "toolchain" || name.starts_with("toolchain-");
            // Of a toolchain the C library and the runtime are linked into every image; other tools leave nothing behind.
            let scope = if is_toolchain { Scope::Required } else { Scope::Excluded };
            packages.push((name.clone(), Kind::Application, scope));
        }
        let overrides = ini.list(&format!("env:{environment}"), "platform_packages")?;
        for package in &overrides {
            let name = library::specification(&package.text).name;
            if !packages.iter().any(|(known, ..)| *known == name) {
                let is_framework = name.starts_with("framework-");
                let kind = if is_framework { Kind::Framework } else { Kind::Application };
                let is_linked = is_framework || name.starts_with("toolchain-");
                packages.push((name, kind, if is_linked { Scope::Required } else { Scope::Excluded }));
            }
        }
        for (name, kind, scope) in packages {
            let wanted = overrides.iter().map(|package| library::specification(&package.text));
            let wanted = wanted.into_iter().find(|wanted| wanted.name == name);
            let wanted = wanted.unwrap_or_else(|| {
                let package =
                    description.get("packages").and_then(|all| all.get(&name)).unwrap_or(&Value::Null);
                let requirement = word(package, "version").map(str::to_owned);
                Dependency { name: name.clone(), requirement, ..Dependency::default() }
            });
            match self.find(home, "packages", &wanted)? {
                Some(found) => {
                    let mut component = found.component;
                    component.kind = kind;
                    component.scope = scope;
                    component.property("lw:platformio:environment", environment);
                    let package = self.inventory.add(component);
                    self.inventory.depend(self.root, package);
                }
                // A tool that runs on the host leaves nothing in the firmware.
                None if scope == Scope::Excluded => {}
                None => self.unknown(
                    name.clone(),
                    format!("{environment} needs it, and it is not installed: run `pio pkg install -e {environment}` first"),
                    line,
                ),
            }
        }
        Ok(())
    }

    /// Without PlatformIO's home an exact version is all that can be known.
    fn pinned(
        &mut self,
        environment: &str,
        wanted: &Dependency,
        platform: &Option_,
        frameworks: &[String],
    ) -> Result<(), Error> {
        let why = "PlatformIO's home was not found: name it with --platformio-core-dir";
        let exact = wanted.requirement.as_deref().map(|version| version.trim_start_matches('=').trim());
        let exact = exact.filter(|version| semver::Version::parse(version).is_ok());
        match exact {
            Some(version) => {
                let mut component = Component::new(ECOSYSTEM, wanted.name.clone(), Some(version.to_owned()));
                component.namespace.clone_from(&wanted.owner);
                component.kind = Kind::Platform;
                component.scope = Scope::Excluded;
                component.source = Source::PublicRegistry;
                component.purl =
                    Purl::new(ECOSYSTEM, wanted.owner.as_deref(), &wanted.name, Some(version)).ok();
                component.places.insert(place(self.file, platform.line));
                component.property("lw:platformio:environment", environment);
                let id = self.inventory.add(component);
                self.inventory.depend(self.root, id);
                self.unknown(format!("tools of {}", wanted.name), why, Some(platform.line));
            }
            None => self.unknown(shown(&platform.text), why, Some(platform.line)),
        }
        for framework in frameworks {
            self.unknown(format!("framework {framework}"), why, Some(platform.line));
        }
        Ok(())
    }

    /// The package of a kind that fits; of several versions the one that was asked for.
    fn find(&mut self, home: &dyn Tree, kind: &str, wanted: &Dependency) -> Result<Option<Installed>, Error> {
        let mut found = Vec::new();
        for entry in home.list(kind)?.into_iter().filter(|entry| entry.kind == EntryKind::Folder) {
            // Folders are `NAME`, `NAME@VERSION` and `NAME@src-HASH`; a platform from an address has its own name.
            let folder = entry.name.split('@').next().unwrap_or_default();
            let by_address = wanted.requirement.as_deref().is_some_and(|text| text.contains("://"));
            if !by_address && !folder.eq_ignore_ascii_case(&wanted.name) {
                continue;
            }
            let package = self.package(home, &join(kind, &entry.name), &entry.name, true)?;
            if package.is(wanted) {
                found.push(package);
            }
        }
        if found.len() > 1 {
            let asked = wanted.requirement.clone();
            let fits = |package: &Installed| fits(package.component.version.as_deref(), asked.as_deref());
            if found.iter().filter(|package| fits(package)).count() == 1 {
                found.retain(fits);
            }
        }
        if found.len() > 1 {
            let versions: Vec<_> =
                found.iter().filter_map(|package| package.component.version.clone()).collect();
            let why = format!(
                "several versions are installed ({}), and nothing says which is used",
                versions.join(", ")
            );
            self.unknown(wanted.name.clone(), why, None);
            return Ok(None);
        }
        Ok(found.pop())
    }
}

/// Whether a version is one that a requirement allows. What is no range is taken as the version itself.
fn fits(version: Option<&str>, requirement: Option<&str>) -> bool {
    let (Some(version), Some(requirement)) = (version, requirement) else { return false };
    match (semver::Version::parse(version), semver::VersionReq::parse(requirement)) {
        (Ok(version), Ok(range)) if requirement.starts_with(['^', '~', '>', '<', '*']) => {
            range.matches(&version)
        }
        _ => version == requirement.trim_start_matches('='),
    }
}

/// `spec` of a `.piopm`: what was asked for.
fn spec(value: &Value) -> Dependency {
    let owned = |key: &str| word(value, key).map(str::to_owned);
    Dependency {
        owner: owned("owner"),
        name: owned("name").unwrap_or_default(),
        requirement: owned("uri")
            .or_else(|| value.get("id").and_then(Value::as_u64).map(|id| id.to_string())),
        ..Dependency::default()
    }
}

/// What was had as an archive from an address.
fn archive(uri: &str, component: &mut Component) {
    let Some(url) = git::address(uri) else { return };
    let purl =
        Purl::new(ECOSYSTEM, component.namespace.as_deref(), &component.name, component.version.as_deref());
    component.purl = purl.ok().map(|purl| purl.with("download_url", &url));
    let file = Some(name_of(&url).to_owned()).filter(|name| !name.is_empty());
    component.distributions.push(Distribution {
        url: Some(url.clone()),
        file,
        is_source: true,
        ..Distribution::default()
    });
    component.source = Source::Url(url);
}

/// The way from one absolute folder to another, as a relative path.
fn between(from: &str, to: &str) -> Option<String> {
    let parts = |path: &str| -> Option<Vec<String>> {
        let path = path.replace('\\', "/");
        let mut parts = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop()?;
                }
                part => parts.push(part.to_owned()),
            }
        }
        Some(parts)
    };
    let (from, to) = (parts(from)?, parts(to)?);
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    // With nothing in common the way would spell out the folders of the machine.
    if shared + 1 < from.len() {
        return None;
    }
    let up = std::iter::repeat_n("..".to_owned(), from.len() - shared);
    Some(up.chain(to.into_iter().skip(shared)).collect::<Vec<_>>().join("/"))
}

/// What somebody asked for, without user names, passwords and folders of this machine.
fn shown(text: &str) -> String {
    let specification = library::specification(text);
    match specification.requirement.as_deref() {
        Some(address) if address.contains("://") || address.starts_with("git@") => {
            match git::address(address) {
                Some(url) => match git::fragment(address) {
                    Some(revision) => format!("{url}#{revision}"),
                    None => url,
                },
                None => specification.name,
            }
        }
        _ => text.to_owned(),
    }
}
