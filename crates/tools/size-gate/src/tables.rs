//! The tables a person reads, made from the report's own measures and breakdown.

use std::collections::BTreeMap;

use lw_firmware::memory::{PlacementRole, RegionUse};
use lw_firmware::{Chip, Memory, RegionClass};
use lw_hashed::HashMap;
use lw_model::{Align, ByteSize, Cell, Largest, Measure, Node, Number, Report, Table, Tree};

use crate::analyse::Firmware;
use crate::blame::{Blame, blames};
use crate::breakdown::{parts_of_level, sections_once};
use crate::diff::Row;

/// Adds the tables of one firmware, the most telling first.
pub(crate) fn add(report: &mut Report, firmware: &Firmware, rows: Option<&(Vec<Row>, usize)>, top: usize) {
    let subject = firmware.subject.as_deref();
    let tree = report.trees.iter().find(|tree| tree.subject.as_deref() == subject);
    let mut tables = Vec::new();
    tables.extend(regions(report, firmware));
    tables.extend(partitions(report, subject));
    for blame in blames(report, firmware) {
        let pushed = rows.and_then(|(rows, _)| pushed_over(rows, &blame, firmware, top));
        tables.extend(pushed.or_else(|| tree.and_then(|tree| largest_in(tree, &blame, firmware, top))));
    }
    if let Some((rows, noise)) = rows {
        tables.extend(growers(rows, *noise, top));
        tables.extend(by_archive(rows, top));
    }
    if let Some(tree) = tree {
        tables.extend(largest(tree, "archive", top));
        tables.extend(largest(tree, "symbol", top));
        tables.push(sections(tree, firmware));
    }
    tables.extend(kinds(firmware));
    for table in &mut tables {
        table.subject.clone_from(&firmware.subject);
    }
    report.tables.extend(tables);
}

fn integer(value: Number) -> i64 {
    match value {
        Number::Integer(value) => value,
        #[allow(clippy::cast_possible_truncation)]
        Number::Decimal(value) => value as i64,
    }
}

fn bytes(value: u64) -> Cell {
    Cell::Bytes(i64::try_from(value).unwrap_or(i64::MAX))
}

fn delta(measure: &Measure) -> Cell {
    measure.growth().map_or(Cell::Empty, |growth| Cell::Delta(integer(growth)))
}

/// What belongs to the run as a whole: the firmwares side by side, and on demand every measure.
pub(crate) fn add_overview(report: &mut Report, list_measures: bool) {
    if let Some(table) = firmwares(report) {
        report.tables.insert(0, table);
    }
    if list_measures {
        report.tables.push(every_measure(report));
    }
}

/// Image and RAM of each firmware of a matrix, and how they changed.
fn firmwares(report: &Report) -> Option<Table> {
    let subjects: Vec<&str> = report.subjects().into_iter().flatten().collect();
    if subjects.len() < 2 {
        return None;
    }
    let mut table = Table::new(
        "firmwares",
        "Firmwares",
        &[
            ("Firmware", Align::Left),
            ("Image", Align::Right),
            ("Change", Align::Right),
            ("Static RAM", Align::Right),
            ("Change", Align::Right),
            ("Least free", Align::Right),
        ],
    );
    for subject in subjects {
        let measure = |name: &str| report.measure(name, Some(subject));
        let value =
            |name: &str| measure(name).map_or(Cell::Empty, |measure| Cell::Bytes(integer(measure.value)));
        let change = |name: &str| measure(name).map_or(Cell::Empty, delta);
        table.rows.push(vec![
            Cell::Code(subject.to_owned()),
            value("image.bytes"),
            change("image.bytes"),
            value("ram.bytes"),
            change("ram.bytes"),
            value("partition.smallest-app.free"),
        ]);
    }
    for index in [5, 4, 2] {
        drop_empty_column(&mut table, index);
    }
    Some(table)
}

/// Every measure under the name that a limit uses.
fn every_measure(report: &Report) -> Table {
    let mut table = Table::new(
        "every-measure",
        "Every measure of this run",
        &[("Measure", Align::Left), ("Bytes", Align::Right), ("Of", Align::Right)],
    );
    for measure in &report.measures {
        let name = match &measure.subject {
            Some(subject) => format!("{subject}/{}", measure.name),
            None => measure.name.clone(),
        };
        let whole = measure.whole.map_or(Cell::Empty, |whole| Cell::Bytes(integer(whole)));
        table.rows.push(vec![Cell::Code(name), Cell::Bytes(integer(measure.value)), whole]);
    }
    table.note = Some(
        "section.NAME, archive.NAME, object.NAME and symbol.NAME become measures when a limit names them."
            .into(),
    );
    table
}

