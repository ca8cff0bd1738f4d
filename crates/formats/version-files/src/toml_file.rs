//! `Cargo.toml`, `Cargo.lock` and `pyproject.toml`.

use std::ops::Range;

use lw_model::lists::sort_by_key;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::FileVersions;
use crate::error::VersionFileError;
use crate::place::{Form, Place, Role};
use crate::source::Source;

type Value<'a> = Spanned<DeValue<'a>>;

fn parse<'a>(source: &Source<'a>) -> Result<Spanned<DeTable<'a>>, VersionFileError> {
    DeTable::parse(source.text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        source.wrong(offset, error.message().to_owned())
    })
}

fn table<'t, 'a>(value: Option<&'t Value<'a>>) -> Option<&'t DeTable<'a>> {
    match value?.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

fn at<'t, 'a>(root: &'t DeTable<'a>, path: &[&str]) -> Option<&'t Value<'a>> {
    let (last, folders) = path.split_last()?;
    let mut here = root;
    for folder in folders {
        here = table(here.get(*folder))?;
    }
    here.get(*last)
}

fn text<'t>(value: Option<&'t Value<'_>>) -> Option<&'t str> {
    match value?.get_ref() {
        DeValue::String(text) => Some(text),
        _ => None,
    }
}

/// What stands between the quotes of a string.
///
/// # Errors
/// When it is no string, or one that is written with escapes, which nothing else in these files needs for a version.
fn inside(source: &Source<'_>, what: &str, value: &Value<'_>) -> Result<Range<usize>, VersionFileError> {
    let span = value.span();
    let raw = source.get(span.clone());
    if let DeValue::String(text) = value.get_ref() {
        for quotes in ["\"\"\"", "'''", "\"", "'"] {
            let inner = raw.strip_prefix(quotes).and_then(|rest| rest.strip_suffix(quotes));
            if inner == Some(&**text) {
                return Ok(span.start + quotes.len()..span.end - quotes.len());
            }
        }
    }
    Err(VersionFileError::NotAVersion {
        line: source.line(span.start),
        what: what.to_owned(),
        text: crate::source::shortened(raw),
    })
}

fn own(
    source: &Source<'_>,
    root: &DeTable<'_>,
    path: &[&str],
    form: Form,
) -> Result<Option<Place>, VersionFileError> {
    let Some(value) = at(root, path) else { return Ok(None) };
    let what = path.join(".");
    let range = inside(source, &what, value)?;
    source.place(what, range, form, Role::Own).map(Some)
}

pub(crate) fn cargo(source: &Source<'_>) -> Result<FileVersions, VersionFileError> {
    let root = parse(source)?;
    let root = root.get_ref();
    let mut found = FileVersions {
        package: text(at(root, &["package", "name"])).map(str::to_owned),
        inherits: matches!(
            at(root, &["package", "version", "workspace"]).map(Spanned::get_ref),
            Some(DeValue::Boolean(true))
        ),
        ..FileVersions::default()
    };
    if let Some(DeValue::Array(members)) = at(root, &["workspace", "members"]).map(Spanned::get_ref) {
        found.members = members.iter().filter_map(|member| text(Some(member))).map(str::to_owned).collect();
    }
    if !found.inherits {
        found.places.extend(own(source, root, &["package", "version"], Form::Whole)?);
    }
    found.places.extend(own(source, root, &["workspace", "package", "version"], Form::Whole)?);
    found.without = Some(if found.inherits {
        "its version is that of the workspace"
    } else {
        "it has neither package.version nor workspace.package.version"
    });
    let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
    let mut tables: Vec<(String, &DeTable<'_>)> = Vec::new();
    for section in sections {
        tables.extend(table(root.get(section)).map(|table| (section.to_owned(), table)));
    }
    tables.extend(
        table(at(root, &["workspace", "dependencies"])).map(|table| ("workspace.dependencies".into(), table)),
    );
    for (target, value) in table(root.get("target")).into_iter().flatten() {
        for section in sections {
            let inner = table(Some(value)).and_then(|target| table(target.get(section)));
            tables.extend(inner.map(|table| (format!("target.{}.{section}", target.get_ref()), table)));
        }
    }
    for (section, dependencies) in tables {
        for (key, value) in dependencies {
            let Some(dependency) = table(Some(value)) else { continue };
            let (Some(_), Some(asked)) = (dependency.get("path"), dependency.get("version")) else {
                continue;
            };
            let what = format!("{section}.{}.version", key.get_ref());
            let Ok(range) = inside(source, &what, asked) else { continue };
            let requirement = source.get(range.clone());
            let lead = requirement.len() - requirement.trim_start().len();
            let Some(rest) = requirement.trim_start().strip_prefix('=') else { continue };
            let start = range.start + lead + 1 + (rest.len() - rest.trim_start().len());
            let pinned = rest.trim();
            let name = text(dependency.get("package")).unwrap_or(key.get_ref());
            let range = start..start + pinned.len();
            if crate::source::is_version(pinned) {
                found.places.push(source.place(what, range, Form::Whole, Role::Pin(name.to_owned()))?);
            }
        }
    }
    sort_by_key(&mut found.places, |place| place.range.start);
    Ok(found)
}

pub(crate) fn cargo_lock(source: &Source<'_>) -> Result<FileVersions, VersionFileError> {
    let root = parse(source)?;
    let mut found =
        FileVersions { without: Some("a lock file has none of its own"), ..FileVersions::default() };
    let Some(DeValue::Array(packages)) = root.get_ref().get("package").map(Spanned::get_ref) else {
        return Ok(found);
    };
    let mut here: lw_hashed::HashSet<(&str, &str)> = lw_hashed::HashSet::new();
    for package in packages {
        let Some(package) = table(Some(package)) else { continue };
        let (Some(name), Some(value)) = (text(package.get("name")), package.get("version")) else { continue };
        if package.get("source").is_some() {
            continue;
        }
        if let Some(version) = text(Some(value)) {
            here.insert((name, version));
        }
        let what = format!("package {name}");
        let range = inside(source, &what, value)?;
        found.places.push(source.place(what, range, Form::Whole, Role::Lock(name.to_owned()))?);
    }
    // Where several packages have one name, dependencies are named with their version.
    for package in packages {
        let Some(package) = table(Some(package)) else { continue };
        let Some(DeValue::Array(dependencies)) = package.get("dependencies").map(Spanned::get_ref) else {
            continue;
        };
        for value in dependencies {
            let Some((name, version)) = text(Some(value)).and_then(|text| text.split_once(' ')) else {
                continue;
            };
            if !here.contains(&(name, version)) {
                continue;
            }
            let what = format!("dependency {name}");
            let range = inside(source, &what, value)?;
            let range = range.start + name.len() + 1..range.end;
            found.places.push(source.place(what, range, Form::Whole, Role::Lock(name.to_owned()))?);
        }
    }
    sort_by_key(&mut found.places, |place| place.range.start);
    Ok(found)
}

pub(crate) fn pyproject(source: &Source<'_>) -> Result<FileVersions, VersionFileError> {
    let root = parse(source)?;
    let root = root.get_ref();
    let mut places: Vec<Place> =
        own(source, root, &["project", "version"], Form::Python)?.into_iter().collect();
    places.extend(own(source, root, &["tool", "poetry", "version"], Form::Python)?);
    sort_by_key(&mut places, |place| place.range.start);
    let is_dynamic = match at(root, &["project", "dynamic"]).map(Spanned::get_ref) {
        Some(DeValue::Array(names)) => names.iter().any(|name| text(Some(name)) == Some("version")),
        _ => false,
    };
    let without = Some(if is_dynamic {
        "its version is dynamic: what builds the package makes it"
    } else {
        "it has neither project.version nor tool.poetry.version"
    });
    Ok(FileVersions { places, without, ..FileVersions::default() })
}
