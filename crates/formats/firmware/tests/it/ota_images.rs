//! Images for updates over the air: real ones, what their makers say of them, and every cut of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic here is a failing test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lw_firmware::esp_image::{AppImage, ImageError, LayoutProblem, Part, Problem, Role, Signing, Trailing};
use lw_firmware::image::{Error, Foreign, Image, Kind, Options, Scanned, Scanner, read_from};
use lw_firmware::mcuboot::{self, Flag, TlvKind};
use lw_testkit::{program, shared_fixture};
use sha2::{Digest as _, Sha256};

fn scan(bytes: &[u8]) -> Scanned {
    read_from(&mut &bytes[..], Options::default()).unwrap()
}

fn esp(bytes: &[u8]) -> AppImage {
    match scan(bytes).image {
        Ok(Image::Esp(image)) => *image,
        other => panic!("{other:?}"),
    }
}

/// The images of these folders, damaged ones left out.
fn images(folders: &[&str]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut images = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(shared_fixture(&format!("ota/{folder}"))?).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = fs::read(&path).unwrap();
            // espsecure signs for the ESP32 with ECDSA, which no ESP32 verifies.
            let is_sound = !name.starts_with("bad-") && !name.contains("signed_v2_ecdsa256");
            if matches!(bytes.first(), Some(0xE9 | 0x3D)) && is_sound {
                images.push((format!("{folder}/{name}"), bytes));
            }
        }
    }
    images.sort();
    Some(images)
}

const FOLDERS: [&str; 5] = ["esp-app", "esp-bootloader", "secure-boot-v1", "secure-boot-v2", "mcuboot"];

/// Where the image itself ends.
fn image_len(image: &Image) -> usize {
    let length = match image {
        Image::Esp(image) => image.image_len,
        Image::Mcuboot(image) => image.image_len,
        _ => panic!("{image:?}"),
    };
    usize::try_from(length).unwrap()
}

#[test]
fn every_sound_image_passes_and_has_the_digest_of_its_file() {
    let Some(images) = images(&FOLDERS) else { return };
    assert!(images.len() > 20, "{}", images.len());
    for (name, bytes) in images {
        let inspected = scan(&bytes).verified().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(inspected.digests.size, bytes.len() as u64, "{name}");
        assert_eq!(inspected.digests.sha256, <[u8; 32]>::from(Sha256::digest(&bytes)), "{name}");
        if let Image::Esp(image) = &inspected.image {
            assert_eq!(*image, Box::new(AppImage::read(&bytes).unwrap()), "{name}");
            let problems = image.problems(true);
            assert_eq!(problems.iter().find(|problem| problem.is_fatal()), None, "{name}");
            let role = if name.contains("bootloader") { Role::Bootloader } else { Role::Application };
            assert_eq!(image.role(), role, "{name}");
        }
    }
}

#[test]
fn pieces_of_any_size_give_what_the_whole_gives() {
    let Some(images) = images(&FOLDERS) else { return };
    for (name, bytes) in images {
        let whole = scan(&bytes);
        for size in [1, 7, 4095, 65_537] {
            let mut scanner = Scanner::new(Options::default());
            for piece in bytes.chunks(size) {
                scanner.update(piece);
            }
            assert_eq!(scanner.finish(), whole, "{name} in pieces of {size}");
        }
    }
}

/// Every length of these images, at the cost of one pass: the scanner is asked for its verdict after every byte.
#[test]
fn no_cut_of_an_image_is_an_image() {
    let Some(images) = images(&FOLDERS) else { return };
    let every_length = [
        "esp-app/esp32-c2-hello_world-new.bin",
        "esp-bootloader/esp32c3-bootloader.bin",
        "secure-boot-v2/bootloader_signed_v2_rsa.bin",
        "mcuboot/s3-hello_root-ec-p256.bin",
    ];
    let mut swept = 0;
    for (name, bytes) in images {
        let image = scan(&bytes).image.unwrap();
        let end = image_len(&image);
        let all = every_length.contains(&name.as_str());
        swept += usize::from(all);
        // Of the others the headers of image and segments, a sample of a prime step, and the end.
        let starts: Vec<_> = match &image {
            Image::Esp(image) => image.segments.iter().map(|s| usize::try_from(s.offset).unwrap()).collect(),
            _ => Vec::new(),
        };
        let near = |cut: usize| starts.iter().any(|start| cut.abs_diff(*start) < 12);
        let mut scanner = Scanner::new(Options::default());
        for (cut, byte) in bytes.iter().take(end).enumerate() {
            if all || cut < 300 || near(cut) || cut % 997 == 0 || end - cut < 80 {
                assert!(scanner.clone().finish().verified().is_err(), "{name} cut at {cut}");
            }
            scanner.update(std::slice::from_ref(byte));
        }
        assert!(scanner.finish().verified().is_ok(), "{name}: what follows is not needed");
        // A signature sector is whole or it is missing.
        if let Image::Esp(image) = &image
            && let Trailing::SignatureV2 { offset, .. } = image.trailing
        {
            let sector = usize::try_from(offset).unwrap();
            let mut scanner = Scanner::new(Options::default());
            scanner.update(&bytes[..sector + 4]);
            for (cut, byte) in bytes.iter().enumerate().skip(sector + 4) {
                let error = scanner.clone().finish().verified().unwrap_err();
                let cut_off =
                    matches!(error, Error::Esp(ImageError::Truncated { part: Part::SignatureSector, .. }));
                assert!(cut_off, "{name} cut at {cut}: {error}");
                scanner.update(std::slice::from_ref(byte));
            }
        }
    }
    assert_eq!(swept, every_length.len());
}

