//! Going back, also from a release that no rollout is known of.

use std::collections::BTreeSet;
use std::sync::Arc;

use lw_balena::{FleetTarget, Release, Status, release_number};
use lw_cli::{Context, Error};
use lw_model::{Fact, Report};
use lw_rollout::{Command, Phase};

use crate::args::Rollback;
use crate::connect::Connection;
use crate::rollout::{self, Job};

/// Goes back.
pub(crate) fn rollback(args: &Rollback, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let mut to = Connection::open(&args.look.at, cx)?;
    let named = args.look.which.release.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let release = match named {
        Some(name) => to.release(Some(name))?,
        None => found(&mut to, cx)?,
    };
    let wanted = args.to.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let back_to = match wanted {
        Some(name) => Some(good(name, &release, &mut to)?),
        None => last_good(&release, &mut to, cx)?,
    };
    let mut fact = |name: &str, value: String| {
        report.facts.push(Fact { name: name.to_owned(), subject: None, value });
    };
    fact("from", release.raw_version.clone());
    if let Some(back_to) = &back_to {
        fact("to", back_to.raw_version.clone());
    }
    let job = Job {
        back: Some(&args.back),
        back_to: back_to.map(|release| release.id),
        ..Job::new(Command::Rollback, &release, &args.look.judged, &args.look.journal)
    };
    rollout::run(&job, &to, cx, report)
}

/// The release to go back from: the one whose rollout is not over, or else the one that the fleet has.
fn found(to: &mut Connection, cx: &Context) -> Result<Release, Error> {
    let Some(live) = to.fleet.target else {
        return Err(Error::usage(format!("{} has no release to go back from", to.fleet.slug))
            .hint("name the release of a rollout with --release"));
    };
    let mut target = FleetTarget::new(Arc::clone(&to.api), &to.fleet, live, BTreeSet::new());
    let look = rollout::look(&mut target, cx)?;
    let other =
        look.other.as_ref().filter(|other| !other.phase.is_over() && other.phase != Phase::Superseded);
    let id = other.and_then(|other| release_number(&other.release)).unwrap_or(live);
    Ok(to.api.release_again(&to.fleet, id, &mut to.patience)?)
}

/// The release of this name, when the fleet can go back to it.
fn good(name: &str, from: &Release, to: &mut Connection) -> Result<Release, Error> {
    let found = to.release(Some(name))?;
    let why = match &found {
        same if same.id == from.id => "it is the one to go back from",
        other if other.status != Status::Success => "it was not built",
        draft if !draft.is_final => "it is a draft",
        withdrawn if withdrawn.is_invalidated => "it was withdrawn",
        _ => return Ok(found),
    };
    Err(Error::usage(format!("the fleet cannot go back to release {}: {why}", found.raw_version))
        .hint("name a final release with --to, or leave it out: then it is what the fleet had before, or the last good one"))
}

/// What the fleet goes back to where no rollout knows: the release before the one it has, of those that it can follow. `None` where a
/// rollout knows.
fn last_good(from: &Release, to: &mut Connection, cx: &Context) -> Result<Option<Release>, Error> {
    if to.fleet.target != Some(from.id) {
        return Ok(None);
    }
    let mut target = FleetTarget::new(Arc::clone(&to.api), &to.fleet, from.id, BTreeSet::new());
    let look = rollout::look(&mut target, cx)?;
    // One that was brought back after its rollback is there by other means.
    if look.record.is_some_and(|record| record.phase != Phase::RolledBack) {
        return Ok(None);
    }
    let good = to.api.good_releases(&to.fleet, &mut to.patience)?;
    let is_before =
        |release: &Release| (release.start_timestamp, release.id) < (from.start_timestamp, from.id);
    let before = good.into_iter().find(|release| release.id != from.id && is_before(release));
    before.map(Some).ok_or_else(|| {
        Error::usage(format!(
            "there is no release before {} that was built, is final and was not withdrawn",
            from.raw_version
        ))
        .hint("deploy a release that is good")
    })
}
