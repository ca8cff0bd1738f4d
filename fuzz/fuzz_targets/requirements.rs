//! Any bytes as a requirements.txt, and a list that it may include.

use lw_fuzz::lock_of;

fuzz_target!(|bytes: &[u8]| lock_of("requirements.txt", "more.txt", bytes));
