//! One CI per file.

mod azure;
mod bitbucket;
mod buildkite;
mod circleci;
mod github;
mod gitlab;
mod jenkins;
mod teamcity;
mod terminal;

use std::path::{Path, PathBuf};

use lw_model::lists::sort_by_key;

use crate::context::Vars;
use crate::path::repo_relative;
use crate::text::{cut_utf16, is_output_name, shout};
use crate::{Annotation, CiContext, Effect, Env, Output, Provider, Step, may_be_set, neutralise};

/// Characters of a path that leave room for the message after it.
const MAX_SHOWN_PATH: usize = 260;

/// The CI the environment belongs to; the plain terminal when it is none that is known.
///
/// Forgejo, Gitea and act also set `GITHUB_ACTIONS` and are told apart first. Jenkins comes last:
/// its variables reach jobs of other systems that its agents start.
#[must_use]
pub fn detect(env: Env<'_>, step: Step) -> Box<dyn Provider> {
    let vars = Vars(env);
    if let Some(flavour) = github::Flavour::of(vars) {
        Box::new(github::GitHub::new(vars, step, flavour))
    } else if vars.has("GITLAB_CI") {
        Box::new(gitlab::GitLab::new(vars, step))
    } else if vars.is_on("TF_BUILD") {
        Box::new(azure::Azure::new(vars, step))
    } else if vars.is_on("BUILDKITE") {
        Box::new(buildkite::Buildkite::new(vars, step))
    } else if vars.is_on("CIRCLECI") {
        Box::new(circleci::CircleCi::new(vars, step))
    } else if vars.has("TEAMCITY_VERSION") {
        Box::new(teamcity::TeamCity::new(vars, step))
    } else if vars.has("BITBUCKET_BUILD_NUMBER") {
        Box::new(bitbucket::Bitbucket::new(vars, step))
    } else if vars.has("JENKINS_URL") && vars.has("BUILD_ID") {
        Box::new(jenkins::Jenkins::new(vars, step))
    } else {
        Box::new(terminal::Terminal::new(vars))
    }
}

/// The outputs with a usable name, without NUL in their values, and a warning for each other one.
fn usable(outputs: &[Output]) -> (Vec<(&str, String)>, Vec<Effect>) {
    let mut good = Vec::new();
    let mut warnings = Vec::new();
    for Output { name, value } in outputs {
        if is_output_name(name) {
            // No environment variable can hold a NUL.
            good.push((name.as_str(), value.replace('\0', "")));
        } else {
            warnings
                .push(Effect::Warn(format!("`{name}` cannot be the name of an output: it is not written")));
        }
    }
    (good, warnings)
}

/// The variables that may be set, without NUL in their values, and a warning for each other one.
fn settable(variables: &[Output]) -> (Vec<(&str, String)>, Vec<Effect>) {
    let mut good = Vec::new();
    let mut warnings = Vec::new();
    for Output { name, value } in variables {
        if may_be_set(name) {
            good.push((name.as_str(), value.replace('\0', "")));
        } else {
            warnings.push(Effect::Warn(format!(
                "the variable `{name}` is not set: it may decide more than a value"
            )));
        }
    }
    (good, warnings)
}

/// The name of an output where all tools share one name space: `LW_SIZE_GATE_VERDICT`.
fn variable(step: &Step, output: &str) -> String {
    format!("LW_{}_{}", shout(&step.tool), shout(output))
}

/// A file in a folder; in the working directory when there is none. Always with `/`, which Windows takes
/// too, so that a recorded environment gives the same effects everywhere.
fn in_folder(folder: Option<&Path>, name: &str) -> PathBuf {
    folder.map_or_else(|| name.into(), |root| format!("{}/{name}", root.display()).into())
}

/// A file in the workspace.
fn in_workspace(context: &CiContext, name: &str) -> PathBuf {
    in_folder(context.workspace.as_deref(), name)
}

/// The path of an annotation's file in the repository.
fn path_of(context: &CiContext, annotation: &Annotation) -> Option<String> {
    repo_relative(&annotation.location.as_ref()?.path, context.workspace.as_deref())
}

/// The message of an annotation, made harmless. A place that is no file of the repository cannot be shown
/// beside the code, so it is said here.
fn message_of(context: &CiContext, annotation: &Annotation) -> String {
    let message = neutralise(&annotation.message);
    match &annotation.location {
        Some(place) if path_of(context, annotation).is_none() => {
            let path = neutralise(&place.path);
            let line = place.line.map(|line| format!(":{line}")).unwrap_or_default();
            format!("{}{line}: {message}", cut_utf16(&path, MAX_SHOWN_PATH))
        }
        _ => message.into_owned(),
    }
}

/// The summary as `lw-<tool>.md` in the workspace, to be kept as an artifact.
fn summary_file(context: &CiContext, step: &Step, markdown: &str) -> Vec<Effect> {
    let path = in_workspace(context, &format!("lw-{}.md", step.tool));
    vec![Effect::Write { path, bytes: markdown.as_bytes().to_vec() }]
}

/// The worst first, otherwise in the order they came in.
fn by_severity(annotations: &[Annotation]) -> Vec<&Annotation> {
    let mut sorted: Vec<&Annotation> = annotations.iter().collect();
    sort_by_key(&mut sorted, |annotation| std::cmp::Reverse(annotation.level));
    sorted
}
