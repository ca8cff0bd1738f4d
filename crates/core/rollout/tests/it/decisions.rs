//! What a rollout decides: waves, verdicts, checks, people, rollbacks, and whether to begin at all.

use std::time::Duration;

use lw_retry::Failure;
use lw_rollout::{
    Call, CallError, Check, Command, Left, Missing, OnFail, Outcome, Phase, Reaction, Refusal, Request,
    Sample, Time, rehearse,
};

use crate::fleet::{Fault, Fleet, Kill, NEW, Nature, OLD, START, release, request, run, run_on, run_with};

fn apply(change: impl FnOnce(&mut Request)) -> Request {
    let mut request = request(Command::Apply);
    change(&mut request);
    request
}

fn phase(fleet: &Fleet) -> Phase {
    fleet.record().unwrap().phase
}

/// 200 devices of which a tenth of wave 2 fails; which those are follows from the plan.
fn failing_in_wave_two() -> Fleet {
    let mut fleet = Fleet::new(200);
    let mut rehearsal = Fleet::new(200);
    run(&mut rehearsal, apply(|request| request.strategy.steps[1].bake = Duration::ZERO));
    let second = rehearsal.sent.iter().find_map(|call| match call {
        Call::Record(record) if record.phase == Phase::Applying && record.wave == 2 => Some(()),
        _ => None,
    });
    assert!(second.is_some());
    let wave_two = rehearsal.sent.iter().filter_map(|call| match call {
        Call::Mark(marks) => Some(marks.iter().filter(|(_, mark)| mark.wave == 2)),
        _ => None,
    });
    let natures = [Nature::Rejects, Nature::Lost, Nature::Sick, Nature::Rejects];
    for ((device, _), nature) in wave_two.flatten().zip(natures) {
        fleet.devices.get_mut(device).unwrap().nature = nature;
    }
    fleet
}

#[test]
fn a_tenth_of_wave_two_fails_and_all_200_go_back() {
    let mut fleet = failing_in_wave_two();
    let ran = run(&mut fleet, request(Command::Apply));
    assert_eq!(ran.code(), 10, "{}", ran.outcome());
    assert!(ran.outcome().to_string().contains("of 40 of the wave failed, and 5 % may"), "{}", ran.outcome());
    assert!(fleet.is_as_before(), "{}", fleet.end_state());
    assert!(fleet.withdrawn && fleet.finalized == 0);
    let touched = fleet.devices.values().filter(|device| device.times_assigned == 1).count();
    assert_eq!(touched, 50, "two waves of 10 and 40");
    let passed = fleet.now.since(START);
    assert!(passed < Duration::from_secs(2 * 3600), "{passed:?}");
    println!(
        "200 devices, wave 2 fails: rolled back after {} minutes, {} looks",
        passed.as_secs() / 60,
        fleet.looks
    );
}

#[test]
fn an_api_that_fails_during_the_rollback_is_retried_and_then_what_is_left_is_named() {
    let mut fleet = failing_in_wave_two();
    // The API goes down for good when the rollback has just begun.
    fleet.meddle.push((
        |record| record.phase == Phase::RollingBack,
        |fleet| {
            fleet.outage = Some((fleet.now.plus(Duration::from_millis(160)), Time::from_millis(u64::MAX)));
        },
    ));
    let ran = run(&mut fleet, request(Command::Apply));
    assert_eq!(ran.code(), 11, "{}", ran.outcome());
    let Outcome::RollbackFailed { left, .. } = ran.outcome() else { panic!() };
    let assigned = fleet.devices.iter().filter(|(_, device)| device.assigned.is_some());
    for (device, _) in assigned {
        assert!(left.contains(&Left::Assign { member: device.clone(), to: None }), "{device}");
    }
    assert!(left.contains(&Left::Withdraw(release(NEW))));
    let began = fleet.record().unwrap().since;
    let took = fleet.now.since(began);
    assert!(took >= Duration::from_secs(1800) && took < Duration::from_secs(1900), "{took:?}");

    // When the API is back, `rollback` finishes what the first could not.
    fleet.outage = None;
    let ran = run_on(&mut fleet, request(Command::Rollback));
    assert_eq!(ran.code(), 10, "{}", ran.outcome());
    assert!(fleet.is_as_before() && fleet.withdrawn);
}

