//! JSON in which nothing is there twice, and where in it something is wrong.

use lw_syntax::json;
use serde_json::Value;

use crate::error::FormError;

/// Reads JSON; an error says where.
pub(crate) fn parse(what: &'static str, bytes: &[u8]) -> Result<Value, FormError> {
    let value = json::text_of(bytes).and_then(|text| json::read_unique(text)?.document().read());
    value.map_err(|fault| FormError::Malformed {
        what,
        place: format!("byte {}", fault.at().unwrap_or_default()),
        problem: fault.reason().to_owned(),
    })
}
