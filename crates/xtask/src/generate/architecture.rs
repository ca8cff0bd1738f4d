//! `ARCHITECTURE.md`: the chart of the crates and the table of the floors.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Context;
use cargo_metadata::{DependencyKind, MetadataCommand};

use super::between;
use crate::floors::{FLOORS, TOOLS, floor};

const FILE: &str = "ARCHITECTURE.md";

/// The page with both made anew.
pub(crate) fn page(root: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(root.join(FILE)).context(FILE)?;
    let text = between(FILE, &text, "<!-- crates:begin", "<!-- crates:end", &chart(root)?)?;
    between(FILE, &text, "<!-- floors:begin", "<!-- floors:end", &table())
}

fn table() -> String {
    let mut table = "| Floor | Folder | Knows | Must never know |\n|---|---|---|---|\n".to_owned();
    for row in FLOORS.iter().filter(|row| !row.folder.is_empty()) {
        table.push_str(&format!("| F{} | {} | {} | {} |\n", row.number, row.folder, row.knows, row.never));
    }
    table.push_str("| – | `crates/testkit` | running tools, fixtures, fakes, for tests only | (a dev-dependency only) |\n");
    table
}

/// What the boxes of a floor are called.
fn title(floor: u8) -> &'static str {
    match floor {
        0 => "F0 · data and arithmetic",
        1 => "F1 · pure",
        2 => "F2 · the edge",
        3 => "F3 · services",
        4 => "F4 · a service for a run",
        TOOLS => "F5 · tools",
        6 => "F6 · the multi-call binary",
        _ => "F7 · never shipped",
    }
}

/// Every crate on its floor, with an arrow to each it imports and does not get through another.
fn chart(root: &Path) -> anyhow::Result<String> {
    let metadata = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).no_deps().exec()?;
    let mut boxes: BTreeMap<u8, Vec<String>> = BTreeMap::new();
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in &metadata.packages {
        let folder = package.manifest_path.parent().map(|path| path.as_std_path().to_owned());
        let folder = folder.unwrap_or_default();
        let folder = folder.strip_prefix(root).unwrap_or(&folder).to_string_lossy().replace('\\', "/");
        let Some(floor) = floor(&folder) else { continue };
        let short = folder.strip_prefix("crates/").unwrap_or(&folder);
        let label = match short.strip_prefix("tools/") {
            Some(name) => name.to_owned(),
            None => {
                format!("{short}: {}", package.description.as_deref().unwrap_or_default().replace('"', "'"))
            }
        };
        boxes.entry(floor).or_default().push(format!("        {}[\"{label}\"]\n", id(&package.name)));
        let normal = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.path.is_some() && dependency.kind == DependencyKind::Normal);
        imports.insert(id(&package.name), normal.map(|dependency| id(&dependency.name)).collect());
    }
    let mut chart = "```mermaid\nflowchart TB\n".to_owned();
    for (floor, boxes) in boxes.iter_mut().rev() {
        boxes.sort();
        chart.push_str(&format!("    subgraph F{floor}[\"{}\"]\n{}    end\n", title(*floor), boxes.concat()));
    }
    for (importer, imported) in &imports {
        let through: BTreeSet<&String> = imported.iter().flat_map(|other| below(other, &imports)).collect();
        for other in imported.iter().filter(|other| !through.contains(other)) {
            chart.push_str(&format!("    {importer} --> {other}\n"));
        }
    }
    chart.push_str("```\n");
    Ok(chart)
}

/// Everything a crate imports, directly or not.
fn below<'a>(name: &str, imports: &'a BTreeMap<String, BTreeSet<String>>) -> BTreeSet<&'a String> {
    let mut found = BTreeSet::new();
    let mut todo: Vec<&str> = vec![name];
    while let Some(name) = todo.pop() {
        for other in imports.get(name).into_iter().flatten() {
            if found.insert(other) {
                todo.push(other);
            }
        }
    }
    found
}

/// A crate's name where Mermaid allows no `-`.
fn id(package: &str) -> String {
    package.strip_prefix("lw-").unwrap_or(package).replace('-', "_")
}
