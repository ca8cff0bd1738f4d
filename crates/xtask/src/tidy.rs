//! The rules of the house that no compiler holds: floors, dependency budgets, conventions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, bail};
use cargo_metadata::{CargoOpt, Dependency, DependencyKind, Metadata, MetadataCommand, Package, PackageId};

use crate::floors::{self, TESTKIT, floor};
use crate::house::{files_below, is_comment, root};
use crate::secrets;

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
    let members = members(&metadata)?;
    let mut problems = floors(&metadata);
    problems.extend(budgets(&metadata));
    problems.extend(conventions(&members));
    problems.extend(targets(&members));
    problems.extend(registry(&metadata));
    problems.extend(trusted());
    problems.extend(measured());
    problems.extend(fuzz(&metadata)?);
    problems.extend(unused(&metadata, &members));
    if problems.is_empty() {
        return Ok(());
    }
    bail!("the house is untidy:\n  {}", problems.join("\n  "))
}

fn folder_of(package: &Package) -> String {
    let folder = package.manifest_path.parent().map(|path| path.as_std_path().to_owned()).unwrap_or_default();
    folder.strip_prefix(root()).unwrap_or(&folder).to_string_lossy().replace('\\', "/")
}

/// A package of the workspace, with what is written in it.
struct Member<'m> {
    package: &'m Package,
    folder: String,
    /// Every file of Rust below the folder, tests and templates as well.
    sources: Vec<Source>,
}

struct Source {
    /// From the root of the checkout, with `/`.
    name: String,
    text: String,
}

impl Member<'_> {
    /// What its targets are built from, without tests and benchmarks.
    fn own(&self) -> impl Iterator<Item = &Source> {
        let own = format!("{}/src/", self.folder);
        self.sources.iter().filter(move |source| source.name.starts_with(&own))
    }
}

/// All packages of the workspace. Their files are read once, whatever is looked for in them.
fn members(metadata: &Metadata) -> anyhow::Result<Vec<Member<'_>>> {
    let root = root();
    let mut members = Vec::new();
    for package in metadata.workspace_packages() {
        let folder = folder_of(package);
        let mut sources = Vec::new();
        for path in files_below(&root.join(&folder))? {
            if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root)?.to_string_lossy().replace('\\', "/");
                sources.push(Source { name, text: fs::read_to_string(&path)? });
            }
        }
        members.push(Member { package, folder, sources });
    }
    Ok(members)
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
        if here != TESTKIT && floor(&here).is_none() {
            problems.push(format!("{here} is on no floor: add it to crates/xtask/src/floors.rs"));
        }
        for dependency in &package.dependencies {
            let Some(target) = members.get(&dependency.name) else { continue };
            let for_tests = dependency.kind == DependencyKind::Development;
            problems.extend(floors::problem(&here, &folder_of(target), for_tests));
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
        let online =
            lw::TOOLS.iter().any(|tool| tool.online && folder == format!("crates/tools/{}", tool.name));
        let offline = floor(&folder).is_some_and(|floor| floor <= floors::TOOLS)
            && !folder.starts_with("crates/services/")
            // Where the edge and the client meet.
            && !["crates/connect", "crates/github-client"].contains(&folder.as_str())
            && !online;
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

/// How a tool would attach limits by itself, past what `lw_cli::LimitSet` checks and records.
const ATTACHES: [&str; 4] = [".limits.push(", ".limits.extend(", ".limits = ", "unmatched_limits"];

/// Where a tool attaches limits by itself.
fn attaches(code: &str) -> Option<&'static str> {
    ATTACHES.into_iter().find(|attach| code.contains(attach))
}

/// Whether a crate may print: the edge of the tools, and what is never shipped.
fn may_print(folder: &str) -> bool {
    folder == "crates/cli" || folder == "crates/testkit" || floor(folder) == Some(floors::NEVER_SHIPPED)
}

