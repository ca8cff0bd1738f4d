//! Any bytes as platformio.ini, dependencies.lock and .gitmodules, and a manifest beside each.

use lw_fuzz::lock_of;

fuzz_target!(|bytes: &[u8]| {
    lock_of("platformio.ini", "lib/own/library.json", bytes);
    lock_of("dependencies.lock", "idf_component.yml", bytes);
    lock_of(".gitmodules", "own/library.json", bytes);
});
