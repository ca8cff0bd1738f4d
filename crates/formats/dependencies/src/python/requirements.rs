//! `requirements.txt`: <https://pip.pypa.io/en/stable/reference/requirements-file-format/>.
//!
//! A list and no graph: what an entry needs itself stands nowhere, so every component's dependencies are incomplete. An entry
//! is pinned, or a constraint pins it, or its version is a known unknown.

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{Completeness, Component, Distribution, Hash, Inventory, Place, Scope, Source, Unknown};
use lw_model::lists::filled;

use super::marker::{Asked, holds, is_marker};
use super::pyproject::Pyproject;
use super::requirement::Requirement;
use super::{
    MARKER, REQUIREMENT, add_root, distribution, hash, index, is_name, nameless, normal, of_url, package,
};
use crate::text::Input;
use crate::{Error, Places, Tree, address};

/// How deep files may include each other.
const MAX_DEPTH: usize = 32;

/// How many files one list may be made of.
const MAX_FILES: usize = 256;

/// Reads a list of requirements and the lists it includes.
pub(super) fn read(places: &Places<'_>, file: &str) -> Result<Inventory, Error> {
    let tree = places.project;
    let folder = address::folder_of(file);
    let mut list = List::new(tree, nameless(folder).source);
    list.file(file, false, &mut Vec::new())?;
    let project = Pyproject::find(tree, folder)?;
    list.inventory(folder, project.as_ref())
}

/// What the files say, before it is made an inventory.
struct List<'a> {
    tree: &'a dyn Tree,
    entries: Vec<Entry>,
    constraints: BTreeMap<String, Vec<Entry>>,
    index: Option<String>,
    more_indexes: BTreeSet<String>,
    no_index: bool,
    unknowns: BTreeSet<Unknown>,
    files: usize,
    /// The project whose list it is.
    own: Source,
}

/// One requirement, where it stands, and what is said of it.
#[derive(Clone)]
struct Entry {
    place: Place,
    folder: String,
    what: What,
    hashes: Vec<Hash>,
    editable: bool,
}

#[derive(Clone)]
enum What {
    Named(Requirement),
    /// An address or a path, with the name, extras and marker that stand beside it.
    Bare {
        address: String,
        name: Option<String>,
        marker: Option<String>,
    },
}

impl<'a> List<'a> {
    fn new(tree: &'a dyn Tree, own: Source) -> Self {
        Self {
            tree,
            entries: Vec::new(),
            constraints: BTreeMap::new(),
            index: None,
            more_indexes: BTreeSet::new(),
            no_index: false,
            unknowns: BTreeSet::new(),
            files: 0,
            own,
        }
    }

    /// Reads one file; `open` are the files that led to it.
    fn file(&mut self, path: &str, constraint: bool, open: &mut Vec<String>) -> Result<(), Error> {
        let source = Input::open(self.tree, path, "requirements.txt")?;
        self.files += 1;
        if self.files > MAX_FILES {
            let problem = format!("it and the files it includes are more than {MAX_FILES}");
            return Err(Error::new(path, None, crate::Problem::TooLarge(problem)));
        }
        if let Some(coding) = coding(&source.text) {
            return Err(
                source.malformed(Some(1), format!("it is written in {coding:?}; UTF-8 and UTF-16 are read"))
            );
        }
        open.push(path.to_owned());
        for (line, text) in logical_lines(&source.text) {
            self.line(&source, line, &text, constraint, open)?;
            source.limit(self.entries.len())?;
        }
        open.pop();
        Ok(())
    }

