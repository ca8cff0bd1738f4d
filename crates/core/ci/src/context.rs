//! Where and for what a run happens.

use std::path::PathBuf;

use serde_json::Value;

use crate::build::BuildFacts;
use crate::{Env, Trust};

/// What a CI says of the run, as far as it says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CiContext {
    /// Folder the repository is checked out in.
    pub workspace: Option<PathBuf>,
    /// Full id of the commit that is checked out. For a pull request on GitHub that is the merge commit
    /// of the test; [`head_commit`](Self::head_commit) is the one the author pushed.
    pub commit: Option<String>,
    /// Full id of the commit at the tip of the pull request.
    pub head_commit: Option<String>,
    /// Git reference of the run: `refs/heads/main`, `refs/tags/v1`, `refs/pull/7/merge`.
    pub reference: Option<String>,
    /// Branch of the run; of a pull request, its source branch.
    pub branch: Option<String>,
    /// Tag of the run.
    pub tag: Option<String>,
    /// Number of the pull or merge request.
    pub pull_request: Option<u64>,
    /// Branch a pull request goes to; in a merge queue, the branch the queue is of.
    pub base: Option<String>,
    /// Full id of the commit the CI calls the base of the pull request. On GitHub that is where the branch was when the
    /// event was made, which may be older than what was merged for the test.
    pub base_commit: Option<String>,
    /// Full id of the merge base of the pull request, where the CI has worked it out itself.
    pub merge_base: Option<String>,
    /// Full id of the commit the branch was at before the push; only zeros when the push made it.
    pub before: Option<String>,
    /// Whether the push replaced commits of the branch, where the CI says so.
    pub forced: Option<bool>,
    /// Full id of the commit that a merge queue has put the tested group of pull requests on.
    pub merge_group_base: Option<String>,
    /// Full id of the commit at the tip of that group.
    pub merge_group_head: Option<String>,
    /// The main branch of the repository.
    pub default_branch: Option<String>,
    /// Labels of the pull request.
    pub labels: Vec<String>,
    /// Whether the pull request comes from another repository: its code gets no secrets. What else makes a run one that
    /// must not be trusted, [`trust`](Self::trust) says.
    pub fork: bool,
    /// Whether the run may be trusted with secrets. On GitHub, Gitea and Forgejo complete only with
    /// [`learn_from_event`](Self::learn_from_event).
    pub trust: Trust,
    /// Name of the repository: `owner/name`.
    pub repository: Option<String>,
    /// What the event says of the repository, for [`learn_from_event`](Self::learn_from_event).
    pub about: Option<RepositoryFacts>,
    /// Address of the repository's page.
    pub repository_url: Option<String>,
    /// Of a push of a tag: the full reference it was made from, where GitHub says so (`base_ref`).
    pub pushed_from: Option<String>,
    /// When [`commit`](Self::commit) was made, as the event of a push has it: RFC 3339.
    pub commit_time: Option<String>,
    /// Address that shows a file at this commit once `/`, its percent-encoded path and
    /// [`line_anchor`](Self::line_anchor) are appended.
    pub blob_base: Option<String>,
    /// What stands between a file's address and a line's number: `#L`.
    pub line_anchor: &'static str,
    /// Address of the run's page.
    pub run_url: Option<String>,
    /// How many times the run, or the job where the CI repeats only that, was started; the first time it is 1.
    pub run_attempt: Option<u64>,
    /// Name of the job, as the CI gives it.
    pub job: Option<String>,
    /// What started the run, in the CI's own word: `push`, `pull_request`, `merge_group`, `merge_request_event`,
    /// `IndividualCI`.
    pub event: Option<String>,
    /// File with the event's JSON, for [`learn_from_event`](Self::learn_from_event).
    pub event_path: Option<PathBuf>,
    /// What provenance says of the run; absent on a CI of which it is not known.
    pub build: Option<BuildFacts>,
    /// Whether somebody asked for the CI's debug log.
    pub debug: bool,
}

/// What an event says of the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepositoryFacts {
    /// Its name without its owner.
    pub name: Option<String>,
    /// What it is, in a sentence.
    pub description: Option<String>,
    /// Address of its page.
    pub url: Option<String>,
    /// Its licence, as SPDX names it.
    pub licence: Option<String>,
}

/// Why an event could not be read.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// It is no JSON.
    #[error("the event is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is JSON, but no object.
    #[error("the event is no JSON object")]
    NoObject,
}

