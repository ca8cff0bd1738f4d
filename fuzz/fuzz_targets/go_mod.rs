//! Any bytes as a go.mod, and a go.sum beside it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lw_fuzz::lock_of;

fuzz_target!(|bytes: &[u8]| lock_of("go.mod", "go.sum", bytes));
