//! Which version a commit is.

use lw_cli::{Context, Error};
use lw_history::{Repository, WorkTreeChanges};
use lw_model::{Fact, Finding, Level, Measure, Report};
use lw_releases::{Catalogue, NOT_ENOUGH_HISTORY, ReleaseError, position};
use lw_versions::{Scheme, Version};

use crate::args;

/// How many digits of a commit a version has: always as many, on every machine.
const SHORT: usize = 12;

/// Which version a commit is, and what else a build wants to know of it.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// The version of the release that the commit is or follows, or what leads to the first one.
    pub(crate) base: Version,
    /// The version of this very commit: that of its tag, or the base with the distance and the commit behind `+`.
    pub(crate) version: String,
    /// The tag it is or follows.
    pub(crate) tag: Option<String>,
    /// How many commits it is after that.
    pub(crate) distance: usize,
    /// As `git describe --tags --long` has it, but with 12 digits, and without them when it is the tag itself.
    pub(crate) describe: String,
    /// Full id of the commit.
    pub(crate) commit: String,
    /// When it was committed, in seconds since 1970.
    pub(crate) time: i64,
    /// Whether the work tree differs; `None` when nobody asked.
    pub(crate) dirty: Option<bool>,
}

impl State {
    /// Whether it is exactly what a tag of a final version stands for.
    pub(crate) fn is_release(&self) -> bool {
        self.tag.is_some() && self.distance == 0 && self.dirty != Some(true) && self.base.is_final()
    }

    /// The first digits of the commit.
    pub(crate) fn short(&self) -> &str {
        short(&self.commit)
    }
}

fn short(commit: &str) -> &str {
    commit.get(..SHORT).unwrap_or(commit)
}

/// The repository, its tags, and what is worth saying of both.
pub(crate) fn history(
    args: &lw_releases::HistoryArgs,
    cx: &Context,
    report: &mut Report,
) -> Result<(Repository, Catalogue), Error> {
    let repository = lw_releases::open(&cx.resolve(&args.repo))?;
    if let Some(finding) = lw_releases::of_replacements("version", &repository) {
        report.add_finding(finding);
    }
    let catalogue = Catalogue::read(&repository, args.scheme())?;
    let family = catalogue.family(args.tag_prefix.as_deref())?;
    for finding in lw_releases::of_tags("version", &catalogue, &family) {
        report.add_finding(finding);
    }
    fact(report, "family", &lw_releases::family_name(&family));
    Ok((repository, catalogue))
}

/// The version that a history without any release begins with, as the user has it.
pub(crate) fn initial(text: Option<&str>, scheme: Scheme) -> Result<Option<Version>, Error> {
    let version = text.map(|text| Version::parse(text, scheme)).transpose()?;
    match version {
        Some(version) if !version.build().is_empty() => {
            Err(Error::usage(format!("--initial-version {version}: a version to start with has no `+`"))
                .hint("leave out what follows the `+`"))
        }
        version => Ok(version),
    }
}

/// An error of the releases, with the exit code of its own where the clone is too small.
pub(crate) fn told(error: ReleaseError, cx: &mut Context) -> Error {
    if matches!(error, ReleaseError::NotEnoughHistory { .. }) {
        cx.exit_with(NOT_ENOUGH_HISTORY);
    }
    error.into()
}

