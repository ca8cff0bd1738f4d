//! What a CI says of the build a run is: what provenance is made of.

use crate::context::Vars;

/// Facts of a build, in the terms all CIs have in common. What a CI does not say is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildFacts {
    /// The CI: `github`, `gitlab`, `jenkins`, `buildkite`, or `local` on a person's machine.
    pub system: &'static str,
    /// Address of what ran the build.
    pub builder: String,
    /// Address of the repository.
    pub repository: Option<String>,
    /// What defines the pipeline: the path of its file, or its name where there is none.
    pub workflow: Option<String>,
    /// Address of this very run.
    pub invocation: Option<String>,
    /// What else verifiers of this CI's provenance know, by the names it has there. Never a variable of the user's.
    pub internal: Vec<(&'static str, String)>,
}

fn internal(vars: Vars<'_>, names: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    names.iter().filter_map(|(name, variable)| Some((*name, vars.get(variable)?))).collect()
}

impl BuildFacts {
    /// Of a machine that is no CI.
    pub(crate) fn local() -> Self {
        Self { system: "local", builder: "local".into(), ..Self::default() }
    }

    /// Of GitHub Actions (<https://actions.github.io/buildtypes/workflow/v1>); `page` is the address of the repository.
    pub(crate) fn github(vars: Vars<'_>, page: Option<&str>) -> Option<Self> {
        let (page, repository) = (page?, vars.get("GITHUB_REPOSITORY")?);
        let server = page.strip_suffix(&repository)?;
        let of_workflow = vars.get("GITHUB_WORKFLOW_REF");
        let file = of_workflow.as_deref().and_then(|text| {
            let (path, _) = text.strip_prefix(&repository)?.strip_prefix('/')?.split_once('@')?;
            Some(path.to_owned())
        });
        let attempt = vars.get("GITHUB_RUN_ATTEMPT").unwrap_or_else(|| "1".into());
        Some(Self {
            system: "github",
            builder: of_workflow
                .map_or_else(|| format!("{page}/actions"), |workflow| format!("{server}{workflow}")),
            repository: Some(page.to_owned()),
            workflow: file,
            invocation: vars
                .get("GITHUB_RUN_ID")
                .map(|run| format!("{page}/actions/runs/{run}/attempts/{attempt}")),
            internal: internal(
                vars,
                &[
                    ("event_name", "GITHUB_EVENT_NAME"),
                    ("repository_id", "GITHUB_REPOSITORY_ID"),
                    ("repository_owner_id", "GITHUB_REPOSITORY_OWNER_ID"),
                    ("runner_environment", "RUNNER_ENVIRONMENT"),
                ],
            ),
        })
    }

    /// Of GitLab (docs.gitlab.com/ci/variables/predefined_variables).
    pub(crate) fn gitlab(vars: Vars<'_>) -> Option<Self> {
        Some(Self {
            system: "gitlab",
            builder: vars.get("CI_SERVER_URL")?,
            repository: vars.get("CI_PROJECT_URL"),
            workflow: Some(vars.get("CI_CONFIG_PATH").unwrap_or_else(|| ".gitlab-ci.yml".into())),
            invocation: vars.get("CI_JOB_URL"),
            internal: internal(
                vars,
                &[
                    ("job", "CI_JOB_NAME"),
                    ("pipeline_source", "CI_PIPELINE_SOURCE"),
                    ("project_id", "CI_PROJECT_ID"),
                    ("runner_id", "CI_RUNNER_ID"),
                ],
            ),
        })
    }

    /// Of Jenkins (plugins.jenkins.io/git, and the controller's own `env-vars.html`).
    pub(crate) fn jenkins(vars: Vars<'_>) -> Option<Self> {
        Some(Self {
            system: "jenkins",
            builder: vars.get("JENKINS_URL")?,
            repository: vars.get("GIT_URL"),
            workflow: vars.get("JOB_NAME"),
            invocation: vars.get("BUILD_URL"),
            internal: internal(vars, &[("node", "NODE_NAME")]),
        })
    }

    /// Of Buildkite (buildkite.com/docs/pipelines/configure/environment-variables).
    pub(crate) fn buildkite(vars: Vars<'_>, run: Option<&str>) -> Option<Self> {
        Some(Self {
            system: "buildkite",
            builder: format!("https://buildkite.com/{}", vars.get("BUILDKITE_ORGANIZATION_SLUG")?),
            repository: vars.get("BUILDKITE_REPO"),
            workflow: vars.get("BUILDKITE_PIPELINE_SLUG"),
            invocation: run.map(str::to_owned),
            internal: internal(vars, &[("source", "BUILDKITE_SOURCE"), ("agent_id", "BUILDKITE_AGENT_ID")]),
        })
    }
}
