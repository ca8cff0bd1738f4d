//! Comments, and the one that is written again and again.

use lw_github::{Author, Comment, ErrorKind, Posted, Sticky};
use lw_testkit::github::{Account, Injection, Permissions, When};
use lw_testkit::http::Fault;

use crate::{REPOSITORY, World, api_at};

const MARKER: &str = "<!-- lw-report:size -->";

fn text(of: &str) -> String {
    format!("{MARKER}\n{of}\n")
}

/// Sets the comment to a text.
fn set(world: &World, number: u64, body: Option<&str>) -> Posted {
    set_if(world, number, body, &|_| true)
}

fn set_if(world: &World, number: u64, body: Option<&str>, may_replace: &dyn Fn(&Comment) -> bool) -> Posted {
    let api = world.api();
    let author = api.author(&mut world.waits()).unwrap();
    let sticky = Sticky {
        repository: &world.repository,
        number,
        author: &author,
        marker: MARKER,
        body,
        may_create: true,
        may_replace,
    };
    let posted = api.set_comment(&sticky, &mut world.waits()).unwrap();
    world.is_understood();
    posted
}

fn bodies(world: &World, number: u64) -> Vec<String> {
    let comments = world.stub.world(|github| github.comments(REPOSITORY, number));
    comments.into_iter().map(|comment| comment.body).collect()
}

#[test]
fn a_comment_is_created_and_updated_and_there_is_one() {
    let world = World::new();
    let number = world.pull();
    assert!(matches!(set(&world, number, Some(&text("one"))), Posted::Created(_)));
    assert!(matches!(set(&world, number, Some(&text("two"))), Posted::Updated(_)));
    assert_eq!(bodies(&world, number), [text("two")]);
    let before = world.stub.answered();
    assert!(matches!(set(&world, number, Some(&text("two"))), Posted::Unchanged(_)));
    let since = world.stub.requests().split_off(before);
    assert!(since.iter().all(|seen| !seen.is_mutating()), "what says the same is not written");
    assert_eq!(set(&world, number, None), Posted::Removed);
    assert_eq!(set(&world, number, None), Posted::Absent);
    assert_eq!(bodies(&world, number), Vec::<String>::new());
}

#[test]
fn it_is_found_behind_pages_of_others_and_only_when_it_is_ours() {
    let world = World::new();
    let number = world.pull();
    let ours = world.stub.world(|github| {
        github.set_page(3);
        // Somebody who wants theirs to be overwritten, and an account that is gone.
        github.add_comment(REPOSITORY, number, "mallory", &text("fake"));
        github.add_comment(REPOSITORY, number, "github-actions", &text("fake"));
        github.add_comment(REPOSITORY, number, "", &text("fake"));
        for other in 0..20 {
            github.add_comment(REPOSITORY, number, "octocat", &format!("comment {other}"));
        }
        github.add_comment(REPOSITORY, number, "github-actions[bot]", "<!-- lw-report:tests -->");
        github.add_comment(REPOSITORY, number, "github-actions[bot]", &text("old"))
    });
    let Posted::Updated(comment) = set(&world, number, Some(&text("new"))) else { panic!("it was there") };
    assert_eq!(comment.id, ours);
    let bodies = bodies(&world, number);
    assert_eq!(bodies.len(), 25);
    assert_eq!(bodies.iter().filter(|body| **body == text("fake")).count(), 3);
    assert_eq!(bodies.last(), Some(&text("new")));
    let all = world.api().comments(&world.repository, number, &mut world.waits()).unwrap();
    assert_eq!(all.len(), 25);
    assert_eq!((all[2].author.as_deref(), all[0].author.as_deref()), (None, Some("mallory")));
}

#[test]
fn of_several_the_oldest_stays() {
    let world = World::new();
    let number = world.pull();
    let first = world.stub.world(|github| {
        let first = github.add_comment(REPOSITORY, number, "github-actions[bot]", &text("a"));
        github.add_comment(REPOSITORY, number, "github-actions[bot]", &text("b"));
        github.add_comment(REPOSITORY, number, "github-actions[bot]", &text("c"));
        first
    });
    let posted = set(&world, number, Some(&text("d")));
    assert_eq!(posted.comment().unwrap().id, first);
    assert_eq!(bodies(&world, number), [text("d")]);
}

