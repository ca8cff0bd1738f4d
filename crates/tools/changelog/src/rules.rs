//! What the tool may find; `lw explain` and the pages of the docs are made from it.

use lw_model::{Level, Rule};

/// Every kind of finding of its own.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "near-miss",
        level: Level::Warning,
        title: "A message is nearly conventional, and other programs may read it otherwise.",
        help: "Mend the message before it is merged. Of one that is part of the history, check that the version is the one that is meant.",
    },
    Rule {
        id: "unconventional",
        level: Level::Note,
        title: "A message is not conventional, so that no changelog tells of it.",
        help: "Write `type(scope): description`. `lint --require-conventional` fails on others.",
    },
    Rule {
        id: "left-out",
        level: Level::Note,
        title: "Commits are not told: merges, reverted ones, and those that were to be squashed.",
        help: "Nothing, when that is meant. The JSON format has each with the reason.",
    },
    lw_releases::NEAR_TAG,
    lw_releases::OTHER_TAGS,
    lw_releases::ODD_VERSION,
    lw_releases::REPLACEMENTS,
    Rule {
        id: "nothing-new",
        level: Level::Warning,
        title: "A release has nothing to tell.",
        help: "Look at what was left out and why; with --path, whether the paths are those of the repository.",
    },
    Rule {
        id: "cut",
        level: Level::Warning,
        title: "The notes are too long, and entries were left out at the end.",
        help: "Link to the whole changelog, or raise --max-characters where the place that shows them allows it.",
    },
    Rule {
        id: "no-text",
        level: Level::Note,
        title: "A message holds bytes that are no text.",
        help: "They are shown as U+FFFD. `i18n.commitEncoding` tells git how messages are written.",
    },
    Rule {
        id: "output-too-long",
        level: Level::Note,
        title: "The changelog is too long for an output of a step.",
        help: "Read the file that --output names.",
    },
];
