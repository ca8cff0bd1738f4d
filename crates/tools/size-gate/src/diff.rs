//! What grew since the baseline, symbol by symbol.
//!
//! Two builds never name everything alike: a compiler clones a function under another number, Rust
//! hashes its names, a file moves to another archive. Parts are matched by their place and
//! [`stable_name`] first, then by the stable name alone, so that such a move is one row with its change and not a
//! removal and an addition.

use std::borrow::Cow;

use lw_firmware::demangle::{demangle, stable_name};
use lw_hashed::HashMap;
use lw_model::lists::sort_by;
use lw_model::{Node, Tree};

/// What happened to a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is larger or smaller.
    Changed,
    /// It stands in another section or object, and may be larger or smaller.
    Moved,
}

impl Change {
    /// The word for a table.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Moved => "moved",
        }
    }
}

/// One part that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Name for a person: demangled.
    pub name: String,
    /// Object or archive it stands in, where a map tells.
    pub place: String,
    /// Output section.
    pub section: String,
    /// Regions it takes room in: flash and RAM for initialised data.
    pub regions: Vec<String>,
    /// What happened.
    pub change: Change,
    /// Bytes before.
    pub before: u64,
    /// Bytes now.
    pub now: u64,
}

impl Row {
    /// Bytes now less bytes before.
    #[must_use]
    pub(crate) fn delta(&self) -> i64 {
        i64::try_from(self.now)
            .unwrap_or(i64::MAX)
            .saturating_sub(i64::try_from(self.before).unwrap_or(i64::MAX))
    }
}

/// What makes two leaves the same part: section, place and stable name. Places are numbers of [`Places`], because
/// thousands of symbols share one.
type Key<'a> = (&'a str, usize, Cow<'a, str>);

/// One leaf of a tree: where it stands and how large it is.
struct Leaf<'a> {
    regions: Vec<&'a str>,
    bytes: u64,
}

/// Archives and objects by a name that is the same in every build.
#[derive(Default)]
struct Places {
    names: Vec<String>,
    known: HashMap<String, usize>,
}

impl Places {
    fn number(&mut self, name: String) -> usize {
        if let Some(number) = self.known.get(&name) {
            return *number;
        }
        self.names.push(name.clone());
        self.known.insert(name, self.names.len() - 1);
        self.names.len() - 1
    }
}

/// Compares two breakdowns of memory; rows with the largest change first.
///
/// Changes of up to `noise_floor` bytes are left out; the second value counts them.
#[must_use]
pub(crate) fn compare(before: &Tree, now: &Tree, noise_floor: u64) -> (Vec<Row>, usize) {
    // A run without a map knows no objects: then neither side's count.
    let with_place = before.levels == now.levels;
    let mut places = Places::default();
    let mut old = leaves(before, with_place, &mut places);
    let new = leaves(now, with_place, &mut places);
    let mut rows: Vec<Row> = Vec::new();
    let mut push = |key: Key<'_>, regions: Vec<&str>, change: Change, before: u64, now: u64| {
        if before != now {
            let (section, place, name) = key;
            rows.push(Row {
                name: demangle(&name).unwrap_or_else(|| name.into_owned()),
                place: places.names.get(place).cloned().unwrap_or_default(),
                section: section.to_owned(),
                regions: regions.into_iter().map(str::to_owned).collect(),
                change,
                before,
                now,
            });
        }
    };
    let mut added = Vec::new();
    for (key, leaf) in new {
        match old.remove(&key) {
            Some(was) => push(key, leaf.regions, Change::Changed, was.bytes, leaf.bytes),
            None => added.push((key, leaf)),
        }
    }
    let mut removed: HashMap<Cow<'_, str>, Vec<(Key<'_>, Leaf<'_>)>> = HashMap::new();
    for (key, leaf) in old {
        removed.entry(key.2.clone()).or_default().push((key, leaf));
    }
    for (key, leaf) in added {
        // Only an unambiguous name may move; `counter` of one file is not `counter` of another.
        match removed.get_mut(&key.2).filter(|candidates| candidates.len() == 1).and_then(Vec::pop) {
            Some((_, was)) => push(key, leaf.regions, Change::Moved, was.bytes, leaf.bytes),
            None => push(key, leaf.regions, Change::Added, 0, leaf.bytes),
        }
    }
    for (key, leaf) in removed.into_values().flatten() {
        push(key, leaf.regions, Change::Removed, leaf.bytes, 0);
    }
    let all = rows.len();
    rows.retain(|row| row.delta().unsigned_abs() > noise_floor);
    let noise = all - rows.len();
    sort_by(&mut rows, |a, b| {
        let order = |row: &Row| std::cmp::Reverse(row.delta().unsigned_abs());
        order(a)
            .cmp(&order(b))
            .then_with(|| (&a.name, &a.place, &a.section).cmp(&(&b.name, &b.place, &b.section)))
    });
    (rows, noise)
}

