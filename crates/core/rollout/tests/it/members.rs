//! Who is in a rollout, and what becomes of members that others change meanwhile.

use std::collections::BTreeSet;
use std::time::Duration;

use lw_rollout::{
    Answer, Call, Command, Excluded, Observed, OnHeld, Outcome, Phase, Plan, Refusal, Request, Standing,
    Target,
};

use crate::fleet::{Fleet, NEW, Nature, OLD, START, id, release, request, run};

fn look(fleet: &mut Fleet) -> Observed {
    match fleet.call(&Call::Observe, 0).unwrap() {
        Answer::Seen(look) => *look,
        other => panic!("{other:?}"),
    }
}

fn plan(fleet: &mut Fleet) -> Plan {
    Plan::new(&request(Command::Apply), &look(fleet), 0).unwrap()
}

#[test]
fn five_percent_of_three_devices_is_one_and_it_is_said() {
    let mut fleet = Fleet::new(3);
    let plan = plan(&mut fleet);
    let sizes: Vec<_> =
        plan.waves.iter().map(|wave| (wave.number, wave.members.len(), wave.so_far)).collect();
    assert_eq!(sizes, [(1, 1, 1), (3, 2, 3)]);
    assert_eq!(
        plan.notes,
        ["step 1 of 5 % is 1 of 3, which is 33.33 %", "step 2 of 25 % adds nobody to 1 of 3"]
    );
    assert_eq!(run(&mut fleet, request(Command::Apply)).code(), 0);
    assert!(
        fleet.devices.values().all(|device| device.running.as_str() == NEW && device.times_assigned == 1)
    );
}

#[test]
fn the_same_look_gives_the_same_plan_and_another_attempt_another_canary() {
    let mut fleet = Fleet::new(100);
    let look = look(&mut fleet);
    let request = request(Command::Apply);
    let canary = |attempt| Plan::new(&request, &look, attempt).unwrap().waves[0].members.clone();
    assert_eq!(canary(0), canary(0));
    let different: BTreeSet<_> = (0..10).map(canary).collect();
    assert_eq!(different.len(), 10);
    let other = Request { fleet: "org/other".to_owned(), ..request.clone() };
    assert_ne!(Plan::new(&other, &look, 0).unwrap().waves[0].members, canary(0));
}

#[test]
fn offline_locked_and_pinned_members_are_in_no_wave_and_are_told() {
    let mut fleet = Fleet::new(10);
    fleet.devices.get_mut(&id(0)).unwrap().offline = Some(Some(START));
    fleet.devices.get_mut(&id(1)).unwrap().locked = true;
    fleet.devices.get_mut(&id(2)).unwrap().assigned = Some(release("0.9.0"));
    let plan = plan(&mut fleet);
    assert_eq!(
        plan.excluded,
        [(id(0), Excluded::Offline), (id(1), Excluded::Locked), (id(2), Excluded::Pinned)]
    );
    assert_eq!(plan.waves.iter().map(|wave| wave.members.len()).sum::<usize>(), 7);
    assert!(
        plan.notes.iter().any(|note| note.starts_with("finalizing gives the release to 2 more")),
        "{:?}",
        plan.notes
    );
    assert_eq!(run(&mut fleet, request(Command::Apply)).code(), 0);
    assert_eq!(fleet.devices[&id(2)].assigned, Some(release("0.9.0")), "what a person pins stays pinned");
    assert!((0..3).all(|number| fleet.devices[&id(number)].times_assigned == 0));
}

#[test]
fn a_cohort_of_nobody_is_refused() {
    let refused = |fleet: &mut Fleet| {
        let ran = run(fleet, request(Command::Apply));
        assert!(fleet.sent.is_empty());
        match ran.outcome() {
            Outcome::Refused(Refusal::EmptyCohort { members, offline, .. }) => (*members, *offline),
            other => panic!("{other}"),
        }
    };
    assert_eq!(refused(&mut Fleet::new(0)), (0, 0));
    let mut fleet = Fleet::new(4);
    for device in fleet.devices.values_mut() {
        device.offline = Some(None);
    }
    assert_eq!(refused(&mut fleet), (4, 4));
}

#[test]
fn a_release_that_is_live_or_older_is_refused() {
    let mut fleet = Fleet::new(4);
    fleet.default = Some(release(NEW));
    assert_eq!(run(&mut fleet, request(Command::Apply)).outcome(), &Outcome::Refused(Refusal::AlreadyLive));
    fleet.default = Some(release("1.2.0"));
    fleet.newer = Some(release("1.2.0"));
    let refused = Outcome::Refused(Refusal::Newer(release("1.2.0")));
    assert_eq!(run(&mut fleet, request(Command::Apply)).outcome(), &refused);
    assert!(fleet.sent.is_empty());
}

