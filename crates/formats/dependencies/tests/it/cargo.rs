//! Cargo's lock files: counts, edges and scopes as Cargo itself lists them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand};
use lw_dependencies::cargo::{BuildLog, from_binary, only_built};
use lw_dependencies::{MemoryTree, Options, Places, Problem};
use lw_inventory::{HashAlgorithm, Inventory, Scope, Source};
use lw_testkit::{root, shared_fixture, skip};

use crate::common::{Folder, edges, get, key, names, needs, output_of, read, read_texts, read_with};

const HOST: &str = "x86_64-unknown-linux-gnu";

fn cargo_home() -> Folder {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    Folder(home.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cargo")))
}

/// The workspace of the suite itself, with Cargo's home.
fn own(options: &Options) -> Inventory {
    let (project, home) = (Folder(root()), cargo_home());
    let places = Places { cargo_home: Some(&home), ..Places::of(&project) };
    read_with(&places, "Cargo.lock", options).unwrap()
}

fn required(inventory: &Inventory) -> BTreeSet<(String, String)> {
    inventory
        .iter()
        .filter(|(_, c)| c.scope == Scope::Required && !c.name.is_empty())
        .map(|(_, c)| key(c))
        .collect()
}

#[test]
fn the_lock_of_nextest_has_591_packages() {
    let Some(folder) = shared_fixture("sbom/rust/nextest") else { return };
    let inventory = read(&Folder(folder), "Cargo.lock").unwrap();
    assert_eq!(inventory.len(), 591);
    let of = |is: fn(&Source) -> bool| {
        inventory.iter().filter(|(_, c)| is(&c.source) && !c.name.is_empty()).count()
    };
    assert_eq!(of(|source| *source == Source::PublicRegistry), 582);
    assert_eq!(of(|source| *source == Source::Unknown), 9, "what lies in the project, which is not there");
    let hashed = inventory.iter().filter(|(_, c)| c.distributions.iter().any(|d| !d.hashes.is_empty()));
    assert_eq!(hashed.count(), 582);
    assert!(!inventory.unknowns.is_empty(), "there are no manifests, which is said");
}

#[test]
fn packages_and_edges_are_those_of_cargo_metadata() {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .features(cargo_metadata::CargoOpt::AllFeatures)
        .other_options(vec!["--offline".into(), "--locked".into()])
        .exec();
    let Ok(metadata) = metadata else {
        skip::<()>("`cargo metadata --offline` has not all crates of all targets");
        return;
    };
    let resolve = metadata.resolve.unwrap();
    let name = |id: &cargo_metadata::PackageId| {
        let package = metadata.packages.iter().find(|package| package.id == *id).unwrap();
        (package.name.to_string(), package.version.to_string())
    };
    let nodes: BTreeSet<_> = resolve.nodes.iter().map(|node| name(&node.id)).collect();
    let inventory = own(&Options::default());
    let mut ours = names(&inventory);
    ours.remove(&(String::new(), String::new()));
    // A lock file has what the features of dependencies of dependencies might need, too.
    let only_locked: BTreeSet<_> = ours.difference(&nodes).collect();
    assert_eq!(nodes.difference(&ours).collect::<Vec<_>>(), Vec::<&(String, String)>::new());
    eprintln!("{} packages, {} of them in the lock alone", ours.len(), only_locked.len());
    let ours = edges(&inventory);
    for node in &resolve.nodes {
        for to in &node.dependencies {
            let edge = (name(&node.id), name(to));
            assert!(edge.0 == edge.1 || ours.contains(&edge), "{edge:?} is missing");
        }
    }
    // Kinds: what no normal dependency leads to from a member is not required.
    let mut normal: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for node in &resolve.nodes {
        let is_normal =
            |dep: &&cargo_metadata::NodeDep| dep.dep_kinds.iter().any(|k| k.kind == DependencyKind::Normal);
        normal.insert(name(&node.id), node.deps.iter().filter(is_normal).map(|dep| name(&dep.pkg)).collect());
    }
    let mut next: Vec<_> = metadata.workspace_default_members.iter().map(name).collect();
    let mut reached = BTreeSet::new();
    while let Some(package) = next.pop() {
        if reached.insert(package.clone()) {
            next.extend(normal.get(&package).into_iter().flatten().cloned());
        }
    }
    let shipped: BTreeSet<_> = inventory
        .iter()
        .filter(|(_, c)| c.scope != Scope::Excluded && !c.name.is_empty())
        .map(|(_, c)| key(c))
        .collect();
    let only_locked: BTreeSet<_> = only_locked.into_iter().cloned().collect();
    let shipped: BTreeSet<_> = shipped.difference(&only_locked).cloned().collect();
    assert_eq!(shipped, reached, "with all features: required and optional");
}

/// Lines of `cargo tree`, each package once.
fn tree_of(arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("cargo");
    command.current_dir(root()).args(["tree", "--offline", "--locked", "--prefix", "none", "--target", HOST]);
    output_of(command.args(arguments))
}

fn lines_of(text: &str) -> BTreeSet<(String, String)> {
    let package = |line: &str| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
    };
    text.lines().filter_map(package).collect()
}

