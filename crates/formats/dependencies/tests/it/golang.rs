//! What the Go readers say, against what Go itself says.

use std::collections::{BTreeMap, BTreeSet};

use lw_dependencies::{MemoryTree, Options, Places, Problem, READERS, Tree, golang};
use lw_inventory::{Completeness, Component, Inventory, Source};
use lw_testkit::shared_fixture;

use crate::python_common::{all_reached, check, data, edges, read, read_text, tree};

fn text(tree: &MemoryTree, file: &str) -> String {
    String::from_utf8(tree.read(file).unwrap().unwrap().into_owned()).unwrap()
}

/// The module path with its version.
fn path(component: &Component) -> String {
    let namespace = component.namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    let version = component.version.as_ref().map(|version| format!("@{version}")).unwrap_or_default();
    format!("{namespace}{}{version}", component.name)
}

fn paths(inventory: &Inventory) -> BTreeSet<String> {
    let root = inventory.root();
    inventory.iter().filter(|(id, _)| Some(*id) != root).map(|(_, component)| path(component)).collect()
}

/// Lines of `go list -m all`: what stands for each module, and which are direct.
fn listed(list: &str) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let mut stands = BTreeMap::new();
    let mut direct = BTreeSet::new();
    for line in list.lines().skip(1) {
        let (line, indirect) = line.strip_suffix(" // indirect").map_or((line, false), |line| (line, true));
        let words: Vec<_> = line.split_whitespace().collect();
        let stand = match words.as_slice() {
            [path, version] => format!("{path}@{version}"),
            [_, _, "=>", new, version] => format!("{new}@{version}"),
            // A folder has its module's name and no version.
            [path, _, "=>", _] => (*path).to_owned(),
            words => panic!("{words:?}"),
        };
        stands.insert(words[0].to_owned(), stand.clone());
        if !indirect {
            direct.insert(stand);
        }
    }
    (stands, direct)
}

fn with_cache(tree: &MemoryTree, cache: &MemoryTree) -> Inventory {
    let reader = READERS.iter().find(|reader| reader.name == "go").unwrap();
    let places = Places { go_modules: Some(cache), ..Places::of(tree) };
    (reader.read)(&places, "module/go.mod", &Options::default()).unwrap()
}

#[test]
fn modules_are_those_that_go_lists() {
    let tree = data("go");
    let inventory = read(&tree, "go", "module/go.mod").unwrap();
    check(&inventory);
    all_reached(&inventory);
    let (stands, _) = listed(&text(&tree, "list.txt"));
    assert_eq!(paths(&inventory), stands.into_values().collect());
    // Nobody says which module needs which, so the root leads to all.
    let root = inventory.root().unwrap();
    assert_eq!(path(inventory.get(root).unwrap()), "example.com/fieldlog");
    assert_eq!(inventory.dependencies(root).count(), 7);
    assert_eq!(inventory.edges().count(), 7);
    // But for the folder, whose go.mod lies in the project.
    for (_, component) in inventory.iter() {
        assert_eq!(component.dependencies_known == Completeness::Complete, component.name == "old");
    }
    let find = |name: &str| inventory.iter().find(|(_, component)| component.name == name).unwrap().1;
    let purl = |name: &str| find(name).purl.as_ref().map(ToString::to_string);
    assert_eq!(purl("Wide").as_deref(), Some("pkg:golang/example.com/Tools/Wide@v0.2.0"));
    assert_eq!(purl("fork").as_deref(), Some("pkg:golang/example.com/fork@v1.0.1"));
    assert_eq!(purl("incompat").as_deref(), Some("pkg:golang/example.com/incompat@v3.0.0%2Bincompatible"));
    assert_eq!(purl("old"), None);
    assert_eq!(find("old").source, Source::Path("module/third/old".into()));
    let properties: Vec<_> =
        find("fork").properties.iter().map(|one| (one.name.as_str(), one.value.as_str())).collect();
    let sum = "h1:wBycVQMGmSbdoyIUyFFAMdr4GS1u3Ab3RjA5A8kQ5iw=";
    assert_eq!(properties, [("lw:go:h1", sum), ("lw:go:replaces", "example.com/forked@v1.0.0")]);
    // Go's own hash is that of no file.
    assert!(inventory.iter().all(|(_, one)| one.hashes.is_empty() && one.distributions.is_empty()));
    let place = find("Wide").places.first().unwrap();
    assert_eq!((place.file.as_str(), place.line), ("module/go.mod", Some(6)));
}

