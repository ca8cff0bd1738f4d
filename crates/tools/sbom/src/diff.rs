//! `diff`: what changed between two bills of materials, and whether it may.

use lw_bom::{Aspect, Change, Changed, Diff as Difference, Direction, Document, title_of};
use lw_cli::{Context, Error};
use lw_inventory::{Component, ComponentId};
use lw_model::{Align, Cell, Fact, Finding, Level, Measure, Number, Reason, Report, Table};

use crate::args::Diff;
use crate::bills::{self, Bill, counted};
use crate::{licences, limits};

/// Most rows of the table; what is left out is counted below it.
const ROWS: usize = 300;

/// Compares two bills of materials.
///
/// # Errors
/// When one cannot be read, or a licence of the policy is none.
pub(crate) fn run(
    args: &Diff,
    baseline: Option<&Report>,
    cx: &mut Context,
    report: &mut Report,
) -> Result<(), Error> {
    let (Some(old), Some(new)) = (&args.old, &args.new) else {
        return Err(Error::usage("two bills of materials are needed").hint("lw sbom diff OLD NEW"));
    };
    let policy = licences::policy(&args.policy)?;
    let new = bills::read(new, cx)?;
    let Some(old) = cx.expand(&[old.display().to_string()], report)?.into_iter().next() else {
        // The newer bill is all that is known: nothing is said to be new, and no limit of the comparison is met.
        cx.figure("there is no older bill: nothing was compared");
        measure_components(&new, None, report);
        if args.min_age.is_some() {
            let message =
                "there is no older bill, so nothing says which versions are new: their age is not judged";
            report.add_finding(Finding::new("sbom/undated", Level::Error, "no older bill", message));
        }
        return limits::settle_without(&args.limits, "sbom.diff.", Reason::NoBaseline, baseline, cx, report);
    };
    let old = bills::read(&old, cx)?;
    for (name, bill) in [("before", &old), ("now", &new)] {
        let value = format!(
            "{} ({}, {})",
            bill.name,
            bill.format,
            counted(bill.document.inventory.len(), "component", "components")
        );
        report.facts.push(Fact { name: name.into(), subject: None, value });
    }
    measure_components(&new, Some(&old), report);
    let diff = lw_bom::diff(&old.document, &new.document);
    let sides = Sides { old: &old.document, new: &new.document };
    sides.measures(&diff, report);
    report.tables.extend(sides.table(&diff));
    sides.findings(&diff, report);
    let introduced = sides.introduced(&diff);
    licences::judge(&policy, &args.policy, introduced.into_iter(), None, report);
    if let Some(days) = args.min_age {
        sides.young(&diff, days, cx.now(), report);
    }
    cx.figure(if diff.is_empty() { "both hold the same".to_owned() } else { headline(&diff) });
    limits::settle(&args.limits, baseline, cx, report)
}

fn headline(diff: &Difference) -> String {
    let moved =
        |direction| diff.changed.iter().filter(|changed| changed.direction() == Some(direction)).count();
    let other = diff
        .changed
        .iter()
        .filter(|changed| !matches!(changed.direction(), Some(Direction::Upgraded | Direction::Downgraded)))
        .count();
    let parts = [
        (diff.added.len(), "added"),
        (diff.removed.len(), "removed"),
        (moved(Direction::Upgraded), "upgraded"),
        (moved(Direction::Downgraded), "downgraded"),
        (other, "otherwise changed"),
    ];
    let told: Vec<_> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    if told.is_empty() { "the product changed, its components did not".to_owned() } else { told.join(", ") }
}

fn measure_components(new: &Bill, old: Option<&Bill>, report: &mut Report) {
    let mut components =
        Measure::count("sbom.components", new.document.inventory.len() as u64).label("components");
    components.baseline = old.map(|old| Number::from(old.document.inventory.len() as u64));
    report.measures.push(components);
}

/// Both bills.
struct Sides<'a> {
    old: &'a Document,
    new: &'a Document,
}

