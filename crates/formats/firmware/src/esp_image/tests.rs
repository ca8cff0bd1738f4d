use proptest::prelude::*;

use super::*;

/// An image as `esptool elf2image` would write it, from segments that need no alignment.
fn image(chip: u16, segments: &[(u32, Vec<u8>)], hash: bool) -> Vec<u8> {
    let mut file = vec![MAGIC, segments.len() as u8, 2, 0x2F];
    let entry = segments.iter().find(|(address, data)| *address != 0 && !data.is_empty());
    file.extend(entry.map_or(0x4038_0000, |(address, _)| *address).to_le_bytes());
    file.extend([0xEE, 0, 0, 0]);
    file.extend(chip.to_le_bytes());
    file.extend([3, 3, 0, 99, 0, 0, 0, 0, 0, u8::from(hash)]);
    body(&mut file, segments);
    if hash {
        let digest = Sha256::digest(&file);
        file.extend(digest);
    }
    file
}

/// Segments and checksum.
fn body(file: &mut Vec<u8>, segments: &[(u32, Vec<u8>)]) {
    let mut sum = CHECKSUM_SEED;
    for (address, data) in segments {
        file.extend(address.to_le_bytes());
        file.extend((data.len() as u32).to_le_bytes());
        file.extend(data);
        sum = data.iter().fold(sum, |sum, byte| sum ^ byte);
    }
    file.resize(file.len().next_multiple_of(16) + if file.len().is_multiple_of(16) { 16 } else { 0 }, 0);
    *file.last_mut().unwrap() = sum;
}

/// An application descriptor with this ELF digest.
fn app_descriptor(elf: [u8; 32]) -> Vec<u8> {
    let mut desc = vec![0; 256];
    desc[..4].copy_from_slice(&0xABCD_5432u32.to_le_bytes());
    desc[4] = 7;
    desc[16..48].copy_from_slice(b"1.2.3-a-version-that-fills-31byt");
    desc[48..52].copy_from_slice(b"demo");
    desc[144..176].copy_from_slice(&elf);
    desc[180] = 15;
    desc
}

#[test]
fn every_field_is_read() {
    let elf = [9; 32];
    let file = image(5, &[(0x3C00_0020, app_descriptor(elf)), (0x3FC8_0000, vec![1, 2, 3, 4])], true);
    let image = AppImage::parse(&file).unwrap();
    let extended = image.header.extended.as_ref().unwrap();
    assert_eq!((image.format, image.chip_name()), (Format::Esp32, Some("ESP32-C3")));
    assert_eq!((image.header.entry, image.header.segment_count), (0x3C00_0020, 2));
    assert_eq!(image.header.flash_mode_name(), Some("DIO"));
    assert_eq!(image.header.flash_mhz(), Some(80));
    assert_eq!(image.header.flash_bytes(), Some(4 << 20));
    assert_eq!((extended.wp_pin, extended.min_revision_legacy), (0xEE, 3));
    assert_eq!((extended.min_revision, extended.max_revision), (3, 99));
    assert_eq!(image.segments[0], Segment { load_addr: 0x3C00_0020, offset: 0x20, length: 256 });
    assert_eq!(image.segments[1], Segment { load_addr: 0x3FC8_0000, offset: 0x128, length: 4 });
    assert_eq!((image.total_len, image.image_len), (file.len() as u64, file.len() as u64));
    let app = image.app.as_ref().unwrap();
    assert_eq!((app.offset, app.secure_version, app.mmu_page_size), (0x20, 7, Some(0x8000)));
    // A field without its NUL is read to its end, not into the next one.
    assert_eq!(
        (app.version.as_str(), app.project_name.as_str()),
        ("1.2.3-a-version-that-fills-31byt", "demo")
    );
    assert_eq!(image.pairs_with(&elf), Pairing::Match);
    assert_eq!(image.pairs_with(&[8; 32]), Pairing::Mismatch);
}

