//! A release never goes back after the one before it.

use std::fs;

use lw_model::Level;
use tempfile::TempDir;

use crate::common::{Run, manifest, ota};
use crate::images::Esp;

/// Packages an image for board `s3` as the first release, and another one as the next.
fn upgrade(before: (&Esp, &[&str]), now: (&Esp, &[&str])) -> (Run, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("old.bin"), before.0.build()).unwrap();
    fs::write(folder.path().join("new.bin"), now.0.build()).unwrap();
    let first = ["package", "--firmware=s3=old.bin", "--output=old.ota"];
    let run = ota(folder.path(), &[&first[..], before.1].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let second = ["package", "--firmware=s3=new.bin", "--previous=old.ota", "--output=new.ota"];
    let run = ota(folder.path(), &[&second[..], now.1].concat());
    (run, folder)
}

fn app(version: &'static str, secure_version: u32) -> Esp {
    Esp { version, secure_version, ..Esp::default() }
}

#[test]
fn the_sequence_goes_on_by_itself() {
    let (run, folder) = upgrade((&app("1.0.0", 0), &["--sequence=41"]), (&app("1.1.0", 0), &[]));
    assert_eq!((run.code, run.output("sequence")), (0, "42"), "{}", run.stderr);
    assert_eq!(manifest(&folder.path().join("new.ota"))["sequence"], 42);
    let (run, _) = upgrade((&app("1.0.0", 0), &["--sequence=41"]), (&app("1.1.0", 0), &["--sequence=41"]));
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["sequence"]));
    // It starts at 1, so that a device can refuse what is not above the last one.
    let (run, folder) = upgrade((&app("1.0.0", 0), &[]), (&app("1.1.0", 0), &[]));
    assert_eq!((run.code, run.output("sequence")), (0, "2"), "{}", run.stderr);
    assert_eq!(manifest(&folder.path().join("old.ota"))["sequence"], 1);
    let (run, _) = upgrade((&app("1.0.0", 0), &["--sequence=0"]), (&app("1.1.0", 0), &[]));
    assert_eq!((run.code, run.output("sequence")), (0, "1"));
}

#[test]
fn an_older_version_is_refused_and_numbers_are_compared_as_numbers() {
    let (run, _) = upgrade((&app("1.9.0", 0), &[]), (&app("1.10.0", 0), &[]));
    assert_eq!((run.code, run.found(Level::Error)), (0, vec![]), "{}", run.stderr);
    let (run, _) = upgrade((&app("1.10.0", 0), &[]), (&app("1.9.0", 0), &[]));
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["version-downgrade"]));
    let (run, _) = upgrade((&app("1.10.0", 0), &[]), (&app("1.9.0", 0), &["--allow-downgrade"]));
    assert_eq!((run.code, run.found(Level::Warning)), (0, vec!["version-downgrade"]));
}

#[test]
fn a_secure_version_never_goes_down_whatever_is_allowed() {
    let (run, _) = upgrade((&app("1.0.0", 1), &[]), (&app("1.1.0", 0), &["--allow-downgrade"]));
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["secure-version-decrease"]));
    let (run, _) = upgrade((&app("1.0.0", 1), &[]), (&app("1.1.0", 2), &[]));
    assert_eq!((run.code, run.found(Level::Warning)), (0, vec!["secure-version-increase"]));
    assert!(run.report().findings[0].message.contains("IRREVERSIBLE"));
}

#[test]
fn the_version_inside_counts_not_the_one_that_is_said() {
    // The package is said to be newer, and holds an image that is older.
    let (run, _) = upgrade((&app("1.0.0", 0), &[]), (&app("0.9.0", 0), &["--version=1.1.0"]));
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["version-mismatch"]));
    let said = ["--version=1.1.0", "--allow-version-mismatch"];
    let (run, _) = upgrade((&app("1.0.0", 0), &[]), (&app("0.9.0", 0), &said));
    assert_eq!((run.code, run.found(Level::Warning)), (0, vec!["version-mismatch"]));
}

