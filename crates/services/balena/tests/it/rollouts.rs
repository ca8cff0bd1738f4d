//! Whole rollouts in the stub's time.

use std::time::Duration;

use lw_balena::{LEASE_TAG, MARK_TAG, RECORD_TAG, WISH_TAG};
use lw_http::{Address, Body, Client, Method, Settings};
use lw_rollout::journal::Event;
use lw_rollout::{
    Answer, Call, Command, Engine, Excluded, Left, Outcome, Refusal, StrategyStep, Target, rehearse,
};
use lw_secret::Secret;
use lw_testkit::balena::{Device, Fault, Host, Injection, Outcome as Update, Release, When};

use crate::{Run, World, request, run_until};

/// A fleet of so many devices on 1.0.0, and a draft.
pub(crate) fn fleet(world: &World, devices: usize) -> (i64, i64, i64, Vec<i64>) {
    let fleet = world.stub.add_fleet("fleet1");
    let old = world.stub.add_release(fleet, &Release::last("1.0.0"));
    let devices = world.stub.add_devices(fleet, devices, &Device::default());
    world.stub.advance(Duration::from_secs(60));
    let new = world.stub.add_release(fleet, &Release::draft("1.1.0"));
    (fleet, old, new, devices)
}

/// How often devices were pinned to a release.
fn installs(world: &World, release: i64) -> Vec<usize> {
    let state = world.stub.state();
    let count = |device: &lw_testkit::balena::DeviceState| {
        device.installs.iter().filter(|install| install.release == release).count()
    };
    state.devices.values().map(count).collect()
}

/// Nothing of a rollout is left at the devices, and nobody holds the lease.
fn assert_clean(world: &World, fleet: i64) {
    let state = world.stub.state();
    for device in state.devices_of(fleet) {
        assert!(!device.tags.contains_key(MARK_TAG), "{device:?}");
    }
    assert!(state.fleets[&fleet].tags[LEASE_TAG].contains("\"holder\":null"));
    assert_eq!(world.stub.refusals(), Vec::<String>::new());
}

#[test]
fn a_draft_reaches_everybody_in_waves_and_becomes_the_fleets() {
    let world = World::new();
    let (fleet_id, _, new, devices) = fleet(&world, 20);
    let fleet = world.fleet("admin/fleet1");
    let Run { outcome, events, .. } = world.run(&fleet, new, "job-1", |_| {});
    assert_eq!(outcome, Outcome::Succeeded);
    let state = world.stub.state();
    assert_eq!(state.fleets[&fleet_id].target, Some(new));
    assert!(state.releases[&new].is_final);
    assert_eq!(state.running(fleet_id, new), devices.len());
    assert!(state.devices_of(fleet_id).all(|device| device.pinned.is_none()));
    assert!(installs(&world, new).iter().all(|count| *count == 1));
    assert!(state.releases[&new].tags[RECORD_TAG].contains("succeeded"));
    assert!(!state.fleets[&fleet_id].tags.contains_key(WISH_TAG));
    assert_clean(&world, fleet_id);
    let assigned = |event: &Event| match event {
        Event::Intent { call: Call::Assign(changes), .. } => Some(changes.len()),
        _ => None,
    };
    // Waves of 1, 4, 5 and 10, then everybody follows the fleet again.
    assert_eq!(events.iter().filter_map(assigned).collect::<Vec<_>>(), [1, 4, 5, 10, 20]);
}

