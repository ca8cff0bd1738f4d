//! How a process ends: each exit code of a rollout's own, and what the report says then.

use std::fs;
use std::process::{Child, Stdio};
use std::time::Duration;

use lw_model::{Cell, Report};
use lw_testkit::balena::{Outcome, Release};

use crate::{TOOL, World};

/// The rows of a table as text.
fn rows(report: &Report, id: &str) -> Vec<Vec<String>> {
    let table = report.tables.iter().find(|table| table.id == id);
    let cell = |cell: &Cell| match cell {
        Cell::Text(text) | Cell::Code(text) => text.clone(),
        Cell::Count(count) => count.to_string(),
        other => format!("{other:?}"),
    };
    let rows = &table.unwrap_or_else(|| panic!("no table {id}")).rows;
    rows.iter().map(|row| row.iter().map(cell).collect()).collect()
}

#[test]
fn every_exit_code_is_documented() {
    let docs = fs::read_to_string(lw_testkit::root().join("docs/balena-deploy.md")).unwrap();
    let help = TOOL.run(&std::env::temp_dir(), &["--help"], &[]).stdout;
    for (code, meaning) in lw_rollout::EXIT_CODES {
        assert!(docs.contains(&format!("\n| {code} | ")), "docs/balena-deploy.md says nothing of {code}");
        assert!(help.contains(&format!("  {code}  {meaning}")), "{help}");
    }
}

