//! The servers, and what a test does with them.

#![allow(
    clippy::disallowed_methods,
    reason = "a demonstration's time follows the wall, and a slow build is slow on it"
)]

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, UNIX_EPOCH};

use lw_loopback::{Incoming, Outgoing, Reply, Server};
use serde_json::{Value, json};

use crate::api::{self, Request};
use crate::builder::{self, Upload};
use crate::faults::{Fault, Injection};
use crate::odata;
use crate::schema;
use crate::spec::{Build, Config, Device, Ends, Flow, Host, Outcome, Release, Seen};
use crate::state::{DeviceState, FleetState, ReleaseState, State};
use crate::time;
use crate::world::{Refusal, World, fields};

/// How long [`Stub::settle`] waits at most.
const SETTLE: Duration = Duration::from_secs(10);

/// Balena, until it is dropped.
#[derive(Debug)]
pub struct Stub {
    shared: Arc<Shared>,
    token: String,
    api: Server,
    builder: Server,
}

#[derive(Debug)]
struct Shared {
    inner: Mutex<Inner>,
    /// How many requests are being answered.
    busy: AtomicUsize,
}

#[derive(Debug)]
struct Inner {
    world: World,
    flow: Flow,
    /// When on the wall the flow was looked at last.
    looked: Instant,
    injections: Vec<Injection>,
    requests: Vec<Seen>,
}

impl Inner {
    /// Lets the time pass that has passed on the wall.
    fn flow(&mut self) {
        let now = Instant::now();
        let passed = now.saturating_duration_since(self.looked);
        self.looked = now;
        if let Flow::Times(times) = self.flow {
            self.pass(passed.saturating_mul(times));
        }
    }

    fn pass(&mut self, span: Duration) {
        let to = self.world.now.saturating_add(time::millis(span));
        self.world.advance_to(to);
    }

    /// Writes a request down, and says what it meets.
    fn receive(
        &mut self,
        host: Host,
        request: &lw_loopback::Received,
        body: &[u8],
    ) -> (usize, Option<Injection>) {
        self.flow();
        if let Flow::PerRequest(span) = self.flow {
            self.pass(span);
        }
        let token = api::token(request.header("authorization"), &request.target);
        let number = self.requests.len() + 1;
        let mut seen = Seen {
            number,
            host,
            method: request.method.clone(),
            target: odata::decode(&request.target),
            body: String::from_utf8_lossy(body).into_owned(),
            status: 0,
            at: time::duration(self.world.now),
            is_authorized: self.world.is_authorized(token.as_deref()),
            is_mutating: api::is_mutating(&request.method),
            fault: None,
        };
        let met = Injection::met(&mut self.injections, &seen);
        seen.fault = met.as_ref().map(|injection| injection.fault.clone());
        self.requests.push(seen);
        (number, met)
    }

    /// Writes down what was answered.
    fn answered(&mut self, number: usize, reply: &Reply) {
        let status = match reply {
            Reply::Answer { status, .. } => *status,
            Reply::Crippled { answer, .. } => match **answer {
                Reply::Answer { status, .. } => status,
                _ => 0,
            },
            _ => 0,
        };
        if let Some(seen) = self.requests.get_mut(number - 1) {
            seen.status = status;
        }
    }

    fn reply(&self, status: u16, content_type: Option<&str>, body: Vec<u8>) -> Reply {
        let at = UNIX_EPOCH + time::duration(self.world.now);
        let mut headers = vec![("Date", httpdate::fmt_http_date(at))];
        headers.extend(content_type.map(|content_type| ("Content-Type", content_type.to_owned())));
        Reply::Answer { status, headers, body }
    }

