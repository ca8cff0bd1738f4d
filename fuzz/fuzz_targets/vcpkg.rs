//! Any bytes as a vcpkg.json, and what is installed by it.

use lw_fuzz::lock_of;

fuzz_target!(|bytes: &[u8]| lock_of("vcpkg.json", "vcpkg_installed/vcpkg/status", bytes));
