//! Any bytes as a zip archive: within its bounds whatever it says of itself, and with plain names only.

use lw_archive::{ArchiveError, Bounds, unzip};

const BOUNDS: Bounds =
    Bounds { archive: 1 << 20, entries: 50, file: 1 << 20, total: 2 << 20, ratio: 100, name: 100 };

fuzz_target!(|bytes: &[u8]| {
    let (mut files, mut total) = (0, 0);
    let _ = unzip::<ArchiveError>(bytes, &BOUNDS, |file| {
        files += 1;
        total += file.bytes.len() as u64;
        assert!(file.bytes.len() as u64 <= BOUNDS.file && total <= BOUNDS.total && files <= BOUNDS.entries);
        assert!(
            !file.name.starts_with('/') && file.name.split('/').all(|part| !["", ".", ".."].contains(&part))
        );
        Ok(())
    });
});
