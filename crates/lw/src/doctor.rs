//! `lw doctor`: what a runner or a laptop lacks for the tools, before a run finds out.

use std::path::Path;
use std::time::Duration;

use lw_cli::{Context, Entry, Error, Output, ProgramCall, Tool, Variable};
use lw_history::Repository;
use lw_model::{Align, Cell, Fact, Finding, Level, Report, Rule, Table};

use crate::{NAMES, TOOLS};

/// The command.
#[derive(Debug)]
pub(crate) struct Doctor;

/// Its arguments.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// The inputs that lw.toml names are not there yet: a note and no error
    #[arg(long)]
    before_build: bool,

    /// A container engine is needed: docker or podman has to answer
    #[arg(long)]
    engine: bool,
}

/// Tools that ask the repository where a commit stands, and so need its whole history and all tags.
const OF_HISTORY: [&str; 3] = ["changelog", "version", "image-tags"];

/// What a CI gives each step, besides what every tool reads of it.
const VARIABLES: [Variable; 8] = [
    Variable { name: "CI", description: "Set by every CI" },
    Variable { name: "GITHUB_OUTPUT", description: "File for the outputs of a step" },
    Variable { name: "GITHUB_STEP_SUMMARY", description: "File for the summary of a step" },
    Variable { name: "GITHUB_EVENT_PATH", description: "File with what started the run" },
    Variable { name: "GITHUB_SHA", description: "Commit of the run" },
    Variable { name: "GITHUB_REPOSITORY", description: "Owner and name of the repository" },
    Variable { name: "ACTIONS_ID_TOKEN_REQUEST_URL", description: "Set by `permissions: id-token: write`" },
    Variable { name: "CI_PROJECT_DIR", description: "Folder of the checkout, on GitLab" },
];

const RULES: &[Rule] = &[
    Rule {
        id: "no-repository",
        level: Level::Warning,
        title: "This is no Git repository.",
        help: "Changed lines, versions, changelogs and the settings of a base commit come from one. In a CI check the repository out first (actions/checkout); an archive of its files is not enough.",
    },
    Rule {
        id: "cut-history",
        level: Level::Warning,
        title: "The clone does not hold the whole history, or not all tags.",
        help: "Give actions/checkout `fetch-depth: 0` (with `filter: blob:none` none of the old files), GitLab `GIT_DEPTH: 0`; on a laptop run `git fetch --unshallow --tags`. It is an error where lw.toml has a tool that needs it.",
    },
    Rule {
        id: "no-base",
        level: Level::Error,
        title: "The commit this change is compared with is not in the clone.",
        help: "Fetch it: actions/checkout with `fetch-depth: 2` holds the base of a pull request on GitHub, `fetch-depth: 0` always.",
    },
    Rule {
        id: "no-configuration",
        level: Level::Note,
        title: "There is no lw.toml.",
        help: "`lw init` writes one that fits this repository.",
    },
    Rule {
        id: "configuration",
        level: Level::Error,
        title: "lw.toml is not what the tools can read.",
        help: "The message has the file and the line. `lw help TOOL` lists the keys of a section: they are the flags of the tool.",
    },
    Rule {
        id: "input-missing",
        level: Level::Error,
        title: "A file that lw.toml names is not there.",
        help: "Build first, or correct the path. `before-build` makes it a note, for a machine that has not built yet.",
    },
    Rule {
        id: "not-writable",
        level: Level::Error,
        title: "A folder cannot be written in.",
        help: "Reports go to the workspace, what a tool needs in between to the folder of temporary files (TMPDIR). Make room, or give the user of this run the permission.",
    },
    Rule {
        id: "no-git",
        level: Level::Note,
        title: "git is not installed.",
        help: "Only `version tag` runs it; all other tools read the repository themselves.",
    },
    Rule {
        id: "no-engine",
        level: Level::Error,
        title: "There is no container engine that answers.",
        help: "Install docker or podman, start it, and let this user talk to it.",
    },
    Rule {
        id: "unknown-ci",
        level: Level::Warning,
        title: "The CI is none that is known.",
        help: "Gates hold and reports are written as everywhere, but nothing is handed to later steps. The page docs/other-ci.md shows how to do with any CI.",
    },
    Rule {
        id: "ci-variable",
        level: Level::Error,
        title: "The CI does not give what its runners give.",
        help: "A step that runs in a container, with `env -i` or by `sudo` may have lost it: hand the variable on.",
    },
];

