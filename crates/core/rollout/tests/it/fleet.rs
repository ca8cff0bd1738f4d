//! A fleet that exists only in a test: devices that poll, download, fail and flap in virtual time, an API that stores what it is
//! told, counts who was assigned what, and can be made to fail at any call.

use std::collections::BTreeMap;
use std::time::Duration;

use lw_retry::{Failure, Policy};
use lw_rollout::journal::{Event, Journal};
use lw_rollout::{
    Answer, Batches, Call, CallError, Command, Engine, Host, Lease, Mark, Member, MemberId, Missing,
    Observed, Outcome, Presence, Record, ReleaseId, Request, Sample, Share, Strategy, StrategyStep, Target,
    Time, Update, Wish, drive,
};

pub(crate) const START: Time = Time::from_millis(1_700_000_000_000);
pub(crate) const OLD: &str = "1.0.0";
pub(crate) const NEW: &str = "1.1.0";

/// How a device takes up the new release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    Good,
    /// It refuses the new release.
    Rejects,
    /// It runs the new release and is never healthy.
    Sick,
    /// It never starts what it has downloaded.
    Holds,
    /// It goes offline with the new release, and comes back when nobody looks any more.
    Lost,
    /// Some minutes after it has begun to run the new release it is unhealthy for a while.
    Flaps,
    /// It does not go back from the new release.
    Stuck,
}

#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) nature: Nature,
    pub(crate) assigned: Option<ReleaseId>,
    pub(crate) running: ReleaseId,
    pub(crate) running_since: Time,
    pub(crate) healthy_since: Option<Time>,
    pub(crate) offline: Option<Option<Time>>,
    pub(crate) update: Update,
    pub(crate) locked: bool,
    pub(crate) poll: Duration,
    next_poll: Time,
    pub(crate) mark: Option<Mark>,
    /// How often it was assigned the new release.
    pub(crate) times_assigned: u32,
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It never arrives.
    NotSent,
    /// It is done, and the answer is lost.
    AnswerLost,
    /// 429, with the time to wait.
    TooMany(u64),
    /// 500, and it was not done.
    Broken,
    /// 200, and it was not done.
    Lie,
}

/// What a check says from then on.
pub(crate) type Said = (Time, Result<Sample, CallError>);

/// When somebody meddles, and how.
pub(crate) type Meddling = (fn(&Record) -> bool, fn(&mut Fleet));

pub(crate) struct Fleet {
    pub(crate) now: Time,
    pub(crate) devices: BTreeMap<MemberId, Device>,
    pub(crate) default: Option<ReleaseId>,
    pub(crate) withdrawn: bool,
    pub(crate) newer: Option<ReleaseId>,
    /// What becomes the default by itself when the release is withdrawn; unless it is said, what was it before.
    pub(crate) falls_back_to: Option<ReleaseId>,
    /// It becomes that whatever is asked.
    pub(crate) is_falling_silently: bool,
    pub(crate) lease: Option<Lease>,
    pub(crate) records: BTreeMap<String, Record>,
    pub(crate) wish: Option<Wish>,
    pub(crate) release: ReleaseId,
    /// Calls that changed something or would have, in order.
    pub(crate) sent: Vec<Call>,
    pub(crate) finalized: u32,
    pub(crate) looks: u32,
    /// What goes wrong with the n-th call that changes something, from 0.
    pub(crate) faults: BTreeMap<usize, Fault>,
    /// Finalizing says 200 and changes nothing: something newer is the default.
    pub(crate) is_finalizing_silent: bool,
    /// Nothing is answered in this time.
    pub(crate) outage: Option<(Time, Time)>,
    /// What checks say, by time; the last that has begun counts.
    pub(crate) checks: BTreeMap<String, Vec<Said>>,
    /// What happens to the fleet by other hands, when that phase is stored.
    pub(crate) meddle: Vec<Meddling>,
}

pub(crate) fn id(number: usize) -> MemberId {
    MemberId::new(format!("device-{number:04}"))
}

pub(crate) fn release(name: &str) -> ReleaseId {
    ReleaseId::new(name)
}