#[test]
fn an_api_that_comes_back_in_time_delays_the_rollback_only() {
    let mut fleet = failing_in_wave_two();
    fleet.meddle.push((
        |record| record.phase == Phase::RollingBack,
        |fleet| {
            fleet.outage =
                Some((fleet.now.plus(Duration::from_secs(1)), fleet.now.plus(Duration::from_secs(600))));
        },
    ));
    assert_eq!(run(&mut fleet, request(Command::Apply)).code(), 10);
    assert!(fleet.is_as_before() && fleet.withdrawn);
}

#[test]
fn a_device_that_does_not_go_back_is_named() {
    let mut fleet = Fleet::new(20);
    for device in fleet.devices.values_mut() {
        device.nature = Nature::Stuck;
    }
    let begun = apply(|request| request.leave_at = Some(START.plus(Duration::from_secs(800))));
    assert_eq!(run(&mut fleet, begun).code(), 15);
    let ran = run(&mut fleet, request(Command::Rollback));
    let Outcome::RollbackFailed { left, .. } = ran.outcome() else { panic!("{}", ran.outcome()) };
    let stuck: Vec<_> =
        fleet.devices.iter().filter(|(_, device)| device.running.as_str() == NEW).map(|(id, _)| id).collect();
    assert!(!stuck.is_empty());
    let named = |device: &&lw_rollout::MemberId| {
        left.contains(&Left::Runs { member: (*device).clone(), expected: Some(release(OLD)) })
    };
    assert!(stuck.iter().all(named) && left.len() == stuck.len(), "{left:?}");
    assert_eq!(phase(&fleet), Phase::RollbackFailed);
    assert_eq!(fleet.lease.as_ref().unwrap().holder, None);
}

#[test]
fn finalizing_that_changes_nothing_fails_and_goes_back() {
    let mut fleet = Fleet::new(20);
    fleet.is_finalizing_silent = true;
    let ran = run(&mut fleet, request(Command::Apply));
    assert_eq!(ran.code(), 10);
    assert!(ran.outcome().to_string().contains("finalizing had no effect"), "{}", ran.outcome());
    assert!(fleet.finalized > 1, "it was tried more than once");
    assert!(fleet.is_as_before());
}

#[test]
fn apply_sends_what_plan_prints() {
    for devices in [3, 20, 200] {
        let mut fleet = Fleet::new(devices);
        let look = match lw_rollout::Target::call(&mut fleet, &Call::Observe, 0).unwrap() {
            lw_rollout::Answer::Seen(look) => *look,
            other => panic!("{other:?}"),
        };
        let printed = rehearse(&request(Command::Apply), &look).unwrap();
        let ran = run(&mut fleet, request(Command::Apply));
        assert_eq!(ran.code(), 0);
        let kept = |call: &&Call| !matches!(call, Call::Lock { expect: Some(token), lease } if *token == lease.token && lease.holder.is_some());
        let sent: Vec<_> = fleet.sent.iter().filter(kept).collect();
        assert_eq!(printed.len(), sent.len());
        for (printed, sent) in printed.iter().zip(sent) {
            assert!(printed.is_same(sent), "{printed:?}\n{sent:?}");
        }
    }
}

#[test]
fn what_was_rolled_back_is_not_begun_again_unless_told() {
    let mut fleet = failing_in_wave_two();
    run(&mut fleet, request(Command::Apply));
    let sent = fleet.sent.len();
    for command in [Command::Apply, Command::Resume, Command::Rollback] {
        let ran = run(&mut fleet, request(command));
        assert_eq!(ran.code(), 10, "{command:?}");
        assert_eq!(fleet.sent.len(), sent, "nothing is sent");
    }
    for command in [Command::Promote, Command::Pause, Command::Abort] {
        assert_eq!(
            run(&mut fleet, request(command)).outcome(),
            &Outcome::Refused(Refusal::Over(Phase::RolledBack))
        );
    }
    // A withdrawn release has to be made valid first.
    let again = apply(|request| request.again = true);
    assert_eq!(run(&mut fleet, again.clone()).outcome(), &Outcome::Refused(Refusal::Withdrawn));
    fleet.withdrawn = false;
    for device in fleet.devices.values_mut() {
        device.nature = Nature::Good;
    }
    assert_eq!(run(&mut fleet, again).code(), 0);
    assert_eq!(fleet.record().unwrap().rollout.as_str(), "1.1.0.2");
}

