//! Any bytes as test results in one format.

use lw_results::Format;

fuzz_target!(|bytes: &[u8]| lw_fuzz::results_of(Format::Ztest, bytes));
