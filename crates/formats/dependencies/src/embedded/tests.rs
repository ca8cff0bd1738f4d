//! The readers on files as the real programs write them.

use std::collections::BTreeMap;

use lw_inventory::{Component, Inventory, Kind, Scope, Source};

use crate::{Error, MemoryTree, Options, Places, Problem, READERS, detect};

fn tree(files: &[(&str, &str)]) -> MemoryTree {
    MemoryTree::new(files.iter().map(|(path, text)| (*path, text.as_bytes())))
}

fn run(places: &Places<'_>, file: &str, options: &Options) -> Result<Inventory, Error> {
    let name = file.rsplit('/').next().unwrap();
    let reader = READERS.iter().find(|reader| reader.files.contains(&name)).unwrap();
    (reader.read)(places, file, options)
}

fn read(files: &[(&str, &str)], file: &str) -> Inventory {
    run(&Places::of(&tree(files)), file, &Options::default()).unwrap()
}

fn component<'i>(inventory: &'i Inventory, name: &str) -> &'i Component {
    let found: Vec<_> = inventory.iter().filter(|(_, known)| known.name == name).collect();
    assert_eq!(found.len(), 1, "{name}");
    found[0].1
}

fn purl(component: &Component) -> String {
    component.purl.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// Edges as `from > to`, by name, the root as `*`.
fn edges(inventory: &Inventory) -> Vec<String> {
    let name = |id| {
        if inventory.root() == Some(id) { "*".to_owned() } else { inventory.get(id).unwrap().name.clone() }
    };
    let mut edges: Vec<_> =
        inventory.edges().map(|(from, to)| format!("{} > {}", name(from), name(to))).collect();
    lw_model::lists::sort(&mut edges);
    edges
}

fn unknowns(inventory: &Inventory) -> Vec<&str> {
    inventory.unknowns.iter().map(|unknown| unknown.what.as_str()).collect()
}

fn property<'c>(component: &'c Component, name: &str) -> Option<&'c str> {
    component.properties.iter().find(|known| known.name == name).map(|known| known.value.as_str())
}