#[test]
fn no_text_of_an_image_starts_a_line_of_a_log() {
    let mut desc = app_descriptor([1; 32]);
    desc[16..31].copy_from_slice(b"1.0\n::error::x\0");
    let image = AppImage::parse(&image(5, &[(0x3C00_0020, desc)], true)).unwrap();
    assert_eq!(image.app.unwrap().version, "1.0\u{FFFD}::error::x");
}

#[test]
fn an_elf_digest_of_zeros_or_no_descriptor_pairs_with_nothing() {
    let zeros = AppImage::parse(&image(5, &[(0x3C00_0020, app_descriptor([0; 32]))], true)).unwrap();
    assert_eq!(zeros.pairs_with(&[0; 32]), Pairing::NotRecorded);
    let none = AppImage::parse(&image(5, &[(0x3FC8_0000, vec![0; 8])], true)).unwrap();
    assert_eq!(none.pairs_with(&[0; 32]), Pairing::NotRecorded);
}

#[test]
fn each_damage_has_its_own_error() {
    let good = image(5, &[(0x3FC8_0000, vec![1; 8])], true);
    let changed = |at: usize, to: u8| {
        let mut file = good.clone();
        file[at] = to;
        AppImage::parse(&file).unwrap_err()
    };
    assert_eq!(changed(0, 0x11), ImageError::Magic { offset: 0, found: Foreign::Byte(0x11) });
    assert_eq!(changed(1, 0), ImageError::SegmentCount { count: 0 });
    assert_eq!(changed(1, 17), ImageError::SegmentCount { count: 17 });
    assert_eq!(changed(23, 2), ImageError::HashFlag { value: 2 });
    assert_eq!(changed(28, 7), ImageError::SegmentLength { index: 0, offset: 24, length: 7 });
    assert_eq!(changed(31, 1), ImageError::SegmentLength { index: 0, offset: 24, length: 0x100_0008 });
    assert_eq!(
        changed(29, 1),
        ImageError::Truncated { part: Part::SegmentData(0), offset: 32, needed: 264, available: 48 }
    );
    assert!(
        matches!(changed(12, 9), ImageError::Digest { offset: 48, .. }),
        "the header is under the digest"
    );
    assert_eq!(changed(32, 2), ImageError::Checksum { offset: 47, stored: 0xEF, computed: 0xEC });
    // A damaged image can still be looked at.
    let mut file = good.clone();
    file[32] = 2;
    assert_eq!(AppImage::read(&file).unwrap().checksum.computed, 0xEC);
}

#[test]
fn other_files_are_named() {
    let found = |bytes: &[u8]| match AppImage::parse(bytes) {
        Err(ImageError::Magic { offset: 0, found }) => found,
        other => panic!("{other:?}"),
    };
    assert_eq!(found(b"\x7FELF..."), Foreign::Elf);
    assert_eq!(found(b":020000040800F2\n"), Foreign::IntelHex);
    assert_eq!(found(b"UF2\nWQ]\x9E"), Foreign::Uf2);
    assert_eq!(found(&[0xAA, 0x50, 1, 2]), Foreign::PartitionTable);
    assert_eq!(found(&[0xFF; 64]), Foreign::Erased);
    assert_eq!(found(&[]), Foreign::Erased);
}

#[test]
fn a_merged_flash_image_is_no_application() {
    let mut entry = vec![0xAA, 0x50, 1, 2, 0, 0x90, 0, 0, 0, 0x60, 0, 0];
    entry.extend(b"nvs");
    entry.resize(32, 0);
    // Bootloader at 0, as on the C3, and at 0x1000 after erased flash, as on the ESP32.
    for start in [0, 0x1000, 0x2000] {
        let mut file = vec![0xFF; start];
        file.extend(image(5, &[(0x3FC8_0000, vec![1; 8])], true));
        file.resize(0x8000, 0xFF);
        file.extend(&entry);
        assert_eq!(AppImage::parse(&file).unwrap_err(), ImageError::Merged { table: 0x8000 }, "{start:#x}");
        // Also when it comes in pieces that end inside the table's first entry.
        let (mut stream, mut digests) = (Stream::new(), Running::new(false));
        for piece in file.chunks(0x8000 + 7) {
            stream.update(piece, &mut digests);
        }
        assert_eq!(
            stream.finish(&digests).and_then(|image| image.verify()),
            Err(ImageError::Merged { table: 0x8000 })
        );
        // Merging rewrites the flash parameters, and the digest of the bootloader is then an old one.
        file[start + 3] ^= 0x10;
        assert_eq!(AppImage::parse(&file).unwrap_err(), ImageError::Merged { table: 0x8000 }, "{start:#x}");
    }
}

