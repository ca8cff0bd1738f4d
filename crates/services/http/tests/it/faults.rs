//! What a server, a gateway or the way to it does wrong, and what is made of it.

use std::time::Duration;

use lw_http::ErrorKind;
use lw_model::Diagnose;
use lw_testkit::http::{Reply, Server};
use serde_json::Value;

use crate::{Waits, client, client_with, get, post};

fn good() -> Reply {
    Reply::json(200, r#"{"d":[]}"#)
}

#[test]
fn whatever_passes_by_itself_is_repeated_until_it_has() {
    let faults = [
        Reply::Drop,
        Reply::html(502),
        Reply::html(200),
        Reply::json(500, ""),
        Reply::later(429, "7"),
        Reply::later(503, "7"),
        Reply::Truncated { says: 100, body: b"{\"d\":".to_vec() },
        Reply::Truncated { says: 0, body: Vec::new() },
        Reply::Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"d\":\r\n".to_vec()),
        Reply::Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n".to_vec()),
        Reply::Raw(b"HTTP/1.1 2".to_vec()),
        Reply::Raw(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()),
    ];
    for fault in faults {
        let server = Server::with([fault.clone(), fault.clone(), good()]);
        let mut waits = Waits::default();
        let answer: Value = client().json_patiently(&get(&server.url("/x")), &mut waits).unwrap();
        assert_eq!(answer, serde_json::json!({"d": []}), "{fault:?}");
        assert_eq!((server.received().len(), waits.waits.len()), (3, 2), "{fault:?}");
    }
}

#[test]
fn what_may_have_been_acted_on_is_not_sent_twice() {
    for fault in
        [Reply::Drop, Reply::html(502), Reply::json(500, ""), Reply::later(503, "1"), Reply::html(200)]
    {
        let server = Server::with([fault.clone(), good()]);
        let sent = client().json_patiently::<Value>(&post(&server.url("/x")), &mut Waits::default());
        assert!(sent.is_err(), "{fault:?}");
        assert_eq!(server.received().len(), 1, "{fault:?}");
    }
    // Too many is said before anything is done.
    let server = Server::with([Reply::later(429, "3"), good()]);
    let mut waits = Waits::default();
    client().send_patiently(&post(&server.url("/x")), &mut waits).unwrap();
    assert!(waits.waits[0] >= Duration::from_secs(3));
}

#[test]
fn what_does_not_pass_by_itself_is_told_at_once() {
    for (status, hint) in [(400, false), (401, true), (403, true), (404, true), (409, false), (422, false)] {
        let server = Server::with([Reply::json(status, r#""no such thing""#), good()]);
        let mut waits = Waits::default();
        let error = client().send_patiently(&get(&server.url("/x")), &mut waits).unwrap_err();
        assert_eq!((error.status(), server.received().len()), (Some(status), 1));
        assert_eq!(error.hint().is_some(), hint, "{status}");
        assert!(
            error.to_string().contains(&format!("the server answered {status}: \"no such thing\"")),
            "{error}"
        );
    }
    let server = Server::with([Reply::json(404, "{}")]);
    let mut request = get(&server.url("/x"));
    request.accepts = &[404];
    assert_eq!(client().send(&request).unwrap().status, 404);
}

#[test]
fn a_server_says_how_long_to_wait_in_seconds_or_by_its_own_clock() {
    let by_date = Reply::Answer {
        status: 429,
        headers: vec![
            ("Date", "Sun, 06 Nov 1994 08:49:37 GMT".to_owned()),
            ("Retry-After", "Sun, 06 Nov 1994 08:50:07 GMT".to_owned()),
        ],
        body: Vec::new(),
    };
    for reply in [Reply::later(429, "30"), by_date] {
        let server = Server::with([reply, good()]);
        let mut waits = Waits::default();
        client().send_patiently(&get(&server.url("/x")), &mut waits).unwrap();
        assert_eq!(waits.waits, [Duration::from_secs(30)]);
    }
    // Longer than there is time altogether: it is not waited for.
    let server = Server::with([Reply::later(429, "3600"), good()]);
    let mut waits = Waits::default();
    assert_eq!(client().send_patiently(&get(&server.url("/x")), &mut waits).unwrap_err().status(), Some(429));
    assert!(waits.waits.is_empty());
}

#[test]
fn repetitions_come_to_an_end_and_stop_when_somebody_wants_to() {
    let server = Server::with([Reply::Drop]);
    let mut waits = Waits::default();
    let error = client().send_patiently(&get(&server.url("/x")), &mut waits).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::BrokeOff(_)), "{error}");
    assert_eq!((server.received().len(), waits.waits.len()), (5, 4));
    let mut waits = Waits { stops_after: Some(1), ..Waits::default() };
    client().send_patiently(&get(&server.url("/x")), &mut waits).unwrap_err();
    assert_eq!(server.received().len(), 5 + 2);
}

#[test]
fn nobody_there_is_no_connection() {
    let url = {
        let server = Server::with([good()]);
        server.url("/x")
    };
    let error = client().send(&get(&url)).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::NoConnection(_)), "{error}");
    assert_eq!(error.failure(), lw_retry::Failure::NotSent);
    let error = client().send(&get("https://no-such-host.invalid/x")).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::NoAddress | ErrorKind::NoConnection(_)), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn a_server_without_tls_is_no_server() {
    let server = Server::with([good()]);
    let error = client().send(&get(&server.url("/x").replace("http:", "https:"))).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Tls(_) | ErrorKind::BrokeOff(_)), "{error:?}");
    assert!(!error.failure().is_transient() || matches!(error.kind, ErrorKind::BrokeOff(_)));
}

#[test]
fn a_page_in_the_server_s_place_is_quoted_and_explained() {
    let server = Server::with([Reply::html(200)]);
    let answer = client_with(|settings| settings.retry.attempts = 1).send(&get(&server.url("/x"))).unwrap();
    let error = answer.json::<Value>().unwrap_err();
    assert!(error.to_string().contains("it says that it is text/html: <html> <head><title>200"), "{error}");
    assert!(error.hint().unwrap().contains("proxy"));
}
