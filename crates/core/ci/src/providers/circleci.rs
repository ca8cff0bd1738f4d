//! CircleCI: variables for later steps of the job; everything else is a file to store as an artifact.

use std::path::PathBuf;

use super::{settable, summary_file, usable, variable};
use crate::context::{Vars, clean_url};
use crate::{Annotation, CiContext, Effect, Output, Provider, Step, Trust};

pub(crate) struct CircleCi {
    step: Step,
    context: CiContext,
    bash_env: Option<PathBuf>,
}

impl CircleCi {
    pub(crate) fn new(vars: Vars<'_>, step: Step) -> Self {
        let branch = vars.get("CIRCLE_BRANCH");
        let tag = vars.get("CIRCLE_TAG");
        let commit = vars.get("CIRCLE_SHA1");
        let repository = vars
            .get("CIRCLE_PROJECT_USERNAME")
            .zip(vars.get("CIRCLE_PROJECT_REPONAME"))
            .map(|(owner, name)| format!("{owner}/{name}"));
        // CIRCLE_PR_NUMBER exists for forks only; the address of the pull request for all.
        let pull_request = vars
            .number("CIRCLE_PR_NUMBER")
            .or_else(|| vars.get("CIRCLE_PULL_REQUEST").and_then(|url| url.rsplit('/').next()?.parse().ok()));
        let workspace = vars.get("CIRCLE_WORKING_DIRECTORY").and_then(|path| match path.strip_prefix('~') {
            Some(rest) => vars.get("HOME").map(|home| PathBuf::from(format!("{home}{rest}"))),
            None => Some(PathBuf::from(path)),
        });
        // Only builds of forks have the repository of the pull request, and branches that are called `pull/7`
        // (circleci.com/docs/guides/integration/oss).
        let of_fork = ["CIRCLE_PR_REPONAME", "CIRCLE_PR_USERNAME", "CIRCLE_PR_NUMBER"]
            .iter()
            .any(|name| vars.has(name))
            || branch.as_ref().is_some_and(|name| name.starts_with("pull/"));
        let trust =
            if of_fork { Trust::untrusted("the pull request comes from a fork") } else { Trust::Trusted };
        let on_github = vars.get("CIRCLE_REPOSITORY_URL").is_some_and(|url| url.contains("github.com"));
        let context = CiContext {
            workspace,
            head_commit: commit.clone().filter(|_| pull_request.is_some()),
            reference: match (&tag, &branch) {
                (Some(tag), _) => Some(format!("refs/tags/{tag}")),
                (None, Some(branch)) if pull_request.is_none() => Some(format!("refs/heads/{branch}")),
                _ => None,
            },
            branch,
            tag,
            pull_request,
            fork: vars.has("CIRCLE_PR_REPONAME"),
            trust,
            blob_base: repository
                .as_ref()
                .filter(|_| on_github)
                .zip(commit.as_ref())
                .map(|(repository, commit)| format!("https://github.com/{repository}/blob/{commit}")),
            repository,
            job: vars.get("CIRCLE_JOB"),
            line_anchor: "#L",
            run_url: vars.get("CIRCLE_BUILD_URL").map(|url| clean_url(&url)),
            commit,
            ..CiContext::default()
        };
        Self { step, context, bash_env: vars.path("BASH_ENV") }
    }
}

/// Between single quotes only the single quote itself means something to a shell.
fn exported(name: &str, value: &str) -> String {
    format!("export {name}='{}'\n", value.replace('\'', "'\\''"))
}

impl Provider for CircleCi {
    fn id(&self) -> &'static str {
        "circleci"
    }

    /// `export LW_SIZE_GATE_VERDICT='pass'` in the file every later step sources
    /// (circleci.com/docs/guides/security/set-environment-variable).
    fn outputs(&self, outputs: &[Output]) -> Vec<Effect> {
        let (good, mut effects) = usable(outputs);
        if good.is_empty() {
            return effects;
        }
        let Some(path) = &self.bash_env else {
            effects.push(Effect::Warn("the outputs are lost: BASH_ENV is not set".into()));
            return effects;
        };
        let file: String =
            good.iter().map(|(name, value)| exported(&variable(&self.step, name), value)).collect();
        effects.insert(0, Effect::Append { path: path.clone(), bytes: file.into_bytes() });
        effects
    }

    /// In the same file, by their own names.
    fn variables(&self, variables: &[Output]) -> Vec<Effect> {
        let (good, mut effects) = settable(variables);
        if good.is_empty() {
            return effects;
        }
        let Some(path) = &self.bash_env else {
            effects.push(Effect::Warn("the variables are lost: BASH_ENV is not set".into()));
            return effects;
        };
        let lines = good.iter().map(|(name, value)| exported(name, value)).collect::<String>();
        effects.insert(0, Effect::Append { path: path.clone(), bytes: lines.into_bytes() });
        effects
    }

    /// CircleCI shows test results, which come from a JUnit report, and no annotations.
    fn annotations(&self, _: &[Annotation]) -> Vec<Effect> {
        Vec::new()
    }

    fn summary(&self, markdown: &str) -> Vec<Effect> {
        summary_file(&self.context, &self.step, markdown)
    }

    /// CircleCI masks only what its settings hold.
    fn mask(&self, _: &str) -> Vec<Effect> {
        Vec::new()
    }

    fn context(&self) -> &CiContext {
        &self.context
    }
}
