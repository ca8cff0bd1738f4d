//! Any bytes as a Cobertura, JaCoCo or Clover report.

use lw_coverage::Format;

fuzz_target!(|bytes: &[u8]| {
    lw_fuzz::report_of(&[Format::Cobertura, Format::Jacoco, Format::Clover], bytes);
});