#[test]
fn no_changed_byte_of_a_header_passes() {
    let Some(images) = images(&FOLDERS) else { return };
    for (name, good) in images {
        let header = match scan(&good).image.unwrap() {
            Image::Esp(_) => 24 + 8,
            _ => 32,
        };
        // Large images take long; every change of the small ones and one of each byte of the others must do.
        let changes = if good.len() < 64 << 10 { 4 } else { 1 };
        for at in 0..header {
            for to in [good[at] ^ 1, good[at] ^ 0x80, 0x00, 0xFF].into_iter().take(changes) {
                let mut bytes = good.clone();
                bytes[at] = to;
                if to == good[at] {
                    continue;
                }
                let Ok(inspected) = scan(&bytes).verified() else { continue };
                // Two bits change what an image claims to be without leaving a trace in it: without hash flag the
                // digest is foreign bytes after the image, and an encrypted image has the hash of the plain one.
                match &inspected.image {
                    Image::Esp(image) if at == 23 => assert_eq!(image.digest, None, "{name}"),
                    Image::Mcuboot(image) => assert!(image.header.flags.is_encrypted(), "{name} byte {at}"),
                    other => panic!("{name} byte {at} as {to:#x}: {other:?}"),
                }
            }
        }
    }
}

#[test]
fn each_damaged_image_fails_for_its_own_reason() {
    let Some(folder) = shared_fixture("ota/esp-app") else { return };
    let read = |name: &str| fs::read(folder.join(format!("bad-esp32s2-blink_{name}.bin"))).unwrap();
    let error = |name: &str| match scan(&read(name)).verified() {
        Err(Error::Esp(error)) => error,
        other => panic!("{name}: {other:?}"),
    };
    let offset = 182_335;
    assert_eq!(error("bad"), ImageError::Checksum { offset, stored: 0x18, computed: 0x19 });
    assert!(matches!(error("badhash"), ImageError::Digest { offset: 182_336, .. }));
    let part = Part::Digest;
    assert_eq!(error("nohash"), ImageError::Truncated { part, offset: 182_336, needed: 32, available: 0 });
    let part = Part::SegmentData(3);
    assert_eq!(
        error("trunc"),
        ImageError::Truncated { part, offset: 65_568, needed: 89_320, available: 84_432 }
    );
    assert!(matches!(error("wrongchip"), ImageError::Digest { .. }));

    // Its CRC is right and its signature is over the image, so espsecure says it is valid; the numbers kept beside the
    // modulus are those of the key before it was changed.
    let Some(tampered) = shared_fixture("ota/secure-boot-v2/bad-embedded-key-tampered_rsa.bin") else {
        return;
    };
    let tampered = esp(&fs::read(tampered).unwrap()).verify();
    assert_eq!(tampered, Err(ImageError::SignatureKey { block: 0, offset: 0x8000 }));

    // With the digest made right again, the addresses still tell: the C3 has no memory where an S2 has.
    let mut bytes = read("wrongchip");
    let end = bytes.len() - 32;
    let digest = Sha256::digest(&bytes[..end]);
    bytes[end..].copy_from_slice(&digest);
    let image = esp(&bytes);
    assert_eq!((image.verify(), image.chip_name()), (Ok(()), Some("ESP32-C3")));
    let nowhere: Vec<_> = image
        .problems(false)
        .into_iter()
        .filter_map(|problem| match problem {
            Problem::Layout(LayoutProblem::NoMemory { index, .. }) => Some(index),
            _ => None,
        })
        .collect();
    // All but the data in RTC memory, which both chips have at the same address.
    assert_eq!(nowhere, [0, 1, 2, 3, 4]);
}

