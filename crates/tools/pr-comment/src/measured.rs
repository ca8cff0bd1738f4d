//! What the tool measures; `lw measures` and the page of the action are made from it.

use lw_model::MeasureKind;

/// Every kind of measure the tool has.
pub(crate) const MEASURES: &[MeasureKind] = &[
    MeasureKind::count("reports", "Reports that were joined"),
    MeasureKind::count("comment.length", "Length of the comment in UTF-16 code units, as GitHub counts"),
];
