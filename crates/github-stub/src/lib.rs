//! GitHub on this machine: repositories with pull requests, comments, runs, artifacts, objects and refs, as its REST API gives them.
//!
//! A [`Stub`] answers on two ports of the loopback, as the API and the storage of artifacts are two hosts. What is in it is the [`World`]; a test
//! reads and changes it with [`Stub::world`], also at the moment of a request ([`Stub::meanwhile`]), as another job would. Objects have the
//! names that git gives them.
//!
//! What it answers follows GitHub's documentation of its REST API (version 2022-11-28) and what its users report; the shapes are held
//! against GitHub's OpenAPI description by a test. Its traps are those of the stub:
//!
//! - a list gives 30 at a time, 100 at most, and a link to the next page whose path has numbers in it; a filter of heads without an owner is none;
//! - a permission that is missing is 403, also for what is not there; of a private repository that a token knows nothing of, 404;
//! - a limit of requests is 403, too; what the token of an app may not do is said in other words than what a person's may not;
//! - an annotated tag is an object of its own, and the ref is at that and not at the commit;
//! - an update of a ref without force has to be a fast-forward, and is refused with 422;
//! - an artifact is on another host, which refuses a request that has a token.
//!
//! What nobody knows it refuses, with status 501 and an entry in [`Stub::refusals`], so that no test passes on an answer nobody has
//! seen. Time stands still until somebody moves it: [`Stub::advance`].

mod answers;
mod faults;
mod objects;
mod routes;
mod spec;
mod stub;
mod world;

pub use faults::{Fault, Injection, When};
pub use spec::{Access, Account, Permissions, PullSpec, RunSpec, Seen};
pub use stub::Stub;
pub use world::{CommentState, World};
