//! `lw.toml`: what a project decides once for all its runs.
//!
//! One section per tool, one key per flag. A list may be written as an array, or as a table of
//! limits:
//!
//! ```toml
//! [size-gate]
//! elf = "build/firmware.elf"
//!
//! [size-gate.max]
//! "image.bytes" = "1MiB"
//! region.RAM.span = { warn = "80%", fail = "90%" }
//! ```
//!
//! Keys are turned into arguments, so that a value means the same wherever it stands. A flag that is
//! given on the command line, or as an input of the action, wins over its key.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use clap::{Arg, ArgAction, Command};
use lw_model::Location;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::context::Origins;
use crate::error::Error;
use crate::inputs::name_of;

/// A section of `lw.toml`, as arguments.
#[derive(Debug, Default)]
pub struct Section {
    /// One per key, in the order of the file.
    pub settings: Vec<Setting>,
}

/// One key of a section.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Identifier of the argument in clap.
    pub id: String,
    /// The values, each with the line it stands on.
    pub values: Vec<(String, Location)>,
    /// The argument is a flag without a value, and this is whether it is set.
    pub switch: Option<bool>,
}

impl Setting {
    /// The setting as command line arguments of this flag.
    pub fn to_argv(&self, flag: &str) -> impl Iterator<Item = String> {
        let flag = flag.to_owned();
        let switch = (self.switch == Some(true)).then(|| format!("--{flag}"));
        switch.into_iter().chain(self.values.iter().map(move |(value, _)| format!("--{flag}={value}")))
    }
}

/// Reads the section of one tool.
///
/// `path` is the file as errors name it; `tools` are the sections that may exist.
///
/// # Errors
/// When the file is no TOML, when a section or a key is unknown, or when a value does not fit its flag;
/// each with the line.
pub fn section(text: &str, path: &str, command: &Command, tools: &[&str]) -> Result<Section, Error> {
    let lines = Lines { text, path };
    let document = DeTable::parse(text).map_err(|error| {
        let place = error.span().map_or_else(|| path.to_owned(), |span| lines.place(&span));
        Error::usage(format!("{place}: {}", error.message()))
    })?;
    for key in document.get_ref().keys() {
        let name: &str = key.get_ref();
        if !tools.contains(&name) && name != command.get_name() {
            let place = lines.place(&key.span());
            let near = nearest(name, tools.iter().copied().chain([command.get_name()]));
            // A binary of one tool knows only its own section; the others are not its business unless they
            // look like a slip of the pen.
            if near.is_some() || tools.len() > 1 {
                let hint =
                    near.map_or_else(|| format!("the sections are {}", tools.join(", ")), did_you_mean);
                return Err(Error::usage(format!("{place}: unknown section `{name}`")).hint(hint));
            }
        }
    }
    let Some(value) = document.get_ref().get(command.get_name()) else { return Ok(Section::default()) };
    let DeValue::Table(table) = value.get_ref() else {
        let place = lines.place(&value.span());
        return Err(Error::usage(format!("{place}: `{}` must be a table", command.get_name())));
    };
    let known = arguments(command);
    let mut settings: Vec<(usize, Setting)> = Vec::new();
    for (key, value) in table {
        let name: &str = key.get_ref();
        let Some(arg) = known.get(name) else {
            let place = lines.place(&key.span());
            let error = Error::usage(format!("{place}: unknown key `{name}` in [{}]", command.get_name()));
            return Err(match nearest(name, known.keys().map(String::as_str)) {
                Some(near) => error.hint(did_you_mean(near)),
                None => {
                    error.hint(format!("`{} --help` lists the keys: they are its flags", command.get_name()))
                }
            });
        };
        settings.push((key.span().start, setting(arg, name, value, &lines)?));
    }
    settings.sort_by_key(|(position, _)| *position);
    Ok(Section { settings: settings.into_iter().map(|(_, setting)| setting).collect() })
}

