//! What the tool measures; `lw measures` and the page of the action are made from it.

use lw_model::MeasureKind;

/// Every kind of measure the tool has.
pub(crate) const MEASURES: &[MeasureKind] = &[
    MeasureKind::count("reports", "Reports whose figures were recorded"),
    MeasureKind::count("figures", "Figures that were recorded of the commit, or are shown of the newest one"),
    MeasureKind::count("commits", "Commits that are shown"),
];
