//! Which heading an entry stands under.

use lw_releases::Entry;

/// A heading of a changelog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// Types that stand under it; none for all others.
    types: &'static [&'static str],
    /// Its heading.
    pub(crate) title: &'static str,
}

/// Headings by type, in the order in which they stand.
pub(crate) const BY_TYPE: &[Group] = &[
    Group { types: &["feat"], title: "Features" },
    Group { types: &["fix"], title: "Bug fixes" },
    Group { types: &["security"], title: "Security" },
    Group { types: &["perf"], title: "Performance" },
    Group { types: &["revert"], title: "Reverts" },
    Group { types: &["docs"], title: "Documentation" },
    Group { types: &["refactor"], title: "Refactoring" },
    Group { types: &["test"], title: "Tests" },
    Group { types: &["build"], title: "Build" },
    Group { types: &["ci"], title: "Continuous integration" },
    Group { types: &["style"], title: "Style" },
    Group { types: &["chore"], title: "Chores" },
    Group { types: &[], title: "Other" },
];

/// Headings of keepachangelog.com, in its order. What its readers need not know has none.
pub(crate) const KEEP_A_CHANGELOG: &[Group] = &[
    Group { types: &["feat"], title: "Added" },
    Group { types: &["perf", "refactor", "revert", "change"], title: "Changed" },
    Group { types: &["deprecate", "deprecated"], title: "Deprecated" },
    Group { types: &["remove", "removed"], title: "Removed" },
    Group { types: &["fix"], title: "Fixed" },
    Group { types: &["security"], title: "Security" },
];

/// Tokens of the footers that say what to do about a breaking change.
pub(crate) const MIGRATION: [&str; 3] = ["Migration", "Migration-Guide", "Upgrade"];

/// The heading of a type among some; the last one stands for all others if it names none.
pub(crate) fn of(kind: &str, groups: &'static [Group]) -> Option<&'static Group> {
    let named = groups.iter().find(|group| group.types.contains(&kind));
    named.or_else(|| groups.last().filter(|group| group.types.is_empty()))
}

/// The heading of an entry: what breaks is told in any case.
pub(crate) fn of_entry(entry: &Entry, groups: &'static [Group]) -> Option<&'static Group> {
    let header = entry.header()?;
    let group = of(&header.kind, groups);
    group.or_else(|| groups.iter().find(|group| group.title == "Changed" && entry.message.breaking.is_some()))
}
