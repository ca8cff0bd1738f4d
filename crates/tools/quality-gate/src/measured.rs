//! What the tool measures; `lw measures` and the page of the action are made from it.

use lw_model::MeasureKind;

/// Every kind of measure the tool has.
pub(crate) const MEASURES: &[MeasureKind] = &[
    MeasureKind::count("matrix.jobs", "Jobs of a matrix"),
    MeasureKind::new(
        "MEASURE",
        None,
        "Any measure of a report, or figure of a source, that the policy holds to a limit",
    )
    .limited_by(&["max", "min", "max-growth", "max-drop", "preset"]),
];
