//! `go.mod`, `go.sum` and `go.work`: <https://go.dev/ref/mod>.
//!
//! From Go 1.17 on a module's `go.mod` lists every module that its packages are built of. Which of them needs which stands in
//! their own `go.mod` files, and those lie in the module cache alone. `go.sum` lists more than is built, so it only adds
//! hashes.

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{Completeness, ComponentId, Inventory, Kind, Place, Source, Unknown};
use lw_model::lists::distinct;

use super::syntax::{Line, lines};
use super::{H1, REPLACES, is_folder, module};
use crate::text::Input;
use crate::{Error, Options, Places, Tree, address};

/// The first version of Go whose `go.mod` lists indirect modules as well.
const LISTS_ALL: (u64, u64) = (1, 17);

/// The most folders of a workspace.
const MAX_FOLDERS: usize = 1_000;

/// What a `go.mod` says.
#[derive(Default)]
struct Mod {
    path: Option<String>,
    go: Option<String>,
    requires: Vec<Require>,
    excludes: BTreeSet<(String, String)>,
    replaces: BTreeMap<(String, Option<String>), Replacement>,
    tools: Vec<String>,
    folders: Vec<(String, u32)>,
}

struct Require {
    path: String,
    version: String,
    indirect: bool,
    line: u32,
}

#[derive(Clone)]
struct Replacement {
    path: String,
    version: Option<String>,
}

impl Mod {
    fn read(source: &Input<'_>) -> Result<Self, Error> {
        let fail = |line: u32, reason: String| source.malformed(Some(line), reason);
        let mut read = Self::default();
        for line in lines(&source.text).map_err(|(line, reason)| fail(line, reason))? {
            let Line { number, words, comment } = line;
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            match words.as_slice() {
                ["module", path] if read.path.is_none() => read.path = Some((*path).to_owned()),
                ["go", version] => read.go = Some((*version).to_owned()),
                ["require", path, version] => read.requires.push(Require {
                    path: (*path).to_owned(),
                    version: (*version).to_owned(),
                    indirect: comment == "indirect" || comment.starts_with("indirect;"),
                    line: number,
                }),
                ["exclude", path, version] => {
                    read.excludes.insert(((*path).to_owned(), (*version).to_owned()));
                }
                ["replace", rest @ ..] => {
                    let (old, new) = match rest {
                        [old, "=>", new @ ..] => ((*old, None), new),
                        [old, version, "=>", new @ ..] => ((*old, Some(*version)), new),
                        _ => {
                            return Err(fail(
                                number,
                                "a replacement is \"module [version] => module-or-folder [version]\""
                                    .to_owned(),
                            ));
                        }
                    };
                    let replacement = match new {
                        [path] if is_folder(path) => Replacement { path: (*path).to_owned(), version: None },
                        [path, version] if !is_folder(path) => {
                            Replacement { path: (*path).to_owned(), version: Some((*version).to_owned()) }
                        }
                        _ => {
                            let reason = "a replacement is a folder that begins with \"./\" or \"../\", or a module and its version";
                            return Err(fail(number, reason.to_owned()));
                        }
                    };
                    read.replaces.insert((old.0.to_owned(), old.1.map(str::to_owned)), replacement);
                }
                ["tool", path] => read.tools.push((*path).to_owned()),
                ["use", folder] => read.folders.push(((*folder).to_owned(), number)),
                // These change nothing about what is needed: what of this module must not be used, how it is built.
                ["retract" | "toolchain" | "godebug" | "ignore", _, ..] => {}
                ["module" | "go" | "require" | "exclude" | "tool" | "use", ..] => {
                    return Err(fail(number, format!("{:?} is no whole line", words.join(" "))));
                }
                [verb, ..] => return Err(fail(number, format!("{verb:?} is no directive that is known"))),
                [] => {}
            }
            source.limit(read.requires.len())?;
        }
        Ok(read)
    }

    fn replacement(&self, path: &str, version: &str) -> Option<&Replacement> {
        let exact = self.replaces.get(&(path.to_owned(), Some(version.to_owned())));
        exact.or_else(|| self.replaces.get(&(path.to_owned(), None)))
    }

    /// Whether it lists every module that is built.
    fn lists_all(&self) -> bool {
        let mut numbers = self.go.as_deref().unwrap_or("1.16").split('.');
        let mut number = || numbers.next().and_then(|number| number.parse::<u64>().ok());
        number().zip(number()).is_some_and(|version| version >= LISTS_ALL)
    }
}

