//! What a project is built in: the environments of PlatformIO and tox, the sessions of nox, the features of Cargo.

use std::collections::{BTreeMap, BTreeSet};

use lw_model::lists::filled;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::embedded::ini::Ini;
use crate::embedded::input::malformed;
use crate::text::{json, toml};
use crate::{Error, Problem};

/// The most environments of one file.
const MAX: usize = 10_000;

/// One of several ways to build a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// What the tool is told: `pio run -e NAME`, `tox -e NAME`, `nox -s NAME`.
    pub name: String,
    /// What is known of it besides, such as its board.
    pub fields: Vec<(&'static str, String)>,
}

impl Environment {
    fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), fields: Vec::new() }
    }
}

/// Which of the files it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildFile {
    /// `platformio.ini`: every `[env:NAME]`.
    PlatformIo,
    /// `tox.ini`: `env_list` of `[tox]`, with its braces taken apart.
    ToxIni,
    /// `setup.cfg`: the same of `[tox:tox]`.
    SetupCfg,
    /// `tox.toml`.
    ToxToml,
    /// `pyproject.toml`: `[tool.tox]`.
    PyProject,
    /// What `nox --list --json` prints. A noxfile is a program, which only nox can read.
    Nox,
    /// `Cargo.toml`: no feature, each, and all.
    Cargo,
}

impl BuildFile {
    /// The file of this name; JSON of any name is of nox.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "platformio.ini" => Some(Self::PlatformIo),
            "tox.ini" => Some(Self::ToxIni),
            "setup.cfg" => Some(Self::SetupCfg),
            "tox.toml" => Some(Self::ToxToml),
            "pyproject.toml" => Some(Self::PyProject),
            "Cargo.toml" => Some(Self::Cargo),
            _ => name.ends_with(".json").then_some(Self::Nox),
        }
    }
}

/// Reads the environments, in the order of the file; `file` is its name in errors.
///
/// # Errors
/// When it is not what its name says, or has none.
pub fn environments(kind: BuildFile, file: &str, text: &str) -> Result<Vec<Environment>, Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let all = match kind {
        BuildFile::PlatformIo => platformio(file, text)?,
        BuildFile::ToxIni => tox_ini(file, text, "tox")?,
        BuildFile::SetupCfg => tox_ini(file, text, "tox:tox")?,
        BuildFile::ToxToml | BuildFile::PyProject => tox_toml(kind, file, text)?,
        BuildFile::Nox => nox(file, text)?,
        BuildFile::Cargo => cargo(file, text)?,
    };
    let mut seen = BTreeSet::new();
    let all: Vec<Environment> = all.into_iter().filter(|one| seen.insert(one.name.clone())).collect();
    if all.is_empty() {
        return Err(malformed(file, None, "file of environments", "it has none"));
    }
    Ok(all)
}

fn too_many(file: &str) -> Error {
    let problem = Problem::TooLarge(format!("there are more than {MAX} environments"));
    Error::new(file, None, problem)
}

fn platformio(file: &str, text: &str) -> Result<Vec<Environment>, Error> {
    let ini = Ini::parse(file, text)?;
    if ini.environments().len() > MAX {
        return Err(too_many(file));
    }
    let of = |name: &String| {
        let section = format!("env:{name}");
        let mut fields = Vec::new();
        for option in ["board", "platform", "framework"] {
            if let Some(value) = ini.get(&section, option)? {
                fields.push((option, value.text.split_whitespace().collect::<Vec<_>>().join(" ")));
            }
        }
        Ok(Environment { name: name.clone(), fields })
    };
    ini.environments().iter().map(of).collect()
}

fn tox_ini(file: &str, text: &str, section: &str) -> Result<Vec<Environment>, Error> {
    let ini = Ini::parse(file, text)?;
    for option in ["env_list", "envlist"] {
        if let Some(value) = ini.get(section, option)? {
            return tox_names(file, value.line, &value.text);
        }
    }
    let reason = format!("[{section}] has no env_list");
    Err(malformed(file, None, "configuration of tox", reason))
}

