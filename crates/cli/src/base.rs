//! Compared with what: what the CI says, put to the repository.

use lw_ci::CiContext;
use lw_history::{Base, CiFacts, HistoryError, Repository};

use crate::context::Context;
use crate::error::Error;

/// Whether the run judges a change before it is merged.
pub(crate) fn is_pull_request(ci: &CiContext) -> bool {
    ci.pull_request.is_some() || ci.base.is_some() || ci.merge_group_base.is_some()
}

/// What the repository answers to what the CI says.
pub(crate) fn compared_with(
    ci: &CiContext,
    repository: &Repository,
    head: &str,
) -> Result<Base, HistoryError> {
    repository.base(&facts(ci), head)
}

/// The same commit, where its id is enough.
pub(crate) fn id(ci: &CiContext, repository: &Repository, head: &str) -> Result<Base, HistoryError> {
    repository.base_id(&facts(ci), head)
}

fn facts(ci: &CiContext) -> CiFacts {
    CiFacts {
        pull_request: ci.pull_request.is_some(),
        base_branch: ci.base.clone(),
        base_commit: ci.base_commit.clone(),
        merge_base: ci.merge_base.clone(),
        head_commit: ci.head_commit.clone(),
        tested_commit: ci.commit.clone(),
        reference: ci.reference.clone(),
        before: ci.before.clone(),
        forced: ci.forced,
        merge_group_base: ci.merge_group_base.clone(),
        default_branch: ci.default_branch.clone(),
    }
}

impl Context {
    /// Whether the run judges a change before it is merged: that of a pull or merge request, or of a merge queue.
    #[must_use]
    pub fn is_pull_request(&self) -> bool {
        is_pull_request(self.ci_context())
    }

    /// What a commit is compared with when the user does not say: the one answer for configuration, changed lines and
    /// baselines ([`Repository::base`] has its rules).
    ///
    /// # Errors
    /// When what the CI names is not in the clone, telling how to fetch it.
    pub fn compared_with(&self, repository: &Repository, head: &str) -> Result<Base, Error> {
        Ok(compared_with(self.ci_context(), repository, head)?)
    }

    /// The commit that this run may leave something of for later ones, or why it may not: a run of the main branch may,
    /// which nobody but those who may change the repository has caused, and that has its commit checked out. Outside of a CI
    /// whoever runs it decides, and it is the commit that is checked out.
    ///
    /// `main` names the main branch where the CI does not.
    ///
    /// # Errors
    /// Why not, as the end of a sentence.
    pub fn kept_commit(&self, main: Option<&str>) -> Result<String, String> {
        if self.ci().id() != "terminal" {
            return crate::store::kept_commit(self.ci_context(), main, self.root());
        }
        let checked_out = Repository::checked_out(self.root()).map_err(|error| error.to_string())?.commit;
        checked_out.ok_or_else(|| "nothing is checked out".to_owned())
    }
}
