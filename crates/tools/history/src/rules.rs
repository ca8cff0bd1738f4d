//! What the tool may find; `lw explain` and the pages of the docs are made from it.

use lw_model::{Level, Rule};

/// Every kind of finding of its own.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "not-recorded",
        level: Level::Note,
        title: "The run is none whose figures are kept.",
        help: "Only a run of the main branch is recorded: what is of a pull request, a merge queue or a fork may never be merged. `--branch NAME` names the main branch where the CI does not.",
    },
    Rule {
        id: "report-refused",
        level: Level::Error,
        title: "A report is of another commit than the one that is recorded, or names none.",
        help: "Give the reports of this run.",
    },
    Rule {
        id: "report-incomplete",
        level: Level::Warning,
        title: "A report is of a run that could not do all of its job, and was not recorded.",
        help: "Look at the step that wrote it. A part says nothing of the whole.",
    },
    Rule {
        id: "same-figure",
        level: Level::Error,
        title: "Two reports have the same measure of the same subject.",
        help: "Give the legs of a matrix a subject or a `title` each: a history has to tell them apart. The first one was recorded.",
    },
    Rule {
        id: "nothing-to-record",
        level: Level::Error,
        title: "No report has a measure that was held to a limit.",
        help: "Measures with a limit are recorded. Set one in the gate, such as `max` or `min-line`.",
    },
    Rule {
        id: "line-refused",
        level: Level::Warning,
        title: "A line of the history cannot be used.",
        help: "It was changed or cut off after it was recorded, or is of a newer version. The others are used; remove it, and record its commit again.",
    },
    Rule {
        id: "no-history",
        level: Level::Error,
        title: "There is no history, or none of what was asked for.",
        help: "`lw history record` adds to it on each run of the main branch. Without --measure, --tool and --subject all figures are shown.",
    },
    Rule {
        id: "no-trend",
        level: Level::Note,
        title: "A measure has only one commit: there is nothing to draw.",
        help: "The second run of the main branch makes it a line.",
    },
    Rule {
        id: "baseline",
        level: Level::Warning,
        title: "What a gate compares with could not be fetched, or its report not be kept.",
        help: "The message says why, and which line of `permissions:` would help: `contents: read` to fetch, `contents: write` to keep.",
    },
];
