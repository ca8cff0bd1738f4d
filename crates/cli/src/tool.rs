//! What a tool is, and its form without the type.

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use lw_model::{MeasureKind, Report, Rule};

use crate::args::{BaselineStore, Common};
use crate::config;
use crate::config::section::Section;
use crate::context::Context;
use crate::error::Error;
use crate::exit::Exit;
use crate::inputs;

/// A tool of the suite: the one declaration that the command line, the action, its README, the
/// GitLab component and the man page are made from.
pub trait Tool {
    /// Name of the tool, its binary and its action: `size-gate`.
    const NAME: &'static str;
    /// What it does, in one line.
    const SUMMARY: &'static str;
    /// What it does, for `--help` and the README: paragraphs, then examples.
    const GUIDE: &'static str;
    /// Values it hands to later steps, besides [`COMMON_OUTPUTS`] and [`BASELINE_OUTPUTS`].
    const OUTPUTS: &'static [Output];
    /// Kinds of finding it has, besides [`lw_model::COMMON_RULES`].
    const RULES: &'static [Rule];
    /// What it measures. Where several fit a name, the first is meant.
    const MEASURES: &'static [MeasureKind] = &[];
    /// Exit codes of its own, from 10 to 99, with what each means: for an outcome that is neither passed nor failed, such as
    /// a rollout that was rolled back.
    const EXIT_CODES: &'static [(u8, &'static str)] = &[];
    /// Counts up when a measure changes its meaning under the same name; see [`CHANGED_MEANINGS`](Self::CHANGED_MEANINGS).
    const REVISION: u32 = 1;
    /// The measures that changed their meaning, each with the revision it happened in: growth since a report of an older
    /// revision is not judged. A name may end in `*`.
    const CHANGED_MEANINGS: &'static [(&'static str, u32)] = &[];
    /// Formats only this tool can write, besides those every report has.
    const FORMATS: &'static [ExtraFormat] = &[];
    /// Tables of its own in `lw.toml`, besides the keys that are its flags; see [`Context::section`]. A tool that has some
    /// also has environments: `[TOOL.env.NAME]` is laid over them when the flag `--env NAME` asks for it.
    const SECTIONS: &'static [Section] = &[];
    /// Whether it has environments without any [`SECTIONS`](Self::SECTIONS): the same job in several places, such as deployments.
    const ENVIRONMENTS: bool = false;
    /// Keys of `lw.toml` that a change under test must not decide: those that name keys, endpoints, programs and whom to
    /// trust. By the name of the flag (`expect-key`), or of one of the [`SECTIONS`](Self::SECTIONS).
    ///
    /// On a pull request, and in a run that is not known to be [trusted](Context::trust), their values in `lw.toml` are those
    /// of the base commit, whatever the change says, and an error where the base cannot be read. Flags and inputs of the
    /// action count as always: the workflow sets them. Of a tool that has such keys, `fail-on` and `missing` are among them:
    /// they decide whether what it finds counts.
    const TRUSTED: &'static [&'static str] = &[];
    /// Variables by which another program of its field is told something, and which the tool reads as that one does; see
    /// [`Context::variable`]. Those of the network, which every tool reads that is [`ONLINE`](Self::ONLINE), are not among them.
    const VARIABLES: &'static [Variable] = &[];
    /// Whether its action runs no other binary than the one that is pinned beside it, whatever `LW_BIN` says: a tool that is
    /// given keys is not replaced by what an earlier step has put into the environment.
    const PINNED: bool = false;
    /// Whether it is a gate whose changes are judged against an earlier run, so that it keeps its reports for later ones:
    /// then it has the inputs and outputs of a baseline store, and a second action, `NAME-with-baseline`, that does with the
    /// cache of GitHub Actions what the gate itself cannot.
    const COMPARES: bool = false;
    /// Whether it talks to a network. The container of a tool that does not gets none, and neither an event loop nor HTTP
    /// nor TLS may be among its dependencies.
    const ONLINE: bool = false;
    /// The most bytes its static binary may have, as it is released for x86-64 Linux: what every run of the action downloads.
    const MAX_BINARY_BYTES: u64 = 4_700_000;
    /// Its arguments, with or without subcommands. Doc comments are what users read; none may be
    /// required by clap, because `lw.toml` may hold what the command line leaves out.
    type Args: Args;

    /// Does the job, and says what it finds in `report` as it goes: when it then fails, what it had found is still
    /// published, with the verdict `error`.
    ///
    /// # Errors
    /// When the job cannot be done: wrong usage, unreadable input, a failing service. A breached limit is no error but
    /// a report with the verdict `fail`.
    fn run(args: Self::Args, cx: &mut Context, report: &mut Report) -> Result<(), Error>;
}

/// A value for later steps.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// Name in kebab-case.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
}

/// A variable of the environment that another program of a tool's field has given its meaning.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub description: &'static str,
}

/// What says how a network is reached: every tool that talks to one reads it.
pub const NETWORK_VARIABLES: &[Variable] = &[
    Variable { name: "HTTPS_PROXY", description: "Proxy for HTTPS, as http://host:port" },
    Variable { name: "https_proxy", description: "The same, as curl has it" },
    Variable { name: "ALL_PROXY", description: "Proxy for everything, where HTTPS_PROXY is not set" },
    Variable { name: "all_proxy", description: "The same, as curl has it" },
    Variable { name: "NO_PROXY", description: "Hosts that are asked without the proxy, separated by commas" },
    Variable { name: "no_proxy", description: "The same, as curl has it" },
    Variable {
        name: "SSL_CERT_FILE",
        description: "File of certificates to trust, as PEM, instead of those built in",
    },
];

