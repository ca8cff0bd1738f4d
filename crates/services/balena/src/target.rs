//! A fleet as the target of a rollout.
//!
//! What a rollout stores lies in tags: lease and wish at the fleet, the record at its release, a mark at each device. The API cannot compare
//! and set, so two processes that take the lease within the same moments may both be told that they have it; each reads back what
//! is stored, one sees that it is the other's, and in between both can only do the same: every call is conditional on what its
//! sender has seen, and each is preceded by a look at the lease.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use lw_http::{Failed, Method, Waiting};
use lw_model::lists::filled;
use lw_retry::{Failure, Repeatable};
use lw_rollout::{
    Answer, Call, CallError, Change, Lease, Mark, Member, MemberId, Observed, Presence, Record, ReleaseId,
    Stored, StoredError, Target, Time, Update, Wish,
};
use serde_json::{Value, json};

use crate::api::{Api, GOOD, releases, releases_by_id};
use crate::error::Error;
use crate::model::{Device, Fleet, Release, Variable};
use crate::odata::{list, number, query, text};

/// The key of the fleet's tag that says who may act.
pub const LEASE_TAG: &str = "lw-rollout-lease";
/// The key of the fleet's tag that says what somebody asks of who may act.
pub const WISH_TAG: &str = "lw-rollout-wish";
/// The key of a release's tag that says how far its rollout is.
pub const RECORD_TAG: &str = "lw-rollout";
/// The key of a device's tag that says which wave it is in, and what it goes back to.
pub const MARK_TAG: &str = "lw-rollout";

/// How often a device asks what it is to run, unless its configuration says otherwise: the supervisor's own default.
pub const DEFAULT_POLL: Duration = Duration::from_secs(900);

/// The variables that say how often, in milliseconds; the second is what the first was called before.
const POLL: &str = "name in ('BALENA_SUPERVISOR_POLL_INTERVAL','RESIN_SUPERVISOR_POLL_INTERVAL')";

/// How long it is known how often devices ask: it changes seldom.
const POLL_KNOWN: Duration = Duration::from_secs(1800);

/// The release a rollout knows by this name.
#[must_use]
pub fn release_id(release: u64) -> ReleaseId {
    ReleaseId::new(release.to_string())
}

/// The number of a release that a rollout knows by its name; `None` for one that is not Balena's.
#[must_use]
pub fn release_number(release: &ReleaseId) -> Option<u64> {
    release.as_str().parse().ok()
}

/// A request that changes something.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutation {
    /// How.
    pub method: Method,
    /// Path and query, encoded.
    pub target: String,
    /// The body.
    pub body: Option<Value>,
    /// What is sent when it is answered with 409: what was to be made is there.
    pub otherwise: Option<Box<Mutation>>,
}

impl Mutation {
    fn new(method: Method, target: String, body: Option<Value>) -> Self {
        Self { method, target, body, otherwise: None }
    }
}

/// A fleet, and the release that is rolled out to it.
#[derive(Debug)]
pub struct FleetTarget {
    api: Arc<Api>,
    fleet: u64,
    release: u64,
    healthy: BTreeSet<String>,
    polls: Option<(Time, Polls)>,
    /// What the last look showed.
    known: Known,
    /// What this process has seen of each device.
    seen: BTreeMap<String, Seen>,
}

/// How often devices ask.
#[derive(Clone, Debug)]
struct Polls {
    fleet: Duration,
    devices: BTreeMap<u64, Duration>,
}

/// What a call needs to know of the last look.
#[derive(Debug, Default)]
struct Known {
    tracks: bool,
    target: Option<u64>,
    /// What it follows when it tracks its latest, and that is not the release that is rolled out.
    falls_back_to: Option<u64>,
    lease: Option<String>,
    has_wish: bool,
    /// Releases that have a record.
    records: BTreeSet<u64>,
    /// Each device's number, and whether it has a mark.
    devices: BTreeMap<String, (u64, bool)>,
}

/// What this process has seen of a device.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    running: Option<u64>,
    running_since: Option<Time>,
    is_healthy: bool,
    /// When a break of its health that this process has seen was over.
    healthy_again: Option<Time>,
}

