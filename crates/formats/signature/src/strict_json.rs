//! JSON in which nothing is there twice, and where in it something is wrong.

use lw_syntax::{UniqueJson, json_reason};
use serde_json::Value;

use crate::error::FormError;

/// Reads JSON; an error says where.
pub(crate) fn parse(what: &'static str, bytes: &[u8]) -> Result<Value, FormError> {
    match serde_json::from_slice(bytes) {
        Ok(UniqueJson(value)) => Ok(value),
        Err(error) => Err(FormError::Malformed {
            what,
            place: format!("byte {}", offset(bytes, error.line(), error.column())),
            problem: json_reason(&error),
        }),
    }
}

/// The byte a line and a column of serde_json are.
pub(crate) fn offset(bytes: &[u8], line: usize, column: usize) -> usize {
    let before: usize =
        bytes.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    before + column.saturating_sub(1)
}
