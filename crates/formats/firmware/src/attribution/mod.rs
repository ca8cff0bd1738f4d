//! Who uses the memory: a tree that adds up exactly, from the regions down to the symbols.
//!
//! Every byte belongs to one leaf. What no symbol claims is a leaf with a role: `padding` between input
//! sections, `unnamed` for literals and merged strings, `other` for what the linker script writes itself.
//! Where symbols overlap, the first by address counts; of several at one address, the global one.

mod names;
mod symbols;

use std::borrow::Cow;
use std::cmp::Ordering;

use lw_model::lists::{smallest_of_largest, sort_by, sort_by_key};
use lw_model::{Node, Tree, Unit};

use crate::demangle::demangle;
use crate::map::{Input, InputKind, Map};
use crate::memory::{Memory, Placement, SectionUse, Sources};

use names::{FileKey, FileNames};
use symbols::{Owner, Symbols};

/// Only this many of the largest symbols get a readable name: demangling all 96 000 names of a large
/// C++ firmware takes longer than everything else, and nobody reads past the first hundreds.
pub const MAX_LABELS: usize = 5000;

/// Name of the node that stands for all objects that are in no archive.
pub const OBJECTS: &str = "(objects)";
/// Name of padding between input sections.
pub const PADDING: &str = "(padding)";
/// Name of bytes that no symbol of an ELF claims.
pub const UNNAMED: &str = "(unnamed)";
/// Name of bytes that the linker script writes itself.
pub const SCRIPT: &str = "(linker script)";
/// Name of archive and object of a section that the map does not have.
pub const UNKNOWN: &str = "(unknown)";

/// Breaks the bytes of every region down; the root's value is the sum of [`crate::memory::RegionUse::bytes`].
///
/// Initialised data that runs in RAM and is kept in flash appears in both regions. The levels are region,
/// section, archive, object and symbol with a map; region, section and symbol with an ELF alone. Without
/// an ELF the last level are the map's input sections, named after the symbol they hold where the compiler
/// made one section per symbol.
#[must_use]
pub fn tree(sources: &Sources<'_>, memory: &Memory) -> Tree {
    let symbols = sources.elf.map(Symbols::new);
    let builder =
        Builder { map: sources.map.map(|map| (map, FileNames::new(map))), symbols: symbols.as_ref() };
    let regions = memory.regions.iter().filter(|region| region.bytes > 0).map(|region| {
        let sections =
            region.placements.iter().filter(|placement| placement.bytes > 0).filter_map(|placement| {
                let section = memory.sections.get(placement.section)?;
                Some(builder.section(section, placement))
            });
        Node::sum(region.region.name.as_str(), sorted(sections.collect()))
    });
    let mut root = Node::sum("memory", sorted(regions.collect()));
    label(&mut root);
    let levels: &[&str] = if sources.map.is_some() {
        &["region", "section", "archive", "object", "symbol"]
    } else {
        &["region", "section", "symbol"]
    };
    Tree {
        name: "memory".into(),
        subject: None,
        unit: Unit::Bytes,
        levels: levels.iter().map(|level| (*level).into()).collect(),
        root,
    }
}

struct Builder<'a> {
    map: Option<(&'a Map<'a>, FileNames)>,
    symbols: Option<&'a Symbols<'a>>,
}

/// A part of a section that is not cut further. Light, because there are as many as symbols.
#[derive(Clone, Copy)]
struct Leaf<'a> {
    name: &'a [u8],
    value: u64,
    /// The file it comes from, with a map.
    file: FileKey,
    /// What it holds has no name of its own.
    unnamed: bool,
}

impl Leaf<'_> {
    fn node(&self) -> Node {
        let leaf = Node::leaf(text(self.name), self.value);
        if self.unnamed { leaf.role("unnamed") } else { leaf }
    }

    /// The largest first, then by name. Those of a file that are equal by this are alike: no sort has to keep their order, for which
    /// it would need room for half of them.
    fn order(&self, other: &Self) -> Ordering {
        let by_size = other.value.cmp(&self.value);
        by_size.then_with(|| self.name.cmp(other.name)).then_with(|| self.unnamed.cmp(&other.unnamed))
    }
}

