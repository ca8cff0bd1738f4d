//! What devices do by themselves.

use std::time::Duration;

use lw_balena_stub::{Config, Device, Flow, Outcome, Release, State, Stub};
use serde_json::json;

use crate::client::{ask, rows};

const MINUTE: Duration = Duration::from_secs(60);

struct Fleet {
    stub: Stub,
    fleet: i64,
    old: i64,
    new: i64,
}

/// A fleet with a release, and a draft that nobody runs.
fn fleet(seed: u64) -> Fleet {
    let stub = Stub::start(Config { seed, ..Config::default() });
    let fleet = stub.add_fleet("fleet");
    let old = stub.add_release(fleet, &Release::last("1.0.0"));
    let new = stub.add_release(fleet, &Release::draft("1.1.0"));
    Fleet { stub, fleet, old, new }
}

#[test]
fn a_device_downloads_and_runs_what_it_is_pinned_to_after_its_poll() {
    let Fleet { stub, fleet, old, new } = fleet(1);
    let device = stub.add_device(fleet, &Device::default());
    stub.pin(device, Some(new));
    let begin = stub.now();
    let shown = || {
        let select = "update_status,status,download_progress,overall_status,overall_progress";
        rows(&stub, &format!("/v7/device({device})?$select={select}")).remove(0)
    };
    assert_eq!(stub.state().devices[&device].running, Some(old));
    while stub.state().devices[&device].update_status.as_deref() == Some("done") {
        stub.advance(Duration::from_secs(1));
    }
    assert!(stub.now() - begin <= 10 * MINUTE, "it polls within its interval");
    let polled = stub.now();
    stub.advance(MINUTE);
    assert_eq!(
        shown(),
        json!({
            "update_status": "downloading", "status": "Downloading", "download_progress": 50,
            "overall_status": "updating", "overall_progress": 50,
        })
    );
    stub.advance(MINUTE);
    assert_eq!(shown()["update_status"], "applying changes");
    assert_eq!(stub.state().devices[&device].running, Some(old));
    stub.advance(Duration::from_secs(10));
    assert_eq!(
        shown(),
        json!({
            "update_status": "done", "status": "Idle", "download_progress": null,
            "overall_status": "operational", "overall_progress": null,
        })
    );
    let state = stub.state();
    assert_eq!(state.devices[&device].running, Some(new));
    let installs = &state.devices[&device].installs;
    assert_eq!(installs.iter().map(|install| install.release).collect::<Vec<_>>(), [new]);
    assert!(installs[0].at - polled <= Duration::from_secs(130));
    // Unpinned, it goes back to its fleet's, once.
    stub.pin(device, None);
    stub.advance(60 * MINUTE);
    let installs: Vec<i64> =
        stub.state().devices[&device].installs.iter().map(|install| install.release).collect();
    assert_eq!(installs, [new, old]);
}

#[test]
fn each_way_an_update_ends_is_what_the_api_says_of_it() {
    let cases = [
        (Outcome::Runs, Some("done"), true, "operational"),
        (Outcome::Aborts, None, false, "operational"),
        (Outcome::Rejects, Some("rejected"), false, "operational"),
        (Outcome::Hangs, Some("downloading"), false, "updating"),
        (Outcome::Vanishes, Some("done"), true, "disconnected"),
    ];
    for (outcome, status, runs, overall) in cases {
        let Fleet { stub, fleet, new, .. } = fleet(1);
        let device = stub.add_device(fleet, &Device::default());
        stub.set_outcome(device, new, outcome);
        stub.pin(device, Some(new));
        stub.advance(60 * MINUTE);
        let state = stub.state();
        let device = &state.devices[&device];
        assert_eq!(device.running == Some(new), runs, "{outcome:?}");
        assert_eq!(device.overall_status, overall, "{outcome:?}");
        match status {
            Some(status) => assert_eq!(device.update_status.as_deref(), Some(status), "{outcome:?}"),
            // It tries again at each poll.
            None => assert!(matches!(device.update_status.as_deref(), Some("aborted" | "downloading"))),
        }
    }
}

#[test]
fn a_device_that_flaps_comes_and_goes() {
    let Fleet { stub, fleet, old, new } = fleet(1);
    let device = stub.add_device(fleet, &Device { flap_rate: 1.0, ..Device::default() });
    stub.pin(device, Some(new));
    stub.advance(15 * MINUTE);
    assert_eq!(stub.state().devices[&device].running, Some(new));
    let mut seen = Vec::new();
    for _ in 0..20 {
        stub.advance(Duration::from_secs(15));
        seen.push(stub.state().devices[&device].is_online);
    }
    seen.dedup();
    assert!(seen.len() > 4, "{seen:?}");
    // What it downloads it goes on with when it is back, so it can be brought back to what was good.
    stub.pin(device, Some(old));
    stub.advance(30 * MINUTE);
    assert_eq!(stub.state().devices[&device].running, Some(old));
    stub.advance(2 * MINUTE);
    let state = stub.state();
    let device = &state.devices[&device];
    assert_eq!((device.is_online, device.overall_status.as_str()), (true, "operational"));
}