/// A look that failed, for the client.
struct Looking(CallError);

impl Failed for Looking {
    fn failure(&self) -> Failure {
        self.0.failure
    }

    fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

/// Why a call cannot be made or was not understood, for the engine.
fn fault(failure: Failure, message: impl Into<String>) -> CallError {
    CallError { failure, retry_after: None, message: message.into() }
}

/// What no repetition mends.
fn permanent(message: impl Into<String>) -> CallError {
    fault(Failure::Status(400), message)
}

impl From<Error> for CallError {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Http(error) => Self { failure: error.failure(), retry_after: error.retry_after, message },
            Error::NotUnderstood { .. } | Error::NoEffect(_) => fault(Failure::NotUnderstood, message),
            _ => permanent(message),
        }
    }
}

fn unreadable(what: &str, error: &StoredError) -> CallError {
    permanent(format!("{what}: {error}"))
}

fn stored<T: Stored>(what: &str, text: Option<&String>) -> Result<Option<T>, CallError> {
    text.map(|text| T::from_text(text)).transpose().map_err(|error| unreadable(what, &error))
}

fn to_text<T: Stored>(what: &str, value: &T) -> Result<String, CallError> {
    value.to_text().map_err(|error| unreadable(what, &error))
}

fn wanted(release: &ReleaseId) -> Result<u64, CallError> {
    release_number(release).ok_or_else(|| permanent(format!("{release} is no release of Balena's")))
}

/// The request that pins devices which are pinned as `from` says.
pub(crate) fn pin(fleet: u64, devices: &[u64], from: Option<u64>, to: Option<u64>) -> (String, Value) {
    let condition = format!(
        "id in {} and belongs_to__application eq {fleet} and is_pinned_on__release eq {}",
        list(devices.iter().copied()),
        number(from)
    );
    (query("device", &[("$filter", &condition)]), json!({"is_pinned_on__release": to}))
}

impl FleetTarget {
    /// The fleet as the target of a rollout of that release.
    ///
    /// `healthy` are the values of a device's `overall_status` that count as healthy: `operational`, and `reduced-functionality` where devices
    /// are not connected to the VPN.
    #[must_use]
    pub fn new(api: Arc<Api>, fleet: &Fleet, release: u64, healthy: BTreeSet<String>) -> Self {
        Self {
            api,
            fleet: fleet.id,
            release,
            healthy,
            polls: None,
            known: Known { tracks: fleet.tracks, target: fleet.target, ..Known::default() },
            seen: BTreeMap::new(),
        }
    }

    /// Looks, as often as the policy of the client says, for a command that does nothing else: a rollout repeats its looks itself.
    ///
    /// # Errors
    /// When Balena does not answer, or what is stored cannot be read.
    pub fn look(&mut self, waiting: &mut dyn Waiting) -> Result<Observed, CallError> {
        let api = Arc::clone(&self.api);
        let look = &mut || self.observe().map_err(Looking);
        api.client().patiently(Repeatable::Yes, waiting, look).map_err(|Looking(error)| error)
    }

