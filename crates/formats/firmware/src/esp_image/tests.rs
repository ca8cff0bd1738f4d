use proptest::prelude::*;

use super::*;

/// An image as `esptool elf2image` would write it, from segments that need no alignment.
fn image(chip: u16, segments: &[(u32, Vec<u8>)], hash: bool) -> Vec<u8> {
    let mut file = vec![MAGIC, segments.len() as u8, 2, 0x2F];
    file.extend(0x4038_0000u32.to_le_bytes());
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
    assert_eq!((image.header.entry, image.header.segment_count), (0x4038_0000, 2));
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
    // Bootloader at 0, as on the C3, and at 0x1000 behind erased flash, as on the ESP32.
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
            stream.finish().and_then(|image| image.verify()),
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

    // Boot loader, fill, application: one file of the Arduino core.
    let mut arduino = v1.clone();
    arduino.resize(0x1000, 0xAA);
    arduino.extend(&v1);
    let image = AppImage::parse(&arduino).unwrap();
    assert_eq!(image.trailing, Trailing::Image { offset: 0x1000 });
    assert_eq!(image.total_len, arduino.len() as u64);

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
    stream.finish()
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
        kind in 0..4u8, size in 1usize..400, cut: prop::sample::Index, behind in proptest::collection::vec(any::<u8>(), 0..100),
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
        file.extend(behind);
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
        // Only without its hash flag an image ends before the digest, which is then foreign bytes behind it.
        prop_assume!(at != 23);
        prop_assert!(AppImage::parse(&file).is_err(), "byte {}", at);
    }
}