/// What kind of memory each region was taken for, and why.
fn kinds(firmware: &Firmware) -> Option<Table> {
    let memory = firmware.memory.as_ref()?;
    let mut table = Table::new(
        "region-kinds",
        "Kinds of memory",
        &[("Region", Align::Left), ("Kind", Align::Left), ("Why", Align::Left)],
    );
    for used in &memory.regions {
        table.rows.push(vec![
            Cell::Code(used.region.name.clone()),
            Cell::Text(kind(used, memory.chip)),
            Cell::Text(used.why.clone()),
        ]);
    }
    table.note = Some(
        "Static RAM is the data of regions of the kind RAM; --region-kind NAME=KIND corrects a kind.".into(),
    );
    table.folded = true;
    (!table.rows.is_empty()).then_some(table)
}

/// The kind of a region in one or two words; of a known chip, as its maker calls it.
fn kind(used: &RegionUse, chip: Option<Chip>) -> String {
    let executable = used.region.attributes.split('!').next().unwrap_or_default().contains(['x', 'X']);
    let of_chip = chip.and_then(|chip| chip.memory_name(used.region.origin, executable));
    match (of_chip, used.class) {
        (Some(name), RegionClass::Flash | RegionClass::Ram) => name.into(),
        (_, RegionClass::Ram) if used.code_only => "RAM, code".into(),
        (_, class) => class.to_string(),
    }
}

/// Use of each region: as the linker counts it, and without dummies and gaps.
fn regions(report: &Report, firmware: &Firmware) -> Option<Table> {
    let subject = firmware.subject.as_deref();
    let mut table = Table::new(
        "regions",
        "Memory",
        &[
            ("Region", Align::Left),
            ("Kind", Align::Left),
            ("Used", Align::Right),
            ("Size", Align::Right),
            ("Share", Align::Left),
            ("Content", Align::Right),
            ("Change", Align::Right),
        ],
    );
    let mut empty = Vec::new();
    let own = |measure: &&Measure| measure.subject.as_deref() == subject;
    for span in report.measures.iter().filter(own) {
        let Some(path) =
            span.name.strip_suffix(".span").filter(|path| path.starts_with("region.") || *path == "sram")
        else {
            continue;
        };
        let shown = path.strip_prefix("region.").unwrap_or("SRAM, unified");
        let used = integer(span.value);
        if used == 0 && span.baseline.is_none_or(|before| integer(before) == 0) {
            empty.push(shown);
            continue;
        }
        let size = span.whole.map(integer);
        let content = report
            .measure(&format!("{path}.bytes"), subject)
            .map_or(Cell::Empty, |measure| Cell::Bytes(integer(measure.value)));
        let region = firmware.memory.as_ref().and_then(|memory| {
            Some((memory.regions.iter().find(|used| used.region.name == shown)?, memory.chip))
        });
        table.rows.push(vec![
            Cell::Code(shown.to_owned()),
            region.map_or(Cell::Empty, |(used, chip)| Cell::Text(kind(used, chip))),
            Cell::Bytes(used),
            size.map_or(Cell::Empty, Cell::Bytes),
            size.map_or(Cell::Empty, |total| Cell::Bar { used, total }),
            content,
            delta(span),
        ]);
    }
    if table.rows.is_empty() {
        return None;
    }
    let mut note = String::from(
        "Used is what the linker counts, from the start of the region to its last byte; content is without reserved dummies and gaps.",
    );
    if let Some(memory) = &firmware.memory {
        note.push_str(&notes(memory));
    }
    if !empty.is_empty() {
        note.push_str(&format!(" Empty: {}.", empty.join(", ")));
    }
    table.note = Some(note);
    drop_empty_column(&mut table, 6);
    Some(table)
}

/// Why the use of a region is not what one would expect.
fn notes(memory: &Memory) -> String {
    /// A gap that is worth a sentence: more than an alignment.
    const LARGE_GAP: u64 = 1024;
    let mut notes = String::new();
    for used in &memory.regions {
        let sections = || {
            used.placements
                .iter()
                .filter_map(|placement| Some((placement, memory.sections.get(placement.section)?)))
        };
        let name = &used.region.name;
        for (_, section) in sections().filter(|(_, section)| section.filler) {
            notes.push_str(&format!(
                " `{}` takes what is left of {name}: it counts as used, as for the linker, but neither as content nor as RAM, and is free.",
                section.name
            ));
        }
        let mut overlaid = sections().filter(|(placement, section)| {
            placement.role == PlacementRole::Run && !section.dummy && placement.skip > 0
        });
        if let Some((_, section)) = overlaid.next() {
            notes.push_str(&format!(
                " In {name} `{}` shares addresses with what is loaded in turn (an overlay): they count once.",
                section.name
            ));
        }
        if let Some((at, bytes)) =
            used.gaps.iter().filter(|(_, bytes)| *bytes >= LARGE_GAP).max_by_key(|(_, bytes)| *bytes)
        {
            notes.push_str(&format!(
                " {} of {name} from {at:#x} are empty: what follows was put at an address of its own.",
                ByteSize(*bytes)
            ));
        }
    }
    notes
}

