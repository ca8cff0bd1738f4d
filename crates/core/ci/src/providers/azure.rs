//! Azure Pipelines.
//!
//! Logging commands as the agent itself reads them (microsoft/azure-pipelines-agent 42bde98:
//! `Command.TryParse`, `CommandStringConvertor`, `TaskCommandExtension`).

use std::path::PathBuf;

use lw_model::Level;

use super::{in_folder, message_of, path_of, settable, usable};
use crate::context::{Vars, clean_url, name_of};
use crate::text::{cut_utf16, escape, one_line};
use crate::{Annotation, CiContext, Effect, Output, Provider, Step, Trust, neutralise};

/// Errors, and warnings, the agent keeps per task (`_maxIssueCount` in `ExecutionContext.cs`).
const MAX_PER_KIND: usize = 10;

/// UTF-16 units of a message; the agent has no limit of its own, the page becomes unreadable.
const MAX_MESSAGE: usize = 4096;

pub(crate) struct Azure {
    step: Step,
    context: CiContext,
    temp: Option<PathBuf>,
}

impl Azure {
    pub(crate) fn new(vars: Vars<'_>, step: Step) -> Self {
        let reference = vars.get("BUILD_SOURCEBRANCH");
        let commit = vars.get("BUILD_SOURCEVERSION");
        let branch = |name: &str| {
            let branch = vars.get(name)?;
            Some(name_of(&branch, "heads").unwrap_or(branch))
        };
        let page = vars.get("BUILD_REPOSITORY_URI").map(|url| clean_url(&url));
        let on_github = vars.get("BUILD_REPOSITORY_PROVIDER").is_some_and(|provider| provider == "GitHub");
        let collection = vars.get("SYSTEM_COLLECTIONURI").map(|url| clean_url(&url));
        let run = collection.zip(vars.get("SYSTEM_TEAMPROJECT")).zip(vars.get("BUILD_BUILDID"));
        let context = CiContext {
            workspace: vars.path("BUILD_SOURCESDIRECTORY"),
            head_commit: vars.get("SYSTEM_PULLREQUEST_SOURCECOMMITID"),
            branch: branch("SYSTEM_PULLREQUEST_SOURCEBRANCH")
                .or_else(|| reference.as_deref().and_then(|reference| name_of(reference, "heads"))),
            tag: reference.as_deref().and_then(|reference| name_of(reference, "tags")),
            // The number is GitHub's; in Azure Repos the id is the number.
            pull_request: vars
                .number("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER")
                .or_else(|| vars.number("SYSTEM_PULLREQUEST_PULLREQUESTID")),
            base: branch("SYSTEM_PULLREQUEST_TARGETBRANCH"),
            fork: vars.is_on("SYSTEM_PULLREQUEST_ISFORK"),
            trust: trust(vars),
            repository: vars.get("BUILD_REPOSITORY_NAME"),
            // Azure Repos has the path in the query, so nothing can be appended.
            blob_base: page
                .filter(|_| on_github)
                .zip(commit.as_ref())
                .map(|(page, commit)| format!("{page}/blob/{commit}")),
            line_anchor: "#L",
            run_url: run.map(|((collection, project), build)| {
                format!("{collection}/{}/_build/results?buildId={build}", project.replace(' ', "%20"))
            }),
            run_attempt: vars.number("SYSTEM_JOBATTEMPT"),
            job: vars.get("SYSTEM_JOBNAME").or_else(|| vars.get("AGENT_JOBNAME")),
            event: vars.get("BUILD_REASON"),
            debug: vars.is_on("SYSTEM_DEBUG"),
            commit,
            reference,
            ..CiContext::default()
        };
        Self { step, context, temp: vars.path("AGENT_TEMPDIRECTORY") }
    }

    fn issue(&self, kind: &str, annotation: &Annotation) -> String {
        let mut properties = vec![("type", kind.to_owned())];
        if let (Some(location), Some(path)) = (&annotation.location, path_of(&self.context, annotation)) {
            properties.push(("sourcepath", path));
            if let Some(line) = location.line {
                properties.push(("linenumber", line.to_string()));
                if let Some(column) = location.column {
                    properties.push(("columnnumber", column.to_string()));
                }
            }
        }
        properties.push(("code", one_line(&neutralise(&annotation.rule))));
        let title = one_line(&neutralise(&annotation.title));
        let message = message_of(&self.context, annotation);
        let message = if title.is_empty() { message } else { format!("{title}: {message}") };
        command("task.logissue", &properties, &cut_utf16(&message, MAX_MESSAGE))
    }
}