#[test]
fn a_merged_flash_image_may_lack_a_bootloader() {
    let mut file = vec![0xFF; 0x8000];
    file.extend([0xAA, 0x50, 1, 2, 0, 0x90, 0, 0, 0, 0x60, 0, 0, b'n', b'v', b's']);
    file.resize(0x8020, 0);
    assert_eq!(AppImage::read(&file), Err(ImageError::Merged { table: 0x8000 }));
    // With other bytes in front it is anything.
    file[0x7FFF] = 0;
    assert_eq!(AppImage::read(&file), Err(ImageError::Magic { offset: 0, found: Foreign::Erased }));
}

#[test]
fn what_speaks_against_an_image_is_told_all_at_once() {
    let mut desc = app_descriptor([1; 32]);
    desc[180] = 0;
    desc[4] = 5;
    let with = |chip: u16, hash: bool| {
        AppImage::read(&image(chip, &[(0x3FC8_0000, vec![0; 8]), (0x3C00_0038, desc.clone())], hash)).unwrap()
    };
    // The ESP32-C2 counts to four, and looks for the description in the first segment.
    let problems = with(12, false).problems(false);
    assert!(problems.contains(&Problem::SecureVersion { value: 5, bits: 4 }), "{problems:?}");
    assert!(problems.contains(&Problem::NoDigest), "{problems:?}");
    assert!(problems.contains(&Problem::DescriptorPlace { offset: 0x30 }), "{problems:?}");
    assert!(problems.is_sorted_by_key(|problem| !problem.is_fatal()), "what counts comes first");
    assert!(problems.iter().any(Problem::is_fatal));
    assert!(with(99, true).problems(false).contains(&Problem::UnknownChip(ChipId(99))));

    let none = with(0xFFFF, true).problems(false);
    assert!(
        none.iter().any(|problem| problem.is_fatal() && *problem == Problem::UnknownChip(ChipId::INVALID))
    );
    // Checksum and digest are told both.
    let mut bytes = image(5, &[(0x3FC8_0000, vec![0; 8])], true);
    bytes[32] = 1;
    let problems = AppImage::read(&bytes).unwrap().problems(true);
    assert!(
        matches!(
            problems[..],
            [Problem::Check(ImageError::Checksum { .. }), Problem::Check(ImageError::Digest { .. })]
        ),
        "{problems:?}"
    );

    let mut bytes = image(5, &[(0x3C00_0020, vec![0; 16])], false);
    bytes[15..19].copy_from_slice(&[101, 0, 100, 0]);
    bytes.extend(b"junk");
    let problems = AppImage::read(&bytes).unwrap().problems(false);
    assert_eq!(
        problems,
        [
            Problem::Revisions { min: 101, max: 100 },
            Problem::NoDigest,
            Problem::NoDescriptor,
            Problem::Trailing { offset: 64, length: 4 }
        ]
    );
}