    fn api(&mut self, request: &Request<'_>) -> Reply {
        let answer = self.world.answer(request);
        if let Some(refusal) = answer.refusal {
            let target = odata::decode(request.target);
            let text = format!("balena-stub: what the real API answers to this is not known: {refusal}\n");
            self.world.refusals.push(format!("{} {target}: {refusal}", request.method));
            return self.reply(answer.status, Some("text/plain; charset=utf-8"), text.into_bytes());
        }
        match answer.body {
            None => self.reply(answer.status, None, Vec::new()),
            Some(body) => {
                let body = body.to_string().into_bytes();
                self.reply(answer.status, Some("application/json; charset=utf-8"), body)
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve_api(&self, request: &mut Incoming<'_>, out: &mut Outgoing<'_>) -> io::Result<()> {
        let received = request.read_body()?.clone();
        let reply = {
            let mut inner = self.lock();
            let (number, met) = inner.receive(Host::Api, &received, &received.body);
            let asked = Request {
                method: &received.method,
                target: &received.target,
                body: &received.body,
                token: api::token(received.header("authorization"), &received.target),
            };
            let reply = match &met {
                None => inner.api(&asked),
                Some(met) if met.is_done() => {
                    let reply = inner.api(&asked);
                    met.fault.instead_of(reply)
                }
                Some(met) => met.fault.instead_of(Reply::Drop),
            };
            inner.answered(number, &reply);
            reply
        };
        out.reply(request, &reply)
    }

    fn serve_builder(&self, request: &mut Incoming<'_>, out: &mut Outgoing<'_>) -> io::Result<()> {
        let head = request.head().clone();
        let (number, met) = self.lock().receive(Host::Builder, &head, b"");
        if let Some(met) = met.as_ref().filter(|met| !met.is_done()) {
            let reply = met.fault.instead_of(Reply::Drop);
            self.lock().answered(number, &reply);
            return out.reply(request, &reply);
        }
        let (path, query) = head.target.split_once('?').unwrap_or((&head.target, ""));
        let token = api::token(head.header("authorization"), &head.target);
        let is_build = head.method == "POST" && path == "/v3/build";
        if !is_build || !self.lock().world.is_authorized(token.as_deref()) {
            request.drain()?;
            let mut inner = self.lock();
            let reply = if is_build {
                inner.reply(401, Some("text/plain; charset=utf-8"), b"Unauthorized".to_vec())
            } else {
                inner.world.refusals.push(format!("{} {path} of the builder", head.method));
                let text = "balena-stub: the builder of the stub builds only what is sent to /v3/build\n";
                inner.reply(501, Some("text/plain; charset=utf-8"), text.into())
            };
            inner.answered(number, &reply);
            drop(inner);
            return out.reply(request, &reply);
        }
        let is_gzip = head.header("content-encoding") == Some("gzip");
        // The upload takes its time, during which the API answers.
        let mut upload = builder::read_source(request, is_gzip)?;
        upload.query = odata::pairs(query);
        let (answer, build) = self.lock().world.build(upload);
        let fault = met.map(|met| met.fault);
        let elements = match answer {
            builder::Answer::Elements(elements) => elements,
            other => {
                let mut inner = self.lock();
                let reply = match other {
                    builder::Answer::Refused(status, text) => {
                        inner.reply(status, Some("text/plain; charset=utf-8"), text.into_bytes())
                    }
                    builder::Answer::Object(object) => {
                        let release = object.get("releaseId").and_then(Value::as_i64);
                        if let Some(release) = release.filter(|_| build.ends == Ends::AtOnce) {
                            inner.world.end_build(release);
                        }
                        inner.reply(200, Some("application/json"), object.to_string().into_bytes())
                    }
                    builder::Answer::Elements(_) => Reply::Drop,
                };
                let reply = fault.map_or(reply.clone(), |fault| fault.instead_of(reply));
                inner.answered(number, &reply);
                drop(inner);
                return out.reply(request, &reply);
            }
        };
        self.stream(number, &elements, &build, fault.as_ref(), out)
    }

    /// Sends the elements of an array one by one.
    fn stream(
        &self,
        number: usize,
        elements: &[Value],
        build: &Build,
        fault: Option<&Fault>,
        out: &mut Outgoing<'_>,
    ) -> io::Result<()> {
        let release = elements.first().and_then(|first| first.get("value")).and_then(Value::as_i64);
        let end = |shared: &Self| {
            if let Some(release) = release.filter(|_| build.ends == Ends::AtOnce) {
                shared.lock().world.end_build(release);
            }
        };
        let mut budget = match fault {
            None | Some(Fault::Slow(_)) => usize::MAX,
            Some(Fault::Truncated(bytes)) => *bytes,
            // It took effect, and nobody hears of it.
            Some(fault) => {
                end(self);
                let reply = fault.instead_of(Reply::Drop);
                self.lock().answered(number, &reply);
                if let Reply::Hang(pause) = reply {
                    std::thread::sleep(pause);
                    return Ok(());
                }
                return out.send(&reply);
            }
        };
        let pause = match fault {
            Some(Fault::Slow(pause)) => *pause,
            _ => build.pause,
        };
        if let Some(seen) = self.lock().requests.get_mut(number - 1) {
            seen.status = 200;
        }
        let mut chunks = out.chunks(200, &[("Content-Type", "application/json")])?;
        for (place, element) in elements.iter().enumerate() {
            let before = if place == 0 { "[\n" } else { ",\n" };
            let text = format!("{before}{element}\n");
            let kept = text.len().min(budget);
            budget -= kept;
            chunks.send(text.as_bytes().get(..kept).unwrap_or_default())?;
            if kept < text.len() || build.cut_after == Some(place + 1) {
                end(self);
                return Ok(());
            }
            if !pause.is_zero() {
                std::thread::sleep(pause);
            }
        }
        end(self);
        if !build.is_unclosed {
            let kept = 2.min(budget);
            chunks.send(b"]\n".get(..kept).unwrap_or_default())?;
            if kept < 2 {
                return Ok(());
            }
        }
        chunks.end()
    }
}

/// Counts a request while it is answered.
struct Busy<'a>(&'a AtomicUsize);

impl<'a> Busy<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Stub {
    /// Starts both servers, with an organization and a type of devices, and nothing else.
    ///
    /// # Panics
    /// When this machine has no loopback.
    #[must_use]
    pub fn start(config: Config) -> Self {
        let (flow, token) = (config.flow, config.token.clone());
        let inner = Inner {
            world: World::new(config),
            flow,
            looked: Instant::now(),
            injections: Vec::new(),
            requests: Vec::new(),
        };
        let shared = Arc::new(Shared { inner: Mutex::new(inner), busy: AtomicUsize::new(0) });
        let (for_api, for_builder) = (Arc::clone(&shared), Arc::clone(&shared));
        let api = Server::serve(move |request, out| {
            let _busy = Busy::new(&for_api.busy);
            for_api.serve_api(request, out)
        });
        let builder = Server::serve(move |request, out| {
            let _busy = Busy::new(&for_builder.busy);
            for_builder.serve_builder(request, out)
        });
        Self { shared, token, api, builder }
    }

    /// Where the API is: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn api_url(&self) -> String {
        self.api.url("")
    }