#[test]
fn a_wave_that_fails_may_wait_for_a_decision_and_is_promoted() {
    let world = World::new(3);
    let draft = world.stub.add_release(world.fleet, &Release::draft("1.1.0"));
    let failing = world.devices[1];
    world.stub.set_outcome(failing, draft, Outcome::Rejects);
    let release = draft.to_string();
    let at = |command: &str, more: &[&str]| {
        let how = if ["deploy", "promote"].contains(&command) {
            [&world.quick()[..], &["--on-failure", "pause"]].concat()
        } else {
            Vec::new()
        };
        world.run(&[&[command, "--release", &release][..], &how, more].concat())
    };
    let run = at("deploy", &[]);
    assert_eq!(run.code, 12, "{}{}", run.stdout, run.stderr);
    assert!(run.fact("outcome").starts_with("waiting for a decision: "), "{}", run.fact("outcome"));
    assert_eq!(run.output("rolled-back"), "false");
    // Whom it failed on, and why, stands in the report.
    let uuid = world.stub.state().devices[&failing].uuid.clone();
    let devices = rows(run.report(), "devices");
    let failed: Vec<&Vec<String>> = devices.iter().filter(|row| row[2].starts_with("failed")).collect();
    assert!(failed.len() == 1 && failed[0][1] == uuid, "{devices:?}");
    assert!(failed[0][2].contains("refused the release"), "{devices:?}");
    let waves = rows(run.report(), "waves");
    assert_eq!(waves.iter().filter(|row| row[2] == "1").count(), 1, "{waves:?}");
    // The same again decides nothing.
    assert_eq!(at("deploy", &[]).code, 12);
    let run = at("promote", &[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let state = world.stub.state();
    assert_eq!(state.fleets[&world.fleet].target, Some(draft));
    assert_eq!(state.running(world.fleet, draft), 2);
    assert!(state.devices.values().all(|device| device.pinned.is_none()));
    world.assert_known();
}

#[test]
fn a_rollout_that_is_aborted_stays_where_it_is_and_can_still_go_back() {
    let world = World::new(3);
    let draft = world.stub.add_release(world.fleet, &Release::draft("1.1.0"));
    let release = draft.to_string();
    let deploy = [&["deploy", "--release", &release, "--wait-at-most", "0"][..], &world.quick()].concat();
    assert_eq!(world.run(&deploy).code, 15);
    let pinned = |world: &World| {
        world.stub.state().devices.values().filter(|device| device.pinned == Some(draft)).count()
    };
    let before = pinned(&world);
    let run = world.run(&["abort", "--release", &release]);
    assert_eq!(run.code, 16, "{}{}", run.stdout, run.stderr);
    assert_eq!(run.fact("outcome"), "aborted");
    assert_eq!(pinned(&world), before);
    assert_eq!(world.stub.state().fleets[&world.fleet].target, Some(world.old));
    // It is over: it is neither resumed nor begun again, unless that is asked for.
    let resume = [&["resume", "--release", &release][..], &world.quick()].concat();
    for again in [&deploy, &resume] {
        let run = world.run(again);
        assert_eq!((run.code, run.output("verdict")), (16, "error"), "{}{}", run.stdout, run.stderr);
    }
    let run = world.run(&[&["promote", "--release", &release][..], &world.quick()].concat());
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    let says = |what: &str| run.stderr.contains(what);
    assert!(says("the rollout is aborted") && says("with `deploy`"), "{}", run.stderr);
    assert_eq!(pinned(&world), before);
    let run = world.run(&["rollback", "--release", &release, "--look-every", "1"]);
    assert_eq!(run.code, 10, "{}{}", run.stdout, run.stderr);
    assert_eq!(pinned(&world), 0);
    assert!(world.stub.state().releases[&draft].is_invalidated);
    world.assert_known();
}

/// A rollout in another process that has pinned its first devices.
fn begun(world: &World, draft: i64, more: &[&str]) -> Child {
    let mut command = TOOL.command(world.path());
    command.args(["deploy", "--config=none", "--fleet=admin/fleet1", "--step=34", "--step=100"]);
    command.args(["--look-every=1", "--release", &draft.to_string()]).args(more);
    command.env("BALENARC_API_URL", world.stub.api_url()).env("BALENA_TOKEN", world.stub.token());
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let is_pinned = || world.stub.state().devices.values().any(|device| device.pinned == Some(draft));
    for _ in 0..600 {
        if is_pinned() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(is_pinned());
    child
}

#[cfg(unix)]
#[test]
fn a_run_that_is_cancelled_pauses_or_goes_back_as_it_was_told() {
    // Everybody is sent back, and nobody waited for: who had not begun is back already.
    let back = [(10, "rolled back"), (15, "rolling back")];
    for (on_cancel, ends) in [("pause", &[(12, "paused")][..]), ("rollback", &back)] {
        let world = World::new(3);
        let draft = world.stub.add_release(world.fleet, &Release::draft("1.1.0"));
        let mut child = begun(&world, draft, &["--bake=3600", "--on-cancel", on_cancel]);
        // As a CI does that cancels a job.
        lw_testkit::signal(&child, "TERM");
        let code = child.wait().unwrap().code().unwrap();
        let pinned =
            world.stub.state().devices.values().filter(|device| device.pinned == Some(draft)).count();
        assert_eq!(pinned == 0, on_cancel == "rollback", "{pinned}");
        assert_eq!(world.stub.state().releases[&draft].is_invalidated, on_cancel == "rollback");
        let run = world.run(&["status", "--release", &draft.to_string()]);
        assert!(ends.contains(&(code, run.fact("phase"))), "{on_cancel}: {code} {}", run.fact("phase"));
        assert!(run.report().fact("held by", None).is_none(), "the lease is given back: {}", run.stdout);
        world.assert_known();
    }
}

#[test]
fn what_another_process_holds_is_left_and_what_it_was_told_is_done_after_it() {
    let world = World::new(3);
    let draft = world.stub.add_release(world.fleet, &Release::draft("1.1.0"));
    let release = draft.to_string();
    let mut child = begun(&world, draft, &["--bake=900"]);
    child.kill().unwrap();
    child.wait().unwrap();
    world.stub.settle();
    // Who holds it may only be slow.
    let how = ["--bake=900", "--step=34", "--step=100", "--look-every=1"];
    let resume = |more: &[&str]| world.run(&[&["resume", "--release", &release][..], &how, more].concat());
    let run = resume(&[]);
    assert_eq!(run.code, 13, "{}{}", run.stdout, run.stderr);
    assert!(run.fact("outcome").ends_with("is at it"), "{}", run.fact("outcome"));
    // It would be asked, if it lived: the next one that holds the rollout does what was asked.
    let asked = world.run(&["pause", "--release", &release]);
    assert_eq!(asked.code, 0, "{}{}", asked.stdout, asked.stderr);
    assert!(asked.fact("outcome").contains("was asked"), "{}", asked.fact("outcome"));
    world.stub.advance(Duration::from_secs(3600));
    let run = world.run(&["status", "--release", &release]);
    assert!(run.report().fact("held by", None).is_none(), "{}", run.stdout);
    let run = resume(&["--wait-at-most", "3600"]);
    assert!([0, 12].contains(&run.code), "{}{}", run.stdout, run.stderr);
    world.assert_known();
}

#[test]
fn a_newer_final_release_ends_a_rollout() {
    let world = World::new(3);
    let draft = world.stub.add_release(world.fleet, &Release::draft("1.1.0"));
    let release = draft.to_string();
    let deploy = [&["deploy", "--release", &release, "--wait-at-most", "0"][..], &world.quick()].concat();
    assert_eq!(world.run(&deploy).code, 15);
    world.stub.add_release(world.fleet, &Release::last("2.0.0"));
    let run = world.run(&[&["resume", "--release", &release][..], &world.quick()].concat());
    assert_eq!(run.code, 14, "{}{}", run.stdout, run.stderr);
    assert!(run.fact("outcome").starts_with("superseded by "), "{}", run.fact("outcome"));
}

#[test]
fn the_report_tells_what_happened_when_and_what_decided() {
    let world = World::new(3);
    world.stub.set_rate_of_new_releases(1.0, Outcome::Rejects);
    let run = world.run(&[&["deploy", "--source", "source"][..], &world.quick()].concat());
    assert_eq!(run.code, 10, "{}{}", run.stdout, run.stderr);
    let outcome = run.fact("outcome");
    assert!(outcome.starts_with("rolled back: ") && outcome.contains("wave 1"), "{outcome}");
    let timeline = rows(run.report(), "timeline");
    let seconds: Vec<u64> = timeline.iter().map(|row| row[0].parse().unwrap()).collect();
    assert!(seconds.is_sorted() && seconds[0] == 0, "{timeline:?}");
    let says = |what: &str| timeline.iter().position(|row| row[1].contains(what));
    let (pinned, withdrawn) = (says("assign"), says("withdraw"));
    assert!(pinned.is_some() && pinned < withdrawn, "{timeline:?}");
    assert!(timeline.last().unwrap()[1].starts_with("rolled back"), "{timeline:?}");
    // Waves that were not begun are none, and each device of the others has a row with its page.
    let waves = rows(run.report(), "waves");
    assert_eq!((waves.len(), waves[0][0].as_str(), waves[0][2].as_str()), (1, "1", "2"), "{waves:?}");
    let devices = rows(run.report(), "devices");
    assert_eq!(devices.len(), 2);
    let page = format!("https://dashboard.balena-cloud.com/devices/{}/summary", devices[0][1]);
    assert_eq!(devices[0][3], page);
    assert!(run.fact("page").starts_with("https://dashboard.balena-cloud.com/fleets/"));
}
