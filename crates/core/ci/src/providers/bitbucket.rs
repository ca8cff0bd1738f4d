//! Bitbucket Pipelines.
//!
//! Findings go to Code Insights, through the proxy that signs the requests of a pipeline
//! (support.atlassian.com/bitbucket-cloud/docs/code-insights): no token is needed, but `curl` is.

use std::path::PathBuf;

use lw_model::Level;
use serde_json::{Map, Value, json};

use super::{by_severity, message_of, path_of, summary_file, usable, variable};
use crate::context::{Vars, clean_url};
use crate::text::{cut_utf16, one_line};
use crate::{Annotation, CiContext, Effect, Output, Provider, Step, Trust, neutralise};

/// The proxy that runs beside every pipeline and adds the authorisation. It reads plain HTTP.
const PROXY: &str = "http://localhost:29418";

/// Annotations of one request, and of one report: what other reporters to Code Insights keep to as the
/// limits of the service.
const MAX_PER_REQUEST: usize = 100;
const MAX_PER_REPORT: usize = 1000;

/// Characters of an annotation's summary ("cannot contain more than 450 characters", the service's own
/// error) and of details.
const MAX_SUMMARY: usize = 450;
const MAX_DETAILS: usize = 2000;

pub(crate) struct Bitbucket {
    step: Step,
    context: CiContext,
    variables: Option<PathBuf>,
}

impl Bitbucket {
    pub(crate) fn new(vars: Vars<'_>, step: Step) -> Self {
        let branch = vars.get("BITBUCKET_BRANCH");
        let tag = vars.get("BITBUCKET_TAG");
        let commit = vars.get("BITBUCKET_COMMIT");
        let pull_request = vars.number("BITBUCKET_PR_ID");
        let repository = vars.get("BITBUCKET_REPO_FULL_NAME");
        // The variable has plain HTTP, the page does not.
        let page = vars
            .get("BITBUCKET_GIT_HTTP_ORIGIN")
            .map(|url| clean_url(&url).replacen("http://", "https://", 1))
            .or_else(|| repository.as_ref().map(|name| format!("https://bitbucket.org/{name}")));
        let context = CiContext {
            workspace: vars.path("BITBUCKET_CLONE_DIR"),
            head_commit: commit.clone().filter(|_| pull_request.is_some()),
            reference: match (&tag, &branch) {
                (Some(tag), _) => Some(format!("refs/tags/{tag}")),
                (None, Some(branch)) if pull_request.is_none() => Some(format!("refs/heads/{branch}")),
                _ => None,
            },
            branch,
            tag,
            pull_request,
            base: vars.get("BITBUCKET_PR_DESTINATION_BRANCH"),
            base_commit: vars.get("BITBUCKET_PR_DESTINATION_COMMIT"),
            blob_base: page
                .as_ref()
                .zip(commit.as_ref())
                .map(|(page, commit)| format!("{page}/src/{commit}")),
            line_anchor: "#lines-",
            // Pull requests of forks start no pipeline (support.atlassian.com/bitbucket-cloud/docs/pipeline-start-conditions).
            trust: Trust::Trusted,
            run_url: page
                .zip(vars.get("BITBUCKET_BUILD_NUMBER"))
                .map(|(page, build)| format!("{page}/pipelines/results/{build}")),
            run_attempt: vars.number("BITBUCKET_STEP_RUN_NUMBER"),
            commit,
            repository,
            ..CiContext::default()
        };
        Self { step, context, variables: vars.path("BITBUCKET_PIPELINES_VARIABLES_PATH") }
    }

    /// A request to the report of this tool at this commit. `strict` makes an error of the service one
    /// of `curl`.
    fn request(&self, report: &str, method: &str, below: &str, body: &Value, strict: bool) -> Effect {
        let mut args = vec!["--silent", "--show-error", "--globoff", "--max-time", "60"];
        if strict {
            args.push("--fail");
        }
        let url = format!("{report}{below}");
        args.extend(["--proxy", PROXY, "--request", method, "--header", "Content-Type: application/json"]);
        args.extend(["--output", "/dev/null", "--data-binary", "@-", &url]);
        Effect::Run {
            program: "curl".into(),
            args: args.into_iter().map(str::to_owned).collect(),
            stdin: body.to_string().into_bytes(),
        }
    }

