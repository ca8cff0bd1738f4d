//! The client's own questions, and the traps of the API.

use std::collections::BTreeSet;

use lw_balena::{Error, Status, Tags};
use lw_model::Diagnose;
use lw_testkit::balena::{Config, Device, Fault, Injection, Release, Stub};

use crate::{World, api};

#[test]
fn a_wrong_token_is_found_out_before_it_looks_like_an_empty_account() {
    let world = World::new();
    world.stub.add_fleet("fleet1");
    let wrong = api(&world.stub, "another-token");
    assert!(matches!(wrong.whoami(&mut world.waits()), Err(Error::Token)));
    // What the API itself says to it is that there is none.
    let error = wrong.fleet("admin/fleet1", &mut world.waits()).unwrap_err();
    assert!(matches!(&error, Error::NoFleet(slug) if slug == "admin/fleet1"));
    assert!(error.hint().is_some());
    assert_eq!(world.api.whoami(&mut world.waits()).unwrap().username.as_deref(), Some("admin"));
}

#[test]
fn what_is_not_there_is_an_error_and_not_an_empty_answer() {
    let world = World::new();
    world.stub.add_fleet("fleet1");
    let fleet = world.fleet("admin/fleet1");
    assert!(matches!(world.api.fleet("admin/o'hara", &mut world.waits()), Err(Error::NoFleet(_))));
    for name in ["77", "abcdef0", "1.2.3", "main"] {
        let found = world.api.release(&fleet, name, &mut world.waits());
        assert!(matches!(found, Err(Error::NoRelease { .. })), "{name}: {found:?}");
    }
    assert!(matches!(world.api.device(&fleet, "abcdef0", &mut world.waits()), Err(Error::NoDevice { .. })));
    assert!(matches!(world.api.device(&fleet, "x", &mut world.waits()), Err(Error::NoDevice { .. })));
    assert_eq!(world.stub.refusals(), Vec::<String>::new());
}

#[test]
fn releases_are_found_by_id_commit_version_and_tags() {
    let world = World::new();
    let fleet_id = world.stub.add_fleet("fleet1");
    let commit = "ab12cd34ab12cd34ab12cd34ab12cd34".to_owned();
    let release = Release { commit: Some(commit.clone()), ..Release::last("1.0.0") };
    let id = world.stub.add_release(fleet_id, &release);
    let tagged = Release::draft("1.1.0").tag("balena-ci-commit-sha", "o'neil").tag("balena-ci-id", "7");
    let draft = world.stub.add_release(fleet_id, &tagged);
    let fleet = world.fleet("admin/fleet1");
    let ask = |name: &str| world.api.release(&fleet, name, &mut world.waits()).unwrap().id;
    for name in [id.to_string().as_str(), commit.as_str(), "AB12CD3", "1.0.0"] {
        assert_eq!(ask(name), id.unsigned_abs(), "{name}");
    }
    // A draft by what its version will be, as long as it is the only one.
    assert_eq!((ask("1.1.0"), ask("v1.1.0")), (draft.unsigned_abs(), draft.unsigned_abs()));
    world.stub.add_release(fleet_id, &Release::draft("1.2.0"));
    world.stub.add_release(fleet_id, &Release::draft("1.2.0"));
    for (name, is_ambiguous) in [("1.2.0", true), ("1.3.0", false), ("1.2", false)] {
        let found = world.api.release(&fleet, name, &mut world.waits());
        assert_eq!(matches!(found, Err(Error::Ambiguous { .. })), is_ambiguous, "{name}: {found:?}");
        assert!(is_ambiguous || matches!(found, Err(Error::NoRelease { .. })), "{name}: {found:?}");
    }
    // A final one is what a version names.
    let last = world.stub.add_release(fleet_id, &Release::last("1.2.0"));
    assert_eq!(ask("1.2.0"), last.unsigned_abs());
    let tags = [("balena-ci-commit-sha", "o'neil"), ("balena-ci-id", "7")];
    let found = world.api.tagged(&fleet, &tags, &mut world.waits()).unwrap();
    assert_eq!(found.iter().map(|release| release.id).collect::<Vec<_>>(), [draft.unsigned_abs()]);
    assert_eq!(found[0].tags.len(), 2);
    assert_eq!(found[0].status, Status::Success);
    assert!(!found[0].is_final);
    let none = world.api.tagged(&fleet, &[("balena-ci-id", "8")], &mut world.waits()).unwrap();
    assert!(none.is_empty());
    let good = world.api.good_releases(&fleet, &mut world.waits()).unwrap();
    // Both may have begun in the same millisecond.
    let good: BTreeSet<u64> = good.iter().map(|release| release.id).collect();
    assert_eq!(good, [last.unsigned_abs(), id.unsigned_abs()].into());
    assert_eq!(world.stub.refusals(), Vec::<String>::new());
}

