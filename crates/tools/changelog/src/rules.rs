//! What the tool may find; `lw explain` and the pages of the docs are made from it.

use lw_model::{Level, Rule};

/// Every kind of finding of its own.
pub(crate) const RULES: &[Rule] = &[
    lw_releases::NEAR_MISS,
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
    Rule {
        id: "no-release",
        level: Level::Warning,
        title: "No tag is a release of the family, so that the whole history is not released.",
        help: "Nothing, before the first release. Otherwise fetch the tags, or check --tag-prefix and --scheme.",
    },
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
        id: "kept",
        level: Level::Note,
        title: "The changelog has a release already, and keeps it as it is.",
        help: "Nothing, when the run was repeated. To have a section written anew, take it out of the file first.",
    },
    Rule {
        id: "by-hand",
        level: Level::Note,
        title: "Entries of the changelog are written by hand, and were kept.",
        help: "Look whether one of them tells the same as a commit, and take one out.",
    },
    Rule {
        id: "no-pull-request",
        level: Level::Warning,
        title: "No pull request of --pulls belongs to a commit that is told.",
        help: "Check that the list is of this repository, and reaches back to the previous release.",
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