    fn annotation(&self, index: usize, annotation: &Annotation) -> Value {
        let title = one_line(&neutralise(&annotation.title));
        let message = message_of(&self.context, annotation);
        let first = if title.is_empty() { one_line(&message) } else { title };
        // An annotation without a summary is refused.
        let first = if first.is_empty() { one_line(&annotation.rule) } else { first };
        let (severity, result) = match annotation.level {
            Level::Error => ("HIGH", "FAILED"),
            Level::Warning => ("MEDIUM", "FAILED"),
            Level::Note => ("LOW", "PASSED"),
        };
        let mut json = Map::new();
        json.insert("external_id".into(), format!("lw-{}-{index}", self.step.tool).into());
        json.insert("annotation_type".into(), "CODE_SMELL".into());
        json.insert("summary".into(), cut_utf16(&first, MAX_SUMMARY).into());
        json.insert(
            "details".into(),
            cut_utf16(&format!("{}: {message}", annotation.rule), MAX_DETAILS).into(),
        );
        json.insert("severity".into(), severity.into());
        json.insert("result".into(), result.into());
        if let (Some(place), Some(path)) = (&annotation.location, path_of(&self.context, annotation)) {
            json.insert("path".into(), path.into());
            if let Some(line) = place.line {
                json.insert("line".into(), line.into());
            }
        }
        Value::Object(json)
    }
}

impl Provider for Bitbucket {
    fn id(&self) -> &'static str {
        "bitbucket"
    }

    /// `LW_SIZE_GATE_VERDICT=pass` for the step's `output-variables`
    /// (support.atlassian.com/bitbucket-cloud/docs/variable-sharing).
    fn outputs(&self, outputs: &[Output]) -> Vec<Effect> {
        let (good, mut effects) = usable(outputs);
        if good.is_empty() {
            return effects;
        }
        let Some(path) = &self.variables else {
            effects.push(Effect::Warn(
                "the outputs are lost: BITBUCKET_PIPELINES_VARIABLES_PATH is not set".into(),
            ));
            return effects;
        };
        let mut file = String::new();
        for (name, value) in good {
            let variable = variable(&self.step, name);
            if value.contains(['\n', '\r']) {
                effects.push(Effect::Warn(format!(
                    "{variable} is written empty: it has several lines, which Bitbucket's variables cannot hold"
                )));
                file.push_str(&format!("{variable}=\n"));
            } else {
                file.push_str(&format!("{variable}={value}\n"));
            }
        }
        effects.insert(0, Effect::Append { path: path.clone(), bytes: file.into_bytes() });
        effects
    }

    /// A report of Code Insights. The one of an earlier run at the same commit is removed first, with
    /// what it found and this run no longer finds.
    fn annotations(&self, annotations: &[Annotation]) -> Vec<Effect> {
        let (Some(repository), Some(commit)) = (&self.context.repository, &self.context.commit) else {
            return vec![Effect::Warn(
                "no report in Bitbucket: BITBUCKET_REPO_FULL_NAME or BITBUCKET_COMMIT is not set".into(),
            )];
        };
        let report = format!(
            "http://api.bitbucket.org/2.0/repositories/{repository}/commit/{commit}/reports/lw-{}",
            self.step.tool
        );
        let sorted = by_severity(annotations);
        let failed = sorted.first().is_some_and(|worst| worst.level == Level::Error);
        let left_out = sorted.len().saturating_sub(MAX_PER_REPORT);
        let more = if left_out > 0 { format!("; {left_out} more are not shown") } else { String::new() };
        let body = json!({
            "title": self.step.tool,
            "details": format!("{} findings{more}", sorted.len()),
            "report_type": "BUG",
            "reporter": "lw-actions",
            "result": if failed { "FAILED" } else { "PASSED" },
        });
        let mut effects = vec![
            self.request(&report, "DELETE", "", &json!({}), false),
            self.request(&report, "PUT", "", &body, true),
        ];
        let items: Vec<Value> = sorted
            .into_iter()
            .take(MAX_PER_REPORT)
            .enumerate()
            .map(|(index, annotation)| self.annotation(index, annotation))
            .collect();
        for chunk in items.chunks(MAX_PER_REQUEST) {
            effects.push(self.request(&report, "POST", "/annotations", &Value::Array(chunk.to_vec()), true));
        }
        effects
    }

    fn summary(&self, markdown: &str) -> Vec<Effect> {
        summary_file(&self.context, &self.step, markdown)
    }

    /// Bitbucket masks only its secured variables.
    fn mask(&self, _: &str) -> Vec<Effect> {
        Vec::new()
    }

    fn context(&self) -> &CiContext {
        &self.context
    }
}
