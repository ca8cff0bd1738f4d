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
        help: "Skip the release when the output `version` is empty. Messages that are nearly conventional are named beside it, and --fail-on warning makes this a failure.",
    },
    lw_releases::NEAR_MISS,
    Rule {
        id: "unconventional",
        level: Level::Note,
        title: "Messages are not conventional, so that they ask for no version.",
        help: "Write `type(scope): description`. `changelog lint --require-conventional` names them, and fails on them.",
    },
    Rule {
        id: "disagrees",
        level: Level::Error,
        title: "A file holds another version than it has to.",
        help: "`lw version bump VERSION` writes one version into all files.",
    },
    Rule {
        id: "no-version",
        level: Level::Note,
        title: "A file that may hold a version holds none, and was left out.",
        help: "Nothing, when that is meant. Name the files with --file to have this be an error.",
    },
    Rule {
        id: "not-compared",
        level: Level::Warning,
        title: "The run is for a tag that is no version, so that the files were compared with each other only.",
        help: "Name the tag with --tag, or `--tag none` where that is meant.",
    },
    Rule {
        id: "nothing-compared",
        level: Level::Error,
        title: "One place alone holds the version, and there is no tag it has to agree with.",
        help: "Name the tag with --tag, or with --file what else holds the version. Where that is all there is, check it in the runs for tags only.",
    },
    Rule {
        id: "backwards",
        level: Level::Warning,
        title: "The new version is lower than one that a file had.",
        help: "Nothing, when that is meant.",
    },
    Rule {
        id: "tag-exists",
        level: Level::Note,
        title: "The tag is there already, on the same commit.",
        help: "Nothing: what was to be done is done.",
    },
    Rule {
        id: "unknown-trust",
        level: Level::Warning,
        title: "The run signs or pushes, and the CI does not say who started it.",
        help: "Sign and push in runs of which that is known, such as those of a branch that is protected.",
    },
    lw_releases::NEAR_TAG,
    lw_releases::OTHER_TAGS,
    lw_releases::ODD_VERSION,
    lw_releases::REPLACEMENTS,
];
