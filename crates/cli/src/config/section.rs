//! Tables of a tool's own in `lw.toml` that are no flags: fleets, components, policies.

use lw_model::lists::filled;
use lw_syntax::tree::Fault;
use schemars::JsonSchema;
#[cfg(feature = "schema")]
use schemars::{Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeArray, DeString, DeTable, DeValue};

use super::source::{Source, Sources};
use super::{did_you_mean, nearest};
use crate::error::Error;

/// A table of a tool's own. It is read when a run starts, whether the tool asks for it or not: a slip of the pen is an
/// error in every run, at its line.
#[derive(Clone, Copy)]
pub struct Section {
    /// Its key in the tool's table: `fleets`.
    pub name: &'static str,
    /// What it is, in one line.
    pub description: &'static str,
    #[cfg(feature = "schema")]
    schema: fn(&mut SchemaGenerator) -> Schema,
    check: fn(Spanned<DeValue<'_>>) -> Result<(), Fault>,
}

impl Section {
    /// Declares a section that is read as `T`, which has to refuse keys it does not know
    /// (`#[serde(deny_unknown_fields)]`): the schema of `lw.toml` cannot be made otherwise.
    #[must_use]
    pub const fn of<T: DeserializeOwned + JsonSchema>(name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            description,
            #[cfg(feature = "schema")]
            schema: |generator| generator.subschema_for::<T>(),
            check: |value| read::<T>(value).map(|_| ()),
        }
    }

    /// What it has to look like. Binaries have no code for it: only what writes the schema of `lw.toml` asks.
    #[cfg(feature = "schema")]
    #[must_use]
    pub fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        (self.schema)(generator)
    }
}

impl std::fmt::Debug for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Section").field("name", &self.name).finish_non_exhaustive()
    }
}

fn read<T: DeserializeOwned>(value: Spanned<DeValue<'_>>) -> Result<T, Fault> {
    lw_syntax::toml::tree_of(value).document().read()
}

/// A value of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// Name of the section: `fleets`.
    pub(crate) section: String,
    /// Dotted key in it: `eu.hosts`.
    pub(crate) key: String,
    pub(crate) value: String,
    /// Its line, as reports name it.
    pub(crate) origin: String,
}

/// The sections of a run: the tables of all its files laid over each other, tables merged and whatever else replaced.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sections {
    declared: &'static [Section],
    tool: String,
    environment: Option<String>,
    sources: Sources,
    /// The sections that are those of other sources, and these.
    fixed: Option<(&'static [&'static str], Box<Self>)>,
}

impl Sections {
    pub(crate) fn new(
        declared: &'static [Section],
        tool: &str,
        environment: Option<&str>,
        sources: Sources,
    ) -> Self {
        Self {
            declared,
            tool: tool.to_owned(),
            environment: environment.map(str::to_owned),
            sources,
            fixed: None,
        }
    }