impl Fleet {
    pub(crate) fn new(devices: usize) -> Self {
        let device = |number: usize| Device {
            nature: Nature::Good,
            assigned: None,
            running: release(OLD),
            running_since: Time::ZERO,
            healthy_since: Some(Time::ZERO),
            offline: None,
            update: Update::None,
            locked: false,
            poll: Duration::from_secs(600),
            // They do not all poll at once.
            next_poll: START.plus(Duration::from_secs((number as u64 * 37) % 600)),
            mark: None,
            times_assigned: 0,
        };
        Self {
            now: START,
            devices: (0..devices).map(|number| (id(number), device(number))).collect(),
            default: Some(release(OLD)),
            withdrawn: false,
            newer: None,
            falls_back_to: None,
            is_falling_silently: false,
            lease: None,
            records: BTreeMap::new(),
            wish: None,
            release: release(NEW),
            sent: Vec::new(),
            finalized: 0,
            looks: 0,
            faults: BTreeMap::new(),
            is_finalizing_silent: false,
            outage: None,
            checks: BTreeMap::new(),
            meddle: Vec::new(),
        }
    }

    pub(crate) fn record(&self) -> Option<&Record> {
        self.records.get(self.release.as_str())
    }

    /// Lets the time pass, device by device and poll by poll.
    pub(crate) fn advance(&mut self, to: Time) {
        for device in self.devices.values_mut() {
            while device.next_poll <= to {
                let at = device.next_poll;
                device.next_poll = at.plus(device.poll);
                device.poll_at(at, self.default.as_ref());
            }
            if device.nature == Nature::Flaps
                && device.running.as_str() == NEW
                && device.running_since != Time::ZERO
            {
                let begins = device.running_since.plus(Duration::from_secs(1000));
                let ends = begins.plus(Duration::from_secs(60));
                if to >= begins {
                    device.healthy_since = (to >= ends).then_some(ends);
                }
            }
        }
        self.now = self.now.max(to);
    }

    fn observe(&self) -> Observed {
        let record = self.record().cloned();
        let named = self.lease.as_ref().map(|lease| &lease.rollout);
        let other = self
            .records
            .values()
            .find(|other| Some(&other.rollout) == named && Some(*other) != record.as_ref());
        let member = |device: &Device| Member {
            assigned: device.assigned.clone(),
            running: Some(device.running.clone()),
            running_since: Some(device.running_since),
            healthy_since: device.healthy_since.filter(|_| device.offline.is_none()),
            presence: device.offline.map_or(Presence::Online, Presence::Offline),
            update: device.update,
            locked: device.locked,
            poll: device.poll,
            mark: device.mark.clone(),
        };
        Observed {
            at: self.now,
            lease: self.lease.clone(),
            record,
            other: other.cloned(),
            default: self.default.clone(),
            withdrawn: self.withdrawn,
            newer: self.newer.clone(),
            wish: self.wish.clone(),
            members: self.devices.iter().map(|(id, device)| (id.clone(), member(device))).collect(),
        }
    }

    fn take(&mut self, call: &Call) -> Result<(), CallError> {
        let refused = |status| CallError {
            failure: Failure::Status(status),
            retry_after: None,
            message: format!("HTTP {status}"),
        };
        match call {
            Call::Observe | Call::Check(_) => {}
            Call::Lock { expect, lease } => {
                if self.lease.as_ref().map(|lease| lease.token) != *expect {
                    return Err(refused(412));
                }
                self.lease = Some(lease.clone());
            }
            Call::Record(record) => {
                self.records.insert(record.release.as_str().to_owned(), record.clone());
                for (when, what) in self.meddle.clone() {
                    if when(record) {
                        what(self);
                    }
                }
            }
            Call::Mark(marks) => {
                for (id, mark) in marks {
                    if let Some(device) = self.devices.get_mut(id) {
                        device.mark = Some(mark.clone());
                    }
                }
            }
            Call::Unmark(members) => {
                for id in members {
                    if let Some(device) = self.devices.get_mut(id) {
                        device.mark = None;
                    }
                }
            }
            Call::Assign(changes) => {
                for change in changes {
                    let Some(device) = self.devices.get_mut(&change.member) else { continue };
                    if device.assigned == change.from {
                        device.assigned.clone_from(&change.to);
                        device.times_assigned += u32::from(change.to.as_ref() == Some(&self.release));
                    }
                }
            }
            Call::Finalize(release) => {
                self.finalized += 1;
                if !self.is_finalizing_silent {
                    self.default = Some(release.clone());
                }
            }
            Call::Withdraw { release, previous, is_exact } => {
                self.withdrawn = true;
                if self.default.as_ref() == Some(release) {
                    let falls_back =
                        self.falls_back_to.as_ref().filter(|_| !is_exact || self.is_falling_silently);
                    self.default = falls_back.or(previous.as_ref()).cloned();
                }
            }
            Call::Wish(wish) => self.wish.clone_from(wish),
        }
        Ok(())
    }