#[test]
fn a_bootloader_may_have_an_old_digest_without_secure_boot() {
    let Some(path) = shared_fixture("ota/esp-bootloader/esp32c3-bootloader.bin") else { return };
    let mut bytes = fs::read(path).unwrap();
    // What `esptool write-flash --flash-size 4MB` does.
    bytes[3] = 0x2F;
    let image = esp(&bytes);
    assert!(matches!(image.verify(), Err(ImageError::Digest { .. })));
    assert!(matches!(image.problems(false)[..], [Problem::StaleDigest { offset: 21_040 }]));
    assert!(matches!(image.problems(true)[..], [Problem::Check(ImageError::Digest { .. })]));
    // Of an application it is damage in any case.
    let Some(path) = shared_fixture("ota/esp-app/esp32-c3-hello_world-new.bin") else { return };
    let mut bytes = fs::read(path).unwrap();
    bytes[3] ^= 0x10;
    assert!(matches!(esp(&bytes).problems(false)[..], [Problem::Check(ImageError::Digest { .. })]));
}

#[test]
fn signatures_count_for_the_partition() {
    let Some(images) = images(&["secure-boot-v1", "secure-boot-v2", "esp-app"]) else { return };
    let lengths = |wanted: &str| {
        let (_, bytes) = images.iter().find(|(name, _)| name.ends_with(wanted)).unwrap();
        let image = esp(bytes);
        [Signing::None, Signing::V1, Signing::V2].map(|signing| image.flashed_len(signing))
    };
    assert_eq!(lengths("esp32-c3-hello_world-new.bin"), [124_192, 124_260, 126_976 + 4096]);
    // What espsecure made of this one is there as well.
    assert_eq!(lengths("bootloader_unsigned_v2.bin"), [32_768, 32_836, 36_864]);
    assert_eq!(lengths("bootloader_signed_v2_rsa.bin"), [36_864, 36_932, 36_864]);
    assert_eq!(lengths("secure-boot-v1/bootloader.bin")[1], 21_764);
    assert_eq!(lengths("secure-boot-v1/bootloader_signed.bin")[1], 21_764);
    assert_eq!(lengths("hello-world-signed-v1.bin"), [196_608, 196_608, 196_608 + 4096]);
    let (_, multi) = images.iter().find(|(name, _)| name.contains("multi")).unwrap();
    // Revisions of the ESP32 before v3.0 verify none of them.
    assert!(matches!(
        esp(multi).problems(true)[..],
        [Problem::SignatureBlocks { count: 3, .. }, Problem::SignatureRevision { since: 300, .. }]
    ));
}

/// One TLV as the judge tells it: type and value.
type Told = (u64, String);

#[test]
fn imgtool_and_we_read_the_same() {
    let Some(folder) = shared_fixture("ota/mcuboot") else { return };
    let Some(imgtool) = program("imgtool") else { return };
    let mut compared = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let judge =
            Command::new(&imgtool).args(["dumpinfo", "--format", "json"]).arg(&path).output().unwrap();
        assert!(judge.status.success(), "{}", String::from_utf8_lossy(&judge.stderr));
        // A warning can stand in front of the JSON.
        let text = String::from_utf8(judge.stdout).unwrap();
        let told: serde_json::Value = serde_json::from_str(&text[text.find('{').unwrap()..]).unwrap();
        let image = mcuboot::Image::parse(&fs::read(&path).unwrap()).unwrap();
        let header = &told["header"];
        let numbers = [
            ("load_addr", u64::from(image.header.load_addr)),
            ("hdr_size", image.header.header_size.into()),
            ("protected_tlv_size", image.header.protected_size.into()),
            ("img_size", image.header.image_size.into()),
            ("flags", image.header.flags.0.into()),
        ];
        for (key, ours) in numbers {
            assert_eq!(header[key].as_u64(), Some(ours), "{key}");
        }
        assert_eq!(header["version"], image.header.version.to_string());
        for (key, ours) in [("tlvs_prot", &image.protected), ("tlvs", &image.unprotected)] {
            let theirs: Vec<Told> = told["tlv_area"][key]
                .as_array()
                .unwrap()
                .iter()
                .map(|tlv| (tlv["type"].as_u64().unwrap(), tlv["data"].as_str().unwrap().to_owned()))
                .collect();
            let ours: Vec<Told> = ours
                .iter()
                .map(|tlv| (tlv.kind.0.into(), base16ct::lower::encode_string(&tlv.data)))
                .collect();
            assert_eq!(ours, theirs, "{key}");
            compared += ours.len();
        }
        match &image.trailing {
            mcuboot::Trailing::Slot(trailer) => {
                assert_eq!(told["trailer"]["image_ok"], 1);
                assert_eq!((trailer.image_ok, trailer.copy_done), (Flag::Set, Flag::Unset));
                assert_eq!((trailer.swap_info, trailer.swap_size, trailer.used_from), (None, None, None));
                assert_eq!(trailer.align, 8);
            }
            mcuboot::Trailing::None => assert_eq!(told["trailer"], serde_json::json!({})),
            other => panic!("{other:?}"),
        }
    }
    assert!(compared > 15, "{compared}");
}

