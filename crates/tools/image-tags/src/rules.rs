//! What the tool may find; `lw explain` and the pages of the docs are made from it.

use lw_model::{Level, Rule};

/// Every kind of finding of its own.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "held",
        level: Level::Note,
        title: "A tag that several releases share does not move to this one.",
        help: "Nothing, when that is meant: a patch of an older line, a pre-release. `--latest upstream` moves tags backwards as well.",
    },
    Rule {
        id: "reserved-name",
        level: Level::Error,
        title: "A branch, a pull request or a tag that is no release would overwrite the tag of a release.",
        help: "Rename it, or give the rule a prefix: `type=ref,event=branch,prefix=branch-`.",
    },
    Rule {
        id: "cut-from-pre-release",
        level: Level::Error,
        title: "A pattern cuts the name of a final release out of a pre-release.",
        help: "End the pattern with `$`, so that it does not match pre-releases, or use `type=semver`.",
    },
    Rule {
        id: "not-enough-history",
        level: Level::Error,
        title: "The clone does not hold what would show whether a tag moves forward, so that it is not given.",
        help: "Fetch all tags and the history: actions/checkout does so with `fetch-depth: 0` (and is quick with `filter: blob:none`), GitLab with `GIT_DEPTH: 0`.",
    },
    Rule {
        id: "no-tag",
        level: Level::Error,
        title: "No tag came out.",
        help: "Look at what the rules say of this run. `--allow-no-tag` passes, where that is meant.",
    },
    Rule {
        id: "no-image",
        level: Level::Error,
        title: "All images are disabled.",
        help: "Enable one. docker/metadata-action gives the tags without a name then, which pushes to docker.io/library.",
    },
    Rule {
        id: "changed-name",
        level: Level::Note,
        title: "Characters that no tag may have were replaced, or the tag was too long.",
        help: "Two branches may come to one tag so: `feature/x` and `feature-x`. `--distinct-names` adds a digest.",
    },
    Rule {
        id: "invalid-tag",
        level: Level::Warning,
        title: "A tag is none that a registry takes, as docker/metadata-action has it.",
        help: "Use `--latest safe`, which mends it, or change the rule.",
    },
    Rule {
        id: "nothing-given",
        level: Level::Note,
        title: "A rule gives no tag for this run.",
        help: "Nothing, when that is meant; else correct its pattern or its value.",
    },
    Rule {
        id: "unknown-attribute",
        level: Level::Warning,
        title: "A rule has an attribute that means nothing, as docker/metadata-action lets it.",
        help: "Look for a typing error; `--latest safe` refuses it.",
    },
    Rule {
        id: "unknown-label",
        level: Level::Note,
        title: "Nobody says what a label of the image is, so that it is empty.",
        help: "Set it with `labels`. GitHub says it in the event of a push, and nothing is asked of the network here.",
    },
];