#[test]
fn tags_are_set_once_and_another_value_is_told() {
    let world = World::new();
    let fleet_id = world.stub.add_fleet("fleet1");
    let id = world.stub.add_release(fleet_id, &Release::draft("1.0.0"));
    let fleet = world.fleet("admin/fleet1");
    let release = id.unsigned_abs();
    let tags = |sha: &str| Tags::from([("balena-ci-commit-sha".to_owned(), sha.to_owned())]);
    let set = |sha: &str| world.api.tag_release(&fleet, release, &tags(sha), &mut world.waits());
    // The answer of the first one is lost after it took effect.
    world.stub.inject(Injection::at("POST", "/v7/release_tag", Fault::Drop).taking_effect());
    set("aa").unwrap();
    set("aa").unwrap();
    assert!(matches!(set("bb"), Err(Error::OtherTag { found, .. }) if found == "aa"));
    assert_eq!(world.stub.state().releases[&id].tags.len(), 1);
}

#[test]
fn a_version_is_given_to_a_draft_only() {
    let world = World::new();
    let fleet_id = world.stub.add_fleet("fleet1");
    let draft = world.stub.add_release(fleet_id, &Release::draft("0.0.0"));
    let last = world.stub.add_release(fleet_id, &Release::last("1.0.0"));
    let fleet = world.fleet("admin/fleet1");
    let set = |id: i64, version: &str| {
        world.api.set_version(&fleet, id.unsigned_abs(), version, &mut world.waits())
    };
    assert_eq!(set(draft, "v1.2.3").unwrap().semver, "1.2.3");
    assert!(matches!(set(last, "1.2.3"), Err(Error::NoEffect(_))));
    for version in ["1.2", "1.x", "v", "", "01.2.3", "1.2.3-rc.1"] {
        assert!(matches!(set(draft, version), Err(Error::Version(_))), "{version}");
    }
    assert_eq!(world.stub.refusals(), Vec::<String>::new());
}

#[test]
fn a_device_is_pinned_where_it_is_as_it_was_seen() {
    let world = World::new();
    let fleet_id = world.stub.add_fleet("fleet1");
    let release = world.stub.add_release(fleet_id, &Release::last("1.0.0"));
    let other = world.stub.add_release(fleet_id, &Release::draft("1.1.0"));
    let id = world.stub.add_device(fleet_id, &Device::default());
    let fleet = world.fleet("admin/fleet1");
    let uuid = world.stub.state().devices[&id].uuid.clone();
    let device = world.api.device(&fleet, &uuid[..7], &mut world.waits()).unwrap();
    world.api.pin(&fleet, &device, Some(other.unsigned_abs()), &mut world.waits()).unwrap();
    assert_eq!(world.stub.state().devices[&id].pinned, Some(other));
    // It was seen without a pin, and has one by now: a PATCH that matches nothing, answered with 200.
    let error = world.api.pin(&fleet, &device, Some(release.unsigned_abs()), &mut world.waits()).unwrap_err();
    assert!(matches!(error, Error::NoEffect(_)), "{error}");
    assert_eq!(world.stub.state().devices[&id].pinned, Some(other));
    let device = world.api.device(&fleet, &uuid, &mut world.waits()).unwrap();
    world.api.pin(&fleet, &device, None, &mut world.waits()).unwrap();
    assert_eq!(world.stub.state().devices[&id].pinned, None);
    assert_eq!(world.stub.refusals(), Vec::<String>::new());
}

#[test]
fn what_goes_wrong_on_the_way_is_repeated_and_what_does_not_pass_is_told() {
    let world = World::of(Stub::start(Config::default()));
    world.stub.add_fleet("fleet1");
    for fault in [
        Fault::Drop,
        Fault::Later { status: 429, after: "3".to_owned() },
        Fault::Status(500),
        Fault::Html(502),
        Fault::Truncated(5),
    ] {
        world.stub.inject(Injection::at("GET", "/v7/application", fault.clone()));
        let found = world.api.fleet("admin/fleet1", &mut world.waits());
        assert_eq!(found.unwrap().slug, "admin/fleet1", "{fault:?}");
    }
    world.stub.inject(Injection::at("GET", "/v7/application", Fault::Status(500)).times(50));
    let error = world.api.fleet("admin/fleet1", &mut world.waits()).unwrap_err();
    assert!(matches!(error, Error::Http(_)) && error.hint().is_some());
    assert!(!error.to_string().contains(world.stub.token()));
}
