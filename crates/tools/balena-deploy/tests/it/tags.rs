//! `--create-tag`: a release and its commit know each other by one name.

use lw_testkit::balena::Outcome;
use lw_testkit::for_each_at_once;
use lw_testkit::github::{Access, Account, Fault, Injection, Permissions, Stub, When};
use lw_testkit::http::Fault as Way;
use lw_testkit::tool::Run;

use crate::{TOOL, World};

const REPOSITORY: &str = "org/repo";
const TOKEN: &str = "ghs_canary7Bq2Lm9xTw4vRk31";

/// A GitHub with the repository of the run, and its commit.
struct GitHub {
    stub: Stub,
    commit: String,
}

impl GitHub {
    fn new(contents: Access) -> Self {
        let stub = Stub::start();
        let commit = stub.world(|world| {
            let permissions = Permissions { contents, ..Permissions::none() };
            world.add_token(TOKEN, Account::job(REPOSITORY, permissions));
            world.add_repository(REPOSITORY)
        });
        Self { stub, commit }
    }

    fn tag(&self, name: &str) -> Option<String> {
        self.stub.world(|world| world.reference(REPOSITORY, &format!("refs/tags/{name}")))
    }

    fn mutations(&self) -> usize {
        self.stub.requests().iter().filter(|seen| seen.is_mutating()).count()
    }

    fn run(&self, world: &World, reference: &str, arguments: &[&str]) -> Run {
        let (api, builder, github) = (world.stub.api_url(), world.stub.builder_url(), self.stub.api_url());
        let kind = if reference.starts_with("refs/tags/") { "tag" } else { "branch" };
        let env = [
            ("BALENARC_API_URL", api.as_str()),
            ("BALENARC_BUILDER_URL", &builder),
            ("BALENA_TOKEN", world.stub.token()),
            ("GITHUB_SHA", &self.commit),
            ("GITHUB_EVENT_NAME", "push"),
            ("GITHUB_REF", reference),
            ("GITHUB_REF_TYPE", kind),
            ("GITHUB_REF_NAME", reference.rsplit('/').next().unwrap()),
            ("GITHUB_REPOSITORY", REPOSITORY),
            ("GITHUB_API_URL", &github),
            ("GITHUB_TOKEN", TOKEN),
        ];
        let arguments = [arguments, &["--fleet", "admin/fleet1", "--create-tag"]].concat();
        TOOL.run_as_step(world.path(), &arguments, &env)
    }

    fn deploy(&self, world: &World, more: &[&str]) -> Run {
        let deploy = [&["deploy", "--source", "source"][..], &world.quick(), more].concat();
        self.run(world, "refs/heads/main", &deploy)
    }
}

fn git_tag(world: &World) -> Option<String> {
    let state = world.stub.state();
    let release = state.releases.values().find(|release| release.id != world.old)?;
    release.tags.get("balena-ci-git-tag").cloned()
}

