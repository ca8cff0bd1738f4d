//! GitHub: pull requests and their comments, artifacts of workflow runs, refs as a store.
//!
//! An [`Api`] is one GitHub (github.com, GitHub Enterprise Server) with one token; its functions block. Requests are put together by
//! octocrab on a current-thread tokio runtime inside, and leave by the suite's one client ([`lw_http`]), which brings what octocrab's
//! own has not: the suite's crypto provider, proxies and certificates, a limit of every time and every length, no redirect to another host. octocrab
//! never holds the token, repeats nothing and reads no body:
//!
//! - its links of pages are followed wherever they lead, and an unknown one is printed (`page.rs`); here only the query is taken from a link;
//! - its bodies have no limit (`FromResponse`), and its models refuse a comment whose author is gone (`Comment::user` is no `Option`);
//! - its errors tell a rate limit from a missing permission by nothing but text.
//!
//! What the API means by its answers, and where it is described:
//!
//! - **Permissions.** 403 with "Resource not accessible by integration" is a permission that the job's token lacks, and 404 may be one:
//!   [`Error`] names the line for `permissions:`. A pull request of a fork and Dependabot have a token that only reads
//!   ([`Error::is_read_only_token`]), which no line changes.
//! - **Rate limits.** 403 and 429 are both used; `x-ratelimit-remaining: 0` is the primary limit, "secondary rate limit" in the text or `Retry-After` the
//!   secondary one (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>). Both are waited for as long as the policy of the client allows.
//! - **Repetition.** What sets something is repeated. A comment is created again only after the comments were listed again: see
//!   [`Api::set_comment`]. A ref is moved from one known commit to the next, or not at all: see [`Api::move_reference`].
//!   A tag is looked for before each attempt to make it, and never moved: see [`Api::create_tag`].
//!
//! Whatever text comes from GitHub was written by anybody: it is not escaped here.

mod api;
mod artifacts;
mod comments;
mod endpoints;
mod error;
mod git;
mod links;
mod pulls;
mod repository;
mod sticky;
mod tags;
mod transport;

pub use api::Api;
pub use artifacts::{Artifact, Run};
pub use comments::{Author, Comment};
pub use endpoints::Endpoints;
pub use error::{Denied, Error, ErrorKind, Limit, Permission};
pub use git::{Commit, Entry, Moved, NewCommit, NewEntry, ObjectId};
pub use lw_http::Waiting;
pub use pulls::{HeadOf, MergedPull, Pull, Side};
pub use repository::{NameError, Repository};
pub use sticky::{Posted, Sticky};
pub use tags::Tagged;
