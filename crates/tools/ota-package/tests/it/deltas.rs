//! A delta is shipped when it is worth it, and what a patch makes is always checked.

use std::fs;
use std::path::Path;
use std::process::Command;

use lw_model::{Level, Number, Verdict};

use crate::common::{Run, files, manifest, members, ota};
use crate::images::{Esp, noise};

/// A firmware, and the same with an insertion and some shifted words.
fn pair(folder: &Path) {
    let base = noise(40_000, 11);
    let mut next = base.clone();
    next.splice(9000..9000, *b"a new function of forty bytes, no more..");
    for word in next.chunks_mut(97).skip(200).take(60) {
        word[0] = word[0].wrapping_add(40);
    }
    write(folder, "1.0.0.bin", &Esp { version: "1.0.0", data: base, ..Esp::default() });
    write(folder, "1.1.0.bin", &Esp { version: "1.1.0", data: next, ..Esp::default() });
    // Nothing in common with the others.
    write(folder, "other.bin", &Esp { version: "0.9.0", data: noise(40_000, 12), ..Esp::default() });
}

fn write(folder: &Path, name: &str, image: &Esp) {
    fs::write(folder.join(name), image.build()).unwrap();
}

const DELTA: [&str; 4] = ["delta", "--from=1.0.0.bin", "--to=1.1.0.bin", "--output=patch"];

#[test]
fn a_patch_of_every_format_makes_the_target() {
    let folder = tempfile::tempdir().unwrap();
    pair(folder.path());
    let target = fs::read(folder.path().join("1.1.0.bin")).unwrap();
    for format in ["esp-delta", "detools", "bsdiff40"] {
        let run = ota(folder.path(), &[&DELTA[..], &["--delta-format", format]].concat());
        assert_eq!((run.code, run.report().verdict), (0, Verdict::Pass), "{format}: {}", run.stderr);
        assert_eq!((run.output("deltas"), run.output("path")), ("1", "patch"));
        let patch = fs::read(folder.path().join("patch")).unwrap();
        assert_eq!(run.output("size"), patch.len().to_string());
        assert!(patch.len() < target.len() / 4, "{format}: {}", patch.len());
        let apply = [
            "apply",
            "--from=1.0.0.bin",
            "--patch=patch",
            "--output=made.bin",
            "--target-sha256",
            run.output("target-sha256"),
        ];
        let run = ota(folder.path(), &apply);
        assert_eq!(run.code, 0, "{format}: {}", run.stderr);
        assert!(fs::read(folder.path().join("made.bin")).unwrap() == target);
        peer(folder.path(), format, &patch, &target);
    }
}

/// The field's own tools make the same of a patch.
fn peer(folder: &Path, format: &str, patch: &[u8], target: &[u8]) {
    let (name, arguments): (&str, &[&str]) = match format {
        "bsdiff40" => ("bspatch", &["1.0.0.bin", "peer.bin", "raw"]),
        _ => ("detools", &["apply_patch", "1.0.0.bin", "raw", "peer.bin"]),
    };
    let Some(program) = lw_testkit::program(name) else { return };
    // The component is given what follows the header of 64 bytes.
    let raw = if format == "esp-delta" { &patch[64..] } else { patch };
    fs::write(folder.join("raw"), raw).unwrap();
    let run = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    assert!(run.status.success(), "{name}: {}", String::from_utf8_lossy(&run.stderr));
    assert!(fs::read(folder.join("peer.bin")).unwrap() == target, "{name} makes something else of {format}");
}

#[test]
fn a_patch_that_is_not_worth_it_is_said_and_not_written() {
    let folder = tempfile::tempdir().unwrap();
    pair(folder.path());
    let arguments = ["delta", "--from=other.bin", "--to=1.1.0.bin", "--output=patch"];
    let run = ota(folder.path(), &arguments);
    assert_eq!((run.code, run.found(Level::Warning)), (0, vec!["delta-not-worth-it"]), "{}", run.stderr);
    assert_eq!((run.output("deltas"), run.output("path")), ("0", ""));
    assert!(!folder.path().join("patch").exists());
    let run = ota(folder.path(), &[&arguments[..], &["--allow-large-delta"]].concat());
    assert_eq!((run.code, run.report().verdict, run.output("deltas")), (0, Verdict::Pass, "1"));
    assert!(folder.path().join("patch").exists());
}

