//! Which of the packages of a lock file a product needs, as far as files tell.
//!
//! A lock file is the union of everything: all features of the workspace's members, all targets, tests and build scripts. Which
//! part of it a build takes is worked out as Cargo's second resolver does it for `cargo build`: from the default members and
//! their default features, along dependencies that are neither of tests nor of build scripts, unifying features on the way
//! (<https://doc.rust-lang.org/cargo/reference/resolver.html>). What a manifest would say that is not there is taken as needed.

use std::collections::{BTreeMap, BTreeSet};

use cfg_expr::targets::get_builtin_target_by_triple;
use cfg_expr::{Expression, Predicate};
use lw_inventory::Scope;

use super::lock::Lock;
use super::manifest::{Dependency, DependencyKind, Manifest};

/// A package's dependency in the lock file, and how its manifest declares it, which may be several times.
pub(super) struct Edge<'a> {
    pub(super) to: usize,
    /// Nothing where there is no manifest.
    pub(super) declared: Option<Vec<&'a Dependency>>,
}

impl Edge<'_> {
    /// Whether it is needed to build what is shipped, be it optional or not.
    fn is_shipped(&self) -> bool {
        self.declared.as_ref().is_none_or(|all| all.iter().any(|d| d.kind == DependencyKind::Normal))
    }
}

/// The targets that count.
pub(super) struct Targets(Vec<String>);

impl Targets {
    /// Those that are named; an error names one that is not known.
    pub(super) fn of(names: &[String]) -> Result<Self, String> {
        match names.iter().find(|name| get_builtin_target_by_triple(name).is_none()) {
            Some(unknown) => Err(unknown.clone()),
            None => Ok(Self(names.to_vec())),
        }
    }

    pub(super) fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a dependency's `target` is one of them. What cannot be understood counts.
    fn count(&self, target: Option<&str>) -> bool {
        let Some(target) = target.filter(|_| !self.0.is_empty()) else { return true };
        if !target.starts_with("cfg(") {
            return self.0.iter().any(|name| name == target);
        }
        let Ok(expression) = Expression::parse(target) else { return true };
        self.0.iter().any(|name| {
            let Some(info) = get_builtin_target_by_triple(name) else { return true };
            expression.eval(|predicate| match predicate {
                Predicate::Target(target) => target.matches(info),
                // Of a build as it is shipped: no tests, no Miri, no checks of a debug build.
                _ => false,
            })
        })
    }
}

/// The edges of every package, those of other targets left out.
pub(super) fn edges<'a>(
    lock: &Lock,
    manifests: &'a [Option<&'a Manifest>],
    targets: &Targets,
) -> Vec<Vec<Edge<'a>>> {
    let edges_of = |index: usize| -> Vec<Edge<'a>> {
        let Some(package) = lock.packages.get(index) else { return Vec::new() };
        let mut by_name: BTreeMap<&str, Vec<&'a Dependency>> = BTreeMap::new();
        let manifest = manifests.get(index).copied().flatten();
        for dependency in manifest.iter().flat_map(|manifest| &manifest.dependencies) {
            by_name.entry(&dependency.package).or_default().push(dependency);
        }
        let mut several: BTreeMap<&str, usize> = BTreeMap::new();
        for to in package.dependencies.iter().filter_map(|to| lock.packages.get(*to)) {
            *several.entry(&to.name).or_default() += 1;
        }
        let edge = |to: usize| {
            let target = lock.packages.get(to)?;
            if manifest.is_none() {
                return Some(Edge { to, declared: None });
            }
            let all = by_name.get(target.name.as_str()).map(Vec::as_slice).unwrap_or_default();
            let is_one_of_several = several.get(target.name.as_str()).is_some_and(|count| *count > 1);
            let mut fitting: Vec<_> = all
                .iter()
                .copied()
                .filter(|d| !is_one_of_several || fits(d, &target.version, target.source.as_deref()))
                .collect();
            if fitting.is_empty() {
                fitting = all.to_vec();
            }
            // The manifest was changed after the lock file: nothing is known of this one.
            if fitting.is_empty() {
                return Some(Edge { to, declared: None });
            }
            fitting.retain(|d| targets.count(d.target.as_deref()));
            (!fitting.is_empty()).then_some(Edge { to, declared: Some(fitting) })
        };
        package.dependencies.iter().filter_map(|to| edge(*to)).collect()
    };
    (0..lock.packages.len()).map(edges_of).collect()
}

