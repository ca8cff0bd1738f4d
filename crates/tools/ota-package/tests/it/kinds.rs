//! Kinds of faults that users report of such tools, each with cases that nobody reported: what mends one case only does not
//! pass here. (`checks.rs`, `identity.rs`, `policy.rs` and `deltas.rs` have more of them.)

use std::fs;

use lw_model::Level;
use tempfile::TempDir;

use crate::common::{Run, manifest, ota};
use crate::images::{Esp, Mcuboot, intel_hex, mcuboot, noise, table, uf2};

const ESP32_S3: u32 = 0xC47E_5767;
const ESP32_C3: u32 = 0xD42B_A06C;
const RP2040: u32 = 0xE48B_FF56;

fn inspect(bytes: &[u8], arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), bytes).unwrap();
    ota(folder.path(), &[&["inspect", "app.bin"], arguments].concat())
}

/// Packages the second image after the first, both of one board.
fn upgrade(board: &str, old: &[u8], new: &[u8]) -> (Run, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("old", old), ("new", new)] {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let package = |name: &str, version: &str, more: &[&str]| {
        let [firmware, version, output] = [
            format!("--firmware={board}={name}"),
            format!("--version={version}"),
            format!("--output={name}.ota"),
        ];
        let base = ["package", &firmware, &version, &output, "--allow-version-mismatch"];
        ota(folder.path(), &[&base, more].concat())
    };
    let first = package("old", "1.0.0", &[]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    (package("new", "1.1.0", &["--previous=old.ota"]), folder)
}

/// A file of the Arduino core for ESP8266: a boot loader, and the application in the second sector with the length of the
/// file and its CRC-32 in the first two words (`elf2bin.py`).
fn arduino_8266(code: &[u8]) -> Vec<u8> {
    let image = |address: u32, data: &[u8]| {
        let mut image = vec![0xE9, 1, 2, 0x40];
        image.extend(address.to_le_bytes());
        image.extend(address.to_le_bytes());
        image.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        image.extend(data);
        image.resize((image.len() + 1).next_multiple_of(16) - 1, 0);
        image.push(data.iter().fold(0xEF, |sum, byte| sum ^ byte));
        image
    };
    let mut file = image(0x4010_F000, &[0x11; 64]);
    file.resize(0x1000, 0xAA);
    file.extend(image(0x4010_0000, &[&[0; 8], code].concat()));
    let crc = file.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            (crc << 1) ^ if crc & 0x8000_0000 == 0 { 0 } else { 0x04C1_1DB7 }
        })
    });
    let length = u32::try_from(file.len()).unwrap();
    file[0x1010..0x1014].copy_from_slice(&length.to_le_bytes());
    file[0x1014..0x1018].copy_from_slice(&crc.to_le_bytes());
    file
}

/// An image in an image that is named and not checked.
#[test]
fn the_application_behind_a_boot_loader_is_checked_to_its_last_byte() {
    let file = arduino_8266(&noise(2000, 1));
    let sound = inspect(&file, &[]);
    assert_eq!((sound.code, sound.found(Level::Error)), (0, vec![]), "{}", sound.stderr);
    for at in (0x1000..file.len()).step_by(37).chain([0x1010, 0x1014, 0x1017, file.len() - 1]) {
        let mut damaged = file.clone();
        damaged[at] ^= 0x10;
        assert_eq!(inspect(&damaged, &[]).code, 3, "byte {at:#x}");
    }
    for length in [0x1001, 0x1008, 0x1010, 0x1018, file.len() - 16, file.len() - 1] {
        assert_eq!(inspect(&file[..length], &[]).code, 3, "cut to {length:#x}");
    }
    assert_eq!(inspect(&[&file[..], &[0]].concat(), &[]).code, 3, "one byte more");
}

/// What is skipped, and must not look as if it were verified.
#[test]
fn a_key_of_another_length_decrypts_nothing() {
    let image = |flags: u32, kind: u16, length: usize| {
        let unprotected = [Mcuboot::default().unprotected, vec![(kind, vec![4; length])]].concat();
        Mcuboot { flags, unprotected, ..Mcuboot::default() }.build()
    };
    for (kind, short, long) in
        [(0x30, 256, 256), (0x31, 24, 40), (0x32, 113, 129), (0x33, 80, 96), (0x34, 112, 128)]
    {
        assert_eq!(inspect(&image(4, kind, short), &[]).code, 0, "{kind:#x}");
        assert_eq!(inspect(&image(8, kind, long), &[]).code, 0, "{kind:#x}");
        for (flags, length) in [(4, short - 1), (4, short + 1), (8, long - 16), (8, 0), (4, long + 16)] {
            let run = inspect(&image(flags, kind, length), &[]);
            assert_eq!(run.code, 3, "{kind:#x} with {length} bytes");
            assert!(run.stderr.contains(&format!("has {length} bytes")), "{}", run.stderr);
        }
    }
    // A signature that is none is no signature.
    for signature in [vec![], vec![0x30; 7], vec![0; 70], vec![0x30; 300]] {
        let unprotected = vec![(0x01, vec![8; 32]), (0x22, signature.clone())];
        let file = Mcuboot { unprotected, ..Mcuboot::default() }.build();
        assert_eq!(inspect(&file, &["--require-signature"]).code, 3, "{signature:?}");
    }
}

