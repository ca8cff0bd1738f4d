//! What the tool measures; `lw measures` and the page of the action are made from it.

use lw_model::MeasureKind;

/// Every kind of measure the tool has.
pub(crate) const MEASURES: &[MeasureKind] = &[
    MeasureKind::count("version.distance", "Commits since the release"),
    MeasureKind::count("version.dirty", "Files that are not as they were committed"),
    MeasureKind::count("version.near-misses", "Messages that are nearly conventional"),
    MeasureKind::count("version.unconventional", "Messages that are not conventional"),
    MeasureKind::count("version.files", "Files that hold a version"),
    MeasureKind::count("version.disagreements", "Files that disagree with the version"),
];
