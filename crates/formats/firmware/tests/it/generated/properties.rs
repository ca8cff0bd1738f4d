//! What holds for every firmware.

use lw_firmware::attribution::tree;
use lw_firmware::memory::MemoryError;
use lw_firmware::{Elf, Map, Memory, Sources};
use lw_model::{Node, Tree};
use proptest::prelude::*;

use super::model::{Expected, Firmware, firmware};
use super::writer::FORMATS;

fn measured(sources: &Sources<'_>) -> (Memory, Tree) {
    let memory = Memory::measure(sources).unwrap();
    let tree = tree(sources, &memory);
    (memory, tree)
}

fn figures(memory: &Memory) -> Expected {
    let region = |name: &str| memory.regions.iter().find(|found| found.region.name == name).unwrap();
    let (flash, ram) = (region("FLASH"), region("RAM"));
    Expected { flash_span: flash.span, ram_span: ram.span, flash_bytes: flash.bytes, ram_bytes: ram.bytes }
}

/// Every byte in one leaf, nothing empty, the largest first.
fn check_tree(tree: &Tree, memory: &Memory) {
    assert!(tree.root.is_additive());
    assert_eq!(tree.root.value, memory.regions.iter().map(|region| region.bytes).sum::<u64>());
    fn check(node: &Node, depth: usize, levels: usize) {
        assert!(depth <= levels);
        assert!(depth == 0 || node.value > 0, "{} is empty", node.name);
        assert!(node.children.is_sorted_by_key(|child| (std::cmp::Reverse(child.value), child.name.clone())));
        node.children.iter().for_each(|child| check(child, depth + 1, levels));
    }
    check(&tree.root, 0, tree.levels.len());
}

/// Sum of the leaves with a role, or with none.
fn sum(node: &Node, role: Option<&str>) -> u64 {
    if node.children.is_empty() {
        return if node.role.as_deref() == role { node.value } else { 0 };
    }
    node.children.iter().map(|child| sum(child, role)).sum()
}

proptest! {
    #[test]
    fn an_elf_measures_as_the_linker_laid_it_out(firmware in firmware()) {
        for format in FORMATS {
            let bytes = firmware.elf(format).bytes();
            let elf = Elf::parse(&bytes).unwrap();
            let sources = Sources { elf: Some(&elf), regions: &firmware.regions(), ..Sources::default() };
            let (memory, tree) = measured(&sources);
            prop_assert_eq!(figures(&memory), firmware.expected());
            check_tree(&tree, &memory);
        }
    }

    #[test]
    fn a_map_measures_as_its_elf(firmware in firmware()) {
        let text = firmware.map();
        let map = Map::parse(text.as_bytes()).unwrap();
        let of_map = Sources { map: Some(&map), ..Sources::default() };
        let (memory, tree) = measured(&of_map);
        prop_assert_eq!(figures(&memory), firmware.expected());
        check_tree(&tree, &memory);
        // The map lists what is padding, so both ways to the tree find the same.
        let padding: u64 = sum(&tree.root, Some("padding"));
        for format in FORMATS {
            let bytes = firmware.elf(format).bytes();
            let elf = Elf::parse(&bytes).unwrap();
            let (memory, tree) = measured(&Sources { elf: Some(&elf), ..of_map });
            prop_assert_eq!(figures(&memory), firmware.expected());
            check_tree(&tree, &memory);
            prop_assert_eq!(sum(&tree.root, Some("padding")), padding);
        }
    }

    /// No byte with a symbol is unnamed, none without one is named.
    #[test]
    fn symbols_own_exactly_what_they_cover(firmware in firmware()) {
        let bytes = firmware.elf(FORMATS[0]).bytes();
        let elf = Elf::parse(&bytes).unwrap();
        let sources = Sources { elf: Some(&elf), regions: &firmware.regions(), ..Sources::default() };
        let (memory, tree) = measured(&sources);
        let mut covered = 0;
        for placement in memory.regions.iter().flat_map(|region| &region.placements) {
            let section = &memory.sections[placement.section];
            for address in section.address..section.address + section.size {
                let in_symbol = elf.symbols().any(|symbol| {
                    Some(symbol.section) == section.elf
                        && symbol.address <= address
                        && address < symbol.address + symbol.size
                        // One that starts past the section's end covers nothing in it.
                        && symbol.address < section.address + section.size
                });
                covered += u64::from(in_symbol);
            }
        }
        prop_assert_eq!(sum(&tree.root, None), covered);
    }

    #[test]
    fn another_build_is_noticed(firmware in firmware(), part in 0usize..40) {
        let bytes = firmware.elf(FORMATS[0]).bytes();
        let elf = Elf::parse(&bytes).unwrap();
        let mut other: Firmware = firmware.clone();
        let count = other.groups.iter().map(|group| group.parts.len()).sum::<usize>();
        other.groups.iter_mut().flat_map(|group| &mut group.parts).nth(part % count).unwrap().size += 4;
        let text = other.map();
        let map = Map::parse(text.as_bytes()).unwrap();
        let error = Memory::measure(&Sources { elf: Some(&elf), map: Some(&map), ..Sources::default() }).unwrap_err();
        prop_assert!(matches!(error, MemoryError::Mismatch { count: 1.., .. }), "{}", error);
    }
}
