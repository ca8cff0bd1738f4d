//! What is written is read, and always the same.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use lw_package::lw::{self, Compression, Reader};
use lw_package::{
    DeltaFormat, Expected, Image, ImageKind, Kind, Manifest, MemberProblem, Sha256, WriteError,
};
use proptest::prelude::*;

use crate::common::{Input, expected, noise, sample, unpack, write};

#[test]
fn a_package_holds_what_was_put_in() {
    let inputs = sample();
    let (bytes, package) = write(&inputs, None, 7);
    assert_eq!(Kind::detect(&bytes), Some(Kind::Lw));
    assert_eq!(bytes.len() as u64, package.size);
    let (manifest, collect) = unpack(&bytes).unwrap();
    assert_eq!(manifest, package.manifest);
    assert_eq!(collect.members, expected(&inputs, &manifest));
    let reader = Reader::open(bytes.as_slice()).unwrap();
    assert_eq!(reader.manifest_json(), package.manifest_json);
    assert!(reader.unknown_keys().is_empty() && reader.signature().is_none());
    let image = manifest.image("esp32-s3").unwrap();
    assert_eq!(image.file, "images/esp32-s3.bin.zst");
    assert_eq!(image.sha256, Sha256::of(&b"espressif ".repeat(40)));
    assert!(image.stored_size() < image.size, "it compresses");
    assert!(image.deltas.iter().all(|delta| delta.target_sha256 == image.sha256));
    assert!(manifest.images[1].file.starts_with("images/nrf52840dk_nrf52840~"));
}

#[test]
fn room_that_is_too_little_or_too_much_gives_a_good_package() {
    let inputs = sample();
    let (exact, package) = write(&inputs, None, 99);
    for room in [0, 1, 512, 1024, 4096, 100_000] {
        let (bytes, other) = write(&inputs, Some(room), 99);
        let (manifest, collect) = unpack(&bytes).unwrap();
        assert_eq!(manifest, package.manifest, "room {room}");
        assert_eq!(collect.members, expected(&inputs, &manifest), "room {room}");
        assert_eq!(other.size, bytes.len() as u64, "room {room}");
    }
    assert!(unpack(&exact).is_ok());
}

#[test]
fn members_larger_than_a_buffer_are_moved_whole() {
    let input = Input {
        board: "b".into(),
        compression: Compression::None,
        bytes: noise(400_001, 3),
        deltas: vec![(DeltaFormat::Bsdiff40, vec![1], noise(131_072, 4))],
    };
    let inputs = [input];
    let (bytes, _) = write(&inputs, Some(0), 100_000);
    let (manifest, collect) = unpack(&bytes).unwrap();
    assert_eq!(collect.members, expected(&inputs, &manifest));
}

fn draft() -> Manifest {
    let mut draft = Manifest::new("1");
    draft.images.push(Image::new("a", ImageKind::Binary));
    draft
}

fn writer() -> lw::Writer<Cursor<Vec<u8>>> {
    lw::Writer::new(Cursor::new(Vec::new()), 512).unwrap()
}

#[test]
fn a_file_that_changed_while_it_was_read_is_refused() {
    for (expected, what) in [
        (Expected { size: Some(3), sha256: None }, "size"),
        (Expected { size: Some(4), sha256: Some(Sha256::of(b"dat.")) }, "digest"),
    ] {
        let mut writer = writer();
        let mut image = writer.image("a", Compression::None).unwrap();
        image.write_all(b"data").unwrap();
        let error = image.finish(expected).unwrap_err();
        assert!(matches!(error, WriteError::Size { .. } | WriteError::Digest { .. }), "{what}: {error}");
        assert!(matches!(
            writer.finish(draft()),
            Err(WriteError::Member { problem: MemberProblem::Unfinished, .. })
        ));
    }
}

#[test]
fn who_hashes_a_member_makes_no_difference() {
    let data = noise(300_000, 5);
    for compression in [Compression::None, Compression::Zstd] {
        let package = |by_caller: bool| {
            let mut writer = writer();
            let mut image = writer.image("a", compression).unwrap();
            if by_caller {
                image = image.hashed_by_caller();
            }
            image.write_all(&data).unwrap();
            image.finish(Expected { size: None, sha256: Some(Sha256::of(&data)) }).unwrap();
            writer.finish(draft()).unwrap().0.into_inner()
        };
        assert!(package(true) == package(false), "{compression:?}");
    }
    let mut writer = writer();
    let image = writer.image("a", Compression::None).unwrap().hashed_by_caller();
    let error = image.finish(Expected::default()).unwrap_err();
    assert!(matches!(error, WriteError::Member { problem: MemberProblem::NoDigest, .. }), "{error}");
}