/// The paths a section sets that something may be written to, each with its place. A file that is only read may be among
/// them.
pub(crate) fn outputs(command: &Command, section: &Section, origins: &Origins) -> Vec<(PathBuf, String)> {
    let all = || command.get_arguments().chain(command.get_subcommands().flat_map(Command::get_arguments));
    let is_path = |id: &str| {
        all()
            .filter(|arg| arg.get_id().as_str() == id)
            .any(|arg| arg.get_value_parser().type_id() == TypeId::of::<PathBuf>())
    };
    let applies = |setting: &&Setting| {
        origins.get(&setting.id).is_some_and(|all| all.iter().any(|origin| origin.location.is_some()))
    };
    let mut paths = Vec::new();
    for setting in section.settings.iter().filter(applies) {
        for (value, location) in &setting.values {
            let path = match setting.id.as_str() {
                "write" => value.split_once('=').map_or("", |(_, path)| path.trim()),
                "summary" => value,
                id if is_path(id) => value,
                _ => continue,
            };
            let line = location.line.map(|line| format!(":{line}")).unwrap_or_default();
            if !path.is_empty() {
                paths.push((PathBuf::from(path), format!("{}{line}", location.path)));
            }
        }
    }
    paths
}

/// Every argument that can stand in a configuration file, by the name of its flag.
fn arguments(command: &Command) -> BTreeMap<String, &Arg> {
    command
        .get_arguments()
        .chain(command.get_subcommands().flat_map(Command::get_arguments))
        .filter(|arg| !matches!(arg.get_id().as_str(), "config" | "help" | "version"))
        .filter(|arg| !arg.is_positional())
        .map(|arg| (name_of(arg), arg))
        .collect()
}

fn setting(arg: &Arg, name: &str, value: &Spanned<DeValue<'_>>, lines: &Lines<'_>) -> Result<Setting, Error> {
    let id = arg.get_id().as_str().to_owned();
    let expected = |what: &str| {
        let place = lines.place(&value.span());
        Error::usage(format!("{place}: `{name}` must be {what}, not {}", value.get_ref().type_str()))
    };
    let mut values = Vec::new();
    let mut switch = None;
    match (arg.get_action(), value.get_ref()) {
        (ArgAction::SetTrue, DeValue::Boolean(on)) => switch = Some(*on),
        (ArgAction::SetTrue, _) => return Err(expected("true or false")),
        (ArgAction::Append, DeValue::Array(items)) => {
            for item in items {
                let text =
                    scalar(item.get_ref()).ok_or_else(|| expected("an array of strings or numbers"))?;
                values.push((text, lines.location(&item.span())));
            }
        }
        (ArgAction::Append, DeValue::Table(table)) => {
            flatten("", table, lines, &mut values).map_err(expected)?;
        }
        (_, other) => {
            let what = if matches!(arg.get_action(), ArgAction::Append) {
                "a string, array or table"
            } else {
                "a string or number"
            };
            values.push((scalar(other).ok_or_else(|| expected(what))?, lines.location(&value.span())));
        }
    }
    Ok(Setting { id, values, switch })
}

/// `region.RAM.span = "90%"` and `"region.RAM.span" = "90%"` alike become `region.RAM.span=90%`; a table
/// of levels becomes `warn:80%,fail:90%`.
fn flatten(
    prefix: &str,
    table: &DeTable<'_>,
    lines: &Lines<'_>,
    values: &mut Vec<(String, Location)>,
) -> Result<(), &'static str> {
    for (key, value) in table {
        let path =
            if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        let location = lines.location(&key.span());
        match value.get_ref() {
            DeValue::Table(levels) if is_levels(levels) => {
                // The table is sorted by key; people read the lower level first.
                let spec = levels
                    .iter()
                    .rev()
                    .map(|(level, value)| {
                        scalar(value.get_ref()).map(|value| format!("{}:{value}", level.get_ref()))
                    })
                    .collect::<Option<Vec<_>>>()
                    .ok_or("strings or numbers for `warn` and `fail`")?;
                values.push((format!("{path}={}", spec.join(",")), location));
            }
            DeValue::Table(inner) => flatten(&path, inner, lines, values)?,
            other => {
                let text = scalar(other).ok_or("a table of strings and numbers")?;
                values.push((format!("{path}={text}"), location));
            }
        }
    }
    values.sort_by_key(|(_, location)| location.line);
    Ok(())
}

