//! `lw rules` and `lw explain`: what the tools may find, and what to do about it.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};
use lw_cli::{Entry, Error, Exit, Host, config};
use lw_model::{COMMON_RULES, Rule};
use serde_json::{Value, json};

use crate::{COMMANDS, TOOLS};

pub(crate) fn rules_command() -> Command {
    let tools = TOOLS.iter().map(|entry| entry.name);
    Command::new("rules")
        .about("List what the tools may find: every rule with its level")
        .arg(
            Arg::new("tool")
                .long("tool")
                .value_name("NAME")
                .value_parser(PossibleValuesParser::new(tools))
                .hide_possible_values(true)
                .help("Only the rules of this tool; `lw list` names the tools"),
        )
        .arg(
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .default_value("text")
                .value_parser(["text", "json"])
                .help("Format of the list"),
        )
}

pub(crate) fn explain_command() -> Command {
    Command::new("explain")
        .about("Explain a rule: what it means, what to do, and which settings decide it")
        .arg(Arg::new("rule").required(true).value_name("TOOL/RULE").help(
        "Rule as reports name it, such as size-gate/unpaired; the tool may be left out where only one has it",
    ))
}

/// Lists the rules of all tools, or of one.
pub(crate) fn rules(arguments: &ArgMatches) -> Exit {
    let wanted = arguments.get_one::<String>("tool");
    let tools: Vec<&Entry> =
        TOOLS.iter().filter(|entry| wanted.is_none_or(|wanted| wanted == entry.name)).collect();
    let text = match arguments.get_one::<String>("format").map(String::as_str) {
        Some("json") => {
            let rules: Vec<Value> =
                tools.iter().flat_map(|entry| entry.all_rules().map(|rule| as_json(entry, rule))).collect();
            format!("{:#}\n", Value::from(rules))
        }
        _ => as_text(&tools),
    };
    lw_cli::print(text.as_bytes())
}

fn as_json(entry: &Entry, rule: &Rule) -> Value {
    let settings: Vec<String> = entry.settings_of(rule).into_iter().map(|setting| setting.name).collect();
    json!({
        "rule": format!("{}/{}", entry.name, rule.id),
        "tool": entry.name,
        "id": rule.id,
        "level": rule.level.as_str(),
        "title": rule.title,
        "help": rule.help,
        "common": is_common(rule),
        "settings": settings,
        "help_uri": rule.help_uri(entry.name, lw_cli::VERSION),
    })
}

fn is_common(rule: &Rule) -> bool {
    COMMON_RULES.iter().any(|common| common.id == rule.id)
}

/// The rules of each tool, then those every tool has, once.
fn as_text(tools: &[&Entry]) -> String {
    let own = tools
        .iter()
        .flat_map(|entry| entry.rules.iter().map(|rule| (format!("{}/{}", entry.name, rule.id), rule)));
    let common = COMMON_RULES.iter().map(|rule| match tools {
        [entry] => (format!("{}/{}", entry.name, rule.id), rule),
        _ => (format!("*/{}", rule.id), rule),
    });
    let rows: Vec<(String, &Rule)> = own.chain(common).collect();
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let rows =
        rows.iter().map(|(name, rule)| format!("{name:width$}  {:7}  {}\n", rule.level.as_str(), rule.title));
    let hint = "\n`*` is any tool. `lw explain TOOL/RULE` says what to do.\n";
    let hint = if tools.len() == 1 { hint.replace("`*` is any tool. ", "") } else { hint.to_owned() };
    rows.chain([hint]).collect()
}

/// Explains one rule.
pub(crate) fn explain(arguments: &ArgMatches, host: &Host) -> Exit {
    let name = arguments.get_one::<String>("rule").map(String::as_str).unwrap_or_default();
    match find(name) {
        Ok(RuleOfTools { rule, tools }) => {
            lw_cli::print(explanation(rule, &tools, host.width.min(100)).as_bytes())
        }
        Err(error) => lw_cli::print_error(&error),
    }
}

/// A rule, and the tools that were meant.
struct RuleOfTools {
    rule: &'static Rule,
    tools: Vec<&'static Entry>,
}