    /// What is compared when two rollouts are to have ended alike: everything but times and tokens.
    pub(crate) fn end_state(&self) -> String {
        let mut text = format!(
            "default {:?}, withdrawn {}, finalized {}\n",
            self.default, self.withdrawn, self.finalized
        );
        if let Some(record) = self.record() {
            text += &format!("{} wave {} of {}\n", record.phase, record.wave, record.members);
        }
        for (id, device) in &self.devices {
            text += &format!(
                "{id} assigned {:?} running {} marked {} times {}\n",
                device.assigned,
                device.running,
                device.mark.is_some(),
                device.times_assigned
            );
        }
        text
    }

    /// Whether every device is as it was before the rollout.
    pub(crate) fn is_as_before(&self) -> bool {
        self.devices.values().all(|device| {
            device.assigned.is_none() && device.running.as_str() == OLD && device.mark.is_none()
        }) && self.default == Some(release(OLD))
    }
}

impl Device {
    fn poll_at(&mut self, at: Time, default: Option<&ReleaseId>) {
        let Some(wanted) = self.assigned.as_ref().or(default) else { return };
        if *wanted == self.running {
            self.update = Update::None;
            if self.running.as_str() == OLD {
                self.offline = self.offline.filter(|_| self.nature != Nature::Lost);
            }
            return;
        }
        let is_new = wanted.as_str() == NEW;
        match self.nature {
            Nature::Rejects if is_new => self.update = Update::Rejected,
            Nature::Holds if is_new => self.update = Update::Held,
            Nature::Lost if is_new => self.offline = Some(Some(at)),
            Nature::Stuck if !is_new => {}
            _ if self.offline.is_some() => {}
            _ => {
                self.running = wanted.clone();
                self.running_since = at;
                self.update = Update::None;
                self.healthy_since = (self.nature != Nature::Sick || !is_new).then_some(at);
            }
        }
    }
}

impl Target for Fleet {
    fn call(&mut self, call: &Call, _token: u64) -> Result<Answer, CallError> {
        let failed =
            |failure, message: &str| CallError { failure, retry_after: None, message: message.to_owned() };
        // Every request takes its time.
        self.advance(self.now.plus(Duration::from_millis(50)));
        if self.outage.is_some_and(|(from, to)| (from..to).contains(&self.now)) {
            return Err(failed(Failure::Status(503), "HTTP 503"));
        }
        if let Call::Check(name) = call {
            let said =
                self.checks.get(name).and_then(|said| said.iter().rfind(|(from, _)| *from <= self.now));
            let nothing = Sample { samples: 0, holds: None, said: "nothing".to_owned() };
            return said.map_or(Ok(nothing), |(_, said)| said.clone()).map(Answer::Sample);
        }
        if *call == Call::Observe {
            self.looks += 1;
            return Ok(Answer::Seen(Box::new(self.observe())));
        }
        let number = self.sent.len();
        self.sent.push(call.clone());
        match self.faults.get(&number) {
            None => self.take(call).map(|()| Answer::Done),
            Some(Fault::NotSent) => Err(failed(Failure::NotSent, "connection refused")),
            Some(Fault::Broken) => Err(failed(Failure::Status(500), "HTTP 500")),
            Some(Fault::Lie) => Ok(Answer::Done),
            Some(Fault::AnswerLost) => {
                self.take(call)?;
                Err(failed(Failure::NoAnswer, "connection reset"))
            }
            Some(Fault::TooMany(seconds)) => {
                let retry_after = Some(Duration::from_secs(*seconds));
                Err(CallError { retry_after, ..failed(Failure::Status(429), "HTTP 429") })
            }
        }
    }
}

/// Two waves and the rest, short bakes: what most tests roll out.
pub(crate) fn strategy() -> Strategy {
    let step = |percent, minutes: u64| StrategyStep {
        share: Share::percent(percent).unwrap(),
        bake: Duration::from_secs(minutes * 60),
    };
    Strategy {
        steps: vec![step(5, 10), step(25, 10), step(100, 5)],
        max_failed: Share::percent(5).unwrap(),
        on_no_data: Missing::Pause,
        ..Strategy::default()
    }
}

