//! What was skipped is not taken for verified, and facts that are both read are compared.

use std::fs;
use std::path::Path;

use lw_model::{Level, Report};

use crate::common::{Run, ota};
use crate::images::{Esp, Mcuboot, intel_hex, mcuboot, table, uf2};

/// `inspect` of one file with these arguments.
fn inspect(name: &str, bytes: &[u8], arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), bytes).unwrap();
    fs::write(folder.path().join("table.csv"), table(0x10_0000, 0x10_0000)).unwrap();
    ota(folder.path(), &[&["inspect", name], arguments].concat())
}

/// All text of the tables of a report.
fn tables(report: &Report) -> String {
    serde_json::to_string(&report.tables).unwrap()
}

#[test]
fn an_encrypted_payload_is_not_checked_and_says_so() {
    let key = (0x32, vec![1; 113]);
    let unprotected = [Mcuboot::default().unprotected, vec![key]].concat();
    let mut image = Mcuboot { flags: 4, unprotected, ..Mcuboot::default() }.build();
    image[50] ^= 0xFF;
    let run = inspect("app.bin", &image, &[]);
    assert_eq!((run.code, run.found(Level::Note)), (0, vec!["not-checked"]), "{}", run.stderr);
    let text = tables(run.report());
    assert!(text.contains("not checked, the payload is encrypted") && !text.contains("holds"), "{text}");
    // One flag is no way around the hash.
    for flag in [0x04, 0x08, 0x200, 0x400] {
        let mut image = mcuboot((1, 2, 3, 4), 5, &[7; 100]);
        image[16] = (flag & 0xFF) as u8;
        image[17] = (flag >> 8) as u8;
        assert_eq!(inspect("app.bin", &image, &[]).code, 3, "{flag:#x}");
    }
}

#[test]
fn what_hex_and_uf2_files_hold_is_checked_as_its_binary_would_be() {
    let (esp, mcu) = (Esp::default().build(), mcuboot((1, 2, 3, 4), 5, &[7; 100]));
    let file = |name: &str, image: &[u8]| match name {
        "app.hex" => intel_hex(&[(0x1_0000, image)]),
        _ => uf2(0xC47E_5767, &[(0x1_0000, image)]),
    };
    for (name, image) in [("app.hex", &esp), ("app.hex", &mcu), ("app.uf2", &esp), ("app.uf2", &mcu)] {
        let run = inspect(name, &file(name, image), &[]);
        assert_eq!((run.code, run.report().findings.len()), (0, 0), "{name}: {}", run.stderr);
        assert!(run.output("version").starts_with("1.2.3"));
        for at in [33, 60, 90, 120] {
            let mut damaged = image.clone();
            damaged[at] ^= 4;
            let run = inspect(name, &file(name, &damaged), &[]);
            assert_eq!(run.code, 3, "{name}: byte {at}");
            assert!(run.stderr.contains("the image at the address 0x00010000"), "{}", run.stderr);
        }
    }
    // What only the loader refuses.
    let lost = Esp { entry: Some(0xDEAD_BEEF), ..Esp::default() }.build();
    assert_eq!(inspect("app.hex", &file("app.hex", &lost), &[]).code, 3);
    // Nothing that is known is said to be unchecked.
    let run = inspect("app.hex", &file("app.hex", &[0x20; 300]), &[]);
    assert_eq!((run.code, run.found(Level::Note)), (0, vec!["not-checked"]));
}

#[test]
fn esptools_joined_uf2_files_are_taken() {
    let (boot, app) = (Esp { describes: false, ..Esp::default() }.build(), Esp::default().build());
    let parts: [(u32, &[u8]); 2] = [(0, &boot), (0x1_0000, &app)];
    let run = inspect("two.uf2", &uf2(0xC47E_5767, &parts), &[]);
    assert_eq!((run.code, run.found(Level::Error)), (0, vec![]), "{}", run.stderr);
    assert!(tables(run.report()).contains("those of 2 files"));
    // Of other chips such a file is two files.
    assert_eq!(inspect("two.uf2", &uf2(0xE48B_FF56, &parts), &[]).code, 3);
}

