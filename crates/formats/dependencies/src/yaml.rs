//! YAML as package managers write it: without anchors, not deep, in one document or two.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::text::malformed;
use crate::{Error, Problem};

/// Every document of a text.
pub(crate) fn documents<T: DeserializeOwned>(
    text: &str,
    file: &str,
    format: &'static str,
) -> Result<Vec<T>, Error> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 16,
            max_documents: 8,
            // No lock file has anchors, so that no bomb is one.
            max_anchors: 0,
            max_aliases: 0,
            max_events: 64_000_000,
            max_nodes: 32_000_000,
            max_total_scalar_bytes: crate::origin::MAX_FILE,
        },
        with_snippet: false,
        merge_keys: serde_saphyr::options::MergeKeyPolicy::Error,
    };
    serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
        let line = error
            .location()
            .and_then(|location| u32::try_from(location.line()).ok())
            .filter(|line| *line > 0);
        let reason = error.without_snippet().to_string();
        let reason = reason.lines().next().unwrap_or_default().trim_end_matches('.').to_owned();
        if reason.contains("budget") {
            return Error { file: file.to_owned(), line, problem: Problem::TooLarge(reason) };
        }
        malformed(file, line, format, reason)
    })
}

/// A text that may look like a number, as `version: 10` does.
#[derive(Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(transparent)]
pub(crate) struct Text(pub(crate) String);