#[test]
fn a_signature_with_p384_is_over_a_sha384() {
    let signed = |chip: u16, damage: bool| {
        let mut file = image(chip, &[(0x4200_0020, app_descriptor([3; 32]))], true);
        file.resize(0x1000, 0xFF);
        let mut block = vec![0xE7, 3, 1, 0];
        block.extend(sha2::Sha384::digest(&file));
        block.push(3);
        block.extend([5; 192]);
        block.resize(1196, 0);
        block.extend(crc32fast::hash(&block).to_le_bytes());
        file.extend(block);
        file.resize(0x2000, 0xFF);
        if damage {
            // Padding: under the signature, and under nothing else.
            file[0xFFF] = 0xFE;
        }
        file
    };
    assert_eq!(AppImage::parse(&signed(23, true)), Err(ImageError::Signature { block: 0, offset: 0x1000 }));
    let file = signed(23, false);
    let Trailing::SignatureV2 { offset: 0x1000, blocks, extra: 0 } = AppImage::parse(&file).unwrap().trailing
    else {
        panic!()
    };
    assert_eq!((blocks[0].scheme, blocks[0].covers_image), (SignatureScheme::EcdsaP384, true));
    assert_eq!(in_pieces(&file, 100).unwrap(), AppImage::read(&file).unwrap());
    // A flash mode changed, with the image's own digest made right again.
    let mut other = file;
    other[2] = 0;
    let digest = Sha256::digest(&other[..304]);
    other[304..336].copy_from_slice(&digest);
    assert_eq!(AppImage::parse(&other), Err(ImageError::Signature { block: 0, offset: 0x1000 }));
    let error = AppImage::parse(&signed(5, false)).unwrap_err();
    assert!(matches!(error, ImageError::SignatureScheme { block: 0, chip: ChipId(5), .. }), "{error}");
}

#[test]
fn chips_are_found_by_name() {
    for name in ["ESP32-C61", "esp32c61", "esp32_c61"] {
        assert_eq!(ChipId::from_name(name), Some(ChipId(20)));
    }
    assert_eq!(ChipId::from_name("esp33"), None);
    assert_eq!(ChipId(12).secure_version_bits(), Some(4));
    assert_eq!(ChipId(99).secure_version_bits(), None);
    assert_eq!(ChipId(99).has_memory_at(0), None);
}

#[test]
fn esp8266_images_are_told_from_esp32_ones() {
    let mut v1 = vec![MAGIC, 1, 0, 0x40];
    v1.extend(0x4010_0004u32.to_le_bytes());
    body(&mut v1, &[(0x4010_0000, vec![5; 12])]);
    let image = AppImage::parse(&v1).unwrap();
    assert_eq!((image.format, image.chip_name()), (Format::Esp8266V1, Some("ESP8266")));
    assert_eq!((image.header.flash_bytes(), image.header.flash_mhz()), (Some(4 << 20), Some(40)));
    assert_eq!(image.image_len, v1.len() as u64);
    assert!(image.layout_problems().is_empty());

    let mut v2 = vec![MAGIC_V2, 4, 0, 0x40, 4, 0, 0x10, 0x40, 0, 0, 0, 0, 16, 0, 0, 0];
    v2.extend([8; 16]);
    v2.extend(&v1[..8]);
    body(&mut v2, &[(0x4010_0000, vec![5; 12])]);
    let plain = crc32fast::hash(&v2);
    let crc = if plain >> 31 == 1 { !plain } else { plain + 1 };
    v2.extend(crc.to_le_bytes());
    let image = AppImage::parse(&v2).unwrap();
    assert_eq!((image.format, image.segments.len()), (Format::Esp8266V2, 2));
    assert_eq!(image.segments[0], Segment { load_addr: 0, offset: 16, length: 16 });
    v2[20] = 9;
    assert!(matches!(AppImage::parse(&v2), Err(ImageError::Crc { .. })));
    v2[32] = 0x7F;
    assert!(matches!(AppImage::parse(&v2), Err(ImageError::Magic { offset: 32, .. })));
}

