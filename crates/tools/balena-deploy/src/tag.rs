//! The git tag of a release: the commit it was built of gets its version, and the release the name of the tag.

use std::collections::BTreeMap;

use lw_balena::Release;
use lw_cli::{Context, Error};
use lw_connect::Patience;
use lw_github::{Api, ObjectId, Repository, Tagged};
use lw_github_client::{GitHub, Wanted};
use lw_model::lists::filled;
use lw_model::{Fact, Report};
use serde_json::json;

use crate::args::Tagging;
use crate::connect::Connection;

/// The tag by which a release names the commit it was built of.
const COMMIT: &str = "balena-ci-commit-sha";

/// The tag by which a release names its git tag.
const GIT_TAG: &str = "balena-ci-git-tag";

/// A repository that can be tagged.
pub(crate) struct Tagger {
    api: Api,
    repository: Repository,
    clock: Patience,
}

impl Tagger {
    /// The repository of the run, when a tag is wanted.
    pub(crate) fn open(args: &Tagging, cx: &Context) -> Result<Option<Self>, Error> {
        if !args.create_tag {
            return Ok(None);
        }
        let wanted = Wanted {
            token: args.github_token.as_ref(),
            permission: "contents: write",
            elsewhere: "leave out --create-tag, and push the tag yourself",
        };
        let GitHub { api, repository, clock } = GitHub::of_run(&wanted, cx)?;
        Ok(Some(Self { api, repository, clock }))
    }

    /// Before anything is rolled out: whether the commit is known, and the tag not that of another one.
    pub(crate) fn check(&self, release: &Release, to: &mut Connection) -> Result<(), Error> {
        let commit = commit(release)?;
        let known = to.api.final_releases_of(&to.fleet, &release.semver, &mut to.patience)?;
        let is_taken = known.iter().any(|other| other.id != release.id);
        let version = match (release.is_final, is_taken) {
            (true, _) => &release.raw_version,
            (false, false) => &release.semver,
            // Balena puts a revision behind it, and says which when it is final.
            (false, true) => return Ok(()),
        };
        self.find(version, &commit)?;
        Ok(())
    }

    /// The tag that the commit has for this version, as `1.2.3` or `v1.2.3`.
    fn find(&self, version: &str, commit: &ObjectId) -> Result<Option<String>, Error> {
        let mut found = None;
        for name in [version.to_owned(), format!("v{version}")] {
            match self.api.tag(&self.repository, &name, &mut self.clock.clone())? {
                None => {}
                Some(there) if there == *commit => {
                    found.get_or_insert(name);
                }
                Some(there) => return Err(elsewhere(&name, commit, &there)),
            }
        }
        Ok(found)
    }

    /// What is sent to tag the commit of a release, for a plan.
    pub(crate) fn request(&self, release: &Release) -> Result<(String, String), Error> {
        let commit = commit(release)?;
        let version = if release.is_final { &release.raw_version } else { &release.semver };
        let body = json!({ "ref": format!("refs/tags/{version}"), "sha": commit.as_str() });
        Ok((format!("POST /repos/{}/git/refs", self.repository), body.to_string()))
    }

    /// Joins a release that everybody has with its commit: whichever of the two names was not there comes to be.
    pub(crate) fn join(&self, release: &Release, to: &Connection, report: &mut Report) -> Result<(), Error> {
        let (name, what) = self.tagged(release).map_err(|error| {
            let hint = error.advice().unwrap_or_default();
            let hint = if hint.is_empty() { String::new() } else { format!("{hint}; ") };
            let message = error.message();
            Error::remote(format!(
                "everybody has release {}, and its commit has no tag: {message}",
                release.raw_version
            ))
            .hint(format!("{hint}the same run once more tags it, and does nothing else"))
        })?;
        let fact = Fact { name: "git tag".to_owned(), subject: None, value: format!("{name}, {what}") };
        report.facts.push(fact);
        if !release.tags.contains_key(GIT_TAG) {
            let tags: BTreeMap<_, _> = filled([(GIT_TAG.to_owned(), name)]);
            to.api.tag_release(&to.fleet, release.id, &tags, &mut self.clock.clone())?;
        }
        Ok(())
    }

    fn tagged(&self, release: &Release) -> Result<(String, &'static str), Error> {
        let (commit, version) = (commit(release)?, &release.raw_version);
        if let Some(name) = self.find(version, &commit)? {
            return Ok((name, "which was there"));
        }
        match self.api.create_tag(&self.repository, version, &commit, &mut self.clock.clone())? {
            Tagged::Created => Ok((version.clone(), "new")),
            Tagged::Present => Ok((version.clone(), "which was there")),
            Tagged::Elsewhere(there) => Err(elsewhere(version, &commit, &there)),
        }
    }
}

fn elsewhere(name: &str, commit: &ObjectId, there: &ObjectId) -> Error {
    Error::usage(format!(
        "the git tag {name} is one of commit {there}, and the release was built of {commit}"
    ))
    .hint("tags are never moved: give the release another version, or remove the tag where it is wrong")
}

/// The commit a release was built of.
fn commit(release: &Release) -> Result<ObjectId, Error> {
    release.tags.get(COMMIT).and_then(|commit| ObjectId::parse(commit)).ok_or_else(|| {
        Error::usage(format!(
            "release {} does not say of which commit it was built: it has no tag {COMMIT}",
            release.raw_version
        ))
        .hint("--create-tag is for releases that a CI has built with `deploy`; push the tag yourself")
    })
}
