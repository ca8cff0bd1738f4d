//! Any text as a symbol's name: what a person reads is bounded, and compilers' suffixes change nothing.

use lw_firmware::demangle::{demangle, stable_name};

fuzz_target!(|name: &str| {
    if let Some(readable) = demangle(name) {
        assert!(readable.len() <= 16 * 1024);
    }
    // A clone of a function is the same function to a comparison of two builds; a suffix alone is a name.
    if !name.is_empty() {
        assert_eq!(stable_name(&format!("{name}.constprop.0")), stable_name(name));
    }
});