#[test]
fn what_is_required_is_what_cargo_tree_lists_without_features_of_tests() {
    for (package, arguments, options) in [
        ("lw-size-gate", &[][..], Options::default()),
        ("lw-sign", &[], Options::default()),
        ("lw", &[], Options::default()),
        ("lw", &["--no-default-features"], Options { no_default_features: true, ..Options::default() }),
        (
            "lw",
            &["--no-default-features", "--features", "size-gate"],
            Options { no_default_features: true, features: vec!["size-gate".into()], ..Options::default() },
        ),
    ] {
        let mut all = vec!["--package", package, "--edges", "normal"];
        all.extend(arguments);
        let Some(text) = tree_of(&all) else {
            skip::<()>("`cargo tree` does not run here");
            return;
        };
        let options = Options { packages: vec![package.into()], targets: vec![HOST.into()], ..options };
        let inventory = own(&options);
        assert_eq!(get(&inventory, package).scope, Scope::Required);
        assert_eq!(inventory.get(inventory.root().unwrap()).unwrap().name, package);
        assert_eq!(required(&inventory), lines_of(&text), "{package} {arguments:?}");
    }
}

#[test]
fn every_crate_has_a_licence_where_its_manifest_is_there() {
    let inventory =
        own(&Options { targets: vec![HOST.into()], packages: vec!["lw".into()], ..Options::default() });
    // What is for other machines was not fetched for this one.
    let here = |scope| scope == Scope::Required;
    let without: Vec<_> = inventory
        .iter()
        .filter(|(_, c)| here(c.scope) && c.declared_licence.is_none())
        .map(|(_, c)| key(c))
        .collect();
    assert!(without.is_empty(), "{without:?}");
    assert!(inventory.iter().filter(|(_, c)| here(c.scope)).count() > 100);
    assert!(inventory.unknowns.is_empty(), "{:?}", inventory.unknowns);
}

#[test]
fn a_build_log_leaves_what_was_built() {
    let Some(tree) = tree_of(&["--package", "lw-size-gate", "--edges", "normal,build"]) else {
        skip::<()>("`cargo tree` does not run here");
        return;
    };
    let log = BuildLog::read(tree.as_bytes(), "tree.txt").unwrap();
    let built = only_built(
        own(&Options { packages: vec!["lw-size-gate".into()], ..Options::default() }),
        &log,
        "tree.txt",
    );
    assert_eq!(names(&built.unwrap()), lines_of(&tree));

    let artifacts: String = own(&Options::default())
        .iter()
        .filter(|(_, c)| ["lw-size-gate", "fnv"].contains(&c.name.as_str()))
        .map(|(_, c)| match c.source {
            Source::Path(_) => format!("path+file:///home/me/{}#{}", c.name, c.version.as_deref().unwrap()),
            _ => format!(
                "registry+https://github.com/rust-lang/crates.io-index#{}@{}",
                c.name,
                c.version.as_deref().unwrap()
            ),
        })
        .map(|id| format!("{{\"reason\":\"compiler-artifact\",\"package_id\":\"{id}\"}}\n"))
        .collect();
    let log = BuildLog::read(
        format!("   Compiling fnv\n{artifacts}{{\"reason\":\"build-finished\",\"success\":true}}\n")
            .as_bytes(),
        "log",
    );
    let built = only_built(own(&Options::default()), &log.unwrap(), "log").unwrap();
    assert_eq!(built.len(), 2);

    let foreign = BuildLog::read(b"nobody v1.0.0\n", "log").unwrap();
    let error = only_built(own(&Options::default()), &foreign, "log").unwrap_err();
    assert_eq!((error.line, matches!(error.problem, Problem::Inconsistent(_))), (Some(1), true));
    assert!(BuildLog::read(b"   Compiling fnv\n", "log").is_err(), "nothing is no build");
}

