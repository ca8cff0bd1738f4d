//! Any bytes as an lcov tracefile: read whole and from a stream alike, and written again with the same figures.

use lw_coverage::Format;

fuzz_target!(|bytes: &[u8]| lw_fuzz::report_of(&[Format::Lcov], bytes));
