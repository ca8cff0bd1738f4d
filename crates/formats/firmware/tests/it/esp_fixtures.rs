//! Real images and partition tables against what esptool, the linker and ESP-IDF say of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic here is a failing test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lw_firmware::esp_image::{
    AppImage, Format, ImageError, LayoutProblem, Pairing, Part, SignatureScheme, Trailing, digest,
};
use lw_firmware::partitions::{ParseOptions, Table, TableError};
use lw_testkit::shared_fixture;

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What `esptool image-info` printed of a file, as the manifest keeps it: `Key: value; Key: value; ...`.
fn esptool_says(manifest: &str) -> Vec<(String, String)> {
    let mut file = String::new();
    let mut said = Vec::new();
    for line in manifest.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            heading.clone_into(&mut file);
        } else if let Some(facts) = line.strip_prefix("- esptool image-info rc=0: ") {
            said.push((file.clone(), facts.to_owned()));
        }
    }
    said
}

/// The same facts, in esptool's words.
fn we_say(image: &AppImage) -> BTreeMap<&'static str, String> {
    let extended = image.header.extended.as_ref().unwrap();
    let revision = |full: u16| format!("v{}.{}", full / 100, full % 100);
    let verdict = |good: bool| if good { "valid" } else { "invalid" };
    let sum = image.checksum;
    let checksum = if sum.stored == sum.computed {
        format!("{:#04x} (valid)", sum.stored)
    } else {
        format!("{:#04x} (invalid - calculated {:#04x})", sum.stored, sum.computed)
    };
    let mut facts = BTreeMap::from([
        ("Entry point", format!("{:#010x}", image.header.entry)),
        ("Segments", image.header.segment_count.to_string()),
        ("Flash size", format!("{}MB", image.header.flash_bytes().unwrap() >> 20)),
        ("Flash freq", format!("{}m", image.header.flash_mhz().unwrap())),
        ("Flash mode", image.header.flash_mode_name().unwrap().to_owned()),
        ("Chip ID", format!("{} ({})", extended.chip.0, image.chip_name().unwrap())),
        (
            "Minimal chip revision",
            format!(
                "{}, (legacy min_rev = {})",
                revision(extended.min_revision),
                extended.min_revision_legacy
            ),
        ),
        ("Maximal chip revision", revision(extended.max_revision)),
        ("Checksum", checksum),
    ]);
    if let Some(digest) = &image.digest {
        // esptool prints the digest it computed, whatever the file holds.
        let good = digest.stored == digest.computed;
        facts.insert(
            "Validation hash",
            format!("{} ({})", base16ct::lower::encode_string(&digest.computed), verdict(good)),
        );
    }
    if let Some(app) = &image.app {
        facts.insert("Project name", app.project_name.clone());
        facts.insert("App version", app.version.clone());
        facts.insert("Compile time", format!("{} {}", app.date, app.time));
        facts.insert("ELF file SHA256", base16ct::lower::encode_string(&app.app_elf_sha256));
        facts.insert("ESP-IDF", app.idf_version.clone());
        facts.insert("Secure version", app.secure_version.to_string());
        let block = |full: u16| format!("{}.{}", full / 100, full % 100);
        facts.insert("Minimal eFuse block revision", block(app.min_efuse_block_revision));
        facts.insert("Maximal eFuse block revision", block(app.max_efuse_block_revision));
    }
    if let Some(bootloader) = &image.bootloader {
        facts.insert("Bootloader version", bootloader.version.to_string());
        facts.insert("ESP-IDF", bootloader.idf_version.clone());
    }
    facts
}

#[test]
fn esptool_and_we_read_the_same() {
    let Some(manifest) = shared_fixture("ota/MANIFEST.md") else { return };
    let said = esptool_says(&fs::read_to_string(&manifest).unwrap());
    let mut compared = 0;
    for (file, facts) in said.iter().filter(|(file, _)| !file.ends_with("_nohash.bin")) {
        let image =
            AppImage::read(&read(&manifest.with_file_name(file))).unwrap_or_else(|e| panic!("{file}: {e}"));
        let ours = we_say(&image);
        let mut segments = image.segments.iter().enumerate();
        for fact in facts.split("; ") {
            if let Some((key, value)) = fact.split_once(": ") {
                // The page size is printed of newer images only; ours is compared where it matters, below.
                if key == "MMU page size" {
                    continue;
                }
                // The manifest folded runs of spaces (`Jan  8 2026`).
                let ours = ours.get(key).map(|ours| ours.split_whitespace().collect::<Vec<_>>());
                assert_eq!(ours, Some(value.split_whitespace().collect()), "{file}: {key}");
                compared += 1;
            } else if fact.starts_with(|c: char| c.is_ascii_digit()) {
                // `index length address offset-of-header names`
                let (index, segment) = segments.next().unwrap();
                let line = format!(
                    "{index} {:#07x} {:#010x} {:#010x}",
                    segment.length,
                    segment.load_addr,
                    segment.offset - 8
                );
                assert!(fact.starts_with(&line), "{file}: {fact} is not {line}");
                compared += 1;
            }
        }
        assert_eq!(segments.count(), 0, "{file}");
    }
    assert!(said.len() > 20 && compared > 400, "{} files, {compared} facts", said.len());
}

