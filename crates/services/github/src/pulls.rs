//! Pull requests.

use lw_http::Waiting;
use serde::{Deserialize, Serialize};

use crate::api::{Api, Asked, encoded};
use crate::comments::UserJson;
use crate::error::{Error, Permission};
use crate::repository::Repository;

/// The most pull requests of one head that are read.
const MOST_OF_HEAD: usize = 1000;

/// One side of a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The branch, without `refs/heads/`.
    pub branch: String,
    /// The commit.
    pub sha: String,
    /// The repository, `owner/name`; `None` when a fork is gone.
    pub repository: Option<String>,
}

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Whether it is open.
    pub is_open: bool,
    /// Whether it is merged.
    pub is_merged: bool,
    /// Whether it is a draft.
    pub is_draft: bool,
    /// Who opened it; `None` when the account is gone.
    pub author: Option<String>,
    /// What it brings. The commit is the newest one, not that of a run.
    pub head: Side,
    /// Where it is to go.
    pub base: Side,
    /// Where people look at it.
    pub url: String,
}

impl Pull {
    /// Whether its head is in another repository than its base, or in one that is gone.
    #[must_use]
    pub fn is_from_fork(&self) -> bool {
        match (&self.head.repository, &self.base.repository) {
            (Some(head), Some(base)) => !head.eq_ignore_ascii_case(base),
            _ => true,
        }
    }
}

/// Where the commits of a pull request come from, as the event or the run tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadOf<'a> {
    /// The repository of the head: of a pull request of a fork, the fork.
    pub repository: &'a Repository,
    /// The branch, without `refs/heads/`.
    pub branch: &'a str,
}

/// A merged pull request, in the form in which `GET /repos/{owner}/{repo}/pulls` gives it: what `changelog --pulls` reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergedPull {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Who opened it.
    pub user: Option<Login>,
    /// Its labels.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// The commit that merged it.
    pub merge_commit_sha: Option<String>,
    /// When, as RFC 3339.
    pub merged_at: Option<String>,
    /// When it was changed last, as RFC 3339.
    #[serde(default)]
    pub updated_at: String,
    /// Where people look at it.
    #[serde(default)]
    pub html_url: String,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Its name; of an app it ends with `[bot]`.
    pub login: String,
}

/// A label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Its name.
    pub name: String,
}

#[derive(Deserialize)]
struct SideJson {
    #[serde(rename = "ref")]
    branch: String,
    sha: String,
    #[serde(default)]
    repo: Option<RepositoryJson>,
}

#[derive(Deserialize)]
pub(crate) struct RepositoryJson {
    pub(crate) full_name: String,
}

#[derive(Deserialize)]
struct PullJson {
    number: u64,
    #[serde(default)]
    title: String,
    state: String,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    merged_at: Option<String>,
    #[serde(default)]
    user: Option<UserJson>,
    head: SideJson,
    base: SideJson,
    #[serde(default)]
    html_url: String,
}

impl From<SideJson> for Side {
    fn from(json: SideJson) -> Self {
        Self { branch: json.branch, sha: json.sha, repository: json.repo.map(|repo| repo.full_name) }
    }
}

impl From<PullJson> for Pull {
    fn from(json: PullJson) -> Self {
        Self {
            number: json.number,
            title: json.title,
            is_open: json.state == "open",
            is_merged: json.merged_at.is_some(),
            is_draft: json.draft,
            author: json.user.map(|user| user.login),
            head: json.head.into(),
            base: json.base.into(),
            url: json.html_url,
        }
    }
}

impl Api {
    /// A pull request.
    ///
    /// # Errors
    /// When there is none that the token may see.
    pub fn pull(&self, repository: &Repository, number: u64, clock: &mut dyn Waiting) -> Result<Pull, Error> {
        let asked = Asked::get(
            format!("read {repository}#{number}"),
            repository.path(&format!("/pulls/{number}")),
            Permission::PullRequestsRead,
        );
        Ok(self.ask::<PullJson>(&asked, clock)?.into())
    }

    /// The pull requests of a repository that come from a branch, open or not, the newest first; an empty list when there are none.
    ///
    /// This is how a run finds its own, for forks, too: the list of pull requests of a commit is empty for them. Its commit is compared with
    /// [`Side::sha`] of the head by whoever asks: a run of an older commit speaks of something that is no more.
    ///
    /// # Errors
    /// When there are more than 1000, or the token may not see them.
    pub fn pulls_of_head(
        &self,
        repository: &Repository,
        head: &HeadOf<'_>,
        clock: &mut dyn Waiting,
    ) -> Result<Vec<Pull>, Error> {
        let filter = encoded(&format!("{}:{}", head.repository.owner(), head.branch));
        let asked = Asked::get(
            format!(
                "find pull requests of {}:{} in {repository}",
                head.repository,
                head.branch.escape_debug()
            ),
            repository.path(&format!("/pulls?state=all&sort=created&direction=desc&head={filter}")),
            Permission::PullRequestsRead,
        );
        let all = |page: Vec<PullJson>| page.into_iter().map(Pull::from).collect();
        let mut found = self.pages((asked, "pull requests", MOST_OF_HEAD), clock, &all, &|_| true)?;
        // A filter that GitHub does not understand is none, and an owner may have several forks.
        found.retain(|pull| {
            pull.head.branch == head.branch
                && pull.head.repository.as_deref().is_some_and(|name| head.repository.is(name))
        });
        Ok(found)
    }

    /// The merged pull requests, those that were changed last first; with `since` (RFC 3339 in UTC, `2026-01-31T00:00:00Z`) only what was merged
    /// since then.
    ///
    /// # Errors
    /// When there are more than `most`, counting those that were closed and not merged, or the token may not see them.
    pub fn merged_pulls(
        &self,
        repository: &Repository,
        since: Option<&str>,
        most: usize,
        clock: &mut dyn Waiting,
    ) -> Result<Vec<MergedPull>, Error> {
        let asked = Asked::get(
            format!("list the merged pull requests of {repository}"),
            repository.path("/pulls?state=closed&sort=updated&direction=desc"),
            Permission::PullRequestsRead,
        );
        // Merging is a change, so what was changed before was merged before. Times of one form are in the order of their texts.
        let is_since = |time: &str| since.is_none_or(|since| time >= since);
        let goes_on = |page: &[MergedPull]| page.last().is_none_or(|last| is_since(&last.updated_at));
        let mut found = self.pages(
            (asked, "closed pull requests", most),
            clock,
            &|page: Vec<MergedPull>| page,
            &goes_on,
        )?;
        found.retain(|pull| pull.merged_at.as_deref().is_some_and(is_since));
        // One that is changed while the pages are read may be on two of them.
        let mut seen = std::collections::BTreeSet::new();
        found.retain(|pull| seen.insert(pull.number));
        Ok(found)
    }
}
