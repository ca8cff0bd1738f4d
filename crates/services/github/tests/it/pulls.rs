//! Pull requests.

use lw_github::{HeadOf, Repository};
use lw_testkit::github::PullSpec;

use crate::{REPOSITORY, World};

#[test]
fn a_run_finds_its_pull_request_by_the_head_also_in_a_fork() {
    let world = World::new();
    let branch = "feature/ä+#1 %";
    let (own, fork, old) = world.stub.world(|github| {
        github.set_page(2);
        let mut add = |repository: &str, branch: &str, sha: &str| {
            github.add_pull(REPOSITORY, &PullSpec::from(repository, branch, sha))
        };
        let own = add(REPOSITORY, branch, &"1".repeat(40));
        let old = add("octocat/firmware", branch, &"2".repeat(40));
        // Another fork of the same owner, another owner, another branch.
        add("octocat/firmware-2", branch, &"3".repeat(40));
        add("mallory/firmware", branch, &"4".repeat(40));
        add("octocat/firmware", "feature", &"5".repeat(40));
        let fork = add("octocat/firmware", branch, &"6".repeat(40));
        github.close(REPOSITORY, old);
        (own, fork, old)
    });
    let (api, waits) = (world.api(), &mut world.waits());
    let mut numbers = |repository: &str, branch: &str| -> Vec<u64> {
        let repository = Repository::parse(repository).unwrap();
        let head = HeadOf { repository: &repository, branch };
        let found = api.pulls_of_head(&world.repository, &head, waits).unwrap();
        assert!(found.iter().all(|pull| pull.is_from_fork() == (repository != world.repository)));
        found.iter().map(|pull| pull.number).collect()
    };
    assert_eq!(numbers(REPOSITORY, branch), [own]);
    assert_eq!(numbers("octocat/firmware", branch), [fork, old], "the newest first");
    assert_eq!(numbers("octocat/firmware", "nothing"), Vec::<u64>::new());
    let pull = api.pull(&world.repository, fork, &mut world.waits()).unwrap();
    assert_eq!((pull.head.sha.as_str(), pull.is_open), ("6".repeat(40).as_str(), true));
    world.stub.world(|github| {
        github.push(REPOSITORY, fork, &"7".repeat(40));
        github.remove_fork(REPOSITORY, own);
    });
    let pull = api.pull(&world.repository, fork, &mut world.waits()).unwrap();
    assert_eq!(pull.head.sha, "7".repeat(40));
    let pull = api.pull(&world.repository, own, &mut world.waits()).unwrap();
    assert!(pull.head.repository.is_none() && pull.is_from_fork());
    world.is_understood();
}

#[test]
fn merged_pull_requests_come_with_authors_and_labels() {
    let world = World::new();
    let since = world.stub.world(|github| {
        github.set_page(3);
        for round in 0..10 {
            let mut spec = PullSpec::from(REPOSITORY, &format!("b{round}"), &"1".repeat(40));
            spec.labels = vec!["bug".to_owned(), format!("size/{round}")];
            let number = github.add_pull(REPOSITORY, &spec);
            match round % 3 {
                0 => github.merge(REPOSITORY, number, &format!("{round:040}")),
                1 => github.close(REPOSITORY, number),
                _ => {}
            }
        }
        "2026-01-01T00:00:00Z"
    });
    let (api, waits) = (world.api(), &mut world.waits());
    let found = api.merged_pulls(&world.repository, Some(since), 1000, waits).unwrap();
    assert_eq!(found.iter().map(|pull| pull.number).collect::<Vec<_>>(), [10, 7, 4, 1]);
    assert_eq!(found[0].user.as_ref().unwrap().login, "octocat");
    let labels: Vec<&str> = found[0].labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(labels, ["bug", "size/9"]);
    assert_eq!(found[0].merge_commit_sha.as_deref(), Some(format!("{:040}", 9).as_str()));
    assert!(
        api.merged_pulls(&world.repository, Some("2027-01-01T00:00:00Z"), 1000, waits).unwrap().is_empty()
    );
    assert!(api.merged_pulls(&world.repository, None, 5, waits).is_err(), "more than asked for is said");
}
