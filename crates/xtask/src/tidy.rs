//! The rules of the house that no compiler holds: floors, dependency budgets, conventions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, bail};
use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, Package, PackageId};

use crate::house::{ONLINE, files_below, root};

/// What no offline tool may have in its normal dependency tree: an event loop, HTTP, TLS.
const NETWORK: [&str; 7] = ["tokio", "hyper", "reqwest", "rustls", "native-tls", "octocrab", "ureq"];

/// The only file with `unsafe` in it: the memory map.
const UNSAFE: &str = "crates/cli/src/files/map.rs";

/// Checks everything.
pub(crate) fn run() -> anyhow::Result<()> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .features(CargoOpt::AllFeatures)
        .exec()
        .context("cargo metadata")?;
    let mut problems = floors(&metadata);
    problems.extend(budgets(&metadata));
    problems.extend(conventions(&metadata)?);
    if problems.is_empty() {
        return Ok(());
    }
    bail!("the house is untidy:\n  {}", problems.join("\n  "))
}

/// The floor of a crate, from where it lies; a crate imports lower floors only.
fn floor(folder: &str) -> Option<u8> {
    let rules = [
        ("crates/core/model", 0),
        ("crates/core/", 1),
        ("crates/formats/", 1),
        ("crates/services/", 2),
        ("crates/cli", 2),
        ("crates/tools/", 3),
        ("crates/lw", 4),
        ("crates/xtask", 5),
        ("tests", 5),
        ("benches", 5),
    ];
    rules.iter().find(|(prefix, _)| folder.starts_with(prefix)).map(|(_, floor)| *floor)
}

fn folder_of(package: &Package) -> String {
    let folder = package.manifest_path.parent().map(|path| path.as_std_path().to_owned()).unwrap_or_default();
    folder.strip_prefix(root()).unwrap_or(&folder).to_string_lossy().replace('\\', "/")
}

fn floors(metadata: &Metadata) -> Vec<String> {
    let members: BTreeMap<String, &Package> = metadata
        .workspace_packages()
        .into_iter()
        .map(|package| (package.name.to_string(), package))
        .collect();
    let mut problems = Vec::new();
    for package in members.values() {
        let here = folder_of(package);
        let is_testkit = here == "crates/testkit";
        let Some(own) = floor(&here).or(is_testkit.then_some(4)) else {
            problems.push(format!("{here} is on no floor: add it to xtask's table"));
            continue;
        };
        for dependency in &package.dependencies {
            let Some(target) = members.get(&dependency.name) else { continue };
            let there = folder_of(target);
            if there == "crates/testkit" {
                if dependency.kind != DependencyKind::Development {
                    problems.push(format!("{here} needs the testkit outside its tests"));
                }
            } else if dependency.kind != DependencyKind::Development
                && floor(&there).is_none_or(|floor| floor >= own)
            {
                problems.push(format!("{here} imports {there}, which is on no lower floor"));
            }
        }
    }
    problems
}

/// Names of everything a package is built from, without build scripts' and tests' needs.
fn normal_tree(metadata: &Metadata, package: &PackageId) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let Some(resolve) = &metadata.resolve else { return names };
    let mut seen = BTreeSet::new();
    let mut todo = vec![package];
    while let Some(id) = todo.pop() {
        if !seen.insert(id) {
            continue;
        }
        if let Some(package) = metadata.packages.iter().find(|package| package.id == *id) {
            names.insert(package.name.to_string());
        }
        let Some(node) = resolve.nodes.iter().find(|node| node.id == *id) else { continue };
        let normal = |dependency: &&cargo_metadata::NodeDep| {
            dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
        };
        todo.extend(node.deps.iter().filter(normal).map(|dependency| &dependency.pkg));
    }
    names
}

fn budgets(metadata: &Metadata) -> Vec<String> {
    let mut problems = Vec::new();
    for package in metadata.workspace_packages() {
        let folder = folder_of(package);
        let offline = floor(&folder).is_some_and(|floor| floor <= 3)
            && !folder.starts_with("crates/services/")
            && !ONLINE.contains(&package.name.as_str());
        if !offline {
            continue;
        }
        let tree = normal_tree(metadata, &package.id);
        problems.extend(
            NETWORK
                .iter()
                .filter(|name| tree.contains(**name))
                .map(|name| format!("{folder} depends on {name}")),
        );
    }
    problems
}

/// Where F0 and F1 would reach out of their data.
const OUTSIDE: [&str; 5] = ["std::env::", "std::process", "std::fs", "std::net", "SystemTime"];

/// Where a crate prints by itself.
const PRINTS: [&str; 2] = ["io::stdout", "io::stderr"];

/// Whether a crate may print: the edge of the tools, and what is never shipped.
fn may_print(folder: &str) -> bool {
    folder == "crates/cli" || folder == "crates/testkit" || floor(folder) == Some(5)
}

fn conventions(metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let root = root();
    let mut problems = Vec::new();
    for package in metadata.workspace_packages() {
        let folder = folder_of(package);
        let files = files_below(&root.join(&folder).join("src"))?;
        for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
            let name = path.strip_prefix(&root)?.to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(path)?;
            // What stands below is the file's tests.
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            if floor(&folder).is_some_and(|floor| floor <= 1) {
                let found = OUTSIDE.iter().filter(|outside| {
                    code.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(**outside))
                });
                problems.extend(found.map(|outside| format!("{name} reaches outside: {outside}")));
            }
            if !may_print(&folder) && PRINTS.iter().any(|print| code.contains(print)) {
                problems.push(format!("{name} prints; only crates/cli does, see lw_cli::print"));
            }
            if name != UNSAFE && !name.starts_with("crates/xtask") && code.contains("unsafe_code") {
                problems.push(format!("{name} allows unsafe code; only {UNSAFE} may"));
            }
            if name.starts_with("crates/tools/")
                && name.ends_with("/src/main.rs")
                && text.lines().filter(|line| !line.starts_with("//!")).count() != 1
            {
                problems.push(format!("{name} is more than one line: the tool belongs in its library"));
            }
        }
    }
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_tidy() {
        run().unwrap();
    }

    #[test]
    fn a_floor_is_known_by_its_folder() {
        assert_eq!(floor("crates/core/model"), Some(0));
        assert_eq!(floor("crates/core/render"), Some(1));
        assert_eq!(floor("crates/tools/size-gate"), Some(3));
        assert_eq!(floor("crates/elsewhere"), None);
    }
}
