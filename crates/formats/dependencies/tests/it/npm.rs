//! The lock files of npm, Yarn and pnpm: counts, edges and scopes as each manager itself lists them.

use std::collections::BTreeSet;

use lw_dependencies::{MemoryTree, Places, Problem};
use lw_inventory::{HashAlgorithm, Inventory, Scope, Source};
use lw_testkit::shared_fixture;
use serde_json::Value;

use crate::common::{Folder, edges, fixture, get, key, names, needs, read, read_texts};

type Name = (String, String);

fn json(path: &std::path::Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Names and edges of what `npm ls --all --json` prints: `dependencies` in each other, what is there already without its own.
fn listing(value: &Value, own: &Name, names: &mut BTreeSet<Name>, edges: &mut BTreeSet<(Name, Name)>) {
    names.insert(own.clone());
    for (name, below) in value["dependencies"].as_object().into_iter().flatten() {
        // What is optional and not there has nothing but an empty object.
        let Some(version) = below["version"].as_str() else { continue };
        // An alias is listed under the name it was given.
        let name = if name == "string-width-cjs" { "string-width" } else { name };
        let below_key = (name.to_owned(), version.to_owned());
        edges.insert((own.clone(), below_key.clone()));
        listing(below, &below_key, names, edges);
    }
}

fn npm_ls(path: &std::path::Path) -> (BTreeSet<Name>, BTreeSet<(Name, Name)>) {
    let value = json(path);
    let (mut names, mut edges) = (BTreeSet::new(), BTreeSet::new());
    let root = (value["name"].as_str().unwrap().to_owned(), value["version"].as_str().unwrap().to_owned());
    listing(&value, &root, &mut names, &mut edges);
    (names, edges)
}

/// Says what only one of two sets has.
fn same<T: Ord + std::fmt::Debug>(ours: &BTreeSet<T>, theirs: &BTreeSet<T>, what: &str) {
    let only_ours: Vec<_> = ours.difference(theirs).collect();
    let only_theirs: Vec<_> = theirs.difference(ours).collect();
    assert!(
        only_ours.is_empty() && only_theirs.is_empty(),
        "{what}: ours {only_ours:?}, the manager's {only_theirs:?}"
    );
    assert!(!ours.is_empty());
}

/// Names of components of at least a scope.
fn at_least(inventory: &Inventory, scope: Scope) -> BTreeSet<Name> {
    inventory
        .iter()
        .filter(|(_, component)| component.scope >= scope)
        .map(|(_, component)| key(component))
        .collect()
}

#[test]
fn npm_locks_are_what_npm_lists() {
    for version in ["npm-1", "npm-2", "npm-3"] {
        let folder = fixture(version);
        let inventory = read(&Folder(folder.clone()), "package-lock.json").unwrap();
        assert_eq!(inventory.unknowns, BTreeSet::new(), "{version}");
        let (listed, listed_edges) = npm_ls(&folder.join("npm-ls.json"));
        same(&names(&inventory), &listed, version);
        same(&edges(&inventory), &listed_edges, version);
        let (shipped, _) = npm_ls(&folder.join("npm-ls-without-dev.json"));
        same(&at_least(&inventory, Scope::Optional), &shipped, version);
        // npm 6 cannot leave out what is optional.
        if version != "npm-1" {
            let (required, _) = npm_ls(&folder.join("npm-ls-required.json"));
            same(&at_least(&inventory, Scope::Required), &required, version);
        }
    }
}

/// Unique names and versions of what is no package of the project.
fn foreign(inventory: &Inventory) -> usize {
    let foreign = inventory.iter().filter(|(_, c)| !c.source.is_local());
    foreign.map(|(_, c)| key(c)).collect::<BTreeSet<_>>().len()
}

#[test]
fn the_locks_of_others_have_as_many_packages_as_they_say() {
    for (folder, packages, own) in [("v2-workspace", 945, 4), ("v3", 150, 1)] {
        let Some(path) = shared_fixture(&format!("sbom/npm/{folder}")) else { return };
        let inventory = read(&Folder(path), "package-lock.json").unwrap();
        let local = inventory.iter().filter(|(_, c)| c.source.is_local()).count();
        assert_eq!((foreign(&inventory), local), (packages, own), "{folder}");
        assert_eq!(inventory.unknowns, BTreeSet::new());
        let hashed = inventory.iter().filter(|(_, c)| {
            c.distributions
                .iter()
                .flat_map(|d| &d.hashes)
                .any(|hash| hash.algorithm() == HashAlgorithm::Sha512)
        });
        assert_eq!(hashed.count(), packages, "{folder}");
    }
}
