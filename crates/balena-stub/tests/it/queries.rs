//! Queries and changes beyond what was recorded: as the source of the real API has them, or refused.

use std::time::Duration;

use lw_balena_stub::{Config, Device, Release, Stub};
use serde_json::{Value, json};

use crate::client::{ask, rows, send};

fn stub() -> (Stub, i64) {
    let stub = Stub::start(Config::default());
    let fleet = stub.add_fleet("fleet");
    (stub, fleet)
}

#[test]
fn what_is_not_understood_is_refused_and_never_an_empty_list() {
    let (stub, _) = stub();
    let targets = [
        "/v7/device?$format=json",
        "/v7/device?$filter=nope eq 1",
        "/v7/device?$filter=device_tag/any(t:t/nope eq 1)",
        "/v7/device?$filter=round(id) eq 1",
        "/v7/device?$filter=id eq @x",
        "/v7/device?$filter=id",
        "/v7/device?$expand=nope",
        "/v7/device?$expand=device_tag($select=id;$nope=1)",
        "/v7/device?$orderby=nope",
        "/v7/image?$select=id",
        "/v6/device",
        "/config",
    ];
    for (place, target) in targets.iter().enumerate() {
        let answer = ask(&stub, "GET", target, &Value::Null);
        assert_eq!(answer.status, 501, "{target}: {}", answer.text());
        assert!(answer.text().starts_with("balena-stub: "), "{target}: {}", answer.text());
        assert_eq!(stub.refusals().len(), place + 1, "{target}");
    }
    let changes = [
        ("PATCH", "/v7/device", json!({ "note": "all of them" })),
        ("PATCH", "/v7/device(1)", json!({ "nope": 1 })),
        ("PATCH", "/v7/device(1)", json!({ "overall_status": "operational" })),
        ("PATCH", "/v7/device(1)?$top=1", json!({ "note": "x" })),
        ("PATCH", "/v7/device(1)", json!(["x"])),
        ("DELETE", "/v7/device", Value::Null),
        ("DELETE", "/v7/release(1)", Value::Null),
        ("POST", "/v7/release", json!({ "commit": "a" })),
        ("PUT", "/v7/device(1)", json!({ "note": "x" })),
    ];
    for (method, target, body) in changes {
        let answer = ask(&stub, method, target, &body);
        assert_eq!(answer.status, 501, "{method} {target} {body}: {}", answer.text());
    }
}

#[test]
fn a_query_chooses_orders_and_follows_links_both_ways() {
    let (stub, fleet) = stub();
    let other = stub.add_fleet("other");
    let first = stub.add_release(fleet, &Release::last("1.0.0").tag("k", "it's"));
    stub.advance(Duration::from_secs(1));
    let second = stub.add_release(fleet, &Release::draft("2.0.0"));
    let devices = stub.add_devices(fleet, 3, &Device::default());
    stub.add_device(other, &Device::default());
    let ids = |target: &str| -> Vec<i64> {
        rows(&stub, target).iter().map(|row| row["id"].as_i64().unwrap()).collect()
    };

    assert_eq!(ids("/v7/release?$select=id&$orderby=start_timestamp desc"), [second, first]);
    assert_eq!(ids("/v7/release?$select=id&$filter=is_final eq true and is_invalidated eq false"), [first]);
    assert_eq!(
        ids("/v7/release?$select=id&$filter=release_tag/any(t:t/tag_key eq 'k' and t/value eq 'it''s')"),
        [first]
    );
    assert_eq!(ids("/v7/release?$select=id&$filter=not(release_tag/any(t:t/tag_key eq 'k'))"), [second]);
    assert_eq!(ids("/v7/release?$select=id&$filter=release_tag/$count eq 0"), [second]);
    assert_eq!(ids("/v7/release?$select=id&$filter=startswith(raw_version,'2.0.0-')"), [second]);
    assert_eq!(
        ids("/v7/release?$select=id&$filter=created_at gt datetime'2026-11-21T08:17:06.500Z'"),
        [second]
    );
    assert_eq!(ids("/v7/device?$select=id&$filter=belongs_to__application/slug eq 'admin/fleet'"), devices);
    assert_eq!(ids("/v7/device?$select=id&$filter=is_pinned_on__release ne null"), [0; 0]);
    // Neither true nor false is not true, and its opposite is not either.
    assert_eq!(ids("/v7/device?$select=id&$filter=is_pinned_on__release gt 0"), [0; 0]);
    assert_eq!(ids("/v7/device?$select=id&$filter=not(is_pinned_on__release gt 0)"), [0; 0]);
    assert_eq!(
        ids("/v7/device?$select=id&$filter=id gt 0&$orderby=id desc&$top=2&$skip=1"),
        [devices[2], devices[1]]
    );
    assert_eq!(
        rows(
            &stub,
            "/v7/application(slug='admin/fleet')?$select=id&$expand=owns__device/$count($filter=id gt 1),application_tag"
        ),
        [json!({ "owns__device": 2, "application_tag": [], "id": fleet })]
    );
    let filter =
        "device/any(d:d/belongs_to__application eq 1) and name in ('BALENA_SUPERVISOR_POLL_INTERVAL')";
    let variables = rows(
        &stub,
        &format!("/v7/device_config_variable?$select=value&$filter={filter}&$expand=device($select=id)"),
    );
    assert_eq!(variables[0], json!({ "device": [{ "id": devices[0] }], "value": "600000" }));
    assert_eq!(variables.len(), 3);
    assert!(stub.refusals().is_empty());
}

