//! Rules that have no case elsewhere: what breaks each of them.

use std::fs;
use std::path::Path;

use lw_model::{Finding, Level};
use sha2::{Digest, Sha256};

use crate::common::ota;
use crate::images::Esp;

/// The rules of one level of an inspected file.
fn inspected(name: &str, bytes: &[u8], level: Level) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), bytes).unwrap();
    let run = ota(folder.path(), &["inspect", name]);
    run.found(level).into_iter().map(str::to_owned).collect()
}

#[track_caller]
fn assert_warns(image: &[u8], rule: &str) {
    let found = inspected("app.bin", image, Level::Warning);
    assert!(found.iter().any(|found| found == rule), "{rule} is not in {found:?}");
}

#[test]
fn a_chip_nobody_knows_is_told() {
    assert_warns(&Esp { chip: 99, ..Esp::default() }.build(), "unknown-chip");
}

#[test]
fn a_description_that_is_not_there_or_elsewhere_is_told() {
    assert_warns(&Esp { describes: false, ..Esp::default() }.build(), "no-descriptor");
    // One in the second segment, where no bootloader looks.
    let mut data = vec![0x55; 4096];
    data[..256].fill(0);
    data[..4].copy_from_slice(&0xABCD_5432u32.to_le_bytes());
    data[16..21].copy_from_slice(b"1.2.3");
    assert_warns(&Esp { describes: false, data, ..Esp::default() }.build(), "descriptor-place");
}

#[test]
fn bytes_after_an_image_are_told() {
    let mut image = Esp::default().build();
    image.extend([0x42; 100]);
    assert_warns(&image, "trailing-data");
}

/// Schemes of a Secure Boot V2 block.
const RSA: u8 = 2;
const ECDSA: u8 = 3;

/// A Secure Boot V2 block over the bytes before its sector; what signs them does not count here.
fn signature_block(scheme: u8, covered: &[u8]) -> Vec<u8> {
    let mut block = vec![0; 1216];
    block[..4].copy_from_slice(&[0xE7, scheme, 0, 0]);
    block[4..36].copy_from_slice(&Sha256::digest(covered));
    if scheme == RSA {
        // The modulus 2^3071 + 1, least significant byte first: 2^6144 leaves 4, and -1 is minus its inverse mod 2^32.
        block[36] = 1;
        block[36 + 383] = 0x80;
        block[420..424].copy_from_slice(&65537u32.to_le_bytes());
        block[424] = 4;
        block[808..812].fill(0xFF);
    } else {
        block[36] = 2;
        block[37..165].fill(0x11);
    }
    // CRC-32 of IEEE 802.3, as zlib has it.
    let crc = block[..1196].iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    });
    block[1196..1200].copy_from_slice(&(!crc).to_le_bytes());
    block
}

#[test]
fn a_signature_that_older_revisions_of_the_chip_cannot_verify_is_told() {
    let image = |min_revision| {
        let esp = Esp { chip: 0, min_revision, max_revision: 399, ..Esp::default() };
        let mut image = esp.build();
        image.resize(image.len().next_multiple_of(4096), 0xFF);
        let end = image.len() + 4096;
        let block = signature_block(RSA, &image);
        image.extend(block);
        image.resize(end, 0xFF);
        image
    };
    assert_warns(&image(0), "signature-revision");
    let found = inspected("app.bin", &image(300), Level::Warning);
    assert!(!found.iter().any(|rule| rule == "signature-revision"), "{found:?}");
}

/// An ESP32-C2 application with so many signature blocks in the sector after it.
fn signed(blocks: usize) -> Vec<u8> {
    let mut image = Esp { chip: 12, ..Esp::default() }.build();
    image.resize(image.len().next_multiple_of(4096), 0xFF);
    let end = image.len() + 4096;
    let block = signature_block(ECDSA, &image);
    (0..blocks).for_each(|_| image.extend(&block));
    image.resize(end, 0xFF);
    image
}

#[test]
fn a_second_signature_is_told() {
    assert_eq!(inspected("app.bin", &signed(1), Level::Warning), Vec::<String>::new());
    assert_warns(&signed(2), "signature-blocks");
    let mut twice = signed(1);
    let block = signature_block(ECDSA, &twice);
    twice.extend(block);
    twice.resize(twice.len().next_multiple_of(4096), 0xFF);
    assert_warns(&twice, "signed-twice");
}

#[test]
fn a_table_others_refuse_is_told() {
    let table = "nvs,data,nvs,0x9000,0x1000\notadata,data,ota,0xd000,0x2000\nota_0,app,ota_0,0x20000,0x10000\nota_1,app,ota_1,,0x10000\n";
    let found = inspected("table.csv", table.as_bytes(), Level::Warning);
    assert!(found.contains(&"partitions".to_owned()), "{found:?}");
}

#[test]
fn versions_that_cannot_be_ordered_or_were_cut_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let run = |argv: &[&str]| ota(folder.path(), &[&["package", "--firmware=s3=app.bin"], argv].concat());
    let long = "qa-test-v5.0-20220830-4-g4532e6";
    fs::write(folder.path().join("app.bin"), Esp { version: long, ..Esp::default() }.build()).unwrap();
    let cut = run(&["--version=qa-test-v5.0-20220830-4-g4532e6a1", "--output=cut.ota"]);
    assert_eq!((cut.code, cut.found(Level::Note)), (0, vec!["version-cut"]), "{}", cut.stderr);
    fs::write(folder.path().join("app.bin"), Esp { version: "1.0.0", ..Esp::default() }.build()).unwrap();
    let next = run(&["--previous=cut.ota", "--output=next.ota"]);
    assert!(next.found(Level::Note).contains(&"version-order"), "{:?}", next.found(Level::Note));
}

#[test]
fn a_key_of_a_newer_manifest_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), Esp::default().build()).unwrap();
    assert_eq!(ota(folder.path(), &["package", "--firmware=s3=app.bin", "--output=app.ota"]).code, 0);
    // The manifest is the first member of the tar, whose digest is of its header only.
    let mut package = fs::read(folder.path().join("app.ota")).unwrap();
    let text = String::from_utf8_lossy(&package[512..1024]).into_owned();
    let at = 512 + text.find("\"project\"").unwrap();
    package[at..at + 9].copy_from_slice(b"\"product\"");
    fs::write(folder.path().join("newer.ota"), package).unwrap();
    let key = |folder: &Path, package: &str| {
        let run = ota(folder, &["inspect", package]);
        let told = |finding: &&Finding| finding.rule == "ota-package/unknown-key";
        run.report().findings.iter().find(told).map(|finding| finding.message.clone()).expect(&run.stderr)
    };
    assert_eq!(
        key(folder.path(), "newer.ota"),
        "newer.ota: this version does not know the manifest's key images[0].product"
    );
    // What a package outside of the workspace calls its keys is not for the log of this run.
    let elsewhere = tempfile::tempdir().unwrap();
    let outside = folder.path().join("newer.ota").display().to_string();
    let message = key(elsewhere.path(), &outside);
    assert!(message.contains("is not shown") && !message.contains("product"), "{message}");
}
