//! JSON that somebody else wrote: what sort of document it is, and errors with line and column.

use std::collections::BTreeMap;

use lw_syntax::{UniqueJson, json_reason};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::{Fault, ReadError};

/// More bytes than any real bill of materials has; those of whole distributions have some ten million.
pub const MAX_BYTES: usize = 128 << 20;

/// What a file is by its first fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    CycloneDx { version: String },
    Spdx2 { version: String },
    Spdx3,
}

/// Deserializes a whole file.
pub(crate) fn typed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ReadError> {
    serde_json::from_slice(bytes).map_err(|error| problem(&error))
}

/// What is wrong with JSON, in the words of this crate.
pub(crate) fn problem(error: &serde_json::Error) -> ReadError {
    // Of a file that ends after a line break there is no column yet.
    let (line, column) = (error.line().max(1), error.column().max(1));
    if error.is_eof() {
        return ReadError::Truncated { line, column };
    }
    ReadError::Malformed { line, column, reason: json_reason(error) }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    bom_format: Option<String>,
    spec_version: Option<String>,
    spdx_version: Option<String>,
    #[serde(rename = "@context")]
    context: Option<IgnoredAny>,
}

/// Finds out what a file is, and returns it without a byte order mark.
pub(crate) fn header(bytes: &[u8]) -> Result<(&[u8], Header), ReadError> {
    if bytes.len() > MAX_BYTES {
        return Err(ReadError::TooLarge { bytes: bytes.len(), limit: MAX_BYTES });
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = bytes.trim_ascii_start();
    match start.first() {
        None => return Err(ReadError::Empty),
        Some(b'<') if start.windows(7).take(4096).any(|window| window == b"rdf:RDF") => {
            return Err(ReadError::Form { form: "RDF/XML" });
        }
        Some(b'<') => return Err(ReadError::Form { form: "XML" }),
        _ if [b"SPDXVersion:".as_slice(), b"##"].iter().any(|tag| start.starts_with(tag)) => {
            return Err(ReadError::Form { form: "SPDX tag-value" });
        }
        _ if [b"spdxVersion:".as_slice(), b"bomFormat:", b"---", b"SPDXID:"]
            .iter()
            .any(|tag| start.starts_with(tag)) =>
        {
            return Err(ReadError::Form { form: "YAML" });
        }
        _ => {}
    }
    let fields: Fields = typed(bytes)?;
    let header = match fields {
        Fields { bom_format: Some(name), spec_version, .. } if name == "CycloneDX" => {
            Header::CycloneDx { version: spec_version.unwrap_or_default() }
        }
        Fields { spdx_version: Some(version), .. } => Header::Spdx2 { version },
        Fields { context: Some(_), .. } => Header::Spdx3,
        _ => return Err(ReadError::NotABom),
    };
    Ok((bytes, header))
}

/// A whole file as a value, in which no key stands twice: readers disagree on which of two they take.
pub(crate) fn value(bytes: &[u8]) -> Result<Value, ReadError> {
    typed::<UniqueJson>(bytes).map(|UniqueJson(value)| value)
}

/// A text of an object.
pub(crate) fn text<'a>(of: &'a Value, key: &str) -> Option<&'a str> {
    of.get(key).and_then(Value::as_str)
}

/// A list of an object; nothing where it is none.
pub(crate) fn list<'a>(of: &'a Value, key: &str) -> &'a [Value] {
    of.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A foreign text that is to be quoted, cut off where it is long.
