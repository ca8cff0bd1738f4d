//! What a device refuses is exit code 3 with offset and reason; nothing damaged passes.

use std::fs;
use std::path::Path;

use lw_model::Level;

use crate::common::{example, ota};
use crate::images::{Esp, mcuboot, table};

/// Damaged images of the fixtures: what must be said of each.
const BAD: [(&str, &str); 8] = [
    ("esp-app/bad-esp32s2-blink_bad.bin", "checksum at offset 0x2c83f is 0x18, expected 0x19"),
    ("esp-app/bad-esp32s2-blink_badhash.bin", "SHA-256 at offset 0x2c840"),
    ("esp-app/bad-esp32s2-blink_nohash.bin", "the appended SHA-256 at offset 0x2c840 needs 32 bytes"),
    ("esp-app/bad-esp32s2-blink_trunc.bin", "the data of segment 3 at offset 0x10020"),
    ("esp-app/bad-esp32s2-blink_wrongchip.bin", "where ESP32-C3 has no memory"),
    (
        "secure-boot-v2/bad-embedded-key-tampered_rsa.bin",
        "the public key in signature block 0 at offset 0x8000 was changed",
    ),
    ("secure-boot-v2/bootloader_signed_v2_ecdsa256.bin", "made with ECDSA P-256, which ESP32 cannot verify"),
    ("secure-boot-v1/bootloader_digested.bin", "no image format that can be recognised"),
];

#[test]
fn every_damaged_fixture_fails_with_its_reason() {
    for (name, reason) in BAD {
        let Some(path) = lw_testkit::shared_fixture(&format!("ota/{name}")) else { return };
        let run = ota(Path::new("/"), &["inspect", path.to_str().unwrap()]);
        assert_eq!(run.code, 3, "{name}: {}", run.stderr);
        assert!(run.stderr.contains(reason), "{name}: {}", run.stderr);
    }
}

#[test]
fn every_sound_fixture_passes() {
    let mut count = 0;
    for folder in
        ["esp-app", "esp-bootloader", "mcuboot", "partition", "seed", "secure-boot-v2", "secure-boot-v1"]
    {
        let Some(folder) = lw_testkit::shared_fixture(&format!("ota/{folder}")) else { return };
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let is_image = name.ends_with(".bin") || name.ends_with(".csv") || name.ends_with(".ota");
            // Keys and digests are no images; a digested bootloader starts with the digest, and a table of 96 bytes has
            // no end.
            let other = ["bad-", "256bit", "digest", "signed_v2_ecdsa256", "pre_calculated", "singleapp"];
            if !is_image || other.iter().any(|other| name.contains(other)) {
                continue;
            }
            let mut arguments = vec!["inspect", path.to_str().unwrap()];
            if name == "esp32-s3.ota" {
                // Its manifest says 1.2.3 of an image that says v1.4.1-2-g0296947-dirty.
                assert_eq!(ota(Path::new("/"), &arguments).code, 3);
                arguments.push("--allow-version-mismatch");
            }
            let run = ota(Path::new("/"), &arguments);
            assert_eq!(run.code, 0, "{name}: {}", run.stderr);
            assert_eq!(run.found(Level::Error), [""; 0], "{name}");
            count += 1;
        }
    }
    assert!(count > 25, "only {count} fixtures were looked at");
}

#[test]
fn no_cut_of_an_image_passes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.bin");
    let esp = Esp { data: vec![1; 64], ..Esp::default() }.build();
    for (image, whole) in [(esp, "esp"), (mcuboot((1, 2, 3, 4), 5, b"payload of some length"), "mcuboot")] {
        fs::write(&path, &image).unwrap();
        assert_eq!(ota(folder.path(), &["inspect", "cut.bin"]).code, 0, "{whole}");
        for length in (0..image.len()).step_by(7).chain([image.len() - 1]) {
            fs::write(&path, &image[..length]).unwrap();
            let run = ota(folder.path(), &["inspect", "cut.bin"]);
            assert_eq!(run.code, 3, "{whole} cut at {length}: {}", run.stderr);
            assert!(run.stderr.contains("cut.bin: "), "{}", run.stderr);
        }
    }
}

#[test]
fn no_changed_byte_of_an_image_passes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.bin");
    let image = Esp { data: vec![1; 64], ..Esp::default() }.build();
    for at in (0..48).chain((48..image.len()).step_by(13)) {
        let mut changed = image.clone();
        changed[at] ^= 0x40;
        fs::write(&path, &changed).unwrap();
        let run = ota(folder.path(), &["inspect", "changed.bin"]);
        assert_eq!(run.code, 3, "byte {at:#x}: {}", run.stderr);
    }
}

#[test]
fn what_the_loader_refuses_is_refused_although_every_digest_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.bin");
    let cases = [
        // Mapped from flash at an address its place in the file does not suit.
        (Esp { load: Some(0x4200_0000), ..Esp::default() }, "modulo the MMU page"),
        (Esp { chip: 0xFFFF, ..Esp::default() }, "the chip id 65535"),
        (Esp { min_revision: 100, max_revision: 99, ..Esp::default() }, "no chip is good for it"),
    ];
    for (image, reason) in cases {
        fs::write(&path, image.build()).unwrap();
        let run = ota(folder.path(), &["inspect", "app.bin"]);
        assert_eq!(run.code, 3, "{}", run.stderr);
        assert!(run.stderr.contains(reason), "{}", run.stderr);
    }
}