pub(crate) fn request(command: Command) -> Request {
    Request {
        command,
        fleet: "org/fleet".to_owned(),
        release: release(NEW),
        holder: "job-1".to_owned(),
        strategy: strategy(),
        first: false,
        again: false,
        back_to: None,
        in_order: false,
        leave_at: None,
        batches: Batches { mark: 25, assign: 10 },
        retry: Policy::default(),
        seed: 7,
    }
}

/// When a process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kill {
    Never,
    /// Instead of writing the n-th record of its journal: the call before it may have been made.
    Before(usize),
    /// When it has written the n-th.
    After(usize),
}

#[derive(Debug)]
pub(crate) struct Killed;

/// A process: its journal, and when it is killed or cancelled.
pub(crate) struct Process {
    pub(crate) kill: Kill,
    pub(crate) journal: String,
    pub(crate) written: usize,
    pub(crate) cancel_at: Option<Time>,
    pub(crate) began: Time,
}

/// The fleet is the target, and its time the host's.
struct Both<'a>(&'a std::cell::RefCell<&'a mut Fleet>);

impl Target for Both<'_> {
    fn call(&mut self, call: &Call, token: u64) -> Result<Answer, CallError> {
        self.0.borrow_mut().call(call, token)
    }
}

struct Clocked<'a>(&'a std::cell::RefCell<&'a mut Fleet>, &'a mut Process);

impl Host for Clocked<'_> {
    type Error = Killed;

    fn now(&mut self) -> Time {
        self.0.borrow().now
    }

    fn wait(&mut self, until: Time, _why: &str) {
        let until = self.1.cancel_at.filter(|at| *at > self.now()).map_or(until, |at| until.min(at));
        self.0.borrow_mut().advance(until);
        let passed = self.now().since(self.1.began);
        assert!(passed < Duration::from_secs(48 * 3600), "two days have passed: it does not come to an end");
    }

    fn cancelled(&mut self) -> u32 {
        let now = self.now();
        u32::from(self.1.cancel_at.is_some_and(|at| now >= at))
    }

    fn record(&mut self, event: &Event) -> Result<(), Killed> {
        let number = self.1.written;
        if self.1.kill == Kill::Before(number) {
            return Err(Killed);
        }
        let line = Journal::line(number as u64, self.now(), event).unwrap();
        self.1.journal.push_str(&line);
        self.1.written += 1;
        if self.1.kill == Kill::After(number) { Err(Killed) } else { Ok(()) }
    }
}

pub(crate) struct Ran {
    pub(crate) outcome: Option<Outcome>,
    pub(crate) engine: Engine,
    pub(crate) journal: String,
    pub(crate) written: usize,
}

impl Ran {
    pub(crate) fn outcome(&self) -> &Outcome {
        self.outcome.as_ref().expect("it was not killed")
    }

    pub(crate) fn code(&self) -> u8 {
        self.outcome().exit_code()
    }
}

/// Runs one process.
pub(crate) fn run_with(fleet: &mut Fleet, request: Request, kill: Kill, cancel_at: Option<Time>) -> Ran {
    let mut process = Process { kill, journal: String::new(), written: 0, cancel_at, began: fleet.now };
    let mut engine = Engine::new(request);
    let cell = std::cell::RefCell::new(fleet);
    let outcome = drive(&mut engine, &mut Both(&cell), &mut Clocked(&cell, &mut process)).ok();
    Ran { outcome, engine, journal: process.journal, written: process.written }
}

pub(crate) fn run(fleet: &mut Fleet, request: Request) -> Ran {
    run_with(fleet, request, Kill::Never, None)
}

/// Runs processes as a scheduled job does, until one says that it is over: each with another name and without any file of the one before.
pub(crate) fn run_on(fleet: &mut Fleet, mut request: Request) -> Ran {
    for number in 2..50 {
        request.holder = format!("job-{number}");
        let ran = run(fleet, request.clone());
        match ran.outcome() {
            Outcome::LockHeld { expires, .. } => fleet.advance(*expires),
            Outcome::InProgress { .. } => fleet.advance(fleet.now.plus(Duration::from_secs(300))),
            _ => return ran,
        }
    }
    panic!("it does not come to an end");
}
