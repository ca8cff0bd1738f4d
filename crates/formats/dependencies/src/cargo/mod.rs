//! Cargo: `Cargo.lock`, the manifests beside it, and what Cargo keeps of its registries.
//!
//! Cargo itself is never run. The lock file gives packages, hashes and edges; the manifests give kinds of dependencies,
//! features, licences and authors.

mod auditable;
mod built;
mod lock;
mod manifest;
mod registry;
mod scope;
mod workspace;

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{
    Completeness, Component, ComponentId, Contact, Distribution, Hash, HashAlgorithm, Inventory, Kind,
    LicenceText, Place, Purl, Reference, ReferenceKind, Source, Unknown,
};
use lw_model::lists::filled;

pub use auditable::from_binary;
pub use built::{BuildLog, only_built};

use crate::address::public_url;
use crate::origin::{folder_of, join, revision};
use crate::text::{project_text, text_of};
use crate::{Error, Options, Places, Problem, Reader};
use lock::{Lock, Locked};
use manifest::Manifest;
use registry::Registries;
use scope::{Start, Targets};
use workspace::Project;

pub(crate) const READER: Reader = Reader { name: "cargo", files: &["Cargo.lock"], read };

/// The type of package URL.
const ECOSYSTEM: &str = "cargo";

/// Reads a `Cargo.lock` with what belongs to it.
fn read(places: &Places<'_>, path: &str, options: &Options) -> Result<Inventory, Error> {
    let text = project_text(places, path, lock::FORMAT)?;
    let lock = lock::read(&text, path)?;
    let base = folder_of(path);
    let project = Project::read(places, base)?;
    let registries = Registries::of(places, options.hash_archives)?;
    let targets = Targets::of(&options.targets).map_err(|unknown| {
        Error::new(path, None, Problem::Inconsistent(format!("{unknown:?} is no target that Rust knows")))
    })?;
    let mut inventory = Inventory::new();

    // What lies in the project, by what the lock file calls it.
    let mut folders: BTreeMap<(&str, &str), (&str, &Manifest)> = BTreeMap::new();
    for (folder, manifest) in project.packages(base) {
        if let Some(package) = &manifest.package {
            folders.entry((&package.name, &package.version)).or_insert((folder, manifest));
        }
    }
    let mut kept = Vec::with_capacity(lock.packages.len());
    for package in &lock.packages {
        kept.push(Known::of(package, &folders, &registries, path)?);
    }
    let manifests: Vec<Option<&Manifest>> = kept.iter().map(Known::manifest).collect();
    let edges = scope::edges(&lock, &manifests, &targets);

    // Where the product begins.
    let locals = Locals { lock: &lock, kept: &kept };
    let chosen = choose(&lock, &project, options, &locals, path)?;
    let starts = chosen.iter().map(|index| {
        let default = (!options.no_default_features).then(|| "default".to_owned());
        let asked = options.features.iter().map(|feature| match feature.split_once('/') {
            Some((package, own)) if lock.packages.get(*index).is_some_and(|p| p.name == package) => {
                own.to_owned()
            }
            _ => feature.clone(),
        });
        Start { package: *index, features: filled(asked.chain(default)) }
    });
    let scopes = scope::scopes(starts.collect(), &manifests, &edges);

    let members = locals.that(|folder, _| project.members.contains(folder));
    let root_package = match chosen.as_slice() {
        [one] if !options.packages.is_empty() => Some(*one),
        _ => locals.that(|folder, _| folder == base).first().copied(),
    };
    // With chosen packages or targets only what they reach belongs to the product, else all that is locked.
    let is_narrowed = !options.packages.is_empty() || !targets.is_all();
    let from: Vec<usize> = match options.packages.is_empty() {
        true => members.iter().chain(root_package.iter()).copied().collect(),
        false => chosen.clone(),
    };
    let reached = if is_narrowed { reach(&from, &edges) } else { vec![true; lock.packages.len()] };

    let root = root_package.is_none().then(|| {
        let mut root = Component::new("", base.rsplit('/').next().unwrap_or_default(), None);
        root.kind = Kind::Application;
        root.source = Source::Path(base.to_owned());
        root.dependencies_known = Completeness::Complete;
        let id = inventory.add(root);
        inventory.set_root(id);
        id
    });
    let mut ids: Vec<Option<ComponentId>> = Vec::with_capacity(lock.packages.len());
    for (index, (package, known)) in lock.packages.iter().zip(&kept).enumerate() {
        let is_left_out = package.replaced || !reached.get(index).is_some_and(|reached| *reached);
        let scope = scopes.get(index).copied().unwrap_or_default();
        ids.push((!is_left_out).then(|| {
            let mut component = component(package, known, path, &project);
            component.scope = scope;
            if Some(index) == root_package {
                component.scope = lw_inventory::Scope::Required;
                component.kind = known.kind(places);
            }
            inventory.add(component)
        }));
    }
    let id = |index: usize| ids.get(index).copied().flatten();
    for (from, edges) in edges.iter().enumerate() {
        for edge in edges {
            if let (Some(from), Some(to)) = (id(from), id(edge.to)) {
                inventory.depend(from, to);
            }
        }
    }
    if let Some(root) = root_package.and_then(id) {
        inventory.set_root(root);
    }
    let Some(root) = root.or_else(|| inventory.root()) else {
        return Ok(inventory);
    };
    // The members hang on a workspace that is no package itself; on one that is, those it does not need anyhow.
    if root_package.is_none() {
        for member in if options.packages.is_empty() { &members } else { &chosen } {
            if let Some(member) = id(*member) {
                inventory.depend(root, member);
            }
        }
    }
    hang_the_rest(&mut inventory, root, &lock, &ids);
    unknowns(&mut inventory, &lock, &kept, &ids, &project, path);
    Ok(inventory)
}