/// Checks of one format without a counterpart in another.
#[test]
fn what_follows_a_mcuboot_image_is_told() {
    let image = Mcuboot::default().build();
    for rest in [&image[..], b"x", &[1; 64], &[&[0xFF; 100][..], b"end"].concat()] {
        let run = inspect(&[&image[..], rest].concat(), &[]);
        assert_eq!((run.code, run.found(Level::Warning)), (0, vec!["trailing-data"]), "{}", run.stderr);
    }
    // Erased flash of either kind.
    for rest in [&[][..], &[0xFF; 100], &[0; 64]] {
        let run = inspect(&[&image[..], rest].concat(), &[]);
        assert_eq!(run.found(Level::Warning), [""; 0]);
    }
    // A trailer whose marks are damaged, 8 bytes apart: image_ok, and the magic behind it.
    let magic = *b"\x77\xc2\x95\xf3\x60\xd2\xef\x7f\x35\x52\x50\x0f\x2c\xb6\x79\x80";
    for (mark, warns) in [(0x01, false), (0xFF, false), (0x00, true), (0x5A, true)] {
        let fields = [&[0xFF; 64][..], &[mark], &[0xFF; 7], &magic].concat();
        let run = inspect(&[&image[..], &fields].concat(), &[]);
        assert_eq!(run.found(Level::Warning).contains(&"trailing-data"), warns, "{mark:#x} {}", run.stderr);
    }
    // In a file of several parts, what follows is another part.
    let merged = intel_hex(&[(0xC000, &[&image[..], &[1; 64]].concat())]);
    assert_eq!(inspect(&merged, &[]).found(Level::Warning), [""; 0]);
    // Nothing at all is no application.
    let empty = Mcuboot { payload: vec![], ..Mcuboot::default() }.build();
    assert_eq!(inspect(&empty, &[]).code, 3);
}

/// A Secure Boot V2 signature with two blocks that nobody's key made, over an image of the ESP32-S3.
fn signed() -> Vec<u8> {
    let mut file = Esp::default().build();
    file.resize(file.len().next_multiple_of(4096), 0xFF);
    let end = file.len() + 4096;
    let block = crate::rules::signature_block(2, &file);
    file.extend([block.clone(), block].concat());
    file.resize(end, 0xFF);
    file
}

/// "It does not read" taken for "it is not there".
#[test]
fn no_damage_makes_a_signed_image_an_unsigned_one() {
    let file = signed();
    let start = file.len() - 4096;
    assert_eq!(inspect(&file, &["--require-signature"]).code, 0);
    // The magic, digest, key, signature and CRC of both blocks, and what has to be empty behind them.
    let places = [0, 1, 2, 4, 35, 36, 400, 421, 500, 808, 900, 1195, 1196, 1199];
    for at in places.into_iter().flat_map(|at| [at, 1216 + at]).chain([2432, 4095]) {
        let mut damaged = file.clone();
        damaged[start + at] ^= 0x08;
        let run = inspect(&damaged, &[]);
        assert_eq!(run.code, 3, "byte {at} of the sector: {}", run.stderr);
    }
    // Cut off: in a block, at a block, and all of it, of which only the padding is left.
    for length in [4, 600, 1216, 4095] {
        assert_eq!(inspect(&file[..start + length], &[]).code, 3, "{length} bytes of the sector");
    }
    let blank = [&file[..start], &[0xFF; 4096]].concat();
    for rest in [&file[..start], &blank] {
        let run = inspect(rest, &[]);
        assert_eq!((run.code, run.found(Level::Warning)), (0, vec!["unsigned"]), "{}", run.stderr);
        assert_eq!(inspect(rest, &["--require-signature"]).code, 1);
    }
    // Padding that ends elsewhere says nothing.
    let run = inspect(&[&Esp::default().build()[..], &[0xFF; 16]].concat(), &[]);
    assert_eq!(run.found(Level::Warning), [""; 0]);
}

/// A release compared with the last one by its version alone.
#[test]
fn a_board_keeps_how_it_is_protected_and_what_it_runs() {
    let with = |flags: u32, more: &[(u16, Vec<u8>)]| {
        let unprotected = [Mcuboot::default().unprotected, more.to_vec()].concat();
        Mcuboot { flags, unprotected, ..Mcuboot::default() }.build()
    };
    let (plain, unsigned) = (with(0, &[]), Mcuboot { unprotected: vec![], ..Mcuboot::default() }.build());
    let encrypted = with(4, &[(0x33, vec![1; 80])]);
    let hex = |image: &[u8]| intel_hex(&[(0xC000, image)]);
    for (old, new, rule) in [
        (signed(), Esp::default().build(), "unsigned"),
        (plain.clone(), unsigned.clone(), "unsigned"),
        (hex(&plain), hex(&unsigned), "unsigned"),
        (encrypted.clone(), plain.clone(), "unencrypted"),
    ] {
        let (run, folder) = upgrade("main", &old, &new);
        assert_eq!((run.code, run.found(Level::Error)), (1, vec![rule]), "{}", run.stderr);
        assert!(!folder.path().join("new.ota").exists());
        // `diff` says so as well.
        let package = ["package", "--firmware=main=new", "--version=1.1.0", "--output=new.ota"];
        assert_eq!(ota(folder.path(), &[&package[..], &["--allow-version-mismatch"]].concat()).code, 0);
        let diff = ota(folder.path(), &["diff", "old.ota", "new.ota"]);
        assert_eq!((diff.code, diff.found(Level::Error)), (1, vec![rule]), "{}", diff.stderr);
    }
    for (old, new) in [(unsigned, plain.clone()), (plain.clone(), encrypted), (signed(), signed())] {
        let (run, _) = upgrade("main", &old, &new);
        assert_eq!((run.code, run.found(Level::Error)), (0, vec![]), "{}", run.stderr);
    }
    // Two boards with the same chip, and the wrong program.
    let project = |project| Esp { project, ..Esp::default() }.build();
    let (run, _) = upgrade("sensor", &project("sensor"), &project("gateway"));
    assert!(run.found(Level::Warning).contains(&"project-change"), "{}", run.stderr);
}

