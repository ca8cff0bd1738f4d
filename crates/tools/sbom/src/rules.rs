//! What the tool may find; `lw explain` and the pages of the docs are made from it.

use lw_model::{Level, Rule};

/// Every kind of finding of its own.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "unknown",
        level: Level::Warning,
        title: "Something is known to be missing from the bill of materials.",
        help: "It is listed in the bill as a known unknown, and counted in `sbom.unknowns`. Install or lock what is named, or hold the count to a limit: `--max sbom.unknowns=0`.",
    },
    Rule {
        id: "unpaired",
        level: Level::Error,
        title: "The image and the ELF file are not of one firmware.",
        help: "Build both in one go. No bill of materials is written: it would be one of two products.",
    },
    Rule {
        id: "version",
        level: Level::Warning,
        title: "The firmware says that it is another version than the one that is released.",
        help: "Build it with the version of the release, or name the version it has with `--version`.",
    },
    Rule {
        id: "supplement-unused",
        level: Level::Warning,
        title: "An entry of `supplement` in lw.toml names no component.",
        help: "Look whether the component is still there, and how it is called: the table of components says so.",
    },
];
