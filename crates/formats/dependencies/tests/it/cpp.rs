//! What the readers of Conan and vcpkg say.

use std::collections::BTreeSet;

use lw_dependencies::{MemoryTree, Problem, Tree};
use lw_inventory::{Completeness, Scope, Source};
use lw_testkit::shared_fixture;
use serde_json::Value;

use crate::python_common::{
    all_reached, check, data, edges, label, names, of_scope, one, read, read_text, tree,
};

fn json(tree: &MemoryTree, file: &str) -> Vec<Value> {
    serde_json::from_slice(&tree.read(file).unwrap().unwrap()).unwrap()
}

/// `name/version@user/channel#revision` as `name version`.
fn short(reference: &str) -> String {
    reference.split(['@', '#']).next().unwrap().replace('/', " ")
}

fn set(lines: &[&str]) -> BTreeSet<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

#[test]
fn a_lock_of_conan_1_is_what_conan_lists() {
    let tree = data("conan/conan1");
    let inventory = read(&tree, "conan", "conan.lock").unwrap();
    check(&inventory);
    all_reached(&inventory);
    assert_eq!(label(inventory.get(inventory.root().unwrap()).unwrap()), "fieldlog 0.3.0");
    let mut listed = BTreeSet::new();
    let mut drawn = BTreeSet::new();
    for node in json(&tree, "info.json") {
        let name =
            short(node[0].as_str().unwrap()).replace("conanfile.py (fieldlog 0.3.0)", "fieldlog 0.3.0");
        for to in node[1].as_array().unwrap().iter().chain(node[2].as_array().unwrap()) {
            drawn.insert((name.clone(), short(to.as_str().unwrap())));
        }
        listed.insert(name);
    }
    let mut ours = names(&inventory);
    ours.insert("fieldlog 0.3.0".to_owned());
    assert_eq!(ours, listed);
    // Conan leaves the tools of dependencies out of this listing, and has them in the lock.
    drawn.insert(("lw_codec 0.4.0".to_owned(), "lw_gen 2.0".to_owned()));
    assert_eq!(edges(&inventory), drawn);
    assert_eq!(of_scope(&inventory, Scope::Excluded), set(&["lw_gen 2.0"]));
    let codec = one(&inventory, "lw_codec");
    let purl = "pkg:conan/lw_codec@0.4.0?channel=stable&rrev=918a26df18538d109b346283ac30c85e&user=ours";
    assert_eq!(codec.purl.as_ref().unwrap().to_string(), purl);
    assert_eq!(codec.dependencies_known, Completeness::Complete);
    assert_eq!(codec.places.first().unwrap().line, Some(27));
}

#[test]
fn a_lock_of_conan_2_has_what_conan_lists_and_no_edges() {
    let tree = data("conan/conan2");
    let inventory = read(&tree, "conan", "conan.lock").unwrap();
    check(&inventory);
    all_reached(&inventory);
    let nodes = json(&tree, "graph.json");
    let of = |context: &str| -> BTreeSet<_> {
        let nodes = nodes.iter().skip(1).filter(|node| node[1] == context);
        nodes.map(|node| short(node[0].as_str().unwrap())).collect()
    };
    assert_eq!(of_scope(&inventory, Scope::Required), of("host"));
    assert_eq!(of_scope(&inventory, Scope::Excluded), of("build"));
    let root = inventory.root().unwrap();
    assert!(inventory.edges().all(|(from, _)| from == root));
    assert!(inventory.iter().all(|(_, component)| component.dependencies_known == Completeness::Incomplete));

    let inventory = read(&tree, "conan", "conanfile.txt").unwrap();
    check(&inventory);
    assert_eq!(names(&inventory), set(&["lw_net 3.1.0", "lw_base -", "lw_gen 2.0"]));
    assert_eq!(of_scope(&inventory, Scope::Excluded), set(&["lw_gen 2.0"]));
    let unknown: Vec<_> = inventory.unknowns.iter().map(|unknown| unknown.what.as_str()).collect();
    assert_eq!(unknown, ["lw_base/[>=1.0 <2]", "what these packages need themselves"]);
}

#[test]
fn foreign_files_have_as_many_components_as_they_have_entries() {
    let Some(folder) = shared_fixture("sbom/cpp") else { return };
    let tree = tree(&folder);
    // A lock of a package: it is one of the six, and what the lock was made for.
    let inventory = read(&tree, "conan", "conan.lock").unwrap();
    check(&inventory);
    all_reached(&inventory);
    assert_eq!(inventory.len(), 6);
    assert_eq!(inventory.edges().count(), 1 + 5);
    assert_eq!(inventory.dependencies(inventory.root().unwrap()).count(), 1);

    // Six entries of "dependencies", counted by hand: no listing of a manager has them without a registry.
    let inventory = read(&tree, "vcpkg", "vcpkg.json").unwrap();
    check(&inventory);
    all_reached(&inventory);
    let root = inventory.get(inventory.root().unwrap()).unwrap();
    assert_eq!(label(root), "v8 9.1.269.39");
    assert_eq!(of_scope(&inventory, Scope::Required), set(&["glib -", "icu -", "pthread -", "zlib -"]));
    assert_eq!(of_scope(&inventory, Scope::Excluded), set(&["vcpkg-gn -", "vcpkg-tool-python2 -"]));
    assert_eq!(inventory.unknowns.len(), 6);
    assert_eq!(one(&inventory, "glib").places.first().unwrap().line, Some(11));
}

