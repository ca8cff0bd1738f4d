//! Any bytes as a conanfile.txt.

use lw_fuzz::lock_of;

fuzz_target!(|bytes: &[u8]| lock_of("conanfile.txt", "conan.lock", bytes));