#[test]
fn a_damaged_image_fails_for_its_own_reason() {
    let Some(manifest) = shared_fixture("ota/MANIFEST.md") else { return };
    let parse = |name: &str| {
        AppImage::parse(&read(&manifest.with_file_name(format!("esp-app/bad-esp32s2-blink_{name}.bin"))))
    };
    assert!(matches!(parse("bad"), Err(ImageError::Checksum { stored: 0x18, computed: 0x19, .. })));
    assert!(matches!(parse("badhash"), Err(ImageError::Digest { offset: 182_336, .. })));
    assert_eq!(
        parse("nohash"),
        Err(ImageError::Truncated { part: Part::Digest, offset: 182_336, needed: 32, available: 0 })
    );
    // 84 432 of the 89 320 bytes of segment 3 are there, as esptool says.
    assert_eq!(
        parse("trunc"),
        Err(ImageError::Truncated {
            part: Part::SegmentData(3),
            offset: 65_568,
            needed: 89_320,
            available: 84_432
        })
    );
    // esptool calls the changed chip and the old digest fine; the chip would not.
    assert!(matches!(parse("wrongchip"), Err(ImageError::Digest { .. })));
}

/// Every image a device would start, of both fixture sets.
fn sound_images() -> Option<Vec<(String, Vec<u8>)>> {
    let mut images = Vec::new();
    for folder in [
        "ota/esp-app",
        "ota/esp-bootloader",
        "ota/secure-boot-v1",
        "ota/secure-boot-v2",
        "size/esptool",
        "size/esp32-idf6-coredump",
        "size/esp32c3-idf-hello",
    ] {
        for entry in fs::read_dir(shared_fixture(folder)?).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{folder}/{}", path.file_name().unwrap().to_string_lossy());
            let bytes = if name.ends_with(".bin") { read(&path) } else { continue };
            // espsecure signs for the ESP32 with ECDSA, which no ESP32 verifies.
            let is_sound = !name.contains("/bad-") && !name.contains("signed_v2_ecdsa256");
            if bytes.first() == Some(&0xE9) && is_sound {
                images.push((name, bytes));
            }
        }
    }
    Some(images)
}

#[test]
fn every_real_image_is_sound() {
    let Some(images) = sound_images() else { return };
    assert!(images.len() > 20, "{}", images.len());
    for (name, bytes) in images {
        let image = AppImage::parse(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        // esptool tests how it prints a header with an image whose entry address is 0xdeadbeef.
        let is_header_test = name.ends_with("esp32s3_header.bin");
        let problems = image.layout_problems();
        let entry = matches!(problems[..], [LayoutProblem::Entry { entry: 0xDEAD_BEEF, .. }]);
        assert!(if is_header_test { entry } else { problems.is_empty() }, "{name}: {problems:?}");
        assert_eq!((image.format, image.total_len), (Format::Esp32, bytes.len() as u64), "{name}");
    }
}

#[test]
fn every_changed_byte_of_a_real_image_is_noticed() {
    let Some(path) = shared_fixture("ota/esp-bootloader/esp32c3-bootloader.bin") else { return };
    let good = read(&path);
    for at in (0..32).chain((32..good.len()).step_by(499)) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        assert!(AppImage::parse(&bytes).is_err(), "byte {at}");
    }
}

