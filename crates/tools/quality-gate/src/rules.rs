//! What the tool may find; `lw explain` and the pages of the docs are made from it.

use lw_model::{Level, Rule};

const fn rule(id: &'static str, level: Level, title: &'static str, help: &'static str) -> Rule {
    Rule { id, level, title, help }
}

/// Every kind of finding of its own.
pub(crate) const RULES: &[Rule] = &[
    rule(
        "duplicate-report",
        Level::Warning,
        "Two reports cannot be told apart.",
        "All of them are judged, and the worst decides. Give each a `title`; remove those of earlier attempts.",
    ),
    rule(
        "job-failed",
        Level::Error,
        "A job that the gate needs failed, was cancelled, or ended in a way that is not known.",
        "Look at its log. What it would have reported is not known.",
    ),
    rule(
        "job-missing",
        Level::Error,
        "A job that has to be there is not among those the gate needs.",
        "Add it to `needs` of the gate's job, or correct its name in the policy. `needs` of the workflow has to be given as `${{ toJSON(needs) }}`.",
    ),
    rule(
        "job-skipped",
        Level::Error,
        "A job that the gate needs did not run.",
        "It was skipped by its `if`, or because a job it needs failed. Where it may be, say on which event: `may-skip: JOB=EVENT`.",
    ),
    rule(
        "job-skipped-by-policy",
        Level::Note,
        "A job did not run, as the policy allows on this event.",
        "What it would have reported is not judged in this run.",
    ),
    rule(
        "no-value",
        Level::Note,
        "A condition has no value to judge.",
        "The message says what was looked for. Whether that fails is up to `missing` of the condition.",
    ),
    rule(
        "report-failed",
        Level::Error,
        "A report says itself that it failed.",
        "Its own limits are breached, or it has findings that fail; look at it.",
    ),
    rule(
        "report-incomplete",
        Level::Error,
        "A report is of a run that could not do its job, or not all of it.",
        "None of its numbers is judged: look at what kept its tool from doing its job.",
    ),
    rule(
        "report-missing",
        Level::Error,
        "A report that has to be there is not.",
        "Its job failed, or did not keep the file: upload it also when the job fails (`if: always()`), and download it before the gate.",
    ),
    rule(
        "report-not-judged",
        Level::Error,
        "A report has limits that were not judged.",
        "The message says why. `unjudged: warn` or `skip` of the expected report in lw.toml lets it pass.",
    ),
    rule(
        "report-refused",
        Level::Error,
        "A report is not of the commit that is tested, or not of this run.",
        "It is left over, or of another branch's cache. None of its numbers is judged.",
    ),
    rule(
        "report-warned",
        Level::Warning,
        "A report says itself that it warns.",
        "Look at it; `fail-on: warning` makes it a failure.",
    ),
    rule(
        "same-report",
        Level::Note,
        "A report is there twice, byte by byte.",
        "It counts once. Two jobs may have been given one name for their artifacts.",
    ),
];
