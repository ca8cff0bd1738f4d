//! Diffs as text.

use lw_history::{DiffProblem, parse_unified_diff};
use lw_model::Diagnose;
use proptest::prelude::*;

fn added(text: &str) -> Vec<(String, Option<String>, Vec<(u32, u32)>)> {
    let diff = parse_unified_diff(text.as_bytes()).unwrap();
    let ranges =
        |file: &lw_history::FileDiff| file.added.iter().map(std::ops::RangeInclusive::into_inner).collect();
    diff.files.iter().map(|file| (file.path.clone(), file.old_path.clone(), ranges(file))).collect()
}

fn problem(text: &str) -> (usize, DiffProblem) {
    let error = parse_unified_diff(text.as_bytes()).unwrap_err();
    assert!(error.hint().is_some());
    (error.line, error.problem)
}

fn one(path: &str, ranges: &[(u32, u32)]) -> Vec<(String, Option<String>, Vec<(u32, u32)>)> {
    vec![(path.to_owned(), None, ranges.to_vec())]
}

const HUNK: &str = "@@ -1 +1,2 @@ fn heading()\n-old\n+new\n+more\n";

#[test]
fn prefixes_are_taken_off_only_where_they_are() {
    for (header, path) in [
        ("diff --git a/x.c b/x.c\n--- a/x.c\n+++ b/x.c\n", "x.c"),
        ("diff --git x.c x.c\n--- x.c\n+++ x.c\n", "x.c"),
        ("diff --git b/x.c b/x.c\n--- b/x.c\n+++ b/x.c\n", "b/x.c"),
        ("diff --git i/x.c w/x.c\n--- i/x.c\n+++ w/x.c\n", "x.c"),
        ("diff --git a/b/x.c b/b/x.c\n--- a/b/x.c\n+++ b/b/x.c\n", "b/x.c"),
        ("--- a/x.c\t2026-01-02 03:04:05\n+++ b/x.c\t2026-01-02 03:04:05\n", "x.c"),
        ("--- old/x.c\n+++ new/x.c\n", "new/x.c"),
        (
            "diff --git a/with space.c b/with space.c\n--- a/with space.c\t\n+++ b/with space.c\t\n",
            "with space.c",
        ),
        (
            "diff --git \"a/n\\303\\251.c\" \"b/n\\303\\251.c\"\n--- \"a/n\\303\\251.c\"\n+++ \"b/n\\303\\251.c\"\n",
            "né.c",
        ),
    ] {
        assert_eq!(added(&format!("{header}{HUNK}")), one(path, &[(1, 2)]), "{header}");
    }
    let new = "@@ -0,0 +1 @@\n+x\n";
    for (header, path) in [
        ("diff --git a/b/x b/b/x\nnew file mode 100644\n--- /dev/null\n+++ b/b/x\n", "b/x"),
        ("diff --git b/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n", "b/x"),
        ("diff --git \"a/\\t\" \"b/\\t\"\nnew file mode 100644\n--- /dev/null\n+++ \"b/\\t\"\n", "\t"),
    ] {
        assert_eq!(added(&format!("{header}{new}")), one(path, &[(1, 1)]), "{header}");
    }
}

#[test]
fn lines_are_counted_whatever_stands_around_them() {
    let header = "diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n";
    let crlf = format!("{header}{HUNK}").replace('\n', "\r\n");
    assert_eq!(added(&crlf), one("x", &[(1, 2)]));
    // Lines of the file that look like a diff.
    let text = format!(
        "{header}@@ -1,3 +1,4 @@\n ---\n+++ b/y\n+@@ -1 +1 @@\n--- a/y\n \n\\ No newline at end of file\n"
    );
    assert_eq!(added(&text), one("x", &[(2, 3)]));
    // An editor cut the space of the empty line of context.
    assert_eq!(added(&format!("{header}@@ -1,2 +1,3 @@\n\n+a\n b\n")), one("x", &[(2, 2)]));
    assert_eq!(
        added(&format!("From: me\n\n---\n x | 2 +-\n\n{header}{HUNK}-- \n2.47.3\n")),
        one("x", &[(1, 2)])
    );
    assert_eq!(added(""), []);
    assert_eq!(added("\n \n"), []);
}

