//! What a token may not do, and what is asked too often.

use std::time::Duration;

use lw_github::{Denied, Error, ErrorKind, Limit, ObjectId, Permission, Repository};
use lw_model::Diagnose;
use lw_testkit::github::{Access, Account, Fault, Injection, Permissions, RunSpec, When};

use crate::{REPOSITORY, TOKEN, World, api_at};

fn forbidden(error: &Error) -> (Denied, Permission) {
    let ErrorKind::Forbidden { why, needs, .. } = error.kind else { panic!("{error}") };
    (why, needs)
}

fn hint(error: &Error) -> String {
    error.hint().unwrap().into_owned()
}

#[test]
fn a_token_that_only_reads_is_recognised_and_the_line_is_named() {
    let world = World::with(Permissions::read());
    let number = world.pull();
    let (api, waits) = (world.api(), &mut world.waits());
    assert!(api.comments(&world.repository, number, waits).unwrap().is_empty());
    let error = api.create_comment(&world.repository, number, "x", waits).unwrap_err();
    assert_eq!(forbidden(&error), (Denied::Integration, Permission::PullRequestsWrite));
    assert!(error.is_read_only_token() && error.is_permission());
    assert!(
        hint(&error).contains("`pull-requests: write`") && hint(&error).contains("fork"),
        "{}",
        hint(&error)
    );
    let error = api.create_blob(&world.repository, b"x", waits).unwrap_err();
    assert_eq!(forbidden(&error), (Denied::Integration, Permission::ContentsWrite));
    assert!(hint(&error).contains("`contents: write`"), "{}", hint(&error));
    let main = ObjectId::parse(&world.main).unwrap();
    let moved = api.move_reference(&world.repository, "refs/lw/x", None, &main, waits).unwrap_err();
    assert!(moved.is_read_only_token(), "{moved}");
    let asked = world.stub.requests();
    assert_eq!(asked.iter().filter(|seen| seen.is_mutating()).count(), 3, "a permission is not waited for");
    world.is_understood();
}

#[test]
fn what_is_not_even_read_names_its_line_too() {
    let world = World::with(Permissions::none());
    let number = world.pull();
    let run = world.stub.world(|github| {
        github.make_private(REPOSITORY);
        github.add_run(REPOSITORY, &RunSpec::of_pull(REPOSITORY, "b", &"a".repeat(40)))
    });
    let (api, waits) = (world.api(), &mut world.waits());
    for (error, line) in [
        (api.comments(&world.repository, number, waits).unwrap_err(), "pull-requests: read"),
        (api.pull(&world.repository, number, waits).unwrap_err(), "pull-requests: read"),
        (api.run(&world.repository, run, waits).unwrap_err(), "actions: read"),
        (api.artifacts(&world.repository, run, None, waits).unwrap_err(), "actions: read"),
        (api.reference(&world.repository, "refs/lw/x", waits).unwrap_err(), "contents: read"),
    ] {
        assert_eq!(error.needs().unwrap().line(), line);
        assert!(hint(&error).contains(&format!("`{line}`")), "{}", hint(&error));
        assert!(!error.is_read_only_token(), "{error}");
    }
    // A repository that the token knows nothing of.
    world.stub.world(|github| {
        github.add_repository("org/secret");
        github.make_private("org/secret");
    });
    let secret = Repository::parse("org/secret").unwrap();
    let error = api.pull(&secret, 1, waits).unwrap_err();
    assert!(error.is_not_found() && hint(&error).contains("`pull-requests: read`"), "{}", hint(&error));
}

#[test]
fn other_reasons_are_not_taken_for_a_permission() {
    let world = World::new();
    let number = world.pull();
    world.stub.world(|github| {
        github.lock(REPOSITORY, number);
        let permissions = Permissions { pull_requests: Access::Read, ..Permissions::all() };
        github.add_token("ghp_person", Account::person("octocat", REPOSITORY, permissions));
    });
    let (api, waits) = (world.api(), &mut world.waits());
    let error = api.create_comment(&world.repository, number, "x", waits).unwrap_err();
    assert_eq!(forbidden(&error).0, Denied::Locked);
    assert!(!error.is_read_only_token() && hint(&error).contains("locked"));
    let person = api_at(&world.stub.api_url(), Some("ghp_person"));
    let error = person.create_comment(&world.repository, number, "x", waits).unwrap_err();
    assert_eq!(forbidden(&error).0, Denied::PersonalToken);
    world.stub.world(|github| github.archive(REPOSITORY));
    let error = api.create_blob(&world.repository, b"x", waits).unwrap_err();
    assert_eq!(forbidden(&error).0, Denied::Archived);
    let stranger = api_at(&world.stub.api_url(), Some("ghp_unknown"));
    let error = stranger.pull(&world.repository, number, waits).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Unauthorized { .. }), "{error}");
    let nobody = api_at(&world.stub.api_url(), None);
    assert_eq!(nobody.pull(&world.repository, number, waits).unwrap().number, number);
    let before = world.stub.answered();
    let error = nobody.create_comment(&world.repository, number, "x", waits).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::NoToken) && hint(&error).contains("GITHUB_TOKEN"), "{error}");
    assert_eq!(world.stub.answered(), before);
}