#[test]
fn members_that_vanish_appear_or_are_pinned_meanwhile_are_not_touched() {
    let mut fleet = Fleet::new(40);
    fleet.meddle.push((
        |record| record.phase == Phase::Baking && record.wave == 1,
        |fleet| {
            let marked = |wave| {
                move |(_, device): &(&lw_rollout::MemberId, &crate::fleet::Device)| {
                    device.mark.as_ref().is_some_and(|mark| mark.wave == wave)
                }
            };
            let of = |fleet: &Fleet, wave: u32, nth: usize| {
                fleet.devices.iter().filter(marked(wave)).nth(nth).map(|(id, _)| id.clone()).unwrap()
            };
            let (vanishes, pinned, taken_back) = (of(fleet, 2, 0), of(fleet, 2, 1), of(fleet, 1, 0));
            fleet.devices.remove(&vanishes);
            fleet.devices.get_mut(&pinned).unwrap().assigned = Some(release("0.9.0"));
            // A person sends a canary back by hand.
            fleet.devices.get_mut(&taken_back).unwrap().assigned = None;
            let appears = Fleet::new(1).devices.remove(&id(0)).unwrap();
            fleet.devices.insert(lw_rollout::MemberId::new("new-device"), appears);
        },
    ));
    let ran = run(&mut fleet, request(Command::Apply));
    assert_eq!(ran.code(), 0, "{}", ran.outcome());
    assert_eq!(ran.engine.vanished().len(), 1);
    assert!(fleet.devices.values().all(|device| device.times_assigned <= 1));
    let pinned: Vec<_> = fleet.devices.values().filter(|device| device.assigned.is_some()).collect();
    assert!(
        pinned.len() == 1 && pinned[0].assigned == Some(release("0.9.0")) && pinned[0].times_assigned == 0
    );
    assert_eq!(fleet.devices[&lw_rollout::MemberId::new("new-device")].times_assigned, 0);
}

#[test]
fn what_people_pin_during_a_rollout_is_not_rolled_back() {
    let mut fleet = Fleet::new(20);
    for device in fleet.devices.values_mut() {
        device.nature = Nature::Rejects;
    }
    fleet.meddle.push((
        |record| record.phase == Phase::RollingBack,
        |fleet| {
            let device = fleet.devices.values_mut().find(|device| device.assigned.is_some()).unwrap();
            device.assigned = Some(release("0.9.0"));
        },
    ));
    assert_eq!(run(&mut fleet, request(Command::Apply)).code(), 10);
    let pinned: Vec<_> = fleet.devices.values().filter_map(|device| device.assigned.clone()).collect();
    assert_eq!(pinned, [release("0.9.0")]);
}

#[test]
fn a_wave_of_which_nobody_is_left_is_not_passed() {
    let mut fleet = Fleet::new(40);
    fleet.meddle.push((
        |record| record.phase == Phase::Applying && record.wave == 1,
        |fleet| {
            fleet.devices.retain(|_, device| device.mark.as_ref().is_some_and(|mark| mark.wave > 1));
        },
    ));
    let ran = run(&mut fleet, request(Command::Apply));
    assert_eq!(
        ran.outcome(),
        &Outcome::Paused { why: "wave 1: 0 say something, and 1 are needed".to_owned(), decision: true }
    );
}

#[test]
fn a_member_that_was_offline_before_its_wave_counts_neither_way() {
    let mut fleet = Fleet::new(20);
    // Offline after the plan and before its wave: it says nothing about the release.
    fleet.meddle.push((
        |record| record.phase == Phase::Preparing,
        |fleet| {
            let at = fleet.now;
            fleet.devices.get_mut(&id(4)).unwrap().offline = Some(Some(at));
        },
    ));
    let ran = run(&mut fleet, request(Command::Apply));
    assert_eq!(ran.code(), 0, "{}", ran.outcome());
    assert_eq!(fleet.devices[&id(4)].running.as_str(), OLD);
}

#[test]
fn a_device_that_flaps_after_the_update_fails_its_wave() {
    let mut fleet = Fleet::new(20);
    for device in fleet.devices.values_mut() {
        device.nature = Nature::Flaps;
    }
    // 1 000 s after the update, which is within a bake of half an hour.
    let mut flapping = request(Command::Apply);
    flapping.strategy.steps[0].bake = Duration::from_secs(1800);
    let ran = run(&mut fleet, flapping);
    assert_eq!(ran.code(), 10, "{}", ran.outcome());
    assert!(fleet.is_as_before());
}

#[test]
fn a_device_that_holds_the_release_is_told_or_fails() {
    for (on_held, code) in [(OnHeld::Report, 0), (OnHeld::Fail, 10)] {
        let mut fleet = Fleet::new(20);
        fleet.devices.get_mut(&id(7)).unwrap().nature = Nature::Holds;
        let mut held = request(Command::Apply);
        held.strategy.on_held = on_held;
        held.strategy.max_failed = lw_rollout::Share::NONE;
        let last = held.strategy.steps.pop().unwrap();
        held.strategy.steps = vec![last];
        let ran = run(&mut fleet, held);
        assert_eq!(ran.code(), code, "{}", ran.outcome());
    }
}

#[test]
fn the_report_says_how_each_member_stands() {
    let mut fleet = Fleet::new(40);
    for number in 0..40 {
        fleet.devices.get_mut(&id(number)).unwrap().nature = Nature::Rejects;
    }
    let mut undecided = request(Command::Apply);
    undecided.strategy.on_failure = lw_rollout::Reaction::Pause;
    let ran = run(&mut fleet, undecided);
    assert_eq!(ran.code(), 12);
    let report = ran.engine.report();
    assert_eq!(report.len(), 2, "5 % of 40 were told");
    assert!(report.iter().any(|(_, wave, standing)| *wave == 1 && matches!(standing, Standing::Failed(_))));
}
