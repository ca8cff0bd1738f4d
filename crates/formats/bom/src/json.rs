//! JSON that somebody else wrote: what sort of document it is, and errors with line and column.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::ReadError;

/// More bytes than any real bill of materials has; those of whole distributions have some ten million.
pub const MAX_BYTES: usize = 256 << 20;

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
    let (line, column) = (error.line(), error.column());
    if error.is_eof() {
        return ReadError::Truncated { line, column };
    }
    let text = error.to_string();
    // The place is told by line and column of their own.
    let reason = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
    ReadError::Malformed { line, column, reason: reason.to_owned() }
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
