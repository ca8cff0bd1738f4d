//! One run of a tool, from its arguments to its exit code.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command, FromArgMatches};
use lw_ci::{Provider, Step};
use lw_model::Report;

use crate::args::Common;
use crate::config::{self, Section};
use crate::context::{Context, Origin, Origins};
use crate::error::Error;
use crate::exit::Exit;
use crate::files::Files;
use crate::finish;
use crate::host::{self, Host};
use crate::inputs;
use crate::tool::Entry;

/// The largest `lw.toml`, in bytes: more is something else.
const LARGEST_CONFIG: u64 = 16 << 20;

/// The `main` of a binary that is one tool.
#[must_use]
#[allow(clippy::disallowed_methods)]
pub fn standalone(entry: &Entry) -> ExitCode {
    invoke(entry, std::env::args_os().skip(1).collect(), &Host::real(), &[]).into()
}

/// Runs a tool with these arguments (without the program's name).
///
/// `tools` are the names of all tools whose sections `lw.toml` may have; empty in a binary of one tool.
#[must_use]
pub fn invoke(entry: &Entry, argv: Vec<OsString>, host: &Host, tools: &[&str]) -> Exit {
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
    let configured = configure(entry, &command, (&first, &common), explicit, host, files, (tools, as_action));
    // From here on an error has a report to stand in.
    let (matches, common, origins, failure) = match configured {
        Ok((matches, common, origins)) => (matches, common, origins, None),
        Err(error) => (first, common, Origins::new(), Some(error)),
    };
    let wanted = finish::Wanted::of(entry, &common)?;
    wanted.plan(&common, files);
    let ci = detect(entry, host, tools);
    let mut cx = Context::new(*entry, host.clone(), Arc::clone(files), ci, common, origins, wanted.names());
    let mut report = Report::new(entry.name, crate::VERSION);
    let failure = failure.or_else(|| (entry.run)(&matches, &mut cx, &mut report).err());
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
fn configure(
    entry: &Entry,
    command: &Command,
    (first, common): (&ArgMatches, &Common),
    explicit: Vec<OsString>,
    host: &Host,
    files: &Files,
    (tools, as_action): (&[&str], bool),
) -> Result<(ArgMatches, Common, Origins), Error> {
    let section = read_config(command, common, host, files, tools)?;
    let (argv, origins) = merge(command, first, &section, explicit, as_action)?;
    files.keep_in_workspace(config::outputs(command, &section, &origins));
    let matches = parse(command, &argv, entry.name).map_err(|error| clap_error(&error))?;
    let common = Common::from_arg_matches(&matches).map_err(|error| clap_error(&error))?;
    Ok((matches, common, origins))
}

fn parse(command: &Command, argv: &[OsString], name: &str) -> Result<ArgMatches, clap::Error> {
    let program = std::iter::once(OsString::from(name));
    command.clone().try_get_matches_from(program.chain(argv.iter().cloned()))
}

fn clap_error(error: &clap::Error) -> Error {
    let text = error.render().to_string();
    Error::usage(text.trim().trim_start_matches("error: ").to_owned())
}

fn read_config(
    command: &Command,
    common: &Common,
    host: &Host,
    files: &Files,
    tools: &[&str],
) -> Result<Section, Error> {
    let path = match &common.config {
        Some(path) if path.as_os_str() == "none" => return Ok(Section::default()),
        Some(path) => host.cwd.join(path),
        None => {
            // Not above the repository: a stray file in a home folder must not decide.
            let root = host.root();
            let Some(path) = host.find_upwards("lw.toml").filter(|path| path.starts_with(&root)) else {
                return Ok(Section::default());
            };
            path
        }
    };
    let root = host.root();
    let shown = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
    let text =
        files.read_text(&path, LARGEST_CONFIG).map_err(|error| Error::usage(format!("{shown}: {error}")))?;
    config::section(&text, &shown, command, tools)
}

/// Puts what `lw.toml` says in front of what was given explicitly, and notes where each value comes from.
fn merge(
    command: &Command,
    matches: &ArgMatches,
    section: &Section,
    explicit: Vec<OsString>,
    as_action: bool,
) -> Result<(Vec<OsString>, Origins), Error> {
    let (scope, given) = match matches.subcommand() {
        Some((name, sub)) => (command.find_subcommand(name).unwrap_or(command), sub),
        None => (command, matches),
    };
    let mut origins = Origins::new();
    let mut added: Vec<OsString> = Vec::new();
    for arg in scope.get_arguments().chain(command.get_arguments()) {
        let id = arg.get_id().as_str();
        if given.try_contains_id(id).is_err() || origins.contains_key(id) {
            continue;
        }
        if given.value_source(id) == Some(ValueSource::CommandLine) {
            let name = inputs::name_of(arg);
            let text = if as_action { format!("input {name}") } else { format!("--{name}") };
            let count = given.try_get_raw(id).ok().flatten().map_or(1, Iterator::count);
            origins.insert(id.to_owned(), vec![Origin { text, location: None }; count]);
        } else if let Some(setting) = section.settings.iter().find(|setting| setting.id == id) {
            let arguments: Vec<OsString> = if arg.is_positional() {
                setting.values.iter().map(|(value, _)| OsString::from(value)).collect()
            } else {
                setting.to_argv(&inputs::name_of(arg)).map(OsString::from).collect()
            };
            // Each alone first, so that a value clap refuses is reported at its line.
            for (argument, (_, location)) in arguments.iter().zip(&setting.values) {
                let alone = scope_argv(matches, vec![argument.clone()]);
                parse(command, &alone, command.get_name()).map_err(|error| {
                    let place = location
                        .line
                        .map_or_else(|| location.path.clone(), |line| format!("{}:{line}", location.path));
                    clap_error(&error).context(place)
                })?;
            }
            added.extend(arguments);
            let from_file = |(_, location): &(String, _)| Origin {
                text: "lw.toml".into(),
                location: Some(Clone::clone(location)),
            };
            origins.insert(id.to_owned(), setting.values.iter().map(from_file).collect());
        }
    }
    // Flags of a subcommand stand behind its name, wherever the user put the shared ones.
    let mut argv = explicit;
    let behind = matches
        .subcommand_name()
        .and_then(|name| argv.iter().position(|argument| argument.to_str() == Some(name)))
        .map_or(0, |position| position + 1);
    argv.splice(behind..behind, added);
    Ok((argv, origins))
}

fn scope_argv(matches: &ArgMatches, mut argv: Vec<OsString>) -> Vec<OsString> {
    if let Some(name) = matches.subcommand_name() {
        argv.insert(0, name.into());
    }
    argv
}