/// A column in which no run had anything to say is only noise.
fn drop_empty_column(table: &mut Table, index: usize) {
    let is_empty = table.rows.iter().all(|row| row.get(index).is_none_or(|cell| *cell == Cell::Empty));
    if is_empty && index < table.columns.len() {
        table.columns.remove(index);
        table.rows.iter_mut().filter(|row| index < row.len()).for_each(|row| {
            row.remove(index);
        });
    }
}

fn partitions(report: &Report, subject: Option<&str>) -> Option<Table> {
    let mut table = Table::new(
        "partitions",
        "Image in its partitions",
        &[
            ("Partition", Align::Left),
            ("Image", Align::Right),
            ("Size", Align::Right),
            ("Free", Align::Right),
            ("Share", Align::Left),
        ],
    );
    for used in report.measures.iter().filter(|measure| measure.subject.as_deref() == subject) {
        let name = used.name.strip_prefix("partition.").and_then(|name| name.strip_suffix(".used"));
        let (Some(name), Some(total)) = (name, used.whole.map(integer)) else { continue };
        let used = integer(used.value);
        table.rows.push(vec![
            Cell::Code(name.to_owned()),
            Cell::Bytes(used),
            Cell::Bytes(total),
            Cell::Bytes(total - used),
            Cell::Bar { used, total },
        ]);
    }
    (!table.rows.is_empty()).then_some(table)
}

/// What grew most of what makes a measure too large; `None` when nothing grew.
fn pushed_over(rows: &[Row], blame: &Blame, firmware: &Firmware, top: usize) -> Option<Table> {
    let growing: Vec<&Row> =
        rows.iter().filter(|row| row.delta() > 0 && blame.holds_row(firmware, row)).collect();
    if growing.is_empty() {
        return None;
    }
    let mut table = Table::new(
        format!("pushed-over-{}", blame.what),
        format!("What pushed {} over", blame.what),
        &[("Symbol", Align::Left), ("Change", Align::Right), ("Now", Align::Right), ("Where", Align::Left)],
    );
    table.add_largest(
        &Largest::of_sorted(growing, top),
        |row| vec![Cell::Code(row.name.clone()), Cell::Delta(row.delta()), bytes(row.now), place(row)],
        |name, rest| vec![name, Cell::Delta(grown(rest)), bytes(sum(rest, |row| row.now)), Cell::Empty],
    );
    Some(table)
}

/// By how much rows grew together.
fn grown(rows: &[&Row]) -> i64 {
    rows.iter().fold(0, |sum, row| sum.saturating_add(row.delta()))
}

fn sum(rows: &[&Row], of: impl Fn(&Row) -> u64) -> u64 {
    rows.iter().fold(0, |sum, row| sum.saturating_add(of(row)))
}

fn place(row: &Row) -> Cell {
    Cell::Code(if row.place.is_empty() { row.section.clone() } else { row.place.clone() })
}

fn growers(rows: &[Row], noise: usize, top: usize) -> Option<Table> {
    let mut table = Table::new(
        "growers",
        "Changes since the baseline",
        &[
            ("Symbol", Align::Left),
            ("", Align::Left),
            ("Before", Align::Right),
            ("Now", Align::Right),
            ("Change", Align::Right),
            ("Regions", Align::Left),
            ("Where", Align::Left),
        ],
    );
    table.add_largest(
        &Largest::of_sorted(rows, top),
        |row| {
            vec![
                Cell::Code(row.name.clone()),
                Cell::Text(row.change.as_str().into()),
                bytes(row.before),
                bytes(row.now),
                Cell::Delta(row.delta()),
                Cell::Text(row.regions.join(", ")),
                place(row),
            ]
        },
        |name, rest| {
            let (before, now) = (sum(rest, |row| row.before), sum(rest, |row| row.now));
            let change = Cell::Delta(grown(rest));
            vec![name, Cell::Empty, bytes(before), bytes(now), change, Cell::Empty, Cell::Empty]
        },
    );
    if table.rows.is_empty() {
        return None;
    }
    table.note = (noise > 0).then(|| format!("{noise} changes are below the noise floor."));
    Some(table)
}

