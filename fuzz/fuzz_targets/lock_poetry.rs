//! Any bytes as a poetry.lock, and a pyproject.toml beside it.

use lw_fuzz::lock_of;

fuzz_target!(|bytes: &[u8]| lock_of("poetry.lock", "pyproject.toml", bytes));
