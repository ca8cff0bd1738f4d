//! `pyproject.toml`: what a project is called, and what it asks for.
//!
//! PEP 621 (`[project]`), PEP 735 (`[dependency-groups]`), and Poetry's own tables before and beside them.

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{Component, Contact, LicenceText, Reference, ReferenceKind, Scope, Source};
use lw_model::lists::filled;
use serde::Deserialize;
use serde_json::Value;

use super::requirement::Requirement;
use super::{nameless, normal, package};
use crate::address;
use crate::text::Input;
use crate::{Error, Tree};

/// What a project asks for directly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Direct {
    /// The normal name.
    pub(super) name: String,
    /// Extras of it, by their normal names.
    pub(super) extras: Vec<String>,
    /// Which versions will do, as they are written.
    pub(super) versions: Option<String>,
    /// Whether the project needs it to run.
    pub(super) scope: Scope,
}

/// A project's own description.
#[derive(Default)]
pub(super) struct Pyproject {
    /// The project itself, when it has a name.
    pub(super) project: Option<Component>,
    /// What it asks for, in order.
    pub(super) direct: BTreeSet<Direct>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    project: Option<Project>,
    #[serde(default)]
    dependency_groups: BTreeMap<String, Vec<Value>>,
    #[serde(default)]
    tool: Tool,
}

#[derive(Default, Deserialize)]
struct Tool {
    poetry: Option<Poetry>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Project {
    name: Option<String>,
    version: Option<String>,
    description: Option<String>,
    license: Option<Value>,
    #[serde(default)]
    authors: Vec<Person>,
    #[serde(default)]
    urls: BTreeMap<String, String>,
    #[serde(default)]
    dependencies: Vec<String>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, Vec<String>>,
}

#[derive(Default, Deserialize)]
struct Person {
    name: Option<String>,
    email: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Poetry {
    name: Option<String>,
    version: Option<String>,
    description: Option<String>,
    license: Option<String>,
    #[serde(default)]
    authors: Vec<String>,
    #[serde(default)]
    dependencies: BTreeMap<String, Value>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, Value>,
    #[serde(default)]
    group: BTreeMap<String, Group>,
    #[serde(default)]
    extras: BTreeMap<String, Vec<String>>,
}

#[derive(Default, Deserialize)]
struct Group {
    #[serde(default)]
    dependencies: BTreeMap<String, Value>,
}

impl Pyproject {
    /// Reads the description of a folder's project, where it has one.
    pub(super) fn find(tree: &dyn Tree, folder: &str) -> Result<Option<Self>, Error> {
        let path = address::join(folder, "pyproject.toml");
        let Some(source) = Input::find(tree, &path, "pyproject.toml")? else { return Ok(None) };
        let file: File = source.toml()?;
        let mut found = Self { project: component(&file, folder), direct: BTreeSet::new() };
        let mut ask = |requirement: &str, scope: Scope| -> Result<(), Error> {
            let requirement =
                Requirement::parse(requirement).map_err(|reason| source.malformed(None, reason))?;
            found.direct.insert(Direct {
                name: normal(&requirement.name),
                extras: requirement.extras,
                versions: Some(requirement.versions).filter(|versions| !versions.is_empty()),
                scope,
            });
            Ok(())
        };
        if let Some(project) = &file.project {
            for requirement in &project.dependencies {
                ask(requirement, Scope::Required)?;
            }
            for requirement in project.optional_dependencies.values().flatten() {
                ask(requirement, Scope::Optional)?;
            }
        }
        // Every group is read, so those that others include are among them.
        for requirement in file.dependency_groups.values().flatten().filter_map(Value::as_str) {
            ask(requirement, Scope::Excluded)?;
        }
        if let Some(poetry) = &file.tool.poetry {
            let optional: BTreeSet<String> =
                filled(poetry.extras.values().flatten().map(|name| normal(name)));
            // With `[project]` the table only says where to get what stands there.
            let enriches = file.project.as_ref().is_some_and(|project| !project.dependencies.is_empty());
            for (name, value) in poetry.dependencies.iter().filter(|(name, _)| normal(name) != "python") {
                let name = normal(name);
                let known =
                    found.direct.iter().any(|direct| direct.name == name && direct.scope != Scope::Excluded);
                if enriches && known {
                    found.extras_of(&name, value);
                    continue;
                }
                found.poetry(
                    &name,
                    value,
                    if optional.contains(&name) { Scope::Optional } else { Scope::Required },
                );
            }
            let groups = poetry.group.values().map(|group| &group.dependencies);
            for (name, value) in groups.chain([&poetry.dev_dependencies]).flatten() {
                found.poetry(&normal(name), value, Scope::Excluded);
            }
        }
        Ok(Some(found))
    }

