//! What a library or package says of itself: `library.json`, `library.properties`, `platform.json`, `package.json`.
//!
//! <https://docs.platformio.org/en/latest/manifests/library-json/index.html> and
//! <https://arduino.github.io/arduino-cli/latest/library-specification/>.

use lw_inventory::{Component, Contact, LicenceText, Reference, ReferenceKind};
use serde_json::Value;

use super::git;
use super::input::{json, text, word};
use crate::address::join;
use crate::{Error, Tree};

/// What a manifest says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    /// The file it was read from.
    pub(super) file: String,
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) description: Option<String>,
    pub(super) licence: Option<String>,
    pub(super) repository: Option<String>,
    pub(super) homepage: Option<String>,
    pub(super) authors: Vec<Contact>,
    pub(super) dependencies: Vec<Dependency>,
}

/// What a library needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dependency {
    pub(super) owner: Option<String>,
    pub(super) name: String,
    /// A version, a range, or an address.
    pub(super) requirement: Option<String>,
    /// Only for these platforms; empty for all.
    pub(super) platforms: Vec<String>,
    /// Only for these frameworks; empty for all.
    pub(super) frameworks: Vec<String>,
}

impl Dependency {
    /// Whether it is needed where this platform and these frameworks are.
    pub(super) fn applies_to(&self, platform: Option<&str>, frameworks: &[String]) -> bool {
        let fits = |wanted: &[String], known: &mut dyn Iterator<Item = &str>| {
            wanted.is_empty() || wanted.iter().any(|name| name == "*") || {
                let known: Vec<&str> = known.collect();
                known.is_empty()
                    || known.iter().any(|known| wanted.iter().any(|name| name.eq_ignore_ascii_case(known)))
            }
        };
        fits(&self.platforms, &mut platform.into_iter())
            && fits(&self.frameworks, &mut frameworks.iter().map(String::as_str))
    }
}

/// The manifest of a library in a folder: `library.json` is worth more than `library.properties`.
pub(super) fn read(tree: &dyn Tree, folder: &str) -> Result<Option<Manifest>, Error> {
    if let Some(manifest) = read_json(tree, &join(folder, "library.json"), "library.json")? {
        return Ok(Some(manifest));
    }
    read_properties(tree, &join(folder, "library.properties"))
}

/// A manifest in JSON.
pub(super) fn read_json(
    tree: &dyn Tree,
    path: &str,
    format: &'static str,
) -> Result<Option<Manifest>, Error> {
    let Some(value) = json(tree, path, format)? else { return Ok(None) };
    let owned = |key: &str| word(&value, key).map(str::to_owned);
    let repository = match value.get("repository") {
        Some(Value::String(url)) => Some(url.clone()),
        Some(repository) => word(repository, "url").map(str::to_owned),
        None => None,
    };
    let authors = match value.get("authors").or_else(|| value.get("author")) {
        Some(Value::Array(authors)) => authors.iter().filter_map(author).collect(),
        Some(one) => author(one).into_iter().collect(),
        None => Vec::new(),
    };
    Ok(Some(Manifest {
        file: path.to_owned(),
        name: owned("name"),
        version: owned("version"),
        description: owned("description"),
        licence: owned("license"),
        repository,
        homepage: owned("homepage"),
        authors,
        dependencies: value.get("dependencies").map(dependencies).unwrap_or_default(),
    }))
}

fn author(value: &Value) -> Option<Contact> {
    if let Value::String(text) = value {
        return person(text);
    }
    let of = |key: &str| word(value, key).map(str::to_owned);
    let contact = Contact { name: of("name"), email: of("email"), url: of("url") };
    (!contact.is_empty()).then_some(contact)
}

/// `Name <mail@host>`.
pub(super) fn person(text: &str) -> Option<Contact> {
    let text = text.trim();
    let (name, email) = match text.split_once('<') {
        Some((name, rest)) => (name.trim(), rest.split('>').next().map(str::trim)),
        None => (text, None),
    };
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let contact = Contact {
        name: filled(name),
        email: email.filter(|email| email.contains('@')).and_then(filled),
        url: None,
    };
    (!contact.is_empty()).then_some(contact)
}

/// The most that one library may need.
const MOST: usize = 1_000;

