//! What went wrong, and which line would have helped.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use lw_http::Failed;
use lw_model::{Class, Diagnose};
use lw_retry::Failure;

/// What a job's token must be allowed to do: a line of `permissions:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Nothing beyond what every token may.
    None,
    /// To read the content of the repository, refs and commits among it.
    ContentsRead,
    /// To write it.
    ContentsWrite,
    /// To read pull requests and their comments.
    PullRequestsRead,
    /// To comment on pull requests.
    PullRequestsWrite,
    /// To read workflow runs and their artifacts.
    ActionsRead,
}

impl Permission {
    /// The line, without indentation; empty where no line is needed.
    #[must_use]
    pub fn line(self) -> &'static str {
        match self {
            Self::None => "",
            Self::ContentsRead => "contents: read",
            Self::ContentsWrite => "contents: write",
            Self::PullRequestsRead => "pull-requests: read",
            Self::PullRequestsWrite => "pull-requests: write",
            Self::ActionsRead => "actions: read",
        }
    }

    /// Whether it is one to write.
    #[must_use]
    pub fn writes(self) -> bool {
        matches!(self, Self::ContentsWrite | Self::PullRequestsWrite)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.line())
    }
}

/// Why something is forbidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The token of the job, or of a GitHub App, has not the permission: "Resource not accessible by integration".
    Integration,
    /// A person's token has it not: "Resource not accessible by personal access token".
    PersonalToken,
    /// The conversation is locked.
    Locked,
    /// The repository is archived.
    Archived,
    /// The organization wants the token to be authorized for its single sign-on.
    SingleSignOn,
    /// Something else, see what was said.
    Other,
}

impl Denied {
    pub(crate) fn of(said: &str) -> Self {
        let has = |text: &str| said.contains(text);
        if has("not accessible by integration") {
            Self::Integration
        } else if has("not accessible by personal access token") {
            Self::PersonalToken
        } else if has("is locked") {
            Self::Locked
        } else if has("archived") {
            Self::Archived
        } else if has("SAML") {
            Self::SingleSignOn
        } else {
            Self::Other
        }
    }
}

/// Which limit of requests was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// So many an hour: 1000 for each repository with a job's token.
    Primary,
    /// Too many at once, or too much written in a minute.
    Secondary,
}

/// A request to GitHub that failed. Neither the token nor the query of an address is in it.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {kind}")]
pub struct Error {
    /// What was being done, such as `list the comments of org/repository#12`.
    pub what: String,
    /// What happened.
    pub kind: ErrorKind,
    /// How long the server asks to wait.
    pub(crate) wait: Option<Duration>,
}

