//! The text of the comment.

use lw_cli::Context;
use lw_render::LinkBase;
use lw_render::joined::{self, Comment, Course, JoinOptions, PageLink, Told};

use crate::marker::Marker;
use crate::reports::Collected;

/// The most a comment may have, as [`joined::units`] counts, with its marker: below the 65,536 characters of GitHub.
pub(crate) const MOST: usize = 65_000;

/// What the comment says of the run that it is of.
pub(crate) struct Of<'a> {
    pub(crate) title: &'a str,
    /// The commit that people know: the tip of the pull request.
    pub(crate) commit: Option<&'a str>,
    /// The page of the run.
    pub(crate) run: Option<&'a str>,
    /// Where the files of the commit can be read.
    pub(crate) files: Option<&'a str>,
    /// How measures have gone so far.
    pub(crate) courses: &'a [Course],
}

/// Writes the comment, with its marker.
pub(crate) fn write(collected: &Collected, of: &Of<'_>, marker: &Marker, cx: &Context) -> Comment {
    let names = collected.names();
    let run: Option<PageLink> = of.run.and_then(|url| url.parse().ok());
    let link: Option<LinkBase> = of.files.and_then(|url| url.parse().ok());
    // A report says of which run it is, but anybody can have written that: only a page of the same repository is linked.
    let pages = cx.ci_context().repository_url.as_ref().map(|url| format!("{url}/actions/runs/"));
    let own: Vec<Option<PageLink>> = collected
        .found
        .iter()
        .map(|found| {
            let url = found.told.provenance.as_ref()?.run_url.as_deref()?;
            let is_ours = pages.as_ref().is_some_and(|pages| url.starts_with(pages)) && Some(url) != of.run;
            is_ours.then(|| url.parse().ok()).flatten()
        })
        .collect();
    let all: Vec<Told<'_>> = collected
        .found
        .iter()
        .zip(&names)
        .zip(&own)
        .map(|((found, name), run)| Told {
            report: &found.told,
            name,
            run: run.as_ref(),
            dropped: found.dropped,
        })
        .collect();
    let line = format!("{marker}\n");
    let mut comment = joined::join(
        &all,
        &JoinOptions {
            title: of.title,
            commit: of.commit,
            run: run.as_ref(),
            link: link.as_ref(),
            problems: &collected.problems,
            notes: &collected.notes,
            courses: of.courses,
            most: MOST - joined::units(&line) - 1,
        },
    );
    if !comment.text.ends_with("\n\n") {
        comment.text.push('\n');
    }
    comment.text.push_str(&line);
    comment
}
