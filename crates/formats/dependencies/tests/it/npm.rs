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
    // These were cut by hand and name more than they hold, which is said. syft's numbers, its root of `yarn-berry` aside.
    for (file, packages) in [
        ("yarn1/yarn.lock", 9),
        ("yarn-berry/yarn.lock", 8),
        ("pnpm-v6/pnpm-lock.yaml", 10),
        ("pnpm-v9/pnpm-lock.yaml", 6),
    ] {
        let Some(path) = shared_fixture(&format!("sbom/npm/{file}")) else { return };
        let (folder, name) = (path.parent().unwrap().to_owned(), path.file_name().unwrap().to_str().unwrap());
        let inventory = read(&Folder(folder), name).unwrap();
        assert_eq!(foreign(&inventory), packages, "{file}");
        assert_eq!(inventory.unknowns.is_empty(), file.contains("v9"), "{file}: {:?}", inventory.unknowns);
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
    let algorithms: Vec<_> = odd.distributions[0].hashes.iter().map(lw_inventory::Hash::algorithm).collect();
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
    for version in ["pnpm-5.4", "pnpm-6.0", "pnpm-9.0", "pnpm-9.0-patched"] {
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

/// A component's package URL, its source, and whether it has hashes.
fn identity(inventory: &Inventory, name: &str) -> (Option<String>, Source, bool) {
    let component = get(inventory, name);
    let hashed = component.distributions.iter().any(|distribution| !distribution.hashes.is_empty());
    (component.purl.as_ref().map(ToString::to_string), component.source.clone(), hashed)
}

const COMMIT: &str = "0123456789012345678901234567890123456789";

#[test]
fn what_no_registry_has_gets_no_name_of_one() {
    let sri =
        "sha512-6oYBAi5ikg4Pl+kGsoYtawUMBT2zZMCvPNF7pVLnHZfd1zf38DRiWn/gT01RYCdUqkv7Fhr+C9ot4/tb+2sVvA==";
    let npm = format!(
        r#"{{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {{
        "": {{"dependencies": {{"git": "x", "tar": "x", "in": "x", "out": "x", "own": "x", "up": "x", "evil": "x"}}}},
        "node_modules/git": {{"version": "1.0.0", "resolved": "git+ssh://git@github.com/o/git.git#{COMMIT}", "license": "MIT"}},
        "node_modules/tar": {{"version": "1.0.0", "resolved": "https://me:secret@example.org/tar.tgz", "integrity": "{sri}"}},
        "node_modules/in": {{"resolved": "in", "link": true}},
        "in": {{"version": "0.1.0", "license": "UNLICENSED"}},
        "node_modules/out": {{"resolved": "../out", "link": true}},
        "node_modules/own": {{"version": "1.0.0", "resolved": "https://npm.example.org/own/-/own-1.0.0.tgz", "integrity": "{sri}"}},
        "node_modules/up": {{"version": "1.0.0", "inBundle": true}},
        "node_modules/evil": {{"version": "1.0.0", "resolved": "https://registry.npmjs.org/other/-/other-1.0.0.tgz"}}
        }}}}"#
    );
    let inventory = read_texts(&[("package-lock.json", &npm)]).unwrap();
    let git = format!("pkg:npm/git@1.0.0?vcs_url=git%2Bssh://github.com/o/git.git%40{COMMIT}");
    let (purl, source, hashed) = identity(&inventory, "git");
    assert_eq!(purl.map(|purl| purl.replace("%2F", "/")), Some(git));
    assert!(matches!(source, Source::Git { revision: Some(commit), .. } if commit == COMMIT) && !hashed);
    let (purl, source, hashed) = identity(&inventory, "tar");
    assert_eq!((source, hashed), (Source::Url("https://example.org/tar.tgz".into()), true));
    assert!(purl.unwrap().contains("download_url="));
    assert_eq!(identity(&inventory, "in"), (None, Source::Path("in".into()), false));
    assert_eq!(get(&inventory, "in").declared_licence.as_ref().unwrap().expression(), None);
    assert_eq!(identity(&inventory, "out"), (None, Source::Path("../out".into()), false));
    assert!(identity(&inventory, "own").0.unwrap().contains("repository_url=https"));
    assert_eq!(identity(&inventory, "up").0.as_deref(), Some("pkg:npm/up@1.0.0"));
    assert!(
        identity(&inventory, "evil").0.unwrap().contains("download_url="),
        "it is not what its name says"
    );
    assert_eq!(inventory.unknowns.len(), 1, "{:?}", inventory.unknowns);

    let yarn = format!(
        "# yarn lockfile v1\n\n\"git@git+https://me:secret@example.org/git.git\":\n  version \"1.0.0\"\n  resolved \"git+https://me:secret@example.org/git.git#{COMMIT}\"\n\n\
         \"tar@https://example.org/tar.tgz\":\n  version \"1.0.0\"\n  resolved \"https://example.org/tar.tgz#{COMMIT}\"\n\n\
         \"in@file:./in\":\n  version \"0.1.0\"\n"
    );
    let manifest = r#"{"name": "app", "dependencies": {"git": "git+https://me:secret@example.org/git.git", "tar": "https://example.org/tar.tgz", "in": "file:./in"}}"#;
    let inventory = read_texts(&[("yarn.lock", &yarn), ("package.json", manifest)]).unwrap();
    assert!(
        matches!(identity(&inventory, "git").1, Source::Git { url, .. } if url == "https://example.org/git.git")
    );
    assert_eq!(identity(&inventory, "tar").1, Source::Url("https://example.org/tar.tgz".into()));
    assert_eq!(identity(&inventory, "in"), (None, Source::Path("in".into()), false));

    let berry = format!(
        "__metadata:\n  version: 8\n\"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n  dependencies:\n\
         \x20   git: https://example.org/git.git\n    mine: \"patch:mine@npm%3A1.0.0#~/.yarn/patches/mine.patch\"\n    in: \"link:./in\"\n\
         \"git@https://example.org/git.git\":\n  version: 1.0.0\n  resolution: \"git@https://example.org/git.git#commit={COMMIT}\"\n\
         \"in@link:./in::locator=app%40workspace%3A.\":\n  version: 0.0.0-use.local\n  resolution: \"in@link:./in::locator=app%40workspace%3A.\"\n\
         \"mine@npm:1.0.0\":\n  version: 1.0.0\n  resolution: \"mine@npm:1.0.0\"\n\
         \"mine@patch:mine@npm%3A1.0.0#~/.yarn/patches/mine.patch\":\n  version: 1.0.0\n  resolution: \"mine@patch:mine@npm%3A1.0.0#~/.yarn/patches/mine.patch::version=1.0.0&hash=1234\"\n"
    );
    let inventory = read_texts(&[("yarn.lock", &berry), ("package.json", r#"{"name": "app"}"#)]).unwrap();
    assert!(
        matches!(identity(&inventory, "git").1, Source::Git { revision: Some(commit), .. } if commit == COMMIT)
    );
    assert_eq!(identity(&inventory, "in"), (None, Source::Path("in".into()), false));
    assert_eq!(identity(&inventory, "mine").0, None);
    assert_eq!(get(&inventory, "mine").patches[0].file, ".yarn/patches/mine.patch");
    assert_eq!(inventory.unknowns, BTreeSet::new());

    let pnpm = format!(
        "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      git:\n        specifier: x\n        version: https://codeload.github.com/o/git/tar.gz/{COMMIT}\n\
         \x20     repo:\n        specifier: x\n        version: git+https://me:secret@example.org/repo.git#{COMMIT}\n\
         \x20     in:\n        specifier: x\n        version: file:in\n      out:\n        specifier: x\n        version: link:../out\n\
         packages:\n  git@https://codeload.github.com/o/git/tar.gz/{COMMIT}:\n    resolution: {{tarball: https://codeload.github.com/o/git/tar.gz/{COMMIT}}}\n    version: 1.0.0\n\
         \x20 repo@git+https://me:secret@example.org/repo.git#{COMMIT}:\n    resolution: {{commit: '{COMMIT}', repo: 'https://me:secret@example.org/repo.git', type: git}}\n    version: 1.0.0\n\
         \x20 in@file:in:\n    resolution: {{directory: in, type: directory}}\n\
         snapshots:\n  git@https://codeload.github.com/o/git/tar.gz/{COMMIT}: {{}}\n  repo@git+https://me:secret@example.org/repo.git#{COMMIT}: {{}}\n  in@file:in: {{}}\n"
    );
    let inventory = read_texts(&[("pnpm-lock.yaml", &pnpm), ("package.json", r#"{"name": "app"}"#)]).unwrap();
    assert!(
        matches!(identity(&inventory, "git").1, Source::Git { url, .. } if url == "https://github.com/o/git")
    );
    assert!(
        matches!(identity(&inventory, "repo").1, Source::Git { url, .. } if url == "https://example.org/repo.git")
    );
    assert_eq!(identity(&inventory, "in"), (None, Source::Path("in".into()), false));
    assert_eq!(identity(&inventory, "out"), (None, Source::Path("../out".into()), false));
}

#[test]
fn what_was_patched_says_with_what() {
    let inventory = read(&Folder(fixture("pnpm-9.0-patched")), "pnpm-lock.yaml").unwrap();
    let odd = get(&inventory, "is-odd");
    assert!(odd.purl.is_none() && odd.distributions.is_empty());
    assert_eq!(odd.patches[0].file, "patches/is-odd@3.0.1.patch");
    let hash = odd.patches[0].hash.as_ref().unwrap();
    assert_eq!(hash.hex(), "732cde942036d007e30d06d34c3a2da19a236230f2af54624da19615f75b7be1");
}

#[test]
fn pnpm_has_a_document_for_its_own_tools() {
    let text = "lockfileVersion: '9.0'\nimporters:\n  .:\n    configDependencies: {}\n    packageManagerDependencies:\n      pnpm:\n        specifier: 11.0.0\n        version: 11.0.0\npackages:\n  pnpm@11.0.0:\n    resolution: {integrity: sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=}\nsnapshots:\n  pnpm@11.0.0: {}\n---\nlockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      ms:\n        specifier: 2.0.0\n        version: 2.0.0\npackages:\n  ms@2.0.0:\n    resolution: {integrity: sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=}\nsnapshots:\n  ms@2.0.0: {}\n";
    let inventory = read_texts(&[("pnpm-lock.yaml", text)]).unwrap();
    assert_eq!(
        (get(&inventory, "pnpm").scope, get(&inventory, "ms").scope),
        (Scope::Excluded, Scope::Required)
    );
}

#[test]
fn without_a_manifest_it_is_said_that_the_root_is_not_known() {
    let one = std::fs::read_to_string(fixture("npm-1").join("package-lock.json")).unwrap();
    let yarn = std::fs::read_to_string(fixture("yarn-1").join("yarn.lock")).unwrap();
    for (name, text) in [("package-lock.json", one), ("yarn.lock", yarn)] {
        let inventory = read_texts(&[(name, &text)]).unwrap();
        let root = inventory.get(inventory.root().unwrap()).unwrap();
        assert_eq!(root.dependencies_known, lw_inventory::Completeness::Incomplete, "{name}");
        assert!(inventory.unknowns.iter().any(|unknown| unknown.what == "package.json"), "{name}");
        assert_eq!(get(&inventory, "string-width").scope, Scope::Required);
    }
}

#[test]
fn installed_packages_say_what_the_lock_file_does_not() {
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"ms": "2", "old": "1"}},
        "node_modules/ms": {"version": "2.0.0"}, "node_modules/old": {"version": "1.0.0"}}}"#;
    let ms = r#"{"name": "ms", "version": "2.0.0", "licenses": [{"type": "MIT"}, {"type": "Zlib"}], "author": "Ada <ada@example.org> (https://example.org)",
        "repository": "vercel/ms", "homepage": "https://me:secret@example.org/"}"#;
    let old = r#"{"name": "old", "version": "2.0.0", "license": "MIT"}"#;
    let files = [
        ("package-lock.json", lock),
        ("node_modules/ms/package.json", ms),
        ("node_modules/old/package.json", old),
    ];
    let inventory = read_texts(&files).unwrap();
    let ms = get(&inventory, "ms");
    assert_eq!(ms.declared_licence.as_ref().unwrap().expression(), Some("MIT OR Zlib"));
    assert_eq!(
        (ms.authors[0].name.as_deref(), ms.authors[0].email.as_deref()),
        (Some("Ada"), Some("ada@example.org"))
    );
    assert!(ms.references.iter().any(|reference| reference.url == "https://github.com/vercel/ms"));
    assert_eq!(get(&inventory, "old").declared_licence, None, "another version is installed than is locked");
}