fn conventions(members: &[Member<'_>]) -> Vec<String> {
    let mut problems = Vec::new();
    for member in members {
        let folder = &member.folder;
        for Source { name, text } in member.own() {
            // What stands below is the file's tests.
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            if floor(folder).is_some_and(|floor| floor <= 1) {
                let found = OUTSIDE.iter().filter(|outside| {
                    // A repository is a folder.
                    let may = **outside == "std::fs" && folder == "crates/formats/history";
                    !may && statements(code).any(|line| line.contains(**outside))
                });
                problems.extend(found.map(|outside| format!("{name} reaches outside: {outside}")));
            }
            problems.extend(secrets::problems(folder, name, code));
            if !may_print(folder) && PRINTS.iter().any(|print| code.contains(print)) {
                problems.push(format!("{name} prints; only crates/cli does, see lw_cli::print"));
            }
            if let Some(attach) = attaches(code).filter(|_| name.starts_with("crates/tools/")) {
                problems.push(format!("{name} has `{attach}`: limits are attached by lw_cli::LimitSet"));
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
    problems
}

/// The lines that are no comment.
fn statements(code: &str) -> impl Iterator<Item = &str> {
    code.lines().filter(|line| !is_comment(line))
}

/// Whether there are tests in a file.
fn has_tests(code: &str) -> bool {
    statements(code).any(|line| line.trim() == "#[test]")
}

/// Whether the documentation of a file holds an example that is compiled.
fn has_doctests(code: &str) -> bool {
    let mut inside = false;
    for line in code.lines().map(str::trim_start) {
        let Some(text) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else { continue };
        let Some(language) = text.trim_start().strip_prefix("```") else { continue };
        if !inside && matches!(language.trim(), "" | "rust" | "no_run" | "should_panic" | "compile_fail") {
            return true;
        }
        inside = !inside;
    }
    false
}

/// What makes the tests slow to build: each test binary is linked with everything, each doctest is a program.
fn targets(members: &[Member<'_>]) -> Vec<String> {
    let mut problems = Vec::new();
    for member in members {
        let Member { package, folder, .. } = member;
        let tests = package.targets.iter().filter(|target| target.is_test());
        let names: Vec<&str> = tests.map(|target| target.name.as_str()).collect();
        // A test that makes its tests when it runs cannot share a binary with those the compiler finds.
        if names.len() > 1 && folder != "tests" {
            problems.push(format!(
                "{folder} has the test binaries {}: make them modules of tests/it/main.rs",
                names.join(", ")
            ));
        }
        let doctests = member.own().any(|source| has_doctests(&source.text));
        let tests = member.own().any(|source| has_tests(&source.text));
        for target in &package.targets {
            if target.is_lib() && target.doctest != doctests {
                problems.push(format!("{folder}/Cargo.toml: `[lib] doctest = {doctests}` is what it needs"));
            }
            // The library is compiled once more for tests in it, and these are left out where it is not.
            if target.is_lib() && target.test != tests {
                problems.push(format!("{folder}/Cargo.toml: `[lib] test = {tests}` is what it needs"));
            }
            if target.is_bin() && target.test && package.targets.iter().any(cargo_metadata::Target::is_lib) {
                problems.push(format!(
                    "{folder}/Cargo.toml: `[[bin]] test = false`, its tests are the library's"
                ));
            }
        }
    }
    problems
}

/// Every folder of a tool is in the registry, under its name.
fn registry(metadata: &Metadata) -> Vec<String> {
    let packages = metadata.workspace_packages();
    let folders: Vec<String> = packages.iter().map(|package| folder_of(package)).collect();
    let names = folders.iter().filter_map(|folder| folder.strip_prefix("crates/tools/"));
    names
        .filter(|name| !lw::NAMES.contains(name))
        .map(|name| format!("crates/tools/{name} is not in the list of crates/lw/src/lib.rs: add its line"))
        .chain(
            lw::TOOLS
                .iter()
                .zip(lw::NAMES)
                .filter(|(tool, name)| tool.name != **name)
                .map(|(tool, name)| format!("crates/lw/src/lib.rs lists {} as {name}", tool.name)),
        )
        .collect()
}

/// Every key that a tool does not let a change decide is one of its keys: a slip of the pen would let it.
fn trusted() -> Vec<String> {
    let mut problems = Vec::new();
    for tool in lw::TOOLS {
        let command = tool.command();
        let keys = lw_cli::config::keys(&command);
        let is_key =
            |name: &str| keys.contains_key(name) || tool.sections.iter().any(|section| section.name == name);
        let unknown = tool.trusted.iter().filter(|name| !is_key(name));
        problems.extend(unknown.map(|name| {
            format!("TRUSTED of {} has `{name}`, which is neither a flag nor a section of it", tool.name)
        }));
    }
    problems
}

/// Every tool says what it measures, and by which of its settings that is limited.
fn measured() -> Vec<String> {
    let mut problems = Vec::new();
    for tool in lw::TOOLS {
        if tool.measures.is_empty() {
            problems.push(format!("MEASURES of {} is empty: `lw measures` would say nothing", tool.name));
        }
        let command = tool.command();
        let keys = lw_cli::config::keys(&command);
        let mut seen = BTreeSet::new();
        for kind in tool.measures {
            if !seen.insert(kind.name) {
                problems.push(format!("MEASURES of {} has {} twice", tool.name, kind.name));
            }
            let unknown = kind.limits.iter().filter(|limit| !keys.contains_key(**limit));
            problems.extend(unknown.map(|limit| {
                format!("MEASURES of {}: {} is limited by `{limit}`, which it has not", tool.name, kind.name)
            }));
        }
    }
    problems
}

/// Every reader of foreign bytes is fuzzed: each format's crate is in a target.
fn fuzz(metadata: &Metadata) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    let mut code = String::new();
    for path in files_below(&root().join("fuzz/fuzz_targets"))? {
        code.push_str(&fs::read_to_string(&path)?);
    }
    for package in metadata.workspace_packages() {
        let library = package.name.replace('-', "_");
        if folder_of(package).starts_with("crates/formats/") && !code.contains(&format!("{library}::")) {
            problems.push(format!("no target of fuzz/fuzz_targets reads with {library}"));
        }
    }
    Ok(problems)
}

/// A dependency that no code of its package names: it is compiled for nothing. One that is there for what it lets another one do
/// is listed in the package's `[package.metadata.cargo-machete]`, where the tool of that name looks for it, too.
fn unused(metadata: &Metadata, members: &[Member<'_>]) -> Vec<String> {
    let mut problems = Vec::new();
    for Member { package, folder, sources } in members {
        let meant = &package.metadata["cargo-machete"]["ignored"];
        for dependency in &package.dependencies {
            let is_meant =
                meant.as_array().is_some_and(|names| names.iter().any(|name| *name == *dependency.name));
            let library = library_of(metadata, dependency);
            let is_used = sources.iter().any(|source| names(&source.text, &library));
            if is_used == is_meant {
                problems.push(if is_meant {
                    format!("{folder}/Cargo.toml: {} is ignored, and used", dependency.name)
                } else {
                    format!("{folder}/Cargo.toml: nothing uses {}", dependency.name)
                });
            }
        }
    }
    problems
}

/// How code names a dependency.
fn library_of(metadata: &Metadata, dependency: &Dependency) -> String {
    let renamed = dependency.rename.clone();
    let package = || metadata.packages.iter().find(|package| *package.name == dependency.name);
    let library = || {
        let target = package()?.targets.iter().find(|target| target.is_lib() || target.is_proc_macro())?;
        Some(target.name.clone())
    };
    renamed.or_else(library).unwrap_or_else(|| dependency.name.clone()).replace('-', "_")
}

/// Whether code has a name as a word of its own; what a comment speaks of is not used by it.
fn names(code: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    statements(code).any(|line| {
        line.match_indices(name).any(|(at, _)| {
            let (before, from) = line.split_at(at);
            let after = from.get(name.len()..).unwrap_or_default();
            !before.ends_with(is_part) && !after.starts_with(is_part)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_word() {
        assert!(names("use serde::Serialize;", "serde"));
        assert!(names("#[derive(serde::Serialize)]", "serde"));
        assert!(names("serde", "serde"));
        assert!(!names("use serde_json::Value; use my_serde;", "serde"));
        assert!(names("serde_json::from_str::<serde::de::Ignored>", "serde"));
        assert!(!names("//! As serde does it.\n    // serde\nuse std::fmt;", "serde"));
    }

    #[test]
    fn the_house_is_tidy() {
        run().unwrap();
    }

    #[test]
    fn a_tool_that_attaches_limits_by_itself_is_found() {
        assert!(attaches("measure.limits.push(limit);").is_some());
        assert!(attaches("report.unmatched_limits.extend(limits);").is_some());
        assert!(attaches("set.attach(measure)?; report.limits().next()").is_none());
    }

    #[test]
    fn a_test_is_an_attribute_on_a_line_of_its_own() {
        assert!(has_tests("mod tests {\n    #[test]\n    fn one() {}\n}\n"));
        assert!(!has_tests("// #[test]\nfn one() {}\nlet text = \"#[test]\";\n"));
    }

    #[test]
    fn a_doctest_is_a_fence_of_rust() {
        assert!(has_doctests("/// Text.\n///\n/// ```\n/// assert!(true);\n/// ```\n"));
        assert!(has_doctests("//! ```json\n//! {}\n//! ```\n//! ```no_run\n//! ```\n"));
        assert!(!has_doctests("//! ```json\n//! {}\n//! ```\nfn f() {}\n// ```\n"));
    }
}