/// The packages that lie in the project.
struct Locals<'a> {
    lock: &'a Lock,
    kept: &'a [Known<'a>],
}

impl Locals<'_> {
    /// Those whose folder and name are wanted, by their place in the lock file.
    fn that(&self, is_wanted: impl Fn(&str, &str) -> bool) -> Vec<usize> {
        let of = |(index, (package, known)): (usize, (&Locked, &Known<'_>))| {
            is_wanted(known.folder?, &package.name).then_some(index)
        };
        self.lock.packages.iter().zip(self.kept).enumerate().filter_map(of).collect()
    }
}

/// The packages that make the product.
fn choose(
    lock: &Lock,
    project: &Project,
    options: &Options,
    locals: &Locals<'_>,
    path: &str,
) -> Result<Vec<usize>, Error> {
    if options.packages.is_empty() {
        let chosen = locals.that(|folder, _| project.default.contains(folder));
        if !chosen.is_empty() {
            return Ok(chosen);
        }
        // Without manifests: what lies in the project, and else what nothing needs.
        let local = |(index, package): (usize, &Locked)| package.source.is_none().then_some(index);
        let chosen: Vec<usize> = lock.packages.iter().enumerate().filter_map(local).collect();
        if !chosen.is_empty() {
            return Ok(chosen);
        }
        let needed: BTreeSet<usize> =
            filled(lock.packages.iter().flat_map(|p| p.dependencies.iter().copied()));
        return Ok((0..lock.packages.len()).filter(|index| !needed.contains(index)).collect());
    }
    let mut chosen = Vec::new();
    for name in &options.packages {
        let found = locals.that(|_, package| package == name);
        if found.is_empty() {
            let problem = Problem::Inconsistent(format!("no package of the project is {name:?}"));
            return Err(Error::new(path, None, problem));
        }
        chosen.extend(found);
    }
    Ok(chosen)
}

