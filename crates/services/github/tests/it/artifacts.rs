//! Runs, and what they uploaded.

use lw_github::{Artifact, ErrorKind};
use lw_testkit::github::RunSpec;

use crate::{REPOSITORY, World};

const ZIP: &[u8] = b"PK\x05\x06 not much of a zip file";

fn run(world: &World) -> u64 {
    let spec = RunSpec::of_pull("octocat/firmware", "smaller", &"a".repeat(40));
    world.stub.world(|github| github.add_run(REPOSITORY, &spec))
}

fn artifacts(world: &World, run: u64, name: Option<&str>) -> Vec<Artifact> {
    world.api().artifacts(&world.repository, run, name, &mut world.waits()).unwrap()
}

#[test]
fn an_artifact_is_downloaded_from_where_the_token_does_not_go() {
    let world = World::new();
    let run = run(&world);
    world.stub.world(|github| {
        github.set_page(2);
        for number in 0..5 {
            github.add_artifact(REPOSITORY, run, &format!("other-{number}"), b"x");
        }
        github.add_artifact(REPOSITORY, run, "lw report/ä", ZIP);
    });
    let found = world.api().run(&world.repository, run, &mut world.waits()).unwrap();
    assert_eq!((found.event.as_str(), found.attempt), ("pull_request", 1));
    assert_eq!(found.head_repository.as_deref(), Some("octocat/firmware"));
    assert_eq!(artifacts(&world, run, None).len(), 6);
    let [artifact] = artifacts(&world, run, Some("lw report/ä")).try_into().unwrap();
    let (api, waits) = (world.api(), &mut world.waits());
    assert_eq!(api.download(&world.repository, &artifact, ZIP.len() as u64, waits).unwrap(), ZIP);
    let [download] = world.stub.downloads().try_into().unwrap();
    assert_eq!(download.header("authorization"), None);
    world.is_understood();
}

#[test]
fn what_is_longer_than_it_may_be_is_not_kept() {
    let world = World::new();
    let run = run(&world);
    let id = world.stub.world(|github| github.add_artifact(REPOSITORY, run, "report", ZIP));
    let (api, waits) = (world.api(), &mut world.waits());
    let artifact = artifacts(&world, run, None).remove(0);
    let error = api.download(&world.repository, &artifact, ZIP.len() as u64 - 1, waits).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::TooLong { .. }), "{error}");
    assert!(world.stub.downloads().is_empty(), "what says that it is too long is not asked for");
    // And what does not say so is not read to its end.
    world.stub.world(|github| github.misreport_artifact(REPOSITORY, id, 1));
    let artifact = artifacts(&world, run, None).remove(0);
    let error = api.download(&world.repository, &artifact, ZIP.len() as u64 - 1, waits).unwrap_err();
    assert!(error.to_string().contains("more than"), "{error}");
    assert_eq!(world.stub.downloads().len(), 1, "it does not become shorter");
    assert_eq!(api.download(&world.repository, &artifact, ZIP.len() as u64, waits).unwrap(), ZIP);
}

#[test]
fn what_is_not_what_was_uploaded_or_is_gone_is_refused() {
    let world = World::new();
    let run = run(&world);
    let id = world.stub.world(|github| {
        let id = github.add_artifact(REPOSITORY, run, "report", ZIP);
        github.replace_artifact(REPOSITORY, id, b"something else");
        id
    });
    let (api, waits) = (world.api(), &mut world.waits());
    let artifact = artifacts(&world, run, None).remove(0);
    let error = api.download(&world.repository, &artifact, 1000, waits).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Digest { .. }), "{error}");
    world.stub.world(|github| github.expire_artifact(REPOSITORY, id));
    // Known from the list, and found out meanwhile.
    let expired = artifacts(&world, run, None).remove(0);
    for artifact in [artifact, expired] {
        let error = api.download(&world.repository, &artifact, 1000, waits).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Gone { .. }), "{error}");
    }
    let error = api.artifacts(&world.repository, 1, None, waits).unwrap_err();
    assert!(error.is_not_found(), "{error}");
}