/// The leaves of a tree. One that stands in two regions is one leaf; equal keys in one region (local statics of one
/// name) add up.
fn leaves<'a>(tree: &'a Tree, with_place: bool, places: &mut Places) -> HashMap<Key<'a>, Leaf<'a>> {
    let mut all = HashMap::new();
    for region in &*tree.root.children {
        for section in &*region.children {
            let mut walk =
                Walk { region: &region.name, section: &section.name, with_place, places, all: &mut all };
            walk.visit(section, &mut Vec::new());
        }
    }
    all
}

/// Collects the leaves of one section of one region.
struct Walk<'a, 'w> {
    region: &'a str,
    section: &'a str,
    with_place: bool,
    places: &'w mut Places,
    all: &'w mut HashMap<Key<'a>, Leaf<'a>>,
}

impl<'a> Walk<'a, '_> {
    fn visit(&mut self, node: &'a Node, path: &mut Vec<&'a str>) {
        let place = self.places.number(if self.with_place { place_of(path) } else { String::new() });
        if node.children.is_empty() {
            self.leaf(node, place);
        }
        for child in &*node.children {
            if child.children.is_empty() {
                self.leaf(child, place);
            } else {
                path.push(&child.name);
                self.visit(child, path);
                path.pop();
            }
        }
    }

    fn leaf(&mut self, leaf: &'a Node, place: usize) {
        // Padding is padding wherever it stands in its object.
        let name = match &leaf.role {
            Some(role) => format!("({role})").into(),
            None => stable_name(&leaf.name),
        };
        let entry =
            self.all.entry((self.section, place, name)).or_insert(Leaf { regions: Vec::new(), bytes: 0 });
        if entry.regions.first().is_none_or(|first| *first == self.region) {
            entry.bytes += leaf.value;
        }
        if !entry.regions.contains(&self.region) {
            entry.regions.push(self.region);
        }
    }
}

/// The innermost named place: `libnet.a(tcp.o)`, or the object alone.
fn place_of(path: &[&str]) -> String {
    match path {
        [] => String::new(),
        [object] => stable_file(object),
        [archive, object, ..] if archive.starts_with('(') => stable_file(object),
        [archive, object, ..] => {
            // The map names a member with its archive.
            let member = object.rsplit_once('(').map_or(*object, |(_, member)| member.trim_end_matches(')'));
            format!("{}({})", stable_file(archive), stable_file(member))
        }
    }
}