/// Boards of a build matrix that were mixed up, where nothing but the files can tell.
#[test]
fn a_board_that_is_called_like_another_chip_is_told() {
    let image = |chip: u16| Esp { chip, ..Esp::default() }.build();
    for (board, chip, is_told) in [
        ("esp32s3", 9, false),
        ("ESP32-C3", 9, true),
        ("esp32_c6", 9, true),
        ("main", 5, false),
        ("s3", 5, false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("app.bin"), image(chip)).unwrap();
        let firmware = format!("{board}=app.bin");
        for call in
            [vec!["inspect", &firmware], vec!["package", "--firmware", &firmware, "--output", "a.ota"]]
        {
            let run = ota(folder.path(), &call);
            assert_eq!(run.found(Level::Warning).contains(&"wrong-chip"), is_told, "{board}: {}", run.stderr);
        }
    }
}

/// A delta from something that no device of the board runs.
#[test]
fn a_delta_in_a_package_leads_from_an_image_of_the_board() {
    let esp = |chip: u16, secure_version: u32| Esp { chip, secure_version, ..Esp::default() }.build();
    let class = |id: u8| {
        let protected = vec![(0x50, vec![5, 0, 0, 0]), (0x75, vec![id; 16])];
        Mcuboot { protected, payload: noise(3000, 1), ..Mcuboot::default() }.build()
    };
    let named = Mcuboot { payload: noise(3000, 1), ..Mcuboot::default() }.build();
    for (base, target, rule) in [
        (esp(5, 0), esp(9, 0), "wrong-chip"),
        (esp(0, 0), esp(9, 0), "wrong-chip"),
        (named.clone(), esp(9, 5), "kind-change"),
        (class(1), class(2), "wrong-class"),
        (class(1), named, "wrong-class"),
        (esp(9, 2), esp(9, 1), "secure-version-decrease"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("old"), &base).unwrap();
        fs::write(folder.path().join("new"), &target).unwrap();
        let package =
            ["package", "--firmware=a=new", "--from=a=old", "--output=a.ota", "--allow-large-delta"];
        let delta = ["delta", "--from=old", "--to=new", "--output=p", "--allow-large-delta"];
        for call in [&package[..], &[&delta[..], &["--delta-format=detools"]].concat()] {
            let run = ota(folder.path(), call);
            assert_eq!(run.code, 1, "{call:?}: {}", run.stderr);
            assert!(run.found(Level::Error).contains(&rule), "{call:?}: {:?}", run.found(Level::Error));
        }
        assert!(!folder.path().join("a.ota").exists() && !folder.path().join("p").exists());
    }
}

/// A container whose own words contradict what is in it.
#[test]
fn a_container_holds_images_of_the_chip_it_names() {
    let esp = |chip: u16| Esp { chip, ..Esp::default() }.build();
    let mcu = mcuboot((1, 2, 3, 4), 5, &[7; 100]);
    let mixed = |families: [u32; 2], chips: [u16; 2]| {
        let [first, second] = [0, 1].map(|at| uf2(families[at], &[(0x1_0000, &esp(chips[at]))]));
        [first, second].concat()
    };
    let not_flash = {
        let mut file = uf2(ESP32_S3, &[(0x1_0000, &esp(9))]);
        file.chunks_mut(512).for_each(|block| block[8] |= 1);
        file
    };
    for (name, file, code) in [
        ("the right image", uf2(ESP32_S3, &[(0x1_0000, &esp(9))]), 0),
        ("two families, each with its image", mixed([ESP32_S3, ESP32_C3], [9, 5]), 0),
        ("two families, swapped", mixed([ESP32_S3, ESP32_C3], [5, 9]), 3),
        ("another chip", uf2(ESP32_C3, &[(0x1_0000, &esp(9))]), 3),
        (
            "a bootloader of the chip, an application of another",
            uf2(ESP32_S3, &[(0, &esp(9)), (0x1_0000, &esp(5))]),
            3,
        ),
        (
            "one more family that says nothing of it",
            [uf2(RP2040, &[(0x1000_0000, &[1; 600])]), uf2(ESP32_S3, &[(0x1_0000, &esp(9))])].concat(),
            0,
        ),
        ("nothing for the flash", not_flash, 3),
        ("two images of one chip", intel_hex(&[(0, &esp(9)), (0x1_0000, &esp(9))]), 0),
        ("images of two chips", intel_hex(&[(0, &esp(9)), (0x1_0000, &esp(5))]), 3),
        ("an image that names no chip beside one that does", intel_hex(&[(0, &esp(9)), (0x1_0000, &mcu)]), 0),
        ("a hole in a segment", intel_hex(&[(0, &esp(9)[..0x800]), (0x810, &esp(9)[0x810..])]), 3),
        ("a hole in the payload", intel_hex(&[(0, &mcu[..64]), (80, &mcu[80..])]), 3),
        ("the end is missing", intel_hex(&[(0, &mcu[..mcu.len() - 4])]), 3),
    ] {
        let run = inspect(&file, &[]);
        assert_eq!(run.code, code, "{name}: {}", run.stderr);
    }
}

