//! A process that is lost at any of its requests, and answers that are: the same end as that of a run in which nothing went wrong.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lw_balena::release_id;
use lw_rollout::{Command, Engine, Outcome, Request, Share, StrategyStep as Step};
use lw_testkit::balena::{Device, Fault, Injection, Outcome as Update, Release, State};
use lw_testkit::for_each_at_once;

use crate::{World, request, run_while};

/// What two runs that end alike share: without times and without the words of the rollout.
fn end(world: &World) -> State {
    assert_eq!(world.stub.refusals(), Vec::<String>::new());
    world.stub.state().without_times("lw-rollout")
}

/// Three devices that ask each minute, in two waves with a bake of a minute.
fn small(world: &World) -> i64 {
    let fleet = world.stub.add_fleet("fleet1");
    world.stub.add_release(fleet, &Release::last("1.0.0"));
    let device = Device {
        poll: Duration::from_secs(60),
        download: Duration::from_secs(5),
        apply: Duration::from_secs(1),
        ..Device::default()
    };
    world.stub.add_devices(fleet, 3, &device);
    world.stub.advance(Duration::from_secs(120));
    world.stub.add_release(fleet, &Release::draft("1.1.0"))
}

fn quick(request: &mut Request) {
    let bake = Duration::from_secs(60);
    let share = |percent| Share::percent(percent).unwrap();
    request.strategy.steps = vec![Step { share: share(34), bake }, Step { share: Share::ALL, bake }];
    request.strategy.look_every = bake;
}

/// A run with a fault, and how many requests it took.
fn run(fails: bool, injection: impl FnOnce(usize) -> Option<Injection>) -> (Outcome, State, usize, usize) {
    let world = World::new();
    let new = small(&world);
    if fails {
        world.stub.set_release_rate(new, 1.0, Update::Rejects);
    }
    let fleet = world.fleet("admin/fleet1");
    let before = world.stub.answered();
    if let Some(injection) = injection(before) {
        world.stub.inject(injection);
    }
    let outcome = world.run(&fleet, new, "job", quick).outcome;
    let met = world.stub.requests().iter().filter(|seen| seen.fault.is_some()).count();
    (outcome, end(&world), world.stub.answered() - before, met)
}

#[test]
fn every_kind_of_fault_at_every_request_ends_as_a_run_without() {
    let faults: [(Fault, bool); 7] = [
        (Fault::Drop, true),
        (Fault::Drop, false),
        (Fault::Later { status: 429, after: "7".to_owned() }, false),
        (Fault::Status(500), true),
        (Fault::Html(502), false),
        (Fault::Truncated(3), true),
        (Fault::Slow(Duration::from_micros(20)), true),
    ];
    for fails in [false, true] {
        let (outcome, expected, requests, _) = run(fails, |_| None);
        assert_eq!(outcome.exit_code(), if fails { 10 } else { 0 }, "{outcome}");
        let met = AtomicUsize::new(0);
        let numbers: Vec<usize> = (1..=requests).collect();
        for_each_at_once(&numbers, |number| {
            // Each request meets one kind, and its neighbours, which ask the same, the others.
            let (fault, takes_effect) = faults[number % faults.len()].clone();
            let what = format!("{fault:?} at request {number} of {requests}");
            let (ended, state, _, faults_met) = run(fails, |before| {
                let injection = Injection::nth(before + number, fault);
                Some(if takes_effect { injection.taking_effect() } else { injection })
            });
            assert_eq!(ended.exit_code(), outcome.exit_code(), "{what}: {ended}");
            assert_eq!(state, expected, "{what}");
            met.fetch_add(faults_met, Ordering::Relaxed);
        });
        assert_eq!(met.into_inner(), requests);
    }
}

