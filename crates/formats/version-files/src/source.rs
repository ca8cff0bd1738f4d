//! The text of a file, and where its lines begin.

use std::ops::Range;

use crate::MAX_BYTES;
use crate::error::VersionFileError;
use crate::place::{Form, Place, Role};

/// How much of a text an error shows.
const SHOWN: usize = 60;

/// The text of a file without its byte order mark.
pub(crate) struct Source<'a> {
    pub(crate) text: &'a str,
    /// How many bytes come before the text.
    skipped: usize,
    /// Where each line after the first begins in the text.
    starts: Vec<usize>,
}

impl<'a> Source<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Result<Self, VersionFileError> {
        if bytes.len() > MAX_BYTES {
            return Err(VersionFileError::TooLarge { bytes: bytes.len(), most: MAX_BYTES });
        }
        let whole = std::str::from_utf8(bytes)
            .map_err(|error| VersionFileError::NotUtf8 { offset: error.valid_up_to() })?;
        let text = whole.strip_prefix('\u{feff}').unwrap_or(whole);
        let starts = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        Ok(Self { text, skipped: whole.len() - text.len(), starts })
    }

    /// The line of an offset of the text, from 1.
    pub(crate) fn line(&self, offset: usize) -> u32 {
        let before = self.starts.partition_point(|start| *start <= offset);
        u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The lines with their offsets, without their ends.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &'a str)> {
        let mut at = 0;
        self.text.split('\n').map(move |line| {
            let start = at;
            at += line.len() + 1;
            (start, line.strip_suffix('\r').unwrap_or(line))
        })
    }

    pub(crate) fn get(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    /// The place of a version.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn place(
        &self,
        what: impl Into<String>,
        range: Range<usize>,
        form: Form,
        role: Role,
    ) -> Result<Place, VersionFileError> {
        let (what, text) = (what.into(), self.get(range.clone()));
        let line = self.line(range.start);
        let fits = match form {
            Form::Number(_) => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
            _ => is_version(text),
        };
        if !fits {
            return Err(VersionFileError::NotAVersion { line, what, text: shortened(text) });
        }
        let range = range.start + self.skipped..range.end + self.skipped;
        Ok(Place { what, line, range, text: text.to_owned(), form, role })
    }

    pub(crate) fn wrong(&self, offset: usize, reason: impl Into<String>) -> VersionFileError {
        VersionFileError::Syntax { line: self.line(offset), reason: reason.into() }
    }
}

/// Whether a text may be a version of some scheme: a digit, and nothing that has a meaning around it.
pub(crate) fn is_version(text: &str) -> bool {
    text.len() <= 256
        && text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(is_version_byte)
}

/// Whether a byte may stand in a version.
pub(crate) fn is_version_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-' | b'_' | b'!')
}

pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
