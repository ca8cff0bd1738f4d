//! GitLab CI/CD.
//!
//! Values go into a dotenv report, findings into a Code Quality report, the summary into a Markdown
//! file beside them; `.gitlab-ci.yml` has to name them as artifacts.

use lw_model::Level;
use serde_json::{Value, json};

use super::{by_severity, in_workspace, message_of, path_of, shout, summary_file, usable, variable};
use crate::build::BuildFacts;
use crate::context::{Vars, clean_url};
use crate::text::one_line;
use crate::trust::between;
use crate::{Annotation, CiContext, Effect, Output, Provider, Step, Trust, neutralise};

/// Bytes GitLab takes of a dotenv report ("the maximum size of the dotenv file is 5 KB",
/// docs.gitlab.com/ci/yaml/artifacts_reports, `ParseDotenvArtifactService`).
const MAX_DOTENV: usize = 5 * 1024;

/// Variables a dotenv report may have by default (`dotenv_variables` of the plan limits).
const MAX_VARIABLES: usize = 20;

pub(crate) struct GitLab {
    step: Step,
    context: CiContext,
}

impl GitLab {
    pub(crate) fn new(vars: Vars<'_>, step: Step) -> Self {
        let page = vars.get("CI_PROJECT_URL").map(|url| clean_url(&url));
        let commit = vars.get("CI_COMMIT_SHA");
        let merge_request = vars.number("CI_MERGE_REQUEST_IID");
        let tag = vars.get("CI_COMMIT_TAG");
        let branch = vars.get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME").or_else(|| vars.get("CI_COMMIT_BRANCH"));
        let source = vars.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID");
        let context = CiContext {
            workspace: vars.path("CI_PROJECT_DIR"),
            head_commit: vars
                .get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")
                .or_else(|| commit.clone().filter(|_| merge_request.is_some())),
            reference: match (merge_request, &tag, &branch) {
                (Some(_), _, _) => vars.get("CI_MERGE_REQUEST_REF_PATH"),
                (None, Some(tag), _) => Some(format!("refs/tags/{tag}")),
                (None, None, Some(branch)) => Some(format!("refs/heads/{branch}")),
                (None, None, None) => None,
            },
            branch,
            tag,
            pull_request: merge_request,
            base: vars.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
            // Only pipelines of merged results have it: it is what was merged with.
            base_commit: vars.get("CI_MERGE_REQUEST_TARGET_BRANCH_SHA"),
            merge_base: vars.get("CI_MERGE_REQUEST_DIFF_BASE_SHA"),
            // Only zeros for a new branch, but also for a pipeline that was started by hand or by a schedule
            // (docs.gitlab.com/ci/variables/predefined_variables): then it says nothing.
            before: vars
                .get("CI_COMMIT_BEFORE_SHA")
                .filter(|id| merge_request.is_none() && id.bytes().any(|digit| digit != b'0')),
            default_branch: vars.get("CI_DEFAULT_BRANCH"),
            build: BuildFacts::gitlab(vars),
            job: vars.get("CI_JOB_NAME"),
            event: vars.get("CI_PIPELINE_SOURCE"),
            labels: vars
                .get("CI_MERGE_REQUEST_LABELS")
                .map(|labels| labels.split(',').map(|label| label.trim().to_owned()).collect())
                .unwrap_or_default(),
            trust: trust(vars),
            fork: source.is_some() && source != vars.get("CI_MERGE_REQUEST_PROJECT_ID"),
            repository: vars.get("CI_PROJECT_PATH"),
            commit_time: vars.get("CI_COMMIT_TIMESTAMP"),
            repository_url: page.clone(),
            blob_base: page.zip(commit.as_ref()).map(|(page, commit)| format!("{page}/-/blob/{commit}")),
            line_anchor: "#L",
            run_url: vars.get("CI_JOB_URL"),
            debug: vars.is_on("CI_DEBUG_TRACE"),
            commit,
            ..CiContext::default()
        };
        Self { step, context }
    }
}

/// Of a merge request: whether its source, its target and the project whose variables the run has are one
/// (docs.gitlab.com/ci/pipelines/merge_request_pipelines: those of a fork run in the fork, or in the parent when a member
/// of it says so). A pipeline that another one started has the variables of the merge request as well.
fn trust(vars: Vars<'_>) -> Trust {
    let source = vars.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID");
    if vars.has("CI_MERGE_REQUEST_IID") || source.is_some() {
        let others = ["CI_PROJECT_ID", "CI_MERGE_REQUEST_PROJECT_ID"].map(|name| vars.get(name));
        return match source {
            None => Trust::unknown("CI_MERGE_REQUEST_SOURCE_PROJECT_ID is not set"),
            Some(_) if others.iter().all(Option::is_none) => Trust::unknown("CI_PROJECT_ID is not set"),
            Some(source) if others.iter().flatten().any(|id| *id != source) => {
                let path = vars.get("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH").unwrap_or(source);
                Trust::untrusted(format!("the merge request comes from the fork `{path}`"))
            }
            Some(_) => Trust::Trusted,
        };
    }
    let external = vars.get("CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY");
    if external.is_some() || vars.has("CI_EXTERNAL_PULL_REQUEST_IID") {
        let target = vars.get("CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY");
        return between(external.as_deref(), target.as_deref());
    }
    match vars.get("CI_PIPELINE_SOURCE").as_deref() {
        None => Trust::unknown("CI_PIPELINE_SOURCE is not set"),
        Some(source @ ("merge_request_event" | "external_pull_request_event")) => {
            Trust::unknown(format!("the pipeline is a `{source}` and does not say of which request"))
        }
        Some(_) => Trust::Trusted,
    }
}

