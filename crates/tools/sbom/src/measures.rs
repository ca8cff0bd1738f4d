//! The numbers of a bill of materials.

use lw_inventory::{Component, Inventory, Scope};
use lw_model::{Measure, Report, Unit};

/// Something a component may lack: the end of its measure's name, what people call it, and whether a component has it.
type Asked = (&'static str, &'static str, fn(&Component) -> bool);

const ASKED: [Asked; 5] = [
    ("version", "components without version", |component| component.version.is_some()),
    ("purl", "components without package URL", |component| component.purl.is_some()),
    ("license", "components without licence", |component| {
        component.declared_licence.is_some() || component.concluded_licence.is_some()
    }),
    ("supplier", "components without supplier", |component| component.supplier.is_some()),
    ("hash", "components without hash", |component| {
        !component.hashes.is_empty() || component.distributions.iter().any(|file| !file.hashes.is_empty())
    }),
];

fn count(name: impl Into<String>, value: usize, label: &str) -> Measure {
    let value = i64::try_from(value).unwrap_or(i64::MAX);
    Measure::new(name, value, Unit::Count).label(label)
}

/// Adds what can be counted in an inventory. The product itself is none of its components.
pub(crate) fn add(inventory: &Inventory, report: &mut Report) {
    let components: Vec<_> = inventory
        .iter()
        .filter(|(id, _)| inventory.root() != Some(*id))
        .map(|(_, component)| component)
        .collect();
    let total = i64::try_from(components.len()).unwrap_or(i64::MAX);
    let direct = inventory.root().map_or(0, |root| inventory.dependencies(root).count());
    let excluded = components.iter().filter(|component| component.scope == Scope::Excluded).count();
    report.measures.push(count("sbom.components", components.len(), "components"));
    report.measures.push(count("sbom.components.direct", direct, "direct dependencies"));
    report.measures.push(count("sbom.components.excluded", excluded, "components that are not shipped"));
    report.measures.push(count("sbom.edges", inventory.edges().count(), "dependencies between them"));
    report.measures.push(count("sbom.unknowns", inventory.unknowns.len(), "known to be missing"));
    for (name, label, has) in ASKED {
        let missing = components.iter().filter(|component| !has(component)).count();
        let mut measure = count(format!("sbom.missing.{name}"), missing, label);
        measure.whole = Some(total.into());
        report.measures.push(measure);
    }
}
