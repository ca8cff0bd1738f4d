//! Any bytes as the JSON of llvm-cov, gcov or coverage.py.

use lw_coverage::Format;

fuzz_target!(|bytes: &[u8]| {
    lw_fuzz::report_of(&[Format::Llvm, Format::Gcov, Format::CoveragePy], bytes);
});