    fn observe(&mut self) -> Result<Observed, CallError> {
        let expand = format!(
            "should_be_running__release($select=id),application_tag($select=tag_key,value;$filter=tag_key in ({},{}))",
            text(LEASE_TAG),
            text(WISH_TAG)
        );
        let target = query(
            &format!("application({})", self.fleet),
            &[("$select", "id,should_track_latest_release"), ("$expand", &expand)],
        );
        let fleet = self.api.once::<Fleet>(&target)?.into_iter().next();
        let fleet =
            fleet.ok_or_else(|| permanent("the fleet is gone, or the token may not see it any more"))?;
        let lease_text = fleet.tags.get(LEASE_TAG).cloned();
        let lease: Option<Lease> = stored("the tag of the fleet that holds the lease", lease_text.as_ref())?;
        let wish: Option<Wish> = stored("the tag of the fleet that holds a wish", fleet.tags.get(WISH_TAG))?;

        let other = lease.as_ref().and_then(|lease| lease.rollout.as_str().rsplit_once('.'));
        let other = other.and_then(|(release, _)| release.parse().ok()).filter(|id| *id != self.release);
        let tags = format!("release_tag($select=tag_key,value;$filter=tag_key eq {})", text(RECORD_TAG));
        let ids = [self.release].into_iter().chain(other);
        let found = self.api.once::<Release>(&releases_by_id(self.fleet, ids, &tags))?;
        let of = |id: u64| found.iter().find(|release| release.id == id);
        let ours = of(self.release)
            .ok_or_else(|| permanent(format!("release {} is not in the fleet any more", self.release)))?;
        let record = |release: Option<&Release>| -> Result<Option<Record>, CallError> {
            let Some(release) = release else { return Ok(None) };
            stored(&format!("the tag of release {}", release.id), release.tags.get(RECORD_TAG))
        };
        let (our_record, other_record) = (record(Some(ours))?, record(other.and_then(of))?);
        let falls_back_to = if fleet.tracks { self.next_good()? } else { None };
        let is_newer =
            |release: &&Release| (release.start_timestamp, release.id) > (ours.start_timestamp, ours.id);
        let newer = falls_back_to.as_ref().filter(is_newer).map(|release| release_id(release.id));

        let devices = self.api.devices_once(self.fleet, MARK_TAG)?;
        let at = self.api.time().now();
        let polls = self.polls(at)?;
        self.known = Known {
            tracks: fleet.tracks,
            target: fleet.target,
            falls_back_to: falls_back_to.map(|release| release.id),
            lease: lease_text,
            has_wish: wish.is_some(),
            records: filled(found.iter().filter(|r| r.tags.contains_key(RECORD_TAG)).map(|r| r.id)),
            devices: filled(
                devices
                    .iter()
                    .map(|device| (device.uuid.clone(), (device.id, device.tags.contains_key(MARK_TAG)))),
            ),
        };
        let mut members = BTreeMap::new();
        let since = our_record.as_ref().map_or(Time::ZERO, |record| record.since);
        let mut seen = BTreeMap::new();
        for device in &devices {
            let mark = format!("the tag of device {}", device.uuid);
            let mark: Option<Mark> = stored(&mark, device.tags.get(MARK_TAG))?;
            let now = self.see(device, at);
            seen.insert(device.uuid.clone(), now);
            let poll = polls.devices.get(&device.id).copied().unwrap_or(polls.fleet);
            members.insert(MemberId::new(device.uuid.clone()), member(device, &now, mark, poll, since, at));
        }
        self.seen = seen;
        Ok(Observed {
            at,
            lease,
            record: our_record,
            other: other_record,
            default: fleet.target.map(release_id),
            withdrawn: ours.is_invalidated,
            newer,
            wish,
            members,
        })
    }

    /// The release that a fleet which tracks its latest follows when it does not follow ours.
    fn next_good(&self) -> Result<Option<Release>, CallError> {
        let target = releases(self.fleet, GOOD, "start_timestamp desc", 2, "");
        let good = self.api.once::<Release>(&target)?;
        Ok(good.into_iter().find(|release| release.id != self.release))
    }

    /// What is known of a device after this look.
    fn see(&self, device: &Device, at: Time) -> Seen {
        let is_healthy = device.overall_status.as_ref().is_some_and(|status| self.healthy.contains(status));
        let done = device.update_status.as_deref() == Some("done");
        let Some(before) = self.seen.get(&device.uuid) else {
            let running_since = device.last_update_status_event.filter(|_| done);
            return Seen { running: device.running, running_since, is_healthy, healthy_again: None };
        };
        let running_since = if before.running == device.running { before.running_since } else { Some(at) };
        let healthy_again = if is_healthy && !before.is_healthy { Some(at) } else { before.healthy_again };
        Seen { running: device.running, running_since, is_healthy, healthy_again }
    }

