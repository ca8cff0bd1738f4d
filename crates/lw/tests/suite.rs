//! The multi-call binary: listing, completions, man pages, and a tool by the name it is called by.

#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]
// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::panic)]

#[cfg(feature = "demo")]
#[path = "suite/demo.rs"]
mod demo;
#[path = "suite/doctor.rs"]
mod doctor;
#[path = "suite/mutations.rs"]
mod mutations;

use std::process::{Command, Output};

fn lw(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lw")).args(arguments).env_clear().output().unwrap()
}

#[test]
fn every_tool_is_listed() {
    let output = lw(&["list"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    for tool in lw::TOOLS {
        assert!(
            text.lines().any(|line| line.starts_with(tool.name) && line.ends_with(tool.summary)),
            "{text}"
        );
    }
}

#[test]
fn a_tool_is_listed_by_its_own_name_which_is_its_feature() {
    let names: Vec<&str> = lw::TOOLS.iter().map(|tool| tool.name).collect();
    let known: Vec<&str> = lw::NAMES.iter().copied().filter(|name| names.contains(name)).collect();
    assert_eq!(names, known);
    #[cfg(feature = "full")]
    assert_eq!(names, lw::NAMES);
}

#[test]
fn completions_know_every_tool_and_flag() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = lw(&["completions", shell]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success() && text.contains("size-gate") && text.contains("max-growth"),
            "{shell}"
        );
    }
}

#[test]
fn there_is_a_man_page_per_tool() {
    let folder = tempfile::tempdir().unwrap();
    assert!(lw(&["man", folder.path().to_str().unwrap()]).status.success());
    for tool in lw::TOOLS {
        let page = std::fs::read_to_string(folder.path().join(format!("lw-{}.1", tool.name))).unwrap();
        assert!(page.contains(".SH NAME") && page.contains("Exit codes"), "{}", tool.name);
    }
}

#[cfg(unix)]
#[test]
fn a_link_of_a_tools_name_is_that_tool() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["size-gate", "lw-size-gate"] {
        let link = folder.path().join(name);
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_lw"), &link).unwrap();
        let output = Command::new(&link).arg("--version").output().unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            format!("size-gate {}\n", env!("CARGO_PKG_VERSION"))
        );
    }
}

#[test]
fn a_version_is_told_alike_by_the_short_way_and_among_other_arguments() {
    for arguments in [&["--version"][..], &["-V"], &["--version", "--config", "none"]] {
        for tool in lw::TOOLS {
            let output = lw(&[&[tool.name], arguments].concat());
            assert_eq!(output.status.code(), Some(0), "{} {arguments:?}", tool.name);
            let expected = format!("{} {}\n", tool.name, env!("CARGO_PKG_VERSION"));
            assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "{arguments:?}");
        }
    }
}

#[test]
fn an_unknown_tool_is_a_usage_error_with_a_suggestion() {
    let output = lw(&["size-gaet"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("size-gate"));
}

#[test]
fn the_sections_of_lw_toml_are_held_to_the_tools_there_are() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lw.toml"), "[size-gaet]\nmax = \"ram=1\"\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_lw"))
        .arg("size-gate")
        .current_dir(folder.path())
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("lw.toml:1: unknown section `size-gaet`") && text.contains("did you mean `size-gate`?"),
        "{text}"
    );
}