const MANIFEST: &str = r#"
[package]
name = "product"
version = "1.2.0"
license = "MIT/Apache-2.0"
authors = ["Ada <ada@example.org>"]
repository = "https://me:secret@example.org/product"

[features]
default = ["fast"]
fast = ["dep:quick", "wire/std"]
slow = ["dep:patient"]

[dependencies]
wire = "1"
quick = { version = "1", optional = true }
patient = { version = "1", optional = true }
renamed = { package = "real-name", version = "1" }
twice = "1"
inner = { path = "inner" }
gitted = { git = "https://example.org/gitted.git" }

[target.'cfg(windows)'.dependencies]
wintool = "1"

[dev-dependencies]
twice-dev = { package = "twice", version = "2" }
checker = "1"

[build-dependencies]
maker = "1"
wire = "1"

[patch.crates-io]
real-name = { path = "patched" }
"#;

const LOCK: &str = r#"
version = 4

[[package]]
name = "checker"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "0000000000000000000000000000000000000000000000000000000000000001"
dependencies = ["shared"]

[[package]]
name = "gitted"
version = "1.0.0"
source = "git+https://me:secret@example.org/gitted.git?branch=main#0123456789012345678901234567890123456789"

[[package]]
name = "inner"
version = "0.1.0"

[[package]]
name = "maker"
version = "1.0.0"
source = "registry+https://crates.example.org/index"
checksum = "0000000000000000000000000000000000000000000000000000000000000002"

[[package]]
name = "patient"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "product"
version = "1.2.0"
dependencies = [
 "checker", "gitted", "inner", "maker", "patient", "quick", "real-name", "twice 1.0.0", "twice 2.0.0", "wintool", "wire",
]

[[package]]
name = "quick"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
dependencies = ["shared"]

[[package]]
name = "real-name"
version = "1.0.0"

[[package]]
name = "shared"
version = "1.0.0"
source = "sparse+https://index.crates.io/"

[[package]]
name = "twice"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "twice"
version = "2.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "wintool"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "wire"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
"#;

fn product() -> Vec<(&'static str, &'static str)> {
    vec![
        ("Cargo.lock", LOCK),
        ("Cargo.toml", MANIFEST),
        ("inner/Cargo.toml", "[package]\nname = \"inner\"\nversion = \"0.1.0\"\n"),
        ("patched/Cargo.toml", "[package]\nname = \"real-name\"\nversion = \"1.0.0\"\n"),
        ("src/main.rs", ""),
    ]
}

fn scope_of(inventory: &Inventory, name: &str, version: &str) -> Scope {
    inventory.iter().find(|(_, c)| key(c) == (name.into(), version.into())).unwrap().1.scope
}

