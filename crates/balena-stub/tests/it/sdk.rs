//! balena's own SDK for JavaScript as a client: who wrote it knows nothing of the stub.

use std::path::Path;
use std::process::Command;

use lw_balena_stub::{Config, Device, Release, Stub};
use serde_json::{Value, json};

#[test]
fn the_sdk_of_balena_logs_in_lists_pins_tags_and_finalizes() {
    let sdk = lw_testkit::e2e_cache().join("node/node_modules/balena-sdk");
    if !sdk.is_dir() {
        return lw_testkit::skip("balena-sdk is not installed; .ci/e2e-setup installs it")
            .unwrap_or_default();
    }
    let Some(node) = lw_testkit::which("node") else {
        return lw_testkit::skip("there is no node").unwrap_or_default();
    };
    let stub = Stub::start(Config::default());
    let fleet = stub.add_fleet("fleet");
    stub.add_fleet("other");
    let good = stub.add_release(fleet, &Release::last("1.0.0"));
    stub.advance(std::time::Duration::from_secs(60));
    let draft = stub.add_release(fleet, &Release::draft("1.1.0"));
    let device = stub.add_device(fleet, &Device::default());
    stub.add_device(fleet, &Device { is_online: false, ..Device::default() });
    stub.add_device(fleet, &Device { has_vpn: false, ..Device::default() });
    let draft_version = stub.state().releases[&draft].raw_version.clone();
    let uuid = stub.state().devices[&device].uuid.clone();

    let output = Command::new(node)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/sdk.cjs"))
        .args([sdk.to_str().unwrap(), &stub.api_url(), stub.token(), &draft.to_string(), &uuid])
        .env("BALENARC_NO_ANALYTICS", "1")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(stub.refusals().is_empty(), "{:#?}\n{errors}", stub.refusals());
    assert!(output.status.success(), "{errors}\n{:#?}", stub.requests().last());
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = json!({
        "wrongTokenIsLoggedIn": false,
        "isLoggedIn": true,
        "whoami": "admin",
        "fleets": ["admin/fleet", "admin/other"],
        "missing": "BalenaApplicationNotFound",
        "tracks": true,
        "devices": ["operational", "disconnected", "reduced-functionality"],
        "releases": [draft_version, "1.0.0"],
        "pinned": draft,
        "deviceTracks": false,
        "pinToMissing": "BalenaReleaseNotFound",
        "pinnedByHash": true,
        "tags": ["two"],
        "deviceTags": ["ring=canary"],
        "finalized": true,
        "fleetTracks": false,
    });
    assert_eq!(seen, expected);

    // What it said it did is what there is.
    let state = stub.state();
    assert_eq!(state.devices[&device].pinned, None);
    assert_eq!(state.devices[&device].tags.len(), 0);
    assert_eq!(state.releases[&draft].tags["balena-ci-commit-sha"], "two");
    assert!(state.releases[&draft].is_final && state.releases[&draft].is_invalidated);
    assert_eq!(state.releases[&draft].raw_version, "1.1.0");
    assert_eq!((state.fleets[&fleet].target, state.fleets[&fleet].tracks_latest), (Some(good), false));
}
