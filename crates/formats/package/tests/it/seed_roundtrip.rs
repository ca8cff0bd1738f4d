//! What is written is read, whatever the texts and the pieces.

use std::io::{self, Cursor, Read, Write};

use lw_package::seed::{self, Release, Writer, read};
use lw_package::{Kind, Manifest, MemberProblem, Sha256, WriteError};
use proptest::prelude::*;

use crate::common::noise;

fn write(release: &Release<'_>, firmware: &[u8], piece: usize) -> (Vec<u8>, seed::Manifest) {
    let mut writer = Writer::new(Cursor::new(Vec::new()), release, firmware.len() as u64).unwrap();
    for piece in firmware.chunks(piece) {
        writer.write_all(piece).unwrap();
    }
    let (file, manifest) = writer.finish(None).unwrap();
    (file.into_inner(), manifest)
}

#[test]
fn a_package_starts_where_its_target_stands() {
    let mut file = Cursor::new(b"before".to_vec());
    file.set_position(6);
    let mut writer = Writer::new(file, &Release::new("1", "b"), 3).unwrap();
    assert_eq!(writer.copy(&b"\x00\x01\xFF"[..]).unwrap(), 3);
    let (mut file, manifest) = writer.finish(Some(Sha256::of(b"\x00\x01\xFF"))).unwrap();
    file.write_all(b"after").unwrap();
    let bytes = file.into_inner();
    let package = bytes.strip_prefix(b"before").unwrap().strip_suffix(b"after").unwrap();
    assert_eq!(read(package, io::sink()).unwrap().manifest, manifest);
    assert_eq!(package, write(&Release::new("1", "b"), b"\x00\x01\xFF", 1).0);
}

#[test]
fn who_hashes_the_firmware_makes_no_difference() {
    let release = Release::new("1", "b");
    let new = || Writer::new(Cursor::new(Vec::new()), &release, 3).unwrap().hashed_by_caller();
    let mut writer = new();
    writer.write_all(b"abc").unwrap();
    let (file, manifest) = writer.finish(Some(Sha256::of(b"abc"))).unwrap();
    assert_eq!((file.into_inner(), manifest), write(&release, b"abc", 3));
    let mut writer = new();
    writer.write_all(b"abc").unwrap();
    assert!(matches!(writer.finish(None), Err(WriteError::Member { problem: MemberProblem::NoDigest, .. })));
}

#[test]
fn what_a_release_says_stands_in_the_manifest() {
    let release = Release {
        minimum_version: "0.9",
        release_notes: Some("Faster.\n\n* a\n* b"),
        ..Release::new("1.0", "b")
    };
    let (bytes, manifest) = write(&release, b"x", 1);
    assert_eq!(Kind::detect(&bytes), Some(Kind::Seed));
    assert_eq!(manifest.minimum_version, "0.9");
    assert_eq!(manifest.release_notes, "Faster.\n\n* a\n* b");
    let lw = Manifest::from(&manifest);
    lw.check().unwrap();
    assert_eq!(lw.images[0].sha256, Sha256::of(b"x"));
    assert_eq!(Release::new("1.0", "b").minimum_version, "1.0.0", "as the script has it");
}

#[test]
fn a_firmware_that_changed_while_it_was_read_is_refused() {
    let finish = |size, expected| {
        let mut writer = Writer::new(Cursor::new(Vec::new()), &Release::new("1", "b"), size).unwrap();
        writer.write_all(b"firmware").unwrap();
        writer.finish(expected).map(|_| ())
    };
    assert!(finish(8, Some(Sha256::of(b"firmware"))).is_ok());
    assert!(matches!(finish(7, None), Err(WriteError::Size { declared: 7, found: 8, .. })));
    assert!(matches!(finish(9, None), Err(WriteError::Size { declared: 9, found: 8, .. })));
    assert!(matches!(finish(8, Some(Sha256::ZERO)), Err(WriteError::Digest { .. })));
}

#[test]
fn a_source_that_fails_is_named() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("pulled out"))
        }
    }
    let mut writer = Writer::new(Cursor::new(Vec::new()), &Release::new("1", "b"), 1).unwrap();
    let error = writer.copy(Broken).unwrap_err();
    assert_eq!(error.to_string(), "cannot read the firmware: pulled out");
}

/// Gives a few bytes at a time, so that every token is cut somewhere.
struct Drip<'bytes>(&'bytes [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(buffer.len());
        self.0.read(&mut buffer[..count])
    }
}

#[test]
fn pieces_of_any_size_are_read_and_written_alike() {
    let firmware = noise(200_003, 2);
    let (whole, _) = write(&Release::new("1", "b"), &firmware, usize::MAX);
    for piece in [1, 7, 4096, 16384, 131_073] {
        assert!(write(&Release::new("1", "b"), &firmware, piece).0 == whole, "pieces of {piece}");
        let mut back = Vec::new();
        read(Drip(&whole, piece), &mut back).unwrap();
        assert!(back == firmware, "pieces of {piece}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn read_gives_what_was_written(
        texts in prop::collection::vec(any::<String>(), 4),
        firmware in prop::collection::vec(any::<u8>(), 0..5000),
        piece in 1_usize..6000,
    ) {
        let [version, board, minimum_version, notes] = texts.as_slice() else { unreachable!() };
        let release = Release { minimum_version, release_notes: Some(notes), ..Release::new(version, board) };
        let (bytes, manifest) = write(&release, &firmware, piece);
        prop_assert!(bytes.is_ascii());
        let mut back = Vec::new();
        let package = read(Drip(&bytes, piece), &mut back).unwrap();
        prop_assert_eq!(&package.manifest, &manifest);
        prop_assert_eq!([&manifest.version, &manifest.board, &manifest.minimum_version, &manifest.release_notes],
            [version, board, minimum_version, notes]);
        prop_assert!(back == firmware);
        prop_assert!(write(&release, &firmware, 5).0 == bytes);
    }
}
