//! Rules that have no case elsewhere: what breaks each of them, and how it is told.

use std::fs;
use std::path::Path;

use lw_model::Level;
use sha2::{Digest, Sha256};

use crate::common::{example, size_gate, words};

/// Level and message of the finding of a rule.
fn found(folder: &Path, line: &str, rule: &str) -> (Level, String) {
    let run = size_gate(folder, &words(line));
    let findings = &run.report().findings;
    let finding = findings.iter().find(|finding| finding.rule == rule);
    let finding = finding.unwrap_or_else(|| panic!("{rule} is not in {findings:#?}"));
    (finding.level, finding.message.clone())
}

/// The example application in a folder of its own, changed by `change`, with a SHA-256 that holds.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> tempfile::TempDir {
    let mut image = fs::read(example("esp32c3").join("firmware.bin")).unwrap();
    change(&mut image);
    let end = image.len() - 32;
    let digest = Sha256::digest(&image[..end]);
    image[end..].copy_from_slice(&digest);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), image).unwrap();
    folder
}

#[test]
fn a_segment_at_a_place_the_mmu_cannot_map_is_an_error() {
    // The first segment is mapped: its address and its place in the file are the same within a page.
    let folder = changed(|image| image[24] = image[24].wrapping_add(4));
    let (level, message) = found(folder.path(), "--bin app.bin", "size-gate/image-layout");
    assert!(
        level == Level::Error && message.starts_with("app.bin: segment 0 is mapped at 0x3c000024"),
        "{message}"
    );
}

#[test]
fn a_table_without_a_place_for_the_image_is_an_error() {
    let folder = changed(|_| ());
    fs::write(folder.path().join("data.csv"), "nvs,data,nvs,0x9000,0x4000\n").unwrap();
    let line = "--bin app.bin --partitions data.csv";
    assert_eq!(found(folder.path(), line, "size-gate/no-app-partition").0, Level::Error);
}

#[test]
fn a_table_longer_than_the_flash_is_a_warning() {
    let folder = changed(|_| ());
    let table = "nvs,data,nvs,0x9000,0x4000\nfactory,app,factory,0x10000,15M\n";
    fs::write(folder.path().join("long.csv"), table).unwrap();
    let (level, message) =
        found(folder.path(), "--bin app.bin --partitions long.csv", "size-gate/flash-size");
    assert!(level == Level::Warning && message.contains("ends at 0xf10000"), "{message}");
}

#[test]
fn without_the_image_its_fit_is_not_judged_and_that_is_said() {
    let line = "--elf firmware.elf --chip esp32c3 --partitions partitions.csv";
    let (level, message) = found(&example("esp32c3"), line, "size-gate/fit-not-judged");
    assert!(level == Level::Note && message.contains("no image was given"), "{message}");
}

#[test]
fn a_pattern_that_limits_nothing_is_told() {
    let line = "--map firmware.map --max symbol.no_such_thing*=1K";
    let (level, message) = found(&example("stm32"), line, "size-gate/nothing-to-limit");
    assert!(level == Level::Note && message.contains("no_such_thing*"), "{message}");
}