pub(crate) fn shortened(text: &str) -> String {
    const LONGEST: usize = 120;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Finds the line of each fault; of something that is missing, the line of what it is missing from.
pub(crate) fn locate(bytes: &[u8], faults: &mut [Fault]) {
    let mut wanted: BTreeMap<String, usize> = BTreeMap::new();
    for fault in &*faults {
        let mut pointer = fault.pointer.as_str();
        wanted.entry(pointer.to_owned()).or_default();
        while let Some((parent, _)) = pointer.rsplit_once('/') {
            pointer = parent;
            wanted.entry(pointer.to_owned()).or_default();
        }
    }
    let mut lines = Lines { bytes, at: 0, line: 1, pointer: String::new(), wanted };
    lines.value();
    for fault in faults {
        let mut pointer = fault.pointer.as_str();
        loop {
            if let Some(line) = lines.wanted.get(pointer).filter(|line| **line > 0) {
                fault.line = *line;
                break;
            }
            match pointer.rsplit_once('/') {
                Some((parent, _)) => pointer = parent,
                None => break,
            }
        }
    }
}

/// Walks over JSON that was parsed before, so that it is well-formed and not too deep.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
    /// Of the value that is walked over.
    pointer: String,
    /// The line of each pointer; 0 until it is found.
    wanted: BTreeMap<String, usize>,
}

impl Lines<'_> {
    fn skip_space(&mut self) {
        while let Some(byte) = self.bytes.get(self.at).filter(|byte| byte.is_ascii_whitespace()) {
            self.line += usize::from(*byte == b'\n');
            self.at += 1;
        }
    }

    /// Takes a text, and returns it without its quotes.
    fn string(&mut self) -> &[u8] {
        let start = self.at + 1;
        self.at = start;
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        let end = self.at;
        self.at += 1;
        self.bytes.get(start..end).unwrap_or_default()
    }

    fn value(&mut self) {
        self.skip_space();
        if let Some(line) = self.wanted.get_mut(&self.pointer) {
            *line = self.line;
        }
        match self.bytes.get(self.at) {
            Some(b'{') => self.items(b'}'),
            Some(b'[') => self.items(b']'),
            Some(b'"') => drop(self.string().len()),
            _ => {
                while self
                    .bytes
                    .get(self.at)
                    .is_some_and(|byte| !b",]}".contains(byte) && !byte.is_ascii_whitespace())
                {
                    self.at += 1;
                }
            }
        }
    }

    fn items(&mut self, end: u8) {
        self.at += 1;
        let mut index = 0usize;
        loop {
            self.skip_space();
            match self.bytes.get(self.at) {
                None => return,
                Some(byte) if *byte == end => {
                    self.at += 1;
                    return;
                }
                Some(b',') => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            let length = self.pointer.len();
            if end == b'}' {
                let quoted = self.string().to_vec();
                // Keys of faults that the suite names have nothing to escape; others are found with their object.
                push_step(&mut self.pointer, &String::from_utf8_lossy(&quoted));
                self.skip_space();
                self.at += 1;
            } else {
                push_step(&mut self.pointer, &index.to_string());
                index += 1;
            }
            self.value();
            self.pointer.truncate(length);
        }
    }
}

/// Adds the name or the place of a value in another to a JSON pointer: RFC 6901, section 3.
pub(crate) fn push_step(pointer: &mut String, name: &str) {
    pointer.push('/');
    if name.contains(['~', '/']) {
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
    } else {
        pointer.push_str(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rule;

    #[test]
    fn lines_are_those_of_the_values() {
        let text = "{\n \"a\": [\n  {\"b\\\"\": 1},\n  true,\n  \"x\\\\\"\n ],\n \"c\": null\n}";
        let fault = |pointer: &str| Fault {
            pointer: pointer.to_owned(),
            line: 0,
            component: None,
            message: String::new(),
            fix: String::new(),
            rule: Rule::Schema,
        };
        let mut faults = ["", "/a", "/a/0", "/a/1", "/a/2", "/a/2/none", "/c", "/missing"].map(fault);
        locate(text.as_bytes(), &mut faults);
        assert_eq!(faults.map(|fault| fault.line), [1, 2, 3, 4, 5, 5, 7, 1]);
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_with_its_place() {
        let error = value(b"{\n\"a\": 1,\n\"a\": 2}").unwrap_err();
        assert_eq!(error.to_string(), "line 3, column 3: the member \"a\" is there twice");
    }

    #[test]
    fn what_is_too_deep_is_refused_with_its_place() {
        for text in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
            let error = value(text.as_bytes()).unwrap_err();
            assert!(matches!(error, ReadError::Malformed { line: 1, .. }), "{error}");
        }
    }
}