#[test]
fn mcuboot_images_are_what_the_manifest_says() {
    let Some(folder) = shared_fixture("ota/mcuboot") else { return };
    let read = |name: &str| {
        mcuboot::Image::parse(&fs::read(folder.join(format!("s3-hello_{name}.bin"))).unwrap()).unwrap()
    };
    let types = |image: &mcuboot::Image| -> Vec<_> {
        image.protected.iter().chain(&image.unprotected).map(|tlv| (tlv.kind, tlv.data.len())).collect()
    };
    let digest = "f6a6104ae2e2237b8fe19c6dde18dee38d5fc25daae4235db1c694490be33cab";
    for (name, signature) in [
        ("root-ec-p256", (TlvKind::ECDSA_SIG, 0x47)),
        ("root-ed25519", (TlvKind::ED25519, 0x40)),
        ("root-rsa-2048", (TlvKind::RSA2048_PSS, 0x100)),
    ] {
        let image = read(name);
        let expected = [
            (TlvKind::SEC_CNT, 4),
            (TlvKind::DEPENDENCY, 12),
            (TlvKind::SHA256, 32),
            (TlvKind::KEYHASH, 32),
            signature,
        ];
        assert_eq!(types(&image), expected, "{name}");
        assert_eq!(base16ct::lower::encode_string(&image.digests[0].stored), digest, "{name}");
        assert_eq!(image.header.version.to_string(), "1.2.3+4");
        assert_eq!((image.header.header_size, image.header.image_size), (0x20, 0x2_0F60));
        assert_eq!((image.image_len, image.security_counter().is_some()), (image.total_len, true));
        assert_eq!((image.dependencies().count(), image.not_allowed().count()), (1, 0));
    }
    let padded = read("p256_padded_confirmed");
    assert_eq!((padded.header.header_size, padded.total_len), (0x200, 262_144));
    assert_eq!(padded.image_len, 0x200 + 0x2_0F60 + 0x96);
}

