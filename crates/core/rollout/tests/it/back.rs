//! Going back from what no rollout has given the fleet, and the end of the time for it.

use std::time::Duration;

use lw_rollout::{Call, Command, Left, Outcome, Phase, Refusal, Request};

use crate::fleet::{Fleet, Kill, NEW, Nature, OLD, START, id, release, request, run, run_on, run_with};

/// A fleet whose default was made the new release by somebody else, long ago.
fn live(devices: usize) -> Fleet {
    let mut fleet = Fleet::new(devices);
    fleet.default = Some(release(NEW));
    fleet.advance(START.plus(Duration::from_secs(3600)));
    assert!(fleet.devices.values().all(|device| device.running.as_str() == NEW));
    fleet
}

fn back_to(to: &str) -> Request {
    Request { back_to: Some(release(to)), ..request(Command::Rollback) }
}

#[test]
fn a_fleet_goes_back_from_a_release_that_no_rollout_is_known_of() {
    let mut fleet = live(20);
    // Nobody says what to go back to.
    let ran = run(&mut fleet, request(Command::Rollback));
    assert_eq!(ran.outcome(), &Outcome::Refused(Refusal::NothingThere));
    assert!(fleet.sent.is_empty());

    fleet.devices.get_mut(&id(3)).unwrap().offline = Some(None);
    let pinned = fleet.devices.get_mut(&id(4)).unwrap();
    pinned.assigned = Some(release(NEW));
    let ran = run(&mut fleet, back_to(OLD));
    let Outcome::RolledBack { pending, .. } = ran.outcome() else { panic!("{}", ran.outcome()) };
    assert_eq!(pending, &[id(3)]);
    assert_eq!((fleet.default.clone(), fleet.withdrawn), (Some(release(OLD)), true));
    for (name, device) in &fleet.devices {
        // Who is pinned by hand stays so, and who is offline follows later.
        let expected = if [id(3), id(4)].contains(name) { NEW } else { OLD };
        assert_eq!(device.running.as_str(), expected, "{name}");
        assert!(device.mark.is_none() && device.times_assigned == 0);
    }
    assert!(!fleet.sent.iter().any(|call| matches!(call, Call::Assign(_) | Call::Mark(_))));
    assert_eq!(fleet.lease.as_ref().unwrap().holder, None);

    // The same again sends nothing.
    let sent = fleet.sent.len();
    assert_eq!(run(&mut fleet, back_to(OLD)).code(), 10);
    assert_eq!(fleet.sent.len(), sent);
    // When somebody has brought it back, it is another rollback.
    (fleet.default, fleet.withdrawn) = (Some(release(NEW)), false);
    assert_eq!(run(&mut fleet, back_to(OLD)).code(), 10);
    assert_eq!(fleet.record().unwrap().rollout.as_str(), "1.1.0.2");
}

#[test]
fn the_default_is_the_one_that_was_asked_for_and_no_other() {
    let mut fleet = live(5);
    fleet.falls_back_to = Some(release("1.0.5"));
    assert_eq!(run(&mut fleet, back_to(OLD)).code(), 10);
    assert_eq!(fleet.default, Some(release(OLD)));
    // Where the target gives another one all the same, that is no success.
    let mut fleet = live(5);
    fleet.meddle.push((|_| true, |fleet| fleet.is_falling_silently = true));
    fleet.falls_back_to = Some(release("1.0.5"));
    let ran = run(&mut fleet, back_to(OLD));
    let Outcome::RollbackFailed { left, .. } = ran.outcome() else { panic!("{}", ran.outcome()) };
    assert!(left.contains(&Left::Default(Some(release(OLD)))), "{left:?}");
}

