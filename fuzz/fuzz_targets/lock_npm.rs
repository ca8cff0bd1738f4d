//! Any bytes as a package-lock.json, and a manifest beside it.

use lw_fuzz::lock_of;

fuzz_target!(|bytes: &[u8]| lock_of("package-lock.json", "package.json", bytes));