    fn poetry(&mut self, name: &str, value: &Value, scope: Scope) {
        for one in several(value) {
            let optional = one.get("optional").and_then(Value::as_bool) == Some(true);
            let scope = if optional { scope.min(Scope::Optional) } else { scope };
            let versions = one.as_str().or_else(|| one.get("version").and_then(Value::as_str));
            self.direct.insert(Direct {
                name: name.to_owned(),
                extras: extras(one),
                versions: versions.map(str::to_owned),
                scope,
            });
        }
    }

    /// Adds the extras that Poetry's table has for something that stands in `[project]`.
    fn extras_of(&mut self, name: &str, value: &Value) {
        let extras: Vec<_> = several(value).iter().flat_map(extras).collect();
        if extras.is_empty() {
            return;
        }
        let known = std::mem::take(&mut self.direct);
        self.direct = filled(known.into_iter().map(|mut direct| {
            if direct.name == name {
                direct.extras.extend(extras.iter().cloned());
            }
            direct
        }));
    }
}

/// One value, or the several of a list.
pub(super) fn several(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

/// The extras that a table of Poetry's asks for.
pub(super) fn extras(value: &Value) -> Vec<String> {
    let extras = value.get("extras").and_then(Value::as_array).into_iter().flatten();
    extras.filter_map(Value::as_str).map(normal).collect()
}

/// The project as a component, when it has a name.
fn component(file: &File, folder: &str) -> Option<Component> {
    let project = file.project.as_ref();
    let poetry = file.tool.poetry.as_ref();
    let name = project.and_then(|project| project.name.as_deref()).or_else(|| poetry?.name.as_deref())?;
    let version =
        project.and_then(|project| project.version.as_deref()).or_else(|| poetry?.version.as_deref());
    let source = nameless(folder).source;
    let mut component = package(name, version, source);
    let description = project.and_then(|project| project.description.as_deref());
    component.description = description.or_else(|| poetry?.description.as_deref()).map(str::to_owned);
    let licence = project.and_then(|project| match project.license.as_ref()? {
        Value::String(text) => Some(text.as_str()),
        // The text of a licence is no expression; a short one is a name that people write here.
        table => table.get("text")?.as_str().filter(|text| text.len() <= 64 && !text.contains('\n')),
    });
    let licence = licence.or_else(|| poetry?.license.as_deref());
    component.declared_licence = licence.and_then(LicenceText::parse);
    let people = project.map(|project| project.authors.as_slice()).unwrap_or_default();
    component.authors = people
        .iter()
        .map(|person| Contact { name: person.name.clone(), email: person.email.clone(), url: None })
        .filter(|contact| !contact.is_empty())
        .collect();
    if component.authors.is_empty() {
        let authors = poetry.map(|poetry| poetry.authors.as_slice()).unwrap_or_default();
        component.authors =
            authors.iter().map(|text| contact(text)).filter(|contact| !contact.is_empty()).collect();
    }
    let urls = project.map(|project| &project.urls).into_iter().flatten();
    component.references.extend(urls.filter_map(|(label, url)| reference(label, url)));
    Some(component)
}

/// `Name <address>` as a contact.
pub(super) fn contact(text: &str) -> Contact {
    let text = text.trim();
    let (name, email) = match text.split_once('<') {
        Some((name, rest)) => (name.trim(), rest.trim_end_matches('>').trim()),
        None if text.contains('@') && !text.contains(' ') => ("", text),
        None => (text, ""),
    };
    let some = |text: &str| (!text.is_empty()).then(|| text.trim_matches('"').to_owned());
    Contact { name: some(name), email: some(email), url: None }
}

/// An address of a project by its label; the labels are those PyPI knows
/// (<https://packaging.python.org/en/latest/specifications/well-known-project-urls/>).
pub(super) fn reference(label: &str, url: &str) -> Option<Reference> {
    let url = url.trim();
    if !(url.starts_with("https://") || url.starts_with("http://")) {
        return None;
    }
    let label: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
    let kind = match label.to_ascii_lowercase().as_str() {
        "homepage" | "home" => ReferenceKind::Website,
        "source" | "repository" | "sourcecode" | "github" | "code" => ReferenceKind::Vcs,
        "documentation" | "docs" => ReferenceKind::Documentation,
        "issues" | "bugs" | "issue" | "tracker" | "issuetracker" | "bugtracker" => {
            ReferenceKind::IssueTracker
        }
        _ => return None,
    };
    Some(Reference { kind, url: address::clean(url) })
}

/// A source that nothing else is known of.
impl Pyproject {
    /// The root of a folder's project: itself, or one that the folder names.
    pub(super) fn root(&self, folder: &str) -> Component {
        let mut root = self.project.clone().unwrap_or_else(|| nameless(folder));
        if root.source == Source::Unknown {
            root.source = nameless(folder).source;
        }
        root
    }
}
