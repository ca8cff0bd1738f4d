//! Any bytes as a pnpm-lock.yaml, and a manifest beside it.

use lw_fuzz::lock_of;

fuzz_target!(|bytes: &[u8]| lock_of("pnpm-lock.yaml", "package.json", bytes));