#[test]
fn a_package_holds_a_delta_from_each_base_that_is_worth_it() {
    let folder = tempfile::tempdir().unwrap();
    pair(folder.path());
    write(folder.path(), "1.0.1.bin", &Esp { version: "1.0.1", data: noise(40_000, 11), ..Esp::default() });
    let run = ota(
        folder.path(),
        &[
            "package",
            "--firmware=s3=1.1.0.bin",
            "--from=1.0.0.bin",
            "--from=s3=1.0.1.bin",
            "--from=other.bin",
            "--from=1.1.0.bin",
            "--output=app.ota",
        ],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!((run.output("deltas"), run.found(Level::Warning)), ("2", vec!["delta-not-worth-it"]));
    assert_eq!(run.found(Level::Note).into_iter().filter(|rule| *rule == "same-base").count(), 1);
    let package = folder.path().join("app.ota");
    let deltas = manifest(&package)["images"][0]["deltas"].clone();
    let deltas = deltas.as_array().unwrap();
    assert_eq!(deltas.len(), 2);
    let members = members(&fs::read(&package).unwrap());
    for delta in deltas {
        let version = delta["base"]["version"].as_str().unwrap();
        let (_, patch) = members.iter().find(|(name, _)| delta["file"] == *name).unwrap();
        fs::write(folder.path().join("patch"), patch).unwrap();
        let from = format!("--from={version}.bin");
        let run =
            ota(folder.path(), &["apply", &from, "--patch=patch", "--manifest=app.ota", "--output=made.bin"]);
        assert_eq!(run.code, 0, "{version}: {}", run.stderr);
        assert!(
            fs::read(folder.path().join("made.bin")).unwrap()
                == fs::read(folder.path().join("1.1.0.bin")).unwrap()
        );
        // The manifest knows which base it is for.
        let run = ota(
            folder.path(),
            &["apply", "--from=other.bin", "--patch=patch", "--manifest=app.ota", "--output=wrong.bin"],
        );
        assert_eq!(run.code, 3);
        assert!(run.stderr.contains("the patch is for the base"), "{}", run.stderr);
        // So does the manifest alone.
        assert_eq!(ota(folder.path(), &["unpack", "app.ota", "--output", version]).code, 0);
        let json = format!("--manifest={version}/manifest.json");
        assert_eq!(
            ota(folder.path(), &["apply", &from, "--patch=patch", &json, "--output=made.bin"]).code,
            0
        );
    }
    assert!(!folder.path().join("wrong.bin").exists());
}

#[test]
fn a_delta_is_compared_with_what_a_device_would_load_without_it() {
    let folder = tempfile::tempdir().unwrap();
    // An image that compresses to less than half, and a base of which half is new: the patch lies between the two sizes.
    let text: Vec<u8> = noise(100_000, 1).iter().flat_map(|byte| [byte & 3, byte >> 6]).collect();
    let base = [&noise(140_000, 2)[..], &text[140_000..]].concat();
    write(folder.path(), "new.bin", &Esp { data: text, ..Esp::default() });
    let size = fs::metadata(folder.path().join("new.bin")).unwrap().len();
    write(folder.path(), "old.bin", &Esp { data: base, ..Esp::default() });
    let package = ["package", "--firmware=a=new.bin", "--from=old.bin", "--output=app.ota"];
    let delta = |run: &Run| {
        let report = run.report();
        let mut deltas = report.measures.iter().filter(|measure| measure.name.starts_with("ota.delta."));
        let measure = deltas.next().unwrap();
        (measure.value, measure.whole.unwrap())
    };
    // As it is stored by default, and as a server gives it.
    for arguments in [&package[..], &["delta", "--from=old.bin", "--to=new.bin", "--output=patch"]] {
        let run = ota(folder.path(), arguments);
        assert_eq!((run.code, run.output("deltas")), (0, "1"), "{}", run.stderr);
        assert_eq!(delta(&run).1, Number::from(size));
    }
    let run = ota(folder.path(), &[&package[..], &["--compress=zstd"]].concat());
    assert_eq!((run.code, run.output("deltas")), (0, "0"), "{}", run.stderr);
    assert_eq!(run.found(Level::Warning), ["delta-not-worth-it"]);
    let stored = manifest(&folder.path().join("app.ota"))["images"][0]["encoding"]["size"].as_u64().unwrap();
    let (patch, whole) = delta(&run);
    assert_eq!(whole, Number::from(stored));
    assert!(patch > whole && patch < Number::from(size), "{patch:?} {whole:?}");
}

#[test]
fn an_image_that_is_its_own_base_is_told() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "same.bin", &Esp::default());
    let run = ota(folder.path(), &["delta", "--from=same.bin", "--to=same.bin", "--output=patch"]);
    assert_eq!((run.code, run.found(Level::Warning)), (0, vec!["same-base"]), "{}", run.stderr);
}

