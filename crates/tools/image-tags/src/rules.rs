//! What the tool may find; `lw explain` and the pages of the docs are made from it.

use lw_model::{Level, Rule};

/// Every kind of finding of its own.
pub(crate) const RULES: &[Rule] = &[Rule {
    id: "blank",
    level: Level::Warning,
    title: "A file holds one byte, repeated from its beginning to its end.",
    help: "Memory that was never written looks like this. Look at the step that makes the file.",
}];