#[test]
fn a_change_is_made_where_its_condition_holds_and_answered_alike_where_it_does_not() {
    let (stub, fleet) = stub();
    let release = stub.add_release(fleet, &Release::last("1.0.0"));
    let device = stub.add_device(fleet, &Device::default());
    let pin = json!({ "is_pinned_on__release": release });
    let target = |is: &str| format!("/v7/device?$filter=id in ({device}) and is_pinned_on__release eq {is}");
    assert_eq!(ask(&stub, "PATCH", &target("999"), &pin).status, 200);
    assert_eq!(stub.state().devices[&device].pinned, None);
    assert_eq!(ask(&stub, "PATCH", &target("null"), &pin).status, 200);
    assert_eq!(stub.state().devices[&device].pinned, Some(release));
}

#[test]
fn a_pinned_release_was_built_for_the_same_fleet() {
    let (stub, fleet) = stub();
    let other = stub.add_fleet("other");
    let foreign = stub.add_release(other, &Release::last("1.0.0"));
    let running =
        stub.add_release(fleet, &Release { status: "running".to_owned(), ..Release::draft("1.0.0") });
    let devices = stub.add_devices(fleet, 2, &Device::default());
    for release in [foreign, running] {
        let body = json!({ "is_pinned_on__release": release });
        let answer = ask(&stub, "PATCH", "/v7/device?$filter=belongs_to__application eq 1", &body);
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains("was not built, or for another fleet"), "{}", answer.text());
        let body = json!({ "should_be_running__release": release });
        assert_eq!(ask(&stub, "PATCH", "/v7/application(1)", &body).status, 400);
    }
    // All of it or nothing.
    assert!(devices.iter().all(|device| stub.state().devices[device].pinned.is_none()));
}

#[test]
fn a_device_that_moves_is_unpinned() {
    let (stub, fleet) = stub();
    let other = stub.add_fleet("other");
    let release = stub.add_release(fleet, &Release::last("1.0.0"));
    let device = stub.add_device(fleet, &Device { pinned: Some(release), ..Device::default() });
    let body = json!({ "belongs_to__application": other });
    assert_eq!(ask(&stub, "PATCH", &format!("/v7/device({device})"), &body).status, 200);
    let device = &stub.state().devices[&device];
    assert_eq!(
        (device.fleet, device.pinned, device.target, device.running),
        (other, None, None, Some(release))
    );
}

