//! The client against a server that does what no server should.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]

mod faults;
mod limits;
mod secrets;
mod tls;

use std::time::Duration;

use lw_http::{Address, Client, Method, Request, Settings, Waiting};

/// A clock that takes no time to wait.
#[derive(Default)]
pub(crate) struct Waits {
    pub(crate) waits: Vec<Duration>,
    /// After so many waits somebody wants to stop.
    pub(crate) stops_after: Option<usize>,
}

impl Waiting for Waits {
    fn elapsed(&self) -> Duration {
        self.waits.iter().sum()
    }

    fn wait(&mut self, span: Duration) -> bool {
        self.waits.push(span);
        self.stops_after.is_none_or(|most| self.waits.len() <= most)
    }
}

pub(crate) fn client() -> Client {
    client_with(|_| {})
}

pub(crate) fn client_with(change: impl FnOnce(&mut Settings)) -> Client {
    let mut settings = Settings::default();
    change(&mut settings);
    Client::new(settings).unwrap()
}

pub(crate) fn get(url: &str) -> Request<'static> {
    Request::new(Method::Get, Address::parse(url).unwrap())
}

pub(crate) fn post(url: &str) -> Request<'static> {
    Request::new(Method::Post, Address::parse(url).unwrap())
}
