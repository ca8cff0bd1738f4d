//! Where a token goes, and where it does not.

use lw_http::{Address, Client, ErrorKind, Method, Request, Settings, SettingsError};
use lw_secret::Secret;
use lw_testkit::http::{Reply, Server};

use crate::{client, client_with, get};

const TOKEN: &str = "canary-a8Jm2kQ9xT";

fn token() -> Secret {
    Secret::new(TOKEN.into())
}

#[test]
fn a_token_is_sent_to_its_server_and_shown_by_nothing() {
    let server = Server::with([Reply::json(200, "{}"), Reply::json(401, ""), Reply::Drop]);
    let token = token();
    let client = client();
    let send = || {
        let request = get(&server.url("/x?apikey=hidden")).bearer(&token);
        assert!(!format!("{request:?}").contains(TOKEN));
        client.send(&request)
    };
    let answer = send().unwrap();
    assert!(!format!("{answer:?}{client:?}").contains(TOKEN));
    for _ in 0..2 {
        let error = send().unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(TOKEN) && !shown.contains("hidden"), "{shown}");
    }
    assert_eq!(server.received()[0].header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
}

#[test]
fn a_redirect_is_followed_within_its_server_only() {
    let other = Server::with([Reply::json(200, r#""the other""#)]);
    let to = |location: String| Reply::Answer {
        status: 302,
        headers: vec![("Location", location)],
        body: Vec::new(),
    };
    let token = token();
    let server = Server::with([to("/y".to_owned()), Reply::json(200, "1"), to(other.url("/y?stolen"))]);
    assert_eq!(client().send(&get(&server.url("/x")).bearer(&token)).unwrap().body, b"1");
    assert_eq!(server.received()[1].target, "/y");
    let error = client().send(&get(&server.url("/x")).bearer(&token)).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Redirect(_)), "{error}");
    assert!(other.received().is_empty(), "the other server was not even asked");
    assert!(!error.failure().is_transient());
    // What changes something is not sent elsewhere, and nothing is sent round in circles.
    let server = Server::with([to("/x".to_owned())]);
    let request = Request::new(Method::Patch, Address::parse(&server.url("/x")).unwrap());
    assert!(matches!(client().send(&request).unwrap_err().kind, ErrorKind::Redirect(_)));
    assert_eq!(server.received().len(), 1);
    assert!(matches!(client().send(&get(&server.url("/x"))).unwrap_err().kind, ErrorKind::Redirect(_)));
    assert_eq!(server.received().len(), 1 + 6);
}

#[test]
fn what_is_no_token_is_not_sent() {
    let server = Server::with([Reply::json(200, "{}")]);
    for text in ["", "two words", "line\nbreak", "carriage\rreturn", "tab\t", "nul\0", "Zürich"] {
        let token = Secret::new(text.into());
        let error = client().send(&get(&server.url("/x")).bearer(&token)).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Token), "{text:?}");
    }
    assert!(server.received().is_empty());
}

#[test]
fn a_proxy_is_asked_for_what_is_not_here_and_sees_no_token() {
    let proxy = Server::with([Reply::Raw(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".to_vec())]);
    let here = Server::with([Reply::json(200, "{}")]);
    let address = proxy.url("").replace("http://", "http://user:proxy-password@");
    let variable = |name: &str| (name == "HTTPS_PROXY").then(|| address.clone());
    let client = Client::new(Settings { ..Settings::from_environment(&variable) }).unwrap();
    let token = token();
    client.send(&get(&here.url("/x")).bearer(&token)).unwrap();
    assert!(proxy.received().is_empty(), "no proxy stands between this machine and itself");
    let error = client.send(&get("https://api.example.com/x").bearer(&token)).unwrap_err();
    assert_eq!(error.failure(), lw_retry::Failure::NotSent, "{error:?}");
    let asked = &proxy.received()[0];
    assert_eq!((asked.method.as_str(), asked.target.as_str()), ("CONNECT", "api.example.com:443"));
    assert!(asked.header("proxy-authorization").is_some());
    assert!(!format!("{asked:?}").contains(TOKEN));
    let shown = format!("{error} {error:?} {client:?}");
    assert!(!shown.contains("proxy-password") && !shown.contains(TOKEN), "{shown}");
}

#[test]
fn hosts_that_want_no_proxy_are_asked_directly() {
    let proxy = Server::with([Reply::Drop]);
    let client = client_with(|settings| {
        settings.proxy = Some(proxy.url(""));
        settings.no_proxy = Some("example.org, no-such-host.invalid".to_owned());
    });
    let error = client.send(&get("https://no-such-host.invalid/x")).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::NoAddress | ErrorKind::NoConnection(_)), "{error}");
    assert!(proxy.received().is_empty());
}

#[test]
fn the_variables_of_proxies_are_those_of_curl() {
    let with = |set: &'static [(&str, &str)]| {
        let variable = move |name: &str| {
            set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Settings::from_environment(&variable).proxy
    };
    assert_eq!(with(&[]), None);
    assert_eq!(with(&[("HTTPS_PROXY", "a"), ("https_proxy", "b")]).as_deref(), Some("b"));
    assert_eq!(with(&[("ALL_PROXY", "c"), ("HTTPS_PROXY", "a")]).as_deref(), Some("a"));
    assert_eq!(with(&[("ALL_PROXY", "c"), ("HTTPS_PROXY", "")]).as_deref(), Some("c"));
    assert_eq!(with(&[("HTTP_PROXY", "d"), ("http_proxy", "d")]), None, "HTTP is for this machine only");
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    let refused = |change: &dyn Fn(&mut Settings)| {
        let mut settings = Settings::default();
        change(&mut settings);
        Client::new(settings).unwrap_err()
    };
    assert_eq!(refused(&|s| s.proxy = Some("socks5:/".to_owned())), SettingsError::Proxy);
    assert_eq!(refused(&|s| s.certificates = Some(Vec::new())), SettingsError::NoCertificate);
    assert_eq!(refused(&|s| s.certificates = Some(b"no pem".to_vec())), SettingsError::NoCertificate);
    let damaged = b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n".to_vec();
    assert_eq!(refused(&|s| s.certificates = Some(damaged.clone())), SettingsError::Certificate(1));
}