/// A file of the Arduino core for ESP8266: boot loader, fill, application, the two words of `elf2bin.py`.
fn arduino(with_words: bool) -> Vec<u8> {
    let mut file = vec![MAGIC, 1, 0, 0x40];
    file.extend(0x4010_F000u32.to_le_bytes());
    body(&mut file, &[(0x4010_F000, vec![5; 12])]);
    file.resize(0x1000, 0xAA);
    let mut application = vec![MAGIC, 2, 2, 0x40];
    application.extend(0x4010_0004u32.to_le_bytes());
    let mut code = vec![0; 8];
    code.extend([9; 5000]);
    body(&mut application, &[(0x4020_1010, code), (0x4010_0000, vec![6; 32])]);
    file.extend(application);
    if with_words {
        // Bit by bit, as `elf2bin.py` does it.
        let crc = file.iter().fold(u32::MAX, |crc, byte| {
            (0..8).rev().fold(crc, |crc, bit| {
                let out = (crc >> 31) ^ u32::from(byte >> bit & 1);
                (crc << 1) ^ if out == 1 { 0x04C1_1DB7 } else { 0 }
            })
        });
        let length = file.len() as u32;
        file[0x1010..0x1014].copy_from_slice(&length.to_le_bytes());
        file[0x1014..0x1018].copy_from_slice(&crc.to_le_bytes());
    }
    file
}

#[test]
fn the_application_after_an_esp8266_boot_loader_is_checked() {
    for with_words in [true, false] {
        let file = arduino(with_words);
        let image = AppImage::parse(&file).unwrap();
        let Trailing::Second(second) = &image.trailing else { panic!("{:?}", image.trailing) };
        assert_eq!(second.image.header.offset, 0x1000);
        assert_eq!(second.image.segments[0].offset, 0x1010);
        assert_eq!(u64::from(second.core.length) == image.total_len, with_words);
        assert!(image.problems(false).is_empty(), "{:?}", image.problems(false));
        assert_eq!(in_pieces(&file, 77).unwrap(), image);
        // Any cut, and any bit of the application.
        for cut in (0x1000 + 1..file.len()).step_by(97).chain([file.len() - 1]) {
            assert!(AppImage::parse(&file[..cut]).is_err(), "cut at {cut:#x}");
        }
        for at in (0x1000..0x1018).chain((0x1018..file.len() - 16).step_by(61)).chain([file.len() - 1]) {
            // Without the core's CRC nothing covers settings and addresses.
            if !with_words && (0x1002..0x100C).contains(&at) {
                continue;
            }
            let mut damaged = file.clone();
            damaged[at] ^= 0x10;
            let refused = AppImage::read(&damaged)
                .map_or(true, |image| image.problems(false).iter().any(|problem| !problem.is_note()));
            assert!(refused, "{with_words}: byte {at:#x}");
        }
    }
    // One byte of two segments each, so that the checksum holds all the same: the core's CRC does not.
    let mut twice = arduino(true);
    twice[0x1800] ^= 1;
    twice[0x1801] ^= 1;
    let error = AppImage::parse(&twice).unwrap_err();
    assert!(
        matches!(&error, ImageError::Second(inner) if matches!(**inner, ImageError::Crc { offset: 0x1014, .. })),
        "{error}"
    );
    // The checksum made right for the words, as esptool would have it.
    let mut repaired = arduino(true);
    let words = repaired[0x1010..0x1018].iter().fold(0, |sum, byte| sum ^ byte);
    *repaired.last_mut().unwrap() ^= words;
    AppImage::parse(&repaired).unwrap();
    repaired[0x1800] ^= 1;
    repaired[0x1801] ^= 1;
    assert!(AppImage::parse(&repaired).is_err());
    let mut longer = arduino(true);
    longer.extend([0xFF; 16]);
    let error = AppImage::parse(&longer).unwrap_err();
    assert!(
        matches!(&error, ImageError::Second(inner) if matches!(**inner, ImageError::CoreLength { offset: 0x1010, .. })),
        "{error}"
    );
}

#[test]
fn what_no_checksum_of_an_esp8266_file_covers_is_told() {
    // MicroPython's layout: the code that is executed from flash lies at 0x9000.
    let mut file = vec![MAGIC, 1, 0, 0x40];
    file.extend(0x4010_0000u32.to_le_bytes());
    body(&mut file, &[(0x4010_0000, vec![5; 0x2000])]);
    let end = file.len() as u64;
    file.resize(0x9000, 0xFF);
    file.extend([1; 600]);
    let problems = AppImage::parse(&file).unwrap().problems(false);
    assert_eq!(problems, [Problem::NotCovered { offset: end, length: 0x9000 - end + 600 }]);
    assert!(problems[0].is_note() && !problems[0].is_fatal());
}

