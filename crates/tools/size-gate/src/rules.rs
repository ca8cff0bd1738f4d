//! What the tool may find; `lw explain` and the pages of the docs are made from it.

use lw_model::{Level, Rule};

/// Every kind of finding of its own.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        id: "input",
        level: Level::Note,
        title: "An input holds something the reader skipped or could not use.",
        help: "The figures do not include it. Look at the message; a newer linker or a damaged file are common causes.",
    },
    Rule {
        id: "region-overflow",
        level: Level::Error,
        title: "A memory region holds more than it has room for.",
        help: "The firmware cannot be linked or will not run. The breakdown says what takes the room.",
    },
    Rule {
        id: "unplaced",
        level: Level::Error,
        title: "Something lies in no memory region, so that no limit of a region sees it.",
        help: "Give the region with `region`, or pass the map or the linker script of this build.",
    },
    Rule {
        id: "no-ram",
        level: Level::Error,
        title: "The firmware writes to memory, and no memory of it counts as RAM.",
        help: "`region-kind` says which region is RAM.",
    },
    Rule {
        id: "other-chip",
        level: Level::Error,
        title: "The firmware, or its partition table, is not of the chip that was named or is told by the inputs.",
        help: "Name the chip the firmware was built for with `chip`, or leave it out: it is told by the inputs. Give the partition table of that chip.",
    },
    Rule {
        id: "unsure-content",
        level: Level::Error,
        title: "Whether a limit of the image or of a region holds depends on what a map alone does not tell.",
        help: "Pass the ELF or the linker script of this build: they say which sections have content.",
    },
    Rule {
        id: "unused-option",
        level: Level::Warning,
        title: "An option names a region or section that this build does not have.",
        help: "Correct the name, or leave the option out.",
    },
    Rule {
        id: "gone",
        level: Level::Error,
        title: "Something of the baseline is not in this run, or has another name.",
        help: "Growth cannot be told of it. Run again on the base branch when the change is wanted, or lift the limit.",
    },
    Rule {
        id: "resized",
        level: Level::Note,
        title: "A region has another length than in the baseline.",
        help: "Growth is told all the same. Was the linker script changed, or is the baseline of another board?",
    },
    Rule {
        id: "image-layout",
        level: Level::Error,
        title: "The image is not one its chip would start.",
        help: "Headers, segments, checksum or hash do not fit together. Build the image again with the tool of the chip.",
    },
    Rule {
        id: "unpaired",
        level: Level::Error,
        title: "The ELF and the image are not of one build.",
        help: "Build both in one go, and do not strip the ELF afterwards; `allow-unpaired` turns this into a warning.",
    },
    Rule {
        id: "no-app-partition",
        level: Level::Error,
        title: "The partition table has no partition the image could go to.",
        help: "An update needs a factory or ota_N partition; `fit` names another one.",
    },
    Rule {
        id: "partition-overflow",
        level: Level::Error,
        title: "The image is larger than the smallest partition it has to fit into.",
        help: "A device would refuse it, or fail to boot after the update. Make the image smaller or the partition larger.",
    },
    Rule {
        id: "fit-not-judged",
        level: Level::Note,
        title: "Whether the image fits its partition was not judged.",
        help: "Give the image file with `bin`: headers, padding and signature make it larger than its sections.",
    },
    Rule {
        id: "flash-size",
        level: Level::Warning,
        title: "The partition table ends after the end of the flash.",
        help: "Set the flash size of the build to the chip's; the bootloader refuses a table that is too long.",
    },
    Rule {
        id: "nothing-to-limit",
        level: Level::Note,
        title: "A pattern that is limited matches no part of the firmware.",
        help: "A pattern such as `symbol.name*` may match nothing; a plain name may not.",
    },
];
