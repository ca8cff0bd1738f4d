//! What a person reads of a bill of materials: its components, their licences, what changed, and the graph.

use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{Component, ComponentId, Inventory, Scope, Source};
use lw_model::lists::{filled, sort, sort_by, sort_by_cached_key};
use lw_model::{Align, Cell, Report, Table};

/// Rows of a table; more are counted below it, and stand in the bill itself.
const MOST_ROWS: usize = 500;
/// Boxes of the graph; with more nobody could read it.
const MOST_BOXES: usize = 150;
/// Arrows of the graph: Mermaid draws none with more than 500 (`maxEdges`).
const MOST_ARROWS: usize = 500;
/// Characters of the graph: Mermaid draws none with more than 50,000 (`maxTextSize`).
const MOST_TEXT: usize = 45_000;
/// The table that a later run is compared with.
const COMPONENTS: &str = "components";

/// The version a person reads: of a commit its beginning.
fn version(component: &Component) -> String {
    let version = component.version.as_deref().unwrap_or("unknown");
    let is_commit = version.len() >= 40 && version.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_commit { version.get(..12).unwrap_or(version).to_owned() } else { version.to_owned() }
}

fn name(component: &Component) -> String {
    match &component.namespace {
        Some(namespace) => format!("{namespace}/{}", component.name),
        None => component.name.clone(),
    }
}

fn licence(component: &Component) -> Option<String> {
    let licence = component.concluded_licence.as_ref().or(component.declared_licence.as_ref())?;
    Some(licence.expression().map_or_else(|| licence.written.clone(), str::to_owned))
}

fn from(component: &Component) -> &'static str {
    match &component.source {
        Source::Unknown => "",
        Source::PublicRegistry => "registry",
        Source::Registry(_) => "other registry",
        Source::Git { .. } => "git",
        Source::Url(_) => "address",
        Source::Path(_) => "project",
        Source::Bundled(_) => "bundled",
    }
}

fn text(value: Option<String>) -> Cell {
    value.map_or(Cell::Empty, Cell::Text)
}

/// Adds the tables of a bill, what changed since an earlier run first.
pub(crate) fn add(inventory: &Inventory, baseline: Option<&Report>, report: &mut Report) {
    let direct: BTreeSet<ComponentId> =
        filled(inventory.root().into_iter().flat_map(|root| inventory.dependencies(root)));
    let mut components: Vec<(ComponentId, &Component)> =
        inventory.iter().filter(|(id, _)| inventory.root() != Some(*id)).collect();
    // What the product needs itself stands first: it is what somebody chose.
    sort_by_cached_key(&mut components, |(id, component)| {
        (!direct.contains(id), name(component), component.version.clone())
    });

    let mut table = Table::new(
        COMPONENTS,
        "Components",
        &[
            ("component", Align::Left),
            ("version", Align::Left),
            ("licence", Align::Left),
            ("supplier", Align::Left),
            ("from", Align::Left),
            ("needed", Align::Left),
        ],
    );
    for (id, component) in components.iter().take(MOST_ROWS) {
        let needed = match (component.scope, direct.contains(id)) {
            (Scope::Excluded, _) => "to build or test",
            (Scope::Optional, _) => "optional",
            (Scope::Required, true) => "directly",
            (Scope::Required, false) => "by others",
        };
        let supplier = component.supplier.as_ref().and_then(|supplier| supplier.name.clone());
        table.rows.push(vec![
            Cell::Code(name(component)),
            Cell::Code(version(component)),
            text(licence(component)),
            text(supplier),
            Cell::Text(from(component).to_owned()),
            Cell::Text(needed.to_owned()),
        ]);
    }
    let more = components.len().saturating_sub(MOST_ROWS);
    if more > 0 {
        table.note = Some(format!("{more} more stand in the bill of materials."));
    }
    table.folded = components.len() > 20;
    if let Some(changes) = baseline.and_then(|earlier| changes(earlier, &table)) {
        report.tables.push(changes);
    }
    report.tables.push(table);
    licences(&components, report);
    report.tables.extend(graph(inventory));
}

/// What needs what, a component in each row, those nearest to the product first: for pages, which draw no Mermaid.
fn graph(inventory: &Inventory) -> Option<Table> {
    let mut table = Table::new("graph", "Graph", &[("component", Align::Left), ("needs", Align::Left)]);
    let mut queue = std::collections::VecDeque::from([inventory.root()?]);
    let mut queued: BTreeSet<ComponentId> = filled(queue.iter().copied());
    let mut more = 0usize;
    while let Some(id) = queue.pop_front() {
        let needs: Vec<_> = inventory.dependencies(id).collect();
        queue.extend(needs.iter().filter(|id| queued.insert(**id)));
        let Some(component) = inventory.get(id).filter(|_| !needs.is_empty()) else { continue };
        if table.rows.len() >= MOST_BOXES {
            more += 1;
            continue;
        }
        let mut names: Vec<_> = needs.iter().filter_map(|id| inventory.get(*id)).map(titled).collect();
        sort(&mut names);
        let left = names.len().saturating_sub(MOST_BOXES);
        names.truncate(MOST_BOXES);
        let told = names.join(", ");
        let told = if left > 0 { format!("{told} and {left} more") } else { told };
        table.rows.push(vec![Cell::Code(titled(component)), Cell::Text(told)]);
    }
    table.note = (more > 0).then(|| format!("{more} more stand in the bill of materials."));
    table.folded = true;
    (!table.rows.is_empty()).then_some(table)
}

