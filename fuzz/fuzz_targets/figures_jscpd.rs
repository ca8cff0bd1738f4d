//! Any bytes as the JSON of jscpd.

use lw_figures::Format;

fuzz_target!(|bytes: &[u8]| lw_fuzz::figures_of(Format::Jscpd, bytes));
