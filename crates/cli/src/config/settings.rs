//! What holds in the end: layers of settings laid over each other, and where each value comes from.
//!
//! A plain value and a plain list of a nearer layer replace those of a farther one. A list of limits merges per measure:
//! the nearer layer replaces the limits of the measures it names, and `NAME=none` lifts them.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};
use lw_model::lists::filled;
use lw_model::{Location, Replaced, Setting};
use lw_secret::SecretSource;

use super::source::Place;
use crate::context::{Origin, Origins};
use crate::error::Error;
use crate::inputs::name_of;
use crate::keyed::{self, is_keyed};
use crate::secret;

/// A value and where it was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) text: OsString,
    pub(crate) origin: Origin,
    /// Whether a file says it.
    from_file: bool,
}

/// A key of a layer.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// Identifier of its argument in clap.
    pub(crate) id: String,
    /// Its values; an empty list has none.
    pub(crate) values: Vec<Value>,
    /// Where the key stands.
    pub(crate) origin: Origin,
}

impl Value {
    pub(crate) fn from_file(text: String, place: &Place) -> Self {
        Self { text: text.into(), origin: place.origin(), from_file: true }
    }

    pub(crate) fn shown(&self) -> String {
        self.text.to_string_lossy().into_owned()
    }

    /// The measure and the limit of `NAME=LIMIT`.
    fn parts(&self) -> (String, String) {
        let text = self.shown();
        let (key, limit) = keyed::parts(&text);
        (key.to_owned(), limit.to_owned())
    }
}

/// The values of one argument.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    /// Those in force.
    pub(crate) held: Vec<Value>,
    /// Keys whose farther values gave way, with where that was said and the values that lost, the nearest first. Plain
    /// values have the key `None`.
    replaced: BTreeMap<Option<String>, (Option<Origin>, Vec<Value>)>,
}

impl Values {
    /// Lays the values of a nearer layer over these.
    fn lay(&mut self, keyed: bool, nearer: Vec<Value>, origin: &Origin) {
        if !keyed {
            let lost = std::mem::replace(&mut self.held, nearer);
            if !lost.is_empty() {
                self.note(None, self.held.first().map_or(origin, |value| &value.origin).clone(), lost);
            }
            return;
        }
        let keys: BTreeSet<String> = filled(nearer.iter().map(|value| value.parts().0));
        let mut lost: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for value in std::mem::take(&mut self.held) {
            let key = value.parts().0;
            if keys.contains(&key) {
                lost.entry(key).or_default().push(value);
            } else {
                self.held.push(value);
            }
        }
        for value in nearer {
            let (key, limit) = value.parts();
            if let Some(lost) = lost.remove(&key) {
                self.note(Some(key), value.origin.clone(), lost);
            }
            if !keyed::is_none(&limit) {
                self.held.push(value);
            }
        }
    }

    fn note(&mut self, key: Option<String>, winner: Origin, mut lost: Vec<Value>) {
        let (before, all) = self.replaced.entry(key).or_default();
        *before = Some(winner);
        lost.append(all);
        *all = lost;
    }

    /// For the report: every value in force, and every limit that was lifted.
    fn for_report(&self, name: &str, keyed: bool, settings: &mut Vec<Setting>) {
        let mut shown: BTreeSet<Option<String>> = BTreeSet::new();
        for value in &self.held {
            let (key, text) = if keyed {
                let (key, limit) = value.parts();
                (Some(key), limit)
            } else {
                (None, value.shown())
            };
            let mut setting = Setting::new(name, key.clone(), text, value.origin.place());
            // Of several values only the first says what it replaced.
            if let Some((_, lost)) = self.replaced.get(&key).filter(|_| shown.insert(key.clone())) {
                setting.replaces = lost.iter().map(|value| replaced(value, keyed)).collect();
            }
            settings.push(setting);
        }
        for (key, (winner, lost)) in &self.replaced {
            if shown.contains(key) {
                continue;
            }
            let origin = winner.as_ref().map(Origin::place).unwrap_or_default();
            let mut setting = Setting::new(name, key.clone(), "none", origin);
            setting.replaces = lost.iter().map(|value| replaced(value, keyed)).collect();
            settings.push(setting);
        }
    }
}

fn replaced(value: &Value, keyed: bool) -> Replaced {
    let text = if keyed { value.parts().1 } else { value.shown() };
    Replaced { value: text, origin: value.origin.place() }
}

/// The settings of a run, by the identifiers of their arguments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings(pub(crate) BTreeMap<String, Values>);

