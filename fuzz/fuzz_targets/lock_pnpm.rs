//! Any bytes as a pnpm-lock.yaml, and a manifest beside it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lw_fuzz::lock_of;

fuzz_target!(|bytes: &[u8]| lock_of("pnpm-lock.yaml", "package.json", bytes));
