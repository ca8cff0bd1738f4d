//! Any bytes as a vcpkg.json, and what is installed by it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lw_fuzz::lock_of;

fuzz_target!(|bytes: &[u8]| lock_of("vcpkg.json", "vcpkg_installed/vcpkg/status", bytes));
