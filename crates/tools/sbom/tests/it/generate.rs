//! Bills of projects and firmware.

use std::fs;
use std::path::Path;

use lw_model::{Level, Verdict};
use lw_testkit::tool::words;
use serde_json::Value;

use crate::SBOM;

const GITMODULES: &str = "\
[submodule \"heatshrink\"]
\tpath = third_party/heatshrink
\turl = https://someone:hunter2@github.com/atomicobject/heatshrink.git
";

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn json(folder: &Path, path: &str) -> Value {
    serde_json::from_slice(&fs::read(folder.join(path)).unwrap()).unwrap()
}

fn example(name: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../examples/firmware/esp32c3");
    fs::read(root.join(name)).unwrap()
}

fn component<'j>(bill: &'j Value, name: &str) -> &'j Value {
    let components = bill["components"].as_array().unwrap();
    components.iter().find(|component| component["name"] == name).unwrap()
}

#[test]
fn a_firmware_is_the_product_and_its_files_belong_together() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, ".gitmodules", GITMODULES);
    fs::write(root.join("firmware.elf"), example("firmware.elf")).unwrap();
    fs::write(root.join("firmware.bin"), example("firmware.bin")).unwrap();
    let args = "generate --elf firmware.elf --bin firmware.bin --output out/sbom.json --supplier-name Us";
    let run = SBOM.run_as_step(root, &words(args), &[("SOURCE_DATE_EPOCH", "1767225600")]);
    assert_eq!((run.code, run.output("components")), (0, "1"), "{}", run.stderr);
    let bill = json(root, "out/sbom.json");
    let product = &bill["metadata"]["component"];
    assert_eq!(
        (&product["type"], &product["name"], &product["version"]),
        (&"firmware".into(), &"led-node".into(), &"1.1.0".into())
    );
    assert_eq!(bill["metadata"]["timestamp"], "2026-01-01T00:00:00Z");
    assert_eq!(bill["metadata"]["licenses"][0]["license"]["id"], "CC0-1.0");
    let algorithms: Vec<_> =
        product["hashes"].as_array().unwrap().iter().map(|hash| hash["alg"].as_str().unwrap()).collect();
    assert_eq!(algorithms, ["SHA-256", "SHA-512"]);
    let text = fs::read_to_string(root.join("out/sbom.json")).unwrap();
    assert!(!text.contains("hunter2") && !text.contains(&root.display().to_string()), "{text}");

    // The same from another folder, and again.
    let again = tempfile::tempdir().unwrap();
    for name in [".gitmodules", "firmware.elf", "firmware.bin"] {
        fs::copy(root.join(name), again.path().join(name)).unwrap();
    }
    let _ = SBOM.run_as_step(again.path(), &words(args), &[("SOURCE_DATE_EPOCH", "1767225600")]);
    assert_eq!(fs::read_to_string(again.path().join("out/sbom.json")).unwrap(), text);

    // An ELF file of another build.
    fs::write(root.join("firmware.elf"), example("baseline/firmware.elf")).unwrap();
    fs::remove_file(root.join("out/sbom.json")).unwrap();
    let run = SBOM.run_as_step(root, &words(args), &[]);
    assert_eq!((run.code, run.report().verdict), (1, Verdict::Fail), "{}", run.stderr);
    assert!(run.found(Level::Error).contains(&"unpaired"), "{:?}", run.found(Level::Error));
    assert!(!root.join("out/sbom.json").exists(), "it would be a bill of two products");
}

#[test]
fn what_lw_toml_says_is_added() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, ".gitmodules", GITMODULES);
    write(
        root,
        "lw.toml",
        "\
[sbom.component.zlib]
version = '1.3.1'
license = 'Zlib'
cpe = 'cpe:2.3:a:zlib:zlib:{}:*:*:*:*:*:*:*'
path = 'third_party/zlib'

[sbom.supplement.heatshrink]
supplier = 'Atomic Object'
license = 'ISC'

[sbom.supplement.gone]
license = 'MIT'
",
    );
    let run = SBOM.run_as_step(root, &words("generate --config lw.toml --output sbom.json --name lamp"), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.found(Level::Warning).contains(&"supplement-unused"),
        "{:?} {}",
        run.found(Level::Warning),
        run.stdout
    );
    let bill = json(root, "sbom.json");
    assert_eq!(bill["metadata"]["component"]["name"], "lamp");
    assert_eq!(component(&bill, "zlib")["cpe"], "cpe:2.3:a:zlib:zlib:1.3.1:*:*:*:*:*:*:*");
    assert_eq!(component(&bill, "heatshrink")["supplier"]["name"], "Atomic Object");
    assert!(
        component(&bill, "heatshrink").get("purl").is_none(),
        "without a commit it would name any of them"
    );
}

