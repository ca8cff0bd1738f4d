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
//! Every `lw.toml` from the root of the repository down to the folder of the run counts; the nearer is laid over the
//! farther ([`settings`]), and flags and inputs of the action over both. Keys are turned into arguments, so that a value
//! means the same wherever it stands. Tables that are no flags are the typed [`section`]s of a tool.

pub(crate) mod change;
pub(crate) mod section;
pub(crate) mod settings;
pub(crate) mod source;

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, Command};
use lw_model::lists::{filled, sort_by_key};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use self::section::Section;
use self::settings::{Key, Value};
use self::source::Source;
use crate::error::Error;
use crate::inputs::{is_switch, name_of};

/// Key of the environments of a tool that has some, and the flag that chooses one.
pub(crate) const ENVIRONMENT: &str = "env";

/// Arguments that are for one run only, each with the reason.
const NOT_IN_THE_FILE: [(&str, &str); 5] = [
    ("config", "it names the file: give it as a flag or as an input of the action"),
    ("config_from", "it says which file counts: give it as a flag or as an input of the action"),
    (
        "override",
        "an override lets one change pass, and a file would let pass all that follow: give it as a flag or as an input of the action",
    ),
    (
        "override_from",
        "an override lets one change pass, and a file would let pass all that follow: give it as a flag or as an input of the action",
    ),
    (ENVIRONMENT, "it is given as a flag or as an input of the action"),
];

/// What one file says of a tool.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    /// What holds in every environment.
    pub(crate) base: Layer,
    /// What is laid over it, by the name of the environment.
    pub(crate) environments: BTreeMap<String, Layer>,
}

/// The keys of one table.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    /// Of flags, in the order of the file.
    pub(crate) settings: Vec<Key>,
}

/// Reads the section of one tool.
///
/// `tools` are the sections that may exist.
///
/// # Errors
/// When the file is no TOML, when a section or a key is unknown, or when a value is of another type; each with the line.
pub(crate) fn parse(
    source: &Source,
    command: &Command,
    sections: &[Section],
    tools: &[&str],
) -> Result<Parsed, Error> {
    let document = document(source)?;
    let tool = command.get_name();
    for key in document.get_ref().keys() {
        let name: &str = key.get_ref();
        if !tools.contains(&name) && name != tool {
            let near = nearest(name, tools.iter().copied().chain([tool]));
            // A binary of one tool knows only its own section; the others are not its business unless they
            // look like a slip of the pen.
            if near.is_some() || tools.len() > 1 {
                let hint =
                    near.map_or_else(|| format!("the sections are {}", tools.join(", ")), did_you_mean);
                let place = source.place(&key.span());
                return Err(Error::usage(format!("{place}: unknown section `{name}`")).hint(hint));
            }
        }
    }
    let Some(value) = document.get_ref().get(tool) else { return Ok(Parsed::default()) };
    let reader = Reader { source, known: keys(command), command, sections };
    let table = reader.table(tool, value)?;
    let mut parsed = Parsed { base: reader.layer(tool, table)?, ..Parsed::default() };
    if let Some(environments) = table.get(ENVIRONMENT).filter(|_| has_environments(command)) {
        for (name, value) in reader.table(ENVIRONMENT, environments)? {
            let path = format!("{tool}.{ENVIRONMENT}.{}", name.get_ref());
            let layer = reader.layer(&path, reader.table(&path, value)?)?;
            parsed.environments.insert(name.get_ref().to_string(), layer);
        }
    }
    Ok(parsed)
}

/// Whether a tool has environments: then it has the flag that chooses one.
fn has_environments(command: &Command) -> bool {
    command.get_arguments().any(|arg| arg.get_id() == ENVIRONMENT)
}

fn document(source: &Source) -> Result<Spanned<DeTable<'_>>, Error> {
    DeTable::parse(source.text()).map_err(|error| {
        let place = error.span().map_or_else(|| source.name(), |span| source.place(&span).to_string());
        Error::usage(format!("{place}: {}", error.message()))
    })
}

/// Whether a file has a section of this name.
///
/// # Errors
/// When it is no TOML.
pub(crate) fn has_section(source: &Source, tool: &str) -> Result<bool, Error> {
    Ok(document(source)?.get_ref().contains_key(tool))
}

/// Every argument that can stand in a configuration file, by the name of its flag.
#[must_use]
pub fn keys(command: &Command) -> BTreeMap<String, &Arg> {
    let of_file = arguments(command).filter(|arg| !NOT_IN_THE_FILE.iter().any(|(id, _)| arg.get_id() == id));
    filled(of_file.map(|arg| (name_of(arg), arg)))
}

fn arguments(command: &Command) -> impl Iterator<Item = &Arg> {
    command
        .get_arguments()
        .chain(command.get_subcommands().flat_map(Command::get_arguments))
        .filter(|arg| !matches!(arg.get_id().as_str(), "help" | "version"))
        .filter(|arg| !arg.is_positional())
}

/// Reads the tables of one file.
struct Reader<'a> {
    source: &'a Source,
    known: BTreeMap<String, &'a Arg>,
    command: &'a Command,
    sections: &'a [Section],
}