#[test]
fn what_has_succeeded_stays_so_and_can_be_rolled_back() {
    let mut fleet = Fleet::new(20);
    assert_eq!(run(&mut fleet, request(Command::Apply)).code(), 0);
    let sent = fleet.sent.len();
    assert_eq!(run(&mut fleet, request(Command::Apply)).code(), 0);
    assert_eq!(fleet.sent.len(), sent);
    assert!(fleet.devices.values().all(|device| device.assigned.is_none() && device.mark.is_none()));
    let ran = run(&mut fleet, request(Command::Rollback));
    assert_eq!(ran.code(), 10, "{}", ran.outcome());
    assert!(
        fleet.is_as_before(),
        "nobody has a mark any more, and all are waited for: {}",
        fleet.end_state()
    );
}

#[test]
fn a_rollout_that_could_not_be_rolled_back_is_refused_unless_it_is_the_first() {
    let mut fleet = Fleet::new(5);
    fleet.default = None;
    let ran = run(&mut fleet, request(Command::Apply));
    assert_eq!(ran.outcome(), &Outcome::Refused(Refusal::NoPrevious(5)));
    assert!(fleet.sent.is_empty());
    assert_eq!(run(&mut fleet, apply(|request| request.first = true)).code(), 0);
}

#[test]
fn people_pause_resume_promote_abort_and_roll_back() {
    let mut fleet = Fleet::new(20);
    let no_wait = |command| Request { leave_at: Some(Time::ZERO), ..request(command) };
    assert_eq!(run(&mut fleet, no_wait(Command::Apply)).code(), 15);
    assert_eq!(run(&mut fleet, request(Command::Pause)).code(), 12);
    let sent = fleet.sent.len();
    // Running the workflow once more does not undo what a person wants.
    assert_eq!(run(&mut fleet, request(Command::Apply)).code(), 12);
    assert_eq!(fleet.sent.len(), sent);
    assert_eq!(run(&mut fleet, no_wait(Command::Resume)).code(), 15);
    assert_eq!((phase(&fleet), fleet.record().unwrap().wave), (Phase::Applying, 1));
    assert_eq!(run(&mut fleet, no_wait(Command::Promote)).code(), 15);
    assert_eq!(fleet.record().unwrap().wave, 2, "one wave and no more");
    assert_eq!(run(&mut fleet, request(Command::Abort)).code(), 16);
    let assigned = |fleet: &Fleet| fleet.devices.values().filter(|device| device.assigned.is_some()).count();
    assert_eq!(assigned(&fleet), 5, "everything stays as it is");
    for command in [Command::Resume, Command::Apply, Command::Abort] {
        assert_eq!(run(&mut fleet, request(command)).code(), 16);
    }
    assert_eq!(run(&mut fleet, request(Command::Rollback)).code(), 10);
    assert!(fleet.is_as_before());
}

#[test]
fn who_holds_the_lease_obeys_what_others_ask() {
    for (command, code) in [(Command::Pause, 12), (Command::Abort, 16), (Command::Rollback, 10)] {
        let mut fleet = Fleet::new(20);
        // The first process is killed in a bake; its lease is still held when somebody asks.
        let killed = run_with(&mut fleet, request(Command::Apply), Kill::After(20), None);
        assert!(killed.outcome.is_none() && phase(&fleet).is_under_way());
        let asks = Request { holder: "person".to_owned(), ..request(command) };
        assert_eq!(run(&mut fleet, asks).outcome(), &Outcome::Asked, "{command:?}");
        assert!(fleet.wish.is_some());
        let ran = run_on(&mut fleet, request(Command::Apply));
        assert_eq!(ran.code(), code, "{}", ran.outcome());
        assert_eq!(fleet.wish, None);
    }
}

#[test]
fn a_cancelled_run_pauses_or_goes_back_as_the_strategy_says() {
    let at = Some(START.plus(Duration::from_secs(700)));
    let mut fleet = Fleet::new(20);
    let ran = run_with(&mut fleet, request(Command::Apply), Kill::Never, at);
    assert_eq!(ran.outcome(), &Outcome::Paused { why: "the run was cancelled".to_owned(), decision: false });
    assert_eq!(fleet.lease.as_ref().unwrap().holder, None);
    assert_eq!(run(&mut fleet, request(Command::Resume)).code(), 0);

    let mut fleet = Fleet::new(20);
    let back = apply(|request| request.strategy.on_cancel = Reaction::RollBack);
    let ran = run_with(&mut fleet, back.clone(), Kill::Never, at);
    assert_eq!(
        ran.code(),
        15,
        "it has sent everybody back, and does not wait until they are: {}",
        ran.outcome()
    );
    assert!(fleet.devices.values().all(|device| device.assigned.is_none()) && fleet.withdrawn);
    assert_eq!(run_on(&mut fleet, back).code(), 10);
    assert!(fleet.is_as_before());
}