/// A file's name without the folder it was built in and without what rustc hashes into it:
/// `app-1f….app.9e…-cgu.0.rcgu.o` is `app.app.cgu.0.rcgu.o` in every build.
fn stable_file(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let is_hash = |part: &str| part.len() >= 16 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut out = String::with_capacity(name.len());
    for (index, part) in name.split('.').enumerate() {
        let kept: Vec<&str> = part.split('-').filter(|piece| !is_hash(piece)).collect();
        if index > 0 && !kept.is_empty() {
            out.push('.');
        }
        out.push_str(&kept.join("-"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use lw_model::Unit;

    fn tree(leaves: &[(&str, &str, &str, u64)]) -> Tree {
        let regions = ["FLASH", "RAM"].map(|region| {
            let objects = leaves
                .iter()
                .filter(|(place, ..)| place.contains(region))
                .map(|(_, object, name, bytes)| Node::sum(*object, vec![Node::leaf(*name, *bytes)]))
                .collect();
            Node::sum(region, vec![Node::sum(".data", vec![Node::sum("(objects)", objects)])])
        });
        Tree {
            name: "memory".into(),
            subject: None,
            unit: Unit::Bytes,
            levels: ["region", "section", "archive", "object", "symbol"].map(str::to_owned).to_vec(),
            root: Node::sum("memory", regions.to_vec()),
        }
    }

    #[test]
    fn data_in_flash_and_ram_is_one_row_that_names_both() {
        let before = tree(&[("FLASH RAM", "a.o", "table", 100)]);
        let now = tree(&[("FLASH RAM", "a.o", "table", 160)]);
        let (rows, _) = compare(&before, &now, 0);
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].delta(), rows[0].change), (60, Change::Changed));
        assert_eq!(rows[0].regions, ["FLASH", "RAM"]);
    }

    #[test]
    fn clones_and_hashes_are_the_same_symbol() {
        let before = tree(&[
            ("FLASH", "a.o", "parse.constprop.0", 40),
            ("FLASH", "a.o", "_ZN3app4main17h0123456789abcdefE", 80),
        ]);
        let now = tree(&[
            ("FLASH", "a.o", "parse.constprop.3", 44),
            ("FLASH", "a.o", "_ZN3app4main17hfedcba9876543210E", 80),
        ]);
        let (rows, _) = compare(&before, &now, 0);
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!((rows[0].name.as_str(), rows[0].delta()), ("parse", 4));
    }

    #[test]
    fn a_symbol_that_changes_its_object_has_moved() {
        let (rows, _) = compare(&tree(&[("FLASH", "a.o", "f", 40)]), &tree(&[("FLASH", "b.o", "f", 50)]), 0);
        assert_eq!((rows[0].change, rows[0].before, rows[0].now), (Change::Moved, 40, 50));
    }

    #[test]
    fn equal_names_of_different_objects_do_not_move_into_one_another() {
        let before = tree(&[("FLASH", "a.o", "counter", 4), ("FLASH", "b.o", "counter", 8)]);
        let now = tree(&[("FLASH", "c.o", "counter", 12)]);
        let (rows, _) = compare(&before, &now, 0);
        assert_eq!(rows.iter().map(Row::delta).sum::<i64>(), 0);
        assert_eq!(rows.iter().filter(|row| row.change == Change::Removed).count(), 2);
    }

    #[test]
    fn an_object_is_the_same_in_every_build() {
        assert_eq!(
            stable_file("led_node-3d852093baa6f26a.led_node.6efefcc83d832ac5-cgu.0.rcgu.o"),
            "led_node.led_node.cgu.0.rcgu.o"
        );
        assert_eq!(stable_file("target/release/deps/libesp_hal-fb48d1125b383377.rlib"), "libesp_hal.rlib");
        assert_eq!(stable_file("esp-idf/heap/libheap.a"), "libheap.a");
    }

    #[test]
    fn the_noise_floor_hides_and_counts() {
        let before = tree(&[("FLASH", "a.o", "f", 40), ("FLASH", "a.o", "g", 10)]);
        let now = tree(&[("FLASH", "a.o", "f", 44), ("FLASH", "a.o", "g", 20)]);
        let (rows, noise) = compare(&before, &now, 4);
        assert_eq!((rows.len(), noise), (1, 1));
    }
}
