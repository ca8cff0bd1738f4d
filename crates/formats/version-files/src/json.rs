//! `package.json`, `package-lock.json` and `library.json`.

use std::ops::Range;

use lw_hashed::HashMap;
use serde::de::IgnoredAny;

use crate::FileVersions;
use crate::error::VersionFileError;
use crate::place::{Form, Role};
use crate::source::{Source, is_version, shortened};

/// Where a manifest of npm names what it needs.
const NEEDS: [&str; 4] = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];

pub(crate) fn package(source: &Source<'_>) -> Result<FileVersions, VersionFileError> {
    let mut reader = Reader::new(source, "it has no `version`, as private packages may")?;
    walk(source.text, |open, value| {
        match keys(open).as_slice() {
            [Some("version")] => reader.own("version", value)?,
            [Some("name")] => reader.found.package = text(source, value),
            [Some("workspaces"), None] | [Some("workspaces"), Some("packages"), None] => {
                reader.found.members.extend(text(source, value));
            }
            [Some(section), Some(name)] if NEEDS.contains(section) => {
                reader.pin(format!("{section}.{name}"), name, value)?;
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(reader.found)
}

pub(crate) fn library(source: &Source<'_>) -> Result<FileVersions, VersionFileError> {
    let mut reader = Reader::new(source, "it has no `version`")?;
    walk(source.text, |open, value| match keys(open).as_slice() {
        [Some("version")] => reader.own("version", value),
        _ => Ok(()),
    })?;
    Ok(reader.found)
}

/// The version of the package itself, which stands there twice, and those of the members of its workspace: packages that lie in
/// another folder than `node_modules`, under the name that is said there, or else that of the folder.
pub(crate) fn package_lock(source: &Source<'_>) -> Result<FileVersions, VersionFileError> {
    let mut reader = Reader::new(source, "it has no `version`")?;
    let mut names: HashMap<String, String> = HashMap::new();
    let is_installed = |folder: &str| folder.split('/').any(|part| part == "node_modules");
    walk(source.text, |open, value| {
        if let [Some("packages"), Some(folder), Some("name")] = keys(open).as_slice()
            && !is_installed(folder)
        {
            names.extend(text(source, value).map(|name| ((*folder).to_owned(), name)));
        }
        Ok(())
    })?;
    walk(source.text, |open, value| {
        match keys(open).as_slice() {
            [Some("version")] => reader.own("version", value)?,
            [Some("packages"), Some(""), Some("version")] => reader.own("packages.\"\".version", value)?,
            [Some("packages"), Some(folder), Some("version")] if !is_installed(folder) => {
                let name = names.get(*folder).cloned().unwrap_or_else(|| of_folder(folder).to_owned());
                let what = format!("packages.{folder:?}.version");
                if let Some(range) = inside(source, value) {
                    reader.add(what, range, Role::Lock(name))?;
                }
            }
            [Some("packages"), Some(folder), Some(section), Some(name)]
                if NEEDS.contains(section) && !is_installed(folder) =>
            {
                reader.pin(format!("packages.{folder:?}.{section}.{name}"), name, value)?;
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(reader.found)
}

/// The name npm gives a package that has none: its folder, with the one above where that is a scope.
fn of_folder(folder: &str) -> &str {
    let last = folder.rfind('/').map_or(0, |at| at + 1);
    let above = folder.get(..last.saturating_sub(1)).unwrap_or_default();
    let start = above.rfind('/').map_or(0, |at| at + 1);
    let is_scope = above.get(start..).is_some_and(|above| above.starts_with('@'));
    folder.get(if is_scope { start } else { last }..).unwrap_or(folder)
}

/// What is found in a file.
struct Reader<'s, 'a> {
    source: &'s Source<'a>,
    found: FileVersions,
}

impl<'s, 'a> Reader<'s, 'a> {
    fn new(source: &'s Source<'a>, without: &'static str) -> Result<Self, VersionFileError> {
        serde_json::from_str::<IgnoredAny>(source.text).map_err(|error| VersionFileError::Syntax {
            line: u32::try_from(error.line()).unwrap_or(u32::MAX),
            reason: error.to_string(),
        })?;
        Ok(Self { source, found: FileVersions { without: Some(without), ..FileVersions::default() } })
    }

    /// The version of the file itself, which is there once.
    fn own(&mut self, what: &str, value: Range<usize>) -> Result<(), VersionFileError> {
        let line = self.source.line(value.start);
        if self.found.own().any(|place| place.what == what) {
            return Err(VersionFileError::Several { line, what: what.to_owned() });
        }
        let Some(range) = inside(self.source, value.clone()) else {
            let text = shortened(self.source.get(value));
            return Err(VersionFileError::NotAVersion { line, what: what.to_owned(), text });
        };
        self.add(what.to_owned(), range, Role::Own)
    }

    /// A version that is asked for exactly, as `1.2.3`, `=1.2.3` or `workspace:1.2.3`. Whatever else may be asked for is left alone.
    fn pin(&mut self, what: String, name: &str, value: Range<usize>) -> Result<(), VersionFileError> {
        let Some(range) = inside(self.source, value) else { return Ok(()) };
        let asked = self.source.get(range.clone());
        let bare = asked.strip_prefix("workspace:").unwrap_or(asked);
        let bare = bare.strip_prefix('=').unwrap_or(bare);
        // A part of a version is a range: `1.2` is any 1.2.x.
        let is_whole = bare.split(['-', '+']).next().unwrap_or_default().split('.').count() == 3;
        if is_whole && is_version(bare) {
            let range = range.end - bare.len()..range.end;
            return self.add(what, range, Role::Pin(name.to_owned()));
        }
        Ok(())
    }

    fn add(&mut self, what: String, range: Range<usize>, role: Role) -> Result<(), VersionFileError> {
        self.found.places.push(self.source.place(what, range, Form::Whole, role)?);
        Ok(())
    }
}

/// What stands between the quotes of a string.
fn inside(source: &Source<'_>, value: Range<usize>) -> Option<Range<usize>> {
    let raw = source.get(value.clone());
    (raw.len() >= 2 && raw.starts_with('"')).then(|| value.start + 1..value.end - 1)
}

/// What a string says.
fn text(source: &Source<'_>, value: Range<usize>) -> Option<String> {
    serde_json::from_str(source.get(value)).ok()
}

/// The keys that lead to a value; those of arrays have none. What is deeper than anything that is looked for has none at all.
fn keys(open: &[Open]) -> Vec<Option<&str>> {
    if open.len() > 4 {
        return Vec::new();
    }
    open.iter().map(|open| open.key.as_deref()).collect()
}

/// An object or array that is open.
struct Open {
    is_object: bool,
    /// The key whose value is read.
    key: Option<String>,
}

/// The scalars of a JSON text, which has to be valid: what they stand in, and their bytes with quotes.
fn walk(
    text: &str,
    mut visit: impl FnMut(&[Open], Range<usize>) -> Result<(), VersionFileError>,
) -> Result<(), VersionFileError> {
    let bytes = text.as_bytes();
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
                    _ => visit(&open, at..end)?,
                }
                at = end;
                continue;
            }
        }
        at += 1;
    }
    Ok(())
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