/// Files of an official tool that were refused.
#[test]
fn joined_uf2_files_are_taken_in_any_order_and_number() {
    let (boot, app) = (Esp { describes: false, ..Esp::default() }.build(), Esp::default().build());
    let table = [0xAA; 300];
    for parts in [
        vec![(0x1_0000, &app[..]), (0, &boot)],
        vec![(0, &boot), (0x8000, &table), (0x1_0000, &app)],
        vec![(0x8000, &table), (0x1_0000, &app), (0x10_0000, &app)],
    ] {
        let run = inspect(&uf2(ESP32_S3, &parts), &[]);
        assert_eq!((run.code, run.found(Level::Error)), (0, vec![]), "{}", run.stderr);
    }
    // Two that write to the same place are a mistake all the same.
    assert_eq!(inspect(&uf2(ESP32_S3, &[(0, &boot), (0x100, &app)]), &[]).code, 3);
}

/// Facts that are both read, and were not compared.
#[test]
fn a_table_of_another_chip_is_told() {
    // The binary form keeps where the bootloader lies.
    let entry = |kind: u8, subtype: u8, offset: u32, size: u32, name: &str| {
        let mut entry = vec![0xAA, 0x50, kind, subtype];
        entry.extend(offset.to_le_bytes());
        entry.extend(size.to_le_bytes());
        entry.extend(name.as_bytes());
        entry.resize(32, 0);
        entry
    };
    let binary = |bootloader: u32| {
        let mut table = [
            entry(2, 0, bootloader, 0x8000 - bootloader, "bootloader"),
            entry(3, 0, 0x8000, 0x1000, "table"),
            entry(1, 0, 0xD000, 0x2000, "otadata"),
            entry(0, 0x10, 0x2_0000, 0x10_0000, "ota_0"),
            entry(0, 0x11, 0x12_0000, 0x10_0000, "ota_1"),
        ]
        .concat();
        table.resize(0xC00, 0xFF);
        table
    };
    for (chip, name, right) in
        [(0, "esp32", 0x1000), (9, "esp32s3", 0), (5, "esp32c3", 0), (18, "esp32p4", 0x2000)]
    {
        for place in [0, 0x1000, 0x2000] {
            let folder = tempfile::tempdir().unwrap();
            let load = (chip == 18).then_some(0x4000_0128);
            let image = Esp { chip, max_revision: 399, load, ..Esp::default() };
            fs::write(folder.path().join("table.bin"), binary(place)).unwrap();
            fs::write(folder.path().join("app.bin"), image.build()).unwrap();
            let legacy = "--allow-legacy-table";
            let alone = ota(folder.path(), &["inspect", "table.bin", legacy, "--chip", name]);
            assert_eq!(
                alone.found(Level::Error).contains(&"wrong-chip"),
                place != right,
                "{name} {place:#x}: {}",
                alone.stderr
            );
            if chip != 18 {
                let with = ota(folder.path(), &["inspect", "app.bin", "--partitions=table.bin", legacy]);
                let found = with.found(Level::Error);
                assert_eq!(
                    found.contains(&"wrong-chip"),
                    place != right,
                    "{name} {place:#x}: {}",
                    with.stderr
                );
            }
        }
    }
}

/// The same of a table as text, whose lines say where they lie although the build knows.
#[test]
fn a_table_as_text_of_another_chip_is_told() {
    for (chip, name, right) in [(0, "esp32", "0x1000"), (9, "esp32s3", "0x0"), (5, "esp32c3", "0")] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("app.bin"), Esp { chip, ..Esp::default() }.build()).unwrap();
        for place in ["0x1000", "4K", "0x0", "0", "0x2000", "", "N/A"] {
            let line = format!("boot,bootloader,primary,{place},,\n");
            fs::write(folder.path().join("table.csv"), line + &table(0x10_0000, 0x10_0000)).unwrap();
            let number = |text: &str| match text {
                "" | "N/A" => None,
                "4K" => Some(0x1000),
                text => u32::from_str_radix(text.trim_start_matches("0x"), 16).ok(),
            };
            let is_right = number(place).is_none_or(|place| Some(place) == number(right));
            let partitions = "--partitions=table.csv";
            let chip = ["inspect", "table.csv", "--chip", name];
            let package = ["package", "--firmware=a=app.bin", partitions, "--output=p.ota"];
            for call in [&chip[..], &["inspect", "app.bin", partitions], &package] {
                let run = ota(folder.path(), call);
                assert_eq!(run.code == 0, is_right, "{name} {place} {call:?}: {}", run.stderr);
                assert!(is_right || run.stderr.contains("the table of another chip"), "{}", run.stderr);
            }
        }
    }
}