/// Dependencies stand as a list of objects, as an object of requirements by name, or as a list of names.
fn dependencies(value: &Value) -> Vec<Dependency> {
    let words = |value: Option<&Value>| -> Vec<String> {
        match value {
            Some(Value::String(text)) => {
                text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
            }
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    };
    match value {
        Value::Array(items) => items
            .iter()
            .take(MOST)
            .filter_map(|item| match item {
                Value::String(text) => Some(specification(text)),
                object => {
                    let mut dependency = specification(word(object, "name")?);
                    let version = word(object, "version").map(str::to_owned);
                    dependency.owner = word(object, "owner").map(str::to_owned).or(dependency.owner);
                    dependency.requirement = version.or(dependency.requirement);
                    dependency.platforms = words(object.get("platforms"));
                    dependency.frameworks = words(object.get("frameworks"));
                    Some(dependency)
                }
            })
            .collect(),
        Value::Object(items) => items
            .iter()
            .take(MOST)
            .map(|(name, requirement)| {
                let mut dependency = specification(name);
                dependency.requirement = requirement.as_str().map(str::to_owned).or(dependency.requirement);
                dependency
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// `owner/name @ requirement`, `name@requirement`, `name=address` or an address.
pub(super) fn specification(text: &str) -> Dependency {
    let text = text.trim();
    let is_address = |text: &str| text.contains("://") || text.starts_with("git@");
    if let Some((name, address)) =
        text.split_once('=').filter(|(name, address)| !is_address(name) && is_address(address))
    {
        let requirement = Some(address.trim().to_owned());
        return Dependency { name: name.trim().to_owned(), requirement, ..Dependency::default() };
    }
    if is_address(text) {
        let path = text.split(['#', '?']).next().unwrap_or_default().trim_end_matches('/');
        let name = path.rsplit(['/', ':']).next().unwrap_or_default();
        let name = name.strip_suffix(".git").unwrap_or(name).to_owned();
        return Dependency { name, requirement: Some(text.to_owned()), ..Dependency::default() };
    }
    let (name, requirement) = match text.split_once('@') {
        Some((name, requirement)) => (name.trim(), Some(requirement.trim().to_owned())),
        None => (text, None),
    };
    let (owner, name) = match name.split_once('/') {
        Some((owner, name)) => (Some(owner.trim().to_owned()), name.trim()),
        None => (None, name),
    };
    Dependency { owner, name: name.to_owned(), requirement, ..Dependency::default() }
}

fn read_properties(tree: &dyn Tree, path: &str) -> Result<Option<Manifest>, Error> {
    let Some(text) = text(tree, path, "library.properties")? else { return Ok(None) };
    let mut manifest = Manifest { file: path.to_owned(), ..Manifest::default() };
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let Some((key, value)) = line.split_once('=') else { continue };
        let value = value.trim();
        if value.is_empty() {
            continue;
        }
        let owned = Some(value.to_owned());
        match key.trim() {
            "name" => manifest.name = owned,
            "version" => manifest.version = owned,
            "sentence" => manifest.description = owned,
            "license" => manifest.licence = owned,
            "url" => manifest.homepage = owned,
            "repository" => manifest.repository = owned,
            "author" => manifest.authors = value.split(',').filter_map(person).collect(),
            "depends" => {
                manifest.dependencies = value
                    .split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty())
                    .take(MOST)
                    .map(|item| {
                        let (name, requirement) = match item.split_once('(') {
                            Some((name, rest)) => {
                                (name.trim(), Some(rest.trim_end_matches(')').trim().to_owned()))
                            }
                            None => (item, None),
                        };
                        Dependency { name: name.to_owned(), requirement, ..Dependency::default() }
                    })
                    .collect();
            }
            _ => {}
        }
    }
    Ok(Some(manifest))
}

impl Manifest {
    /// Tells a component what the manifest says; its name and version are the reader's.
    pub(super) fn describe(&self, component: &mut Component) {
        component.description = self.description.clone().or(component.description.take());
        component.declared_licence = self.licence.as_deref().and_then(LicenceText::parse);
        component.authors.clone_from(&self.authors);
        let mut refer = |kind: ReferenceKind, url: Option<String>| {
            if let Some(url) = url {
                component.references.insert(Reference { kind, url });
            }
        };
        refer(ReferenceKind::Vcs, self.repository.as_deref().and_then(git::address));
        refer(ReferenceKind::Website, self.homepage.as_deref().and_then(git::address));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryTree;

    #[test]
    fn a_specification_names_owner_name_and_what_is_wanted() {
        let of = |text: &str| {
            let found = specification(text);
            (found.owner.unwrap_or_default(), found.name, found.requirement.unwrap_or_default())
        };
        let expect =
            |owner: &str, name: &str, wanted: &str| (owner.to_owned(), name.to_owned(), wanted.to_owned());
        assert_eq!(of("a/B C @ ^1.2"), expect("a", "B C", "^1.2"));
        assert_eq!(of("Servo"), expect("", "Servo", ""));
        assert_eq!(of("x=https://h/y.git#v1"), expect("", "x", "https://h/y.git#v1"));
        assert_eq!(of("https://u:p@h/o/y.git#v1"), expect("", "y", "https://u:p@h/o/y.git#v1"));
        assert_eq!(of("git@h:o/y.git"), expect("", "y", "git@h:o/y.git"));
    }

    #[test]
    fn both_manifests_say_what_a_library_is() {
        let tree = MemoryTree::new([
            (
                "a/library.json",
                r#"{"name":"A","version":"1.0","license":"MIT","authors":{"name":"N","email":"n@h"},
                "repository":{"type":"git","url":"https://github.com/o/a.git"},
                "dependencies":{"o/B":"^2","C":"https://h/c.git"}}"#,
            ),
            (
                "b/library.properties",
                "name=B\nversion=2.1\nauthor=N <n@h>, M\nsentence=S\nurl=https://h/b\ndepends=C (>=1), D\n",
            ),
        ]);
        let a = read(&tree, "a").unwrap().unwrap();
        assert_eq!(a.dependencies.len(), 2);
        assert_eq!(a.dependencies[0].owner.as_deref(), Some("o"));
        assert_eq!(a.authors[0].email.as_deref(), Some("n@h"));
        let b = read(&tree, "b").unwrap().unwrap();
        assert_eq!((b.name.as_deref(), b.version.as_deref()), (Some("B"), Some("2.1")));
        assert_eq!(b.dependencies.iter().map(|needed| needed.name.as_str()).collect::<Vec<_>>(), ["C", "D"]);
        assert_eq!(b.authors.len(), 2);
        assert_eq!(read(&tree, "c").unwrap(), None);
    }

    #[test]
    fn a_dependency_may_be_for_some_platforms_only() {
        let dependency = Dependency { platforms: vec!["espressif8266".into()], ..Dependency::default() };
        assert!(!dependency.applies_to(Some("espressif32"), &[]));
        assert!(dependency.applies_to(Some("Espressif8266"), &[]));
        assert!(dependency.applies_to(None, &[]));
    }
}
