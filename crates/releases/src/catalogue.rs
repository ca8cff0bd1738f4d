//! The tags of a repository, as releases.

use std::collections::BTreeMap;

use lw_history::Repository;
use lw_model::lists::sort_by;
use lw_versions::{Family, Scheme, TagName, Version, classify};

use crate::error::ReleaseError;

/// A tag that is a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaggedRelease {
    /// Its name.
    pub tag: String,
    /// Full id of its commit.
    pub commit: String,
    /// What it is the version of.
    pub family: Family,
    /// Its version.
    pub version: Version,
}

/// All tags, sorted.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Releases, by precedence within their family: the lowest first.
    pub releases: Vec<TaggedRelease>,
    /// Tags that move with the releases, such as `v1`.
    pub floating: Vec<String>,
    /// Tags that are nearly a release, and why they are none.
    pub near: Vec<(String, String)>,
    /// Tags that are something else, or stand for no commit; some with what they are.
    pub others: Vec<(String, Option<String>)>,
}

impl Catalogue {
    /// Reads the tags of a repository.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(repository: &Repository, scheme: Scheme) -> Result<Self, ReleaseError> {
        let tags = repository.tags()?;
        let mut catalogue = Self::default();
        for tag in tags.tags {
            match classify(&tag.name, scheme) {
                TagName::Release(family, version) => {
                    let commit = tag.commit();
                    catalogue.releases.push(TaggedRelease { tag: tag.name, commit, family, version });
                }
                TagName::Floating(_) => catalogue.floating.push(tag.name),
                TagName::NearMiss(why) => catalogue.near.push((tag.name, why)),
                TagName::Other => catalogue.others.push((tag.name, None)),
            }
        }
        catalogue.others.extend(tags.others.into_iter().map(|(name, what)| (name, Some(what))));
        // Versions that differ by build metadata only have one precedence: then the name decides, so that every run says the same.
        sort_by(&mut catalogue.releases, |a, b| {
            a.family
                .cmp(&b.family)
                .then_with(|| a.version.precedence(&b.version))
                .then_with(|| a.tag.cmp(&b.tag))
        });
        Ok(catalogue)
    }

    /// How many releases each family has.
    #[must_use]
    pub fn families(&self) -> BTreeMap<&Family, usize> {
        let mut families = BTreeMap::new();
        for release in &self.releases {
            *families.entry(&release.family).or_insert(0) += 1;
        }
        families
    }

    /// The family that is meant: the one with the prefix, or without one `v`, the bare versions, or the only one there is.
    ///
    /// # Errors
    /// When there are several others and nobody says which.
    pub fn family(&self, prefix: Option<&str>) -> Result<Family, ReleaseError> {
        if let Some(prefix) = prefix {
            return Ok(Family(prefix.to_owned()));
        }
        let families = self.families();
        for usual in ["v", ""] {
            let usual = Family(usual.to_owned());
            if families.contains_key(&usual) {
                return Ok(usual);
            }
        }
        let mut names = families.keys();
        match (names.next(), names.next()) {
            (None, _) => Ok(Family("v".to_owned())),
            (Some(only), None) => Ok((*only).clone()),
            _ => {
                let families = families.keys().map(|family| family.0.clone()).collect();
                Err(ReleaseError::WhichFamily { families })
            }
        }
    }

    /// The releases of a family, the lowest first.
    pub fn of<'a>(&'a self, family: &'a Family) -> impl Iterator<Item = &'a TaggedRelease> {
        self.releases.iter().filter(move |release| release.family == *family)
    }

    /// The release of a tag.
    ///
    /// # Errors
    /// When there is no such tag, or it is no release.
    pub fn release(&self, tag: &str) -> Result<&TaggedRelease, ReleaseError> {
        let tag = tag.strip_prefix("refs/tags/").unwrap_or(tag);
        if let Some(release) = self.releases.iter().find(|release| release.tag == tag) {
            return Ok(release);
        }
        let no_release = |why: &str| ReleaseError::NotARelease { tag: tag.to_owned(), why: why.to_owned() };
        if self.floating.iter().any(|name| name == tag) {
            return Err(no_release("it is one that moves with the releases"));
        }
        if let Some((_, why)) = self.near.iter().find(|(name, _)| name == tag) {
            return Err(no_release(why));
        }
        if let Some((_, what)) = self.others.iter().find(|(name, _)| name == tag) {
            return Err(no_release(what.as_deref().unwrap_or("its name holds no version")));
        }
        let like =
            self.releases.iter().filter(|release| release.tag.ends_with(tag) || tag.ends_with(&release.tag));
        let like = like.take(3).map(|release| release.tag.clone()).collect();
        Err(ReleaseError::NoSuchTag { tag: tag.to_owned(), like })
    }
}
