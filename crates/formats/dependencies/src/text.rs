//! Texts of files: bytes as text, where in it something stands, and errors that say so.

use crate::origin::MAX_FILE;
use crate::{Error, Places, Problem, Tree};
use lw_inventory::Place;
use lw_syntax::tree::Fault;
use lw_syntax::{json, toml};
use serde::de::DeserializeOwned;
use std::borrow::Cow;

/// The line of a byte, from 1, found quickly for many bytes in any order.
pub(crate) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        Self { starts: text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1).collect() }
    }

    pub(crate) fn at(&self, byte: usize) -> u32 {
        let before = self.starts.partition_point(|start| *start <= byte);
        u32::try_from(before + 1).unwrap_or(u32::MAX)
    }
}

/// "This is no …" at a line.
pub(crate) fn malformed(
    file: &str,
    line: impl Into<Option<u32>>,
    format: &'static str,
    reason: impl Into<String>,
) -> Error {
    Error::new(file, line.into(), Problem::Malformed { format, reason: reason.into() })
}

/// A file of the project as text, without a byte order mark.
pub(crate) fn text_of(bytes: &[u8], file: &str, format: &'static str) -> Result<String, Error> {
    if bytes.len() > MAX_FILE {
        let problem = Problem::TooLarge(format!("{} bytes are more than any {format} has", bytes.len()));
        return Err(Error::new(file, None, problem));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = before.iter().filter(|b| **b == b'\n').count() + 1;
            Err(malformed(file, u32::try_from(line).ok(), format, "it is not UTF-8"))
        }
    }
}

/// A file of the project that must be there.
pub(crate) fn project_text(places: &Places<'_>, file: &str, format: &'static str) -> Result<String, Error> {
    match places.project.read(file)? {
        Some(bytes) => text_of(&bytes, file, format),
        None => {
            let problem = Problem::Unreadable("there is no such file".to_owned());
            Err(Error::new(file, None, problem))
        }
    }
}

/// A file of the project that may be missing.
pub(crate) fn optional_text(
    places: &Places<'_>,
    file: &str,
    format: &'static str,
) -> Result<Option<String>, Error> {
    places.project.read(file)?.map(|bytes| text_of(&bytes, file, format)).transpose()
}

/// What the reader of YAML, TOML or JSON says, with its line.
pub(crate) fn fault(file: &str, text: &str, format: &'static str, fault: &Fault) -> Error {
    let line = fault.line(text);
    if fault.is_too_large() {
        return Error::new(file, line, Problem::TooLarge(fault.reason().to_owned()));
    }
    malformed(file, line, format, fault.reason())
}

/// A text as TOML.
pub(crate) fn toml<T: DeserializeOwned>(file: &str, text: &str, format: &'static str) -> Result<T, Error> {
    let tree = toml::read(text).map_err(|error| fault(file, text, format, &error))?;
    tree.document().read().map_err(|error| fault(file, text, format, &error))
}

/// A text as JSON.
pub(crate) fn json<T: DeserializeOwned>(file: &str, text: &str, format: &'static str) -> Result<T, Error> {
    json::from_str(text).map_err(|error| fault(file, text, format, &error))
}

/// The largest file that is read. The largest lock files known have 10 MB.
pub(crate) const MAX_BYTES: usize = 64 << 20;

/// The most entries that one file may have.
pub(crate) const MAX_ENTRIES: usize = 200_000;

/// A file of a project.
pub(crate) struct Input<'a> {
    /// Its name, as the project has it.
    pub(crate) file: &'a str,
    /// What its format is called, for messages.
    pub(crate) format: &'static str,
    /// Where its lines begin.
    lines: Vec<usize>,
    /// Its content.
    pub(crate) text: Cow<'a, str>,
}

impl<'a> Input<'a> {
    /// Reads a file that must be there.
    pub(crate) fn open(tree: &'a dyn Tree, file: &'a str, format: &'static str) -> Result<Self, Error> {
        Self::find(tree, file, format)?
            .ok_or_else(|| Error::new(file, None, Problem::Unreadable("there is no such file".to_owned())))
    }

    /// Reads a file that may be there.
    pub(crate) fn find(
        tree: &'a dyn Tree,
        file: &'a str,
        format: &'static str,
    ) -> Result<Option<Self>, Error> {
        tree.read(file)?.map(|bytes| Self::new(bytes, file, format)).transpose()
    }

