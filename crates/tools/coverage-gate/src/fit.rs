//! Whether the reports measured the text that is judged, of the files a change touches.
//!
//! No report says of which commit it is. A report of an earlier one does not know the new lines, and what it knows stands
//! elsewhere; both show in the text.

use lw_cli::Context;
use lw_history::{Diff, Repository};
use lw_model::grouped;

use crate::inputs::Inputs;
use crate::sources;

/// Marks with which sources take code out of what is measured. A file that has one says itself that lines are missing.
const LEFT_OUT: [&[u8]; 12] = [
    b"LCOV_EXCL",
    b"GCOV_EXCL",
    b"GCOVR_EXCL",
    b"pragma: no cover",
    b"istanbul ignore",
    b"c8 ignore",
    b"v8 ignore",
    b"codeCoverageIgnore",
    b"coverage:ignore",
    b"coverage(off)",
    b"ExcludeFromCodeCoverage",
    b"Generated",
];

/// A changed file whose measured lines are not those of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    pub(crate) path: String,
    /// Changed lines that are statements, where the reports know none of them.
    pub(crate) unknown: Vec<u32>,
    /// Why the report is of the text before the change.
    pub(crate) before: Option<String>,
}

/// Holds what the reports know of changed files to their text: the one on disk, where that is what is judged, or else that
/// of the commit. Without a repository the text before the change is not known.
pub(crate) fn look(
    cx: &Context,
    repository: Option<&Repository>,
    is_here: bool,
    inputs: &Inputs,
    diff: &Diff,
) -> Vec<Misfit> {
    let on_disk = sources::texts(cx, inputs);
    let of_commit = |commit: &Option<String>, path: &str| {
        let text = repository?.read_file(commit.as_deref()?, path).ok().flatten()?;
        Some(sources::without_returns(text))
    };
    let mut misfits = Vec::new();
    for file in &diff.files {
        let path = &file.path;
        let Some(coverage) = inputs.coverage.files.get(path).filter(|coverage| !coverage.is_summary()) else {
            continue;
        };
        let text = if is_here { on_disk(path) } else { of_commit(&diff.head, path) };
        let Some(text) = text else { continue };
        let measured: Vec<u32> = coverage.lines().iter().map(|(line, _)| line).collect();
        let mut unknown = statements(path, &text);
        unknown.retain(|line| file.added.contains(*line));
        if unknown.iter().any(|line| measured.binary_search(line).is_ok()) {
            unknown.clear();
        }
        let old_path = file.old_path.as_deref().unwrap_or(path);
        let before =
            of_commit(&diff.base, old_path).and_then(|before| is_of_before(path, &before, &text, &measured));
        if before.is_some() || !unknown.is_empty() {
            misfits.push(Misfit { path: path.clone(), unknown, before });
        }
    }
    misfits
}

/// How the text of a source is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// Braces, `//` and `/* */`.
    Braces,
    /// As braces, with a preprocessor that takes lines out.
    Preprocessed,
    /// Indented, `#`.
    Python,
}

/// What lines of these sources begin with only where they are statements, and so executable in every format.
///
/// Sources of other kinds, and headers, whose functions may never be compiled, are not looked at.
fn family(extension: &str) -> Option<Family> {
    Some(match extension {
        "c" | "cc" | "cpp" | "cxx" | "m" | "mm" | "ino" | "cs" | "swift" => Family::Preprocessed,
        "go" | "java" | "js" | "jsx" | "mjs" | "cjs" | "ts" | "tsx" | "rs" | "dart" | "php" | "scala" => {
            Family::Braces
        }
        "py" => Family::Python,
        _ => return None,
    })
}

/// What stands at a place between two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Code,
    /// `/* */`, how deep: those of Rust and Swift nest, and in other languages a second `/*` is rare.
    Comment,
    /// To the end of the line.
    LineComment,
    /// To this quote, or to the end of the line.
    Quoted(u8),
    /// To three of this quote.
    Long(u8),
    /// Between two backquotes.
    Back,
}