#[test]
fn an_entry_address_lies_in_a_segment() {
    let good = image(5, &[(0x4038_0000, vec![1; 8])], true);
    for (entry, is_good) in [
        (0x4038_0000u32, true),
        (0x4038_0007, true),
        (0x4038_0008, false),
        (0x4037_FFFC, false),
        (0xDEAD_BEEF, false),
        (0, false),
    ] {
        let mut file = good.clone();
        file[4..8].copy_from_slice(&entry.to_le_bytes());
        let problems = AppImage::read(&file).unwrap().layout_problems();
        assert_eq!(problems.is_empty(), is_good, "{entry:#x}: {problems:?}");
    }
}

#[test]
fn codes_of_the_header_that_stand_for_nothing_are_told() {
    let of = |mode: u8, size: u8| {
        let mut file = image(5, &[(0x4038_0000, vec![1; 8])], true);
        (file[2], file[3]) = (mode, size << 4 | 0xF);
        let problems = AppImage::read(&file).unwrap().problems(false);
        problems
            .into_iter()
            .filter(|problem| matches!(problem, Problem::FlashMode { .. } | Problem::FlashSize { .. }))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(5, 7), []);
    assert_eq!(of(0x77, 2), [Problem::FlashMode { code: 0x77, offset: 2 }]);
    assert_eq!(of(2, 9), [Problem::FlashSize { code: 9, offset: 3 }]);
    // A chip of which only the name is known here says so.
    let unknown = (0..64).map(ChipId).find(|chip| chip.name().is_some() && chip.chip().is_none()).unwrap();
    let file = image(unknown.0, &[(0x4038_0000, vec![1; 8])], true);
    assert!(AppImage::read(&file).unwrap().problems(false).contains(&Problem::NoMemoryMap(unknown)));
}

/// An image that is signed with so many blocks of ECDSA P-256 or RSA-3072, whose key and signature are none.
fn signed(chip: u16, revisions: [u16; 2], block_of: impl Fn(&[u8]) -> Vec<u8>, count: usize) -> Vec<u8> {
    let mut file = image(chip, &[(0x4200_0020, app_descriptor([3; 32]))], false);
    if chip == 0 {
        file = image(chip, &[(0x400D_0020, app_descriptor([3; 32]))], false);
    }
    file[15..17].copy_from_slice(&revisions[0].to_le_bytes());
    file[17..19].copy_from_slice(&revisions[1].to_le_bytes());
    file.resize(0x1000, 0xFF);
    let block = block_of(&file);
    for _ in 0..count {
        let start = file.len();
        file.extend(&block);
        file.resize(start + 1196, 0);
        file.extend(crc32fast::hash(&file[start..]).to_le_bytes());
        file.resize(start + 1216, 0);
    }
    file.resize(0x2000, 0xFF);
    file
}

fn ecdsa(covered: &[u8]) -> Vec<u8> {
    let mut block = vec![0xE7, 3, 0, 0];
    block.extend(Sha256::digest(covered));
    block.push(2);
    block.extend([5; 128]);
    block
}

/// With the modulus 2^3072 - 1, whose constants are 1.
fn rsa(covered: &[u8]) -> Vec<u8> {
    let mut block = vec![0xE7, 2, 0, 0];
    block.extend(Sha256::digest(covered));
    block.extend([0xFF; 384]);
    block.extend(65537u32.to_le_bytes());
    block.push(1);
    block.resize(808, 0);
    block.extend(1u32.to_le_bytes());
    block.extend([7; 384]);
    block
}