    fn polls(&mut self, at: Time) -> Result<Polls, CallError> {
        if let Some((asked, polls)) = &self.polls
            && at.since(*asked) < POLL_KNOWN
        {
            return Ok(polls.clone());
        }
        let fleet = format!("application eq {} and {POLL}", self.fleet);
        let fleet = query("application_config_variable", &[("$select", "name,value"), ("$filter", &fleet)]);
        let fleet = self.api.once::<Variable>(&fleet)?;
        let longest = |values: &[Variable]| values.iter().filter_map(poll).max();
        let device = format!("device/any(d:d/belongs_to__application eq {}) and {POLL}", self.fleet);
        let options =
            [("$select", "name,value"), ("$filter", device.as_str()), ("$expand", "device($select=id)")];
        let own = self.api.once::<Variable>(&query("device_config_variable", &options))?;
        let mut devices: BTreeMap<u64, Duration> = BTreeMap::new();
        for variable in &own {
            if let (Some(device), Some(poll)) = (variable.device, poll(variable)) {
                let longest = devices.entry(device).or_insert(poll);
                *longest = poll.max(*longest);
            }
        }
        let polls = Polls { fleet: longest(&fleet).unwrap_or(DEFAULT_POLL), devices };
        self.polls = Some((at, polls.clone()));
        Ok(polls)
    }

    /// The requests of a call, as the last look makes them: those of a plan as well as those that are sent.
    ///
    /// # Errors
    /// When the call names what the last look did not show, or what cannot be stored.
    pub fn mutations(&self, call: &Call) -> Result<Vec<Mutation>, CallError> {
        let fleet_tag = |key: &str| format!("application eq {} and tag_key eq {}", self.fleet, text(key));
        let device = |member: &MemberId| {
            let known = self.known.devices.get(member.as_str()).copied();
            known.ok_or_else(|| permanent(format!("device {member} is not in the fleet")))
        };
        Ok(match call {
            Call::Observe | Call::Check(_) => Vec::new(),
            Call::Lock { lease, .. } => {
                let value = to_text("the lease", lease)?;
                let Some(old) = &self.known.lease else {
                    return Ok(vec![post("application", self.fleet, LEASE_TAG, &value)]);
                };
                let condition = format!("{} and value eq {}", fleet_tag(LEASE_TAG), text(old));
                vec![patch_tag("application_tag", &condition, &value)]
            }
            Call::Wish(Some(wish)) => {
                let value = to_text("the wish", wish)?;
                let change = patch_tag("application_tag", &fleet_tag(WISH_TAG), &value);
                vec![if self.known.has_wish {
                    change
                } else {
                    let otherwise = Some(Box::new(change));
                    Mutation { otherwise, ..post("application", self.fleet, WISH_TAG, &value) }
                }]
            }
            Call::Wish(None) => {
                let target = query("application_tag", &[("$filter", &fleet_tag(WISH_TAG))]);
                vec![Mutation::new(Method::Delete, target, None)]
            }
            Call::Record(record) => {
                let release = wanted(&record.release)?;
                let value = to_text("the record", record)?;
                let condition = format!("release eq {release} and tag_key eq {}", text(RECORD_TAG));
                let change = patch_tag("release_tag", &condition, &value);
                vec![if self.known.records.contains(&release) {
                    change
                } else {
                    Mutation {
                        otherwise: Some(Box::new(change)),
                        ..post("release", release, RECORD_TAG, &value)
                    }
                }]
            }
            Call::Mark(marks) => {
                let mut requests = Vec::new();
                for (member, mark) in marks {
                    let (id, is_marked) = device(member)?;
                    let value = to_text("a mark", mark)?;
                    let condition = format!("device eq {id} and tag_key eq {}", text(MARK_TAG));
                    let change = patch_tag("device_tag", &condition, &value);
                    requests.push(if is_marked {
                        change
                    } else {
                        Mutation { otherwise: Some(Box::new(change)), ..post("device", id, MARK_TAG, &value) }
                    });
                }
                requests
            }
            Call::Unmark(members) => {
                let ids = members.iter().filter_map(|member| self.known.devices.get(member.as_str()));
                let ids = list(ids.map(|(id, _)| *id));
                let condition = format!("device in {ids} and tag_key eq {}", text(MARK_TAG));
                vec![Mutation::new(Method::Delete, query("device_tag", &[("$filter", &condition)]), None)]
            }
            Call::Assign(changes) => {
                let mut groups: BTreeMap<(Option<u64>, Option<u64>), Vec<u64>> = BTreeMap::new();
                for Change { member, from, to } in changes {
                    let from = from.as_ref().map(wanted).transpose()?;
                    let to = to.as_ref().map(wanted).transpose()?;
                    groups.entry((from, to)).or_default().push(device(member)?.0);
                }
                let request = |((from, to), ids): (&(Option<u64>, Option<u64>), &Vec<u64>)| {
                    let (target, body) = pin(self.fleet, ids, *from, *to);
                    Mutation::new(Method::Patch, target, Some(body))
                };
                groups.iter().map(request).collect()
            }
            Call::Finalize(release) => {
                let release = wanted(release)?;
                let condition = format!(
                    "id eq {release} and belongs_to__application eq {} and status eq 'success' and is_invalidated eq false",
                    self.fleet
                );
                let target = query("release", &[("$filter", &condition)]);
                let mut requests =
                    vec![Mutation::new(Method::Patch, target, Some(json!({"is_final": true})))];
                // A fleet that somebody has pinned follows nothing: it is pinned to the release instead.
                if !self.known.tracks {
                    requests.push(self.pin_fleet(self.known.target, release));
                }
                requests
            }
            Call::Withdraw { release, previous, is_exact } => {
                let release = wanted(release)?;
                let previous = previous.as_ref().map(wanted).transpose()?;
                let mut requests = Vec::new();
                // One that tracks its latest falls back by itself; a pinned one is pinned to what it was.
                let is_to_be_pinned =
                    !self.known.tracks || (*is_exact && self.known.falls_back_to != previous);
                if let (true, Some(previous)) = (is_to_be_pinned, previous) {
                    requests.push(self.pin_fleet(Some(release), previous));
                }
                let condition = format!("id eq {release} and belongs_to__application eq {}", self.fleet);
                let target = query("release", &[("$filter", &condition)]);
                requests.push(Mutation::new(Method::Patch, target, Some(json!({"is_invalidated": true}))));
                requests
            }
        })
    }