#[test]
fn signatures_after_images_are_recognised() {
    let Some(manifest) = shared_fixture("ota/MANIFEST.md") else { return };
    let trailing = |name: &str| AppImage::read(&read(&manifest.with_file_name(name))).unwrap().trailing;
    assert_eq!(trailing("secure-boot-v1/bootloader_signed.bin"), Trailing::SignatureV1 { offset: 21_696 });
    assert_eq!(trailing("secure-boot-v1/bootloader.bin"), Trailing::None);
    assert_eq!(
        trailing("esp-app/esp32-hello-world-signed-v1.bin"),
        Trailing::SignatureV1 { offset: 196_608 - 80 }
    );
    assert!(matches!(trailing("secure-boot-v2/bootloader_unsigned_v2.bin"), Trailing::Padding { .. }));

    let blocks = |name: &str| match trailing(&format!("secure-boot-v2/bootloader_{name}.bin")) {
        Trailing::SignatureV2 { offset: 32_768, blocks, extra: 0 } => blocks
            .iter()
            .map(|block| (block.scheme, base16ct::lower::encode_string(&block.key_digest)))
            .collect::<Vec<_>>(),
        other => panic!("{name}: {other:?}"),
    };
    // The digests are those `espsecure signature-info-v2` prints.
    let first = "cb2791a371b0c032 2bf7370478ba0962 224cab1cf2287879 e429673e7da84463".replace(' ', "");
    let second = "901a7409238d52d4 cbf96f563fb3f429 6dabd66a33f53b15 eecd8cb3e7ec45d3".replace(' ', "");
    let third = "27919392d68bab79 286a26759143a5b1 d599efcebd754e57 03b5dd23b5e3dd3b".replace(' ', "");
    let ecdsa = "f35cc5dbdde67f94 a7bbcb5723371ba9 1822193582308f84 cb95b4531219056d".replace(' ', "");
    assert_eq!(blocks("signed_v2_rsa"), [(SignatureScheme::Rsa3072, first.clone())]);
    let all = [first, second, third].map(|digest| (SignatureScheme::Rsa3072, digest));
    assert_eq!(blocks("multi_signed_v2_rsa"), all);
    assert_eq!(blocks("signed_v2_ecdsa256"), [(SignatureScheme::EcdsaP256, ecdsa)]);

    let refused =
        AppImage::parse(&read(&manifest.with_file_name("secure-boot-v2/bootloader_signed_v2_ecdsa256.bin")));
    assert!(matches!(refused, Err(ImageError::SignatureScheme { since: None, .. })), "{refused:?}");

    // One byte of the padding under the signature, and the signature is for another file.
    let mut bytes = read(&manifest.with_file_name("secure-boot-v2/bootloader_signed_v2_rsa.bin"));
    bytes[100] ^= 1;
    assert!(AppImage::parse(&bytes).is_err());
}

#[test]
fn image_and_elf_belong_together() {
    let Some(esp32) = shared_fixture("size/esp32-idf6-coredump") else { return };
    let Some(esp32c3) = shared_fixture("size/esp32c3-idf-hello") else { return };
    let image = |folder: &Path| AppImage::parse(&read(&folder.join("hello_world.bin"))).unwrap();
    let elf = |folder: &Path| digest(&read(&folder.join("hello_world.elf")));
    assert!(base16ct::lower::encode_string(&elf(&esp32)).starts_with("31e5f6d2"));
    assert_eq!(image(&esp32).pairs_with(&elf(&esp32)), Pairing::Match);
    assert_eq!(image(&esp32c3).pairs_with(&elf(&esp32c3)), Pairing::Match);
    assert_eq!(image(&esp32).pairs_with(&elf(&esp32c3)), Pairing::Mismatch);

    assert_eq!((image(&esp32).total_len, image(&esp32).segments.len()), (142_512, 6));
    assert_eq!(image(&esp32).app.unwrap().offset, 0x20);
    let c3 = image(&esp32c3);
    assert_eq!((c3.total_len, c3.chip().unwrap().0), (136_784, 5));
}

#[test]
fn images_fit_their_tables() {
    let table = |path: &str| {
        Some(Table::parse(&read(&shared_fixture(path)?)).unwrap_or_else(|e| panic!("{path}: {e}")))
    };
    let Some(esp32) = table("size/esp32-idf6-coredump/partition-table.bin") else { return };
    let Some(esp32c3) = table("size/esp32c3-idf-hello/partition-table.bin") else { return };
    let rows = |table: &Table| -> Vec<_> {
        table.partitions.iter().map(|p| (p.name.clone(), p.offset, p.size)).collect()
    };
    let expected = [
        ("nvs", 0x9000, 0x6000),
        ("phy_init", 0xF000, 0x1000),
        ("factory", 0x1_0000, 0x10_0000),
        ("coredump", 0x11_0000, 0x1_0000),
    ];
    assert_eq!(rows(&esp32), expected.map(|(name, offset, size)| (name.to_owned(), offset, size)));
    assert_eq!(esp32.smallest_app().unwrap().size - 142_512, 906_064);
    assert_eq!(esp32c3.smallest_app().unwrap().size - 136_784, 911_792);

    let Some(path) = shared_fixture("size/esptool/bootloader_esp32_v5_2.bin") else { return };
    let bootloader = AppImage::parse(&read(&path)).unwrap();
    let room = u64::from(0x8000 - bootloader.chip().unwrap().bootloader_offset().unwrap());
    assert_eq!((room, room - bootloader.total_len), (28_672, 1_904));
}

