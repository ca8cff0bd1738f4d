//! From arguments to releases, with what is worth saying of the repository.

use lw_cli::{Context, Error};
use lw_conventional::Rules;
use lw_history::{HistoryError, Repository};
use lw_model::{Fact, Finding, Level, Report};
use lw_releases::{Catalogue, Options, ReleaseError, Releases, Want, releases};
use lw_versions::Scheme;

use crate::NOT_ENOUGH_HISTORY;
use crate::args::{PreReleases, SchemeName, Source};

/// How many names a finding lists.
const LISTED: usize = 8;

/// Reads the releases the arguments ask for.
///
/// # Errors
/// When they contradict each other, or the repository does not hold what is asked for.
pub(crate) fn read(
    source: &Source,
    default: Want,
    expand_squash: bool,
    keep_texts: bool,
    cx: &mut Context,
    report: &mut Report,
) -> Result<(Repository, Releases), Error> {
    let want = want(source, default)?;
    let options = Options {
        scheme: scheme(source),
        prefix: source.tag_prefix.clone(),
        head: source.head.clone(),
        first_parent: source.first_parent,
        paths: source.path.clone(),
        rules: rules(source),
        expand_squash,
        keep_texts,
        pre_releases: match source.pre_releases {
            PreReleases::Auto => lw_releases::PreReleases::Auto,
            PreReleases::Own => lw_releases::PreReleases::Own,
            PreReleases::Fold => lw_releases::PreReleases::Fold,
        },
    };
    let repository = Repository::open(&cx.resolve(&source.repo)).map_err(|error| {
        let is_none = matches!(error, HistoryError::NotARepository { .. });
        let error = Error::from(error);
        if is_none {
            error.hint("name its folder with --repo; a workflow needs actions/checkout before this")
        } else {
            error
        }
    })?;
    let count = repository.replacements();
    if count > 0 {
        let (has, are) = if count == 1 { ("a commit is", "it is") } else { ("commits are", "they are") };
        let message = format!("{count} {has} replaced (refs/replace, info/grafts); {are} read as written");
        report.add_finding(Finding::new("changelog/replacements", Level::Note, "replacements", message));
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
    tell_of_tags(&catalogue, &found, report);
    tell_of_texts(&found, report);
    Ok((repository, found))
}

pub(crate) fn rules(source: &Source) -> Rules {
    Rules { hash_is_breaking: source.hash_is_breaking }
}

pub(crate) fn scheme(source: &Source) -> Scheme {
    match source.scheme {
        SchemeName::Semver => Scheme::Semver,
        SchemeName::TwoPart => Scheme::TwoPart,
        SchemeName::Calendar => Scheme::Calendar,
    }
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

/// Names the tags that end no section.
fn tell_of_tags(catalogue: &Catalogue, found: &Releases, report: &mut Report) {
    for (name, why) in catalogue.near.iter().take(LISTED) {
        let message = format!("the tag {name} ends no release: {why}");
        report.add_finding(Finding::new("changelog/near-tag", Level::Warning, name, message));
    }
    if let Some(more) = catalogue.near.len().checked_sub(LISTED).filter(|more| *more > 0) {
        let message = format!("{more} more tags are nearly releases, and end none");
        report.add_finding(Finding::new("changelog/near-tag", Level::Warning, "more", message));
    }
    let others = catalogue.families().into_iter().filter(|(family, _)| **family != found.family);
    let mut parts: Vec<String> =
        others.map(|(family, count)| format!("{count} of the family `{}`", family.0)).collect();
    if !catalogue.floating.is_empty() {
        parts.push(format!("{} that move ({})", catalogue.floating.len(), listed(catalogue.floating.iter())));
    }
    if !catalogue.others.is_empty() {
        let names = catalogue.others.iter().map(|(name, _)| name);
        parts.push(format!("{} of other names ({})", catalogue.others.len(), listed(names)));
    }
    if !parts.is_empty() {
        let most = parts.len();
        parts.truncate(LISTED);
        let more = if most > LISTED { " and others" } else { "" };
        let message = format!("tags that end no release here: {}{more}", parts.join(", "));
        report.add_finding(Finding::new("changelog/other-tags", Level::Note, "tags", message));
    }
    let odd = catalogue.of(&found.family).filter_map(|release| Some((release, release.version.suspicion()?)));
    for (release, why) in odd.take(LISTED) {
        let message = format!("{}: {why}", release.tag);
        report.add_finding(Finding::new("changelog/odd-version", Level::Note, &release.tag, message));
    }
    let value =
        if found.family.0.is_empty() { "versions without a prefix".into() } else { found.family.0.clone() };
    report.facts.push(Fact { name: "family".into(), subject: None, value });
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
        let message =
            format!("{} messages hold bytes that are no UTF-8: {}", lossy.len(), listed(lossy.iter()));
        report.add_finding(Finding::new("changelog/no-text", Level::Note, "bytes", message));
    }
}

pub(crate) fn listed<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    let more = names.len().saturating_sub(LISTED);
    let names: Vec<&str> = names.take(LISTED).map(String::as_str).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names.join(", "))
}
