//! What the tool measures; `lw measures` and the page of the action are made from it.

use lw_model::MeasureKind;

/// Every kind of measure the tool has.
pub(crate) const MEASURES: &[MeasureKind] = &[
    MeasureKind::count("changelog.releases", "Releases"),
    MeasureKind::count("changelog.commits", "Commits of these releases"),
    MeasureKind::count("changelog.entries", "Entries of the text"),
    MeasureKind::count("changelog.breaking", "Breaking changes among them"),
    MeasureKind::count("changelog.unconventional", "Commits without a conventional message"),
    MeasureKind::count("changelog.pull-requests", "Pull requests that were merged"),
    MeasureKind::count("changelog.new-contributors", "Contributors who are new"),
    MeasureKind::count("lint.messages", "Messages that were looked at"),
    MeasureKind::count("lint.near-misses", "Messages that are nearly conventional"),
    MeasureKind::count("lint.unconventional", "Messages that are not conventional"),
];