#[test]
fn kinds_and_features_make_the_scope() {
    let inventory = read_texts(&product()).unwrap();
    assert_eq!(inventory.len(), 12);
    let scopes = [
        ("checker", "1.0.0", Scope::Excluded),
        ("gitted", "1.0.0", Scope::Required),
        ("inner", "0.1.0", Scope::Required),
        ("maker", "1.0.0", Scope::Excluded),
        ("patient", "1.0.0", Scope::Optional),
        ("quick", "1.0.0", Scope::Required),
        ("real-name", "1.0.0", Scope::Required),
        ("shared", "1.0.0", Scope::Required),
        ("twice", "1.0.0", Scope::Required),
        ("twice", "2.0.0", Scope::Excluded),
        ("wintool", "1.0.0", Scope::Required),
        ("wire", "1.0.0", Scope::Required),
    ];
    for (name, version, scope) in scopes {
        assert_eq!(scope_of(&inventory, name, version), scope, "{name} {version}");
    }
    let tree = MemoryTree::new(product());
    let options = Options { no_default_features: true, targets: vec![HOST.into()], ..Options::default() };
    let inventory = read_with(&Places::of(&tree), "Cargo.lock", &options).unwrap();
    assert_eq!(scope_of(&inventory, "quick", "1.0.0"), Scope::Optional);
    assert_eq!(
        scope_of(&inventory, "shared", "1.0.0"),
        Scope::Optional,
        "of an optional and of a dev dependency"
    );
    assert!(inventory.iter().all(|(_, c)| c.name != "wintool"), "of another target");
    let options = Options { targets: vec!["no-such-target".into()], ..Options::default() };
    assert!(read_with(&Places::of(&tree), "Cargo.lock", &options).is_err());
    let options = Options { packages: vec!["nobody".into()], ..Options::default() };
    assert!(read_with(&Places::of(&tree), "Cargo.lock", &options).is_err());
}

#[test]
fn only_what_a_registry_has_gets_its_name_and_hash() {
    let inventory = read_texts(&product()).unwrap();
    let purl = |name: &str| get(&inventory, name).purl.as_ref().map(ToString::to_string);
    assert_eq!(purl("wire").as_deref(), Some("pkg:cargo/wire@1.0.0"));
    assert_eq!(purl("shared").as_deref(), Some("pkg:cargo/shared@1.0.0"));
    assert_eq!(purl("inner"), None);
    assert_eq!(purl("real-name"), None, "a patched crate is not the registry's");
    let git = get(&inventory, "gitted").purl.clone().unwrap();
    let commit = "git+https://example.org/gitted.git@0123456789012345678901234567890123456789";
    assert_eq!(git.qualifiers().get("vcs_url").map(String::as_str), Some(commit));
    let other = get(&inventory, "maker").purl.clone().unwrap();
    assert_eq!(
        other.qualifiers().get("repository_url").map(String::as_str),
        Some("https://crates.example.org/index")
    );
    assert!(
        get(&inventory, "real-name")
            .properties
            .iter()
            .any(|p| p.name == "lw:cargo:patches" && p.value == "crates-io")
    );
    let root = inventory.get(inventory.root().unwrap()).unwrap();
    assert_eq!((root.name.as_str(), root.kind), ("product", lw_inventory::Kind::Application));
    assert_eq!(root.declared_licence.as_ref().unwrap().expression(), Some("MIT OR Apache-2.0"));
    assert_eq!(root.authors[0].email.as_deref(), Some("ada@example.org"));
    assert_eq!(root.places.iter().next().unwrap().line, Some(32));
}

#[test]
fn one_version_from_two_places_is_two_components() {
    let lock = r#"
version = 4
[[package]]
name = "app"
version = "0.1.0"
dependencies = [
 "itoa 1.0.11 (git+https://example.org/itoa.git)",
 "itoa 1.0.11 (registry+https://github.com/rust-lang/crates.io-index)",
]
[[package]]
name = "itoa"
version = "1.0.11"
source = "registry+https://github.com/rust-lang/crates.io-index"
[[package]]
name = "itoa"
version = "1.0.11"
source = "git+https://example.org/itoa.git#0123456789012345678901234567890123456789"
"#;
    let inventory = read_texts(&[("Cargo.lock", lock)]).unwrap();
    assert_eq!(inventory.iter().filter(|(_, c)| c.name == "itoa").count(), 2);
    assert_eq!(needs(&inventory, "app").len(), 2);
}