/// What a package needs, directly or not, itself among it.
fn reach(from: &[usize], edges: &[Vec<scope::Edge<'_>>]) -> Vec<bool> {
    let mut reached = vec![false; edges.len()];
    let mut next = from.to_vec();
    while let Some(index) = next.pop() {
        if let Some(mark) = reached.get_mut(index).filter(|mark| !**mark) {
            *mark = true;
            next.extend(edges.get(index).into_iter().flatten().map(|edge| edge.to));
        }
    }
    reached
}

/// Hangs on the root what nothing else leads to: members that the root does not need, and what an outdated lock file still
/// has.
fn hang_the_rest(inventory: &mut Inventory, root: ComponentId, lock: &Lock, ids: &[Option<ComponentId>]) {
    let reached = inventory.reachable();
    let needed: BTreeSet<usize> = filled(lock.packages.iter().flat_map(|p| p.dependencies.iter().copied()));
    let loose = |index: &usize| ids.get(*index).copied().flatten().filter(|id| !reached.contains(id));
    for id in (0..ids.len()).filter(|index| !needed.contains(index)).filter_map(|index| loose(&index)) {
        inventory.depend(root, id);
    }
    // What is left needs itself in a circle, as packages whose tests need each other do.
    let reached = inventory.reachable();
    let left: Vec<_> = ids.iter().flatten().copied().filter(|id| !reached.contains(id)).collect();
    let mut reached = reached;
    for id in left {
        if !reached.contains(&id) {
            inventory.depend(root, id);
            let mut next = vec![id];
            while let Some(id) = next.pop() {
                if reached.insert(id) {
                    next.extend(inventory.dependencies(id));
                }
            }
        }
    }
}

fn unknowns(
    inventory: &mut Inventory,
    lock: &Lock,
    kept: &[Known<'_>],
    ids: &[Option<ComponentId>],
    project: &Project,
    path: &str,
) {
    for file in &project.missing {
        inventory.unknowns.insert(Unknown {
            what: file.clone(),
            why: "this manifest lies outside of the project or is not there, so which of its dependencies are of tests or \
                  optional is not known; take them as required"
                .into(),
            place: None,
        });
    }
    let mut without = 0_usize;
    for ((package, known), id) in lock.packages.iter().zip(kept).zip(ids) {
        if id.is_none() {
            continue;
        }
        without += usize::from(known.manifest().is_none());
        if known.is_other {
            inventory.unknowns.insert(Unknown {
                what: format!("{} {}", package.name, package.version),
                why: "its archive in Cargo's home does not have the checksum of the lock file; remove it there and run \
                      `cargo fetch`"
                    .into(),
                place: Some(Place { file: path.to_owned(), line: Some(package.line) }),
            });
        }
    }
    if without > 0 {
        inventory.unknowns.insert(Unknown {
            what: format!("manifests of {without} of {} packages", lock.packages.len()),
            why: "they are not in Cargo's home, so licences, authors and which features need what are not known, and what these \
                  packages may need counts as required; run `cargo fetch`"
                .into(),
            place: Some(Place { file: path.to_owned(), line: None }),
        });
    }
}

/// What is known of a package besides what the lock file says.
struct Known<'a> {
    /// The folder of what lies in the project.
    folder: Option<&'a str>,
    local: Option<&'a Manifest>,
    kept: Option<Manifest>,
    sha512: Option<Hash>,
    published: Option<String>,
    is_other: bool,
    source: Source,
}

impl<'a> Known<'a> {
    fn of(
        package: &Locked,
        folders: &BTreeMap<(&str, &str), (&'a str, &'a Manifest)>,
        registries: &Registries<'_>,
        path: &str,
    ) -> Result<Self, Error> {
        let nothing = Self {
            folder: None,
            local: None,
            kept: None,
            sha512: None,
            published: None,
            is_other: false,
            source: Source::Unknown,
        };
        let Some(written) = &package.source else {
            let found = folders.get(&(package.name.as_str(), package.version.as_str())).copied();
            return Ok(match found {
                Some((folder, manifest)) => Self {
                    folder: Some(folder),
                    local: Some(manifest),
                    source: Source::Path(folder.to_owned()),
                    ..nothing
                },
                None => nothing,
            });
        };
        let source = source_of(written);
        let registry = match &source {
            Source::PublicRegistry => None,
            Source::Registry(url) => Some(url.as_str()),
            _ => return Ok(Self { source, ..nothing }),
        };
        let found =
            registries.find(registry, &package.name, &package.version, package.checksum.as_deref())?;
        let of_crate = format!("{}-{}/Cargo.toml", package.name, package.version);
        let parse = |bytes: &[u8]| {
            let text = text_of(bytes, &of_crate, manifest::FORMAT).ok()?;
            let manifest = manifest::read(&text, path, None, "").ok()?;
            // A vendored crate of another version is not this one.
            let own = manifest.package.as_ref()?;
            (own.name == package.name && own.version == package.version).then_some(manifest)
        };
        let kept = found.manifest.as_deref().and_then(parse);
        let (sha512, published, is_other) = (found.sha512, found.published, found.is_other);
        Ok(Self { kept, sha512, published, is_other, source, ..nothing })
    }

    fn manifest(&self) -> Option<&Manifest> {
        self.local.or(self.kept.as_ref())
    }

    /// Whether the root runs or is called.
    fn kind(&self, places: &Places<'_>) -> Kind {
        let folder = self.folder.unwrap_or_default();
        let has_main = ["src/main.rs", "src/bin"].iter().any(|name| {
            let path = join(folder, name);
            matches!(places.project.read(&path), Ok(Some(_)))
                || places.project.list(&path).is_ok_and(|entries| !entries.is_empty())
        });
        let is_named = self.manifest().is_some_and(|manifest| manifest.names_executable);
        if has_main || is_named { Kind::Application } else { Kind::Library }
    }
}

/// A source as a lock file writes it.
fn source_of(written: &str) -> Source {
    let (source, commit) = lock::precise(written);
    let Some((kind, address)) = source.split_once('+') else { return Source::Unknown };
    match kind {
        "registry" | "sparse" => {
            let Some(url) = public_url(address) else { return Source::Registry("local".into()) };
            let known = ["https://github.com/rust-lang/crates.io-index", "https://index.crates.io"];
            if known.contains(&url.trim_end_matches('/').trim_end_matches(".git")) {
                return Source::PublicRegistry;
            }
            Source::Registry(url)
        }
        "git" => {
            let (address, query) = address.split_once('?').unwrap_or((address, ""));
            let asked = query.split('&').find_map(|pair| {
                let (key, value) = pair.split_once('=')?;
                ["rev", "tag", "branch"].contains(&key).then_some(value)
            });
            // A repository on this machine has no address that means anything elsewhere.
            let Some(url) = public_url(address) else { return Source::Unknown };
            Source::Git { url, revision: commit.or(asked).and_then(revision), folder: None }
        }
        // What stands on this machine in a registry's place: a folder or a file of archives.
        "local-registry" | "directory" => Source::Registry("local".into()),
        _ => Source::Unknown,
    }
}

/// The package URL of a crate: its type's own rules for registries and repositories
/// (<https://github.com/package-url/purl-spec/blob/main/types-doc/cargo-definition.md>).
fn purl_of(name: &str, version: &str, source: &Source) -> Option<Purl> {
    let purl = Purl::new(ECOSYSTEM, None, name, Some(version)).ok()?;
    match source {
        Source::PublicRegistry => Some(purl),
        Source::Registry(url) if url == "local" => None,
        Source::Registry(url) => Some(purl.with("repository_url", url)),
        Source::Git { url, revision, .. } => {
            let revision = revision.as_ref().map(|revision| format!("@{revision}")).unwrap_or_default();
            Some(purl.with("vcs_url", &format!("git+{url}{revision}")))
        }
        _ => None,
    }
}

fn component(package: &Locked, known: &Known<'_>, path: &str, project: &Project) -> Component {
    let mut component = Component::new(ECOSYSTEM, package.name.clone(), Some(package.version.clone()));
    component.source = known.source.clone();
    component.purl = purl_of(&package.name, &package.version, &known.source);
    component.dependencies_known = Completeness::Complete;
    component.released.clone_from(&known.published);
    component.places.insert(Place { file: path.to_owned(), line: Some(package.line) });
    if matches!(known.source, Source::PublicRegistry | Source::Registry(_)) {
        let file = format!("{}-{}.crate", package.name, package.version);
        let is_public = known.source == Source::PublicRegistry;
        let mut hashes: BTreeSet<Hash> = filled(known.sha512.iter().cloned());
        hashes.extend(package.checksum.as_deref().and_then(|hex| Hash::from_hex(HashAlgorithm::Sha256, hex)));
        component.distributions.push(Distribution {
            // `dl` in <https://index.crates.io/config.json>; that of another registry is not in any file.
            url: is_public.then(|| format!("https://static.crates.io/crates/{}/{file}", package.name)),
            file: Some(file),
            is_source: true,
            hashes,
        });
    }
    if let Source::Git { url, .. } = &known.source {
        component.references.insert(Reference { kind: ReferenceKind::Vcs, url: url.clone() });
    }
    // What a `[patch]` of the workspace put in the place of a registry's crate.
    let patched =
        project.root.iter().flat_map(|root| &root.patches).filter(|(name, _)| *name == package.name);
    for (_, source) in patched.filter(|_| known.source != Source::PublicRegistry) {
        let source = if source.contains("://") { public_url(source) } else { Some(source.clone()) };
        if let Some(source) = source {
            component.property("lw:cargo:patches", source);
        }
    }
    if let Some(manifest) = known.manifest() {
        describe(&mut component, manifest);
    }
    component
}

fn describe(component: &mut Component, manifest: &Manifest) {
    if manifest.is_proc_macro {
        component.property("lw:cargo:proc-macro", "true");
    }
    let Some(package) = &manifest.package else { return };
    component.declared_licence = package.licence.as_deref().and_then(LicenceText::parse);
    if let Some(file) =
        package.licence_file.as_deref().and_then(|file| crate::origin::relative_path("", file))
    {
        component.property("lw:cargo:license-file", file);
    }
    component.authors = package.authors.iter().filter_map(|text| contact(text)).collect();
    component.description = package.description.as_deref().map(one_line).filter(|text| !text.is_empty());
    let references = [
        (ReferenceKind::Vcs, &package.repository),
        (ReferenceKind::Website, &package.homepage),
        (ReferenceKind::Documentation, &package.documentation),
    ];
    for (kind, url) in references {
        if let Some(url) = url.as_deref().and_then(public_url) {
            component.references.insert(Reference { kind, url });
        }
    }
}

/// A text with its spaces and line breaks as single spaces.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `Name <mail@example.org>`, each of which may be missing; npm adds `(https://example.org)`.
pub(crate) fn contact(text: &str) -> Option<Contact> {
    let mut rest = text.trim().to_owned();
    let mut between = |open: char, close: char| {
        let from = rest.find(open)?;
        let to = from + rest.get(from..)?.find(close)?;
        let inner = rest.get(from + open.len_utf8()..to)?.trim().to_owned();
        rest.replace_range(from..to + close.len_utf8(), "");
        (!inner.is_empty()).then_some(inner)
    };
    let email = between('<', '>').filter(|mail| mail.contains('@'));
    let url = between('(', ')').and_then(|url| public_url(&url));
    let mut name = one_line(&rest);
    let mut email = email;
    if email.is_none() && name.contains('@') && !name.contains(' ') {
        email = Some(std::mem::take(&mut name));
    }
    let contact = Contact { name: Some(name).filter(|name| !name.is_empty()), email, url };
    (!contact.is_empty()).then_some(contact)
}