#[test]
fn edges_are_those_of_the_module_cache() {
    let tree = data("go");
    let cache = data("go/modcache");
    let inventory = with_cache(&tree, &cache);
    check(&inventory);
    all_reached(&inventory);
    let (stands, direct) = listed(&text(&tree, "list.txt"));
    let name = |text: &str| text.split('@').next().unwrap().to_owned();
    let mut expected = BTreeSet::new();
    for line in text(&tree, "graph.txt").lines() {
        let (from, to) = line.split_once(' ').unwrap();
        // An edge to an older version leads to the one that was chosen; Go itself is no module.
        if let (Some(from), Some(to)) = (stands.get(&name(from)), stands.get(&name(to))) {
            expected.insert((from.clone(), to.clone()));
        }
    }
    let root = inventory.root().unwrap();
    let label = |id| path(inventory.get(id).unwrap());
    let (ours_direct, ours): (BTreeSet<_>, BTreeSet<_>) =
        inventory.edges().partition(|(from, _)| *from == root);
    let ours: BTreeSet<_> = ours.into_iter().map(|(from, to)| (label(from), label(to))).collect();
    assert_eq!(ours, expected);
    assert_eq!(ours_direct.into_iter().map(|(_, to)| label(to)).collect::<BTreeSet<_>>(), direct);
    assert!(inventory.iter().all(|(_, component)| component.dependencies_known == Completeness::Complete));

    // One module that is not there, and the root leads to all again.
    let partly: Vec<_> = ["base/@v/v1.1.0", "leaf/@v/v0.3.0"]
        .map(|file| format!("cache/download/example.com/{file}.mod"))
        .map(|file| (file.clone(), text(&cache, &file)))
        .into();
    let inventory = with_cache(&tree, &MemoryTree::new(partly));
    assert_eq!(inventory.dependencies(inventory.root().unwrap()).count(), 7);
    assert_eq!(
        inventory.get(inventory.root().unwrap()).unwrap().dependencies_known,
        Completeness::Incomplete
    );
}

#[test]
fn a_binary_says_what_go_version_says_of_it() {
    let tree = data("go");
    let bytes = tree.read("buildinfo.bin").unwrap().unwrap().into_owned();
    let inventory = golang::read_binary(&bytes, "app").unwrap().unwrap();
    check(&inventory);
    all_reached(&inventory);
    let mut expected = BTreeSet::from(["stdlib@1.27.3".to_owned()]);
    for line in text(&tree, "version.txt").lines() {
        match line.trim().split('\t').collect::<Vec<_>>().as_slice() {
            ["dep", path, "v0.9.0"] => assert!(expected.insert((*path).to_owned())),
            ["dep", path, version, ..] => assert!(expected.insert(format!("{path}@{version}"))),
            ["=>", path, version, ..] if !path.starts_with('.') => {
                assert!(expected.remove("example.com/forked@v1.0.0"));
                expected.insert(format!("{path}@{version}"));
            }
            _ => {}
        }
    }
    assert_eq!(paths(&inventory), expected);
    let root = inventory.get(inventory.root().unwrap()).unwrap();
    assert_eq!(path(root), "example.com/fieldlog");
    assert!(root.properties.iter().any(|one| one.name == "lw:go:goos" && one.value == "linux"));
    assert_eq!(root.dependencies_known, Completeness::Incomplete);
    let stdlib = inventory.iter().find(|(_, component)| component.name == "stdlib").unwrap().1;
    assert_eq!(stdlib.purl.as_ref().unwrap().to_string(), "pkg:golang/stdlib@1.27.3");
    // Every truncation is an error or no Go binary, and none panics.
    for end in 0..bytes.len() {
        if let Ok(Some(inventory)) = golang::read_binary(&bytes[..end], "app") {
            check(&inventory);
        }
    }
    assert!(golang::read_binary(b"\x7fELF", "app").unwrap().is_none());
    let mut old = bytes.clone();
    old[48 + 15] = 0;
    assert!(matches!(golang::read_binary(&old, "app").unwrap_err().problem, Problem::Version { .. }));
}