fn by_archive(rows: &[Row], top: usize) -> Option<Table> {
    let mut archives: BTreeMap<&str, i64> = BTreeMap::new();
    for row in rows {
        let archive = row.place.split_once('(').map_or(row.place.as_str(), |(archive, _)| archive);
        *archives.entry(archive).or_insert(0) += row.delta();
    }
    let archives: Vec<_> =
        archives.into_iter().filter(|(name, delta)| !name.is_empty() && *delta != 0).collect();
    if archives.len() < 2 {
        return None;
    }
    let mut table = Table::new(
        "growth-by-archive",
        "Changes by archive",
        &[("Archive or object", Align::Left), ("Change", Align::Right)],
    );
    table.add_largest(
        &Largest::of(archives, top, |(_, delta)| delta.unsigned_abs(), |(a, _), (b, _)| a.cmp(b)),
        |(name, delta)| vec![Cell::Code((*name).to_owned()), Cell::Delta(*delta)],
        |name, rest| vec![name, Cell::Delta(rest.iter().fold(0, |sum, row| sum.saturating_add(row.1)))],
    );
    table.folded = true;
    Some(table)
}

/// The largest parts of a level.
fn largest(tree: &Tree, level: &str, top: usize) -> Option<Table> {
    let parts = parts(tree, sections_once(tree), level);
    list(parts, &format!("largest-{level}s"), format!("Largest {level}s"), top, true)
}

/// The largest parts of what makes a measure too large.
fn largest_in(tree: &Tree, blame: &Blame, firmware: &Firmware, top: usize) -> Option<Table> {
    let mut sections = sections_once(tree);
    sections.retain(|(region, section)| blame.holds(firmware, &region.name, &section.name));
    let parts = parts(tree, sections, "symbol");
    list(parts, &format!("largest-in-{}", blame.what), format!("Largest in {}", blame.what), top, false)
}

/// Name, place and bytes of the parts of a level. An archive is one part however many sections it is in; symbols of one
/// name in two objects are two.
fn parts<'a>(tree: &Tree, sections: Vec<(&'a Node, &'a Node)>, level: &str) -> Vec<(&'a str, &'a str, u64)> {
    if level == "symbol" {
        // There may be a million, and a list that grows is copied again and again.
        let mut count = 0;
        parts_of_level(tree, sections.iter().copied(), level, |_| count += 1);
        let mut parts = Vec::with_capacity(count);
        parts_of_level(tree, sections, level, |part| {
            parts.push((part.node.shown(), part.parent.shown(), part.node.value));
        });
        return parts;
    }
    let mut sums: HashMap<&str, u64> = HashMap::new();
    parts_of_level(tree, sections, level, |part| {
        *sums.entry(part.node.shown()).or_insert(0) += part.node.value;
    });
    sums.into_iter().map(|(name, bytes)| (name, "", bytes)).collect()
}

fn list(
    mut parts: Vec<(&str, &str, u64)>,
    id: &str,
    title: String,
    top: usize,
    folded: bool,
) -> Option<Table> {
    parts.retain(|(_, _, bytes)| *bytes > 0);
    if parts.is_empty() {
        return None;
    }
    let whole = parts.iter().map(|(_, _, bytes)| bytes).sum::<u64>();
    let mut table = Table::new(
        id,
        title,
        &[("Name", Align::Left), ("Bytes", Align::Right), ("Share", Align::Left), ("Where", Align::Left)],
    );
    let total = i64::try_from(whole).unwrap_or(i64::MAX);
    let row = |name: Cell, place: &str, size: u64| {
        let used = i64::try_from(size).unwrap_or(i64::MAX);
        let place = if place.is_empty() { Cell::Empty } else { Cell::Code(place.to_owned()) };
        vec![name, Cell::Bytes(used), Cell::Bar { used, total }, place]
    };
    table.add_largest(
        &Largest::of(parts, top, |(_, _, bytes)| *bytes, |a, b| (a.0, a.1).cmp(&(b.0, b.1))),
        |(name, place, size)| row(Cell::Code((*name).to_owned()), place, *size),
        |name, rest| row(name, "", rest.iter().map(|(_, _, bytes)| bytes).sum()),
    );
    drop_empty_column(&mut table, 3);
    table.folded = folded;
    Some(table)
}

/// Every section in its region, and what lies between them.
fn sections(tree: &Tree, firmware: &Firmware) -> Table {
    let mut table = Table::new(
        "sections",
        "Sections",
        &[("Section", Align::Left), ("Region", Align::Left), ("Bytes", Align::Right)],
    );
    for region in &*tree.root.children {
        for section in &*region.children {
            table.rows.push(vec![
                Cell::Code(section.name.to_string()),
                Cell::Text(region.name.to_string()),
                bytes(section.value),
            ]);
        }
    }
    for used in firmware.memory.iter().flat_map(|memory| &memory.regions) {
        let gaps =
            used.gaps.iter().map(|(_, bytes)| bytes).fold(0, |sum: u64, bytes| sum.saturating_add(*bytes));
        if gaps > 0 && used.bytes > 0 {
            let name = Cell::Text(used.region.name.clone());
            table.rows.push(vec![Cell::Text("(gaps)".into()), name, bytes(gaps)]);
        }
    }
    table.folded = true;
    table
}
