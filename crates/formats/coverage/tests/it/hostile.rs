//! No report makes the reader panic, whatever was done to it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic here is a failing test")]

use std::fs;
use std::path::Path;

use lw_coverage::write::{CoberturaOptions, Dialect, cobertura, lcov};
use lw_coverage::{Metric, read, read_from};
use proptest::prelude::*;
use proptest::sample::Index;

/// Reports of all formats, small enough to be changed everywhere.
fn reports() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut paths: Vec<_> = fs::read_dir(root)
        .unwrap()
        .flatten()
        .filter(|folder| folder.path().is_dir() && folder.file_name() != "sources")
        .flat_map(|folder| fs::read_dir(folder.path()).unwrap().flatten())
        .map(|entry| entry.path())
        .collect();
    paths.retain(|path| !path.to_string_lossy().ends_with(".expected.json"));
    lw_model::lists::sort(&mut paths);
    paths.iter().map(|path| fs::read(path).unwrap()).filter(|bytes| bytes.len() < 6_000).collect()
}

/// Numbers at the edges, and what separates fields of the formats.
const PIECES: [&str; 14] = [
    "0",
    "-1",
    "4294967295",
    "18446744073709551616",
    "1e400",
    ",",
    ":",
    "\n",
    "\"",
    "<line number=\"1\" hits=\"1\">",
    "</class>",
    "[",
    "{}",
    "&#0;",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_changed_report_is_read_or_refused(
        which in any::<Index>(),
        changes in proptest::collection::vec((any::<Index>(), 0..8_usize, 0..PIECES.len()), 1..4),
    ) {
        let reports = reports();
        let mut bytes = which.get(&reports).clone();
        for (at, length, piece) in changes {
            let at = if bytes.is_empty() { 0 } else { at.index(bytes.len()) };
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, PIECES[piece].bytes());
        }
        let result = read(&bytes);
        prop_assert_eq!(&result, &read_from(&bytes[..]));
        if let Ok(coverage) = result {
            for metric in Metric::ALL {
                let counts = coverage.figure(metric).counts;
                prop_assert!(counts.covered <= counts.total, "{} {}", metric, counts);
            }
            let mut out = Vec::new();
            let written = lcov(&coverage, Dialect::Universal, &mut out);
            if written.is_ok() && !coverage.files.is_empty() {
                let again = read(&out).unwrap();
                prop_assert_eq!(again.figure(Metric::Line).counts, coverage.figure(Metric::Line).counts);
            }
            out.clear();
            if cobertura(&coverage, &CoberturaOptions::default(), &mut out).is_ok() {
                prop_assert!(read(&out).is_ok(), "{}", String::from_utf8_lossy(&out));
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(read(&bytes), read_from(&bytes[..]));
    }
}
