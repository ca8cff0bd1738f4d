//! What the tool measures; `lw measures` and the page of the action are made from it.

use lw_model::MeasureKind;

/// Every kind of measure the tool has.
pub(crate) const MEASURES: &[MeasureKind] = &[
    MeasureKind::count("image-tags.tags", "Tags of an image"),
    MeasureKind::count("image-tags.images", "Images"),
    MeasureKind::count("image-tags.held", "Tags that do not move, because a higher version has them"),
];
