//! One run of a tool, from its arguments to its exit code.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{ArgMatches, Command, FromArgMatches};
use lw_ci::{CiContext, Provider, Step};
use lw_model::{Finding, Report, Setting};

use crate::args::Common;
use crate::config::change::{Configuration, Reader};
use crate::config::section::Sections;
use crate::config::{self, settings};
use crate::context::{Context, Origins, learn};
use crate::error::Error;
use crate::exit::Exit;
use crate::files::Files;
use crate::finish;
use crate::handover;
use crate::host::{self, Host};
use crate::inputs;
use crate::secret;
use crate::store::{self, Baselines};
use crate::tool::Entry;

/// The `main` of a binary that is one tool.
#[must_use]
#[allow(clippy::disallowed_methods)]
pub fn standalone(entry: &Entry) -> ExitCode {
    invoke(entry, std::env::args_os().skip(1).collect(), &Host::real(), &[]).into()
}

/// Set to `plan` by the first step of an action with a baseline: nothing is judged, and later steps are told what to ask the
/// cache for.
const PHASE: &str = "LW_BASELINE";

/// Runs a tool with these arguments (without the program's name).
///
/// `tools` are the names of all tools whose sections `lw.toml` may have; empty in a binary of one tool.
#[must_use]
pub fn invoke(entry: &Entry, argv: Vec<OsString>, host: &Host, tools: &[&str]) -> Exit {
    // What a job asks before anything else: nothing of what the tool takes is needed to answer, and that is most of the time.
    if let [only] = &*argv
        && ["--version", "-V"].iter().any(|version| only == version)
    {
        return host::print(format!("{} {}\n", entry.name, crate::VERSION).as_bytes());
    }
    let ci = detect(entry, host, tools);
    finish::guard(entry, &*ci, host);
    let files = Arc::new(Files::new(host));
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        prepare_and_run(entry, argv, host, &files, tools).map_err(|error| files.checked(error))
    }));
    match outcome {
        Ok(Ok(exit)) => exit,
        Ok(Err(error)) => finish::failed(entry, &*ci, host, &error, |_| String::new()),
        // The panic hook has said what happened and written the outputs.
        Err(_) => Exit::Internal,
    }
}

/// The CI this run is on. Each call draws a new nonce, so a value printed earlier is never a delimiter later.
fn detect(entry: &Entry, host: &Host, tools: &[&str]) -> Box<dyn Provider> {
    let suite = tools.iter().map(|name| (*name).to_owned()).collect();
    let step = Step { tool: entry.name.to_owned(), suite, nonce: host::nonce() };
    lw_ci::detect(&|name| host.var(name), step)
}

fn prepare_and_run(
    entry: &Entry,
    argv: Vec<OsString>,
    host: &Host,
    files: &Arc<Files>,
    tools: &[&str],
) -> Result<Exit, Error> {
    let command = entry.command();
    let as_action = host.var("LW_ACTION").is_some_and(|name| name == entry.name);
    let mut explicit = Vec::new();
    if as_action {
        explicit = inputs::to_argv(&command, &host.env)?;
    }
    explicit.extend(argv);
    let first = match parse(&command, &explicit, entry.name) {
        Ok(matches) => matches,
        Err(error) if !error.use_stderr() => return Ok(host::print_clap(&error, host)),
        Err(error) => return Err(clap_error(&error)),
    };
    let common = Common::from_arg_matches(&first).map_err(|error| clap_error(&error))?;
    let ci = detect(entry, host, tools);
    let ci_context = learn(ci.context(), files);
    let configured =
        configure(entry, &command, (&first, &common), (host, files, &ci_context), (tools, as_action));
    if entry.compares && as_action && host.var(PHASE).as_deref() == Some("plan") {
        // Also where the settings are wrong: the comment says so, too.
        let told = match &configured {
            Ok(configured) => (&configured.common, &configured.matches),
            Err(_) => (&common, &first),
        };
        match handover::plan(entry, told, (&ci_context, ci.id()), (host, files)) {
            Ok(outputs) => finish::hand_over(&*ci, host, &outputs),
            // Without the comment, but not without the baseline.
            Err(error) => drop(host::print_error(&error)),
        }
        let configured = configured?;
        let set = (&configured.common, &configured.matches);
        let baselines = Baselines::of(entry, set, &ci_context, host)?;
        let (outputs, told) = store::plan(&baselines, &ci_context, &host.root());
        return Ok(finish::planned(&*ci, host, &outputs, &told));
    }
    // From here on an error has a report to stand in.
    let (configured, failure) = match configured {
        Ok(configured) => (configured, None),
        Err(error) => (Configured::without_files(first, common), Some(error)),
    };
    let wanted = finish::RequestedFormats::of(entry, &configured.common)?;
    wanted.plan(&configured.common, files);
    let set = (&configured.common, &configured.matches);
    let (baselines, failure) = match (Baselines::of(entry, set, &ci_context, host), failure) {
        (Ok(baselines), failure) => (baselines, failure),
        (Err(error), failure) => (Baselines::NONE, failure.or(Some(error))),
    };
    let set = (configured.origins, configured.sections);
    let mut cx = Context::new(
        *entry,
        host.clone(),
        Arc::clone(files),
        (ci, ci_context),
        (configured.common, baselines),
        set,
        wanted.names(),
    );
    let mut report = Report::new(entry.name, crate::VERSION);
    report.settings = configured.settings;
    for finding in configured.findings {
        report.add_finding(finding);
    }
    let failure = failure.or_else(|| (entry.run)(&configured.matches, &mut cx, &mut report).err());
    for finding in cx.take_noted() {
        report.add_finding(finding);
    }
    // An input that could not be read to its end makes whatever was found out worthless.
    let failure = match failure {
        Some(error) => Some(files.checked(error)),
        None => files.ensure_complete().err(),
    };
    let published = finish::reported(entry, &cx, &wanted, report, failure.as_ref());
    Ok(published.map_err(|error| files.checked(error)).unwrap_or_else(|error| {
        finish::failed(entry, cx.ci(), host, &error, |name| cx.output_value(name).to_owned())
    }))
}

