//! Comments, and the one that is written again and again.

use lw_github::{Author, Comment, ErrorKind, Posted, Sticky};
use lw_testkit::github::{Account, Permissions, When};

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
