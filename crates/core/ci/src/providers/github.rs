//! GitHub Actions, and what speaks its language: act, Gitea and Forgejo.
//!
//! Format and limits are those of the runner itself (actions/runner 258d6c8): `ActionCommand.cs` for
//! workflow commands, `FileCommandManager.cs` for the files, `ExecutionContext.AddIssue` for the caps.

use lw_model::{Level, Location};

use super::{message_of, path_of, settable, usable};
use crate::build::BuildFacts;
use crate::context::{Vars, clean_url, name_of};
use crate::text::{cut_utf16, escape, one_line};
use crate::{Annotation, CiContext, Effect, Output, Provider, Step, fit_summary, neutralise, trust};

/// Annotations of one kind the runner keeps per step (`_maxCountPerIssueType`); a composite action is
/// one step.
const MAX_PER_KIND: usize = 10;

/// UTF-16 units of a message the runner keeps (`_maxIssueMessageLength`).
const MAX_MESSAGE: usize = 4096;

/// Characters of a title the checks API takes ("the maximum size is 255 characters",
/// docs.github.com/rest/checks/runs).
const MAX_TITLE: usize = 255;

/// Bytes of summary written per call. The runner refuses the whole file above 1024 * 1024
/// (`CreateStepSummaryCommand.AttachmentSizeLimit`); the rest is for what other tools of the same step
/// wrote before.
const MAX_SUMMARY: usize = 1024 * 1024 - 64 * 1024;

/// Who runs the workflow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    GitHub,
    Act,
    Gitea,
    Forgejo,
}

impl Flavour {
    pub(crate) fn of(vars: Vars<'_>) -> Option<Self> {
        if vars.is_on("FORGEJO_ACTIONS") {
            Some(Self::Forgejo)
        } else if vars.is_on("GITEA_ACTIONS") {
            Some(Self::Gitea)
        } else if vars.is_on("ACT") {
            Some(Self::Act)
        } else if vars.is_on("GITHUB_ACTIONS") {
            Some(Self::GitHub)
        } else {
            None
        }
    }
}

pub(crate) struct GitHub {
    flavour: Flavour,
    step: Step,
    context: CiContext,
    output: Option<std::path::PathBuf>,
    env: Option<std::path::PathBuf>,
    step_summary: Option<std::path::PathBuf>,
}

impl GitHub {
    pub(crate) fn new(vars: Vars<'_>, step: Step, flavour: Flavour) -> Self {
        Self {
            flavour,
            step,
            context: context(vars, flavour),
            output: vars.path("GITHUB_OUTPUT"),
            env: vars.path("GITHUB_ENV"),
            step_summary: vars.path("GITHUB_STEP_SUMMARY"),
        }
    }