/// What happened. What the server said is cut short and without control characters, and foreign all the same.
#[derive(Debug, thiserror::Error)]
pub enum ErrorKind {
    /// There is no token.
    #[error("there is no token")]
    NoToken,
    /// There was no answer, or none that is one.
    #[error(transparent)]
    Http(Box<lw_http::Error>),
    /// GitHub does not know the token.
    #[error("GitHub does not know the token: {said}")]
    Unauthorized {
        /// What it said.
        said: String,
    },
    /// The token may not do this.
    #[error("GitHub forbids it: {said}")]
    Forbidden {
        /// Why.
        why: Denied,
        /// The permission it needs.
        needs: Permission,
        /// What GitHub says would be enough (`x-accepted-github-permissions`), where it says it.
        accepts: Option<String>,
        /// What it said.
        said: String,
    },
    /// It is not there, or the token may not see it.
    #[error("GitHub finds nothing: {said}")]
    NotFound {
        /// The permission it needs.
        needs: Permission,
        /// What it said.
        said: String,
    },
    /// It was there once: an artifact that has expired.
    #[error("it is there no more: {said}")]
    Gone {
        /// What it said.
        said: String,
    },
    /// Too many requests; the policy of repetition did not allow to wait as long.
    #[error("{}", limited(*.limit, *.wait))]
    RateLimited {
        /// Which limit.
        limit: Limit,
        /// How long it lasts, where GitHub says so.
        wait: Option<Duration>,
    },
    /// GitHub does not take it.
    #[error("GitHub refuses it with {status}: {said}")]
    Refused {
        /// The status.
        status: u16,
        /// What it said, with what it says of each field.
        said: String,
    },
    /// GitHub has a problem of its own.
    #[error("GitHub answers with {status}: {said}")]
    Server {
        /// The status.
        status: u16,
        /// What it said.
        said: String,
    },
    /// The answer is not what was asked for.
    #[error("the answer is not what was asked for: {why}")]
    NotUnderstood {
        /// What is wrong with it.
        why: String,
    },
    /// GraphQL answered with errors.
    #[error("GitHub's GraphQL says: {said}")]
    Graphql {
        /// What it said.
        said: String,
    },
    /// There is more of it than is read.
    #[error("there are more than {most} {of}")]
    TooMany {
        /// How many are read.
        most: usize,
        /// What they are.
        of: &'static str,
    },
    /// It is longer than it may be.
    #[error("it has {bytes} bytes, more than {most}")]
    TooLong {
        /// How long it is.
        bytes: u64,
        /// How long it may be.
        most: u64,
    },
    /// What came is not what was uploaded.
    #[error("its SHA-256 is {found} and should be {expected}")]
    Digest {
        /// What came.
        found: String,
        /// What GitHub says.
        expected: String,
    },
    /// It changed each time it was looked at.
    #[error("it changes as fast as it is looked at")]
    Unsteady,
    /// A name no ref has that this client moves.
    #[error("`{}` is no full name of a ref", .0.escape_debug())]
    Reference(String),
    /// There is no event loop to be had.
    #[error("no event loop: {0}")]
    Runtime(String),
    /// The address of the API cannot be used.
    #[error("the address of the API: {0}")]
    Endpoint(String),
}

fn limited(limit: Limit, wait: Option<Duration>) -> String {
    let name = match limit {
        Limit::Primary => "the hourly limit of requests",
        Limit::Secondary => "the limit of requests in a short time",
    };
    match wait {
        Some(wait) => format!("{name} is reached; it lasts another {} s", wait.as_secs()),
        None => format!("{name} is reached"),
    }
}

impl From<lw_http::Error> for ErrorKind {
    fn from(error: lw_http::Error) -> Self {
        Self::Http(Box::new(error))
    }
}

impl Error {
    pub(crate) fn new(what: impl Into<String>, kind: ErrorKind) -> Self {
        Self { what: what.into(), kind, wait: None }
    }

    /// Whether the token lacks a permission, is missing or unknown: what a note is for, and no failure of a gate.
    #[must_use]
    pub fn is_permission(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::NoToken
                | ErrorKind::Unauthorized { .. }
                | ErrorKind::Forbidden { .. }
                | ErrorKind::NotFound { .. }
        )
    }

    /// Whether the token reads only where writing was wanted: that of a pull request of a fork or of Dependabot, or one without the line that
    /// [`needs`](Self::needs) gives. Which of these it is, the event says and not the API.
    #[must_use]
    pub fn is_read_only_token(&self) -> bool {
        matches!(self.kind, ErrorKind::Forbidden { why: Denied::Integration, needs, .. } if needs.writes())
    }

    /// The permission that was missing, perhaps.
    #[must_use]
    pub fn needs(&self) -> Option<Permission> {
        match self.kind {
            ErrorKind::Forbidden { needs, .. } | ErrorKind::NotFound { needs, .. } => {
                Some(needs).filter(|needs| *needs != Permission::None)
            }
            _ => None,
        }
    }

    /// Whether what was asked for is not there, as far as the token sees.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self.kind, ErrorKind::NotFound { .. })
    }

    /// Whether it is not known if the request was acted on.
    pub(crate) fn may_have_been_acted_on(&self) -> bool {
        let failure = self.failure();
        failure.is_transient() && !failure.was_not_acted_on()
    }
}

