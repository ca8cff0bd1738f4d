//! What the tool measures; `lw measures` and the page of the action are made from it.

use lw_model::{MeasureKind, Unit};

/// Every kind of measure the tool has.
pub(crate) const MEASURES: &[MeasureKind] = &[
    MeasureKind::count("tests.total", "Tests").limited_by(&["min-tests", "max", "min", "max-growth"]),
    MeasureKind::count("tests.passed", "Tests that passed").limited_by(&["max", "min", "max-growth"]),
    MeasureKind::count("tests.failed", "Tests that failed").limited_by(&["max", "min", "max-growth"]),
    MeasureKind::count("tests.errors", "Tests that could not be run to their end").limited_by(&[
        "max",
        "min",
        "max-growth",
    ]),
    MeasureKind::count("tests.skipped", "Tests that were skipped").limited_by(&["max", "min", "max-growth"]),
    MeasureKind::count("tests.not-run", "Tests that were not run").limited_by(&["max", "min", "max-growth"]),
    MeasureKind::count("tests.flaky", "Tests that passed after they had failed").limited_by(&[
        "max",
        "min",
        "max-growth",
    ]),
    MeasureKind::count("tests.warned", "Tests that passed with a warning").limited_by(&[
        "max",
        "min",
        "max-growth",
    ]),
    MeasureKind::count("tests.outside", "Failures outside of tests").limited_by(&[
        "max",
        "min",
        "max-growth",
    ]),
    MeasureKind::count("tests.quarantined", "Failures a quarantine lets through").limited_by(&[
        "max",
        "min",
        "max-growth",
    ]),
    MeasureKind::count("tests.new", "Tests that the baseline does not have").limited_by(&[
        "max",
        "min",
        "max-growth",
    ]),
    MeasureKind::count("tests.fixed", "Tests that failed in the baseline and passed now").limited_by(&[
        "max",
        "min",
        "max-growth",
    ]),
    MeasureKind::count("tests.newly-failing", "Tests that passed in the baseline and fail now")
        .limited_by(&["max", "min", "max-growth"]),
    MeasureKind::count("tests.still-failing", "Tests that failed in the baseline and fail now")
        .limited_by(&["max", "min", "max-growth"]),
    MeasureKind::count("tests.newly-skipped", "Tests that ran in the baseline and were skipped now")
        .limited_by(&["max", "min", "max-growth"]),
    MeasureKind::count("tests.removed", "Tests that only the baseline has").limited_by(&[
        "max",
        "min",
        "max-growth",
    ]),
    MeasureKind::new("tests.duration", Some(Unit::Seconds), "Time of all tests together").limited_by(&[
        "max",
        "min",
        "max-growth",
    ]),
    MeasureKind::new("tests.slowest", Some(Unit::Seconds), "Time of the slowest test").limited_by(&[
        "max",
        "min",
        "max-growth",
    ]),
    MeasureKind::new("tests.wall", Some(Unit::Seconds), "Time of the run on the clock").limited_by(&[
        "max",
        "min",
        "max-growth",
    ]),
    MeasureKind::new("shards.imbalance", Some(Unit::Seconds), "Time of the slowest shard above the mean")
        .limited_by(&["max", "min", "max-growth"]),
];
