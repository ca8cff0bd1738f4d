//! What a tool may find: declared once, for docs, SARIF and `lw explain`.

use crate::finding::Level;

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Name in kebab-case, without the tool's: `no-baseline`.
    pub id: &'static str,
    /// How much it matters when nobody decides otherwise.
    pub level: Level,
    /// What is wrong, in one sentence.
    pub title: &'static str,
    /// Why it matters and what to do, in a few sentences.
    pub help: &'static str,
}

impl Rule {
    /// Address of the part of the documentation that is about the rule, in the release of a version: a page per tool, and
    /// a heading per rule, which GitHub gives an anchor of the same name.
    #[must_use]
    pub fn help_uri(&self, tool: &str, version: &str) -> String {
        format!("{}/blob/v{version}/docs/rules/{tool}.md#{}", env!("CARGO_PKG_REPOSITORY"), self.id)
    }
}

/// Kinds of finding every tool has: they come from judging limits and from reading inputs.
pub const COMMON_RULES: &[Rule] = &[
    Rule {
        id: "max",
        level: Level::Error,
        title: "A measure is above its maximum.",
        help: "Make it smaller, or raise the limit where it was set; the finding names the place. A percentage is of the whole the measure is a part of.",
    },
    Rule {
        id: "min",
        level: Level::Error,
        title: "A measure is below its minimum.",
        help: "Raise it, or lower the limit where it was set; the finding names the place. A percentage is of the whole the measure is a part of.",
    },
    Rule {
        id: "max-growth",
        level: Level::Error,
        title: "A measure has grown by more than is allowed since the baseline.",
        help: "Find out what grew, or allow it: raise the limit, or let the change become the new baseline by merging it with an override.",
    },
    Rule {
        id: "max-drop",
        level: Level::Error,
        title: "A measure has fallen by more than is allowed since the baseline.",
        help: "Bring it back to where it was, or allow the drop where the limit was set.",
    },
    Rule {
        id: "not-judged",
        level: Level::Error,
        title: "A limit could not be judged.",
        help: "A limit that was not judged is never counted as met. Give what it needs (a baseline, the file or subject it names), correct its name, or lift it with `NAME=none`.",
    },
    Rule {
        id: "error",
        level: Level::Error,
        title: "The job could not be done, or not all of it.",
        help: "The message says what failed and where. What was found out before stands in the report, whose verdict is `error`.",
    },
    Rule {
        id: "missing-input",
        level: Level::Warning,
        title: "An input file is missing, and the run was told to go on without it.",
        help: "Limits on what it holds are not judged. `missing: fail`, the default, makes a missing file an error.",
    },
    Rule {
        id: "no-baseline",
        level: Level::Note,
        title: "There is no baseline to compare with.",
        help: "Run once with `report: FILE` on the main branch and keep that file; name it with `baseline: FILE`. With `require-baseline: true` a missing one fails the run. With `baseline: auto` a gate keeps and finds it by itself: then the message says what the store has and why that is none, and it is a warning where the growth of a pull request is limited.",
    },
    Rule {
        id: "older-baseline",
        level: Level::Note,
        title: "The store has no report of the commit a change is based on, and an older one was taken.",
        help: "What was merged in between counts as the change's own. The run of that commit may have failed, or not have ended yet: run the workflow there once more, or take the main branch into the change.",
    },
    Rule {
        id: "meaning-changed",
        level: Level::Note,
        title: "The baseline counts a measure in another way.",
        help: "It was made by an older version of the tool. The growth of such a measure is not judged once; the next run compares with a report of this version.",
    },
    Rule {
        id: "exposed-secret",
        level: Level::Warning,
        title: "A file that holds a secret can be read or replaced by other users of the machine.",
        help: "Let only its owner have it (`chmod 600 FILE`), or give the secret in an environment variable and name that with `env:NAME`. What others could read has to be taken as known to them.",
    },
    Rule {
        id: "config-changed",
        level: Level::Warning,
        title: "The change under test edits lw.toml.",
        help: "A pull request that edits `lw.toml` decides its own gate; look at each setting the finding lists. `config-from: base` takes the settings of the base commit instead.",
    },
];
