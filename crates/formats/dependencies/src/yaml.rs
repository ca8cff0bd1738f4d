//! YAML as package managers write it: without anchors, not deep, in one document or two.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};

use crate::text::malformed;
use crate::{Error, Problem};

/// Every document of a text, in which no key stands twice.
pub(crate) fn documents<T: DeserializeOwned>(
    text: &str,
    file: &str,
    format: &'static str,
) -> Result<Vec<T>, Error> {
    documents_with(text, file, format, DuplicateKeyPolicy::Error)
}

/// The same for a program that takes the last of several.
pub(crate) fn documents_with<T: DeserializeOwned>(
    text: &str,
    file: &str,
    format: &'static str,
    duplicate_keys: DuplicateKeyPolicy,
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
        duplicate_keys: duplicate_keys,
        merge_keys: MergeKeyPolicy::Error,
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

/// The lines of a text, to find those of keys: a reader knows only where their values begin.
pub(crate) struct KeyLines<'a>(Vec<&'a str>);

impl<'a> KeyLines<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        Self(text.lines().collect())
    }

    /// The line of the key of a value: the one before where the value stands alone.
    pub(crate) fn of_value<T>(&self, value: &serde_saphyr::Spanned<T>) -> u32 {
        let line = usize::try_from(value.referenced.line()).unwrap_or_default();
        let column = usize::try_from(value.referenced.column()).unwrap_or_default();
        let before =
            self.0.get(line.saturating_sub(1)).map(|text| text.chars().take(column.saturating_sub(1)));
        let is_alone = before.is_some_and(|mut before| before.all(|c| c == ' '));
        u32::try_from(line.saturating_sub(usize::from(is_alone)).max(1)).unwrap_or(u32::MAX)
    }
}
