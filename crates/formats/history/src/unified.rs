//! Reading a unified diff, where there is no repository.
//!
//! The format is that of git-diff(1), "Generating patch text with -p", and of `diff -u`.

use lw_hashed::HashSet;

use crate::diff::{Diff, FileDiff};
use crate::error::{DiffError, DiffProblem};
use crate::ranges::LineRanges;
use crate::unquote::unquote;

/// How much of a line an error repeats.
const SHOWN: usize = 60;

/// The lines a diff adds or changes, from its text.
///
/// Any number of context lines will do. What stands before the first file (the message of `git show`) is passed
/// over. An empty text is a diff without changes.
///
/// # Errors
/// When the text is no diff, ends inside a hunk, or is the combined diff of a merge; with the line.
pub fn parse_unified_diff(text: &[u8]) -> Result<Diff, DiffError> {
    let mut reader = Reader::default();
    if matches!(text, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]) {
        return Err(DiffError { line: 1, problem: DiffProblem::Utf16 });
    }
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let mut rest = text;
    while !rest.is_empty() {
        reader.number += 1;
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        reader.line(line).map_err(|problem| DiffError { line: reader.number, problem })?;
    }
    reader.finish(text)
}

#[derive(Default)]
struct Reader {
    /// The line that is read, from 1.
    number: usize,
    diff: Diff,
    file: Pending,
    hunk: Option<Hunk>,
    /// Whether anything of a diff was seen.
    any: bool,
    seen: HashSet<String>,
}

/// What is known of the file that is read.
#[derive(Default)]
struct Pending {
    /// What stands after `diff --git`.
    header: Option<Vec<u8>>,
    /// What stands after `---`; `None` before that line.
    old: Option<Vec<u8>>,
    new: Option<Vec<u8>>,
    renamed: [Option<Vec<u8>>; 2],
    /// A submodule or symbolic link.
    special: bool,
    /// Only that it differs is said, not where.
    binary: bool,
    /// It is no longer there.
    deleted: bool,
    added: LineRanges,
}

struct Hunk {
    /// Line of the diff its header is on.
    start: usize,
    /// Lines of each side that are still to come.
    old: u64,
    new: u64,
    /// Number of the next line on the newer side.
    next: u64,
}

impl Reader {
    fn line(&mut self, raw: &[u8]) -> Result<(), DiffProblem> {
        let line = raw.strip_suffix(b"\r").unwrap_or(raw);
        if self.hunk.is_some() {
            return self.content(line);
        }
        if let Some(header) = line.strip_prefix(b"diff --git ") {
            self.close()?;
            self.any = true;
            self.file.header = Some(header.to_vec());
        } else if line.starts_with(b"diff --cc ")
            || line.starts_with(b"diff --combined ")
            || line.starts_with(b"@@@ ")
        {
            return Err(DiffProblem::Combined);
        } else if line.starts_with(b"@@ ") {
            self.open_hunk(line)?;
        } else if let Some(name) = line.strip_prefix(b"--- ") {
            // Without git's header this is where a file begins.
            if self.file.header.is_none() || self.file.new.is_some() {
                self.close()?;
            }
            self.file.old = Some(self.name(name)?);
        } else if let Some(name) = line.strip_prefix(b"+++ ")
            && self.file.old.is_some()
            && self.file.new.is_none()
        {
            self.any = true;
            self.file.new = Some(self.name(name)?);
        } else if let Some(names) = line.strip_prefix(b"Binary files ") {
            self.binary(names)?;
        } else if self.file.header.is_some() && self.file.old.is_none() {
            self.extended(line)?;
        }
        Ok(())
    }

    /// `Binary files a/x and b/x differ`, which `diff` also says without a header.
    fn binary(&mut self, line: &[u8]) -> Result<(), DiffProblem> {
        let Some(names) = line.strip_suffix(b" differ") else { return Ok(()) };
        let Some(place) = memchr::memmem::rfind(names, b" and ") else { return Ok(()) };
        let (old, new) = names.split_at(place);
        if self.file.header.is_none() || self.file.new.is_some() {
            self.close()?;
        }
        self.any = true;
        let new = new.strip_prefix(b" and ").unwrap_or(new);
        (self.file.old, self.file.new) = (Some(unquoted(old)?), Some(unquoted(new)?));
        self.file.binary = true;
        Ok(())
    }