#[test]
fn a_damaged_signature_block_is_no_missing_one() {
    for block in [ecdsa, rsa] {
        for count in [1, 2] {
            let chip = if block(&[])[1] == 3 { 12 } else { 9 };
            let good = signed(chip, [0, 99], block, count);
            AppImage::parse(&good).unwrap();
            // Magic, version, hash, reserved, digest, key, signature, CRC, of each block.
            for index in 0..count {
                for at in [0, 1, 2, 3, 4, 35, 36, 100, 812, 1195, 1196, 1199] {
                    for bit in [0, 7] {
                        let mut file = good.clone();
                        file[0x1000 + index * 1216 + at] ^= 1 << bit;
                        let error = AppImage::parse(&file).unwrap_err();
                        let ImageError::SignatureBlock { block, offset, .. } = error else {
                            panic!("{at}: {error}")
                        };
                        assert_eq!((block, offset), (index, 0x1000 + index as u64 * 1216));
                    }
                }
            }
        }
    }
    // Bytes that never were a signature are what they were.
    let mut file = image(9, &[(0x4200_0020, app_descriptor([3; 32]))], true);
    let end = file.len() as u64;
    file.resize(0x1000, 0xFF);
    file.extend([0x5A; 4096]);
    assert_eq!(
        AppImage::parse(&file).unwrap().trailing,
        Trailing::Other { offset: end, length: 0x2000 - end }
    );
}

#[test]
fn a_signature_is_of_a_scheme_its_chip_verifies() {
    let refused = |chip, revisions, block: fn(&[u8]) -> Vec<u8>| match AppImage::parse(&signed(
        chip, revisions, block, 1,
    )) {
        Ok(_) => false,
        Err(ImageError::SignatureScheme { .. }) => true,
        Err(other) => panic!("{other}"),
    };
    // RSA alone, ECDSA alone, both.
    for (chip, with_rsa, with_ecdsa) in [
        (9, true, false),
        (5, true, false),
        (25, true, false),
        (12, false, true),
        (20, false, true),
        (13, true, true),
        (18, true, true),
    ] {
        assert_eq!(refused(chip, [0, 999], rsa), !with_rsa, "RSA on {chip}");
        assert_eq!(refused(chip, [0, 999], ecdsa), !with_ecdsa, "ECDSA on {chip}");
    }
    // The ESP32 verifies RSA from revision v3.0 on.
    assert!(refused(0, [0, 299], rsa));
    assert!(!refused(0, [300, 399], rsa));
    let some = AppImage::parse(&signed(0, [0, 399], rsa, 1)).unwrap().problems(false);
    let late = |problem: &Problem| matches!(problem, Problem::SignatureRevision { since: 300, min: 0, .. });
    assert!(some.iter().any(late), "{some:?}");
    // Secure Boot V1 is the ESP32's.
    let mut file = image(9, &[(0x4200_0020, app_descriptor([3; 32]))], true);
    file.extend([0, 0, 0, 0]);
    file.extend([7; 64]);
    assert!(matches!(AppImage::parse(&file), Err(ImageError::SignatureV1 { .. })));
}

#[test]
fn flash_mapped_segments_must_lie_on_their_page() {
    let problems = |chip, segments: &[(u32, Vec<u8>)]| {
        AppImage::parse(&image(chip, segments, true)).unwrap().layout_problems()
    };
    assert_eq!(problems(5, &[(0x3C00_0020, vec![0; 16])]), []);
    // The C3 has pages of 64 KiB only; the C2 can be built for 32 KiB, and then this address is right.
    assert!(matches!(
        problems(5, &[(0x3C00_8020, vec![0; 16])])[..],
        [LayoutProblem::Unaligned { index: 0, .. }]
    ));
    assert_eq!(problems(12, &[(0x3C00_8020, vec![0; 16])]), []);
    assert!(matches!(
        problems(12, &[(0x3C00_0040, vec![0; 16])])[..],
        [LayoutProblem::Unaligned { page: 0x1_0000, .. }]
    ));
    assert!(matches!(
        problems(5, &[(0x3C00_0020, vec![0; 16]), (0x3C00_0038, vec![0; 16])])[..],
        [LayoutProblem::SharedPage { index: 1, .. }]
    ));
    let mut desc = app_descriptor([1; 32]);
    desc[180] = 15;
    assert!(matches!(problems(5, &[(0x3C00_0020, desc)])[..], [LayoutProblem::PageSize { page: 0x8000 }]));
    // RAM may lie anywhere.
    assert_eq!(problems(5, &[(0x3FC8_0004, vec![0; 16])]), []);
}

