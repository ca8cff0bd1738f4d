//! Any bytes as a uv.lock, and a pyproject.toml beside it.

use lw_fuzz::lock_of;

fuzz_target!(|bytes: &[u8]| lock_of("uv.lock", "pyproject.toml", bytes));
