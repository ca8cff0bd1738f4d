//! Every request that was recorded of the real API, with the answer it gave.

use std::fs;
use std::time::Duration;

use lw_balena_stub::{Config, Stub};
use serde_json::{Value, json};

use crate::client::send;

/// Fields of answers that are another each time, with the answers they are in. What is not named here is the same to the letter,
/// times of creation included, because the stub is given the time at which the real server answered.
const VOLATILE: [(&str, &str); 5] = [
    // Chance.
    ("create fleet", "uuid"),
    ("device ", "device_name"),
    // When the real server came to it, some milliseconds before or after the creation.
    ("create release ", "update_timestamp"),
    ("create release ", "is_finalized_at__date"),
    // Chance; the whole answer.
    ("provisioning key", ""),
];

/// Puts a word in the place of what differs each time, if it is of the shape it has to be.
fn settle(label: &str, field: &str, value: &mut Value) {
    let text = value.as_str().unwrap_or_default();
    let is_hex = |text: &str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_right = match field {
        "uuid" => is_hex(text),
        "device_name" => {
            text.split('-').filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase())).count() == 2
        }
        // A draft has no time of that.
        "is_finalized_at__date" if value.is_null() => return,
        "update_timestamp" | "is_finalized_at__date" => {
            text.starts_with("2026-11-21T08:17:0") && text.len() == 24
        }
        // In the recording it has been taken out.
        "" => text == "<provisioning key>" || is_hex(text),
        _ => panic!("{field}"),
    };
    assert!(is_right, "{label}: {field} is {value}");
    *value = json!("~");
}

fn without_volatile(label: &str, body: &Value) -> Value {
    let mut body = body.clone();
    for (beginning, field) in VOLATILE {
        if !label.starts_with(beginning) {
            continue;
        }
        if field.is_empty() {
            settle(label, field, &mut body);
        } else if let Some(value) = body.get_mut(field) {
            settle(label, field, value);
        }
    }
    body
}

fn time_of(body: &Value) -> Option<Duration> {
    let at = body.get("created_at")?.as_str()?.parse::<jiff::Timestamp>().unwrap();
    Some(Duration::from_millis(at.as_millisecond().try_into().unwrap()))
}

/// A text of the recording with what the stub made up in place of what the real server did.
fn ours(made_up: &[(String, String)], text: &str) -> String {
    made_up.iter().fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
}

#[test]
fn every_recorded_request_is_answered_as_the_real_api_did() {
    let Some(file) = lw_testkit::shared_fixture("balena/contract_recorded.json") else { return };
    let pairs: Vec<Value> = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(pairs.len(), 64, "the recording has other pairs than this test was written for");
    let stub = Stub::start(Config::default());
    // What the stub made up where the real server did: the fleet's uuid and the key.
    let mut made_up: Vec<(String, String)> = Vec::new();
    let mut problems = Vec::new();
    for pair in &pairs {
        let text = |name: &str| pair[name].as_str().unwrap_or_default().to_owned();
        let (label, method) = (text("label"), text("method"));
        let target = ours(&made_up, &text("path"));
        let body: Value = serde_json::from_str(&ours(&made_up, &pair["body"].to_string())).unwrap();
        let expected = &pair["response"];
        if let Some(at) = time_of(expected) {
            stub.advance_to(at);
        }
        let token = if label.contains("bad token") { "wrong" } else { stub.token() };
        // The device's own requests come with keys of its own, or with none.
        let token = if target.starts_with("/device/") { "" } else { token };
        let body = (!body.is_null()).then_some(&body);
        let answer = send(&stub, &method, &target, body, token).unwrap();
        if let Some(refusal) = stub.refusals().last() {
            panic!("{label}: {refusal}");
        }
        if label == "create fleet" {
            let uuid = |body: &Value| body["uuid"].as_str().unwrap().to_owned();
            made_up.push((uuid(expected), uuid(&answer.json())));
        }
        if label == "provisioning key" {
            made_up.push(("<key>".to_owned(), answer.json().as_str().unwrap().to_owned()));
        }
        let got = if answer.body.is_empty() { json!("") } else { answer.json() };
        let expected: Value = serde_json::from_str(&ours(&made_up, &expected.to_string())).unwrap();
        let (got, expected) = (without_volatile(&label, &got), without_volatile(&label, &expected));
        // As text, so that the order of the fields is the same, too.
        let got =
            (u64::from(answer.status), answer.header("content-type").map(str::to_owned), got.to_string());
        let expected = (
            pair["status"].as_u64().unwrap(),
            pair["content_type"].as_str().map(str::to_owned),
            expected.to_string(),
        );
        if got != expected {
            problems.push(format!("{label}:\n  expected {expected:?}\n  got      {got:?}"));
        }
    }
    assert!(problems.is_empty(), "{} of {} differ:\n{}", problems.len(), pairs.len(), problems.join("\n"));
}
