//! Who uses the memory: a tree that adds up exactly, from the regions down to the symbols.
//!
//! Every byte belongs to one leaf. What no symbol claims is a leaf with a role: `padding` between input
//! sections, `unnamed` for literals and merged strings, `other` for what the linker script writes itself.
//! Where symbols overlap, the first by address counts; of several at one address, the global one.

mod names;
mod symbols;

use lw_model::{Node, Tree, Unit};

use crate::demangle::demangle;
use crate::map::{Input, InputKind, Map};
use crate::memory::{Memory, Placement, SectionUse, Sources};

use names::FileNames;
use symbols::Symbols;

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

/// The leaves of one section, with the file each comes from.
#[derive(Default)]
struct Leaves {
    of_files: Vec<(u32, Node)>,
    padding: u64,
    script: u64,
}

impl Builder<'_> {
    fn section(&self, section: &SectionUse, placement: &Placement) -> Node {
        let start = section.address + placement.skip;
        let end = start + placement.bytes;
        let children = match (&self.map, section.map) {
            (Some((map, names)), Some(index)) => {
                let inputs =
                    map.sections.get(index).map(|section| section.inputs.as_slice()).unwrap_or_default();
                archives(self.leaves(section, inputs, start, end), names)
            }
            (None, _) => self.symbols_between(section, start, end, UNNAMED),
            (Some(_), None) => {
                let symbols = sorted(self.symbols_between(section, start, end, UNNAMED));
                let object = Node::sum(UNKNOWN, symbols).role("other");
                vec![Node::sum(UNKNOWN, vec![object]).role("other")]
            }
        };
        Node::sum(section.name.as_str(), sorted(children))
    }

    /// Cuts a section into its inputs. Inputs that overlap or pass the section are clipped.
    fn leaves(&self, section: &SectionUse, inputs: &[Input<'_>], start: u64, end: u64) -> Leaves {
        let mut leaves = Leaves::default();
        let mut order: Vec<&Input<'_>> = inputs.iter().collect();
        // Already in order but for scripts that move the location counter back.
        order.sort_by_key(|input| input.address);
        let mut at = start;
        for input in order {
            let from = input.address.max(at);
            let to = input.address.saturating_add(input.size).min(end);
            if to <= from {
                continue;
            }
            leaves.padding += from - at;
            at = to;
            match (input.kind, input.file) {
                (InputKind::Section | InputKind::Common, Some(file)) => {
                    self.input(section, input, from, to, file, &mut leaves);
                }
                (InputKind::Data, _) => leaves.script += to - from,
                _ => leaves.padding += to - from,
            }
        }
        leaves.padding += end.saturating_sub(at);
        leaves
    }

    fn input(
        &self,
        section: &SectionUse,
        input: &Input<'_>,
        from: u64,
        to: u64,
        file: u32,
        leaves: &mut Leaves,
    ) {
        let name = String::from_utf8_lossy(input.name);
        if section.elf.is_none() {
            let (name, role) = names::of_input(&name);
            let leaf = Node::leaf(name, to - from);
            leaves.of_files.push((file, if let Some(role) = role { leaf.role(role) } else { leaf }));
            return;
        }
        let common = input.kind == InputKind::Common;
        for leaf in self.symbols_between(section, from, to, &name) {
            if common && leaf.role.is_some() {
                // What is left of a block of common symbols aligns the next of them.
                leaves.padding += leaf.value;
            } else {
                leaves.of_files.push((file, leaf));
            }
        }
    }

    /// The symbols in a range of a section, and one leaf of the name `rest` for what they leave.
    fn symbols_between(&self, section: &SectionUse, start: u64, end: u64, rest: &str) -> Vec<Node> {
        let mut leaves = Vec::new();
        let mut at = start;
        let mut unnamed = 0;
        let symbols =
            self.symbols.zip(section.elf).map(|(symbols, index)| symbols.between(index, start, end));
        for symbol in symbols.into_iter().flatten() {
            let from = symbol.address.max(at);
            let to = symbol.address.saturating_add(symbol.size).min(end);
            if to <= from {
                continue;
            }
            unnamed += from - at;
            at = to;
            leaves.push(Node::leaf(String::from_utf8_lossy(symbol.name), to - from));
        }
        unnamed += end - at;
        if unnamed > 0 {
            leaves.push(Node::leaf(rest, unnamed).role("unnamed"));
        }
        leaves
    }
}

/// Groups the leaves of a section by object and archive.
fn archives(leaves: Leaves, names: &FileNames) -> Vec<Node> {
    let Leaves { mut of_files, padding, script } = leaves;
    of_files.sort_by_key(|(file, _)| (names.archive_rank(*file), *file));
    let mut archives: Vec<(u32, Vec<Node>)> = Vec::new();
    let mut leaves = of_files.into_iter().peekable();
    while let Some((file, first)) = leaves.next() {
        let mut children = vec![first];
        while let Some((_, leaf)) = leaves.next_if(|(next, _)| *next == file) {
            children.push(leaf);
        }
        let object = Node::sum(names.object(file), sorted(children));
        let archive = names.archive_rank(file);
        match archives.last_mut() {
            Some((last, objects)) if *last == archive => objects.push(object),
            _ => archives.push((archive, vec![object])),
        }
    }
    let mut nodes: Vec<Node> = archives
        .into_iter()
        .map(|(archive, objects)| Node::sum(names.archive(archive), sorted(objects)))
        .collect();
    if padding > 0 {
        nodes.push(Node::leaf(PADDING, padding).role("padding"));
    }
    if script > 0 {
        nodes.push(Node::leaf(SCRIPT, script).role("other"));
    }
    nodes
}

/// The largest first, then by name. Equal ones keep their order: by address.
fn sorted(mut nodes: Vec<Node>) -> Vec<Node> {
    nodes.sort_by(|a, b| b.value.cmp(&a.value).then_with(|| a.name.cmp(&b.name)));
    nodes
}

/// Gives the largest symbols their readable names.
fn label(root: &mut Node) {
    let mut sizes = Vec::new();
    visit(root, &mut |leaf| sizes.push(leaf.value));
    let smallest = if sizes.len() > MAX_LABELS {
        let (_, smallest, _) = sizes.select_nth_unstable_by(MAX_LABELS - 1, |a, b| b.cmp(a));
        *smallest
    } else {
        0
    };
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