#[test]
fn two_jobs_at_once_leave_the_oldest_one() {
    let world = World::new();
    let number = world.pull();
    // The other job writes between our list and our comment.
    world.stub.meanwhile(When::at("POST", "/comments"), move |github| {
        github.add_comment(REPOSITORY, number, "github-actions[bot]", &text("theirs"));
    });
    let posted = set(&world, number, Some(&text("ours")));
    assert!(matches!(posted, Posted::Updated(_)), "{posted:?}");
    assert_eq!(bodies(&world, number), [text("ours")]);
    // And after our comment: it is the younger one, and removed.
    let number = world.pull();
    let before = world.stub.answered();
    // Who asks, the list, the comment, the list.
    world.stub.meanwhile(When::Nth(before + 4), move |github| {
        github.add_comment(REPOSITORY, number, "github-actions[bot]", &text("theirs"));
    });
    assert!(matches!(set(&world, number, Some(&text("ours"))), Posted::Created(_)));
    assert_eq!(bodies(&world, number), [text("ours")]);
}

#[test]
fn what_may_not_be_replaced_stays() {
    let world = World::new();
    let number = world.pull();
    set(&world, number, Some(&text("run 7")));
    let posted = set_if(&world, number, Some(&text("run 6")), &|comment| !comment.body.contains("run 7"));
    assert!(matches!(posted, Posted::Kept(_)), "{posted:?}");
    assert_eq!(bodies(&world, number), [text("run 7")]);
}

#[test]
fn a_double_of_a_newer_run_is_left_to_it() {
    let world = World::new();
    let number = world.pull();
    world.stub.world(|github| {
        github.add_comment(REPOSITORY, number, "github-actions[bot]", &text("run 5"));
        github.add_comment(REPOSITORY, number, "github-actions[bot]", &text("run 7"));
    });
    let posted = set_if(&world, number, Some(&text("run 6")), &|comment| !comment.body.contains("run 7"));
    assert_eq!(posted.comment().unwrap().body, text("run 7"));
    assert_eq!(bodies(&world, number), [text("run 5"), text("run 7")]);
    // Which it is itself: what is there is one comment again.
    set(&world, number, Some(&text("run 7")));
    assert_eq!(bodies(&world, number), [text("run 7")]);
}

#[test]
fn a_server_that_never_answers_is_asked_as_often_as_the_policy_says() {
    let world = World::new();
    let number = world.pull();
    let fault = Injection::once(When::at("POST", "/comments"), Fault::Html(502)).times(usize::MAX);
    world.stub.inject(fault);
    let (api, author) = (world.api(), Author::new("github-actions[bot]"));
    let sticky = Sticky {
        repository: &world.repository,
        number,
        author: &author,
        marker: MARKER,
        body: Some(MARKER),
        may_create: true,
        may_replace: &|_| true,
    };
    let error = api.set_comment(&sticky, &mut world.waits()).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Server { status: 502, .. }), "{error}");
    let requests = world.stub.requests();
    let posts = requests.iter().filter(|seen| seen.method == "POST").count();
    assert_eq!((posts, requests.len() - posts), (5, 5), "each time after a look");
    // And one that takes them and never says so has one comment.
    let world = World::new();
    let number = world.pull();
    let fault = Injection::once(When::at("POST", "/comments"), Fault::Drop).taking_effect().times(usize::MAX);
    world.stub.inject(fault);
    assert!(matches!(set(&world, number, Some(&text("x"))), Posted::Created(_)));
    assert_eq!(bodies(&world, number), [text("x")]);
}

#[test]
fn a_comment_that_comes_and_goes_is_given_up() {
    let world = World::new();
    let number = world.pull();
    for _ in 0..100 {
        world.stub.meanwhile(When::at("GET", "/issues/"), move |github| {
            if github.comments(REPOSITORY, number).is_empty() {
                github.add_comment(REPOSITORY, number, "github-actions[bot]", &text("theirs"));
            }
        });
        world.stub.meanwhile(When::at("PATCH", "/issues/"), move |github| {
            for comment in github.comments(REPOSITORY, number) {
                github.remove_comment(REPOSITORY, comment.id);
            }
        });
    }
    let (api, author) = (world.api(), Author::new("github-actions[bot]"));
    let sticky = Sticky {
        repository: &world.repository,
        number,
        author: &author,
        marker: MARKER,
        body: Some("ours"),
        may_create: true,
        may_replace: &|_| true,
    };
    let error = api.set_comment(&sticky, &mut world.waits()).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Unsteady), "{error}");
}

