//! Inputs of an action as arguments.
//!
//! An input has three values: an empty one is not set, so that `lw.toml` and then the default decide; any other is
//! explicit and wins over `lw.toml`, also the `false` of a switch.
//!
//! A runner hands inputs over as `INPUT_*` variables. Their names differ between runners: the
//! GitHub runner keeps `-` (`INPUT_MAX-GROWTH`), which `dash` then drops, `act` and our own actions write
//! `_`. The name our actions set counts alone where it is there, even when it is empty: a variable in another spelling
//! may come from anybody who can add one to the job.
//!
//! The variables are read only when `LW_ACTION` names the tool, as our actions do: a tool that is
//! called from a step of somebody else's action must not take that action's inputs for its own.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};

use crate::error::Error;

/// A text that is taken as it is written, with the white space around it; an argument of this type is not set only when it
/// is empty. No other input keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verbatim(pub String);

impl From<String> for Verbatim {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// The items of a list: one per line, or a JSON array, which is what GitLab makes of an input that is an array.
fn items(value: &str) -> Vec<String> {
    let array = Some(value.trim()).filter(|text| text.starts_with('['));
    let array = array.and_then(|text| lw_syntax::json::from_str::<Vec<serde_json::Value>>(text).ok());
    let items: Vec<String> = match array {
        Some(values) => values
            .into_iter()
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            .collect(),
        None => value.lines().map(str::to_owned).collect(),
    };
    items.iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

/// Makes the switches of a command settable to either value: `--strict`, `--strict=true` and `--strict=false`, so that
/// an input or a flag can also undo what `lw.toml` says.
pub(crate) fn three_valued(command: Command) -> Command {
    command.mut_subcommands(three_valued).mut_args(|arg| {
        if !matches!(arg.get_action(), ArgAction::SetTrue) {
            return arg;
        }
        arg.action(ArgAction::Set)
            .value_parser(clap::builder::BoolValueParser::new())
            .num_args(0..=1)
            .require_equals(true)
            .default_value("false")
            .default_missing_value("true")
            .value_name("true|false")
            .hide_possible_values(true)
            .hide_default_value(true)
    })
}

/// Whether an argument is a switch, on or off.
#[must_use]
pub fn is_switch(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue) || arg.get_value_parser().type_id() == TypeId::of::<bool>()
}

/// Arguments made from the inputs of an action, without the program's name.
///
/// A list is one item per line, or a JSON array. A boolean is `true` or `false` as YAML 1.2 core writes them. The
/// input `command` chooses the subcommand of a tool that has some.
///
/// # Errors
/// When a boolean is neither, or when a subcommand does not exist or does not know an input that is set.
pub fn to_argv(command: &Command, env: &BTreeMap<String, String>) -> Result<Vec<OsString>, Error> {
    let inputs = Inputs::of(env);
    let mut argv: Vec<OsString> = Vec::new();
    let mut scope = command;
    if command.has_subcommands() {
        let Some(name) = inputs.value("COMMAND").map(str::trim) else {
            return Err(Error::usage("the input `command` is not set").hint(subcommands(command)));
        };
        scope = command.get_subcommands().find(|sub| sub.get_name() == name).ok_or_else(|| {
            Error::usage(format!("the input `command` is `{name}`")).hint(subcommands(command))
        })?;
        argv.push(name.into());
        for other in
            command.get_subcommands().filter(|sub| sub.get_name() != name).flat_map(Command::get_arguments)
        {
            let known = |arg: &Arg| arg.get_id() == other.get_id();
            // An empty list is not set, as an empty text is not: GitLab writes `[]` for one.
            let is_list = matches!(other.get_action(), ArgAction::Append);
            let set = inputs.value(&key_of(other)).is_some_and(|value| !is_list || !items(value).is_empty());
            if !scope.get_arguments().any(known) && set {
                let input = name_of(other);
                return Err(Error::usage(format!(
                    "the input `{input}` does not belong to the command `{name}`"
                )));
            }
        }
    }
    let globals: Vec<&Arg> = if std::ptr::eq(scope, command) {
        Vec::new()
    } else {
        command.get_arguments().filter(|arg| arg.is_global_set()).collect()
    };
    let mut positional: Vec<OsString> = Vec::new();
    for arg in scope.get_arguments().chain(globals) {
        let name = name_of(arg);
        if arg.get_value_parser().type_id() == TypeId::of::<Verbatim>() {
            if let Some(value) = inputs.verbatim(&key_of(arg)) {
                argv.push(format!("--{name}={value}").into());
            }
            continue;
        }
        let Some(value) = inputs.value(&key_of(arg)) else { continue };
        match (arg.get_action(), arg.is_positional()) {
            _ if is_switch(arg) => argv.push(format!("--{name}={}", boolean(&name, value)?).into()),
            (ArgAction::Append, positional_list) => {
                for item in items(value) {
                    if positional_list {
                        positional.push(item.into());
                    } else {
                        argv.push(format!("--{name}={item}").into());
                    }
                }
            }
            (_, true) => positional.push(value.trim().into()),
            (_, false) => argv.push(format!("--{name}={}", value.trim()).into()),
        }
    }
    if !positional.is_empty() {
        argv.push("--".into());
        argv.extend(positional);
    }
    Ok(argv)
}

fn subcommands(command: &Command) -> String {
    let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    format!("set it to one of {}", names.join(", "))
}

/// Name of the input: the long flag, or a positional argument's identifier.
#[must_use]
pub fn name_of(arg: &Arg) -> String {
    arg.get_long().map_or_else(|| arg.get_id().as_str().replace('_', "-"), str::to_owned)
}

fn key_of(arg: &Arg) -> String {
    name_of(arg).replace('-', "_").to_ascii_uppercase()
}

/// The variables of a step's inputs.
struct Inputs<'e> {
    /// By the name our own actions give them.
    own: BTreeMap<&'e str, &'e str>,
    /// In any other spelling, by the name they would have in ours; of several the first in order.
    others: BTreeMap<String, &'e str>,
}