    /// Pins the fleet, where it has `from`; one that tracks its latest does so no longer.
    fn pin_fleet(&self, from: Option<u64>, to: u64) -> Mutation {
        let tracks = self.known.tracks;
        let condition = format!(
            "id eq {} and should_track_latest_release eq {tracks} and should_be_running__release eq {}",
            self.fleet,
            number(from)
        );
        let target = query("application", &[("$filter", &condition)]);
        let mut body = json!({"should_be_running__release": to});
        if tracks && let Some(body) = body.as_object_mut() {
            body.insert("should_track_latest_release".to_owned(), false.into());
        }
        Mutation::new(Method::Patch, target, Some(body))
    }

    /// The lease as it is stored now.
    fn lease(&self) -> Result<Option<String>, CallError> {
        let condition = format!("application eq {} and tag_key eq {}", self.fleet, text(LEASE_TAG));
        let target = query("application_tag", &[("$select", "tag_key,value"), ("$filter", &condition)]);
        let tags = self.api.once::<Value>(&target)?;
        let value = tags.first().and_then(|tag| tag.get("value")).and_then(Value::as_str);
        Ok(value.map(str::to_owned))
    }

    /// Refuses what an earlier holder of the lease sends.
    fn guard(&self, token: u64) -> Result<(), CallError> {
        let lease: Option<Lease> =
            stored("the tag of the fleet that holds the lease", self.lease()?.as_ref())?;
        if lease.as_ref().map(|lease| lease.token) == Some(token) {
            return Ok(());
        }
        Err(fault(Failure::NotUnderstood, "another process has taken the lease"))
    }

