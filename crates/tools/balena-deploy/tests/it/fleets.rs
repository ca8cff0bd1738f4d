//! What is known of a fleet and of a source without changing either, and environments.

use std::fs;
use std::time::Duration;

use lw_model::{Level, Verdict};
use lw_testkit::balena::{Build, Ends, Outcome, Release};

use crate::{TOOL, World};

#[test]
fn a_device_that_is_offline_for_long_is_told_and_a_short_while_is_not() {
    let world = World::new(3);
    world.stub.set_flow(lw_testkit::balena::Flow::Still);
    let run = world.run(&["watch"]);
    assert_eq!((run.code, run.report().verdict), (0, Verdict::Pass), "{}{}", run.stdout, run.stderr);
    assert_eq!(run.count("devices.offline"), 0);
    world.stub.set_online(world.devices[1], false);
    world.stub.advance(Duration::from_secs(3500));
    assert_eq!(world.run(&["watch"]).report().verdict, Verdict::Pass);
    world.stub.advance(Duration::from_secs(3000));
    let run = world.run(&["watch"]);
    assert_eq!((run.code, run.report().verdict), (0, Verdict::Warn), "{}{}", run.stdout, run.stderr);
    assert_eq!((run.count("devices.offline"), run.found(Level::Warning)), (1, vec!["offline"]));
    let uuid = &world.stub.state().devices[&world.devices[1]].uuid;
    assert!(run.stdout.contains(&format!("device {uuid} is offline for")), "{}", run.stdout);
    // How many may be is for a limit to say.
    assert_eq!(world.run(&["watch", "--max", "devices.offline=0"]).code, 1);
    assert_eq!(world.run(&["watch", "--max", "devices.offline=1"]).code, 0);
    assert_eq!(world.run(&["watch", "--max", "devices.ofline=1"]).code, 1);
    assert_eq!(world.run(&["watch", "--offline-after", "86400"]).report().verdict, Verdict::Pass);
    assert!(!world.stub.requests().iter().any(|seen| seen.is_mutating));
    world.assert_known();
}

#[test]
fn an_update_that_fails_again_and_again_is_told_after_its_retries() {
    let world = World::new(2);
    world.stub.set_flow(lw_testkit::balena::Flow::Still);
    world.stub.set_rate_of_new_releases(1.0, Outcome::Aborts);
    world.stub.add_release(world.fleet, &Release::last("1.1.0"));
    let look = |baseline: bool| {
        let more: &[&str] = if baseline { &["--baseline", "before.json"] } else { &[] };
        let run = world.run(&[&["watch"][..], more].concat());
        let json = serde_json::to_vec(run.report()).unwrap();
        fs::write(world.path().join("before.json"), json).unwrap();
        run
    };
    // Each device polls once a minute, and fails at each.
    world.stub.advance(Duration::from_secs(70));
    let run = look(false);
    assert!(run.found(Level::Warning).is_empty(), "{}", run.stdout);
    let failed = run.report().measures.iter().filter(|measure| measure.name == "device.failed-updates");
    assert!(failed.count() > 0, "{}", run.stdout);
    // Nothing new: the same failure is not counted twice.
    for _ in 0..3 {
        assert!(look(true).found(Level::Warning).is_empty());
    }
    world.stub.advance(Duration::from_secs(60));
    assert!(look(true).found(Level::Warning).is_empty());
    world.stub.advance(Duration::from_secs(60));
    let run = look(true);
    assert_eq!(run.found(Level::Warning), vec!["update-failing"; 0]);
    world.stub.advance(Duration::from_secs(60));
    let run = look(true);
    assert_eq!((run.code, run.count("devices.failing")), (0, 2), "{}", run.stdout);
    assert_eq!(run.found(Level::Warning), ["update-failing"; 2]);
    assert!(!run.stdout.contains("rejected"), "{}", run.stdout);
    world.assert_known();
}

#[test]
fn an_update_that_was_refused_is_told_at_once() {
    let world = World::new(1);
    world.stub.set_flow(lw_testkit::balena::Flow::Still);
    world.stub.set_rate_of_new_releases(1.0, Outcome::Rejects);
    world.stub.add_release(world.fleet, &Release::last("1.1.0"));
    world.stub.advance(Duration::from_secs(120));
    let run = world.run(&["watch"]);
    assert_eq!(run.found(Level::Warning), ["update-failing"], "{}", run.stdout);
    assert!(run.stdout.contains("has rejected its update"), "{}", run.stdout);
}