fn is_levels(table: &DeTable<'_>) -> bool {
    !table.is_empty() && table.keys().all(|key| matches!(key.get_ref().as_ref(), "warn" | "fail"))
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().replace('_', "")),
        DeValue::Integer(number) => i64::from_str_radix(&number.as_str().replace('_', ""), number.radix())
            .ok()
            .map(|number| number.to_string()),
        DeValue::Float(number) => Some(number.as_str().replace('_', "")),
        DeValue::Boolean(value) => Some(value.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

struct Lines<'a> {
    text: &'a str,
    path: &'a str,
}

impl Lines<'_> {
    fn line(&self, span: &Range<usize>) -> u32 {
        let before = self.text.as_bytes().get(..span.start).unwrap_or_default();
        u32::try_from(before.iter().filter(|byte| **byte == b'\n').count() + 1).unwrap_or(u32::MAX)
    }

    fn location(&self, span: &Range<usize>) -> Location {
        Location::line(self.path, self.line(span))
    }

    fn place(&self, span: &Range<usize>) -> String {
        format!("{}:{}", self.path, self.line(span))
    }
}

/// The name most like `name`, if any is like it.
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// `did you mean `max`?`
#[must_use]
pub fn did_you_mean(name: &str) -> String {
    format!("did you mean `{name}`?")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        Command::new("size-gate")
            .arg(Arg::new("max").long("max").action(ArgAction::Append))
            .arg(Arg::new("max_growth").long("max-growth").action(ArgAction::Append))
            .arg(Arg::new("chip").long("chip"))
            .arg(Arg::new("require_baseline").long("require-baseline").action(ArgAction::SetTrue))
    }

    fn read(text: &str) -> Result<Vec<String>, Error> {
        let section = section(text, "lw.toml", &command(), &["size-gate"])?;
        Ok(section
            .settings
            .iter()
            .flat_map(|setting| setting.to_argv(&setting.id.replace('_', "-")).collect::<Vec<_>>())
            .collect())
    }

    #[test]
    fn keys_become_arguments_in_the_order_of_the_file() {
        let text = r#"
[size-gate]
require-baseline = true
chip = "esp32c3"
max = ["image.bytes=1MiB", "region.RAM.span=150_000"]
"#;
        assert_eq!(
            read(text).unwrap(),
            [
                "--require-baseline",
                "--chip=esp32c3",
                "--max=image.bytes=1MiB",
                "--max=region.RAM.span=150_000"
            ]
        );
    }

    #[test]
    fn a_table_of_limits_reads_dotted_and_quoted_keys_and_levels() {
        let text = r#"
[size-gate.max]
"image.bytes" = 1_048_576
region.RAM.span = { warn = "80%", fail = "90%" }
region.FLASH.span = 0x100
"#;
        assert_eq!(
            read(text).unwrap(),
            [
                "--max=image.bytes=1048576",
                "--max=region.RAM.span=warn:80%,fail:90%",
                "--max=region.FLASH.span=256"
            ]
        );
    }

    #[test]
    fn a_limit_knows_its_line() {
        let text = "[size-gate.max]\n\n\"image.bytes\" = \"1MiB\"\n";
        let section = section(text, "lw.toml", &command(), &["size-gate"]).unwrap();
        assert_eq!(section.settings[0].values[0].1, Location::line("lw.toml", 3));
    }

    #[test]
    fn mistakes_name_the_line_and_the_mend() {
        for (text, message, hint) in [
            ("[size-gate]\nmaxx = 1", "lw.toml:2: unknown key `maxx` in [size-gate]", "did you mean `max`?"),
            ("[size-gaet]\nmax = 1", "lw.toml:1: unknown section `size-gaet`", "did you mean `size-gate`?"),
            ("[size-gate]\nchip = [1]", "lw.toml:2: `chip` must be a string or number, not array", ""),
            (
                "[size-gate]\nrequire-baseline = 1",
                "lw.toml:2: `require-baseline` must be true or false, not integer",
                "",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.message(), message);
            assert_eq!(error.advice().unwrap_or_default(), hint);
        }
        let error = read("[size-gate]\nmax = \n").unwrap_err();
        assert!(error.message().starts_with("lw.toml:2: "), "{}", error.message());
    }

    #[test]
    fn sections_of_other_tools_are_not_this_tools_business() {
        assert!(read("[coverage-gate]\nmin-line = 80").unwrap().is_empty());
    }
}
