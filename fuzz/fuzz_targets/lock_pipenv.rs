//! Any bytes as a Pipfile.lock.

use lw_fuzz::lock_of;

fuzz_target!(|bytes: &[u8]| lock_of("Pipfile.lock", "pyproject.toml", bytes));