impl lw_model::Diagnose for EventError {
    fn hint(&self) -> Option<std::borrow::Cow<'static, str>> {
        Some("GITHUB_EVENT_PATH has to name the file the runner wrote; do not change it".into())
    }
}

impl CiContext {
    /// The reference of a run that `event` started, where a pull request is `refs/pull/7/merge` on every CI. GitHub gives for
    /// `pull_request_target` the branch that it goes to, and GitLab writes `refs/merge-requests/7/head`.
    #[must_use]
    pub fn reference_for(&self, event: &str) -> Option<String> {
        let reference = self.reference.as_deref();
        let is_told_otherwise = event.contains("pull_request_target")
            || reference.is_some_and(|name| name.starts_with("refs/merge-requests/"));
        match self.pull_request {
            Some(number) if is_told_otherwise => Some(format!("refs/pull/{number}/merge")),
            _ => reference.map(str::to_owned),
        }
    }

    /// Adds what the event of GitHub, Gitea or Forgejo says: of a pull request its number, commits, branches, labels
    /// and whether it comes from a fork; of a push where the branch was before and when its commit was made; of a merge
    /// queue its commits; of all the main branch and what the repository is.
    ///
    /// # Errors
    /// When the bytes are no JSON object.
    pub fn learn_from_event(&mut self, event: &[u8]) -> Result<(), EventError> {
        let event: Value = serde_json::from_slice(event)?;
        if !event.is_object() {
            return Err(EventError::NoObject);
        }
        self.learn_trust_from_event(&event);
        let repository = &event["repository"];
        let main = text(&repository["default_branch"]);
        if repository.is_object() {
            self.about = Some(RepositoryFacts {
                name: text(&repository["name"]),
                description: text(&repository["description"]),
                url: text(&repository["html_url"]),
                licence: text(&repository["license"]["spdx_id"]),
            });
        }
        self.pushed_from = text(&event["base_ref"]);
        let commits = event["commits"].as_array().into_iter().flatten().chain([&event["head_commit"]]);
        let of_run = commits.filter(|commit| text(&commit["id"]).is_some_and(|id| Some(id) == self.commit));
        self.commit_time = of_run.filter_map(|commit| text(&commit["timestamp"])).next();
        self.default_branch = self.default_branch.take().or(main);
        let (pull, group) = (&event["pull_request"], &event["merge_group"]);
        if pull.is_object() {
            self.learn_from_pull_request(pull);
        } else if group.is_object() {
            self.merge_group_base = text(&group["base_sha"]);
            self.merge_group_head = text(&group["head_sha"]);
            let base = text(&group["base_ref"]);
            self.base = base.map(|name| name_of(&name, "heads").unwrap_or(name)).or(self.base.take());
        } else if self.event.as_deref().is_none_or(|name| name == "push") {
            // Only a push has it at the top; what else is called so means something else.
            self.before = text(&event["before"]).or(self.before.take());
            self.forced = event["forced"].as_bool().or(self.forced);
        }
        Ok(())
    }

    fn learn_from_pull_request(&mut self, pull: &Value) {
        self.pull_request = pull["number"].as_u64().or(self.pull_request);
        self.head_commit = text(&pull["head"]["sha"]).or(self.head_commit.take());
        self.base_commit = text(&pull["base"]["sha"]).or(self.base_commit.take());
        self.branch = text(&pull["head"]["ref"]).or(self.branch.take());
        self.base = text(&pull["base"]["ref"]).or(self.base.take());
        if let Some(labels) = pull["labels"].as_array() {
            self.labels = labels.iter().filter_map(|label| text(&label["name"])).collect();
        }
        // A fork that was deleted is `null`.
        let repository = |side: &str| text(&pull[side]["repo"]["full_name"]);
        self.fork = repository("head") != repository("base");
    }
}

/// A value that is text, and not empty.
pub(crate) fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// An environment in which an empty variable is unset.
#[derive(Clone, Copy)]
pub(crate) struct Vars<'a>(pub(crate) Env<'a>);

