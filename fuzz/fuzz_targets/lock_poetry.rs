//! Any bytes as a poetry.lock, and a pyproject.toml beside it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lw_fuzz::lock_of;

fuzz_target!(|bytes: &[u8]| lock_of("poetry.lock", "pyproject.toml", bytes));