    /// A line of git's extended header.
    fn extended(&mut self, line: &[u8]) -> Result<(), DiffProblem> {
        if line == b"GIT binary patch" {
            // No names follow; those of the header are alike, unless they were told as those of a renamed file.
            let header = self.file.header.clone().unwrap_or_default();
            let half = header.len() / 2;
            let (old, new) =
                (header.get(..half).unwrap_or_default(), header.get(half + 1..).unwrap_or_default());
            if !self.file.deleted {
                (self.file.old, self.file.new) = (Some(unquoted(old)?), Some(unquoted(new)?));
            }
            self.file.binary = true;
            return Ok(());
        }
        self.file.deleted |= line.starts_with(b"deleted file mode ");
        if let Some(name) = line.strip_prefix(b"rename from ") {
            self.file.renamed[0] = Some(unquoted(name)?);
        } else if let Some(name) = line.strip_prefix(b"rename to ") {
            self.file.renamed[1] = Some(unquoted(name)?);
        }
        let is_mode = [b"index ".as_slice(), b"new file mode ", b"deleted file mode ", b"new mode "]
            .iter()
            .any(|start| line.starts_with(start));
        if is_mode && (line.ends_with(b" 160000") || line.ends_with(b" 120000")) {
            self.file.special = true;
        }
        Ok(())
    }

    /// A name after `---` or `+++`: with a time after a tab from `diff`, and with a tab alone from git when there
    /// is a space in it.
    fn name(&self, text: &[u8]) -> Result<Vec<u8>, DiffProblem> {
        let name = memchr::memchr(b'\t', text).and_then(|tab| text.get(..tab)).unwrap_or(text);
        unquoted(name)
    }

    fn open_hunk(&mut self, line: &[u8]) -> Result<(), DiffProblem> {
        self.any = true;
        if self.file.new.is_none() {
            return Err(DiffProblem::NoFile);
        }
        let hunk = header(line).ok_or_else(|| DiffProblem::Hunk(shown(line)))?;
        let (old, (first, new)) = hunk;
        let last = first.checked_add(new).filter(|last| *last <= u64::from(u32::MAX));
        if last.is_none() || (first == 0 && new > 0) {
            return Err(DiffProblem::Hunk(shown(line)));
        }
        if old.1 + new > 0 {
            self.hunk = Some(Hunk { start: self.number, old: old.1, new, next: first });
        }
        Ok(())
    }

    /// A line of a hunk.
    fn content(&mut self, line: &[u8]) -> Result<(), DiffProblem> {
        let Some(hunk) = &mut self.hunk else { return Ok(()) };
        // Editors and mail cut the space off an empty line of context.
        let kind = line.first().copied().unwrap_or(b' ');
        let (old, new) = match kind {
            b'+' => (0, 1),
            b'-' => (1, 0),
            b' ' => (1, 1),
            // `\ No newline at end of file`.
            b'\\' => (0, 0),
            _ => (u64::MAX, u64::MAX),
        };
        let (Some(old_left), Some(new_left)) = (hunk.old.checked_sub(old), hunk.new.checked_sub(new)) else {
            return Err(DiffProblem::Truncated { start: hunk.start, missing: hunk.old.max(hunk.new) });
        };
        if kind == b'+'
            && let Ok(number) = u32::try_from(hunk.next)
            && !self.file.added.push(number..=number)
        {
            return Err(DiffProblem::Overlap);
        }
        hunk.next += new;
        (hunk.old, hunk.new) = (old_left, new_left);
        if hunk.old == 0 && hunk.new == 0 {
            self.hunk = None;
        }
        Ok(())
    }

