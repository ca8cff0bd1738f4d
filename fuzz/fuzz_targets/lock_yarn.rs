//! Any bytes as a yarn.lock of either format, and a manifest beside it.

use lw_fuzz::lock_of;

fuzz_target!(|bytes: &[u8]| lock_of("yarn.lock", "package.json", bytes));
