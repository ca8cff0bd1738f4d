//! Any bytes as the JSON of scc.

use lw_figures::Format;

fuzz_target!(|bytes: &[u8]| lw_fuzz::figures_of(Format::Scc, bytes));