fn tox_names(file: &str, line: u32, text: &str) -> Result<Vec<Environment>, Error> {
    let mut names = Vec::new();
    for item in items(text) {
        expand(file, line, &item, &mut names)?;
    }
    Ok(names.into_iter().map(Environment::named).collect())
}

/// The items of a list: apart by line ends and by commas outside of braces.
fn items(text: &str) -> Vec<String> {
    let (mut all, mut item, mut depth) = (Vec::new(), String::new(), 0_usize);
    for character in text.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if character == '\n' || (character == ',' && depth == 0) {
            all.push(std::mem::take(&mut item));
        } else if !character.is_whitespace() {
            // tox takes blanks within braces for nothing.
            item.push(character);
        }
    }
    all.push(item);
    all.retain(|item| !item.is_empty());
    all
}

/// `py{311,312}-{a,b}`, and since tox 4.25 `py3{11-14}`: every combination, the last brace the fastest.
fn expand(file: &str, line: u32, item: &str, names: &mut Vec<String>) -> Result<(), Error> {
    let mut all = vec![String::new()];
    let mut rest = item;
    while !rest.is_empty() {
        let (before, choices, after) = match rest.split_once('{') {
            None => (rest, vec![String::new()], ""),
            Some((before, within)) => {
                let (within, after) =
                    within.split_once('}').filter(|(within, _)| !within.contains('{')).ok_or_else(|| {
                        malformed(
                            file,
                            line,
                            "list of environments",
                            format!("`{item}` has a brace without its other half"),
                        )
                    })?;
                (before, within.split(',').flat_map(choices).collect(), after)
            }
        };
        if before.contains('}') {
            return Err(malformed(
                file,
                line,
                "list of environments",
                format!("`{item}` has a brace without its other half"),
            ));
        }
        if all.len().saturating_mul(choices.len()).saturating_add(names.len()) > MAX {
            return Err(too_many(file));
        }
        all = all
            .iter()
            .flat_map(|start| choices.iter().map(move |choice| format!("{start}{before}{choice}")))
            .collect();
        rest = after;
    }
    // An empty choice may leave a dash at the end: `py{,-slow}` has none, `py-{a,}` has.
    names.extend(
        all.into_iter().map(|name| name.trim_matches('-').to_owned()).filter(|name| !name.is_empty()),
    );
    Ok(())
}

/// A choice, or the numbers of a range.
fn choices(choice: &str) -> Vec<String> {
    let number =
        |text: &str| text.parse::<u32>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    match choice.split_once('-').and_then(|(first, last)| Some((number(first)?, number(last)?))) {
        Some((first, last)) if first <= last && last - first <= 1000 => {
            (first..=last).map(|number| number.to_string()).collect()
        }
        Some((first, last)) if last < first && first - last <= 1000 => {
            (last..=first).rev().map(|number| number.to_string()).collect()
        }
        _ => vec![choice.to_owned()],
    }
}

#[derive(Deserialize)]
struct ToxToml {
    env_list: Option<Vec<Value>>,
    legacy_tox_ini: Option<String>,
}

#[derive(Deserialize)]
struct PyProject {
    tool: Option<Tools>,
}

#[derive(Deserialize)]
struct Tools {
    tox: Option<ToxToml>,
}

fn tox_toml(kind: BuildFile, file: &str, text: &str) -> Result<Vec<Environment>, Error> {
    const FORMAT: &str = "configuration of tox";
    let table = if kind == BuildFile::ToxToml {
        Some(toml::<ToxToml>(file, text, FORMAT)?)
    } else {
        toml::<PyProject>(file, text, FORMAT)?.tool.and_then(|tools| tools.tox)
    };
    let Some(table) = table else { return Err(malformed(file, None, FORMAT, "it has no [tool.tox]")) };
    let Some(list) = table.env_list else {
        return match table.legacy_tox_ini {
            Some(ini) => tox_ini(file, &ini, "tox"),
            None => Err(malformed(file, None, FORMAT, "it has no env_list")),
        };
    };
    let mut names = Vec::new();
    for item in list {
        match item {
            Value::String(name) => names.push(name),
            Value::Object(table) => product(file, &table, &mut names)?,
            other => {
                let found = match other {
                    Value::Array(_) => "a list",
                    Value::Bool(_) => "a boolean",
                    _ => "a number",
                };
                let reason = format!("env_list has {found} where a name is expected");
                return Err(malformed(file, None, FORMAT, reason));
            }
        }
        if names.len() > MAX {
            return Err(too_many(file));
        }
    }
    Ok(names.into_iter().map(Environment::named).collect())
}