#[test]
fn renames_and_what_has_no_lines() {
    let text = "diff --git a/old.c b/new.c\nsimilarity index 100%\nrename from old.c\nrename to new.c\n\
        diff --git a/m b/n\nsimilarity index 90%\nrename from m\nrename to n\n--- a/m\n+++ b/n\n@@ -3 +3 @@\n-a\n+b\n\
        diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n\
        diff --git a/sub b/sub\nindex 1..2 160000\n--- a/sub\n+++ b/sub\n@@ -1 +1 @@\n-Subproject commit 1\n+Subproject commit 2\n\
        diff --git a/link b/link\nnew file mode 120000\n--- /dev/null\n+++ b/link\n@@ -0,0 +1 @@\n+target\n\\ No newline at end of file\n\
        diff --git a/mode b/mode\nold mode 100644\nnew mode 100755\n\
        diff --git a/bin b/bin\nindex 1..2 100644\nBinary files a/bin and b/bin differ\n";
    let named = |path: &str, old: &str, ranges: &[(u32, u32)]| {
        (path.to_owned(), Some(old.to_owned()), ranges.to_vec())
    };
    assert_eq!(added(text), [named("n", "m", &[(3, 3)]), named("new.c", "old.c", &[])]);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let header = "diff --git a/x b/x\n--- a/x\n+++ b/x\n";
    for (text, line, wrong) in [
        ("hello\n".to_owned(), 1, DiffProblem::NotADiff("hello".into())),
        (
            "\u{1b}[1mdiff --git a/x b/x\u{1b}[m\n".to_owned(),
            1,
            DiffProblem::NotADiff("\u{1b}[1mdiff --git a/x b/x\u{1b}[m".into()),
        ),
        ("diff --cc x\n".to_owned(), 1, DiffProblem::Combined),
        (format!("{header}@@@ -1 -1 +1 @@@\n"), 4, DiffProblem::Combined),
        (format!("{header}@@ -1 +x @@\n"), 4, DiffProblem::Hunk("@@ -1 +x @@".into())),
        (format!("{header}@@ -1 +99999999999 @@\n"), 4, DiffProblem::Hunk("@@ -1 +99999999999 @@".into())),
        (format!("{header}@@ -1 +4294967295,2 @@\n"), 4, DiffProblem::Hunk("@@ -1 +4294967295,2 @@".into())),
        ("@@ -1 +1 @@\n".to_owned(), 1, DiffProblem::NoFile),
        (format!("{header}@@ -1 +1,2 @@\n-a\n+b\n"), 6, DiffProblem::Truncated { start: 4, missing: 1 }),
        (
            format!("{header}@@ -1 +1,2 @@\n-a\n+b\ndiff --git a/y b/y\n"),
            7,
            DiffProblem::Truncated { start: 4, missing: 1 },
        ),
        (format!("{header}@@ -5 +5 @@\n-a\n+b\n@@ -5 +5 @@\n-a\n+b\n"), 9, DiffProblem::Overlap),
        (format!("{header}{HUNK}{header}{HUNK}"), 14, DiffProblem::Twice("x".into())),
        ("--- \"a/x\n".to_owned(), 1, DiffProblem::Quoting("\"a/x".into())),
        ("\u{feff}hello".to_owned(), 1, DiffProblem::NotADiff("hello".into())),
    ] {
        assert_eq!(problem(&text), (line, wrong), "{text}");
    }
    assert_eq!(parse_unified_diff(b"\xFF\xFEd\0i\0").unwrap_err().problem, DiffProblem::Utf16);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse_unified_diff(&text);
    }

    #[test]
    fn no_mix_of_diff_lines_makes_it_panic(
        lines in proptest::collection::vec(
            prop_oneof![
                Just("diff --git a/x b/x"), Just("--- a/x"), Just("+++ b/x"), Just("@@ -1,2 +1,3 @@"), Just("@@ -0,0 +1 @@"),
                Just("+a"), Just("-a"), Just(" a"), Just(""), Just("\\ No newline at end of file"), Just("rename from \"a"),
                Just("rename to x"), Just("+++ /dev/null"), Just("@@ -9 +4294967295 @@"), Just("--- /dev/null"), Just("new file mode 120000"),
            ],
            0..24,
        )
    ) {
        let _ = parse_unified_diff(lines.join("\n").as_bytes());
    }

    #[test]
    fn hunks_are_read_back(hunks in proptest::collection::vec((1u32..5, 0u32..4, 0u32..4), 1..6)) {
        let mut text = String::from("--- a/x\n+++ b/x\n");
        let (mut old_line, mut new_line) = (1, 1);
        let mut expected = Vec::new();
        for (gap, old, new) in hunks.into_iter().filter(|(_, old, new)| old + new > 0) {
            old_line += gap;
            new_line += gap;
            // A side without lines is told by the line before.
            let start = |line: u32, count: u32| if count == 0 { line - 1 } else { line };
            text += &format!("@@ -{},{old} +{},{new} @@\n", start(old_line, old), start(new_line, new));
            text += &"-o\n".repeat(old as usize);
            text += &"+n\n".repeat(new as usize);
            expected.extend(new_line..new_line + new);
            old_line += old;
            new_line += new;
        }
        let diff = parse_unified_diff(text.as_bytes()).unwrap();
        let lines: Vec<u32> = diff.files.iter().flat_map(|file| file.added.iter().flatten()).collect();
        prop_assert_eq!(lines, expected);
    }
}
