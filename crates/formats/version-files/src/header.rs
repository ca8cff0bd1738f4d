//! Macros of C: `#define APP_VERSION "1.2.3"`, and `APP_VERSION_MAJOR`, `_MINOR`, `_PATCH`.

use std::ops::Range;

use lw_model::lists::distinct;

use crate::FileVersions;
use crate::error::VersionFileError;
use crate::place::{Form, Role};
use crate::source::Source;

/// How the names of texts end.
const TEXTS: [&str; 4] = ["", "_STRING", "_STR", "_TEXT"];

/// How the names of numbers end.
const NUMBERS: [(&str, usize); 4] = [("_MAJOR", 0), ("_MINOR", 1), ("_PATCH", 2), ("_MICRO", 2)];

struct Macro {
    stem: String,
    name: String,
    value: Range<usize>,
    form: Form,
}

pub(crate) fn read(source: &Source<'_>, wanted: Option<&str>) -> Result<FileVersions, VersionFileError> {
    let macros: Vec<Macro> =
        macros(source).into_iter().filter(|found| wanted.is_none_or(|stem| stem == found.stem)).collect();
    let stems = distinct(macros.iter().map(|found| found.stem.as_str()));
    let mut found =
        FileVersions { without: Some("it has no macro that holds a version"), ..FileVersions::default() };
    if stems.len() > 1 {
        let other = macros.iter().find(|found| stems.first() != Some(&found.stem.as_str()));
        let (line, what) =
            other.map_or((1, String::new()), |found| (source.line(found.value.start), found.name.clone()));
        return Err(VersionFileError::Several { line, what });
    }
    for one in macros {
        found.places.push(source.place(one.name, one.value, one.form, Role::Own)?);
    }
    Ok(found)
}

/// The macros that are versions by their name and their value.
fn macros(source: &Source<'_>) -> Vec<Macro> {
    let mut found = Vec::new();
    let mut in_comment = false;
    for (start, line) in source.lines() {
        let began_in_comment = in_comment;
        in_comment = comment_goes_on(line, in_comment);
        if began_in_comment {
            continue;
        }
        let Some(rest) = line.trim_start().strip_prefix('#') else { continue };
        let Some(rest) = rest.trim_start().strip_prefix("define") else { continue };
        if !rest.starts_with([' ', '\t']) {
            continue;
        }
        let rest = rest.trim_start();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let (Some(name), Some(value)) = (rest.get(..end), rest.get(end..)) else { continue };
        // A parenthesis right after the name makes it a function.
        if value.starts_with('(') {
            continue;
        }
        let bare = value.trim_start();
        let at = start + line.len() - bare.len();
        if let Some(text) = bare.strip_prefix('"') {
            let Some(length) = text.find('"') else { continue };
            let range = at + 1..at + 1 + length;
            let stem = TEXTS
                .iter()
                .find_map(|ending| name.strip_suffix(ending).filter(|stem| stem.ends_with("VERSION")));
            let (Some(stem), true) = (stem, crate::source::is_version(source.get(range.clone()))) else {
                continue;
            };
            found.push(Macro {
                stem: stem.to_owned(),
                name: name.to_owned(),
                value: range,
                form: Form::Whole,
            });
            continue;
        }
        let digits = bare.trim_start_matches(['(', ' ']);
        let at = start + line.len() - digits.len();
        let length = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        // A suffix of the type may follow, and nothing that makes it another number.
        let behind = digits.get(length..).unwrap_or_default().trim_start_matches(['u', 'U', 'l', 'L']);
        let behind = behind.trim_start();
        let ends = behind.is_empty() || [")", "//", "/*"].iter().any(|end| behind.starts_with(end));
        let is_number = length > 0 && ends && !(length > 1 && digits.starts_with('0'));
        let split = NUMBERS.iter().find_map(|(ending, place)| Some((name.strip_suffix(ending)?, *place)));
        if let (Some((stem, place)), true) = (split, is_number)
            && stem.ends_with("VERSION")
        {
            let value = at..at + length;
            found.push(Macro {
                stem: stem.to_owned(),
                name: name.to_owned(),
                value,
                form: Form::Number(place),
            });
        }
    }
    found
}

/// Whether a comment between `/*` and `*/` goes on into the next line. Quotes may hold neither.
fn comment_goes_on(line: &str, mut inside: bool) -> bool {
    let bytes = line.as_bytes();
    let (mut at, mut quote) = (0, None);
    while let Some(byte) = bytes.get(at) {
        let next = bytes.get(at + 1);
        match (inside, quote, byte) {
            (true, _, b'*') if next == Some(&b'/') => {
                inside = false;
                at += 1;
            }
            (true, ..) => {}
            (false, Some(_), b'\\') => at += 1,
            (false, Some(open), close) if open == *close => quote = None,
            (false, Some(_), _) => {}
            (false, None, b'"' | b'\'') => quote = Some(*byte),
            (false, None, b'/') if next == Some(&b'/') => return false,
            (false, None, b'/') if next == Some(&b'*') => {
                inside = true;
                at += 1;
            }
            _ => {}
        }
        at += 1;
    }
    inside
}
