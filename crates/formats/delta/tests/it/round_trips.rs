//! What is made of a base and its patch is the target, and the patch says of itself what it is.

use lw_delta::detools::Compression;
use lw_delta::heatshrink::{self, Parameters};
use lw_delta::{Encoding, Format, Script, create, describe, esp};
use lw_testkit::git::Random;
use proptest::prelude::*;

use crate::common::{LIMIT, applied, encodings, image, pair};

fn check(base: &[u8], target: &[u8], encoding: &Encoding) {
    let patch = create(base, target, encoding).unwrap();
    let (made, info) = applied(&patch, base);
    assert!(made == target, "{encoding:?}");
    assert_eq!(Format::detect(&patch).unwrap(), encoding.format());
    assert_eq!(describe(&patch, LIMIT).unwrap(), info);
    // Without steps there is nothing compressed, and no parameters.
    if !target.is_empty() {
        assert_eq!(info.encoding, *encoding);
    }
    assert_eq!((info.patch_size, info.target_size), (patch.len() as u64, target.len() as u64));
    assert_eq!(info.diff_bytes + info.extra_bytes, info.target_size);
}

#[test]
fn firmware_is_made_again() {
    for seed in 0..60 {
        let (base, target) = pair(seed);
        for encoding in encodings() {
            check(&base, &target, &encoding);
        }
    }
}

#[test]
fn the_smallest_inputs() {
    let inputs: [&[u8]; 5] = [b"", b"\0", b"a", b"ab", b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"];
    for base in inputs {
        for target in inputs {
            for encoding in encodings() {
                check(base, target, &encoding);
            }
        }
    }
}

#[test]
fn identical_files_need_next_to_nothing() {
    let image = image(&mut Random::new(3), 100_000);
    let script = Script::between(&image, &image, Format::DetoolsHeatshrink).unwrap();
    assert_eq!(script.steps().len(), 1);
    // 100,000 zeros in copies of 128, at sixteen bits.
    let patch = script.write(&Encoding::Detools(Compression::Heatshrink(Parameters::default())));
    assert!(patch.len() < 1600, "{}", patch.len());
    assert!(script.write(&Encoding::Bsdiff40).len() < 150);
}

#[test]
fn an_insertion_costs_what_is_inserted() {
    let mut random = Random::new(4);
    let base = image(&mut random, 200_000);
    let mut target = base.clone();
    let inserted = image(&mut random, 40);
    target.splice(70_001..70_001, inserted.iter().copied());
    let script = Script::between(&base, &target, Format::DetoolsHeatshrink).unwrap();
    let steps = script.steps();
    assert_eq!(steps.len(), 2, "{steps:?}");
    assert!(steps[0].extra <= 40 && steps[0].seek <= 0, "{steps:?}");
}

#[test]
fn a_part_that_moved_is_found_on_both_sides() {
    let base = image(&mut Random::new(5), 60_000);
    let target = [&base[20_000..40_000], &base[..20_000], &base[40_000..]].concat();
    for format in [Format::DetoolsHeatshrink, Format::Bsdiff40] {
        let script = Script::between(&base, &target, format).unwrap();
        let extra: usize = script.steps().iter().map(|step| step.extra).sum();
        assert!(extra < 16 && script.steps().len() <= 4, "{format}: {:?}", script.steps());
    }
}

#[test]
fn the_esp_header_binds_the_base() {
    let patch = create(b"base", b"target", &Encoding::esp_delta([0xAB; 32])).unwrap();
    assert_eq!(patch[..4], [0x10, 0xDE, 0xCD, 0xFC]);
    assert_eq!(patch[4..36], [0xAB; 32]);
    assert_eq!(patch[36..64], [0; 28]);
    let header = esp::Header::read(&patch).unwrap();
    assert!(header.check(&[0xAB; 32]).is_ok());
    let error = header.check(&[0xAC; 32]).unwrap_err();
    assert!(error.to_string().contains("abab") && error.to_string().contains("acac"), "{error}");
}

#[test]
fn without_heatshrink_there_is_one_way_and_detools_writes_the_same_bytes() {
    // Made with `detools create_patch` 0.53.0.
    let known: [(&str, &[u8], &[u8]); 7] = [
        ("none", b"hello", b"\x00\x05\x00\x00\x05hello\x00"),
        ("none", b"", b"\x00\x00"),
        ("crle", b"hello", b"\x02\x05\x00\x09\x00\x00\x05hello\x00"),
        ("crle", &[0; 300], b"\x02\xac\x04\x00\x04\x00\x00\xac\x04\x01\xad\x02\x00"),
        ("heatshrink", b"", b"\x04\x00"),
        ("heatshrink", b"hello", b"\x04\x05\x44\x80\x40\x20\xb6\x8b\x2d\xb2\xd9\x6f\x80\x00"),
        (
            "heatshrink",
            b"hello world, hello there",
            b"\x04\x18\x44\x80\x40\x23\x16\x8b\x2d\xb2\xd9\x6f\x90\x5d\xed\xf7\x2b\x65\x92\x59\x20\x06\x05\xba\x5a\x2c\xb7\x2b\x2c\x00",
        ),
    ];
    for (name, target, patch) in known {
        let compression = match name {
            "none" => Compression::None,
            "crle" => Compression::Crle,
            _ => Compression::Heatshrink(Parameters::default()),
        };
        let ours = create(b"", target, &Encoding::Detools(compression)).unwrap();
        assert_eq!(applied(patch, b"").0, target);
        match compression {
            // Its copies are chosen greedily, ours are not.
            Compression::Heatshrink(_) => assert!(ours.len() <= patch.len(), "{ours:x?}"),
            _ => assert_eq!(ours, patch, "{name}"),
        }
    }
}

fn shared_pieces() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..80),
        prop::collection::vec(0u8..3, 0..60),
        (any::<u8>(), 0usize..200).prop_map(|(byte, length)| vec![byte; length]),
    ];
    let pieces = prop::collection::vec(piece, 1..8);
    let order = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12);
    (pieces, order).prop_map(|(pieces, order)| {
        let mut target = Vec::new();
        for (index, change) in order {
            let start = target.len();
            target.extend_from_slice(index.get::<Vec<u8>>(&pieces));
            if change < 128
                && let Some(byte) = target[start..].first_mut()
            {
                *byte = byte.wrapping_add(change);
            }
        }
        (pieces.concat(), target)
    })
}

fn any_encoding() -> impl Strategy<Value = Encoding> {
    let parameters = (4u8..=15, 3u8..15)
        .prop_filter_map("out of range", |(window, lookahead)| Parameters::new(window, lookahead));
    prop_oneof![
        prop::sample::select(encodings().to_vec()),
        parameters.prop_map(|parameters| Encoding::Detools(Compression::Heatshrink(parameters))),
    ]
}

proptest! {
    #[test]
    fn anything_is_made_again((base, target) in shared_pieces(), encoding in any_encoding()) {
        check(&base, &target, &encoding);
    }

    #[test]
    fn heatshrink_gives_back_what_it_was_given(data: Vec<u8>, window in 4u8..=15, lookahead in 3u8..15) {
        if let Some(parameters) = Parameters::new(window, lookahead) {
            let mut packed = Vec::new();
            heatshrink::compress(&data, parameters, &mut packed);
            prop_assert_eq!(heatshrink::decompress(&packed, parameters, data.len()).unwrap(), data);
        }
    }
}
