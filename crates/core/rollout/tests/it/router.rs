//! A router's traffic is a fleet of a hundred parts: one write sets them all, and there is nothing that polls.

use std::collections::BTreeMap;
use std::time::Duration;

use lw_rollout::{
    Answer, Batches, Call, CallError, Change, Command, Engine, Mark, Member, MemberId, Observed, Presence,
    Record, Request, Step, Time, Update,
};

use crate::fleet::{NEW, OLD, START, release, request};

/// What a proxy has: a weight, and a place for a small text.
struct Router {
    weight: usize,
    marks: BTreeMap<MemberId, Mark>,
    default_is_new: bool,
    withdrawn: bool,
    record: Option<Record>,
    lease: Option<lw_rollout::Lease>,
    weights_written: Vec<usize>,
}

fn part(number: usize) -> MemberId {
    MemberId::new(format!("{number:02}"))
}

impl Router {
    fn observe(&self, at: Time) -> Observed {
        let member = |number: usize| {
            let is_new = number < self.weight;
            let member = Member {
                assigned: is_new.then(|| release(NEW)),
                running: Some(release(if is_new || self.default_is_new { NEW } else { OLD })),
                running_since: None,
                healthy_since: Some(START),
                presence: Presence::Online,
                update: Update::None,
                locked: false,
                poll: Duration::ZERO,
                mark: self.marks.get(&part(number)).cloned(),
            };
            (part(number), member)
        };
        Observed {
            at,
            lease: self.lease.clone(),
            record: self.record.clone(),
            other: None,
            default: Some(release(if self.default_is_new { NEW } else { OLD })),
            withdrawn: self.withdrawn,
            newer: None,
            wish: None,
            members: (0..100).map(member).collect(),
        }
    }

    fn call(&mut self, call: &Call, at: Time) -> Result<Answer, CallError> {
        match call {
            Call::Observe => return Ok(Answer::Seen(Box::new(self.observe(at)))),
            Call::Lock { lease, .. } => self.lease = Some(lease.clone()),
            Call::Record(record) => self.record = Some(record.clone()),
            Call::Mark(marks) => self.marks.extend(marks.iter().cloned()),
            Call::Unmark(parts) => self.marks.retain(|part, _| !parts.contains(part)),
            Call::Assign(changes) => {
                // The parts of a wave follow one another, so they are one weight.
                let more = changes.iter().filter(|change| change.to.is_some()).count();
                self.weight = self.weight + more
                    - changes.iter().filter(|change: &&Change| change.to.is_none()).count();
                self.weights_written.push(self.weight);
            }
            Call::Finalize(_) => self.default_is_new = true,
            Call::Withdraw { .. } => (self.withdrawn, self.default_is_new) = (true, false),
            Call::Check(_) | Call::Wish(_) => panic!("{call:?}"),
        }
        Ok(Answer::Done)
    }
}

#[test]
fn a_router_is_rolled_out_by_weight_and_back() {
    let mut router = Router {
        weight: 0,
        marks: BTreeMap::new(),
        default_is_new: false,
        withdrawn: false,
        record: None,
        lease: None,
        weights_written: Vec::new(),
    };
    let mut go = |command, until: Option<u32>| {
        let batches = Batches { mark: usize::MAX, assign: usize::MAX };
        let mut engine = Engine::new(Request { in_order: true, batches, ..request(command) });
        let mut now =
            router.record.as_ref().map_or(START, |record| record.since.plus(Duration::from_secs(3600)));
        let outcome = loop {
            match engine.next(now) {
                Step::Call { call, .. } => {
                    let answer = router.call(&call, now);
                    engine.told(now, &call, answer);
                    if until.is_some() && router.record.as_ref().map(|record| record.wave) == until {
                        engine.cancel(2);
                    }
                }
                Step::Wait { until, .. } => now = until,
                Step::End(outcome) => break outcome,
            }
        };
        (outcome, std::mem::take(&mut router.weights_written), router.default_is_new)
    };
    let (left, weights, _) = go(Command::Apply, Some(2));
    assert_eq!((left.exit_code(), weights), (15, vec![5]));
    let (back, weights, is_new) = go(Command::Rollback, None);
    assert_eq!((back.exit_code(), weights, is_new), (10, vec![0], false));
}

#[test]
fn a_router_ends_with_everything_on_the_new_default() {
    let mut router = Router {
        weight: 0,
        marks: BTreeMap::new(),
        default_is_new: false,
        withdrawn: false,
        record: None,
        lease: None,
        weights_written: Vec::new(),
    };
    let batches = Batches { mark: usize::MAX, assign: usize::MAX };
    let mut engine = Engine::new(Request { in_order: true, batches, ..request(Command::Apply) });
    let mut now = START;
    let outcome = loop {
        match engine.next(now) {
            Step::Call { call, .. } => {
                let answer = router.call(&call, now);
                engine.told(now, &call, answer);
            }
            Step::Wait { until, .. } => now = until,
            Step::End(outcome) => break outcome,
        }
    };
    assert_eq!(outcome.exit_code(), 0, "{outcome}");
    assert_eq!(
        router.weights_written,
        [5, 25, 100, 0],
        "at last the default has it, and the weight is back at nothing"
    );
    assert!(router.default_is_new && router.marks.is_empty());
}