impl Settings {
    /// Lays a nearer layer of `lw.toml` over these.
    pub(crate) fn lay(&mut self, command: &Command, layer: Vec<Key>) {
        for key in layer {
            let keyed = argument(command, &key.id).is_some_and(is_keyed);
            self.0.entry(key.id).or_default().lay(keyed, key.values, &key.origin);
        }
    }

    /// Every value in force with its name, for a comparison: `max image.bytes`, `exclude`. A list that was emptied has an
    /// empty value.
    pub(crate) fn compared(&self, command: &Command) -> Vec<(String, String, Option<Location>)> {
        let mut all = Vec::new();
        for (id, values) in &self.0 {
            let Some(arg) = argument(command, id) else { continue };
            let name = name_of(arg);
            if values.held.is_empty() && !is_keyed(arg) {
                all.push((name, String::new(), None));
                continue;
            }
            for value in &values.held {
                let location = value.origin.location.clone();
                if is_keyed(arg) {
                    let (key, limit) = value.parts();
                    all.push((format!("{name} {key}"), limit, location));
                } else {
                    all.push((name.clone(), value.shown(), location));
                }
            }
        }
        all
    }

    /// The paths that a file sets and something may be written to, each with its place. A file that is only read may be
    /// among them.
    pub(crate) fn written_paths(&self, command: &Command) -> Vec<(PathBuf, String)> {
        let mut paths = Vec::new();
        for (id, values) in &self.0 {
            let is_path = argument(command, id)
                .is_some_and(|arg| arg.get_value_parser().type_id() == TypeId::of::<PathBuf>());
            for value in values.held.iter().filter(|value| value.from_file) {
                let text = value.shown();
                let path = match id.as_str() {
                    "write" => text.split_once('=').map_or("", |(_, path)| path.trim()),
                    "summary" => &text,
                    _ if is_path => &text,
                    _ => continue,
                };
                if !path.is_empty() {
                    paths.push((PathBuf::from(path), value.origin.place()));
                }
            }
        }
        paths
    }

    /// The values of an argument, each with where it stands.
    pub(crate) fn texts(&self, id: &str) -> impl Iterator<Item = (String, Origin)> {
        let held = self.0.get(id).into_iter().flat_map(|values| &values.held);
        held.map(|value| (value.shown(), value.origin.clone()))
    }

    /// Every value in force, for the report, in the order of the help.
    pub(crate) fn for_report(&self, command: &Command) -> Vec<Setting> {
        let mut settings = Vec::new();
        let mut seen = BTreeSet::new();
        let arguments =
            command.get_subcommands().flat_map(Command::get_arguments).chain(command.get_arguments());
        for arg in arguments {
            let id = arg.get_id().as_str();
            if let Some(values) = self.0.get(id).filter(|_| seen.insert(id)) {
                let first = settings.len();
                values.for_report(&name_of(arg), is_keyed(arg), &mut settings);
                if arg.get_value_parser().type_id() == TypeId::of::<SecretSource>() {
                    settings.iter_mut().skip(first).for_each(hide_secret);
                }
            }
        }
        settings
    }
}

/// A secret that somebody wrote where its source belongs is in no report.
fn hide_secret(setting: &mut Setting) {
    for text in
        std::iter::once(&mut setting.value).chain(setting.replaces.iter_mut().map(|old| &mut old.value))
    {
        if secret::may_be_secret(text) {
            "(not shown)".clone_into(text);
        }
    }
}

fn argument<'c>(command: &'c Command, id: &str) -> Option<&'c Arg> {
    let all = command.get_arguments().chain(command.get_subcommands().flat_map(Command::get_arguments));
    all.into_iter().find(|arg| arg.get_id() == id)
}

/// A command line that says everything: what was given explicitly, laid over the files.
pub(crate) struct Merged {
    pub(crate) argv: Vec<OsString>,
    pub(crate) origins: Origins,
    pub(crate) settings: Settings,
}