impl Reader<'_> {
    fn table<'v, 'd>(&self, name: &str, value: &'v Spanned<DeValue<'d>>) -> Result<&'v DeTable<'d>, Error> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => {
                let place = self.source.place(&value.span());
                Err(Error::usage(format!("{place}: `{name}` must be a table")))
            }
        }
    }

    /// The keys of a table; the environments in a tool's own table are not among them.
    fn layer(&self, path: &str, table: &DeTable<'_>) -> Result<Layer, Error> {
        let mut layer = Layer::default();
        let mut settings = Vec::new();
        for (key, value) in table {
            let name: &str = key.get_ref();
            if self.sections.iter().any(|section| section.name == name) {
                // What is in it is for the tool's own type to say.
                continue;
            }
            if let Some(arg) = self.known.get(name) {
                let values = self.setting(arg, name, value)?;
                let (id, origin) =
                    (arg.get_id().as_str().to_owned(), self.source.place(&key.span()).origin());
                settings.push((key.span().start, Key { id, values, origin }));
            } else if name != ENVIRONMENT
                || !has_environments(self.command)
                || path != self.command.get_name()
            {
                return Err(self.unknown(path, name, key));
            }
        }
        sort_by_key(&mut settings, |(position, _)| *position);
        layer.settings = settings.into_iter().map(|(_, setting)| setting).collect();
        Ok(layer)
    }

    fn unknown(&self, path: &str, name: &str, key: &Spanned<impl Sized>) -> Error {
        let place = self.source.place(&key.span());
        let refused = arguments(self.command)
            .filter(|arg| name_of(arg) == name)
            .find_map(|arg| NOT_IN_THE_FILE.iter().find(|(id, _)| arg.get_id() == id));
        if let Some((_, reason)) = refused {
            return Error::usage(format!("{place}: `{name}` cannot stand in lw.toml")).hint(*reason);
        }
        let error = Error::usage(format!("{place}: unknown key `{name}` in [{path}]"));
        let known = self.known.keys().map(String::as_str);
        match nearest(name, known.chain(self.sections.iter().map(|section| section.name))) {
            Some(near) => error.hint(did_you_mean(near)),
            None => {
                let tool = self.command.get_name();
                error.hint(format!("`lw {tool} --help` lists the keys: they are its flags"))
            }
        }
    }

    fn setting(&self, arg: &Arg, name: &str, value: &Spanned<DeValue<'_>>) -> Result<Vec<Value>, Error> {
        let expected = |what: &str| {
            let place = self.source.place(&value.span());
            Error::usage(format!("{place}: `{name}` must be {what}, not {}", value.get_ref().type_str()))
        };
        let list = matches!(arg.get_action(), ArgAction::Append);
        let mut values = Vec::new();
        match value.get_ref() {
            DeValue::Boolean(on) if is_switch(arg) => values.push((value.span().start, on.to_string())),
            _ if is_switch(arg) => return Err(expected("true or false")),
            DeValue::Array(items) if list => {
                for item in items {
                    let text =
                        scalar(item.get_ref()).ok_or_else(|| expected("an array of strings or numbers"))?;
                    values.push((item.span().start, text));
                }
            }
            DeValue::Table(table) if list => {
                flatten("", table, &mut values).map_err(expected)?;
                // The table is sorted by key; people read the order of the file.
                sort_by_key(&mut values, |(position, _)| *position);
            }
            other => {
                let what = if list { "a string, array or table" } else { "a string or number" };
                values.push((value.span().start, scalar(other).ok_or_else(|| expected(what))?));
            }
        }
        let at = |position: usize| self.source.place(&(position..position));
        Ok(values.into_iter().map(|(position, text)| Value::from_file(text, &at(position))).collect())
    }
}

/// `region.RAM.span = "90%"` and `"region.RAM.span" = "90%"` alike become `region.RAM.span=90%`; a table
/// of levels becomes `warn:80%,fail:90%`. Each with its position in the file.
fn flatten(prefix: &str, table: &DeTable<'_>, values: &mut Vec<(usize, String)>) -> Result<(), &'static str> {
    for (key, value) in table {
        let path =
            if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        let position = key.span().start;
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
                values.push((position, format!("{path}={}", spec.join(","))));
            }
            DeValue::Table(inner) => flatten(&path, inner, values)?,
            other => {
                let text = scalar(other).ok_or("a table of strings and numbers")?;
                values.push((position, format!("{path}={text}")));
            }
        }
    }
    Ok(())
}

fn is_levels(table: &DeTable<'_>) -> bool {
    !table.is_empty() && table.keys().all(|key| matches!(key.get_ref().as_ref(), "warn" | "fail"))
}

/// A value that is one word, as the text of an argument.
pub(crate) fn scalar(value: &DeValue<'_>) -> Option<String> {
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
    use lw_model::Location;

    use super::*;

    fn command() -> Command {
        Command::new("size-gate")
            .arg(Arg::new("max").long("max").action(ArgAction::Append))
            .arg(Arg::new("max_growth").long("max-growth").action(ArgAction::Append))
            .arg(Arg::new("chip").long("chip"))
            .arg(Arg::new("require_baseline").long("require-baseline").action(ArgAction::SetTrue))
    }

    fn layer(text: &str) -> Result<Layer, Error> {
        let source = Source::new("lw.toml".into(), text.into(), None);
        Ok(parse(&source, &command(), &[], &["size-gate"])?.base)
    }

    fn read(text: &str) -> Result<Vec<String>, Error> {
        let mut arguments = Vec::new();
        for Key { id, values, .. } in layer(text)?.settings {
            for value in values {
                arguments.push(format!("--{}={}", id.replace('_', "-"), value.shown()));
            }
        }
        Ok(arguments)
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
                "--require-baseline=true",
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
        let layer = layer(text).unwrap();
        assert_eq!(layer.settings[0].values[0].origin.location, Some(Location::line("lw.toml", 3)));
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
