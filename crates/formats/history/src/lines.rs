//! Which lines of a file are new, as `git diff --unified=0` finds them.

use gix_imara_diff::{Algorithm, InternedInput, sources};

use crate::ranges::LineRanges;

/// git calls a file binary when there is a NUL in this many bytes at its beginning (`buffer_is_binary`).
const SNIFFED: usize = 8000;

/// git compares from the end in blocks of this size, and leaves what is equal out of the comparison
/// (`trim_common_tail`), when no context is to be shown.
const TAIL_BLOCK: usize = 1024;

/// Whether git would only say that a file of this content differs.
pub(crate) fn is_binary(content: &[u8]) -> bool {
    memchr::memchr(0, content.get(..SNIFFED).unwrap_or(content)).is_some()
}

/// The lines of `new` that are not in `old`.
///
/// Where equal lines are repeated there are several right answers. This gives git's: the same algorithm (Myers with
/// git's shortcuts), the same sliding of hunks by indentation, and the same equal end left out beforehand, so that a
/// person who looks at `git diff -U0` sees the lines the gate speaks of.
pub(crate) fn added(old: &[u8], new: &[u8]) -> LineRanges {
    let (old, new) = without_common_tail(old, new);
    let input = InternedInput::new(sources::byte_lines(old), sources::byte_lines(new));
    let mut diff = gix_imara_diff::Diff::compute(Algorithm::Myers, &input);
    diff.postprocess_lines(&input);
    let mut added = LineRanges::default();
    for hunk in diff.hunks() {
        added.push(hunk.after.start.saturating_add(1)..=hunk.after.end);
    }
    added
}

/// All lines of a file.
pub(crate) fn all(content: &[u8]) -> LineRanges {
    let ends = memchr::memchr_iter(b'\n', content).count();
    let open = usize::from(content.last().is_some_and(|byte| *byte != b'\n'));
    let mut added = LineRanges::default();
    added.push(1..=u32::try_from(ends + open).unwrap_or(u32::MAX));
    added
}

/// Cuts equal blocks off the end, but not the line in which the last block begins.
fn without_common_tail<'a>(old: &'a [u8], new: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    let equal = old.rchunks_exact(TAIL_BLOCK).zip(new.rchunks_exact(TAIL_BLOCK));
    let cut = equal.take_while(|(a, b)| a == b).count() * TAIL_BLOCK;
    let tail = old.get(old.len() - cut..).unwrap_or_default();
    let kept = memchr::memchr(b'\n', tail).map_or(cut, |end| end + 1);
    let without = |content: &'a [u8]| content.get(..content.len() - cut + kept).unwrap_or(content);
    (without(old), without(new))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(old: &str, new: &str) -> Vec<(u32, u32)> {
        added(old.as_bytes(), new.as_bytes()).iter().map(|range| (*range.start(), *range.end())).collect()
    }

    #[test]
    fn a_changed_line_end_is_a_change() {
        assert_eq!(ranges("a\nb\n", "a\nb\n"), []);
        assert_eq!(ranges("a\nb\n", "a\r\nb\n"), [(1, 1)]);
        assert_eq!(ranges("a\nb\n", "a\nb"), [(2, 2)]);
        assert_eq!(ranges("", "a"), [(1, 1)]);
        assert_eq!(ranges("a\n", ""), []);
    }

    #[test]
    fn lines_of_a_whole_file() {
        for (text, count) in [("", 0), ("a", 1), ("a\n", 1), ("a\n\nb", 3)] {
            assert_eq!(all(text.as_bytes()).len(), count, "{text:?}");
        }
    }

    #[test]
    fn the_tail_is_cut_at_a_line() {
        let tail = format!("{}\nend\n", "x".repeat(2000));
        let (old, new) = (format!("a\n{tail}"), format!("b\n{tail}"));
        let (a, b) = without_common_tail(old.as_bytes(), new.as_bytes());
        // The two bytes before the block and the rest of the line it begins in.
        assert_eq!((a.len(), b.len()), (old.len() - 4, new.len() - 4));
        assert_eq!(ranges(&old, &new), [(1, 1)]);
    }

    #[test]
    fn nul_near_the_beginning_is_binary() {
        assert!(is_binary(b"a\0"));
        let mut late = vec![b'a'; SNIFFED];
        late.push(0);
        assert!(!is_binary(&late));
    }
}
