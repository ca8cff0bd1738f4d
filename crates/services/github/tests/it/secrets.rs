//! Where the token goes, and where it does not.

use lw_github::{Api, Endpoints, ErrorKind};
use lw_http::{Client, Settings};
use lw_secret::{Secret, forms};
use lw_testkit::github::{Injection, RunSpec, When};
use lw_testkit::http::{Fault, Reply, Server};

use crate::{REPOSITORY, TOKEN, World, api_at};

/// Whether a text has the token in it, in whatever guise.
fn assert_clean(text: &str) {
    for form in forms(&Secret::new(TOKEN.into())) {
        let needle = form.bytes.expose();
        let found = text.as_bytes().windows(needle.len()).any(|window| window == needle);
        assert!(!found, "{}: {text}", form.name);
    }
}

#[test]
fn no_error_and_no_debug_output_shows_the_token() {
    let world = World::new();
    let number = world.pull();
    let (api, waits) = (world.api(), &mut world.waits());
    assert_clean(&format!("{api:?}"));
    let echo = |status| {
        Reply::json(status, &format!("{{\"message\":\"no\",\"errors\":[{{\"code\":\"{status}\"}}]}}"))
    };
    for reply in [
        echo(401),
        echo(403),
        echo(404),
        echo(410),
        echo(422),
        echo(500),
        Reply::html(502),
        Reply::Drop,
        Reply::json(200, "{"),
        Reply::later(429, "100000"),
        Reply::Truncated { says: 100, body: b"[".to_vec() },
        Reply::Answer {
            status: 302,
            headers: vec![("Location", "https://evil.example.com/?x".to_owned())],
            body: Vec::new(),
        },
    ] {
        let server = Server::with([reply]);
        let api = api_at(&server.url(""), Some(TOKEN));
        let error = api.comments(&world.repository, number, waits).unwrap_err();
        assert_clean(&format!("{error} {error:?} {api:?}"));
        let error = api.create_comment(&world.repository, number, "x", waits).unwrap_err();
        assert_clean(&format!("{error} {error:?}"));
        assert!(server.received().iter().all(|asked| asked.header("authorization").is_some()));
    }
    let comment = api.create_comment(&world.repository, number, "x", waits).unwrap();
    assert_clean(&format!("{comment:?}"));
    // It reached the server it is for.
    assert!(world.stub.requests().iter().all(|seen| seen.has_token));
}

#[test]
fn what_is_no_token_is_not_sent() {
    let world = World::new();
    let api = api_at(&world.stub.api_url(), Some("ghs_canary\r\nx-evil: 1"));
    let error = api.pull(&world.repository, 1, &mut world.waits()).unwrap_err();
    let ErrorKind::Http(error) = error.kind else { panic!("{error}") };
    assert!(matches!(error.kind, lw_http::ErrorKind::Token), "{error}");
    assert_eq!(world.stub.answered(), 0);
}

#[test]
fn a_redirect_does_not_take_the_token_along() {
    let other = Server::with([Reply::json(200, "[]")]);
    let to = |location: String, status: u16| Reply::Answer {
        status,
        headers: vec![("Location", location)],
        body: Vec::new(),
    };
    let world = World::new();
    let waits = &mut world.waits();
    for status in [301, 302, 307, 308] {
        let server = Server::with([to(other.url("/steal"), status)]);
        let api = api_at(&server.url(""), Some(TOKEN));
        assert!(api.comments(&world.repository, 1, waits).is_err());
        assert!(api.create_comment(&world.repository, 1, "x", waits).is_err());
        assert_eq!(server.received().len(), 2, "{status}");
    }
    assert!(other.received().is_empty(), "the other server was not even asked");
    // Within the server a repository that was renamed is found.
    let server =
        Server::with([to("/repositories/1/issues/1/comments".to_owned(), 301), Reply::json(200, "[]")]);
    let api = api_at(&server.url(""), Some(TOKEN));
    assert!(api.comments(&world.repository, 1, waits).unwrap().is_empty());
    assert!(server.received()[1].header("authorization").is_some());
}

#[test]
fn a_download_leads_elsewhere_without_the_token_also_after_faults() {
    let world = World::new();
    let artifact = world.stub.world(|github| {
        let run = github.add_run(REPOSITORY, &RunSpec::of_pull(REPOSITORY, "b", &"a".repeat(40)));
        github.add_artifact(REPOSITORY, run, "report", b"zip");
        run
    });
    let (api, waits) = (world.api(), &mut world.waits());
    let artifact = api.artifacts(&world.repository, artifact, None, waits).unwrap().remove(0);
    let begun = world.stub.answered();
    for (number, fault) in [Fault::Drop, Fault::Html(502), Fault::Status(500)].into_iter().enumerate() {
        world.stub.inject(Injection::once(When::Nth(begun + number + 1), fault));
    }
    assert_eq!(api.download(&world.repository, &artifact, 100, waits).unwrap(), b"zip");
    assert!(
        world
            .stub
            .downloads()
            .iter()
            .all(|download| { download.headers.iter().all(|(_, value)| !value.contains(TOKEN)) })
    );
    // An address in the clear, or with a name in it, is none to go to.
    for location in [
        "http://storage.example.com/x?sig=s",
        "https://user:hunter2@storage.example.com/x",
        "/x y",
        "ftp://x/",
    ] {
        let server = Server::with([Reply::Answer {
            status: 302,
            headers: vec![("Location", location.to_owned())],
            body: Vec::new(),
        }]);
        let error = api_at(&server.url(""), Some(TOKEN))
            .download(&world.repository, &artifact, 100, waits)
            .unwrap_err();
        assert!(matches!(error.kind, ErrorKind::NotUnderstood { .. }), "{error}");
        assert!(!error.to_string().contains("sig=") && !error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn graphql_elsewhere_is_refused_before_anything_is_sent() {
    let client = Client::new(Settings::default()).unwrap();
    let refused = |api: &str, graphql: &str| {
        let endpoints = Endpoints { api: api.to_owned(), graphql: graphql.to_owned() };
        let error = Api::new(client.clone(), endpoints, Some(Secret::new(TOKEN.into()))).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Endpoint(_)), "{error}");
        assert_clean(&format!("{error} {error:?}"));
    };
    refused("https://api.github.com", "https://evil.example.com/graphql");
    refused("https://api.github.com", "http://api.github.com/graphql");
    refused("http://api.github.com", "http://api.github.com/graphql");
    refused(&format!("https://{TOKEN}@api.github.com"), "https://api.github.com/graphql");
    refused("api.github.com", "https://api.github.com/graphql");
}
