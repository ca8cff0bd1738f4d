//! Buildkite, through its own agent's command line (buildkite.com/docs/agent/cli).

use lw_model::Level;

use super::{by_severity, message_of, path_of, usable};
use crate::build::BuildFacts;
use crate::context::{Vars, clean_url};
use crate::text::{escape, one_line};
use crate::trust::between;
use crate::{Annotation, CiContext, Effect, Output, Provider, Step, Trust, fit_summary, neutralise};

/// Bytes an annotation's body may have ("the maximum size of each annotation body is 1MiB").
const MAX_BODY: usize = 1024 * 1024;

/// Bytes a meta-data value may have ("restricted to a maximum of 100 kilobytes").
const MAX_VALUE: usize = 100_000;

pub(crate) struct Buildkite {
    step: Step,
    context: CiContext,
}

impl Buildkite {
    pub(crate) fn new(vars: Vars<'_>, step: Step) -> Self {
        let branch = vars.get("BUILDKITE_BRANCH");
        let tag = vars.get("BUILDKITE_TAG");
        // The commit is `HEAD` until the agent has checked it out.
        let commit = vars.get("BUILDKITE_COMMIT").filter(|commit| commit != "HEAD");
        let pull_request = vars.number("BUILDKITE_PULL_REQUEST");
        let repository = vars.get("BUILDKITE_REPO").and_then(|url| Repository::parse(&url));
        let fork = vars
            .get("BUILDKITE_PULL_REQUEST_REPO")
            .and_then(|url| Repository::parse(&url))
            .is_some_and(|head| repository.as_ref().is_some_and(|base| base.name != head.name));
        // The number of the pull request, or `false` (buildkite.com/docs/pipelines/configure/environment-variables).
        let trust = match vars.get("BUILDKITE_PULL_REQUEST").as_deref() {
            Some("false") | None => Trust::Trusted,
            Some(_) => {
                let head = vars.get("BUILDKITE_PULL_REQUEST_REPO").and_then(|url| Repository::parse(&url));
                let name =
                    |repository: &Option<Repository>| repository.as_ref().map(|found| found.name.clone());
                between(name(&head).as_deref(), name(&repository).as_deref())
            }
        };
        let build = vars.get("BUILDKITE_BUILD_URL");
        let job = vars.get("BUILDKITE_JOB_ID");
        let run = build.map(|build| job.map_or_else(|| build.clone(), |job| format!("{build}#{job}")));
        let context = CiContext {
            workspace: vars.path("BUILDKITE_BUILD_CHECKOUT_PATH"),
            head_commit: commit.clone().filter(|_| pull_request.is_some()),
            reference: match (&tag, &branch) {
                (Some(tag), _) => Some(format!("refs/tags/{tag}")),
                (None, Some(branch)) if pull_request.is_none() => Some(format!("refs/heads/{branch}")),
                _ => None,
            },
            branch,
            tag,
            pull_request,
            base: vars.get("BUILDKITE_PULL_REQUEST_BASE_BRANCH"),
            labels: vars
                .get("BUILDKITE_PULL_REQUEST_LABELS")
                .map(|labels| labels.split(',').map(|label| label.trim().to_owned()).collect())
                .unwrap_or_default(),
            fork,
            trust,
            blob_base: repository
                .as_ref()
                .filter(|repository| repository.host == "github.com")
                .zip(commit.as_ref())
                .map(|(repository, commit)| format!("https://github.com/{}/blob/{commit}", repository.name)),
            repository: repository.map(|repository| repository.name),
            line_anchor: "#L",
            build: BuildFacts::buildkite(vars, run.as_deref()),
            run_url: run,
            default_branch: vars.get("BUILDKITE_PIPELINE_DEFAULT_BRANCH"),
            // How often the job was retried: 0 the first time.
            run_attempt: vars.number("BUILDKITE_RETRY_COUNT").and_then(|count| count.checked_add(1)),
            job: vars.get("BUILDKITE_LABEL").or_else(|| vars.get("BUILDKITE_STEP_KEY")),
            event: vars.get("BUILDKITE_SOURCE"),
            debug: vars.is_on("BUILDKITE_AGENT_DEBUG"),
            commit,
            ..CiContext::default()
        };
        Self { step, context }
    }

