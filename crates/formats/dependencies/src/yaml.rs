//! YAML as package managers write it: without anchors, not deep, in one document or two.

use lw_syntax::tree::Node;
use lw_syntax::yaml::{self, Keys, Merges, Rules};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Error;
use crate::text::fault;

/// Every document of a text, in which no key stands twice.
pub(crate) fn documents<T: DeserializeOwned>(
    text: &str,
    file: &str,
    format: &'static str,
) -> Result<Vec<T>, Error> {
    documents_with(text, file, format, Keys::Unique)
}

/// The same for a program that takes the last of several.
pub(crate) fn documents_with<T: DeserializeOwned>(
    text: &str,
    file: &str,
    format: &'static str,
    keys: Keys,
) -> Result<Vec<T>, Error> {
    let rules = Rules {
        depth: 16,
        documents: 8,
        // No lock file has anchors, so that no bomb is one.
        anchors: 0,
        aliases: 0,
        repeated: 0,
        nodes: 32_000_000,
        bytes: crate::origin::MAX_FILE,
        keys,
        merges: Merges::Refused,
    };
    let tree = yaml::read(text, &rules).map_err(|error| fault(file, text, format, &error))?;
    let documents = tree.documents().map(Node::read);
    documents.collect::<Result<_, _>>().map_err(|error| fault(file, text, format, &error))
}

/// A text that may look like a number, as `version: 10` does.
#[derive(Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(transparent)]
pub(crate) struct Text(pub(crate) String);
