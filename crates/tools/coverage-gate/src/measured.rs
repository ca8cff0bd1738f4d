//! What the tool measures; `lw measures` and the page of the action are made from it.

use lw_model::{MeasureKind, Unit};

/// Every kind of measure the tool has.
pub(crate) const MEASURES: &[MeasureKind] = &[
    MeasureKind::count("coverage.line.covered", "Covered of all executable lines")
        .limited_by(&["min-line", "preset", "ratchet"]),
    MeasureKind::count("coverage.line.total", "All executable lines"),
    MeasureKind::count("coverage.line.missed", "Not covered of all executable lines"),
    MeasureKind::new(
        "coverage.line.percent",
        Some(Unit::Percent),
        "Share of executable lines that is covered",
    ),
    MeasureKind::count("coverage.branch.covered", "Covered of all outcomes of branches")
        .limited_by(&["min-branch", "ratchet"]),
    MeasureKind::count("coverage.branch.total", "All outcomes of branches"),
    MeasureKind::count("coverage.branch.missed", "Not covered of all outcomes of branches"),
    MeasureKind::new(
        "coverage.branch.percent",
        Some(Unit::Percent),
        "Share of outcomes of branches that is covered",
    ),
    MeasureKind::count("coverage.function.covered", "Covered of all functions and methods")
        .limited_by(&["min-function", "ratchet"]),
    MeasureKind::count("coverage.function.total", "All functions and methods"),
    MeasureKind::count("coverage.function.missed", "Not covered of all functions and methods"),
    MeasureKind::new(
        "coverage.function.percent",
        Some(Unit::Percent),
        "Share of functions and methods that is covered",
    ),
    MeasureKind::count(
        "coverage.statement.covered",
        "Covered of all statements, as Go and Clover count them",
    )
    .limited_by(&["min-statement", "ratchet"]),
    MeasureKind::count("coverage.statement.total", "All statements, as Go and Clover count them"),
    MeasureKind::count(
        "coverage.statement.missed",
        "Not covered of all statements, as Go and Clover count them",
    ),
    MeasureKind::new(
        "coverage.statement.percent",
        Some(Unit::Percent),
        "Share of statements, as Go and Clover count them that is covered",
    ),
    MeasureKind::count(
        "coverage.patch.covered",
        "Covered of all executable lines that the change adds or changes",
    )
    .limited_by(&["min-patch"]),
    MeasureKind::count("coverage.patch.total", "All executable lines that the change adds or changes"),
    MeasureKind::count(
        "coverage.patch.missed",
        "Not covered of all executable lines that the change adds or changes",
    ),
    MeasureKind::new(
        "coverage.patch.percent",
        Some(Unit::Percent),
        "Share of executable lines that the change adds or changes that is covered",
    ),
    MeasureKind::count("coverage.group.NAME.line.covered", "Covered lines of a group")
        .limited_by(&["min-group"]),
    MeasureKind::count("coverage.group.NAME.line.total", "Executable lines of a group"),
    MeasureKind::count("coverage.group.NAME.line.missed", "Lines of a group that are not covered"),
    MeasureKind::new(
        "coverage.group.NAME.line.percent",
        Some(Unit::Percent),
        "Share of the lines of a group that is covered",
    ),
    MeasureKind::count(
        "coverage.file.PATH.line.covered",
        "Covered lines of a file that breaks a limit of files",
    )
    .limited_by(&["min-file", "ratchet"]),
    MeasureKind::count(
        "coverage.file.PATH.patch.covered",
        "Covered changed lines of a file that breaks a limit of files",
    )
    .limited_by(&["min-patch-file"]),
    MeasureKind::count(
        "coverage.METRIC.covered",
        "Covered of conditions (MC/DC), regions (llvm-cov) or instructions (JaCoCo), where a report has them",
    )
    .limited_by(&["ratchet"]),
    MeasureKind::count("coverage.METRIC.total", "All of these"),
    MeasureKind::count("coverage.METRIC.missed", "Not covered of these"),
    MeasureKind::new("coverage.METRIC.percent", Some(Unit::Percent), "Share of these that is covered"),
];
