//! From a source to a draft that was built.

use std::time::Duration;

use lw_balena::{Build as Request, Release, Status, Tags};
use lw_balena_build::{Answer, Log, Said};
use lw_cli::{Context, Error, Woken};
use lw_model::lists::filled;
use lw_model::{Fact, Report};

use crate::args::Build;
use crate::connect::Connection;
use crate::error::BuildError;
use crate::source::Source;

/// How often the status of a release that is built is asked.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// What came of a source.
pub(crate) enum Drafted {
    /// A release that was built.
    Built(Box<Release>),
    /// The release of this id, which is being built.
    Begun(u64),
}

/// The tags by which a release is found again, under the names deploy-to-balena-action gives them.
pub(crate) fn tags(cx: &Context) -> Tags {
    let ci = cx.ci_context();
    let sha = ci.head_commit.as_ref().or(ci.commit.as_ref());
    let pull = ci.pull_request.map(|number| number.to_string());
    let all = [
        ("balena-ci-commit-sha", sha.cloned()),
        ("balena-ci-id", pull),
        ("balena-ci-git-tag", ci.tag.clone()),
    ];
    filled(all.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))))
}

/// The draft of the source: one that was built of the same commit, or a new one.
///
/// One that was rolled back is taken up as well, which sends nothing, unless it is to be done again.
pub(crate) fn draft(
    build: &Build,
    is_again: bool,
    to: &mut Connection,
    cx: &Context,
    report: &mut Report,
) -> Result<Drafted, Error> {
    let version = build.version.as_deref().map(str::trim).filter(|version| !version.is_empty());
    let version = version.map(lw_balena::semver).transpose()?;
    let tags = tags(cx);
    let fact = |name: &str, value: String| Fact { name: name.to_owned(), subject: None, value };
    let (release, errors) = match known(build, is_again, &tags, to)? {
        Some(release) => {
            report.facts.push(fact("build", "of the same commit, built before".to_owned()));
            // What was built of a branch gets the tag that its commit has got since, and the other way round.
            let missing = |(key, _): &(&String, &String)| !release.tags.contains_key(*key);
            let missing: Tags =
                filled(tags.iter().filter(missing).map(|(key, value)| (key.clone(), value.clone())));
            if !missing.is_empty() {
                to.api.tag_release(&to.fleet, release.id, &missing, &mut to.patience)?;
            }
            (release.id, Vec::new())
        }
        None => {
            report.facts.push(fact("build", "new".to_owned()));
            send(build, &tags, to, cx, report)?
        }
    };
    if build.detached {
        return Ok(Drafted::Begun(release));
    }
    let built = wait(build, release, &errors, to, cx)?;
    let Some(version) = version.filter(|version| built.semver != *version) else {
        return Ok(Drafted::Built(Box::new(built)));
    };
    let named = to.api.set_version(&to.fleet, release, version, &mut to.patience)?;
    Ok(Drafted::Built(Box::new(named)))
}

/// A release that was built or is built of the same commit.
fn known(build: &Build, is_again: bool, tags: &Tags, to: &mut Connection) -> Result<Option<Release>, Error> {
    let Some(sha) = tags.get("balena-ci-commit-sha").filter(|_| build.cache) else { return Ok(None) };
    let found = to.api.tagged(&to.fleet, &[("balena-ci-commit-sha", sha)], &mut to.patience)?;
    let is_usable = |release: &Release| {
        !(is_again && release.is_invalidated) && matches!(release.status, Status::Success | Status::Running)
    };
    Ok(found.into_iter().find(is_usable))
}

fn send(
    build: &Build,
    tags: &Tags,
    to: &mut Connection,
    cx: &Context,
    report: &mut Report,
) -> Result<(u64, Vec<String>), Error> {
    let source = Source::find(&build.contents, cx, report)?;
    let secrets = build
        .registry_secrets
        .as_ref()
        .map(|source| cx.secret(source, "credentials of registries"))
        .transpose()?;
    let mut source = source.read(secrets.as_ref())?;
    let request = Request {
        slug: to.fleet.slug.clone(),
        dockerfile: build.contents.dockerfile.clone().unwrap_or_default(),
        no_cache: !build.layer_cache,
        detached: build.detached,
    };
    let mut answer = Answer::new(to.api.build(&request, &mut source)?);
    let (mut release, mut errors, mut log) = (None, Vec::new(), Log::default());
    let broken = loop {
        let said = match answer.next_said() {
            Ok(Some(said)) => said,
            Ok(None) => break None,
            Err(error) => break Some(error),
        };
        match said {
            Said::Release(id) | Said::Started(id) if release.is_none() => {
                release = Some(id);
                // At once: what comes later may never come.
                to.api.tag_release(&to.fleet, id, tags, &mut to.patience)?;
            }
            Said::Message { text, replaces, is_error } => {
                if is_error {
                    errors.push(lw_balena_build::plain(&text));
                }
                for line in log.push(&text, replaces) {
                    cx.say(&line);
                }
            }
            Said::NotStarted(why) => return Err(BuildError::NotBegun(why).into()),
            _ => {}
        }
    };
    if let Some(line) = log.finish() {
        cx.say(&line);
    }
    match release {
        Some(release) => {
            if !answer.is_whole() {
                let why = broken.map_or_else(|| "it ended early".to_owned(), |error| error.to_string());
                cx.say(&format!(
                    "the builder's answer is not whole ({why}); the release says what becomes of the build"
                ));
            }
            Ok((release, errors))
        }
        None if !errors.is_empty() => Err(BuildError::NotBegun(errors.join("; ")).into()),
        None => {
            let why = broken.map_or_else(String::new, |error| format!(": {error}"));
            Err(BuildError::NoRelease(why).into())
        }
    }
}

/// Waits until a release has its last status: the only word on whether it was built.
fn wait(
    build: &Build,
    release: u64,
    errors: &[String],
    to: &mut Connection,
    cx: &Context,
) -> Result<Release, Error> {
    let began = cx.clock().elapsed();
    let progress = cx.progress("building", None);
    loop {
        let found = to.api.release_again(&to.fleet, release, &mut to.patience)?;
        match found.status {
            Status::Success => return Ok(found),
            ref status if status.is_last() => {
                let why = if errors.is_empty() { String::new() } else { format!(": {}", errors.join("; ")) };
                let status = status.to_string();
                return Err(BuildError::Failed { release, status, why }.into());
            }
            _ => {}
        }
        if (cx.clock().elapsed().saturating_sub(began)).as_secs() >= build.build_timeout {
            return Err(BuildError::TooLong { release, seconds: build.build_timeout }.into());
        }
        if cx.clock().sleep(ASK_EVERY) == Woken::Signal {
            return Err(BuildError::Cancelled(release).into());
        }
        progress.advance(1);
    }
}