    /// Where the builder is: `http://127.0.0.1:PORT`, another one.
    #[must_use]
    pub fn builder_url(&self) -> String {
        self.builder.url("")
    }

    /// The token that is accepted.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Locks what there is, at the time it is.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.shared.lock();
        inner.flow();
        inner
    }

    /// What a test asks for that cannot be is the test's error.
    #[track_caller]
    #[allow(clippy::panic, reason = "a test that builds what Balena would refuse is wrong")]
    fn must<T>(done: Result<T, Refusal>) -> T {
        match done {
            Ok(done) => done,
            Err(refusal) => panic!("Balena refuses this: {refusal:?}"),
        }
    }

    fn change(&self, resource: &str, id: i64, body: Value) {
        let mut inner = self.lock();
        let Some(resource) = schema::resource(resource) else { return };
        let ids: Vec<i64> = inner.world.row(resource.name, id).map(|_| id).into_iter().collect();
        Self::must(inner.world.patch(resource, &ids, &fields(body)));
    }

    /// Adds a fleet that tracks its newest release; its slug is `admin/NAME`. Gives its id.
    ///
    /// # Panics
    /// When Balena would refuse it.
    pub fn add_fleet(&self, name: &str) -> i64 {
        self.add("application", json!({ "app_name": name, "organization": 1, "is_for__device_type": 1 }))
    }

    fn add(&self, resource: &str, body: Value) -> i64 {
        let resource = schema::resource(resource).ok_or_else(|| Refusal::Unknown(resource.to_owned()));
        let mut inner = self.lock();
        Self::must(resource.and_then(|resource| inner.world.post(resource, &fields(body))))
    }

    /// Adds a release, as if it had been built at this moment. Gives its id.
    ///
    /// # Panics
    /// When Balena would refuse it.
    pub fn add_release(&self, fleet: i64, release: &Release) -> i64 {
        let (commit, now) = {
            let mut inner = self.lock();
            let commit = release.commit.clone().unwrap_or_else(|| inner.world.make("commit", 32));
            (commit, inner.world.now)
        };
        let id = self.add(
            "release",
            json!({
                "belongs_to__application": fleet, "commit": commit, "composition": {}, "source": "cloud",
                "status": release.status, "start_timestamp": now, "is_final": release.is_final,
                "end_timestamp": (release.status != "running").then_some(now), "semver": release.semver,
            }),
        );
        for (key, value) in &release.tags {
            self.add("release_tag", json!({ "release": id, "tag_key": key, "value": value }));
        }
        id
    }

    /// Adds a device, which runs what it should unless it is said otherwise. Gives its id.
    ///
    /// # Panics
    /// When Balena would refuse it.
    pub fn add_device(&self, fleet: i64, device: &Device) -> i64 {
        Self::must(self.lock().world.add_device(fleet, device))
    }

    /// Adds so many devices that differ in uuid, name and what is chance. Gives their ids.
    ///
    /// # Panics
    /// When Balena would refuse one.
    pub fn add_devices(&self, fleet: i64, count: usize, device: &Device) -> Vec<i64> {
        (0..count).map(|_| self.add_device(fleet, device)).collect()
    }

    /// What time it is, since 1970.
    #[must_use]
    pub fn now(&self) -> Duration {
        time::duration(self.lock().world.now)
    }

    /// Lets so much time pass: devices poll, download and start, builds end.
    pub fn advance(&self, span: Duration) {
        self.lock().pass(span);
    }

    /// Lets time pass until it is this late, since 1970. It never goes back.
    pub fn advance_to(&self, time: Duration) {
        let mut inner = self.lock();
        let to = time::millis(time);
        inner.world.advance_to(to);
    }

    /// From now on time passes like this.
    pub fn set_flow(&self, flow: Flow) {
        self.lock().flow = flow;
    }

    /// Somebody pins a device by hand, or unpins it.
    ///
    /// # Panics
    /// When Balena would refuse it.
    pub fn pin(&self, device: i64, release: Option<i64>) {
        self.change("device", device, json!({ "is_pinned_on__release": release }));
    }

    /// Somebody moves a device to another fleet, which unpins it.
    ///
    /// # Panics
    /// When Balena would refuse it.
    pub fn move_device(&self, device: i64, fleet: i64) {
        self.change("device", device, json!({ "belongs_to__application": fleet }));
    }

    /// Somebody pins a fleet to a release, or lets it track its newest one again.
    ///
    /// # Panics
    /// When Balena would refuse it.
    pub fn pin_fleet(&self, fleet: i64, release: Option<i64>) {
        let body = match release {
            Some(release) => {
                json!({ "should_be_running__release": release, "should_track_latest_release": false })
            }
            None => json!({ "should_track_latest_release": true }),
        };
        self.change("application", fleet, body);
    }

    /// Somebody deletes a device.
    pub fn remove_device(&self, device: i64) {
        self.lock().world.forget_device(device);
    }

    /// A device comes or goes.
    pub fn set_online(&self, device: i64, is_online: bool) {
        let mut inner = self.lock();
        inner.world.connect(device, is_online);
        // A device that is back asks at once.
        inner.pass(Duration::ZERO);
    }

    /// A device's application takes or releases its update lock.
    pub fn set_update_lock(&self, device: i64, is_locked: bool) {
        self.lock().world.lock_updates(device, is_locked);
    }

    /// What becomes of a release on a device, instead of chance.
    pub fn set_outcome(&self, device: i64, release: i64, outcome: Outcome) {
        self.lock().world.decide(device, release, outcome);
    }

    /// A share of a release's updates, from 0 to 1, ends like this on whichever devices, beside what the devices' own rates say.
    pub fn set_release_rate(&self, release: i64, rate: f64, outcome: Outcome) {
        self.lock().world.rates.entry(release).or_default().push((rate, outcome));
    }

    /// As [`set_release_rate`](Self::set_release_rate), of every release that is yet to be made.
    pub fn set_rate_of_new_releases(&self, rate: f64, outcome: Outcome) {
        self.lock().world.new_rates.push((rate, outcome));
    }

    /// How the next build goes. Builds wait in a queue.
    pub fn next_build(&self, build: Build) {
        self.lock().world.builds.push_back(build);
    }

    /// The sources that were uploaded, in order.
    #[must_use]
    pub fn uploads(&self) -> Vec<Upload> {
        self.lock().world.uploads.clone()
    }

    /// A fault is met as said. Of several that fit the first one that was injected is.
    pub fn inject(&self, injection: Injection) {
        self.lock().injections.push(injection);
    }

    /// How many requests were answered so far, or met a fault: the next one has this number plus one.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.lock().requests.len()
    }

    /// The requests that came, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.lock().requests.clone()
    }

    /// What was asked that the stub does not know the real answer of. A test that is to mean something wants it empty.
    #[must_use]
    pub fn refusals(&self) -> Vec<String> {
        self.lock().world.refusals.clone()
    }

    /// All there is, now.
    #[must_use]
    pub fn state(&self) -> State {
        let inner = self.lock();
        let world = &inner.world;
        let tags = |resource: &str, parent: &str, id: i64| -> BTreeMap<String, String> {
            let own =
                world.rows(resource).filter(|(_, row)| row.get(parent).and_then(Value::as_i64) == Some(id));
            own.filter_map(|(_, row)| {
                Some((row.get("tag_key")?.as_str()?.to_owned(), row.get("value")?.as_str()?.to_owned()))
            })
            .collect()
        };
        let text = |resource: &'static str, id: i64, name: &str| -> Option<String> {
            let value = world.value(schema::resource(resource)?, world.row(resource, id)?, name);
            value.as_str().map(str::to_owned)
        };
        let said = |resource, id, name| text(resource, id, name).unwrap_or_default();
        let fleets = world.rows("application").map(|(id, _)| {
            let fleet = FleetState {
                id,
                slug: said("application", id, "slug"),
                tracks_latest: world.flag("application", id, "should_track_latest_release"),
                target: world.integer("application", id, "should_be_running__release"),
                tags: tags("application_tag", "application", id),
            };
            (id, fleet)
        });
        let releases = world.rows("release").map(|(id, _)| {
            let release = ReleaseState {
                id,
                fleet: world.integer("release", id, "belongs_to__application").unwrap_or_default(),
                commit: said("release", id, "commit"),
                status: said("release", id, "status"),
                is_final: world.integer("release", id, "revision").is_some(),
                is_invalidated: world.flag("release", id, "is_invalidated"),
                semver: said("release", id, "semver"),
                raw_version: said("release", id, "raw_version"),
                tags: tags("release_tag", "release", id),
            };
            (id, release)
        });
        let devices = world.rows("device").map(|(id, _)| {
            let device = DeviceState {
                id,
                uuid: said("device", id, "uuid"),
                name: said("device", id, "device_name"),
                fleet: world.integer("device", id, "belongs_to__application").unwrap_or_default(),
                running: world.integer("device", id, "is_running__release"),
                pinned: world.integer("device", id, "is_pinned_on__release"),
                target: world.target(id),
                is_online: world.flag("device", id, "is_online"),
                update_status: text("device", id, "update_status"),
                overall_status: said("device", id, "overall_status"),
                tags: tags("device_tag", "device", id),
                installs: world.sims.get(&id).map(|sim| sim.installs.clone()).unwrap_or_default(),
            };
            (id, device)
        });
        State {
            now: time::duration(world.now),
            fleets: fleets.collect(),
            releases: releases.collect(),
            devices: devices.collect(),
        }
    }

    /// Waits, on the wall, for requests that a dead client left behind, so that the state is the last one; ten seconds at most.
    pub fn settle(&self) {
        let until = Instant::now() + SETTLE;
        // A request that has just come is counted in a moment.
        loop {
            std::thread::sleep(Duration::from_millis(5));
            if self.shared.busy.load(Ordering::SeqCst) == 0 || Instant::now() > until {
                return;
            }
        }
    }
}
