//! `rollback` as a command on its own: it finds what to go back from, and what to.

use std::time::Duration;

use lw_model::Level;
use lw_testkit::balena::Release;

use crate::World;

/// A fleet that got `1.1.0` by other means than a rollout, a while ago.
fn live(world: &World) -> i64 {
    world.stub.advance(Duration::from_secs(60));
    let release = world.stub.add_release(world.fleet, &Release::last("1.1.0"));
    world.stub.advance(Duration::from_secs(300));
    assert_eq!(world.stub.state().running(world.fleet, release), world.devices.len());
    release
}

fn mutations(world: &World) -> usize {
    world.stub.requests().iter().filter(|seen| seen.is_mutating).count()
}

#[test]
fn the_fleet_goes_back_to_the_last_good_release() {
    let world = World::new(3);
    let bad = live(&world);
    let uuid = world.stub.state().devices[&world.devices[2]].uuid.clone();
    world.stub.pin(world.devices[2], Some(bad));
    let run = world.run(&["rollback", "--look-every", "1"]);
    assert_eq!(run.code, 10, "{}{}", run.stdout, run.stderr);
    assert_eq!((run.fact("from"), run.fact("to")), ("1.1.0", "1.0.0"));
    assert_eq!(run.output("rolled-back"), "true");
    let state = world.stub.state();
    let fleet = &state.fleets[&world.fleet];
    assert_eq!(
        (fleet.target, fleet.tracks_latest),
        (Some(world.old), true),
        "it goes on to follow what comes"
    );
    assert!(state.releases[&bad].is_invalidated);
    // It waits until they are back; who is pinned by hand is told, and stays.
    assert_eq!(state.running(world.fleet, world.old), 2);
    assert_eq!(state.devices[&world.devices[2]].pinned, Some(bad));
    assert!(run.found(Level::Warning).contains(&"by-hand") && run.stdout.contains(&uuid), "{}", run.stdout);
    world.assert_known();
    // The same again: there is nothing before 1.0.0.
    let before = mutations(&world);
    let run = world.run(&["rollback"]);
    assert!(run.code == 2 && run.stderr.contains("there is no release before 1.0.0"), "{}", run.stderr);
    assert_eq!(mutations(&world), before);
}

#[test]
fn the_fleet_goes_back_to_the_release_that_is_named() {
    let world = World::new(3);
    world.stub.advance(Duration::from_secs(60));
    let between = world.stub.add_release(world.fleet, &Release::last("1.0.5"));
    let bad = live(&world);
    let draft = world.stub.add_release(world.fleet, &Release::draft("1.2.0"));
    for (to, why) in [
        ("1.1.0", "the one to go back from"),
        (&draft.to_string(), "it is a draft"),
        ("0.1.0", "there is no release 0.1.0"),
    ] {
        let run = world.run(&["rollback", "--to", to]);
        assert!(run.code == 2 && run.stderr.contains(why), "{to}: {}", run.stderr);
    }
    assert_eq!(mutations(&world), 0);
    let run = world.run(&["rollback", "--to", "1.0.0", "--look-every", "1"]);
    assert_eq!(run.code, 10, "{}{}", run.stdout, run.stderr);
    let state = world.stub.state();
    let fleet = &state.fleets[&world.fleet];
    // By itself it would follow 1.0.5.
    assert_eq!((fleet.target, fleet.tracks_latest), (Some(world.old), false));
    assert!(state.releases[&bad].is_invalidated && !state.releases[&between].is_invalidated);
    assert_eq!(state.running(world.fleet, world.old), 3);
    world.assert_known();
}

#[test]
fn a_rollout_that_is_under_way_is_found() {
    let world = World::new(3);
    let draft = world.stub.add_release(world.fleet, &Release::draft("1.1.0"));
    let release = draft.to_string();
    let deploy = [&["deploy", "--release", &release, "--wait-at-most", "0"][..], &world.quick()].concat();
    assert_eq!(world.run(&deploy).code, 15);
    let pinned = |release: i64| {
        world.stub.state().devices.values().filter(|device| device.pinned == Some(release)).count()
    };
    assert!(pinned(draft) > 0);
    // What the fleet has is not what has gone wrong.
    let run = world.run(&["rollback", "--to", "1.0.0"]);
    assert!(run.code == 2 && run.stderr.contains("without --to"), "{}", run.stderr);
    let run = world.run(&["rollback", "--look-every", "1"]);
    assert_eq!(run.code, 10, "{}{}", run.stdout, run.stderr);
    assert_eq!(run.fact("from"), world.stub.state().releases[&draft].raw_version);
    assert_eq!(pinned(draft), 0);
    assert!(world.stub.state().releases[&draft].is_invalidated);
    assert_eq!(world.stub.state().fleets[&world.fleet].target, Some(world.old));
    world.assert_known();
}
