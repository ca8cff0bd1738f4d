//! Any bytes as a Cargo.lock, and a manifest beside it.

use lw_fuzz::lock_of;

fuzz_target!(|bytes: &[u8]| lock_of("Cargo.lock", "Cargo.toml", bytes));
