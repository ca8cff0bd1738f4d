//! Submodules of a git repository: `.gitmodules` (gitmodules(5)) says where they come from, the tree of the commit which
//! commit each is at. Keys `sbom-…` are those of esp-idf-sbom.

use std::collections::BTreeMap;

use lw_inventory::{Completeness, Component, ComponentId, Inventory, Kind, LicenceText, Source, Unknown};

use super::idf_manifest::{describe, party, set_cpe};
use super::input::{is_inside, malformed, name_of, place, required, root};
use super::{git, library};
use crate::address::{folder_of, join, local};
use crate::{Error, Options, Places, Problem, Reader};

/// Repositories with submodules.
pub(crate) const READER: Reader = Reader { name: "git-submodules", files: &[".gitmodules"], read };

const FORMAT: &str = ".gitmodules";
/// Submodules of submodules of submodules.
const DEEPEST: usize = 8;
/// The most submodules of one file.
const MOST: usize = 10_000;

/// One `[submodule "name"]`.
#[derive(Default)]
struct Submodule {
    name: String,
    line: u32,
    keys: BTreeMap<String, String>,
}

fn read(places: &Places<'_>, file: &str, options: &Options) -> Result<Inventory, Error> {
    let folder = folder_of(file);
    let mut inventory = Inventory::new();
    let mut product = root(folder, None, None, Kind::Application);
    product.dependencies_known = Completeness::Complete;
    product.places.insert(place(file, None));
    let product = inventory.add(product);
    inventory.set_root(product);
    let origin = options.origin.as_deref().and_then(git::address);
    repository(places, file, options, origin.as_deref(), product, &mut inventory, 0)?;
    Ok(inventory)
}

/// Adds the submodules that a file lists.
fn repository(
    places: &Places<'_>,
    file: &str,
    options: &Options,
    origin: Option<&str>,
    parent: ComponentId,
    inventory: &mut Inventory,
    depth: usize,
) -> Result<(), Error> {
    let folder = folder_of(file);
    let tree = places.project;
    for submodule in parse(file, &required(tree, file, FORMAT)?)? {
        let key = |name: &str| submodule.keys.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let inconsistent = |what: String| Error::new(file, Some(submodule.line), Problem::Inconsistent(what));
        let Some(path) = key("path") else {
            return Err(inconsistent(format!("the submodule {} has no path", submodule.name)));
        };
        let path =
            local(folder, path).filter(|path| is_inside(path) && !path.is_empty()).ok_or_else(|| {
                inconsistent(format!("the submodule {} lies outside of the repository", submodule.name))
            })?;
        let url = key("url").and_then(|url| resolved(origin, url));
        let commit = options.submodules.get(&path).map(String::as_str);
        let here = Some(place(file, submodule.line));
        let name = url.as_deref().map_or(path.as_str(), |url| name_of(url));
        let name = name.strip_suffix(".git").unwrap_or(name).to_owned();
        let version = key("sbom-version").or(commit).map(str::to_owned);
        let mut component = Component::new("generic", name.clone(), version);
        match &url {
            Some(url) => git::set_origin(&mut component, url, commit, None),
            None => {
                component.source = Source::Path(path.clone());
                let why = match key("url") {
                    Some(url) if url.starts_with('.') => {
                        "its address is relative, and the repository's own is not known"
                    }
                    Some(_) => "its address leads to a folder of one machine",
                    None => "it has no address",
                };
                let (what, why) = (path.clone(), why.to_owned());
                inventory.unknowns.insert(Unknown { what, why, place: here.clone() });
            }
        }
        if commit.is_none() {
            let why = "its commit is not in the repository's tree: is this a git checkout, and was the submodule added?";
            let (what, why) = (path.clone(), why.to_owned());
            inventory.unknowns.insert(Unknown { what, why, place: here.clone() });
        }
        component.places.extend(here);
        component.property("lw:git:path", path.clone());
        if let Some(branch) = key("branch") {
            component.property("lw:git:branch", branch);
        }
        if let Some(manifest) = library::read(tree, &path)? {
            let references = std::mem::take(&mut component.references);
            manifest.describe(&mut component);
            component.references.extend(references);
        }
        component.description = key("sbom-description").map(str::to_owned).or(component.description);
        component.supplier = key("sbom-supplier").and_then(party);
        component.manufacturer = key("sbom-originator").and_then(party);
        if let Some(licence) = key("sbom-license").and_then(LicenceText::parse) {
            component.declared_licence = Some(licence);
        }
        if let Some(cpe) = key("sbom-cpe") {
            set_cpe(&mut component, key("sbom-version"), vec![cpe.to_owned()]);
        }
        let id = inventory.add(component);
        inventory.depend(parent, id);
        describe(tree, &path, id, inventory, 0)?;
        let nested = join(&path, FORMAT);
        if tree.read(&nested)?.is_some() {
            if depth >= DEEPEST {
                let problem =
                    Problem::TooLarge(format!("submodules lie more than {DEEPEST} deep in each other"));
                return Err(Error::new(nested, None, problem));
            }
            repository(places, &nested, options, url.as_deref(), id, inventory, depth + 1)?;
        } else if let Some(component) = inventory.get_mut(id) {
            // What it has in its own tree is not known; it has no submodules where it is checked out.
            let is_checked_out = !tree.list(&path)?.is_empty();
            component.dependencies_known =
                if is_checked_out { Completeness::Unknown } else { Completeness::Incomplete };
        }
    }
    Ok(())
}