    fn line(
        &mut self,
        source: &Input<'_>,
        line: u32,
        text: &str,
        constraint: bool,
        open: &mut Vec<String>,
    ) -> Result<(), Error> {
        let fail = |reason: String| source.malformed(Some(line), reason);
        let begin = text.split(' ').scan(0, |at, word| {
            let begin = *at;
            *at += word.len() + 1;
            Some((begin, word))
        });
        let options =
            begin.into_iter().find(|(_, word)| word.starts_with('-')).map_or(text.len(), |(at, _)| at);
        let (requirement, options) = text.split_at(options.min(text.len()));
        let requirement = requirement.trim();
        let options = options_of(options).map_err(fail)?;
        let folder = address::folder_of(source.file).to_owned();
        let place = Place { file: source.file.to_owned(), line: Some(line) };
        let hashes = |options: &[(String, String)]| -> Result<Vec<Hash>, Error> {
            let texts = options.iter().filter(|(name, _)| name == "--hash").map(|(_, value)| value);
            texts
                .map(|text| {
                    hash(text).ok_or_else(|| fail(format!("{text:?} is no hash of a known algorithm")))
                })
                .collect()
        };
        if !requirement.is_empty() {
            let known = ["--hash", "--global-option", "--install-option", "--config-settings"];
            if let Some((name, _)) = options.iter().find(|(name, _)| !known.contains(&name.as_str())) {
                return Err(fail(format!("{name} cannot stand behind a requirement")));
            }
            let what = what(requirement).map_err(fail)?;
            let entry = Entry { place, folder, what, hashes: hashes(&options)?, editable: false };
            self.add(entry, constraint);
            return Ok(());
        }
        for (name, value) in &options {
            match name.as_str() {
                "--index-url" => self.index = Some(value.clone()),
                "--extra-index-url" | "--find-links" => {
                    self.more_indexes.insert(value.clone());
                }
                "--no-index" => self.no_index = true,
                "--editable" => {
                    let what = bare(value);
                    let hashes = hashes(&options)?;
                    let entry =
                        Entry { place: place.clone(), folder: folder.clone(), what, hashes, editable: true };
                    self.add(entry, constraint);
                }
                "--requirement" | "--constraint" => {
                    let constraint = name == "--constraint";
                    self.include(source, line, value, constraint, open)?;
                }
                "--hash" | "--global-option" | "--install-option" | "--config-settings"
                    if !options.iter().any(|(name, _)| name == "--editable") =>
                {
                    return Err(fail(format!("{name} stands behind no requirement")));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn include(
        &mut self,
        source: &Input<'_>,
        line: u32,
        value: &str,
        constraint: bool,
        open: &mut Vec<String>,
    ) -> Result<(), Error> {
        if value.contains("://") && !value.starts_with("file:") {
            self.unknowns.insert(Unknown {
                what: address::clean(value),
                why: "the list lies behind an address, which is not read; put it beside this file".to_owned(),
                place: Some(Place { file: source.file.to_owned(), line: Some(line) }),
            });
            return Ok(());
        }
        let path =
            address::local(address::folder_of(source.file), value).filter(|path| !path.starts_with(".."));
        let path = path.ok_or_else(|| {
            source.inconsistent(Some(line), format!("{value:?} lies outside of the project"))
        })?;
        if open.contains(&path) {
            return Err(source.inconsistent(Some(line), format!("{path} includes itself by this line")));
        }
        if open.len() >= MAX_DEPTH {
            return Err(
                source.inconsistent(Some(line), format!("more than {MAX_DEPTH} files include each other"))
            );
        }
        if self.tree.read(&path)?.is_none() {
            return Err(
                source.inconsistent(Some(line), format!("there is no {path}, which this line includes"))
            );
        }
        self.file(&path, constraint, open)
    }

    fn add(&mut self, entry: Entry, constraint: bool) {
        if !constraint {
            self.entries.push(entry);
        } else if let What::Named(requirement) = &entry.what {
            self.constraints.entry(normal(&requirement.name)).or_default().push(entry);
        }
    }

    /// Where packages come from that only have a name.
    fn registry(&self) -> Source {
        if self.no_index || !self.more_indexes.is_empty() {
            // pip takes the best version of any of them, and which one that was stands nowhere.
            return Source::Unknown;
        }
        self.index.as_deref().map_or(Source::PublicRegistry, index)
    }

    fn inventory(self, folder: &str, project: Option<&Pyproject>) -> Result<Inventory, Error> {
        let mut inventory = Inventory::new();
        let mut root = project.map_or_else(|| nameless(folder), |project| project.root(folder));
        root.dependencies_known = Completeness::Incomplete;
        for index in self.index.iter().chain(&self.more_indexes) {
            root.property(
                "lw:python:index",
                match super::index(index) {
                    Source::Registry(url) => url,
                    _ => "https://pypi.org/simple".to_owned(),
                },
            );
        }
        let root = add_root(&mut inventory, root);
        inventory.unknowns.extend(self.unknowns.iter().cloned());
        let registry = self.registry();
        for entry in &self.entries {
            let (component, unknown) = self.component(entry, &registry)?;
            inventory.unknowns.extend(unknown);
            let Some(mut component) = component else { continue };
            component.dependencies_known = Completeness::Incomplete;
            component.places.insert(entry.place.clone());
            let id = inventory.add(component);
            inventory.depend(root, id);
        }
        Ok(inventory)
    }

    /// An entry as a component, and what of it is not known.
    fn component(
        &self,
        entry: &Entry,
        registry: &Source,
    ) -> Result<(Option<Component>, Option<Unknown>), Error> {
        let unknown = |what: &str, why: &str| {
            Some(Unknown { what: what.to_owned(), why: why.to_owned(), place: Some(entry.place.clone()) })
        };
        let mut hashes = entry.hashes.clone();
        let (mut component, missing, marker) = match &entry.what {
            What::Named(requirement) if requirement.url.is_none() => {
                let name = normal(&requirement.name);
                let constraints = self.constraints.get(&name).map(Vec::as_slice).unwrap_or_default();
                hashes.extend(constraints.iter().flat_map(|constraint| constraint.hashes.iter().cloned()));
                let pins = constraints.iter().filter_map(|constraint| match &constraint.what {
                    What::Named(requirement) => requirement.pin(),
                    What::Bare { .. } => None,
                });
                let version = requirement.pin().or_else(|| pins.into_iter().next());
                let mut component = package(&name, version, registry.clone());
                for extra in &requirement.extras {
                    component.property("lw:python:extra", extra.clone());
                }
                let mut missing = None;
                if version.is_none() {
                    component.property(REQUIREMENT, requirement.versions.clone());
                    let what = format!("{name}{}", requirement.versions);
                    missing =
                        unknown(&what, "no exact version is chosen; pin it with \"==\", as pip freeze does");
                }
                (component, missing, requirement.marker.as_deref())
            }
            What::Named(requirement) => {
                let url = requirement.url.as_deref().unwrap_or_default();
                let (component, missing) =
                    self.addressed(entry, url, Some(&requirement.name), &mut hashes)?;
                let Some(component) = component else { return Ok((None, missing)) };
                (component, missing, requirement.marker.as_deref())
            }
            What::Bare { address, name, marker } => {
                let (component, missing) = self.addressed(entry, address, name.as_deref(), &mut hashes)?;
                let Some(component) = component else { return Ok((None, missing)) };
                (component, missing, marker.as_deref())
            }
        };
        if entry.editable {
            component.property("lw:python:editable", "true");
        }
        if let Some(marker) = marker {
            component.property(MARKER, marker);
            // pip installs a list without any extra, so what asks for one is never installed from it.
            if holds(marker, Asked { extras: Some(&[]), groups: Some(&[]), interpreter: None }) == Some(false)
            {
                component.scope = Scope::Optional;
            }
        }
        match component.distributions.first_mut() {
            Some(file) => file.hashes.extend(hashes),
            None => {
                // Each is the hash of another file: a wheel for another machine, or the source.
                let files = hashes
                    .into_iter()
                    .map(|hash| Distribution { hashes: filled([hash]), ..Distribution::default() });
                component.distributions.extend(files);
            }
        }
        Ok((Some(component), missing))
    }

    /// What lies behind an address or in a folder.
    fn addressed(
        &self,
        entry: &Entry,
        address: &str,
        name: Option<&str>,
        hashes: &mut Vec<Hash>,
    ) -> Result<(Option<Component>, Option<Unknown>), Error> {
        let source = of_url(&entry.folder, address);
        if source == self.own {
            // The list asks for the project itself, which is the root.
            return Ok((None, None));
        }
        let clean = match &source {
            Source::Path(path) => path.clone(),
            _ => address::clean(address),
        };
        let file = address::file_name(address).unwrap_or_default();
        let named = named_by(&file);
        let mut version = named.as_ref().map(|(_, version)| version.clone());
        let mut name = name.map(str::to_owned).or_else(|| named.map(|(name, _)| name));
        if let Source::Path(path) = &source
            && !path.starts_with("..")
            && version.is_none()
            && let Some(found) = Pyproject::find(self.tree, path)?.and_then(|project| project.project)
        {
            version = found.version;
            name = name.or(Some(found.name));
        }
        let unknown = |why: &str| {
            Some(Unknown { what: clean.clone(), why: why.to_owned(), place: Some(entry.place.clone()) })
        };
        let Some(name) = name else {
            return Ok((None, unknown("what lies there is not named; write \"name @ address\"")));
        };
        let missing = match &source {
            Source::Git { revision, .. } => {
                let is_commit =
                    |text: &String| text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
                match revision.as_ref().filter(|revision| is_commit(revision)) {
                    Some(_) => None,
                    None => unknown("which commit is taken is not said; write it behind an \"@\""),
                }
            }
            Source::Url(_) if version.is_none() => unknown("its file does not say which version it is"),
            _ => None,
        };
        let fragment = address.split_once('#').map_or("", |(_, fragment)| fragment);
        hashes.extend(fragment.split('&').filter_map(hash));
        let mut component = package(&name, version.as_deref(), source);
        if matches!(component.source, Source::Url(_)) {
            component.distributions.push(distribution(Some(address), None, []));
        }
        Ok((Some(component), missing))
    }
}

/// What a requirement's text means.
fn what(text: &str) -> Result<What, String> {
    let archive = [".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz"];
    let is_archive =
        text.split([';', ' ']).next().is_some_and(|first| archive.iter().any(|end| first.ends_with(end)));
    let begin = text.split(['[', ';', ' ', '=', '<', '>', '!', '~', '@']).next().unwrap_or_default();
    let is_path = begin.starts_with('.') || begin.contains(['/', '\\']) || begin.contains(':');
    if is_archive && !text.contains('@') || is_path {
        let what = bare(text);
        if let What::Bare { marker: Some(marker), .. } = &what
            && !is_marker(marker)
        {
            return Err(format!("{marker:?} is no environment marker"));
        }
        return Ok(what);
    }
    Requirement::parse(text).map(What::Named)
}

/// An address or path with what may stand behind it: `#egg=name`, `[extra]`, ` ; marker`.
fn bare(text: &str) -> What {
    // `-e name @ address` is a requirement as any other.
    if let Ok(requirement) = Requirement::parse(text)
        && requirement.url.is_some()
    {
        return What::Named(requirement);
    }
    let (address, marker) = match text.split_once(" ;").or_else(|| text.split_once("; ")) {
        Some((address, marker)) => (address.trim(), Some(marker.trim().to_owned())),
        None => (text.trim(), None),
    };
    let fragment = address.split_once('#').map_or("", |(_, fragment)| fragment);
    let egg = fragment.split('&').find_map(|part| part.strip_prefix("egg="));
    let egg = egg.map(|egg| address::unescape(egg.split('[').next().unwrap_or(egg)));
    let address = match address.split_once('[') {
        Some((path, extras)) if !address.contains("://") && extras.ends_with(']') => path,
        _ => address,
    };
    What::Bare { address: address.to_owned(), name: egg.filter(|egg| is_name(egg)), marker }
}

/// Name and version that the name of a wheel or of an archive of source says.
/// <https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-format>
pub(super) fn named_by(file: &str) -> Option<(String, String)> {
    if let Some(stem) = file.strip_suffix(".whl") {
        let mut parts = stem.split('-');
        let (name, version) = (parts.next()?, parts.next()?);
        return ((3..=4).contains(&parts.count()) && is_name(name))
            .then(|| (name.to_owned(), version.to_owned()));
    }
    let ends = [".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz"];
    let stem = ends.iter().find_map(|end| file.strip_suffix(end))?;
    let (name, version) = stem.rsplit_once('-')?;
    let is_version = version.starts_with(|first: char| first.is_ascii_digit());
    (is_version && is_name(name)).then(|| (name.to_owned(), version.to_owned()))
}

/// Lines as pip joins them, without comments, each with the number of its first.
fn logical_lines(text: &str) -> Vec<(u32, String)> {
    let mut lines = Vec::new();
    let mut joined: Option<(u32, String)> = None;
    for (number, line) in (1u32..).zip(text.lines()) {
        let is_comment = line.trim_start().starts_with('#');
        let goes_on = line.ends_with('\\') && !is_comment;
        let (first, mut whole) = joined.take().unwrap_or((number, String::new()));
        if is_comment {
            whole.push(' ');
        }
        whole.push_str(if goes_on { line.trim_end_matches('\\') } else { line });
        if goes_on {
            joined = Some((first, whole));
        } else {
            lines.push((first, whole));
        }
    }
    lines.extend(joined);
    let plain = |line: &str| {
        let mut before = ' ';
        let comment = line.char_indices().find(|&(_, character)| {
            let begins = character == '#' && before.is_whitespace();
            before = character;
            begins
        });
        let end = comment.map_or(line.len(), |(at, _)| at);
        line.get(..end).unwrap_or(line).trim().replace('\t', " ")
    };
    let lines = lines.into_iter().map(|(number, line)| (number, plain(&line)));
    lines.filter(|(_, line)| !line.is_empty()).collect()
}

/// The encoding that a comment in one of the first two lines names, where it is none that is read.
fn coding(text: &str) -> Option<&str> {
    let named = text.lines().take(2).filter(|line| line.starts_with('#')).find_map(|line| {
        let rest = line.split_once("coding").map(|(_, rest)| rest)?;
        let rest = rest.strip_prefix([':', '='])?.trim_start();
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(rest.len());
        rest.get(..end).filter(|name| !name.is_empty())
    })?;
    let plain = ["utf-8", "utf8", "ascii", "us-ascii", "utf-8-sig", "utf-16", "utf16"];
    (!plain.contains(&named.to_ascii_lowercase().replace('_', "-").as_str())).then_some(named)
}

/// An option by any of its names: its long one, whether it has a value.
fn option(name: &str) -> Option<(&'static str, bool)> {
    Some(match name {
        "-i" | "--index-url" | "--pypi-url" => ("--index-url", true),
        "--extra-index-url" => ("--extra-index-url", true),
        "--no-index" => ("--no-index", false),
        "-f" | "--find-links" => ("--find-links", true),
        "-r" | "--requirement" => ("--requirement", true),
        "-c" | "--constraint" => ("--constraint", true),
        "-e" | "--editable" => ("--editable", true),
        "--hash" => ("--hash", true),
        "--global-option" => ("--global-option", true),
        "--install-option" => ("--install-option", true),
        "-C" | "--config-setting" | "--config-settings" => ("--config-settings", true),
        "--no-binary" => ("--no-binary", true),
        "--only-binary" => ("--only-binary", true),
        "--trusted-host" => ("--trusted-host", true),
        "--use-feature" => ("--use-feature", true),
        "--uploaded-prior-to" => ("--uploaded-prior-to", true),
        "--prefer-binary" => ("--prefer-binary", false),
        "--require-hashes" => ("--require-hashes", false),
        "--pre" => ("--pre", false),
        _ => return None,
    })
}

/// Options with their values, split as a shell would.
fn options_of(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut options = Vec::new();
    let mut words = words(text)?.into_iter();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
            // `-rfile` is `-r file`.
            _ if word.len() > 2
                && word.starts_with('-')
                && !word.starts_with("--")
                && word.is_char_boundary(2) =>
            {
                let (name, value) = word.split_at(2);
                (name.to_owned(), Some(value.strip_prefix('=').unwrap_or(value).to_owned()))
            }
            _ => (word, None),
        };
        let (long, has_value) =
            option(&name).ok_or_else(|| format!("{name:?} is no option of a list of requirements"))?;
        let value = match (has_value, value) {
            (true, Some(value)) => value,
            (true, None) => words.next().ok_or_else(|| format!("{name} wants a value"))?,
            (false, None) => String::new(),
            (false, Some(_)) => return Err(format!("{name} has no value")),
        };
        options.push((long.to_owned(), value));
    }
    Ok(options)
}

fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), character) if open == character => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, character) if character.is_whitespace() => words.extend(word.take()),
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(characters.next()),
            (_, character) => word.get_or_insert_default().push(character),
        }
    }
    if quote.is_some() {
        return Err("a quotation mark has no other".to_owned());
    }
    words.extend(word);
    Ok(words)
}
