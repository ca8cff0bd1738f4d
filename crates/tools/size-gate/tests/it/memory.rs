//! Too little memory is an exit code and a sentence, whatever asked for it.

use std::path::PathBuf;

use lw_testkit::tool::NO_THREADS;

use crate::common::{SIZE_GATE, example};

/// The ELF and its map, and a page of everything.
fn arguments() -> Vec<String> {
    let path = |file: &str| -> PathBuf { example("esp32c3").join(file) };
    vec![
        format!("--elf={}", path("firmware.elf").display()),
        format!("--map={}", path("firmware.map").display()),
        "--max=ram=1GiB".into(),
        "--write=html=size.html".into(),
        "--config=none".into(),
    ]
}

#[test]
fn a_system_without_threads_gives_the_same_report() {
    let folder = tempfile::tempdir().unwrap();
    let [alone, many] = [&[NO_THREADS][..], &[]].map(|env| SIZE_GATE.run(folder.path(), &arguments(), env));
    assert_eq!((alone.code, &alone.report().measures), (0, &many.report().measures), "{}", alone.stderr);
}

#[test]
fn too_little_memory_for_a_firmware_is_no_crash() {
    let folder = tempfile::tempdir().unwrap();
    assert!(SIZE_GATE.run_with_little_memory(folder.path(), &arguments()) > 0);
}
