//! How long and how much.

use std::io::Read;
use std::time::Duration;

use lw_http::ErrorKind;
use lw_testkit::http::{Reply, Server};

use crate::{client, client_with, get, post};

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let server = Server::with([Reply::Hang(Duration::from_secs(20))]);
    let client = client_with(|settings| settings.per_read = Duration::from_millis(200));
    let error = client.send(&get(&server.url("/x"))).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::TimedOut(_)), "{error:?}");
    assert_eq!(error.failure(), lw_retry::Failure::NoAnswer);
}

#[test]
fn a_server_that_dawdles_is_given_up_when_the_whole_takes_too_long() {
    let slow = || Reply::Slow { body: vec![b' '; 200], pause: Duration::from_millis(100) };
    let server = Server::with([slow()]);
    // Each byte comes in time, and all of them do not.
    let client = client_with(|settings| settings.total = Some(Duration::from_millis(700)));
    let error = client.send(&get(&server.url("/x"))).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::TimedOut(_)), "{error:?}");
}

#[test]
fn a_stream_may_take_long_as_long_as_something_comes() {
    let server = Server::with([Reply::Slow { body: b"[1,2,3]".to_vec(), pause: Duration::from_millis(400) }]);
    let client = client_with(|settings| {
        settings.total = Some(Duration::from_secs(2));
        settings.per_read = Duration::from_secs(10);
    });
    let mut text = String::new();
    client.stream(&get(&server.url("/x"))).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "[1,2,3]");
}

#[test]
fn a_stream_that_breaks_off_is_an_error_and_no_end() {
    let server = Server::with([Reply::Truncated { says: 1000, body: b"[{\"message\":\"x\"}".to_vec() }]);
    let mut text = String::new();
    let read = client().stream(&get(&server.url("/x"))).unwrap().read_to_string(&mut text);
    assert!(read.is_err());
}

#[test]
fn an_answer_is_read_up_to_its_limit() {
    let body = |length| Reply::Answer { status: 200, headers: Vec::new(), body: vec![b'x'; length] };
    let server = Server::with([body(1000), body(1001)]);
    let client = client_with(|settings| settings.max_body = 1000);
    assert_eq!(client.send(&get(&server.url("/x"))).unwrap().body.len(), 1000);
    let error = client.send(&get(&server.url("/x"))).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::TooLong(1000)), "{error:?}");
    assert!(!error.failure().is_transient());
    // An error that goes on for ever is read as far as it is shown.
    let server =
        Server::with([Reply::Answer { status: 500, headers: Vec::new(), body: vec![b'x'; 1 << 20] }]);
    let error = client.send(&get(&server.url("/x"))).unwrap_err();
    assert!(error.to_string().len() < 400, "{error}");
    // Headers without end.
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(1 << 20));
    let server = Server::with([Reply::Raw(endless.into_bytes())]);
    assert!(client.send(&get(&server.url("/x"))).is_err());
}

#[test]
fn what_is_sent_arrives_as_it_is() {
    let server = Server::with([Reply::json(201, r#"{"id":1}"#)]);
    let body = br#"{"tag_key":"a b","value":"\u00fc"}"#;
    let mut request = post(&server.url("/v7/x?$filter=id%20eq%201")).body(lw_http::Body::Json(body));
    request.headers.push(("x-one", "two".to_owned()));
    let answer = client().send(&request).unwrap();
    assert_eq!((answer.status, answer.content_type.as_deref()), (201, Some("application/json")));
    let received = &server.received()[0];
    assert_eq!((received.method.as_str(), received.target.as_str()), ("POST", "/v7/x?$filter=id%20eq%201"));
    assert_eq!(received.body, body);
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert_eq!(received.header("content-length"), Some(body.len().to_string().as_str()));
    assert_eq!(received.header("x-one"), Some("two"));
    assert!(received.header("user-agent").unwrap().starts_with("lw-actions/"));
    assert_eq!(received.header("transfer-encoding"), None, "uploads in pieces are refused by some servers");
}

#[test]
fn a_long_body_is_sent_as_it_is_read() {
    // More than any buffer, less than the server keeps.
    let length = 20 << 20;
    let server = Server::with([Reply::json(200, "[1]")]);
    for says in [Some(length), None] {
        let mut content = std::io::repeat(b'x').take(length);
        let mut answer = String::new();
        let sent = client().upload(&post(&server.url("/build")), "application/x-tar", says, &mut content);
        sent.unwrap().read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "[1]");
        let received = server.received().pop().unwrap();
        assert_eq!(received.body.len() as u64, length);
        assert!(received.body.iter().all(|byte| *byte == b'x'));
        assert_eq!(received.header("content-length").is_some(), says.is_some());
        assert_eq!(received.header("content-type"), Some("application/x-tar"));
    }
}

#[test]
fn a_body_that_cannot_be_read_or_is_shorter_than_it_says_is_no_success() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    let server = Server::with([Reply::json(200, "[1]")]);
    let client = client_with(|settings| settings.per_read = Duration::from_secs(2));
    let request = || post(&server.url("/build"));
    let error = client.upload(&request(), "application/x-tar", Some(10), &mut Broken).unwrap_err();
    assert!(error.to_string().contains("the disk is gone"), "{error}");
    assert!(client.upload(&request(), "application/x-tar", Some(10), &mut &b"short"[..]).is_err());
    assert!(server.received().is_empty());
}

#[test]
fn a_refused_upload_says_why() {
    let server = Server::with([Reply::json(401, r#""no builder for you""#)]);
    let mut content = std::io::repeat(b'x').take(1 << 20);
    let error =
        client().upload(&post(&server.url("/build")), "application/x-tar", None, &mut content).unwrap_err();
    assert!(error.to_string().contains("no builder for you"), "{error}");
}