#[test]
fn something_newer_ends_it_where_it_is_and_takes_over_what_to_go_back_to() {
    let mut fleet = Fleet::new(20);
    fleet.meddle.push((
        |record| record.phase == Phase::Applying && record.wave == 2,
        |fleet| {
            fleet.newer = Some(release("1.2.0"));
        },
    ));
    let ran = run(&mut fleet, request(Command::Apply));
    assert_eq!(ran.code(), 14, "{}", ran.outcome());
    assert_eq!(fleet.devices.values().filter(|device| device.times_assigned > 0).count(), 1);

    // A rollout of another release: its previous is what preceded the one that was given up.
    fleet.meddle.clear();
    fleet.newer = None;
    fleet.release = release("1.3.0");
    let next =
        |command| Request { release: release("1.3.0"), leave_at: Some(Time::ZERO), ..request(command) };
    assert_eq!(run(&mut fleet, next(Command::Apply)).code(), 15);
    assert!(
        fleet.devices.values().all(|device| device.mark.as_ref().is_some_and(|mark| mark.previous.is_none()))
    );
    assert_eq!(fleet.record().unwrap().previous, Some(release(OLD)));
    // The one before cannot go on any more, nor be rolled back under the feet of this one.
    fleet.release = release(NEW);
    for command in [Command::Resume, Command::Rollback] {
        assert_eq!(run(&mut fleet, request(command)).code(), 14, "{command:?}");
    }
    fleet.release = release("1.3.0");
    let back = Request { leave_at: None, ..next(Command::Rollback) };
    assert_eq!(run_on(&mut fleet, back).code(), 10);
    assert!(fleet.is_as_before());
}

#[test]
fn a_rollout_is_continued_by_the_strategy_it_began_with() {
    let mut fleet = Fleet::new(20);
    let no_wait = apply(|request| request.leave_at = Some(Time::ZERO));
    run(&mut fleet, no_wait.clone());
    let mut other = no_wait;
    other.strategy.max_failed = lw_rollout::Share::ALL;
    assert!(matches!(
        run(&mut fleet, other.clone()).outcome(),
        Outcome::Refused(Refusal::OtherStrategy { .. })
    ));
    // Going back needs none.
    other.command = Command::Rollback;
    other.leave_at = None;
    assert_eq!(run(&mut fleet, other).code(), 10);
}

#[test]
fn a_target_that_never_answers_is_given_up_in_time() {
    let mut fleet = Fleet::new(3);
    fleet.outage = Some((START, Time::from_millis(u64::MAX)));
    let ran = run(&mut fleet, request(Command::Apply));
    assert_eq!(ran.code(), 4);
    let passed = fleet.now.since(START);
    assert!(passed >= Duration::from_secs(900) && passed < Duration::from_secs(1000), "{passed:?}");
    // Everything done, the answers lost from some call on: nothing is repeated for ever.
    for number in [0, 1, 3, 6] {
        let mut fleet = Fleet::new(3);
        fleet.faults.extend((number..10_000).map(|call| (call, Fault::Lie)));
        let ran = run(&mut fleet, request(Command::Apply));
        assert!([4, 10, 11, 12].contains(&ran.code()), "{number}: {}", ran.outcome());
        assert!(fleet.now.since(START) < Duration::from_secs(3 * 3600), "{number}");
    }
}

fn errors(on_no_data: Missing, on_fail: OnFail) -> Check {
    Check {
        name: "errors".to_owned(),
        every: Duration::from_secs(60),
        in_a_row: 3,
        min_samples: 100,
        on_fail,
        on_no_data,
        on_error: Missing::Wait,
    }
}

fn said(samples: u64, holds: bool) -> Result<Sample, CallError> {
    Ok(Sample { samples, holds: Some(holds), said: format!("{samples} samples") })
}

fn checked(check: Check, answers: Vec<(u64, Result<Sample, CallError>)>) -> (Fleet, Outcome) {
    let mut fleet = Fleet::new(20);
    let answers =
        answers.into_iter().map(|(minute, said)| (START.plus(Duration::from_secs(60 * minute)), said));
    fleet.checks.insert("errors".to_owned(), answers.collect());
    let ran = run(&mut fleet, apply(|request| request.strategy.checks = vec![check]));
    (fleet, ran.outcome().clone())
}

