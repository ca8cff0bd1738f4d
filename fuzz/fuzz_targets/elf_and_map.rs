//! Any two files as the ELF file and the map of one link: however little they belong together, every byte counts once.

use lw_firmware::{Elf, Map, Memory, Sources, attribution};

const BETWEEN: &[u8] = b"\n--map--\n";

fuzz_target!(|bytes: &[u8]| {
    let Some(at) = bytes.windows(BETWEEN.len()).position(|window| window == BETWEEN) else { return };
    let (Ok(elf), Ok(map)) = (Elf::parse(&bytes[..at]), Map::parse(&bytes[at + BETWEEN.len()..])) else {
        return;
    };
    let sources = Sources { elf: Some(&elf), map: Some(&map), ..Sources::default() };
    let Ok(memory) = Memory::measure(&sources) else { return };
    let tree = attribution::tree(&sources, &memory);
    assert!(tree.root.is_additive());
    assert_eq!(tree.root.value, memory.regions.iter().map(|used| used.bytes).sum::<u64>());
});