/// The address of a submodule; a relative one is seen from the address of the repository (git-submodule(1)).
fn resolved(origin: Option<&str>, url: &str) -> Option<String> {
    if !url.starts_with("./") && !url.starts_with("../") {
        return git::address(url);
    }
    let (scheme, rest) = origin?.split_once("://")?;
    let mut parts: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
    for part in url.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." if parts.len() > 1 => {
                parts.pop();
            }
            ".." => return None,
            part => parts.push(part),
        }
    }
    git::address(&format!("{scheme}://{}", parts.join("/")))
}

/// The file in the syntax of git-config(1): sections, and `key = value` with quotes and comments.
fn parse(file: &str, text: &str) -> Result<Vec<Submodule>, Error> {
    let mut submodules: Vec<Submodule> = Vec::new();
    let mut is_submodule = false;
    for (line, number) in text.lines().zip(1u32..) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            let Some((header, _)) = header.rsplit_once(']') else {
                return Err(malformed(file, number, FORMAT, "a section begins with [ and has no ]"));
            };
            let name = header.trim().strip_prefix("submodule").map(|name| name.trim().trim_matches('"'));
            is_submodule = name.is_some();
            if let Some(name) = name {
                let known = submodules.iter().any(|known| known.name == name);
                if known {
                    return Err(malformed(
                        file,
                        number,
                        FORMAT,
                        format!("the submodule {name} stands there twice"),
                    ));
                }
                if submodules.len() >= MOST {
                    let problem = Problem::TooLarge(format!("it has more than {MOST} submodules"));
                    return Err(Error::new(file, Some(number), problem));
                }
                submodules.push(Submodule { name: name.to_owned(), line: number, keys: BTreeMap::new() });
            }
            continue;
        }
        if !is_submodule {
            continue;
        }
        let Some(submodule) = submodules.last_mut() else { continue };
        let (key, value) = line.split_once('=').unwrap_or((line, "true"));
        submodule.keys.insert(key.trim().to_ascii_lowercase(), unquoted(value));
    }
    Ok(submodules)
}

/// A value without its quotes and without the comment after it.
fn unquoted(value: &str) -> String {
    let mut out = String::new();
    let (mut is_quoted, mut characters) = (false, value.trim().chars());
    while let Some(character) = characters.next() {
        match character {
            '"' => is_quoted = !is_quoted,
            '\\' => out.extend(characters.next()),
            '#' | ';' if !is_quoted => break,
            character => out.push(character),
        }
    }
    out.trim_end().to_owned()
}
