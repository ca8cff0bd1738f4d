//! Answers that go wrong as somebody says.

use std::time::{Duration, Instant};

use lw_balena_stub::{Config, Device, Fault, Host, Injection, Release, Stub, When};
use serde_json::{Value, json};

use crate::client::{ask, send};

fn stub() -> Stub {
    let stub = Stub::start(Config::default());
    let fleet = stub.add_fleet("fleet");
    stub.add_release(fleet, &Release::last("1.0.0"));
    stub.add_device(fleet, &Device::default());
    stub
}

#[test]
fn the_nth_answer_meets_its_fault_and_no_other_does() {
    let whole = ask(&stub(), "GET", "/v7/device(1)", &Value::Null).body;
    let faults = [
        (Fault::Drop, None),
        (Fault::Later { status: 429, after: "7".to_owned() }, Some((429, true))),
        (Fault::Status(500), Some((500, true))),
        (Fault::Html(502), Some((502, true))),
        (Fault::Truncated(10), Some((200, false))),
        (Fault::Truncated(1 << 20), Some((200, false))),
        (Fault::Slow(Duration::from_micros(1)), Some((200, true))),
        (Fault::Hang(Duration::from_millis(20)), None),
    ];
    for (fault, expected) in faults {
        let stub = stub();
        stub.inject(Injection::nth(2, fault.clone()));
        assert_eq!(ask(&stub, "GET", "/v7/device(1)", &Value::Null).body, whole);
        let answer = send(&stub, "GET", "/v7/device(1)", None, stub.token());
        assert_eq!(answer.as_ref().map(|answer| (answer.status, answer.is_whole)), expected, "{fault:?}");
        match &fault {
            Fault::Later { .. } => assert_eq!(answer.unwrap().header("retry-after"), Some("7")),
            Fault::Html(_) => assert!(answer.unwrap().text().starts_with("<html>")),
            Fault::Truncated(10) => assert_eq!(answer.unwrap().body, whole[..10]),
            Fault::Truncated(_) | Fault::Slow(_) => assert_eq!(answer.unwrap().body, whole),
            _ => {}
        }
        assert_eq!(ask(&stub, "GET", "/v7/device(1)", &Value::Null).body, whole);
        let requests = stub.requests();
        let met: Vec<bool> = requests.iter().map(|request| request.fault.is_some()).collect();
        assert_eq!(met, [false, true, false]);
        assert_eq!(requests[1].status, expected.map_or(0, |(status, _)| status));
        assert_eq!(stub.answered(), 3);
    }
}

#[test]
fn a_request_whose_answer_is_lost_takes_effect_only_when_it_should() {
    let pin = json!({ "is_pinned_on__release": 1 });
    for takes_effect in [false, true] {
        let stub = stub();
        let fault = Injection::at("PATCH", "/v7/device", Fault::Drop);
        stub.inject(if takes_effect { fault.taking_effect() } else { fault });
        assert!(send(&stub, "PATCH", "/v7/device(1)", Some(&pin), stub.token()).is_none());
        assert_eq!(stub.state().devices[&1].pinned.is_some(), takes_effect);
        assert_eq!(ask(&stub, "PATCH", "/v7/device(1)", &pin).status, 200);
    }
}

#[test]
fn a_fault_is_met_so_often_by_whom_it_is_for() {
    let stub = stub();
    stub.inject(Injection { when: When::Host(Host::Builder), ..Injection::nth(0, Fault::Drop) });
    stub.inject(Injection { when: When::Next, ..Injection::nth(0, Fault::Status(500)) }.times(2));
    let statuses: Vec<u16> = (0..3).map(|_| ask(&stub, "GET", "/v7/device", &Value::Null).status).collect();
    assert_eq!(statuses, [500, 500, 200]);
}

#[test]
fn a_slow_answer_keeps_its_status_and_takes_its_time() {
    let stub = stub();
    let body = json!({ "release": 1, "tag_key": "k", "value": "v" });
    stub.inject(Injection::at("POST", "release_tag", Fault::Slow(Duration::from_micros(500))));
    let begin = Instant::now();
    let answer = ask(&stub, "POST", "/v7/release_tag", &body);
    assert_eq!((answer.status, answer.is_whole), (201, true));
    assert!(begin.elapsed() >= Duration::from_millis(40));
}

#[test]
fn a_client_that_is_gone_leaves_a_stub_that_settles() {
    let stub = stub();
    stub.inject(Injection::nth(1, Fault::Hang(Duration::from_millis(50))));
    std::thread::scope(|scope| {
        scope.spawn(|| send(&stub, "GET", "/v7/device", None, stub.token()));
        while stub.answered() == 0 {
            std::thread::yield_now();
        }
        let begin = Instant::now();
        stub.settle();
        assert!(begin.elapsed() < Duration::from_secs(30));
    });
    assert_eq!(stub.answered(), 1);
}