#[test]
fn the_first_versions_of_the_format_are_read() {
    let one = r#"
[[package]]
name = "app"
version = "0.1.0"
dependencies = ["dep 1.0.0 (registry+https://github.com/rust-lang/crates.io-index)", "beside 0.1.0"]
[[package]]
name = "beside"
version = "0.1.0"
[[package]]
name = "dep"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
[metadata]
"checksum dep 1.0.0 (registry+https://github.com/rust-lang/crates.io-index)" = "00000000000000000000000000000000000000000000000000000000000000ff"
"#;
    let inventory = read_texts(&[("Cargo.lock", one)]).unwrap();
    assert_eq!(needs(&inventory, "app"), ["beside 0.1.0", "dep 1.0.0"]);
    let hash = get(&inventory, "dep").distributions[0].hashes.iter().next().unwrap().clone();
    assert!(hash.algorithm() == HashAlgorithm::Sha256 && hash.hex().ends_with("ff"));
    let with_root = "[root]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = []\n";
    assert_eq!(
        read_texts(&[("Cargo.lock", with_root)]).unwrap().iter().filter(|(_, c)| c.name == "app").count(),
        1
    );
    let replaced = r#"
[[package]]
name = "app"
version = "0.1.0"
dependencies = ["dep 1.0.0 (registry+https://github.com/rust-lang/crates.io-index)"]
[[package]]
name = "dep"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
replace = "dep 1.0.0"
[[package]]
name = "dep"
version = "1.0.0"
"#;
    let inventory = read_texts(&[("Cargo.lock", replaced)]).unwrap();
    assert_eq!(get(&inventory, "dep").purl, None, "the replacement");
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let cases = [
        ("version = 4\n[[package]]\nname = \"a\"\n", Some(2), "missing field"),
        (
            "version = 4\n[[package]]\nname = \"a\"\nversion = \"1\"\ndependencies = [\n \"b\",\n]\n",
            Some(6),
            "no package is",
        ),
        ("version = 5\n", None, "version 5 of Cargo.lock"),
        ("version = 4\n[[package]\n", Some(2), "this is no Cargo.lock"),
        ("version = 4\n[[package]]\nname = \"\"\nversion = \"1\"\n", Some(3), "no name"),
        ("<<<<<<< HEAD\nversion = 4\n", Some(1), "this is no Cargo.lock"),
    ];
    for (text, line, words) in cases {
        let error = read_texts(&[("Cargo.lock", text)]).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let deep = format!("a = {}", "[".repeat(100_000));
    assert!(read_texts(&[("Cargo.lock", &deep)]).is_err());
    let error = read(&MemoryTree::new([("Cargo.lock", vec![b'\n', 0xff])]), "Cargo.lock").unwrap_err();
    assert_eq!(error.line, Some(2));
    let whole = LOCK.trim_start();
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        // A lock file that is cut between two packages is one; what then is missing is named.
        if let Ok(inventory) = read_texts(&[("Cargo.lock", &whole[..end])]) {
            assert!(inventory.len() <= 13);
        }
    }
}

/// A `.crate`: a tar archive of one manifest, compressed.
fn archive(name: &str, manifest: &str) -> Vec<u8> {
    use std::io::Write as _;
    let mut tar = vec![0_u8; 512];
    let mut put = |at: usize, text: &str| tar[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, &format!("{name}/Cargo.toml"));
    put(124, &format!("{:011o}", manifest.len()));
    tar.extend(manifest.as_bytes());
    tar.resize(tar.len().next_multiple_of(512) + 1024, 0);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&tar).unwrap();
    packed.finish().unwrap()
}

