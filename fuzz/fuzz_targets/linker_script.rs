//! Any text as a linker script: the regions of its MEMORY block, or an error.

use lw_firmware::script::memory_block;

fuzz_target!(|text: &str| {
    if let Ok(regions) = memory_block(text) {
        for region in regions {
            assert!(!region.name.is_empty());
            assert!(region.origin <= region.end());
        }
    }
});