#[test]
fn what_is_missing_is_listed() {
    let npm = r#"{"lockfileVersion": 3, "packages": {
        "": {"dependencies": {"a": "1", "gone": "1"}, "optionalDependencies": {"elsewhere": "1"}},
        "node_modules/a": {"version": "1.0.0", "peerDependencies": {"peer": "1", "maybe": "1"}, "peerDependenciesMeta": {"maybe": {"optional": true}}},
        "node_modules/stale": {"version": "1.0.0"}}}"#;
    let inventory = read_texts(&[("package-lock.json", npm)]).unwrap();
    let what: Vec<_> = inventory.unknowns.iter().map(|unknown| unknown.what.as_str()).collect();
    assert_eq!(what, ["gone, needed by ", "peer, needed by a", "stale 1.0.0"]);
    assert_eq!(needs(&inventory, ""), ["a 1.0.0", "stale 1.0.0"]);
}

#[test]
fn a_peer_of_a_development_package_that_is_needed_itself_stays() {
    let npm = r#"{"lockfileVersion": 3, "packages": {
        "": {"dependencies": {"lib": "1"}, "devDependencies": {"tool": "1"}},
        "node_modules/tool": {"version": "1.0.0", "dev": true, "peerDependencies": {"lib": "1", "both": "1"}},
        "node_modules/lib": {"version": "1.0.0", "peer": true, "dev": true, "dependencies": {"both": "1"}},
        "node_modules/both": {"version": "1.0.0", "dev": true, "peer": true}}}"#;
    let inventory = read_texts(&[("package-lock.json", npm)]).unwrap();
    let scopes = ["lib", "both", "tool"].map(|name| get(&inventory, name).scope);
    assert_eq!(scopes, [Scope::Required, Scope::Required, Scope::Excluded]);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let cases = [
        ("package-lock.json", "{\n \"lockfileVersion\": 3,\n \"packages\": {\n", Some(4)),
        ("package-lock.json", "{\n \"lockfileVersion\": 4\n}\n", None),
        (
            "package-lock.json",
            "{\n \"lockfileVersion\": 3,\n \"packages\": {\n  \"\": {\n   \"version\": 3\n}}}\n",
            Some(5),
        ),
        ("package-lock.json", "{\n<<<<<<< HEAD\n", Some(2)),
        ("package-lock.json", "", Some(1)),
        ("package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {}}", None),
        ("yarn.lock", "# yarn lockfile v1\n\na@1:\n", Some(3)),
        ("yarn.lock", "a@1:\n  version \"1\n", Some(2)),
        ("yarn.lock", "a@1:\n  version \"1\"\n   dependencies:\n", Some(3)),
        ("yarn.lock", "<<<<<<< HEAD\n", Some(1)),
        ("yarn.lock", "  version 1\n", Some(1)),
        ("yarn.lock", "__metadata:\n  version: 99\n", None),
        ("yarn.lock", "__metadata:\n  version: 8\n\"a@npm:1\":\n  version: [1\n", Some(4)),
        (
            "yarn.lock",
            "__metadata:\n  version: 8\n\"nonsense\":\n  version: 1\n  resolution: \"\"\n",
            Some(3),
        ),
        ("pnpm-lock.yaml", "lockfileVersion: '4.0'\n", None),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\nsnapshots:\n  a@1.0.0: {}\n", Some(3)),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\npackages:\n  a@1: {}\n  a@1: {}\n", Some(4)),
        ("pnpm-lock.yaml", "a: &a [x]\nb: [*a, *a]\n", Some(1)),
        ("pnpm-lock.yaml", "", None),
    ];
    for (file, text, line) in cases {
        let error = read_texts(&[(file, text)]).map(|_| ()).unwrap_err();
        assert_eq!(error.line, line, "{text:?}: {error}");
        assert!(!error.to_string().contains('\n'), "{error}");
        let is_version = matches!(error.problem, Problem::Version { .. });
        assert_eq!(
            is_version,
            text.contains("99") || text.contains("'4.0'") || text.contains(": 4\n"),
            "{error}"
        );
    }
    for (file, text) in [
        (
            "package-lock.json",
            format!("{{\"lockfileVersion\": 3, \"packages\": {}", "{\"a\":".repeat(100_000)),
        ),
        (
            "package-lock.json",
            format!("{{\"dependencies\": {}", "{\"a\": {\"dependencies\":".repeat(100_000)),
        ),
        ("pnpm-lock.yaml", format!("lockfileVersion: {}", "[".repeat(100_000))),
        ("yarn.lock", format!("__metadata:\n  version: {}", "{a: ".repeat(100_000))),
        (
            "package-lock.json",
            format!(
                "{{\"lockfileVersion\": 3, \"packages\": {{\"\": {{}}, \"{}\": {{}}}}}}",
                "node_modules/a/".repeat(10_000)
            ),
        ),
    ] {
        read_texts(&[(file, &text)]).map(|_| ()).unwrap_err();
    }
    // A path out of the project leads nowhere.
    let out = r#"{"lockfileVersion": 3, "packages": {"": {}, "../../etc": {}, "/etc": {}, "node_modules/../../../x": {"version": "1"}}}"#;
    read_texts(&[("package-lock.json", out), ("node_modules/x/package.json", "{}")]).unwrap();
}

#[test]
fn a_file_that_is_cut_off_is_an_error_or_less() {
    for (folder, file) in [
        ("npm-1", "package-lock.json"),
        ("npm-3", "package-lock.json"),
        ("yarn-1", "yarn.lock"),
        ("yarn-berry-10", "yarn.lock"),
        ("pnpm-5.4", "pnpm-lock.yaml"),
        ("pnpm-9.0", "pnpm-lock.yaml"),
    ] {
        let text = std::fs::read_to_string(fixture(folder).join(file)).unwrap();
        let manifest = std::fs::read_to_string(fixture(folder).join("package.json")).unwrap();
        for end in (0..text.len() - 1).step_by(997) {
            let tree = MemoryTree::new([(file, &text[..end]), ("package.json", &manifest)]);
            let read =
                crate::common::read_with(&Places::of(&tree), file, &lw_dependencies::Options::default());
            // JSON has an end. The others can be cut between two entries, and what is then missing is listed.
            if let Ok(inventory) = read {
                assert!(file != "package-lock.json" && !inventory.unknowns.is_empty(), "{folder} at {end}");
            }
        }
    }
}
