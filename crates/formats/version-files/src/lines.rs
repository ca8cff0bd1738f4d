//! Files that are read line by line: `version.txt`, `idf_component.yml`, `library.properties`, `platformio.ini`.

use std::ops::Range;

use crate::FileVersions;
use crate::error::VersionFileError;
use crate::place::{Form, Place, Role};
use crate::source::{Source, is_version_byte};

/// The trimmed part of a range.
fn trimmed(source: &Source<'_>, range: Range<usize>) -> Range<usize> {
    let text = source.get(range.clone());
    let start = range.start + (text.len() - text.trim_start().len());
    start..start + text.trim().len()
}

/// One version, and only that, perhaps with a `v` before it.
pub(crate) fn text(source: &Source<'_>) -> Result<FileVersions, VersionFileError> {
    let range = trimmed(source, 0..source.text.len());
    if range.is_empty() {
        return Err(VersionFileError::Without { expected: "expected one line with a version".into() });
    }
    let start = range.start + usize::from(source.get(range.clone()).starts_with('v'));
    let place = source.place("the version", start..range.end, Form::Whole, Role::Own)?;
    Ok(FileVersions { places: vec![place], ..FileVersions::default() })
}

fn push_only(found: &mut FileVersions, place: Place) -> Result<(), VersionFileError> {
    if !found.places.is_empty() {
        return Err(VersionFileError::Several { line: place.line, what: place.what });
    }
    found.places.push(place);
    Ok(())
}

/// `version:` at the beginning of a line: what belongs to another key is indented, in every block of YAML.
pub(crate) fn yaml(source: &Source<'_>) -> Result<FileVersions, VersionFileError> {
    let mut found = FileVersions { without: Some("it has no `version:`"), ..FileVersions::default() };
    for (start, line) in source.lines() {
        let rest = ["version", "\"version\"", "'version'"].iter().find_map(|key| line.strip_prefix(key));
        let Some(rest) = rest.and_then(|rest| rest.trim_start().strip_prefix(':')) else { continue };
        if !rest.is_empty() && !rest.starts_with([' ', '\t']) {
            continue;
        }
        let from = start + line.len() - rest.len();
        // A comment begins with a space and `#`.
        let end = rest.find(" #").or_else(|| rest.find("\t#")).unwrap_or(rest.len());
        let mut value = trimmed(source, from..from + end);
        let raw = source.get(value.clone());
        for quote in ['"', '\''] {
            if raw.len() >= 2 && raw.starts_with(quote) && raw.ends_with(quote) {
                value = value.start + 1..value.end - 1;
            }
        }
        push_only(&mut found, source.place("version", value, Form::Whole, Role::Own)?)?;
    }
    Ok(found)
}

/// `version=1.2.3`
pub(crate) fn properties(source: &Source<'_>) -> Result<FileVersions, VersionFileError> {
    let mut found = FileVersions { without: Some("it has no `version=`"), ..FileVersions::default() };
    for (start, line) in source.lines() {
        let Some((key, value)) = line.split_once('=') else { continue };
        if key.trim() != "version" {
            continue;
        }
        let range = trimmed(source, start + line.len() - value.len()..start + line.len());
        push_only(&mut found, source.place("version", range, Form::Whole, Role::Own)?)?;
    }
    Ok(found)
}

/// An option of any section, or with `-DNAME` a macro wherever it is set.
pub(crate) fn ini(source: &Source<'_>, key: &str) -> Result<FileVersions, VersionFileError> {
    let mut found =
        FileVersions { without: Some("it has no such option or macro"), ..FileVersions::default() };
    let name = key.strip_prefix("-D");
    for (start, line) in source.lines() {
        if line.trim_start().starts_with([';', '#']) {
            continue;
        }
        let code = line.find(" ;").map_or(line, |end| line.get(..end).unwrap_or(line));
        match name {
            Some(name) => {
                for range in macros(code, name) {
                    let range = start + range.start..start + range.end;
                    found.places.push(source.place(key, range, Form::Whole, Role::Own)?);
                }
            }
            None => {
                let Some((option, value)) = code.split_once(['=', ':']) else { continue };
                // What is indented goes on with the option before.
                if option.trim_end() != key {
                    continue;
                }
                let end = start + code.len();
                let range = trimmed(source, end - value.len()..end);
                found.places.push(source.place(key, range, Form::Whole, Role::Own)?);
            }
        }
    }
    Ok(found)
}

/// The versions of `-DNAME=…` in flags, within whatever quotes they have there.
fn macros(code: &str, name: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("-D") {
        let behind = code.get(at + 2..).unwrap_or_default();
        let spaces = behind.len() - behind.trim_start_matches([' ', '\'', '"']).len();
        let Some(rest) = behind.get(spaces..).and_then(|rest| rest.strip_prefix(name)) else { continue };
        let Some(value) = rest.strip_prefix('=') else { continue };
        let quotes = value.len() - value.trim_start_matches(['\\', '"', '\'']).len();
        let begin = code.len() - value.len() + quotes;
        let text = code.get(begin..).unwrap_or_default();
        let length = text.bytes().position(|byte| !is_version_byte(byte)).unwrap_or(text.len());
        found.push(begin..begin + length);
    }
    found
}
