//! What SPDX 3.0.1 means, past its schema.

use serde_json::Value;

use super::Faults;
use super::schema::{self, Which};
use crate::ReadError;

pub(super) fn check(document: &Value, faults: &mut Faults) -> Result<(String, usize), ReadError> {
    schema::check(document, Which::Spdx301, faults);
    Ok(("SPDX 3.0.1".to_owned(), 0))
}
