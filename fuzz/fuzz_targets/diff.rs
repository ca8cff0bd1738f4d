//! Any bytes as a unified diff: files and lines in order, no more lines than the text has, and the same again when
//! they are written as a diff.

use std::fmt::Write as _;

use lw_history::{Diff, parse_unified_diff};

/// A name as git quotes it, prefix included.
fn quoted(prefix: &str, name: &str) -> String {
    let mut text = format!("\"{prefix}");
    for byte in name.bytes() {
        match byte {
            b'"' | b'\\' => write!(text, "\\{}", char::from(byte)),
            b' '..=b'~' => write!(text, "{}", char::from(byte)),
            _ => write!(text, "\\{byte:03o}"),
        }
        .expect("a string takes everything");
    }
    text + "\""
}

fn written(diff: &Diff) -> String {
    let mut text = String::new();
    for file in &diff.files {
        let old = file.old_path.as_ref().unwrap_or(&file.path);
        text += &format!("diff --git {} {}\n", quoted("a/", old), quoted("b/", &file.path));
        if let Some(old) = &file.old_path {
            text += &format!("rename from {}\nrename to {}\n", quoted("", old), quoted("", &file.path));
        }
        if !file.added.is_empty() {
            text += &format!("--- {}\n+++ {}\n", quoted("a/", old), quoted("b/", &file.path));
        }
        for range in file.added.iter() {
            let count = range.end() - range.start() + 1;
            text += &format!("@@ -0,0 +{},{count} @@\n", range.start());
            text += &"+\n".repeat(count as usize);
        }
    }
    text
}

fuzz_target!(|bytes: &[u8]| {
    let diff = match parse_unified_diff(bytes) {
        Ok(diff) => diff,
        Err(error) => {
            assert!(error.line <= 1 + bytes.iter().filter(|byte| **byte == b'\n').count());
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert!(diff.files.is_sorted_by(|a, b| a.path < b.path));
    let added = bytes.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"+")).count();
    assert!(diff.added_lines() <= added as u64);
    for file in &diff.files {
        assert!(!file.added.is_empty() || file.old_path.is_some(), "{file:?}");
        let ranges: Vec<_> = file.added.iter().collect();
        assert!(ranges.iter().all(|range| 1 <= *range.start() && range.start() <= range.end()));
        assert!(ranges.is_sorted_by(|a, b| u64::from(*a.end()) + 1 < u64::from(*b.start())));
        assert_eq!(diff.file(&file.path), Some(file));
    }
    assert!(diff.uncompared.is_sorted_by(|a, b| a.path < b.path));
    // Files that are only said to differ are not written.
    assert_eq!(parse_unified_diff(written(&diff).as_bytes()).map(|read| read.files), Ok(diff.files));
});