fn titled(component: &Component) -> String {
    match &component.version {
        Some(_) => format!("{} {}", name(component), version(component)),
        None => name(component),
    }
}

/// The components of a table by name, each with its versions.
fn versions(table: &Table) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in &table.rows {
        if let [Cell::Code(name), Cell::Code(version), ..] = row.as_slice() {
            found.entry(name).or_default().insert(version);
        }
    }
    found
}

/// What changed since an earlier run. Nothing where one of the two is longer than its table, and so not known.
fn changes(earlier: &Report, now: &Table) -> Option<Table> {
    let before = earlier.tables.iter().find(|table| table.id == COMPONENTS)?;
    let mut table = Table::new(
        "changes",
        "Changed components",
        &[("component", Align::Left), ("before", Align::Left), ("now", Align::Left), ("change", Align::Left)],
    );
    if before.note.is_some() || now.note.is_some() {
        table.note = Some(
            "There are too many components to compare here: `lw sbom diff` compares the bills.".to_owned(),
        );
        return Some(table);
    }
    let (old, new) = (versions(before), versions(now));
    let names: BTreeSet<&str> = filled(old.keys().chain(new.keys()).copied());
    let joined = |versions: Option<&BTreeSet<&str>>| {
        let versions = versions.map(|versions| versions.iter().copied().collect::<Vec<_>>().join(", "));
        versions.map_or(Cell::Empty, Cell::Code)
    };
    for name in names {
        let (old, new) = (old.get(name), new.get(name));
        let change = match (old, new) {
            (Some(old), Some(new)) if old == new => continue,
            (Some(_), Some(_)) => "other version",
            (None, _) => "added",
            (_, None) => "removed",
        };
        table.rows.push(vec![
            Cell::Code(name.to_owned()),
            joined(old),
            joined(new),
            Cell::Text(change.to_owned()),
        ]);
    }
    (!table.rows.is_empty()).then_some(table)
}