impl<'e> Inputs<'e> {
    fn of(env: &'e BTreeMap<String, String>) -> Self {
        let (mut own, mut others) = (BTreeMap::new(), BTreeMap::new());
        for (name, value) in env {
            let Some(name) = name.strip_prefix("INPUT_") else { continue };
            let ours = name.replace(['-', ' '], "_").to_ascii_uppercase();
            if ours == name {
                own.insert(name, value.as_str());
            } else {
                others.entry(ours).or_insert(value.as_str());
            }
        }
        Self { own, others }
    }

    /// The value of an input, unless there is nothing but white space in it.
    fn value(&self, key: &str) -> Option<&'e str> {
        self.verbatim(key).filter(|value| !value.trim().is_empty())
    }

    /// The value of an input, unless it is empty.
    fn verbatim(&self, key: &str) -> Option<&'e str> {
        let value = self.own.get(key).or_else(|| self.others.get(key));
        value.copied().filter(|value| !value.is_empty())
    }
}

/// A boolean of YAML 1.2's core schema, as `getBooleanInput` of the actions toolkit reads it.
fn boolean(name: &str, value: &str) -> Result<bool, Error> {
    match value.trim() {
        "true" | "True" | "TRUE" => Ok(true),
        "false" | "False" | "FALSE" => Ok(false),
        other => Err(Error::usage(format!("the input `{name}` is `{other}`")).hint("write true or false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        Command::new("tool")
            .arg(Arg::new("max").long("max").action(ArgAction::Append))
            .arg(Arg::new("max_growth").long("max-growth"))
            .arg(Arg::new("strict").long("strict").action(ArgAction::SetTrue))
            .arg(Arg::new("files").action(ArgAction::Append))
    }

    fn argv(pairs: &[(&str, &str)]) -> Result<Vec<String>, Error> {
        let env = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Ok(to_argv(&command(), &env)?.into_iter().map(|arg| arg.into_string().unwrap()).collect())
    }

    #[test]
    fn every_spelling_of_a_name_is_the_same_input() {
        for name in ["INPUT_MAX-GROWTH", "INPUT_MAX_GROWTH", "INPUT_MAX GROWTH", "INPUT_max-growth"] {
            assert_eq!(argv(&[(name, "5%")]).unwrap(), ["--max-growth=5%"], "{name}");
        }
    }

    #[test]
    fn an_empty_input_is_no_input() {
        assert!(argv(&[("INPUT_MAX", ""), ("INPUT_MAX-GROWTH", "  \n"), ("OTHER", "x")]).unwrap().is_empty());
    }

    #[test]
    fn lists_split_on_lines_and_values_stay_one_argument() {
        assert_eq!(
            argv(&[("INPUT_MAX", "a=1\n\n  b c=2 \n--help\n"), ("INPUT_FILES", "-x\n$(touch y)")]).unwrap(),
            ["--max=a=1", "--max=b c=2", "--max=--help", "--", "-x", "$(touch y)"]
        );
    }

    #[test]
    fn verbatim_texts_keep_their_white_space() {
        let sep = Arg::new("sep").long("sep").value_parser(clap::builder::ValueParser::new(|text: &str| {
            Ok::<_, std::convert::Infallible>(Verbatim(text.to_owned()))
        }));
        let command = Command::new("tool").arg(sep);
        let run =
            |value: &str| to_argv(&command, &[("INPUT_SEP".to_owned(), value.to_owned())].into()).unwrap();
        assert_eq!(run(", "), ["--sep=, "]);
        assert_eq!(run("\n"), ["--sep=\n"]);
        assert!(run("").is_empty());
    }

    #[test]
    fn a_list_may_be_a_json_array() {
        assert_eq!(
            argv(&[("INPUT_MAX", " [\"a=1\", \" b \\n c\", 5, \"\"] ")]).unwrap(),
            ["--max=a=1", "--max=b \n c", "--max=5"]
        );
        assert!(argv(&[("INPUT_MAX", "[]")]).unwrap().is_empty());
        // A pattern that begins with a bracket is no list.
        assert_eq!(argv(&[("INPUT_MAX", "[ab].elf=1")]).unwrap(), ["--max=[ab].elf=1"]);
    }

    #[test]
    fn booleans_are_yaml_and_nothing_else() {
        assert_eq!(argv(&[("INPUT_STRICT", " True ")]).unwrap(), ["--strict=true"]);
        assert_eq!(argv(&[("INPUT_STRICT", "FALSE")]).unwrap(), ["--strict=false"]);
        assert!(argv(&[("INPUT_STRICT", "")]).unwrap().is_empty());
        assert!(
            argv(&[("INPUT_STRICT", "yes")]).unwrap_err().message().contains("the input `strict` is `yes`")
        );
    }

    #[test]
    fn a_tool_with_subcommands_takes_the_input_command() {
        let command = Command::new("sign")
            .subcommand(Command::new("sign").arg(Arg::new("key").long("key")))
            .subcommand(Command::new("verify").arg(Arg::new("expect").long("expect")))
            .arg(Arg::new("report").long("report").global(true));
        let run = |pairs: &[(&str, &str)]| {
            let env = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            to_argv(&command, &env)
        };
        let argv = run(&[("INPUT_COMMAND", "sign"), ("INPUT_KEY", "k"), ("INPUT_REPORT", "r.json")]).unwrap();
        assert_eq!(argv, ["sign", "--key=k", "--report=r.json"]);
        let error = run(&[("INPUT_COMMAND", "sign"), ("INPUT_EXPECT", "k")]).unwrap_err();
        assert!(error.message().contains("`expect` does not belong to the command `sign`"));
        assert_eq!(run(&[]).unwrap_err().advice(), Some("set it to one of sign, verify"));
    }

    #[test]
    fn another_spelling_does_not_beat_the_name_our_actions_set() {
        for twin in ["INPUT_max-growth", "INPUT_MAX-GROWTH", "INPUT_MAX GROWTH", "INPUT_max_growth"] {
            assert_eq!(
                argv(&[("INPUT_MAX_GROWTH", "5%"), (twin, "99%")]).unwrap(),
                ["--max-growth=5%"],
                "{twin}"
            );
            assert!(argv(&[("INPUT_MAX_GROWTH", ""), (twin, "99%")]).unwrap().is_empty(), "{twin}");
        }
    }

    #[test]
    fn an_input_of_another_command_is_refused_whatever_it_says() {
        let command = Command::new("sign")
            .subcommand(Command::new("sign").arg(Arg::new("scheme").long("scheme").default_value("rsa")))
            .subcommand(Command::new("verify").arg(Arg::new("any").long("any").action(ArgAction::SetTrue)));
        let run = |pairs: &[(&str, &str)]| {
            let env = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            to_argv(&command, &env)
        };
        // What a runner hands over when the workflow sets `command` only.
        let unset = [("INPUT_SCHEME", ""), ("INPUT_ANY", "")];
        assert_eq!(run(&[&[("INPUT_COMMAND", "verify")], &unset[..]].concat()).unwrap(), ["verify"]);
        assert_eq!(
            run(&[("INPUT_COMMAND", "sign"), ("INPUT_SCHEME", "rsa")]).unwrap(),
            ["sign", "--scheme=rsa"]
        );
        assert!(run(&[("INPUT_COMMAND", "sign"), ("INPUT_ANY", "false")]).is_err());
        assert!(run(&[("INPUT_COMMAND", "verify"), ("INPUT_SCHEME", "rsa")]).is_err());
        // A list without items, as GitLab writes it, is not set.
        let command = command.mut_subcommand("sign", |sub| {
            sub.arg(Arg::new("variable").long("variable").action(ArgAction::Append))
        });
        let run = |value: &str| {
            let pairs = [("INPUT_COMMAND", "verify"), ("INPUT_VARIABLE", value)];
            to_argv(&command, &pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
        };
        assert_eq!(run("[]").unwrap(), ["verify"]);
        assert!(run("[\"A\"]").is_err() && run("A").is_err());
    }
}
