//! Devices that poll, download, start and fail, by the stub's time.
//!
//! A supervisor asks for its state at an interval, whose beginning is chance. The stub never tells it through the VPN that there is
//! something new, though Balena does when it can: who waits for devices has to bear the interval.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::schema;
use crate::spec::{Device, Outcome};
use crate::state::Install;
use crate::time::{self, Millis};
use crate::world::{Event, Refusal, World, fields};

/// Longer than anything.
const NEVER: Millis = Millis::MAX;

/// How long after a missed poll a device counts as offline: `API_HEARTBEAT_STATE_TIMEOUT_SECONDS`.
const HEARTBEAT_TIMEOUT: Millis = 15_000;

/// What the supervisor does without a poll interval of its own.
const SUPERVISOR_POLL: Duration = Duration::from_secs(900);

/// How long a flapping device stays away, and stays.
const FLAP: Millis = 45_000;

/// What a device is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Downloading {
        release: i64,
        began: Millis,
        until: Millis,
    },
    /// Downloaded, and waiting for the update lock.
    Waiting {
        release: i64,
    },
    Applying {
        release: i64,
        until: Millis,
    },
}

/// A device's own side.
#[derive(Debug)]
pub(crate) struct Sim {
    spec: Device,
    phase: Phase,
    is_online: bool,
    /// Since when it is away.
    away_since: Millis,
    poll_at: Millis,
    /// When it comes or goes by itself.
    flip_at: Millis,
    is_flapping: bool,
    /// When what it has not said becomes a state: `timeout`, then `offline`.
    silent_at: Millis,
    /// What it has run, which it can run again.
    ran: BTreeSet<i64>,
    rejected: BTreeSet<i64>,
    decided: BTreeMap<i64, Outcome>,
    pub(crate) installs: Vec<Install>,
    /// The event in the queue.
    queued: Millis,
}

impl Sim {
    fn next(&self) -> Millis {
        let phase = match self.phase {
            Phase::Downloading { until, .. } | Phase::Applying { until, .. } if self.is_online => until,
            _ => NEVER,
        };
        let poll = if self.is_online { self.poll_at } else { NEVER };
        phase.min(poll).min(self.flip_at).min(self.silent_at)
    }
}

impl World {
    /// Adds a device that does something by itself.
    pub(crate) fn add_device(&mut self, fleet: i64, spec: &Device) -> Result<i64, Refusal> {
        let resource = schema::resource("device").ok_or_else(|| Refusal::Unknown("device".to_owned()))?;
        let mut body = fields(json!({ "belongs_to__application": fleet, "is_of__device_type": 1 }));
        if let Some(uuid) = &spec.uuid {
            body.insert("uuid".to_owned(), Value::from(uuid.as_str()));
        }
        if let Some(name) = &spec.name {
            body.insert("device_name".to_owned(), Value::from(name.as_str()));
        }
        body.insert("is_pinned_on__release".to_owned(), spec.pinned.map_or(Value::Null, Value::from));
        let device = self.post(resource, &body)?;
        let running = spec.running.or_else(|| self.target(device));
        let uuid = self.text("device", device, "uuid").unwrap_or_default().to_owned();
        let poll = time::millis(spec.poll).max(1);
        #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "within an interval")]
        let first = (self.chance(&format!("poll {uuid}")) * poll as f64) as Millis;
        let now = Value::from(time::write(self.now));
        let kept = json!({
            "is_running__release": running,
            "status": "Idle",
            "os_version": "balenaOS 6.0.0",
            "os_variant": "prod",
            "supervisor_version": "17.0.0",
            "is_online": spec.is_online,
            "is_connected_to_vpn": spec.is_online && spec.has_vpn,
            "last_connectivity_event": now,
            "api_heartbeat_state": if spec.is_online { "online" } else { "offline" },
            "changed_api_heartbeat_state_on__date": now,
            "update_status": running.map(|_| "done"),
            "is_locked_until__date": spec.locked_until.map(|at| time::write(time::millis(at))),
        });
        for (name, value) in fields(kept) {
            self.set("device", device, &name, value);
        }
        if spec.poll != SUPERVISOR_POLL {
            let resource = schema::resource("device_config_variable");
            let body = json!({
                "device": device, "name": "BALENA_SUPERVISOR_POLL_INTERVAL", "value": poll.to_string(),
            });
            if let Some(resource) = resource {
                self.post(resource, &fields(body))?;
            }
        }
        let sim = Sim {
            spec: spec.clone(),
            phase: Phase::Idle,
            is_online: spec.is_online,
            away_since: self.now,
            poll_at: self.now + first,
            flip_at: NEVER,
            is_flapping: false,
            silent_at: NEVER,
            ran: running.into_iter().collect(),
            rejected: BTreeSet::new(),
            decided: BTreeMap::new(),
            installs: Vec::new(),
            queued: NEVER,
        };
        self.sims.insert(device, sim);
        self.schedule(device);
        Ok(device)
    }

