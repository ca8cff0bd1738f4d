//! The servers, and what a test does with them.

use std::time::Duration;

use crate::builder::Upload;
use crate::faults::Injection;
use crate::spec::{Build, Config, Device, Flow, Outcome, Release, Seen};
use crate::state::State;

/// Balena, until it is dropped.
#[derive(Debug)]
pub struct Stub {
    config: Config,
}

impl Stub {
    /// Starts both servers, with an organization and a type of devices, and nothing else.
    ///
    /// # Panics
    /// When this machine has no loopback.
    #[must_use]
    pub fn start(config: Config) -> Self {
        Self { config }
    }

    /// Where the API is: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn api_url(&self) -> String {
        unimplemented!()
    }

    /// Where the builder is: `http://127.0.0.1:PORT`, another one.
    #[must_use]
    pub fn builder_url(&self) -> String {
        unimplemented!()
    }

    /// The token that is accepted.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.config.token
    }

    /// Adds a fleet that tracks its newest release; its slug is `admin/NAME`. Gives its id.
    pub fn add_fleet(&self, name: &str) -> i64 {
        let _ = name;
        unimplemented!()
    }

    /// Adds a release, as if it had been built at this moment. Gives its id.
    pub fn add_release(&self, fleet: i64, release: &Release) -> i64 {
        let _ = (fleet, release);
        unimplemented!()
    }

    /// Adds a device, which runs what it should unless it is said otherwise. Gives its id.
    pub fn add_device(&self, fleet: i64, device: &Device) -> i64 {
        let _ = (fleet, device);
        unimplemented!()
    }

    /// Adds so many devices that differ in uuid, name and what is chance. Gives their ids.
    pub fn add_devices(&self, fleet: i64, count: usize, device: &Device) -> Vec<i64> {
        (0..count).map(|_| self.add_device(fleet, device)).collect()
    }

    /// What time it is, since 1970.
    #[must_use]
    pub fn now(&self) -> Duration {
        unimplemented!()
    }

    /// Lets so much time pass: devices poll, download and start, builds end.
    pub fn advance(&self, span: Duration) {
        let _ = span;
        unimplemented!()
    }

    /// Lets time pass until it is this late, since 1970. It never goes back.
    pub fn advance_to(&self, time: Duration) {
        let _ = time;
        unimplemented!()
    }

    /// From now on time passes like this.
    pub fn set_flow(&self, flow: Flow) {
        let _ = flow;
        unimplemented!()
    }

    /// Somebody pins a device by hand, or unpins it.
    pub fn pin(&self, device: i64, release: Option<i64>) {
        let _ = (device, release);
        unimplemented!()
    }

    /// Somebody moves a device to another fleet, which unpins it.
    pub fn move_device(&self, device: i64, fleet: i64) {
        let _ = (device, fleet);
        unimplemented!()
    }

    /// Somebody deletes a device.
    pub fn remove_device(&self, device: i64) {
        let _ = device;
        unimplemented!()
    }

    /// A device comes or goes.
    pub fn set_online(&self, device: i64, is_online: bool) {
        let _ = (device, is_online);
        unimplemented!()
    }

    /// A device's application takes or releases its update lock.
    pub fn set_update_lock(&self, device: i64, is_locked: bool) {
        let _ = (device, is_locked);
        unimplemented!()
    }

    /// What becomes of a release on a device, instead of chance.
    pub fn set_outcome(&self, device: i64, release: i64, outcome: Outcome) {
        let _ = (device, release, outcome);
        unimplemented!()
    }

    /// A share of a release's updates, from 0 to 1, ends like this on whichever devices, beside what the devices' own rates say.
    pub fn set_release_rate(&self, release: i64, rate: f64, outcome: Outcome) {
        let _ = (release, rate, outcome);
        unimplemented!()
    }

    /// As [`set_release_rate`](Self::set_release_rate), of every release that is yet to be made.
    pub fn set_rate_of_new_releases(&self, rate: f64, outcome: Outcome) {
        let _ = (rate, outcome);
        unimplemented!()
    }

    /// How the next build goes. Builds wait in a queue.
    pub fn next_build(&self, build: Build) {
        let _ = build;
        unimplemented!()
    }

    /// The sources that were uploaded, in order.
    #[must_use]
    pub fn uploads(&self) -> Vec<Upload> {
        unimplemented!()
    }

    /// A fault is met as said. Of several that fit the first one that was injected is.
    pub fn inject(&self, injection: Injection) {
        let _ = injection;
        unimplemented!()
    }

    /// How many requests were answered so far, or met a fault: the next one has this number plus one.
    #[must_use]
    pub fn answered(&self) -> usize {
        unimplemented!()
    }

    /// The requests that came, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        unimplemented!()
    }

    /// What was asked that the stub does not know the real answer of. A test that is to mean something wants it empty.
    #[must_use]
    pub fn refusals(&self) -> Vec<String> {
        unimplemented!()
    }

    /// All there is, now.
    #[must_use]
    pub fn state(&self) -> State {
        unimplemented!()
    }

    /// Waits, on the wall, for requests that a dead client left behind, so that the state is the last one.
    pub fn settle(&self) {
        unimplemented!()
    }
}
