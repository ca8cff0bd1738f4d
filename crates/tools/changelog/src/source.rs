//! From arguments to releases, with what is worth saying of the repository.

use lw_cli::{Context, Error};
use lw_history::Repository;
use lw_model::{Fact, Finding, Level, Report};
use lw_releases::{Catalogue, Keep, NOT_ENOUGH_HISTORY, Options, ReleaseError, Releases, Want, releases};

use crate::args::{PreReleases, Source};

/// Reads the releases the arguments ask for.
///
/// # Errors
/// When they contradict each other, or the repository does not hold what is asked for.
pub(crate) fn read(
    source: &Source,
    default: Want,
    expand_squash: bool,
    keep: Keep,
    cx: &mut Context,
    report: &mut Report,
) -> Result<(Repository, Releases), Error> {
    let want = want(source, default)?;
    let options = Options {
        expand_squash,
        keep,
        pre_releases: match source.pre_releases {
            PreReleases::Auto => lw_releases::PreReleases::Auto,
            PreReleases::Own => lw_releases::PreReleases::Own,
            PreReleases::Fold => lw_releases::PreReleases::Fold,
        },
        ..source.commits.refine(source.history.options())
    };
    let repository = lw_releases::open(&cx.resolve(&source.history.repo))?;
    if let Some(finding) = lw_releases::of_replacements("changelog", &repository) {
        report.add_finding(finding);
    }
    let catalogue = Catalogue::read(&repository, options.scheme)?;
    let found = releases(&repository, &catalogue, &want, &options).map_err(|error| {
        if matches!(error, ReleaseError::NotEnoughHistory { .. }) {
            cx.exit_with(NOT_ENOUGH_HISTORY);
        }
        Error::from(error)
    })?;
    if catalogue.of(&found.family).next().is_none() {
        let name = &found.family.0;
        let message =
            format!("no tag is a release of the family `{name}`, so that nothing counts as released");
        report.add_finding(Finding::new("changelog/no-release", Level::Warning, name, message));
    }
    for finding in lw_releases::of_tags("changelog", &catalogue, &found.family) {
        report.add_finding(finding);
    }
    let value = lw_releases::family_name(&found.family);
    report.facts.push(Fact { name: "family".into(), subject: None, value });
    tell_of_texts(&found, report);
    Ok((repository, found))
}

fn want(source: &Source, default: Want) -> Result<Want, Error> {
    let given = [source.tag.is_some(), source.since.is_some(), source.unreleased, source.all_lines];
    if given.iter().filter(|given| **given).count() > 1 {
        return Err(Error::usage("--tag, --since, --unreleased and --all-lines exclude each other")
            .hint("give one of them; without any, all releases the commit contains are meant"));
    }
    Ok(match (&source.tag, &source.since) {
        (Some(tag), _) => Want::Tag(tag.clone()),
        (_, Some(tag)) => Want::Since(tag.clone()),
        _ if source.unreleased => Want::Unreleased,
        _ if source.all_lines => Want::AllLines,
        _ => default,
    })
}

fn tell_of_texts(found: &Releases, report: &mut Report) {
    let lossy: Vec<String> = found
        .log
        .commits
        .iter()
        .filter(|commit| commit.is_lossy)
        .map(|commit| commit.id().get(..10).unwrap_or_default().to_owned())
        .collect();
    if !lossy.is_empty() {
        let message = format!(
            "{} messages hold bytes that are no UTF-8: {}",
            lossy.len(),
            lw_releases::listed(lossy.iter())
        );
        report.add_finding(Finding::new("changelog/no-text", Level::Note, "bytes", message));
    }
}
