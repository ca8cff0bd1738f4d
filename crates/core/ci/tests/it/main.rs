//! The providers on recorded environments, foreign text under every one of them, and whom they trust.

#![allow(clippy::disallowed_methods, reason = "tests run other programs and wait for them")]

mod hostile;
mod providers;
mod trust;
mod variables;

/// GitHub and GitLab name the same pull request otherwise; what is no pull request keeps its reference.
#[test]
fn a_pull_request_has_one_form_of_reference() {
    let context = |reference: Option<&str>, pull_request: Option<u64>| lw_ci::CiContext {
        reference: reference.map(str::to_owned),
        pull_request,
        ..lw_ci::CiContext::default()
    };
    for (reference, pull_request, event, expected) in [
        (Some("refs/heads/main"), Some(7), "pull_request_target", Some("refs/pull/7/merge")),
        (Some("refs/merge-requests/7/head"), Some(7), "merge_request_event", Some("refs/pull/7/merge")),
        (Some("refs/pull/7/head"), Some(7), "pull_request", Some("refs/pull/7/head")),
        (Some("refs/heads/main"), Some(7), "push", Some("refs/heads/main")),
        (Some("refs/heads/main"), None, "pull_request_target", Some("refs/heads/main")),
        (None, None, "push", None),
    ] {
        let found = context(reference, pull_request).reference_for(event);
        assert_eq!(found.as_deref(), expected, "{reference:?}, {pull_request:?}, {event}");
    }
}