    /// Takes some sections, by their names, from other sources.
    pub(crate) fn fix(&mut self, names: &'static [&'static str], from: Self) {
        self.fixed = Some((names, Box::new(from)));
    }

    /// Where a section that is not of these sources comes from.
    fn fixed(&self, name: &str) -> Option<&Self> {
        let (names, from) = self.fixed.as_ref()?;
        names.contains(&name).then_some(&**from)
    }

    /// Every section with what holds in an environment.
    fn merged(&self, environment: Option<&str>) -> Result<DeTable<'_>, Error> {
        let mut merged = DeTable::default();
        let mut of_environment = DeTable::default();
        for source in self.sources.iter() {
            let mut document = super::document(source)?.into_inner();
            let Some(DeValue::Table(mut table)) =
                document.remove(self.tool.as_str()).map(Spanned::into_inner)
            else {
                continue;
            };
            let environments = table.remove(super::ENVIRONMENT).map(Spanned::into_inner);
            lay(&mut merged, self.pick(source, table));
            if let (Some(name), Some(DeValue::Table(mut all))) = (environment, environments)
                && let Some(DeValue::Table(table)) = all.remove(name).map(Spanned::into_inner)
            {
                lay(&mut of_environment, self.pick(source, table));
            }
        }
        lay(&mut merged, of_environment);
        Ok(merged)
    }

    /// The sections of a table, with positions among all files.
    fn pick<'t>(&self, source: &Source, table: DeTable<'t>) -> DeTable<'t> {
        let is_section = |name: &str| self.declared.iter().any(|section| section.name == name);
        let sections = table.into_iter().filter(|(key, _)| is_section(key.get_ref()));
        filled(sections.map(|(key, value)| (shifted_key(source, key), shifted(source, value))))
    }

    /// Whether every section can be read, also with what each environment lays over it.
    ///
    /// # Errors
    /// When one cannot, with the line.
    pub(crate) fn check(&self, environments: &[&str]) -> Result<(), Error> {
        if self.declared.is_empty() {
            return Ok(());
        }
        for environment in std::iter::once(None).chain(environments.iter().copied().map(Some)) {
            let mut merged = self.merged(environment)?;
            for section in self.declared {
                if let Some(value) = merged.remove(section.name) {
                    (section.check)(value).map_err(|error| self.error(section.name, &error))?;
                }
            }
        }
        Ok(())
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Error> {
        if let Some(from) = self.fixed(name) {
            return from.get(name);
        }
        let Some(value) = self.merged(self.environment.as_deref())?.remove(name) else { return Ok(None) };
        read(value).map(Some).map_err(|error| self.error(name, &error))
    }

    /// Every value that is no table.
    ///
    /// # Errors
    /// When a file is no TOML.
    pub(crate) fn leaves(&self) -> Result<Vec<Leaf>, Error> {
        let mut leaves = Vec::new();
        if !self.declared.is_empty() {
            collect(&[], &self.merged(self.environment.as_deref())?, &self.sources, &mut leaves);
        }
        if let Some((names, from)) = &self.fixed {
            let is_fixed = |leaf: &Leaf| names.contains(&leaf.section.as_str());
            leaves.retain(|leaf| !is_fixed(leaf));
            leaves.extend(from.leaves()?.into_iter().filter(is_fixed));
        }
        Ok(leaves)
    }

    fn error(&self, name: &str, error: &Fault) -> Error {
        let place = error.at().and_then(|at| self.sources.place(&(at..at)));
        let place = place.map_or_else(|| super::source::NAME.to_owned(), |place| place.to_string());
        let message = error.reason();
        let failure = Error::usage(format!("{place}: {name}: {message}"));
        // serde lists what it knows: "unknown field `a`, expected one of `b`, `c`".
        let mut quoted = message.split('`').skip(1).step_by(2);
        match (message.starts_with("unknown field") || message.starts_with("unknown variant"), quoted.next())
        {
            (true, Some(found)) => match nearest(found, quoted) {
                Some(near) => failure.hint(did_you_mean(near)),
                None => failure,
            },
            _ => failure,
        }
    }
}

fn shifted_key<'t>(source: &Source, key: Spanned<DeString<'t>>) -> Spanned<DeString<'t>> {
    Spanned::new(source.shifted(&key.span()), key.into_inner())
}

fn shifted<'t>(source: &Source, value: Spanned<DeValue<'t>>) -> Spanned<DeValue<'t>> {
    let span = source.shifted(&value.span());
    let inner = match value.into_inner() {
        DeValue::Array(items) => {
            DeValue::Array(items.into_iter().map(|item| shifted(source, item)).collect::<DeArray<'t>>())
        }
        DeValue::Table(table) => DeValue::Table(filled(
            table.into_iter().map(|(key, value)| (shifted_key(source, key), shifted(source, value))),
        )),
        word => word,
    };
    Spanned::new(span, inner)
}

fn lay<'t>(farther: &mut DeTable<'t>, nearer: DeTable<'t>) {
    for (key, new) in nearer {
        let old = farther.remove(key.get_ref().as_ref()).map(Spanned::into_inner);
        let span = new.span();
        let merged = match (old, new.into_inner()) {
            (Some(DeValue::Table(mut old)), DeValue::Table(new)) => {
                lay(&mut old, new);
                DeValue::Table(old)
            }
            (_, new) => new,
        };
        farther.insert(key, Spanned::new(span, merged));
    }
}

fn collect(path: &[&str], table: &DeTable<'_>, sources: &Sources, leaves: &mut Vec<Leaf>) {
    for (key, value) in table {
        let mut path = path.to_vec();
        path.push(key.get_ref());
        if let DeValue::Table(inner) = value.get_ref() {
            collect(&path, inner, sources, leaves);
            continue;
        }
        let (section, key) =
            path.split_first().map_or(("", String::new()), |(first, rest)| (*first, rest.join(".")));
        let origin = sources.place(&value.span()).map(|place| place.to_string()).unwrap_or_default();
        leaves.push(Leaf { section: section.to_owned(), key, value: text_of(value.get_ref()), origin });
    }
}

fn text_of(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| text_of(item.get_ref())).collect();
            format!("[{}]", items.join(", "))
        }
        DeValue::Table(table) => {
            let items: Vec<String> = table
                .iter()
                .map(|(key, value)| format!("{} = {}", key.get_ref(), text_of(value.get_ref())))
                .collect();
            format!("{{ {} }}", items.join(", "))
        }
        DeValue::Datetime(time) => time.to_string(),
        other => super::scalar(other).unwrap_or_default(),
    }
}
