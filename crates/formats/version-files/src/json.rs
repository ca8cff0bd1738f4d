//! `package.json`, `package-lock.json` and `library.json`.

use std::ops::Range;

use serde::de::IgnoredAny;

use crate::FileVersions;
use crate::error::VersionFileError;
use crate::place::{Form, Role};
use crate::source::{Source, shortened};

pub(crate) fn package(source: &Source<'_>) -> Result<FileVersions, VersionFileError> {
    places(source, &[&["version"]], "it has no `version`, as private packages may")
}

pub(crate) fn library(source: &Source<'_>) -> Result<FileVersions, VersionFileError> {
    places(source, &[&["version"]], "it has no `version`")
}

pub(crate) fn package_lock(source: &Source<'_>) -> Result<FileVersions, VersionFileError> {
    places(source, &[&["version"], &["packages", "", "version"]], "it has no `version`")
}

fn places(
    source: &Source<'_>,
    wanted: &[&[&str]],
    without: &'static str,
) -> Result<FileVersions, VersionFileError> {
    serde_json::from_str::<IgnoredAny>(source.text).map_err(|error| VersionFileError::Syntax {
        line: u32::try_from(error.line()).unwrap_or(u32::MAX),
        reason: error.to_string(),
    })?;
    let mut found = FileVersions { without: Some(without), ..FileVersions::default() };
    let mut seen = Vec::new();
    for (which, value) in values(source.text, wanted) {
        let path = wanted.get(which).copied().unwrap_or_default();
        let what =
            path.iter().map(|part| if part.is_empty() { "\"\"" } else { part }).collect::<Vec<_>>().join(".");
        let line = source.line(value.start);
        if seen.contains(&which) {
            return Err(VersionFileError::Several { line, what });
        }
        seen.push(which);
        let raw = source.get(value.clone());
        if !raw.starts_with('"') || raw.len() < 2 {
            return Err(VersionFileError::NotAVersion { line, what, text: shortened(raw) });
        }
        found.places.push(source.place(what, value.start + 1..value.end - 1, Form::Whole, Role::Own)?);
    }
    Ok(found)
}

/// An object or array that is open.
struct Open {
    is_object: bool,
    /// The key whose value is read.
    key: Option<String>,
}

/// The scalars of a JSON text at these paths: which path, and their bytes with quotes. The text has to be valid.
fn values(text: &str, wanted: &[&[&str]]) -> Vec<(usize, Range<usize>)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => open.push(Open { is_object: *byte == b'{', key: None }),
            b'}' | b']' => {
                open.pop();
            }
            b',' => {
                if let Some(last) = open.last_mut() {
                    last.key = None;
                }
            }
            b' ' | b'\t' | b'\r' | b'\n' | b':' => {}
            _ => {
                let end = if *byte == b'"' { end_of_string(bytes, at) } else { end_of_word(bytes, at) };
                match open.last_mut() {
                    Some(last) if last.is_object && last.key.is_none() => {
                        let raw = text.get(at..end).unwrap_or_default();
                        last.key = Some(serde_json::from_str(raw).unwrap_or_default());
                    }
                    _ => {
                        let is_at = |path: &&[&str]| {
                            path.len() == open.len()
                                && open
                                    .iter()
                                    .zip(path.iter())
                                    .all(|(open, part)| open.key.as_deref() == Some(part))
                        };
                        found.extend(wanted.iter().position(is_at).map(|which| (which, at..end)));
                    }
                }
                at = end;
                continue;
            }
        }
        at += 1;
    }
    found
}

fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn end_of_word(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    let length =
        rest.iter().position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'));
    start + length.unwrap_or(rest.len()).max(1)
}