#[test]
fn what_is_planned_is_what_is_sent() {
    let world = World::new();
    let (_, _, new, _) = fleet(&world, 3);
    let fleet = world.fleet("admin/fleet1");
    let (mut target, _) = world.process(&fleet, new);
    let Ok(Answer::Seen(look)) = target.call(&Call::Observe, 0) else { panic!("no look") };
    let planned = rehearse(&request(&fleet, new, "plan"), &look).unwrap();
    let sent_before = world.stub.requests().iter().filter(|seen| seen.is_mutating).count();
    assert_eq!(sent_before, 0);
    let Run { outcome, events, .. } = world.run(&fleet, new, "job-1", |_| {});
    assert_eq!(outcome, Outcome::Succeeded);
    let sent = events.iter().filter_map(|event| match event {
        Event::Intent { call, .. } => Some(call.clone()),
        _ => None,
    });
    // Keeping the lease is no step of the plan.
    let is_kept = |call: &Call| matches!(call, Call::Lock { expect: Some(token), lease } if *token == lease.token && lease.holder.is_some());
    let sent: Vec<Call> = sent.filter(|call| !is_kept(call)).collect();
    assert_eq!(sent.len(), planned.len());
    assert!(sent.iter().zip(&planned).all(|(sent, planned)| sent.is_same(planned)));
}

#[test]
fn a_fleet_of_three_has_three_waves_at_most_and_says_what_5_percent_are() {
    let world = World::new();
    let (_, _, new, _) = fleet(&world, 3);
    let fleet = world.fleet("admin/fleet1");
    let run = world.run(&fleet, new, "job-1", |_| {});
    assert_eq!(run.outcome, Outcome::Succeeded);
    let plan = run.engine.plan().unwrap();
    assert_eq!(plan.waves.iter().map(|wave| wave.members.len()).collect::<Vec<_>>(), [1, 1, 1]);
    assert!(plan.notes.iter().any(|note| note.contains("step 1 of 5 % is 1 of 3, which is 33.33 %")));
}

#[test]
fn two_hundred_devices_of_which_a_tenth_fails_go_back_in_bounded_time() {
    let world = World::new();
    let (fleet_id, old, new, devices) = fleet(&world, 200);
    // A tenth of all, and none of the canary: the second wave finds out.
    let fleet = world.fleet("admin/fleet1");
    let began = world.stub.now();
    let (mut target, mut host) = world.process(&fleet, new);
    let mut engine = Engine::new(request(&fleet, new, "job-1"));
    run_until(&mut engine, &mut target, &mut host, |call| matches!(call, Call::Assign(_)));
    let waves = engine.plan().unwrap().waves.clone();
    drop((engine, target));
    let state = world.stub.state();
    let id_of = |uuid: &str| state.devices.values().find(|device| device.uuid == uuid).unwrap().id;
    for member in waves[1].members.iter().step_by(10) {
        world.stub.set_outcome(id_of(member.as_str()), new, Update::Aborts);
    }
    // That process is gone: another one waits until its lease is over, and goes on.
    world.stub.advance(Duration::from_secs(301));
    let Run { outcome, .. } = world.run(&fleet, new, "job-2", |_| {});
    let Outcome::RolledBack { why, pending } = &outcome else { panic!("{outcome}") };
    assert!(why.starts_with("wave 2: "), "{why}");
    assert!(pending.is_empty());
    assert_eq!(outcome.exit_code(), 10);
    let state = world.stub.state();
    assert_eq!(state.fleets[&fleet_id].target, Some(old));
    assert_eq!(state.running(fleet_id, old), devices.len());
    assert!(state.devices_of(fleet_id).all(|device| device.pinned.is_none()));
    assert!(state.releases[&new].is_invalidated && !state.releases[&new].is_final);
    let passed = world.stub.now() - began;
    assert!(passed < Duration::from_secs(2 * 3600), "{passed:?}");
    assert_clean(&world, fleet_id);
    // The same release again sends nothing.
    let before = world.stub.requests().iter().filter(|seen| seen.is_mutating).count();
    let again = world.run(&fleet, new, "job-3", |_| {});
    assert!(matches!(again.outcome, Outcome::RolledBack { .. }));
    assert_eq!(world.stub.requests().iter().filter(|seen| seen.is_mutating).count(), before);
}

