//! Dispatch: which tool is meant, and what the suite can say of itself.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::Shell;
use lw_cli::{Entry, Error, Exit, Host};

use crate::{COMMANDS, NAMES, TOOLS, measures, rules};

/// Runs what the command line, or the name the binary was called by, asks for.
#[must_use]
#[allow(clippy::disallowed_methods)]
pub fn main() -> ExitCode {
    let mut argv = std::env::args_os();
    let program = argv.next().unwrap_or_default();
    let rest: Vec<OsString> = argv.collect();
    dispatch(&program, rest, &Host::real()).into()
}

fn dispatch(program: &OsString, mut argv: Vec<OsString>, host: &Host) -> Exit {
    // Called through a link of a tool's name, or `lw-` and the name: that tool.
    let called = Path::new(program).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(entry) = find(called.strip_prefix("lw-").unwrap_or(&called)) {
        return run(entry, argv, host);
    }
    if let Some(entry) = argv.first().and_then(|first| first.to_str()).and_then(find) {
        argv.remove(0);
        return run(entry, argv, host);
    }
    let own = |name: &str| COMMANDS.iter().find(|entry| entry.name == name);
    if let Some(entry) = argv.first().and_then(|first| first.to_str()).and_then(own) {
        argv.remove(0);
        // What lw.toml says to the tools is theirs: a fault in it is for these commands to tell, not to stumble over.
        argv.push("--config=none".into());
        return run(entry, argv, host);
    }
    if let Some(name) = argv.first().and_then(|first| first.to_str()).and_then(left_out) {
        let error = Error::usage(format!("this binary was built without {name}"));
        return lw_cli::print_error(
            &error.hint(format!("take the `lw` of the release, or build it with `--features {name}`")),
        );
    }
    match command().try_get_matches_from(std::iter::once(program.clone()).chain(argv)) {
        Ok(matches) => of_suite(&matches, host),
        Err(error) => lw_cli::print_clap(&error, host),
    }
}

fn find(name: &str) -> Option<&'static Entry> {
    TOOLS.iter().find(|entry| entry.name == name)
}

/// The name, when it is that of a tool this binary was built without.
fn left_out(name: &str) -> Option<&'static str> {
    NAMES.iter().copied().find(|known| *known == name && find(name).is_none())
}

fn run(entry: &Entry, argv: Vec<OsString>, host: &Host) -> Exit {
    // One lw.toml serves binaries that hold other tools as well.
    lw_cli::invoke(entry, argv, host, NAMES)
}

/// The command line of `lw` as a whole, every tool a subcommand.
#[must_use]
pub fn command() -> Command {
    let suite = Command::new("lw")
        .version(lw_cli::VERSION)
        .about("Gates, packages and reports for firmware, edge-ML and container pipelines")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(Command::new("list").about("List the tools, one per line"))
        .subcommand(rules::rules_command())
        .subcommand(rules::explain_command())
        .subcommand(measures::command())
        .subcommand(
            Command::new("completions").about("Print the completions of a shell").arg(
                Arg::new("shell")
                    .required(true)
                    .value_parser(value_parser!(Shell))
                    .help("bash, elvish, fish, powershell or zsh"),
            ),
        )
        .subcommand(
            Command::new("man").about("Write the man pages of the suite into a folder").arg(
                Arg::new("folder")
                    .required(true)
                    .value_parser(value_parser!(PathBuf))
                    .help("Folder, made when it is missing"),
            ),
        );
    #[cfg(feature = "demo")]
    let suite = suite.subcommand(crate::demo::command());
    COMMANDS.iter().chain(TOOLS).fold(suite, |suite, entry| suite.subcommand(entry.command()))
}

fn of_suite(matches: &ArgMatches, host: &Host) -> Exit {
    match matches.subcommand() {
        Some(("list", _)) => {
            let width = TOOLS.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
            let lines = TOOLS.iter().map(|entry| format!("{:width$}  {}\n", entry.name, entry.summary));
            lw_cli::print(lines.collect::<String>().as_bytes())
        }
        Some(("rules", arguments)) => rules::rules(arguments),
        Some(("explain", arguments)) => rules::explain(arguments, host),
        Some(("measures", arguments)) => measures::run(arguments, host),
        Some(("completions", arguments)) => {
            let mut script = Vec::new();
            if let Some(shell) = arguments.get_one::<Shell>("shell") {
                clap_complete::generate(*shell, &mut command(), "lw", &mut script);
            }
            lw_cli::print(&script)
        }
        Some(("man", arguments)) => {
            let folder = arguments.get_one::<PathBuf>("folder").cloned().unwrap_or_default();
            let written =
                std::fs::create_dir_all(&folder).and_then(|()| clap_mangen::generate_to(command(), &folder));
            match written {
                Ok(()) => Exit::Pass,
                Err(error) => lw_cli::print_error(&Error::remote(format!("{}: {error}", folder.display()))),
            }
        }
        #[cfg(feature = "demo")]
        Some(("demo", arguments)) => crate::demo::run(arguments, host),
        _ => Exit::Usage,
    }
}