/// What a file gives when it comes in pieces.
fn in_pieces(file: &[u8], size: usize) -> Result<AppImage, ImageError> {
    let (mut stream, mut digests) = (Stream::new(), Running::new(false));
    for piece in file.chunks(size) {
        stream.update(piece, &mut digests);
    }
    stream.finish(&digests)
}

/// The same images through `Read`, whose pieces may be of any size as well.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(buffer.len()).min(self.0.len());
        let (now, later) = self.0.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.0 = later;
        Ok(count)
    }
}

proptest! {
    #[test]
    fn pieces_of_any_size_give_the_same(
        kind in 0..4u8, size in 1usize..400, cut: prop::sample::Index, after in proptest::collection::vec(any::<u8>(), 0..100),
        padding in 0usize..9000, flip: Option<prop::sample::Index>,
    ) {
        let mut file = match kind {
            0 => image(5, &[(0x3C00_0020, app_descriptor([3; 32])), (0x3FC8_0000, vec![7; 64]), (0, vec![])], true),
            1 => image(23, &[(0x4200_0020, vec![1; 32])], false),
            _ => {
                let mut file = if kind == 2 {
                    vec![MAGIC_V2, 4, 0, 0x40, 4, 0, 0x10, 0x40, 0, 0, 0, 0, 16, 0, 0, 0].into_iter().chain([8; 16]).collect()
                } else {
                    vec![]
                };
                file.extend([MAGIC, 1, 0, 0x40, 4, 0, 0x10, 0x40]);
                body(&mut file, &[(0x4010_0000, vec![5; 12])]);
                file
            }
        };
        file.resize(file.len() + padding, 0xFF);
        file.extend(after);
        if let Some(at) = flip {
            let at = at.index(file.len().min(200));
            file[at] ^= 0x11;
        }
        let file = &file[..cut.index(file.len() + 1)];
        let whole = AppImage::read(file);
        prop_assert_eq!(&in_pieces(file, size), &whole);
        match (AppImage::read_from(&mut Trickle(file, size)), whole) {
            (Ok(image), Ok(whole)) => prop_assert_eq!(image, whole),
            (Err(ReadError::Format(error)), Err(whole)) => prop_assert_eq!(error, whole),
            (streamed, whole) => prop_assert!(false, "{:?} {:?}", streamed, whole),
        }
    }

    #[test]
    fn any_bytes_give_an_image_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200), magic in 0..3u8) {
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            match magic { 0 => *first = MAGIC, 1 => *first = MAGIC_V2, _ => {} }
        }
        if let Ok(image) = AppImage::read(&bytes) {
            prop_assert!(image.image_len <= image.total_len);
            let _ = (image.layout_problems(), image.verify());
        }
    }

    #[test]
    fn a_sound_image_reads_back_and_no_part_of_it_does(
        lengths in proptest::collection::vec(0usize..40, 1..6), chip in 0u16..40, fill: u8, cut: prop::sample::Index,
    ) {
        let segments: Vec<_> =
            lengths.iter().map(|words| (0x3FC8_0000, vec![fill; words * 4])).collect();
        let file = image(chip, &segments, true);
        let image = AppImage::parse(&file).unwrap();
        prop_assert_eq!(image.segments.iter().map(|s| s.length as usize / 4).collect::<Vec<_>>(), lengths);
        prop_assert!(AppImage::parse(&file[..cut.index(file.len())]).is_err());
    }

    #[test]
    fn a_changed_byte_is_noticed(at in 0usize..1000, bit in 0u8..8) {
        let mut file = image(5, &[(0x3C00_0020, app_descriptor([3; 32])), (0x3FC8_0000, vec![7; 64])], true);
        let at = at % file.len();
        file[at] ^= 1 << bit;
        // Only without its hash flag an image ends before the digest, which is then foreign bytes after it.
        prop_assume!(at != 23);
        prop_assert!(AppImage::parse(&file).is_err(), "byte {}", at);
    }
}
