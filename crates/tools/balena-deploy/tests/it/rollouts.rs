//! From a draft to the fleet, and back.

use std::fs;

use lw_model::Level;
use lw_rollout::journal::{Event, Journal};
use lw_testkit::balena::{Fault, Injection, Outcome, Release};

use crate::World;

#[test]
fn a_source_is_built_tagged_and_rolled_out() {
    let world = World::new(3);
    let deploy = [
        &["deploy", "--source", "source", "--version", "v1.1.0", "--journal", "journal.jsonl"][..],
        &world.quick(),
    ]
    .concat();
    let run = world.run(&deploy);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let state = world.stub.state();
    let release = state.releases.values().find(|release| release.id != world.old).unwrap();
    assert_eq!(
        (release.semver.as_str(), release.raw_version.as_str(), release.is_final),
        ("1.1.0", "1.1.0", true)
    );
    assert_eq!(release.tags["balena-ci-commit-sha"], "0123456789abcdef0123456789abcdef01234567");
    assert_eq!(state.fleets[&world.fleet].target, Some(release.id));
    assert_eq!(state.running(world.fleet, release.id), world.devices.len());
    assert_eq!(run.output("release-id"), release.id.to_string());
    assert_eq!(run.output("rolled-back"), "false");
    assert_eq!(run.output("verdict"), "pass");
    let upload = &world.stub.uploads()[0];
    let paths: Vec<&str> = upload.entries.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, [".dockerignore", "Dockerfile", "app/main.py"]);
    assert_eq!((upload.query("isdraft"), upload.query("slug")), (Some("true"), Some("admin/fleet1")));
    let journal = Journal::read(&fs::read(world.path().join("journal.jsonl")).unwrap()).unwrap();
    assert!(matches!(&journal.entries.last().unwrap().event, Event::Ended { code: 0, .. }));
    world.assert_known();

    // The same commit again: nothing is built, and nothing is sent.
    let before = world.stub.requests().iter().filter(|seen| seen.is_mutating).count();
    let again = world.run(&deploy);
    assert_eq!(again.code, 0, "{}{}", again.stdout, again.stderr);
    assert_eq!(world.stub.uploads().len(), 1);
    assert_eq!(world.stub.requests().iter().filter(|seen| seen.is_mutating).count(), before);
}

#[test]
fn a_release_that_devices_refuse_goes_back_and_the_exit_code_says_so() {
    let world = World::new(3);
    world.stub.set_rate_of_new_releases(1.0, Outcome::Rejects);
    let deploy = [&["deploy", "--source", "source"][..], &world.quick()].concat();
    let run = world.run(&deploy);
    assert_eq!(run.code, 10, "{}{}", run.stdout, run.stderr);
    assert_eq!(run.output("rolled-back"), "true");
    assert!(run.stdout.contains("refused the release"), "{}", run.stdout);
    assert!(!run.stdout.contains(world.stub.token()) && !run.stderr.contains(world.stub.token()));
    let state = world.stub.state();
    assert_eq!(state.running(world.fleet, world.old), 3);
    assert!(state.devices.values().all(|device| device.pinned.is_none()));
    assert!(run.found(Level::Warning).contains(&"device-failed"));
    // The same commit again sends nothing: neither a source nor a change.
    let before = world.stub.requests().iter().filter(|seen| seen.is_mutating).count();
    let again = world.run(&deploy);
    assert_eq!(again.code, 10, "{}{}", again.stdout, again.stderr);
    assert_eq!(world.stub.requests().iter().filter(|seen| seen.is_mutating).count(), before);
    world.assert_known();
}