/// `severity` of the Code Quality format: info, minor, major, critical or blocker.
fn severity(level: Level) -> &'static str {
    match level {
        Level::Error => "critical",
        Level::Warning => "major",
        Level::Note => "info",
    }
}

impl Provider for GitLab {
    fn id(&self) -> &'static str {
        "gitlab"
    }

    /// `LW_SIZE_GATE_VERDICT=pass`, one line each: the format knows neither quotes nor line breaks.
    fn outputs(&self, outputs: &[Output]) -> Vec<Effect> {
        let (good, mut effects) = usable(outputs);
        let mut file = String::new();
        for (index, (name, value)) in good.into_iter().enumerate() {
            let variable = variable(&self.step, name);
            if index >= MAX_VARIABLES {
                effects.push(Effect::Warn(format!(
                    "{variable} is not written: a dotenv report has at most {MAX_VARIABLES} variables"
                )));
                continue;
            }
            let line = format!("{variable}={value}\n");
            let why = if value.contains(['\n', '\r']) {
                Some("it has several lines, which a dotenv report cannot hold")
            } else if file.len() + line.len() > MAX_DOTENV {
                Some("a dotenv report has at most 5 KiB")
            } else {
                None
            };
            if let Some(why) = why {
                effects.push(Effect::Warn(format!("{variable} is written empty: {why}")));
                file.push_str(&format!("{variable}=\n"));
            } else {
                file.push_str(&line);
            }
        }
        if !file.is_empty() {
            let path = in_workspace(&self.context, "lw.env");
            let tools = self.step.suite.iter().chain([&self.step.tool]);
            let prefixes = tools.map(|tool| format!("LW_{}_", shout(tool))).collect();
            effects.insert(0, Effect::AppendOwn { path, bytes: file.into_bytes(), prefixes });
        }
        effects
    }

    /// A Code Quality report, also when there is nothing to say: GitLab compares it with the target
    /// branch's, and a missing one would hide what was fixed.
    ///
    /// Each tool has a file of its own, because a later tool of the same job would replace a common one.
    fn annotations(&self, annotations: &[Annotation]) -> Vec<Effect> {
        let issues: Vec<Value> = by_severity(annotations)
            .into_iter()
            .map(|annotation| {
                let place = annotation.location.as_ref();
                let path = path_of(&self.context, annotation)
                    // The format has no finding without a place.
                    .unwrap_or_else(|| ".gitlab-ci.yml".into());
                let begin = place.and_then(|place| place.line).unwrap_or(1).max(1);
                let mut lines = json!({ "begin": begin });
                if let Some(end) = place.and_then(|place| place.end_line).filter(|end| *end > begin) {
                    lines["end"] = end.into();
                }
                // Only the description is shown.
                let message = one_line(&message_of(&self.context, annotation));
                json!({
                    "description": format!("{}: {message}", annotation.rule),
                    "check_name": annotation.rule,
                    "fingerprint": annotation.fingerprint,
                    "severity": severity(annotation.level),
                    "location": { "path": path, "lines": lines },
                })
            })
            .collect();
        let mut bytes = serde_json::to_vec_pretty(&issues).unwrap_or_else(|_| b"[]".to_vec());
        bytes.push(b'\n');
        let path = in_workspace(&self.context, &format!("gl-code-quality-{}.json", self.step.tool));
        vec![Effect::Write { path, bytes }]
    }

    fn summary(&self, markdown: &str) -> Vec<Effect> {
        summary_file(&self.context, &self.step, markdown)
    }

    /// GitLab masks only what its settings declare as masked.
    fn mask(&self, _: &str) -> Vec<Effect> {
        Vec::new()
    }

    /// docs.gitlab.com/ci/jobs/job_logs: `section_start:TIME:NAME\r`, the name of letters, digits, `_`,
    /// `.` and `-`.
    fn group_start(&self, id: &str, title: &str, unix_time: u64) -> Vec<Effect> {
        let title = one_line(&neutralise(title));
        let name = section(id);
        vec![Effect::Stdout(format!(
            "\x1b[0Ksection_start:{unix_time}:{name}[collapsed=true]\r\x1b[0K{title}\n"
        ))]
    }

    fn group_end(&self, id: &str, unix_time: u64) -> Vec<Effect> {
        vec![Effect::Stdout(format!("\x1b[0Ksection_end:{unix_time}:{}\r\x1b[0K\n", section(id)))]
    }

    fn context(&self) -> &CiContext {
        &self.context
    }
}

fn section(id: &str) -> String {
    let name: String = id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if name.is_empty() { "lw".into() } else { name }
}