/// The leaves of one section of a map.
#[derive(Default)]
struct Leaves<'a> {
    of_files: Vec<Leaf<'a>>,
    padding: u64,
    script: u64,
}

impl<'a> Builder<'a> {
    fn section(&self, section: &SectionUse, placement: &Placement) -> Node {
        let start = section.address + placement.skip;
        let end = start + placement.bytes;
        let children = match (&self.map, section.map) {
            (Some((map, names)), Some(index)) => {
                let inputs =
                    map.sections.get(index).map(|section| section.inputs.as_slice()).unwrap_or_default();
                archives(self.leaves(section, inputs, names, start, end), names)
            }
            (None, _) => self.of_symbols(section, start, end),
            (Some(_), None) => {
                let object = Node::sum(UNKNOWN, self.of_symbols(section, start, end)).role("other");
                vec![Node::sum(UNKNOWN, vec![object]).role("other")]
            }
        };
        Node::sum(section.name.as_str(), sorted(children))
    }

    /// The symbols of a section without a map.
    fn of_symbols(&self, section: &SectionUse, start: u64, end: u64) -> Vec<Node> {
        let mut leaves = Vec::new();
        let rest = Leaf { name: UNNAMED.as_bytes(), value: 0, file: FileKey::default(), unnamed: true };
        cut(&mut self.owners(section, start, end), start, end, rest, &mut leaves);
        sort_leaves(&mut leaves);
        leaves.iter().map(Leaf::node).collect()
    }

    fn owners(&self, section: &SectionUse, start: u64, end: u64) -> &'a [Owner<'a>] {
        self.symbols
            .zip(section.elf)
            .map(|(symbols, index)| symbols.between(index, start, end))
            .unwrap_or_default()
    }

    /// Cuts a section into its inputs. Inputs that overlap or pass the section are clipped.
    fn leaves(
        &self,
        section: &SectionUse,
        inputs: &'a [Input<'a>],
        names: &FileNames,
        start: u64,
        end: u64,
    ) -> Leaves<'a> {
        let mut leaves = Leaves::default();
        let mut owners = self.owners(section, start, end);
        let mut at = start;
        let mut cut_input = |input: &'a Input<'a>| {
            let from = input.address.max(at);
            let to = input.address.saturating_add(input.size).min(end);
            if to <= from {
                return;
            }
            leaves.padding += from - at;
            at = to;
            let file = match (input.kind, input.file) {
                (InputKind::Section | InputKind::Common, Some(file)) => names.key(file),
                (InputKind::Data, _) => {
                    leaves.script += to - from;
                    return;
                }
                _ => {
                    leaves.padding += to - from;
                    return;
                }
            };
            if section.elf.is_none() {
                let (name, unnamed) = names::of_input(input.name);
                leaves.of_files.push(Leaf { name, value: to - from, file, unnamed });
                return;
            }
            let rest = Leaf { name: input.name, value: 0, file, unnamed: true };
            let first = leaves.of_files.len();
            cut(&mut owners, from, to, rest, &mut leaves.of_files);
            // What is left of a block of common symbols aligns the next of them.
            if input.kind == InputKind::Common
                && let Some(last) = leaves.of_files.get(first..).and_then(<[_]>::last)
                && last.unnamed
            {
                leaves.padding += last.value;
                leaves.of_files.pop();
            }
        };
        if inputs.is_sorted_by_key(|input| input.address) {
            inputs.iter().for_each(&mut cut_input);
        } else {
            // A script moved the location counter back.
            let mut ordered: Vec<_> = inputs.iter().collect();
            sort_by_key(&mut ordered, |input| input.address);
            ordered.into_iter().for_each(&mut cut_input);
        }
        leaves.padding += end.saturating_sub(at);
        leaves
    }
}