#[test]
fn an_entry_address_in_no_segment_is_refused() {
    for entry in [0xDEAD_BEEF, 0, 0x4200_0127, 0x4200_0128 + 4096] {
        let run = inspect("app.bin", &Esp { entry: Some(entry), ..Esp::default() }.build(), &[]);
        assert_eq!(run.code, 3, "{entry:#x}");
        assert!(run.stderr.contains("lies in no segment"), "{}", run.stderr);
    }
}

#[test]
fn signatures_are_told_missing_doubled_or_published() {
    let unsigned = Mcuboot { unprotected: vec![], ..Mcuboot::default() }.build();
    let run = inspect("app.bin", &unsigned, &[]);
    assert_eq!((run.code, run.found(Level::Warning)), (0, vec!["unsigned"]), "{}", run.stderr);
    let nested = Mcuboot { payload: Mcuboot::default().build(), ..Mcuboot::default() }.build();
    let run = inspect("app.bin", &nested, &[]);
    assert_eq!((run.code, run.found(Level::Warning)), (0, vec!["signed-twice"]), "{}", run.stderr);
    // The hash of MCUboot's root-ec-p256.pem.
    let hash =
        base16ct::lower::decode_vec("e30466f6b8470c1f29070b17f1e2d3e94d445e3f608087fdc711e4382bb538b6");
    let unprotected = vec![(0x01, hash.unwrap()), (0x22, vec![0x30; 70])];
    let run = inspect("app.bin", &Mcuboot { unprotected, ..Mcuboot::default() }.build(), &[]);
    assert_eq!((run.code, run.found(Level::Warning)), (0, vec!["test-key"]), "{}", run.stderr);

    // A build without its key looks like any other.
    let require = &["--require-signature"][..];
    for (image, code) in [
        (Esp::default().build(), 1),
        (unsigned.clone(), 1),
        (Mcuboot::default().build(), 0),
        (intel_hex(&[(0, &unsigned)]), 1),
        (intel_hex(&[(0, &Mcuboot::default().build())]), 0),
        (intel_hex(&[(0, &[1; 64])]), 1),
    ] {
        let run = inspect("app", &image, require);
        assert_eq!(run.code, code, "{}", run.stderr);
        assert_eq!(run.found(Level::Error).contains(&"unsigned"), code == 1);
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), Esp::default().build()).unwrap();
    let package = ["package", "--firmware=a=app.bin", "--output=app.ota", "--require-signature"];
    assert_eq!(ota(folder.path(), &package).code, 1);
    assert!(!folder.path().join("app.ota").exists());
}

#[test]
fn the_table_ends_within_the_flash_the_header_names() {
    let size = |code: u8| {
        let mut image = Esp { hash: false, ..Esp::default() }.build();
        image[3] = code << 4 | 0xF;
        image
    };
    let partitions = &["--partitions", "table.csv"][..];
    // The table needs 2.2 MiB.
    for (code, is_enough) in [(0, false), (1, false), (2, true), (4, true)] {
        let run = inspect("app.bin", &size(code), partitions);
        assert_eq!(run.found(Level::Warning).contains(&"flash-size"), !is_enough, "{code}: {}", run.stderr);
        assert_eq!(run.code, 0);
    }
    // A bootloader with such a header does not start.
    let bootloader =
        Esp { describes: false, hash: false, load: Some(0x4037_8000), in_ram: true, ..Esp::default() };
    let mut bootloader = bootloader.build();
    bootloader[3] = 0x1F;
    let run = inspect("bootloader.bin", &bootloader, partitions);
    assert!(run.found(Level::Error).contains(&"flash-size"), "{}", run.stderr);
    assert_eq!(run.code, 1);
}