#[test]
fn a_version_that_is_not_the_released_one_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("firmware.bin"), example("firmware.bin")).unwrap();
    let run = SBOM.run_as_step(
        folder.path(),
        &words("generate --bin firmware.bin --version v9 --allow-empty"),
        &[],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.found(Level::Warning), ["version"]);
}

#[test]
fn below_the_root_is_read_only_where_asked_for_and_what_is_left_out_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "a/.gitmodules", GITMODULES);
    write(root, "node_modules/x/.gitmodules", GITMODULES);
    let run = SBOM.run_as_step(root, &words("generate"), &[]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    let run = SBOM.run_as_step(root, &words("generate --recursive"), &[]);
    assert_eq!((run.code, run.output("components")), (0, "1"), "{}", run.stderr);
    let table = run.report().tables.iter().find(|table| table.id == "not-read").unwrap();
    assert_eq!(table.rows.len(), 1);
}

#[test]
fn one_bad_file_is_told_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, ".gitmodules", GITMODULES);
    write(root, "dependencies.lock", "dependencies: [");
    let run = SBOM.run_as_step(root, &words("generate --output sbom.json"), &[]);
    assert_eq!((run.code, run.report().verdict), (3, Verdict::Error), "{}", run.stderr);
    assert!(run.stderr.contains("dependencies.lock:"), "{}", run.stderr);
    assert!(!root.join("sbom.json").exists());
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_project_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "secret", GITMODULES);
    fs::create_dir(root.join("project")).unwrap();
    std::os::unix::fs::symlink("../secret", root.join("project/.gitmodules")).unwrap();
    let run = SBOM.run_as_step(root, &words("generate --path project --output sbom.json"), &[]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("leads out of the folder"), "{}", run.stderr);
}

#[test]
fn what_is_not_installed_is_told_where_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, ".gitmodules", GITMODULES);
    write(root, "platformio.ini", "[env:lamp]\nplatform = native\nlib_deps =\n  example/Missing @ ^1.0\n");
    let run = SBOM.run_as_step(root, &words("generate --platformio-core-dir none"), &[]);
    assert_eq!((run.code, run.report().verdict), (0, Verdict::Warn), "{}", run.stderr);
    let report = run.report();
    let missing = report
        .findings
        .iter()
        .find(|finding| finding.rule == "sbom/unknown" && finding.message.contains("Missing"))
        .unwrap();
    assert_eq!(missing.location.as_ref().unwrap().to_string(), "platformio.ini:3");
}

#[test]
fn the_summary_shows_the_product_its_components_licences_and_graph() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, ".gitmodules", GITMODULES);
    write(root, "lw.toml", "[sbom.component.'<b>`x']\nversion = '1'\nlicense = 'MIT'\n");
    let args = "generate --config lw.toml --name lamp --version 1.2.3 --type firmware --summary summary.md";
    let run = SBOM.run_as_step(root, &words(args), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let summary = fs::read_to_string(root.join("summary.md")).unwrap();
    for expected in [
        "**firmware** `lamp 1.2.3`",
        "#### Components",
        "| `heatshrink` |",
        "#### Licences",
        "| MIT | 1 |",
        "```mermaid\nflowchart LR\n    n0[\"lamp 1.2.3\"]\n",
        "n0 --> n1\n",
    ] {
        assert!(summary.contains(expected), "{expected}\n{summary}");
    }
    let (_, graph) = summary.split_once("```mermaid").unwrap();
    assert!(graph.contains("#60;b#62;#96;x 1") && graph.matches("```").count() == 1, "{graph}");
}

#[test]
fn without_a_package_the_repository_names_the_product_and_not_the_folder_it_lies_in() {
    let scratch = lw_testkit::git::Scratch::new();
    let root = scratch.path();
    write(root, ".gitmodules", GITMODULES);
    fs::create_dir_all(root.join("below")).unwrap();
    write(root, "below/.gitmodules", GITMODULES);
    scratch.git(&["remote", "add", "origin", "https://someone:hunter2@example.org/lights/lamp.git"]);
    let product = |arguments: &str| {
        let run = SBOM.run_as_step(root, &words(arguments), &[]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let report = run.report();
        report.facts.iter().find(|fact| fact.name == "product").unwrap().value.clone()
    };
    assert_eq!(product("generate"), "lamp");
    assert_eq!(product("generate --path below"), "below", "a folder of the repository is not all of it");
    assert_eq!(product("generate --name other"), "other");
}