#[test]
fn one_that_is_removed_meanwhile_is_written_again() {
    let world = World::new();
    let number = world.pull();
    let id = set(&world, number, Some(&text("one"))).comment().unwrap().id;
    world
        .stub
        .meanwhile(When::at("PATCH", "/comments/"), move |github| github.remove_comment(REPOSITORY, id));
    assert!(matches!(set(&world, number, Some(&text("two"))), Posted::Created(_)));
    assert_eq!(bodies(&world, number), [text("two")]);
}

#[test]
fn who_writes_is_asked_where_a_token_may_ask() {
    let world = World::new();
    assert_eq!(world.api().author(&mut world.waits()).unwrap(), Author::new("github-actions[bot]"));
    world.stub.world(|github| {
        github.add_token("ghp_person", Account::person("octocat", REPOSITORY, Permissions::all()));
    });
    let person = api_at(&world.stub.api_url(), Some("ghp_person"));
    assert_eq!(person.author(&mut world.waits()).unwrap().login(), "octocat");
    let unknown = api_at(&world.stub.api_url(), Some("ghp_unknown"));
    let error = unknown.author(&mut world.waits()).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Unauthorized { .. }), "{error}");
    let nobody = api_at(&world.stub.api_url(), Some(" \n"));
    let error = nobody.author(&mut world.waits()).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::NoToken), "{error}");
}

#[test]
fn a_token_that_may_not_ask_who_it_is_is_a_job_s() {
    use lw_testkit::http::{Reply, Server};

    let world = World::new();
    let said = "Resource not accessible by integration";
    let in_graphql = format!("{{\"errors\":[{{\"type\":\"FORBIDDEN\",\"message\":\"{said}\"}}]}}");
    let in_status = format!("{{\"message\":\"{said}\"}}");
    for reply in [Reply::json(200, &in_graphql), Reply::json(403, &in_status), Reply::json(404, "{}")] {
        let server = Server::with([reply]);
        let api = api_at(&server.url("/api/v3"), Some(crate::TOKEN));
        assert_eq!(api.author(&mut world.waits()).unwrap(), Author::new("github-actions[bot]"));
        assert_eq!(server.received()[0].target, "/api/graphql");
    }
    // What is no answer to that is none.
    for (body, is_graphql) in
        [("{\"errors\":[{\"message\":\"x\"}]}", true), ("{\"data\":{}}", false), ("{}", false)]
    {
        let server = Server::with([Reply::json(200, body)]);
        let error = api_at(&server.url(""), Some(crate::TOKEN)).author(&mut world.waits()).unwrap_err();
        assert_eq!(matches!(error.kind, ErrorKind::Graphql { .. }), is_graphql, "{error}");
        assert_eq!(matches!(error.kind, ErrorKind::NotUnderstood { .. }), !is_graphql, "{error}");
    }
    let limited =
        Server::with([Reply::json(200, "{\"errors\":[{\"type\":\"RATE_LIMITED\",\"message\":\"x\"}]}")]);
    let error = api_at(&limited.url(""), Some(crate::TOKEN)).author(&mut world.waits()).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::RateLimited { .. }), "{error}");
}

#[test]
fn a_text_that_github_does_not_take_is_refused_with_its_reason() {
    let world = World::new();
    let number = world.pull();
    let (api, mut waits) = (world.api(), world.waits());
    // Characters, not bytes.
    api.create_comment(&world.repository, number, &"ü".repeat(65_536), &mut waits).unwrap();
    let error = api.create_comment(&world.repository, number, &"ü".repeat(65_537), &mut waits).unwrap_err();
    let ErrorKind::Refused { status: 422, said } = &error.kind else { panic!("{error}") };
    assert!(said.contains("Body is too long (maximum is 65536 characters)"), "{said}");
    api.delete_comment(&world.repository, 1, &mut waits).unwrap();
    let error = api.update_comment(&world.repository, 1, "x", &mut waits).unwrap_err();
    assert!(error.is_not_found(), "{error}");
}