/// Reads `go.work` with the modules of its folders, or `go.mod`.
pub(super) fn read(places: &Places<'_>, file: &str, _: &Options) -> Result<Inventory, Error> {
    let folder = address::folder_of(file);
    if !file.ends_with("go.work") {
        let mut reading = Reading::new(places);
        let root = reading.module(file, &Mod::default())?;
        reading.inventory.set_root(root);
        return Ok(reading.finish(root));
    }
    let source = Input::open(places.project, file, "go.work")?;
    let work = Mod::read(&source)?;
    if work.folders.len() > MAX_FOLDERS {
        return Err(source.malformed(None, format!("it has more than {MAX_FOLDERS} folders")));
    }
    let mut reading = Reading::new(places);
    let mut root = lw_inventory::Component::new("", folder.rsplit('/').next().unwrap_or_default(), None);
    root.kind = Kind::Application;
    root.source = Source::Path(folder.to_owned());
    root.dependencies_known = Completeness::Complete;
    let root = reading.inventory.add(root);
    reading.inventory.set_root(root);
    for (used, line) in &work.folders {
        let inside = address::local(folder, used).filter(|path| !path.starts_with(".."));
        let found = match &inside {
            Some(path) => {
                let file = address::join(path, "go.mod");
                places.project.read(&file)?.is_some().then_some(file)
            }
            None => None,
        };
        let Some(file) = found else {
            return Err(source
                .inconsistent(Some(*line), format!("there is no go.mod in {used:?} inside of the project")));
        };
        let member = reading.module(&file, &work)?;
        reading.inventory.depend(root, member);
    }
    Ok(reading.finish(root))
}

struct Reading<'a> {
    places: &'a Places<'a>,
    inventory: Inventory,
    /// The modules that were chosen, by their paths before they were replaced, and what each is in the cache.
    chosen: BTreeMap<String, ComponentId>,
    cached: BTreeMap<ComponentId, (String, String)>,
    /// Modules that are folders of the project.
    folders: BTreeMap<ComponentId, String>,
    direct: BTreeSet<(ComponentId, ComponentId)>,
    listed: BTreeSet<(ComponentId, ComponentId)>,
}

impl<'a> Reading<'a> {
    fn new(places: &'a Places<'a>) -> Self {
        Self {
            places,
            inventory: Inventory::new(),
            chosen: BTreeMap::new(),
            cached: BTreeMap::new(),
            folders: BTreeMap::new(),
            direct: BTreeSet::new(),
            listed: BTreeSet::new(),
        }
    }