#[test]
fn the_commit_of_a_release_that_everybody_has_is_tagged() {
    let (world, github) = (World::new(2), GitHub::new(Access::Write));
    let run = github.deploy(&world, &["--version", "1.1.0"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(github.tag("1.1.0").as_ref(), Some(&github.commit));
    assert_eq!(run.fact("git tag"), "1.1.0, new");
    assert_eq!(git_tag(&world).as_deref(), Some("1.1.0"));
    // As it is final, and not with the time behind it that a draft has.
    assert_eq!(run.output("version"), "1.1.0");
    assert!(!run.stdout.contains(TOKEN) && !run.stderr.contains(TOKEN));
    // Once more: nothing is sent.
    let (sent, made) =
        (world.stub.requests().iter().filter(|seen| seen.is_mutating).count(), github.mutations());
    let run = github.deploy(&world, &["--version", "1.1.0"]);
    assert_eq!((run.code, run.fact("git tag")), (0, "1.1.0, which was there"), "{}", run.stderr);
    assert_eq!(world.stub.requests().iter().filter(|seen| seen.is_mutating).count(), sent);
    assert_eq!(github.mutations(), made);
    assert_eq!((github.stub.refusals(), made), (Vec::new(), 1));
    world.assert_known();
}

#[test]
fn a_tag_that_was_there_first_is_joined_with_the_release_that_was() {
    let (world, github) = (World::new(2), GitHub::new(Access::Write));
    // Built of the branch, as a draft, before anybody has tagged it.
    let draft = github.deploy(&world, &["--draft", "--version", "1.1.0"]);
    assert_eq!(draft.code, 0, "{}{}", draft.stdout, draft.stderr);
    assert_eq!((git_tag(&world), github.mutations()), (None, 0), "a draft is no release that everybody has");
    github.stub.world(|world| world.annotate(REPOSITORY, "v1.1.0", &github.commit));
    let deploy = [&["deploy", "--source", "source", "--version", "v1.1.0"][..], &world.quick()].concat();
    let run = github.run(&world, "refs/tags/v1.1.0", &deploy);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(run.fact("git tag"), "v1.1.0, which was there");
    assert_eq!(git_tag(&world).as_deref(), Some("v1.1.0"));
    assert_eq!((github.mutations(), world.stub.uploads().len()), (0, 1));
    world.assert_known();
}

#[test]
fn a_tag_of_another_commit_is_an_error_before_anything_is_rolled_out() {
    for name in ["1.1.0", "v1.1.0"] {
        let (world, github) = (World::new(2), GitHub::new(Access::Write));
        let other = github.stub.world(|world| {
            let tag = format!("refs/tags/{name}");
            world.commit_files(REPOSITORY, &tag, &[("a", "b")])
        });
        let run = github.deploy(&world, &["--version", "1.1.0"]);
        assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
        assert!(
            run.stderr.contains(&format!("the git tag {name} is one of commit {other}")),
            "{}",
            run.stderr
        );
        assert_eq!(github.tag(name), Some(other));
        let state = world.stub.state();
        assert_eq!(state.fleets[&world.fleet].target, Some(world.old));
        assert!(state.devices.values().all(|device| device.pinned.is_none()));
    }
}

#[test]
fn a_token_that_may_not_tag_is_told_its_line_and_the_next_run_only_tags() {
    let (world, github) = (World::new(2), GitHub::new(Access::Read));
    let run = github.deploy(&world, &["--version", "1.1.0"]);
    assert_eq!((run.code, run.output("verdict")), (4, "error"), "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("everybody has release 1.1.0, and its commit has no tag"), "{}", run.stderr);
    assert!(run.stderr.contains("`permissions:` with `contents: write`"), "{}", run.stderr);
    assert_eq!((github.tag("1.1.0"), git_tag(&world)), (None, None));
    github.stub.world(|world| {
        let permissions = Permissions { contents: Access::Write, ..Permissions::none() };
        world.add_token(TOKEN, Account::job(REPOSITORY, permissions));
    });
    let run = github.deploy(&world, &["--version", "1.1.0"]);
    assert_eq!((run.code, run.fact("git tag")), (0, "1.1.0, new"), "{}", run.stderr);
    assert_eq!(github.tag("1.1.0").as_ref(), Some(&github.commit));
    assert_eq!(world.stub.uploads().len(), 1);
}

#[test]
fn a_rollout_that_goes_back_tags_nothing() {
    let (world, github) = (World::new(2), GitHub::new(Access::Write));
    world.stub.set_rate_of_new_releases(1.0, Outcome::Rejects);
    let run = github.deploy(&world, &["--version", "1.1.0"]);
    assert_eq!(run.code, 10, "{}{}", run.stdout, run.stderr);
    assert_eq!((github.tag("1.1.0"), github.mutations()), (None, 0));
}

#[test]
fn a_plan_says_what_would_be_tagged_and_sends_nothing() {
    let (world, github) = (World::new(2), GitHub::new(Access::Write));
    let draft = github.deploy(&world, &["--draft", "--version", "1.1.0"]);
    let plan = ["plan", "--release", draft.output("release-id")];
    let plan = [&plan[..], &world.quick()].concat();
    let run = github.run(&world, "refs/heads/main", &plan);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let table = run.report().tables.iter().find(|table| table.id == "requests").unwrap();
    let last = format!("{:?}", table.rows.last().unwrap());
    assert!(last.contains("POST /repos/org/repo/git/refs") && last.contains("refs/tags/1.1.0"), "{last}");
    assert!(last.contains(&github.commit) && github.mutations() == 0, "{last}");
}

#[test]
fn what_a_tag_needs_is_asked_before_anything_is_built() {
    let world = World::new(1);
    // No token of GitHub, and no repository outside of one.
    let run = world.run(&["deploy", "--source", "source", "--create-tag"]);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stderr.contains("GITHUB_TOKEN") && run.stderr.contains("`contents: write`"),
        "{}",
        run.stderr
    );
    // A release that no CI has built is of no commit.
    let github = GitHub::new(Access::Write);
    let release =
        world.stub.add_release(world.fleet, &lw_testkit::balena::Release::draft("1.1.0")).to_string();
    let run = github.run(&world, "refs/heads/main", &["deploy", "--release", &release]);
    assert!(run.code == 2 && run.stderr.contains("it has no tag balena-ci-commit-sha"), "{}", run.stderr);
    assert!(world.stub.uploads().is_empty() && !world.stub.requests().iter().any(|seen| seen.is_mutating));
}

/// A run for a release that is there and whose commit has no tag yet; how many requests it sent to GitHub, and how many of these failed.
fn tags_afterwards(injection: impl FnOnce(usize) -> Option<Injection>) -> (usize, usize) {
    let (world, github) = (World::new(2), GitHub::new(Access::Write));
    assert_eq!(github.deploy(&world, &["--version", "1.1.0"]).code, 0);
    github.stub.world(|world| world.set_reference(REPOSITORY, "refs/tags/1.1.0", None));
    let before = github.stub.answered();
    if let Some(injection) = injection(before) {
        github.stub.inject(injection);
    }
    let run = github.deploy(&world, &["--version", "1.1.0"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(github.tag("1.1.0").as_ref(), Some(&github.commit));
    let failed = github.stub.requests().iter().skip(before).filter(|seen| seen.fault.is_some()).count();
    (github.stub.answered() - before, failed)
}

#[test]
fn whichever_answer_of_github_fails_the_tag_is_there_in_the_end() {
    let faults: [(Fault, bool); 4] = [
        (Way::Drop.into(), true),
        (Way::Status(500).into(), false),
        (Way::Html(502).into(), true),
        (Way::Truncated(3).into(), true),
    ];
    let (requests, failed) = tags_afterwards(|_| None);
    assert!(requests >= 5 && failed == 0, "{requests} requests, {failed} failed");
    let numbers: Vec<usize> = (1..=requests).collect();
    for_each_at_once(&numbers, |number| {
        let (fault, takes_effect) = faults[number % faults.len()].clone();
        let (_, failed) = tags_afterwards(|before| {
            let injection = Injection::once(When::Nth(before + number), fault);
            Some(if takes_effect { injection.taking_effect() } else { injection })
        });
        assert_eq!(failed, 1, "request {number}");
    });
}
