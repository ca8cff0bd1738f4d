//! Patches that are damaged, lie about sizes, or are for another base.

use std::io::{self, Write};

use bzip2::Compression;
use bzip2::write::BzEncoder;
use lw_delta::{
    ApplyError, Encoding, Format, Part, PatchError, Problem, Rest, Unsupported, apply, create, describe,
};
use lw_model::Diagnose;
use lw_testkit::git::Random;
use proptest::prelude::*;

use crate::common::{LIMIT, encodings, image, release};

fn error(patch: &[u8], base: &[u8]) -> PatchError {
    match apply(patch, base, LIMIT, &mut io::sink()) {
        Err(ApplyError::Patch(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn small_pair() -> (Vec<u8>, Vec<u8>) {
    let mut random = Random::new(11);
    let base = image(&mut random, 1500);
    let target = release(&mut random, &base, 12);
    (base, target)
}

#[test]
fn every_truncation_is_an_error() {
    let (base, target) = small_pair();
    for encoding in encodings() {
        let patch = create(&base, &target, &encoding).unwrap();
        for length in 0..patch.len() {
            let error = error(&patch[..length], &base);
            assert!(error.offset <= length as u64, "{encoding:?} {length}: {error}");
            assert!(error.hint().is_some());
        }
    }
}

#[test]
fn every_damaged_byte_is_an_error_or_makes_a_target_of_the_declared_size() {
    let (base, target) = small_pair();
    for encoding in encodings() {
        let patch = create(&base, &target, &encoding).unwrap();
        for place in 0..patch.len() {
            for change in [0x01, 0x80, 0xFF] {
                let mut damaged = patch.clone();
                damaged[place] ^= change;
                let mut made = Vec::new();
                let described = describe(&damaged, 1 << 20);
                match apply(&damaged, &base, 1 << 20, &mut made) {
                    Ok(info) => {
                        assert_eq!(made.len() as u64, info.target_size);
                        assert_eq!(described, Ok(info));
                    }
                    Err(ApplyError::Patch(error)) => assert!(error.offset <= patch.len() as u64, "{error}"),
                    Err(other) => panic!("{other}"),
                }
            }
        }
    }
}

#[test]
fn what_follows_a_patch_is_refused() {
    let (base, target) = small_pair();
    for encoding in encodings() {
        for more in [&b"\0"[..], b"\0\0\0\0\0\0\0\0", b"more"] {
            let patch = [&create(&base, &target, &encoding).unwrap(), more].concat();
            let error = error(&patch, &base);
            assert!(matches!(error.problem, Problem::Trailing(_)), "{encoding:?}: {error}");
        }
    }
    assert_eq!(error(b"\x04\x00\x00", b"").problem, Problem::Trailing(Rest::Bytes(1)));
}

#[test]
fn a_base_that_is_too_short_is_not_read_beyond_its_end() {
    let (base, target) = small_pair();
    for encoding in encodings() {
        let patch = create(&base, &target, &encoding).unwrap();
        let error = error(&patch, &base[..100]);
        assert!(matches!(error.problem, Problem::OutsideBase { base: 100, .. }), "{error}");
        assert_eq!(error.hint().unwrap(), "use the base the patch was made from");
    }
}

#[test]
fn a_target_larger_than_the_limit_is_refused_before_anything_is_written() {
    let (base, target) = small_pair();
    for encoding in encodings() {
        let patch = create(&base, &target, &encoding).unwrap();
        let mut made = Vec::new();
        let limit = target.len() as u64 - 1;
        let error = apply(&patch, &base, limit, &mut made).unwrap_err();
        let size = limit + 1;
        assert!(
            matches!(&error, ApplyError::Patch(error) if error.problem == Problem::TargetTooLarge { size, limit }),
            "{error}"
        );
        assert!(made.is_empty());
        assert!(apply(&patch, &base, size, &mut made).is_ok());
    }
}

#[test]
fn sizes_that_are_declared_take_no_memory() {
    // 2^62 bytes of target, of difference or of new data would end the process.
    let huge = b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01";
    let patches: [(Vec<u8>, Problem); 3] = [
        ([b"\x00", &huge[..], b"\x00"].concat(), Problem::Truncated(Part::DiffSize)),
        ([b"\x00", &huge[..], b"\x00\x00", &huge[..]].concat(), Problem::Truncated(Part::Extra)),
        (
            [b"\x00", &huge[..], b"\x00", &huge[..], b"abc"].concat(),
            Problem::OutsideBase { from: 0, to: 1 << 62, base: 4 },
        ),
    ];
    for (patch, problem) in patches {
        match apply(&patch, b"base", u64::MAX, &mut io::sink()) {
            Err(ApplyError::Patch(error)) => assert_eq!(error.problem, problem),
            other => panic!("{other:?}"),
        }
    }
    // The same in run-length segments: one of 2^62 zeros.
    let segment = [&b"\x02\x05\x01"[..], b"\x80\x80\x80\x80\x80\x80\x80\x80\x40", b"\x00"].concat();
    assert!(matches!(error(&segment, b"base").problem, Problem::NoProgress(_)));
}

#[test]
fn sizes_are_checked_against_what_is_left_of_the_target() {
    let cases: [(&[u8], Problem); 5] = [
        (b"\x00\x05\x00\x06", Problem::Overrun { part: Part::DiffSize, size: 6, left: 5 }),
        (b"\x00\x05\x00\x03\0\0\0\x03", Problem::Overrun { part: Part::ExtraSize, size: 3, left: 2 }),
        (b"\x00\x05\x00\x41", Problem::Negative { part: Part::DiffSize, value: -1 }),
        (b"\x00\x45", Problem::Unknown { start: "0045".into() }),
        (b"\x00\x05\x00\x00\x00\x41\x01", Problem::OutsideBase { from: -1, to: 0, base: 4 }),
    ];
    for (patch, problem) in cases {
        assert_eq!(error(patch, b"base").problem, problem, "{patch:x?}");
    }
}

/// A patch of bsdiff with these sections.
fn bsdiff(control: &[i64], diff: &[u8], extra: &[u8], target_size: u64) -> Vec<u8> {
    let pack = |bytes: &[u8]| {
        let mut encoder = BzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let number = |value: i64| (value.unsigned_abs() | if value < 0 { 1 << 63 } else { 0 }).to_le_bytes();
    let control = pack(&control.iter().flat_map(|value| number(*value)).collect::<Vec<u8>>());
    let (diff, extra) = (pack(diff), pack(extra));
    let mut patch = b"BSDIFF40".to_vec();
    patch.extend((control.len() as u64).to_le_bytes());
    patch.extend((diff.len() as u64).to_le_bytes());
    patch.extend(target_size.to_le_bytes());
    [patch, control, diff, extra].concat()
}

#[test]
fn bsdiff_sections_are_held_to_their_sizes() {
    let good = bsdiff(&[2, 1, -2, 1, 0, 0], &[0; 3], b"x", 4);
    let mut made = Vec::new();
    apply(&good, b"ab", LIMIT, &mut made).unwrap();
    assert_eq!(made, b"abxa");
    let cases = [
        (bsdiff(&[2, 1, -2, 1, 0, 0], &[0; 4], b"x", 4), Problem::Trailing(Rest::Data(Part::DiffSection))),
        (bsdiff(&[2, 1, -2, 1, 0, 0], &[0; 3], b"xy", 4), Problem::Trailing(Rest::Data(Part::ExtraSection))),
        (bsdiff(&[2, 1, -2, 1, 0, 0, 0], &[0; 3], b"x", 4), Problem::Trailing(Rest::Data(Part::Control))),
        (bsdiff(&[2, 1, -2, 1, 0], &[0; 3], b"x", 4), Problem::Truncated(Part::Seek)),
        (bsdiff(&[2, 1, -2], &[0; 3], b"x", 4), Problem::Truncated(Part::DiffSize)),
        (bsdiff(&[2, 1, -2, 1, 0, 0], &[0; 2], b"x", 4), Problem::Truncated(Part::Diff)),
        (bsdiff(&[2, 1, -3, 1, 0, 0], &[0; 3], b"x", 4), Problem::OutsideBase { from: -1, to: 0, base: 2 }),
        (
            bsdiff(&[2, i64::MIN, 0], &[0; 3], b"x", 4),
            // The sign alone is zero, so nothing is written and the next step is missing.
            Problem::Truncated(Part::DiffSize),
        ),
        (
            bsdiff(&[0, 1, i64::MAX, 0, 1, i64::MAX, 1, 0, 0], &[0; 3], b"xy", 4),
            Problem::Overflow(Part::Seek),
        ),
        (bsdiff(&[-1, 1, 0], &[0; 3], b"x", 4), Problem::Negative { part: Part::DiffSize, value: -1 }),
    ];
    for (patch, problem) in cases {
        assert_eq!(error(&patch, b"ab").problem, problem);
    }
    let mut lying = good.clone();
    lying[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(error(&lying, b"ab").problem, Problem::Negative { part: Part::Control, .. }));
    lying[8..16].copy_from_slice(&(1u64 << 60).to_le_bytes());
    let left = good.len() as u64 - 32;
    assert_eq!(error(&lying, b"ab").problem, Problem::Section { part: Part::Control, size: 1 << 60, left });
}

#[test]
fn steps_that_write_nothing_come_to_an_end() {
    // A few dozen bytes of bzip2 hold a million empty steps.
    let bomb = bsdiff(&vec![0; 3_000_000], b"", b"", 1 << 40);
    assert!(bomb.len() < 300, "{}", bomb.len());
    match apply(&bomb, b"", u64::MAX, &mut io::sink()) {
        Err(ApplyError::Patch(error)) => assert!(matches!(error.problem, Problem::NoProgress(_)), "{error}"),
        other => panic!("{other:?}"),
    }
    // Some are made by bsdiff itself, before the first byte.
    let patch = bsdiff(&[0, 0, 2, 1, 0, 0], &[0], b"", 1);
    let mut made = Vec::new();
    apply(&patch, b"abc", LIMIT, &mut made).unwrap();
    assert_eq!(made, b"c");
}

#[test]
fn known_kinds_that_are_not_read_are_named() {
    let cases: [(&[u8], Unsupported, &str); 7] = [
        (b"\x14\x80\x01", Unsupported::InPlace, "in-place"),
        (b"\x24\x80\x01", Unsupported::HdiffPatch, "hdiffpatch"),
        (b"\x01\x05", Unsupported::Compression("lzma"), "lzma"),
        (b"\x03\x05", Unsupported::Compression("bz2"), "bz2"),
        (b"\x05\x05", Unsupported::Compression("zstd"), "zstd"),
        (b"\x06\x05", Unsupported::Compression("lz4"), "lz4"),
        (b"\x00\x05\x01", Unsupported::DataFormat, "data format"),
    ];
    for (patch, unsupported, word) in cases {
        let error = error(patch, b"base");
        assert_eq!(error.problem, Problem::Unsupported(unsupported));
        assert!(error.to_string().contains(word), "{error}");
        assert!(error.hint().unwrap().starts_with("make it again"));
    }
}

#[test]
fn other_files_are_not_patches() {
    for other in
        [&b"\x7FELF\x01\x01\x01\0"[..], b"\xE9\x05\x02\x20", b"PK\x03\x04", b"{\"manifest\": 1}", b"\x07\x05"]
    {
        assert!(matches!(Format::detect(other).unwrap_err().problem, Problem::Unknown { .. }), "{other:?}");
    }
    assert_eq!(Format::detect(b"").unwrap_err().problem, Problem::Empty);
    // A window of 2^16 and a lookahead as large as the window do not exist.
    assert!(Format::detect(b"\x04\x05\xC4").is_err());
    assert!(Format::detect(b"\x04\x05\x45").is_err());
    assert!(Format::detect(b"\x04\x05\x44").is_ok());
}

#[test]
fn the_reserved_bytes_of_the_esp_header_are_zero() {
    let mut patch = create(b"base", b"target", &Encoding::esp_delta([1; 32])).unwrap();
    patch[40] = 1;
    let error = error(&patch, b"base");
    assert_eq!((error.offset, error.problem), (40, Problem::Reserved));
}

/// Takes so many bytes and then no more.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.0);
        self.0 -= count;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_target_that_cannot_be_written_is_not_the_patchs_mistake() {
    let (base, target) = small_pair();
    let patch = create(&base, &target, &encodings()[2]).unwrap();
    let error = apply(&patch, &base, LIMIT, &mut Full(10)).unwrap_err();
    assert!(matches!(error, ApplyError::Write(_)), "{error}");
}

proptest! {
    #[test]
    fn no_bytes_are_too_strange(start in prop::sample::select(vec![
        &b"\x00"[..], b"\x02", b"\x04\x85\x20\x44", b"BSDIFF40", b"\x10\xDE\xCD\xFC", b"",
    ]), rest: Vec<u8>, base: Vec<u8>) {
        let patch = [start, &rest].concat();
        let mut made = Vec::new();
        if let Ok(info) = apply(&patch, &base, 1 << 16, &mut made) {
            prop_assert_eq!(made.len() as u64, info.target_size);
        }
    }
}