/// The demo, played once for all tests: where it wrote, and what it printed.
#[cfg(feature = "demo")]
fn demo() -> (std::path::PathBuf, String) {
    static PLAYED: std::sync::OnceLock<(std::path::PathBuf, String)> = std::sync::OnceLock::new();
    let play = || {
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo");
        // Of another build it may have other files.
        let _ = std::fs::remove_dir_all(&folder);
        let output = lw(&["demo", "--out", folder.to_str().unwrap()]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
        (folder, text)
    };
    PLAYED.get_or_init(play).clone()
}

#[cfg(feature = "demo")]
#[test]
fn the_demo_passes_fails_and_writes_its_pages() {
    let (folder, text) = demo();
    assert!(text.contains("PASS") && text.contains("FAIL") && text.contains("size-fail.html"));
    for page in ["size.html", "size-fail.html"] {
        let html = std::fs::read_to_string(folder.join(page)).unwrap();
        assert!(html.contains("<svg") && html.contains("led_node::spectrum::HISTORY"), "{page}");
    }
    let package = std::fs::read(folder.join("led-node-1.1.0.ota")).unwrap();
    assert!(package.starts_with(b"manifest.json\0"), "a tar archive, manifest first");
    assert!(!folder.join("led-node-1.2.0.ota").exists(), "no package of a release that failed");
    let signed = std::fs::read_to_string(folder.join("signed.html")).unwrap();
    // A long value may break between its words.
    let signed = signed.replace("<wbr/>", "");
    assert!(signed.contains("signed by demo (SHA-256 ") && !signed.contains("forged"));
    let flipped = std::fs::read_to_string(folder.join("flipped.html")).unwrap();
    assert!(flipped.contains("ota-package/forged") && !flipped.contains("signed by demo"));
    let bill = std::fs::read_to_string(folder.join("sbom.html")).unwrap().replace("<wbr/>", "");
    assert!(bill.contains("esp-hal") && bill.contains("MIT OR Apache-2.0") && !bill.contains("not known"));
    // Who needs it stands on the page as well.
    assert!(bill.contains("Graph") && bill.matches("esp-rom-sys 0.1.5").count() > 1, "{bill}");
    let graph = std::fs::read_to_string(folder.join("sbom.mmd")).unwrap();
    assert!(graph.contains("led-node 1.1.0") && graph.contains(" --> "));
    let [signed, flipped] = ["signed", "flipped"]
        .map(|name| std::fs::read(folder.join(format!("led-node-1.1.0.{name}.ota"))).unwrap());
    let bits = signed.iter().zip(&flipped).map(|(one, other)| (one ^ other).count_ones());
    assert_eq!((signed.len(), bits.sum::<u32>()), (flipped.len(), 1));
    assert!(text.contains("forged") && !text.contains("PRIVATE KEY"));
    // The notes, the version and the tags of the images are of one history.
    let unwrapped = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        unwrapped.contains("0.2.1, patch after v0.2.0") && text.contains("latest: no, v0.2.0 is higher"),
        "{text}"
    );
    let slots = std::fs::read_to_string(folder.join("ota.html")).unwrap();
    assert!(slots.contains("ota_0") && slots.contains("ota_1"), "the page shows the slots");
    let [gate, failed] = ["quality-report.html", "quality-report-fail.html"]
        .map(|page| std::fs::read_to_string(folder.join(page)).unwrap().replace("<wbr/>", ""));
    assert!(
        gate.contains("coverage.line.covered") && !gate.contains("breached") && !gate.contains("not judged")
    );
    assert!(failed.contains("quality-gate/report-failed") && failed.contains("quality-gate/report-missing"));
    assert!(failed.contains("not judged"));
    // The first release came to all devices, the second to the first wave and back.
    let [deployed, back] = ["deploy.html", "rolled-back.html"]
        .map(|page| std::fs::read_to_string(folder.join(page)).unwrap().replace("<wbr/>", ""));
    assert!(deployed.contains("succeeded") && !deployed.contains("rolled back"), "{deployed}");
    assert!(back.contains("rolled back: wave 2") && back.contains("balena-deploy/device-failed"), "{back}");
    assert!(text.contains("20 devices of admin/gateways, 0 offline for long, 0 failing"), "{text}");
    let pages = std::fs::read_dir(folder.join("coverage-html/files")).unwrap();
    let sources: Vec<_> = pages.map(|page| std::fs::read_to_string(page.unwrap().path()).unwrap()).collect();
    assert_eq!(sources.len(), 4);
    assert!(sources.iter().any(|page| page.contains("set_hue")), "a page shows its source");
}

/// Suppliers, licences and hashes of the example firmware are known: nothing may be missing for anybody.
#[cfg(feature = "demo")]
#[test]
fn other_checkers_find_nothing_missing_in_the_bill_of_the_demo() {
    use lw_testkit::bills;
    let (folder, text) = demo();
    // The same call, in each format.
    let call = text.lines().find_map(|line| line.strip_prefix("$ lw sbom ")).unwrap();
    let call = call.replace(" --write html=sbom.html --write mermaid=sbom.mmd", "");
    let written = |format: &str| {
        let name = format!("{format}.json");
        let status = Command::new(env!("CARGO_BIN_EXE_lw"))
            .arg("sbom")
            .args(call.replace("led-node.cdx.json", &name).split(' '))
            .args(["--sbom-format", format, "--max", "sbom.unknowns=0", "--min", "sbom.score.cra=100%"])
            .current_dir(&folder)
            .env_clear()
            .output()
            .unwrap();
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
        folder.join(name).to_str().unwrap().to_owned()
    };
    let files = ["cyclonedx-1.5", "cyclonedx-1.6", "cyclonedx-1.7", "spdx-2.3", "spdx-3.0.1"].map(written);
    let [cyclonedx @ .., two, three] = files.each_ref().map(String::as_str);
    // Each takes seconds of a processor.
    let checks: [&(dyn Fn() + Sync); 9] = [
        &|| strict(cyclonedx[0]),
        &|| strict(cyclonedx[1]),
        &|| strict(cyclonedx[2]),
        &|| cyclonedx.into_iter().for_each(|file| deep(file, &folder)),
        &|| {
            let Some(said) = bills::spdx_tools(&[two]) else { return };
            assert_eq!(said, ["missed"], "pyspdxtools finds a fault");
        },
        &|| {
            let Some(said) = bills::model(&[three]) else { return };
            assert_eq!(said, ["missed"], "the model of SPDX 3.0.1 cannot be read");
        },
        &|| conforms(two, "spdx2", "ntia"),
        &|| conforms(three, "spdx3", "ntia"),
        &|| conforms(three, "spdx3", "bsi"),
    ];
    lw_testkit::for_each_at_once(&checks, |check| check());
}