    fn annotate(&self, context: &str, style: &str, body: &str) -> Effect {
        agent(&["annotate", "--style", style, "--context", context], fit_summary(body, MAX_BODY).as_bytes())
    }
}

fn agent(args: &[&str], stdin: &[u8]) -> Effect {
    Effect::Run {
        program: "buildkite-agent".into(),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        stdin: stdin.to_vec(),
    }
}

/// Host and name of a repository from its address: `git@host:owner/name.git` or a URL.
struct Repository {
    host: String,
    name: String,
}

impl Repository {
    fn parse(address: &str) -> Option<Self> {
        let address = clean_url(address);
        let (host, name) = match address.split_once("://") {
            Some((_, rest)) => rest.split_once('/')?,
            None => address.split_once(':')?,
        };
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        Some(Self { host: host.to_owned(), name: name.to_owned() })
    }
}

/// Foreign text as plain text of Markdown.
fn plain(text: &str) -> String {
    escape(&one_line(&neutralise(text)), |c| match c {
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '&' => Some("&amp;"),
        '\\' => Some("\\\\"),
        '`' => Some("\\`"),
        '*' => Some("\\*"),
        '_' => Some("\\_"),
        '[' => Some("\\["),
        ']' => Some("\\]"),
        '!' => Some("\\!"),
        '|' => Some("\\|"),
        '~' => Some("\\~"),
        '#' => Some("\\#"),
        // Buildkite turns `:name:` into a picture.
        ':' => Some("&#58;"),
        _ => None,
    })
}

impl Provider for Buildkite {
    fn id(&self) -> &'static str {
        "buildkite"
    }

    /// Meta-data `lw:size-gate:verdict`. An empty value is left out, because Buildkite has none
    /// ("the value must be a non-empty string"): read with `--default ''`.
    fn outputs(&self, outputs: &[Output]) -> Vec<Effect> {
        let (good, warnings) = usable(outputs);
        let mut effects = Vec::new();
        for (name, value) in good {
            if value.trim().is_empty() {
                continue;
            }
            let key = format!("lw:{}:{name}", self.step.tool);
            if value.len() > MAX_VALUE {
                effects.push(Effect::Warn(format!("{key} is not set: meta-data has at most 100 kB")));
                continue;
            }
            effects.push(agent(&["meta-data", "set", &key], value.as_bytes()));
        }
        effects.extend(warnings);
        effects
    }

    /// One box above the summary, in the colour of the worst finding.
    fn annotations(&self, annotations: &[Annotation]) -> Vec<Effect> {
        let sorted = by_severity(annotations);
        let Some(worst) = sorted.first() else { return Vec::new() };
        let style = match worst.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "info",
        };
        let mut body = format!("**{}**\n\n", plain(&self.step.tool));
        for annotation in sorted {
            let place = annotation.location.as_ref().and_then(|place| {
                let path = path_of(&self.context, annotation)?;
                let line = place.line.map(|line| format!("&#58;{line}")).unwrap_or_default();
                Some(format!("{}{line}: ", plain(&path)))
            });
            body.push_str(&format!(
                "- {} {}{} ({})\n",
                annotation.level.as_str(),
                place.unwrap_or_default(),
                plain(&message_of(&self.context, annotation)),
                plain(&annotation.rule)
            ));
        }
        vec![self.annotate(&format!("lw-{}-findings", self.step.tool), style, &body)]
    }

    fn summary(&self, markdown: &str) -> Vec<Effect> {
        if markdown.trim().is_empty() {
            return Vec::new();
        }
        vec![self.annotate(&format!("lw-{}", self.step.tool), "info", markdown)]
    }

    fn mask(&self, secret: &str) -> Vec<Effect> {
        if secret.trim().is_empty() {
            return Vec::new();
        }
        vec![agent(&["redactor", "add"], secret.as_bytes())]
    }

    /// A group ends where the next one starts.
    fn group_start(&self, _: &str, title: &str, _: u64) -> Vec<Effect> {
        vec![Effect::Stdout(format!("--- {}\n", one_line(&neutralise(title))))]
    }

    fn group_end(&self, _: &str, _: u64) -> Vec<Effect> {
        Vec::new()
    }

    fn context(&self) -> &CiContext {
        &self.context
    }
}