#[test]
fn locks_hold_an_update_up_and_only_one_of_them_can_be_seen() {
    let Fleet { stub, fleet, old, new } = fleet(1);
    let by_app = stub.add_device(fleet, &Device { has_update_lock: true, ..Device::default() });
    let until = stub.now() + 60 * MINUTE;
    let by_balena = stub.add_device(fleet, &Device { locked_until: Some(until), ..Device::default() });
    let (device, release) = (format!("/v7/device?$filter=id in ({by_app},{by_balena})"), new);
    assert_eq!(ask(&stub, "PATCH", &device, &json!({ "is_pinned_on__release": release })).status, 200);
    stub.advance(55 * MINUTE);
    let state = stub.state();
    assert_eq!(state.devices[&by_app].update_status.as_deref(), Some("downloaded"));
    assert_eq!(state.devices[&by_balena].update_status.as_deref(), Some("done"));
    assert_eq!(state.running(fleet, old), 2);
    let locks = rows(&stub, "/v7/device?$select=is_locked_until__date&$orderby=id asc");
    assert_eq!(locks[0]["is_locked_until__date"], json!(null));
    assert_eq!(locks[1]["is_locked_until__date"], "2026-11-21T09:17:06.000Z");
    stub.set_update_lock(by_app, false);
    stub.advance(20 * MINUTE);
    assert_eq!(stub.state().running(fleet, new), 2);
}

#[test]
fn a_device_that_is_away_does_nothing_and_is_missed_after_a_while() {
    let Fleet { stub, fleet, old, new } = fleet(1);
    let device = stub.add_device(fleet, &Device::default());
    let away = stub.add_device(fleet, &Device { is_online: false, ..Device::default() });
    stub.pin(away, Some(new));
    stub.set_online(device, false);
    let heartbeat = || {
        let row = rows(
            &stub,
            &format!("/v7/device({device})?$select=api_heartbeat_state,overall_status,is_online"),
        );
        (row[0]["api_heartbeat_state"].clone(), row[0]["overall_status"].clone(), row[0]["is_online"].clone())
    };
    assert_eq!(heartbeat(), (json!("online"), json!("reduced-functionality"), json!(false)));
    stub.advance(20 * MINUTE);
    assert_eq!(heartbeat(), (json!("offline"), json!("disconnected"), json!(false)));
    assert_eq!(stub.state().devices[&away].running, Some(old));
    stub.set_online(away, true);
    stub.advance(3 * MINUTE);
    assert_eq!(stub.state().devices[&away].running, Some(new), "it asks as soon as it is back");
}

/// 200 devices that follow a fleet to a new release.
fn follow(seed: u64) -> (State, i64, i64) {
    let Fleet { stub, fleet, new, .. } = fleet(seed);
    stub.add_devices(fleet, 200, &Device { fail_rate: 0.05, ..Device::default() });
    stub.set_release_rate(new, 0.1, Outcome::Rejects);
    let answer = ask(&stub, "PATCH", &format!("/v7/release({new})"), &json!({ "is_final": true }));
    assert_eq!(answer.status, 200);
    stub.advance(60 * MINUTE);
    (stub.state(), fleet, new)
}

#[test]
fn chance_is_the_same_each_time_and_another_with_another_seed() {
    let (state, fleet, new) = follow(7);
    assert_eq!(state, follow(7).0);
    let running = state.running(fleet, new);
    let rejected = |state: &State| -> Vec<i64> {
        let rejected = |status: &Option<String>| status.as_deref() == Some("rejected");
        state
            .devices_of(fleet)
            .filter(|device| rejected(&device.update_status))
            .map(|device| device.id)
            .collect()
    };
    // 85.5 % of 200, 9.5 % of 200: within three standard deviations.
    assert!((156..=186).contains(&running), "{running}");
    assert!((7..=31).contains(&rejected(&state).len()), "{:?}", rejected(&state));
    assert_ne!(rejected(&state), rejected(&follow(8).0));
    let state = follow(7).0;
    assert!(state.devices_of(fleet).all(|device| device.installs.len() <= 1));
}

#[test]
fn time_may_pass_by_itself() {
    let Fleet { stub, fleet, new, .. } = fleet(1);
    let device = stub.add_device(fleet, &Device::default());
    stub.pin(device, Some(new));
    let begin = stub.now();
    stub.set_flow(Flow::PerRequest(10 * MINUTE));
    ask(&stub, "GET", "/v7/device", &json!(null));
    let answer = ask(&stub, "GET", "/v7/device", &json!(null));
    assert_eq!(stub.now(), begin + 20 * MINUTE);
    assert_eq!(stub.state().running(fleet, new), 1);
    // The server's time is in each answer.
    assert_eq!(answer.header("date"), Some("Sat, 21 Nov 2026 08:37:06 GMT"));
    stub.set_flow(Flow::Times(60_000));
    while stub.now() < begin + 40 * MINUTE {
        std::thread::yield_now();
    }
    stub.set_flow(Flow::Still);
    assert_eq!(stub.now(), stub.now());
}