impl Tool for Doctor {
    const NAME: &'static str = "doctor";
    const SUMMARY: &'static str = "Say what this machine lacks for the tools, and what to do about it";
    const GUIDE: &'static str = "\
Looks at the repository and its history, at lw.toml and the files it names, at where reports go, and at what the CI gives. Each \
finding says what to do. Nothing is changed. What is needed and missing ends the run with exit code 1.

Examples:
  lw doctor
  lw doctor --before-build
  lw doctor --format json";
    const OUTPUTS: &'static [Output] = &[];
    const RULES: &'static [Rule] = RULES;
    const VARIABLES: &'static [Variable] = &VARIABLES;
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        let mut checks = Checks { report, rows: Vec::new() };
        let configured = configuration(&args, cx, &mut checks);
        repository(&configured, cx, &mut checks);
        folders(cx, &mut checks);
        programs(&args, cx, &mut checks);
        provider(cx, &mut checks);
        let missing = checks.rows.iter().filter(|(_, state, _)| *state == "missing").count();
        let columns = [("Check", Align::Left), ("", Align::Left), ("What was found", Align::Left)];
        let mut table = Table::new("checks", "Checks", &columns);
        let cell = |text: &str| Cell::Text(text.to_owned());
        table.rows =
            checks.rows.iter().map(|(name, state, what)| vec![cell(name), cell(state), cell(what)]).collect();
        report.tables.push(table);
        cx.judge(report, None);
        cx.figure(match missing {
            0 => "nothing is missing".to_owned(),
            some => format!("{some} missing"),
        });
        Ok(())
    }
}

/// What was looked at, and what came of it.
struct Checks<'a> {
    report: &'a mut Report,
    rows: Vec<(&'static str, &'static str, String)>,
}

impl Checks<'_> {
    fn good(&mut self, check: &'static str, what: impl Into<String>) {
        self.rows.push((check, "good", what.into()));
    }

    /// Tells a finding; `level` where it is not that of the rule.
    fn lacks(
        &mut self,
        check: &'static str,
        rule: &str,
        what: &str,
        level: Option<Level>,
        advice: Option<&str>,
    ) {
        let Some(declared) = RULES.iter().find(|known| known.id == rule) else { return };
        let level = level.unwrap_or(declared.level);
        let state = match level {
            Level::Error => "missing",
            Level::Warning => "look",
            Level::Note => "note",
        };
        self.rows.push((check, state, what.to_owned()));
        let finding = Finding::new(format!("doctor/{rule}"), level, &format!("{check}:{what}"), what);
        self.report.add_finding(finding.help(advice.unwrap_or(declared.help)));
    }

    fn fact(&mut self, name: &str, value: impl Into<String>) {
        self.report.facts.push(Fact { name: name.to_owned(), subject: None, value: value.into() });
    }
}