/// Of the build of a pull request: whether it comes from a fork
/// (learn.microsoft.com/azure/devops/pipelines/build/variables: `System.PullRequest.IsFork`).
fn trust(vars: Vars<'_>) -> Trust {
    let of_pull_request = vars.get("BUILD_REASON").as_deref() == Some("PullRequest")
        || vars.has("SYSTEM_PULLREQUEST_PULLREQUESTID");
    match vars.get("SYSTEM_PULLREQUEST_ISFORK") {
        Some(_) if vars.is_on("SYSTEM_PULLREQUEST_ISFORK") => {
            Trust::untrusted("the pull request comes from a fork")
        }
        Some(_) => Trust::Trusted,
        None if of_pull_request => Trust::unknown("SYSTEM_PULLREQUEST_ISFORK is not set"),
        None => Trust::Trusted,
    }
}

/// `##vso[area.event key=value;key=value]data`
fn command(name: &str, properties: &[(&str, String)], data: &str) -> String {
    let mut text = format!("##vso[{name}");
    for (index, (key, value)) in properties.iter().enumerate() {
        let before = if index == 0 { ' ' } else { ';' };
        // The agent drops `=` at the start of a value.
        text.push_str(&format!("{before}{key}={}", escaped(value.trim_start_matches('='))));
    }
    text.push_str(&format!("]{}\n", escaped(data)));
    text
}

/// `%AZP25` is undone by default (the knob `DECODE_PERCENTS`), and last.
fn escaped(text: &str) -> String {
    escape(text, |c| match c {
        '%' => Some("%AZP25"),
        ';' => Some("%3B"),
        '\r' => Some("%0D"),
        '\n' => Some("%0A"),
        ']' => Some("%5D"),
        _ => None,
    })
}

impl Provider for Azure {
    fn id(&self) -> &'static str {
        "azure"
    }

    /// Output variables, read as `$(step.verdict)` after a step with a name.
    fn outputs(&self, outputs: &[Output]) -> Vec<Effect> {
        let (good, warnings) = usable(outputs);
        let commands: String = good
            .iter()
            .map(|(name, value)| {
                let properties = [("variable", (*name).to_owned()), ("isOutput", "true".to_owned())];
                command("task.setvariable", &properties, value)
            })
            .collect();
        let commands = if commands.is_empty() { None } else { Some(Effect::Stdout(commands)) };
        commands.into_iter().chain(warnings).collect()
    }

    /// `task.setvariable` without `isOutput`: a variable of the job, and of the environment of its later steps.
    fn variables(&self, variables: &[Output]) -> Vec<Effect> {
        let (good, warnings) = settable(variables);
        let set = |(name, value): &(&str, String)| {
            command("task.setvariable", &[("variable", (*name).to_owned())], value)
        };
        let commands: String = good.iter().map(set).collect();
        let commands = if commands.is_empty() { None } else { Some(Effect::Stdout(commands)) };
        commands.into_iter().chain(warnings).collect()
    }

    /// Errors and warnings; Azure has no third kind, so notes stay in the log and the summary.
    fn annotations(&self, annotations: &[Annotation]) -> Vec<Effect> {
        let mut commands = String::new();
        for (level, kind) in [(Level::Error, "error"), (Level::Warning, "warning")] {
            let all: Vec<&Annotation> = annotations.iter().filter(|item| item.level == level).collect();
            let shown = if all.len() > MAX_PER_KIND { MAX_PER_KIND - 1 } else { all.len() };
            commands.extend(all.iter().take(shown).map(|annotation| self.issue(kind, annotation)));
            let more = all.len() - shown;
            if more > 0 {
                let text = format!("{}: and {more} more {kind}s, see the summary", self.step.tool);
                commands.push_str(&command("task.logissue", &[("type", kind.to_owned())], &text));
            }
        }
        if commands.is_empty() { Vec::new() } else { vec![Effect::Stdout(commands)] }
    }

    /// A page of the run named like the file.
    fn summary(&self, markdown: &str) -> Vec<Effect> {
        let name = format!("lw-{}.md", self.step.tool);
        let Some(folder) = self.temp.as_deref().or(self.context.workspace.as_deref()) else {
            return vec![Effect::Warn(
                "the summary is lost: neither AGENT_TEMPDIRECTORY nor BUILD_SOURCESDIRECTORY is set".into(),
            )];
        };
        let path = in_folder(Some(folder), &name);
        let upload = command("task.uploadsummary", &[], &path.to_string_lossy());
        vec![Effect::Write { path, bytes: markdown.as_bytes().to_vec() }, Effect::Stdout(upload)]
    }

    /// Line by line: the agent refuses a secret with a line break.
    fn mask(&self, secret: &str) -> Vec<Effect> {
        let commands: String = secret
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(|line| command("task.setsecret", &[], line))
            .collect();
        if commands.is_empty() { Vec::new() } else { vec![Effect::Stdout(commands)] }
    }

    fn group_start(&self, _: &str, title: &str, _: u64) -> Vec<Effect> {
        vec![Effect::Stdout(format!("##[group]{}\n", one_line(&neutralise(title))))]
    }

    fn group_end(&self, _: &str, _: u64) -> Vec<Effect> {
        vec![Effect::Stdout("##[endgroup]\n".into())]
    }

    fn context(&self) -> &CiContext {
        &self.context
    }
}
