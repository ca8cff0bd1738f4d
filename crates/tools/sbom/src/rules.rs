//! What the tool may find; `lw explain` and the pages of the docs are made from it.

use lw_model::Rule;

/// Every kind of finding of its own.
pub(crate) const RULES: &[Rule] = &[];