/// A default that cannot start by itself.
#[test]
fn every_release_has_a_number_above_the_last_ones() {
    let folder = tempfile::tempdir().unwrap();
    let package = |version: &'static str, more: &[&str]| {
        fs::write(folder.path().join("app"), Esp { version, ..Esp::default() }.build()).unwrap();
        let output = format!("--output={version}.ota");
        let run = ota(folder.path(), &[&["package", "--firmware=a=app", &output], more].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        manifest(&folder.path().join(format!("{version}.ota")))["sequence"].as_u64()
    };
    assert_eq!(package("1.0.0", &[]), Some(1));
    assert_eq!(package("1.1.0", &["--previous=1.0.0.ota"]), Some(2));
    // After one that was made by hand, and after a first run that goes on without its predecessor.
    assert_eq!(package("1.2.0", &["--previous=1.1.0.ota", "--sequence=40"]), Some(40));
    assert_eq!(package("1.3.0", &["--previous=1.2.0.ota"]), Some(41));
    assert_eq!(package("2.0.0", &["--previous=none.ota", "--missing=warn"]), Some(1));
}

/// Inputs of the generator that have no counterpart here.
#[test]
fn tables_that_the_build_takes_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let rest = table(0x10_0000, 0x10_0000);
    let inspect = |content: &str, more: &[&str]| {
        fs::write(folder.path().join("table.csv"), content).unwrap();
        ota(folder.path(), &[&["inspect", "table.csv"], more].concat()).code
    };
    let recovery = format!("{rest}rec,bootloader,recovery,,\n");
    let places = ["--primary-bootloader-offset=0", "--recovery-bootloader-offset=0x300000"];
    assert_eq!(inspect(&recovery, &places), 0);
    assert_eq!(inspect(&recovery, &places[..1]), 3, "where the second bootloader lies is not known");
    for (row, own) in [
        ("own,data,my_data,,64K", "data, my_data, 0x41"),
        ("own,data,other,,64K", "data,other,66"),
        ("own,app,slot_x,,64K", "app, slot_x, 0x50"),
    ] {
        let content = format!("{rest}{row}\n");
        assert_eq!(inspect(&content, &[]), 3, "{row}");
        assert_eq!(inspect(&content, &["--extra-partition-subtypes", own]), 0, "{row}");
    }
    assert_eq!(inspect(&format!("{rest}own,data,0x41,,64K\nx,0x40,0x01,,64K\n"), &[]), 0);
}

/// An image, its next version, a patch between them, a package, and an output of every command.
fn outputs(folder: &std::path::Path) -> Vec<Vec<String>> {
    for (name, data) in [("old.bin", 1), ("new.bin", 2)] {
        fs::write(folder.join(name), Esp { data: vec![data; 0x3000], ..Esp::default() }.build()).unwrap();
    }
    let patch = ["delta", "--from=old.bin", "--to=new.bin", "--allow-large-delta", "--delta-format=detools"];
    let package = ["package", "--firmware=s3=new.bin", "--version=1.2.3", "--allow-version-mismatch"];
    assert_eq!(ota(folder, &[&patch[..], &["--output=d.patch"]].concat()).code, 0);
    assert_eq!(ota(folder, &[&package[..], &["--output=p.ota"]].concat()).code, 0);
    let calls: [&[&str]; 8] = [
        &["package", "--firmware=s3=new.bin", "--version=1.2.3", "--allow-version-mismatch", "--output=OUT"],
        &[
            "package",
            "--firmware=s3=new.bin",
            "--version=1.2.3",
            "--allow-version-mismatch",
            "--package-format=seed",
            "--output=OUT",
        ],
        &[
            "delta",
            "--from=old.bin",
            "--to=new.bin",
            "--allow-large-delta",
            "--delta-format=detools",
            "--output=OUT",
        ],
        &["apply", "--from=old.bin", "--patch=d.patch", "--allow-unverified", "--output=OUT"],
        &["serve-manifest", "p.ota", "--url=https://x", "--output=OUT"],
        &["inspect", "new.bin", "--report=OUT"],
        &["inspect", "new.bin", "--write=html=OUT"],
        &["inspect", "new.bin", "--summary=OUT"],
    ];
    calls.map(|call| call.iter().map(|word| (*word).to_owned()).collect()).to_vec()
}

/// The call with its output at this path.
fn to(call: &[String], path: &str) -> Vec<String> {
    call.iter().map(|word| word.replace("OUT", path)).collect()
}

fn run(folder: &std::path::Path, call: &[String]) -> Run {
    ota(folder, &call.iter().map(String::as_str).collect::<Vec<_>>())
}

