//! Any bytes as an object of metrics.

use lw_figures::Format;

fuzz_target!(|bytes: &[u8]| lw_fuzz::figures_of(Format::Metrics, bytes));
