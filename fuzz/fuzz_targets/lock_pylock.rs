//! Any bytes as a pylock.toml.

use lw_fuzz::lock_of;

fuzz_target!(|bytes: &[u8]| lock_of("pylock.toml", "pyproject.toml", bytes));
