//! Any bytes as a go.mod, and a go.sum beside it.

use lw_fuzz::lock_of;

fuzz_target!(|bytes: &[u8]| lock_of("go.mod", "go.sum", bytes));
