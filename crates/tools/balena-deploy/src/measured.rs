//! What the tool measures; `lw measures` and the page of the action are made from it.

use lw_model::MeasureKind;

/// Every kind of measure the tool has.
pub(crate) const MEASURES: &[MeasureKind] = &[
    MeasureKind::count(
        "devices.offline",
        "`watch`: devices that are offline for longer than `offline-after`",
    )
    .limited_by(&["max"]),
    MeasureKind::count("devices.failing", "`watch`: devices whose updates fail again and again")
        .limited_by(&["max"]),
    MeasureKind::count(
        "device.failed-updates",
        "`watch`: how often the update of a device failed, from run to run",
    ),
    MeasureKind::bytes("source.bytes", "`check`: what of the source would be sent").limited_by(&["max"]),
    MeasureKind::count("source.files", "`check`: files of it").limited_by(&["max"]),
];