/// What the command line and `lw.toml` say together.
struct Configured {
    matches: ArgMatches,
    common: Common,
    origins: Origins,
    sections: Sections,
    settings: Vec<Setting>,
    findings: Vec<Finding>,
}

impl Configured {
    /// What the command line says alone.
    fn without_files(matches: ArgMatches, common: Common) -> Self {
        let (origins, sections) = (Origins::new(), Sections::default());
        Self { matches, common, origins, sections, settings: Vec::new(), findings: Vec::new() }
    }
}

fn configure(
    entry: &Entry,
    command: &Command,
    (first, common): (&ArgMatches, &Common),
    (host, files, ci): (&Host, &Files, &CiContext),
    (tools, as_action): (&[&str], bool),
) -> Result<Configured, Error> {
    let environment = environment(first);
    let declared = entry.sections;
    let reader = Reader {
        command,
        declared,
        trusted: entry.trusted,
        given: settings::given(command, first),
        tools,
        files,
        environment: environment.as_deref(),
    };
    let configuration = reader.configuration(common, host, ci)?;
    let merged = settings::merge(command, first, &configuration.settings, as_action);
    files.keep_in_workspace(merged.settings.written_paths(command));
    let matches = parse(command, &merged.argv, entry.name).map_err(|error| {
        let refused =
            |argv: &[OsString]| parse(command, argv, entry.name).err().map(|error| clap_error(&error));
        let blamed = settings::blame(command, first.subcommand_name(), &merged.settings, refused);
        blamed.unwrap_or_else(|| clap_error(&error))
    })?;
    let mut settings = merged.settings.for_report(command);
    for leaf in configuration.sections.leaves()? {
        settings.push(Setting::new(leaf.section, Some(leaf.key), leaf.value, leaf.origin));
    }
    let common = Common::from_arg_matches(&matches).map_err(|error| clap_error(&error))?;
    let (origins, Configuration { sections, findings, .. }) = (merged.origins, configuration);
    Ok(Configured { matches, common, origins, sections, settings, findings })
}

/// The environment that was asked for.
fn environment(matches: &ArgMatches) -> Option<String> {
    let given = matches.subcommand().map_or(matches, |(_, sub)| sub);
    given.try_get_one::<String>(config::ENVIRONMENT).ok().flatten().cloned()
}

pub(crate) fn parse(command: &Command, argv: &[OsString], name: &str) -> Result<ArgMatches, clap::Error> {
    let program = std::iter::once(OsString::from(name));
    command.clone().try_get_matches_from(program.chain(argv.iter().cloned()))
}

pub(crate) fn clap_error(error: &clap::Error) -> Error {
    if let Some(error) = secret::refused_by_clap(error) {
        return error;
    }
    let text = error.render().to_string();
    Error::usage(text.trim().trim_start_matches("error: ").to_owned())
}
