//! Where a commit stands among the releases.

use lw_history::{End, Extent, LogRequest, Repository};
use lw_versions::Family;

use crate::catalogue::{Catalogue, TaggedRelease};
use crate::error::ReleaseError;

/// Where a commit stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Full id of the commit.
    pub commit: String,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
    /// The release it follows or is: the highest of those that no other one it contains has.
    pub release: Option<TaggedRelease>,
    /// How many commits it has that the release has not.
    pub distance: usize,
}

/// Where a commit stands among the releases of a family: `git describe`, but by ancestry, and by precedence where several tags are on
/// one commit or lines were merged. With `finals` pre-releases do not count.
///
/// # Errors
/// When the clone does not hold enough history to be sure, or the repository cannot be read.
pub fn position(
    repository: &Repository,
    catalogue: &Catalogue,
    family: &Family,
    head: &str,
    finals: bool,
) -> Result<Position, ReleaseError> {
    let tags: Vec<&TaggedRelease> =
        catalogue.of(family).filter(|release| !finals || release.version.is_final()).collect();
    let commit = repository.resolve(head)?;
    let ask = |tags: &[&TaggedRelease]| -> Result<(Vec<usize>, usize, i64), ReleaseError> {
        let end = |commit: &str| End { commit: commit.to_owned(), family: 0 };
        let mut ends: Vec<End> = tags.iter().map(|release| end(&release.commit)).collect();
        ends.push(end(&commit));
        let extent = Extent::One(tags.len());
        let log = repository.log(&LogRequest { ends, extent, paths: Vec::new(), first_parent: false })?;
        let Some(Some(section)) = log.sections.last() else { return Ok((Vec::new(), 0, 0)) };
        if let Some(cut) = &section.cut {
            return Err(ReleaseError::NotEnoughHistory {
                what: head.to_owned(),
                why: format!("the clone is shallow and ends at {}", cut.get(..12).unwrap_or(cut)),
            });
        }
        Ok((section.after.clone(), section.commits.len(), section.time))
    };
    let (after, all, time) = ask(&tags)?;
    let release = after.iter().max().and_then(|place| tags.get(*place)).copied();
    let distance = match release {
        Some(release) if after.len() > 1 => ask(&[release])?.1,
        _ => all,
    };
    Ok(Position { commit, time, release: release.cloned(), distance })
}
