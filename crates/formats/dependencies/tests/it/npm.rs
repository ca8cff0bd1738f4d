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

#[test]
fn yarn_1_lists_the_same() {
    let folder = fixture("yarn-1");
    let inventory = read(&Folder(folder.clone()), "yarn.lock").unwrap();
    assert_eq!(inventory.unknowns, BTreeSet::new());
    let own = ["meadow", "@meadow/a", "@meadow/b"];
    // Of another system: whether it is listed depends on the system.
    let not_here = ("fsevents".to_owned(), "2.3.3".to_owned());
    // Yarn lists an alias by the name it was given, and of its workspaces not all it knows.
    fn walk(tree: &Value, names: &mut BTreeSet<Name>, needs: &mut BTreeSet<(Name, String)>) {
        let text = tree["name"].as_str().unwrap();
        let (name, version) = text.split_at(text[1..].find('@').unwrap() + 1);
        let real =
            |name: &str| if name == "string-width-cjs" { "string-width".to_owned() } else { name.to_owned() };
        let own = (real(name), version[1..].to_owned());
        for child in tree["children"].as_array().into_iter().flatten() {
            let text = child["name"].as_str().unwrap();
            let (name, _) = text.split_at(text[1..].find('@').unwrap() + 1);
            needs.insert((own.clone(), real(name)));
            if child["shadow"] != true {
                walk(child, names, needs);
            }
        }
        names.insert(own);
    }
    let listed = |file: &str| {
        let (mut names, mut needs) = (BTreeSet::new(), BTreeSet::new());
        for tree in json(&folder.join(file))["data"]["trees"].as_array().unwrap() {
            walk(tree, &mut names, &mut needs);
        }
        names.retain(|name| *name != not_here && !own.contains(&name.0.as_str()));
        needs.retain(|(from, to)| to != "fsevents" && !own.contains(&from.0.as_str()));
        (names, needs)
    };
    let foreign = |least: Scope| -> BTreeSet<Name> {
        let foreign = inventory.iter().filter(|(_, c)| !c.source.is_local() && c.scope >= least);
        foreign.map(|(_, c)| key(c)).filter(|name| *name != not_here).collect()
    };
    let (names, listed_needs) = listed("yarn-list.json");
    same(&foreign(Scope::Excluded), &names, "all");
    let ours =
        edges(&inventory).into_iter().filter(|(from, to)| !own.contains(&from.0.as_str()) && *to != not_here);
    let ours: BTreeSet<_> = ours.map(|(from, to)| (from, to.0)).collect();
    same(&ours, &listed_needs, "needs");
    same(&foreign(Scope::Optional), &listed("yarn-list-production.json").0, "what is shipped");
    let odd = get(&inventory, "is-odd");
    let algorithms: Vec<_> = odd.distributions[0].hashes.iter().map(|hash| hash.algorithm()).collect();
    assert_eq!(algorithms, [HashAlgorithm::Sha1, HashAlgorithm::Sha512]);
}

