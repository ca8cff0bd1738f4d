//! What a test says about the GitHub it wants.

use std::time::Duration;

/// How far a permission goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Not at all.
    None,
    /// `read`.
    Read,
    /// `write`.
    Write,
}

/// What a token may do in its repository, as a job says with `permissions:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// `contents`.
    pub contents: Access,
    /// `pull-requests`, and `issues`, which is the same for their comments.
    pub pull_requests: Access,
    /// `actions`.
    pub actions: Access,
}

impl Permissions {
    /// Everything, for writing.
    #[must_use]
    pub fn all() -> Self {
        Self { contents: Access::Write, pull_requests: Access::Write, actions: Access::Write }
    }

    /// Everything, for reading: the token of a pull request of a fork.
    #[must_use]
    pub fn read() -> Self {
        Self { contents: Access::Read, pull_requests: Access::Read, actions: Access::Read }
    }

    /// Nothing.
    #[must_use]
    pub fn none() -> Self {
        Self { contents: Access::None, pull_requests: Access::None, actions: Access::None }
    }
}

/// Whose a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name: `octocat`, of an app `github-actions[bot]`.
    pub login: String,
    /// Whether it is of an app: such a token cannot ask for `/user`.
    pub is_app: bool,
    /// The repository it is for, `owner/name`. It reads others that are public.
    pub repository: String,
    /// What it may do there.
    pub permissions: Permissions,
}

impl Account {
    /// The token of a job in a repository.
    #[must_use]
    pub fn job(repository: &str, permissions: Permissions) -> Self {
        Self {
            login: "github-actions[bot]".to_owned(),
            is_app: true,
            repository: repository.to_owned(),
            permissions,
        }
    }

    /// A person's token for a repository.
    #[must_use]
    pub fn person(login: &str, repository: &str, permissions: Permissions) -> Self {
        Self { login: login.to_owned(), is_app: false, repository: repository.to_owned(), permissions }
    }
}

/// A pull request to be there.
#[derive(Clone, Debug)]
pub struct PullSpec {
    /// The title.
    pub title: String,
    /// Who opened it.
    pub author: String,
    /// The repository of its head; of a fork, the fork, which need not be there.
    pub head_repository: Option<String>,
    /// The branch of its head.
    pub head_branch: String,
    /// The commit of its head.
    pub head_sha: String,
    /// Where it is to go.
    pub base_branch: String,
    /// Its labels.
    pub labels: Vec<String>,
}

impl PullSpec {
    /// A pull request of octocat, from a branch of a repository at a commit, to main.
    #[must_use]
    pub fn from(head_repository: &str, head_branch: &str, head_sha: &str) -> Self {
        Self {
            title: format!("Change {head_branch}"),
            author: "octocat".to_owned(),
            head_repository: Some(head_repository.to_owned()),
            head_branch: head_branch.to_owned(),
            head_sha: head_sha.to_owned(),
            base_branch: "main".to_owned(),
            labels: Vec::new(),
        }
    }
}

/// A run of a workflow to be there.
#[derive(Clone, Debug)]
pub struct RunSpec {
    /// What started it.
    pub event: String,
    /// The repository of its head.
    pub head_repository: Option<String>,
    /// The branch of its head.
    pub head_branch: String,
    /// The commit of its head.
    pub head_sha: String,
    /// Which time it ran.
    pub attempt: u64,
    /// How it ended.
    pub conclusion: Option<String>,
}

impl RunSpec {
    /// A run for a pull request that ended well.
    #[must_use]
    pub fn of_pull(head_repository: &str, head_branch: &str, head_sha: &str) -> Self {
        Self {
            event: "pull_request".to_owned(),
            head_repository: Some(head_repository.to_owned()),
            head_branch: head_branch.to_owned(),
            head_sha: head_sha.to_owned(),
            attempt: 1,
            conclusion: Some("success".to_owned()),
        }
    }
}

/// A request that came to the API, in the order in which the answers were decided.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its number, from 1.
    pub number: usize,
    /// `GET`.
    pub method: String,
    /// Path and query as they came.
    pub target: String,
    /// The body.
    pub body: String,
    /// The type of the body.
    pub content_type: Option<String>,
    /// What was answered; of a dropped connection 0.
    pub status: u16,
    /// The content of the answer, before a fault made something of it.
    pub answer: String,
    /// When, since 1970.
    pub at: Duration,
    /// Whether a token came with it, whichever.
    pub has_token: bool,
    /// The fault it met.
    pub fault: Option<crate::Fault>,
}

impl Seen {
    /// Whether it changes something, or would.
    #[must_use]
    pub fn is_mutating(&self) -> bool {
        self.method != "GET" && !self.target.ends_with("/graphql")
    }
}
