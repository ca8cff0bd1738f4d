//! What a stand-in for an action says.

use std::collections::BTreeMap;

/// What a step said.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) outputs: BTreeMap<String, String>,
    pub(crate) log: Vec<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) error: Option<String>,
}

impl Said {
    pub(crate) fn failed(error: impl Into<String>) -> Self {
        Self { error: Some(error.into()), ..Self::default() }
    }
}
