//! What is asked of GitHub, apart from how: an implementation talks to it, and the tests have one in memory.

use lw_archive::ArchiveError;
use lw_github::Artifact;

use crate::artifact::Names;
use crate::marker::Marker;

/// Why GitHub did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ServiceError {
    /// What happened.
    pub(crate) message: String,
    /// What to do about it: the exact line of `permissions:`, where one would help.
    pub(crate) hint: Option<String>,
}

/// An open pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pull {
    pub(crate) number: u64,
    /// The commit at its tip.
    pub(crate) head: String,
}

/// A run of a workflow that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EndedRun {
    pub(crate) id: u64,
    pub(crate) attempt: u64,
    /// What started it.
    pub(crate) event: String,
    /// The tip of the pull request.
    pub(crate) head: String,
    pub(crate) branch: Option<String>,
    /// `owner/name` of the repository of the branch; `None` when it is gone.
    pub(crate) repository: Option<String>,
    /// The file of its workflow: `.github/workflows/ci.yml`.
    pub(crate) workflow: String,
    /// Its page.
    pub(crate) url: String,
}

/// What became of a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Posted {
    /// Written for the first time; with the address of the comment.
    Created(String),
    /// Replaced.
    Updated(String),
    /// It said the same.
    Unchanged(String),
    /// One of a newer run was left as it is.
    Kept(String),
    /// There is none, and none was to be written.
    Absent,
}

/// What is asked.
pub(crate) trait Service {
    /// A pull request.
    fn pull(&mut self, number: u64) -> Result<Pull, ServiceError>;

    /// The open pull requests whose head is this branch of this repository.
    fn pulls_of(&mut self, repository: &str, branch: &str) -> Result<Vec<Pull>, ServiceError>;

    /// A run of a workflow.
    fn run(&mut self, id: u64) -> Result<EndedRun, ServiceError>;

    /// What a run has uploaded so far under such names; of each name the newest.
    fn artifacts(&mut self, run: u64, names: &Names) -> Result<Vec<Artifact>, ServiceError>;

    /// An artifact, as a zip file of at most `most` bytes.
    fn download(&mut self, artifact: &Artifact, most: u64) -> Result<Vec<u8>, ServiceError>;

    /// Sees to it that there is one comment with the marker's key by the author of the token, and that it says this; that of a
    /// newer run stays.
    fn set(
        &mut self,
        number: u64,
        marker: &Marker,
        body: &str,
        may_create: bool,
    ) -> Result<Posted, ServiceError>;
}

impl From<ArchiveError> for ServiceError {
    fn from(error: ArchiveError) -> Self {
        let hint = lw_model::Diagnose::hint(&error).map(std::borrow::Cow::into_owned);
        Self { message: error.to_string(), hint }
    }
}
