//! Killed at every record of its journal, and with a fault at every call: the end is that of the unbroken run.

use std::time::Duration;

use lw_rollout::journal::{Event, Journal};
use lw_rollout::{Answer, Batches, Call, Command, Outcome, Phase, Plan, Target};

use crate::fleet::{Fault, Fleet, Kill, Nature, Ran, request, run, run_on, run_with};

/// A way a rollout may go.
struct Course {
    name: &'static str,
    devices: usize,
    /// How some of the last wave are; all others are good.
    bad: &'static [Nature],
    batch: usize,
    ends: Phase,
}

const COURSES: &[Course] = &[
    Course { name: "succeeds", devices: 24, bad: &[Nature::Lost], batch: 7, ends: Phase::Succeeded },
    Course {
        name: "rolled back in the last wave",
        devices: 24,
        bad: &[Nature::Rejects, Nature::Lost, Nature::Sick, Nature::Flaps, Nature::Rejects],
        batch: 7,
        ends: Phase::RolledBack,
    },
    Course { name: "a call per member", devices: 8, bad: &[], batch: 1, ends: Phase::Succeeded },
];

impl Course {
    fn fleet(&self) -> Fleet {
        let mut fleet = Fleet::new(self.devices);
        let Ok(Answer::Seen(look)) = fleet.call(&Call::Observe, 0) else { panic!() };
        let plan = Plan::new(&self.request(), &look, 0).unwrap();
        for (member, nature) in plan.waves.last().unwrap().members.iter().zip(self.bad) {
            fleet.devices.get_mut(member).unwrap().nature = *nature;
        }
        fleet
    }

    fn request(&self) -> lw_rollout::Request {
        let mut request = request(Command::Apply);
        request.strategy.max_failed = lw_rollout::Share::percent(10).unwrap();
        lw_rollout::Request { batches: Batches { mark: self.batch, assign: self.batch }, ..request }
    }

    fn unbroken(&self) -> (Fleet, Ran) {
        let mut fleet = self.fleet();
        let ran = run(&mut fleet, self.request());
        assert_eq!(
            fleet.record().unwrap().phase,
            self.ends,
            "{}: {}\n{}",
            self.name,
            ran.outcome(),
            ran.journal
        );
        assert!(fleet.devices.values().all(|device| device.times_assigned <= 1));
        (fleet, ran)
    }
}

#[test]
fn killed_at_every_record_it_ends_as_the_unbroken_run() {
    for course in COURSES {
        let (unbroken, whole) = course.unbroken();
        let mut killed = 0;
        for number in 0..whole.written {
            for kill in [Kill::Before(number), Kill::After(number)] {
                let mut fleet = course.fleet();
                let ran = run_with(&mut fleet, course.request(), kill, None);
                assert!(ran.outcome.is_none());
                killed += 1;
                let journal = Journal::read(ran.journal.as_bytes()).unwrap();
                assert_eq!(journal.entries.len(), ran.written);
                // Its disk is gone: the next process has nothing but what the target stores.
                let resumed = run_on(&mut fleet, course.request());
                assert_eq!(
                    fleet.end_state(),
                    unbroken.end_state(),
                    "{}, {kill:?}: {}",
                    course.name,
                    resumed.outcome()
                );
                assert_eq!(resumed.code(), whole.code());
                // Who was killed after all was done has not given its lease back; it expires.
                assert!(fleet.lease.unwrap().holder.is_none_or(|holder| holder == "job-1"));
            }
        }
        println!("{}: {} records, {killed} kills", course.name, whole.written);
    }
}

#[test]
fn killed_again_and_again_it_ends_as_the_unbroken_run() {
    let course = &COURSES[1];
    let (unbroken, _) = course.unbroken();
    // A begin, an intent and a result for the lease, and an intent: with less no other call would ever be made.
    for every in [4, 5, 9, 14] {
        let mut fleet = course.fleet();
        let mut request = course.request();
        let mut kills = 0;
        let outcome = loop {
            request.holder = format!("job-{kills}");
            let ran = run_with(&mut fleet, request.clone(), Kill::After(every), None);
            match ran.outcome {
                Some(Outcome::LockHeld { expires, .. }) => fleet.advance(expires),
                Some(outcome) => break outcome,
                None => kills += 1,
            }
            assert!(kills < 500);
        };
        assert!(kills > 3, "{kills}");
        assert_eq!(fleet.end_state(), unbroken.end_state(), "every {every}: {outcome}");
    }
}