#[test]
fn header_codes_that_stand_for_nothing_are_told() {
    for (at, value) in [(2, 0x77), (2, 6), (3, 0x9F), (3, 0xFF)] {
        let mut image = Esp { hash: false, ..Esp::default() }.build();
        image[at] = value;
        let run = inspect("app.bin", &image, &[]);
        assert!(run.found(Level::Warning).contains(&"flash-settings"), "byte {at}: {}", run.stderr);
    }
}

#[test]
fn tables_with_bootloaders_and_subtypes_of_ones_own_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let inspect = |arguments: &[&str]| ota(folder.path(), &[&["inspect"], arguments].concat());
    let rest = table(0x10_0000, 0x10_0000);
    fs::write(folder.path().join("boot.csv"), format!("boot,bootloader,primary,,,\n{rest}")).unwrap();
    fs::write(folder.path().join("own.csv"), format!("{rest}own,app,my_app,,64K\n")).unwrap();
    fs::write(folder.path().join("app.bin"), Esp { chip: 0, ..Esp::default() }.build()).unwrap();
    let run = inspect(&["boot.csv"]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("--primary-bootloader-offset"), "{}", run.stderr);
    assert_eq!(inspect(&["boot.csv", "--primary-bootloader-offset=0x1000"]).code, 0);
    assert_eq!(inspect(&["boot.csv", "--chip=esp32"]).code, 0);
    // The image says which chip it is.
    let run = inspect(&["app.bin", "--partitions=boot.csv"]);
    assert_eq!((run.code, run.found(Level::Error)), (0, vec![]), "{}", run.stderr);
    assert_eq!(inspect(&["own.csv"]).code, 3);
    let own = ["own.csv", "--extra-partition-subtypes", "app, my_app, 0x40"];
    assert_eq!(inspect(&own).code, 0);
    assert_eq!(inspect(&["own.csv", "--extra-partition-subtypes", "app, my_app"]).code, 2);
}

#[test]
fn bundles_of_other_tools_are_named() {
    let tar = |name: &str, content: &[u8]| {
        let mut tar = vec![0; 512];
        tar[..name.len()].copy_from_slice(name.as_bytes());
        tar[257..262].copy_from_slice(b"ustar");
        tar.extend(content);
        tar.resize(2048, 0);
        tar
    };
    let zip = [&b"PK\x03\x04"[..], &[0; 26], b"manifest.json"].concat();
    let cpio = [&b"070702"[..], &[b'0'; 104], b"sw-description\0"].concat();
    let gzip = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7];
    let cases = [
        ("dfu_application.zip", zip, "dfu_application.zip"),
        ("app.bin.gz", gzip, "a gzip file"),
        ("x.mender", tar("version", br#"{"format":"mender","version":3}"#), "Mender artifact"),
        ("x.swu", cpio, "SWUpdate archive"),
        ("x.raucb", b"hsqs\x07\0\0\0abcdefghijkl".to_vec(), "RAUC bundle"),
        ("big-endian.bin", b"\x96\xF3\xB8\x3D\0\0\0\0\0 \0\0\0\0\0\x04".to_vec(), "big-endian"),
    ];
    for (name, bytes, expected) in cases {
        let run = inspect(name, &bytes, &[]);
        assert_eq!(run.code, 3, "{name}");
        assert!(run.stderr.contains(expected) && run.stderr.contains("hint: "), "{name}: {}", run.stderr);
    }
}

#[test]
fn the_fixtures_of_the_bundles_are_named() {
    for (name, expected) in
        [("x.mender", "Mender artifact"), ("x.swu", "SWUpdate archive"), ("x.raucb", "RAUC bundle")]
    {
        let Some(path) = lw_testkit::shared_fixture(&format!("ota/bundles/{name}")) else { return };
        let run = ota(Path::new("/"), &["inspect", path.to_str().unwrap()]);
        assert_eq!(run.code, 3);
        assert!(run.stderr.contains(expected), "{name}: {}", run.stderr);
    }
}
