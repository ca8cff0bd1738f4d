//! Where and for what a run happens.

use std::path::PathBuf;

use serde_json::Value;

use crate::Env;

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
    /// Branch a pull request goes to.
    pub base: Option<String>,
    /// Full id of the commit a pull request is compared with.
    pub base_commit: Option<String>,
    /// Labels of the pull request.
    pub labels: Vec<String>,
    /// Whether the pull request comes from another repository: its code gets no secrets.
    pub fork: bool,
    /// Name of the repository: `owner/name`.
    pub repository: Option<String>,
    /// Address that shows a file at this commit once `/`, its percent-encoded path and
    /// [`line_anchor`](Self::line_anchor) are appended.
    pub blob_base: Option<String>,
    /// What stands between a file's address and a line's number: `#L`.
    pub line_anchor: &'static str,
    /// Address of the run's page.
    pub run_url: Option<String>,
    /// File with the event's JSON, for [`learn_from_event`](Self::learn_from_event).
    pub event_path: Option<PathBuf>,
    /// Whether somebody asked for the CI's debug log.
    pub debug: bool,
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
    /// Adds what the event of GitHub, Gitea or Forgejo says of a pull request: its number, commits,
    /// branches, labels and whether it comes from a fork. Other events add nothing.
    ///
    /// # Errors
    /// When the bytes are no JSON object.
    pub fn learn_from_event(&mut self, event: &[u8]) -> Result<(), EventError> {
        let event: Value = serde_json::from_slice(event)?;
        if !event.is_object() {
            return Err(EventError::NoObject);
        }
        let pull = &event["pull_request"];
        if !pull.is_object() {
            return Ok(());
        }
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
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
        Ok(())
    }
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
        assert!(context.learn_from_event(b"[1]").is_err());
        assert!(context.learn_from_event(b"{").is_err());
    }

    #[test]
    fn addresses_lose_their_secrets() {
        assert_eq!(clean_url("https://u:p@host.org/a/b.git"), "https://host.org/a/b");
        assert_eq!(clean_url("https://host.org/"), "https://host.org");
    }
}
