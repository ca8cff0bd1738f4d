//! Where in a text something stands, and errors that say so.

use crate::origin::MAX_FILE;
use crate::{Error, Places, Problem};

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
    Error {
        file: file.to_owned(),
        line: line.into(),
        problem: Problem::Malformed { format, reason: reason.into() },
    }
}

/// A file of the project as text, without a byte order mark.
pub(crate) fn text_of(bytes: &[u8], file: &str, format: &'static str) -> Result<String, Error> {
    if bytes.len() > MAX_FILE {
        let problem = Problem::TooLarge(format!("{} bytes are more than any {format} has", bytes.len()));
        return Err(Error { file: file.to_owned(), line: None, problem });
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
            Err(Error { file: file.to_owned(), line: None, problem })
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

/// What TOML's reader says, with its line.
pub(crate) fn toml_error(file: &str, text: &str, format: &'static str, error: &toml::de::Error) -> Error {
    let line = error.span().map(|span| {
        let before = text.as_bytes().get(..span.start.min(text.len())).unwrap_or_default();
        u32::try_from(before.iter().filter(|b| **b == b'\n').count() + 1).unwrap_or(u32::MAX)
    });
    malformed(file, line, format, error.message())
}

/// What JSON's reader says, with its line, which begins at `first` where only a part was read.
pub(crate) fn json_error(file: &str, first: u32, format: &'static str, error: &serde_json::Error) -> Error {
    let line = u32::try_from(error.line()).unwrap_or(u32::MAX).max(1).saturating_add(first.saturating_sub(1));
    // Its text ends with "at line 1 column 2", which stands in the line already.
    let text = error.to_string();
    let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
    malformed(file, line, format, reason)
}
