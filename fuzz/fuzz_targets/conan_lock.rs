//! Any bytes as a conan.lock.

use lw_fuzz::lock_of;

fuzz_target!(|bytes: &[u8]| lock_of("conan.lock", "conanfile.txt", bytes));
