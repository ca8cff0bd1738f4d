//! Whether a run may be trusted with secrets: who started it, and whose code it is.

use serde_json::Value;

use crate::context::{CiContext, text};

/// Whether those who may change the repository started the run, and wrote what it tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Yes.
    Trusted,
    /// No: anybody could have.
    Untrusted {
        /// Why, as the end of "the run is not trusted: ".
        why: String,
    },
    /// The CI does not say, or not enough.
    Unknown {
        /// What is missing, as the end of "whether the run may be trusted is not known: ".
        why: String,
    },
}

impl Default for Trust {
    fn default() -> Self {
        Self::unknown("the CI does not say who started the run")
    }
}

impl Trust {
    pub(crate) fn untrusted(why: impl Into<String>) -> Self {
        Self::Untrusted { why: why.into() }
    }

    pub(crate) fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown { why: why.into() }
    }

    /// Whether it is known that the run may be trusted.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        *self == Self::Trusted
    }

    /// Why the run is not known to be trusted.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Trusted => None,
            Self::Untrusted { why } | Self::Unknown { why } => Some(why),
        }
    }
}

/// The account of Dependabot on GitHub: its runs get the secrets of Dependabot and no others
/// (docs.github.com/code-security/dependabot/troubleshooting-dependabot/troubleshooting-dependabot-on-github-actions).
const DEPENDABOT: &str = "dependabot[bot]";

/// Who can cause an event of GitHub, Gitea and Forgejo (docs.github.com/actions/reference/workflows-and-actions/
/// events-that-trigger-workflows).
enum Causes {
    /// Those with write access.
    Writers,
    /// Whoever opens a pull request; the event says from where.
    PullRequest,
    /// Anybody, and the run has the secrets of the repository.
    Anybody,
    /// The end of another run; the event says of which.
    Run,
    /// Nobody knows.
    Unknown,
}

fn causes(event: &str) -> Causes {
    match event {
        "push"
        | "schedule"
        | "workflow_dispatch"
        | "repository_dispatch"
        | "release"
        | "merge_group"
        | "create"
        | "delete"
        | "deployment"
        | "deployment_status"
        | "page_build"
        | "registry_package"
        | "milestone"
        | "label"
        | "branch_protection_rule"
        | "image_version"
        | "public" => Causes::Writers,
        // A review's runs are restricted like those of the pull request.
        "pull_request" | "pull_request_review" | "pull_request_review_comment" => Causes::PullRequest,
        "pull_request_target"
        | "pull_request_comment"
        | "issue_comment"
        | "issues"
        | "discussion"
        | "discussion_comment"
        | "fork"
        | "watch"
        | "gollum" => Causes::Anybody,
        "workflow_run" => Causes::Run,
        _ => Causes::Unknown,
    }
}

/// What the environment of GitHub, Gitea and Forgejo says before the event is read.
pub(crate) fn of_github(event: Option<&str>, actor: Option<&str>) -> Trust {
    if actor == Some(DEPENDABOT) {
        return Trust::untrusted("Dependabot started it");
    }
    let Some(event) = event else { return Trust::unknown("GITHUB_EVENT_NAME is not set") };
    match causes(event) {
        Causes::Writers => Trust::Trusted,
        Causes::Anybody => Trust::untrusted(format!("anybody can cause the event `{event}`")),
        Causes::PullRequest | Causes::Run => Trust::unknown(format!(
            "the event file of `{event}`, which says where it comes from, was not read"
        )),
        Causes::Unknown => Trust::unknown(format!("who can cause the event `{event}` is not known")),
    }
}

impl CiContext {
    /// Adds what the event of GitHub, Gitea or Forgejo says to [`trust`](Self::trust): it can only become less, or known.
    pub(crate) fn learn_trust_from_event(&mut self, event: &Value) {
        if matches!(self.trust, Trust::Untrusted { .. }) {
            return;
        }
        if text(&event["sender"]["login"]).as_deref() == Some(DEPENDABOT) {
            self.trust = Trust::untrusted("Dependabot started it");
            return;
        }
        let Some(name) = self.event.clone() else { return };
        match causes(&name) {
            Causes::PullRequest => self.trust = of_pull_request(&event["pull_request"]),
            Causes::Run => self.trust = of_workflow_run(&event["workflow_run"], &event["repository"]),
            // A pull request in an event that has none: not what it says it is.
            Causes::Writers if event["pull_request"].is_object() => {
                self.trust = of_pull_request(&event["pull_request"]);
            }
            Causes::Writers | Causes::Anybody | Causes::Unknown => {}
        }
    }
}

fn of_pull_request(pull: &Value) -> Trust {
    if !pull.is_object() {
        return Trust::unknown("the event file says nothing of a pull request");
    }
    if text(&pull["user"]["login"]).as_deref() == Some(DEPENDABOT) {
        return Trust::untrusted("the pull request is one of Dependabot");
    }
    let name = |side: &str| text(&pull[side]["repo"]["full_name"]);
    match (name("head"), name("base")) {
        (Some(head), Some(base)) if head == base => Trust::Trusted,
        (Some(head), Some(_)) => Trust::untrusted(format!("the pull request comes from the fork `{head}`")),
        // A fork that was deleted is `null`.
        (None, Some(_)) => Trust::untrusted("the pull request comes from a fork that is gone"),
        (_, None) => Trust::unknown("the event file does not say where the pull request comes from"),
    }
}

fn of_workflow_run(run: &Value, repository: &Value) -> Trust {
    if !run.is_object() {
        return Trust::unknown("the event file does not say which run it follows");
    }
    for who in ["actor", "triggering_actor"] {
        if text(&run[who]["login"]).as_deref() == Some(DEPENDABOT) {
            return Trust::untrusted("Dependabot started the run it follows");
        }
    }
    let here = text(&repository["full_name"]).or_else(|| text(&run["repository"]["full_name"]));
    match (text(&run["head_repository"]["full_name"]), here) {
        (Some(head), Some(here)) if head != here => {
            return Trust::untrusted(format!("the run it follows is of the fork `{head}`"));
        }
        (Some(_), Some(_)) => {}
        (None, Some(_)) => return Trust::untrusted("the run it follows is of a fork that is gone"),
        (_, None) => return Trust::unknown("the event file does not say whose run it follows"),
    }
    let Some(event) = text(&run["event"]) else {
        return Trust::unknown("the event file does not say what started the run it follows");
    };
    match causes(&event) {
        // Of this repository, as was seen above.
        Causes::Writers | Causes::PullRequest => Trust::Trusted,
        Causes::Anybody => {
            Trust::untrusted(format!("it follows a run of the event `{event}`, which anybody can cause"))
        }
        Causes::Run | Causes::Unknown => {
            Trust::unknown(format!("it follows a run of the event `{event}`, whose origin is not known"))
        }
    }
}

/// A pull request from one repository to another.
pub(crate) fn between(head: Option<&str>, base: Option<&str>) -> Trust {
    match (head, base) {
        (Some(head), Some(base)) if head.eq_ignore_ascii_case(base) => Trust::Trusted,
        (Some(head), Some(_)) => Trust::untrusted(format!("the pull request comes from the fork `{head}`")),
        _ => Trust::unknown("the CI does not say which repository the pull request comes from"),
    }
}