#[test]
fn members_and_manifest_must_go_together() {
    let problem = |writer: lw::Writer<_>, draft| match writer.finish(draft) {
        Err(WriteError::Member { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    assert_eq!(problem(writer(), draft()), MemberProblem::NotWritten);
    let with = |boards: &[&str]| {
        let mut writer = writer();
        for board in boards {
            writer.image(board, Compression::None).unwrap().finish(Expected::default()).unwrap();
        }
        writer
    };
    assert_eq!(problem(with(&["a", "b"]), draft()), MemberProblem::NotDeclared);
    assert_eq!(problem(with(&["0", "a"]), draft()), MemberProblem::NotDeclared);
    assert_eq!(problem(with(&["b"]), draft()), MemberProblem::NotWritten);
    let mut writer = with(&["b"]);
    for board in ["a", "b"] {
        let error = writer.image(board, Compression::None).unwrap_err();
        assert!(matches!(error, WriteError::Member { problem: MemberProblem::Order, .. }), "{error}");
    }
}

#[test]
fn an_empty_image_and_an_empty_manifest() {
    let empty =
        Input { board: "a".into(), compression: Compression::Zstd, bytes: Vec::new(), deltas: Vec::new() };
    let inputs = [empty];
    let (bytes, _) = write(&inputs, None, 1);
    let (manifest, collect) = unpack(&bytes).unwrap();
    assert_eq!(collect.members, expected(&inputs, &manifest));
    assert!(matches!(writer().finish(Manifest::new("1")), Err(WriteError::Manifest(_))), "no image");
}

/// A target that fails after some bytes.
#[derive(Debug)]
struct Full {
    inner: Cursor<Vec<u8>>,
    left: usize,
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.left);
        self.left -= count;
        if count == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.inner.write(bytes.get(..count).unwrap_or_default())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Full {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

impl Seek for Full {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

#[test]
fn a_full_disk_is_said_wherever_it_gets_full() {
    let whole = |left, compression| -> Result<(), WriteError> {
        let mut writer = lw::Writer::new(Full { inner: Cursor::new(Vec::new()), left }, 0)?;
        let mut image = writer.image("a", compression)?;
        image.copy(b"data".repeat(100).as_slice())?;
        image.finish(Expected::default())?;
        writer.finish(draft()).map(|_| ())
    };
    let enough = (0..).find(|left| whole(*left, Compression::None).is_ok()).unwrap();
    assert!(enough > 2048);
    for left in 0..enough {
        let result = whole(left, Compression::None);
        assert!(matches!(result, Err(WriteError::Io(_))), "{left} of {enough}");
    }
    // A compressor is slow to begin, so not at every byte.
    for left in [0, 10, 100, 512, 1000] {
        assert!(matches!(whole(left, Compression::Zstd), Err(WriteError::Io(_))), "{left}");
    }
}

fn input() -> impl Strategy<Value = Input> {
    let delta = (
        prop_oneof![
            Just(DeltaFormat::DetoolsHeatshrink),
            Just(DeltaFormat::EspDelta),
            Just(DeltaFormat::Bsdiff40)
        ],
        prop::collection::vec(any::<u8>(), 1..9),
        prop::collection::vec(any::<u8>(), 0..2000),
    );
    (
        "[a-z0-9:/ é._-]{1,80}",
        prop_oneof![Just(Compression::None), Just(Compression::Zstd)],
        prop::collection::vec(any::<u8>(), 10..3000),
        prop::collection::vec(delta, 0..4),
    )
        .prop_map(|(board, compression, bytes, mut deltas)| {
            deltas.sort();
            deltas.dedup_by_key(|(format, base, _)| (*format, base.clone()));
            Input { board, compression, bytes, deltas }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn read_gives_what_was_written(
        mut inputs in prop::collection::vec(input(), 1..5),
        room in prop::option::of(0_u64..5000),
        piece in 1_usize..5000,
    ) {
        inputs.sort_by(|a, b| a.board.cmp(&b.board));
        inputs.dedup_by_key(|input| input.board.clone());
        let (bytes, package) = write(&inputs, room, piece);
        let (manifest, collect) = unpack(&bytes).unwrap();
        prop_assert_eq!(&manifest, &package.manifest);
        prop_assert_eq!(collect.members, expected(&inputs, &manifest));
        inputs.reverse();
        let (again, _) = write(&inputs, room, 777);
        prop_assert!(again == bytes, "another order or other pieces, other bytes");
        let parsed = Manifest::parse(&package.manifest_json).unwrap();
        prop_assert_eq!(parsed.manifest, package.manifest);
        prop_assert!(parsed.unknown.is_empty());
    }
}
