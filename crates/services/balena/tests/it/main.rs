//! The client and the target of rollouts against the stub, which answers as the real API was recorded.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod client;
mod faults;
mod rollouts;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use lw_balena::{Api, Endpoints, Fleet, FleetTarget, ServerTime, Waiting, release_id};
use lw_http::{Client, Settings};
use lw_retry::Policy;
use lw_rollout::journal::Event;
use lw_rollout::{
    Batches, Call, Command, Engine, Host, Outcome, Request, Step, Strategy, Target, Time, drive,
};
use lw_secret::Secret;
use lw_testkit::balena::{Config, Stub};

/// A stub that a test and a clock share.
pub(crate) struct World {
    pub(crate) stub: Arc<Stub>,
    pub(crate) api: Arc<Api>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(Stub::start(Config::default()))
    }

    pub(crate) fn of(stub: Stub) -> Self {
        let stub = Arc::new(stub);
        let token = stub.token().to_owned();
        Self { api: api(&stub, &token), stub }
    }

    pub(crate) fn waits(&self) -> Waits {
        Waits(Arc::clone(&self.stub), self.stub.now())
    }

    pub(crate) fn fleet(&self, slug: &str) -> Fleet {
        self.api.whoami(&mut self.waits()).unwrap();
        self.api.fleet(slug, &mut self.waits()).unwrap()
    }

    /// Another process: it knows nothing but what the target holds.
    pub(crate) fn process(&self, fleet: &Fleet, release: i64) -> (FleetTarget, Clocked) {
        let (clock, began) = (Arc::clone(&self.stub), self.stub.now());
        self.process_with(fleet, release, ServerTime::new(move || clock.now() - began))
    }

    /// The same, on a machine with another clock.
    pub(crate) fn process_with(
        &self,
        fleet: &Fleet,
        release: i64,
        time: ServerTime,
    ) -> (FleetTarget, Clocked) {
        let api = api_by(&self.stub, self.stub.token(), time);
        api.whoami(&mut self.waits()).unwrap();
        let time = Arc::clone(api.time());
        let healthy = BTreeSet::from(["operational".to_owned()]);
        let target = FleetTarget::new(api, fleet, release.unsigned_abs(), healthy);
        let host =
            Clocked { stub: Arc::clone(&self.stub), time, events: Rc::default(), began: self.stub.now() };
        (target, host)
    }

    /// Runs one process to its end.
    pub(crate) fn run(
        &self,
        fleet: &Fleet,
        release: i64,
        holder: &str,
        change: impl FnOnce(&mut Request),
    ) -> Run {
        let (mut target, mut host) = self.process(fleet, release);
        let mut request = request(fleet, release, holder);
        change(&mut request);
        let mut engine = Engine::new(request);
        let outcome = drive(&mut engine, &mut target, &mut host).unwrap_or_else(|never| match never {});
        Run { outcome, engine, events: host.events.take() }
    }
}

pub(crate) struct Run {
    pub(crate) outcome: Outcome,
    pub(crate) engine: Engine,
    pub(crate) events: Vec<Event>,
}

pub(crate) fn api(stub: &Arc<Stub>, token: &str) -> Arc<Api> {
    let (clock, began) = (Arc::clone(stub), stub.now());
    api_by(stub, token, ServerTime::new(move || clock.now() - began))
}

fn api_by(stub: &Arc<Stub>, token: &str, time: ServerTime) -> Arc<Api> {
    let endpoints = Endpoints {
        api: stub.api_url(),
        builder: stub.builder_url(),
        dashboard: "https://dashboard.balena-cloud.com".to_owned(),
    };
    let client = Client::new(Settings { per_read: Duration::from_secs(2), ..Settings::default() }).unwrap();
    Arc::new(Api::new(client, endpoints, Secret::new(token.as_bytes().to_vec()), Arc::new(time)))
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

pub(crate) struct Clocked {
    pub(crate) stub: Arc<Stub>,
    pub(crate) time: Arc<ServerTime>,
    pub(crate) events: Rc<RefCell<Vec<Event>>>,
    pub(crate) began: Duration,
}

impl Host for Clocked {
    type Error = Infallible;

    fn now(&mut self) -> Time {
        self.time.now()
    }

    fn wait(&mut self, until: Time, why: &str) {
        let span = until.since(self.time.now()).max(Duration::from_millis(1));
        self.stub.advance(span);
        let passed = self.stub.now() - self.began;
        assert!(
            passed < Duration::from_secs(24 * 3600),
            "a day has passed: it does not come to an end: {why}"
        );
    }

    fn cancelled(&mut self) -> u32 {
        0
    }

    fn record(&mut self, event: &Event) -> Result<(), Infallible> {
        self.events.borrow_mut().push(event.clone());
        Ok(())
    }
}

pub(crate) fn request(fleet: &Fleet, release: i64, holder: &str) -> Request {
    Request {
        command: Command::Apply,
        fleet: fleet.slug.clone(),
        release: release_id(release.unsigned_abs()),
        holder: holder.to_owned(),
        strategy: Strategy::default(),
        first: false,
        again: false,
        back_to: None,
        in_order: false,
        leave_at: None,
        batches: Batches { mark: 20, assign: 50 },
        retry: Policy::default(),
        seed: 7,
    }
}

/// Asks the engine and does what it says, as long as this says so: before each call, and after it was made and before the engine hears of
/// it. Whether it came to its end.
pub(crate) fn run_while(
    engine: &mut Engine,
    target: &mut FleetTarget,
    host: &mut Clocked,
    mut goes_on: impl FnMut(&Call, bool) -> bool,
) -> bool {
    loop {
        let now = host.now();
        match engine.next(now) {
            Step::Call { token, call } => {
                if !goes_on(&call, false) {
                    return false;
                }
                let answer = target.call(&call, token);
                if !goes_on(&call, true) {
                    return false;
                }
                let now = host.now();
                engine.told(now, &call, answer);
            }
            Step::Wait { until, why } => host.wait(until, &why),
            Step::End(_) => return true,
        }
    }
}

/// The same until a call is to be made that this says to stop at.
pub(crate) fn run_until(
    engine: &mut Engine,
    target: &mut FleetTarget,
    host: &mut Clocked,
    mut stops: impl FnMut(&Call) -> bool,
) {
    let is_over = run_while(engine, target, host, |call, is_done| is_done || !stops(call));
    assert!(!is_over, "it ended before it was stopped");
}