/// `{ product = [["py311", "py312"], ["a", "b"]], exclude = ["py311-b"] }`, or with ranges, `{ prefix = "py3", start = 11, stop
/// = 14 }` as a group (<https://tox.wiki/en/latest/config.html#env_list>).
fn product(file: &str, table: &Map<String, Value>, names: &mut Vec<String>) -> Result<(), Error> {
    let fail = |reason: &str| malformed(file, None, "configuration of tox", reason.to_owned());
    let words = |value: &Value| -> Result<Vec<String>, Error> {
        match value {
            Value::Array(items) => items
                .iter()
                .map(|item| {
                    item.as_str()
                        .map(str::to_owned)
                        .ok_or_else(|| fail("a group of `product` has no list of names"))
                })
                .collect(),
            Value::Object(range) => {
                let number = |name: &str| range.get(name).and_then(Value::as_i64);
                let prefix = range.get("prefix").and_then(Value::as_str);
                match (prefix, number("start"), number("stop")) {
                    (Some(prefix), Some(start), Some(stop))
                        if start <= stop && stop.saturating_sub(start) < 1000 =>
                    {
                        Ok((start..=stop).map(|number| format!("{prefix}{number}")).collect())
                    }
                    _ => Err(fail("a range of `product` needs prefix, start and stop")),
                }
            }
            _ => Err(fail("a group of `product` has no list of names")),
        }
    };
    let groups = table.get("product").and_then(Value::as_array);
    let groups = groups.ok_or_else(|| fail("env_list has a table without `product`"))?;
    let mut all: Vec<String> = vec![String::new()];
    for group in groups {
        let group = words(group)?;
        if all.len().saturating_mul(group.len()) > MAX {
            return Err(too_many(file));
        }
        let join = |start: &String, next: &String| match (start.is_empty(), next.is_empty()) {
            (true, _) => next.clone(),
            (_, true) => start.clone(),
            _ => format!("{start}-{next}"),
        };
        all = all.iter().flat_map(|start| group.iter().map(move |next| join(start, next))).collect();
    }
    let exclude = table.get("exclude").map(&words).transpose()?.unwrap_or_default();
    names.extend(all.into_iter().filter(|name| !name.is_empty() && !exclude.contains(name)));
    Ok(())
}

#[derive(Deserialize)]
struct Session {
    session: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    python: Option<String>,
}

fn nox(file: &str, text: &str) -> Result<Vec<Environment>, Error> {
    let sessions: Vec<Session> = json(file, text, "list of nox sessions")?;
    if sessions.len() > MAX {
        return Err(too_many(file));
    }
    let of = |session: Session| {
        let fields = [("session", session.name), ("python", session.python)];
        let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        Environment { name: session.session, fields }
    };
    Ok(sessions.into_iter().map(of).collect())
}

#[derive(Deserialize)]
struct Manifest {
    package: Option<IgnoredAny>,
    #[serde(default)]
    features: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    dependencies: BTreeMap<String, Value>,
    #[serde(default)]
    target: BTreeMap<String, Target>,
}

#[derive(Deserialize)]
struct Target {
    #[serde(default)]
    dependencies: BTreeMap<String, Value>,
}