#[test]
fn nothing_is_written_unless_it_is_known_to_be_right() {
    let folder = tempfile::tempdir().unwrap();
    pair(folder.path());
    let made = ota(folder.path(), &[&DELTA[..], &["--delta-format=detools"]].concat());
    let target = made.output("target-sha256").to_owned();
    let apply = ["apply", "--from=1.0.0.bin", "--patch=patch", "--output=made.bin"];
    // A patch does not say what it makes.
    let run = ota(folder.path(), &apply);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("nothing says what has to come out"), "{}", run.stderr);
    let run = ota(folder.path(), &[&apply[..], &["--allow-unverified"]].concat());
    assert_eq!((run.code, run.found(Level::Warning)), (0, vec!["unverified"]), "{}", run.stderr);
    fs::remove_file(folder.path().join("made.bin")).unwrap();

    let digest = format!("--target-sha256={target}");
    let good = fs::read(folder.path().join("patch")).unwrap();
    let mut refused = 0;
    for at in (2..good.len()).step_by(good.len() / 40) {
        let mut damaged = good.clone();
        damaged[at] ^= 0x10;
        fs::write(folder.path().join("patch"), &damaged).unwrap();
        for more in [digest.as_str(), "--allow-unverified"] {
            let run = ota(folder.path(), &[&apply[..], &[more]].concat());
            // Some bits choose between copies of the same bytes.
            match run.code {
                0 => assert_eq!(run.output("target-sha256"), target, "byte {at}, {more}"),
                code => assert_eq!(code, 3, "byte {at}, {more}: {}", run.stderr),
            }
            refused += usize::from(run.code == 3);
            let _ = fs::remove_file(folder.path().join("made.bin"));
        }
    }
    assert!(refused > 40, "only {refused} damaged patches were refused");
    for length in (0..good.len()).step_by(good.len() / 20) {
        fs::write(folder.path().join("patch"), &good[..length]).unwrap();
        assert_eq!(ota(folder.path(), &[&apply[..], &[&digest]].concat()).code, 3, "cut at {length}");
    }
    assert!(!files(folder.path()).contains(&"made.bin".to_owned()));
    assert_eq!(ota(folder.path(), &[&apply[..], &["--target-sha256=12"]].concat()).code, 2);
}

#[test]
fn an_esp_delta_knows_its_base_by_the_appended_digest() {
    let folder = tempfile::tempdir().unwrap();
    pair(folder.path());
    assert_eq!(ota(folder.path(), &DELTA).code, 0);
    let run = ota(
        folder.path(),
        &["apply", "--from=other.bin", "--patch=patch", "--allow-unverified", "--output=made.bin"],
    );
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("the patch is for the base with validation hash"), "{}", run.stderr);

    // A base without one cannot be named, and a damaged one is not taken; the generator of esp_delta_ota exits with 0.
    write(folder.path(), "bare.bin", &Esp { hash: false, ..Esp::default() });
    let run = ota(
        folder.path(),
        &["delta", "--from=bare.bin", "--to=1.1.0.bin", "--output=p", "--delta-format=esp-delta"],
    );
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("by the SHA-256 appended to it, and there is none"), "{}", run.stderr);
    let mut damaged = fs::read(folder.path().join("1.0.0.bin")).unwrap();
    *damaged.last_mut().unwrap() ^= 1;
    fs::write(folder.path().join("damaged.bin"), damaged).unwrap();
    assert_eq!(ota(folder.path(), &["delta", "--from=damaged.bin", "--to=1.1.0.bin", "--output=p"]).code, 3);
    assert!(!folder.path().join("p").exists());
}

#[test]
fn a_delta_between_chips_or_down_a_secure_version_fails() {
    let folder = tempfile::tempdir().unwrap();
    pair(folder.path());
    write(folder.path(), "c3.bin", &Esp { chip: 5, data: noise(40_000, 11), ..Esp::default() });
    write(folder.path(), "secure.bin", &Esp { secure_version: 3, data: noise(40_000, 11), ..Esp::default() });
    for (from, rule) in [("c3.bin", "wrong-chip"), ("secure.bin", "secure-version-decrease")] {
        let run = ota(folder.path(), &["delta", "--from", from, "--to=1.1.0.bin", "--output=p"]);
        assert_eq!((run.code, run.found(Level::Error)), (1, vec![rule]), "{}", run.stderr);
    }
    assert!(!folder.path().join("p").exists());
}

#[test]
fn the_patches_of_the_field_are_applied() {
    let Some(folder) = lw_testkit::shared_fixture("ota/delta") else { return };
    let images = folder.join("../esp-app");
    let scratch = tempfile::tempdir().unwrap();
    for (board, ending) in [
        ("c3", "detools-hs.patch"),
        ("c3", "espdelta.patch"),
        ("s3", "detools-hs.patch"),
        ("s3", "espdelta.patch"),
        ("c3", ".bsdiff40"),
    ] {
        let patch = match ending {
            ".bsdiff40" => folder.join(format!("esp32-{board}.bsdiff40")),
            _ => folder.join(format!("esp32-{board}-{ending}")),
        };
        let image = |age: &str| images.join(format!("esp32-{board}-hello_world-{age}.bin"));
        let target = fs::read(image("new")).unwrap();
        let digest = sha2_hex(&target);
        let from = format!("--from={}", image("old").display());
        let patch = format!("--patch={}", patch.display());
        let digest = format!("--target-sha256={digest}");
        let run = ota(scratch.path(), &["apply", &from, &patch, &digest, "--output=made.bin"]);
        assert_eq!(run.code, 0, "{patch}: {}", run.stderr);
        assert!(fs::read(scratch.path().join("made.bin")).unwrap() == target);
    }
    // Accepted by the component itself, to another result.
    let run = ota(
        &folder,
        &[
            "apply",
            "--from=espdelta-base.bin",
            "--patch=espdelta-bad_patch.bin",
            "--output=/dev/null/x",
            "--target-sha256",
            &sha2_hex(&fs::read(folder.join("espdelta-new.bin")).unwrap()),
        ],
    );
    assert_ne!(run.code, 0);
}

fn sha2_hex(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