/// Reads which version the commit is.
pub(crate) fn read(args: &args::State, cx: &mut Context, report: &mut Report) -> Result<State, Error> {
    if args.dirty && args.history.head != "HEAD" {
        return Err(Error::usage("--dirty is about what is checked out, and --head names another commit")
            .hint("leave out one of the two"));
    }
    let initial = initial(args.initial_version.as_deref(), args.history.scheme())?;
    let (repository, catalogue) = history(&args.history, cx, report)?;
    let family = catalogue.family(args.history.tag_prefix.as_deref())?;
    let here = position(&repository, &catalogue, &family, &args.history.head, false)
        .map_err(|error| told(error, cx))?;
    let dirty = if args.dirty { Some(repository.work_tree_changes()?) } else { None };
    let is_dirty = dirty.as_ref().map(|changes| changes.count > 0);
    if let Some(changes) = &dirty {
        tell_of_changes(changes, report);
    }
    let (tag, base) = match (here.release, initial) {
        (Some(release), _) => (Some(release.tag), release.version),
        (None, Some(initial)) => (None, before_the_first(&initial, here.distance)?),
        (None, None) => return Err(ReleaseError::NoRelease { head: args.history.head.clone() }.into()),
    };
    let id = short(&here.commit);
    let mut build: Vec<String> = Vec::new();
    if here.distance > 0 && tag.is_some() {
        build.push(here.distance.to_string());
    }
    if here.distance > 0 || is_dirty == Some(true) {
        build.push(format!("g{id}"));
    }
    if is_dirty == Some(true) {
        build.push("dirty".into());
    }
    let mut version = base.to_string();
    if !build.is_empty() {
        version.push(if base.build().is_empty() { '+' } else { '.' });
        version.push_str(&build.join("."));
    }
    let mut describe = match &tag {
        Some(tag) if here.distance == 0 => tag.clone(),
        Some(tag) => format!("{tag}-{}-g{id}", here.distance),
        None => id.to_owned(),
    };
    if is_dirty == Some(true) {
        describe.push_str("-dirty");
    }
    let state = State {
        base,
        version,
        tag,
        distance: here.distance,
        describe,
        commit: here.commit,
        time: here.time,
        dirty: is_dirty,
    };
    publish(&state, cx, report);
    Ok(state)
}

/// What comes before the first version: `0.1.0-dev.7`, which is lower than 0.1.0.
fn before_the_first(initial: &Version, distance: usize) -> Result<Version, Error> {
    let pre = if initial.is_final() { String::from("-") } else { format!("-{}.", initial.prerelease()) };
    Ok(Version::parse(&format!("{}{pre}dev.{distance}", initial.to_final()), initial.scheme())?)
}

fn tell_of_changes(changes: &WorkTreeChanges, report: &mut Report) {
    report.measures.push(Measure::count("version.dirty", changes.count as u64).label("changed files"));
    if changes.count == 0 {
        return;
    }
    let message = match changes.count {
        1 => format!("1 file is not as it was committed: {}", lw_releases::listed(changes.paths.iter())),
        count => {
            let named: Vec<&str> = changes.paths.iter().take(8).map(String::as_str).collect();
            let more = count - named.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{count} files are not as they were committed: {}{more}", named.join(", "))
        }
    };
    report.add_finding(Finding::new("version/dirty", Level::Warning, "dirty", message));
}

/// Says the numbers of a version to later steps.
pub(crate) fn output_numbers(version: &Version, cx: &mut Context) {
    let names = ["major", "minor", "patch"];
    for (place, name) in names.into_iter().enumerate() {
        let number = version.numbers().get(place).map(ToString::to_string);
        cx.output(name, number.unwrap_or_default());
    }
}

fn publish(state: &State, cx: &mut Context, report: &mut Report) {
    fact(report, "version", &state.version);
    fact(report, "describe", &state.describe);
    fact(report, "commit", &state.commit);
    fact(report, "time", &lw_releases::utc_time(state.time));
    report
        .measures
        .push(Measure::count("version.distance", state.distance as u64).label("commits since the release"));
    output_numbers(&state.base, cx);
    let (tag, previous) = match &state.tag {
        Some(tag) if state.distance == 0 => (tag.as_str(), ""),
        Some(tag) => ("", tag.as_str()),
        None => ("", ""),
    };
    cx.output("version", &*state.version);
    cx.output("tag", tag);
    cx.output("previous", previous);
    cx.output("describe", &*state.describe);
    cx.output("is-prerelease", (!state.is_release()).to_string());
    cx.output("commit", &*state.commit);
    cx.output("dirty", state.dirty.map(|dirty| dirty.to_string()).unwrap_or_default());
    cx.figure(state.version.clone());
}

pub(crate) fn fact(report: &mut Report, name: &str, value: &str) {
    report.facts.push(Fact { name: name.into(), subject: None, value: value.into() });
}