#[test]
fn esptool_and_we_agree_on_what_it_makes() {
    let Some(esptool) = program("esptool") else { return };
    let folder = lw_testkit::root().join("examples/firmware/esp32c3");
    let firmware = folder.join("firmware.bin");
    let run = |arguments: &[&str], file: &Path| {
        let output = Command::new(&esptool).args(arguments).arg(file).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let told = run(&["image-info"], &firmware);
    let bytes = fs::read(&firmware).unwrap();
    let image = esp(&bytes);
    assert_eq!(image.problems(true), []);
    let app = image.app.as_ref().unwrap();
    let digest = image.digest.unwrap();
    for fact in [
        format!("Validation hash: {} (valid)", base16ct::lower::encode_string(&digest.stored)),
        format!("Checksum: {:#04x} (valid)", image.checksum.stored),
        format!("Segments: {}", image.header.segment_count),
        format!("Entry point: {:#010x}", image.header.entry),
        format!("Project name: {}", app.project_name),
        format!("App version: {}", app.version),
        format!("ELF file SHA256: {}", base16ct::lower::encode_string(&app.app_elf_sha256)),
        format!("Secure version: {}", app.secure_version),
    ] {
        assert!(told.contains(&fact), "{fact} is not in:\n{told}");
    }

    // The same bytes as UF2 and Intel HEX, and merged with a partition table.
    let out = std::env::temp_dir().join(format!("lw-ota-images-{}", std::process::id()));
    fs::create_dir_all(&out).unwrap();
    let made = |format: &str| -> PathBuf {
        let file = out.join(format!("firmware.{format}"));
        let target = file.to_str().unwrap();
        run(&["--chip", "esp32c3", "merge-bin", "--format", format, "-o", target, "0x10000"], &firmware);
        file
    };
    let uf2 = scan(&fs::read(made("uf2")).unwrap()).verified().unwrap();
    let hexed = scan(&fs::read(made("hex")).unwrap()).verified().unwrap();
    assert_eq!((uf2.image.kind(), hexed.image.kind()), (Kind::Uf2, Kind::IntelHex));
    assert_eq!(uf2.image.chip().map(|chip| chip.0), Some(5));
    let (Image::Uf2(uf2), Image::IntelHex(hexed)) = (uf2.image, hexed.image) else { panic!() };
    let sha256 = Some(<[u8; 32]>::from(Sha256::digest(&bytes)));
    for content in [&uf2.parts[0].content, &hexed.content] {
        assert_eq!((content.size, content.sha256), (bytes.len() as u64, sha256));
        assert_eq!(content.ranges.iter().map(|range| range.start).collect::<Vec<_>>(), [0x1_0000]);
    }
    let merged = out.join("merged.bin");
    let table = folder.join("partitions.bin");
    let (merged_to, table) = (merged.to_str().unwrap(), table.to_str().unwrap());
    run(&["--chip", "esp32c3", "merge-bin", "-o", merged_to, "0x8000", table, "0x10000"], &firmware);
    let error = scan(&fs::read(&merged).unwrap()).image.unwrap_err();
    fs::remove_dir_all(&out).unwrap();
    assert_eq!(error, Error::Foreign(Foreign::MergedFlash { table: 0x8000 }));
}

/// What esptool joins is read, and what is in it is checked.
#[test]
fn uf2_files_of_esptool_are_read_part_by_part() {
    let Some(app) = shared_fixture("ota/esp-app/esp32-s3-hello_world-new.bin") else { return };
    let Some(bootloader) = shared_fixture("ota/esp-bootloader/esp32s3-bootloader.bin") else { return };
    let Some(esptool) = program("esptool") else { return };
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("flash.uf2");
    let run = Command::new(&esptool)
        .args(["--chip", "esp32s3", "merge-bin", "--format", "uf2", "--output"])
        .arg(&output)
        .arg("0x0")
        .arg(&bootloader)
        .arg("0x10000")
        .arg(&app)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let bytes = fs::read(&output).unwrap();
    let image = scan(&bytes).image.unwrap();
    assert_eq!(image.nested().map(|nested| nested.address).collect::<Vec<_>>(), [0, 0x1_0000]);
    image.verify().unwrap();
    // A bit of the application, somewhere in the last third of the file: esptool puts an MD5 into each block as well.
    let mut damaged = bytes.clone();
    let at = (bytes.len() / 3 * 2).next_multiple_of(512) + 64;
    damaged[at] ^= 1;
    let error = scan(&damaged).image.and_then(|image| image.verify()).unwrap_err();
    assert!(matches!(error, Error::Uf2(_) | Error::Nested { .. }), "{error}");
}

/// Images that imgtool encrypts, signs in big-endian order and signs twice.
#[test]
fn what_imgtool_makes_is_told_for_what_it_is() {
    let Some(imgtool) = program("imgtool") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("payload.bin"), (0..2000u32).map(|at| (at * at / 7) as u8).collect::<Vec<_>>()).unwrap();
    let run = |arguments: &[&str]| {
        let run = Command::new(&imgtool).args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(run.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
    };
    for key in ["sign.pem", "encrypt.pem"] {
        run(&["keygen", "--key", key, "--type", "ecdsa-p256"]);
    }
    run(&["getpub", "--key", "encrypt.pem", "--encoding", "pem", "--output", "public.pem"]);
    let sign = |from: &str, to: &str, more: &[&str]| {
        let base =
            ["sign", "--version", "1.2.3", "--header-size", "0x20", "--pad-header", "--slot-size", "0x10000"];
        run(&[&base[..], &["--align", "4", "--key", "sign.pem"], more, &[from, to]].concat());
        fs::read(path(to)).unwrap()
    };
    let mcuboot = |bytes: &[u8]| mcuboot::Image::parse(bytes);
    let plain = mcuboot(&sign("payload.bin", "plain.bin", &[])).unwrap();
    assert!(!plain.is_nested && !plain.is_unchecked());
    assert!(mcuboot(&sign("plain.bin", "nested.bin", &[])).unwrap().is_nested);
    let encrypted = sign("payload.bin", "encrypted.bin", &["--encrypt", "public.pem"]);
    assert!(mcuboot(&encrypted).unwrap().is_unchecked());
    let clear = sign("payload.bin", "clear.bin", &["--encrypt", "public.pem", "--clear"]);
    assert!(!mcuboot(&clear).unwrap().is_unchecked());
    let big = sign("payload.bin", "big.bin", &["--endian", "big"]);
    let error = scan(&big).image.unwrap_err();
    assert!(error.to_string().contains("big-endian"), "{error}");
}