    /// Adds the file that was read.
    fn close(&mut self) -> Result<(), DiffProblem> {
        let file = std::mem::take(&mut self.file);
        let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        let is_binary = file.binary;
        let [from, to] = &file.renamed;
        let path = match (to, &file.new) {
            (Some(to), _) => text(to),
            (None, Some(new)) if new != b"/dev/null" => text(unprefixed(&file, new)),
            _ => return Ok(()),
        };
        if file.special || (file.added.is_empty() && from.is_none() && !file.binary) {
            return Ok(());
        }
        if !self.seen.insert(path.clone()) {
            return Err(DiffProblem::Twice(path));
        }
        let file = FileDiff { path, old_path: from.as_deref().map(text), added: file.added };
        if is_binary {
            self.diff.uncompared.push(file.clone());
        }
        if !file.added.is_empty() || file.old_path.is_some() {
            self.diff.files.push(file);
        }
        Ok(())
    }

    fn finish(mut self, text: &[u8]) -> Result<Diff, DiffError> {
        let at = |problem| DiffError { line: self.number.max(1), problem };
        if let Some(hunk) = &self.hunk {
            let missing = hunk.old.max(hunk.new);
            return Err(at(DiffProblem::Truncated { start: hunk.start, missing }));
        }
        if !self.any && !text.trim_ascii().is_empty() {
            let first = text.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
            return Err(DiffError { line: 1, problem: DiffProblem::NotADiff(shown(first)) });
        }
        let line = self.number;
        self.close().map_err(|problem| DiffError { line, problem })?;
        self.diff.sort();
        Ok(self.diff)
    }
}

fn unquoted(name: &[u8]) -> Result<Vec<u8>, DiffProblem> {
    unquote(name).map(Into::into).ok_or_else(|| DiffProblem::Quoting(shown(name)))
}

fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line.get(..SHOWN).unwrap_or(line)).trim_end().to_owned();
    if line.len() > SHOWN { text + "…" } else { text }
}

/// A name without the `b/` that git puts before it, unless the diff was made without (`--no-prefix`).
///
/// The two sides have different prefixes: `a/` and `b/`, or `i/`, `w/`, `c/`, `o/` with `diff.mnemonicPrefix`. A file
/// in a folder `b` of a diff without prefixes has the same name on both.
fn unprefixed<'a>(file: &'a Pending, new: &'a [u8]) -> &'a [u8] {
    let prefix = |name: &[u8]| match name {
        [letter, b'/', ..] => Some(*letter),
        _ => None,
    };
    let other = match &file.old {
        Some(old) if old != b"/dev/null" => prefix(old),
        // A new file has its name only on one side, but twice in git's header: two names of equal length.
        _ => match &file.header {
            Some(header) => {
                let first = header.get(..header.len() / 2).unwrap_or_default();
                let first = unquote(first).unwrap_or_default();
                prefix(&first)
            }
            None => Some(b'a'),
        },
    };
    match (prefix(new), other) {
        (Some(b'b' | b'w' | b'i' | b'c' | b'2'), Some(b'a' | b'i' | b'c' | b'o' | b'w' | b'1'))
            if prefix(new) != other =>
        {
            new.get(2..).unwrap_or(new)
        }
        _ => new,
    }
}

type Side = (u64, u64);

/// `@@ -12,3 +14 @@ heading`: first line and number of lines of each side.
fn header(line: &[u8]) -> Option<(Side, Side)> {
    let text = line.strip_prefix(b"@@ -")?;
    let (old, text) = side(text)?;
    let (new, text) = side(text.strip_prefix(b" +")?)?;
    text.starts_with(b" @@").then_some((old, new))
}

fn side(text: &[u8]) -> Option<(Side, &[u8])> {
    let (first, text) = number(text)?;
    match text.strip_prefix(b",") {
        Some(text) => {
            let (count, text) = number(text)?;
            Some(((first, count), text))
        }
        None => Some(((first, 1), text)),
    }
}

fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    // Ten digits: no file has more lines than a u32 counts.
    let value = std::str::from_utf8(digits).ok().filter(|digits| digits.len() <= 10)?.parse().ok()?;
    Some((value, rest))
}
