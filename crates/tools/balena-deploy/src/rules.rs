//! What the tool may find; `lw explain` and the pages of the docs are made from it.

use lw_model::{Level, Rule};

/// Every kind of finding of its own.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "by-hand",
        level: Level::Warning,
        title: "A device is pinned by hand to the release that the fleet goes back from.",
        help: "Somebody meant it, so it stays. `unpin` lets it follow the fleet again.",
    },
    Rule {
        id: "device-failed",
        level: Level::Warning,
        title: "A device did not come up with the release, or not well.",
        help: "Its page in the dashboard shows its logs. Devices that may fail without consequence are what --max-failed counts.",
    },
    Rule {
        id: "key-file",
        level: Level::Warning,
        title: "A file that would be sent has the name of a key or of credentials.",
        help: "Leave it out with a rule in .dockerignore; what a build needs of registries is what --registry-secrets is for.",
    },
    Rule {
        id: "left",
        level: Level::Error,
        title: "A rollback did not come to its end in time, and this is left to be done by hand.",
        help: "Do it in the dashboard, or run `rollback` again when Balena answers.",
    },
    Rule {
        id: "offline",
        level: Level::Warning,
        title: "A device is offline for longer than --offline-after.",
        help: "Its page in the dashboard shows when it was heard last. --max devices.offline=3 says how many may be.",
    },
    Rule {
        id: "plan-note",
        level: Level::Note,
        title: "The plan differs from what its numbers suggest.",
        help: "A share of a small fleet is rounded up to whole devices; finalizing gives the release to everybody who is in no wave.",
    },
    Rule {
        id: "update-failing",
        level: Level::Warning,
        title: "A device has refused its update, or tried it more often than --max-retries in vain.",
        help: "Its page in the dashboard shows its logs: too little storage, no way to the registry, a service that does not start.",
    },
];