/// Holds `lw.toml` to every tool, and looks for what it names. The tools that have a section.
fn configuration(args: &Args, cx: &Context, checks: &mut Checks<'_>) -> Vec<&'static Entry> {
    let check = "lw.toml";
    match cx.has_configuration() {
        Ok(true) => {}
        Ok(false) => {
            checks.lacks(
                check,
                "no-configuration",
                "there is none here or above, up to the repository's root",
                None,
                None,
            );
            return Vec::new();
        }
        Err(error) => {
            checks.lacks(check, "configuration", &error.message(), None, error.advice());
            return Vec::new();
        }
    }
    let mut configured = Vec::new();
    let mut told: Vec<String> = Vec::new();
    for entry in TOOLS {
        match cx.configured(entry, NAMES) {
            Ok(None) => {}
            Ok(Some(inputs)) => {
                configured.push(entry);
                for input in inputs {
                    let files =
                        cx.expand(std::slice::from_ref(&input.path), &mut Report::new(entry.name, ""));
                    let is_there =
                        files.is_ok_and(|files| files.iter().all(|path| cx.resolve(path).exists()));
                    if is_there {
                        checks.good("input", format!("{} of {}: {}", input.key, entry.name, input.path));
                    } else {
                        let place = input.origin.place();
                        let what =
                            format!("{place}: {} of {} is not there: {}", input.key, entry.name, input.path);
                        let level = args.before_build.then_some(Level::Note);
                        checks.lacks("input", "input-missing", &what, level, None);
                    }
                }
            }
            // One fault of the file is met by every tool.
            Err(error) if told.contains(&error.message()) => {}
            Err(error) => {
                checks.lacks(check, "configuration", &error.message(), None, error.advice());
                told.push(error.message());
            }
        }
    }
    if told.is_empty() {
        let names: Vec<&str> = configured.iter().map(|entry| entry.name).collect();
        checks
            .good(check, if names.is_empty() { "says nothing to any tool".into() } else { names.join(", ") });
    }
    configured
}

fn repository(configured: &[&Entry], cx: &Context, checks: &mut Checks<'_>) {
    let check = "repository";
    let needed: Vec<&str> =
        configured.iter().map(|entry| entry.name).filter(|name| OF_HISTORY.contains(name)).collect();
    let level = (!needed.is_empty()).then_some(Level::Error);
    let repository = match Repository::open(cx.root()) {
        Ok(repository) => repository,
        Err(error) => {
            checks.lacks(check, "no-repository", &error.to_string(), level, None);
            return;
        }
    };
    match repository.resolve("HEAD") {
        Ok(commit) => checks.good(check, format!("at {}", commit.chars().take(10).collect::<String>())),
        Err(error) => {
            checks.lacks(check, "no-repository", &error.to_string(), level, Some("make a first commit"));
            return;
        }
    }
    match repository.tags_may_be_missing() {
        None => checks.good("history", "whole, with all tags"),
        Some(why) => {
            let whom = if needed.is_empty() {
                String::new()
            } else {
                format!(", and lw.toml has {}", needed.join(", "))
            };
            checks.lacks("history", "cut-history", &format!("{why}{whom}"), level, None);
        }
    }
    if cx.is_pull_request() {
        match cx.base_of(&repository) {
            Ok(base) => checks.good("base", format!("{base:?}").chars().take(80).collect::<String>()),
            Err(error) => checks.lacks("base", "no-base", &error.message(), None, error.advice()),
        }
    }
}

fn folders(cx: &Context, checks: &mut Checks<'_>) {
    let temporary = cx.job_folder().unwrap_or_else(|| cx.temporary_folder());
    for (check, folder) in [("workspace", Path::new(".")), ("temporary files", temporary.as_path())] {
        match cx.ensure_writable(folder) {
            Ok(()) => checks.good(check, "can be written"),
            Err(error) => checks.lacks(check, "not-writable", &error.message(), None, None),
        }
    }
}

fn programs(args: &Args, cx: &Context, checks: &mut Checks<'_>) {
    match cx.installed_program("git") {
        Some(_) => checks.good("git", "is installed"),
        None => checks.lacks("git", "no-git", "git is not on PATH", None, None),
    }
    if !args.engine {
        return;
    }
    let mut said = Vec::new();
    for name in ["docker", "podman"] {
        let Some(program) = cx.installed_program(name) else {
            said.push(format!("{name} is not on PATH"));
            continue;
        };
        let call = ProgramCall::new(&program)
            .arguments(["info", "--format", "json"])
            .timeout(Duration::from_secs(20));
        match cx.run_program(&call.variables(["DOCKER_HOST"])) {
            Ok(_) => return checks.good("container engine", format!("{name} answers")),
            Err(error) => said.push(error.message()),
        }
    }
    checks.lacks("container engine", "no-engine", &said.join("; "), None, None);
}

fn provider(cx: &Context, checks: &mut Checks<'_>) {
    let (check, name) = ("CI", cx.ci_name());
    let is_ci = cx.variable("CI").is_some_and(|value| value != "false");
    checks.fact("ci", name);
    match name {
        "terminal" if is_ci => {
            checks.lacks(check, "unknown-ci", "CI is set, and nothing says which it is", None, None);
        }
        "terminal" => checks.good(check, "none: a terminal"),
        "github" => {
            let needed = [
                "GITHUB_OUTPUT",
                "GITHUB_STEP_SUMMARY",
                "GITHUB_EVENT_PATH",
                "GITHUB_SHA",
                "GITHUB_REPOSITORY",
            ];
            let lost: Vec<&str> = needed.into_iter().filter(|name| cx.variable(name).is_none()).collect();
            if lost.is_empty() {
                checks.good(check, "github, with what its runners give");
            } else {
                checks.lacks(check, "ci-variable", &format!("{} is not set", lost.join(", ")), None, None);
            }
            let token = cx.variable("ACTIONS_ID_TOKEN_REQUEST_URL").is_some();
            let token =
                if token { "can be had" } else { "cannot be had: `permissions: id-token: write` gives it" };
            checks.fact("id token", token);
        }
        "gitlab" if cx.variable("CI_PROJECT_DIR").is_none() => {
            checks.lacks(check, "ci-variable", "CI_PROJECT_DIR is not set", None, None);
        }
        other => checks.good(check, other),
    }
    if name != "terminal" {
        let trust = cx.trust().why().map_or_else(|| "yes".to_owned(), |why| format!("no: {why}"));
        checks.fact("may have secrets", trust);
    }
}