#[test]
fn a_process_lost_before_or_after_any_request_is_followed_by_another_with_the_same_end() {
    let (outcome, expected, _, _) = run(false, |_| None);
    assert_eq!(outcome, Outcome::Succeeded);
    let mut stop = 0;
    loop {
        let world = World::new();
        let new = small(&world);
        let fleet = world.fleet("admin/fleet1");
        let (mut target, mut host) = world.process(&fleet, new);
        let mut request = request(&fleet, new, "job-1");
        quick(&mut request);
        let mut engine = Engine::new(request);
        let mut changes = 0;
        let is_over = run_while(&mut engine, &mut target, &mut host, |call, is_done| {
            // Twice for each call: before it is sent, and when it was done and nobody has heard of it.
            if !call.changes() {
                return true;
            }
            changes += 1;
            assert!(changes % 2 == usize::from(!is_done));
            changes != stop + 1
        });
        if is_over {
            break;
        }
        // Nothing is left of it, and nobody may act before its lease is over.
        drop((engine, target, host));
        world.stub.advance(Duration::from_secs(301));
        assert_eq!(world.run(&fleet, new, "job-2", quick).outcome, Outcome::Succeeded, "stopped at {stop}");
        assert_eq!(end(&world), expected, "stopped at {stop}");
        let state = world.stub.state();
        let twice = state.devices.values().find(|device| device.installs.len() != 1);
        assert_eq!(twice, None, "stopped at {stop}");
        stop += 1;
    }
    // Before and after each of some twenty calls.
    assert!(stop > 30, "{stop}");
}

/// A rollback from a release that no rollout is known of, to the one before (which the fleet follows by itself) or to the first.
fn go_back(to_first: bool, injection: impl FnOnce(usize) -> Option<Injection>) -> (State, usize, usize) {
    let world = World::new();
    let fleet_id = world.stub.add_fleet("fleet1");
    let mut releases = Vec::new();
    for version in ["1.0.0", "1.0.5", "1.1.0"] {
        releases.push(world.stub.add_release(fleet_id, &Release::last(version)));
        world.stub.advance(Duration::from_secs(60));
    }
    let device = Device { poll: Duration::from_secs(60), ..Device::default() };
    world.stub.add_devices(fleet_id, 3, &device);
    world.stub.advance(Duration::from_secs(600));
    let (bad, to) = (releases[2], releases[usize::from(!to_first)]);
    assert_eq!(world.stub.state().running(fleet_id, bad), 3);
    let fleet = world.fleet("admin/fleet1");
    let before = world.stub.answered();
    if let Some(injection) = injection(before) {
        world.stub.inject(injection);
    }
    let ran = world.run(&fleet, bad, "job", |request| {
        request.command = Command::Rollback;
        request.back_to = Some(release_id(to.unsigned_abs()));
    });
    assert_eq!(ran.outcome.exit_code(), 10, "{}", ran.outcome);
    let state = world.stub.state();
    let there = &state.fleets[&fleet_id];
    assert_eq!((there.target, there.tracks_latest), (Some(to), !to_first));
    assert_eq!((state.running(fleet_id, to), state.releases[&bad].is_invalidated), (3, true));
    let met = world.stub.requests().iter().filter(|seen| seen.fault.is_some()).count();
    (end(&world), world.stub.answered() - before, met)
}

#[test]
fn a_fleet_goes_back_alike_whichever_request_fails() {
    let faults: [(Fault, bool); 5] = [
        (Fault::Drop, true),
        (Fault::Status(500), false),
        (Fault::Later { status: 429, after: "7".to_owned() }, false),
        (Fault::Html(502), true),
        (Fault::Truncated(3), true),
    ];
    for to_first in [false, true] {
        let (expected, requests, _) = go_back(to_first, |_| None);
        let numbers: Vec<usize> = (1..=requests).collect();
        for_each_at_once(&numbers, |number| {
            let (fault, takes_effect) = faults[number % faults.len()].clone();
            let what = format!("{fault:?} at request {number} of {requests}");
            let (state, _, met) = go_back(to_first, |before| {
                let injection = Injection::nth(before + number, fault);
                Some(if takes_effect { injection.taking_effect() } else { injection })
            });
            assert_eq!((state, met), (expected.clone(), 1), "{what}");
        });
        println!("{requests} requests of a rollback, each failed once");
    }
}