/// An output that is renamed to its place without a look at what is there.
#[cfg(unix)]
#[test]
fn an_output_replaces_no_socket_no_folder_and_no_link() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for call in outputs(folder.path()) {
        let _listener = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        fs::write(at("folder/kept"), "kept").unwrap();
        symlink("loop", at("loop")).unwrap();
        for name in ["socket", "folder", "loop"] {
            let refused = run(folder.path(), &to(&call, name));
            assert_ne!(refused.code, 0, "{call:?} {name}");
            assert!(refused.stderr.contains("hint: ") || refused.stderr.contains(name), "{}", refused.stderr);
        }
        assert!(fs::symlink_metadata(at("socket")).unwrap().file_type().is_socket(), "{call:?}");
        assert_eq!(fs::read_to_string(at("folder/kept")).unwrap(), "kept");
        assert!(fs::symlink_metadata(at("loop")).unwrap().is_symlink(), "{call:?}");
        // Of a chain of links the file at its end is replaced, whether or not it is there.
        fs::write(at("real"), "old").unwrap();
        for (link, end) in [("near", "far"), ("far", "real"), ("dangling", "made")] {
            symlink(end, at(link)).unwrap();
        }
        for (name, end) in [("near", "real"), ("dangling", "made")] {
            let run = run(folder.path(), &to(&call, name));
            assert_eq!(run.code, 0, "{call:?} {name}: {}", run.stderr);
            assert!(fs::symlink_metadata(at(name)).unwrap().is_symlink(), "{call:?} {name}");
            assert!(fs::symlink_metadata(at(end)).unwrap().is_file(), "{call:?} {name}");
            assert!(fs::metadata(at(end)).unwrap().len() > 3, "{call:?} {name}");
        }
        assert!(fs::symlink_metadata(at("far")).unwrap().is_symlink());
        for name in ["socket", "loop", "real", "near", "far", "dangling", "made"] {
            fs::remove_file(at(name)).unwrap();
        }
        fs::remove_dir_all(at("folder")).unwrap();
    }
}

/// An output at the place of an input, which has another name there.
#[cfg(unix)]
#[test]
fn an_output_takes_the_place_of_no_input_under_another_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let calls = outputs(folder.path());
    fs::create_dir(at("below")).unwrap();
    let inputs = ["old.bin", "new.bin", "d.patch", "p.ota"];
    let contents = inputs.map(|name| fs::read(at(name)).unwrap());
    for call in &calls {
        for input in inputs.into_iter().filter(|input| call.iter().any(|word| word.contains(input))) {
            fs::hard_link(at(input), at("hard")).unwrap();
            std::os::unix::fs::symlink(input, at("link")).unwrap();
            let whole = at(input).display().to_string();
            for name in ["hard", "link", &format!("below/../{input}"), &whole] {
                let run = run(folder.path(), &to(call, name));
                assert_eq!(run.code, 2, "{call:?} {name}: {}", run.stderr);
                assert!(run.stderr.contains("input"), "{call:?} {name}: {}", run.stderr);
            }
            for name in ["hard", "link"] {
                fs::remove_file(at(name)).unwrap();
            }
        }
        assert_eq!(inputs.map(|name| fs::read(at(name)).unwrap()), contents, "{call:?}");
    }
    // A partition table and the configuration are read as well.
    fs::write(at("table.csv"), table(0x10_0000, 0x10_0000)).unwrap();
    let sized = ["package", "--firmware=s3=new.bin", "--partitions=table.csv", "--output=table.csv"];
    assert_eq!(ota(folder.path(), &sized).code, 2);
    assert_eq!(fs::read_to_string(at("table.csv")).unwrap(), table(0x10_0000, 0x10_0000));
}

/// An input that is read a second time to be read at all.
#[cfg(unix)]
#[test]
fn whatever_comes_through_a_pipe_is_read_once() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    outputs(folder.path());
    let at = |name: &str| folder.path().join(name);
    fs::write(at("table.csv"), table(0x10_0000, 0x10_0000)).unwrap();
    // In pieces, the first of which are shorter than anything that could be told from them, with pauses.
    let piped = |input: &str, arguments: &[&str]| {
        let mut child = crate::common::command(folder.path(), arguments)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let bytes = fs::read(at(input)).unwrap();
        let mut pipe = child.stdin.take().unwrap();
        for (place, piece) in [&bytes[..1], &bytes[1..7], &bytes[7..]].into_iter().enumerate() {
            std::thread::sleep(std::time::Duration::from_millis(10 * place as u64));
            // Who refuses it need not read it.
            let _ = pipe.write_all(piece);
        }
        drop(pipe);
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let version = ["--version=1.2.3", "--allow-version-mismatch"];
    for (input, arguments) in [
        ("new.bin", vec!["package", "--firmware=s3=-", version[0], version[1], "--output=out"]),
        ("new.bin", vec!["package", "--firmware=s3=/dev/stdin", version[0], version[1], "--output=out"]),
        (
            "p.ota",
            vec!["serve-manifest", "-", "--url=https://x", "--manifest-format=esphome", "--output=out"],
        ),
        ("p.ota", vec!["inspect", "/dev/fd/0"]),
        ("table.csv", vec!["inspect", "new.bin", "--partitions=-"]),
    ] {
        let (piped_code, stderr) = piped(input, &arguments);
        assert_eq!(piped_code, Some(0), "{arguments:?}: {stderr}");
        let made = fs::read(at("out")).ok();
        // The same as from the disk.
        let plain: Vec<String> = arguments
            .iter()
            .map(|word| match *word {
                "-" | "/dev/fd/0" => input.to_owned(),
                word => word.replace("=/dev/stdin", &format!("={input}")).replace("=-", &format!("={input}")),
            })
            .collect();
        assert_eq!(run(folder.path(), &plain).code, 0, "{plain:?}");
        assert_eq!(fs::read(at("out")).ok(), made, "{plain:?}");
        let _ = fs::remove_file(at("out"));
    }
    // It has no name that a server could have it under.
    for package in ["-", "/dev/stdin"] {
        let (code, stderr) = piped("p.ota", &["serve-manifest", package, "--url=https://x", "--output=out"]);
        assert_eq!(code, Some(0), "{stderr}");
        let served: serde_json::Value = serde_json::from_slice(&fs::read(at("out")).unwrap()).unwrap();
        assert!(served.get("package").is_none() && served.get("boards").is_some(), "{served}");
    }
    // Read once, and kept for whoever asks again: it is its own base, as a file would be.
    let delta = |name: &str| [format!("--from={name}"), format!("--to={name}")];
    let [from, to] = delta("-");
    let (code, stderr) = piped("new.bin", &["delta", &from, &to, "--output=out"]);
    let [from, to] = delta("new.bin");
    let plain = ota(folder.path(), &["delta", &from, &to, "--output=plain"]);
    assert_eq!((code, plain.found(Level::Warning)), (Some(0), vec!["same-base"]), "{stderr}");
    assert_eq!(fs::read(at("out")).unwrap(), fs::read(at("plain")).unwrap());
    // Nothing came.
    fs::write(at("empty"), [0; 7]).unwrap();
    let (code, stderr) = piped("empty", &["inspect", "-"]);
    assert_eq!(code, Some(3), "{stderr}");
}

