//! `matrix`: what a workflow builds, as JSON that `fromJSON` reads.

use std::path::Path;

use lw_cli::{Context, Error, ResultExt};
use lw_dependencies::{BuildFile, environments};
use lw_model::{Align, Cell, Measure, Report, Table};
use serde_json::{Map, Value, json};

use crate::args::Matrix;

/// The most jobs that GitHub makes of a matrix.
const MAX_JOBS: usize = 256;
/// The most bytes of a file of environments.
const MAX_BYTES: usize = 16 << 20;

/// Reads the files, combines what they name, and hands it over.
///
/// # Errors
/// When there is nothing to build, more than a workflow can, or a file is not what its name says.
pub(crate) fn run(args: &Matrix, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    if args.from.is_empty() && args.axis.is_empty() {
        return Err(Error::usage("nothing says what there is to build").hint(
            "give --from platformio.ini (or tox.ini, Cargo.toml, what nox --list --json printed), or --axis",
        ));
    }
    let mut entries: Vec<Map<String, Value>> = Vec::new();
    for path in cx.expand(&args.from, report)? {
        entries.extend(read(&path, args, cx)?);
    }
    if entries.is_empty() && !args.from.is_empty() {
        return Err(Error::input("no environment is left to build")
            .hint("GitHub refuses an empty matrix; see what --only and --without leave"));
    }
    if entries.is_empty() {
        entries.push(Map::new());
    }
    for (index, axis) in args.axis.iter().enumerate() {
        entries = combined(&entries, axis, &cx.origin("axis", index).place())?;
    }
    if entries.len() > MAX_JOBS {
        return Err(Error::usage(format!(
            "the matrix has {} jobs, and GitHub makes {MAX_JOBS} at most",
            entries.len()
        ))
        .hint("leave some out with --only and --without, or make two matrices"));
    }
    report.measures.push(Measure::count("matrix.jobs", entries.len() as u64).label("jobs"));
    report.tables.push(table(&entries));
    let matrix = json!({ "include": entries }).to_string();
    cx.figure(lw_model::counted(entries.len(), "job"));
    cx.output("matrix", matrix.clone());
    cx.set_format("matrix", matrix + "\n");
    cx.judge(report, None);
    Ok(())
}

fn read(path: &Path, args: &Matrix, cx: &Context) -> Result<Vec<Map<String, Value>>, Error> {
    let file = cx.display_path(path);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let kind = BuildFile::of_name(&name).ok_or_else(|| {
        Error::usage(format!("{file}: a file of this name has no environments that are known"))
            .hint("platformio.ini, tox.ini, tox.toml, pyproject.toml, setup.cfg and Cargo.toml are read, and JSON of nox --list --json")
    })?;
    let bytes = cx.open(path)?;
    if bytes.len() > MAX_BYTES {
        return Err(Error::input(format!("{file}: it has more than {MAX_BYTES} bytes"))
            .hint("is it what it should be?"));
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|error| Error::input(format!("offset {}: not UTF-8", error.valid_up_to())))
        .context(file.clone())?;
    let fits = |patterns: &[String], name: &str| {
        patterns.iter().any(|pattern| pattern == name || fast_glob::glob_match(pattern, name))
    };
    let all = environments(kind, &file, text)?;
    let kept = all.into_iter().filter(|one| {
        (args.only.is_empty() || fits(&args.only, &one.name)) && !fits(&args.without, &one.name)
    });
    Ok(kept
        .map(|one| {
            let mut entry = Map::new();
            entry.insert("environment".into(), one.name.into());
            entry.extend(one.fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())));
            entry
        })
        .collect())
}

/// Every entry with every value of an axis.
fn combined(
    entries: &[Map<String, Value>],
    axis: &str,
    place: &str,
) -> Result<Vec<Map<String, Value>>, Error> {
    let malformed = || {
        Error::usage(format!("{place}: `{axis}` is no axis"))
            .hint("write NAME=VALUE,VALUE, such as os=ubuntu-latest,macos-latest")
    };
    let (name, values) = axis.split_once('=').ok_or_else(malformed)?;
    let name = name.trim();
    let values: Vec<&str> = values.split(',').map(str::trim).filter(|value| !value.is_empty()).collect();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if values.is_empty() || name.is_empty() || !name.chars().all(is_name) {
        return Err(malformed());
    }
    if entries.iter().any(|entry| entry.contains_key(name)) {
        return Err(Error::usage(format!("{place}: every entry has a `{name}` already"))
            .hint("give the axis another name"));
    }
    if entries.len().saturating_mul(values.len()) > MAX_JOBS * 40 {
        return Err(Error::usage(format!("{place}: the matrix becomes far larger than {MAX_JOBS} jobs"))
            .hint("leave some out with --only and --without"));
    }
    let with = |entry: &Map<String, Value>, value: &&str| {
        let mut entry = entry.clone();
        entry.insert(name.to_owned(), (*value).into());
        entry
    };
    Ok(entries.iter().flat_map(|entry| values.iter().map(move |value| with(entry, value))).collect())
}

fn table(entries: &[Map<String, Value>]) -> Table {
    let mut names: Vec<&String> = Vec::new();
    for name in entries.iter().flat_map(Map::keys) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let columns: Vec<(&str, Align)> = names.iter().map(|name| (name.as_str(), Align::Left)).collect();
    let mut table = Table::new("matrix", "Jobs", &columns);
    for entry in entries {
        let cell = |name: &&String| match entry.get(name.as_str()).and_then(Value::as_str) {
            Some(value) => Cell::Code(value.to_owned()),
            None => Cell::Empty,
        };
        table.rows.push(names.iter().map(cell).collect());
    }
    table
}