/// Whether a declaration may mean this version, where a package needs several of one name.
fn fits(dependency: &Dependency, version: &str, source: Option<&str>) -> bool {
    let is_git = source.is_some_and(|source| source.starts_with("git+"));
    if dependency.is_git != is_git || (source.is_none() && dependency.path.is_none()) {
        return false;
    }
    let Some(requirement) = &dependency.requirement else { return true };
    match (semver::VersionReq::parse(requirement), semver::Version::parse(version)) {
        (Ok(requirement), Ok(version)) => requirement.matches(&version),
        _ => true,
    }
}

/// What is asked of a package at the start.
pub(super) struct Start {
    pub(super) package: usize,
    pub(super) features: BTreeSet<String>,
}

/// The scope of every package, in order.
pub(super) fn scopes(
    starts: Vec<Start>,
    manifests: &[Option<&Manifest>],
    edges: &[Vec<Edge<'_>>],
) -> Vec<Scope> {
    let mut scopes = vec![Scope::Excluded; edges.len()];
    let mut features: Vec<BTreeSet<String>> = vec![BTreeSet::new(); edges.len()];
    let mut is_waiting = vec![false; edges.len()];
    let mut next = Vec::new();
    for start in starts {
        if let Some(set) = features.get_mut(start.package) {
            set.extend(start.features);
            next.push(start.package);
        }
    }
    // What a build takes, until no package gets a feature it did not have.
    while let Some(package) = next.pop() {
        let (Some(scope), Some(waiting)) = (scopes.get_mut(package), is_waiting.get_mut(package)) else {
            continue;
        };
        *scope = Scope::Required;
        *waiting = false;
        let requested = features.get(package).cloned().unwrap_or_default();
        let activated =
            manifests.get(package).copied().flatten().map(|manifest| manifest.activated(&requested));
        for edge in edges.get(package).into_iter().flatten() {
            let mut wanted: BTreeSet<&str> = BTreeSet::new();
            let mut is_on = false;
            match (&edge.declared, &activated) {
                (Some(declared), Some(activated)) => {
                    for dependency in declared.iter().filter(|d| d.kind == DependencyKind::Normal) {
                        let asked = activated.get(dependency.key.as_str());
                        if dependency.is_optional && asked.is_none() {
                            continue;
                        }
                        is_on = true;
                        wanted.extend(dependency.features.iter().map(String::as_str));
                        wanted.extend(asked.into_iter().flatten());
                        wanted.extend(dependency.default_features.then_some("default"));
                    }
                }
                _ => {
                    is_on = true;
                    wanted.insert("default");
                }
            }
            if !is_on {
                continue;
            }
            let is_new = scopes.get(edge.to) != Some(&Scope::Required);
            let Some(set) = features.get_mut(edge.to) else { continue };
            let before = set.len();
            for feature in wanted {
                if !set.contains(feature) {
                    set.insert(feature.to_owned());
                }
            }
            if let Some(waiting) = is_waiting.get_mut(edge.to).filter(|waiting| !**waiting)
                && (is_new || set.len() > before)
            {
                *waiting = true;
                next.push(edge.to);
            }
        }
    }
    // What it would take with other features.
    let mut next: Vec<usize> =
        (0..edges.len()).filter(|i| scopes.get(*i) == Some(&Scope::Required)).collect();
    while let Some(package) = next.pop() {
        for edge in edges.get(package).into_iter().flatten().filter(|edge| edge.is_shipped()) {
            if let Some(scope) = scopes.get_mut(edge.to).filter(|scope| **scope == Scope::Excluded) {
                *scope = Scope::Optional;
                next.push(edge.to);
            }
        }
    }
    scopes
}