/// The flag that chooses an environment.
fn environment() -> Arg {
    Arg::new(config::ENVIRONMENT)
        .long(config::ENVIRONMENT)
        .value_name("NAME")
        .global(true)
        .help_heading("Common to every tool")
        .help("Environment of lw.toml whose settings are laid over the others, such as production")
}

/// What every tool hands to later steps.
pub const COMMON_OUTPUTS: &[Output] = &[
    Output {
        name: "verdict",
        description: "`pass`, `warn` or `fail`; `error` when the job could not be done, or not all of it",
    },
    Output { name: "summary", description: "The outcome in one line" },
    Output { name: "report", description: "Path of the `lw-report/1` JSON, when one was written" },
    Output {
        name: "breached",
        description: "Names of the measures outside a limit, one per line, also those an override let pass",
    },
];

/// What a tool hands to later steps besides that when it [compares](Tool::COMPARES).
pub const BASELINE_OUTPUTS: &[Output] = &[
    Output {
        name: "baseline-commit",
        description: "Commit whose report this run was compared with, out of a store; empty when none was found",
    },
    Output {
        name: "baseline-key",
        description: "Name under which the report of this run was kept for later ones; empty when it was not",
    },
];

/// A format of one tool's own: what another program of its field expects.
#[derive(Clone, Copy, Debug)]
pub struct ExtraFormat {
    /// Name for `--format`.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
}

/// A tool without its type, for registries and generators.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Name of the tool.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// What it does, at length.
    pub guide: &'static str,
    /// Its own outputs.
    pub outputs: &'static [Output],
    /// Its own kinds of finding.
    pub rules: &'static [Rule],
    /// What it measures.
    pub measures: &'static [MeasureKind],
    /// Its own tables in `lw.toml`.
    pub sections: &'static [Section],
    /// Whether `lw.toml` may lay the table of an environment over its keys.
    pub has_environments: bool,
    /// Keys of `lw.toml` that a change under test must not decide.
    pub trusted: &'static [&'static str],
    /// Its own exit codes.
    pub exit_codes: &'static [(u8, &'static str)],
    /// Which meaning its measures have.
    pub revision: u32,
    /// Measures that changed their meaning, with the revision.
    pub changed_meanings: &'static [(&'static str, u32)],
    /// Its own formats.
    pub formats: &'static [ExtraFormat],
    /// Variables of other programs that it reads, without those of the network: see [`Entry::all_variables`].
    pub variables: &'static [Variable],
    /// Whether its action runs the pinned binary alone.
    pub pinned: bool,
    /// Whether it keeps reports and compares with them.
    pub compares: bool,
    /// Whether it talks to a network.
    pub online: bool,
    /// The most bytes its static binary may have.
    pub max_binary_bytes: u64,
    augment: fn(Command) -> Command,
    pub(crate) run: fn(&ArgMatches, &mut Context, &mut Report) -> Result<(), Error>,
}

impl Entry {
    /// The entry of a tool.
    #[must_use]
    pub const fn of<T: Tool>() -> Self {
        Self {
            name: T::NAME,
            summary: T::SUMMARY,
            guide: T::GUIDE,
            outputs: T::OUTPUTS,
            rules: T::RULES,
            measures: T::MEASURES,
            sections: T::SECTIONS,
            has_environments: T::ENVIRONMENTS || !T::SECTIONS.is_empty(),
            trusted: T::TRUSTED,
            exit_codes: T::EXIT_CODES,
            revision: T::REVISION,
            changed_meanings: T::CHANGED_MEANINGS,
            formats: T::FORMATS,
            variables: T::VARIABLES,
            pinned: T::PINNED,
            compares: T::COMPARES,
            online: T::ONLINE,
            max_binary_bytes: T::MAX_BINARY_BYTES,
            augment: T::Args::augment_args,
            run: |matches, cx, report| {
                let args = T::Args::from_arg_matches(matches)
                    .map_err(|error| Error::usage(error.to_string().trim()))?;
                T::run(args, cx, report)
            },
        }
    }

    /// The whole command line: the tool's own arguments, then those all tools share.
    #[must_use]
    pub fn command(&self) -> Command {
        let common = Exit::ALL.iter().map(|(code, meaning)| (code.code(), *meaning));
        let codes: Vec<String> = common
            .chain(self.exit_codes.iter().copied())
            .map(|(code, meaning)| format!("  {code}  {meaning}"))
            .collect();
        let variables: Vec<String> = self
            .all_variables()
            .map(|variable| format!("  {}  {}", variable.name, variable.description))
            .collect();
        let variables = if variables.is_empty() {
            String::new()
        } else {
            format!("\n\nVariables:\n{}", variables.join("\n"))
        };
        let command = (self.augment)(Command::new(self.name));
        let command = Common::augment_args(command);
        let command = if self.compares { BaselineStore::augment_args(command) } else { command };
        let command = if self.has_environments { command.arg(environment()) } else { command };
        inputs::three_valued(command)
            .version(crate::VERSION)
            .about(self.summary)
            .long_about(format!("{}\n\n{}", self.summary, self.guide))
            .after_help(format!("Exit codes:\n{}{variables}", codes.join("\n")))
            .max_term_width(110)
    }

    /// Every variable of another program that it reads: its own, then those of the network when it talks to one.
    pub fn all_variables(&self) -> impl Iterator<Item = &'static Variable> {
        let of_network = if self.online { NETWORK_VARIABLES } else { &[] };
        self.variables.iter().chain(of_network)
    }

    /// Every output: those of all tools, those of a store, then its own.
    pub fn all_outputs(&self) -> impl Iterator<Item = &'static Output> {
        let of_store = if self.compares { BASELINE_OUTPUTS } else { &[] };
        COMMON_OUTPUTS.iter().chain(of_store).chain(self.outputs)
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("name", &self.name).finish_non_exhaustive()
    }
}
