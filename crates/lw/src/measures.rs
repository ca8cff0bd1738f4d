//! `lw measures`: what the tools measure, in which unit, and which settings hold it to a limit.

use clap::{Arg, ArgMatches, Command};
use lw_cli::{Entry, Error, Exit, Host, config};
use lw_model::{MeasureKind, Unit};
use serde_json::{Value, json};

use crate::TOOLS;
use crate::rules::wrapped;

pub(crate) fn command() -> Command {
    Command::new("measures")
        .about("List what the tools measure: every number a report may hold, with its unit and what limits it")
        .arg(Arg::new("name").value_name("TOOL|MEASURE").help(
            "Only the measures of this tool, or what a measure is, such as region.RAM.span; `lw list` names the tools",
        ))
        .arg(
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .default_value("text")
                .value_parser(["text", "json"])
                .help("Format of the list"),
        )
}

/// A kind of measure, and the tool that has it.
type Found = (&'static Entry, &'static MeasureKind);

/// Lists the measures of all tools, of one, or those a name fits.
pub(crate) fn run(arguments: &ArgMatches, host: &Host) -> Exit {
    let found = match find(arguments.get_one::<String>("name").map(String::as_str)) {
        Ok(found) => found,
        Err(error) => return lw_cli::print_error(&error),
    };
    let text = match arguments.get_one::<String>("format").map(String::as_str) {
        Some("json") => format!("{:#}\n", found.iter().map(as_json).collect::<Value>()),
        _ => as_text(&found, host.width.min(100)),
    };
    lw_cli::print(text.as_bytes())
}

fn all() -> impl Iterator<Item = Found> {
    TOOLS.iter().flat_map(|entry| entry.measures.iter().map(move |kind| (entry, kind)))
}

fn find(name: Option<&str>) -> Result<Vec<Found>, Error> {
    let Some(name) = name else { return Ok(all().collect()) };
    if TOOLS.iter().any(|entry| entry.name == name) {
        return Ok(all().filter(|(entry, _)| entry.name == name).collect());
    }
    // A kind that fits every name says nothing of this one, unless nothing else does.
    let of_tool = |entry: &Entry| {
        let own = entry.measures.iter().filter(|kind| kind.names(name) && kind.unit.is_some());
        own.map(|kind| kind.name).next()
    };
    let fitting: Vec<Found> = all().filter(|(entry, kind)| of_tool(entry) == Some(kind.name)).collect();
    if !fitting.is_empty() {
        return Ok(fitting);
    }
    let known = TOOLS.iter().map(|entry| entry.name).chain(all().map(|(_, kind)| kind.name));
    let error = Error::usage(format!("there is no tool and no measure `{name}`"));
    Err(match config::nearest(name, known) {
        Some(near) => error.hint(config::did_you_mean(near)),
        None => error.hint("`lw measures` lists all measures, `lw list` the tools"),
    })
}

fn unit(kind: &MeasureKind) -> &'static str {
    kind.unit.map_or("unit of its source", Unit::as_str)
}

fn as_json((entry, kind): &Found) -> Value {
    json!({
        "tool": entry.name,
        "name": kind.name,
        "unit": kind.unit.map(Unit::as_str),
        "meaning": kind.meaning,
        "limits": kind.limits,
    })
}

/// Each tool with its measures below it.
fn as_text(found: &[Found], width: usize) -> String {
    let mut text = String::new();
    let mut last = "";
    for (entry, kind) in found {
        if entry.name != last {
            let gap = if last.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{gap}{}\n", entry.name));
            last = entry.name;
        }
        text.push_str(&format!("  {} ({})\n", kind.name, unit(kind)));
        text.push_str(&wrapped(&format!("{}.", kind.meaning), "      ", width));
        if !kind.limits.is_empty() {
            text.push_str(&wrapped(&format!("Limits: {}", kind.limits.join(", ")), "      ", width));
        }
    }
    text.push_str(
        "\nCapitals stand for a name of the build. `quality-gate` can limit each of these in a report.\n",
    );
    text
}
