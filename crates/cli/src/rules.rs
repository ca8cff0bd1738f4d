//! What `lw explain`, `lw rules` and the pages of the docs say of a rule besides its declaration: which settings decide
//! whether it is found.

use clap::{Arg, Command};
use lw_model::{COMMON_RULES, Rule};

use crate::inputs;
use crate::tool::Entry;

/// An argument that decides whether a rule is found, or how it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Name of the input, the flag and the key of `lw.toml`: `max-growth`.
    pub name: String,
    /// What it does, as its help says.
    pub help: String,
}

/// What sets the limits of each bound, in the names tools have for them; `*` at the end stands for any.
const LIMITS: [(&str, &[&str]); 5] = [
    ("max", &["max", "max-file", "preset", "override"]),
    ("min", &["min-*", "preset", "override"]),
    ("max-growth", &["max-growth", "ratchet", "allow-drop", "override"]),
    ("max-drop", &["max-drop", "ratchet", "allow-drop", "override"]),
    (
        "not-judged",
        &["max", "max-file", "max-growth", "max-drop", "min-*", "ratchet", "preset", "require-baseline"],
    ),
];

impl Entry {
    /// Every kind of finding of the tool: its own, then those of all tools.
    pub fn all_rules(&self) -> impl Iterator<Item = &'static Rule> {
        self.rules.iter().chain(COMMON_RULES)
    }

    /// The settings that decide whether a rule is found: those its help names in backticks, and the limits of a rule that
    /// says one was breached. In the order of `--help`.
    #[must_use]
    pub fn settings_of(&self, rule: &Rule) -> Vec<Setting> {
        let is_common = COMMON_RULES.iter().any(|common| common.id == rule.id);
        let limits = LIMITS.iter().find(|(id, _)| is_common && *id == rule.id);
        let patterns = limits.map_or(&[][..], |(_, patterns)| *patterns);
        let named: Vec<&str> = quoted(rule.title).chain(quoted(rule.help)).map(name_in).collect();
        let mut settings: Vec<Setting> = Vec::new();
        let command = self.command();
        for (name, arg) in arguments(&command) {
            let is_limit = || patterns.iter().any(|pattern| matches(pattern, &name));
            if (named.contains(&name.as_str()) || is_limit())
                && !settings.iter().any(|known| known.name == name)
            {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                settings.push(Setting { name, help });
            }
        }
        settings
    }
}

/// The arguments of a command and of its subcommands, by the names their inputs have.
fn arguments(command: &Command) -> impl Iterator<Item = (String, &Arg)> {
    let of_commands = command.get_subcommands().flat_map(Command::get_arguments);
    of_commands.chain(command.get_arguments()).map(|arg| (inputs::name_of(arg), arg))
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The setting that `missing: fail`, `--version` or `max=1` is about.
fn name_in(quoted: &str) -> &str {
    let quoted = quoted.trim_start_matches('-');
    quoted.split([':', '=', ' ']).next().unwrap_or(quoted)
}
