//! `Cargo.lock`, of which there are four versions.
//!
//! The format is what `cargo/src/cargo/core/resolver/encode.rs` of rust-lang/cargo writes and says about itself. Read here and
//! not by the crate `cargo-lock`, which keeps no lines and refuses what its URL parser refuses.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lw_hashed::HashMap;
use lw_syntax::toml;
use lw_syntax::tree::Placed;
use serde::Deserialize;

use crate::origin::MAX_PACKAGES;
use crate::text::{Lines, fault, malformed};
use crate::{Error, Problem};

pub(super) const FORMAT: &str = "Cargo.lock";

/// A lock file: packages and the edges between them, by index.
pub(super) struct Lock {
    pub(super) packages: Vec<Locked>,
}

pub(super) struct Locked {
    pub(super) name: String,
    pub(super) version: String,
    /// As the file writes it; none for what lies in the project.
    pub(super) source: Option<String>,
    /// SHA-256 of the crate, in hexadecimal digits.
    pub(super) checksum: Option<String>,
    pub(super) dependencies: Vec<usize>,
    pub(super) line: u32,
    /// Another package stands for it (`[replace]`).
    pub(super) replaced: bool,
}

#[derive(Deserialize)]
struct File<'a> {
    version: Option<u32>,
    #[serde(borrow)]
    root: Option<Entry<'a>>,
    #[serde(borrow, default)]
    package: Vec<Entry<'a>>,
    #[serde(borrow, default)]
    metadata: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    name: Placed<Cow<'a, str>>,
    #[serde(borrow)]
    version: Cow<'a, str>,
    #[serde(borrow)]
    source: Option<Cow<'a, str>>,
    #[serde(borrow)]
    checksum: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    dependencies: Vec<Placed<Cow<'a, str>>>,
    #[serde(borrow)]
    replace: Option<Placed<Cow<'a, str>>>,
}

/// Packages by name, then by version and source, which a reference gives as far as it must.
#[derive(Default)]
struct Names<'a> {
    by_name: HashMap<&'a str, Vec<usize>>,
    exact: HashMap<(&'a str, &'a str, &'a str), usize>,
}

enum Found {
    One(usize),
    None,
    Several,
}

impl<'a> Names<'a> {
    fn of(entries: &'a [Entry<'a>]) -> Self {
        let mut names = Self::default();
        for (index, entry) in entries.iter().enumerate() {
            let name = entry.name.value.as_ref();
            names.by_name.entry(name).or_default().push(index);
            let source = entry.source.as_deref().unwrap_or_default();
            names.exact.entry((name, &entry.version, precise(source).0)).or_insert(index);
        }
        names
    }

    /// `name`, `name version` or `name version (source)`. A reference never has the commit of a git source.
    fn find(&self, entries: &[Entry<'_>], reference: &str) -> Found {
        let mut words = reference.splitn(3, ' ');
        let name = words.next().unwrap_or_default();
        let (version, source) = (words.next(), words.next());
        if let (Some(version), Some(source)) = (version, source) {
            let source =
                source.strip_prefix('(').and_then(|source| source.strip_suffix(')')).unwrap_or(source);
            let found = self.exact.get(&(name, version, precise(source).0));
            return found.map_or(Found::None, |index| Found::One(*index));
        }
        let candidates = self.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        let fits = |index: &&usize| match (version, entries.get(**index)) {
            (None, _) => true,
            (Some(version), Some(entry)) => entry.version == version,
            _ => false,
        };
        let mut fitting = candidates.iter().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some(one), None) => Found::One(*one),
            (None, _) => Found::None,
            (Some(_), Some(_)) => {
                // The first versions of the format left the source out for what lies in the project.
                let is_local =
                    |index: &&usize| entries.get(**index).is_some_and(|entry| entry.source.is_none());
                let mut local = candidates.iter().filter(fits).filter(is_local);
                match (local.next(), local.next()) {
                    (Some(one), None) if version.is_some() => Found::One(*one),
                    _ => Found::Several,
                }
            }
        }
    }
}

/// A source and the commit after its `#`.
pub(super) fn precise(source: &str) -> (&str, Option<&str>) {
    match source.split_once('#') {
        Some((source, commit)) => (source, Some(commit)),
        None => (source, None),
    }
}

pub(super) fn read(text: &str, path: &str) -> Result<Lock, Error> {
    let tree = toml::read(text).map_err(|error| fault(path, text, FORMAT, &error))?;
    let file: File<'_> = tree.document().read().map_err(|error| fault(path, text, FORMAT, &error))?;
    if let Some(version) = file.version.filter(|version| !(1..=4).contains(version)) {
        let problem = Problem::Version { format: FORMAT, version: version.to_string() };
        return Err(Error::new(path, None, problem));
    }
    if file.package.len() > MAX_PACKAGES {
        let problem =
            Problem::TooLarge(format!("{} packages are more than any project has", file.package.len()));
        return Err(Error::new(path, None, problem));
    }
    let lines = Lines::of(text);
    let mut entries = file.package;
    entries.extend(file.root);
    let names = Names::of(&entries);
    let find = |reference: &Placed<Cow<'_, str>>| {
        let text = &reference.value;
        let problem = match names.find(&entries, text) {
            Found::One(index) => return Ok(index),
            Found::None => Problem::Inconsistent(format!("no package is {text:?}, which is needed here")),
            Found::Several => Problem::Inconsistent(format!("several packages are {text:?}")),
        };
        let line = Some(lines.at(reference.at));
        Err(Error::new(path, line, problem))
    };
    let mut replacements = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        if let Some(replace) = &entry.replace {
            replacements.insert(index, find(replace)?);
        }
    }
    let mut packages = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let name = &entry.name.value;
        let line = lines.at(entry.name.at);
        if name.is_empty() || entry.version.is_empty() {
            return Err(malformed(path, line, FORMAT, "a package has no name or no version"));
        }
        let mut dependencies = Vec::with_capacity(entry.dependencies.len());
        for reference in &entry.dependencies {
            let index = find(reference)?;
            dependencies.push(replacements.get(&index).copied().unwrap_or(index));
        }
        let checksum = entry.checksum.as_deref().or_else(|| {
            // Version 1 keeps checksums apart, under the package's full reference.
            let source = entry.source.as_deref().filter(|_| !file.metadata.is_empty())?;
            let key = format!("checksum {name} {} ({source})", entry.version);
            file.metadata.get(key.as_str()).map(AsRef::as_ref)
        });
        packages.push(Locked {
            name: name.to_string(),
            version: entry.version.to_string(),
            source: entry.source.as_deref().map(str::to_owned),
            checksum: checksum.map(str::to_owned),
            dependencies,
            line,
            replaced: replacements.contains_key(&index),
        });
    }
    Ok(Lock { packages })
}