#[test]
fn a_foreign_module_has_as_many_components_as_it_requires() {
    let Some(folder) = shared_fixture("sbom/go") else { return };
    let inventory = read(&tree(&folder), "go", "go.mod").unwrap();
    check(&inventory);
    all_reached(&inventory);
    assert_eq!(inventory.len(), 20);
    let hashed =
        inventory.iter().filter(|(_, one)| one.properties.iter().any(|one| one.name == "lw:go:h1")).count();
    assert_eq!(hashed, 20);
    assert!(inventory.unknowns.is_empty());
}

#[test]
fn a_workspace_has_its_modules() {
    let tree = MemoryTree::new([
        ("go.work", "go 1.21\nuse (\n\t./a\n\t./b\n)\nreplace x.org/lib => x.org/fixed v1.0.1\n"),
        (
            "a/go.mod",
            "module x.org/a\ngo 1.21\nrequire (\n\tx.org/b v0.0.0\n\tx.org/lib v1.0.0\n)\nreplace x.org/b => ../b\n",
        ),
        (
            "b/go.mod",
            "module x.org/b\ngo 1.16\nrequire x.org/lib v1.0.0\nexclude x.org/other v1.0.0\nrequire x.org/other v1.0.0\n",
        ),
    ]);
    let inventory = read(&tree, "go", "go.work").unwrap();
    check(&inventory);
    all_reached(&inventory);
    assert_eq!(
        paths(&inventory),
        ["x.org/a", "x.org/b", "x.org/fixed@v1.0.1", "x.org/other"].map(str::to_owned).into()
    );
    let pairs: BTreeSet<_> =
        edges(&inventory).into_iter().map(|(from, to)| format!("{from} -> {to}")).collect();
    assert!(pairs.contains("a - -> b -") && pairs.contains("a - -> fixed v1.0.1"), "{pairs:?}");
    let unknown: Vec<_> = inventory.unknowns.iter().map(|unknown| unknown.what.as_str()).collect();
    assert_eq!(unknown, ["modules that x.org/b needs indirectly", "x.org/other@v1.0.0"]);
}

#[test]
fn what_go_would_refuse_is_refused_with_its_line() {
    let cases = [
        ("module x\nrequire (\n\ty v1\n", 2),
        ("module x\nrequire y\n", 2),
        ("module x\nreplace y => v1.0.0\n", 2),
        ("module x\nreplace y => ./y v1\n", 2),
        ("module x\nsomething y\n", 2),
        ("module \"x\n", 1),
        ("module x\nmodule y\n", 2),
    ];
    for (text, line) in cases {
        let error = read_text("go", "go.mod", text).unwrap_err();
        assert_eq!(error.line, Some(line), "{text:?}: {error}");
    }
    assert!(read_text("go", "go.mod", "go 1.21\n").unwrap_err().to_string().contains("no \"module\""));
    let sum = MemoryTree::new([("go.mod", "module x\n"), ("go.sum", "a v1 h1:x=\nb v1\n")]);
    let error = read(&sum, "go", "go.mod").unwrap_err();
    assert_eq!((error.file.as_str(), error.line), ("go.sum", Some(2)));
    let error = read_text("go", "go.work", "use ./a\n").unwrap_err();
    assert_eq!(error.line, Some(1));
}