#[test]
fn revisions_count_final_releases_of_a_version() {
    let (stub, fleet) = stub();
    let first = stub.add_release(fleet, &Release::last("1.0.0"));
    let draft = stub.add_release(fleet, &Release::draft("1.0.0"));
    let third = stub.add_release(fleet, &Release::last("1.0.0"));
    assert_eq!(
        ask(&stub, "PATCH", &format!("/v7/release({draft})"), &json!({ "is_final": true })).status,
        200
    );
    let state = stub.state();
    let versions = [first, third, draft].map(|id| state.releases[&id].raw_version.clone());
    assert_eq!(versions, ["1.0.0", "1.0.0+rev1", "1.0.0+rev2"]);
    // A version is given while the release is a draft.
    let late = stub.add_release(fleet, &Release::draft("0.0.0"));
    let target = format!("/v7/release({late})");
    assert_eq!(ask(&stub, "PATCH", &target, &json!({ "semver": "one" })).text(), "\"Invalid semver format\"");
    assert_eq!(ask(&stub, "PATCH", &target, &json!({ "semver": "v2.0.0-rc.1" })).status, 200);
    assert_eq!(ask(&stub, "PATCH", &target, &json!({ "is_final": true })).status, 200);
    let shown = rows(&stub, &format!("{target}?$select=raw_version,version"));
    assert_eq!(shown[0]["raw_version"], "2.0.0-rc.1");
    assert_eq!(shown[0]["version"]["prerelease"], json!(["rc", 1]));
}

#[test]
fn tags_are_as_long_as_they_may_be_and_belong_to_something() {
    let (stub, fleet) = stub();
    let tag = |key: &str, value: &str| json!({ "application": fleet, "tag_key": key, "value": value });
    let post = |body: &Value| ask(&stub, "POST", "/v7/application_tag", body).status;
    assert_eq!(post(&tag("a", &"ä".repeat(1000))), 201);
    assert_eq!(post(&tag("b", &"ä".repeat(1001))), 400);
    assert_eq!(post(&tag("a b", "x")), 400);
    assert_eq!(post(&tag("io.balena.x", "x")), 400);
    assert_eq!(post(&tag("a", "x")), 409);
    assert_eq!(post(&json!({ "application": 999, "tag_key": "c", "value": "x" })), 401);
    // A condition may hold a whole document.
    let value = r#"{"holder":"it's, (a) run/1","until":5}"#;
    assert_eq!(post(&tag("lease", value)), 201);
    let filter =
        format!("application eq {fleet} and tag_key eq 'lease' and value eq '{}'", value.replace('\'', "''"));
    let target = format!("/v7/application_tag?$filter={filter}");
    assert_eq!(ask(&stub, "PATCH", &target, &json!({ "value": "taken" })).status, 200);
    assert_eq!(stub.state().fleets[&fleet].tags["lease"], "taken");
    assert_eq!(
        ask(&stub, "DELETE", "/v7/application_tag?$filter=tag_key eq 'lease'", &Value::Null).status,
        200
    );
    assert!(!stub.state().fleets[&fleet].tags.contains_key("lease"));
    assert!(stub.refusals().is_empty());
}

