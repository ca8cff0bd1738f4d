//! What the tool may find; `lw explain` and the pages of the docs are made from it.

use lw_model::{Level, Rule};

/// Every kind of finding of its own.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "dirty",
        level: Level::Warning,
        title: "The work tree is not what was committed, so that nobody can build the same again.",
        help: "Commit the change, or undo it. Of a file that no one touched: a filter or a conversion of line ends changed its bytes when it was checked out.",
    },
    Rule {
        id: "nothing-to-release",
        level: Level::Warning,
        title: "Nothing since the last release asks for a new one, so that there is no next version.",
        help: "Skip the release when the output `version` is empty. `changelog lint` says which messages are nearly conventional, and --fail-on warning makes this a failure.",
    },
    lw_releases::NEAR_TAG,
    lw_releases::OTHER_TAGS,
    lw_releases::ODD_VERSION,
    lw_releases::REPLACEMENTS,
];