#[test]
fn a_rollout_is_planned_left_looked_at_paused_resumed_and_rolled_back() {
    let world = World::new(3);
    let release = world.stub.add_release(world.fleet, &Release::draft("1.1.0")).to_string();
    let at =
        |command: &str, more: &[&str]| world.run(&[&[command, "--release", &release][..], more].concat());
    let plan = at("plan", &world.quick());
    assert_eq!(plan.code, 0, "{}{}", plan.stdout, plan.stderr);
    assert!(plan.stdout.contains("2 waves"), "{}", plan.stdout);
    assert!(plan.found(Level::Note).contains(&"plan-note"));
    assert!(!world.stub.requests().iter().any(|seen| seen.is_mutating));
    let status = at("status", &[]);
    assert!(status.code == 0 && status.stdout.contains("not begun"), "{}", status.stdout);
    let none = at("rollback", &[]);
    assert_eq!(none.code, 2, "{}{}", none.stdout, none.stderr);
    // Nothing is there to be resumed.
    let resumed = at("resume", &world.quick());
    assert_eq!(resumed.code, 2, "{}", resumed.stderr);
    // It is begun and left at once; who comes later goes on, by the same strategy only.
    let begun = at("deploy", &[&world.quick()[..], &["--wait-at-most", "0"]].concat());
    assert_eq!(begun.code, 15, "{}{}", begun.stdout, begun.stderr);
    let status = at("status", &[]);
    assert!(status.stdout.contains("applying") || status.stdout.contains("baking"), "{}", status.stdout);
    let other = at("resume", &["--step", "100"]);
    assert!(other.code == 2 && other.stderr.contains("another strategy"), "{}", other.stderr);
    assert_eq!(at("pause", &[]).code, 12);
    let paused = at("deploy", &world.quick());
    assert_eq!(paused.code, 12, "{}", paused.stderr);
    let resumed = at("resume", &world.quick());
    assert_eq!(resumed.code, 0, "{}{}", resumed.stdout, resumed.stderr);
    let state = world.stub.state();
    assert_eq!(state.running(world.fleet, release.parse().unwrap()), 3);
    let back = at("rollback", &["--look-every", "1"]);
    assert_eq!(back.code, 10, "{}{}", back.stdout, back.stderr);
    assert_eq!(world.stub.state().fleets[&world.fleet].target, Some(world.old));
    world.assert_known();
}

#[test]
fn devices_are_pinned_and_unpinned_by_hand() {
    let world = World::new(2);
    let draft = world.stub.add_release(world.fleet, &Release::draft("1.1.0"));
    let uuid = world.stub.state().devices[&world.devices[0]].uuid.clone();
    let (name, device) = (draft.to_string(), uuid.get(..10).unwrap().to_owned());
    let run = world.run(&["pin", "--release", &name, "--device", &device]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(world.stub.state().devices[&world.devices[0]].pinned, Some(draft));
    let run = world.run(&["unpin", "--device", &uuid]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(world.stub.state().devices[&world.devices[0]].pinned, None);
    let run = world.run(&["unpin", "--device", "abcdef0"]);
    assert!(run.code == 2 && run.stderr.contains("there is no device abcdef0"), "{}", run.stderr);
    world.assert_known();
}

#[test]
fn a_rollback_that_balena_does_not_take_leaves_a_list() {
    let world = World::new(3);
    let draft = world.stub.add_release(world.fleet, &Release::draft("1.1.0"));
    world.stub.set_release_rate(draft, 1.0, Outcome::Rejects);
    // Whatever unpins a device from the draft.
    let way_back = format!("is_pinned_on__release eq {draft}");
    world.stub.inject(Injection::at("PATCH", &way_back, Fault::Status(500)).times(usize::MAX));
    let name = draft.to_string();
    let deploy = [&["deploy", "--release", &name, "--rollback-within", "120"][..], &world.quick()].concat();
    let run = world.run(&deploy);
    assert_eq!(run.code, 11, "{}{}", run.stdout, run.stderr);
    assert!(run.found(Level::Error).contains(&"left"), "{}", run.stdout);
    assert!(run.stdout.contains("remove the assignment of"), "{}", run.stdout);
    assert_eq!(run.output("rolled-back"), "false");
}