    /// Puts a device's next event into the queue in place of the one that is there.
    fn schedule(&mut self, device: i64) {
        let Some(sim) = self.sims.get_mut(&device) else { return };
        let next = sim.next();
        if next == sim.queued {
            return;
        }
        let old = std::mem::replace(&mut sim.queued, next);
        self.queue.remove(&(old, Event::Device(device)));
        if next != NEVER {
            self.queue.insert((next, Event::Device(device)));
        }
    }

    /// Lets time pass.
    pub(crate) fn advance_to(&mut self, to: Millis) {
        while let Some(&(at, event)) = self.queue.first() {
            if at > to {
                break;
            }
            self.queue.pop_first();
            self.now = self.now.max(at);
            match event {
                Event::Build(release) => self.end_build(release),
                Event::Device(device) => {
                    if let Some(sim) = self.sims.get_mut(&device) {
                        sim.queued = NEVER;
                    }
                    self.wake(device);
                    self.schedule(device);
                }
            }
        }
        self.now = self.now.max(to);
        self.show_progress();
    }

    /// A download's progress is worked out when somebody may look.
    fn show_progress(&mut self) {
        let mut shown = Vec::new();
        for (device, sim) in &self.sims {
            if let Phase::Downloading { began, until, .. } = sim.phase {
                let now = if sim.is_online { self.now } else { sim.away_since };
                // What never ends stands still in the middle.
                let percent = if until == NEVER { 50 } else { (now - began) * 100 / (until - began).max(1) };
                shown.push((*device, percent.clamp(0, 99)));
            }
        }
        for (device, percent) in shown {
            self.set("device", device, "download_progress", Value::from(percent));
        }
    }

    fn wake(&mut self, device: i64) {
        let now = self.now;
        let Some(sim) = self.sims.get_mut(&device) else { return };
        if sim.flip_at <= now {
            let is_online = !sim.is_online;
            sim.flip_at = if sim.is_flapping { now + FLAP } else { NEVER };
            self.connect(device, is_online);
        }
        let Some(sim) = self.sims.get_mut(&device) else { return };
        if sim.silent_at <= now {
            let state = self.text("device", device, "api_heartbeat_state").unwrap_or_default().to_owned();
            let (state, next) =
                if state == "online" { ("timeout", now + HEARTBEAT_TIMEOUT) } else { ("offline", NEVER) };
            self.heartbeat(device, state);
            if let Some(sim) = self.sims.get_mut(&device) {
                sim.silent_at = next;
            }
        }
        let Some(sim) = self.sims.get(&device) else { return };
        if !sim.is_online {
            return;
        }
        match sim.phase {
            Phase::Downloading { release, until, .. } if until <= now => self.downloaded(device, release),
            Phase::Applying { release, until } if until <= now => self.applied(device, release),
            _ => {}
        }
        if let Some(sim) = self.sims.get_mut(&device).filter(|sim| sim.poll_at <= now && sim.is_online) {
            sim.poll_at = now + time::millis(sim.spec.poll).max(1);
            self.heartbeat(device, "online");
            self.look_at_target(device);
        }
    }

    fn heartbeat(&mut self, device: i64, state: &str) {
        if self.text("device", device, "api_heartbeat_state") != Some(state) {
            let now = Value::from(time::write(self.now));
            self.set("device", device, "api_heartbeat_state", Value::from(state));
            self.set("device", device, "changed_api_heartbeat_state_on__date", now);
        }
    }

    /// A device comes or goes.
    pub(crate) fn connect(&mut self, device: i64, is_online: bool) {
        let now = self.now;
        let Some(sim) = self.sims.get_mut(&device) else { return };
        if sim.is_online == is_online {
            return;
        }
        sim.is_online = is_online;
        if is_online {
            sim.silent_at = NEVER;
            // It asks as soon as it can, and goes on with what it was at.
            sim.poll_at = now;
            let away = now - sim.away_since;
            match &mut sim.phase {
                Phase::Downloading { began, until, .. } => {
                    *began += away;
                    *until = until.saturating_add(away);
                }
                Phase::Applying { until, .. } => *until += away,
                Phase::Idle | Phase::Waiting { .. } => {}
            }
        } else {
            sim.away_since = now;
            // It is missed when it should have asked.
            sim.silent_at = sim.poll_at.max(now);
        }
        let has_vpn = is_online && sim.spec.has_vpn;
        let at = Value::from(time::write(now));
        self.set("device", device, "is_online", Value::from(is_online));
        self.set("device", device, "is_connected_to_vpn", Value::from(has_vpn));
        self.set("device", device, "last_connectivity_event", at.clone());
        self.set("device", device, "last_vpn_event", at);
        self.schedule(device);
    }

