//! `Cargo.toml`: of a workspace, of its members, and of crates in a registry.
//!
//! <https://doc.rust-lang.org/cargo/reference/manifest.html>

use std::collections::{BTreeMap, BTreeSet};

use lw_model::lists::filled;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::Error;
use crate::text::toml;

pub(super) const FORMAT: &str = "Cargo.toml";

/// A manifest, with what it takes over from its workspace filled in.
#[derive(Default)]
pub(super) struct Manifest {
    pub(super) package: Option<Package>,
    pub(super) workspace: Option<Workspace>,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) features: BTreeMap<String, Vec<String>>,
    /// Runs in the compiler.
    pub(super) is_proc_macro: bool,
    /// Names an executable; those found by their place alone are not among them.
    pub(super) names_executable: bool,
    /// Packages that `[patch]` puts in the place of others: by name, with the source that is patched.
    pub(super) patches: Vec<(String, String)>,
}

#[derive(Default)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) licence: Option<String>,
    pub(super) licence_file: Option<String>,
    pub(super) authors: Vec<String>,
    pub(super) repository: Option<String>,
    pub(super) homepage: Option<String>,
    pub(super) documentation: Option<String>,
    pub(super) description: Option<String>,
}

#[derive(Default)]
pub(super) struct Workspace {
    pub(super) members: Vec<String>,
    pub(super) exclude: Vec<String>,
    pub(super) default_members: Option<Vec<String>>,
    inherited: RawPackage,
    dependencies: BTreeMap<String, RawDependency>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DependencyKind {
    Normal,
    Build,
    Development,
}

/// A dependency as it is declared.
#[derive(Clone)]
pub(super) struct Dependency {
    /// What the manifest calls it, which is what features call it as well.
    pub(super) key: String,
    /// What the package is called.
    pub(super) package: String,
    pub(super) kind: DependencyKind,
    pub(super) is_optional: bool,
    pub(super) default_features: bool,
    pub(super) features: Vec<String>,
    pub(super) requirement: Option<String>,
    pub(super) path: Option<String>,
    pub(super) is_git: bool,
    /// A target or `cfg(…)`.
    pub(super) target: Option<String>,
}

#[derive(Deserialize, Default)]
struct Raw {
    package: Option<RawPackage>,
    project: Option<RawPackage>,
    workspace: Option<RawWorkspace>,
    // Spelled out and not flattened, which would keep a copy of everything and forget its lines.
    #[serde(default)]
    dependencies: BTreeMap<String, RawDependency>,
    #[serde(default, rename = "dev-dependencies", alias = "dev_dependencies")]
    development: BTreeMap<String, RawDependency>,
    #[serde(default, rename = "build-dependencies", alias = "build_dependencies")]
    build: BTreeMap<String, RawDependency>,
    #[serde(default)]
    target: BTreeMap<String, RawDependencies>,
    #[serde(default)]
    features: BTreeMap<String, Vec<String>>,
    lib: Option<RawLib>,
    #[serde(default)]
    bin: Vec<IgnoredAny>,
    #[serde(default)]
    patch: BTreeMap<String, BTreeMap<String, RawDependency>>,
}

#[derive(Deserialize, Default)]
struct RawDependencies {
    #[serde(default)]
    dependencies: BTreeMap<String, RawDependency>,
    #[serde(default, rename = "dev-dependencies", alias = "dev_dependencies")]
    development: BTreeMap<String, RawDependency>,
    #[serde(default, rename = "build-dependencies", alias = "build_dependencies")]
    build: BTreeMap<String, RawDependency>,
}

#[derive(Deserialize)]
struct RawLib {
    #[serde(default, rename = "proc-macro", alias = "proc_macro")]
    proc_macro: bool,
}

#[derive(Deserialize, Default)]
struct RawWorkspace {
    #[serde(default)]
    members: Vec<String>,
    #[serde(default)]
    exclude: Vec<String>,
    #[serde(rename = "default-members")]
    default_members: Option<Vec<String>>,
    #[serde(default)]
    package: RawPackage,
    #[serde(default)]
    dependencies: BTreeMap<String, RawDependency>,
}

#[derive(Deserialize, Default)]
struct RawPackage {
    name: Option<String>,
    version: Option<Inherited<String>>,
    license: Option<Inherited<String>>,
    #[serde(rename = "license-file")]
    license_file: Option<Inherited<String>>,
    authors: Option<Inherited<Vec<String>>>,
    repository: Option<Inherited<String>>,
    homepage: Option<Inherited<String>>,
    documentation: Option<Inherited<String>>,
    description: Option<Inherited<String>>,
}

/// A value, or `{ workspace = true }`.
#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum Inherited<T> {
    Own(T),
    Workspace {
        #[allow(dead_code, reason = "that it is there is what tells the two apart")]
        workspace: bool,
    },
}

#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum RawDependency {
    Version(String),
    Table(Box<RawTable>),
}

#[derive(Deserialize, Clone, Default)]
struct RawTable {
    version: Option<String>,
    package: Option<String>,
    path: Option<String>,
    git: Option<String>,
    #[serde(default)]
    optional: bool,
    #[serde(rename = "default-features", alias = "default_features")]
    default_features: Option<bool>,
    #[serde(default)]
    features: Vec<String>,
    #[serde(default)]
    workspace: bool,
}

impl RawDependency {
    fn table(self) -> RawTable {
        match self {
            Self::Version(version) => RawTable { version: Some(version), ..RawTable::default() },
            Self::Table(table) => *table,
        }
    }
}

impl<T: Clone> Inherited<T> {
    fn value(own: Option<Self>, workspace: Option<&Option<Self>>) -> Option<T> {
        match (own?, workspace) {
            (Self::Own(value), _) => Some(value),
            (Self::Workspace { .. }, Some(Some(Self::Own(value)))) => Some(value.clone()),
            (Self::Workspace { .. }, _) => None,
        }
    }
}