impl<'a> Sides<'a> {
    fn before(&self, id: ComponentId) -> Option<&'a Component> {
        self.old.inventory.get(id)
    }

    fn now(&self, id: ComponentId) -> Option<&'a Component> {
        self.new.inventory.get(id)
    }

    fn added(&self, diff: &Difference) -> impl Iterator<Item = &'a Component> {
        diff.added.iter().filter_map(|id| self.now(*id)).collect::<Vec<_>>().into_iter()
    }

    /// What brings a licence into the product: what is new, and what has another licence now.
    fn introduced(&self, diff: &Difference) -> Vec<&'a Component> {
        let relicensed = diff.changed.iter().filter(|changed| changed.of(Aspect::Licence).is_some());
        self.added(diff).chain(relicensed.filter_map(|changed| self.now(changed.new))).collect()
    }

    /// Components that make demands on the product now, and did not before.
    fn new_copyleft(&self, diff: &Difference) -> Vec<(&'a Component, String)> {
        let was_copyleft: Vec<ComponentId> = diff
            .changed
            .iter()
            .filter(|changed| self.before(changed.old).and_then(lw_bom::copyleft).is_some())
            .map(|changed| changed.new)
            .collect();
        let relicensed =
            diff.changed.iter().map(|changed| changed.new).filter(|id| !was_copyleft.contains(id));
        diff.added
            .iter()
            .copied()
            .chain(relicensed)
            .filter_map(|id| self.now(id))
            .filter_map(|component| Some((component, lw_bom::copyleft(component)?)))
            .collect()
    }

    fn measures(&self, diff: &Difference, report: &mut Report) {
        let moved =
            |direction| diff.changed.iter().filter(|changed| changed.direction() == Some(direction)).count();
        let relicensed = diff.changed.iter().filter(|changed| changed.of(Aspect::Licence).is_some()).count();
        let suspicious = diff.changed.iter().filter(|changed| !changed.suspicious().is_empty()).count();
        let without =
            |lacks: fn(&Component) -> bool| self.added(diff).filter(|component| lacks(component)).count();
        for (name, label, number) in [
            ("added", "components added", diff.added.len()),
            ("removed", "components removed", diff.removed.len()),
            ("upgraded", "components upgraded", moved(Direction::Upgraded)),
            ("downgraded", "components downgraded", moved(Direction::Downgraded)),
            ("relicensed", "components with another licence", relicensed),
            ("suspicious", "components changed under the same version", suspicious),
            ("copyleft", "components newly copyleft", self.new_copyleft(diff).len()),
            (
                "without-licence",
                "added without licence",
                without(|component| lw_bom::licence_of(component).is_none()),
            ),
            ("without-purl", "added without package URL", without(|component| component.purl.is_none())),
        ] {
            report.measures.push(Measure::count(format!("sbom.diff.{name}"), number as u64).label(label));
        }
    }

    fn findings(&self, diff: &Difference, report: &mut Report) {
        for (component, licence) in self.new_copyleft(diff) {
            let title = title_of(component);
            let message = format!(
                "{title} can only be had under {licence}, which is copyleft, and nothing of it was in the older bill"
            );
            report.add_finding(Finding::new("sbom/new-copyleft", Level::Warning, &title, message));
        }
        for changed in &diff.changed {
            let Some(component) = self.now(changed.new) else { continue };
            let title = title_of(component);
            for change in changed.suspicious() {
                let (level, what) = match change.aspect {
                    Aspect::Hash => (Level::Error, "other bytes"),
                    Aspect::Source => (Level::Warning, "another source"),
                    _ => (Level::Warning, "another supplier"),
                };
                let (before, now) = (shown(change, &change.before), shown(change, &change.now));
                let message = format!("{title} has {what} under the same version: {now} instead of {before}");
                report.add_finding(Finding::new(
                    "sbom/same-version-changed",
                    level,
                    &format!("{title}:{what}"),
                    message,
                ));
            }
            if changed.direction() == Some(Direction::Downgraded) {
                let before = self.before(changed.old).and_then(|old| old.version.clone()).unwrap_or_default();
                let message = format!("{title} is older than the {before} it replaces");
                report.add_finding(Finding::new("sbom/downgraded", Level::Note, &title, message));
            }
        }
        for component in self.added(diff) {
            let title = title_of(component);
            if lw_bom::licence_of(component).is_none() {
                let message = format!("{title} is new, and nothing is known of its licence");
                report.add_finding(Finding::new("sbom/new-without-licence", Level::Note, &title, message));
            }
            if component.purl.is_none() && !component.source.is_local() {
                let message =
                    format!("{title} is new and has no package URL: no advisory can be matched with it");
                report.add_finding(Finding::new("sbom/new-without-purl", Level::Note, &title, message));
            }
        }
    }

    /// Versions that came with the newer bill: added, or in the place of another. What lies in the project was published by
    /// nobody.
    fn versions(&self, diff: &Difference) -> impl Iterator<Item = &'a Component> {
        let moved = diff.changed.iter().filter(|changed| changed.direction().is_some());
        let moved: Vec<_> = moved.filter_map(|changed| self.now(changed.new)).collect();
        self.added(diff).chain(moved).filter(|component| !component.source.is_local())
    }

    /// Tells which new versions were published less than `days` ago, and of which nobody knows when. A forged version is
    /// mostly found out within days.
    fn young(&self, diff: &Difference, days: u32, now: u64, report: &mut Report) {
        let now = lw_inventory::of_unix(now).unwrap_or_default();
        let (mut young, mut undated) = (0u64, 0u64);
        for component in self.versions(diff) {
            let title = title_of(component);
            let released = component.released.as_deref();
            let age = released.and_then(|released| lw_inventory::days_between(released, &now));
            let (rule, message) = match (age, released) {
                (Some(age), _) if age >= i64::from(days) => continue,
                (Some(age), Some(released)) => {
                    young += 1;
                    let ago = if age < 0 {
                        "which is still to come".to_owned()
                    } else {
                        format!("{} ago", counted(usize::try_from(age).unwrap_or_default(), "day", "days"))
                    };
                    (
                        "sbom/too-young",
                        format!("{title} was published at {released}, {ago}: less than {days} days"),
                    )
                }
                _ => {
                    undated += 1;
                    let message = format!(
                        "{title} is not judged: neither its lock file nor its registry says when it was published"
                    );
                    ("sbom/undated", message)
                }
            };
            report.add_finding(Finding::new(rule, Level::Error, &title, message));
        }
        report
            .measures
            .push(Measure::count("sbom.diff.young", young).label("new versions that are too young"));
        report
            .measures
            .push(Measure::count("sbom.diff.undated", undated).label("new versions of unknown age"));
    }

    fn table(&self, diff: &Difference) -> Option<Table> {
        if diff.is_empty() {
            return None;
        }
        let columns = [
            ("Change", Align::Left),
            ("Component", Align::Left),
            ("Before", Align::Left),
            ("Now", Align::Left),
        ];
        let mut table = Table::new("changes", "what changed", &columns);
        let mut rows: Vec<Vec<Cell>> = Vec::new();
        if let Some(product) = &diff.product {
            rows.extend(self.rows(product, "product: "));
        }
        // What wants a look first.
        let (suspicious, others): (Vec<_>, Vec<_>) =
            diff.changed.iter().partition(|changed| !changed.suspicious().is_empty());
        suspicious.iter().for_each(|changed| rows.extend(self.rows(changed, "")));
        for id in &diff.added {
            let Some(component) = self.now(*id) else { continue };
            rows.push(vec![
                Cell::Text("added".into()),
                Cell::Code(name_of(component)),
                Cell::Empty,
                Cell::Code(version_and_licence(component)),
            ]);
        }
        for id in &diff.removed {
            let Some(component) = self.before(*id) else { continue };
            rows.push(vec![
                Cell::Text("removed".into()),
                Cell::Code(name_of(component)),
                Cell::Code(version_and_licence(component)),
                Cell::Empty,
            ]);
        }
        others.iter().for_each(|changed| rows.extend(self.rows(changed, "")));
        let left_out = rows.len().saturating_sub(ROWS);
        rows.truncate(ROWS);
        table.rows = rows;
        table.note = (left_out > 0)
            .then(|| format!("{} more; the bills have them all.", counted(left_out, "row", "rows")));
        Some(table)
    }

    fn rows(&self, changed: &Changed, prefix: &str) -> Vec<Vec<Cell>> {
        let name = self.now(changed.new).map(name_of).unwrap_or_default();
        let row = |change: &Change| {
            let what = match change.aspect {
                Aspect::Version(Direction::Upgraded) => "upgraded",
                Aspect::Version(Direction::Downgraded) => "downgraded",
                Aspect::Version(Direction::Changed) => "version changed",
                Aspect::Licence => "licence changed",
                Aspect::Supplier => "supplier changed",
                Aspect::Source => "source changed",
                Aspect::Hash => "bytes changed",
                Aspect::Scope => "scope changed",
            };
            let cell = |text: &Option<String>| {
                text.as_ref().map_or(Cell::Empty, |_| Cell::Code(shown(change, text)))
            };
            vec![
                Cell::Text(format!("{prefix}{what}")),
                Cell::Code(name.clone()),
                cell(&change.before),
                cell(&change.now),
            ]
        };
        changed.changes.iter().map(row).collect()
    }
}

/// What stood there. The first digits of a hash tell it from another one; the bills have them all.
fn shown(change: &Change, text: &Option<String>) -> String {
    const DIGITS: usize = 12;
    match text {
        None => "nothing".to_owned(),
        Some(hash) if change.aspect == Aspect::Hash => {
            let (hex, file) = hash.split_once(' ').unwrap_or((hash, ""));
            let start: String = hex.chars().take(DIGITS).collect();
            format!("{start}… {file}").trim_end().to_owned()
        }
        Some(text) => text.clone(),
    }
}

/// Without its version, which has a column of its own.
fn name_of(component: &Component) -> String {
    title_of(&Component { version: None, ..component.clone() })
}

fn version_and_licence(component: &Component) -> String {
    let version = component.version.clone().unwrap_or_default();
    let licence = lw_bom::licence_of(component).map(|licence| format!(" ({})", licence.written));
    format!("{version}{}", licence.unwrap_or_default()).trim_start().to_owned()
}