#[test]
fn tables_of_the_fixtures_are_as_expected() {
    let Some(single) = shared_fixture("size/esptool/partitions_singleapp.bin") else { return };
    let single = read(&single);
    assert_eq!(Table::parse(&single), Err(TableError::MissingEnd { offset: 96 }));
    let allow = |allow_missing_md5, allow_missing_end| {
        Table::parse_bin(&single, ParseOptions { allow_missing_md5, allow_missing_end })
    };
    assert_eq!(allow(false, true), Err(TableError::MissingMd5));
    let legacy = allow(true, true).unwrap();
    let rows: Vec<_> = legacy
        .partitions
        .iter()
        .map(|p| {
            (p.name.as_str(), p.kind_name().into_owned(), p.subtype_name().into_owned(), p.offset, p.size)
        })
        .collect();
    let row = |name, kind: &str, subtype: &str, offset, size| {
        (name, kind.to_owned(), subtype.to_owned(), offset, size)
    };
    assert_eq!(
        rows,
        [
            row("factory", "app", "factory", 0x1_0000, 0x10_0000),
            row("rfdata", "data", "phy", 0x11_0000, 0x4_0000),
            row("wifidata", "data", "nvs", 0x15_0000, 0x4_0000),
        ]
    );

    // Each pair below is one table in both forms, where the fixtures have both; the rest must survive the way
    // to binary and back.
    for csv in [
        "size/esp-parts/espflash-partitions.csv",
        "size/esp-parts/ota-4mb.csv",
        "ota/partition/https_delta_ota.csv",
    ] {
        let Some(path) = shared_fixture(csv) else { return };
        let table = Table::parse(&read(&path)).unwrap_or_else(|error| panic!("{csv}: {error}"));
        assert_eq!(Table::parse(&table.to_bin().unwrap()), Ok(table), "{csv}");
    }
    let table = |path: &str| Table::parse(&read(&shared_fixture(path).unwrap())).unwrap();
    let espflash = table("size/esp-parts/espflash-partitions.csv");
    assert_eq!((espflash.partitions.len(), espflash.smallest_app().unwrap().size), (3, 4 << 20));
    let ota = table("size/esp-parts/ota-4mb.csv");
    assert_eq!((ota.smallest_app().unwrap().size, ota.end()), (1_572_864, 4 << 20));
    assert!(ota.get("coredump").unwrap().is_encrypted());

    // The usual single-application table, written as text: the bytes ESP-IDF's own tool made of it.
    let text = "nvs,data,nvs,,24K\nphy_init,data,phy,,4K\nfactory,app,factory,,1M\n";
    let bytes = read(&shared_fixture("ota/partition/esp32-s3.bin").unwrap());
    assert_eq!(Table::parse(text.as_bytes()).unwrap().to_bin().unwrap(), bytes);
    assert_eq!(
        read(&shared_fixture("size/esp32c3-idf-hello/partition-table.bin").unwrap()).len(),
        bytes.len()
    );
    let text = format!("{text}coredump,data,coredump,,64K\n");
    let bytes = read(&shared_fixture("size/esp32-idf6-coredump/partition-table.bin").unwrap());
    assert_eq!(Table::parse(text.as_bytes()).unwrap().to_bin().unwrap(), bytes);
}

#[test]
fn the_example_is_what_its_tools_made_of_it() {
    // Committed with the repository, so this one always runs: the table is the build script's, the image esptool's.
    let folder = lw_testkit::root().join("examples/firmware/esp32c3");
    let table = Table::parse(&read(&folder.join("partitions.csv"))).unwrap();
    assert_eq!(table.to_bin().unwrap(), read(&folder.join("partitions.bin")));
    let image = AppImage::parse(&read(&folder.join("firmware.bin"))).unwrap();
    assert_eq!(image.layout_problems(), []);
    assert_eq!(image.pairs_with(&digest(&read(&folder.join("firmware.elf")))), Pairing::Match);
    assert_eq!(image.pairs_with(&digest(&read(&folder.join("baseline/firmware.elf")))), Pairing::Mismatch);
    assert!(image.total_len <= table.smallest_app().unwrap().size.into());
}
