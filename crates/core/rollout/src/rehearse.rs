//! Every call a rollout makes when all goes well.

use crate::engine::{Engine, Request, Step};
use crate::outcome::Outcome;
use crate::plan::Refusal;
use crate::target::{Answer, Call, Change, Observed, Sample};
use crate::words::Time;

/// Every call that changes the target, in order, when each is taken at once and every member takes up the release and stays well.
///
/// It is the engine itself, run on a model of the target: what it prints is what `apply` sends. Times differ, and a lease is kept
/// as often as the rollout takes long; see [`Call::is_same`].
///
/// # Errors
/// When the rollout would be refused.
pub fn rehearse(request: &Request, look: &Observed) -> Result<Vec<Call>, Refusal> {
    let mut look = look.clone();
    // A lease that somebody holds is no reason not to say what would be done.
    if let Some(lease) = &mut look.lease {
        lease.holder = None;
    }
    let request = Request { leave_at: None, ..request.clone() };
    let mut engine = Engine::new(request.clone());
    engine.look_seldom();
    let mut calls = Vec::new();
    let mut now = look.at;
    loop {
        match engine.next(now) {
            Step::Call { call, .. } => {
                let is_kept = matches!(&call, Call::Lock { expect: Some(token), lease } if *token == lease.token && lease.holder.is_some());
                if call.changes() && !is_kept {
                    calls.push(call.clone());
                }
                let answer = match &call {
                    Call::Observe => {
                        look.at = now;
                        Answer::Seen(Box::new(look.clone()))
                    }
                    Call::Check(name) => {
                        let check = request.strategy.checks.iter().find(|check| check.name == *name);
                        let samples = check.map_or(1, |check| check.min_samples);
                        Answer::Sample(Sample { samples, holds: Some(true), said: String::new() })
                    }
                    _ => {
                        look.take(&call);
                        look.settle(now);
                        Answer::Done
                    }
                };
                engine.told(now, &call, Ok(answer));
            }
            Step::Wait { until, .. } => now = until,
            Step::End(Outcome::Refused(refusal)) => return Err(refusal),
            Step::End(_) => return Ok(calls),
        }
    }
}

impl Call {
    /// Whether it asks the same, apart from the time it is made at and who makes it.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let timeless = |call: &Self| {
            let mut call = call.clone();
            match &mut call {
                Self::Record(record) => {
                    record.since = Time::ZERO;
                    record.baking = record.baking.map(|_| Time::ZERO);
                }
                Self::Lock { lease, .. } => {
                    lease.expires = Time::ZERO;
                    lease.holder = lease.holder.as_ref().map(|_| String::new());
                }
                _ => {}
            }
            call
        };
        timeless(self) == timeless(other)
    }
}

impl Observed {
    /// What it looks like when a call was taken.
    pub(crate) fn take(&mut self, call: &Call) {
        match call {
            Call::Observe | Call::Check(_) => {}
            Call::Lock { lease, .. } => self.lease = Some(lease.clone()),
            Call::Record(record) => self.record = Some(record.clone()),
            Call::Mark(marks) => {
                for (id, mark) in marks {
                    if let Some(member) = self.members.get_mut(id) {
                        member.mark = Some(mark.clone());
                    }
                }
            }
            Call::Unmark(members) => {
                for id in members {
                    if let Some(member) = self.members.get_mut(id) {
                        member.mark = None;
                    }
                }
            }
            Call::Assign(changes) => {
                for Change { member, from, to } in changes {
                    if let Some(member) =
                        self.members.get_mut(member).filter(|member| member.assigned == *from)
                    {
                        member.assigned.clone_from(to);
                    }
                }
            }
            Call::Finalize(release) => self.default = Some(release.clone()),
            Call::Withdraw { release, previous, .. } => {
                self.withdrawn = true;
                if self.default.as_ref() == Some(release) {
                    self.default.clone_from(previous);
                }
            }
            Call::Wish(wish) => self.wish.clone_from(wish),
        }
    }

    /// What it looks like when every member runs what it should, and is well.
    fn settle(&mut self, now: Time) {
        for member in self.members.values_mut() {
            let expected = member.assigned.as_ref().or(self.default.as_ref());
            if member.running.as_ref() != expected || member.healthy_since.is_none() {
                member.running = expected.cloned();
                member.running_since = Some(now);
                member.healthy_since = Some(now);
            }
        }
    }
}