fn licences(components: &[(ComponentId, &Component)], report: &mut Report) {
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for (_, component) in components {
        *counts.entry(licence(component).unwrap_or_else(|| "not known".to_owned())).or_default() += 1;
    }
    if counts.is_empty() {
        return;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    sort_by(&mut counts, |a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut table =
        Table::new("licences", "Licences", &[("licence", Align::Left), ("components", Align::Right)]);
    table.rows = counts
        .into_iter()
        .take(MOST_ROWS)
        .map(|(licence, count)| vec![Cell::Text(licence), Cell::Count(count)])
        .collect();
    table.folded = table.rows.len() > 20;
    report.tables.push(table);
}

/// Lists what was not looked into.
pub(crate) fn skipped(skipped: &[(String, String)], report: &mut Report) {
    if skipped.is_empty() {
        return;
    }
    let mut table = Table::new("not-read", "Not read", &[("path", Align::Left), ("why", Align::Left)]);
    table.rows = skipped
        .iter()
        .take(MOST_ROWS)
        .map(|(path, why)| vec![Cell::Code(path.clone()), Cell::Text(why.clone())])
        .collect();
    let more = skipped.len().saturating_sub(MOST_ROWS);
    table.note = (more > 0).then(|| format!("And {more} more."));
    table.folded = table.rows.len() > 10;
    report.tables.push(table);
}

/// The graph as a Mermaid flowchart (<https://mermaid.js.org/syntax/flowchart.html>): breadth first from the product, as many
/// boxes as can be read.
pub(crate) fn mermaid(inventory: &Inventory) -> String {
    let Some(root) = inventory.root() else { return String::new() };
    let mut shown: BTreeMap<ComponentId, usize> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([root]);
    let mut out = "flowchart LR\n".to_owned();
    let mut queued: BTreeSet<ComponentId> = filled([root]);
    while let Some(id) = queue.pop_front() {
        if shown.len() >= MOST_BOXES || out.len() > MOST_TEXT / 2 {
            break;
        }
        let Some(component) = inventory.get(id) else { continue };
        let number = shown.len();
        shown.insert(id, number);
        out.push_str(&format!("    n{number}[\"{}\"]\n", label_of(&titled(component))));
        queue.extend(inventory.dependencies(id).filter(|id| queued.insert(*id)));
    }
    let arrows: Vec<_> =
        inventory.edges().filter_map(|(from, to)| Some((*shown.get(&from)?, *shown.get(&to)?))).collect();
    for (from, to) in arrows.iter().take(MOST_ARROWS) {
        out.push_str(&format!("    n{from} --> n{to}\n"));
    }
    let more = inventory.iter().count() - shown.len();
    if more > 0 {
        out.push_str(&format!("    more[\"and {more} more\"]\n"));
    }
    let undrawn = arrows.len().saturating_sub(MOST_ARROWS);
    if undrawn > 0 {
        out.push_str(&format!("    arrows[\"and {undrawn} more arrows\"]\n"));
    }
    out
}

/// A text inside of quotes: all but plain characters stand as their numbers, which Mermaid shows as themselves.
fn label_of(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars().take(100) {
        if character.is_ascii_alphanumeric() || " ._+-/@:".contains(character) {
            out.push(character);
        } else {
            out.push_str(&format!("#{};", u32::from(character)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(components: &[(&str, &str)]) -> Inventory {
        let mut inventory = Inventory::new();
        let root = inventory.add(Component::new("", "product", None));
        inventory.set_root(root);
        for (name, version) in components {
            let id = inventory.add(Component::new("npm", *name, Some((*version).to_owned())));
            inventory.depend(root, id);
        }
        inventory
    }

    #[test]
    fn what_changed_stands_first() {
        let report = |components: &[(&str, &str)], baseline: Option<&Report>| {
            let mut report = Report::new("sbom", "0");
            add(&inventory(components), baseline, &mut report);
            report
        };
        let before = report(&[("a", "1"), ("b", "1"), ("c", "1")], None);
        let now = report(&[("a", "1"), ("b", "2"), ("d", "1")], Some(&before));
        let changes = &now.tables[0];
        assert_eq!(changes.id, "changes");
        let row = |name: &str, old: Cell, new: Cell, change: &str| {
            vec![Cell::Code(name.into()), old, new, Cell::Text(change.into())]
        };
        let code = |text: &str| Cell::Code(text.into());
        assert_eq!(
            changes.rows,
            [
                row("b", code("1"), code("2"), "other version"),
                row("c", code("1"), Cell::Empty, "removed"),
                row("d", Cell::Empty, code("1"), "added"),
            ]
        );
        assert_eq!(report(&[("a", "1")], Some(&report(&[("a", "1")], None))).tables[0].id, "components");
    }

    #[test]
    fn a_name_is_never_a_part_of_the_graphs_grammar() {
        let graph = mermaid(&inventory(&[("a\"] --> x[\"", "1"), ("<b>\n", "%%")]));
        assert_eq!(
            graph,
            "\
flowchart LR
    n0[\"product\"]
    n1[\"a#34;#93; --#62; x#91;#34; 1\"]
    n2[\"#60;b#62;#10; #37;#37;\"]
    n0 --> n1
    n0 --> n2
"
        );
    }

    #[test]
    fn a_large_graph_is_cut_and_says_so() {
        let names: Vec<String> = (0..400).map(|index| format!("c{index}")).collect();
        let components: Vec<_> = names.iter().map(|name| (name.as_str(), "1")).collect();
        assert!(mermaid(&inventory(&components)).ends_with("more[\"and 251 more\"]\n"));

        // As Mermaid does not draw it otherwise.
        let long: Vec<String> =
            (0..400).map(|index| format!("{index}{}", "\u{10ffff}".repeat(200))).collect();
        let components: Vec<_> = long.iter().map(|name| (name.as_str(), "1")).collect();
        let mut dense = inventory(&components);
        let ids: Vec<ComponentId> = dense.iter().map(|(id, _)| id).collect();
        for from in &ids {
            ids.iter().for_each(|to| dense.depend(*from, *to));
        }
        let graph = mermaid(&dense);
        assert!(graph.len() < 50_000, "{}", graph.len());
        assert!(graph.matches("-->").count() <= 500 && graph.contains("more arrows"));
    }

    #[test]
    fn the_graph_is_told_a_component_in_each_row() {
        let mut inventory = inventory(&[("a", "1"), ("b", "2")]);
        let ids: Vec<_> = inventory.iter().map(|(id, _)| id).collect();
        inventory.depend(ids[1], ids[2]);
        let table = graph(&inventory).unwrap();
        let rows: Vec<_> = table.rows.iter().map(|row| format!("{row:?}")).collect();
        assert_eq!(rows, [r#"[Code("product"), Text("a 1, b 2")]"#, r#"[Code("a 1"), Text("b 2")]"#]);
        assert!(table.folded && graph(&Inventory::new()).is_none());
    }
}