#[test]
fn what_vcpkg_installed_has_versions_and_edges() {
    let manifest = r#"{ "name": "app", "version-semver": "1.2.3", "license": "MIT",
        "dependencies": ["fmt", { "name": "curl", "features": ["ssl"], "version>=": "8.0.0" }, { "name": "cmake-get-vars", "host": true }],
        "features": { "gui": { "dependencies": ["imgui", { "name": "app", "features": ["core"] }] } },
        "overrides": [{ "name": "imgui", "version": "1.90#2" }],
        "builtin-baseline": "0123456789012345678901234567890123456789" }"#;
    let configuration = r#"{ "default-registry": { "kind": "builtin", "baseline": "x" }, "registries": [
        { "kind": "git", "repository": "https://me:secret@host/registry", "packages": ["img*"] },
        { "kind": "filesystem", "path": "/home/me/ports", "packages": ["fmt"] } ] }"#;
    let status = "Package: curl\nVersion: 8.6.0\nPort-Version: 1\nDepends: zlib, vcpkg-cmake:x64-linux\nArchitecture: x64-linux\nStatus: install ok installed\n\n\
        Package: curl\nFeature: ssl\nDepends: openssl[core]\nArchitecture: x64-linux\nStatus: install ok installed\n\n\
        Package: zlib\nVersion: 1.3.1\nArchitecture: x64-linux\nStatus: install ok installed\n\n\
        Package: openssl\nVersion: 3.2.0\nArchitecture: x64-linux\nStatus: install ok installed\n\n\
        Package: gone\nVersion: 1\nStatus: purge ok not-installed\n\n\
        Package: cmake-get-vars\nVersion: 2\nDepends: vcpkg-cmake\nStatus: install ok installed\n\n\
        Package: vcpkg-cmake\nVersion: 2023\nStatus: install ok installed\n";
    let tree = MemoryTree::new([
        ("vcpkg.json", manifest),
        ("vcpkg-configuration.json", configuration),
        ("vcpkg_installed/vcpkg/status", status),
    ]);
    let inventory = read(&tree, "vcpkg", "vcpkg.json").unwrap();
    check(&inventory);
    all_reached(&inventory);
    let expected = [
        "cmake-get-vars 2",
        "curl 8.6.0",
        "fmt -",
        "imgui 1.90",
        "openssl 3.2.0",
        "vcpkg-cmake 2023",
        "zlib 1.3.1",
    ];
    assert_eq!(names(&inventory), set(&expected));
    assert_eq!(of_scope(&inventory, Scope::Excluded), set(&["cmake-get-vars 2"]));
    assert_eq!(of_scope(&inventory, Scope::Optional), set(&["imgui 1.90"]));
    let pairs: BTreeSet<_> =
        edges(&inventory).into_iter().map(|(from, to)| format!("{from} > {to}")).collect();
    assert!(pairs.contains("curl 8.6.0 > openssl 3.2.0") && pairs.contains("curl 8.6.0 > zlib 1.3.1"));
    let purl = |name: &str| one(&inventory, name).purl.as_ref().unwrap().to_string();
    assert_eq!(purl("curl"), "pkg:vcpkg/curl@8.6.0?port_version=1&triplet=x64-linux");
    assert_eq!(
        purl("imgui"),
        "pkg:vcpkg/imgui@1.90?port_version=2&repository_url=https:%2F%2Fhost%2Fregistry"
    );
    assert_eq!(one(&inventory, "fmt").source, Source::Registry("local registry".into()));
    assert_eq!(inventory.unknowns.len(), 1);
    let text = format!("{inventory:?}");
    assert!(!text.contains("secret") && !text.contains("/home/me"));
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let lock = |lock: &str| read_text("conan", "conan.lock", lock).unwrap_err();
    assert!(matches!(lock("{\"version\": \"0.9\"}").problem, Problem::Version { .. }));
    assert_eq!(lock("{\n\"version\": \"0.5\",\n\"requires\": [\n\"a\"\n]}").line, Some(4));
    assert_eq!(lock("{\n\"version\": \"0.5\",\n\"requires\": [").line, Some(3));
    let node = "{\n\"version\": \"0.4\",\n\"graph_lock\": {\"nodes\": {\"1\": {\n\"ref\": \"a/1\"\n, \"requires\": [\"2\"]}}}}";
    assert_eq!(lock(node).line, Some(4));
    let file = |text: &str| read_text("conan", "conanfile.txt", text).unwrap_err();
    assert_eq!(file("[requires]\na/1\nb\n").line, Some(3));
    assert_eq!(file("[what]\n").line, Some(1));
    let manifest = |text: &str| read_text("vcpkg", "vcpkg.json", text).unwrap_err();
    assert_eq!(manifest("{\n\"dependencies\": [\n}").line, Some(3));
    assert!(manifest("{\"dependencies\": [{}]}").to_string().contains("no name"));
}