impl Failed for Error {
    fn failure(&self) -> Failure {
        match &self.kind {
            ErrorKind::Http(error) => error.failure(),
            // A limit is answered with 403, too, and passes.
            ErrorKind::RateLimited { .. } => Failure::Status(429),
            ErrorKind::Server { status, .. } | ErrorKind::Refused { status, .. } => Failure::Status(*status),
            ErrorKind::NotUnderstood { .. } | ErrorKind::Digest { .. } => Failure::NotUnderstood,
            _ => Failure::Status(400),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match &self.kind {
            ErrorKind::Http(error) => error.retry_after,
            _ => self.wait,
        }
    }
}

impl Diagnose for Error {
    fn class(&self) -> Class {
        match &self.kind {
            ErrorKind::Http(error) => error.class(),
            ErrorKind::Runtime(_) => Class::Internal,
            ErrorKind::NoToken | ErrorKind::Reference(_) | ErrorKind::Endpoint(_) => Class::Usage,
            _ => Class::Remote,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match &self.kind {
            ErrorKind::Http(error) => return error.hint(),
            ErrorKind::NoToken => "give the step `env: GITHUB_TOKEN: ${{ github.token }}`".into(),
            ErrorKind::Unauthorized { .. } => {
                "the token is wrong or expired: a job's token ends with its job, others have a day on which they end".into()
            }
            ErrorKind::Forbidden { why, needs, accepts, .. } => return Some(forbidden(*why, *needs, accepts.as_deref())),
            ErrorKind::NotFound { needs: Permission::None, .. } => {
                "is the name right, and may the token see it?".into()
            }
            ErrorKind::NotFound { needs, .. } => {
                format!("is the name right? a token that may not see it is told the same: the job needs `permissions:` with `{needs}`").into()
            }
            ErrorKind::Gone { .. } => "run the workflow again; see `retention-days` of its upload".into(),
            ErrorKind::RateLimited { limit: Limit::Primary, .. } => {
                "run it again later; a job's token has 1000 requests an hour for the whole repository".into()
            }
            ErrorKind::RateLimited { limit: Limit::Secondary, .. } => {
                "run it again in some minutes, and with fewer jobs at once that write to GitHub".into()
            }
            ErrorKind::Server { .. } => "GitHub has a problem, see https://www.githubstatus.com; try again later".into(),
            ErrorKind::NotUnderstood { .. } => "does a proxy or a sign-in page answer in GitHub's place, or is GITHUB_API_URL something else than the API?".into(),
            ErrorKind::Digest { .. } => "something on the way changes downloads; try again".into(),
            ErrorKind::Unsteady => "several jobs write the same at once; run it again".into(),
            ErrorKind::Reference(_) => "a ref is written refs/NAME/NAME: it begins with refs/, and has two slashes at least".into(),
            ErrorKind::Endpoint(_) => "see GITHUB_API_URL, such as https://api.github.com".into(),
            ErrorKind::Runtime(_) | ErrorKind::Refused { .. } | ErrorKind::Graphql { .. } | ErrorKind::TooMany { .. } | ErrorKind::TooLong { .. } => return None,
        };
        Some(hint)
    }
}

fn forbidden(why: Denied, needs: Permission, accepts: Option<&str>) -> Cow<'static, str> {
    match why {
        Denied::Locked => "the conversation is locked: unlock it, or go without the comment".into(),
        Denied::Archived => "the repository is archived: nothing in it can be changed".into(),
        Denied::SingleSignOn => "authorize the token for the organization's single sign-on".into(),
        Denied::Integration if needs.writes() => format!(
            "the job needs `permissions:` with `{needs}`; a pull request of a fork or of Dependabot has a token that only reads, whatever is written there"
        )
        .into(),
        Denied::Integration if needs != Permission::None => {
            format!("the job needs `permissions:` with `{needs}`").into()
        }
        Denied::PersonalToken if needs != Permission::None => {
            format!("the token needs the permission `{needs}` for this repository").into()
        }
        _ => match accepts {
            Some(accepts) => format!("GitHub wants one of these permissions: {accepts}").into(),
            None if needs == Permission::None => "the token may not do this".into(),
            None => format!("may the token do this? a job's needs `permissions:` with `{needs}`").into(),
        },
    }
}