/// What `cargo hack --each-feature` runs: nothing but the code itself, each feature, all of them.
fn cargo(file: &str, text: &str) -> Result<Vec<Environment>, Error> {
    const FORMAT: &str = "Cargo.toml";
    let manifest: Manifest = toml(file, text, FORMAT)?;
    if manifest.package.is_none() {
        return Err(malformed(file, None, FORMAT, "it has no [package]: name the one of a crate"));
    }
    let mut names: Vec<&str> =
        manifest.features.keys().map(String::as_str).filter(|name| *name != "default").collect();
    // A dependency that may be left out is a feature, unless a feature calls it `dep:NAME`.
    let called: BTreeSet<&str> =
        filled(manifest.features.values().flatten().filter_map(|item| item.strip_prefix("dep:")));
    let tables = std::iter::once(&manifest.dependencies)
        .chain(manifest.target.values().map(|target| &target.dependencies));
    for (name, dependency) in tables.flatten() {
        let optional = dependency.get("optional").and_then(Value::as_bool) == Some(true);
        if optional && !called.contains(name.as_str()) && !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    if names.len() > MAX {
        return Err(too_many(file));
    }
    let with = |name: &str, arguments: String| Environment {
        name: name.to_owned(),
        fields: vec![("arguments", arguments)],
    };
    let mut all = vec![with("no-features", "--no-default-features".to_owned())];
    all.extend(names.iter().map(|name| with(name, format!("--no-default-features --features {name}"))));
    all.push(with("all-features", "--all-features".to_owned()));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(kind: BuildFile, text: &str) -> Vec<String> {
        environments(kind, "f", text).unwrap().into_iter().map(|one| one.name).collect()
    }

    #[test]
    fn platformio_inherits_and_refers() {
        let text = "[common]\nboard = esp32-s3-devkitc-1\n[env]\nplatform = espressif32\n[env:a_release]\nboard = ${common.board}\n[env:a_debug]\nextends = env:a_release\nframework = arduino, espidf\n";
        let all = environments(BuildFile::PlatformIo, "platformio.ini", text).unwrap();
        assert_eq!(
            all[1].fields,
            [
                ("board", "esp32-s3-devkitc-1".to_owned()),
                ("platform", "espressif32".into()),
                ("framework", "arduino, espidf".into())
            ]
        );
        assert_eq!(names(BuildFile::PlatformIo, text), ["a_release", "a_debug"]);
    }

    /// The names are those tox 4 lists for the same text.
    #[test]
    fn tox_takes_braces_apart() {
        let text = "[tox]\nenv_list =\n    py{311,312}-{a,b}  # c\n    lint, docs\n";
        assert_eq!(
            names(BuildFile::ToxIni, text),
            ["py311-a", "py311-b", "py312-a", "py312-b", "lint", "docs"]
        );
        assert_eq!(
            names(BuildFile::ToxIni, "[tox]\nenvlist = py3{10-12}, x"),
            ["py310", "py311", "py312", "x"]
        );
        assert_eq!(names(BuildFile::SetupCfg, "[tox:tox]\nenvlist = a,b"), ["a", "b"]);
        let toml = "env_list = [\"lint\", { product = [[\"py311\", \"py312\"], [\"a\", \"b\"]], exclude = [\"py311-b\"] }]";
        assert_eq!(names(BuildFile::ToxToml, toml), ["lint", "py311-a", "py312-a", "py312-b"]);
        assert_eq!(
            names(BuildFile::PyProject, "[tool.tox]\nlegacy_tox_ini = \"\"\"\n[tox]\nenvlist = a\n\"\"\""),
            ["a"]
        );
        for bad in [
            "[tox]\nenvlist = py{311",
            "[tox]\nenvlist = a}b",
            "[tox]\nx = 1",
            "[tox]\nenvlist = ",
            "[tox]\nenvlist = {1-999}{1-999}",
        ] {
            assert!(environments(BuildFile::ToxIni, "tox.ini", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nox_and_cargo() {
        let json = r#"[{"session": "tests-3.11(dj='4')", "name": "tests", "python": "3.11"}, {"session": "lint", "name": "lint", "python": null}]"#;
        let all = environments(BuildFile::Nox, "nox.json", json).unwrap();
        assert_eq!(all[0].fields, [("session", "tests".to_owned()), ("python", "3.11".into())]);
        let cargo = "[package]\nname = \"x\"\n[features]\ndefault = [\"a\"]\na = [\"dep:serde\"]\n[dependencies]\nserde = { version = \"1\", optional = true }\nrayon = { version = \"1\", optional = true }\nfnv = \"1\"\n";
        assert_eq!(names(BuildFile::Cargo, cargo), ["no-features", "a", "rayon", "all-features"]);
        assert!(environments(BuildFile::Cargo, "Cargo.toml", "[workspace]\nmembers = []").is_err());
    }
}