#[test]
fn the_api_failing_during_the_rollback_leaves_a_list_of_what_is_to_be_done() {
    let world = World::new();
    let (fleet_id, old, new, devices) = fleet(&world, 20);
    for device in &devices {
        world.stub.set_outcome(*device, new, Update::Rejects);
    }
    let fleet = world.fleet("admin/fleet1");
    let (mut target, mut host) = world.process(&fleet, new);
    let mut engine = Engine::new(request(&fleet, new, "job-1"));
    run_until(
        &mut engine,
        &mut target,
        &mut host,
        |call| matches!(call, Call::Assign(changes) if changes.iter().any(|change| change.to.is_none())),
    );
    world.stub.inject(Injection {
        when: When::Host(Host::Api),
        fault: Fault::Status(500),
        takes_effect: false,
        times: usize::MAX,
    });
    let outcome = lw_rollout::drive(&mut engine, &mut target, &mut host);
    let Ok(Outcome::RollbackFailed { left, .. }) = outcome else { panic!("{outcome:?}") };
    assert!(left.iter().any(|left| matches!(left, Left::Assign { to: None, .. })), "{left:?}");
    assert!(left.iter().any(|left| matches!(left, Left::Withdraw(_))), "{left:?}");
    let state = world.stub.state();
    assert_eq!((state.fleets[&fleet_id].target, state.releases[&new].is_invalidated), (Some(old), false));
}

#[test]
fn finalizing_an_older_draft_is_refused() {
    let world = World::new();
    let (fleet_id, _, new, _) = fleet(&world, 3);
    world.stub.advance(Duration::from_secs(60));
    let newer = world.stub.add_release(fleet_id, &Release::last("1.2.0"));
    world.stub.advance(Duration::from_secs(1200));
    let fleet = world.fleet("admin/fleet1");
    let before = world.stub.requests().iter().filter(|seen| seen.is_mutating).count();
    let Run { outcome, .. } = world.run(&fleet, new, "job-1", |_| {});
    let Outcome::Refused(Refusal::Newer(by)) = &outcome else { panic!("{outcome}") };
    assert_eq!(by.as_str(), newer.to_string());
    assert_eq!(world.stub.requests().iter().filter(|seen| seen.is_mutating).count(), before);
    assert!(!world.stub.state().releases[&new].is_final);
}

#[test]
fn a_newer_final_release_ends_a_rollout_before_its_next_wave() {
    let world = World::new();
    let (fleet_id, _, new, _) = fleet(&world, 20);
    let fleet = world.fleet("admin/fleet1");
    let left = world.run(&fleet, new, "job-1", |request| request.leave_at = Some(lw_rollout::Time::ZERO));
    assert!(matches!(left.outcome, Outcome::InProgress { .. }), "{}", left.outcome);
    let newer = world.stub.add_release(fleet_id, &Release::last("1.2.0"));
    let Run { outcome, .. } = world.run(&fleet, new, "job-2", |_| {});
    let Outcome::Superseded { by } = &outcome else { panic!("{outcome}") };
    assert_eq!(by, &newer.to_string());
    assert!(!world.stub.state().releases[&new].is_final);
}

#[test]
fn a_fleet_that_somebody_has_pinned_is_pinned_to_the_release_and_back() {
    for fails in [false, true] {
        let world = World::new();
        let (fleet_id, old, new, devices) = fleet(&world, 4);
        world.stub.pin_fleet(fleet_id, Some(old));
        if fails {
            world.stub.set_outcome(devices[0], new, Update::Rejects);
        }
        let fleet = world.fleet("admin/fleet1");
        assert!(!fleet.tracks);
        let Run { outcome, .. } = world.run(&fleet, new, "job-1", |_| {});
        let state = world.stub.state();
        let (expected, code) = if fails { (old, 10) } else { (new, 0) };
        assert_eq!(outcome.exit_code(), code, "{outcome}");
        assert_eq!(state.fleets[&fleet_id].target, Some(expected));
        assert!(!state.fleets[&fleet_id].tracks_latest);
        assert_eq!(state.running(fleet_id, expected), 4);
        assert_clean(&world, fleet_id);
        // A rollback by a person pins the fleet to what it was.
        if !fails {
            let back = world.run(&fleet, new, "job-2", |request| request.command = Command::Rollback);
            assert_eq!(back.outcome.exit_code(), 10, "{}", back.outcome);
            assert_eq!(world.stub.state().fleets[&fleet_id].target, Some(old));
        }
    }
}