#[test]
fn what_a_registry_kept_says_licence_and_sha_512() {
    use sha2::{Digest as _, Sha256, Sha512};
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let manifest = "[package]\nname = \"dep\"\nversion = \"1.0.0\"\nlicense = \"Zlib\"\n\
                    [lib]\nproc-macro = true\n[build-dependencies.tool]\nversion = \"1\"\n";
    let packed = archive("dep-1.0.0", manifest);
    let sum = hex(&Sha256::digest(&packed));
    let lock = format!(
        "version = 4\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"dep\"]\n\
         [[package]]\nname = \"dep\"\nversion = \"1.0.0\"\nchecksum = \"{sum}\"\ndependencies = [\"tool\"]\n\
         source = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
         [[package]]\nname = \"tool\"\nversion = \"1.0.0\"\n\
         source = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
    );
    let project = MemoryTree::new([("Cargo.lock", lock)]);
    let cache = "registry/cache/index.crates.io-1949cf8c6b5b557f/dep-1.0.0.crate";
    let read_from = |home: &MemoryTree, options: &Options| {
        read_with(&Places { cargo_home: Some(home), ..Places::of(&project) }, "Cargo.lock", options).unwrap()
    };
    let home = MemoryTree::new([(cache, packed.clone())]);
    let inventory = read_from(&home, &Options { hash_archives: true, ..Options::default() });
    let dep = get(&inventory, "dep");
    assert_eq!(dep.declared_licence.as_ref().unwrap().expression(), Some("Zlib"));
    let hashes: Vec<_> = dep.distributions[0].hashes.iter().map(|hash| hash.hex().to_owned()).collect();
    assert_eq!(hashes, [sum, hex(&Sha512::digest(&packed))]);
    assert_eq!(scope_of(&inventory, "tool", "1.0.0"), Scope::Excluded, "it is of a build script");
    let quick = read_from(&home, &Options::default());
    assert_eq!(get(&quick, "dep").distributions[0].hashes.len(), 1);
    assert!(get(&quick, "dep").declared_licence.is_some());
    // An archive that is not the one that was locked is said, and nothing of it is taken.
    let home = MemoryTree::new([(cache, archive("dep-1.0.0", "[package]\nname = \"dep\"\n"))]);
    let inventory = read_from(&home, &Options::default());
    assert!(get(&inventory, "dep").declared_licence.is_none());
    assert!(inventory.unknowns.iter().any(|unknown| unknown.what == "dep 1.0.0"));
    // An unpacked crate of another registry is another crate.
    let home = MemoryTree::new([("registry/src/example.org-0123/dep-1.0.0/Cargo.toml", manifest)]);
    assert!(get(&read_from(&home, &Options::default()), "dep").declared_licence.is_none());
}

/// A 64-bit ELF of one section besides that of the names.
fn elf(section: &[u8]) -> Vec<u8> {
    let names = b"\0.dep-v0\0.shstrtab\0";
    let table = 64 + section.len() + names.len();
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0".to_vec();
    elf.extend([0; 16]);
    elf.extend((table as u64).to_le_bytes());
    elf.extend([0; 4]);
    for value in [64_u16, 56, 0, 64, 3, 2] {
        elf.extend(value.to_le_bytes());
    }
    elf.extend(section);
    elf.extend(names);
    for (name, kind, at, size) in
        [(0, 0, 0, 0), (1, 1, 64, section.len()), (9, 3, 64 + section.len(), names.len())]
    {
        elf.extend([name, kind].iter().flat_map(|value: &u32| value.to_le_bytes()));
        elf.extend([0, 0, at as u64, size as u64].iter().flat_map(|value| value.to_le_bytes()));
        elf.extend([0; 24]);
    }
    elf
}

#[test]
fn a_binary_says_what_it_was_built_from() {
    use std::io::Write as _;
    let packed = |json: &str| {
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(json.as_bytes()).unwrap();
        elf(&packed.finish().unwrap())
    };
    let json = r#"{"packages":[{"name":"app","version":"0.1.0","source":"local","dependencies":[1,2],"root":true},
        {"name":"dep","version":"1.0.0","source":"crates.io"},
        {"name":"tool","version":"2.0.0","source":"crates.io","kind":"build"}]}"#;
    let inventory = from_binary(&packed(json), "app").unwrap().unwrap();
    crate::common::sound(&inventory);
    assert_eq!(needs(&inventory, "app"), ["dep 1.0.0", "tool 2.0.0"]);
    assert_eq!(scope_of(&inventory, "tool", "2.0.0"), Scope::Excluded);
    assert_eq!(get(&inventory, "dep").purl.as_ref().unwrap().to_string(), "pkg:cargo/dep@1.0.0");
    assert!(from_binary(b"#!/bin/sh\n", "app").unwrap().is_none());
    for broken in [&json.replace("[1,2]", "[1,9]"), &json.replace(",\"root\":true", ""), "{", ""] {
        from_binary(&packed(broken), "app").unwrap_err();
    }
    from_binary(&elf(b"not compressed"), "app").unwrap_err();
}