#[test]
fn a_fault_at_any_call_changes_nothing_about_the_end() {
    let faults = [Fault::NotSent, Fault::AnswerLost, Fault::TooMany(60), Fault::Broken, Fault::Lie];
    for course in COURSES {
        let (unbroken, whole) = course.unbroken();
        for number in 0..unbroken.sent.len() {
            for fault in faults {
                let mut fleet = course.fleet();
                fleet.faults.insert(number, fault);
                let ran = run(&mut fleet, course.request());
                let call = unbroken.sent[number].name();
                assert_eq!(
                    fleet.end_state(),
                    unbroken.end_state(),
                    "{}: {fault:?} at {call}: {}\n{}",
                    course.name,
                    ran.outcome(),
                    ran.journal
                );
                assert_eq!(ran.code(), whole.code());
            }
        }
        println!("{}: {} calls, {} faults each", course.name, unbroken.sent.len(), faults.len());
    }
}

#[test]
fn an_answer_lost_with_the_process_that_waited_for_it_changes_nothing() {
    // The call arrives, the process is killed, and another takes over when the lease has expired.
    let course = &COURSES[1];
    let (unbroken, _) = course.unbroken();
    for number in (0..unbroken.sent.len()).step_by(2) {
        let mut fleet = course.fleet();
        fleet.faults.insert(number, Fault::AnswerLost);
        fleet.faults.insert(number + 1, Fault::Broken);
        fleet.faults.insert(number + 2, Fault::NotSent);
        let ran = run_on(&mut fleet, course.request());
        assert_eq!(fleet.end_state(), unbroken.end_state(), "{number}: {}", ran.outcome());
    }
}

#[test]
fn jobs_that_do_not_wait_end_as_one_that_does() {
    for course in COURSES {
        let (unbroken, whole) = course.unbroken();
        let mut fleet = course.fleet();
        let mut request = course.request();
        request.leave_at = Some(lw_rollout::Time::ZERO);
        let first = run(&mut fleet, request.clone());
        assert!(matches!(first.outcome(), Outcome::InProgress { .. }), "{}", first.outcome());
        assert_eq!(fleet.lease.as_ref().unwrap().holder, None, "the next job need not wait for the lease");
        let last = run_on(&mut fleet, request);
        assert_eq!(fleet.end_state(), unbroken.end_state(), "{}: {}", course.name, last.outcome());
        assert_eq!(last.code(), whole.code());
    }
}

#[test]
fn the_journal_tells_every_change_before_and_after_it() {
    let (fleet, ran) = COURSES[1].unbroken();
    let journal = Journal::read(ran.journal.as_bytes()).unwrap();
    let intents = journal.entries.iter().filter_map(|entry| match &entry.event {
        Event::Intent { call, .. } => Some(call.clone()),
        _ => None,
    });
    assert_eq!(intents.collect::<Vec<_>>(), fleet.sent);
    assert!(matches!(journal.entries.last().unwrap().event, Event::Ended { code: 10, .. }));
    assert!(journal.entries.windows(2).all(|two| two[0].at <= two[1].at));
}

#[test]
fn a_take_over_needs_an_expired_lease_and_the_first_holder_stops() {
    let course = &COURSES[0];
    let mut fleet = course.fleet();
    let killed = run_with(&mut fleet, course.request(), Kill::After(20), None);
    assert!(killed.outcome.is_none());
    let expires = fleet.lease.as_ref().unwrap().expires;
    let mut second = course.request();
    second.holder = "job-2".to_owned();
    let sent = fleet.sent.len();
    let ran = run(&mut fleet, second.clone());
    assert_eq!(ran.code(), 13);
    assert_eq!(fleet.sent.len(), sent, "nothing is sent without the lease");
    fleet.advance(expires);
    let token = fleet.lease.as_ref().unwrap().token;
    second.leave_at = Some(fleet.now.plus(Duration::from_secs(60)));
    assert_eq!(run(&mut fleet, second).code(), 15);
    assert_eq!(fleet.lease.as_ref().unwrap().token, token + 1);
}
