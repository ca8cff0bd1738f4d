//! What the tool may find; `lw explain` and the pages of the docs are made from it.

use lw_model::{Level, Rule};

/// Every kind of finding of its own.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "invalid",
        level: Level::Error,
        title: "A bill of materials breaks its schema, or says what cannot be.",
        help: "The message says what and where; the help what to do. Other tools refuse such a bill, or read it wrong.",
    },
    Rule {
        id: "doubtful",
        level: Level::Warning,
        title: "A bill of materials is less useful than it could be.",
        help: "The message says what and where; the help what to do.",
    },
    Rule {
        id: "unsaid",
        level: Level::Note,
        title: "A field of a bill of materials says that nothing is known.",
        help: "It counts as missing. Say in lw.toml what is known.",
    },
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
    Rule {
        id: "downgraded",
        level: Level::Note,
        title: "A component is older than the one it replaces.",
        help: "See whether it was meant. Limit it with `max`: sbom.diff.downgraded=0.",
    },
    Rule {
        id: "field-missing",
        level: Level::Warning,
        title: "A field that a law or a standard of `standard` asks for is missing.",
        help: "The message says in which components; the help what gives it. Hold the score to a limit with `min`: sbom.score.cra=100%.",
    },
    Rule {
        id: "format-cannot-conform",
        level: Level::Error,
        title: "No bill of this format can conform to a standard of `standard`.",
        help: "TR-03183-2 2.1 asks for CycloneDX 1.6 or SPDX 3.0.1 at least. Write another format with `sbom-format`.",
    },
    Rule {
        id: "licence-refused",
        level: Level::Error,
        title: "A component has no licence that may be had by `allow-license` and `deny-license`.",
        help: "Replace the component, take its other licence, or change the lists. Nothing known counts as not allowed.",
    },
    Rule {
        id: "merge-fault",
        level: Level::Warning,
        title: "A fault of a merged bill is one of the result.",
        help: "`validate` says everything that is wrong with the parts. Mend them, and merge again.",
    },
    Rule {
        id: "merge-kept-apart",
        level: Level::Note,
        title: "A component stands in several of the merged bills, and they tell it differently.",
        help: "All of its entries are in the result. Make the bills with one generator, and of one state of the project.",
    },
    Rule {
        id: "merge-lost",
        level: Level::Warning,
        title: "Something of a merged bill is not in the result.",
        help: "Merge into the newest CycloneDX of the bills: then nothing is lost but signatures.",
    },
    Rule {
        id: "new-copyleft",
        level: Level::Warning,
        title: "A component that is new, or has another licence, can only be had under a copyleft licence.",
        help: "See what it asks of the product. Fail on it with `max`: sbom.diff.copyleft=0, or with `deny-license`.",
    },
    Rule {
        id: "new-without-licence",
        level: Level::Note,
        title: "A component is new, and nothing is known of its licence.",
        help: "Say in lw.toml what it is. Limit it with `max`: sbom.diff.without-licence=0.",
    },
    Rule {
        id: "new-without-purl",
        level: Level::Note,
        title: "A component is new and has no package URL.",
        help: "Give it one, or a CPE, in lw.toml. Limit it with `max`: sbom.diff.without-purl=0.",
    },
    Rule {
        id: "too-young",
        level: Level::Error,
        title: "A version is new, and was published more recently than `min-age` allows.",
        help: "Wait until it is older, or take the version before it. What is forged is mostly found out within days.",
    },
    Rule {
        id: "undated",
        level: Level::Error,
        title: "A version is new, and nothing says when it was published, which `min-age` asks for.",
        help: "Of Python packages uv.lock and pylock.toml say it, of crates Cargo's copy of the index, of Go modules the module cache. Make the bill where these are, or leave `min-age` out.",
    },
    Rule {
        id: "same-version-changed",
        level: Level::Warning,
        title: "A component has other bytes, another source or another supplier under the same version.",
        help: "A registry does not change what it has published. See who did, before the new bytes are used.",
    },
];