fn find(name: &str) -> Result<RuleOfTools, Error> {
    if let Some((tool, id)) = name.split_once('/') {
        let Some(entry) = TOOLS.iter().chain(COMMANDS).find(|entry| entry.name == tool) else {
            let error = Error::usage(format!("there is no tool `{tool}`"));
            return Err(match config::nearest(tool, TOOLS.iter().map(|entry| entry.name)) {
                Some(near) => error.hint(config::did_you_mean(&format!("{near}/{id}"))),
                None => error.hint("`lw list` names the tools"),
            });
        };
        let rule = entry.all_rules().find(|rule| rule.id == id);
        return rule
            .map(|rule| RuleOfTools { rule, tools: vec![entry] })
            .ok_or_else(|| unknown(name, Some(entry)));
    }
    if let Some(rule) = COMMON_RULES.iter().find(|rule| rule.id == name) {
        return Ok(RuleOfTools { rule, tools: TOOLS.iter().collect() });
    }
    let mut found = TOOLS.iter().filter_map(|entry| {
        let rule = entry.rules.iter().find(|rule| rule.id == name)?;
        Some(RuleOfTools { rule, tools: vec![entry] })
    });
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => {
            let all = TOOLS.iter().filter(|entry| entry.rules.iter().any(|rule| rule.id == name));
            let all: Vec<String> = all.map(|entry| format!("`lw explain {}/{name}`", entry.name)).collect();
            Err(Error::usage(format!("several tools have a rule `{name}`")).hint(all.join(" or ")))
        }
        _ => Err(unknown(name, None)),
    }
}

/// The error for a rule nobody has, with those that are spelled much like it.
fn unknown(name: &str, tool: Option<&Entry>) -> Error {
    let error = Error::usage(format!("there is no rule `{name}`"));
    let wanted = name.rsplit('/').next().unwrap_or(name);
    let of_tools = |entry: &Entry| {
        let near = config::nearest(wanted, entry.all_rules().map(|rule| rule.id))?;
        let elsewhere = COMMON_RULES.iter().any(|rule| rule.id == near) && tool.is_none();
        Some(if elsewhere { near.to_owned() } else { format!("{}/{near}", entry.name) })
    };
    let mut near: Vec<String> = match tool {
        Some(entry) => of_tools(entry).into_iter().collect(),
        None => TOOLS.iter().filter_map(of_tools).collect(),
    };
    if near.is_empty() {
        // The right rule of the wrong tool.
        let has = |entry: &&Entry| entry.rules.iter().any(|rule| rule.id == wanted);
        near = TOOLS.iter().filter(has).map(|entry| format!("{}/{wanted}", entry.name)).collect();
    }
    near.dedup();
    match near.as_slice() {
        [] => error.hint("`lw rules` lists all rules"),
        near => error.hint(config::did_you_mean(&near.join("` or `"))),
    }
}

fn explanation(rule: &Rule, tools: &[&Entry], width: usize) -> String {
    let name = match tools {
        [entry] => format!("{}/{}", entry.name, rule.id),
        _ => format!("{} (of every tool)", rule.id),
    };
    let mut text = format!("{name}: {}\n\n", rule.level.as_str());
    text.push_str(&wrapped(rule.title, "", width));
    text.push_str(&wrapped(rule.help, "", width));
    for entry in tools {
        let settings = entry.settings_of(rule);
        if settings.is_empty() {
            continue;
        }
        text.push_str(&match tools {
            [_] => "\nSettings that decide it (flags, inputs of the action, keys of lw.toml):\n".to_owned(),
            _ => format!("\nSettings of {} that decide it:\n", entry.name),
        });
        for setting in settings {
            text.push_str(&format!("  {}\n", setting.name));
            text.push_str(&wrapped(&setting.help, "      ", width));
        }
    }
    text.push('\n');
    for entry in tools {
        text.push_str(&format!("Documentation: {}\n", rule.help_uri(entry.name, lw_cli::VERSION)));
    }
    text
}

/// Text in lines of at most `width` columns, each after `indent`.
pub(crate) fn wrapped(text: &str, indent: &str, width: usize) -> String {
    let mut out = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let length = indent.len() + line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && length > width {
            out.push_str(&format!("{indent}{line}\n"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    format!("{out}{indent}{line}\n")
}
