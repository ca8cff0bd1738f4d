//! The client against the stub of GitHub, and against servers that answer as no GitHub should.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "it runs the judge of requests")]

mod artifacts;
mod comments;
mod denied;
mod faults;
mod openapi;
mod pulls;
mod refs;
mod secrets;
mod tags;

use std::sync::Arc;
use std::time::Duration;

use lw_github::{Api, Endpoints, Repository, Waiting};
use lw_http::{Client, Settings};
use lw_secret::Secret;
use lw_testkit::github::{Account, Permissions, PullSpec, Stub};

pub(crate) const REPOSITORY: &str = "org/firmware";
pub(crate) const TOKEN: &str = "ghs_canary0a8Jm2kQ9xTw4v";

/// A GitHub with one repository and the token of a job in it.
pub(crate) struct World {
    pub(crate) stub: Arc<Stub>,
    pub(crate) repository: Repository,
    pub(crate) main: String,
}

/// Waits let the stub's time pass.
pub(crate) struct Waits(Arc<Stub>, Duration);

impl Waiting for Waits {
    fn elapsed(&self) -> Duration {
        self.0.now() - self.1
    }

    fn wait(&mut self, span: Duration) -> bool {
        self.0.advance(span);
        true
    }
}

pub(crate) fn api_at(url: &str, token: Option<&str>) -> Api {
    let client =
        Client::new(Settings { per_read: Duration::from_millis(500), ..Settings::default() }).unwrap();
    let token = token.map(|token| Secret::new(token.as_bytes().to_vec()));
    Api::new(client, Endpoints::of(url), token).unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Permissions::all())
    }

    pub(crate) fn with(permissions: Permissions) -> Self {
        let stub = Arc::new(Stub::start());
        let main = stub.world(|world| {
            world.add_token(TOKEN, Account::job(REPOSITORY, permissions));
            world.add_repository(REPOSITORY)
        });
        Self { stub, repository: Repository::parse(REPOSITORY).unwrap(), main }
    }

    pub(crate) fn api(&self) -> Api {
        api_at(&self.stub.api_url(), Some(TOKEN))
    }

    pub(crate) fn waits(&self) -> Waits {
        Waits(Arc::clone(&self.stub), self.stub.now())
    }

    /// A pull request of a fork.
    pub(crate) fn pull(&self) -> u64 {
        let spec = PullSpec::from("octocat/firmware", "smaller", &"a".repeat(40));
        self.stub.world(|world| world.add_pull(REPOSITORY, &spec))
    }

    /// What the test asked is what the stub knows.
    pub(crate) fn is_understood(&self) {
        assert_eq!(self.stub.refusals(), Vec::<String>::new());
    }
}
