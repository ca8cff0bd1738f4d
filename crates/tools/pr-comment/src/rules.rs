//! What the tool may find; `lw explain` and the pages of the docs are made from it.

use lw_model::{Level, Rule};

/// Every kind of finding of its own.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "report-failed",
        level: Level::Error,
        title: "A report says that its gate failed.",
        help: "The comment says what failed. `--fail-on never` lets the step pass, where another one fails already.",
    },
    Rule {
        id: "report-warned",
        level: Level::Warning,
        title: "A report says that its gate warns.",
        help: "The comment says of what.",
    },
    Rule {
        id: "report-incomplete",
        level: Level::Error,
        title: "A report is of a run that could not do all of its job.",
        help: "Look at the step that wrote it: what it did not judge may be broken.",
    },
    Rule {
        id: "report-refused",
        level: Level::Error,
        title: "A report is of another commit than the one that is tested, or names none.",
        help: "Give the reports of this run; `--any-commit` takes all.",
    },
    Rule {
        id: "same-report",
        level: Level::Error,
        title: "Two files are the same report, to the byte.",
        help: "Something was downloaded twice, or a job of the matrix wrote what belongs to another. Name each file once.",
    },
    Rule {
        id: "history",
        level: Level::Warning,
        title: "The history cannot be read in whole, or has none of the measures.",
        help: "The comment is written without it. Give what `history export --format jsonl` writes of the base branch; `--fail-on warning` makes it fail.",
    },
    Rule {
        id: "not-posted",
        level: Level::Note,
        title: "The comment was not posted.",
        help: "The message says why, and which line of `permissions:` would help. `--comment required` makes it an error, `always` a warning.",
    },
    Rule {
        id: "newer",
        level: Level::Note,
        title: "The pull request has moved on, or a newer run has written the comment: it was left as it is.",
        help: "Nothing has to be done: the newer run tells what counts.",
    },
    Rule {
        id: "shortened",
        level: Level::Note,
        title: "The comment has not room for everything.",
        help: "What matters least was left out, and the comment says how much. The reports have it all.",
    },
];