/// Lays what was given explicitly over what the files say.
pub(crate) fn merge(command: &Command, matches: &ArgMatches, files: &Settings, as_action: bool) -> Merged {
    let (scope, given) = match matches.subcommand() {
        Some((name, sub)) => (command.find_subcommand(name).unwrap_or(command), sub),
        None => (command, matches),
    };
    let mut merged = Merged { argv: Vec::new(), origins: Origins::new(), settings: Settings::default() };
    let (mut before, mut positional) = (Vec::new(), Vec::new());
    let mut flags: Vec<OsString> = Vec::new();
    for arg in scope.get_arguments().chain(command.get_arguments()) {
        let id = arg.get_id().as_str();
        if merged.settings.0.contains_key(id) {
            continue;
        }
        // An argument of the tool itself, when it has subcommands, stands before their names.
        let of_tool = given.try_contains_id(id).is_err();
        let Some(found) = explicit(if of_tool { matches } else { given }, arg, as_action) else { continue };
        let mut values = files.0.get(id).cloned().unwrap_or_default();
        if let Some(origin) = found.first().map(|value| value.origin.clone()) {
            values.lay(is_keyed(arg), found, &origin);
        }
        for value in &values.held {
            if arg.is_positional() {
                positional.push(value.text.clone());
            } else {
                let flag = as_flag(arg, &value.text);
                if of_tool { before.push(flag) } else { flags.push(flag) }
            }
        }
        if !(values.held.is_empty() && values.replaced.is_empty()) {
            merged
                .origins
                .insert(id.to_owned(), values.held.iter().map(|value| value.origin.clone()).collect());
            merged.settings.0.insert(id.to_owned(), values);
        }
    }
    merged.argv = before;
    merged.argv.extend(matches.subcommand_name().map(OsString::from));
    merged.argv.extend(flags);
    if !positional.is_empty() {
        merged.argv.push("--".into());
        merged.argv.extend(positional);
    }
    merged
}

/// The names of the arguments that were given explicitly and that no file adds to.
pub(crate) fn given(command: &Command, matches: &ArgMatches) -> BTreeSet<String> {
    let sub = matches.subcommand().map_or(matches, |(_, sub)| sub);
    let is_given = |arg: &&Arg| {
        [matches, sub].into_iter().any(|matches| {
            explicit(matches, arg, false).is_some_and(|values| !values.is_empty()) && !is_keyed(arg)
        })
    };
    let all = command.get_subcommands().flat_map(Command::get_arguments).chain(command.get_arguments());
    filled(all.filter(is_given).map(name_of))
}

/// What was given of an argument; `None` when the command does not have it.
fn explicit(matches: &ArgMatches, arg: &Arg, as_action: bool) -> Option<Vec<Value>> {
    let id = arg.get_id().as_str();
    matches.try_contains_id(id).ok()?;
    if matches.value_source(id) != Some(ValueSource::CommandLine) {
        return Some(Vec::new());
    }
    let name = name_of(arg);
    let text = if as_action { format!("input {name}") } else { format!("--{name}") };
    let origin = Origin { text, location: None };
    let raw = matches.try_get_raw(id).ok().flatten();
    Some(
        raw.into_iter()
            .flatten()
            .map(|text| Value { text: text.to_owned(), origin: origin.clone(), from_file: false })
            .collect(),
    )
}

fn as_flag(arg: &Arg, value: &OsStr) -> OsString {
    let mut flag = OsString::from(format!("--{}=", name_of(arg)));
    flag.push(value);
    flag
}

/// The value of a file that clap refuses, once it is known that there is one; as an error at its line. `parse` says what
/// is wrong with a command line.
pub(crate) fn blame(
    command: &Command,
    subcommand: Option<&str>,
    settings: &Settings,
    parse: impl Fn(&[OsString]) -> Option<Error>,
) -> Option<Error> {
    let refusal = |arg: &Arg, values: &[Value]| {
        let argv: Vec<OsString> = subcommand
            .map(OsString::from)
            .into_iter()
            .chain(values.iter().map(|value| as_flag(arg, &value.text)))
            .collect();
        parse(&argv)
    };
    for (id, values) in &settings.0 {
        let from_files: Vec<Value> = values.held.iter().filter(|value| value.from_file).cloned().collect();
        let Some(arg) = argument(command, id).filter(|arg| !arg.is_positional()) else { continue };
        if from_files.is_empty() || refusal(arg, &from_files).is_none() {
            continue;
        }
        // The shortest beginning that is refused ends in the value to blame.
        let (mut good, mut bad) = (0, from_files.len());
        while bad - good > 1 {
            let middle = good + (bad - good) / 2;
            match from_files.get(..middle).and_then(|some| refusal(arg, some)) {
                Some(_) => bad = middle,
                None => good = middle,
            }
        }
        let value = from_files.get(bad.saturating_sub(1))?;
        let error = refusal(arg, std::slice::from_ref(value))?;
        return Some(error.context(value.origin.place()));
    }
    None
}