#[test]
fn offline_locked_and_pinned_devices_are_in_no_wave_and_keep_what_they_have() {
    let world = World::new();
    let (fleet_id, old, new, devices) = fleet(&world, 3);
    let offline = world.stub.add_device(fleet_id, &Device { is_online: false, ..Device::default() });
    let pinned = world.stub.add_device(fleet_id, &Device { pinned: Some(old), ..Device::default() });
    let until = world.stub.now() + Duration::from_secs(7 * 24 * 3600);
    let locked = world.stub.add_device(fleet_id, &Device { locked_until: Some(until), ..Device::default() });
    let fleet = world.fleet("admin/fleet1");
    let run = world.run(&fleet, new, "job-1", |_| {});
    assert_eq!(run.outcome, Outcome::Succeeded);
    let state = world.stub.state();
    let uuid = |id: i64| state.devices[&id].uuid.clone();
    let excluded = run.engine.plan().unwrap().excluded.clone();
    for (id, why) in [(offline, Excluded::Offline), (pinned, Excluded::Pinned), (locked, Excluded::Locked)] {
        assert!(
            excluded.iter().any(|(member, reason)| member.as_str() == uuid(id) && *reason == why),
            "{why}"
        );
    }
    assert_eq!(state.devices[&pinned].pinned, Some(old));
    assert_eq!(state.devices[&locked].running, Some(old));
    assert_eq!(state.running(fleet_id, new), devices.len());
}

#[test]
fn a_device_pinned_by_hand_meanwhile_is_told_and_not_touched() {
    let world = World::new();
    let (_, old, new, devices) = fleet(&world, 20);
    let fleet = world.fleet("admin/fleet1");
    let steps = |request: &mut lw_rollout::Request| {
        let all = request.strategy.steps.last().unwrap().share;
        request.strategy.steps = vec![StrategyStep { share: all, bake: Duration::from_secs(900) }];
    };
    let run = world.run(&fleet, new, "job-1", |request| {
        steps(request);
        request.leave_at = Some(lw_rollout::Time::ZERO);
    });
    assert!(matches!(run.outcome, Outcome::InProgress { .. }), "{}", run.outcome);
    world.stub.pin(devices[4], Some(old));
    let run = world.run(&fleet, new, "job-2", steps);
    assert_eq!(run.outcome, Outcome::Succeeded);
    let state = world.stub.state();
    assert_eq!(state.devices[&devices[4]].pinned, Some(old));
    assert_eq!(state.devices[&devices[4]].running, Some(old));
}

#[test]
fn the_devices_own_poll_interval_decides_how_long_it_has() {
    let world = World::new();
    let fleet_id = world.stub.add_fleet("fleet1");
    world.stub.add_release(fleet_id, &Release::last("1.0.0"));
    let slow = Device { poll: Duration::from_secs(3600), ..Device::default() };
    world.stub.add_devices(fleet_id, 3, &slow);
    world.stub.add_devices(fleet_id, 3, &Device { poll: Duration::from_secs(900), ..Device::default() });
    world.stub.advance(Duration::from_secs(7200));
    let new = world.stub.add_release(fleet_id, &Release::draft("1.1.0"));
    let fleet = world.fleet("admin/fleet1");
    let (mut target, _) = world.process(&fleet, new);
    let Ok(Answer::Seen(look)) = target.call(&Call::Observe, 0) else { panic!("no look") };
    let mut polls: Vec<u64> = look.members.values().map(|member| member.poll.as_secs()).collect();
    lw_model::lists::sort(&mut polls);
    assert_eq!(polls, [900, 900, 900, 3600, 3600, 3600]);
    assert_eq!(world.run(&fleet, new, "job-1", |_| {}).outcome, Outcome::Succeeded);
    assert_eq!(world.stub.refusals(), Vec::<String>::new());
}