    fn new(bytes: Cow<'a, [u8]>, file: &'a str, format: &'static str) -> Result<Self, Error> {
        let fail = |line, problem| Error::new(file, line, problem);
        if bytes.len() > MAX_BYTES {
            let problem = format!("it has {} bytes, of which at most {MAX_BYTES} are read", bytes.len());
            return Err(fail(None, Problem::TooLarge(problem)));
        }
        let text = decode(bytes).map_err(|(offset, reason)| {
            let line = Some(u32::try_from(offset + 1).unwrap_or(u32::MAX));
            fail(line, Problem::Malformed { format, reason })
        })?;
        if text.trim().is_empty() {
            return Err(fail(None, Problem::Malformed { format, reason: "it is empty".to_owned() }));
        }
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Ok(Self { file, format, lines, text })
    }

    /// The line of a byte, from 1.
    pub(crate) fn line(&self, offset: usize) -> u32 {
        u32::try_from(self.lines.partition_point(|begin| *begin <= offset)).unwrap_or(u32::MAX)
    }

    /// Where a byte stands.
    pub(crate) fn place(&self, offset: usize) -> Place {
        Place { file: self.file.to_owned(), line: Some(self.line(offset)) }
    }

    /// Says that it is not what it should be.
    pub(crate) fn malformed(&self, line: Option<u32>, reason: impl Into<String>) -> Error {
        let problem = Problem::Malformed { format: self.format, reason: reason.into() };
        Error::new(self.file, line, problem)
    }

    /// Says that it names what it does not have.
    pub(crate) fn inconsistent(&self, line: Option<u32>, what: impl Into<String>) -> Error {
        Error::new(self.file, line, Problem::Inconsistent(what.into()))
    }

    /// Says that its version is not known.
    pub(crate) fn version(&self, line: Option<u32>, version: impl Into<String>) -> Error {
        let problem = Problem::Version { format: self.format, version: version.into() };
        Error::new(self.file, line, problem)
    }

    /// Says that it has more entries than anything real.
    pub(crate) fn limit(&self, entries: usize) -> Result<(), Error> {
        if entries <= MAX_ENTRIES {
            return Ok(());
        }
        let problem = format!("it has {entries} entries, of which at most {MAX_ENTRIES} are read");
        Err(Error::new(self.file, None, Problem::TooLarge(problem)))
    }

    /// Reads it as TOML.
    pub(crate) fn toml<T: DeserializeOwned>(&self) -> Result<T, Error> {
        toml(self.file, &self.text, self.format)
    }

    /// Reads it as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        json(self.file, &self.text, self.format)
    }
}

/// Bytes as text: UTF-8 with or without a byte order mark, or UTF-16 with one. The error has lines before the fault.
fn decode(bytes: Cow<'_, [u8]>) -> Result<Cow<'_, str>, (usize, String)> {
    let newlines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
    let sixteen = match bytes.get(..2) {
        Some([0xFF, 0xFE]) => Some(u16::from_le_bytes as fn([u8; 2]) -> u16),
        Some([0xFE, 0xFF]) => Some(u16::from_be_bytes as fn([u8; 2]) -> u16),
        _ => None,
    };
    if let Some(unit) = sixteen {
        let units = bytes.get(2..).unwrap_or_default().chunks(2);
        let units = units.map(|pair| match pair {
            [first, second] => unit([*first, *second]),
            // Half a unit at the end is no text.
            _ => 0xDC00,
        });
        let mut text = String::with_capacity(bytes.len() / 2);
        for character in char::decode_utf16(units) {
            match character {
                Ok(character) => text.push(character),
                Err(_) => {
                    let lines = text.matches('\n').count();
                    return Err((lines, "it has a byte order mark of UTF-16 and is no such text".to_owned()));
                }
            }
        }
        return Ok(Cow::Owned(text));
    }
    const MARK: &[u8] = "\u{FEFF}".as_bytes();
    let fail = |bytes: &[u8], at: usize| {
        let before = bytes.get(..at).unwrap_or_default();
        (newlines(before), format!("byte {at} is no UTF-8"))
    };
    match bytes {
        Cow::Borrowed(bytes) => {
            let bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
            let text = std::str::from_utf8(bytes).map_err(|error| fail(bytes, error.valid_up_to()))?;
            Ok(Cow::Borrowed(text))
        }
        Cow::Owned(bytes) => {
            let bytes =
                if bytes.starts_with(MARK) { bytes.get(3..).unwrap_or_default().to_vec() } else { bytes };
            let text = String::from_utf8(bytes).map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                fail(error.as_bytes(), at)
            })?;
            Ok(Cow::Owned(text))
        }
    }
}