#[test]
fn a_secure_version_wider_than_the_efuses_fails() {
    for (chip, secure_version, fits) in
        [(0, 32, true), (0, 33, false), (12, 4, true), (12, 5, false), (9, 16, true), (9, 17, false)]
    {
        let folder = tempfile::tempdir().unwrap();
        let image = Esp { chip, secure_version, ..Esp::default() };
        fs::write(folder.path().join("app.bin"), image.build()).unwrap();
        let run = ota(folder.path(), &["inspect", "app.bin"]);
        let expected: &[&str] = if fits { &[] } else { &["secure-version-width"] };
        assert_eq!(run.found(Level::Error), expected, "chip {chip}: {secure_version}");
        assert_eq!(run.code, i32::from(!fits));
    }
}

#[test]
fn what_git_describe_adds_is_told_and_not_refused() {
    for (inside, said, code, warning) in [
        ("v1.2.3", "1.2.3", 0, None),
        ("1.2.3", "v1.2.3", 0, None),
        ("v1.2.3-4-g1a2b3c4", "v1.2.3", 0, Some("version-described")),
        ("v1.2.3-dirty", "1.2.3", 0, Some("version-described")),
        ("1a2b3c4", "1.2.3", 1, None),
        // The image keeps 31 bytes.
        ("qa-test-v5.0-20220830-4-g4532e6", "qa-test-v5.0-20220830-4-g4532e6a1", 0, None),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("app.bin"), app(inside, 0).build()).unwrap();
        let version = format!("--version={said}");
        let run = ota(folder.path(), &["package", "--firmware=s3=app.bin", &version, "--output=app.ota"]);
        assert_eq!(run.code, code, "{inside} {said}: {}", run.stderr);
        assert_eq!(run.found(Level::Warning), warning.into_iter().collect::<Vec<_>>(), "{inside} {said}");
    }
}

#[test]
fn a_descriptor_of_the_arduino_libraries_says_nothing_of_the_application() {
    let folder = tempfile::tempdir().unwrap();
    let image =
        Esp { version: "esp-idf: v4.4.7 38eeba213a", project: "arduino-lib-builder", ..Esp::default() };
    fs::write(folder.path().join("app.bin"), image.build()).unwrap();
    let run =
        ota(folder.path(), &["package", "--firmware=s3=app.bin", "--version=2.0.0", "--output=app.ota"]);
    assert_eq!((run.code, run.found(Level::Note)), (0, vec!["version-unknown"]), "{}", run.stderr);
    assert_eq!(manifest(&folder.path().join("app.ota"))["images"][0].get("version"), None);
}

#[test]
fn a_board_that_is_gone_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), app("1.0.0", 0).build()).unwrap();
    let two = ["package", "--firmware=a=app.bin", "--firmware=b=app.bin", "--output=two.ota"];
    assert_eq!(ota(folder.path(), &two).code, 0);
    let run =
        ota(folder.path(), &["package", "--firmware=a=app.bin", "--previous=two.ota", "--output=one.ota"]);
    assert_eq!((run.code, run.found(Level::Warning)), (0, vec!["same-version", "board-missing"]));
    let run = ota(folder.path(), &["diff", "two.ota", "one.ota"]);
    let json = serde_json::to_string(&run.report().tables).unwrap();
    assert!(run.code == 0 && json.contains("\"removed\""), "{json}");
    let run = ota(folder.path(), &["diff", "two.ota", "two.ota"]);
    assert_eq!(run.report().summary, "both packages are 1.0.0 and hold the same");
}

#[test]
fn a_json_package_can_be_the_previous_one() {
    let (run, _) =
        upgrade((&app("1.2.0", 3), &["--package-format=seed"]), (&app("1.1.0", 2), &["--allow-downgrade"]));
    // What it does not say, the image in it does.
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["secure-version-decrease"]), "{}", run.stderr);
    assert!(run.found(Level::Warning).contains(&"version-downgrade"));
}
