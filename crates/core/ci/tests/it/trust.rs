//! Whether a run may be trusted, per CI.

#![allow(clippy::unwrap_used, reason = "a panic in a test is a failing test")]

use std::collections::BTreeMap;

use lw_ci::{Step, Trust, detect};

/// `trusted`, `untrusted: WHY` or `unknown: WHY`, from variables and the event.
fn judged(env: &[(&str, &str)], event: Option<&str>) -> String {
    let env: BTreeMap<&str, &str> = env.iter().copied().collect();
    let step = Step { tool: "sign".into(), suite: Vec::new(), nonce: "0".into() };
    let provider = detect(&|name: &str| env.get(name).map(|value| (*value).to_owned()), step);
    let mut context = provider.context().clone();
    if let Some(event) = event {
        context.learn_from_event(event.as_bytes()).unwrap();
    }
    let why = match &context.trust {
        Trust::Trusted => None,
        Trust::Untrusted { why } | Trust::Unknown { why } => Some(why.as_str()),
    };
    assert_eq!((context.trust.is_trusted(), context.trust.why()), (why.is_none(), why));
    match context.trust {
        Trust::Trusted => "trusted".into(),
        Trust::Untrusted { why } => format!("untrusted: {why}"),
        Trust::Unknown { why } => format!("unknown: {why}"),
    }
}

fn github(event: &str, payload: &str) -> String {
    judged(&[("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", event)], Some(payload))
}

fn pull(head: &str, author: &str) -> String {
    format!(
        r#"{{"pull_request": {{"number": 7, "user": {{"login": "{author}"}}, "head": {{"repo": {head}}},
            "base": {{"repo": {{"full_name": "org/app"}}}}}}, "repository": {{"full_name": "org/app"}}}}"#
    )
}

fn run(head: &str, event: &str, actor: &str) -> String {
    format!(
        r#"{{"workflow_run": {{"event": "{event}", "actor": {{"login": "{actor}"}}, "head_repository": {head}}},
            "repository": {{"full_name": "org/app"}}}}"#
    )
}

const OWN: &str = r#"{"full_name": "org/app", "fork": true}"#;
const FORK: &str = r#"{"full_name": "mallory/app", "fork": true}"#;

