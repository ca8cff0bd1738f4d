//! Tags are made once, and never moved.

use lw_github::{ErrorKind, ObjectId, Tagged};
use lw_model::Diagnose;
use lw_testkit::github::{Access, Permissions, When};

use crate::faults::at_every_answer;
use crate::{REPOSITORY, World};

fn id(text: &str) -> ObjectId {
    ObjectId::parse(text).unwrap()
}

fn there(world: &World, name: &str) -> Option<String> {
    world.stub.world(|github| github.reference(REPOSITORY, &format!("refs/tags/{name}")))
}

fn create(world: &World, name: &str) -> Tagged {
    world.api().create_tag(&world.repository, name, &id(&world.main), &mut world.waits()).unwrap()
}

fn mutations(world: &World) -> usize {
    world.stub.requests().iter().filter(|seen| seen.is_mutating()).count()
}

#[test]
fn a_tag_is_made_and_the_second_time_it_is_there() {
    let world = World::new();
    assert_eq!(create(&world, "1.2.3+rev1"), Tagged::Created);
    assert_eq!(there(&world, "1.2.3+rev1").as_deref(), Some(world.main.as_str()));
    assert_eq!(create(&world, "1.2.3+rev1"), Tagged::Present);
    assert_eq!(mutations(&world), 1);
    let found = world.api().tag(&world.repository, "1.2.3+rev1", &mut world.waits()).unwrap();
    assert_eq!(found, Some(id(&world.main)));
    assert_eq!(world.api().tag(&world.repository, "1.2.4", &mut world.waits()).unwrap(), None);
    world.is_understood();
}

#[test]
fn a_tag_at_another_commit_stays_there() {
    let world = World::new();
    let other = world.stub.world(|github| github.commit_files(REPOSITORY, "refs/tags/v1", &[("a", "b")]));
    assert_eq!(create(&world, "v1"), Tagged::Elsewhere(id(&other)));
    assert_eq!((there(&world, "v1"), mutations(&world)), (Some(other), 0));
    // Also a tag of a later commit: behind it ours is, and it is not ours.
    let later = world.stub.world(|github| {
        github.set_reference(REPOSITORY, "refs/tags/v2", Some(&world.main));
        github.commit_files(REPOSITORY, "refs/tags/v2", &[("a", "c")])
    });
    assert_eq!(create(&world, "v2"), Tagged::Elsewhere(id(&later)));
}

#[test]
fn an_annotated_tag_is_that_of_its_commit() {
    let world = World::new();
    let object = world.stub.world(|github| github.annotate(REPOSITORY, "v1", &world.main));
    assert_ne!(object, world.main);
    assert_eq!(create(&world, "v1"), Tagged::Present);
    assert_eq!((there(&world, "v1"), mutations(&world)), (Some(object), 0));
    world.is_understood();
}

#[test]
fn a_tag_that_somebody_makes_meanwhile_is_judged_by_its_commit() {
    for is_same in [true, false] {
        let world = World::new();
        let main = world.main.clone();
        let other = world.stub.world(|github| github.commit_files(REPOSITORY, "refs/heads/b", &[("a", "b")]));
        let theirs = if is_same { main } else { other.clone() };
        world.stub.meanwhile(When::at("POST", "/git/refs"), move |github| {
            github.set_reference(REPOSITORY, "refs/tags/v1", Some(&theirs));
        });
        let expected = if is_same { Tagged::Present } else { Tagged::Elsewhere(id(&other)) };
        assert_eq!(create(&world, "v1"), expected);
    }
}

#[test]
fn a_tag_that_is_made_whatever_answer_fails() {
    at_every_answer(
        &|world| {
            assert_eq!(create(world, "v1"), Tagged::Created);
            (there(world, "v1"), mutations(world) > 0)
        },
        &|_| {},
    );
}

#[test]
fn a_tag_elsewhere_is_told_whatever_answer_fails() {
    at_every_answer(
        &|world| {
            let Tagged::Elsewhere(at) = create(world, "v1") else { panic!() };
            (there(world, "v1"), at.to_string(), mutations(world))
        },
        &|world| {
            world.stub.world(|github| {
                let other = github.commit_files(REPOSITORY, "refs/heads/other", &[("a", "b")]);
                github.annotate(REPOSITORY, "v1", &other);
            });
        },
    );
}

#[test]
fn a_token_that_may_not_tag_is_told_the_line_it_lacks() {
    for (contents, line) in [(Access::Read, "contents: write"), (Access::None, "contents: read")] {
        let world = World::with(Permissions { contents, ..Permissions::all() });
        if contents == Access::None {
            world.stub.world(|github| github.make_private(REPOSITORY));
        }
        let waits = &mut world.waits();
        let error = world.api().create_tag(&world.repository, "v1", &id(&world.main), waits).unwrap_err();
        assert!(error.is_permission(), "{error}");
        let hint = error.hint().unwrap().into_owned();
        assert!(hint.contains(&format!("`permissions:` with `{line}`")), "{hint}");
        assert_eq!(there(&world, "v1"), None);
    }
}

#[test]
fn what_github_does_not_take_is_its_own_words() {
    let world = World::new();
    let (api, waits) = (world.api(), &mut world.waits());
    let unknown = id(&"d".repeat(40));
    let error = api.create_tag(&world.repository, "v1", &unknown, waits).unwrap_err();
    assert!(error.to_string().contains("Object does not exist"), "{error}");
    assert_eq!(mutations(&world), 1, "what is refused is not sent again");
    for name in ["", "a b", "../heads/main", "v1.lock", "a\nb", ".."] {
        let error = api.create_tag(&world.repository, name, &id(&world.main), waits).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Reference(_)), "{name:?}: {error}");
    }
    assert_eq!(mutations(&world), 1);
}