/// cyclonedx-python-lib finds no fault in a bill.
#[cfg(feature = "demo")]
fn strict(file: &str) {
    let Some(said) = lw_testkit::bills::strict(&[file]) else { return };
    assert_eq!(said, ["missed"], "cyclonedx-python-lib finds a fault in {file}");
}

/// cdx-validate finds no fault in a bill, and all that the Cyber Resilience Act asks for.
#[cfg(feature = "demo")]
fn deep(file: &str, folder: &std::path::Path) {
    use lw_testkit::bills;
    let Some(report) = bills::cdx_validate(file, folder) else { return };
    let valid = serde_json::Value::from(true);
    assert_eq!((&report["schemaValid"], &report["deepValid"]), (&valid, &valid), "{report:#}");
    assert_eq!(bills::benchmark(&report, "cra"), Some(100.0), "{report:#}");
}

/// ntia-conformance-checker finds all that a standard asks for.
#[cfg(feature = "demo")]
fn conforms(file: &str, specification: &str, standard: &str) {
    let Some(missing) = lw_testkit::bills::missing(file, specification, standard) else { return };
    assert!(missing.is_empty(), "{standard}: {missing}");
}

#[test]
fn a_reader_that_has_gone_changes_no_outcome() {
    let firmware = lw_testkit::root().join("examples/firmware/esp32c3/firmware.elf");
    let run = |max: &str| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_lw"));
        command.args(["size-gate", "--config=none", "--max", max, "--elf"]).arg(&firmware);
        command.env_clear().stdout(writer).status().unwrap().code()
    };
    assert_eq!(run("image.bytes=1"), Some(1), "a failed gate fails, whether or not anybody reads why");
    assert_eq!(run("image.bytes=100M"), Some(0));
}

#[test]
fn every_rule_is_listed_and_explained() {
    let output = lw(&["rules"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    for tool in lw::TOOLS {
        for rule in tool.rules {
            let name = format!("{}/{} ", tool.name, rule.id);
            assert!(text.lines().any(|line| line.starts_with(&name) && line.ends_with(rule.title)), "{name}");
        }
    }
    assert!(text.contains("\n*/max-growth "), "{text}");

    let output = lw(&["rules", "--tool", "size-gate", "--format", "json"]);
    let rules: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let unpaired =
        rules.as_array().unwrap().iter().find(|rule| rule["rule"] == "size-gate/unpaired").unwrap();
    assert_eq!((&unpaired["level"], &unpaired["settings"][0]), (&"error".into(), &"allow-unpaired".into()));
    assert!(rules.as_array().unwrap().iter().all(|rule| rule["tool"] == "size-gate"));
    assert_eq!(lw(&["rules", "--tool", "size-gaet"]).status.code(), Some(2));
}

#[test]
fn a_rule_is_explained_with_its_settings_and_its_page() {
    let output = lw(&["explain", "size-gate/unpaired"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(text.starts_with("size-gate/unpaired: error\n\nThe ELF and the image are not of one build."));
    assert!(
        text.contains("  allow-unpaired\n") && text.contains("docs/rules/size-gate.md#unpaired\n"),
        "{text}"
    );
    // A rule that one tool has needs no tool in front.
    let whole = lw(&["explain", "size-gate/unplaced"]);
    assert!(whole.status.success());
    assert_eq!(lw(&["explain", "unplaced"]).stdout, whole.stdout);
    let output = lw(&["explain", "max-growth"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("max-growth (of every tool): error\n"), "{text}");
    assert!(text.contains("Settings of coverage-gate that decide it:\n  ratchet\n"), "{text}");
}

#[test]
fn a_rule_nobody_has_is_a_usage_error_with_a_suggestion() {
    for (name, hint) in [
        ("size-gate/unpared", "did you mean `size-gate/unpaired`?"),
        ("unpared", "did you mean `size-gate/unpaired`"),
        ("max-grwth", "did you mean `max-growth`?"),
        ("coverage-gate/unpaired", "did you mean `size-gate/unpaired` or `sbom/unpaired`?"),
        ("size-gaet/unpaired", "did you mean `size-gate/unpaired`?"),
        ("zzz", "`lw rules` lists all rules"),
    ] {
        let output = lw(&["explain", name]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(text.starts_with("error: there is no ") && text.contains(hint), "{name}: {text}");
    }
}

#[test]
fn every_call_prints_what_it_did() {
    lw_testkit::tool::transcripts();
}

#[test]
fn every_measure_is_listed() {
    let output = lw(&["measures", "--format", "json"]);
    let listed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let listed = listed.as_array().unwrap();
    for tool in lw::TOOLS {
        for kind in tool.measures {
            let one = listed.iter().find(|one| one["tool"] == tool.name && one["name"] == kind.name).unwrap();
            assert_eq!(one["meaning"], kind.meaning);
        }
    }
    assert_eq!(listed.len(), lw::TOOLS.iter().map(|tool| tool.measures.len()).sum::<usize>());
}