    /// Reads a module of the project and what it requires; the replacements of `work` count before its own.
    fn module(&mut self, file: &str, work: &Mod) -> Result<ComponentId, Error> {
        let tree = self.places.project;
        let folder = address::folder_of(file);
        let source = Input::open(tree, file, "go.mod")?;
        let read = Mod::read(&source)?;
        let path = read.path.as_deref().ok_or_else(|| source.malformed(None, "it has no \"module\""))?;
        let sums = sums(tree, folder)?;

        let mut own = module(path, None, Source::Path(folder.to_owned()));
        own.kind = Kind::Application;
        own.places.insert(Place { file: file.to_owned(), line: None });
        own.dependencies_known = Completeness::Incomplete;
        if let Some(version) = &read.go {
            own.property("lw:go:version", version.clone());
        }
        if !read.lists_all() && !read.requires.is_empty() {
            self.inventory.unknowns.insert(Unknown {
                what: format!("modules that {path} needs indirectly"),
                why: "before \"go 1.17\" a go.mod does not list them; go mod tidy -go=1.17 writes them"
                    .to_owned(),
                place: Some(Place { file: file.to_owned(), line: None }),
            });
        }
        let own = self.inventory.add(own);
        self.chosen.insert(path.to_owned(), own);
        for require in &read.requires {
            let place = Place { file: file.to_owned(), line: Some(require.line) };
            let old = format!("{}@{}", require.path, require.version);
            let replaced = work.replacement(&require.path, &require.version);
            let replaced = replaced
                .map(|one| (one, ""))
                .or_else(|| read.replacement(&require.path, &require.version).map(|one| (one, folder)));
            let mut excluded = false;
            let (mut component, cached) = match replaced {
                Some((Replacement { path, version: Some(version) }, _)) => (
                    module(path, Some(version), Source::PublicRegistry),
                    Some((path.clone(), version.clone())),
                ),
                Some((Replacement { path: local, version: None }, folder)) => {
                    let place = address::local(folder, local)
                        .unwrap_or_else(|| address::file_name(local).unwrap_or_default());
                    (module(&require.path, None, Source::Path(place)), None)
                }
                None => {
                    let key = (require.path.clone(), require.version.clone());
                    excluded = read.excludes.contains(&key);
                    let version = (!excluded).then_some(require.version.as_str());
                    (module(&require.path, version, Source::PublicRegistry), Some(key).filter(|_| !excluded))
                }
            };
            if replaced.is_some() {
                component.property(REPLACES, old.clone());
            }
            if excluded {
                self.inventory.unknowns.insert(Unknown {
                    what: old,
                    why: "go.mod both requires and excludes it, so Go takes a later one; go mod tidy writes which".to_owned(),
                    place: Some(place.clone()),
                });
            }
            if require.indirect {
                component.property("lw:go:indirect", "true");
            }
            let is_tool = |tool: &String| {
                tool.strip_prefix(require.path.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            if read.tools.iter().any(is_tool) {
                component.property("lw:go:tool", "true");
            }
            if let Some(sum) = cached.as_ref().and_then(|key| sums.get(key)) {
                component.property(H1, sum.clone());
            }
            component.dependencies_known = Completeness::Incomplete;
            component.places.insert(place);
            let id = self.inventory.add(component);
            self.chosen.insert(require.path.clone(), id);
            if let Some(cached) = cached {
                self.cached.insert(id, cached);
            }
            if let Some(Source::Path(folder)) = self.inventory.get(id).map(|component| &component.source) {
                self.folders.insert(id, folder.clone());
            }
            self.listed.insert((own, id));
            if !require.indirect {
                self.direct.insert((own, id));
            }
        }
        Ok(own)
    }

    /// Draws the edges: those the module cache knows, and from each module of the project to what else it lists.
    fn finish(mut self, root: ComponentId) -> Inventory {
        let mut known = true;
        let cache = self.places.go_modules;
        let in_cache = std::mem::take(&mut self.cached);
        for (id, (path, version)) in &in_cache {
            let time = cache.and_then(|cache| published(cache, &cached_file(path, version, "info")?));
            if let Some(component) = self.inventory.get_mut(*id).filter(|_| time.is_some()) {
                component.released = time;
            }
        }
        let cached = in_cache.into_iter().map(|(id, (path, version))| {
            (id, cache.and_then(|cache| requires(cache, &cached_file(&path, &version, "mod")?)))
        });
        let project = self.places.project;
        let folders = std::mem::take(&mut self.folders).into_iter().map(|(id, folder)| {
            let inside = !folder.starts_with("..");
            (id, inside.then(|| address::join(&folder, "go.mod")).and_then(|file| requires(project, &file)))
        });
        for (id, required) in cached.chain(folders) {
            let Some(required) = required else {
                known = false;
                continue;
            };
            for path in required {
                if let Some(&to) = self.chosen.get(&path) {
                    self.inventory.depend(id, to);
                }
            }
            if let Some(component) = self.inventory.get_mut(id) {
                component.dependencies_known = Completeness::Complete;
            }
        }
        for &(from, to) in &self.direct {
            self.inventory.depend(from, to);
        }
        let reached = {
            let mut reached = self.inventory.reachable();
            reached.insert(root);
            reached
        };
        let owners = distinct(self.listed.iter().map(|(from, _)| *from));
        for &(from, to) in self.listed.iter().filter(|(_, to)| !known || !reached.contains(to)) {
            self.inventory.depend(from, to);
        }
        if known {
            for owner in owners {
                if let Some(owner) = self.inventory.get_mut(owner) {
                    owner.dependencies_known = Completeness::Complete;
                }
            }
        }
        self.inventory
    }
}

/// The hashes of modules themselves; those of their `go.mod` files alone are left out.
fn sums(tree: &dyn Tree, folder: &str) -> Result<BTreeMap<(String, String), String>, Error> {
    let file = address::join(folder, "go.sum");
    let Some(bytes) = tree.read(&file)? else { return Ok(BTreeMap::new()) };
    if bytes.trim_ascii().is_empty() {
        return Ok(BTreeMap::new());
    }
    drop(bytes);
    let Some(source) = Input::find(tree, &file, "go.sum")? else { return Ok(BTreeMap::new()) };
    let mut sums = BTreeMap::new();
    for (number, line) in (1u32..).zip(source.text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let words: Vec<_> = line.split_whitespace().collect();
        let [path, version, sum] = words.as_slice() else {
            return Err(source.malformed(Some(number), "a line is a module, its version and a hash"));
        };
        if !version.ends_with("/go.mod") && sum.starts_with("h1:") {
            sums.insert(((*path).to_owned(), (*version).to_owned()), (*sum).to_owned());
        }
    }
    Ok(sums)
}

/// Where the module cache has the `go.mod` of a module, or what its proxy says of the version (`info`).
fn cached_file(path: &str, version: &str, kind: &str) -> Option<String> {
    Some(format!("cache/download/{}/@v/{}.{kind}", escaped(path)?, escaped(version)?))
}

/// When a version was made, as its proxy says (<https://go.dev/ref/mod#goproxy-protocol>).
fn published(tree: &dyn Tree, file: &str) -> Option<String> {
    let info: serde_json::Value = lw_syntax::json::from_slice(&tree.read(file).ok()??).ok()?;
    lw_inventory::whole_seconds(info.get("Time")?.as_str()?)
}

/// The modules that a `go.mod` requires; `None` where it is not there. One that cannot be read counts as missing: it is not
/// the project's own, and what it would have said is incomplete then.
fn requires(tree: &dyn Tree, file: &str) -> Option<Vec<String>> {
    let source = Input::find(tree, file, "go.mod").ok()??;
    let read = Mod::read(&source).ok()?;
    Some(read.requires.into_iter().map(|require| require.path).collect())
}

/// A path as the module cache writes it: upper case as `!` and lower case. `None` for one that would lead elsewhere.
fn escaped(path: &str) -> Option<String> {
    let safe = !path.is_empty() && path.split('/').all(|part| !["", ".", ".."].contains(&part));
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\:!".contains(&byte));
    if !(safe && plain) {
        return None;
    }
    let mut escaped = String::with_capacity(path.len());
    for character in path.chars() {
        if character.is_ascii_uppercase() {
            escaped.push('!');
        }
        escaped.push(character.to_ascii_lowercase());
    }
    Some(escaped)
}