/// Reads a manifest. Paths of dependencies that the workspace declares are relative to the workspace; they get
/// `to_workspace` before them, which leads there from the member.
pub(super) fn read(
    text: &str,
    path: &str,
    workspace: Option<&Workspace>,
    to_workspace: &str,
) -> Result<Manifest, Error> {
    let raw: Raw = toml(path, text, FORMAT)?;
    let own = raw.workspace.map(|raw| Workspace {
        members: raw.members,
        exclude: raw.exclude,
        default_members: raw.default_members,
        inherited: raw.package,
        dependencies: raw.dependencies,
    });
    let workspace = own.as_ref().or(workspace);
    let inherited = workspace.map(|workspace| &workspace.inherited);
    let package = raw.package.or(raw.project).map(|raw| Package {
        name: raw.name.unwrap_or_default(),
        version: Inherited::value(raw.version, inherited.map(|from| &from.version))
            .unwrap_or_else(|| "0.0.0".into()),
        licence: Inherited::value(raw.license, inherited.map(|from| &from.license)),
        licence_file: Inherited::value(raw.license_file, inherited.map(|from| &from.license_file)),
        authors: Inherited::value(raw.authors, inherited.map(|from| &from.authors)).unwrap_or_default(),
        repository: Inherited::value(raw.repository, inherited.map(|from| &from.repository)),
        homepage: Inherited::value(raw.homepage, inherited.map(|from| &from.homepage)),
        documentation: Inherited::value(raw.documentation, inherited.map(|from| &from.documentation)),
        description: Inherited::value(raw.description, inherited.map(|from| &from.description)),
    });
    let mut dependencies = Vec::new();
    let mut add = |raw: RawDependencies, target: Option<&str>| {
        use DependencyKind::{Build, Development, Normal};
        for (kind, declared) in
            [(Normal, raw.dependencies), (Build, raw.build), (Development, raw.development)]
        {
            for (key, raw) in declared {
                dependencies.push(dependency(key, raw.table(), kind, target, workspace, to_workspace));
            }
        }
    };
    let everywhere =
        RawDependencies { dependencies: raw.dependencies, development: raw.development, build: raw.build };
    add(everywhere, None);
    for (target, raw) in raw.target {
        add(raw, Some(&target));
    }
    let mut patches = Vec::new();
    for (source, packages) in raw.patch {
        for (key, raw) in packages {
            patches.push((raw.table().package.unwrap_or(key), source.clone()));
        }
    }
    Ok(Manifest {
        package,
        dependencies,
        features: raw.features,
        is_proc_macro: raw.lib.is_some_and(|lib| lib.proc_macro),
        names_executable: !raw.bin.is_empty(),
        patches,
        workspace: own,
    })
}

fn dependency(
    key: String,
    raw: RawTable,
    kind: DependencyKind,
    target: Option<&str>,
    workspace: Option<&Workspace>,
    to_workspace: &str,
) -> Dependency {
    let shared = workspace.filter(|_| raw.workspace).and_then(|workspace| workspace.dependencies.get(&key));
    let shared = shared.cloned().map(RawDependency::table).unwrap_or_default();
    let default_features = match (raw.workspace, raw.default_features, shared.default_features) {
        // A member can switch default features on again, and cannot switch them off.
        (true, Some(true), _) => true,
        (true, _, shared) => shared.unwrap_or(true),
        (false, own, _) => own.unwrap_or(true),
    };
    let features: BTreeSet<String> = filled(raw.features.into_iter().chain(shared.features));
    let path = match (raw.path, shared.path) {
        (Some(path), _) => Some(path),
        (None, Some(path)) if to_workspace.is_empty() => Some(path),
        (None, Some(path)) => Some(format!("{to_workspace}/{path}")),
        (None, None) => None,
    };
    Dependency {
        package: raw.package.or(shared.package).unwrap_or_else(|| key.clone()),
        key,
        kind,
        is_optional: raw.optional,
        default_features,
        features: features.into_iter().collect(),
        requirement: raw.version.or(shared.version),
        path,
        is_git: raw.git.or(shared.git).is_some(),
        target: target.map(str::to_owned),
    }
}

impl Manifest {
    /// Which dependencies and which of their features a set of features switches on: dependencies by their keys. What is not
    /// optional is on without being among them.
    pub(super) fn activated<'a>(
        &'a self,
        requested: &'a BTreeSet<String>,
    ) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
        let mut on: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut weak = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next: Vec<&str> = requested.iter().map(String::as_str).collect();
        let optional: BTreeSet<&str> =
            filled(self.dependencies.iter().filter(|d| d.is_optional).map(|d| d.key.as_str()));
        let is_optional = |key: &str| optional.contains(key);
        while let Some(feature) = next.pop() {
            if !seen.insert(feature) {
                continue;
            }
            let Some(entries) = self.features.get(feature) else {
                // An optional dependency is a feature of its own name.
                if is_optional(feature) {
                    on.entry(feature).or_default();
                }
                continue;
            };
            for entry in entries {
                if let Some(key) = entry.strip_prefix("dep:") {
                    on.entry(key).or_default();
                } else if let Some((key, feature)) = entry.split_once("?/") {
                    weak.push((key, feature));
                } else if let Some((key, feature)) = entry.split_once('/') {
                    on.entry(key).or_default().insert(feature);
                    if self.features.contains_key(key) && is_optional(key) {
                        next.push(key);
                    }
                } else {
                    next.push(entry);
                }
            }
        }
        for (key, feature) in weak {
            if !is_optional(key) || on.contains_key(key) {
                on.entry(key).or_default().insert(feature);
            }
        }
        on
    }
}