/// Cuts a range into the symbols that start in it, and into `rest` for what they leave. `owners` are in
/// order; those before the end of the range are taken from it.
fn cut<'a>(owners: &mut &'a [Owner<'a>], start: u64, end: u64, rest: Leaf<'a>, leaves: &mut Vec<Leaf<'a>>) {
    let mut at = start;
    let mut unnamed = 0;
    while let Some((owner, others)) = owners.split_first()
        && owner.address < end
    {
        *owners = others;
        let to = owner.address.saturating_add(owner.size).min(end);
        // What starts before the range belongs to another input, whose end it passes.
        if owner.address < start || to <= at {
            continue;
        }
        let from = owner.address.max(at);
        unnamed += from - at;
        at = to;
        leaves.push(Leaf { name: owner.name, value: to - from, file: rest.file, unnamed: false });
    }
    unnamed += end - at;
    if unnamed > 0 {
        leaves.push(Leaf { value: unnamed, ..rest });
    }
}

/// By file, and in each in their order.
#[allow(clippy::disallowed_methods, reason = "a million are soonest in order by it")]
fn sort_leaves(leaves: &mut [Leaf<'_>]) {
    leaves.sort_unstable_by(|a, b| a.file.cmp(&b.file).then_with(|| a.order(b)));
}

/// Groups the leaves of a section by object and archive.
fn archives(leaves: Leaves<'_>, names: &FileNames) -> Vec<Node> {
    let Leaves { mut of_files, padding, script } = leaves;
    sort_leaves(&mut of_files);
    let archive = |leaves: &[Leaf<'_>]| {
        let objects = leaves.chunk_by(|a, b| a.file == b.file).map(|leaves| {
            let file = leaves.first().map_or_else(FileKey::default, |leaf| leaf.file);
            Node::sum(names.object(file), leaves.iter().map(Leaf::node).collect())
        });
        let file = leaves.first().map_or_else(FileKey::default, |leaf| leaf.file);
        Node::sum(names.archive(file), sorted(objects.collect()))
    };
    let same = |a: &Leaf<'_>, b: &Leaf<'_>| a.file.archive() == b.file.archive();
    let mut nodes: Vec<Node> = of_files.chunk_by(same).map(archive).collect();
    if padding > 0 {
        nodes.push(Node::leaf(PADDING, padding).role("padding"));
    }
    if script > 0 {
        nodes.push(Node::leaf(SCRIPT, script).role("other"));
    }
    nodes
}

/// A name for a report. Checking first is faster: nearly all names are ASCII.
fn text(name: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(name).map_or_else(|_| String::from_utf8_lossy(name), Cow::Borrowed)
}

/// The largest first, then by name. Equal ones keep their order: by address.
fn sorted(mut nodes: Vec<Node>) -> Vec<Node> {
    sort_by(&mut nodes, |a, b| b.value.cmp(&a.value).then_with(|| a.name.cmp(&b.name)));
    nodes
}

/// Gives the largest symbols their readable names.
fn label(root: &mut Node) {
    let mut sizes = Vec::new();
    visit(root, &mut |leaf| sizes.push(leaf.value));
    let smallest = if sizes.len() > MAX_LABELS { smallest_of_largest(sizes, MAX_LABELS) } else { None };
    let smallest = smallest.unwrap_or(0);
    let mut left = MAX_LABELS;
    visit(root, &mut |leaf| {
        if leaf.value >= smallest && left > 0 {
            left -= 1;
            leaf.label = demangle(&leaf.name).map(Into::into);
        }
    });
}

/// Calls `each` for every leaf whose name is mangled.
fn visit(node: &mut Node, each: &mut impl FnMut(&mut Node)) {
    if node.children.is_empty() {
        if node.name.starts_with('_') {
            each(node);
        }
        return;
    }
    for child in &mut node.children {
        visit(child, each);
    }
}
