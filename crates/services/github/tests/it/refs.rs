//! Objects and refs.

use lw_github::{Api, ErrorKind, Moved, NewCommit, NewEntry, ObjectId};
use lw_testkit::github::{Injection, When};
use lw_testkit::http::Fault;

use crate::{REPOSITORY, World};

const NAME: &str = "refs/lw/baseline";

fn id(text: &str) -> ObjectId {
    ObjectId::parse(text).unwrap()
}

/// A commit with one file.
fn commit(world: &World, api: &Api, content: &str, parents: &[ObjectId]) -> ObjectId {
    let waits = &mut world.waits();
    let blob = api.create_blob(&world.repository, content.as_bytes(), waits).unwrap();
    let entries = [NewEntry { path: "size/esp32.json".to_owned(), blob: Some(blob) }];
    let tree = api.create_tree(&world.repository, None, &entries, waits).unwrap();
    let commit = NewCommit { message: "A baseline", tree: &tree, parents };
    api.create_commit(&world.repository, &commit, waits).unwrap()
}

#[test]
fn what_is_written_is_read_again() {
    let world = World::new();
    let (api, waits) = (world.api(), &mut world.waits());
    assert_eq!(api.reference(&world.repository, NAME, waits).unwrap(), None);
    let content = "ü\0".repeat(10_000);
    let first = commit(&world, &api, &content, &[]);
    let moved = api.move_reference(&world.repository, NAME, None, &first, waits).unwrap();
    assert_eq!(moved, Moved::Done);
    assert_eq!(api.reference(&world.repository, NAME, waits).unwrap(), Some(first.clone()));
    let read = api.commit(&world.repository, &first, waits).unwrap();
    assert_eq!((read.parents.as_slice(), read.message.as_str()), ([].as_slice(), "A baseline"));
    let folders = api.tree(&world.repository, &read.tree, false, waits).unwrap();
    assert_eq!((folders.len(), folders[0].path.as_str(), folders[0].is_file()), (1, "size", false));
    let entries = api.tree(&world.repository, &read.tree, true, waits).unwrap();
    let file = entries.iter().find(|entry| entry.path == "size/esp32.json").unwrap();
    assert!(file.is_file() && file.size == Some(content.len() as u64));
    let most = content.len() as u64;
    assert_eq!(api.blob(&world.repository, &file.id, most, waits).unwrap(), content.as_bytes());
    let error = api.blob(&world.repository, &file.id, most - 1, waits).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::TooLong { .. }), "{error}");
    world.is_understood();
}

#[test]
fn a_ref_is_moved_by_whoever_is_first() {
    let world = World::new();
    let (api, waits) = (world.api(), &mut world.waits());
    let first = commit(&world, &api, "1", &[]);
    api.move_reference(&world.repository, NAME, None, &first, waits).unwrap();
    // Created by somebody else meanwhile.
    let other = commit(&world, &api, "other", &[]);
    let moved = api.move_reference(&world.repository, NAME, None, &other, waits).unwrap();
    assert_eq!(moved, Moved::Lost(Some(first.clone())));
    // Moved on.
    let second = commit(&world, &api, "2", std::slice::from_ref(&first));
    let late = commit(&world, &api, "late", std::slice::from_ref(&first));
    let moved = api.move_reference(&world.repository, NAME, Some(&first), &second, waits).unwrap();
    assert_eq!(moved, Moved::Done);
    let moved = api.move_reference(&world.repository, NAME, Some(&first), &late, waits).unwrap();
    assert_eq!(moved, Moved::Lost(Some(second.clone())));
    // Removed.
    world.stub.world(|github| github.set_reference(REPOSITORY, NAME, None));
    let third = commit(&world, &api, "3", std::slice::from_ref(&second));
    let moved = api.move_reference(&world.repository, NAME, Some(&second), &third, waits).unwrap();
    assert_eq!(moved, Moved::Lost(None));
    world.is_understood();
}

#[test]
fn a_move_whose_answer_was_lost_and_on_which_others_built_is_done() {
    let world = World::new();
    let (api, waits) = (world.api(), &mut world.waits());
    let first = commit(&world, &api, "1", &[]);
    api.move_reference(&world.repository, NAME, None, &first, waits).unwrap();
    let second = commit(&world, &api, "2", std::slice::from_ref(&first));
    let begun = world.stub.answered();
    world.stub.inject(Injection::once(When::Nth(begun + 1), Fault::Drop).taking_effect());
    world.stub.meanwhile(When::Nth(begun + 2), |github| {
        for round in 0..3 {
            let name = format!("later-{round}");
            github.commit_files(REPOSITORY, NAME, &[(name.as_str(), "x")]);
        }
    });
    let moved = api.move_reference(&world.repository, NAME, Some(&first), &second, waits).unwrap();
    assert_eq!(moved, Moved::Done);
    assert_eq!(world.stub.world(|github| github.history(REPOSITORY, NAME)).len(), 5);
}

#[test]
fn a_commit_that_does_not_follow_is_an_error_and_not_a_lost_race() {
    let world = World::new();
    let (api, waits) = (world.api(), &mut world.waits());
    let first = commit(&world, &api, "1", &[]);
    api.move_reference(&world.repository, NAME, None, &first, waits).unwrap();
    let unrelated = commit(&world, &api, "2", &[]);
    let error = api.move_reference(&world.repository, NAME, Some(&first), &unrelated, waits).unwrap_err();
    let ErrorKind::Refused { status: 422, said } = &error.kind else { panic!("{error}") };
    assert!(said.contains("not a fast forward"), "{said}");
    let absent = id(&"b".repeat(40));
    let error = api.move_reference(&world.repository, NAME, Some(&first), &absent, waits).unwrap_err();
    assert!(error.to_string().contains("does not exist"), "{error}");
    let error = api.move_reference(&world.repository, "main", Some(&first), &first, waits).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Reference(_)), "{error}");
}

#[test]
fn a_ref_that_is_not_there_is_told_from_a_repository_that_is_not() {
    let world = World::new();
    let (api, waits) = (world.api(), &mut world.waits());
    assert_eq!(api.reference(&world.repository, "refs/lw/nothing", waits).unwrap(), None);
    let main = api.reference(&world.repository, "refs/heads/main", waits).unwrap();
    assert_eq!(main, Some(id(&world.main)));
    let other = lw_github::Repository::parse("org/other").unwrap();
    let error = api.reference(&other, "refs/lw/nothing", waits).unwrap_err();
    assert!(error.is_not_found(), "{error}");
}