#[test]
fn who_holds_the_lease_is_asked_and_obeys() {
    let world = World::new();
    let (fleet_id, old, new, _) = fleet(&world, 8);
    let fleet = world.fleet("admin/fleet1");
    let (mut target, mut host) = world.process(&fleet, new);
    let mut engine = Engine::new(request(&fleet, new, "job-1"));
    let mut waves = 0;
    run_until(&mut engine, &mut target, &mut host, |call| {
        waves += usize::from(matches!(call, Call::Assign(_)));
        waves == 2
    });
    let held = world.run(&fleet, new, "job-2", |_| {});
    assert!(
        matches!(&held.outcome, Outcome::LockHeld { holder, .. } if holder == "job-1"),
        "{}",
        held.outcome
    );
    let asked = world.run(&fleet, new, "job-2", |request| request.command = Command::Rollback);
    assert_eq!(asked.outcome, Outcome::Asked);
    let outcome = lw_rollout::drive(&mut engine, &mut target, &mut host).unwrap();
    assert_eq!(outcome.exit_code(), 10, "{outcome}");
    let state = world.stub.state();
    assert_eq!(state.running(fleet_id, old), 8);
    assert!(!state.fleets[&fleet_id].tags.contains_key(WISH_TAG));
    assert_clean(&world, fleet_id);
}