#[test]
fn later_yarns_list_the_same() {
    for version in ["yarn-berry-6", "yarn-berry-10"] {
        let folder = fixture(version);
        let inventory = read(&Folder(folder.clone()), "yarn.lock").unwrap();
        assert_eq!(inventory.unknowns, BTreeSet::new(), "{version}");
        let text = std::fs::read_to_string(folder.join("yarn-info.json")).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        // Yarn has an instance of a package for each set of peers.
        let plain = |locator: &str| match locator.split_once("virtual:") {
            Some((name, rest)) => format!("{name}{}", rest.split_once('#').unwrap().1),
            None => locator.to_owned(),
        };
        let name_of = |locator: &str| locator[..locator[1..].find('@').unwrap() + 1].to_owned();
        let of: std::collections::BTreeMap<String, Name> = lines
            .iter()
            .map(|line| {
                let locator = plain(line["value"].as_str().unwrap());
                let name = name_of(&locator);
                (locator, (name, line["children"]["Version"].as_str().unwrap().to_owned()))
            })
            .collect();
        let listed: BTreeSet<Name> = of.values().cloned().collect();
        same(&names(&inventory), &listed, version);
        let mut listed = BTreeSet::new();
        for line in &lines {
            let from = &of[&plain(line["value"].as_str().unwrap())];
            for to in line["children"]["Dependencies"].as_array().into_iter().flatten() {
                listed.insert((from.clone(), of[&plain(to["locator"].as_str().unwrap())].clone()));
            }
        }
        let root = names(&inventory).into_iter().find(|(name, _)| name == "meadow").unwrap();
        let hangs = |(from, to): &(Name, Name)| *from == root && to.0.starts_with("@meadow/");
        // What a package takes from the one beside it is not listed.
        let is_peer = |(from, to): &(Name, Name)| {
            [("react-dom", "react"), ("fdir", "picomatch")].contains(&(from.0.as_str(), to.0.as_str()))
        };
        let (peers, ours): (BTreeSet<_>, BTreeSet<_>) =
            edges(&inventory).into_iter().filter(|edge| !hangs(edge)).partition(is_peer);
        same(&ours, &listed, version);
        assert_eq!(peers.len(), 2);
        let excluded: BTreeSet<_> = ["debug", "chalk", "typescript", "eslint-config-prettier"].into();
        for (_, component) in inventory.iter().filter(|(_, c)| excluded.contains(c.name.as_str())) {
            assert_eq!(component.scope, Scope::Excluded, "{}", component.name);
        }
        let patched = get(&inventory, "typescript");
        assert!(patched.purl.is_none() && patched.patches.len() == 1, "{patched:?}");
        assert_eq!(get(&inventory, "chokidar").scope, Scope::Optional);
        assert_eq!(get(&inventory, "react").scope, Scope::Required);
    }
}

#[test]
fn pnpm_lists_the_same() {
    for version in ["pnpm-5.4", "pnpm-6.0", "pnpm-9.0"] {
        let folder = fixture(version);
        let inventory = read(&Folder(folder.clone()), "pnpm-lock.yaml").unwrap();
        assert_eq!(inventory.unknowns, BTreeSet::new(), "{version}");
        fn walk(value: &Value, own: &Name, names: &mut BTreeSet<Name>, edges: &mut BTreeSet<(Name, Name)>) {
            names.insert(own.clone());
            for sort in ["dependencies", "devDependencies", "optionalDependencies"] {
                for (name, below) in value[sort].as_object().into_iter().flatten() {
                    let name = below["from"].as_str().unwrap_or(name);
                    let version = below["version"].as_str().unwrap();
                    let version = match name {
                        "@meadow/b" => "0.2.0",
                        _ => version.rsplit_once("@").map_or(version, |(_, version)| version),
                    };
                    let version = if version.starts_with("http") { "6.0.0" } else { version };
                    let key = (name.to_owned(), version.to_owned());
                    edges.insert((own.clone(), key.clone()));
                    walk(below, &key, names, edges);
                }
            }
        }
        let listed = |file: &str| {
            let (mut names, mut edges) = (BTreeSet::new(), BTreeSet::new());
            for project in json(&folder.join(file)).as_array().unwrap() {
                let own = (
                    project["name"].as_str().unwrap().to_owned(),
                    project["version"].as_str().unwrap().to_owned(),
                );
                walk(project, &own, &mut names, &mut edges);
            }
            (names, edges)
        };
        let not_here = ("fsevents".to_owned(), "2.3.3".to_owned());
        let at_least = |scope| -> BTreeSet<Name> {
            at_least(&inventory, scope).into_iter().filter(|name| *name != not_here).collect()
        };
        let (mut names, mut listed_edges) = listed("pnpm-list.json");
        names.remove(&not_here);
        listed_edges.retain(|(_, to)| *to != not_here);
        same(&at_least(Scope::Excluded), &names, version);
        let hangs = |(from, to): &(Name, Name)| from.0 == "meadow" && to.0.starts_with("@meadow/");
        let ours = edges(&inventory).into_iter().filter(|edge| !hangs(edge) && edge.1 != not_here).collect();
        same(&ours, &listed_edges, version);
        same(
            &at_least(Scope::Optional),
            &listed("pnpm-list-prod.json").0.into_iter().filter(|name| *name != not_here).collect(),
            version,
        );
    }
}
