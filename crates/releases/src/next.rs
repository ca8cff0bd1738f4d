//! The version that comes next.

use lw_history::Repository;
use lw_versions::{Bump, Version, Zero};

use crate::catalogue::{Catalogue, TaggedRelease};
use crate::entries::Fate;
use crate::error::ReleaseError;
use crate::near::NearMisses;
use crate::position::position;
use crate::read::{Options, PreReleases, Release, Want, releases};

/// How the next version is chosen.
#[derive(Clone, Debug, Default)]
pub struct NextOptions {
    /// What changes mean before 1.0.0.
    pub zero: Zero,
    /// Name of the pre-release that is wanted instead of the final one: `rc`.
    pub pre_release: Option<String>,
    /// The first version, where there is none yet.
    pub initial: Option<Version>,
}

/// The version that comes next, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The final release it follows; `None` where there is none yet.
    pub last: Option<TaggedRelease>,
    /// What the commits since then ask for.
    pub bump: Bump,
    /// The version; `None` when nothing asks for a release.
    pub version: Option<Version>,
    /// Messages since then that may have been meant to ask for more.
    pub near: NearMisses,
    /// How many commits since then have no conventional message, and ask for nothing.
    pub unconventional: usize,
}

/// The version that comes next for a commit.
///
/// It spans from the last final release, whatever pre-releases came since: a release candidate that is followed by a breaking change
/// gives the next major version. A pre-release that the commit contains is never undercut: after `2.0.0-rc.1` comes 2.0.0, however
/// little has changed.
///
/// # Errors
/// When there is no release and no initial version, when the version is that of a tag on another line, when the clone does not hold
/// enough history to be sure, or the repository cannot be read.
pub fn next(
    repository: &Repository,
    catalogue: &Catalogue,
    options: &Options,
    how: &NextOptions,
) -> Result<Next, ReleaseError> {
    let since_final = Options { pre_releases: PreReleases::Fold, ..options.clone() };
    let found = releases(repository, catalogue, &Want::Unreleased, &since_final)?;
    let release = found.releases.first();
    let bump = release.map(Release::bump).unwrap_or_default();
    let near = found.near_misses();
    let unconventional = release.map_or(0, |release| release.count(|fate| *fate == Fate::Unconventional));
    let last = release.and_then(|release| release.previous.as_deref());
    let last = last.map(|tag| catalogue.release(tag)).transpose()?.cloned();
    let mut target = match (&last, &how.initial) {
        (Some(_), _) if bump == Bump::None => {
            return Ok(Next { last, bump, version: None, near, unconventional });
        }
        (Some(last), _) => lw_versions::next(&last.version, bump, how.zero)?,
        (None, Some(initial)) => initial.clone(),
        (None, None) => return Err(ReleaseError::NoRelease { head: options.head.clone() }),
    };
    let here = position(repository, catalogue, &found.family, &options.head, false)?;
    if let Some(pre) = here.release.filter(|release| !release.version.is_final()) {
        let leads_to = pre.version.to_final();
        if leads_to.precedence(&target).is_gt() {
            target = leads_to;
        }
    }
    let versions = || catalogue.of(&found.family).map(|release| &release.version);
    let version = match &how.pre_release {
        Some(name) => lw_versions::next_prerelease(&target, name, versions())?,
        None => target.clone(),
    };
    // A pre-release of what is released already is as wrong as that itself.
    let taken = catalogue.of(&found.family).find(|release| {
        [&version, &target].iter().any(|version| release.version.precedence(version).is_eq())
    });
    match taken {
        Some(taken) => {
            Err(ReleaseError::Taken { version: taken.version.to_string(), tag: taken.tag.clone() })
        }
        None => Ok(Next { last, bump, version: Some(version), near, unconventional }),
    }
}