/// What is not checked is said, of every chip whose memory is not known, and in every wrapping.
#[test]
fn foreign_addresses_are_refused_or_the_chip_is_one_whose_memory_is_not_known() {
    // ESP32-C61, H21, H4, S31 and C5 with the addresses of another chip, and the S3, whose own they are.
    for (chip, is_its_own) in [(20, false), (25, false), (28, false), (32, false), (23, false), (9, true)] {
        let image = Esp { chip, ..Esp::default() }.build();
        for file in [image.clone(), intel_hex(&[(0x1_0000, &image)])] {
            let run = inspect(&file, &[]);
            let findings = &run.report().findings;
            let is_told = findings.iter().any(|finding| finding.message.contains("was not checked"));
            let is_refused = run.code == 3 && run.stderr.contains("has no memory");
            assert_eq!(is_told || is_refused, !is_its_own, "{chip}: {findings:?} {}", run.stderr);
            assert!(is_refused || run.code == 0, "{chip}: {}", run.stderr);
        }
    }
}

/// An option that does not exist was the way out.
#[test]
fn a_target_larger_than_is_guessed_says_what_tells_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("old.bin", &Esp::default().build());
    // The size of the target in the header of a patch: of detools six bits and then seven each, of bsdiff 64 bits.
    let detools = |size: u32| {
        let mut header = vec![0, (size & 0x3F) as u8 | 0x80];
        let mut rest = size >> 6;
        while rest >= 0x80 {
            header.push((rest & 0x7F) as u8 | 0x80);
            rest >>= 7;
        }
        // No patch of a data format.
        header.extend([rest as u8, 0]);
        header
    };
    let bsdiff = [&b"BSDIFF40"[..], &0_u64.to_le_bytes(), &0_u64.to_le_bytes(), &(1_u64 << 30).to_le_bytes()];
    let digest = format!("--target-sha256={}", "0".repeat(64));
    let help = ota(folder.path(), &["apply", "--help"]).stdout;
    for patch in [detools(80 << 20), detools(0x7FFF_FFFF), bsdiff.concat()] {
        write("p", &patch);
        let run = ota(folder.path(), &["apply", "--from=old.bin", "--patch=p", "--output=made.bin", &digest]);
        assert_eq!(run.code, 3, "{}", run.stdout);
        assert!(
            run.stderr.contains("that are allowed") && run.stderr.contains("give --manifest"),
            "{}",
            run.stderr
        );
        assert!(!folder.path().join("made.bin").exists());
        // Every word of the hint is an option there is.
        let hint = run.stderr.split_once("hint: ").unwrap().1;
        for option in hint.split_whitespace().filter(|word| word.starts_with("--")) {
            assert!(
                help.contains(option.trim_end_matches([',', ';', '.', ':'])),
                "{option} is no option of apply"
            );
        }
    }
}