/// The lines, by their numbers from 1, that begin with a statement which every tool that measures lines counts: `return`,
/// `if`, `while`, `throw` and their like, where nothing in the text says that it is not compiled. Rather one too few: a
/// comment, a string, a macro, a branch of a preprocessor and a template are none.
fn statements(path: &str, text: &[u8]) -> Vec<u32> {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let Some(family) = family(extension) else { return Vec::new() };
    let is_left_out = LEFT_OUT.iter().any(|mark| memchr::memmem::find(text, mark).is_some());
    let is_template =
        matches!(extension, "cc" | "cpp" | "cxx" | "mm") && memchr::memmem::find(text, b"template").is_some();
    let is_conditional = extension == "rs"
        && memchr::memmem::find_iter(text, b"cfg(")
            .any(|at| !text.get(at..).unwrap_or_default().starts_with(b"cfg(test)"));
    if is_left_out || is_template || is_conditional {
        return Vec::new();
    }
    let mut found = Vec::new();
    let (mut state, mut brackets, mut conditions, mut guard) = (State::Code, 0_i64, 0_u32, None);
    let mut continued = false;
    for (number, line) in (1_u32..).zip(text.split(|byte| *byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let trimmed = line.trim_ascii_start();
        let was_continued = std::mem::replace(&mut continued, line.ends_with(b"\\"));
        if state == State::Code
            && !was_continued
            && trimmed.starts_with(b"#")
            && family == Family::Preprocessed
        {
            directive(trimmed.get(1..).unwrap_or_default().trim_ascii_start(), &mut conditions, &mut guard);
            // What follows on the line is no code.
            continue;
        }
        let is_whole = family != Family::Python || brackets == 0;
        if state == State::Code
            && !was_continued
            && conditions == 0
            && is_whole
            && begins(trimmed, family, extension)
        {
            found.push(number);
        }
        if was_continued && family == Family::Preprocessed {
            continue;
        }
        state = after(line, state, family, &mut brackets);
    }
    found
}

/// Keeps count of the conditions that a line is compiled under. The guard around a whole file is none.
fn directive(text: &[u8], conditions: &mut u32, guard: &mut Option<bool>) {
    let word = text.split(|byte| !byte.is_ascii_alphanumeric()).next().unwrap_or_default();
    match word {
        b"ifndef" if guard.is_none() => *guard = Some(true),
        b"if" | b"ifdef" | b"ifndef" => *conditions = conditions.saturating_add(1),
        b"endif" => *conditions = conditions.saturating_sub(1),
        _ => {}
    }
    guard.get_or_insert(false);
}

fn begins(line: &[u8], family: Family, extension: &str) -> bool {
    let end =
        line.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').unwrap_or(line.len());
    let (word, rest) = line.split_at_checked(end).unwrap_or((line, &[]));
    let rest = rest.trim_ascii_start();
    match family {
        // Coverage.py leaves out what its settings name; these three are what they name everywhere.
        Family::Python => match word {
            b"return" | b"while" => true,
            b"if" => !rest.starts_with(b"__name__") && memchr::memmem::find(rest, b"TYPE_CHECKING").is_none(),
            b"raise" => !rest.starts_with(b"NotImplementedError"),
            _ => false,
        },
        Family::Braces | Family::Preprocessed => match word {
            b"return" | b"throw" => !rest.starts_with(b":") && !rest.starts_with(b"="),
            // In Go, Rust and Swift without a bracket; `if constexpr` may be none.
            b"if" | b"while" => {
                let is_bare = matches!(extension, "go" | "rs" | "swift");
                (is_bare || rest.starts_with(b"(")) && !rest.starts_with(b"=")
            }
            b"switch" => rest.starts_with(b"(") || matches!(extension, "go" | "swift"),
            _ => false,
        },
    }
}

/// What stands after a line.
fn after(line: &[u8], mut state: State, family: Family, brackets: &mut i64) -> State {
    let mut rest = line;
    while let Some((byte, tail)) = rest.split_first() {
        let three = |quote: u8| rest.starts_with(&[quote; 3]);
        let mut step = 1;
        match (state, *byte) {
            (State::Code, b'#') if family == Family::Python => state = State::LineComment,
            (State::Code, b'/') if family != Family::Python && tail.first() == Some(&b'/') => {
                state = State::LineComment;
            }
            (State::Code, b'/') if family != Family::Python && tail.first() == Some(&b'*') => {
                (state, step) = (State::Comment, 2);
            }
            (State::Code, quote @ (b'"' | b'\'')) if three(quote) => (state, step) = (State::Long(quote), 3),
            (State::Code, quote @ (b'"' | b'\'')) => state = State::Quoted(quote),
            (State::Code, b'`') if family == Family::Braces => state = State::Back,
            (State::Code, b'(' | b'[' | b'{') => *brackets += 1,
            (State::Code, b')' | b']' | b'}') => *brackets = (*brackets - 1).max(0),
            (State::Comment, b'*') if tail.first() == Some(&b'/') => (state, step) = (State::Code, 2),
            (State::Quoted(_) | State::Long(_) | State::Back, b'\\') => step = 2,
            (State::Quoted(quote), byte) if byte == quote => state = State::Code,
            (State::Long(quote), byte) if byte == quote && three(quote) => (state, step) = (State::Code, 3),
            (State::Back, b'`') => state = State::Code,
            _ => {}
        }
        rest = rest.get(step..).unwrap_or_default();
    }
    match state {
        State::LineComment | State::Quoted(_) => State::Code,
        state => state,
    }
}

/// Measured lines on which there is nothing, or only a comment: how many, and the first; or, where one is after the end of
/// the text, nothing, since that is told of otherwise.
fn without_code(path: &str, text: &[u8], measured: &[u32]) -> (u64, Option<u32>) {
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    // In JavaScript `#` begins a private field.
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let has_hash = !matches!(extension, "js" | "jsx" | "mjs" | "cjs" | "ts" | "tsx" | "vue" | "svelte");
    let is_empty = |line: &u32| {
        let place = usize::try_from(*line).ok().and_then(|line| line.checked_sub(1));
        // The place after the last line break is no line.
        let last = lines.len().saturating_sub(1);
        place
            .filter(|place| *place < last || lines.get(last).is_some_and(|line| !line.is_empty()))
            .is_none_or(|place| {
                lines.get(place).is_none_or(|line| {
                    let line = line.trim_ascii();
                    line.is_empty() || line.starts_with(b"//") || (has_hash && line.starts_with(b"#"))
                })
            })
    };
    let mut empty = measured.iter().copied().filter(is_empty);
    let first = empty.next();
    (u64::from(first.is_some()) + empty.count() as u64, first)
}

/// Why a report is of the text before the change, where all that it measured has code there and not in the text after it.
fn is_of_before(path: &str, before: &[u8], after: &[u8], measured: &[u32]) -> Option<String> {
    // An inlined function of Kotlin has lines of the file it comes from.
    if path.ends_with(".kt") || path.ends_with(".kts") {
        return None;
    }
    let (empty, first) = without_code(path, after, measured);
    let first = first?;
    if without_code(path, before, measured).0 > 0 {
        return None;
    }
    let lines = if empty == 1 { "line" } else { "lines" };
    Some(format!(
        "it measured {} {lines} of {path} without code, the first of them line {}, where there was code before the change",
        grouped(empty.into()),
        grouped(first.into())
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_found_where_they_are_code_for_sure() {
        let found = |path: &str, text: &str| statements(path, text.as_bytes());
        let c = "/* if (a)\nif (b) */\nint f(int a) {\n  if (a)\n    return 1;\n  // return 2;\n  s = \"/*\";\n  while (a) {\n  }\n  returned();\n  return 0;\n}\n";
        assert_eq!(found("a.c", c), [4, 5, 8, 11]);
        // Headers, other languages, templates, and what marks say is not measured.
        assert_eq!(found("a.h", c), [0_u32; 0]);
        assert_eq!(found("a.xyz", c), [0_u32; 0]);
        assert_eq!(found("a.cpp", &format!("template <int>\n{c}")), [0_u32; 0]);
        assert_eq!(found("a.c", &format!("// LCOV_EXCL_LINE\n{c}")), [0_u32; 0]);
        // A macro, and what may not be compiled.
        assert_eq!(found("a.c", "#define A do { \\\n  if (a) \\\n  return; \\\n} while (0)\nreturn;\n"), [5]);
        assert_eq!(found("a.c", "int a;\n#if X\nif (a)\n#else\nreturn;\n#endif\nreturn;\n"), [7]);
        assert_eq!(found("a.c", "#ifndef A\n#define A\nreturn;\n#ifdef B\nreturn;\n#endif\n#endif\n"), [3]);
        assert_eq!(found("a.cpp", "if constexpr (a)\nif (a)\n"), [2]);
        // Text of several lines.
        let python = "def f(a):\n    \"\"\"\n    return x\n    \"\"\"\n    b = [i for i in a\n        if i]\n    if a:  # \"\"\"\n        return 'x'\n    raise NotImplementedError\nif __name__ == '__main__':\n    main()\n";
        assert_eq!(found("a.py", python), [7, 8]);
        let js = "const a = `\nif (b)\n`;\nif (c) {\n  return /* x\nreturn */ 1;\n}\nreturn: 1\n";
        assert_eq!(found("a.ts", js), [4, 5]);
        let rust = "fn f() -> u8 {\n    if a { return 1 }\n    return 2;\n}\n#[cfg(test)]\nmod tests {}\n";
        assert_eq!(found("a.rs", rust), [2, 3]);
        assert_eq!(found("a.rs", &format!("#[cfg(windows)]\n{rust}")), [0_u32; 0]);
    }

    #[test]
    fn a_report_of_the_text_before_has_lines_where_there_is_nothing_now() {
        let before = "int a;\nint f(void) {\n  return 1;\n}\n";
        let after = "int a;\n\n// f\nint f(void) {\n  return 1;\n}\n";
        let of = |measured: &[u32]| is_of_before("a.c", before.as_bytes(), after.as_bytes(), measured);
        let told = of(&[2, 3]).unwrap();
        assert!(told.contains("2 lines of a.c without code, the first of them line 2,"), "{told}");
        assert_eq!(of(&[4, 5]), None);
        assert_eq!(of(&[]), None);
        // A tool that counts all lines counts them in either text.
        assert_eq!(of(&[1, 2, 3, 4, 5, 6]), None);
        // After the end of a text is nothing, too.
        assert_eq!(is_of_before("a.c", b"a\n", b"\na\n", &[2]), None);
        assert_eq!(
            is_of_before("a.c", b"a\nb", b"\nb", &[1, 2]).map(|told| told.contains("1 line of")),
            Some(true)
        );
        // A private field of JavaScript is no comment.
        assert_eq!(is_of_before("a.js", b"f();\n", b"#x = 1;\n", &[1]), None);
    }
}
