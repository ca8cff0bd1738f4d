//! Too little memory is an exit code and a sentence, whatever asked for it.

use std::fs;
use std::path::Path;

use lw_testkit::tool::NO_THREADS;

use crate::common::{OTA_PACKAGE, example, ota};

const DELTA: [&str; 6] =
    ["delta", "--from=old.raw", "--to=new.raw", "--output=new.patch", "--kind=binary", "--config=none"];

/// Two files of several parts each, which threads search side by side.
fn old_and_new(folder: &Path) {
    let bytes: Vec<u8> = (0..3_u32 << 19).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(folder.join("new.raw"), &bytes[1..]).unwrap();
    fs::write(folder.join("old.raw"), &bytes[5000..]).unwrap();
}

#[test]
fn a_system_without_threads_gives_the_same_patch() {
    let folder = tempfile::tempdir().unwrap();
    old_and_new(folder.path());
    let [alone, many] = [&[NO_THREADS][..], &[]].map(|env| {
        let run = OTA_PACKAGE.run(folder.path(), &DELTA, env);
        assert_eq!(run.code, 0, "{}", run.stderr);
        fs::read(folder.path().join("new.patch")).unwrap()
    });
    assert!(alone == many);
}

#[test]
fn too_little_memory_for_packages_and_patches_is_no_crash() {
    let folder = tempfile::tempdir().unwrap();
    old_and_new(folder.path());
    let image = example("esp32c3/firmware.bin").display().to_string();
    let board = format!("--firmware=node={image}");
    let package = ["package", &board, "--version=1.1.0", "--output=app.ota"];
    assert_eq!(ota(folder.path(), &package).code, 0, "{}", ota(folder.path(), &package).stderr);
    let commands: [&[&str]; 4] = [
        &["inspect", &image, "--config=none"],
        &[&package[..], &["--config=none"]].concat(),
        &["inspect", "app.ota", "--config=none"],
        &DELTA,
    ];
    let refused = commands.map(|arguments| OTA_PACKAGE.run_with_little_memory(folder.path(), arguments));
    assert!(refused[3] > 0, "a patch needs memory for both images: {refused:?}");
}
