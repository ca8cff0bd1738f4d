//! Any bytes as an ELF file: measured and broken down, every byte exactly once.

use lw_firmware::{Elf, Memory, Sources, attribution};

fuzz_target!(|bytes: &[u8]| {
    let Ok(elf) = Elf::parse(bytes) else { return };
    let sources = Sources { elf: Some(&elf), ..Sources::default() };
    let Ok(memory) = Memory::measure(&sources) else { return };
    let tree = attribution::tree(&sources, &memory);
    assert!(tree.root.is_additive());
    assert_eq!(tree.root.value, memory.regions.iter().map(|used| used.bytes).sum::<u64>());
    assert!(memory.regions.iter().all(|used| used.bytes <= used.span));
});
