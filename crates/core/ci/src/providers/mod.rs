//! One CI per file.

mod github;
mod gitlab;
mod terminal;

use crate::context::Vars;
use crate::{Env, Provider, Step};

/// The CI the environment belongs to; the plain terminal when it is none that is known.
///
/// Forgejo, Gitea and act also set `GITHUB_ACTIONS` and are told apart first; Jenkins is last because its
/// agents are started from other systems' jobs too.
#[must_use]
pub fn detect(env: Env<'_>, step: Step) -> Box<dyn Provider> {
    let vars = Vars(env);
    if let Some(flavour) = github::Flavour::of(vars) {
        Box::new(github::GitHub::new(vars, step, flavour))
    } else if vars.has("GITLAB_CI") {
        Box::new(gitlab::GitLab::new(vars, step))
    } else {
        Box::new(terminal::Terminal::new())
    }
}