#[test]
fn what_is_no_image_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let merged = {
        // What `esptool merge-bin` makes for an ESP32: 0xff, the bootloader at 0x1000, the table at 0x8000.
        let mut merged = vec![0xFF; 0x1000];
        merged.extend(Esp { chip: 0, describes: false, ..Esp::default() }.build());
        merged.resize(0x8000, 0xFF);
        merged.extend(fs::read(example("esp32c3/partitions.bin")).unwrap());
        merged
    };
    let elf = fs::read(example("esp32c3/firmware.elf")).unwrap();
    let cases: [(&[u8], &str); 7] = [
        (&elf, "ELF"),
        (&merged, "merged flash image"),
        (&[0xFF; 4096], "only the byte 0xff"),
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (&[0x12, 0x34, 0x00, 0x99, 0x80], "no image format that can be recognised"),
    ];
    for (bytes, reason) in cases {
        fs::write(folder.path().join("file"), bytes).unwrap();
        let run = ota(folder.path(), &["inspect", "file"]);
        assert_eq!(run.code, 3, "{reason}: {}", run.stderr);
        assert!(run.stderr.contains(reason), "{reason}: {}", run.stderr);
        assert!(run.stderr.contains("hint: "), "{reason}: {}", run.stderr);
    }
    // A raw binary is one when the user says so.
    assert_eq!(ota(folder.path(), &["inspect", "file", "--kind", "binary"]).code, 0);
}

#[test]
fn all_broken_files_are_told_of_in_one_run() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in
        [("good.bin", Esp::default().build()), ("one.bin", vec![1, 2, 3]), ("two.bin", vec![0xE9])]
    {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let run = ota(folder.path(), &["inspect", "*.bin"]);
    assert_eq!(run.code, 3);
    for text in ["one.bin: ", "two.bin: "] {
        assert!(run.stderr.contains(text), "{text}: {}", run.stderr);
    }
    assert!(run.report().summary.ends_with("1 of 3 files is sound"), "{}", run.report().summary);
    assert!(run.report().facts.iter().any(|fact| fact.value == "good.bin"), "the good one is told of");
}

#[test]
fn the_report_holds_every_field() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), Esp { secure_version: 3, ..Esp::default() }.build()).unwrap();
    fs::write(folder.path().join("table.csv"), table(0x10000, 0x10000)).unwrap();
    let run = ota(folder.path(), &["inspect", "app.bin", "--partitions", "table.csv"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report = run.report();
    for (name, value) in
        [("chip", "ESP32-S3"), ("version", "1.2.3"), ("project", "demo"), ("secure version", "3")]
    {
        assert_eq!(report.fact(name, None), Some(value));
    }
    let json = serde_json::to_string(&report.tables).unwrap();
    for field in
        ["chip_id", "min_chip_rev_full", "hash_appended", "entry_addr", "secure_version", "app_elf_sha256"]
    {
        assert!(json.contains(&format!("\"{field}\"")), "{field}");
    }
    assert!(report.measure("partition.ota_0.free", None).is_some());
    assert_eq!(run.output("version"), "1.2.3");
    assert_eq!(run.output("secure-version"), "3");
    assert_eq!(run.output("sha256").len(), 64);
}

#[test]
fn an_image_of_another_chip_fails_the_gate() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), Esp::default().build()).unwrap();
    assert_eq!(ota(folder.path(), &["inspect", "app.bin", "--chip", "esp32-s3"]).code, 0);
    let run = ota(folder.path(), &["inspect", "app.bin", "--chip", "esp32c3"]);
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["wrong-chip"]));
    assert_eq!(ota(folder.path(), &["inspect", "app.bin", "--chip", "esp32x"]).code, 2);
}

#[test]
fn a_stale_digest_is_a_bootloaders_only() {
    let Some(path) = lw_testkit::shared_fixture("ota/esp-bootloader/esp32c3-bootloader.bin") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut bootloader = fs::read(path).unwrap();
    // The flash size, as `write-flash` changes it.
    bootloader[3] = 0x4F;
    fs::write(folder.path().join("bootloader.bin"), bootloader).unwrap();
    let run = ota(folder.path(), &["inspect", "bootloader.bin"]);
    assert_eq!((run.code, run.found(Level::Warning)), (0, vec!["stale-hash"]));
    let run = ota(folder.path(), &["inspect", "bootloader.bin", "--signature-scheme=secure-boot-v2"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
}

#[test]
fn a_mcuboot_image_is_read_with_its_counter() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), mcuboot((1, 2, 3, 4), 5, &[7; 100])).unwrap();
    let run = ota(folder.path(), &["inspect", "app.bin"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!((run.output("version"), run.output("secure-version")), ("1.2.3+4", "5"));
}