    /// Appends pairs to one of the runner's files. A value that holds the delimiter is written empty: an output that stays away
    /// could be forged by an earlier line of the log.
    fn pairs(
        &self,
        what: &str,
        path: &std::path::Path,
        pairs: Vec<(&str, String)>,
        mut effects: Vec<Effect>,
    ) -> Vec<Effect> {
        let delimiter = format!("ghadelimiter_{}", self.step.nonce);
        let mut file = String::new();
        for (name, mut value) in pairs {
            if value.contains(&delimiter) {
                effects.push(Effect::Warn(format!(
                    "the value of the {what} `{name}` holds the delimiter of {what}s: it is written empty"
                )));
                value.clear();
            }
            file.push_str(&format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"));
        }
        if !file.is_empty() {
            effects.insert(0, Effect::Append { path: path.to_owned(), bytes: file.into_bytes() });
        }
        effects
    }

    fn command(&self, annotation: &Annotation) -> String {
        let title = if annotation.title.trim().is_empty() { &annotation.rule } else { &annotation.title };
        // The runner drops `=` at the start of a value, and white space at the end of the last one.
        let title = one_line(&neutralise(title));
        let title = title.trim_start_matches('=');
        let message = message_of(&self.context, annotation);
        let message = if message.trim().is_empty() { title } else { &message };

        let mut properties = vec![("title", cut_utf16(title, MAX_TITLE).into_owned())];
        if let (Some(location), Some(path)) = (&annotation.location, path_of(&self.context, annotation)) {
            properties.extend(place(location, path));
        }
        command(kind(annotation.level), &properties, &cut_utf16(message, MAX_MESSAGE))
    }
}

fn context(vars: Vars<'_>, flavour: Flavour) -> CiContext {
    let reference = vars.get("GITHUB_REF");
    let server = clean_url(&vars.get("GITHUB_SERVER_URL").unwrap_or_else(|| "https://github.com".into()));
    let repository = vars.get("GITHUB_REPOSITORY");
    let commit = vars.get("GITHUB_SHA");
    let pull_request = reference.as_deref().and_then(|reference| name_of(reference, "pull"));
    let forge = matches!(flavour, Flavour::Gitea | Flavour::Forgejo);
    // Gitea and Forgejo number the pages of runs per repository, which is GITHUB_RUN_NUMBER.
    let run = vars.get(if forge { "GITHUB_RUN_NUMBER" } else { "GITHUB_RUN_ID" });
    let blob = if forge { "src/commit" } else { "blob" };
    let page = repository.as_ref().map(|repository| format!("{server}/{repository}"));
    CiContext {
        workspace: vars.path("GITHUB_WORKSPACE"),
        branch: vars
            .get("GITHUB_HEAD_REF")
            .or_else(|| reference.as_deref().and_then(|reference| name_of(reference, "heads"))),
        tag: reference.as_deref().and_then(|reference| name_of(reference, "tags")),
        pull_request: pull_request.and_then(|rest| rest.split('/').next()?.parse().ok()),
        base: vars.get("GITHUB_BASE_REF"),
        build: match flavour {
            // What act runs never ran on GitHub.
            Flavour::Act => Some(BuildFacts::local()),
            Flavour::Gitea | Flavour::Forgejo => None,
            _ => BuildFacts::github(vars, page.as_deref()),
        },
        blob_base: page.as_ref().zip(commit.as_ref()).map(|(page, commit)| format!("{page}/{blob}/{commit}")),
        // A run of act has no page.
        run_url: page
            .zip(run)
            .filter(|_| flavour != Flavour::Act)
            .map(|(page, run)| format!("{page}/actions/runs/{run}")),
        run_attempt: vars.number("GITHUB_RUN_ATTEMPT"),
        job: vars.get("GITHUB_JOB"),
        trust: trust::of_github(
            vars.get("GITHUB_EVENT_NAME").as_deref(),
            vars.get("GITHUB_ACTOR").as_deref(),
        ),
        event: vars.get("GITHUB_EVENT_NAME"),
        line_anchor: "#L",
        event_path: vars.path("GITHUB_EVENT_PATH"),
        debug: vars.is_on("RUNNER_DEBUG") || vars.is_on("ACTIONS_STEP_DEBUG"),
        commit,
        reference,
        repository,
        ..CiContext::default()
    }
}

/// The file and the lines of an annotation, as far as the runner takes them.
fn place(location: &Location, path: String) -> Vec<(&'static str, String)> {
    // See the title: a `=` at the start would be dropped.
    let path = if path.starts_with('=') { format!("./{path}") } else { path };
    let mut properties = vec![("file", path)];
    if let Some(line) = location.line.filter(|line| *line > 0) {
        properties.push(("line", line.to_string()));
        // `ValidateLinesAndColumns`: an end before the start loses both lines, and a column goes with
        // one line only.
        let end = location.end_line.filter(|end| *end > line);
        if let Some(end) = end {
            properties.push(("endLine", end.to_string()));
        } else if let Some(column) = location.column.filter(|column| *column > 0) {
            properties.push(("col", column.to_string()));
        }
    }
    properties
}

fn kind(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    }
}

