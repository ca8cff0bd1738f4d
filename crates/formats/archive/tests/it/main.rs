//! Archives that somebody means well by, and others.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail as tests do")]

use std::io::{Cursor, Write as _};

use lw_archive::{ArchiveError, Bounds, File, unzip};
use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const BOUNDS: Bounds =
    Bounds { archive: 1 << 20, entries: 10, file: 300_000, total: 500_000, ratio: 100, name: 60 };

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::DEFLATE)
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, options()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn read(bytes: &[u8]) -> Result<Vec<File>, ArchiveError> {
    let mut files = Vec::new();
    unzip(bytes, &BOUNDS, |file| {
        files.push(file);
        Ok::<(), ArchiveError>(())
    })?;
    Ok(files)
}

/// Bytes that hardly pack.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1u32;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u8::try_from(state >> 24).unwrap()
    })
    .take(length)
    .collect()
}

#[test]
fn files_are_read_in_their_order() {
    let files = read(&archive(&[("b/size.json", b"{}"), ("a.json", b"")])).unwrap();
    assert_eq!(files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["b/size.json", "a.json"]);
    assert_eq!(files[0].bytes, b"{}");
    assert_eq!(read(&archive(&[])).unwrap(), []);
}

#[test]
fn a_bomb_goes_off_nowhere() {
    let zeros = vec![0; 250_000];
    assert_eq!(
        read(&archive(&[("a.json", &zeros)])),
        Err(ArchiveError::Bomb { name: "a.json".into(), ratio: 100 })
    );
    let long = noise(300_001);
    assert!(matches!(read(&archive(&[("a.json", &long)])), Err(ArchiveError::TooLong { .. })));
    let half = noise(260_000);
    assert!(matches!(
        read(&archive(&[("a.json", &half), ("b.json", &half)])),
        Err(ArchiveError::TooLong { .. })
    ));
    let many: Vec<String> = (0..11).map(|at| format!("{at}.json")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert_eq!(read(&archive(&many)), Err(ArchiveError::TooMany { most: 10 }));
    assert_eq!(read(&vec![0; (1 << 20) + 1]), Err(ArchiveError::TooLarge { most: 1 << 20 }));
    // What the archive says of a length is not believed.
    let mut lying = archive(&[("a.json", &zeros)]);
    let said = 250_000u32.to_le_bytes();
    while let Some(at) = lying.windows(4).position(|window| window == said) {
        lying[at..at + 4].copy_from_slice(&5u32.to_le_bytes());
    }
    assert!(read(&lying).is_err());
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in
        ["../a.json", "/etc/passwd", "a/../b", "a\\b", "C:a", "a//b", "./a", "a\nb", "", &"x".repeat(61)]
    {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file(name, options()).unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        assert!(matches!(read(&bytes), Err(ArchiveError::Name { .. })), "{name}");
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("a.json", "/etc/passwd", options()).unwrap();
    assert!(matches!(read(&writer.finish().unwrap().into_inner()), Err(ArchiveError::Kind { .. })));
}

#[test]
fn what_is_no_archive_is_told() {
    assert_eq!(read(b"## Passed"), Err(ArchiveError::NotZip));
    assert_eq!(read(b""), Err(ArchiveError::NotZip));
}

const CONTENT: &[u8] = b"{\"schema\": \"lw-report/1\"}";

proptest! {
    #[test]
    fn no_part_of_an_archive_is_taken_for_it(at in 0usize..120, byte: u8) {
        let whole = archive(&[("a.json", CONTENT)]);
        if at < whole.len() {
            prop_assert!(read(&whole[..at]).is_err());
            let mut changed = whole.clone();
            changed[at] = byte;
            // Refused, or read without harm; content that does not fit its checksum never is.
            if let Ok(files) = read(&changed) {
                prop_assert!(files.iter().all(|file| file.bytes == CONTENT));
            }
        }
    }

    #[test]
    fn any_bytes_end_in_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
    }
}