#[test]
fn what_a_rollout_gave_the_fleet_goes_back_to_what_is_asked_for() {
    let mut fleet = Fleet::new(5);
    assert_eq!(run(&mut fleet, request(Command::Apply)).code(), 0);
    assert_eq!(run(&mut fleet, back_to("0.9.0")).code(), 10);
    assert_eq!(fleet.default, Some(release("0.9.0")));
    // Before the fleet has it, each member has something of its own to go back to.
    let mut fleet = Fleet::new(5);
    let begun = Request { leave_at: Some(lw_rollout::Time::ZERO), ..request(Command::Apply) };
    assert_eq!(run(&mut fleet, begun).code(), 15);
    assert_eq!(run(&mut fleet, back_to("0.9.0")).outcome(), &Outcome::Refused(Refusal::NotLive));
}

#[test]
fn a_fleet_does_not_go_back_under_the_feet_of_another_rollout() {
    let mut fleet = live(5);
    fleet.release = release("1.2.0");
    let other = Request {
        release: release("1.2.0"),
        leave_at: Some(lw_rollout::Time::ZERO),
        ..request(Command::Apply)
    };
    assert_eq!(run(&mut fleet, other).code(), 15);
    fleet.release = release(NEW);
    let ran = run(&mut fleet, back_to(OLD));
    assert!(matches!(ran.outcome(), Outcome::Refused(Refusal::UnderWay(_))), "{}", ran.outcome());
    assert_eq!(fleet.default, Some(release(NEW)));
}

#[test]
fn killed_at_any_record_it_ends_as_if_it_had_not_been() {
    let mut unbroken = live(5);
    let ran = run(&mut unbroken, back_to(OLD));
    assert_eq!(ran.code(), 10);
    for number in 0..ran.written {
        for kill in [Kill::Before(number), Kill::After(number)] {
            let mut fleet = live(5);
            run_with(&mut fleet, back_to(OLD), kill, None);
            // Whoever goes on knows what the target holds, and need not know what was asked for.
            let is_begun = fleet.record().is_some();
            let next = if is_begun { request(Command::Resume) } else { back_to(OLD) };
            assert_eq!(run_on(&mut fleet, next).code(), 10, "{kill:?}");
            assert_eq!(fleet.end_state(), unbroken.end_state(), "{kill:?}");
        }
    }
}

#[test]
fn a_follower_that_does_not_go_back_is_named() {
    let mut fleet = live(5);
    fleet.devices.get_mut(&id(2)).unwrap().nature = Nature::Stuck;
    let ran = run(&mut fleet, back_to(OLD));
    let Outcome::RollbackFailed { left, .. } = ran.outcome() else { panic!("{}", ran.outcome()) };
    assert_eq!(left, &[Left::Runs { member: id(2), expected: Some(release(OLD)) }]);
    assert_eq!(fleet.record().unwrap().phase, Phase::RollbackFailed);
}

#[test]
fn a_last_look_finds_those_that_came_back_since_the_one_before() {
    let mut fleet = Fleet::new(3);
    for device in fleet.devices.values_mut() {
        device.poll = Duration::from_secs(1500);
    }
    let mut begun = request(Command::Apply);
    begun.strategy.steps.drain(..2);
    begun.leave_at = Some(START.plus(Duration::from_secs(400)));
    assert_eq!(run(&mut fleet, begun).code(), 15);
    assert!(fleet.devices.values().any(|device| device.running.as_str() == NEW));
    // It looks after 1000 and 2000 seconds, its time is over after 1800, and the devices ask again after 1137 and 1174.
    let mut back = request(Command::Rollback);
    back.strategy.look_every = Duration::from_secs(1000);
    back.strategy.lease = Duration::from_secs(8000);
    back.strategy.rollback_within = Duration::from_secs(1800);
    let began = fleet.now;
    let ran = run(&mut fleet, back);
    assert_eq!(ran.code(), 10, "{}", ran.outcome());
    assert!(fleet.is_as_before(), "{}", fleet.end_state());
    assert!(fleet.now.since(began) > Duration::from_secs(1800), "the last look is what found them");
}