/// One workflow command: `::name key=value,key=value::data`.
fn command(name: &str, properties: &[(&str, String)], data: &str) -> String {
    let properties: Vec<String> = properties
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| format!("{key}={}", escape_property(value)))
        .collect();
    let space = if properties.is_empty() { "" } else { " " };
    format!("::{name}{space}{}::{}\n", properties.join(","), escape_data(data))
}

fn escape_data(text: &str) -> String {
    escape(text, |c| match c {
        '%' => Some("%25"),
        '\r' => Some("%0D"),
        '\n' => Some("%0A"),
        _ => None,
    })
}

fn escape_property(text: &str) -> String {
    escape(text, |c| match c {
        '%' => Some("%25"),
        '\r' => Some("%0D"),
        '\n' => Some("%0A"),
        ':' => Some("%3A"),
        ',' => Some("%2C"),
        _ => None,
    })
}

impl Provider for GitHub {
    fn id(&self) -> &'static str {
        match self.flavour {
            Flavour::GitHub => "github",
            Flavour::Act => "act",
            Flavour::Gitea => "gitea",
            Flavour::Forgejo => "forgejo",
        }
    }

    fn outputs(&self, outputs: &[Output]) -> Vec<Effect> {
        if outputs.is_empty() {
            return Vec::new();
        }
        let Some(path) = &self.output else {
            return vec![Effect::Warn("the outputs are lost: GITHUB_OUTPUT is not set".into())];
        };
        let (good, warnings) = usable(outputs);
        self.pairs("output", path, good, warnings)
    }

    fn variables(&self, variables: &[Output]) -> Vec<Effect> {
        if variables.is_empty() {
            return Vec::new();
        }
        let Some(path) = &self.env else {
            return vec![Effect::Warn("the variables are lost: GITHUB_ENV is not set".into())];
        };
        let (good, warnings) = settable(variables);
        self.pairs("variable", path, good, warnings)
    }

    fn annotations(&self, annotations: &[Annotation]) -> Vec<Effect> {
        let mut commands = String::new();
        for level in [Level::Error, Level::Warning, Level::Note] {
            let all: Vec<&Annotation> = annotations.iter().filter(|item| item.level == level).collect();
            let shown = if all.len() > MAX_PER_KIND { MAX_PER_KIND - 1 } else { all.len() };
            for annotation in all.iter().take(shown) {
                commands.push_str(&self.command(annotation));
            }
            let more = all.len() - shown;
            if more > 0 {
                let kind = kind(level);
                let text = format!("and {more} more {kind}s, see the summary");
                commands.push_str(&command(kind, &[("title", one_line(&self.step.tool))], &text));
            }
        }
        if commands.is_empty() { Vec::new() } else { vec![Effect::Stdout(commands)] }
    }

    fn summary(&self, markdown: &str) -> Vec<Effect> {
        if markdown.trim().is_empty() {
            return Vec::new();
        }
        match &self.step_summary {
            Some(path) => {
                // The empty line keeps the next tool's text out of this one's last paragraph.
                let text = format!("{}\n\n", fit_summary(markdown, MAX_SUMMARY).trim_end());
                vec![Effect::Append { path: path.clone(), bytes: text.into_bytes() }]
            }
            None => vec![Effect::Warn("the summary is lost: GITHUB_STEP_SUMMARY is not set".into())],
        }
    }

    /// The runner masks a value of several lines as a whole and line by line (`AddMaskCommandExtension`).
    fn mask(&self, secret: &str) -> Vec<Effect> {
        if secret.trim().is_empty() {
            return Vec::new();
        }
        vec![Effect::Stdout(command("add-mask", &[], secret))]
    }

    fn group_start(&self, _: &str, title: &str, _: u64) -> Vec<Effect> {
        vec![Effect::Stdout(command("group", &[], &one_line(&neutralise(title))))]
    }

    fn group_end(&self, _: &str, _: u64) -> Vec<Effect> {
        vec![Effect::Stdout(command("endgroup", &[], ""))]
    }

    fn context(&self) -> &CiContext {
        &self.context
    }
}