#[test]
fn a_check_fails_the_rollout_at_its_third_failure_and_not_before() {
    let check = errors(Missing::Wait, OnFail::RollBack);
    let (_, outcome) = checked(check.clone(), vec![(0, said(100, true))]);
    assert_eq!(outcome, Outcome::Succeeded);
    let (fleet, outcome) = checked(check.clone(), vec![(0, said(100, true)), (20, said(100, false))]);
    assert_eq!(outcome.exit_code(), 10, "{outcome}");
    assert!(outcome.to_string().contains("check errors failed 3 times"), "{outcome}");
    assert!(fleet.is_as_before());
    // Two failures and a pass are none.
    let (_, outcome) =
        checked(check, vec![(0, said(100, true)), (20, said(100, false)), (22, said(100, true))]);
    assert_eq!(outcome, Outcome::Succeeded);
    let (_, outcome) = checked(errors(Missing::Wait, OnFail::Pause), vec![(0, said(100, false))]);
    assert!(matches!(outcome, Outcome::Paused { decision: true, .. }), "{outcome}");
    let (_, outcome) = checked(errors(Missing::Wait, OnFail::Report), vec![(0, said(100, false))]);
    assert_eq!(outcome, Outcome::Succeeded);
}

#[test]
fn no_data_and_an_error_are_neither_passed_nor_failed() {
    let too_few = vec![(0, said(99, false))];
    for (policy, code) in [(Missing::Wait, 12), (Missing::Pause, 12), (Missing::Fail, 10), (Missing::Pass, 0)]
    {
        let (_, outcome) = checked(errors(policy, OnFail::RollBack), too_few.clone());
        assert_eq!(outcome.exit_code(), code, "{policy:?}: {outcome}");
    }
    let unreachable =
        CallError { failure: Failure::NotSent, retry_after: None, message: "refused".to_owned() };
    let (_, outcome) = checked(errors(Missing::Pass, OnFail::RollBack), vec![(0, Err(unreachable.clone()))]);
    assert_eq!(outcome.exit_code(), 12, "{outcome}");
    // Data that comes while it is waited for is in time.
    let late = vec![(0, Err(unreachable)), (20, said(100, true))];
    let (_, outcome) = checked(errors(Missing::Wait, OnFail::RollBack), late);
    assert_eq!(outcome, Outcome::Succeeded);
}

#[test]
fn an_undecided_rollout_waits_for_a_person_and_is_promoted() {
    let mut fleet = Fleet::new(20);
    let check = errors(Missing::Pause, OnFail::RollBack);
    let with = |command| {
        let mut request = request(command);
        request.strategy.checks = vec![check.clone()];
        request
    };
    assert_eq!(run(&mut fleet, with(Command::Apply)).code(), 12);
    let sent = fleet.sent.len();
    assert_eq!(run(&mut fleet, with(Command::Resume)).code(), 12, "resuming decides nothing");
    assert_eq!(fleet.sent.len(), sent);
    assert_eq!(run(&mut fleet, with(Command::Promote)).code(), 12, "and so does the next wave");
    assert_eq!(fleet.record().unwrap().wave, 2);
    assert_eq!(run(&mut fleet, with(Command::Promote)).code(), 12);
    assert_eq!(run(&mut fleet, with(Command::Promote)).code(), 0);
    assert_eq!(fleet.default, Some(release(NEW)));
}

#[test]
fn a_bake_is_as_long_as_it_says() {
    let mut fleet = Fleet::new(20);
    let ran = run(&mut fleet, request(Command::Apply));
    assert_eq!(ran.code(), 0);
    let mut began: Option<(u32, Time)> = None;
    let mut bakes = Vec::new();
    for call in &fleet.sent {
        let Call::Record(record) = call else { continue };
        if let Some((wave, since)) = began.take() {
            bakes.push((wave, record.since.since(since)));
        }
        began = (record.phase == Phase::Baking).then(|| (record.wave, record.baking.unwrap()));
    }
    assert_eq!(bakes.len(), 3);
    for (wave, took) in bakes {
        let asked = request(Command::Apply).strategy.bake(wave);
        assert!(
            took >= asked && took < asked + Duration::from_secs(31),
            "wave {wave}: {took:?} for {asked:?}"
        );
    }
}
