//! Jenkins.
//!
//! A pipeline reads files: outputs with `readProperties file: 'lw-<tool>.properties'`, findings with
//! `recordIssues tool: issues(pattern: 'lw-<tool>-issues.json')` of the Warnings plugin.

use lw_model::Level;
use serde_json::{Map, Value, json};

use super::{by_severity, in_workspace, message_of, path_of, summary_file, usable};
use crate::build::BuildFacts;
use crate::context::Vars;
use crate::{Annotation, CiContext, Effect, Output, Provider, Step, Trust};

pub(crate) struct Jenkins {
    step: Step,
    context: CiContext,
}

impl Jenkins {
    pub(crate) fn new(vars: Vars<'_>, step: Step) -> Self {
        let pull_request = vars.number("CHANGE_ID");
        let tag = vars.get("TAG_NAME");
        // For a pull request BRANCH_NAME is `PR-7`, and for a tag its name.
        let branch = match (pull_request, &tag) {
            (Some(_), _) => vars.get("CHANGE_BRANCH"),
            (None, Some(_)) => None,
            (None, None) => vars
                .get("BRANCH_NAME")
                .or_else(|| vars.get("GIT_LOCAL_BRANCH"))
                .or_else(|| vars.get("GIT_BRANCH").map(|name| name.trim_start_matches("origin/").to_owned())),
        };
        let trust = match (vars.get("CHANGE_FORK"), vars.has("CHANGE_ID") || vars.has("ghprbPullId")) {
            (Some(fork), _) => Trust::untrusted(format!("the change comes from the fork `{fork}`")),
            (None, true) => {
                Trust::unknown("not every plugin of Jenkins says whether a change comes from a fork")
            }
            (None, false) => Trust::Trusted,
        };
        let context = CiContext {
            workspace: vars.path("WORKSPACE"),
            commit: vars.get("GIT_COMMIT"),
            reference: match (pull_request, &tag, &branch) {
                (None, Some(tag), _) => Some(format!("refs/tags/{tag}")),
                (None, None, Some(branch)) => Some(format!("refs/heads/{branch}")),
                _ => None,
            },
            branch,
            tag,
            pull_request,
            base: vars.get("CHANGE_TARGET"),
            fork: vars.has("CHANGE_FORK"),
            trust,
            default_branch: vars.get("BRANCH_NAME").filter(|_| vars.is_on("BRANCH_IS_PRIMARY")),
            build: BuildFacts::jenkins(vars),
            job: vars.get("JOB_NAME"),
            line_anchor: "#L",
            run_url: vars.get("BUILD_URL"),
            ..CiContext::default()
        };
        Self { step, context }
    }
}

/// The value of a Java property, in ASCII: `Properties.load` takes a byte stream as ISO 8859-1.
fn property(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for (index, found) in value.chars().enumerate() {
        match found {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Leading white space would be skipped.
            ' ' if index == 0 => out.push_str("\\ "),
            ' '..='~' => out.push(found),
            _ => {
                for unit in found.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out
}

impl Provider for Jenkins {
    fn id(&self) -> &'static str {
        "jenkins"
    }

    fn outputs(&self, outputs: &[Output]) -> Vec<Effect> {
        let (good, mut effects) = usable(outputs);
        let file: String = good.iter().map(|(name, value)| format!("{name}={}\n", property(value))).collect();
        let path = in_workspace(&self.context, &format!("lw-{}.properties", self.step.tool));
        effects.insert(0, Effect::Write { path, bytes: file.into_bytes() });
        effects
    }

    /// The native format of the Warnings plugin (jenkinsci/analysis-model `JsonParser`), written also
    /// when it is empty, because a missing file is an error of the build.
    fn annotations(&self, annotations: &[Annotation]) -> Vec<Effect> {
        let issues: Vec<Value> = by_severity(annotations)
            .into_iter()
            .map(|annotation| {
                let mut issue = Map::new();
                if let (Some(place), Some(path)) = (&annotation.location, path_of(&self.context, annotation))
                {
                    issue.insert("fileName".into(), path.into());
                    let lines = [
                        ("lineStart", place.line),
                        ("lineEnd", place.end_line),
                        ("columnStart", place.column),
                    ];
                    for (name, number) in lines {
                        if let Some(number) = number {
                            issue.insert(name.into(), number.into());
                        }
                    }
                }
                issue.insert("severity".into(), severity(annotation.level).into());
                issue.insert("type".into(), annotation.rule.clone().into());
                issue.insert("category".into(), self.step.tool.clone().into());
                issue.insert("message".into(), message_of(&self.context, annotation).into());
                issue.insert("fingerprint".into(), annotation.fingerprint.clone().into());
                Value::Object(issue)
            })
            .collect();
        let mut bytes = serde_json::to_vec_pretty(&json!({ "issues": issues })).unwrap_or_default();
        bytes.push(b'\n');
        vec![Effect::Write {
            path: in_workspace(&self.context, &format!("lw-{}-issues.json", self.step.tool)),
            bytes,
        }]
    }

    fn summary(&self, markdown: &str) -> Vec<Effect> {
        summary_file(&self.context, &self.step, markdown)
    }

    /// Jenkins masks what its credentials binding handed out.
    fn mask(&self, _: &str) -> Vec<Effect> {
        Vec::new()
    }

    fn context(&self) -> &CiContext {
        &self.context
    }
}

/// `Severity` of analysis-model: ERROR, HIGH, NORMAL, LOW.
fn severity(level: Level) -> &'static str {
    match level {
        Level::Error => "ERROR",
        Level::Warning => "NORMAL",
        Level::Note => "LOW",
    }
}
