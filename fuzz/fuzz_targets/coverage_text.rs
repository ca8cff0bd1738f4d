//! Any bytes as a Go coverprofile.

use lw_coverage::Format;

fuzz_target!(|bytes: &[u8]| lw_fuzz::report_of(&[Format::GoCover], bytes));
