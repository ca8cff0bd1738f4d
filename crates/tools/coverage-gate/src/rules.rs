//! What the tool may find; `lw explain` and the pages of the docs are made from it.

use lw_model::{Level, Rule};

/// Every kind of finding of its own.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "conversion-loss",
        level: Level::Note,
        title: "A format that was written has no word for something that was measured.",
        help: "The message says what is left out. The report of this tool has it.",
    },
    Rule {
        id: "empty-report",
        level: Level::Warning,
        title: "A report tells of no executable line, though others do.",
        help: "Its tests may have run without coverage. `allow-empty` accepts it.",
    },
    Rule {
        id: "fell-by-removal",
        level: Level::Note,
        title: "Coverage fell only because covered code was removed.",
        help: "No more lines are uncovered than before, so `ratchet` lets it through.",
    },
    Rule {
        id: "lost-file",
        level: Level::Error,
        title: "A file that the baseline measured is in the repository, but in no report.",
        help: "A part of the tests may not have run, or its report is lost; the figures of the rest say nothing of it. Where no file of the baseline is left, it is of something else. Without a ratchet this is a warning.",
    },
    Rule {
        id: "lost-line",
        level: Level::Note,
        title: "A line ran before and runs no longer, though the change does not touch it.",
        help: "Something else of the change, such as a removed test, took its coverage away.",
    },
    Rule {
        id: "lower-bound",
        level: Level::Note,
        title: "A figure is a lower bound.",
        help: "Several reports only count and do not list what they cover, so their union is not known: at least so much is covered.",
    },
    Rule {
        id: "mixed-formats",
        level: Level::Warning,
        title: "Files are measured by several formats that count lines by different rules.",
        help: "Judge each format in a run of its own, or have all tests write one format.",
    },
    Rule {
        id: "newly-excluded",
        level: Level::Error,
        title: "A file that the baseline measured is left out by `include` or `exclude` now.",
        help: "A figure that is better only because files were left out is no improvement. Let the change of the patterns become the baseline first. Without a ratchet this is a note.",
    },
    Rule {
        id: "no-base",
        level: Level::Note,
        title: "The changed lines are not known.",
        help: "The clone lacks the commit to compare with; fetch it (`fetch-depth: 0`) or name one with `base`. With `min-patch` this is an error.",
    },
    Rule {
        id: "no-repository",
        level: Level::Note,
        title: "The repository cannot be read.",
        help: "The message says why. Paths of reports are matched to the files on disk instead. With a minimum for changed lines this is an error.",
    },
    Rule {
        id: "nothing-changed",
        level: Level::Note,
        title: "The change holds no executable line.",
        help: "There is nothing to judge in the change.",
    },
    Rule {
        id: "nothing-matched",
        level: Level::Warning,
        title: "None of the files a report measures is in the repository.",
        help: "What it measured is not known, so floors of changed lines and the ratchet fail. Correct its paths with `source-root` or `strip-prefix`, or leave out what is not yours with `exclude`.",
    },
    Rule {
        id: "odd-report",
        level: Level::Note,
        title: "A report holds something the reader corrected or left out.",
        help: "The message says what and how often. The tool that wrote the report may have a defect.",
    },
    Rule {
        id: "only-totals",
        level: Level::Note,
        title: "A report tells only how many lines of a file are covered, not which.",
        help: "Give reports with lines: for llvm-cov, export without `-summary-only`.",
    },
    Rule {
        id: "other-format",
        level: Level::Warning,
        title: "The baseline was measured by another format.",
        help: "What counts as a line differs between formats; compare with a report made from the same one.",
    },
    Rule {
        id: "other-text",
        level: Level::Warning,
        title: "A report does not fit the source: it measured another text.",
        help: "Lines beyond the end of a file, or a working tree that differs from the commit that is judged, mean that the numbers of lines belong to other lines. Write the report again from the commit that is judged. Where changed lines or the ratchet depend on it, it is a failure.",
    },
    Rule {
        id: "report-count",
        level: Level::Error,
        title: "There are not as many reports as are expected.",
        help: "A job whose report is lost leaves its part of the code unmeasured. See which one is missing, or correct `expect-reports`.",
    },
    Rule {
        id: "small-diff",
        level: Level::Note,
        title: "The change is too small to be held to the minimum of changed lines.",
        help: "`small-diff` sets how many executable lines a change must have.",
    },
    Rule {
        id: "uncovered",
        level: Level::Warning,
        title: "A changed line is not covered by any test.",
        help: "Add a test that runs it. The annotation marks the lines; `annotations` sets how many there are at most.",
    },
    Rule {
        id: "unknown-file",
        level: Level::Note,
        title: "A file of a report is not in the repository.",
        help: "Leave out what is not yours with `exclude`; `source-root` and `strip-prefix` help where a path is only seen from elsewhere.",
    },
    Rule {
        id: "unreported",
        level: Level::Note,
        title: "A changed file, or what a change adds to one, is in no report.",
        help: "Nothing is known of its lines. Have the tests load it, or leave it out with `exclude`; where a report knows the file and not its new lines, it is of another commit; `unreported` decides how it counts; without it, it is a failure where changed lines have a floor.",
    },
    Rule {
        id: "unused-pattern",
        level: Level::Note,
        title: "A pattern of `include` or `exclude` does not do what it seems to.",
        help: "It matches no measured file: it may be misspelled, or left over. Or it begins with `!`, which turns it around.",
    },
];
