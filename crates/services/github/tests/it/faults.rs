//! Whichever answer is lost, and however: the end is that of a run in which nothing went wrong.

use std::time::Duration;

use lw_github::{Moved, NewCommit, NewEntry, ObjectId, Posted, Sticky};
use lw_testkit::github::{Fault, Injection, When};
use lw_testkit::http::Fault as Way;

use crate::{REPOSITORY, World};

const MARKER: &str = "<!-- lw-report:size -->";

/// Each kind of fault, and whether the request takes effect all the same.
fn faults() -> Vec<(Fault, bool)> {
    vec![
        (Way::Drop.into(), false),
        (Way::Drop.into(), true),
        (Way::Later { status: 429, after: "7".to_owned() }.into(), false),
        (Way::Later { status: 503, after: "7".to_owned() }.into(), true),
        (Way::Status(500).into(), false),
        (Way::Status(500).into(), true),
        (Way::Html(502).into(), false),
        (Way::Html(502).into(), true),
        (Way::Html(200).into(), true),
        (Way::Truncated(3).into(), true),
        (Way::Hang(Duration::from_millis(700)).into(), true),
        (Way::Slow(Duration::from_millis(1)).into(), true),
        (Fault::PrimaryLimit { resets_in: Duration::from_secs(50) }, false),
        (Fault::SecondaryLimit { after: Some(Duration::from_secs(5)) }, false),
        (Fault::SecondaryLimit { after: None }, false),
    ]
}

/// Runs something with each kind of fault at each of its answers, and compares how it ends.
pub(crate) fn at_every_answer<E: PartialEq + std::fmt::Debug>(
    run: &dyn Fn(&World) -> E,
    before: &dyn Fn(&World),
) {
    let with = |injection: Option<(usize, Fault, bool)>| {
        let world = World::new();
        before(&world);
        let begun = world.stub.answered();
        if let Some((number, fault, takes_effect)) = injection {
            let injection = Injection::once(When::Nth(begun + number), fault);
            world.stub.inject(if takes_effect { injection.taking_effect() } else { injection });
        }
        let end = run(&world);
        world.is_understood();
        let met = world.stub.requests().iter().filter(|seen| seen.fault.is_some()).count();
        (end, world.stub.answered() - begun, met)
    };
    let (expected, requests, _) = with(None);
    assert!(requests > 1);
    for number in 1..=requests {
        for (fault, takes_effect) in faults() {
            let what = format!("{fault:?}, effect {takes_effect}, at request {number} of {requests}");
            let (end, _, met) = with(Some((number, fault, takes_effect)));
            assert_eq!(met, 1, "{what}");
            assert_eq!(end, expected, "{what}");
        }
    }
}

fn set(world: &World, body: &str) -> Posted {
    let api = world.api();
    let author = api.author(&mut world.waits()).unwrap();
    let sticky = Sticky {
        repository: &world.repository,
        number: 1,
        author: &author,
        marker: MARKER,
        body: Some(body),
        may_create: true,
        may_replace: &|_| true,
    };
    api.set_comment(&sticky, &mut world.waits()).unwrap()
}

/// The texts of all comments, and what the caller was told.
fn end(world: &World, posted: &Posted) -> (Vec<(Option<String>, String)>, String) {
    let comments = world.stub.world(|github| github.comments(REPOSITORY, 1));
    let told = posted.comment().map(|comment| comment.body.clone()).unwrap_or_default();
    (comments.into_iter().map(|comment| (comment.author, comment.body)).collect(), told)
}

#[test]
fn a_comment_that_is_created() {
    let body = format!("{MARKER} new");
    at_every_answer(
        &|world| {
            let posted = set(world, &body);
            assert!(matches!(posted, Posted::Created(_)), "{posted:?}");
            end(world, &posted)
        },
        &|world| {
            world.pull();
            world.stub.world(|github| {
                github.set_page(2);
                for other in 0..3 {
                    github.add_comment(REPOSITORY, 1, "octocat", &format!("{MARKER} {other}"));
                }
            });
        },
    );
}

#[test]
fn a_comment_that_is_updated_and_its_double_that_is_removed() {
    let body = format!("{MARKER} new");
    at_every_answer(
        &|world| {
            let posted = set(world, &body);
            end(world, &posted)
        },
        &|world| {
            world.pull();
            world.stub.world(|github| {
                github.add_comment(REPOSITORY, 1, "github-actions[bot]", &format!("{MARKER} old"));
                github.add_comment(REPOSITORY, 1, "github-actions[bot]", &format!("{MARKER} double"));
            });
        },
    );
}

const HISTORY: &str = "refs/lw/history";

/// Puts one more file on a ref.
fn append(world: &World, path: &str) -> Moved {
    let (api, repository) = (world.api(), &world.repository);
    let waits = &mut world.waits();
    let from = api.reference(repository, HISTORY, waits).unwrap();
    let tree = from.as_ref().map(|from| api.commit(repository, from, waits).unwrap().tree);
    let blob = api.create_blob(repository, path.as_bytes(), waits).unwrap();
    let entries = [NewEntry { path: path.to_owned(), blob: Some(blob) }];
    let tree = api.create_tree(repository, tree.as_ref(), &entries, waits).unwrap();
    let parents: Vec<ObjectId> = from.iter().cloned().collect();
    let commit = NewCommit { message: "More", tree: &tree, parents: &parents };
    let commit = api.create_commit(repository, &commit, waits).unwrap();
    api.move_reference(repository, HISTORY, from.as_ref(), &commit, waits).unwrap()
}

/// Files and the number of commits on the ref.
fn store(world: &World) -> (Vec<String>, usize) {
    world.stub.world(|github| {
        let files = github.files(REPOSITORY, HISTORY).unwrap_or_default();
        (files.into_keys().collect(), github.history(REPOSITORY, HISTORY).len())
    })
}

#[test]
fn a_ref_that_is_created_and_moved() {
    at_every_answer(
        &|world| {
            assert_eq!(append(world, "2026-11/a.json"), Moved::Done);
            assert_eq!(append(world, "2026-11/b.json"), Moved::Done);
            store(world)
        },
        &|_| {},
    );
}

#[test]
fn a_ref_that_somebody_else_moves_first_is_lost_whatever_answer_is() {
    at_every_answer(
        &|world| {
            world.stub.meanwhile(When::at("PATCH", "/git/refs/"), |github| {
                github.commit_files(REPOSITORY, HISTORY, &[("theirs", "x")]);
            });
            let moved = append(world, "ours");
            let theirs = world.stub.world(|github| github.reference(REPOSITORY, HISTORY)).unwrap();
            assert_eq!(moved, Moved::Lost(ObjectId::parse(&theirs)));
            store(world)
        },
        &|world| {
            world.stub.world(|github| github.commit_files(REPOSITORY, HISTORY, &[("first", "x")]));
        },
    );
}