    fn update(&mut self, device: i64, status: &str, phase: Phase) {
        let is_downloading = matches!(phase, Phase::Downloading { .. });
        if let Some(sim) = self.sims.get_mut(&device) {
            sim.phase = phase;
        }
        let at = Value::from(time::write(self.now));
        self.set("device", device, "update_status", Value::from(status));
        self.set("device", device, "last_update_status_event", at);
        self.set(
            "device",
            device,
            "status",
            Value::from(if is_downloading { "Downloading" } else { "Idle" }),
        );
        let progress = if is_downloading { Value::from(0) } else { Value::Null };
        self.set("device", device, "download_progress", progress);
    }

    fn look_at_target(&mut self, device: i64) {
        let now = self.now;
        let target = self.target(device);
        let running = self.integer("device", device, "is_running__release");
        let Some(sim) = self.sims.get(&device) else { return };
        if sim.spec.locked_until.is_some_and(|until| time::millis(until) > now) {
            return;
        }
        let at_it = match sim.phase {
            Phase::Idle => None,
            Phase::Downloading { release, .. }
            | Phase::Waiting { release }
            | Phase::Applying { release, .. } => Some(release),
        };
        let Some(target) = target.filter(|target| Some(*target) != running) else {
            if at_it.is_some() {
                // What it runs is what it should run after all.
                self.update(device, "done", Phase::Idle);
            }
            return;
        };
        match sim.phase {
            Phase::Waiting { release } if release == target => {
                if !sim.spec.has_update_lock {
                    let until = now + time::millis(sim.spec.apply);
                    self.update(device, "applying changes", Phase::Applying { release, until });
                }
                return;
            }
            _ if at_it == Some(target) || sim.rejected.contains(&target) => return,
            _ => {}
        }
        let download = time::millis(sim.spec.download);
        let until = if self.outcome(device, target) == Outcome::Hangs { NEVER } else { now + download };
        self.update(device, "downloading", Phase::Downloading { release: target, began: now, until });
    }

    fn downloaded(&mut self, device: i64, release: i64) {
        let outcome = self.outcome(device, release);
        let Some(sim) = self.sims.get_mut(&device) else { return };
        match outcome {
            Outcome::Aborts => self.update(device, "aborted", Phase::Idle),
            Outcome::Rejects => {
                sim.rejected.insert(release);
                self.update(device, "rejected", Phase::Idle);
            }
            _ if sim.spec.has_update_lock => self.update(device, "downloaded", Phase::Waiting { release }),
            _ => {
                let until = self.now + time::millis(sim.spec.apply);
                self.update(device, "applying changes", Phase::Applying { release, until });
            }
        }
    }

    fn applied(&mut self, device: i64, release: i64) {
        let outcome = self.outcome(device, release);
        self.update(device, "done", Phase::Idle);
        self.set("device", device, "is_running__release", Value::from(release));
        let now = self.now;
        let Some(sim) = self.sims.get_mut(&device) else { return };
        sim.installs.push(Install { release, at: time::duration(now) });
        sim.is_flapping = outcome == Outcome::Flaps;
        sim.flip_at = if matches!(outcome, Outcome::Flaps | Outcome::Vanishes) { now + FLAP } else { NEVER };
        if outcome == Outcome::Runs {
            sim.ran.insert(release);
        }
    }

    /// What becomes of a release on a device: the same whenever it is asked.
    fn outcome(&self, device: i64, release: i64) -> Outcome {
        let Some(sim) = self.sims.get(&device) else { return Outcome::Runs };
        if let Some(decided) = sim.decided.get(&release) {
            return *decided;
        }
        if sim.ran.contains(&release) {
            return Outcome::Runs;
        }
        let uuid = self.text("device", device, "uuid").unwrap_or_default();
        if self.chance(&format!("fail {uuid} {release}")) < sim.spec.fail_rate {
            return sim.spec.fails_with;
        }
        for (place, (rate, outcome)) in self.rates.get(&release).into_iter().flatten().enumerate() {
            if self.chance(&format!("rate {place} {uuid} {release}")) < *rate {
                return *outcome;
            }
        }
        if self.chance(&format!("flap {uuid} {release}")) < sim.spec.flap_rate {
            return Outcome::Flaps;
        }
        Outcome::Runs
    }

    /// What becomes of a release on a device is what somebody says.
    pub(crate) fn decide(&mut self, device: i64, release: i64, outcome: Outcome) {
        if let Some(sim) = self.sims.get_mut(&device) {
            sim.decided.insert(release, outcome);
        }
    }

    /// The application takes or releases its update lock; a device that waits for it looks again when it polls.
    pub(crate) fn lock_updates(&mut self, device: i64, is_locked: bool) {
        if let Some(sim) = self.sims.get_mut(&device) {
            sim.spec.has_update_lock = is_locked;
        }
    }
}