impl Vars<'_> {
    pub(crate) fn get(self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    pub(crate) fn path(self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    pub(crate) fn has(self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether the variable says yes: `true`, `True` or `1`.
    pub(crate) fn is_on(self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// A number; `false` and other words for "none" are none.
    pub(crate) fn number(self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }
}

/// The branch or the tag a full reference names.
pub(crate) fn name_of(reference: &str, kind: &str) -> Option<String> {
    reference.strip_prefix("refs/")?.strip_prefix(kind)?.strip_prefix('/').map(str::to_owned)
}

/// An address without a trailing `/`, and without a user and password in it.
pub(crate) fn clean_url(url: &str) -> String {
    let url = url.trim_end_matches('/');
    let url = url.strip_suffix(".git").unwrap_or(url);
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            if path.is_empty() { format!("{scheme}://{host}") } else { format!("{scheme}://{host}/{path}") }
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_says_what_the_repository_is_and_when_the_commit_was_made() {
        let mut context = CiContext { commit: Some("abc".into()), ..CiContext::default() };
        let event = br#"{"base_ref": "refs/heads/main",
            "commits": [{"id": "0", "timestamp": "2020-01-01T00:00:00Z"}],
            "head_commit": {"id": "abc", "timestamp": "2020-01-10T09:30:00+09:00"},
            "repository": {"name": "app", "description": "", "html_url": "https://x.example/o/app",
                "license": {"spdx_id": "MIT"}}}"#;
        context.learn_from_event(event).unwrap();
        assert_eq!(context.pushed_from.as_deref(), Some("refs/heads/main"));
        assert_eq!(context.commit_time.as_deref(), Some("2020-01-10T09:30:00+09:00"));
        let about = RepositoryFacts {
            name: Some("app".into()),
            description: None,
            url: Some("https://x.example/o/app".into()),
            licence: Some("MIT".into()),
        };
        assert_eq!(context.about, Some(about));
        // The time of another commit is not that of the run's.
        context
            .learn_from_event(br#"{"head_commit": {"id": "0", "timestamp": "x"}, "repository": 1}"#)
            .unwrap();
        assert_eq!((context.commit_time, context.pushed_from), (None, None));
    }

    #[test]
    fn an_event_completes_the_context() {
        let mut context = CiContext { commit: Some("merge".into()), ..CiContext::default() };
        let event = br#"{"pull_request": {"number": 7, "labels": [{"name": "size-ok"}, {"name": "ci"}],
            "head": {"sha": "h", "ref": "feature", "repo": {"full_name": "me/app"}},
            "base": {"sha": "b", "ref": "main", "repo": {"full_name": "org/app"}}}}"#;
        context.learn_from_event(event).unwrap();
        assert_eq!(context.pull_request, Some(7));
        assert_eq!(context.commit.as_deref(), Some("merge"));
        assert_eq!(context.head_commit.as_deref(), Some("h"));
        assert_eq!(context.base_commit.as_deref(), Some("b"));
        assert_eq!((context.branch.as_deref(), context.base.as_deref()), (Some("feature"), Some("main")));
        assert_eq!(context.labels, ["size-ok", "ci"]);
        assert!(context.fork);

        let before = context.clone();
        context.learn_from_event(br#"{"ref": "refs/heads/main"}"#).unwrap();
        assert_eq!(context, before);
        context
            .learn_from_event(
                br#"{"before": "0a", "forced": true, "repository": {"default_branch": "trunk"}}"#,
            )
            .unwrap();
        assert_eq!(context.forced, Some(true));
        assert_eq!(
            (context.before.as_deref(), context.default_branch.as_deref()),
            (Some("0a"), Some("trunk"))
        );
        // The `before` of other events is no state of the branch.
        let mut other = CiContext { event: Some("check_suite".into()), ..CiContext::default() };
        other.learn_from_event(br#"{"before": "0a"}"#).unwrap();
        assert_eq!(other.before, None);
        assert!(context.learn_from_event(b"[1]").is_err());
        assert!(context.learn_from_event(b"{").is_err());
    }

    #[test]
    fn a_merge_queue_says_what_its_group_is_on() {
        let mut context = CiContext::default();
        let event = br#"{"action": "checks_requested", "merge_group": {"base_ref": "refs/heads/release/1",
            "base_sha": "b", "head_ref": "refs/heads/gh-readonly-queue/main/pr-7-b", "head_sha": "h"}}"#;
        context.learn_from_event(event).unwrap();
        assert_eq!(context.base.as_deref(), Some("release/1"));
        assert_eq!(context.merge_group_base.as_deref(), Some("b"));
        assert_eq!(context.merge_group_head.as_deref(), Some("h"));
        assert_eq!(context.pull_request, None);
    }

    #[test]
    fn addresses_lose_their_secrets() {
        assert_eq!(clean_url("https://u:p@host.org/a/b.git"), "https://host.org/a/b");
        assert_eq!(clean_url("https://host.org/"), "https://host.org");
    }
}