/// No folder of a machine, no user name and no password.
fn says_nothing_of_the_machine(inventory: &Inventory) {
    let text = format!("{inventory:?}");
    for secret in ["/home/", "file://", "symlink://", "hunter2", "someone@"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

const COMMIT: &str = "66438af6b9a932c9463d028b3f4a0db3a3ff250a";
const OTHER: &str = "da5c2520b9a932c9463d028b3f4a0db3a3ff250b";

/// As `pio pkg install` of platformio 6.1.19 left it, with other addresses.
const PLATFORMIO: &[(&str, &str)] = &[
    (
        "platformio.ini",
        "\
[platformio]
default_envs = demo
[common]
lib_deps =
    https://someone:hunter2@github.com/Example/GitLib.git#v1.2.0
    example/Needed Lib @ ^1.0 ; why
[env]
framework = arduino
[env:demo]
platform = example/demoplat@3.1.4
lib_deps =
    ${common.lib_deps}
    file:///home/me/locallib
    symlink://../linked
    missing/Gone
[env:other]
platform = demoplat
",
    ),
    (
        ".pio/libdeps/demo/GitLib/.git/.piopm",
        r#"{"type": "library", "name": "GitLib", "version": "0.0.0+202511280930.sha.66438af", "spec": {"owner": null, "id": null, "name": "GitLib", "requirements": null, "uri": "git+https://someone:hunter2@github.com/Example/GitLib.git#v1.2.0"}}"#,
    ),
    (".pio/libdeps/demo/GitLib/.git/HEAD", "66438af6b9a932c9463d028b3f4a0db3a3ff250a\n"),
    (
        ".pio/libdeps/demo/GitLib/library.json",
        r#"{"name":"GitLib","license":"MIT","dependencies":[{"name":"Needed Lib","owner":"example"},{"name":"ForOthers","platforms":"espressif8266"}]}"#,
    ),
    (
        ".pio/libdeps/demo/Needed Lib/.piopm",
        r#"{"type": "library", "name": "Needed Lib", "version": "1.4.0", "spec": {"owner": "example", "id": 123, "name": "Needed Lib", "requirements": null, "uri": null}}"#,
    ),
    (
        ".pio/libdeps/demo/Needed Lib/library.properties",
        "name=Needed Lib\nversion=1.4.0\nauthor=N <n@example.org>\nlicense=BSD-3-Clause\nurl=https://example.org/n\n",
    ),
    (
        ".pio/libdeps/demo/LocalLib/.piopm",
        r#"{"type": "library", "name": "LocalLib", "version": "2.0.1", "spec": {"owner": null, "id": null, "name": "locallib", "requirements": null, "uri": "file:///home/me/locallib"}}"#,
    ),
    (".pio/libdeps/demo/LocalLib/library.properties", "name=LocalLib\nversion=2.0.1\ndepends=Wire\n"),
    (
        ".pio/libdeps/demo/linked.pio-link",
        r#"{"cwd": "/home/me/proj", "spec": {"owner": null, "id": null, "name": "linked", "requirements": null, "uri": "symlink:///home/me/linked"}}"#,
    ),
    ("lib/own/library.json", r#"{"name":"own","version":"0.1.0"}"#),
    ("lib/bare/bare.c", ""),
];

#[test]
fn platformio_libraries_are_what_is_installed() {
    let inventory = read(PLATFORMIO, "platformio.ini");
    says_nothing_of_the_machine(&inventory);
    let git = component(&inventory, "GitLib");
    assert_eq!(git.version.as_deref(), Some(COMMIT), "the commit and not the time of the installation");
    assert_eq!(purl(git), format!("pkg:github/example/gitlib@{COMMIT}"));
    assert_eq!(property(git, "lw:platformio:revision"), Some("v1.2.0"));
    let needed = component(&inventory, "Needed Lib");
    assert_eq!(purl(needed), "pkg:generic/example/Needed%20Lib@1.4.0");
    assert_eq!(needed.source, Source::PublicRegistry);
    assert_eq!(needed.declared_licence.as_ref().unwrap().expression(), Some("BSD-3-Clause"));
    let local = component(&inventory, "LocalLib");
    assert_eq!(
        (local.source.clone(), purl(local)),
        (Source::Path(".pio/libdeps/demo/LocalLib".into()), String::new())
    );
    assert_eq!(component(&inventory, "linked").source, Source::Path("../linked".into()));
    assert_eq!(component(&inventory, "own").source, Source::Path("lib/own".into()));
    // The exact version of the platform stands in the file; what is in it only PlatformIO's home knows.
    let platform = component(&inventory, "demoplat");
    assert_eq!(
        (purl(platform).as_str(), platform.scope),
        ("pkg:generic/example/demoplat@3.1.4", Scope::Excluded)
    );
    assert_eq!(
        edges(&inventory),
        [
            "* > GitLib",
            "* > LocalLib",
            "* > Needed Lib",
            "* > bare",
            "* > demoplat",
            "* > linked",
            "* > own",
            "GitLib > Needed Lib",
        ]
    );
    assert_eq!(
        unknowns(&inventory),
        ["Wire", "framework arduino", "linked", "missing/Gone", "tools of demoplat"]
    );
}

#[test]
fn an_environment_is_one_of_the_file() {
    let tree = tree(PLATFORMIO);
    let options = Options { environments: vec!["none".into()], ..Options::default() };
    let error = run(&Places::of(&tree), "platformio.ini", &options).unwrap_err();
    assert_eq!(error.to_string(), "platformio.ini: there is no environment none: it has demo, other");
    let options = Options { environments: vec!["other".into()], ..Options::default() };
    let inventory = run(&Places::of(&tree), "platformio.ini", &options).unwrap();
    assert_eq!(unknowns(&inventory), ["demoplat", "framework arduino"]);
}

#[test]
fn platform_framework_and_tools_are_those_of_platformios_home() {
    let home = tree(&[
        (
            "platforms/demoplat/.piopm",
            r#"{"type":"platform","name":"demoplat","version":"3.1.4","spec":{"owner":"example","id":1,"name":"demoplat","requirements":null,"uri":null}}"#,
        ),
        (
            "platforms/demoplat/platform.json",
            r#"{"name":"demoplat","version":"3.1.4","license":"Apache-2.0",
            "frameworks":{"arduino":{"package":"framework-demo"}},
            "packages":{"framework-demo":{"type":"framework","optional":true,"version":"~2.0.0"},
                "toolchain-demo":{"type":"toolchain","version":"1.0.0"},
                "tool-flash":{"type":"uploader","optional":true},"tool-gone":{"version":"1"}}}"#,
        ),
        (
            "packages/framework-demo/.piopm",
            r#"{"type":"tool","name":"framework-demo","version":"2.0.7","spec":{"owner":"example","id":2,"name":"framework-demo","requirements":null,"uri":null}}"#,
        ),
        (
            "packages/framework-demo/package.json",
            r#"{"name":"framework-demo","version":"2.0.7","license":"LGPL-2.1-or-later"}"#,
        ),
        (
            "packages/framework-demo@3.0.0/.piopm",
            r#"{"type":"tool","name":"framework-demo","version":"3.0.0","spec":{"owner":"example","id":2,"name":"framework-demo","requirements":null,"uri":null}}"#,
        ),
        ("packages/toolchain-demo/package.json", r#"{"name":"toolchain-demo","version":"1.0.0"}"#),
    ]);
    let project = tree(&[("platformio.ini", "[env:a]\nplatform = example/demoplat\nframework = arduino\n")]);
    let places = Places { platformio_core: Some(&home), ..Places::of(&project) };
    let inventory = run(&places, "platformio.ini", &Options::default()).unwrap();
    let framework = component(&inventory, "framework-demo");
    assert_eq!(
        (framework.version.as_deref(), framework.kind),
        (Some("2.0.7"), Kind::Framework),
        "the version that fits"
    );
    let of = |name| (component(&inventory, name).kind, component(&inventory, name).scope);
    assert_eq!(of("demoplat"), (Kind::Platform, Scope::Excluded));
    assert_eq!(of("toolchain-demo"), (Kind::Application, Scope::Required));
    assert_eq!(unknowns(&inventory), [""; 0]);
    assert_eq!(inventory.len(), 3);
}

/// As idf-component-manager 3.1.2 writes it.
const LOCK: &str = "\
dependencies:
  espressif/cmake_utilities:
    component_hash: 351350613ceafba240b761b4ea991e0f231ac7a9f59a9ee901f751bddc0bb18f
    dependencies:
    - name: idf
      version: '>=4.1'
    source:
      registry_url: https://components.espressif.com/
      type: service
    version: 0.5.3
  espressif/led_strip:
    component_hash: 28c6509a727ef74925b372ed404772aeedf11cce10b78c3f69b3c66799095e2d
    dependencies:
    - name: idf
      version: '>=4.4'
    - name: espressif/cmake_utilities
      registry_url: https://components.espressif.com
      version: 0.*
    source:
      registry_url: https://components.espressif.com/
      type: service
    version: 1.7.19~2
  example/gitcomp:
    component_hash: '0000000000000000000000000000000000000000000000000000000000000000'
    source:
      git: https://someone:hunter2@github.com/example/gitcomp.git
      path: components/gitcomp
      type: git
    version: 66438af6b9a932c9463d028b3f4a0db3a3ff250a
  idf:
    source:
      type: idf
    version: 5.3.0
  my/local:
    source:
      path: components/local
      type: local
    version: '*'
direct_dependencies:
- espressif/led_strip
- example/gitcomp
- my/local
- idf
manifest_hash: '1111111111111111111111111111111111111111111111111111111111111111'
target: esp32s3
version: 3.0.0
";

#[test]
fn esp_idf_components_are_those_of_the_lock_file() {
    let inventory = read(
        &[
            ("dependencies.lock", LOCK),
            (
                "CMakeLists.txt",
                "cmake_minimum_required(VERSION 3.16)\nset(PROJECT_VER \"1.2.3\")\nproject(blink)\n",
            ),
            (
                "managed_components/espressif__led_strip/idf_component.yml",
                "\
version: 1.7.19~2
description: Driver
license: Apache-2.0
repository: git://github.com/espressif/idf-extra-components.git
repository_info:
  commit_sha: da5c2520b9a932c9463d028b3f4a0db3a3ff250b
  path: led_strip
sbom:
  supplier: 'Organization: Espressif Systems (Shanghai) CO LTD'
  cpe: cpe:2.3:a:example:led_strip:{}:*:*:*:*:*:*:*
",
            ),
            ("components/local/idf_component.yml", "version: 0.3\n"),
            (
                "components/local/sbom.yml",
                "license: MIT\nmanifests:\n  - path: sbom_zlib.yml\n    dest: zlib\n",
            ),
            (
                "components/local/sbom_zlib.yml",
                "name: zlib\nversion: 1.3.1\ncpe: ['cpe:2.3:a:zlib:zlib:{}:*:*:*:*:*:*:*']\n",
            ),
            ("components/extra/CMakeLists.txt", ""),
        ],
        "dependencies.lock",
    );
    says_nothing_of_the_machine(&inventory);
    let root = inventory.get(inventory.root().unwrap()).unwrap();
    assert_eq!(
        (root.name.as_str(), root.version.as_deref(), root.kind),
        ("blink", Some("1.2.3"), Kind::Firmware)
    );
    let strip = component(&inventory, "led_strip");
    assert_eq!(purl(strip), format!("pkg:github/espressif/idf-extra-components@{OTHER}#led_strip"));
    assert_eq!(strip.cpe.as_deref(), Some(r"cpe:2.3:a:example:led_strip:1.7.19\~2:*:*:*:*:*:*:*"));
    assert!(
        strip.hashes.is_empty() && property(strip, "lw:idf:component_hash").is_some(),
        "it is the hash of no file"
    );
    assert_eq!(strip.places.iter().find(|place| place.file == "dependencies.lock").unwrap().line, Some(11));
    assert_eq!(purl(component(&inventory, "cmake_utilities")), "pkg:generic/espressif/cmake_utilities@0.5.3");
    assert_eq!(
        purl(component(&inventory, "gitcomp")),
        format!("pkg:github/example/gitcomp@{COMMIT}#components/gitcomp")
    );
    let idf = component(&inventory, "esp-idf");
    assert_eq!(
        (purl(idf).as_str(), idf.version.as_deref()),
        ("pkg:github/espressif/esp-idf@v5.3", Some("5.3.0"))
    );
    assert_eq!(idf.cpe.as_deref(), Some("cpe:2.3:a:espressif:esp-idf:5.3.0:*:*:*:*:*:*:*"));
    let local = component(&inventory, "local");
    assert_eq!((local.version.as_deref(), purl(local)), (Some("0.3"), String::new()));
    assert_eq!(component(&inventory, "zlib").cpe.as_deref(), Some("cpe:2.3:a:zlib:zlib:1.3.1:*:*:*:*:*:*:*"));
    assert_eq!(
        edges(&inventory),
        [
            "* > esp-idf",
            "* > extra",
            "* > gitcomp",
            "* > led_strip",
            "* > local",
            "cmake_utilities > esp-idf",
            "led_strip > cmake_utilities",
            "led_strip > esp-idf",
            "local > zlib",
        ]
    );
    assert_eq!(unknowns(&inventory), [""; 0]);
}

#[test]
fn an_old_lock_file_has_no_edges_and_says_so() {
    let old = LOCK.replace("version: 3.0.0\n", "version: 1.0.0\n");
    let old = old.split("direct_dependencies").next().unwrap().to_owned() + "version: 1.0.0\n";
    let inventory = read(
        &[
            ("dependencies.lock", &old),
            ("main/idf_component.yml", "dependencies:\n  led_strip: '*'\n  idf: '>=5'\n"),
        ],
        "dependencies.lock",
    );
    let strip = component(&inventory, "led_strip");
    assert_eq!(strip.dependencies_known, lw_inventory::Completeness::Incomplete);
    assert!(edges(&inventory).contains(&"* > led_strip".to_owned()));
}

#[test]
fn a_component_without_a_lock_file_has_ranges_that_are_unknown() {
    let manifest = "\
version: 2.0.0
license: MIT
dependencies:
  idf: '>=5.0'
  led_strip: 2.5.5
  example/any:
    version: ^1
  example/near:
    path: ../near
";
    let inventory = read(&[("idf_component.yml", manifest)], "idf_component.yml");
    assert_eq!(unknowns(&inventory), ["example/any", "idf"]);
    assert_eq!(purl(component(&inventory, "led_strip")), "pkg:generic/espressif/led_strip@2.5.5");
    assert_eq!(component(&inventory, "near").source, Source::Path("../near".into()));
}

#[test]
fn submodules_are_at_the_commits_of_the_tree() {
    let files = [
        (
            ".gitmodules",
            "\
# by hand
[submodule \"spiffs\"]
\tpath = third_party/spiffs
\turl = ../../pellepl/spiffs.git
\tsbom-version = 0.2-265
\tsbom-cpe = cpe:2.3:a:spiffs_project:spiffs:{}:*:*:*:*:*:*:*
\tsbom-supplier = \"Organization: Espressif\" ; who
[submodule \"x\"]
\tpath = x
\turl = git@example.com:o/x.git
[core]
\turl = nothing
[submodule \"gone\"]
\tpath = gone
\turl = /home/me/gone
",
        ),
        (
            "third_party/spiffs/.gitmodules",
            "[submodule \"inner\"]\npath = inner\nurl = https://github.com/o/inner\n",
        ),
        ("x/library.json", r#"{"name":"x","license":"ISC"}"#),
    ];
    let submodules = [("third_party/spiffs", COMMIT), ("third_party/spiffs/inner", OTHER), ("x", OTHER)];
    let submodules: BTreeMap<_, _> =
        submodules.map(|(path, commit)| (path.to_owned(), commit.to_owned())).into();
    let options = Options {
        submodules,
        origin: Some("https://someone:hunter2@github.com/espressif/esp-idf.git".into()),
        ..Options::default()
    };
    let tree = tree(&files);
    let inventory = run(&Places::of(&tree), ".gitmodules", &options).unwrap();
    says_nothing_of_the_machine(&inventory);
    let spiffs = component(&inventory, "spiffs");
    assert_eq!(purl(spiffs), format!("pkg:github/pellepl/spiffs@{COMMIT}"));
    assert_eq!(spiffs.version.as_deref(), Some("0.2-265"));
    assert_eq!(spiffs.cpe.as_deref(), Some("cpe:2.3:a:spiffs_project:spiffs:0.2-265:*:*:*:*:*:*:*"));
    assert_eq!(spiffs.supplier.as_ref().unwrap().name.as_deref(), Some("Espressif"));
    let x = component(&inventory, "x");
    assert_eq!(
        purl(x),
        format!("pkg:generic/x@{OTHER}?vcs_url=git%2Bssh:%2F%2Fexample.com%2Fo%2Fx.git%40{OTHER}")
    );
    assert_eq!(x.declared_licence.as_ref().unwrap().expression(), Some("ISC"));
    assert_eq!(edges(&inventory), ["* > gone", "* > spiffs", "* > x", "spiffs > inner"]);
    assert_eq!(unknowns(&inventory), ["gone", "gone"]);
}

#[test]
fn bad_files_say_what_and_where() {
    let check = |files: &[(&str, &str)], file: &str, expected: &str| {
        let tree = tree(files);
        let error = run(&Places::of(&tree), file, &Options::default()).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        error
    };
    check(&[("platformio.ini", "")], "platformio.ini", "platformio.ini: it has no environment");
    check(
        &[("platformio.ini", "[env:a]\nx")],
        "platformio.ini",
        "platformio.ini:2: this is no platformio.ini: expected",
    );
    let ini = ("platformio.ini", "[env:a]\nlib_deps = a\n");
    check(
        &[ini, (".pio/libdeps/a/a/.piopm", "{\n\"name\":")],
        "platformio.ini",
        ".pio/libdeps/a/a/.piopm:2: this is no .piopm",
    );
    check(&[("dependencies.lock", "a: [")], "dependencies.lock", "dependencies.lock:");
    check(
        &[("dependencies.lock", "")],
        "dependencies.lock",
        "dependencies.lock: this is no dependencies.lock: it is empty",
    );
    let error = check(
        &[("dependencies.lock", "version: 9.0.0\n")],
        "dependencies.lock",
        "dependencies.lock: version 9.0.0",
    );
    assert!(matches!(error.problem, Problem::Version { .. }));
    check(
        &[(".gitmodules", "[submodule \"a\"]\nurl = x")],
        ".gitmodules",
        ".gitmodules:1: the submodule a has no path",
    );
    check(
        &[(".gitmodules", "[submodule \"a\"]\npath = ../x\nurl = x")],
        ".gitmodules",
        ".gitmodules:1: the submodule a lies outside",
    );
    check(
        &[(".gitmodules", "[submodule \"a\"\npath = x")],
        ".gitmodules",
        ".gitmodules:1: this is no .gitmodules",
    );
}

#[test]
fn a_bomb_of_yaml_is_refused() {
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, before) in ('b'..='j').zip('a'..) {
        bomb += &format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 9].join(", "));
    }
    let tree = tree(&[("dependencies.lock", &bomb)]);
    assert!(run(&Places::of(&tree), "dependencies.lock", &Options::default()).is_err());
    let deep = "a: ".to_owned() + &"[".repeat(100_000);
    let tree = self::tree(&[("dependencies.lock", &deep)]);
    assert!(run(&Places::of(&tree), "dependencies.lock", &Options::default()).is_err());
}

#[test]
fn files_are_found_by_their_names() {
    let tree = tree(&[
        ("platformio.ini", ""),
        ("dependencies.lock", ""),
        (".gitmodules", ""),
        ("idf_component.yml", ""),
    ]);
    let found: Vec<_> =
        detect(&tree, "").unwrap().into_iter().map(|(reader, file)| (reader.name, file)).collect();
    for expected in [
        ("platformio", "platformio.ini"),
        ("esp-idf", "dependencies.lock"),
        ("git-submodules", ".gitmodules"),
    ] {
        assert!(found.contains(&(expected.0, expected.1.to_owned())), "{found:?}");
    }
}

#[test]
fn what_nothing_in_a_lock_file_needs_hangs_on_the_product() {
    let head = LOCK.split("direct_dependencies").next().unwrap();
    let lock = format!("{head}direct_dependencies:\n- idf\ntarget: esp32s3\nversion: 3.0.0\n");
    let inventory = read(&[("dependencies.lock", &lock)], "dependencies.lock");
    assert!(edges(&inventory).contains(&"* > led_strip".to_owned()), "{:?}", edges(&inventory));
    assert_eq!(inventory.reachable().len(), inventory.len() + 1);
    let root = inventory.get(inventory.root().unwrap()).unwrap();
    assert_eq!(root.dependencies_known, lw_inventory::Completeness::Incomplete);
}
