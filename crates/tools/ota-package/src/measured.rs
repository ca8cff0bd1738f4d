//! What the tool measures; `lw measures` and the page of the action are made from it.

use lw_model::MeasureKind;

/// Every kind of measure the tool has.
pub(crate) const MEASURES: &[MeasureKind] = &[
    MeasureKind::bytes("ota.package.bytes", "The package; its baseline is the previous one"),
    MeasureKind::bytes("ota.image.bytes", "An image as it is flashed"),
    MeasureKind::bytes(
        "ota.delta.BASE.bytes",
        "A patch, out of what a device loads without it; BASE are 16 digits of the base's SHA-256",
    ),
    MeasureKind::bytes("partition.smallest-ota.free", "What an update leaves of the smallest OTA slot")
        .limited_by(&["min-free"]),
    MeasureKind::bytes(
        "partition.LABEL.used",
        "What an update takes of an app partition or slot, signature counted",
    ),
    MeasureKind::bytes("partition.LABEL.free", "What an update leaves of an app partition or slot")
        .limited_by(&["min-free"]),
];