#[test]
fn a_wrong_token_sees_nothing_and_changes_nothing() {
    let (stub, fleet) = stub();
    stub.add_device(fleet, &Device::default());
    for token in ["", "wrong"] {
        let ask = |method, target| send(&stub, method, target, Some(&json!({ "note": "x" })), token).unwrap();
        assert_eq!(ask("GET", "/v7/device").text(), r#"{"d":[]}"#);
        assert_eq!(ask("GET", "/v7/device/$count").text(), r#"{"d":0}"#);
        for (method, target) in
            [("PATCH", "/v7/device(1)"), ("DELETE", "/v7/device(1)"), ("POST", "/v7/device")]
        {
            assert_eq!(ask(method, target).status, 401);
        }
    }
    assert_eq!(stub.state().devices.len(), 1);
    assert!(stub.requests().iter().all(|request| !request.is_authorized));
}

#[test]
fn a_device_of_its_own_reports_what_it_runs() {
    let (stub, fleet) = stub();
    let release = stub.add_release(fleet, &Release::last("1.0.0"));
    let body = json!({ "belongs_to__application": fleet, "is_of__device_type": 1 });
    let device = ask(&stub, "POST", "/v7/device", &body).json();
    let (id, uuid) = (device["id"].as_i64().unwrap(), device["uuid"].as_str().unwrap());
    let key = ask(&stub, "POST", &format!("/api-key/device/{id}/device-key"), &json!({})).json();
    let key = key.as_str().unwrap();
    let state = send(&stub, "GET", &format!("/device/v3/{uuid}/state"), None, key).unwrap().json();
    let commit = stub.state().releases[&release].commit.clone();
    assert_eq!(state[uuid]["config"]["RESIN_SUPERVISOR_POLL_INTERVAL"], "600000");
    let apps = state[uuid]["apps"].as_object().unwrap();
    assert_eq!(apps.values().next().unwrap()["releases"][&commit]["id"], release);
    let mut report = json!({});
    report[uuid] = json!({ "status": "Idle", "apps": { "x": {
        "release_uuid": commit, "releases": { &commit: { "update_status": "done", "services": {} } },
    } } });
    assert_eq!(send(&stub, "PATCH", "/device/v3/state", Some(&report), "wrong").unwrap().status, 401);
    assert_eq!(send(&stub, "PATCH", "/device/v3/state", Some(&report), key).unwrap().status, 200);
    let device = &stub.state().devices[&id];
    assert_eq!((device.running, device.update_status.as_deref()), (Some(release), Some("done")));
    // Without the VPN it is that, however well it is.
    assert_eq!(device.overall_status, "reduced-functionality");
}

#[test]
fn what_a_rollout_asks_is_understood() {
    let (stub, fleet) = stub();
    stub.add_release(fleet, &Release::last("1.0.0").tag("balena-ci-commit-sha", "x"));
    stub.add_device(fleet, &Device::default());
    let release = "id,commit,status,is_final,is_invalidated,raw_version,start_timestamp";
    let device = "id,uuid,device_name,is_online,api_heartbeat_state,changed_api_heartbeat_state_on__date,\
                  last_connectivity_event,overall_status,update_status,last_update_status_event,is_locked_until__date";
    let expand = "is_running__release($select=id),is_pinned_on__release($select=id),\
                  device_tag($select=tag_key,value;$filter=tag_key in ('a(b)','it''s'))";
    let tag = "release_tag/any(rt:rt/tag_key eq 'balena-ci-commit-sha' and rt/value eq 'x')";
    let polls = "name in ('RESIN_SUPERVISOR_POLL_INTERVAL','BALENA_SUPERVISOR_POLL_INTERVAL')";
    for target in [
        "application(slug='admin/fleet')?$select=id,slug,app_name&$expand=should_be_running__release($select=id)".to_owned(),
        "application(1)?$select=id&$expand=application_tag($select=tag_key,value;$filter=tag_key in ('a','b'))".to_owned(),
        format!("release?$select={release}&$filter=belongs_to__application eq 1 and {tag} and {tag}&$orderby=created_at desc&$top=20"),
        format!("release?$select={release}&$filter=id in (1,3)&$expand=release_tag($select=tag_key,value;$filter=tag_key eq 'k')"),
        format!("release?$select={release}&$filter=status eq 'success' and is_final eq true and is_invalidated eq false&$orderby=start_timestamp desc&$top=2"),
        format!("device?$select={device}&$filter=belongs_to__application eq 1 and id gt 0&$orderby=id asc&$top=500&$expand={expand}"),
    ] {
        assert_eq!(rows(&stub, &format!("/v7/{target}")).len(), 1, "{target}");
    }
    let none =
        format!("/v7/application_config_variable?$select=name,value&$filter=application eq 1 and {polls}");
    assert_eq!(rows(&stub, &none).len(), 0);
    for (target, body) in [
        (
            "release?$filter=id eq 1 and status eq 'success' and is_invalidated eq false",
            json!({ "is_final": true }),
        ),
        (
            "application?$filter=id eq 1 and should_track_latest_release eq true and should_be_running__release eq 1",
            json!({ "should_be_running__release": 1 }),
        ),
        ("device_tag?$filter=device in (1,2) and tag_key eq 'k'", json!({ "value": "v" })),
    ] {
        assert_eq!(ask(&stub, "PATCH", &format!("/v7/{target}"), &body).status, 200, "{target}");
    }
    assert_eq!(stub.refusals(), [""; 0]);
}