/// What an error is and how long was waited for it, when a fault is met again and again.
fn limited(fault: Fault) -> (Limit, Option<Duration>, Duration) {
    let world = World::new();
    let number = world.pull();
    world.stub.inject(Injection::once(When::Next, fault).times(usize::MAX));
    let begun = world.stub.now();
    let error = world.api().comments(&world.repository, number, &mut world.waits()).unwrap_err();
    let ErrorKind::RateLimited { limit, wait } = error.kind else { panic!("{error}") };
    assert!(!error.is_permission() && error.hint().is_some());
    (limit, wait, world.stub.now() - begun)
}

#[test]
fn limits_are_told_apart_and_waited_for_as_long_as_the_policy_allows() {
    let secs = Duration::from_secs;
    // An hour is longer than anything waits: it is told at once.
    let (limit, wait, waited) = limited(Fault::PrimaryLimit { resets_in: secs(3000) });
    assert_eq!((limit, wait, waited), (Limit::Primary, Some(secs(3000)), secs(0)));
    let (limit, wait, waited) = limited(Fault::SecondaryLimit { after: Some(secs(300)) });
    assert_eq!((limit, wait, waited), (Limit::Secondary, Some(secs(300)), secs(0)));
    let (limit, wait, waited) = limited(Fault::SecondaryLimit { after: None });
    assert_eq!((limit, wait), (Limit::Secondary, Some(secs(60))));
    assert!(waited >= secs(60), "{waited:?}");
    // One that ends soon is waited for, and what was wanted is done.
    let world = World::new();
    let number = world.pull();
    world.stub.inject(Injection::once(When::Next, Fault::PrimaryLimit { resets_in: secs(90) }));
    let begun = world.stub.now();
    let created = world.api().create_comment(&world.repository, number, "x", &mut world.waits());
    assert_eq!(created.unwrap().body, "x");
    assert!(world.stub.now() - begun >= secs(90));
    assert_eq!(world.stub.world(|github| github.comments(REPOSITORY, number)).len(), 1);
}

#[test]
fn a_page_in_the_place_of_an_answer_is_said() {
    use lw_testkit::http::{Reply, Server};

    let page = |status| Reply::html(status);
    for reply in
        [page(200), Reply::json(200, "{\"a\":1}"), Reply::json(200, "[{\"id\":\"x\"}]"), Reply::json(200, "")]
    {
        let server = Server::with([reply]);
        let world = World::new();
        let api = api_at(&server.url("/api/v3"), Some(TOKEN));
        let error = api.comments(&world.repository, 1, &mut world.waits()).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::NotUnderstood { .. }), "{error}");
        assert!(hint(&error).contains("GITHUB_API_URL"));
        assert_eq!(server.received()[0].target, "/api/v3/repos/org/firmware/issues/1/comments?per_page=100");
    }
}

#[test]
fn pages_without_end_come_to_one() {
    use lw_testkit::http::{Reply, Server};

    let with_link = |query: &str| Reply::Answer {
        status: 200,
        headers: vec![
            ("Content-Type", "application/json".to_owned()),
            ("Link", format!("<https://evil.example.com/steal?{query}>; rel=\"next\"")),
        ],
        body: b"[]".to_vec(),
    };
    let world = World::new();
    // Back to where it came from, and ever new.
    let server = Server::with([with_link("page=2"), with_link("page=3"), with_link("page=2")]);
    let error = api_at(&server.url(""), None).comments(&world.repository, 1, &mut world.waits()).unwrap_err();
    assert!(error.to_string().contains("no end"), "{error}");
    let asked = server.received();
    assert_eq!(asked.len(), 3);
    assert_eq!(
        asked[1].target, "/repos/org/firmware/issues/1/comments?page=2",
        "of the link only the query is taken"
    );
    let count = std::sync::atomic::AtomicU32::new(0);
    let server = Server::start(move |_| {
        with_link(&format!("page={}", count.fetch_add(1, std::sync::atomic::Ordering::Relaxed)))
    });
    let error = api_at(&server.url(""), None).comments(&world.repository, 1, &mut world.waits()).unwrap_err();
    assert!(error.to_string().contains("no end"), "{error}");
    assert!(server.received().len() < 100, "{}", server.received().len());
}