/// A member in the wrong place was called a second one.
#[test]
fn a_signature_in_the_wrong_place_is_called_that_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.bin"), Esp::default().build()).unwrap();
    let package = ["package", "--firmware=s3=app.bin", "--output=good.ota"];
    assert_eq!(ota(folder.path(), &package).code, 0);
    let good = fs::read(folder.path().join("good.ota")).unwrap();
    let mut member = good[..512].to_vec();
    member[..100].fill(0);
    member[..12].copy_from_slice(b"manifest.sig");
    member[124..136].copy_from_slice(b"00000000010\0");
    member[148..156].copy_from_slice(b"        ");
    let sum: u32 = member.iter().map(|byte| u32::from(*byte)).sum();
    member[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    member.extend([b's'; 8]);
    member.resize(1024, 0);
    let end = good.len() - good.iter().rev().take_while(|byte| **byte == 0).count();
    let end = end.next_multiple_of(512);
    fs::write(folder.path().join("late.ota"), [&good[..end], &member, &good[end..]].concat()).unwrap();
    for call in [
        &["inspect", "late.ota"][..],
        &["unpack", "late.ota", "--output=out"],
        &["diff", "good.ota", "late.ota"],
        &["serve-manifest", "late.ota", "--url=/x", "--output=out"],
        &["package", "--firmware=s3=app.bin", "--previous=late.ota", "--output=out", "--version=1.3.0"],
    ] {
        let run = ota(folder.path(), call);
        assert_eq!(run.code, 3, "{call:?}: {}{}", run.stdout, run.stderr);
        assert!(
            run.stderr.contains("manifest.sig") && !run.stderr.contains("there before"),
            "{}",
            run.stderr
        );
        assert!(!folder.path().join("out").exists(), "{call:?}");
    }
}

/// A patch that leads nowhere new.
#[test]
fn two_images_that_are_equal_are_told_in_every_way_to_make_a_delta() {
    for image in [Esp::default().build(), mcuboot((1, 2, 3, 4), 5, &noise(3000, 1))] {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.bin", "b.bin"] {
            fs::write(folder.path().join(name), &image).unwrap();
        }
        let delta = ["delta", "--from=a.bin", "--to=b.bin", "--output=p", "--delta-format=detools"];
        let run = ota(folder.path(), &delta);
        assert!(
            run.found(Level::Warning).contains(&"same-base"),
            "{:?} {}",
            run.report().findings,
            run.stderr
        );
        // In a package it is left out, which is told.
        let package = ["package", "--firmware=s3=b.bin", "--from=s3=a.bin", "--output=p.ota"];
        let run = ota(folder.path(), &package);
        assert_eq!((run.code, run.output("deltas")), (0, "0"), "{}", run.stderr);
        assert!(run.found(Level::Note).contains(&"same-base"), "{:?} {}", run.report().findings, run.stderr);
    }
}

/// What is no firmware has a name, where its first bytes have one.
#[test]
fn foreign_files_are_named() {
    let tar = |name: &str| {
        let mut tar = vec![0; 1024];
        tar[..name.len()].copy_from_slice(name.as_bytes());
        tar[257..262].copy_from_slice(b"ustar");
        tar
    };
    for (bytes, says) in [
        (tar("firmware.bin"), "tar"),
        (tar("header-info"), "tar"),
        (b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_vec(), "zip"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03aaaaaaaaaaaaaaaaaaaa".to_vec(), "gzip"),
    ] {
        let run = inspect(&bytes, &[]);
        assert_eq!(run.code, 3, "{says}");
        assert!(run.stderr.contains(says), "{says}: {}", run.stderr);
        assert!(!run.stderr.contains("binary data that starts with"), "{says}: {}", run.stderr);
    }
}

/// What a server is said to have it has when the recipe was followed.
#[test]
fn every_address_a_device_is_given_is_a_file_of_the_published_folder() {
    for (name, url) in [("app.ota", "https://x/y"), ("a-b_1.0.ota", "https://x"), ("app.ota", "/ota/")] {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("app.bin"), Esp::default().build()).unwrap();
        let output = format!("--output={name}");
        assert_eq!(ota(folder.path(), &["package", "--firmware=s3=app.bin", &output]).code, 0);
        assert_eq!(ota(folder.path(), &["unpack", name, "--output=public"]).code, 0);
        // As the page says: the package goes there as well.
        fs::copy(at(name), at("public").join(name)).unwrap();
        let serve = ["serve-manifest", name, &format!("--url={url}"), "--output=latest.json"];
        assert_eq!(ota(folder.path(), &serve).code, 0);
        let served = fs::read_to_string(at("latest.json")).unwrap();
        let served: serde_json::Value = serde_json::from_str(&served).unwrap();
        let mut addresses = vec![served["package"]["url"].as_str().unwrap()];
        addresses.extend(
            served["boards"].as_object().unwrap().values().map(|board| board["url"].as_str().unwrap()),
        );
        for address in addresses {
            let path = address.strip_prefix(url.trim_end_matches('/')).unwrap().trim_start_matches('/');
            assert!(at("public").join(path).is_file(), "{address}");
        }
    }
}

/// Text of an image is data wherever it is printed.
#[test]
fn a_version_with_a_line_of_its_own_is_no_command_of_the_runner() {
    for version in
        ["1.0\n::error::x", "1.0\r\n::set-output name=a::b", "1.0\n##[error]x", "\n::stop-commands::x"]
    {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("app.bin"), Esp { version, ..Esp::default() }.build()).unwrap();
        let run = ota(folder.path(), &["inspect", "app.bin"]);
        let printed = [run.output("summary"), run.output("version"), &run.stdout].join("\n");
        let foreign = ["::error::x", "::set-output", "##[error]", "::stop-commands"];
        for line in printed.lines().map(str::trim_start) {
            assert!(!foreign.iter().any(|command| line.starts_with(command)), "{version:?}: {line}");
        }
    }
}