#[test]
fn a_pull_request_gets_a_draft_and_rolls_nothing_out() {
    let world = World::new(1);
    let event = r#"{"pull_request":{"number":7,"head":{"sha":"0123456789abcdef0123456789abcdef01234567","ref":"feature","repo":{"full_name":"org/repo"}},"base":{"sha":"1123456789abcdef0123456789abcdef01234567","ref":"main","repo":{"full_name":"org/repo"}}}}"#;
    fs::write(world.path().join("event.json"), event).unwrap();
    let (api, builder) = (world.stub.api_url(), world.stub.builder_url());
    let event = world.path().join("event.json");
    let env = [
        ("BALENARC_API_URL", api.as_str()),
        ("BALENARC_BUILDER_URL", &builder),
        ("BALENA_TOKEN", world.stub.token()),
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_EVENT_PATH", event.to_str().unwrap()),
        ("GITHUB_REPOSITORY", "org/repo"),
    ];
    let deploy = ["deploy", "--fleet", "admin/fleet1", "--source", "source"];
    let run = TOOL.run_as_step(world.path(), &deploy, &env);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.output("summary").contains("a pull request rolls nothing out"), "{}", run.output("summary"));
    let state = world.stub.state();
    let release = state.releases.values().find(|release| release.id != world.old).unwrap();
    assert!(!release.is_final && state.fleets[&world.fleet].target == Some(world.old));
    assert_eq!(release.tags["balena-ci-id"], "7");
    assert!(state.devices.values().all(|device| device.pinned.is_none()));
    // `finalize: false` is what deploy-to-balena-action has and does not read.
    let run = world.run(&["deploy", "--source", "source", "--finalize=false"]);
    assert!(run.code == 0 && run.output("summary").contains("is a draft"), "{}{}", run.stdout, run.stderr);
    assert_eq!(world.stub.state().fleets[&world.fleet].target, Some(world.old));
}

#[test]
fn a_fleet_without_devices_is_an_error() {
    let world = World::new(0);
    let run = world.run(&["watch"]);
    assert!(run.code == 3 && run.stderr.contains("has no devices"), "{}", run.stderr);
}

#[test]
fn a_detached_build_is_left_and_taken_up() {
    let world = World::new(1);
    world.stub.next_build(Build { ends: Ends::After(Duration::from_secs(120)), ..Build::default() });
    let deploy = [&["deploy", "--source", "source"][..], &world.quick()].concat();
    let run = world.run(&[&deploy[..], &["--detached"]].concat());
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.output("summary").contains("is being built"), "{}", run.output("summary"));
    let release: i64 = run.output("release-id").parse().unwrap();
    let state = world.stub.state();
    assert_eq!(state.releases[&release].status, "running");
    assert!(state.releases[&release].tags.contains_key("balena-ci-commit-sha"));
    assert_eq!(world.stub.uploads()[0].query("headless"), Some("true"));
    let run = world.run(&deploy);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(world.stub.uploads().len(), 1);
    assert_eq!(world.stub.state().fleets[&world.fleet].target, Some(release));
    world.assert_known();
}

#[test]
fn an_environment_names_its_fleet() {
    let world = World::new(1);
    world.stub.add_fleet("staging");
    let toml = "[balena-deploy]\nfleet = \"admin/staging\"\nmax-failed = \"5\"\n\n\
                [balena-deploy.env.production]\nfleet = \"admin/fleet1\"\nmax-failed = \"0\"\n";
    fs::write(world.path().join("lw.toml"), toml).unwrap();
    let api = world.stub.api_url();
    let env = [
        ("BALENARC_API_URL", api.as_str()),
        ("BALENA_TOKEN", world.stub.token()),
        ("GITHUB_EVENT_NAME", "push"),
    ];
    let run = |arguments: &[&str]| {
        TOOL.run_as_step(world.path(), &[arguments, &["--config", "lw.toml"]].concat(), &env)
    };
    let staging = run(&["watch"]);
    assert!(
        staging.code == 3 && staging.stderr.contains("admin/staging has no devices"),
        "{}",
        staging.stderr
    );
    let production = run(&["watch", "--env", "production"]);
    assert_eq!(production.code, 0, "{}{}", production.stdout, production.stderr);
    assert!(production.output("summary").contains("admin/fleet1"));
    let other = run(&["watch", "--env", "prodution"]);
    assert!(other.code == 2 && other.stderr.contains("did you mean `production`"), "{}", other.stderr);
}

#[test]
fn nothing_is_deployed_by_a_run_that_anybody_can_start_but_a_source_is_checked() {
    let world = World::new(1);
    let api = world.stub.api_url();
    let env = [
        ("BALENARC_API_URL", api.as_str()),
        ("BALENA_TOKEN", world.stub.token()),
        ("GITHUB_EVENT_NAME", "pull_request_target"),
    ];
    for command in ["deploy", "plan", "watch", "rollback"] {
        let run = TOOL.run_as_step(world.path(), &[command, "--fleet", "admin/fleet1"], &env);
        assert!(run.code == 2 && run.stderr.contains("a run that is not trusted"), "{}", run.stderr);
    }
    let run = TOOL.run_as_step(world.path(), &["check", "--source", "source"], &env);
    assert_eq!((run.code, run.count("source.files")), (0, 3), "{}{}", run.stdout, run.stderr);
    assert!(world.stub.requests().is_empty());
    fs::write(world.path().join("source/id_rsa"), "key").unwrap();
    let run = TOOL.run(world.path(), &["check", "--source", "source", "--fail-on", "warning"], &[]);
    assert_eq!((run.code, run.found(Level::Warning)), (1, vec!["key-file"]), "{}", run.stdout);
    fs::write(world.path().join("source.tar"), "x").unwrap();
    let run = TOOL.run(world.path(), &["check", "--source", "source.tar"], &[]);
    assert!(run.code == 2 && run.stderr.contains("it is no folder"), "{}", run.stderr);
}