#[test]
fn a_mark_that_somebody_has_edited_stops_the_rollout_and_names_the_device() {
    let world = World::new();
    let (_, _, new, devices) = fleet(&world, 3);
    let fleet = world.fleet("admin/fleet1");
    let body = format!(r#"{{"device":{},"tag_key":"{MARK_TAG}","value":"by hand"}}"#, devices[1]);
    let address = Address::parse(&format!("{}/v7/device_tag", world.stub.api_url())).unwrap();
    let token = Secret::new(world.stub.token().as_bytes().to_vec());
    let post = lw_http::Request::new(Method::Post, address).bearer(&token).body(Body::Json(body.as_bytes()));
    Client::new(Settings::default()).unwrap().send(&post).unwrap();
    let uuid = world.stub.state().devices[&devices[1]].uuid.clone();
    let run = world.run(&fleet, new, "job-1", |_| {});
    let Outcome::Unreachable { why } = &run.outcome else { panic!("{}", run.outcome) };
    assert!(why.contains(&uuid), "{why}");
}

#[test]
fn finalizing_that_comes_too_late_changes_nothing_and_is_told() {
    let world = World::new();
    let (fleet_id, _, new, _) = fleet(&world, 3);
    let fleet = world.fleet("admin/fleet1");
    let (mut target, mut host) = world.process(&fleet, new);
    let mut engine = Engine::new(request(&fleet, new, "job-1"));
    run_until(&mut engine, &mut target, &mut host, |call| matches!(call, Call::Finalize(_)));
    // Between the look and the call: Balena takes the call with 200, and the fleet does not follow.
    let newer = world.stub.add_release(fleet_id, &Release::last("1.2.0"));
    let outcome = lw_rollout::drive(&mut engine, &mut target, &mut host).unwrap();
    let Outcome::Superseded { by } = &outcome else { panic!("{outcome}") };
    assert_eq!((by, outcome.exit_code()), (&newer.to_string(), 14));
    assert_eq!(world.stub.state().fleets[&fleet_id].target, Some(newer));
}

#[test]
fn devices_that_move_vanish_or_appear_meanwhile_are_not_touched() {
    let world = World::new();
    let (fleet_id, old, new, devices) = fleet(&world, 6);
    let other = world.stub.add_fleet("fleet2");
    world.stub.add_release(other, &Release::last("7.0.0"));
    let fleet = world.fleet("admin/fleet1");
    let (mut target, mut host) = world.process(&fleet, new);
    let mut engine = Engine::new(request(&fleet, new, "job-1"));
    // After the look, before the first device is pinned: the API is asked to pin devices that are elsewhere by then.
    run_until(&mut engine, &mut target, &mut host, |call| matches!(call, Call::Assign(_)));
    let waves = engine.plan().unwrap().waves.clone();
    let state = world.stub.state();
    let id_of = |uuid: &str| state.devices.values().find(|device| device.uuid == uuid).unwrap().id;
    let of_wave = |wave: usize| id_of(waves[wave].members[0].as_str());
    let (moved, gone) = (of_wave(1), of_wave(2));
    world.stub.move_device(moved, other);
    world.stub.remove_device(gone);
    let appeared = world.stub.add_device(fleet_id, &Device::default());
    let outcome = lw_rollout::drive(&mut engine, &mut target, &mut host).unwrap();
    assert_eq!(outcome, Outcome::Succeeded);
    let vanished: Vec<String> = engine.vanished().iter().map(|id| id.as_str().to_owned()).collect();
    assert_eq!(vanished.len(), 2, "{vanished:?}");
    // Who came asks what the fleet has when it asks, and the rollout does not wait for it.
    world.stub.advance(Duration::from_secs(3600));
    let after = world.stub.state();
    let moved = &after.devices[&moved];
    assert_eq!((moved.pinned, moved.running == Some(new)), (None, false));
    assert!(moved.installs.iter().all(|install| install.release != new));
    // Who came follows the fleet: to the old release, then to the new one with all others, and was never pinned.
    let appeared = &after.devices[&appeared];
    assert_eq!((appeared.pinned, appeared.running), (None, Some(new)));
    assert!(!appeared.tags.contains_key(MARK_TAG));
    let is_pin = |seen: &lw_testkit::balena::Seen| {
        seen.method == "PATCH" && seen.target.contains(&format!("{},", appeared.id))
    };
    assert!(!world.stub.requests().iter().any(is_pin));
    assert_eq!(after.running(fleet_id, old), 0);
    assert_eq!(devices.len(), 6);
}

#[test]
fn a_clock_that_runs_fast_makes_no_bake_shorter() {
    for (fast, slow) in [(2, 1), (1, 3)] {
        let world = World::new();
        let (_, _, new, _) = fleet(&world, 4);
        let fleet = world.fleet("admin/fleet1");
        let (clock, began) = (std::sync::Arc::clone(&world.stub), world.stub.now());
        let time = lw_balena::ServerTime::new(move || (clock.now() - began) * fast / slow);
        let (mut target, mut host) = world.process_with(&fleet, new, time);
        let mut engine = Engine::new(request(&fleet, new, "job-1"));
        assert_eq!(lw_rollout::drive(&mut engine, &mut target, &mut host).unwrap(), Outcome::Succeeded);
        let pins = world.stub.requests();
        let is_of_a_wave = |seen: &&lw_testkit::balena::Seen| {
            seen.method == "PATCH" && seen.target.starts_with("/v7/device?") && !seen.body.contains("null")
        };
        let pins: Vec<Duration> = pins.iter().filter(is_of_a_wave).map(|seen| seen.at).collect();
        assert!(pins.len() > 2, "{pins:?}");
        // Its clock is put right at each look, and a look is half a minute apart from the next.
        let bake = engine_bake() - Duration::from_secs(60);
        assert!(pins.windows(2).all(|pair| pair[1] - pair[0] >= bake), "{fast}/{slow}: {pins:?}");
    }
}

fn engine_bake() -> Duration {
    lw_rollout::Strategy::default().bake(1)
}