#[test]
fn a_pull_request_of_github_is_trusted_when_it_is_of_the_repository_itself() {
    for event in ["pull_request", "pull_request_review", "pull_request_review_comment"] {
        assert_eq!(github(event, &pull(OWN, "ann")), "trusted");
        assert_eq!(
            github(event, &pull(FORK, "mallory")),
            "untrusted: the pull request comes from the fork `mallory/app`"
        );
        assert_eq!(
            github(event, &pull("null", "mallory")),
            "untrusted: the pull request comes from a fork that is gone"
        );
        assert!(github(event, "{}").starts_with("unknown: "));
    }
    let unread = judged(&[("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "pull_request")], None);
    assert_eq!(
        unread,
        "unknown: the event file of `pull_request`, which says where it comes from, was not read"
    );
}

#[test]
fn events_that_anybody_can_cause_are_not_trusted_wherever_they_come_from() {
    for event in ["pull_request_target", "issue_comment", "issues", "discussion_comment", "fork", "watch"] {
        let found = github(event, &pull(OWN, "ann"));
        assert_eq!(found, format!("untrusted: anybody can cause the event `{event}`"));
    }
    for event in ["push", "schedule", "workflow_dispatch", "release", "merge_group"] {
        assert_eq!(github(event, r#"{"sender": {"login": "ann"}}"#), "trusted", "{event}");
    }
    assert!(github("check_run", "{}").starts_with("unknown: "));
    assert!(judged(&[("GITHUB_ACTIONS", "true")], None).starts_with("unknown: "));
    // An event that is not what it says it is.
    assert!(github("push", &pull(FORK, "mallory")).starts_with("untrusted: "));
}

#[test]
fn a_run_that_follows_another_is_trusted_as_that_one() {
    assert_eq!(github("workflow_run", &run(OWN, "push", "ann")), "trusted");
    assert_eq!(github("workflow_run", &run(OWN, "pull_request", "ann")), "trusted");
    for event in ["pull_request", "push", "pull_request_target"] {
        assert_eq!(
            github("workflow_run", &run(FORK, event, "mallory")),
            "untrusted: the run it follows is of the fork `mallory/app`"
        );
    }
    assert!(github("workflow_run", &run("null", "pull_request", "mallory")).starts_with("untrusted: "));
    assert!(github("workflow_run", &run(OWN, "issue_comment", "mallory")).starts_with("untrusted: "));
    assert!(github("workflow_run", &run(OWN, "pull_request", "dependabot[bot]")).starts_with("untrusted: "));
    assert!(github("workflow_run", &run(OWN, "workflow_run", "ann")).starts_with("unknown: "));
    assert!(github("workflow_run", "{}").starts_with("unknown: "));
}

#[test]
fn dependabot_gets_no_secrets_and_is_not_trusted() {
    assert!(github("pull_request", &pull(OWN, "dependabot[bot]")).starts_with("untrusted: "));
    assert!(github("push", r#"{"sender": {"login": "dependabot[bot]"}}"#).starts_with("untrusted: "));
    let env =
        [("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "push"), ("GITHUB_ACTOR", "dependabot[bot]")];
    assert!(judged(&env, None).starts_with("untrusted: "));
    // What is known to be untrusted does not become trusted.
    assert!(judged(&env, Some(r#"{"sender": {"login": "ann"}}"#)).starts_with("untrusted: "));
}

#[test]
fn forgejo_and_gitea_speak_like_github() {
    for forge in ["FORGEJO_ACTIONS", "GITEA_ACTIONS", "ACT"] {
        let env = [(forge, "true"), ("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "pull_request")];
        assert!(judged(&env, Some(&pull(FORK, "mallory"))).starts_with("untrusted: "));
        assert_eq!(judged(&env, Some(&pull(OWN, "ann"))), "trusted");
    }
}

#[test]
fn a_merge_request_of_gitlab_is_trusted_when_all_is_one_project() {
    let request = |source: &str, target: &str, here: &str| {
        judged(
            &[
                ("GITLAB_CI", "true"),
                ("CI_PIPELINE_SOURCE", "merge_request_event"),
                ("CI_MERGE_REQUEST_IID", "7"),
                ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", source),
                ("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", "mallory/app"),
                ("CI_MERGE_REQUEST_PROJECT_ID", target),
                ("CI_PROJECT_ID", here),
            ],
            None,
        )
    };
    assert_eq!(request("11", "11", "11"), "trusted");
    let fork = "untrusted: the merge request comes from the fork `mallory/app`";
    assert_eq!(request("12", "11", "11"), fork, "a member runs it in the parent");
    assert_eq!(request("12", "11", "12"), fork, "it runs in the fork");
    assert!(request("", "11", "11").starts_with("unknown: "));

    let pipeline =
        |more: &[(&'static str, &'static str)]| judged(&[&[("GITLAB_CI", "true")], more].concat(), None);
    for source in ["push", "web", "schedule", "parent_pipeline"] {
        assert_eq!(pipeline(&[("CI_PIPELINE_SOURCE", source)]), "trusted");
    }
    // A child of the pipeline of a merge request has its variables.
    let child = [
        ("CI_PIPELINE_SOURCE", "parent_pipeline"),
        ("CI_MERGE_REQUEST_IID", "7"),
        ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "12"),
        ("CI_PROJECT_ID", "11"),
    ];
    assert!(pipeline(&child).starts_with("untrusted: "));
    let external = [
        ("CI_PIPELINE_SOURCE", "external_pull_request_event"),
        ("CI_EXTERNAL_PULL_REQUEST_IID", "7"),
        ("CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY", "mallory/app"),
        ("CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY", "org/app"),
    ];
    assert!(pipeline(&external).starts_with("untrusted: "));
    assert!(pipeline(&[("CI_PIPELINE_SOURCE", "merge_request_event")]).starts_with("unknown: "));
    assert!(pipeline(&[]).starts_with("unknown: "));
}

#[test]
fn buildkite_compares_the_repositories() {
    let build = |number: &str, head: &str| {
        judged(
            &[
                ("BUILDKITE", "true"),
                ("BUILDKITE_REPO", "git@github.com:Org/app.git"),
                ("BUILDKITE_PULL_REQUEST", number),
                ("BUILDKITE_PULL_REQUEST_REPO", head),
            ],
            None,
        )
    };
    assert_eq!(build("false", ""), "trusted");
    assert_eq!(build("7", "git://github.com/org/app.git"), "trusted");
    assert_eq!(
        build("7", "https://github.com/mallory/app.git"),
        "untrusted: the pull request comes from the fork `mallory/app`"
    );
    assert!(build("7", "").starts_with("unknown: "));
}

#[test]
fn the_others_say_what_they_can() {
    for (env, expected) in [
        (&[("TF_BUILD", "True"), ("BUILD_REASON", "IndividualCI")][..], "trusted"),
        (
            &[("TF_BUILD", "True"), ("BUILD_REASON", "PullRequest"), ("SYSTEM_PULLREQUEST_ISFORK", "True")],
            "untrusted",
        ),
        (
            &[("TF_BUILD", "True"), ("BUILD_REASON", "PullRequest"), ("SYSTEM_PULLREQUEST_ISFORK", "False")],
            "trusted",
        ),
        (&[("TF_BUILD", "True"), ("BUILD_REASON", "PullRequest")], "unknown"),
        (&[("CIRCLECI", "true"), ("CIRCLE_BRANCH", "main")], "trusted"),
        (&[("CIRCLECI", "true"), ("CIRCLE_BRANCH", "x"), ("CIRCLE_PR_USERNAME", "mallory")], "untrusted"),
        (&[("CIRCLECI", "true"), ("CIRCLE_BRANCH", "pull/7")], "untrusted"),
        (&[("JENKINS_URL", "j"), ("BUILD_ID", "1")], "trusted"),
        (&[("JENKINS_URL", "j"), ("BUILD_ID", "1"), ("CHANGE_ID", "7")], "unknown"),
        (
            &[("JENKINS_URL", "j"), ("BUILD_ID", "1"), ("CHANGE_ID", "7"), ("CHANGE_FORK", "mallory")],
            "untrusted",
        ),
        (&[("BITBUCKET_BUILD_NUMBER", "1"), ("BITBUCKET_PR_ID", "7")], "trusted"),
        (&[("TEAMCITY_VERSION", "1")], "unknown"),
        (&[("CI", "woodpecker")], "unknown"),
        (&[("CI", "true"), ("DRONE", "true")], "unknown"),
        (&[("CI", "false")], "trusted"),
        (&[], "trusted"),
    ] {
        let found = judged(env, None);
        assert_eq!(found.split(':').next(), Some(expected), "{env:?}: {found}");
    }
}