    fn lock(&mut self, expect: Option<u64>, lease: &Lease) -> Result<(), CallError> {
        let stored_now = self.lease()?;
        let now: Option<Lease> = stored("the tag of the fleet that holds the lease", stored_now.as_ref())?;
        let taken = || fault(Failure::NotUnderstood, "another process was quicker to take the lease");
        if now.map(|lease| lease.token) != expect {
            return Err(taken());
        }
        self.known.lease = stored_now;
        let value = to_text("the lease", lease)?;
        for mutation in self.mutations(&Call::Lock { expect, lease: lease.clone() })? {
            let answer = self.api.send(mutation.method, &mutation.target, mutation.body.as_ref(), &[409])?;
            if answer.status == 409 {
                return Err(taken());
            }
        }
        let written = self.lease()?;
        let is_ours = written.as_ref() == Some(&value);
        self.known.lease = written;
        if is_ours { Ok(()) } else { Err(taken()) }
    }

    fn change(&mut self, call: &Call) -> Result<(), CallError> {
        for mutation in self.mutations(call)? {
            let accepts: &[u16] = if mutation.otherwise.is_some() { &[409] } else { &[] };
            let answer = self.api.send(mutation.method, &mutation.target, mutation.body.as_ref(), accepts)?;
            if let Some(other) = mutation.otherwise.filter(|_| answer.status == 409) {
                self.api.send(other.method, &other.target, other.body.as_ref(), &[])?;
            }
        }
        match call {
            Call::Record(record) => {
                self.known.records.extend(release_number(&record.release));
            }
            Call::Wish(wish) => self.known.has_wish = wish.is_some(),
            Call::Mark(marks) => {
                for (member, _) in marks {
                    if let Some((_, is_marked)) = self.known.devices.get_mut(member.as_str()) {
                        *is_marked = true;
                    }
                }
            }
            Call::Unmark(members) => {
                for member in members {
                    if let Some((_, is_marked)) = self.known.devices.get_mut(member.as_str()) {
                        *is_marked = false;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Target for FleetTarget {
    fn call(&mut self, call: &Call, token: u64) -> Result<Answer, CallError> {
        match call {
            Call::Observe => return Ok(Answer::Seen(Box::new(self.observe()?))),
            Call::Check(name) => return Err(permanent(format!("Balena knows no check {name}"))),
            Call::Lock { expect, lease } => self.lock(*expect, lease)?,
            // Who asks something of the holder is not the holder.
            Call::Wish(Some(_)) => self.change(call)?,
            _ => {
                self.guard(token)?;
                self.change(call)?;
            }
        }
        Ok(Answer::Done)
    }
}

fn post(of: &str, id: u64, key: &str, value: &str) -> Mutation {
    let mut body = serde_json::Map::new();
    body.insert(of.to_owned(), id.into());
    body.insert("tag_key".to_owned(), key.into());
    body.insert("value".to_owned(), value.into());
    Mutation::new(Method::Post, format!("/v7/{of}_tag"), Some(Value::Object(body)))
}

fn patch_tag(resource: &str, condition: &str, value: &str) -> Mutation {
    Mutation::new(Method::Patch, query(resource, &[("$filter", condition)]), Some(json!({"value": value})))
}

/// How often a variable says; a value that is no number says nothing.
fn poll(variable: &Variable) -> Option<Duration> {
    variable.value.trim().parse().ok().map(Duration::from_millis)
}

fn member(device: &Device, seen: &Seen, mark: Option<Mark>, poll: Duration, since: Time, at: Time) -> Member {
    let presence = if device.is_heard() { Presence::Online } else { Presence::Offline(device.changed()) };
    // What is left of the update before is no answer to this one.
    let is_of_this_wave = device.last_update_status_event.is_some_and(|event| event >= since);
    let update = match device.update_status.as_deref() {
        Some("rejected") if is_of_this_wave => Update::Rejected,
        Some("downloaded") => Update::Held,
        _ => Update::None,
    };
    let healthy_since = device.changed().max(seen.healthy_again).unwrap_or(Time::ZERO);
    Member {
        assigned: device.pinned.map(release_id),
        running: device.running.map(release_id),
        running_since: seen.running_since,
        healthy_since: seen.is_healthy.then_some(healthy_since),
        presence,
        update,
        locked: device.locked_until.is_some_and(|until| until > at),
        poll,
        mark,
    }
}
